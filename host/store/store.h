/* store.h - everything that must survive: what came in, what is owed and linked, what happened.
 *
 * A transaction is built on the loop thread from typed rows, copied, run as one by the store's own
 * thread together with others (one commit for many: group commit), and done() runs on the loop
 * thread after that commit.  Queries run on the store's reading threads and are answered on the
 * loop thread.  SQLite stands behind this today; nothing here speaks of it.
 *
 * Five transactions, and no others, move a record: accept, emit (accept with a cursor), decide,
 * mark, settle (docs/design/store.md).  Texts in rows are borrowed for the call and copied. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/crypto.h"
#include "base/err.h"
#include "base/loop.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

struct store_conf {
	const char *dir;      /* state/ : mlc.db, audit.db, lock */
	const char *key_file; /* the master key; see crypto.h */
	uint32_t queue_max;   /* transactions waiting, 0: 20000; beyond it: ERR_LIMIT */
};

/* ERR_LOCKED: another mlc has it; ERR_DAMAGED; ERR_REFUSED: wrong master key, newer schema.  Every
 * text names the file and the way out. */
struct store *store_open(struct loop *, const struct store_conf *, struct err *);
/* What was committed to the queue is written first, and every callback is called once: what is
 * still asked, or asked by them, ends with ERR_LIMIT.  Not from within a callback of the store's. */
void store_close(struct store *);

/* ---- rows ------------------------------------------------------------------------------------ */

/* A record that came in.  Known already (same version or same content): SAME.  Older than what we
 * hold: OLDER.  What our own write brought back (a link's target with that version or content):
 * OURS, which is news to some (struct route). */
enum accepted { ACCEPTED_NEW = 1, ACCEPTED_SAME, ACCEPTED_OLDER, ACCEPTED_OURS };

/* A flow that reads a record: "shop-books.invoice".  to_connection, to_entity: what it writes.  What our own
 * write brought back is no news to a flow that would carry it back to where it came from; to all others
 * it is.  NULL: it is news in any case. */
struct route { const char *flow; int rank; const char *to_connection, *to_entity; };

struct arrival {
	const char *tenant, *connection, *entity, *id, *version;
	int64_t changed_ms;   /* 0: not told */
	bool deleted, hint;
	const char *merged_into; /* deleted: it lives on in this record of its entity; NULL */
	const char *text;     /* the record as JSON; NULL: hint or deleted */
	size_t text_len;
	const char *origin;   /* "webhook", "feed orders", "fetch", "sync", "by hand" */
	const struct route *routes; /* flows that read it: each gets a delivery, or its open one
	                             * is refreshed */
	size_t route_count;
	/* Mirrored members of it, for look-ups the remote cannot do, answered with text: object of
	 * member -> text (or list of texts); NULL: not mirrored. */
	const json_t *mirror_keys;
	bool audited; /* an audit row "accept" for it, if it is news or our own write come back */
	bool again; /* a re-read (nightly, sync, by hand): SAME is no news, but counts as seen */
	/* origin "fetch": the delivery that asked, with its stamp as claimed.  Told of another
	 * change since then, it keeps its fetch.  0: every open delivery that asked is answered. */
	int64_t asked_by, asked_stamp;
};

/* What becomes of a delivery.  The states' meaning and moves: docs/design/flow.md. */
#define DELIVERY_STATES(X) \
	X(READY, "ready") X(WAITS, "waits") X(SENDING, "sending") X(WOULD, "would") \
	X(DONE, "done") X(SKIPPED, "skipped") X(HELD, "held") X(REVIEW, "review")
enum delivery_state {
#define X(name, text) DELIVERY_##name,
	DELIVERY_NONE, DELIVERY_STATES(X)
#undef X
};
const char *delivery_state_text(enum delivery_state);
enum delivery_state delivery_state_of(const char *text); /* NONE: none is called so; NULL is well */

struct delivery { /* as read; all borrowed for the callback */
	int64_t id;
	const char *tenant, *flow, *connection, *entity, *rid, *version;
	int64_t changed_ms, received_ms, due_ms;
	bool deleted, fetch; /* fetch: the full record must be read first */
	enum delivery_state state;
	unsigned attempts;
	const char *cause, *why, *label, *identity, *amount, *currency, *choice, *mapping_hash;
	const char *text; /* the record, JSON; NULL when only a hint or deleted and never seen */
	size_t text_len;
	const char *doc;  /* last verdict's writes, JSON; NULL */
	const char *origin;
	const char *merged_into; /* deleted: the record that it lives on in */
	int64_t stamp;    /* moves on whenever an arrival refreshes it */
};

