/* call.c - one call of a connector, without any I/O: the host services, and what they recorded. */
#include "plug/call.h"

#include "base/crypto.h"
#include "base/decimal.h"
#include "base/json.h"
#include "plug/registry.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_DEFAULT (64u << 20)
#define LOG_LINE_MAX   1024
#define FAIL_TEXT_MAX  1024
#define KEPT_MAX       16    /* secrets that one step may agree upon */
#define FACTS_MAX      256   /* facts that one call may tell */
#define RECORDS_MAX    50000 /* records before they must be advanced */
#define HOLLOW_MAX     1000  /* replies of a reading in a row that bring no record */
#define SAME_MAX       2     /* times that a page of a reading may come again */
/* What a parsed value takes, as a multiple of its text: jansson's trees, measured on orders. */
#define TREE_FACTOR    6

struct call {
	struct mlc_call inside; /* first: the services get from one to the other by it */
	struct call_site site;
	enum op op;
	size_t memory;

	struct arena fixed; /* the input's copies; what was settled */
	struct arena own;   /* what the connector asked for */
	struct arena news;  /* records that were emitted and not taken yet */
	json_t **values; /* parsed here, or given to us with a record */
	size_t value_count, value_cap, value_bytes;

	struct mlc_request request;
	struct mlc_reply reply;
	struct mlc_answer answer;
	const struct call_reply *given; /* while a step runs */
	char nonce[33];
	void *state; /* NULL: the caller's own */
	char *cursor;

	struct call_record *records;
	size_t record_count, record_cap;
	size_t step_count; /* of them, those of steps before this one */
	bool advanced;
	char *next_cursor;
	int64_t renew_at_ms;
	bool taken; /* what came before the next step is gone */
	struct {
		unsigned hollow;     /* replies since the last record */
		uint64_t page;       /* one of those that came, */
		unsigned again;      /* and how often it did */
		unsigned seen, room; /* pages since, and after how many a later one is taken */
	} circle;

	struct call_write *writes;
	struct call_kept kept[KEPT_MAX];
	struct { char *name, *secret; } kept_texts[KEPT_MAX]; /* what kept points at */
	size_t kept_count;
	struct serve_event *events;
	size_t event_count, event_cap;
	json_t *facts, *described;

	bool failed;
	enum mlc_fault fault;
	uint32_t after_ms;
	char why[FAIL_TEXT_MAX];
	/* The connector broke its contract: the step fails, whatever it says */
	char spoilt[FAIL_TEXT_MAX];
};

static struct call *call_of(struct mlc_call *c)
{
	return (struct call *)c;
}

