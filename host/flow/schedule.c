/* schedule.c - which feeds are read, and when: by their own rhythm, at a visit, or because asked. */
#include "flow/flow.h"
#include "flow/moves.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"
#include "net/pace.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MOST_MS (30 * WHEN_MINUTE_MS)

static void feed_free(struct feed_state *s)
{
	free(s->tenant);
	free(s->path);
	free(s->trouble);
	plugin_unref(s->plugin);
	free(s);
}

static bool emits(const struct mlc_feed *feed, const char *entity)
{
	for (const char *const *e = feed->entities; e && *e; e++)
		if (!strcmp(*e, entity))
			return true;
	return false;
}

static bool stirs(const struct mlc_feed *feed, const struct flow *f)
{
	for (const char *const *e = feed->entities; e && *e; e++)
		if (flow_stirred_by(f, *e))
			return true;
	return false;
}

/* A feed is read when a flow takes its records, or looks its entities up in the mirror. */
static void wanted(const struct host *h, const struct connection *c, const struct mlc_feed *feed, bool *source,
	bool *mirror)
{
	*source = *mirror = false;
	for (size_t i = 0; i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];
		const char *entity;
		json_t *members;

		if (!f->enabled)
			continue;
		if (f->source == c && !f->on_demand && (emits(feed, f->source_entity) || stirs(feed, f)))
			*source = true;
		if (f->target != c)
			continue;
		/* What became of our documents: paid, voided, renumbered; for reconcile and merges. */
		if (f->money && emits(feed, f->target_entity))
			*source = true;
		json_object_foreach(json_object_get(f->def, "mirrors"), entity, members)
			if (emits(feed, entity))
				*mirror = true;
	}
}


/* ---- remotes that forget ------------------------------------------------------------------------ */

/* A feed that was last read longer ago than the remote remembers has lost what happened since; so has one whose
 * remote says so (MLC_STALE).  Everything that is there is listed then; what is linked, or has flows look at other
 * records, and was not in the list is asked for one by one: only the remote can say that a record is gone, a list
 * cannot. */
static bool has_lapsed(const struct feed_state *s, int64_t now)
{
	return s->feed->reach_s && s->read_ms && !s->full_ms && now - s->read_ms > (int64_t)s->feed->reach_s * WHEN_SECOND_MS;
}

static bool same_entity(const struct mlc_feed *a, const struct mlc_feed *b)
{
	for (const char *const *e = a->entities; e && *e; e++)
		if (emits(b, *e))
			return true;
	return false;
}

static void note_ms(struct txn *t, const struct feed_state *s, const char *kind, int64_t ms)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)ms);
	txn_note(t, s->tenant, connection_name(s->connection), kind, s->feed->name, ms ? text : NULL);
}

static void forget_cursor(struct txn *t, struct feed_state *s)
{
	s->from_start = true;
	txn_note(t, s->tenant, connection_name(s->connection), "cursor", s->feed->name, NULL);
}

/* From its beginning, to be compared: a restart finds it so, however soon it comes. */
static void note_full(struct txn *t, struct feed_state *s, int64_t now)
{
	note_ms(t, s, "full", now);
	forget_cursor(t, s);
}

static void will_list(struct txn *t, struct feed_state *s, int64_t now, json_t *lists)
{
	s->full_wanted = true;
	note_full(t, s, now);
	json_array_append_new(lists, json_string(s->feed->name));
}

/* Which feeds list what this one emits: those that forget nothing; where there is none, itself. */
static void begin_comparison(struct feed_state *s, int64_t now, json_t *detail /* taken over: why */)
{
	struct host *h = s->host;
	struct txn *t = txn_begin(h->store);
	json_t *lists = json_array();

	for (struct feed_state *o = h->feeds; o; o = o->next)
		if (o->connection == s->connection && o->feed && !o->feed->reach_s && same_entity(s->feed, o->feed)) {
			o->asked = true;
			will_list(t, o, now, lists);
		}
	if (!json_array_size(lists))
		will_list(t, s, now, lists);
	forget_cursor(t, s);
	s->lapsed = true;
	s->read_ms = now;
	note_ms(t, s, "read", now);
	json_object_set_new(detail, "connection", json_string(s->path));
	json_object_set_new(detail, "feed", json_string(s->feed->name));
	json_object_set_new(detail, "lists", lists);
	host_audit(t, s->tenant, "lapsed", "host", NULL, 0, detail);
	host_commit_quietly(t);
}

