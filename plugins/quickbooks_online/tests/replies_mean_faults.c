/* replies_mean_faults.c - what each refusal of QuickBooks, or of what stands before it, makes the host do. */
#include "drive.h"

#define GATEWAY(status, code, words)                                                           \
	"{\"warnings\":null,\"fault\":{\"error\":[{\"message\":\"message=" words "; errorCode=00" code "; statusCode=" #status \
	"\",\"detail\":\"Token expired: AB11\",\"code\":\"" code "\",\"element\":null}],\"type\":\"AUTHENTICATION\"},\"time\":1493000000000}"
#define THROTTLED                                                                              \
	"{\"Fault\":{\"Error\":[{\"Message\":\"message=ThrottleExceeded; errorCode=003001; statusCode=429\",\"Detail\":" \
	"\"The request limit was reached.\",\"code\":\"3001\"}],\"type\":\"SERVICE\"}}"

static const struct row {
	int status;
	const char *body, *retry_after;
	enum mlc_fault fault;
	uint32_t after_ms;
	const char *words;
} rows[] = {
	{ 401, GATEWAY(401, "3200", "AuthenticationFailed"), NULL, MLC_AUTH, 0, "AuthenticationFailed" },
	{ 401, "<?xml version=\"1.0\"?><IntuitResponse><Fault type=\"AUTHENTICATION\"/></IntuitResponse>", NULL, MLC_AUTH, 0, "401" },
	{ 403, GATEWAY(403, "3100", "ApplicationAuthorizationFailed"), NULL, MLC_AUTH, 0, "ApplicationAuthorizationFailed" },
	{ 403, THROTTLED, NULL, MLC_LIMITED, 60000, "3001" }, /* as in older days */
	{ 429, THROTTLED, NULL, MLC_LIMITED, 60000, "3001" },
	{ 429, "", NULL, MLC_LIMITED, 60000, "429" },
	{ 429, "<html>", "120", MLC_LIMITED, 120000, "429" },
	{ 403, FAULT("6190", "Invalid Company Status", "Subscription period has ended"), NULL, MLC_LIMITED, 3600000, "Subscription" },
	{ 400, FAULT("003001", "ThrottleExceeded", "slow"), NULL, MLC_LIMITED, 60000, "slow" }, /* with zeros in front */
	{ 400, FAULT("10000", "An application error", "System Failure Error"), NULL, MLC_RETRY, 0, "System Failure" },
	{ 400, FAULT("2010", "Request has invalid or unsupported property", "Property Name:Foo"), NULL, MLC_REFUSED, 0, "Property Name:Foo" },
	{ 400, FAULT("4000", "Error parsing query", "QueryParserError"), NULL, MLC_REFUSED, 0, "QueryParserError" },
	{ 400, FAULT("4001", "Invalid query", "QueryValidationError"), NULL, MLC_REFUSED, 0, "code 4001" },
	{ 400, FAULT("5010", "Stale Object Error", "Stale Object Error : You and another user"), NULL, MLC_STALE, 0, "another user" },
	{ 400, FAULT("6000", "A business validation error", "Business Validation Error: the record is locked, try again"), NULL, MLC_RETRY, 0, "locked" },
	{ 400, FAULT("6000", "A business validation error", "Business Validation Error: no such currency"), NULL, MLC_REFUSED, 0, "no such currency" },
	{ 400, FAULT("6210", "Account Period Closed", "The account period has closed"), NULL, MLC_REFUSED, 0, "period has closed" },
	{ 400, "<html>Bad Request</html>", NULL, MLC_REFUSED, 0, "400" },
	{ 404, "<html>Not Found</html>", NULL, MLC_BROKEN, 0, "404" },
	{ 405, "", NULL, MLC_REFUSED, 0, "405" },
	{ 408, "", NULL, MLC_RETRY, 0, "408" },
	{ 409, "", NULL, MLC_REFUSED, 0, "409" },
	{ 412, "", NULL, MLC_REFUSED, 0, "412" },
	{ 413, "<html>Request Entity Too Large</html>", NULL, MLC_REFUSED, 0, "413" },
	{ 422, "{}", NULL, MLC_REFUSED, 0, "422" },
	{ 500, "<html>", NULL, MLC_RETRY, 0, "500" },
	{ 502, "", NULL, MLC_RETRY, 0, "502" },
	{ 503, "", "7", MLC_RETRY, 0, "503" },
	{ 504, "<html>gateway</html>", NULL, MLC_RETRY, 0, "504" },
	/* A 200 can hold a Fault. */
	{ 200, FAULT("610", "Object Not Found", "made inactive"), NULL, MLC_REFUSED, 0, "made inactive" },
	{ 200, THROTTLED, NULL, MLC_LIMITED, 60000, "3001" },
	/* A 200 that is none of it. */
	{ 200, "<!DOCTYPE html><html>back soon</html>", NULL, MLC_BROKEN, 0, "a web page" },
	{ 200, "", NULL, MLC_BROKEN, 0, "nothing" },
	{ 200, "[]", NULL, MLC_BROKEN, 0, "JSON object" },
	{ 200, "{}", NULL, MLC_BROKEN, 0, "answer to a query" },
	{ 200, "{\"QueryResponse\":{}}", NULL, MLC_BROKEN, 0, "answer to a query" }, /* without its time */
	{ 200, "{\"QueryResponse\":{\"Customer\":[{\"Id\":\"1\",\"SyncTo", NULL, MLC_BROKEN, 0, "JSON object" },
	{ 200, "{\"QueryResponse\":{\"Customer\":{}}," TIME "}", NULL, MLC_BROKEN, 0, "list of Customer" },
	{ 200, "{\"QueryResponse\":{\"Customer\":[{\"DisplayName\":\"x\"}],\"maxResults\":1}," TIME "}", NULL, MLC_BROKEN, 0, "ids" },
	{ 200, "{\"QueryResponse\":{\"Vendor\":[]}," TIME "}", NULL, MLC_BROKEN, 0, "query for Customer" },
};

static void each_refusal_names_the_hosts_next_move(void **state)
{
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		const char *const headers[] = { "Retry-After", r->retry_after, NULL };
		uint32_t after;
		const char *text;

		d->data = json_pack("{s:s}", "DisplayName", "Cool Cars");
		d->input.entity = "Customer";
		d->input.data = d->data;
		begin(d, OP_FIND);
		answer_headers(d, r->status, r->body, r->retry_after ? headers : NULL);
		assert_int_equal(d->step, MLC_FAIL);
		if (call_fault(d->call, &after, &text) != r->fault || after != r->after_ms || !strstr(text, r->words))
			fail_msg("row %zu (%d %.60s): fault %d after %u: %s", i, r->status, r->body, (int)call_fault(d->call, NULL, NULL), after,
				text);
		drive_end(d);
	}
}

static void the_words_name_the_call_at_intuit(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	answer_headers(d, 500, "", (const char *const[]){ "intuit_tid", "1-5f2a", NULL });
	assert_non_null(strstr(why(d), "intuit_tid 1-5f2a"));
}

static void each_code_has_a_meaning_and_a_cure(void **state)
{
	(void)state;
	for (const struct mlc_code *c = mlc_connector_v1.codes; c->code; c++)
		assert_true(*c->means && *c->cure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(each_refusal_names_the_hosts_next_move),
		drive_test(the_words_name_the_call_at_intuit),
		cmocka_unit_test(each_code_has_a_meaning_and_a_cure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
