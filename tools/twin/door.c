/* door.c - HTTP in, by libmicrohttpd: a thread for each connection. */
#include "twin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct door {
	struct twin *twin;
	const char *name;
	bool tls;
	struct MHD_Daemon *daemon;
};

struct visitor { /* one request, while it comes in */
	char *target; /* path and query as they stand on the wire */
	char *body;
	size_t len, cap;
	bool begun, too_long;
};

/* What a Lua answer table says, copied out of Lua. */
struct answer {
	unsigned status;
	char *body;
	size_t len;
	bool drop, reset;
	long truncate;             /* bytes sent of the body; -1: all */
	size_t drip_bytes;
	unsigned drip_ms;
	size_t sent;
	struct MHD_Response *response;
};

static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct visitor *v = calloc(1, sizeof *v);

	(void)cls;
	(void)connection;
	if (v)
		v->target = strdup(target);
	return v;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
	enum MHD_RequestTerminationCode code)
{
	struct visitor *v = *con_cls;

	(void)cls;
	(void)connection;
	(void)code;
	if (!v)
		return;
	free(v->target);
	free(v->body);
	free(v);
	*con_cls = NULL;
}

static void take_body(struct visitor *v, const char *data, size_t len)
{
	if (v->len + len > MAX_BODY)
		v->too_long = true;
	if (v->too_long)
		return;
	if (v->len + len > v->cap) {
		size_t cap = (v->len + len) * 2;
		char *grown = realloc(v->body, cap);

		if (!grown) {
			v->too_long = true;
			return;
		}
		v->body = grown;
		v->cap = cap;
	}
	memcpy(v->body + v->len, data, len);
	v->len += len;
}

static enum MHD_Result push_header(void *cls, enum MHD_ValueKind kind, const char *name,
	const char *value)
{
	lua_State *lua = cls;

	(void)kind;
	lua_createtable(lua, 2, 0);
	lua_pushstring(lua, name);
	lua_rawseti(lua, -2, 1);
	lua_pushstring(lua, value ? value : "");
	lua_rawseti(lua, -2, 2);
	lua_rawseti(lua, -2, (lua_Integer)lua_rawlen(lua, -2) + 1);
	return MHD_YES;
}

static void push_request(lua_State *lua, const struct door *d, struct MHD_Connection *connection,
	const char *method, const struct visitor *v)
{
	lua_newtable(lua);
	lua_pushstring(lua, d->name);
	lua_setfield(lua, -2, "door");
	lua_pushstring(lua, d->tls ? "https" : "http");
	lua_setfield(lua, -2, "scheme");
	lua_pushstring(lua, method);
	lua_setfield(lua, -2, "method");
	lua_pushstring(lua, v->target ? v->target : "/");
	lua_setfield(lua, -2, "target");
	lua_pushlstring(lua, v->body ? v->body : "", v->len);
	lua_setfield(lua, -2, "body");
	lua_newtable(lua);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, push_header, lua);
	lua_setfield(lua, -2, "header_list");
}

static lua_Integer number_of(lua_State *lua, const char *name, lua_Integer otherwise)
{
	lua_Integer n;

	lua_getfield(lua, -1, name);
	n = lua_isinteger(lua, -1) ? lua_tointeger(lua, -1) : otherwise;
	lua_pop(lua, 1);
	return n;
}

static bool flag_of(lua_State *lua, const char *name)
{
	bool flag;

	lua_getfield(lua, -1, name);
	flag = lua_toboolean(lua, -1);
	lua_pop(lua, 1);
	return flag;
}

static ssize_t read_slowly(void *cls, uint64_t at, char *out, size_t room)
{
	struct answer *a = cls;
	size_t end = a->truncate < 0 || (size_t)a->truncate > a->len ? a->len : (size_t)a->truncate;
	size_t n = end - (size_t)at;

	if ((size_t)at >= end)
		return end < a->len ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	if (a->drip_bytes && n > a->drip_bytes)
		n = a->drip_bytes;
	if (n > room)
		n = room;
	if (a->drip_ms && at > 0) {
		struct timespec ts = { a->drip_ms / 1000, (long)(a->drip_ms % 1000) * 1000000 };

		nanosleep(&ts, NULL);
	}
	memcpy(out, a->body + at, n);
	return (ssize_t)n;
}

