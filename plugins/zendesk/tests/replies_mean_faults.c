/* replies_mean_faults.c - what each refusal of Zendesk, or of what stands before it, makes the host do. */
#include "drive.h"

static const struct row {
	int status;
	const char *body, *header, *value;
	enum mlc_fault fault;
	uint32_t after_ms;
	const char *words;
} rows[] = {
	{ 400, "{\"error\":{\"title\":\"Invalid attribute\",\"message\":\"You passed an invalid value for the id attribute.\"}}", NULL, NULL,
		MLC_REFUSED, 0, "You passed an invalid value" },
	{ 401, "{\"error\":\"Couldn't authenticate you\"}", NULL, NULL, MLC_AUTH, 0, "mlc authorize" },
	{ 401, "{\"error\":\"invalid_token\",\"error_description\":\"The access token expired\"}", NULL, NULL, MLC_AUTH, 0,
		"The access token expired" },
	{ 403, "{\"error\":\"Forbidden\",\"description\":\"You are missing the following required scopes: write\"}", NULL, NULL, MLC_AUTH, 0,
		"required scopes: write; the login must be an administrator's" },
	{ 403, "{\"error\":{\"title\":\"Forbidden\",\"message\":\"You do not have access to this page.\"}}", NULL, NULL, MLC_AUTH, 0,
		"You do not have access" },
	{ 403, "<html>Access denied</html>", NULL, NULL, MLC_LIMITED, 60000, "403" },
	{ 404, "{\"error\":{\"title\":\"No help desk at acme.zendesk.com\",\"message\":\"There is no help desk configured at this address.\"}}", NULL,
		NULL, MLC_BROKEN, 0, "is the url right?" },
	{ 404, "<html>", NULL, NULL, MLC_BROKEN, 0, "is the url right?" },
	{ 408, "", NULL, NULL, MLC_RETRY, 0, "408" },
	{ 409, "{\"error\":\"DatabaseConflict\",\"description\":\"Database collision\"}", NULL, NULL, MLC_RETRY, 0, "Database collision" },
	{ 412, "{\"error\":\"PreconditionFailed\"}", NULL, NULL, MLC_REFUSED, 0, "PreconditionFailed" },
	{ 413, "{\"error\":\"RequestEntityTooLarge\"}", NULL, NULL, MLC_REFUSED, 0, "TooLarge" },
	{ 422, "{\"error\":\"RecordInvalid\",\"description\":\"Record validation errors\",\"details\":{\"name\":[{\"description\":\"Name: cannot be blank\","
		"\"error\":\"BlankValue\"}]}}", NULL, NULL, MLC_REFUSED, 0, "Name: cannot be blank" },
	{ 429, "{\"error\":\"APIRateLimitExceeded\",\"description\":\"Number of allowed API requests per minute exceeded\"}", "Retry-After", "37",
		MLC_LIMITED, 37000, "per minute exceeded" },
	{ 429, "", NULL, NULL, MLC_LIMITED, 60000, "429" },
	{ 429, "<html>", "retry-after", "Sat, 21 Nov 2026 00:15:00 GMT", MLC_LIMITED, 300000, "429" },
	{ 500, "<html>We're sorry</html>", NULL, NULL, MLC_RETRY, 0, "500" },
	{ 502, "", NULL, NULL, MLC_RETRY, 0, "502" },
	{ 503, "{\"error\":\"unavailable\"}", NULL, NULL, MLC_RETRY, 0, "unavailable" },
	{ 503, "<html>maintenance</html>", "Retry-After", "600", MLC_LIMITED, 600000, "503" },
	{ 504, "", NULL, NULL, MLC_RETRY, 0, "504" },
	{ 302, "", "Location", "https://evil.example/api/v2/organizations", MLC_REFUSED, 0, "redirects to https://evil.example" },
	{ 204, "", NULL, NULL, MLC_BROKEN, 0, "204" },
};

static void each_refusal_has_its_fault_its_pause_and_its_words(void **state)
{
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		const char *const headers[] = { r->header, r->value, NULL };

		d->input.feed = "organizations";
		begin(d, OP_POLL);
		answer_headers(d, r->status, r->body, r->header ? headers : NULL);
		if (d->step != MLC_FAIL || call_fault(d->call, NULL, NULL) != r->fault)
			fail_msg("row %zu, status %d: fault %d", i, r->status, (int)call_fault(d->call, NULL, NULL));
		assert_int_equal(wait_ms(d), r->after_ms);
		if (!strstr(why(d), r->words))
			fail_msg("%d: '%s' does not say '%s'", r->status, why(d), r->words);
		assert_null(cursor(d));
		drive_end(d);
	}
}

/* A page of a proxy, half a body, a body of another kind: never "nothing has changed". */
static void a_200_that_is_no_page_is_no_page(void **state)
{
	static const char *const bodies[] = { "<html>Log in</html>", "", "{}", "[]", "{\"organizations\":{}}", "{\"organizations\":[{\"id\":7,\"na",
		"{\"organizations\":[{\"name\":\"no id\"}],\"end_of_stream\":true}", "{\"organizations\":[{\"id\":0}],\"end_of_stream\":true}",
		"{\"organizations\":[],\"end_of_stream\":false,\"next_page\":\"https://acme.zendesk.com/next\"}" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		d->input.feed = "organizations";
		begin(d, OP_POLL);
		answer(d, 200, bodies[i]);
		fails(d, MLC_BROKEN);
		assert_null(cursor(d));
		drive_end(d);
	}
}

/* What may have been done is never tried again in blindness. */
static void a_write_that_may_have_been_done_is_in_doubt(void **state)
{
	struct drive *d = *state;

	write_one(d, "organization", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "name", "Acme"));
	lost(d);
	fails(d, MLC_IN_DOUBT);
	drive_end(d);

	for (int status = 500; status < 505; status++) {
		write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, json_pack("{s:s}", "name", "Acme"));
		answer(d, status, "<html>");
		fails(d, MLC_IN_DOUBT);
		drive_end(d);
	}
	/* Told how long to wait is not told that nothing was done. */
	write_one(d, "ticket", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:{s:s}}", "subject", "Help", "comment", "body", "Help"));
	answer_headers(d, 503, "", (const char *const[]){ "Retry-After", "20", NULL });
	fails(d, MLC_IN_DOUBT);
	drive_end(d);
	write_one(d, "user", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "name", "Ada"));
	answer(d, 200, "<html>Log in</html>");
	fails(d, MLC_IN_DOUBT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(each_refusal_has_its_fault_its_pause_and_its_words),
		drive_test(a_200_that_is_no_page_is_no_page),
		drive_test(a_write_that_may_have_been_done_is_in_doubt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
