/* cage.h - the worker process itself: `mlc cage`, frames on descriptor 0 and 1. */
#ifndef SCRIPT_CAGE_H
#define SCRIPT_CAGE_H

/* Locks itself in (no network, no files, no new processes, bounded address space), then answers frames
 * until descriptor 0 ends.  Returns the exit status.  How long one answer may take is the host's
 * matter: it kills.  The only thread of its process, and nothing before it may have made a json_t. */
int cage_main(void);

#endif
