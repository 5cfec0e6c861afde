/* carry_requests.c - what goes out, what comes back, and what is refused before a byte has left. */
#include "ground.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct carry_request get_x = { .method = "GET", .url = "/x", .repeatable = true };

static void what_is_given_goes_out(void **state)
{
	static const char *const headers[] = { "Content-Type: application/json", "X-Empty:", "X-Two: a: b", NULL };
	char body[] = "{\"a\":1}";
	struct carry_request post = { .method = "POST", .url = "/a?b=c", .headers = headers, .body = body,
		.body_len = strlen(body) };
	struct fetch f;
	struct peer p;
	const char *request;
	char host[64];

	(void)state;
	fetch_start(carry, &f, post, port);
	memset(body, '!', sizeof body - 1); /* it was copied */
	p = peer_accept(loop, listening);
	request = peer_hear_message(loop, &p);
	snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%d\r\n", port);
	assert_ptr_equal(strstr(request, "POST /a?b=c HTTP/1.1\r\n"), request);
	assert_non_null(strstr(request, host));
	assert_non_null(strstr(request, "\r\nUser-Agent: mlc-test\r\n"));
	assert_non_null(strstr(request, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(request, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(request, "\r\nX-Two: a: b\r\n"));
	assert_non_null(strstr(request, "\r\nContent-Length: 7\r\n"));
	assert_null(strstr(request, "Expect"));
	assert_non_null(strstr(request, "\r\n\r\n{\"a\":1}"));
	peer_say(loop, &p, "HTTP/1.1 201 Created\r\nA: 1\r\nb:  two words \r\nEmpty:\r\nContent-Length: 3\r\n\r\nyes");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	assert_int_equal(f.status, 201);
	assert_string_equal(f.body.data, "yes");
	assert_string_equal(f.headers.data, "A=1\nb=two words\nEmpty=\nContent-Length=3\n");
	fetch_finish(&f);
	peer_close(&p);
}

static void each_method_frames_its_body_right(void **state)
{
	static const struct {
		const char *method, *body, *length, *type;
	} cases[] = {
		{ "GET", "", NULL, NULL },
		{ "DELETE", "", NULL, NULL },
		{ "DELETE", "abc", "Content-Length: 3\r\n", NULL },
		{ "POST", "", "Content-Length: 0\r\n", NULL },
		{ "PUT", "", "Content-Length: 0\r\n", NULL },
		{ "PUT", "abc", "Content-Length: 3\r\n", NULL },
		{ "PATCH", "abc", "Content-Length: 3\r\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		struct carry_request r = { .method = cases[i / 2].method, .url = "/m", .body = cases[i / 2].body,
			.body_len = strlen(cases[i / 2].body), .repeatable = i % 2 };
		struct fetch f;
		struct peer p;
		const char *request;

		fetch_start(carry, &f, r, port);
		p = peer_accept(loop, listening);
		request = peer_hear_message(loop, &p);
		assert_memory_equal(request, r.method, strlen(r.method));
		assert_string_equal(strstr(request, "\r\n\r\n") + 4, r.body);
		if (cases[i / 2].length)
			assert_non_null(strstr(request, cases[i / 2].length));
		else
			assert_null(strstr(request, "Content-Length"));
		assert_null(strstr(request, "Content-Type"));
		peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
		fetch_wait(loop, &f);
		assert_int_equal(f.outcome, CARRIED_HERE);
		fetch_finish(&f);
		peer_close(&p);
	}
}

static void a_head_needs_no_body(void **state)
{
	struct carry_request head = { .method = "HEAD", .url = "/m", .repeatable = true };
	struct fetch f;
	struct peer p;

	(void)state;
	fetch_start(carry, &f, head, port);
	p = peer_accept(loop, listening);
	peer_hear(loop, &p, "\r\n\r\n");
	peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	assert_int_equal(f.body.len, 0);
	fetch_finish(&f);
	peer_close(&p);
}

/* 1xx before it does not count; a repeated header comes twice. */
static void only_the_last_head_is_the_replys(void **state)
{
	struct fetch f;
	struct peer p;

	(void)state;
	fetch_start(carry, &f, get_x, port);
	p = peer_accept(loop, listening);
	peer_hear(loop, &p, "\r\n\r\n");
	peer_say(loop, &p, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nS: 1\r\nS: 2\r\n"
		"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
	fetch_wait(loop, &f);
	assert_int_equal(f.status, 200);
	assert_string_equal(f.body.data, "hi");
	assert_string_equal(f.headers.data, "S=1\nS=2\nTransfer-Encoding=chunked\n");
	fetch_finish(&f);
	peer_close(&p);
}

static void a_redirect_is_a_reply_and_not_followed(void **state)
{
	struct fetch f;
	struct peer p;
	char reply[200];

	(void)state;
	fetch_start(carry, &f, get_x, port);
	p = peer_accept(loop, listening);
	peer_hear(loop, &p, "\r\n\r\n");
	snprintf(reply, sizeof reply, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/y\r\n"
		"Content-Length: 0\r\n\r\n", port);
	peer_say(loop, &p, reply);
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	assert_int_equal(f.status, 302);
	assert_true(peer_is_silent(loop, &p));
	fetch_finish(&f);
	peer_close(&p);
}

static void a_kept_connection_is_used_again(void **state)
{
	struct fetch f;
	struct peer p;

	(void)state;
	fetch_start(carry, &f, get_x, port);
	p = peer_accept(loop, listening);
	for (int i = 0; i < 20; i++) {
		peer_hear(loop, &p, "\r\n\r\n");
		peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		fetch_wait(loop, &f);
		assert_int_equal(f.outcome, CARRIED_HERE);
		fetch_finish(&f);
		fetch_start(carry, &f, get_x, port);
	}
	carry_cancel(f.transfer);
	fetch_wait(loop, &f);
	fetch_finish(&f);
	peer_close(&p);
}

static void half_a_reply_is_lost(void **state)
{
	static const char *const halves[] = {
		"", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "rubbish\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf",
	};

	(void)state;
	for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
		struct carry_request post = { .method = "POST", .url = "/x", .body = "b", .body_len = 1 };
		struct fetch f;
		struct peer p;

		fetch_start(carry, &f, post, port);
		p = peer_accept(loop, listening);
		peer_hear_message(loop, &p);
		peer_say(loop, &p, halves[i]);
		peer_close(&p);
		fetch_wait(loop, &f);
		assert_int_equal(f.outcome, CARRIED_LOST);
		assert_non_null(strstr(f.why, "127.0.0.1:"));
		fetch_finish(&f);
	}
}

static void a_reply_over_the_ceiling_is_too_big(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n",
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct carry_request get = { .method = "GET", .url = "/x", .reply_max = 10 };
		struct fetch f;
		struct peer p;

		fetch_start(carry, &f, get, port);
		p = peer_accept(loop, listening);
		peer_hear(loop, &p, "\r\n\r\n");
		peer_say(loop, &p, heads[i]);
		peer_say(loop, &p, "12345678901");
		fetch_wait(loop, &f);
		assert_int_equal(f.outcome, CARRIED_TOO_BIG);
		assert_non_null(strstr(f.why, "over 10 bytes"));
		fetch_finish(&f);
		peer_close(&p);
	}
}

static void a_reply_of_just_the_ceiling_is_here(void **state)
{
	struct carry_request get = { .method = "GET", .url = "/x", .reply_max = 10 };
	struct fetch f;
	struct peer p;

	(void)state;
	fetch_start(carry, &f, get, port);
	p = peer_accept(loop, listening);
	peer_hear(loop, &p, "\r\n\r\n");
	peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234567890");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	fetch_finish(&f);
	peer_close(&p);
}

/* 100,000 zero bytes as gzip (python3: gzip.compress(bytes(100000), 9, mtime=0)) take 132. */
static void the_ceiling_counts_what_was_unpacked(void **state)
{
	static const unsigned char bomb[] = {
		0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1,
		0x31, 0x01, 0x00, 0x00, 0x00, 0xc2, 0xa0, 0xf5, 0x4f, 0x6d, 0x0d, 0x0f,
		0xa0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x80, 0x57, 0x03, 0x7d, 0x95, 0x11, 0xd4, 0xa0, 0x86, 0x01, 0x00
	};
	static const size_t ceilings[] = { 99999, 100000 };
	char head[128];

	(void)state;
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		sizeof bomb);
	for (int i = 0; i < 2; i++) {
		struct carry_request get = { .method = "GET", .url = "/x", .reply_max = ceilings[i] };
		struct fetch f;
		struct peer p;

		fetch_start(carry, &f, get, port);
		p = peer_accept(loop, listening);
		assert_non_null(strstr(peer_hear(loop, &p, "\r\n\r\n"), "\r\nAccept-Encoding: "));
		peer_say(loop, &p, head);
		peer_send(loop, &p, bomb, sizeof bomb);
		fetch_wait(loop, &f);
		assert_int_equal(f.outcome, i ? CARRIED_HERE : CARRIED_TOO_BIG);
		if (i)
			assert_int_equal(f.body.len, 100000);
		fetch_finish(&f);
		peer_close(&p);
	}
}

