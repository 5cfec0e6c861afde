/* visits.c - peers that call us: parked, taken, stored, given back; cut anywhere between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "house.h"

#include "base/mem.h"
#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct heard heard;

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

static void serve(struct house *h, const char *says, const char *answer)
{
	house_serve(h, says, &heard);
	assert_string_equal(heard.body, answer);
}

static void log_in(struct house *h)
{
	serve(h, "hello sesame", "ticket 1.0.0");
}

/* A poll that is ordered waits for a visit, and is work to come for. */
static void order_poll(struct house *h, const char *feed)
{
	house_order(h, h->desk, &(struct order){ .op = OP_POLL, .feed = feed });
	turn_idle(h->loop);
}

static void a_peer_without_work_is_sent_home(void **state)
{
	struct house *h = *state;

	serve(h, "hello sesame", "none");
	assert_false(connection_in_visit(h->desk));
	serve(h, "hello barbecue", "nvu");
}

static void a_call_waits_for_the_visit_and_counts_as_coming(void **state)
{
	struct house *h = *state;

	order_poll(h, "invoices");
	assert_int_equal(connection_calls(h->desk), 1);
	assert_int_equal(house_count(h, "done"), 0);
	assert_false(connection_gets_on(h->desk));
	log_in(h);
	assert_true(connection_in_visit(h->desk));
	assert_true(connection_gets_on(h->desk));
	assert_int_equal(house_count(h, "visit_opens"), 1);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	serve(h, "gave {\"list\":[\"I1\",\"I2\"],\"next\":\"5\"}", "done");
	const json_t *done = house_done(h, 0);
	assert_false(json_true_at(done, "failed"));
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "records.1.id"), "I2");
	serve(h, "bye", "bye");
	assert_false(connection_in_visit(h->desk));
	assert_int_equal(house_count(h, "visit_over"), 1);
}

static void a_poll_of_many_pages_goes_on_within_the_visit_and_commits_each(void **state)
{
	struct house *h = *state;

	order_poll(h, "invoices");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	serve(h, "gave {\"list\":[\"I1\"],\"next\":\"5\",\"more\":true}", "more");
	json_t *notes = house_notes(h, "cursor");
	assert_string_equal(json_text_at(notes, "0.value"), "5");
	json_decref(notes);
	serve(h, "ask file-1", "reads\nread-invoices-5 -\n");
	serve(h, "gave {\"list\":[],\"next\":\"6\"}", "done");
	assert_int_equal(house_count(h, "emit"), 1);
	house_done(h, 0);
}

/* WOO-33: the mark is on disk before the set leaves, and gone with its outcome. */
static void writes_leave_in_a_stored_set_and_end_with_it_in_one_transaction(void **state)
{
	struct house *h = *state;
	char mark[32];
	unsigned asked;

	house_write(h, h->desk, 11, "W11", "{\"Memo\":\"one\",\"Total\":\"10.50\"}");
	house_write(h, h->desk, 12, "W12", "{\"Memo\":\"two\"}");
	turn_idle(h->loop);
	log_in(h);
	serve(h, "ask file-1",
		"set MW11\nW11 {\"Memo\":\"one\",\"Total\":\"10.50\"}\nW12 {\"Memo\":\"two\"}\n");
	assert_true(house_open_set(h, mark, sizeof mark, &asked));
	assert_string_equal(mark, "MW11");
	assert_int_equal(asked, 0);
	assert_int_equal(house_count(h, "mark"), 2);
	assert_string_equal(json_text_at(house_said(h, "mark", 0), "mark"), "MW11");
	serve(h, "gave ok T1\ngave the customer is unknown", "done");
	assert_false(house_open_set(h, NULL, 0, NULL));
	assert_int_equal(house_count(h, "settle"), 2);
	/* Both outcomes were added before either call heard its last word: one transaction. */
	assert_string_equal(json_text_at(house_said(h, "done", 0), "writes.0.id"), "T1");
	assert_string_equal(json_text_at(house_said(h, "done", 1), "writes.0.text"),
		"the customer is unknown");
	size_t last_settle = 0, first_done = 0;
	for (size_t i = 0; i < json_array_size(h->said); i++) {
		const char *hook = json_text_at(json_array_get(h->said, i), "hook");

		last_settle = !strcmp(hook, "settle") ? i : last_settle;
		first_done = !strcmp(hook, "done") && !first_done ? i : first_done;
	}
	assert_true(last_settle < first_done);
}

