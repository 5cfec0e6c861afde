/* host.c - the running host: how it starts, turns, reloads and stops. */
#include "flow/flow.h"
#include "flow/moves.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define ANY_BODY_MAX   (64u << 10)
#define HOOK_BODY_MAX  (4u << 20)
#define VISIT_BODY_MAX (64u << 20) /* what only a peer may send that has logged in */
#define STOP_GRACE_MS  10000
#define STOP_LOOK_MS   50
#define WATCH_EVERY_MS (30 * WHEN_SECOND_MS)
#define REST_LOOK_MS   100 /* a call that begins to wait tells nobody */
#define TIDY_EVERY_MS  (6 * WHEN_HOUR_MS)
#define REST_MS        2000 /* without a turn: what was freed is given back */
#define SOON_MS        2000 /* what is tried again by then is waited for: it is no rest */
#define LOOK_EVERY_MS  100 /* most often that all connections and feeds are gone over */

static void turn(void *arg);
static void tell_reloaded(struct host *h, const json_t *answer, const struct err *e);

/* ---- small things that the whole floor uses -------------------------------------------------- */

struct flow *host_flow(struct host *h, const char *tenant, const char *name)
{
	for (size_t i = 0; h->config && i < h->config->flow_count; i++) {
		struct flow *f = h->config->flows[i];

		if (!strcmp(f->tenant, tenant) && !strcmp(f->name, name))
			return f;
	}
	return NULL;
}

struct flow *host_flow_of_mapping(struct host *h, const struct flow *like, const char *mapping)
{
	(void)h;
	for (size_t i = 0; i < like->config->flow_count; i++) {
		struct flow *f = like->config->flows[i];

		if (!strcmp(f->tenant, like->tenant) && !strcmp(f->integration, like->integration) &&
			!strcmp(f->mapping, mapping))
			return f;
	}
	return NULL;
}

static void audit(struct txn *t, struct audit_row *row, json_t *detail)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	if (detail)
		json_write(&b, detail);
	else
		buf_puts(&b, "{}");
	row->detail = b.data;
	txn_audit(t, row);
	buf_finish(&b);
	json_decref(detail);
}

void host_audit(struct txn *t, const char *tenant, const char *move, const char *who, const struct flow *f,
	int64_t delivery, json_t *detail)
{
	audit(t, &(struct audit_row) { .tenant = tenant, .move = move, .who = who, .flow = f ? f->name : NULL,
		.delivery = delivery }, detail);
}

void host_audit_record(struct txn *t, const char *move, const char *who, const struct flow *f, const char *entity,
	const char *rid, int64_t delivery, json_t *detail)
{
	audit(t, &(struct audit_row) { .tenant = f->tenant, .move = move, .who = who,
		.connection = connection_name(f->source), .flow = f->name, .entity = entity, .rid = rid,
		.delivery = delivery }, detail);
}

void host_commit_quietly(struct txn *t)
{
	txn_commit(t, NULL, NULL);
}

const json_t *host_settings(const struct host *h)
{
	return h->config->mlc;
}

/* ---- one turn ----------------------------------------------------------------------------------- */

static void run_turn(void *arg)
{
	struct host *h = arg;

	h->turn_due = false;
	turn(h);
}

void host_wants_turn(struct host *h)
{
	if (h->turn_due || h->stopping)
		return;
	h->turn_due = true;
	loop_post(h->loop, run_turn, h);
}

/* The fields that it names are being asked for: then it is checked anew, and may go on. */
static bool is_described(const struct host *h, const struct flow *f)
{
	return f->open && ((f->source && discover_asks(h, f->source)) || (f->target && discover_asks(h, f->target)));
}

static bool flow_rests(struct host *h, const struct flow *f, int64_t now)
{
	return !is_described(h, f) && !deliver_busy(h, f) && !deliver_can_claim(h, f, now + SOON_MS) && !facts_awaited(h, f->source) && !facts_awaited(h, f->target);
}

static bool rests(struct host *h, const struct flow *only)
{
	int64_t now = loop_now_ms(h->loop);

	if (h->look_due || h->reloading || h->releasing || schedule_busy(h, only) || again_busy(h, now))
		return false;
	for (size_t i = 0; h->config && i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];

		if ((!only || (!strcmp(f->tenant, only->tenant) && !strcmp(f->integration, only->integration))) &&
			!flow_rests(h, f, now))
			return false;
	}
	return true;
}

