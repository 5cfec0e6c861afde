/* xml.c - XML to Lua tables and back, and schemas, by libxml2. */
#include "twin.h"

#include <lauxlib.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "twin.xml.schema"

enum { MAX_COMPLAINTS = 50 };

/* What libxml2 says, kept until it has returned: Lua must not jump out of a callback. */
struct complaints {
	struct complaint {
		int line, code;
		char name[64];
		char message[400];
	} all[MAX_COMPLAINTS];
	size_t count;
};

static void complain(void *arg, xmlErrorPtr e)
{
	struct complaints *list = arg;
	struct complaint *c = &list->all[list->count];
	const xmlNode *node = e->node;

	if (list->count == MAX_COMPLAINTS)
		return;
	list->count++;
	c->line = e->line;
	c->code = e->code;
	snprintf(c->name, sizeof c->name, "%s", node && node->name ? (const char *)node->name : "");
	snprintf(c->message, sizeof c->message, "%s", e->message ? e->message : "");
	c->message[strcspn(c->message, "\n")] = 0;
}

static void push_complaints(lua_State *lua, const struct complaints *list)
{
	lua_newtable(lua);
	for (size_t i = 0; i < list->count; i++) {
		const struct complaint *c = &list->all[i];

		lua_newtable(lua);
		lua_pushinteger(lua, c->line);
		lua_setfield(lua, -2, "line");
		lua_pushinteger(lua, c->code);
		lua_setfield(lua, -2, "code");
		lua_pushstring(lua, c->name);
		lua_setfield(lua, -2, "name");
		lua_pushstring(lua, c->message);
		lua_setfield(lua, -2, "message");
		lua_rawseti(lua, -2, (lua_Integer)i + 1);
	}
}

static void push_element(lua_State *lua, const xmlNode *e, int depth);

static void push_attributes(lua_State *lua, const xmlNode *e)
{
	lua_newtable(lua);
	for (xmlAttr *a = e->properties; a; a = a->next) {
		xmlChar *value = xmlNodeListGetString(e->doc, a->children, 1);

		lua_pushstring(lua, value ? (const char *)value : "");
		lua_setfield(lua, -2, (const char *)a->name);
		xmlFree(value);
	}
	lua_setfield(lua, -2, "attr");
}

static void push_children(lua_State *lua, const xmlNode *e, int depth)
{
	lua_Integer n = 0;

	for (const xmlNode *c = e->children; c; c = c->next) {
		if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) {
			lua_pushstring(lua, (const char *)c->content);
			lua_rawseti(lua, -2, ++n);
		} else if (c->type == XML_ELEMENT_NODE) {
			push_element(lua, c, depth + 1);
			lua_rawseti(lua, -2, ++n);
		}
	}
}

static void push_element(lua_State *lua, const xmlNode *e, int depth)
{
	luaL_checkstack(lua, 8, "XML is nested too deeply");
	if (depth > MAX_DEPTH)
		luaL_error(lua, "XML is nested too deeply");
	lua_newtable(lua);
	lua_pushstring(lua, (const char *)e->name);
	lua_setfield(lua, -2, "name");
	if (e->ns && e->ns->href) {
		lua_pushstring(lua, (const char *)e->ns->href);
		lua_setfield(lua, -2, "ns");
	}
	push_attributes(lua, e);
	push_children(lua, e, depth);
}

static int push_document(lua_State *lua)
{
	xmlDoc *doc = lua_touserdata(lua, 1);

	push_element(lua, xmlDocGetRootElement(doc), 0);
	lua_newtable(lua);
	for (const xmlNode *n = doc->children; n; n = n->next) {
		if (n->type == XML_PI_NODE) {
			lua_pushstring(lua, n->content ? (const char *)n->content : "");
			lua_setfield(lua, -2, (const char *)n->name);
		}
	}
	lua_setfield(lua, -2, "pi");
	return 1;
}

static xmlDoc *read_document(const char *text, size_t len, struct complaints *list)
{
	xmlParserCtxt *ctxt = xmlNewParserCtxt();
	xmlDoc *doc;

	if (!ctxt)
		return NULL;
	xmlSetStructuredErrorFunc(list, (xmlStructuredErrorFunc)complain);
	doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, NULL, XML_PARSE_NONET);
	xmlSetStructuredErrorFunc(NULL, NULL);
	xmlFreeParserCtxt(ctxt);
	if (doc && (doc->intSubset || !xmlDocGetRootElement(doc))) {
		xmlFreeDoc(doc);
		doc = NULL;
		list->all[0] = (struct complaint){ .message = "a document type is not welcome" };
		list->count = 1;
	}
	return doc;
}

