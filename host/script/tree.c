/* tree.c - a mapping file as a tree: its words are C functions that make nodes. */
#include "tree.h"

#include "base/crypto.h"
#include "base/err.h"
#include "base/when.h"
#include "script/keyline.h"
#include "script/problem.h"
#include "script/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define WORD_TYPE "ml-connector word"

static const struct word {
	enum op op;
	const char *name;
	unsigned char least, most;
} words[] = {
#define X(NAME, word, least, most) { OP_##NAME, word, least, most },
	TREE_WORDS(X)
#undef X
};
#define WORD_COUNT (sizeof words / sizeof words[0])

static const char *const taking[] = { "params", "tables", "needs", "fields" }; /* sections of names: take_in() */

const char *op_word(enum op op)
{
	switch (op) {
	case OP_CONST: return "a constant";
	case OP_TABLE: return "{ }";
	case OP_FUNCTION: return "a function";
	case OP_MAPPING: return "mapping";
	case OP_OVERRIDE: return "override";
	case OP_CLEAR: return "clear";
	case OP_DROP: return "drop";
	case OP_NONE: return "none";
	default: return words[op - words[0].op].name;
	}
}

bool op_takes(enum op op, unsigned *least, unsigned *most)
{
	if (op < words[0].op || op >= OP_END)
		return false;
	*least = words[op - words[0].op].least;
	*most = words[op - words[0].op].most;
	return true;
}

const struct member *node_member(const struct node *n, const char *name)
{
	for (unsigned i = 0; n && i < n->member_count; i++)
		if (strcmp(n->members[i].name, name) == 0)
			return &n->members[i];
	return NULL;
}

struct node *node_get(const struct node *n, const char *name)
{
	const struct member *m = node_member(n, name);

	return m ? m->value : NULL;
}

bool node_is_text(const struct node *n)
{
	return n && n->op == OP_CONST && n->text;
}

/* ---- Lua values to nodes ----------------------------------------------------------------- */

static void *take(lua_State *L, struct script *s, size_t size)
{
	void *p = arena_alloc(s->arena, size);

	if (!p)
		luaL_error(L, "the file makes too much of too little: it is over the memory that a mapping may take");
	return p;
}

static unsigned line_here(lua_State *L)
{
	lua_Debug at;

	for (int level = 1; lua_getstack(L, level, &at); level++) {
		lua_getinfo(L, "l", &at);
		if (at.currentline > 0)
			return (unsigned)at.currentline;
	}
	return 0;
}

static struct node *node_new(lua_State *L, struct script *s, enum op op)
{
	struct node *n = take(L, s, sizeof *n);

	if (++(s->inside ? s->inside : s)->nodes > TREE_NODES_MAX)
		luaL_error(L, "more than %d values in one file", TREE_NODES_MAX);
	n->op = op;
	n->script = s;
	return n;
}

static void give(lua_State *L, struct node *n)
{
	struct node **box = lua_newuserdatauv(L, sizeof *box, 0);

	*box = n;
	luaL_setmetatable(L, WORD_TYPE);
}

static const char functions_key;

void script_push_functions(lua_State *L)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key) == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &functions_key);
}

static struct node *node_of(lua_State *L, struct script *s, int index, int depth);

