/* settings.c - mlc.lua and tenant.lua: evaluated, turned to JSON, and held against what may stand there. */
#include "script/language.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/when.h"
#include "script/near.h"
#include "script/outline.h"
#include "script/sandbox.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX  16
#define VALUES_MAX 100000
#define NAMES_MAX  48
#define PATH_SIZE  256
#define WORD_MAX   32 /* of tenants, connections, apps */

/* ---- what may stand where ------------------------------------------------------------- */

enum kind {
	TEXT = 1,
	WHOLE,   /* a number from least to most */
	DECIMAL, /* becomes text */
	DAY,
	WORD,    /* one of words */
	TEXTS,   /* a list of texts */
	COMMAND, /* a list of texts: the program and its arguments */
	TABLE,   /* with the members inside */
	NAMED,   /* names, each with a table of the members inside */
	FLOWS,   /* a list of flow entries */
	FREE,    /* a table that others check */
};

struct member {
	const char *name;
	enum kind kind;
	bool is_required;
	const struct member *inside;
	const char *const *words;
	int64_t least, most;
	const char *example;
};

struct table {
	const struct member *members;
	bool is_open; /* other members are somebody else's: they may be there, as plain values */
};

static const char *const modes[] = { "shadow", "live", NULL };
static const char *const isolations[] = { "inline", NULL }; /* "process": docs/design/plug.md, not built */

static const struct member tls_members[] = {
	{ "cert", TEXT, .is_required = true, .example = "\"tls/cert.pem\"" },
	{ "key", TEXT, .is_required = true, .example = "\"tls/key.pem\"" },
	{ NULL },
};

static const struct member public_members[] = {
	{ "address", TEXT, .example = "\"0.0.0.0\"" },
	{ "port", WHOLE, .most = 65535, .example = "8443" },
	{ "url", TEXT, .example = "\"https://books.example.com\"" },
	{ "tls", TABLE, .inside = tls_members, .example = "{ cert = \"tls/cert.pem\", key = \"tls/key.pem\" }" },
	{ NULL },
};

static const struct member admin_members[] = {
	{ "address", TEXT, .example = "\"127.0.0.1\"" },
	{ "port", WHOLE, .most = 65535, .example = "8444" },
	{ NULL },
};

static const struct member outbound_members[] = {
	{ "allow_private", TEXTS, .example = "{ \"10.0.0.0/8\" }" },
	{ "ca_file", TEXT, .example = "\"tls/own-ca.pem\"" },
	{ NULL },
};

static const struct member retention_members[] = {
	{ "payload_days", WHOLE, .least = 1, .most = 36500, .example = "400" },
	{ "delivery_days", WHOLE, .least = 1, .most = 36500, .example = "400" },
	{ NULL },
};

static const struct member alerts_members[] = {
	{ "command", COMMAND, .is_required = true, .example = "{ \"/usr/local/bin/tell-us\" }" },
	{ NULL },
};

static const struct member app_members[] = {
	{ "connector", TEXT, .is_required = true, .example = "\"quickbooks_online\"" },
	{ "client_id", TEXT, .example = "\"ABx1...\"" },
	{ NULL },
};

static const struct member mlc_members[] = {
	{ "public", TABLE, .inside = public_members, .example = "{ address = \"0.0.0.0\", port = 8443 }" },
	{ "admin", TABLE, .inside = admin_members, .example = "{ port = 8444 }" },
	{ "outbound", TABLE, .inside = outbound_members, .example = "{ ca_file = \"tls/own-ca.pem\" }" },
	{ "store", TEXT, .example = "\"state\"" },
	{ "key_file", TEXT, .example = "\"state/master.key\"" },
	{ "workers", WHOLE, .most = 64, .example = "2" },
	{ "retention", TABLE, .inside = retention_members, .example = "{ payload_days = 400 }" },
	{ "alerts", TABLE, .inside = alerts_members, .example = "{ command = { \"/usr/local/bin/tell-us\" } }" },
	{ "apps", NAMED, .inside = app_members,
	  .example = "{ intuit = { connector = \"quickbooks_online\", client_id = \"...\" } }" },
	{ NULL },
};

