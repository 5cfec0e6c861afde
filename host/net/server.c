/* server.c - HTTP/1.1 for those who call us. */
#include "net/server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"
#include "net/request.h"
#include "net/tls.h"

#define READ_SIZE   ((size_t)64 * 1024)
#define BACKLOG     1024
#define AHEAD_MAX   ((size_t)64 * 1024)  /* bytes read beyond the request at hand; then reading stops */
#define UNSENT_MAX  ((size_t)256 * 1024) /* of what TLS itself sends: a peer that makes us owe more is cut */
#define BODY_STEP   (256u << 10)         /* what a body may take body_ms for */
#define BODY_SMALL  ((size_t)64 * 1024)  /* there is always room for one of these */
#define SLOW_MS     5000                 /* from then on a body, or our answer, must do 1 KB/s */
#define LINGER_MS   2000                 /* for the peer to read our last answer and close */
#define LINGER_MAX  ((size_t)1024 * 1024)
#define ANSWER_MAX  ((size_t)256 * 1024 * 1024)
#define WIRE_KEPT   ((size_t)1024 * 1024)
#define HEAD_MAX    ((size_t)64 * 1024)  /* of an answer */
#define DATE_SIZE   30                   /* "Sun, 06 Nov 1994 08:49:37 GMT" */
#define PEER_SIZE   64

/*  accept --> HEAD <-----------------------------.
 *              |  head allowed                    |
 *             BODY                                | kept alive
 *              |  whole: on_request()             |
 *             ANSWER --inbound_answer()--> SENDING'--last one--> LINGER
 *  Any of them -> CLOSED when the peer is gone, a deadline has passed, or we refuse (through SENDING
 *  and LINGER, so that the peer gets to read why). */
enum phase { PHASE_HEAD = 1, PHASE_BODY, PHASE_ANSWER, PHASE_SENDING, PHASE_LINGER, PHASE_CLOSED };

