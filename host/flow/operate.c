/* operate.c - what an operator does to a running host: go, pause, sync, release, decide, link. */
#include "flow/flow.h"

#include "flow/answers.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define PAGE  500
#define TRIES 10 /* of one page whose deliveries move while it is released */

/* ---- what TENANT, TENANT/FLOW, TENANT/INTEGRATION, TENANT/CONNECTION mean --------------------------- */

struct target {
	char tenant[33], rest[128]; /* rest "": all of the tenant */
};

static int target_parse(const struct host *h, const char *text, struct target *t, struct err *e)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	if (!len || len >= sizeof t->tenant || (slash && strlen(slash + 1) >= sizeof t->rest))
		return err_set(e, ERR_INPUT, "'%s' is no TENANT, TENANT/FLOW or TENANT/CONNECTION", text);
	memcpy(t->tenant, text, len);
	t->tenant[len] = 0;
	strcpy(t->rest, slash ? slash + 1 : "");
	return config_has_tenant(h->config, t->tenant, e);
}

static bool is_flow(const struct flow *f, const struct target *t)
{
	return !strcmp(f->tenant, t->tenant) &&
		(!*t->rest || !strcmp(f->name, t->rest) || !strcmp(f->integration, t->rest));
}

static int flows_of(struct host *h, const char *text, struct target *t, size_t *count, struct err *e)
{
	*count = 0;
	if (target_parse(h, text, t, e) < 0)
		return e->code;
	for (size_t i = 0; i < h->config->flow_count; i++)
		*count += is_flow(h->config->flows[i], t);
	if (!*count && *t->rest && !connection_find(h->connections, t->tenant, t->rest))
		return err_set(e, ERR_ABSENT, "tenant %s has no flow and no connection '%s': mlc status %s shows them",
			t->tenant, t->rest, t->tenant);
	return 0;
}

/* ---- deliveries afresh, page by page ------------------------------------------------------------------ */

struct afresh {
	struct host *host;
	json_t *filter;   /* of store_list() */
	char *choice, *who, *move;
	int64_t after, page_after; /* the page's: before it */
	json_int_t count, page_count;
	unsigned tries;
	host_fn *fn;
	void *arg;
	json_t *answer;   /* what is said besides the count */
};

static void afresh_over(struct afresh *a, const struct err *e)
{
	json_t *answer = a->answer ? json_incref(a->answer) : json_object();

	a->host->releasing--;
	json_put_int(answer, "released", a->count);
	a->fn(a->arg, e ? NULL : answer, e);
	json_decref(answer);
	json_decref(a->answer);
	json_decref(a->filter);
	free(a->choice);
	free(a->who);
	free(a->move);
	free(a);
}

static void afresh_page(struct afresh *);

static void on_afresh(void *arg, const struct txn_result *r)
{
	struct afresh *a = arg;

	if (r->code == ERR_CONFLICT && a->tries++ < TRIES) { /* one of them has moved on by itself */
		a->after = a->page_after;
		a->count = a->page_count;
		afresh_page(a);
		return;
	}
	if (r->code < 0) {
		struct err e = { 0 };

		err_set(&e, r->code, "%s", r->text);
		afresh_over(a, &e);
		return;
	}
	a->tries = 0;
	intake_touched(a->host, r);
	afresh_page(a);
}

static void on_page(void *arg, const json_t *rows, const struct err *e)
{
	struct afresh *a = arg;
	struct host *h = a->host;
	struct txn *t;
	json_t *row;
	size_t i;

	if (e || !json_array_size(rows)) {
		afresh_over(a, e);
		return;
	}
	t = txn_begin(h->store);
	json_array_foreach((json_t *)rows, i, row) {
		int64_t id = json_int_or(row, "id", 0);
		struct flow *f = host_flow(h, json_text_or(row, "tenant", ""), json_text_or(row, "flow", ""));
		json_t *detail;

		txn_delivery(t, &(struct delivery_move) { .id = id, .from = delivery_state_of(json_text_at(row, "state")),
			.to = DELIVERY_READY, .cause = "", .why = "", .choice = a->choice });
		detail = a->choice ? json_pack("{s:s}", "choice", a->choice) : NULL;
		if (f)
			host_audit_record(t, a->move, a->who, f, json_text_or(row, "entity", ""), json_text_or(row, "rid", ""), id, detail);
		else
			host_audit(t, json_text_or(row, "tenant", ""), a->move, a->who, NULL, id, detail);
		if (f)
			f->maybe_ready = true;
		a->after = id;
		a->count++;
	}
	txn_commit(t, on_afresh, a);
}

