/* replies_mean_faults.c - ZOHO-18, ZOHO-36: what each bad reply makes the host do, and the words a person reads. */
#include "drive.h"

#define PAGE "<html><body>Sorry</body></html>"

static const struct {
	const char *what;
	int status;
	const char *body;
	const char *const headers[3];
	enum mlc_fault fault;
	uint32_t after_ms;
	const char *words;
} rows[] = {
	{ "an expired token", 401, REFUSAL("INVALID_TOKEN", "invalid oauth token", ""), { NULL }, MLC_AUTH, 0, "invalid oauth token" },
	{ "no token", 401, REFUSAL("AUTHENTICATION_FAILURE", "Authentication failed", ""), { NULL }, MLC_AUTH, 0, "Authentication failed" },
	{ "a token with too small a scope", 401, REFUSAL("OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL", ""), { NULL }, MLC_AUTH, 0,
		"OAUTH_SCOPE_MISMATCH" },
	{ "a token of another organisation", 403, REFUSAL("OAUTH_ORG_MISMATCH", "not yours", ""), { NULL }, MLC_AUTH, 0, "not yours" },
	{ "a 401 of something in front", 401, PAGE, { NULL }, MLC_AUTH, 0, "401" },
	{ "a user who may not", 403, REFUSAL("NO_PERMISSION", "permission denied", ""), { NULL }, MLC_REFUSED, 0, "permission denied" },
	{ "a 403 of something in front", 403, PAGE, { NULL }, MLC_REFUSED, 0, "403" },
	{ "no such address", 404, REFUSAL("INVALID_URL_PATTERN", "Please check if the URL", ""), { NULL }, MLC_BROKEN, 0, "Please check" },
	{ "a 404 of something in front", 404, PAGE, { NULL }, MLC_BROKEN, 0, "404" },
	{ "a conflict", 409, "", { NULL }, MLC_BROKEN, 0, "409" },
	{ "a record that has changed", 412, "", { NULL }, MLC_STALE, 0, "412" },
	{ "what cannot be processed", 422, "", { NULL }, MLC_BROKEN, 0, "422" },
	{ "a module that the edition lacks", 400, REFUSAL("INVALID_MODULE", "the module name given seems to be invalid", ""), { NULL }, MLC_REFUSED, 0,
		"INVALID_MODULE" },
	{ "a parameter that is missing", 400, REFUSAL("REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", "\"param_name\":\"fields\""),
		{ NULL }, MLC_REFUSED, 0, "missing: fields" },
	{ "too many, with how long", 429, REFUSAL("TOO_MANY_REQUESTS", "You have crossed the API limit", ""), { "Retry-After", "17", NULL }, MLC_LIMITED, 17000,
		"API limit" },
	{ "too many, without", 429, REFUSAL("TOO_MANY_REQUESTS", "You have crossed the API limit", ""), { NULL }, MLC_LIMITED, 60000, "API limit" },
	{ "too many at once", 429, REFUSAL("TOO_MANY_REQUESTS", "You have crossed the concurrency limit", ""), { NULL }, MLC_LIMITED, 5000, "concurrency" },
	{ "the day's credits are spent", 429, REFUSAL("TOO_MANY_REQUESTS", "You have crossed the API limit", ""), { "X-API-CREDITS-REMAINING", "0", NULL },
		MLC_LIMITED, 1800000, "API limit" },
	{ "too many, in no words of Zoho's", 429, PAGE, { NULL }, MLC_LIMITED, 60000, "429" },
	{ "a server that fell over", 500, REFUSAL("INTERNAL_ERROR", "Internal server error occurred.", ""), { NULL }, MLC_RETRY, 0, "Internal server error" },
	{ "a gateway", 502, PAGE, { NULL }, MLC_RETRY, 0, "502" },
	{ "an outage", 503, "", { NULL }, MLC_RETRY, 0, "503" },
	{ "a web page with status 200", 200, PAGE, { NULL }, MLC_BROKEN, 0, "a web page" },
	{ "nothing with status 200", 200, "", { NULL }, MLC_BROKEN, 0, "but nothing" },
	{ "half a body", 200, "{\"data\":[{\"id\":\"1\",", { NULL }, MLC_BROKEN, 0, "not a list" },
	{ "another thing with status 200", 200, "{\"records\":[]}", { NULL }, MLC_BROKEN, 0, "not a list" },
	{ "a list that says nothing of more", 200, "{\"data\":[]}", { NULL }, MLC_BROKEN, 0, "whether there is more" },
	{ "an error with status 200", 200, REFUSAL("INVALID_TOKEN", "invalid oauth token", ""), { NULL }, MLC_AUTH, 0, "invalid oauth token" },
	{ "a 204 with a body", 204, "x", { NULL }, MLC_BROKEN, 0, "204" },
	{ "a redirect to another host", 302, "", { "Location", "https://evil.example/", NULL }, MLC_REFUSED, 0, "https://evil.example/" },
};

