/* carried.c - requests that we carry: what leaves, what comes back, what is told to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "house.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int setup(void **state)
{
	*state = house_open("");
	return 0;
}

static int teardown(void **state)
{
	house_close(*state);
	return 0;
}

static const char *asked(struct house *h, size_t nth, const char *member)
{
	return json_text_or(json_array_get(h->asked, nth), member, "");
}

/* subscribe() has run at the start, when public_url is known; here it is not. */
static size_t asked_count(struct house *h)
{
	return json_array_size(h->asked);
}

static void a_ping_tells_facts_which_are_kept_across_a_restart(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"identity\":\"shop-1\"}");
	const json_t *done = house_call(h, h->shop, &(struct order){ .op = OP_PING });
	assert_false(json_true_at(done, "failed"));
	assert_string_equal(json_text_at(done, "facts.identity"), "shop-1");
	assert_string_equal(asked(h, 0, "path"), "/sub/me");
	house_restart(h);
	assert_string_equal(json_text_at(connection_facts(h->shop), "identity"), "shop-1");
}

/* WOO-08: over plain http nothing secret leaves; OAuth 1.0a signs instead. */
static void over_plain_http_a_request_is_signed_and_no_secret_leaves(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"identity\":\"shop-1\"}");
	house_call(h, h->shop, &(struct order){ .op = OP_PING });
	assert_non_null(strstr(asked(h, 0, "authorization"),
		"OAuth oauth_consumer_key=\"ck_1234\""));
	assert_non_null(strstr(asked(h, 0, "authorization"), "oauth_signature=\""));
	assert_null(strstr(asked(h, 0, "authorization"), "cs_secret_5678"));
}

/* WOO-08 */
static void a_password_does_not_leave_over_plain_http_whatever_is_set(void **state)
{
	struct house *h = *state;

	json_put_text(json_object_get(h->settings, "shop"), "auth", "basic");
	house_apply(h);
	const json_t *done = house_call(h, h->shop, &(struct order){ .op = OP_PING });
	assert_int_equal(json_int_or(done, "fault", 0), MLC_AUTH);
	assert_non_null(strstr(json_text_at(done, "text"), "oauth1"));
	assert_int_equal(asked_count(h), 0);
}

static void a_missing_secret_holds_as_auth_with_the_command_that_mends_it(void **state)
{
	struct house *h = *state;

	house_secret(h, "shop", "pass", NULL);
	loop_advance(h->loop, 10000);
	const json_t *done = house_call(h, h->shop, &(struct order){ .op = OP_PING });
	assert_int_equal(json_int_or(done, "fault", 0), MLC_AUTH);
	assert_non_null(strstr(json_text_at(done, "text"), "mlc secret set"));
	assert_int_equal(asked_count(h), 0);
}

static void a_poll_commits_each_page_with_its_cursor(void **state)
{
	struct house *h = *state;
	json_t *notes;

	house_reply(h, 200,
		"{\"things\":[{\"id\":1,\"version\":\"a\",\"price\":12.30}],\"next\":\"c1\",\"more\":true}");
	house_reply(h, 200,
		"{\"things\":[{\"id\":2,\"version\":\"a\"},{\"id\":3}],\"next\":\"c2\"}");
	const json_t *done = house_call(h, h->shop,
		&(struct order){ .op = OP_POLL, .feed = "things" });
	assert_false(json_true_at(done, "failed"));
	assert_int_equal(house_count(h, "emit"), 2);
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "origin"), "feed things");
	assert_int_equal(json_array_size(json_at(house_said(h, "emit", 1), "records")), 2);
	/* Decimals stay the text they were. */
	assert_non_null(strstr(json_text_at(house_said(h, "emit", 0), "records.0.text"),
		"\"12.30\""));
	assert_string_equal(asked(h, 0, "query"), "after=0");
	assert_string_equal(asked(h, 1, "query"), "after=c1");
	/* The second page was asked for only after the first was committed. */
	assert_true(json_int_or(json_array_get(h->asked, 1), "said_before", 0) >= 2);
	notes = house_notes(h, "cursor");
	assert_string_equal(json_text_at(notes, "0.name"), "things");
	assert_string_equal(json_text_at(notes, "0.value"), "c2");
	json_decref(notes);
}

