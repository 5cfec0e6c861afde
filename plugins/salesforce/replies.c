/* replies.c - addresses, SOQL, replies and records of a Salesforce org. */
#include "salesforce.h"

#include <stdlib.h>

#define VERSION        "68.0"
#define OWN_FIELDS_MAX 4000 /* characters: they stand in each query, whose address may have 16,384 (SOURCES.md 3) */

/* ---- addresses and SOQL ---------------------------------------------------------------- */

const char *sf_path(struct mlc_call *c, const char *tail)
{
	const char *version = mlc_known(c->settings, "version");

	return c->host->format(c, "/services/data/v%s%s", version ? mlc_percent(c, version) : VERSION, tail);
}

enum mlc_step sf_query(struct mlc_call *c, const char *soql, bool deleted)
{
	struct state *s = (struct state *)c->state;

	s->next[0] = 0;
	s->seen = s->total = 0;
	s->last_ms = 0;
	return mlc_get(c, c->host->format(c, "%s?q=%s", sf_path(c, deleted ? "/queryAll" : "/query"), mlc_percent(c, soql)));
}

/* Backslashes before what ends or bends a literal; line breaks by name (SOQL guide, "Quoted String
 * Escape Sequences"). */
const char *sf_literal(struct mlc_call *c, const char *text)
{
	char *out = (char *)c->host->alloc(c, strlen(text) * 2 + 3), *at = out;

	if (!out)
		return "''";
	*at++ = '\'';
	for (; *text; text++) {
		char plain = *text == '\n' ? 'n' : *text == '\r' ? 'r' : *text == '\t' ? 't' : *text;

		if (plain != *text || plain == '\'' || plain == '\\')
			*at++ = '\\';
		*at++ = plain;
	}
	*at++ = '\'';
	*at = 0;
	return out;
}