static void answer_free(void *cls)
{
	struct answer *a = cls;

	free(a->body);
	free(a);
}

static void add_headers(lua_State *lua, struct MHD_Response *response)
{
	lua_getfield(lua, -1, "header_list");
	for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(lua, -1); i++) {
		lua_rawgeti(lua, -1, i);
		lua_rawgeti(lua, -1, 1);
		lua_rawgeti(lua, -2, 2);
		MHD_add_response_header(response, lua_tostring(lua, -2), lua_tostring(lua, -1));
		lua_pop(lua, 3);
	}
	lua_pop(lua, 1);
}

/* The answer table is at the top of the stack. */
static struct answer *read_answer(lua_State *lua)
{
	struct answer *a = calloc(1, sizeof *a);
	const char *body;

	if (!a)
		return NULL;
	a->status = (unsigned)number_of(lua, "status", 200);
	a->drop = flag_of(lua, "drop");
	a->reset = flag_of(lua, "reset");
	a->truncate = (long)number_of(lua, "truncate", -1);
	a->drip_bytes = (size_t)number_of(lua, "drip_bytes", 0);
	a->drip_ms = (unsigned)number_of(lua, "drip_ms", 0);
	lua_getfield(lua, -1, "body");
	body = lua_tolstring(lua, -1, &a->len);
	a->body = malloc(a->len + 1);
	if (a->body)
		memcpy(a->body, body ? body : "", a->len);
	lua_pop(lua, 1);
	a->response = MHD_create_response_from_callback(a->len, 16 * 1024, read_slowly, a, answer_free);
	if (a->response)
		add_headers(lua, a->response);
	return a;
}

static struct answer *ask_lua(struct door *d, struct MHD_Connection *connection, const char *method,
	const struct visitor *v)
{
	struct answer *a = NULL;
	lua_State *lua;

	twin_enter(d->twin);
	lua = twin_thread(d->twin);
	lua_getglobal(lua, "twin");
	lua_getfield(lua, -1, "dispatch");
	push_request(lua, d, connection, method, v);
	if (twin_call(lua, 1, 1) == LUA_OK && lua_istable(lua, -1))
		a = read_answer(lua);
	else
		fprintf(stderr, "twin: %s\n", luaL_tolstring(lua, -1, NULL));
	twin_thread_release(d->twin, lua);
	twin_leave(d->twin);
	return a;
}

static void reset_socket(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	/* Linux: the peer gets a RST now; closing, MHD would send a FIN first. */
	if (info && connect(info->connect_fd, &nobody, sizeof nobody) != 0)
		fprintf(stderr, "twin: cannot reset: %s\n", strerror(errno));
}

static enum MHD_Result give(struct MHD_Connection *connection, struct answer *a)
{
	enum MHD_Result result;

	if (!a || !a->response)
		return MHD_NO;
	if (a->drop || a->reset) {
		if (a->reset)
			reset_socket(connection);
		MHD_destroy_response(a->response);
		return MHD_NO;
	}
	result = MHD_queue_response(connection, a->status, a->response);
	MHD_destroy_response(a->response);
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len, void **con_cls)
{
	struct visitor *v = *con_cls;

	(void)url;
	(void)version;
	if (!v)
		return MHD_NO;
	if (!v->begun) {
		v->begun = true;
		return MHD_YES;
	}
	if (*upload_len > 0) {
		take_body(v, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (v->too_long)
		return MHD_NO;
	return give(connection, ask_lua(cls, connection, method, v));
}

static uint16_t port_of(struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}

struct door *door_open(struct twin *t, const char *name, uint16_t *port, const char *cert,
	const char *key)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct door *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	*d = (struct door){ .twin = t, .name = name, .tls = cert != NULL };
	d->daemon = MHD_start_daemon(flags | (cert ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, d,
		MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_TIMEOUT, 120u,
		MHD_OPTION_ARRAY, cert ? tls : tls + 2,
		MHD_OPTION_END);
	if (!d->daemon) {
		fprintf(stderr, "twin: cannot open the %s door on port %u: %s\n", name, *port,
			strerror(errno));
		free(d);
		return NULL;
	}
	*port = port_of(d->daemon);
	return d;
}
