/* offline.h - commands that need no running host. */
#ifndef COMMAND_OFFLINE_H
#define COMMAND_OFFLINE_H

#include "command/command.h"

int command_init(struct cli *);
int command_check(struct cli *);
int command_connectors(struct cli *);
int command_schema(struct cli *);
int command_map(struct cli *);
int command_test(struct cli *);
int command_restore(struct cli *);
int command_version(struct cli *);

#endif
