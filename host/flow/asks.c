/* asks.c - what a mapping lacks: other mappings first, then reads of either side. */
#include "flow/work.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define LOOKED_MAX      2048
#define LOOKED_KEY_MAX  1024
#define LOOKED_TEXT_MAX 8192

struct ask {
	struct task task; /* first */
	struct work *work;
	char *key;
	char *looked; /* under which what is found is known afterwards; NULL: not kept */
	bool fetch;
};

/* What was found lately, for those who must not ask a remote (plan.c): texts, all forgotten when they are many. */
char *looked_key(const struct connection *c, const char *entity, const json_t *by)
{
	struct buf b;

	buf_init(&b, LOOKED_KEY_MAX);
	buf_printf(&b, "%s %s ", connection_path(c), entity);
	json_write_canonical(&b, by);
	return b.full ? (buf_finish(&b), NULL) : buf_take(&b, NULL);
}

static void keep_looked(struct host *h, const char *key, const json_t *answer)
{
	struct buf b;

	buf_init(&b, LOOKED_TEXT_MAX);
	if (json_object_size(h->looked) >= LOOKED_MAX)
		json_object_clear(h->looked);
	if (json_write(&b, answer))
		json_put_text(h->looked, key, b.data);
	buf_finish(&b);
}

static void reads(struct work *w);

/* First what it needs, then what it must read: what was found before its needs are met would only
 * have to be asked again. */
static void asks_done(struct work *w)
{
	if (w->ask_failed)
		work_read_failed(w, w->ask_fault, w->ask_why);
	else if (w->target_survivor && !w->dry)
		work_follow_target(w);
	else if (!w->reading)
		reads(w);
	else
		work_map(w);
}

static void ask_over(struct ask *a)
{
	struct work *w = a->work;

	free(a->key);
	free(a->looked);
	free(a);
	if (--w->asks_open == 0 && work_goes_on(w))
		asks_done(w);
}

static json_t *record_answer(const char *id, const char *version, json_t *data)
{
	json_t *r = json_object();

	json_put_text(r, "id", id);
	json_put_text(r, "version", version);
	json_object_set_new(r, "data", data ? data : json_object());
	return r;
}

static json_t *answer_of(const struct call_record *r)
{
	if (r->text)
		return record_answer(r->id, r->version, json_read(r->text, r->text_len, NULL));
	return record_answer(r->id, r->version, r->data ? json_deep_copy(r->data) : NULL);
}

static void on_ask_done(struct task *task, const struct outcome *o)
{
	struct ask *a = (struct ask *)task;
	struct work *w = a->work;
	json_t *answer = json_object();

	w->asks_called--;
	if (o->failed) {
		work_read_refused(w, o);
		if (!w->ask_failed) {
			w->ask_failed = true;
			w->ask_fault = o->fault;
			w->ask_why = xstrdup(o->text ? o->text : "");
		}
	} else if (a->fetch) {
		const struct call_record *r = o->record_count ? &o->records[0] : NULL;

		json_object_set_new(answer, "record", r && !r->deleted ? answer_of(r) : json_null());
		if (a->looked)
			keep_looked(w->host, a->looked, answer);
		if (r && r->merged_into && o->connection == w->flow->target && !strcmp(r->id, json_text_or(w->link, "target_id", "")))
			w->target_survivor = xstrdup(r->merged_into);
	} else {
		json_t *list = json_array();

		for (size_t i = 0; i < o->record_count; i++)
			if (!o->records[i].deleted)
				json_array_append_new(list, answer_of(&o->records[i]));
		json_object_set_new(answer, "records", list);
		if (a->looked)
			keep_looked(w->host, a->looked, answer);
	}
	json_object_set_new(w->answers, a->key, answer);
	ask_over(a);
}

