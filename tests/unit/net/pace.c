/* pace.c - no minute sees more than its budget, waits are heeded, tries spread out. */
#include "net/pace.h"

#include "base/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#define NOON INT64_C(1764936000000) /* 2025-12-05T12:00:00Z */

/* Starts as fast as it may for three minutes and keeps the times. */
static size_t starts(struct pace *p, int64_t *at, size_t max)
{
	size_t count = 0;

	for (int64_t now = NOON; now < NOON + 3 * WHEN_MINUTE_MS; now++)
		while (count < max && pace_take(p, now) == 0) {
			at[count++] = now;
			pace_done(p);
		}
	return count;
}

static void no_minute_sees_more_than_its_budget(void **state)
{
	static const uint32_t budgets[] = { 1, 2, 7, 60, 100, 500, 700, 10000, 50000 };
	static int64_t at[160000];

	(void)state;
	for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++) {
		struct pace p;
		size_t count, first = 0;

		pace_init(&p, budgets[b], 10);
		count = starts(&p, at, sizeof at / sizeof *at);
		for (size_t i = 0; i < count; i++) {
			while (at[i] - at[first] >= WHEN_MINUTE_MS)
				first++;
			assert_true(i - first + 1 <= budgets[b]);
		}
		/* and it is used up: 3 minutes give 2.9 budgets at least */
		assert_true(count >= (budgets[b] > 1 ? budgets[b] * 29 / 10 : 3));
	}
}

static void without_a_budget_only_the_number_at_once_counts(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 0, 2);
	assert_int_equal(pace_take(&p, NOON), 0);
	assert_int_equal(pace_take(&p, NOON), 0);
	assert_true(pace_take(&p, NOON) > NOON);
	pace_done(&p);
	assert_int_equal(pace_take(&p, NOON), 0);
	pace_init(&p, 0, 0);
	assert_int_equal(pace_take(&p, NOON), 0);
	assert_true(pace_take(&p, NOON) > NOON);
}

static void the_time_to_ask_again_is_the_time_it_may_start(void **state)
{
	struct pace p;
	int64_t now = NOON, again;

	(void)state;
	pace_init(&p, 60, 100);
	while (pace_take(&p, now) == 0)
		;
	again = pace_take(&p, now);
	assert_true(again > now);
	assert_int_not_equal(pace_take(&p, again - 1), 0);
	assert_int_equal(pace_take(&p, again), 0);
}

static void a_hold_holds_and_the_longest_wins(void **state)
{
	struct pace p;

	(void)state;
	pace_init(&p, 0, 1);
	pace_hold(&p, NOON + 5000);
	pace_hold(&p, NOON + 1000);
	assert_int_equal(pace_take(&p, NOON), NOON + 5000);
	assert_int_equal(pace_take(&p, NOON + 4999), NOON + 5000);
	assert_int_equal(pace_take(&p, NOON + 5000), 0);
}

static void waits_double_with_jitter_up_to_the_most(void **state)
{
	(void)state;
	for (unsigned attempt = 0; attempt < 200; attempt++) {
		int64_t full = attempt < 12 ? INT64_C(1000) << attempt : 3600000;

		if (full > 3600000)
			full = 3600000;
		assert_int_equal(backoff_ms(attempt, 3600000, 0), full / 2);
		assert_true(backoff_ms(attempt, 3600000, UINT32_MAX) < full);
		assert_true(backoff_ms(attempt, 3600000, UINT32_MAX) >= full - 2);
	}
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} cases[] = {
		{ "0", 0 }, { "120", 120000 }, { "007", 7000 },
		{ "Fri, 05 Dec 2025 12:00:30 GMT", 30000 },
		{ "Sat, 06 Dec 2025 12:00:00 GMT", 86400000 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "99999999999999999999999999", 31 * WHEN_DAY_MS },
		{ "Fri, 05 Dec 2099 12:00:30 GMT", 31 * WHEN_DAY_MS },
		{ "", -1 }, { "-1", -1 }, { "1.5", -1 }, { "12 ", -1 }, { "soon", -1 }, { "1h", -1 },
		{ "Fri, 05 Dec 2025 12:00:30", -1 }, { "Fri, 05 Dec 2025 12:00:30 CET", -1 },
		{ "Fri, 05 Dec 2025 12:00:30 GMT x", -1 }, { "Fri, 32 Dec 2025 12:00:30 GMT", -1 },
		{ "Fri, 05 Foo 2025 12:00:30 GMT", -1 }, { "Fri, 05 anF 2025 12:00:30 GMT", -1 },
		{ "Fri, 05 Dec 2025 25:00:30 GMT", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (retry_after_ms(cases[i].value, NOON) != cases[i].ms)
			fail_msg("'%s': %lld", cases[i].value, (long long)retry_after_ms(cases[i].value, NOON));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_minute_sees_more_than_its_budget),
		cmocka_unit_test(without_a_budget_only_the_number_at_once_counts),
		cmocka_unit_test(the_time_to_ask_again_is_the_time_it_may_start),
		cmocka_unit_test(a_hold_holds_and_the_longest_wins),
		cmocka_unit_test(waits_double_with_jitter_up_to_the_most),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
