/* config.c - a deployment's files, read and checked as a whole. */
#include "flow/flow.h"

#include "flow/answers.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/zone.h"
#include "net/tls.h"
#include "script/near.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX (256u << 10)
#define LOAD_MAX (48u << 20)

struct reading {
	struct config_reader in;
	char *dir;
	struct config *config;
	config_fn *fn;
	void *arg;
	bool only_mlc;
	unsigned open;     /* READs under way */
	json_t *files;     /* for LOAD */
	json_t *lines;     /* tenant -> lines */
	json_t *answers;   /* tenant -> rows */
};

struct file_reading {
	struct reading *r;
	char *tenant; /* NULL: mlc.lua */
	char *path;
};

/* ---- errors ------------------------------------------------------------------------------------- */

static void add_error(struct config *c, const char *file, int64_t line, const char *text, const char *hint)
{
	json_t *e = json_object();

	json_put_text(e, "file", file);
	if (line)
		json_put_int(e, "line", line);
	json_put_text(e, "text", text);
	if (hint)
		json_put_text(e, "hint", hint);
	json_array_append_new(c->errors, e);
}

char *config_error_text(const json_t *e)
{
	const char *file = json_text_or(e, "file", ""), *hint = json_text_at(e, "hint");
	int64_t line = json_int_or(e, "line", 0);
	char at[32] = "";

	if (line)
		snprintf(at, sizeof at, ":%lld", (long long)line);
	return xformat("%s%s%s%s%s%s%s", file, at, *file ? ": " : "", json_text_or(e, "text", ""), hint ? " (" : "",
		hint ? hint : "", hint ? ")" : "");
}

static int64_t line_of(const struct reading *r, const char *tenant, const char *path)
{
	const json_t *line = json_object_get(json_object_get(r->lines, tenant), path);

	return json_is_integer(line) ? json_integer_value(line) : 0;
}

/* ---- the config's life ----------------------------------------------------------------------------- */

static struct config *config_create(const struct config_reader *in)
{
	struct config *c = xcalloc(1, sizeof *c);

	c->refs = 1;
	c->generation = in->generation;
	c->pool = in->pool;
	c->mlc = json_object();
	c->tenants = json_object();
	c->load = json_object();
	c->errors = json_array();
	c->tests = json_array();
	c->refused = json_array();
	return c;
}

struct config *config_ref(struct config *c)
{
	c->refs++;
	return c;
}

static void flow_free(struct flow *f)
{
	free(f->key);
	free(f->integration);
	free(f->held);
	free(f->held_why);
	free(f);
}

void config_release(struct config *c)
{
	if (!c || --c->refs)
		return;
	for (size_t i = 0; i < c->flow_count; i++)
		flow_free(c->flows[i]);
	free(c->flows);
	for (size_t i = 0; i < c->plugin_count; i++) {
		free(c->plugins[i].name);
		plugin_unref(c->plugins[i].plugin);
	}
	free(c->plugins);
	for (size_t i = 0; i < c->zone_count; i++) {
		free(c->zones[i].tenant);
		zone_destroy(c->zones[i].zone);
	}
	free(c->zones);
	free((void *)(uintptr_t)c->outbound.allow_private); /* what it points at is of mlc */
	free((char *)(uintptr_t)c->outbound.ca_file);
	pool_forget(c->pool, c->generation);
	json_decref(c->mlc);
	json_decref(c->tenants);
	json_decref(c->load);
	json_decref(c->errors);
	json_decref(c->tests);
	json_decref(c->refused);
	free(c);
}

struct plugin *config_plugin(const struct config *c, const char *connector)
{
	for (size_t i = 0; i < c->plugin_count; i++)
		if (!strcmp(c->plugins[i].name, connector))
			return c->plugins[i].plugin;
	return NULL;
}

const json_t *config_connection(const struct config *c, const char *tenant, const char *name)
{
	return json_object_get(json_object_get(json_object_get(c->tenants, tenant), "connections"), name);
}

