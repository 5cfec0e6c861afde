/* pipe.c - a connector's calls over a pipe, for tests that have a remote to ask: one JSON line in for a call or a
 * reply, one out for a request or the end of the call.  Linked with the connector's own objects.
 *
 *   {"op":"find","entity":"Customer","data":{..},"settings":{..},"now_ms":..}
 *                                             ->  {"step":"send","method":"GET","path":"/..","headers":[..],"body":".."}
 *   {"status":200,"headers":{..},"body":".."} (or {"lost":true})
 *                                             ->  {"step":"done","records":[..],"cursor":"..","writes":[..],"facts":{..}} */
#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "plug/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WRITES_MAX 64
#define IDS_MAX    1024

static const char *const faults[] = { "", "retry", "limited", "stale", "auth", "refused", "in_doubt", "broken" };

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *record_told(const struct call_record *r)
{
	json_t *data = r->text ? json_read(r->text, r->text_len, NULL) : r->data ? json_deep_copy(r->data) : json_null();

	return json_pack("{s:s, s:s, s:o, s:o, s:b, s:o, s:b, s:o}", "entity", r->entity, "id", r->id, "version", text_or_null(r->version),
		"account", text_or_null(r->account), "deleted", r->deleted, "merged_into", text_or_null(r->merged_into), "hint", r->hint, "data", data);
}

static json_t *write_told(const struct call_write *w)
{
	if (w->end == WRITE_END_SETTLED)
		return json_pack("{s:o}", "settled", record_told(&w->record));
	return json_pack("{s:s, s:s}", "refused", faults[w->fault], "text", w->text ? w->text : "");
}

static enum op op_of(const char *name)
{
	for (enum op op = OP_PING; op <= OP_SERVE; op++)
		if (name && !strcmp(op_text(op), name))
			return op;
	fprintf(stderr, "no op '%s'\n", name ? name : "");
	exit(2);
}

static enum mlc_verb verb_of(const char *name)
{
	return !strcmp(name, "create") ? MLC_DO_CREATE : !strcmp(name, "update") ? MLC_DO_UPDATE
		: !strcmp(name, "delete") ? MLC_DO_DELETE : MLC_DO_VOID;
}

/* What a call points at while it lives. */
struct order {
	struct mlc_write writes[WRITES_MAX];
	const char *ids[IDS_MAX + 1];
	struct mlc_inbound inbound;
};

/* "writes": [{"verb","id","version","key","data"}, ..] */
static void fill_writes(struct order *o, struct call_input *in, const json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		if (i == WRITES_MAX)
			break;
		o->writes[i] = (struct mlc_write){ .verb = verb_of(json_text_or(one, "verb", "create")), .id = json_text_at(one, "id"),
			.version = json_text_at(one, "version"), .key = json_text_or(one, "key", "key-0"), .data = json_object_get(one, "data") };
	}
	in->writes = o->writes;
	in->write_count = i;
}

static struct call *call_for(struct order *o, const json_t *order, int64_t now_ms)
{
	struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/test", .settings = json_object_get(order, "settings"),
		.token = json_object_get(order, "token"), .facts = json_object_get(order, "facts") };
	struct call_input in = { .op = op_of(json_text_at(order, "op")), .entity = json_text_at(order, "entity"),
		.feed = json_text_at(order, "feed"), .cursor = json_text_at(order, "cursor"), .data = json_object_get(order, "data"),
		.hook_url = json_text_at(order, "hook_url"), .now_ms = now_ms };
	const json_t *ids = json_object_get(order, "ids");
	size_t count = json_array_size(ids);

	memset(o, 0, sizeof *o);
	for (size_t i = 0; i < count && i < IDS_MAX; i++)
		o->ids[i] = json_string_value(json_array_get(ids, i));
	if (ids)
		in.ids = o->ids;
	fill_writes(o, &in, json_object_get(order, "writes"));
	return call_create(&site, &in);
}

static void add_records(struct call *c, json_t *records)
{
	const struct call_record *list;
	size_t count = call_records(c, &list);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(records, record_told(&list[i]));
}

static void say(json_t *line)
{
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(line);
}

static json_t *hear(void)
{
	return json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL);
}

static const char *header_of(void *ctx, const char *name)
{
	const char *known;
	json_t *v;

	json_object_foreach(json_object_get(ctx, "headers"), known, v)
		if (!strcasecmp(known, name))
			return json_string_value(v);
	return NULL;
}

static json_t *request_told(const struct mlc_request *r)
{
	json_t *headers = json_array();

	for (const char *const *h = r->headers; h && *h; h++)
		json_array_append_new(headers, json_string(*h));
	return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:b, s:b}", "step", "send", "method", text_or_null(r->method),
		"endpoint", text_or_null(r->endpoint), "path", r->path, "type", text_or_null(r->type), "headers", headers,
		"body", r->body ? json_stringn(r->body, r->body_len) : json_null(), "repeatable", r->repeatable,
		"this_visit", r->this_visit);
}

static void finish(struct call *c, enum mlc_step step, json_t *records, json_t *cursor)
{
	const struct call_write *list;
	json_t *writes = json_array(), *line;
	const char *text = "";
	uint32_t after = 0;
	enum mlc_fault fault = step == MLC_FAIL ? call_fault(c, &after, &text) : 0;

	for (size_t i = 0, n = call_writes(c, &list); i < n && step == MLC_DONE; i++)
		json_array_append_new(writes, write_told(&list[i]));
	line = json_pack("{s:s, s:O, s:O, s:o, s:s, s:s, s:i}", "step", step == MLC_FAIL ? "fail" : "done", "records", records,
		"cursor", cursor, "writes", writes, "fault", faults[fault], "text", text, "after_ms", (int)after);
	json_object_set_new(line, "facts", json_deep_copy(call_facts(c)));
	say(line);
}

static void run(const json_t *order)
{
	int64_t now_ms = json_integer_value(json_object_get(order, "now_ms"));
	json_t *records = json_array(), *cursor = json_null(), *heard = NULL;
	struct order held;
	struct call *c = call_for(&held, order, now_ms);
	enum mlc_step step = call_step(c, NULL, now_ms);

	for (;;) {
		const char *next;
		int64_t renew;

		if (call_advanced(c, &next, &renew)) {
			if (next) {
				json_decref(cursor);
				cursor = json_string(next);
			}
			add_records(c, records);
			call_take(c);
		}
		if (step == MLC_PAUSE) {
			struct call_reply over = { .reply = { .kind = MLC_REPLY_PAUSED, .body = "" } };

			step = call_step(c, &over, now_ms);
			continue;
		}
		if (step != MLC_SEND)
			break;
		say(request_told(call_inside(c)->request));
		json_decref(heard);
		heard = hear();
		if (!heard)
			break;
		const json_t *body = json_object_get(heard, "body");
		struct call_reply reply = { .reply = { json_is_true(json_object_get(heard, "lost")) ? MLC_REPLY_LOST : MLC_REPLY_HERE,
			(int)json_integer_value(json_object_get(heard, "status")), body ? json_string_value(body) : "",
			json_string_length(body) }, .header = header_of, .ctx = heard };
		step = call_step(c, &reply, now_ms);
	}
	add_records(c, records);
	finish(c, step, records, cursor);
	json_decref(heard);
	call_destroy(c);
	json_decref(records);
	json_decref(cursor);
}

int main(void)
{
	json_t *order;

	if (crypto_init(NULL) < 0)
		return 1;
	while ((order = hear())) {
		run(order);
		json_decref(order);
	}
	return 0;
}