union socket {
	uv_handle_t handle;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct listener {
	union socket socket;
	struct server *server;
	struct listener *next;
	struct tls_conf *tls;
	char *cert, *key; /* NULL: plain */
	bool is_unix;
};

/* The one request of a connection that is being read or answered. */
struct inbound {
	union socket socket;
	struct server *server; /* NULL: it is gone, but an answer is still to be given */
	struct inbound *next, **link;
	struct inbound *next_ready;
	void *ctx;
	struct request *request;
	struct tls *tls;
	struct buf ahead;
	struct timer timer;
	int64_t deadline_ms, body_from_ms;
	size_t unsent;       /* writes that the kernel has not taken yet */
	size_t queue_before; /* bytes of them when their deadline was set */
	size_t lingered;
	size_t weight;       /* of its body, in server.bodies */
	uv_shutdown_t shutdown;
	enum phase phase;
	bool owed;       /* on_request() was called, inbound_answer() was not */
	bool last;       /* nothing is read after the answer */
	bool ended;      /* the peer will send no more */
	bool late;       /* the head's deadline runs */
	bool paused;     /* not reading */
	bool digesting;  /* within digest(): it goes on by itself */
	bool ready;      /* in the server's list: bytes ahead wait for a turn */
	bool shut;       /* the handle is closed; only an answer still owed keeps this alive */
	char peer[PEER_SIZE];
};

struct server {
	struct loop *loop;
	struct server_limits limits;
	struct server_events events;
	void *ctx;
	struct listener *listeners;
	struct inbound *open, *ready;
	struct server_counts counts;
	uint32_t handles; /* not yet closed */
	bool turn_posted, closing, full;
	size_t bodies; /* bytes of bodies held now */
	struct timer grace;
	loop_fn *closed;
	void *closed_arg;
	char *bytes;                   /* what a read brings */
	struct buf plain, wire, head;  /* scratch, empty between turns */
	int64_t date_s;
	char date[DATE_SIZE];
};

/* What the kernel did not take at once. */
struct unsent {
	uv_write_t write;
	char bytes[];
};

static const struct {
	int status;
	const char *line;
} statuses[] = {
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" },
	{ 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
	{ 413, "Content Too Large" }, { 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Content" }, { 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
	{ 501, "Not Implemented" }, { 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
};

static const char *status_line(int status)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].status == status)
			return statuses[i].line;
	return "Status";
}

/* ---- the end of a connection, and of the server ---- */

static void unlink_inbound(struct inbound *in)
{
	if (in->next)
		in->next->link = in->link;
	if (in->link)
		*in->link = in->next;
	in->next = NULL;
	in->link = NULL;
}

/* What its body holds now counts among all of them. */
static void weigh(struct inbound *in, size_t bytes)
{
	if (in->server)
		in->server->bodies += bytes - in->weight;
	in->weight = bytes;
}

static void free_inbound(struct inbound *in)
{
	weigh(in, 0);
	unlink_inbound(in);
	request_destroy(in->request);
	tls_destroy(in->tls);
	buf_finish(&in->ahead);
	free(in);
}

static void finish_if_done(struct server *s)
{
	loop_fn *closed = s->closed;
	void *arg = s->closed_arg;

	if (!s->closing || s->handles > 0 || s->turn_posted)
		return;
	while (s->open) { /* whoever still owes an answer frees it by giving it */
		s->open->server = NULL;
		unlink_inbound(s->open);
	}
	timer_clear(s->loop, &s->grace);
	buf_finish(&s->plain);
	buf_finish(&s->wire);
	buf_finish(&s->head);
	free(s->bytes);
	free(s);
	if (closed)
		closed(arg);
}

/* ---- deadlines ---- */

static void on_deadline(void *arg);

/* A timer that is due earlier stays: it looks again when it fires.  Most requests come and go without
 * one being moved. */
static void set_deadline(struct inbound *in, int64_t at_ms)
{
	in->deadline_ms = at_ms;
	if (in->timer.at_ms == 0 || in->timer.at_ms > at_ms)
		timer_set(in->server->loop, &in->timer, at_ms, on_deadline, in);
}

static int64_t now_of(const struct inbound *in)
{
	return loop_now_ms(in->server->loop);
}

/* ---- closing a connection ---- */

static void on_closed(uv_handle_t *handle)
{
	struct inbound *in = handle->data;
	struct server *s = in->server;

	in->shut = true;
	if (!in->owed)
		free_inbound(in);
	s->handles--;
	if (--s->counts.open < s->limits.connections)
		s->full = false;
	finish_if_done(s);
}

static void not_ready(struct inbound *in)
{
	struct inbound **link = &in->server->ready;

	if (!in->ready)
		return;
	while (*link != in)
		link = &(*link)->next_ready;
	*link = in->next_ready;
	in->ready = false;
}

static void close_now(struct inbound *in)
{
	if (in->phase == PHASE_CLOSED)
		return;
	not_ready(in);
	in->phase = PHASE_CLOSED;
	in->ended = true;
	timer_clear(in->server->loop, &in->timer);
	uv_close(&in->socket.handle, on_closed);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
	(void)shutdown, (void)status; /* the peer's end, or the deadline, follows */
}

/* ---- sending ---- */

static void go_on(struct inbound *in);
static void digest_ahead(struct inbound *in);

static void on_written(uv_write_t *write, int status)
{
	struct inbound *in = write->data;

	free(write);
	in->unsent--;
	if (in->phase == PHASE_CLOSED)
		return;
	if (status < 0)
		close_now(in);
	else if (in->phase == PHASE_SENDING && in->unsent == 0) {
		go_on(in);
		digest_ahead(in);
	}
}

static void queue_rest(struct inbound *in, const uv_buf_t *parts, unsigned count, size_t sent)
{
	struct unsent *rest;
	size_t all = 0, at = 0;
	uv_buf_t buf;

	for (unsigned i = 0; i < count; i++)
		all += parts[i].len;
	if (all == sent)
		return;
	rest = xcalloc(1, sizeof *rest + all - sent);
	for (unsigned i = 0; i < count; i++) {
		size_t skip = sent < parts[i].len ? sent : parts[i].len;

		memcpy(rest->bytes + at, parts[i].base + skip, parts[i].len - skip);
		at += parts[i].len - skip;
		sent -= skip;
	}
	rest->write.data = in;
	buf = uv_buf_init(rest->bytes, (unsigned)at);
	in->unsent++;
	if (uv_write(&rest->write, &in->socket.stream, &buf, 1, on_written) < 0) {
		in->unsent--;
		free(rest);
		close_now(in);
	}
}

static void send_raw(struct inbound *in, const uv_buf_t *parts, unsigned count)
{
	int sent = uv_try_write(&in->socket.stream, parts, count);

	if (sent < 0 && sent != UV_EAGAIN) {
		close_now(in);
		return;
	}
	queue_rest(in, parts, count, sent < 0 ? 0 : (size_t)sent);
}

static void send_wire(struct inbound *in)
{
	struct server *s = in->server;
	uv_buf_t part = uv_buf_init(s->wire.data, (unsigned)s->wire.len);

	if (s->wire.len > 0 && in->phase != PHASE_CLOSED)
		send_raw(in, &part, 1);
	buf_clear(&s->wire);
	if (s->wire.cap > WIRE_KEPT)
		buf_finish(&s->wire);
}

static void send_bytes(struct inbound *in, const char *head, size_t head_len, const char *body,
	size_t body_len)
{
	struct buf *wire = &in->server->wire;

	if (!in->tls) {
		union { const char *in; char *out; } h = { head }, b = { body }; /* libuv only reads */
		uv_buf_t parts[2] = { uv_buf_init(h.out, (unsigned)head_len),
			uv_buf_init(b.out, (unsigned)body_len) };

		send_raw(in, parts, body_len ? 2 : 1);
		return;
	}
	if (tls_write(in->tls, head, head_len, wire) == TLS_FAILED ||
		tls_write(in->tls, body, body_len, wire) == TLS_FAILED) {
		buf_clear(wire);
		close_now(in);
		return;
	}
	send_wire(in);
}

/* Our side is said to be over; what the peer still sends is read into the void for a while, because
 * closing on unread bytes resets the connection and may take our last answer with it. */
static void linger(struct inbound *in)
{
	if (in->ended) {
		close_now(in);
		return;
	}
	in->phase = PHASE_LINGER;
	if (!in->owed) {
		request_reset(in->request);
		weigh(in, 0);
	}
	if (in->tls) {
		tls_shutdown(in->tls, &in->server->wire);
		send_wire(in);
		if (in->phase == PHASE_CLOSED)
			return;
	}
	if (uv_shutdown(&in->shutdown, &in->socket.stream, on_shutdown) < 0) {
		close_now(in);
		return;
	}
	set_deadline(in, now_of(in) + LINGER_MS);
}

/* The answer is with the kernel. */
static void go_on(struct inbound *in)
{
	struct server *s = in->server;

	if (in->last || s->closing) {
		linger(in);
		return;
	}
	request_reset(in->request);
	weigh(in, 0);
	in->phase = PHASE_HEAD;
	in->late = false;
	set_deadline(in, now_of(in) + s->limits.idle_ms);
}

/* ---- an answer ---- */

static const char *date_now(struct server *s)
{
	static const char days[] = "ThuFriSatSunMonTueWed", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t now_s = loop_now_ms(s->loop) / 1000;
	char iso[WHEN_SIZE];
	int month;

	if (now_s == s->date_s)
		return s->date;
	s->date_s = now_s;
	when_text(now_s * 1000, iso);
	month = (iso[5] - '0') * 10 + iso[6] - '0';
	snprintf(s->date, sizeof s->date, "%.3s, %.2s %.3s %.4s %.8s GMT", days + now_s / 86400 % 7 * 3,
		iso + 8, months + (month - 1) * 3, iso, iso + 11);
	return s->date;
}

static bool one_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' && *text != '\t')
			return false;
	return true;
}