const json_t *config_app(const struct config *c, const json_t *settings)
{
	const char *app = json_text_at(settings, "app");

	return app ? json_object_get(json_object_get(c->mlc, "apps"), app) : NULL;
}

static void reading_over(struct reading *r)
{
	json_t *e;
	size_t i;

	json_array_foreach(r->config->errors, i, e) { /* as a person reads it */
		char *said = config_error_text(e);

		json_put_text(e, "said", said);
		free(said);
	}
	r->fn(r->arg, r->config);
	json_decref(r->files);
	json_decref(r->lines);
	json_decref(r->answers);
	free(r->dir);
	free(r);
}

/* ---- flows of a good LOAD ---------------------------------------------------------------------------- */

/* The tenant.lua entry that made the integration `name`: its start, mode, brakes. */
static const json_t *entry_of(const struct config *c, const char *tenant, const char *name)
{
	const json_t *list = json_object_get(json_object_get(c->tenants, tenant), "flows");
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one)
		if (!strcmp(json_text_or(one, "name", ""), name))
			return one;
	return NULL;
}

static void add_flow(struct config *c, const char *key, const json_t *def)
{
	struct flow *f = xcalloc(1, sizeof *f);
	const char *slash = strchr(key, '/'), *dot = strrchr(key, '.');
	const json_t *entry;
	const char *tenant_key = NULL, *name;
	char *tenant = xstrndup(key, (size_t)(slash - key));
	json_t *ignored;

	json_object_foreach(c->tenants, name, ignored)
		if (!strcmp(name, tenant))
			tenant_key = name;
	free(tenant);
	f->config = c;
	f->key = xstrdup(key);
	f->tenant = tenant_key;
	f->name = f->key + (slash - key) + 1;
	f->integration = xstrndup(slash + 1, (size_t)(dot - slash - 1));
	f->def = def;
	f->mapping = json_text_or(def, "mapping", "");
	f->mapping_hash = json_text_or(def, "hash", "");
	f->source_entity = json_text_or(def, "source.entity", "");
	f->target_entity = json_text_or(def, "target.entity", "");
	f->on_demand = json_true_at(def, "on_demand");
	f->hears_own = json_true_at(def, "hears_own");
	f->money = json_true_at(def, "money");
	f->enabled = !json_is_false(json_object_get(def, "enabled"));
	f->again_at = json_true_at(def, "again_at");
	f->asks_source = json_true_at(def, "asks_source");
	f->again_on = json_object_get(def, "again_on");
	f->open = json_true_at(def, "open");
	for (size_t i = 0; i < c->zone_count; i++)
		if (!strcmp(c->zones[i].tenant, f->tenant))
			f->zone = c->zones[i].zone;
	f->rank = (int)json_int_or(def, "rank", 0);
	entry = entry_of(c, f->tenant, f->integration);
	f->start = json_text_at(entry, "start");
	f->locked_until = json_text_at(entry, "locked_until");
	f->documents_per_visit = json_int_or(entry, "max_documents_per_visit", 0);
	f->removals_an_hour = (size_t)json_int_or(entry, "max_deletions_per_hour",
		json_int_or(def, "on_delete.limit_per_hour", REMOVALS_AN_HOUR));
	if (f->removals_an_hour > REMOVALS_KEPT)
		f->removals_an_hour = REMOVALS_KEPT;
	f->amount_per_day = json_text_at(entry, "max_amount_per_day");
	f->mode = !strcmp(json_text_or(entry, "mode", "shadow"), "live") ? FLOW_LIVE : FLOW_SHADOW;
	c->flows = xrealloc(c->flows, (c->flow_count + 1) * sizeof *c->flows);
	c->flows[c->flow_count++] = f;
}

static void pair_flows(struct config *c)
{
	for (size_t i = 0; i < c->flow_count; i++) {
		const char *mapping = json_text_at(c->flows[i]->def, "back_of");

		for (size_t j = 0; mapping && j < c->flow_count; j++)
			if (!strcmp(c->flows[j]->mapping, mapping) && !strcmp(c->flows[j]->tenant, c->flows[i]->tenant) &&
				!strcmp(c->flows[j]->integration, c->flows[i]->integration)) {
				c->flows[i]->other = c->flows[j];
				c->flows[j]->other = c->flows[i];
			}
	}
}

