/* fetch.c - one request that goes out, and what became of it. */
#include "fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct carry *fetch_carry(struct loop *loop, const char *ca_file)
{
	static const char *const allowed[] = { "127.0.0.0/8", NULL };
	struct carry_conf conf = { .allow_private = allowed, .ca_file = ca_file, .agent = "mlc-test" };
	struct carry *c = carry_create(loop, &conf, NULL);

	assert_non_null(c);
	return c;
}

static void on_done(void *arg, const struct carry_reply *reply)
{
	struct fetch *f = arg;

	f->done++;
	f->outcome = reply->outcome;
	f->status = reply->status;
	assert_non_null(reply->body);
	assert_int_equal(reply->body[reply->body_len], 0);
	assert_true(buf_add(&f->body, reply->body, reply->body_len));
	for (const struct carry_header *h = reply->headers; h->name; h++)
		assert_true(buf_printf(&f->headers, "%s=%s\n", h->name, h->value));
	if (reply->outcome == CARRIED_HERE)
		assert_null(reply->why);
	else
		snprintf(f->why, sizeof f->why, "%s", reply->why);
}

void fetch_start(struct carry *c, struct fetch *f, struct carry_request request, int port)
{
	char url[256];

	memset(f, 0, sizeof *f);
	buf_init(&f->body, (size_t)64 << 20);
	buf_init(&f->headers, 1 << 20);
	if (port > 0) {
		snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, request.url);
		request.url = url;
		request.http_allowed = true;
	}
	f->transfer = carry_start(c, &request, on_done, f);
	assert_int_equal(f->done, 0); /* never from within the call */
}

static bool is_done(void *arg)
{
	return ((struct fetch *)arg)->done > 0;
}

void fetch_wait(struct loop *loop, struct fetch *f)
{
	turn_until(loop, is_done, f);
	assert_int_equal(f->done, 1);
}

void fetch_finish(struct fetch *f)
{
	buf_finish(&f->body);
	buf_finish(&f->headers);
}
