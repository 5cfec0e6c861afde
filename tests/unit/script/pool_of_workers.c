/* The pool over real worker processes: answers come in order to those who asked, a worker that dies or
 * hangs costs one request, and a worker can touch nothing. */
#include "base/json.h"
#include "base/loop.h"
#include "script/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct answer {
	enum cage_outcome outcome; /* 0: none yet */
	json_t *json;
	char why[160];
	unsigned place; /* among the answers, from 1 */
};

struct world {
	struct loop *loop;
	struct pool *pool;
	unsigned answered, wanted;
	struct answer answers[64];
};

struct slot { /* arg of one ask */
	struct world *world;
	unsigned i;
};

static struct slot slots[64];

static void on_answer(void *arg, const struct cage_reply *reply)
{
	struct slot *s = arg;
	struct world *w = s->world;
	struct answer *a = &w->answers[s->i];

	assert_int_equal(a->outcome, 0);
	a->outcome = reply->outcome;
	a->place = ++w->answered;
	if (reply->outcome == CAGE_ANSWERED) {
		assert_int_equal(reply->part_count, 1);
		assert_int_equal(strlen(reply->parts[0].bytes), reply->parts[0].len);
		a->json = json_read(reply->parts[0].bytes, reply->parts[0].len, NULL);
		assert_non_null(a->json);
	} else {
		snprintf(a->why, sizeof a->why, "%s", reply->why);
	}
	if (w->answered == w->wanted)
		loop_stop(w->loop);
}

static void wait_for(struct world *w, unsigned answers)
{
	w->wanted = answers;
	if (w->answered < answers)
		loop_run(w->loop);
}

static struct slot *slot(struct world *w, unsigned i)
{
	slots[i] = (struct slot) { w, i };
	return &slots[i];
}

static void load(struct world *w, unsigned i, const char *text)
{
	pool_load(w->pool, 1, text, strlen(text), on_answer, slot(w, i));
}

static void map(struct world *w, unsigned i, const char *what, const char *record)
{
	char header[128];
	struct cage_part parts[2] = { { header, 0 }, { record, strlen(record) } };

	parts[0].len = (size_t)snprintf(header, sizeof header, "{\"generation\":1,\"do\":\"%s\"}", what);
	pool_ask(w->pool, CAGE_MAP, 1, parts, 2, on_answer, slot(w, i));
}

static void begin_with(struct world *w, unsigned workers)
{
	struct err e = { 0 };

	*w = (struct world) { .answered = 0 };
	w->loop = loop_create(&e);
	w->pool = pool_create(w->loop, &(struct pool_conf) { getenv("WORKER"), workers }, &e);
	assert_string_equal(e.text, "");
	assert_non_null(w->pool);
	load(w, 0, "{\"generation\":1}");
	wait_for(w, 1);
	assert_int_equal(json_int_or(w->answers[0].json, "loaded", 0), 1);
}

static void finish(struct world *w)
{
	pool_destroy(w->pool);
	loop_destroy(w->loop);
	for (size_t i = 0; i < 64; i++)
		json_decref(w->answers[i].json);
}

static void every_record_is_answered_to_him_who_asked(void **state)
{
	struct world w;
	char record[16];

	(void)state;
	begin_with(&w, 3);
	for (unsigned i = 1; i < 64; i++) {
		snprintf(record, sizeof record, "record %u", i);
		map(&w, i, "echo", record);
	}
	assert_true(pool_waiting(w.pool) > 0);
	assert_int_equal(pool_free(w.pool), 0);
	wait_for(&w, 64);
	for (unsigned i = 1; i < 64; i++) {
		snprintf(record, sizeof record, "record %u", i);
		assert_string_equal(json_text_or(w.answers[i].json, "got", ""), record);
		assert_string_equal(json_text_or(w.answers[i].json, "kept.kept", ""), "since it was loaded");
	}
	assert_int_equal(pool_waiting(w.pool), 0);
	finish(&w);
}

/* What the flow asks before it takes more records in hand. */
static void room_and_queue_are_counted(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 1);
	assert_int_equal(pool_free(w.pool), 2);
	map(&w, 1, "echo", "x");
	assert_int_equal(pool_free(w.pool), 1);
	map(&w, 2, "echo", "x");
	map(&w, 3, "echo", "x");
	assert_int_equal(pool_free(w.pool), 0);
	assert_int_equal(pool_waiting(w.pool), 1);
	wait_for(&w, 4);
	assert_int_equal(pool_free(w.pool), 2);
	assert_int_equal(pool_waiting(w.pool), 0);
	finish(&w);
}

static void one_worker_answers_in_the_order_of_asking(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 1);
	for (unsigned i = 1; i < 20; i++)
		map(&w, i, "echo", "x");
	wait_for(&w, 20);
	for (unsigned i = 1; i < 20; i++)
		assert_int_equal(w.answers[i].place, i + 1);
	finish(&w);
}