static const struct member connection_members[] = {
	{ "connector", TEXT, .is_required = true, .example = "\"woocommerce\"" },
	{ "ca_file", TEXT, .example = "\"tls/own-ca.pem\"" },
	{ "every_minutes", WHOLE, .least = 1, .most = 1440, .example = "15" },
	{ "isolation", WORD, .words = isolations, .example = "\"inline\"" },
	{ NULL },
};

static const struct member tenant_members[] = {
	{ "title", TEXT, .example = "\"Acme Mugs\"" },
	{ "zone", TEXT, .example = "\"America/New_York\"" },
	{ "connections", NAMED, .inside = connection_members,
	  .example = "{ shop = { connector = \"woocommerce\", url = \"https://shop.example.com\" } }" },
	{ "flows", FLOWS, .example = "{ integration \"woocommerce-quickbooks_desktop\" { ... } }" },
	{ NULL },
};

static const struct member flow_members[] = {
	{ "integration", TEXT },
	{ "mapping", TEXT },
	{ "start", DAY, .example = "\"2026-10-01\"" },
	{ "mode", WORD, .words = modes, .example = "\"shadow\"" },
	{ "params", FREE, .example = "{ document = \"invoice\" }" },
	{ "locked_until", DAY, .example = "\"2026-09-30\"" },
	{ "max_documents_per_visit", WHOLE, .least = 1, .most = 1000000, .example = "200" },
	{ "max_amount_per_day", DECIMAL, .example = "\"25000.00\"" },
	{ "max_deletions_per_hour", WHOLE, .most = 1000000, .example = "20" },
	{ NULL },
};

/* ---- one reading -------------------------------------------------------------------------- */

struct reading {
	const char *path;
	lua_State *lua;
	json_t *value, *lines, *errors;
	int values; /* turned to JSON so far */
};

/* Takes hint over. */
static void add_error(struct reading *r, int line, char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void add_error(struct reading *r, int line, char *hint, const char *fmt, ...)
{
	json_t *error = json_object();
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	json_put_text(error, "file", r->path);
	if (line > 0)
		json_put_int(error, "line", line);
	json_put_text(error, "text", text);
	if (hint)
		json_put_text(error, "hint", hint);
	free(hint);
	json_array_append_new(r->errors, error);
}

/* e says "settings:12: what"; what comes without such a place is said of the file. */
static void add_script_error(struct reading *r, const struct err *e)
{
	int line = 0, text = 0;

	if (sscanf(e->text, "settings:%d: %n", &line, &text) < 1)
		text = 0;
	add_error(r, line, NULL, "%s", e->text + text);
}

/* ---- constructors: tenant{}, integration "x" {}, flow "x" {} --------------------------------- */

static const char lines_key; /* registry: table -> the line it was made at */

static void remember_line(lua_State *L, int table)
{
	lua_Debug ar;

	table = lua_absindex(L, table);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &lines_key);
	lua_pushvalue(L, table);
	lua_pushinteger(L, lua_getstack(L, 1, &ar) && lua_getinfo(L, "l", &ar) ? ar.currentline : 0);
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

static int line_of_table(lua_State *L, int table)
{
	int line;

	table = lua_absindex(L, table);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &lines_key);
	lua_pushvalue(L, table);
	lua_rawget(L, -2);
	line = (int)lua_tointeger(L, -1);
	lua_pop(L, 2);
	return line;
}

static int make_tenant(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	remember_line(L, 1);
	return 1;
}

/* Upvalues: "integration" or "mapping", and its name. */
static int make_flow(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_rawset(L, 1);
	remember_line(L, 1);
	return 1;
}

/* The two connectors of "a-b" or "a.x->b.y"; false: it is neither. */
static bool split_connectors(const char *name, bool is_mapping, char first[64], char second[64])
{
	int end = 0;

	*first = *second = '\0';
	if (is_mapping)
		sscanf(name, "%63[a-z0-9_].%*[A-Za-z0-9_]->%63[a-z0-9_].%*[A-Za-z0-9_]%n", first, second, &end);
	else
		sscanf(name, "%63[a-z0-9_]-%63[a-z0-9_]%n", first, second, &end);
	return end > 0 && name[end] == '\0';
}

