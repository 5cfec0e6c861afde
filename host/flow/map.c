/* map.c - the record, its link, and what the worker makes of both. */
#include "flow/work.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"
#include "base/zone.h"
#include "net/pace.h"

#include <stdlib.h>
#include <string.h>

#define CRASHES_MAX 2 /* tries that a worker may die over, or not answer in time, before a person looks */

static void map_or_follow(struct work *w)
{
	if (w->merged_into && !w->stirs && !w->dry)
		work_follow_survivor(w);
	else
		work_map(w);
}

/* ---- the full record first, when the change was only a hint --------------------------------- */

static void on_fetch_kept(void *arg, const struct txn_result *r)
{
	struct work *w = arg;

	if (r->code < 0) {
		work_store_failed(w, "could not be kept", r->text);
		return;
	}
	intake_touched(w->host, r);
	if (work_goes_on(w))
		map_or_follow(w);
}

static void on_fetched(struct task *task, const struct outcome *o)
{
	struct work *w = (struct work *)task;
	const struct call_record *r = NULL;
	struct txn *t;

	if (!work_goes_on(w))
		return;
	if (o->failed) {
		work_read_refused(w, o);
		work_read_failed(w, o->fault, o->text);
		return;
	}
	for (size_t i = 0; i < o->record_count; i++)
		if (!strcmp(o->records[i].id, w->rid) && !strcmp(o->records[i].entity, w->entity))
			r = &o->records[i];
	if (!r) {
		work_read_failed(w, MLC_BROKEN, "the record was asked for and did not come");
		return;
	}
	w->deleted = r->deleted;
	w->fetch = false;
	if (r->text) { /* of one that is gone, what was seen last still tells whose it was */
		free(w->text);
		w->text = xstrndup(r->text, r->text_len);
		w->text_len = r->text_len;
	}
	free(w->merged_into);
	w->merged_into = r->merged_into ? xstrdup(r->merged_into) : NULL;
	if (r->changed_ms)
		w->changed_ms = r->changed_ms;
	if (r->version) {
		free(w->version);
		w->version = xstrdup(r->version);
	}
	w->phase = PHASE_MAP; /* its call is over: what is left does not wait for the remote */
	t = txn_begin(w->host->store);
	intake_fetched(w->host, t, w->flow->source, o->records, o->record_count, w->delivery, w->stamp);
	txn_commit(t, on_fetch_kept, w);
}

