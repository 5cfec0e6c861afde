/* schema.c - the tables of mlc.db and audit.db, and what is checked before one is used. */
#include "inner.h"

#include "base/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION_ID 0x4d4c4331 /* "MLC1", in the file's header */
#define LOCK_WAIT_MS   2000

/* The numbers of delivery states that partial indices name. */
_Static_assert(DELIVERY_READY == 1 && DELIVERY_WAITS == 2 && DELIVERY_SENDING == 3 &&
		DELIVERY_WOULD == 4 && DELIVERY_DONE == 5 && DELIVERY_SKIPPED == 6 &&
		DELIVERY_HELD == 7 && DELIVERY_REVIEW == 8 && WRITE_DONE == 4,
	"states are part of the schema");

#define AUDIT_COLUMNS                                                                              \
	"number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, seq INTEGER NOT NULL,"                  \
	" at_ms INTEGER NOT NULL, move TEXT NOT NULL, who TEXT NOT NULL, connection TEXT,"         \
	" flow TEXT, entity TEXT, rid TEXT, delivery INTEGER NOT NULL, detail TEXT,"               \
	" payload INTEGER, payload_hash BLOB, hash BLOB NOT NULL"

static const char main_tables[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;"

	/* Texts, one copy each: records as they came, documents, requests and replies. */
	"CREATE TABLE payload(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, connection TEXT,"
	" entity TEXT, rid TEXT, made_ms INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"

	/* What each connection showed last. */
	"CREATE TABLE record(tenant TEXT NOT NULL, connection TEXT NOT NULL, entity TEXT NOT NULL,"
	" rid TEXT NOT NULL, version TEXT, changed_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL, deleted INTEGER NOT NULL, hash BLOB, payload INTEGER, number"
	" TEXT,"
	" PRIMARY KEY(tenant, connection, entity, rid)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX record_at ON record(tenant, connection, entity, at_ms);"
	"CREATE INDEX record_number ON record(tenant, number) WHERE number IS NOT NULL;"

	"CREATE TABLE delivery(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, flow TEXT NOT NULL,"
	" connection TEXT NOT NULL, entity TEXT NOT NULL, rid TEXT NOT NULL, version TEXT,"
	" changed_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, moved_ms INTEGER NOT NULL,"
	" due_ms INTEGER NOT NULL, state INTEGER NOT NULL, open INTEGER NOT NULL, rank INTEGER"
	" NOT NULL,"
	" attempts INTEGER NOT NULL, stamp INTEGER NOT NULL, deleted INTEGER NOT NULL,"
	" fetch INTEGER NOT NULL, payload INTEGER, origin TEXT, cause TEXT, why TEXT, label TEXT,"
	" identity TEXT, amount TEXT, currency TEXT, choice TEXT, choice_cause TEXT,"
	" mapping_hash TEXT, target_connection TEXT, target_entity TEXT, target_id TEXT) STRICT;"
	/* Claims: what may go now by rank, and what sleeps until its time. */
	"CREATE INDEX delivery_ready ON delivery(tenant, flow, rank, id) WHERE state = 1 AND"
	" due_ms = 0;"
	"CREATE INDEX delivery_due ON delivery(tenant, flow, due_ms) WHERE state = 1 AND due_ms >"
	" 0;"
	/* Of one record: the open ones, and for its story all.  open is 0 when done or skipped;
	 * moves between open states leave this index alone. */
	"CREATE INDEX delivery_record ON delivery(tenant, entity, rid, flow, open);"
	/* Of one identity, and which of them is on the wire. */
	"CREATE INDEX delivery_identity ON delivery(tenant, flow, identity) WHERE identity IS NOT"
	" NULL;"
	"CREATE INDEX delivery_sending ON delivery(tenant, flow, identity) WHERE state = 3;"
	/* What waits for something or someone, grouped as people ask for it. */
	"CREATE INDEX delivery_cause ON delivery(state, tenant, flow, cause) WHERE state IN (2,"
	" 4, 7, 8);"

	"CREATE TABLE doc(delivery INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;"
	"CREATE TABLE wait(parent INTEGER NOT NULL, child INTEGER NOT NULL,"
	" PRIMARY KEY(parent, child)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX wait_child ON wait(child);"
	/* How many deliveries a flow has in each state, counted as they move. */
	"CREATE TABLE tally(tenant TEXT NOT NULL, flow TEXT NOT NULL, state INTEGER NOT NULL,"
	" count INTEGER NOT NULL, PRIMARY KEY(tenant, flow, state)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE write(id INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, tenant TEXT NOT"
	" NULL,"
	" connection TEXT NOT NULL, entity TEXT NOT NULL, verb TEXT NOT NULL, target_id TEXT,"
	" version TEXT, key TEXT, data TEXT, state INTEGER NOT NULL, mark TEXT,"
	" tries INTEGER NOT NULL, at_ms INTEGER NOT NULL) STRICT;"
	"CREATE INDEX write_open ON write(id) WHERE state < 4;"
	"CREATE INDEX write_delivery ON write(delivery);"

	"CREATE TABLE link(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, flow TEXT NOT NULL,"
	" identity TEXT NOT NULL, source_connection TEXT, source_entity TEXT, source_id TEXT,"
	" source_version TEXT, target_connection TEXT, target_entity TEXT, target_id TEXT,"
	" target_version TEXT, target_hash TEXT, made TEXT, base TEXT, delivery INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX link_identity ON link(tenant, flow, identity);"
	"CREATE INDEX link_source ON link(tenant, source_connection, source_id, flow);"
	"CREATE INDEX link_target ON link(tenant, target_connection, target_id, target_entity)"
	" WHERE target_id IS NOT NULL;"

	"CREATE TABLE visit_set(tenant TEXT NOT NULL, connection TEXT NOT NULL, mark TEXT NOT NULL,"
	" requests TEXT, answer BLOB, answer_type TEXT, asked INTEGER NOT NULL, at_ms INTEGER NOT"
	" NULL,"
	" PRIMARY KEY(tenant, connection, mark)) STRICT;"
	"CREATE TABLE note(tenant TEXT NOT NULL, scope TEXT NOT NULL, kind TEXT NOT NULL,"
	" name TEXT NOT NULL, value TEXT NOT NULL, at_ms INTEGER NOT NULL,"
	" PRIMARY KEY(tenant, scope, kind, name)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE secret(tenant TEXT NOT NULL, connection TEXT NOT NULL, name TEXT NOT NULL,"
	" version INTEGER NOT NULL, sealed BLOB NOT NULL, before_version INTEGER, before_sealed"
	" BLOB,"
	" at_ms INTEGER NOT NULL, PRIMARY KEY(tenant, connection, name)) STRICT, WITHOUT ROWID;"

	/* What the remote cannot be asked for: see MIRRORED in mlc/connector.h. */
	"CREATE TABLE mirror(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, connection TEXT NOT"
	" NULL,"
	" entity TEXT NOT NULL, rid TEXT NOT NULL, data TEXT NOT NULL,"
	" UNIQUE(tenant, connection, entity, rid)) STRICT;"
	"CREATE TABLE mirror_key(tenant TEXT NOT NULL, connection TEXT NOT NULL, entity TEXT NOT"
	" NULL,"
	" member TEXT NOT NULL, value TEXT NOT NULL,"
	" mirror INTEGER NOT NULL REFERENCES mirror(id) ON DELETE CASCADE,"
	" PRIMARY KEY(tenant, connection, entity, member, value, mirror)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX mirror_key_of ON mirror_key(mirror);"

	/* Rows stay here until they are in audit.db; the heads stay for ever. */
	"CREATE TABLE audit(" AUDIT_COLUMNS ") STRICT;"
	"CREATE TABLE chain(tenant TEXT PRIMARY KEY, seq INTEGER NOT NULL, number INTEGER NOT NULL,"
	" hash BLOB NOT NULL) STRICT, WITHOUT ROWID;";

/* What each schema has added to the one before it; the first entry makes 2 of 1. */
static const char *const main_steps[] = {
	/* When a flow looks at a record again although nothing has changed. */
	"CREATE TABLE again(tenant TEXT NOT NULL, flow TEXT NOT NULL, connection TEXT NOT NULL,"
	" entity TEXT NOT NULL, rid TEXT NOT NULL, at_ms INTEGER NOT NULL,"
	" PRIMARY KEY(tenant, flow, entity, rid)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX again_at ON again(at_ms);"
	"ALTER TABLE delivery ADD COLUMN merged_into TEXT;"
	/* Links that two flows share; and one whose source was merged into another record. */
	"ALTER TABLE link ADD COLUMN source_seen TEXT;"
	"ALTER TABLE link ADD COLUMN target_seen TEXT;"
	"ALTER TABLE link ADD COLUMN source_hash TEXT;"
	"ALTER TABLE link ADD COLUMN back INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE link ADD COLUMN swings INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE link ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;",
	/* What people call a record: each of its deliveries may have another name for it. */
	"CREATE TABLE called(tenant TEXT NOT NULL, name TEXT NOT NULL, connection TEXT NOT NULL,"
	" entity TEXT NOT NULL, rid TEXT NOT NULL,"
	" PRIMARY KEY(tenant, name, connection, entity, rid)) STRICT, WITHOUT ROWID;"
	"INSERT INTO called SELECT tenant, number, connection, entity, rid FROM record WHERE"
	" number IS NOT NULL;"
	"DROP INDEX record_number;"
	"ALTER TABLE record DROP COLUMN number;",
	/* Details of the trail can be erased: audit.c. */
	"ALTER TABLE audit ADD COLUMN seal BLOB;",
};
_Static_assert(sizeof main_steps / sizeof *main_steps == STORE_SCHEMA - 1, "one step from each to the next");

/* The same of audit.db, which counts for itself. */
static const char *const audit_steps[] = {
	"ALTER TABLE audit ADD COLUMN seal BLOB;",
};
#define AUDIT_SCHEMA ((int64_t)(sizeof audit_steps / sizeof *audit_steps) + 1)

static const char audit_tables[] =
	"CREATE TABLE audit(" AUDIT_COLUMNS ") STRICT;"
	"CREATE INDEX audit_tenant ON audit(tenant, number);"
	/* Without the connection: a settled write is told under the target's. */
	"CREATE INDEX audit_record ON audit(tenant, entity, rid, number) WHERE rid IS NOT NULL;"
	"CREATE INDEX audit_delivery ON audit(delivery, number) WHERE delivery <> 0;";

static const char settings[] =
	"PRAGMA synchronous = FULL;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA cell_size_check = ON;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA secure_delete = ON;"
	/* A log that grew under load gives its space back when it begins anew. */
	"PRAGMA journal_size_limit = 33554432;";

static int64_t pragma(struct db *db, const char *sql)
{
	return rows_number(db_rows_values(db, sql, NULL, 0), 0);
}

static int check_kind(struct db *db, const char *path, struct err *e)
{
	int64_t id = pragma(db, "PRAGMA application_id");
	int64_t version = pragma(db, "PRAGMA user_version");
	int64_t tables = pragma(db, "SELECT count(*) FROM sqlite_schema");

	if (db_code(db))
		return db_fail(db, e);
	if (tables > 0 && id != APPLICATION_ID)
		return err_set(e, ERR_REFUSED,
			"%s: is the database of another program; move it away", path);
	if (version > STORE_SCHEMA)
		return err_set(e, ERR_REFUSED,
			"%s: was written by a newer mlc (schema %d, this one knows %d); run that"
			" one, or "
			"restore a backup of this one's",
			path, (int)version, STORE_SCHEMA);
	return 0;
}

static int make_tables(struct db *db, const char *tables, int64_t rows_are_here)
{
	if (rows_are_here)
		return 0;
	db_exec(db, tables);
	db_exec(db, "PRAGMA application_id = 1296843569; PRAGMA user_version = 1;");
	return db_code(db);
}
_Static_assert(APPLICATION_ID == 1296843569, "as make_tables() writes it");

/* A file of an older schema becomes one of ours, step by step: each is there whole or not. */
static int upgrade(struct db *db, const char *const *steps, int64_t schema)
{
	char version[48];

	for (int64_t at = pragma(db, "PRAGMA user_version"); at < schema && !db_code(db); at++) {
		snprintf(version, sizeof version, "PRAGMA user_version = %d;", (int)at + 1);
		db_exec(db, "BEGIN IMMEDIATE");
		db_exec(db, steps[at - 1]);
		db_exec(db, version);
		db_exec(db, "COMMIT"); /* after a failure the file is closed, which undoes it */
	}
	return db_code(db);
}

static int64_t has_tables(struct db *db)
{
	return db_number(db, 0, "SELECT count(*) FROM sqlite_schema WHERE name = ?1", txt("audit"));
}

static struct db *open_file(const char *path, enum db_use use, const char *more, struct err *e)
{
	struct db *db = db_open(path, use, LOCK_WAIT_MS, e);

	if (!db)
		return NULL;
	if (check_kind(db, path, e) < 0)
		goto fail;
	/* Only before the first table; the log comes after it, else it would not stick. */
	if (use == DB_MAKE && !has_tables(db))
		db_exec(db, "PRAGMA auto_vacuum = INCREMENTAL;");
	if (use != DB_READ)
		db_exec(db, "PRAGMA journal_mode = WAL;");
	db_exec(db, settings);
	if (use == DB_READ) /* every commit empties it */
		db_exec(db, "PRAGMA cache_size = -512;");
	db_exec(db, more);
	if (db_fail(db, e) < 0)
		goto fail;
	return db;
fail:
	db_close(db);
	return NULL;
}

struct db *main_open(const char *path, enum db_use use, struct err *e)
{
	struct db *db = open_file(path, use,
		use == DB_READ ? "PRAGMA query_only = ON; PRAGMA cache_size = -2000;"
			       : "PRAGMA cache_size = -8000;",
		e);

	if (db && use != DB_READ)
		db_own_log(db);
	return db;
}

struct db *audit_open(const char *path, enum db_use use, struct err *e)
{
	struct db *db = open_file(path, use,
		use == DB_READ ? "PRAGMA query_only = ON; PRAGMA cache_size = -1000;"
			       : "PRAGMA cache_size = -2000;",
		e);

	if (!db || use != DB_MAKE)
		return db;
	db_exec(db, "BEGIN IMMEDIATE");
	make_tables(db, audit_tables, has_tables(db));
	db_exec(db, "COMMIT");
	upgrade(db, audit_steps, AUDIT_SCHEMA);
	if (db_fail(db, e) == 0)
		return db;
	db_close(db);
	return NULL;
}

#define KEY_CHECK_AAD "store|key check"
#define KEY_CHECK     "this is the master key"

int key_check_seal(const struct master_key *key, unsigned char **sealed, size_t *len, struct err *e)
{
	return seal(key, KEY_CHECK_AAD, KEY_CHECK, sizeof KEY_CHECK, sealed, len, e);
}

int main_make(struct db *db, const struct master_key *key, struct err *e)
{
	unsigned char *sealed;
	size_t len;

	if (has_tables(db) || db_code(db)) {
		upgrade(db, main_steps, STORE_SCHEMA);
		return db_fail(db, e);
	}
	int code = key_check_seal(key, &sealed, &len, e);
	if (code < 0)
		return code;
	db_exec(db, "BEGIN IMMEDIATE");
	make_tables(db, main_tables, has_tables(db));
	db_run(db,
		"INSERT INTO meta(name, value) VALUES('key_id', ?1), ('key_check', ?2), ('ids', 1)",
		txt(master_key_id(key)), bin(sealed, len));
	db_exec(db, "COMMIT");
	free(sealed);
	upgrade(db, main_steps, STORE_SCHEMA);
	return db_fail(db, e);
}

int main_check(struct db *db, const char *path, const struct master_key *key, struct err *e)
{
	struct secret *secret = NULL;
	struct err why = { 0 };
	int code = ERR_DAMAGED;

	struct rows *r = db_rows(db,
		"SELECT k.value, c.value FROM meta k, meta c"
		" WHERE k.name = 'key_id' AND c.name = ?1",
		txt("key_check"));
	if (!rows_next(r))
		return db_code(db)
			? db_fail(db, e)
			: err_set(e, ERR_DAMAGED,
				  "%s: says nothing about its master key; mlc restore a backup",
				  path);

	size_t len;
	const unsigned char *sealed = row_bin(r, 1, &len);
	if (strcmp(row_txt(r, 0), master_key_id(key)))
		code = err_set(e, ERR_REFUSED,
			"%s: its secrets are sealed with master key %s, and the key file holds %s; put the right "
			"key file back, or name it in mlc.lua (key_file), or set every secret anew in a new store",
			path, row_txt(r, 0), master_key_id(key));
	else if ((code = unseal(key, KEY_CHECK_AAD, sealed, len, &secret, &why)) < 0)
		code = err_set(e, ERR_DAMAGED,
			"%s: the record of its master key is damaged; mlc restore a "
			"backup",
			path);
	rows_end(r);
	secret_destroy(secret);
	return code;
}
