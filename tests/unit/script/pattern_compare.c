/* pattern_compare.c - the same script in a sandbox and in a plain Lua state. */
#include "pattern_compare.h"

#include "script/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every way in which a pattern is used; the results as one text. */
static const char script[] =
	"local s, p, r = ...\n"
	"local out = {}\n"
	"local function note(ok, ...)\n"
	"  out[#out + 1] = ok and 'ok' or 'error'\n"
	"  for i = 1, ok and select('#', ...) or 0 do out[#out + 1] = tostring((select(i, ...))) end\n"
	"end\n"
	"note(pcall(string.find, s, p))\n"
	"note(pcall(string.find, s, p, 3))\n"
	"note(pcall(string.find, s, p, -2))\n"
	"note(pcall(string.find, s, p, 2, true))\n"
	"note(pcall(string.match, s, p))\n"
	"note(pcall(string.match, s, p, 2))\n"
	"note(pcall(string.gsub, s, p, r))\n"
	"note(pcall(string.gsub, s, p, r, 2))\n"
	"note(pcall(string.gsub, s, p, { a = 'A', b = false, [''] = 'E', [1] = 7 }))\n"
	"note(pcall(string.gsub, s, p, function(a, b) if a ~= 'a' then return b end end))\n"
	"note(pcall(function() for a, b in string.gmatch(s, p) do note(true, a, b) end end))\n"
	"note(pcall(function() for a in string.gmatch(s, p, -3) do note(true, a) end end))\n"
	"return table.concat(out, '|')\n";

struct comparer {
	lua_State *ours, *theirs; /* ours NULL: it was condemned */
	char why[512];
};

static void must_be(bool holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "pattern_compare: %s\n", what);
		abort();
	}
}

static lua_State *our_state(void)
{
	struct err e = { 0 };
	lua_State *L = sandbox_create(&(struct sandbox_limits) { .steps = 100000, .time_ms = 10000,
		.instructions = 100000000 }, &e);

	must_be(L && sandbox_compile(L, "compare", script, sizeof script - 1, &e) == 0, e.text);
	return L;
}

struct comparer *comparer_create(void)
{
	struct comparer *c = calloc(1, sizeof *c);

	must_be(c != NULL, "no memory");
	c->theirs = luaL_newstate();
	luaL_openlibs(c->theirs);
	must_be(luaL_loadbuffer(c->theirs, script, sizeof script - 1, "compare") == LUA_OK, "script");
	return c;
}

void comparer_destroy(struct comparer *c)
{
	sandbox_destroy(c->ours);
	lua_close(c->theirs);
	free(c);
}

static void push(lua_State *L, const char *subject, size_t subject_len, const char *pattern,
	size_t pattern_len, const char *replacement, size_t replacement_len)
{
	lua_pushvalue(L, 1);
	lua_pushlstring(L, subject, subject_len);
	lua_pushlstring(L, pattern, pattern_len);
	lua_pushlstring(L, replacement, replacement_len);
}

enum comparison comparer_run(struct comparer *c, const char *subject, size_t subject_len, const char *pattern,
	size_t pattern_len, const char *replacement, size_t replacement_len)
{
	const char *ours, *theirs;
	size_t ours_len, theirs_len;
	struct err e = { 0 };
	bool same;

	if (!c->ours)
		c->ours = our_state();
	sandbox_rearm(c->ours);
	push(c->ours, subject, subject_len, pattern, pattern_len, replacement, replacement_len);
	if (sandbox_call(c->ours, 3, 1, &e) < 0) {
		must_be(e.code == ERR_LIMIT, e.text);
		sandbox_destroy(c->ours);
		c->ours = NULL;
		return TOO_LONG;
	}
	push(c->theirs, subject, subject_len, pattern, pattern_len, replacement, replacement_len);
	must_be(lua_pcall(c->theirs, 3, 1, 0) == LUA_OK, "Lua's own failed");
	ours = lua_tolstring(c->ours, -1, &ours_len);
	theirs = lua_tolstring(c->theirs, -1, &theirs_len);
	same = ours_len == theirs_len && memcmp(ours, theirs, ours_len) == 0;
	if (!same)
		snprintf(c->why, sizeof c->why, "subject '%.*s' pattern '%.*s' replacement '%.*s'\nours   %.150s\ntheirs %.150s",
			(int)subject_len, subject, (int)pattern_len, pattern, (int)replacement_len,
			replacement, ours, theirs);
	lua_pop(c->ours, 1);
	lua_pop(c->theirs, 1);
	return same ? SAME : DIFFERENT;
}

const char *comparer_why(const struct comparer *c)
{
	return c->why;
}