static void begin_after_absence(struct feed_state *s, int64_t now)
{
	int64_t days = (now - s->read_ms) / WHEN_DAY_MS;

	log_line(LOG_WARN, s->path, "feed %s was not read for %lld days, and the remote remembers %u: all is compared", s->feed->name,
		(long long)days, s->feed->reach_s / 86400);
	begin_comparison(s, now, json_pack("{s:I,s:i}", "days", (json_int_t)days, "remembers_days", (int)(s->feed->reach_s / 86400)));
}

/* Once between two readings that came to their end: a remote that says so of its beginning, too, is in trouble. */
static bool begin_as_told(struct feed_state *s, int64_t now, const struct outcome *o)
{
	if (o->fault != MLC_STALE || s->lapsed || s->full_ms)
		return false;
	log_line(LOG_WARN, s->path, "feed %s: %s: all is compared", s->feed->name, o->text);
	begin_comparison(s, now, json_pack("{s:s}", "why", o->text));
	s->next_ms = now;
	return true;
}

static void compare(struct feed_state *s, size_t place, const char *after);

/* What is looked through for records that the list should have shown, for each entity of the feed. */
enum { LINKS_FROM, LINKS_TO, STIRRING, SIDES };

struct comparing {
	struct feed_state *feed;
	size_t place; /* which entity, and which of its sides */
	char *after;  /* the last one of the page before; "": there was none */
};

static void comparing_free(struct comparing *c)
{
	free(c->after);
	free(c);
}

/* True: the comparison goes on.  Else c is gone. */
static bool goes_on(struct comparing *c)
{
	struct feed_state *s = c->feed;

	if (s->feed && !s->host->stopping)
		return true;
	if (!s->feed)
		feed_free(s);
	comparing_free(c);
	return false;
}

static void on_asked(void *arg, const struct txn_result *r)
{
	struct comparing *c = arg;

	if (!goes_on(c))
		return;
	if (r->code < 0) { /* the note stays: it is compared after the next reading */
		log_line(LOG_ERROR, c->feed->path, "what was not listed could not be asked for: %s", r->text);
		c->feed->running = false;
	} else {
		intake_touched(c->feed->host, r);
		compare(c->feed, c->place, c->after);
	}
	comparing_free(c);
}

static void on_unseen(void *arg, const json_t *rows, const struct err *e)
{
	static const char *const ids[SIDES] = { "source_id", "target_id", "rid" };
	struct comparing *c = arg;
	struct feed_state *s = c->feed;
	size_t side = c->place % SIDES;
	struct txn *t;
	size_t i;
	json_t *row;

	if (!goes_on(c))
		return;
	if (e) { /* the note stays: it is compared after the next reading */
		log_line(LOG_ERROR, s->path, "what was not listed could not be read: %s", e->text);
		s->running = false;
		comparing_free(c);
		return;
	}
	t = txn_begin(s->host->store);
	json_array_foreach((json_t *)rows, i, row) {
		struct call_record r = { .entity = s->feed->entities[c->place / SIDES], .hint = true,
			.id = json_text_or(row, ids[side], "") };

		intake_emit(s->host, t, s->connection, "compared", &r, 1, false);
		s->missing++;
	}
	free(c->after);
	row = json_array_get(rows, json_array_size(rows) - 1);
	if (!json_array_size(rows)) {
		c->after = xstrdup("");
		c->place++;
	} else if (side == STIRRING) {
		c->after = xstrdup(json_text_or(row, "after", ""));
	} else {
		c->after = xformat("%lld", (long long)json_int_or(row, "id", 0));
	}
	txn_commit(t, on_asked, c);
}

static void compared(struct feed_state *s)
{
	struct txn *t = txn_begin(s->host->store);

	s->full_ms = 0;
	s->running = false;
	if (!s->full_wanted)
		note_ms(t, s, "full", 0);
	host_audit(t, s->tenant, "compared", "host", NULL, 0, json_pack("{s:s,s:s,s:I}", "connection", s->path, "feed", s->feed->name,
		"missing", (json_int_t)s->missing));
	host_commit_quietly(t);
	host_wants_turn(s->host);
}