static void serve_waiters(struct host *h)
{
	for (struct waiter **at = &h->waiters; *at;) {
		struct waiter *w = *at;
		struct flow *f = w->flow_key ? NULL : w->flow;

		if (w->flow_key) {
			for (size_t i = 0; h->config && i < h->config->flow_count; i++)
				if (!strcmp(h->config->flows[i]->key, w->flow_key))
					f = h->config->flows[i];
		}
		if (!rests(h, f)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->fn(w->arg, NULL, NULL);
		free(w->flow_key);
		free(w);
	}
}

static void on_timer(void *arg)
{
	host_wants_turn(arg);
}

static void set_timer(struct host *h)
{
	int64_t next = h->look_due ? h->looked_ms + LOOK_EVERY_MS : h->schedule_ms, now = loop_now_ms(h->loop);

	if (h->again_ms < next)
		next = h->again_ms;
	if (gather_next_ms(h) < next)
		next = gather_next_ms(h);
	if (batch_next_ms(h) < next)
		next = batch_next_ms(h);
	if (h->burst_until_ms > now && h->burst_until_ms < next)
		next = h->burst_until_ms;
	if ((h->waiters || h->conf.until_idle) && now + REST_LOOK_MS < next)
		next = now + REST_LOOK_MS;

	for (size_t i = 0; i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];

		if (f->due_ms && f->due_ms > now && f->due_ms < next)
			next = f->due_ms;
		if (f->rest_until_ms > now && f->rest_until_ms < next)
			next = f->rest_until_ms;
	}
	if (next == INT64_MAX)
		timer_clear(h->loop, &h->turn_timer);
	else
		timer_set(h->loop, &h->turn_timer, next > now ? next : now, on_timer, h);
}

static void look_at_uses(void *arg, struct connection *c)
{
	if (connection_peer_calls(c) && !connection_in_visit(c))
		return;
	uses_check(arg, c);
	discover_look(arg, c);
}

/* What is for every connection and feed to be looked at waits a moment for its next time: a record has
 * several turns on its way, and should not cost more where there are a thousand others. */
static void look_around(struct host *h, int64_t now)
{
	h->look_due = now < h->looked_ms + LOOK_EVERY_MS;
	if (h->look_due)
		return;
	h->looked_ms = now;
	schedule_turn(h, now);
	connections_each(h->connections, look_at_uses, h);
	h->schedule_ms = schedule_next_ms(h);
}

static void on_rest(void *arg)
{
	struct host *h = arg;
	int64_t until = h->turned_ms + REST_MS;

	if (loop_now_ms(h->loop) < until)
		timer_set(h->loop, &h->rest_timer, until, on_rest, h);
	else
		memory_give_back();
}

static void turn(void *arg)
{
	struct host *h = arg;
	int64_t now = loop_now_ms(h->loop);

	h->turned_ms = now;
	if (!h->rest_timer.at_ms)
		timer_set(h->loop, &h->rest_timer, now + REST_MS, on_rest, h);

	if (!h->config || !h->recovered || h->stopping)
		return;
	facts_turn(h, now);
	look_around(h, now);
	again_turn(h, now);
	deliver_turn(h);
	gather_turn(h, now);
	batch_turn(h, now);
	serve_waiters(h);
	set_timer(h);
	if (h->conf.until_idle && rests(h, NULL))
		host_stop(h);
}

static void on_watch(void *arg)
{
	struct host *h = arg;

	watch_turn(h);
	host_wants_turn(h); /* what comes round once a day has no timer of its own */
	timer_set(h->loop, &h->watch_timer, loop_now_ms(h->loop) + WATCH_EVERY_MS, on_watch, h);
}

static void on_tidied(void *arg, const json_t *report, const struct err *e)
{
	(void)arg;
	(void)report;
	if (e)
		log_line(LOG_WARN, "store", "tidying: %s", e->text);
}

static void on_tidy(void *arg)
{
	struct host *h = arg;
	int64_t now = loop_now_ms(h->loop);
	int64_t payloads = json_int_or(h->config->mlc, "retention.payload_days", 400);
	int64_t deliveries = json_int_or(h->config->mlc, "retention.delivery_days", 400);

	store_tidy(h->store, now - payloads * WHEN_DAY_MS, now - deliveries * WHEN_DAY_MS, on_tidied, h);
	timer_set(h->loop, &h->tidy_timer, now + TIDY_EVERY_MS, on_tidy, h);
}

/* ---- what plug tells us ---------------------------------------------------------------------------- */

