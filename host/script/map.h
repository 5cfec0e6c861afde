/* map.h - one record through one flow: the verdict of docs/design/worker.md. */
#ifndef SCRIPT_MAP_H
#define SCRIPT_MAP_H

#include "script/eval.h"

/* What a test wants to see beside the verdict. */
struct map_view {
	json_t *doc;      /* what we want to stand there; the caller's */
	char total[64];   /* what balance.left comes to; "" */
};

/* A new verdict, never NULL.  record: NULL or null where the source only said that it is gone.
 * view may be NULL. */
json_t *map_record(struct arena *, const struct flow *, const json_t *header, json_t *record,
	struct map_view *view);

/* Is the record of this header one of again_on, whose change is a change of others?  Else NULL. */
const struct stirring *map_stirs(const struct mapping *, const json_t *header);

#endif
