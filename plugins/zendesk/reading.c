/* reading.c - replies and records of Zendesk; ping, fetch, find. */
#include "zendesk.h"

#include <strings.h>

#define LIMITED_MS  60000u  /* where Zendesk does not say how long */
#define FIND_PAGES  20      /* of what was looked for */
#define TOKENS_MOST 256     /* of an account, and when to say so (SOURCES.md 2) */
#define TOKENS_MANY 230
#define TOKENS_END  "2027-04-30" /* API tokens: SOURCES.md 2 */

static int entity_of(const struct mlc_call *c)
{
	return zen_entity_at(c->entity);
}

json_t *zen_body(struct mlc_call *c)
{
	return c->host->parse(c, c->reply->body, c->reply->body_len);
}

/* ---- replies that are no success -------------------------------------------------------- */

/* The first reason of "details": {"name": [{"description": "Name: has already been taken", "error": "DuplicateValue"}]}. */
static const char *detail_of(json_t *body)
{
	const char *member;
	json_t *reasons;

	json_object_foreach(json_object_get(body, "details"), member, reasons)
		if (mlc_text(reasons, "0.description"))
			return mlc_text(reasons, "0.description");
	return NULL;
}

/* `error` is a text or an object with title and message; beside it stand description or message (SOURCES.md 7). */
static const char *words_of(json_t *body)
{
	static const char *const places[] = { "error.message", "error_description", "description", "message", "error.title", "error",
		"errors.0.detail", "errors.0.title" };
	const char *detail = detail_of(body);

	for (size_t i = 0; !detail && i < sizeof places / sizeof *places; i++)
		detail = mlc_text(body, places[i]);
	return detail;
}

bool zen_is_taken(struct mlc_call *c, const char *member)
{
	json_t *reasons = mlc_at(zen_body(c), "details"), *reason;
	size_t i;

	json_array_foreach(json_object_get(reasons, member), i, reason)
		if (strcmp(mlc_text_or(reason, "error", ""), "DuplicateValue") == 0)
			return true;
	return false;
}

static enum mlc_fault fault_of(struct mlc_call *c, bool ours)
{
	int status = c->reply->status;

	if (status == 401 || (status == 403 && ours))
		return MLC_AUTH;
	if (status == 429)
		return MLC_LIMITED;
	if (status == 503)
		return c->host->header(c, "Retry-After") ? MLC_LIMITED : MLC_RETRY;
	if (status == 408 || status == 425 || status >= 500)
		return MLC_RETRY;
	if (status == 409) /* two wrote at once: the same again settles it (SOURCES.md 7) */
		return MLC_RETRY;
	if (status == 403) /* in front of Zendesk: a block by address */
		return MLC_LIMITED;
	return status >= 300 && (ours || status != 404) ? MLC_REFUSED : MLC_BROKEN;
}

enum mlc_fault zen_fault(struct mlc_call *c, const char *doing, uint32_t *after_ms, const char **words)
{
	json_t *body = c->reply->body_len < 65536 ? zen_body(c) : NULL;
	const char *said = words_of(body), *advice = "";
	int status = c->reply->status;
	enum mlc_fault fault = fault_of(c, said != NULL);

	*after_ms = fault == MLC_LIMITED ? mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, LIMITED_MS) : 0;
	if (status >= 300 && status < 400) {
		const char *to = c->host->header(c, "Location");

		said = c->host->format(c, "it redirects to %s; write the account's own address as its url", to ? to : "somewhere else");
	} else if (status == 401) {
		advice = "; a new login is needed: mlc authorize, or another API token (they end on " TOKENS_END ")";
	} else if (status == 403 && said) {
		advice = "; the login must be an administrator's, with the scopes read and write";
	} else if (status == 404 && (!said || strstr(said, "help desk"))) {
		fault = MLC_BROKEN;
		advice = "; no Zendesk account answers at that address: is the url right?";
	}
	*words = c->host->format(c, "%s: %d%s%s%s", doing, status, said ? ": " : "", said ? said : "", advice);
	return fault;
}

