/* plan.c - what the files as they lie there would make of the records of the last days: both mappings, the one in
 * force and the new one, are given the same record and the same answers, and what comes out is compared.  Nothing is
 * asked of a remote: links, mirrors and records that we hold answer, and else what is looked up is taken to be there. */
#include "flow/work.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX   500 /* records that are told one by one; all are counted */
#define AT_ONCE     16
#define PAGE        500
#define RECORDS_MAX 100000 /* of one flow */

struct plan {
	struct host *host;
	host_fn *fn;
	void *arg;
	char *tenant; /* NULL: all */
	int64_t since_ms;
	struct config *was, *now;
	size_t flow;       /* of now->flows: the one that is being listed */
	json_t *found;     /* its records, by id: each is looked at once */
	json_t *todo;      /* their ids */
	size_t next, open;
	json_t *answer, *row; /* row: this flow's, in the answer */
	bool worse;
};

enum side { WAS, NOW, SIDES };

/* One record under both mappings. */
struct planned {
	struct plan *plan;
	struct flow *flows[SIDES]; /* WAS NULL: the flow is new */
	struct work work;          /* what a header is made of; no delivery is at work */
	enum side side;
	unsigned round;
	size_t asks_open;
	json_t *link, *verdicts[SIDES];
	json_t *effect;            /* of the new one with the link that there is; NULL: not linked */
	bool with_link;
};

static void plan_next(struct plan *);
static void list_flow(struct plan *);
static void map(struct planned *);

/* ---- the end ----------------------------------------------------------------------------------- */

static void plan_over(struct plan *p, const struct err *e)
{
	p->fn(p->arg, p->answer, e);
	json_decref(p->answer);
	json_decref(p->found);
	json_decref(p->todo);
	config_release(p->was);
	config_release(p->now);
	free(p->tenant);
	free(p);
}

static void planned_free(struct planned *d)
{
	free(d->work.entity);
	free(d->work.rid);
	free(d->work.version);
	free(d->work.text);
	json_decref(d->work.answers);
	json_decref(d->link);
	json_decref(d->verdicts[WAS]);
	json_decref(d->verdicts[NOW]);
	json_decref(d->effect);
	free(d);
}

static void planned_over(struct planned *d)
{
	struct plan *p = d->plan;

	planned_free(d);
	p->open--;
	plan_next(p);
}

/* ---- what differs -------------------------------------------------------------------------------- */

static const json_t *data_of(const json_t *verdict)
{
	return json_object_get(json_array_get(json_object_get(verdict, "writes"), 0), "data");
}

/* { name, was, now } of each member of the document that is another one. */
static json_t *fields_of(const json_t *was, const json_t *now)
{
	json_t *list = json_array(), *value;
	const char *name;

	json_object_foreach((json_t *)was, name, value) {
		json_t *other = json_object_get(now, name);

		if (!other || !json_equal(value, other))
			json_array_append_new(list, json_pack("{s:s,s:O,s:O?}", "name", name, "was", value, "now", other));
	}
	json_object_foreach((json_t *)now, name, value)
		if (!json_object_get(was, name))
			json_array_append_new(list, json_pack("{s:s,s:n,s:O}", "name", name, "was", "now", value));
	return list;
}

static json_t *in_short(const json_t *verdict)
{
	json_t *o = json_object();

	json_put_text(o, "verdict", json_text_or(verdict, "verdict", "none"));
	json_put_text(o, "cause", json_text_at(verdict, "cause"));
	json_put_text(o, "why", json_text_at(verdict, "why"));
	return o;
}

static bool is_same(const json_t *a, const json_t *b)
{
	return !strcmp(json_text_or(a, "verdict", ""), json_text_or(b, "verdict", "")) &&
		!strcmp(json_text_or(a, "cause", ""), json_text_or(b, "cause", "")) &&
		json_equal(json_object_get(a, "writes"), json_object_get(b, "writes"));
}

/* It needs a person. */
static bool is_bad(const json_t *verdict)
{
	const char *v = json_text_or(verdict, "verdict", "");

	return !strcmp(v, "hold") || !strcmp(v, "review");
}

static void count_up(json_t *o, const char *name)
{
	json_put_int(o, name, json_int_or(o, name, 0) + 1);
}

