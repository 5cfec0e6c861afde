/* library.c - the functions that scripts see, each with a ceiling on what one call can cost. */
#include "script/library.h"

#include "base/decimal.h"
#include "script/pattern.h"
#include "script/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <string.h>

#define TEXT_MAX    (1u << 20) /* of what rep, gsub and concat build */
#define PATTERN_MAX 1024
#define FORMAT_MAX  4096
#define ENTRIES_MAX 100000 /* of a table that a table function walks */
#define VALUES_MAX  250    /* that one call may return */

static const char null_key, array_key;

/* ---- null and lists ----------------------------------------------------------- */

void sandbox_push_null(lua_State *L)
{
	lua_pushlightuserdata(L, (void *)(uintptr_t)&null_key);
}

bool sandbox_is_null(lua_State *L, int index)
{
	return lua_touserdata(L, index) == (const void *)&null_key;
}

void sandbox_mark_array(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
	lua_setmetatable(L, index);
}

bool sandbox_is_array(lua_State *L, int index)
{
	bool is = false;

	if (lua_getmetatable(L, index)) {
		lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
		is = lua_rawequal(L, -1, -2);
		lua_pop(L, 2);
	}
	return is;
}

static int base_array(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (lua_getmetatable(L, 1))
		return luaL_argerror(L, 1, "has a metatable");
	lua_settop(L, 1);
	sandbox_mark_array(L, 1);
	return 1;
}

/* ---- base ------------------------------------------------------------------------ */

/* Text for people, without the addresses that Lua's own tostring() tells. */
static void push_shown(lua_State *L, int index)
{
	switch (lua_type(L, index)) {
	case LUA_TNUMBER:
	case LUA_TSTRING:
		lua_pushvalue(L, index);
		lua_tostring(L, -1);
		return;
	case LUA_TBOOLEAN:
		lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
		return;
	case LUA_TLIGHTUSERDATA:
		lua_pushliteral(L, "null");
		return;
	default:
		lua_pushstring(L, luaL_typename(L, index));
	}
}

static int base_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	push_shown(L, 1);
	return 1;
}

/* What was raised goes on when a budget was spent: a condemned script cannot shield itself. */
static int base_pcall(lua_State *L)
{
	int status;

	luaL_checkany(L, 1);
	status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
	sandbox_check(L);
	lua_pushboolean(L, status == LUA_OK);
	lua_insert(L, 1);
	return lua_gettop(L);
}

/* __gc runs without hooks and could not be stopped; the rest would hide what a table is. */
static const char *const refused_events[] = { "__gc", "__close", "__mode", "__metatable", NULL };

static int base_setmetatable(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (!lua_isnil(L, 2))
		luaL_checktype(L, 2, LUA_TTABLE);
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	for (const char *const *event = refused_events; lua_istable(L, 2) && *event; event++) {
		lua_pushstring(L, *event);
		if (lua_rawget(L, 2) != LUA_TNIL)
			return luaL_error(L, "a metatable with '%s' is not allowed here", *event);
		lua_pop(L, 1);
	}
	lua_settop(L, 2);
	lua_setmetatable(L, 1);
	return 1;
}

static int key_rank(int type)
{
	switch (type) {
	case LUA_TNUMBER: return 0;
	case LUA_TSTRING: return 1;
	case LUA_TBOOLEAN: return 2;
	default: return 3;
	}
}