enum mlc_step zen_failed(struct mlc_call *c, const char *doing)
{
	uint32_t after_ms;
	const char *words;
	enum mlc_fault fault = zen_fault(c, doing, &after_ms, &words);

	return c->host->fail(c, fault, after_ms, "%s", words);
}

enum mlc_step zen_garbage(struct mlc_call *c, const char *due)
{
	return mlc_garbage(c, "Zendesk", due);
}

/* ---- lists ------------------------------------------------------------------------------- */

const char *zen_page(struct mlc_call *c, const char *path, const char *after)
{
	return mlc_query(c, path, (const struct mlc_param[]){ { PAGE_SIZE, PER_PAGE }, { PAGE_AFTER, *after ? after : NULL },
		{ NULL, NULL } });
}

bool zen_more(struct mlc_call *c, json_t *page, enum mlc_step *failed)
{
	struct state *s = (struct state *)c->state;
	const char *after = mlc_text(page, "meta.after_cursor");

	*failed = MLC_DONE;
	if (!json_is_true(mlc_at(page, "meta.has_more")))
		return false;
	if (!after || !*after || strlen(after) >= sizeof s->cursor || strcmp(after, s->cursor) == 0) {
		*failed = zen_garbage(c, "a list whose pages follow each other");
		return false;
	}
	mlc_copy(s->cursor, sizeof s->cursor, after);
	return true;
}

/* ---- records ----------------------------------------------------------------------------- */

const char *zen_id(struct mlc_call *c, json_t *value, const char *path)
{
	json_t *at = mlc_at(value, path);

	if (json_is_integer(at) && json_integer_value(at) > 0)
		return c->host->format(c, "%lld", (long long)json_integer_value(at));
	return json_is_string(at) && *json_string_value(at) ? json_string_value(at) : NULL;
}

/* The id by which the host knows it: a custom object is its key, a record of one bears it in front. */
static const char *id_of(struct mlc_call *c, int entity, json_t *one)
{
	const char *id = zen_id(c, one, entity == CUSTOM_OBJECT ? "key" : "id");
	const char *key = entity == CUSTOM_OBJECT_RECORD ? mlc_text(one, "custom_object_key") : NULL;

	if (entity != CUSTOM_OBJECT_RECORD)
		return id;
	return id && key ? c->host->format(c, "%s-%s", key, id) : NULL;
}

static bool is_gone(int entity, json_t *one)
{
	if (entity == USER)
		return json_is_false(json_object_get(one, "active"));
	if (entity == TICKET)
		return strcmp(mlc_text_or(one, "status", ""), "deleted") == 0;
	return mlc_text(one, "deleted_at") != NULL;
}

bool zen_record(struct mlc_call *c, int entity, json_t *one, struct mlc_record *out)
{
	const char *id = json_is_object(one) ? id_of(c, entity, one) : NULL;
	json_t *record;

	if (!id)
		return false;
	*out = (struct mlc_record){ .entity = zen_entities[entity].name, .id = id, .deleted = is_gone(entity, one) };
	mlc_instant(mlc_text(one, "updated_at"), &out->changed_ms);
	if (zen_entities[entity].flags & MLC_VERSIONED)
		out->version = mlc_text(one, "updated_at");
	if (out->deleted)
		return true;
	record = json_copy(one);
	for (const char *const *ref = zen_resources[entity].refs; record && *ref; ref++) {
		const char *to = zen_id(c, one, *ref);

		if (to)
			json_object_set_new(record, *ref, json_pack("{s:s}", "id", to));
	}
	out->data = record;
	return record != NULL;
}

enum mlc_step zen_emit_all(struct mlc_call *c, int entity, json_t *list)
{
	struct mlc_record r;
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		if (zen_record(c, entity, one, &r))
			c->host->emit(c, &r);
		else if (c->feed)
			c->host->emit(c, &(struct mlc_record){ .entity = zen_entities[entity].name,
				.data = json_incref(one) /* parse() keeps its own */ });
		else
			return zen_garbage(c, c->host->format(c, "a list of %s with their ids", zen_resources[entity].many));
	}
	return MLC_DONE;
}

