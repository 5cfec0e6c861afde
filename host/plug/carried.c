/* carried.c - requests that we carry: address, secrets, auth, pace; and what becomes of their
 * replies. */
#include "plug/inner.h"

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"
#include "plug/sign.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TRIES_MAX       3     /* of one request that may be repeated; then the call fails as RETRY */
#define TRY_AGAIN_MS    30000 /* most between two of them */
#define URL_MAX         8192
#define HEADERS_MAX     64
#define HEADER_SIZE_MAX 16384
#define BODY_MAX        (16u << 20)

struct outgoing { /* a request as it leaves, with secrets */
	struct buf url, body;
	struct buf lines[HEADERS_MAX];
	const char *headers[HEADERS_MAX + 1];
	size_t count;
	bool is_http;
	const char *auth; /* for the audit trail: what was added */
};

struct carrying { /* what is remembered of it until its reply */
	struct run *run;
	char *url;
	const char *auth;
};

static void carrying_free(struct carrying *w)
{
	free(w->url);
	free(w);
}

static void outgoing_finish(struct outgoing *o)
{
	for (size_t i = 0; i < o->count; i++) {
		if (o->lines[i].len)
			wipe(o->lines[i].data, o->lines[i].len);
		buf_finish(&o->lines[i]);
	}
	if (o->body.len)
		wipe(o->body.data, o->body.len);
	buf_finish(&o->body);
	buf_finish(&o->url);
}

static const struct mlc_endpoint *endpoint_of(const struct mlc_connector *k, const char *name)
{
	for (const struct mlc_endpoint *e = k->endpoints; e && e->name; e++)
		if (!name || !strcmp(e->name, name))
			return e;
	return NULL;
}

static bool is_absolute(const char *path)
{
	return !strncmp(path, "https://", 8) || !strncmp(path, "http://", 7);
}

/* A remote that names another host in a link must not get our credentials there. */
static int absolute_url(const char *base, const char *path, struct buf *url, struct err *e)
{
	char ours[300], theirs[300];

	if (!url_origin(base, ours, sizeof ours))
		return err_set(e, ERR_INPUT, "'%.200s' is no address", base);
	if (!url_origin(path, theirs, sizeof theirs) || strcmp(ours, theirs) != 0)
		return err_set(e, ERR_INPUT,
			"a request to '%.200s' is not to %s, where this connection's requests go",
			path, ours);
	return buf_puts(url, path) ? 0 : err_set(e, ERR_LIMIT, "an address is over %d bytes",
		URL_MAX);
}

static int put_url(struct run *r, struct outgoing *o, struct err *e)
{
	const struct mlc_connector *k = plugin_connector(r->plugin);
	const struct mlc_endpoint *at = endpoint_of(k, r->request->endpoint);
	const char *path = r->request->path;
	const json_t *places[PLACES_MAX];
	struct buf base;
	int code;

	if (!at)
		return err_set(e, ERR_INPUT, "%s has no endpoint '%s'", k->name,
			r->request->endpoint ? r->request->endpoint : "");
	buf_init(&base, URL_MAX);
	token_places(r->connection, r->settings, NULL, places);
	code = fill_members(places, at->base, &base, e);
	if (code < 0)
		goto done;
	if (!is_absolute(base.data)) {
		code = err_set(e, ERR_INPUT, "'%.200s' is no address: it must begin with https://",
			base.data);
	} else if (is_absolute(path)) {
		code = absolute_url(base.data, path, &o->url, e);
	} else {
		while (base.len > 0 && base.data[base.len - 1] == '/')
			base.data[--base.len] = 0;
		if (!buf_puts(&o->url, base.data) ||
			(*path != '/' && *path != '?' && *path && !buf_putc(&o->url, '/')) ||
			!buf_puts(&o->url, path))
			code = err_set(e, ERR_LIMIT, "an address is over %d bytes", URL_MAX);
	}
	o->is_http = !strncmp(o->url.data, "http://", 7);
done:
	buf_finish(&base);
	return code;
}

static struct buf *next_line(struct outgoing *o)
{
	struct buf *line = &o->lines[o->count++];

	buf_init(line, HEADER_SIZE_MAX);
	return line;
}

/* Where a connector knows a log-in that is safe without TLS, a password does not leave without. */
static bool is_bared(const struct mlc_connector *k, const struct mlc_auth *auth, const struct outgoing *o)
{
	if (!o->is_http || !auth || auth->kind != MLC_AUTH_BASIC)
		return false;
	for (const struct mlc_auth *a = k->auth; a->kind; a++)
		if (a->kind == MLC_AUTH_OAUTH1)
			return true;
	return false;
}

