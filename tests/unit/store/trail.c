/* trail.c - the audit trail, and what keeping house may not lose: verify, erase, tidy, backup. */
#include "hand.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int64_t tell(struct hand *h, const char *tenant, const char *rid, const char *payload)
{
	struct txn *t = txn_begin(h->store);

	txn_audit(t,
		&(struct audit_row){ .tenant = tenant,
			.move = "decide",
			.who = "host",
			.connection = "shop",
			.flow = "shop-books.invoice",
			.entity = "order",
			.rid = rid,
			.delivery = 77,
			.detail = "{\"state\":\"held\"}",
			.payload = payload,
			.payload_len = payload ? strlen(payload) : 0 });
	assert_int_equal(hand_commit(h, t).code, 0);
	json_t *rows = hand_trail(h, "{s:s,s:i}", "tenant", tenant, "limit", 1);
	int64_t number = json_int_or(rows, "0.number", 0);
	json_decref(rows);
	return number;
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

static void the_trail_is_found_by_tenant_record_and_delivery(void **state)
{
	struct hand *h = *state;

	tell(h, "acme", "1", "{\"request\":1}");
	int64_t second = tell(h, "acme", "2", NULL);
	tell(h, "zeta", "1", NULL);
	json_t *rows = hand_trail(h, "{s:s}", "tenant", "acme");
	assert_int_equal(json_array_size(rows), 2);
	assert_int_equal(json_int_or(rows, "1.number", 0), second); /* newest last */
	assert_string_equal(json_text_at(rows, "0.detail.state"), "held");
	json_decref(rows);
	rows = hand_trail(h, "{s:s,s:s,s:s,s:s,s:b}", "tenant", "acme", "connection", "shop",
		"entity", "order", "rid", "1", "payload", 1);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.payload"), "{\"request\":1}");
	json_decref(rows);
	rows = hand_trail(h, "{s:i,s:s}", "delivery", 77, "tenant", "zeta");
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
}

static void the_trail_is_paged_forward_and_shows_the_newest_otherwise(void **state)
{
	struct hand *h = *state;
	int64_t numbers[5];

	for (int i = 0; i < 5; i++)
		numbers[i] = tell(h, "acme", "1", NULL);
	json_t *rows = hand_trail(h, "{s:s,s:i}", "tenant", "acme", "limit", 2);
	assert_int_equal(json_int_or(rows, "0.number", 0), numbers[3]);
	json_decref(rows);
	rows = hand_trail(h, "{s:s,s:i,s:i}", "tenant", "acme", "limit", 2, "after", 0);
	assert_int_equal(json_int_or(rows, "1.number", 0), numbers[1]);
	json_decref(rows);
	rows = hand_trail(h, "{s:s,s:I}", "tenant", "acme", "after", (json_int_t)numbers[1]);
	assert_int_equal(json_array_size(rows), 3);
	json_decref(rows);
}

static void an_untouched_chain_is_whole_also_after_a_restart(void **state)
{
	struct hand *h = *state;

	for (int i = 0; i < 20; i++)
		tell(h, i % 3 ? "acme" : "zeta", "1", i % 2 ? "{}" : NULL);
	for (int pass = 0; pass < 2; pass++, hand_reopen(h)) {
		json_t *report = verify(h);
		assert_true(json_true_at(report, "acme.ok"));
		assert_true(json_true_at(report, "zeta.ok"));
		assert_int_equal(json_int_or(report, "acme.rows", 0), 13);
		assert_int_equal(json_int_or(report, "acme.erased", -1), 0);
		json_decref(report);
	}
}

static void a_transaction_that_fails_leaves_no_gap_in_the_chain(void **state)
{
	struct hand *h = *state;

	tell(h, "acme", "1", NULL);
	for (int i = 0; i < 3; i++) {
		struct txn *t = txn_begin(h->store);

		txn_audit(t,
			&(struct audit_row){ .tenant = "acme", .move = "settle", .who = "host" });
		txn_delivery(t, &(struct delivery_move){ .id = 424242, .to = DELIVERY_DONE });
		assert_int_equal(hand_commit(h, t).code, ERR_ABSENT);
		tell(h, "acme", "1", NULL);
	}
	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok"));
	assert_int_equal(json_int_or(report, "acme.rows", 0), 4);
	json_decref(report);
}

/* The row of a record that came in is told before the rows after it are tried. */
static void nor_does_one_that_had_told_of_a_record_already(void **state)
{
	struct hand *h = *state;
	struct arrival a = order("7", "1", 1000, "{}");

	a.audited = true;
	for (int i = 0; i < 3; i++) {
		struct txn *t = txn_begin(h->store);

		txn_accept(t, &a);
		txn_delivery(t, &(struct delivery_move){ .id = 424242, .to = DELIVERY_DONE });
		assert_int_equal(hand_commit(h, t).code, ERR_ABSENT);
		tell(h, "acme", "1", NULL);
	}
	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok"));
	assert_int_equal(json_int_or(report, "acme.rows", 0), 3);
	json_decref(report);
}

static void what_was_erased_is_gone_and_reported_and_the_chain_holds(void **state)
{
	struct hand *h = *state;
	struct chore c = { 0 };
	struct arrival a = order("7", "1", 1000, "{\"name\":\"Ann Secretive\"}");
	struct arrival other = order("8", "1", 1000, "{\"name\":\"Bob\"}");

	hand_accept(h, a);
	hand_accept(h, other);
	tell(h, "acme", "7", "{\"billing\":\"Ann Secretive\"}");
	tell(h, "acme", "8", "{\"billing\":\"Bob\"}");
	store_erase(h->store, "acme", "shop", "order", "7", "cli:eva", chore_over, &c);
	chore_wait(h, &c);
	assert_int_equal(c.error.code, 0);
	assert_int_equal(json_int_or(c.report, "payloads", 0), 2);
	json_decref(c.report);

	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok"));
	assert_int_equal(json_int_or(report, "acme.erased", 0), 1);
	json_decref(report);
	json_t *rows = hand_trail(h, "{s:s,s:s,s:b}", "tenant", "acme", "rid", "7", "payload", 1);
	assert_true(json_true_at(rows, "0.erased"));
	assert_string_equal(json_text_at(rows, "1.move"), "erase");
	assert_string_equal(json_text_at(rows, "1.who"), "cli:eva");
	json_decref(rows);
	rows = hand_list(h, "{s:s,s:s}", "tenant", "acme", "rid", "7");
	assert_string_equal(json_text_at(rows, "0.state"), "skipped");
	assert_string_equal(json_text_at(rows, "0.cause"), "erased");
	json_decref(rows);
	rows = hand_records(h, "{s:s,s:s,s:s}", "tenant", "acme", "connection", "shop", "entity",
		"order");
	assert_null(json_text_at(rows, "0.text"));
	assert_string_equal(json_text_at(rows, "1.text"), "{\"name\":\"Bob\"}");
	json_decref(rows);
	assert_int_equal(hand_accept(h, a),
		ACCEPTED_SAME); /* and does not come back by a re-read */

	static const char *const names[] = { "mlc.db", "mlc.db-wal", "audit.db", "audit.db-wal" };
	for (size_t i = 0; i < 4; i++)
		assert_false(hand_file_holds(h, names[i], "Secretive"));
}

static void one_being_written_is_not_erased(void **state)
{
	struct hand *h = *state;
	struct chore c = { 0 };

	hand_accept(h, order("7", "1", 1000, "{}"));
	int64_t id = hand_claim(h, "acme", "shop-books.invoice", NULL, 0, 1).of[0].id;
	hand_move(h, (struct delivery_move){ .id = id, .to = DELIVERY_SENDING });
	store_erase(h->store, "acme", "shop", "order", "7", "host", chore_over, &c);
	chore_wait(h, &c);
	assert_int_equal(c.error.code, ERR_CONFLICT);
	assert_string_equal(hand_delivery(h, id).text, "{}");
}

static void tidy_drops_what_is_old_and_over_and_nothing_that_is_open(void **state)
{
	struct hand *h = *state;
	struct chore c = { 0 };

	hand_accept(h, order("1", "1", 1000, "{\"n\":1}"));
	hand_accept(h, order("2", "1", 1000, "{\"n\":2}"));
	int64_t done = hand_claim(h, "acme", "shop-books.invoice", NULL, 0, 1).of[0].id;
	hand_move(h, (struct delivery_move){ .id = done, .to = DELIVERY_DONE });
	tell(h, "acme", "1", "{\"request\":1}");
	loop_advance(h->loop, 10000);
	hand_accept(h, order("3", "1", 1000, "{\"n\":3}"));
	int64_t young = hand_claim(h, "acme", "shop-books.invoice", NULL, 0, 9).of[1].id;
	hand_move(h, (struct delivery_move){ .id = young, .to = DELIVERY_DONE });

	int64_t before = loop_now_ms(h->loop) - 5000;
	store_tidy(h->store, before, before, chore_over, &c);
	chore_wait(h, &c);
	assert_int_equal(c.error.code, 0);
	assert_int_equal(json_int_or(c.report, "deliveries", 0), 1);
	assert_int_equal(json_int_or(c.report, "payloads", 0), 2);
	json_decref(c.report);

	struct claims open = hand_claim(h, "acme", "shop-books.invoice", NULL, 0, 9);
	assert_int_equal(open.count, 1);
	assert_string_equal(open.of[0].text, "{\"n\":2}");
	assert_int_equal(hand_delivery(h, done).id, 0);
	assert_string_equal(hand_delivery(h, young).text, "{\"n\":3}");
	assert_int_equal(hand_accept(h, order("1", "1", 1000, "{\"n\":1}")), ACCEPTED_SAME);
	json_t *rows = hand_trail(h, "{s:s,s:s}", "tenant", "acme", "rid", "1");
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
	json_t *counts = hand_counts(h, "acme"); /* of all that ever was */
	assert_int_equal(json_int_or(counts, "0.done", 0), 2);
	json_decref(counts);
	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok"));
	json_decref(report);
}

static struct chore backup(struct hand *h, const char *path)
{
	struct chore c = { 0 };

	store_backup(h->store, path, chore_over, &c);
	chore_wait(h, &c);
	return c;
}

/* ALL-14, the store's part */
static void a_backup_holds_everything_and_a_restored_store_says_that_it_is_one(void **state)
{
	struct hand *h = *state;
	char *file = xformat("%s/backup.mlc", h->dir), *dir = xformat("%s/second", h->dir);
	struct err e = { 0 };

	for (int i = 0; i < 50; i++)
		tell(h, "acme", "1", "{}");
	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	struct txn *t = txn_begin(h->store);
	struct secret *s = secret_create("sesame", 6);
	txn_secret(t, "acme", "books", "password", s);
	secret_destroy(s);
	hand_commit(h, t);
	hand_reopen(h); /* by now some rows have moved */
	tell(h, "acme", "1", NULL);
	int64_t last_id = store_next_id(h->store);

	struct chore c = backup(h, file);
	assert_int_equal(c.error.code, 0);
	json_decref(c.report);
	c = backup(h, file);
	assert_int_equal(c.error.code, ERR_REFUSED);
	hand_close(h);

	char *state_dir = hand_path(h, "");
	assert_int_equal(store_restore(state_dir, file, h->key_file, &e), ERR_REFUSED);
	e.code = 0;
	free(state_dir);
	assert_int_equal(store_restore(dir, file, h->key_file, &e), 0);
	h->store = store_open(h->loop, &(struct store_conf){ .dir = dir, .key_file = h->key_file },
		&e);
	assert_non_null(h->store);

	json_t *notes = hand_notes(h, "", "", "restored");
	assert_int_equal(json_array_size(notes), 1);
	json_decref(notes);
	assert_int_equal(hand_claim(h, "acme", "shop-books.invoice", NULL, 0, 9).count, 1);
	char *secret = hand_secret(h, "acme", "books", "password");
	assert_string_equal(secret, "sesame");
	free(secret);
	json_t *report = verify(h);
	assert_true(json_true_at(report, "acme.ok"));
	assert_int_equal(json_int_or(report, "acme.rows", 0), 51);
	json_decref(report);
	assert_true(
		store_next_id(h->store) > last_id + 1000000); /* nothing sent since shares an id */
	free(file);
	free(dir);
}

static void what_was_on_the_wire_at_the_backup_is_in_doubt_in_the_restored_store(void **state)
{
	struct hand *h = *state;
	char *file = xformat("%s/backup.mlc", h->dir), *dir = xformat("%s/second", h->dir);
	struct err e = { 0 };

	hand_accept(h, order("7", "1", 1000, "{}"));
	int64_t id = hand_claim(h, "acme", "shop-books.invoice", NULL, 0, 1).of[0].id;
	struct txn *t = txn_begin(h->store);
	txn_delivery(t,
		&(struct delivery_move){ .id = id, .to = DELIVERY_SENDING, .identity = "7" });
	txn_write_put(t,
		&(struct write_row){ .id = store_next_id(h->store),
			.delivery = id,
			.tenant = "acme",
			.connection = "books",
			.entity = "Invoice",
			.verb = "create",
			.state = WRITE_SENT });
	txn_set_put(t, &(struct set_row){ .tenant = "acme", .connection = "books", .mark = "M1" });
	hand_commit(h, t);
	json_decref(backup(h, file).report);
	hand_close(h);
	assert_int_equal(store_restore(dir, file, h->key_file, &e), 0);
	h->store = store_open(h->loop, &(struct store_conf){ .dir = dir, .key_file = h->key_file },
		&e);
	assert_non_null(h->store);

	json_t *rows = hand_unsettled(h);
	assert_string_equal(json_text_at(rows, "0.state"), "doubt");
	json_decref(rows);
	rows = hand_counts(h, "acme");
	assert_int_equal(json_int_or(rows, "0.ready", 0), 1);
	assert_int_equal(json_int_or(rows, "0.sending", -1), 0);
	json_decref(rows);
	assert_int_equal(hand_claim(h, "acme", "shop-books.invoice", NULL, 0, 1).of[0].id, id);
	free(file);
	free(dir);
}

static void a_damaged_backup_or_another_key_is_refused(void **state)
{
	struct hand *h = *state;
	char *file = xformat("%s/backup.mlc", h->dir), *dir = xformat("%s/second", h->dir);
	char *key = xformat("%s/other.key", h->dir);
	struct err e = { 0 };

	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	json_decref(backup(h, file).report);
	assert_int_equal(master_key_make(key, &e), 0);
	assert_int_equal(store_restore(dir, file, key, &e), ERR_REFUSED);
	e.code = 0;
	assert_int_equal(truncate(file, 20000), 0);
	assert_int_equal(store_restore(dir, file, h->key_file, &e), ERR_DAMAGED);
	assert_non_null(strstr(e.text, "backup"));
	char *left = xformat("%s/mlc.db", dir);
	assert_int_equal(access(left, F_OK), -1);
	free(left);
	free(key);
	free(file);
	free(dir);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, hand_setup, hand_teardown)

/* SQLite would take its pages for newer ones of the store beside it, and write them over it. */
static void nothing_is_restored_beside_the_log_of_another_store(void **state)
{
	static const char *const logs[] = { "mlc.db-wal", "audit.db-wal" };
	struct hand *h = *state;
	char *file = xformat("%s/backup.mlc", h->dir), *dir = xformat("%s/second", h->dir);

	json_decref(backup(h, file).report);
	hand_close(h);
	assert_int_equal(dir_make(dir, NULL), 0);
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		char *log = xformat("%s/%s", dir, logs[i]);
		struct err e = { 0 };

		assert_int_equal(file_write(log, "frames", 6, 0600, NULL), 0);
		assert_int_equal(store_restore(dir, file, h->key_file, &e), ERR_REFUSED);
		assert_non_null(strstr(e.text, logs[i]));
		assert_int_equal(unlink(log), 0);
		free(log);
	}
	struct err e = { 0 };
	assert_int_equal(store_restore(dir, file, h->key_file, &e), 0);
	free(file);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_trail_is_found_by_tenant_record_and_delivery),
		TEST(the_trail_is_paged_forward_and_shows_the_newest_otherwise),
		TEST(an_untouched_chain_is_whole_also_after_a_restart),
		TEST(a_transaction_that_fails_leaves_no_gap_in_the_chain),
		TEST(nor_does_one_that_had_told_of_a_record_already),
		TEST(what_was_erased_is_gone_and_reported_and_the_chain_holds),
		TEST(one_being_written_is_not_erased),
		TEST(tidy_drops_what_is_old_and_over_and_nothing_that_is_open),
		TEST(a_backup_holds_everything_and_a_restored_store_says_that_it_is_one),
		TEST(what_was_on_the_wire_at_the_backup_is_in_doubt_in_the_restored_store),
		TEST(a_damaged_backup_or_another_key_is_refused),
		TEST(nothing_is_restored_beside_the_log_of_another_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
