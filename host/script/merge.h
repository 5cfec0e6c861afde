/* merge.h - what we want and wanted before, what stood there then and stands there now: what to change. */
#ifndef SCRIPT_MERGE_H
#define SCRIPT_MERGE_H

#include "script/mapping.h"

#include <jansson.h>
#include <stdbool.h>

struct merge {
	const struct mapping *m;
	/* What we wanted last, and what stood there then; both NULL or empty: nothing is known.  Where
	 * nobody else maps this record they are the same: what we wrote. */
	json_t *before, *seen;
	json_t *current; /* the target's record as it is now */
	json_t *wanted;
	bool only_empty;       /* fill what is empty, change nothing */
	enum conflict policy;
	bool decided; /* by a person: both_ways does not count */
	bool both_ways; /* the mapping that carries fields back is at work, too */
	json_t *changes;   /* out: members to change, null erases; the caller's */
	json_t *conflicts; /* out: { field, ours, theirs, before }; the caller's */
};

void merge_run(struct merge *);

/* Do both hold the same under the schema's eyes: amounts by value, references by id, else by name?
 * whole false: b may have more members than a. */
bool merge_same(const struct schema_field *, json_t *a, json_t *b, bool whole);

/* Does what we want differ from what we wanted before in one of these members (NULL: in any we own)? */
bool merge_touches(const struct mapping *, json_t *before, json_t *wanted, const char *const *names);

#endif
