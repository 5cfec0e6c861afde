/* json_keeps_decimals.c - what stood there comes out again; what is no JSON is refused. */
#include "check.h"

#include "base/json.h"

#include <string.h>

static json_t *read_text(const char *text)
{
	struct err e = { 0 };
	json_t *value = json_read(text, strlen(text), &e);

	if (value)
		assert_int_equal(e.code, 0);
	else
		assert_true(e.code < 0 && e.text[0]);
	return value;
}

static void comes_out_as(const char *text, const char *expected)
{
	json_t *value = read_text(text);
	struct buf b;

	assert_non_null(value);
	buf_init(&b, 1 << 20);
	assert_true(json_write(&b, value));
	assert_string_equal(b.data, expected);
	buf_finish(&b);
	json_decref(value);
}

static void a_decimal_stays_the_text_that_stood_there(void **state)
{
	(void)state;
	comes_out_as("{\"total\": 1173.41}", "{\"total\":\"1173.41\"}");
	comes_out_as("[0.10,1E-7,-2.50,12e2]", "[\"0.10\",\"1E-7\",\"-2.50\",\"12e2\"]");
	comes_out_as("[9223372036854775807,-9223372036854775808]",
		"[9223372036854775807,-9223372036854775808]");
	comes_out_as("[9223372036854775808,-9223372036854775809,123456789012345678901]",
		"[\"9223372036854775808\",\"-9223372036854775809\",\"123456789012345678901\"]");
	comes_out_as("1.5", "\"1.5\"");
	comes_out_as("[0,-1, 7 ]", "[0,-1,7]");
}

static void numbers_inside_texts_are_left_alone(void **state)
{
	(void)state;
	comes_out_as("{\"a\\\"1.5\":\"\\\\\",\"b\":\"2.5\"}", "{\"a\\\"1.5\":\"\\\\\",\"b\":\"2.5\"}");
}

static void what_is_no_json_is_refused(void **state)
{
	static const char *const rows[] = { "", " ", "{", "[1,]", "{\"a\":1,\"a\":2}", "{1.5:2}",
		"{1.5 :2}", "[1.5 2]", "[01.5]", "[01]", "[1.]", "[.5]", "[1e]", "[-]", "[+1.5]", "[1.2.3]",
		"{} x", "<html>", "[\"\\u0000\"]", "[\"\xff\"]", "{\"a\":1}{\"b\":2}", "nul", "\"abc", "\"\\", "[1 2]", "{\"a\" 1}",
		"{\"a\":1 \"b\":2}", "{,}", "[,]", "[1}", "nullx", "tru", "[\"\\x\"]", "[\"\\u12g4\"]", "[\"\\ud83d\"]",
		"[\"\\ud83d\\u0041\"]", "[\"\\ude00\"]", "[\"a\nb\"]", "[\"twenty plain bytes, then \xc0\xaf\"]",
		"{\"a\":1,\"\\u0061\":2}", "\xef\xbb\xbf{}" };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_null(read_text(rows[i]));
}

static void a_nul_byte_is_refused_wherever_it_stands(void **state)
{
	static const char good[] = "[1,{\"a\":2 },\"x\"]";

	(void)state;
	for (size_t i = 0; i < sizeof good - 1; i++) {
		char text[sizeof good];

		memcpy(text, good, sizeof good);
		text[i] = 0;
		assert_null(json_read(text, sizeof good - 1, NULL));
	}
}

static void an_error_names_the_line(void **state)
{
	struct err e = { 0 };
	const char *text = "{\n\"a\": 1.5,\n\"b\": 1.}\n";

	(void)state;
	assert_null(json_read(text, strlen(text), &e));
	assert_int_equal(e.code, ERR_INPUT);
	assert_string_equal(e.text, "not JSON: line 3: no digits after the point");
}

static void nesting_has_a_ceiling(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 3];
	struct err e = { 0 };

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	json_t *value = json_read(text, 2 * JSON_DEPTH_MAX, &e);
	assert_non_null(value);
	json_decref(value);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_null(json_read(text, 2 * JSON_DEPTH_MAX + 2, &e));
	assert_int_equal(e.code, ERR_LIMIT);
}

static void every_string_is_escaped_and_read_back(void **state)
{
	(void)state;
	comes_out_as("\"\\u00e9 \\ud83d\\ude00 \\u001f \\n\\t\\/ \\\" \x7f\"",
		"\"\xc3\xa9 \xf0\x9f\x98\x80 \\u001f \\n\\t/ \\\" \x7f\"");
	comes_out_as("{\"a long name \\u00e9 with \\\"many\\\" escapes\":{\"\\n\":\"\\u20ac, and then a long rest of it\"}}",
		"{\"a long name \xc3\xa9 with \\\"many\\\" escapes\":{\"\\n\":\"\xe2\x82\xac, and then a long rest of it\"}}");
}

