/* hooked.c - remotes that call us with news: webhooks, and the subscription that keeps them
 * coming. */
#include "plug/inner.h"

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"
#include "plug/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_AGAIN_MS WHEN_HOUR_MS /* most between two tries to subscribe */
#define UNKNOWN_SHOWN  20           /* accounts that are named in the trail */
#define LEASE_LATE_MS  (10 * WHEN_MINUTE_MS) /* a renewal that comes later than that may be one too late */
#define LEAVE_TRIES    3
#define LEASE_OTHER_MS WHEN_DAY_MS  /* where the connector names no time: asked for anew each day */

/* ---- one webhook ------------------------------------------------------------------------- */

struct received {
	LIST_ENTRY(received) in_all;
	struct connection *connection;
	struct inbound *in;
	struct plugin *plugin;
	struct vault *vault;
	json_t *settings, *facts, *token;
	struct mlc_inbound inbound;
	struct call *call;
	enum mlc_step step;
	int64_t now_ms;
	bool proved;  /* secret_is() has said yes */
	bool on_pool; /* another thread reads the request now */
};

static void received_free(struct received *h)
{
	LIST_REMOVE(h, in_all);
	h->connection->all->receiving--;
	call_destroy(h->call);
	plugin_unref(h->plugin);
	vault_unref(h->vault);
	json_decref(h->settings);
	json_decref(h->facts);
	json_decref(h->token);
	free(h);
}

/* Who is turned away stands in the trail; a flood of them is one row a minute, with their number. */
static void turned_away(struct connection *c, const char *why)
{
	struct txn *t;
	json_t *o;
	char *text;

	c->refused++;
	if (c->refused_told_ms && now_ms(c) < c->refused_told_ms + WHEN_MINUTE_MS)
		return;
	o = json_object();
	json_put_text(o, "why", why);
	json_put_int(o, "refused", (json_int_t)(c->refused - c->refused_told));
	text = json_dumps(o, JSON_COMPACT);
	t = txn_for(c);
	txn_audit(t, &(struct audit_row){ .tenant = c->tenant, .move = "webhook_refused", .who = "host", .connection = c->name,
		.detail = text });
	commit(c, t, NULL, NULL);
	c->refused_told = c->refused;
	c->refused_told_ms = now_ms(c);
	free(text);
	json_decref(o);
}

static void refuse(struct received *h, int status, const char *why)
{
	turned_away(h->connection, why);
	inbound_answer_error(h->in, status, why);
	received_free(h);
}

void answer_inbound(struct inbound *in, const struct mlc_answer *a, bool failed)
{
	struct answer_header headers[17];
	char *names[16];
	size_t n = 0;

	if (failed && a->status == 200 && !a->type && !a->body) {
		inbound_answer_error(in, 500, "this could not be dealt with");
		return;
	}
	for (const char *const *h = a->headers; h && *h && n < 16; h++) {
		const char *colon = strchr(*h, ':');

		if (!colon || strpbrk(*h, "\r\n"))
			continue;
		names[n] = xstrndup(*h, (size_t)(colon - *h));
		headers[n] = (struct answer_header){ names[n], colon + 1 + strspn(colon + 1, " ") };
		n++;
	}
	headers[n] = (struct answer_header){ NULL, NULL };
	inbound_answer(in, a->status, a->type, a->body, a->body_len, headers);
	while (n > 0)
		free(names[--n]);
}

static void on_emitted(void *arg, const struct txn_result *result)
{
	struct received *h = arg;
	struct connection *c;
	static const struct answer_header later[] = { { "Retry-After", "5" }, { NULL, NULL } };
	static const char text[] =
		"{\"error\":\"not taken: the store is not writable; send it again\"}";

	if (!result)
		return;
	c = h->connection;
	c->all->conf.hooks->emitted(c->all->conf.ctx, c, result);
	if (result->code < 0) {
		log_line(LOG_ERROR, c->path, "a webhook is not taken: %s", result->text);
		inbound_answer(h->in, 503, "application/json", text, sizeof text - 1, later);
	} else {
		answer_inbound(h->in, call_inside(h->call)->answer, false);
	}
	received_free(h);
}

/* ---- whose is it? ---------------------------------------------------------------------------- */

static bool is_of(const struct connection *c, const struct call_record *r)
{
	const char *identity = json_text_at(c->facts, "identity");

	return identity && !strcmp(identity, r->account);
}