static void put_header(struct buf *b, const char *name, const char *value)
{
	if (!one_line(value)) { /* text from outside must not become a header of its own */
		log_line(LOG_ERROR, "net", "header %s left out of an answer: its value is not one line", name);
		return;
	}
	buf_puts(b, name);
	buf_puts(b, ": ");
	buf_puts(b, value);
	buf_puts(b, "\r\n");
}

static void put_number(struct buf *b, uint64_t number)
{
	char digits[20], *at = digits + sizeof digits;

	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	buf_add(b, at, (size_t)(digits + sizeof digits - at));
}

static void put_head(struct inbound *in, int status, const char *type, size_t len,
	const struct answer_header *headers)
{
	struct server *s = in->server;
	struct buf *b = &s->head;

	buf_clear(b);
	buf_puts(b, "HTTP/1.1 ");
	put_number(b, (uint64_t)status);
	buf_putc(b, ' ');
	buf_puts(b, status_line(status));
	buf_puts(b, "\r\n");
	put_header(b, "Date", date_now(s));
	if (type)
		put_header(b, "Content-Type", type);
	if (status != 204 && status != 304) {
		buf_puts(b, "Content-Length: ");
		put_number(b, len);
		buf_puts(b, "\r\n");
	}
	for (; headers && headers->name; headers++)
		put_header(b, headers->name, headers->value);
	put_header(b, "Connection", in->last ? "close" : "keep-alive");
	buf_puts(b, "\r\n");
}

static bool answers_a_head(const struct inbound *in)
{
	const char *method = request_path(in->request) ? request_method(in->request) : "";

	return strcmp(method, "HEAD") == 0;
}

static void answer(struct inbound *in, int status, const char *type, const void *body, size_t len,
	const struct answer_header *headers)
{
	struct server *s = in->server;
	bool no_body = status == 204 || status == 304 || !type;

	if (in->ended && in->ahead.len == 0)
		in->last = true;
	if (s->closing || !request_keeps_alive(in->request))
		in->last = true;
	put_head(in, status, type, no_body ? 0 : len, headers);
	if (s->head.full) {
		log_line(LOG_ERROR, "net", "an answer's headers are over %zu bytes", HEAD_MAX);
		in->last = true;
		no_body = true;
		put_head(in, 500, NULL, 0, NULL);
	}
	in->phase = PHASE_SENDING;
	send_bytes(in, s->head.data, s->head.len, body, no_body || answers_a_head(in) ? 0 : len);
	if (in->phase == PHASE_CLOSED)
		return;
	if (in->unsent == 0) {
		go_on(in);
		return;
	}
	in->queue_before = uv_stream_get_write_queue_size(&in->socket.stream);
	set_deadline(in, now_of(in) + s->limits.send_ms);
}

