/* run.c - `mlc run`: the host, in the foreground. */
#include "command/run.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "command/api.h"
#include "flow/host.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
	struct cli *cli;
	struct loop *loop;
	struct host *host;
	struct api *api;
	int status;
};

static void stop(struct run *r, int status)
{
	r->status = status;
	loop_stop(r->loop);
}

static void on_api_closed(void *arg)
{
	struct run *r = arg;

	r->api = NULL;
	loop_stop(r->loop);
}

static void on_stopped(void *arg, int status)
{
	struct run *r = arg;

	r->status = status;
	if (r->api)
		api_close(r->api, on_api_closed, r);
	else
		loop_stop(r->loop);
}

/* Scripts find the real ports here: they may be 0 in mlc.lua. */
static int write_ports(const struct run *r, const json_t *ports, struct err *e)
{
	char *path = xformat("%s/state/ports.json", r->cli->dir);
	struct buf b;
	int code;

	buf_init(&b, 4096);
	json_write(&b, ports);
	buf_putc(&b, '\n');
	code = file_write(path, b.data, b.len, 0644, e);
	buf_finish(&b);
	free(path);
	return code;
}

static void on_started(void *arg, const json_t *answer, const struct err *wrong)
{
	struct run *r = arg;
	struct err e = { 0 };
	json_t *ports;
	const json_t *admin;
	size_t i;
	json_t *one;

	if (wrong) {
		json_t *errors = json_object_get(answer, "errors");

		json_array_foreach(errors, i, one)
			log_line(LOG_ERROR, "config", "%s", json_text_or(one, "said", ""));
		if (!json_array_size(errors))
			log_line(LOG_ERROR, "host", "%s", wrong->text);
		stop(r, EXIT_WRONG);
		return;
	}
	admin = json_object_get(host_settings(r->host), "admin");
	r->api = api_open(r->loop, r->host, r->cli->dir, &(struct api_conf) {
		admin ? json_text_or(admin, "address", "127.0.0.1") : NULL, (int)json_int_or(admin, "port", 0) }, &e);
	ports = json_deep_copy(answer);
	if (r->api) {
		json_put_int(ports, "admin", api_port(r->api));
		json_put_int(ports, "pid", getpid());
	}
	if (!r->api || write_ports(r, ports, &e) < 0) {
		log_line(LOG_ERROR, "host", "%s", e.text);
		stop(r, EXIT_WRONG);
	}
	json_decref(ports);
}

static void on_end(void *arg)
{
	struct run *r = arg;

	if (r->host)
		host_stop(r->host);
}

static void on_told(void *arg, const json_t *answer, const struct err *e)
{
	(void)arg;
	(void)answer;
	(void)e; /* reload logs what it found */
}

static void on_hup(void *arg)
{
	struct run *r = arg;

	host_reload(r->host, "SIGHUP", on_told, r);
}

int command_run(struct cli *cli)
{
	struct run r = { .cli = cli };
	struct err e = { 0 };
	struct host_conf conf = {
		.dir = cli->dir, .program = cli->program, .until_idle = cli_switch(cli, "until-idle"),
		.test_clock = cli_switch(cli, "test-clock"), .record_dir = cli_option(cli, "record"),
		.stopped = on_stopped, .arg = &r,
	};

	log_init(cli_switch(cli, "debug") ? LOG_DEBUG : LOG_INFO, cli_switch(cli, "pretty"), loop_clock_ms);
	if (crypto_init(&e) < 0 || !(r.loop = loop_create(&e)))
		return cli_wrong(cli, "system", "%s", e.text);
	loop_on_signal(r.loop, SIGTERM, on_end, &r);
	loop_on_signal(r.loop, SIGINT, on_end, &r);
	loop_on_signal(r.loop, SIGHUP, on_hup, &r);
	r.host = host_start(r.loop, &conf, on_started, &r);
	loop_run(r.loop);
	host_destroy(r.host);
	loop_destroy(r.loop);
	return r.status;
}
