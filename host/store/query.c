/* query.c - what is read: claims, and all that flows and people ask.  Runs on the lanes. */
#include "inner.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_DEFAULT 100
#define ROWS_MAX     1000
#define CLAIM_MAX    1000
#define TEXTS_MAX    ((size_t)16 << 20) /* of one answer, which then ends early */

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* ---- claims ---------------------------------------------------------------------------------- */

/* Records and identities that are under way, as 64-bit digests. */
struct key_set {
	uint64_t *keys; /* 0: free */
	size_t size, count;
};

static uint64_t key_of(uint64_t seed, const char *a, const char *b)
{
	uint64_t key = UINT64_C(14695981039346656037) ^ seed;

	for (; *a; a++)
		key = (key ^ (unsigned char)*a) * UINT64_C(1099511628211);
	for (key *= UINT64_C(1099511628211); *b; b++)
		key = (key ^ (unsigned char)*b) * UINT64_C(1099511628211);
	return key ? key : 1;
}

static uint64_t *key_place(const struct key_set *s, uint64_t key)
{
	size_t at = key % s->size;

	while (s->keys[at] && s->keys[at] != key)
		at = (at + 1) % s->size;
	return &s->keys[at];
}

static bool key_has(const struct key_set *s, uint64_t key)
{
	return s->size && *key_place(s, key) == key;
}

static void key_add(struct key_set *s, uint64_t key)
{
	if (s->count * 2 >= s->size) {
		struct key_set grown = { .size = s->size ? s->size * 2 : 64, .count = s->count };

		grown.keys = xcalloc(grown.size, sizeof *grown.keys);
		for (size_t i = 0; i < s->size; i++)
			if (s->keys[i])
				*key_place(&grown, s->keys[i]) = s->keys[i];
		free(s->keys);
		*s = grown;
	}
	uint64_t *place = key_place(s, key);
	s->count += !*place;
	*place = key;
}

struct claim_job {
	struct job job;
	char *tenant, *flow; /* NULL: one delivery by its id */
	int64_t now_ms;
	unsigned limit;
	int64_t *busy;
	size_t busy_count;
	struct key_set under_way;

	int64_t *picked; /* ids, in order */
	size_t picked_count;
	struct arena arena;
	struct delivery *found;
	size_t count;
	deliveries_fn *fn;
	void *arg;
};

static void claim_home(struct mail *mail)
{
	struct claim_job *j = (struct claim_job *)mail;

	if (j->job.error.code)
		j->fn(j->arg, NULL, 0, &j->job.error);
	else
		j->fn(j->arg, j->found, j->count, NULL);
	arena_finish(&j->arena);
	free(j->under_way.keys);
	free(j->tenant);
	free(j->flow);
	free(j->busy);
	free(j->picked);
	free(j->found);
	free(j);
}

static void add_under_way(struct claim_job *j, const char *entity, const char *rid,
	const char *identity)
{
	key_add(&j->under_way, key_of(1, entity, rid));
	if (identity)
		key_add(&j->under_way, key_of(2, identity, ""));
}

static void busy_are_under_way(struct lane *l, struct claim_job *j)
{
	for (size_t i = 0; i < j->busy_count; i++) {
		struct rows *r =
			db_rows(l->main, "SELECT entity, rid, identity FROM delivery WHERE id = ?1",
				num(j->busy[i]));

		if (rows_next(r)) {
			add_under_way(j, row_txt(r, 0), row_txt(r, 1), row_txt(r, 2));
			rows_end(r);
		}
	}
}

/* Looks also at what is on the wire; one that is found there is remembered, so that the next of a
 * thousand orders of one guest costs nothing. */
static bool is_under_way(struct lane *l, struct claim_job *j, const char *entity, const char *rid,
	const char *identity)
{
	uint64_t record = key_of(1, entity, rid), person = identity ? key_of(2, identity, "") : 0;

	if (key_has(&j->under_way, record) || (identity && key_has(&j->under_way, person)))
		return true;
	if (db_number(l->main, 0,
		    "SELECT 1 FROM delivery WHERE tenant = ?1 AND entity = ?2 AND rid = ?3"
		    " AND flow = ?4 AND open = 1 AND state = 3 LIMIT 1",
		    txt(j->tenant), txt(entity), txt(rid), txt(j->flow))) {
		key_add(&j->under_way, record);
		return true;
	}
	if (identity &&
		db_number(l->main, 0,
			"SELECT 1 FROM delivery WHERE tenant = ?1 AND flow = ?2 AND identity = ?3"
			" AND state = 3 LIMIT 1",
			txt(j->tenant), txt(j->flow), txt(identity))) {
		key_add(&j->under_way, person);
		return true;
	}
	return false;
}

static bool pick(struct lane *l, struct claim_job *j, struct rows *r)
{
	const char *entity = row_txt(r, 2), *rid = row_txt(r, 3), *identity = row_txt(r, 4);

	if (is_under_way(l, j, entity, rid, identity))
		return false;
	add_under_way(j, entity, rid, identity);
	j->picked[j->picked_count++] = row_num(r, 0);
	return true;
}

static bool goes_first(struct rows *a, struct rows *b)
{
	int64_t x = row_num(a, 1), y = row_num(b, 1);

	return x != y ? x < y : row_num(a, 0) < row_num(b, 0);
}

