/* sqlite_trail.c - audit rows move from mlc.db to audit.db, and whoever alters one is found out. */
#include "hand.h"

#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void tell(struct hand *h, int count)
{
	for (int i = 0; i < count; i++) {
		struct txn *t = txn_begin(h->store);
		char payload[32];

		snprintf(payload, sizeof payload, "{\"request\":%d}", i);
		txn_audit(t,
			&(struct audit_row){ .tenant = "acme",
				.move = "decide",
				.who = "host",
				.entity = "order",
				.rid = "1",
				.detail = "{}",
				.payload = payload,
				.payload_len = strlen(payload) });
		assert_int_equal(hand_commit(h, t).code, 0);
	}
}

static int64_t ask(struct hand *h, const char *file, const char *sql)
{
	char *path = hand_path(h, file);
	struct err e = { 0 };
	struct db *db = db_open(path, DB_WRITE, 2000, &e);

	assert_non_null(db);
	int64_t number = rows_number(db_rows_values(db, sql, NULL, 0), -1);
	if (db_code(db))
		fail_msg("%s", db_error(db)->text);
	db_close(db);
	free(path);
	return number;
}

/* Until all rows are in audit.db: the keeper is on its way a second after a commit. */
static void wait_until_moved(struct hand *h)
{
	time_t deadline = time(NULL) + 60;

	while (ask(h, "mlc.db", "SELECT count(*) FROM audit") && time(NULL) < deadline) {
		loop_advance(h->loop, 1100);
		json_decref(hand_notes(h, NULL, NULL, NULL)); /* one turn of the loop */
	}
	assert_int_equal(ask(h, "mlc.db", "SELECT count(*) FROM audit"), 0);
}

static json_t *verify(struct hand *h)
{
	struct chore c = { 0 };

	store_audit_verify(h->store, chore_over, &c);
	chore_wait(h, &c);
	if (c.error.code)
		fail_msg("%s", c.error.text);
	return c.report;
}

static void rows_move_and_are_read_as_before(void **state)
{
	struct hand *h = *state;

	tell(h, 5);
	wait_until_moved(h);
	assert_int_equal(ask(h, "audit.db", "SELECT count(*) FROM audit"), 5);
	tell(h, 2);
	json_t *rows = hand_trail(h, "{s:s,s:b}", "tenant", "acme", "payload", 1);
	assert_int_equal(json_array_size(rows), 7);
	for (int i = 0; i < 7; i++)
		assert_int_equal(json_int_or(json_array_get(rows, (size_t)i), "seq", 0), i + 1);
	assert_string_equal(json_text_at(rows, "0.payload"), "{\"request\":0}");
	json_decref(rows);
	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok"));
	assert_int_equal(json_int_or(report, "acme.rows", 0), 7);
	json_decref(report);
}

/* As after a kill between the two commits. */
static void a_row_in_both_files_is_one_row(void **state)
{
	struct hand *h = *state;

	tell(h, 3);
	wait_until_moved(h);
	char *sql =
		xformat("ATTACH '%s/state/audit.db' AS a; INSERT INTO audit SELECT * FROM a.audit",
			h->dir);
	char *path = hand_path(h, "mlc.db");
	struct err e = { 0 };
	struct db *db = db_open(path, DB_WRITE, 2000, &e);
	assert_int_equal(db_exec(db, sql), 0);
	db_close(db);
	free(path);
	free(sql);

	json_t *rows = hand_trail(h, "{s:s}", "tenant", "acme");
	assert_int_equal(json_array_size(rows), 3);
	json_decref(rows);
	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok"));
	assert_int_equal(json_int_or(report, "acme.rows", 0), 3);
	json_decref(report);
	hand_reopen(h);
	wait_until_moved(h);
	assert_int_equal(ask(h, "audit.db", "SELECT count(*) FROM audit"), 3);
}

struct crime {
	const char *file, *sql, *why;
	int64_t seq;
};

