/* read.c - ping, fetch and find. */
#include "quickbooks_online.h"

#include <strings.h>

#define FIND_PAGES 20

/* ---- ping ---------------------------------------------------------------------------------------------- */

enum ping_phase { PING_COMPANY, PING_PREFERENCES, PING_CUSTOMERS };

/* What is asked for in a ping: no entities of ours, but told and answered as those are. */
static const struct mlc_entity company_info = { .name = "CompanyInfo" };
static const struct mlc_entity preferences = { .name = "Preferences" };

static void tell(struct mlc_call *c, const char *name, json_t *value)
{
	const char *text = json_is_boolean(value) ? (json_is_true(value) ? "yes" : "no") : json_string_value(value);

	if (text && *text)
		c->host->fact(c, name, text);
}

static enum mlc_step digest_company(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list, *info, *pair;
	size_t i;

	if (!qbo_rows(c, &company_info, "reading the company", &list))
		return MLC_FAIL;
	info = json_array_get(list, 0);
	if (!mlc_text(info, "CompanyName"))
		return qbo_garbage(c, "a company");
	if (!c->host->fact(c, "identity", qbo_realm(c)))
		return c->host->fail(c, MLC_REFUSED, 0, "this is another company than before: %s",
			mlc_text_or(info, "CompanyName", ""));
	tell(c, "company", json_object_get(info, "CompanyName"));
	tell(c, "country", json_object_get(info, "Country"));
	c->host->fact(c, "version", "75");
	json_array_foreach(json_object_get(info, "NameValue"), i, pair)
		if (strcmp(mlc_text_or(pair, "Name", ""), "OfferingSku") == 0)
			tell(c, "edition", json_object_get(pair, "Value"));
	s->phase = PING_PREFERENCES;
	return qbo_query(c, "select * from Preferences");
}

static enum mlc_step digest_preferences(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list, *all;

	if (!qbo_rows(c, &preferences, "reading the company's preferences", &list))
		return MLC_FAIL;
	all = json_array_get(list, 0);
	tell(c, "currency", mlc_at(all, "CurrencyPrefs.HomeCurrency.value"));
	tell(c, "multi_currency", mlc_at(all, "CurrencyPrefs.MultiCurrencyEnabled"));
	tell(c, "closing_date", mlc_at(all, "AccountingInfoPrefs.BookCloseDate"));
	tell(c, "custom_numbers", mlc_at(all, "SalesFormsPrefs.CustomTxnNumbers"));
	s->phase = PING_CUSTOMERS;
	return qbo_query(c, "select * from Customer startposition 1 maxresults 1");
}

static enum mlc_step digest_sample(struct mlc_call *c)
{
	const struct mlc_entity *e = &qbo_entities[qbo_kind("Customer", 8)];
	json_t *list;

	if (!qbo_rows(c, e, "reading customers", &list))
		return MLC_FAIL;
	if (json_array_size(list) > 0)
		qbo_emit(c, e, json_array_get(list, 0));
	return MLC_DONE;
}

enum mlc_step qbo_ping(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (c->reply->kind != MLC_REPLY_HERE) {
		if (!qbo_realm(c))
			return c->host->fail(c, MLC_AUTH, 0, "no company has been granted yet: mlc authorize");
		return qbo_query(c, "select * from CompanyInfo");
	}
	switch ((enum ping_phase)s->phase) {
	case PING_COMPANY:
		return digest_company(c);
	case PING_PREFERENCES:
		return digest_preferences(c);
	case PING_CUSTOMERS:
		return digest_sample(c);
	}
	return MLC_FAIL;
}

/* ---- fetch ------------------------------------------------------------------------------------------------ */

static enum mlc_step ask_ids(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *list = "";

	for (s->asked = 0; c->ids[s->at + s->asked] && s->asked < QBO_IDS_AT_ONCE; s->asked++)
		list = c->host->format(c, "%s%s%s", list, *list ? "," : "", mlc_quoted(c, c->ids[s->at + s->asked]));
	return qbo_query(c, c->host->format(c, "select * from %s where Id in (%s)%s maxresults %d", c->entity->name, list,
		qbo_is_list(c->entity) ? " and Active in (true,false)" : "", QBO_PAGE));
}

static bool is_among(json_t *list, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (strcmp(mlc_text_or(one, "Id", ""), id) == 0)
			return true;
	return false;
}

