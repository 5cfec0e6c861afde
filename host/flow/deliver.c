/* deliver.c - one record on its way through one flow: read, map, ask, decide, write, settle.
 *
 *  READY -> work -> fetch? -> link -> map <-> asks (4 rounds) -> decide -> write -> settle -> DONE
 *                                      '-> SKIPPED, HELD, REVIEW, WAITS, WOULD
 *
 * A work lives in memory only.  Whatever happens to it, the delivery's row says where to go on. */
#include "flow/flow.h"
#include "flow/moves.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"
#include "net/pace.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MOST_MS  (30 * WHEN_MINUTE_MS)
#define VERDICT_MAX    (8u << 20)
#define REMOVALS_AN_HOUR 20 /* more than these and a person is asked first (WOO-35) */

enum phase { PHASE_LINK = 1, PHASE_FETCH, PHASE_MAP, PHASE_TURN, PHASE_ASK, PHASE_COMMIT, PHASE_WRITE };

struct work {
	struct task task; /* first: the fetch's or the write's */
	struct host *host;
	struct flow *flow;
	struct work *next;
	enum phase phase;
	int64_t delivery, changed_ms, received_ms;
	unsigned attempts, round;
	bool deleted, fetch, stale; /* stale: its config is gone; it ends instead of going on */
	char *entity, *rid, *version, *choice, *cause, *identity, *text;
	size_t text_len;

	json_t *link;      /* the row, or NULL */
	bool link_settled; /* looked up by the identity that the mapping named */
	json_t *answers;
	size_t asks_open;
	bool reading;      /* its needs are met; finds and fetches are under way */
	bool ask_failed;
	enum mlc_fault ask_fault;
	uint32_t ask_after_ms;
	char *ask_why;
	struct connection *ask_connection;

	json_t *verdict;
	size_t write_at; /* which of the verdict's writes */
	int64_t write_id;
	char key[37];
	bool doubt;      /* the last try may have happened: key and content as then */
	char *doubt_key;
	char *doubt_data; /* canonical */
};

struct ask {
	struct task task; /* first */
	struct work *work;
	char *key;
	bool fetch;
};

static void map(struct work *);
static void verdict(struct work *);
static void write_next(struct work *);

static json_t *verdict_write(const struct work *w)
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
	free(w->ask_why);
	free(w->doubt_key);
	free(w->doubt_data);
	json_decref(w->link);
	json_decref(w->answers);
	json_decref(w->verdict);
	config_release(w->flow->config);
	free(w);
}

/* The next one of this identity has waited for its turn: it is mapped anew, with what came about. */
static void wake_next(const struct work *w)
{
	struct work *oldest = NULL;

	for (struct work *o = w->host->works; o; o = o->next)
		if (o->phase == PHASE_TURN && o->flow == w->flow && !strcmp(o->identity, w->identity) &&
			(!oldest || o->delivery < oldest->delivery))
			oldest = o;
	if (oldest) {
		oldest->link_settled = false;
		json_object_clear(oldest->answers);
		map(oldest);
	}
}

