/* fields.c - custom fields: described for the checks of mappings, made where the settings allow it. */
#include "zendesk.h"

#define FIELDS_MAX 200 /* in the setting */

/* ---- the setting create_fields ----------------------------------------------------------- */

/* "qbo_balance decimal Balance; qbo_status dropdown(paid|open) Payment status": one of its parts. */
struct allowed {
	const char *key, *type, *options, *title; /* options NULL: none */
};

static const char *cut(struct mlc_call *c, const char **at, const char *end, const char *stops)
{
	const char *from = *at;

	while (*at < end && !strchr(stops, **at))
		(*at)++;
	return c->host->format(c, "%.*s", (int)(*at - from), from);
}

static void skip_blanks(const char **at, const char *end)
{
	while (*at < end && **at == ' ')
		(*at)++;
}

/* "qbo_open_invoices" is "Qbo open invoices" where no title is given. */
static const char *title_of(struct mlc_call *c, const char *key)
{
	char *title = (char *)c->host->alloc(c, strlen(key) + 1);

	for (size_t i = 0; title && key[i]; i++)
		title[i] = key[i] == '_' ? ' ' : i == 0 && key[i] >= 'a' && key[i] <= 'z' ? (char)(key[i] - 32) : key[i];
	return title ? title : "";
}

static bool is_type(const char *type)
{
	static const char *const types[] = { "checkbox", "date", "decimal", "dropdown", "integer", "multiselect", "text", "textarea" };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

/* The next part; false: there is none, or *wrong. */
static bool next_allowed(struct mlc_call *c, const char **at, struct allowed *out, const char **wrong)
{
	const char *end;

	*at += strspn(*at, "; \n\t");
	if (!**at)
		return false;
	end = *at + strcspn(*at, ";");
	*out = (struct allowed){ .key = cut(c, at, end, " ") };
	skip_blanks(at, end);
	out->type = cut(c, at, end, " (");
	if (*at < end && **at == '(') {
		(*at)++;
		out->options = cut(c, at, end, ")");
		if (*at == end)
			*wrong = c->host->format(c, "the options of '%s' do not end with )", out->key);
		else
			(*at)++;
	}
	skip_blanks(at, end);
	out->title = *at < end ? cut(c, at, end, "") : title_of(c, out->key);
	if (!*wrong && !is_type(out->type))
		*wrong = c->host->format(c, "'%s' has the type '%s', which is none that can be made: checkbox, date, decimal, dropdown(a|b),"
			" integer, multiselect(a|b), text, textarea", out->key, out->type);
	if (!*wrong && !out->options == (strcmp(out->type, "dropdown") == 0 || strcmp(out->type, "multiselect") == 0))
		*wrong = c->host->format(c, "'%s' of type %s %s", out->key, out->type, out->options ? "takes no options" : "needs its options");
	return !*wrong;
}

/* An option's name is its value, too. */
static json_t *options_of(struct mlc_call *c, const struct allowed *a)
{
	json_t *list = json_array();
	const char *at = a->options, *end = at + strlen(at);

	while (list && at < end) {
		const char *name = cut(c, &at, end, "|");

		at += at < end;
		json_array_append_new(list, json_pack("{s:s,s:s}", "name", name, "value", name));
	}
	return list;
}

json_t *zen_field_allowed(struct mlc_call *c, const char *key, const char **wrong)
{
	const char *at = mlc_known(c->settings, "create_fields");
	struct allowed a;

	for (size_t i = 0; at && i < FIELDS_MAX && next_allowed(c, &at, &a, wrong); i++) {
		json_t *field;

		if (strcmp(a.key, key) != 0)
			continue;
		field = json_pack("{s:s,s:s,s:s,s:b}", "key", a.key, "type", a.type, "title", a.title, "active", 1);
		if (field && a.options)
			json_object_set_new(field, "custom_field_options", options_of(c, &a));
		return field;
	}
	return NULL;
}

/* ---- discover ----------------------------------------------------------------------------- */

enum { OF_ORGANIZATIONS, OF_USERS };

static const struct {
	const char *path, *many, *entity;
} kinds[] = {
	[OF_ORGANIZATIONS] = { "/api/v2/organization_fields", "organization_fields", "organization_values" },
	[OF_USERS] = { "/api/v2/user_fields", "user_fields", "user_values" },
};
#define KINDS ((int)(sizeof kinds / sizeof *kinds))

static struct mlc_field field_of(const char *key, const char *type, const char *options)
{
	static const struct { const char *type; enum mlc_type is; uint32_t limit; } types[] = {
		{ "checkbox", MLC_BOOL, 0 }, { "date", MLC_INSTANT, 0 }, { "decimal", MLC_DECIMAL, 4 }, { "integer", MLC_INTEGER, 0 },
		{ "multiselect", MLC_LIST, 0 },
	};
	struct mlc_field field = { key, MLC_TEXT, 0, 0, options };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].type, type) == 0) {
			field.type = types[i].is;
			field.limit = types[i].limit;
		}
	if (field.type != MLC_TEXT)
		field.of = NULL;
	return field;
}

/* "a|b|c" of a dropdown: the values that it takes; NULL: any. */
static const char *values_of(struct mlc_call *c, json_t *field)
{
	json_t *list = json_object_get(field, "custom_field_options"), *one;
	const char *values = NULL;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *value = mlc_text(one, "value");

		if (value)
			values = values ? c->host->format(c, "%s|%s", values, value) : value;
	}
	return values;
}

/* What may be made counts as there: it will be when it is first written. */
static void describe_allowed(struct mlc_call *c)
{
	const char *at = mlc_known(c->settings, "create_fields"), *wrong = NULL;
	struct allowed a;

	for (size_t i = 0; at && i < FIELDS_MAX && next_allowed(c, &at, &a, &wrong); i++) {
		const struct mlc_field field = field_of(a.key, a.type, a.options);

		c->host->describe(c, kinds[OF_ORGANIZATIONS].entity, &field);
	}
	if (wrong)
		c->host->log(c, MLC_WARN, "the setting create_fields: %s", wrong);
}

static enum mlc_step ask_fields(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	return mlc_get(c, zen_page(c, kinds[s->phase].path, s->cursor));
}

enum mlc_step zen_discover(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *page, *list, *one;
	enum mlc_step failed;
	size_t i;

	if (c->reply->kind != MLC_REPLY_HERE) {
		describe_allowed(c);
		return ask_fields(c);
	}
	if (c->reply->status != 200)
		return zen_failed(c, c->host->format(c, "reading %s", kinds[s->phase].many));
	page = zen_body(c);
	list = json_object_get(page, kinds[s->phase].many);
	if (!json_is_array(list))
		return zen_garbage(c, c->host->format(c, "a list of %s", kinds[s->phase].many));
	json_array_foreach(list, i, one) {
		const char *key = mlc_text(one, "key");
		struct mlc_field field;

		if (!key || json_is_false(json_object_get(one, "active")))
			continue;
		field = field_of(key, mlc_text_or(one, "type", "text"), values_of(c, one));
		c->host->describe(c, kinds[s->phase].entity, &field);
	}
	if (zen_more(c, page, &failed))
		return ask_fields(c);
	if (failed == MLC_FAIL)
		return MLC_FAIL;
	s->cursor[0] = 0;
	return ++s->phase < KINDS ? ask_fields(c) : MLC_DONE;
}