static void afresh_page(struct afresh *a)
{
	a->page_after = a->after;
	a->page_count = a->count;
	json_put_int(a->filter, "after_id", a->after);
	json_put_int(a->filter, "limit", PAGE);
	store_list(a->host->store, a->filter, on_page, a);
}

void deliveries_afresh(struct host *h, const json_t *filter, const char *state, const char *choice, const char *move,
	const char *who, json_t *answer, host_fn *fn, void *arg)
{
	struct afresh *a = xcalloc(1, sizeof *a);

	a->host = h;
	a->filter = json_deep_copy(filter);
	json_put_text(a->filter, "state", state);
	a->choice = choice ? xstrdup(choice) : NULL;
	a->move = xstrdup(move);
	a->who = xstrdup(who);
	a->answer = answer;
	a->fn = fn;
	a->arg = arg;
	h->releasing++;
	afresh_page(a);
}

void host_release(struct host *h, const json_t *filter, const char *who, host_fn *fn, void *arg)
{
	struct err e = { 0 };

	if (filter_names(h, filter, &e) < 0)
		fn(arg, NULL, &e);
	else
		deliveries_afresh(h, filter, "held", NULL, "release", who, NULL, fn, arg);
}

/* ---- go ------------------------------------------------------------------------------------------------- */

struct going {
	struct host *host;
	char *who;
	host_fn *fn;
	void *arg;
	json_t *flows; /* keys still to do */
	json_t *done;
	json_int_t released;
};

static void go_next(struct going *);

static void on_gone(void *arg, const json_t *answer, const struct err *e)
{
	struct going *g = arg;

	if (e)
		log_line(LOG_ERROR, "flow", "go: %s", e->text);
	g->released += json_int_or(answer, "released", 0);
	go_next(g);
}

static void going_over(struct going *g, const struct err *e)
{
	json_t *answer = json_pack("{s:O,s:I}", "flows", g->done, "released", g->released);

	g->fn(g->arg, e ? NULL : answer, e);
	host_wants_turn(g->host);
	json_decref(answer);
	json_decref(g->flows);
	json_decref(g->done);
	free(g->who);
	free(g);
}

static void go_next(struct going *g)
{
	struct host *h = g->host;
	const char *key = json_string_value(json_array_get(g->flows, 0));
	struct flow *f = NULL;
	json_t *filter;

	if (!key) {
		going_over(g, NULL);
		return;
	}
	for (size_t i = 0; i < h->config->flow_count; i++)
		if (!strcmp(h->config->flows[i]->key, key))
			f = h->config->flows[i];
	json_array_append(g->done, json_array_get(g->flows, 0));
	json_array_remove(g->flows, 0);
	if (!f) {
		go_next(g);
		return;
	}
	filter = json_pack("{s:s,s:s}", "tenant", f->tenant, "flow", f->name);
	deliveries_afresh(h, filter, "would", NULL, "go", g->who, NULL, on_gone, g);
	json_decref(filter);
}

/* A person has looked: a brake that held it is off. */
static void go_live(struct host *h, struct flow *f)
{
	if (f->held) {
		free(f->held);
		f->held = NULL;
		f->hold_unwritten = false;
		alert_clear(h, "flow_held", f->key);
	}
	alert_clear(h, "restored", f->key);
	f->mode = FLOW_LIVE;
}

