/* host.h - the running host, as the commands see it. */
#ifndef FLOW_HOST_H
#define FLOW_HOST_H

#include "base/err.h"
#include "base/loop.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct host;
struct inbound;

struct host_conf {
	const char *dir;       /* the deployment */
	const char *program;   /* our own executable */
	bool until_idle;       /* stop when nothing can be done before a visit, a deadline or a person */
	bool test_clock;       /* tests only: host_advance() is allowed */
	const char *record_dir; /* record exchanges there; NULL: no */
	/* The host has ended; status is the exit status of `mlc run`. */
	void (*stopped)(void *arg, int status);
	void *arg;
};

/* Reads the deployment, opens the store, recovers, listens, works.  started: code 0 and the ports, or
 * what is wrong.  Writes state/ports.json. */
typedef void host_fn(void *arg, const json_t *answer, const struct err *);
struct host *host_start(struct loop *, const struct host_conf *, host_fn *started, void *arg);
void host_stop(struct host *); /* what is on the wire ends first, at most 10 s; then stopped() */
void host_destroy(struct host *); /* after stopped() */
const json_t *host_settings(const struct host *); /* mlc.lua as it is in force; borrowed */

/* ---- what commands ask.  Answers are borrowed; who: "cli:root", for the audit trail ------------- */
/* Every answer is an object; on error *err says why and its code what kind (ERR_ABSENT: no such ...). */

void host_status(struct host *, const char *tenant_or_null, host_fn *, void *arg);
/* what: "held", "review", "would", "ready", "waits", "sending", "done", "skipped", "all"; filter as store_list(). */
void host_list(struct host *, const char *what, const json_t *filter, host_fn *, void *arg);
/* target: TENANT, TENANT/FLOW, TENANT/CONNECTION. */
void host_go(struct host *, const char *target, const char *who, host_fn *, void *arg);
void host_pause(struct host *, const char *target, bool paused, const char *who, host_fn *, void *arg);
/* since: "YYYY-MM-DD" or NULL.  wait: answers when the flow has nothing left to do now. */
void host_sync(struct host *, const char *target, const char *since, bool wait, const char *who, host_fn *, void *arg);
/* Held deliveries afresh.  filter: { tenant?, flow?, cause?, id?, label? }. */
void host_release(struct host *, const json_t *filter, const char *who, host_fn *, void *arg);
/* An answer to a review (or a held one): one delivery (id) or all of one cause; remember writes answers.csv. */
void host_decide(struct host *, const json_t *filter, const json_t *choice, bool remember, const char *who,
	host_fn *, void *arg);
/* Afresh with the mapping as it is now.  dry: answers with what would change, per record, and does nothing. */
void host_replay(struct host *, const json_t *filter, bool dry, const char *who, host_fn *, void *arg);
/* What the files as they lie there would make of the records of the last days, where that differs from what is made
 * now: { days, flows: [ { flow, state: "changed"|"new"|"gone", records, differ, worse, without_text } ], records: [ {
 * flow, entity, rid, label, was, now: { verdict, cause, why }, fields: [ { name, was, now } ], linked, effect } ], more,
 * worse }.  Asks no remote, changes nothing.  Files that are wrong: as host_reload(). */
void host_plan(struct host *, const char *tenant_or_null, int64_t days, host_fn *, void *arg);
void host_story(struct host *, const char *connection, const char *entity, const char *id_or_number, host_fn *, void *arg);
void host_links(struct host *, const json_t *filter, host_fn *, void *arg);
void host_link(struct host *, const json_t *link, const char *who, host_fn *, void *arg);
void host_unlink(struct host *, const json_t *link, const char *who, host_fn *, void *arg);
void host_ping(struct host *, const char *target_or_null, host_fn *, void *arg);
/* Where a person grants it: { connection, url, redirect_uri, until_ms }; wait: answers { connection,
 * authorized } when somebody has, or what went wrong. */
void host_authorize(struct host *, const char *connection, bool wait, host_fn *, void *arg);
void host_qwc(struct host *, const char *connection, host_fn *, void *arg); /* { text } */
void host_visits(struct host *, const char *connection, const json_t *filter, host_fn *, void *arg);
/* What a code of a remote means and what to do: { text, connector, code, means, cure }. */
void host_explain(struct host *, const char *code, host_fn *, void *arg);
/* What came out of it is written into the trail, flow by flow. */
void host_reconcile(struct host *, const char *target, const char *month, const char *who, host_fn *, void *arg);
void host_audit_list(struct host *, const json_t *filter, host_fn *, void *arg);
void host_audit_verify(struct host *, host_fn *, void *arg);
void host_backup(struct host *, const char *path, const char *who, host_fn *, void *arg);
void host_erase(struct host *, const char *connection, const char *entity, const char *id, const char *who, host_fn *, void *arg);
void host_key_rotate(struct host *, const char *new_key_file, const char *who, host_fn *, void *arg);
void host_reload(struct host *, const char *who, host_fn *, void *arg);
void host_secret_set(struct host *, const char *connection, const char *name, const char *secret, const char *who, host_fn *, void *arg);
/* The names of what the vault holds: { secrets: [ { tenant, connection, name } ] }. */
void host_secrets(struct host *, host_fn *, void *arg);
void host_metrics(struct host *, host_fn *, void *arg);
void host_advance(struct host *, int64_t ms, host_fn *, void *arg);

#endif
