/* cage.h - the worker process itself: `mlc cage`, frames on descriptor 0 and 1. */
#ifndef SCRIPT_CAGE_H
#define SCRIPT_CAGE_H

/* Locks itself in (no network, no files, no new processes; address space and CPU bounded), then
 * answers frames until descriptor 0 ends.  Returns the exit status. */
int cage_main(void);

#endif
