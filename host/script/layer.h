/* layer.h - inheritance: a shipped mapping, and on it what a tenant's override says. */
#ifndef SCRIPT_LAYER_H
#define SCRIPT_LAYER_H

#include "script/tree.h"

#include <jansson.h>
#include <stdbool.h>

/* "id@^1" or "id@1.2.0" of an override: the id, and whether a mapping of that version is meant. */
bool layer_meant(const char *over, const char *id, const char *version);
/* Length of the id in "id@^1". */
size_t layer_id_length(const char *over);

/* base with what over says put on it, in the arena; what does not fit is added to problems.
 * The tests of both stay where they are. */
const struct node *layer_apply(struct arena *, const struct node *base, const struct node *over, json_t *problems);

#endif
