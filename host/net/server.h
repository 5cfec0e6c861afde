/* server.h - HTTP/1.1 for those who call us: llhttp strict behind a header guard, TLS, deadlines.
 *
 * A listener takes a TCP address or a path of a Unix socket.  A peer that is slow, silent, broken or
 * many costs nothing but its socket: every phase has a deadline, every size a ceiling.  Pipelined
 * requests are read one at a time: the next is parsed only after the answer to the one before has been
 * handed to the kernel.  `Expect: 100-continue` is answered as soon as the head is accepted. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;
struct inbound; /* one request and the answer it still gets */

struct server_limits { /* 0: the default in () */
	size_t head_max;      /* bytes of request line and headers (32 KB); 100 lines */
	size_t body_max;      /* where body_max_of is NULL (1 MB) */
	size_t bodies_max;    /* of all bodies that are being read or answered (256 MB): beyond it those over 64 KB get 503 */
	uint32_t head_ms;     /* from the first byte (or the accept) to the whole head (10 s) */
	uint32_t body_ms;     /* from the head to the whole body, for each 256 KB of it (30 s); and >= 1 KB/s after 5 s */
	uint32_t idle_ms;     /* kept alive between requests (60 s) */
	uint32_t answer_ms;   /* we owe an answer (120 s): 503 and closed, and a line in the log */
	uint32_t send_ms;     /* the peer takes less than 1 KB/s of our answer for so long (30 s) */
	uint32_t connections; /* open at once (4096); more are accepted and closed at once */
};

struct server_events {
	/* A whole request is there.  Answer now or later, from the loop thread, exactly once. */
	void (*on_request)(void *ctx, struct inbound *);
	/* Ceiling for the body of this head, called before a byte of it is read; 0: refuse with 404.
	 * NULL: limits.body_max for all. */
	size_t (*body_max_of)(void *ctx, const char *method, const char *path);
};

struct server *server_create(struct loop *, const struct server_limits *, const struct server_events *, void *ctx);
/* Stops listening, lets answers that are owed go out (at most grace_ms), then closed(arg), never from
 * within this call.  The server is gone when closed is called. */
void server_close(struct server *, uint32_t grace_ms, loop_fn *closed, void *arg);

/* Adds a listener.  cert and key: PEM files, both or neither.  port 0: any; *port_out is the real one. */
int server_listen_tcp(struct server *, const char *address, int port, const char *cert, const char *key,
	int *port_out, struct err *);
/* path is removed first if it is a dead socket; mode 0600. */
int server_listen_unix(struct server *, const char *path, struct err *);
/* Reads certificate and key again for new connections; on failure the old ones stay. */
int server_reload_tls(struct server *, struct err *);
/* Of the first certificate to end, UTC; 0: there is none.  *life_ms: how long it was good for. */
int64_t server_certificate_ends_ms(const struct server *, int64_t *life_ms);

/* Of a request; all borrowed, valid until answered.  header names in any case; NULL when absent.
 * Text from outside is as it came: path is not decoded (see inbound_path_is below). */
const char *inbound_method(const struct inbound *);
const char *inbound_path(const struct inbound *);  /* without the query; "/hooks/acme/shop" */
const char *inbound_query(const struct inbound *); /* "" when none */
const char *inbound_header(const struct inbound *, const char *name);
const char *inbound_body(const struct inbound *, size_t *len); /* never NULL; NUL-terminated */
const char *inbound_peer(const struct inbound *);  /* "127.0.0.1:5123", "unix" */
bool inbound_is_tls(const struct inbound *);
/* The peer went away or said that it sends no more: the answer may not be read.  It must still be given. */
bool inbound_is_gone(const struct inbound *);
void *inbound_ctx(const struct inbound *);

struct answer_header { const char *name, *value; };
/* Everything is copied.  type NULL: no body.  headers end with a NULL name; NULL: none.
 * Content-Length, Date, Connection are the server's own; a header whose value is not one line is left
 * out, and logged.  After it, inbound is gone.  May come after closed(): it is harmless then. */
void inbound_answer(struct inbound *, int status, const char *type, const void *body, size_t len,
	const struct answer_header *headers);
/* The same with a JSON body of one member: {"error": text}. */
void inbound_answer_error(struct inbound *, int status, const char *text);

/* Path segments, percent-decoded where asked: does path equal pattern, in which each "*" stands for
 * one segment of [a-z0-9_]{1,32}?  out gets them in order, each NUL-terminated. */
#define PATH_SEGMENT_SIZE 33
bool path_matches(const char *path, const char *pattern, char out[][PATH_SEGMENT_SIZE], size_t out_count);
/* Value of name in a query, decoded, into out; false when absent or too long. */
bool query_value(const char *query, const char *name, char *out, size_t out_size);

struct server_counts {
	uint64_t accepted, requests, refused, timed_out;
	uint32_t open;
};
void server_counts(const struct server *, struct server_counts *);

#endif