/* connector.h: nothing but an advance() takes what a call was given, whatever is committed meanwhile. */
static void what_is_emitted_without_an_advance_is_kept_and_so_is_its_memory(void **state)
{
	struct house *h = *state;
	const json_t *records;

	house_reply(h, 200, "{\"id\":1,\"version\":\"a\",\"name\":\"first\"}");
	house_reply(h, 200, "{\"id\":2,\"version\":\"b\"}");
	const json_t *done = house_call(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "whole" });
	assert_false(json_true_at(done, "failed"));
	assert_int_equal(house_count(h, "emit"), 1);
	records = json_at(house_said(h, "emit", 0), "records");
	assert_int_equal(json_array_size(records), 3);
	assert_string_equal(json_text_at(records, "0.id"), "1");
	assert_string_equal(json_text_at(records, "1.id"), "2");
	assert_string_equal(json_text_at(records, "2.id"), "copy-of-1");
	assert_non_null(strstr(json_text_at(records, "2.text"), "\"name\":\"first\""));
}

/* ZEN-17: where the remote tells how often it may be asked, that counts. */
static void the_pace_follows_what_the_remote_tells(void **state)
{
	struct house *h = *state;
	const struct order o = { .op = OP_POLL, .feed = "things" };

	h->otherwise = "{\"things\":[],\"next\":\"1\"}";
	house_reply(h, 200, "{\"identity\":\"shop-1\",\"per_minute\":\"1\"}");
	house_call(h, h->shop, &(struct order){ .op = OP_PING });
	house_restart(h); /* it is known from the start on */
	house_call(h, h->shop, &o);
	assert_int_equal(asked_count(h), 2);
	house_order(h, h->shop, &o);
	for (int i = 0; i < 50; i++)
		turn_idle(h->loop);
	assert_int_equal(asked_count(h), 2);
	loop_advance(h->loop, 62000);
	house_done(h, 2);
	assert_int_equal(asked_count(h), 3);
}

static void garbage_is_broken_and_no_cursor_moves(void **state)
{
	struct house *h = *state;
	static const char *const bodies[] = { "", "{}", "[]", "<html>busy</html>", "{\"things\":",
		"{\"things\":null}" };

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		house_reply(h, 200, bodies[i]);
		const json_t *done = house_call(h, h->shop,
			&(struct order){ .op = OP_POLL, .feed = "things" });
		assert_int_equal(json_int_or(done, "fault", 0), MLC_BROKEN);
	}
	json_t *notes = house_notes(h, "cursor");
	assert_int_equal(json_array_size(notes), 0);
	json_decref(notes);
}

static void a_fetch_gives_the_record_or_that_it_is_gone(void **state)
{
	struct house *h = *state;
	const char *const ids[] = { "7", NULL };

	house_reply(h, 200, "{\"id\":7,\"name\":\"Mug\"}");
	const json_t *done = house_call(h, h->shop,
		&(struct order){ .op = OP_FETCH, .entity = "thing", .ids = ids });
	assert_string_equal(json_text_at(done, "records.0.id"), "7");
	house_reply(h, 404, "{}");
	done = house_call(h, h->shop, &(struct order){ .op = OP_FETCH, .entity = "thing",
		.ids = ids });
	assert_true(json_true_at(done, "records.0.deleted"));
}

static void a_write_is_marked_before_its_first_byte_leaves(void **state)
{
	struct house *h = *state;

	house_reply(h, 201, "{\"id\":9,\"version\":\"v1\"}");
	house_write(h, h->shop, 501, "key-1", "{\"name\":\"Mug\",\"price\":\"12.30\"}");
	const json_t *done = house_done(h, 0);
	assert_false(json_true_at(done, "failed"));
	assert_string_equal(json_text_at(done, "writes.0.id"), "9");
	assert_int_equal(house_count(h, "mark"), 1);
	assert_int_equal(house_count(h, "settle"), 1);
	/* The remote was asked when `mark` had been said, and before `settle`. */
	assert_int_equal(json_int_or(json_array_get(h->asked, 0), "said_before", 0), 1);
	assert_string_equal(asked(h, 0, "key"), "key-1");
	/* BARE decimals are numbers on the wire, digit for digit. */
	assert_string_equal(asked(h, 0, "body"), "{\"name\":\"Mug\",\"price\":12.30}");
}

