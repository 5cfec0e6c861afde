/* answers.h - answers.csv of a tenant: what people answered once and want remembered. */
#ifndef FLOW_ANSWERS_H
#define FLOW_ANSWERS_H

#include "base/err.h"

#include <jansson.h>

/* [ { kind, given, answer, line } ]; a file that is not there has no answers.  A line that cannot be
 * read is an error that names it. */
json_t *answers_read(const char *path, struct err *);

/* The row of that kind and given says answer from now on.  Written whole, beside and renamed. */
int answers_remember(const char *path, const char *kind, const char *given, const char *answer, struct err *);

#endif