static void fetch(struct work *w)
{
	w->phase = PHASE_FETCH;
	w->task.done = on_fetched;
	host_fetch(w->host, w->flow->source, w->entity, w->rid, w->attempts, &w->task);
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
	for (const char *const *m = (const char *const[]) { "base", "source_seen", "target_seen", NULL }; *m; m++)
		if (json_text_at(link, *m)) { /* JSON as it is */
			buf_printf(b, ",\"%s\":", *m);
			buf_puts(b, json_text_at(link, *m));
		}
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

/* The source's clock against UTC, where it tells. */
static int64_t source_offset_ms(const struct connection *source)
{
	const char *offset = json_text_at(connection_facts(source), "gmt_offset");
	struct decimal hours = { 0, 0 }, ms;

	if (!offset || !decimal_parse(offset, strlen(offset), &hours) ||
		!decimal_mul(hours, (struct decimal) { WHEN_HOUR_MS, 0 }, &ms))
		return 0;
	return (int64_t)decimal_round(ms, 0, DECIMAL_DOWN).units;
}

int64_t flow_day_begins_ms(const struct flow *f, const char *day)
{
	int64_t midnight = 0;

	if (f->zone)
		return zone_day_begins_ms(f->zone, day);
	when_parse(day, &midnight);
	return midnight - source_offset_ms(f->source);
}

/* The day by the tenant's clock; else where the source keeps its own, when it tells an offset; else the UTC day. */
static void put_today(struct buf *b, const struct flow *f, int64_t now)
{
	char day[WHEN_DAY_SIZE];

	when_day(now + (f->zone ? zone_offset_ms(f->zone, now) : source_offset_ms(f->source)), day);
	put_text(b, "today", day);
}

void work_map_header(const struct work *w, struct buf *b)
{
	const struct flow *f = w->flow;
	int64_t now = loop_now_ms(w->host->loop);
	char at[WHEN_SIZE];

	buf_printf(b, "{\"generation\":%u", f->config->generation);
	put_text(b, "flow", f->key);
	when_text(now, at);
	put_text(b, "now", at);
	put_today(b, f, now);
	buf_puts(b, ",\"source\":{\"connection\":");
	json_write_string(b, connection_name(f->source), strlen(connection_name(f->source)));
	put_text(b, "entity", w->entity);
	put_text(b, "id", w->rid);
	put_text(b, "version", w->version);
	when_text(w->changed_ms, at);
	put_text(b, "changed", w->changed_ms ? at : NULL);
	buf_printf(b, ",\"deleted\":%s,\"nameless\":%s}", w->deleted ? "true" : "false", call_is_nameless(w->rid) ? "true" : "false");
	buf_printf(b, ",\"shared\":%s,\"both_ways\":%s,\"link\":", f->other ? "true" : "false",
		f->other && f->other->enabled ? "true" : "false");
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
	/* A remote that drops a second write with the same key needs no look: the same goes again. */
	buf_printf(b, ",\"doubt\":%s,\"origins\":true}", w->doubt && !work_is_keyed(w) ? "true" : "false");
}

static void on_mapped(void *arg, const struct cage_reply *);

void work_map(struct work *w)
{
	struct cage_part parts[2];
	struct buf header;

	w->phase = PHASE_MAP;
	buf_init(&header, VERDICT_MAX);
	work_map_header(w, &header);
	parts[0] = (struct cage_part) { header.data, header.len };
	parts[1] = (struct cage_part) { w->text ? w->text : "null", w->text ? w->text_len : 4 };
	pool_ask(w->host->pool, CAGE_MAP, w->flow->config->generation, parts, 2, on_mapped, w);
	buf_finish(&header);
}

/* Another delivery may have written just this: a second one before that is known could double it. */
static bool waits_for_doubt(struct work *w)
{
	int64_t other = json_int_or(w->link, "delivery", 0);
	struct txn *t;
	struct delivery_move m;

	if (!json_int_or(w->link, "in_doubt", 0) || other == w->delivery || w->dry)
		return false;
	t = txn_begin(w->host->store);
	m = work_move_to(w, DELIVERY_WAITS);
	m.cause = "in_doubt";
	m.why = "it waits until it is known what became of an earlier write of the same thing";
	txn_ensure(t, &(struct ensure) { .parent = w->delivery, .flow = w->flow->name, .delivery = other });
	work_commit(w, t, &m);
	return true;
}

void shared_known(struct work *w)
{
	if (!w->deleted && shared_is_overtaken(w))
		w->fetch = true;
	if (w->fetch)
		fetch(w);
	else
		map_or_follow(w);
}

static void on_turned_link(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;
	json_t *row = json_array_get(rows, 0);

	if (!work_goes_on(w))
		return;
	if (e) {
		work_store_failed(w, "its links could not be read", e->text);
		return;
	}
	if (row) {
		json_decref(w->link);
		w->link = shared_turn(row);
		w->link_turned = true;
		shared_known(w);
	} else if (w->flow->mode == FLOW_LIVE && !w->dry && !w->deleted) {
		shared_may_be_ours(w);
	} else {
		shared_known(w);
	}
}

/* It bears this record's identity until its new owner is written, but is the survivor's of a merge already. */
static bool was_moved_on(const struct work *w, const json_t *row)
{
	return json_int_or(row, "moved", 0) && strcmp(json_text_or(row, "source_id", ""), w->rid) != 0;
}

static void on_link(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;
	json_t *row = json_array_get(rows, 0);

	if (!work_goes_on(w))
		return;
	if (e) {
		work_store_failed(w, "its links could not be read", e->text);
		return;
	}
	if (was_moved_on(w, row))
		row = NULL;
	if (row) {
		json_decref(w->link);
		w->link = json_deep_copy(row);
		w->link_turned = false;
		if (waits_for_doubt(w))
			return;
	}
	if (w->link_settled) { /* by identity, after a verdict: only a link makes a new mapping */
		if (row)
			work_map(w);
		else
			work_verdict(w);
		return;
	}
	if (!row && w->flow->other)
		shared_look(w, w->rid, on_turned_link, w);
	else
		shared_known(w);
}

void work_look_link(struct work *w, bool by_identity)
{
	json_t *filter;

	if (w->stirs) { /* nothing is made of it, so nothing is linked to it */
		if (w->fetch)
			fetch(w);
		else
			work_map(w);
		return;
	}
	filter = json_object();
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

/* Is another delivery of the same identity of this flow at work?  Then this one waits its turn. */
static bool identity_is_busy(const struct work *w)
{
	for (const struct work *o = w->host->works; o; o = o->next)
		if (o != w && o->flow == w->flow && o->identity && w->identity && !strcmp(o->identity, w->identity) &&
			(o->phase >= PHASE_ASK || o->delivery < w->delivery))
			return true;
	return false;
}

void work_begin_again(struct work *w)
{
	json_decref(w->link);
	w->link = NULL;
	w->link_settled = w->link_turned = w->link_stale = false;
	json_object_clear(w->answers);
	work_look_link(w, false);
}

/* Verdict and origins as one object, as the trail keeps them. */
static void keep_what_was_said(struct work *w, const struct cage_reply *r)
{
	struct buf b;

	buf_init(&b, VERDICT_MAX);
	buf_add(&b, r->parts[0].bytes, r->parts[0].len - 1); /* the brace comes below */
	if (r->part_count > 1) {
		buf_puts(&b, ",\"origins\":");
		buf_add(&b, r->parts[1].bytes, r->parts[1].len);
	}
	buf_putc(&b, '}');
	w->said = b.full ? NULL : buf_take(&b, &w->said_len);
	buf_finish(&b);
}

/* It may be the machine, which slept or had no memory left; a record that does it time and again is held. */
static void not_mapped(struct work *w, const char *why)
{
	uint32_t dice;

	random_bytes(&dice, sizeof dice);
	if (w->dry || w->attempts >= CRASHES_MAX)
		work_settle_as(w, DELIVERY_HELD, "mapping_crashed", why);
	else
		work_back_off(w, backoff_ms(w->attempts, RETRY_MOST_MS, dice), "mapping_crashed", why);
}

static void on_mapped(void *arg, const struct cage_reply *r)
{
	struct work *w = arg;
	const char *identity;

	if (!work_goes_on(w))
		return;
	json_decref(w->verdict);
	w->verdict = NULL;
	free(w->said);
	free(w->content);
	w->said = w->content = NULL;
	w->write_at = 0;
	w->outdated = false;
	if (r->outcome != CAGE_ANSWERED) {
		not_mapped(w, r->why);
		return;
	}
	w->verdict = r->part_count ? json_read(r->parts[0].bytes, r->parts[0].len, NULL) : NULL;
	if (json_is_object(w->verdict))
		keep_what_was_said(w, r);
	identity = json_text_at(w->verdict, "identity");
	if (identity && (!w->identity || strcmp(identity, w->identity))) {
		free(w->identity);
		w->identity = xstrdup(identity);
	}
	if (identity && (identity_is_busy(w) || shared_is_busy(w))) {
		w->phase = PHASE_TURN; /* work_end() of the other one wakes it */
		return;
	}
	if (w->link_stale) {
		work_begin_again(w);
		return;
	}
	if (identity && !w->link && !w->link_settled) {
		w->link_settled = true;
		work_look_link(w, true);
		return;
	}
	work_verdict(w);
}
