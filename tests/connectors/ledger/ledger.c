/* ledger.c - a third system, which no shipped integration knows: for tests that a flow between any
 * two systems is configuration (ALL-01).  It uses sdk/ only.
 *
 * A ledger keeps parties and entries.  Entries carry our key in `reference` (MARKED) and can be
 * found by it; parties are KEYED.  Its news are signed (hex HMAC over time and body) and are hints
 * only. */
#include <mlc/connector.h>
#include <mlc/help.h>

#define LEASE_MS INT64_C(86400000)

/* ---- tables ---------------------------------------------------------------------------------- */

static const struct mlc_field party_fields[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 20, NULL },
	{ "revision", MLC_TEXT, MLC_READONLY, 20, NULL },
	{ "changed", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 60, NULL },
	{ "mail", MLC_TEXT, MLC_FINDABLE, 120, NULL },
	{ "note", MLC_TEXT, 0, 200, NULL },
	{ "phone", MLC_TEXT, 0, 30, NULL },
	{ "city", MLC_TEXT, 0, 60, NULL },
	{ "closed", MLC_BOOL, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field line_fields[] = {
	{ "account", MLC_TEXT, MLC_REQUIRED, 20, NULL },
	{ "amount", MLC_DECIMAL, MLC_REQUIRED | MLC_BARE, 2, NULL },
	{ "text", MLC_TEXT, 0, 100, NULL },
	{ NULL },
};

static const struct mlc_field entry_fields[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 20, NULL },
	{ "revision", MLC_TEXT, MLC_READONLY, 20, NULL },
	{ "changed", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "reference", MLC_TEXT, MLC_FINDABLE | MLC_IMMUTABLE, 36, NULL },
	{ "number", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 20, NULL },
	{ "day", MLC_DATE, MLC_REQUIRED, 0, NULL },
	{ "currency", MLC_TEXT, 0, 3, NULL },
	{ "due", MLC_DATE, 0, 0, NULL },
	{ "open", MLC_DECIMAL, MLC_BARE, 2, NULL },
	{ "party", MLC_REF, MLC_FINDABLE, 0, "party" },
	{ "total", MLC_DECIMAL, MLC_REQUIRED | MLC_BARE, 2, NULL },
	{ "lines", MLC_LIST, 0, 0, "line" },
	{ NULL },
};

static const struct mlc_entity entities[] = {
	{ "party", MLC_CREATE | MLC_UPDATE | MLC_VERSIONED | MLC_KEYED, 1, NULL, party_fields },
	{ "entry", MLC_CREATE | MLC_DELETE | MLC_VERSIONED | MLC_MARKED, 1, "reference",
	entry_fields },
	{ "line", MLC_PART, 0, NULL, line_fields },
	{ NULL },
};

static const char *const in_parties[] = { "party", NULL };
static const char *const in_entries[] = { "entry", NULL };
static const struct mlc_feed feeds[] = {
	{ "parties", in_parties, 600, 0 },
	{ "entries", in_entries, 300, 0 },
	{ NULL },
};

static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "address of the ledger" },
	{ "identity", MLC_TEXT, 0, false, "which books it must be" },
	{ "token", MLC_TEXT, MLC_REQUIRED, true, "the ledger's token" },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = { { "ledger", "{url}" }, { NULL } };
static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_HEADER, .pass = "token", .header = "X-Ledger-Token: {token}" },
	{ .kind = (enum mlc_auth_kind)0 },
};
static const struct mlc_signature signature = {
	.header = "X-Ledger-Signature", .over = "{header:X-Ledger-Time}.{body}",
		.secret = "news_secret", .hex = true,
};

/* ---- replies ----------------------------------------------------------------------------- */

static const struct mlc_fault_code faults[] = {
	{ "wrong_token", MLC_AUTH }, { "stale", MLC_STALE }, { "taken", MLC_REFUSED },
		{ "invalid", MLC_REFUSED },
	{ "closed", MLC_REFUSED }, { "gone", MLC_REFUSED }, { "busy", MLC_RETRY },
	{ NULL, MLC_BROKEN },
};

static enum mlc_step failed(struct mlc_call *c)
{
	json_t *reply = c->host->parse(c, c->reply->body, c->reply->body_len);
	const char *code = mlc_text(reply, "code");
	enum mlc_fault fault = mlc_fault_of(faults, code);
	int status = c->reply->status;

