/* office.c - a remote that wants OAuth 2: by a person's consent, or as a client. */
#include <mlc/help.h>

#include <stdlib.h>
#include <string.h>

static const struct mlc_field thing[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED, 40, NULL },
	{ NULL },
};
static const struct mlc_entity entities[] = { { "thing", MLC_CREATE | MLC_KEYED, 1, NULL, thing }, { NULL } };
static const char *const things[] = { "thing", NULL };
static const struct mlc_feed feeds[] = { { "things", things, 300, 0 }, { NULL } };
static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "where the office is" },
	{ "client_id", MLC_TEXT, MLC_REQUIRED, false, "the client" },
	{ "client_secret", MLC_TEXT, MLC_REQUIRED, true, "its secret" },
	{ "verifier", MLC_TEXT, 0, true, "what webhooks are signed with" },
	{ NULL },
};
static const struct mlc_endpoint endpoints[] = { { "api", "{api_domain|url}" }, { NULL } };
static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_OAUTH_CODE, .user = "client_id", .pass = "client_secret", .authorize_url = "{url}/authorize",
	  .token_url = "{accounts-server|url}/token", .scope = "things.read,things.write",
	  .extra = "access_type=offline&code_challenge_method=S256&token:expires_in=1800&header:X-Include=yes",
	  .style = MLC_CLIENT_BASIC, .header = "Authorization: Office-token {token}" },
	{ .kind = MLC_AUTH_OAUTH_CLIENT, .user = "client_id", .pass = "client_secret", .token_url = "{url}/token",
	  .scope = "all", .extra = "soid=Office.7", .style = MLC_CLIENT_FORM },
	{ .kind = (enum mlc_auth_kind)0 },
};
static const struct mlc_revocation revocation = { "{accounts-server|url}/revoke?token={secret:token}", "application/json",
	"{\"token\":\"{secret:token}\"}", true };
static const struct mlc_signature signature = { "X-Sig", "{body}", "verifier", false, false };

struct state { int unused; };

static const char *text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static enum mlc_step failed(struct mlc_call *c)
{
	int status = c->reply->status;
	enum mlc_fault fault = status == 401 || status == 403 ? MLC_AUTH : status == 429 ? MLC_LIMITED
		: !mlc_may_be_done(status) ? MLC_BROKEN : c->write_count ? MLC_IN_DOUBT : MLC_RETRY;
	const char *wait = c->host->header(c, "Retry-After");

	return c->host->fail(c, fault, fault == MLC_LIMITED ? 1000 * (wait ? (uint32_t)strtoul(wait, NULL, 10) : 60) : 0, "status %d",
		status);
}

static enum mlc_step get(struct mlc_call *c, const char *path)
{
	c->request->method = "GET";
	c->request->path = path;
	c->request->repeatable = true;
	return MLC_SEND;
}

static enum mlc_step ping(struct mlc_call *c)
{
	const char *realm = text(c->token, "realmId");

	if (c->reply->kind != MLC_REPLY_HERE)
		return get(c, c->host->format(c, "/me/%s", realm ? realm : "nobody"));
	if (c->reply->status != 200)
		return failed(c);
	json_t *me = c->host->parse(c, c->reply->body, c->reply->body_len);
	if (!text(me, "identity"))
		return c->host->fail(c, MLC_AUTH, 0, "it says 200, and does not know us");
	c->host->fact(c, "identity", text(me, "identity"));
	return MLC_DONE;
}

static enum mlc_step poll(struct mlc_call *c)
{
	json_t *list, *one;
	size_t i;

	if (c->reply->kind != MLC_REPLY_HERE)
		return get(c, "/things");
	if (c->reply->status != 200)
		return failed(c);
	list = json_object_get(c->host->parse(c, c->reply->body, c->reply->body_len), "things");
	if (!json_is_array(list))
		return c->host->fail(c, MLC_BROKEN, 0, "the reply holds no things");
	json_array_foreach(list, i, one) {
		if (!text(one, "id") || !*text(one, "id"))
			return c->host->fail(c, MLC_BROKEN, 0, "a thing without an id");
		c->host->emit(c, &(struct mlc_record){ .entity = "thing", .id = text(one, "id"),
			.data = json_incref(one) /* given to the host */ });
	}
	c->host->advance(c, "1", 0);
	return MLC_DONE;
}

static enum mlc_step write(struct mlc_call *c)
{
	size_t len;

	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply");
	if (c->reply->kind == MLC_REPLY_HERE) {
		if (c->reply->status != 201)
			return failed(c);
		json_t *made = c->host->parse(c, c->reply->body, c->reply->body_len);
		if (!text(made, "id") || !*text(made, "id"))
			return c->host->fail(c, MLC_IN_DOUBT, 0, "it does not say what it made");
		c->host->settle(c, 0, &(struct mlc_record){ .entity = "thing", .id = text(made, "id") });
		return MLC_DONE;
	}
	c->request->method = "POST";
	c->request->path = "/things";
	c->request->type = "application/json";
	c->request->body = c->host->dump(c, json_incref(c->writes[0].data) /* dump drops it */, c->entity, &len);
	c->request->body_len = len;
	return MLC_SEND;
}

/* One delivery speaks for several companies. */
static enum mlc_step receive(struct mlc_call *c)
{
	json_t *list = c->host->parse(c, c->inbound->body, c->inbound->body_len), *one;
	size_t i;

	if (!json_is_array(list))
		return c->host->fail(c, MLC_BROKEN, 0, "no list");
	json_array_foreach(list, i, one) {
		if (!text(one, "id") || !*text(one, "id"))
			return c->host->fail(c, MLC_BROKEN, 0, "a thing without an id");
		if (text(one, "into"))
			c->host->merged_of(c, text(one, "company"), "thing", text(one, "id"), text(one, "into"));
		else
			c->host->emit(c, &(struct mlc_record){ .entity = "thing", .id = text(one, "id"),
				.account = text(one, "company"), .hint = true });
	}
	return MLC_DONE;
}

const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK, .size = sizeof(struct mlc_connector), .name = "office", .title = "Office", .version = "1.0.0",
	.entities = entities, .feeds = feeds, .settings = settings, .endpoints = endpoints, .auth = auth,
	.signature = &signature, .at_once = 4, .state_size = sizeof(struct state),
	.ping = ping, .poll = poll, .write = write, .receive = receive, .revocation = &revocation,
};
