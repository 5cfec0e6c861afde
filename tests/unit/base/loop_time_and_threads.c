/* loop_time_and_threads.c - deadlines in order, the way home from threads, one clock. */
#include "check.h"

#include "base/loop.h"
#include "base/when.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct loop *loop;

static int set_up(void **state)
{
	(void)state;
	loop = loop_create(NULL);
	return !loop;
}

static int tear_down(void **state)
{
	(void)state;
	loop_destroy(loop);
	return 0;
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

/* Until everything that is due now, or was posted, has run. */
static void run_due(void)
{
	struct timer end = { 0 };

	timer_set(loop, &end, loop_now_ms(loop), stop, NULL);
	loop_run(loop);
	timer_clear(loop, &end);
}

struct mark {
	struct timer timer;
	int64_t at_ms;
};

static int64_t rang[200];
static size_t rang_count;

static void ring(void *arg)
{
	struct mark *m = arg;

	rang[rang_count++] = m->at_ms;
}

static void the_clock_starts_at_real_utc_and_never_goes_back(void **state)
{
	int64_t real = (int64_t)time(NULL) * 1000, before = loop_clock_ms();

	(void)state;
	assert_true(before > real - 5000 && before < real + 5000);
	assert_true(loop_now_ms(loop) <= loop_clock_ms());
	loop_advance(loop, WHEN_DAY_MS);
	assert_true(loop_clock_ms() >= before + WHEN_DAY_MS);
	assert_true(loop_clock_ms() < before + WHEN_DAY_MS + 60000);
	assert_true(loop_now_ms(loop) >= before + WHEN_DAY_MS - 100);
}

static void timers_ring_in_the_order_of_their_deadlines(void **state)
{
	struct mark marks[100];
	int64_t now = loop_now_ms(loop);
	unsigned seed = 1;

	(void)state;
	memset(marks, 0, sizeof marks);
	rang_count = 0;
	for (size_t i = 0; i < 100; i++) {
		seed = seed * 1103515245 + 12345;
		marks[i].at_ms = now + 60000 + seed / 65536 % 1000;
		timer_set(loop, &marks[i].timer, marks[i].at_ms, ring, &marks[i]);
	}
	/* Every third is cleared, every fourth moved. */
	for (size_t i = 0; i < 100; i += 3)
		timer_clear(loop, &marks[i].timer);
	for (size_t i = 0; i < 100; i += 4) {
		marks[i].at_ms = now + 60500;
		timer_set(loop, &marks[i].timer, marks[i].at_ms, ring, &marks[i]);
	}
	run_due();
	assert_int_equal(rang_count, 0);
	loop_advance(loop, 120000);
	run_due();
	assert_int_equal(rang_count, 66 + 9); /* 34 cleared; of them 9 were set again */
	for (size_t i = 1; i < rang_count; i++)
		assert_true(rang[i - 1] <= rang[i]);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(marks[i].timer.at_ms, 0);
}

static struct timer eager;
static int eager_count;

static void again(void *arg)
{
	eager_count++;
	timer_set(loop, &eager, loop_now_ms(loop) - 1, again, arg);
}

static void a_timer_that_sets_itself_anew_does_not_keep_the_loop(void **state)
{
	(void)state;
	timer_set(loop, &eager, 1, again, NULL);
	run_due();
	assert_in_range(eager_count, 1, 3);
	timer_clear(loop, &eager);
}

static int heard[4000];
static size_t heard_count;

static void hear(void *arg)
{
	heard[heard_count++] = (int)(intptr_t)arg;
	if (heard_count == 4000)
		loop_stop(loop);
}

static void *shout(void *arg)
{
	for (int i = 0; i < 1000; i++)
		loop_post(loop, hear, (void *)((intptr_t)arg * 1000 + i));
	return NULL;
}

static void posts_of_each_thread_run_once_and_in_order(void **state)
{
	pthread_t threads[4];
	int next[4] = { 0 };

	(void)state;
	for (intptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, shout, (void *)i);
	loop_run(loop);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(heard_count, 4000);
	for (size_t i = 0; i < heard_count; i++)
		assert_int_equal(heard[i] % 1000, next[heard[i] / 1000]++);
}

struct sum {
	pthread_t worker, home;
	int value;
	bool stops;
};

static void add(void *arg)
{
	struct sum *s = arg;

	s->worker = pthread_self();
	s->value = 6 * 7;
}

static void added(void *arg)
{
	struct sum *s = arg;

	s->home = pthread_self();
	if (s->stops)
		loop_stop(loop);
}

static void work_is_done_elsewhere_and_ends_at_home(void **state)
{
	struct sum s = { .stops = true };

	(void)state;
	loop_work(loop, add, added, &s);
	loop_run(loop);
	assert_int_equal(s.value, 42);
	assert_true(pthread_equal(s.home, pthread_self()));
	assert_false(pthread_equal(s.worker, pthread_self()));
}

static void work_that_was_begun_ends_before_the_loop_does(void **state)
{
	struct sum s = { .value = 0 };
	struct loop *other = loop_create(NULL);

	(void)state;
	loop_work(other, add, added, &s);
	loop_destroy(other);
	assert_int_equal(s.value, 42);
	assert_true(pthread_equal(s.home, pthread_self()));
}

static void a_signal_is_told_on_the_loop_and_a_broken_pipe_is_none(void **state)
{
	(void)state;
	loop_on_signal(loop, SIGHUP, stop, NULL);
	raise(SIGPIPE);
	raise(SIGHUP);
	/* Nothing else keeps or ends this run. */
	loop_run(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_clock_starts_at_real_utc_and_never_goes_back, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(timers_ring_in_the_order_of_their_deadlines, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_timer_that_sets_itself_anew_does_not_keep_the_loop,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(posts_of_each_thread_run_once_and_in_order, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(work_is_done_elsewhere_and_ends_at_home, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(work_that_was_begun_ends_before_the_loop_does, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_signal_is_told_on_the_loop_and_a_broken_pipe_is_none,
			set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
