/* reading.c - replies, faults and records of Zoho CRM; fetch, find. */
#include "zoho.h"

#define CREDITS_MS    1800000u /* the day's credits are spent: they come back little by little */
#define CONCURRENT_MS 5000u    /* too many at once: soon over */
#define LIMITED_MS    60000u
#define FIND_PAGES    20       /* 2,000 candidates: no rule means so many */

/* ---- replies that are no success -------------------------------------------------------- */

static const struct mlc_fault_code faults[] = {
	{ "INVALID_TOKEN", MLC_AUTH }, { "INVALID_OAUTHTOKEN", MLC_AUTH }, { "AUTHENTICATION_FAILURE", MLC_AUTH },
	{ "OAUTH_SCOPE_MISMATCH", MLC_AUTH }, { "OAUTH_ORG_MISMATCH", MLC_AUTH },
	{ "TOO_MANY_REQUESTS", MLC_LIMITED }, { "LIMIT_EXCEEDED", MLC_LIMITED }, { "API_LIMIT_EXCEEDED", MLC_LIMITED },
	{ "INTERNAL_ERROR", MLC_RETRY }, { "INTERNAL_SERVER_ERROR", MLC_RETRY },
	/* Somebody, an approval or a blueprint is at it: a few times later, then a person. */
	{ "RECORD_LOCKED", MLC_RETRY }, { "RECORD_IN_BLUEPRINT", MLC_RETRY },
	{ "ALREADY_MODIFIED", MLC_STALE },
	{ "INVALID_URL_PATTERN", MLC_BROKEN }, { "INVALID_REQUEST_METHOD", MLC_BROKEN },
	{ NULL, MLC_REFUSED },
};

/* "invalid data: Deal_Name, at most 120 characters (INVALID_DATA)" */
static const char *words_of(struct mlc_call *c, json_t *error)
{
	const char *message = mlc_text_or(error, "message", "no reason given"), *code = mlc_text_or(error, "code", "");
	const char *member = mlc_text(error, "details.api_name"), *type = mlc_text(error, "details.expected_data_type");
	int64_t most = mlc_int_or(error, "details.maximum_length", 0);

	if (!member)
		member = mlc_text(error, "details.param_name");
	if (member)
		message = c->host->format(c, "%s: %s", message, member);
	if (type)
		message = c->host->format(c, "%s, which takes a %s", message, type);
	if (most > 0)
		message = c->host->format(c, "%s, at most %lld characters", message, (long long)most);
	return c->host->format(c, "%s (%s)", message, code);
}

enum mlc_fault zoho_fault(struct mlc_call *c, json_t *error, int status, const char **words)
{
	const char *code = mlc_text(error, "code");

	*words = code ? words_of(c, error) : "";
	if (status == 412)
		return MLC_STALE;
	if (status == 429)
		return MLC_LIMITED;
	if (code)
		return mlc_fault_of(faults, code);
	if (status == 401)
		return MLC_AUTH;
	if (status == 408 || status == 425 || status >= 500)
		return MLC_RETRY;
	return status == 403 || status == 400 ? MLC_REFUSED : MLC_BROKEN;
}

uint32_t zoho_limited_ms(struct mlc_call *c, json_t *error)
{
	const char *message = mlc_text_or(error, "message", ""), *left = c->host->header(c, "X-API-CREDITS-REMAINING");
	uint32_t fallback = LIMITED_MS;

	if (strstr(message, "oncurren"))
		fallback = CONCURRENT_MS;
	else if (left && strcmp(left, "0") == 0)
		fallback = CREDITS_MS;
	return mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, fallback);
}

/* The error of a whole reply: one object, or an envelope with one entry. */
static json_t *error_of(struct mlc_call *c)
{
	json_t *body = c->reply->body_len < 65536 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;
	json_t *first = mlc_at(body, "data.0");

	if (!mlc_text(body, "code") && mlc_text(first, "code"))
		return first;
	return mlc_text(body, "code") ? body : NULL;
}

enum mlc_step zoho_failed(struct mlc_call *c, const char *doing)
{
	int status = c->reply->status;
	json_t *error = error_of(c);
	const char *words;
	enum mlc_fault fault = zoho_fault(c, error, status, &words);