static int by_rank(const void *a, const void *b)
{
	const struct flow *f = *(struct flow *const *)a, *g = *(struct flow *const *)b;

	return f->rank != g->rank ? f->rank - g->rank : strcmp(f->key, g->key);
}

static void on_tests(void *arg, const struct cage_reply *reply)
{
	struct reading *r = arg;
	struct config *c = r->config;
	json_t *answer = NULL, *one;
	size_t i;

	if (reply->outcome != CAGE_ANSWERED)
		add_error(c, "mappings", 0, reply->why, "the mappings' own tests could not be run");
	else
		answer = json_read(reply->parts[0].bytes, reply->parts[0].len, NULL);
	json_array_foreach(json_object_get(answer, "results"), i, one) {
		json_array_append(c->tests, one);
		if (!json_is_true(json_object_get(one, "ok"))) {
			char *text = xformat("its test \"%s\" fails: %s", json_text_or(one, "name", ""),
				json_text_or(one, "why", ""));

			add_error(c, json_text_or(one, "file", ""), json_int_or(one, "line", 0), text, NULL);
			free(text);
		}
	}
	json_decref(answer);
	reading_over(r);
}

static void on_loaded(void *arg, const struct cage_reply *reply)
{
	struct reading *r = arg;
	struct config *c = r->config;
	struct cage_part part;
	const char *key;
	char text[64];
	json_t *def;

	if (reply->outcome != CAGE_ANSWERED) {
		add_error(c, "mappings", 0, reply->why, "a mapping stops the worker that reads it");
		reading_over(r);
		return;
	}
	json_decref(c->load);
	c->load = json_read(reply->parts[0].bytes, reply->parts[0].len, NULL);
	json_array_extend(c->errors, json_object_get(c->load, "errors"));
	if (json_array_size(c->errors)) {
		reading_over(r);
		return;
	}
	json_object_foreach(json_object_get(c->load, "flows"), key, def)
		if (strchr(key, '/') && strrchr(key, '.'))
			add_flow(c, key, def);
	if (c->flow_count)
		qsort(c->flows, c->flow_count, sizeof *c->flows, by_rank);
	pair_flows(c);
	for (size_t i = 0; i < c->flow_count; i++)
		if (c->flows[i]->enabled && c->flows[i]->money && !c->flows[i]->start) {
			char *file = xformat("tenants/%s/tenant.lua", c->flows[i]->tenant);
			char *say = xformat("%s makes money documents and has no start", c->flows[i]->name);

			add_error(c, file, 0, say, "start = \"2026-11-01\": older documents are left alone");
			free(file);
			free(say);
		}
	snprintf(text, sizeof text, "{\"generation\":%u}", c->generation);
	part = (struct cage_part) { text, strlen(text) };
	pool_ask(r->in.pool, CAGE_TEST, c->generation, &part, 1, on_tests, r);
}

/* ---- LOAD: connectors' schemas, files, tenants ---------------------------------------------------------- */

static char *meant(const char *word, const char *const *words, size_t count, const char *otherwise)
{
	const char *near = near_word(word, words, count);

	return near ? xformat("did you mean \"%s\"?", near) : otherwise ? xstrdup(otherwise) : NULL;
}

/* One of the names of this object; yours to free, as the next one's. */
static char *meant_among(json_t *object, const char *word)
{
	const char **names = xcalloc(json_object_size(object) + 1, sizeof *names), *name;
	size_t count = 0;
	json_t *value;
	char *hint;

	json_object_foreach(object, name, value)
		names[count++] = name;
	hint = meant(word, names, count, NULL);
	free(names);
	return hint;
}

