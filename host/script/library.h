/* library.h - the functions that scripts see; for sandbox.c only. */
#ifndef SCRIPT_LIBRARY_H
#define SCRIPT_LIBRARY_H

#include <lua.h>
#include <stdint.h>

/* Puts the hardened library into a new state, in place of its globals.  Raises Lua errors. */
void library_open(lua_State *);

/* From sandbox.c: the steps that are left, for a matcher that counts them down itself. */
uint64_t *sandbox_steps(lua_State *);
/* Raises the verdict when the state is condemned. */
void sandbox_check(lua_State *);

#endif
