/* survives_kill.c - kill -9 at any moment: what was acknowledged is there, nothing is there by half,
 * the counts are right and the audit chain is whole although its rows were moving between two files. */
#include "hand.h"

#include "base/crypto.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS    20
#define IN_FLIGHT 64

static const char FLOW[] = "shop-books.invoice";

/* ---- the process that is killed -------------------------------------------------------------- */

struct victim {
	struct hand *hand;
	int acks;
	int64_t next; /* number of the next order */
};

static void send_more(struct victim *);

struct flight {
	struct victim *victim;
	int64_t number;
};

static void on_accepted(void *arg, const struct txn_result *r)
{
	struct flight *f = arg;

	if (r->code == 0 && write(f->victim->acks, &f->number, sizeof f->number) < 0)
		_exit(1);
	send_more(f->victim);
	free(f);
}

/* One order comes in and goes all its way in the same transaction or in none. */
static void send_more(struct victim *v)
{
	struct flight *f = xcalloc(1, sizeof *f);
	struct txn *t = txn_begin(v->hand->store);
	char id[32], text[600];

	*f = (struct flight){ v, v->next++ };
	snprintf(id, sizeof id, "%lld", (long long)f->number);
	snprintf(text, sizeof text, "{\"n\":%lld,\"pad\":\"%0500d\"}", (long long)f->number, 1);
	struct arrival a = order(id, "1", 1, text);
	txn_accept(t, &a);
	txn_audit(t,
		&(struct audit_row){ .tenant = f->number % 2 ? "acme" : "zeta",
			.move = "accept",
			.who = "host",
			.connection = "shop",
			.entity = "order",
			.rid = id,
			.payload = text,
			.payload_len = strlen(text) });
	txn_link_put(t,
		&(struct link_row){ .tenant = "acme",
			.flow = FLOW,
			.identity = id,
			.source_id = id });
	txn_commit(t, on_accepted, f);
}

/* Deliveries move on meanwhile, so that a kill falls between their states too. */
static void on_claimed(void *arg, const struct delivery *d, size_t count, const struct err *e)
{
	struct victim *v = arg;
	struct txn *t = txn_begin(v->hand->store);

	for (size_t i = 0; !e && i < count; i++)
		txn_delivery(t,
			&(struct delivery_move){ .id = d[i].id,
				.to = i % 3 ? DELIVERY_DONE : DELIVERY_SENDING });
	txn_commit(t, NULL, NULL);
	store_claim(v->hand->store,
		&(struct claim){ .tenant = "acme",
			.flow = FLOW,
			.now_ms = loop_now_ms(v->hand->loop),
			.limit = 16 },
		on_claimed, v);
}

static void live_until_killed(struct hand *h, int acks, int64_t first)
{
	struct victim v = { h, acks, first };

	struct err e = { 0 };
	h->loop = loop_create(&e);
	hand_open(h);
	for (int i = 0; i < IN_FLIGHT; i++)
		send_more(&v);
	on_claimed(&v, NULL, 0, NULL);
	loop_run(h->loop);
	_exit(1);
}

/* ---- what must be true afterwards ------------------------------------------------------------ */

static int64_t count_states(struct hand *h, const char *state)
{
	int64_t after = 0, count = 0;

	for (;;) {
		json_t *rows = hand_list(h, "{s:s,s:s,s:i,s:I}", "tenant", "acme", "state", state,
			"limit", 1000, "after_id", (json_int_t)after);
		size_t got = json_array_size(rows);

		count += (int64_t)got;
		if (got)
			after = json_int_or(json_array_get(rows, got - 1), "id", 0);
		json_decref(rows);
		if (got < 1000)
			return count;
	}
}

static int64_t count_records(struct hand *h, bool *seen, size_t size)
{
	char after[64] = "";
	int64_t count = 0;

	for (;;) {
		json_t *rows = hand_records(h, "{s:s,s:s,s:s,s:i,s:s}", "tenant", "acme",
			"connection", "shop", "entity", "order", "limit", 1000, "after", after);
		size_t got = json_array_size(rows), i;
		json_t *row;

		json_array_foreach(rows, i, row) {
			size_t number = strtoul(json_text_or(row, "rid", "0"), NULL, 10);

			assert_non_null(json_text_at(row, "text"));
			assert_true(number < size);
			seen[number] = true;
			snprintf(after, sizeof after, "%s", json_text_or(row, "after", ""));
		}
		count += (int64_t)got;
		json_decref(rows);
		if (got < 1000)
			return count;
	}
}

static void nothing_is_missing_or_half_done(struct hand *h, const bool *acked, size_t size)
{
	static const char *const states[] = { "ready", "sending", "done" };
	struct err e = { 0 };
	struct chore c = { 0 };
	bool *seen = xcalloc(size, sizeof *seen);

	h->loop = loop_create(&e);
	hand_open(h);
	int64_t records = count_records(h, seen, size), trail = 0;
	for (size_t i = 0; i < size; i++)
		if (acked[i] && !seen[i])
			fail_msg("order %zu was acknowledged and is not there", i);

	json_t *counts = hand_counts(h, "acme");
	for (int i = 0; i < 3; i++)
		assert_int_equal(json_int_or(json_array_get(counts, 0), states[i], 0),
			count_states(h, states[i]));
	json_decref(counts);

	store_audit_verify(h->store, chore_over, &c);
	chore_wait(h, &c);
	if (!json_true_at(c.report, "acme.ok") || !json_true_at(c.report, "zeta.ok"))
		fail_msg("%s", json_dumps(c.report, JSON_COMPACT));
	trail = json_int_or(c.report, "acme.rows", 0) + json_int_or(c.report, "zeta.rows", 0);
	assert_int_equal(trail, records);
	json_decref(c.report);
	hand_close(h);
	loop_destroy(h->loop);
	h->loop = NULL;
	free(seen);
}

static void kill_after(struct hand *h, int64_t *next, bool *acked, size_t size, useconds_t us)
{
	int acks[2];
	int64_t number;

	assert_int_equal(pipe(acks), 0);
	pid_t child = fork();
	if (child == 0) {
		close(acks[0]);
		live_until_killed(h, acks[1], *next);
	}
	close(acks[1]);
	/* From the first acknowledged order on, so that the start is not all that is killed. */
	assert_int_equal(read(acks[0], &number, sizeof number), sizeof number);
	acked[number] = true;
	usleep(us);
	kill(child, SIGKILL);
	while (read(acks[0], &number, sizeof number) == sizeof number) {
		assert_true((size_t)number + IN_FLIGHT < size);
		acked[number] = true;
		*next = number + 1 > *next ? number + 1 : *next;
	}
	*next += 10 * IN_FLIGHT;
	close(acks[0]);
	waitpid(child, NULL, 0);
}

static void whatever_was_acknowledged_survives_kill_9(void **state)
{
	struct hand *h = *state;
	size_t size = 2000000;
	bool *acked = xcalloc(size, sizeof *acked);
	int64_t next = 1;
	unsigned char dice;

	/* No thread of ours may live when we fork. */
	hand_close(h);
	loop_destroy(h->loop);
	h->loop = NULL;
	for (int round = 0; round < ROUNDS; round++) {
		random_bytes(&dice, 1);
		kill_after(h, &next, acked, size, 2000 + dice * 700u);
		nothing_is_missing_or_half_done(h, acked, size);
	}
	struct err e = { 0 };
	h->loop = loop_create(&e);
	free(acked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whatever_was_acknowledged_survives_kill_9,
			hand_setup, hand_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
