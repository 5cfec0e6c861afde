/* sandbox.c - a Lua state under budgets: once one is spent, the state dies and stays dead. */
#include "script/sandbox.h"

#include "base/mem.h"
#include "script/library.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEMORY       (16u << 20)
#define INSTRUCTIONS 5000000
#define TIME_MS      250
#define STEPS        2000000
#define SOURCE       (256u << 10)

#define TEXT_MAX     (1u << 20) /* bytes of one string */
#define LONG_TEXT    (16u << 10)
#define LOOK_STEPS   100000 /* steps between two looks at the clock */
#define LOOK_HOOKS   16
#define HOOK_EVERY   100 /* instructions */
#define HOOK_CAREFUL 10  /* from the first long string on: comparing two takes time */
#define PIECE        512 /* bytes of source between two looks at the clock */

struct sandbox {
	lua_State *lua;
	struct sandbox_limits limits;
	size_t memory;
	uint64_t instructions, steps, unlooked;
	int64_t spent_ns, entered_ns;
	unsigned depth; /* of sandbox_call() */
	int hook_every;
	unsigned hooks;
	bool condemned, placed; /* placed: the verdict says where */
	char verdict[256];
};

static struct sandbox *box_of(lua_State *L)
{
	return *(struct sandbox **)lua_getextraspace(L);
}

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void on_count(lua_State *L, lua_Debug *ar);

/* Also called by the allocator: lua_sethook() may come at any instruction, as from a signal. */
static void hook_every(struct sandbox *box, int instructions)
{
	box->hook_every = instructions;
	if (box->lua)
		lua_sethook(box->lua, on_count, LUA_MASKCOUNT, instructions);
}

static void __attribute__((format(printf, 2, 3))) condemn(struct sandbox *box, const char *fmt, ...)
{
	va_list ap;

	if (box->condemned)
		return;
	va_start(ap, fmt);
	vsnprintf(box->verdict, sizeof box->verdict, fmt, ap);
	va_end(ap);
	box->condemned = true;
	hook_every(box, 1);
}

/* Adds to the verdict where the script is, if it is anywhere. */
static void place(struct sandbox *box)
{
	char text[sizeof box->verdict];
	lua_Debug ar;

	for (int level = 0; !box->placed && level < 8 && lua_getstack(box->lua, level, &ar); level++) {
		lua_getinfo(box->lua, "Sl", &ar);
		if (ar.currentline <= 0)
			continue;
		snprintf(text, sizeof text, "%s", box->verdict);
		snprintf(box->verdict, sizeof box->verdict, "%.80s:%d: %.120s", ar.short_src,
			ar.currentline, text);
		box->placed = true;
	}
}

void sandbox_check(lua_State *L)
{
	struct sandbox *box = box_of(L);

	if (!box->condemned)
		return;
	place(box);
	lua_pushstring(L, box->verdict);
	lua_error(L);
}

static void look_at_clock(struct sandbox *box)
{
	box->unlooked = 0;
	if (box->depth && box->spent_ns + cpu_ns() - box->entered_ns > (int64_t)box->limits.time_ms * 1000000)
		condemn(box, "runs longer than %u ms", box->limits.time_ms);
}

static void on_count(lua_State *L, lua_Debug *ar)
{
	struct sandbox *box = box_of(L);

	(void)ar;
	box->instructions += (uint64_t)box->hook_every;
	if (box->instructions > box->limits.instructions)
		condemn(box, "runs more than %llu instructions",
			(unsigned long long)box->limits.instructions);
	else if (box->hook_every <= HOOK_CAREFUL || ++box->hooks % LOOK_HOOKS == 0)
		look_at_clock(box);
	sandbox_check(L);
}

void sandbox_charge(lua_State *L, uint64_t n)
{
	struct sandbox *box = box_of(L);

	if (box->steps < n) {
		box->steps = 0;
		condemn(box, "takes more than %llu steps in matching and building texts",
			(unsigned long long)box->limits.steps);
	} else {
		box->steps -= n;
		box->unlooked += n;
		if (box->unlooked >= LOOK_STEPS)
			look_at_clock(box);
	}
	sandbox_check(L);
}

uint64_t *sandbox_steps(lua_State *L)
{
	return &box_of(L)->steps;
}

/* Over the soft limit the state is condemned but gets its memory, so that it dies at its next
 * instruction instead of thrashing in emergency collections at the edge. */
static void *allocate(void *arg, void *old, size_t old_size, size_t size)
{
	struct sandbox *box = arg;
	bool is_text = !old && old_size == LUA_TSTRING;
	size_t had = old ? old_size : 0;
	void *block;

	if (size == 0) {
		free(old);
		box->memory -= had;
		return NULL;
	}
	if (size > had) {
		size_t after = box->memory + (size - had);

		if (is_text && size > TEXT_MAX + 64) {
			condemn(box, "builds a text of more than %u bytes", TEXT_MAX);
			return NULL;
		}
		if (after > box->limits.memory || size > box->limits.memory / 2)
			condemn(box, "uses more than %zu KB of memory", box->limits.memory >> 10);
		if (after > box->limits.memory + box->limits.memory / 4 || size > box->limits.memory / 2)
			return NULL;
		if (is_text && size > LONG_TEXT && box->hook_every > HOOK_CAREFUL)
			hook_every(box, HOOK_CAREFUL);
	}
	block = realloc(old, size);
	if (block)
		box->memory = box->memory - had + size;
	else if (size > had)
		condemn(box, "the machine has no memory left");
	else
		block = old; /* Lua takes for granted that shrinking works */
	return block;
}

