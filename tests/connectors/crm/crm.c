/* crm.c - a system with accounts that people edit, merge and give fields of their own: for tests of what
 * flows do between two sides that both change.  It uses sdk/ only.
 *
 * Writes go in batches of five, each with its own key, revision and outcome.  The one feed tells changes,
 * deletions and merges, and forgets the latter two after 90 days. */
#include <mlc/connector.h>
#include <mlc/help.h>

#define BATCH 5

/* ---- tables ---------------------------------------------------------------------------------- */

static const struct mlc_field account_fields[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 20, NULL },
	{ "revision", MLC_TEXT, MLC_READONLY, 20, NULL },
	{ "changed", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 60, NULL },
	{ "mail", MLC_TEXT, MLC_FINDABLE, 120, NULL },
	{ "phone", MLC_TEXT, 0, 30, NULL },
	{ "city", MLC_TEXT, 0, 60, NULL },
	{ "note", MLC_TEXT, 0, 200, NULL },
	{ "active", MLC_BOOL, 0, 0, NULL },
	{ "open", MLC_INTEGER, 0, 0, NULL },
	{ "overdue", MLC_INTEGER, 0, 0, NULL },
	{ "balance", MLC_DECIMAL, 0, 2, NULL },
	{ NULL },
};

static const struct mlc_entity entities[] = {
	{ "account", MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_VERSIONED | MLC_KEYED, BATCH, NULL, account_fields },
	{ NULL },
};

static const char *const in_accounts[] = { "account", NULL };
static const struct mlc_feed feeds[] = {
	{ "accounts", in_accounts, 60, 90 * 86400 },
	{ NULL },
};

static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "address of the crm" },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = { { "crm", "{url}" }, { NULL } };

/* ---- replies --------------------------------------------------------------------------------- */

static const struct mlc_fault_code faults[] = {
	{ "stale", MLC_STALE }, { "invalid", MLC_REFUSED }, { "gone", MLC_STALE }, { "busy", MLC_RETRY },
	{ "unsure", MLC_IN_DOUBT }, { NULL, MLC_BROKEN },
};

static enum mlc_step failed(struct mlc_call *c)
{
	json_t *reply = c->host->parse(c, c->reply->body, c->reply->body_len);
	const char *code = mlc_text(reply, "code");
	enum mlc_fault fault = mlc_fault_of(faults, code);
	int status = c->reply->status;

	if (status == 401 || status == 403)
		fault = MLC_AUTH;
	else if (status == 429)
		fault = MLC_LIMITED;
	else if (mlc_may_be_done(status) && !code) /* something in front of it */
		fault = c->write_count ? MLC_IN_DOUBT : MLC_RETRY;
	return c->host->fail(c, fault, fault == MLC_LIMITED ? mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, 30000) : 0,
		"%d: %s", status, mlc_text_or(reply, "message", "no reason given"));
}

static json_t *body_of(struct mlc_call *c)
{
	return c->host->parse(c, c->reply->body, c->reply->body_len);
}

static bool record_of(json_t *o, struct mlc_record *r)
{
	*r = (struct mlc_record){ .entity = "account", .id = mlc_text(o, "id"), .version = mlc_text(o, "revision") };
	if (!r->id || !*r->id || !r->version)
		return false;
	mlc_instant(mlc_text(o, "changed"), &r->changed_ms);
	r->data = json_incref(o); /* emit() and settle() take it over */
	return true;
}

static bool tell(struct mlc_call *c, json_t *one)
{
	const char *survivor = mlc_text(one, "merged_into");
	struct mlc_record r;

	if (survivor) {
		c->host->merged(c, "account", mlc_text_or(one, "id", ""), survivor);
		return true;
	}
	if (json_is_true(mlc_at(one, "deleted"))) {
		c->host->emit(c, &(struct mlc_record){ .entity = "account", .id = mlc_text(one, "id"), .deleted = true });
		return true;
	}
	if (!record_of(one, &r))
		return false;
	c->host->emit(c, &r);
	return true;
}

static bool tell_all(struct mlc_call *c, json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!tell(c, one))
			return false;
	return json_is_array(list);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum mlc_step ping(struct mlc_call *c)
{
	if (c->reply->kind == MLC_REPLY_NONE)
		return mlc_get(c, "/fields");
	if (c->reply->status != 200)
		return failed(c);
	if (!json_is_array(mlc_at(body_of(c), "fields")))
		return c->host->fail(c, MLC_BROKEN, 0, "the reply holds no fields");
	return c->host->fact(c, "identity", "crm-1") ? MLC_DONE : c->host->fail(c, MLC_REFUSED, 0, "another crm");
}

static enum mlc_step discover(struct mlc_call *c)
{
	json_t *list, *one;
	size_t i;

