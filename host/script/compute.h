/* compute.h - the functions of compute: pure ones only, called under the sandbox's budgets. */
#ifndef SCRIPT_COMPUTE_H
#define SCRIPT_COMPUTE_H

#include "script/mapping.h"

#include <stdbool.h>
#include <stddef.h>

/* Takes the script's function of that number into use.  It may use constants and functions of its
 * file, nothing that could change: what it keeps outside is set back before each call, so that no
 * call sees another.  False: why says what it must not do. */
bool compute_keep(struct script *, int function, char *why, size_t why_size);

/* Calls it; inputs as k->inputs.  False: why says what went wrong. */
bool compute_call(const struct compute *k, const struct value *inputs, struct arena *, struct value *out, char *why,
	size_t why_size);

#endif
