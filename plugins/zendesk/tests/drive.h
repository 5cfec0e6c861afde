/* drive.h - one call of the connector, step by step: what it asks for, what it is answered.
 * Where MLC_REQUESTS names a file, each request is added to it as a line of JSON: openapi.py holds them to
 * Zendesk's own document. */
#ifndef DRIVE_H
#define DRIVE_H

#include "base/check.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/when.h"
#include "plug/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NOW INT64_C(1795219800000) /* 2026-11-21T00:10:00Z */

struct drive {
	json_t *settings, *facts, *data;
	bool another;      /* the host says that this is another account */
	struct call_site site;
	struct call_input input;
	struct mlc_write write;
	struct call *call;
	enum mlc_step step;
	const char *const *headers; /* of the reply at hand: name, value, ..., NULL */
	char logged[1024];
};

static inline const char *drive_header(void *ctx, const char *name)
{
	const struct drive *d = ctx;

	for (const char *const *h = d->headers; h && h[0]; h += 2)
		if (strcasecmp(h[0], name) == 0)
			return h[1];
	return NULL;
}

static inline void drive_log(void *ctx, enum mlc_level level, const char *text)
{
	struct drive *d = ctx;

	(void)level;
	snprintf(d->logged, sizeof d->logged, "%s", text);
}

static inline bool drive_fact(void *ctx, const char *name, const char *text)
{
	const struct drive *d = ctx;

	(void)text;
	return strcmp(name, "identity") != 0 || !d->another;
}

static inline int drive_set_up(void **state)
{
	struct drive *d = xcalloc(1, sizeof *d);

	if (crypto_init(NULL) < 0)
		return -1;
	d->settings = json_pack("{s:s}", "url", "https://acme.zendesk.com");
	d->facts = json_object();
	d->site = (struct call_site){ .connector = &mlc_connector_v1, .connection = "acme/desk", .settings = d->settings,
		.facts = d->facts, .ctx = d, .log = drive_log, .fact = drive_fact };
	d->input.now_ms = NOW;
	*state = d;
	return 0;
}

static inline void drive_end(struct drive *d)
{
	call_destroy(d->call);
	d->call = NULL;
	json_decref(d->data);
	d->data = NULL;
	d->headers = NULL;
	d->input = (struct call_input){ .now_ms = NOW };
}

static inline int drive_tear_down(void **state)
{
	struct drive *d = *state;

	drive_end(d);
	json_decref(d->settings);
	json_decref(d->facts);
	free(d);
	return 0;
}

/* For openapi.py. */
static inline void keep_request(const struct drive *d)
{
	const char *path = getenv("MLC_REQUESTS");
	const struct mlc_request *r = call_inside(d->call)->request;
	FILE *f = path && d->step == MLC_SEND ? fopen(path, "a") : NULL;
	json_t *line, *headers;

	if (!f)
		return;
	headers = json_array();
	for (const char *const *h = r->headers; h && *h; h++)
		json_array_append_new(headers, json_string(*h));
	line = json_pack("{s:s,s:s,s:s?,s:s%,s:o}", "method", r->method, "path", r->path, "type", r->type, "body",
		r->body ? r->body : "", r->body_len, "headers", headers);
	json_dumpf(line, f, JSON_COMPACT);
	fputc('\n', f);
	json_decref(line);
	fclose(f);
}

/* The first step of a call of input. */
static inline void begin(struct drive *d, enum op op)
{
	d->input.op = op;
	d->call = call_create(&d->site, &d->input);
	d->step = call_step(d->call, NULL, NOW);
	keep_request(d);
}

/* The reply to what was asked for last. */
static inline void answer_headers(struct drive *d, int status, const char *body, const char *const *headers)
{
	struct call_reply reply = { .reply = { MLC_REPLY_HERE, status, body, strlen(body) }, .header = drive_header, .ctx = d };

	assert_int_equal(d->step, MLC_SEND);
	d->headers = headers;
	d->step = call_step(d->call, &reply, NOW);
	d->headers = NULL;
	keep_request(d);
}

static inline void answer(struct drive *d, int status, const char *body)
{
	answer_headers(d, status, body, NULL);
}

static inline void lost(struct drive *d)
{
	struct call_reply reply = { .reply = { MLC_REPLY_LOST, 0, "", 0 } };

	d->step = call_step(d->call, &reply, NOW);
}