/* The first breach is the one that a person reads. */
static void spoil(struct call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void spoil(struct call *c, const char *fmt, ...)
{
	va_list args;

	if (c->spoilt[0])
		return;
	va_start(args, fmt);
	vsnprintf(c->spoilt, sizeof c->spoilt, fmt, args);
	va_end(args);
}

static void spent(struct call *c)
{
	spoil(c, "the call's budget of %zu KB of memory is spent", c->memory >> 10);
}

/* Growing lists.  The callers hold the counts to a ceiling. */
static void *room(void *list, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return list;
	*cap = *cap ? *cap * 2 : 16;
	return xrealloc(list, *cap * size);
}

static const char *copy(struct call *c, struct arena *a, const char *text, size_t len)
{
	const char *own = arena_strndup(a, text, len);

	if (!own)
		spent(c);
	return own;
}

static const char *copy_text(struct call *c, struct arena *a, const char *text)
{
	return text ? copy(c, a, text, strlen(text)) : NULL;
}

static void hold(struct call *c, json_t *value)
{
	c->values = room(c->values, c->value_count, &c->value_cap, sizeof(json_t *));
	c->values[c->value_count++] = value;
}

/* ---- services: memory and JSON ---------------------------------------------------- */

static void *serve_alloc(struct mlc_call *mc, size_t n)
{
	struct call *c = call_of(mc);
	void *memory = n <= c->memory ? arena_alloc(&c->own, n) : NULL;

	if (!memory)
		spent(c);
	return memory;
}

MLC_PRINTF(2, 3)
static const char *serve_format(struct mlc_call *mc, const char *fmt, ...)
{
	struct call *c = call_of(mc);
	va_list args;

	va_start(args, fmt);
	const char *text = arena_vformat(&c->own, fmt, args);
	va_end(args);
	if (!text)
		spent(c);
	return text ? text : "";
}

static json_t *serve_parse(struct mlc_call *mc, const char *text, size_t len)
{
	struct call *c = call_of(mc);

	if (!text)
		return NULL;
	if (len > (c->memory - c->value_bytes) / TREE_FACTOR) {
		spent(c);
		return NULL;
	}
	json_t *value = json_read(text, len, NULL);
	if (!value)
		return NULL;
	hold(c, value);
	c->value_bytes += len * TREE_FACTOR;
	return value;
}

static const struct mlc_field *field_of(const struct mlc_entity *entity, const char *name)
{
	for (const struct mlc_field *f = entity ? entity->fields : NULL; f && f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* A decimal's text as a JSON number: the same digits, so that nothing is rounded on the way. */
static bool write_bare(struct call *c, struct buf *out, const char *text)
{
	struct decimal d;
	char digits[DECIMAL_TEXT_MAX];

	if (!decimal_parse(text, strlen(text), &d)) {
		spoil(c, "'%.40s' is no decimal and cannot be written as a number", text);
		return false;
	}
	decimal_text(d, -1, digits);
	return buf_puts(out, digits);
}

static bool dump_value(struct call *, struct buf *, json_t *, const struct mlc_entity *,
	const struct mlc_field *, unsigned depth);

static bool dump_object(struct call *c, struct buf *out, json_t *object,
	const struct mlc_entity *entity, unsigned depth)
{
	const struct mlc_field *field;
	const struct mlc_entity *inner;
	bool first = true;

	if (!buf_putc(out, '{'))
		return false;
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *name = json_object_iter_key(at);

		field = field_of(entity, name);
		inner = field && field->of && (field->type == MLC_OBJECT || field->type == MLC_LIST)
			? connector_entity(c->site.connector, field->of) : NULL;
		if (!first && !buf_putc(out, ','))
			return false;
		first = false;
		if (!json_write_string(out, name, strlen(name)) || !buf_putc(out, ':') ||
				!dump_value(c, out, json_object_iter_value(at), inner, field,
				depth - 1))
			return false;
	}
	return buf_putc(out, '}');
}

static bool dump_list(struct call *c, struct buf *out, json_t *list,
	const struct mlc_entity *entity, const struct mlc_field *field, unsigned depth)
{
	if (!buf_putc(out, '['))
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i > 0 && !buf_putc(out, ','))
			return false;
		if (!dump_value(c, out, json_array_get(list, i), entity, field, depth - 1))
			return false;
	}
	return buf_putc(out, ']');
}

/* entity: of the objects that stand here, or in the list that stands here. */
static bool dump_value(struct call *c, struct buf *out, json_t *value,
	const struct mlc_entity *entity, const struct mlc_field *field, unsigned depth)
{
	if (depth == 0) {
		spoil(c, "a value to be dumped is nested deeper than %d levels", JSON_DEPTH_MAX);
		return false;
	}
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return dump_object(c, out, value, entity, depth);
	case JSON_ARRAY:
		return dump_list(c, out, value, entity, field, depth);
	case JSON_STRING:
		if (field && field->type == MLC_DECIMAL && field->flags & MLC_BARE)
			return write_bare(c, out, json_string_value(value));
		return json_write_string(out, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		spoil(c, "%s holds a double: decimals are text here",
			field ? field->name : "a value");
		return false;
	case JSON_TRUE:
		return buf_puts(out, "true");
	case JSON_FALSE:
		return buf_puts(out, "false");
	case JSON_NULL:
		return buf_puts(out, "null");
	}
	return false;
}

static const char *serve_dump(struct mlc_call *mc, json_t *value, const struct mlc_entity *entity,
	size_t *len)
{
	struct call *c = call_of(mc);
	const char *text = NULL;
	struct buf out;

	buf_init(&out, c->memory);
	if (!value)
		spoil(c, "nothing was given to be dumped");
	else if (dump_value(c, &out, value, entity, NULL, JSON_DEPTH_MAX))
		text = copy(c, &c->own, out.data, out.len);
	else if (out.full)
		spent(c);
	if (len)
		*len = text ? out.len : 0;
	buf_finish(&out);
	json_decref(value);
	return text;
}

/* ---- services: results --------------------------------------------------------------- */

bool call_is_nameless(const char *id)
{
	return !strncmp(id, CALL_NO_ID, strlen(CALL_NO_ID));
}

