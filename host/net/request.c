/* request.c - one HTTP/1.1 request out of bytes. */
#include "net/request.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "net/guard.h"

/* Buffers above this are given back between requests: an idle connection shall cost little. */
#define KEEP_BYTES ((size_t)16 * 1024)

/* Chunk sizes and trailers may take so many bytes for each of body, and head_max besides.  A chunk of
 * one byte takes five. */
#define FRAMING_PER_BYTE 8

enum phase { PHASE_HEAD = 1, PHASE_BODY, PHASE_WHOLE, PHASE_BAD };

struct span { /* offsets into head */
	uint32_t name, value, value_end;
};

struct request {
	enum phase phase;
	size_t head_max;
	struct buf head, body;
	size_t blank;   /* bytes passed over before it */
	size_t line_at; /* where the line begins that the head's end is looked for in */
	char *target, *target_end; /* as it came */
	const char *path, *query;
	struct span headers[GUARD_LINES_MAX];
	size_t header_count;
	llhttp_t parser;
	bool in_head, complete, keeps_alive, has_body, is_1_1, too_big;
	uint64_t claimed; /* Content-Length; 0 where there is none */
	uint64_t framing;
	int status;
	const char *why;
};

static int on_url(llhttp_t *p, const char *at, size_t len)
{
	struct request *r = p->data;
	char *here = r->head.data + (at - r->head.data);

	if (!r->target)
		r->target = here;
	r->target_end = here + len;
	return 0;
}

static int on_header_field(llhttp_t *p, const char *at, size_t len)
{
	struct request *r = p->data;
	struct span *h;

	(void)len;
	if (!r->in_head) /* trailers: of no use to us */
		return 0;
	if (r->header_count == GUARD_LINES_MAX)
		return -1;
	h = &r->headers[r->header_count];
	if (!h->name)
		h->name = (uint32_t)(at - r->head.data);
	return 0;
}

static int on_header_value(llhttp_t *p, const char *at, size_t len)
{
	struct request *r = p->data;
	struct span *h = &r->headers[r->header_count];

	if (!r->in_head)
		return 0;
	if (!h->value)
		h->value = (uint32_t)(at - r->head.data);
	h->value_end = (uint32_t)(at - r->head.data + len);
	return 0;
}

static int on_header_value_complete(llhttp_t *p)
{
	struct request *r = p->data;

	if (r->in_head)
		r->header_count++;
	return 0;
}

static int on_headers_complete(llhttp_t *p)
{
	struct request *r = p->data;

	r->keeps_alive = llhttp_should_keep_alive(p);
	r->is_1_1 = p->http_minor == 1;
	r->claimed = p->flags & F_CONTENT_LENGTH ? p->content_length : 0;
	r->has_body = r->claimed > 0 || p->flags & F_CHUNKED;
	return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct request *r = p->data;

	if (buf_add(&r->body, at, len))
		return 0;
	r->too_big = true;
	return -1;
}

static int on_message_complete(llhttp_t *p)
{
	struct request *r = p->data;

	r->complete = true;
	return HPE_PAUSED; /* so that the start of the next request is exact */
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_header_field,
	.on_header_value = on_header_value,
	.on_header_value_complete = on_header_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

struct request *request_create(size_t head_max)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->head_max = head_max;
	buf_init(&r->head, head_max);
	buf_init(&r->body, 0);
	request_reset(r);
	return r;
}

void request_destroy(struct request *r)
{
	if (!r)
		return;
	buf_finish(&r->head);
	buf_finish(&r->body);
	free(r);
}

static void empty(struct buf *b, size_t max)
{
	if (b->cap > KEEP_BYTES) {
		buf_finish(b);
		buf_init(b, max);
	}
	buf_clear(b);
	b->max = max;
}