/* ---- fetch ------------------------------------------------------------------------------- */

enum fetch_phase { FETCH_RECORD, FETCH_MERGES };

static const char *record_path(struct mlc_call *c, int entity, const char *id)
{
	const char *dash = strchr(id, '-');

	if (entity != CUSTOM_OBJECT_RECORD)
		return c->host->format(c, "%s/%s", zen_resources[entity].path, mlc_percent(c, id));
	return dash ? c->host->format(c, "%s/%.*s/records/%s", zen_resources[entity].path, (int)(dash - id), id,
		mlc_percent(c, dash + 1)) : NULL;
}

/* A 404 that Zendesk itself has said of a record. */
static bool is_missing(struct mlc_call *c)
{
	return c->reply->status == 404 && strcmp(mlc_text_or(zen_body(c), "error", ""), "RecordNotFound") == 0;
}

static enum mlc_step next_fetch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *id = c->ids[s->at], *path;

	s->phase = FETCH_RECORD;
	if (!id)
		return MLC_DONE;
	path = record_path(c, entity_of(c), id);
	if (!path)
		return c->host->fail(c, MLC_REFUSED, 0, "'%s' is no id of a %s: those are like qbo_item-01J, of its object, too", id,
			c->entity->name);
	return mlc_get(c, path);
}

/* Gone, or one with another one now?  Zendesk tells it of organizations only (SOURCES.md 3). */
static enum mlc_step ask_merges(struct mlc_call *c, const char *id)
{
	struct state *s = (struct state *)c->state;

	s->phase = FETCH_MERGES;
	return mlc_get(c, zen_page(c, c->host->format(c, "/api/v2/organizations/%s/merges", mlc_percent(c, id)), ""));
}

static const char *survivor_of(struct mlc_call *c, const char *id)
{
	json_t *list = json_object_get(zen_body(c), "organization_merges"), *merge;
	size_t i;

	json_array_foreach(list, i, merge) {
		const char *loser = zen_id(c, merge, "loser_id");

		if (loser && strcmp(loser, id) == 0 && strcmp(mlc_text_or(merge, "status", ""), "complete") == 0)
			return zen_id(c, merge, "winner_id");
	}
	return NULL;
}

static enum mlc_step digest_gone(struct mlc_call *c, const char *id)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_record r = { .entity = c->entity->name, .id = id, .deleted = true };
	const char *survivor = s->phase == FETCH_MERGES ? survivor_of(c, id) : NULL;

	if (survivor)
		c->host->merged(c, c->entity->name, id, survivor);
	else
		c->host->emit(c, &r);
	s->at++;
	return next_fetch(c);
}

enum mlc_step zen_fetch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = entity_of(c);
	const char *id = c->ids[s->at];
	struct mlc_record r;

	if (c->reply->kind != MLC_REPLY_HERE)
		return next_fetch(c);
	if (is_missing(c))
		return entity == ORGANIZATION && s->phase == FETCH_RECORD ? ask_merges(c, id) : digest_gone(c, id);
	if (c->reply->status != 200)
		return zen_failed(c, c->host->format(c, "reading %s %s", c->entity->name, id));
	if (s->phase == FETCH_MERGES)
		return json_is_array(json_object_get(zen_body(c), "organization_merges")) ? digest_gone(c, id)
			: zen_garbage(c, "a list of merges");
	if (!zen_record(c, entity, json_object_get(zen_body(c), zen_resources[entity].one), &r))
		return zen_garbage(c, "the record that was asked for");
	if (strcmp(r.id, id) != 0) {
		json_decref(r.data);
		return zen_garbage(c, "the record that was asked for");
	}
	c->host->emit(c, &r);
	s->at++;
	return next_fetch(c);
}

/* ---- find -------------------------------------------------------------------------------- */

