/* db.c - the one door to SQLite: connections, statements prepared once, rows read in order. */
#include "db.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT_MAX   256 /* power of two; there are about a hundred statements in the source */
#define MADE_MAX   64  /* statements put together: power of two */
#define MADE_TRIES 4
#define COPY_PAGES 2000

struct rows {
	struct db *db;
	sqlite3_stmt *stmt;
	const char *sql; /* what it was prepared from: a literal, or text */
	char *text;      /* of a made one */
	bool open;
};

struct db {
	sqlite3 *sqlite;
	char *path;
	struct err error;
	uint32_t wal_frames;
	struct rows *kept[KEPT_MAX];
	struct rows made[MADE_MAX]; /* by their text; a newer one takes an older one's place */
	struct rows none;           /* what a failed query answers with */
};

/* ---- errors ---------------------------------------------------------------------------------- */

static int code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_LOCKED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_DAMAGED;
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	default:
		return ERR_SYSTEM;
	}
}

static const char *way_out(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return "no space left; make room on the disk and it goes on by itself";
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return "it cannot be written; look at the owner and mode of the file, its folder and "
		       "its disk";
	case SQLITE_CANTOPEN:
		return "it cannot be opened; look at the owner and mode of the file and its folder";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "another program has it locked; end that one";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return "it is damaged, or no store at all; keep a copy of it, move it away and "
		       "mlc restore the last backup";
	default:
		return NULL;
	}
}

static int failed(struct db *db, int rc)
{
	int system = errno; /* of the call that has just failed: SQLite does not always keep it */
	const char *what = sqlite3_errmsg(db->sqlite), *out = way_out(rc);

	if (out)
		return err_set(&db->error, code_of(rc), "%s: %s", db->path, out);
	if ((rc & 0xff) == SQLITE_IOERR && system)
		what = strerror(system);
	return err_set(&db->error, code_of(rc), "%s: %s", db->path, what);
}

int db_code(const struct db *db)
{
	return db->error.code;
}

const struct err *db_error(const struct db *db)
{
	return &db->error;
}

void db_forgive(struct db *db)
{
	db->error.code = 0;
}

int db_fail(struct db *db, struct err *e)
{
	return db->error.code ? err_set(e, db->error.code, "%s", db->error.text) : 0;
}

/* ---- open, close ----------------------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void configure(void)
{
	/* What a savepoint would undo stays in memory: no temporary files beside the commits. */
	sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
	sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
	/* Counting memory would take one lock at every allocation of every thread. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_initialize();
}

static int on_commit(void *arg, sqlite3 *sqlite, const char *name, int frames)
{
	struct db *db = arg;

	(void)sqlite;
	(void)name;
	db->wal_frames = (uint32_t)frames;
	return SQLITE_OK;
}

/* SQLite would make it readable for others. */
static int make_private(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
	close(fd);
	return 0;
}

struct db *db_open(const char *path, enum db_use use, unsigned busy_ms, struct err *e)
{
	static const int flags[] = {
		[DB_READ] = SQLITE_OPEN_READONLY,
		[DB_WRITE] = SQLITE_OPEN_READWRITE,
		[DB_MAKE] = SQLITE_OPEN_READWRITE,
	};
	struct db *db;

	pthread_once(&once, configure);
	if (use == DB_MAKE && make_private(path, e) < 0)
		return NULL;
	if (access(path, F_OK) < 0) {
		err_set(e, errno == ENOENT ? ERR_ABSENT : ERR_SYSTEM, "%s: %s", path,
			strerror(errno));
		return NULL;
	}
	db = xcalloc(1, sizeof *db);
	db->path = xstrdup(path);
	int rc = sqlite3_open_v2(path, &db->sqlite,
		flags[use] | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK) {
		if (db->sqlite)
			failed(db, rc);
		else
			err_set(&db->error, ERR_SYSTEM, "%s: out of memory", path);
		db_fail(db, e);
		db_close(db);
		return NULL;
	}
	sqlite3_busy_timeout(db->sqlite, (int)busy_ms);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return db;
}

static void unmake(struct rows *r)
{
	sqlite3_finalize(r->stmt);
	free(r->text);
	r->stmt = NULL;
	r->sql = r->text = NULL;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < KEPT_MAX; i++) {
		if (!db->kept[i])
			continue;
		sqlite3_finalize(db->kept[i]->stmt);
		free(db->kept[i]);
	}
	for (size_t i = 0; i < MADE_MAX; i++)
		unmake(&db->made[i]);
	must(sqlite3_close(db->sqlite) == SQLITE_OK);
	free(db->path);
	free(db);
}