static void answer_error(struct inbound *in, int status, const char *text)
{
	struct buf body;

	buf_init(&body, HEAD_MAX);
	buf_puts(&body, "{\"error\":");
	json_write_string(&body, text, strlen(text));
	buf_putc(&body, '}');
	answer(in, status, "application/json", body.data, body.len, NULL);
	buf_finish(&body);
}

/* We answer by ourselves, and it is the last thing said. */
static void refuse(struct inbound *in, int status, const char *why)
{
	log_line(LOG_DEBUG, "net", "%s: %d, %s", in->peer, status, why);
	in->last = true;
	answer_error(in, status, why);
}

/* ---- reading ---- */

static void head_is_there(struct inbound *in)
{
	static const char go_ahead[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct server *s = in->server;
	size_t max = s->limits.body_max;

	if (s->events.body_max_of)
		max = s->events.body_max_of(in->ctx, request_method(in->request), request_path(in->request));
	if (max == 0) {
		s->counts.refused++;
		in->last = request_has_body(in->request);
		answer_error(in, 404, "there is nothing at this address");
		return;
	}
	if (!request_allow_body(in->request, max)) {
		s->counts.refused++;
		refuse(in, request_status(in->request), request_why(in->request));
		return;
	}
	in->phase = PHASE_BODY;
	in->body_from_ms = now_of(in);
	if (request_expects_continue(in->request))
		send_bytes(in, go_ahead, sizeof go_ahead - 1, NULL, 0);
}

static void request_is_there(struct inbound *in)
{
	struct server *s = in->server;

	in->phase = PHASE_ANSWER;
	in->owed = true;
	s->counts.requests++;
	set_deadline(in, now_of(in) + s->limits.answer_ms);
	s->events.on_request(in->ctx, in);
}

/* It goes on, unless there is no room for it beside all the others. */
static void heed_all(struct inbound *in)
{
	struct server *s = in->server;

	weigh(in, (size_t)request_body_got(in->request));
	if (s->bodies <= s->limits.bodies_max || in->weight <= BODY_SMALL)
		return;
	s->counts.refused++;
	refuse(in, 503, "too much is being read at once, try again later");
}

/* Reads requests until the bytes are used up or one must be answered first. */
static size_t digest(struct inbound *in, const char *bytes, size_t len)
{
	size_t at = 0, used;

	in->digesting = true;
	while (in->phase == PHASE_HEAD || in->phase == PHASE_BODY) {
		enum request_turn turn = request_feed(in->request, bytes + at, len - at, &used);

		at += used;
		if (turn == REQUEST_MORE) {
			heed_all(in);
			break;
		}
		switch (turn) {
		case REQUEST_HEAD:
			head_is_there(in);
			break;
		case REQUEST_WHOLE:
			request_is_there(in);
			break;
		case REQUEST_BAD:
			in->server->counts.refused++;
			refuse(in, request_status(in->request), request_why(in->request));
			break;
		case REQUEST_MORE:
			break;
		}
	}
	in->digesting = false;
	return at;
}

/* A body may take body_ms for each BODY_STEP of it, and after SLOW_MS must have come at 1 KB/s: the
 * moment at which it would be too slow if nothing more came. */
static int64_t body_deadline(const struct inbound *in)
{
	size_t got = request_body_got(in->request);
	int64_t paid_ms = (int64_t)(got * 1000 / 1024), all = in->server->limits.body_ms;
	int64_t slow = paid_ms < SLOW_MS ? SLOW_MS : paid_ms;

	all += all * (int64_t)(got / BODY_STEP);

	return in->body_from_ms + (slow < all ? slow : all);
}

static void after_digest(struct inbound *in)
{
	switch (in->phase) {
	case PHASE_HEAD:
		if (in->ended)
			close_now(in);
		else if (!in->late && request_begun(in->request)) {
			in->late = true;
			set_deadline(in, now_of(in) + in->server->limits.head_ms);
		}
		break;
	case PHASE_BODY:
		if (in->ended)
			close_now(in);
		else
			set_deadline(in, body_deadline(in));
		break;
	case PHASE_ANSWER:
	case PHASE_SENDING:
	case PHASE_LINGER:
	case PHASE_CLOSED:
		break;
	}
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf);
static void on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *buf);

