/* A record is read as base/json.h reads JSON, but only as far as somebody looks. */
#include "base/json.h"
#include "script/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char order[] =
	"{\"id\": 7, \"number\":\"10\\u00e9\\n\\\"7\\\"\",\"total\" : 30.860, \"n\":[1,-2,3.50,1e-7,9223372036854775807,"
	"9223372036854775808,-9223372036854775808,0,-0],\r\n\t\"o\":{\"a\":null,\"b\":true,\"c\":false,\"d\":{},\"e\":[]},"
	"\"s\":\"Zo\xc3\xab \\ud83d\\ude00 \xf0\x9f\x98\x80 \\/\",\"\":\"\",\"l\":[{\"x\":\"\"},{\"x\":[[]]}]}";

static void same(const char *text, size_t len)
{
	struct err e = { 0 };
	json_t *a = json_read(text, len, NULL), *b = record_read(text, len, NULL, &e);

	if (!a != !b || (a && !json_equal(a, b)))
		fail_msg("%.*s: %s, but read here as %s", (int)len, text, a ? "JSON" : "no JSON", b ? "something" : e.text);
	json_decref(a);
	json_decref(b);
}

static void it_reads_what_the_base_reads(void **state)
{
	static const char *const texts[] = { order, "", " ", "null", " true ", "\"x\"", "-1", "01", "1.", ".5", "+1", "-", "1e", "1e+5",
		"[1,]", "[,1]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{a:1}", "{\"a\" 1}", "[1 2]", "[1]]", "[[[", "\"\\x\"", "\"\\u12\"",
		"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\u0000\"", "\"a\nb\"", "\"abc", "\"\xc3\"", "\"\xed\xa0\x80\"",
		"\"\xc0\x80\"", "\"\xf4\x90\x80\x80\"", "tru", "nulll", "{\"\\u0061\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":2}}",
		"99999999999999999999", "1E5", "[1.0,\"1.0\"]", "\x01", "{}}", "{\"a\":}" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		same(texts[i], strlen(texts[i]));
}

static void nesting_has_the_same_end(void **state)
{
	char deep[200];

	(void)state;
	for (int depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
		memset(deep, '[', (size_t)depth);
		memset(deep + depth, ']', (size_t)depth);
		same(deep, (size_t)depth * 2);
	}
}

static void however_a_text_is_damaged_both_agree(void **state)
{
	uint32_t seed = 1;
	char text[sizeof order];

	(void)state;
	for (int i = 0; i < 60000; i++) {
		size_t len = sizeof order - 1;
		memcpy(text, order, sizeof order);
		for (int j = 0; j < 1 + i % 3; j++) {
			seed = seed * 1664525 + 1013904223;
			text[(seed >> 8) % len] = "\"\\{}[]:,0.eu-1d \xc3\xab"[(seed >> 3) % 18];
		}
		same(text, i % 5 ? len : (seed >> 8) % len);
	}
}

static void what_nobody_asks_for_is_left_behind_but_must_be_json(void **state)
{
	static const char *const names[] = { "id", "o", "total" };
	const struct record_wants wants = { names, 3 };
	struct err e = { 0 };
	json_t *r = record_read(order, sizeof order - 1, &wants, &e);

	(void)state;
	assert_int_equal(3, json_object_size(r));
	assert_int_equal(7, json_int_or(r, "id", 0));
	assert_string_equal("30.860", json_text_at(r, "total"));
	assert_true(json_true_at(r, "o.b")); /* all of what is wanted */
	json_decref(r);
	assert_null(record_read("{\"id\":1,\"x\":[1,}", 16, &wants, &e));
	assert_non_null(strstr(e.text, "not JSON: at byte 15"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_what_the_base_reads),
		cmocka_unit_test(nesting_has_the_same_end),
		cmocka_unit_test(however_a_text_is_damaged_both_agree),
		cmocka_unit_test(what_nobody_asks_for_is_left_behind_but_must_be_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