/* ---- statements ------------------------------------------------------------------------------ */

struct value num(int64_t number)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = number };
}

struct value some(int64_t number)
{
	return number ? num(number) : (struct value){ .kind = VALUE_NULL };
}

struct value txt(const char *text)
{
	if (!text)
		return (struct value){ .kind = VALUE_NULL };
	return (struct value){ .kind = VALUE_TEXT, .bytes = text, .len = strlen(text) };
}

struct value bin(const void *bytes, size_t len)
{
	if (!bytes)
		return (struct value){ .kind = VALUE_NULL };
	return (struct value){ .kind = VALUE_BYTES, .bytes = bytes, .len = len };
}

static struct rows *kept_place(struct db *db, const char *sql)
{
	size_t place = (uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15) >> 40;

	for (size_t tries = 0; tries < KEPT_MAX; tries++, place++) {
		struct rows **r = &db->kept[place % KEPT_MAX];

		if (!*r) {
			*r = xcalloc(1, sizeof **r);
			(*r)->db = db;
			(*r)->sql = sql;
			return *r;
		}
		if ((*r)->sql == sql)
			return *r;
	}
	must(!"more statements than KEPT_MAX");
	return NULL;
}

static bool bind_all(struct rows *r, const struct value *values, size_t count)
{
	int rc = SQLITE_OK;

	must(sqlite3_bind_parameter_count(r->stmt) == (int)count);
	for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
		const struct value *v = &values[i];
		int place = (int)i + 1;

		switch (v->kind) {
		case VALUE_NULL:
			rc = sqlite3_bind_null(r->stmt, place);
			break;
		case VALUE_NUMBER:
			rc = sqlite3_bind_int64(r->stmt, place, v->number);
			break;
		case VALUE_TEXT:
			rc = sqlite3_bind_text64(r->stmt, place, v->bytes, v->len, SQLITE_STATIC,
				SQLITE_UTF8);
			break;
		case VALUE_BYTES:
			rc = sqlite3_bind_blob64(r->stmt, place, v->bytes, v->len, SQLITE_STATIC);
			break;
		}
	}
	if (rc != SQLITE_OK)
		failed(r->db, rc);
	return rc == SQLITE_OK;
}

void rows_end(struct rows *r)
{
	if (!r->open)
		return;
	r->open = false;
	sqlite3_reset(r->stmt);
}

static struct rows *begin(struct rows *r, const struct value *values, size_t count)
{
	must(!r->open);
	r->open = true;
	if (bind_all(r, values, count))
		return r;
	rows_end(r);
	return &r->db->none;
}

struct rows *db_rows_values(struct db *db, const char *sql, const struct value *values,
	size_t count)
{
	if (db->error.code)
		return &db->none;
	struct rows *r = kept_place(db, sql);
	if (!r->stmt) {
		int rc = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT,
			&r->stmt, NULL);

		if (rc != SQLITE_OK) {
			failed(db, rc);
			return &db->none;
		}
	}
	return begin(r, values, count);
}

/* The place of that text, or the one to give up for it. */
static struct rows *made_place(struct db *db, const char *sql)
{
	struct rows *free_one = NULL;
	size_t place = 5381;

	for (const char *at = sql; *at; at++)
		place = place * 33 + (unsigned char)*at;
	for (size_t i = 0; i < MADE_TRIES; i++) {
		struct rows *r = &db->made[(place + i) % MADE_MAX];

		if (r->sql && !strcmp(r->sql, sql))
			return r;
		if (!r->open && (!free_one || (free_one->sql && !r->sql)))
			free_one = r;
	}
	must(free_one != NULL);
	return free_one;
}

struct rows *db_rows_made(struct db *db, const char *sql, const struct value *values, size_t count)
{
	if (db->error.code)
		return &db->none;
	struct rows *r = made_place(db, sql);
	if (r->sql && !strcmp(r->sql, sql))
		return begin(r, values, count);
	unmake(r);
	r->db = db;
	r->sql = r->text = xstrdup(sql);
	int rc = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &r->stmt, NULL);
	if (rc != SQLITE_OK) {
		failed(db, rc);
		unmake(r);
		return &db->none;
	}
	return begin(r, values, count);
}

bool rows_next(struct rows *r)
{
	if (!r->open)
		return false;
	int rc = sqlite3_step(r->stmt);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		failed(r->db, rc);
	rows_end(r);
	return false;
}