static bool is_stirring(const struct feed_state *s, const char *entity)
{
	const struct config *k = s->host->config;

	for (size_t i = 0; i < k->flow_count; i++)
		if (k->flows[i]->enabled && k->flows[i]->source == s->connection && flow_stirred_by(k->flows[i], entity))
			return true;
	return false;
}

/* Page by page, entity by entity: links that lead from its records, links that lead to them, and records of which
 * no flow has links, only others that it looks at because of them. */
static void compare(struct feed_state *s, size_t place, const char *after)
{
	const char *entity = s->feed->entities[place / SIDES];
	struct comparing *c;
	json_t *filter;

	if (entity && place % SIDES == STIRRING && !is_stirring(s, entity))
		entity = s->feed->entities[++place / SIDES];
	if (!entity) {
		compared(s);
		return;
	}
	c = xcalloc(1, sizeof *c);
	c->feed = s;
	c->place = place;
	c->after = xstrdup(after);
	filter = json_pack("{s:s,s:I,s:i}", "tenant", s->tenant, "unseen_ms", (json_int_t)s->full_ms, "limit", 500);
	if (place % SIDES == STIRRING) {
		json_object_set_new(filter, "connection", json_string(connection_name(s->connection)));
		json_object_set_new(filter, "entity", json_string(entity));
		json_object_set_new(filter, "after", *after ? json_string(after) : json_null());
		store_records(s->host->store, filter, on_unseen, c);
	} else {
		bool from = place % SIDES == LINKS_FROM;

		json_object_set_new(filter, from ? "source_connection" : "target_connection",
			json_string(connection_name(s->connection)));
		json_object_set_new(filter, from ? "source_entity" : "target_entity", json_string(entity));
		json_object_set_new(filter, "after", json_integer(strtoll(after, NULL, 10)));
		store_links(s->host->store, filter, on_unseen, c);
	}
	json_decref(filter);
}

/* ---- one reading of one feed --------------------------------------------------------------------- */

static void on_polled(struct task *task, const struct outcome *o)
{
	struct feed_state *s = (struct feed_state *)task;
	struct host *h = s->host;
	int64_t now = loop_now_ms(h->loop);
	uint32_t dice;

	s->running = false;
	if (h->stopping && s->feed)
		return;
	random_bytes(&dice, sizeof dice);
	free(s->trouble);
	s->trouble = NULL;
	if (!s->feed) { /* its connection went away meanwhile */
		feed_free(s);
		return;
	}
	if (o->failed && begin_as_told(s, now, o)) {
		s->attempts = 0;
	} else if (o->failed) {
		s->trouble = xstrdup(o->text ? o->text : "");
		if (!s->attempts++)
			s->trouble_ms = now;
		s->next_ms = now + backoff_ms(s->attempts, RETRY_MOST_MS, dice);
		host_heed(h, s->connection, o->fault, o->after_ms, o->text);
		log_line(LOG_WARN, s->path, "feed %s: %s: %s", s->feed->name, move_of(o->fault)->word, o->text);
	} else {
		struct txn *t = txn_begin(h->store);

		s->attempts = 0;
		s->lapsed = false;
		s->read_ms = now;
		note_ms(t, s, "read", now);
		s->next_ms = now + s->every_ms;
		s->fresh = !s->overtaken;
		if (!s->whole) {
			s->whole = true;
			txn_note(t, s->tenant, connection_name(s->connection), "whole", s->feed->name, "1");
		}
		host_audit(t, s->tenant, "cycle", "host", NULL, 0, json_pack("{s:s,s:s,s:I}", "connection", s->path,
			"feed", s->feed->name, "records", (json_int_t)s->records));
		host_commit_quietly(t);
		if (s->full_ms) {
			s->running = true;
			s->called = false;
			s->missing = 0;
			compare(s, 0, "");
		}
	}
	watch_reading(h, s->connection);
	host_wants_turn(h);
}

static void on_cursor(void *arg, const json_t *rows, const struct err *e)
{
	struct feed_state *s = arg;
	const char *cursor = NULL;
	size_t i;
	json_t *row;

	if (!s->feed) {
		feed_free(s);
		return;
	}
	if (e || s->host->stopping) {
		if (e)
			log_line(LOG_ERROR, s->path, "cursor of %s: %s", s->feed->name, e->text);
		s->running = false;
		s->next_ms = loop_now_ms(s->host->loop) + WHEN_MINUTE_MS;
		return;
	}
	json_array_foreach((json_t *)rows, i, row)
		if (!s->from_start && !strcmp(json_text_or(row, "name", ""), s->feed->name))
			cursor = json_text_at(row, "value");
	s->from_start = false;
	s->task.done = on_polled;
	s->called = true;
	host_call(s->host, s->connection, &(struct order) { .op = OP_POLL, .feed = s->feed->name, .cursor = cursor,
		.attempt = s->attempts }, &s->task);
}