static void hook_emit(void *ctx, struct txn *t, const struct connection *c, const char *origin,
	const struct call_record *records, size_t count)
{
	struct host *h = ctx;

	bool full = false;

	for (struct feed_state *s = h->feeds; s; s = s->next)
		if (s->running && s->connection == c && !strncmp(origin, "feed ", 5) && s->feed &&
			!strcmp(origin + 5, s->feed->name)) {
			s->records += count;
			full = s->full_ms != 0;
		}
	for (size_t i = 0; i < count; i++)
		if (!records[i].deleted && !records[i].hint && !call_is_nameless(records[i].id))
			proof_note(h, c, records[i].entity, records[i].id);
	intake_emit(h, t, c, origin, records, count, full);
}

static void hook_emitted(void *ctx, const struct connection *c, const struct txn_result *r)
{
	(void)c;
	if (r->code == 0)
		intake_touched(ctx, r);
}

static void hook_mark(void *ctx, struct txn *t, const struct connection *c, const int64_t *write_ids, size_t count,
	const char *mark)
{
	(void)c;
	deliver_mark(ctx, t, write_ids, count, mark);
}

static void task_over(struct task *task, const struct outcome *o)
{
	if (task->at) {
		*task->at = task->next;
		if (task->next)
			task->next->at = task->at;
		task->at = NULL;
	}
	task->done(task, o);
}

void host_call(struct host *h, struct connection *c, const struct order *order, struct task *task)
{
	task->next = h->tasks;
	task->at = &h->tasks;
	if (task->next)
		task->next->at = &task->next;
	h->tasks = task;
	connection_call(c, order, task);
}

void host_heed(struct host *h, struct connection *c, enum mlc_fault fault, uint32_t after_ms, const char *why)
{
	const struct fault_move *m = move_of(fault);

	if (m->move == MOVE_WAIT)
		connection_hold(c, m->cause, why, loop_now_ms(h->loop) + (after_ms ? after_ms : WHEN_MINUTE_MS));
	else if (m->move == MOVE_HOLD_LOGIN)
		connection_hold(c, m->cause, why, 0);
}

static void hook_settle(void *ctx, struct txn *t, const struct outcome *o)
{
	struct task *task = o->arg;

	for (size_t i = 0; i < o->write_count && !o->failed; i++)
		if (o->writes[i].end == WRITE_END_SETTLED && !o->writes[i].record.deleted)
			proof_note(ctx, o->connection, o->writes[i].record.entity, o->writes[i].record.id);
	if (!task)
		batch_settle_recovered(ctx, t, o);
	else if (task->settle)
		task->settle(task, t, o);
}

static void hook_done(void *ctx, const struct outcome *o)
{
	struct task *task = o->arg;

	if (task)
		task_over(task, o);
	else if (o->op == OP_WRITE)
		batch_done_recovered(ctx, o);
	host_wants_turn(ctx);
}

static void hook_visit_opens(void *ctx, struct connection *c)
{
	struct host *h = ctx;

	alert_clear(h, "no_visit", connection_path(c));
	for (size_t i = 0; h->config && i < h->config->flow_count; i++) {
		struct flow *f = h->config->flows[i];

		if (f->target != c && f->source != c)
			continue;
		f->maybe_ready = true;
		f->spent.documents = 0;
		f->spent.documents_since_ms = loop_now_ms(h->loop);
	}
	proof_visit_opens(h, c);
	uses_check(h, c);
	schedule_visit(h, c);
	deliver_turn(h);
}

static size_t hook_coming(void *ctx, const struct connection *c)
{
	size_t coming;

	return proof_holds(ctx, c, &coming) ? coming : deliver_coming(ctx, c) + gather_coming(ctx, c) + schedule_coming(ctx, c);
}

static void hook_visit_over(void *ctx, struct connection *c, const json_t *transcript)
{
	(void)transcript;
	proof_visit_over(ctx, c);
	watch_facts(ctx, c);
	host_wants_turn(ctx);
}

static void hook_held(void *ctx, struct connection *c)
{
	struct host *h = ctx;

	grants_changed(h, c);
	if (!connection_held(c, NULL, NULL))
		facts_want(h, c);
	host_wants_turn(h);
}

static void hook_lapsed(void *ctx, struct connection *c)
{
	struct host *h = ctx;
	struct txn *t = txn_begin(h->store);

	host_audit(t, connection_tenant(c), "lapse", "host", NULL, 0, json_pack("{s:s}", "connection", connection_path(c)));
	host_commit_quietly(t);
	schedule_now(h, c);
}

