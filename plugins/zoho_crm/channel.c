/* channel.c - Zoho's notifications: one channel of ours, renewed ahead, and what it brings. */
#include "zoho.h"

#define ASK_MS    (INT64_C(6) * 86400000) /* of the week that Zoho allows (SOURCES.md 8) */
#define LEAST_MS  INT64_C(300000)         /* no renewal sooner than that */

static const char *const watched[] = {
	"Accounts.all", "Contacts.all", "Deals.all", "Products.all", "Vendors.all", "Leads.all",
};

/* Ours to choose, a number that fits a long: the same for this connection at this address for ever, so that one whose
 * reply was lost is found again. */
static const char *channel_of(struct mlc_call *c)
{
	uint64_t hash = mlc_hash(MLC_HASH, c->connection ? c->connection : "");

	return c->host->format(c, "%llu", (unsigned long long)(hash >> 12 | UINT64_C(1000000000000)));
}

/* ---- subscribe --------------------------------------------------------------------------------- */

enum phase { LOOK, MAKE, RENEW, REPLACE, END, CHECK };

static enum mlc_step ask_about(struct mlc_call *c, enum phase phase)
{
	struct state *s = (struct state *)c->state;

	s->phase = (int)phase;
	return mlc_get(c, c->host->format(c, API "/actions/watch?channel_id=%s", channel_of(c)));
}

static enum mlc_step send_watch(struct mlc_call *c, enum phase phase)
{
	struct state *s = (struct state *)c->state;
	json_t *events = json_array(), *watch;
	const char *body;
	size_t len;

	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
		json_array_append_new(events, json_string(watched[i]));
	watch = json_pack("{s:s,s:o,s:s,s:b}", "channel_id", channel_of(c), "events", events, "channel_expiry",
		zoho_time(c, c->now_ms + ASK_MS), "notify_on_related_action", 0);
	if (phase != RENEW) {
		/* 32 hex digits of the 50 characters that Zoho takes. */
		c->host->keep(c, TOKEN, c->nonce);
		json_object_set_new(watch, "token", json_string("{secret:" TOKEN "}"));
		json_object_set_new(watch, "notify_url", json_string(c->hook_url));
	}
	body = c->host->dump(c, json_pack("{s:[o]}", "watch", watch), NULL, &len);
	if (!body)
		return c->host->fail(c, MLC_BROKEN, 0, "the address for notifications is no text: %s", c->hook_url);
	s->phase = (int)phase;
	return mlc_send_json(c, phase == MAKE ? "POST" : phase == RENEW ? "PATCH" : "PUT", API "/actions/watch", body, len);
}

static enum mlc_step end_channel(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->phase = END;
	c->request->repeatable = true;
	return mlc_send_json(c, "DELETE", c->host->format(c, API "/actions/watch?channel_ids=%s", channel_of(c)), NULL, 0);
}

/* The channel as Zoho has it: ours and alive is renewed; ours at another address, or whose secret we do not know, is
 * replaced; none is made. */
static enum mlc_step digest_look(struct mlc_call *c)
{
	json_t *list;
	enum mlc_step failed;
	const char *url;

	/* An id that Zoho does not know may also be told as an error. */
	if (c->reply->status == 400 && strstr(c->reply->body, "NOT_SUBSCRIBED"))
		list = c->host->parse(c, "[]", 2);
	else
		list = zoho_list(c, "watch", "looking at the channel", &failed);
	if (!list)
		return failed;
	if (!c->hook_url) {
		if (json_array_size(list))
			return end_channel(c);
		c->host->advance(c, "none", 0);
		return MLC_DONE;
	}
	if (!json_array_size(list))
		return send_watch(c, MAKE);
	url = mlc_text_or(list, "0.notify_url", "");
	if (c->cursor && strcmp(c->cursor, c->hook_url) == 0 && strcmp(url, c->hook_url) == 0)
		return send_watch(c, RENEW);
	return send_watch(c, REPLACE);
}

/* The soonest end that Zoho names is believed, whatever was asked for: too long a wish is silently one hour. */
static int64_t expiry_of(json_t *events)
{
	int64_t soonest = 0, ms;
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		if (!mlc_instant(mlc_text(event, "channel_expiry"), &ms))
			return 0;
		if (!soonest || ms < soonest)
			soonest = ms;
	}
	return soonest;
}

