/* server_deadlines.c - a peer that is slow or silent is closed in time.  The clock is the loop's. */
#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct echo echo;

static int start(void **state)
{
	(void)state;
	echo_start(&echo, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	echo_stop(&echo);
	return 0;
}

#define GET "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

static bool is_open(struct peer *p)
{
	return peer_is_silent(echo.loop, p);
}

static void a_connection_that_says_nothing_is_closed_after_10_s(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	turn_idle(echo.loop);
	jump(echo.loop, 9900);
	assert_true(is_open(&p));
	jump(echo.loop, 200);
	peer_hear_end(echo.loop, &p);
	assert_int_equal(p.got.len, 0);
	assert_int_equal(echo_counts(&echo).timed_out, 1);
	peer_close(&p);
}

/* Slow loris: a byte now and then does not move the deadline. */
static void a_head_that_drips_gets_408_after_10_s(void **state)
{
	static const char head[] = "GET /a HTTP/1.1\r\nHost: h\r\nX: yyyyyyyyyyyyyyy";
	struct peer p = peer_connect(echo.port);
	int seconds = 0;

	(void)state;
	turn_idle(echo.loop);
	for (; seconds < 30 && is_open(&p); seconds++) {
		peer_send(echo.loop, &p, head + seconds, 1);
		jump(echo.loop, 1000);
	}
	assert_int_equal(seconds, 10);
	peer_hear_end(echo.loop, &p);
	assert_non_null(strstr(p.got.data, "HTTP/1.1 408 "));
	assert_int_equal(echo_counts(&echo).timed_out, 1);
	peer_close(&p);
}

static void a_kept_connection_may_idle_for_60_s(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	for (int i = 0; i < 3; i++) {
		peer_say(echo.loop, &p, GET);
		peer_hear_message(echo.loop, &p);
		jump(echo.loop, 59000);
	}
	jump(echo.loop, 1100);
	peer_hear_end(echo.loop, &p);
	assert_int_equal(p.got.len, 0);
	assert_int_equal(echo_counts(&echo).timed_out, 0); /* idling is no fault */
	peer_close(&p);
}

/* From its first byte on, the head of a later request has 10 s like the first one's. */
static void a_later_head_that_drips_gets_408_too(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, GET);
	peer_hear_message(echo.loop, &p);
	jump(echo.loop, 30000);
	peer_say(echo.loop, &p, "G");
	turn_idle(echo.loop);
	jump(echo.loop, 9900);
	assert_true(is_open(&p));
	jump(echo.loop, 200);
	peer_hear_end(echo.loop, &p);
	assert_non_null(strstr(p.got.data, "HTTP/1.1 408 "));
	peer_close(&p);
}

static void a_body_that_stops_gets_408_after_5_s(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome");
	turn_idle(echo.loop);
	jump(echo.loop, 4900);
	assert_true(is_open(&p));
	jump(echo.loop, 200);
	peer_hear_end(echo.loop, &p);
	assert_non_null(strstr(p.got.data, "HTTP/1.1 408 "));
	assert_int_equal(echo.requests, 0);
	peer_close(&p);
}

static int seconds_until_closed(struct peer *p, size_t each_second)
{
	char *bytes = xcalloc(1, each_second);
	int seconds = 0;

	memset(bytes, 'x', each_second);
	for (; seconds < 100 && is_open(p); seconds++) {
		peer_send(echo.loop, p, bytes, each_second);
		jump(echo.loop, 1000);
	}
	free(bytes);
	return seconds;
}

static void a_body_at_half_a_kilobyte_a_second_is_too_slow(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
	turn_idle(echo.loop);
	assert_int_equal(seconds_until_closed(&p, 512), 5);
	peer_close(&p);
}

