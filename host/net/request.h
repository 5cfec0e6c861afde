/* request.h - one HTTP/1.1 request out of bytes, in whatever pieces they come: the guard, llhttp and
 * the ceilings.  No sockets and no clock, so that it can be fuzzed.  The one door to llhttp; for
 * server.c only. */
#ifndef NET_REQUEST_H
#define NET_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

/* One for each connection; it reads requests one after the other. */
struct request *request_create(size_t head_max);
void request_destroy(struct request *);
void request_reset(struct request *); /* ready for the next one; texts given before are gone */

enum request_turn {
	REQUEST_MORE = 1, /* all bytes were taken, and more are needed */
	REQUEST_HEAD,     /* method, path and headers are there: request_allow_body(), then go on */
	REQUEST_WHOLE,    /* so is the body; not a byte of the next request was taken */
	REQUEST_BAD       /* answer request_status() and close: where the next one begins is unknown */
};

/* *used: how many of the bytes were taken.  Works with len 0 too. */
enum request_turn request_feed(struct request *, const char *bytes, size_t len, size_t *used);
/* After REQUEST_HEAD.  False: the head announces more than max, and the request is bad now.  A body
 * that turns out longer makes it bad later. */
bool request_allow_body(struct request *, size_t max);

/* Of a bad one: 400, 413, 431, 501 or 505, and what was wrong. */
int request_status(const struct request *);
const char *request_why(const struct request *);

bool request_begun(const struct request *); /* a byte of it came */
bool request_has_body(const struct request *);
bool request_keeps_alive(const struct request *);
bool request_expects_continue(const struct request *);
uint64_t request_body_got(const struct request *); /* bytes of body so far */

/* After REQUEST_HEAD; borrowed until request_reset(). */
const char *request_method(const struct request *);
const char *request_path(const struct request *);
const char *request_query(const struct request *);
const char *request_header(const struct request *, const char *name); /* the first; NULL: none */
const char *request_body(const struct request *, size_t *len);

#endif
