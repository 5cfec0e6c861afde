/* org.c - whose Zoho CRM it is, which edition, what is missing in it (ping); the fields that only it has (discover). */
#include "zoho.h"

static enum mlc_step ask_fields(struct mlc_call *c, const char *module)
{
	return mlc_get(c, c->host->format(c, API "/settings/fields?module=%s", module));
}

/* ---- ping ------------------------------------------------------------------------------------- */

enum phase { ORG, MODULE_LIST, SAMPLE, FIELDS };

static enum mlc_step digest_org(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;
	json_t *list = zoho_list(c, "org", "asking whose account it is", &failed), *org;
	const char *id;

	if (!list)
		return failed;
	org = json_array_get(list, 0);
	id = mlc_text(org, "zgid");
	if (!id)
		return zoho_garbage(c, "an organisation");
	if (!c->host->fact(c, "identity", id))
		return c->host->fail(c, MLC_REFUSED, 0, "this is another organisation than last time: %s",
			mlc_text_or(org, "company_name", ""));
	c->host->fact(c, "company", mlc_text_or(org, "company_name", ""));
	c->host->fact(c, "currency", mlc_text_or(org, "iso_code", ""));
	c->host->fact(c, "time_zone", mlc_text_or(org, "time_zone", ""));
	c->host->fact(c, "edition", mlc_text_or(org, "license_details.paid_type", "free"));
	s->phase = MODULE_LIST;
	return mlc_get(c, API "/settings/modules");
}

/* One fact for each module, "true" or "false": mappings ask for it (`requires`). */
static enum mlc_step digest_modules(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;
	json_t *list = zoho_list(c, "modules", "asking for the modules", &failed), *one;
	const char *lacks = "";
	size_t i;

	if (!list)
		return failed;
	if (json_array_size(list) == 0)
		return zoho_garbage(c, "a list of modules");
	for (size_t m = 0; m < MODULES; m++) {
		bool there = false;

		json_array_foreach(list, i, one)
			if (strcmp(mlc_text_or(one, "api_name", ""), zoho_entities[m].name) == 0)
				there = !json_is_false(mlc_at(one, "api_supported"));
		c->host->fact(c, c->host->format(c, "has_%s", zoho_entities[m].name), there ? "true" : "false");
		if (!there)
			lacks = c->host->format(c, "%s%s%s", lacks, *lacks ? ", " : "", zoho_entities[m].name);
	}
	c->host->fact(c, "lacks_modules", lacks);
	if (*lacks)
		c->host->log(c, MLC_INFO, "this edition has no %s: what needs them is refused, all else works", lacks);
	s->phase = SAMPLE;
	return mlc_get(c, API "/Accounts?fields=Account_Name&per_page=1");
}

/* What mappings write and an operator has to make once. */
static const char *const made_by_hand[] = { EXTERNAL, "Books_Email", "Books_Status", "Books_Balance", "Books_Overdue",
	"Books_Open_Invoices", "Books_Last_Invoice", "Books_Number", "Invoice_Lines" };
static const int looked_at[] = { ACCOUNTS, CONTACTS, DEALS, PRODUCTS };

