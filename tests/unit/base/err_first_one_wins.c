/* err_first_one_wins.c - the first error is what a person reads, with its way outwards. */
#include "check.h"

#include "base/err.h"

#include <string.h>

static void the_first_error_stays(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, ERR_INPUT, "first %d", 1), ERR_INPUT);
	assert_int_equal(err_set(&e, ERR_SYSTEM, "second"), ERR_SYSTEM);
	assert_int_equal(e.code, ERR_INPUT);
	assert_string_equal(e.text, "first 1");
}

static void nobody_need_listen(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_LIMIT, "x"), ERR_LIMIT);
	err_within(NULL, "y");
}

static void the_way_outwards_stands_before_the_text(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_within(&e, "nothing happened");
	assert_string_equal(e.text, "");
	err_set(&e, ERR_INPUT, "no field 'A'");
	err_within(&e, "mapping %s", "m.lua");
	err_within(&e, "tenant acme");
	assert_string_equal(e.text, "tenant acme: mapping m.lua: no field 'A'");
}

static void a_text_too_long_shows_that_it_was_cut(void **state)
{
	char much[2 * ERR_TEXT_MAX];
	struct err e = { 0 }, within = { 0 };

	(void)state;
	memset(much, 'x', sizeof much - 1);
	much[sizeof much - 1] = 0;
	err_set(&e, ERR_INPUT, "%s", much);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
	assert_string_equal(e.text + ERR_TEXT_MAX - 5, "x...");
	err_within(&e, "%s", much);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
	assert_string_equal(e.text + ERR_TEXT_MAX - 5, "x...");

	/* Just full is not cut. */
	much[ERR_TEXT_MAX - 4] = 0;
	err_set(&within, ERR_INPUT, "%s", much);
	err_within(&within, "a");
	assert_int_equal(strlen(within.text), ERR_TEXT_MAX - 1);
	assert_string_equal(within.text + ERR_TEXT_MAX - 5, "xxxx");
}

static void each_code_has_a_word_and_each_word_its_code(void **state)
{
	(void)state;
	for (int code = ERR_CONFLICT; code <= ERR_INPUT; code++)
		assert_int_equal(err_of_word(err_word(code)), code);
	assert_string_equal(err_word(-99), "system");
	assert_int_equal(err_of_word("no such word"), ERR_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_error_stays),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(the_way_outwards_stands_before_the_text),
		cmocka_unit_test(a_text_too_long_shows_that_it_was_cut),
		cmocka_unit_test(each_code_has_a_word_and_each_word_its_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