/* A text or number, or the id of a reference; NULL: none of them. */
static const char *plain_text(struct mlc_call *c, json_t *value)
{
	if (json_is_object(value))
		return zen_id(c, value, "id");
	if (json_is_integer(value))
		return c->host->format(c, "%lld", (long long)json_integer_value(value));
	return json_string_value(value);
}

static const char *wanted(struct mlc_call *c, const char *member)
{
	return plain_text(c, json_object_get(c->data, member));
}

/* Blanks around a name do not count in Zendesk, nor does case in names, e-mails and external ids. */
static bool same_text(const char *a, const char *b)
{
	size_t a_len, b_len;

	a += strspn(a, " ");
	b += strspn(b, " ");
	for (a_len = strlen(a); a_len > 0 && a[a_len - 1] == ' ';)
		a_len--;
	for (b_len = strlen(b); b_len > 0 && b[b_len - 1] == ' ';)
		b_len--;
	return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

/* What Zendesk's search gave may be wider: each criterion is looked at again. */
static bool fits(struct mlc_call *c, const struct mlc_record *r)
{
	const char *member;
	json_t *want;

	json_object_foreach(c->data, member, want) {
		const char *has = strcmp(member, "id") == 0 ? r->id : plain_text(c, json_object_get(r->data, member));
		const char *text = plain_text(c, want);

		if (!has || !text || !same_text(has, text))
			return false;
	}
	return true;
}

static const char *listed(struct mlc_call *c, const char *path)
{
	const struct state *s = (const struct state *)c->state;

	return zen_page(c, path, s->cursor);
}

static const char *find_user(struct mlc_call *c, const char *page)
{
	const char *email = wanted(c, "email"), *external_id = wanted(c, "external_id"), *organization = wanted(c, "organization_id");

	if (!email && !external_id)
		return organization ? listed(c, c->host->format(c, "/api/v2/organizations/%s/users", mlc_percent(c, organization))) : NULL;
	return mlc_query(c, "/api/v2/users/search", (const struct mlc_param[]){
		{ "query", external_id ? NULL : c->host->format(c, "email:%s", email) },
		{ "external_id", external_id }, { "per_page", PER_PAGE }, { "page", page }, { NULL, NULL } });
}

static const char *find_membership(struct mlc_call *c)
{
	const char *user = wanted(c, "user_id"), *organization = wanted(c, "organization_id");

	if (user)
		return listed(c, c->host->format(c, "/api/v2/users/%s/organization_memberships", mlc_percent(c, user)));
	return organization ? listed(c, c->host->format(c, "/api/v2/organizations/%s/organization_memberships",
		mlc_percent(c, organization))) : NULL;
}

static const char *find_object_record(struct mlc_call *c)
{
	const char *key = wanted(c, "custom_object_key"), *external_id = wanted(c, "external_id");
	const char *path;

	if (!key)
		return NULL;
	path = c->host->format(c, "/api/v2/custom_objects/%s/records", mlc_percent(c, key));
	return external_id ? mlc_query(c, path, (const struct mlc_param[]){ { "filter%5Bexternal_ids%5D", external_id }, { NULL, NULL } })
		: listed(c, path);
}

static const char *find_path(struct mlc_call *c, unsigned page)
{
	const char *id = wanted(c, "id"), *number = page > 1 ? c->host->format(c, "%u", page) : NULL;
	int entity = entity_of(c);

	if (id)
		return record_path(c, entity, id);
	switch (entity) {
	case ORGANIZATION: {
		const char *external_id = wanted(c, "external_id"), *name = wanted(c, "name");

		/* One of them: both are a 400 (SOURCES.md 4). */
		return external_id || name ? mlc_query(c, "/api/v2/organizations/search", (const struct mlc_param[]){
			{ "external_id", external_id }, { "name", external_id ? NULL : name }, { "page", number }, { NULL, NULL } }) : NULL;
	}
	case USER:
		return find_user(c, number);
	case MEMBERSHIP:
		return find_membership(c);
	case TICKET:
		return wanted(c, "external_id") ? mlc_query(c, "/api/v2/tickets", (const struct mlc_param[]){
			{ "external_id", wanted(c, "external_id") }, { "page", number }, { NULL, NULL } }) : NULL;
	case ORGANIZATION_FIELD:
	case TICKET_FIELD:
		return listed(c, zen_resources[entity].path); /* few, and no filter for them */
	case CUSTOM_OBJECT:
		return wanted(c, "key") ? record_path(c, entity, wanted(c, "key")) : NULL;
	case CUSTOM_OBJECT_RECORD:
		return find_object_record(c);
	}
	return NULL;
}

/* The next page of a list, by cursor or by number; DONE: it was the last. */
static enum mlc_step next_page(struct mlc_call *c, json_t *body)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;

	if (!zen_more(c, body, &failed) && !mlc_text(body, "next_page"))
		return failed;
	if (++s->page == FIND_PAGES) /* nobody has proven that there is none */
		return c->host->fail(c, MLC_REFUSED, 0, "what was looked for is not among the first %d pages of %s", FIND_PAGES,
			zen_resources[entity_of(c)].many);
	return mlc_get(c, find_path(c, s->page + 1));
}