static char *connector_meant(const struct config *c, const char *word)
{
	const char **names;
	json_t *one;
	char *hint;
	size_t n;

	json_array_foreach(c->refused, n, one)
		if (!strcmp(json_text_or(one, "connector", ""), word))
			return xformat("it is refused: %s", json_text_or(one, "why", ""));
	names = xcalloc(c->plugin_count + 1, sizeof *names);
	for (size_t i = 0; i < c->plugin_count; i++)
		names[i] = c->plugins[i].name;
	hint = meant(word, names, c->plugin_count, "mlc connectors lists what is installed");
	free(names);
	return hint;
}

static json_t *integration_of(struct reading *r, const char *tenant, json_t *entry, size_t place)
{
	const char *integration = json_text_at(entry, "integration"), *mapping = json_text_at(entry, "mapping");
	char *path = xformat("tenants/%s/tenant.lua", tenant), where[64];
	char first[64] = "", second[64] = "", *name;
	json_t *out = json_object(), *bind = json_object();
	const char *whole = integration ? integration : mapping ? mapping : "";
	bool bound = true;

	snprintf(where, sizeof where, "flows.%zu", place + 1);
	if (integration)
		sscanf(whole, "%63[a-z0-9_]-%63[a-z0-9_]", first, second);
	else
		sscanf(whole, "%63[a-z0-9_].%*[^-]->%63[a-z0-9_].", first, second);
	for (int i = 0; i < 2; i++) {
		const char *connector = i ? second : first, *connection = json_text_at(entry, connector);
		const json_t *settings = connection ? config_connection(r->config, tenant, connection) : NULL;
		char *say = NULL, *hint = NULL;
		const char *is = json_text_or(settings, "connector", "?");

		if (!*connector) {
			say = xformat("'%s' is no integration", whole);
			hint = xstrdup("as in integration \"woocommerce-quickbooks_desktop\" or flow \"zuora.account->zendesk.organization\"");
		} else if (!connection) {
			say = xformat("%s does not say which connection is its %s", whole, connector);
			hint = xformat("%s = \"name of a connection\"", connector);
		} else if (!settings) {
			say = xformat("%s = \"%s\": there is no such connection", connector, connection);
			hint = meant_among(json_object_get(json_object_get(r->config->tenants, tenant), "connections"), connection);
		} else if (strcmp(is, connector) && config_plugin(r->config, is)) {
			say = xformat("%s = \"%s\": that one is a %s", connector, connection, is);
		}
		if (say)
			add_error(r->config, path, line_of(r, tenant, where), say, hint);
		if (say || strcmp(is, connector))
			bound = false; /* a connector that is not there is said of its connection */
		else
			json_put_text(bind, connector, connection);
		free(say);
		free(hint);
	}
	if (!bound) { /* what a worker would say of its parameters has this cause */
		json_decref(bind);
		json_decref(out);
		free(path);
		return NULL;
	}
	name = xformat("%s-%s", json_text_or(entry, first, first), json_text_or(entry, second, second));
	json_put_text(out, "name", name);
	json_put_text(entry, "name", name);
	json_put_text(out, integration ? "integration" : "mapping", whole);
	json_object_set_new(out, "bind", bind);
	json_object_set(out, "params", json_object_get(entry, "params"));
	if (!json_object_get(out, "params"))
		json_object_set_new(out, "params", json_object());
	json_put_text(out, "file", path);
	json_put_int(out, "line", line_of(r, tenant, where));
	free(name);
	free(path);
	return out;
}

static void put_described(const struct reading *r, const char *tenant, const char *connection, const json_t *settings,
	json_t *known)
{
	struct plugin *p = config_plugin(r->config, json_text_or(settings, "connector", ""));
	char *path = xformat("%s/%s", tenant, connection);
	const json_t *described = json_object_get(r->in.described, path);

	json_object_set_new(known, "discovers", json_boolean(p && plugin_connector(p)->discover));
	if (described)
		json_object_set_new(known, "described", json_deep_copy(described));
	free(path);
}

