/* report.c - what an operator asks of a running host: status, list, story, ping, visits. */
#include "flow/flow.h"

#include "base/crypto.h"
#include "base/decimal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/shown.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

/* One question to the store whose answer goes to a command under a name. */
struct question {
	struct host *host;
	host_fn *fn;
	void *arg;
	const char *member;
	json_t *answer;
};

static struct question *question(struct host *h, host_fn *fn, void *arg, const char *member)
{
	struct question *q = xcalloc(1, sizeof *q);

	q->host = h;
	q->fn = fn;
	q->arg = arg;
	q->member = member;
	q->answer = json_object();
	return q;
}

static void question_over(struct question *q, const struct err *e)
{
	q->fn(q->arg, e ? NULL : q->answer, e);
	json_decref(q->answer);
	free(q);
}

static void on_rows(void *arg, const json_t *rows, const struct err *e)
{
	struct question *q = arg;

	json_object_set(q->answer, q->member, (json_t *)rows);
	question_over(q, e);
}

static void fail(host_fn *fn, void *arg, int code, const char *text)
{
	struct err e = { 0 };

	err_set(&e, code, "%s", text);
	fn(arg, NULL, &e);
}

int filter_names(const struct host *h, const json_t *filter, struct err *e)
{
	const char *tenant = json_text_at(filter, "tenant"), *flow = json_text_at(filter, "flow");
	int code = tenant && !strcmp(tenant, APP_TENANT) ? 0 : config_has_tenant(h->config, tenant, e);
	bool known = false;

	if (code < 0)
		return code;
	for (size_t i = 0; flow && i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];

		known = known || ((!tenant || !strcmp(f->tenant, tenant)) &&
			(!strcmp(f->name, flow) || !strcmp(f->integration, flow)));
	}
	if (flow && !known)
		return err_set(e, ERR_ABSENT, "%s has no flow '%s': mlc status shows them", tenant ? tenant : "nobody", flow);
	return 0;
}

struct connection *connection_named(struct host *h, const char *path, host_fn *fn, void *arg)
{
	const char *slash = path ? strchr(path, '/') : NULL;
	char tenant[64] = "";
	struct connection *c;
	struct err e = { 0 };

	if (slash && (size_t)(slash - path) < sizeof tenant)
		memcpy(tenant, path, (size_t)(slash - path));
	c = slash ? connection_find(h->connections, tenant, slash + 1) : NULL;
	if (!c) {
		err_set(&e, ERR_ABSENT, "there is no connection '%s': TENANT/CONNECTION is wanted; one whose file is new is known"
			" from mlc reload on", path ? path : "");
		fn(arg, NULL, &e);
	}
	return c;
}

/* ---- status ---------------------------------------------------------------------------------------- */

struct status {
	struct question *q;
	char *tenant;
	json_t *counts;
};

static const json_t *counts_of(const json_t *counts, const struct flow *f)
{
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)counts, i, row)
		if (!strcmp(json_text_or(row, "tenant", ""), f->tenant) && !strcmp(json_text_or(row, "flow", ""), f->name))
			return row;
	return NULL;
}

static json_t *flow_status(const struct flow *f, const json_t *counts)
{
	json_t *o = json_object();
	static const char *const states[] = { "ready", "waits", "sending", "would", "held", "review", "done", "skipped" };

	json_put_text(o, "flow", f->key);
	json_put_text(o, "mapping", f->mapping);
	json_put_text(o, "mode", f->mode == FLOW_LIVE ? "live" : "shadow");
	json_object_set_new(o, "enabled", json_boolean(f->enabled));
	json_object_set_new(o, "paused", json_boolean(f->paused));
	json_put_text(o, "held_cause", f->held);
	json_put_text(o, "held_why", f->held_why);
	json_put_text(o, "source", connection_path(f->source));
	json_put_text(o, "target", connection_path(f->target));
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		json_put_int(o, states[i], json_int_or(counts, states[i], 0));
	return o;
}

struct each_status { struct host *host; json_t *list; const char *tenant; };

