/* grant.c - a person's consent: the address to open, who waits for it, and the redirect that brings it. */
#include "plug/inner.h"

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFER_MS      WHEN_DAY_MS /* an address is good for so long, and once */
#define STATE_DIGITS  OAUTH_STATE_DIGITS
#define ADDRESS_MAX   8192
#define REVOKE_MS     20000
#define NO_STATE "This address is unknown, was used already or has expired. Ask for a new one with mlc authorize.\n"

/* What the vault keeps of an address: "<state> <verifier> <until_ms> <redirect_uri>". */
struct offer {
	char state[STATE_DIGITS + 1], verifier[STATE_DIGITS + 1];
	int64_t until_ms;
	char redirect_uri[300];
};

struct consent_waiter {
	LIST_ENTRY(consent_waiter) in_all;
	consent_fn *fn;
	void *arg;
};

/* ---- what is offered ------------------------------------------------------------------------ */

static bool offer_read(const struct connection *c, struct offer *o)
{
	const char *text = vault_text(c->vault, SECRET_STATE, NULL);

	return text && sscanf(text, "%64[0-9a-f] %64[0-9a-f] %" SCNd64 " %299s", o->state, o->verifier, &o->until_ms,
		o->redirect_uri) == 4 && strlen(o->state) == STATE_DIGITS;
}

static bool is_offered(const struct connection *c, struct offer *o, int64_t left_ms)
{
	return !c->token.offer_used && offer_read(c, o) && o->until_ms - now_ms(c) > left_ms;
}

/* Where the browser is sent back to; free() it; NULL: nobody knows our address yet. */
static char *redirect_uri_of(const struct connection *c)
{
	const char *url = c->all->conf.public_url ? c->all->conf.public_url(c->all->conf.ctx) : NULL;

	return url ? xformat("%s/oauth/callback", url) : NULL;
}

static const struct mlc_auth *code_auth(const struct connection *c)
{
	const struct mlc_auth *a = token_auth(c);

	return a && a->kind == MLC_AUTH_OAUTH_CODE ? a : NULL;
}

static char *address_of(const struct connection *c, const struct offer *o, struct err *e)
{
	const struct mlc_auth *a = code_auth(c);
	const struct sign_input who = { .auth = a, .settings = c->settings, .app = c->app, .vault = c->vault };
	const json_t *places[PLACES_MAX];
	struct oauth_ask ask = { .by = OAUTH_BY_CODE, .auth = a, .places = places, .redirect_uri = o->redirect_uri,
		.verifier = oauth_has_pkce(a) ? o->verifier : NULL };
	char *state, *address = NULL;
	struct buf out;

	ask.id = secret_or_setting(&who, a->user, e);
	if (!ask.id)
		return NULL;
	token_places(c, c->settings, NULL, places);
	buf_init(&out, ADDRESS_MAX);
	state = xformat("%s.%s.%s", c->tenant, c->name, o->state);
	if (oauth_address(&ask, state, &out, e) == 0)
		address = buf_take(&out, NULL);
	free(state);
	buf_finish(&out);
	return address;
}

char *connection_address(const struct connection *c)
{
	struct offer o;
	struct err e = { 0 };
	char *redirect_uri = redirect_uri_of(c), *address = NULL;

	/* One for an address that we had before would lead nowhere. */
	if (redirect_uri && c->vault && code_auth(c) && is_offered(c, &o, 0) && !strcmp(o.redirect_uri, redirect_uri))
		address = address_of(c, &o, &e);
	free(redirect_uri);
	return address;
}

struct offering { struct connection *connection; consent_fn *fn; void *arg; };

static void offered(struct offering *f, const struct err *e)
{
	struct connection *c = f->connection;
	struct offer o;
	struct err why = { 0 };
	char *address = NULL;

	if (e)
		why = *e;
	else if (!is_offered(c, &o, 0))
		err_set(&why, ERR_SYSTEM, "the store does not give back what it took");
	else
		address = address_of(c, &o, &why);
	if (f->fn) {
		json_t *answer = json_object();

		json_put_text(answer, "connection", c->path);
		json_put_text(answer, "url", address);
		json_put_text(answer, "redirect_uri", address ? o.redirect_uri : NULL);
		json_put_int(answer, "until_ms", address ? o.until_ms : 0);
		f->fn(f->arg, answer, why.code ? &why : NULL);
		json_decref(answer);
	} else {
		c->token.offering = false;
		c->all->conf.hooks->held(c->all->conf.ctx, c);
	}
	free(address);
	free(f);
}

