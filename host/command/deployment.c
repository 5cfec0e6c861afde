/* deployment.c - a deployment read for a command that needs no running host. */
#include "command/deployment.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

static void on_config(void *arg, struct config *c)
{
	struct deployment *d = arg;

	d->config = c;
	loop_stop(d->loop);
}

static int open_parts(struct cli *cli, struct deployment *d)
{
	struct err e = { 0 };
	char *plugins = xformat("%s/plugins", cli->dir);

	*d = (struct deployment) { 0 };
	log_init(LOG_WARN, true, loop_clock_ms);
	if (crypto_init(&e) == 0)
		d->loop = loop_create(&e);
	if (d->loop)
		d->registry = registry_create(&(struct registry_conf) { .plugins_dir = plugins, .private_dir = "",
			.program = cli->program }, &e);
	if (d->registry)
		d->pool = pool_create(d->loop, &(struct pool_conf) { .program = cli->program, .workers = 1 }, &e);
	free(plugins);
	if (d->pool)
		return EXIT_WELL;
	deployment_close(d);
	return cli_wrong(cli, "system", "%s", e.text);
}

int deployment_open_mlc(struct cli *cli, struct deployment *d)
{
	int status = open_parts(cli, d);

	if (status)
		return status;
	config_read_mlc(&(struct config_reader) { .loop = d->loop, .pool = d->pool, .registry = d->registry,
		.dir = cli->dir, .generation = 1 }, on_config, d);
	loop_run(d->loop);
	return EXIT_WELL;
}

int deployment_open(struct cli *cli, const char *tenant, struct deployment *d)
{
	int status = open_parts(cli, d);

	if (status)
		return status;
	config_read(&(struct config_reader) { .loop = d->loop, .pool = d->pool, .registry = d->registry, .dir = cli->dir,
		.generation = 1, .tenant = tenant }, on_config, d);
	loop_run(d->loop);
	return EXIT_WELL;
}

void deployment_close(struct deployment *d)
{
	config_release(d->config);
	pool_destroy(d->pool);
	registry_destroy(d->registry);
	loop_destroy(d->loop);
}

struct waiting { struct deployment *d; json_t *answer; char *why; };

static void on_answer(void *arg, const struct cage_reply *r)
{
	struct waiting *w = arg;

	if (r->outcome == CAGE_ANSWERED && r->part_count)
		w->answer = json_read(r->parts[0].bytes, r->parts[0].len, NULL);
	else
		w->why = xstrdup(r->why ? r->why : "the worker gave no answer");
	loop_stop(w->d->loop);
}

json_t *deployment_ask(struct deployment *d, enum cage_word word, const struct cage_part *parts, size_t count, char **why)
{
	struct waiting w = { .d = d };

	pool_ask(d->pool, word, d->config->generation, parts, count, on_answer, &w);
	loop_run(d->loop);
	if (why)
		*why = w.why;
	else
		free(w.why);
	return w.answer;
}
