/* lists_by_page.c - feeds: page after page, from the newest seen, and nothing taken for the end that is none. */
#include "drive.h"

#define FIELDS                                                                                                   \
	"id%2CCreated_Time%2CModified_Time%2CExternal_Id%2CProduct_Name%2CProduct_Code%2CProduct_Active%2CUnit_Price%2CTaxable%2C" \
	"Vendor_Name%2CProduct_Category%2CDescription"
#define LIST "/crm/v8/Products?fields=" FIELDS "&sort_by=Modified_Time&sort_order=asc&per_page=200"
#define PRODUCT(id, modified, rest) "{\"id\":\"" id "\",\"Product_Name\":\"Mug\",\"Modified_Time\":\"" modified "\"" rest "}"
#define MORE(token) ",\"info\":{\"more_records\":true,\"next_page_token\":\"" token "\"}}"
#define AT_NOW ((const char *const[]){ "Date", "Sat, 21 Nov 2026 00:10:00 GMT", NULL })
#define END ",\"info\":{\"more_records\":false,\"next_page_token\":null}}"

static void poll(struct drive *d, const char *feed, const char *from)
{
	d->input.feed = feed;
	d->input.cursor = from;
	begin(d, OP_POLL);
}

static void pages_follow_each_other_by_token_and_are_committed_one_by_one(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	asks(d, "GET", LIST);
	assert_null(header_sent(d, "If-Modified-Since"));
	answer_headers(d, 200, "{\"data\":[" PRODUCT("1", "2026-11-20T10:00:00-08:00", "") "]" MORE("t1"), AT_NOW);
	assert_string_equal(emitted(d), "Products 1"); /* and more is to come: now is not yet seen */
	assert_string_equal(cursor(d), "2026-11-20T18:00:00Z");
	call_take(d->call);
	asks(d, "GET", LIST "&page_token=t1");
	answer_headers(d, 200, "{\"data\":[" PRODUCT("2", "2026-11-20T18:00:05+00:00", "") "]" END, AT_NOW);
	assert_int_equal(d->step, MLC_DONE);
	/* All but ten minutes is seen by now, as Zoho calls it. */
	assert_string_equal(cursor(d), "2026-11-21T00:00:00Z");
	drive_end(d);
}

static void a_quiet_module_costs_one_304(void **state)
{
	struct drive *d = *state;

	poll(d, "products", "2026-11-21T00:00:00Z");
	asks(d, "GET", LIST);
	assert_string_equal(header_sent(d, "If-Modified-Since"), "2026-11-20T23:59:00+00:00");
	answer_headers(d, 304, "", AT_NOW);
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	assert_string_equal(cursor(d), "2026-11-21T00:00:00Z");
	drive_end(d);
}

/* Ours may be an hour ahead: what changes in that hour would never be read. */
static void our_own_clock_moves_no_cursor(void **state)
{
	struct drive *d = *state;

	poll(d, "products", "2026-11-20T20:00:00Z");
	answer(d, 304, "");
	assert_string_equal(cursor(d), "2026-11-20T20:00:00Z");
	drive_end(d);

	poll(d, "products", "2026-11-20T20:00:00Z");
	answer_headers(d, 304, "", (const char *const[]){ "Date", "Fri, 20 Nov 2026 20:05:00 GMT", NULL });
	assert_string_equal(cursor(d), "2026-11-20T20:00:00Z");
	drive_end(d);
}

static void an_empty_module_is_a_204(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	answer(d, 204, "");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	drive_end(d);
}

static void a_person_may_have_it_read_from_a_day_on(void **state)
{
	struct drive *d = *state;

	poll(d, "products", "@2026-10-01T00:00:00Z");
	assert_string_equal(header_sent(d, "If-Modified-Since"), "2026-10-01T00:00:00+00:00");
	drive_end(d);
}