	if (status >= 300 && status < 400) {
		const char *to = c->host->header(c, "Location");

		return c->host->fail(c, MLC_REFUSED, 0, "%s: Zoho sends us to %s, where we do not go with this login", doing,
			to ? to : "somewhere else");
	}
	if (status == 200 && !error)
		return zoho_garbage(c, "a reply of Zoho CRM");
	return c->host->fail(c, fault, fault == MLC_LIMITED ? zoho_limited_ms(c, error) : 0, "%s: %d%s%s", doing, status,
		*words ? ": " : "", words);
}

enum mlc_step zoho_garbage(struct mlc_call *c, const char *due)
{
	return mlc_garbage(c, "Zoho", due);
}

json_t *zoho_list(struct mlc_call *c, const char *name, const char *doing, enum mlc_step *failed)
{
	json_t *list;

	/* Nothing there, nothing newer: without a body, else it is something else (SOURCES.md 4). */
	if ((c->reply->status == 204 || c->reply->status == 304) && c->reply->body_len == 0)
		return c->host->parse(c, "[]", 2);
	if (c->reply->status != 200) {
		*failed = zoho_failed(c, doing);
		return NULL;
	}
	list = mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), name);
	if (!json_is_array(list)) {
		*failed = error_of(c) ? zoho_failed(c, doing) : zoho_garbage(c, "a list");
		return NULL;
	}
	return list;
}

bool zoho_has_more(struct mlc_call *c)
{
	return c->reply->status == 200
		&& json_is_true(mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "info.more_records"));
}

/* ---- records ------------------------------------------------------------------------------ */

bool zoho_is_id(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len <= 19 && !text[len];
}

const char *zoho_id(struct mlc_call *c, json_t *record)
{
	const char *id = mlc_word(c, record, "id");

	return id && zoho_is_id(id) ? id : NULL;
}

const char *zoho_time(struct mlc_call *c, int64_t ms)
{
	return c->host->format(c, "%.19s+00:00", mlc_instant_text(c, ms));
}

bool zoho_has_rows(const struct mlc_entity *e)
{
	for (const struct mlc_field *f = e->fields; f->name; f++)
		if (f->type == MLC_LIST)
			return true;
	return false;
}

const char *zoho_fields(struct mlc_call *c, const struct mlc_entity *e)
{
	const char *list = "id";

	for (const struct mlc_field *f = e->fields; f->name; f++)
		if (f->type != MLC_LIST && !(f->flags & MLC_MIRRORED) && strcmp(f->name, "id") != 0)
			list = c->host->format(c, "%s,%s", list, f->name);
	return list;
}

/* The last ten digits of a phone number: with and without +1, a 0, brackets and dashes it is one number. */
static const char *digits_of(struct mlc_call *c, const char *phone)
{
	char *digits = (char *)c->host->alloc(c, strlen(phone) + 1);
	size_t len = 0;

	if (!digits)
		return "";
	for (; *phone && *phone != 'x' && *phone != 'X'; phone++) /* an extension is not the number */
		if (*phone >= '0' && *phone <= '9')
			digits[len++] = *phone;
	return len > 10 ? digits + len - 10 : digits;
}