static void on_live(void *arg, const struct txn_result *r)
{
	struct going *g = arg;
	struct host *h = g->host;
	struct err e = { 0 };
	json_t *key;
	size_t n;

	if (r->code < 0) {
		err_set(&e, r->code, "%s", r->text);
		going_over(g, &e);
		return;
	}
	for (size_t i = 0; i < h->config->flow_count; i++)
		json_array_foreach(g->flows, n, key)
			if (!strcmp(h->config->flows[i]->key, json_string_value(key)))
				go_live(h, h->config->flows[i]);
	go_next(g);
}

void host_go(struct host *h, const char *text, const char *who, host_fn *fn, void *arg)
{
	struct going *g;
	struct target t;
	struct err e = { 0 };
	struct txn *txn;
	size_t count;

	if (flows_of(h, text, &t, &count, &e) < 0 || !count) {
		err_set(&e, ERR_ABSENT, "%s has no flows", text);
		fn(arg, NULL, &e);
		return;
	}
	g = xcalloc(1, sizeof *g);
	g->host = h;
	g->who = xstrdup(who);
	g->fn = fn;
	g->arg = arg;
	g->flows = json_array();
	g->done = json_array();
	txn = txn_begin(h->store);
	for (size_t i = 0; i < h->config->flow_count; i++) {
		struct flow *f = h->config->flows[i];

		if (!is_flow(f, &t))
			continue;
		if (f->held)
			brakes_release(f, txn);
		txn_note(txn, f->tenant, f->name, "held", "", NULL);
		txn_note(txn, f->tenant, f->name, "mode", "", "live");
		host_audit(txn, f->tenant, "go", who, f, 0, NULL);
		json_array_append_new(g->flows, json_string(f->key));
	}
	txn_commit(txn, on_live, g);
}

/* ---- pause, resume ------------------------------------------------------------------------------------------ */

/* By tenant, what of it: its name; "" is all of it. */
static void note_pause(struct host *h, const char *tenant, const char *scope, bool paused)
{
	json_t *scopes = json_object_get(h->pauses, tenant);

	if (!scopes)
		json_object_set_new(h->pauses, tenant, scopes = json_object());
	if (paused)
		json_object_set_new(scopes, scope, json_true());
	else
		json_object_del(scopes, scope);
}

/* From then on they are known here: a reload, which reads notes too, may have read them before a command came. */
void pauses_recall(struct host *h, const json_t *notes)
{
	json_t *note;
	size_t i;

	if (h->pauses)
		return;
	h->pauses = json_object();
	json_array_foreach((json_t *)notes, i, note)
		if (!strcmp(json_text_or(note, "kind", ""), "pause"))
			note_pause(h, json_text_or(note, "tenant", ""), json_text_or(note, "scope", ""), true);
}

/* Which of its pauses holds the flow; NULL: none.  One of the flow does not end with one of its tenant. */
static const char *pause_of(const struct host *h, const struct flow *f)
{
	const char *const scopes[] = { "", f->name, f->integration, f->source ? connection_name(f->source) : NULL,
		f->target ? connection_name(f->target) : NULL };
	const json_t *paused = json_object_get(h->pauses, f->tenant);

	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
		if (scopes[i] && json_object_get(paused, scopes[i]))
			return scopes[i];
	return NULL;
}

bool pauses_hold(const struct host *h, const struct flow *f)
{
	return pause_of(h, f) != NULL;
}

struct pausing { struct host *host; host_fn *fn; void *arg; json_t *answer; };

static void on_paused(void *arg, const struct txn_result *r)
{
	struct pausing *p = arg;
	struct err e = { 0 };

	if (r->code < 0)
		err_set(&e, r->code, "%s", r->text);
	p->fn(p->arg, p->answer, r->code < 0 ? &e : NULL);
	json_decref(p->answer);
	host_wants_turn(p->host);
	free(p);
}

static bool is_end(const struct flow *f, const struct target *t)
{
	return !strcmp(f->tenant, t->tenant) && ((f->source && !strcmp(connection_name(f->source), t->rest)) ||
		(f->target && !strcmp(connection_name(f->target), t->rest)));
}

