/* token.c - OAuth tokens: fetched, on disk before they are used, renewed ahead of their end, one at
 * a time for each connection. */
#include "plug/inner.h"

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define AHEAD_MS      (5 * WHEN_MINUTE_MS)  /* before its end; of a short one, a sixth of its life */
#define LAST_MS       (30 * WHEN_SECOND_MS) /* so shortly before its end it is not used any more */
#define TOTAL_MS      20000                 /* of one request for a token */
#define AGAIN_MS      WHEN_MINUTE_MS        /* most between two tries in trouble */
#define LIMITED_MS    (10 * WHEN_MINUTE_MS) /* most where we asked too often and nobody told for how long */
#define ASKS_IN_MS    (10 * WHEN_MINUTE_MS) /* for TOKEN_ASKS */
#define KEEP_AGAIN_MS 30000

struct asking { /* a request for a token, under way */
	struct connection *connection;
	enum oauth_by by;
	enum mlc_auth_kind kind;
	uint32_t life_s; /* of the auth table, where the reply tells none */
};

struct keeping { /* a reply that is on its way to the disk */
	struct connection *connection;
	struct asking asking;
	struct oauth_reply reply;
	struct token next; /* as it will be */
	unsigned tries;
};

static void turn(struct connection *);

const struct mlc_auth *token_auth(const struct connection *c)
{
	const struct mlc_auth *a = c->is_app ? NULL : auth_choose(plugin_connector(c->plugin), c->settings, false);

	return is_oauth(a) ? a : NULL;
}

void token_places(const struct connection *c, const json_t *settings, const json_t *brought,
	const json_t *places[PLACES_MAX])
{
	const json_t *const all[] = { settings, c->app, brought, c->token_told };
	size_t n = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i])
			places[n++] = all[i];
	places[n] = NULL;
}

/* ---- is there one? --------------------------------------------------------------------------- */

static int64_t shorter(int64_t usual_ms, int64_t part_ms)
{
	return part_ms < usual_ms ? part_ms : usual_ms;
}

static bool may_be_used(const struct connection *c, const struct mlc_auth *a)
{
	const struct token *t = &c->token;

	return t->kind == a->kind && !t->refused && (t->ends_ms == 0 ||
		now_ms(c) < t->ends_ms - shorter(LAST_MS, (t->ends_ms - t->made_ms) / 12));
}

/* When the next one is to be fetched though this one is still good; 0: never. */
static int64_t ahead_ms(const struct token *t)
{
	return t->ends_ms == 0 ? 0 : t->ends_ms - shorter(AHEAD_MS, (t->ends_ms - t->made_ms) / 6);
}

static bool is_due(const struct connection *c)
{
	return ahead_ms(&c->token) && now_ms(c) >= ahead_ms(&c->token) &&
		now_ms(c) >= c->token.not_before_ms && !c->token.dead;
}

static bool is_ready(const struct connection *c)
{
	const struct mlc_auth *a = token_auth(c);

	return !a || (!c->token.asking && may_be_used(c, a) && !is_due(c));
}

bool token_ready(const struct run *r)
{
	const struct connection *c = r->connection;

	return is_ready(c) && (!token_auth(c) || !c->token.strange || r->op == OP_PING);
}

/* ---- who waits -------------------------------------------------------------------------------- */

void token_need(struct run *r)
{
	r->state = RUN_NEEDS;
	TAILQ_INSERT_TAIL(&r->connection->token.line, r, in_line);
	turn(r->connection);
}

static struct run *first_ready(const struct connection *c)
{
	struct run *r;

	TAILQ_FOREACH(r, &c->token.line, in_line)
		if (token_ready(r))
			return r;
	return NULL;
}

static void release(struct connection *c)
{
	const char *why;
	uint32_t after_ms;
	struct run *r;

	while ((r = first_ready(c)) != NULL) {
		if (!may_go(c, r, &why, &after_ms)) { /* held while it stood in line */
			run_fail(r, MLC_LIMITED, after_ms, why);
			continue;
		}
		TAILQ_REMOVE(&c->token.line, r, in_line);
		r->state = RUN_COMMITS; /* in no line */
		run_granted(r);
	}
}

