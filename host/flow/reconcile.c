/* reconcile.c - a month on both sides: each source record as its mapping reads it now, its link, and
 * the document as the target last showed it.  Nothing is asked of the remotes: what feeds brought is
 * compared, and the answer says how old that is. */
#include "flow/flow.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/shown.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 500

struct reconcile { /* of one flow */
	struct host *host;
	struct flow *flow;
	char month[8]; /* "2026-10" */
	json_t *due;     /* identity -> { label, amount, currency, rid, verdict, cause, why } */
	json_t *links;   /* identity -> target id */
	json_t *linked;  /* target id -> identity */
	json_t *targets; /* target id -> record (in the month, or linked) */
	json_t *open;    /* deliveries that wait: rid -> { state, cause, why } */
	json_t *unread;  /* rid -> why: its mapping came to no end */
	size_t maps;     /* under way */
	char *after;
	bool paged;
	struct reconcile_all *all;
};

struct reconcile_all {
	host_fn *fn;
	void *arg;
	char *who;
	json_t *answer;
	size_t flows; /* under way */
	struct err e; /* the first: half an answer is none */
};

static bool in_month(const struct reconcile *r, const char *day)
{
	return day && !strncmp(day, r->month, 7);
}

static void add_sum(json_t *side, const char *currency, const char *amount)
{
	json_t *sums = json_object_get(side, "sums");
	const char *old = json_text_or(sums, currency, "0");
	struct decimal a, b;
	char text[DECIMAL_TEXT_MAX];

	if (!amount || !decimal_parse(amount, strlen(amount), &a) || !decimal_parse(old, strlen(old), &b) ||
		!decimal_add(a, b, &a))
		return;
	decimal_text(a, 2, text);
	json_put_text(sums, currency, text);
}

/* ---- what came of it ------------------------------------------------------------------------------- */

static void add_gap(json_t *out, const char *label, const char *kind, char *text, char *type)
{
	json_t *gap = json_object();

	json_put_text(gap, "label", label);
	json_put_text(gap, "kind", kind);
	json_put_text(gap, "text", text);
	json_put_text(gap, "type", type);
	json_array_append_new(json_object_get(out, "gaps"), gap);
	free(text);
	free(type);
}

/* The document's total, as the mapping's own expectation adds it up; NULL: it has none. */
static char *total_of(const struct flow *f, const json_t *record)
{
	const json_t *members = json_object_get(f->def, "total");
	struct decimal sum = { 0, 0 }, one;
	char text[DECIMAL_TEXT_MAX];
	json_t *m;
	size_t i;

	json_array_foreach((json_t *)members, i, m) {
		const char *part = json_text_at(record, json_string_value(m));

		if (part && decimal_parse(part, strlen(part), &one))
			decimal_add(sum, one, &sum);
	}
	if (!i)
		return NULL;
	decimal_text(sum, 2, text);
	return xstrdup(text);
}

static const char *day_member(const struct flow *f)
{
	const struct mlc_entity *e = connector_entity(connection_connector(f->target), f->target_entity);

	for (const struct mlc_field *field = e ? e->fields : NULL; field && field->name; field++)
		if (field->type == MLC_DATE)
			return field->name;
	return NULL;
}

static const char *number_of(const json_t *record)
{
	return json_text_or(record, "RefNumber", json_text_or(record, "number", json_text_or(record, "DocNumber", "")));
}

static bool same_amount(const char *a, const char *b)
{
	struct decimal x, y;

	return decimal_parse(a, strlen(a), &x) && decimal_parse(b, strlen(b), &y) && !decimal_cmp(x, y);
}

/* The command that tells what became of a source record. */
static char *story_of(const struct reconcile *r, const char *rid)
{
	char *word = shown_word(rid), *text = xformat("mlc story %s %s %s", connection_path(r->flow->source),
		r->flow->source_entity, word);

	free(word);
	return text;
}

