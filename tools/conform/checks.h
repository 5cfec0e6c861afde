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
} checks[], /* ends with a NULL name */
	bad_input[]; /* the same; they need kit->shapes */

/* What a status may mean: a bit for each fault. */
extern const struct status_rule {
	int status;
	unsigned reading, writing;
} status_rules[]; /* ends with status 0 */

/* The fault that the call, or its one write, ended with; 0: none. */
enum mlc_fault end_of(struct call *, enum mlc_step end, uint32_t *after_ms, const char **text);

#endif
