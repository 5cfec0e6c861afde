/* remote.c - a remote made of a connector's description of it. */
#include "remote.h"

#include "base/json.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX  (64u << 20)
#define STEPS_MAX 3000 /* a circle ends long before, pages without a record after a thousand */

/* ---- templates ----------------------------------------------------------------------------- */

/* In JSON "$name" with its quotes becomes bare, where there is one; else $name becomes text. */
struct word {
	const char *name, *text, *bare;
};

static void fill(struct buf *out, const char *template, const struct word *words)
{
	bool is_json = *template == '{' || *template == '[';

	while (*template) {
		bool quoted = is_json && *template == '"' && template[1] == '$';
		const struct word *w = words;
		size_t len = 0;

		if (quoted || *template == '$')
			for (; w->name; w++) {
				len = strlen(w->name);
				if (!strncmp(template + quoted + 1, w->name, len) && (!quoted || (w->bare && template[len + 2] == '"')))
					break;
			}
		if ((quoted || *template == '$') && w->name) {
			buf_puts(out, quoted ? w->bare : w->text);
			template += len + 1 + 2 * (size_t)quoted;
		} else {
			buf_putc(out, *template++);
		}
	}
}

/* Of a member that is text (XML) or JSON; free() it. */
static char *template_of(const json_t *value)
{
	return json_is_string(value) ? xstrdup(json_string_value(value)) : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* The row without what holds $id: its member, its element. */
static char *without_id(const json_t *row)
{
	json_t *left, *value;
	const char *name, *text;
	void *next;
	char *out;

	if (!json_is_string(row)) {
		left = json_deep_copy(row);
		json_object_foreach_safe(left, next, name, value)
			if (json_is_string(value) && strstr(json_string_value(value), "$id"))
				json_object_del(left, name);
		out = template_of(left);
		json_decref(left);
		return out;
	}
	out = xstrdup(json_string_value(row));
	while ((text = strstr(out, "$id")) != NULL) {
		char *from = out + (text - out), *to = strchr(from, '<');

		while (from > out && *from != '<')
			from--;
		to = to && strchr(to, '>') ? strchr(to, '>') + 1 : from + strlen(from);
		memmove(from, to, strlen(to) + 1);
	}
	return out;
}

size_t rows_of(const json_t *poll)
{
	return (size_t)json_int_or(poll, "rows", 2);
}

void id_of_row(const json_t *poll, size_t row, char *text, size_t size)
{
	char number[24];
	struct buf b;

	snprintf(number, sizeof number, "%zu", 100000 + row);
	buf_init(&b, size - 1);
	fill(&b, json_text_or(poll, "ids", "$n"), (const struct word[]){ { "n", number, NULL }, { NULL, NULL, NULL } });
	snprintf(text, size, "%s", b.data);
	buf_finish(&b);
}

static bool is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")] && *text != '0' && strlen(text) < 19;
}

static void put_row(struct buf *out, const json_t *poll, const struct page *p, size_t row)
{
	bool is_nameless = p->nameless == SIZE_MAX || p->nameless == row;
	bool id_bare = !json_object_get(poll, "ids"); /* numbers, as they come */
	char id[64], quoted[80], at[40];
	char *template = is_nameless ? without_id(json_object_get(poll, "row")) : template_of(json_object_get(poll, "row"));

	id_of_row(poll, row, id, sizeof id);
	snprintf(quoted, sizeof quoted, "\"%s\"", id);
	if (is_number(id))
		id_bare ^= p->turned;
	/* An hour before now, a second for each row. */
	snprintf(at, sizeof at, "2026-10-31T%02zu:%02zu:%02zu", 20 + row / 3600, row / 60 % 60, row % 60);
	fill(out, template, (const struct word[]){ { "id", id, id_bare ? id : quoted }, { "time", at, NULL },
		{ "amount", p->turned ? "12.5" : "12.50", p->turned ? "12.5" : "\"12.50\"" },
		{ "count", "7", p->turned ? "\"7\"" : "7" }, { "text", p->turned ? "42" : "Mug", p->turned ? "42" : "\"Mug\"" },
		{ NULL, NULL, NULL } });
	free(template);
}