static void work_end(struct work *w)
{
	struct host *h = w->host;

	for (struct work **at = &h->works; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			break;
		}
	h->work_count--;
	w->flow->at_work--;
	w->flow->maybe_ready = true;
	if (w->identity)
		wake_next(w);
	work_free(w);
	host_wants_turn(h);
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* The last try's outcome was not known: its key and content stand in the delivery's doc. */
static void remember_doubt(struct work *w, const char *doc)
{
	json_t *old = doc ? json_read(doc, strlen(doc), NULL) : NULL;

	if (json_true_at(old, "doubt")) {
		w->doubt = true;
		w->doubt_key = copy(json_text_at(old, "key"));
		w->doubt_data = copy(json_text_at(old, "data"));
	}
	json_decref(old);
}

static struct work *work_begin(struct flow *f, struct host *h, const struct delivery *d)
{
	struct work *w = xcalloc(1, sizeof *w);

	w->host = h;
	w->flow = f;
	config_ref(f->config);
	w->delivery = d->id;
	w->changed_ms = d->changed_ms;
	w->received_ms = d->received_ms;
	w->attempts = d->attempts;
	w->deleted = d->deleted;
	w->fetch = d->fetch || (!d->text && !d->deleted);
	w->entity = copy(d->entity);
	w->rid = copy(d->rid);
	w->version = copy(d->version);
	w->choice = copy(d->choice);
	w->cause = copy(d->cause);
	w->identity = copy(d->identity);
	if (d->text) {
		w->text = xstrndup(d->text, d->text_len);
		w->text_len = d->text_len;
	}
	w->answers = json_object();
	remember_doubt(w, d->doc);
	w->next = h->works;
	h->works = w;
	h->work_count++;
	f->at_work++;
	return w;
}

static bool goes_on(struct work *w)
{
	if (w->stale || w->host->stopping) {
		work_end(w);
		return false;
	}
	return true;
}

/* ---- committing what was decided ----------------------------------------------------------- */

static void on_moved(void *arg, const struct txn_result *r)
{
	struct work *w = arg;

	if (r->code < 0)
		log_line(LOG_ERROR, w->flow->key, "delivery %lld could not be decided: %s",
			(long long)w->delivery, r->text);
	else
		intake_touched(w->host, r);
	work_end(w);
}

static json_t *decision(const struct work *w, const char *state, const char *cause, const char *why)
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
static struct delivery_move move_to(const struct work *w, enum delivery_state to)
{
	return (struct delivery_move) {
		.id = w->delivery, .to = to, .attempts = w->attempts,
		.cause = "", .why = "",
		.label = json_text_at(w->verdict, "label"),
		.identity = w->identity,
		.amount = json_text_at(w->verdict, "amount"),
		.currency = json_text_at(w->verdict, "currency"),
		.mapping_hash = w->flow->mapping_hash,
	};
}

/* The verdict as the audit keeps it: so that story can show each field and where it came from. */
static void audit_decision(struct work *w, struct txn *t, const char *move, json_t *detail)
{
	struct buf b, d;

	buf_init(&b, VERDICT_MAX);
	buf_init(&d, VERDICT_MAX);
	json_write(&d, detail);
	if (w->verdict)
		json_write(&b, w->verdict);
	txn_audit(t, &(struct audit_row) {
		.tenant = w->flow->tenant, .move = move, .who = "host",
		.connection = connection_name(w->flow->source), .flow = w->flow->name,
		.entity = w->entity, .rid = w->rid, .delivery = w->delivery,
		.detail = d.data, .payload = b.len ? b.data : NULL, .payload_len = b.len,
	});
	buf_finish(&b);
	buf_finish(&d);
	json_decref(detail);
}

static void commit_move(struct work *w, struct txn *t, const struct delivery_move *m)
{
	w->phase = PHASE_COMMIT;
	txn_delivery(t, m);
	audit_decision(w, t, "decide", decision(w, delivery_state_text(m->to), m->cause, m->why));
	txn_commit(t, on_moved, w);
}

static void settle_as(struct work *w, enum delivery_state to, const char *cause, const char *why)
{
	struct delivery_move m = move_to(w, to);

	m.cause = cause ? cause : "";
	m.why = why ? why : "";
	m.choice = to == DELIVERY_REVIEW || to == DELIVERY_HELD ? NULL : "";
	commit_move(w, txn_begin(w->host->store), &m);
}

/* Afresh, later: nothing is decided. */
static void back_off(struct work *w, int64_t wait_ms, const char *cause, const char *why)
{
	int64_t due = loop_now_ms(w->host->loop) + wait_ms;
	struct delivery_move m = move_to(w, DELIVERY_READY);
	struct txn *t = txn_begin(w->host->store);

	m.due_ms = due;
	m.attempts = w->attempts + 1;
	m.cause = cause;
	m.why = why;
	if (!w->flow->due_ms || due < w->flow->due_ms)
		w->flow->due_ms = due;
	commit_move(w, t, &m);
}

/* A read failed (for an ask, a fetch): the table says what follows. */
static void read_failed(struct work *w, struct connection *c, enum mlc_fault fault, uint32_t after_ms,
	const char *why)
{
	const struct fault_move *m = move_of(fault);
	int64_t now = loop_now_ms(w->host->loop);
	uint32_t dice;

	random_bytes(&dice, sizeof dice);
	switch (m->move) {
	case MOVE_WAIT:
		connection_hold(c, m->cause, why, now + (after_ms ? after_ms : WHEN_MINUTE_MS));
		work_end(w);
		return;
	case MOVE_HOLD_LOGIN:
		connection_hold(c, m->cause, why, 0);
		work_end(w);
		return;
	case MOVE_HOLD:
	case MOVE_REPORT:
		settle_as(w, DELIVERY_HELD, m->cause, why);
		return;
	case MOVE_AGAIN:
	case MOVE_REMAP:
	case MOVE_LOOK:
		if (m->tries && w->attempts >= m->tries)
			settle_as(w, DELIVERY_HELD, "gave_up", why);
		else
			back_off(w, backoff_ms(w->attempts, RETRY_MOST_MS, dice), m->word, why);
		return;
	}
}

/* ---- the full record first, when the change was only a hint --------------------------------- */

static void on_fetch_kept(void *arg, const struct txn_result *r)
{
	struct work *w = arg;

	if (r->code < 0) {
		log_line(LOG_ERROR, w->flow->key, "%s %s could not be kept: %s", w->entity, w->rid, r->text);
		work_end(w);
		return;
	}
	intake_touched(w->host, r);
	if (goes_on(w))
		map(w);
}

static void on_fetched(struct task *task, const struct outcome *o)
{
	struct work *w = (struct work *)task;
	const struct call_record *r = NULL;
	struct txn *t;

	if (!goes_on(w))
		return;
	if (o->failed) {
		read_failed(w, w->flow->source, o->fault, o->after_ms, o->text);
		return;
	}
	for (size_t i = 0; i < o->record_count; i++)
		if (!strcmp(o->records[i].id, w->rid) && !strcmp(o->records[i].entity, w->entity))
			r = &o->records[i];
	if (!r) {
		settle_as(w, DELIVERY_HELD, "broken", "the record was asked for and did not come");
		return;
	}
	free(w->text);
	w->text = NULL;
	w->text_len = 0;
	w->deleted = r->deleted;
	w->fetch = false;
	if (r->text) {
		w->text = xstrndup(r->text, r->text_len);
		w->text_len = r->text_len;
	}
	if (r->changed_ms)
		w->changed_ms = r->changed_ms;
	if (r->version) {
		free(w->version);
		w->version = xstrdup(r->version);
	}
	t = txn_begin(w->host->store);
	intake_emit(w->host, t, w->flow->source, "fetch", o->records, o->record_count, false);
	txn_commit(t, on_fetch_kept, w);
}

static void fetch(struct work *w)
{
	const char *ids[] = { w->rid, NULL };
	struct order o = { .op = OP_FETCH, .entity = w->entity, .ids = ids, .attempt = w->attempts };

	w->phase = PHASE_FETCH;
	w->task.done = on_fetched;
	connection_call(w->flow->source, &o, &w->task);
}

/* ---- mapping --------------------------------------------------------------------------------- */

static void put_link(struct buf *b, const json_t *link)
{
	const char *id = json_text_at(link, "target_id");

	if (!link) {
		buf_puts(b, "null");
		return;
	}
	buf_puts(b, "{\"id\":");
	if (id)
		json_write_string(b, id, strlen(id));
	else
		buf_puts(b, "null");
	buf_printf(b, ",\"state\":\"%s\"", id ? "complete" : "intent");
	for (const char *const *m = (const char *const[]) { "target_version", "target_entity", "made", NULL }; *m; m++) {
		const char *v = json_text_at(link, *m);

		if (!v)
			continue;
		buf_printf(b, ",\"%s\":", strncmp(*m, "target_", 7) ? *m : *m + 7);
		json_write_string(b, v, strlen(v));
	}
	if (json_text_at(link, "base"))
		buf_printf(b, ",\"base\":%s", json_text_at(link, "base"));
	buf_putc(b, '}');
}

static void put_text(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, ",\"%s\":", name);
	if (text)
		json_write_string(b, text, strlen(text));
	else
		buf_puts(b, "null");
}

/* The day where the source keeps its clock, when it tells an offset; else the UTC day. */
static void put_today(struct buf *b, const struct connection *source, int64_t now)
{
	const char *offset = json_text_at(connection_facts(source), "gmt_offset");
	char day[WHEN_DAY_SIZE];
	struct decimal hours = { 0, 0 };

	if (offset && decimal_parse(offset, strlen(offset), &hours)) {
		struct decimal ms;

		if (decimal_mul(hours, (struct decimal) { WHEN_HOUR_MS, 0 }, &ms))
			now += (int64_t)decimal_round(ms, 0, DECIMAL_DOWN).units;
	}
	when_day(now, day);
	put_text(b, "today", day);
}

