/* replies.c - what the connector makes of replies, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "base/json.h"
#include "plug/call.h"

#include <string.h>

static struct call *begin(const struct call_input *in)
{
	static const struct call_site site = { .connector = &mlc_connector_v1,
		.connection = "acme/any" };

	return call_create(&site, in);
}

static enum mlc_step reply(struct call *c, int status, const char *body)
{
	struct call_reply r = { .reply = { MLC_REPLY_HERE, status, body, strlen(body) } };

	return call_step(c, &r, 1);
}

static void a_poll_reads_page_after_page(void **state)
{
	struct call *c = begin(&(struct call_input){ .op = OP_POLL, .feed = "contacts",
		.cursor = "7", .now_ms = 1 });
	const struct call_record *r;
	const char *cursor;
	int64_t renew;

	(void)state;
	assert_int_equal(call_step(c, NULL, 1), MLC_SEND);
	assert_string_equal(call_inside(c)->request->path, "/contacts?after=7&limit=50");
	assert_int_equal(reply(c, 200,
		"{\"contacts\":[{\"id\":\"a\",\"version\":3,\"balance\":12.30,"
		"\"modified_at\":\"2026-10-31T23:30:00Z\"}],\"next\":\"8\",\"more\":true}"),
		MLC_SEND);
	assert_int_equal(call_records(c, &r), 1);
	assert_string_equal(r[0].version, "3");
	assert_non_null(strstr(r[0].text, "\"12.30\""));
	assert_true(call_advanced(c, &cursor, &renew));
	assert_string_equal(cursor, "8");
	call_take(c);
	assert_int_equal(reply(c, 200, "{\"contacts\":[],\"next\":\"8\"}"), MLC_DONE);
	call_destroy(c);
}

static void a_write_goes_with_its_key_and_settles(void **state)
{
	json_t *data = json_pack("{s:s}", "name", "Ada");
	struct mlc_write w = { .verb = MLC_DO_CREATE, .key = "k-1", .data = data };
	struct call *c = begin(&(struct call_input){ .op = OP_WRITE, .entity = "contact",
		.writes = &w, .write_count = 1, .now_ms = 1 });
	const struct call_write *writes;

	(void)state;
	assert_int_equal(call_step(c, NULL, 1), MLC_SEND);
	assert_string_equal(call_inside(c)->request->headers[0], "Idempotency-Key: k-1");
	assert_false(call_inside(c)->request->repeatable);
	assert_int_equal(reply(c, 201, "{\"id\":\"a\",\"version\":0}"), MLC_DONE);
	call_writes(c, &writes);
	assert_string_equal(writes[0].record.id, "a");
	call_destroy(c);
	json_decref(data);
}

static void a_fault_names_the_hosts_next_move(void **state)
{
	static const struct { int status; enum mlc_fault fault; } rows[] = {
		{ 401, MLC_AUTH }, { 409, MLC_STALE }, { 422, MLC_REFUSED }, { 429, MLC_LIMITED },
			{ 503, MLC_RETRY }, { 302, MLC_BROKEN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct call *c = begin(&(struct call_input){ .op = OP_PING, .now_ms = 1 });

		call_step(c, NULL, 1);
		assert_int_equal(reply(c, rows[i].status, "{\"error\":\"so it is\"}"), MLC_FAIL);
		assert_int_equal(call_fault(c, NULL, NULL), rows[i].fault);
		call_destroy(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_poll_reads_page_after_page),
		cmocka_unit_test(a_write_goes_with_its_key_and_settles),
		cmocka_unit_test(a_fault_names_the_hosts_next_move),
	};

	return crypto_init(NULL) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