static void tell(struct planned *d)
{
	struct plan *p = d->plan;
	const json_t *was = d->verdicts[WAS], *now = d->verdicts[NOW];
	json_t *list = json_object_get(p->answer, "records"), *one;

	count_up(p->row, "records");
	if (is_same(was, now))
		return;
	count_up(p->row, "differ");
	if (is_bad(now) && !is_bad(was)) {
		count_up(p->row, "worse");
		p->worse = true;
	}
	if (json_array_size(list) >= SHOWN_MAX) {
		json_object_set_new(p->answer, "more", json_true());
		return;
	}
	one = json_object();
	json_put_text(one, "flow", d->flows[NOW]->key);
	json_put_text(one, "entity", d->work.entity);
	json_put_text(one, "rid", d->work.rid);
	json_put_text(one, "label", json_text_or(now, "label", json_text_or(was, "label", d->work.rid)));
	json_object_set_new(one, "was", in_short(was));
	json_object_set_new(one, "now", in_short(now));
	json_object_set_new(one, "fields", fields_of(data_of(was), data_of(now)));
	json_object_set_new(one, "linked", json_boolean(d->link != NULL));
	/* What would happen to the document that is there; to one that is not, what now says. */
	json_put_text(one, "effect", d->effect ? json_text_or(d->effect, "verdict", "none") : NULL);
	json_array_append_new(list, one);
}

/* ---- answers to what a mapping asks, from what we hold ----------------------------------------------- */

struct asked {
	struct planned *planned;
	char *key, *kind, *entity, *id;
	json_t *by;
	bool in_source;
};

static void answered(struct asked *a, json_t *answer /* taken over */)
{
	struct planned *d = a->planned;

	json_object_set_new(d->work.answers, a->key, answer);
	free(a->key);
	free(a->kind);
	free(a->entity);
	free(a->id);
	json_decref(a->by);
	free(a);
	if (--d->asks_open == 0)
		map(d);
}

static json_t *record_of(const char *id, const char *version, json_t *data /* taken over */)
{
	return json_pack("{s:s,s:s?,s:o}", "id", id, "version", version, "data", data ? data : json_object());
}

static void on_need(void *arg, const json_t *rows, const struct err *e)
{
	struct asked *a = arg;
	const json_t *row = e ? NULL : json_array_get(rows, 0);
	const char *id = json_text_at(row, "target_id");

	if (id)
		answered(a, json_pack("{s:s,s:s?,s:s?,s:s?}", "id", id, "version", json_text_at(row, "target_version"),
			"entity", json_text_at(row, "target_entity"), "made", json_text_at(row, "made")));
	else if (!strcmp(a->kind, "linked"))
		answered(a, json_pack("{s:b}", "none", 1));
	else
		answered(a, json_pack("{s:b,s:s}", "shadow", 1, "entity", a->entity));
}

static void need(struct asked *a, const json_t *ask, struct flow *f)
{
	const char *identity = json_text_at(ask, "identity"), *rid = json_text_at(ask, "record.id");
	struct flow *other = host_flow_of_mapping(a->planned->plan->host, f, json_text_or(ask, "mapping", ""));
	json_t *filter = json_object();

	free(a->entity);
	a->entity = xstrdup(other ? other->target_entity : "");
	json_put_text(filter, "tenant", f->tenant);
	json_put_text(filter, "flow", other ? other->name : "");
	if (identity) {
		json_put_text(filter, "identity", identity);
	} else {
		json_put_text(filter, "source_connection", connection_name(f->source));
		json_put_text(filter, "source_id", rid ? rid : a->planned->work.rid);
	}
	json_put_int(filter, "limit", 1);
	store_links(a->planned->plan->host->store, filter, on_need, a);
	json_decref(filter);
}

static json_t *read_text(const char *text)
{
	return text ? json_read(text, strlen(text), NULL) : NULL;
}

/* What real deliveries found when they looked; NULL: none did. */
static json_t *seen_lately(const struct asked *a, const json_t *by)
{
	const struct flow *f = a->planned->work.flow;
	char *key = looked_key(a->in_source ? f->source : f->target, a->entity, by);
	json_t *known = key ? read_text(json_string_value(json_object_get(a->planned->plan->host->looked, key))) : NULL;

	free(key);
	return known;
}

/* Else it is taken to be there, as asked for. */
static json_t *found_lately(const struct asked *a)
{
	json_t *known = seen_lately(a, a->by);

	return known ? known : json_pack("{s:[o]}", "records", record_of("assumed", NULL, json_deep_copy(a->by)));
}

