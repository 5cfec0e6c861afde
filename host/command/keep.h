/* keep.h - the vault, whether a host runs or not: what is missing in it, and a secret straight into the store. */
#ifndef COMMAND_KEEP_H
#define COMMAND_KEEP_H

#include "command/command.h"

struct deployment;

/* What connections cannot do without and nobody has given yet: [ { connection, name, help, type } ], type: what to do.
 * NULL and *e: it could not be looked up. */
json_t *keep_missing(struct cli *, const struct deployment *, struct err *);
int keep_secret(struct cli *, const char *connection, const char *name, const char *secret, struct err *);

#endif