static void reads_and_writes_leave_apart(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 13, "W13", "{}");
	order_poll(h, "invoices");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	serve(h, "gave {\"list\":[]}", "more");
	serve(h, "ask file-1", "set MW13\nW13 {}\n");
	serve(h, "gave ok T1", "done");
}

static void a_set_whose_reply_never_came_is_given_again_byte_for_byte(void **state)
{
	struct house *h = *state;
	char first[sizeof heard.body], mark[32];
	unsigned asked;

	house_write(h, h->desk, 21, "W21", "{\"Memo\":\"same\"}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	strcpy(first, heard.body);
	/* The peer's machine falls asleep; the next day it logs in anew. */
	house_write(h, h->desk, 22, "W22", "{}");
	log_in(h);
	assert_int_equal(house_count(h, "visit_over"), 1);
	serve(h, "ask file-1", first);
	assert_true(house_open_set(h, mark, sizeof mark, &asked));
	assert_int_equal(asked, 1);
	serve(h, "gave ok T21", "more");
	assert_string_equal(json_text_at(house_done(h, 0), "writes.0.id"), "T21");
	assert_true(json_true_at(house_done(h, 0), "has_arg"));
	serve(h, "ask file-1", "set MW22\nW22 {}\n");
	serve(h, "gave ok T22", "done");
	assert_int_equal(house_count(h, "settle"), 2);
}

static void an_open_set_survives_kill_and_restart(void **state)
{
	struct house *h = *state;
	char first[sizeof heard.body];

	house_write(h, h->desk, 31, "W31", "{\"Memo\":\"one\"}");
	house_write(h, h->desk, 32, "W32", "{\"Memo\":\"two\"}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	strcpy(first, heard.body);
	json_array_clear(h->said);
	house_restart(h);
	/* They are open, not in doubt: their peer will be asked. */
	assert_int_equal(house_count(h, "settle"), 0);
	log_in(h);
	serve(h, "ask file-1", first);
	serve(h, "gave ok T31\ngave ok T32", "done");
	assert_int_equal(house_count(h, "settle"), 2);
	assert_int_equal(json_int_or(house_said(h, "settle", 1), "writes.0.write_id", 0), 32);
	assert_string_equal(json_text_at(house_said(h, "settle", 1), "writes.0.id"), "T32");
	assert_false(json_true_at(house_said(h, "done", 0), "has_arg"));
	assert_false(house_open_set(h, NULL, 0, NULL));
}

static void a_restart_between_two_givings_keeps_count(void **state)
{
	struct house *h = *state;
	unsigned asked;

	house_write(h, h->desk, 33, "W33", "{}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	for (unsigned i = 1; i <= 3; i++) {
		house_restart(h);
		log_in(h);
		serve(h, "ask file-1", "set MW33\nW33 {}\n");
		assert_true(house_open_set(h, NULL, 0, &asked));
		assert_int_equal(asked, i);
	}
	serve(h, "gave ok T33", "done");
	assert_int_equal(house_count(h, "settle"), 1);
}

static void what_is_lost_after_a_restart_is_in_doubt(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 34, "W34", "{}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	house_restart(h);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	serve(h, "lost", "done");
	assert_int_equal(json_int_or(house_done(h, 0), "fault", 0), MLC_IN_DOUBT);
	assert_int_equal(house_count(h, "settle"), 1);
	assert_false(house_open_set(h, NULL, 0, NULL));
}

static void a_set_refused_whole_is_parked_again_one_by_one(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 41, "W41", "{}");
	house_write(h, h->desk, 42, "W42", "{}");
	turn_idle(h->loop);
	log_in(h);
	serve(h, "ask file-1", "set MW41\nW41 {}\nW42 {}\n");
	serve(h, "alone\nalone", "more");
	assert_int_equal(house_count(h, "settle"), 0);
	assert_false(house_open_set(h, NULL, 0, NULL));
	house_serve(h, "ask file-1", &heard);
	assert_int_equal(strncmp(heard.body, "set MW4", 7), 0);
	/* One line */
	assert_ptr_equal(strchr(heard.body, '\n') + 8, heard.body + strlen(heard.body));
	serve(h, "gave ok T1", "more");
	house_serve(h, "ask file-1", &heard);
	serve(h, "gave ok T2", "done");
	assert_int_equal(house_count(h, "settle"), 2);
}

static void a_set_refused_whole_after_a_restart_goes_out_alone_and_settles(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 43, "W43", "{}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	house_restart(h);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	serve(h, "alone", "more");
	serve(h, "ask file-1", "set MW43\nW43 {}\n");
	serve(h, "gave ok T43", "done");
	assert_string_equal(json_text_at(house_done(h, 0), "writes.0.id"), "T43");
}

static void what_the_answer_says_nothing_of_nobody_can_tell(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 44, "W44", "{}");
	house_write(h, h->desk, 45, "W45", "{}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	serve(h, "gave ok T44", "done");
	assert_false(json_true_at(house_done(h, 0), "failed"));
	assert_int_equal(json_int_or(house_done(h, 1), "fault", 0), MLC_IN_DOUBT);
}

static void reads_that_the_answer_says_nothing_of_are_parked_again(void **state)
{
	struct house *h = *state;

	order_poll(h, "invoices");
	house_order(h, h->desk, &(struct order){ .op = OP_FIND, .entity = "Invoice",
		.data = json_null() });
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\nread-find -\n");
	serve(h, "gave {\"list\":[]}", "more");
	serve(h, "ask file-1", "reads\nread-find -\n");
	serve(h, "gave I7", "done");
	assert_string_equal(json_text_at(house_done(h, 1), "records.0.id"), "I7");
}

static void a_lost_read_is_parked_again(void **state)
{
	struct house *h = *state;

	order_poll(h, "invoices");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	serve(h, "lost", "more");
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	serve(h, "gave {\"list\":[]}", "done");
}

static void a_read_taken_in_a_visit_that_broke_off_goes_with_the_next(void **state)
{
	struct house *h = *state;

	order_poll(h, "invoices");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	serve(h, "gave {\"list\":[]}", "done");
	house_done(h, 0);
}

/* ZUO-20: an iterator is worth nothing after its visit; the call starts afresh, from its last
 * cursor. */
static void a_request_of_this_visit_only_starts_its_call_afresh(void **state)
{
	struct house *h = *state;

	order_poll(h, "once");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-once-0 -\n");
	serve(h, "gave {\"list\":[\"I1\"],\"next\":\"7\",\"more\":true}", "more");
	serve(h, "ask file-1", "reads\nread-once-7 -\n");
	log_in(h); /* the visit broke off */
	serve(h, "ask file-1", "reads\nread-once-7 -\n");
	serve(h, "gave {\"list\":[\"I2\"],\"next\":\"8\"}", "done");
	assert_false(json_true_at(house_done(h, 0), "failed"));
	assert_int_equal(house_count(h, "emit"), 2);
}

static void a_visit_silent_for_half_an_hour_is_over(void **state)
{
	struct house *h = *state;

	order_poll(h, "invoices");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	jump(h->loop, 29 * WHEN_MINUTE_MS);
	assert_true(connection_in_visit(h->desk));
	jump(h->loop, 2 * WHEN_MINUTE_MS);
	assert_false(connection_in_visit(h->desk));
	assert_int_equal(house_count(h, "visit_over"), 1);
	serve(h, "ask file-1", "who are you"); /* the state went with it */
}

/* Promise 7, ALL-14: nothing is given to another company than last time. */
static void another_company_gets_nothing(void **state)
{
	struct house *h = *state;
	const char *cause = NULL;

	order_poll(h, "invoices");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	serve(h, "gave {\"list\":[]}", "done");
	serve(h, "bye", "bye");
	house_write(h, h->desk, 51, "W51", "{}");
	turn_idle(h->loop);
	log_in(h);
	serve(h, "ask file-2", "wrong company");
	assert_non_null(connection_held(h->desk, &cause, NULL));
	assert_string_equal(cause, "identity");
	assert_int_equal(house_count(h, "held"), 1);
	assert_false(house_open_set(h, NULL, 0, NULL));
	assert_string_equal(json_text_at(connection_facts(h->desk), "identity"), "file-1");
	serve(h, "bye", "bye");
	serve(h, "hello sesame", "none"); /* held: there is nothing to come for */
	serve(h, "ask file-1", "who are you");
}

static void the_right_company_frees_it_again(void **state)
{
	struct house *h = *state;

	order_poll(h, "invoices");
	log_in(h);
	serve(h, "ask file-1", "reads\nread-invoices-0 -\n");
	house_write(h, h->desk, 54, "W54", "{}");
	turn_idle(h->loop);
	serve(h, "ask file-2", "wrong company");
	assert_non_null(connection_held(h->desk, NULL, NULL));
	house_serve(h, "ask file-1", &heard);
	assert_null(connection_held(h->desk, NULL, NULL));
}

static void a_person_may_say_that_the_other_company_is_right(void **state)
{
	struct house *h = *state;

	order_poll(h, "invoices");
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	serve(h, "ask file-2", "wrong company");
	connection_resume(h->desk);
	house_restart(h);
	assert_null(connection_held(h->desk, NULL, NULL));
	order_poll(h, "invoices");
	log_in(h);
	house_serve(h, "ask file-2", &heard);
	assert_string_equal(json_text_at(connection_facts(h->desk), "identity"), "file-2");
	serve(h, "ask file-1", "wrong company");
}

static void at_the_first_visit_the_settings_say_which_company_it_must_be(void **state)
{
	struct house *h = *state;
	const char *cause = NULL;

	json_put_text(json_object_get(h->settings, "desk"), "identity", "file-9");
	house_apply(h);
	house_write(h, h->desk, 52, "W52", "{}");
	turn_idle(h->loop);
	log_in(h);
	serve(h, "ask file-1", "wrong company");
	assert_non_null(connection_held(h->desk, &cause, NULL));
	assert_string_equal(cause, "identity");
}

static void facts_are_on_disk_before_the_answer_that_rests_on_them(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 53, "W53", "{}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	json_t *notes = house_notes(h, "fact");
	assert_string_equal(json_text_at(notes, "0.name"), "identity");
	assert_string_equal(json_text_at(notes, "0.value"), "file-1");
	json_decref(notes);
}

static void a_pause_waits_until_nothing_is_coming(void **state)
{
	struct house *h = *state;
	struct peer p;

	h->coming = 1;
	log_in(h);
	p = peer_connect(h->port);
	peer_say(h->loop, &p,
		"POST /serve/acme/desk HTTP/1.1\r\nHost: mlc\r\nContent-Length: 10\r\n\r\nask file-1");
	for (int i = 0; i < 20; i++)
		turn_idle(h->loop);
	assert_true(peer_is_silent(h->loop, &p));
	house_write(h, h->desk, 61, "W61", "{}");
	h->coming = 0;
	jump(h->loop, 100);
	assert_non_null(strstr(peer_hear_message(h->loop, &p), "W61"));
	peer_close(&p);
}

static void a_pause_ends_within_five_seconds_and_says_that_more_is_coming(void **state)
{
	struct house *h = *state;
	struct peer p;

	h->coming = 1;
	log_in(h);
	p = peer_connect(h->port);
	peer_say(h->loop, &p,
		"POST /serve/acme/desk HTTP/1.1\r\nHost: mlc\r\nContent-Length: 10\r\n\r\nask file-1");
	for (int i = 0; i < 20; i++)
		turn_idle(h->loop);
	jump(h->loop, 4500);
	jump(h->loop, 100);
	assert_non_null(strstr(peer_hear_message(h->loop, &p), "wait"));
	peer_close(&p);
}

static void a_connector_that_pauses_for_ever_is_stopped(void **state)
{
	struct house *h = *state;

	house_serve(h, "pause", &heard);
	assert_int_equal(heard.status, 500);
	serve(h, "hello sesame", "none");
}

static void breaches_of_the_contract_let_nothing_out(void **state)
{
	struct house *h = *state;
	static const char *const how[] = { "misbehave steal", "misbehave twice" };

	house_write(h, h->desk, 71, "W71", "{}");
	turn_idle(h->loop);
	log_in(h);
	for (size_t i = 0; i < 2; i++) {
		house_serve(h, how[i], &heard);
		assert_int_equal(heard.status, 500);
		assert_null(strstr(heard.body, "must not leave"));
		assert_false(house_open_set(h, NULL, 0, NULL));
	}
	serve(h, "ask file-1", "set MW71\nW71 {}\n");
	house_write(h, h->desk, 72, "W72", "{}");
	turn_idle(h->loop);
	house_serve(h, "misbehave open", &heard); /* a second marked set */
	assert_int_equal(heard.status, 500);
	assert_non_null(strstr(heard.body, "while the one before is open"));
}

static void a_stranger_cannot_open_take_or_answer(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 73, "W73", "{}");
	turn_idle(h->loop);
	serve(h, "hello wrong", "nvu");
	serve(h, "ask file-1", "who are you");
	assert_int_equal(house_count(h, "visit_opens"), 0);
	house_serve(h, "misbehave steal", &heard);
	assert_int_equal(heard.status, 500);
	assert_int_equal(house_count(h, "mark"), 0);
}

