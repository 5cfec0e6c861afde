/* api.c - the admin listener: one row a command, each a call of host.h. */
#include "command/api.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/server.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX   (256u << 20)
#define TOKEN_DIGITS 64

struct api {
	struct loop *loop;
	struct host *host;
	struct server *server;
	char token[TOKEN_DIGITS + 1]; /* who comes over TCP must know it; it stands in state/admin.token */
	int port;
	loop_fn *closed;
	void *arg;
};

/* ---- answers ------------------------------------------------------------------------------------ */

static const struct { int code, status; } statuses[] = {
	{ ERR_INPUT, 400 }, { ERR_ABSENT, 404 }, { ERR_LIMIT, 413 }, { ERR_REFUSED, 403 }, { ERR_LOCKED, 409 },
	{ ERR_CONFLICT, 409 }, { ERR_DAMAGED, 500 }, { ERR_SYSTEM, 500 },
};

static void answer_error(struct inbound *in, const struct err *e, const json_t *more)
{
	json_t *o = json_is_object(more) ? json_deep_copy(more) : json_object();
	struct buf b;
	size_t i;

	for (i = 0; i + 1 < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].code == e->code)
			break;
	json_put_text(o, "error", e->text);
	json_put_text(o, "cause", err_word(e->code));
	buf_init(&b, ANSWER_MAX);
	json_write(&b, o);
	inbound_answer(in, statuses[i].status, "application/json", b.data, b.len, NULL);
	buf_finish(&b);
	json_decref(o);
}

static void on_answer(void *arg, const json_t *answer, const struct err *e)
{
	struct inbound *in = arg;
	struct buf b;

	if (e) {
		answer_error(in, e, answer);
		return;
	}
	buf_init(&b, ANSWER_MAX);
	if (answer)
		json_write(&b, answer);
	else
		buf_puts(&b, "{}");
	inbound_answer(in, b.full ? 500 : 200, "application/json", b.data, b.len, NULL);
	buf_finish(&b);
}

/* ---- the commands ---------------------------------------------------------------------------------- */

struct ask { /* a request, as its row sees it */
	struct host *h;
	const json_t *args;
	const char *who;
	struct inbound *in;
};

static const char *text(const struct ask *a, const char *name)
{
	return json_text_at(a->args, name);
}

static const char *target(const struct ask *a)
{
	return json_text_or(a->args, "target", "");
}

static bool flag(const struct ask *a, const char *name)
{
	return json_true_at(a->args, name);
}

static void do_status(const struct ask *a)
{
	host_status(a->h, text(a, "tenant"), on_answer, a->in);
}

static void do_list(const struct ask *a)
{
	host_list(a->h, json_text_or(a->args, "what", "all"), json_object_get(a->args, "filter"), on_answer, a->in);
}

static void do_go(const struct ask *a)
{
	host_go(a->h, target(a), a->who, on_answer, a->in);
}

static void do_pause(const struct ask *a)
{
	host_pause(a->h, target(a), true, a->who, on_answer, a->in);
}

static void do_resume(const struct ask *a)
{
	host_pause(a->h, target(a), false, a->who, on_answer, a->in);
}

static void do_sync(const struct ask *a)
{
	host_sync(a->h, target(a), text(a, "since"), flag(a, "wait"), a->who, on_answer, a->in);
}

static void do_release(const struct ask *a)
{
	host_release(a->h, json_object_get(a->args, "filter"), a->who, on_answer, a->in);
}

static void do_decide(const struct ask *a)
{
	host_decide(a->h, json_object_get(a->args, "filter"), json_object_get(a->args, "choice"), flag(a, "remember"), a->who,
		on_answer, a->in);
}

static void do_replay(const struct ask *a)
{
	host_replay(a->h, json_object_get(a->args, "filter"), flag(a, "dry"), a->who, on_answer, a->in);
}

static void do_plan(const struct ask *a)
{
	host_plan(a->h, text(a, "tenant"), json_int_or(a->args, "days", 30), on_answer, a->in);
}

static void do_story(const struct ask *a)
{
	host_story(a->h, json_text_or(a->args, "connection", ""), json_text_or(a->args, "entity", ""),
		json_text_or(a->args, "id", ""), on_answer, a->in);
}

static void do_links(const struct ask *a)
{
	host_links(a->h, json_object_get(a->args, "filter"), on_answer, a->in);
}

static void do_link(const struct ask *a)
{
	host_link(a->h, json_object_get(a->args, "link"), a->who, on_answer, a->in);
}

static void do_unlink(const struct ask *a)
{
	host_unlink(a->h, json_object_get(a->args, "link"), a->who, on_answer, a->in);
}