static void hook_told(void *ctx, const struct connection *c)
{
	facts_changed(ctx, c);
}

static const struct connection_hooks hooks = {
	.emit = hook_emit, .emitted = hook_emitted, .mark = hook_mark, .settle = hook_settle, .done = hook_done,
	.visit_opens = hook_visit_opens, .coming = hook_coming, .visit_over = hook_visit_over, .held = hook_held, .lapsed = hook_lapsed,
	.told = hook_told,
};

static const char *public_url(void *ctx)
{
	struct host *h = ctx;

	return *h->public_url ? h->public_url : NULL;
}

/* ---- the public listener ------------------------------------------------------------------------------ */

/* Nobody has proven anything yet: a stranger is to cost little. */
static size_t body_max_of(void *ctx, const char *method, const char *path)
{
	struct host *h = ctx;
	char part[2][PATH_SEGMENT_SIZE];
	bool hook = path_matches(path, "/hooks/*/*", part, 2), serve = !hook && path_matches(path, "/serve/*/*", part, 2);
	const struct connection *c = hook || serve ? connection_find(h->connections, part[0], part[1]) : NULL;

	(void)method;
	if (!c)
		return ANY_BODY_MAX;
	return serve && connection_is_visited(c) ? VISIT_BODY_MAX : HOOK_BODY_MAX;
}

static void on_request(void *ctx, struct inbound *in)
{
	struct host *h = ctx;
	char part[2][PATH_SEGMENT_SIZE];
	const char *path = inbound_path(in), *method = inbound_method(in);
	bool hook = path_matches(path, "/hooks/*/*", part, 2), serve = !hook && path_matches(path, "/serve/*/*", part, 2);

	if (hook || serve) {
		struct connection *c = connection_find(h->connections, part[0], part[1]);
		const struct mlc_connector *m = c ? connection_connector(c) : NULL;

		if (!c || (hook && !m->receive) || (serve && !m->serve))
			inbound_answer_error(in, 404, "no such connection");
		else if (hook && strcmp(method, "POST"))
			inbound_answer_error(in, 405, "webhooks come by POST");
		else if (hook)
			connection_receive(c, in);
		else
			connection_serve(c, in);
		return;
	}
	if (!strcmp(path, "/support")) {
		static const char text[] = "ml-connector answers here. For help, ask whoever gave you the .qwc file.\n";

		inbound_answer(in, 200, "text/plain; charset=utf-8", text, sizeof text - 1, NULL);
	} else if (!strcmp(path, "/oauth/callback") && !strcmp(method, "GET")) {
		connections_callback(h->connections, in);
	} else if (!strcmp(path, "/healthz")) {
		struct store_health health;

		store_health(h->store, &health);
		if (health.writable && h->recovered)
			inbound_answer(in, 200, "text/plain", "well\n", 5, NULL);
		else
			inbound_answer_error(in, 503, health.writable ? "starting" : health.why);
	} else {
		inbound_answer_error(in, 404, "nothing here");
	}
}

static const struct server_events public_events = { on_request, body_max_of };

/* ---- a config comes into force: at the start, and at each reload ------------------------------------------ */

struct force {
	struct host *host;
	struct config *config;
	void (*done)(struct host *, void *arg);
	void *arg;
};

void host_bind_flows(struct host *h, struct config *c)
{
	for (size_t i = 0; i < c->flow_count; i++) {
		struct flow *f = c->flows[i];

		f->source = connection_find(h->connections, f->tenant, json_text_or(f->def, "source.connection", ""));
		f->target = connection_find(h->connections, f->tenant, json_text_or(f->def, "target.connection", ""));
		f->maybe_ready = true;
	}
}

/* A restored store does not know what was written after its backup: every flow is back in the shadow, where
 * its rules find and show those documents, until a person says go (ALL-14). */
static int64_t restored_ms(const json_t *notes)
{
	json_t *note;
	size_t i;

	json_array_foreach((json_t *)notes, i, note)
		if (!strcmp(json_text_or(note, "kind", ""), "restored"))
			return json_int_or(note, "at_ms", 0);
	return 0;
}