static void name_by_text(struct call *c, struct arena *a, struct call_record *r)
{
	char hex[SHA256_HEX_SIZE];

	if (!r->text)
		return; /* spent */
	sha256_hex(r->text, r->text_len, hex);
	r->id = arena_format(a, CALL_NO_ID "%.16s", hex);
	r->version = NULL;
	r->deleted = r->hint = false;
	if (!r->id)
		spent(c);
}

/* Copies a record into a; takes over its data. */
static bool record_copy(struct call *c, struct arena *a, const struct mlc_record *r,
	struct call_record *out)
{
	const struct mlc_entity *known = r->entity ? connector_entity(c->site.connector,
		r->entity) : NULL;
	struct buf text;
	bool nameless;

	memset(out, 0, sizeof *out);
	out->data = r->data;
	if (r->data)
		hold(c, r->data);
	if (!known) {
		spoil(c, "a record of '%s', which is no entity of %s",
			r->entity ? r->entity : "(null)", c->site.connector->name);
		return false;
	}
	nameless = !r->id || !*r->id;
	if (nameless && (c->op != OP_POLL || (!r->data && !r->text))) {
		spoil(c, "a record of %s without an id", r->entity);
		return false;
	}
	out->entity = known->name;
	out->id = nameless ? NULL : copy_text(c, a, r->id);
	out->version = copy_text(c, a, r->version);
	out->account = copy_text(c, a, r->account);
	out->changed_ms = r->changed_ms;
	out->deleted = r->deleted;
	out->hint = r->hint;
	if (r->data) {
		buf_init(&text, c->memory);
		if (json_write(&text, r->data))
			out->text = copy(c, a, text.data, text.len);
		else
			spent(c);
		out->text_len = text.len;
		buf_finish(&text);
	} else if (r->text) {
		out->text = copy(c, a, r->text, r->text_len);
		out->text_len = r->text_len;
	}
	if (nameless)
		name_by_text(c, a, out);
	return !c->spoilt[0];
}

/* NULL: there is no room for more. */
static struct call_record *next_record(struct call *c)
{
	if (c->record_count == RECORDS_MAX) {
		spoil(c, "more than %d records without an advance()", RECORDS_MAX);
		return NULL;
	}
	c->records = room(c->records, c->record_count, &c->record_cap, sizeof *c->records);
	return &c->records[c->record_count++];
}

static void serve_emit(struct mlc_call *mc, const struct mlc_record *r)
{
	struct call *c = call_of(mc);
	struct call_record *one = next_record(c);

	if (!one) {
		json_decref(r->data);
		return;
	}
	if (!r->data && !r->text && !r->hint && !r->deleted)
		spoil(c, "a record of %s with neither data nor text",
			r->entity ? r->entity : "(null)");
	record_copy(c, &c->news, r, one);
}

static void serve_merged_of(struct mlc_call *mc, const char *account, const char *entity, const char *gone,
	const char *survivor)
{
	struct call *c = call_of(mc);
	struct call_record *one = next_record(c);
	const struct mlc_record r = { .entity = entity, .id = gone, .account = account, .deleted = true };

	if (!one || !record_copy(c, &c->news, &r, one))
		return;
	if (!survivor || !*survivor || !strcmp(gone, survivor))
		spoil(c, "%s %s was merged into no other record", entity, gone);
	else
		one->merged_into = copy_text(c, &c->news, survivor);
}

static void serve_merged(struct mlc_call *mc, const char *entity, const char *gone, const char *survivor)
{
	serve_merged_of(mc, NULL, entity, gone, survivor);
}

static struct call_write *write_at(struct call *c, size_t i, const char *word)
{
	if (c->op != OP_WRITE || i >= c->inside.write_count) {
		spoil(c, "%s: there is no write %zu", word, i);
		return NULL;
	}
	if (c->writes[i].end != WRITE_END_NONE) {
		spoil(c, "%s: write %zu has its outcome already", word, i);
		return NULL;
	}
	return &c->writes[i];
}

static void serve_settle(struct mlc_call *mc, size_t i, const struct mlc_record *r)
{
	struct call *c = call_of(mc);
	struct call_write *w = write_at(c, i, "settle");

	if (!w) {
		json_decref(r->data);
		return;
	}
	if (record_copy(c, &c->fixed, r, &w->record))
		w->end = WRITE_END_SETTLED;
}

static bool is_fault(enum mlc_fault fault)
{
	return fault >= MLC_RETRY && fault <= MLC_BROKEN;
}

