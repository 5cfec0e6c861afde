/* @name@.c - @title@: what a connector is, small and whole.
 *
 * It talks to the twin beside it and passes the conformance kit as it stands.  Change it piece by
 * piece into yours, and keep both true: the twin to the real system, this file to the twin. 
 * sdk/GUIDE.md goes along. */
#include <mlc/connector.h>
#include <mlc/help.h>

#define PER_PAGE "50"

/* ---- what it says about itself ------------------------------------------------------------- */

/* In the remote's own words and order.  Money is DECIMAL text; BARE where the wire wants a
 * number. */
static const struct mlc_field contact_fields[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 36, NULL },
	{ "version", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 80, NULL },
	{ "email", MLC_TEXT, MLC_FINDABLE, 254, NULL },
	{ "balance", MLC_DECIMAL, MLC_READONLY | MLC_BARE, 2, NULL },
	{ "modified_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_entity entities[] = {
	/* KEYED: a second POST with the same Idempotency-Key makes nothing new. */
	{ "contact", MLC_CREATE | MLC_UPDATE | MLC_VERSIONED | MLC_KEYED, 1, NULL, contact_fields },
	{ NULL },
};

static const char *const contacts[] = { "contact", NULL };
static const struct mlc_feed feeds[] = { { "contacts", contacts, 300, 0 }, { NULL } };

static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "address of the account, https://..." },
	{ "token", MLC_TEXT, MLC_REQUIRED, true, "the API token" },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = { { "api", "{url}" }, { NULL } };
static const struct mlc_auth auth[] = { { .kind = MLC_AUTH_HEADER, .pass = "token" },
	{ .kind = (enum mlc_auth_kind)0 } };

/* ---- replies --------------------------------------------------------------------------------- */

/* A failed reply, as the one thing that the host does next. */
static enum mlc_step failed(struct mlc_call *c)
{
	int status = c->reply->status;
	json_t *reply = c->host->parse(c, c->reply->body, c->reply->body_len);
	const char *why = mlc_text_or(reply, "error", "no reason given");

	if (status == 401 || status == 403)
		return c->host->fail(c, MLC_AUTH, 0, "%d: %s", status, why);
	if (status == 429)
		return c->host->fail(c, MLC_LIMITED,
			mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, 60000),
			"%s", why);
	if (status == 409)
		return c->host->fail(c, MLC_STALE, 0, "%s", why);
	if (mlc_may_be_done(status))
		return c->host->fail(c, c->write_count ? MLC_IN_DOUBT : MLC_RETRY, 0, "status %d", status);
	if (status == 404 || status == 422)
		return c->host->fail(c, MLC_REFUSED, 0, "%s", why);
	if (status >= 300 && status < 400) { /* never followed: our token would go along */
		const char *to = c->host->header(c, "Location");

		return c->host->fail(c, MLC_BROKEN, 0, "it redirects to %s; is that its address now?", to ? to : "somewhere else");
	}
	return c->host->fail(c, MLC_BROKEN, 0, "status %d", status);
}

/* The reply as JSON, or NULL: then it is not what the remote promises. */
static json_t *reply_of(struct mlc_call *c)
{
	return c->host->parse(c, c->reply->body, c->reply->body_len);
}

/* False: not a contact. */
static bool record_of(struct mlc_call *c, json_t *o, struct mlc_record *r)
{
	const char *id = mlc_word(c, o, "id"), *version = mlc_word(c, o, "version");

	if (!id || !version)
		return false;
	*r = (struct mlc_record){ .entity = "contact", .id = id, .version = version,
		.deleted = json_is_true(mlc_at(o, "deleted")) };
	mlc_instant(mlc_text(o, "modified_at"), &r->changed_ms);
	if (!r->deleted)
		r->data = json_incref(o); /* emit() and settle() take it over */
	return true;
}

/* ---- operations: digest what came, then ask for the next thing --------------------------- */

static enum mlc_step ping(struct mlc_call *c)
{
	json_t *me;

	if (c->reply->kind == MLC_REPLY_NONE)
		return mlc_get(c, "/me");
	if (c->reply->status != 200)
		return failed(c);
	me = reply_of(c);
	if (!mlc_text(me, "account"))
		return c->host->fail(c, MLC_BROKEN, 0, "the reply names no account");
	/* Another identity than last time: the host holds the connection, and we give nothing
	 * away. */
	if (!c->host->fact(c, "identity", mlc_text(me, "account")))
		return c->host->fail(c, MLC_REFUSED, 0, "this is another account than last time");
	c->host->fact(c, "company", mlc_text_or(me, "company", ""));
	return MLC_DONE;
}

static enum mlc_step ask_page(struct mlc_call *c, const char *after)
{
	return mlc_get(c, mlc_query(c, "/contacts",
		(const struct mlc_param[]){ { "after", after }, { "limit", PER_PAGE }, { NULL } }));
}

