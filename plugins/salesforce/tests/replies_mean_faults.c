/* replies_mean_faults.c - what each refusal of an org means for the host: bad input by name, SF-28, SF-17. */
#include "drive.h"

static void each_error_names_the_hosts_next_move(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum mlc_fault fault;
		const char *words;
	} rows[] = {
		/* tokens: expired, revoked, of another org */
		{ 401, ERROR("INVALID_SESSION_ID", "Session expired or invalid"), MLC_AUTH, "Session expired" },
		{ 401, ERROR("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE"), MLC_AUTH, "INVALID_AUTH_HEADER" },
		{ 401, "", MLC_AUTH, "401" },
		{ 403, ERROR("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."), MLC_AUTH, "Enterprise" },
		{ 403, ERROR("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights"), MLC_REFUSED, "insufficient access" },
		{ 404, "<html>URL No Longer Exists</html>", MLC_BROKEN, "404" },
		{ 409, ERROR("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"), MLC_RETRY, "LOCK" },
		{ 400, ERROR("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"), MLC_RETRY, "LOCK" },
		{ 500, ERROR("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"), MLC_RETRY, "LOCK" },
		{ 412, "", MLC_STALE, "412" },
		{ 422, "", MLC_REFUSED, "422" },
		{ 429, "", MLC_LIMITED, "429" },
		{ 403, ERROR("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), MLC_LIMITED, "come back" },
		{ 400, ERROR("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"), MLC_LIMITED, "full" },
		{ 500, ERROR("UNKNOWN_EXCEPTION", "An unexpected error occurred"), MLC_RETRY, "unexpected" },
		{ 503, "<html>Maintenance</html>", MLC_RETRY, "503" },
		{ 502, "", MLC_RETRY, "502" },
		{ 400, ERROR("INVALID_FIELD", "No such column 'MLC_Key__c' on entity 'Account'"), MLC_REFUSED, "deploy the package" },
		{ 400, ERROR("MALFORMED_QUERY", "unexpected token"), MLC_REFUSED, "unexpected token" },
		{ 410, "", MLC_REFUSED, "set a newer version" },
		{ 300, "[\"/services/data/v68.0/sobjects/Account/1\"]", MLC_REFUSED, "300" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		poll_feed(d, "accounts", NULL);
		answer(d, rows[i].status, rows[i].body);
		fails(d, rows[i].fault);
		holds_text(why(d), rows[i].words);
		drive_end(d);
	}
}

static void how_long_to_wait_is_taken_from_the_reply_or_from_what_is_spent(void **state)
{
	static const struct {
		int status;
		const char *body, *retry;
		uint32_t after_ms;
	} rows[] = {
		{ 429, "", "7", 7000 },
		{ 429, "", NULL, 60000 },
		{ 503, "", "120", 120000 },
		{ 403, ERROR("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), NULL, 1800000 },
		{ 403, ERROR("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."), NULL, 60000 },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *headers[] = { "Retry-After", rows[i].retry, NULL };
		uint32_t after = 0;

		poll_feed(d, "accounts", NULL);
		answer_headers(d, rows[i].status, rows[i].body, rows[i].retry ? headers : NULL);
		fails(d, MLC_LIMITED);
		call_fault(d->call, &after, NULL);
		assert_int_equal(after, rows[i].after_ms);
		drive_end(d);
	}
}

/* SF-17: the limits header; it may hold more, and may be missing. */
static void calls_beyond_our_share_of_the_day_stand_still(void **state)
{
	static const struct {
		const char *info;
		bool spent;
	} rows[] = {
		{ "api-usage=18/15000", false }, { "api-usage=13500/15000", false }, { "api-usage=13501/15000", true },
		{ "api-usage=14999/15000, per-app-api-usage=17/250(appName=x)", true }, { "per-app-api-usage=17/250", false },
		{ "api-usage=/", false }, { "api-usage=9/0", false }, { "", false },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		poll_feed(d, "accounts", NULL);
		answer_headers(d, 200, PAGE("0", "true", "", ""), (const char *const[]){ "Sforce-Limit-Info", rows[i].info, NULL });
		assert_int_equal(d->step, rows[i].spent ? MLC_FAIL : MLC_DONE);
		if (rows[i].spent)
			fails(d, MLC_LIMITED);
		drive_end(d);
	}
}

static void a_token_of_another_org_reads_and_writes_nothing(void **state)
{
	struct drive *d = *state;
	json_t *token = json_pack("{s:s}", "id", "https://login.salesforce.com/id/00DZz0000000001MAA/005Ac0000000001IAA");

	json_put_text(d->facts, "identity", "00DAc0000000003MAA");
	d->site.token = token;
	poll_feed(d, "accounts", NULL);
	fails(d, MLC_AUTH);
	holds_text(why(d), "another org");
	drive_end(d);
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	fails(d, MLC_AUTH);
	drive_end(d);
	json_decref(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(each_error_names_the_hosts_next_move),
		drive_test(how_long_to_wait_is_taken_from_the_reply_or_from_what_is_spent),
		drive_test(calls_beyond_our_share_of_the_day_stand_still),
		drive_test(a_token_of_another_org_reads_and_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
