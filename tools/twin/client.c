/* client.c - HTTP out, by libcurl. */
#include "twin.h"

#include <curl/curl.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SESSION "twin.http_session"

struct session {
	CURL *curl;
	bool busy; /* another thread is waiting in it */
};

/* What comes back is kept outside Lua, whose lock we do not hold meanwhile. */
struct reply {
	char *body;
	size_t len, cap, limit;
	char *headers[MAX_HEADERS];
	size_t header_count;
	bool given_up;
};

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct reply *r = arg;
	size_t len = size * n;

	if (r->len + len > r->limit) {
		r->given_up = true;
		return 0;
	}
	if (r->len + len > r->cap) {
		size_t cap = (r->len + len) * 2;
		char *grown = realloc(r->body, cap);

		if (!grown)
			return 0;
		r->body = grown;
		r->cap = cap;
	}
	memcpy(r->body + r->len, data, len);
	r->len += len;
	return len;
}

static void forget_headers(struct reply *r)
{
	while (r->header_count > 0)
		free(r->headers[--r->header_count]);
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct reply *r = arg;
	size_t len = size * n;

	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		forget_headers(r); /* of a 100 Continue or a redirect */
		return len;
	}
	if (memchr(data, ':', len)) {
		if (r->header_count == MAX_HEADERS)
			return 0;
		r->headers[r->header_count] = strndup(data, len);
		if (!r->headers[r->header_count])
			return 0;
		r->header_count++;
	}
	return len;
}

static int session_gc(lua_State *lua)
{
	struct session *s = luaL_checkudata(lua, 1, SESSION);

	curl_easy_cleanup(s->curl);
	s->curl = NULL;
	return 0;
}

static int l_session(lua_State *lua)
{
	struct session *s = lua_newuserdatauv(lua, sizeof *s, 0);

	*s = (struct session){ .curl = curl_easy_init() };
	luaL_setmetatable(lua, SESSION);
	return 1;
}

static const char *text_field(lua_State *lua, const char *name)
{
	const char *text;

	lua_getfield(lua, 1, name);
	text = lua_tostring(lua, -1);
	lua_pop(lua, 1); /* stays in the table at 1 */
	return text;
}

static lua_Integer number_field(lua_State *lua, const char *name, lua_Integer otherwise)
{
	lua_Integer n;

	lua_getfield(lua, 1, name);
	n = luaL_optinteger(lua, -1, otherwise);
	lua_pop(lua, 1);
	return n;
}

static bool flag_field(lua_State *lua, const char *name, bool otherwise)
{
	bool flag;

	lua_getfield(lua, 1, name);
	flag = lua_isnil(lua, -1) ? otherwise : lua_toboolean(lua, -1);
	lua_pop(lua, 1);
	return flag;
}

static struct curl_slist *headers_of(lua_State *lua)
{
	struct curl_slist *list = NULL;

	lua_getfield(lua, 1, "headers");
	if (lua_istable(lua, -1)) {
		lua_pushnil(lua);
		while (lua_next(lua, -2)) {
			const char *name = lua_tostring(lua, -2), *value = luaL_tolstring(lua, -1, NULL);

			list = curl_slist_append(list, lua_pushfstring(lua, "%s: %s", name, value));
			lua_pop(lua, 3);
		}
	}
	lua_pop(lua, 1);
	return list;
}

static const char *kind_of(CURLcode code, const struct reply *r)
{
	if (r->given_up)
		return "lost";
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		return "connect";
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return "tls";
	case CURLE_OPERATION_TIMEDOUT:
		return "timeout";
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_WRITE_ERROR:
		return "lost";
	default:
		return "other";
	}
}