/* Two lists, each in its index's order: what may go at once, and what slept until now. */
static void pick_all(struct lane *l, struct claim_job *j)
{
	struct rows *ready = db_rows(l->main,
		"SELECT id, rank, entity, rid, identity FROM delivery"
		" WHERE tenant = ?1 AND flow = ?2 AND state = 1 AND due_ms = 0 ORDER BY rank, id",
		txt(j->tenant), txt(j->flow));
	struct rows *slept = db_rows(l->main,
		"SELECT id, rank, entity, rid, identity FROM delivery WHERE id IN (SELECT"
		" id FROM delivery WHERE tenant = ?1 AND flow = ?2 AND state = 1 AND"
		" due_ms > 0 AND due_ms <= ?3 ORDER BY due_ms LIMIT ?4) ORDER BY rank, id",
		txt(j->tenant), txt(j->flow), num(j->now_ms),
		num((int64_t)(j->limit + j->busy_count)));
	bool more_ready = rows_next(ready), more_slept = rows_next(slept);

	while ((more_ready || more_slept) && j->picked_count < j->limit) {
		bool from_slept = more_slept && (!more_ready || goes_first(slept, ready));

		pick(l, j, from_slept ? slept : ready);
		if (from_slept)
			more_slept = rows_next(slept);
		else
			more_ready = rows_next(ready);
	}
	rows_end(ready);
	rows_end(slept);
}

static const char *keep(struct claim_job *j, struct rows *r, int column)
{
	const char *text = row_txt(r, column);

	return text ? arena_strndup(&j->arena, text, strlen(text)) : NULL;
}

static void read_delivery(struct claim_job *j, struct rows *r, struct delivery *d)
{
	size_t len;
	const char *text = row_bin(r, 25, &len);

	*d = (struct delivery){
		.id = row_num(r, 0),
		.tenant = keep(j, r, 1),
		.flow = keep(j, r, 2),
		.connection = keep(j, r, 3),
		.entity = keep(j, r, 4),
		.rid = keep(j, r, 5),
		.version = keep(j, r, 6),
		.changed_ms = row_num(r, 7),
		.received_ms = row_num(r, 8),
		.due_ms = row_num(r, 9),
		.deleted = row_num(r, 10),
		.fetch = row_num(r, 11),
		.state = (enum delivery_state)row_num(r, 12),
		.attempts = (unsigned)row_num(r, 13),
		.cause = keep(j, r, 14),
		.why = keep(j, r, 15),
		.label = keep(j, r, 16),
		.identity = keep(j, r, 17),
		.amount = keep(j, r, 18),
		.currency = keep(j, r, 19),
		.choice = keep(j, r, 20),
		.mapping_hash = keep(j, r, 21),
		.origin = keep(j, r, 22),
		.stamp = row_num(r, 23),
		.doc = keep(j, r, 24),
		.text = text ? arena_strndup(&j->arena, text, len) : NULL,
		.text_len = text ? len : 0,
		.merged_into = keep(j, r, 26),
	};
}

static void read_picked(struct lane *l, struct claim_job *j)
{
	j->found = xcalloc(j->picked_count + 1, sizeof *j->found);
	for (size_t i = 0; i < j->picked_count && j->arena.used < TEXTS_MAX; i++) {
		struct rows *r = db_rows(l->main,
			"SELECT d.id, d.tenant, d.flow, d.connection, d.entity, d.rid, d.version,"
			" d.changed_ms, d.received_ms, d.due_ms, d.deleted, d.fetch, d.state,"
			" d.attempts, d.cause, d.why, d.label, d.identity, d.amount, d.currency,"
			" d.choice, d.mapping_hash, d.origin, d.stamp, doc.text, p.bytes,"
			" d.merged_into FROM"
			" delivery d LEFT JOIN doc ON doc.delivery = d.id LEFT JOIN payload p ON"
			" p.id = d.payload WHERE d.id = ?1",
			num(j->picked[i]));

		if (rows_next(r)) {
			read_delivery(j, r, &j->found[j->count++]);
			rows_end(r);
		}
	}
}

static void claim_read(struct lane *l, struct job *job)
{
	struct claim_job *j = (struct claim_job *)job;

	if (!lane_open(l, &job->error))
		return;
	db_do(l->main, "BEGIN");
	if (j->flow) {
		busy_are_under_way(l, j);
		pick_all(l, j);
	}
	read_picked(l, j);
	db_rollback(l->main);
	db_fail(l->main, &job->error);
	db_forgive(l->main);
}

static struct claim_job *claim_begin(unsigned limit, deliveries_fn *fn, void *arg)
{
	struct claim_job *j = xcalloc(1, sizeof *j);

	j->job.run = claim_read;
	j->job.mail.deliver = claim_home;
	j->limit = limit < CLAIM_MAX ? limit : CLAIM_MAX;
	j->picked = xcalloc(j->limit + 1, sizeof *j->picked);
	j->fn = fn;
	j->arg = arg;
	arena_init(&j->arena, SIZE_MAX);
	return j;
}

void store_claim(struct store *s, const struct claim *c, deliveries_fn *fn, void *arg)
{
	struct claim_job *j = claim_begin(c->limit, fn, arg);

	j->tenant = xstrdup(c->tenant);
	j->flow = xstrdup(c->flow);
	j->now_ms = c->now_ms;
	j->busy = xcalloc(c->busy_count + 1, sizeof *j->busy);
	j->busy_count = c->busy_count;
	if (c->busy_count)
		memcpy(j->busy, c->busy, c->busy_count * sizeof *j->busy);
	lane_push(&s->reader, &j->job);
}

void store_delivery(struct store *s, int64_t id, deliveries_fn *fn, void *arg)
{
	struct claim_job *j = claim_begin(1, fn, arg);

	j->picked[0] = id;
	j->picked_count = 1;
	lane_push(&s->reader, &j->job);
}

