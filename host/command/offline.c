/* offline.c - commands that need no running host. */
#include "command/offline.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/when.h"
#include "command/deployment.h"
#include "command/keep.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef MLC_VERSION
#error "the build gives MLC_VERSION"
#endif

/* ---- init ---------------------------------------------------------------------------------------- */

static const char mlc_lua[] =
"-- mlc.lua: the host.  Everything here is read again at `mlc reload`, but for listeners, store and workers.\n"
"return {\n"
"  -- Where remotes reach us: webhooks and the Web Connector.  Plain http is for this machine and for a\n"
"  -- proxy in front (Caddy, nginx); else give a certificate.  url is what remotes are told to call.\n"
"  public = {\n"
"    address = \"127.0.0.1\",\n"
"    port    = 8443,\n"
"    -- url  = \"https://mlc.example.com\",\n"
"    -- tls  = { cert = \"tls/cert.pem\", key = \"tls/key.pem\" },\n"
"  },\n"
"  -- Who we may call.  Private addresses are refused unless they stand here.\n"
"  -- outbound = { allow_private = { \"192.168.1.0/24\" }, ca_file = \"tls/own-ca.pem\" },\n"
"  -- Your own registrations at vendors, for the connections that name one: app = \"intuit\"; mlc secret set app/intuit ...\n"
"  -- apps = { intuit = { connector = \"quickbooks_online\", client_id = \"ABx1...\" } },\n"
"  -- Run with three words when a person is needed: what, about what, and a sentence.\n"
"  -- alerts = { command = { \"/usr/local/bin/tell-me\" } },\n"
"  -- How long texts of records are kept; the trail itself stays.\n"
"  -- retention = { payload_days = 400, delivery_days = 400 },\n"
"}\n";

static const char tenant_lua[] =
"-- tenants/example/tenant.lua: one customer.  Take the dashes away and fill in; `mlc check` tells what is missing.\n"
"return tenant {\n"
"  title = \"Example\",\n"
"  connections = {\n"
"    -- books = { connector = \"quickbooks_desktop\", company = \"Example LLC\", every_minutes = 15 },\n"
"    -- shop  = { connector = \"woocommerce\", url = \"https://shop.example.com\" },\n"
"  },\n"
"  flows = {\n"
"    -- integration \"woocommerce-quickbooks_desktop\" { woocommerce = \"shop\", quickbooks_desktop = \"books\",\n"
"    --   start = \"2026-11-01\", mode = \"shadow\", params = { } },\n"
"  },\n"
"}\n";

static const char ignore[] = "# Everything but this is meant for git.\nstate/\nbackups/\ntls/\n";

static int put_file(const char *dir, const char *name, const char *text, struct err *e)
{
	char *path = xformat("%s/%s", dir, name);
	int code = file_exists(path) ? 0 : file_write(path, text, strlen(text), 0644, e);

	free(path);
	return code;
}

int command_init(struct cli *cli)
{
	static const char *const folders[] = { "", "/plugins", "/mappings", "/tenants", "/tenants/example", "/state", NULL };
	const char *dir = cli->argv[0];
	struct err e = { 0 };
	char *key = xformat("%s/state/master.key", dir), *mlc = xformat("%s/mlc.lua", dir);
	int status = EXIT_WELL;

	if (file_exists(mlc)) {
		status = cli_wrong(cli, "conflict", "%s is a deployment already", dir);
		goto out;
	}
	if (crypto_init(&e) < 0)
		goto wrong;
	for (const char *const *f = folders; *f; f++) {
		char *path = xformat("%s%s", dir, *f);
		int code = dir_make(path, &e);

		free(path);
		if (code < 0)
			goto wrong;
	}
	{
		char *state = xformat("%s/state", dir);

		if (chmod(state, 0700) < 0)
			err_set(&e, ERR_SYSTEM, "%s: %s", state, strerror(errno));
		free(state);
	}
	if (e.code || put_file(dir, "mlc.lua", mlc_lua, &e) < 0 || put_file(dir, "tenants/example/tenant.lua", tenant_lua, &e) < 0 ||
		put_file(dir, ".gitignore", ignore, &e) < 0)
		goto wrong;
	if (!file_exists(key) && master_key_make(key, &e) < 0)
		goto wrong;
	if (cli->json)
		printf("{}\n");
	else
		printf("%s is a deployment now.  Next: connectors into %s/plugins, mappings into %s/mappings, tenants/example/tenant.lua,\n"
			"then mlc check --dir %s.  Keep a copy of %s somewhere else: without it the secrets are lost.\n", dir, dir, dir,
			dir, key);
	goto out;
wrong:
	status = cli_wrong(cli, "system", "%s", e.text);
out:
	free(key);
	free(mlc);
	return status;
}