/* The array part into kids, the rest into members. */
static void take_table(lua_State *L, struct script *s, struct node *n, int index, int depth)
{
	lua_Unsigned count = lua_rawlen(L, index);
	unsigned named = 0, k = 0;

	if (depth > TREE_DEPTH_MAX)
		luaL_error(L, "tables more than %d deep, or one that holds itself", TREE_DEPTH_MAX);
	luaL_checkstack(L, 4, "tables too deep");
	if (count > TREE_NODES_MAX)
		luaL_error(L, "a table of more than %d values", TREE_NODES_MAX);
	sandbox_charge(L, count + 1);
	for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
		if (!(lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 && (lua_Unsigned)lua_tointeger(L, -2) <= count))
			named++;
	n->kids = count ? take(L, s, (size_t)count * sizeof(struct node *)) : NULL;
	n->members = named ? take(L, s, named * sizeof *n->members) : NULL;
	for (lua_Unsigned i = 1; i <= count; i++) {
		lua_rawgeti(L, index, (lua_Integer)i);
		n->kids[k++] = node_of(L, s, lua_gettop(L), depth);
		lua_pop(L, 1);
	}
	n->kid_count = k;
	for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
		size_t len;
		if (lua_isinteger(L, -2)) {
			lua_Integer i = lua_tointeger(L, -2);
			if (i >= 1 && (lua_Unsigned)i <= count)
				continue;
			luaL_error(L, "a list with a gap: its %dth value is nothing", (int)i);
		}
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "a table's names are text");
		const char *name = lua_tolstring(L, -2, &len);
		char *copy = take(L, s, len + 1);
		memcpy(copy, name, len);
		n->members[n->member_count].name = copy;
		n->members[n->member_count++].value = node_of(L, s, lua_gettop(L), depth);
	}
}

static struct node *constant(lua_State *L, struct script *s, json_t *value)
{
	struct node *n;

	if (!value || json_array_append_new(s->constants, value) < 0)
		luaL_error(L, "text that is not UTF-8");
	n = node_new(L, s, OP_CONST);
	n->constant = value;
	n->text = json_string_value(value);
	return n;
}

static struct node *node_of(lua_State *L, struct script *s, int index, int depth)
{
	size_t len;
	struct node **box, *n;
	const char *text;

	switch (lua_type(L, index)) {
	case LUA_TSTRING:
		text = lua_tolstring(L, index, &len);
		return constant(L, s, json_stringn(text, len));
	case LUA_TBOOLEAN:
		return constant(L, s, json_boolean(lua_toboolean(L, index)));
	case LUA_TNUMBER:
		if (!lua_isinteger(L, index))
			luaL_error(L, "a number with a fraction: write it as text (\"0.05\"), so that no digit is lost");
		return constant(L, s, json_integer(lua_tointeger(L, index)));
	case LUA_TTABLE:
		n = node_new(L, s, OP_TABLE);
		n->braced = true;
		take_table(L, s, n, index, depth + 1);
		return n;
	case LUA_TFUNCTION:
		s = s->inside ? s->inside : s; /* whose Lua it lives in */
		n = node_new(L, s, OP_FUNCTION);
		n->line = line_here(L);
		n->function = ++s->functions;
		script_push_functions(L);
		lua_pushvalue(L, index);
		lua_rawseti(L, -2, n->function);
		lua_pop(L, 1);
		return n;
	default:
		box = luaL_testudata(L, index, WORD_TYPE);
		if (box)
			return *box;
		luaL_error(L, "a %s has no place in a mapping", luaL_typename(L, index));
		return NULL;
	}
}

static bool is_reading(const struct script *s)
{
	return s->inside ? s->inside->reading : s->reading;
}

static struct script *script_of(lua_State *L)
{
	struct script *s = lua_touserdata(L, lua_upvalueindex(1));

	if (!is_reading(s))
		luaL_error(L, "the words of a mapping have no place inside compute: give the function what it needs as inputs");
	return s;
}

/* Inside compute these two work the days out themselves. */
static int reckon_days(lua_State *L, enum op op)
{
	char day[WHEN_DAY_SIZE];
	int64_t days;

	if (op == OP_DAYS_BETWEEN) {
		if (!when_days_between(luaL_checkstring(L, 1), luaL_checkstring(L, 2), &days))
			return luaL_error(L, "days_between wants two days like 2026-10-31");
		lua_pushinteger(L, days);
		return 1;
	}
	if (!when_add_days(luaL_checkstring(L, 1), luaL_checkinteger(L, 2), day))
		return luaL_error(L, "add_days wants a day like 2026-10-31 and a number");
	lua_pushstring(L, day);
	return 1;
}