/* ---- answers as JSON ------------------------------------------------------------------------- */

struct query {
	struct job job;
	void (*read)(struct lane *, struct query *);
	json_t *filter, *rows;
	rows_fn *fn;
	void *arg;
};

static void query_home(struct mail *mail)
{
	struct query *q = (struct query *)mail;

	q->fn(q->arg, q->job.error.code ? NULL : q->rows, q->job.error.code ? &q->job.error : NULL);
	json_decref(q->filter);
	json_decref(q->rows);
	free(q);
}

static void query_run(struct lane *l, struct job *job)
{
	struct query *q = (struct query *)job;

	if (!lane_open(l, &job->error))
		return;
	q->rows = json_array();
	q->read(l, q);
	db_fail(l->main, &job->error);
	db_fail(l->audit, &job->error);
	db_forgive(l->main);
	db_forgive(l->audit);
}

/* Takes over filter. */
static void ask(struct lane *l, void (*read)(struct lane *, struct query *), json_t *filter,
	rows_fn *fn, void *arg)
{
	struct query *q = xcalloc(1, sizeof *q);

	q->job.run = query_run;
	q->job.mail.deliver = query_home;
	q->read = read;
	q->filter = filter;
	q->fn = fn;
	q->arg = arg;
	lane_push(l, &q->job);
}

static json_t *bytes_json(const char *bytes, size_t len)
{
	json_t *text = json_stringn(bytes, len);

	if (text)
		return text;
	/* Not UTF-8 (a reply in another encoding): shown with what cannot be read replaced. */
	struct buf b;
	buf_init(&b, SIZE_MAX - 1);
	json_write_string(&b, bytes, len);
	text = json_loadb(b.data, b.len, JSON_DECODE_ANY, NULL);
	buf_finish(&b);
	return text ? text : json_null();
}

/* A column "deleted?" becomes true or false under the name "deleted". */
static json_t *row_json(struct rows *r)
{
	json_t *row = json_object();

	for (int i = 0; i < row_columns(r); i++) {
		const char *name = row_name(r, i);
		size_t name_len = strlen(name), len;
		bool yes_or_no = name_len && name[name_len - 1] == '?';
		const char *bytes;
		json_t *value = NULL;

		switch (row_kind(r, i)) {
		case ROW_NULL:
			value = json_null();
			break;
		case ROW_NUMBER:
			value = yes_or_no ? json_boolean(row_num(r, i))
					  : json_integer(row_num(r, i));
			break;
		case ROW_TEXT:
		case ROW_BYTES:
			bytes = row_bin(r, i, &len);
			value = bytes_json(bytes, len);
			break;
		}
		json_object_setn_new(row, name, name_len - yes_or_no, value);
	}
	return row;
}

static void name_state(json_t *row)
{
	enum delivery_state state = (enum delivery_state)json_int_or(row, "state", 0);

	json_object_set_new(row, "state", json_string(delivery_state_text(state)));
}

/* ---- filters --------------------------------------------------------------------------------- */

#define VALUES_MAX 24

/* A condition that grows: " WHERE a = ?1 AND ...". */
struct where {
	struct buf sql;
	struct value values[VALUES_MAX];
	size_t count;
};

static void where_begin(struct where *w, const char *select)
{
	*w = (struct where){ 0 };
	buf_init(&w->sql, 8192);
	buf_puts(&w->sql, select);
}

static void where_value(struct where *w, struct value v)
{
	must(w->count < VALUES_MAX);
	w->values[w->count++] = v;
	buf_printf(&w->sql, "?%zu", w->count);
}

/* condition ends with its operator: " AND d.id > ". */
static void where_and(struct where *w, const char *condition, struct value v)
{
	buf_puts(&w->sql, condition);
	where_value(w, v);
}

static void where_text(struct where *w, const json_t *filter, const char *member,
	const char *condition)
{
	const char *text = json_text_at(filter, member);

	if (text)
		where_and(w, condition, txt(text));
}

static int64_t limit_of(const json_t *filter)
{
	int64_t limit = json_int_or(filter, "limit", ROWS_DEFAULT);

	return limit < 1 ? 1 : limit > ROWS_MAX ? ROWS_MAX : limit;
}

static void where_rows(struct where *w, struct db *db, json_t *rows, void (*each)(json_t *row))
{
	must(!w->sql.full);
	struct rows *r = db_rows_made(db, w->sql.data, w->values, w->count);

	while (rows_next(r)) {
		json_t *row = row_json(r);

		if (each)
			each(row);
		json_array_append_new(rows, row);
	}
	buf_finish(&w->sql);
}

/* ---- counts and causes ----------------------------------------------------------------------- */

static int64_t earliest_due(struct db *db, const char *tenant, const char *flow)
{
	if (db_number(db, 0,
		    "SELECT 1 FROM delivery WHERE tenant = ?1 AND flow = ?2 AND state = 1 AND"
		    " due_ms = 0 LIMIT 1",
		    txt(tenant), txt(flow)))
		return 0;
	return db_number(db, 0,
		"SELECT min(due_ms) FROM delivery WHERE tenant = ?1 AND flow = ?2 AND"
		" state = 1 AND due_ms > 0",
		txt(tenant), txt(flow));
}

