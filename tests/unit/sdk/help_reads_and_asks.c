/* help_reads_and_asks.c - mlc/help.h: queries, times, texts, and JSON that stays text. */
#include "base/check.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/when.h"

#include <mlc/help.h>
#include <stdlib.h>
#include <string.h>

/* ---- a call with memory, and nothing else ------------------------------------------------ */

static struct arena memory;
static struct mlc_request request;

static void *host_alloc(struct mlc_call *c, size_t n)
{
	(void)c;
	return arena_alloc(&memory, n);
}

static const char *host_format(struct mlc_call *c, const char *fmt, ...) MLC_PRINTF(2, 3);
static const char *host_format(struct mlc_call *c, const char *fmt, ...)
{
	va_list args;

	(void)c;
	va_start(args, fmt);
	const char *text = arena_vformat(&memory, fmt, args);
	va_end(args);
	return text ? text : "";
}

static const struct mlc_host host = { .alloc = host_alloc, .format = host_format };
static struct mlc_call call = { .host = &host, .request = &request };

static int set_up(void **state)
{
	(void)state;
	arena_init(&memory, 1 << 20);
	memset(&request, 0, sizeof request);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&memory);
	return 0;
}

/* ---- asking ------------------------------------------------------------------------------- */

static void a_query_is_encoded_and_leaves_out_what_is_not_there(void **state)
{
	const struct mlc_param params[] = { { "status", "any,trash" }, { "nothing", NULL }, { "q", "a+b c&d=\xc3\xa9" },
		{ "modified_after", "2026-10-31T00:00:00Z" }, { NULL, NULL } };

	(void)state;
	assert_string_equal(mlc_query(&call, "/orders", params),
		"/orders?status=any%2Ctrash&q=a%2Bb%20c%26d%3D%C3%A9&modified_after=2026-10-31T00%3A00%3A00Z");
	assert_string_equal(mlc_query(&call, "/?x=1", (const struct mlc_param[]){ { "a", "b" }, { NULL, NULL } }),
		"/?x=1&a=b");
}

static void a_get_may_be_repeated_and_a_post_may_not(void **state)
{
	(void)state;
	assert_int_equal(mlc_get(&call, "/orders"), MLC_SEND);
	assert_string_equal(request.method, "GET");
	assert_true(request.repeatable);
	memset(&request, 0, sizeof request);
	assert_int_equal(mlc_send_json(&call, "POST", "/webhooks", "{}", 2), MLC_SEND);
	assert_false(request.repeatable);
	assert_string_equal(request.type, "application/json");
}

static void a_code_finds_its_row_and_an_unknown_one_the_last(void **state)
{
	static const struct mlc_fault_code table[] = { { "5010", MLC_STALE }, { "3001", MLC_LIMITED }, { NULL, MLC_REFUSED } };

	(void)state;
	assert_int_equal(mlc_fault_of(table, "3001"), MLC_LIMITED);
	assert_int_equal(mlc_fault_of(table, "9"), MLC_REFUSED);
	assert_int_equal(mlc_fault_of(table, NULL), MLC_REFUSED);
}

static void values_are_read_by_path(void **state)
{
	const char *text = "{\"a\":{\"b\":[{\"c\":\"x\"},{\"c\":7}]},\"n\":null}";
	json_t *value = json_read(text, strlen(text), NULL);

	(void)state;
	assert_string_equal(mlc_text(value, "a.b.0.c"), "x");
	assert_int_equal(mlc_int_or(value, "a.b.1.c", -1), 7);
	assert_null(mlc_text(value, "a.b.1.c"));
	assert_null(mlc_at(value, "a.b.2"));
	assert_null(mlc_at(value, "a.b.x"));
	assert_null(mlc_at(value, "a.b.99999999999999999999"));
	assert_null(mlc_at(NULL, "a"));
	assert_string_equal(mlc_text_or(value, "n", "none"), "none");
	assert_null(mlc_known(value, "n"));
	assert_int_equal(mlc_known_int_or(value, "n", 3), 3);
	json_decref(value);
}

/* ---- times -------------------------------------------------------------------------------- */

