/* house.c - a loop, a store, connections and two servers in one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "house.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- hooks ------------------------------------------------------------------------------- */

static json_t *note(struct house *h, const char *hook, const struct connection *c)
{
	json_t *o = json_object();

	json_put_text(o, "path", connection_path(c));
	json_put_text(o, "hook", hook);
	json_put_text(o, "connection", connection_name(c));
	json_array_append_new(h->said, o);
	return o;
}

static json_t *records_json(const struct call_record *records, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *o = json_object();

		json_put_text(o, "id", records[i].id);
		json_put_text(o, "version", records[i].version);
		json_put_text(o, "text", records[i].text);
		json_object_set_new(o, "deleted", json_boolean(records[i].deleted));
		json_put_text(o, "merged_into", records[i].merged_into);
		json_array_append_new(list, o);
	}
	return list;
}

static void on_emit(void *ctx, struct txn *t, const struct connection *c, const char *origin,
	const struct call_record *records, size_t count)
{
	json_t *o = note(ctx, "emit", c);

	json_put_text(o, "origin", origin);
	json_object_set_new(o, "records", records_json(records, count));
	for (size_t i = 0; i < count; i++)
		txn_accept(t, &(struct arrival){ .tenant = connection_tenant(c),
			.connection = connection_name(c),
			.entity = records[i].entity, .id = records[i].id,
			.version = records[i].version, .deleted = records[i].deleted,
			.hint = records[i].hint, .text = records[i].text,
			.text_len = records[i].text_len, .origin = origin });
}

static void on_emitted(void *ctx, const struct connection *c, const struct txn_result *r)
{
	json_put_int(note(ctx, "emitted", c), "code", r->code);
}

static void on_mark(void *ctx, struct txn *t, const struct connection *c, const int64_t *ids,
	size_t count, const char *mark)
{
	json_t *o = note(ctx, "mark", c);

	json_put_text(o, "mark", mark);
	json_put_int(o, "count", (json_int_t)count);
	for (size_t i = 0; i < count; i++)
		txn_write_state(t, ids[i], WRITE_SENT, mark, 1);
}

static void put_outcome(json_t *o, const struct outcome *out)
{
	json_t *writes = json_array();

	json_put_text(o, "op", op_text(out->op));
	json_object_set_new(o, "failed", json_boolean(out->failed));
	json_put_int(o, "fault", out->fault);
	json_put_int(o, "after_ms", out->after_ms);
	json_put_text(o, "text", out->text);
	json_object_set_new(o, "never_sent", json_boolean(out->never_sent));
	json_object_set_new(o, "has_arg", json_boolean(out->arg != NULL));
	json_object_set_new(o, "records", records_json(out->records, out->record_count));
	for (size_t i = 0; i < out->write_count; i++) {
		json_t *w = json_object();

		json_put_int(w, "write_id", out->write_ids[i]);
		if (out->writes) {
			json_put_int(w, "end", out->writes[i].end);
			json_put_text(w, "id", out->writes[i].record.id);
			json_put_text(w, "text", out->writes[i].text);
		}
		json_array_append_new(writes, w);
	}
	json_object_set_new(o, "writes", writes);
	json_object_set_new(o, "facts", out->facts ? json_deep_copy(out->facts) : json_null());
}

static void on_settle(void *ctx, struct txn *t, const struct outcome *out)
{
	struct house *h = ctx;

	put_outcome(note(ctx, "settle", out->connection), out);
	if (h->on_settle)
		h->on_settle(t, out);
	for (size_t i = 0; i < out->write_count; i++)
		txn_write_state(t, out->write_ids[i], out->failed ? WRITE_DOUBT : WRITE_DONE, NULL,
			1);
}

static void on_done(void *ctx, const struct outcome *out)
{
	put_outcome(note(ctx, "done", out->connection), out);
}

static void on_visit_opens(void *ctx, struct connection *c)
{
	struct house *h = ctx;

	note(h, "visit_opens", c);
	if (h->on_opens)
		h->on_opens(h);
}

static size_t on_coming(void *ctx, const struct connection *c)
{
	struct house *h = ctx;

	(void)c;
	if (h->on_coming)
		h->on_coming(h);
	return h->coming;
}

static void on_visit_over(void *ctx, struct connection *c, const json_t *transcript)
{
	json_object_set_new(note(ctx, "visit_over", c), "transcript", json_deep_copy(transcript));
}