#define asks(d, m, p)                                                                          \
	do {                                                                                   \
		assert_int_equal((d)->step, MLC_SEND);                                         \
		assert_string_equal(call_inside((d)->call)->request->method, m);               \
		assert_string_equal(call_inside((d)->call)->request->path, p);                 \
	} while (0)

#define asks_with(d, m, p, b)                                                                  \
	do {                                                                                   \
		asks(d, m, p);                                                                 \
		assert_string_equal(call_inside((d)->call)->request->body, b);                 \
	} while (0)

#define fails(d, f)                                                                            \
	do {                                                                                   \
		uint32_t after_;                                                               \
		const char *text_;                                                             \
		assert_int_equal((d)->step, MLC_FAIL);                                         \
		assert_int_equal(call_fault((d)->call, &after_, &text_), f);                   \
	} while (0)

static inline const char *why(const struct drive *d)
{
	const char *text;

	call_fault(d->call, NULL, &text);
	return text;
}

static inline uint32_t wait_ms(const struct drive *d)
{
	uint32_t after = 0;

	call_fault(d->call, &after, NULL);
	return after;
}

static inline const char *header_sent(const struct drive *d)
{
	const char *const *h = call_inside(d->call)->request->headers;

	return h && *h ? *h : "";
}

static inline const char *cursor(const struct drive *d)
{
	const char *text;
	int64_t renew;

	return call_advanced(d->call, &text, &renew) ? text : NULL;
}

static inline int64_t renew_at(const struct drive *d)
{
	const char *text;
	int64_t renew;

	return call_advanced(d->call, &text, &renew) ? renew : -1;
}

/* "Accounts 42, hint Deals 7": everything that was emitted and is not committed. */
static inline const char *emitted(const struct drive *d)
{
	static char text[8192];
	const struct call_record *r;
	size_t count = call_records(d->call, &r), len = 0;

	text[0] = 0;
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s%s %s", i ? ", " : "",
			r[i].deleted ? "deleted " : r[i].hint ? "hint " : "", r[i].entity, r[i].id);
	return text;
}

static inline const struct call_record *record(const struct drive *d, size_t i)
{
	const struct call_record *r;

	assert_true(i < call_records(d->call, &r));
	return &r[i];
}

/* A member of an emitted record, as text. */
static inline const char *member(const struct drive *d, size_t i, const char *path)
{
	return json_text_or(record(d, i)->data, path, "(none)");
}

#define drive_test(f) cmocka_unit_test_setup_teardown(f, drive_set_up, drive_tear_down)

#define ORGANIZATION(id, name, updated, more) \
	"{\"id\":" id ",\"name\":\"" name "\",\"updated_at\":\"" updated "\"" more "}"
#define TAKEN(member, words) \
	"{\"error\":\"RecordInvalid\",\"description\":\"Record validation errors\",\"details\":{\"" member \
	"\":[{\"description\":\"" words "\",\"error\":\"DuplicateValue\"}]}}"
#define NOT_FOUND "{\"error\":\"RecordNotFound\",\"description\":\"Not found\"}"

/* A write, and what became of it. */
static inline void write_one(struct drive *d, const char *entity, enum mlc_verb verb, const char *id, const char *version, json_t *data)
{
	d->data = data;
	d->write = (struct mlc_write){ .verb = verb, .id = id, .version = version, .key = "k-1", .data = data };
	d->input.entity = entity;
	d->input.writes = &d->write;
	d->input.write_count = 1;
	begin(d, OP_WRITE);
}

static inline const struct call_record *settled(const struct drive *d)
{
	const struct call_write *writes;

	assert_int_equal(d->step, MLC_DONE);
	assert_int_equal(call_writes(d->call, &writes), 1);
	assert_int_equal(writes[0].end, WRITE_END_SETTLED);
	return &writes[0].record;
}

/* What was emitted is committed, with its cursor; a pause that the call wanted is over. */
static inline void commit(struct drive *d)
{
	struct call_reply reply = { .reply = { MLC_REPLY_PAUSED, 0, "", 0 } };

	call_take(d->call);
	if (d->step != MLC_PAUSE)
		return;
	d->step = call_step(d->call, &reply, NOW);
	keep_request(d);
}

#endif
