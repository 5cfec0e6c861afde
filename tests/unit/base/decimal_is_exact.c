/* decimal_is_exact.c - money adds up, and what does not fit says so. */
#include "check.h"

#include "base/decimal.h"

#include <string.h>

static struct decimal d(const char *text)
{
	struct decimal out;

	assert_true(decimal_parse(text, strlen(text), &out));
	return out;
}

static void is(struct decimal value, int places, const char *expected)
{
	char text[DECIMAL_TEXT_MAX];

	decimal_text(value, places, text);
	assert_string_equal(text, expected);
}

static void texts_are_read_and_shown_as_they_are(void **state)
{
	static const struct {
		const char *text, *is;
	} rows[] = {
		{ "0", "0" }, { "0.00", "0.00" }, { "-12.30", "-12.30" }, { "+5", "5" }, { "007", "7" },
		{ "-0", "0" }, { "-0.00", "0.00" }, { "1E-7", "0.0000001" }, { "12e2", "1200" },
		{ "1.5E+1", "15" }, { "0.30000000000000000000", "0.300000000000000" },
		{ "0e9999", "0" }, { "0e-9999", "0.000000000000000" },
		{ "999999999999999999999999999999", "999999999999999999999999999999" },
		{ "-999999999999999.999999999999999", "-999999999999999.999999999999999" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		is(d(rows[i].text), -1, rows[i].is);
}

static void the_longest_is_shown_with_as_many_places_as_there_are(void **state)
{
	(void)state;
	is(d("-123456789012345678901234567890"), 15, "-123456789012345678901234567890.000000000000000");
	is(d("999999999999999999999999999.995"), 2, "1000000000000000000000000000.00");
}

static void what_is_no_decimal_or_too_long_is_refused(void **state)
{
	static const char *const rows[] = { "", "-", ".", ".5", "5.", "1,5", " 1", "1 ", "1e", "1e+",
		"0x10", "--1", "1.2.3", "NaN", "inf", "1000000000000000000000000000000",
		"0.0000000000000001", "1e30", "1e-16", "1e99999", "1e-99999", "12a",
		"11111111111111111111111111111111111111111111111111111111111111111111" };
	struct decimal out = { .units = 42 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_false(decimal_parse(rows[i], strlen(rows[i]), &out));
	assert_true(out.units == 42);
}

static void ten_cents_three_times_are_thirty(void **state)
{
	struct decimal sum = d("0");

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(decimal_add(sum, d("0.10"), &sum));
	is(sum, -1, "0.30");
	assert_true(decimal_sub(sum, d("0.305"), &sum));
	is(sum, -1, "-0.005");
}

static void a_price_times_a_rate_keeps_every_digit(void **state)
{
	struct decimal out;

	(void)state;
	assert_true(decimal_mul(d("1173.41"), d("0.08875"), &out));
	is(out, -1, "104.1401375");
	is(out, 2, "104.14");
	assert_true(decimal_mul(d("-2.50"), d("4"), &out));
	is(out, -1, "-10.00");
	/* Only zeros are in the way. */
	assert_true(decimal_mul(d("100000000000000.000000000000000"), d("1.000000000000000"), &out));
	is(out, 2, "100000000000000.00");
}

static void what_overflows_says_so_and_leaves_the_result_alone(void **state)
{
	struct decimal out = d("7"), most = d("999999999999999999999999999999");

	(void)state;
	assert_false(decimal_add(most, d("1"), &out));
	assert_false(decimal_mul(most, d("10"), &out));
	assert_false(decimal_mul(most, most, &out));
	assert_false(decimal_mul(d("0.00000001"), d("0.00000001"), &out));
	assert_false(decimal_div(d("1"), d("0.00"), 2, &out));
	assert_false(decimal_div(most, d("0.1"), 2, &out));
	is(out, -1, "7");
}

static void division_rounds_half_away_from_zero(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned places;
		const char *is;
	} rows[] = {
		{ "1", "3", 2, "0.33" }, { "2", "3", 2, "0.67" }, { "-2", "3", 2, "-0.67" },
		{ "1", "8", 2, "0.13" }, { "-1", "8", 2, "-0.13" }, { "100.00", "0.25", 0, "400" },
		{ "0.005", "1", 2, "0.01" }, { "0.0049999", "1", 2, "0.00" },
		{ "999999999999999.999999999999999", "3", 0, "333333333333333" },
		{ "0.000000000000005", "0.0001", 10, "0.0000000001" },
		{ "29.99", "3", 6, "9.996667" }, { "5.000000000000000", "1000000", 1, "0.0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct decimal out;

		assert_true(decimal_div(d(rows[i].a), d(rows[i].b), rows[i].places, &out));
		is(out, -1, rows[i].is);
	}
}

static void each_rounding_is_its_own(void **state)
{
	(void)state;
	is(decimal_round(d("2.345"), 2, DECIMAL_HALF_UP), -1, "2.35");
	is(decimal_round(d("-2.345"), 2, DECIMAL_HALF_UP), -1, "-2.35");
	is(decimal_round(d("2.345"), 2, DECIMAL_HALF_EVEN), -1, "2.34");
	is(decimal_round(d("2.355"), 2, DECIMAL_HALF_EVEN), -1, "2.36");
	is(decimal_round(d("2.3450001"), 2, DECIMAL_HALF_EVEN), -1, "2.35");
	is(decimal_round(d("-2.349"), 2, DECIMAL_DOWN), -1, "-2.34");
	is(decimal_round(d("2.3"), 2, DECIMAL_HALF_UP), -1, "2.3");
	is(d("2.3"), 4, "2.3000");
	is(d("0.999"), 2, "1.00");
}

static void values_compare_whatever_their_scale(void **state)
{
	(void)state;
	assert_int_equal(decimal_cmp(d("1.10"), d("1.1")), 0);
	assert_int_equal(decimal_cmp(d("-1.10"), d("1.1")), -1);
	assert_int_equal(decimal_cmp(d("-0.5"), d("-0.25")), -1);
	assert_int_equal(decimal_cmp(d("999999999999999999999999999999"), d("0.000000000000001")), 1);
	assert_int_equal(decimal_cmp(d("-3"), d("-2.9")), -1);
	assert_int_equal(decimal_sign(d("-0.01")), -1);
	assert_int_equal(decimal_sign(d("0.00")), 0);
	is(decimal_neg(d("0.01")), -1, "-0.01");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_and_shown_as_they_are),
		cmocka_unit_test(the_longest_is_shown_with_as_many_places_as_there_are),
		cmocka_unit_test(what_is_no_decimal_or_too_long_is_refused),
		cmocka_unit_test(ten_cents_three_times_are_thirty),
		cmocka_unit_test(a_price_times_a_rate_keeps_every_digit),
		cmocka_unit_test(what_overflows_says_so_and_leaves_the_result_alone),
		cmocka_unit_test(division_rounds_half_away_from_zero),
		cmocka_unit_test(each_rounding_is_its_own),
		cmocka_unit_test(values_compare_whatever_their_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
