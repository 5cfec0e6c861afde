/* zone_clocks_of_places.c - when a day begins, there. */
#include "base/when.h"
#include "base/zone.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void begins(const char *zone, const char *day, const char *want)
{
	struct err e = { 0 };
	struct zone *z = NULL;
	char at[WHEN_SIZE];

	if (zone_load(zone, &z, &e) < 0)
		fail_msg("%s", e.text);
	when_text(zone_day_begins_ms(z, day), at);
	assert_string_equal(at, want);
	zone_destroy(z);
}

static void days_begin_at_the_midnight_of_the_place_in_winter_and_in_summer(void **state)
{
	(void)state;
	begins("America/New_York", "2026-01-15", "2026-01-15T05:00:00.000Z");
	begins("America/New_York", "2026-07-15", "2026-07-15T04:00:00.000Z");
	begins("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00.000Z");
	begins("Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00.000Z");
	begins("Asia/Kolkata", "2026-03-01", "2026-02-28T18:30:00.000Z");
	begins("Australia/Sydney", "2026-01-01", "2025-12-31T13:00:00.000Z");
	begins("Australia/Sydney", "2026-07-01", "2026-06-30T14:00:00.000Z");
	begins("Etc/UTC", "2026-07-01", "2026-07-01T00:00:00.000Z");
}

/* The files list changes up to 2037 at most; after that a rule counts. */
static void what_the_file_does_not_list_goes_by_its_rule(void **state)
{
	(void)state;
	begins("America/New_York", "2050-03-13", "2050-03-13T05:00:00.000Z");
	begins("America/New_York", "2050-03-14", "2050-03-14T04:00:00.000Z");
	begins("America/New_York", "2050-11-07", "2050-11-07T05:00:00.000Z");
	begins("Australia/Sydney", "2050-01-01", "2049-12-31T13:00:00.000Z");
	begins("Asia/Tokyo", "2050-01-01", "2049-12-31T15:00:00.000Z");
}

static void where_midnight_is_left_out_the_day_begins_after_it(void **state)
{
	(void)state;
	begins("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z"); /* 00:00 became 01:00 */
	begins("America/Sao_Paulo", "2018-11-05", "2018-11-05T02:00:00.000Z");
}

static void an_instant_and_its_offset(void **state)
{
	struct zone *z = NULL;
	int64_t at;

	(void)state;
	assert_int_equal(zone_load("America/New_York", &z, NULL), 0);
	when_parse("2026-03-08T06:59:59Z", &at);
	assert_int_equal(zone_offset_ms(z, at), -5 * WHEN_HOUR_MS);
	assert_int_equal(zone_offset_ms(z, at + 1000), -4 * WHEN_HOUR_MS);
	when_parse("1850-01-01", &at); /* before there was such a thing */
	assert_true(zone_offset_ms(z, at) > -6 * WHEN_HOUR_MS);
	zone_destroy(z);
}

static void what_is_no_zone_is_said(void **state)
{
	static const char *const names[] = { "", "../etc/passwd", "/etc/localtime", "New York", "America/NewYork", "America" };
	struct zone *z = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct err e = { 0 };

		assert_true(zone_load(names[i], &z, &e) < 0);
		assert_true(strlen(e.text) > 10);
	}
	assert_int_equal(zone_parse("TZif2", 5, &z, NULL), ERR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_begin_at_the_midnight_of_the_place_in_winter_and_in_summer),
		cmocka_unit_test(what_the_file_does_not_list_goes_by_its_rule),
		cmocka_unit_test(where_midnight_is_left_out_the_day_begins_after_it),
		cmocka_unit_test(an_instant_and_its_offset),
		cmocka_unit_test(what_is_no_zone_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