/* What else a person must say for all of it to go on. */
static void tell_still(json_t *answer, const char *tenant, const char *scope)
{
	json_t *list = json_object_get(answer, "still"), *one;
	char *target = *scope ? xformat("%s/%s", tenant, scope) : xstrdup(tenant);
	bool told = false;
	size_t i;

	if (!list)
		json_object_set_new(answer, "still", list = json_array());
	json_array_foreach(list, i, one)
		told = told || !strcmp(json_string_value(one), target);
	if (!told)
		json_array_append_new(list, json_string(target));
	free(target);
}

void host_pause(struct host *h, const char *text, bool paused, const char *who, host_fn *fn, void *arg)
{
	struct pausing *p;
	struct target t;
	struct err e = { 0 };
	struct txn *txn;
	size_t count;

	if (flows_of(h, text, &t, &count, &e) < 0) {
		fn(arg, NULL, &e);
		return;
	}
	p = xcalloc(1, sizeof *p);
	p->host = h;
	p->fn = fn;
	p->arg = arg;
	p->answer = json_pack("{s:s,s:b}", "target", text, "paused", (int)paused);
	txn = txn_begin(h->store);
	txn_note(txn, t.tenant, t.rest, "pause", "", paused ? "1" : NULL);
	if (h->pauses)
		note_pause(h, t.tenant, t.rest, paused);
	host_audit(txn, t.tenant, paused ? "pause" : "resume", who, NULL, 0, json_pack("{s:s}", "target", text));
	for (size_t i = 0; i < h->config->flow_count; i++) {
		struct flow *f = h->config->flows[i];
		const char *still = pause_of(h, f);

		f->paused = still != NULL;
		if (!paused && still && (is_flow(f, &t) || is_end(f, &t)))
			tell_still(p->answer, t.tenant, still);
	}
	txn_commit(txn, on_paused, p);
	/* Of a connection it also says: it is well as it is now, the other company included. */
	struct connection *c = paused ? NULL : connection_find(h->connections, t.tenant, t.rest);
	if (c) {
		proof_resume(h, c);
		connection_resume(c);
	}
}

/* ---- sync --------------------------------------------------------------------------------------------------------- */

struct syncing {
	struct host *host;
	char *target;
	bool wait;
	size_t busy; /* integrations that do not rest yet */
	host_fn *fn;
	void *arg;
};

/* text is taken over. */
static void add_wait(json_t *waits, char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach(waits, i, one)
		if (!strcmp(json_string_value(one), text)) {
			free(text);
			return;
		}
	json_array_append_new(waits, json_string(text));
	free(text);
}

/* Records wait for a peer that calls us: "acme/books is asked at its next visit, at about 2026-11-22 00:08 UTC". */
static void add_visit(json_t *waits, const struct connection *c)
{
	json_t *status = connection_status(c);
	int64_t next = json_int_or(status, "next_visit_ms", 0);
	char at[WHEN_SIZE];

	when_text(next, at);
	at[10] = ' ';
	add_wait(waits, next ? xformat("%s is asked at its next visit, at about %.16s UTC", connection_path(c), at)
		: xformat("%s is asked at its next visit", connection_path(c)));
	json_decref(status);
}

/* Why there may be rest though not all is done: a person, or the time, is wanted first. */
static json_t *what_holds(const struct host *h, const struct target *t)
{
	json_t *waits = json_array();

	for (size_t i = 0; h->config && i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];
		const struct connection *sides[] = { f->source, f->target };

		if (!is_flow(f, t) || !f->enabled)
			continue;
		if (f->held)
			add_wait(waits, xformat("%s is held: %s", f->key, f->held_why));
		for (size_t k = 0; k < 2; k++) {
			const char *why = connection_held(sides[k], NULL, NULL);

			if (why)
				add_wait(waits, xformat("%s is held: %s", connection_path(sides[k]), why));
			else if (f->maybe_ready && !f->paused && connection_peer_calls(sides[k]) && !connection_in_visit(sides[k]))
				add_visit(waits, sides[k]);
		}
	}
	return waits;
}