static void on_held(void *ctx, struct connection *c)
{
	const char *cause = NULL, *why = connection_held(c, &cause, NULL);
	json_t *o = note(ctx, "held", c);

	json_put_text(o, "cause", cause);
	json_put_text(o, "why", why);
	if (((struct house *)ctx)->on_held)
		((struct house *)ctx)->on_held(ctx);
}

static void on_lapsed(void *ctx, struct connection *c)
{
	note(ctx, "lapsed", c);
}

static void on_told(void *ctx, const struct connection *c)
{
	note(ctx, "told", c);
}

static const struct connection_hooks hooks = { on_emit, on_emitted, on_mark, on_settle, on_done,
	on_visit_opens, on_coming, on_visit_over, on_held, on_lapsed, on_told };

/* ---- servers ------------------------------------------------------------------------------- */

static void on_request(void *ctx, struct inbound *in)
{
	struct house *h = ctx;
	const char *path = inbound_path(in);
	char part[2][PATH_SEGMENT_SIZE];

	if (!strcmp(path, "/serve/acme/desk"))
		connection_serve(h->desk, in);
	else if (!strcmp(path, "/oauth/callback"))
		connections_callback(h->connections, in);
	else if (path_matches(path, "/hooks/*/*", part, 2) && connection_find(h->connections, part[0], part[1]))
		connection_receive(connection_find(h->connections, part[0], part[1]), in);
	else
		connection_receive(h->shop, in);
}

static void on_asked(void *ctx, struct inbound *in)
{
	struct house *h = ctx;
	json_t *o = json_object(), *reply = json_array_get(h->replies, 0);
	size_t len;
	const char *body = inbound_body(in, &len), *extra;
	int status;

	json_put_text(o, "method", inbound_method(in));
	json_put_text(o, "path", inbound_path(in));
	json_put_text(o, "query", inbound_query(in));
	json_put_text(o, "body", body);
	json_put_text(o, "authorization", inbound_header(in, "Authorization"));
	json_put_text(o, "key", inbound_header(in, "Idempotency-Key"));
	json_put_text(o, "include", inbound_header(in, "X-Include"));
	json_put_int(o, "said_before", (json_int_t)json_array_size(h->said));
	json_array_append_new(h->asked, o);
	if (!reply) {
		body = h->otherwise ? h->otherwise : "{}";
		inbound_answer(in, 200, "application/json", body, strlen(body), NULL);
		return;
	}
	json_incref(reply); /* it leaves the list before it is used */
	json_array_remove(h->replies, 0);
	status = (int)json_int_or(reply, "status", 0);
	extra = json_text_at(reply, "header");
	if (status == LOSE) {
		/* An answer that promises more than it holds is what a dying server leaves. */
		h->lost[h->lost_count++] = in;
	} else {
		struct answer_header headers[] = { { extra, json_text_at(reply, "value") },
			{ NULL, NULL } };

		body = json_text_or(reply, "body", "");
		inbound_answer(in, status, "application/json", body, strlen(body), headers);
	}
	json_decref(reply);
}

static const char *public_url(void *ctx)
{
	return ((struct house *)ctx)->public_url;
}

/* ---- open and close ---------------------------------------------------------------------- */

static bool is_true(void *arg)
{
	return *(bool *)arg;
}

static void now_true(void *arg)
{
	*(bool *)arg = true;
}

void house_renew(struct house *h)
{
	const json_t *shop = json_object_get(h->settings, "shop");
	const json_t *desk = json_object_get(h->settings, "desk");
	struct connection_want wants[8];
	size_t count = 0;
	const char *name;
	json_t *app;

	if (shop)
		wants[count++] = (struct connection_want){ "acme", "shop",
			registry_find(h->registry, json_text_or(shop, "connector", "shop")), shop,
			json_object_get(h->apps, json_text_or(shop, "app", "")) };
	if (desk)
		wants[count++] = (struct connection_want){ "acme", "desk", registry_find(h->registry, "desk"), desk, NULL };

	json_object_foreach(h->settings, name, app) {
		static char tenants[8][40];
		const char *slash = strchr(name, '/');

		if (!slash)
			continue;
		snprintf(tenants[count], sizeof tenants[count], "%.*s", (int)(slash - name), name);
		wants[count] = (struct connection_want){ tenants[count], slash + 1,
			registry_find(h->registry, json_text_or(app, "connector", "shop")), app,
			json_object_get(h->apps, json_text_or(app, "app", "")) };
		count++;
	}
	json_object_foreach(h->apps, name, app)
		wants[count++] = (struct connection_want){ APP_TENANT, name,
			registry_find(h->registry, json_text_or(app, "connector", "")), app, NULL };

	h->applied = false;
	connections_apply(h->connections, wants, count, now_true, &h->applied);
}