static void refuse_all(struct connection *c, enum mlc_fault fault, int64_t after_ms, const char *why)
{
	struct run *r;

	while ((r = TAILQ_FIRST(&c->token.line)) != NULL)
		run_fail(r, fault, after_ms > 0 ? (uint32_t)after_ms : 0, why);
}

static void on_timer(void *arg)
{
	turn(arg);
}

/* A person's grant is kept alive also where nothing is asked for; a client's is fetched when it is needed. */
static void set_timer(struct connection *c)
{
	const struct mlc_auth *a = token_auth(c);
	int64_t at = a && a->kind == MLC_AUTH_OAUTH_CODE && c->token.kind == a->kind ? ahead_ms(&c->token) : 0;

	if (c->token.asking)
		return; /* it is the next try to keep what was got */
	if (at && at < c->token.not_before_ms)
		at = c->token.not_before_ms;
	if (!at || c->gone || c->token.dead)
		timer_clear(c->all->conf.loop, &c->token.timer);
	else
		timer_set(c->all->conf.loop, &c->token.timer, at, on_timer, c);
}

/* ---- it failed ----------------------------------------------------------------------------------- */

static void set_why(struct connection *c, const char *why)
{
	snprintf(c->token.why, sizeof c->token.why, "%.399s", why);
}

/* It may work later.  What we have serves on as long as it is good. */
static void trouble(struct connection *c, const char *why, int64_t wait_ms)
{
	struct token *t = &c->token;
	bool is_new = t->trouble_ms == 0;
	uint32_t dice;

	random_bytes(&dice, sizeof dice);
	t->asking = false;
	t->not_before_ms = now_ms(c) + (wait_ms > 0 ? wait_ms : backoff_ms(t->tries, AGAIN_MS, dice));
	t->tries++;
	if (is_new)
		t->trouble_ms = now_ms(c);
	set_why(c, why);
	log_line(LOG_WARN, c->path, "no new token: %s", why);
	if (is_new)
		c->all->conf.hooks->held(c->all->conf.ctx, c);
	turn(c);
}

/* It will not work until somebody does something. */
static void died(struct connection *c, const char *why)
{
	struct token *t = &c->token;

	t->asking = false;
	t->dead = true;
	set_why(c, why);
	connection_hold(c, "auth", why, 0);
	turn(c);
}

/* ---- it is there ------------------------------------------------------------------------------------ */

static json_t *both(const json_t *redirect, const json_t *told)
{
	json_t *o = redirect ? json_copy((json_t *)redirect) : json_object();

	json_object_update(o, (json_t *)told);
	return o;
}

static void learn(struct connection *c, const struct token *next)
{
	struct token *t = &c->token;
	bool had_trouble = t->trouble_ms != 0;

	t->kind = next->kind;
	t->serial++;
	t->made_ms = next->made_ms;
	t->ends_ms = next->ends_ms;
	t->refresh_ends_ms = next->refresh_ends_ms;
	t->refresh_life_ms = next->refresh_life_ms;
	t->grant_ends_ms = next->grant_ends_ms;
	t->grant_life_ms = next->grant_life_ms;
	t->renews = next->renews;
	t->strange = next->strange;
	json_decref(t->told);
	json_decref(t->redirect);
	t->told = json_incref(next->told);         /* next's go with it */
	t->redirect = json_incref(next->redirect); /* likewise */
	json_decref(c->token_told);
	c->token_told = both(t->redirect, t->told);
	t->proven = t->refused = t->tried_before = false;
	t->tries = 0;
	t->not_before_ms = t->trouble_ms = 0;
	*t->why = 0;
	if (had_trouble)
		c->all->conf.hooks->held(c->all->conf.ctx, c);
}