enum mlc_step zen_find(struct mlc_call *c)
{
	int entity = entity_of(c);
	const struct resource *resource = &zen_resources[entity];
	json_t *body, *list, *one;
	struct mlc_record r;
	size_t i;

	if (c->reply->kind != MLC_REPLY_HERE) {
		const char *path = find_path(c, 1);

		if (!path)
			return c->host->fail(c, MLC_REFUSED, 0, "Zendesk cannot look a %s up by what was given", c->entity->name);
		return mlc_get(c, path);
	}
	if (is_missing(c)) /* by its id or key; or what it would belong to */
		return MLC_DONE;
	if (c->reply->status != 200)
		return zen_failed(c, c->host->format(c, "looking for a %s", c->entity->name));
	body = zen_body(c);
	one = json_object_get(body, resource->one);
	list = one ? json_pack("[O]", one) : json_incref(json_object_get(body, resource->many)); /* given up below */
	if (!json_is_array(list)) {
		json_decref(list);
		return zen_garbage(c, c->host->format(c, "a list of %s", resource->many));
	}
	json_array_foreach(list, i, one) {
		if (!zen_record(c, entity, one, &r)) {
			json_decref(list);
			return zen_garbage(c, c->host->format(c, "a list of %s with their ids", resource->many));
		}
		if (!r.deleted && fits(c, &r))
			c->host->emit(c, &r);
		else
			json_decref(r.data);
	}
	json_decref(list);
	return next_page(c, body);
}

/* ---- ping -------------------------------------------------------------------------------- */

enum ping_phase { PING_ME, PING_FIELDS, PING_SAMPLE, PING_TOKENS };

/* "https://Acme.zendesk.com/" is the account "acme.zendesk.com". */
static const char *account_of(struct mlc_call *c, const char *url)
{
	const char *from = url ? strstr(url, "://") : NULL;
	size_t len;
	char *out;

	from = from ? from + 3 : url ? url : "";
	len = strcspn(from, "/");
	out = (char *)c->host->alloc(c, len + 1);
	for (size_t i = 0; out && i < len; i++)
		out[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] | 32 : from[i]);
	return out ? out : "";
}

static bool by_token(const struct mlc_call *c)
{
	const char *auth = mlc_known(c->settings, "auth");

	return auth && strcmp(auth, "basic") == 0;
}