static int compare_bytes(lua_State *L, int a, int b)
{
	size_t a_len, b_len;
	const char *a_text = lua_tolstring(L, a, &a_len), *b_text = lua_tolstring(L, b, &b_len);
	int order = memcmp(a_text, b_text, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

int sandbox_compare_keys(lua_State *L, int a, int b)
{
	int type = lua_type(L, a), order = key_rank(type) - key_rank(lua_type(L, b));

	if (order == 0 && type == LUA_TNUMBER)
		order = lua_compare(L, b, a, LUA_OPLT) - lua_compare(L, a, b, LUA_OPLT);
	else if (order == 0 && type == LUA_TSTRING)
		order = compare_bytes(L, a, b);
	else if (order == 0 && type == LUA_TBOOLEAN)
		order = lua_toboolean(L, a) - lua_toboolean(L, b);
	return (order > 0) - (order < 0);
}

static void check_key(lua_State *L, int index)
{
	if (key_rank(lua_type(L, index)) == 3)
		luaL_error(L, "a key is a %s: only tables whose keys are numbers and texts can be walked",
			luaL_typename(L, index));
}

/* The smallest key above the given one: Lua's own order changes from run to run. */
static int base_next(lua_State *L)
{
	enum { TABLE = 1, AFTER, BEST, KEY };

	luaL_checktype(L, TABLE, LUA_TTABLE);
	lua_settop(L, AFTER);
	lua_pushnil(L);
	lua_pushnil(L);
	while (lua_next(L, TABLE)) {
		lua_pop(L, 1);
		sandbox_charge(L, 1);
		check_key(L, KEY);
		if (!lua_isnil(L, AFTER) && sandbox_compare_keys(L, KEY, AFTER) <= 0)
			continue;
		if (lua_isnil(L, BEST) || sandbox_compare_keys(L, KEY, BEST) < 0) {
			lua_pushvalue(L, KEY);
			lua_replace(L, BEST);
		}
	}
	if (lua_isnil(L, BEST))
		return 1;
	lua_pushvalue(L, BEST);
	lua_rawget(L, TABLE);
	return 2;
}

/* Stable; sorts entries 1 to n of the table at the top of the stack; less compares two indices. */
typedef bool less_fn(lua_State *L, int a, int b);

static void merge(lua_State *L, int from, int to, lua_Integer left, lua_Integer middle,
	lua_Integer right, less_fn *less)
{
	lua_Integer a = left, b = middle;

	for (lua_Integer out = left; out < right; out++) {
		bool second = a == middle;

		if (a < middle && b < right) {
			lua_rawgeti(L, from, b);
			lua_rawgeti(L, from, a);
			second = less(L, lua_gettop(L) - 1, lua_gettop(L));
			lua_pop(L, 2);
		}
		lua_rawgeti(L, from, second ? b++ : a++);
		lua_rawseti(L, to, out);
	}
}

static void sort_top(lua_State *L, lua_Integer n, less_fn *less)
{
	int from = lua_gettop(L), to = from + 1;

	luaL_checkstack(L, 8, NULL);
	lua_createtable(L, (int)n, 0);
	for (lua_Integer width = 1; width < n; width *= 2) {
		sandbox_charge(L, (uint64_t)n);
		for (lua_Integer left = 1; left <= n; left += 2 * width) {
			lua_Integer middle = left + width, right = middle + width;

			merge(L, from, to, left, middle > n ? n + 1 : middle, right > n ? n + 1 : right,
				less);
		}
		lua_pushvalue(L, from); /* what was written is read next */
		lua_pushvalue(L, to);
		lua_replace(L, from);
		lua_replace(L, to);
	}
	lua_pop(L, 1);
}

static bool key_less(lua_State *L, int a, int b)
{
	return sandbox_compare_keys(L, a, b) < 0;
}

/* Upvalues: the table, its keys in order, the place. */
static int pairs_step(lua_State *L)
{
	enum { TABLE = 1, KEYS, PLACE };

	for (;;) {
		lua_Integer place = lua_tointeger(L, lua_upvalueindex(PLACE)) + 1;

		lua_pushinteger(L, place);
		lua_replace(L, lua_upvalueindex(PLACE));
		if (lua_rawgeti(L, lua_upvalueindex(KEYS), place) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
		if (lua_rawget(L, lua_upvalueindex(TABLE)) != LUA_TNIL)
			return 2;
		lua_pop(L, 2); /* taken away meanwhile */
	}
}

lua_Integer sandbox_push_keys(lua_State *L, int index)
{
	lua_Integer n = 0;
	int keys;

	index = lua_absindex(L, index);
	luaL_checkstack(L, 8, NULL);
	lua_newtable(L);
	keys = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, index)) {
		lua_pop(L, 1);
		check_key(L, keys + 1);
		if (++n % 64 == 0)
			sandbox_charge(L, 64);
		lua_pushvalue(L, -1);
		lua_rawseti(L, keys, n);
	}
	sort_top(L, n, key_less);
	return n;
}

static int base_pairs(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	sandbox_push_keys(L, 1);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, pairs_step, 3);
	return 1;
}

/* ---- Lua's own functions, charged for ------------------------------------------- */