static void load(struct reading *r)
{
	struct config *c = r->config;
	json_t *load, *connectors = json_object(), *tenants = json_object(), *tenant;
	const char *name;
	struct buf b;

	for (size_t i = 0; i < c->plugin_count; i++)
		json_object_set_new(connectors, c->plugins[i].name, connector_schema(plugin_connector(c->plugins[i].plugin)));
	json_object_foreach(c->tenants, name, tenant) {
		json_t *one = json_object(), *connections = json_object(), *integrations = json_array(), *settings, *entry;
		const char *connection;
		size_t i;

		json_object_foreach(json_object_get(tenant, "connections"), connection, settings) {
			json_t *known = json_object();

			json_put_text(known, "connector", json_text_or(settings, "connector", ""));
			put_described(r, name, connection, settings, known);
			json_object_set_new(connections, connection, known);
		}
		json_array_foreach(json_object_get(tenant, "flows"), i, entry) {
			json_t *integration = integration_of(r, name, entry, i);

			if (integration)
				json_array_append_new(integrations, integration);
		}
		json_object_set_new(one, "connections", connections);
		json_object_set_new(one, "integrations", integrations);
		json_object_set(one, "answers", json_object_get(r->answers, name));
		json_object_set_new(tenants, name, one);
	}
	load = json_pack("{s:i,s:o,s:O,s:o}", "generation", (int)c->generation, "connectors", connectors, "files", r->files,
		"tenants", tenants);
	buf_init(&b, LOAD_MAX);
	json_write(&b, load);
	json_decref(load);
	if (b.full) {
		add_error(c, r->dir, 0, "mappings and tenants together are over 48 MB", NULL);
		reading_over(r);
	} else {
		pool_load(r->in.pool, c->generation, b.data, b.len, on_loaded, r);
	}
	buf_finish(&b);
}

/* ---- tenants' connections against their connectors -------------------------------------------------------- */

/* { path, text, hint }, as connection_check() has them. */
static void check_app(struct reading *r, const json_t *settings, json_t *errors)
{
	const char *name = json_text_at(settings, "app"), *is = json_text_or(settings, "connector", "");
	const json_t *app = config_app(r->config, settings);
	json_t *e, *apps = json_object_get(r->config->mlc, "apps");
	char *text = NULL, *hint = NULL;

	if (!name)
		return;
	if (!app) {
		text = xformat("app = \"%s\": mlc.lua has no such app", name);
		hint = json_object_size(apps) ? meant_among(apps, name) : NULL;
	} else if (strcmp(json_text_or(app, "connector", ""), is)) {
		text = xformat("app = \"%s\": that one is of %s", name, json_text_or(app, "connector", "?"));
	}
	if (text) {
		e = json_object();
		json_put_text(e, "path", "app");
		json_put_text(e, "text", text);
		if (hint)
			json_put_text(e, "hint", hint);
		json_array_append_new(errors, e);
	}
	free(text);
	free(hint);
}

static void read_outbound(struct reading *r)
{
	const json_t *mlc = r->config->mlc, *list = json_at(mlc, "outbound.allow_private");
	const char *ca = json_text_at(mlc, "outbound.ca_file");
	const char **allow = xcalloc(json_array_size(list) + 1, sizeof *allow);
	struct err e = { 0 };

	for (size_t i = 0; i < json_array_size(list); i++)
		allow[i] = json_string_value(json_array_get(list, i));
	r->config->outbound = (struct carry_conf) { .allow_private = allow, .ca_file = ca ? file_within(r->dir, ca) : NULL,
		.agent = "ml-connector", .at_once_host = 256 }; /* connectors say how many their remotes take (at_once) */
	if (carry_check(&r->config->outbound, &e) < 0) {
		err_within(&e, "outbound");
		add_error(r->config, "mlc.lua", 0, e.text, NULL);
	}
}

static void check_certificate(struct reading *r)
{
	const char *cert = json_text_at(r->config->mlc, "public.tls.cert"), *key = json_text_at(r->config->mlc, "public.tls.key");
	char *cert_path, *key_path;
	struct err e = { 0 };

	if (!cert || !key)
		return;
	cert_path = file_within(r->dir, cert);
	key_path = file_within(r->dir, key);
	tls_conf_release(tls_conf_create(cert_path, key_path, &e));
	if (e.code) {
		err_within(&e, "public.tls");
		add_error(r->config, "mlc.lua", 0, e.text, NULL);
	}
	free(cert_path);
	free(key_path);
}