static void on_offer_read(void *arg)
{
	offered(arg, NULL);
}

static void on_offer_kept(void *arg, const struct txn_result *result)
{
	struct offering *f = arg;
	struct err e = { 0 };

	if (!result) {
		free(f);
		return;
	}
	if (result->code < 0) {
		err_set(&e, result->code, "%s", result->text);
		offered(f, &e);
		return;
	}
	secrets_learned(f->connection);
	secrets_need(f->connection, on_offer_read, f);
}

static void offer_new(struct offering *f, const char *redirect_uri)
{
	struct connection *c = f->connection;
	struct txn *t = txn_for(c);
	char state[STATE_DIGITS + 1], verifier[STATE_DIGITS + 1], *text;
	struct secret *secret;

	c->token.offer_used = false;
	random_hex(state, STATE_DIGITS);
	random_hex(verifier, STATE_DIGITS);
	text = xformat("%s %s %" PRId64 " %s", state, verifier, now_ms(c) + OFFER_MS, redirect_uri);
	secret = secret_create(text, strlen(text));
	txn_secret(t, c->tenant, c->name, SECRET_STATE, secret);
	secret_destroy(secret);
	wipe(text, strlen(text));
	free(text);
	commit(c, t, on_offer_kept, f);
}

static void on_secrets(void *arg)
{
	struct offering *f = arg;
	struct connection *c = f->connection;
	char *redirect_uri = redirect_uri_of(c);
	struct offer o;
	struct err e = { 0 };

	if (!redirect_uri) {
		err_set(&e, ERR_REFUSED, "nobody could come back here: mlc.lua says no public address");
		offered(f, &e);
		return;
	}
	if (is_offered(c, &o, OFFER_MS / 2) && !strcmp(o.redirect_uri, redirect_uri))
		offered(f, NULL);
	else
		offer_new(f, redirect_uri);
	free(redirect_uri);
}

static void offer(struct connection *c, consent_fn *fn, void *arg)
{
	struct offering *f = xcalloc(1, sizeof *f);

	*f = (struct offering){ c, fn, arg };
	secrets_need(c, on_secrets, f);
}

bool connection_offers(const struct connection *c)
{
	return c->token.offering;
}

void grant_offer(struct connection *c)
{
	c->token.offering = true;
	offer(c, NULL, NULL);
}

void connection_authorize(struct connection *c, consent_fn *fn, void *arg)
{
	struct err e = { 0 };

	if (code_auth(c)) {
		offer(c, fn, arg);
		return;
	}
	if (token_auth(c))
		err_set(&e, ERR_REFUSED, "%s needs no person: it logs in as a client (mlc ping %s tries it)", c->path, c->path);
	else
		err_set(&e, ERR_REFUSED, "%s does not log in by OAuth: mlc secret set gives it what it needs", c->path);
	fn(arg, NULL, &e);
}

void connection_authorized(struct connection *c, consent_fn *fn, void *arg)
{
	struct consent_waiter *w = xcalloc(1, sizeof *w);

	w->fn = fn;
	w->arg = arg;
	LIST_INSERT_HEAD(&c->token.waiters, w, in_all);
}

static void tell_waiters(struct connection *c, const struct err *e)
{
	struct consent_waiter *w;
	json_t *answer = json_object();

	json_put_text(answer, "connection", c->path);
	json_object_set_new(answer, "authorized", json_boolean(!e));
	while ((w = LIST_FIRST(&c->token.waiters)) != NULL) {
		LIST_REMOVE(w, in_all);
		w->fn(w->arg, answer, e);
		free(w);
	}
	json_decref(answer);
}

/* ---- the redirect ---------------------------------------------------------------------------------- */

