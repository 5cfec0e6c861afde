/* vault.h - a secret straight into the store of a deployment whose host does not run. */
#ifndef COMMAND_VAULT_H
#define COMMAND_VAULT_H

#include "command/command.h"

int vault_put(struct cli *, const char *connection, const char *name, const char *secret, struct err *);

#endif
