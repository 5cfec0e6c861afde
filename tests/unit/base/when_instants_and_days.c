/* when_instants_and_days.c - instants and days to text and back. */
#include "check.h"

#include "base/when.h"

#include <string.h>
#include <time.h>

static void text_and_instant_are_each_others_inverse(void **state)
{
	/* Every 7 hours, 13 minutes and a bit, 1900 to 2200, against the C library. */
	int64_t step = 7 * WHEN_HOUR_MS + 13 * WHEN_MINUTE_MS + 17001;

	(void)state;
	for (int64_t ms = INT64_C(-2208988800000); ms < INT64_C(7258118400000); ms += step * 11) {
		char text[WHEN_SIZE], expected[64];
		time_t s = (time_t)((ms - ((ms % 1000) + 1000) % 1000) / 1000);
		struct tm tm;
		int64_t back;

		when_text(ms, text);
		gmtime_r(&s, &tm);
		strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
		assert_memory_equal(text, expected, 19);
		assert_true(when_parse(text, &back));
		assert_int_equal(back, ms);
	}
}

static void every_form_that_remotes_send_is_read(void **state)
{
	static const struct {
		const char *text, *is;
	} rows[] = {
		{ "2026-10-31", "2026-10-31T00:00:00.000Z" },
		{ "2026-10-31T23:30:00", "2026-10-31T23:30:00.000Z" }, /* WooCommerce's *_gmt */
		{ "2026-10-31T23:30", "2026-10-31T23:30:00.000Z" },
		{ "2026-10-31 23:30:00", "2026-10-31T23:30:00.000Z" },
		{ "2026-10-31T23:30:00.5Z", "2026-10-31T23:30:00.500Z" },
		{ "2026-10-31T23:30:00.123456789Z", "2026-10-31T23:30:00.123Z" },
		{ "2026-10-31T23:30:00-07:00", "2026-11-01T06:30:00.000Z" }, /* QuickBooks */
		{ "2026-10-31T23:30:00+0530", "2026-10-31T18:00:00.000Z" },
		{ "2026-10-31T23:30:00+02", "2026-10-31T21:30:00.000Z" },
		{ "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z" },
		{ "2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[WHEN_SIZE];
		int64_t ms;

		assert_true(when_parse(rows[i].text, &ms));
		when_text(ms, text);
		assert_string_equal(text, rows[i].is);
	}
}

static void what_is_no_instant_is_refused(void **state)
{
	static const char *const rows[] = { "", "2026", "2026-13-01", "2026-00-10", "2026-02-29",
		"2026-02-30", "1900-02-29", "2026-10-32", "26-10-31", "2026-10-31T", "2026-10-31T24:00:00",
		"2026-10-31T23:60:00", "2026-10-31T23:30:00X", "2026-10-31T23:30:00Z ", " 2026-10-31",
		"2026-10-31T23:30:00.", "2026-10-31T23:30:00+25:00", "2026-10-31T23:30:00+02:0",
		"2026/10/31", "0000-00-00T00:00:00", "10/31/2026" };
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_false(when_parse(rows[i], &ms));
	assert_int_equal(ms, 42);
}

static void days_are_counted_over_months_years_and_leap_days(void **state)
{
	char day[WHEN_DAY_SIZE];
	int64_t days;

	(void)state;
	assert_true(when_days_between("2026-10-31", "2026-11-01", &days));
	assert_int_equal(days, 1);
	assert_true(when_days_between("2028-03-01", "2028-02-28", &days));
	assert_int_equal(days, -2);
	assert_false(when_days_between("2026-10-31", "yesterday", &days));
	assert_true(when_add_days("2026-12-31", 1, day));
	assert_string_equal(day, "2027-01-01");
	assert_true(when_add_days("2028-03-01", -1, day));
	assert_string_equal(day, "2028-02-29");
	assert_false(when_add_days("9999-12-31", 1, day));
	assert_false(when_add_days("2026-02-30", 1, day));
	assert_true(when_is_day("2026-10-31"));
	assert_false(when_is_day("2026-10-31T00:00:00"));
	when_day(-1, day);
	assert_string_equal(day, "1969-12-31");
}

static void instants_beyond_the_calendar_show_its_ends(void **state)
{
	char text[WHEN_SIZE];

	(void)state;
	when_text(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	when_text(INT64_MIN, text);
	assert_string_equal(text, "0001-01-01T00:00:00.000Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_instant_are_each_others_inverse),
		cmocka_unit_test(every_form_that_remotes_send_is_read),
		cmocka_unit_test(what_is_no_instant_is_refused),
		cmocka_unit_test(days_are_counted_over_months_years_and_leap_days),
		cmocka_unit_test(instants_beyond_the_calendar_show_its_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