static void page(struct inbound *in, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void page(struct inbound *in, int status, const char *fmt, ...)
{
	static const struct answer_header headers[] = { { "Cache-Control", "no-store" },
		{ "Referrer-Policy", "no-referrer" }, { "X-Content-Type-Options", "nosniff" }, { NULL, NULL } };
	char text[1000];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	n = n < (int)sizeof text ? n : (int)sizeof text - 1;
	inbound_answer(in, status, "text/plain; charset=utf-8", text, n > 0 ? (size_t)n : 0, headers);
}

static void consent_free(struct consent *s)
{
	if (s->code)
		wipe(s->code, strlen(s->code));
	free(s->code);
	free(s->verifier);
	free(s->redirect_uri);
	json_decref(s->redirect);
	free(s);
}

void grant_look(struct connection *c)
{
	struct run *r;

	if (c->token.looking || c->gone || !connection_connector(c)->ping)
		return;
	c->token.looking = true;
	r = run_create(c, &(struct order){ .op = OP_PING, .urgent = true }, NULL);
	r->ours = r->looks = true;
	run_start(r);
}

void grant_looked(struct connection *c, const char *why)
{
	c->token.looking = false;
	connection_log(c, why ? MLC_WARN : MLC_INFO, why ? why : "the remote answers");
	/* The right company again. */
	if (!why && c->hold_cause && !strcmp(c->hold_cause, "identity"))
		connection_hold(c, NULL, NULL, 0);
}

void grant_over(struct connection *c, struct consent *s, const char *why)
{
	struct err e = { 0 };

	if (why) {
		err_set(&e, ERR_REFUSED, "%s: %s", c->path, why);
		log_line(LOG_WARN, c->path, "a consent came to nothing: %s", why);
		page(s->in, 502, "%s could not be connected: %s.\nAsk for a new address with: mlc authorize %s\n", c->path, why,
			c->path);
		if (c->hold_cause && !strcmp(c->hold_cause, "auth"))
			grant_offer(c);
	} else {
		log_line(LOG_INFO, c->path, "authorized");
		page(s->in, 200, "%s is connected. You may close this window.\n", c->path);
		grant_look(c);
	}
	consent_free(s);
	tell_waiters(c, why ? &e : NULL);
}

struct returning { /* a redirect, until its state is known to be ours and is used up */
	struct connection *connection;
	struct inbound *in;
	struct oauth_redirect redirect;
	struct offer offer;
};

static void returning_free(struct returning *g)
{
	oauth_redirect_finish(&g->redirect);
	free(g);
}

static void denied(struct connection *c, struct returning *g)
{
	const struct oauth_redirect *r = &g->redirect;
	struct err e = { 0 };

	err_set(&e, ERR_REFUSED, "%s: it was not granted (%s%s%s)", c->path, r->error, *r->error_text ? ": " : "",
		r->error_text);
	log_line(LOG_WARN, c->path, "%s", e.text);
	page(g->in, 403, "%s was not connected: %s%s%s.\nAsk for a new address with: mlc authorize %s\n", c->path, r->error,
		*r->error_text ? ": " : "", r->error_text, c->path);
	if (c->hold_cause && !strcmp(c->hold_cause, "auth"))
		grant_offer(c);
	tell_waiters(c, &e);
}

static void consented(struct connection *c, struct returning *g)
{
	struct consent *s = xcalloc(1, sizeof *s);
	const json_t *places[PLACES_MAX];
	const struct oauth_ask ask = { .by = OAUTH_BY_CODE, .auth = code_auth(c), .places = places };

	token_places(c, c->settings, NULL, places);
	s->in = g->in;
	s->code = xstrdup(g->redirect.code);
	s->verifier = oauth_has_pkce(code_auth(c)) ? xstrdup(g->offer.verifier) : NULL;
	s->redirect_uri = xstrdup(g->offer.redirect_uri);
	s->redirect = oauth_brought(&ask, g->redirect.rest);
	c->token.consent = s;
	token_exchange(c);
}

static void on_used(void *arg, const struct txn_result *result)
{
	struct returning *g = arg;
	struct connection *c = g->connection;

	if (!result) {
		inbound_answer_error(g->in, 503, "the host is stopping; try again");
		returning_free(g);
		return;
	}
	secrets_learned(c);
	if (result->code < 0)
		page(g->in, 503, "This cannot be written down just now: %s. Ask for a new address with: mlc authorize %s\n",
			result->text, c->path);
	else if (*g->redirect.error)
		denied(c, g);
	else if (!*g->redirect.code)
		page(g->in, 400, "The address has no code. Ask for a new one with: mlc authorize %s\n", c->path);
	else if (c->token.consent || !code_auth(c))
		page(g->in, 409, "Another consent for %s is being taken right now.\n", c->path);
	else
		consented(c, g);
	returning_free(g);
}

static void on_state_secrets(void *arg)
{
	struct returning *g = arg;
	struct connection *c = g->connection;
	struct txn *t;

	/* One answer for all that is wrong: nobody learns here which connections there are. */
	if (!code_auth(c) || !is_offered(c, &g->offer, 0) ||
		!same_bytes(g->offer.state, STATE_DIGITS, g->redirect.state, STATE_DIGITS)) {
		log_line(LOG_WARN, c->path, "a consent with a wrong, used or expired state is refused");
		page(g->in, 400, NO_STATE);
		returning_free(g);
		return;
	}
	/* It counts once: used up, here and on disk, before anything is done with it. */
	c->token.offer_used = true;
	t = txn_for(c);
	txn_secret(t, c->tenant, c->name, SECRET_STATE, NULL);
	txn_audit(t, &(struct audit_row){ .tenant = c->tenant, .move = "consent", .who = "browser",
		.connection = c->name, .detail = "{}" });
	commit(c, t, on_used, g);
}

void connections_callback(struct connections *all, struct inbound *in)
{
	struct returning *g = xcalloc(1, sizeof *g);

	g->in = in;
	if (oauth_redirect_read(inbound_query(in), &g->redirect))
		g->connection = connection_find(all, g->redirect.tenant, g->redirect.connection);
	if (!g->connection) {
		log_line(LOG_WARN, "plug", "a consent with an unknown state is refused");
		page(in, 400, NO_STATE);
		returning_free(g);
		return;
	}
	secrets_need(g->connection, on_state_secrets, g);
}

/* ---- it is given back --------------------------------------------------------------------------------- */

static void by_hand(const struct connection *c, const char *why)
{
	log_line(LOG_WARN, c->path, "its grant still stands in %s, take it back there by hand: %s", connection_connector(c)->title,
		why);
}

static void forget_tokens(struct connection *c)
{
	struct txn *t = txn_for(c);

	txn_secret(t, c->tenant, c->name, SECRET_ACCESS, NULL);
	txn_secret(t, c->tenant, c->name, SECRET_REFRESH, NULL);
	txn_note(t, c->tenant, c->name, "token", "oauth", NULL);
	txn_audit(t, &(struct audit_row){ .tenant = c->tenant, .move = "revoke", .who = "host", .connection = c->name,
		.detail = "{}" });
	commit(c, t, NULL, NULL);
}

static void on_revoked(void *arg, const struct carry_reply *reply)
{
	struct connection *c = arg;
	char status[32];

	if (!pending_end(c->all))
		return;
	c->token.transfer = NULL;
	snprintf(status, sizeof status, "it answered %d", reply->status);
	if (reply->outcome != CARRIED_HERE) {
		by_hand(c, reply->why);
	} else if (reply->status < 200 || reply->status > 299) {
		by_hand(c, status);
	} else {
		log_line(LOG_INFO, c->path, "its grant was given back");
		forget_tokens(c);
	}
}

/* With the token in it, percent-encoded, and then the members of its address. */
static int revocation_url(struct connection *c, const struct vault *v, struct buf *url, struct err *e)
{
	const json_t *places[PLACES_MAX];
	struct buf text;
	int code;

	buf_init(&text, ADDRESS_MAX);
	code = fill_secrets(v, connection_connector(c)->revocation->url, strlen(connection_connector(c)->revocation->url),
		"application/x-www-form-urlencoded", &text, e);
	token_places(c, c->settings, NULL, places);
	if (code == 0)
		code = fill_members(places, text.data, url, e);
	buf_finish(&text);
	return code;
}

static int client_line(struct connection *c, struct buf *line, struct err *e)
{
	const struct mlc_auth *a = code_auth(c);
	const struct sign_input who = { .auth = a, .settings = c->settings, .app = c->app, .vault = c->vault };
	const char *id = secret_or_setting(&who, a->user, e), *secret = id ? secret_or_setting(&who, a->pass, e) : NULL;

	return secret ? basic_line(id, secret, line, e) : e->code;
}

static void revoke(struct connection *c, const char *token, size_t len)
{
	const struct mlc_revocation *how = connection_connector(c)->revocation;
	struct vault *v = vault_create();
	struct buf url, body, client, type;
	const char *headers[3] = { NULL };
	struct err e = { 0 };
	size_t n = 0;
	int code;

	vault_put(v, "token", secret_create(token, len), NULL);
	buf_init(&url, ADDRESS_MAX);
	buf_init(&body, ADDRESS_MAX);
	buf_init(&client, ADDRESS_MAX);
	buf_init(&type, ADDRESS_MAX);
	code = revocation_url(c, v, &url, &e);
	if (code == 0 && how->body)
		code = fill_secrets(v, how->body, strlen(how->body), how->type, &body, &e);
	if (code == 0 && how->client && (code = client_line(c, &client, &e)) == 0)
		headers[n++] = client.data;
	if (how->type && buf_printf(&type, "Content-Type: %s", how->type))
		headers[n++] = type.data;
	if (code == 0) {
		pending_begin(c->all);
		c->token.transfer = carry_start(c->all->conf.carry, &(struct carry_request){ .method = "POST", .url = url.data,
			.headers = headers, .body = how->body ? body.data : "", .body_len = body.len,
			.ca_file = json_text_at(c->settings, "ca_file"), .total_ms = REVOKE_MS, .reply_max = OAUTH_REPLY_MAX,
			.http_allowed = !strncmp(url.data, "http://", 7) }, on_revoked, c);
	} else {
		by_hand(c, e.text);
	}
	for (size_t i = 0; i < 3; i++) {
		struct buf *b = (struct buf *[]){ &url, &body, &client }[i];

		if (b->len)
			wipe(b->data, b->len);
		buf_finish(b);
	}
	buf_finish(&type);
	vault_unref(v);
}

/* A vendor may take a grant back as a whole: then whoever is connected to the same account would lose its own. */
static const struct connection *who_shares(const struct connection *c)
{
	const char *identity = json_text_at(c->facts, "identity");

	for (size_t i = 0; identity && i < c->all->count; i++) {
		const struct connection *o = c->all->list[i];
		const char *theirs = json_text_at(o->facts, "identity");

		if (theirs && !strcmp(theirs, identity) &&
			!strcmp(connection_connector(o)->name, connection_connector(c)->name))
			return o;
	}
	return NULL;
}

static void on_leaving(void *arg)
{
	struct connection *c = arg;
	const struct connection *other = who_shares(c);
	size_t len = 0;
	const char *token = vault_text(c->vault, SECRET_REFRESH, &len);

	if (connection_find(c->all, c->tenant, c->name)) {
		c->token.given_back = false; /* it is back, and needs it */
	} else if (other) {
		log_line(LOG_INFO, c->path, "its grant stays: %s is connected to the same account", other->path);
	} else if (!token) {
		by_hand(c, "there is no refresh token to give back");
	} else if (!connection_connector(c)->revocation) {
		by_hand(c, "no request does it");
	} else {
		revoke(c, token, len);
	}
}

void grant_leave(struct connection *c)
{
	bool has_hooks = c->lease_url && connection_connector(c)->subscribe;

	if (!c->gone || c->token.given_back || c->token.kind != MLC_AUTH_OAUTH_CODE || c->token.asking || c->run_count > 0 ||
		c->subscribing || has_hooks || !code_auth(c) || c->all->dead)
		return;
	c->token.given_back = true;
	secrets_need(c, on_leaving, c);
}

void grant_silence(struct connection *c)
{
	struct err e = { 0 };

	err_set(&e, ERR_REFUSED, "the host is stopping");
	if (c->token.consent) {
		inbound_answer_error(c->token.consent->in, 503, e.text);
		consent_free(c->token.consent);
		c->token.consent = NULL;
	}
	tell_waiters(c, &e);
}
