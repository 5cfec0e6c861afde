/* work.h - one delivery at work: what the files that move it share.
 *
 *  READY -> work -> fetch? -> link -> map <-> asks (4 rounds) -> decide -> write -> settle -> DONE
 *                                      '-> SKIPPED, HELD, REVIEW, WAITS, WOULD
 *
 * A work lives in memory only.  Whatever happens to it, the delivery's row says where to go on.
 *   work.c    its life, and the transaction that ends it      asks.c     what a mapping lacks
 *   map.c     the record, its link, the worker                verdict.c  what is decided
 *   brakes.c  how much before a person looks                  shared.c   links that two flows share
 *   gather.c  reads that leave together                       batch.c    writes that leave together
 *   write.c   what came of it, what is in doubt
 *   again.c   records that are looked at again                merged.c   records that were merged
 *   deliver.c who is served, restarts, reloads */
#ifndef FLOW_WORK_H
#define FLOW_WORK_H

#include "flow/flow.h"

#include <stdbool.h>
#include <stdint.h>

#define RETRY_MOST_MS (30 * WHEN_MINUTE_MS)
#define VERDICT_MAX   (8u << 20)
#define JOIN_MS       50 /* so long a write or a read waits for others that are on their way */

enum phase {
	PHASE_LOOK = 1, /* after a doubt, by our mark */
	PHASE_LINK, PHASE_FETCH, PHASE_MAP,
	PHASE_TURN,     /* another one of its identity is at work: it waits its turn */
	PHASE_ASK, PHASE_COMMIT, PHASE_WRITE
};

struct work {
	struct task task; /* first: the fetch's */
	struct host *host;
	struct flow *flow;
	struct work *next;
	enum phase phase;
	int64_t delivery, stamp, changed_ms, received_ms;
	unsigned attempts, round;
	bool deleted, fetch;
	unsigned up;  /* how many looks at the record above have led here */
	bool stirs; /* a record of again_on: what is to be looked at again is another one */
	bool stale; /* its config is gone: it ends instead of going on, and starts afresh under the new */
	char *entity, *rid, *version, *choice, *cause, *identity, *text;
	char *merged_into; /* gone: it was merged into this one of its entity; NULL */
	char *target_survivor; /* what its target was merged into, as a read has just told; NULL */
	size_t text_len;

	json_t *link;      /* the row, as seen from this record's side; or NULL */
	bool link_turned;  /* it is a row of flow->other, whose target is our source */
	bool link_stale;   /* the other flow may have put it since it was read */
	bool target_free;  /* nobody else's link leads to what the verdict found */
	bool recovered;    /* its write was under way when we died: no record, no link is at hand */
	bool link_settled; /* looked up by the identity that the mapping named */
	json_t *answers;
	size_t asks_open, asks_called; /* called: those of them that are calls of a connection */
	bool reading;      /* its needs are met; finds and fetches are under way */
	bool ask_failed;
	enum mlc_fault ask_fault;
	char *ask_why;

	json_t *verdict;
	char *said;      /* the worker's own words of it, with origins, for the trail; NULL: the verdict is not its last */
	size_t said_len;
	size_t write_at; /* which of the verdict's writes; SIZE_MAX: settled */
	int64_t write_id;
	char key[37];
	char *content;   /* data of the current write, in canonical form: what the key, the outbox, the doubt and the link's
	                  * base are made of; NULL: not decided here, or no data */
	char *last_key;     /* of the last try, with a digest of what it carried, in canonical form */
	char *last_content;
	bool doubt;       /* it may have happened: then verdict and write_at are those of then, too */
	int64_t doubt_write;
	bool again;       /* just that is sent a second time */
	bool alone;       /* it was in a batch that was refused as a whole */
	bool outdated;    /* the record has changed since what is in doubt was decided */

	struct { int64_t at_ms; size_t write_at; } spent; /* when brakes.c counted which write; at_ms 0: none */

	/* As it was before its outcome was taken: a commit that failed is tried again, and takes it from there. */
	struct {
		bool kept, went_on; /* went_on: to the next write; only then content and last_content are here */
		size_t write_at;
		int64_t write_id;
		char key[37];
		json_t *link;
		char *content, *last_content;
		bool outdated;
	} before;

	/* Only to see what would come of it: nothing is decided, this is told instead. */
	void (*dry)(struct work *, const char *state, const char *why);
	void *dry_arg;
};

