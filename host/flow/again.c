/* again.c - records that flows look at again though nothing of them has changed: because time has passed,
 * or because a record that has to do with them did. */
#include "flow/work.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define DOC_MAX   (1u << 20)
#define COMMIT_MS WHEN_SECOND_MS /* by then what was noted is in the store */
#define UP_MAX  16 /* levels of records above each other */

/* ---- at a time ------------------------------------------------------------------------------- */

static int64_t again_ms_of(const struct work *w)
{
	const char *day = json_text_at(w->verdict, "again_day"), *at = json_text_at(w->verdict, "again_at");
	int64_t day_ms = day ? flow_day_begins_ms(w->flow, day) : 0, at_ms = 0;

	if (at)
		when_parse(at, &at_ms);
	return day_ms && at_ms ? (day_ms < at_ms ? day_ms : at_ms) : day_ms ? day_ms : at_ms;
}

static struct look look_of(const struct flow *f, const char *entity, const char *rid)
{
	return (struct look) { .tenant = f->tenant, .flow = f->name, .connection = connection_name(f->source),
		.entity = entity, .rid = rid, .rank = f->rank };
}

/* A record that belongs beneath another of its own entity: that one is looked at, too, and so on upwards. */
static void look_above(struct work *w, struct txn *t)
{
	const json_t *ids = json_object_get(w->verdict, "above");
	char *origin = xformat("changed %s %s, %u up", w->entity, w->rid, w->up + 1);
	size_t i;
	json_t *id;

	json_array_foreach((json_t *)ids, i, id) {
		struct look l = look_of(w->flow, w->entity, json_string_value(id));

		if (!strcmp(l.rid, w->rid) || w->up >= UP_MAX)
			continue; /* records that stand above each other in a circle are not followed for ever */
		l.origin = origin;
		l.fetch = connection_connector(w->flow->source)->fetch != NULL;
		txn_look(t, &l);
	}
	free(origin);
}

/* It may be told while the rows are being read, which then do not hold it yet. */
static void expect_at(struct host *h, int64_t at)
{
	h->again_ms = at < h->again_ms ? at : h->again_ms;
	h->again_noted_ms = at < h->again_noted_ms ? at : h->again_noted_ms;
}

void work_note_again(struct work *w, struct txn *t)
{
	struct look l = look_of(w->flow, w->entity, w->rid);
	int64_t at;

	if (!w->stirs)
		look_above(w, t);
	if (!w->flow->again_at || w->stirs)
		return;
	at = again_ms_of(w);
	txn_again(t, &l, at);
	if (at)
		expect_at(w->host, at + COMMIT_MS);
}

static void on_looked(void *arg, const struct txn_result *r)
{
	struct host *h = arg;

	h->again_reading = false;
	if (r->code < 0) {
		log_line(LOG_ERROR, "flow", "what is due could not be looked at again: %s", r->text);
		h->again_ms = loop_now_ms(h->loop) + WHEN_MINUTE_MS;
	} else {
		h->again_ms = 0; /* perhaps more is due than was read at once */
		intake_touched(h, r);
	}
	host_wants_turn(h);
}

static void on_due(void *arg, const json_t *rows, const struct err *e)
{
	struct host *h = arg;
	int64_t now = loop_now_ms(h->loop);
	struct txn *t = NULL;
	size_t i;
	json_t *row;

	h->again_reading = false;
	h->again_ms = e ? now + WHEN_MINUTE_MS : h->again_noted_ms;
	if (e)
		log_line(LOG_ERROR, "flow", "what is due could not be read: %s", e->text);
	if (h->stopping)
		return;
	json_array_foreach((json_t *)rows, i, row) {
		struct flow *f = host_flow(h, json_text_or(row, "tenant", ""), json_text_or(row, "flow", ""));
		int64_t at = json_int_or(row, "at_ms", 0);
		struct look l = { .tenant = json_text_or(row, "tenant", ""), .flow = json_text_or(row, "flow", ""),
			.connection = json_text_or(row, "connection", ""), .entity = json_text_or(row, "entity", ""),
			.rid = json_text_or(row, "rid", ""), .origin = "due", .rank = f ? f->rank : 0 };

		if (at > now) {
			h->again_ms = at < h->again_ms ? at : h->again_ms;
			break;
		}
		if (!t)
			t = txn_begin(h->store);
		if (f && f->enabled)
			txn_look(t, &l);
		else
			txn_again(t, &l, 0); /* nobody is there to look at it */
	}
	if (t) {
		h->again_reading = true;
		txn_commit(t, on_looked, h);
	} else {
		host_wants_turn(h);
	}
}

bool again_busy(const struct host *h, int64_t now)
{
	return h->again_reading || h->again_ms <= now;
}

void again_turn(struct host *h, int64_t now)
{
	if (h->again_reading || h->again_ms > now)
		return;
	h->again_reading = true;
	h->again_noted_ms = INT64_MAX;
	store_again(h->store, on_due, h);
}

/* ---- because another record changed ------------------------------------------------------------ */

bool flow_stirred_by(const struct flow *f, const char *entity)
{
	size_t i;
	json_t *name;

	json_array_foreach((json_t *)f->again_on, i, name)
		if (!strcmp(json_string_value(name), entity))
			return true;
	return false;
}

static bool holds(const json_t *list, const json_t *one)
{
	size_t i;
	json_t *other;

	json_array_foreach((json_t *)list, i, other)
		if (json_equal(one, other))
			return true;
	return false;
}

/* The last time it named these; an invoice that is another customer's now is a change of both. */
static void on_before(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;
	const json_t *ids = json_object_get(w->verdict, "ids");
	const char *doc = e ? NULL : json_text_at(json_array_get(rows, 0), "doc");
	json_t *before = doc ? json_read(doc, strlen(doc), NULL) : NULL, *all = json_copy((json_t *)ids), *id;
	struct delivery_move m = work_move_to(w, DELIVERY_DONE);
	struct txn *t;
	struct buf why, now;
	char *origin;
	size_t i;

	if (!work_goes_on(w)) {
		json_decref(before);
		json_decref(all);
		return;
	}
	json_array_foreach(json_object_get(before, "looks_at"), i, id)
		if (!holds(all, id))
			json_array_append(all, id); /* of before, which dies below */
	t = txn_begin(w->host->store);
	origin = xformat("changed %s %s", w->entity, w->rid);
	buf_init(&why, DOC_MAX);
	buf_init(&now, DOC_MAX);
	json_array_foreach(all, i, id) {
		struct look l = look_of(w->flow, w->flow->source_entity, json_string_value(id));

		l.origin = origin;
		l.fetch = connection_connector(w->flow->source)->fetch != NULL;
		txn_look(t, &l);
		buf_printf(&why, "%s%s", i ? ", " : "", json_string_value(id));
	}
	buf_puts(&now, "{\"looks_at\":");
	json_write(&now, ids);
	buf_putc(&now, '}');
	m.doc = now.data;
	m.cause = "looked";
	buf_printf(&why, "%s", json_array_size(all) ? "" : "none");
	m.why = why.data;
	work_commit(w, t, &m);
	buf_finish(&why);
	buf_finish(&now);
	free(origin);
	json_decref(all);
	json_decref(before);
}

void work_look_at_others(struct work *w)
{
	json_t *filter = json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:i}", "tenant", w->flow->tenant, "flow", w->flow->name,
		"entity", w->entity, "rid", w->rid, "state", "done", "newest", 1, "doc", 1, "limit", 1);

	w->phase = PHASE_ASK;
	store_list(w->host->store, filter, on_before, w);
	json_decref(filter);
}