static enum mlc_step poll(struct mlc_call *c)
{
	json_t *page, *list, *one;
	struct mlc_record r;
	const char *next;
	size_t i;

	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_page(c, c->cursor);
	if (c->reply->status != 200)
		return failed(c);
	page = reply_of(c);
	list = mlc_at(page, "contacts");
	next = mlc_text(page, "next");
	if (!json_is_array(list) || !next) /* garbage is not an empty page */
		return c->host->fail(c, MLC_BROKEN, 0, "the reply holds no contacts");
	json_array_foreach(list, i, one) {
		/* One that lacks its id goes before a person, and keeps no other back. */
		if (!record_of(c, one, &r))
			r = (struct mlc_record){ .entity = "contact", .data = json_incref(one) /* parse() keeps its own */ };
		c->host->emit(c, &r);
	}
	c->host->advance(c, next, 0);
	return json_is_true(mlc_at(page, "more")) ? ask_page(c, next) : MLC_DONE;
}

/* ids are asked for one by one; state counts them. */
static enum mlc_step fetch(struct mlc_call *c)
{
	size_t *at = (size_t *)c->state;
	struct mlc_record r;

	if (c->reply->kind == MLC_REPLY_HERE) {
		if (c->reply->status == 404)
			r = (struct mlc_record){ .entity = "contact", .id = c->ids[*at],
				.deleted = true };
		else if (c->reply->status != 200)
			return failed(c);
		else if (!record_of(c, reply_of(c), &r))
			return c->host->fail(c, MLC_BROKEN, 0, "the reply is no contact");
		c->host->emit(c, &r);
		++*at;
	}
	return c->ids[*at] ? mlc_get(c, c->host->format(c, "/contacts/%s",
		mlc_percent(c, c->ids[*at]))) : MLC_DONE;
}

static enum mlc_step find(struct mlc_call *c)
{
	json_t *list, *one;
	struct mlc_record r;
	size_t i;

	if (c->reply->kind == MLC_REPLY_NONE)
		return mlc_get(c, mlc_query(c, "/contacts",
			(const struct mlc_param[]){ { "name", mlc_text(c->data, "name") },
			{ "email", mlc_text(c->data, "email") }, { NULL } }));
	if (c->reply->status != 200)
		return failed(c);
	list = mlc_at(reply_of(c), "contacts");
	if (!json_is_array(list))
		return c->host->fail(c, MLC_BROKEN, 0, "the reply holds no contacts");
	json_array_foreach(list, i, one) {
		if (!record_of(c, one, &r))
			return c->host->fail(c, MLC_BROKEN, 0, "a contact without id or version");
		c->host->emit(c, &r);
	}
	return MLC_DONE;
}

static enum mlc_step ask_write(struct mlc_call *c)
{
	const struct mlc_write *w = &c->writes[0];
	const char **headers = (const char **)c->host->alloc(c, 3 * sizeof *headers);
	const char *body;
	size_t len;

	if (!headers)
		return c->host->fail(c, MLC_RETRY, 0, "no memory left");
	headers[0] = c->host->format(c, "Idempotency-Key: %s", w->key);
	headers[1] = w->version ? c->host->format(c, "If-Match: %s", w->version) : NULL;
	c->request->headers = headers;
	body = c->host->dump(c, json_incref(w->data) /* dump() drops it */, c->entity, &len);
	if (w->verb == MLC_DO_CREATE)
		return mlc_send_json(c, "POST", "/contacts", body, len);
	return mlc_send_json(c, "PATCH", c->host->format(c, "/contacts/%s", mlc_percent(c, w->id)),
		body, len);
}

static enum mlc_step write(struct mlc_call *c)
{
	struct mlc_record r;

	switch (c->reply->kind) {
	case MLC_REPLY_NONE:
	case MLC_REPLY_PAUSED:
		return ask_write(c);
	case MLC_REPLY_LOST:
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply came");
	case MLC_REPLY_HERE:
		break;
	}
	if (c->reply->status != 200 && c->reply->status != 201)
		return failed(c);
	if (!record_of(c, reply_of(c), &r))
		return c->host->fail(c, MLC_IN_DOUBT, 0, "the reply does not say what was written");
	c->host->settle(c, 0, &r);
	return MLC_DONE;
}

/* ---- the one exported table -------------------------------------------------------------- */

const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK,
	.size = sizeof(struct mlc_connector),
	.name = "@name@",
	.title = "@title@",
	.version = "0.1.0",
	.entities = entities,
	.feeds = feeds,
	.settings = settings,
	.endpoints = endpoints,
	.auth = auth,
	.per_minute = 600,
	.at_once = 4,
	.state_size = sizeof(size_t),
	.ping = ping,
	.poll = poll,
	.fetch = fetch,
	.find = find,
	.write = write,
};
