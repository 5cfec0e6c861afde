/* visits_cut_anywhere.c - writes through visits that break off at every place, hosts that are
 * killed, files that are read anew: each write has one effect and one outcome, the true one
 * (WOO-33, promise 2).
 *
 * The peer remembers its last marked set, as QuickBooks does: the same set again is answered from
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "house.h"

#include "base/mem.h"
#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITES 60
#define TURNS  80
#define SEEDS  8

struct peer_side {
	char bytes[65536], mark[32], answer[65536]; /* of the last marked set */
	unsigned effects[WRITES];                 /* how often each write was carried out */
	unsigned ids;
};

struct trial {
	struct house *house;
	struct peer_side peer;
	unsigned seed;
	bool ordered[WRITES]; /* under way in the host, as far as we know */
	char outcome[WRITES][40]; /* the TxnID settled with, or "refused" */
	size_t heard; /* entries of house->said that were read */
};

static struct heard heard;
static unsigned asked_again, killed_open, in_doubt; /* so that a lucky run proves nothing */

static unsigned dice(struct trial *t, unsigned sides)
{
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 17;
	t->seed ^= t->seed << 5;
	return t->seed % sides;
}

static unsigned number_of(const char *line)
{
	return (unsigned)atoi(line + 1) - 100;
}

/* ---- QuickBooks -------------------------------------------------------------------------- */