/* Each would lose records, or read for ever, if it were believed. */
static void pages_that_make_no_sense_end_the_poll_and_keep_the_cursor(void **state)
{
	static const struct {
		const char *what, *body, *words;
	} rows[] = {
		{ "more, but no way on", "{\"data\":[" PRODUCT("2", "2026-11-20T18:00:05Z", "") "],\"info\":{\"more_records\":true}}", "how to read on" },
		{ "an id that is none", "{\"data\":[" PRODUCT("../users", "2026-11-20T18:00:05Z", "") "]" END, "has an id" },
		{ "a record without its time", "{\"data\":[{\"id\":\"2\"}]" END, "with their times" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		poll(d, "products", NULL);
		answer(d, 200, "{\"data\":[" PRODUCT("1", "2026-11-20T18:00:00Z", "") "]" MORE("t1"));
		call_take(d->call);
		answer(d, 200, rows[i].body);
		fails(d, MLC_BROKEN);
		if (!strstr(why(d), rows[i].words))
			fail_msg("%s: %s", rows[i].what, why(d));
		assert_null(cursor(d));
		drive_end(d);
	}
}

static void amounts_become_text_and_times_utc(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	answer(d, 200, "{\"data\":[" PRODUCT("1", "2026-11-20T10:00:00+05:30",
		",\"Unit_Price\":1173.41,\"Vendor_Name\":{\"name\":\"Clay\",\"id\":\"9\"},\"$approved\":true,\"Last_Activity_Time\":\"x\",\"Colour__c\":\"red\"") ","
		PRODUCT("2", "2026-11-20T10:00:01+05:30", ",\"Unit_Price\":12,\"Product_Code\":77,\"Taxable\":null") "]" END);
	assert_string_equal(member(d, 0, "Unit_Price"), "1173.41");
	assert_string_equal(member(d, 0, "Modified_Time"), "2026-11-20T04:30:00Z");
	assert_string_equal(member(d, 0, "Vendor_Name.id"), "9");
	assert_string_equal(member(d, 0, "$approved"), "(none)");
	assert_string_equal(member(d, 0, "Last_Activity_Time"), "(none)");
	assert_string_equal(member(d, 0, "Colour__c"), "red");
	assert_memory_equal(record(d, 0)->version, "2026-11-20T04:30:00Z~", 21);
	/* A number where a text is due stays what it is; an amount without cents is an amount. */
	assert_string_equal(member(d, 1, "Unit_Price"), "12");
	assert_true(json_is_integer(json_object_get(record(d, 1)->data, "Product_Code")));
	drive_end(d);
}

/* ZOHO-26: however a number is typed, it is one number. */
static void an_accounts_phone_is_known_by_its_last_ten_digits(void **state)
{
	static const struct {
		const char *phone, *digits;
	} rows[] = { { "+1 (775) 555-0142", "7755550142" }, { "775.555.0142", "7755550142" }, { "(775) 555-0142 x12", "7755550142" },
		{ "0044 20 7946 0958", "2079460958" }, { "0142", "0142" }, { "none", "" } };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *body = xformat("{\"data\":[{\"id\":\"1\",\"Account_Name\":\"A\",\"Phone\":\"%s\",\"Modified_Time\":\"2026-11-20T10:00:00Z\"}]" END,
			rows[i].phone);

		poll(d, "accounts", NULL);
		answer(d, 200, body);
		assert_string_equal(member(d, 0, "Phone_Digits"), rows[i].digits);
		drive_end(d);
		free(body);
	}
}

static void what_has_rows_is_only_hinted_at(void **state)
{
	struct drive *d = *state;

	poll(d, "deals", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"7\",\"Deal_Name\":\"D\",\"Modified_Time\":\"2026-11-20T10:00:00Z\"}]" END);
	assert_string_equal(emitted(d), "hint Deals 7");
	assert_null(record(d, 0)->version); /* that of the whole record is another one */
	drive_end(d);
}

/* Somebody edits in the second in which we wrote: its time says nothing of it. */
static void two_contents_of_one_second_are_two_versions(void **state)
{
	static const char *const rest[] = { "", ",\"Unit_Price\":1.50", ",\"Unit_Price\":1.50,\"Description\":null", ",\"Vendor_Name\":{\"name\":\"A\",\"id\":\"9\"}",
		",\"Vendor_Name\":{\"name\":\"Renamed\",\"id\":\"9\"},\"Owner\":{\"id\":\"1\"}" };
	char *versions[5];
	struct drive *d = *state;

	for (size_t i = 0; i < 5; i++) {
		char *body = xformat("{\"data\":[{\"id\":\"1\",\"Product_Name\":\"Mug\",\"Modified_Time\":\"2026-11-20T10:00:00Z\"%s}]" END, rest[i]);

		poll(d, "products", NULL);
		answer(d, 200, body);
		versions[i] = xstrdup(record(d, 0)->version);
		drive_end(d);
		free(body);
	}
	assert_string_not_equal(versions[0], versions[1]);
	assert_string_equal(versions[1], versions[2]); /* empty is empty */
	assert_string_not_equal(versions[1], versions[3]);
	assert_string_equal(versions[3], versions[4]); /* another's name, and what no list shows */
	for (size_t i = 0; i < 5; i++)
		free(versions[i]);
}