static void sync_over(struct syncing *s, const struct err *e)
{
	json_t *answer = json_pack("{s:s,s:b}", "flow", s->target, "rests", (int)s->wait);
	struct target t;
	struct err none = { 0 };

	if (s->wait && !e && target_parse(s->host, s->target, &t, &none) == 0)
		json_object_set_new(answer, "waits", what_holds(s->host, &t));
	s->fn(s->arg, answer, e);
	json_decref(answer);
	free(s->target);
	free(s);
}

static void on_rest(void *arg, const json_t *ignored, const struct err *e)
{
	struct syncing *s = arg;

	(void)ignored;
	if (!--s->busy)
		sync_over(s, e);
}

/* Is f the first flow of its integration? */
static bool leads(const struct host *h, const struct flow *f)
{
	size_t i = 0;

	while (strcmp(h->config->flows[i]->tenant, f->tenant) || strcmp(h->config->flows[i]->integration, f->integration))
		i++;
	return h->config->flows[i] == f;
}

static void wait_for_rest(struct syncing *s, const struct flow *f)
{
	struct waiter *w = xcalloc(1, sizeof *w);

	w->flow_key = xstrdup(f->key);
	w->fn = on_rest;
	w->arg = s;
	w->next = s->host->waiters;
	s->host->waiters = w;
	s->busy++;
}

static void on_sync_noted(void *arg, const struct txn_result *r)
{
	struct syncing *s = arg;
	struct host *h = s->host;
	struct target t = { 0 };
	struct err e = { 0 };

	if (r->code < 0)
		err_set(&e, r->code, "%s", r->text);
	if (e.code || target_parse(h, s->target, &t, &e) < 0) {
		sync_over(s, &e);
		return;
	}
	for (size_t i = 0; i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];

		if (!is_flow(f, &t))
			continue;
		for (struct feed_state *feed = h->feeds; feed; feed = feed->next)
			if (feed->connection == f->source || feed->connection == f->target)
				feed->asked = true;
		if (s->wait && (!*t.rest ? leads(h, f) : !s->busy)) /* an integration rests as a whole */
			wait_for_rest(s, f);
	}
	host_wants_turn(h);
	if (!s->busy)
		sync_over(s, NULL);
}

void host_sync(struct host *h, const char *text, const char *since, bool wait, const char *who, host_fn *fn, void *arg)
{
	struct syncing *s;
	struct target t;
	struct err e = { 0 };
	struct txn *txn;
	size_t count;

	if (since && !when_is_day(since))
		err_set(&e, ERR_INPUT, "'%s' is no day: as in 2026-10-01", since);
	if (e.code || flows_of(h, text, &t, &count, &e) < 0 || !count) {
		err_set(&e, ERR_ABSENT, "%s has no flows", text);
		fn(arg, NULL, &e);
		return;
	}
	txn = txn_begin(h->store);
	for (size_t i = 0; i < h->config->flow_count; i++) {
		struct flow *f = h->config->flows[i];

		if (!is_flow(f, &t))
			continue;
		host_audit(txn, f->tenant, "sync", who, f, 0, since ? json_pack("{s:s}", "since", since) : NULL);
		/* A cursor that begins with @ is an instant to start from: connector.h, call->cursor. */
		for (struct feed_state *feed = h->feeds; since && feed; feed = feed->next)
			if (feed->connection == f->source && feed->feed) {
				char *cursor = xformat("@%sT00:00:00Z", since);

				txn_note(txn, f->tenant, connection_name(f->source), "cursor", feed->feed->name, cursor);
				free(cursor);
			}
	}
	s = xcalloc(1, sizeof *s);
	s->host = h;
	s->target = xstrdup(text);
	s->wait = wait;
	s->fn = fn;
	s->arg = arg;
	txn_commit(txn, on_sync_noted, s);
}