static json_t *counts_of(json_t *rows, struct rows *r)
{
	json_t *last = json_array_get(rows, json_array_size(rows) - 1);

	if (same(json_text_at(last, "flow"), row_txt(r, 1)) &&
		same(json_text_at(last, "tenant"), row_txt(r, 0)))
		return last;
	json_t *row = json_object();
	json_put_text(row, "tenant", row_txt(r, 0));
	json_put_text(row, "flow", row_txt(r, 1));
	for (int state = DELIVERY_READY; state <= DELIVERY_REVIEW; state++)
		json_put_int(row, delivery_state_text((enum delivery_state)state), 0);
	json_put_int(row, "due_ms", 0);
	json_array_append_new(rows, row);
	return row;
}

static void read_counts(struct lane *l, struct query *q)
{
	const char *tenant = json_text_at(q->filter, "tenant");
	struct rows *r = tenant
		? db_rows(l->main,
			  "SELECT tenant, flow, state, count FROM tally WHERE tenant = ?1"
			  " ORDER BY tenant, flow",
			  txt(tenant))
		: db_rows_values(l->main,
			  "SELECT tenant, flow, state, count FROM tally ORDER BY tenant, flow",
			  NULL, 0);
	json_t *row;
	size_t i;

	while (rows_next(r))
		json_put_int(counts_of(q->rows, r),
			delivery_state_text((enum delivery_state)row_num(r, 2)), row_num(r, 3));
	json_array_foreach(q->rows, i, row)
		if (json_int_or(row, "ready", 0))
			json_put_int(row, "due_ms",
				earliest_due(l->main, json_text_at(row, "tenant"),
					json_text_at(row, "flow")));
}

void store_counts(struct store *s, const char *tenant_or_null, rows_fn *fn, void *arg)
{
	ask(&s->reader, read_counts, json_pack("{s:s?}", "tenant", tenant_or_null), fn, arg);
}

static void add_amount(json_t *sums, const char *currency, const char *amount)
{
	struct decimal sum = { 0, 0 }, one;
	const char *before = json_string_value(json_object_get(sums, currency));
	char text[DECIMAL_TEXT_MAX];

	if (!decimal_parse(amount, strlen(amount), &one) ||
		(before && !decimal_parse(before, strlen(before), &sum)) ||
		!decimal_add(sum, one, &sum))
		return;
	decimal_text(sum, -1, text);
	json_put_text(sums, currency, text);
}

static bool same_group(const json_t *row, struct rows *r)
{
	const char *cause = json_text_at(row, "cause"), *here = row_txt(r, 3);

	return row && json_int_or(row, "state", 0) == row_num(r, 2) &&
		same(json_text_at(row, "tenant"), row_txt(r, 0)) &&
		same(json_text_at(row, "flow"), row_txt(r, 1)) &&
		(same(cause, here) || (!cause && !here));
}

static void read_causes(struct lane *l, struct query *q)
{
	struct where w;
	json_t *row = NULL;
	size_t i;

	where_begin(&w,
		"SELECT d.tenant, d.flow, d.state, d.cause, d.amount, d.currency,"
		" d.received_ms, d.label, d.why FROM delivery d WHERE d.state IN (2, 4,"
		" 7, 8)");
	where_text(&w, q->filter, "tenant", " AND d.tenant = ");
	buf_puts(&w.sql, " ORDER BY d.state, d.tenant, d.flow, d.cause, d.id");
	struct rows *r = db_rows_made(l->main, w.sql.data, w.values, w.count);
	while (rows_next(r)) {
		const char *currency = row_txt(r, 5), *amount = row_txt(r, 4);

		if (!same_group(row, r)) {
			row = json_pack("{s:s,s:s,s:I,s:s?,s:i,s:{},s:I,s:s?,s:s?}", "tenant",
				row_txt(r, 0), "flow", row_txt(r, 1), "state",
				(json_int_t)row_num(r, 2), "cause", row_txt(r, 3), "count", 0,
				"amount_sum", "oldest_ms", (json_int_t)row_num(r, 6), "label",
				row_txt(r, 7), "why", row_txt(r, 8));
			json_array_append_new(q->rows, row);
		}
		json_put_int(row, "count", json_int_or(row, "count", 0) + 1);
		if (row_num(r, 6) < json_int_or(row, "oldest_ms", 0))
			json_put_int(row, "oldest_ms", row_num(r, 6));
		if (amount)
			add_amount(json_object_get(row, "amount_sum"), currency ? currency : "",
				amount);
	}
	buf_finish(&w.sql);
	json_array_foreach(q->rows, i, row)
		name_state(row);
}

void store_causes(struct store *s, const char *tenant_or_null, rows_fn *fn, void *arg)
{
	ask(&s->lister, read_causes, json_pack("{s:s?}", "tenant", tenant_or_null), fn, arg);
}

/* ---- deliveries, links, records -------------------------------------------------------------- */

/* state: one, or a list of them.  The numbers stand in the text: else no partial index is used. */
static void where_state(struct where *w, const json_t *state, struct err *e)
{
	json_t *list =
		json_is_array(state) ? json_incref((json_t *)state) : json_pack("[O]", state);
	bool indexed = true;
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		enum delivery_state number = delivery_state_of(json_string_value(one));

		if (!number)
			err_set(e, ERR_INPUT,
				"there is no state %s; there are ready, waits, sending, would, "
				"done, skipped, held, review",
				json_string_value(one) ? json_string_value(one) : "like that");
		indexed = indexed && number != DELIVERY_READY && number != DELIVERY_SENDING &&
			number != DELIVERY_DONE && number != DELIVERY_SKIPPED;
		buf_printf(&w->sql, "%s%d", i ? ", " : " AND d.state IN (", number);
	}
	buf_puts(&w->sql, i ? ")" : " AND 0");
	if (indexed)
		buf_puts(&w->sql, " AND d.state IN (2, 4, 7, 8)");
	json_decref(list);
}

