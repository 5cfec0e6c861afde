/* inner.h - what the store's own files share: its threads, its queues, a transaction on its way.
 *
 * Threads: the loop's builds transactions and hears the answers; the writer owns the only
 * connection that changes mlc.db; four lanes read (reader: what the work waits for, lister: what
 * people ask), keep house (keeper: audit rows to audit.db, checkpoints) and do chores (verify,
 * backup, tidy, erase, rotate). */
#ifndef STORE_INNER_H
#define STORE_INNER_H

#include "store.h"

#include "base/mem.h"
#include "db.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- the way home to the loop thread --------------------------------------------------------- */

struct mail {
	struct mail *next;
	void (*deliver)(struct mail *); /* on the loop thread, once; frees it */
};
/* A list of them, in order.  From any thread. */
void store_mail(struct store *, struct mail *first);

/* ---- lanes: threads that run jobs in order --------------------------------------------------- */

struct lane;
struct job {
	struct mail mail;
	struct job *next;
	struct store *store;
	void (*run)(struct lane *, struct job *); /* not called when the store closes first: */
	struct err error;                         /* then this says so */
};
struct lane {
	struct store *store;
	struct db *main, *audit; /* read-only; the chores' are opened at their first job */
	struct job *first, **last;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	pthread_t thread;
	bool running, stop;
};
void lane_start(struct lane *, struct store *);
void lane_stop(struct lane *); /* the job under way ends; the others are mailed home undone */
void lane_push(struct lane *, struct job *);
/* Opens its connections, or false and *e. */
bool lane_open(struct lane *, struct err *e);

/* ---- transactions ---------------------------------------------------------------------------- */

enum op_kind {
	OP_ACCEPT = 1, OP_DELIVERY, OP_ENSURE, OP_WRITE_PUT, OP_WRITE_STATE, OP_LINK_PUT,
	OP_LINK_MOVE, OP_LINK_DROP, OP_LINK_VERSION, OP_LOOK, OP_AGAIN, OP_SET_PUT, OP_SET_CLEAR, OP_NOTE, OP_SECRET,
	OP_AUDIT
};

struct mirror_key { const char *member, *value; /* folded */ };

struct op {
	struct op *next;
	enum op_kind kind;
	union {
		struct {
			struct arrival row;
			struct mirror_key *keys;
			size_t key_count;
			const char *mirror; /* its data as text; NULL: not mirrored */
		} accept;
		struct delivery_move move;
		struct ensure ensure;
		struct write_row write; /* also WRITE_STATE: id, state, mark, tries */
		struct link_row link;   /* also LINK_MOVE, LINK_DROP and LINK_VERSION: what they need */
		struct { struct look row; int64_t at_ms; } look; /* LOOK, AGAIN */
		struct set_row set;
		struct { const char *tenant, *scope, *kind, *name, *value; } note;
		struct {
			const char *tenant, *connection, *name;
			int64_t version;
			const unsigned char *sealed; /* NULL: forget */
			size_t sealed_len;
		} secret;
		struct audit_row audit;
	};
};

/* Bytes that this transaction has put into the payload table, or found there. */
struct kept_payload {
	struct kept_payload *next;
	const char *bytes;
	size_t len;
	int64_t id;
	unsigned char hash[BLAKE2B_SIZE];
};

/* A delivery entered a state (+1) or left one (-1). */
struct tally_change {
	struct tally_change *next;
	const char *tenant, *flow;
	enum delivery_state state;
	int64_t by;
};

struct circle { struct circle *next; const struct ensure *ensure; };
struct id_list { struct id_list *next; int64_t id; };

struct writer;
typedef void inner_fn(struct writer *, struct txn *, void *arg);

struct txn {
	struct mail mail;
	struct txn *next;
	struct store *store;
	struct arena arena; /* what the caller gave */
	struct { const char *from, *copy; size_t len; } last_bytes;
	struct op *first, **last;
	size_t accept_count, ensure_count;
	int64_t now_ms;
	txn_fn *done;
	void *arg;
	struct err error;
	bool turned_away; /* with ERR_LIMIT, at the door: later it may fit */

	/* A lane's own change to mlc.db; it waits for `over`. */
	inner_fn *inner;
	void *inner_arg;
	bool over;

	/* While it is applied, and afterwards the result. */
	struct arena results;
	enum accepted *accepted;
	int64_t *ensured;
	size_t accepted_at, ensured_at;
	struct touched *touched;
	size_t touched_count, touched_room;
	struct kept_payload *payloads;
	struct tally_change *tally;
	struct circle *circles; /* ensures that would wait for themselves */
	struct id_list *follow; /* deliveries whose state hangs on what they wait for */
	bool chained;           /* heads of chains in memory count rows of it */
};

/* ---- the store ------------------------------------------------------------------------------- */

struct store {
	struct loop *loop;
	char *dir, *main_path, *audit_path;
	int lock_fd;
	uint32_t queue_max;

	pthread_mutex_t key_mutex;
	/* next: of a rotation under way; before: until close, for what was sealed on its way. */
	struct master_key *key, *key_next, *key_before;

