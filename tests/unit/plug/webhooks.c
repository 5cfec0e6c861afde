/* webhooks.c - remotes that call us with news: who may, what is on disk before the 2xx, the
 * lease. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "house.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct heard heard;

static int setup(void **state)
{
	struct house *h = house_open("");

	house_secret(h, "shop", "hook_secret", "first");
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	house_close(*state);
	return 0;
}

static void post(struct house *h, const char *body, const char *secret)
{
	unsigned char digest[SHA256_SIZE];
	char *coded, *header = NULL;

	if (secret) {
		hmac_sha256(secret, strlen(secret), body, strlen(body), digest);
		coded = base64_text(digest, sizeof digest);
		header = xformat("X-Sig: %s", coded);
		free(coded);
	}
	house_post(h, "/hooks/acme/shop", body, header, &heard);
	free(header);
}

static void a_signed_record_is_on_disk_before_the_2xx(void **state)
{
	struct house *h = *state;

	post(h, "{\"id\":5,\"version\":\"a\",\"name\":\"Mug\"}", "first");
	assert_int_equal(heard.status, 200);
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "origin"), "webhook");
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "records.0.id"), "5");
	assert_int_equal(json_int_or(house_said(h, "emitted", 0), "code", -1), 0);
}

/* What a burst is told by (docs/design/flow.md). */
static void those_that_wait_for_their_answer_are_counted_at_their_most(void **state)
{
	struct house *h = *state;

	assert_int_equal(connections_receiving(h->connections), 0);
	post(h, "{\"id\":5}", "first");
	post(h, "{\"id\":6}", "wrong");
	assert_int_equal(heard.status, 401);
	assert_int_equal(connections_receiving(h->connections), 1); /* one after the other */
	assert_int_equal(connections_receiving(h->connections), 0);
}

static void a_wrong_signature_is_refused(void **state)
{
	struct house *h = *state;

	post(h, "{\"id\":5}", "second");
	assert_int_equal(heard.status, 401);
	house_post(h, "/hooks/acme/shop", "{\"id\":5}", "X-Sig: rubbish", &heard);
	assert_int_equal(heard.status, 401);
	assert_int_equal(house_count(h, "emit"), 0);
}

/* ZOHO-13 */
static void who_is_turned_away_stands_in_the_trail_and_a_flood_as_one_row(void **state)
{
	struct house *h = *state;
	json_t *rows;

	for (int i = 0; i < 20; i++)
		post(h, "{\"id\":5}", "second");
	rows = house_audit(h, "webhook_refused");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.connection"), "shop");
	json_decref(rows);
	loop_advance(h->loop, 60000);
	post(h, "{\"id\":5}", "second");
	rows = house_audit(h, "webhook_refused");
	assert_int_equal(json_array_size(rows), 2);
	char *both = json_dumps(rows, JSON_COMPACT);
	assert_non_null(strstr(both, "\"refused\":20"));
	free(both);
	json_decref(rows);
}

static void a_changed_body_is_refused(void **state)
{
	struct house *h = *state;
	unsigned char digest[SHA256_SIZE];
	char *coded, *header;

	hmac_sha256("first", 5, "{\"id\":5}", 8, digest);
	coded = base64_text(digest, sizeof digest);
	header = xformat("X-Sig: %s", coded);
	house_post(h, "/hooks/acme/shop", "{\"id\":6}", header, &heard);
	assert_int_equal(heard.status, 401);
	free(header);
	free(coded);
}

static void unsigned_news_are_refused_and_an_unsigned_greeting_is_not(void **state)
{
	struct house *h = *state;

	post(h, "{\"id\":5}", NULL);
	assert_int_equal(heard.status, 401);
	assert_int_equal(house_count(h, "emit"), 0);
	post(h, "webhook_id=7", NULL);
	assert_int_equal(heard.status, 200);
}

static void a_token_in_the_body_can_prove_it_instead(void **state)
{
	struct house *h = *state;

	post(h, "{\"id\":5,\"token\":\"guess\"}", NULL);
	assert_int_equal(heard.status, 401);
	post(h, "{\"id\":5,\"token\":\"cs_secret_5678\"}", NULL);
	assert_int_equal(heard.status, 200);
	assert_int_equal(house_count(h, "emit"), 1);
}

static void without_a_secret_nothing_signed_is_believed(void **state)
{
	struct house *h = *state;

	house_secret(h, "shop", "hook_secret", NULL);
	loop_advance(h->loop, 10000);
	post(h, "{\"id\":5}", "");
	assert_int_equal(heard.status, 401);
}

static void a_connectors_refusal_goes_out_with_its_status(void **state)
{
	struct house *h = *state;

	post(h, "no json", "first");
	assert_int_equal(heard.status, 400);
	assert_int_equal(house_count(h, "emit"), 0);
}

