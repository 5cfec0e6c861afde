/* server_answers.c - whole requests get their answers, in order, over connections that are kept. */
#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static bool has_kept(void *count)
{
	return echo.kept_count >= *(int *)count;
}

static void wait_kept(int count)
{
	turn_until(echo.loop, has_kept, &count);
}

static void a_get_is_answered_and_the_connection_kept(void **state)
{
	struct peer p = peer_connect(echo.port);
	const char *answer;

	(void)state;
	for (int i = 0; i < 3; i++) {
		peer_say(echo.loop, &p, "GET /a/b?x=1&y=2 HTTP/1.1\r\nHost: h\r\n\r\n");
		answer = peer_hear_message(echo.loop, &p);
		assert_ptr_equal(strstr(answer, "HTTP/1.1 200 OK\r\nDate: "), answer);
		assert_non_null(strstr(answer, "\r\nContent-Type: text/plain\r\n"));
		assert_non_null(strstr(answer, "\r\nContent-Length: 0\r\n"));
		assert_non_null(strstr(answer, "\r\nConnection: keep-alive\r\n"));
		assert_string_equal(echo.seen, "GET /a/b ?x=1&y=2 - 0 127.0.0.1");
	}
	assert_int_equal(echo_counts(&echo).accepted, 1);
	assert_int_equal(echo_counts(&echo).requests, 3);
	peer_close(&p);
}

static void a_body_comes_back(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type:  a/b \t\r\n"
		"Content-Length: 5\r\n\r\nhello");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\n\r\nhello"));
	assert_string_equal(echo.seen, "POST /echo ? a/b 5 127.0.0.1");
	peer_close(&p);
}

static void a_chunked_body_comes_back_whole(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\n\r\nhello"));
	peer_hear_message(echo.loop, &p);
	assert_string_equal(echo.seen, "GET /next ? - 0 127.0.0.1");
	peer_close(&p);
}

/* Whatever the pieces, the same requests come out: the stream is cut at every single place. */
static void a_stream_may_be_cut_anywhere(void **state)
{
	static const char stream[] =
		"\r\nPOST /one?q HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
		"POST /two HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
		"GET /three HTTP/1.1\r\nHost: h\r\nX:\r\n\r\n";

	(void)state;
	for (size_t cut = 1; cut < sizeof stream - 1; cut++) {
		struct peer p = peer_connect(echo.port);
		int before = echo.requests;

		peer_send(echo.loop, &p, stream, cut);
		turn_idle(echo.loop);
		peer_send(echo.loop, &p, stream + cut, sizeof stream - 1 - cut);
		assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\n\r\nabc"));
		assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\n\r\nde"));
		peer_hear_message(echo.loop, &p);
		assert_string_equal(echo.seen, "GET /three ? - 0 127.0.0.1");
		assert_int_equal(echo.requests, before + 3);
		peer_close(&p);
	}
}

static void one_byte_at_a_time_is_read_too(void **state)
{
	static const char stream[] = "POST /drip HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
	struct peer p = peer_connect(echo.port);

	(void)state;
	for (size_t i = 0; i < sizeof stream - 1; i++) {
		peer_send(echo.loop, &p, stream + i, 1);
		turn_idle(echo.loop);
	}
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\n\r\nab"));
	peer_close(&p);
}

static void a_pipelined_request_waits_for_the_answer_before_it(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /later1 HTTP/1.1\r\nHost: h\r\n\r\nGET /later2 HTTP/1.1\r\nHost: h\r\n\r\n"
		"GET /third HTTP/1.1\r\nHost: h\r\n\r\n");
	wait_kept(1);
	assert_true(peer_is_silent(echo.loop, &p));
	assert_int_equal(echo.kept_count, 1);
	inbound_answer(echo.kept[0], 200, "text/plain", "first", 5, NULL);
	assert_int_equal(echo.requests, 1); /* never from within the answer */
	wait_kept(2);
	assert_string_equal(inbound_path(echo.kept[1]), "/later2");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "first"));
	inbound_answer(echo.kept[1], 200, "text/plain", "second", 6, NULL);
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "second"));
	peer_hear_message(echo.loop, &p);
	assert_string_equal(echo.seen, "GET /third ? - 0 127.0.0.1");
	peer_close(&p);
}

