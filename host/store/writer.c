/* writer.c - the thread that changes mlc.db: many transactions, one commit.
 *
 * A group is what has queued up while the last commit was under way: at most GROUP_MAX
 * transactions or GROUP_MS of work, each in a savepoint of its own.  Nothing is waited for, so a
 * lone transaction commits at once.  When the machine fails (a full disk), the group is undone and each is tried by
 * itself, so that the one that does not fit takes no other with it. */
#include "inner.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_MAX       256
#define GROUP_MS        2
#define QUEUE_MAX       20000
#define QUEUE_BYTES_MAX ((size_t)64 << 20)
#define IDS_RESERVED    (INT64_C(1) << 20)
#define LOG_FRAMES      1000  /* 4 MB: from here on the keeper moves it */
#define LOG_FRAMES_MAX  16000 /* 64 MB: the writer moves it itself */
#define AUDIT_ROWS      20000 /* 7 MB: from here on the keeper moves them, busy or not */
#define TALLY_BUCKETS   1024
#define SQL_MAX         4096

struct tally_row {
	struct tally_row *next, *next_dirty;
	char *tenant, *flow;
	int64_t by[DELIVERY_REVIEW + 1];
	bool dirty;
};

struct writer {
	struct store *store;
	struct db *db;
	struct buf sql;
	struct chains *chains;
	struct tally_row *tally[TALLY_BUCKETS], *dirty;
	int64_t ids_reserved;

	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more, done; /* of the queue; of a lane's change */
	struct txn *first, **last;
	uint32_t queued;
	size_t queued_bytes;
	bool stop, log_moved;
	struct store_health health;
	struct die die;

	atomic_uint_least32_t frames;
	atomic_uint_least64_t audit_rows;
};

struct db *writer_db(struct writer *w)
{
	return w->db;
}

struct buf *writer_sql(struct writer *w)
{
	return &w->sql;
}

struct chains *writer_chains(struct writer *w)
{
	return w->chains;
}

uint32_t writer_log_frames(struct writer *w)
{
	return atomic_load(&w->frames);
}

uint64_t writer_audit_waiting(struct writer *w)
{
	return atomic_load(&w->audit_rows);
}

bool writer_audit_presses(struct writer *w)
{
	return atomic_load(&w->audit_rows) > AUDIT_ROWS;
}

void writer_audit_moved(struct writer *w, uint64_t rows)
{
	uint64_t have = atomic_load(&w->audit_rows);

	while (!atomic_compare_exchange_weak(&w->audit_rows, &have, have > rows ? have - rows : 0))
		;
}

void writer_log_moved(struct writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->log_moved = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->mutex);
}

void writer_health(struct writer *w, struct store_health *h)
{
	pthread_mutex_lock(&w->mutex);
	*h = w->health;
	h->queued = w->queued;
	pthread_mutex_unlock(&w->mutex);
}

/* ---- the queue ------------------------------------------------------------------------------- */

static bool is_full(const struct writer *w)
{
	uint32_t max = w->store->queue_max ? w->store->queue_max : QUEUE_MAX;

	return w->queued >= max || w->queued_bytes > QUEUE_BYTES_MAX;
}

static void put(struct writer *w, struct txn *t)
{
	*w->last = t;
	w->last = &t->next;
	w->queued++;
	w->queued_bytes += t->arena.used;
	pthread_cond_signal(&w->more);
}

void writer_push(struct writer *w, struct txn *t)
{
	pthread_mutex_lock(&w->mutex);
	bool full = is_full(w);
	if (!full)
		put(w, t);
	pthread_mutex_unlock(&w->mutex);
	if (!full)
		return;
	t->turned_away = true;
	err_set(&t->error, ERR_LIMIT,
		"the store is behind: too many transactions wait for the disk");
	store_mail(w->store, &t->mail);
}