static void a_body_that_was_quick_may_then_rest_a_while(void **state)
{
	struct peer p = peer_connect(echo.port);
	char bytes[20 * 1024] = "";

	(void)state;
	peer_say(echo.loop, &p, "POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
	peer_send(echo.loop, &p, bytes, sizeof bytes);
	turn_idle(echo.loop);
	jump(echo.loop, 19000);
	assert_true(is_open(&p));
	jump(echo.loop, 1100);
	assert_false(is_open(&p));
	peer_close(&p);
}

/* The Web Connector brings megabytes, over whatever line the office has. */
static void a_big_body_that_goes_on_coming_may_take_its_time(void **state)
{
	struct peer p = peer_connect(echo.port);
	char *bytes = xcalloc(1, 20 * 1024);

	(void)state;
	peer_say(echo.loop, &p, "POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 1024000\r\n\r\n");
	turn_idle(echo.loop);
	for (int seconds = 0; seconds < 50; seconds++) {
		assert_int_equal(echo.requests, 0);
		assert_true(is_open(&p));
		peer_send(echo.loop, &p, bytes, 20 * 1024);
		jump(echo.loop, 1000);
	}
	turn_idle(echo.loop);
	assert_int_equal(echo.requests, 1);
	free(bytes);
	peer_close(&p);
}

static void no_small_body_takes_longer_than_30_s(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
	turn_idle(echo.loop);
	assert_int_equal(seconds_until_closed(&p, 2048), 30);
	assert_non_null(strstr(p.got.data, "HTTP/1.1 408 "));
	peer_close(&p);
}

/* The application fails us: the peer is told, and a late answer is harmless. */
static void an_answer_that_does_not_come_is_503_after_120_s(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	turn_idle(echo.loop);
	jump(echo.loop, 119000);
	assert_true(is_open(&p));
	jump(echo.loop, 1100);
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 503 "));
	assert_true(inbound_is_gone(echo.kept[0]));
	peer_hear_end(echo.loop, &p);
	peer_close(&p);
	turn_idle(echo.loop);
	assert_int_equal(echo_counts(&echo).open, 0);
	assert_string_equal(inbound_path(echo.kept[0]), "/later");
	inbound_answer(echo.kept[0], 200, "text/plain", "late", 4, NULL);
	assert_int_equal(echo_counts(&echo).timed_out, 1);
}

static void a_late_answer_while_the_503_lingers_is_harmless(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	turn_idle(echo.loop);
	jump(echo.loop, 120100);
	inbound_answer_error(echo.kept[0], 200, "late");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 503 "));
	peer_hear_end(echo.loop, &p);
	assert_int_equal(p.got.len, 0);
	peer_close(&p);
}

static void an_answer_that_is_not_taken_is_given_up_after_30_s(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /huge HTTP/1.1\r\nHost: h\r\n\r\n");
	turn_idle(echo.loop);
	jump(echo.loop, 29900);
	assert_int_equal(echo_counts(&echo).open, 1);
	jump(echo.loop, 200); /* what went since it was queued may earn it one more wait */
	jump(echo.loop, 30100);
	assert_int_equal(echo_counts(&echo).open, 0);
	assert_int_equal(echo_counts(&echo).timed_out, 1);
	peer_close(&p);
}

/* Every 29 s the peer takes what the kernel holds for it. */
static void an_answer_that_is_taken_slowly_goes_out(void **state)
{
	struct peer p = peer_connect(echo.port);
	int rounds = 0;

	(void)state;
	peer_say(echo.loop, &p, "GET /huge HTTP/1.1\r\nHost: h\r\n\r\n");
	for (; rounds < 1000 && p.got.len < 4 << 20 && !p.ended; rounds++) {
		jump(echo.loop, 29000);
		peer_hear_bytes(echo.loop, &p, p.got.len + 1);
	}
	assert_true(p.got.len > 4 << 20);
	assert_true(rounds > 1);
	assert_int_equal(echo_counts(&echo).timed_out, 0);
	peer_close(&p);
}

/* Our last word was said, the peer neither reads it nor closes. */
static void a_peer_that_does_not_close_is_closed_after_2_s(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	turn_idle(echo.loop);
	assert_int_equal(echo_counts(&echo).open, 1);
	jump(echo.loop, 2100);
	assert_int_equal(echo_counts(&echo).open, 0);
	peer_close(&p);
}

static void small_limits_are_heeded(void **state)
{
	static const struct server_limits limits = { .head_ms = 100, .body_ms = 200, .idle_ms = 300, .answer_ms = 400 };
	struct peer p, q, r;

	(void)state;
	echo_stop(&echo);
	echo_start(&echo, &limits);
	p = peer_connect(echo.port);
	q = peer_connect(echo.port);
	r = peer_connect(echo.port);
	peer_say(echo.loop, &q, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
	peer_say(echo.loop, &r, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	turn_idle(echo.loop);
	jump(echo.loop, 110);
	assert_false(is_open(&p));
	assert_true(is_open(&q));
	jump(echo.loop, 110);
	assert_false(is_open(&q));
	assert_true(is_open(&r));
	jump(echo.loop, 210);
	assert_false(is_open(&r));
	inbound_answer(echo.kept[0], 200, NULL, NULL, 0, NULL);
	peer_close(&p);
	peer_close(&q);
	peer_close(&r);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(a_connection_that_says_nothing_is_closed_after_10_s),
		PROMISE(a_head_that_drips_gets_408_after_10_s),
		PROMISE(a_kept_connection_may_idle_for_60_s),
		PROMISE(a_later_head_that_drips_gets_408_too),
		PROMISE(a_body_that_stops_gets_408_after_5_s),
		PROMISE(a_body_at_half_a_kilobyte_a_second_is_too_slow),
		PROMISE(a_body_that_was_quick_may_then_rest_a_while),
		PROMISE(a_big_body_that_goes_on_coming_may_take_its_time),
		PROMISE(no_small_body_takes_longer_than_30_s),
		PROMISE(an_answer_that_does_not_come_is_503_after_120_s),
		PROMISE(a_late_answer_while_the_503_lingers_is_harmless),
		PROMISE(an_answer_that_is_not_taken_is_given_up_after_30_s),
		PROMISE(an_answer_that_is_taken_slowly_goes_out),
		PROMISE(a_peer_that_does_not_close_is_closed_after_2_s),
		PROMISE(small_limits_are_heeded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