static void push_headers(lua_State *lua, const struct reply *r)
{
	lua_newtable(lua);
	for (size_t i = 0; i < r->header_count; i++) {
		char *name = r->headers[i], *value = strchr(name, ':');
		size_t len;

		*value++ = 0;
		for (char *p = name; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
		value += strspn(value, " \t");
		len = strcspn(value, "\r\n");
		if (lua_getfield(lua, -1, name) == LUA_TNIL) {
			lua_pop(lua, 1);
			lua_pushlstring(lua, value, len);
		} else {
			lua_pushfstring(lua, "%s, ", lua_tostring(lua, -1));
			lua_pushlstring(lua, value, len);
			lua_concat(lua, 2);
			lua_remove(lua, -2);
		}
		lua_setfield(lua, -2, name);
	}
}

static void prepare(lua_State *lua, CURL *curl, struct reply *r, char *why)
{
	const char *ca = text_field(lua, "ca_file"), *method = text_field(lua, "method");
	size_t len;
	const char *body;

	curl_easy_setopt(curl, CURLOPT_URL, text_field(lua, "url"));
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)number_field(lua, "timeout_ms", 30000));
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, (long)flag_field(lua, "follow", false));
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (ca)
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
	if (!flag_field(lua, "verify", true)) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	lua_getfield(lua, 1, "body");
	body = lua_tolstring(lua, -1, &len);
	if (body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body);
	}
	lua_pop(lua, 1);
	if (method && strcmp(method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else if (method)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
}

static CURL *handle_of(lua_State *lua, struct session **session)
{
	*session = NULL;
	lua_getfield(lua, 1, "session");
	if (!lua_isnil(lua, -1)) {
		*session = luaL_checkudata(lua, -1, SESSION);
		if ((*session)->busy)
			luaL_error(lua, "another call is under way on this http session");
		(*session)->busy = true;
		curl_easy_reset((*session)->curl); /* keeps the connection */
	}
	lua_pop(lua, 1);
	return *session ? (*session)->curl : curl_easy_init();
}

static int answer(lua_State *lua, CURL *curl, CURLcode code, struct reply *r)
{
	long status = 0;
	curl_off_t us = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &us);
	if (code != CURLE_OK)
		return 0;
	lua_newtable(lua);
	lua_pushinteger(lua, status);
	lua_setfield(lua, -2, "status");
	lua_pushlstring(lua, r->body ? r->body : "", r->len);
	lua_setfield(lua, -2, "body");
	lua_pushinteger(lua, us / 1000);
	lua_setfield(lua, -2, "ms");
	push_headers(lua, r);
	lua_setfield(lua, -2, "headers");
	return 1;
}

static int l_http(lua_State *lua)
{
	struct twin *t = twin_of(lua);
	struct reply r = { .limit = MAX_BODY };
	struct session *session;
	struct curl_slist *headers;
	char why[CURL_ERROR_SIZE] = "";
	CURL *curl;
	CURLcode code;
	int results;

	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_argcheck(lua, text_field(lua, "url"), 1, "url is missing");
	r.limit = (size_t)number_field(lua, "give_up_after", MAX_BODY);
	curl = handle_of(lua, &session);
	headers = headers_of(lua);
	prepare(lua, curl, &r, why);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	twin_leave(t);
	code = curl_easy_perform(curl);
	twin_enter(t);
	results = answer(lua, curl, code, &r);
	if (!results) {
		lua_pushnil(lua);
		lua_pushstring(lua, *why ? why : curl_easy_strerror(code));
		lua_pushstring(lua, kind_of(code, &r));
		results = 3;
	}
	forget_headers(&r);
	free(r.body);
	curl_slist_free_all(headers);
	if (session)
		session->busy = false;
	else
		curl_easy_cleanup(curl);
	return results;
}

static const luaL_Reg functions[] = {
	{ "http", l_http },
	{ "http_session", l_session },
	{ NULL, NULL },
};

void client_functions(lua_State *lua)
{
	luaL_newmetatable(lua, SESSION);
	lua_pushcfunction(lua, session_gc);
	lua_setfield(lua, -2, "__gc");
	lua_pop(lua, 1);
	luaL_setfuncs(lua, functions, 0);
}
