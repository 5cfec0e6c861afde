/* schema.c - what a connector says about itself, as JSON and for look-ups; and whether it may say
 * so. */
#include "plug/registry.h"

#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_CHARS 32
#define ROWS_MAX       4096 /* a table without its end would be read for ever */

static const char *const types[] = {
	[MLC_TEXT] = "text", [MLC_INTEGER] = "integer", [MLC_DECIMAL] = "decimal",
		[MLC_BOOL] = "bool",
	[MLC_DATE] = "date", [MLC_INSTANT] = "instant", [MLC_REF] = "ref", [MLC_OBJECT] = "object",
	[MLC_LIST] = "list",
};

struct flag {
	uint32_t bit;
	const char *text;
};

static const struct flag field_flags[] = {
	{ MLC_REQUIRED, "required" }, { MLC_READONLY, "readonly" }, { MLC_FINDABLE, "findable" },
	{ MLC_IMMUTABLE, "immutable" }, { MLC_MIRRORED, "mirrored" }, { MLC_BARE, "bare" },
	{ 0, NULL },
};

static const struct flag entity_flags[] = {
	{ MLC_CREATE, "create" }, { MLC_UPDATE, "update" }, { MLC_DELETE, "delete" },
		{ MLC_VOID, "void" },
	{ MLC_VERSIONED, "versioned" }, { MLC_KEYED, "keyed" }, { MLC_MARKED, "marked" },
	{ MLC_RECOVERED, "recovered" }, { MLC_PART, "part" }, { 0, NULL },
};

static const char *const auth_kinds[] = {
	[MLC_AUTH_BASIC] = "basic", [MLC_AUTH_HEADER] = "header",
		[MLC_AUTH_OAUTH_CODE] = "oauth_code",
	[MLC_AUTH_OAUTH_CLIENT] = "oauth_client", [MLC_AUTH_OAUTH1] = "oauth1",
};

static json_t *flags_json(uint32_t flags, const struct flag *table)
{
	json_t *list = json_array();

	for (; table->text; table++)
		if (flags & table->bit)
			json_array_append_new(list, json_string(table->text));
	return list;
}

json_t *connector_field_schema(const struct mlc_field *f)
{
	json_t *o = json_object();

	json_put_text(o, "name", f->name);
	json_put_text(o, "type", types[f->type]);
	json_object_set_new(o, "flags", flags_json(f->flags, field_flags));
	json_put_int(o, "limit", f->limit);
	json_put_text(o, "of", f->of);
	return o;
}

static json_t *entity_json(const struct mlc_entity *e)
{
	json_t *o = json_object(), *fields = json_array();

	json_object_set_new(o, "flags", flags_json(e->flags, entity_flags));
	json_put_int(o, "batch", e->batch ? e->batch : 1);
	json_put_text(o, "mark", e->mark);
	for (const struct mlc_field *f = e->fields; f && f->name; f++)
		json_array_append_new(fields, connector_field_schema(f));
	json_object_set_new(o, "fields", fields);
	return o;
}

static json_t *feed_json(const struct mlc_feed *f)
{
	json_t *o = json_object(), *entities = json_array();

	json_put_text(o, "name", f->name);
	for (const char *const *e = f->entities; e && *e; e++)
		json_array_append_new(entities, json_string(*e));
	json_object_set_new(o, "entities", entities);
	json_put_int(o, "every_s", f->every_s);
	json_put_int(o, "reach_s", f->reach_s);
	return o;
}

static json_t *setting_json(const struct mlc_setting *s)
{
	json_t *o = json_object();

	json_put_text(o, "name", s->name);
	json_put_text(o, "type", types[s->type]);
	json_object_set_new(o, "required", json_boolean(s->flags & MLC_REQUIRED));
	json_object_set_new(o, "secret", json_boolean(s->secret));
	json_put_text(o, "help", s->help);
	return o;
}