/* May what this one received be d's? */
static bool speaks_for(const struct connection *c, const struct connection *d)
{
	return c == d ? !c->is_app : c->is_app && connection_uses_app(d, c);
}

/* Those of the records that are d's.  Without an account it is whose address it came to: no app's. */
static void emit_for(struct connection *d, bool is_addressee, struct txn *t, const struct call_record *records, size_t count,
	bool *taken)
{
	const struct connections_conf *conf = &d->all->conf;
	struct call_record *own = xcalloc(count, sizeof *own);
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (records[i].account ? is_of(d, &records[i]) : is_addressee) {
			own[n++] = records[i];
			taken[i] = true;
		}
	if (n > 0)
		conf->hooks->emit(conf->ctx, t, d, "webhook", own, n);
	free(own);
}

/* Nobody here is that account: told, counted, and not answered as a failure, since it would only come again. */
static void audit_unknown(struct connection *c, struct txn *t, const struct call_record *records, size_t count,
	const bool *taken)
{
	json_t *o = json_object(), *accounts = json_object();
	size_t n = 0;
	char *text;

	for (size_t i = 0; i < count; i++) {
		const char *account = records[i].account ? records[i].account : "";

		n += !taken[i];
		if (!taken[i] && json_object_size(accounts) < UNKNOWN_SHOWN)
			json_object_set_new(accounts, account, json_true());
	}
	c->unknown += n;
	if (n > 0) {
		log_line(LOG_WARN, c->path, "%zu records of accounts that no connection here is", n);
		json_put_int(o, "records", (json_int_t)n);
		json_object_set(o, "accounts", accounts);
		text = json_dumps(o, JSON_COMPACT);
		txn_audit(t, &(struct audit_row){ .tenant = c->tenant, .move = "unknown_account", .who = "host",
			.connection = c->name, .detail = text });
		free(text);
	}
	json_decref(accounts);
	json_decref(o);
}

static void put_records(struct received *h, struct txn *t, const struct call_record *records, size_t count)
{
	struct connection *c = h->connection;
	bool *taken = xcalloc(count, sizeof *taken);

	for (size_t i = 0; i < c->all->count; i++)
		if (speaks_for(c, c->all->list[i]))
			emit_for(c->all->list[i], c->all->list[i] == c, t, records, count, taken);
	audit_unknown(c, t, records, count, taken);
	free(taken);
}

static void digest(struct received *h)
{
	struct connection *c = h->connection;
	const struct call_record *records;
	size_t count = call_records(h->call, &records);
	const char *why;
	struct txn *t;

	if (h->step == MLC_FAIL) {
		enum mlc_fault fault = call_fault(h->call, NULL, &why);

		turned_away(c, why);
		log_line(LOG_WARN, c->path, "a webhook is refused: %s", why);
		if (fault == MLC_AUTH)
			connection_hold(c, "auth", why, 0);
		answer_inbound(h->in, call_inside(h->call)->answer, true);
		received_free(h);
		return;
	}
	if (count > 0 && !h->inbound.trusted && !h->proved) {
		refuse(h, 401, "it is not signed, and nothing else in it proves who sent it");
		return;
	}
	if (count == 0) {
		int status = call_inside(h->call)->answer->status;

		if (status == 401 || status == 403)
			turned_away(c, status == 401 ? "401: nothing in it proves who sent it" : "403: the connector turns it away");
		answer_inbound(h->in, call_inside(h->call)->answer, false);
		received_free(h);
		return;
	}
	t = txn_for(c);
	put_records(h, t, records, count);
	commit(c, t, on_emitted, h);
}

static const char *inbound_header_of(void *ctx, const char *name)
{
	return inbound_header(((struct received *)ctx)->in, name);
}

static void step(void *arg)
{
	struct received *h = arg;
	struct call_reply none = { .reply = { .kind = MLC_REPLY_NONE, .body = "" },
		.header = inbound_header_of, .ctx = h };

	h->step = call_step(h->call, &none, h->now_ms);
}

static void on_stepped(void *arg)
{
	struct received *h = arg;

	if (pending_end(h->connection->all))
		digest(h);
}

static bool site_secret_is(void *ctx, const char *name, const char *text)
{
	struct received *h = ctx;
	bool is = vault_is(h->vault, name, text, h->connection->before_counts);

	h->proved = h->proved || is;
	return is;
}