struct delivery_move { /* NULL texts: unchanged; "" clears */
	int64_t id;
	/* As claimed: when a newer version has refreshed the delivery meanwhile, the transaction
	 * ends with ERR_CONFLICT, and the delivery is there to be claimed again.  0: not asked. */
	int64_t stamp;
	/* Only out of this state: in another one it has moved on since it was read, which is ERR_CONFLICT
	 * likewise.  NONE: not asked. */
	enum delivery_state from;
	enum delivery_state to;
	int64_t due_ms;       /* READY: not before; else 0 */
	unsigned attempts;
	const char *cause, *why, *label, *identity, *amount, *currency, *choice, *mapping_hash;
	const char *doc;
	const char *target_connection, *target_entity, *target_id;
};
/* Moving to DONE, SKIPPED or WOULD makes deliveries that wait for this one, and for nothing else
 * any more, READY; moving to HELD or REVIEW makes them HELD with cause "needs:<flow>", and moving
 * on from there WAITS again. */

/* decide: parent waits until flow has dealt with identity of the same record: its open delivery, or
 * a new one over the same text.  In the same transaction parent moves to WAITS; where nothing is
 * left to wait for, it is READY at once; where what it needs is held already, HELD at once; where
 * that needs it in turn, HELD with cause "circle:<flow>". */
struct ensure {
	int64_t parent;
	const char *flow;     /* of the same tenant */
	const char *identity; /* NULL: whatever the mapping makes of the record */
	const char *entity, *rid; /* NULL: the parent's own record; else this one of the same
	                           * connection, fetched where it was never seen */
	bool anew; /* although identity is linked already */
	int rank;
	int64_t delivery;     /* 0; or: for this very one, as long as it is open and a write of it in doubt */
};

/* A flow looks at a record of its source again, although nothing of that record has changed: its
 * open delivery is refreshed, or it gets one, over what was seen last.  One that is known to be
 * deleted, or was never seen where no fetch is wanted, is left alone. */
struct look {
	const char *tenant, *flow, *connection, *entity, *rid;
	const char *origin; /* "due", "changed Invoice 130" */
	int rank;
	bool fetch;         /* read it anew first */
};

enum write_state { WRITE_READY = 1, WRITE_SENT, WRITE_DOUBT, WRITE_DONE, WRITE_FAILED };
struct write_row {
	int64_t id;           /* store_next_id() */
	int64_t delivery;
	const char *tenant, *connection, *entity, *verb, *target_id, *version, *key;
	const char *data;     /* JSON of the write verdict: data, expect, own */
	enum write_state state;
	const char *mark;     /* of the visit's set that carries it; NULL */
	unsigned tries;
};

struct link_row {
	const char *tenant, *flow, *identity;
	const char *source_connection, *source_entity, *source_id, *source_version;
	const char *target_connection, *target_entity;
	const char *target_id, *target_version; /* target_id NULL: intent */
	const char *made;     /* "created", "adopted", "by hand" */
	const char *base;     /* JSON: the members we own as last written */
	const char *target_hash; /* of the target as last settled or fetched; NULL: not known */
	/* Where two flows share the link (docs/design/flow.md): both records as both sides last knew
	 * them, JSON; and of the source as the way back wrote it last ("" when its content was not
	 * told), NULL: it did not. */
	const char *source_seen, *target_seen, *source_hash;
	bool back;          /* the last write went from target to source */
	unsigned swings;    /* writes one after the other that went to and fro */
	const char *replaces; /* put: the identity under which it stood before; NULL */
	int64_t delivery;
};

/* What target_hash and OURS compare: of the record's canonical text. */
void store_record_hash(const json_t *record, char out[SHA256_HEX_SIZE]);

struct set_row { /* a marked set that left with a visit and whose outcome is not committed */
	const char *tenant, *connection, *mark;
	const char *requests; /* JSON: what plug needs to rebuild the calls */
	const char *answer;   /* the exact bytes that went out */
	size_t answer_len;
	const char *answer_type;
	unsigned asked;
};

struct audit_row {
	const char *tenant;
	const char *move;     /* "accept", "decide", "mark", "settle", "hold", "visit", ... */
	const char *who;      /* "host", "admin", "cli:<user>" */
	const char *connection, *flow, *entity, *rid; /* or NULL */
	int64_t delivery;     /* 0: none */
	const char *detail;   /* JSON object, small: states, cause, mapping version, ids */
	const char *payload;  /* bytes kept apart, so that they can be erased; NULL */
	size_t payload_len;
};

/* ---- transactions ---------------------------------------------------------------------------- */