/* While an answer is owed no more than a little is read ahead: the rest stays with the peer. */
static void bytes_ahead_have_a_ceiling(void **state)
{
	struct peer p = peer_connect(echo.port);
	struct buf many;
	size_t sent = 0;

	(void)state;
	buf_init(&many, 64 << 20);
	for (int i = 0; i < 20000; i++)
		buf_puts(&many, "GET /n HTTP/1.1\r\nHost: a-name-of-some-length.example\r\n\r\n");
	peer_say(echo.loop, &p, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	wait_kept(1);
	peer_send(echo.loop, &p, many.data, 300 * 1000);
	turn_idle(echo.loop);
	inbound_answer(echo.kept[0], 200, "text/plain", "x", 1, NULL);
	peer_send(echo.loop, &p, many.data + 300 * 1000, many.len - 300 * 1000);
	peer_hear_message(echo.loop, &p);
	for (; sent < 20000; sent++)
		peer_hear_message(echo.loop, &p);
	assert_int_equal(echo.requests, 20001);
	buf_finish(&many);
	peer_close(&p);
}

static void an_expected_go_ahead_comes_at_once(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	assert_string_equal(peer_hear(echo.loop, &p, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(echo.requests, 0);
	peer_say(echo.loop, &p, "ok");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\n\r\nok"));
	peer_close(&p);
}

static void a_body_that_would_be_refused_gets_no_go_ahead(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 413 "));
	peer_hear_end(echo.loop, &p);
	assert_false(p.reset);
	peer_close(&p);
}

static void a_head_is_answered_like_a_get_without_its_body(void **state)
{
	struct peer p = peer_connect(echo.port);
	const char *head;

	(void)state;
	peer_say(echo.loop, &p, "HEAD /headers HTTP/1.1\r\nHost: h\r\n\r\n");
	head = peer_hear(echo.loop, &p, "\r\n\r\n");
	assert_non_null(strstr(head, "HTTP/1.1 303 See Other\r\n"));
	assert_non_null(strstr(head, "\r\nContent-Length: 2\r\n"));
	assert_true(peer_is_silent(echo.loop, &p));
	peer_close(&p);
}

static void headers_of_an_answer_go_out_unless_they_are_two(void **state)
{
	struct peer p = peer_connect(echo.port);
	const char *answer;

	(void)state;
	peer_say(echo.loop, &p, "GET /headers HTTP/1.1\r\nHost: h\r\n\r\n");
	answer = peer_hear_message(echo.loop, &p);
	assert_non_null(strstr(answer, "\r\nLocation: /next\r\n"));
	assert_null(strstr(answer, "Smuggled"));
	assert_non_null(strstr(answer, "\r\n\r\ngo"));
	peer_close(&p);
}

static void no_content_has_no_length(void **state)
{
	struct peer p = peer_connect(echo.port);
	const char *answer;

	(void)state;
	peer_say(echo.loop, &p, "GET /empty HTTP/1.1\r\nHost: h\r\n\r\n");
	answer = peer_hear(echo.loop, &p, "\r\n\r\n");
	assert_non_null(strstr(answer, "204 No Content"));
	assert_null(strstr(answer, "Content-Length"));
	peer_close(&p);
}

static void an_error_is_json(void **state)
{
	struct peer p = peer_connect(echo.port);
	const char *answer;

	(void)state;
	peer_say(echo.loop, &p, "GET /error HTTP/1.1\r\nHost: h\r\n\r\n");
	answer = peer_hear_message(echo.loop, &p);
	assert_non_null(strstr(answer, "HTTP/1.1 409 Conflict\r\n"));
	assert_non_null(strstr(answer, "\r\n\r\n{\"error\":\"it says \\\"no\\\"\\n\"}"));
	peer_close(&p);
}

static void the_date_is_that_of_the_loop(void **state)
{
	time_t now;
	struct tm tm;
	char expected[64];

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct peer p;

		jump(echo.loop, 86400 * 1000);
		p = peer_connect(echo.port);
		now = (time_t)(loop_now_ms(echo.loop) / 1000);
		assert_non_null(gmtime_r(&now, &tm));
		strftime(expected, sizeof expected, "\r\nDate: %a, %d %b %Y %H:%M:", &tm);
		peer_say(echo.loop, &p, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		assert_non_null(strstr(peer_hear_message(echo.loop, &p), expected));
		peer_close(&p);
	}
}

static void http_1_0_is_closed_unless_it_asks_otherwise(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\nConnection: keep-alive\r\n"));
	peer_say(echo.loop, &p, "GET /b HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\nConnection: close\r\n"));
	peer_hear_end(echo.loop, &p);
	assert_false(p.reset);
	peer_close(&p);
}

static void close_is_heeded_and_what_follows_is_not_read(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
		"GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\nConnection: close\r\n"));
	peer_hear_end(echo.loop, &p);
	assert_int_equal(p.got.len, 0);
	assert_false(p.reset);
	assert_int_equal(echo.requests, 1);
	peer_close(&p);
}