int writer_do(struct store *s, inner_fn *fn, void *arg, struct err *e)
{
	struct writer *w = s->writer;
	struct txn t = { .store = s, .inner = fn, .inner_arg = arg, .now_ms = loop_clock_ms() };

	arena_init(&t.arena, 0);
	arena_init(&t.results, SIZE_MAX);
	pthread_mutex_lock(&w->mutex);
	put(w, &t);
	while (!t.over)
		pthread_cond_wait(&w->done, &w->mutex);
	pthread_mutex_unlock(&w->mutex);
	arena_finish(&t.results);
	free(t.touched);
	return t.error.code ? err_set(e, t.error.code, "%s", t.error.text) : 0;
}

static struct txn *take(struct writer *w)
{
	pthread_mutex_lock(&w->mutex);
	struct txn *t = w->first;
	if (t) {
		w->first = t->next;
		if (!w->first)
			w->last = &w->first;
		t->next = NULL;
		w->queued--;
		w->queued_bytes -= t->arena.used;
	}
	pthread_mutex_unlock(&w->mutex);
	return t;
}

/* ---- tallies --------------------------------------------------------------------------------- */

static struct tally_row *tally_find(struct writer *w, const char *tenant, const char *flow)
{
	size_t place = 5381;

	for (const char *at = tenant; *at; at++)
		place = place * 33 + (unsigned char)*at;
	for (const char *at = flow; *at; at++)
		place = place * 33 + (unsigned char)*at;
	struct tally_row **bucket = &w->tally[place % TALLY_BUCKETS];
	for (struct tally_row *one = *bucket; one; one = one->next)
		if (!strcmp(one->flow, flow) && !strcmp(one->tenant, tenant))
			return one;
	struct tally_row *one = xcalloc(1, sizeof *one);
	one->tenant = xstrdup(tenant);
	one->flow = xstrdup(flow);
	one->next = *bucket;
	*bucket = one;
	return one;
}

static void tally_add(struct writer *w, const struct txn *t)
{
	for (const struct tally_change *c = t->tally; c; c = c->next) {
		struct tally_row *row = tally_find(w, c->tenant, c->flow);

		row->by[c->state] += c->by;
		if (!row->dirty) {
			row->dirty = true;
			row->next_dirty = w->dirty;
			w->dirty = row;
		}
	}
}

static void tally_flush_row(struct writer *w, struct tally_row *row)
{
	for (int state = 1; state <= DELIVERY_REVIEW; state++) {
		if (row->by[state])
			db_run(w->db,
				"INSERT INTO tally(tenant, flow, state, count)"
				" VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + ?4",
				txt(row->tenant), txt(row->flow), num(state), num(row->by[state]));
		row->by[state] = 0;
	}
	row->dirty = false;
}

static void tally_flush(struct writer *w)
{
	for (struct tally_row *row = w->dirty; row; row = row->next_dirty)
		tally_flush_row(w, row);
	w->dirty = NULL;
}

static void tally_forget(struct writer *w)
{
	w->dirty = NULL;
	for (size_t i = 0; i < TALLY_BUCKETS; i++)
		while (w->tally[i]) {
			struct tally_row *next = w->tally[i]->next;

			free(w->tally[i]->tenant);
			free(w->tally[i]->flow);
			free(w->tally[i]);
			w->tally[i] = next;
		}
}

/* ---- one transaction, one group -------------------------------------------------------------- */

static void reset(struct txn *t)
{
	t->error.code = 0;
	arena_reset(&t->results);
	t->accepted_at = t->ensured_at = t->touched_count = 0;
	t->payloads = NULL;
	t->tally = NULL;
	t->circles = NULL;
	t->follow = NULL;
	t->chained = false;
}

/* Is it this transaction's own fault, and the others may go on?  A savepoint does not undo what the heads of
 * chains have counted: then the group is undone, and each is tried by itself. */