static void whoever_alters_the_trail_is_found_out(void **state)
{
	static const struct crime crimes[] = {
		{ "audit.db", "UPDATE audit SET detail = '{\"x\":1}' WHERE seq = 3", "altered", 3 },
		{ "audit.db", "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 1", "altered", 1 },
		{ "audit.db", "UPDATE audit SET who = 'nobody' WHERE seq = 5", "altered", 5 },
		{ "audit.db", "UPDATE audit SET entity = NULL, rid = 'order1' WHERE seq = 2",
			"altered", 2 },
		{ "audit.db", "UPDATE audit SET payload_hash = NULL WHERE seq = 4", "altered", 4 },
		{ "audit.db", "UPDATE audit SET seal = NULL WHERE seq = 2", "altered", 2 },
		{ "audit.db", "UPDATE audit SET seal = randomblob(16) WHERE seq = 3", "altered", 3 },
		{ "audit.db", "UPDATE audit SET detail = NULL WHERE seq = 4", "altered", 4 },
		{ "audit.db", "UPDATE audit SET detail = NULL, seal = randomblob(32) WHERE seq = 5", "altered", 5 },
		{ "audit.db", "DELETE FROM audit WHERE seq = 2", "removed", 3 },
		{ "audit.db", "DELETE FROM audit WHERE seq = 1", "removed", 2 },
		{ "audit.db", "DELETE FROM audit WHERE seq = 5", "removed", 5 },
		{ "audit.db", "DELETE FROM audit", "removed", 1 },
		{ "mlc.db", "UPDATE payload SET bytes = CAST('{}' AS BLOB)", "payload", 1 },
	};
	struct hand *h = *state;

	for (size_t i = 0; i < sizeof crimes / sizeof *crimes; i++) {
		char *keep = xformat("CREATE TABLE kept AS SELECT * FROM %s",
			!strcmp(crimes[i].file, "mlc.db") ? "payload" : "audit");

		if (i == 0)
			tell(h, 5);
		wait_until_moved(h);
		ask(h, crimes[i].file, keep);
		ask(h, crimes[i].file, crimes[i].sql);
		json_t *report = verify(h);
		if (json_true_at(report, "acme.ok"))
			fail_msg("not found out: %s", crimes[i].sql);
		assert_int_equal(json_int_or(report, "acme.first_bad.seq", 0), crimes[i].seq);
		assert_non_null(
			strstr(json_text_or(report, "acme.first_bad.why", ""), crimes[i].why));
		json_decref(report);
		ask(h, crimes[i].file,
			!strcmp(crimes[i].file, "mlc.db") ? "DELETE FROM payload"
							  : "DELETE FROM audit");
		ask(h, crimes[i].file,
			!strcmp(crimes[i].file, "mlc.db") ? "INSERT INTO payload SELECT * FROM kept"
							  : "INSERT INTO audit SELECT * FROM kept");
		ask(h, crimes[i].file, "DROP TABLE kept");
		free(keep);
	}
	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok")); /* all put right again */
	json_decref(report);
}

static void tell_of(struct hand *h, const char *rid, const char *detail)
{
	struct txn *t = txn_begin(h->store);

	txn_audit(t, &(struct audit_row){ .tenant = "acme", .move = "decide", .who = "host", .connection = "shop",
		.entity = "order", .rid = rid, .detail = detail });
	assert_int_equal(hand_commit(h, t).code, 0);
}

/* Labels and identities name people.  One row is in audit.db by then, one is not. */
static void details_are_erased_in_both_files_and_the_chain_holds(void **state)
{
	static const char *const names[] = { "mlc.db", "mlc.db-wal", "audit.db", "audit.db-wal" };
	struct hand *h = *state;
	struct chore c = { 0 };

	tell_of(h, "7", "{\"label\":\"order of Ann Secretive\"}");
	wait_until_moved(h);
	tell_of(h, "8", "{\"label\":\"order of Bob\"}");
	tell_of(h, "7", "{\"identity\":\"ann@Secretive.example\"}");
	store_erase(h->store, "acme", "shop", "order", "7", "cli:eva", chore_over, &c);
	chore_wait(h, &c);
	assert_int_equal(c.error.code, 0);
	json_decref(c.report);
	for (int moved = 0; moved < 2; moved++) {
		json_t *report = verify(h), *rows = hand_trail(h, "{s:s}", "tenant", "acme");

		assert_true(json_true_at(report, "acme.ok"));
		assert_int_equal(json_int_or(report, "acme.rows", 0), 4);
		assert_int_equal(json_int_or(report, "acme.erased", 0), 2);
		assert_true(json_true_at(rows, "0.erased"));
		assert_string_equal(json_text_at(rows, "0.move"), "decide"); /* that it was done stays */
		assert_null(json_text_at(rows, "0.detail.label"));
		assert_string_equal(json_text_at(rows, "1.detail.label"), "order of Bob");
		assert_false(json_true_at(rows, "1.erased"));
		assert_true(json_true_at(rows, "2.erased"));
		json_decref(report);
		json_decref(rows);
		for (size_t i = 0; i < 4; i++)
			assert_false(hand_file_holds(h, names[i], "Secretive"));
		wait_until_moved(h);
	}
}

/* A store of before: its rows are what their chain says, and stay so. */
static void a_trail_of_before_is_proven_as_it_was(void **state)
{
	struct hand *h = *state;

	tell_of(h, "7", NULL);
	wait_until_moved(h);
	hand_close(h);
	ask(h, "audit.db", "ALTER TABLE audit DROP COLUMN seal");
	ask(h, "audit.db", "PRAGMA user_version = 1");
	ask(h, "mlc.db", "ALTER TABLE audit DROP COLUMN seal");
	ask(h, "mlc.db", "PRAGMA user_version = 3");
	hand_open(h);
	tell_of(h, "8", "{\"label\":\"order of Bob\"}");
	wait_until_moved(h);
	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok"));
	assert_int_equal(json_int_or(report, "acme.rows", 0), 2);
	json_decref(report);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, hand_setup, hand_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_move_and_are_read_as_before),
		TEST(a_row_in_both_files_is_one_row),
		TEST(whoever_alters_the_trail_is_found_out),
		TEST(details_are_erased_in_both_files_and_the_chain_holds),
		TEST(a_trail_of_before_is_proven_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