/* ---- check, test ----------------------------------------------------------------------------------- */

static json_t *check_report(const struct config *c)
{
	size_t failed = 0, i;
	json_t *t;

	json_array_foreach(c->tests, i, t)
		failed += !json_true_at(t, "ok");
	json_t *report = json_pack("{s:O,s:O,s:i,s:i,s:i,s:i}", "errors", c->errors, "refused", c->refused, "flows", (int)c->flow_count,
		"plugins", (int)c->plugin_count, "tests", (int)json_array_size(c->tests), "tests_failed", (int)failed);
	if (json_array_size(c->errors) || refused_in_use(c->refused))
		json_put_text(report, "cause", "input"); /* as mlc reload says of the same */
	return report;
}

static void say_config(const struct config *c)
{
	size_t i;
	json_t *one;

	json_array_foreach(c->errors, i, one)
		printf("%s\n", json_text_or(one, "said", ""));
	say_refused(c->refused, "");
}

int command_check(struct cli *cli)
{
	struct deployment d;
	int status = deployment_open(cli, NULL, &d);
	json_t *report, *missing, *one;
	struct err e = { 0 };
	size_t i;

	if (status)
		return status;
	status = json_array_size(d.config->errors) || refused_in_use(d.config->refused) ? EXIT_WRONG : EXIT_WELL;
	report = check_report(d.config);
	missing = json_array_size(d.config->errors) ? NULL : keep_missing(cli, &d, &e);
	json_object_set(report, "missing", missing ? missing : json_null());
	if (cli->json) {
		cli_print_json(report);
	} else {
		say_config(d.config);
		json_array_foreach(missing, i, one)
			printf("%s lacks %s (%s): %s\n", json_text_or(one, "connection", ""), json_text_or(one, "name", ""),
				json_text_or(one, "help", ""), json_text_or(one, "type", ""));
		if (e.code)
			printf("which secrets are missing could not be looked up: %s\n", e.text);
		printf("%zu connectors, %zu flows, %zu tests of mappings: %s\n", d.config->plugin_count, d.config->flow_count,
			json_array_size(d.config->tests), status ? "not well" : "well");
	}
	json_decref(missing);
	json_decref(report);
	deployment_close(&d);
	return status;
}

int command_test(struct cli *cli)
{
	struct deployment d;
	int status = deployment_open(cli, NULL, &d);
	size_t i, shown = 0, failed = 0;
	json_t *list, *t;

	if (status)
		return status;
	list = json_array();
	json_array_foreach(d.config->tests, i, t) {
		bool ok = json_true_at(t, "ok");

		if (cli->argc && strcmp(json_text_or(t, "mapping", ""), cli->argv[0]) &&
			!strstr(json_text_or(t, "file", ""), cli->argv[0]))
			continue;
		shown++;
		failed += !ok;
		json_array_append(list, t);
		if (!cli->json)
			printf("%-4s %s: %s%s%s\n", ok ? "ok" : "FAIL", json_text_or(t, "file", ""), json_text_or(t, "name", ""),
				ok ? "" : ": ", ok ? "" : json_text_or(t, "why", ""));
	}
	if (cli->argc && !shown && !json_array_size(d.config->errors)) {
		json_decref(list);
		deployment_close(&d);
		return cli_wrong(cli, "absent", "no mapping with tests is called '%s', nor its file", cli->argv[0]);
	}
	if (!cli->json && !json_array_size(d.config->tests))
		say_config(d.config);
	if (cli->json) {
		json_t *o = json_pack("{s:O,s:i,s:i,s:O}", "results", list, "passed", (int)(shown - failed), "failed", (int)failed,
			"errors", d.config->errors);

		cli_print_json(o);
		json_decref(o);
	} else {
		printf("%zu passed, %zu failed\n", shown - failed, failed);
	}
	json_decref(list);
	status = failed || (!shown && json_array_size(d.config->errors)) ? EXIT_WRONG : EXIT_WELL;
	deployment_close(&d);
	return status;
}