MLC_PRINTF(5, 6)
static void serve_refuse(struct mlc_call *mc, size_t i, enum mlc_fault fault, uint32_t after_ms,
	const char *fmt, ...)
{
	struct call *c = call_of(mc);
	struct call_write *w = write_at(c, i, "refuse");
	va_list args;

	if (!w)
		return;
	if (!is_fault(fault)) {
		spoil(c, "refuse: %d is no fault", (int)fault);
		return;
	}
	va_start(args, fmt);
	w->text = arena_vformat(&c->fixed, fmt, args);
	va_end(args);
	if (!w->text) {
		spent(c);
		return;
	}
	w->fault = fault;
	w->after_ms = fault == MLC_LIMITED ? after_ms : 0;
	w->end = WRITE_END_REFUSED;
}

static void serve_advance(struct mlc_call *mc, const char *cursor, int64_t renew_at_ms)
{
	struct call *c = call_of(mc);

	if (c->op != OP_POLL && c->op != OP_SUBSCRIBE) {
		spoil(c, "advance() in %s", op_text(c->op));
		return;
	}
	c->advanced = true;
	if (cursor) {
		free(c->next_cursor);
		c->next_cursor = xstrdup(cursor);
	}
	if (renew_at_ms)
		c->renew_at_ms = renew_at_ms;
}

static void event(struct call *c, struct serve_event e, const char *word)
{
	const struct mlc_visit *v = c->inside.visit;

	if (c->op != OP_SERVE || !v || e.i >= v->taken_count) {
		spoil(c, "%s: there is no taken request %zu", word, e.i);
		return;
	}
	for (size_t k = 0; k < c->event_count; k++)
		if (c->events[k].i == e.i) {
			spoil(c, "%s: request %zu has its answer already", word, e.i);
			return;
		}
	c->events = room(c->events, c->event_count, &c->event_cap, sizeof *c->events);
	c->events[c->event_count++] = e;
}

static void serve_gave(struct mlc_call *mc, size_t i, int status, const char *body, size_t body_len)
{
	struct call *c = call_of(mc);
	const char *own = copy(c, &c->news, body ? body : "", body ? body_len : 0);

	if (own)
		event(c, (struct serve_event){ SERVE_GAVE, i, status, own, body ? body_len : 0,
			false }, "gave");
}

static void serve_back(struct mlc_call *mc, size_t i, bool alone)
{
	event(call_of(mc), (struct serve_event){ SERVE_BACK, i, 0, "", 0, alone }, "back");
}

static void serve_lost(struct mlc_call *mc, size_t i)
{
	event(call_of(mc), (struct serve_event){ SERVE_LOST, i, 0, "", 0, false }, "lost");
}

static bool serve_fact(struct mlc_call *mc, const char *name, const char *text)
{
	struct call *c = call_of(mc);

	if (!name || !*name || !text) {
		spoil(c, "a fact without a name or a text");
		return false;
	}
	if (json_object_size(c->facts) >= FACTS_MAX && !json_object_get(c->facts, name)) {
		spoil(c, "more than %d facts", FACTS_MAX);
		return false;
	}
	json_put_text(c->facts, name, text);
	return c->site.fact ? c->site.fact(c->site.ctx, name, text) : true;
}

static void serve_describe(struct mlc_call *mc, const char *entity, const struct mlc_field *field)
{
	struct call *c = call_of(mc);
	json_t *fields;

	if (!entity || !*entity || (field && (!field->name || field->type < MLC_TEXT ||
		field->type > MLC_LIST))) {
		spoil(c, "describe() of a field without a name or a type");
		return;
	}
	fields = json_object_get(c->described, entity);
	if (!fields) {
		fields = json_object();
		json_object_set_new(c->described, entity, fields);
	}
	if (field)
		json_object_set_new(fields, field->name, connector_field_schema(field));
}

/* ---- services: secrets, headers, words ----------------------------------------------- */

static void serve_keep(struct mlc_call *mc, const char *name, const char *secret)
{
	struct call *c = call_of(mc);

	if (!name || !*name || !secret || !*secret) {
		spoil(c, "a secret without a name or a text is to be kept");
		return;
	}
	if (c->kept_count == KEPT_MAX) {
		spoil(c, "more than %d secrets in one step", KEPT_MAX);
		return;
	}
	c->kept_texts[c->kept_count].name = xstrdup(name);
	c->kept_texts[c->kept_count].secret = xstrdup(secret);
	c->kept[c->kept_count] = (struct call_kept){
		c->kept_texts[c->kept_count].name, c->kept_texts[c->kept_count].secret,
	};
	c->kept_count++;
}