static int name_flow(lua_State *L, bool is_mapping)
{
	const char *name = luaL_checkstring(L, 1);
	char first[64], second[64];

	if (!split_connectors(name, is_mapping, first, second))
		return luaL_error(L, is_mapping
			? "flow \"%s\": a mapping is named like \"zuora.account->zendesk.organization\""
			: "integration \"%s\": an integration is named like \"woocommerce-quickbooks_desktop\"", name);
	lua_pushstring(L, is_mapping ? "mapping" : "integration");
	lua_pushvalue(L, 1);
	lua_pushcclosure(L, make_flow, 2);
	return 1;
}

static int name_integration(lua_State *L)
{
	return name_flow(L, false);
}

static int name_mapping(lua_State *L)
{
	return name_flow(L, true);
}

/* ---- Lua to JSON ---------------------------------------------------------------------------- */

/* "path.name", or "name" at the top; what is too long for anybody to have meant is cut. */
static void below(char out[PATH_SIZE], const char *path, const char *name)
{
	if (snprintf(out, PATH_SIZE, "%s%s%s", path, *path ? "." : "", name) >= PATH_SIZE)
		memcpy(out + PATH_SIZE - 4, "...", 4);
}

static void below_place(char out[PATH_SIZE], const char *path, size_t place)
{
	char name[24];

	snprintf(name, sizeof name, "%zu", place);
	below(out, path, name);
}

static json_t *to_json(struct reading *r, int index, const char *path, int depth);

static json_t *list_to_json(struct reading *r, int index, const char *path, int depth)
{
	json_t *list = json_array();
	char at[PATH_SIZE];

	if (sandbox_push_keys(r->lua, index) != (lua_Integer)lua_rawlen(r->lua, index))
		add_error(r, outline_line(r->lines, path), NULL, "%s holds named and unnamed values side by side",
			*path ? path : "the table");
	lua_pop(r->lua, 1);
	for (size_t i = 1; i <= lua_rawlen(r->lua, index); i++) {
		below_place(at, path, i);
		lua_rawgeti(r->lua, index, (lua_Integer)i);
		if (lua_istable(r->lua, -1) && !json_object_get(r->lines, at) && line_of_table(r->lua, -1))
			json_put_int(r->lines, at, line_of_table(r->lua, -1));
		json_array_append_new(list, to_json(r, lua_gettop(r->lua), at, depth + 1));
		lua_pop(r->lua, 1);
	}
	return list;
}

static json_t *object_to_json(struct reading *r, int index, const char *path, int depth)
{
	json_t *object = json_object();
	lua_Integer n = sandbox_push_keys(r->lua, index);
	int keys = lua_gettop(r->lua);
	char at[PATH_SIZE];

	for (lua_Integer i = 1; i <= n; i++) {
		const char *name;

		lua_rawgeti(r->lua, keys, i);
		lua_pushvalue(r->lua, -1);
		name = lua_tostring(r->lua, -1);
		if (name) {
			below(at, path, name);
			lua_pushvalue(r->lua, -2);
			lua_rawget(r->lua, index);
			json_object_set_new(object, name, to_json(r, lua_gettop(r->lua), at, depth + 1));
			lua_pop(r->lua, 1);
		} else {
			add_error(r, outline_line(r->lines, path), NULL, "%s: %s cannot be a name",
				*path ? path : "the table", lua_toboolean(r->lua, -1) ? "true" : "false");
		}
		lua_pop(r->lua, 2);
	}
	lua_pop(r->lua, 1);
	return object;
}

static json_t *number_to_json(struct reading *r, int index, const char *path)
{
	struct decimal d;
	const char *text;
	size_t len;

	if (lua_isinteger(r->lua, index))
		return json_integer(lua_tointeger(r->lua, index));
	lua_pushvalue(r->lua, index);
	text = lua_tolstring(r->lua, -1, &len);
	if (!decimal_parse(text, len, &d)) {
		add_error(r, outline_line(r->lines, path), NULL, "%s: %s is no number that can be used", path, text);
		text = "0";
		len = 1;
	}
	lua_pop(r->lua, 1);
	return json_stringn(text, len); /* decimals are text, everywhere */
}