/* What it answers to a set; the effect happens here, once for a mark. */
static void carry_out(struct trial *t, const char *set, char *answer, size_t size)
{
	struct peer_side *p = &t->peer;
	char mark[32] = "";
	size_t len = 0;

	sscanf(set, "set %31s", mark);
	if (*mark && !strcmp(mark, p->mark)) {
		if (strcmp(set, p->bytes) != 0)
			fail_msg("set %s came again with other bytes", mark);
		snprintf(answer, size, "%s", p->answer);
		asked_again++;
		return;
	}
	*answer = 0;
	for (const char *line = strchr(set, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		if (*mark) {
			p->effects[number_of(line)]++;
			len += (size_t)snprintf(answer + len, size - len, "gave ok T%u\n",
				number_of(line));
		} else {
			len += (size_t)snprintf(answer + len, size - len, "gave {\"list\":[]}\n");
		}
	}
	if (*mark) {
		snprintf(p->mark, sizeof p->mark, "%s", mark);
		snprintf(p->bytes, sizeof p->bytes, "%s", set);
		snprintf(p->answer, sizeof p->answer, "%s", answer);
	}
}

/* ---- the floor above ------------------------------------------------------------------------ */

static void order(struct trial *t, unsigned n)
{
	char key[16];

	snprintf(key, sizeof key, "W%u", 100 + n);
	t->ordered[n] = true;
	house_write(t->house, t->house->desk, 100 + n, key, "{\"Memo\":\"one\"}");
}

/* What the hooks have heard: outcomes are noted, doubts are looked up in the books. */
static void listen(struct trial *t)
{
	for (; t->heard < json_array_size(t->house->said); t->heard++) {
		const json_t *o = json_array_get(t->house->said, t->heard);
		unsigned n = (unsigned)json_int_or(o, "writes.0.write_id", 0) - 100;

		if (strcmp(json_text_or(o, "hook", ""), "done") != 0 ||
			strcmp(json_text_or(o, "op", ""), "write") != 0)
			continue;
		assert_true(n < WRITES);
		t->ordered[n] = false;
		if (*t->outcome[n])
			fail_msg("write %u has a second outcome", n);
		if (!json_true_at(o, "failed"))
			snprintf(t->outcome[n], sizeof t->outcome[n], "%s",
				json_text_or(o, "writes.0.id", "?"));
		else if (++in_doubt && t->peer.effects[n] > 0) /* looked up, and found */
			snprintf(t->outcome[n], sizeof t->outcome[n], "T%u", n);
	}
}

static void order_what_is_left(struct trial *t, bool bad)
{
	for (unsigned n = 0; n < WRITES; n++)
		if (!t->ordered[n] && !*t->outcome[n] && dice(t, 30) < (bad ? 1 : 30))
			order(t, n);
}

static void restart(struct trial *t)
{
	listen(t);
	house_restart(t->house);
	/* What was only parked is forgotten; what is in an open set is not. */
	bool open = false;
	for (unsigned n = 0; n < WRITES; n++) {
		t->ordered[n] = house_set_holds(t->house, 100 + n);
		open = open || t->ordered[n];
	}
	killed_open += open;
	listen(t);
}

/* ---- the Web Connector, on a bad line ---------------------------------------------------- */

static void visit(struct trial *t, bool bad)
{
	struct house *h = t->house;
	static char answer[65536];

	house_serve(h, "hello sesame", &heard);
	if (strncmp(heard.body, "ticket", 6) != 0)
		return;
	for (int turns = 0; turns < 20; turns++) {
		if (bad && dice(t, 8) == 0)
			return; /* the line is cut before it asks */
		house_serve(h, "ask file-1", &heard);
		listen(t);
		if (!strcmp(heard.body, "nothing") || !strcmp(heard.body, "wait"))
			break;
		if (bad && dice(t, 6) == 0)
			return; /* our answer does not arrive: nothing happens there */
		carry_out(t, heard.body, answer, sizeof answer);
		if (bad && dice(t, 5) == 0)
			return; /* it happened, and its reply does not arrive */
		if (bad && dice(t, 12) == 0) {
			restart(t);
			return;
		}
		house_serve(h, answer, &heard);
		listen(t);
		if (bad && dice(t, 10) == 0)
			house_serve(h, answer, &heard); /* the same answer twice */
		if (!strcmp(heard.body, "done"))
			break;
	}
	house_serve(h, "bye", &heard);
}

static void disturb(struct trial *t)
{
	struct house *h = t->house;

	switch (dice(t, 6)) {
	case 0:
		restart(t);
		break;
	case 1:
		json_put_int(json_object_get(h->settings, "desk"), "every_minutes",
			5 + (int)dice(t, 50));
		house_apply(h);
		break;
	case 2:
		jump(h->loop, 31 * WHEN_MINUTE_MS);
		break;
	case 3:
		house_order(h, h->desk, &(struct order){ .op = OP_POLL,
			.feed = dice(t, 2) ? "once" : "invoices" });
		break;
	default:
		break;
	}
	listen(t);
}

static void run_trial(unsigned seed)
{
	struct trial t = { .house = house_open(""), .seed = seed };
	unsigned left = 0;

	for (int turn = 0; turn < TURNS; turn++) {
		order_what_is_left(&t, true);
		turn_idle(t.house->loop);
		visit(&t, true);
		disturb(&t);
	}
	/* Now all is well with line and host. */
	for (int turn = 0; turn < 30; turn++) {
		order_what_is_left(&t, false);
		turn_idle(t.house->loop);
		visit(&t, false);
		turn_idle(t.house->loop);
		listen(&t);
	}
	for (unsigned n = 0; n < WRITES; n++) {
		char expected[16];

		snprintf(expected, sizeof expected, "T%u", n);
		if (t.peer.effects[n] != 1 || strcmp(t.outcome[n], expected) != 0)
			fail_msg("seed %u: write %u was carried out %u times and ended as '%s'",
				seed, n, t.peer.effects[n], t.outcome[n]);
		left += t.ordered[n];
	}
	assert_int_equal(left, 0);
	assert_false(house_open_set(t.house, NULL, 0, NULL));
	house_close(t.house);
}

static void each_write_has_one_effect_and_one_outcome(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++)
		run_trial(seed * 2654435761u);
	print_message("# %u sets were asked again, %u kills left one open, %u writes were in doubt\n", asked_again, killed_open, in_doubt);
	assert_true(asked_again > 20 && killed_open > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_write_has_one_effect_and_one_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
