/* channel_and_notifications.c - ZOHO-13 to ZOHO-16: one channel, renewed ahead; what it brings is looked up. */
#include "drive.h"

#define URL "https://mlc.example/hooks/acme/crm"
#define DONE_UNTIL(expiry) "{\"watch\":[{\"code\":\"SUCCESS\",\"details\":{\"events\":[{\"channel_expiry\":\"" expiry "\",\"channel_id\":\"1\",\"resource_name\":\"Accounts\"}]},\"status\":\"success\"}]}"
#define THERE(url) "{\"watch\":[{\"channel_id\":\"1\",\"notify_url\":\"" url "\",\"channel_expiry\":\"2026-11-24T00:10:00+00:00\"}]}"
#define SIX_DAYS "2026-11-27T00:10:00+00:00"

static char channel[32];

static void subscribe(struct drive *d, const char *url, const char *from)
{
	const char *path;

	d->input.hook_url = url;
	d->input.cursor = from;
	begin(d, OP_SUBSCRIBE);
	assert_int_equal(d->step, MLC_SEND);
	path = call_inside(d->call)->request->path;
	assert_memory_equal(path, "/crm/v8/actions/watch?channel_id=", 33);
	snprintf(channel, sizeof channel, "%s", path + 33);
	assert_int_equal(strspn(channel, "0123456789"), strlen(channel));
	assert_true(strlen(channel) >= 13 && strlen(channel) <= 18); /* fits a long */
}

static json_t *watch_sent(const struct drive *d)
{
	const struct mlc_request *r = call_inside(d->call)->request;
	json_t *body = json_read(r->body, r->body_len, NULL), *watch = json_incref(json_array_get(json_object_get(body, "watch"), 0));

	json_decref(body);
	assert_non_null(watch);
	return watch;
}

static void a_channel_is_made_with_a_token_of_ours(void **state)
{
	struct drive *d = *state;
	const struct call_kept *kept;
	json_t *watch;

	subscribe(d, URL, NULL);
	assert_int_equal(call_kept(d->call, &kept), 0);
	answer(d, 204, "");
	asks(d, "POST", "/crm/v8/actions/watch");
	assert_int_equal(call_kept(d->call, &kept), 1);
	assert_string_equal(kept[0].name, "channel_token");
	assert_int_equal(strlen(kept[0].secret), 32); /* Zoho takes 50 */
	watch = watch_sent(d);
	assert_string_equal(json_text_or(watch, "channel_id", ""), channel);
	assert_string_equal(json_text_or(watch, "token", ""), "{secret:channel_token}");
	assert_string_equal(json_text_or(watch, "notify_url", ""), URL);
	assert_string_equal(json_text_or(watch, "channel_expiry", ""), SIX_DAYS);
	assert_true(json_is_false(json_object_get(watch, "notify_on_related_action")));
	assert_string_equal(json_string_value(json_array_get(json_object_get(watch, "events"), 0)), "Accounts.all");
	json_decref(watch);
	answer(d, 201, DONE_UNTIL("2026-11-27T00:10:00+00:00"));
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(cursor(d), URL);
	assert_int_equal(renew_at(d), NOW + 3 * WHEN_DAY_MS);
	drive_end(d);
}

/* ZOHO-14: what was asked for too long is silently one hour; only the answer counts. */
/* Two connections, of one tenant or of two, may be of one account: each has a channel of its own. */
static void each_connection_has_a_channel_of_its_own(void **state)
{
	static const char *const others[] = { "beta/crm", "acme/crm2", "acme/crn" };
	struct drive *d = *state;
	char first[32];

	subscribe(d, URL, NULL);
	snprintf(first, sizeof first, "%s", channel);
	drive_end(d);
	for (size_t i = 0; i < 3; i++) {
		d->site.connection = others[i];
		subscribe(d, URL, NULL);
		assert_string_not_equal(channel, first);
		drive_end(d);
	}
}