static void add_connection(void *arg, struct connection *c)
{
	struct each_status *s = arg;
	json_t *one, *troubles;

	if (s->tenant && strcmp(s->tenant, connection_tenant(c)))
		return;
	one = connection_status(c);
	troubles = json_object();
	for (const struct feed_state *f = s->host->feeds; f; f = f->next)
		if (f->connection == c && f->feed && f->trouble)
			json_put_text(troubles, f->feed->name, f->trouble);
	json_object_set_new(one, "feeds_in_trouble", troubles);
	json_array_append_new(s->list, one);
}

static void add_app(void *arg, struct connection *c)
{
	json_array_append_new(arg, connection_status(c));
}

/* What a person can do about a cause, as a command to type. */
static char *advice(const json_t *row)
{
	const char *state = json_text_or(row, "state", ""), *tenant = json_text_or(row, "tenant", "");
	char *cause = shown_word(json_text_or(row, "cause", "")), *text;

	if (!strcmp(state, "review"))
		text = xformat("mlc list review --tenant %s --cause %s   then mlc decide %s --cause %s ...", tenant, cause, tenant,
			cause);
	else
		text = xformat("mend the cause, then mlc release %s --cause %s", tenant, cause);
	free(cause);
	return text;
}

static bool needs_person(const json_t *row)
{
	const char *state = json_text_or(row, "state", ""), *cause = json_text_or(row, "cause", "");

	return !strcmp(state, "review") || (!strcmp(state, "held") && strncmp(cause, "needs:", 6));
}

static void add_things(struct host *h, json_t *things, const json_t *causes, const char *tenant)
{
	const char *kind, *about;
	json_t *row, *of_kind, *one;
	size_t i;

	json_array_foreach((json_t *)causes, i, row) {
		json_t *thing;
		char *type;

		if (!needs_person(row))
			continue;
		thing = json_deep_copy(row);
		type = advice(row);
		json_put_text(thing, "type", type);
		json_array_append_new(things, thing);
		free(type);
	}
	json_object_foreach(h->alerts, kind, of_kind)
		json_object_foreach(of_kind, about, one) {
			json_t *thing;

			if (tenant && strchr(about, '/') && (strncmp(about, tenant, strlen(tenant)) || about[strlen(tenant)] != '/'))
				continue;
			thing = json_object();
			json_put_text(thing, "alert", kind);
			json_put_text(thing, "about", about);
			json_put_text(thing, "why", json_text_at(one, "text"));
			json_put_int(thing, "oldest_ms", json_int_or(one, "since_ms", 0));
			json_put_int(thing, "count", 1);
			json_array_append_new(things, thing);
		}
}

static void on_causes(void *arg, const json_t *rows, const struct err *e)
{
	struct status *s = arg;
	struct question *q = s->q;
	struct host *h = q->host;
	json_t *flows = json_array(), *connections = json_array(), *things = json_array(), *apps = json_array();
	struct each_status each = { h, connections, s->tenant };
	struct store_health health;

	for (size_t i = 0; i < h->config->flow_count; i++) {
		const struct flow *f = h->config->flows[i];

		if (!s->tenant || !strcmp(s->tenant, f->tenant))
			json_array_append_new(flows, flow_status(f, counts_of(s->counts, f)));
	}
	connections_each(h->connections, add_connection, &each);
	connections_each_app(h->connections, add_app, apps);
	json_object_set_new(q->answer, "apps", apps);
	json_object_set_new(q->answer, "calendar", calendar_all(h));
	add_things(h, things, rows, s->tenant);
	store_health(h->store, &health);
	json_object_set_new(q->answer, "well", json_boolean(!json_array_size(things)));
	json_object_set_new(q->answer, "things", things);
	json_object_set_new(q->answer, "flows", flows);
	json_object_set_new(q->answer, "connections", connections);
	json_object_set(q->answer, "causes", (json_t *)rows);
	json_put_int(q->answer, "generation", h->config->generation);
	json_put_int(q->answer, "now_ms", loop_now_ms(h->loop));
	json_put_int(q->answer, "at_work", (int64_t)h->work_count);
	json_object_set_new(q->answer, "store", json_pack("{s:b,s:i,s:I,s:s}", "writable", (int)health.writable, "queued",
		(int)health.queued, "commits", (json_int_t)health.commits, "why", health.why));
	json_decref(s->counts);
	free(s->tenant);
	free(s);
	question_over(q, e);
}

