/* webhooks_are_kept_and_read.c - our webhook in an account, and what it brings. */
#include "drive.h"

#define HOOK "https://mlc.example/hooks/acme/desk"

static void subscribe(struct drive *d, const char *url)
{
	d->input.hook_url = url;
	begin(d, OP_SUBSCRIBE);
	asks(d, "GET", "/api/v2/webhooks?page%5Bsize%5D=100");
}

static const char *kept(const struct drive *d)
{
	const struct call_kept *list;

	return call_kept(d->call, &list) == 1 && strcmp(list[0].name, "webhook_secret") == 0 ? list[0].secret : "(none)";
}

/* The body of the webhook that was asked for, as Zendesk would list it. */
static char *listed(const struct drive *d, const char *name, const char *endpoint)
{
	const struct mlc_request *r = call_inside(d->call)->request;
	json_t *made = json_read(r->body, r->body_len, NULL), *hook = json_object_get(made, "webhook");
	char *text;

	json_object_set_new(hook, "id", json_string("01A"));
	json_object_set_new(hook, "name", json_string(name));
	json_object_set_new(hook, "endpoint", json_string(endpoint));
	json_t *list = json_pack("{s:[O]}", "webhooks", hook);
	text = json_dumps(list, 0);
	json_decref(list);
	json_decref(made);
	return text;
}

/* ZEN-12: Zendesk makes the secret; we ask for it. */
static void one_webhook_is_made_and_its_secret_asked_for(void **state)
{
	struct drive *d = *state;
	const struct mlc_request *r;
	const char *text;
	int64_t renew;

	subscribe(d, HOOK);
	answer(d, 200, "{\"webhooks\":[{\"id\":\"01X\",\"name\":\"ml-connector other/desk\",\"endpoint\":\"" HOOK "\"},{\"id\":\"01Y\",\"name\":\"Mine\"}]}");
	asks(d, "POST", "/api/v2/webhooks");
	r = call_inside(d->call)->request;
	assert_string_equal(cursor(d), "making"); /* committed before this leaves */
	assert_non_null(strstr(r->body, "\"name\":\"ml-connector acme/desk\",\"status\":\"inactive\",\"endpoint\":\"" HOOK "\",\"http_method\":\"POST\","
		"\"request_format\":\"json\""));
	assert_non_null(strstr(r->body, "zen:event-type:organization.name_changed"));
	assert_non_null(strstr(r->body, "zen:event-type:user.created"));
	assert_non_null(strstr(r->body, "zen:event-type:ticket.created"));
	assert_null(strstr(r->body, "conditional_ticket_events"));
	answer(d, 201, "{\"webhook\":{\"id\":\"01A\"}}");
	asks(d, "GET", "/api/v2/webhooks/01A/signing_secret");
	answer(d, 200, "{\"signing_secret\":{\"secret\":\"s3cr3t\",\"algorithm\":\"SHA256\"}}");
	assert_string_equal(kept(d), "s3cr3t"); /* and so is this: no event comes before it can be checked */
	asks(d, "PATCH", "/api/v2/webhooks/01A");
	assert_non_null(strstr(call_inside(d->call)->request->body, "\"status\":\"active\""));
	answer(d, 204, "");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(cursor(d), "agreed");
	assert_true(call_advanced(d->call, &text, &renew));
	assert_int_equal(renew, NOW + 3600000);
}

static void a_good_one_is_left_alone_and_its_secret_followed(void **state)
{
	struct drive *d = *state;
	char *list;

	subscribe(d, HOOK);
	answer(d, 200, "{\"webhooks\":[]}");
	list = listed(d, "ml-connector acme/desk", HOOK);
	drive_end(d);

	d->input.cursor = "agreed";
	subscribe(d, HOOK);
	answer(d, 200, list);
	asks(d, "GET", "/api/v2/webhooks/01A/signing_secret");
	answer(d, 200, "{\"signing_secret\":{\"secret\":\"an0ther\"}}");
	assert_string_equal(kept(d), "an0ther");
	free(list);
}

static void one_with_another_address_is_made_anew_and_all_are_removed_at_the_end(void **state)
{
	struct drive *d = *state;
	char *list;

	subscribe(d, HOOK);
	answer(d, 200, "{\"webhooks\":[]}");
	list = listed(d, "ml-connector acme/desk", "https://old.example/hooks/acme/desk");
	drive_end(d);

	subscribe(d, HOOK);
	answer(d, 200, list);
	asks(d, "DELETE", "/api/v2/webhooks/01A");
	answer(d, 204, "");
	asks(d, "POST", "/api/v2/webhooks");
	drive_end(d);

	subscribe(d, NULL);
	answer(d, 200, list);
	asks(d, "DELETE", "/api/v2/webhooks/01A");
	answer(d, 404, NOT_FOUND);
	assert_int_equal(d->step, MLC_DONE);
	free(list);
}