/* ---- connectors, schema -------------------------------------------------------------------------------- */

int command_connectors(struct cli *cli)
{
	struct deployment d;
	int status = deployment_open(cli, NULL, &d);
	json_t *o, *list;

	if (status)
		return status;
	if (!d.config->plugin_count && !json_array_size(d.config->refused)) {
		deployment_close(&d);
		return cli_wrong(cli, "absent", "there are no connectors in %s/plugins", cli->dir);
	}
	list = json_array();
	for (size_t i = 0; i < d.config->plugin_count; i++) {
		const struct mlc_connector *c = plugin_connector(d.config->plugins[i].plugin);

		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", c->name, "title", c->title, "version",
			c->version, "file", plugin_file(d.config->plugins[i].plugin), "sha256",
			plugin_sha256(d.config->plugins[i].plugin)));
		if (!cli->json)
			printf("%-20s %-8s %s\n", c->name, c->version, c->title);
	}
	o = json_pack("{s:o,s:O}", "connectors", list, "refused", d.config->refused);
	if (cli->json)
		cli_print_json(o);
	else
		say_refused(d.config->refused, "");
	status = json_array_size(d.config->refused) ? EXIT_WRONG : EXIT_WELL;
	json_decref(o);
	deployment_close(&d);
	return status;
}

static void say_entity(const char *name, const json_t *e)
{
	size_t i, n;
	json_t *f, *flag;

	printf("%s", name);
	json_array_foreach(json_object_get(e, "flags"), n, flag)
		printf(" %s", json_string_value(flag));
	printf("\n");
	json_array_foreach(json_object_get(e, "fields"), i, f) {
		printf("  %-32s %-8s", json_text_or(f, "name", ""), json_text_or(f, "type", ""));
		if (json_int_or(f, "limit", 0))
			printf(" %lld", (long long)json_int_or(f, "limit", 0));
		if (json_text_at(f, "of"))
			printf(" %s", json_text_at(f, "of"));
		json_array_foreach(json_object_get(f, "flags"), n, flag)
			printf(" %s", json_string_value(flag));
		printf("\n");
	}
}

/* What a connection may say in tenant.lua, and the secrets it has. */
static void say_settings(const json_t *schema)
{
	json_t *s, *flag;
	size_t i, n;

	printf("settings\n");
	json_array_foreach(json_object_get(schema, "settings"), i, s) {
		printf("  %-32s %-8s", json_text_or(s, "name", ""),
			json_true_at(s, "secret") ? "secret" : json_text_or(s, "type", ""));
		json_array_foreach(json_object_get(s, "flags"), n, flag)
			printf(" %s", json_string_value(flag));
		printf("  %s\n", json_text_or(s, "help", ""));
	}
}