static json_t *note_of(const struct token *t)
{
	json_t *o = json_object(), *asked = json_array();

	json_put_text(o, "auth", auth_text(t->kind));
	json_put_int(o, "made_ms", t->made_ms);
	json_put_int(o, "ends_ms", t->ends_ms);
	json_put_int(o, "refresh_ends_ms", t->refresh_ends_ms);
	json_put_int(o, "refresh_life_ms", t->refresh_life_ms);
	json_put_int(o, "grant_ends_ms", t->grant_ends_ms);
	json_put_int(o, "grant_life_ms", t->grant_life_ms);
	json_object_set_new(o, "renews", json_boolean(t->renews));
	json_object_set_new(o, "strange", json_boolean(t->strange));
	for (size_t i = 0; i < TOKEN_ASKS; i++)
		json_array_append_new(asked, json_integer(t->asked_ms[i]));
	json_object_set_new(o, "asked", asked);
	json_object_set(o, "told", t->told);
	json_object_set(o, "redirect", t->redirect);
	return o;
}

void token_remember(struct connection *c, const json_t *note)
{
	struct token *t = &c->token, next = { .made_ms = json_int_or(note, "made_ms", 0),
		.ends_ms = json_int_or(note, "ends_ms", 0),
		.refresh_ends_ms = json_int_or(note, "refresh_ends_ms", 0),
		.refresh_life_ms = json_int_or(note, "refresh_life_ms", 0),
		.grant_ends_ms = json_int_or(note, "grant_ends_ms", 0),
		.grant_life_ms = json_int_or(note, "grant_life_ms", 0),
		.renews = json_true_at(note, "renews"), .strange = json_true_at(note, "strange"),
		.told = json_object_get(note, "told"), .redirect = json_object_get(note, "redirect") };
	const char *auth = json_text_or(note, "auth", "");

	next.kind = !strcmp(auth, auth_text(MLC_AUTH_OAUTH_CODE)) ? MLC_AUTH_OAUTH_CODE : MLC_AUTH_OAUTH_CLIENT;
	for (size_t i = 0; i < TOKEN_ASKS; i++)
		t->asked_ms[i] = json_integer_value(json_array_get(json_object_get(note, "asked"), i));
	learn(c, &next);
	t->proven = true; /* by the one who was here before the restart */
}

static void keeping_free(struct keeping *k)
{
	json_decref(k->next.told);
	json_decref(k->next.redirect);
	oauth_reply_finish(&k->reply);
	free(k);
}

/* The new ones are on disk, and the vault holds them. */
static void on_vault(void *arg)
{
	struct keeping *k = arg;
	struct connection *c = k->connection;
	struct token *t = &c->token;
	bool was_dead = t->dead, was_refused = t->refused, by_person = k->asking.by == OAUTH_BY_CODE;
	struct consent *consent = by_person ? t->consent : NULL;

	learn(c, &k->next);
	t->doubted = was_refused && !by_person;
	t->asking = t->dead = false;
	keeping_free(k);
	if (by_person)
		t->consent = NULL;
	if ((was_dead || by_person) && c->hold_cause && !strcmp(c->hold_cause, "auth"))
		connection_hold(c, NULL, NULL, 0);
	if (consent)
		grant_over(c, consent, NULL);
	turn(c);
	grant_leave(c);
}

static void keep(void *arg);

static void on_kept(void *arg, const struct txn_result *result)
{
	struct keeping *k = arg;
	struct connection *c = k->connection;
	int64_t wait = WHEN_SECOND_MS << (k->tries < 5 ? k->tries : 5);

	if (!result) {
		keeping_free(k);
		return;
	}
	if (result->code == 0) {
		secrets_learned(c);
		secrets_need(c, on_vault, k);
		return;
	}
	/* It is the only one there is, perhaps: until the disk takes it, nothing uses it, and we ask again. */
	k->tries++;
	log_line(LOG_ERROR, c->path, "a new token cannot be kept, trying again: %s", result->text);
	timer_set(c->all->conf.loop, &c->token.timer, now_ms(c) + (wait < KEEP_AGAIN_MS ? wait : KEEP_AGAIN_MS),
		keep, k);
}

static void put_audit(struct connection *c, struct txn *t, const struct keeping *k)
{
	static const char *const bys[] = { [OAUTH_BY_CLIENT] = "client", [OAUTH_BY_CODE] = "a person's consent",
		[OAUTH_BY_REFRESH] = "refresh" };
	json_t *o = json_object();
	char *text;

	json_put_text(o, "by", bys[k->asking.by]);
	json_put_int(o, "ends_ms", k->next.ends_ms);
	json_object_set_new(o, "new_refresh", json_boolean(k->reply.refresh != NULL));
	text = json_dumps(o, JSON_COMPACT);
	txn_audit(t, &(struct audit_row){ .tenant = c->tenant, .move = "token", .who = "host",
		.connection = c->name, .detail = text });
	free(text);
	json_decref(o);
}