/* "order 1007" and "1007" find what is labelled so; both go by the last word. */
static void where_label(struct where *w, const char *tenant, const char *label)
{
	const char *space = strrchr(label, ' ');

	where_and(w, " AND (d.tenant, d.entity, d.rid, d.connection) IN (SELECT tenant, entity, rid,"
		" connection FROM called WHERE name = ", txt(space ? space + 1 : label));
	if (tenant)
		where_and(w, " AND tenant = ", txt(tenant));
	where_and(w, ") AND (d.label = ", txt(label));
	where_and(w, " OR d.label LIKE '% ' || ", txt(label));
	buf_putc(&w->sql, ')');
}

/* "shop-books.invoice", or "shop-books" for all of the integration. */
static void where_flow(struct where *w, const char *flow)
{
	if (!flow)
		return;
	if (strchr(flow, '.')) {
		where_and(w, " AND d.flow = ", txt(flow));
		return;
	}
	where_and(w, " AND d.flow >= ", txt(flow));
	where_and(w, " AND d.flow < ", txt(flow));
	where_and(w, " || '/' AND (d.flow = ", txt(flow)); /* the character after the dot */
	where_and(w, " OR d.flow >= ", txt(flow));
	buf_puts(&w->sql, " || '.')");
}

static void read_list(struct lane *l, struct query *q)
{
	const json_t *f = q->filter;
	const char *label = json_text_at(f, "label");
	bool newest = json_true_at(f, "newest"), doc = json_true_at(f, "doc");
	struct where w;

	where_begin(&w,
		"SELECT d.id, d.tenant, d.flow, d.connection, d.entity, d.rid, d.version,"
		" d.changed_ms, d.received_ms, d.moved_ms, d.due_ms, d.state, d.attempts,"
		" d.deleted AS 'deleted?', d.fetch AS 'fetch?', d.cause, d.why, d.label,"
		" d.identity, d.amount, d.currency, d.choice, d.mapping_hash, d.origin,"
		" d.stamp, d.target_connection, d.target_entity, d.target_id");
	buf_puts(&w.sql,
		doc ? ", doc.text AS doc FROM delivery d"
		      " LEFT JOIN doc ON doc.delivery = d.id WHERE 1"
		    : " FROM delivery d WHERE 1");
	where_text(&w, f, "tenant", " AND d.tenant = ");
	where_flow(&w, json_text_at(f, "flow"));
	where_text(&w, f, "cause", " AND d.cause = ");
	where_text(&w, f, "connection", " AND d.connection = ");
	where_text(&w, f, "entity", " AND d.entity = ");
	where_text(&w, f, "rid", " AND d.rid = ");
	where_text(&w, f, "identity", " AND d.identity = ");
	if (json_object_get(f, "id"))
		where_and(&w, " AND d.id = ", num(json_int_or(f, "id", 0)));
	if (json_object_get(f, "state"))
		where_state(&w, json_object_get(f, "state"), &q->job.error);
	if (label)
		where_label(&w, json_text_at(f, "tenant"), label);
	if (json_object_get(f, "since_ms"))
		where_and(&w, " AND d.received_ms >= ", num(json_int_or(f, "since_ms", 0)));
	if (json_object_get(f, "after_id"))
		where_and(&w, newest ? " AND d.id < " : " AND d.id > ",
			num(json_int_or(f, "after_id", 0)));
	buf_puts(&w.sql, newest ? " ORDER BY d.id DESC" : " ORDER BY d.id");
	where_and(&w, " LIMIT ", num(limit_of(f)));
	where_rows(&w, l->main, q->rows, name_state);
}

void store_list(struct store *s, const json_t *filter, rows_fn *fn, void *arg)
{
	ask(&s->lister, read_list, json_deep_copy(filter), fn, arg);
}

static void read_links(struct lane *l, struct query *q)
{
	const json_t *f = q->filter;
	struct where w;

	where_begin(&w,
		"SELECT id, tenant, flow, identity, source_connection, source_entity,"
		" source_id, source_version, target_connection, target_entity, target_id,"
		" target_version, target_hash, made, base, delivery, at_ms, source_seen,"
		" target_seen, source_hash, back, swings, moved,"
		" target_id IS NULL AND " IN_DOUBT("link.delivery") " AS in_doubt FROM link WHERE 1");
	where_text(&w, f, "tenant", " AND tenant = ");
	where_text(&w, f, "flow", " AND flow = ");
	where_text(&w, f, "identity", " AND identity = ");
	where_text(&w, f, "source_connection", " AND source_connection = ");
	where_text(&w, f, "source_entity", " AND source_entity = ");
	where_text(&w, f, "source_id", " AND source_id = ");
	where_text(&w, f, "target_connection", " AND target_connection = ");
	where_text(&w, f, "target_entity", " AND target_entity = ");
	where_text(&w, f, "target_id", " AND target_id = ");
	if (json_object_get(f, "after"))
		where_and(&w, " AND id > ", num(json_int_or(f, "after", 0)));
	if (json_object_get(f, "unseen_ms")) {
		buf_puts(&w.sql, json_object_get(f, "target_connection") ?
			" AND EXISTS(SELECT 1 FROM record r WHERE r.tenant = link.tenant AND r.connection ="
			" link.target_connection AND r.entity = link.target_entity AND r.rid ="
			" link.target_id AND r.deleted = 0" :
			" AND EXISTS(SELECT 1 FROM record r WHERE r.tenant = link.tenant AND r.connection ="
			" link.source_connection AND r.entity = link.source_entity AND r.rid ="
			" link.source_id AND r.deleted = 0");
		where_and(&w, " AND r.seen_ms < ", num(json_int_or(f, "unseen_ms", 0)));
		buf_putc(&w.sql, ')');
	}
	buf_puts(&w.sql, " ORDER BY id");
	where_and(&w, " LIMIT ", num(limit_of(f)));
	where_rows(&w, l->main, q->rows, NULL);
}

