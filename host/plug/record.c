/* record.c - exchanges as they were: for the audit trail, and as files to be played back. */
#include "plug/record.h"

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PART_MAX     (EXCHANGE_MAX / 2 - 8192) /* of a body, request's and reply's each */
#define MASKED_LEAST 4                        /* shorter secrets would mask half of a text */
#define CASSETTE_MAX (64u << 20)
#define PLAYED_MAX   4096

/* ---- masking ------------------------------------------------------------------------------ */

struct masked { /* a secret, and where it comes next */
	const char *secret, *name, *at;
	size_t len;
};

static void look_on(struct masked *m, const char *from, const char *end)
{
	m->at = memmem(from, (size_t)(end - from), m->secret, m->len);
}

static size_t secrets_of(const struct vault *v, struct masked *list)
{
	size_t n = 0;

	for (size_t i = 0; v && i < v->count; i++) {
		const struct secret *each[] = { v->rows[i].now, v->rows[i].before };

		for (size_t k = 0; k < 2; k++) {
			size_t len = 0;
			const char *secret = each[k] ? secret_bytes(each[k], &len) : NULL;

			if (secret && len >= MASKED_LEAST)
				list[n++] = (struct masked){ secret, v->rows[i].name, NULL, len };
		}
	}
	return n;
}

/* The one that comes next; of two at one place the longer, so that no end of it is left. */
static const struct masked *next_of(const struct masked *list, size_t count)
{
	const struct masked *first = NULL;

	for (const struct masked *m = list; m < list + count; m++)
		if (m->at && (!first || m->at < first->at || (m->at == first->at && m->len > first->len)))
			first = m;
	return first;
}

static size_t longest_of(const struct masked *list, size_t count)
{
	size_t most = 1;

	for (size_t i = 0; i < count; i++)
		most = list[i].len > most ? list[i].len : most;
	return most;
}

/* Appends the first most bytes of text with every secret of the vault replaced by its name, also one that the cut
 * goes through.  Whatever a remote repeats how often: each is looked for once along the text. */
static void put_masked(struct buf *out, const struct vault *v, const char *text, size_t len, size_t most)
{
	struct masked *list = xcalloc(2 * (v ? v->count : 0), sizeof *list);
	size_t count = secrets_of(v, list), seen = most + longest_of(list, count) - 1;
	const char *cut = text + (most < len ? most : len), *end = text + (seen < len ? seen : len);
	const struct masked *next;

	for (size_t i = 0; i < count; i++)
		look_on(&list[i], text, end);
	while ((next = next_of(list, count)) != NULL && next->at < cut) {
		buf_add(out, text, (size_t)(next->at - text));
		buf_printf(out, "[secret:%s]", next->name);
		text = next->at + next->len;
		for (size_t i = 0; i < count; i++)
			if (list[i].at && list[i].at < text)
				look_on(&list[i], text, end);
	}
	if (text < cut)
		buf_add(out, text, (size_t)(cut - text));
	free(list);
}

static void put_part(struct buf *out, const struct vault *v, const char *body, size_t len)
{
	size_t most = len < PART_MAX ? len : PART_MAX;

	put_masked(out, v, body, len, most);
	if (most < len)
		buf_printf(out, "\n[... %zu bytes more]", len - most);
}

/* ---- for the audit trail -------------------------------------------------------------------- */

static void put_exchange(struct buf *out, const struct exchange_input *x)
{
	const struct mlc_request *q = x->request;

	buf_printf(out, "%s %s\n", q->method ? q->method : "PARKED", x->url ? x->url : q->path);
	if (x->auth)
		buf_printf(out, "Authorization: [%s]\n", x->auth);
	if (q->type)
		buf_printf(out, "Content-Type: %s\n", q->type);
	for (const char *const *h = q->headers; h && *h; h++)
		buf_printf(out, "%s\n", *h);
	buf_puts(out, "\n");
	if (q->body)
		put_part(out, x->vault, q->body, q->body_len);
	if (x->status == 0) {
		buf_printf(out, "\n\nno reply: %s", x->why ? x->why : "lost");
		return;
	}
	buf_printf(out, "\n\n%d\n", x->status);
	for (const struct carry_header *h = x->headers; h && h->name; h++) {
		buf_printf(out, "%s: ", h->name);
		put_masked(out, x->vault, h->value, strlen(h->value), strlen(h->value));
		buf_putc(out, '\n');
	}
	buf_putc(out, '\n');
	put_part(out, x->vault, x->body, x->body_len);
}

