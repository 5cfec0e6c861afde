/* guard.h - what llhttp lets through and we do not: see docs/design/net.md. */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include <stddef.h>

enum guard {
	GUARD_CLEAN = 0,
	GUARD_NUL, GUARD_BARE_CR, GUARD_BARE_LF, GUARD_FOLDED, GUARD_TOO_LONG, GUARD_TOO_MANY, GUARD_SHORT,
	GUARD_NO_HOST, GUARD_TWO_HOSTS, GUARD_OLD_CHUNKED, GUARD_METHOD
};

/* head: everything up to and with the empty line.  Pure. */
enum guard guard_head(const char *head, size_t len, size_t head_max);
const char *guard_text(enum guard); /* for the log: "two Host headers" */

#endif