static char *links_to(const struct reconcile *r, const char *target_id)
{
	char *word = shown_word(target_id), *text = xformat("mlc links %s --record %s", r->flow->tenant, word);

	free(word);
	return text;
}

/* What heals a document that is gone: where a person is asked already, the answer; else it is forgotten here, and made
 * again, unless its mapping finds another like it. */
static char *heal_gone(const struct reconcile *r, const json_t *open, const char *identity, const char *rid,
	const char *label)
{
	const char *tenant = r->flow->tenant, *flow = r->flow->name;
	char *word, *text, *which;

	if (open && !strcmp(json_text_or(open, "cause", ""), "gone_in_target"))
		return xformat("mlc decide %s --id %lld --choice again", tenant, (long long)json_int_or(open, "id", 0));
	if (open)
		return story_of(r, rid);
	word = shown_word(identity);
	which = shown_word(label);
	text = xformat("mlc unlink %s/%s %s && mlc replay --tenant %s --flow %s --state done --label %s --yes   posts it again",
		tenant, flow, word, tenant, flow, which);
	free(word);
	free(which);
	return text;
}

static void compare_source(const struct reconcile *r, json_t *out)
{
	const char *identity;
	json_t *due;

	json_object_foreach(r->due, identity, due) {
		const char *id = json_text_at(r->links, identity), *amount = json_text_or(due, "amount", "0");
		const char *label = json_text_or(due, "label", identity), *currency = json_text_or(due, "currency", "");
		const json_t *record = id ? json_object_get(r->targets, id) : NULL;
		const json_t *open = json_object_get(r->open, json_text_or(due, "rid", ""));
		char *total;

		add_sum(json_object_get(out, "source"), currency, amount);
		if (!id) {
			const char *state = json_text_at(open, "state");

			add_gap(out, label, "missing", xformat("%s %s is not in %s: %s%s%s", amount, currency,
				connection_name(r->flow->target), state ? state : "not read yet", json_text_at(open, "why") ? ", " : "",
				json_text_or(open, "why", "")), state ? story_of(r, json_text_or(due, "rid", "")) : xformat("mlc sync %s --wait", r->flow->key));
			continue;
		}
		if (!record) {
			add_gap(out, label, "gone", xformat("%s %s was posted as %s, which is not there any more", amount, currency, id),
				heal_gone(r, open, identity, json_text_or(due, "rid", ""), label));
			continue;
		}
		total = total_of(r->flow, record);
		if (total && !same_amount(total, amount))
			add_gap(out, label, "differs", xformat("%s here, %s in %s (%s)", amount, total, connection_name(r->flow->target),
				number_of(record)), story_of(r, json_text_or(due, "rid", "")));
		free(total);
	}
}

static void tell_unread(const struct reconcile *r, json_t *out)
{
	const char *rid;
	json_t *why;

	json_object_foreach(r->unread, rid, why)
		add_gap(out, rid, "unread", xformat("its mapping could not read it: %s", json_string_value(why)), story_of(r, rid));
}

static void compare_target(const struct reconcile *r, json_t *out)
{
	json_t *numbers = json_object(), *record, *side = json_object_get(out, "target");
	const char *id, *day = day_member(r->flow);
	json_int_t count = 0;

	json_object_foreach(r->targets, id, record) {
		const char *number = number_of(record), *other = json_text_at(numbers, number);
		bool ours = json_object_get(r->linked, id) != NULL;
		char *total;

		if (!day || !in_month(r, json_text_at(record, day)))
			continue;
		total = total_of(r->flow, record);
		if (ours) {
			count++;
			add_sum(side, json_text_or(json_object_get(r->due, json_text_or(r->linked, id, "")), "currency", ""), total);
		}
		if (*number && other && (ours || json_object_get(r->linked, other)))
			add_gap(out, number, "doubled", xformat("the number %s stands on %s and on %s", number, other, id),
				links_to(r, id));
		else if (*number)
			json_put_text(numbers, number, id);
		free(total);
	}
	json_put_int(side, "count", count);
	json_decref(numbers);
}