static void do_ping(const struct ask *a)
{
	host_ping(a->h, text(a, "target"), on_answer, a->in);
}

static void do_authorize(const struct ask *a)
{
	host_authorize(a->h, json_text_or(a->args, "connection", ""), flag(a, "wait"), on_answer, a->in);
}

static void do_qwc(const struct ask *a)
{
	host_qwc(a->h, json_text_or(a->args, "connection", ""), on_answer, a->in);
}

static void do_visits(const struct ask *a)
{
	host_visits(a->h, json_text_or(a->args, "connection", ""), json_object_get(a->args, "filter"), on_answer, a->in);
}

static void do_explain(const struct ask *a)
{
	host_explain(a->h, json_text_or(a->args, "code", ""), on_answer, a->in);
}

static void do_reconcile(const struct ask *a)
{
	host_reconcile(a->h, target(a), json_text_or(a->args, "month", ""), a->who, on_answer, a->in);
}

static void do_audit(const struct ask *a)
{
	host_audit_list(a->h, json_object_get(a->args, "filter"), on_answer, a->in);
}

static void do_verify(const struct ask *a)
{
	host_audit_verify(a->h, on_answer, a->in);
}

static void do_backup(const struct ask *a)
{
	host_backup(a->h, json_text_or(a->args, "file", ""), a->who, on_answer, a->in);
}

static void do_erase(const struct ask *a)
{
	host_erase(a->h, json_text_or(a->args, "connection", ""), json_text_or(a->args, "entity", ""),
		json_text_or(a->args, "id", ""), a->who, on_answer, a->in);
}

static void do_rotate(const struct ask *a)
{
	host_key_rotate(a->h, json_text_or(a->args, "file", ""), a->who, on_answer, a->in);
}

static void do_reload(const struct ask *a)
{
	host_reload(a->h, a->who, on_answer, a->in);
}

static void do_secret(const struct ask *a)
{
	host_secret_set(a->h, json_text_or(a->args, "connection", ""), json_text_or(a->args, "name", ""),
		json_text_or(a->args, "secret", ""), a->who, on_answer, a->in);
}

static void do_secrets(const struct ask *a)
{
	host_secrets(a->h, on_answer, a->in);
}

static void do_metrics(const struct ask *a)
{
	host_metrics(a->h, on_answer, a->in);
}

static void do_advance(const struct ask *a)
{
	host_advance(a->h, json_int_or(a->args, "ms", 0), on_answer, a->in);
}

static const struct { const char *name; void (*fn)(const struct ask *); } rows[] = {
	{ "status", do_status }, { "list", do_list }, { "go", do_go }, { "pause", do_pause }, { "resume", do_resume },
	{ "sync", do_sync }, { "release", do_release }, { "decide", do_decide }, { "replay", do_replay },
	{ "plan", do_plan }, { "story", do_story }, { "links", do_links }, { "link", do_link }, { "unlink", do_unlink }, { "ping", do_ping },
	{ "authorize", do_authorize }, { "qwc", do_qwc }, { "visits", do_visits }, { "explain", do_explain }, { "reconcile", do_reconcile }, { "audit", do_audit },
	{ "audit-verify", do_verify }, { "backup", do_backup }, { "erase", do_erase }, { "key-rotate", do_rotate },
	{ "reload", do_reload }, { "secret-set", do_secret }, { "secrets", do_secrets }, { "metrics", do_metrics }, { "advance", do_advance },
};

/* ---- metrics, as Prometheus reads them --------------------------------------------------------------- */

static void put_flow(struct buf *b, const json_t *flow)
{
	static const char *const states[] = { "ready", "waits", "sending", "would", "held", "review", "done", "skipped" };

	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		buf_printf(b, "mlc_deliveries{tenant=\"%s\",flow=\"%s\",state=\"%s\"} %lld\n", json_text_or(flow, "tenant", ""),
			json_text_or(flow, "flow", ""), states[i], (long long)json_int_or(flow, states[i], 0));
}