static void pause_or_resume(struct inbound *in)
{
	bool pause = in->ahead.len >= AHEAD_MAX;

	if (in->phase == PHASE_CLOSED || in->ended || pause == in->paused)
		return;
	in->paused = pause;
	if (pause)
		uv_read_stop(&in->socket.stream);
	else
		uv_read_start(&in->socket.stream, on_alloc, on_read);
}

static void digest_ahead(struct inbound *in)
{
	if (in->ahead.len > 0)
		buf_drop_front(&in->ahead, digest(in, in->ahead.data, in->ahead.len));
	if (in->ahead.len == 0 || in->phase == PHASE_LINGER)
		buf_finish(&in->ahead);
	after_digest(in);
	pause_or_resume(in);
}

static void bytes_came(struct inbound *in, const char *bytes, size_t len)
{
	size_t used = 0;

	if (in->phase == PHASE_LINGER) {
		in->lingered += len;
		if (in->lingered > LINGER_MAX)
			close_now(in);
		return;
	}
	if (in->ahead.len == 0)
		used = digest(in, bytes, len);
	if (used < len && in->phase != PHASE_LINGER && in->phase != PHASE_CLOSED)
		buf_add(&in->ahead, bytes + used, len - used);
	after_digest(in);
	pause_or_resume(in);
}

static void peer_ended(struct inbound *in)
{
	in->ended = true;
	if (in->phase == PHASE_LINGER)
		close_now(in);
	else
		after_digest(in);
}

static void wire_came(struct inbound *in, const char *bytes, size_t len)
{
	struct server *s = in->server;
	enum tls_state state = tls_read(in->tls, bytes, len, &s->plain, &s->wire);

	send_wire(in);
	if (in->phase == PHASE_CLOSED)
		goto done;
	if (s->plain.len > 0)
		bytes_came(in, s->plain.data, s->plain.len);
	if (in->phase == PHASE_CLOSED)
		goto done;
	if (state == TLS_FAILED) {
		s->counts.refused++;
		log_line(LOG_DEBUG, "net", "%s: its TLS is not ours", in->peer);
		close_now(in);
	} else if (state == TLS_CLOSED) {
		peer_ended(in);
	} else if (in->phase != PHASE_SENDING &&
		uv_stream_get_write_queue_size(&in->socket.stream) > UNSENT_MAX) {
		close_now(in);
	}
done:
	buf_clear(&s->plain);
}