static void on_mirror(void *arg, const json_t *rows, const struct err *e)
{
	struct ask *a = arg;
	struct work *w = a->work;
	json_t *answer = json_object(), *list = json_array(), *row;
	size_t i;

	if (e && !w->ask_failed) {
		w->ask_failed = true;
		w->ask_fault = MLC_RETRY;
		w->ask_why = xstrdup(e->text);
	}
	json_array_foreach((json_t *)rows, i, row) {
		const char *data = json_text_or(row, "data", "{}"); /* the store keeps records as text */

		json_array_append_new(list, record_answer(json_text_at(row, "id"), json_text_at(row, "version"),
			json_read(data, strlen(data), NULL)));
	}
	json_object_set_new(answer, "records", list);
	json_object_set_new(w->answers, a->key, answer);
	ask_over(a);
}

static bool is_mirrored(const struct connection *c, const char *entity, const json_t *by)
{
	const struct mlc_entity *e = connector_entity(connection_connector(c), entity);
	const char *name;
	json_t *value;

	if (!e)
		return false;
	json_object_foreach((json_t *)by, name, value)
		for (const struct mlc_field *f = e->fields; f && f->name; f++)
			if (!strcmp(f->name, name) && f->flags & MLC_MIRRORED)
				return true;
	return false;
}

static struct ask *ask_begin(struct work *w, const char *key)
{
	struct ask *a = xcalloc(1, sizeof *a);

	a->work = w;
	a->key = xstrdup(key);
	a->task.done = on_ask_done;
	w->asks_open++;
	return a;
}

static void ask_find(struct work *w, const json_t *ask)
{
	bool in_source = !strcmp(json_text_or(ask, "connection", "target"), "source");
	struct connection *c = in_source ? w->flow->source : w->flow->target;
	const char *entity = json_text_or(ask, "entity", "");
	const json_t *by = json_object_get(ask, "by");
	struct ask *a = ask_begin(w, json_text_or(ask, "key", ""));

	if (is_mirrored(c, entity, by)) {
		store_mirror_find(w->host->store, w->flow->tenant, connection_name(c), entity, by, on_mirror, a);
		return;
	}
	a->looked = looked_key(c, entity, by);
	w->asks_called++;
	host_call(w->host, c, &(struct order) { .op = OP_FIND, .entity = entity, .data = by }, &a->task);
}

static void ask_fetch(struct work *w, const json_t *ask)
{
	bool in_source = !strcmp(json_text_or(ask, "connection", "target"), "source");
	struct connection *c = in_source ? w->flow->source : w->flow->target;
	const char *entity = json_text_or(ask, "entity", ""), *id = json_text_or(ask, "id", "");
	json_t *by = json_string(id);
	struct ask *a = ask_begin(w, json_text_or(ask, "key", ""));

	a->fetch = true;
	a->looked = looked_key(c, entity, by);
	json_decref(by);
	w->asks_called++;
	host_fetch(w->host, c, entity, id, w->attempts, &a->task);
}

/* ---- asks: another mapping of this record first ------------------------------------------------- */

struct ensure_look { /* what has that flow made of the record? */
	struct ask *ask;
	struct flow *flow;
	char *rid;
	bool only_linked; /* take it if it is there, make nothing */
	bool own;         /* of the same source record as ours */
	bool anew;        /* it is to look at our record, although it is linked */
	bool turned;      /* it was looked for as the target of the way back, too */
	json_t *linked;   /* the answer that its link gives */
};

static bool is_need(const json_t *ask)
{
	const char *kind = json_text_or(ask, "kind", "");

	return !strcmp(kind, "ensure") || !strcmp(kind, "linked");
}

static void ensure_over(struct ensure_look *l, json_t *answer)
{
	struct ask *a = l->ask;

	if (answer)
		json_object_set_new(a->work->answers, a->key, answer);
	json_decref(l->linked);
	free(l->rid);
	free(l);
	ask_over(a);
}

static json_t *no_record(const char *why)
{
	json_t *a = json_object();

	json_object_set_new(a, "none", json_true());
	json_put_text(a, "why", why);
	return a;
}