/* A list asks for at most 50 fields, and for no rows (SOURCES.md 4). */
static void no_module_asks_for_more_fields_than_zoho_gives(void **state)
{
	struct drive *d = *state;

	for (const struct mlc_feed *f = mlc_connector_v1.feeds; f->name; f++) {
		const char *path, *at;
		size_t count = 1;

		poll(d, f->name, NULL);
		path = call_inside(d->call)->request->path;
		for (at = strstr(path, "fields="); at && (at = strstr(at, "%2C")) != NULL; at++)
			count++;
		assert_true(count <= 50);
		assert_null(strstr(path, "_Items"));
		assert_null(strstr(path, "Invoice_Lines"));
		assert_null(strstr(path, "Phone_Digits"));
		drive_end(d);
	}
}

static void what_was_deleted_is_told_and_its_cursor_moves_at_the_end(void **state)
{
	struct drive *d = *state;

	poll(d, "deleted_accounts", "2026-11-20T00:00:00Z");
	asks(d, "GET", "/crm/v8/Accounts/deleted?type=all&per_page=200&page=1");
	assert_string_equal(header_sent(d, "If-Modified-Since"), "2026-11-19T23:59:00+00:00");
	answer(d, 200, "{\"data\":[{\"id\":\"9\",\"deleted_time\":\"2026-11-20T23:59:59+00:00\",\"type\":\"recycle\"}],\"info\":{\"more_records\":true}}");
	assert_null(cursor(d));
	asks(d, "GET", "/crm/v8/Accounts/deleted?type=all&per_page=200&page=2");
	answer_headers(d, 200, "{\"data\":[{\"id\":\"8\",\"deleted_time\":\"2026-11-20T10:00:00+00:00\",\"type\":\"permanent\"}],\"info\":{\"more_records\":false}}", AT_NOW);
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "deleted Accounts 9, deleted Accounts 8");
	assert_string_equal(cursor(d), "2026-11-21T00:00:00Z");
	drive_end(d);

	/* Where Zoho does not say what time it is, as far as was told. */
	poll(d, "deleted_accounts", "2026-11-20T00:00:00Z");
	answer(d, 200, "{\"data\":[{\"id\":\"9\",\"deleted_time\":\"2026-11-20T23:59:59+00:00\"},{\"id\":\"8\",\"deleted_time\":\"2026-11-20T10:00:00+00:00\"}],"
		"\"info\":{\"more_records\":false}}");
	assert_string_equal(cursor(d), "2026-11-20T23:59:59Z");
	assert_int_equal(record(d, 1)->changed_ms, INT64_C(1795168800000));
	drive_end(d);

	static const char *const odd[] = { "{\"deleted_time\":\"2026-11-20T10:00:00Z\"}", "{\"id\":\"x\",\"deleted_time\":\"2026-11-20T10:00:00Z\"}", "{\"id\":\"8\"}" };
	for (size_t i = 0; i < 3; i++) {
		char *body = xformat("{\"data\":[%s],\"info\":{\"more_records\":false}}", odd[i]);

		poll(d, "deleted_accounts", NULL);
		answer(d, 200, body);
		fails(d, MLC_BROKEN);
		drive_end(d);
		free(body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(pages_follow_each_other_by_token_and_are_committed_one_by_one),
		drive_test(a_quiet_module_costs_one_304),
		drive_test(our_own_clock_moves_no_cursor),
		drive_test(an_empty_module_is_a_204),
		drive_test(a_person_may_have_it_read_from_a_day_on),
		drive_test(pages_that_make_no_sense_end_the_poll_and_keep_the_cursor),
		drive_test(amounts_become_text_and_times_utc),
		drive_test(an_accounts_phone_is_known_by_its_last_ten_digits),
		drive_test(what_has_rows_is_only_hinted_at),
		drive_test(two_contents_of_one_second_are_two_versions),
		drive_test(no_module_asks_for_more_fields_than_zoho_gives),
		drive_test(what_was_deleted_is_told_and_its_cursor_moves_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
