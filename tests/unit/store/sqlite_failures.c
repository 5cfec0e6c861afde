/* sqlite_failures.c - what the disk, another process or a wrong file can do, and that the host goes
 * on answering meanwhile. */
#include "hand.h"

#include "base/crypto.h"
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char FLOW[] = "shop-books.invoice";

/* The error of opening the store, which must fail. */
static struct err open_fails(struct hand *h)
{
	char *dir = hand_path(h, "");
	struct err e = { 0 };

	h->store = store_open(h->loop, &(struct store_conf){ .dir = dir, .key_file = h->key_file },
		&e);
	assert_null(h->store);
	free(dir);
	return e;
}

/* Changes the closed store's file behind its back. */
static void change(struct hand *h, const char *sql)
{
	char *path = hand_path(h, "mlc.db");
	struct err e = { 0 };
	struct db *db = db_open(path, DB_WRITE, 0, &e);

	assert_non_null(db);
	assert_int_equal(db_exec(db, sql), 0);
	db_close(db);
	free(path);
}

static void overwrite(struct hand *h, const char *name, off_t at, size_t len)
{
	char *path = hand_path(h, name), *junk = xcalloc(1, len);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	memset(junk, 0x5a, len);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, junk, len, at), len);
	close(fd);
	free(junk);
	free(path);
}

/* ---- files that are not ours to use ---------------------------------------------------------- */

