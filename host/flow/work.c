/* work.c - the life of one delivery at work, and the transaction that ends it. */
#include "flow/work.h"
#include "flow/moves.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"
#include "net/pace.h"

#include <stdlib.h>
#include <string.h>

json_t *work_current_write(const struct work *w)
{
	return json_array_get(json_object_get(w->verdict, "writes"), w->write_at);
}

/* ---- beginning and end of a work --------------------------------------------------------- */

static void work_free(struct work *w)
{
	free(w->entity);
	free(w->rid);
	free(w->version);
	free(w->choice);
	free(w->cause);
	free(w->identity);
	free(w->text);
	free(w->merged_into);
	free(w->target_survivor);
	free(w->ask_why);
	free(w->last_key);
	free(w->last_content);
	free(w->content);
	json_decref(w->link);
	json_decref(w->answers);
	json_decref(w->verdict);
	free(w->said);
	work_forget_before(w);
	config_release(w->flow->config);
	free(w);
}

/* The next one of this identity has waited for its turn: it is mapped anew, with what came about. */
static void wake_next(const struct work *w)
{
	struct work *oldest = NULL;

	for (struct work *o = w->host->works; o; o = o->next)
		if (o->phase == PHASE_TURN && (!oldest || o->delivery < oldest->delivery) &&
			((o->flow == w->flow && !strcmp(o->identity, w->identity)) || shared_same_pair(w, o)))
			oldest = o;
	if (oldest)
		work_begin_again(oldest);
}