static void a_lost_reply_to_a_write_is_in_doubt_and_not_sent_again(void **state)
{
	struct house *h = *state;

	house_reply(h, LOSE, "");
	house_write(h, h->shop, 502, "key-2", "{\"name\":\"Mug\"}");
	house_wait_said(h, "mark", 1);
	while (h->lost_count == 0)
		turn_idle(h->loop);
	jump(h->loop, 121000); /* the transfer's deadline */
	const json_t *done = house_done(h, 0);
	assert_int_equal(json_int_or(done, "fault", 0), MLC_IN_DOUBT);
	assert_false(json_true_at(done, "never_sent"));
	assert_int_equal(asked_count(h), 1);
}

static void a_write_that_never_left_says_so(void **state)
{
	struct house *h = *state;
	int port, nobody = peer_listen(&port);
	char url[64];

	close(nobody); /* nobody listens there now */
	snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	json_put_text(json_object_get(h->settings, "shop"), "url", url);
	house_apply(h);
	house_write(h, h->shop, 503, "key-3", "{\"name\":\"Mug\"}");
	const json_t *done = house_done(h, 0);
	assert_true(json_true_at(done, "failed"));
	assert_int_equal(json_int_or(done, "fault", 0), MLC_RETRY);
	assert_true(json_true_at(done, "never_sent"));
	assert_int_equal(house_count(h, "settle"), 1);
}

static void a_read_whose_reply_is_lost_is_repeated_by_the_host(void **state)
{
	struct house *h = *state;

	house_reply(h, LOSE, "");
	house_reply(h, 200, "{\"identity\":\"shop-1\"}");
	house_order(h, h->shop, &(struct order){ .op = OP_PING });
	while (h->lost_count == 0)
		turn_idle(h->loop);
	jump(h->loop, 121000);
	jump(h->loop, 5000); /* the pause before the next try */
	const json_t *done = house_done(h, 0);
	assert_false(json_true_at(done, "failed"));
	assert_int_equal(asked_count(h), 2);
}

static void a_refused_write_carries_the_remotes_words(void **state)
{
	struct house *h = *state;

	house_reply(h, 409, "{}");
	house_write(h, h->shop, 504, "key-4", "{\"name\":\"Mug\"}");
	const json_t *done = house_done(h, 0);
	assert_int_equal(json_int_or(done, "writes.0.end", 0), WRITE_END_REFUSED);
	assert_string_equal(json_text_at(done, "writes.0.text"), "there is one of that name");
}