static void on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *buf)
{
	struct inbound *in = handle->data;

	(void)want;
	*buf = uv_buf_init(in->server->bytes, READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
	struct inbound *in = stream->data;

	if (len == UV_EOF)
		peer_ended(in);
	else if (len < 0)
		close_now(in);
	else if (len > 0 && in->tls)
		wire_came(in, buf->base, (size_t)len);
	else if (len > 0)
		bytes_came(in, buf->base, (size_t)len);
}

static void answer_is_late(struct inbound *in)
{
	log_line(LOG_WARN, "net", "%s: %s %s was not answered in %" PRIu32 " ms", in->peer,
		request_method(in->request), request_path(in->request), in->server->limits.answer_ms);
	refuse(in, 503, "no answer was found in time, try again later");
}

/* In SENDING: has the peer taken 1 KB/s, or all but a rest, since the deadline was set? */
static bool peer_takes_it(struct inbound *in)
{
	size_t queue = uv_stream_get_write_queue_size(&in->socket.stream);
	size_t least = (size_t)in->server->limits.send_ms * 1024 / 1000;
	bool takes = in->queue_before - queue >= (least < in->queue_before ? least : in->queue_before);

	in->queue_before = queue;
	return takes;
}

static void on_deadline(void *arg)
{
	struct inbound *in = arg;
	struct server *s = in->server;
	int64_t now = now_of(in);

	if (now < in->deadline_ms) {
		set_deadline(in, in->deadline_ms);
		return;
	}
	switch (in->phase) {
	case PHASE_HEAD:
		if (in->late)
			s->counts.timed_out++;
		if (request_begun(in->request))
			refuse(in, 408, "the request did not come in time");
		else
			close_now(in);
		break;
	case PHASE_BODY:
		s->counts.timed_out++;
		refuse(in, 408, "the body did not come in time");
		break;
	case PHASE_ANSWER:
		s->counts.timed_out++;
		answer_is_late(in);
		break;
	case PHASE_SENDING:
		if (peer_takes_it(in)) {
			set_deadline(in, now + s->limits.send_ms);
			break;
		}
		s->counts.timed_out++;
		close_now(in);
		break;
	case PHASE_LINGER:
		close_now(in);
		break;
	case PHASE_CLOSED:
		break;
	}
}

/* ---- listeners ---- */

static void name_peer(struct inbound *in, bool is_unix)
{
	struct sockaddr_storage from;
	int len = sizeof from;
	char address[48] = "?";
	unsigned port = 0;

	if (is_unix) {
		snprintf(in->peer, sizeof in->peer, "unix");
		return;
	}
	if (uv_tcp_getpeername(&in->socket.tcp, (struct sockaddr *)&from, &len) == 0) {
		bool six = from.ss_family == AF_INET6;

		port = ntohs(six ? ((struct sockaddr_in6 *)&from)->sin6_port :
			((struct sockaddr_in *)&from)->sin_port);
		uv_ip_name((struct sockaddr *)&from, address, sizeof address);
		if (six) {
			snprintf(in->peer, sizeof in->peer, "[%s]:%u", address, port);
			return;
		}
	}
	snprintf(in->peer, sizeof in->peer, "%s:%u", address, port);
}

static void init_socket(struct server *s, union socket *socket, bool is_unix)
{
	uv_loop_t *uv = loop_uv(s->loop);
	int failed = is_unix ? uv_pipe_init(uv, &socket->pipe, 0) : uv_tcp_init(uv, &socket->tcp);

	must(failed == 0);
	s->handles++;
}

/* Over the ceiling: said once for each time it is reached. */
static bool there_is_room(struct server *s)
{
	if (s->counts.open <= s->limits.connections)
		return true;
	s->counts.refused++;
	if (!s->full)
		log_line(LOG_WARN, "net", "%" PRIu32 " connections are open: new ones are closed at once",
			s->limits.connections);
	s->full = true;
	return false;
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct listener *l = stream->data;
	struct server *s = l->server;
	struct inbound *in;

	if (status < 0) {
		log_line(LOG_WARN, "net", "accept: %s", uv_strerror(status));
		return;
	}
	in = xcalloc(1, sizeof *in);
	in->server = s;
	in->ctx = s->ctx;
	in->phase = PHASE_HEAD;
	in->next = s->open;
	in->link = &s->open;
	if (in->next)
		in->next->link = &in->next;
	s->open = in;
	s->counts.open++;
	init_socket(s, &in->socket, l->is_unix);
	in->socket.handle.data = in;
	buf_init(&in->ahead, AHEAD_MAX + READ_SIZE + 32 * 1024);
	if (uv_accept(stream, &in->socket.stream) < 0 || !there_is_room(s) || s->closing) {
		close_now(in);
		return;
	}
	s->counts.accepted++;
	in->request = request_create(s->limits.head_max);
	if (!l->is_unix)
		uv_tcp_nodelay(&in->socket.tcp, 1);
	name_peer(in, l->is_unix);
	if (l->tls)
		in->tls = tls_create(l->tls);
	in->late = true;
	set_deadline(in, now_of(in) + s->limits.head_ms);
	uv_read_start(&in->socket.stream, on_alloc, on_read);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;
	struct server *s = l->server;

	tls_conf_release(l->tls);
	free(l->cert);
	free(l->key);
	free(l);
	s->handles--;
	finish_if_done(s);
}

static struct listener *add_listener(struct server *s, bool is_unix)
{
	struct listener *l = xcalloc(1, sizeof *l);

	l->server = s;
	l->is_unix = is_unix;
	init_socket(s, &l->socket, is_unix);
	l->socket.handle.data = l;
	return l;
}

static int start_listening(struct server *s, struct listener *l)
{
	int failed = uv_listen(&l->socket.stream, BACKLOG, on_connection);

	if (failed == 0) {
		l->next = s->listeners;
		s->listeners = l;
	}
	return failed;
}

static int bind_tcp(struct listener *l, const char *address, int port, int *port_out)
{
	struct sockaddr_storage at;
	int len = sizeof at, failed = uv_ip4_addr(address, port, (struct sockaddr_in *)&at);

	if (failed < 0)
		failed = uv_ip6_addr(address, port, (struct sockaddr_in6 *)&at);
	if (failed == 0)
		failed = uv_tcp_bind(&l->socket.tcp, (struct sockaddr *)&at, 0);
	if (failed == 0)
		failed = start_listening(l->server, l);
	if (failed == 0 && port_out &&
		uv_tcp_getsockname(&l->socket.tcp, (struct sockaddr *)&at, &len) == 0)
		*port_out = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port :
			((struct sockaddr_in *)&at)->sin_port);
	return failed;
}