static bool serve_secret_is(struct mlc_call *mc, const char *name, const char *text)
{
	struct call *c = call_of(mc);

	/* Just kept is not in the vault yet, but is the secret already. */
	for (size_t i = 0; i < c->kept_count; i++)
		if (!strcmp(c->kept[i].name, name) && text &&
				same_bytes(c->kept[i].secret, strlen(c->kept[i].secret), text,
				strlen(text)))
			return true;
	return text && c->site.secret_is && c->site.secret_is(c->site.ctx, name, text);
}

static const char *serve_header(struct mlc_call *mc, const char *name)
{
	const struct call_reply *given = call_of(mc)->given;

	return given && given->header ? given->header(given->ctx, name) : NULL;
}

MLC_PRINTF(3, 4)
static void serve_log(struct mlc_call *mc, enum mlc_level level, const char *fmt, ...)
{
	struct call *c = call_of(mc);
	char line[LOG_LINE_MAX];
	va_list args;

	if (!c->site.log)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	c->site.log(c->site.ctx, level, line);
}

MLC_PRINTF(4, 5)
static enum mlc_step serve_fail(struct mlc_call *mc, enum mlc_fault fault, uint32_t after_ms,
	const char *fmt, ...)
{
	struct call *c = call_of(mc);
	va_list args;

	if (c->failed)
		return MLC_FAIL;
	if (!is_fault(fault)) {
		spoil(c, "fail: %d is no fault", (int)fault);
		return MLC_FAIL;
	}
	c->failed = true;
	c->fault = fault;
	c->after_ms = after_ms;
	va_start(args, fmt);
	vsnprintf(c->why, sizeof c->why, fmt, args);
	va_end(args);
	return MLC_FAIL;
}

static const struct mlc_host services = {
	.alloc = serve_alloc,
	.format = serve_format,
	.parse = serve_parse,
	.emit = serve_emit,
	.dump = serve_dump,
	.settle = serve_settle,
	.refuse = serve_refuse,
	.advance = serve_advance,
	.gave = serve_gave,
	.back = serve_back,
	.lost = serve_lost,
	.fact = serve_fact,
	.describe = serve_describe,
	.keep = serve_keep,
	.secret_is = serve_secret_is,
	.header = serve_header,
	.log = serve_log,
	.fail = serve_fail,
	.merged = serve_merged,
	.merged_of = serve_merged_of,
};

/* ---- a call ---------------------------------------------------------------------------- */

static const char *const op_texts[] = {
	[OP_PING] = "ping", [OP_DISCOVER] = "discover", [OP_POLL] = "poll", [OP_FETCH] = "fetch",
	[OP_FIND] = "find", [OP_WRITE] = "write", [OP_SUBSCRIBE] = "subscribe",
	[OP_RECEIVE] = "receive",
	[OP_INVITE] = "invite", [OP_SERVE] = "serve",
};

const char *op_text(enum op op)
{
	return op_texts[op];
}

mlc_step_fn *connector_step(const struct mlc_connector *k, enum op op)
{
	switch (op) {
	case OP_PING: return k->ping;
	case OP_DISCOVER: return k->discover;
	case OP_POLL: return k->poll;
	case OP_FETCH: return k->fetch;
	case OP_FIND: return k->find;
	case OP_WRITE: return k->write;
	case OP_SUBSCRIBE: return k->subscribe;
	case OP_RECEIVE: return k->receive;
	case OP_INVITE: return k->invite;
	case OP_SERVE: return k->serve;
	}
	return NULL;
}

static const char *const *copy_list(struct call *c, const char *const *list)
{
	size_t n = 0;
	const char **own;

	if (!list)
		return NULL;
	while (list[n])
		n++;
	own = arena_alloc(&c->fixed, (n + 1) * sizeof *own);
	for (size_t i = 0; own && i < n; i++)
		own[i] = copy_text(c, &c->fixed, list[i]);
	if (!own)
		spent(c);
	return own;
}