/* Any word: upvalues are the script and the word's op. */
static int make_word(lua_State *L)
{
	struct script *s = lua_touserdata(L, lua_upvalueindex(1));
	enum op op = (enum op)lua_tointeger(L, lua_upvalueindex(2));
	int args = lua_gettop(L);
	struct node *n;

	if (!is_reading(s) && (op == OP_DAYS_BETWEEN || op == OP_ADD_DAYS))
		return reckon_days(L, op);
	script_of(L);
	n = node_new(L, s, op);
	n->line = line_here(L);
	if (args == 1 && lua_type(L, 1) == LUA_TTABLE) {
		n->braced = true;
		take_table(L, s, n, 1, 1);
	} else {
		while (args > 0 && lua_isnil(L, args))
			args--;
		n->kids = args ? take(L, s, (size_t)args * sizeof(struct node *)) : NULL;
		for (int i = 1; i <= args; i++) {
			if (lua_isnil(L, i))
				luaL_error(L, "%s: value %d is nothing; is a name misspelt?", op_word(op), i);
			n->kids[n->kid_count++] = node_of(L, s, i, 1);
		}
	}
	give(L, n);
	return 1;
}

/* override "id" { ... }: the second call. */
static int make_override_body(lua_State *L)
{
	struct script *s = script_of(L);
	struct node *n = node_new(L, s, OP_OVERRIDE);

	luaL_checktype(L, 1, LUA_TTABLE);
	n->line = line_here(L);
	n->braced = true;
	take_table(L, s, n, 1, 1);
	lua_pushvalue(L, lua_upvalueindex(2));
	n->text = node_of(L, s, lua_gettop(L), 1)->text;
	give(L, n);
	return 1;
}

static int make_override(lua_State *L)
{
	script_of(L);
	luaL_checktype(L, 1, LUA_TSTRING);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	lua_pushcclosure(L, make_override_body, 2);
	return 1;
}

/* ---- parts ------------------------------------------------------------------------------- */

static const struct part *part_named(lua_State *L, const struct script *s, const char *name)
{
	struct likely likely;
	char hint[96];

	likely_init(&likely, name);
	for (size_t i = 0; s->parts && s->integration && i < s->parts->count; i++) {
		const struct part *p = &s->parts->rows[i];
		if (strcmp(p->integration, s->integration))
			continue;
		likely_offer(&likely, p->name);
		if (!strcmp(p->name, name))
			return p;
	}
	const char *meant = likely_hint(&likely, hint, sizeof hint);
	luaL_error(L, "no part '%s' in parts/%s%s", name, meant ? ": " : "", meant ? meant : "");
	return NULL;
}

/* Words in it keep this address for as long as the Lua state may call them. */
static struct script *script_of_part(struct script *s, const struct part *p)
{
	struct shared_part **at = &s->shared;

	while (*at && (*at)->part != p)
		at = &(*at)->next;
	if (!*at) {
		*at = xcalloc(1, sizeof **at);
		(*at)->part = p;
		(*at)->script = xcalloc(1, sizeof *(*at)->script);
	}
	struct script *inner = (*at)->script;
	inner->path = p->path;
	inner->layer = s->layer;
	inner->tenant = s->tenant;
	inner->inside = s;
	inner->arena = s->arena;
	inner->constants = s->constants;
	inner->problems = s->problems;
	return inner;
}

static void push_names(lua_State *L, struct script *s);

/* shared "order": what parts/order.lua gives. */
static int make_shared(lua_State *L)
{
	struct script *s = script_of(L);
	const struct part *p;
	struct err e = { 0 };

	if (s->inside)
		return luaL_error(L, "a part takes in no other part");
	p = part_named(L, s, luaL_checkstring(L, 1));
	if (sandbox_compile(L, p->path, p->text, p->len, &e) < 0) {
		lua_pushstring(L, e.text); /* it says where itself */
		return lua_error(L);
	}
	push_names(L, script_of_part(s, p));
	if (!lua_setupvalue(L, -2, 1))
		lua_pop(L, 1);
	lua_call(L, 0, 1);
	if (lua_isnil(L, -1))
		return luaL_error(L, "%s gives nothing: it must end with return", p->path);
	return 1;
}

static int refuse_operator(lua_State *L)
{
	return luaL_error(L, "words are not joined with operators: use text \"{path}\" for text, add, sub, mul for "
			"amounts, eq, gt, all, any for conditions");
}

