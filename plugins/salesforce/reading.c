/* reading.c - is the login right, what does this org have, which records are these? */
#include "salesforce.h"

/* ---- ping ---------------------------------------------------------------------------------- */

enum ping_phase { VERSIONS, ORGANIZATION, CURRENCY, LIMITS, DESCRIBE };

/* Only My Domain answers; the shared hosts belong to nobody (SOURCES.md 1). */
static bool is_shared_host(const char *url)
{
	return url && (strstr(url, "//login.salesforce.com") || strstr(url, "//test.salesforce.com"));
}

static enum mlc_step digest_versions(struct mlc_call *c)
{
	json_t *list = c->host->parse(c, c->reply->body, c->reply->body_len), *one;
	const char *wanted = mlc_known(c->settings, "version"), *newest = NULL;
	bool there = false;
	size_t i;

	if (!wanted)
		wanted = "68.0";
	json_array_foreach(list, i, one) {
		newest = mlc_text_or(one, "version", newest);
		there |= newest && strcmp(newest, wanted) == 0;
	}
	if (!newest)
		return sf_garbage(c, "a list of versions");
	c->host->fact(c, "newest_version", newest);
	if (!there)
		return c->host->fail(c, MLC_REFUSED, 0, "the org does not offer version %s of its API; set version = \"%s\"", wanted, newest);
	c->host->fact(c, "version", wanted);
	return sf_query(c, "SELECT Id,Name,OrganizationType,IsSandbox,TimeZoneSidKey FROM Organization", false);
}

static enum mlc_step digest_organization(struct mlc_call *c)
{
	enum mlc_step step = MLC_FAIL;
	json_t *rows = sf_page(c, &step), *org;
	const char *id, *name;

	if (!rows)
		return step;
	org = json_array_get(rows, 0);
	id = mlc_text(org, "Id");
	name = mlc_text(org, "Name");
	if (!id || !sf_is_id(id) || !name)
		return c->host->fail(c, MLC_BROKEN, 0, "Salesforce does not say which org this is");
	c->host->fact(c, "company", name);
	c->host->fact(c, "edition", mlc_text_or(org, "OrganizationType", "unknown"));
	c->host->fact(c, "sandbox", json_is_true(mlc_at(org, "IsSandbox")) ? "yes" : "no");
	c->host->fact(c, "timezone", mlc_text_or(org, "TimeZoneSidKey", "UTC"));
	if (!c->host->fact(c, "identity", id))
		return c->host->fail(c, MLC_REFUSED, 0, "this is another org than before: %s (%s)", name, id);
	return mlc_get(c, sf_path(c, "/connect/organization"));
}

/* Where that is refused (Chatter is off) nobody tells the currency; it is not needed for anything else. */
static enum mlc_step digest_currency(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *features = c->reply->status == 200 ? mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "features") : NULL;
	const char *code = mlc_text(features, "defaultCurrencyIsoCode");

	if (code)
		c->host->fact(c, "currency", code);
	s->many_currencies = json_is_true(mlc_at(features, "multiCurrency"));
	return mlc_get(c, sf_path(c, "/limits"));
}

static enum mlc_step ask_describe(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	return mlc_get(c, sf_path(c, c->host->format(c, "/sobjects/%s/describe", sf_entities[s->at].name)));
}

static enum mlc_step digest_limits(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *calls = mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "DailyApiRequests");
	int64_t most = mlc_int_or(calls, "Max", -1), left = mlc_int_or(calls, "Remaining", -1);

	if (most < 0 || left < 0)
		return sf_garbage(c, "the org's limits");
	c->host->fact(c, "calls_left", c->host->format(c, "%lld of %lld", (long long)left, (long long)most));
	s->at = 0;
	return ask_describe(c);
}

static bool has_field(json_t *fields, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(fields, i, one)
		if (strcmp(mlc_text_or(one, "name", ""), name) == 0)
			return true;
	return false;
}