/* ---- decide ------------------------------------------------------------------------------------------------------------ */

struct deciding {
	struct host *host;
	json_t *filter, *said;
	char *choice, *who; /* choice: said, as text */
	host_fn *fn;
	void *arg;
	json_int_t released;
	bool remembered; /* of use even when nothing waits for it now */
};

static void deciding_over(struct deciding *d, const struct err *e)
{
	json_t *answer = json_pack("{s:I}", "released", d->released);
	struct err none = { 0 };

	if (!e && !d->released && !d->remembered) {
		err_set(&none, ERR_ABSENT, "nothing that this names is held or in review: see mlc list review");
		e = &none;
	}
	d->fn(d->arg, e ? NULL : answer, e);
	json_decref(answer);
	json_decref(d->filter);
	json_decref(d->said);
	free(d->choice);
	free(d->who);
	free(d);
}

static void on_held_decided(void *arg, const json_t *answer, const struct err *e)
{
	struct deciding *d = arg;

	d->released += json_int_or(answer, "released", 0);
	deciding_over(d, e);
}

static void on_review_decided(void *arg, const json_t *answer, const struct err *e)
{
	struct deciding *d = arg;

	if (e) {
		deciding_over(d, e);
		return;
	}
	d->released = json_int_or(answer, "released", 0);
	deliveries_afresh(d->host, d->filter, "held", d->choice, "decide", d->who, NULL, on_held_decided, d);
}

static void decide_now(struct deciding *d)
{
	deliveries_afresh(d->host, d->filter, "review", d->choice, "decide", d->who, NULL, on_review_decided, d);
}

/* What one of them is asked, the others are asked, too: a word that is no answer to it is mistyped. */
static void on_asked(void *arg, const json_t *rows, const struct err *e)
{
	struct deciding *d = arg;
	const json_t *row = json_array_get(rows, 0);
	const char *text = json_text_at(row, "doc"), *word = json_text_or(d->said, "choice", "");
	json_t *doc = text ? json_read(text, strlen(text), NULL) : NULL, *options = json_object_get(doc, "options"), *o;
	struct err own = { 0 };
	struct buf known;
	bool offered = !json_array_size(options);
	size_t i;

	buf_init(&known, sizeof own.text);
	json_array_foreach(options, i, o) {
		offered = offered || !strcmp(json_text_or(o, "choice", ""), word);
		buf_printf(&known, "%s%s", i ? ", " : "", json_text_or(o, "choice", ""));
	}
	if (!offered) {
		err_set(&own, ERR_INPUT, "'%.40s' is no answer to what %s asks: %s", word, json_text_or(row, "label", "it"),
			known.data);
		e = &own;
	}
	if (e)
		deciding_over(d, e);
	else
		decide_now(d);
	buf_finish(&known);
	json_decref(doc);
}

static void ask_what_is_asked(struct deciding *d)
{
	json_t *filter = json_deep_copy(d->filter);

	json_put_text(filter, "state", "review");
	json_put_int(filter, "limit", 1);
	json_object_set_new(filter, "doc", json_true());
	store_list(d->host->store, filter, on_asked, d);
	json_decref(filter);
}

static void on_remembered(void *arg, const json_t *answer, const struct err *e)
{
	struct deciding *d = arg;

	(void)answer;
	if (e)
		deciding_over(d, e);
	else
		decide_now(d);
}