void house_apply(struct house *h)
{
	house_renew(h);
	turn_until(h->loop, is_true, &h->applied);
	h->shop = connection_find(h->connections, "acme", "shop");
	h->desk = connection_find(h->connections, "acme", "desk");
}

void house_begin(struct house *h)
{
	bool recovered = false;

	h->connections = connections_create(&(struct connections_conf){ .loop = h->loop,
		.store = h->store, .carry = h->carry,
		.hooks = &hooks, .ctx = h, .public_url = public_url });
	house_apply(h);
	connections_recover(h->connections, now_true, &recovered);
	turn_until(h->loop, is_true, &recovered);
}

static void on_written(void *arg, const struct txn_result *r)
{
	assert_int_equal(r->code, 0);
	*(bool *)arg = true;
}

/* What was committed before this is readable after it. */
static void all_written(struct house *h)
{
	bool done = false;

	turn_idle(h->loop);
	txn_commit(txn_begin(h->store), on_written, &done);
	turn_until(h->loop, is_true, &done);
}

void house_restart(struct house *h)
{
	all_written(h);
	connections_destroy(h->connections);
	house_begin(h);
}

void house_secret_of(struct house *h, const char *tenant, const char *connection, const char *name,
	const char *value)
{
	struct txn *t = txn_begin(h->store);
	struct secret *secret = value ? secret_create(value, strlen(value)) : NULL;
	bool done = false;

	txn_secret(t, tenant, connection, name, secret);
	secret_destroy(secret);
	txn_commit(t, on_written, &done);
	turn_until(h->loop, is_true, &done);
}

void house_secret(struct house *h, const char *connection, const char *name, const char *value)
{
	house_secret_of(h, "acme", connection, name, value);
}

struct house *house_open(const char *connector_dir)
{
	static const char *const loopback[] = { "127.0.0.0/8", NULL };
	static const struct server_events ours = { on_request, NULL }, theirs = { on_asked, NULL };
	struct house *h = xcalloc(1, sizeof *h);
	struct server_limits limits = { .body_max = 16u << 20 };
	struct err e = { 0 };
	char url[64], key[300], private[300], state[300];

	assert_int_equal(crypto_init(&e), 0);
	h->dir = test_dir();
	h->loop = loop_create(&e);
	snprintf(key, sizeof key, "%s/key", h->dir);
	snprintf(private, sizeof private, "%s/private", h->dir);
	snprintf(state, sizeof state, "%s/state", h->dir);
	assert_int_equal(dir_make(state, &e), 0);
	assert_int_equal(master_key_make(key, &e), 0);
	h->store = store_open(h->loop, &(struct store_conf){ .dir = state, .key_file = key }, &e);
	if (!h->store)
		fail_msg("%s", e.text);
	h->carry = carry_create(h->loop, &(struct carry_conf){ .allow_private = loopback,
		.agent = "test" }, &e);
	assert_non_null(h->carry);
	h->registry = registry_create(&(struct registry_conf){ *connector_dir ? connector_dir
		: CONNECTORS, private, PROBE }, &e);
	assert_non_null(h->registry);
	assert_int_equal(registry_scan(h->registry, NULL, &e), 0);
	h->ours = server_create(h->loop, &limits, &ours, h);
	assert_int_equal(server_listen_tcp(h->ours, "127.0.0.1", 0, NULL, NULL, &h->port, &e), 0);
	h->remote = server_create(h->loop, &limits, &theirs, h);
	assert_int_equal(server_listen_tcp(h->remote, "127.0.0.1", 0, NULL, NULL, &h->remote_port,
		&e), 0);
	h->said = json_array();
	h->asked = json_array();
	h->replies = json_array();
	snprintf(url, sizeof url, "http://127.0.0.1:%d/sub/", h->remote_port);
	h->settings = json_object();
	h->apps = json_object();
	json_object_set_new(h->settings, "shop", json_object());
	json_put_text(json_object_get(h->settings, "shop"), "url", url);
	json_object_set_new(h->settings, "desk", json_object());
	house_begin(h);
	house_secret(h, "shop", "key", "ck_1234");
	house_secret(h, "shop", "pass", "cs_secret_5678");
	house_secret(h, "desk", "password", "sesame");
	return h;
}

