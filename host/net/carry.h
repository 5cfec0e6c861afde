/* carry.h - requests we make: libcurl multi on the loop.  The one door to libcurl.
 *
 * Nothing is ever sent twice behind our back: a request that is not repeatable and whose connection
 * dies ends as LOST, never as a silent second try (docs/design/net.md tells how that is proven).
 * Redirects are not followed.  Only http and https, in HTTP/1.1, and no proxy from the environment.
 * Private, loopback and link-local addresses are refused at connect time unless listed. */
#ifndef NET_CARRY_H
#define NET_CARRY_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct carry;

struct carry_conf {
	const char *const *allow_private; /* "127.0.0.0/8", "fd00::/8"; ends with NULL; NULL: none */
	const char *ca_file;              /* NULL: the system's bundle */
	uint32_t at_once;                 /* transfers in flight; 0: 512 */
	uint32_t at_once_host;            /* connections to one host; 0: 64 */
	const char *agent;                /* User-Agent */
};

struct carry *carry_create(struct loop *, const struct carry_conf *, struct err *);
/* ERR_INPUT, ERR_ABSENT: a network that is none, a ca_file that cannot be read. */
int carry_check(const struct carry_conf *, struct err *);
/* From now on these networks and this ca_file; of conf no more is looked at.  What is in flight goes on as
 * it began.  Wrong: nothing has changed. */
int carry_change(struct carry *, const struct carry_conf *, struct err *);
/* What is in flight ends as LOST (or NEVER_SENT); done is called for each before this returns.
 * Not from within done. */
void carry_destroy(struct carry *);

struct carry_request {
	const char *method, *url;
	/* "Name: value", ends with NULL; or NULL.  Host, Content-Length, Transfer-Encoding and Expect are
	 * not the caller's to set. */
	const char *const *headers;
	const void *body;
	size_t body_len;
	const char *ca_file;   /* of this connection; NULL: carry_conf's */
	bool repeatable;       /* sending twice is harmless: curl may do so where a kept connection died */
	bool http_allowed;     /* plain http to this one is well, at an address of allow_private */
	uint32_t connect_ms;   /* 0: 10 s */
	uint32_t total_ms;     /* 0: 120 s; waiting for its turn counts too */
	size_t reply_max;      /* bytes, after decoding; 0: 32 MB */
};

/* Besides the deadlines: while bytes ought to move, that is while our body goes out and from the first
 * byte of the reply on, less than 1 KB in 30 s ends it too. */
enum carried {
	CARRIED_HERE = 1,   /* a whole reply */
	CARRIED_LOST,       /* it may have arrived there; no whole reply came back */
	CARRIED_NEVER_SENT, /* no byte of it left: name, connect or TLS failed, or address refused */
	CARRIED_TOO_BIG     /* a reply began, over reply_max: the request did arrive */
};

struct carry_reply {
	enum carried outcome;
	int status;              /* HERE */
	const char *body;        /* never NULL; NUL-terminated */
	size_t body_len;
	const struct carry_header { const char *name, *value; } *headers; /* ends with a NULL name */
	const char *why;         /* not HERE: for people, "connect to shop.example:443: refused" */
	uint32_t took_ms;
};

/* Everything in the request is copied.  done runs on the loop thread, never from within this call;
 * what it is given lives until it returns.  The handle is good until done has begun. */
typedef void carry_fn(void *arg, const struct carry_reply *);
struct transfer *carry_start(struct carry *, const struct carry_request *, carry_fn *done, void *arg);
void carry_cancel(struct transfer *); /* done comes, with LOST or NEVER_SENT */

/* Reload: connections and CA caches are dropped once their transfers end. */
void carry_forget_connections(struct carry *);
/* False unless the URL is absolute, of http or https, with a host, without a user, and it fits. */
bool url_origin(const char *url, char *out, size_t out_size); /* "https://shop.example:8443" */

#endif