static void note_lack(struct state *s, const char *entity, const char *field)
{
	const char *const words[] = { *s->lacks ? ", " : "", entity, field ? "." : "", field ? field : "" };
	size_t len = strlen(s->lacks);

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!mlc_append(s->lacks, sizeof s->lacks, words[i])) {
			s->lacks[len] = 0;
			return;
		}
}

/* The next object of the table that is written to; those come first. */
static bool next_object(struct state *s)
{
	s->at++;
	return sf_entities[s->at].flags & MLC_UPDATE;
}

static enum mlc_step digest_describe(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = &sf_entities[s->at];
	json_t *fields = c->reply->status == 200 ? mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "fields") : NULL;

	if (c->reply->status == 404) {
		note_lack(s, e->name, NULL);
	} else if (c->reply->status != 200) {
		return sf_failed(c, "asking what an object holds");
	} else if (!json_is_array(fields) || !has_field(fields, "Id")) {
		return sf_garbage(c, "a description");
	} else {
		s->many_currencies |= has_field(fields, "CurrencyIsoCode");
		for (const struct mlc_field *f = e->fields; f->name; f++)
			if (f->type != MLC_LIST && strcmp(f->name, "CurrencyIsoCode") != 0 && !has_field(fields, f->name))
				note_lack(s, e->name, f->name);
		sf_tell_own_fields(c, e, fields);
	}
	if (next_object(s))
		return ask_describe(c);
	c->host->fact(c, "currencies", s->many_currencies ? "many" : "one");
	c->host->fact(c, "lacks", *s->lacks ? s->lacks : "nothing");
	return MLC_DONE;
}

enum mlc_step sf_ping(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step = MLC_FAIL;

	if (is_shared_host(mlc_known(c->settings, "url")))
		return c->host->fail(c, MLC_REFUSED, 0,
			"a login of this kind works on the org's own My Domain only: write https://NAME.my.salesforce.com as the url");
	if (c->reply->kind != MLC_REPLY_HERE)
		return mlc_get(c, "/services/data");
	if (c->reply->status != 200 && s->phase != CURRENCY && s->phase != DESCRIBE)
		return sf_failed(c, "ping");
	switch ((enum ping_phase)s->phase++) {
	case VERSIONS:
		step = digest_versions(c);
		break;
	case ORGANIZATION:
		step = digest_organization(c);
		break;
	case CURRENCY:
		step = digest_currency(c);
		break;
	case LIMITS:
		step = digest_limits(c);
		break;
	case DESCRIBE:
		s->phase = DESCRIBE;
		step = digest_describe(c);
		break;
	}
	return step;
}

/* ---- discover: fields that only this org has --------------------------------------------------- */

enum mlc_step sf_discover(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	struct mlc_field own;
	json_t *fields, *field;
	size_t i;

	if (c->reply->kind != MLC_REPLY_HERE)
		return ask_describe(c);
	if (c->reply->status == 200) {
		fields = mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "fields");
		if (!json_is_array(fields) || !has_field(fields, "Id"))
			return sf_garbage(c, "a description");
		json_array_foreach(fields, i, field)
			if (sf_own_field(&sf_entities[s->at], field, &own))
				c->host->describe(c, sf_entities[s->at].name, &own);
		sf_tell_own_fields(c, &sf_entities[s->at], fields);
	} else if (c->reply->status != 404 || !sf_error(c->host->parse(c, c->reply->body, c->reply->body_len))) {
		return sf_failed(c, "asking what an object holds");
	}
	return next_object(s) ? ask_describe(c) : MLC_DONE;
}

/* ---- rows, and the lines inside them ------------------------------------------------------------- */

static json_t *lines_of(const struct mlc_call *c, json_t *row)
{
	const struct mlc_field *f = sf_lines_field(c->entity);

	return f ? json_object_get(row, f->name) : NULL;
}

static enum mlc_step emit_row(struct mlc_call *c, const struct mlc_entity *e, json_t *row)
{
	struct mlc_record r;
	const char *master;

