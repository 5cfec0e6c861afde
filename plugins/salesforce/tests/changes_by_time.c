/* changes_by_time.c - feeds: pages that follow each other, SF-16; and all the ways in which they do not. */
#include "drive.h"

static void a_first_reading_asks_for_all_and_the_next_from_where_it_ended(void **state)
{
	struct drive *d = *state;

	poll_feed(d, "accounts", NULL);
	holds_text(asked(d), V "/query?q=SELECT Id,Name,");
	holds_text(asked(d), " FROM Account ORDER BY SystemModstamp, Id");
	assert_null(strstr(asked(d), "CurrencyIsoCode"));
	answer(d, 200, PAGE("3", "false", NEXT("a-2"), ROW(A1, T1, ",\"Name\":\"One\"") "," ROW(A2, T2, "")));
	assert_string_equal(emitted(d), "Account " A1 ", Account " A2);
	assert_string_equal(cursor(d), "2026-11-20T08:00:05Z");
	commit(d);
	asks(d, "GET", V "/query/01ga-2");
	answer(d, 200, PAGE("3", "true", "", ROW("001Ac0000000003IAA", T2, "")));
	assert_int_equal(d->step, MLC_DONE);
	drive_end(d);

	poll_feed(d, "accounts", "2026-11-20T08:00:05Z");
	holds_text(asked(d), "WHERE SystemModstamp >= 2026-11-20T07:55:05Z ORDER BY");
	answer(d, 200, PAGE("0", "true", "", ""));
	assert_int_equal(d->step, MLC_DONE);
	drive_end(d);

	/* A person wants it from there: exactly there. */
	poll_feed(d, "accounts", "@2026-10-01T00:00:00Z");
	holds_text(asked(d), "SystemModstamp >= 2026-10-01T00:00:00Z");
	drive_end(d);

	json_put_text(d->facts, "currencies", "many");
	poll_feed(d, "accounts", NULL);
	holds_text(asked(d), ",CurrencyIsoCode,");
}

static void values_come_as_the_table_says(void **state)
{
	struct drive *d = *state;
	json_t *r;

	poll_feed(d, "accounts", NULL);
	answer(d, 200, PAGE("1", "true", "", ROW(A1, T1, ",\"Name\":\"One\",\"ParentId\":\"" A2 "\",\"MLC_Balance__c\":12.50,\"MLC_OpenAmount__c\":7,"
		"\"AccountNumber\":4711,\"MLC_PaidAmount__c\":\"3.10\",\"Phone\":null,\"CreatedDate\":\"2026-11-20T09:00:00.123+0100\",\"IsDeleted\":false,"
		"\"Unknown__c\":1")));
	r = json_read(record(d, 0)->text, record(d, 0)->text_len, NULL);
	assert_string_equal(json_text_or(r, "ParentId.id", ""), A2);
	assert_string_equal(json_text_or(r, "MLC_Balance__c", ""), "12.50");
	assert_string_equal(json_text_or(r, "MLC_OpenAmount__c", ""), "7");
	assert_string_equal(json_text_or(r, "MLC_PaidAmount__c", ""), "3.10"); /* a number as text */
	assert_string_equal(json_text_or(r, "AccountNumber", ""), "4711");     /* text as a number */
	assert_string_equal(json_text_or(r, "CreatedDate", ""), "2026-11-20T08:00:00.123Z");
	assert_null(json_object_get(r, "Phone"));
	assert_null(json_object_get(r, "Unknown__c"));
	assert_memory_equal(record(d, 0)->version, T1 "~", sizeof T1);
	assert_int_equal(record(d, 0)->changed_ms, INT64_C(1795161600000));
	json_decref(r);
}

/* Somebody edits in the second in which we wrote: its time says nothing of it. */
static void two_contents_of_one_second_are_two_versions(void **state)
{
	static const char *const rest[] = { "", ",\"Phone\":\"1\"", ",\"Phone\":\"1\",\"Fax\":null", ",\"Phone\":\"2\"" };
	char *versions[4];
	struct drive *d = *state;

	for (size_t i = 0; i < 4; i++) {
		char *body = xformat("%s%s%s", "{\"totalSize\":1,\"done\":true,\"records\":[{\"Id\":\"" A1 "\",\"SystemModstamp\":\"" T1 "\"", rest[i], "}]}");

		poll_feed(d, "accounts", NULL);
		answer(d, 200, body);
		versions[i] = xstrdup(record(d, 0)->version);
		drive_end(d);
		free(body);
	}
	assert_string_not_equal(versions[0], versions[1]);
	assert_string_equal(versions[1], versions[2]); /* empty is empty */
	assert_string_not_equal(versions[1], versions[3]);
	for (size_t i = 0; i < 4; i++)
		free(versions[i]);
}