void exchanges_add(struct exchanges *list, const struct exchange_input *x)
{
	struct buf text;
	struct exchange *one;

	if (list->count == EXCHANGES_MAX) {
		size_t gone = EXCHANGES_MAX / 2; /* how it began, and how it ended */

		free(list->list[gone].text);
		memmove(&list->list[gone], &list->list[gone + 1],
			(EXCHANGES_MAX - gone - 1) * sizeof *list->list);
		list->count--;
		list->dropped++;
	}
	buf_init(&text, 2 * EXCHANGE_MAX);
	put_exchange(&text, x);
	one = &list->list[list->count++];
	*one = (struct exchange){ .status = x->status, .took_ms = x->took_ms, .at_ms = x->at_ms };
	one->text = buf_take(&text, &one->len);
}

static void mask_one(struct buf *out, const char *text, size_t len, const char *name, const char *secret, size_t secret_len)
{
	const char *from = text, *end = text + len, *at;

	for (; (at = memmem(from, (size_t)(end - from), secret, secret_len)) != NULL; from = at + secret_len) {
		buf_add(out, from, (size_t)(at - from));
		buf_printf(out, "[secret:%s]", name);
	}
	buf_add(out, from, (size_t)(end - from));
}

void exchanges_mask(struct exchanges *list, const char *name, const char *secret)
{
	size_t secret_len = strlen(secret);

	for (size_t i = 0; secret_len >= MASKED_LEAST && i < list->count; i++) {
		struct exchange *x = &list->list[i];
		struct buf out;

		if (!memmem(x->text, x->len, secret, secret_len))
			continue;
		buf_init(&out, 4 * EXCHANGE_MAX);
		mask_one(&out, x->text, x->len, name, secret, secret_len);
		wipe(x->text, x->len);
		free(x->text);
		x->text = buf_take(&out, &x->len);
	}
}

void exchanges_thin(struct exchanges *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->list[i].text);
		list->list[i].text = NULL;
		list->list[i].len = 0;
	}
}

void exchanges_finish(struct exchanges *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->list[i].text);
	list->count = list->dropped = 0;
}

/* ---- files ------------------------------------------------------------------------------- */

static void put_body(json_t *o, const struct vault *v, const char *body, size_t len)
{
	struct buf text;
	json_t *value;

	buf_init(&text, CASSETTE_MAX);
	put_masked(&text, v, body, len, len);
	value = json_stringn(text.data, text.len);
	if (value) {
		json_object_set_new(o, "body", value);
	} else {
		char *coded = base64_text(text.data, text.len); /* not UTF-8 */

		json_put_text(o, "body_base64", coded);
		free(coded);
	}
	buf_finish(&text);
}

json_t *cassette_page(const char *connector, enum op op, const struct exchange_input *x)
{
	json_t *o = json_object(), *request = json_object(), *reply = json_object(), *headers = json_object();
	char at[WHEN_SIZE];

	when_text(x->at_ms, at);
	json_put_text(o, "connector", connector);
	json_put_text(o, "op", op_text(op));
	json_put_text(o, "at", at);
	json_put_text(request, "method", x->request->method);
	json_put_text(request, "path", x->request->path);
	json_put_text(request, "url", x->url);
	json_put_text(request, "type", x->request->type);
	if (x->request->body)
		put_body(request, x->vault, x->request->body, x->request->body_len);
	json_put_int(reply, "status", x->status);
	for (const struct carry_header *h = x->headers; h && h->name; h++) {
		struct buf value;

		buf_init(&value, 65536);
		put_masked(&value, x->vault, h->value, strlen(h->value), strlen(h->value));
		json_put_text(headers, h->name, value.data);
		buf_finish(&value);
	}
	json_object_set_new(reply, "headers", headers);
	if (x->status)
		put_body(reply, x->vault, x->body, x->body_len);
	else
		json_put_text(reply, "lost", x->why ? x->why : "lost");
	json_object_set_new(o, "request", request);
	json_object_set_new(o, "reply", reply);
	return o;
}

void cassette_mask(json_t *page, const char *name, const char *secret)
{
	size_t secret_len = strlen(secret);
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(page, next, key, value) {
		const char *text = json_string_value(value);
		size_t len = json_string_length(value);
		struct buf out;

		if (json_is_object(value))
			cassette_mask(value, name, secret); /* two levels */
		if (!text || secret_len < MASKED_LEAST || !memmem(text, len, secret, secret_len))
			continue;
		buf_init(&out, CASSETTE_MAX);
		mask_one(&out, text, len, name, secret, secret_len);
		json_object_set_new(page, key, json_stringn(out.data, out.len));
		wipe(out.data, out.len);
		buf_finish(&out);
	}
}

