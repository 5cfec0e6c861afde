/* shared.c - links that two flows share, one the way back of the other.
 *
 * There is one row for each pair, of the flow that made it; the other flow sees it turned.  Beside ids and
 * versions it holds both records as both sides last knew them: a change of one side is what differs from that, and
 * only that is carried over.  What a flow maps, it has seen; what it writes, its target is known by. */
#include "flow/work.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define SWINGS_MAX   8 /* writes to and fro, each within an hour of the one before */
#define MAY_BE_MS    500
#define SEEN_MAX     (8u << 20)

static const char *const sides[] = { "connection", "entity", "id", "version", "seen", "hash" };

json_t *shared_turn(const json_t *row)
{
	json_t *turned = json_copy((json_t *)row);
	char source[32], target[32];

	for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
		json_t *s, *t;

		snprintf(source, sizeof source, "source_%s", sides[i]);
		snprintf(target, sizeof target, "target_%s", sides[i]);
		s = json_object_get(row, source);
		t = json_object_get(row, target);
		json_object_set_new(turned, source, t ? json_incref(t) : json_null()); /* the row keeps its own */
		json_object_set_new(turned, target, s ? json_incref(s) : json_null());
	}
	json_object_del(turned, "base"); /* of the other way */
	return turned;
}

void shared_look(struct work *w, const char *rid, rows_fn *fn, void *arg)
{
	json_t *filter = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "tenant", w->flow->tenant, "flow", w->flow->other->name,
		"target_connection", connection_name(w->flow->source), "target_entity", w->flow->source_entity,
		"target_id", rid, "limit", 1);

	store_links(w->host->store, filter, fn, arg);
	json_decref(filter);
}

/* Was the last write of this link made by this work's flow? */
static bool is_ours(const struct work *w)
{
	return (json_int_or(w->link, "back", 0) != 0) == w->link_turned;
}

bool shared_is_overtaken(const struct work *w)
{
	const char *known = json_text_at(w->link, "source_version");

	return w->flow->other && w->link && !is_ours(w) && connection_connector(w->flow->source)->fetch &&
		(!known || !w->version || strcmp(known, w->version));
}

bool shared_same_pair(const struct work *w, const struct work *o)
{
	if (!w->flow->other || o->flow != w->flow->other)
		return false;
	return !strcmp(json_text_or(w->link, "target_id", ""), o->rid) || !strcmp(json_text_or(o->link, "target_id", ""), w->rid);
}

bool shared_is_busy(const struct work *w)
{
	for (const struct work *o = w->host->works; w->flow->other && o; o = o->next)
		if (shared_same_pair(w, o) && o->phase >= PHASE_ASK)
			return true;
	return false;
}

void shared_over(const struct work *w)
{
	for (struct work *o = w->host->works; w->flow->other && o; o = o->next)
		o->link_stale = o->link_stale || shared_same_pair(w, o);
}

/* ---- is what was found another one's? -------------------------------------------------------------- */

static void ask_whose(struct work *w, const char *id)
{
	struct delivery_move m = work_move_to(w, DELIVERY_REVIEW);
	char *why = xformat("%s %s would be its like, and is linked to another %s already", w->flow->target_entity, id, w->entity);

	m.cause = "linked_elsewhere";
	m.why = why;
	m.doc = "{\"options\":[{\"choice\":\"create\",\"text\":\"make a new one\"},"
		"{\"choice\":\"adopt\",\"text\":\"this record of the target is the one\"},"
		"{\"choice\":\"forget\",\"text\":\"leave this record alone for ever\"}]}";
	work_commit(w, txn_begin(w->host->store), &m);
	free(why);
}

static const char *found_id(const struct work *w)
{
	const char *id = json_text_at(work_current_write(w), "id");

	return id ? id : json_text_or(json_object_get(w->verdict, "link"), "id", "");
}

static bool is_another(const struct work *w, const json_t *rows, const char *side)
{
	const char *id = json_text_at(json_array_get(rows, 0), side);

	return id && strcmp(id, w->rid);
}

static void on_its_links(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;

	if (!work_goes_on(w))
		return;
	if (!e && is_another(w, rows, "target_id")) {
		ask_whose(w, found_id(w));
		return;
	}
	w->target_free = true;
	work_verdict(w);
}

static void on_links_to_it(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;
	json_t *filter;

	if (!work_goes_on(w))
		return;
	if (!e && is_another(w, rows, "source_id")) {
		ask_whose(w, found_id(w));
		return;
	}
	filter = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "tenant", w->flow->tenant, "flow", w->flow->other->name,
		"source_connection", connection_name(w->flow->target), "source_entity", w->flow->target_entity,
		"source_id", found_id(w), "limit", 1);
	store_links(w->host->store, filter, on_its_links, w);
	json_decref(filter);
}

void shared_check_target(struct work *w, const char *id)
{
	json_t *filter = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "tenant", w->flow->tenant, "flow", w->flow->name,
		"target_connection", connection_name(w->flow->target), "target_entity", w->flow->target_entity,
		"target_id", id, "limit", 1);

	w->phase = PHASE_ASK;
	store_links(w->host->store, filter, on_links_to_it, w);
	json_decref(filter);
}

/* ---- is it one that we are just making? ---------------------------------------------------------- */

static void on_creating(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;
	struct delivery_move m;

	if (!work_goes_on(w))
		return;
	if (!e && !json_int_or(json_array_get(rows, 0), "count", 0)) {
		shared_known(w);
		return;
	}
	m = work_move_to(w, DELIVERY_READY);
	m.due_ms = loop_now_ms(w->host->loop) + MAY_BE_MS;
	m.cause = "may_be_ours";
	m.why = "a record of its kind is being made there just now: it may be this one";
	if (!w->flow->due_ms || m.due_ms < w->flow->due_ms)
		w->flow->due_ms = m.due_ms;
	w->phase = PHASE_COMMIT;
	struct txn *t = txn_begin(w->host->store);
	txn_delivery(t, &m);
	txn_commit(t, work_on_moved, w);
}

