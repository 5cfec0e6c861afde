/* write.c - what leaves, what came of it, and what is in doubt. */
#include "flow/work.h"
#include "flow/moves.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"
#include "net/pace.h"

#include <stdlib.h>
#include <string.h>

static bool is_ours(const json_t *own, const char *name)
{
	size_t i;
	json_t *o;

	json_array_foreach((json_t *)own, i, o)
		if (json_is_string(o) && !strcmp(json_string_value(o), name))
			return true;
	return json_array_size(own) == 0;
}

static bool all_ours(const json_t *own, const json_t *data)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)data, name, value)
		if (!is_ours(own, name))
			return false;
	return true;
}

/* The members that are ours, as they now stand: what the next merge starts from. */
static char *new_base(const struct work *w)
{
	const json_t *write = work_current_write(w), *own = json_object_get(write, "own"), *data = json_object_get(write, "data");
	const char *old = json_text_at(w->link, "base"), *name;
	json_t *base = old ? json_read(old, strlen(old), NULL) : NULL, *value;
	struct buf b;
	size_t len;
	char *text;

	if (!base && w->content && all_ours(own, data))
		return xstrdup(w->content);
	if (!json_is_object(base)) {
		json_decref(base);
		base = json_object();
	}
	json_object_foreach((json_t *)data, name, value)
		if (is_ours(own, name))
			json_object_set(base, name, value);
	buf_init(&b, VERDICT_MAX);
	json_write(&b, base);
	json_decref(base);
	text = buf_take(&b, &len);
	buf_finish(&b);
	return text;
}

/* Does the target's reply hold what the mapping foretold?  NULL: yes; else a sentence, yours to free. */
static char *unexpected(const struct work *w, const json_t *record, const char **cause)
{
	const json_t *list = json_object_get(work_current_write(w), "expect");
	json_t *e;
	size_t i;

	if (!record && json_array_size(list)) {
		*cause = "not_compared";
		return xstrdup("it was posted, but the reply does not show the record, or is too long to be kept: its total could not be compared");
	}
	json_array_foreach((json_t *)list, i, e) {
		const char *equals = json_text_or(e, "equals", "");
		struct decimal sum = { 0, 0 }, want, part;
		char got[DECIMAL_TEXT_MAX];
		json_t *member;
		size_t n;

		if (!decimal_parse(equals, strlen(equals), &want))
			continue;
		json_array_foreach(json_object_get(e, "sum"), n, member) {
			const char *text = json_text_or(record, json_string_value(member), "0");

			if (!decimal_parse(text, strlen(text), &part) || !decimal_add(sum, part, &sum))
				continue;
		}
		if (!decimal_cmp(sum, want))
			continue;
		decimal_text(sum, 2, got);
		*cause = json_text_or(e, "cause", "total_differs");
		return xformat("it was posted with a total of %s, where %s was due", got, equals);
	}
	return NULL;
}

