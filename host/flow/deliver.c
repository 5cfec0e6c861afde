/* deliver.c - which deliveries are worked on, fairly; marks, reloads, restarts. */
#include "flow/work.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

/* While webhooks come in a burst, the backlog yields: docs/design/flow.md. */
#define BURST_AT       8    /* of them wait for the disk at once */
#define BURST_LASTS_MS 100  /* after so many were seen last */
#define BURST_TURN_MS  5000 /* then the backlog has as long a turn */
#define BURST_WORKS    4    /* deliveries at work meanwhile: nothing stands still */

static bool waits_for_visit(const struct connection *c)
{
	return connection_peer_calls(c) && !connection_in_visit(c);
}

/* As many as its target takes at once, and half of what the others leave at most: however many targets are
 * dead, there is room for one more flow. */
static size_t places_of(const struct host *h, const struct flow *f)
{
	size_t at_once = connection_connector(f->target)->at_once, most = at_once > AT_WORK_USUAL ? at_once : AT_WORK_USUAL;
	size_t others = h->work_count - f->at_work, half = others < AT_WORK_MAX ? (AT_WORK_MAX - others) / 2 : 0;

	return most < half ? most : half;
}

/* A second, two, four, .. a minute; several that fail at once are one failure. */
void deliver_rest(struct host *h, struct flow *f)
{
	int64_t now = loop_now_ms(h->loop);

	if (f->rest_until_ms > now)
		return;
	f->rest_ms = !f->rest_ms ? WHEN_SECOND_MS : f->rest_ms < WHEN_MINUTE_MS / 2 ? 2 * f->rest_ms : WHEN_MINUTE_MS;
	f->rest_until_ms = now + f->rest_ms;
}

bool deliver_can_claim(struct host *h, const struct flow *f, int64_t now)
{
	if (f->rest_until_ms > now)
		return false;
	if (!f->maybe_ready && !(f->due_ms && f->due_ms <= now))
		return false;
	if (!f->enabled || f->paused || f->held || f->claiming)
		return false;
	if (!f->source || !f->target || connection_held(f->source, NULL, NULL) || connection_held(f->target, NULL, NULL))
		return false;
	if (waits_for_visit(f->target) || (f->asks_source && waits_for_visit(f->source)))
		return false;
	if (f->open || facts_awaited(h, f->source) || facts_awaited(h, f->target))
		return false;
	if ((f->mode == FLOW_LIVE && !uses_known(h, f)) || !schedule_mirrors_whole(h, f))
		return false;
	return f->at_work < places_of(h, f) && f->at_work <= places_of(h, f) / 2;
}

struct claim_call {
	struct host *host;
	struct flow *flow;
	size_t most;
};

static void claim_over(struct claim_call *c)
{
	c->host->asked -= c->most;
	config_release(c->flow->config);
	host_wants_turn(c->host);
	free(c);
}

static void on_counts(void *arg, const json_t *rows, const struct err *e)
{
	struct claim_call *c = arg;
	struct flow *f = c->flow;
	bool known = true;
	size_t i;
	json_t *row;

	if (e)
		log_line(LOG_ERROR, f->key, "what waits could not be read: %s", e->text);
	json_array_foreach((json_t *)rows, i, row) {
		int64_t due = json_int_or(row, "due_ms", 0);

		if (strcmp(json_text_or(row, "flow", ""), f->name) || strcmp(json_text_or(row, "tenant", ""), f->tenant))
			continue;
		if (due && (!f->due_ms || due < f->due_ms))
			f->due_ms = due;
		known = due || !json_int_or(row, "ready", 0); /* what is at work hides what sleeps */
	}
	f->due_known = known && !e;
	f->claiming = false;
	claim_over(c);
}

static void on_claimed(void *arg, const struct delivery *d, size_t count, const struct err *e)
{
	struct claim_call *c = arg;
	struct host *h = c->host;
	struct flow *f = c->flow;
	struct config *config = f->config;

	if (e) {
		log_line(LOG_ERROR, f->key, "deliveries could not be read: %s", e->text);
		deliver_rest(h, f);
		f->maybe_ready = true;
	}
	if (!e && !count && !f->due_known && config == h->config) { /* nothing now; and later? */
		store_counts(h->store, f->tenant, on_counts, c);
		return;
	}
	f->claiming = false;
	/* What became ready while the store was asked may not be among these. */
	f->maybe_ready = f->maybe_ready || count >= c->most;
	for (size_t i = 0; i < count && config == h->config && !h->stopping; i++) {
		struct work *w;
		bool again = false;

		for (const struct work *o = h->works; o; o = o->next)
			again = again || o->delivery == d[i].id;
		if (again)
			continue;
		w = work_begin(f, h, &d[i]);
		if (!work_look_by_mark(w) && !work_send_again(w))
			work_look_link(w, false);
	}
	claim_over(c);
}