/* A report that agreed is part of the chain that mlc audit verify proves. */
static void note(const struct reconcile *r, const json_t *out)
{
	struct txn *t = txn_begin(r->host->store);
	json_t *detail = json_copy((json_t *)(uintptr_t)out);

	json_object_del(detail, "gaps");
	json_put_int(detail, "gaps", (json_int_t)json_array_size(json_object_get(out, "gaps")));
	host_audit(t, r->flow->tenant, "reconcile", r->all->who, r->flow, 0, detail);
	host_commit_quietly(t);
}

static void over(struct reconcile *r)
{
	struct reconcile_all *all = r->all;
	bool stopping = r->host->stopping;
	json_t *out = json_pack("{s:s,s:s,s:{s:s,s:i,s:{}},s:{s:s,s:i,s:{}},s:[]}", "flow", r->flow->key, "month", r->month,
		"source", "connection", connection_path(r->flow->source), "count", (int)json_object_size(r->due), "sums",
		"target", "connection", connection_path(r->flow->target), "count", 0, "sums", "gaps");

	compare_source(r, out);
	compare_target(r, out);
	tell_unread(r, out);
	json_object_set_new(out, "agrees", json_boolean(!json_array_size(json_object_get(out, "gaps"))));
	if (json_array_size(json_object_get(out, "gaps")))
		json_object_set_new(all->answer, "agrees", json_false());
	if (!stopping)
		note(r, out);
	json_array_append_new(json_object_get(all->answer, "flows"), out);
	json_decref(r->due);
	json_decref(r->links);
	json_decref(r->linked);
	json_decref(r->targets);
	json_decref(r->open);
	json_decref(r->unread);
	free(r->after);
	config_release(r->flow->config);
	free(r);
	if (--all->flows)
		return;
	if (stopping)
		err_set(&all->e, ERR_REFUSED, "the host is stopping");
	all->fn(all->arg, all->e.code ? NULL : all->answer, all->e.code ? &all->e : NULL);
	json_decref(all->answer);
	free(all->who);
	free(all);
}

/* What could not be read is not missing: the comparison ends. */
static void failed(struct reconcile *r, const struct err *e)
{
	if (!r->all->e.code)
		r->all->e = *e;
	over(r);
}

/* ---- the target's documents, then what still waits ------------------------------------------------------ */

static void page_open(struct reconcile *, int64_t after);

static void on_open(void *arg, const json_t *rows, const struct err *e)
{
	struct reconcile *r = arg;
	json_t *row;
	size_t i;

	if (e) {
		failed(r, e);
		return;
	}
	json_array_foreach((json_t *)rows, i, row)
		json_object_set(r->open, json_text_or(row, "rid", ""), row);
	if (i == PAGE)
		page_open(r, json_int_or(json_array_get(rows, i - 1), "id", 0));
	else
		over(r);
}

static void page_open(struct reconcile *r, int64_t after)
{
	json_t *filter = json_pack("{s:s,s:s,s:[s,s,s,s,s,s],s:I,s:i}", "tenant", r->flow->tenant, "flow", r->flow->name, "state",
		"ready", "waits", "sending", "would", "held", "review", "after_id", (json_int_t)after, "limit", PAGE);

	store_list(r->host->store, filter, on_open, r);
	json_decref(filter);
}

static void page_targets(struct reconcile *);