/* The operator's own registrations: each of a connector that is there. */
static void check_apps(struct reading *r)
{
	const char *name;
	json_t *app;

	json_object_foreach(json_object_get(r->config->mlc, "apps"), name, app) {
		const char *connector = json_text_or(app, "connector", "");
		char *say, *hint;

		if (config_plugin(r->config, connector))
			continue;
		say = xformat("app %s: there is no connector '%s' in plugins/", name, connector);
		hint = connector_meant(r->config, connector);
		add_error(r->config, "mlc.lua", 0, say, hint);
		free(say);
		free(hint);
	}
}

static void check_connections(struct reading *r, const char *tenant, const json_t *value)
{
	char *path = xformat("tenants/%s/tenant.lua", tenant);
	const char *name;
	json_t *settings;

	json_object_foreach(json_object_get(value, "connections"), name, settings) {
		const char *connector = json_text_or(settings, "connector", "");
		struct plugin *p = config_plugin(r->config, connector);
		json_t *errors = json_array(), *e;
		char where[128];
		size_t i;

		snprintf(where, sizeof where, "connections.%s", name);
		if (!p) {
			char *say = xformat("%s: there is no connector '%s' in plugins/", name, connector);
			char *hint = connector_meant(r->config, connector);

			add_error(r->config, path, line_of(r, tenant, where), say, hint);
			free(say);
			free(hint);
		} else {
			connection_check(plugin_connector(p), settings, config_app(r->config, settings), errors);
			check_app(r, settings, errors);
		}
		json_array_foreach(errors, i, e) {
			char at[192], *say = xformat("%s: %s", name, json_text_or(e, "text", ""));

			snprintf(at, sizeof at, "%s.%s", where, json_text_or(e, "path", ""));
			add_error(r->config, path, line_of(r, tenant, at) ? line_of(r, tenant, at) : line_of(r, tenant, where), say,
				json_text_at(e, "hint"));
			free(say);
		}
		json_decref(errors);
	}
	free(path);
}

static void read_zone(struct reading *r, const char *tenant, const json_t *value)
{
	struct config *c = r->config;
	const char *name = json_text_at(value, "zone");
	struct zone *zone = NULL;
	struct err e = { 0 };

	if (!name)
		return;
	if (zone_load(name, &zone, &e) < 0) {
		char *path = xformat("tenants/%s/tenant.lua", tenant);

		add_error(c, path, line_of(r, tenant, "zone"), e.text, "as in zone = \"America/New_York\"");
		free(path);
		return;
	}
	c->zones = xrealloc(c->zones, (c->zone_count + 1) * sizeof *c->zones);
	c->zones[c->zone_count++] = (struct config_zone) { xstrdup(tenant), zone };
}

