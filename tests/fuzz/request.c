/* request.c - whatever a peer sends: requests or a refusal, the same ones however the bytes are cut,
 * and never anything that the guard would not have let in. */
#include "net/request.h"

#include "base/mem.h"
#include "net/guard.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 2048
#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void tell(struct buf *out, const struct request *r)
{
	size_t len;
	const char *body = request_body(r, &len);
	static const char *const names[] = { "host", "content-length", "transfer-encoding", "x" };

	if (len > BODY_MAX || body[len] != '\0')
		abort();
	buf_printf(out, "%s %s ?%s %d %d [", request_method(r), request_path(r), request_query(r),
		request_keeps_alive(r), request_expects_continue(r));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = request_header(r, names[i]);

		buf_printf(out, "%s;", value ? value : "-");
	}
	buf_add(out, body, len);
	buf_puts(out, "]\n");
}

/* Reads all of it in pieces of so many bytes, and writes down what came of it. */
static void read_all(const char *bytes, size_t len, size_t piece, struct buf *out)
{
	struct request *r = request_create(HEAD_MAX);
	size_t at = 0, used;

	while (at < len) {
		size_t n = len - at < piece ? len - at : piece, done = 0;
		enum request_turn turn;

		do {
			turn = request_feed(r, bytes + at + done, n - done, &used);
			if (used > n - done)
				abort();
			done += used;
			if (turn == REQUEST_HEAD && !request_allow_body(r, BODY_MAX))
				turn = REQUEST_BAD;
			if (turn == REQUEST_WHOLE) {
				tell(out, r);
				request_reset(r);
			}
		} while (turn != REQUEST_BAD && (done < n || turn == REQUEST_HEAD));
		if (turn == REQUEST_BAD) {
			if (request_status(r) < 400 || !*request_why(r))
				abort();
			buf_printf(out, "bad %d\n", request_status(r));
			break;
		}
		at += done;
	}
	request_destroy(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	/* A copy of just its size, so that a read beyond it is seen. */
	char *text = malloc(len + !len);
	struct buf whole, cut;

	memcpy(text, bytes, len);
	buf_init(&whole, 64 << 20);
	buf_init(&cut, 64 << 20);
	read_all(text, len, len, &whole);
	read_all(text, len, 1, &cut);
	if (whole.len != cut.len || memcmp(whole.data, cut.data, cut.len) != 0) {
		fprintf(stderr, "whole:\n%scut:\n%s", whole.data, cut.data);
		abort();
	}
	buf_clear(&cut);
	read_all(text, len, 1 + (len ? bytes[0] % 17u : 0), &cut);
	if (whole.len != cut.len || memcmp(whole.data, cut.data, cut.len) != 0)
		abort();
	if (!*guard_text(guard_head(text, len, HEAD_MAX)))
		abort();
	buf_finish(&whole);
	buf_finish(&cut);
	free(text);
	return 0;
}