static void written(struct work *w, struct txn *t, const struct call_record *r)
{
	const json_t *write = work_current_write(w);
	json_t *record = r->text ? json_read(r->text, r->text_len, NULL) : r->data ? json_deep_copy(r->data) : NULL;
	struct delivery_move m = work_move_to(w, DELIVERY_DONE);
	struct link_row l = work_link_row(w);
	const char *cause = NULL;
	char hash[SHA256_HEX_SIZE] = "", *base = new_base(w), *wrong = unexpected(w, record, &cause);
	json_t *detail = work_decision(w, "done", NULL, NULL);
	bool last = w->outdated || w->recovered || w->write_at + 1 >= json_array_size(json_object_get(w->verdict, "writes"));

	if (record) {
		struct buf b;

		buf_init(&b, VERDICT_MAX);
		json_write_canonical(&b, record);
		sha256_hex(b.data, b.len, hash);
		buf_finish(&b);
	}
	l.target_id = r->id;
	l.target_version = r->version;
	l.target_hash = *hash ? hash : NULL;
	l.base = base;
	if (!l.made)
		l.made = strcmp(json_text_or(write, "verb", ""), "create") ? "adopted" : "created";
	txn_write_state(t, w->write_id, WRITE_DONE, NULL, 0);
	if (w->recovered && w->flow->other && strcmp(json_text_or(write, "verb", ""), "create"))
		w->outdated = true; /* what both sides know is worked out anew, from what stands there */
	else if (!strcmp(json_text_or(write, "verb", ""), "delete"))
		txn_link_drop(t, l.tenant, w->link_turned ? w->flow->other->name : l.flow,
			w->link_turned ? json_text_or(w->link, "identity", "") : l.identity);
	else
		shared_put(w, t, &l, record, true);
	/* What the target now holds: for the mirror, so that the next order finds this customer, and for reconcile. */
	if (record)
		intake_emit(w->host, t, w->flow->target, "settle", r, 1, false);
	m.target_connection = l.target_connection;
	m.target_entity = l.target_entity;
	m.target_id = r->id;
	m.choice = "";
	json_put_text(detail, "verb", json_text_at(write, "verb"));
	json_put_text(detail, "entity", l.target_entity);
	json_put_text(detail, "id", r->id);
	json_put_text(detail, "version", r->version);
	json_put_text(detail, "key", w->key);
	if (wrong) {
		m.to = DELIVERY_REVIEW;
		m.cause = cause;
		m.why = wrong;
		json_put_text(detail, "state", "review");
		json_put_text(detail, "cause", cause);
		json_put_text(detail, "why", wrong);
	} else if (last) {
		m.doc = "";
		m.to = w->outdated ? DELIVERY_READY : DELIVERY_DONE; /* a newer change is mapped over it */
	}
	/* Request and reply stand in the exchange that plug has recorded. */
	host_audit_record(t, "settle", "host", w->flow, w->entity, w->rid, w->delivery, detail);
	if (wrong || last) {
		txn_delivery(t, &m);
		w->write_at = SIZE_MAX;
	} else {
		/* What was just written is what the next one's link says. */
		json_t *link = json_pack("{s:s,s:s?,s:s,s:s,s:s}", "target_id", r->id, "target_version", r->version,
			"target_entity", l.target_entity, "made", l.made, "base", base);

		json_decref(w->link);
		w->link = link;
		w->before.went_on = true;
		w->before.content = w->content;
		w->before.last_content = w->last_content ? xstrdup(w->last_content) : NULL;
		w->content = NULL;
		w->write_at++;
		work_put_write(w, t);
	}
	free(wrong);
	free(base);
	json_decref(record);
}

static const struct mlc_entity *entity_of(const struct work *w)
{
	return connector_entity(connection_connector(w->flow->target), json_text_or(work_current_write(w), "entity", ""));
}

static bool has_means(const struct work *w)
{
	const struct mlc_entity *e = entity_of(w);

	return (e && e->flags & (MLC_KEYED | MLC_MARKED)) || json_is_true(json_object_get(w->flow->def, "matches")) ||
		strcmp(json_text_or(work_current_write(w), "verb", ""), "create");
}

static int64_t again_ms(const struct work *w)
{
	int64_t due;
	uint32_t dice;

	random_bytes(&dice, sizeof dice);
	due = loop_now_ms(w->host->loop) + backoff_ms(w->attempts, RETRY_MOST_MS, dice);
	if (!w->flow->due_ms || due < w->flow->due_ms)
		w->flow->due_ms = due;
	return due;
}

/* One that is away, or lets us wait, says nothing about the try before. */
static bool tells_nothing(enum mlc_fault fault)
{
	return fault == MLC_RETRY || fault == MLC_LIMITED || fault == MLC_AUTH;
}

/* may_stand: nobody knows whether it took effect; its key and content are kept for whoever looks. */
static void write_failed(struct work *w, struct txn *t, enum mlc_fault fault, bool may_stand, const char *why)
{
	const struct fault_move *move = move_of(fault);

	may_stand = may_stand || (w->again && tells_nothing(fault));
	struct delivery_move m = work_move_to(w, DELIVERY_READY);
	/* It was not done: another try bears another key.  A remote that keeps its first answer to a key (Zuora, Stripe) would
	 * only give its refusal again. */
	char *doc = may_stand ? work_doc(w, true) : NULL;
	unsigned tries = move->tries;

	m.cause = move->word;
	m.why = why;
	m.attempts = w->attempts + 1;
	m.doc = doc ? doc : "";
	switch (move->move) {
	case MOVE_AGAIN:
		m.due_ms = again_ms(w);
		break;
	case MOVE_WAIT:
	case MOVE_HOLD_LOGIN:
		m.attempts = w->attempts;
		break;
	case MOVE_REMAP:
		break;
	case MOVE_HOLD:
	case MOVE_REPORT:
		m.to = DELIVERY_HELD;
		break;
	case MOVE_LOOK:
		if (!has_means(w))
			m.to = DELIVERY_REVIEW;
		if (work_is_keyed(w)) { /* asking again is harmless: as patient as with a remote that is away */
			tries = move_of(MLC_RETRY)->tries;
			m.due_ms = w->attempts ? again_ms(w) : 0;
		}
		break;
	}
	if (tries && w->attempts >= tries)
		m.to = move->review ? DELIVERY_REVIEW : DELIVERY_HELD;
	if (m.to != DELIVERY_READY)
		m.cause = move->cause;
	if (!may_stand) {
		brakes_give_back(w);
		brakes_note(w->flow, t);
	}
	txn_write_state(t, w->write_id, may_stand ? WRITE_DOUBT : WRITE_FAILED, NULL, 1);
	txn_delivery(t, &m);
	work_audit(w, t, "settle", work_decision(w, delivery_state_text(m.to), m.cause, why));
	w->write_at = SIZE_MAX;
	free(doc);
}