static void poll(struct feed_state *s)
{
	int64_t now = loop_now_ms(s->host->loop);

	if (has_lapsed(s, now))
		begin_after_absence(s, now);
	if (s->full_wanted) {
		struct txn *t = txn_begin(s->host->store);

		s->full_wanted = false;
		s->full_ms = now;
		note_full(t, s, now); /* the reading before this one may have left a cursor */
		host_commit_quietly(t);
	}
	s->running = true;
	s->called = s->asked = s->overtaken = false;
	s->records = 0;
	store_notes(s->host->store, s->tenant, connection_name(s->connection), "cursor", on_cursor, s);
}

/* ---- when ------------------------------------------------------------------------------------------ */

/* A peer's feeds are read once a visit: schedule_visit() asks for them. */
static bool due_at_visit(const struct feed_state *s, int64_t now)
{
	return s->feed && !s->running && s->next_ms <= now && connection_peer_calls(s->connection) &&
		!connection_in_visit(s->connection) && !connection_held(s->connection, NULL, NULL);
}

static bool due(const struct feed_state *s, int64_t now)
{
	return s->feed && !s->running && (s->asked || (s->next_ms <= now && !connection_peer_calls(s->connection))) &&
		!connection_held(s->connection, NULL, NULL);
}

void schedule_turn(struct host *h, int64_t now)
{
	for (struct feed_state *s = h->feeds; s; s = s->next)
		if (due(s, now) && (!connection_peer_calls(s->connection) || connection_in_visit(s->connection)))
			poll(s);
}

int64_t schedule_next_ms(const struct host *h)
{
	int64_t next = INT64_MAX;

	for (const struct feed_state *s = h->feeds; s; s = s->next)
		if (s->feed && !s->running && !connection_peer_calls(s->connection) && s->next_ms < next &&
			!connection_held(s->connection, NULL, NULL))
			next = s->next_ms;
	return next;
}

size_t schedule_coming(const struct host *h, const struct connection *c)
{
	int64_t now = loop_now_ms(h->loop);
	size_t n = 0;

	for (const struct feed_state *s = h->feeds; s; s = s->next)
		if (s->connection == c && (due(s, now) || due_at_visit(s, now) || (s->running && !s->called)))
			n++;
	return n;
}

/* Every feed of a peer is due at its visit, unless its own rhythm is slower than visits are. */
void schedule_visit(struct host *h, struct connection *c)
{
	int64_t now = loop_now_ms(h->loop);

	for (struct feed_state *s = h->feeds; s; s = s->next)
		if (s->connection == c && s->feed && (s->running || s->next_ms <= now)) {
			s->fresh = false;
			s->asked = !s->running;
			if (due(s, now))
				poll(s);
		}
}

void schedule_now(struct host *h, const struct connection *c)
{
	for (struct feed_state *s = h->feeds; s; s = s->next)
		if (s->connection == c && s->feed)
			s->asked = true;
	host_wants_turn(h);
}

/* What rules look up in the mirror is answered only once the feeds that fill it were read to their end,
 * and a peer's in this visit: before that, "nobody of that e-mail" could be wrong. */
static bool mirrors_whole(const struct host *h, const struct connection *c, const json_t *mirrors)
{
	const char *entity;
	json_t *members;

	json_object_foreach((json_t *)mirrors, entity, members)
		for (const struct feed_state *s = h->feeds; s; s = s->next)
			if (s->connection == c && s->feed && (!s->whole || (!s->fresh && connection_peer_calls(c))) && emits(s->feed, entity))
				return false;
	return true;
}

bool schedule_mirrors_whole(const struct host *h, const struct flow *f)
{
	return mirrors_whole(h, f->target, json_object_get(f->def, "mirrors"))
		&& mirrors_whole(h, f->source, json_object_get(f->def, "source_mirrors"));
}

static bool gets_on(const struct feed_state *s)
{
	if (s->running)
		return !s->called || connection_gets_on(s->connection);
	return s->asked && !connection_held(s->connection, NULL, NULL);
}