static void a_peer_that_says_no_more_still_gets_its_answer(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	peer_shut(&p);
	wait_kept(1);
	turn_idle(echo.loop);
	assert_true(inbound_is_gone(echo.kept[0]));
	inbound_answer(echo.kept[0], 200, "text/plain", "late", 4, NULL);
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "late"));
	peer_hear_end(echo.loop, &p);
	peer_close(&p);
}

static bool is_gone(void *in)
{
	return inbound_is_gone(in);
}

static void a_peer_that_resets_is_gone_and_the_answer_harmless(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
	wait_kept(1);
	assert_false(inbound_is_gone(echo.kept[0]));
	peer_reset(&p);
	turn_until(echo.loop, is_gone, echo.kept[0]);
	turn_idle(echo.loop);
	assert_string_equal(inbound_path(echo.kept[0]), "/later");
	inbound_answer(echo.kept[0], 200, "text/plain", "x", 1, NULL);
	turn_idle(echo.loop);
	assert_int_equal(echo_counts(&echo).open, 0);
}

static void an_answer_larger_than_the_kernel_takes_arrives_whole(void **state)
{
	struct peer p = peer_connect(echo.port);
	const char *answer, *body;

	(void)state;
	peer_say(echo.loop, &p, "GET /huge HTTP/1.1\r\nHost: h\r\n\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n");
	answer = peer_hear_message(echo.loop, &p);
	body = strstr(answer, "\r\n\r\n") + 4;
	assert_int_equal(strspn(body, "h"), 4 << 20);
	peer_hear_message(echo.loop, &p);
	assert_string_equal(echo.seen, "GET /after ? - 0 127.0.0.1");
	peer_close(&p);
}

static void a_large_body_arrives_whole(void **state)
{
	struct peer p = peer_connect(echo.port);
	size_t len = 5 << 20;
	char *body = xcalloc(1, len + 1), head[128];
	const char *answer;

	(void)state;
	for (size_t i = 0; i < len; i++)
		body[i] = (char)('a' + i % 23);
	snprintf(head, sizeof head, "POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", len);
	peer_say(echo.loop, &p, head);
	peer_send(echo.loop, &p, body, len);
	answer = peer_hear_message(echo.loop, &p);
	assert_string_equal(strstr(answer, "\r\n\r\n") + 4, body);
	free(body);
	peer_close(&p);
}

static void an_address_in_full_is_read_as_its_path(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET http://h.example:80/a?b HTTP/1.1\r\nHost: h.example\r\n\r\n");
	peer_hear_message(echo.loop, &p);
	assert_string_equal(echo.seen, "GET /a ?b - 0 127.0.0.1");
	peer_say(echo.loop, &p, "GET http://h.example?b HTTP/1.1\r\nHost: h.example\r\n\r\n");
	peer_hear_message(echo.loop, &p);
	assert_string_equal(echo.seen, "GET / ?b - 0 127.0.0.1");
	peer_close(&p);
}