/* ---- what the file sees ------------------------------------------------------------------ */

static int find_name(lua_State *L)
{
	char hint[96], name[64];
	struct likely likely;

	lua_pushvalue(L, 2);
	lua_rawget(L, lua_upvalueindex(1)); /* words */
	if (!lua_isnil(L, -1))
		return 1;
	lua_pop(L, 1);
	if (lua_type(L, 2) != LUA_TSTRING)
		return luaL_error(L, "no such name");
	if (strcmp(lua_tostring(L, 2), "_G") == 0) /* it could be written to, and remember */
		return luaL_error(L, "a mapping has no _G");
	lua_pushglobaltable(L);
	lua_pushvalue(L, 2);
	lua_rawget(L, -2);
	if (!lua_isnil(L, -1))
		return 1;
	lua_pop(L, 2);
	/* copied, for the popped key may be collected */
	strncpy(name, lua_tostring(L, 2), sizeof name - 1);
	name[sizeof name - 1] = 0;
	likely_init(&likely, name);
	for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1)); lua_pop(L, 1))
		likely_offer(&likely, lua_tostring(L, -2));
	const char *meant = likely_hint(&likely, hint, sizeof hint);
	return luaL_error(L, "no word '%s'%s%s", name, meant ? ": " : ": is it text that lacks its quotes?",
			meant ? meant : "");
}

static int refuse_name(lua_State *L)
{
	return luaL_error(L, "'%s' is set outside of the mapping: write 'local %s = ...' before 'return'",
			luaL_tolstring(L, 2, NULL), luaL_tolstring(L, 2, NULL));
}

static void add_word(lua_State *L, struct script *s, const char *name, lua_CFunction fn, enum op op)
{
	lua_pushlightuserdata(L, s);
	lua_pushinteger(L, op);
	lua_pushcclosure(L, fn, 2);
	lua_setfield(L, -2, name);
}

static void add_constant(lua_State *L, struct script *s, const char *name, enum op op)
{
	give(L, node_new(L, s, op));
	lua_setfield(L, -2, name);
}

/* Leaves on the stack what the file gets as _ENV: nothing of its own, reads words and the
 * sandbox's names, refuses to be set. */
static void push_names(lua_State *L, struct script *s)
{
	static const char *const operators[] = { "__add", "__sub", "__mul", "__div", "__unm", "__concat", "__lt", "__le",
		"__index", "__newindex", "__call" };

	luaL_newmetatable(L, WORD_TYPE);
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
		lua_pushcfunction(L, refuse_operator);
		lua_setfield(L, -2, operators[i]);
	}
	lua_pop(L, 1);

	lua_newtable(L); /* names */
	lua_newtable(L); /* its metatable */
	lua_newtable(L); /* words */
	for (size_t i = 0; i < WORD_COUNT; i++)
		add_word(L, s, words[i].name, make_word, words[i].op);
	add_word(L, s, "mapping", make_word, OP_MAPPING);
	add_word(L, s, "override", make_override, OP_OVERRIDE);
	add_word(L, s, "shared", make_shared, OP_NONE);
	add_constant(L, s, "clear", OP_CLEAR);
	add_constant(L, s, "drop", OP_DROP);
	add_constant(L, s, "none", OP_NONE);
	lua_pushcclosure(L, find_name, 1);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_name);
	lua_setfield(L, -2, "__newindex");
	lua_setmetatable(L, -2);
}

/* ---- one file ---------------------------------------------------------------------------- */

/* Under sandbox_call(): script (light), compiled chunk.  Gives the root's node. */
static int run_chunk(lua_State *L)
{
	struct script *s = lua_touserdata(L, 1);
	struct node **box;

	push_names(L, s);
	if (!lua_setupvalue(L, 2, 1))
		lua_pop(L, 1); /* a file that uses no name at all has no _ENV */
	lua_settop(L, 2);
	lua_call(L, 0, 1);
	box = luaL_testudata(L, -1, WORD_TYPE);
	if (!box || ((*box)->op != OP_MAPPING && (*box)->op != OP_OVERRIDE))
		return luaL_error(L, "the file must end with: return mapping { ... }, or return override \"id@^1\" { ... }");
	s->root = *box;
	return 0;
}