	if (status == 429)
		return c->host->fail(c, MLC_LIMITED,
			mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, 30000),
			"too fast");
	if (status == 401 || status == 403)
		fault = MLC_AUTH;
	else if (mlc_may_be_done(status) && !code) /* something in front of it */
		fault = c->write_count ? MLC_IN_DOUBT : MLC_RETRY;
	return c->host->fail(c, fault, 0, "%d: %s", status,
		mlc_text_or(reply, "message", "no reason given"));
}

static bool record_of(struct mlc_call *c, const char *entity, json_t *o, struct mlc_record *r)
{
	(void)c;
	*r = (struct mlc_record){ .entity = entity, .id = mlc_text(o, "id"),
		.version = mlc_text(o, "revision"),
		.deleted = json_is_true(mlc_at(o, "deleted")) };
	if (!r->id || !*r->id || !r->version)
		return false;
	mlc_instant(mlc_text(o, "changed"), &r->changed_ms);
	if (!r->deleted)
		r->data = json_incref(o); /* emit() and settle() take it over */
	return true;
}

static bool emit_all(struct mlc_call *c, const char *entity, json_t *list)
{
	struct mlc_record r;
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		if (!record_of(c, entity, one, &r))
			return false;
		c->host->emit(c, &r);
	}
	return json_is_array(list);
}

static const char *folder_of(const struct mlc_entity *e)
{
	return e->name[0] == 'p' ? "/parties" : "/entries";
}

/* ---- reading ----------------------------------------------------------------------------- */

static enum mlc_step ping(struct mlc_call *c)
{
	const char *books;

	if (c->reply->kind == MLC_REPLY_NONE)
		return mlc_get(c, "/books");
	if (c->reply->status != 200)
		return failed(c);
	books = mlc_text(c->host->parse(c, c->reply->body, c->reply->body_len), "books");
	if (!books)
		return c->host->fail(c, MLC_BROKEN, 0, "the ledger does not name its books");
	if (!c->host->fact(c, "identity", books))
		return c->host->fail(c, MLC_REFUSED, 0, "these are other books: %s", books);
	return MLC_DONE;
}

static enum mlc_step ask_since(struct mlc_call *c, const char *since)
{
	return mlc_get(c, c->host->format(c, "/%s?since=%s", c->feed->name,
		mlc_percent(c, since ? since : "0")));
}

static enum mlc_step poll(struct mlc_call *c)
{
	json_t *page;
	const char *upto;

	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_since(c, c->cursor);
	if (c->reply->status != 200)
		return failed(c);
	page = c->host->parse(c, c->reply->body, c->reply->body_len);
	upto = mlc_text(page, "upto");
	if (!upto || !emit_all(c, c->feed->entities[0], mlc_at(page, "list")))
		return c->host->fail(c, MLC_BROKEN, 0, "the reply holds no %s", c->feed->name);
	c->host->advance(c, upto, 0);
	return json_is_true(mlc_at(page, "more")) ? ask_since(c, upto) : MLC_DONE;
}

static enum mlc_step fetch(struct mlc_call *c)
{
	size_t *at = (size_t *)c->state;
	struct mlc_record r;

	if (c->reply->kind == MLC_REPLY_HERE) {
		if (c->reply->status == 404)
			r = (struct mlc_record){ .entity = c->entity->name, .id = c->ids[*at],
				.deleted = true };
		else if (c->reply->status != 200)
			return failed(c);
		else if (!record_of(c, c->entity->name,
			c->host->parse(c, c->reply->body, c->reply->body_len), &r))
			return c->host->fail(c, MLC_BROKEN, 0, "the reply is no %s",
				c->entity->name);
		c->host->emit(c, &r);
		++*at;
	}
	return c->ids[*at] ? mlc_get(c, c->host->format(c, "%s/%s", folder_of(c->entity),
		mlc_percent(c, c->ids[*at]))) : MLC_DONE;
}

static enum mlc_step find(struct mlc_call *c)
{
	static const char *const members[] = { "name", "mail", "reference", "number", "party" };
	const char *path = folder_of(c->entity), *mark = "?";

	if (c->reply->kind == MLC_REPLY_NONE) {
		for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
			const char *value = mlc_text(c->data, members[i]);

			if (!value)
				continue;
			path = c->host->format(c, "%s%s%s=%s", path, mark, members[i],
				mlc_percent(c, value));
			mark = "&";
		}
		return mlc_get(c, path);
	}
	if (c->reply->status != 200)
		return failed(c);
	if (!emit_all(c, c->entity->name, mlc_at(c->host->parse(c, c->reply->body,
		c->reply->body_len), "list")))
		return c->host->fail(c, MLC_BROKEN, 0, "the reply holds no list");
	return MLC_DONE;
}

