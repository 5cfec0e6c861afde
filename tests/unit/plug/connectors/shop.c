/* shop.c - a remote that we call, small and whole: every way a request can go. */
#include <mlc/connector.h>

#include <string.h>

static const struct mlc_field thing[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 40, NULL },
	{ "price", MLC_DECIMAL, MLC_BARE, 2, NULL },
	{ NULL },
};
static const struct mlc_entity entities[] = { { "thing", MLC_CREATE | MLC_KEYED, 5, NULL, thing },
	{ NULL } };
static const char *const things[] = { "thing", NULL };
static const struct mlc_feed feeds[] = { { "things", things, 300, 0 }, { "whole", things, 300, 0 }, { NULL } };
static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "address of the shop" },
	{ "company", MLC_TEXT, 0, false, "whose it is" },
	{ "key", MLC_TEXT, MLC_REQUIRED, true, "the key" },
	{ "pass", MLC_TEXT, MLC_REQUIRED, true, "its password" },
	{ NULL },
};
static const struct mlc_endpoint endpoints[] = { { "api", "{url}" }, { NULL } };
static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_BASIC, .user = "key", .pass = "pass" },
	{ .kind = MLC_AUTH_OAUTH1, .user = "key", .pass = "pass" },
	{ .kind = 0 },
};
static const struct mlc_signature signature = { "X-Sig", "{body}", "hook_secret", false, true };

struct state {
	json_t *first; /* of the feed "whole" */
	const char *words;
};

static bool here(struct mlc_call *c)
{
	return c->reply->kind == MLC_REPLY_HERE;
}