static void instants_agree_with_the_hosts_own(void **state)
{
	static const char *const texts[] = { "2026-11-21T00:09:21", "2024-02-29T23:59:59Z", "2000-02-29T00:00:00+05:30",
		"1970-01-01T00:00:00", "2026-10-31", "2026-10-31T23:30:00.250-0700", "2100-12-31T23:59" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int64_t ours, theirs;

		assert_true(mlc_instant(texts[i], &ours));
		assert_true(when_parse(texts[i], &theirs));
		assert_int_equal(ours, theirs);
	}
	for (int64_t ms = 0; ms < INT64_C(4102444800000); ms += INT64_C(86399000) * 3) {
		char expected[WHEN_SIZE];
		const char *text = mlc_instant_text(&call, ms);

		when_text(ms, expected);
		assert_memory_equal(text, expected, 19);
		assert_string_equal(text + 19, "Z");
		arena_reset(&memory);
	}
}

static void what_is_no_instant_is_refused(void **state)
{
	static const char *const texts[] = { "", "yesterday", "2026-13-01", "2026-02-29", "2100-02-29", "2026-10-31T25:00:00",
		"2026-10-31T23:30:00Zx", "2026-10-31T", "2026-10-31X10:00" };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_false(mlc_instant(texts[i], &ms));
	assert_false(mlc_instant(NULL, &ms));
}

static void retry_after_is_seconds_or_a_date(void **state)
{
	int64_t now;

	(void)state;
	assert_true(mlc_instant("2026-10-31T07:27:00Z", &now));
	assert_int_equal(mlc_retry_after("120", now, 5), 120000);
	assert_int_equal(mlc_retry_after("Sat, 31 Oct 2026 07:28:00 GMT", now, 5), 60000);
	assert_int_equal(mlc_retry_after("Sat, 31 Oct 2026 07:26:00 GMT", now, 5), 0);
	assert_int_equal(mlc_retry_after("99999999999999999999", now, 5), 86400000);
	assert_int_equal(mlc_retry_after("soon", now, 5), 5);
	assert_int_equal(mlc_retry_after("12 s", now, 5), 5);
	assert_int_equal(mlc_retry_after("Sat, 31 ctN 2026 07:28:00 GMT", now, 5), 5);
	assert_int_equal(mlc_retry_after(NULL, now, 5), 5);
}

/* ---- texts -------------------------------------------------------------------------------- */

static void references_are_decoded_once(void **state)
{
	(void)state;
	assert_string_equal(mlc_unescape(&call, "O'Neil &amp; S\xc3\xb6hne"), "O'Neil & S\xc3\xb6hne");
	assert_string_equal(mlc_unescape(&call, "&amp;amp; &quot;x&quot; &#036; &#x1F600; &lt;"),
		"&amp; \"x\" $ \xf0\x9f\x98\x80 <");
	assert_string_equal(mlc_unescape(&call, "a && b &unknown; &# &#x; &#xd800; &#0; &amp"), "a && b &unknown; &# &#x; &#xd800; &#0; &amp");
	assert_string_equal(mlc_unescape(&call, "&euro;&ndash;&nbsp;"), "\xe2\x82\xac\xe2\x80\x93\xc2\xa0");
}

/* ---- JSON as it stands --------------------------------------------------------------------- */

static int walk(const char *text, size_t len, bool object, int *count)
{
	struct mlc_scan s;
	struct mlc_span name, value;
	int result;

	*count = 0;
	if (!mlc_scan_init(&s, text, len, object))
		return -1;
	while ((result = mlc_scan_next(&s, &name, &value)) > 0)
		++*count;
	return result;
}

static void members_and_elements_come_as_they_stand(void **state)
{
	const char *text = " {\"id\" : 42, \"a\":[1,{\"b\":\"]}\"}], \"t\":\"x\\\"y\", \"n\":null}\n";
	struct mlc_scan s;
	struct mlc_span name, value;
	int64_t id;
	char out[8];

	(void)state;
	assert_true(mlc_scan_init(&s, text, strlen(text), true));
	assert_int_equal(mlc_scan_next(&s, &name, &value), 1);
	assert_true(mlc_span_is(name, "id"));
	assert_true(mlc_span_int(value, &id));
	assert_int_equal(id, 42);
	assert_int_equal(mlc_scan_next(&s, &name, &value), 1);
	assert_true(mlc_span_is(value, "[1,{\"b\":\"]}\"}]"));
	assert_int_equal(mlc_scan_next(&s, &name, &value), 1);
	assert_true(mlc_span_is(name, "t"));
	assert_false(mlc_span_text(value, out, sizeof out));
	assert_int_equal(mlc_scan_next(&s, &name, &value), 1);
	assert_true(mlc_span_is(value, "null"));
	assert_int_equal(mlc_scan_next(&s, &name, &value), 0);

	value.text = "\"abcdefg\"";
	value.len = 9;
	assert_true(mlc_span_text(value, out, sizeof out));
	assert_string_equal(out, "abcdefg");
	assert_false(mlc_span_text(value, out, sizeof out - 1));
}