static void site_log(void *ctx, enum mlc_level level, const char *text)
{
	connection_log(((struct received *)ctx)->connection, level, text);
}

static bool is_trusted(struct received *h, const struct mlc_signature *s, const char **why)
{
	struct signed_request r = { .body = h->inbound.body, .body_len = h->inbound.body_len,
		.header = inbound_header_of,
		.ctx = h };

	*why = NULL;
	if (!s)
		return false;
	switch (signature_check(s, h->vault, &r, h->connection->before_counts)) {
	case SIGNATURE_RIGHT:
		return true;
	case SIGNATURE_NONE:
		return false;
	case SIGNATURE_WRONG:
		*why = "the signature is missing or wrong";
		return false;
	case SIGNATURE_NO_SECRET:
		*why = "there is no secret to check the signature with";
		return false;
	}
	return false;
}

static void on_secrets(void *arg)
{
	struct received *h = arg;
	struct connection *c = h->connection;
	const char *why;

	h->plugin = plugin_ref(c->plugin);
	h->vault = vault_ref(c->vault);
	h->settings = json_incref(c->settings); /* a reload replaces what the connection holds */
	h->facts = json_incref(c->facts);       /* so does a fact that is told */
	h->token = json_incref(c->token_told);  /* and a new token */
	h->inbound.method = inbound_method(h->in);
	h->inbound.path = inbound_path(h->in);
	h->inbound.query = inbound_query(h->in);
	h->inbound.body = inbound_body(h->in, &h->inbound.body_len);
	h->inbound.trusted = is_trusted(h, plugin_connector(h->plugin)->signature, &why);
	if (why) {
		log_line(LOG_WARN, c->path, "a webhook from %s is refused: %s", inbound_peer(h->in),
			why);
		refuse(h, 401, why);
		return;
	}
	struct call_site site = { .connector = plugin_connector(h->plugin), .ctx = h, .secret_is = site_secret_is,
		.log = site_log };
	struct call_input in = { .op = OP_RECEIVE, .inbound = &h->inbound, .now_ms = now_ms(c) };

	if (!c->is_app) {
		site.connection = c->path;
		site.settings = h->settings;
		site.token = h->token;
		site.facts = h->facts;
	}
	h->now_ms = in.now_ms;
	h->call = call_create(&site, &in);
	if (h->inbound.body_len <= STEP_INLINE_MAX) {
		step(h);
		digest(h);
		return;
	}
	h->on_pool = true;
	pending_begin(c->all);
	loop_work(c->all->conf.loop, step, on_stepped, h);
}

void connection_receive(struct connection *c, struct inbound *in)
{
	struct received *h;

	c->received++;
	if (c->gone || !connection_connector(c)->receive) {
		inbound_answer_error(in, 404, "no webhooks are taken here");
		return;
	}
	h = xcalloc(1, sizeof *h);
	h->connection = c;
	h->in = in;
	LIST_INSERT_HEAD(&c->received_now, h, in_all);
	if (++c->all->receiving > c->all->receiving_most)
		c->all->receiving_most = c->all->receiving;
	secrets_need(c, on_secrets, h);
}

size_t connections_receiving(struct connections *all)
{
	size_t most = all->receiving_most;

	all->receiving_most = all->receiving;
	return most;
}

void hooked_silence(struct connection *c)
{
	struct received *h;

	LIST_FOREACH(h, &c->received_now, in_all)
		if (!h->on_pool)
			inbound_answer_error(h->in, 503, "the host is stopping; send it again");
}

void hooked_finish(struct connection *c)
{
	while (!LIST_EMPTY(&c->received_now))
		received_free(LIST_FIRST(&c->received_now));
}

/* ---- the subscription -------------------------------------------------------------------- */

static void on_lease_due(void *arg)
{
	lease_apply(arg);
}

static void subscribe(struct connection *c, char *url /* taken over; NULL: no longer */)
{
	struct run *r = run_create(c, &(struct order){ .op = OP_SUBSCRIBE, .cursor = c->lease_cursor,
		.attempt = c->lease_tries }, NULL);

	c->subscribing = true;
	r->ours = true;
	r->hook_url = url;
	run_start(r);
}