static void a_body_of_some_size_is_read_on_another_thread(void **state)
{
	struct house *h = *state;
	char *name = xcalloc(1, 200001), *body;

	memset(name, 'x', 200000);
	body = xformat("{\"id\":5,\"name\":\"%s\"}", name);
	post(h, body, "first");
	assert_int_equal(heard.status, 200);
	assert_int_equal(house_count(h, "emit"), 1);
	free(body);
	free(name);
}

/* ---- the lease -------------------------------------------------------------------------- */

struct expected { struct house *house; size_t asked; const char *member; };

static bool is_asked(void *arg)
{
	struct expected *x = arg;

	return json_array_size(x->house->asked) >= x->asked;
}

static void wait_asked(struct house *h, size_t count)
{
	struct expected x = { .house = h, .asked = count };

	turn_until(h->loop, is_asked, &x);
	assert_int_equal(json_array_size(h->asked), count);
}

static bool is_counted(void *arg)
{
	struct expected *x = arg;
	json_t *status = connection_status(x->house->shop);
	bool is = json_int_or(status, x->member, 0) > 0;

	json_decref(status);
	return is;
}

/* Until that member of the connection's status is more than nothing. */
static void wait_status(struct house *h, const char *member)
{
	struct expected x = { .house = h, .member = member };

	turn_until(h->loop, is_counted, &x);
}

static void wait_lease(struct house *h)
{
	wait_status(h, "hook_until_ms");
}

static void subscribe(struct house *h)
{
	h->public_url = "https://mlc.example";
	house_reply(h, 201, "{}");
	/* Something has changed */
	json_put_text(json_object_get(h->settings, "shop"), "company", "any");
	house_apply(h);
	wait_lease(h);
	while (connection_calls(h->shop) > 0)
		turn_idle(h->loop);
}

static void the_secret_is_in_the_vault_before_the_remote_hears_of_it(void **state)
{
	struct house *h = *state;
	const char *body;
	char secret[40];

	subscribe(h);
	assert_int_equal(json_array_size(h->asked), 1);
	body = json_text_at(json_array_get(h->asked, 0), "body");
	assert_non_null(strstr(body, "https://mlc.example/hooks/acme/shop"));
	snprintf(secret, sizeof secret, "%.32s", strstr(body, "\"secret\":\"") + 10);
	assert_int_equal(strspn(secret, "0123456789abcdef"), 32);
	post(h, "{\"id\":5}", secret);
	assert_int_equal(heard.status, 200);
}

static void the_secret_before_counts_until_the_change_is_agreed(void **state)
{
	struct house *h = *state;

	h->public_url = "https://mlc.example";
	house_reply(h, LOSE, "");
	json_put_text(json_object_get(h->settings, "shop"), "company", "any");
	house_apply(h);
	while (h->lost_count == 0)
		turn_idle(h->loop);
	post(h, "{\"id\":5}", "first"); /* the remote may not have heard yet */
	assert_int_equal(heard.status, 200);
	house_reply(h, 201, "{}");
	jump(h->loop, 121000);
	jump(h->loop, 5000);
	wait_lease(h);
	post(h, "{\"id\":6}", "first");
	assert_int_equal(heard.status, 401);
}

static void a_lease_is_kept_across_a_restart_and_renewed_in_time(void **state)
{
	struct house *h = *state;

	subscribe(h);
	house_restart(h);
	for (int i = 0; i < 50; i++)
		turn_idle(h->loop);
	assert_int_equal(json_array_size(h->asked), 1);
	house_reply(h, 201, "{}");
	jump(h->loop, 25 * WHEN_HOUR_MS);
	wait_asked(h, 2);
}

static void another_address_of_ours_is_told_at_once(void **state)
{
	struct house *h = *state;

	subscribe(h);
	h->public_url = "https://moved.example";
	house_reply(h, 201, "{}");
	house_restart(h);
	wait_asked(h, 2);
	assert_non_null(strstr(json_text_at(json_array_get(h->asked, 1), "body"),
		"https://moved.example/hooks/acme/shop"));
}

static void a_subscription_that_fails_is_tried_again(void **state)
{
	struct house *h = *state;

	h->public_url = "https://mlc.example";
	house_reply(h, 503, "{}");
	json_put_text(json_object_get(h->settings, "shop"), "company", "any");
	house_apply(h);
	wait_asked(h, 1);
	wait_status(h, "calls_failed");
	house_reply(h, 201, "{}");
	jump(h->loop, 2 * WHEN_MINUTE_MS);
	wait_asked(h, 2);
}

/* WOO-07: how a remote is to be asked may only be known from what it tells of itself. */
static void what_it_tells_of_itself_has_its_webhooks_tried_again_at_once(void **state)
{
	struct house *h = *state;

	h->public_url = "https://mlc.example";
	house_reply(h, 404, "<html>no such address</html>");
	json_put_text(json_object_get(h->settings, "shop"), "company", "any");
	house_apply(h);
	wait_asked(h, 1);
	wait_status(h, "calls_failed");
	house_reply(h, 200, "{\"identity\":\"shop-1\"}");
	house_reply(h, 201, "{}");
	house_call(h, h->shop, &(struct order){ .op = OP_PING });
	wait_asked(h, 3);
	assert_string_equal(json_text_at(json_array_get(h->asked, 2), "path"), "/sub/hooks");
	wait_lease(h);
}