static bool is_its_own(struct db *db, const struct txn *t)
{
	int code = db_code(db);

	return db_in_transaction(db) && !t->chained && (code == 0 || code == ERR_CONFLICT || code == ERR_LIMIT);
}

/* False: the whole group is lost. */
static bool apply_one(struct writer *w, struct txn *t)
{
	if (db_do(w->db, "SAVEPOINT one") == 0 && txn_apply(w, t) &&
		db_do(w->db, "RELEASE one") == 0) {
		tally_add(w, t);
		return true;
	}
	db_fail(w->db, &t->error);
	if (!is_its_own(w->db, t))
		return false;
	db_forgive(w->db);
	return db_do(w->db, "ROLLBACK TO one") == 0 && db_do(w->db, "RELEASE one") == 0;
}

/* Ids are handed out without asking the disk; what is on disk is ahead of them all. */
static void reserve_ids(struct writer *w, int64_t *reserved)
{
	int64_t next = atomic_load(&w->store->next_id);

	*reserved = w->ids_reserved;
	if (next + IDS_RESERVED / 2 < w->ids_reserved)
		return;
	*reserved = next + IDS_RESERVED;
	db_run(w->db, "UPDATE meta SET value = ?1 WHERE name = 'ids'", num(*reserved));
}

static bool commit(struct writer *w)
{
	int64_t reserved;

	tally_flush(w);
	chains_flush(w->chains, w->db);
	reserve_ids(w, &reserved);
	if (db_do(w->db, "COMMIT") < 0)
		return false;
	w->ids_reserved = reserved;
	return true;
}

static void undo(struct writer *w)
{
	db_rollback(w->db);
	db_forgive(w->db);
	chains_forget(w->chains);
	tally_forget(w);
}

static void alone(struct writer *w, struct txn *t)
{
	reset(t);
	if (db_do(w->db, "BEGIN IMMEDIATE") == 0 && apply_one(w, t) && commit(w))
		return;
	db_fail(w->db, &t->error);
	if (!t->error.code)
		err_set(&t->error, ERR_SYSTEM, "the transaction was undone");
	undo(w);
}

static void tell_health(struct writer *w, const struct err *failure, uint64_t rows, uint64_t audits)
{
	atomic_store(&w->frames, db_wal_frames(w->db));
	atomic_fetch_add(&w->audit_rows, audits);
	pthread_mutex_lock(&w->mutex);
	bool before = w->health.writable;
	w->health.writable = failure == NULL;
	if (failure) {
		snprintf(w->health.why, sizeof w->health.why, "%.250s", failure->text);
	} else {
		w->health.why[0] = 0;
		w->health.commits++;
		w->health.rows += rows;
		w->health.last_commit_ms = loop_clock_ms();
	}
	pthread_mutex_unlock(&w->mutex);
	if (before && failure)
		log_line(LOG_ERROR, "store", "nothing can be written: %s", failure->text);
	else if (!before && !failure)
		log_line(LOG_INFO, "store", "writing goes on");
}

static bool is_the_machine(const struct err *e)
{
	return e->code == ERR_SYSTEM || e->code == ERR_DAMAGED || e->code == ERR_LOCKED;
}

static void count_and_tell(struct writer *w, const struct txn *group)
{
	const struct err *failure = NULL;
	uint64_t rows = 0, audits = 0;
	bool one_stands = false;

	for (const struct txn *t = group; t; t = t->next) {
		if (is_the_machine(&t->error))
			failure = &t->error;
		if (t->error.code)
			continue;
		one_stands = true;
		for (const struct op *op = t->first; op; op = op->next, rows++)
			audits += op->kind == OP_AUDIT;
	}
	tell_health(w, one_stands ? NULL : failure, rows, audits);
}