/* ---- writing ----------------------------------------------------------------------------- */

static enum mlc_step ask_write(struct mlc_call *c)
{
	const struct mlc_write *w = &c->writes[0];
	const char **headers = (const char **)c->host->alloc(c, 3 * sizeof *headers);
	const char *path = folder_of(c->entity), *body = NULL;
	size_t count = 0, len = 0;

	if (!headers)
		return c->host->fail(c, MLC_RETRY, 0, "no memory left");
	if (c->entity->flags & MLC_KEYED)
		headers[count++] = c->host->format(c, "X-Once: %s", w->key);
	if (w->version)
		headers[count++] = c->host->format(c, "X-Revision: %s", w->version);
	c->request->headers = headers;
	if (w->id)
		path = c->host->format(c, "%s/%s", path, mlc_percent(c, w->id));
	if (w->verb != MLC_DO_DELETE)
		body = c->host->dump(c, json_incref(w->data) /* dump() drops it */, c->entity,
			&len);
	return mlc_send_json(c, w->verb == MLC_DO_CREATE ? "POST" : w->verb == MLC_DO_DELETE
		? "DELETE" : "PATCH", path, body, len);
}

static enum mlc_step write(struct mlc_call *c)
{
	struct mlc_record r;

	if (c->reply->kind == MLC_REPLY_NONE || c->reply->kind == MLC_REPLY_PAUSED)
		return ask_write(c);
	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply came");
	if (c->reply->status == 500)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "the ledger broke down over it");
	if (c->reply->status != 200 && c->reply->status != 201)
		return failed(c);
	if (!record_of(c, c->entity->name, c->host->parse(c, c->reply->body, c->reply->body_len),
		&r))
		return c->host->fail(c, MLC_IN_DOUBT, 0, "the reply does not say what was written");
	c->host->settle(c, 0, &r);
	return MLC_DONE;
}

/* ---- news -------------------------------------------------------------------------------- */

static enum mlc_step subscribe(struct mlc_call *c)
{
	if (c->reply->kind == MLC_REPLY_NONE) {
		c->host->keep(c, "news_secret", c->nonce);
		c->request->method = "PUT";
		c->request->path = "/news";
		c->request->type = "application/json";
		c->request->body = c->hook_url ? c->host->format(c,
			"{\"to\":\"%s\",\"secret\":\"{secret:news_secret}\"}", c->hook_url) :
			"{\"to\":null}";
		c->request->body_len = strlen(c->request->body);
		/* The same address and secret again changes nothing */
		c->request->repeatable = true;
		return MLC_SEND;
	}
	if (c->reply->status != 200)
		return failed(c);
	if (!json_is_true(mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "agreed")))
		return c->host->fail(c, MLC_BROKEN, 0, "the ledger does not agree to send news");
	c->host->advance(c, "agreed", c->now_ms + LEASE_MS);
	return MLC_DONE;
}

/* {"changed":[{"entity":"entry","id":"e1"}]}: only that something changed; the host fetches it. */
static enum mlc_step receive(struct mlc_call *c)
{
	json_t *list = mlc_at(c->host->parse(c, c->inbound->body, c->inbound->body_len), "changed"),
		*one;
	size_t i;

	if (!json_is_array(list)) {
		c->answer->status = 400;
		return c->host->fail(c, MLC_BROKEN, 0, "news without a list of what has changed");
	}
	json_array_foreach(list, i, one) {
		const char *entity = mlc_text_or(one, "entity", ""),
			*id = mlc_text_or(one, "id", "");

		if (*id && (!strcmp(entity, "party") || !strcmp(entity, "entry")))
			c->host->emit(c, &(struct mlc_record){ .entity = entity, .id = id,
				.hint = true });
	}
	return MLC_DONE;
}

const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK, .size = sizeof(struct mlc_connector), .name = "ledger", .title = "Ledger",
		.version = "1.0.0",
	.entities = entities, .feeds = feeds, .settings = settings, .endpoints = endpoints,
	.auth = auth, .signature = &signature,
	.at_once = 4, .state_size = sizeof(size_t),
	.ping = ping, .poll = poll, .fetch = fetch, .find = find, .write = write,
	.subscribe = subscribe, .receive = receive,
};