static int by_order(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strcmp(x->name, y->name);
}

static size_t place(struct node *n, const struct keylines *keys, unsigned depth, size_t from, unsigned line);

/* What the mapping has put into a function of the part is of the mapping's own file again. */
static void place_in_part(struct node *n, const struct keylines *keys, unsigned line)
{
	if (!n->line)
		n->line = line;
	for (unsigned i = 0; i < n->member_count; i++) {
		n->members[i].order = i;
		place(n->members[i].value, keys, 1, 0, n->line);
		n->members[i].line = n->members[i].value->line ? n->members[i].value->line : n->line;
	}
	for (unsigned i = 0; i < n->kid_count; i++)
		place(n->kids[i], keys, 1, 0, n->line);
}

/* Gives names and constants their lines, and members the order they have in the file.  depth:
 * braces around n; from: the place where its names may begin.  Returns the place behind them. */
static size_t place(struct node *n, const struct keylines *keys, unsigned depth, size_t from, unsigned line)
{
	size_t next = from;

	if (n->placed)
		return from;
	n->placed = true;
	if (n->script->inside) { /* of a part: its words know their lines, the names of this file are not its */
		place_in_part(n, keys, line);
		return from;
	}
	if (n->line) {
		size_t own = keylines_at(keys, n->line);
		if (own > from || from >= keys->count || keys->rows[from].line != n->line)
			next = from = own;
	}
	for (unsigned i = 0; i < n->member_count; i++) {
		struct member *m = &n->members[i];
		size_t at = keylines_find(keys, m->name, depth + 1, from), behind;
		m->line = at == SIZE_MAX ? (n->line ? n->line : line) : keys->rows[at].line;
		m->order = at == SIZE_MAX ? UINT32_MAX : (unsigned)at;
		behind = place(m->value, keys, depth + 1, at == SIZE_MAX ? from : at + 1, m->line);
		next = behind > next ? behind : next;
	}
	if (n->member_count)
		qsort(n->members, n->member_count, sizeof *n->members, by_order);
	if (!n->line)
		n->line = n->member_count && n->op == OP_TABLE ? n->members[0].line : line;
	for (unsigned i = 0; i < n->kid_count; i++) {
		size_t behind = place(n->kids[i], keys, depth + n->braced, from, n->line);
		from = behind > from ? behind : from;
	}
	return from > next ? from : next;
}

/* ---- what a section takes in -------------------------------------------------------------- */

/* own: how many of the section's members are its own. */
static void take_members(struct script *s, struct node *section, unsigned own, const char *name, const struct node *from)
{
	for (unsigned i = 0; i < from->member_count; i++) {
		struct member m = from->members[i];
		const struct member *there = node_member(section, m.name);

		m.line = m.value->line; /* in the part */
		if (!there)
			section->members[section->member_count++] = m;
		else if (there >= section->members + own)
			problem_add(s->problems, m.value->script->path, m.line, NULL, "%s takes in two '%s'", name, m.name);
	}
}

/* A table without a name in a section of names, such as a part gives, is taken in: its names stand as
 * if they were written here.  What is written here itself goes before. */
static void take_in(struct script *s, const char *name)
{
	struct node *section = node_get(s->root, name);
	unsigned own = section ? section->member_count : 0, count = own;
	struct member *all;

	if (!section || section->op != OP_TABLE || !section->kid_count)
		return;
	for (unsigned i = 0; i < section->kid_count; i++)
		count += section->kids[i]->member_count;
	all = arena_alloc(s->arena, (count + 1) * sizeof *all);
	must(all); /* nodes are counted, and the arena's ceiling is beyond them */
	if (own)
		memcpy(all, section->members, own * sizeof *all);
	section->members = all;
	for (unsigned i = 0; i < section->kid_count; i++) {
		const struct node *kid = section->kids[i];

		if (kid->op == OP_TABLE && !kid->kid_count)
			take_members(s, section, own, name, kid);
		else
			problem_add(s->problems, s->path, kid->line, NULL, "%s holds a value without a name", name);
	}
	section->kid_count = 0;
}

