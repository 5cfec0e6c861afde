/* facts.c - what a remote tells of itself (its currency, its limits, when its log-in ends): asked before the first of
 * its records is worked on, and once a day, so that nobody has to ping.
 *
 * Records whose mapping lacks a fact are held as not_known_yet; they go on by themselves once it has been told. */
#include "flow/flow.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define EVERY_MS      WHEN_DAY_MS
#define AGAIN_MS      WHEN_MINUTE_MS /* when it failed; then twice as long, and so on */
#define AGAIN_MOST_MS WHEN_HOUR_MS
#define QUIET_TRIES   3              /* passing trouble is told of after so many */
#define LACKS_A_FACT  "not_known_yet"

struct asking {
	struct task task; /* first */
	struct host *host;
	struct connection *connection;
	char *path;
};

/* A peer that calls us tells at each visit. */
static bool can_be_asked(const struct connection *c)
{
	return connection_connector(c)->ping && !connection_peer_calls(c);
}

static json_t *state_of(struct host *h, const char *path)
{
	json_t *state = json_object_get(h->facts, path);

	if (!state) {
		state = json_object();
		json_object_set_new(h->facts, path, state);
	}
	return state;
}

/* When it is asked again; 0: now. */
static void ask_at(struct host *h, json_t *state, int64_t ms)
{
	json_put_int(state, "next_ms", ms);
	if (ms < h->facts_ms)
		h->facts_ms = ms;
}

void facts_want(struct host *h, const struct connection *c)
{
	json_t *state = state_of(h, connection_path(c));

	if (can_be_asked(c) && json_int_or(state, "tries", 0))
		ask_at(h, state, 0);
	h->facts_ms = 0;
	host_wants_turn(h);
}

void facts_told(struct host *h, const struct connection *c)
{
	int64_t now = loop_now_ms(h->loop);
	json_t *state = state_of(h, connection_path(c));
	struct txn *t = txn_begin(h->store);

	json_object_set_new(state, "asked", json_true());
	json_put_int(state, "tries", 0);
	ask_at(h, state, now + EVERY_MS);
	txn_note(t, connection_tenant(c), connection_name(c), "told", "", "1"); /* its time counts */
	host_commit_quietly(t);
	alert_clear(h, "no_facts", connection_path(c));
}

static void failed(struct host *h, const struct connection *c, const struct outcome *o)
{
	json_t *state = state_of(h, connection_path(c));
	int64_t tries = json_int_or(state, "tries", 0), wait = AGAIN_MS << (tries < 6 ? tries : 6);
	bool passes = o->fault == MLC_RETRY || o->fault == MLC_LIMITED || o->fault == MLC_AUTH;
	char *text;

	if (wait > AGAIN_MOST_MS)
		wait = AGAIN_MOST_MS;
	json_object_set_new(state, "asked", json_true());
	json_put_int(state, "tries", ++tries);
	ask_at(h, state, loop_now_ms(h->loop) + (o->after_ms > wait ? o->after_ms : wait));
	log_line(LOG_WARN, connection_path(c), "what it tells of itself could not be asked: %s", o->text ? o->text : "");
	/* A log-in that is refused holds the connection as soon as there is work for it, and is told of then. */
	if (connection_held(c, NULL, NULL) || (passes && tries < QUIET_TRIES))
		return;
	text = xformat("what it tells of itself (currency, limits, dates) could not be asked, and is tried again by itself: %s; "
		"mlc ping %s shows what it answers", o->text ? o->text : "", connection_path(c));
	alert_raise(h, "no_facts", connection_path(c), text);
	free(text);
}

static void on_pinged(struct task *task, const struct outcome *o)
{
	struct asking *a = (struct asking *)task;
	struct host *h = a->host;

	json_object_del(state_of(h, a->path), "asking");
	if (h->stopping)
		;
	else if (o->failed)
		failed(h, a->connection, o);
	else
		facts_told(h, a->connection);
	free(a->path);
	free(a);
}

static void look(void *arg, struct connection *c)
{
	struct host *h = arg;
	struct asking *a;
	json_t *state;
	int64_t next;

	if (!can_be_asked(c) || connection_held(c, NULL, NULL))
		return;
	state = state_of(h, connection_path(c));
	next = json_int_or(state, "next_ms", 0);
	if (json_true_at(state, "asking"))
		return;
	if (next > loop_now_ms(h->loop)) {
		ask_at(h, state, next);
		return;
	}
	a = xcalloc(1, sizeof *a);
	a->task.done = on_pinged;
	a->host = h;
	a->connection = c;
	a->path = xstrdup(connection_path(c));
	json_object_set_new(state, "asking", json_true());
	host_call(h, c, &(struct order) { .op = OP_PING, .urgent = true }, &a->task);
}

void facts_turn(struct host *h, int64_t now)
{
	if (now < h->facts_ms)
		return;
	h->facts_ms = INT64_MAX;
	connections_each(h->connections, look, h);
}

bool facts_awaited(const struct host *h, const struct connection *c)
{
	return c && can_be_asked(c) && !json_object_size(connection_facts(c)) && !connection_held(c, NULL, NULL) &&
		!json_true_at(json_object_get(h->facts, connection_path(c)), "asked");
}

static void on_released(void *arg, const json_t *answer, const struct err *e)
{
	(void)arg;
	(void)answer;
	if (e)
		log_line(LOG_ERROR, "flow", "what waited to be told: %s", e->text);
}

void facts_changed(struct host *h, const struct connection *c)
{
	json_t *filter;

	watch_facts(h, c);
	if (!h->config || !h->recovered || h->stopping || !json_object_get(h->config->tenants, connection_tenant(c)))
		return;
	filter = json_pack("{s:s,s:s}", "tenant", connection_tenant(c), "cause", LACKS_A_FACT);
	host_release(h, filter, "host", on_released, NULL);
	json_decref(filter);
}

void facts_recall(struct host *h, const json_t *note)
{
	json_t *state;
	char *path;

	if (strcmp(json_text_or(note, "kind", ""), "told"))
		return;
	path = xformat("%s/%s", json_text_or(note, "tenant", ""), json_text_or(note, "scope", ""));
	if (!json_object_get(h->facts, path)) {
		state = state_of(h, path);
		json_object_set_new(state, "asked", json_true());
		ask_at(h, state, json_int_or(note, "at_ms", 0) + EVERY_MS);
	}
	free(path);
}
