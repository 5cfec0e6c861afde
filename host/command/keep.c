/* keep.c - a secret straight into the store of a deployment whose host does not run. */
#include "command/keep.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "command/deployment.h"
#include "plug/connection.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

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
	struct putting p = { d->loop, e };
	char *path, *key_path;
	struct store *s;

	deployment_places(cli, d, &path, &key_path);
	s = store_open(d->loop, &(struct store_conf) { .dir = path, .key_file = key_path }, e);
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
	free(path);
	free(key_path);
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