/* The first record kills; the second was in the worker already, the third waited. */
static void a_record_that_kills_its_worker_costs_only_itself(void **state)
{
	static const char *const deaths[] = { "abort", "babble", "hang up" };
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
		begin_with(&w, 1);
		map(&w, 1, deaths[i], "x");
		map(&w, 2, "echo", "two");
		map(&w, 3, "echo", "three");
		wait_for(&w, 4);
		assert_int_equal(w.answers[1].outcome, CAGE_DIED);
		assert_true(w.answers[1].why[0] != 0);
		assert_string_equal(json_text_or(w.answers[2].json, "got", ""), "two");
		assert_string_equal(json_text_or(w.answers[3].json, "got", ""), "three");
		assert_true(w.answers[2].place < w.answers[3].place);
		finish(&w);
	}
}

static void advance(void *arg)
{
	struct world *w = arg;

	loop_advance(w->loop, 2001);
}

static void a_record_that_takes_too_long_is_stopped_at_its_deadline(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 1);
	map(&w, 1, "spin", "x");
	map(&w, 2, "echo", "two");
	loop_post(w.loop, advance, &w);
	wait_for(&w, 3);
	assert_int_equal(w.answers[1].outcome, CAGE_TIMEOUT);
	assert_string_equal(w.answers[1].why, "MAP took longer than 2 s");
	assert_string_equal(json_text_or(w.answers[2].json, "got", ""), "two");
	finish(&w);
}

/* mlc.lua's workers: fewer than cores, or more. */
static void as_many_work_as_are_wanted_and_nothing_is_lost_by_it(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 3);
	assert_int_equal(pool_workers(w.pool), 3);
	for (unsigned i = 1; i <= 12; i++)
		map(&w, i, "echo", "x");
	pool_use(w.pool, 1);
	assert_int_equal(pool_workers(w.pool), 1);
	wait_for(&w, 13);
	for (unsigned i = 1; i <= 12; i++)
		assert_int_equal(w.answers[i].outcome, CAGE_ANSWERED);
	pool_use(w.pool, 4);
	for (unsigned i = 13; i <= 24; i++)
		map(&w, i, "echo", "x");
	wait_for(&w, 25);
	for (unsigned i = 13; i <= 24; i++)
		assert_int_equal(json_int_or(w.answers[i].json, "generation", 0), 1);
	finish(&w);
}

static void a_new_worker_has_what_the_old_one_had_loaded(void **state)
{
	struct world w;
	json_int_t first;

	(void)state;
	begin_with(&w, 1);
	map(&w, 1, "echo", "x");
	map(&w, 2, "abort", "x");
	map(&w, 3, "echo", "x");
	wait_for(&w, 4);
	first = json_int_or(w.answers[1].json, "pid", 0);
	assert_int_not_equal(json_int_or(w.answers[3].json, "pid", 0), first);
	assert_int_equal(json_int_or(w.answers[3].json, "generation", 0), 1);
	finish(&w);
}

static void mappings_that_kill_their_worker_are_told_once_and_not_loaded_again(void **state)
{
	static const char bad[] = "{\"generation\":2,\"do\":\"abort\"}";
	struct world w;

	(void)state;
	begin_with(&w, 2);
	pool_load(w.pool, 2, bad, sizeof bad - 1, on_answer, slot(&w, 1));
	map(&w, 2, "echo", "x");
	map(&w, 3, "echo", "x");
	wait_for(&w, 4);
	assert_int_equal(w.answers[1].outcome, CAGE_DIED);
	assert_int_equal(w.answers[2].outcome, CAGE_ANSWERED);
	assert_int_equal(w.answers[3].outcome, CAGE_ANSWERED);
	finish(&w);
}

static void forgotten_mappings_map_nothing(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 1);
	pool_forget(w.pool, 1);
	map(&w, 1, "echo", "x");
	assert_int_equal(w.answers[1].outcome, 0); /* never from within the call */
	wait_for(&w, 2);
	assert_int_equal(w.answers[1].outcome, CAGE_DIED);
	assert_non_null(strstr(w.answers[1].why, "not loaded"));
	finish(&w);
}

static void what_was_asked_ends_when_the_pool_does(void **state)
{
	struct world w;

	(void)state;
	begin_with(&w, 1);
	for (unsigned i = 1; i < 6; i++)
		map(&w, i, "spin", "x");
	w.wanted = 64;
	pool_destroy(w.pool);
	for (unsigned i = 1; i < 6; i++)
		assert_int_equal(w.answers[i].outcome, CAGE_DIED);
	w.pool = NULL;
	finish(&w);
}

static void a_program_that_does_not_start_is_said_at_once(void **state)
{
	struct err e = { 0 };
	struct loop *loop = loop_create(&e);

	(void)state;
	assert_null(pool_create(loop, &(struct pool_conf) { "/nonexistent/mlc", 2 }, &e));
	assert_non_null(strstr(e.text, "/nonexistent/mlc"));
	loop_destroy(loop);
}

