/* twin.h - one running twin: its Lua, its clock, its two doors. */
#ifndef TWIN_H
#define TWIN_H

#include <lua.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { /* ceilings on what comes from outside */
	MAX_BODY = 64 * 1024 * 1024, /* bytes of one request or reply */
	MAX_HEADERS = 200,           /* of one reply to the twin */
	MAX_DEPTH = 200              /* JSON and XML */
};

struct twin_clock {
	pthread_mutex_t lock;
	pthread_cond_t moved;  /* the time jumped, or a timer was set */
	int64_t base_ms;       /* twin time at real time base_real_ms */
	int64_t base_real_ms;  /* monotonic */
	bool frozen;
	double pace;           /* real seconds that one second of waiting takes */
};

/* One lock covers all Lua.  A C function that waits gives it up meanwhile (twin_leave,
 * twin_enter): each request and each timer has a Lua thread of its own, so that is safe. */
struct twin {
	pthread_mutex_t lua_lock;
	lua_State *lua;
	struct twin_clock clock;
	bool seeded;
	uint64_t seed, drawn;  /* random bytes: block number drawn of the stream of seed */
	pthread_t timers;
	bool timers_run;
};

struct twin *twin_of(lua_State *lua);
void twin_enter(struct twin *t);
void twin_leave(struct twin *t);

/* A Lua thread for this OS thread; the lock must be held.  release: before the lock is given up. */
lua_State *twin_thread(struct twin *t);
void twin_thread_release(struct twin *t, lua_State *lua);

/* lua_pcall with a traceback in the message. */
int twin_call(lua_State *lua, int args, int results);

/* Opens the standard libraries and ours; the library folder is where twin.lua and
 * decimal.lua lie.  False: the reason is on stderr. */
bool twin_open(struct twin *t, const char *library);

/* clock.c */
int clock_begin(struct twin_clock *c, bool frozen, double pace);
int64_t clock_now(struct twin_clock *c);
int64_t clock_real_ms(void);
bool timers_start(struct twin *t);

/* door.c: a door on 127.0.0.1:port; name is "protocol" or "control".  cert and key: PEM text,
 * or NULL for plain HTTP.  NULL: the reason is on stderr.  *port is set to
 * the real one.  A door stays open until the process ends. */
struct door;
struct door *door_open(struct twin *t, const char *name, uint16_t *port, const char *cert,
	const char *key);

/* Each puts its functions into the table at the top of the stack. */
void clock_functions(lua_State *lua);
void client_functions(lua_State *lua);
void crypt_functions(lua_State *lua);
void json_functions(lua_State *lua);
void xml_functions(lua_State *lua);

#endif