static void copy_writes(struct call *c, const struct call_input *in)
{
	struct mlc_write *own = arena_alloc(&c->fixed, in->write_count * sizeof *own);

	if (!own) {
		spent(c);
		return;
	}
	for (size_t i = 0; i < in->write_count; i++) {
		own[i] = in->writes[i];
		own[i].id = copy_text(c, &c->fixed, in->writes[i].id);
		own[i].version = copy_text(c, &c->fixed, in->writes[i].version);
		own[i].key = copy_text(c, &c->fixed, in->writes[i].key);
		json_incref(own[i].data); /* the call may outlive what the caller holds */
	}
	c->inside.writes = own;
	c->inside.write_count = in->write_count;
	c->writes = xcalloc(in->write_count, sizeof *c->writes);
}

struct mlc_request *request_copy(struct arena *a, const struct mlc_request *r)
{
	struct mlc_request *own = arena_alloc(a, sizeof *own);
	size_t n = 0;

	if (!own)
		return NULL;
	*own = *r;
	own->method = r->method ? arena_strndup(a, r->method, strlen(r->method)) : NULL;
	own->endpoint = r->endpoint ? arena_strndup(a, r->endpoint, strlen(r->endpoint)) : NULL;
	own->path = r->path ? arena_strndup(a, r->path, strlen(r->path)) : NULL;
	own->type = r->type ? arena_strndup(a, r->type, strlen(r->type)) : NULL;
	own->body = r->body ? arena_strndup(a, r->body, r->body_len) : NULL;
	if ((r->method && !own->method) || (r->endpoint && !own->endpoint) ||
		(r->path && !own->path) || (r->type && !own->type) || (r->body && !own->body))
		return NULL;
	if (r->headers) {
		while (r->headers[n])
			n++;
		const char **headers = arena_alloc(a, (n + 1) * sizeof *headers);
		for (size_t i = 0; headers && i < n; i++)
			if (!(headers[i] = arena_strndup(a, r->headers[i], strlen(r->headers[i]))))
				return NULL;
		if (!headers)
			return NULL;
		own->headers = headers;
	}
	return own;
}

struct call *call_create(const struct call_site *site, const struct call_input *in)
{
	struct call *c = xcalloc(1, sizeof *c);
	struct mlc_call *mc = &c->inside;

	c->site = *site;
	c->op = in->op;
	c->memory = in->memory ? in->memory : MEMORY_DEFAULT;
	arena_init(&c->fixed, c->memory);
	arena_init(&c->own, c->memory);
	arena_init(&c->news, c->memory);
	c->facts = json_object();
	c->described = json_object();
	random_hex(c->nonce, 32);

	mc->host = &services;
	mc->connection = copy_text(c, &c->fixed, site->connection);
	mc->settings = site->settings;
	mc->token = site->token;
	mc->facts = site->facts;
	mc->now_ms = in->now_ms;
	mc->nonce = c->nonce;
	mc->attempt = in->attempt;
	mc->entity = in->entity ? connector_entity(site->connector, in->entity) : NULL;
	mc->feed = in->feed ? connector_feed(site->connector, in->feed) : NULL;
	mc->ids = copy_list(c, in->ids);
	mc->data = in->data ? json_deep_copy(in->data) : NULL;
	if (in->write_count > 0)
		copy_writes(c, in);
	if (in->cursor)
		mc->cursor = c->cursor = xstrdup(in->cursor);
	mc->hook_url = copy_text(c, &c->fixed, in->hook_url);
	if (in->sent && !(mc->sent = request_copy(&c->fixed, in->sent)))
		spent(c);
	mc->inbound = in->inbound;
	mc->visit = in->visit;
	if (!in->state && site->connector->state_size > 0)
		c->state = xcalloc(1, site->connector->state_size);
	mc->state = in->state ? in->state : c->state;
	mc->reply = &c->reply;
	mc->request = &c->request;
	mc->answer = &c->answer;
	c->answer.status = 200;

	if (in->entity && !mc->entity)
		spoil(c, "%s has no entity '%s'", site->connector->name, in->entity);
	if (in->feed && !mc->feed)
		spoil(c, "%s has no feed '%s'", site->connector->name, in->feed);
	return c;
}

static void drop_values(struct call *c)
{
	for (size_t i = 0; i < c->value_count; i++)
		json_decref(c->values[i]);
	c->value_count = c->value_bytes = 0;
}

static void drop_kept(struct call *c)
{
	for (size_t i = 0; i < c->kept_count; i++) {
		wipe(c->kept_texts[i].secret, strlen(c->kept_texts[i].secret));
		free(c->kept_texts[i].secret);
		free(c->kept_texts[i].name);
	}
	c->kept_count = 0;
}