/* Asked for, but not to be had before a person or the time has freed its connection: that is rest; so is
 * a peer's feed, asked for or under way, before its visit. */
bool schedule_busy(const struct host *h, const struct flow *f)
{
	for (const struct feed_state *s = h->feeds; s; s = s->next)
		if (s->feed && gets_on(s) && (!f || s->connection == f->source || s->connection == f->target) &&
			(!connection_peer_calls(s->connection) || connection_in_visit(s->connection)))
			return true;
	return false;
}

/* ---- after a (re)load -------------------------------------------------------------------------------- */

struct apply { struct host *host; loop_fn *done; void *arg; };

static void recall(struct feed_state *s, const char *kind, int64_t value)
{
	if (!strcmp(kind, "whole"))
		s->whole = true;
	else if (!strcmp(kind, "read") && !s->read_ms)
		s->read_ms = value;
	else if (!strcmp(kind, "full") && !s->running)
		s->full_ms = value;
}

static void on_whole(void *arg, const json_t *rows, const struct err *e)
{
	struct apply *a = arg;
	size_t i;
	json_t *row;

	(void)e;
	json_array_foreach((json_t *)rows, i, row)
		for (struct feed_state *s = a->host->feeds; s; s = s->next)
			if (s->feed && !strcmp(s->tenant, json_text_or(row, "tenant", "")) &&
				!strcmp(connection_name(s->connection), json_text_or(row, "scope", "")) &&
				!strcmp(s->feed->name, json_text_or(row, "name", "")))
				recall(s, json_text_or(row, "kind", ""), strtoll(json_text_or(row, "value", "0"), NULL, 10));
	a->done(a->arg);
	free(a);
}

struct apply_one { struct host *host; struct feed_state **old; };

static void apply_connection(void *arg, struct connection *c)
{
	struct apply_one *a = arg;
	struct host *h = a->host;
	int64_t now = loop_now_ms(h->loop), minutes = json_int_or(connection_settings(c), "every_minutes", 0);

	for (const struct mlc_feed *feed = connection_connector(c)->feeds; feed && feed->name; feed++) {
		struct feed_state *s = NULL;
		bool source, mirror;

		wanted(h, c, feed, &source, &mirror);
		if (!source && !mirror)
			continue;
		for (struct feed_state **at = a->old; *at; at = &(*at)->next)
			if (!strcmp((*at)->path, connection_path(c)) && (*at)->feed && !strcmp((*at)->feed->name, feed->name)) {
				s = *at;
				*at = s->next;
				break;
			}
		if (!s) {
			s = xcalloc(1, sizeof *s);
			s->host = h;
			s->tenant = xstrdup(connection_tenant(c));
			s->path = xstrdup(connection_path(c));
			s->next_ms = now;
		}
		plugin_ref(connection_plugin(c));
		plugin_unref(s->plugin);
		s->plugin = connection_plugin(c);
		s->connection = c;
		s->feed = feed;
		s->every_ms = (int64_t)feed->every_s * WHEN_SECOND_MS;
		if (minutes && !connection_peer_calls(c) && s->every_ms < WHEN_HOUR_MS)
			s->every_ms = minutes * WHEN_MINUTE_MS;
		if (connection_peer_calls(c) && s->every_ms < WHEN_HOUR_MS)
			s->every_ms = 0; /* at each visit */
		s->next = h->feeds;
		h->feeds = s;
	}
}

static void forget(struct feed_state *s)
{
	if (s->running)
		s->feed = NULL; /* its call's last word frees it */
	else
		feed_free(s);
}

void schedule_apply(struct host *h, loop_fn *done, void *arg)
{
	struct feed_state *old = h->feeds;
	struct apply_one one = { h, &old };
	struct apply *a = xcalloc(1, sizeof *a);

	h->feeds = NULL;
	connections_each(h->connections, apply_connection, &one);
	while (old) {
		struct feed_state *s = old;

		old = s->next;
		forget(s);
	}
	a->host = h;
	a->done = done;
	a->arg = arg;
	store_notes(h->store, NULL, NULL, NULL, on_whole, a);
}

void schedule_free(struct host *h)
{
	while (h->feeds) {
		struct feed_state *s = h->feeds;

		h->feeds = s->next;
		feed_free(s);
	}
}