	if (!sf_record(c, e, row, &r))
		return c->host->fail(c, MLC_BROKEN, 0, "Salesforce's answer holds a %s without id or time", c->entity->name);
	if (r.deleted) {
		json_decref(r.data);
		r.data = NULL;
	}
	master = mlc_text(row, "MasterRecordId");
	if (r.deleted && master && sf_is_id(master))
		c->host->merged(c, r.entity, r.id, master);
	else
		c->host->emit(c, &r);
	return MLC_DONE;
}

/* Emits rows from s->row on; one whose lines did not all come is completed first. */
static enum mlc_step emit_rows(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = sf_whole(c, c->entity);

	for (; s->row < json_array_size(s->rows); s->row++) {
		json_t *row = json_array_get(s->rows, s->row), *lines = lines_of(c, row);
		const char *next = mlc_text(lines, "nextRecordsUrl");

		if (json_is_object(lines) && !json_is_true(json_object_get(lines, "done")) && next) {
			if (strncmp(next, "/services/data/", 15) != 0)
				return sf_garbage(c, "a page of lines");
			return mlc_get(c, next);
		}
		if (emit_row(c, e, row) == MLC_FAIL)
			return MLC_FAIL;
	}
	s->rows = NULL;
	s->row = 0;
	return MLC_DONE;
}

/* More lines of the row at hand. */
static enum mlc_step digest_lines(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *lines = lines_of(c, json_array_get(s->rows, s->row)), *have = json_object_get(lines, "records");
	json_t *page = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL, *row;
	const char *next = mlc_text(page, "nextRecordsUrl");
	json_t *more = mlc_at(page, "records");
	size_t i;

	if (c->reply->status != 200)
		return sf_failed(c, "reading lines");
	if (!json_is_array(more) || !json_array_size(more) || !json_is_array(have)
		|| (int64_t)(json_array_size(have) + json_array_size(more)) > mlc_int_or(lines, "totalSize", 0))
		return sf_garbage(c, "a page of lines");
	json_array_foreach(more, i, row)
		json_array_append(have, row);
	if (next)
		json_object_set_new(lines, "nextRecordsUrl", json_string(next));
	else
		json_object_del(lines, "nextRecordsUrl");
	return emit_rows(c);
}

/* ---- fetch ----------------------------------------------------------------------------------------- */

static size_t chunk_of(const struct mlc_call *c, size_t at)
{
	size_t count = 0;

	while (count < SF_IDS_AT_ONCE && c->ids[at + count])
		count++;
	return count;
}

static enum mlc_step ask_ids(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	size_t count = chunk_of(c, s->at);
	const char *list = "";

	for (size_t i = 0; i < count; i++) {
		if (!sf_is_id(c->ids[s->at + i]))
			return c->host->fail(c, MLC_REFUSED, 0, "'%.40s' is no id of Salesforce", c->ids[s->at + i]);
		list = c->host->format(c, "%s%s'%s'", list, i ? "," : "", c->ids[s->at + i]);
	}
	return sf_query(c, c->host->format(c, "SELECT %s FROM %s WHERE Id IN (%s)", sf_columns(c, c->entity), c->entity->name, list),
		true);
}

enum mlc_step sf_fetch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step = MLC_FAIL;
	json_t *rows;
	size_t count;

	if (c->reply->kind != MLC_REPLY_HERE)
		return c->ids[0] ? ask_ids(c) : MLC_DONE;
	if (s->rows) {
		step = digest_lines(c);
	} else {
		rows = sf_page(c, &step);
		if (!rows)
			return step;
		if (s->next[0])
			return sf_garbage(c, "one page of records");
		count = chunk_of(c, s->at);
		for (size_t i = 0; i < count; i++) /* not even in the recycle bin */
			if (!sf_row(rows, c->ids[s->at + i]))
				c->host->emit(c, &(struct mlc_record){ .entity = c->entity->name, .id = c->ids[s->at + i], .deleted = true });
		s->at += count;
		s->rows = rows;
		step = emit_rows(c);
	}
	return step != MLC_DONE ? step : c->ids[s->at] ? ask_ids(c) : MLC_DONE;
}