static void map_header(const struct work *w, struct buf *b)
{
	const struct flow *f = w->flow;
	int64_t now = loop_now_ms(w->host->loop);
	char at[WHEN_SIZE];

	buf_printf(b, "{\"generation\":%u", f->config->generation);
	put_text(b, "flow", f->key);
	when_text(now, at);
	put_text(b, "now", at);
	put_today(b, f->source, now);
	buf_puts(b, ",\"source\":{\"connection\":");
	json_write_string(b, connection_name(f->source), strlen(connection_name(f->source)));
	put_text(b, "entity", w->entity);
	put_text(b, "id", w->rid);
	put_text(b, "version", w->version);
	when_text(w->changed_ms, at);
	put_text(b, "changed", w->changed_ms ? at : NULL);
	buf_printf(b, ",\"deleted\":%s}", w->deleted ? "true" : "false");
	buf_puts(b, ",\"link\":");
	put_link(b, w->link);
	put_text(b, "start", f->start);
	put_text(b, "locked_until", f->locked_until);
	buf_puts(b, ",\"facts\":{\"source\":");
	json_write(b, connection_facts(f->source));
	buf_puts(b, ",\"target\":");
	json_write(b, connection_facts(f->target));
	buf_puts(b, "},\"answers\":");
	json_write(b, w->answers);
	buf_printf(b, ",\"choice\":%s", w->choice && *w->choice ? w->choice : "null");
	buf_printf(b, ",\"doubt\":%s,\"origins\":true}", w->doubt ? "true" : "false");
}

static void on_mapped(void *arg, const struct cage_reply *);

static void map(struct work *w)
{
	struct cage_part parts[2];
	struct buf header;

	w->phase = PHASE_MAP;
	buf_init(&header, VERDICT_MAX);
	map_header(w, &header);
	parts[0] = (struct cage_part) { header.data, header.len };
	parts[1] = (struct cage_part) { w->text ? w->text : "null", w->text ? w->text_len : 4 };
	pool_ask(w->host->pool, CAGE_MAP, w->flow->config->generation, parts, 2, on_mapped, w);
	buf_finish(&header);
}

static void on_link(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;
	json_t *row = json_array_get(rows, 0);

	if (!goes_on(w))
		return;
	if (e) {
		log_line(LOG_ERROR, w->flow->key, "links could not be read: %s", e->text);
		work_end(w);
		return;
	}
	if (row) {
		json_decref(w->link);
		w->link = json_deep_copy(row);
	}
	if (w->link_settled) { /* by identity, after a verdict: only a link makes a new mapping */
		if (row)
			map(w);
		else
			verdict(w);
		return;
	}
	if (w->fetch)
		fetch(w);
	else
		map(w);
}

static void look_link(struct work *w, bool by_identity)
{
	json_t *filter = json_object();

	w->phase = PHASE_LINK;
	json_put_text(filter, "tenant", w->flow->tenant);
	json_put_text(filter, "flow", w->flow->name);
	if (by_identity) {
		json_put_text(filter, "identity", w->identity);
	} else {
		json_put_text(filter, "source_connection", connection_name(w->flow->source));
		json_put_text(filter, "source_id", w->rid);
	}
	json_put_int(filter, "limit", 1);
	store_links(w->host->store, filter, on_link, w);
	json_decref(filter);
}

/* ---- asks --------------------------------------------------------------------------------------- */

static void reads(struct work *w);

/* First what it needs, then what it must read: what was found before its needs are met would only
 * have to be asked again. */
static void asks_done(struct work *w)
{
	if (w->ask_failed)
		read_failed(w, w->ask_connection, w->ask_fault, w->ask_after_ms, w->ask_why);
	else if (!w->reading)
		reads(w);
	else
		map(w);
}

static void ask_over(struct ask *a)
{
	struct work *w = a->work;

	free(a->key);
	free(a);
	if (--w->asks_open == 0 && goes_on(w))
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

	if (o->failed) {
		if (!w->ask_failed) {
			w->ask_failed = true;
			w->ask_fault = o->fault;
			w->ask_after_ms = o->after_ms;
			w->ask_why = copy(o->text);
			w->ask_connection = (struct connection *)o->connection;
		}
	} else if (a->fetch) {
		const struct call_record *r = o->record_count ? &o->records[0] : NULL;

		json_object_set_new(answer, "record", r && !r->deleted ? answer_of(r) : json_null());
	} else {
		json_t *list = json_array();

		for (size_t i = 0; i < o->record_count; i++)
			if (!o->records[i].deleted)
				json_array_append_new(list, answer_of(&o->records[i]));
		json_object_set_new(answer, "records", list);
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
		w->ask_connection = w->flow->target;
	}
	json_array_foreach((json_t *)rows, i, row)
		json_array_append_new(list, record_answer(json_text_at(row, "id"), json_text_at(row, "version"),
			json_deep_copy(json_object_get(row, "data"))));
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
	connection_call(c, &(struct order) { .op = OP_FIND, .entity = entity, .data = by }, &a->task);
}

static void ask_fetch(struct work *w, const json_t *ask)
{
	bool in_source = !strcmp(json_text_or(ask, "connection", "target"), "source");
	struct connection *c = in_source ? w->flow->source : w->flow->target;
	const char *ids[] = { json_text_or(ask, "id", ""), NULL };
	struct ask *a = ask_begin(w, json_text_or(ask, "key", ""));

	a->fetch = true;
	connection_call(c, &(struct order) { .op = OP_FETCH, .entity = json_text_or(ask, "entity", ""), .ids = ids },
		&a->task);
}

/* ---- asks: another mapping of this record first ------------------------------------------------- */

struct ensure_look { /* is identity of that flow linked already, or shown in the shadow? */
	struct ask *ask;
	struct flow *flow;
	char *identity;
	bool looked_would;
};

static void ensure_over(struct ensure_look *l)
{
	struct ask *a = l->ask;

	free(l->identity);
	free(l);
	ask_over(a);
}

static void on_would(void *arg, const json_t *answer, const struct err *e)
{
	struct ensure_look *l = arg;
	struct work *w = l->ask->work;

	if (!e && json_array_size(answer)) {
		json_t *a = json_object();

		json_object_set_new(a, "shadow", json_true());
		json_put_text(a, "entity", l->flow->target_entity);
		json_object_set_new(w->answers, l->ask->key, a);
	}
	ensure_over(l);
}