/* Never NULL: what cannot be said in JSON is an error and null. */
static json_t *to_json(struct reading *r, int index, const char *path, int depth)
{
	lua_State *L = r->lua;
	json_t *text;

	if (depth > DEPTH_MAX || ++r->values > VALUES_MAX || !lua_checkstack(L, 16)) {
		if (r->values <= VALUES_MAX + 1 || depth > DEPTH_MAX)
			add_error(r, outline_line(r->lines, path), NULL, "%s: tables within tables without end", path);
		r->values = r->values > VALUES_MAX ? VALUES_MAX + 1 : r->values;
		return json_null();
	}
	switch (lua_type(L, index)) {
	case LUA_TBOOLEAN:
		return json_boolean(lua_toboolean(L, index));
	case LUA_TNUMBER:
		return number_to_json(r, index, path);
	case LUA_TSTRING:
		text = json_stringn(lua_tostring(L, index), lua_rawlen(L, index));
		if (!text)
			add_error(r, outline_line(r->lines, path), xstrdup("save the file as UTF-8"),
				"%s: the text is not UTF-8", path);
		return text ? text : json_null();
	case LUA_TTABLE:
		if (sandbox_is_array(L, index) || lua_rawlen(L, index) > 0)
			return list_to_json(r, index, path, depth);
		return object_to_json(r, index, path, depth);
	default:
		if (!sandbox_is_null(L, index))
			add_error(r, outline_line(r->lines, path), NULL, "%s: a %s cannot stand here", path,
				luaL_typename(L, index));
		return json_null();
	}
}

/* ---- against the tables ---------------------------------------------------------------------- */

static void wrong_value(struct reading *r, const char *path, const struct member *m, const char *what)
{
	add_error(r, outline_line(r->lines, path), m->example ? xformat("as in %s = %s", m->name, m->example) : NULL,
		"%s has to be %s", path, what);
}

static void unknown_member(struct reading *r, const char *path, const char *name, const char *const *names,
	size_t count)
{
	const char *meant = near_word(name, names, count);
	char *hint = NULL;
	struct buf list;

	if (meant) {
		hint = xformat("did you mean '%s'?", meant);
	} else {
		buf_init(&list, 1024);
		for (size_t i = 0; i < count; i++)
			buf_printf(&list, "%s%s", i ? ", " : "it may be one of: ", names[i]);
		hint = xstrdup(list.data);
		buf_finish(&list);
	}
	add_error(r, outline_line(r->lines, path), hint, "there is no '%s'%s", path,
		strchr(path, '.') ? "" : " here");
}

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > 0 && len <= WORD_MAX && name[len] == '\0';
}

static void check_table(struct reading *r, const char *path, json_t *object, const struct member *members,
	bool is_open, const char *const extra[2]);

static void check_word(struct reading *r, const char *path, const struct member *m, const json_t *value)
{
	const char *word = json_string_value(value), *meant;
	size_t count = 0;

	while (m->words[count])
		count++;
	for (size_t i = 0; word && i < count; i++)
		if (!strcmp(word, m->words[i]))
			return;
	meant = near_word(word ? word : "", m->words, count);
	add_error(r, outline_line(r->lines, path), meant ? xformat("did you mean \"%s\"?", meant) : NULL,
		"%s has to be \"%s\" or \"%s\"", path, m->words[0], m->words[1]);
}

static bool is_texts(const json_t *value)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)value, i, one)
		if (!json_is_string(one))
			return false;
	return json_is_array(value);
}

static void check_named(struct reading *r, const char *path, const struct member *m, json_t *object)
{
	const char *name;
	json_t *one;

	json_object_foreach(object, name, one) {
		char at[PATH_SIZE];

		below(at, path, name);
		if (!is_name(name))
			add_error(r, outline_line(r->lines, at), xstrdup("small letters, digits and _, at most 32"),
				"'%s' cannot be a name", name);
		if (json_is_object(one))
			check_table(r, at, one, m->inside, true, NULL);
		else
			wrong_value(r, at, m, "a table");
	}
}