static void the_expiry_that_zoho_tells_is_believed(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, NULL);
	answer(d, 204, "");
	answer(d, 201, DONE_UNTIL("2026-11-20T17:10:00-08:00"));
	assert_int_equal(renew_at(d), NOW + 30 * WHEN_MINUTE_MS);
	drive_end(d);

	/* Each module has its own: the soonest counts, wherever it stands. */
	subscribe(d, URL, NULL);
	answer(d, 204, "");
	answer(d, 201, "{\"watch\":[{\"code\":\"SUCCESS\",\"details\":{\"events\":[{\"channel_expiry\":\"2026-11-24T00:10:00Z\"},"
		"{\"channel_expiry\":\"2026-11-21T01:10:00Z\"},{\"channel_expiry\":\"2026-11-27T00:10:00Z\"}]},\"status\":\"success\"}]}");
	assert_int_equal(renew_at(d), NOW + 30 * WHEN_MINUTE_MS);
	drive_end(d);

	/* An answer that names none: the channel itself is asked. */
	subscribe(d, URL, NULL);
	answer(d, 204, "");
	answer(d, 201, "{\"watch\":[{\"code\":\"SUCCESS\",\"details\":{},\"status\":\"success\"}]}");
	asks(d, "GET", call_inside(d->call)->request->path);
	answer(d, 200, THERE(URL));
	assert_int_equal(renew_at(d), NOW + 3 * WHEN_DAY_MS / 2);
	drive_end(d);

	subscribe(d, URL, NULL);
	answer(d, 204, "");
	answer(d, 201, "{\"watch\":[{\"code\":\"SUCCESS\",\"details\":{},\"status\":\"success\"}]}");
	answer(d, 200, "{\"watch\":[{\"channel_id\":\"1\",\"channel_expiry\":null}]}");
	fails(d, MLC_BROKEN);
	drive_end(d);
}

/* ZOHO-15 */
static void a_channel_that_is_alive_is_renewed_by_patch_and_keeps_its_token(void **state)
{
	struct drive *d = *state;
	const struct call_kept *kept;
	json_t *watch;

	subscribe(d, URL, URL);
	answer(d, 200, THERE(URL));
	asks(d, "PATCH", "/crm/v8/actions/watch");
	assert_int_equal(call_kept(d->call, &kept), 0);
	watch = watch_sent(d);
	assert_null(json_object_get(watch, "token"));
	assert_null(json_object_get(watch, "notify_url"));
	assert_string_equal(json_text_or(watch, "channel_expiry", ""), SIX_DAYS);
	json_decref(watch);
	answer(d, 200, DONE_UNTIL("2026-11-27T00:10:00+00:00"));
	assert_int_equal(d->step, MLC_DONE);
	drive_end(d);
}

static void after_a_lapse_a_new_one_is_made(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, URL);
	answer(d, 204, "");
	asks(d, "POST", "/crm/v8/actions/watch");
	drive_end(d);

	subscribe(d, URL, URL);
	answer(d, 400, "{\"watch\":[" REFUSAL("NOT_SUBSCRIBED", "not subscribed", "") "]}");
	asks(d, "POST", "/crm/v8/actions/watch");
	drive_end(d);

	/* That it cannot be looked at does not mean that there is none. */
	subscribe(d, URL, URL);
	answer(d, 400, REFUSAL("INVALID_REQUEST", "unable to process", ""));
	assert_int_equal(d->step, MLC_FAIL);
	drive_end(d);
	subscribe(d, URL, URL);
	answer(d, 503, "NOT_SUBSCRIBED");
	fails(d, MLC_RETRY);
	drive_end(d);
}

static void a_channel_of_another_address_or_an_unknown_token_is_replaced(void **state)
{
	struct drive *d = *state;
	const struct call_kept *kept;

	subscribe(d, URL, "https://old.example/hooks/acme/crm");
	answer(d, 200, THERE("https://old.example/hooks/acme/crm"));
	asks(d, "PUT", "/crm/v8/actions/watch");
	assert_int_equal(call_kept(d->call, &kept), 1);
	drive_end(d);

	subscribe(d, URL, URL); /* somebody has moved it */
	answer(d, 200, THERE("https://old.example/hooks/acme/crm"));
	asks(d, "PUT", "/crm/v8/actions/watch");
	drive_end(d);

	subscribe(d, URL, "https://old.example/hooks/acme/crm"); /* and we were known there */
	answer(d, 200, THERE(URL));
	asks(d, "PUT", "/crm/v8/actions/watch");
	drive_end(d);

	subscribe(d, URL, NULL); /* the reply to its making was lost */
	answer(d, 200, THERE(URL));
	asks(d, "PUT", "/crm/v8/actions/watch");
	drive_end(d);
}

static void a_refusal_says_that_polling_goes_on(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, NULL);
	answer(d, 204, "");
	answer(d, 202, "{\"watch\":[" REFUSAL("INVALID_DATA", "invalid data", "\"api_name\":\"notify_url\"") "]}");
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "notify_url"));
	assert_non_null(strstr(why(d), "by polling"));
	assert_null(cursor(d));
	drive_end(d);

	subscribe(d, URL, NULL);
	answer(d, 204, "");
	lost(d);
	fails(d, MLC_RETRY);
	drive_end(d);
}