static void on_counts(void *arg, const json_t *rows, const struct err *e)
{
	struct status *s = arg;

	if (e) {
		struct question *q = s->q;

		free(s->tenant);
		free(s);
		question_over(q, e);
		return;
	}
	s->counts = json_deep_copy(rows);
	store_causes(s->q->host->store, s->tenant, on_causes, s);
}

void host_status(struct host *h, const char *tenant, host_fn *fn, void *arg)
{
	struct err e = { 0 };
	struct status *s;

	if (config_has_tenant(h->config, tenant, &e) < 0) {
		fn(arg, NULL, &e);
		return;
	}
	s = xcalloc(1, sizeof *s);
	s->q = question(h, fn, arg, NULL);
	s->tenant = tenant ? xstrdup(tenant) : NULL;
	store_counts(h->store, tenant, on_counts, s);
}

/* ---- lists ------------------------------------------------------------------------------------------- */

/* What the mapping said of it (a review's options, what it would write) as JSON, not as text. */
static void on_list(void *arg, const json_t *rows, const struct err *e)
{
	json_t *list = json_deep_copy(rows), *row;
	size_t i;

	json_array_foreach(list, i, row) {
		const char *doc = json_text_at(row, "doc");
		json_t *read = doc && *doc ? json_read(doc, strlen(doc), NULL) : NULL;

		json_object_set_new(row, "doc", read ? read : json_object());
	}
	on_rows(arg, list, e);
	json_decref(list);
}

void host_list(struct host *h, const char *what, const json_t *filter, host_fn *fn, void *arg)
{
	struct err e = { 0 };
	json_t *f;

	if (filter_names(h, filter, &e) < 0) {
		fn(arg, NULL, &e);
		return;
	}
	f = filter ? json_deep_copy(filter) : json_object();
	if (strcmp(what, "all"))
		json_put_text(f, "state", what);
	json_object_set_new(f, "doc", json_true());
	store_list(h->store, f, on_list, question(h, fn, arg, "deliveries"));
	json_decref(f);
}

void host_links(struct host *h, const json_t *filter, host_fn *fn, void *arg)
{
	struct err e = { 0 };

	if (filter_names(h, filter, &e) < 0) {
		fn(arg, NULL, &e);
		return;
	}
	store_links(h->store, filter, on_rows, question(h, fn, arg, "links"));
}

void host_audit_list(struct host *h, const json_t *filter, host_fn *fn, void *arg)
{
	struct err e = { 0 };

	if (filter_names(h, filter, &e) < 0)
		fn(arg, NULL, &e);
	else
		store_audit(h->store, filter, on_rows, question(h, fn, arg, "audit"));
}

struct explaining {
	const char *code;
	json_t *found;
};

static void explain_by(void *arg, struct plugin *plugin)
{
	struct explaining *x = arg;
	const struct mlc_connector *k = plugin_connector(plugin);

	for (const struct mlc_code *c = k->codes; c && c->code && !x->found; c++) {
		char *text;

		if (strcasecmp(c->code, x->code))
			continue;
		text = xformat("%s, %s: %s\nto do: %s", k->title, c->code, c->means, c->cure);
		x->found = json_pack("{s:s,s:s,s:s,s:s,s:s}", "text", text, "connector", k->name, "code", c->code,
			"means", c->means, "cure", c->cure);
		free(text);
	}
}

void host_explain(struct host *h, const char *code, host_fn *fn, void *arg)
{
	struct explaining x = { code, NULL };
	struct err e = { 0 };

	registry_each(h->registry, explain_by, &x);
	if (!x.found)
		err_set(&e, ERR_ABSENT, "no connector knows the code '%.40s'", code);
	fn(arg, x.found, e.code ? &e : NULL);
	json_decref(x.found);
}