void lease_apply(struct connection *c)
{
	char *url;
	bool moved;

	if (c->gone || c->is_app || c->subscribing || !connection_connector(c)->subscribe || c->hold_cause)
		return;
	url = hook_url(c, "hooks");
	if (!url)
		return; /* nobody could call us */
	moved = !c->lease_url || strcmp(c->lease_url, url) != 0;
	if (!moved && c->renew_at_ms > now_ms(c)) {
		timer_set(c->all->conf.loop, &c->lease_timer, c->renew_at_ms, on_lease_due, c);
		free(url);
		return;
	}
	timer_clear(c->all->conf.loop, &c->lease_timer);
	if (!moved && c->renew_at_ms && !c->lease_due_ms)
		c->lease_due_ms = c->renew_at_ms;
	subscribe(c, url);
}

static void on_leave_again(void *arg)
{
	subscribe(arg, NULL);
}

void lease_leave(struct connection *c)
{
	timer_clear(c->all->conf.loop, &c->lease_timer);
	c->lease_tries = 0;
	if (!c->subscribing && c->lease_url && connection_connector(c)->subscribe)
		subscribe(c, NULL);
}

/* The remote of a connection that is gone was told so; or it was not. */
static void left(struct connection *c, bool failed, const char *why)
{
	struct txn *t;

	if (failed && ++c->lease_tries < LEAVE_TRIES) {
		timer_set(c->all->conf.loop, &c->lease_timer, now_ms(c) + WHEN_MINUTE_MS, on_leave_again, c);
		return;
	}
	if (failed)
		log_line(LOG_WARN, c->path, "its webhooks could not be taken back, delete them there: %s", why);
	else
		log_line(LOG_INFO, c->path, "its webhooks are taken back");
	t = txn_for(c);
	txn_note(t, c->tenant, c->name, "lease", "hook", NULL);
	commit(c, t, NULL, NULL);
	free(c->lease_url);
	c->lease_url = NULL;
}

/* News may have been missed between the time when it was due and now: whoever polls had better do so. */
static void look_for_a_lapse(struct connection *c, int64_t now)
{
	bool late = c->lease_due_ms && now - c->lease_due_ms > LEASE_LATE_MS;

	c->lease_due_ms = 0;
	if (late) {
		log_line(LOG_WARN, c->path, "its webhooks were renewed late; what they may have missed is polled");
		c->all->conf.hooks->lapsed(c->all->conf.ctx, c);
	}
}

/* How a remote is to be asked, a connector may only learn from what it tells of itself (plain permalinks of a
 * shop): what failed before that is tried again at once. */
void lease_told(struct connection *c)
{
	if (c->lease_tries > 0)
		lease_apply(c);
}

static bool was_told_meanwhile(const struct run *r)
{
	return r->facts && r->facts != r->connection->facts;
}

/* A key that may only read cannot register webhooks, AUTH or not: that holds nothing up, there are
 * polls. */
void lease_ended(struct run *r, bool failed, const char *why)
{
	struct connection *c = r->connection;
	int64_t now = now_ms(c), wait = WHEN_MINUTE_MS << (c->lease_tries < 6 ? c->lease_tries : 6);
	bool news;

	c->subscribing = false;
	if (c->gone && r->hook_url) {
		lease_leave(c);
		return;
	}
	if (c->gone) {
		left(c, failed, why);
		return;
	}
	news = strncmp(c->lease_trouble, failed ? why : "", sizeof c->lease_trouble - 1) != 0;
	snprintf(c->lease_trouble, sizeof c->lease_trouble, "%s", failed ? why : "");
	if (!failed) {
		c->lease_tries = 0;
		if (c->renew_at_ms <= now)
			c->renew_at_ms = now + LEASE_OTHER_MS;
		timer_set(c->all->conf.loop, &c->lease_timer, c->renew_at_ms, on_lease_due, c);
		look_for_a_lapse(c, now);
	} else {
		c->lease_tries++;
		log_line(LOG_WARN, c->path, "its webhooks are not registered: %s", why);
		wait = was_told_meanwhile(r) ? 0 : wait < LEASE_AGAIN_MS ? wait : LEASE_AGAIN_MS;
		timer_set(c->all->conf.loop, &c->lease_timer, now + wait, on_lease_due, c);
	}
	if (c->lease_url && news)
		c->all->conf.hooks->held(c->all->conf.ctx, c);
}
