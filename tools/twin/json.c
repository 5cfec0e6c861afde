/* json.c - JSON in by jansson, JSON out by hand: a twin must write as its system does. */
#include "twin.h"

#include <jansson.h>
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY "twin.array"
#define BARE "twin.bare"
#define OUT "twin.out"

static const char null_key; /* its address is twin.null */

struct style {
	bool ascii, slashes, pretty;
	int depth;
};

/* What is being written.  luaL_Buffer will not do: it wants the top of the stack to itself. */
struct out {
	char *text;
	size_t len, cap;
};

/* ---- in ---- */

static void push_value(lua_State *lua, const json_t *v, bool ordered);

static void push_object(lua_State *lua, const json_t *object, bool ordered)
{
	const char *key;
	json_t *value;
	lua_Integer n = 0;

	lua_newtable(lua);
	if (ordered) {
		lua_newtable(lua);
		lua_newtable(lua);
	}
	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		if (ordered) {
			lua_pushstring(lua, key);
			lua_rawseti(lua, -2, ++n);
		}
		push_value(lua, value, ordered);
		lua_setfield(lua, ordered ? -4 : -2, key);
	}
	if (ordered) {
		lua_setfield(lua, -2, "order");
		lua_setmetatable(lua, -2);
	}
}

static void push_array(lua_State *lua, const json_t *array, bool ordered)
{
	lua_createtable(lua, (int)json_array_size(array), 0);
	for (size_t i = 0; i < json_array_size(array); i++) {
		push_value(lua, json_array_get(array, i), ordered);
		lua_rawseti(lua, -2, (lua_Integer)i + 1);
	}
	luaL_setmetatable(lua, ARRAY);
}

static void push_value(lua_State *lua, const json_t *v, bool ordered)
{
	luaL_checkstack(lua, 8, "JSON is nested too deeply");
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		push_object(lua, v, ordered);
		break;
	case JSON_ARRAY:
		push_array(lua, v, ordered);
		break;
	case JSON_STRING:
		lua_pushlstring(lua, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		lua_pushinteger(lua, json_integer_value(v));
		break;
	case JSON_REAL:
		lua_pushnumber(lua, json_real_value(v));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		lua_pushboolean(lua, json_is_true(v));
		break;
	case JSON_NULL:
		lua_pushlightuserdata(lua, (void *)(uintptr_t)&null_key);
		break;
	}
}

static int push_protected(lua_State *lua)
{
	push_value(lua, lua_touserdata(lua, 1), lua_toboolean(lua, 2));
	return 1;
}

static int l_decode(lua_State *lua)
{
	size_t len;
	const char *text = luaL_checklstring(lua, 1, &len);
	json_error_t why;
	bool ordered = false;
	json_t *v;
	int failed;

	if (lua_istable(lua, 2)) {
		lua_getfield(lua, 2, "ordered");
		ordered = lua_toboolean(lua, -1);
	}
	v = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (!v) {
		lua_pushnil(lua);
		lua_pushfstring(lua, "line %d column %d: %s", why.line, why.column, why.text);
		return 2;
	}
	lua_pushcfunction(lua, push_protected);
	lua_pushlightuserdata(lua, v);
	lua_pushboolean(lua, ordered);
	failed = lua_pcall(lua, 2, 1, 0);
	json_decref(v);
	return failed ? lua_error(lua) : 1;
}

/* ---- out ---- */

static int out_gc(lua_State *lua)
{
	struct out *b = luaL_checkudata(lua, 1, OUT);

	free(b->text);
	*b = (struct out){ .text = NULL };
	return 0;
}

static void put_bytes(lua_State *lua, struct out *b, const char *text, size_t len)
{
	if (b->len + len > b->cap) {
		size_t cap = (b->len + len) * 2 + 256;
		char *grown = realloc(b->text, cap);

		if (!grown)
			luaL_error(lua, "out of memory");
		b->text = grown;
		b->cap = cap;
	}
	memcpy(b->text + b->len, text, len);
	b->len += len;
}

static void put(lua_State *lua, struct out *b, const char *text)
{
	put_bytes(lua, b, text, strlen(text));
}

static void put_char(lua_State *lua, struct out *b, char c)
{
	put_bytes(lua, b, &c, 1);
}

static void write_value(lua_State *lua, int at, struct out *b, struct style *s);