static bool has(const struct mlc_entity *e, const char *name)
{
	for (const struct mlc_field *f = e->fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return true;
	return false;
}

static json_t *named(json_t *fields, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(fields, i, one)
		if (strcmp(mlc_text_or(one, "api_name", ""), name) == 0)
			return one;
	return NULL;
}

static enum mlc_step digest_ping_fields(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = &zoho_entities[looked_at[s->at]];
	enum mlc_step failed;
	json_t *list = zoho_list(c, "fields", "asking for the fields", &failed);

	if (!list)
		return failed;
	for (size_t i = 0; i < sizeof made_by_hand / sizeof *made_by_hand; i++) {
		json_t *field = named(list, made_by_hand[i]);
		bool unique = json_is_object(mlc_at(field, "unique")) && json_object_size(mlc_at(field, "unique")) > 0;

		if (!has(e, made_by_hand[i]) || (field && (unique || strcmp(made_by_hand[i], EXTERNAL) != 0)))
			continue;
		mlc_append(s->ids, sizeof s->ids, c->host->format(c, "%s%s.%s%s", *s->ids ? ", " : "", e->name, made_by_hand[i],
			field ? " (unique)" : ""));
	}
	if (++s->at < sizeof looked_at / sizeof *looked_at)
		return ask_fields(c, zoho_entities[looked_at[s->at]].name);
	c->host->fact(c, "missing_fields", s->ids);
	if (*s->ids)
		c->host->log(c, MLC_WARN, "fields to be made once in Zoho (Setup, Modules and Fields): %s", s->ids);
	return MLC_DONE;
}

enum mlc_step zoho_ping(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;

	if (c->reply->kind != MLC_REPLY_HERE)
		return mlc_get(c, API "/org");
	switch ((enum phase)s->phase) {
	case ORG:
		return digest_org(c);
	case MODULE_LIST:
		return digest_modules(c);
	case SAMPLE:
		if (!zoho_list(c, "data", "reading one account as a sample", &failed))
			return failed;
		s->phase = FIELDS;
		return ask_fields(c, zoho_entities[looked_at[0]].name);
	case FIELDS:
		return digest_ping_fields(c);
	}
	return MLC_FAIL;
}

/* ---- discover ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum mlc_type type;
	uint32_t flags;
} types[] = { /* of fields, as Zoho calls them (SOURCES.md 3) */
	{ "currency", MLC_DECIMAL, MLC_BARE }, { "double", MLC_DECIMAL, MLC_BARE }, { "percent", MLC_DECIMAL, MLC_BARE },
	{ "integer", MLC_INTEGER, 0 }, { "boolean", MLC_BOOL, 0 }, { "date", MLC_DATE, 0 }, { "datetime", MLC_INSTANT, 0 },
	{ "lookup", MLC_REF, 0 }, { "subform", MLC_LIST, 0 }, { "multiselectpicklist", MLC_LIST, 0 },
};

static void describe(struct mlc_call *c, const struct mlc_entity *e, json_t *field)
{
	const char *name = mlc_text(field, "api_name"), *type = mlc_text_or(field, "data_type", "");
	struct mlc_field out = { .name = name, .type = MLC_TEXT };

	if (!name || has(e, name))
		return;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].name, type) == 0) {
			out.type = types[i].type;
			out.flags = types[i].flags;
		}
	if (out.type == MLC_TEXT)
		out.limit = (uint32_t)mlc_int_or(field, "length", 0);
	if (out.type == MLC_DECIMAL)
		out.limit = (uint32_t)mlc_int_or(field, "decimal_place", 2);
	if (out.type == MLC_REF)
		out.of = mlc_text(field, "lookup.module.api_name");
	if (json_is_true(mlc_at(field, "read_only")))
		out.flags |= MLC_READONLY;
	if (json_is_true(mlc_at(field, "system_mandatory")))
		out.flags |= MLC_REQUIRED;
	c->host->describe(c, e->name, &out);
}

enum mlc_step zoho_discover(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (c->reply->kind == MLC_REPLY_HERE) {
		const struct mlc_entity *e = &zoho_entities[s->at];
		/* An edition without this module, or a user who may not see it: there is nothing to tell of it. */
		bool none = (c->reply->status == 400 && strstr(c->reply->body, "INVALID_MODULE"))
			|| (c->reply->status == 403 && strstr(c->reply->body, "NO_PERMISSION"));
		enum mlc_step failed;
		json_t *list = none ? c->host->parse(c, "[]", 2) : zoho_list(c, "fields", "asking for the fields", &failed), *one;
		size_t i;

		if (!list)
			return failed;
		json_array_foreach(list, i, one)
			describe(c, e, one);
		s->at++;
	}
	return s->at < MODULES ? ask_fields(c, zoho_entities[s->at].name) : MLC_DONE;
}
