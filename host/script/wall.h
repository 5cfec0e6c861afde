/* wall.h - what the worker process gives up before it reads the first byte. */
#ifndef SCRIPT_WALL_H
#define SCRIPT_WALL_H

#include "base/err.h"

/* From here on: no network, no files, no new processes, no descriptors but 0, 1 and 2, no core, and a
 * bounded address space; the process dies with its parent, and at a forbidden system call.
 * ERR_SYSTEM: the machine cannot do that; then do not go on. */
int wall_raise(struct err *);

#endif
