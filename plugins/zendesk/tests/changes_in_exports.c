/* changes_in_exports.c - incremental exports by time and by cursor, and lists that are read whole. */
#include "drive.h"

static void an_export_begins_at_the_first_record_and_ends_where_it_says(void **state)
{
	struct drive *d = *state;

	d->input.feed = "organizations";
	begin(d, OP_POLL);
	asks(d, "GET", "/api/v2/incremental/organizations?start_time=1");
	answer(d, 200, "{\"organizations\":[" ORGANIZATION("7", "Acme", "2026-11-20T10:00:00Z", "") ","
		ORGANIZATION("8", "Gone", "2026-11-20T10:01:00Z", ",\"deleted_at\":\"2026-11-20T10:01:00Z\"")
		"],\"count\":2,\"end_time\":1795170060,\"end_of_stream\":true,\"next_page\":\"https://x\"}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "organization 7, deleted organization 8");
	assert_int_equal(record(d, 0)->changed_ms, INT64_C(1795168800000));
	assert_string_equal(cursor(d), "1795170060");
}

/* ZEN-27: ten exports a minute are allowed. */
static void between_two_pages_it_waits_as_long_as_zendesk_wants(void **state)
{
	struct drive *d = *state;

	d->input.feed = "organizations";
	d->input.cursor = "1795170000";
	begin(d, OP_POLL);
	asks(d, "GET", "/api/v2/incremental/organizations?start_time=1795170000");
	answer(d, 200, "{\"organizations\":[" ORGANIZATION("7", "Acme", "2026-11-20T10:00:00Z", "")
		"],\"end_time\":1795170060,\"end_of_stream\":false}");
	assert_int_equal(d->step, MLC_PAUSE);
	assert_true(call_inside(d->call)->pause_ms * 10 >= 60000);
	assert_string_equal(cursor(d), "1795170060");
	commit(d);
	asks(d, "GET", "/api/v2/incremental/organizations?start_time=1795170060");
	answer(d, 200, "{\"organizations\":[],\"end_time\":null,\"end_of_stream\":true}");
	assert_int_equal(d->step, MLC_DONE);
	assert_null(cursor(d));
}

/* ZEN-27: the exports' own limit holds up nothing else; the account's holds all. */
static void the_limit_of_exports_is_not_the_accounts(void **state)
{
	struct drive *d = *state;

	d->input.feed = "organizations";
	begin(d, OP_POLL);
	answer_headers(d, 429, "{}", (const char *const[]){ "Retry-After", "30", "X-Rate-Limit-Remaining", "650", NULL });
	fails(d, MLC_RETRY);
	drive_end(d);

	d->input.feed = "organizations";
	begin(d, OP_POLL);
	answer_headers(d, 429, "{}", (const char *const[]){ "Retry-After", "30", "X-Rate-Limit-Remaining", "0", NULL });
	fails(d, MLC_LIMITED);
	assert_int_equal(wait_ms(d), 30000);
}

/* A page that repeats, or two that point at each other, would be read for ever. */
static void pages_that_go_in_a_circle_are_noticed(void **state)
{
	struct drive *d = *state;

	d->input.feed = "organizations";
	d->input.cursor = "1795170000";
	begin(d, OP_POLL);
	answer(d, 200, "{\"organizations\":[],\"end_time\":1795170000,\"end_of_stream\":false}");
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "in a circle"));
	drive_end(d);

	d->input.feed = "users";
	d->input.cursor = "A";
	begin(d, OP_POLL);
	asks(d, "GET", "/api/v2/incremental/users/cursor?cursor=A");
	answer(d, 200, "{\"users\":[{\"id\":1,\"name\":\"Ada\",\"active\":true}],\"after_cursor\":\"B\",\"end_of_stream\":false}");
	commit(d);
	answer(d, 200, "{\"users\":[],\"after_cursor\":\"A\",\"end_of_stream\":false}");
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "in a circle"));
}