static void a_reload_with_a_visit_open_ends_what_was_taken_under_the_old(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 81, "W81", "{}");
	turn_idle(h->loop);
	log_in(h);
	serve(h, "ask file-1", "set MW81\nW81 {}\n");
	house_write(h, h->desk, 82, "W82", "{}");
	turn_idle(h->loop);
	json_put_int(json_object_get(h->settings, "desk"), "every_minutes", 5);
	house_apply(h);
	serve(h, "gave ok T81", "done"); /* W82 is for the next visit */
	assert_string_equal(json_text_at(house_done(h, 0), "writes.0.id"), "T81");
	serve(h, "ask file-1", "nothing");
	serve(h, "bye", "bye");
	log_in(h);
	serve(h, "ask file-1", "set MW82\nW82 {}\n");
	serve(h, "gave ok T82", "done");
	assert_int_equal(house_count(h, "settle"), 2);
}

static void renew(void *arg)
{
	house_renew(arg);
}

/* Once: right after the step that is made ready now, while what it tells is on its way to the disk. */
static void renew_soon(struct house *h)
{
	h->on_coming = NULL;
	loop_post(h->loop, renew, h);
}

static void a_reload_between_a_step_and_its_taking_leaves_alone_what_was_shown(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 84, "W84", "{}");
	turn_idle(h->loop);
	log_in(h);
	json_put_int(json_object_get(h->settings, "desk"), "every_minutes", 5);
	h->on_coming = renew_soon;
	serve(h, "ask file-1", "set MW84\nW84 {}\n"); /* a fact is new: it is stored first */
	assert_null(h->on_coming);
	serve(h, "gave ok T84", "done");
	assert_string_equal(json_text_at(house_done(h, 0), "writes.0.id"), "T84");
}