static int open_library(lua_State *L)
{
	library_open(L);
	return 0;
}

lua_State *sandbox_create(const struct sandbox_limits *limits, struct err *e)
{
	struct sandbox *box = xcalloc(1, sizeof *box);
	struct sandbox_limits *own = &box->limits;
	lua_State *L;

	if (limits)
		*own = *limits;
	own->memory = own->memory ? own->memory : MEMORY;
	own->instructions = own->instructions ? own->instructions : INSTRUCTIONS;
	own->time_ms = own->time_ms ? own->time_ms : TIME_MS;
	own->steps = own->steps ? own->steps : STEPS;
	own->source = own->source ? own->source : SOURCE;
	L = lua_newstate(allocate, box);
	if (!L) {
		err_set(e, ERR_LIMIT, "no memory for a Lua state");
		free(box);
		return NULL;
	}
	*(struct sandbox **)lua_getextraspace(L) = box;
	lua_gc(L, LUA_GCINC, 150, 0, 0); /* garbage counts against the limit: collect early */
	lua_pushcfunction(L, open_library);
	if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
		err_set(e, ERR_LIMIT, "a Lua state does not fit into %zu bytes", own->memory);
		box->lua = L;
		sandbox_destroy(L);
		return NULL;
	}
	box->lua = L;
	box->steps = own->steps;
	hook_every(box, HOOK_EVERY);
	return L;
}

void sandbox_destroy(lua_State *L)
{
	struct sandbox *box;

	if (!L)
		return;
	box = box_of(L);
	lua_close(L);
	free(box);
}

void sandbox_rearm(lua_State *L)
{
	struct sandbox *box = box_of(L);

	box->instructions = 0;
	box->steps = box->limits.steps;
	box->spent_ns = 0;
	box->entered_ns = box->depth ? cpu_ns() : 0;
}

bool sandbox_is_condemned(const lua_State *L)
{
	return (*(struct sandbox *const *)lua_getextraspace((lua_State *)(uintptr_t)L))->condemned;
}

static void enter(struct sandbox *box)
{
	if (box->depth++ == 0)
		box->entered_ns = cpu_ns();
}

static void leave(struct sandbox *box)
{
	if (--box->depth == 0)
		box->spent_ns += cpu_ns() - box->entered_ns;
}

struct source {
	struct sandbox *box;
	const char *text;
	size_t left;
};

/* The parser runs no hook, and its time can grow with the square of the text. */
static const char *next_piece(lua_State *L, void *arg, size_t *len)
{
	struct source *s = arg;
	const char *piece = s->text;

	look_at_clock(s->box);
	sandbox_check(L);
	*len = s->left < PIECE ? s->left : PIECE;
	s->text += *len;
	s->left -= *len;
	return piece;
}

/* Takes the error from the top of the stack into e. */
static int failed(lua_State *L, struct err *e)
{
	struct sandbox *box = box_of(L);
	int type = lua_type(L, -1);
	int code = box->condemned ? ERR_LIMIT : ERR_INPUT;

	if (box->condemned)
		err_set(e, code, "%s", box->verdict);
	else if (type == LUA_TSTRING)
		err_set(e, code, "%s", lua_tostring(L, -1));
	else
		err_set(e, code, "an error was raised that is no text but a %s", lua_typename(L, type));
	lua_pop(L, 1);
	return code;
}

int sandbox_compile(lua_State *L, const char *name, const char *text, size_t len, struct err *e)
{
	struct sandbox *box = box_of(L);
	struct source source = { box, text, len };
	char chunk[512];
	int status;

	if (len > box->limits.source)
		return err_set(e, ERR_LIMIT, "%s: %zu bytes; a file may have %zu", name, len,
			box->limits.source);
	snprintf(chunk, sizeof chunk, "@%s", name);
	enter(box);
	status = lua_load(L, next_piece, &source, chunk, "t");
	leave(box);
	if (status == LUA_OK && !box->condemned)
		return 0;
	return failed(L, e);
}

int sandbox_call(lua_State *L, int nargs, int nresults, struct err *e)
{
	struct sandbox *box = box_of(L);
	int below = lua_gettop(L) - nargs - 1, status;

	enter(box);
	status = lua_pcall(L, nargs, nresults, 0);
	leave(box);
	if (status == LUA_OK && !box->condemned)
		return 0;
	if (status == LUA_OK) {
		lua_settop(L, below);
		lua_pushnil(L);
	}
	return failed(L, e);
}