static void send_home(struct writer *w, struct txn *group)
{
	struct mail *first = NULL, **last = &first;
	bool lanes = false;

	for (struct txn *t = group, *next; t; t = next) {
		next = t->next;
		if (t->inner) {
			pthread_mutex_lock(&w->mutex);
			t->over = true;
			pthread_mutex_unlock(&w->mutex);
			lanes = true;
			continue;
		}
		t->mail.next = NULL;
		*last = &t->mail;
		last = &t->mail.next;
	}
	if (lanes)
		pthread_cond_broadcast(&w->done);
	if (first)
		store_mail(w->store, first);
}

static void run_group(struct writer *w, struct txn *group)
{
	int64_t began = loop_clock_ms();
	struct txn *t = group, **last = &group;
	size_t count = 0;
	bool stands = db_do(w->db, "BEGIN IMMEDIATE") == 0;

	while (t) {
		*last = t;
		last = &t->next;
		count++;
		stands = stands && apply_one(w, t);
		t = stands && count < GROUP_MAX && loop_clock_ms() - began < GROUP_MS ? take(w)
										      : NULL;
	}
	bool die = die_is_near(&w->die, group);
	if (die && !w->die.after)
		die_now();
	if (!stands || !commit(w)) {
		undo(w);
		for (t = group; t; t = t->next)
			alone(w, t);
	}
	if (die)
		die_now();
	count_and_tell(w, group);
	send_home(w, group);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* The keeper has moved most of the log; with the rest moved too, the next commit begins it anew. */
static void finish_log(struct writer *w)
{
	uint32_t left;

	db_checkpoint(w->db, &left);
	db_forgive(w->db);
}

static void keep_house(struct writer *w)
{
	uint32_t frames = db_wal_frames(w->db);

	pthread_mutex_lock(&w->mutex);
	bool moved = w->log_moved;
	w->log_moved = false;
	pthread_mutex_unlock(&w->mutex);
	if (moved || frames > LOG_FRAMES_MAX)
		finish_log(w);
	if (frames > LOG_FRAMES || writer_audit_presses(w))
		upkeep_begin(w->store);
}

static struct txn *wait_for_work(struct writer *w)
{
	pthread_mutex_lock(&w->mutex);
	while (!w->first && !w->stop && !w->log_moved)
		pthread_cond_wait(&w->more, &w->mutex);
	pthread_mutex_unlock(&w->mutex);
	return take(w);
}

static void *run(void *arg)
{
	struct writer *w = arg;

	for (;;) {
		struct txn *t = wait_for_work(w);

		if (t)
			run_group(w, t);
		keep_house(w);
		pthread_mutex_lock(&w->mutex);
		bool end = w->stop && !w->first;
		pthread_mutex_unlock(&w->mutex);
		if (end)
			return NULL;
	}
}

struct writer *writer_start(struct store *s, struct db *db, struct err *e)
{
	struct writer *w = xcalloc(1, sizeof *w);

	w->store = s;
	w->db = db;
	w->chains = chains_create();
	buf_init(&w->sql, SQL_MAX);
	w->last = &w->first;
	w->health.writable = true;
	die_read(&w->die);
	w->ids_reserved = db_number(db, 0,
		"UPDATE meta SET value = value + ?1 WHERE name = 'ids' RETURNING value",
		num(IDS_RESERVED));
	atomic_store(&s->next_id, w->ids_reserved - IDS_RESERVED);
	atomic_store(&w->audit_rows,
		(uint64_t)db_number(db, 0, "SELECT count(*) FROM audit WHERE number > ?1", num(0)));
	if (db_fail(db, e) < 0) {
		chains_destroy(w->chains);
		free(w);
		return NULL;
	}
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->more, NULL);
	pthread_cond_init(&w->done, NULL);
	must(pthread_create(&w->thread, NULL, run, w) == 0);
	return w;
}

void writer_stop(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	must(!w->first);
	chains_destroy(w->chains);
	tally_forget(w);
	buf_finish(&w->sql);
	pthread_cond_destroy(&w->more);
	pthread_cond_destroy(&w->done);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}