void host_visits(struct host *h, const char *path, const json_t *filter, host_fn *fn, void *arg)
{
	struct connection *c = connection_named(h, path, fn, arg);
	json_t *f;

	if (!c)
		return;
	if (!connection_peer_calls(c)) {
		fail(fn, arg, ERR_ABSENT, "nobody visits us from there: that connection is called by us (mlc audit tells of it)");
		return;
	}
	f = filter ? json_deep_copy(filter) : json_object();
	json_put_text(f, "tenant", connection_tenant(c));
	json_put_text(f, "connection", connection_name(c));
	json_put_text(f, "move", "visit");
	json_object_set_new(f, "payload", json_true());
	store_audit(h->store, f, on_rows, question(h, fn, arg, "visits"));
	json_decref(f);
}

static void on_report(void *arg, const json_t *report, const struct err *e)
{
	on_rows(arg, report, e);
}

static void on_erased(void *arg, const json_t *report, const struct err *e)
{
	struct err none = { 0 };

	if (!e && !json_int_or(report, "payloads", 0) && !json_int_or(report, "deliveries", 0)) {
		err_set(&none, ERR_ABSENT, "nothing is kept of that record");
		e = &none;
	}
	on_rows(arg, report, e);
}

void host_audit_verify(struct host *h, host_fn *fn, void *arg)
{
	store_audit_verify(h->store, on_report, question(h, fn, arg, "tenants"));
}

void host_backup(struct host *h, const char *path, const char *who, host_fn *fn, void *arg)
{
	struct txn *t = txn_begin(h->store);

	host_audit(t, "", "backup", who, NULL, 0, json_pack("{s:s}", "file", path));
	host_commit_quietly(t);
	store_backup(h->store, path, on_report, question(h, fn, arg, "backup"));
}

void host_erase(struct host *h, const char *path, const char *entity, const char *id, const char *who, host_fn *fn, void *arg)
{
	struct connection *c = connection_named(h, path, fn, arg);

	if (c)
		store_erase(h->store, connection_tenant(c), connection_name(c), entity, id, who, on_erased,
			question(h, fn, arg, "erased"));
}

/* ---- story -------------------------------------------------------------------------------------------- */

struct story {
	struct question *q;
	json_t *filter; /* tenant, connection, entity */
	char *rid;
	char *after;    /* where the search for a document's number goes on */
	bool of_target; /* it was asked by the document that we made; told from the record it came from */
};

static void story_ask(struct story *);

static void story_over(struct story *s, const struct err *e)
{
	struct question *q = s->q;

	json_decref(s->filter);
	free(s->rid);
	free(s->after);
	free(s);
	question_over(q, e);
}

static void on_story_audit(void *arg, const json_t *rows, const struct err *e)
{
	struct story *s = arg;

	json_object_set(s->q->answer, "events", (json_t *)rows);
	story_over(s, e);
}

static void on_story_links(void *arg, const json_t *rows, const struct err *e)
{
	struct story *s = arg;
	json_t *filter = json_deep_copy(s->filter);

	if (e) {
		json_decref(filter);
		story_over(s, e);
		return;
	}
	json_object_set(s->q->answer, "links", (json_t *)rows);
	json_put_text(filter, "rid", s->rid);
	json_object_set_new(filter, "payload", json_true());
	json_put_int(filter, "limit", 500);
	store_audit(s->q->host->store, filter, on_story_audit, s);
	json_decref(filter);
}

static void nothing_known(struct story *s, const struct err *e)
{
	struct err none = { 0 };

	if (!e)
		err_set(&none, ERR_ABSENT, "nothing is known of %s %s: mlc list all shows what came in",
			json_text_or(s->filter, "entity", ""), s->rid);
	story_over(s, e ? e : &none);
}

/* A document of the target: the record that it was made of tells its story. */
static void on_maker(void *arg, const json_t *rows, const struct err *e)
{
	struct story *s = arg;
	const json_t *link = json_array_get(rows, 0);

	if (e || !link) {
		nothing_known(s, e);
		return;
	}
	json_put_text(s->filter, "connection", json_text_at(link, "source_connection"));
	json_put_text(s->filter, "entity", json_text_at(link, "source_entity"));
	free(s->rid);
	s->rid = xstrdup(json_text_or(link, "source_id", ""));
	story_ask(s);
}

