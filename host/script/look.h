/* look.h - what a record's way needs from outside: asked for, or found among the answers. */
#ifndef SCRIPT_LOOK_H
#define SCRIPT_LOOK_H

#include "script/eval.h"

/* The id of what would be made, while its flow is in the shadow. */
#define LOOK_NEW "(new)"

struct looked {
	enum { LOOKED_UNKNOWN, LOOKED_NONE, LOOKED_ONE } how;
	const char *id, *version, *made; /* made: ENSURE, LINKED */
	json_t *data; /* NULL: only its id is known */
};

/* What a need of the mapping brings for the row at hand; failures and asks are noted. */
struct looked look_need(struct eval *, const struct need *);
struct value look_rows(struct eval *, const struct need *);
/* What a person answered once, or has just decided; NULL: nothing. */
const char *look_answer(const struct eval *, const char *kind, const char *given);
struct value look_unique(struct eval *, const struct unique *);
/* The tax that US QuickBooks will compute of e->doc. */
struct value look_predicted(struct eval *, const struct predicted *);

#endif