static int put_headers(struct run *r, struct outgoing *o, struct err *e)
{
	const struct mlc_connector *k = plugin_connector(r->plugin);
	const struct mlc_auth *auth = auth_choose(k, r->settings, o->is_http);
	static const char *const kinds[] = { [MLC_AUTH_BASIC] = "Basic",
		[MLC_AUTH_HEADER] = "a header with the token",
		[MLC_AUTH_OAUTH_CODE] = "OAuth 2", [MLC_AUTH_OAUTH_CLIENT] = "OAuth 2",
		[MLC_AUTH_OAUTH1] = "OAuth 1.0a" };
	char nonce[33];
	int code = 0;

	if (is_bared(k, auth, o))
		return err_set(e, ERR_REFUSED, "a log-in by Basic is not sent over plain http: "
			"give an https address, or set auth = \"oauth1\"");
	if (auth) {
		random_hex(nonce, 32);
		code = sign_request(&(struct sign_input){ auth, r->settings, r->connection->app, r->vault,
			r->request->method, o->url.data, nonce, now_ms(r->connection) },
			next_line(o), e);
		o->auth = kinds[auth->kind];
	}
	if (code == 0 && r->request->type && !buf_printf(next_line(o), "Content-Type: %s",
		r->request->type))
		code = err_set(e, ERR_LIMIT, "a header is over %d bytes", HEADER_SIZE_MAX);
	for (const char *const *h = r->request->headers; h && *h && code == 0; h++) {
		if (o->count == HEADERS_MAX)
			return err_set(e, ERR_LIMIT, "a request has more than %d headers",
				HEADERS_MAX);
		if (strpbrk(*h, "\r\n"))
			return err_set(e, ERR_INPUT,
				"a header of the request has a line break in it");
		code = fill_secrets(r->vault, *h, strlen(*h), NULL, next_line(o), e);
	}
	for (size_t i = 0; i < o->count; i++)
		o->headers[i] = o->lines[i].data;
	return code;
}

static int put_body(struct run *r, struct outgoing *o, struct err *e)
{
	const struct mlc_request *q = r->request;

	if (!q->body)
		return 0;
	return fill_secrets(r->vault, q->body, q->body_len, q->type ? q->type : "", &o->body, e);
}

/* ---- replies ----------------------------------------------------------------------------- */

static const char *reply_header(void *ctx, const char *name)
{
	const struct carry_reply *reply = ctx;

	for (const struct carry_header *h = reply->headers; h && h->name; h++)
		if (!strcasecmp(h->name, name))
			return h->value;
	return NULL;
}

static void queue_again(void *arg)
{
	struct run *r = arg;

	carry_request(r);
}

/* Nothing came back.  Of a write that has left, on this try or one before, nobody knows what it did. */
static void fail_unanswered(struct run *r, const char *why)
{
	run_fail(r, r->op == OP_WRITE && r->left ? MLC_IN_DOUBT : MLC_RETRY, 0, why);
}

static void try_again_or_fail(struct run *r, const char *why)
{
	struct connection *c = r->connection;
	uint32_t dice;

	if (r->tries >= TRIES_MAX) {
		fail_unanswered(r, why);
		return;
	}
	random_bytes(&dice, sizeof dice);
	r->state = RUN_PAUSED;
	timer_set(c->all->conf.loop, &r->timer, now_ms(c) + backoff_ms(r->tries - 1, TRY_AGAIN_MS,
		dice), queue_again, r);
}

static void step_with(struct run *r, const struct carry_reply *reply, enum mlc_reply_kind kind)
{
	struct carry_reply view = *reply;
	struct call_reply given = { .reply = { .kind = kind, .body = "" }, .header = reply_header,
		.ctx = &view };

	if (kind == MLC_REPLY_HERE) {
		given.reply.status = reply->status;
		given.reply.body = reply->body;
		given.reply.body_len = reply->body_len;
	}
	run_step(r, &given);
}

static void take_reply(struct run *r, const struct carry_reply *reply)
{
	bool repeatable = r->request->repeatable;

	switch (reply->outcome) {
	case CARRIED_HERE:
		if (reply->status == 401 && token_refused(r)) {
			r->left = r->left_before; /* it was turned away at the door */
			carry_request(r);
			return;
		}
		if (reply->status != 401)
			token_taken(r);
		step_with(r, reply, MLC_REPLY_HERE);
		return;
	case CARRIED_NEVER_SENT:
		if (repeatable)
			try_again_or_fail(r, reply->why);
		else
			fail_unanswered(r, reply->why);
		return;
	case CARRIED_LOST:
		if (repeatable)
			try_again_or_fail(r, reply->why);
		else
			step_with(r, reply, MLC_REPLY_LOST);
		return;
	case CARRIED_TOO_BIG:
		if (repeatable)
			run_fail(r, MLC_BROKEN, 0, reply->why);
		else
			step_with(r, reply, MLC_REPLY_LOST);
		return;
	}
}

