/* uses.h - the names of the target's records that a flow can write, for ping and check (WOO-46). */
#ifndef SCRIPT_USES_H
#define SCRIPT_USES_H

#include "script/eval.h"

/* A new list of { entity, name, from, file, line }: what the tenant's parameters leave possible. */
json_t *uses_of(struct arena *, const struct flow *);

#endif