static enum mlc_step agreed(struct mlc_call *c, int64_t expiry_ms)
{
	int64_t half = (expiry_ms - c->now_ms) / 2;

	c->host->advance(c, c->hook_url, c->now_ms + (half > LEAST_MS ? half : LEAST_MS));
	return MLC_DONE;
}

static enum mlc_step digest_made(struct mlc_call *c)
{
	json_t *body = c->host->parse(c, c->reply->body, c->reply->body_len), *entry = mlc_at(body, "watch.0");
	int64_t expiry = expiry_of(mlc_at(entry, "details.events"));

	if (strcmp(mlc_text_or(entry, "status", ""), "success") != 0) {
		const char *words;
		enum mlc_fault fault = zoho_fault(c, entry ? entry : body, c->reply->status, &words);

		return c->host->fail(c, fault, fault == MLC_LIMITED ? zoho_limited_ms(c, entry) : 0,
			"Zoho takes no channel for notifications: %d %s; until it does, changes come by polling", c->reply->status, words);
	}
	return expiry ? agreed(c, expiry) : ask_about(c, CHECK);
}

static enum mlc_step digest_check(struct mlc_call *c)
{
	enum mlc_step failed;
	json_t *list = zoho_list(c, "watch", "looking at the channel", &failed);
	int64_t expiry;

	if (!list)
		return failed;
	expiry = expiry_of(list);
	if (!expiry)
		return c->host->fail(c, MLC_BROKEN, 0, "Zoho does not say until when its notifications come");
	return agreed(c, expiry);
}

enum mlc_step zoho_subscribe(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_about(c, LOOK);
	if (c->reply->kind != MLC_REPLY_HERE) /* the next look shows whether it was taken */
		return c->host->fail(c, MLC_RETRY, 0, "Zoho did not answer while the channel for notifications was put in order");
	switch ((enum phase)s->phase) {
	case LOOK:
		return digest_look(c);
	case MAKE:
	case RENEW:
	case REPLACE:
		return digest_made(c);
	case CHECK:
		return digest_check(c);
	case END:
		if (c->reply->status != 200)
			return zoho_failed(c, "ending the channel");
		c->host->advance(c, "none", 0);
		return MLC_DONE;
	}
	return MLC_FAIL;
}

/* ---- receive ------------------------------------------------------------------------------------ */

static enum mlc_step answer(struct mlc_call *c, int status)
{
	c->answer->status = status;
	return MLC_DONE;
}

static const struct mlc_entity *module_named(const char *name)
{
	for (size_t i = 0; i < MODULES; i++)
		if (strcmp(zoho_entities[i].name, name) == 0)
			return &zoho_entities[i];
	return NULL;
}

/* Nothing is signed: the token that we gave and the channel that is ours are all the proof there is.  It names records
 * only; each is read before anything is believed of it. */
enum mlc_step zoho_receive(struct mlc_call *c)
{
	const struct mlc_inbound *in = c->inbound;
	json_t *body = c->host->parse(c, in->body, in->body_len), *ids = mlc_at(body, "ids"), *id, *channel;
	const struct mlc_entity *e;
	const char *token = mlc_text_or(body, "token", ""), *name;
	size_t i;

	if (!c->host->secret_is(c, TOKEN, token))
		return answer(c, 401);
	channel = mlc_at(body, "channel_id"); /* a text in some versions, a number in others */
	name = json_is_integer(channel) ? c->host->format(c, "%lld", (long long)json_integer_value(channel))
		: mlc_text_or(body, "channel_id", "");
	if (strcmp(name, channel_of(c)) != 0)
		return answer(c, 401);
	e = module_named(mlc_text_or(body, "module", ""));
	if (!e || !json_is_array(ids)) {
		c->host->log(c, MLC_WARN, "a notification of %s is left to the next poll", mlc_text_or(body, "module", "no module"));
		return answer(c, 200);
	}
	json_array_foreach(ids, i, id) {
		const char *text = json_is_integer(id) ? c->host->format(c, "%lld", (long long)json_integer_value(id))
			: json_string_value(id);

		if (text && zoho_is_id(text))
			c->host->emit(c, &(struct mlc_record){ .entity = e->name, .id = text, .hint = true });
	}
	return answer(c, 200);
}
