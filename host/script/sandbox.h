/* sandbox.h - a Lua state that hostile text cannot escape, stall or exhaust. */
#ifndef SCRIPT_SANDBOX_H
#define SCRIPT_SANDBOX_H

#include "base/err.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox_limits { /* 0: the default in (); all of them where none are given (NULL) */
	size_t memory;         /* bytes (16 MB), soft; +25 % hard */
	uint64_t instructions; /* (5 million) */
	uint32_t time_ms;      /* (250) */
	uint64_t steps;        /* of our own C functions: pattern matching, string building (2 million) */
	size_t source;         /* bytes of one file (256 KB) */
};

/* The state has base, string, table, math, utf8 in their hardened forms, `null`, `array`, the
 * `decimal` functions, and nothing else: no clock, no chance, no addresses; `pairs` and `next` go
 * through keys in order (numbers, then text), so that the same text always gives the same result.
 * lua_getextraspace() holds the sandbox. */
lua_State *sandbox_create(const struct sandbox_limits *, struct err *);
void sandbox_destroy(lua_State *);

/* Budgets start anew; a condemned state (one that spent a budget) stays condemned: destroy it. */
void sandbox_rearm(lua_State *);
bool sandbox_is_condemned(const lua_State *);
/* Charges n steps; raises a Lua error when they are spent.  For C functions that scripts reach:
 * one step is about a character looked at, or 16 bytes copied. */
void sandbox_charge(lua_State *, uint64_t n);

/* Compiles text (never bytecode) and leaves the function on the stack; 0 or an ERR_ code. */
int sandbox_compile(lua_State *, const char *name, const char *text, size_t len, struct err *);
/* pcall with nargs and nresults, under what is left of the budgets.  ERR_LIMIT when a budget was
 * spent, else ERR_INPUT; then function and arguments are gone from the stack, nothing is pushed, and e
 * says "file:line: the cause".  Time is that of this thread's CPU: a busy machine condemns nobody. */
int sandbox_call(lua_State *, int nargs, int nresults, struct err *);

/* JSON's null, and tables that are lists even when they are empty: array{...}. */
void sandbox_push_null(lua_State *);
bool sandbox_is_null(lua_State *, int index);
void sandbox_mark_array(lua_State *, int index);
bool sandbox_is_array(lua_State *, int index);

/* Orders two keys as `pairs` does: -1, 0, 1; numbers, then text, then booleans. */
int sandbox_compare_keys(lua_State *, int a, int b);
/* Pushes a list of the keys of the table at index, in that order, and gives their number.  For C
 * functions that scripts reach: charges, and raises when a key is neither number, text nor boolean. */
lua_Integer sandbox_push_keys(lua_State *, int index);

#endif
