/* machine.c - the twin's Lua: one state, one lock, a Lua thread for each OS thread. */
#include "twin.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

struct twin *twin_of(lua_State *lua)
{
	struct twin *t;

	memcpy(&t, lua_getextraspace(lua), sizeof t);
	return t;
}

void twin_enter(struct twin *t)
{
	pthread_mutex_lock(&t->lua_lock);
}

void twin_leave(struct twin *t)
{
	pthread_mutex_unlock(&t->lua_lock);
}

lua_State *twin_thread(struct twin *t)
{
	lua_State *lua = lua_newthread(t->lua);

	lua_rawsetp(t->lua, LUA_REGISTRYINDEX, lua); /* keeps it from being collected */
	return lua;
}

void twin_thread_release(struct twin *t, lua_State *lua)
{
	lua_settop(lua, 0);
	lua_pushnil(t->lua);
	lua_rawsetp(t->lua, LUA_REGISTRYINDEX, lua);
}

/* What names no place in Lua was said to a person. */
static int traceback(lua_State *lua)
{
	const char *said = luaL_tolstring(lua, 1, NULL);

	if (strstr(said, ".lua:"))
		luaL_traceback(lua, lua, said, 1);
	return 1;
}

int twin_call(lua_State *lua, int args, int results)
{
	int at = lua_gettop(lua) - args;
	int failed;

	lua_pushcfunction(lua, traceback);
	lua_insert(lua, at);
	failed = lua_pcall(lua, args, results, at);
	lua_remove(lua, at);
	return failed;
}

struct errand {
	struct twin *twin;
	lua_State *lua; /* holds the function */
};

static void *run_errand(void *arg)
{
	struct errand *e = arg;

	twin_enter(e->twin);
	if (twin_call(e->lua, 0, 0) != LUA_OK) {
		lua_getglobal(e->lua, "twin");
		lua_getfield(e->lua, -1, "failed");
		lua_pushvalue(e->lua, 1);
		if (twin_call(e->lua, 1, 0) != LUA_OK)
			fprintf(stderr, "twin: %s\n", lua_tostring(e->lua, -1));
	}
	twin_thread_release(e->twin, e->lua);
	twin_leave(e->twin);
	lua_Alloc allocate;
	void *ud;
	allocate = lua_getallocf(e->twin->lua, &ud);
	allocate(ud, e, sizeof *e, 0);
	return NULL;
}

static int spawn(lua_State *lua)
{
	struct twin *t = twin_of(lua);
	void *ud;
	lua_Alloc allocate = lua_getallocf(lua, &ud);
	struct errand *e;
	pthread_t thread;

	luaL_checktype(lua, 1, LUA_TFUNCTION);
	e = allocate(ud, NULL, 0, sizeof *e);
	if (!e)
		return luaL_error(lua, "out of memory");
	*e = (struct errand){ .twin = t, .lua = twin_thread(t) };
	lua_pushvalue(lua, 1);
	lua_xmove(lua, e->lua, 1);
	if (pthread_create(&thread, NULL, run_errand, e) != 0) {
		twin_thread_release(t, e->lua);
		allocate(ud, e, sizeof *e, 0);
		return luaL_error(lua, "cannot start a thread");
	}
	pthread_detach(thread);
	return 0;
}

static int write_file(lua_State *lua)
{
	const char *path = luaL_checkstring(lua, 1);
	size_t len;
	const char *text = luaL_checklstring(lua, 2, &len);
	const char *draft = lua_pushfstring(lua, "%s.new", path);
	FILE *f = fopen(draft, "wb");
	bool written;

	if (!f)
		return luaL_error(lua, "cannot write %s", draft);
	written = fwrite(text, 1, len, f) == len;
	if (fclose(f) != 0 || !written)
		return luaL_error(lua, "cannot write %s", draft);
	/* The process may be killed at any instruction, not the machine: a rename is enough. */
	if (rename(draft, path) != 0)
		return luaL_error(lua, "cannot rename %s", draft);
	return 0;
}

static const luaL_Reg functions[] = {
	{ "spawn", spawn },
	{ "write_file", write_file },
	{ NULL, NULL },
};

bool twin_open(struct twin *t, const char *library)
{
	lua_State *lua = luaL_newstate();

	if (!lua)
		return false;
	t->lua = lua;
	memcpy(lua_getextraspace(lua), &t, sizeof t);
	luaL_openlibs(lua);
	lua_newtable(lua);
	luaL_setfuncs(lua, functions, 0);
	clock_functions(lua);
	client_functions(lua);
	crypt_functions(lua);
	json_functions(lua);
	xml_functions(lua);
	lua_setglobal(lua, "twin");
	lua_getglobal(lua, "package");
	lua_pushfstring(lua, "%s/?.lua", library);
	lua_setfield(lua, -2, "path");
	lua_pop(lua, 1);
	lua_pushfstring(lua, "%s/twin.lua", library);
	if (luaL_loadfile(lua, lua_tostring(lua, -1)) != LUA_OK || twin_call(lua, 0, 0) != LUA_OK) {
		fprintf(stderr, "twin: %s\n", lua_tostring(lua, -1));
		return false;
	}
	lua_settop(lua, 0);
	return true;
}