/* Nothing is linked: perhaps it is only shown, in the shadow, or its mapping has nothing to make of it. */
static void on_last(void *arg, const json_t *rows, const struct err *e)
{
	struct ensure_look *l = arg;
	const json_t *last = e ? NULL : json_array_get(rows, 0);
	const char *state = json_text_or(last, "state", "");
	bool seen = last && (!l->own || json_int_or(last, "changed_ms", 0) >= l->ask->work->changed_ms);
	bool current = seen && !strcmp(json_text_or(last, "mapping_hash", ""), l->flow->mapping_hash);
	bool open = !strcmp(state, "ready") || !strcmp(state, "waits") || !strcmp(state, "sending");

	if (l->linked) {
		ensure_over(l, seen && !open ? json_incref(l->linked) : NULL); /* ours dies with l */
	} else if (!strcmp(state, "would") && l->flow->mode == FLOW_SHADOW) {
		json_t *a = json_object();

		json_object_set_new(a, "shadow", json_true());
		json_put_text(a, "entity", l->flow->target_entity);
		ensure_over(l, a);
	} else if (l->only_linked) {
		ensure_over(l, no_record(NULL));
	} else if (!strcmp(state, "skipped") && current) {
		ensure_over(l, no_record(json_text_at(last, "why")));
	} else {
		ensure_over(l, NULL);
	}
}

static const char *of_side(const json_t *row, const char *side, const char *what)
{
	char name[32];

	snprintf(name, sizeof name, "%s%s", side, what);
	return json_text_at(row, name);
}

static void on_ensure_link(void *arg, const json_t *rows, const struct err *e)
{
	struct ensure_look *l = arg;
	const json_t *row = json_array_get(rows, 0);
	const char *side = l->turned ? "source_" : "target_", *id = e ? NULL : of_side(row, side, "id");
	json_t *filter;

	if (!id && l->flow->other && !l->turned) {
		l->turned = true;
		filter = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "tenant", l->flow->tenant, "flow", l->flow->other->name,
			"target_connection", connection_name(l->flow->source), "target_entity", l->flow->source_entity,
			"target_id", l->rid, "limit", 1);
		store_links(l->ask->work->host->store, filter, on_ensure_link, l);
		json_decref(filter);
		return;
	}

	if (id) {
		json_t *a = json_object();

		json_put_text(a, "id", id);
		json_put_text(a, "version", of_side(row, side, "version"));
		json_put_text(a, "entity", of_side(row, side, "entity"));
		json_put_text(a, "made", json_text_at(row, "made"));
		if (!l->anew) {
			ensure_over(l, a);
			return;
		}
		l->linked = a;
	}
	filter = json_pack("{s:s,s:s,s:s,s:b,s:i}", "tenant", l->flow->tenant, "flow", l->flow->name, "rid", l->rid, "newest", 1,
		"limit", 1);
	store_list(l->ask->work->host->store, filter, on_last, l);
	json_decref(filter);
}

static void ask_ensure(struct work *w, const json_t *ask, struct flow *other)
{
	struct ensure_look *l = xcalloc(1, sizeof *l);
	json_t *filter = json_object();
	const char *identity = json_text_at(ask, "identity"), *rid = json_text_at(ask, "record.id");

	l->ask = ask_begin(w, json_text_or(ask, "key", ""));
	l->flow = other;
	l->rid = xstrdup(rid ? rid : w->rid);
	l->own = !rid;
	l->only_linked = !strcmp(json_text_or(ask, "kind", ""), "linked");
	l->anew = json_true_at(ask, "anew");
	json_put_text(filter, "tenant", w->flow->tenant);
	json_put_text(filter, "flow", other->name);
	if (identity) {
		json_put_text(filter, "identity", identity);
	} else {
		json_put_text(filter, "source_connection", connection_name(w->flow->source));
		json_put_text(filter, "source_id", l->rid);
	}
	json_put_int(filter, "limit", 1);
	store_links(w->host->store, filter, on_ensure_link, l);
	json_decref(filter);
}