int command_schema(struct cli *cli)
{
	const char *dot = strchr(cli->argv[0], '.');
	char name[64] = "";
	struct deployment d;
	struct plugin *p;
	json_t *schema, *entities;
	int status;

	snprintf(name, sizeof name, "%.*s", dot ? (int)(dot - cli->argv[0]) : (int)strlen(cli->argv[0]), cli->argv[0]);
	status = deployment_open(cli, NULL, &d);
	if (status)
		return status;
	p = config_plugin(d.config, name);
	if (!p) {
		deployment_close(&d);
		return cli_wrong(cli, "absent", "there is no connector '%s': mlc connectors lists them", name);
	}
	schema = connector_schema(plugin_connector(p));
	entities = json_object_get(schema, "entities");
	if (dot && !json_object_get(entities, dot + 1)) {
		status = cli_wrong(cli, "absent", "%s has no entity '%s': mlc schema %s lists them", name, dot + 1, name);
	} else if (cli->json) {
		cli_print_json(dot ? json_object_get(entities, dot + 1) : schema);
	} else {
		const char *entity;
		json_t *e;

		if (!dot)
			say_settings(schema);
		json_object_foreach(entities, entity, e)
			if (!dot || !strcmp(entity, dot + 1))
				say_entity(entity, e);
	}
	json_decref(schema);
	deployment_close(&d);
	return status;
}

/* ---- map ------------------------------------------------------------------------------------------------- */

/* The flow that runs the mapping: of the tenant asked for, else the first. */
static const char *flow_key(const struct config *c, const char *mapping, const char *tenant)
{
	const char *key;
	json_t *flow;

	json_object_foreach(json_object_get(c->load, "flows"), key, flow)
		if ((!strcmp(key, mapping) || !strcmp(json_text_or(flow, "mapping", ""), mapping)) &&
			(!tenant || (!strncmp(key, tenant, strlen(tenant)) && key[strlen(tenant)] == '/')))
			return key;
	return NULL;
}

static json_t *map_header(const struct config *c, const char *key, const json_t *record, const json_t *answers)
{
	const json_t *flow = json_object_get(json_object_get(c->load, "flows"), key);
	const json_t *id = json_object_get(record, "id");
	char now[WHEN_SIZE], today[WHEN_DAY_SIZE], rid[64] = "1";

	if (json_is_string(id))
		snprintf(rid, sizeof rid, "%s", json_string_value(id));
	else if (json_is_integer(id))
		snprintf(rid, sizeof rid, "%lld", (long long)json_integer_value(id));
	when_text(loop_clock_ms(), now);
	when_day(loop_clock_ms(), today);
	return json_pack("{s:i,s:s,s:s,s:s,s:{s:s,s:s,s:s,s:n,s:n,s:b},s:n,s:n,s:n,s:{s:{},s:{}},s:O,s:n,s:b}",
		"generation", (int)c->generation, "flow", key, "now", now, "today", today,
		"source", "connection", json_text_or(flow, "source.connection", ""), "entity", json_text_or(flow, "source.entity", ""),
		"id", rid, "version", "changed", "deleted", 0, "link", "start", "locked_until", "facts", "source", "target",
		"answers", answers, "choice", "origins", 1);
}

static void say_verdict(struct cli *cli, const json_t *v)
{
	const char *field;
	json_t *o, *w;
	size_t i;

	printf("%s%s%s%s%s\n", json_text_or(v, "verdict", ""), json_text_at(v, "cause") ? ": " : "", json_text_or(v, "cause", ""),
		json_text_at(v, "why") ? ": " : "", json_text_or(v, "why", ""));
	json_array_foreach(json_object_get(v, "asks"), i, o)
		printf("  asks %s (%s)\n", json_text_or(o, "key", ""), json_text_or(o, "kind", ""));
	json_array_foreach(json_object_get(v, "writes"), i, w) {
		char *text = json_dumps(json_object_get(w, "data"), JSON_INDENT(2) | JSON_PRESERVE_ORDER);

		printf("%s %s\n%s\n", json_text_or(w, "verb", ""), json_text_or(w, "entity", ""), text ? text : "");
		free(text);
	}
	if (!cli_switch(cli, "origin"))
		return;
	json_object_foreach(json_object_get(v, "origins"), field, o) {
		char *text = json_dumps(o, JSON_COMPACT);

		printf("%-28s %s\n", field, text ? text : "");
		free(text);
	}
}

