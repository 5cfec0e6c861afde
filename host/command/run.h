/* run.h - `mlc run`. */
#ifndef COMMAND_RUN_H
#define COMMAND_RUN_H

#include "command/command.h"

int command_run(struct cli *);

#endif
