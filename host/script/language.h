/* language.h - the mapping language: files to trees, trees against schemas, records through trees.
 * Inside the worker only.  What it gives and takes: docs/design/worker.md. */
#ifndef SCRIPT_LANGUAGE_H
#define SCRIPT_LANGUAGE_H

#include "base/err.h"
#include "base/mem.h"

#include <jansson.h>
#include <stddef.h>

struct generation; /* everything that one LOAD brought: trees, schemas, compute functions */

/* reply: the LOAD reply.  NULL: nothing could be loaded at all (reply tells why). */
struct generation *generation_load(const json_t *load, json_t **reply);
void generation_destroy(struct generation *);

/* The MAP reply; never NULL.  Every json_t made during this call is gone after it (arena.h): what the
 * generation keeps must neither hold one nor be changed here. */
json_t *generation_map(struct generation *, const json_t *header, const char *record, size_t record_len);
/* The TEST reply; mapping NULL: all. */
json_t *generation_test(struct generation *, const char *mapping);

/* READ: mlc.lua or a tenant.lua as JSON, with lines and errors; never NULL. */
json_t *settings_read(const char *kind, const char *path, const char *text, size_t len);

#endif