static void headers_without_end_are_too_big(void **state)
{
	struct fetch f;
	struct peer p;

	(void)state;
	fetch_start(carry, &f, get_x, port);
	p = peer_accept(loop, listening);
	peer_hear(loop, &p, "\r\n\r\n");
	peer_say(loop, &p, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 300; i++)
		peer_say(loop, &p, "X: 1\r\n");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_TOO_BIG);
	fetch_finish(&f);
	peer_close(&p);
}

static void a_large_body_goes_out_and_comes_back(void **state)
{
	size_t len = 3 << 20;
	char *body = xcalloc(1, len + 1), head[100];
	const char *request;

	(void)state;
	for (size_t i = 0; i < len; i++)
		body[i] = (char)('a' + i % 23);
	for (int repeatable = 0; repeatable < 2; repeatable++) {
		struct carry_request post = { .method = "POST", .url = "/x", .body = body, .body_len = len,
			.repeatable = repeatable };
		struct fetch f;
		struct peer p;

		fetch_start(carry, &f, post, port);
		p = peer_accept(loop, listening);
		request = peer_hear_message(loop, &p);
		assert_string_equal(strstr(request, "\r\n\r\n") + 4, body);
		snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", len);
		peer_say(loop, &p, head);
		peer_send(loop, &p, body, len);
		fetch_wait(loop, &f);
		assert_int_equal(f.outcome, CARRIED_HERE);
		assert_string_equal(f.body.data, body);
		fetch_finish(&f);
		peer_close(&p);
	}
	free(body);
}