static void recall(struct flow *f, const json_t *note, int64_t restored, bool is_new)
{
	const char *scope = json_text_or(note, "scope", ""), *kind = json_text_or(note, "kind", "");
	const char *value = json_text_or(note, "value", "");

	if (strcmp(json_text_or(note, "tenant", ""), f->tenant) || strcmp(scope, f->name))
		return;
	if (!strcmp(kind, "brakes") && is_new)
		brakes_recall(f, value);
	if (!strcmp(kind, "mode") && json_int_or(note, "at_ms", 0) >= restored)
		f->mode = !strcmp(value, "live") ? FLOW_LIVE : FLOW_SHADOW;
	if (!strcmp(kind, "held")) {
		const char *space = strchr(value, ' ');

		free(f->held);
		free(f->held_why);
		f->held = space ? xstrndup(value, (size_t)(space - value)) : xstrdup(value);
		f->held_why = xstrdup(space ? space + 1 : "");
	}
}

/* Nobody knows whether it may write: it does not.  Only here: what the store says of it stays. */
static void hold_unread(struct host *h, struct flow *f, const struct err *e)
{
	if (!f->enabled || f->held)
		return;
	f->held = xstrdup("unread");
	f->held_why = xformat("its mode and pauses could not be read: %s; mlc reload reads them again", e->text);
	alert_raise(h, "flow_held", f->key, f->held_why);
}

static const struct flow *flow_before(const struct config *old, const struct flow *f)
{
	for (size_t i = 0; old && i < old->flow_count; i++)
		if (!strcmp(old->flows[i]->key, f->key))
			return old->flows[i];
	return NULL;
}

/* One that is not on the disk, or was not when the notes were read. */
static void keep_hold(struct flow *f, const struct flow *before)
{
	if (f->held || !before || !before->held || !strcmp(before->held, "unread"))
		return;
	f->held = xstrdup(before->held);
	f->held_why = xstrdup(before->held_why);
	f->hold_unwritten = before->hold_unwritten;
}

static void on_feeds(void *arg)
{
	struct force *force = arg;

	force->done(force->host, force->arg);
	free(force);
}

static void on_notes(void *arg, const json_t *rows, const struct err *e)
{
	struct force *force = arg;
	struct host *h = force->host;
	struct config *old = h->config;
	int64_t restored;
	json_t *row;
	size_t i;

	if (!e)
		pauses_recall(h, rows);
	host_bind_flows(h, force->config);
	restored = restored_ms(rows);
	json_array_foreach((json_t *)rows, i, row)
		facts_recall(h, row);
	h->facts_ms = 0; /* others may be configured */
	for (size_t n = 0; n < force->config->flow_count; n++) {
		struct flow *f = force->config->flows[n];

		const struct flow *before = flow_before(old, f);

		if (before) /* what it has spent is spent: a reload is no way around its brakes */
			f->spent = before->spent;
		if (restored)
			f->mode = FLOW_SHADOW;
		json_array_foreach((json_t *)rows, i, row)
			recall(f, row, restored, !before);
		keep_hold(f, before);
		f->paused = pauses_hold(h, f);
		if (e)
			hold_unread(h, f, e);
		else if (!f->held)
			alert_clear(h, "flow_held", f->key);
		if (restored && f->mode == FLOW_SHADOW && f->enabled)
			alert_raise(h, "restored", f->key, "the store was restored from a backup: look at mlc list would, then mlc go");
	}
	h->config = force->config;
	if (old) {
		deliver_forget_config(h, old);
		config_release(old);
	}
	schedule_apply(h, on_feeds, force);
}

static void on_applied(void *arg)
{
	struct force *force = arg;

	store_notes(force->host->store, NULL, NULL, NULL, on_notes, force);
}

/* Takes config over. */
static void put_in_force(struct host *h, struct config *config, void (*done)(struct host *, void *), void *arg)
{
	struct force *force = xcalloc(1, sizeof *force);
	size_t count = 0, cap = 0;
	struct connection_want *wants = NULL;
	const char *tenant, *name;
	json_t *t, *settings;

	json_object_foreach(config->tenants, tenant, t)
		json_object_foreach(json_object_get(t, "connections"), name, settings) {
			if (count == cap)
				wants = xrealloc(wants, (cap = cap ? 2 * cap : 16) * sizeof *wants);
			wants[count++] = (struct connection_want) { tenant, name,
				config_plugin(config, json_text_or(settings, "connector", "")), settings,
				config_app(config, settings) };
		}
	json_object_foreach(json_object_get(config->mlc, "apps"), name, settings) {
		if (count == cap)
			wants = xrealloc(wants, (cap = cap ? 2 * cap : 16) * sizeof *wants);
		wants[count++] = (struct connection_want) { APP_TENANT, name,
			config_plugin(config, json_text_or(settings, "connector", "")), settings, NULL };
	}
	force->host = h;
	force->config = config;
	force->done = done;
	force->arg = arg;
	connections_apply(h->connections, wants, count, on_applied, force);
	free(wants);
}

