/* keep.c - keeping house: audit rows and the log on their way, backup, restore, tidy, erase. */
#include "inner.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UPKEEP_MS    1000
#define SLICE_PAGES  500 /* that are erased at once */
#define QUIET_MS     200 /* since the last commit: then audit rows are moved, which can wait */
#define AUDIT_SLICES 8   /* then the log has its turn */
#define LOG_ROUNDS   3   /* each moves what was written while the one before worked */
#define LOG_REST     200 /* frames: what the writer may move itself between two commits */

/* ---- upkeep ---------------------------------------------------------------------------------- */

static void probe(struct writer *w, struct txn *t, void *arg)
{
	(void)arg;
	db_run(writer_db(w),
		"INSERT INTO meta(name, value) VALUES('probe_ms', ?1)"
		" ON CONFLICT DO UPDATE SET value = ?1",
		num(t->now_ms));
}

/* Room may be there again, with nobody asking for it. */
static void try_to_write(struct store *s)
{
	struct store_health h;

	writer_health(s->writer, &h);
	if (!h.writable)
		writer_do(s, probe, NULL, NULL);
}

void upkeep_begin(struct store *s)
{
	if (atomic_exchange(&s->upkeep_due, true))
		return;
	lane_push(&s->keeper, &s->upkeep_job);
}

static bool is_busy(struct store *s)
{
	struct store_health h;

	writer_health(s->writer, &h);
	return loop_clock_ms() - h.last_commit_ms < QUIET_MS;
}

static void move_audit(struct lane *l, struct err *e)
{
	struct store *s = l->store;

	if (is_busy(s) && !writer_audit_presses(s->writer))
		return;
	/* A chore that reads the whole trail has it: later, then. */
	if (writer_audit_waiting(s->writer) == 0 || pthread_mutex_trylock(&s->audit_mutex) != 0)
		return;
	bool more = true;
	for (int i = 0; more && i < AUDIT_SLICES && !atomic_load(&s->closing); i++)
		more = audit_move_slice(l, s->audit, e);
	pthread_mutex_unlock(&s->audit_mutex);
	if (more && !e->code)
		upkeep_begin(s);
}

/* Beside the writer, on a connection of our own: commits do not wait for it. */
static void move_log(struct store *s, struct err *e)
{
	uint32_t left = writer_log_frames(s->writer);

	if (left == 0)
		return;
	for (int i = 0; i < LOG_ROUNDS && left > LOG_REST && db_checkpoint(s->log, &left) == 0; i++)
		;
	if (db_fail(s->log, e) == 0)
		writer_log_moved(s->writer);
	db_forgive(s->log);
}

void upkeep_run(struct lane *l, struct job *job)
{
	struct store *s = l->store;
	struct err e = { 0 };

	(void)job;
	atomic_store(&s->upkeep_due, false);
	try_to_write(s);
	move_log(s, &e);
	move_audit(l, &e);
	if (e.code && !s->upkeep_failed)
		log_line(LOG_WARN, "store", "upkeep: %s", e.text);
	s->upkeep_failed = e.code != 0;
}

static void on_upkeep(void *arg)
{
	struct store *s = arg;
	struct store_health h;

	upkeep_begin(s);
	writer_health(s->writer, &h);
	if (!h.writable || writer_audit_waiting(s->writer) > 0)
		upkeep_later(s);
}

void upkeep_later(struct store *s)
{
	if (!s->upkeep.at_ms)
		timer_set(s->loop, &s->upkeep, loop_now_ms(s->loop) + UPKEEP_MS, on_upkeep, s);
}

/* ---- chores ---------------------------------------------------------------------------------- */

struct chore {
	struct job job;
	void (*run)(struct lane *, struct chore *);
	json_t *report;
	store_fn *fn;
	void *arg;
	char *path;                                       /* backup */
	int64_t payloads_before_ms, deliveries_before_ms; /* tidy */
	char *tenant, *connection, *entity, *rid, *who;   /* erase */
};

static void chore_home(struct mail *mail)
{
	struct chore *c = (struct chore *)mail;

	if (c->fn)
		c->fn(c->arg, c->job.error.code ? NULL : c->report,
			c->job.error.code ? &c->job.error : NULL);
	json_decref(c->report);
	free(c->path);
	free(c->tenant);
	free(c->connection);
	free(c->entity);
	free(c->rid);
	free(c->who);
	free(c);
}