/* A reply that nobody understands is no proof that nothing was done. */
static bool may_stand(enum mlc_fault fault)
{
	return fault == MLC_IN_DOUBT || fault == MLC_BROKEN;
}

/* Refused as a whole, when it went with others: nobody knows whom the refusal means.  Each goes alone then. */
static void go_alone(struct work *w, struct txn *t, const char *why)
{
	struct delivery_move m = work_move_to(w, DELIVERY_READY);

	m.cause = BATCH_ALONE;
	m.why = why;
	m.doc = "";
	txn_write_state(t, w->write_id, WRITE_FAILED, NULL, 1);
	txn_delivery(t, &m);
	work_audit(w, t, "settle", work_decision(w, "ready", BATCH_ALONE, why));
	w->write_at = SIZE_MAX;
}

static void keep_before(struct work *w)
{
	w->before.kept = true;
	w->before.write_at = w->write_at;
	w->before.write_id = w->write_id;
	memcpy(w->before.key, w->key, sizeof w->key);
	w->before.link = json_incref(w->link);
	w->before.outdated = w->outdated;
}

void work_forget_before(struct work *w)
{
	json_decref(w->before.link);
	free(w->before.content);
	free(w->before.last_content);
	memset(&w->before, 0, sizeof w->before);
}

static void go_back(struct work *w)
{
	w->write_at = w->before.write_at;
	w->write_id = w->before.write_id;
	memcpy(w->key, w->before.key, sizeof w->key);
	json_decref(w->link);
	w->link = json_incref(w->before.link);
	w->outdated = w->before.outdated;
	if (!w->before.went_on)
		return;
	free(w->content);
	free(w->last_content);
	w->content = w->before.content;
	w->last_content = w->before.last_content;
	w->before.content = w->before.last_content = NULL;
	w->before.went_on = false;
}

void work_take_outcome(struct work *w, struct txn *t, const struct outcome *o, size_t i)
{
	const struct call_write *mine = o->writes && i < o->write_count ? &o->writes[i] : NULL;

	if (w->before.kept)
		go_back(w); /* this outcome was taken before, and could not be written down */
	else
		keep_before(w);
	if (mine && mine->end == WRITE_END_SETTLED)
		written(w, t, &mine->record);
	else if (mine && mine->end == WRITE_END_REFUSED)
		write_failed(w, t, mine->fault, may_stand(mine->fault), mine->text);
	else if (o->failed && o->fault == MLC_REFUSED && o->write_count > 1)
		go_alone(w, t, o->text);
	else if (o->failed)
		write_failed(w, t, o->fault == MLC_IN_DOUBT && o->never_sent ? MLC_RETRY : o->fault,
			may_stand(o->fault) && !o->never_sent, o->text);
	else
		write_failed(w, t, MLC_BROKEN, true, "the connector ended the call without an outcome for this write");
}

void work_after_outcome(struct work *w)
{
	work_forget_before(w);
	if (w->write_at != SIZE_MAX && !w->host->stopping)
		work_write(w);
	else
		work_end(w);
}

/* ---- after a doubt: look by the mark that we left on the record -------------------------------------- */

static void on_mark_settled(void *arg, const struct txn_result *r)
{
	work_on_moved(arg, r);
}

