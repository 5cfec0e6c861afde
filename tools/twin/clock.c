/* clock.c - the twin's time: the real one, moved, stopped or hurried by whoever tests. */
#include "twin.h"

#include <errno.h>
#include <lauxlib.h>

static int64_t ms_of(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_real_ms(void)
{
	return ms_of(CLOCK_MONOTONIC);
}

int clock_begin(struct twin_clock *c, bool frozen, double pace)
{
	pthread_condattr_t attr;

	c->base_ms = ms_of(CLOCK_REALTIME);
	c->base_real_ms = clock_real_ms();
	c->frozen = frozen;
	c->pace = pace;
	if (pthread_mutex_init(&c->lock, NULL) != 0 || pthread_condattr_init(&attr) != 0)
		return -1;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (pthread_cond_init(&c->moved, &attr) != 0)
		return -1;
	pthread_condattr_destroy(&attr);
	return 0;
}

static int64_t now_locked(const struct twin_clock *c)
{
	return c->frozen ? c->base_ms : c->base_ms + clock_real_ms() - c->base_real_ms;
}

static void set_locked(struct twin_clock *c, int64_t ms)
{
	c->base_ms = ms;
	c->base_real_ms = clock_real_ms();
	pthread_cond_broadcast(&c->moved);
}

int64_t clock_now(struct twin_clock *c)
{
	int64_t ms;

	pthread_mutex_lock(&c->lock);
	ms = now_locked(c);
	pthread_mutex_unlock(&c->lock);
	return ms;
}

/* Waits, with c->lock held, until the clock moves by a jump or the real time is up. */
static bool real_time_is_up(struct twin_clock *c, int64_t real_ms)
{
	struct timespec until = { .tv_sec = real_ms / 1000, .tv_nsec = real_ms % 1000 * 1000000 };

	return pthread_cond_timedwait(&c->moved, &c->lock, &until) == ETIMEDOUT;
}

static void wait_until(struct twin_clock *c, int64_t ms)
{
	int64_t target, patience;

	pthread_mutex_lock(&c->lock);
	target = now_locked(c) + ms;
	patience = clock_real_ms() + (int64_t)((double)ms * c->pace);
	while (now_locked(c) < target) {
		if (!real_time_is_up(c, patience))
			continue;
		if (!c->frozen && now_locked(c) < target)
			set_locked(c, target);
		break;
	}
	pthread_mutex_unlock(&c->lock);
}

static int l_now(lua_State *lua)
{
	lua_pushinteger(lua, clock_now(&twin_of(lua)->clock));
	return 1;
}

static int l_wait(lua_State *lua)
{
	struct twin *t = twin_of(lua);
	lua_Integer ms = luaL_checkinteger(lua, 1);

	twin_leave(t);
	wait_until(&t->clock, ms);
	twin_enter(t);
	return 0;
}

/* pause(ms): real milliseconds, for faults. */
static int l_pause(lua_State *lua)
{
	struct twin *t = twin_of(lua);
	lua_Integer ms = luaL_checkinteger(lua, 1);
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	twin_leave(t);
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts) == EINTR)
		;
	twin_enter(t);
	return 0;
}

/* set_clock(ms, back): never back, unless told so. */
static int l_set_clock(lua_State *lua)
{
	struct twin_clock *c = &twin_of(lua)->clock;
	lua_Integer ms = luaL_checkinteger(lua, 1);

	pthread_mutex_lock(&c->lock);
	if (ms > now_locked(c) || lua_toboolean(lua, 2))
		set_locked(c, ms);
	pthread_mutex_unlock(&c->lock);
	return 0;
}

static int l_freeze(lua_State *lua)
{
	struct twin_clock *c = &twin_of(lua)->clock;

	pthread_mutex_lock(&c->lock);
	set_locked(c, now_locked(c));
	c->frozen = lua_toboolean(lua, 1);
	pthread_mutex_unlock(&c->lock);
	return 0;
}

/* poke(): the list of timers has changed. */
static int l_poke(lua_State *lua)
{
	struct twin_clock *c = &twin_of(lua)->clock;

	pthread_mutex_lock(&c->lock);
	pthread_cond_broadcast(&c->moved);
	pthread_mutex_unlock(&c->lock);
	return 0;
}

/* Runs what is due (twin.due) and tells when the next thing is; -1: nothing is. */
static int64_t run_due(struct twin *t)
{
	lua_State *lua;
	int64_t next = -1;

	twin_enter(t);
	lua = twin_thread(t);
	lua_getglobal(lua, "twin");
	lua_getfield(lua, -1, "due");
	if (twin_call(lua, 0, 1) == LUA_OK && lua_isinteger(lua, -1))
		next = lua_tointeger(lua, -1);
	twin_thread_release(t, lua);
	twin_leave(t);
	return next;
}

static void *keep_time(void *arg)
{
	enum { LOOK_AGAIN_MS = 200 }; /* a poke may come between run_due and the wait */
	struct twin *t = arg;
	struct twin_clock *c = &t->clock;

	for (;;) {
		int64_t next = run_due(t), until = clock_real_ms() + LOOK_AGAIN_MS;

		pthread_mutex_lock(&c->lock);
		if (next >= 0 && !c->frozen) {
			int64_t left = next - now_locked(c);

			if (left < LOOK_AGAIN_MS)
				until = clock_real_ms() + (left > 0 ? left : 0);
		}
		real_time_is_up(c, until);
		pthread_mutex_unlock(&c->lock);
	}
	return NULL;
}

bool timers_start(struct twin *t)
{
	t->timers_run = pthread_create(&t->timers, NULL, keep_time, t) == 0;
	return t->timers_run;
}

static const luaL_Reg functions[] = {
	{ "now", l_now },
	{ "clock", l_now },
	{ "wait", l_wait },
	{ "pause", l_pause },
	{ "set_clock", l_set_clock },
	{ "freeze", l_freeze },
	{ "poke", l_poke },
	{ NULL, NULL },
};

void clock_functions(lua_State *lua)
{
	luaL_setfuncs(lua, functions, 0);
}