static void remove_tree(char *dir)
{
	static const char *const inner[] = { "state", "private", NULL };

	for (size_t i = 0; inner[i]; i++)
		remove_dir(xformat("%s/%s", dir, inner[i]));
	remove_dir(dir);
}

void house_close(struct house *h)
{
	bool ours = false, theirs = false;

	for (size_t i = 0; i < h->lost_count; i++)
		inbound_answer_error(h->lost[i], 500, "too late");
	connections_destroy(h->connections);
	carry_destroy(h->carry);
	server_close(h->ours, 0, now_true, &ours);
	server_close(h->remote, 0, now_true, &theirs);
	turn_until(h->loop, is_true, &ours);
	turn_until(h->loop, is_true, &theirs);
	turn_idle(h->loop);
	store_close(h->store);
	loop_destroy(h->loop);
	registry_destroy(h->registry);
	json_decref(h->said);
	json_decref(h->asked);
	json_decref(h->replies);
	json_decref(h->settings);
	json_decref(h->apps);
	remove_tree(h->dir);
	free(h);
}

/* ---- the disk ---------------------------------------------------------------------------- */

void house_disk_full(bool full)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? 1 : RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void on_refused(void *arg, const struct txn_result *r)
{
	assert_true(r->code < 0);
	*(bool *)arg = true;
}

void house_wait_refused(struct house *h)
{
	struct txn *t = txn_begin(h->store);
	bool heard = false;

	txn_note(t, "", "", "test", "", "1");
	txn_commit(t, on_refused, &heard);
	turn_until(h->loop, is_true, &heard);
}

/* ---- calls ------------------------------------------------------------------------------- */

void house_reply_with(struct house *h, int status, const char *body, const char *header,
	const char *value)
{
	json_t *o = json_object();

	json_put_int(o, "status", status);
	json_put_text(o, "body", body);
	if (header) {
		json_put_text(o, "header", header);
		json_put_text(o, "value", value);
	}
	json_array_append_new(h->replies, o);
}

void house_reply(struct house *h, int status, const char *body)
{
	house_reply_with(h, status, body, NULL, NULL);
}

const json_t *house_said(struct house *h, const char *hook, size_t nth)
{
	for (size_t i = 0; i < json_array_size(h->said); i++) {
		const json_t *o = json_array_get(h->said, i);

		if (!strcmp(json_text_or(o, "hook", ""), hook) && nth-- == 0)
			return o;
	}
	return NULL;
}

size_t house_count(struct house *h, const char *hook)
{
	size_t n = 0;

	while (house_said(h, hook, n))
		n++;
	return n;
}

struct waiting { struct house *house; const char *hook; size_t count; };

static bool has_said(void *arg)
{
	struct waiting *w = arg;

	return house_count(w->house, w->hook) >= w->count;
}

void house_wait_said(struct house *h, const char *hook, size_t count)
{
	struct waiting w = { h, hook, count };

	turn_until(h->loop, has_said, &w);
}

const json_t *house_done(struct house *h, size_t nth)
{
	house_wait_said(h, "done", nth + 1);
	return house_said(h, "done", nth);
}

void house_order(struct house *h, struct connection *c, const struct order *o)
{
	connection_call(c, o, h);
}

const json_t *house_call(struct house *h, struct connection *c, const struct order *o)
{
	size_t before = house_count(h, "done");

	house_order(h, c, o);
	return house_done(h, before);
}

void house_write(struct house *h, struct connection *c, int64_t id, const char *key,
	const char *json)
{
	json_t *data = json_read(json, strlen(json), NULL);
	const char *entity = connection_connector(c)->entities[0].name;
	struct mlc_write w = { .verb = MLC_DO_CREATE, .key = key, .data = data };
	struct txn *t = txn_begin(h->store);

	txn_write_put(t, &(struct write_row){ .id = id, .tenant = "acme",
		.connection = connection_name(c), .entity = entity,
		.verb = "create", .key = key, .data = json, .state = WRITE_READY });
	txn_commit(t, NULL, NULL);
	house_order(h, c, &(struct order){ .op = OP_WRITE, .entity = entity, .writes = &w,
		.write_ids = &id, .write_count = 1 });
	json_decref(data);
}

