/* db.h - the one door to SQLite: connections, statements prepared once, rows read in order.
 *
 * The first error sticks to the connection: what follows it does nothing and fails too, until
 * db_forgive().  So a sequence of statements is written straight down and asked once at its end.
 * A connection belongs to one thread at a time. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct rows;

enum db_use { DB_READ = 1, DB_WRITE, DB_MAKE /* made when absent, mode 0600 */ };

/* busy_ms: how long to wait for another program's lock.  NULL and *e: ERR_ABSENT, ERR_SYSTEM. */
struct db *db_open(const char *path, enum db_use, unsigned busy_ms, struct err *e);
void db_close(struct db *);

/* What a ?1, ?2, ... stands for.  Borrowed until the statement has run. */
struct value {
	enum { VALUE_NULL, VALUE_NUMBER, VALUE_TEXT, VALUE_BYTES } kind;
	int64_t number;
	const void *bytes;
	size_t len;
};
struct value num(int64_t);
struct value some(int64_t);                     /* 0: null */
struct value txt(const char *);                  /* NULL: null */
struct value bin(const void *bytes, size_t len); /* bytes NULL: null */

#define DB_VALUES(...) (const struct value[]){ __VA_ARGS__ }, \
	sizeof((const struct value[]){ __VA_ARGS__ }) / sizeof(struct value)

/* sql is a literal: its statement is prepared once and found again by the literal's address. */
#define db_run(db, sql, ...)  db_run_values(db, sql, DB_VALUES(__VA_ARGS__))
#define db_rows(db, sql, ...) db_rows_values(db, sql, DB_VALUES(__VA_ARGS__))
int db_do(struct db *, const char *sql); /* a literal without values */
int db_run_values(struct db *, const char *sql, const struct value *, size_t count);
/* One of a kind is under way at a time.  Never NULL; after an error it has no rows. */
struct rows *db_rows_values(struct db *, const char *sql, const struct value *, size_t count);
/* The same for sql that was put together: the last few are kept. */
struct rows *db_rows_made(struct db *, const char *sql, const struct value *, size_t count);
/* Any number of statements without values, not kept: schemas, pragmas, begin and commit. */
int db_exec(struct db *, const char *sql);

/* False: no more, or an error; the statement is over then. */
bool rows_next(struct rows *);
void rows_end(struct rows *); /* for those that stop early; harmless after the last */
int64_t row_num(struct rows *, int column);
const char *row_txt(struct rows *, int column); /* NULL: null; until the next row */
const void *row_bin(struct rows *, int column, size_t *len);

int row_columns(struct rows *);
const char *row_name(struct rows *, int column);
enum row_kind { ROW_NULL = 1, ROW_NUMBER, ROW_TEXT, ROW_BYTES } row_kind(struct rows *, int column);

/* The number in the only row and column; fallback when there is no row, or null. */
#define db_number(db, fallback, sql, ...) rows_number(db_rows(db, sql, __VA_ARGS__), fallback)
int64_t rows_number(struct rows *, int64_t fallback);

int64_t db_changed(struct db *); /* rows changed by the last db_run */
bool db_in_transaction(struct db *);
void db_rollback(struct db *); /* if there is a transaction; an error that sticks goes on to */
int db_code(const struct db *);           /* 0, or of the error that sticks */
const struct err *db_error(const struct db *);
void db_forgive(struct db *);
int db_fail(struct db *, struct err *e);  /* its error into e; returns the code */

/* From now on commits of this connection leave the write-ahead log alone: db_checkpoint() moves
 * it. */
void db_own_log(struct db *);
/* Frames in it after the last commit of this connection. */
uint32_t db_wal_frames(const struct db *);
/* Moves what is in the log into the file without waiting for anyone.  left: frames not moved. */
int db_checkpoint(struct db *, uint32_t *left);
/* The same, waits for readers, and gives the log's disk space back. */
int db_checkpoint_whole(struct db *);
/* What source holds at one instant into the empty file behind target, some pages at a time;
 * go_on() false ends it with ERR_LIMIT. */
int db_copy(struct db *source, struct db *target, bool (*go_on)(void *), void *arg);

/* Every statement kept so far: for the test of query plans. */
void db_each_statement(struct db *, void (*fn)(void *arg, const char *sql), void *arg);

#endif