static void what_is_younger_than_a_minute_is_not_asked_for(void **state)
{
	struct drive *d = *state;

	d->input.feed = "organizations";
	d->input.cursor = "1795219799";
	begin(d, OP_POLL);
	asks(d, "GET", "/api/v2/incremental/organizations?start_time=1795219730");
	drive_end(d);

	d->input.feed = "tickets";
	d->input.cursor = "@2026-10-01T00:00:00Z";
	begin(d, OP_POLL);
	asks(d, "GET", "/api/v2/incremental/tickets/cursor?start_time=1790812800");
}

static void users_and_tickets_that_were_deleted_are_told_so(void **state)
{
	struct drive *d = *state;

	d->input.feed = "users";
	begin(d, OP_POLL);
	answer(d, 200, "{\"users\":[{\"id\":1,\"active\":true,\"organization_id\":35436},{\"id\":2,\"active\":false}],\"after_cursor\":\"B\",\"end_of_stream\":true}");
	assert_string_equal(emitted(d), "user 1, deleted user 2");
	assert_string_equal(json_text_or(json_object_get(record(d, 0)->data, "organization_id"), "id", ""), "35436");
	drive_end(d);

	d->input.feed = "tickets";
	begin(d, OP_POLL);
	answer(d, 200, "{\"tickets\":[{\"id\":9,\"status\":\"deleted\",\"updated_at\":\"2026-11-20T10:00:00Z\"},{\"id\":10,\"status\":\"open\","
		"\"updated_at\":\"2026-11-20T10:00:00Z\"}],\"after_cursor\":\"B\",\"end_of_stream\":true}");
	assert_string_equal(emitted(d), "deleted ticket 9, ticket 10");
	assert_string_equal(record(d, 1)->version, "2026-11-20T10:00:00Z");
}

/* An empty page that has a next one is followed; it is the cursor that says the end. */
static void a_list_is_read_to_the_end_that_it_tells(void **state)
{
	struct drive *d = *state;

	d->input.feed = "organization_fields";
	begin(d, OP_POLL);
	asks(d, "GET", "/api/v2/organization_fields?page%5Bsize%5D=100");
	drive_end(d);

	d->input.feed = "ticket_fields";
	begin(d, OP_POLL);
	asks(d, "GET", "/api/v2/ticket_fields?page%5Bsize%5D=100");
	answer(d, 200, "{\"ticket_fields\":[],\"meta\":{\"has_more\":true,\"after_cursor\":\"X\"},\"links\":{\"next\":\"https://evil.example/\"}}");
	commit(d);
	asks(d, "GET", "/api/v2/ticket_fields?page%5Bsize%5D=100&page%5Bafter%5D=X");
	answer(d, 200, "{\"ticket_fields\":[{\"id\":5,\"title\":\"Vendor\",\"type\":\"lookup\"}],\"meta\":{\"has_more\":false,\"after_cursor\":\"X\"},"
		"\"links\":{\"next\":\"https://evil.example/\"}}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "ticket_field 5");
}

/* Cut off, a cursor would be another place. */
static void a_cursor_that_is_too_long_to_keep_is_refused(void **state)
{
	struct drive *d = *state;
	char page[2048] = "{\"users\":[],\"end_of_stream\":false,\"after_cursor\":\"";

	memset(page + strlen(page), 'x', 1500);
	strcat(page, "\"}");
	d->input.feed = "users";
	begin(d, OP_POLL);
	answer(d, 200, page);
	fails(d, MLC_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(an_export_begins_at_the_first_record_and_ends_where_it_says),
		drive_test(between_two_pages_it_waits_as_long_as_zendesk_wants),
		drive_test(the_limit_of_exports_is_not_the_accounts),
		drive_test(pages_that_go_in_a_circle_are_noticed),
		drive_test(what_is_younger_than_a_minute_is_not_asked_for),
		drive_test(users_and_tickets_that_were_deleted_are_told_so),
		drive_test(a_list_is_read_to_the_end_that_it_tells),
		drive_test(a_cursor_that_is_too_long_to_keep_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