/* Rows of the whole story, once round. */
static size_t total_of(const struct story *s)
{
	size_t total = 0;

	for (size_t i = 0; i < s->count; i++)
		total += s->pages[i].count;
	return total;
}

static char *page_text(const json_t *poll, const struct story *s, size_t nth, size_t place, const struct page *p)
{
	const struct page *follows = &s->pages[nth + 1 < s->count ? nth + 1 : s->back];
	unsigned name = follows->name ? follows->name : (unsigned)place + 2;
	char *template = template_of(json_object_get(poll, p->more ? "page" : "last"));
	char next[40], total[24], left[24];
	struct buf rows, out;

	buf_init(&rows, BODY_MAX);
	buf_init(&out, BODY_MAX);
	for (size_t i = 0; i < p->count; i++) {
		if (i > 0 && !json_is_string(json_object_get(poll, "row")))
			buf_putc(&rows, ',');
		put_row(&rows, poll, p, p->from + i);
	}
	snprintf(next, sizeof next, "%s%u", json_text_or(poll, "next", "next-"), name);
	snprintf(total, sizeof total, "%zu", total_of(s));
	snprintf(left, sizeof left, "%zu", place < 900 ? 900 - place : 1);
	fill(&out, template, (const struct word[]){ { "rows", rows.len ? rows.data : "", rows.len ? rows.data : "" }, { "next", next, NULL },
		{ "total", total, total }, { "left", left, left }, { NULL, NULL, NULL } });
	free(template);
	buf_finish(&rows);
	template = buf_take(&out, NULL);
	buf_finish(&out);
	return template;
}

/* ---- answering ----------------------------------------------------------------------------- */

struct reply_text {
	char *body;
	json_t *headers; /* borrowed, or NULL */
	const char *const *more;
	int status;
};

static const char *header_of(void *ctx, const char *name)
{
	const struct reply_text *t = ctx;
	const char *key;
	json_t *value;

	for (const char *const *h = t->more; h && *h; h += 2)
		if (!strcasecmp(h[0], name))
			return h[1];
	json_object_foreach(t->headers, key, value)
		if (!strcasecmp(key, name))
			return json_string_value(value);
	return NULL;
}

static bool asks_for(const struct mlc_request *q, const char *piece)
{
	return strstr(q->path, piece) || (q->body && memmem(q->body, q->body_len, piece, strlen(piece)));
}

/* One of the answers of a list [{at, status, body, headers}]; false: none. */
static bool answer_from(const json_t *answers, const struct mlc_request *q, struct reply_text *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(answers, i, one) {
		if (!asks_for(q, json_text_or(one, "at", "")))
			continue;
		*out = (struct reply_text){ .body = template_of(json_object_get(one, "body")), .headers = json_object_get(one, "headers"),
			.status = (int)json_int_or(one, "status", 200) };
		return true;
	}
	return false;
}

static void answer_page(const json_t *poll, const struct story *s, size_t place, struct reply_text *out)
{
	size_t nth = place < s->count ? place : s->back + (place - s->count) % (s->count - s->back);
	const struct page *p = &s->pages[nth];

	*out = (struct reply_text){ .status = (int)json_int_or(poll, "status", 200), .more = p->headers };
	if (!p->status || !p->body) {
		out->body = page_text(poll, s, nth, place, p);
		out->headers = json_object_get(poll, p->more ? "page_headers" : "last_headers");
	} else {
		out->body = xstrdup(p->body);
	}
	if (p->status) {
		out->status = p->status;
		if (!p->body)
			out->body[strlen(out->body) / 2] = 0;
	}
}

static enum mlc_step step_with(struct call *c, struct reply_text *t)
{
	const struct call_reply reply = { .reply = { MLC_REPLY_HERE, t->status, t->body, strlen(t->body) }, .header = header_of, .ctx = t };
	enum mlc_step step = call_step(c, &reply, SAMPLE_NOW_MS);