static const char *text(json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static const char *id_of(struct mlc_call *c, json_t *o)
{
	return c->host->format(c, "%lld", (long long)json_integer_value(json_object_get(o, "id")));
}

static enum mlc_step failed(struct mlc_call *c)
{
	const char *wait = c->host->header(c, "Retry-After");

	switch (c->reply->status) {
	case 401: return c->host->fail(c, MLC_AUTH, 0, "the shop does not know us");
	case 429: return c->host->fail(c, MLC_LIMITED, wait ? 1000u * (unsigned)(wait[0] - '0') : 0,
		"slow down");
	case 503: return c->host->fail(c, MLC_RETRY, 0, "the shop is out");
	default:  return c->host->fail(c, MLC_BROKEN, 0, "status %d", c->reply->status);
	}
}

static enum mlc_step get(struct mlc_call *c, const char *path)
{
	c->request->method = "GET";
	c->request->path = path;
	c->request->repeatable = true;
	return MLC_SEND;
}

static bool emit(struct mlc_call *c, json_t *o)
{
	if (!json_is_integer(json_object_get(o, "id")))
		return false;
	c->host->emit(c, &(struct mlc_record){ .entity = "thing", .id = id_of(c, o),
		.version = text(o, "version"),
		.data = json_incref(o) /* given to the host */ });
	return true;
}

static enum mlc_step ping(struct mlc_call *c)
{
	if (!here(c))
		return get(c, "/me");
	if (c->reply->status != 200)
		return failed(c);
	json_t *me = c->host->parse(c, c->reply->body, c->reply->body_len);
	if (!text(me, "identity"))
		return c->host->fail(c, MLC_BROKEN, 0, "no identity");
	c->host->fact(c, "version", "7");
	if (text(me, "per_minute"))
		c->host->fact(c, "requests_per_minute", text(me, "per_minute"));
	if (!c->host->fact(c, "identity", text(me, "identity")))
		return c->host->fail(c, MLC_REFUSED, 0, "another shop");
	return MLC_DONE;
}

/* Without any advance(): what the first page has given is used at the end, and something is committed in between. */
static enum mlc_step whole(struct mlc_call *c)
{
	struct state *s = c->state;
	json_t *one;

	if (!here(c))
		return get(c, "/whole/1");
	one = c->host->parse(c, c->reply->body, c->reply->body_len);
	if (!emit(c, one))
		return c->host->fail(c, MLC_BROKEN, 0, "a thing without an id");
	if (!s->first) {
		s->first = one;
		s->words = c->host->format(c, "copy-of-%s", id_of(c, one));
		c->host->keep(c, "hook_secret", "agreed-upon");
		return get(c, "/whole/2");
	}
	c->host->emit(c, &(struct mlc_record){ .entity = "thing", .id = s->words,
		.data = json_incref(s->first) /* given to the host */ });
	return MLC_DONE;
}

static enum mlc_step poll(struct mlc_call *c)
{
	json_t *page, *list, *one;
	size_t i;

	if (!strcmp(c->feed->name, "whole"))
		return whole(c);
	if (!here(c))
		return get(c, c->host->format(c, "/things?after=%s", c->cursor ? c->cursor : "0"));
	if (c->reply->status != 200)
		return failed(c);
	page = c->host->parse(c, c->reply->body, c->reply->body_len);
	list = json_object_get(page, "things");
	if (!json_is_array(list))
		return c->host->fail(c, MLC_BROKEN, 0, "no things");
	json_array_foreach(list, i, one)
		if (!emit(c, one))
			return c->host->fail(c, MLC_BROKEN, 0, "a thing without an id");
	c->host->advance(c, text(page, "next"), 0);
	if (!json_is_true(json_object_get(page, "more")))
		return MLC_DONE;
	return get(c, c->host->format(c, "/things?after=%s", text(page, "next")));
}

static enum mlc_step fetch(struct mlc_call *c)
{
	if (!here(c))
		return get(c, c->host->format(c, "/things/%s", c->ids[0]));
	if (c->reply->status == 404)
		c->host->emit(c, &(struct mlc_record){ .entity = "thing", .id = c->ids[0],
			.deleted = true });
	else if (c->reply->status != 200)
		return failed(c);
	else if (!emit(c, c->host->parse(c, c->reply->body, c->reply->body_len)))
		return c->host->fail(c, MLC_BROKEN, 0, "no thing");
	return MLC_DONE;
}

/* Elsewhere: where the remote says that the record is. */
static enum mlc_step find(struct mlc_call *c)
{
	if (!here(c))
		return get(c, text(c->data, "name")); /* an address, in these tests */
	if (c->reply->status != 200)
		return failed(c);
	json_t *list = json_object_get(c->host->parse(c, c->reply->body, c->reply->body_len),
		"things");
	return json_is_array(list) ? MLC_DONE : c->host->fail(c, MLC_BROKEN, 0, "no things");
}

static enum mlc_step write(struct mlc_call *c)
{
	const char **headers;

	switch (c->reply->kind) {
	case MLC_REPLY_LOST:
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply");
	case MLC_REPLY_HERE:
		if (c->reply->status == 409) {
			c->host->refuse(c, 0, MLC_REFUSED, 0, "there is one of that name");
			return MLC_DONE;
		}
		if (c->reply->status == 202) { /* it is at it: asked again in a minute */
			c->pause_ms = 60000;
			return MLC_PAUSE;
		}
		if (c->reply->status != 201)
			return failed(c);
		json_t *made = c->host->parse(c, c->reply->body, c->reply->body_len);
		if (!json_is_integer(json_object_get(made, "id")))
			return c->host->fail(c, MLC_IN_DOUBT, 0, "it does not say what it made");
		c->host->settle(c, 0, &(struct mlc_record){ .entity = "thing", .id = id_of(c, made),
			.version = text(made, "version"),
			.data = json_incref(made) /* given to the host */ });
		return MLC_DONE;
	case MLC_REPLY_PAUSED:
		return get(c, "/jobs/1");
	case MLC_REPLY_NONE:
		break;
	}
	headers = c->host->alloc(c, 2 * sizeof *headers);
	headers[0] = c->host->format(c, "Idempotency-Key: %s", c->writes[0].key);
	c->request->method = "POST";
	c->request->path = "/things";
	c->request->type = "application/json";
	c->request->headers = headers;
	c->request->body = c->host->dump(c, json_incref(c->writes[0].data) /* dump drops it */,
		c->entity, &c->request->body_len);
	return MLC_SEND;
}

static enum mlc_step subscribe(struct mlc_call *c)
{
	if (here(c) && !c->hook_url)
		return c->reply->status == 200 ? MLC_DONE : failed(c);
	if (!c->hook_url) {
		c->request->method = "DELETE";
		c->request->path = c->host->format(c, "/hooks/%s", c->cursor);
		c->request->repeatable = true;
		return MLC_SEND;
	}
	if (here(c)) {
		if (c->reply->status != 201)
			return failed(c);
		c->host->advance(c, "42", c->now_ms + 86400000);
		return MLC_DONE;
	}
	c->host->keep(c, "hook_secret", c->nonce);
	c->request->method = "POST";
	c->request->path = "/hooks";
	c->request->type = "application/json";
	c->request->body = c->host->format(c,
		"{\"url\":\"%s\",\"secret\":\"{secret:hook_secret}\"}", c->hook_url);
	c->request->body_len = strlen(c->request->body);
	c->request->repeatable = true;
	return MLC_SEND;
}

static enum mlc_step receive(struct mlc_call *c)
{
	json_t *o;

	if (!strncmp(c->inbound->body, "webhook_id=", 11))
		return MLC_DONE; /* a greeting, unsigned */
	o = c->host->parse(c, c->inbound->body, c->inbound->body_len);
	if (!json_is_object(o)) {
		c->answer->status = 400;
		return c->host->fail(c, MLC_BROKEN, 0, "no JSON");
	}
	if (!c->inbound->trusted && text(o, "token"))
		c->host->secret_is(c, "pass", text(o, "token"));
	if (!emit(c, o)) {
		c->answer->status = 400;
		return c->host->fail(c, MLC_BROKEN, 0, "a thing without an id");
	}
	return MLC_DONE;
}

const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK, .size = sizeof(struct mlc_connector), .name = "shop", .title = "Shop",
		.version = "1.0.0",
	.entities = entities, .feeds = feeds, .settings = settings, .endpoints = endpoints,
	.auth = auth,
	.signature = &signature, .at_once = 4, .state_size = sizeof(struct state),
	.ping = ping, .poll = poll, .fetch = fetch, .find = find, .write = write,
	.subscribe = subscribe, .receive = receive,
};