static int stock(lua_State *L)
{
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* For those that read all of the first argument. */
static int charged_before(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TSTRING)
		sandbox_charge(L, 1 + lua_rawlen(L, 1) / 16);
	return stock(L);
}

/* For those whose work is what they return. */
static int charged_after(lua_State *L)
{
	int n = stock(L);

	sandbox_charge(L, (uint64_t)n + (lua_type(L, -1) == LUA_TSTRING ? lua_rawlen(L, -1) / 16 : 0));
	return n;
}

/* i and j of a text function as Lua means them: negative counts from the end; at most VALUES_MAX. */
static void check_span(lua_State *L, lua_Integer len, lua_Integer i, lua_Integer j)
{
	i = i < 0 ? (i < -len ? 1 : len + i + 1) : i;
	j = j < 0 ? len + j + 1 : j > len ? len : j;
	if (j >= i && (lua_Unsigned)j - (lua_Unsigned)i >= VALUES_MAX)
		luaL_error(L, "more than %d values at once", VALUES_MAX);
}

static int charged_bytes(lua_State *L)
{
	lua_Integer len, i;

	luaL_checkstring(L, 1);
	len = (lua_Integer)lua_rawlen(L, 1);
	i = luaL_optinteger(L, 2, 1);
	check_span(L, len, i, luaL_optinteger(L, 3, i));
	return charged_after(L);
}

/* ---- string ------------------------------------------------------------------- */