/* A program that is no worker: it ends at once with status 1. */
static void workers_that_die_at_their_start_leave_nobody_waiting(void **state)
{
	struct err e = { 0 };
	struct world w = { .answered = 0 };

	(void)state;
	w.loop = loop_create(&e);
	w.pool = pool_create(w.loop, &(struct pool_conf) { "/bin/false", 2 }, &e);
	assert_non_null(w.pool);
	load(&w, 0, "{}");
	map(&w, 1, "echo", "x");
	wait_for(&w, 2);
	assert_int_equal(w.answers[0].outcome, CAGE_DIED);
	assert_int_equal(w.answers[1].outcome, CAGE_DIED);
	finish(&w);
}

#if !defined(__SANITIZE_ADDRESS__) /* such builds have no wall: see wall.c */
static void a_worker_can_touch_nothing(void **state)
{
	static const char *const fatal[] = { "socket", "fork", "exec", "kill", "executable memory" };
	struct world w;

	(void)state;
	begin_with(&w, 1);
	for (unsigned i = 0; i < 5; i++)
		map(&w, 1 + i, fatal[i], "x");
	map(&w, 6, "open", "x");
	map(&w, 7, "descriptors", "x");
	map(&w, 8, "eat", "x");
	wait_for(&w, 9);
	for (unsigned i = 1; i < 6; i++) {
		assert_int_equal(w.answers[i].outcome, CAGE_DIED);
		assert_non_null(strstr(w.answers[i].why, "signal 31")); /* SIGSYS */
	}
	assert_string_equal(json_text_or(w.answers[6].json, "got", ""), "Operation not permitted");
	assert_int_equal(json_int_or(w.answers[7].json, "got", 0), 3);
	assert_true(json_int_or(w.answers[8].json, "got", 4096) <= 1024);
	finish(&w);
}
#endif

static void a_request_over_the_ceiling_is_refused_before_it_is_sent(void **state)
{
	struct world w;
	struct cage_part parts[2] = { { "{\"generation\":1}", 16 }, { NULL, FRAME_MAX } };
	char *big = calloc(1, FRAME_MAX);

	(void)state;
	begin_with(&w, 1);
	parts[1].bytes = big;
	pool_ask(w.pool, CAGE_MAP, 1, parts, 2, on_answer, slot(&w, 1));
	wait_for(&w, 2);
	assert_int_equal(w.answers[1].outcome, CAGE_DIED);
	assert_non_null(strstr(w.answers[1].why, "longer than a frame"));
	free(big);
	finish(&w);
}

static void tests_and_configuration_reach_a_worker(void **state)
{
	struct world w;
	struct cage_part test = { "{\"generation\":1,\"mapping\":\"m\"}", 30 };
	struct cage_part read[3] = { { "mlc", 3 }, { "mlc.lua", 7 }, { "return {}", 9 } };

	(void)state;
	begin_with(&w, 1);
	pool_ask(w.pool, CAGE_TEST, 1, &test, 1, on_answer, slot(&w, 1));
	pool_ask(w.pool, CAGE_READ, 0, read, 3, on_answer, slot(&w, 2));
	pool_ask(w.pool, CAGE_READ, 0, read, 2, on_answer, slot(&w, 3));
	wait_for(&w, 4);
	assert_string_equal(json_text_or(w.answers[1].json, "results.0.mapping", ""), "m");
	assert_true(json_is_object(json_at(w.answers[2].json, "value")));
	assert_non_null(json_text_at(w.answers[3].json, "errors.0.text"));
	finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_record_is_answered_to_him_who_asked),
		cmocka_unit_test(room_and_queue_are_counted),
		cmocka_unit_test(one_worker_answers_in_the_order_of_asking),
		cmocka_unit_test(a_record_that_kills_its_worker_costs_only_itself),
		cmocka_unit_test(a_record_that_takes_too_long_is_stopped_at_its_deadline),
		cmocka_unit_test(as_many_work_as_are_wanted_and_nothing_is_lost_by_it),
		cmocka_unit_test(a_new_worker_has_what_the_old_one_had_loaded),
		cmocka_unit_test(mappings_that_kill_their_worker_are_told_once_and_not_loaded_again),
		cmocka_unit_test(forgotten_mappings_map_nothing),
		cmocka_unit_test(what_was_asked_ends_when_the_pool_does),
		cmocka_unit_test(a_program_that_does_not_start_is_said_at_once),
		cmocka_unit_test(workers_that_die_at_their_start_leave_nobody_waiting),
#if !defined(__SANITIZE_ADDRESS__)
		cmocka_unit_test(a_worker_can_touch_nothing),
#endif
		cmocka_unit_test(a_request_over_the_ceiling_is_refused_before_it_is_sent),
		cmocka_unit_test(tests_and_configuration_reach_a_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