/* Each is a named outcome: never "nothing has changed". */
static void what_is_no_page_is_no_news(void **state)
{
	static const struct {
		const char *body;
		enum mlc_fault fault;
		const char *words;
	} rows[] = {
		{ "<html>We are back soon</html>", MLC_BROKEN, "web page" },
		{ "{\"totalSize\":1,\"done\":true,\"records\":[{\"Id\":", MLC_BROKEN, "page of records" },
		{ "{\"done\":true,\"records\":[]}", MLC_BROKEN, "page of records" },
		{ PAGE("2", "false", "", ROW(A1, T1, "")), MLC_BROKEN, "no next page" },
		{ PAGE("2", "false", ",\"nextRecordsUrl\":\"https://elsewhere.example/query/01g\"", ROW(A1, T1, "")), MLC_BROKEN, "no next page" },
		{ PAGE("1", "true", "", ROW(A1, T1, "") "," ROW(A2, T2, "")), MLC_BROKEN, "more rows than there are" },
		{ PAGE("3", "true", "", ROW(A1, T1, "")), MLC_RETRY, "came back short: 1 of 3" },
		{ PAGE("2", "true", "", ROW(A2, T2, "") "," ROW(A1, T1, "")), MLC_BROKEN, "back in time" },
		{ PAGE("1", "true", "", "{\"SystemModstamp\":\"" T1 "\"}"), MLC_BROKEN, "has an id" },
		{ PAGE("1", "true", "", "{\"Id\":\"" A1 "\"}"), MLC_BROKEN, "without its time" },
		{ PAGE("1", "true", "", "null"), MLC_BROKEN, "has an id" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		poll_feed(d, "accounts", NULL);
		answer(d, 200, rows[i].body);
		fails(d, rows[i].fault);
		holds_text(why(d), rows[i].words);
		assert_null(cursor(d));
		drive_end(d);
	}
}

static void a_cursor_that_loops_and_a_page_that_repeats_are_noticed(void **state)
{
	struct drive *d = *state;

	poll_feed(d, "accounts", NULL);
	answer(d, 200, PAGE("4", "false", NEXT("a-1"), ROW(A1, T1, "")));
	commit(d);
	answer(d, 200, PAGE("4", "false", NEXT("a-1"), ROW(A2, T2, "")));
	fails(d, MLC_BROKEN);
	holds_text(why(d), "itself");
	drive_end(d);

	poll_feed(d, "accounts", NULL);
	answer(d, 200, PAGE("4", "false", NEXT("a-2"), ROW(A1, T1, "") "," ROW(A2, T2, "")));
	commit(d);
	answer(d, 200, PAGE("4", "true", "", ROW(A1, T1, "") "," ROW(A2, T2, "")));
	fails(d, MLC_BROKEN);
	holds_text(why(d), "came twice");
}

/* Salesforce forgets where a list was after two days: it is asked for anew from there. */
static void a_lost_locator_goes_on_from_the_last_record(void **state)
{
	struct drive *d = *state;

	poll_feed(d, "accounts", NULL);
	answer(d, 200, PAGE("4", "false", NEXT("a-2"), ROW(A1, T1, "") "," ROW(A2, T2, "")));
	commit(d);
	answer(d, 400, ERROR("INVALID_QUERY_LOCATOR", "invalid query locator"));
	holds_text(asked(d), "SystemModstamp >= 2026-11-20T08:00:05Z");
	answer(d, 200, PAGE("1", "true", "", ROW(A2, T2, "")));
	assert_int_equal(d->step, MLC_DONE);
}

static void documents_come_as_hints_by_getUpdated_within_its_reach(void **state)
{
	struct drive *d = *state;

	poll_feed(d, "opportunities", NULL);
	holds_text(asked(d), "SELECT Id,SystemModstamp FROM Opportunity ORDER BY");
	answer(d, 200, PAGE("1", "true", "", ROW(O1, T1, "")));
	assert_string_equal(emitted(d), "hint Opportunity " O1);
	drive_end(d);

	/* NOW is 2026-11-21T00:10: seconds are cut off there, start five minutes earlier, end after now. */
	poll_feed(d, "opportunities", "2026-11-20T08:00:30Z");
	asks(d, "GET", V "/sobjects/Opportunity/updated/?start=2026-11-20T07%3A55%3A00Z&end=2026-11-21T00%3A11%3A00Z");
	answer(d, 200, "{\"ids\":[\"" O1 "\"],\"latestDateCovered\":\"2026-11-21T00:09:00.000+0000\"}");
	assert_string_equal(emitted(d), "hint Opportunity " O1);
	assert_string_equal(cursor(d), "2026-11-21T00:09:00Z");
	assert_int_equal(d->step, MLC_DONE);
	drive_end(d);

	/* More than 30 days back it remembers nothing: by rows. */
	poll_feed(d, "opportunities", "2026-10-01T00:00:00Z");
	holds_text(asked(d), "SystemModstamp >= 2026-09-30T23:55:00Z");
	drive_end(d);

	poll_feed(d, "opportunities", "2026-11-20T08:00:30Z");
	answer(d, 400, ERROR("EXCEEDED_ID_LIMIT", "too many"));
	holds_text(asked(d), "FROM Opportunity WHERE SystemModstamp >=");
	drive_end(d);

	poll_feed(d, "opportunities", "2026-11-20T08:00:30Z");
	answer(d, 200, "{\"ids\":[7],\"latestDateCovered\":\"2026-11-21T00:09:00.000+0000\"}");
	fails(d, MLC_BROKEN);
}

#define DELETED(ids, covered) "{\"deletedRecords\":[" ids "],\"earliestDateAvailable\":\"2026-10-22T00:00:00.000+0000\",\"latestDateCovered\":\"" covered "\"}"
#define GONE(id) "{\"id\":\"" id "\",\"deletedDate\":\"" T1 "\"}"

/* ALL-12: the recycle bin tells what became of each. */
static void what_was_deleted_is_told_apart_from_what_was_merged_and_what_came_back(void **state)
{
	struct drive *d = *state;

	poll_feed(d, "deleted", "2026-11-20T08:00:00Z");
	holds_text(asked(d), "/sobjects/Account/deleted/?start=2026-11-20T07:55:00Z");
	answer(d, 200, DELETED(GONE(A1) "," GONE(A2) "," GONE("001Ac0000000003IAA") "," GONE("001Ac0000000004IAA"), "2026-11-21T00:09:00.000+0000"));
	holds_text(asked(d), "/queryAll?q=SELECT Id,IsDeleted,MasterRecordId FROM Account WHERE Id IN ('" A1 "','" A2 "'");
	answer(d, 200, PAGE("3", "true", "", "{\"Id\":\"" A1 "\",\"IsDeleted\":true,\"MasterRecordId\":\"001Ac0000000009IAA\"},"
		"{\"Id\":\"" A2 "\",\"IsDeleted\":true,\"MasterRecordId\":null},{\"Id\":\"001Ac0000000003IAA\",\"IsDeleted\":false}"));
	for (int i = 0; i < 4; i++) {
		holds_text(asked(d), "/deleted/");
		answer(d, 200, DELETED("", "2026-11-21T00:08:00.000+0000"));
	}
	holds_text(asked(d), "MLC_LedgerAccount__c/deleted/");
	answer(d, 404, ERROR("NOT_FOUND", "The requested resource does not exist")); /* no such object in this org */
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(cursor(d), "2026-11-21T00:08:00Z");
	assert_string_equal(emitted(d), "deleted Account " A1 ", deleted Account " A2 ", deleted Account 001Ac0000000004IAA");
	assert_string_equal(record(d, 0)->merged_into, "001Ac0000000009IAA");
	assert_null(record(d, 1)->merged_into);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_first_reading_asks_for_all_and_the_next_from_where_it_ended),
		drive_test(values_come_as_the_table_says),
		drive_test(two_contents_of_one_second_are_two_versions),
		drive_test(what_is_no_page_is_no_news),
		drive_test(a_cursor_that_loops_and_a_page_that_repeats_are_noticed),
		drive_test(a_lost_locator_goes_on_from_the_last_record),
		drive_test(documents_come_as_hints_by_getUpdated_within_its_reach),
		drive_test(what_was_deleted_is_told_apart_from_what_was_merged_and_what_came_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
