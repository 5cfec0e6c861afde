/* commits.c - many transactions share a commit, a lone one waits for nobody, and each stands or falls
 * by itself. */
#include "hand.h"

#include <stdio.h>
#include <stdlib.h>

static void one_bad_transaction_takes_no_other_with_it(void **state)
{
	struct hand *h = *state;
	struct tally n = { .h = h };

	put_many(&n, 1000);
	hand_close(h); /* what is queued is written, and everybody hears of it */
	assert_int_equal(n.over, 1000);
	assert_int_equal(n.done, 900);
	assert_int_equal(n.other, 100);
	hand_open(h);
	json_t *counts = hand_counts(h, "acme");
	assert_int_equal(json_int_or(counts, "0.ready", 0), 900);
	json_decref(counts);
}

static void a_transaction_beyond_its_ceiling_is_refused(void **state)
{
	struct hand *h = *state;
	size_t len = (size_t)40 << 20;
	char *big = xcalloc(1, len + 1);
	struct txn *t = txn_begin(h->store);

	for (int i = 0; i < 2; i++) {
		memset(big, i ? 'x' : 'y', len);
		struct arrival a = order(i ? "1" : "2", "1", 1, big);

		txn_accept(t, &a);
	}
	assert_int_equal(hand_commit(h, t).code, ERR_LIMIT);
	free(big);
}

static uint64_t commits(struct hand *h)
{
	struct store_health now;

	store_health(h->store, &now);
	return now.commits;
}

static void on_last(void *arg, const struct txn_result *r)
{
	struct tally *n = arg;

	tally_counted(arg, r);
	if (n->over == 640)
		loop_stop(n->h->loop);
}

static void what_comes_together_shares_a_commit(void **state)
{
	struct hand *h = *state;
	struct tally n = { .h = h };
	uint64_t before = commits(h);

	for (int i = 0; i < 640; i++) {
		struct txn *t = txn_begin(h->store);

		txn_note(t, "acme", "shop", "cursor", "orders", "1");
		txn_commit(t, on_last, &n);
	}
	loop_run(h->loop);
	assert_int_equal(n.done, 640);
	/* The target: at most 0.2 syncs for each with 32 in flight. */
	assert_true(commits(h) - before <= 640 / 5);
}

static void a_lone_transaction_is_committed_before_it_is_answered(void **state)
{
	struct hand *h = *state;

	for (int i = 0; i < 5; i++) {
		uint64_t before = commits(h);
		struct txn *t = txn_begin(h->store);

		txn_note(t, "acme", "shop", "cursor", "orders", "1");
		assert_int_equal(hand_commit(h, t).code, 0);
		assert_true(commits(h) > before);
	}
}

struct turn {
	int *next, number;
	struct hand *h;
};

static void on_turn(void *arg, const struct txn_result *r)
{
	struct turn *t = arg;

	assert_int_equal(r->code, 0);
	assert_int_equal(*t->next, t->number);
	if (++*t->next == 300)
		loop_stop(t->h->loop);
}

static void answers_come_in_the_order_of_the_commits(void **state)
{
	struct hand *h = *state;
	struct turn turns[300];
	int next = 0;

	for (int i = 0; i < 300; i++) {
		struct txn *t = txn_begin(h->store);
		char value[16];

		turns[i] = (struct turn){ &next, i, h };
		snprintf(value, sizeof value, "%d", i);
		txn_note(t, "acme", "shop", "cursor", "orders", value);
		txn_commit(t, on_turn, &turns[i]);
	}
	loop_run(h->loop);
	json_t *rows = hand_notes(h, "acme", "shop", "cursor");
	assert_string_equal(json_text_at(rows, "0.value"), "299");
	json_decref(rows);
}

static void an_abandoned_transaction_leaves_nothing(void **state)
{
	struct hand *h = *state;
	struct txn *t = txn_begin(h->store);

	txn_note(t, "acme", "shop", "cursor", "orders", "1");
	txn_abandon(t);
	json_t *rows = hand_notes(h, NULL, NULL, NULL);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, hand_setup, hand_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_bad_transaction_takes_no_other_with_it),
		TEST(a_transaction_beyond_its_ceiling_is_refused),
		TEST(what_comes_together_shares_a_commit),
		TEST(a_lone_transaction_is_committed_before_it_is_answered),
		TEST(answers_come_in_the_order_of_the_commits),
		TEST(an_abandoned_transaction_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