static json_t *can_json(const struct mlc_connector *k)
{
	const struct { const char *name; mlc_step_fn *fn; } ops[] = {
		{ "ping", k->ping }, { "discover", k->discover }, { "poll", k->poll },
			{ "fetch", k->fetch },
		{ "find", k->find }, { "write", k->write }, { "subscribe", k->subscribe },
		{ "receive", k->receive }, { "invite", k->invite }, { "serve", k->serve },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (ops[i].fn)
			json_array_append_new(list, json_string(ops[i].name));
	return list;
}

json_t *connector_schema(const struct mlc_connector *k)
{
	json_t *o = json_object(), *entities = json_object(), *feeds = json_array();
	json_t *settings = json_array(), *auth = json_array(), *endpoints = json_object();

	json_put_text(o, "name", k->name);
	json_put_text(o, "title", k->title);
	json_put_text(o, "version", k->version);
	json_put_int(o, "sdk", k->sdk);
	for (const struct mlc_entity *e = k->entities; e && e->name; e++)
		json_object_set_new(entities, e->name, entity_json(e));
	for (const struct mlc_feed *f = k->feeds; f && f->name; f++)
		json_array_append_new(feeds, feed_json(f));
	for (const struct mlc_setting *s = k->settings; s && s->name; s++)
		json_array_append_new(settings, setting_json(s));
	for (const struct mlc_endpoint *e = k->endpoints; e && e->name; e++)
		json_put_text(endpoints, e->name, e->base);
	for (const struct mlc_auth *a = k->auth; a && a->kind; a++)
		json_array_append_new(auth, json_string(auth_kinds[a->kind]));
	json_object_set_new(o, "entities", entities);
	json_object_set_new(o, "feeds", feeds);
	json_object_set_new(o, "settings", settings);
	json_object_set_new(o, "endpoints", endpoints);
	json_object_set_new(o, "auth", auth);
	json_object_set_new(o, "can", can_json(k));
	json_put_int(o, "per_minute", k->per_minute);
	json_put_int(o, "at_once", k->at_once ? k->at_once : 1);
	return o;
}

const struct mlc_entity *connector_entity(const struct mlc_connector *k, const char *name)
{
	for (const struct mlc_entity *e = k->entities; e && e->name; e++)
		if (!strcmp(e->name, name))
			return e;
	return NULL;
}

const struct mlc_feed *connector_feed(const struct mlc_connector *k, const char *name)
{
	for (const struct mlc_feed *f = k->feeds; f && f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* ---- flaws ---------------------------------------------------------------------------- */

struct flaw { /* the first one found stays */
	char *out;
	size_t size;
	bool found;
};

static void flawed(struct flaw *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void flawed(struct flaw *w, const char *fmt, ...)
{
	va_list args;

	if (w->found)
		return;
	w->found = true;
	va_start(args, fmt);
	vsnprintf(w->out, w->size, fmt, args);
	va_end(args);
}

static bool is_name(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= NAME_MAX_CHARS && strspn(text,
		"abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static void check_field(struct flaw *w, const struct mlc_connector *k, const struct mlc_entity *e,
	const struct mlc_field *f)
{
	if (f->type < MLC_TEXT || f->type > MLC_LIST) {
		flawed(w, "field %s.%s has type %d, which is none", e->name, f->name, (int)f->type);
		return;
	}
	if ((f->type == MLC_OBJECT || f->type == MLC_REF) && !f->of)
		flawed(w, "field %s.%s is a %s of nothing: .of must name an entity", e->name,
			f->name, types[f->type]);
	if ((f->type == MLC_OBJECT || f->type == MLC_LIST) && f->of && !connector_entity(k, f->of))
		flawed(w, "field %s.%s is of entity '%s', which is not in the table", e->name,
			f->name, f->of);
	if (f->flags & MLC_BARE && f->type != MLC_DECIMAL)
		flawed(w, "field %s.%s is BARE but no DECIMAL", e->name, f->name);
	if (f->type == MLC_DECIMAL && f->limit > 15)
		flawed(w, "field %s.%s has %u fraction digits; 15 is the most", e->name, f->name,
			f->limit);
	for (const struct mlc_field *g = e->fields; g != f; g++)
		if (!strcmp(g->name, f->name))
			flawed(w, "field %s.%s stands twice in the table", e->name, f->name);
}

static void check_entity(struct flaw *w, const struct mlc_connector *k, const struct mlc_entity *e)
{
	size_t n = 0;

	if (!e->fields) {
		flawed(w, "entity %s has no fields", e->name);
		return;
	}
	for (const struct mlc_field *f = e->fields; f->name && n < ROWS_MAX && !w->found; f++, n++)
		check_field(w, k, e, f);
	if (n == ROWS_MAX)
		flawed(w, "entity %s: the table of fields does not end with a NULL name", e->name);
	if (e->flags & MLC_MARKED && !e->mark)
		flawed(w, "entity %s is MARKED but .mark names no member", e->name);
	if (e->flags & (MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_VOID) && !k->write)
		flawed(w, "entity %s may be written but there is no write()", e->name);
	for (const struct mlc_entity *o = k->entities; o != e; o++)
		if (!strcmp(o->name, e->name))
			flawed(w, "entity %s stands twice in the table", e->name);
}

static void check_feeds(struct flaw *w, const struct mlc_connector *k)
{
	size_t n = 0;

	for (const struct mlc_feed *f = k->feeds; f && f->name && n < ROWS_MAX; f++, n++) {
		if (!k->poll)
			flawed(w, "there are feeds but no poll()");
		if (!f->entities || !f->entities[0])
			flawed(w, "feed %s may emit nothing: .entities is empty", f->name);
		for (const char *const *e = f->entities; e && *e; e++)
			if (!connector_entity(k, *e))
				flawed(w, "feed %s may emit '%s', which is no entity", f->name, *e);
	}
	if (n == ROWS_MAX)
		flawed(w, "the table of feeds does not end with a NULL name");
}

static void check_settings(struct flaw *w, const struct mlc_connector *k)
{
	static const char *const ours[] = { "connector", "ca_file", "every_minutes", "isolation" };
	size_t n = 0;

	for (const struct mlc_setting *s = k->settings; s && s->name && n < ROWS_MAX; s++, n++) {
		if (s->type < MLC_TEXT || s->type > MLC_LIST)
			flawed(w, "setting %s has type %d, which is none", s->name, (int)s->type);
		if (!s->help)
			flawed(w, "setting %s has no help line for the person who fills it in",
				s->name);
		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			if (!strcmp(s->name, ours[i]))
				flawed(w, "setting %s is the host's own; choose another name",
					s->name);
	}
	if (n == ROWS_MAX)
		flawed(w, "the table of settings does not end with a NULL name");
}

static void check_reach(struct flaw *w, const struct mlc_connector *k)
{
	if (!k->endpoints && !k->serve && !k->receive)
		flawed(w, "no endpoints and no serve() or receive(): there is no way to the remote");
	if (k->serve && k->endpoints)
		flawed(w, "endpoints and serve(): a peer that calls us has no endpoints");
	for (const struct mlc_endpoint *e = k->endpoints; e && e->name; e++)
		if (!e->base || (strncmp(e->base, "https://", 8) != 0 &&
			strncmp(e->base, "http://", 7) != 0 && e->base[0] != '{'))
			flawed(w, "endpoint %s: '%s' is neither an address nor a {member}", e->name,
				e->base ? e->base : "");
	for (const struct mlc_auth *a = k->auth; a && a->kind; a++)
		if (a->kind < MLC_AUTH_BASIC || a->kind > MLC_AUTH_OAUTH1)
			flawed(w, "auth of kind %d, which is none", (int)a->kind);
	for (const struct mlc_auth *a = k->auth; a && a->kind; a++)
		if ((a->kind == MLC_AUTH_OAUTH_CODE || a->kind == MLC_AUTH_OAUTH_CLIENT) &&
			(!a->user || !a->pass || !a->token_url || !a->style ||
			(a->kind == MLC_AUTH_OAUTH_CODE && !a->authorize_url)))
			flawed(w, "its OAuth does not tell user, pass, style, token_url and, for a person's consent, authorize_url");
	if (k->revocation && (!k->revocation->url || (k->revocation->body && !k->revocation->type)))
		flawed(w, "its revocation does not tell where to, or of which type its body is");
	if (k->signature && (!k->signature->header || !k->signature->over || !k->signature->secret))
		flawed(w, "the signature does not tell its header, what it is over, and its secret");
	if (k->signature && !k->receive)
		flawed(w, "a signature but no receive()");
}

const char *connector_flaw(const struct mlc_connector *k, char *out, size_t out_size)
{
	struct flaw w = { out, out_size, false };
	size_t n = 0;

	if (!k->name || !is_name(k->name))
		flawed(&w, "its name must be 1 to %d of [a-z0-9_]", NAME_MAX_CHARS);
	if (!k->title || !k->version)
		flawed(&w, "it tells no title or no version");
	if (!k->entities)
		flawed(&w, "it has no entities");
	for (const struct mlc_entity *e = k->entities; e && e->name && n < ROWS_MAX &&
		!w.found; e++, n++)
		check_entity(&w, k, e);
	if (n == ROWS_MAX)
		flawed(&w, "the table of entities does not end with a NULL name");
	if (k->state_size > 65536)
		flawed(&w, "state_size is %zu bytes; 65536 is the most", k->state_size);
	if (!w.found)
		check_feeds(&w, k);
	if (!w.found)
		check_settings(&w, k);
	if (!w.found)
		check_reach(&w, k);
	return w.found ? out : NULL;
}