static const struct mlc_entity *part_of(const char *name)
{
	for (const struct mlc_entity *e = zoho_entities; e->name; e++)
		if (strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

/* Amounts as text, times in UTC, what is Zoho's own ("$approved") left away. */
static json_t *tidy(struct mlc_call *c, const struct mlc_field *fields, json_t *record, int depth)
{
	json_t *out = json_object(), *value;
	const char *name;

	json_object_foreach(record, name, value)
		if (*name != '$' && strcmp(name, "Last_Activity_Time") != 0) /* moves with each e-mail, and is no change */
			json_object_set_new(out, name, json_deep_copy(value));
	for (const struct mlc_field *f = fields; f && f->name; f++) {
		int64_t ms;
		size_t i;

		value = json_object_get(out, f->name);
		if (f->type == MLC_DECIMAL && json_is_integer(value)) {
			json_object_set_new(out, f->name, json_string(c->host->format(c, "%lld", (long long)json_integer_value(value))));
		} else if (f->type == MLC_INSTANT && mlc_instant(json_string_value(value), &ms)) {
			json_object_set_new(out, f->name, json_string(mlc_instant_text(c, ms)));
		} else if (f->type == MLC_LIST && json_is_array(value) && depth > 0) {
			const struct mlc_entity *part = part_of(f->of);
			json_t *rows = json_array(), *row;

			json_array_foreach(value, i, row)
				json_array_append_new(rows, json_is_object(row) ? tidy(c, part ? part->fields : NULL, row, depth - 1)
					: json_deep_copy(row));
			json_object_set_new(out, f->name, rows);
		}
	}
	return out;
}

bool zoho_record(struct mlc_call *c, const struct mlc_entity *e, json_t *record, struct mlc_record *out)
{
	const char *id = zoho_id(c, record), *phone = mlc_text(record, "Phone");
	int64_t ms;

	if (!id)
		return false;
	*out = (struct mlc_record){ .entity = e->name, .id = id };
	out->data = tidy(c, e->fields, record, 2);
	if (mlc_instant(mlc_text(record, "Modified_Time"), &ms)) {
		/* Modified_Time has a grain of a second (SOURCES.md 5). */
		out->version = mlc_version_of(c, mlc_instant_text(c, ms), e->fields, out->data);
		out->changed_ms = ms;
	}
	if (phone && e == &zoho_entities[ACCOUNTS])
		json_object_set_new(out->data, "Phone_Digits", json_string(digits_of(c, phone)));
	return true;
}

/* ---- fetch ------------------------------------------------------------------------------- */

/* The related list of a deal, as the record Deal_Products. */
static enum mlc_step digest_links(struct mlc_call *c, const char *deal)
{
	struct mlc_record r = { .entity = c->entity->name, .id = deal };
	json_t *list, *one, *rows;
	enum mlc_step failed;
	size_t i;

	if (c->reply->status == 400 && strcmp(mlc_text_or(error_of(c), "code", ""), "INVALID_DATA") == 0) {
		r.deleted = true; /* there is no such deal: its list cannot be asked for (SOURCES.md 6) */
		c->host->emit(c, &r);
		return MLC_DONE;
	}
	list = zoho_list(c, "data", "reading a deal's products", &failed);
	if (!list)
		return failed;
	if (zoho_has_more(c)) /* part of a deal's products is not what the deal is about */
		return c->host->fail(c, MLC_REFUSED, 0, "deal %s has over %d products", deal, PER_PAGE);
	rows = json_array();
	json_array_foreach(list, i, one)
		json_array_append_new(rows, json_pack("{s:{s:s}}", "Product", "id", mlc_text_or(one, "id", "")));
	r.data = json_pack("{s:{s:s},s:o}", "Deal", "id", deal, "Products", rows);
	c->host->emit(c, &r);
	return MLC_DONE;
}

static enum mlc_step digest_fetched(struct mlc_call *c, const char *id)
{
	struct mlc_record r;
	json_t *list;
	enum mlc_step failed;

	if (c->entity == &zoho_entities[DEAL_PRODUCTS])
		return digest_links(c, id);
	list = zoho_list(c, "data", "reading a record", &failed);
	if (!list)
		return failed;
	if (c->reply->status == 204)
		r = (struct mlc_record){ .entity = c->entity->name, .id = id, .deleted = true };
	else if (strcmp(mlc_text_or(list, "0.id", ""), id) != 0 || !zoho_record(c, c->entity, json_array_get(list, 0), &r))
		return zoho_garbage(c, "the record that was asked for");
	c->host->emit(c, &r);
	return MLC_DONE;
}

enum mlc_step zoho_fetch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *id;

	if (c->reply->kind == MLC_REPLY_HERE) {
		if (digest_fetched(c, c->ids[s->at]) == MLC_FAIL)
			return MLC_FAIL;
		s->at++;
	}
	id = c->ids[s->at];
	if (!id)
		return MLC_DONE;
	if (!zoho_is_id(id))
		return c->host->fail(c, MLC_REFUSED, 0, "'%s' is no id of a record of Zoho CRM", id);
	return mlc_get(c, c->entity == &zoho_entities[DEAL_PRODUCTS]
		? c->host->format(c, API "/Deals/%s/Products?fields=Product_Name&per_page=%d", id, PER_PAGE)
		: c->host->format(c, API "/%s/%s", c->entity->name, id));
}

/* ---- find: COQL, since the search index lags behind ----------------------------------------- */

enum find_phase { FIND_IDS, FIND_RECORDS };

static const char *condition(struct mlc_call *c, const char *name, json_t *value)
{
	if (json_is_object(value))
		value = json_object_get(value, "id"); /* of a lookup */
	if (json_is_string(value))
		return c->host->format(c, "%s = %s", name, mlc_quoted(c, json_string_value(value)));
	if (json_is_integer(value))
		return c->host->format(c, "%s = %lld", name, (long long)json_integer_value(value));
	if (json_is_boolean(value))
		return c->host->format(c, "%s = %s", name, json_is_true(value) ? "true" : "false");
	return NULL;
}

static enum mlc_step ask_ids(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *where = NULL, *name, *body;
	json_t *value;
	size_t len;

	json_object_foreach(c->data, name, value) {
		const char *one = condition(c, name, value);

		if (!one)
			return c->host->fail(c, MLC_REFUSED, 0,
				"%s cannot be looked up by its %s: Zoho wants ids of lookups, texts or whole numbers",
				c->entity->name, name);
		where = where ? c->host->format(c, "(%s and %s)", where, one) : one; /* pairs: COQL takes no flat list of three */
	}
	if (!where)
		return c->host->fail(c, MLC_REFUSED, 0, "nothing to look for was given");
	s->phase = FIND_IDS;
	/* dump() takes the object over. */
	body = c->host->dump(c, json_pack("{s:s}", "select_query",
		c->host->format(c, "select id from %s where %s order by id limit %u, %d", c->entity->name, where,
			s->page * BATCH, BATCH)), NULL, &len);
	if (!body)
		return c->host->fail(c, MLC_REFUSED, 0, "what is looked for is no text");
	mlc_send_json(c, "POST", API "/coql", body, len);
	c->request->repeatable = true;
	return MLC_SEND;
}

static enum mlc_step digest_ids(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list, *one;
	enum mlc_step failed;
	size_t i;

	list = zoho_list(c, "data", "looking a record up", &failed);
	if (!list)
		return failed;
	s->some = zoho_has_more(c);
	if (json_array_size(list) == 0)
		return s->some ? zoho_garbage(c, "a page with what it says is more") : MLC_DONE;
	if (json_array_size(list) > BATCH)
		return zoho_garbage(c, "a page as long as was asked for");
	*s->ids = 0;
	json_array_foreach(list, i, one) {
		const char *id = mlc_text(one, "id");

		if (!id || !zoho_is_id(id))
			return zoho_garbage(c, "a list of ids");
		mlc_append(s->ids, sizeof s->ids, i ? "," : "");
		mlc_append(s->ids, sizeof s->ids, id);
	}
	s->phase = FIND_RECORDS;
	return mlc_get(c, mlc_query(c, c->host->format(c, API "/%s", c->entity->name), (const struct mlc_param[]){
		{ "ids", s->ids }, { "fields", zoho_fields(c, c->entity) }, { "per_page", "200" }, { NULL, NULL } }));
}

static enum mlc_step digest_found(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	struct mlc_record r;
	json_t *list, *one;
	enum mlc_step failed;
	size_t i;

	list = zoho_list(c, "data", "reading what was found", &failed);
	if (!list)
		return failed;
	json_array_foreach(list, i, one) {
		if (!zoho_record(c, c->entity, one, &r))
			return zoho_garbage(c, "a list of records");
		c->host->emit(c, &r);
	}
	if (!s->some)
		return MLC_DONE;
	if (++s->page == FIND_PAGES)
		return c->host->fail(c, MLC_REFUSED, 0, "more than %d records fit: the rule says too little", FIND_PAGES * BATCH);
	return ask_ids(c);
}

enum mlc_step zoho_find(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	if (c->reply->kind != MLC_REPLY_HERE)
		return ask_ids(c);
	return s->phase == FIND_IDS ? digest_ids(c) : digest_found(c);
}
