/* echo.c - the server under test, with an application that answers what the path asks for. */
#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUGE_SIZE ((size_t)4 << 20)

static void answer_huge(struct inbound *in)
{
	char *body = xcalloc(1, HUGE_SIZE);

	memset(body, 'h', HUGE_SIZE);
	inbound_answer(in, 200, "text/plain", body, HUGE_SIZE, NULL);
	free(body);
}

static void on_request(void *ctx, struct inbound *in)
{
	static const struct answer_header headers[] = { { "Location", "/next" },
		{ "X-Bad", "a\r\nX-Smuggled: 1" }, { NULL, NULL } };
	struct echo *e = ctx;
	size_t len;
	const char *body = inbound_body(in, &len), *type = inbound_header(in, "content-TYPE");
	const char *path = inbound_path(in);

	assert_ptr_equal(inbound_ctx(in), e);
	assert_int_equal(body[len], 0);
	e->requests++;
	snprintf(e->seen, sizeof e->seen, "%s %s ?%s %s %zu %.*s", inbound_method(in), path, inbound_query(in),
		type ? type : "-", len, (int)strcspn(inbound_peer(in), ":"), inbound_peer(in));
	if (strncmp(path, "/later", 6) == 0)
		e->kept[e->kept_count++] = in;
	else if (strcmp(path, "/empty") == 0)
		inbound_answer(in, 204, NULL, NULL, 0, NULL);
	else if (strcmp(path, "/error") == 0)
		inbound_answer_error(in, 409, "it says \"no\"\n");
	else if (strcmp(path, "/headers") == 0)
		inbound_answer(in, 303, "text/plain", "go", 2, headers);
	else if (strcmp(path, "/huge") == 0)
		answer_huge(in);
	else
		inbound_answer(in, 200, "text/plain", body, len, NULL);
}

static size_t body_max_of(void *ctx, const char *method, const char *path)
{
	(void)ctx;
	assert_true(*method);
	return strcmp(path, "/nowhere") == 0 ? 0 : strcmp(path, "/big") == 0 ? 8 << 20 : 1000;
}

void echo_start(struct echo *e, const struct server_limits *limits)
{
	static const struct server_events events = { on_request, body_max_of };

	memset(e, 0, sizeof *e);
	e->loop = loop_create(NULL);
	e->server = server_create(e->loop, limits, &events, e);
	echo_listen(e, NULL, NULL);
}

void echo_listen(struct echo *e, const char *cert, const char *key)
{
	struct err err = { 0 };

	if (server_listen_tcp(e->server, "127.0.0.1", 0, cert, key, &e->port, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(e->port > 0);
}

void echo_closed(void *arg)
{
	((struct echo *)arg)->closed = true;
}

static bool is_closed(void *arg)
{
	return ((struct echo *)arg)->closed;
}

void echo_stop(struct echo *e)
{
	if (!e->closed)
		server_close(e->server, 0, echo_closed, e);
	turn_until(e->loop, is_closed, e);
	loop_destroy(e->loop);
}

struct server_counts echo_counts(const struct echo *e)
{
	struct server_counts counts;

	server_counts(e->server, &counts);
	return counts;
}
