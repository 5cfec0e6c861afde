/* config.h - a deployment's files, read and checked as a whole: connectors, mappings, tenants.
 * A config is complete and good, or it is a list of errors; nothing is ever half in force. */
#ifndef FLOW_CONFIG_H
#define FLOW_CONFIG_H

#include "base/err.h"
#include "base/loop.h"
#include "net/carry.h"
#include "plug/registry.h"
#include "script/pool.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct flow;
struct zone;

struct config { /* counted; immutable once made, but for what flow.h says of a flow */
	unsigned refs;
	uint32_t generation;
	json_t *mlc;      /* mlc.lua as JSON */
	json_t *tenants;  /* { acme: { title, connections, flows, ... } } as READ gives them */
	json_t *load;     /* the LOAD reply */
	json_t *errors;   /* [ { file, line, text, hint } ]; empty: it is good */
	json_t *tests;    /* [ { mapping, file, name, ok, why } ] */
	json_t *refused;  /* .so files not taken: [ { file, why } ] */
	struct config_plugin { char *name; struct plugin *plugin; } *plugins;
	size_t plugin_count;
	struct flow **flows;
	size_t flow_count;
	struct config_zone { char *tenant; struct zone *zone; } *zones; /* of tenants that say theirs */
	size_t zone_count;
	struct carry_conf outbound; /* of mlc.lua: whom we may call, and whose certificates count */
	struct pool *pool; /* forgets the generation when the last reference goes */
};

struct config_reader {
	struct loop *loop;
	struct pool *pool;
	struct registry *registry;
	const char *dir;
	uint32_t generation;
	const char *tenant;      /* only this one is read; NULL: all of them */
	const json_t *described; /* "acme/crm" -> what its discover() has told; NULL: nothing is known yet */
};

/* mlc.lua alone, for what must be known before anything else (listeners, store). */
typedef void config_fn(void *arg, struct config *); /* yours: config_release() */
void config_read_mlc(const struct config_reader *, config_fn *, void *arg);
/* Everything.  Errors do not stop the reading: all of them are told at once. */
void config_read(const struct config_reader *, config_fn *, void *arg);

struct config *config_ref(struct config *);
void config_release(struct config *);
struct plugin *config_plugin(const struct config *, const char *connector);
/* The connection's settings as in tenant.lua; NULL: no such one. */
/* 0, also for NULL (all of them), or why not. */
int config_has_tenant(const struct config *, const char *tenant, struct err *);
const json_t *config_connection(const struct config *, const char *tenant, const char *name);
/* What mlc.lua says of the app that these settings name; NULL: none, or there is no such app. */
const json_t *config_app(const struct config *, const json_t *settings);
/* Where the store is and the master key, as mlc.lua of that folder says; both yours. */
void config_places(const struct config *, const char *dir, char **store, char **key);
/* "tenants/acme/tenant.lua:7: text (hint)" into a fresh text. */
char *config_error_text(const json_t *error);

#endif