static void on_mirrored(void *arg, const json_t *rows, const struct err *e)
{
	struct asked *a = arg;
	json_t *list = json_array(), *row;
	size_t i;

	(void)e; /* then there are no rows */
	json_array_foreach((json_t *)rows, i, row)
		json_array_append_new(list, record_of(json_text_or(row, "id", ""), json_text_at(row, "version"),
			read_text(json_text_at(row, "data"))));
	/* A like of the document itself is there or not by its link alone. */
	if (!json_array_size(list) && strcmp(a->entity, a->planned->work.flow->target_entity) != 0) {
		json_decref(list);
		answered(a, found_lately(a));
		return;
	}
	answered(a, json_pack("{s:o}", "records", list));
}

static void on_record(void *arg, const json_t *rows, const struct err *e)
{
	struct asked *a = arg;
	const json_t *row = e ? NULL : json_array_get(rows, 0);
	json_t *data = read_text(json_text_at(row, "text")), *id = json_string(a->id);
	json_t *known = data ? NULL : seen_lately(a, id);

	json_decref(id);
	answered(a, known ? known : json_pack("{s:o}", "record", data ? record_of(a->id, NULL, data) : json_null()));
}

static void fetch(struct asked *a, struct flow *f)
{
	const json_t *link = a->planned->link;
	json_t *filter;

	/* What we wrote last stands for the document. */
	if (!a->in_source && !strcmp(json_text_or(link, "target_id", ""), a->id)) {
		answered(a, json_pack("{s:o}", "record", record_of(a->id, json_text_at(link, "target_version"),
			read_text(json_text_at(link, "base")))));
		return;
	}
	filter = json_pack("{s:s,s:s,s:s,s:s,s:i}", "tenant", f->tenant, "connection",
		connection_name(a->in_source ? f->source : f->target), "entity", a->entity, "rid", a->id, "limit", 1);
	store_records(a->planned->plan->host->store, filter, on_record, a);
	json_decref(filter);
}

static void answer_all(struct planned *d, const json_t *asks)
{
	struct flow *f = d->work.flow;
	size_t i;
	json_t *ask;

	d->asks_open = 1; /* ours, so that none can end it before all have begun */
	json_array_foreach((json_t *)asks, i, ask) {
		struct asked *a = xcalloc(1, sizeof *a);

		a->planned = d;
		a->key = xstrdup(json_text_or(ask, "key", ""));
		a->kind = xstrdup(json_text_or(ask, "kind", ""));
		a->entity = xstrdup(json_text_or(ask, "entity", ""));
		a->id = xstrdup(json_text_or(ask, "id", ""));
		a->by = json_object_get(ask, "by") ? json_deep_copy(json_object_get(ask, "by")) : json_object();
		a->in_source = !strcmp(json_text_or(ask, "connection", "target"), "source");
		d->asks_open++;
		if (!strcmp(a->kind, "ensure") || !strcmp(a->kind, "linked"))
			need(a, ask, f);
		else if (!strcmp(a->kind, "fetch"))
			fetch(a, f);
		else
			store_mirror_find(d->plan->host->store, f->tenant, connection_name(a->in_source ? f->source : f->target),
				a->entity, a->by, on_mirrored, a);
	}
	if (--d->asks_open == 0)
		map(d);
}

/* ---- one record ---------------------------------------------------------------------------------------- */

static void begin_side(struct planned *d, enum side side, bool with_link)
{
	d->side = side;
	d->with_link = with_link;
	d->round = 0;
	d->work.flow = d->flows[side];
	d->work.link = with_link ? d->link : NULL;
	json_decref(d->work.answers);
	d->work.answers = json_object();
	map(d);
}

static void side_over(struct planned *d, json_t *verdict /* taken over */)
{
	if (d->with_link) {
		d->effect = verdict;
	} else {
		d->verdicts[d->side] = verdict;
		if (d->side == WAS) {
			begin_side(d, NOW, false);
			return;
		}
		if (d->link && !is_same(d->verdicts[WAS], verdict)) {
			begin_side(d, NOW, true);
			return;
		}
	}
	tell(d);
	planned_over(d);
}