int server_listen_tcp(struct server *s, const char *address, int port, const char *cert, const char *key,
	int *port_out, struct err *e)
{
	struct tls_conf *tls = NULL;
	struct listener *l;
	int failed;

	if (!cert != !key)
		return err_set(e, ERR_INPUT, "listen %s:%d: certificate and key go together", address, port);
	if (cert && !(tls = tls_conf_create(cert, key, e))) {
		err_within(e, "listen %s:%d", address, port);
		return ERR_INPUT;
	}
	l = add_listener(s, false);
	l->tls = tls;
	if (cert) {
		l->cert = xstrdup(cert);
		l->key = xstrdup(key);
	}
	failed = bind_tcp(l, address, port, port_out);
	if (failed == 0)
		return 0;
	uv_close(&l->socket.handle, on_listener_closed);
	if (failed == UV_EINVAL)
		return err_set(e, ERR_INPUT, "listen %s:%d: an IPv4 or IPv6 address and a port are needed", address,
			port);
	return err_set(e, failed == UV_EADDRINUSE ? ERR_LOCKED : ERR_SYSTEM, "listen %s:%d: %s", address, port,
		uv_strerror(failed));
}

/* A socket that a dead process left behind is removed; anything else that stands there is not ours. */
static int clear_path(const char *path, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, failed;

	if (strlen(path) >= sizeof at.sun_path)
		return err_set(e, ERR_INPUT, "listen %s: a socket's path has at most %zu bytes", path,
			sizeof at.sun_path - 1);
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_set(e, ERR_SYSTEM, "listen %s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_REFUSED, "listen %s: there is a file, and it is no socket", path);
	memcpy(at.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, ERR_SYSTEM, "listen %s: %s", path, strerror(errno));
	failed = connect(fd, (struct sockaddr *)&at, sizeof at) < 0 ? errno : 0;
	close(fd);
	if (failed != ECONNREFUSED)
		return err_set(e, ERR_LOCKED, "listen %s: another process listens there", path);
	return unlink(path) == 0 ? 0 : err_set(e, ERR_SYSTEM, "listen %s: %s", path, strerror(errno));
}

int server_listen_unix(struct server *s, const char *path, struct err *e)
{
	int failed = clear_path(path, e);
	struct listener *l;

	if (failed)
		return failed;
	l = add_listener(s, true);
	failed = uv_pipe_bind(&l->socket.pipe, path);
	if (failed == 0 && chmod(path, 0600) < 0) /* nobody can connect before we listen */
		failed = uv_translate_sys_error(errno);
	if (failed == 0)
		failed = start_listening(s, l);
	if (failed == 0)
		return 0;
	uv_close(&l->socket.handle, on_listener_closed);
	return err_set(e, ERR_SYSTEM, "listen %s: %s", path, uv_strerror(failed));
}

int server_reload_tls(struct server *s, struct err *e)
{
	int worst = 0;

	for (struct listener *l = s->listeners; l; l = l->next) {
		struct tls_conf *fresh = l->cert ? tls_conf_create(l->cert, l->key, e) : NULL;

		if (fresh) {
			tls_conf_release(l->tls);
			l->tls = fresh;
		} else if (l->cert) {
			worst = ERR_INPUT;
		}
	}
	return worst;
}

int64_t server_certificate_ends_ms(const struct server *s, int64_t *life_ms)
{
	int64_t first = 0;

	for (const struct listener *l = s->listeners; l; l = l->next) {
		int64_t life = 0, ends = l->tls ? tls_conf_ends_ms(l->tls, &life) : 0;

		if (!ends || (first && ends >= first))
			continue;
		first = ends;
		*life_ms = life;
	}
	return first;
}

/* ---- the server ---- */

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
	return value ? value : fallback;
}

struct server *server_create(struct loop *loop, const struct server_limits *limits,
	const struct server_events *events, void *ctx)
{
	struct server *s = xcalloc(1, sizeof *s);
	struct server_limits *l = &s->limits;

	if (limits)
		*l = *limits;
	l->head_max = l->head_max ? l->head_max : (size_t)32 * 1024;
	l->body_max = l->body_max ? l->body_max : (size_t)1024 * 1024;
	l->bodies_max = l->bodies_max ? l->bodies_max : (size_t)256 * 1024 * 1024;
	l->head_ms = or_default(l->head_ms, 10 * 1000);
	l->body_ms = or_default(l->body_ms, 30 * 1000);
	l->idle_ms = or_default(l->idle_ms, 60 * 1000);
	l->answer_ms = or_default(l->answer_ms, 120 * 1000);
	l->send_ms = or_default(l->send_ms, 30 * 1000);
	l->connections = or_default(l->connections, 4096);
	s->loop = loop;
	s->events = *events;
	s->ctx = ctx;
	s->bytes = xcalloc(1, READ_SIZE);
	buf_init(&s->plain, READ_SIZE + 32 * 1024);
	buf_init(&s->wire, ANSWER_MAX);
	buf_init(&s->head, HEAD_MAX);
	return s;
}

static void close_all(void *arg)
{
	struct server *s = arg;

	for (struct inbound *in = s->open; in; in = in->next)
		close_now(in);
}