static void claim(struct host *h, struct flow *f, int64_t now, size_t most)
{
	struct claim_call *c = xcalloc(1, sizeof *c);
	int64_t busy[AT_WORK_MAX];
	size_t n = 0;

	for (const struct work *w = h->works; w && n < AT_WORK_MAX; w = w->next)
		if (w->flow == f)
			busy[n++] = w->delivery;
	if (f->due_ms && f->due_ms <= now) {
		f->due_ms = 0;
		f->due_known = false;
	}
	f->maybe_ready = false;
	f->claiming = true;
	c->host = h;
	c->flow = f;
	c->most = most;
	h->asked += most;
	config_ref(f->config);
	store_claim(h->store, &(struct claim) { .tenant = f->tenant, .flow = f->name, .now_ms = now, .busy = busy,
		.busy_count = n, .limit = (unsigned)most }, on_claimed, c);
}

static bool is_burst(struct host *h, int64_t now)
{
	if (connections_receiving(h->connections) >= BURST_AT) {
		if (h->burst_until_ms <= now)
			h->burst_from_ms = now;
		h->burst_until_ms = now + BURST_LASTS_MS;
	}
	return now < h->burst_until_ms && (now - h->burst_from_ms) / BURST_TURN_MS % 2 == 0;
}

/* Each turn begins behind the flow that was served last, so that no tenant's backlog starves another's. */
void deliver_turn(struct host *h)
{
	int64_t now = loop_now_ms(h->loop);
	size_t n = h->config ? h->config->flow_count : 0, first = h->turn_place, most = is_burst(h, now) ? BURST_WORKS : AT_WORK_MAX;

	for (size_t i = 0; i < n && h->work_count + h->asked < most; i++) {
		struct flow *f = h->config->flows[(first + i) % n];
		size_t room = most - h->work_count - h->asked, own;

		if (!deliver_can_claim(h, f, now))
			continue;
		own = (places_of(h, f) + 1) / 2;
		claim(h, f, now, room < own ? room : own);
		h->turn_place = (first + i + 1) % n;
	}
}

/* Will something of it be parked if a visit goes on?  Before a visit nobody can know better; within
 * one, what waits for a person, or for a mirror that could not be read, is not on its way. */
static bool may_come(struct host *h, const struct flow *f, int64_t now)
{
	if (!f->maybe_ready && !(f->due_ms && f->due_ms <= now))
		return false;
	if (!f->enabled || f->paused || f->held || f->open || !f->source || connection_held(f->source, NULL, NULL) ||
		connection_held(f->target, NULL, NULL))
		return false;
	if (waits_for_visit(f->target) || (f->asks_source && waits_for_visit(f->source)))
		return true;
	return (f->mode != FLOW_LIVE || uses_known(h, f) || uses_checking(h, f->target)) && schedule_mirrors_whole(h, f);
}

static bool stands(const struct host *h, const struct connection *c)
{
	return !connection_gets_on(c) && !gather_coming(h, c);
}

/* Nothing more can come of it before a visit, or while a remote does not want to hear from us. */
static bool lies_still(const struct work *w)
{
	const struct flow *f = w->flow;

	switch (w->phase) {
	case PHASE_LOOK:
	case PHASE_WRITE:
		return stands(w->host, f->target);
	case PHASE_FETCH:
		return stands(w->host, f->source);
	case PHASE_ASK:
		return w->asks_called && w->asks_called == w->asks_open && stands(w->host, f->source) &&
			stands(w->host, f->target);
	case PHASE_TURN: /* the one that it waits for is at work, too */
		return true;
	case PHASE_LINK:
	case PHASE_MAP:
	case PHASE_COMMIT:
		break;
	}
	return false;
}

bool deliver_busy(const struct host *h, const struct flow *f)
{
	for (const struct work *w = h->works; w; w = w->next)
		if (w->flow == f && !lies_still(w))
			return true;
	return f->claiming || batch_waits(h, f) ||
		(f->maybe_ready && f->target && uses_checking(h, f->target) && connection_gets_on(f->target));
}

/* Will its works ask something of this one as their source, beside the record that came? */
static bool asks(const struct flow *f, const struct connection *c)
{
	return f->source == c && f->asks_source;
}

