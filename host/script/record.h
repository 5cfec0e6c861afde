/* record.h - the record of a MAP, read once, and only as far as the mapping looks. */
#ifndef SCRIPT_RECORD_H
#define SCRIPT_RECORD_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Names of top-level members that somebody may ask for, sorted. */
struct record_wants {
	const char *const *names;
	size_t count;
};

/* As json_read() (base/json.h) of one whole document, but of an object's own members only those
 * that are wanted (NULL: all) become values; the others are checked to be JSON and left behind. */
json_t *record_read(const char *text, size_t len, const struct record_wants *, struct err *);

#endif