static void another_process_that_has_it_is_named(void **state)
{
	struct hand *h = *state;
	int started[2];
	char byte;

	hand_close(h);
	assert_int_equal(pipe(started), 0);
	pid_t child = fork();
	if (child == 0) {
		hand_open(h);
		if (write(started[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(started[0], &byte, 1), 1);
	struct err e = open_fails(h);
	char *pid = xformat("process %ld", (long)child);
	assert_int_equal(e.code, ERR_LOCKED);
	assert_non_null(strstr(e.text, pid));
	free(pid);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(started[0]);
	close(started[1]);
	hand_open(h); /* a killed one leaves nothing locked */
}

static void a_wrong_master_key_is_refused_with_both_named(void **state)
{
	struct hand *h = *state;
	struct err e = { 0 };

	hand_close(h);
	unlink(h->key_file);
	assert_int_equal(master_key_make(h->key_file, &e), 0);
	struct master_key *key = master_key_load(h->key_file, &e);
	e = open_fails(h);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_non_null(strstr(e.text, master_key_id(key)));
	assert_non_null(strstr(e.text, "mlc.db"));
	master_key_destroy(key);
}

static void a_missing_key_file_makes_no_store(void **state)
{
	struct hand *h = *state;
	char *path = hand_path(h, "mlc.db");

	hand_close(h);
	unlink(path);
	unlink(h->key_file);
	assert_int_equal(open_fails(h).code, ERR_ABSENT);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

static void a_newer_schema_is_refused_with_both_numbers(void **state)
{
	struct hand *h = *state;

	hand_close(h);
	change(h, "PRAGMA user_version = 7");
	struct err e = open_fails(h);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_non_null(strstr(e.text, "schema 7"));
}

static void a_store_of_the_first_schema_becomes_one_of_ours(void **state)
{
	struct hand *h = *state;
	static const char *const columns[] = { "source_seen", "target_seen", "source_hash", "back", "swings",
		"moved" };
	struct txn *t;

	hand_accept(h, order("1", "1", 1000, "{}"));
	hand_close(h);
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		char sql[80];

		snprintf(sql, sizeof sql, "ALTER TABLE link DROP COLUMN %s", columns[i]);
		change(h, sql);
	}
	change(h, "ALTER TABLE delivery DROP COLUMN merged_into");
	change(h, "DROP TABLE again");
	change(h, "DROP TABLE called");
	change(h, "ALTER TABLE audit DROP COLUMN seal");
	change(h, "ALTER TABLE record ADD COLUMN number TEXT");
	change(h, "CREATE INDEX record_number ON record(tenant, number) WHERE number IS NOT NULL");
	change(h, "UPDATE record SET number = '1007'");
	change(h, "PRAGMA user_version = 1");
	hand_open(h);
	t = txn_begin(h->store);
	txn_link_put(t, &(struct link_row){ .tenant = "acme", .flow = "f", .identity = "1", .source_seen = "{}" });
	txn_again(t, &(struct look){ .tenant = "acme", .flow = "f", .connection = "shop", .entity = "order",
		.rid = "1" }, 5);
	assert_int_equal(hand_commit(h, t).code, 0);
	assert_int_equal(hand_accept(h, order("1", "2", 2000, "{\"n\":2}")), ACCEPTED_NEW);
	assert_int_equal(json_array_size(hand_list(h, "{s:s,s:s}", "tenant", "acme", "rid", "1")), 1);
}

static void the_database_of_another_program_is_left_alone(void **state)
{
	struct hand *h = *state;

	hand_close(h);
	change(h, "PRAGMA application_id = 99");
	assert_int_equal(open_fails(h).code, ERR_REFUSED);
}

static void a_file_that_is_no_database_is_called_damaged_with_the_way_out(void **state)
{
	struct hand *h = *state;
	static const char *const names[] = { "mlc.db", "audit.db" };

	for (int i = 0; i < 2; i++) {
		hand_close(h);
		char *path = hand_path(h, names[i]);
		unlink(path);
		overwrite(h, names[i], 0, 50000);
		struct err e = open_fails(h);
		assert_int_equal(e.code, ERR_DAMAGED);
		assert_non_null(strstr(e.text, names[i]));
		assert_non_null(strstr(e.text, "restore"));
		unlink(path);
		free(path);
		hand_open(h);
	}
}

static void fill(struct hand *h, int from, int count)
{
	for (int i = from; i < from + count; i++) {
		char id[16], text[2048];

		snprintf(id, sizeof id, "%d", i);
		snprintf(text, sizeof text, "{\"n\":%d,\"pad\":\"%0*d\"}", i, 1500, i);
		hand_accept(h, order(id, "1", 1, text));
	}
}

static int accept_code(struct hand *h, const char *id)
{
	struct txn *t = txn_begin(h->store);
	struct arrival a = order(id, "1", 1, "{}");

	txn_accept(t, &a);
	return hand_commit(h, t).code;
}

struct heard {
	struct hand *h;
	int code;
};

static void on_heard(void *arg, const struct delivery *d, size_t count, const struct err *e)
{
	struct heard *heard = arg;

	(void)d;
	(void)count;
	heard->code = e ? e->code : 0;
	loop_stop(heard->h->loop);
}

static int claim_code(struct hand *h)
{
	struct heard heard = { h, 1 };

	store_claim(h->store,
		&(struct claim){ .tenant = "acme",
			.flow = FLOW,
			.now_ms = loop_now_ms(h->loop),
			.limit = 1000 },
		on_heard, &heard);
	loop_run(h->loop);
	return heard.code;
}

/* Whatever is broken: an answer, never a crash. */
static void a_store_damaged_in_its_middle_answers_with_errors(void **state)
{
	struct hand *h = *state;
	bool failed = false;

	fill(h, 0, 300);
	for (int page = 2; page < 40; page += 3) {
		hand_close(h);
		overwrite(h, "mlc.db", page * 4096, 4096);
		struct err e = { 0 };
		char *dir = hand_path(h, "");
		h->store = store_open(h->loop,
			&(struct store_conf){ .dir = dir, .key_file = h->key_file }, &e);
		free(dir);
		if (!h->store) {
			assert_true(e.code == ERR_DAMAGED || e.code == ERR_SYSTEM ||
				e.code == ERR_REFUSED);
			failed = true;
			break;
		}
		int claim = claim_code(h), accept = accept_code(h, "5000");
		failed = failed || claim == ERR_DAMAGED || accept == ERR_DAMAGED;
	}
	assert_true(failed);
}

static void a_store_cut_short_is_told(void **state)
{
	struct hand *h = *state;

	fill(h, 0, 200);
	hand_close(h);
	char *path = hand_path(h, "mlc.db");
	assert_int_equal(truncate(path, 3 * 4096 + 100), 0);
	free(path);
	struct err e = open_fails(h);
	assert_int_equal(e.code, ERR_DAMAGED);
	assert_non_null(strstr(e.text, "restore"));
}

static void a_file_that_may_not_be_written_is_told_at_once(void **state)
{
	struct hand *h = *state;
	int status = 0;

	hand_close(h);
	pid_t child = fork();
	if (child == 0) {
		char *db = hand_path(h, "mlc.db"), *dir = hand_path(h, "");

		/* root may write anything, so as somebody else */
		if (geteuid() == 0 &&
			(chown(h->key_file, 65534, 65534) || chown(h->dir, 65534, 65534) ||
				chown(dir, 65534, 65534) || chmod(db, 0444) || setgid(65534) ||
				setuid(65534)))
			_exit(3);
		chmod(dir, 0500);
		struct err e = { 0 };
		h->store = store_open(h->loop,
			&(struct store_conf){ .dir = dir, .key_file = h->key_file }, &e);
		_exit(!h->store && e.code == ERR_SYSTEM && strstr(e.text, "state") ? 0 : 1);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(chown(h->key_file, geteuid(), getegid()), 0);
}

/* ---- a disk without room --------------------------------------------------------------------- */

static const char *health(struct hand *h, bool *writable)
{
	static struct store_health now;

	store_health(h->store, &now);
	*writable = now.writable;
	return now.why;
}

static void wait_until_writable(struct hand *h)
{
	time_t deadline = time(NULL) + 60;
	bool writable = false;

	/* Nobody asks for anything: the store finds out by itself. */
	while (!writable && time(NULL) < deadline) {
		loop_advance(h->loop, 1100);
		assert_int_equal(claim_code(h), 0);
		health(h, &writable);
	}
	assert_true(writable);
}

/* Fills until it fails, then goes on when make_room() has run. */
static void full_and_well_again(struct hand *h, void (*make_room)(struct hand *))
{
	bool writable;
	int accepted = 0, code = 0;

	for (int i = 0; i < 20000 && code == 0; i++, accepted += code == 0) {
		char id[16], text[4096];
		struct txn *t = txn_begin(h->store);

		snprintf(id, sizeof id, "%d", i);
		snprintf(text, sizeof text, "{\"n\":%d,\"pad\":\"%0*d\"}", i, 3500, i);
		struct arrival a = order(id, "1", 1, text);
		txn_accept(t, &a);
		txn_audit(t,
			&(struct audit_row){ .tenant = "acme",
				.move = "accept",
				.who = "host",
				.rid = id });
		code = hand_commit(h, t).code;
	}
	assert_int_equal(code, ERR_SYSTEM);
	assert_true(accepted > 0);
	const char *why = health(h, &writable);
	assert_false(writable);
	/* In the words of the machine, or with the way out. */
	assert_true(strstr(why, strerror(EFBIG)) || strstr(why, "no space left"));

	assert_int_equal(claim_code(h), 0); /* reading goes on */
	make_room(h);
	wait_until_writable(h);
	assert_int_equal(accept_code(h, "after"), 0);

	hand_reopen(h);
	json_t *counts = hand_counts(h, "acme");
	assert_int_equal(json_int_or(counts, "0.ready", 0), accepted + 1);
	json_decref(counts);
	struct chore c = { 0 };
	store_audit_verify(h->store, chore_over, &c);
	chore_wait(h, &c);
	assert_true(json_true_at(c.report, "acme.ok"));
	assert_int_equal(json_int_or(c.report, "acme.rows", 0), accepted);
	json_decref(c.report);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lift_the_limit(struct hand *h)
{
	(void)h;
	limit_files(RLIM_INFINITY);
}

static void a_file_that_cannot_grow_stops_writing_until_it_can(void **state)
{
	struct hand *h = *state;

	signal(SIGXFSZ, SIG_IGN);
	limit_files((rlim_t)1 << 20);
	full_and_well_again(h, lift_the_limit);
}

static void remove_ballast(struct hand *h)
{
	char *path = hand_path(h, "ballast");

	assert_int_equal(unlink(path), 0);
	free(path);
}

static void a_full_disk_stops_writing_until_there_is_room(void **state)
{
	struct hand *h = *state;
	char *dir = hand_path(h, "");

	hand_close(h);
	if (mount("none", dir, "tmpfs", 0, "size=4m") < 0) {
		print_message("skipped: no tmpfs may be mounted here (%s)\n", strerror(errno));
		free(dir);
		skip();
	}
	overwrite(h, "ballast", 0, 2 << 20);
	hand_open(h);
	full_and_well_again(h, remove_ballast);
	hand_close(h);
	assert_int_equal(umount(dir), 0);
	free(dir);
}

/* ---- another program at our file ------------------------------------------------------------- */

static void a_lock_of_another_program_is_told_and_passes(void **state)
{
	struct hand *h = *state;
	char *path = hand_path(h, "mlc.db");
	struct err e = { 0 };
	struct db *other = db_open(path, DB_WRITE, 0, &e);

	assert_int_equal(db_exec(other, "BEGIN IMMEDIATE"), 0);
	assert_int_equal(accept_code(h, "1"), ERR_LOCKED);
	assert_int_equal(db_exec(other, "COMMIT"), 0);
	assert_int_equal(accept_code(h, "1"), 0);
	db_close(other);
	free(path);
}

/* ---- queues and groups ----------------------------------------------------------------------- */

static void a_queue_that_is_full_says_so(void **state)
{
	struct hand *h = *state;
	char *dir = hand_path(h, ""), *path = hand_path(h, "mlc.db");
	struct err e = { 0 };
	struct tally n = { .h = h };

	hand_close(h);
	h->store = store_open(h->loop,
		&(struct store_conf){ .dir = dir, .key_file = h->key_file, .queue_max = 10 }, &e);
	assert_non_null(h->store);
	struct db *other = db_open(path, DB_WRITE, 0, &e);
	assert_int_equal(db_exec(other, "BEGIN IMMEDIATE"), 0); /* the disk is slow */
	put_many(&n, 100);
	assert_int_equal(db_exec(other, "COMMIT"), 0);
	db_close(other);
	hand_close(h);
	assert_int_equal(n.over, 100);
	assert_true(n.limited >= 80);
	assert_true(n.done > 0);
	free(path);
	free(dir);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, hand_setup, hand_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_process_that_has_it_is_named),
		TEST(a_wrong_master_key_is_refused_with_both_named),
		TEST(a_missing_key_file_makes_no_store),
		TEST(a_newer_schema_is_refused_with_both_numbers),
		TEST(a_store_of_the_first_schema_becomes_one_of_ours),
		TEST(the_database_of_another_program_is_left_alone),
		TEST(a_file_that_is_no_database_is_called_damaged_with_the_way_out),
		TEST(a_store_damaged_in_its_middle_answers_with_errors),
		TEST(a_store_cut_short_is_told),
		TEST(a_file_that_may_not_be_written_is_told_at_once),
		TEST(a_file_that_cannot_grow_stops_writing_until_it_can),
		TEST(a_full_disk_stops_writing_until_there_is_room),
		TEST(a_lock_of_another_program_is_told_and_passes),
		TEST(a_queue_that_is_full_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