static void ask_maker(struct story *s, const char *target_id)
{
	json_t *filter = json_pack("{s:s,s:s,s:s,s:s,s:i}", "tenant", json_text_or(s->filter, "tenant", ""), "target_connection",
		json_text_or(s->filter, "connection", ""), "target_entity", json_text_or(s->filter, "entity", ""), "target_id",
		target_id, "limit", 1);

	store_links(s->q->host->store, filter, on_maker, s);
	json_decref(filter);
}

static void look_for_number(struct story *);

static void on_numbers(void *arg, const json_t *rows, const struct err *e)
{
	struct story *s = arg;
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)rows, i, row) {
		const char *text = json_text_at(row, "text"), *number;
		json_t *record = text ? json_read(text, strlen(text), NULL) : NULL;
		bool found;

		number = json_text_or(record, "RefNumber", json_text_or(record, "DocNumber", json_text_or(record, "number", "")));
		found = !strcmp(number, s->rid) || !strcmp(json_text_or(row, "rid", ""), s->rid);
		json_decref(record);
		if (found) {
			ask_maker(s, json_text_or(row, "rid", ""));
			return;
		}
	}
	if (e || !i) {
		nothing_known(s, e);
		return;
	}
	free(s->after);
	s->after = xstrdup(json_text_or(json_array_get(rows, i - 1), "after", ""));
	look_for_number(s);
}

static void look_for_number(struct story *s)
{
	json_t *filter = json_deep_copy(s->filter);

	json_put_int(filter, "limit", 500);
	if (s->after)
		json_put_text(filter, "after", s->after);
	store_records(s->q->host->store, filter, on_numbers, s);
	json_decref(filter);
}

static void on_story_deliveries(void *arg, const json_t *rows, const struct err *e)
{
	struct story *s = arg;
	const json_t *first = json_array_get(rows, 0);
	json_t *filter;

	if (!e && !first && !s->of_target) {
		s->of_target = true;
		look_for_number(s);
		return;
	}
	if (e || !first) {
		nothing_known(s, e);
		return;
	}
	json_object_set(s->q->answer, "deliveries", (json_t *)rows);
	free(s->rid);
	s->rid = xstrdup(json_text_or(first, "rid", ""));
	filter = json_pack("{s:s,s:s,s:s,s:i}", "tenant", json_text_or(first, "tenant", ""), "source_connection",
		json_text_or(s->filter, "connection", ""), "source_id", s->rid, "limit", 100);
	store_links(s->q->host->store, filter, on_story_links, s);
	json_decref(filter);
}

static void on_story_by_id(void *arg, const json_t *rows, const struct err *e)
{
	struct story *s = arg;
	json_t *filter;

	if (e || json_array_size(rows)) {
		on_story_deliveries(s, rows, e);
		return;
	}
	/* Not an id: perhaps the number that people call it by. */
	filter = json_deep_copy(s->filter);
	json_put_text(filter, "label", s->rid);
	json_put_int(filter, "limit", 100);
	store_list(s->q->host->store, filter, on_story_deliveries, s);
	json_decref(filter);
}

static void story_ask(struct story *s)
{
	json_t *filter = json_deep_copy(s->filter);

	json_put_text(filter, "rid", s->rid);
	json_put_int(filter, "limit", 100);
	store_list(s->q->host->store, filter, on_story_by_id, s);
	json_decref(filter);
}

void host_story(struct host *h, const char *path, const char *entity, const char *id, host_fn *fn, void *arg)
{
	struct connection *c = connection_named(h, path, fn, arg);
	struct err e = { 0 };
	struct story *s;

	if (!c)
		return;
	if (!connector_entity(connection_connector(c), entity)) {
		err_set(&e, ERR_ABSENT, "%s has no entity '%s': mlc schema %s lists them", path, entity, connection_connector(c)->name);
		fn(arg, NULL, &e);
		return;
	}
	s = xcalloc(1, sizeof *s);
	s->q = question(h, fn, arg, NULL);
	s->rid = xstrdup(id);
	s->filter = json_pack("{s:s,s:s,s:s}", "tenant", connection_tenant(c), "connection", connection_name(c), "entity", entity);
	story_ask(s);
}

/* ---- ping ------------------------------------------------------------------------------------------------ */

struct pinging {
	struct question *q;
	size_t open;
};

