/* ping_tells_what_is_wrong.c - who we are there, what we may do, and until when. */
#include "drive.h"

#define ME "{\"user\":{\"id\":1,\"url\":\"https://Acme.zendesk.com/api/v2/users/1.json\",\"email\":\"ada@acme.example\",\"role\":\"admin\"," \
	"\"iana_time_zone\":\"America/New_York\"}}"

static const char *fact(const struct drive *d, const char *name)
{
	return json_text_or((json_t *)call_facts(d->call), name, "(none)");
}

static void a_good_login_tells_account_person_fields_and_a_sample(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	asks(d, "GET", "/api/v2/users/me");
	answer_headers(d, 200, ME, (const char *const[]){ "X-Rate-Limit", "700", NULL });
	asks(d, "GET", "/api/v2/organization_fields?page%5Bsize%5D=100");
	answer(d, 200, "{\"organization_fields\":[{\"key\":\"region\"},{\"key\":\"vip\"}]}");
	asks(d, "GET", "/api/v2/organizations?page%5Bsize%5D=1");
	answer(d, 200, "{\"organizations\":[" ORGANIZATION("7", "Acme", "2026-11-20T10:00:00Z", "") "],\"meta\":{\"has_more\":true}}");
	asks(d, "GET", "/api/v2/oauth/tokens?page%5Bsize%5D=100");
	answer(d, 200, "{\"tokens\":[{},{}],\"count\":2}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(fact(d, "identity"), "acme.zendesk.com");
	assert_string_equal(fact(d, "user"), "ada@acme.example");
	assert_string_equal(fact(d, "requests_per_minute"), "700");
	assert_string_equal(fact(d, "organization_fields"), "region vip");
	assert_string_equal(fact(d, "tokens"), "2");
	assert_string_equal(fact(d, "login_ends"), "(none)");
	assert_string_equal(emitted(d), "organization 7");
}

/* ZEN-10, ZEN-11: an API token works until the day on which all of them end. */
static void an_api_token_is_told_with_its_last_day(void **state)
{
	struct drive *d = *state;

	json_object_set_new(d->settings, "auth", json_string("basic"));
	begin(d, OP_PING);
	answer(d, 200, ME);
	assert_string_equal(fact(d, "login_ends"), "2027-04-30");
	assert_non_null(strstr(d->logged, "2027-04-30"));
}

/* Nobody is told apart from somebody: Zendesk answers 200 to both. */
static void nobody_is_not_taken_for_a_login(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	answer(d, 200, "{\"user\":{\"id\":null,\"name\":\"Anonymous user\",\"role\":\"end-user\"}}");
	fails(d, MLC_AUTH);
	assert_non_null(strstr(why(d), "does not know the login"));
}

static void an_agent_is_not_enough(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	answer(d, 200, "{\"user\":{\"id\":1,\"url\":\"https://acme.zendesk.com/api/v2/users/1.json\",\"role\":\"agent\"}}");
	fails(d, MLC_AUTH);
	assert_non_null(strstr(why(d), "an administrator's is needed"));
}

static void another_account_than_before_is_not_looked_at(void **state)
{
	struct drive *d = *state;

	d->another = true;
	begin(d, OP_PING);
	answer(d, 200, ME);
	fails(d, MLC_REFUSED);
}

/* ZEN-14: 256 tokens are all that an account has. */
static void tokens_that_pile_up_are_told_in_time(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	answer(d, 200, ME);
	answer(d, 200, "{\"organization_fields\":[]}");
	answer(d, 200, "{\"organizations\":[]}");
	answer(d, 200, "{\"tokens\":[],\"count\":231}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(fact(d, "tokens"), "231");
	assert_non_null(strstr(d->logged, "231 of 256"));
	drive_end(d);

	begin(d, OP_PING);
	answer(d, 200, ME);
	answer(d, 200, "{\"organization_fields\":[]}");
	answer(d, 200, "{\"organizations\":[]}");
	answer(d, 403, "{\"error\":\"Forbidden\"}"); /* of no importance */
	assert_int_equal(d->step, MLC_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_good_login_tells_account_person_fields_and_a_sample),
		drive_test(an_api_token_is_told_with_its_last_day),
		drive_test(nobody_is_not_taken_for_a_login),
		drive_test(an_agent_is_not_enough),
		drive_test(another_account_than_before_is_not_looked_at),
		drive_test(tokens_that_pile_up_are_told_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