static void an_offer_to_upgrade_is_passed_over(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 200 "));
	peer_hear_message(echo.loop, &p);
	assert_string_equal(echo.seen, "GET /b ? - 0 127.0.0.1");
	peer_close(&p);
}

static void closing_lets_owed_answers_out(void **state)
{
	struct peer idle = peer_connect(echo.port), p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &idle, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
	peer_hear_message(echo.loop, &idle);
	peer_say(echo.loop, &p, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	wait_kept(1);
	server_close(echo.server, 5000, echo_closed, &echo);
	peer_hear_end(echo.loop, &idle);
	assert_false(echo.closed);
	inbound_answer(echo.kept[0], 200, "text/plain", "bye", 3, NULL);
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "\r\nConnection: close\r\n"));
	peer_close(&p);
	peer_close(&idle);
}

static bool is_closed(void *arg)
{
	(void)arg;
	return echo.closed;
}

static void an_answer_may_come_after_the_server_is_gone(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
	wait_kept(1);
	server_close(echo.server, 5000, echo_closed, &echo);
	turn_idle(echo.loop);
	assert_false(echo.closed);
	jump(echo.loop, 5001);
	turn_until(echo.loop, is_closed, NULL);
	assert_string_equal(inbound_path(echo.kept[0]), "/later");
	assert_true(inbound_is_gone(echo.kept[0]));
	inbound_answer(echo.kept[0], 200, "text/plain", "x", 1, NULL);
	peer_hear_end(echo.loop, &p);
	peer_close(&p);
}

static void many_connections_do_not_mix(void **state)
{
	struct peer peers[50];
	char text[128];

	(void)state;
	for (int i = 0; i < 50; i++) {
		peers[i] = peer_connect(echo.port);
		snprintf(text, sizeof text, "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n%04d", i);
		peer_say(echo.loop, &peers[i], text);
	}
	wait_kept(50);
	for (int i = 49; i >= 0; i--) {
		size_t len;
		const char *body = inbound_body(echo.kept[i], &len);

		inbound_answer(echo.kept[i], 200, "text/plain", body, len, NULL);
	}
	for (int i = 0; i < 50; i++) {
		snprintf(text, sizeof text, "\r\n\r\n%04d", i);
		assert_non_null(strstr(peer_hear_message(echo.loop, &peers[i]), text));
		peer_close(&peers[i]);
	}
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(a_get_is_answered_and_the_connection_kept),
		PROMISE(a_body_comes_back),
		PROMISE(a_chunked_body_comes_back_whole),
		PROMISE(a_stream_may_be_cut_anywhere),
		PROMISE(one_byte_at_a_time_is_read_too),
		PROMISE(a_pipelined_request_waits_for_the_answer_before_it),
		PROMISE(bytes_ahead_have_a_ceiling),
		PROMISE(an_expected_go_ahead_comes_at_once),
		PROMISE(a_body_that_would_be_refused_gets_no_go_ahead),
		PROMISE(a_head_is_answered_like_a_get_without_its_body),
		PROMISE(headers_of_an_answer_go_out_unless_they_are_two),
		PROMISE(no_content_has_no_length),
		PROMISE(an_error_is_json),
		PROMISE(the_date_is_that_of_the_loop),
		PROMISE(http_1_0_is_closed_unless_it_asks_otherwise),
		PROMISE(close_is_heeded_and_what_follows_is_not_read),
		PROMISE(a_peer_that_says_no_more_still_gets_its_answer),
		PROMISE(a_peer_that_resets_is_gone_and_the_answer_harmless),
		PROMISE(an_answer_larger_than_the_kernel_takes_arrives_whole),
		PROMISE(a_large_body_arrives_whole),
		PROMISE(an_address_in_full_is_read_as_its_path),
		PROMISE(an_offer_to_upgrade_is_passed_over),
		PROMISE(closing_lets_owed_answers_out),
		PROMISE(an_answer_may_come_after_the_server_is_gone),
		PROMISE(many_connections_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