/* work.c */
struct work *work_begin(struct flow *, struct host *, const struct delivery *);
void work_end(struct work *);
bool work_goes_on(struct work *); /* false: it has ended, its config is gone or the host stops */
json_t *work_current_write(const struct work *);
json_t *work_decision(const struct work *, const char *state, const char *cause, const char *why);
struct delivery_move work_move_to(const struct work *, enum delivery_state);
void work_audit(struct work *, struct txn *, const char *move, json_t *detail /* taken over */);
void work_commit(struct work *, struct txn *, const struct delivery_move *);
void work_store_failed(struct work *, const char *what, const char *why); /* ends it; its flow rests for a while */
void work_on_moved(void *arg, const struct txn_result *); /* the last commit of a work */
void work_settle_as(struct work *, enum delivery_state, const char *cause, const char *why);
void work_back_off(struct work *, int64_t wait_ms, const char *cause, const char *why);
/* A read failed (for an ask, a fetch, a look): what that says of its whole connection, and then of this delivery, which
 * ends its work. */
void work_read_refused(struct work *, const struct outcome *);
void work_read_failed(struct work *, enum mlc_fault, const char *why);

/* again.c */
void work_look_at_others(struct work *); /* its verdict says at which */
void work_note_again(struct work *, struct txn *); /* when to look at this one again */

/* map.c */
int64_t flow_day_begins_ms(const struct flow *, const char *day); /* by the tenant's clock, else the source's */
void work_look_link(struct work *, bool by_identity);
/* The header of a MAP: of the work, its flow, host, record, link, answers and choice count. */
void work_map_header(const struct work *, struct buf *);
void work_map(struct work *);
void work_begin_again(struct work *); /* with what came about meanwhile, its link first */

/* shared.c: links that two flows share, one the way back of the other */
json_t *shared_turn(const json_t *row); /* the same link, seen from its other side; yours */
/* Rows of flow->other whose target is this record of our source; at most one. */
void shared_look(struct work *, const char *rid, rows_fn *, void *arg);
/* True: our side was written last by the other flow, so what we were given of it may be older. */
bool shared_is_overtaken(const struct work *);
/* True: this record may be one that the other flow is making right now; looked at again in a moment. */
void shared_may_be_ours(struct work *); /* then on_known(), or the work has ended */
void shared_known(struct work *);       /* map.c: it is not */
/* The link as it is now, l as of our own row; before: what the target was known as, record: what a write
 * says of it (NULL: not told). */
void shared_put(struct work *, struct txn *, struct link_row *, const json_t *record, bool wrote);
bool shared_swings(const struct work *); /* this write would go to and fro once too often */
bool shared_is_busy(const struct work *); /* the same pair is at work in the other flow */
bool shared_same_pair(const struct work *, const struct work *);
/* It ends: who is at work on the same pair may have read the link just before what it put was on the disk. */
void shared_over(const struct work *);
/* What the verdict found as target must not be linked to another record of ours: then work_verdict() goes on, or a
 * person is asked. */
void shared_check_target(struct work *, const char *id);

/* merged.c */
void work_follow_survivor(struct work *);
void work_follow_target(struct work *);

/* asks.c */
void work_ask(struct work *);

/* verdict.c */
void work_verdict(struct work *);
bool work_is_keyed(const struct work *); /* its target drops a second write with the same key */
char *work_doc(const struct work *, bool doubt); /* yours to free */
struct link_row work_link_row(const struct work *);
bool work_is_linked(const struct work *);
void work_put_write(struct work *, struct txn *);

/* brakes.c: true: this write must not go out before a person has looked, and its flow is held */
bool brakes_hold(struct work *);
void brakes_give_back(struct work *); /* its current write was not done */

/* batch.c: writes of one flow and verb to one entity leave together, as many as the entity takes at once */
#define BATCH_ALONE "alone" /* the cause of one that goes by itself from now on */
void work_write(struct work *);

/* write.c */
void work_take_outcome(struct work *, struct txn *, const struct outcome *, size_t i); /* of its i-th write */
void work_after_outcome(struct work *); /* that is committed; until then the same outcome may be taken again */
void work_forget_before(struct work *);
bool work_look_by_mark(struct work *); /* false: there is no mark to look by */
bool work_send_again(struct work *);   /* false: it is not in doubt, or its key is worth nothing to the target */
struct work *work_again(struct host *, struct flow *, const json_t *row); /* a write under way when we died */

#endif