static void on_ensure_link(void *arg, const json_t *rows, const struct err *e)
{
	struct ensure_look *l = arg;
	struct work *w = l->ask->work;
	const json_t *row = json_array_get(rows, 0);
	const char *id = e ? NULL : json_text_at(row, "target_id");

	if (id) {
		json_t *a = json_object();

		json_put_text(a, "id", id);
		json_put_text(a, "version", json_text_at(row, "target_version"));
		json_put_text(a, "entity", json_text_at(row, "target_entity"));
		json_put_text(a, "made", json_text_at(row, "made"));
		json_object_set_new(w->answers, l->ask->key, a);
		ensure_over(l);
		return;
	}
	if (w->flow->mode == FLOW_SHADOW) {
		json_t *filter = json_object();

		json_put_text(filter, "tenant", w->flow->tenant);
		json_put_text(filter, "flow", l->flow->name);
		json_put_text(filter, "identity", l->identity);
		json_put_text(filter, "state", "would");
		json_put_int(filter, "limit", 1);
		store_list(w->host->store, filter, on_would, l);
		json_decref(filter);
		return;
	}
	ensure_over(l);
}

static void ask_ensure(struct work *w, const json_t *ask, struct flow *other)
{
	struct ensure_look *l = xcalloc(1, sizeof *l);
	json_t *filter = json_object();

	l->ask = ask_begin(w, json_text_or(ask, "key", ""));
	l->flow = other;
	l->identity = xstrdup(json_text_or(ask, "identity", ""));
	json_put_text(filter, "tenant", w->flow->tenant);
	json_put_text(filter, "flow", other->name);
	json_put_text(filter, "identity", l->identity);
	json_put_int(filter, "limit", 1);
	store_links(w->host->store, filter, on_ensure_link, l);
	json_decref(filter);
}

/* Some of what it needs is not there: the delivery waits in the store until it is. */
static void wait_for_needs(struct work *w, const json_t *asks)
{
	struct txn *t = txn_begin(w->host->store);
	struct delivery_move m = move_to(w, DELIVERY_WAITS);
	size_t i;
	json_t *ask;

	m.cause = "needs";
	m.why = "waits for what it needs";
	txn_delivery(t, &m);
	json_array_foreach((json_t *)asks, i, ask) {
		struct flow *other;

		if (strcmp(json_text_or(ask, "kind", ""), "ensure") ||
			json_object_get(w->answers, json_text_or(ask, "key", "")))
			continue;
		other = host_flow_of_mapping(w->host, w->flow, json_text_or(ask, "mapping", ""));
		txn_ensure(t, &(struct ensure) { .parent = w->delivery, .flow = other->name,
			.identity = json_text_at(ask, "identity"), .rank = other->rank });
	}
	w->phase = PHASE_COMMIT;
	audit_decision(w, t, "wait", decision(w, "waits", m.cause, m.why));
	txn_commit(t, on_moved, w);
}