/* ---- start ----------------------------------------------------------------------------------------------- */

struct start {
	struct host *host;
	host_fn *fn;
	void *arg;
	struct config *config; /* read before the store was open */
};

static void start_over(struct start *s, json_t *answer, const struct err *e)
{
	s->fn(s->arg, answer, e);
	json_decref(answer);
	free(s);
}

static int listen_public(struct host *h, struct err *e)
{
	const json_t *mlc = h->config->mlc;
	const char *cert = json_text_at(mlc, "public.tls.cert"), *key = json_text_at(mlc, "public.tls.key");
	const char *address = json_text_or(mlc, "public.address", "127.0.0.1"), *url = json_text_at(mlc, "public.url");
	char *cert_path = cert ? file_within(h->dir, cert) : NULL, *key_path = key ? file_within(h->dir, key) : NULL;
	int code;

	h->public_server = server_create(h->loop, NULL, &public_events, h);
	code = server_listen_tcp(h->public_server, address, (int)json_int_or(mlc, "public.port", 8443), cert_path, key_path,
		&h->public_port, e);
	if (url)
		snprintf(h->public_url, sizeof h->public_url, "%s", url);
	else
		snprintf(h->public_url, sizeof h->public_url, "%s://%s:%d", cert ? "https" : "http",
			!strcmp(address, "0.0.0.0") || !strcmp(address, "127.0.0.1") ? "localhost" : address, h->public_port);
	free(cert_path);
	free(key_path);
	return code;
}

static void on_all_recovered(void *arg)
{
	struct start *s = arg;
	struct host *h = s->host;
	json_t *ports = json_pack("{s:i,s:s}", "public", h->public_port, "url", h->public_url);

	h->recovered = true;
	pool_use(h->pool, (unsigned)json_int_or(h->config->mlc, "workers", 0));
	connections_reachable(h->connections); /* before the listener was there, there was no address to give them */
	on_watch(h);
	on_tidy(h);
	log_fields(LOG_INFO, "host", (const struct log_field[]) { { "public", h->public_url }, { NULL, NULL } },
		"ready with %zu flows", h->config->flow_count);
	start_over(s, ports, NULL);
	tell_reloaded(h, NULL, NULL);
	host_wants_turn(h);
}

static void on_works_back(void *arg)
{
	struct start *s = arg;

	connections_recover(s->host->connections, on_all_recovered, s);
}

static void on_in_force(struct host *h, void *arg)
{
	struct start *s = arg;
	struct err e = { 0 };

	if (listen_public(h, &e) < 0) {
		start_over(s, NULL, &e);
		return;
	}
	deliver_recover(h, on_works_back, s);
}

static int open_parts(struct host *h, struct config *c, struct err *e)
{
	char *dir, *key_path;

	config_places(c, h->dir, &dir, &key_path);
	h->store = store_open(h->loop, &(struct store_conf) { .dir = dir, .key_file = key_path }, e);
	if (h->store)
		h->carry = carry_create(h->loop, &c->outbound, e);
	if (h->carry)
		h->connections = connections_create(&(struct connections_conf) { .loop = h->loop, .store = h->store,
			.carry = h->carry, .hooks = &hooks, .ctx = h, .public_url = public_url,
			.record_dir = h->conf.record_dir });
	free(dir);
	free(key_path);
	return e->code;
}

struct config_reader host_reader(struct host *h)
{
	return (struct config_reader) { .loop = h->loop, .pool = h->pool, .registry = h->registry, .dir = h->dir,
		.generation = ++h->generation, .described = h->described };
}

static void refuse_config(struct start *s, struct config *c)
{
	json_t *answer = json_pack("{s:O}", "errors", c->errors);
	char *first = config_error_text(json_array_get(c->errors, 0));
	struct err e = { 0 };

	err_set(&e, ERR_INPUT, "%s", first);
	free(first);
	config_release(c);
	start_over(s, answer, &e);
}

static void on_whole_config(void *arg, struct config *c)
{
	struct start *s = arg;
	struct host *h = s->host;

	config_release(s->config);
	if (json_array_size(c->errors))
		refuse_config(s, c);
	else
		put_in_force(h, c, on_in_force, s);
}

