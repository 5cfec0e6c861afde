/* guard.h - what llhttp lets through and we do not: see docs/design/net.md. */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include <stddef.h>

#define GUARD_LINES_MAX 100 /* of headers */

enum guard {
	GUARD_CLEAN = 0,
	GUARD_NUL, GUARD_BARE_CR, GUARD_BARE_LF, GUARD_FOLDED, GUARD_TOO_LONG, GUARD_TOO_MANY, GUARD_SHORT,
	GUARD_NO_HOST, GUARD_TWO_HOSTS, GUARD_OLD_CHUNKED, GUARD_METHOD, GUARD_VERSION, GUARD_NAME
};

/* head: everything up to and with the empty line.  Pure.  Clean means: lines end in CRLF and none
 * is folded, each header begins with a name and its colon, the method is one of GET HEAD POST PUT PATCH DELETE OPTIONS, the version is HTTP/1.1
 * with exactly one Host, or HTTP/1.0 with at most one and without Transfer-Encoding. */
enum guard guard_head(const char *head, size_t len, size_t head_max);
const char *guard_text(enum guard); /* for the log: "two Host headers" */

#endif