static bool is_new_refresh(const struct connection *c, const struct oauth_reply *r)
{
	size_t len;
	const char *text = r->refresh ? secret_bytes(r->refresh, &len) : NULL;

	return text && !vault_is(c->vault, SECRET_REFRESH, text, false);
}

/* Both, and what we know of them, in one transaction: a crash leaves the old pair or the new one. */
static void keep(void *arg)
{
	struct keeping *k = arg;
	struct connection *c = k->connection;
	struct txn *t = txn_for(c);
	json_t *note = note_of(&k->next);
	char *text = json_dumps(note, JSON_COMPACT);

	txn_secret(t, c->tenant, c->name, SECRET_ACCESS, k->reply.access);
	if (is_new_refresh(c, &k->reply))
		txn_secret(t, c->tenant, c->name, SECRET_REFRESH, k->reply.refresh);
	txn_note(t, c->tenant, c->name, "token", "oauth", text);
	put_audit(c, t, k);
	commit(c, t, on_kept, k);
	free(text);
	json_decref(note);
}

static int64_t end_of(int64_t now, int64_t life_s)
{
	return life_s ? now + life_s * WHEN_SECOND_MS : 0;
}

static void granted(struct connection *c, const struct asking *a, struct oauth_reply *reply)
{
	struct keeping *k = xcalloc(1, sizeof *k);
	const struct token *t = &c->token;
	int64_t now = now_ms(c), life_s = reply->life_s ? reply->life_s : a->life_s;
	bool is_other = a->by == OAUTH_BY_CODE || reply->refresh;

	*k = (struct keeping){ .connection = c, .asking = *a, .reply = *reply };
	k->next = (struct token){ .kind = a->kind, .made_ms = now, .ends_ms = end_of(now, life_s),
		.refresh_ends_ms = reply->refresh_life_s || is_other ? end_of(now, reply->refresh_life_s) : t->refresh_ends_ms,
		.refresh_life_ms = reply->refresh_life_s || is_other ? reply->refresh_life_s * WHEN_SECOND_MS
			: t->refresh_life_ms,
		.grant_ends_ms = reply->grant_life_s || a->by == OAUTH_BY_CODE ? end_of(now, reply->grant_life_s)
			: t->grant_ends_ms,
		/* It counts down: the first word on it tells the whole */
		.grant_life_ms = a->by == OAUTH_BY_CODE || !t->grant_life_ms ? reply->grant_life_s * WHEN_SECOND_MS
			: t->grant_life_ms,
		.renews = a->kind == MLC_AUTH_OAUTH_CLIENT || reply->refresh || (t->renews && a->by == OAUTH_BY_REFRESH),
		.strange = a->by == OAUTH_BY_CODE ? connection_connector(c)->ping != NULL : t->strange,
		.told = json_incref(reply->rest), /* reply keeps its own */
		.redirect = json_incref(a->by == OAUTH_BY_CODE ? c->token.consent->redirect : t->redirect) };
	memcpy(k->next.asked_ms, t->asked_ms, sizeof t->asked_ms);
	keep(k);
}

/* ---- asking ----------------------------------------------------------------------------------------- */

/* What a person hears; where the remote repeats a secret, its words stay out. */
static char *words_of(const struct connection *c, const struct asking *a, const struct oauth_reply *r)
{
	static const char *const what[] = { [OAUTH_BY_CLIENT] = "the remote gives no token for this client",
		[OAUTH_BY_CODE] = "the remote does not take the consent", [OAUTH_BY_REFRESH] = "the grant is not renewed" };

	for (size_t i = 0; c->vault && i < c->vault->count; i++) {
		size_t len;
		const char *text = vault_text(c->vault, c->vault->rows[i].name, &len);

		if (text && len >= 4 && strstr(r->why, text))
			return xformat("%s", what[a->by]);
	}
	return xformat("%s (%s)", what[a->by], r->why);
}