	if (c->reply->kind == MLC_REPLY_NONE)
		return mlc_get(c, "/fields");
	if (c->reply->status != 200)
		return failed(c);
	list = mlc_at(body_of(c), "fields");
	if (!json_is_array(list))
		return c->host->fail(c, MLC_BROKEN, 0, "the reply holds no fields");
	c->host->describe(c, "account", NULL);
	json_array_foreach(list, i, one) {
		const char *type = mlc_text_or(one, "type", "");

		c->host->describe(c, "account", &(struct mlc_field){ .name = mlc_text(one, "name"),
			.type = !strcmp(type, "decimal") ? MLC_DECIMAL : !strcmp(type, "bool") ? MLC_BOOL : MLC_TEXT,
			.limit = (uint32_t)mlc_int_or(one, "limit", 0) });
	}
	return MLC_DONE;
}

static enum mlc_step ask_since(struct mlc_call *c, const char *since)
{
	return mlc_get(c, c->host->format(c, "/accounts?since=%s", mlc_percent(c, since ? since : "0")));
}

static enum mlc_step poll(struct mlc_call *c)
{
	json_t *page;
	const char *upto;

	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_since(c, c->cursor);
	if (c->reply->status != 200)
		return failed(c);
	page = body_of(c);
	upto = mlc_text(page, "upto");
	if (!upto || !tell_all(c, mlc_at(page, "list")))
		return c->host->fail(c, MLC_BROKEN, 0, "the reply holds no accounts");
	c->host->advance(c, upto, 0);
	return json_is_true(mlc_at(page, "more")) ? ask_since(c, upto) : MLC_DONE;
}

static enum mlc_step fetch(struct mlc_call *c)
{
	size_t *at = (size_t *)c->state;

	if (c->reply->kind == MLC_REPLY_HERE) {
		if (c->reply->status == 404)
			c->host->emit(c, &(struct mlc_record){ .entity = "account", .id = c->ids[*at], .deleted = true });
		else if (c->reply->status != 200)
			return failed(c);
		else if (!tell(c, body_of(c)))
			return c->host->fail(c, MLC_BROKEN, 0, "the reply is no account");
		++*at;
	}
	return c->ids[*at] ? mlc_get(c, c->host->format(c, "/accounts/%s", mlc_percent(c, c->ids[*at]))) : MLC_DONE;
}

static enum mlc_step find(struct mlc_call *c)
{
	const char *name = mlc_text(c->data, "name"), *mail = mlc_text(c->data, "mail");

	if (c->reply->kind == MLC_REPLY_NONE)
		return mlc_get(c, c->host->format(c, "/accounts?%s=%s", name ? "name" : "mail", mlc_percent(c, name ? name : mail)));
	if (c->reply->status != 200)
		return failed(c);
	return tell_all(c, mlc_at(body_of(c), "list")) ? MLC_DONE : c->host->fail(c, MLC_BROKEN, 0, "the reply holds no list");
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum mlc_step ask_write(struct mlc_call *c)
{
	static const char *const verbs[] = { "?", "create", "update", "delete", "void" };
	json_t *all = json_array();
	const char *body;
	size_t len = 0;

	for (size_t i = 0; i < c->write_count; i++) {
		const struct mlc_write *w = &c->writes[i];
		json_t *one = json_pack("{s:s,s:s,s:s?,s:s?}", "verb", verbs[w->verb], "key", w->key, "id", w->id,
			"revision", w->version);

		json_object_set(one, "data", w->data); /* read only: the write keeps its own */
		json_array_append_new(all, one);
	}
	body = c->host->dump(c, all, NULL, &len);
	return body ? mlc_send_json(c, "POST", "/batch", body, len) : c->host->fail(c, MLC_BROKEN, 0, "a batch too large");
}

static enum mlc_step write(struct mlc_call *c)
{
	json_t *results, *one;
	struct mlc_record r;
	const char *code;

	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_write(c);
	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply came");
	if (c->reply->status != 200)
		return failed(c);
	results = mlc_at(body_of(c), "results");
	for (size_t i = 0; i < c->write_count; i++) {
		one = json_array_get(results, i);
		code = mlc_text(one, "code");
		if (code)
			c->host->refuse(c, i, mlc_fault_of(faults, code), 0, "%s", mlc_text_or(one, "message", code));
		else if (c->writes[i].verb == MLC_DO_DELETE && one)
			c->host->settle(c, i, &(struct mlc_record){ .entity = "account", .id = c->writes[i].id });
		else if (record_of(mlc_at(one, "record"), &r))
			c->host->settle(c, i, &r);
		else
			c->host->refuse(c, i, MLC_IN_DOUBT, 0, "the reply does not say what was written");
	}
	return MLC_DONE;
}

const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK, .size = sizeof(struct mlc_connector), .name = "crm", .title = "CRM", .version = "1.0.0",
	.entities = entities, .feeds = feeds, .settings = settings, .endpoints = endpoints,
	.at_once = 4, .state_size = sizeof(size_t),
	.ping = ping, .discover = discover, .poll = poll, .fetch = fetch, .find = find, .write = write,
};