void cassette_record(const char *dir, json_t *page)
{
	static atomic_uint number;
	char *path = xformat("%s/%s-%s-%06u.json", dir, json_text_or(page, "connector", ""), json_text_or(page, "op", ""),
		atomic_fetch_add(&number, 1)), *text = json_dumps(page, JSON_INDENT(1));
	struct err e = { 0 };

	if (dir_make(dir, &e) < 0 || !text || file_write(path, text, strlen(text), 0600, &e) < 0)
		log_line(LOG_WARN, "plug", "an exchange could not be recorded: %s", e.text);
	free(text);
	free(path);
	json_decref(page);
}

struct cassette {
	struct played {
		json_t *exchange;
		char *body; /* decoded, where it was base64 */
		size_t body_len;
		bool done;
	} *list;
	size_t count;
	const char *dir;
};

static int load_one(struct cassette *c, const char *path, struct err *e)
{
	char *text;
	size_t len;
	json_t *o;

	if (c->count == PLAYED_MAX)
		return err_set(e, ERR_LIMIT, "%s: more than %d exchanges", path, PLAYED_MAX);
	if (file_read(path, CASSETTE_MAX, &text, &len, e) < 0)
		return e ? e->code : ERR_INPUT;
	o = json_read(text, len, e);
	free(text);
	if (!o || !json_is_object(json_object_get(o, "request")) ||
		!json_is_object(json_object_get(o, "reply"))) {
		json_decref(o);
		err_set(e, ERR_INPUT, "no recorded exchange");
		err_within(e, "%s", path);
		return ERR_INPUT;
	}
	c->list = xrealloc(c->list, (c->count + 1) * sizeof *c->list);
	c->list[c->count] = (struct played){ .exchange = o };
	if (json_text_at(o, "reply.body_base64")) {
		const char *coded = json_text_at(o, "reply.body_base64");

		c->list[c->count].body = (char *)base64_bytes(coded, strlen(coded),
			&c->list[c->count].body_len);
	}
	c->count++;
	return 0;
}

struct loading { struct cassette *cassette; struct err *e; };

static int load_named(void *ctx, const char *name)
{
	struct loading *l = ctx;
	char *path = xformat("%s/%s", l->cassette->dir, name);
	int code = load_one(l->cassette, path, l->e);

	free(path);
	return code;
}

struct cassette *cassette_load(const char *path, struct err *e)
{
	struct cassette *c = xcalloc(1, sizeof *c);
	struct loading l = { c, e };
	size_t n = strlen(path);
	int code;

	c->dir = path;
	code = n > 5 && !strcmp(path + n - 5, ".json") ? load_one(c, path, e) : dir_each(path,
		".json", load_named, &l, e);
	c->dir = NULL;
	if (code < 0) {
		cassette_destroy(c);
		return NULL;
	}
	return c;
}

void cassette_destroy(struct cassette *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++) {
		json_decref(c->list[i].exchange);
		free(c->list[i].body);
	}
	free(c->list);
	free(c);
}

static const char *played_header(void *ctx, const char *name)
{
	const struct played *p = ctx;
	const char *key;
	json_t *value;

	json_object_foreach(json_at(p->exchange, "reply.headers"), key, value)
		if (!strcasecmp(key, name))
			return json_string_value(value);
	return NULL;
}

bool cassette_reply(struct cassette *c, const struct mlc_request *q, struct call_reply *out,
	struct err *e)
{
	const char *method = q->method ? q->method : "";

	for (size_t i = 0; i < c->count; i++) {
		struct played *p = &c->list[i];
		const json_t *reply = json_object_get(p->exchange, "reply");
		const char *body = json_text_at(reply, "body");

		if (p->done || strcmp(json_text_or(p->exchange, "request.method", ""),
			method) != 0 || strcmp(json_text_or(p->exchange, "request.path", ""),
			q->path) != 0)
			continue;
		p->done = true;
		*out = (struct call_reply){ .header = played_header, .ctx = p };
		out->reply.kind = json_int_or(reply, "status", 0) ? MLC_REPLY_HERE : MLC_REPLY_LOST;
		out->reply.status = (int)json_int_or(reply, "status", 0);
		out->reply.body = p->body ? p->body : body ? body : "";
		out->reply.body_len = p->body ? p->body_len : body
			? json_string_length(json_object_get(reply, "body")) : 0;
		return true;
	}
	err_set(e, ERR_ABSENT, "nothing is recorded for %s %s", method, q->path);
	return false;
}

size_t cassette_left(const struct cassette *c)
{
	size_t left = 0;

	for (size_t i = 0; i < c->count; i++)
		left += !c->list[i].done;
	return left;
}
