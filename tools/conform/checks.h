/* checks.h - what the conformance kit asks of a connector's code. */
#ifndef CONFORM_CHECKS_H
#define CONFORM_CHECKS_H

#include "sample.h"

/* Each says what it found by complain(); none may crash, hang or leave anything behind: they run in
 * a process of their own, which is looked at from outside. */
typedef void complain_fn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
typedef void check_fn(const struct kit *, complain_fn *);

extern const struct check {
	const char *name; /* a promise */
	check_fn *fn;
} checks[]; /* ends with a NULL name */

#endif