/* ZOHO-14, ZOHO-15: who had news and has none any more is told of; a poll catches up with what was missed. */
static void a_lease_that_lapsed_is_told_and_caught_up(void **state)
{
	struct house *h = *state;

	subscribe(h);
	json_array_clear(h->said);
	house_reply(h, 503, "{}");
	jump(h->loop, 25 * WHEN_HOUR_MS);
	house_wait_said(h, "held", 1);
	assert_string_equal(connection_hook_trouble(h->shop), "the shop is out");
	house_reply(h, 201, "{}");
	jump(h->loop, WHEN_HOUR_MS);
	house_wait_said(h, "lapsed", 1);
	house_wait_said(h, "held", 2);
	assert_null(connection_hook_trouble(h->shop));
}

static void a_renewal_in_time_is_no_lapse(void **state)
{
	struct house *h = *state;

	subscribe(h);
	for (size_t i = 1; i <= 3; i++) {
		house_reply(h, 201, "{}");
		jump(h->loop, 24 * WHEN_HOUR_MS + 1000);
		wait_asked(h, i + 1);
		while (connection_calls(h->shop) > 0)
			turn_idle(h->loop);
	}
	assert_int_equal(house_count(h, "lapsed"), 0);
}

/* The host was down when it was due. */
static void a_renewal_that_was_due_while_we_were_away_is_a_lapse(void **state)
{
	struct house *h = *state;

	subscribe(h);
	connections_destroy(h->connections);
	jump(h->loop, 30 * WHEN_HOUR_MS);
	house_reply(h, 201, "{}");
	house_begin(h);
	house_wait_said(h, "lapsed", 1);
}

static void a_connection_that_leaves_takes_its_webhooks_back(void **state)
{
	struct house *h = *state;
	struct connection *shop;
	json_t *notes;
	size_t left;

	subscribe(h);
	shop = h->shop;
	house_reply(h, 503, "{}");
	house_reply(h, 200, "{}");
	json_object_del(h->settings, "shop");
	house_apply(h);
	wait_asked(h, 2);
	assert_string_equal(json_text_at(json_array_get(h->asked, 1), "method"), "DELETE");
	assert_string_equal(json_text_at(json_array_get(h->asked, 1), "path"), "/sub/hooks/42");
	while (connection_calls(shop) > 0) /* it stays in memory */
		turn_idle(h->loop);
	jump(h->loop, 2 * WHEN_MINUTE_MS);
	wait_asked(h, 3);
	for (left = 1; left > 0;) {
		notes = house_notes(h, "lease");
		left = json_array_size(notes);
		json_decref(notes);
	}
}

/* WOO-12: polls alone do, too. */
static void a_key_that_may_not_register_webhooks_holds_nothing_up(void **state)
{
	struct house *h = *state;
	json_t *status;

	h->public_url = "https://mlc.example";
	house_reply(h, 401, "{}");
	json_put_text(json_object_get(h->settings, "shop"), "company", "any");
	house_apply(h);
	wait_status(h, "calls_failed");
	assert_null(connection_held(h->shop, NULL, NULL));
	status = connection_status(h->shop);
	assert_string_equal(json_text_at(status, "hook_trouble"), "the shop does not know us");
	json_decref(status);
	house_reply(h, 200, "{\"things\":[],\"next\":\"1\"}");
	assert_false(json_true_at(house_call(h, h->shop,
		&(struct order){ .op = OP_POLL, .feed = "things" }), "failed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_signed_record_is_on_disk_before_the_2xx),
		T(those_that_wait_for_their_answer_are_counted_at_their_most),
		T(a_wrong_signature_is_refused),
		T(who_is_turned_away_stands_in_the_trail_and_a_flood_as_one_row),
		T(a_changed_body_is_refused),
		T(unsigned_news_are_refused_and_an_unsigned_greeting_is_not),
		T(a_token_in_the_body_can_prove_it_instead),
		T(without_a_secret_nothing_signed_is_believed),
		T(a_connectors_refusal_goes_out_with_its_status),
		T(a_body_of_some_size_is_read_on_another_thread),
		T(the_secret_is_in_the_vault_before_the_remote_hears_of_it),
		T(the_secret_before_counts_until_the_change_is_agreed),
		T(a_lease_is_kept_across_a_restart_and_renewed_in_time),
		T(another_address_of_ours_is_told_at_once),
		T(a_subscription_that_fails_is_tried_again),
		T(what_it_tells_of_itself_has_its_webhooks_tried_again_at_once),
		T(a_lease_that_lapsed_is_told_and_caught_up),
		T(a_renewal_in_time_is_no_lapse),
		T(a_renewal_that_was_due_while_we_were_away_is_a_lapse),
		T(a_connection_that_leaves_takes_its_webhooks_back),
		T(a_key_that_may_not_register_webhooks_holds_nothing_up),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