static void told_to_slow_down_nothing_else_starts(void **state)
{
	struct house *h = *state;

	house_reply_with(h, 429, "{}", "Retry-After", "9");
	house_write(h, h->shop, 505, "key-5", "{\"name\":\"Mug\"}");
	const json_t *done = house_done(h, 0);
	assert_int_equal(json_int_or(done, "fault", 0), MLC_LIMITED);
	assert_int_equal(json_int_or(done, "after_ms", 0), 9000);
	house_order(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
	turn_idle(h->loop);
	assert_int_equal(asked_count(h), 1);
	assert_int_equal(connection_calls(h->shop), 1);
	assert_false(connection_gets_on(h->shop));
	house_reply(h, 200, "{\"things\":[],\"next\":\"c\"}");
	jump(h->loop, 9500);
	assert_true(connection_gets_on(h->shop));
	house_done(h, 1);
	assert_int_equal(asked_count(h), 2);
}

static void at_most_so_many_are_in_flight_as_the_connector_says(void **state)
{
	struct house *h = *state;

	for (int i = 0; i < 10; i++) {
		house_reply(h, LOSE, "");
		house_order(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
	}
	while (h->lost_count < 4)
		turn_idle(h->loop);
	for (int i = 0; i < 20; i++)
		turn_idle(h->loop);
	assert_int_equal(h->lost_count, 4);
}

static void credentials_go_to_no_other_host(void **state)
{
	struct house *h = *state;
	json_t *by = json_object();

	json_put_text(by, "name", "https://elsewhere.example/things");
	const json_t *done = house_call(h, h->shop,
		&(struct order){ .op = OP_FIND, .entity = "thing", .data = by });
	assert_int_equal(json_int_or(done, "fault", 0), MLC_BROKEN);
	assert_non_null(strstr(json_text_at(done, "text"), "elsewhere.example"));
	assert_int_equal(asked_count(h), 0);
	json_decref(by);
}

static void an_absolute_address_of_the_same_origin_is_well(void **state)
{
	struct house *h = *state;
	json_t *by = json_object();
	char url[80];

	snprintf(url, sizeof url, "http://127.0.0.1:%d/sub/next?page=2", h->remote_port);
	json_put_text(by, "name", url);
	house_reply(h, 200, "{\"things\":[]}");
	const json_t *done = house_call(h, h->shop,
		&(struct order){ .op = OP_FIND, .entity = "thing", .data = by });
	assert_false(json_true_at(done, "failed"));
	assert_string_equal(asked(h, 0, "path"), "/sub/next");
	json_decref(by);
}

static void every_exchange_is_in_the_audit_trail_without_secrets(void **state)
{
	struct house *h = *state;

	house_reply(h, 201, "{\"id\":9,\"version\":\"v1\",\"echo\":\"cs_secret_5678\"}");
	house_write(h, h->shop, 506, "key-6", "{\"name\":\"Mug\"}");
	house_done(h, 0);
	json_t *rows = house_audit(h, "exchange");
	assert_int_equal(json_array_size(rows), 1);
	const char *payload = json_text_at(rows, "0.payload");
	assert_non_null(strstr(payload, "POST http://127.0.0.1"));
	assert_non_null(strstr(payload, "{\"name\":\"Mug\"}"));
	assert_non_null(strstr(payload, "201"));
	assert_null(strstr(payload, "cs_secret_5678"));
	assert_non_null(strstr(payload, "[secret:pass]"));
	json_decref(rows);
}

/* ALL-14 and promise 7: another company than last time is held before anything is written. */
static void another_identity_than_last_time_holds_the_connection(void **state)
{
	struct house *h = *state;
	const char *cause = NULL;

	house_reply(h, 200, "{\"identity\":\"shop-1\"}");
	house_call(h, h->shop, &(struct order){ .op = OP_PING });
	house_reply(h, 200, "{\"identity\":\"shop-2\"}");
	const json_t *done = house_call(h, h->shop, &(struct order){ .op = OP_PING });
	assert_true(json_true_at(done, "failed"));
	assert_non_null(connection_held(h->shop, &cause, NULL));
	assert_string_equal(cause, "identity");
	house_write(h, h->shop, 507, "key-7", "{\"name\":\"Mug\"}");
	done = house_done(h, 2);
	assert_true(json_true_at(done, "failed"));
	assert_true(json_true_at(done, "never_sent"));
	assert_int_equal(asked_count(h), 2);
	house_restart(h);
	assert_non_null(connection_held(h->shop, &cause, NULL));
	assert_string_equal(cause, "identity");
	assert_string_equal(json_text_at(connection_facts(h->shop), "identity"), "shop-1");
}

static void a_hold_with_an_end_ends_by_itself(void **state)
{
	struct house *h = *state;
	const char *cause = NULL;

	connection_hold(h->shop, "limited", "told to slow down", loop_now_ms(h->loop) + 60000);
	assert_non_null(connection_held(h->shop, &cause, NULL));
	jump(h->loop, 61000);
	assert_null(connection_held(h->shop, &cause, NULL));
	assert_int_equal(house_count(h, "held"), 2);
}

static void a_write_under_way_when_the_host_died_comes_back_in_doubt(void **state)
{
	struct house *h = *state;

	house_reply(h, LOSE, "");
	house_write(h, h->shop, 508, "key-8", "{\"name\":\"Mug\"}");
	while (h->lost_count == 0)
		turn_idle(h->loop);
	json_array_clear(h->said);
	house_restart(h);
	assert_int_equal(house_count(h, "settle"), 1);
	assert_int_equal(house_count(h, "done"), 1);
	const json_t *done = house_said(h, "done", 0);
	assert_int_equal(json_int_or(done, "fault", 0), MLC_IN_DOUBT);
	assert_int_equal(json_int_or(done, "writes.0.write_id", 0), 508);
	assert_false(json_true_at(done, "has_arg"));
}

/* Its delivery would stay where it is until the next start. */
static void a_doubt_that_the_disk_does_not_take_is_tried_again_and_the_start_goes_on(void **state)
{
	struct house *h = *state;

	house_reply(h, LOSE, "");
	house_write(h, h->shop, 508, "key-8", "{\"name\":\"Mug\"}");
	while (h->lost_count == 0)
		turn_idle(h->loop);
	json_array_clear(h->said);
	house_disk_full(true);
	house_restart(h);
	assert_int_equal(house_count(h, "settle"), 1);
	assert_int_equal(house_count(h, "done"), 0);
	jump(h->loop, 1000);
	house_wait_said(h, "settle", 2);
	house_wait_refused(h);
	house_disk_full(false);
	jump(h->loop, 2000);
	house_wait_said(h, "done", 1);
	jump(h->loop, 60000);
	assert_int_equal(house_count(h, "done"), 1);
	assert_int_equal(json_int_or(house_said(h, "done", 0), "fault", 0), MLC_IN_DOUBT);
}

static void a_hold_that_the_disk_does_not_take_is_there_after_a_restart_all_the_same(void **state)
{
	struct house *h = *state;
	const char *cause = NULL;

	house_disk_full(true);
	connection_hold(h->shop, "identity", "another company", 0);
	house_wait_refused(h);
	house_disk_full(false);
	jump(h->loop, 1000);
	json_t *notes = house_notes(h, "hold");
	while (json_array_size(notes) == 0) {
		json_decref(notes);
		turn_idle(h->loop);
		notes = house_notes(h, "hold");
	}
	json_decref(notes);
	house_restart(h);
	assert_non_null(connection_held(h->shop, &cause, NULL));
	assert_string_equal(cause, "identity");
}

/* Freed while the disk was full: the hold that was on the disk is not what the next start finds. */
static void of_several_holds_and_releases_the_last_one_counts(void **state)
{
	struct house *h = *state;

	connection_hold(h->shop, "identity", "another company", 0);
	house_disk_full(true);
	connection_resume(h->shop);
	connection_hold(h->shop, "auth", "refused", 0);
	connection_resume(h->shop);
	house_wait_refused(h);
	house_disk_full(false);
	jump(h->loop, 10000);
	json_t *notes = house_notes(h, "hold");
	while (json_array_size(notes) > 0) {
		json_decref(notes);
		turn_idle(h->loop);
		notes = house_notes(h, "hold");
	}
	json_decref(notes);
	house_restart(h);
	assert_null(connection_held(h->shop, NULL, NULL));
}

/* What the floor above keeps of a record that was written: several copies, more than a transaction holds. */
static void keep_large_copies(struct txn *t, const struct outcome *o)
{
	size_t len = (size_t)33 << 20;
	char *copy;

	if (!o->writes[0].record.text && !o->writes[0].record.data)
		return;
	copy = xcalloc(1, len + 1);
	for (int i = 0; i < 2; i++) {
		memset(copy, 'a' + i, len);
		txn_accept(t, &(struct arrival){ .tenant = "acme", .connection = "shop", .entity = "thing", .id = i ? "1" : "2",
			.text = copy, .text_len = len, .origin = "write" });
	}
	free(copy);
}

static void what_came_back_of_a_write_and_is_too_long_to_be_kept_is_noted_by_its_id(void **state)
{
	struct house *h = *state;

	h->on_settle = keep_large_copies;
	house_reply(h, 201, "{\"id\":42,\"name\":\"Mug\"}");
	house_write(h, h->shop, 509, "key-9", "{\"name\":\"Mug\"}");
	const json_t *done = house_done(h, 0);
	assert_false(json_true_at(done, "failed"));
	assert_string_equal(json_text_at(done, "writes.0.id"), "42");
	assert_int_equal(house_count(h, "settle"), 2);
	house_reply(h, 201, "{\"id\":43,\"name\":\"Cup\"}");
	house_write(h, h->shop, 510, "key-10", "{\"name\":\"Cup\"}"); /* and the next one goes on */
	assert_string_equal(json_text_at(house_done(h, 1), "writes.0.id"), "43");
}

static void a_big_reply_is_read_on_another_thread_and_tells_the_same(void **state)
{
	struct house *h = *state;
	struct buf body;

	buf_init(&body, 1u << 20);
	buf_puts(&body, "{\"things\":[");
	for (int i = 1; i <= 3000; i++)
		buf_printf(&body, "%s{\"id\":%d,\"version\":\"a\",\"name\":\"thing number %d\"}",
			i > 1 ? "," : "", i, i);
	buf_puts(&body, "],\"next\":\"c9\"}");
	assert_true(body.len > 100000);
	house_reply(h, 200, body.data);
	const json_t *done = house_call(h, h->shop,
		&(struct order){ .op = OP_POLL, .feed = "things" });
	assert_false(json_true_at(done, "failed"));
	assert_int_equal(json_array_size(json_at(house_said(h, "emit", 0), "records")), 3000);
	buf_finish(&body);
}

static size_t asked_by(struct house *h, const char *method)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(h->asked); i++)
		n += !strcmp(json_text_or(json_array_get(h->asked, i), "method", ""), method);
	return n;
}