void store_links(struct store *s, const json_t *filter, rows_fn *fn, void *arg)
{
	/* On the way of every delivery, so not behind what people ask. */
	ask(&s->reader, read_links, json_deep_copy(filter), fn, arg);
}

/* Milliseconds, or a day or instant as text. */
static bool instant(const json_t *filter, const char *member, int64_t *ms, struct err *e)
{
	const json_t *value = json_object_get(filter, member);

	if (!value || json_is_null(value))
		return false;
	if (json_is_integer(value)) {
		*ms = json_integer_value(value);
		return true;
	}
	if (json_is_string(value) && when_parse(json_string_value(value), ms))
		return true;
	err_set(e, ERR_INPUT, "%s: neither a day, an instant nor milliseconds", member);
	return false;
}

static void where_after(struct where *w, const char *after, bool by_time)
{
	const char *slash = after ? strchr(after, '/') : NULL;

	if (!after)
		return;
	if (!by_time || !slash) {
		where_and(w, " AND r.rid > ", txt(after));
		return;
	}
	where_and(w, " AND (r.at_ms, r.rid) > (", num(strtoll(after, NULL, 10)));
	where_and(w, ", ", txt(slash + 1));
	buf_putc(&w->sql, ')');
}

static void read_records(struct lane *l, struct query *q)
{
	const json_t *f = q->filter;
	struct where w;
	int64_t from = 0, to = 0;
	bool has_from = instant(f, "from", &from, &q->job.error);
	bool has_to = instant(f, "to", &to, &q->job.error), by_time = has_from || has_to;

	where_begin(&w,
		"SELECT r.tenant, r.connection, r.entity, r.rid, r.version, r.changed_ms,"
		" r.seen_ms, r.deleted AS 'deleted?', p.bytes AS text, ");
	buf_puts(&w.sql, by_time ? "r.at_ms || '/' || r.rid AS after" : "r.rid AS after");
	buf_puts(&w.sql, " FROM record r LEFT JOIN payload p ON p.id = r.payload WHERE 1");
	where_text(&w, f, "tenant", " AND r.tenant = ");
	where_text(&w, f, "connection", " AND r.connection = ");
	where_text(&w, f, "entity", " AND r.entity = ");
	where_text(&w, f, "rid", " AND r.rid = ");
	if (has_from)
		where_and(&w, " AND r.at_ms >= ", num(from));
	if (has_to)
		where_and(&w, " AND r.at_ms < ", num(to));
	if (json_object_get(f, "unseen_ms"))
		where_and(&w, " AND r.deleted = 0 AND r.seen_ms < ", num(json_int_or(f, "unseen_ms", 0)));
	where_after(&w, json_text_at(f, "after"), by_time);
	buf_puts(&w.sql, by_time ? " ORDER BY r.at_ms, r.rid" : " ORDER BY r.rid");
	where_and(&w, " LIMIT ", num(limit_of(f)));
	where_rows(&w, l->main, q->rows, NULL);
}

void store_records(struct store *s, const json_t *filter, rows_fn *fn, void *arg)
{
	ask(&s->lister, read_records, json_deep_copy(filter), fn, arg);
}

/* ---- the mirror ------------------------------------------------------------------------------ */

/* By the first member through the index; each of the others holds or not. */
static void read_mirror(struct lane *l, struct query *q)
{
	const char *member;
	char *folded[VALUES_MAX / 4];
	size_t count = 0;
	json_t *value, *members = json_object_get(q->filter, "members");
	struct where w;

	if (json_object_size(members) == 0 || json_object_size(members) > VALUES_MAX / 4) {
		err_set(&q->job.error, ERR_INPUT, "a look-up in the mirror needs 1 to %d members",
			VALUES_MAX / 4);
		return;
	}
	where_begin(&w,
		"SELECT m.rid AS id, r.version, m.data FROM mirror m LEFT JOIN record r"
		" USING (tenant, connection, entity, rid) WHERE 1");
	json_object_foreach(members, member, value) {
		const char *text = json_string_value(value);

		folded[count] = xstrdup(text ? text : "");
		mirror_trim(folded[count]);
		where_and(&w, " AND m.id IN (SELECT mirror FROM mirror_key WHERE tenant = ",
			txt(json_text_at(q->filter, "tenant")));
		where_and(&w, " AND connection = ", txt(json_text_at(q->filter, "connection")));
		where_and(&w, " AND entity = ", txt(json_text_at(q->filter, "entity")));
		where_and(&w, " AND member = ", txt(member));
		where_and(&w, " AND value = ", txt(folded[count++]));
		buf_putc(&w.sql, ')');
	}
	where_and(&w, " ORDER BY m.id LIMIT ", num(ROWS_MAX));
	where_rows(&w, l->main, q->rows, NULL);
	while (count)
		free(folded[--count]);
}

