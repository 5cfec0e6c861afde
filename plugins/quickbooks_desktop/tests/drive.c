/* drive.c - the connector's calls over a pipe, for tests that have a QuickBooks to ask: one JSON line in
 * for a call or a reply, one out for a request or the end of the call.
 *
 *   {"op":"find","entity":"Customer","data":{..}}     ->  {"step":"send","id":"r-..","request":"<..Rq>"}
 *   {"status":200,"body":"<..Rs>"} (or {"lost":true}) ->  {"step":"done","records":[..],"cursor":"..","writes":[..]} */
#include "base/mem.h"
#include "plug/call.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t now_ms;

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *record_told(const struct call_record *r)
{
	return json_pack("{s:s, s:s, s:o, s:b, s:o, s:o}", "entity", r->entity, "id", r->id, "version", text_or_null(r->version),
		"deleted", r->deleted, "merged_into", text_or_null(r->merged_into), "data", r->text ? json_loadb(r->text, r->text_len, 0, NULL) : r->data ? json_deep_copy(r->data) : json_null());
}

static const char *const faults[] = { "", "retry", "limited", "stale", "auth", "refused", "in_doubt", "broken" };

static json_t *write_told(const struct call_write *w)
{
	if (w->end == WRITE_END_SETTLED)
		return json_pack("{s:o}", "settled", record_told(&w->record));
	return json_pack("{s:s, s:s}", "refused", faults[w->fault], "text", w->text ? w->text : "");
}

static enum op op_of(const char *name)
{
	for (enum op op = OP_PING; op <= OP_SERVE; op++)
		if (!strcmp(op_text(op), name))
			return op;
	return 0;
}

static enum mlc_verb verb_of(const char *name)
{
	return !strcmp(name, "create") ? MLC_DO_CREATE : !strcmp(name, "update") ? MLC_DO_UPDATE
		: !strcmp(name, "delete") ? MLC_DO_DELETE : MLC_DO_VOID;
}

static const char *text_at(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static struct call *call_for(const json_t *order, json_t *settings)
{
	struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/books", .settings = settings };
	struct call_input in = { .op = op_of(text_at(order, "op")), .entity = text_at(order, "entity"),
		.feed = text_at(order, "feed"), .cursor = text_at(order, "cursor"), .data = json_object_get(order, "data"),
		.now_ms = now_ms };
	struct mlc_write w = { .verb = verb_of(text_at(order, "verb") ? text_at(order, "verb") : ""),
		.id = text_at(order, "id"), .version = text_at(order, "version"), .key = text_at(order, "key"),
		.data = json_object_get(order, "data") };
	const json_t *list = json_object_get(order, "ids"), *one;
	const char *ids[200] = { NULL };
	size_t i;

	json_array_foreach(list, i, one)
		ids[i] = json_string_value(one);
	if (list)
		in.ids = ids;
	if (in.op == OP_WRITE) {
		in.writes = &w;
		in.write_count = 1;
		in.data = NULL;
	}
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
	json_t *line = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL);

	return line;
}

static void finish(struct call *c, enum mlc_step step, json_t *records, const char *cursor)
{
	const struct call_write *list;
	json_t *line = json_pack("{s:s, s:O, s:o}", "step", step == MLC_FAIL ? "fail" : "done", "records", records,
		"cursor", text_or_null(*cursor ? cursor : NULL)), *writes = json_array();
	const char *text;
	uint32_t after;

	if (step == MLC_FAIL) {
		json_object_set_new(line, "fault", json_string(faults[call_fault(c, &after, &text)]));
		json_object_set_new(line, "text", json_string(text));
	}
	for (size_t i = 0, n = call_writes(c, &list); i < n && step == MLC_DONE; i++)
		json_array_append_new(writes, write_told(&list[i]));
	json_object_set_new(line, "writes", writes);
	say(line);
}

static void run(const json_t *order)
{
	json_t *records = json_array(), *settings = json_object(), *heard;
	struct call *c = call_for(order, settings);
	enum mlc_step step = call_step(c, NULL, now_ms);
	char cursor[4096] = "";

	for (;;) {
		const char *next;
		int64_t renew;

		if (call_advanced(c, &next, &renew)) {
			if (next)
				snprintf(cursor, sizeof cursor, "%s", next);
			add_records(c, records);
			call_take(c);
		}
		if (step != MLC_SEND)
			break;
		const struct mlc_request *r = call_inside(c)->request;
		say(json_pack("{s:s, s:s, s:s%, s:b, s:b}", "step", "send", "id", r->path, "request", r->body, r->body_len,
			"repeatable", r->repeatable, "this_visit", r->this_visit));
		heard = hear();
		if (!heard)
			break;
		const json_t *body = json_object_get(heard, "body");
		struct call_reply reply = { .reply = { json_is_true(json_object_get(heard, "lost")) ? MLC_REPLY_LOST : MLC_REPLY_HERE,
			(int)json_integer_value(json_object_get(heard, "status")), json_string_value(body), json_string_length(body) } };
		step = call_step(c, &reply, now_ms);
		json_decref(heard);
	}
	add_records(c, records);
	finish(c, step, records, cursor);
	call_destroy(c);
	json_decref(records);
	json_decref(settings);
}

int main(int argc, char **argv)
{
	json_t *order;

	now_ms = argc > 1 ? strtoll(argv[1], NULL, 10) : 0;
	while ((order = hear())) {
		run(order);
		json_decref(order);
	}
	return 0;
}
