/* failure.c - why a record does not go on: the first reason is the verdict, the others are told along with it. */
#include "script/eval_parts.h"

#include <stdarg.h>
#include <string.h>

static const struct option {
	const char *choice, *text;
} options[] = {
	{ "adopt", "this record of the target is the one" },
	{ "create", "make a new one" },
	{ "again", "forget the old one and post it again" },
	{ "forget", "leave this record alone for ever" },
	{ "skip", "let this change go" },
	{ "answer", "say what it is" },
	{ "overwrite", "write ours over theirs" },
	{ "keep", "leave theirs as it stands" },
	{ "post", "write it all the same" },
};

static json_t *option_of(const char *word, size_t len)
{
	json_t *o = json_object();

	json_object_set_new(o, "choice", json_stringn(word, len));
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (strlen(options[i].choice) == len && memcmp(options[i].choice, word, len) == 0)
			json_object_set_new(o, "text", json_string(options[i].text));
	if (!json_object_get(o, "text"))
		json_object_set_new(o, "text", json_stringn(word, len));
	return o;
}

json_t *eval_options(const char *words)
{
	json_t *list = json_array();

	for (const char *at = words; at && *at;) {
		size_t len = strcspn(at, " ");
		json_array_append_new(list, option_of(at, len));
		at += len + (at[len] == ' ');
	}
	return list;
}

/* text for json: what a person typed may hold anything, what we cut may end in half a character */
static json_t *json_words(const char *text)
{
	json_t *s = json_string(text);

	return s ? s : json_string("(text that is not UTF-8)");
}

void eval_note(struct eval *e, enum op verdict, const char *cause, const char *why, const char *fix, json_t *opts)
{
	if (!e->failure.verdict) {
		e->failure = (struct failure){ verdict, cause, why, fix, opts };
		return;
	}
	json_decref(opts);
	if (strcmp(e->failure.cause, cause) == 0 && strcmp(e->failure.why, why) == 0)
		return;
	json_t *one = json_object();
	json_object_set_new(one, "cause", json_words(cause));
	json_object_set_new(one, "why", json_words(why));
	json_array_append_new(e->more, one);
}

void eval_fail(struct eval *e, enum op verdict, const char *cause, json_t *opts, const char *fmt, ...)
{
	va_list args;
	const char *why;

	va_start(args, fmt);
	why = arena_vformat(e->arena, fmt, args);
	va_end(args);
	eval_note(e, verdict, cause, why ? why : "", NULL, opts);
}

void eval_state(struct eval *e, const struct state *s, enum op verdict, const char *cause, json_t *opts, const char *fmt, ...)
{
	va_list args;
	const char *why = NULL, *fix = NULL, *own;

	if (s) {
		verdict = s->verdict;
		own = s->cause ? eval_text(e, s->cause) : NULL;
		cause = own ? own : cause;
		why = s->why ? eval_text(e, s->why) : NULL;
		fix = s->fix ? eval_text(e, s->fix) : NULL;
		if (s->options) {
			json_t *given = json_array();
			for (size_t i = 0; s->options[i]; i++) {
				json_t *o = NULL, *built;
				size_t j;
				json_array_foreach(opts, j, built)
					if (strcmp(json_string_value(json_object_get(built, "choice")), s->options[i]) == 0) {
						json_array_append(given, built); /* of the list that dies here */
						o = built;
					}
				if (!o)
					json_array_append_new(given, option_of(s->options[i], strlen(s->options[i])));
			}
			json_decref(opts);
			opts = given;
		}
	}
	if (!why) {
		va_start(args, fmt);
		why = arena_vformat(e->arena, fmt, args);
		va_end(args);
	}
	if (verdict != OP_REVIEW) {
		json_decref(opts);
		opts = NULL;
	}
	eval_note(e, verdict, cause, why ? why : "", fix, opts);
}

struct value eval_bad(struct eval *e, const char *fmt, ...)
{
	va_list args;
	const char *why;

	va_start(args, fmt);
	why = arena_vformat(e->arena, fmt, args);
	va_end(args);
	eval_note(e, OP_HOLD, eval_format(e, "bad_value:%s", e->field), why ? why : "", NULL, NULL);
	return value_unknown();
}

struct value eval_no_room(struct eval *e)
{
	eval_note(e, OP_HOLD, "too_much", "this record makes more than a mapping may make of one", NULL, NULL);
	return value_unknown();
}