void request_reset(struct request *r)
{
	r->phase = PHASE_HEAD;
	empty(&r->head, r->head_max);
	empty(&r->body, 0);
	r->line_at = 0;
	r->target = r->target_end = NULL;
	r->path = r->query = NULL;
	r->blank = 0;
	memset(r->headers, 0, r->header_count * sizeof *r->headers);
	r->header_count = 0;
	llhttp_init(&r->parser, HTTP_REQUEST, &settings);
	r->parser.data = r;
	r->in_head = true;
	r->complete = r->keeps_alive = r->has_body = r->is_1_1 = r->too_big = false;
	r->claimed = r->framing = 0;
	r->status = 0;
	r->why = NULL;
}

static enum request_turn bad(struct request *r, int status, const char *why)
{
	r->phase = PHASE_BAD;
	r->status = status;
	r->why = why;
	r->keeps_alive = false;
	return REQUEST_BAD;
}

static int guard_status(enum guard g)
{
	switch (g) {
	case GUARD_TOO_LONG:
	case GUARD_TOO_MANY:
		return 431;
	case GUARD_METHOD:
		return 501;
	case GUARD_VERSION:
		return 505;
	case GUARD_CLEAN:
	case GUARD_NUL:
	case GUARD_BARE_CR:
	case GUARD_BARE_LF:
	case GUARD_FOLDED:
	case GUARD_SHORT:
	case GUARD_NO_HOST:
	case GUARD_TWO_HOSTS:
	case GUARD_OLD_CHUNKED:
	case GUARD_NAME:
		break;
	}
	return 400;
}

enum end { END_NOT_YET, END_FOUND, END_BARE_LF };

/* Where the empty line ends.  Looks on from *line_at, which it moves; a LF alone is told of at once,
 * as a head that uses such never ends for us. */
static enum end find_end(const char *data, size_t len, size_t *line_at, size_t *end)
{
	const char *lf;

	while (*line_at < len && (lf = memchr(data + *line_at, '\n', len - *line_at))) {
		size_t at = (size_t)(lf - data);

		if (at == 0 || data[at - 1] != '\r')
			return END_BARE_LF;
		*end = at + 1;
		if (at - *line_at == 1)
			return END_FOUND;
		*line_at = at + 1;
	}
	return END_NOT_YET;
}

/* "http://host/path?query" is as good as "/path?query" (RFC 9112 3.2.2). */
static void split_target(struct request *r)
{
	char *target = r->target, *mark;

	*r->target_end = '\0';
	if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
		target = strchr(target, ':') + 3;
		target += strcspn(target, "/?");
	}
	mark = strchr(target, '?');
	r->query = mark ? mark + 1 : "";
	if (mark)
		*mark = '\0';
	r->path = *target ? target : "/";
}

/* llhttp is done with the head: its texts are ended in place. */
static void split_head(struct request *r)
{
	r->head.data[strcspn(r->head.data, " ")] = '\0'; /* the method */
	split_target(r);
	for (size_t i = 0; i < r->header_count; i++) {
		struct span *h = &r->headers[i];
		char *name = r->head.data + h->name;

		if (!h->value) /* an empty one: the colon's place is as good as any */
			h->value = h->value_end = h->name + (uint32_t)strcspn(name, ":");
		while (h->value_end > h->value && strchr(" \t", r->head.data[h->value_end - 1]))
			h->value_end--;
		name[strcspn(name, ":")] = '\0';
		r->head.data[h->value_end] = '\0';
	}
}

static enum request_turn parse_head(struct request *r)
{
	enum guard g = guard_head(r->head.data, r->head.len, r->head_max);
	llhttp_errno_t e;

	if (g != GUARD_CLEAN)
		return bad(r, guard_status(g), guard_text(g));
	e = llhttp_execute(&r->parser, r->head.data, r->head.len);
	if (e != HPE_OK && !(e == HPE_PAUSED && r->complete))
		return bad(r, 400, llhttp_get_error_reason(&r->parser));
	r->in_head = false;
	split_head(r);
	r->phase = PHASE_BODY;
	return REQUEST_HEAD;
}

/* An empty line or two before the request line is passed over (RFC 9112 2.2). */
static size_t pass_blank(struct request *r, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && r->blank < 4 && bytes[at] == "\r\n"[r->blank % 2]) {
		at++;
		r->blank++;
	}
	return at;
}

