/* server_refuses.c - what is not quite HTTP gets one answer and a closed connection; nothing that
 * follows it is ever read as a request. */
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

#define H "Host: h\r\n"
#define PROBE(name, text, status) { name, text, sizeof(text) - 1, status }
#define NEXT "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

/* Those marked L are let through by llhttp 8.1 in strict mode and are the
 * guard's; the others are llhttp's, and stay ours to watch on every version of it. */
static const struct probe {
	const char *name, *text;
	size_t len;
	int status;
} probes[] = {
	PROBE("Content-Length and Transfer-Encoding",
		"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400),
	PROBE("Transfer-Encoding and Content-Length",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" NEXT, 400),
	PROBE("two Content-Lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" NEXT, 400),
	PROBE("the same Content-Length twice",
		"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" NEXT, 400),
	PROBE("Content-Length with a sign", "POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello" NEXT, 400),
	PROBE("negative Content-Length", "POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\nhello" NEXT, 400),
	PROBE("Content-Length of two numbers", "POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\nhello" NEXT, 400),
	PROBE("Content-Length as a list", "POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello" NEXT, 400),
	PROBE("Content-Length in hexadecimal", "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello" NEXT, 400),
	PROBE("Content-Length beyond 64 bits",
		"POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\nhello" NEXT, 400),
	PROBE("chunked is not the last encoding",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" NEXT, 400),
	PROBE("xchunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" NEXT, 400),
	PROBE("folded Transfer-Encoding",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" NEXT, 400),
	PROBE("folded header (L)", "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n" NEXT, 400),
	PROBE("folded with a tab (L)", "GET / HTTP/1.1\r\n" H "X: a\r\n\tContent-Length: 5\r\n\r\n" NEXT, 400),
	PROBE("CR alone ends a header (CVE-2023-30589)",
		"GET / HTTP/1.1\r\n" H "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400),
	PROBE("LF alone ends a header", "GET / HTTP/1.1\r\n" H "X: a\nY: b\r\n\r\n" NEXT, 400),
	PROBE("LF alone throughout", "GET / HTTP/1.1\nHost: h\n\n" "GET /smuggled HTTP/1.1\nHost: h\n\n", 400),
	PROBE("LF alone in a chunk's size",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n" NEXT, 400),
	PROBE("0x in a chunk's size", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n" NEXT, 400),
	PROBE("a chunk beyond 64 bits",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n" NEXT, 400),
	PROBE("a chunk without CRLF after it",
		"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nab0\r\n\r\n" NEXT, 400),
	PROBE("a chunk size that is none", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\ng\r\n\r\n" NEXT, 400),
	PROBE("a NUL in a header", "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n", 400),
	PROBE("a NUL in the address", "GET /\0 HTTP/1.1\r\n" H "\r\n", 400),
	PROBE("a blank before the colon", "POST / HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\nhello" NEXT, 400),
	PROBE("a blank in a header's name", "GET / HTTP/1.1\r\n" H "Con tent: 5\r\n\r\n" NEXT, 400),
	PROBE("a header without a colon", "GET / HTTP/1.1\r\n" H "nothing\r\n\r\n" NEXT, 400),
	PROBE("a header without a name", "GET / HTTP/1.1\r\n" H ": x\r\n\r\n" NEXT, 400),
	PROBE("HTTP/1.9", "GET / HTTP/1.9\r\n" H "\r\n" NEXT, 505),
	PROBE("HTTP/2.0 (L)", "GET / HTTP/2.0\r\n" H "\r\n" NEXT, 505),
	PROBE("HTTP/0.9 (L)", "GET /\r\n\r\n" NEXT, 505),
	PROBE("no Host (L)", "GET / HTTP/1.1\r\nX: y\r\n\r\n" NEXT, 400),
	PROBE("two Hosts (L)", "GET / HTTP/1.1\r\n" H "host: other\r\n\r\n" NEXT, 400),
	PROBE("Transfer-Encoding in HTTP/1.0 (L)",
		"POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400),
	PROBE("the preface of HTTP/2 (L)", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" NEXT, 501),
	PROBE("CONNECT (L)", "CONNECT h:443 HTTP/1.1\r\n" H "\r\n" NEXT, 501),
	PROBE("TRACE (L)", "TRACE / HTTP/1.1\r\n" H "\r\n" NEXT, 501),
	PROBE("a method in small letters", "get / HTTP/1.1\r\n" H "\r\n" NEXT, 501),
	PROBE("a TLS hello on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
	PROBE("CR without LF before the request", "\rGET / HTTP/1.1\r\n" H "\r\n", 400),
};

static void each_probe_is_refused_and_smuggles_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
		const struct probe *probe = &probes[i];
		struct peer p = peer_connect(echo.port);
		char status[32];
		const char *answer;

		peer_send(echo.loop, &p, probe->text, probe->len);
		answer = peer_hear_message(echo.loop, &p);
		snprintf(status, sizeof status, "HTTP/1.1 %d ", probe->status);
		if (strncmp(answer, status, strlen(status)) != 0)
			fail_msg("%s: %.40s", probe->name, answer);
		assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
		peer_hear_end(echo.loop, &p);
		if (p.reset || p.got.len > 0)
			fail_msg("%s: %s after the answer", probe->name, p.reset ? "reset" : p.got.data);
		if (strstr(echo.seen, "smuggled") || echo.requests)
			fail_msg("%s: reached the application as %s", probe->name, echo.seen);
		peer_close(&p);
	}
	assert_int_equal(echo_counts(&echo).refused, sizeof probes / sizeof *probes);
	assert_int_equal(echo_counts(&echo).requests, 0);
}

/* The same in pieces of one byte: no verdict may depend on where the kernel cuts. */
static void in_single_bytes_too(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
		const struct probe *probe = &probes[i];
		struct peer p = peer_connect(echo.port);

		for (size_t at = 0; at < probe->len; at++) {
			peer_send(echo.loop, &p, probe->text + at, 1);
			turn_idle(echo.loop);
		}
		peer_hear_message(echo.loop, &p);
		peer_hear_end(echo.loop, &p);
		if (echo.requests)
			fail_msg("%s: reached the application as %s", probe->name, echo.seen);
		peer_close(&p);
	}
}

static void after_a_good_request_a_bad_one_is_still_bad(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /good HTTP/1.1\r\n" H "\r\nGET /bad HTTP/1.1\r\n\r\n" NEXT);
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 200 "));
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 400 "));
	peer_hear_end(echo.loop, &p);
	assert_string_equal(echo.seen, "GET /good ? - 0 127.0.0.1");
	peer_close(&p);
}

/* A trailer is not a header, whatever it calls itself. */
static void trailers_change_nothing(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
		"Content-Type: evil\r\n\r\n");
	peer_hear_message(echo.loop, &p);
	assert_string_equal(echo.seen, "POST /a ? - 1 127.0.0.1");
	peer_close(&p);
}

static void a_head_that_is_too_long_gets_431(void **state)
{
	struct peer p = peer_connect(echo.port);
	char many[8000];

	(void)state;
	peer_say(echo.loop, &p, "GET / HTTP/1.1\r\n" H "X: ");
	memset(many, 'x', sizeof many);
	for (int i = 0; i < 5; i++)
		peer_send(echo.loop, &p, many, sizeof many);
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 431 "));
	peer_hear_end(echo.loop, &p);
	peer_close(&p);
}

static void a_hundred_headers_are_well_and_one_more_gets_431(void **state)
{
	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		struct peer p = peer_connect(echo.port);

		peer_say(echo.loop, &p, "GET / HTTP/1.1\r\n" H);
		for (int i = 0; i < 99 + extra; i++)
			peer_say(echo.loop, &p, "X: y\r\n");
		peer_say(echo.loop, &p, "\r\n");
		assert_non_null(strstr(peer_hear_message(echo.loop, &p), extra ? "HTTP/1.1 431 " : "HTTP/1.1 200 "));
		peer_close(&p);
	}
}

/* Refused by its head, before the body; and the peer that sends it all the same reads the answer. */
static void a_body_over_the_ceiling_gets_413(void **state)
{
	struct peer p = peer_connect(echo.port);
	char body[2000];

	(void)state;
	memset(body, 'x', sizeof body);
	peer_say(echo.loop, &p, "POST /a HTTP/1.1\r\n" H "Content-Length: 100000\r\n\r\n");
	turn_idle(echo.loop);
	for (int i = 0; i < 50; i++)
		peer_send(echo.loop, &p, body, sizeof body);
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 413 "));
	peer_hear_end(echo.loop, &p);
	assert_false(p.reset);
	assert_int_equal(echo.requests, 0);
	peer_close(&p);
}

static void a_chunked_body_over_the_ceiling_gets_413(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 101; i++)
		peer_say(echo.loop, &p, "a\r\n0123456789\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 413 "));
	assert_int_equal(echo.requests, 0);
	peer_close(&p);
}

static void a_body_of_just_the_ceiling_is_well(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "POST /a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 100; i++)
		peer_say(echo.loop, &p, "a\r\n0123456789\r\n");
	peer_say(echo.loop, &p, "0\r\n\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 200 "));
	peer_close(&p);
}

/* Chunk extensions and trailers are not body; they have a ceiling of their own. */
static void framing_without_end_is_refused(void **state)
{
	static const char *const fillers[] = { "1;ext=", "0\r\nX: " };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct peer p = peer_connect(echo.port);
		char many[8000];

		memset(many, 'x', sizeof many);
		peer_say(echo.loop, &p, "POST /a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
		peer_say(echo.loop, &p, fillers[i]);
		for (int k = 0; k < 6; k++)
			peer_send(echo.loop, &p, many, sizeof many);
		assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 400 "));
		peer_close(&p);
	}
}

static void nothing_at_an_address_gets_404_and_keeps_the_connection(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_say(echo.loop, &p, "GET /nowhere HTTP/1.1\r\n" H "\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 404 "));
	peer_say(echo.loop, &p, "GET /a HTTP/1.1\r\n" H "\r\n");
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 200 "));
	peer_say(echo.loop, &p, "POST /nowhere HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello" NEXT);
	assert_non_null(strstr(peer_hear_message(echo.loop, &p), "HTTP/1.1 404 "));
	peer_hear_end(echo.loop, &p);
	assert_int_equal(echo.requests, 1);
	peer_close(&p);
}

/* Each may be long, and all of them together not: small ones are read all the same. */
static void there_is_a_ceiling_for_all_bodies_together(void **state)
{
	static const struct server_limits little = { .bodies_max = 1 << 20 };
	struct peer long_one, longer_one, small;
	char *many = xcalloc(1, 700000);

	(void)state;
	echo_stop(&echo);
	echo_start(&echo, &little);
	long_one = peer_connect(echo.port);
	longer_one = peer_connect(echo.port);
	small = peer_connect(echo.port);
	peer_say(echo.loop, &long_one, "POST /big HTTP/1.1\r\n" H "Content-Length: 700001\r\n\r\n");
	peer_send(echo.loop, &long_one, many, 700000);
	turn_idle(echo.loop);
	peer_say(echo.loop, &longer_one, "POST /big HTTP/1.1\r\n" H "Content-Length: 700001\r\n\r\n");
	peer_send(echo.loop, &longer_one, many, 600000);
	assert_non_null(strstr(peer_hear_message(echo.loop, &longer_one), "HTTP/1.1 503 "));
	peer_say(echo.loop, &small, "POST /a HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello");
	assert_non_null(strstr(peer_hear_message(echo.loop, &small), "HTTP/1.1 200 "));
	peer_say(echo.loop, &long_one, "x");
	assert_non_null(strstr(peer_hear_message(echo.loop, &long_one), "HTTP/1.1 200 "));
	peer_close(&longer_one);
	/* What was answered counts no more. */
	longer_one = peer_connect(echo.port);
	peer_say(echo.loop, &longer_one, "POST /big HTTP/1.1\r\n" H "Content-Length: 700000\r\n\r\n");
	peer_send(echo.loop, &longer_one, many, 700000);
	assert_non_null(strstr(peer_hear_message(echo.loop, &longer_one), "HTTP/1.1 200 "));
	peer_close(&long_one);
	peer_close(&longer_one);
	peer_close(&small);
	free(many);
}

/* Closed at once, and the others go on. */
static void more_connections_than_allowed_are_closed(void **state)
{
	static const struct server_limits few = { .connections = 2 };
	struct peer a, b, c;

	(void)state;
	echo_stop(&echo);
	echo_start(&echo, &few);
	a = peer_connect(echo.port);
	b = peer_connect(echo.port);
	turn_idle(echo.loop);
	c = peer_connect(echo.port);
	peer_hear_end(echo.loop, &c);
	assert_int_equal(echo_counts(&echo).refused, 1);
	assert_int_equal(echo_counts(&echo).accepted, 2);
	peer_say(echo.loop, &b, "GET /a HTTP/1.1\r\n" H "\r\n");
	peer_hear_message(echo.loop, &b);
	peer_close(&a);
	turn_idle(echo.loop);
	peer_close(&c);
	c = peer_connect(echo.port);
	peer_say(echo.loop, &c, "GET /a HTTP/1.1\r\n" H "\r\n");
	peer_hear_message(echo.loop, &c);
	peer_close(&b);
	peer_close(&c);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(each_probe_is_refused_and_smuggles_nothing),
		PROMISE(in_single_bytes_too),
		PROMISE(after_a_good_request_a_bad_one_is_still_bad),
		PROMISE(trailers_change_nothing),
		PROMISE(a_head_that_is_too_long_gets_431),
		PROMISE(a_hundred_headers_are_well_and_one_more_gets_431),
		PROMISE(a_body_over_the_ceiling_gets_413),
		PROMISE(a_chunked_body_over_the_ceiling_gets_413),
		PROMISE(a_body_of_just_the_ceiling_is_well),
		PROMISE(framing_without_end_is_refused),
		PROMISE(nothing_at_an_address_gets_404_and_keeps_the_connection),
		PROMISE(there_is_a_ceiling_for_all_bodies_together),
		PROMISE(more_connections_than_allowed_are_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