const struct mlc_entity *sf_part(const char *name)
{
	for (const struct mlc_entity *e = sf_entities; e->name; e++)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

const struct mlc_field *sf_lines_field(const struct mlc_entity *e)
{
	for (const struct mlc_field *f = e->fields; f->name; f++)
		if (f->type == MLC_LIST)
			return f;
	return NULL;
}

/* ---- fields that only this org has ------------------------------------------------------- */

/* Their kinds in the fact: one letter each. */
static const struct kind {
	char letter;
	enum mlc_type type;
	const char *word; /* of a describe */
} kinds[] = {
	{ 'b', MLC_BOOL, "boolean" }, { 'i', MLC_INTEGER, "int" }, { 'n', MLC_DECIMAL, "double" }, { 'n', MLC_DECIMAL, "currency" },
	{ 'n', MLC_DECIMAL, "percent" }, { 'd', MLC_DATE, "date" }, { 't', MLC_INSTANT, "datetime" }, { 'r', MLC_REF, "reference" },
	{ 's', MLC_TEXT, "" }, /* all others */
};

static const struct kind *kind_named(const char *word)
{
	const struct kind *k = kinds;

	while (*k->word && strcmp(k->word, word) != 0)
		k++;
	return k;
}

static const struct mlc_field *field_of(const struct mlc_entity *e, const char *name)
{
	const struct mlc_field *f = e->fields;

	while (f->name && strcmp(f->name, name) != 0)
		f++;
	return f->name ? f : NULL;
}

bool sf_own_field(const struct mlc_entity *e, json_t *described, struct mlc_field *out)
{
	const char *name = mlc_text_or(described, "name", "");
	bool writable = json_is_true(mlc_at(described, "createable")) || json_is_true(mlc_at(described, "updateable"));

	if (!mlc_ends_with(name, "__c") || name[strspn(name, "_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] || field_of(e, name))
		return false;
	*out = (struct mlc_field){ .name = name, .type = kind_named(mlc_text_or(described, "type", ""))->type };
	out->flags = (writable ? 0u : MLC_READONLY) | (json_is_true(mlc_at(described, "filterable")) ? MLC_FINDABLE : 0u)
		| (out->type == MLC_DECIMAL ? MLC_BARE : 0u);
	if (out->type == MLC_TEXT || out->type == MLC_DECIMAL)
		out->limit = (uint32_t)mlc_int_or(described, out->type == MLC_TEXT ? "length" : "scale", 0);
	return true;
}

void sf_tell_own_fields(struct mlc_call *c, const struct mlc_entity *e, json_t *fields)
{
	const char *text = "";
	struct mlc_field own;
	json_t *one;
	size_t i;

	json_array_foreach(fields, i, one)
		if (sf_own_field(e, one, &own) && strlen(text) < OWN_FIELDS_MAX)
			text = c->host->format(c, "%s%s%s:%c", text, *text ? " " : "", own.name, kind_named(mlc_text_or(one, "type", ""))->letter);
	c->host->fact(c, c->host->format(c, "fields_%s", e->name), text);
}

const struct mlc_entity *sf_whole(struct mlc_call *c, const struct mlc_entity *e)
{
	const char *text = mlc_known(c->facts, c->host->format(c, "fields_%s", e->name));
	size_t count = 0, own = 0;
	struct mlc_entity *whole;
	struct mlc_field *fields;

	if (!text || !*text)
		return e;
	for (const struct mlc_field *f = e->fields; f->name; f++)
		count++;
	for (const char *at = text; *at; at++)
		own += *at == ':';
	whole = (struct mlc_entity *)c->host->alloc(c, sizeof *whole);
	fields = (struct mlc_field *)c->host->alloc(c, (count + own + 1) * sizeof *fields);
	if (!whole || !fields)
		return e;
	memcpy(fields, e->fields, count * sizeof *fields);
	while (*text) {
		size_t len = strcspn(text, ":");
		const struct kind *k = kinds;

		if (!text[len])
			break;
		while (*k->word && k->letter != text[len + 1])
			k++;
		fields[count].name = c->host->format(c, "%.*s", (int)len, text);
		fields[count].type = k->type;
		fields[count++].flags = k->type == MLC_DECIMAL ? MLC_BARE : 0;
		text += len + 1;
		text += *text != 0;
		text += *text == ' ';
	}
	*whole = *e;
	whole->fields = fields;
	return whole;
}

/* ---- columns ------------------------------------------------------------------------------ */

static bool is_asked_for(struct mlc_call *c, const struct mlc_field *f)
{
	const char *many = mlc_known(c->facts, "currencies");

	return strcmp(f->name, "CurrencyIsoCode") != 0 || (many && strcmp(many, "many") == 0);
}

static size_t columns_size(const struct mlc_entity *e)
{
	size_t size = 64;

	for (const struct mlc_field *f = e->fields; f->name; f++)
		size += strlen(f->name) + 1;
	return size;
}

static char *put(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

static char *put_columns(struct mlc_call *c, char *at, const struct mlc_entity *e)
{
	bool first = true;

	for (const struct mlc_field *f = e->fields; f->name; f++) {
		if (!is_asked_for(c, f))
			continue;
		if (!first)
			*at++ = ',';
		first = false;
		if (f->type == MLC_LIST) {
			at = put(at, "(SELECT ");
			at = put_columns(c, at, sf_part(f->of));
			at = put(put(put(at, " FROM "), f->name), ")");
		} else {
			at = put(at, f->name);
		}
	}
	return at;
}

const char *sf_columns(struct mlc_call *c, const struct mlc_entity *table)
{
	const struct mlc_entity *e = sf_whole(c, table);
	const struct mlc_field *lines = sf_lines_field(e);
	char *out = (char *)c->host->alloc(c, columns_size(e) + (lines ? columns_size(sf_part(lines->of)) : 0));

	if (!out)
		return "Id";
	*put_columns(c, out, e) = 0;
	return out;
}

/* 15 characters, or 18 with a check sum. */
bool sf_is_id(const char *text)
{
	size_t len = strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	return text[len] == 0 && (len == 15 || len == 18);
}

/* ---- replies that are no success --------------------------------------------------------- */

static const struct mlc_fault_code faults[] = {
	{ "INVALID_SESSION_ID", MLC_AUTH },
	{ "INVALID_AUTH_HEADER", MLC_AUTH },
	{ "INVALID_LOGIN", MLC_AUTH },
	{ "INACTIVE_USER", MLC_AUTH },
	{ "API_DISABLED_FOR_ORG", MLC_AUTH },
	{ "API_CURRENTLY_DISABLED", MLC_AUTH },
	{ "ORG_LOCKED", MLC_AUTH },
	{ "REQUEST_LIMIT_EXCEEDED", MLC_LIMITED },
	{ "STORAGE_LIMIT_EXCEEDED", MLC_LIMITED },
	{ "SERVER_UNAVAILABLE", MLC_RETRY },
	{ "UNKNOWN_EXCEPTION", MLC_RETRY },
	{ "UNABLE_TO_LOCK_ROW", MLC_RETRY },
	{ "QUERY_TIMEOUT", MLC_RETRY },
	{ "INVALID_QUERY_LOCATOR", MLC_RETRY },
	{ "PROCESSING_HALTED", MLC_RETRY },
	{ "ALL_OR_NONE_OPERATION_ROLLED_BACK", MLC_RETRY },
	{ "ENTITY_IS_DELETED", MLC_STALE },
	{ "NOT_FOUND", MLC_STALE },
	{ "PRECONDITION_FAILED", MLC_STALE },
	{ NULL, MLC_REFUSED },
};

json_t *sf_error(json_t *body)
{
	json_t *first = json_is_array(body) ? json_array_get(body, 0) : body;

	return *sf_error_code(first) ? first : NULL;
}

/* errorCode in a reply, statusCode in a collection's outcome. */
const char *sf_error_code(json_t *error)
{
	const char *code = mlc_text(error, "errorCode");

	return code ? code : mlc_text_or(error, "statusCode", "");
}

enum mlc_fault sf_fault(struct mlc_call *c, json_t *error, uint32_t *after_ms)
{
	const char *code = sf_error_code(error);
	enum mlc_fault fault = mlc_fault_of(faults, code);

	*after_ms = 0;
	if (fault == MLC_LIMITED) {
		bool a_moment = strstr(mlc_text_or(error, "message", ""), "Concurrent") != NULL;

		*after_ms = mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms,
			a_moment ? SF_LIMITED_MS : SF_SPENT_MS);
	}
	return fault;
}

/* What a person can do about it. */
static const char *advice_for(const char *code)
{
	static const struct {
		const char *code, *advice;
	} known[] = {
		{ "INVALID_FIELD", "; if it is one of ours (MLC_...): deploy the package, and give its permission set to the app's user" },
		{ "INVALID_TYPE", "; if it is one of ours (MLC_...): deploy the package, and give its permission set to the app's user" },
		{ "REQUEST_LIMIT_EXCEEDED", "; the org's calls come back little by little" },
		{ "API_DISABLED_FOR_ORG", "; this edition has no API: Enterprise or better is needed, or the API add-on" },
		{ "STORAGE_LIMIT_EXCEEDED", "; the org is full" },
		{ NULL, "" },
	};
	size_t i = 0;

	while (known[i].code && strcmp(known[i].code, code) != 0)
		i++;
	return known[i].advice;
}

const char *sf_words(struct mlc_call *c, json_t *error)
{
	const char *code = sf_error_code(error), *fields = "";
	json_t *list = mlc_at(error, "fields"), *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (i < 20 && json_is_string(one))
			fields = c->host->format(c, "%s%s%s", fields, *fields ? ", " : "", json_string_value(one));
	return c->host->format(c, "%s: %s%s%s%s%s", code, mlc_text_or(error, "message", "no reason given"),
		*fields ? " (" : "", fields, *fields ? ")" : "", advice_for(code));
}

static enum mlc_fault fault_of_status(int status)
{
	if (status == 401)
		return MLC_AUTH;
	if (status == 429)
		return MLC_LIMITED;
	if (status == 408 || status == 425 || status >= 500)
		return MLC_RETRY;
	if (status == 404)
		return MLC_BROKEN;
	if (status == 412)
		return MLC_STALE;
	return status >= 300 ? MLC_REFUSED : MLC_BROKEN;
}

enum mlc_step sf_failed(struct mlc_call *c, const char *doing)
{
	int status = c->reply->status;
	const char *retry = c->host->header(c, "Retry-After");
	json_t *error = c->reply->body_len < 65536 ? sf_error(c->host->parse(c, c->reply->body, c->reply->body_len)) : NULL;
	enum mlc_fault fault = fault_of_status(status);
	uint32_t after = 0;

	if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
		const char *to = c->host->header(c, "Location");

		return c->host->fail(c, MLC_REFUSED, 0, "%s: the org redirects to %s; write its My Domain as the url", doing,
			to ? to : "somewhere else");
	}
	if (status == 410)
		return c->host->fail(c, MLC_REFUSED, 0, "%s: that version of the API is gone; set a newer version", doing);
	if (error && status != 429)
		fault = sf_fault(c, error, &after);
	if (fault == MLC_RETRY && status == 503 && retry)
		fault = MLC_LIMITED;
	if (fault == MLC_LIMITED && !after)
		after = mlc_retry_after(retry, c->now_ms, SF_LIMITED_MS);
	return c->host->fail(c, fault, after, "%s: %d%s%s", doing, status, error ? ": " : "", error ? sf_words(c, error) : "");
}

enum mlc_step sf_garbage(struct mlc_call *c, const char *due)
{
	return mlc_garbage(c, "Salesforce", due);
}

/* "https://login.salesforce.com/id/00D.../005...": the org, as the token tells it. */
static const char *org_of_token(struct mlc_call *c)
{
	const char *id = mlc_known(c->token, "id"), *at = id ? strstr(id, "/id/") : NULL;
	size_t len = at ? strcspn(at + 4, "/") : 0;

	return len == 15 || len == 18 ? c->host->format(c, "%.*s", (int)len, at + 4) : NULL;
}

bool sf_is_stranger(struct mlc_call *c)
{
	const char *known = mlc_known(c->facts, "identity"), *now = org_of_token(c);

	/* The first 15 characters are the id, the rest is their check sum. */
	if (!known || !now || strncmp(known, now, 15) == 0)
		return false;
	c->host->fail(c, MLC_AUTH, 0, "the login leads to another org (%s) than before (%s): nothing is written", now, known);
	return true;
}

/* ---- lists -------------------------------------------------------------------------------- */

static json_t *no_page(struct mlc_call *c, enum mlc_step *step, const char *what)
{
	*step = c->host->fail(c, MLC_BROKEN, 0, "Salesforce's answer to a query %s", what);
	return NULL;
}

json_t *sf_page(struct mlc_call *c, enum mlc_step *step)
{
	struct state *s = (struct state *)c->state;
	json_t *page = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;
	json_t *rows = mlc_at(page, "records"), *done = mlc_at(page, "done");
	const char *next = mlc_text(page, "nextRecordsUrl");
	bool first = !s->next[0];
	int64_t total = mlc_int_or(page, "totalSize", -1);

	if (c->reply->status != 200) {
		*step = sf_failed(c, "a query");
		return NULL;
	}
	if (!json_is_array(rows) || !json_is_boolean(done) || total < 0) {
		*step = sf_garbage(c, "a page of records");
		return NULL;
	}
	if (first)
		s->total = total;
	s->seen += (int64_t)json_array_size(rows);
	if (s->seen > s->total)
		return no_page(c, step, "holds more rows than there are: a page came twice");
	if (json_is_true(done)) {
		s->next[0] = 0;
		/* What is deleted while we read is left out; what is missing may also be lost: read again. */
		if (s->seen < s->total) {
			*step = c->host->fail(c, MLC_RETRY, 0, "the list came back short: %lld of %lld rows", (long long)s->seen,
				(long long)s->total);
			return NULL;
		}
		return rows;
	}
	if (!next || strncmp(next, "/services/data/", 15) != 0 || strlen(next) >= sizeof s->next)
		return no_page(c, step, "names no next page");
	if (strcmp(next, s->next) == 0)
		return no_page(c, step, "names itself as the next page");
	memcpy(s->next, next, strlen(next) + 1);
	return rows;
}

/* ---- records ------------------------------------------------------------------------------ */

json_t *sf_row(json_t *rows, const char *id)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (strncmp(mlc_text_or(row, "Id", ""), id, 15) == 0)
			return row;
	return NULL;
}

static json_t *native(struct mlc_call *c, const struct mlc_field *f, json_t *value);

static json_t *native_lines(struct mlc_call *c, const struct mlc_entity *part, json_t *value)
{
	json_t *rows = json_is_array(value) ? value : mlc_at(value, "records"), *out = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *line = json_object();

		for (const struct mlc_field *f = part->fields; f->name; f++) {
			json_t *v = json_object_get(row, f->name);

			if (v && !json_is_null(v))
				json_object_set_new(line, f->name, native(c, f, v));
		}
		json_array_append_new(out, line);
	}
	return out;
}

static json_t *native(struct mlc_call *c, const struct mlc_field *f, json_t *value)
{
	int64_t ms;

	switch (f->type) {
	case MLC_REF:
		if (json_is_string(value))
			return json_pack("{s:O}", "id", value);
		break;
	case MLC_DECIMAL:
		if (json_is_integer(value))
			return json_string(c->host->format(c, "%lld", (long long)json_integer_value(value)));
		break;
	case MLC_INSTANT: /* "2026-11-20T08:00:00.000+0000" */
		if (mlc_instant(json_string_value(value), &ms))
			return json_string(c->host->format(c, "%.19s.%03dZ", mlc_instant_text(c, ms), (int)(ms % 1000)));
		break;
	case MLC_LIST:
		return native_lines(c, sf_part(f->of), value);
	case MLC_INTEGER: /* "7" for 7 */
	case MLC_TEXT:    /* 7 for "7" */
		if (f->type == MLC_TEXT && json_is_integer(value))
			return json_string(c->host->format(c, "%lld", (long long)json_integer_value(value)));
		break;
	case MLC_BOOL:
	case MLC_DATE:
	case MLC_OBJECT:
		break;
	}
	return json_incref(value); /* parse() keeps its own hold on it */
}

bool sf_record(struct mlc_call *c, const struct mlc_entity *e, json_t *row, struct mlc_record *out)
{
	const char *id = mlc_text(row, "Id"), *stamp = mlc_text(row, "SystemModstamp");
	json_t *data;

	*out = (struct mlc_record){ .entity = e->name, .id = id };
	if (!id || !sf_is_id(id) || !mlc_instant(stamp, &out->changed_ms))
		return false;
	data = json_object();
	for (const struct mlc_field *f = e->fields; f->name; f++) {
		json_t *value = json_object_get(row, f->name);

		if (f->type == MLC_LIST ? json_object_get(row, f->name) != NULL : value && !json_is_null(value))
			json_object_set_new(data, f->name, native(c, f, value));
	}
	out->data = data;
	out->version = mlc_version_of(c, stamp, e->fields, data); /* whole seconds: SOURCES.md 2 */
	out->deleted = json_is_true(json_object_get(row, "IsDeleted"));
	return true;
}

/* false: what is no reference by id. */
static bool put_reference(json_t *out, const char *name, json_t *value)
{
	json_t *id = json_is_string(value) ? value : json_object_get(value, "id");

	if (json_is_null(value))
		return json_object_set_new(out, name, json_null()) == 0;
	return json_is_string(id) && json_object_set(out, name, id) == 0;
}

const char *sf_body(struct mlc_call *c, const struct mlc_entity *table, json_t *data, const char *head, const char **why)
{
	const struct mlc_entity *e = sf_whole(c, table);
	json_t *out = json_object(), *value;
	const char *name, *text;
	size_t len;

	json_object_foreach(data, name, value) {
		const struct mlc_field *f = field_of(e, name);

		if (strcmp(name, SF_KEY) == 0 || (f && (f->type == MLC_LIST || f->flags & MLC_READONLY)))
			continue; /* the key stands in head, where it is to be sent */
		if (!f || f->type != MLC_REF) {
			json_object_set(out, name, value);
		} else if (!put_reference(out, name, value)) {
			*why = c->host->format(c, "%s is no reference to a record that is there", name);
			json_decref(out);
			return NULL;
		}
	}
	text = c->host->dump(c, out, e, &len);
	if (!text) {
		*why = "it is too large";
		return NULL;
	}
	/* "{...}" without its braces, behind head. */
	return c->host->format(c, "{%s%s%.*s", head, *head && len > 2 ? "," : "", (int)len - 2, text + 1);
}