void work_end(struct work *w)
{
	struct host *h = w->host;

	if (w->dry) { /* it came to no verdict: that is an answer too; the asker ends it */
		w->dry(w, "unknown", "its look-ups wait for the next visit");
		return;
	}
	for (struct work **at = &h->works; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			break;
		}
	h->work_count--;
	w->flow->at_work--;
	w->flow->maybe_ready = true;
	shared_over(w);
	if (w->identity && !h->stopping)
		wake_next(w);
	work_free(w);
	host_wants_turn(h);
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* The last try and, where its outcome is not known, all about it: they stand in the delivery's doc. */
static void remember_try(struct work *w, const char *doc)
{
	json_t *old = doc ? json_read(doc, strlen(doc), NULL) : NULL;

	w->last_key = copy(json_text_at(old, "key"));
	w->last_content = copy(json_text_at(old, "content"));
	if (json_true_at(old, "doubt")) {
		w->doubt = true;
		w->doubt_write = json_int_or(old, "write", 0);
		w->outdated = json_int_or(old, "stamp", w->stamp) != w->stamp;
		w->write_at = (size_t)json_int_or(old, "at", 0);
		w->verdict = json_pack("{s:O?,s:O?}", "writes", json_object_get(old, "writes"),
			"match", json_object_get(old, "match"));
	}
	json_decref(old);
}

/* "changed Customer 21, 2 up": 2. */
static unsigned looks_up(const char *origin)
{
	const char *at = origin ? strrchr(origin, ',') : NULL;
	unsigned up = 0;

	return at && sscanf(at, ", %u up", &up) == 1 ? up : 0;
}

struct work *work_begin(struct flow *f, struct host *h, const struct delivery *d)
{
	struct work *w = xcalloc(1, sizeof *w);

	w->host = h;
	w->flow = f;
	config_ref(f->config);
	w->delivery = d->id;
	w->stamp = d->stamp;
	w->changed_ms = d->changed_ms;
	w->received_ms = d->received_ms;
	w->attempts = d->attempts;
	w->deleted = d->deleted;
	w->fetch = d->fetch || (!d->text && !d->deleted);
	w->up = looks_up(d->origin);
	w->stirs = strcmp(d->entity, f->source_entity) && flow_stirred_by(f, d->entity);
	w->entity = copy(d->entity);
	w->rid = copy(d->rid);
	w->version = copy(d->version);
	w->choice = copy(d->choice);
	w->cause = copy(d->cause);
	w->alone = d->cause && !strcmp(d->cause, BATCH_ALONE);
	w->identity = copy(d->identity);
	w->merged_into = d->deleted ? copy(d->merged_into) : NULL;
	if (d->text) {
		w->text = xstrndup(d->text, d->text_len);
		w->text_len = d->text_len;
	}
	w->answers = json_object();
	remember_try(w, d->doc);
	w->next = h->works;
	h->works = w;
	h->work_count++;
	f->at_work++;
	return w;
}

bool work_goes_on(struct work *w)
{
	if (w->stale || w->host->stopping) {
		work_end(w);
		return false;
	}
	return true;
}

/* ---- committing what was decided ----------------------------------------------------------- */

void work_store_failed(struct work *w, const char *what, const char *why)
{
	log_line(LOG_ERROR, w->flow->key, "%s %s: %s: %s", w->entity, w->rid, what, why);
	deliver_rest(w->host, w->flow);
	work_end(w);
}

void work_on_moved(void *arg, const struct txn_result *r)
{
	struct work *w = arg;

	if (r->code < 0 && r->code != ERR_CONFLICT) {
		work_store_failed(w, "could not be decided", r->text);
		return;
	}
	w->flow->rest_ms = 0;
	if (r->code == ERR_CONFLICT)
		log_line(LOG_INFO, w->flow->key, "%s: begins afresh", r->text);
	else
		intake_touched(w->host, r);
	work_end(w);
}

json_t *work_decision(const struct work *w, const char *state, const char *cause, const char *why)
{
	json_t *d = json_object();

	json_put_text(d, "state", state);
	json_put_text(d, "cause", cause);
	json_put_text(d, "why", why);
	json_put_text(d, "mapping", w->flow->mapping);
	json_put_text(d, "mapping_hash", w->flow->mapping_hash);
	json_put_text(d, "identity", w->identity);
	json_put_text(d, "label", json_text_at(w->verdict, "label"));
	json_object_set(d, "match", json_object_get(w->verdict, "match"));
	return d;
}

/* What every decision about this work has in common. */
struct delivery_move work_move_to(const struct work *w, enum delivery_state to)
{
	return (struct delivery_move) {
		.id = w->delivery, .stamp = w->stamp, .to = to, .attempts = w->attempts,
		.cause = "", .why = "",
		.label = json_text_at(w->verdict, "label"),
		.identity = w->identity,
		.amount = json_text_at(w->verdict, "amount"),
		.currency = json_text_at(w->verdict, "currency"),
		.mapping_hash = w->flow->mapping_hash,
	};
}

/* The verdict as the audit keeps it: so that story can show each field and where it came from. */
void work_audit(struct work *w, struct txn *t, const char *move, json_t *detail)
{
	struct buf b, d;
	const char *payload = w->said;
	size_t len = w->said_len;

	buf_init(&b, VERDICT_MAX);
	buf_init(&d, VERDICT_MAX);
	json_write(&d, detail);
	if (!payload && w->verdict) {
		json_write(&b, w->verdict);
		payload = b.data;
		len = b.len;
	}
	txn_audit(t, &(struct audit_row) {
		.tenant = w->flow->tenant, .move = move, .who = "host",
		.connection = connection_name(w->flow->source), .flow = w->flow->name,
		.entity = w->entity, .rid = w->rid, .delivery = w->delivery,
		.detail = d.data, .payload = payload, .payload_len = len,
	});
	buf_finish(&b);
	buf_finish(&d);
	json_decref(detail);
}

void work_commit(struct work *w, struct txn *t, const struct delivery_move *m)
{
	if (w->dry) {
		txn_abandon(t);
		w->dry(w, delivery_state_text(m->to), m->why);
		return;
	}
	w->phase = PHASE_COMMIT;
	if (w->verdict && m->to != DELIVERY_READY && m->to != DELIVERY_WAITS)
		work_note_again(w, t);
	txn_delivery(t, m);
	work_audit(w, t, "decide", work_decision(w, delivery_state_text(m->to), m->cause, m->why));
	txn_commit(t, work_on_moved, w);
}

void work_settle_as(struct work *w, enum delivery_state to, const char *cause, const char *why)
{
	struct delivery_move m = work_move_to(w, to);

	m.cause = cause ? cause : "";
	m.why = why ? why : "";
	m.choice = to == DELIVERY_REVIEW || to == DELIVERY_HELD ? NULL : "";
	work_commit(w, txn_begin(w->host->store), &m);
}

/* Afresh, later: nothing is decided. */
void work_back_off(struct work *w, int64_t wait_ms, const char *cause, const char *why)
{
	int64_t due = loop_now_ms(w->host->loop) + wait_ms;
	struct delivery_move m = work_move_to(w, DELIVERY_READY);
	struct txn *t = txn_begin(w->host->store);

	m.due_ms = due;
	m.attempts = w->attempts + 1;
	m.cause = cause;
	m.why = why;
	if (!w->flow->due_ms || due < w->flow->due_ms)
		w->flow->due_ms = due;
	work_commit(w, t, &m);
}

/* At once, not when all else that was asked has come: that may stand in line until this very hold is over. */
void work_read_refused(struct work *w, const struct outcome *o)
{
	if (!w->dry)
		host_heed(w->host, (struct connection *)o->connection, o->fault, o->after_ms, o->text);
}

void work_read_failed(struct work *w, enum mlc_fault fault, const char *why)
{
	const struct fault_move *m = move_of(fault);
	uint32_t dice;

	if (w->dry) {
		w->dry(w, "unknown", why);
		return;
	}
	random_bytes(&dice, sizeof dice);
	switch (m->move) {
	case MOVE_WAIT:
	case MOVE_HOLD_LOGIN:
		work_end(w);
		return;
	case MOVE_HOLD:
	case MOVE_REPORT:
		if (w->attempts < m->read_tries)
			work_back_off(w, backoff_ms(w->attempts, RETRY_MOST_MS, dice), m->word, why);
		else
			work_settle_as(w, DELIVERY_HELD, m->cause, why);
		return;
	case MOVE_AGAIN:
	case MOVE_REMAP:
	case MOVE_LOOK:
		if (m->tries && w->attempts >= m->tries)
			work_settle_as(w, DELIVERY_HELD, "gave_up", why);
		else
			work_back_off(w, backoff_ms(w->attempts, RETRY_MOST_MS, dice), m->word, why);
		return;
	}
}