static void check_flow(struct reading *r, const char *path, json_t *entry)
{
	const char *integration = json_text_at(entry, "integration"), *mapping = json_text_at(entry, "mapping");
	const char *name = integration ? integration : mapping ? mapping : "";
	char first[64], second[64];
	const char *const connectors[2] = { first, second };

	if (!split_connectors(name, !integration, first, second)) {
		add_error(r, outline_line(r->lines, path),
			xstrdup("as in integration \"woocommerce-quickbooks_desktop\" { ... } or flow "
				"\"zuora.account->zendesk.organization\" { ... }"), "%s is no flow", path);
		return;
	}
	check_table(r, path, entry, flow_members, false, connectors);
}

static void check_flows(struct reading *r, const char *path, json_t *flows)
{
	json_t *entry;
	size_t i;

	json_array_foreach(flows, i, entry) {
		char at[PATH_SIZE];

		below_place(at, path, i + 1);
		check_flow(r, at, entry);
	}
}

/* An empty table in Lua says neither list nor object: `owner` gets what is meant. */
static json_t *as_list(json_t *owner, const char *name, json_t *value)
{
	if (!json_is_object(value) || json_object_size(value) > 0)
		return value;
	value = json_array();
	json_object_set_new(owner, name, value);
	return value;
}

static void check_decimal(struct reading *r, const char *path, const struct member *m, json_t *owner,
	const json_t *value)
{
	struct decimal d;
	const char *text = json_string_value(value);
	char whole[32];

	if (json_is_integer(value)) {
		snprintf(whole, sizeof whole, "%lld", (long long)json_integer_value(value));
		json_put_text(owner, m->name, whole);
	} else if (!text || !decimal_parse(text, strlen(text), &d) || decimal_sign(d) < 0) {
		wrong_value(r, path, m, "an amount");
	}
}

static void check_member(struct reading *r, const char *path, const struct member *m, json_t *owner, json_t *value)
{
	char what[80];

	switch (m->kind) {
	case TEXT:
		if (!json_is_string(value) || !*json_string_value(value))
			wrong_value(r, path, m, "a text");
		break;
	case WHOLE:
		snprintf(what, sizeof what, "a whole number from %lld to %lld", (long long)m->least,
			(long long)m->most);
		if (!json_is_integer(value) || json_integer_value(value) < m->least
			|| json_integer_value(value) > m->most)
			wrong_value(r, path, m, what);
		break;
	case DECIMAL:
		check_decimal(r, path, m, owner, value);
		break;
	case DAY:
		if (!json_is_string(value) || !when_is_day(json_string_value(value)))
			wrong_value(r, path, m, "a day");
		break;
	case WORD:
		check_word(r, path, m, value);
		break;
	case TEXTS:
	case COMMAND:
		value = as_list(owner, m->name, value);
		if (!is_texts(value) || (m->kind == COMMAND && json_array_size(value) == 0))
			wrong_value(r, path, m, "a list of texts");
		break;
	case TABLE:
		if (json_is_object(value))
			check_table(r, path, value, m->inside, false, NULL);
		else
			wrong_value(r, path, m, "a table");
		break;
	case NAMED:
		if (json_is_object(value))
			check_named(r, path, m, value);
		else
			wrong_value(r, path, m, "a table of names");
		break;
	case FLOWS:
		value = as_list(owner, m->name, value);
		if (json_is_array(value))
			check_flows(r, path, value);
		else
			wrong_value(r, path, m, "a list of flows");
		break;
	case FREE:
		if (!json_is_object(value))
			wrong_value(r, path, m, "a table");
		break;
	}
}