static void a_visit_that_a_reload_has_overtaken_does_not_block_the_next(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 83, "W83", "{}");
	turn_idle(h->loop);
	log_in(h);
	json_put_int(json_object_get(h->settings, "desk"), "every_minutes", 5);
	house_apply(h);
	jump(h->loop, 2 * WHEN_MINUTE_MS); /* it never came back */
	log_in(h);
	serve(h, "ask file-1", "set MW83\nW83 {}\n");
}

static void auth_holds_the_connection(void **state)
{
	struct house *h = *state;
	const char *cause = NULL;

	house_serve(h, "auth", &heard);
	assert_int_equal(heard.status, 500);
	assert_non_null(connection_held(h->desk, &cause, NULL));
	assert_string_equal(cause, "auth");
}

static void held_for(const struct house *h, const char *want)
{
	const char *cause = NULL;

	connection_held(h->desk, &cause, NULL);
	assert_string_equal(cause ? cause : "nothing", want);
}

/* A log-in that works says nothing of what is in the books. */
static void doubts_about_the_books_end_by_a_person_only(void **state)
{
	struct house *h = *state;

	connection_hold(h->desk, "auth", "the password is another", 0);
	connection_works(h->desk);
	held_for(h, "nothing");
	connection_hold(h->desk, "went_back", "restored from a backup", 0);
	connection_hold(h->desk, "auth", "the password is another", 0);
	connection_hold(h->desk, "identity", "another company", 0);
	connection_works(h->desk);
	held_for(h, "went_back");
	connection_resume(h->desk);
	held_for(h, "nothing");
}