static void close_idle(struct server *s)
{
	for (struct inbound *in = s->open; in; in = in->next)
		if (in->phase == PHASE_HEAD && !request_begun(in->request))
			close_now(in);
}

static void turn(void *arg)
{
	struct server *s = arg;

	s->turn_posted = false;
	for (struct inbound *in; (in = s->ready); ) {
		not_ready(in);
		digest_ahead(in);
	}
	finish_if_done(s);
}

static void post_turn(struct server *s)
{
	if (s->turn_posted)
		return;
	s->turn_posted = true;
	loop_post(s->loop, turn, s);
}

void server_close(struct server *s, uint32_t grace_ms, loop_fn *closed, void *arg)
{
	if (s->closing)
		return;
	s->closing = true;
	s->closed = closed;
	s->closed_arg = arg;
	for (struct listener *l = s->listeners; l; l = l->next)
		uv_close(&l->socket.handle, on_listener_closed);
	s->listeners = NULL;
	close_idle(s);
	if (grace_ms == 0)
		close_all(s);
	else
		timer_set(s->loop, &s->grace, loop_now_ms(s->loop) + grace_ms, close_all, s);
	post_turn(s);
}

void server_counts(const struct server *s, struct server_counts *out)
{
	*out = s->counts;
}

/* ---- a request, for those who answer it ---- */

const char *inbound_method(const struct inbound *in)
{
	return request_method(in->request);
}

const char *inbound_path(const struct inbound *in)
{
	return request_path(in->request);
}

const char *inbound_query(const struct inbound *in)
{
	return request_query(in->request);
}

const char *inbound_header(const struct inbound *in, const char *name)
{
	return request_header(in->request, name);
}

const char *inbound_body(const struct inbound *in, size_t *len)
{
	return request_body(in->request, len);
}

const char *inbound_peer(const struct inbound *in)
{
	return in->peer;
}

bool inbound_is_tls(const struct inbound *in)
{
	return in->tls != NULL;
}

bool inbound_is_gone(const struct inbound *in)
{
	return in->ended || in->phase != PHASE_ANSWER;
}

void *inbound_ctx(const struct inbound *in)
{
	return in->ctx;
}

/* False: there is nobody to answer any more. */
static bool take_answer(struct inbound *in)
{
	must(in->owed);
	in->owed = false;
	if (!in->shut)
		return in->phase == PHASE_ANSWER;
	free_inbound(in);
	return false;
}

static void answered(struct inbound *in)
{
	struct server *s = in->server;

	if (in->digesting || in->ready || in->phase != PHASE_HEAD || in->ahead.len == 0)
		return;
	in->ready = true;
	in->next_ready = s->ready;
	s->ready = in;
	post_turn(s);
}

void inbound_answer(struct inbound *in, int status, const char *type, const void *body, size_t len,
	const struct answer_header *headers)
{
	if (!take_answer(in))
		return;
	answer(in, status, type, body, len, headers);
	answered(in);
}

void inbound_answer_error(struct inbound *in, int status, const char *text)
{
	if (!take_answer(in))
		return;
	answer_error(in, status, text);
	answered(in);
}

/* ---- paths and queries ---- */

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool path_matches(const char *path, const char *pattern, char out[][PATH_SEGMENT_SIZE], size_t out_count)
{
	size_t found = 0;

	while (*pattern) {
		size_t len = 0;

		if (*pattern != '*') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		while (word_char(path[len]))
			len++;
		if (len == 0 || len >= PATH_SEGMENT_SIZE || found == out_count)
			return false;
		memcpy(out[found], path, len);
		out[found++][len] = '\0';
		path += len;
		pattern++;
	}
	return *path == '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte at *at, which moves on; -1: not a text that can be decoded. */
static int decoded(const char **at)
{
	const char *p = *at;
	int high, low;

	if (*p != '%') {
		*at = p + 1;
		return *p == '+' ? ' ' : (unsigned char)*p;
	}
	high = hex_digit(p[1]);
	low = high < 0 ? -1 : hex_digit(p[2]);
	*at = p + 3;
	return low < 0 || (high | low) == 0 ? -1 : high * 16 + low;
}

static bool decode_value(const char *at, char *out, size_t out_size)
{
	size_t len = 0;

	while (*at && *at != '&') {
		int c = decoded(&at);

		if (c < 0 || len + 1 >= out_size)
			return false;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return true;
}

bool query_value(const char *query, const char *name, char *out, size_t out_size)
{
	size_t n = strlen(name);

	while (*query) {
		if (strncmp(query, name, n) == 0 && (query[n] == '=' || query[n] == '&' || !query[n]))
			return out_size > 0 && decode_value(query + n + (query[n] == '='), out, out_size);
		query += strcspn(query, "&");
		query += *query == '&';
	}
	return false;
}