static void on_looked(struct task *task, const struct outcome *o)
{
	struct work *w = (struct work *)task;
	const struct call_record *r = o->record_count ? &o->records[0] : NULL;
	struct txn *t;
	struct delivery_move m;
	struct link_row l;
	json_t *record;
	char *base;

	if (!work_goes_on(w))
		return;
	if (o->failed) {
		work_read_refused(w, o);
		work_read_failed(w, o->fault, o->text);
		return;
	}
	if (!r) { /* it did not happen: made now, it bears the same mark */
		w->doubt = false;
		work_look_link(w, false);
		return;
	}
	t = txn_begin(w->host->store);
	m = work_move_to(w, w->outdated ? DELIVERY_READY : DELIVERY_DONE);
	l = work_link_row(w);
	l.target_id = r->id;
	l.target_version = r->version;
	l.made = "created";
	l.base = base = new_base(w);
	record = r->text ? json_read(r->text, r->text_len, NULL) : NULL;
	shared_put(w, t, &l, record, true);
	json_decref(record);
	m.cause = "found";
	m.why = "the reply was lost; the record was found by our mark";
	m.doc = "";
	m.target_connection = l.target_connection;
	m.target_entity = l.target_entity;
	m.target_id = r->id;
	w->phase = PHASE_COMMIT;
	txn_delivery(t, &m);
	work_audit(w, t, "settle", work_decision(w, delivery_state_text(m.to), m.cause, m.why));
	txn_commit(t, on_mark_settled, w);
	free(base);
}

bool work_look_by_mark(struct work *w)
{
	const struct mlc_entity *e = connector_entity(connection_connector(w->flow->target), w->flow->target_entity);
	json_t *by;

	if (!w->doubt || !w->last_key || !e || !(e->flags & MLC_MARKED) || !e->mark || work_is_linked(w))
		return false;
	by = json_pack("{s:s}", e->mark, w->last_key);
	w->phase = PHASE_LOOK;
	w->task.done = on_looked;
	host_call(w->host, w->flow->target, &(struct order) { .op = OP_FIND, .entity = e->name, .data = by }, &w->task);
	json_decref(by);
	return true;
}

/* ---- after a doubt: the same again, where the target takes a key but once ------------------------------ */

static void on_again(void *arg, const struct txn_result *r)
{
	struct work *w = arg;

	if (r->code < 0)
		work_on_moved(w, r);
	else
		work_write(w);
}

/* Never mapped anew before its outcome is known: another content would need another key. */
bool work_send_again(struct work *w)
{
	struct delivery_move m;
	struct txn *t;

	if (!w->doubt_write || !w->last_key || (w->choice && *w->choice) || !work_is_keyed(w) || w->flow->mode != FLOW_LIVE)
		return false;
	w->again = true;
	w->write_id = w->doubt_write;
	snprintf(w->key, sizeof w->key, "%s", w->last_key);
	w->phase = PHASE_COMMIT;
	t = txn_begin(w->host->store);
	m = work_move_to(w, DELIVERY_SENDING);
	txn_write_state(t, w->write_id, WRITE_READY, NULL, 1);
	txn_delivery(t, &m);
	work_audit(w, t, "decide", work_decision(w, "sending", "again", "its reply was lost: the same, with the same key"));
	txn_commit(t, on_again, w);
	return true;
}

/* A write that was under way when we died: its work again, as far as the store knows it. */
struct work *work_again(struct host *h, struct flow *f, const json_t *row)
{
	const char *data = json_text_or(row, "data", "{}");
	struct delivery d = {
		.id = json_int_or(row, "delivery", 0), .entity = json_text_or(row, "source_entity", ""),
		.rid = json_text_or(row, "rid", ""), .version = json_text_at(row, "source_version"),
		.attempts = (unsigned)json_int_or(row, "attempts", 0), .identity = json_text_at(row, "identity"),
		.doc = json_text_at(row, "doc"), .text = "null", .text_len = 4, .stamp = json_int_or(row, "stamp", 0),
	};
	struct work *w = work_begin(f, h, &d);
	json_t *write = json_read(data, strlen(data), NULL);

	json_decref(w->verdict);
	w->recovered = true;
	w->write_at = 0;
	w->phase = PHASE_WRITE;
	w->write_id = json_int_or(row, "id", 0);
	snprintf(w->key, sizeof w->key, "%s", json_text_or(row, "key", ""));
	w->verdict = json_pack("{s:[o],s:s?,s:s?,s:s?}", "writes", write ? write : json_object(),
		"label", json_text_at(row, "label"), "amount", json_text_at(row, "amount"),
		"currency", json_text_at(row, "currency"));
	return w;
}