static void on_targets(void *arg, const json_t *rows, const struct err *e)
{
	struct reconcile *r = arg;
	const char *day = day_member(r->flow);
	json_t *row;
	size_t i;

	if (e) {
		failed(r, e);
		return;
	}
	json_array_foreach((json_t *)rows, i, row) {
		const char *id = json_text_or(row, "rid", ""), *text = json_text_at(row, "text");
		json_t *record = text && !json_true_at(row, "deleted") ? json_read(text, strlen(text), NULL) : NULL;

		if (record && (json_object_get(r->linked, id) || (day && in_month(r, json_text_at(record, day)))))
			json_object_set(r->targets, id, record);
		json_decref(record);
	}
	if (i == PAGE) {
		free(r->after);
		r->after = xstrdup(json_text_or(json_array_get(rows, i - 1), "after", ""));
		page_targets(r);
		return;
	}
	page_open(r, 0);
}

static void page_targets(struct reconcile *r)
{
	json_t *filter = json_pack("{s:s,s:s,s:s,s:s?,s:i}", "tenant", r->flow->tenant, "connection",
		connection_name(r->flow->target), "entity", r->flow->target_entity, "after", r->after, "limit", PAGE);

	store_records(r->host->store, filter, on_targets, r);
	json_decref(filter);
}

/* ---- links ------------------------------------------------------------------------------------------------- */

static void page_links(struct reconcile *, int64_t after);

static void on_links(void *arg, const json_t *rows, const struct err *e)
{
	struct reconcile *r = arg;
	json_t *row;
	size_t i;

	if (e) {
		failed(r, e);
		return;
	}
	json_array_foreach((json_t *)rows, i, row) {
		const char *id = json_text_at(row, "target_id");

		if (!id)
			continue;
		json_put_text(r->links, json_text_or(row, "identity", ""), id);
		json_put_text(r->linked, id, json_text_or(row, "identity", ""));
	}
	if (i == PAGE) {
		page_links(r, json_int_or(json_array_get(rows, i - 1), "id", 0));
		return;
	}
	free(r->after);
	r->after = NULL;
	page_targets(r);
}

static void page_links(struct reconcile *r, int64_t after)
{
	json_t *filter = json_pack("{s:s,s:s,s:I,s:i}", "tenant", r->flow->tenant, "flow", r->flow->name, "after",
		(json_int_t)after, "limit", PAGE);

	store_links(r->host->store, filter, on_links, r);
	json_decref(filter);
}

/* ---- the source's records, as the mapping reads them ------------------------------------------------------------ */

struct reading_one { struct reconcile *r; char *rid; };

static void page_source(struct reconcile *);

static void page_on(struct reconcile *r)
{
	if (r->maps)
		return;
	if (r->host->stopping)
		over(r);
	else if (r->paged)
		page_links(r, 0);
	else
		page_source(r);
}

static void on_mapped(void *arg, const struct cage_reply *reply)
{
	struct reading_one *one = arg;
	struct reconcile *r = one->r;
	json_t *v = reply->outcome == CAGE_ANSWERED ? json_read(reply->parts[0].bytes, reply->parts[0].len, NULL) : NULL;
	const char *identity = json_text_at(v, "identity"), *day = json_text_at(v, "date");

	if (!v)
		json_put_text(r->unread, one->rid, reply->why ? reply->why : "its worker ended");
	if (identity && in_month(r, day) && strcmp(json_text_or(v, "verdict", ""), "skip")) {
		json_put_text(v, "rid", one->rid);
		json_object_set(r->due, identity, v);
	}
	json_decref(v);
	free(one->rid);
	free(one);
	r->maps--;
	page_on(r);
}