void call_destroy(struct call *c)
{
	if (!c)
		return;
	drop_values(c);
	drop_kept(c);
	for (size_t i = 0; i < c->inside.write_count; i++)
		json_decref(c->inside.writes[i].data);
	json_decref(c->inside.data);
	json_decref(c->facts);
	json_decref(c->described);
	arena_finish(&c->fixed);
	arena_finish(&c->own);
	arena_finish(&c->news);
	free(c->values);
	free(c->records);
	free(c->writes);
	free(c->events);
	free(c->state);
	free(c->cursor);
	free(c->next_cursor);
	free(c);
}

/* What the step before has left and nobody needs any more. */
static void begin_step(struct call *c, const struct call_reply *given, int64_t now_ms)
{
	static const struct mlc_reply none = { .kind = MLC_REPLY_NONE, .body = "" };

	drop_kept(c);
	c->event_count = 0;
	c->step_count = c->record_count;
	if (c->taken) {
		/* A long poll must not grow with the pages it has read (connector.h: alloc). */
		drop_values(c);
		arena_reset(&c->own);
		c->taken = false;
	}
	c->given = given;
	c->reply = given ? given->reply : none;
	if (!c->reply.body)
		c->reply.body = "";
	c->inside.now_ms = now_ms;
	c->inside.pause_ms = 0;
	memset(&c->request, 0, sizeof c->request);
}

static bool unsettled(const struct call *c, size_t *which)
{
	for (size_t i = 0; c->op == OP_WRITE && i < c->inside.write_count; i++)
		if (c->writes[i].end == WRITE_END_NONE) {
			*which = i;
			return true;
		}
	return false;
}

static uint64_t add_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return (hash ^ 0xff) * UINT64_C(1099511628211); /* where it ends */
}

/* Which records this step has emitted, as they stand there (FNV-1a). */
static uint64_t page_of(const struct call *c)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = c->step_count; i < c->record_count; i++) {
		const struct call_record *r = &c->records[i];

		hash = add_text(add_text(hash, r->entity), r->id);
		hash = add_text(hash, r->version);
		hash = (hash ^ (uint64_t)r->changed_ms ^ (uint64_t)r->deleted << 62 ^ (uint64_t)r->hint << 61) * UINT64_C(1099511628211);
	}
	return hash;
}

static bool is_reading(enum op op)
{
	return op == OP_POLL || op == OP_FETCH || op == OP_FIND || op == OP_PING || op == OP_DISCOVER;
}

/* A remote whose next page leads back, or that gives the same one whatever is asked for, would be read for ever.  The
 * page compared with is replaced by a later one each time that twice as many have gone by (Brent): a circle of any
 * length is met, however it was entered. */
static bool goes_in_a_circle(struct call *c, enum mlc_step step)
{
	size_t count = c->record_count - c->step_count;
	uint64_t page;

	if (!c->given || c->reply.kind != MLC_REPLY_HERE || !is_reading(c->op) || (step != MLC_SEND && step != MLC_PAUSE))
		return false;
	if (count == 0)
		return ++c->circle.hollow > HOLLOW_MAX;
	c->circle.hollow = 0;
	page = page_of(c);
	if (c->circle.room && page == c->circle.page)
		return ++c->circle.again >= SAME_MAX;
	if (++c->circle.seen > c->circle.room) {
		c->circle.room = 2 * c->circle.room + 2;
		c->circle.seen = c->circle.again = 0;
		c->circle.page = page;
	}
	return false;
}

/* What is to be committed now has not one record that bears an id: that is another list than ours, and not a slip in
 * one record of it. */
static bool is_nameless_page(const struct call *c, enum mlc_step step)
{
	size_t i = 0;

	if (!c->advanced && step != MLC_DONE)
		return false;
	while (i < c->record_count && call_is_nameless(c->records[i].id))
		i++;
	return i > 0 && i == c->record_count;
}

/* What this step has emitted and advanced is not to be. */
static void undo_step(struct call *c)
{
	c->record_count = c->step_count < c->record_count ? c->step_count : c->record_count;
	c->advanced = false;
	free(c->next_cursor);
	c->next_cursor = NULL;
	c->renew_at_ms = 0;
}

/* What no connector need look for by itself: a remote that leads nowhere. */
static enum mlc_step check_remote(struct call *c, enum mlc_step step)
{
	size_t count = c->record_count - c->step_count;