static void write_escape(lua_State *lua, struct out *b, unsigned code)
{
	char out[16];

	if (code > 0xffff) {
		code -= 0x10000;
		snprintf(out, sizeof out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
	} else {
		snprintf(out, sizeof out, "\\u%04x", code);
	}
	put(lua, b, out);
}

/* One character of UTF-8; bytes that are none become U+FFFD. */
static size_t read_character(const unsigned char *p, size_t left, unsigned *code)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;

	if (n == 0 || n > left || p[0] > 0xf4)
		goto bad;
	*code = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			goto bad;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	return n;
bad:
	*code = 0xfffd;
	return 1;
}

static void write_text(lua_State *lua, struct out *b, const char *text, size_t len,
	const struct style *s)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";

	put_char(lua, b, '"');
	for (size_t i = 0; i < len;) {
		unsigned code;
		size_t n = read_character((const unsigned char *)text + i, len - i, &code);
		const char *known = code && code < 128 ? strchr(from, (int)code) : NULL;

		if (known) {
			put_char(lua, b, '\\');
			put_char(lua, b, to[known - from]);
		} else if (code == '/' && s->slashes) {
			put(lua, b, "\\/");
		} else if (code < 0x20 || (code > 126 && s->ascii) || (code == 0xfffd && n == 1)) {
			write_escape(lua, b, code);
		} else {
			put_bytes(lua, b, text + i, n);
		}
		i += n;
	}
	put_char(lua, b, '"');
}

static void write_number(lua_State *lua, int at, struct out *b)
{
	char out[40];

	if (lua_isinteger(lua, at)) {
		snprintf(out, sizeof out, LUA_INTEGER_FMT, lua_tointeger(lua, at));
	} else {
		double d = lua_tonumber(lua, at);

		if (!isfinite(d))
			luaL_error(lua, "JSON has no number for %f", d);
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(out, sizeof out, "%.*g", digits, d);
			if (strtod(out, NULL) == d)
				break;
		}
	}
	put(lua, b, out);
}

static void new_line(lua_State *lua, struct out *b, const struct style *s)
{
	if (!s->pretty)
		return;
	put_char(lua, b, '\n');
	for (int i = 0; i < s->depth; i++)
		put(lua, b, "  ");
}

static bool is_array(lua_State *lua, int at)
{
	bool yes = false;

	if (lua_getmetatable(lua, at)) {
		luaL_getmetatable(lua, ARRAY);
		yes = lua_rawequal(lua, -1, -2);
		lua_pop(lua, 2);
	}
	if (!yes) {
		yes = lua_rawgeti(lua, at, 1) != LUA_TNIL;
		lua_pop(lua, 1);
	}
	return yes;
}

static void write_array(lua_State *lua, int at, struct out *b, struct style *s)
{
	lua_Unsigned n = lua_rawlen(lua, at);

	put_char(lua, b, '[');
	s->depth++;
	for (lua_Unsigned i = 1; i <= n; i++) {
		if (i > 1)
			put_char(lua, b, ',');
		new_line(lua, b, s);
		lua_rawgeti(lua, at, (lua_Integer)i);
		write_value(lua, lua_gettop(lua), b, s);
		lua_pop(lua, 1);
	}
	s->depth--;
	if (n > 0)
		new_line(lua, b, s);
	put_char(lua, b, ']');
}

/* Leaves on the stack the list of keys in the order in which they are to be written. */
static void push_keys(lua_State *lua, int at)
{
	lua_getfield(lua, LUA_REGISTRYINDEX, "twin.keys_of");
	lua_pushvalue(lua, at);
	lua_call(lua, 1, 1);
}

static void write_object(lua_State *lua, int at, struct out *b, struct style *s)
{
	lua_Unsigned n;
	int keys;

	push_keys(lua, at);
	keys = lua_gettop(lua);
	n = lua_rawlen(lua, keys);
	put_char(lua, b, '{');
	s->depth++;
	for (lua_Unsigned i = 1; i <= n; i++) {
		size_t len;
		const char *key;

		if (i > 1)
			put_char(lua, b, ',');
		new_line(lua, b, s);
		lua_rawgeti(lua, keys, (lua_Integer)i);
		lua_pushvalue(lua, -1);
		lua_rawget(lua, at);
		key = luaL_tolstring(lua, -2, &len);
		write_text(lua, b, key, len, s);
		put(lua, b, s->pretty ? ": " : ":");
		write_value(lua, lua_gettop(lua) - 1, b, s);
		lua_pop(lua, 3);
	}
	s->depth--;
	if (n > 0)
		new_line(lua, b, s);
	put_char(lua, b, '}');
	lua_remove(lua, keys);
}

