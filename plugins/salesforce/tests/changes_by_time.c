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

/* Only a lost place is looked for anew, and not for ever. */
static void other_trouble_on_a_later_page_is_no_lost_locator(void **state)
{
	struct drive *d = *state;
	int times = 0;

	poll_feed(d, "accounts", NULL);
	answer(d, 200, PAGE("4", "false", NEXT("a-2"), ROW(A1, T1, "")));
	commit(d);
	answer(d, 400, ERROR("QUERY_TIMEOUT", "slow"));
	assert_int_equal(d->step, MLC_FAIL);
	drive_end(d);
	poll_feed(d, "accounts", NULL);
	for (; times < 50 && d->step == MLC_SEND; times++) {
		answer(d, 200, times % 2 ? PAGE("4", "false", NEXT("a-2"), ROW(A2, T1, "")) : PAGE("4", "false", NEXT("a-2"), ROW(A1, T1, "")));
		commit(d);
		answer(d, 400, ERROR("INVALID_QUERY_LOCATOR", "invalid query locator"));
	}
	assert_int_equal(d->step, MLC_FAIL);
	assert_in_range(times, 2, 20);
}

/* Nobody reads or writes on where the login leads somewhere else: SF-13, and one tenant's data in another's books. */
static void a_login_that_leads_to_another_org_reads_and_writes_nothing(void **state)
{
	struct drive *d = *state;
	json_t *ours = json_pack("{s:s}", "id", "https://login.salesforce.com/id/00DAc0000000003MAA/005x"),
		*theirs = json_pack("{s:s}", "id", "https://login.salesforce.com/id/00DZz0000000001MAA/005x");

	json_put_text(d->facts, "identity", "00DAc0000000003MAA");
	d->site.token = ours;
	poll_feed(d, "accounts", NULL);
	assert_int_equal(d->step, MLC_SEND);
	drive_end(d);
	d->site.token = theirs;
	poll_feed(d, "accounts", NULL);
	fails(d, MLC_AUTH);
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	fails(d, MLC_AUTH);
	drive_end(d);
	d->site.token = NULL;
	json_decref(ours);
	json_decref(theirs);
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
	drive_end(d);
	poll_feed(d, "opportunities", "2026-11-20T08:00:30Z");
	answer(d, 200, "{\"ids\":[\"7' OR 'a\"],\"latestDateCovered\":\"2026-11-21T00:09:00.000+0000\"}");
	fails(d, MLC_BROKEN);
	drive_end(d);
	poll_feed(d, "opportunities", "2026-11-20T08:00:30Z");
	answer(d, 400, ERROR("API_DISABLED_FOR_ORG", "no API"));
	assert_int_equal(d->step, MLC_FAIL);
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
		answer(d, 200, i == 1 ? DELETED("", "2026-11-21T00:08:00.000+0000") : DELETED("", "2026-11-21T00:09:00.000+0000"));
	}
	holds_text(asked(d), "MLC_LedgerAccount__c/deleted/");
	answer(d, 404, ERROR("NOT_FOUND", "The requested resource does not exist")); /* no such object in this org */
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(cursor(d), "2026-11-21T00:08:00Z"); /* what the slowest of them covers */
	assert_string_equal(emitted(d), "deleted Account " A1 ", deleted Account " A2 ", deleted Account 001Ac0000000004IAA");
	assert_string_equal(record(d, 0)->merged_into, "001Ac0000000009IAA");
	assert_null(record(d, 1)->merged_into);
	assert_int_equal(record(d, 1)->changed_ms, INT64_C(1795161600000));
}

/* A cursor that moves past what could not be read would lose it for ever. */
static void deletions_that_cannot_be_read_are_not_passed_over(void **state)
{
	static const struct { int status; const char *body; enum mlc_fault fault; } rows[] = {
		{ 404, "<html>", MLC_BROKEN }, { 503, "", MLC_RETRY }, { 400, ERROR("INVALID_REPLICATION_DATE", "endDate before startDate"), MLC_REFUSED },
		{ 200, "{}", MLC_BROKEN }, { 200, DELETED("{\"id\":\"7\"}", "2026-11-21T00:09:00.000+0000"), MLC_BROKEN },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		poll_feed(d, "deleted", "2026-11-20T08:00:00Z");
		answer(d, 200, DELETED("", "2026-11-21T00:09:00.000+0000"));
		answer(d, rows[i].status, rows[i].body);
		fails(d, rows[i].fault);
		assert_null(cursor(d));
		drive_end(d);
	}
	poll_feed(d, "deleted", "2026-11-20T08:00:00Z");
	answer(d, 400, ERROR("INVALID_TYPE", "sObject type is not supported")); /* which this org has not */
	holds_text(asked(d), "/deleted/");
	drive_end(d);
	/* What is older than Salesforce remembers is said. */
	d->logged[0] = 0;
	poll_feed(d, "deleted", "2026-11-20T08:00:00Z");
	answer(d, 200, DELETED("", "2026-11-21T00:09:00.000+0000"));
	assert_string_equal(d->logged, "");
	answer(d, 200, "{\"deletedRecords\":[],\"earliestDateAvailable\":\"2026-11-20T10:00:00.000+0000\",\"latestDateCovered\":\"2026-11-21T00:09:00.000+0000\"}");
	holds_text(d->logged, "remembers deletions since 2026-11-20T10:00:00Z only");
}

static void deletions_are_asked_for_within_salesforces_reach(void **state)
{
	struct drive *d = *state;

	poll_feed(d, "deleted", NULL); /* what was gone before we came concerns nobody */
	holds_text(asked(d), "/deleted/?start=2026-11-21T00:05:00Z&end=2026-11-21T00:11:00Z");
	drive_end(d);
	poll_feed(d, "deleted", "2026-01-01T00:00:00Z");
	holds_text(asked(d), "/deleted/?start=2026-10-");
	drive_end(d);
	poll_feed(d, "deleted", "@2026-11-21T00:10:00Z"); /* a minute apart is not enough */
	holds_text(asked(d), "/deleted/?start=2026-11-21T00:09:00Z&end=2026-11-21T00:11:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_first_reading_asks_for_all_and_the_next_from_where_it_ended),
		drive_test(values_come_as_the_table_says),
		drive_test(two_contents_of_one_second_are_two_versions),
		drive_test(what_is_no_page_is_no_news),
		drive_test(a_lost_locator_goes_on_from_the_last_record),
		drive_test(other_trouble_on_a_later_page_is_no_lost_locator),
		drive_test(a_login_that_leads_to_another_org_reads_and_writes_nothing),
		drive_test(deletions_that_cannot_be_read_are_not_passed_over),
		drive_test(deletions_are_asked_for_within_salesforces_reach),
		drive_test(documents_come_as_hints_by_getUpdated_within_its_reach),
		drive_test(what_was_deleted_is_told_apart_from_what_was_merged_and_what_came_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