int64_t row_num(struct rows *r, int column)
{
	return sqlite3_column_int64(r->stmt, column);
}

const char *row_txt(struct rows *r, int column)
{
	return (const char *)sqlite3_column_text(r->stmt, column);
}

const void *row_bin(struct rows *r, int column, size_t *len)
{
	const void *bytes = sqlite3_column_blob(r->stmt, column);
	bool null = sqlite3_column_type(r->stmt, column) == SQLITE_NULL;

	*len = (size_t)sqlite3_column_bytes(r->stmt, column);
	return bytes || null ? bytes : "";
}

int row_columns(struct rows *r)
{
	return sqlite3_column_count(r->stmt);
}

const char *row_name(struct rows *r, int column)
{
	return sqlite3_column_name(r->stmt, column);
}

enum row_kind row_kind(struct rows *r, int column)
{
	switch (sqlite3_column_type(r->stmt, column)) {
	case SQLITE_NULL:
		return ROW_NULL;
	case SQLITE_INTEGER:
		return ROW_NUMBER;
	case SQLITE_TEXT:
		return ROW_TEXT;
	default:
		return ROW_BYTES;
	}
}

int db_run_values(struct db *db, const char *sql, const struct value *values, size_t count)
{
	struct rows *r = db_rows_values(db, sql, values, count);

	while (rows_next(r))
		;
	return db->error.code;
}

int db_do(struct db *db, const char *sql)
{
	return db_run_values(db, sql, NULL, 0);
}

int64_t rows_number(struct rows *r, int64_t fallback)
{
	int64_t number = fallback;

	if (rows_next(r)) {
		if (sqlite3_column_type(r->stmt, 0) != SQLITE_NULL)
			number = row_num(r, 0);
		rows_end(r);
	}
	return number;
}

int db_exec(struct db *db, const char *sql)
{
	if (db->error.code)
		return db->error.code;
	int rc = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : failed(db, rc);
}

int64_t db_changed(struct db *db)
{
	return sqlite3_changes64(db->sqlite);
}

bool db_in_transaction(struct db *db)
{
	return !sqlite3_get_autocommit(db->sqlite);
}

void db_rollback(struct db *db)
{
	if (db_in_transaction(db))
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
}

void db_each_statement(struct db *db, void (*fn)(void *arg, const char *sql), void *arg)
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (db->kept[i] && db->kept[i]->stmt)
			fn(arg, db->kept[i]->sql);
	for (size_t i = 0; i < MADE_MAX; i++)
		if (db->made[i].stmt)
			fn(arg, db->made[i].sql);
}

/* ---- the log, copies ------------------------------------------------------------------------- */

uint32_t db_wal_frames(const struct db *db)
{
	return db->wal_frames;
}

/* The hook takes the place of SQLite's own, which would move the log within a commit. */
void db_own_log(struct db *db)
{
	sqlite3_wal_hook(db->sqlite, on_commit, db);
}

int db_checkpoint(struct db *db, uint32_t *left)
{
	int in_log = 0, moved = 0;

	*left = 0;
	int rc = sqlite3_wal_checkpoint_v2(db->sqlite, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log,
		&moved);
	/* Another one is at it: as good as done. */
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
		return failed(db, rc);
	if (in_log > moved)
		*left = (uint32_t)(in_log - moved);
	return 0;
}

int db_checkpoint_whole(struct db *db)
{
	int rc = sqlite3_wal_checkpoint_v2(db->sqlite, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
		NULL);

	return rc == SQLITE_OK ? 0 : failed(db, rc);
}

int db_copy(struct db *source, struct db *target, bool (*go_on)(void *), void *arg)
{
	/* A read transaction of our own: else every commit meanwhile makes the copy begin again. */
	if (db_exec(source, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1") < 0)
		return source->error.code;
	sqlite3_backup *b = sqlite3_backup_init(target->sqlite, "main", source->sqlite, "main");
	if (!b) {
		db_exec(source, "COMMIT");
		return failed(target, sqlite3_errcode(target->sqlite));
	}
	int rc = SQLITE_OK;
	while (rc == SQLITE_OK && go_on(arg))
		rc = sqlite3_backup_step(b, COPY_PAGES);
	sqlite3_backup_finish(b);
	db_exec(source, "COMMIT");
	if (rc == SQLITE_OK)
		return err_set(&target->error, ERR_LIMIT, "%s: the copy was ended early",
			target->path);
	return rc == SQLITE_DONE ? 0 : failed(target, rc);
}
