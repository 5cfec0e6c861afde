/* recheck_sees_what_is_gone.c - WOO-15, WOO-34, WOO-35: what moves no date and rings no bell. */
#include "drive.h"

#define O(id, refunds) "{\"id\":" #id ",\"status\":\"processing\",\"refunds\":[" refunds "]}"
#define R(id) "{\"id\":" #id ",\"total\":\"-1.00\"}"

static char last_cursor[4096];

static void recheck(struct drive *d, const char *from)
{
	d->input.feed = "recheck";
	d->input.cursor = from;
	begin(d, OP_POLL);
}

/* One whole reading of a single page; its cursor is kept. */
static const char *night(struct drive *d, const char *from, const char *page)
{
	static char news[4096];

	recheck(d, from);
	answer_list(d, page, "9", "1");
	assert_int_equal(d->step, MLC_DONE);
	snprintf(news, sizeof news, "%s", emitted(d));
	snprintf(last_cursor, sizeof last_cursor, "%s", cursor(d));
	drive_end(d);
	return news;
}

static void the_first_night_reads_and_remembers(void **state)
{
	struct drive *d = *state;

	recheck(d, NULL);
	asks(d, "GET", "/wp-json/wc/v3/orders?status=any&after=2026-08-23T00%3A10%3A00Z&dates_are_gmt=true&orderby=id&order=asc"
		"&per_page=100&page=1");
	drive_end(d);
	assert_string_equal(night(d, NULL, "[" O(42, R(52) "," R(54)) "," O(55, "") "]"), "order 42, order 55");
	assert_string_equal(last_cursor, "42:52:54,13");
}

static void the_days_may_be_set(void **state)
{
	struct drive *d = *state;

	json_object_set_new(d->settings, "recheck_days", json_integer(60));
	recheck(d, NULL);
	assert_non_null(strstr(call_inside(d->call)->request->path, "after=2026-09-22T00%3A10%3A00Z"));
	drive_end(d);
}

static void an_unchanged_shop_brings_its_orders_and_no_hints(void **state)
{
	struct drive *d = *state;

	assert_string_equal(night(d, "42:52:54,13", "[" O(42, R(52) "," R(54)) "," O(55, "") "]"), "order 42, order 55");
	assert_string_equal(last_cursor, "42:52:54,13");
}

static void a_refund_that_is_not_there_any_more_is_looked_up(void **state)
{
	struct drive *d = *state;

	assert_string_equal(night(d, "42:52:54,13", "[" O(42, R(54)) "," O(55, "") "]"), "hint refund 42-52, order 42, order 55");
	assert_string_equal(last_cursor, "42:54,13");
}

static void a_refund_nobody_told_of_is_looked_up(void **state)
{
	struct drive *d = *state;

	assert_string_equal(night(d, "42,13", "[" O(42, R(52)) "," O(55, "") "," O(60, R(61)) "]"),
		"hint refund 42-52, order 42, order 55, hint refund 60-61, order 60");
}

static void an_order_that_is_not_there_any_more_is_looked_up_not_believed_dead(void **state)
{
	struct drive *d = *state;

	assert_string_equal(night(d, "42,13,2,10", "[" O(42, "") "," O(57, "") "]"), "order 42, hint order 55, order 57, hint order 67");
	assert_string_equal(last_cursor, "42,15");
}

/* WOO-35: the oldest of them may have been deleted for good, which no listing tells from growing too old. */
static void orders_that_have_grown_too_old_are_looked_up_a_last_time(void **state)
{
	struct drive *d = *state;

	assert_string_equal(night(d, "1,1,40,13", "[" O(42, "") "," O(55, "") "]"),
		"hint order 1, hint order 2, order 42, order 55");
	assert_string_equal(last_cursor, "42,13");
}

