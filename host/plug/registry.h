/* registry.h - connectors as .so files: found, probed, loaded as generations, unmapped when unused.
 *
 * Each load takes a private copy of the file (its own inode), probes it in a child process first,
 * and dlopens the copy: replacing or truncating the file under a running host is harmless, garbage
 * and crashing constructors cost a child, a newer sdk is refused with a sentence.  A generation is
 * unmapped when the last reference to it is dropped (docs/design/plug.md). */
#ifndef PLUG_REGISTRY_H
#define PLUG_REGISTRY_H

#include "base/err.h"
#include "base/loop.h"

#include <mlc/connector.h>
#include <jansson.h>

struct plugin; /* one .so of one generation; counted */
struct registry;

struct registry_conf {
	const char *plugins_dir; /* "plugins" of the deployment */
	/* Where copies live; "" : memory-backed temporary folder of our own */
	const char *private_dir;
	const char *program;     /* mlc itself, run as `mlc probe FILE` */
};

struct registry *registry_create(const struct registry_conf *, struct err *);
void registry_destroy(struct registry *);

/* Looks at every *.so again.  Unchanged files keep their plugin; new and changed ones are probed
 * and loaded.  refused: JSON list of { file, connector, why }, connector: the one it is, or by its
 * name would be; a refused file's older generation stays in use.  Synchronous; a probe has a deadline of 2 s. */
int registry_scan(struct registry *, json_t **refused, struct err *);

/* The newest good one; NULL when there is none of that name.  Take your own reference. */
struct plugin *registry_find(struct registry *, const char *connector);
void registry_each(struct registry *, void (*fn)(void *arg, struct plugin *), void *arg);

struct plugin *plugin_ref(struct plugin *);
void plugin_unref(struct plugin *); /* the last one unmaps it */
const struct mlc_connector *plugin_connector(const struct plugin *);
const char *plugin_file(const struct plugin *);
const char *plugin_sha256(const struct plugin *);
unsigned registry_mapped(const struct registry *); /* .so copies mapped now, of all generations */

/* Entities, fields, feeds, settings as JSON: the `connectors` member of a LOAD, `mlc schema`. */
json_t *connector_schema(const struct mlc_connector *);
json_t *connector_field_schema(const struct mlc_field *); /* { name, type, flags, limit, of } */
/* NULL when the descriptor keeps connector.h's promises; else what is wrong with it, for its
 * author. */
const char *connector_flaw(const struct mlc_connector *, char *out, size_t out_size);
const struct mlc_entity *connector_entity(const struct mlc_connector *, const char *name);
const struct mlc_feed *connector_feed(const struct mlc_connector *, const char *name);

/* `mlc probe FILE`: loads it, checks the descriptor, prints it as JSON; returns the exit status. */
int probe_main(const char *file);

#endif