static void without_an_address_the_channel_ends(void **state)
{
	struct drive *d = *state;

	subscribe(d, NULL, URL);
	answer(d, 200, THERE(URL));
	assert_string_equal(call_inside(d->call)->request->method, "DELETE");
	answer(d, 200, "{\"watch\":[{\"code\":\"SUCCESS\",\"details\":{},\"status\":\"success\"}]}");
	assert_int_equal(d->step, MLC_DONE);
	assert_int_equal(renew_at(d), 0);
	assert_string_equal(cursor(d), "none");
	drive_end(d);

	subscribe(d, NULL, URL);
	answer(d, 200, THERE(URL));
	answer(d, 503, "");
	fails(d, MLC_RETRY); /* it is there still */
	assert_null(cursor(d));
	drive_end(d);

	subscribe(d, NULL, URL);
	answer(d, 204, ""); /* there is none */
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(cursor(d), "none");
	drive_end(d);
}

/* The status that is answered. */
static int receive(struct drive *d, const char *body)
{
	struct mlc_inbound in = { .method = "POST", .path = "/hooks/acme/crm", .query = "", .body = body, .body_len = strlen(body) };

	d->secret_name = "channel_token";
	d->secret = "5ec2e7";
	d->input.op = OP_RECEIVE;
	d->input.inbound = &in;
	d->call = call_create(&d->site, &d->input);
	d->step = call_step(d->call, NULL, NOW);
	assert_int_equal(d->step, MLC_DONE);
	return call_inside(d->call)->answer->status;
}

#define NOTE "{\"module\":\"%s\",\"ids\":[%s],\"operation\":\"%s\",\"channel_id\":%s,\"token\":\"%s\"}"

/* ZOHO-13: wrong either: rejected.  ZOHO-16: nothing of the body is believed but the ids. */
static void a_notification_is_taken_by_token_and_channel_and_only_hints(void **state)
{
	static const struct {
		const char *module, *ids, *operation, *channel, *token;
		int status;
		const char *emitted;
	} rows[] = {
		{ "Accounts", "\"42\",\"43\"", "update", "ours", "5ec2e7", 200, "hint Accounts 42, hint Accounts 43" },
		{ "Deals", "\"7\"", "delete", "ours", "5ec2e7", 200, "hint Deals 7" }, /* fetched: whether it is gone, Zoho says */
		{ "Accounts", "42", "insert", "ours", "5ec2e7", 200, "hint Accounts 42" },
		{ "Accounts", "\"../x\",null,\"42\"", "update", "ours", "5ec2e7", 200, "hint Accounts 42" },
		{ "Accounts", "\"42\"", "update", "ours", "wrong", 401, "" },
		{ "Accounts", "\"42\"", "update", "ours", "", 401, "" },
		{ "Accounts", "\"42\"", "update", "\"999\"", "5ec2e7", 401, "" },
		{ "Accounts", "\"42\"", "update", "null", "5ec2e7", 401, "" },
		{ "Campaigns", "\"42\"", "update", "ours", "5ec2e7", 200, "" },
	};
	struct drive *d = *state;

	subscribe(d, URL, NULL);
	drive_end(d);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *ours = xformat("\"%s\"", channel);
		char *body = xformat(NOTE, rows[i].module, rows[i].ids, rows[i].operation, strcmp(rows[i].channel, "ours") ? rows[i].channel : ours,
			rows[i].token);

		assert_int_equal(receive(d, body), rows[i].status);
		assert_string_equal(emitted(d), rows[i].emitted);
		drive_end(d);
		free(body);
		free(ours);
	}
	/* A channel told as a number. */
	char *body = xformat(NOTE, "Accounts", "\"42\"", "update", channel, "5ec2e7");
	assert_int_equal(receive(d, body), 200);
	assert_string_equal(emitted(d), "hint Accounts 42");
	free(body);
}

static void garbage_is_nobodys_notification(void **state)
{
	static const char *const bodies[] = { "", "x", "[]", "{}", "{\"token\":7}", "<html>" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		assert_int_equal(receive(d, bodies[i]), 401);
		assert_string_equal(emitted(d), "");
		drive_end(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_channel_is_made_with_a_token_of_ours),
		drive_test(each_connection_has_a_channel_of_its_own),
		drive_test(the_expiry_that_zoho_tells_is_believed),
		drive_test(a_channel_that_is_alive_is_renewed_by_patch_and_keeps_its_token),
		drive_test(after_a_lapse_a_new_one_is_made),
		drive_test(a_channel_of_another_address_or_an_unknown_token_is_replaced),
		drive_test(a_refusal_says_that_polling_goes_on),
		drive_test(without_an_address_the_channel_ends),
		drive_test(a_notification_is_taken_by_token_and_channel_and_only_hints),
		drive_test(garbage_is_nobodys_notification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