/* "path:12: text" as Lua says it, into a problem. */
static void lua_problem(struct script *s, const char *text)
{
	const char *path = s->path, *at, *rest;
	unsigned long line = 0;
	char *end;

	for (size_t i = 0; s->parts && i < s->parts->count; i++)
		if (strncmp(text, s->parts->rows[i].path, strlen(s->parts->rows[i].path)) == 0)
			path = s->parts->rows[i].path;
	at = strstr(text, path);
	if (at && at[strlen(path)] == ':') {
		rest = at + strlen(path) + 1;
		line = strtoul(rest, &end, 10);
		if (end > rest && *end == ':')
			text = end + (end[1] == ' ' ? 2 : 1);
	}
	const char *mean = strstr(text, ": did you mean '");
	if (mean) {
		char what[300];
		size_t len = (size_t)(mean - text) < sizeof what - 1 ? (size_t)(mean - text) : sizeof what - 1;
		memcpy(what, text, len);
		what[len] = 0;
		problem_add(s->problems, path, (unsigned)line, mean + 2, "%s", what);
		return;
	}
	problem_add(s->problems, path, (unsigned)line, NULL, "%s", text);
}

static bool run_file(struct script *s, const char *text, size_t len, struct err *e)
{
	static const struct sandbox_limits limits = { 0 };

	s->lua = sandbox_create(&limits, e);
	if (!s->lua)
		return false;
	s->functions = 0;
	s->reading = true;
	lua_pushcfunction(s->lua, run_chunk);
	lua_pushlightuserdata(s->lua, s);
	bool well = sandbox_compile(s->lua, s->path, text, len, e) == 0 && sandbox_call(s->lua, 2, 0, e) == 0;
	s->reading = false;
	return well;
}

/* A change of a part is a change of every mapping that takes it in. */
static void hash_all(struct script *s, const char *text, size_t len)
{
	struct buf b;

	sha256_hex(text, len, s->hash);
	if (!s->shared)
		return;
	buf_init(&b, 64u << 10);
	buf_puts(&b, s->hash);
	for (const struct shared_part *p = s->shared; p; p = p->next)
		buf_printf(&b, " %s", p->part->hash);
	sha256_hex(b.data, b.len, s->hash);
	buf_finish(&b);
}

void script_read(struct script *s, struct arena *arena, const char *text, size_t len, json_t *problems)
{
	struct err e = { 0 };
	struct keylines keys;

	s->arena = arena;
	s->problems = problems;
	s->constants = json_array();
	if (!run_file(s, text, len, &e)) {
		lua_problem(s, e.text);
		s->root = NULL;
	}
	hash_all(s, text, len);
	if (s->root) {
		keylines_scan(&keys, text, len);
		place(s->root, &keys, 0, 0, s->root->line);
		keylines_finish(&keys);
		for (size_t i = 0; i < sizeof taking / sizeof *taking; i++)
			take_in(s, taking[i]);
	}
	if (!s->root || s->functions == 0) {
		sandbox_destroy(s->lua);
		s->lua = NULL;
		return;
	}
	s->text = xstrndup(text, len);
	s->len = len;
}

bool script_revive(struct script *s)
{
	struct node *root = s->root;
	struct arena *arena = s->arena, scratch;
	struct err e = { 0 };

	sandbox_destroy(s->lua);
	arena_init(&scratch, SIZE_MAX);
	s->arena = &scratch; /* the tree is there already */
	bool well = run_file(s, s->text, s->len, &e);
	s->arena = arena;
	s->root = root;
	arena_finish(&scratch);
	return well;
}

void script_finish(struct script *s)
{
	sandbox_destroy(s->lua);
	while (s->shared) {
		struct shared_part *p = s->shared;

		s->shared = p->next;
		free(p->script);
		free(p);
	}
	json_decref(s->constants);
	free(s->text);
	s->lua = NULL;
	s->constants = NULL;
	s->text = NULL;
}