/* Whether one may write, only the role tells: everything else would have to be tried. */
static enum mlc_step digest_me(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *me = c->reply->status == 200 ? json_object_get(zen_body(c), "user") : NULL;
	const char *role = mlc_text(me, "role");

	if (c->reply->status != 200)
		return zen_failed(c, "asking who we are");
	if (!role)
		return zen_garbage(c, "a user");
	/* Who is not logged in is told that he is nobody, with a 200 (SOURCES.md 2). */
	if (!zen_id(c, me, "id"))
		return c->host->fail(c, MLC_AUTH, 0, "Zendesk does not know the login: is it the e-mail with /token behind it, and its API"
			" token; or has the OAuth grant ended?");
	if (!c->host->fact(c, "identity", account_of(c, mlc_text_or(me, "url", mlc_known(c->settings, "url")))))
		return c->host->fail(c, MLC_REFUSED, 0, "this is another account than before: %s", mlc_text_or(me, "url", ""));
	c->host->fact(c, "user", mlc_text_or(me, "email", ""));
	c->host->fact(c, "role", role);
	c->host->fact(c, "time_zone", mlc_text_or(me, "iana_time_zone", mlc_text_or(me, "time_zone", "")));
	if (c->host->header(c, "X-Rate-Limit"))
		c->host->fact(c, "requests_per_minute", c->host->header(c, "X-Rate-Limit"));
	if (strcmp(role, "admin") != 0)
		return c->host->fail(c, MLC_AUTH, 0, "the login is of a user whose role is '%s': an administrator's is needed, who may export"
			" changes and write organizations", role);
	if (by_token(c)) {
		c->host->fact(c, "login_ends", TOKENS_END);
		c->host->log(c, MLC_WARN, "API tokens end on " TOKENS_END ", for all accounts: change to auth = \"oauth_client\" before");
	}
	s->phase = PING_FIELDS;
	return mlc_get(c, listed(c, "/api/v2/organization_fields"));
}

static enum mlc_step digest_fields(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list = c->reply->status == 200 ? json_object_get(zen_body(c), "organization_fields") : NULL, *field;
	const char *keys = "";
	size_t i;

	if (c->reply->status != 200)
		return zen_failed(c, "reading the organization fields");
	if (!json_is_array(list))
		return zen_garbage(c, "a list of organization fields");
	json_array_foreach(list, i, field)
		keys = c->host->format(c, "%s%s%s", keys, *keys ? " " : "", mlc_text_or(field, "key", "?"));
	c->host->fact(c, "organization_fields", keys);
	s->phase = PING_SAMPLE;
	return mlc_get(c, "/api/v2/organizations?" PAGE_SIZE "=1");
}

static enum mlc_step digest_sample(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list = c->reply->status == 200 ? json_object_get(zen_body(c), "organizations") : NULL;

	if (c->reply->status != 200)
		return zen_failed(c, "reading organizations");
	if (!json_is_array(list))
		return zen_garbage(c, "a list of organizations");
	if (zen_emit_all(c, ORGANIZATION, list) == MLC_FAIL)
		return MLC_FAIL;
	s->phase = PING_TOKENS;
	return mlc_get(c, zen_page(c, "/api/v2/oauth/tokens", ""));
}

/* Of no importance where we may not see them: what matters has been seen. */
static enum mlc_step digest_tokens(struct mlc_call *c)
{
	json_t *body = c->reply->status == 200 ? zen_body(c) : NULL, *list = json_object_get(body, "tokens");
	int64_t count = mlc_int_or(body, "count", (int64_t)json_array_size(list));

	if (c->reply->status != 200 && c->reply->status != 403 && c->reply->status != 404)
		return zen_failed(c, "counting tokens");
	if (c->reply->status == 200 && !json_is_array(list))
		return zen_garbage(c, "a list of tokens");
	if (list)
		c->host->fact(c, "tokens", c->host->format(c, "%lld", (long long)count));
	if (count >= TOKENS_MANY)
		c->host->log(c, MLC_WARN, "the account has %lld of %d tokens: remove old ones in Admin Center before no more can be made",
			(long long)count, TOKENS_MOST);
	return MLC_DONE;
}

enum mlc_step zen_ping(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	if (c->reply->kind != MLC_REPLY_HERE)
		return mlc_get(c, "/api/v2/users/me");
	switch ((enum ping_phase)s->phase) {
	case PING_ME:
		return digest_me(c);
	case PING_FIELDS:
		return digest_fields(c);
	case PING_SAMPLE:
		return digest_sample(c);
	case PING_TOKENS:
		return digest_tokens(c);
	}
	return MLC_FAIL;
}