/* ---- peers ------------------------------------------------------------------------------- */

void house_post(struct house *h, const char *path, const char *body, const char *extra,
	struct heard *out)
{
	struct peer p = peer_connect(h->port);
	char *head = xformat("POST %s HTTP/1.1\r\nHost: mlc\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s%s\r\n", path, strlen(body), extra ? extra : "", extra ? "\r\n" : "");
	const char *answer, *start;

	peer_say(h->loop, &p, head);
	peer_send(h->loop, &p, body, strlen(body));
	answer = peer_hear_message(h->loop, &p);
	out->status = atoi(answer + strlen("HTTP/1.1 "));
	start = strstr(answer, "\r\n\r\n");
	snprintf(out->body, sizeof out->body, "%s", start ? start + 4 : "");
	free(head);
	peer_close(&p);
}

void house_get(struct house *h, const char *path, struct heard *out)
{
	struct peer p = peer_connect(h->port);
	char *head = xformat("GET %s HTTP/1.1\r\nHost: mlc\r\n\r\n", path);
	const char *answer, *start;

	peer_say(h->loop, &p, head);
	answer = peer_hear_message(h->loop, &p);
	out->status = atoi(answer + strlen("HTTP/1.1 "));
	start = strstr(answer, "\r\n\r\n");
	snprintf(out->body, sizeof out->body, "%s", start ? start + 4 : "");
	free(head);
	peer_close(&p);
}

void house_serve(struct house *h, const char *body, struct heard *out)
{
	house_post(h, "/serve/acme/desk", body, NULL, out);
}

/* ---- the store --------------------------------------------------------------------------- */

struct rows { json_t *rows; bool done; };

static void on_rows(void *arg, const json_t *rows, const struct err *e)
{
	struct rows *r = arg;

	assert_null(e);
	r->rows = json_deep_copy(rows);
	r->done = true;
}

json_t *house_notes(struct house *h, const char *kind)
{
	struct rows r = { NULL, false };

	all_written(h);
	store_notes(h->store, "acme", NULL, kind, on_rows, &r);
	turn_until(h->loop, is_true, &r.done);
	return r.rows;
}

json_t *house_audit(struct house *h, const char *move)
{
	return house_audit_of(h, "acme", move);
}

json_t *house_audit_of(struct house *h, const char *tenant, const char *move)
{
	struct rows r = { NULL, false };
	json_t *filter = json_object();

	all_written(h);
	json_put_text(filter, "tenant", tenant);
	json_put_text(filter, "move", move);
	json_object_set_new(filter, "payload", json_true());
	json_put_int(filter, "limit", 1000);
	store_audit(h->store, filter, on_rows, &r);
	turn_until(h->loop, is_true, &r.done);
	json_decref(filter);
	return r.rows;
}

struct found { char *mark; size_t size; unsigned *asked; int64_t write_id; bool there, done,
	holds; };

static bool holds(const char *requests, int64_t write_id)
{
	json_t *list = json_read(requests, strlen(requests), NULL);
	bool found = false;

	for (size_t i = 0; i < json_array_size(list); i++)
		found = found || json_int_or(json_array_get(list, i), "writes.0.write_id",
			0) == write_id;
	json_decref(list);
	return found;
}

static void on_set(void *arg, const struct set_row *row, const struct err *e)
{
	struct found *f = arg;

	assert_null(e);
	f->done = true;
	f->there = row != NULL;
	if (row && f->mark)
		snprintf(f->mark, f->size, "%s", row->mark);
	if (row && f->asked)
		*f->asked = row->asked;
	f->holds = row && holds(row->requests, f->write_id);
}

bool house_set_holds(struct house *h, int64_t write_id)
{
	struct found f = { .write_id = write_id };

	all_written(h);
	store_open_set(h->store, "acme", "desk", on_set, &f);
	turn_until(h->loop, is_true, &f.done);
	return f.holds;
}

bool house_open_set(struct house *h, char *mark, size_t size, unsigned *asked)
{
	struct found f = { .mark = mark, .size = size, .asked = asked };

	all_written(h);
	store_open_set(h->store, "acme", "desk", on_set, &f);
	turn_until(h->loop, is_true, &f.done);
	return f.there;
}