static int string_rep(lua_State *L)
{
	size_t len, sep_len;
	const char *text = luaL_checklstring(L, 1, &len);
	lua_Integer n = luaL_checkinteger(L, 2);
	const char *sep = luaL_optlstring(L, 3, "", &sep_len);
	luaL_Buffer b;

	if (n <= 0 || len + sep_len == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if ((lua_Unsigned)n > TEXT_MAX / (len + sep_len))
		return luaL_error(L, "the text would be longer than %d bytes", (int)TEXT_MAX);
	sandbox_charge(L, (uint64_t)n * (1 + (len + sep_len) / 16));
	luaL_buffinitsize(L, &b, (size_t)n * (len + sep_len));
	for (lua_Integer i = 0; i < n; i++) {
		luaL_addlstring(&b, text, len);
		if (i + 1 < n)
			luaL_addlstring(&b, sep, sep_len);
	}
	luaL_pushresult(&b);
	return 1;
}

/* Refuses what tells addresses, and gives %s our own tostring; Lua's format() does the rest. */
static int string_format(lua_State *L)
{
	size_t len;
	const char *at = luaL_checklstring(L, 1, &len), *end = at + len;
	int arg = 1;

	if (len > FORMAT_MAX)
		return luaL_error(L, "a format of more than %d bytes", FORMAT_MAX);
	while (at < end) {
		if (*at++ != '%')
			continue;
		if (at < end && *at == '%') {
			at++;
			continue;
		}
		at += strspn(at, "-+ #0123456789.");
		arg++;
		if (at < end && strchr("paA", *at))
			return luaL_error(L, "'%%%c' is not allowed in a format here", *at);
		if (at < end && *at == 's' && arg <= lua_gettop(L)) {
			push_shown(L, arg);
			sandbox_charge(L, lua_rawlen(L, -1) / 16);
			lua_replace(L, arg);
		}
	}
	return charged_after(L);
}

/* Where a search begins, from 0; beyond len when it cannot. */
static size_t start_of(lua_State *L, int index, size_t len)
{
	lua_Integer at = luaL_optinteger(L, index, 1);

	if (at > 0)
		return (lua_Unsigned)at > len ? len + (at > (lua_Integer)len + 1) : (size_t)at - 1;
	if (at == 0 || at < -(lua_Integer)len)
		return 0;
	return len - (size_t)-at;
}

static const char *check_pattern(lua_State *L, int index, size_t *len)
{
	const char *pattern = luaL_checklstring(L, index, len);

	if (*len > PATTERN_MAX)
		luaL_error(L, "a pattern of more than %d bytes", PATTERN_MAX);
	return pattern;
}

/* True: matched.  Raises what is wrong. */
static bool match_at(lua_State *L, struct pattern *p, const char *at)
{
	switch (pattern_match_at(p, at)) {
	case PATTERN_NONE: return false;
	case PATTERN_MATCH: return true;
	case PATTERN_WRONG: luaL_error(L, "%s", p->why); break;
	case PATTERN_SPENT: sandbox_charge(L, 1); break;
	}
	return false;
}

/* Capture i; 0 is the whole match when there are no captures. */
static void push_capture(lua_State *L, const struct pattern *p, size_t i, const char *at)
{
	const struct pattern_capture *c = &p->captures[i];

	if (i >= p->capture_count) {
		if (i != 0)
			luaL_error(L, "invalid capture index %%%d", (int)i + 1);
		lua_pushlstring(L, at, (size_t)(p->end - at));
	} else if (c->state == PATTERN_OPEN) {
		luaL_error(L, "unfinished capture");
	} else if (c->state == PATTERN_POSITION) {
		lua_pushinteger(L, c->at - p->subject + 1);
	} else {
		lua_pushlstring(L, c->at, c->len);
	}
}

static int push_captures(lua_State *L, const struct pattern *p, const char *at, bool whole_if_none)
{
	size_t n = p->capture_count ? p->capture_count : whole_if_none;

	luaL_checkstack(L, (int)n, "too many captures");
	for (size_t i = 0; i < n; i++)
		push_capture(L, p, i, at);
	return (int)n;
}

static int find_plain(lua_State *L, const char *text, size_t len, const char *what, size_t what_len,
	size_t from)
{
	const char *at;

	sandbox_charge(L, 1 + (len - from) / 16);
	at = memmem(text + from, len - from, what, what_len);
	if (!at) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushinteger(L, at - text + 1);
	lua_pushinteger(L, at - text + (lua_Integer)what_len);
	return 2;
}

static int search(lua_State *L, bool find)
{
	size_t len, pattern_len, from;
	const char *text = luaL_checklstring(L, 1, &len);
	const char *pattern = luaL_checklstring(L, 2, &pattern_len), *at;
	bool anchored;
	struct pattern p;

	from = start_of(L, 3, len);
	if (from > len) {
		lua_pushnil(L);
		return 1;
	}
	if (find && (lua_toboolean(L, 4) || pattern_is_plain(pattern, pattern_len)))
		return find_plain(L, text, len, pattern, pattern_len, from);
	check_pattern(L, 2, &pattern_len);
	anchored = *pattern == '^';
	pattern_init(&p, text, len, pattern + anchored, pattern_len - anchored, sandbox_steps(L));
	for (at = text + from; at <= p.subject_end; at++) {
		if (match_at(L, &p, at)) {
			if (!find)
				return push_captures(L, &p, at, true);
			lua_pushinteger(L, at - text + 1);
			lua_pushinteger(L, p.end - text);
			return 2 + push_captures(L, &p, at, false);
		}
		if (anchored)
			break;
	}
	lua_pushnil(L);
	return 1;
}

static int string_find(lua_State *L)
{
	return search(L, true);
}

static int string_match(lua_State *L)
{
	return search(L, false);
}

/* Upvalues: text, pattern, where to go on, where the last match ended (-1: none yet). */
static int gmatch_step(lua_State *L)
{
	enum { TEXT = 1, PATTERN, FROM, LAST };
	size_t len, pattern_len;
	const char *text = lua_tolstring(L, lua_upvalueindex(TEXT), &len);
	const char *pattern = lua_tolstring(L, lua_upvalueindex(PATTERN), &pattern_len);
	lua_Integer from = lua_tointeger(L, lua_upvalueindex(FROM));
	lua_Integer last = lua_tointeger(L, lua_upvalueindex(LAST));
	struct pattern p;

	pattern_init(&p, text, len, pattern, pattern_len, sandbox_steps(L));
	for (; from <= (lua_Integer)len; from++) {
		if (!match_at(L, &p, text + from) || p.end - text == last)
			continue;
		lua_pushinteger(L, p.end - text);
		lua_copy(L, -1, lua_upvalueindex(FROM));
		lua_replace(L, lua_upvalueindex(LAST));
		return push_captures(L, &p, text + from, true);
	}
	lua_pushinteger(L, from);
	lua_replace(L, lua_upvalueindex(FROM));
	return 0;
}

static int string_gmatch(lua_State *L)
{
	size_t len, pattern_len;

	luaL_checklstring(L, 1, &len);
	check_pattern(L, 2, &pattern_len);
	lua_pushinteger(L, (lua_Integer)start_of(L, 3, len));
	lua_replace(L, 3);
	lua_settop(L, 3);
	lua_pushinteger(L, -1);
	lua_pushcclosure(L, gmatch_step, 4);
	return 1;
}

/* One replacement of gsub: what to put for the match at `at`. */
struct gsub {
	struct pattern p;
	luaL_Buffer out;
	size_t built; /* bytes */
	int kind;     /* of the replacement at index 3 */
};

static void put(lua_State *L, struct gsub *g, const char *bytes, size_t len)
{
	g->built += len;
	if (g->built > TEXT_MAX)
		luaL_error(L, "the text would be longer than %d bytes", (int)TEXT_MAX);
	sandbox_charge(L, 1 + len / 16);
	luaL_addlstring(&g->out, bytes, len);
}

/* Adds the value at the top of the stack, which goes. */
static void put_top(lua_State *L, struct gsub *g)
{
	g->built += lua_rawlen(L, -1);
	if (g->built > TEXT_MAX)
		luaL_error(L, "the text would be longer than %d bytes", (int)TEXT_MAX);
	sandbox_charge(L, 1 + lua_rawlen(L, -1) / 16);
	luaL_addvalue(&g->out);
}

static void put_template(lua_State *L, struct gsub *g, const char *at)
{
	size_t len;
	const char *text = lua_tolstring(L, 3, &len), *end = text + len;

	while (text < end) {
		const char *percent = memchr(text, '%', (size_t)(end - text));

		put(L, g, text, (size_t)((percent ? percent : end) - text));
		if (!percent)
			return;
		text = percent + 2;
		if (percent + 1 < end && percent[1] == '%') {
			put(L, g, "%", 1);
		} else if (percent + 1 < end && percent[1] == '0') {
			put(L, g, at, (size_t)(g->p.end - at));
		} else if (percent + 1 < end && percent[1] >= '1' && percent[1] <= '9') {
			push_capture(L, &g->p, (size_t)(percent[1] - '1'), at);
			lua_tostring(L, -1);
			put_top(L, g);
		} else {
			luaL_error(L, "invalid use of '%%' in replacement string");
		}
	}
}

/* True when the match was replaced and not just kept. */
static bool put_replacement(lua_State *L, struct gsub *g, const char *at)
{
	switch (g->kind) {
	case LUA_TFUNCTION:
		lua_pushvalue(L, 3);
		lua_call(L, push_captures(L, &g->p, at, true), 1);
		break;
	case LUA_TTABLE:
		push_capture(L, &g->p, 0, at);
		lua_gettable(L, 3);
		break;
	default:
		put_template(L, g, at);
		return true;
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		put(L, g, at, (size_t)(g->p.end - at));
		return false;
	}
	if (!lua_isstring(L, -1))
		luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
	lua_tostring(L, -1);
	put_top(L, g);
	return true;
}

static int string_gsub(lua_State *L)
{
	size_t len, pattern_len;
	const char *text = luaL_checklstring(L, 1, &len), *at = text, *last = NULL;
	const char *pattern = check_pattern(L, 2, &pattern_len);
	bool anchored = *pattern == '^', changed = false;
	lua_Integer max, n = 0;
	struct gsub g;

	g.kind = lua_type(L, 3);
	luaL_argexpected(L, g.kind == LUA_TNUMBER || g.kind == LUA_TSTRING || g.kind == LUA_TTABLE
		|| g.kind == LUA_TFUNCTION, 3, "string/function/table");
	lua_settop(L, 4);
	max = luaL_optinteger(L, 4, (lua_Integer)len + 1);
	pattern_init(&g.p, text, len, pattern + anchored, pattern_len - anchored, sandbox_steps(L));
	g.built = 0;
	luaL_buffinit(L, &g.out);
	while (n < max) {
		if (match_at(L, &g.p, at) && g.p.end != last) {
			n++;
			last = g.p.end;
			changed |= put_replacement(L, &g, at);
			at = last;
		} else if (at < g.p.subject_end) {
			put(L, &g, at++, 1);
		} else {
			break;
		}
		if (anchored)
			break;
	}
	if (changed) {
		put(L, &g, at, (size_t)(g.p.subject_end - at));
		luaL_pushresult(&g.out);
	} else {
		lua_pushvalue(L, 1);
	}
	lua_pushinteger(L, n);
	return 2;
}

/* ---- table -------------------------------------------------------------------- */

/* A lying __len or an endless __index would hold a C loop for ever. */
static const char *const loop_events[] = { "__index", "__newindex", "__len", NULL };

/* The length of the table at index, which has to be a plain one. */
static lua_Integer plain_len(lua_State *L, int index)
{
	lua_Unsigned n;

	luaL_checktype(L, index, LUA_TTABLE);
	for (const char *const *event = loop_events; *event; event++)
		if (luaL_getmetafield(L, index, *event) != LUA_TNIL)
			luaL_error(L, "a table with '%s' in its metatable cannot be used here", *event);
	n = lua_rawlen(L, index);
	if (n > ENTRIES_MAX)
		luaL_error(L, "a table of more than %d entries", ENTRIES_MAX);
	return (lua_Integer)n;
}

static uint64_t shifted(lua_Integer n, lua_Integer position)
{
	return 1 + (position >= 1 && position <= n ? (uint64_t)(n - position) : 0);
}

static int table_insert(lua_State *L)
{
	lua_Integer n = plain_len(L, 1);

	sandbox_charge(L, lua_gettop(L) >= 3 ? shifted(n, luaL_checkinteger(L, 2)) : 1);
	return stock(L);
}

static int table_remove(lua_State *L)
{
	lua_Integer n = plain_len(L, 1);

	sandbox_charge(L, lua_gettop(L) >= 2 ? shifted(n, luaL_checkinteger(L, 2)) : 1);
	return stock(L);
}

static uint64_t check_count(lua_State *L, lua_Integer from, lua_Integer to, lua_Unsigned max)
{
	if (from > to)
		return 1;
	if ((lua_Unsigned)to - (lua_Unsigned)from >= max)
		luaL_error(L, "more than %d entries at once", (int)max);
	return (lua_Unsigned)to - (lua_Unsigned)from + 2;
}

static int table_move(lua_State *L)
{
	plain_len(L, 1);
	if (!lua_isnoneornil(L, 5))
		plain_len(L, 5);
	sandbox_charge(L, check_count(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), ENTRIES_MAX));
	return stock(L);
}