/* ---- find ------------------------------------------------------------------------------------------ */

/* "AccountId" is the id of "Account", "MLC_Parent__c" of "MLC_Parent__r". */
static const char *relation_of(struct mlc_call *c, const char *name)
{
	size_t len = strlen(name);

	return mlc_ends_with(name, "__c") ? c->host->format(c, "%.*sr", (int)len - 1, name)
		: c->host->format(c, "%.*s", (int)(mlc_ends_with(name, "Id") ? len - 2 : len), name);
}

/* One condition, or NULL: no such thing can be asked for. */
static const char *condition(struct mlc_call *c, const struct mlc_field *f, json_t *value)
{
	const char *text = json_string_value(value);

	switch (f->type) {
	case MLC_REF:
		if (mlc_text(value, "id"))
			text = mlc_text(value, "id");
		else if (mlc_text(value, "name"))
			return c->host->format(c, "%s.Name = %s", relation_of(c, f->name), sf_literal(c, mlc_text(value, "name")));
		return text && sf_is_id(text) ? c->host->format(c, "%s = '%s'", f->name, text) : NULL;
	case MLC_BOOL:
		return json_is_boolean(value) ? c->host->format(c, "%s = %s", f->name, json_is_true(value) ? "true" : "false") : NULL;
	case MLC_DATE:
		return text && strlen(text) == 10 && strspn(text, "0123456789-") == 10 ? c->host->format(c, "%s = %s", f->name, text) : NULL;
	case MLC_INTEGER:
	case MLC_DECIMAL:
		if (json_is_integer(value))
			text = c->host->format(c, "%lld", (long long)json_integer_value(value));
		return text && *text && !text[strspn(text, "-0123456789.")] ? c->host->format(c, "%s = %s", f->name, text) : NULL;
	case MLC_INSTANT: {
		int64_t ms;

		return mlc_instant(text, &ms) ? c->host->format(c, "%s = %s", f->name, mlc_instant_text(c, ms)) : NULL;
	}
	case MLC_TEXT:
		if (json_is_integer(value))
			text = c->host->format(c, "%lld", (long long)json_integer_value(value));
		if (strcmp(f->name, "Id") == 0)
			return text && sf_is_id(text) ? c->host->format(c, "Id = '%s'", text) : NULL;
		return text ? c->host->format(c, "%s = %s", f->name, sf_literal(c, text)) : NULL;
	case MLC_OBJECT:
	case MLC_LIST:
		break;
	}
	return NULL;
}

static enum mlc_step ask_like(struct mlc_call *c)
{
	const struct mlc_entity *e = sf_whole(c, c->entity);
	const char *where = "", *name;
	json_t *value;

	json_object_foreach(c->data, name, value) {
		const struct mlc_field *f = e->fields;
		const char *one;

		while (f->name && strcmp(f->name, name) != 0)
			f++;
		one = f->name ? condition(c, f, value) : NULL;
		if (!one)
			return c->host->fail(c, MLC_REFUSED, 0, "%s cannot be looked up by %s", c->entity->name, name);
		where = c->host->format(c, "%s%s%s", where, *where ? " AND " : "", one);
	}
	if (!*where)
		return c->host->fail(c, MLC_REFUSED, 0, "%s is looked up by nothing", c->entity->name);
	return sf_query(c, c->host->format(c, "SELECT %s FROM %s WHERE %s ORDER BY Id", sf_columns(c, c->entity), c->entity->name,
		where), false);
}

enum mlc_step sf_find(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step = MLC_FAIL;

	if (c->reply->kind != MLC_REPLY_HERE)
		return ask_like(c);
	if (s->rows) {
		step = digest_lines(c);
	} else {
		s->rows = sf_page(c, &step);
		if (!s->rows)
			return step;
		step = emit_rows(c);
	}
	return step != MLC_DONE ? step : s->next[0] ? mlc_get(c, s->next) : MLC_DONE;
}
