/* file.h - whole files, and nothing half-written. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

/* Caller frees *out, which is NUL-terminated.  ERR_ABSENT, ERR_LIMIT (over max), ERR_SYSTEM. */
int file_read(const char *path, size_t max, char **out, size_t *len, struct err *);
/* Written beside it, synced, renamed over it; mode as in 0644. */
int file_write(const char *path, const void *bytes, size_t len, unsigned mode, struct err *);
bool file_exists(const char *path);
char *file_within(const char *dir, const char *path); /* yours; path itself where it is absolute */
int dir_make(const char *path, struct err *); /* with its parents; there already is well */
/* Calls fn for each name in path that ends with suffix ("" for all), sorted, no dot files; stops
 * when fn returns non-zero and returns that.  A folder that is not there has no names. */
int dir_each(const char *path, const char *suffix, int (*fn)(void *ctx, const char *name), void *ctx,
	struct err *);

#endif