/* The scanner and the host's reader agree about what is JSON, cut anywhere and with any byte changed. */
static void the_scanner_and_the_reader_agree(void **state)
{
	const char *good = "[{\"a\":[true,false,null,-0,10,1.5e+3,\"\\u00e9\\n\"],\"b\":{}},[],\"x\",-7]";
	static const char bytes[] = "{}[]:,\"\\ 0-.eEtn\x01/u";
	char text[200];
	size_t len = strlen(good);
	int count;

	(void)state;
	assert_int_equal(walk(good, len, false, &count), 0);
	assert_int_equal(count, 4);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(walk(good, cut, false, &count), -1);
	for (size_t i = 0; i < len; i++)
		for (size_t b = 0; b < sizeof bytes; b++) {
			memcpy(text, good, len + 1);
			text[i] = bytes[b];
			json_t *value = json_read(text, len, NULL);
			bool is = json_is_array(value);

			json_decref(value);
			assert_int_equal(walk(text, len, false, &count), is ? 0 : -1);
		}
}

static void nesting_has_a_ceiling(void **state)
{
	char text[2 * MLC_SCAN_DEPTH + 4];
	int count;

	(void)state;
	memset(text, '[', MLC_SCAN_DEPTH + 1);
	memset(text + MLC_SCAN_DEPTH + 1, ']', MLC_SCAN_DEPTH + 1);
	assert_int_equal(walk(text, 2 * MLC_SCAN_DEPTH + 2, false, &count), 0);
	memset(text, '[', MLC_SCAN_DEPTH + 2);
	memset(text + MLC_SCAN_DEPTH + 2, ']', MLC_SCAN_DEPTH + 2);
	assert_int_equal(walk(text, 2 * MLC_SCAN_DEPTH + 4, false, &count), -1);
}

static void whole_numbers_are_whole(void **state)
{
	static const struct {
		const char *text;
		bool is;
		int64_t value;
	} rows[] = { { "0", true, 0 }, { "-12", true, -12 }, { "123456789012345678", true, INT64_C(123456789012345678) },
		{ "1.5", false, 0 }, { "\"42\"", false, 0 }, { "-", false, 0 }, { "null", false, 0 }, { "1234567890123456789", false, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mlc_span span = { rows[i].text, strlen(rows[i].text) };
		int64_t value;

		assert_int_equal(mlc_span_int(span, &value), rows[i].is);
		if (rows[i].is)
			assert_int_equal(value, rows[i].value);
	}
}

static void what_does_not_fit_is_cut_between_characters_and_told(void **state)
{
	char out[8];

	(void)state;
	assert_true(mlc_copy(out, sizeof out, "1234567"));
	assert_string_equal(out, "1234567");
	assert_true(mlc_append(out, sizeof out, ""));
	assert_false(mlc_append(out, sizeof out, "8"));
	assert_string_equal(out, "1234567");
	assert_false(mlc_copy(out, sizeof out, "12345678"));
	assert_string_equal(out, "1234567");
	assert_true(mlc_copy(out, sizeof out, "a, "));
	assert_false(mlc_append(out, sizeof out, "b\u00e9\u20ac")); /* two bytes and three: of the euro sign one would fit */
	assert_string_equal(out, "a, b\u00e9");
	assert_true(mlc_copy(out, 1, ""));
	assert_false(mlc_copy(out, 1, "x"));
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_encoded_and_leaves_out_what_is_not_there),
		cmocka_unit_test(a_get_may_be_repeated_and_a_post_may_not),
		cmocka_unit_test(a_code_finds_its_row_and_an_unknown_one_the_last),
		cmocka_unit_test(values_are_read_by_path),
		cmocka_unit_test(instants_agree_with_the_hosts_own),
		cmocka_unit_test(what_is_no_instant_is_refused),
		cmocka_unit_test(retry_after_is_seconds_or_a_date),
		cmocka_unit_test(references_are_decoded_once),
		cmocka_unit_test(members_and_elements_come_as_they_stand),
		cmocka_unit_test(the_scanner_and_the_reader_agree),
		cmocka_unit_test(nesting_has_a_ceiling),
		cmocka_unit_test(whole_numbers_are_whole),
		cmocka_unit_test(what_does_not_fit_is_cut_between_characters_and_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
