/* merged.c - a record that is gone because it was merged into another one: its link is that one's now. */
#include "flow/work.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void ask_a_person(struct work *w, const char *theirs)
{
	struct delivery_move m = work_move_to(w, DELIVERY_REVIEW);
	char *why = xformat("%s %s was merged into %s, and both had been written: to %s and to %s. Merge these by hand where they stand, "
		"then forget the first", w->entity, w->rid, w->merged_into, json_text_or(w->link, "target_id", ""), theirs);

	m.cause = "merged";
	m.why = why;
	m.doc = "{\"options\":[{\"choice\":\"forget\",\"text\":\"the first is merged or left alone for ever\"}]}";
	work_commit(w, txn_begin(w->host->store), &m);
	free(why);
}

/* A link that the other flow made was moved when the merge was accepted (store: what leads to the record
 * that is gone follows); so this one is of this flow. */
static void move_link(struct work *w)
{
	struct delivery_move m = work_move_to(w, DELIVERY_DONE);
	struct txn *t = txn_begin(w->host->store);
	const char *identity = json_text_or(w->link, "identity", "");
	char *why = xformat("it was merged into %s, which has its link now", w->merged_into);

	txn_link_move(t, w->flow->tenant, w->flow->name, identity, w->merged_into);
	host_audit_record(t, "link_moved", "host", w->flow, w->entity, w->rid, w->delivery, json_pack("{s:s,s:s,s:s?}",
		"identity", identity, "merged_into", w->merged_into, "target_id", json_text_at(w->link, "target_id")));
	txn_look(t, &(struct look) { .tenant = w->flow->tenant, .flow = w->flow->name,
		.connection = connection_name(w->flow->source), .entity = w->entity, .rid = w->merged_into,
		.origin = "merged", .rank = w->flow->rank, .fetch = true });
	m.cause = "merged";
	m.why = why;
	m.choice = "";
	m.doc = "";
	work_commit(w, t, &m);
	free(why);
}

static void forget(struct work *w)
{
	struct delivery_move m = work_move_to(w, DELIVERY_SKIPPED);
	struct txn *t = txn_begin(w->host->store);
	const struct flow *maker = w->link_turned ? w->flow->other : w->flow;

	txn_link_drop(t, maker->tenant, maker->name, json_text_or(w->link, "identity", ""));
	m.cause = "forgotten";
	m.why = "a person decided so";
	m.choice = "";
	m.doc = "";
	work_commit(w, t, &m);
}

/* theirs: what the survivor is linked to, or NULL. */
static void settle(struct work *w, const char *theirs)
{
	json_t *choice;
	bool forgets;

	choice = w->choice && *w->choice ? json_read(w->choice, strlen(w->choice), NULL) : NULL;
	forgets = !strcmp(json_text_or(choice, "choice", ""), "forget");
	json_decref(choice);
	if (forgets)
		forget(w);
	else if (theirs)
		ask_a_person(w, theirs);
	else
		move_link(w);
}

static bool could_be_read(struct work *w, const struct err *e)
{
	if (e)
		work_store_failed(w, "its links could not be read", e->text);
	return !e;
}

/* The survivor's pair was made by the other flow, where there is a row. */
static void on_survivor_turned(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;

	if (work_goes_on(w) && could_be_read(w, e))
		settle(w, json_text_at(json_array_get(rows, 0), "source_id"));
}

static void on_survivor(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;
	const char *theirs = json_text_at(json_array_get(rows, 0), "target_id");

	if (!work_goes_on(w) || !could_be_read(w, e))
		return;
	if (!theirs && w->flow->other)
		shared_look(w, w->merged_into, on_survivor_turned, w);
	else
		settle(w, theirs);
}

void work_follow_survivor(struct work *w)
{
	json_t *filter;
	char *why;

	if (!work_is_linked(w)) {
		why = xformat("it was merged into %s; nothing had been written for it", w->merged_into);
		work_settle_as(w, DELIVERY_SKIPPED, "merged", why);
		free(why);
		return;
	}
	filter = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "tenant", w->flow->tenant, "flow", w->flow->name,
		"source_connection", connection_name(w->flow->source), "source_id", w->merged_into,
		"source_entity", w->entity, "limit", 1);
	w->phase = PHASE_ASK;
	store_links(w->host->store, filter, on_survivor, w);
	json_decref(filter);
}

/* ---- the target was merged ------------------------------------------------------------------------ */

static void on_target_moved(void *arg, const struct txn_result *r)
{
	struct work *w = arg;

	if (r->code < 0) {
		work_store_failed(w, "its link could not be moved", r->text);
		return;
	}
	if (!work_goes_on(w))
		return;
	json_object_clear(w->answers);
	w->link_settled = false;
	work_look_link(w, false);
}

/* The store moves every link to it, but for those whose flow has one to the survivor already: such a target
 * is gone, and a person is asked. */
static void on_target_links(void *arg, const json_t *rows, const struct err *e)
{
	struct work *w = arg;
	struct call_record gone = { .entity = w->flow->target_entity, .id = json_text_or(w->link, "target_id", ""),
		.deleted = true, .merged_into = w->target_survivor };
	struct txn *t;

	if (!work_goes_on(w))
		return;
	if (e || json_array_size(rows)) {
		free(w->target_survivor);
		w->target_survivor = NULL;
		work_map(w);
		return;
	}
	t = txn_begin(w->host->store);
	intake_emit(w->host, t, w->flow->target, "fetch", &gone, 1, false);
	free(w->target_survivor);
	w->target_survivor = NULL;
	w->phase = PHASE_COMMIT;
	txn_commit(t, on_target_moved, w);
}

void work_follow_target(struct work *w)
{
	json_t *filter = json_pack("{s:s,s:s,s:s,s:s,s:s,s:i}", "tenant", w->flow->tenant, "flow", w->flow->name,
		"target_connection", connection_name(w->flow->target), "target_id", w->target_survivor,
		"target_entity", w->flow->target_entity, "limit", 1);

	store_links(w->host->store, filter, on_target_links, w);
	json_decref(filter);
}