struct txn;
struct txn_result {
	int code;             /* 0, or ERR_*: then nothing of it happened */
	const char *text;     /* of the error */
	bool too_large;       /* ERR_LIMIT: it does not fit, however often it is tried */
	const enum accepted *accepted; /* in the order of txn_accept() calls */
	const int64_t *ensured; /* delivery ids in the order of txn_ensure(); 0: linked already */
	/* flows that now have deliveries READY */
	const struct touched { const char *tenant, *flow; } *touched;
	size_t accepted_count, ensured_count, touched_count;
};
typedef void txn_fn(void *arg, const struct txn_result *);

struct txn *txn_begin(struct store *);
void txn_accept(struct txn *, const struct arrival *);
void txn_delivery(struct txn *, const struct delivery_move *);
void txn_ensure(struct txn *, const struct ensure *);
void txn_look(struct txn *, const struct look *);
/* This flow looks at this record again at that time; 0: it need not.  One time per record. */
void txn_again(struct txn *, const struct look *, int64_t at_ms);
void txn_write_put(struct txn *, const struct write_row *);
void txn_write_state(struct txn *, int64_t write_id, enum write_state, const char *mark,
	unsigned tries); /* mark NULL: none */
void txn_link_put(struct txn *, const struct link_row *); /* whole, by (tenant, flow, identity) */
/* The source record was merged into another one: its link is that one's from now on. */
void txn_link_move(struct txn *, const char *tenant, const char *flow, const char *identity,
	const char *to_source_id);
void txn_link_drop(struct txn *, const char *tenant, const char *flow, const char *identity);
/* A target's version moved without our doing anything (a payment on an invoice): remember it.
 * target_hash NULL: the content that goes with it is not known. */
void txn_link_version(struct txn *, const char *tenant, const char *connection, const char *entity,
	const char *target_id, const char *version, const char *target_hash);
void txn_set_put(struct txn *, const struct set_row *); /* replaces one of the same mark */
void txn_set_clear(struct txn *, const char *tenant, const char *connection, const char *mark);
/* Small facts by (tenant, scope, kind, name): cursors, facts, leases, holds, modes, pauses,
 * tokens' public part, last visit.  scope: connection or flow, "" for the tenant.  value NULL:
 * forget it. */
void txn_note(struct txn *, const char *tenant, const char *scope, const char *kind,
	const char *name, const char *value);
/* Sealed at once; NULL forgets.  The one before stays readable as name + ".before".  Names hold
 * no | and do not end so. */
void txn_secret(struct txn *, const char *tenant, const char *connection, const char *name,
	const struct secret *);
void txn_audit(struct txn *, const struct audit_row *);
/* done NULL: nobody waits.  The txn is gone after this. */
void txn_commit(struct txn *, txn_fn *done, void *arg);
void txn_abandon(struct txn *);

int64_t store_next_id(struct store *); /* unique, growing, across restarts */

/* ---- queries --------------------------------------------------------------------------------- */

struct claim {
	const char *tenant, *flow;
	int64_t now_ms;
	const int64_t *busy;  /* ids being worked on: left out */
	size_t busy_count;
	unsigned limit;
};
/* READY and due, by rank and id, with their texts. */
typedef void deliveries_fn(void *arg, const struct delivery *, size_t count, const struct err *);
void store_claim(struct store *, const struct claim *, deliveries_fn *, void *arg);
void store_delivery(struct store *, int64_t id, deliveries_fn *, void *arg);

/* Everything below answers with JSON that is the callback's to keep (json_incref) or leave. */
typedef void rows_fn(void *arg, const json_t *rows, const struct err *);

/* Per flow: { tenant, flow, ready, due_ms (earliest; 0: now), waits, sending, would, held, review,
 * done, skipped }; the last two count all that ever were. */
void store_counts(struct store *, const char *tenant_or_null, rows_fn *, void *arg);
/* What waits or is held: { tenant, flow, state, cause, count, amount_sum: { currency: decimal },
 * oldest_ms, label, why } with label and why of the first. */
void store_causes(struct store *, const char *tenant_or_null, rows_fn *, void *arg);
/* Deliveries.  filter: { id?, tenant?, flow? ("shop-books.invoice", or "shop-books": all of it), state? (one
 * or a list), cause?, label? ("order 1007" or its last word), connection?, entity?, rid?, identity?,
 * since_ms?, after_id?, newest? (bool: by falling id), doc? (bool: with it), limit? (100; <= 1000) }. */