static void expect_never_sent(struct carry_request r, const char *why)
{
	struct fetch f;

	fetch_start(carry, &f, r, 0);
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_NEVER_SENT);
	if (!strstr(f.why, why))
		fail_msg("'%s' does not say '%s'", f.why, why);
	fetch_finish(&f);
}

static void only_https_and_http_where_allowed(void **state)
{
	static const char *const others[] = { "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/",
		"scp://127.0.0.1/", "smb://127.0.0.1/", "ldap://127.0.0.1/", "dict://127.0.0.1/", "telnet://127.0.0.1/",
		"/relative", "127.0.0.1/x", "", "http://", "https:///x", "https://user:pass@127.0.0.1/",
		"https://127.0.0.1:99999/", "https://a b/", "https://127.0.0.1/a b", "javascript:x" };
	struct carry_request get = { .method = "GET", .http_allowed = true };

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		get.url = others[i];
		expect_never_sent(get, "the url is not");
	}
	get.url = "http://127.0.0.1:1/";
	get.http_allowed = false;
	expect_never_sent(get, "plain http is not allowed");
}

static void headers_that_are_not_the_callers_are_refused(void **state)
{
	static const char *const wrong[] = { "A: b\r\nC: d", "A: b\nC: d", "no colon", ": x", "Content-Length: 5",
		"transfer-encoding: chunked", "Host: other", "Expect: 100-continue", "A b: c", "A: \x01" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *const headers[] = { wrong[i], NULL };
		struct carry_request get = { .method = "GET", .url = "https://127.0.0.1:1/", .headers = headers };

		expect_never_sent(get, "header ");
	}
}