static int table_unpack(lua_State *L)
{
	lua_Integer n = plain_len(L, 1);

	sandbox_charge(L, check_count(L, luaL_optinteger(L, 2, 1), luaL_optinteger(L, 3, n), VALUES_MAX));
	return stock(L);
}

static int table_concat(lua_State *L)
{
	lua_Integer n = plain_len(L, 1), from = luaL_optinteger(L, 3, 1), to = luaL_optinteger(L, 4, n);
	uint64_t count = check_count(L, from, to, ENTRIES_MAX), total = 0;
	size_t sep_len;

	luaL_optlstring(L, 2, "", &sep_len);
	for (lua_Integer i = from; from <= to; i++) {
		lua_rawgeti(L, 1, i);
		total += sep_len + (lua_type(L, -1) == LUA_TSTRING ? lua_rawlen(L, -1) : 0);
		lua_pop(L, 1);
		if (total > TEXT_MAX)
			return luaL_error(L, "the text would be longer than %d bytes", (int)TEXT_MAX);
		if (i == to)
			break;
	}
	sandbox_charge(L, count + total / 16);
	return stock(L);
}

static void charge_comparison(lua_State *L, int a, int b)
{
	uint64_t len = 0;

	if (lua_type(L, a) == LUA_TSTRING && lua_type(L, b) == LUA_TSTRING)
		len = lua_rawlen(L, a) < lua_rawlen(L, b) ? lua_rawlen(L, a) : lua_rawlen(L, b);
	sandbox_charge(L, 1 + len / 8);
}