static void each_bad_reply_to_a_poll_has_its_fault_and_its_words(void **state)
{
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		d->input.feed = "accounts";
		begin(d, OP_POLL);
		answer_headers(d, rows[i].status, rows[i].body, rows[i].headers[0] ? rows[i].headers : NULL);
		if (d->step != MLC_FAIL || call_fault(d->call, NULL, NULL) != rows[i].fault)
			fail_msg("%s: step %d, fault %d, %s", rows[i].what, d->step, d->step == MLC_FAIL ? (int)call_fault(d->call, NULL, NULL) : 0,
				d->step == MLC_FAIL ? why(d) : "");
		assert_int_equal(wait_ms(d), rows[i].after_ms);
		if (!strstr(why(d), rows[i].words))
			fail_msg("%s: %s", rows[i].what, why(d));
		assert_string_equal(emitted(d), "");
		assert_null(cursor(d));
		drive_end(d);
	}
}

/* No reply of theirs makes a record out of nothing, or one gone that is not. */
static void the_same_replies_to_a_fetch_say_nothing_of_the_record(void **state)
{
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		d->input.entity = "Accounts";
		d->input.ids = (const char *const[]){ "42", NULL };
		begin(d, OP_FETCH);
		answer_headers(d, rows[i].status, rows[i].body, rows[i].headers[0] ? rows[i].headers : NULL);
		assert_int_equal(d->step, MLC_FAIL);
		assert_string_equal(emitted(d), "");
		drive_end(d);
	}
}

static void a_reply_to_a_write_settles_nothing_that_it_does_not_say(void **state)
{
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *data = json_pack("{s:s}", "Account_Name", "Acme");
		struct mlc_write w = { .verb = MLC_DO_CREATE, .key = "k-1", .data = data };
		const struct call_write *out;

		d->input.entity = "Accounts";
		d->input.writes = &w;
		d->input.write_count = 1;
		begin(d, OP_WRITE);
		answer_headers(d, rows[i].status, rows[i].body, rows[i].headers[0] ? rows[i].headers : NULL);
		if (d->step == MLC_DONE) {
			call_writes(d->call, &out);
			assert_int_equal(out[0].end, WRITE_END_REFUSED);
			/* It may have happened: looked at before it is sent again. */
			if (rows[i].status < 300 && rows[i].fault == MLC_BROKEN)
				assert_int_equal(out[0].fault, MLC_IN_DOUBT);
			else if (rows[i].status >= 500)
				assert_int_equal(out[0].fault, MLC_IN_DOUBT);
		}
		drive_end(d);
		json_decref(data);
	}
}

static void a_refusal_names_field_and_limit(void **state)
{
	struct drive *d = *state;

	d->input.feed = "accounts";
	begin(d, OP_POLL);
	answer(d, 400, REFUSAL("INVALID_DATA", "invalid data", "\"api_name\":\"Deal_Name\",\"maximum_length\":120"));
	fails(d, MLC_REFUSED);
	assert_string_equal(why(d), "reading accounts: 400: invalid data: Deal_Name, at most 120 characters (INVALID_DATA)");
	drive_end(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(each_bad_reply_to_a_poll_has_its_fault_and_its_words),
		drive_test(the_same_replies_to_a_fetch_say_nothing_of_the_record),
		drive_test(a_reply_to_a_write_settles_nothing_that_it_does_not_say),
		drive_test(a_refusal_names_field_and_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