static void write_value(lua_State *lua, int at, struct out *b, struct style *s)
{
	size_t len;
	const char *text;

	luaL_checkstack(lua, 16, "nested too deeply for JSON");
	if (s->depth > MAX_DEPTH)
		luaL_error(lua, "nested too deeply for JSON");
	switch (lua_type(lua, at)) {
	case LUA_TSTRING:
		text = lua_tolstring(lua, at, &len);
		write_text(lua, b, text, len, s);
		break;
	case LUA_TNUMBER:
		write_number(lua, at, b);
		break;
	case LUA_TBOOLEAN:
		put(lua, b, lua_toboolean(lua, at) ? "true" : "false");
		break;
	case LUA_TLIGHTUSERDATA:
		put(lua, b, "null");
		break;
	case LUA_TUSERDATA:
		luaL_checkudata(lua, at, BARE);
		lua_getiuservalue(lua, at, 1);
		text = lua_tolstring(lua, -1, &len);
		put_bytes(lua, b, text, len);
		lua_pop(lua, 1);
		break;
	case LUA_TTABLE:
		if (is_array(lua, at))
			write_array(lua, at, b, s);
		else
			write_object(lua, at, b, s);
		break;
	default:
		luaL_error(lua, "JSON has no %s", luaL_typename(lua, at));
	}
}

static bool option(lua_State *lua, const char *name)
{
	bool on;

	if (!lua_istable(lua, 2))
		return false;
	lua_getfield(lua, 2, name);
	on = lua_toboolean(lua, -1);
	lua_pop(lua, 1);
	return on;
}

static int l_encode(lua_State *lua)
{
	struct style s = { option(lua, "ascii"), option(lua, "slashes"), option(lua, "pretty"), 0 };
	struct out *b;

	luaL_checkany(lua, 1);
	lua_settop(lua, 1);
	b = lua_newuserdatauv(lua, sizeof *b, 0);
	*b = (struct out){ .text = NULL };
	luaL_setmetatable(lua, OUT); /* freed by the collector when an error jumps out */
	write_value(lua, 1, b, &s);
	lua_pushlstring(lua, b->text, b->len);
	free(b->text);
	*b = (struct out){ .text = NULL };
	return 1;
}

static int l_bare(lua_State *lua)
{
	luaL_checkstring(lua, 1);
	lua_newuserdatauv(lua, 0, 1);
	lua_pushvalue(lua, 1);
	lua_setiuservalue(lua, -2, 1);
	luaL_setmetatable(lua, BARE);
	return 1;
}

static int l_array(lua_State *lua)
{
	if (lua_isnoneornil(lua, 1))
		lua_newtable(lua);
	else
		lua_settop(lua, 1);
	luaL_checktype(lua, -1, LUA_TTABLE);
	luaL_setmetatable(lua, ARRAY);
	return 1;
}

static int l_is_array(lua_State *lua)
{
	lua_pushboolean(lua, lua_istable(lua, 1) && is_array(lua, 1));
	return 1;
}

/* keys_of(fn): twin.lua knows the order of an object's keys. */
static int l_keys_of(lua_State *lua)
{
	lua_setfield(lua, LUA_REGISTRYINDEX, "twin.keys_of");
	return 0;
}

static const luaL_Reg functions[] = {
	{ "decode", l_decode },
	{ "encode", l_encode },
	{ "bare", l_bare },
	{ "keys_of", l_keys_of },
	{ NULL, NULL },
};

void json_functions(lua_State *lua)
{
	luaL_newmetatable(lua, ARRAY);
	luaL_newmetatable(lua, BARE);
	luaL_newmetatable(lua, OUT);
	lua_pushcfunction(lua, out_gc);
	lua_setfield(lua, -2, "__gc");
	lua_pop(lua, 3);
	luaL_newlib(lua, functions);
	lua_setfield(lua, -2, "json");
	lua_pushcfunction(lua, l_array);
	lua_setfield(lua, -2, "array");
	lua_pushcfunction(lua, l_is_array);
	lua_setfield(lua, -2, "is_array");
	lua_pushlightuserdata(lua, (void *)(uintptr_t)&null_key);
	lua_setfield(lua, -2, "null");
}