	atomic_int_least64_t next_id;
	struct writer *writer;
	struct lane reader, lister, keeper, chores;
	pthread_mutex_t audit_mutex; /* audit.db is written, or must not be */
	atomic_bool closing, upkeep_due;
	struct timer upkeep;
	struct job upkeep_job;
	struct db *audit, *log; /* the keeper's: writes audit.db; moves mlc.db's log */
	bool upkeep_failed;
	struct mailbox *mailbox;
};

/* writer.c */
struct writer *writer_start(struct store *, struct db *, struct err *);
void writer_stop(struct writer *); /* after all that is queued */
void writer_free(struct writer *);
void writer_push(struct writer *, struct txn *); /* over the limits: mailed home with ERR_LIMIT */
struct db *writer_db(struct writer *);
struct buf *writer_sql(struct writer *); /* for a statement that is put together */
void writer_health(struct writer *, struct store_health *);
/* From a lane: fn runs in a transaction of the writer's; returns after its commit. */
int writer_do(struct store *, inner_fn *fn, void *arg, struct err *);
uint32_t writer_log_frames(struct writer *);
uint64_t writer_audit_waiting(struct writer *); /* rows in mlc.db, about */
bool writer_audit_presses(struct writer *); /* they are many, and must go now */
void writer_audit_moved(struct writer *, uint64_t rows);
/* Most of the log is in the file: move the rest, so that the next commit begins it anew. */
void writer_log_moved(struct writer *);

/* SQL: is this delivery open, and nobody knows what became of a write of it? */
#define IN_DOUBT(id) \
	"EXISTS(SELECT 1 FROM write w JOIN delivery d ON d.id = w.delivery WHERE w.delivery = " id \
	" AND w.state IN (2, 3) AND d.open = 1)"

/* apply.c: false: none of it stands (its error says why, or the connection's). */
bool txn_apply(struct writer *, struct txn *);
/* Bytes into the payload table unless this transaction did already; NULL owner parts: nobody's. */
const struct kept_payload *payload_keep(struct writer *, struct txn *,
	const struct audit_row *owner);
void delivery_move(struct writer *, struct txn *, const struct delivery_move *);

/* audit.c */
struct chains;
struct chains *chains_create(void);
void chains_forget(struct chains *); /* what was not committed, and all else */
void chains_destroy(struct chains *);
/* Appends to the tenant's chain; the head is written by chains_flush() before the commit. */
void audit_append(struct writer *, struct txn *, const struct audit_row *);
int chains_flush(struct chains *, struct db *);
struct chains *writer_chains(struct writer *);
/* One slice of rows to audit.db; false: none left, or *e. */
bool audit_move_slice(struct lane *, struct db *audit, struct err *);

json_t *audit_verify(struct lane *, struct err *); /* the report of store_audit_verify() */
/* All of audit.db's rows; returns how many.  Those there already stay as they are. */
int64_t audit_copy_all(struct lane *, struct db *to, struct err *);
/* The payloads that rows about a record of that name carry, whoever's connection it was. */
struct audit_told { /* a row of the trail that tells of a record */
	int64_t number, delivery, payload;
	const char *connection; /* borrowed */
	bool has_detail;        /* one that can be erased, and what is left of it then: */
	unsigned char digest[BLAKE2B_SIZE];
};
void audit_told(struct db *, const char *tenant, const char *entity, const char *rid,
	void (*fn)(void *arg, const struct audit_told *), void *arg);
void audit_forget(struct db *, const struct audit_told *); /* its detail; the chain holds */

/* keep.c */
void upkeep_begin(struct store *); /* from any thread */
void upkeep_run(struct lane *, struct job *);
void upkeep_later(struct store *); /* from the loop's: soon after a commit */

/* mirror.c */
void mirror_trim(char *text); /* no blanks around it, lower case; in place */
void mirror_put(struct writer *, struct txn *, const struct op *accept);
void mirror_drop(struct writer *, const char *tenant, const char *connection, const char *entity,
	const char *rid);

/* vault.c */
#define SECRET_BEFORE ".before"
char *secret_aad(const char *tenant, const char *connection, const char *name, int64_t version);
void secret_put(struct writer *, struct txn *, const struct op *);

/* die.c: MLC_DIE_AT=before:mark:2 in the environment ends the process by SIGKILL right before the second
 * transaction that marks is committed, after:mark:2 right after, before anybody hears of it.  Moves: accept
 * (by webhook), emit, fetch, or an audit row's.  Crash tests stop the real host with it at exact points. */
struct die { char move[16]; unsigned left; bool after; };
void die_read(struct die *);
bool die_is_near(struct die *, const struct txn *group); /* the one that is counted to is in it */
void die_now(void);

/* schema.c */
#define STORE_SCHEMA 4
struct db *main_open(const char *path, enum db_use, struct err *);
struct db *audit_open(const char *path, enum db_use, struct err *);
int key_check_seal(const struct master_key *, unsigned char **sealed, size_t *len, struct err *e);
int main_make(struct db *, const struct master_key *, struct err *);
int main_check(struct db *, const char *path, const struct master_key *, struct err *);

#endif