static bool has_before(const struct connection *c)
{
	const char *before = vault_before(c->vault, SECRET_REFRESH, NULL), *now = vault_text(c->vault, SECRET_REFRESH, NULL);

	return before && now && strcmp(before, now) != 0;
}

static int64_t told_wait_ms(const struct connection *c, const struct carry_reply *reply)
{
	for (const struct carry_header *h = reply->headers; h && h->name; h++)
		if (!strcasecmp(h->name, "Retry-After"))
			return retry_after_ms(h->value, now_ms(c));
	return 0;
}

/* A consent that comes to nothing leaves what we had as it was. */
static void failed(struct connection *c, const struct asking *a, const struct oauth_reply *r, int64_t wait_ms)
{
	struct consent *consent = c->token.consent;
	char *why = words_of(c, a, r);
	int64_t limit;

	if (a->by == OAUTH_BY_CODE) {
		c->token.asking = false;
		c->token.consent = NULL;
		grant_over(c, consent, why);
		turn(c);
		free(why);
		return;
	}
	switch (r->end) {
	case OAUTH_DEAD:
		/* After a crash, or a restored backup, the one before may be the one that counts. */
		if (a->by == OAUTH_BY_REFRESH && !c->token.tried_before && has_before(c)) {
			c->token.tried_before = true;
			c->token.asking = false;
			turn(c);
		} else {
			died(c, why);
		}
		break;
	case OAUTH_WRONG:
		died(c, why);
		break;
	case OAUTH_LIMITED:
		limit = WHEN_MINUTE_MS << (c->token.tries < 4 ? c->token.tries : 4);
		trouble(c, why, wait_ms > 0 ? wait_ms : limit < LIMITED_MS ? limit : LIMITED_MS);
		break;
	case OAUTH_GRANTED:
	case OAUTH_TROUBLE:
		trouble(c, why, wait_ms > 0 ? wait_ms : 0);
		break;
	}
	free(why);
}

static void on_reply(void *arg, const struct carry_reply *reply)
{
	struct asking *a = arg;
	struct connection *c = a->connection;
	struct oauth_reply r = { .end = OAUTH_TROUBLE };

	if (!pending_end(c->all)) {
		free(a);
		return;
	}
	c->token.transfer = NULL;
	if (reply->outcome == CARRIED_HERE)
		oauth_read(reply->status, reply->body, reply->body_len, &r);
	else
		snprintf(r.why, sizeof r.why, "%.290s", reply->why);
	if (r.end == OAUTH_GRANTED) {
		granted(c, a, &r);
	} else {
		failed(c, a, &r, told_wait_ms(c, reply));
		oauth_reply_finish(&r);
	}
	free(a);
}

static int send_ask(struct connection *c, struct asking *a, const struct mlc_auth *auth, struct err *e)
{
	const struct sign_input who = { .auth = auth, .settings = c->settings, .app = c->app, .vault = c->vault };
	const struct consent *consent = c->token.consent;
	const json_t *places[PLACES_MAX];
	struct oauth_request q;
	struct oauth_ask ask = { .by = a->by, .auth = auth, .places = places,
		.id = secret_or_setting(&who, auth->user, e) };
	int code;

	ask.secret = ask.id ? secret_or_setting(&who, auth->pass, e) : NULL;
	if (!ask.secret)
		return e->code;
	/* Where the token is to be fetched may be known from the consent only. */
	token_places(c, c->settings, a->by == OAUTH_BY_CODE ? consent->redirect : NULL, places);
	if (a->by == OAUTH_BY_CODE) {
		ask.code = consent->code;
		ask.verifier = consent->verifier;
		ask.redirect_uri = consent->redirect_uri;
	}
	if (a->by == OAUTH_BY_REFRESH)
		ask.refresh = c->token.tried_before ? vault_before(c->vault, SECRET_REFRESH, NULL)
			: vault_text(c->vault, SECRET_REFRESH, NULL);
	code = oauth_request(&ask, &q, e);
	if (code == 0) {
		memmove(c->token.asked_ms, c->token.asked_ms + 1, (TOKEN_ASKS - 1) * sizeof *c->token.asked_ms);
		c->token.asked_ms[TOKEN_ASKS - 1] = now_ms(c);
		pending_begin(c->all);
		c->token.transfer = carry_start(c->all->conf.carry, &(struct carry_request){ .method = "POST",
			.url = q.url.data, .headers = q.headers, .body = q.body.data, .body_len = q.body.len,
			.ca_file = json_text_at(c->settings, "ca_file"), .total_ms = TOTAL_MS,
			.reply_max = OAUTH_REPLY_MAX, .http_allowed = !strncmp(q.url.data, "http://", 7) },
			on_reply, a);
	}
	oauth_request_finish(&q);
	return code;
}