static bool needs_unmet(const struct work *w, const json_t *asks)
{
	size_t i;
	json_t *ask;

	json_array_foreach((json_t *)asks, i, ask)
		if (!strcmp(json_text_or(ask, "kind", ""), "ensure") &&
			!json_object_get(w->answers, json_text_or(ask, "key", "")))
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
		wait_for_needs(w, asks);
		return;
	}
	w->reading = true;
	json_array_foreach(asks, i, ask)
		if (strcmp(json_text_or(ask, "kind", ""), "ensure") && must_wait_for_visit(w, ask)) {
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

static void start_asks(struct work *w)
{
	json_t *asks = json_object_get(w->verdict, "asks"), *ask;
	size_t i;

	if (w->round++ >= ROUNDS_MAX) {
		settle_as(w, DELIVERY_HELD, "asks_without_end",
			"the mapping still asks after 4 rounds of answers: tell its author");
		return;
	}
	json_array_foreach(asks, i, ask)
		if (!strcmp(json_text_or(ask, "kind", ""), "ensure") &&
			!host_flow_of_mapping(w->host, w->flow, json_text_or(ask, "mapping", ""))) {
			struct err e = { 0 };

			err_set(&e, ERR_ABSENT, "it needs %s, which is not among the flows of %s/%s",
				json_text_or(ask, "mapping", "?"), w->flow->tenant, w->flow->integration);
			settle_as(w, DELIVERY_HELD, "no_such_mapping", e.text);
			return;
		}
	w->phase = PHASE_ASK;
	w->reading = false;
	w->asks_open = 1;
	json_array_foreach(asks, i, ask)
		if (!strcmp(json_text_or(ask, "kind", ""), "ensure"))
			ask_ensure(w, ask, host_flow_of_mapping(w->host, w->flow, json_text_or(ask, "mapping", "")));
	if (--w->asks_open == 0)
		asks_done(w);
}

/* ---- verdicts ------------------------------------------------------------------------------------ */

void flow_hold(struct host *h, struct flow *f, const char *cause, const char *why)
{
	struct txn *t = txn_begin(h->store);
	struct buf b;

	free(f->held);
	free(f->held_why);
	f->held = cause ? xstrdup(cause) : NULL;
	f->held_why = cause ? xstrdup(why) : NULL;
	buf_init(&b, 4096);
	if (cause)
		buf_printf(&b, "%s %s", cause, why);
	txn_note(t, f->tenant, f->name, "held", "", cause ? b.data : NULL);
	host_audit(t, f->tenant, cause ? "hold" : "unhold", "host", f, 0,
		cause ? json_pack("{s:s,s:s}", "cause", cause, "why", why) : NULL);
	host_commit_quietly(t);
	if (cause)
		alert_raise(h, "flow_held", f->key, why);
	else
		alert_clear(h, "flow_held", f->key);
	buf_finish(&b);
}

static bool removes(const json_t *write)
{
	const char *verb = json_text_or(write, "verb", "");

	return !strcmp(verb, "delete") || !strcmp(verb, "void");
}

/* Brakes (ALL-09, WOO-35): true when this write must not go out before a person has looked. */
static bool braked(struct work *w)
{
	struct flow *f = w->flow;
	int64_t now = loop_now_ms(w->host->loop);
	const char *amount = json_text_at(w->verdict, "amount");
	struct decimal a = { 0, 0 }, spent = { 0, 0 }, most;
	char day[WHEN_DAY_SIZE], text[160];

	if (removes(verdict_write(w))) {
		size_t recent = 0;

		for (size_t i = 0; i < sizeof f->removals_ms / sizeof *f->removals_ms; i++)
			recent += f->removals_ms[i] > now - WHEN_HOUR_MS;
		if (recent >= REMOVALS_AN_HOUR) {
			flow_hold(w->host, f, "mass_deletion",
				"more than 20 documents would be voided or deleted within an hour");
			return true;
		}
		f->removals_ms[f->removals++ % (sizeof f->removals_ms / sizeof *f->removals_ms)] = now;
	}
	if (!f->money || strcmp(json_text_or(verdict_write(w), "verb", ""), "create"))
		return false;
	if (f->documents_since_ms < now - WHEN_HOUR_MS && !connection_peer_calls(f->target)) {
		f->documents_since_ms = now;
		f->documents = 0;
	}
	if (f->documents_per_visit && f->documents >= f->documents_per_visit) {
		snprintf(text, sizeof text, "%lld documents were posted: max_documents_per_visit is reached",
			(long long)f->documents);
		flow_hold(w->host, f, "max_documents", text);
		return true;
	}
	when_day(now, day);
	if (strcmp(day, f->spent_day)) {
		memcpy(f->spent_day, day, sizeof day);
		strcpy(f->spent, "0");
	}
	if (amount && decimal_parse(amount, strlen(amount), &a) &&
		decimal_parse(f->spent, strlen(f->spent), &spent) && decimal_add(spent, a, &spent)) {
		if (f->amount_per_day && decimal_parse(f->amount_per_day, strlen(f->amount_per_day), &most) &&
			decimal_cmp(spent, most) > 0) {
			flow_hold(w->host, f, "max_amount", "the next document would pass max_amount_per_day");
			return true;
		}
		decimal_text(spent, -1, f->spent);
	}
	f->documents++;
	return false;
}

/* The same while the outcome is not known, another one for other content or a new try. */
static void choose_key(struct work *w)
{
	const json_t *data = json_object_get(verdict_write(w), "data");
	struct buf b;
	char hex[SHA256_HEX_SIZE];

	buf_init(&b, VERDICT_MAX);
	if (data)
		json_write_canonical(&b, data);
	if (w->doubt && w->doubt_key && w->doubt_data && !strcmp(w->doubt_data, b.data)) {
		snprintf(w->key, sizeof w->key, "%s", w->doubt_key);
		buf_finish(&b);
		return;
	}
	free(w->doubt_data);
	w->doubt_data = xstrdup(b.data);
	buf_clear(&b);
	buf_printf(&b, "%s|%s|%lld", w->flow->key, w->identity ? w->identity : w->rid, (long long)w->write_id);
	sha256_hex(b.data, b.len, hex);
	snprintf(w->key, sizeof w->key, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	buf_finish(&b);
}

static char *doc_text(const struct work *w, bool doubt)
{
	json_t *doc = json_object();
	struct buf b;
	size_t len;
	char *text;

	json_object_set(doc, "writes", json_object_get(w->verdict, "writes"));
	json_object_set(doc, "match", json_object_get(w->verdict, "match"));
	if (doubt) {
		json_object_set_new(doc, "doubt", json_true());
		json_put_text(doc, "key", w->key);
		json_put_text(doc, "data", w->doubt_data);
	}
	buf_init(&b, VERDICT_MAX);
	json_write(&b, doc);
	json_decref(doc);
	text = buf_take(&b, &len);
	buf_finish(&b);
	return text;
}

static void would(struct work *w)
{
	struct delivery_move m = move_to(w, DELIVERY_WOULD);
	char *doc = doc_text(w, false);

	m.doc = doc;
	m.cause = "shadow";
	m.why = "the flow is in the shadow: this is what it would post";
	commit_move(w, txn_begin(w->host->store), &m);
	free(doc);
}

static struct link_row link_of(const struct work *w)
{
	const json_t *write = verdict_write(w);

	return (struct link_row) {
		.tenant = w->flow->tenant, .flow = w->flow->name,
		.identity = w->identity ? w->identity : w->rid,
		.source_connection = connection_name(w->flow->source),
		.source_entity = w->entity, .source_id = w->rid, .source_version = w->version,
		.target_connection = connection_name(w->flow->target),
		.target_entity = json_text_or(write, "entity", w->flow->target_entity),
		.made = json_text_at(w->link, "made"), .delivery = w->delivery,
	};
}

static bool link_is_complete(const struct work *w)
{
	return json_text_at(w->link, "target_id") != NULL;
}

static void on_decided(void *arg, const struct txn_result *r)
{
	struct work *w = arg;

	if (r->code < 0) {
		log_line(LOG_ERROR, w->flow->key, "delivery %lld could not be decided: %s",
			(long long)w->delivery, r->text);
		work_end(w);
		return;
	}
	write_next(w);
}

static void put_write_row(struct work *w, struct txn *t)
{
	const json_t *write = verdict_write(w);
	struct buf b;

	w->write_id = store_next_id(w->host->store);
	choose_key(w);
	buf_init(&b, VERDICT_MAX);
	json_write(&b, write);
	txn_write_put(t, &(struct write_row) {
		.id = w->write_id, .delivery = w->delivery, .tenant = w->flow->tenant,
		.connection = connection_name(w->flow->target), .entity = json_text_or(write, "entity", ""),
		.verb = json_text_or(write, "verb", ""), .target_id = json_text_at(write, "id"),
		.version = json_text_at(write, "version"), .key = w->key, .data = b.data, .state = WRITE_READY,
	});
	buf_finish(&b);
}

static void decide_write(struct work *w)
{
	struct delivery_move m = move_to(w, DELIVERY_SENDING);
	struct txn *t;
	char *doc, *lack;

	if (w->flow->mode == FLOW_SHADOW) {
		would(w);
		return;
	}
	lack = uses_lack(w->host, w->flow);
	if (lack) {
		settle_as(w, DELIVERY_HELD, "books_lack", lack);
		free(lack);
		return;
	}
	if (w->flow->paused || w->flow->held || braked(w)) {
		work_end(w);
		return;
	}
	w->phase = PHASE_COMMIT;
	t = txn_begin(w->host->store);
	put_write_row(w, t);
	/* From here to the settled outcome a crash leaves a doubt, and the doc says which. */
	doc = doc_text(w, true);
	m.doc = doc;
	txn_delivery(t, &m);
	if (!link_is_complete(w)) {
		struct link_row l = link_of(w);

		txn_link_put(t, &l);
	}
	audit_decision(w, t, "decide", decision(w, "sending", NULL, NULL));
	txn_commit(t, on_decided, w);
	free(doc);
}

static void nothing_to_do(struct work *w)
{
	const json_t *found = json_object_get(w->verdict, "link");
	struct delivery_move m = move_to(w, w->flow->mode == FLOW_SHADOW ? DELIVERY_WOULD : DELIVERY_DONE);
	struct txn *t = txn_begin(w->host->store);
	const char *id = json_text_at(found, "id");

	m.why = json_text_or(w->verdict, "why", "the target holds it already");
	m.cause = id ? "adopted" : "equal";
	m.choice = "";
	m.doc = "";
	if (id) {
		m.target_connection = connection_name(w->flow->target);
		m.target_entity = json_text_or(found, "entity", w->flow->target_entity);
		m.target_id = id;
	}
	if (id && w->flow->mode == FLOW_LIVE) {
		struct link_row l = link_of(w);

		l.target_entity = m.target_entity;
		l.target_id = id;
		l.target_version = json_text_at(found, "version");
		l.made = link_is_complete(w) ? json_text_at(w->link, "made") : "adopted";
		l.base = json_text_at(w->link, "base");
		txn_link_put(t, &l);
	}
	commit_move(w, t, &m);
}

static void verdict(struct work *w)
{
	const char *v = json_text_or(w->verdict, "verdict", "");
	const char *cause = json_text_at(w->verdict, "cause"), *why = json_text_at(w->verdict, "why");

	if (!strcmp(v, "ask")) {
		start_asks(w);
	} else if (!strcmp(v, "write")) {
		decide_write(w);
	} else if (!strcmp(v, "nothing")) {
		nothing_to_do(w);
	} else if (!strcmp(v, "skip")) {
		settle_as(w, DELIVERY_SKIPPED, cause, why);
	} else if (!strcmp(v, "hold")) {
		settle_as(w, DELIVERY_HELD, cause, why);
	} else if (!strcmp(v, "review")) {
		struct delivery_move m = move_to(w, DELIVERY_REVIEW);
		char *doc;
		struct buf b;
		size_t len;

		buf_init(&b, VERDICT_MAX);
		buf_puts(&b, "{\"options\":");
		if (json_object_get(w->verdict, "options"))
			json_write(&b, json_object_get(w->verdict, "options"));
		else
			buf_puts(&b, "[]");
		buf_putc(&b, '}');
		doc = buf_take(&b, &len);
		m.cause = cause ? cause : "review";
		m.why = why ? why : "";
		m.doc = doc;
		commit_move(w, txn_begin(w->host->store), &m);
		free(doc);
		buf_finish(&b);
	} else {
		settle_as(w, DELIVERY_HELD, "mapping_failed", why ? why : "the mapping gave no verdict: tell its author");
	}
}

/* Is another delivery of the same identity of this flow at work?  Then this one waits its turn. */
static bool identity_is_busy(const struct work *w)
{
	for (const struct work *o = w->host->works; o; o = o->next)
		if (o != w && o->flow == w->flow && o->identity && w->identity && !strcmp(o->identity, w->identity) &&
			(o->phase >= PHASE_ASK || o->delivery < w->delivery))
			return true;
	return false;
}

static void on_mapped(void *arg, const struct cage_reply *r)
{
	struct work *w = arg;
	const char *identity;

	if (!goes_on(w))
		return;
	json_decref(w->verdict);
	w->verdict = NULL;
	if (r->outcome != CAGE_ANSWERED) {
		settle_as(w, DELIVERY_HELD, "mapping_crashed", r->why);
		return;
	}
	w->verdict = r->part_count ? json_read(r->parts[0].bytes, r->parts[0].len, NULL) : NULL;
	identity = json_text_at(w->verdict, "identity");
	if (identity && (!w->identity || strcmp(identity, w->identity))) {
		free(w->identity);
		w->identity = xstrdup(identity);
	}
	if (identity && identity_is_busy(w)) {
		w->phase = PHASE_TURN; /* work_end() of the other one wakes it */
		return;
	}
	if (identity && !w->link && !w->link_settled) {
		w->link_settled = true;
		look_link(w, true);
		return;
	}
	verdict(w);
}

/* ---- writing ---------------------------------------------------------------------------------------- */

static enum mlc_verb verb_of(const char *text)
{
	static const struct { const char *text; enum mlc_verb verb; } verbs[] = {
		{ "create", MLC_DO_CREATE }, { "update", MLC_DO_UPDATE }, { "delete", MLC_DO_DELETE }, { "void", MLC_DO_VOID },
	};

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(verbs[i].text, text))
			return verbs[i].verb;
	return MLC_DO_CREATE;
}

/* The members that are ours, as they now stand: what the next merge starts from. */
static char *new_base(const struct work *w)
{
	const json_t *write = verdict_write(w), *own = json_object_get(write, "own"), *data = json_object_get(write, "data");
	const char *old = json_text_at(w->link, "base"), *name;
	json_t *base = old ? json_read(old, strlen(old), NULL) : NULL, *value;
	struct buf b;
	size_t len;
	char *text;

	if (!json_is_object(base)) {
		json_decref(base);
		base = json_object();
	}
	json_object_foreach((json_t *)data, name, value) {
		bool ours = !json_array_size(own);
		size_t i;
		json_t *o;

		json_array_foreach((json_t *)own, i, o)
			ours = ours || (json_is_string(o) && !strcmp(json_string_value(o), name));
		if (ours)
			json_object_set(base, name, value);
	}
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
	const json_t *list = json_object_get(verdict_write(w), "expect");
	json_t *e;
	size_t i;

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
	const json_t *write = verdict_write(w);
	json_t *record = r->text ? json_read(r->text, r->text_len, NULL) : r->data ? json_deep_copy(r->data) : NULL;
	struct delivery_move m = move_to(w, DELIVERY_DONE);
	struct link_row l = link_of(w);
	const char *cause = NULL;
	char hash[SHA256_HEX_SIZE] = "", *base = new_base(w), *wrong = unexpected(w, record, &cause);
	json_t *detail = decision(w, "done", NULL, NULL);
	bool last = w->write_at + 1 >= json_array_size(json_object_get(w->verdict, "writes"));

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
	if (!strcmp(json_text_or(write, "verb", ""), "delete"))
		txn_link_drop(t, l.tenant, l.flow, l.identity);
	else
		txn_link_put(t, &l);
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
	}
	txn_audit(t, &(struct audit_row) { .tenant = w->flow->tenant, .move = "settle", .who = "host",
		.connection = connection_name(w->flow->target), .flow = w->flow->name, .entity = w->entity, .rid = w->rid,
		.delivery = w->delivery, .detail = json_dumps(detail, JSON_COMPACT) });
	if (wrong || last) {
		txn_delivery(t, &m);
		w->write_at = SIZE_MAX;
	} else {
		/* What was just written is what the next one's link says. */
		json_decref(w->link);
		w->link = json_pack("{s:s,s:s?,s:s,s:s,s:s}", "target_id", r->id, "target_version", r->version,
			"target_entity", l.target_entity, "made", l.made, "base", base);
		w->write_at++;
		put_write_row(w, t);
	}
	free(wrong);
	free(base);
	json_decref(detail);
	json_decref(record);
}