static void on_mapped(void *arg, const struct cage_reply *r)
{
	struct planned *d = arg;
	json_t *verdict = NULL;

	if (d->plan->host->stopping) {
		planned_over(d);
		return;
	}
	if (r->outcome == CAGE_ANSWERED && r->part_count)
		verdict = json_read(r->parts[0].bytes, r->parts[0].len, NULL);
	if (!verdict)
		verdict = json_pack("{s:s,s:s,s:s?}", "verdict", "hold", "cause", "mapping_crashed", "why", r->why);
	if (strcmp(json_text_or(verdict, "verdict", ""), "ask") || d->round++ >= ROUNDS_MAX) {
		side_over(d, verdict);
		return;
	}
	answer_all(d, json_object_get(verdict, "asks"));
	json_decref(verdict);
}

static void map(struct planned *d)
{
	struct cage_part parts[2];
	struct buf header;

	buf_init(&header, VERDICT_MAX);
	work_map_header(&d->work, &header);
	parts[0] = (struct cage_part) { header.data, header.len };
	parts[1] = (struct cage_part) { d->work.text ? d->work.text : "null", d->work.text ? d->work.text_len : 4 };
	pool_ask(d->plan->host->pool, CAGE_MAP, d->work.flow->config->generation, parts, 2, on_mapped, d);
	buf_finish(&header);
}

static void on_link(void *arg, const json_t *rows, const struct err *e)
{
	struct planned *d = arg;

	if (!e && json_array_size(rows) && json_text_at(json_array_get(rows, 0), "target_id"))
		d->link = json_deep_copy(json_array_get(rows, 0));
	if (d->flows[WAS]) {
		begin_side(d, WAS, false);
	} else {
		d->verdicts[WAS] = json_object();
		begin_side(d, NOW, false);
	}
}

static void look_up_link(struct planned *d)
{
	json_t *filter = json_pack("{s:s,s:s,s:s,s:s,s:i}", "tenant", d->flows[NOW]->tenant, "flow", d->flows[NOW]->name,
		"source_connection", connection_name(d->flows[NOW]->source), "source_id", d->work.rid, "limit", 1);

	store_links(d->plan->host->store, filter, on_link, d);
	json_decref(filter);
}

static void on_text(void *arg, const json_t *rows, const struct err *e)
{
	struct planned *d = arg;
	const json_t *row = e ? NULL : json_array_get(rows, 0);
	const char *text = json_text_at(row, "text"), *version = json_text_at(row, "version");

	d->work.deleted = json_true_at(row, "deleted") || json_int_or(row, "deleted", 0);
	if (!row || (!text && !d->work.deleted)) { /* known by a hint only, or tidied away */
		count_up(d->plan->row, "without_text");
		planned_over(d);
		return;
	}
	d->work.changed_ms = json_int_or(row, "changed_ms", 0);
	d->work.version = version ? xstrdup(version) : NULL;
	if (text) {
		d->work.text = xstrdup(text);
		d->work.text_len = strlen(text);
	}
	look_up_link(d);
}

static struct flow *flow_of(const struct config *c, const char *key)
{
	for (size_t i = 0; c && i < c->flow_count; i++)
		if (!strcmp(c->flows[i]->key, key))
			return c->flows[i];
	return NULL;
}

static void plan_next(struct plan *p)
{
	while (p->open < AT_ONCE && p->next < json_array_size(p->todo) && !p->host->stopping) {
		struct flow *f = p->now->flows[p->flow];
		struct planned *d = xcalloc(1, sizeof *d);
		json_t *filter;

		d->plan = p;
		d->flows[WAS] = flow_of(p->was, f->key);
		d->flows[NOW] = f;
		d->work.host = p->host;
		d->work.flow = f;
		d->work.entity = xstrdup(f->source_entity);
		d->work.rid = xstrdup(json_string_value(json_array_get(p->todo, p->next++)));
		p->open++;
		filter = json_pack("{s:s,s:s,s:s,s:s,s:i}", "tenant", f->tenant, "connection", connection_name(f->source),
			"entity", f->source_entity, "rid", d->work.rid, "limit", 1);
		store_records(p->host->store, filter, on_text, d);
		json_decref(filter);
	}
	if (!p->open) {
		p->flow++;
		list_flow(p);
	}
}

/* ---- which flows, which records ---------------------------------------------------------------------- */