static void chore_run(struct lane *l, struct job *job)
{
	struct chore *c = (struct chore *)job;

	if (!lane_open(l, &job->error))
		return;
	c->run(l, c);
	db_fail(l->main, &job->error);
	db_fail(l->audit, &job->error);
	db_forgive(l->main);
	db_forgive(l->audit);
}

static struct chore *chore_begin(void (*run)(struct lane *, struct chore *), store_fn *fn,
	void *arg)
{
	struct chore *c = xcalloc(1, sizeof *c);

	c->job.run = chore_run;
	c->job.mail.deliver = chore_home;
	c->run = run;
	c->fn = fn;
	c->arg = arg;
	return c;
}

static void verify_run(struct lane *l, struct chore *c)
{
	c->report = audit_verify(l, &c->job.error);
}

void store_audit_verify(struct store *s, store_fn *fn, void *arg)
{
	lane_push(&s->chores, &chore_begin(verify_run, fn, arg)->job);
}

/* ---- backup and restore ---------------------------------------------------------------------- */

static bool not_closing(void *arg)
{
	const struct store *s = arg;

	return !atomic_load(&s->closing);
}

/* One file and no log beside it. */
static void make_single(struct db *db)
{
	db_exec(db, "PRAGMA journal_mode = DELETE");
}

static int sync_and_name(const char *part, const char *path, struct err *e)
{
	int fd = open(part, O_RDONLY | O_CLOEXEC);
	int code = fd < 0 || fsync(fd) < 0 || rename(part, path) < 0
		? err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno))
		: 0;

	if (fd >= 0)
		close(fd);
	if (code < 0)
		return code;
	char *slash = strrchr(path, '/'),
	     *dir = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		code = err_set(e, ERR_SYSTEM, "%s: %s", dir, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(dir);
	return code;
}

/* All audit rows in the copy of mlc.db, as if none had been moved yet: so one file holds both. */
static void backup_into(struct lane *l, struct chore *c, struct db *to)
{
	struct store *s = l->store;

	pthread_mutex_lock(&s->audit_mutex);
	if (db_copy(l->main, to, not_closing, s) == 0) {
		make_single(to);
		db_exec(to, "BEGIN IMMEDIATE");
		int64_t rows = audit_copy_all(l, to, &c->job.error);
		db_exec(to, "COMMIT");
		c->report = json_pack("{s:s,s:I}", "path", c->path, "audit_rows", (json_int_t)rows);
	}
	pthread_mutex_unlock(&s->audit_mutex);
	db_fail(to, &c->job.error);
}

static void backup_run(struct lane *l, struct chore *c)
{
	char *part = xformat("%s.part", c->path);
	struct db *to;

	if (file_exists(c->path)) {
		err_set(&c->job.error, ERR_REFUSED,
			"%s: is there already, and a backup never writes over a file", c->path);
		free(part);
		return;
	}
	unlink(part);
	to = db_open(part, DB_MAKE, 0, &c->job.error);
	if (to)
		backup_into(l, c, to);
	db_close(to);
	if (!c->job.error.code && !db_code(l->main) && !db_code(l->audit))
		sync_and_name(part, c->path, &c->job.error);
	unlink(part);
	free(part);
}

