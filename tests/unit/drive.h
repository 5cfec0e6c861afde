/* drive.h - one call of a connector, step by step: what it asks for, what it is answered.
 *
 * For tests that are linked with the connector's own objects: mlc_connector_v1 is the one under test.  Where
 * MLC_REQUESTS names a file, each request is added to it as a line of JSON, for lib/openapi.py. */
#ifndef UNIT_DRIVE_H
#define UNIT_DRIVE_H

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
	struct call_site site;
	struct call_input input;
	const char *secret_name, *secret; /* what secret_is() takes; NULL: nothing */
	bool another;                     /* the host says that this is another account than before */
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

static inline bool drive_secret_is(void *ctx, const char *name, const char *text)
{
	const struct drive *d = ctx;

	return d->secret && strcmp(name, d->secret_name) == 0 && strcmp(text, d->secret) == 0;
}

static inline bool drive_fact(void *ctx, const char *name, const char *text)
{
	const struct drive *d = ctx;

	(void)text;
	return strcmp(name, "identity") != 0 || !d->another;
}

#define drive_test(f) cmocka_unit_test_setup_teardown(f, drive_set_up, drive_tear_down)

/* settings: given to it. */
static inline int drive_open(void **state, const char *connection, json_t *settings)
{
	struct drive *d = xcalloc(1, sizeof *d);

	if (crypto_init(NULL) < 0)
		return -1;
	d->settings = settings;
	d->facts = json_object();
	d->site = (struct call_site){ .connector = &mlc_connector_v1, .connection = connection, .settings = d->settings,
		.facts = d->facts, .ctx = d, .log = drive_log, .secret_is = drive_secret_is, .fact = drive_fact };
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

static inline void keep_request(const struct drive *d)
{
	const char *path = getenv("MLC_REQUESTS");
	const struct mlc_request *r = call_inside(d->call)->request;
	FILE *f = path && d->step == MLC_SEND ? fopen(path, "a") : NULL;
	json_t *line, *headers = json_array();

	for (const char *const *h = r->headers; f && h && *h; h++)
		json_array_append_new(headers, json_string(*h));
	line = f ? json_pack("{s:s,s:s,s:s?,s:s%,s:O}", "method", r->method, "path", r->path, "type", r->type, "body",
		r->body ? r->body : "", r->body_len, "headers", headers) : NULL;
	if (line) {
		json_dumpf(line, f, JSON_COMPACT);
		fputc('\n', f);
	}
	json_decref(line);
	json_decref(headers);
	if (f)
		fclose(f);
}

/* Goes one step on. */
static inline void step(struct drive *d, const struct call_reply *reply)
{
	d->step = call_step(d->call, reply, NOW);
	keep_request(d);
}

/* The first step of a call of input. */
static inline void begin(struct drive *d, enum op op)
{
	d->input.op = op;
	d->call = call_create(&d->site, &d->input);
	step(d, NULL);
}

static inline void write_all(struct drive *d, const char *entity, const struct mlc_write *writes, size_t count)
{
	d->input.entity = entity;
	d->input.writes = writes;
	d->input.write_count = count;
	begin(d, OP_WRITE);
}

/* One write of data, which is given to it; the call before is over. */
static inline void write_one(struct drive *d, const char *entity, enum mlc_verb verb, const char *id, const char *version, json_t *data)
{
	const struct mlc_write w = { .verb = verb, .id = id, .version = version, .key = "k-1", .data = data };

	drive_end(d);
	d->data = data;
	write_all(d, entity, &w, 1);
}

/* The reply to what was asked for last. */
static inline void answer_headers(struct drive *d, int status, const char *body, const char *const *headers)
{
	struct call_reply reply = { .reply = { MLC_REPLY_HERE, status, body, strlen(body) }, .header = drive_header, .ctx = d };

	assert_int_equal(d->step, MLC_SEND);
	d->headers = headers;
	step(d, &reply);
	d->headers = NULL;
}

static inline void answer(struct drive *d, int status, const char *body)
{
	answer_headers(d, status, body, NULL);
}

static inline void lost(struct drive *d)
{
	struct call_reply reply = { .reply = { MLC_REPLY_LOST, 0, "", 0 } };

	step(d, &reply);
}

/* What was emitted is committed, with its cursor; and when the call only wanted that, it goes on. */
static inline void commit(struct drive *d)
{
	const char *cursor;
	int64_t renew;

	assert_true(call_advanced(d->call, &cursor, &renew));
	call_take(d->call);
	if (d->step == MLC_PAUSE) {
		struct call_reply reply = { .reply = { MLC_REPLY_PAUSED, 0, "", 0 } };

		step(d, &reply);
	}
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

/* What the request says in that header; NULL: nothing. */
static inline const char *header_sent(const struct drive *d, const char *name)
{
	const char *const *h = call_inside(d->call)->request->headers;
	size_t len = strlen(name);

	for (; h && *h; h++)
		if (strncasecmp(*h, name, len) == 0 && (*h)[len] == ':')
			return *h + len + 2;
	return NULL;
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

/* "order 42, hint refund 42-52, deleted order 7": everything that was emitted and is not committed. */
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

/* What became of the ith write. */
static inline const struct call_write *outcome(const struct drive *d, size_t i)
{
	const struct call_write *writes;

	assert_true(i < call_writes(d->call, &writes));
	return &writes[i];
}

#ifdef SPECS_DEFAULT
/* A vendor's document below the folder of specifications, which is not part of the project; free() it.  NULL: not
 * there, the test is skipped. */
static inline char *spec(const char *name, size_t *len)
{
	const char *specs = getenv("MLC_SPECS");
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", specs && *specs ? specs : SPECS_DEFAULT, name);
	f = fopen(path, "rb");
	if (!f)
		return NULL;
	char *text = xcalloc(1, 1 << 20);
	size_t got = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	if (len)
		*len = got;
	return text;
}
#endif

#endif