static void on_records(void *arg, const json_t *rows, const struct err *e)
{
	struct plan *p = arg;
	struct flow *f = p->now->flows[p->flow];
	json_t *row, *after = NULL, *filter;
	size_t i;

	json_array_foreach((json_t *)rows, i, row) {
		const char *rid = json_text_at(row, "rid");

		if (rid && !json_object_get(p->found, rid)) {
			json_object_set_new(p->found, rid, json_true());
			json_array_append_new(p->todo, json_string(rid));
		}
		after = json_object_get(row, "after");
	}
	if (!e && after && json_array_size(rows) == PAGE && json_array_size(p->todo) < RECORDS_MAX) {
		filter = json_pack("{s:s,s:s,s:s,s:I,s:O,s:i}", "tenant", f->tenant, "connection", connection_name(f->source),
			"entity", f->source_entity, "from", (json_int_t)p->since_ms, "after", after, "limit", PAGE);
		store_records(p->host->store, filter, on_records, p);
		json_decref(filter);
		return;
	}
	plan_next(p);
}

/* "new", "changed", or NULL: what it makes of a record is what the one in force makes of it. */
static const char *kind_of(const struct plan *p, const struct flow *f)
{
	const struct flow *was = flow_of(p->was, f->key);

	if (!f->enabled || !f->source || !f->target || (p->tenant && strcmp(p->tenant, f->tenant) != 0))
		return NULL;
	if (!was || !was->enabled || !was->source || !was->target)
		return "new";
	return strcmp(was->mapping_hash, f->mapping_hash) ? "changed" : NULL;
}

static void add_gone(struct plan *p)
{
	for (size_t i = 0; i < p->was->flow_count; i++) {
		const struct flow *f = p->was->flows[i], *now = flow_of(p->now, f->key);

		if (f->enabled && (!now || !now->enabled) && (!p->tenant || !strcmp(p->tenant, f->tenant)))
			json_array_append_new(json_object_get(p->answer, "flows"),
				json_pack("{s:s,s:s}", "flow", f->key, "state", "gone"));
	}
}

static void list_flow(struct plan *p)
{
	const char *kind = NULL;
	struct flow *f = NULL;
	json_t *filter;

	for (; p->flow < p->now->flow_count && !kind && !p->host->stopping; p->flow += !kind) {
		f = p->now->flows[p->flow];
		kind = kind_of(p, f);
	}
	if (!kind) {
		json_object_set_new(p->answer, "worse", json_boolean(p->worse));
		plan_over(p, NULL);
		return;
	}
	p->row = json_pack("{s:s,s:s,s:i,s:i,s:i,s:i}", "flow", f->key, "state", kind, "records", 0, "differ", 0, "worse", 0,
		"without_text", 0);
	json_array_append_new(json_object_get(p->answer, "flows"), p->row);
	json_object_clear(p->found);
	json_array_clear(p->todo);
	p->next = 0;
	filter = json_pack("{s:s,s:s,s:s,s:I,s:i}", "tenant", f->tenant, "connection", connection_name(f->source), "entity",
		f->source_entity, "from", (json_int_t)p->since_ms, "limit", PAGE);
	store_records(p->host->store, filter, on_records, p);
	json_decref(filter);
}

static void on_config(void *arg, struct config *now)
{
	struct plan *p = arg;
	struct err e = { 0 };
	char *first;

	p->now = now;
	if (json_array_size(now->errors)) {
		first = config_error_text(json_array_get(now->errors, 0));
		err_set(&e, ERR_INPUT, "%s", first);
		free(first);
		json_object_set(p->answer, "errors", now->errors);
		plan_over(p, &e);
		return;
	}
	p->was = config_ref(p->host->config);
	host_bind_flows(p->host, now);
	add_gone(p);
	list_flow(p);
}

void host_plan(struct host *h, const char *tenant, int64_t days, host_fn *fn, void *arg)
{
	struct plan *p;
	struct config_reader r;
	struct err e = { 0 };

	if (config_has_tenant(h->config, tenant, &e) < 0) {
		fn(arg, NULL, &e);
		return;
	}
	p = xcalloc(1, sizeof *p);
	p->host = h;
	p->fn = fn;
	p->arg = arg;
	p->tenant = tenant ? xstrdup(tenant) : NULL;
	p->since_ms = loop_now_ms(h->loop) - days * WHEN_DAY_MS;
	p->found = json_object();
	p->todo = json_array();
	p->answer = json_pack("{s:I,s:[],s:[]}", "days", (json_int_t)days, "flows", "records");
	r = host_reader(h);
	config_read(&r, on_config, p);
}