static void a_list_that_comes_back_empty_accuses_nobody(void **state)
{
	struct drive *d = *state;

	recheck(d, "42,13");
	answer_list(d, "[]", "0", "0");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	drive_end(d);
	recheck(d, "42,13");
	answer_list(d, "[]", "2", "1");
	fails(d, MLC_BROKEN);
	drive_end(d);
}

static void a_reading_of_several_pages_is_committed_by_pages_and_goes_on_after_a_restart(void **state)
{
	struct drive *d = *state;

	recheck(d, "42,13,2,3");
	answer_list(d, "[" O(42, "") "," O(55, R(56)) "]", "4", "2");
	assert_int_equal(d->step, MLC_PAUSE);
	assert_string_equal(emitted(d), "order 42, hint refund 55-56, order 55");
	assert_string_equal(cursor(d), "from 2026-08-23T00:10:00Z page 2 left 57,3 have 42,13:56");
	snprintf(last_cursor, sizeof last_cursor, "%s", cursor(d));
	commit(d);
	assert_non_null(strstr(call_inside(d->call)->request->path, "after=2026-08-23T00%3A10%3A00Z"));
	assert_non_null(strstr(call_inside(d->call)->request->path, "page=2"));
	drive_end(d);

	/* kill -9: a new call from the cursor that was committed. */
	recheck(d, last_cursor);
	assert_non_null(strstr(call_inside(d->call)->request->path, "page=2"));
	answer_list(d, "[" O(55, R(56)) "," O(60, "") "]", "4", "2");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "hint order 57, order 60");
	assert_string_equal(cursor(d), "42,13:56,5");
	drive_end(d);
}

static void the_first_night_of_several_pages_hints_at_nothing(void **state)
{
	struct drive *d = *state;

	recheck(d, NULL);
	answer_list(d, "[" O(42, R(52)) "]", "2", "2");
	assert_string_equal(cursor(d), "from 2026-08-23T00:10:00Z page 2 left ! have 42:52");
	commit(d);
	answer_list(d, "[" O(55, R(56)) "]", "2", "2");
	assert_string_equal(emitted(d), "order 55");
	assert_string_equal(cursor(d), "42:52,13:56");
	drive_end(d);
}

static void a_person_may_have_it_read_from_a_day_on(void **state)
{
	struct drive *d = *state;

	recheck(d, "@2026-01-01T00:00:00Z");
	assert_non_null(strstr(call_inside(d->call)->request->path, "after=2026-01-01T00%3A00%3A00Z"));
	answer_list(d, "[" O(42, R(52)) "]", "1", "1");
	assert_string_equal(emitted(d), "order 42");
	drive_end(d);
}

static void a_damaged_memory_accuses_nobody(void **state)
{
	static const char *const rows[] = { ",,,", "x", "42:,", "from", "from 2026-08-23T00:10:00Z page", "0,0", "-5",
		"999999999999999999999999999999", "from 2026-08-23T00:10:00Z page 1 left x have y" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		recheck(d, rows[i]);
		answer_list(d, "[" O(42, "") "]", "1", "1");
		assert_int_equal(d->step, MLC_DONE);
		assert_non_null(strstr(emitted(d), "order 42"));
		assert_null(strstr(emitted(d), "deleted"));
		drive_end(d);
	}
}

#define T(name) drive_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_night_reads_and_remembers),
		T(the_days_may_be_set),
		T(an_unchanged_shop_brings_its_orders_and_no_hints),
		T(a_refund_that_is_not_there_any_more_is_looked_up),
		T(a_refund_nobody_told_of_is_looked_up),
		T(an_order_that_is_not_there_any_more_is_looked_up_not_believed_dead),
		T(orders_that_have_grown_too_old_are_looked_up_a_last_time),
		T(a_list_that_comes_back_empty_accuses_nobody),
		T(a_reading_of_several_pages_is_committed_by_pages_and_goes_on_after_a_restart),
		T(the_first_night_of_several_pages_hints_at_nothing),
		T(a_person_may_have_it_read_from_a_day_on),
		T(a_damaged_memory_accuses_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