static json_t *read_json(struct cli *cli, const char *path, int *status)
{
	struct err e = { 0 };
	json_t *value = NULL;
	char *text;
	size_t len;

	if (file_read(path, 16u << 20, &text, &len, &e) == 0) {
		value = json_read(text, len, &e);
		err_within(&e, "%s", path);
		free(text);
	}
	if (!value)
		*status = cli_wrong(cli, "input", "%s", e.text);
	return value;
}

int command_map(struct cli *cli)
{
	const char *file = cli_option(cli, "record"), *tenant = cli_option(cli, "tenant"), *key;
	json_t *record, *answers, *header, *verdict = NULL;
	struct cage_part parts[2];
	struct buf head, text;
	struct deployment d;
	int status = EXIT_WELL;
	char *why = NULL;

	if (!file)
		return cli_usage(cli, "--record FILE is wanted");
	record = read_json(cli, file, &status);
	if (!record)
		return status;
	answers = cli_option(cli, "answers") ? read_json(cli, cli_option(cli, "answers"), &status) : json_object();
	if (!answers || deployment_open(cli, NULL, &d)) {
		json_decref(record);
		json_decref(answers);
		return EXIT_WRONG;
	}
	key = flow_key(d.config, cli->argv[0], tenant);
	buf_init(&head, 32u << 20);
	buf_init(&text, 32u << 20);
	if (json_array_size(d.config->errors)) {
		say_config(d.config);
		status = EXIT_WRONG;
	} else if (!key) {
		status = cli_wrong(cli, "absent", "no flow%s%s runs the mapping '%s': mlc map --help tells how it is named",
			tenant ? " of " : "", tenant ? tenant : "", cli->argv[0]);
	} else {
		header = map_header(d.config, key, record, answers);
		json_write(&head, header);
		json_write(&text, record);
		parts[0] = (struct cage_part) { head.data, head.len };
		parts[1] = (struct cage_part) { text.data, text.len };
		verdict = deployment_ask(&d, CAGE_MAP, parts, 2, &why);
		json_decref(header);
		if (!verdict)
			status = cli_wrong(cli, "mapping", "%s", why);
		else if (cli->json)
			cli_print_json(verdict);
		else
			say_verdict(cli, verdict);
	}
	free(why);
	json_decref(verdict);
	json_decref(record);
	json_decref(answers);
	buf_finish(&head);
	buf_finish(&text);
	deployment_close(&d);
	return status;
}

/* ---- restore, version ----------------------------------------------------------------------------------------- */

/* Into the place that the host will look in, which mlc.lua says. */
int command_restore(struct cli *cli)
{
	struct deployment d;
	struct err e = { 0 };
	char *store, *key;
	int status = deployment_open_mlc(cli, &d);

	if (status)
		return status;
	config_places(d.config, cli->dir, &store, &key);
	if (json_array_size(d.config->errors))
		status = cli_wrong(cli, "input", "%s", json_text_or(json_array_get(d.config->errors, 0), "said", "mlc.lua is wrong"));
	else if (!file_exists(key) && !getenv("CREDENTIALS_DIRECTORY"))
		status = cli_wrong(cli, "absent", "there is no %s: put the master key there that the backup was made with", key);
	else if (store_restore(store, cli->argv[0], key, &e) < 0)
		status = cli_wrong(cli, "refused", "%s", e.text);
	else if (cli->json)
		printf("{}\n");
	else
		printf("restored; writes are held until what happened since was looked up: mlc run, then mlc status\n");
	free(store);
	free(key);
	deployment_close(&d);
	return status;
}

int command_version(struct cli *cli)
{
	if (cli->json)
		printf("{\"version\": \"%s\", \"sdk\": %d}\n", MLC_VERSION, MLC_SDK);
	else
		printf("mlc %s, connector sdk %d\n", MLC_VERSION, MLC_SDK);
	return EXIT_WELL;
}