static void map_one(struct reconcile *r, const json_t *row)
{
	const char *text = json_text_or(row, "text", "null"), *rid = json_text_or(row, "rid", "");
	struct reading_one *one = xcalloc(1, sizeof *one);
	struct cage_part parts[2];
	json_t *header = json_pack("{s:i,s:s,s:s,s:s,s:{s:s,s:s,s:s,s:s?,s:n,s:b},s:n,s:s?,s:n,s:{s:O,s:O},s:{},s:n,s:b}",
		"generation", (int)r->flow->config->generation, "flow", r->flow->key, "now", "1970-01-01T00:00:00.000Z", "today",
		"1970-01-01", "source", "connection", connection_name(r->flow->source), "entity", r->flow->source_entity, "id", rid,
		"version", json_text_at(row, "version"), "changed", "deleted", 0, "link", "start", r->flow->start, "locked_until",
		"facts", "source", connection_facts(r->flow->source), "target", connection_facts(r->flow->target), "answers",
		"choice", "origins", 0);
	struct buf b;

	one->r = r;
	one->rid = xstrdup(rid);
	buf_init(&b, 4u << 20);
	json_write(&b, header);
	json_decref(header);
	parts[0] = (struct cage_part) { b.data, b.len };
	parts[1] = (struct cage_part) { text, strlen(text) };
	r->maps++;
	pool_ask(r->host->pool, CAGE_MAP, r->flow->config->generation, parts, 2, on_mapped, one);
	buf_finish(&b);
}

static void on_source(void *arg, const json_t *rows, const struct err *e)
{
	struct reconcile *r = arg;
	json_t *row;
	size_t i;

	if (e) {
		failed(r, e);
		return;
	}
	r->maps++; /* ours, so that none can end the page before all have begun */
	json_array_foreach((json_t *)rows, i, row)
		if (!json_true_at(row, "deleted") && !r->host->stopping)
			map_one(r, row);
	r->paged = i < PAGE;
	if (i) {
		free(r->after);
		r->after = xstrdup(json_text_or(json_array_get(rows, i - 1), "after", ""));
	}
	r->maps--;
	page_on(r);
}

static void page_source(struct reconcile *r)
{
	json_t *filter = json_pack("{s:s,s:s,s:s,s:s?,s:i}", "tenant", r->flow->tenant, "connection",
		connection_name(r->flow->source), "entity", r->flow->source_entity, "after", r->after, "limit", PAGE);

	store_records(r->host->store, filter, on_source, r);
	json_decref(filter);
}

static void begin(struct host *h, struct flow *f, const char *month, struct reconcile_all *all)
{
	struct reconcile *r = xcalloc(1, sizeof *r);

	r->host = h;
	r->flow = f;
	config_ref(f->config);
	memcpy(r->month, month, 7);
	r->due = json_object();
	r->links = json_object();
	r->linked = json_object();
	r->targets = json_object();
	r->open = json_object();
	r->unread = json_object();
	r->all = all;
	page_source(r);
}

void host_reconcile(struct host *h, const char *target, const char *month, const char *who, host_fn *fn, void *arg)
{
	struct reconcile_all *all;
	struct err e = { 0 };
	struct flow *found[64];
	char day[16];
	size_t count = 0;

	snprintf(day, sizeof day, "%.7s-01", month);
	if (strlen(month) != 7 || !when_is_day(day)) {
		err_set(&e, ERR_INPUT, "'%s' is no month: as in 2026-10", month);
		fn(arg, NULL, &e);
		return;
	}
	for (size_t i = 0; i < h->config->flow_count && count < sizeof found / sizeof *found; i++) {
		struct flow *f = h->config->flows[i];
		char *integration = xformat("%s/%s", f->tenant, f->integration);

		if (f->money && f->enabled && (!strcmp(f->key, target) || !strcmp(integration, target) || !strcmp(f->tenant, target)))
			found[count++] = f;
		free(integration);
	}
	if (!count) {
		err_set(&e, ERR_ABSENT, "%s has no flow that makes money documents", target);
		fn(arg, NULL, &e);
		return;
	}
	all = xcalloc(1, sizeof *all);
	all->fn = fn;
	all->arg = arg;
	all->flows = count;
	all->who = xstrdup(who);
	all->answer = json_pack("{s:s,s:b,s:[],s:I}", "month", month, "agrees", 1, "flows", "as_of_ms",
		(json_int_t)loop_now_ms(h->loop));
	for (size_t i = 0; i < count; i++)
		begin(h, found[i], month, all);
}