static void on_metrics(void *arg, const json_t *answer, const struct err *e)
{
	static const struct { const char *member, *name, *type; } gauges[] = {
		{ "commits", "mlc_store_commits_total", "counter" }, { "queued", "mlc_store_queued", "gauge" },
		{ "requests", "mlc_requests_total", "counter" }, { "refused", "mlc_requests_refused_total", "counter" },
		{ "timed_out", "mlc_requests_timed_out_total", "counter" }, { "sockets", "mlc_sockets", "gauge" },
		{ "at_work", "mlc_deliveries_at_work", "gauge" }, { "uptime_ms", "mlc_uptime_milliseconds", "gauge" },
	};
	struct inbound *in = arg;
	struct buf b;
	json_t *flow;
	size_t i;

	if (e) {
		answer_error(in, e, NULL);
		return;
	}
	buf_init(&b, ANSWER_MAX);
	for (i = 0; i < sizeof gauges / sizeof *gauges; i++)
		buf_printf(&b, "# TYPE %s %s\n%s %lld\n", gauges[i].name, gauges[i].type, gauges[i].name,
			(long long)json_int_or(answer, gauges[i].member, 0));
	buf_puts(&b, "# TYPE mlc_deliveries gauge\n");
	json_array_foreach(json_object_get(answer, "flows"), i, flow)
		put_flow(&b, flow);
	inbound_answer(in, 200, "text/plain; version=0.0.4", b.data, b.len, NULL);
	buf_finish(&b);
}

/* ---- the listener -------------------------------------------------------------------------------------- */

/* Whoever may open the socket may do everything; over TCP one has to show that one may read state/. */
static bool may(const struct api *api, const struct inbound *in)
{
	static const char bearer[] = "Bearer ";
	const char *given = inbound_header(in, "authorization");

	if (!strcmp(inbound_peer(in), "unix"))
		return true;
	return given && !strncmp(given, bearer, sizeof bearer - 1) &&
		same_bytes(given + sizeof bearer - 1, strlen(given) - (sizeof bearer - 1), api->token, TOKEN_DIGITS);
}

static void on_request(void *ctx, struct inbound *in)
{
	struct api *api = ctx;
	static const char prefix[] = "/api/v1/";
	const char *path = inbound_path(in), *body;
	struct ask a = { .h = api->host, .in = in };
	struct err e = { 0 };
	json_t *args;
	size_t len;

	if (!may(api, in)) {
		inbound_answer_error(in, 401, "the token in state/admin.token is wanted: Authorization: Bearer ...");
		return;
	}
	if (!strcmp(path, "/metrics") && !strcmp(inbound_method(in), "GET")) {
		host_metrics(api->host, on_metrics, in);
		return;
	}
	if (strncmp(path, prefix, sizeof prefix - 1)) {
		inbound_answer_error(in, 404, "the commands are under /api/v1/");
		return;
	}
	/* A page of another site must not speak for the person whose browser it is in. */
	if (strcmp(inbound_method(in), "POST") || inbound_header(in, "origin")) {
		inbound_answer_error(in, 405, "commands come by POST, and from no page of another site");
		return;
	}
	body = inbound_body(in, &len);
	args = len ? json_read(body, len, &e) : json_object();
	if (!json_is_object(args)) {
		err_set(&e, ERR_INPUT, "the body must be a JSON object of arguments");
		answer_error(in, &e, NULL);
		json_decref(args);
		return;
	}
	a.args = args;
	a.who = json_text_or(args, "who", "admin");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].name, path + sizeof prefix - 1)) {
			rows[i].fn(&a);
			json_decref(args);
			return;
		}
	json_decref(args);
	inbound_answer_error(in, 404, "there is no such command");
}

static const struct server_events events = { on_request, NULL };

static int listen_tcp(struct api *api, const char *dir, const struct api_conf *conf, struct err *e)
{
	char *path = xformat("%s/state/admin.token", dir);
	int code;

	random_hex(api->token, TOKEN_DIGITS);
	code = file_write(path, api->token, TOKEN_DIGITS, 0600, e);
	if (code == 0)
		code = server_listen_tcp(api->server, conf->address, conf->port, NULL, NULL, &api->port, e);
	free(path);
	return code;
}

struct api *api_open(struct loop *loop, struct host *host, const char *dir, const struct api_conf *conf, struct err *e)
{
	struct api *api = xcalloc(1, sizeof *api);
	struct server_limits limits = { .body_max = 16u << 20, .answer_ms = 3600000 }; /* sync --wait may take long */
	char *path = xformat("%s/state/admin.sock", dir);

	api->loop = loop;
	api->host = host;
	api->server = server_create(loop, &limits, &events, api);
	if (server_listen_unix(api->server, path, e) < 0 || (conf->address && listen_tcp(api, dir, conf, e) < 0)) {
		server_close(api->server, 0, free, api);
		api = NULL;
	}
	free(path);
	return api;
}

static void on_closed(void *arg)
{
	struct api *api = arg;
	loop_fn *closed = api->closed;
	void *closed_arg = api->arg;

	free(api);
	closed(closed_arg);
}

void api_close(struct api *api, loop_fn *closed, void *arg)
{
	api->closed = closed;
	api->arg = arg;
	server_close(api->server, 1000, on_closed, api);
}

int api_port(const struct api *api)
{
	return api->port;
}