static bool value_less(lua_State *L, int a, int b)
{
	charge_comparison(L, a, b);
	return lua_compare(L, a, b, LUA_OPLT);
}

static bool script_less(lua_State *L, int a, int b)
{
	bool less;

	sandbox_charge(L, 1);
	lua_pushvalue(L, 2);
	lua_pushvalue(L, a);
	lua_pushvalue(L, b);
	lua_call(L, 2, 1);
	less = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return less;
}

/* Stable, on a copy, so that a comparison that lies or changes the table does no harm. */
static int table_sort(lua_State *L)
{
	lua_Integer n = plain_len(L, 1);

	lua_settop(L, 2);
	if (!lua_isnil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_createtable(L, (int)n, 0);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, 1, i);
		lua_rawseti(L, 3, i);
	}
	sort_top(L, n, lua_isnil(L, 2) ? value_less : script_less);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, 3, i);
		lua_rawseti(L, 1, i);
	}
	return 0;
}

/* ---- utf8 --------------------------------------------------------------------- */

static int utf8_codepoint(lua_State *L)
{
	lua_Integer len, i;

	luaL_checkstring(L, 1);
	len = (lua_Integer)lua_rawlen(L, 1);
	i = luaL_optinteger(L, 2, 1);
	check_span(L, len, i, luaL_optinteger(L, 3, i));
	return charged_after(L);
}