static void one_that_was_never_switched_on_is_and_one_that_a_person_has_switched_off_is_not(void **state)
{
	struct drive *d = *state;
	char *list;

	subscribe(d, HOOK);
	answer(d, 200, "{\"webhooks\":[]}");
	list = listed(d, "ml-connector acme/desk", HOOK); /* inactive, as it was made */
	drive_end(d);

	d->input.cursor = "making";
	subscribe(d, HOOK);
	answer(d, 200, list);
	asks(d, "GET", "/api/v2/webhooks/01A/signing_secret");
	answer(d, 200, "{\"signing_secret\":{\"secret\":\"s3cr3t\"}}");
	asks(d, "PATCH", "/api/v2/webhooks/01A");
	answer(d, 204, "");
	assert_string_equal(cursor(d), "agreed");
	drive_end(d);

	d->input.cursor = "agreed";
	subscribe(d, HOOK);
	answer(d, 200, list);
	asks(d, "GET", "/api/v2/webhooks/01A/signing_secret");
	answer(d, 200, "{\"signing_secret\":{\"secret\":\"s3cr3t\"}}");
	assert_int_equal(d->step, MLC_DONE);
	assert_non_null(strstr(d->logged, "switched off"));
	free(list);
}

/* One, with all events: a second one would bring each of them twice, a poorer one not all. */
static void of_several_one_stays_wherever_it_stands_in_the_list(void **state)
{
	struct drive *d = *state;
	char *list, *both;
	json_t *page, *hook;

	subscribe(d, HOOK);
	answer(d, 200, "{\"webhooks\":[]}");
	list = listed(d, "ml-connector acme/desk", HOOK);
	drive_end(d);

	page = json_read(list, strlen(list), NULL);
	hook = json_deep_copy(json_array_get(json_object_get(page, "webhooks"), 0));
	json_object_set_new(hook, "id", json_string("01B"));
	json_array_append(json_object_get(page, "webhooks"), hook);
	both = json_dumps(page, 0);
	subscribe(d, HOOK);
	answer(d, 200, "{\"webhooks\":[],\"meta\":{\"has_more\":true,\"after_cursor\":\"X\"}}");
	asks(d, "GET", "/api/v2/webhooks?page%5Bsize%5D=100&page%5Bafter%5D=X");
	answer(d, 200, both);
	asks(d, "DELETE", "/api/v2/webhooks/01B");
	answer(d, 204, "");
	asks(d, "GET", "/api/v2/webhooks/01A/signing_secret");
	free(both);
	drive_end(d);

	json_array_remove(json_object_get(hook, "subscriptions"), 0);
	json_array_clear(json_object_get(page, "webhooks"));
	json_array_append_new(json_object_get(page, "webhooks"), hook);
	both = json_dumps(page, 0);
	subscribe(d, HOOK);
	answer(d, 200, both);
	asks(d, "DELETE", "/api/v2/webhooks/01B");
	answer(d, 500, "");
	fails(d, MLC_RETRY); /* not made beside it */
	free(both);
	free(list);
	json_decref(page);
}

/* With no secret nothing could be checked, and an empty one checks nothing. */
static void nothing_is_switched_on_before_its_secret_is_known(void **state)
{
	static const char *const answers[] = { "{}", "{\"signing_secret\":{\"secret\":\"\"}}", "{\"signing_secret\":{\"secret\":7}}", "<html>" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		subscribe(d, HOOK);
		answer(d, 200, "{\"webhooks\":[]}");
		answer(d, 201, "{\"webhook\":{\"id\":\"01A\"}}");
		answer(d, 200, answers[i]);
		fails(d, MLC_BROKEN);
		assert_string_equal(kept(d), "(none)");
		drive_end(d);
	}
	subscribe(d, HOOK);
	answer(d, 200, "{\"webhooks\":[]}");
	answer(d, 201, "{\"webhook\":{}}");
	fails(d, MLC_BROKEN);
	drive_end(d);
	subscribe(d, HOOK);
	answer(d, 200, "{}");
	fails(d, MLC_BROKEN); /* and not: there is none, so another is made */
	drive_end(d);
	subscribe(d, HOOK);
	answer(d, 200, "{\"webhooks\":[]}");
	answer(d, 201, "{\"webhook\":{\"id\":\"01A\"}}");
	answer(d, 200, "{\"signing_secret\":{\"secret\":\"s3cr3t\"}}");
	answer(d, 500, "");
	fails(d, MLC_RETRY);
	assert_string_equal(cursor(d), "making");
}

