/* compute.c - the functions of compute: pure ones only, called under the sandbox's budgets. */
#include "compute.h"

#include "base/when.h"
#include "script/sandbox.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define KEEP_DEPTH_MAX 8  /* functions that use functions that ... */
#define RESULT_MAX     4096 /* values of a list that comes back */
#define DATA_DEPTH_MAX 64

/* ---- taking into use --------------------------------------------------------------------- */

struct keeping {
	int function;
	char *why;
	size_t why_size;
	bool well;
};

/* The function at the top: notes what it keeps outside in the list at `saved`. */
static bool keep_outside(lua_State *L, struct keeping *k, int saved, int depth)
{
	int fn = lua_gettop(L);
	const char *name;

	luaL_checkstack(L, 4, "functions too deep");
	for (int i = 1; (name = lua_getupvalue(L, fn, i)) != NULL; i++) {
		int type = lua_type(L, -1);
		if (strcmp(name, "_ENV") == 0 || lua_iscfunction(L, -1)) {
			lua_pop(L, 1);
			continue;
		}
		if (type == LUA_TFUNCTION && depth < KEEP_DEPTH_MAX && !lua_rawequal(L, -1, fn)) {
			if (!keep_outside(L, k, saved, depth + 1))
				return false;
		} else if (type == LUA_TTABLE || type == LUA_TUSERDATA || type == LUA_TLIGHTUSERDATA ||
			(type == LUA_TFUNCTION && depth >= KEEP_DEPTH_MAX)) {
			snprintf(k->why, k->why_size, "compute uses '%s' of the file, which could change between records: "
				"give it what it needs as inputs", name);
			return false;
		}
		lua_pushvalue(L, fn);
		lua_rawseti(L, saved, (lua_Integer)lua_rawlen(L, saved) + 1);
		lua_pushinteger(L, i);
		lua_rawseti(L, saved, (lua_Integer)lua_rawlen(L, saved) + 1);
		if (lua_isnil(L, -1)) /* would end the list */
			lua_pushlightuserdata(L, NULL);
		else
			lua_pushvalue(L, -1);
		lua_rawseti(L, saved, (lua_Integer)lua_rawlen(L, saved) + 1);
		lua_pop(L, 1);
	}
	return true;
}

/* The script's list holds at first the function, then { the function, what it keeps outside }. */
static int keep(lua_State *L)
{
	struct keeping *k = lua_touserdata(L, 1);
	enum { LIST = 2, SAVED, FUNCTION };

	script_push_functions(L);
	lua_newtable(L);
	if (lua_rawgeti(L, LIST, k->function) != LUA_TFUNCTION) { /* a value that two places share */
		k->well = true;
		return 0;
	}
	if (!keep_outside(L, k, SAVED, 0))
		return 0;
	lua_settop(L, FUNCTION);
	lua_createtable(L, 2, 0);
	lua_pushvalue(L, FUNCTION);
	lua_rawseti(L, -2, 1);
	lua_pushvalue(L, SAVED);
	lua_rawseti(L, -2, 2);
	lua_rawseti(L, LIST, k->function);
	k->well = true;
	return 0;
}

bool compute_keep(struct script *s, int function, char *why, size_t why_size)
{
	struct keeping k = { function, why, why_size, false };
	struct err e = { 0 };

	snprintf(why, why_size, "the function cannot be used");
	sandbox_rearm(s->lua);
	lua_pushcfunction(s->lua, keep);
	lua_pushlightuserdata(s->lua, &k);
	if (sandbox_call(s->lua, 1, 0, &e) < 0)
		snprintf(why, why_size, "%s", e.text);
	return k.well;
}

static bool revive(struct script *s, char *why, size_t why_size)
{
	snprintf(why, why_size, "the file's functions cannot be loaded again");
	if (!script_revive(s))
		return false;
	for (int i = 1; i <= s->functions; i++)
		if (!compute_keep(s, i, why, why_size))
			return false;
	return true;
}

/* ---- calling ----------------------------------------------------------------------------- */

struct call {
	const struct compute *k;
	const struct value *inputs;
	struct arena *arena;
	struct value out;
};

static void push_value(lua_State *L, struct arena *a, struct value v, int depth);

static void push_json(lua_State *L, struct arena *a, json_t *json, int depth)
{
	const char *name;
	json_t *value;

	if (json_is_array(json)) {
		size_t count = json_array_size(json);
		lua_createtable(L, (int)count, 0);
		for (size_t i = 0; i < count; i++) {
			push_value(L, a, value_of(json_array_get(json, i)), depth + 1);
			lua_rawseti(L, -2, (lua_Integer)i + 1);
		}
		return;
	}
	lua_createtable(L, 0, (int)json_object_size(json));
	json_object_foreach(json, name, value) {
		lua_pushstring(L, name);
		push_value(L, a, value_of(value), depth + 1);
		lua_rawset(L, -3);
	}
}

static void push_value(lua_State *L, struct arena *a, struct value v, int depth)
{
	const char *text;
	size_t len;

	luaL_checkstack(L, 4, "data too deep");
	if (depth > DATA_DEPTH_MAX)
		luaL_error(L, "data more than %d deep", DATA_DEPTH_MAX);
	switch (v.kind) {
	case VALUE_BOOL:
		lua_pushboolean(L, v.truth);
		return;
	case VALUE_INTEGER:
		lua_pushinteger(L, v.integer);
		return;
	case VALUE_TEXT:
	case VALUE_DECIMAL:
	case VALUE_REF:
		if (value_as_text(a, v, &text, &len))
			lua_pushlstring(L, text, len);
		else
			lua_pushnil(L);
		return;
	case VALUE_JSON:
		push_json(L, a, v.json, depth);
		return;
	case VALUE_LIST:
		lua_createtable(L, (int)v.list->count, 0);
		for (size_t i = 0; i < v.list->count; i++) {
			push_value(L, a, v.list->rows[i], depth + 1);
			lua_rawseti(L, -2, (lua_Integer)i + 1);
		}
		return;
	case VALUE_NONE:
	case VALUE_UNKNOWN:
	case VALUE_CLEAR:
		lua_pushnil(L);
	}
}