static bool has_means(const struct work *w)
{
	const struct mlc_entity *e = connector_entity(connection_connector(w->flow->target),
		json_text_or(verdict_write(w), "entity", ""));

	return (e && e->flags & (MLC_KEYED | MLC_MARKED)) || json_is_true(json_object_get(w->flow->def, "matches")) ||
		strcmp(json_text_or(verdict_write(w), "verb", ""), "create");
}

static void write_failed(struct work *w, struct txn *t, enum mlc_fault fault, const char *why)
{
	const struct fault_move *move = move_of(fault);
	int64_t now = loop_now_ms(w->host->loop);
	struct delivery_move m = move_to(w, DELIVERY_READY);
	char *doc = NULL;
	uint32_t dice;

	random_bytes(&dice, sizeof dice);
	m.cause = move->word;
	m.why = why;
	m.attempts = w->attempts + 1;
	m.doc = "";
	switch (move->move) {
	case MOVE_AGAIN:
		m.due_ms = now + backoff_ms(w->attempts, RETRY_MOST_MS, dice);
		if (!w->flow->due_ms || m.due_ms < w->flow->due_ms)
			w->flow->due_ms = m.due_ms;
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
		doc = doc_text(w, true);
		m.doc = doc;
		if (!has_means(w))
			m.to = DELIVERY_REVIEW;
		break;
	}
	if (move->tries && w->attempts >= move->tries)
		m.to = move->review ? DELIVERY_REVIEW : DELIVERY_HELD;
	if (m.to != DELIVERY_READY)
		m.cause = move->cause;
	txn_write_state(t, w->write_id, move->move == MOVE_LOOK ? WRITE_DOUBT : WRITE_FAILED, NULL, 0);
	txn_delivery(t, &m);
	audit_decision(w, t, "settle", decision(w, delivery_state_text(m.to), m.cause, why));
	w->write_at = SIZE_MAX;
	free(doc);
}