	if (c->spoilt[0] || step == MLC_FAIL)
		return step;
	if (is_nameless_page(c, step)) {
		undo_step(c);
		return serve_fail(&c->inside, MLC_BROKEN, 0, "none of the records of a page has an id");
	}
	if (!goes_in_a_circle(c, step))
		return step;
	undo_step(c);
	if (c->circle.hollow)
		return serve_fail(&c->inside, MLC_BROKEN, 0, "%d replies in a row brought no record: the pages have no end", HOLLOW_MAX);
	return serve_fail(&c->inside, MLC_BROKEN, 0, "the same page of %zu records came again and again: its next ones lead back to it", count);
}

/* Holds what the step gave back against the contract. */
static void check_step(struct call *c, enum mlc_step step)
{
	size_t which;

	switch (step) {
	case MLC_SEND:
		if (!c->request.path)
			spoil(c, "a request without a path");
		if (c->op == OP_RECEIVE || c->op == OP_SERVE || c->op == OP_INVITE)
			spoil(c, "a request in %s", op_text(c->op));
		break;
	case MLC_PAUSE:
		break;
	case MLC_DONE:
		if (unsettled(c, &which))
			spoil(c, "done, but write %zu was neither settled nor refused", which);
		break;
	case MLC_FAIL:
		if (!c->failed)
			spoil(c, "failed without saying why");
		break;
	default:
		spoil(c, "a step gave back %d, which is no outcome", (int)step);
	}
}

enum mlc_step call_step(struct call *c, const struct call_reply *given, int64_t now_ms)
{
	mlc_step_fn *fn = connector_step(c->site.connector, c->op);
	enum mlc_step step = MLC_FAIL;

	if (c->failed)
		return MLC_FAIL;
	begin_step(c, given, now_ms);
	if (!fn)
		return serve_fail(&c->inside, MLC_REFUSED, 0, "%s cannot %s",
			c->site.connector->name, op_text(c->op));
	if (!c->spoilt[0]) {
		step = fn(&c->inside);
		check_step(c, step);
		step = check_remote(c, step);
	}
	c->given = NULL;
	if (c->spoilt[0]) {
		c->failed = false;
		undo_step(c);
		return serve_fail(&c->inside, MLC_BROKEN, 0, "connector %s: %s: %s",
			c->site.connector->name, op_text(c->op), c->spoilt);
	}
	return step;
}

struct mlc_call *call_inside(struct call *c)
{
	return &c->inside;
}

enum op call_op(const struct call *c)
{
	return c->op;
}

size_t call_records(const struct call *c, const struct call_record **records)
{
	*records = c->records;
	return c->record_count;
}

bool call_advanced(const struct call *c, const char **cursor, int64_t *renew_at_ms)
{
	*cursor = c->next_cursor;
	*renew_at_ms = c->renew_at_ms;
	return c->advanced;
}

void call_take(struct call *c)
{
	c->record_count = 0;
	arena_reset(&c->news);
	c->taken = c->op == OP_POLL;
	c->advanced = false;
	c->renew_at_ms = 0;
	if (c->next_cursor) {
		free(c->cursor);
		c->inside.cursor = c->cursor = c->next_cursor;
		c->next_cursor = NULL;
	}
}

size_t call_writes(const struct call *c, const struct call_write **writes)
{
	*writes = c->writes;
	return c->inside.write_count;
}

static void thin(struct call_record *r)
{
	r->hint = !r->deleted;
	r->text = NULL;
	r->text_len = 0;
	r->data = NULL; /* the call's memory goes with the call */
}

void call_thin(struct call *c)
{
	for (size_t i = 0; i < c->record_count; i++)
		thin(&c->records[i]);
	for (size_t i = 0; c->writes && i < c->inside.write_count; i++)
		thin(&c->writes[i].record);
}

size_t call_kept(const struct call *c, const struct call_kept **kept)
{
	*kept = c->kept;
	return c->kept_count;
}

const json_t *call_facts(const struct call *c)
{
	return c->facts;
}

const json_t *call_described(const struct call *c)
{
	return c->described;
}

enum mlc_fault call_fault(const struct call *c, uint32_t *after_ms, const char **text)
{
	if (after_ms)
		*after_ms = c->after_ms;
	if (text)
		*text = c->why;
	return c->fault;
}

size_t call_serve_events(const struct call *c, const struct serve_event **events)
{
	*events = c->events;
	return c->event_count;
}
