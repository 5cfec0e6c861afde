/* arena.h - jansson's memory inside the worker: while a record is mapped, a heap that only grows and
 * is forgotten at once. */
#ifndef SCRIPT_ARENA_H
#define SCRIPT_ARENA_H

/* Makes jansson allocate here; before any json_t is made.  One thread only. */
void json_arena_install(void);
/* From here on new json_t are of the request; what is older stays ordinary memory. */
void json_arena_begin(void);
/* All json_t made since begin are gone.  What is older must not hold one of them. */
void json_arena_end(void);

#endif