static enum request_turn take_head(struct request *r, const char *bytes, size_t len, size_t *used)
{
	size_t had = r->head.len, blank = had ? 0 : pass_blank(r, bytes, len), end = 0, take;
	enum end found;

	bytes += blank;
	len -= blank;
	*used = blank;
	if (len > 0 && had == 0 && r->blank % 2)
		return bad(r, 400, guard_text(GUARD_BARE_CR));
	take = len < r->head_max - had ? len : r->head_max - had;
	if (had == 0) { /* most often the head comes whole: then the body is not copied here */
		found = find_end(bytes, take, &r->line_at, &end);
		if (found == END_FOUND)
			take = end;
		buf_add(&r->head, bytes, take);
	} else {
		buf_add(&r->head, bytes, take);
		found = find_end(r->head.data, r->head.len, &r->line_at, &end);
		if (found == END_FOUND) {
			take = end - had;
			r->head.len = end;
			r->head.data[end] = '\0';
		}
	}
	*used += take;
	if (found == END_FOUND)
		return parse_head(r);
	if (found == END_BARE_LF)
		return bad(r, 400, guard_text(GUARD_BARE_LF));
	if (r->head.len == r->head_max)
		return bad(r, 431, guard_text(GUARD_TOO_LONG));
	return REQUEST_MORE;
}

static enum request_turn take_body(struct request *r, const char *bytes, size_t len, size_t *used)
{
	size_t before = r->body.len;
	llhttp_errno_t e = HPE_OK;

	if (!r->complete && len > 0) {
		e = llhttp_execute(&r->parser, bytes, len);
		*used = e == HPE_OK ? len : (size_t)(llhttp_get_error_pos(&r->parser) - bytes);
	}
	if (r->too_big)
		return bad(r, 413, "the body is too long");
	if (e != HPE_OK && !r->complete)
		return bad(r, 400, llhttp_get_error_reason(&r->parser));
	r->framing += *used - (r->body.len - before);
	if (r->framing > r->head_max + FRAMING_PER_BYTE * (uint64_t)r->body.len)
		return bad(r, 400, "too much around the body");
	if (!r->complete)
		return REQUEST_MORE;
	r->phase = PHASE_WHOLE;
	return REQUEST_WHOLE;
}

enum request_turn request_feed(struct request *r, const char *bytes, size_t len, size_t *used)
{
	*used = 0;
	switch (r->phase) {
	case PHASE_HEAD:
		return take_head(r, bytes, len, used);
	case PHASE_BODY:
		return take_body(r, bytes, len, used);
	case PHASE_WHOLE:
		return REQUEST_WHOLE;
	case PHASE_BAD:
		break;
	}
	return REQUEST_BAD;
}

bool request_allow_body(struct request *r, size_t max)
{
	if (r->claimed > max) {
		bad(r, 413, "the body is too long");
		return false;
	}
	r->body.max = max;
	return true;
}

int request_status(const struct request *r)
{
	return r->status;
}

const char *request_why(const struct request *r)
{
	return r->why ? r->why : "";
}

bool request_begun(const struct request *r)
{
	return r->head.len > 0;
}

bool request_has_body(const struct request *r)
{
	return r->has_body;
}

bool request_keeps_alive(const struct request *r)
{
	return r->keeps_alive;
}

bool request_expects_continue(const struct request *r)
{
	const char *expect = r->is_1_1 && r->has_body ? request_header(r, "expect") : NULL;

	return expect && strcasecmp(expect, "100-continue") == 0;
}

uint64_t request_body_got(const struct request *r)
{
	return r->body.len;
}

const char *request_method(const struct request *r)
{
	return r->head.data;
}

const char *request_path(const struct request *r)
{
	return r->path;
}

const char *request_query(const struct request *r)
{
	return r->query;
}

const char *request_header(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (strcasecmp(r->head.data + r->headers[i].name, name) == 0)
			return r->head.data + r->headers[i].value;
	return NULL;
}

const char *request_body(const struct request *r, size_t *len)
{
	*len = r->body.len;
	return r->body.data;
}