void host_decide(struct host *h, const json_t *filter, const json_t *choice, bool remember, const char *who, host_fn *fn,
	void *arg)
{
	struct deciding *d;
	const char *tenant = json_text_at(filter, "tenant"), *kind = json_text_at(choice, "kind");
	const char *given = json_text_at(choice, "given"), *answer = json_text_at(choice, "answer");
	struct err e = { 0 };
	struct buf b;
	size_t len;

	if (!tenant)
		err_set(&e, ERR_INPUT, "a tenant is wanted");
	else if (filter_names(h, filter, &e) == 0 && remember && (!kind || !given || !answer))
		err_set(&e, ERR_INPUT, "only an answer can be remembered: kind, given and answer are wanted");
	if (!e.code && remember) {
		char *path = xformat("%s/tenants/%s/answers.csv", h->dir, tenant);

		answers_remember(path, kind, given, answer, &e);
		free(path);
	}
	if (e.code) {
		fn(arg, NULL, &e);
		return;
	}
	d = xcalloc(1, sizeof *d);
	d->host = h;
	d->filter = json_deep_copy(filter);
	d->said = json_deep_copy(choice);
	buf_init(&b, 1u << 20);
	json_write(&b, choice);
	d->choice = buf_take(&b, &len);
	buf_finish(&b);
	d->who = xstrdup(who);
	d->fn = fn;
	d->arg = arg;
	d->remembered = remember;
	if (remember)
		host_reload(h, who, on_remembered, d);
	else
		ask_what_is_asked(d);
}

/* ---- links by hand ------------------------------------------------------------------------------------------------------- */

struct linking {
	struct task task; /* first: the fetch of the target */
	struct host *host;
	host_fn *fn;
	void *arg;
	json_t *answer; /* { tenant, flow, identity, target_id, ... } */
	char *who;
};

static void linking_over(struct linking *l, const struct err *e)
{
	l->fn(l->arg, e->code ? NULL : l->answer, e->code ? e : NULL);
	json_decref(l->answer);
	free(l->who);
	free(l);
}

static void on_linked(void *arg, const struct txn_result *r)
{
	struct err e = { 0 };

	if (r->code < 0)
		err_set(&e, r->code, "%s", r->text);
	linking_over(arg, &e);
}

static struct flow *flow_of_link(struct host *h, const json_t *link, struct err *e)
{
	const char *tenant = json_text_or(link, "tenant", ""), *name = json_text_or(link, "flow", "");
	struct flow *f = host_flow(h, tenant, name);

	if (!f)
		err_set(e, ERR_ABSENT, "there is no flow %s/%s: mlc status shows them", tenant, name);
	else if (!json_text_at(link, "identity"))
		err_set(e, ERR_INPUT, "identity is wanted: mlc links %s shows them", tenant);
	return e->code ? NULL : f;
}

static const char *entity_of_link(const struct linking *l, const struct flow *f)
{
	return json_text_or(l->answer, "target_entity", f->target_entity);
}

static void put_link(struct linking *l, const struct flow *f)
{
	const char *identity = json_text_at(l->answer, "identity");
	struct txn *t = txn_begin(l->host->store);

	txn_link_put(t, &(struct link_row) { .tenant = f->tenant, .flow = f->name, .identity = identity,
		.source_connection = connection_name(f->source), .source_entity = f->source_entity,
		.source_id = json_text_or(l->answer, "source_id", identity),
		.target_connection = connection_name(f->target), .target_entity = entity_of_link(l, f),
		.target_id = json_text_at(l->answer, "target_id"), .made = "by hand" });
	host_audit(t, f->tenant, "link", l->who, f, 0, json_deep_copy(l->answer));
	txn_commit(t, on_linked, l);
}

/* It has what was asked for: a record of that id that lives. */
static bool was_found(const struct outcome *o, const char *entity, const char *id)
{
	for (size_t i = 0; i < o->record_count; i++)
		if (!strcmp(o->records[i].id, id) && !strcmp(o->records[i].entity, entity) && !o->records[i].deleted)
			return true;
	return false;
}

/* A remote that cannot be asked just now keeps nobody from linking; one that says no does. */
static void on_target_seen(struct task *task, const struct outcome *o)
{
	struct linking *l = (struct linking *)task;
	struct err e = { 0 };
	const struct flow *f = flow_of_link(l->host, l->answer, &e); /* a reload may have come between */
	const char *id = json_text_or(l->answer, "target_id", "");

	if (f && o->failed && o->fault == MLC_REFUSED)
		err_set(&e, ERR_REFUSED, "%s does not show %s %s: %s", connection_path(f->target), entity_of_link(l, f), id, o->text);
	else if (f && !o->failed && !was_found(o, entity_of_link(l, f), id))
		err_set(&e, ERR_ABSENT, "there is no %s %s in %s: nothing was linked", entity_of_link(l, f), id,
			connection_path(f->target));
	if (e.code) {
		linking_over(l, &e);
		return;
	}
	if (o->failed)
		json_put_text(l->answer, "unchecked", o->text);
	put_link(l, f);
}