static void on_settle(struct task *task, struct txn *t, const struct outcome *o)
{
	struct work *w = (struct work *)task;

	if (o->failed)
		write_failed(w, t, o->fault == MLC_IN_DOUBT && o->never_sent ? MLC_RETRY : o->fault, o->text);
	else if (o->write_count && o->writes[0].end == WRITE_END_SETTLED)
		written(w, t, &o->writes[0].record);
	else if (o->write_count && o->writes[0].end == WRITE_END_REFUSED)
		write_failed(w, t, o->writes[0].fault, o->writes[0].text);
	else
		write_failed(w, t, MLC_BROKEN, "the connector ended the call without an outcome for this write");
}

static void on_written(struct task *task, const struct outcome *o)
{
	struct work *w = (struct work *)task;
	enum mlc_fault fault = o->failed ? o->fault : o->write_count && o->writes[0].end == WRITE_END_REFUSED ?
		o->writes[0].fault : 0;
	uint32_t after = o->failed ? o->after_ms : o->write_count ? o->writes[0].after_ms : 0;

	if (fault == MLC_LIMITED || fault == MLC_AUTH)
		connection_hold(w->flow->target, move_of(fault)->cause, o->failed ? o->text : o->writes[0].text,
			fault == MLC_AUTH ? 0 : loop_now_ms(w->host->loop) + (after ? after : WHEN_MINUTE_MS));
	if (w->write_at != SIZE_MAX) {
		write_next(w);
		return;
	}
	work_end(w);
}

static void write_next(struct work *w)
{
	const json_t *write = verdict_write(w);
	const char *entity = json_text_or(write, "entity", "");
	const struct mlc_entity *e = connector_entity(connection_connector(w->flow->target), entity);
	json_t *data = json_deep_copy(json_object_get(write, "data"));
	struct mlc_write one = {
		.verb = verb_of(json_text_or(write, "verb", "")), .id = json_text_at(write, "id"),
		.version = json_text_at(write, "version"), .key = w->key, .data = data ? data : json_object(),
	};
	struct order o = { .op = OP_WRITE, .entity = entity, .writes = &one, .write_ids = &w->write_id, .write_count = 1,
		.attempt = w->attempts };

	if (e && e->flags & MLC_MARKED && e->mark && one.verb == MLC_DO_CREATE)
		json_put_text(one.data, e->mark, w->key);
	w->phase = PHASE_WRITE;
	w->task.done = on_written;
	w->task.settle = on_settle;
	connection_call(w->flow->target, &o, &w->task);
	json_decref(one.data);
}

/* ---- after a doubt: look by the mark that we left on the record -------------------------------------- */

static void on_mark_settled(void *arg, const struct txn_result *r)
{
	on_moved(arg, r);
}

static void on_looked(struct task *task, const struct outcome *o)
{
	struct work *w = (struct work *)task;
	const struct call_record *r = o->record_count ? &o->records[0] : NULL;
	struct txn *t;
	struct delivery_move m;
	struct link_row l;

	if (!goes_on(w))
		return;
	if (o->failed) {
		read_failed(w, w->flow->target, o->fault, o->after_ms, o->text);
		return;
	}
	if (!r) {
		look_link(w, false);
		return;
	}
	t = txn_begin(w->host->store);
	m = move_to(w, DELIVERY_DONE);
	l = link_of(w);
	l.target_id = r->id;
	l.target_version = r->version;
	l.made = "created";
	txn_link_put(t, &l);
	m.cause = "found";
	m.why = "the reply was lost; the record was found by our mark";
	m.doc = "";
	m.target_connection = l.target_connection;
	m.target_entity = l.target_entity;
	m.target_id = r->id;
	w->phase = PHASE_COMMIT;
	txn_delivery(t, &m);
	audit_decision(w, t, "settle", decision(w, "done", m.cause, m.why));
	txn_commit(t, on_mark_settled, w);
}