/* extra: two more names that may stand there, with texts; or NULL. */
static void check_table(struct reading *r, const char *path, json_t *object, const struct member *members,
	bool is_open, const char *const extra[2])
{
	const char *names[NAMES_MAX], *name;
	size_t count = 0;
	json_t *value;
	char at[PATH_SIZE];
	void *safe;

	for (; members[count].name; count++)
		names[count] = members[count].name;
	for (size_t i = 0; i < count; i++)
		if (members[i].is_required && !json_object_get(object, names[i]))
			add_error(r, outline_line(r->lines, path),
				xformat("as in %s = %s", names[i], members[i].example), "%s has no %s",
				path, names[i]);
	for (int i = 0; extra && i < 2; i++)
		names[count + (size_t)i] = extra[i];
	json_object_foreach_safe(object, safe, name, value) {
		size_t i = 0;

		below(at, path, name);
		while (i < count && strcmp(names[i], name))
			i++;
		if (i < count)
			check_member(r, at, &members[i], object, value);
		else if (extra && (!strcmp(name, extra[0]) || !strcmp(name, extra[1])))
			check_member(r, at, &(struct member) { name, TEXT, .example = "\"name of a connection\"" },
				object, value);
		else if (!is_open)
			unknown_member(r, at, name, names, count + (extra ? 2 : 0));
	}
}

/* ---- READ ------------------------------------------------------------------------------------ */

static const struct file_kind {
	const char *name;
	const struct member *members;
	const char *ending; /* how such a file ends */
} kinds[] = {
	{ "mlc", mlc_members, "return { ... }" },
	{ "tenant", tenant_members, "return tenant { ... }" },
};

static void add_constructors(lua_State *L)
{
	lua_register(L, "tenant", make_tenant);
	lua_register(L, "integration", name_integration);
	lua_register(L, "flow", name_mapping);
	lua_newtable(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &lines_key);
}

/* Our own C code on the state's memory: protected like a script, so that its ceiling is no abort. */
static int convert(lua_State *L)
{
	struct reading *r = lua_touserdata(L, 2);

	r->value = to_json(r, 1, "", 0);
	return 0;
}

static int set_up(lua_State *L)
{
	add_constructors(L);
	return 0;
}

/* Leaves the returned table on the stack; 0 or an error code. */
static int evaluate(struct reading *r, const char *text, size_t len, struct err *e)
{
	lua_pushcfunction(r->lua, set_up);
	if (sandbox_call(r->lua, 0, 0, e) < 0 || sandbox_compile(r->lua, "settings", text, len, e) < 0)
		return e->code;
	return sandbox_call(r->lua, 0, 1, e);
}

static void read_with(struct reading *r, const struct file_kind *kind, const char *text, size_t len)
{
	struct err e = { 0 };

	if (evaluate(r, text, len, &e) < 0) {
		add_script_error(r, &e);
		return;
	}
	if (!lua_istable(r->lua, -1)) {
		add_error(r, 0, xformat("it has to end with %s", kind->ending), "the file returns no table");
		return;
	}
	lua_pushcfunction(r->lua, convert);
	lua_insert(r->lua, -2);
	lua_pushlightuserdata(r->lua, r);
	if (sandbox_call(r->lua, 2, 0, &e) < 0) {
		add_script_error(r, &e);
		return;
	}
	if (json_array_size(r->errors) == 0 && json_is_array(r->value))
		add_error(r, 0, xformat("it has to end with %s", kind->ending), "the file returns a list");
	if (json_array_size(r->errors) == 0) /* what could not be said is null, and would be told twice */
		check_table(r, "", r->value, kind->members, false, NULL);
}

json_t *settings_read(const char *kind, const char *path, const char *text, size_t len)
{
	struct reading r = { .path = path, .errors = json_array(), .lines = outline_of(text, len) };
	const struct file_kind *is = NULL;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(kind, kinds[i].name))
			is = &kinds[i];
	if (!is)
		add_error(&r, 0, NULL, "there is no kind of file '%s'", kind);
	else if (!(r.lua = sandbox_create(&(struct sandbox_limits) { .memory = 0 }, &e)))
		add_error(&r, 0, NULL, "%s", e.text);
	else
		read_with(&r, is, text, len);
	sandbox_destroy(r.lua);
	return json_pack("{s:o*,s:o,s:o}", "value", r.value, "lines", r.lines, "errors", r.errors);
}