static int l_parse(lua_State *lua)
{
	size_t len;
	const char *text = luaL_checklstring(lua, 1, &len);
	struct complaints list = { .count = 0 };
	xmlDoc *doc;
	int failed;

	luaL_argcheck(lua, len <= MAX_BODY, 1, "too long");
	doc = read_document(text, len, &list);
	if (!doc) {
		lua_pushnil(lua);
		lua_pushfstring(lua, "line %d: %s", list.count ? list.all[0].line : 0,
			list.count ? list.all[0].message : "not XML");
		return 2;
	}
	lua_pushcfunction(lua, push_document);
	lua_pushlightuserdata(lua, doc);
	failed = lua_pcall(lua, 1, 1, 0);
	xmlFreeDoc(doc);
	return failed ? lua_error(lua) : 1;
}

struct schema {
	xmlSchema *schema;
};

static int l_schema(lua_State *lua)
{
	const char *path = luaL_checkstring(lua, 1);
	struct schema *s = lua_newuserdatauv(lua, sizeof *s, 0);
	struct complaints list = { .count = 0 };
	xmlSchemaParserCtxt *ctxt;

	s->schema = NULL;
	luaL_setmetatable(lua, SCHEMA);
	ctxt = xmlSchemaNewParserCtxt(path);
	if (!ctxt)
		return luaL_error(lua, "out of memory");
	xmlSchemaSetParserStructuredErrors(ctxt, (xmlStructuredErrorFunc)complain, &list);
	xmlSetStructuredErrorFunc(&list, (xmlStructuredErrorFunc)complain);
	s->schema = xmlSchemaParse(ctxt);
	xmlSetStructuredErrorFunc(NULL, NULL);
	xmlSchemaFreeParserCtxt(ctxt);
	if (s->schema)
		return 1;
	lua_pushnil(lua);
	lua_pushfstring(lua, "%s: %s", path, list.count ? list.all[0].message : "not a schema");
	return 2;
}

static int schema_gc(lua_State *lua)
{
	struct schema *s = luaL_checkudata(lua, 1, SCHEMA);

	xmlSchemaFree(s->schema);
	s->schema = NULL;
	return 0;
}

static int schema_check(lua_State *lua)
{
	struct schema *s = luaL_checkudata(lua, 1, SCHEMA);
	size_t len;
	const char *text = luaL_checklstring(lua, 2, &len);
	struct complaints list = { .count = 0 };
	xmlSchemaValidCtxt *ctxt;
	int failed = -1;
	xmlDoc *doc = read_document(text, len, &list);

	if (doc) {
		ctxt = xmlSchemaNewValidCtxt(s->schema);
		xmlSchemaSetValidStructuredErrors(ctxt, (xmlStructuredErrorFunc)complain, &list);
		failed = xmlSchemaValidateDoc(ctxt, doc);
		xmlSchemaFreeValidCtxt(ctxt);
		xmlFreeDoc(doc);
	}
	if (failed == 0) {
		lua_pushboolean(lua, true);
		return 1;
	}
	lua_pushnil(lua);
	push_complaints(lua, &list);
	return 2;
}

/* escape(text, ascii): for content and for attributes in double quotes. */
static int l_escape(lua_State *lua)
{
	size_t len;
	const char *text = luaL_checklstring(lua, 1, &len);
	luaL_Buffer b;

	luaL_buffinit(lua, &b);
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '&':
			luaL_addstring(&b, "&amp;");
			break;
		case '<':
			luaL_addstring(&b, "&lt;");
			break;
		case '>':
			luaL_addstring(&b, "&gt;");
			break;
		case '"':
			luaL_addstring(&b, "&quot;");
			break;
		default:
			luaL_addchar(&b, text[i]);
		}
	}
	luaL_pushresult(&b);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "parse", l_parse },
	{ "schema", l_schema },
	{ "escape_raw", l_escape },
	{ NULL, NULL },
};

static const luaL_Reg schema_methods[] = {
	{ "check", schema_check },
	{ NULL, NULL },
};

void xml_functions(lua_State *lua)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(xmlNoNetExternalEntityLoader);
	luaL_newmetatable(lua, SCHEMA);
	lua_pushcfunction(lua, schema_gc);
	lua_setfield(lua, -2, "__gc");
	luaL_newlib(lua, schema_methods);
	lua_setfield(lua, -2, "__index");
	lua_pop(lua, 1);
	luaL_newlib(lua, functions);
	lua_setfield(lua, -2, "xml");
}