static struct value text_out(lua_State *L, struct arena *a, int index)
{
	size_t len;
	const char *text = lua_tolstring(L, index, &len);
	char *copy = arena_strndup(a, text, len);

	if (!copy)
		luaL_error(L, "the result is too long");
	return value_text(copy, len);
}

static bool one_of(const char *const *allowed, struct value v)
{
	for (; allowed && *allowed; allowed++)
		if (v.kind == VALUE_TEXT && strlen(*allowed) == v.len && memcmp(*allowed, v.text, v.len) == 0)
			return true;
	return false;
}

static struct value list_out(lua_State *L, struct arena *a, int index)
{
	size_t count = lua_rawlen(L, index);
	struct value_list *list;

	if (lua_type(L, index) != LUA_TTABLE || count > RESULT_MAX)
		luaL_error(L, "the result is no list of at most %d texts", RESULT_MAX);
	list = arena_alloc(a, sizeof *list);
	if (list)
		list->rows = arena_alloc(a, (count + 1) * sizeof *list->rows);
	if (!list || !list->rows)
		luaL_error(L, "the result is too long");
	for (size_t i = 0; i < count; i++) {
		lua_rawgeti(L, index, (lua_Integer)i + 1);
		if (lua_type(L, -1) != LUA_TSTRING)
			luaL_error(L, "value %d of the result is no text", (int)i + 1);
		list->rows[list->count++] = text_out(L, a, -1);
		lua_pop(L, 1);
	}
	return (struct value){ .kind = VALUE_LIST, .list = list };
}

static struct value result(lua_State *L, struct call *c)
{
	const char *want = c->k->result;
	struct value v = value_none();
	struct decimal d;

	if (lua_isnoneornil(L, 1) || lua_islightuserdata(L, 1))
		return v;
	if (lua_type(L, 1) == LUA_TNUMBER && !lua_isinteger(L, 1))
		luaL_error(L, "the result is one of Lua's own numbers with a fraction: reckon amounts with decimal.add and "
			"its like, and give them as text");
	if (strcmp(want, "list") == 0)
		return list_out(L, c->arena, 1);
	if (strcmp(want, "bool") == 0) {
		if (!lua_isboolean(L, 1))
			luaL_error(L, "the result is no true or false");
		return value_bool(lua_toboolean(L, 1));
	}
	if (lua_isinteger(L, 1)) {
		v = value_integer(lua_tointeger(L, 1));
		if (strcmp(want, "int") && strcmp(want, "money"))
			luaL_error(L, "the result is a number, not %s", want);
		return v;
	}
	if (lua_type(L, 1) != LUA_TSTRING)
		luaL_error(L, "the result is a %s, not %s", luaL_typename(L, 1), want);
	v = text_out(L, c->arena, 1);
	if (strcmp(want, "money") == 0) {
		if (!value_number(v, &d))
			luaL_error(L, "the result '%s' is no amount", v.text);
		return value_decimal(c->arena, d);
	}
	if (strcmp(want, "int") == 0 || (strcmp(want, "date") == 0 && !when_is_day(v.text)))
		luaL_error(L, "the result '%s' is no %s", v.text, want);
	if (c->k->one_of && !one_of(c->k->one_of, v))
		luaL_error(L, "the result '%s' is not among one_of", v.text);
	return v;
}

static int run(lua_State *L)
{
	struct call *c = lua_touserdata(L, 1);

	lua_settop(L, 0);
	script_push_functions(L);
	lua_rawgeti(L, 1, c->k->function);
	lua_replace(L, 1);
	lua_rawgeti(L, 1, 2);
	for (lua_Integer i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; i += 3) {
		lua_rawgeti(L, 2, i + 1);
		int place = (int)lua_tointeger(L, -1);
		if (lua_rawgeti(L, 2, i + 2) == LUA_TLIGHTUSERDATA) {
			lua_pop(L, 1);
			lua_pushnil(L);
		}
		lua_setupvalue(L, -3, place);
		lua_settop(L, 2);
	}
	lua_settop(L, 1);
	lua_rawgeti(L, 1, 1);
	lua_createtable(L, 0, (int)c->k->input_count);
	for (size_t i = 0; i < c->k->input_count; i++) {
		push_value(L, c->arena, c->inputs[i], 0);
		lua_setfield(L, -2, c->k->inputs[i].name);
	}
	lua_call(L, 1, 1);
	lua_replace(L, 1);
	lua_settop(L, 1);
	c->out = result(L, c);
	return 0;
}

bool compute_call(const struct compute *k, const struct value *inputs, struct arena *arena, struct value *out, char *why,
	size_t why_size)
{
	struct call c = { k, inputs, arena, value_none() };
	struct err e = { 0 };

	if (sandbox_is_condemned(k->script->lua) && !revive(k->script, why, why_size))
		return false;
	sandbox_rearm(k->script->lua);
	lua_pushcfunction(k->script->lua, run);
	lua_pushlightuserdata(k->script->lua, &c);
	if (sandbox_call(k->script->lua, 1, 0, &e) < 0) {
		snprintf(why, why_size, "%s", e.text);
		return false;
	}
	*out = c.out;
	return true;
}