/* Whom it concerns that a file in plugins/ was refused: "used", the first connection or app of that connector. */
static void mark_used(struct config *c)
{
	const char *tenant, *name;
	json_t *one, *value, *settings;
	size_t i;

	json_array_foreach(c->refused, i, one) {
		const char *connector = json_text_or(one, "connector", "");

		json_object_foreach(json_object_get(c->mlc, "apps"), name, settings)
			if (!strcmp(json_text_or(settings, "connector", ""), connector))
				json_object_set_new(one, "used", json_sprintf("%s/%s", APP_TENANT, name));
		json_object_foreach(c->tenants, tenant, value)
			json_object_foreach(json_object_get(value, "connections"), name, settings)
				if (!json_object_get(one, "used") && !strcmp(json_text_or(settings, "connector", ""), connector))
					json_object_set_new(one, "used", json_sprintf("%s/%s", tenant, name));
	}
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static void all_read(struct reading *r)
{
	const char *name;
	json_t *value;

	if (r->only_mlc) {
		reading_over(r);
		return;
	}
	read_outbound(r);
	check_certificate(r);
	mark_used(r->config);
	check_apps(r);
	json_object_foreach(r->config->tenants, name, value) {
		check_connections(r, name, value);
		read_zone(r, name, value);
	}
	load(r);
}

static void on_read(void *arg, const struct cage_reply *reply)
{
	struct file_reading *f = arg;
	struct reading *r = f->r;
	json_t *answer = NULL, *value;

	if (reply->outcome != CAGE_ANSWERED)
		add_error(r->config, f->path, 0, reply->why, NULL);
	else
		answer = json_read(reply->parts[0].bytes, reply->parts[0].len, NULL);
	json_array_extend(r->config->errors, json_object_get(answer, "errors"));
	value = json_object_get(answer, "value");
	if (f->tenant && json_is_object(value)) {
		json_object_set(r->config->tenants, f->tenant, value);
		json_object_set(r->lines, f->tenant, json_object_get(answer, "lines"));
	} else if (json_is_object(value)) {
		json_decref(r->config->mlc);
		r->config->mlc = json_incref(value);
	}
	json_decref(answer);
	free(f->tenant);
	free(f->path);
	free(f);
	if (--r->open == 0)
		all_read(r);
}

/* path: as people see it, relative to the deployment. */
static void read_file(struct reading *r, const char *kind, const char *path, const char *tenant)
{
	char *full = xformat("%s/%s", r->dir, path), *text;
	struct cage_part parts[3];
	struct err e = { 0 };
	size_t len;

	if (file_read(full, FILE_MAX, &text, &len, &e) < 0) {
		add_error(r->config, path, 0, e.text, tenant ? "each folder in tenants/ has a tenant.lua" :
			"mlc init DIR makes a deployment that starts");
	} else {
		struct file_reading *f = xcalloc(1, sizeof *f);

		f->r = r;
		f->tenant = tenant ? xstrdup(tenant) : NULL;
		f->path = xstrdup(path);
		parts[0] = (struct cage_part) { kind, strlen(kind) };
		parts[1] = (struct cage_part) { path, strlen(path) };
		parts[2] = (struct cage_part) { text, len };
		r->open++;
		pool_ask(r->in.pool, CAGE_READ, 0, parts, 3, on_read, f);
		free(text);
	}
	free(full);
}

struct mapping_dir { struct reading *r; const char *path; };

static int add_mapping(void *ctx, const char *name)
{
	struct mapping_dir *d = ctx;
	char *path = xformat("%s/%s", d->path, name), *full = xformat("%s/%s", d->r->dir, path), *text;
	struct err e = { 0 };
	size_t len;

	if (file_read(full, FILE_MAX, &text, &len, &e) < 0) {
		add_error(d->r->config, path, 0, e.text, NULL);
	} else {
		json_t *one = json_object();

		json_put_text(one, "path", path);
		json_object_set_new(one, "text", json_stringn(text, len));
		if (!json_object_get(one, "text"))
			add_error(d->r->config, path, 0, "it is not UTF-8", NULL);
		json_array_append_new(d->r->files, one);
		free(text);
	}
	free(full);
	free(path);
	return 0;
}

static void add_mappings(struct reading *r, const char *path)
{
	struct mapping_dir d = { r, path };
	char *full = xformat("%s/%s", r->dir, path);
	struct err e = { 0 };

	if (dir_each(full, ".lua", add_mapping, &d, &e) < 0)
		add_error(r->config, path, 0, e.text, NULL);
	free(full);
}

static int add_integration(void *ctx, const char *name)
{
	char *path = xformat("mappings/%s", name), *parts = xformat("%s/parts", path);

	add_mappings(ctx, path);
	add_mappings(ctx, parts);
	free(path);
	free(parts);
	return 0;
}

static bool name_is_good(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len && len <= 32 && !name[len];
}

static int add_tenant(void *ctx, const char *name)
{
	struct reading *r = ctx;
	char *path = xformat("tenants/%s", name), *file = xformat("%s/tenant.lua", path);
	char *mappings = xformat("%s/mappings", path), *csv = xformat("%s/%s/answers.csv", r->dir, path);
	struct err e = { 0 };
	json_t *answers;

	if (!strcmp(name, APP_TENANT)) {
		add_error(r->config, path, 0, "'app' is no name for a tenant: app/NAME means an app of mlc.lua", NULL);
	} else if (!name_is_good(name)) {
		add_error(r->config, path, 0, "a tenant's name is made of a-z, 0-9 and _, at most 32", NULL);
	} else {
		read_file(r, "tenant", file, name);
		add_mappings(r, mappings);
		answers = answers_read(csv, &e);
		if (answers)
			json_object_set_new(r->answers, name, answers);
		else
			add_error(r->config, csv + strlen(r->dir) + 1, 0, e.text, NULL);
	}
	free(path);
	free(file);
	free(mappings);
	free(csv);
	return 0;
}

static int add_wanted_tenant(void *ctx, const char *name)
{
	const struct reading *r = ctx;

	return r->in.tenant && strcmp(r->in.tenant, name) ? 0 : add_tenant(ctx, name);
}

static void take_plugin(void *arg, struct plugin *p)
{
	struct config *c = arg;

	c->plugins = xrealloc(c->plugins, (c->plugin_count + 1) * sizeof *c->plugins);
	c->plugins[c->plugin_count++] = (struct config_plugin) { xstrdup(plugin_connector(p)->name), plugin_ref(p) };
}

static struct reading *reading_begin(const struct config_reader *in, config_fn *fn, void *arg)
{
	struct reading *r = xcalloc(1, sizeof *r);

	r->in = *in;
	r->dir = xstrdup(in->dir);
	r->config = config_create(in);
	r->fn = fn;
	r->arg = arg;
	r->files = json_array();
	r->lines = json_object();
	r->answers = json_object();
	return r;
}

static void reading_begun(void *arg)
{
	struct reading *r = arg;

	if (--r->open == 0)
		all_read(r);
}

void config_read_mlc(const struct config_reader *in, config_fn *fn, void *arg)
{
	struct reading *r = reading_begin(in, fn, arg);

	r->only_mlc = true;
	r->open = 1;
	read_file(r, "mlc", "mlc.lua", NULL);
	loop_post(in->loop, reading_begun, r);
}

void config_read(const struct config_reader *in, config_fn *fn, void *arg)
{
	struct reading *r = reading_begin(in, fn, arg);
	char *tenants = xformat("%s/tenants", r->dir), *mappings = xformat("%s/mappings", r->dir);
	json_t *refused = NULL;
	struct err e = { 0 };

	r->open = 1;
	if (registry_scan(in->registry, &refused, &e) < 0)
		add_error(r->config, "plugins", 0, e.text, NULL);
	json_array_extend(r->config->refused, refused);
	json_decref(refused);
	registry_each(in->registry, take_plugin, r->config);
	read_file(r, "mlc", "mlc.lua", NULL);
	e = (struct err) { 0 };
	if (dir_each(mappings, "", add_integration, r, &e) < 0)
		add_error(r->config, "mappings", 0, e.text, NULL);
	e = (struct err) { 0 };
	if (dir_each(tenants, "", add_wanted_tenant, r, &e) < 0)
		add_error(r->config, "tenants", 0, e.text, NULL);
	free(tenants);
	free(mappings);
	loop_post(in->loop, reading_begun, r);
}

int config_has_tenant(const struct config *c, const char *tenant, struct err *e)
{
	if (tenant && !json_object_get(c->tenants, tenant))
		return err_set(e, ERR_ABSENT, "there is no tenant '%s'", tenant);
	return 0;
}

void config_places(const struct config *c, const char *dir, char **store, char **key)
{
	const char *file = json_text_at(c->mlc, "key_file");

	*store = file_within(dir, json_text_or(c->mlc, "store", "state"));
	*key = file ? file_within(dir, file) : xformat("%s/master.key", *store);
}
