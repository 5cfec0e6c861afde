/* server_answers.c - whole requests get their answers, in order, over connections that are kept. */
#include "net/server.h"

#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop *loop;
static struct server *server;
static int port;

/* What the last request was, and those that wait for an answer. */
static char seen[512];
static struct inbound *kept[64];
static size_t kept_count;
static bool is_closed;

static void on_request(void *ctx, struct inbound *in)
{
	size_t len;
	const char *body = inbound_body(in, &len), *type = inbound_header(in, "content-TYPE");

	assert_ptr_equal(ctx, &loop);
	assert_ptr_equal(inbound_ctx(in), &loop);
	assert_int_equal(body[len], 0);
	snprintf(seen, sizeof seen, "%s %s ?%s %s %zu", inbound_method(in), inbound_path(in),
		inbound_query(in), type ? type : "-", len);
	if (strncmp(inbound_path(in), "/later", 6) == 0) {
		kept[kept_count++] = in;
	} else if (strcmp(inbound_path(in), "/empty") == 0) {
		inbound_answer(in, 204, NULL, NULL, 0, NULL);
	} else if (strcmp(inbound_path(in), "/error") == 0) {
		inbound_answer_error(in, 409, "it says \"no\"\n");
	} else if (strcmp(inbound_path(in), "/headers") == 0) {
		const struct answer_header headers[] = { { "Location", "/next" },
			{ "X-Bad", "a\r\nX-Smuggled: 1" }, { NULL, NULL } };

		inbound_answer(in, 303, "text/plain", "go", 2, headers);
	} else {
		inbound_answer(in, 200, "text/plain", body, len, NULL);
	}
}

static size_t body_max_of(void *ctx, const char *method, const char *path)
{
	assert_ptr_equal(ctx, &loop);
	assert_true(*method);
	return strcmp(path, "/nowhere") == 0 ? 0 : strcmp(path, "/big") == 0 ? 8 << 20 : 1000;
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static bool is_true(void *arg)
{
	return *(bool *)arg;
}

static int start(void **state)
{
	static const struct server_events events = { on_request, body_max_of };

	(void)state;
	loop = loop_create(NULL);
	server = server_create(loop, NULL, &events, &loop);
	assert_int_equal(server_listen_tcp(server, "127.0.0.1", 0, NULL, NULL, &port, NULL), 0);
	seen[0] = 0;
	kept_count = 0;
	is_closed = false;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (!is_closed) {
		server_close(server, 0, on_closed, &is_closed);
		turn_until(loop, is_true, &is_closed);
	}
	loop_destroy(loop);
	return 0;
}

static void a_get_is_answered_and_the_connection_kept(void **state)
{
	struct peer p = peer_connect(port);
	const char *answer;

	(void)state;
	for (int i = 0; i < 3; i++) {
		peer_say(loop, &p, "GET /a/b?x=1&y=2 HTTP/1.1\r\nHost: h\r\n\r\n");
		answer = peer_hear_message(loop, &p);
		assert_ptr_equal(strstr(answer, "HTTP/1.1 200 OK\r\nDate: "), answer);
		assert_non_null(strstr(answer, "\r\nContent-Type: text/plain\r\n"));
		assert_non_null(strstr(answer, "\r\nContent-Length: 0\r\n"));
		assert_non_null(strstr(answer, "\r\nConnection: keep-alive\r\n"));
		assert_string_equal(seen, "GET /a/b ?x=1&y=2 - 0");
	}
	peer_close(&p);
}

static void a_body_comes_back(void **state)
{
	struct peer p = peer_connect(port);
	const char *answer;

	(void)state;
	peer_say(loop, &p, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type:  a/b \r\nContent-Length: 5\r\n\r\nhello");
	answer = peer_hear_message(loop, &p);
	assert_non_null(strstr(answer, "\r\n\r\nhello"));
	assert_string_equal(seen, "POST /echo ? a/b 5");
	peer_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_get_is_answered_and_the_connection_kept, start, stop),
		cmocka_unit_test_setup_teardown(a_body_comes_back, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