struct ping_one {
	struct task task; /* first */
	struct pinging *p;
	json_t *row;
};

static void pinging_over(struct pinging *p)
{
	struct question *q = p->q;

	if (--p->open)
		return;
	free(p);
	question_over(q, NULL);
}

static void on_pinged(struct task *task, const struct outcome *o)
{
	struct ping_one *one = (struct ping_one *)task;
	static const char *const causes[] = { "", "retry", "limited", "stale", "auth", "refused", "in_doubt", "broken" };

	json_object_set_new(one->row, "ok", json_boolean(!o->failed));
	if (o->failed) {
		json_put_text(one->row, "cause", o->fault <= MLC_BROKEN ? causes[o->fault] : "broken");
		json_put_text(one->row, "text", o->text);
	} else {
		connection_works((struct connection *)o->connection);
		facts_told(one->p->q->host, o->connection);
	}
	json_object_set_new(one->row, "facts", o->facts ? json_deep_copy(o->facts) : json_object());
	pinging_over(one->p);
	free(one);
}

/* Names that the mappings use and the books, as last seen, do not hold (uses.c). */
static void add_lacks(struct host *h, const struct connection *c, json_t *row)
{
	json_object_set_new(row, "lacks", uses_missing(h, c));
}

struct ping_each { struct host *host; struct pinging *p; json_t *list; const char *tenant; };

static void ping_connection(struct host *h, struct pinging *p, json_t *list, struct connection *c)
{
	json_t *row = json_object(), *status = connection_status(c);
	const char *cause = NULL, *why = connection_held(c, &cause, NULL);

	json_put_text(row, "connection", connection_path(c));
	json_put_text(row, "connector", connection_connector(c)->name);
	json_array_append_new(list, row);
	add_lacks(h, c, row);
	discover_want(h, c);
	if (connection_peer_calls(c)) {
		int64_t last = json_int_or(status, "last_visit_ms", 0);

		json_object_set_new(row, "facts", json_deep_copy(connection_facts(c)));
		json_put_int(row, "last_visit_ms", last);
		json_object_set_new(row, "ok", json_boolean(last && !why));
		if (!last && !why) {
			json_put_text(row, "cause", "no_visit");
			json_put_text(row, "text", "nobody has called yet: install the .qwc (mlc qwc), type the password into the "
				"Web Connector, tick Auto-Run");
		} else if (why) {
			json_put_text(row, "cause", cause);
			json_put_text(row, "text", why);
		}
	} else {
		struct ping_one *one = xcalloc(1, sizeof *one);

		one->p = p;
		one->row = row;
		one->task.done = on_pinged;
		p->open++;
		host_call(h, c, &(struct order) { .op = OP_PING, .urgent = true }, &one->task);
	}
	json_decref(status);
}

static void ping_each(void *arg, struct connection *c)
{
	struct ping_each *e = arg;

	if (!e->tenant || !strcmp(e->tenant, connection_tenant(c)))
		ping_connection(e->host, e->p, e->list, c);
}

void host_ping(struct host *h, const char *target, host_fn *fn, void *arg)
{
	struct connection *c = NULL;
	struct err e = { 0 };
	struct pinging *p;
	json_t *list;

	if (target && strchr(target, '/')) {
		c = connection_named(h, target, fn, arg);
		if (!c)
			return;
	} else if (config_has_tenant(h->config, target, &e) < 0) {
		fn(arg, NULL, &e);
		return;
	}
	list = json_array();
	p = xcalloc(1, sizeof *p);
	p->q = question(h, fn, arg, NULL);
	p->open = 1;
	json_object_set_new(p->q->answer, "connections", list);
	if (c)
		ping_connection(h, p, list, c);
	else
		connections_each(h->connections, ping_each, &(struct ping_each) { h, p, list, target });
	pinging_over(p);
}

/* ---- the file for a peer, secrets, metrics ------------------------------------------------------------------ */

static void on_invited(void *arg, const char *text, const struct err *e)
{
	struct question *q = arg;

	json_put_text(q->answer, "text", text);
	question_over(q, e);
}

