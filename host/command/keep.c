/* keep.c - the vault, whether a host runs or not: what is missing in it, and a secret straight into the store. */
#include "command/keep.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "command/client.h"
#include "command/deployment.h"
#include "plug/connection.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* NULL and *e: it cannot be opened.  is_new: nothing has been kept yet; NULL is no error then. */
static struct store *open_store(const struct cli *cli, const struct deployment *d, bool *is_new, struct err *e)
{
	char *path, *key_path, *file;
	struct store *s = NULL;

	config_places(d->config, cli->dir, &path, &key_path);
	file = xformat("%s/mlc.db", path);
	if (is_new)
		*is_new = !file_exists(file);
	if (!is_new || !*is_new)
		s = store_open(d->loop, &(struct store_conf) { .dir = path, .key_file = key_path }, e);
	free(file);
	free(path);
	free(key_path);
	return s;
}

/* ---- what is missing ------------------------------------------------------------------------------- */

struct naming { struct loop *loop; json_t *names; struct err *e; };

static void on_names(void *arg, const json_t *rows, const struct err *e)
{
	struct naming *n = arg;

	if (e)
		*n->e = *e;
	else
		n->names = json_deep_copy(rows);
	loop_stop(n->loop);
}

/* Of the running host, else out of the store; a deployment without one has none.  NULL and *e: not to be had. */
static json_t *names_kept(const struct cli *cli, const struct deployment *d, struct err *e)
{
	json_t *more = NULL, *answer = client_ask(cli->dir, "secrets", json_object(), &more, e), *names;
	struct naming n = { d->loop, NULL, e };
	bool is_away = !answer && e->code == ERR_ABSENT && !more, is_new;
	struct store *s;

	names = answer ? json_incref(json_object_get(answer, "secrets")) : NULL; /* answer goes */
	json_decref(answer);
	json_decref(more);
	if (!is_away)
		return names;
	*e = (struct err) { 0 };
	s = open_store(cli, d, &is_new, e);
	if (is_new) {
		n.names = json_array();
	} else if (s) {
		store_secret_names(s, NULL, on_names, &n);
		loop_run(d->loop);
		store_close(s);
	}
	return n.names;
}

static bool is_kept(const json_t *names, const char *tenant, const char *connection, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)names, i, row)
		if (!strcmp(json_text_or(row, "tenant", ""), tenant) && !strcmp(json_text_or(row, "connection", ""), connection) &&
			!strcmp(json_text_or(row, "name", ""), name))
			return true;
	return false;
}

static void add_missing(json_t *list, const json_t *names, const char *tenant, const char *connection, const char *app,
	const json_t *want)
{
	const char *name = json_text_or(want, "name", ""), *whose = app && json_true_at(want, "app") ? app : NULL;
	json_t *one;
	char *path, *type;

	if (json_true_at(want, "secret") && (is_kept(names, tenant, connection, name) ||
		(whose && is_kept(names, APP_TENANT, whose, name))))
		return;
	path = whose ? xformat("%s/%s", APP_TENANT, whose) : xformat("%s/%s", tenant, connection);
	type = json_true_at(want, "secret") ? xformat("mlc secret set %s %s", path, name)
		: whose ? xformat("%s = \"...\" in mlc.lua, apps.%s", name, whose)
		: xformat("%s = \"...\" in tenants/%s/tenant.lua, connections.%s", name, tenant, connection);
	one = json_pack("{s:s,s:s,s:s,s:s?}", "connection", path, "name", name, "type", type, "help", json_text_at(want, "help"));
	for (size_t i = 0; i < json_array_size(list); i++) /* several connections of one app */
		if (json_equal(json_array_get(list, i), one)) {
			json_decref(one);
			one = NULL;
			break;
		}
	if (one)
		json_array_append_new(list, one);
	free(path);
	free(type);
}