static void ask_now(void *arg)
{
	struct connection *c = arg;
	const struct mlc_auth *auth = token_auth(c);
	bool by_person = auth && auth->kind == MLC_AUTH_OAUTH_CODE;
	struct asking *a;
	struct err e = { 0 };

	if (!auth) { /* a reload came between */
		c->token.asking = false;
		turn(c);
		return;
	}
	if (by_person && !c->token.consent && !vault_text(c->vault, SECRET_REFRESH, NULL)) {
		died(c, c->token.kind == auth->kind ? "the grant has ended, and it came without a refresh token"
			: "nobody has authorized it yet");
		return;
	}
	a = xcalloc(1, sizeof *a);
	*a = (struct asking){ .connection = c, .kind = auth->kind, .life_s = auth->life_s,
		.by = !by_person ? OAUTH_BY_CLIENT : c->token.consent ? OAUTH_BY_CODE : OAUTH_BY_REFRESH };
	if (send_ask(c, a, auth, &e) < 0) {
		struct consent *consent = a->by == OAUTH_BY_CODE ? c->token.consent : NULL;

		free(a);
		if (consent) {
			c->token.asking = false;
			c->token.consent = NULL;
			grant_over(c, consent, e.text);
			turn(c);
		} else {
			died(c, e.text);
		}
	}
}

/* When we may ask again without asking too often; 0: now. */
static int64_t too_often_until(const struct connection *c)
{
	int64_t oldest = c->token.asked_ms[0];

	return oldest && now_ms(c) - oldest < ASKS_IN_MS ? oldest + ASKS_IN_MS : 0;
}

static void ask(struct connection *c)
{
	int64_t until = c->token.consent ? 0 : too_often_until(c);

	if (until) {
		trouble(c, "so many tokens were asked for in the last ten minutes that we wait", until - now_ms(c));
		return;
	}
	c->token.asking = true;
	timer_clear(c->all->conf.loop, &c->token.timer);
	secrets_need(c, ask_now, c);
}

/* The one place that decides what to do now. */
static void turn(struct connection *c)
{
	const struct mlc_auth *a = token_auth(c);
	struct token *t = &c->token;
	int64_t wait = t->not_before_ms - now_ms(c);

	if (t->asking || c->all->dead)
		return;
	if (t->consent && a) {
		ask(c);
		return;
	}
	if (is_ready(c)) {
		release(c);
	} else if (!may_be_used(c, a) && t->dead) {
		refuse_all(c, MLC_AUTH, 0, t->why);
	} else if (!may_be_used(c, a) && wait > 0) {
		refuse_all(c, MLC_LIMITED, wait, t->why);
	} else if (!TAILQ_EMPTY(&t->line) || (a->kind == MLC_AUTH_OAUTH_CODE && is_due(c) && !c->gone)) {
		ask(c);
		return;
	}
	set_timer(c);
}

/* ---- who is it? -------------------------------------------------------------------------------------------- */

static void on_look_again(void *arg)
{
	grant_look(arg);
}

static void forget_strange(struct connection *c)
{
	struct txn *t = txn_for(c);
	json_t *note;
	char *text;

	c->token.strange = false;
	c->token.looks = 0;
	timer_clear(c->all->conf.loop, &c->token.look_timer);
	note = note_of(&c->token);
	text = json_dumps(note, JSON_COMPACT);
	txn_note(t, c->tenant, c->name, "token", "oauth", text);
	commit(c, t, NULL, NULL); /* where that fails, the next start asks once more */
	free(text);
	json_decref(note);
}

/* One that is away for a while says nothing: until it does, its calls wait.  Any other word is one; another
 * company than last time holds the connection by now. */
