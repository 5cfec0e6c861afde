/* schema.h - what the connectors say about their entities, as LOAD brings it. */
#ifndef SCRIPT_SCHEMA_H
#define SCRIPT_SCHEMA_H

#include "base/mem.h"

#include <mlc/connector.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schema_field {
	const char *name;
	enum mlc_type type;
	uint32_t flags, limit; /* as in mlc_field */
	const char *of;        /* NULL: none */
	const struct schema_entity *entity; /* REF, OBJECT, LIST: of; NULL: not described */
};

struct schema_entity {
	const char *name;
	const char *connector;
	struct schema_field *fields; /* in the remote's own order; none: anything may be in it */
	size_t count;
	uint32_t flags; /* as in mlc_entity */
	const char *mark;
	bool open; /* an account's own fields are not known yet: others than these may be there */
};

struct schema {
	const char *connector;
	struct schema_entity *entities;
	size_t count;
};

struct schemas {
	struct schema *rows;
	size_t count;
};

/* connectors: the member of LOAD; everything is copied into the arena. */
void schemas_read(struct schemas *, struct arena *, json_t *connectors);
const struct schema *schema_of(const struct schemas *, const char *connector);
const struct schema_entity *schema_entity(const struct schema *, const char *name);
const struct schema_field *schema_field(const struct schema_entity *, const char *name);
/* Is text one of "a|b|c"? */
bool schema_allows(const char *allowed, const char *text, size_t len);
const char *schema_type_name(enum mlc_type); /* "text"; for people */
/* The same thing of the same system, though one tenant may have more fields of it than another. */
bool schema_same(const struct schema_entity *, const struct schema_entity *);

#endif