void store_list(struct store *, const json_t *filter, rows_fn *, void *arg);
/* Links, with the members of struct link_row, id, at_ms; base and seen as text; moved: 1 after
 * txn_link_move().  filter: { tenant?, flow?, identity?, source_connection?, source_entity?,
 * source_id?, target_connection?, target_entity?, target_id?, limit?, after? (an id), unseen_ms? }.
 * in_doubt: 1 where it is an intent and its delivery is open, with a write that may have happened.
 * unseen_ms: only those whose record (the source's, or where target_connection is asked for, the
 * target's) is not known to be deleted and was not seen since then. */
void store_links(struct store *, const json_t *filter, rows_fn *, void *arg);
/* Mirror: { id, version, data } of records of entity whose members all equal these texts (compared
 * trimmed and in lower case). */
void store_mirror_find(struct store *, const char *tenant, const char *connection,
	const char *entity, const json_t *members, rows_fn *, void *arg);
/* Notes: [ { tenant, scope, kind, name, value, at_ms } ]; NULL: any. */
void store_notes(struct store *, const char *tenant, const char *scope, const char *kind, rows_fn *,
	void *arg);
/* Writes that are READY, SENT or in DOUBT, oldest first (at start), with the members of struct
 * write_row, state as "ready", "sent", "doubt", and of their delivery: flow, source_connection,
 * source_entity, rid, source_version, changed_ms, attempts, label, identity, amount, currency,
 * choice, mapping_hash, stamp, doc. */
void store_unsettled(struct store *, rows_fn *, void *arg);
/* Records that flows look at again, the earliest first: { tenant, flow, connection, entity, rid,
 * at_ms }; at most 256. */
void store_again(struct store *, rows_fn *, void *arg);
/* Creates of this entity that are on their way there, or whose outcome is about to be looked up:
 * [ { count } ].  What turns up there meanwhile may be one of them. */
void store_creating(struct store *, const char *tenant, const char *connection, const char *entity,
	rows_fn *, void *arg);
typedef void set_fn(void *arg, const struct set_row *one_or_null, const struct err *);
void store_open_set(struct store *, const char *tenant, const char *connection, set_fn *,
	void *arg);
/* Audit rows, newest last: the last ones, or with `after` (a number, 0 for the first) those that
 * follow.  filter: { tenant?, flow?, connection?, entity?, rid?, delivery?, move?, since_ms?,
 * after?, payload? (bool: with it; erased: true where it is gone), limit? }. */
void store_audit(struct store *, const json_t *filter, rows_fn *, void *arg);
/* What a tenant's connection holds of one entity: { rid, version, changed_ms, seen_ms, deleted,
 * text, after }.  filter: { tenant, connection, entity, rid?, from?, to? (ms, or
 * a day or instant as text; of the change, to excluded), unseen_ms? (those not known to be deleted and
 * not seen since then), after? (as the last row told), limit? }. */
void store_records(struct store *, const json_t *filter, rows_fn *, void *arg);
typedef void secret_fn(void *arg, struct secret *yours_or_null, const struct err *);
void store_secret(struct store *, const char *tenant, const char *connection, const char *name,
	secret_fn *, void *arg);
/* Names only, never values: [ { tenant, connection, name, version, at_ms } ]. */
void store_secret_names(struct store *, const char *tenant_or_null, rows_fn *, void *arg);

/* ---- keeping house --------------------------------------------------------------------------- */

typedef void store_fn(void *arg, const json_t *report, const struct err *);
/* Chain, heads and payload hashes of every tenant: { tenant: { rows, erased, ok, first_bad? } }. */
void store_audit_verify(struct store *, store_fn *, void *arg);
/* A consistent copy of both files into one, while running; never over a file that is there. */
void store_backup(struct store *, const char *path, store_fn *, void *arg);
/* Payloads and done deliveries older than that, in small slices; audit rows stay.
 * { deliveries, payloads }: how many went. */
void store_tidy(struct store *, int64_t payloads_before_ms, int64_t deliveries_before_ms,
	store_fn *, void *arg);
/* A person's data: payloads and texts of one record, audited.  ERR_CONFLICT: it is being written
 * right now. */
void store_erase(struct store *, const char *tenant, const char *connection, const char *entity,
	const char *rid, const char *who, store_fn *, void *arg);
/* All secrets in one transaction; takes `to` over.  The key file is the caller's to replace then. */
void store_key_rotate(struct store *, struct master_key *to, const char *who, store_fn *, void *arg);
/* Without a running host: puts a backup where dir has no store yet; writes are held afterwards
 * (note "restored" of tenant "", scope ""). */
int store_restore(const char *dir, const char *backup, const char *key_file, struct err *);

struct store_health {
	bool writable;
	uint32_t queued;
	uint64_t commits, rows;
	int64_t last_commit_ms;
	char why[256]; /* not writable: the machine's words */
};
void store_health(struct store *, struct store_health *);

#endif