size_t deliver_coming(struct host *h, const struct connection *c)
{
	int64_t now = loop_now_ms(h->loop);
	size_t n = 0;

	for (const struct work *w = h->works; w; w = w->next)
		if ((w->flow->target == c && w->phase != PHASE_WRITE) || (asks(w->flow, c) && w->phase < PHASE_COMMIT))
			n++;
	for (size_t i = 0; h->config && i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];

		if ((f->target == c || asks(f, c)) && (f->claiming || batch_waits(h, f) || may_come(h, f, now)))
			n++;
	}
	return n;
}

/* ---- marks, reloads, restarts ------------------------------------------------------------------------- */

struct work *deliver_work_of_write(struct host *h, int64_t write_id)
{
	for (struct work *w = h->works; w; w = w->next)
		if (w->write_id == write_id)
			return w;
	return NULL;
}

void deliver_mark(struct host *h, struct txn *t, const int64_t *write_ids, size_t count, const char *mark)
{
	for (size_t i = 0; i < count; i++) {
		struct work *w = deliver_work_of_write(h, write_ids[i]);

		txn_write_state(t, write_ids[i], WRITE_SENT, mark, 1);
		if (w)
			host_audit_record(t, "mark", "host", w->flow, w->entity, w->rid, w->delivery,
				json_pack("{s:s,s:s?}", "key", w->key, "mark", mark));
	}
}

void deliver_forget_config(struct host *h, const struct config *old)
{
	for (struct work *w = h->works, *next; w; w = next) {
		next = w->next;
		if (w->flow->config != old || w->phase == PHASE_WRITE || w->phase == PHASE_COMMIT)
			continue;
		w->stale = true;
		if (w->phase == PHASE_TURN)
			work_end(w);
	}
}

void deliver_free(struct host *h)
{
	while (h->works)
		work_end(h->works);
}

struct recovery { struct host *host; loop_fn *done; void *arg; };

static void on_recovered(void *arg, const struct txn_result *r)
{
	struct recovery *c = arg;

	if (r->code < 0)
		log_line(LOG_ERROR, "flow", "unfinished writes could not be taken up: %s", r->text);
	c->done(c->arg);
	free(c);
}

/* The key stays: the same content, asked for again, carries it. */
static char *without_doubt(const char *doc)
{
	json_t *o = doc ? json_read(doc, strlen(doc), NULL) : NULL;
	char *text;

	json_object_del(o, "doubt");
	text = o ? json_dumps(o, JSON_COMPACT) : xstrdup("");
	json_decref(o);
	return text;
}

static void on_unsettled(void *arg, const json_t *rows, const struct err *e)
{
	struct recovery *c = arg;
	struct txn *t = txn_begin(c->host->store);
	json_t *row;
	size_t i;

	if (e)
		log_line(LOG_ERROR, "flow", "unfinished writes could not be read: %s", e->text);
	json_array_foreach((json_t *)rows, i, row) {
		int64_t id = json_int_or(row, "id", 0), delivery = json_int_or(row, "delivery", 0);
		struct flow *f = host_flow(c->host, json_text_or(row, "tenant", ""), json_text_or(row, "flow", ""));
		const char *state = json_text_or(row, "state", "");

		if (!strcmp(state, "ready") && json_int_or(row, "tries", 0)) { /* decided again: the doubt stays */
			txn_write_state(t, id, WRITE_DOUBT, NULL, 1);
			txn_delivery(t, &(struct delivery_move) { .id = delivery, .to = DELIVERY_READY });
		} else if (!strcmp(state, "ready")) { /* decided, never marked: nothing left */
			char *doc = without_doubt(json_text_at(row, "doc"));

			txn_write_state(t, id, WRITE_FAILED, NULL, 0);
			txn_delivery(t, &(struct delivery_move) { .id = delivery, .to = DELIVERY_READY, .doc = doc });
			free(doc);
		} else if (f && !strcmp(state, "sent")) {
			work_again(c->host, f, row);
		} else if (!strcmp(state, "sent")) {
			txn_write_state(t, id, WRITE_DOUBT, NULL, 0);
			txn_delivery(t, &(struct delivery_move) { .id = delivery, .to = DELIVERY_REVIEW, .cause = "in_doubt",
				.why = "it was under way when the host ended, and its flow is no longer configured" });
		}
	}
	txn_commit(t, on_recovered, c);
}

void deliver_recover(struct host *h, loop_fn *done, void *arg)
{
	struct recovery *c = xcalloc(1, sizeof *c);

	c->host = h;
	c->done = done;
	c->arg = arg;
	store_unsettled(h->store, on_unsettled, c);
}