static void a_method_is_a_word_in_capitals(void **state)
{
	static const char *const wrong[] = { "", "get", "GET /x HTTP/1.1\r\nA:", "AAAAAAAAAAAAAAAAA" };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		expect_never_sent((struct carry_request){ .method = wrong[i], .url = "https://127.0.0.1:1/" },
			"is no method");
}

/* POLLERR on the socket: libuv tells of it with a negative status. */
static void a_refused_connection_is_never_sent_and_told_at_once(void **state)
{
	struct carry_request post = { .method = "POST", .url = "/x", .body = "b", .body_len = 1 };
	struct fetch f[20];

	(void)state;
	close(listening);
	for (int i = 0; i < 20; i++)
		fetch_start(carry, &f[i], post, port);
	for (int i = 0; i < 20; i++) {
		fetch_wait(loop, &f[i]);
		assert_int_equal(f[i].outcome, CARRIED_NEVER_SENT);
		assert_non_null(strstr(f[i].why, "connect to 127.0.0.1:"));
		fetch_finish(&f[i]);
	}
	listening = peer_listen(&port);
}

/* No look-up leaves the machine: a label of over 63 letters is refused by the resolver itself. */
static void a_name_that_is_none_is_never_sent(void **state)
{
	struct carry_request get = { .method = "GET", .url = "https://"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example/" };

	(void)state;
	expect_never_sent(get, "connect to aaaa");
}

static void many_at_once_all_get_their_own_reply(void **state)
{
	static struct fetch f[200];
	static struct peer p[200];
	char url[32], reply[128];
	int got[200] = { 0 }, accepted = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(url, sizeof url, "/%d", i);
		fetch_start(carry, &f[i], (struct carry_request){ .method = "GET", .url = url }, port);
	}
	for (int i = 0; i < 200; i++) { /* 64 to one place: each end lets another begin */
		const char *request;
		int n;

		p[accepted++] = peer_accept(loop, listening);
		request = peer_hear(loop, &p[i], "\r\n\r\n");
		n = atoi(request + 5);
		got[n]++;
		snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\n%03d", n);
		peer_say(loop, &p[i], reply);
	}
	for (int i = 0; i < 200; i++) {
		fetch_wait(loop, &f[i]);
		assert_int_equal(f[i].outcome, CARRIED_HERE);
		assert_int_equal(atoi(f[i].body.data), i);
		assert_int_equal(got[i], 1);
		fetch_finish(&f[i]);
		peer_close(&p[i]);
	}
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, ground_start, ground_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(what_is_given_goes_out),
		PROMISE(each_method_frames_its_body_right),
		PROMISE(a_head_needs_no_body),
		PROMISE(only_the_last_head_is_the_replys),
		PROMISE(a_redirect_is_a_reply_and_not_followed),
		PROMISE(a_kept_connection_is_used_again),
		PROMISE(half_a_reply_is_lost),
		PROMISE(a_reply_over_the_ceiling_is_too_big),
		PROMISE(a_reply_of_just_the_ceiling_is_here),
		PROMISE(the_ceiling_counts_what_was_unpacked),
		PROMISE(headers_without_end_are_too_big),
		PROMISE(a_large_body_goes_out_and_comes_back),
		PROMISE(only_https_and_http_where_allowed),
		PROMISE(headers_that_are_not_the_callers_are_refused),
		PROMISE(a_method_is_a_word_in_capitals),
		PROMISE(a_refused_connection_is_never_sent_and_told_at_once),
		PROMISE(a_name_that_is_none_is_never_sent),
		PROMISE(many_at_once_all_get_their_own_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