static void look_at_target(struct linking *l, const struct flow *f)
{
	const char *ids[] = { json_text_at(l->answer, "target_id"), NULL }, *why = connection_held(f->target, NULL, NULL);

	if (connection_peer_calls(f->target))
		why = "it calls us, and is asked at its next visit at the earliest";
	else if (!why && !connection_connector(f->target)->fetch)
		why = "its records cannot be asked for one by one";
	if (why) {
		json_put_text(l->answer, "unchecked", why);
		put_link(l, f);
		return;
	}
	l->task.done = on_target_seen;
	host_call(l->host, f->target, &(struct order) { .op = OP_FETCH, .entity = entity_of_link(l, f), .ids = ids,
		.urgent = true }, &l->task);
}

void host_link(struct host *h, const json_t *link, const char *who, host_fn *fn, void *arg)
{
	struct err e = { 0 };
	struct flow *f = flow_of_link(h, link, &e);
	const char *entity = json_text_at(link, "target_entity");
	struct linking *l;

	if (f && !json_text_at(link, "target_id"))
		err_set(&e, ERR_INPUT, "target_id is wanted: the record that it is the same as");
	else if (f && entity && !connector_entity(connection_connector(f->target), entity))
		err_set(&e, ERR_ABSENT, "%s has no entity '%s': mlc schema %s lists them", connection_path(f->target), entity,
			connection_connector(f->target)->name);
	if (e.code) {
		fn(arg, NULL, &e);
		return;
	}
	l = xcalloc(1, sizeof *l);
	l->host = h;
	l->fn = fn;
	l->arg = arg;
	l->answer = json_deep_copy(link);
	json_put_text(l->answer, "target", connection_path(f->target));
	if (!entity)
		json_put_text(l->answer, "target_entity", f->target_entity);
	l->who = xstrdup(who);
	look_at_target(l, f);
}

/* The link that is to go is there, or it is said that it is not. */
static void on_link_to_drop(void *arg, const json_t *rows, const struct err *e)
{
	struct linking *l = arg;
	const char *identity = json_text_or(l->answer, "identity", "");
	struct txn_result failed = { .code = e ? e->code : ERR_ABSENT };
	struct err own = { 0 };
	struct flow *f = flow_of_link(l->host, l->answer, &own);
	struct txn *t;

	if (e || !f || !json_array_size(rows)) {
		failed.text = e ? e->text : !f ? own.text : "nothing of that identity is linked: mlc links shows what is";
		on_linked(l, &failed);
		return;
	}
	t = txn_begin(l->host->store);
	txn_link_drop(t, f->tenant, f->name, identity);
	host_audit(t, f->tenant, "unlink", l->who, f, 0, json_deep_copy(l->answer));
	txn_commit(t, on_linked, l);
}

void host_unlink(struct host *h, const json_t *link, const char *who, host_fn *fn, void *arg)
{
	struct err e = { 0 };
	struct flow *f = flow_of_link(h, link, &e);
	struct linking *l;
	json_t *filter;

	if (!f) {
		fn(arg, NULL, &e);
		return;
	}
	l = xcalloc(1, sizeof *l);
	l->host = h;
	l->fn = fn;
	l->arg = arg;
	l->answer = json_deep_copy(link);
	filter = json_pack("{s:s,s:s,s:s,s:i}", "tenant", f->tenant, "flow", f->name, "identity", json_text_at(link, "identity"),
		"limit", 1);
	l->who = xstrdup(who);
	store_links(h->store, filter, on_link_to_drop, l);
	json_decref(filter);
}
