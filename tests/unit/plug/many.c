/* many.c - a thousand connections: each costs little while nothing happens, none waits for
 * another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "house.h"

#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 1000

static int setup(void **state)
{
	*state = house_open("");
	return 0;
}

static int teardown(void **state)
{
	house_close(*state);
	return 0;
}

static bool is_true(void *arg)
{
	return *(bool *)arg;
}

static void now_true(void *arg)
{
	*(bool *)arg = true;
}

/* A sanitizer has its own malloc, which tells nothing. */
#if defined __SANITIZE_ADDRESS__
#define COUNTS 0
#else
#define COUNTS 1
#endif

static size_t in_use(void)
{
	return COUNTS ? mallinfo2().uordblks : 1;
}

/* Half of them shops, half desks, all with the settings of the first. */
static void apply_many(struct house *h)
{
	struct connection_want *wants = xcalloc(MANY, sizeof *wants);
	char (*names)[32] = xcalloc(MANY, sizeof *names);
	bool applied = false;

	for (size_t i = 0; i < MANY; i++) {
		const char *kind = i % 2 ? "desk" : "shop";

		snprintf(names[i], sizeof names[i], "%s%zu", i < 2 ? "" : kind, i);
		wants[i] = (struct connection_want){ "acme", i < 2 ? kind : names[i],
			registry_find(h->registry, kind), json_object_get(h->settings, kind) };
	}
	connections_apply(h->connections, wants, MANY, now_true, &applied);
	turn_until(h->loop, is_true, &applied);
	free(wants);
	free(names);
}

static void count_one(void *arg, struct connection *c)
{
	(void)c;
	++*(size_t *)arg;
}

static void a_thousand_idle_connections_cost_four_kilobytes_each(void **state)
{
	struct house *h = *state;
	size_t before = in_use(), count = 0, each;

	apply_many(h);
	turn_idle(h->loop);
	connections_each(h->connections, count_one, &count);
	assert_int_equal(count, MANY);
	each = (in_use() - before) / MANY;
	assert_in_range(each, COUNTS, 4096);
}

static void a_slow_remote_holds_up_nobody_else(void **state)
{
	struct house *h = *state;
	struct connection *other;
	char name[32];

	apply_many(h);
	for (int i = 0; i < 4; i++) { /* all that one connection may have in flight */
		house_reply(h, LOSE, "");
		house_order(h, connection_find(h->connections, "acme", "shop"),
			&(struct order){ .op = OP_POLL, .feed = "things" });
	}
	while (h->lost_count < 4)
		turn_idle(h->loop);
	for (size_t i = 2; i < 40; i += 2) {
		snprintf(name, sizeof name, "shop%zu", i);
		house_secret(h, name, "key", "k");
		house_secret(h, name, "pass", "p");
		other = connection_find(h->connections, "acme", name);
		house_reply(h, 200, "{\"things\":[],\"next\":\"1\"}");
		assert_false(json_true_at(house_call(h, other,
			&(struct order){ .op = OP_POLL, .feed = "things" }), "failed"));
	}
}

/* Calls that end before they leave: what is exchanged goes into the trail, and the store's cache
 * with it. */
static void what_thousands_of_calls_leave_behind_is_nothing(void **state)
{
	struct house *h = *state;
	json_t *elsewhere = json_object();
	size_t before = 0;

	json_put_text(elsewhere, "name", "https://elsewhere.example/");
	for (int i = 0; i < 3000; i++) {
		house_call(h, h->shop, &(struct order){ .op = OP_FIND, .entity = "thing",
			.data = elsewhere });
		json_array_clear(h->said);
		if (i == 1000)
			before = in_use();
	}
	assert_int_equal(connection_calls(h->shop), 0);
	assert_in_range(in_use(), 1, before + 64 * 1024);
	json_decref(elsewhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_thousand_idle_connections_cost_four_kilobytes_each),
		T(a_slow_remote_holds_up_nobody_else),
		T(what_thousands_of_calls_leave_behind_is_nothing),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
