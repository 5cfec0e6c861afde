/* json.h - JSON in and out, decimals kept as the text that stood there. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "err.h"
#include "mem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 64

/* One whole document, or NULL.  A number with a fraction or an exponent, or beyond 64 bits, comes
 * as a JSON string of its very text; no duplicate members; no bytes after it; depth limited. */
json_t *json_read(const char *text, size_t len, struct err *);

/* Appends compact text; members in the order they were put in.  False: over buf's ceiling. */
bool json_write(struct buf *, const json_t *);
/* The same, sorted by member name: equal values give equal bytes (hashes, comparison). */
bool json_write_canonical(struct buf *, const json_t *);
/* Appends text as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD. */
bool json_write_string(struct buf *, const char *text, size_t len);

/* The value at "a.b.c" (a number is a list's index from 0); borrowed; NULL when absent. */
json_t *json_at(const json_t *, const char *path);
/* Text at path; integers and booleans do not count; NULL when absent or no text. */
const char *json_text_at(const json_t *, const char *path);
/* As json_text_at, but fallback where absent. */
const char *json_text_or(const json_t *, const char *path, const char *fallback);
int64_t json_int_or(const json_t *, const char *path, int64_t fallback);
bool json_true_at(const json_t *, const char *path);
/* Sets object member name to text, or to null where text is NULL. */
void json_put_text(json_t *object, const char *name, const char *text);
void json_put_int(json_t *object, const char *name, int64_t);

#endif