void token_met(struct connection *c, enum mlc_fault fault)
{
	struct token *t = &c->token;
	uint32_t dice;

	if (!t->strange)
		return;
	if (!c->gone && (fault == MLC_RETRY || fault == MLC_LIMITED)) {
		random_bytes(&dice, sizeof dice);
		timer_set(c->all->conf.loop, &t->look_timer, now_ms(c) + backoff_ms(t->looks++, AGAIN_MS, dice),
			on_look_again, c);
		return;
	}
	forget_strange(c);
	turn(c);
}

/* ---- what the others tell us ---------------------------------------------------------------------------- */

void token_taken(struct run *r)
{
	r->reauthorized = false;
	if (r->token_serial && r->token_serial == r->connection->token.serial)
		r->connection->token.proven = true;
}

bool token_refused(struct run *r)
{
	struct connection *c = r->connection;
	struct token *t = &c->token;
	const struct mlc_auth *a = token_auth(c);

	if (!a || !r->token_serial || r->reauthorized)
		return false;
	/* One that has never worked is not bettered by another; nor can we fetch one without a grant. */
	if (r->token_serial == t->serial && !t->asking && (!t->proven || t->dead ||
		(a->kind == MLC_AUTH_OAUTH_CODE && !vault_text(c->vault, SECRET_REFRESH, NULL))))
		return false;
	if (r->token_serial == t->serial)
		t->refused = true;
	r->reauthorized = true;
	return true;
}

void token_exchange(struct connection *c)
{
	turn(c);
}

bool token_granted(const struct connection *c)
{
	const struct mlc_auth *a = token_auth(c);

	return !a || a->kind != MLC_AUTH_OAUTH_CODE || c->token.kind == a->kind;
}

void token_apply(struct connection *c)
{
	const struct mlc_auth *a = token_auth(c);
	const struct connections_conf *conf = &c->all->conf;
	bool by_person = a && a->kind == MLC_AUTH_OAUTH_CODE, is_held = c->hold_cause && !strcmp(c->hold_cause, "auth");

	if (!a || c->gone || c->token.asking)
		return;
	if (by_person && (is_held || !token_granted(c))) {
		if (!conf->public_url || !conf->public_url(conf->ctx))
			return; /* it is told when there is an address to come back to */
		if (is_held)
			grant_offer(c); /* after each start: the one before may lead nowhere now */
		else
			died(c, "nobody has authorized it yet");
	} else {
		if (c->token.strange)
			grant_look(c); /* the host ended before it was known */
		turn(c);
	}
}

void token_mended(struct connection *c)
{
	c->token.dead = c->token.tried_before = false;
	c->token.not_before_ms = 0;
	set_timer(c);
}

void token_cancel(struct connection *c)
{
	grant_silence(c);
	if (c->token.transfer)
		carry_cancel(c->token.transfer);
}

void token_finish(struct connection *c)
{
	timer_clear(c->all->conf.loop, &c->token.timer);
	timer_clear(c->all->conf.loop, &c->token.look_timer);
	json_decref(c->token.told);
	json_decref(c->token.redirect);
	json_decref(c->token_told);
}

void token_status(const struct connection *c, json_t *status)
{
	const struct mlc_auth *a = token_auth(c);
	const struct token *t = &c->token;
	json_t *o;

	if (!a)
		return;
	o = json_object();
	json_put_text(o, "auth", auth_text(a->kind));
	json_object_set_new(o, "here", json_boolean(t->kind == a->kind && !t->dead));
	json_object_set_new(o, "renews", json_boolean(t->renews));
	json_put_int(o, "made_ms", t->made_ms);
	json_put_int(o, "ends_ms", t->ends_ms);
	json_put_int(o, "refresh_ends_ms", t->refresh_ends_ms);
	json_put_int(o, "refresh_life_ms", t->refresh_life_ms);
	json_put_int(o, "grant_ends_ms", t->grant_ends_ms);
	json_put_int(o, "grant_life_ms", t->grant_life_ms);
	json_put_int(o, "trouble_ms", t->trouble_ms);
	json_put_text(o, "why", *t->why ? t->why : NULL);
	json_object_set_new(status, "grant", o);
}