static void a_transcript_of_each_visit_is_in_the_audit_trail(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 95, "W95", "{}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	serve(h, "gave ok T95", "done");
	serve(h, "bye", "bye");
	json_t *rows = house_audit(h, "visit");
	assert_int_equal(json_array_size(rows), 1);
	assert_non_null(strstr(json_text_at(rows, "0.payload"), "set MW95"));
	json_decref(rows);
	rows = house_audit(h, "exchange");
	assert_non_null(strstr(json_text_at(rows, "0.payload"), "ok T95"));
	json_decref(rows);
	json_t *status = connection_status(h->desk);
	assert_true(json_int_or(status, "last_visit_ms", 0) > 0);
	json_decref(status);
}

static char *invited;

static void on_invited(void *arg, const char *text, const struct err *e)
{
	(void)arg;
	assert_null(e);
	free(invited);
	invited = xstrdup(text);
}

static bool is_invited(void *arg)
{
	(void)arg;
	return invited != NULL;
}

static void what_is_agreed_in_an_invitation_is_kept_for_ever(void **state)
{
	struct house *h = *state;
	char *first;

	h->public_url = "https://mlc.example";
	connection_invite(h->desk, on_invited, NULL);
	turn_until(h->loop, is_invited, NULL);
	assert_non_null(strstr(invited, "https://mlc.example/serve/acme/desk"));
	first = invited;
	invited = NULL;
	house_restart(h);
	connection_invite(h->desk, on_invited, NULL);
	turn_until(h->loop, is_invited, NULL);
	assert_string_equal(invited, first);
	free(first);
	free(invited);
	invited = NULL;
}