static void on_carried(void *arg, const struct carry_reply *reply)
{
	struct carrying *w = arg;
	struct run *r = w->run;
	struct connection *c = r->connection;

	if (!pending_end(c->all)) {
		carrying_free(w);
		return;
	}
	r->transfer = NULL;
	pace_done(&c->pace);
	c->exchanges++;
	if (reply->outcome != CARRIED_NEVER_SENT && changes_something(r->request))
		r->left = true;
	struct exchange_input x = { .request = r->request, .url = w->url,
		.auth = w->auth ? w->auth : "none",
		.status = reply->outcome == CARRIED_HERE ? reply->status : 0,
		.headers = reply->headers, .body = reply->body,
		.body_len = reply->body_len, .why = reply->why, .vault = r->vault,
		.took_ms = reply->took_ms,
		.at_ms = now_ms(c) };
	exchanges_add(&r->exchanges, &x);
	if (c->all->conf.record_dir) {
		run_recorded(r);
		r->recording = cassette_page(plugin_connector(r->plugin)->name, r->op, &x);
	}
	carrying_free(w);
	take_reply(r, reply);
	carry_next(c);
}

/* ---- sending ----------------------------------------------------------------------------- */

static int send_now(struct run *r, struct err *e)
{
	struct connection *c = r->connection;
	struct outgoing o = { .count = 0 };
	struct carrying *w;
	int code;

	if (token_auth(c) && r->vault != c->vault) { /* the token is newer than what it began with */
		vault_unref(r->vault);
		r->vault = vault_ref(c->vault);
	}

	buf_init(&o.url, URL_MAX);
	buf_init(&o.body, BODY_MAX);
	code = r->request->method ? 0 : err_set(e, ERR_INPUT, "a request without a method");
	if (code == 0)
		code = put_url(r, &o, e);
	if (code == 0)
		code = put_headers(r, &o, e);
	if (code == 0)
		code = put_body(r, &o, e);
	if (code == 0) {
		w = xcalloc(1, sizeof *w);
		w->run = r;
		w->url = xstrdup(o.url.data);
		w->auth = o.auth;
		r->state = RUN_CARRIED;
		r->tries++;
		r->left_before = r->left;
		r->token_serial = token_auth(c) ? c->token.serial : 0;
		pending_begin(c->all);
		/* Plain http: only to addresses that the operator allowed as private; carry holds
		 * it to that. */
		r->transfer = carry_start(c->all->conf.carry,
			&(struct carry_request){ .method = r->request->method,
			.url = o.url.data, .headers = o.headers,
			.body = r->request->body ? o.body.data : NULL,
			.body_len = r->request->body ? o.body.len : 0,
			.ca_file = json_text_at(r->settings, "ca_file"),
			.repeatable = r->request->repeatable, .http_allowed = o.is_http },
			on_carried, w);
	}
	outgoing_finish(&o);
	return code;
}

/* Another company answers there than it was meant for. */
static bool is_for_another(const struct connection *c, const struct run *r)
{
	const char *why;
	uint32_t after_ms;

	return c->hold_cause && !strcmp(c->hold_cause, "identity") && !may_go(c, r, &why, &after_ms);
}

static void on_pace(void *arg)
{
	carry_next(arg);
}

void carry_next(struct connection *c)
{
	struct run *r;

	while ((r = TAILQ_FIRST(&c->queue)) != NULL && !c->all->dead) {
		int64_t at_ms = pace_take(&c->pace, now_ms(c));
		struct err e = { 0 };

		if (at_ms > 0) {
			timer_set(c->all->conf.loop, &c->pace_timer, at_ms, on_pace, c);
			return;
		}
		TAILQ_REMOVE(&c->queue, r, in_line);
		r->state = RUN_COMMITS; /* in no line */
		if (is_for_another(c, r)) {
			pace_done(&c->pace);
			run_fail(r, MLC_LIMITED, 0, c->hold_why);
			continue;
		}
		if (!token_ready(r)) { /* it has run out while it stood in line */
			pace_done(&c->pace);
			token_need(r);
			continue;
		}
		if (send_now(r, &e) < 0) {
			pace_done(&c->pace);
			/* A secret or setting that is missing or will not do is the whole connection's
			 * trouble, not this record's. */
			run_fail(r, e.code == ERR_ABSENT || e.code == ERR_REFUSED ? MLC_AUTH : MLC_BROKEN, 0,
				e.text);
		}
	}
}

void carry_request(struct run *r)
{
	struct connection *c = r->connection;
	int64_t held_ms = c->pace.held_until_ms - now_ms(c);
	struct run *before;

	if (r->op == OP_PING && held_ms > 0) {
		/* Somebody sits there: that the remote does not want to hear from us now is the
		 * answer. */
		char at[WHEN_SIZE], *why;

		when_text(c->pace.held_until_ms, at);
		why = xformat("the remote has asked us to wait until %s", at);
		run_fail(r, MLC_LIMITED, held_ms < UINT32_MAX ? (uint32_t)held_ms : UINT32_MAX,
			why);
		free(why);
		return;
	}
	if (!token_ready(r)) {
		token_need(r);
		return;
	}
	r->state = RUN_QUEUED;
	if (r->urgent) {
		TAILQ_FOREACH(before, &c->queue, in_line)
			if (!before->urgent)
				break;
		if (before)
			TAILQ_INSERT_BEFORE(before, r, in_line);
		else
			TAILQ_INSERT_TAIL(&c->queue, r, in_line);
	} else {
		TAILQ_INSERT_TAIL(&c->queue, r, in_line);
	}
	carry_next(c);
}