static void broken_utf8_becomes_the_replacement_character(void **state)
{
	static const struct {
		const char *bytes, *is;
	} rows[] = {
		{ "a\xff" "b", "\"a\xef\xbf\xbd" "b\"" }, { "\xc3", "\"\xef\xbf\xbd\"" },
		{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xe2\x82\xac", "\"\xe2\x82\xac\"" }, { "\xc3\xa9\xff", "\"\xc3\xa9\xef\xbf\xbd\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buf b;

		buf_init(&b, 100);
		assert_true(json_write_string(&b, rows[i].bytes, strlen(rows[i].bytes)));
		assert_string_equal(b.data, rows[i].is);
		buf_finish(&b);
	}
}

static void equal_values_have_equal_canonical_bytes(void **state)
{
	json_t *a = read_text("{\"b\":[1,{\"y\":2,\"x\":null}],\"a\":true}");
	json_t *b = read_text("{\"a\":true,\"b\":[1,{\"x\":null,\"y\":2}]}");
	struct buf one, two;

	(void)state;
	buf_init(&one, 1000);
	buf_init(&two, 1000);
	assert_true(json_write_canonical(&one, a));
	assert_true(json_write_canonical(&two, b));
	assert_string_equal(one.data, two.data);
	assert_string_equal(one.data, "{\"a\":true,\"b\":[1,{\"x\":null,\"y\":2}]}");
	buf_finish(&one);
	buf_finish(&two);
	json_decref(a);
	json_decref(b);
}

static void writing_stops_at_the_ceiling_and_in_a_ring(void **state)
{
	json_t *value = read_text("[\"aaaaaaaaaaaaaaaaaaaa\"]");
	json_t *ring = json_array(), *inner = json_array();
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_false(json_write(&b, value));
	buf_finish(&b);
	json_decref(value);

	json_array_append(ring, inner);
	json_array_append(inner, ring);
	buf_init(&b, 1 << 20);
	assert_false(json_write(&b, ring));
	buf_finish(&b);
	json_array_clear(inner);
	json_decref(inner);
	json_decref(ring);
}

static void values_are_found_by_path(void **state)
{
	json_t *order = read_text("{\"id\":7,\"billing\":{\"email\":\"a@b\"},\"line_items\":"
				  "[{\"sku\":\"A\"},{\"sku\":\"B\"}],\"set_paid\":true,\"n\":null}");

	(void)state;
	assert_string_equal(json_text_at(order, "billing.email"), "a@b");
	assert_string_equal(json_text_at(order, "line_items.1.sku"), "B");
	assert_null(json_at(order, "line_items.2.sku"));
	assert_null(json_at(order, "line_items.x"));
	assert_null(json_at(order, "line_items.99999999999"));
	assert_null(json_at(order, "billing.email.x"));
	assert_null(json_text_at(order, "id"));
	assert_null(json_at(NULL, "id"));
	assert_string_equal(json_text_or(order, "n", "none"), "none");
	assert_int_equal(json_int_or(order, "id", -1), 7);
	assert_int_equal(json_int_or(order, "billing.email", -1), -1);
	assert_true(json_true_at(order, "set_paid"));
	assert_false(json_true_at(order, "id"));
	json_put_text(order, "bad", "x\xff");
	json_put_text(order, "nothing", NULL);
	json_put_int(order, "id", INT64_MAX);
	assert_string_equal(json_text_at(order, "bad"), "x\xef\xbf\xbd");
	assert_true(json_is_null(json_at(order, "nothing")));
	assert_int_equal(json_int_or(order, "id", 0), INT64_MAX);
	json_decref(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decimal_stays_the_text_that_stood_there),
		cmocka_unit_test(numbers_inside_texts_are_left_alone),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused_wherever_it_stands),
		cmocka_unit_test(an_error_names_the_line),
		cmocka_unit_test(nesting_has_a_ceiling),
		cmocka_unit_test(every_string_is_escaped_and_read_back),
		cmocka_unit_test(broken_utf8_becomes_the_replacement_character),
		cmocka_unit_test(equal_values_have_equal_canonical_bytes),
		cmocka_unit_test(writing_stops_at_the_ceiling_and_in_a_ring),
		cmocka_unit_test(values_are_found_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