/* The store is open, and with it what accounts have of their own: mappings are checked against that. */
static void on_described(void *arg, const json_t *rows, const struct err *e)
{
	struct start *s = arg;
	struct host *h = s->host;
	struct config_reader r;

	if (e)
		log_line(LOG_ERROR, "flow", "fields of accounts could not be read: %s", e->text);
	discover_recall(h, rows);
	if (!json_object_size(h->described)) {
		put_in_force(h, s->config, on_in_force, s);
		return;
	}
	r = host_reader(h);
	config_read(&r, on_whole_config, s);
}

static void on_first_config(void *arg, struct config *c)
{
	struct start *s = arg;
	struct host *h = s->host;
	struct err e = { 0 };

	if (json_array_size(c->errors)) {
		refuse_config(s, c);
		return;
	}
	for (size_t i = 0; i < json_array_size(c->refused); i++)
		log_line(LOG_ERROR, "plug", "%s is not used: %s",
			json_text_or(json_array_get(c->refused, i), "file", ""),
			json_text_or(json_array_get(c->refused, i), "why", ""));
	if (open_parts(h, c, &e) < 0) {
		config_release(c);
		start_over(s, NULL, &e);
		return;
	}
	s->config = c;
	store_notes(h->store, NULL, NULL, "described", on_described, s);
}

struct host *host_start(struct loop *loop, const struct host_conf *conf, host_fn *started, void *arg)
{
	struct host *h = xcalloc(1, sizeof *h);
	struct start *s = xcalloc(1, sizeof *s);
	struct config_reader r;
	struct err e = { 0 };
	char *plugins;

	h->loop = loop;
	h->conf = *conf;
	h->dir = xstrdup(conf->dir);
	h->alerts = json_object();
	h->ends_told = json_object();
	h->looked = json_object();
	h->facts = json_object();
	h->uses = json_object();
	h->uses_checking = json_object();
	h->described = json_object();
	h->discovered_ms = json_object();
	h->discovering = json_object();
	h->started_ms = loop_now_ms(loop);
	h->reloading = true; /* the first config comes into force: what is asked for meanwhile comes after it */
	s->host = h;
	s->fn = started;
	s->arg = arg;
	plugins = xformat("%s/plugins", h->dir);
	h->registry = registry_create(&(struct registry_conf) { .plugins_dir = plugins, .private_dir = "",
		.program = conf->program }, &e);
	free(plugins);
	if (h->registry)
		h->pool = pool_create(loop, &(struct pool_conf) { .program = conf->program }, &e);
	if (!h->pool) {
		start_over(s, NULL, &e);
		return h;
	}
	r = host_reader(h);
	config_read(&r, on_first_config, s);
	return h;
}

/* ---- stop --------------------------------------------------------------------------------------------------- */

static void on_closed(void *arg)
{
	struct host *h = arg;

	h->conf.stopped(h->conf.arg, 0);
}

static void close_down(struct host *h);

static void on_close_down(void *arg)
{
	close_down(arg);
}

static void close_down(struct host *h)
{
	int64_t now = loop_now_ms(h->loop);

	/* A token that a remote has given already, and that is not on disk, may be the only one that counts. */
	if (!h->stop_by_ms)
		h->stop_by_ms = now + STOP_GRACE_MS;
	if (h->connections && connections_asking(h->connections) && now < h->stop_by_ms) {
		timer_set(h->loop, &h->turn_timer, now + STOP_LOOK_MS, on_close_down, h);
		return;
	}
	timer_clear(h->loop, &h->turn_timer);
	timer_clear(h->loop, &h->watch_timer);
	timer_clear(h->loop, &h->rest_timer);
	timer_clear(h->loop, &h->tidy_timer);
	if (h->public_server)
		server_close(h->public_server, STOP_GRACE_MS, on_closed, h);
	else
		loop_post(h->loop, on_closed, h);
}

/* A config that is coming into force does so first: its steps need all that is closed here. */
void host_stop(struct host *h)
{
	if (h->stopping)
		return;
	h->stopping = true;
	if (!h->reloading)
		close_down(h);
}