	free(t->body);
	return step;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void keep_records(struct call *c, struct reading *out)
{
	const struct call_record *r;
	size_t count = call_records(c, &r);

	for (size_t i = 0; i < count; i++) {
		json_t *record = r[i].text ? json_read(r[i].text, r[i].text_len, NULL) : NULL;

		out->nameless += call_is_nameless(r[i].id);
		if (!call_is_nameless(r[i].id))
			json_object_set_new(out->records, r[i].id, record ? record : json_boolean(!r[i].deleted));
		else
			json_decref(record);
	}
	call_take(c);
}

/* What the host would not send: the address of another one. */
static bool is_elsewhere(const struct mlc_request *q)
{
	return !strncmp(q->path, "http", 4) && strstr(q->path, "elsewhere.example");
}

void remote_read(const struct kit *kit, const json_t *poll, const struct story *s, struct reading *out)
{
	const char *feed = json_text_at(poll, "feed");
	struct trial t = { .in = { .op = feed ? OP_POLL : OP_FIND, .feed = feed, .cursor = json_text_at(poll, "cursor"),
		.entity = json_text_at(poll, "entity"), .data = json_object_get(poll, "data"), .now_ms = SAMPLE_NOW_MS } };
	struct call *c = trial_call(kit, &t);
	struct call_reply paused = { .reply = { .kind = MLC_REPLY_PAUSED, .body = "" } };
	const char *cursor, *text;
	int64_t renew;

	*out = (struct reading){ .records = json_object() };
	out->end = call_step(c, NULL, SAMPLE_NOW_MS);
	for (unsigned steps = 0; steps < STEPS_MAX && (out->end == MLC_SEND || out->end == MLC_PAUSE); steps++) {
		const struct mlc_request *q = call_inside(c)->request;
		struct reply_text reply;

		if (call_advanced(c, &cursor, &renew))
			keep_records(c, out);
		if (out->end == MLC_PAUSE) {
			out->end = call_step(c, &paused, SAMPLE_NOW_MS);
			continue;
		}
		if (is_elsewhere(q)) {
			out->stray = true;
			break;
		}
		if (asks_for(q, json_text_or(poll, "list", "")) && !answer_from(json_object_get(poll, "first"), q, &reply))
			answer_page(poll, s, out->asked++, &reply);
		else if (!asks_for(q, json_text_or(poll, "list", "")) && !answer_from(json_object_get(poll, "others"), q, &reply)) {
			snprintf(out->unknown, sizeof out->unknown, "%s %.150s", q->method ? q->method : "", q->path);
			break;
		}
		out->end = step_with(c, &reply);
	}
	if (out->end == MLC_DONE)
		keep_records(c, out);
	if (out->end == MLC_FAIL) {
		out->fault = call_fault(c, &out->after_ms, &text);
		snprintf(out->why, sizeof out->why, "%s", text);
	}
	call_destroy(c);
}

void reading_finish(struct reading *r)
{
	json_decref(r->records);
}

/* ---- ping ---------------------------------------------------------------------------------- */

struct pinged {
	bool identity, told;
};

static bool fact_is(void *ctx, const char *name, const char *text)
{
	struct pinged *p = ctx;

	(void)text;
	if (strcmp(name, "identity") != 0)
		return true;
	p->told = true;
	return p->identity;
}

enum mlc_step remote_ping(const struct kit *kit, bool identity, bool *told, bool *after, char *why, size_t size)
{
	struct pinged p = { identity, false };
	struct call_site site = { .connector = kit->connector, .connection = "acme/any", .settings = kit->settings, .token = kit->token,
		.facts = kit->facts, .ctx = &p, .fact = fact_is };
	struct call *c = call_create(&site, &(struct call_input){ .op = OP_PING, .now_ms = SAMPLE_NOW_MS });
	enum mlc_step step = call_step(c, NULL, SAMPLE_NOW_MS);
	const char *text;

	*after = false;
	for (unsigned steps = 0; steps < 60 && step == MLC_SEND; steps++) {
		struct reply_text reply;

		*after |= p.told;
		if (!answer_from(json_object_get(kit->shapes, "ping"), call_inside(c)->request, &reply))
			break;
		step = step_with(c, &reply);
	}
	snprintf(why, size, "%s", step == MLC_SEND ? call_inside(c)->request->path : "");
	if (step == MLC_FAIL) {
		call_fault(c, NULL, &text);
		snprintf(why, size, "%s", text);
	}
	*told = p.told;
	call_destroy(c);
	return step;
}