/* Some of what it needs is not there: the delivery waits in the store until it is. */
static void wait_for_needs(struct work *w, const json_t *asks)
{
	struct txn *t = txn_begin(w->host->store);
	struct delivery_move m = work_move_to(w, DELIVERY_WAITS);
	size_t i;
	json_t *ask;

	m.cause = "needs";
	m.why = "waits for what it needs";
	txn_delivery(t, &m);
	json_array_foreach((json_t *)asks, i, ask) {
		struct flow *other;

		if (!is_need(ask) || json_object_get(w->answers, json_text_or(ask, "key", "")))
			continue;
		other = host_flow_of_mapping(w->host, w->flow, json_text_or(ask, "mapping", ""));
		txn_ensure(t, &(struct ensure) { .parent = w->delivery, .flow = other->name,
			.identity = json_text_at(ask, "identity"), .entity = json_text_at(ask, "record.entity"),
			.rid = json_text_at(ask, "record.id"), .anew = json_true_at(ask, "anew"), .rank = other->rank });
	}
	w->phase = PHASE_COMMIT;
	work_audit(w, t, "wait", work_decision(w, "waits", m.cause, m.why));
	txn_commit(t, work_on_moved, w);
}

static bool needs_unmet(const struct work *w, const json_t *asks)
{
	size_t i;
	json_t *ask;

	json_array_foreach((json_t *)asks, i, ask)
		if (is_need(ask) && !json_object_get(w->answers, json_text_or(ask, "key", "")))
			return true;
	return false;
}

/* Reads of a peer that calls us wait for its visit; what is found out there dies with this work. */
static bool must_wait_for_visit(const struct work *w, const json_t *ask)
{
	bool in_source = !strcmp(json_text_or(ask, "connection", "target"), "source");
	struct connection *c = in_source ? w->flow->source : w->flow->target;

	return connection_peer_calls(c) && !connection_in_visit(c);
}

static void reads(struct work *w)
{
	json_t *asks = json_object_get(w->verdict, "asks"), *ask;
	size_t i;

	if (needs_unmet(w, asks)) {
		if (w->dry)
			w->dry(w, "waits", "it waits for what it needs");
		else
			wait_for_needs(w, asks);
		return;
	}
	w->reading = true;
	json_array_foreach(asks, i, ask)
		if (!is_need(ask) && must_wait_for_visit(w, ask)) {
			work_end(w);
			return;
		}
	w->asks_open = 1; /* ours, so that none can end it before all have begun */
	json_array_foreach(asks, i, ask) {
		const char *kind = json_text_or(ask, "kind", "");

		if (!strcmp(kind, "find"))
			ask_find(w, ask);
		else if (!strcmp(kind, "fetch"))
			ask_fetch(w, ask);
	}
	if (--w->asks_open == 0)
		asks_done(w);
}

void work_ask(struct work *w)
{
	json_t *asks = json_object_get(w->verdict, "asks"), *ask;
	size_t i;

	if (w->round++ >= ROUNDS_MAX) {
		work_settle_as(w, DELIVERY_HELD, "asks_without_end",
			"the mapping still asks after 4 rounds of answers: tell its author");
		return;
	}
	json_array_foreach(asks, i, ask)
		if (is_need(ask) &&
			!host_flow_of_mapping(w->host, w->flow, json_text_or(ask, "mapping", ""))) {
			struct err e = { 0 };

			err_set(&e, ERR_ABSENT, "it needs %s, which is not among the flows of %s/%s",
				json_text_or(ask, "mapping", "?"), w->flow->tenant, w->flow->integration);
			work_settle_as(w, DELIVERY_HELD, "no_such_mapping", e.text);
			return;
		}
	w->phase = PHASE_ASK;
	w->reading = false;
	w->asks_open = 1;
	json_array_foreach(asks, i, ask)
		if (is_need(ask))
			ask_ensure(w, ask, host_flow_of_mapping(w->host, w->flow, json_text_or(ask, "mapping", "")));
	if (--w->asks_open == 0)
		asks_done(w);
}
