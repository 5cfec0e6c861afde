/* replies_mean_faults.c - what the host does next, for each way in which Zuora says no. */
#include "drive.h"

static const struct row {
	int status;
	const char *body;
	enum mlc_fault reading, writing;
} rows[] = {
	/* The last two digits of a reason's code decide, in a 200 as well. */
	{ 200, REASON(53100010, "no permission"), MLC_REFUSED, MLC_REFUSED },
	{ 200, REASON(90000011, "bad login"), MLC_AUTH, MLC_AUTH },
	{ 200, REASON(53100020, "bad value"), MLC_REFUSED, MLC_REFUSED },
	{ 200, REASON(53100021, "unknown field"), MLC_REFUSED, MLC_REFUSED },
	{ 200, REASON(53100022, "missing field"), MLC_REFUSED, MLC_REFUSED },
	{ 200, REASON(53100027, "bad query"), MLC_REFUSED, MLC_REFUSED },
	{ 200, REASON(53100030, "a rule"), MLC_REFUSED, MLC_REFUSED },
	{ 200, REASON(53100045, "no such method"), MLC_BROKEN, MLC_BROKEN },
	{ 200, REASON(53100050, "locked"), MLC_RETRY, MLC_RETRY },
	{ 200, REASON(53100060, "internal"), MLC_RETRY, MLC_RETRY },
	{ 200, REASON(53100061, "temporary"), MLC_RETRY, MLC_RETRY },
	{ 200, REASON(53100070, "too many"), MLC_LIMITED, MLC_LIMITED },
	{ 200, REASON(53100090, "malformed"), MLC_BROKEN, MLC_BROKEN },
	{ 200, REASON(53100099, "the gateway"), MLC_RETRY, MLC_RETRY },
	{ 200, "{\"success\":false,\"reasons\":[{\"code\":\"53100050\",\"message\":\"as text\"}]}", MLC_RETRY, MLC_RETRY },
	/* Several: it passes only if each does. */
	{ 200, "{\"success\":false,\"reasons\":[{\"code\":50,\"message\":\"a\"},{\"code\":53100020,\"message\":\"b\"}]}", MLC_REFUSED, MLC_REFUSED },
	{ 200, "{\"success\":false,\"reasons\":[{\"code\":53100020,\"message\":\"b\"},{\"code\":53100090,\"message\":\"c\"}]}", MLC_REFUSED, MLC_REFUSED },
	{ 200, "{\"success\":false,\"reasons\":[{\"code\":53100020,\"message\":\"b\"},{\"code\":53100070,\"message\":\"a\"}]}", MLC_REFUSED, MLC_REFUSED },
	{ 200, "{\"success\":false,\"reasons\":[{\"code\":53100070,\"message\":\"a\"},{\"code\":53100020,\"message\":\"b\"}]}", MLC_REFUSED, MLC_REFUSED },
	{ 200, "{\"success\":false}", MLC_BROKEN, MLC_BROKEN },
	/* Statuses. */
	{ 400, REASON(50000020, "bad filter"), MLC_REFUSED, MLC_REFUSED },
	{ 401, REASON(90000011, "sign in"), MLC_AUTH, MLC_AUTH },
	{ 401, "", MLC_AUTH, MLC_AUTH },
	{ 403, REASON(50000010, "no permission"), MLC_REFUSED, MLC_REFUSED },
	{ 403, "<html>", MLC_REFUSED, MLC_REFUSED },
	{ 404, "<html>", MLC_BROKEN, MLC_BROKEN },
	{ 408, "", MLC_RETRY, MLC_IN_DOUBT },
	{ 409, "{}", MLC_RETRY, MLC_IN_DOUBT }, /* the first of this key is still at work */
	{ 412, "{}", MLC_REFUSED, MLC_REFUSED },
	{ 422, "{\"message\":\"key used\"}", MLC_BROKEN, MLC_BROKEN },
	{ 429, REASON(50000070, "too many"), MLC_LIMITED, MLC_LIMITED },
	{ 500, "<html>", MLC_RETRY, MLC_IN_DOUBT },
	{ 502, "", MLC_RETRY, MLC_IN_DOUBT },
	{ 503, "", MLC_RETRY, MLC_IN_DOUBT },
	{ 504, "", MLC_RETRY, MLC_IN_DOUBT },
	{ 302, "", MLC_REFUSED, MLC_REFUSED },
	{ 204, "", MLC_BROKEN, MLC_BROKEN },
	/* A 200 that is none. */
	{ 200, "<html>hello</html>", MLC_BROKEN, MLC_BROKEN },
	{ 200, "{\"success\":tr", MLC_BROKEN, MLC_BROKEN },
	{ 200, "", MLC_BROKEN, MLC_BROKEN },
};

static void each_refusal_names_the_hosts_next_move(void **state)
{
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		poll(d, "products", NULL);
		answer(d, rows[i].status, rows[i].body);
		fails(d, rows[i].reading);
		write_one(d, "account", MLC_DO_CREATE, NULL, NULL, an_account());
		answer(d, rows[i].status, rows[i].body);
		if (rows[i].writing == MLC_RETRY) /* Zuora has declined this very write: the next try bears another key */
			assert_int_equal(outcome(d, 0)->fault, MLC_RETRY);
		else
			fails(d, rows[i].writing);
	}
}

static void the_words_are_zuoras_own(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	answer(d, 200, "{\"success\":false,\"reasons\":[{\"code\":53100320,\"message\":\"'x' is no state\"},{\"code\":53100322,\"message\":\"name is missing\"}]}");
	assert_string_equal(why(d), "reading products: 200: 'x' is no state (53100320); name is missing (53100322)");
	poll(d, "products", NULL);
	answer(d, 401, "");
	assert_non_null(strstr(why(d), "does not work at another"));
	poll(d, "products", NULL);
	answer(d, 400, "{\"message\":\"No such field\"}");
	assert_non_null(strstr(why(d), "No such field"));
	poll(d, "products", NULL);
	answer(d, 400, "{\"error\":{\"message\":\"No such object\"}}");
	assert_non_null(strstr(why(d), "No such object"));
	json_object_set_new(d->settings, "invoice_settlement", json_false());
	poll(d, "adjustments", NULL);
	answer(d, 400, "{\"faultCode\":\"fns:MALFORMED_QUERY\",\"faultMessage\":\"You have an error in your ZOQL syntax\"}");
	assert_non_null(strstr(why(d), "ZOQL syntax"));
}

/* ZUO-22 */
static void a_429_is_waited_for_as_long_as_it_says(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	answer_headers(d, 429, "", (const char *const[]){ "Retry-After", "7", "ratelimit-reset", "50", NULL });
	assert_int_equal(wait_ms(d), 7000);
	poll(d, "products", NULL);
	answer_headers(d, 429, "", (const char *const[]){ "ratelimit-reset", "50", NULL }); /* seconds from now */
	assert_int_equal(wait_ms(d), 50000);
	poll(d, "products", NULL);
	answer(d, 429, "");
	assert_int_equal(wait_ms(d), 30000);
	poll(d, "products", NULL);
	answer_headers(d, 503, "", (const char *const[]){ "Retry-After", "3", NULL });
	fails(d, MLC_LIMITED);
	/* A write may have happened all the same. */
	write_one(d, "account", MLC_DO_CREATE, NULL, NULL, an_account());
	answer_headers(d, 503, "", (const char *const[]){ "Retry-After", "3", NULL });
	fails(d, MLC_IN_DOUBT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(each_refusal_names_the_hosts_next_move),
		drive_test(the_words_are_zuoras_own),
		drive_test(a_429_is_waited_for_as_long_as_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