void store_mirror_find(struct store *s, const char *tenant, const char *connection,
	const char *entity, const json_t *members, rows_fn *fn, void *arg)
{
	ask(&s->reader, read_mirror,
		json_pack("{s:s,s:s,s:s,s:o}", "tenant", tenant, "connection", connection, "entity",
			entity, "members", json_deep_copy(members)),
		fn, arg);
}

/* ---- notes, writes, sets, names of secrets --------------------------------------------------- */

static void read_notes(struct lane *l, struct query *q)
{
	struct where w;

	where_begin(&w, "SELECT tenant, scope, kind, name, value, at_ms FROM note WHERE 1");
	where_text(&w, q->filter, "tenant", " AND tenant = ");
	where_text(&w, q->filter, "scope", " AND scope = ");
	where_text(&w, q->filter, "kind", " AND kind = ");
	buf_puts(&w.sql, " ORDER BY tenant, scope, kind, name");
	where_rows(&w, l->main, q->rows, NULL);
}

void store_notes(struct store *s, const char *tenant, const char *scope, const char *kind,
	rows_fn *fn, void *arg)
{
	ask(&s->reader, read_notes,
		json_pack("{s:s?,s:s?,s:s?}", "tenant", tenant, "scope", scope, "kind", kind), fn,
		arg);
}

static void name_write_state(json_t *row)
{
	static const char *const names[] = { "none", "ready", "sent", "doubt", "done", "failed" };

	json_object_set_new(row, "state", json_string(names[json_int_or(row, "state", 0)]));
}

static void read_unsettled(struct lane *l, struct query *q)
{
	struct where w;

	where_begin(&w,
		"SELECT w.id, w.delivery, w.tenant, w.connection, w.entity, w.verb,"
		" w.target_id, w.version, w.key, w.data, w.state, w.mark, w.tries,"
		" w.at_ms, d.flow, d.connection AS source_connection, d.entity AS"
		" source_entity, d.rid, d.version AS source_version, d.changed_ms,"
		" d.attempts, d.label, d.identity, d.amount, d.currency, d.choice,"
		" d.mapping_hash, d.stamp, doc.text AS doc FROM write w LEFT JOIN"
		" delivery d ON d.id = w.delivery LEFT JOIN doc ON doc.delivery ="
		" w.delivery WHERE w.state < 4 ORDER BY w.id");
	where_rows(&w, l->main, q->rows, name_write_state);
}

void store_unsettled(struct store *s, rows_fn *fn, void *arg)
{
	ask(&s->reader, read_unsettled, json_object(), fn, arg);
}

static void read_again(struct lane *l, struct query *q)
{
	struct where w;

	where_begin(&w, "SELECT tenant, flow, connection, entity, rid, at_ms FROM again ORDER BY at_ms LIMIT 256");
	where_rows(&w, l->main, q->rows, NULL);
}

void store_again(struct store *s, rows_fn *fn, void *arg)
{
	ask(&s->reader, read_again, json_object(), fn, arg);
}

/* What waits for a person may take days: it holds up nobody. */
static void read_creating(struct lane *l, struct query *q)
{
	struct where w;

	where_begin(&w, "SELECT count(*) AS count FROM write w JOIN delivery d ON d.id = w.delivery"
		" WHERE w.state < 4 AND w.verb = 'create' AND d.state IN (1, 3)");
	where_text(&w, q->filter, "tenant", " AND w.tenant = ");
	where_text(&w, q->filter, "connection", " AND w.connection = ");
	where_text(&w, q->filter, "entity", " AND w.entity = ");
	where_rows(&w, l->main, q->rows, NULL);
}

void store_creating(struct store *s, const char *tenant, const char *connection, const char *entity,
	rows_fn *fn, void *arg)
{
	ask(&s->reader, read_creating, json_pack("{s:s,s:s,s:s}", "tenant", tenant, "connection",
		connection, "entity", entity), fn, arg);
}

static void read_secret_names(struct lane *l, struct query *q)
{
	struct where w;

	where_begin(&w, "SELECT tenant, connection, name, version, at_ms FROM secret WHERE 1");
	where_text(&w, q->filter, "tenant", " AND tenant = ");
	buf_puts(&w.sql, " ORDER BY tenant, connection, name");
	where_rows(&w, l->main, q->rows, NULL);
}

void store_secret_names(struct store *s, const char *tenant_or_null, rows_fn *fn, void *arg)
{
	ask(&s->lister, read_secret_names, json_pack("{s:s?}", "tenant", tenant_or_null), fn, arg);
}

struct set_job {
	struct job job;
	char *tenant, *connection;
	struct arena arena;
	struct set_row row;
	bool found;
	set_fn *fn;
	void *arg;
};

static const char *set_text(struct set_job *j, struct rows *r, int column)
{
	const char *text = row_txt(r, column);

	return text ? arena_strndup(&j->arena, text, strlen(text)) : NULL;
}

static void set_read(struct lane *l, struct job *job)
{
	struct set_job *j = (struct set_job *)job;

	if (!lane_open(l, &job->error))
		return;
	struct rows *r = db_rows(l->main,
		"SELECT mark, requests, answer, answer_type, asked FROM visit_set WHERE"
		" tenant = ?1 AND connection = ?2 ORDER BY at_ms LIMIT 1",
		txt(j->tenant), txt(j->connection));
	if (rows_next(r)) {
		size_t len;
		const char *answer = row_bin(r, 2, &len);

		j->found = true;
		j->row = (struct set_row){ .tenant = j->tenant,
			.connection = j->connection,
			.mark = set_text(j, r, 0),
			.requests = set_text(j, r, 1),
			.answer = answer ? arena_strndup(&j->arena, answer, len) : NULL,
			.answer_len = answer ? len : 0,
			.answer_type = set_text(j, r, 3),
			.asked = (unsigned)row_num(r, 4) };
		rows_end(r);
	}
	db_fail(l->main, &job->error);
	db_forgive(l->main);
}

