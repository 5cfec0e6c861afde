/* hooks.c - the shop's webhooks: kept in order by subscribe(), read by receive(). */
#include "woocommerce.h"

#define WATCH_MS     INT64_C(600000) /* how soon we notice that the shop has switched one off */

static const char *const topics[] = {
	"order.created", "order.updated", "order.deleted",
	"customer.created", "customer.updated", "customer.deleted",
};
#define TOPICS (sizeof topics / sizeof *topics)

/* ---- subscribe ------------------------------------------------------------------------------ */

enum phase { LIST, DELETE, CREATE };

/* All of ours bear the connection's name: two hosts, or two connections, may share a shop. */
static const char *name_prefix(struct mlc_call *c)
{
	return c->host->format(c, "ml-connector %s ", c->connection ? c->connection : "");
}

static int topic_at(const char *name)
{
	for (size_t i = 0; name && i < TOPICS; i++)
		if (strcmp(topics[i], name) == 0)
			return (int)i;
	return -1;
}

static enum mlc_step ask_list(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->phase = LIST;
	s->page++;
	return mlc_get(c, woo_path(c, c->host->format(c, "webhooks?per_page=%d&page=%u", PER_PAGE, s->page)));
}

/* Our key may read and not write, or may not even see webhooks: polling goes on without them. */
static enum mlc_step refused(struct mlc_call *c, const char *doing)
{
	const struct state *s = (const struct state *)c->state;
	int status = c->reply->status;

	/* While reading, a 401 means that the key is not known at all. */
	if (!*woo_code(c) || !(status == 403 || (status == 401 && s->phase != LIST)))
		return woo_failed(c, doing);
	return c->host->fail(c, MLC_REFUSED, 0,
		"the shop does not let us keep webhooks (%d %s): give the key Read/Write permission, of an administrator or shop"
		" manager; until then changes come by polling only",
		status, woo_code(c));
}

/* WooCommerce asks only wp_safe_remote_post() for delivery: no private addresses, ports 80, 443, 8080
 * (SOURCES.md 10).  It does not tell us that it will not. */
static void warn_of_unreachable(struct mlc_call *c)
{
	const char *host = strstr(c->hook_url, "://"), *port;
	size_t len;

	if (!host)
		return;
	host += 3;
	len = strcspn(host, "/");
	port = (const char *)memchr(host, ':', len);
	if (port && strncmp(port, ":80/", 4) != 0 && strncmp(port, ":443/", 5) != 0 && strncmp(port, ":8080/", 6) != 0)
		c->host->log(c, MLC_WARN, "a shop sends webhooks to the ports 80, 443 and 8080 only, not to %.*s", (int)len, host);
	if (strncmp(c->hook_url, "https:", 6) != 0)
		c->host->log(c, MLC_WARN, "webhooks will come unencrypted: %s", c->hook_url);
}

static void sort_out(struct mlc_call *c, json_t *hook)
{
	struct state *s = (struct state *)c->state;
	const char *name = mlc_text_or(hook, "name", ""), *prefix = name_prefix(c);
	const char *url = mlc_text_or(hook, "delivery_url", ""), *status = mlc_text_or(hook, "status", "");
	int64_t id = mlc_int_or(hook, "id", 0);
	int topic = topic_at(mlc_text(hook, "topic"));

	if (id <= 0 || strncmp(name, prefix, strlen(prefix)) != 0)
		return;
	bool good = c->hook_url && topic >= 0 && strcmp(url, c->hook_url) == 0 && !s->fresh && !(s->there & 1u << topic);
	/* A person who paused it meant it. */
	if (good && (strcmp(status, "active") == 0 || strcmp(status, "paused") == 0)) {
		s->there |= 1u << topic;
		return;
	}
	/* Switched off after seven failures, it would be again after one more: the count stays (SOURCES.md 10).
	 * A new one counts from 0.  What was not sent meanwhile comes with the next poll. */
	if (good)
		c->host->log(c, MLC_WARN, "the shop had switched off its webhook %s; it is made anew", topics[topic]);
	if (s->doomed_count < sizeof s->doomed / sizeof *s->doomed)
		s->doomed[s->doomed_count++] = id;
}

static enum mlc_step next_change(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (s->doomed_at < s->doomed_count) {
		s->phase = DELETE;
		c->request->repeatable = true;
		return mlc_send_json(c, "DELETE", woo_path(c, c->host->format(c, "webhooks/%lld?force=true", (long long)s->doomed[s->doomed_at])), NULL, 0);
	}
	while (c->hook_url && s->topic < TOPICS && s->there & 1u << s->topic)
		s->topic++;
	if (!c->hook_url || s->topic == TOPICS) {
		c->host->advance(c, c->hook_url ? "agreed" : "none", c->hook_url ? c->now_ms + WATCH_MS : 0);
		return MLC_DONE;
	}

	const char *name = c->host->format(c, "%s%s", name_prefix(c), topics[s->topic]);
	json_t *hook = json_pack("{s:s,s:s,s:s,s:s}", "name", name, "topic", topics[s->topic], "delivery_url", c->hook_url,
		"secret", "{secret:webhook_secret}");
	size_t len;
	const char *body = hook ? c->host->dump(c, hook, NULL, &len) : NULL;

	if (!body)
		return c->host->fail(c, MLC_BROKEN, 0, "the webhook's address is no text: %s", c->hook_url);
	/* In hex, which the shop does not decode before it signs.  Not before the shop has shown that it lets us: who has
	 * made webhooks by hand because it does not keeps the secret that he gave. */
	if (s->fresh && s->phase != CREATE)
		c->host->keep(c, "webhook_secret", c->nonce);
	s->phase = CREATE;
	return mlc_send_json(c, "POST", woo_path(c, "webhooks"), body, len);
}

