/* schema.c - what the connectors say about their entities. */
#include "schema.h"

#include <string.h>

static const struct named_flag {
	const char *name;
	uint32_t flag;
} field_flags[] = {
	{ "required", MLC_REQUIRED }, { "readonly", MLC_READONLY }, { "findable", MLC_FINDABLE },
	{ "immutable", MLC_IMMUTABLE }, { "mirrored", MLC_MIRRORED }, { "bare", MLC_BARE }, { NULL, 0 },
}, entity_flags[] = {
	{ "create", MLC_CREATE }, { "update", MLC_UPDATE }, { "delete", MLC_DELETE }, { "void", MLC_VOID },
	{ "versioned", MLC_VERSIONED }, { "keyed", MLC_KEYED }, { "marked", MLC_MARKED },
	{ "recovered", MLC_RECOVERED }, { "part", MLC_PART }, { NULL, 0 },
};

static const char *const type_names[] = { "anything", "text", "integer", "decimal", "bool", "date", "instant", "ref",
	"object", "list" };

const char *schema_type_name(enum mlc_type type)
{
	return type_names[type];
}

static enum mlc_type type_named(const char *name)
{
	for (size_t i = 1; name && i < sizeof type_names / sizeof type_names[0]; i++)
		if (strcmp(type_names[i], name) == 0)
			return (enum mlc_type)i;
	return MLC_TEXT;
}

static uint32_t flags_named(const json_t *names, const struct named_flag *flags)
{
	uint32_t all = 0;
	size_t i;
	json_t *name;

	json_array_foreach(names, i, name)
		for (const struct named_flag *f = flags; f->name; f++)
			if (json_is_string(name) && strcmp(f->name, json_string_value(name)) == 0)
				all |= f->flag;
	return all;
}

static const char *copy(struct arena *a, const char *text)
{
	return text ? arena_strndup(a, text, strlen(text)) : NULL;
}

static void read_entity(struct schema_entity *e, struct arena *a, const json_t *json)
{
	const json_t *fields = json_object_get(json, "fields"), *field;
	size_t count = json_array_size(fields), i;
	struct schema_field *rows = count ? arena_alloc(a, count * sizeof *rows) : NULL;

	e->flags = flags_named(json_object_get(json, "flags"), entity_flags);
	e->mark = copy(a, json_string_value(json_object_get(json, "mark")));
	e->open = json_is_true(json_object_get(json, "open"));
	if (!rows)
		return;
	json_array_foreach(fields, i, field) {
		const char *name = json_string_value(json_object_get(field, "name"));
		const char *type = json_string_value(json_object_get(field, "type"));
		if (!name)
			continue;
		rows[e->count++] = (struct schema_field){
			.name = copy(a, name), .type = type_named(type),
			.flags = flags_named(json_object_get(field, "flags"), field_flags),
			.limit = (uint32_t)json_integer_value(json_object_get(field, "limit")),
			.of = copy(a, json_string_value(json_object_get(field, "of"))),
		};
	}
	e->fields = rows;
}

/* Entities of members are known only when all are read. */
static void tie(struct schema *s)
{
	for (size_t i = 0; i < s->count; i++)
		for (size_t j = 0; j < s->entities[i].count; j++) {
			struct schema_field *f = &s->entities[i].fields[j];
			if (f->of && f->type >= MLC_REF)
				f->entity = schema_entity(s, f->of);
		}
}

void schemas_read(struct schemas *all, struct arena *a, json_t *connectors)
{
	const char *name, *entity_name;
	json_t *connector, *entity;

	memset(all, 0, sizeof *all);
	all->rows = arena_alloc(a, (json_object_size(connectors) + 1) * sizeof *all->rows);
	if (!all->rows)
		return;
	json_object_foreach(connectors, name, connector) {
		struct schema *s = &all->rows[all->count];
		json_t *entities = json_object_get(connector, "entities");
		s->connector = copy(a, name);
		s->entities = arena_alloc(a, (json_object_size(entities) + 1) * sizeof *s->entities);
		if (!s->connector || !s->entities)
			return;
		all->count++;
		json_object_foreach(entities, entity_name, entity) {
			struct schema_entity *e = &s->entities[s->count++];
			e->name = copy(a, entity_name);
			e->connector = s->connector;
			read_entity(e, a, entity);
		}
		tie(s);
	}
}

const struct schema *schema_of(const struct schemas *all, const char *connector)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->rows[i].connector, connector) == 0)
			return &all->rows[i];
	return NULL;
}

const struct schema_entity *schema_entity(const struct schema *s, const char *name)
{
	for (size_t i = 0; s && i < s->count; i++)
		if (strcmp(s->entities[i].name, name) == 0)
			return &s->entities[i];
	return NULL;
}

const struct schema_field *schema_field(const struct schema_entity *e, const char *name)
{
	for (size_t i = 0; e && i < e->count; i++)
		if (strcmp(e->fields[i].name, name) == 0)
			return &e->fields[i];
	return NULL;
}

bool schema_same(const struct schema_entity *a, const struct schema_entity *b)
{
	return a && b && (a == b || (!strcmp(a->name, b->name) && !strcmp(a->connector, b->connector)));
}

bool schema_allows(const char *allowed, const char *text, size_t len)
{
	for (const char *at = allowed; at;) {
		const char *end = strchr(at, '|');
		size_t n = end ? (size_t)(end - at) : strlen(at);
		if (n == len && memcmp(at, text, n) == 0)
			return true;
		at = end ? end + 1 : NULL;
	}
	return false;
}