enum mlc_step qbo_fetch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list, *one;
	size_t i;

	if (c->reply->kind != MLC_REPLY_HERE)
		return c->ids[0] ? ask_ids(c) : MLC_DONE;
	if (!qbo_rows(c, c->entity, "reading records", &list))
		return MLC_FAIL;
	json_array_foreach(list, i, one)
		qbo_emit(c, c->entity, one);
	/* One query names them all and the answer is whole: what is not in it is not there any more. */
	for (i = 0; i < s->asked; i++)
		if (!is_among(list, c->ids[s->at + i]))
			c->host->emit(c, &(struct mlc_record){ .entity = c->entity->name, .id = c->ids[s->at + i],
				.deleted = true });
	s->at += s->asked;
	return c->ids[s->at] ? ask_ids(c) : MLC_DONE;
}

/* ---- find ------------------------------------------------------------------------------------------------- */

static const struct mlc_field *field_of(const struct mlc_entity *e, const char *name)
{
	const struct mlc_field *f = e->fields;

	while (f->name && strcmp(f->name, name) != 0)
		f++;
	return f->name ? f : NULL;
}

/* "24,31": one of these ids, in one read. */
static const char *ids_quoted(struct mlc_call *c, const char *text)
{
	const char *list = "";

	while (*text) {
		size_t len = strcspn(text, ",");

		list = c->host->format(c, "%s%s%s", list, *list ? "," : "", mlc_quoted(c, c->host->format(c, "%.*s", (int)len, text)));
		text += len + (text[len] == ',');
	}
	return list;
}

static bool is_beneath(const struct mlc_field *f, const char *text)
{
	return f && strcmp(f->name, "FullyQualifiedName") == 0 && mlc_ends_with(text, ":%");
}

/* "DisplayName = 'x'"; references by their id.  Beside what equals, QuickBooks' own ways to ask for more at once: several ids,
 * "Above:%" for all that stands below a name, "> 0" of an amount (SOURCES.md 3). */
static const char *criterion(struct mlc_call *c, const char *name, json_t *v)
{
	const struct mlc_field *f = field_of(c->entity, name);
	const char *text = json_is_object(v) ? mlc_text(v, "id") : json_string_value(v);

	if (json_is_boolean(v))
		return c->host->format(c, "%s = %s", name, json_is_true(v) ? "true" : "false");
	if (json_is_integer(v))
		text = c->host->format(c, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (!text)
		return NULL;
	if (is_beneath(f, text))
		return c->host->format(c, "%s like %s", name, mlc_quoted(c, text));
	if (f && f->type == MLC_DECIMAL && (*text == '>' || *text == '<'))
		return c->host->format(c, "%s %c %s", name, *text, mlc_quoted(c, text + 1 + strspn(text + 1, " ")));
	if ((strcmp(name, "Id") == 0 || (f && f->type == MLC_REF)) && strchr(text, ','))
		return c->host->format(c, "%s in (%s)", name, ids_quoted(c, text));
	return c->host->format(c, "%s = %s", name, mlc_quoted(c, text));
}

/* like takes a % or _ within a name for any text. */
static bool is_asked_for(struct mlc_call *c, json_t *record)
{
	const char *above = mlc_text_or(c->data, "FullyQualifiedName", "");
	size_t len = strlen(above);

	return !is_beneath(field_of(c->entity, "FullyQualifiedName"), above)
		|| strncasecmp(mlc_text_or(record, "FullyQualifiedName", ""), above, len - 1) == 0;
}

static enum mlc_step ask_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *where = "", *name, *one;
	bool active = false;
	json_t *v;

	json_object_foreach(c->data, name, v) {
		one = criterion(c, name, v);
		if (!one)
			return c->host->fail(c, MLC_REFUSED, 0, "%s cannot be searched by: it is neither text, number nor reference",
				name);
		where = c->host->format(c, "%s%s%s", where, *where ? " and " : "", one);
		active |= strcmp(name, "Active") == 0;
	}
	if (qbo_is_list(c->entity) && !active)
		where = c->host->format(c, "%s%sActive in (true,false)", where, *where ? " and " : "");
	return qbo_query(c, c->host->format(c, "select * from %s%s%s orderby MetaData.CreateTime startposition %u maxresults %d",
		c->entity->name, *where ? " where " : "", where, s->start, QBO_PAGE));
}

enum mlc_step qbo_find(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list, *one;
	size_t i;

	if (c->reply->kind != MLC_REPLY_HERE) {
		s->start = 1;
		return ask_page(c);
	}
	if (!qbo_rows(c, c->entity, "searching", &list))
		return MLC_FAIL;
	json_array_foreach(list, i, one)
		if (is_asked_for(c, one))
			qbo_emit(c, c->entity, one);
	if (json_array_size(list) < QBO_PAGE)
		return MLC_DONE;
	s->start += QBO_PAGE;
	if (s->start > FIND_PAGES * QBO_PAGE)
		return c->host->fail(c, MLC_REFUSED, 0, "more than %d records of %s answer to that", FIND_PAGES * QBO_PAGE,
			c->entity->name);
	return ask_page(c);
}