/* ---- decimal ------------------------------------------------------------------- */

static struct decimal check_decimal(lua_State *L, int index)
{
	struct decimal d;
	size_t len;
	const char *text;

	if (lua_type(L, index) == LUA_TNUMBER && !lua_isinteger(L, index))
		luaL_argerror(L, index, "a number with a fraction is not exact: write it as text, \"0.10\"");
	text = luaL_checklstring(L, index, &len);
	if (!decimal_parse(text, len, &d))
		luaL_argerror(L, index, lua_pushfstring(L, "'%s' is no decimal number", text));
	return d;
}

static int push_decimal(lua_State *L, bool fits, struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];

	if (!fits)
		return luaL_error(L, "the decimal result has too many digits");
	decimal_text(d, -1, text);
	lua_pushstring(L, text);
	return 1;
}

static int decimal_lib_add(lua_State *L)
{
	struct decimal d = { 0 };
	bool fits = decimal_add(check_decimal(L, 1), check_decimal(L, 2), &d);

	return push_decimal(L, fits, d);
}

static int decimal_lib_sub(lua_State *L)
{
	struct decimal d = { 0 };
	bool fits = decimal_sub(check_decimal(L, 1), check_decimal(L, 2), &d);

	return push_decimal(L, fits, d);
}

static int decimal_lib_mul(lua_State *L)
{
	struct decimal d = { 0 };
	bool fits = decimal_mul(check_decimal(L, 1), check_decimal(L, 2), &d);

	return push_decimal(L, fits, d);
}

static unsigned check_places(lua_State *L, int index)
{
	lua_Integer places = luaL_checkinteger(L, index);

	luaL_argcheck(L, places >= 0 && places <= 15, index, "between 0 and 15 places");
	return (unsigned)places;
}

static int decimal_lib_div(lua_State *L)
{
	struct decimal by = check_decimal(L, 2), d = { 0 };

	luaL_argcheck(L, decimal_sign(by) != 0, 2, "division by zero");
	return push_decimal(L, decimal_div(check_decimal(L, 1), by, check_places(L, 3), &d), d);
}

static int decimal_lib_round(lua_State *L)
{
	static const char *const words[] = { "half_up", "half_even", "down", NULL };
	static const enum decimal_rounding rounding[] = { DECIMAL_HALF_UP, DECIMAL_HALF_EVEN, DECIMAL_DOWN };
	int how = luaL_checkoption(L, 3, "half_up", words);

	return push_decimal(L, true, decimal_round(check_decimal(L, 1), check_places(L, 2), rounding[how]));
}

static int decimal_lib_neg(lua_State *L)
{
	return push_decimal(L, true, decimal_neg(check_decimal(L, 1)));
}

static int decimal_lib_cmp(lua_State *L)
{
	lua_pushinteger(L, decimal_cmp(check_decimal(L, 1), check_decimal(L, 2)));
	return 1;
}

/* ---- what scripts see -------------------------------------------------------- */

/* fn gets Lua's own function of that name as its upvalue; NULL: Lua's own as it is. */
struct entry {
	const char *name;
	lua_CFunction fn;
};

static const struct entry base_entries[] = {
	{ "assert" }, { "error" }, { "ipairs" }, { "select" }, { "tonumber" }, { "type" },
	{ "array", base_array },
	{ "next", base_next },
	{ "pairs", base_pairs },
	{ "pcall", base_pcall },
	{ "setmetatable", base_setmetatable },
	{ "tostring", base_tostring },
	{ NULL },
};