static enum mlc_step digest_list(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list, *hook;
	size_t i;

	if (c->reply->status != 200)
		return refused(c, "reading webhooks");
	list = c->host->parse(c, c->reply->body, c->reply->body_len);
	if (!json_is_array(list))
		return woo_garbage(c, "a list of webhooks");
	json_array_foreach(list, i, hook)
		sort_out(c, hook);
	if (woo_hollow(c, json_array_size(list), s->page))
		return woo_garbage(c, "a list that says how long it is");
	return woo_more(c, json_array_size(list), s->page, PER_PAGE) ? ask_list(c) : next_change(c);
}

static enum mlc_step begin(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	/* The shop never tells a secret.  Where none was agreed upon yet, webhooks that are there are of no
	 * use: new ones are made with a new secret. */
	s->fresh = c->hook_url && (!c->cursor || strcmp(c->cursor, "agreed") != 0);
	if (s->fresh)
		warn_of_unreachable(c);
	return ask_list(c);
}

enum mlc_step woo_subscribe(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (c->reply->kind == MLC_REPLY_NONE)
		return begin(c);
	if (c->reply->kind != MLC_REPLY_HERE) /* it may have been made: the next listing shows it */
		return c->host->fail(c, MLC_RETRY, 0, "the shop did not answer while its webhooks were put in order");
	switch ((enum phase)s->phase) {
	case LIST:
		return digest_list(c);
	case DELETE:
		if (c->reply->status != 200 && !woo_is_gone(c))
			return refused(c, "deleting a webhook");
		s->doomed_at++;
		return next_change(c);
	case CREATE:
		if (c->reply->status != 201)
			return refused(c, c->host->format(c, "making the webhook %s", topics[s->topic]));
		s->there |= 1u << s->topic;
		return next_change(c);
	}
	return MLC_FAIL;
}

/* ---- receive -------------------------------------------------------------------------------- */

static enum mlc_step answer(struct mlc_call *c, int status)
{
	c->answer->status = status;
	return MLC_DONE;
}

/* "webhook_id=12": what WooCommerce posts to a new address, unsigned, and wants a 200 for. */
static bool is_ping(const struct mlc_inbound *in)
{
	size_t prefix = strlen("webhook_id=");
	int64_t id;

	return strcmp(in->method, "POST") == 0 && in->body_len > prefix && memcmp(in->body, "webhook_id=", prefix) == 0
		&& mlc_span_int((struct mlc_span){ in->body + prefix, in->body_len - prefix }, &id) && id > 0;
}

static void receive_order(struct mlc_call *c, const struct seen *r)
{
	int64_t *refunds;
	size_t count;

	if (strcmp(r->status, "trash") == 0) {
		woo_emit_hint(c, ORDER, woo_id(c, r->id), r->modified_ms);
		return;
	}
	woo_emit(c, ORDER, r, 0);
	/* An order tells of its refunds only that they are. */
	count = woo_ids_in(c, r->refunds, &refunds);
	for (size_t i = 0; i < count; i++)
		woo_emit_hint(c, REFUND, woo_part_id(c, r->id, refunds[i]), 0);
}

/* The signature covers the body, not the headers: what a body is, its members decide, and where they do
 * not ({"id":7}) the record is looked up before anything is believed. */
static void receive_record(struct mlc_call *c, const char *topic, const struct seen *r)
{
	bool of_order = strncmp(topic, "order.", 6) == 0, of_customer = strncmp(topic, "customer.", 9) == 0;

	if (of_order && r->is_order)
		receive_order(c, r);
	else if (of_customer && r->is_customer)
		woo_emit(c, CUSTOMER, r, 0);
	else if (strncmp(topic, "product.", 8) == 0 && r->is_product)
		woo_emit(c, PRODUCT, r, 0);
	else if (strcmp(topic, "order.deleted") == 0)
		woo_emit_hint(c, ORDER, woo_id(c, r->id), 0);
	else if (strcmp(topic, "customer.deleted") == 0)
		woo_emit_hint(c, CUSTOMER, woo_id(c, r->id), 0);
	else if (of_order || of_customer)
		c->host->log(c, MLC_WARN, "a webhook %s holds something else; it is left to the next poll", topic);
}

enum mlc_step woo_receive(struct mlc_call *c)
{
	const struct mlc_inbound *in = c->inbound;
	const char *topic = c->host->header(c, "X-WC-Webhook-Topic");
	struct seen r;

	if (!in->trusted)
		return answer(c, is_ping(in) ? 200 : 401);
	if (!woo_look((struct mlc_span){ in->body, in->body_len }, &r)) {
		/* The shop has signed it: refusing it would only switch the webhook off. */
		c->host->log(c, MLC_WARN, "a signed webhook holds no JSON object; it is left to the next poll");
		return answer(c, 200);
	}
	/* No id: the record was gone before the shop looked, and it signed its own error.  Drafts: carts. */
	if (r.id > 0 && topic && !woo_is_draft(&r))
		receive_record(c, topic, &r);
	return answer(c, 200);
}
