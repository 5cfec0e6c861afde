/* secrets.c - what a connection and its app have in the vault: read when it is needed, and again when it was changed. */
#include "plug/inner.h"

#include "base/json.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define SECRETS_FRESH_MS 5000 /* so soon a `mlc secret set` counts, whoever has written it */
#define SECRETS_MAX      256  /* of one connection */

struct reading { /* the secrets of one connection and its app, on their way from the store */
	struct connection *connection;
	struct reading_row { struct reading *reading; const char *tenant, *of; char *name;
		struct secret *now, *before; } *rows;
	size_t row_count, waiting;
	bool apps; /* its own names are known, its app's are read */
	struct { loop_fn *fn; void *arg; } *waits;
	size_t wait_count;
	bool again; /* others were committed meanwhile */
};

static void read_secrets(struct connection *);

static void reading_over(struct reading *g)
{
	struct connection *c = g->connection;
	struct vault *v = vault_create();

	for (size_t i = 0; i < g->row_count; i++) {
		vault_put(v, g->rows[i].name, g->rows[i].now, g->rows[i].before);
		free(g->rows[i].name);
	}
	free(g->rows);
	g->rows = NULL;
	g->row_count = 0;
	vault_unref(c->vault);
	c->vault = v;
	c->vault_ms = now_ms(c);
	if (g->again) {
		g->again = false;
		read_secrets(c);
		return;
	}
	c->reading = NULL;
	for (size_t i = 0; i < g->wait_count; i++)
		g->waits[i].fn(g->waits[i].arg);
	free(g->waits);
	free(g);
}

static void reading_freed(struct reading *g)
{
	for (size_t i = 0; i < g->row_count; i++) {
		secret_destroy(g->rows[i].now);
		secret_destroy(g->rows[i].before);
		free(g->rows[i].name);
	}
	free(g->rows);
	free(g->waits);
	free(g);
}

static void on_secret(struct reading_row *row, struct secret **at, struct secret *secret,
	const struct err *e)
{
	struct reading *g = row->reading;
	struct connections *all = g->connection->all;
	bool last = --g->waiting == 0, dead = all->dead;

	*at = secret;
	if (e && e->code != ERR_ABSENT)
		log_line(LOG_ERROR, g->connection->path, "secret %s: %s", row->name, e->text);
	if (dead && last)
		reading_freed(g);
	if (pending_end(all) && last)
		reading_over(g);
}

static void on_now(void *arg, struct secret *secret, const struct err *e)
{
	struct reading_row *row = arg;

	on_secret(row, &row->now, secret, e);
}

static void on_before(void *arg, struct secret *secret, const struct err *e)
{
	struct reading_row *row = arg;

	on_secret(row, &row->before, secret, e);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

static bool has_row(const struct reading *g, const char *name)
{
	for (size_t i = 0; i < g->row_count; i++)
		if (!strcmp(g->rows[i].name, name))
			return true;
	return false;
}

/* Its own come first: what it has itself, its app's does not replace. */
static void add_names(struct reading *g, const json_t *rows, const char *tenant, const char *of)
{
	for (size_t i = 0; i < json_array_size(rows) && g->row_count < SECRETS_MAX; i++) {
		const json_t *row = json_array_get(rows, i);
		const char *name = json_text_or(row, "name", "");

		if (!strcmp(json_text_or(row, "connection", ""), of) && !ends_with(name, ".before") &&
			!has_row(g, name))
			g->rows[g->row_count++] = (struct reading_row){ g, tenant, of, xstrdup(name), NULL, NULL };
	}
}

static void on_secret_names(void *arg, const json_t *rows, const struct err *e)
{
	struct reading *g = arg;
	struct connection *c = g->connection;
	struct connections *all = c->all;
	const char *app = json_text_at(c->settings, "app");

	if (all->dead) {
		reading_freed(g);
		pending_end(all);
		return;
	}
	pending_end(all);
	if (e)
		log_line(LOG_ERROR, c->path, "secrets cannot be read: %s", e->text);
	if (!g->rows)
		g->rows = xcalloc(SECRETS_MAX, sizeof *g->rows);
	if (g->apps)
		add_names(g, rows, APP_TENANT, app);
	else
		add_names(g, rows, c->tenant, c->name);
	if (!g->apps && app && c->app) {
		g->apps = true;
		pending_begin(all);
		store_secret_names(all->conf.store, APP_TENANT, on_secret_names, g);
		return;
	}
	g->apps = false;
	g->waiting = 2 * g->row_count;
	if (g->waiting == 0) {
		reading_over(g);
		return;
	}
	for (size_t i = 0, n = g->row_count; i < n; i++) {
		char *before = xformat("%s.before", g->rows[i].name);

		pending_begin(all);
		pending_begin(all);
		store_secret(all->conf.store, g->rows[i].tenant, g->rows[i].of, g->rows[i].name, on_now,
			&g->rows[i]);
		store_secret(all->conf.store, g->rows[i].tenant, g->rows[i].of, before, on_before,
			&g->rows[i]);
		free(before);
	}
}

static void read_secrets(struct connection *c)
{
	pending_begin(c->all);
	store_secret_names(c->all->conf.store, c->tenant, on_secret_names, c->reading);
}

void secrets_need(struct connection *c, loop_fn *fn, void *arg)
{
	struct reading *g = c->reading;

	if (!g && c->vault && now_ms(c) - c->vault_ms < SECRETS_FRESH_MS) {
		fn(arg);
		return;
	}
	if (!g) {
		g = c->reading = xcalloc(1, sizeof *g);
		g->connection = c;
		read_secrets(c);
	}
	g->waits = xrealloc(g->waits, (g->wait_count + 1) * sizeof *g->waits);
	g->waits[g->wait_count].fn = fn;
	g->waits[g->wait_count++].arg = arg;
}

void secrets_learned(struct connection *c)
{
	if (c->reading)
		c->reading->again = true;
	else
		c->vault_ms = INT64_MIN / 2;
}