static const struct entry string_entries[] = {
	{ "len" },
	{ "byte", charged_bytes },
	{ "char", charged_after },
	{ "find", string_find },
	{ "format", string_format },
	{ "gmatch", string_gmatch },
	{ "gsub", string_gsub },
	{ "lower", charged_before },
	{ "match", string_match },
	{ "rep", string_rep },
	{ "reverse", charged_before },
	{ "sub", charged_after },
	{ "upper", charged_before },
	{ NULL },
};

static const struct entry table_entries[] = {
	{ "pack" },
	{ "concat", table_concat },
	{ "insert", table_insert },
	{ "move", table_move },
	{ "remove", table_remove },
	{ "sort", table_sort },
	{ "unpack", table_unpack },
	{ NULL },
};

/* No random: the same in, the same out. */
static const struct entry math_entries[] = {
	{ "abs" }, { "ceil" }, { "floor" }, { "fmod" }, { "huge" }, { "max" }, { "maxinteger" }, { "min" },
	{ "mininteger" }, { "modf" }, { "pi" }, { "sqrt" }, { "tointeger" }, { "type" }, { "ult" },
	{ NULL },
};

static const struct entry utf8_entries[] = {
	{ "charpattern" },
	{ "char", charged_after },
	{ "codepoint", utf8_codepoint },
	{ "codes", charged_before },
	{ "len", charged_before },
	{ "offset", charged_before },
	{ NULL },
};

static const struct entry decimal_entries[] = {
	{ "add", decimal_lib_add },
	{ "cmp", decimal_lib_cmp },
	{ "div", decimal_lib_div },
	{ "mul", decimal_lib_mul },
	{ "neg", decimal_lib_neg },
	{ "round", decimal_lib_round },
	{ "sub", decimal_lib_sub },
	{ NULL },
};

static const struct module {
	const char *name;
	lua_CFunction open; /* NULL: all of it is ours */
	const struct entry *entries;
} modules[] = {
	{ "string", luaopen_string, string_entries },
	{ "table", luaopen_table, table_entries },
	{ "math", luaopen_math, math_entries },
	{ "utf8", luaopen_utf8, utf8_entries },
	{ "decimal", NULL, decimal_entries },
};

/* Fills the table at `into` from Lua's own library at `own` (0: there is none). */
static void fill(lua_State *L, int into, int own, const struct entry *entries)
{
	for (const struct entry *entry = entries; entry->name; entry++) {
		if (own)
			lua_getfield(L, own, entry->name);
		else
			lua_pushnil(L);
		if (entry->fn)
			lua_pushcclosure(L, entry->fn, 1);
		lua_setfield(L, into, entry->name);
	}
}

static int refuse_write(lua_State *L)
{
	return luaL_error(L, "this table cannot be changed");
}

/* Replaces the table at the top by an empty one that reads from it and cannot be written. */
static void protect(lua_State *L)
{
	lua_newtable(L);
	lua_createtable(L, 0, 3);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_write);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_remove(L, -2);
}

/* The metatable of all strings: ("x"):upper() goes to the table at the top. */
static void set_string_methods(lua_State *L)
{
	lua_pushliteral(L, "");
	lua_createtable(L, 0, 2);
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

void library_open(lua_State *L)
{
	enum { GLOBALS = 1 };

	lua_settop(L, 0);
	lua_newtable(L);
	luaopen_base(L);
	fill(L, GLOBALS, 2, base_entries);
	lua_settop(L, GLOBALS);
	for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
		const struct module *m = &modules[i];

		if (m->open)
			m->open(L);
		else
			lua_pushnil(L);
		lua_newtable(L);
		fill(L, 3, m->open ? 2 : 0, m->entries);
		if (m->open == luaopen_string)
			set_string_methods(L);
		protect(L);
		lua_setfield(L, GLOBALS, m->name);
		lua_settop(L, GLOBALS);
	}
	lua_pushvalue(L, GLOBALS);
	lua_setfield(L, GLOBALS, "_G");
	sandbox_push_null(L);
	lua_setfield(L, GLOBALS, "null");
	lua_createtable(L, 0, 1);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}