/* Somebody's copies of ours, more of them than one call removes: the rest is removed by the next. */
static void very_many_are_removed_some_at_a_time(void **state)
{
	struct drive *d = *state;
	char list[4096] = "{\"webhooks\":[", one[128];
	int removed = 0;

	for (int i = 0; i < 40; i++) {
		snprintf(one, sizeof one, "%s{\"id\":\"01%02d\",\"name\":\"ml-connector acme/desk\",\"endpoint\":\"x\"}", i ? "," : "", i);
		strcat(list, one);
	}
	strcat(list, "]}");
	subscribe(d, NULL);
	answer(d, 200, list);
	for (; d->step == MLC_SEND; removed++)
		answer(d, 204, "");
	assert_int_equal(d->step, MLC_DONE);
	assert_int_equal(removed, 16);
	assert_string_equal(cursor(d), "none");
}

static void where_we_may_not_polls_do(void **state)
{
	struct drive *d = *state;

	subscribe(d, HOOK);
	answer(d, 403, "{\"error\":\"Forbidden\"}");
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "by polling only"));
}

/* ---- receive ------------------------------------------------------------------------------ */

static int receive(struct drive *d, bool trusted, const char *timestamp, const char *body)
{
	struct mlc_inbound in = { .method = "POST", .path = "/hooks/acme/desk", .query = "", .body = body, .body_len = strlen(body), .trusted = trusted };
	struct call_reply headers = { .reply = { MLC_REPLY_NONE, 0, "", 0 }, .header = drive_header, .ctx = d };
	const char *const list[] = { "x-zendesk-webhook-signature-timestamp", timestamp, NULL };

	drive_end(d);
	d->input.op = OP_RECEIVE;
	d->input.inbound = &in;
	d->call = call_create(&d->site, &d->input);
	d->headers = list;
	d->step = call_step(d->call, &headers, NOW);
	d->headers = NULL;
	assert_int_equal(d->step, MLC_DONE);
	return call_inside(d->call)->answer->status;
}

#define EVENT(type, id) \
	"{\"type\":\"zen:event-type:" type "\",\"account_id\":12,\"id\":\"a-1\",\"subject\":\"zen:x:" id "\",\"detail\":{\"id\":\"" id "\",\"name\":\"Acme\"},\"event\":{}}"
#define SOON "2026-11-21T00:09:50Z"

static void an_event_is_a_hint_at_its_record(void **state)
{
	struct drive *d = *state;

	assert_int_equal(receive(d, true, SOON, EVENT("organization.name_changed", "35000000000170")), 200);
	assert_string_equal(emitted(d), "hint organization 35000000000170");
	assert_int_equal(receive(d, true, SOON, EVENT("user.created", "5")), 200);
	assert_string_equal(emitted(d), "hint user 5");
	assert_int_equal(receive(d, true, SOON, EVENT("ticket.status_changed", "9")), 200);
	assert_string_equal(emitted(d), "hint ticket 9");
	assert_int_equal(receive(d, true, SOON, "{\"ticket_id\":\"9\"}"), 200); /* what a trigger was told to send */
	assert_string_equal(emitted(d), "hint ticket 9");
	assert_int_equal(receive(d, true, SOON, "{\"user_id\":5,\"organization_id\":\"7\"}"), 200);
	assert_string_equal(emitted(d), "hint user 5, hint organization 7");
	assert_int_equal(receive(d, true, SOON, EVENT("article.published", "9")), 200);
	assert_string_equal(emitted(d), "");
	assert_int_equal(receive(d, true, SOON, EVENT("organization.created", "7/../8")), 200);
	assert_string_equal(emitted(d), "");
	assert_int_equal(receive(d, true, SOON, "hello"), 200);
	assert_non_null(strstr(d->logged, "no JSON"));
}

/* ZEN-12 */
static void what_is_unsigned_or_old_is_refused(void **state)
{
	struct drive *d = *state;

	assert_int_equal(receive(d, false, SOON, EVENT("organization.created", "7")), 401);
	assert_string_equal(emitted(d), "");
	assert_int_equal(receive(d, true, "2026-11-20T23:50:00Z", EVENT("organization.created", "7")), 401);
	assert_int_equal(receive(d, true, "2026-11-21T00:30:00Z", EVENT("organization.created", "7")), 401);
	assert_int_equal(receive(d, true, NULL, EVENT("organization.created", "7")), 401);
	assert_int_equal(receive(d, true, "yesterday", EVENT("organization.created", "7")), 401);
	assert_string_equal(emitted(d), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(one_webhook_is_made_and_its_secret_asked_for),
		drive_test(a_good_one_is_left_alone_and_its_secret_followed),
		drive_test(one_with_another_address_is_made_anew_and_all_are_removed_at_the_end),
		drive_test(one_that_was_never_switched_on_is_and_one_that_a_person_has_switched_off_is_not),
		drive_test(of_several_one_stays_wherever_it_stands_in_the_list),
		drive_test(nothing_is_switched_on_before_its_secret_is_known),
		drive_test(very_many_are_removed_some_at_a_time),
		drive_test(where_we_may_not_polls_do),
		drive_test(an_event_is_a_hint_at_its_record),
		drive_test(what_is_unsigned_or_old_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