void store_backup(struct store *s, const char *path, store_fn *fn, void *arg)
{
	struct chore *c = chore_begin(backup_run, fn, arg);

	c->path = xstrdup(path);
	lane_push(&s->chores, &c->job);
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

/* Ids beyond all that were given out since the backup was made: what went to the remotes under one
 * of those must not look like what goes now. */
#define IDS_SKIPPED (INT64_C(1) << 40)

static int mark_restored(struct db *db, struct err *e)
{
	int64_t now = loop_clock_ms();
	char at[WHEN_SIZE];

	when_text(now, at);
	db_exec(db, "BEGIN IMMEDIATE");
	db_run(db, "UPDATE meta SET value = value + ?1 WHERE name = 'ids'", num(IDS_SKIPPED));
	db_run(db,
		"INSERT OR REPLACE INTO note(tenant, scope, kind, name, value, at_ms)"
		" VALUES('', '', 'restored', '', ?1, ?2)",
		txt(at), num(now));
	/* What was on its way then has long come to an end: a set asked again would run again. */
	db_exec(db,
		"DELETE FROM visit_set; UPDATE write SET state = 3 WHERE state IN (1, 2);"
		" UPDATE delivery SET state = 1, due_ms = 0 WHERE state = 3;"
		" DELETE FROM tally; INSERT INTO tally(tenant, flow, state, count)"
		" SELECT tenant, flow, state, count(*) FROM delivery GROUP BY tenant, flow, state;"
		/* Look-ups wait until the mirror has caught up. */
		" DELETE FROM note WHERE kind = 'whole';");
	db_exec(db, "COMMIT");
	make_single(db);
	return db_fail(db, e);
}

static int is_whole(struct db *db, const char *path, struct err *e)
{
	struct rows *r = db_rows_values(db, "PRAGMA quick_check(1)", NULL, 0);
	bool whole = rows_next(r) && !strcmp(row_txt(r, 0), "ok");

	rows_end(r);
	if (whole)
		return 0;
	return db_code(db) ? db_fail(db, e)
			   : err_set(e, ERR_DAMAGED, "%s: is damaged; take another backup", path);
}

static int restore_into(const char *part, const char *backup, const char *key_file, struct err *e)
{
	struct master_key *key = master_key_load(key_file, e);
	struct db *from = key ? main_open(backup, DB_READ, e) : NULL, *to = NULL;
	int code = ERR_REFUSED;

	if (from && main_check(from, backup, key, e) == 0 && is_whole(from, backup, e) == 0)
		to = db_open(part, DB_MAKE, 0, e);
	if (to && (db_copy(from, to, always, NULL), db_fail(to, e) == 0 && db_fail(from, e) == 0))
		code = mark_restored(to, e);
	else if (e)
		code = e->code;
	db_close(from);
	db_close(to);
	if (key)
		master_key_destroy(key);
	return code;
}

/* A log that was left behind counts, too: SQLite would write its pages over the store beside it. */
static int is_free(const char *dir, struct err *e)
{
	static const char *const files[] = { "mlc.db", "mlc.db-wal", "audit.db", "audit.db-wal" };
	int code = 0;

	for (size_t i = 0; code == 0 && i < sizeof files / sizeof *files; i++) {
		char *path = xformat("%s/%s", dir, files[i]);

		if (file_exists(path))
			code = err_set(e, ERR_REFUSED,
				"%s: there is a store, or the log of one; move its mlc.db* and audit.db* "
				"away first, all of them together", path);
		free(path);
	}
	return code;
}

int store_restore(const char *dir, const char *backup, const char *key_file, struct err *e)
{
	char *path = xformat("%s/mlc.db", dir), *part = xformat("%s/mlc.db.part", dir);
	int code = dir_make(dir, e);

	if (code == 0)
		code = is_free(dir, e);
	if (code == 0) {
		unlink(part);
		code = restore_into(part, backup, key_file, e);
	}
	if (code == 0)
		code = sync_and_name(part, path, e);
	unlink(part);
	free(path);
	free(part);
	return code;
}

/* ---- tidy ------------------------------------------------------------------------------------ */

#define TIDY_ROWS    200
#define VACUUM_PAGES 500
#define FREE_PAGES   2000 /* that many may stay, to be written again */

struct slice {
	int64_t ids[TIDY_ROWS];
	size_t count;
	int64_t gone;
};

static void drop_deliveries(struct writer *w, struct txn *t, void *arg)
{
	struct slice *s = arg;
	struct db *db = writer_db(w);

	(void)t;
	s->gone = 0;
	for (size_t i = 0; i < s->count; i++) {
		db_run(db, "DELETE FROM delivery WHERE id = ?1 AND state IN (5, 6)",
			num(s->ids[i]));
		if (db_code(db) || !db_changed(db))
			continue;
		db_run(db, "DELETE FROM doc WHERE delivery = ?1", num(s->ids[i]));
		db_run(db, "DELETE FROM write WHERE delivery = ?1", num(s->ids[i]));
		s->gone++;
	}
}

static int64_t tidy_deliveries(struct lane *l, struct chore *c)
{
	struct slice s = { .count = TIDY_ROWS };
	int64_t last = 0, gone = 0;

	while (s.count == TIDY_ROWS && !c->job.error.code && !atomic_load(&l->store->closing)) {
		struct rows *r = db_rows(l->main,
			"SELECT id FROM delivery WHERE id > ?1 AND state IN (5, 6) AND moved_ms <"
			" ?2 ORDER BY id LIMIT ?3",
			num(last), num(c->deliveries_before_ms), num(TIDY_ROWS));

		for (s.count = 0; rows_next(r); s.count++)
			last = s.ids[s.count] = row_num(r, 0);
		if (s.count && writer_do(l->store, drop_deliveries, &s, &c->job.error) == 0)
			gone += s.gone;
	}
	return gone;
}

/* Not what an open delivery still has to map.  The record it was the last text of forgets it. */
static void drop_payload(struct db *db, struct slice *s, int64_t id)
{
	if (db_number(db, 0,
		    "SELECT 1 FROM payload p JOIN delivery d ON d.tenant = p.tenant AND"
		    " d.entity = p.entity AND d.rid = p.rid AND d.payload = p.id WHERE p.id ="
		    " ?1 AND d.open = 1",
		    num(id)))
		return;
	db_run(db,
		"UPDATE record SET payload = NULL FROM payload p WHERE p.id = ?1 AND"
		" record.tenant = p.tenant AND record.connection = p.connection AND"
		" record.entity = p.entity AND record.rid = p.rid AND record.payload ="
		" p.id",
		num(id));
	db_run(db, "DELETE FROM payload WHERE id = ?1", num(id));
	s->gone++;
}

static void drop_payloads(struct writer *w, struct txn *t, void *arg)
{
	struct slice *s = arg;

	(void)t;
	s->gone = 0;
	for (size_t i = 0; i < s->count; i++)
		drop_payload(writer_db(w), s, s->ids[i]);
}

/* Ids grow with time, so the first young one ends it. */
static int64_t tidy_payloads(struct lane *l, struct chore *c)
{
	struct slice s = { .count = TIDY_ROWS };
	int64_t last = 0, gone = 0;

	while (s.count == TIDY_ROWS && !c->job.error.code && !atomic_load(&l->store->closing)) {
		struct rows *r = db_rows(l->main,
			"SELECT id, made_ms FROM payload WHERE id > ?1 ORDER BY id LIMIT ?2",
			num(last), num(TIDY_ROWS));

		for (s.count = 0; rows_next(r) && row_num(r, 1) < c->payloads_before_ms; s.count++)
			last = s.ids[s.count] = row_num(r, 0);
		rows_end(r);
		if (s.count && writer_do(l->store, drop_payloads, &s, &c->job.error) == 0)
			gone += s.gone;
	}
	return gone;
}

static void vacuum_slice(struct writer *w, struct txn *t, void *arg)
{
	(void)t;
	(void)arg;
	db_exec(writer_db(w), "PRAGMA incremental_vacuum(500)");
}
_Static_assert(VACUUM_PAGES == 500, "as vacuum_slice() says");

static void give_back_space(struct lane *l, struct chore *c)
{
	while (!c->job.error.code && !atomic_load(&l->store->closing) &&
		rows_number(db_rows_values(l->main, "PRAGMA freelist_count", NULL, 0), 0) >
			FREE_PAGES + VACUUM_PAGES)
		writer_do(l->store, vacuum_slice, NULL, &c->job.error);
}

static void tidy_run(struct lane *l, struct chore *c)
{
	int64_t deliveries = tidy_deliveries(l, c), payloads = tidy_payloads(l, c);

	give_back_space(l, c);
	c->report = json_pack("{s:I,s:I}", "deliveries", (json_int_t)deliveries, "payloads",
		(json_int_t)payloads);
}

void store_tidy(struct store *s, int64_t payloads_before_ms, int64_t deliveries_before_ms,
	store_fn *fn, void *arg)
{
	struct chore *c = chore_begin(tidy_run, fn, arg);

	c->payloads_before_ms = payloads_before_ms;
	c->deliveries_before_ms = deliveries_before_ms;
	lane_push(&s->chores, &c->job);
}

/* ---- erase ----------------------------------------------------------------------------------- */

struct told {
	struct told *next;
	struct audit_told row; /* its connection is ours */
	bool theirs;           /* of the record that is erased */
};

struct erasure {
	const struct chore *chore;
	struct told *told; /* by the trail, in both files */
	int64_t payloads, deliveries;
};

static void on_told(void *arg, const struct audit_told *row)
{
	struct erasure *e = arg;
	struct told *one = xcalloc(1, sizeof *one);

	one->next = e->told;
	one->row = *row;
	one->row.connection = row->connection ? xstrdup(row->connection) : NULL;
	e->told = one;
}

static void erase_payload(struct db *db, struct erasure *e, int64_t id)
{
	db_run(db, "DELETE FROM payload WHERE id = ?1", num(id));
	e->payloads += !db_code(db) && db_changed(db);
}

static void erase_delivery(struct writer *w, struct txn *t, struct erasure *e, int64_t id,
	enum delivery_state state)
{
	struct db *db = writer_db(w);

	for (struct told *one = e->told; one; one = one->next)
		if (one->row.delivery == id) {
			one->theirs = true;
			erase_payload(db, e, one->row.payload);
		}
	if (state == DELIVERY_SENDING) {
		err_set(&t->error, ERR_CONFLICT,
			"delivery %lld of it is being written right now; try again when "
			"that is settled",
			(long long)id);
		return;
	}
	if (state != DELIVERY_DONE && state != DELIVERY_SKIPPED)
		delivery_move(w, t,
			&(struct delivery_move){ .id = id,
				.to = DELIVERY_SKIPPED,
				.cause = "erased" });
	db_run(db,
		"UPDATE delivery SET why = NULL, label = NULL, choice = NULL,"
		" choice_cause = NULL, fetch = 0 WHERE id = ?1",
		num(id));
	db_run(db, "DELETE FROM doc WHERE delivery = ?1", num(id));
	db_run(db, "UPDATE write SET data = NULL WHERE delivery = ?1", num(id));
	e->deliveries++;
}

static void erase_deliveries(struct writer *w, struct txn *t, struct erasure *e)
{
	const struct chore *c = e->chore;
	struct db *db = writer_db(w);
	struct erased {
		struct erased *next;
		int64_t id, payload;
		enum delivery_state state;
	} *list = NULL;
	struct rows *r = db_rows(db,
		"SELECT id, payload, state FROM delivery WHERE tenant = ?1 AND entity ="
		" ?2 AND rid = ?3 AND connection = ?4",
		txt(c->tenant), txt(c->entity), txt(c->rid), txt(c->connection));

	while (rows_next(r)) {
		struct erased *one = arena_alloc(&t->results, sizeof *one);

		must(one != NULL);
		*one = (struct erased){ list, row_num(r, 0), row_num(r, 1),
			(enum delivery_state)row_num(r, 2) };
		list = one;
	}
	for (; list && !t->error.code; list = list->next) {
		erase_payload(db, e, list->payload);
		erase_delivery(w, t, e, list->id, list->state);
	}
}

/* In the file that holds the row; of the other one no row has its number. */
static void forget_details(struct db *db, const struct erasure *e)
{
	for (const struct told *one = e->told; one; one = one->next)
		if (one->theirs)
			audit_forget(db, &one->row);
}

static void erase(struct writer *w, struct txn *t, void *arg)
{
	struct erasure *e = arg;
	const struct chore *c = e->chore;
	struct db *db = writer_db(w);

	e->payloads = e->deliveries = 0;
	audit_told(db, c->tenant, c->entity, c->rid, on_told, e);
	for (struct told *one = e->told; one; one = one->next)
		if (one->row.connection && !strcmp(one->row.connection, c->connection)) {
			one->theirs = true;
			erase_payload(db, e, one->row.payload);
		}
	erase_deliveries(w, t, e);
	forget_details(db, e);
	erase_payload(db, e,
		db_number(db, 0,
			"SELECT payload FROM record WHERE tenant = ?1 AND connection = ?2 AND"
			" entity = ?3 AND rid = ?4",
			txt(c->tenant), txt(c->connection), txt(c->entity), txt(c->rid)));
	db_run(db,
		"UPDATE record SET payload = NULL WHERE tenant = ?1 AND connection = ?2"
		" AND entity = ?3 AND rid = ?4",
		txt(c->tenant), txt(c->connection), txt(c->entity), txt(c->rid));
	db_run(db,
		"UPDATE link SET base = NULL, source_seen = NULL, target_seen = NULL WHERE tenant = ?1 AND source_connection = ?2"
		" AND source_id = ?3 AND source_entity = ?4",
		txt(c->tenant), txt(c->connection), txt(c->rid), txt(c->entity));
	db_run(db,
		"UPDATE link SET base = NULL, source_seen = NULL, target_seen = NULL WHERE tenant = ?1 AND target_connection = ?2"
		" AND target_id = ?3 AND target_entity = ?4",
		txt(c->tenant), txt(c->connection), txt(c->rid), txt(c->entity));
	db_run(db,
		"DELETE FROM called WHERE tenant = ?1 AND connection = ?2 AND entity = ?3 AND"
		" rid = ?4",
		txt(c->tenant), txt(c->connection), txt(c->entity), txt(c->rid));
	mirror_drop(w, c->tenant, c->connection, c->entity, c->rid);
	if (!t->error.code)
		audit_append(w, t,
			&(struct audit_row){ .tenant = c->tenant,
				.move = "erase",
				.who = c->who,
				.connection = c->connection,
				.entity = c->entity,
				.rid = c->rid });
}

/* What is erased must not stay readable in the log. */
static void empty_log(struct store *s)
{
	struct db *db = main_open(s->main_path, DB_WRITE, NULL);

	if ((db && db_checkpoint_whole(db) < 0) || db_checkpoint_whole(s->audit) < 0)
		log_line(LOG_WARN, "store", "erased, but still in the log until it begins anew: %s",
			db_error(db_code(s->audit) ? s->audit : db)->text);
	db_forgive(s->audit);
	db_close(db);
}

/* Last: were it first, a record that cannot be erased yet would have lost its details. */
static void forget_moved_details(struct store *s, const struct erasure *e, struct err *error)
{
	db_exec(s->audit, "BEGIN IMMEDIATE");
	forget_details(s->audit, e);
	db_exec(s->audit, "COMMIT");
	if (db_fail(s->audit, error) < 0) {
		db_rollback(s->audit);
		db_forgive(s->audit);
	}
}

struct pages { int64_t payloads[SLICE_PAGES]; size_t count; };

static void drop_pages(struct writer *w, struct txn *t, void *arg)
{
	const struct pages *p = arg;

	(void)t;
	for (size_t i = 0; i < p->count; i++)
		db_run(writer_db(w), "DELETE FROM payload WHERE id = ?1", num(p->payloads[i]));
}

/* Pages of a feed, and searches, tell of many records: whether ours is among them nobody can say, so all go. */
static void erase_pages(struct lane *l, struct db *trail, const struct chore *c, struct err *e)
{
	int64_t after = 0;
	struct pages p;

	do {
		struct rows *r = db_rows(trail,
			"SELECT number, payload FROM audit WHERE tenant = ?1 AND number > ?2 AND connection = ?3 AND"
			" move = 'exchange' AND rid IS NULL AND payload IS NOT NULL ORDER BY number LIMIT ?4",
			txt(c->tenant), num(after), txt(c->connection), num(SLICE_PAGES));

		for (p.count = 0; rows_next(r); after = row_num(r, 0))
			p.payloads[p.count++] = row_num(r, 1);
	} while (p.count > 0 && writer_do(l->store, drop_pages, &p, e) == 0 && p.count == SLICE_PAGES);
}

static void erase_run(struct lane *l, struct chore *c)
{
	struct erasure e = { .chore = c };

	pthread_mutex_lock(&l->store->audit_mutex);
	audit_told(l->audit, c->tenant, c->entity, c->rid, on_told, &e);
	if (!db_code(l->audit) && writer_do(l->store, erase, &e, &c->job.error) == 0)
		forget_moved_details(l->store, &e, &c->job.error);
	if (!c->job.error.code) {
		erase_pages(l, l->audit, c, &c->job.error);
		erase_pages(l, l->main, c, &c->job.error);
	}
	if (!c->job.error.code)
		empty_log(l->store);
	pthread_mutex_unlock(&l->store->audit_mutex);
	for (struct told *next; e.told; e.told = next) {
		next = e.told->next;
		free((char *)e.told->row.connection);
		free(e.told);
	}
	c->report = json_pack("{s:I,s:I}", "payloads", (json_int_t)e.payloads, "deliveries",
		(json_int_t)e.deliveries);
}

void store_erase(struct store *s, const char *tenant, const char *connection, const char *entity,
	const char *rid, const char *who, store_fn *fn, void *arg)
{
	struct chore *c = chore_begin(erase_run, fn, arg);

	c->tenant = xstrdup(tenant);
	c->connection = xstrdup(connection);
	c->entity = xstrdup(entity);
	c->rid = xstrdup(rid);
	c->who = xstrdup(who);
	lane_push(&s->chores, &c->job);
}