static void a_ping_of_a_peer_that_calls_us_says_what_it_told_last(void **state)
{
	struct house *h = *state;

	house_write(h, h->desk, 96, "W96", "{}");
	turn_idle(h->loop);
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	const json_t *done = house_call(h, h->desk, &(struct order){ .op = OP_PING });
	assert_false(json_true_at(done, "failed"));
	assert_string_equal(json_text_at(done, "facts.identity"), "file-1");
}

static void an_answer_of_half_a_megabyte_is_read_on_another_thread(void **state)
{
	struct house *h = *state;
	struct buf body;

	order_poll(h, "invoices");
	log_in(h);
	house_serve(h, "ask file-1", &heard);
	buf_init(&body, 1u << 20);
	buf_puts(&body, "gave {\"list\":[");
	for (int i = 0; i < 30000; i++)
		buf_printf(&body, "%s\"I%08d\"", i ? "," : "", i);
	buf_puts(&body, "],\"next\":\"1\"}");
	assert_true(body.len > 300000);
	serve(h, body.data, "done");
	assert_int_equal(json_array_size(json_at(house_said(h, "emit", 0), "records")), 30000);
	buf_finish(&body);
}

static void requests_of_one_peer_are_served_one_at_a_time_in_order(void **state)
{
	struct house *h = *state;
	struct peer first, second;

	h->coming = 1;
	log_in(h);
	first = peer_connect(h->port);
	second = peer_connect(h->port);
	peer_say(h->loop, &first,
		"POST /serve/acme/desk HTTP/1.1\r\nHost: mlc\r\nContent-Length: 10\r\n\r\nask file-1");
	turn_idle(h->loop);
	peer_say(h->loop, &second,
		"POST /serve/acme/desk HTTP/1.1\r\nHost: mlc\r\nContent-Length: 3\r\n\r\nbye");
	for (int i = 0; i < 20; i++)
		turn_idle(h->loop);
	assert_true(peer_is_silent(h->loop, &second));
	h->coming = 0;
	jump(h->loop, 100);
	peer_hear_message(h->loop, &first);
	assert_non_null(strstr(peer_hear_message(h->loop, &second), "bye"));
	peer_close(&first);
	peer_close(&second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_peer_without_work_is_sent_home),
		T(a_call_waits_for_the_visit_and_counts_as_coming),
		T(a_poll_of_many_pages_goes_on_within_the_visit_and_commits_each),
		T(writes_leave_in_a_stored_set_and_end_with_it_in_one_transaction),
		T(reads_and_writes_leave_apart),
		T(a_set_whose_reply_never_came_is_given_again_byte_for_byte),
		T(an_open_set_survives_kill_and_restart),
		T(a_restart_between_two_givings_keeps_count),
		T(what_is_lost_after_a_restart_is_in_doubt),
		T(a_set_refused_whole_is_parked_again_one_by_one),
		T(a_set_refused_whole_after_a_restart_goes_out_alone_and_settles),
		T(what_the_answer_says_nothing_of_nobody_can_tell),
		T(reads_that_the_answer_says_nothing_of_are_parked_again),
		T(a_lost_read_is_parked_again),
		T(a_read_taken_in_a_visit_that_broke_off_goes_with_the_next),
		T(a_request_of_this_visit_only_starts_its_call_afresh),
		T(a_visit_silent_for_half_an_hour_is_over),
		T(another_company_gets_nothing),
		T(the_right_company_frees_it_again),
		T(a_person_may_say_that_the_other_company_is_right),
		T(at_the_first_visit_the_settings_say_which_company_it_must_be),
		T(facts_are_on_disk_before_the_answer_that_rests_on_them),
		T(a_pause_waits_until_nothing_is_coming),
		T(a_pause_ends_within_five_seconds_and_says_that_more_is_coming),
		T(a_connector_that_pauses_for_ever_is_stopped),
		T(breaches_of_the_contract_let_nothing_out),
		T(a_stranger_cannot_open_take_or_answer),
		T(a_reload_with_a_visit_open_ends_what_was_taken_under_the_old),
		T(a_reload_between_a_step_and_its_taking_leaves_alone_what_was_shown),
		T(a_visit_that_a_reload_has_overtaken_does_not_block_the_next),
		T(auth_holds_the_connection),
		T(doubts_about_the_books_end_by_a_person_only),
		T(a_transcript_of_each_visit_is_in_the_audit_trail),
		T(what_is_agreed_in_an_invitation_is_kept_for_ever),
		T(a_ping_of_a_peer_that_calls_us_says_what_it_told_last),
		T(an_answer_of_half_a_megabyte_is_read_on_another_thread),
		T(requests_of_one_peer_are_served_one_at_a_time_in_order),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
