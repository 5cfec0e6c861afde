/* sandbox.h - a Lua state that hostile text cannot escape, stall or exhaust. */
#ifndef SCRIPT_SANDBOX_H
#define SCRIPT_SANDBOX_H

#include "base/err.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox_limits { /* 0: the default in () */
	size_t memory;         /* bytes (16 MB), soft; +25 % hard */
	uint64_t instructions; /* (5 million) */
	uint32_t time_ms;      /* (250) */
	uint64_t steps;        /* of our own C functions: pattern matching, string building (2 million) */
	size_t source;         /* bytes of one file (256 KB) */
};

/* The state has base, string, table, math, utf8 in their hardened forms, `null`, `array`, `decimal`
 * functions, and nothing else.  lua_getextraspace() holds the sandbox. */
lua_State *sandbox_create(const struct sandbox_limits *, struct err *);
void sandbox_destroy(lua_State *);

/* Budgets start anew; a condemned state stays condemned. */
void sandbox_rearm(lua_State *);
bool sandbox_is_condemned(const lua_State *);
/* Charges n steps; raises a Lua error when they are spent.  For C functions that scripts reach. */
void sandbox_charge(lua_State *, uint64_t n);

/* Compiles text (never bytecode) and leaves the function on the stack; 0 or an ERR_ code. */
int sandbox_compile(lua_State *, const char *name, const char *text, size_t len, struct err *);
/* pcall with nargs and nresults, under what is left of the budgets.  e says file:line and the cause;
 * ERR_LIMIT when a budget was spent. */
int sandbox_call(lua_State *, int nargs, int nresults, struct err *);

#endif