void host_qwc(struct host *h, const char *path, host_fn *fn, void *arg)
{
	struct connection *c = connection_named(h, path, fn, arg);

	if (c && !connection_connector(c)->invite)
		fail(fn, arg, ERR_ABSENT, "there is no such file for that connection: it is called by us, and does not call");
	else if (c)
		connection_invite(c, on_invited, question(h, fn, arg, NULL));
}

static void on_secret(void *arg, const struct txn_result *r)
{
	struct question *q = arg;
	struct err e = { 0 };

	const char *path = json_text_at(q->answer, "connection"), *slash = strchr(path, '/');
	char *tenant = xstrndup(path, (size_t)(slash - path));
	struct connection *c = connection_find(q->host->connections, tenant, slash + 1);

	if (r->code < 0)
		err_set(&e, r->code, "%s", r->text);
	else if (c) {
		connection_secret_changed(c);
		facts_want(q->host, c);
	}
	free(tenant);
	question_over(q, r->code < 0 ? &e : NULL);
}

void host_secret_set(struct host *h, const char *path, const char *name, const char *secret, const char *who, host_fn *fn,
	void *arg)
{
	struct connection *c = connection_named(h, path, fn, arg);
	const struct mlc_setting *s;
	struct secret *sealed;
	struct question *q;
	struct txn *t;

	if (!c)
		return;
	for (s = connection_connector(c)->settings; s && s->name; s++)
		if (s->secret && !strcmp(s->name, name))
			break;
	if (!s || !s->name) {
		struct err e = { 0 };
		struct buf b;

		buf_init(&b, 1024);
		for (s = connection_connector(c)->settings; s && s->name; s++)
			if (s->secret)
				buf_printf(&b, "%s%s", b.len ? ", " : "", s->name);
		err_set(&e, ERR_ABSENT, "%s has no secret '%s': it knows %s", connection_connector(c)->name, name, b.data);
		buf_finish(&b);
		fn(arg, NULL, &e);
		return;
	}
	sealed = secret_create(secret, strlen(secret));
	t = txn_begin(h->store);
	txn_secret(t, connection_tenant(c), connection_name(c), name, sealed);
	host_audit(t, connection_tenant(c), "secret", who, NULL, 0, json_pack("{s:s,s:s}", "connection", connection_name(c),
		"name", name));
	secret_destroy(sealed);
	q = question(h, fn, arg, NULL);
	json_put_text(q->answer, "connection", path);
	json_put_text(q->answer, "name", name);
	txn_commit(t, on_secret, q);
}

void host_secrets(struct host *h, host_fn *fn, void *arg)
{
	store_secret_names(h->store, NULL, on_rows, question(h, fn, arg, "secrets"));
}

void host_key_rotate(struct host *h, const char *path, const char *who, host_fn *fn, void *arg)
{
	struct err e = { 0 };
	struct master_key *key;

	if (!file_exists(path) && master_key_make(path, &e) < 0) {
		fn(arg, NULL, &e);
		return;
	}
	key = master_key_read(path, &e);
	if (!key) {
		fn(arg, NULL, &e);
		return;
	}
	store_key_rotate(h->store, key, who, on_report, question(h, fn, arg, "rotated"));
}

static void on_metric_counts(void *arg, const json_t *rows, const struct err *e)
{
	struct question *q = arg;
	struct host *h = q->host;
	struct store_health health;
	struct server_counts net;

	store_health(h->store, &health);
	server_counts(h->public_server, &net);
	json_object_set(q->answer, "flows", (json_t *)rows);
	json_put_int(q->answer, "commits", (int64_t)health.commits);
	json_put_int(q->answer, "queued", health.queued);
	json_put_int(q->answer, "requests", (int64_t)net.requests);
	json_put_int(q->answer, "refused", (int64_t)net.refused);
	json_put_int(q->answer, "timed_out", (int64_t)net.timed_out);
	json_put_int(q->answer, "sockets", net.open);
	json_put_int(q->answer, "at_work", (int64_t)h->work_count);
	json_put_int(q->answer, "uptime_ms", loop_now_ms(h->loop) - h->started_ms);
	question_over(q, e);
}

void host_metrics(struct host *h, host_fn *fn, void *arg)
{
	store_counts(h->store, NULL, on_metric_counts, question(h, fn, arg, NULL));
}