json_t *keep_missing(struct cli *cli, const struct deployment *d, struct err *e)
{
	json_t *names = names_kept(cli, d, e), *list, *settings, *t, *wants, *want;
	const char *tenant, *name;
	size_t i;

	if (!names)
		return NULL;
	list = json_array();
	json_object_foreach(d->config->tenants, tenant, t)
		json_object_foreach(json_object_get(t, "connections"), name, settings) {
			struct plugin *p = config_plugin(d->config, json_text_or(settings, "connector", ""));

			if (!p)
				continue;
			wants = json_array();
			connection_wants(plugin_connector(p), settings, config_app(d->config, settings), wants);
			json_array_foreach(wants, i, want)
				add_missing(list, names, tenant, name, json_text_at(settings, "app"), want);
			json_decref(wants);
		}
	json_decref(names);
	return list;
}

/* ---- a secret ---------------------------------------------------------------------------------------- */

struct putting { struct loop *loop; struct err *e; };

static void on_put(void *arg, const struct txn_result *r)
{
	struct putting *p = arg;

	if (r->code < 0)
		err_set(p->e, r->code, "%s", r->text);
	loop_stop(p->loop);
}

static int check_name(const struct deployment *d, const char *tenant, const char *connection, const char *name, struct err *e)
{
	const json_t *settings = !strcmp(tenant, APP_TENANT)
		? json_object_get(json_object_get(d->config->mlc, "apps"), connection)
		: config_connection(d->config, tenant, connection);
	struct plugin *p = settings ? config_plugin(d->config, json_text_or(settings, "connector", "")) : NULL;
	char known[512] = "";

	if (!settings)
		return !strcmp(tenant, APP_TENANT) ? err_set(e, ERR_ABSENT, "there is no app %s in mlc.lua", connection)
			: err_set(e, ERR_ABSENT, "there is no connection %s/%s in tenants/%s/tenant.lua", tenant, connection, tenant);
	if (!p)
		return err_set(e, ERR_ABSENT, "its connector %s is not in plugins/", json_text_or(settings, "connector", "?"));
	for (const struct mlc_setting *s = plugin_connector(p)->settings; s && s->name; s++) {
		if (!s->secret)
			continue;
		if (!strcmp(s->name, name))
			return 0;
		if (strlen(known) + strlen(s->name) + 3 < sizeof known) {
			if (*known)
				strcat(known, ", ");
			strcat(known, s->name);
		}
	}
	return err_set(e, ERR_ABSENT, "%s has no secret '%s': it knows %s", plugin_connector(p)->name, name, known);
}

static int put(struct cli *cli, struct deployment *d, const char *tenant, const char *connection, const char *name,
	const char *text, struct err *e)
{
	struct store *s = open_store(cli, d, NULL, e);
	struct putting p = { d->loop, e };

	if (s) {
		struct secret *sealed = secret_create(text, strlen(text));
		struct txn *t = txn_begin(s);
		json_t *detail = json_pack("{s:s,s:s}", "connection", connection, "name", name);
		char *said = json_dumps(detail, JSON_COMPACT);

		txn_secret(t, tenant, connection, name, sealed);
		txn_audit(t, &(struct audit_row) { .tenant = tenant, .move = "secret", .who = "cli", .connection = connection,
			.detail = said });
		secret_destroy(sealed);
		txn_commit(t, on_put, &p);
		loop_run(d->loop);
		store_close(s);
		json_decref(detail);
		free(said);
	}
	return e->code;
}

int keep_secret(struct cli *cli, const char *path, const char *name, const char *secret, struct err *e)
{
	const char *slash = strchr(path, '/');
	char tenant[64] = "";
	struct deployment d;

	if (!slash || (size_t)(slash - path) >= sizeof tenant)
		return err_set(e, ERR_INPUT, "'%s' is no TENANT/CONNECTION", path);
	memcpy(tenant, path, (size_t)(slash - path));
	if (deployment_open(cli, tenant, &d))
		return err_set(e, ERR_SYSTEM, "the deployment could not be read");
	if (check_name(&d, tenant, slash + 1, name, e) == 0)
		put(cli, &d, tenant, slash + 1, name, secret, e);
	deployment_close(&d);
	return e->code;
}
