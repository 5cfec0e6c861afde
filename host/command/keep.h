/* keep.h - a secret straight into the store of a deployment whose host does not run. */
#ifndef COMMAND_KEEP_H
#define COMMAND_KEEP_H

#include "command/command.h"

int keep_secret(struct cli *, const char *connection, const char *name, const char *secret, struct err *);

#endif