static void until_the_job_is_begun(struct house *h)
{
	house_reply(h, 202, "{}");
	house_write(h, h->shop, 7, "key-7", "{\"name\":\"Mug\"}");
	while (asked_by(h, "POST") == 0)
		turn_idle(h->loop);
	turn_idle(h->loop);
}

/* Of a write that goes in several steps the first may have done it. */
static void a_reload_amid_a_write_does_not_begin_it_anew(void **state)
{
	struct house *h = *state;

	until_the_job_is_begun(h);
	json_put_text(json_object_get(h->settings, "shop"), "company", "Shop Ltd");
	house_apply(h);
	house_reply(h, 201, "{\"id\":7}");
	loop_advance(h->loop, 61000);
	const json_t *done = house_done(h, 0);
	assert_false(json_true_at(done, "failed"));
	assert_string_equal(json_text_at(done, "writes.0.id"), "7");
	assert_int_equal(asked_by(h, "POST"), 1);
}

static void now_nothing(void *arg)
{
	(void)arg;
}

static void a_connection_that_leaves_ends_what_it_was_asked(void **state)
{
	struct house *h = *state;

	house_reply(h, LOSE, "");
	house_order(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
	json_object_set_new(h->settings, "shop", json_deep_copy(json_object_get(h->settings,
		"shop")));
	struct connection *before = h->shop;
	connections_apply(h->connections, NULL, 0, now_nothing, NULL);
	const json_t *done = house_done(h, 0);
	assert_true(json_true_at(done, "failed"));
	assert_non_null(connection_held(before, NULL, NULL));
	assert_null(connection_find(h->connections, "acme", "shop"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_ping_tells_facts_which_are_kept_across_a_restart),
		T(over_plain_http_a_request_is_signed_and_no_secret_leaves),
		T(a_password_does_not_leave_over_plain_http_whatever_is_set),
		T(a_missing_secret_holds_as_auth_with_the_command_that_mends_it),
		T(a_poll_commits_each_page_with_its_cursor),
		T(what_is_emitted_without_an_advance_is_kept_and_so_is_its_memory),
		T(the_pace_follows_what_the_remote_tells),
		T(garbage_is_broken_and_no_cursor_moves),
		T(a_fetch_gives_the_record_or_that_it_is_gone),
		T(a_write_is_marked_before_its_first_byte_leaves),
		T(a_lost_reply_to_a_write_is_in_doubt_and_not_sent_again),
		T(a_write_that_never_left_says_so),
		T(a_read_whose_reply_is_lost_is_repeated_by_the_host),
		T(a_refused_write_carries_the_remotes_words),
		T(told_to_slow_down_nothing_else_starts),
		T(at_most_so_many_are_in_flight_as_the_connector_says),
		T(credentials_go_to_no_other_host),
		T(an_absolute_address_of_the_same_origin_is_well),
		T(every_exchange_is_in_the_audit_trail_without_secrets),
		T(another_identity_than_last_time_holds_the_connection),
		T(a_hold_with_an_end_ends_by_itself),
		T(a_write_under_way_when_the_host_died_comes_back_in_doubt),
		T(a_doubt_that_the_disk_does_not_take_is_tried_again_and_the_start_goes_on),
		T(a_hold_that_the_disk_does_not_take_is_there_after_a_restart_all_the_same),
		T(of_several_holds_and_releases_the_last_one_counts),
		T(what_came_back_of_a_write_and_is_too_long_to_be_kept_is_noted_by_its_id),
		T(a_big_reply_is_read_on_another_thread_and_tells_the_same),
		T(a_connection_that_leaves_ends_what_it_was_asked),
		T(a_reload_amid_a_write_does_not_begin_it_anew),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