static bool look_by_mark(struct work *w)
{
	const struct mlc_entity *e = connector_entity(connection_connector(w->flow->target), w->flow->target_entity);
	json_t *by;

	if (!w->doubt || !w->doubt_key || !e || !(e->flags & MLC_MARKED) || !e->mark || link_is_complete(w))
		return false;
	by = json_pack("{s:s}", e->mark, w->doubt_key);
	w->task.done = on_looked;
	connection_call(w->flow->target, &(struct order) { .op = OP_FIND, .entity = e->name, .data = by }, &w->task);
	json_decref(by);
	return true;
}

/* ---- claiming, fairly ------------------------------------------------------------------------------- */

bool deliver_can_claim(struct host *h, const struct flow *f, int64_t now)
{
	if (!f->maybe_ready && !(f->due_ms && f->due_ms <= now))
		return false;
	if (!f->enabled || f->paused || f->held || f->claiming || f->at_work >= AT_WORK_FLOW_MAX)
		return false;
	if (!f->source || !f->target || connection_held(f->source, NULL, NULL) || connection_held(f->target, NULL, NULL))
		return false;
	if (connection_peer_calls(f->target) && !connection_in_visit(f->target))
		return false;
	if (f->mode == FLOW_LIVE && !uses_known(h, f))
		return false;
	return h->work_count < AT_WORK_MAX;
}

struct claim_call { struct host *host; struct flow *flow; };

static void on_claimed(void *arg, const struct delivery *d, size_t count, const struct err *e)
{
	struct claim_call *c = arg;
	struct host *h = c->host;
	struct flow *f = c->flow;
	struct config *config = f->config;

	f->claiming = false;
	if (e)
		log_line(LOG_ERROR, f->key, "deliveries could not be read: %s", e->text);
	f->maybe_ready = count >= AT_WORK_FLOW_MAX / 2;
	for (size_t i = 0; i < count && config == h->config && !h->stopping; i++) {
		struct work *w;
		bool again = false;

		for (const struct work *o = h->works; o; o = o->next)
			again = again || o->delivery == d[i].id;
		if (again)
			continue;
		w = work_begin(f, h, &d[i]);
		if (!look_by_mark(w))
			look_link(w, false);
	}
	free(c);
	config_release(config);
	host_wants_turn(h);
}

static void claim(struct host *h, struct flow *f, int64_t now)
{
	struct claim_call *c = xcalloc(1, sizeof *c);
	int64_t busy[AT_WORK_MAX];
	size_t n = 0;

	for (const struct work *w = h->works; w && n < AT_WORK_MAX; w = w->next)
		if (w->flow == f)
			busy[n++] = w->delivery;
	if (f->due_ms && f->due_ms <= now)
		f->due_ms = 0;
	f->maybe_ready = false;
	f->claiming = true;
	c->host = h;
	c->flow = f;
	config_ref(f->config);
	store_claim(h->store, &(struct claim) { .tenant = f->tenant, .flow = f->name, .now_ms = now, .busy = busy,
		.busy_count = n, .limit = AT_WORK_FLOW_MAX / 2 }, on_claimed, c);
}

/* Each turn begins one flow further on, so that no tenant's backlog starves another's. */
void deliver_turn(struct host *h)
{
	int64_t now = loop_now_ms(h->loop);
	size_t n = h->config ? h->config->flow_count : 0;

	for (size_t i = 0; i < n; i++) {
		struct flow *f = h->config->flows[(h->turn_place + i) % n];

		if (deliver_can_claim(h, f, now))
			claim(h, f, now);
	}
	if (n)
		h->turn_place = (h->turn_place + 1) % n;
}

size_t deliver_coming(struct host *h, const struct connection *c)
{
	int64_t now = loop_now_ms(h->loop);
	size_t n = 0;

	for (const struct work *w = h->works; w; w = w->next)
		if (w->flow->target == c && w->phase != PHASE_WRITE)
			n++;
	for (size_t i = 0; h->config && i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];

		if (f->target == c && (f->claiming || (f->enabled && !f->paused && !f->held &&
			(f->maybe_ready || (f->due_ms && f->due_ms <= now)))))
			n++;
	}
	return n;
}

/* ---- marks, reloads, restarts ------------------------------------------------------------------------- */

static struct work *work_of_write(struct host *h, int64_t write_id)
{
	for (struct work *w = h->works; w; w = w->next)
		if (w->write_id == write_id)
			return w;
	return NULL;
}

struct task *deliver_task_of_write(struct host *h, int64_t write_id)
{
	struct work *w = work_of_write(h, write_id);

	return w ? &w->task : NULL;
}

void deliver_mark(struct host *h, struct txn *t, const int64_t *write_ids, size_t count, const char *mark)
{
	for (size_t i = 0; i < count; i++) {
		struct work *w = work_of_write(h, write_ids[i]);

		txn_write_state(t, write_ids[i], WRITE_SENT, mark, 1);
		if (w)
			host_audit(t, w->flow->tenant, "mark", "host", w->flow, w->delivery,
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

/* A write that was under way when we died: its work again, as far as the store knows it. */
static struct work *work_again(struct host *h, struct flow *f, const json_t *row)
{
	const char *data = json_text_or(row, "data", "{}");
	struct delivery d = {
		.id = json_int_or(row, "delivery", 0), .entity = json_text_or(row, "source_entity", ""),
		.rid = json_text_or(row, "rid", ""), .version = json_text_at(row, "source_version"),
		.attempts = (unsigned)json_int_or(row, "attempts", 0), .identity = json_text_at(row, "identity"),
		.doc = json_text_at(row, "doc"), .text = "null", .text_len = 4,
	};
	struct work *w = work_begin(f, h, &d);
	json_t *write = json_read(data, strlen(data), NULL);

	w->phase = PHASE_WRITE;
	w->write_id = json_int_or(row, "id", 0);
	snprintf(w->key, sizeof w->key, "%s", json_text_or(row, "key", ""));
	w->verdict = json_pack("{s:[o],s:s?,s:s?,s:s?}", "writes", write ? write : json_object(),
		"label", json_text_at(row, "label"), "amount", json_text_at(row, "amount"),
		"currency", json_text_at(row, "currency"));
	w->task.settle = on_settle;
	w->task.done = on_written;
	return w;
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

		if (!strcmp(state, "ready")) { /* decided, never marked: nothing left */
			txn_write_state(t, id, WRITE_FAILED, NULL, 0);
			txn_delivery(t, &(struct delivery_move) { .id = delivery, .to = DELIVERY_READY, .doc = "" });
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