void shared_may_be_ours(struct work *w)
{
	store_creating(w->host->store, w->flow->tenant, connection_name(w->flow->source), w->flow->source_entity,
		on_creating, w);
}

/* ---- what both sides know of each other ------------------------------------------------------------ */

static char *text_of(const json_t *value)
{
	struct buf b;
	size_t len;
	char *text;

	buf_init(&b, SEEN_MAX);
	json_write(&b, value);
	text = b.full ? NULL : buf_take(&b, &len);
	buf_finish(&b);
	return text;
}

static json_t *read_text(const char *text)
{
	return text ? json_read(text, strlen(text), NULL) : NULL;
}

/* What was written counts as known there, each member as the target tells it; the others stay as both sides
 * last knew them: who changed them meanwhile has yet to be heard. */
static json_t *target_seen(const struct work *w, const json_t *record, bool wrote)
{
	const json_t *write = work_current_write(w), *data = json_object_get(write, "data");
	json_t *seen = read_text(json_text_at(w->link, "target_seen")), *value, *told;
	const char *name;

	if (wrote && !strcmp(json_text_or(write, "verb", ""), "create") && record)
		seen = json_deep_copy(record);
	if (!json_is_object(seen)) {
		json_t *current = json_object_get(json_object_get(w->verdict, "current"), "data");

		json_decref(seen);
		seen = json_is_object(current) ? json_deep_copy(current) : json_object();
	}
	json_object_foreach((json_t *)data, name, value) {
		if (!wrote)
			break;
		told = json_object_get(record, name);
		if (told)
			json_object_set_new(seen, name, json_deep_copy(told));
		else if (json_is_null(value))
			json_object_del(seen, name);
		else
			json_object_set_new(seen, name, json_deep_copy(value));
	}
	return seen;
}

static bool swings(const struct work *w)
{
	return json_text_at(w->link, "target_id") && !is_ours(w) &&
		json_int_or(w->link, "at_ms", 0) > loop_now_ms(w->host->loop) - WHEN_HOUR_MS;
}

bool shared_swings(const struct work *w)
{
	return w->flow->other && !(w->choice && *w->choice) && swings(w) &&
		json_int_or(w->link, "swings", 0) >= SWINGS_MAX;
}

/* Somebody else has changed the target since both knew each other, or a person has just decided between the two:
 * the other flow looks at it as it is now.  What it would be told of it bears the version of our own write. */
static bool other_must_look(const struct work *w, bool wrote)
{
	const char *known = json_text_at(w->link, "target_version");
	const char *found = json_text_at(w->verdict, "current.version");

	if (!w->flow->other->enabled)
		return false;
	if (w->choice && *w->choice)
		return true;
	return wrote && found && (!known || strcmp(known, found));
}

static void turn_row(const struct work *w, struct link_row *l)
{
	struct link_row own = *l;

	l->flow = w->flow->other->name;
	l->identity = json_text_or(w->link, "identity", "");
	l->source_connection = own.target_connection;
	l->source_entity = own.target_entity;
	l->source_id = own.target_id;
	l->source_version = own.target_version;
	l->source_seen = own.target_seen;
	l->source_hash = own.target_hash ? own.target_hash : "";
	l->target_connection = own.source_connection;
	l->target_entity = own.source_entity;
	l->target_id = own.source_id;
	l->target_version = own.source_version;
	l->target_seen = own.source_seen;
	l->target_hash = NULL;
	l->base = NULL; /* the other flow has what both were known as */
	l->back = true;
}

void shared_put(struct work *w, struct txn *t, struct link_row *l, const json_t *record, bool wrote)
{
	json_t *seen;
	char *theirs, *ours = NULL;

	if (!w->flow->other) {
		txn_link_put(t, l);
		return;
	}
	seen = target_seen(w, record, wrote);
	theirs = text_of(seen);
	if (w->text && strcmp(w->text, "null"))
		ours = xstrndup(w->text, w->text_len);
	l->target_seen = theirs;
	l->source_seen = ours ? ours : json_text_at(w->link, "source_seen");
	if (wrote) {
		l->swings = swings(w) && !(w->choice && *w->choice) ? (unsigned)json_int_or(w->link, "swings", 0) + 1 : 0;
	} else {
		/* Nothing left: what was last written, and by whom, stays as it was. */
		if (json_text_at(w->link, "target_id"))
			l->target_version = json_text_at(w->link, "target_version");
		l->swings = (unsigned)json_int_or(w->link, "swings", 0);
		l->back = json_int_or(w->link, "back", 0) != 0;
	}
	if (w->link_turned) {
		bool back = l->back;

		turn_row(w, l);
		if (!wrote) {
			l->back = back;
			l->source_hash = json_text_at(w->link, "target_hash");
		}
	} else if (!wrote) {
		l->source_hash = json_text_at(w->link, "source_hash");
		l->target_hash = json_text_at(w->link, "target_hash");
	}
	txn_link_put(t, l);
	if (other_must_look(w, wrote))
		txn_look(t, &(struct look) { .tenant = w->flow->tenant, .flow = w->flow->other->name,
			.connection = connection_name(w->flow->target), .entity = w->flow->target_entity,
			.rid = w->link_turned ? l->source_id : l->target_id, .origin = "both sides", .rank = w->flow->other->rank,
			.fetch = connection_connector(w->flow->target)->fetch != NULL });
	json_decref(seen);
	free(theirs);
	free(ours);
}