void host_destroy(struct host *h)
{
	const struct outcome stopping = { .failed = true, .fault = MLC_RETRY, .text = "the host is stopping" };

	if (!h)
		return;
	h->stopping = true; /* whatever comes back from here on ends instead of going on */
	connections_destroy(h->connections);
	gather_free(h, &stopping);
	while (h->tasks)
		task_over(h->tasks, &stopping);
	carry_destroy(h->carry);
	store_close(h->store);
	pool_stop(h->pool);
	batch_free(h);
	deliver_free(h);
	schedule_free(h);
	proof_free(h);
	config_release(h->config);
	pool_destroy(h->pool);
	registry_destroy(h->registry);
	watch_free(h);
	json_decref(h->alerts);
	json_decref(h->ends_told);
	json_decref(h->looked);
	json_decref(h->facts);
	json_decref(h->pauses);
	json_decref(h->uses);
	json_decref(h->uses_checking);
	json_decref(h->described);
	json_decref(h->discovered_ms);
	json_decref(h->discovering);
	free(h->dir);
	free(h);
}

/* ---- reload -------------------------------------------------------------------------------------------------- */

struct reload_waiter {
	host_fn *fn;
	void *arg;
	struct reload_waiter *next;
};

static void begin_reload(struct host *h);

static void tell_waiters(struct reload_waiter *w, const json_t *answer, const struct err *e)
{
	while (w) {
		struct reload_waiter *next = w->next;

		w->fn(w->arg, answer, e);
		free(w);
		w = next;
	}
}

static void tell_reloaded(struct host *h, const json_t *answer, const struct err *e)
{
	struct reload_waiter *told = h->reload_waiters, *next = h->reload_next;

	h->reload_waiters = h->stopping ? NULL : next;
	h->reload_next = NULL;
	h->reloading = false;
	if (h->reload_waiters)
		begin_reload(h);
	tell_waiters(told, answer, e);
	if (h->stopping) {
		struct err ends = { 0 };

		err_set(&ends, ERR_REFUSED, "the host is stopping");
		tell_waiters(next, NULL, &ends);
		close_down(h);
	}
}

static void on_reloaded(struct host *h, void *arg)
{
	json_t *answer = arg;
	struct err e = { 0 }, own = { 0 };

	if (server_reload_tls(h->public_server, &e) < 0) {
		log_line(LOG_ERROR, "net", "%s: the certificate in use stays", e.text);
		json_put_text(answer, "tls", e.text);
	}
	if (carry_change(h->carry, &h->config->outbound, &own) < 0) /* it was well when it was read */
		log_line(LOG_ERROR, "net", "outbound: %s: what was in force stays", own.text);
	carry_forget_connections(h->carry);
	discover_want(h, NULL);
	log_line(LOG_INFO, "host", "reloaded: %zu flows, generation %u", h->config->flow_count, h->config->generation);
	tell_reloaded(h, answer, NULL);
	json_decref(answer);
	host_wants_turn(h);
}

static void on_new_config(void *arg, struct config *c)
{
	struct host *h = arg;
	json_t *answer = json_pack("{s:O,s:O,s:i}", "errors", c->errors, "refused", c->refused, "flows", (int)c->flow_count);

	if (json_array_size(c->errors)) {
		struct err e = { 0 };
		size_t i;
		json_t *one;

		json_array_foreach(c->errors, i, one) {
			char *text = config_error_text(one);

			log_line(LOG_ERROR, "reload", "%s", text);
			err_set(&e, ERR_INPUT, "nothing was changed: %s", text);
			free(text);
		}
		config_release(c);
		tell_reloaded(h, answer, &e);
		json_decref(answer);
		return;
	}
	put_in_force(h, c, on_reloaded, answer);
}

static void begin_reload(struct host *h)
{
	struct config_reader r = host_reader(h);

	h->reloading = true;
	config_read(&r, on_new_config, h);
}

void host_reload(struct host *h, const char *who, host_fn *fn, void *arg)
{
	struct reload_waiter **list = h->reloading ? &h->reload_next : &h->reload_waiters, *w;

	log_line(LOG_INFO, "host", "reload asked for by %s", who);
	if (h->stopping) {
		struct err e = { 0 };

		err_set(&e, ERR_REFUSED, "the host is stopping");
		fn(arg, NULL, &e);
		return;
	}
	w = xcalloc(1, sizeof *w);
	w->fn = fn;
	w->arg = arg;
	w->next = *list; /* one under way may have read the files already: those who ask now get the next */
	*list = w;
	if (!h->reloading)
		begin_reload(h);
}

void host_advance(struct host *h, int64_t ms, host_fn *fn, void *arg)
{
	struct err e = { 0 };

	if (!h->conf.test_clock) {
		err_set(&e, ERR_REFUSED, "the clock can be moved only where mlc run was started with --test-clock");
		fn(arg, NULL, &e);
		return;
	}
	loop_advance(h->loop, ms);
	host_wants_turn(h);
	fn(arg, NULL, NULL);
}