static void set_home(struct mail *mail)
{
	struct set_job *j = (struct set_job *)mail;

	j->fn(j->arg, j->found ? &j->row : NULL, j->job.error.code ? &j->job.error : NULL);
	arena_finish(&j->arena);
	free(j->tenant);
	free(j->connection);
	free(j);
}

void store_open_set(struct store *s, const char *tenant, const char *connection, set_fn *fn,
	void *arg)
{
	struct set_job *j = xcalloc(1, sizeof *j);

	j->job.run = set_read;
	j->job.mail.deliver = set_home;
	j->tenant = xstrdup(tenant);
	j->connection = xstrdup(connection);
	j->fn = fn;
	j->arg = arg;
	arena_init(&j->arena, SIZE_MAX);
	lane_push(&s->reader, &j->job);
}

/* ---- the trail ------------------------------------------------------------------------------- */

static void audit_where(struct where *w, const json_t *f, bool forward, int64_t limit)
{
	where_begin(w,
		"SELECT number, tenant, seq, at_ms, move, who, connection, flow, entity,"
		" rid, delivery, detail, payload AS payload_id, length(seal) = 32 AS forgotten FROM audit WHERE 1");
	where_text(w, f, "tenant", " AND tenant = ");
	where_text(w, f, "connection", " AND connection = ");
	where_text(w, f, "entity", " AND entity = ");
	where_text(w, f, "rid", " AND rid = ");
	where_text(w, f, "flow", " AND flow = ");
	where_text(w, f, "move", " AND move = ");
	if (json_int_or(f, "delivery", 0)) {
		where_and(w, " AND delivery = ", num(json_int_or(f, "delivery", 0)));
		buf_puts(&w->sql, " AND delivery <> 0");
	}
	if (json_object_get(f, "since_ms"))
		where_and(w, " AND at_ms >= ", num(json_int_or(f, "since_ms", 0)));
	if (forward)
		where_and(w, " AND number > ", num(json_int_or(f, "after", 0)));
	buf_puts(&w->sql, forward ? " ORDER BY number" : " ORDER BY number DESC");
	where_and(w, " LIMIT ", num(limit));
}

static int by_number(const void *a, const void *b)
{
	int64_t x = json_int_or(*(json_t *const *)a, "number", 0),
		y = json_int_or(*(json_t *const *)b, "number", 0);

	return (x > y) - (x < y);
}

/* Rows of both files in order; one that is on its way from one to the other is in both. */
static void merge(json_t *out, json_t *a, json_t *b, bool forward, int64_t limit)
{
	size_t count = json_array_size(a) + json_array_size(b), kept = 0;
	json_t **all = xcalloc(count + 1, sizeof *all);

	for (size_t i = 0; i < count; i++)
		all[i] = i < json_array_size(a) ? json_array_get(a, i)
						: json_array_get(b, i - json_array_size(a));
	qsort(all, count, sizeof *all, by_number);
	for (size_t i = 0; i < count; i++)
		if (!kept || by_number(&all[kept - 1], &all[i]))
			all[kept++] = all[i];
	size_t most = kept < (size_t)limit ? kept : (size_t)limit, from = forward ? 0 : kept - most;
	for (size_t i = from; i < from + most; i++)
		json_array_append(out, all[i]);
	free(all);
}

static void add_payload(struct db *db, json_t *row, size_t *total)
{
	int64_t id = json_int_or(row, "payload_id", 0);

	if (!id || *total > TEXTS_MAX)
		return;
	struct rows *r = db_rows(db, "SELECT bytes FROM payload WHERE id = ?1", num(id));
	if (rows_next(r)) {
		size_t len;
		const char *bytes = row_bin(r, 0, &len);

		json_object_set_new(row, "payload", bytes_json(bytes, len));
		*total += len;
		rows_end(r);
	} else {
		json_object_set_new(row, "erased", json_true());
	}
}

static void read_audit(struct lane *l, struct query *q)
{
	bool forward = json_object_get(q->filter, "after");
	int64_t limit = limit_of(q->filter);
	json_t *born = json_array(), *moved = json_array(), *row;
	struct where w;
	size_t i, total = 0;

	/* First where rows leave, then where they arrive: none is missed between the two. */
	audit_where(&w, q->filter, forward, limit);
	where_rows(&w, l->main, born, NULL);
	audit_where(&w, q->filter, forward, limit);
	where_rows(&w, l->audit, moved, NULL);
	merge(q->rows, born, moved, forward, limit);
	json_decref(born);
	json_decref(moved);
	json_array_foreach(q->rows, i, row) {
		const char *detail = json_text_at(row, "detail");

		if (json_int_or(row, "forgotten", 0))
			json_object_set_new(row, "erased", json_true());
		json_object_del(row, "forgotten");
		json_t *object = detail ? json_read(detail, strlen(detail), NULL) : NULL;

		if (object)
			json_object_set_new(row, "detail", object);
		if (json_true_at(q->filter, "payload"))
			add_payload(l->main, row, &total);
	}
}

void store_audit(struct store *s, const json_t *filter, rows_fn *fn, void *arg)
{
	ask(&s->lister, read_audit, json_deep_copy(filter), fn, arg);
}
