/* eval.c - values of a record's way: pure, bounded, and unknown where something is still asked. */
#include "eval.h"

#include "base/when.h"
#include "script/compute.h"
#include "script/letters.h"
#include "script/look.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 15

void eval_init(struct eval *e, struct arena *arena, const struct flow *flow, const json_t *header, json_t *record)
{
	memset(e, 0, sizeof *e);
	e->arena = arena;
	e->flow = flow;
	e->m = flow->m;
	e->header = header;
	e->record = record;
	e->answers = json_object_get(header, "answers");
	e->choice = json_object_get(header, "choice");
	e->link = json_object_get(header, "link");
	if (!json_is_object(e->choice))
		e->choice = NULL;
	if (!json_is_object(e->link))
		e->link = NULL;
	e->asks = json_object();
	e->more = json_array();
	e->field = "";
}

void eval_finish(struct eval *e)
{
	json_decref(e->asks);
	json_decref(e->more);
	json_decref(e->failure.options);
	json_decref(e->trace);
}

const char *eval_format(struct eval *e, const char *fmt, ...)
{
	va_list args;
	const char *text;

	va_start(args, fmt);
	text = arena_vformat(e->arena, fmt, args);
	va_end(args);
	return text ? text : "";
}

/* ---- failures ------------------------------------------------------------------------ */

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

static void note(struct eval *e, enum op verdict, const char *cause, const char *why, const char *fix, json_t *opts)
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
	note(e, verdict, cause, why ? why : "", NULL, opts);
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
	note(e, verdict, cause, why ? why : "", fix, opts);
}

static struct value bad(struct eval *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static struct value bad(struct eval *e, const char *fmt, ...)
{
	va_list args;
	const char *why;

	va_start(args, fmt);
	why = arena_vformat(e->arena, fmt, args);
	va_end(args);
	note(e, OP_HOLD, eval_format(e, "bad_value:%s", e->field), why ? why : "", NULL, NULL);
	return value_unknown();
}

static struct value no_room(struct eval *e)
{
	note(e, OP_HOLD, "too_much", "this record makes more than a mapping may make of one", NULL, NULL);
	return value_unknown();
}

/* ---- small things ---------------------------------------------------------------------- */

const char *eval_fact(const struct eval *e, const char *side, const char *name)
{
	return json_string_value(json_object_get(json_object_get(json_object_get(e->header, "facts"), side), name));
}

const char *eval_lock_date(const struct eval *e)
{
	const char *closing = eval_fact(e, "target", "closing_date");
	const char *until = json_string_value(json_object_get(e->header, "locked_until"));

	if (closing && !when_is_day(closing))
		closing = NULL;
	if (until && !when_is_day(until))
		until = NULL;
	if (!closing || !until)
		return closing ? closing : until;
	return strcmp(closing, until) > 0 ? closing : until;
}

static void trace(struct eval *e, const char *path, struct value v)
{
	json_t *one, *value;

	if (!e->trace)
		return;
	one = json_object();
	value = value_json(e->arena, v);
	json_object_set_new(one, "path", json_string(path));
	json_object_set_new(one, "value", value ? value : json_null());
	json_array_append_new(e->trace, one);
}

static bool step_where(json_t *row, const struct step *s)
{
	json_t *v = json_object_get(row, s->name);
	char number[24];

	if (json_is_string(v))
		return strcmp(json_string_value(v), s->value) == 0;
	if (!json_is_integer(v))
		return false;
	snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
	return strcmp(number, s->value) == 0;
}

static json_t *walk(json_t *at, const struct path *p)
{
	for (unsigned i = 0; at && i < p->count; i++) {
		const struct step *s = &p->steps[i];
		json_t *list = at;
		switch (s->kind) {
		case STEP_MEMBER:
			at = json_object_get(at, s->name);
			break;
		case STEP_INDEX:
			at = json_array_get(at, s->index);
			break;
		case STEP_WHERE:
			at = NULL;
			for (size_t j = 0; !at && j < json_array_size(list); j++)
				if (step_where(json_array_get(list, j), s))
					at = json_array_get(list, j);
			break;
		}
	}
	return at;
}

static struct value at_path(struct eval *e, json_t *root, const struct path *p, const char *prefix)
{
	struct value v = value_of(walk(root, p));

	if (e->trace)
		trace(e, eval_format(e, "%s%s", prefix, p->text), v);
	return v;
}

static struct value of_row(struct eval *e, const struct row *row, const struct path *p)
{
	struct value v = row ? row->value : value_none();

	if (p->count == 0)
		return v;
	if (v.kind != VALUE_JSON)
		return value_none();
	v = value_of(walk(v.json, p));
	if (e->trace)
		trace(e, eval_format(e, "%s[%u].%s", row->list, row->number, p->text), v);
	return v;
}

static struct value from_text(struct eval *e, char *text, size_t len)
{
	return text ? value_text(text, len) : no_room(e);
}

static bool is_unknown(struct value v)
{
	return v.kind == VALUE_UNKNOWN;
}

bool eval_true(struct eval *e, const struct expr *x, bool *unknown)
{
	struct value v = eval_value(e, x);

	if (is_unknown(v)) {
		if (unknown)
			*unknown = true;
		return false;
	}
	return v.kind == VALUE_BOOL ? v.truth : !value_is_empty(v);
}

const char *eval_text(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x);
	const char *text;
	size_t len;

	if (value_is_empty(v) || !value_as_text(e->arena, v, &text, &len))
		return NULL;
	return text;
}

/* The day in a text: "2026-10-31", or the first ten characters of an instant. */
static bool day_in(struct value v, char out[WHEN_DAY_SIZE])
{
	if (v.kind != VALUE_TEXT || v.len < WHEN_DAY_SIZE - 1)
		return false;
	memcpy(out, v.text, WHEN_DAY_SIZE - 1);
	out[WHEN_DAY_SIZE - 1] = 0;
	return (v.len == WHEN_DAY_SIZE - 1 || v.text[WHEN_DAY_SIZE - 1] == 'T' || v.text[WHEN_DAY_SIZE - 1] == ' ') &&
		when_is_day(out);
}

const char *eval_day(struct eval *e, const struct expr *x)
{
	char day[WHEN_DAY_SIZE];
	struct value v = x ? eval_value(e, x) : value_none();

	if (value_is_empty(v) || is_unknown(v))
		return NULL;
	if (!day_in(v, day)) {
		bad(e, "'%.60s' is no day", v.kind == VALUE_TEXT ? v.text : "a value");
		return NULL;
	}
	return eval_format(e, "%s", day);
}

static const char *shown(struct eval *e, struct value v)
{
	const char *text;
	size_t len;

	return value_as_text(e->arena, v, &text, &len) ? text : "a value";
}

/* ---- numbers ------------------------------------------------------------------------------ */

enum number { NUMBER_HERE, NUMBER_MISSING, NUMBER_UNKNOWN };

static enum number number_of(struct eval *e, struct value v, struct decimal *out)
{
	if (is_unknown(v))
		return NUMBER_UNKNOWN;
	if (value_is_empty(v))
		return NUMBER_MISSING;
	if (value_number(v, out))
		return NUMBER_HERE;
	bad(e, "'%.60s' is no number", shown(e, v));
	return NUMBER_UNKNOWN;
}

static struct value too_large(struct eval *e)
{
	return bad(e, "a number has more digits than can be reckoned with");
}

static struct value decimal_value(struct eval *e, struct decimal d)
{
	struct value v = value_decimal(e->arena, d);

	return is_unknown(v) ? no_room(e) : v;
}

static bool combine(enum op op, struct decimal a, struct decimal b, struct decimal *out)
{
	return op == OP_ADD ? decimal_add(a, b, out) : op == OP_SUB ? decimal_sub(a, b, out) : decimal_mul(a, b, out);
}

static struct value arithmetic(struct eval *e, const struct expr *x)
{
	struct decimal total = { .units = x->op == OP_MUL, .scale = 0 }, d;
	bool any = false, unknown = false;

	for (unsigned i = 0; i < x->count; i++) {
		enum number n = number_of(e, eval_value(e, x->args[i]), &d);
		unknown |= n == NUMBER_UNKNOWN;
		if (n != NUMBER_HERE)
			continue;
		any = true;
		if (i == 0)
			total = d;
		else if (!combine(x->op, total, d, &total))
			return too_large(e);
	}
	return unknown ? value_unknown() : any ? decimal_value(e, total) : value_none();
}

static unsigned places_of(struct eval *e, const struct expr *x, unsigned otherwise)
{
	struct value v = x ? eval_value(e, x) : value_integer(otherwise);

	return v.kind == VALUE_INTEGER && v.integer >= 0 && v.integer <= PLACES_MAX ? (unsigned)v.integer : otherwise;
}

/* 5 with two places is 5.00: amounts show all their digits. */
static struct value amount(struct eval *e, struct decimal d, unsigned places)
{
	char text[DECIMAL_TEXT_MAX];

	decimal_text(d, (int)places, text);
	return decimal_parse(text, strlen(text), &d) ? decimal_value(e, d) : too_large(e);
}

static struct value one_number(struct eval *e, const struct expr *x)
{
	static const struct { const char *word; enum decimal_rounding how; } ways[] = {
		{ "up", DECIMAL_HALF_UP }, { "even", DECIMAL_HALF_EVEN }, { "down", DECIMAL_DOWN } };
	enum decimal_rounding how = DECIMAL_HALF_UP;
	struct decimal d;

	switch (number_of(e, eval_value(e, x->args[0]), &d)) {
	case NUMBER_UNKNOWN:
		return value_unknown();
	case NUMBER_MISSING:
		return value_none();
	case NUMBER_HERE:
		break;
	}
	switch (x->op) {
	case OP_NEG:
		return decimal_value(e, decimal_neg(d));
	case OP_ABS:
		return decimal_value(e, decimal_sign(d) < 0 ? decimal_neg(d) : d);
	case OP_ROUND:
		if (x->count > 2) {
			const char *word = eval_text(e, x->args[2]);
			for (size_t i = 0; word && i < sizeof ways / sizeof ways[0]; i++)
				if (strcmp(ways[i].word, word) == 0)
					how = ways[i].how;
		}
		return decimal_value(e, decimal_round(d, places_of(e, x->args[1], 0), how));
	default:
		return amount(e, d, places_of(e, x->count > 1 ? x->args[1] : NULL, 2));
	}
}

static struct value quotient(struct eval *e, const struct expr *x)
{
	struct decimal a, b, out;
	enum number n = number_of(e, eval_value(e, x->args[0]), &a), m = number_of(e, eval_value(e, x->args[1]), &b);

	if (n == NUMBER_UNKNOWN || m == NUMBER_UNKNOWN)
		return value_unknown();
	if (n == NUMBER_MISSING || m == NUMBER_MISSING || decimal_sign(b) == 0)
		return value_none();
	return decimal_div(a, b, places_of(e, x->args[2], 2), &out) ? decimal_value(e, out) : too_large(e);
}

/* -1, 0, 1; 2: not to be told, and said so. */
static int compare(struct eval *e, struct value a, struct value b)
{
	struct decimal x, y;
	char day[2][WHEN_DAY_SIZE];
	size_t len;
	int c;

	if (value_number(a, &x) && value_number(b, &y))
		return decimal_cmp(x, y);
	if (!day_in(a, day[0]) || !day_in(b, day[1])) {
		bad(e, "'%.60s' and '%.60s' cannot be compared: they are no numbers and no days", shown(e, a), shown(e, b));
		return 2;
	}
	/* a day and an instant are compared as days */
	len = a.len < b.len ? a.len : b.len;
	c = len < WHEN_DAY_SIZE ? strcmp(day[0], day[1]) : strncmp(a.text, b.text, len);
	return c < 0 ? -1 : c > 0;
}

static struct value ordered(struct eval *e, const struct expr *x)
{
	struct value a = eval_value(e, x->args[0]), b = eval_value(e, x->args[1]);
	int c;

	if (is_unknown(a) || is_unknown(b))
		return value_unknown();
	if (value_is_empty(a) || value_is_empty(b))
		return value_bool(false);
	c = compare(e, a, b);
	if (c == 2)
		return value_unknown();
	return value_bool(x->op == OP_GT ? c > 0 : x->op == OP_GE ? c >= 0 : x->op == OP_LT ? c < 0 : c <= 0);
}

static struct value extreme(struct eval *e, const struct expr *x)
{
	struct value best = value_none();

	for (unsigned i = 0; i < x->count; i++) {
		struct value v = eval_value(e, x->args[i]);
		int c;
		if (is_unknown(v))
			return v;
		if (value_is_empty(v))
			continue;
		if (best.kind == VALUE_NONE) {
			best = v;
			continue;
		}
		c = compare(e, v, best);
		if (c == 2)
			return value_unknown();
		if (x->op == OP_MIN ? c < 0 : c > 0)
			best = v;
	}
	return best;
}

/* ---- sameness ---------------------------------------------------------------------------------- */

static bool same_reference(struct value a, struct value b)
{
	const char *a_id = a.kind == VALUE_REF ? a.ref->id : json_string_value(json_object_get(a.json, "id"));
	const char *b_id = b.kind == VALUE_REF ? b.ref->id : json_string_value(json_object_get(b.json, "id"));
	const char *a_name = a.kind == VALUE_REF ? a.ref->name : json_string_value(json_object_get(a.json, "name"));
	const char *b_name = b.kind == VALUE_REF ? b.ref->name : json_string_value(json_object_get(b.json, "name"));

	if (a_id && b_id)
		return strcmp(a_id, b_id) == 0;
	return a_name && b_name && letters_same(a_name, strlen(a_name), b_name, strlen(b_name));
}

static bool same(struct eval *e, struct value a, struct value b, bool numeric)
{
	struct decimal x, y;
	const char *s, *t;
	size_t s_len, t_len;

	if (value_is_empty(a) || value_is_empty(b))
		return value_is_empty(a) && value_is_empty(b);
	if (a.kind == VALUE_BOOL || b.kind == VALUE_BOOL)
		return a.kind == b.kind && a.truth == b.truth;
	numeric |= a.kind == VALUE_INTEGER || a.kind == VALUE_DECIMAL || b.kind == VALUE_INTEGER || b.kind == VALUE_DECIMAL;
	if (numeric && value_number(a, &x) && value_number(b, &y))
		return decimal_cmp(x, y) == 0;
	if ((a.kind == VALUE_REF && (b.kind == VALUE_JSON || b.kind == VALUE_REF)) ||
		(b.kind == VALUE_REF && a.kind == VALUE_JSON))
		return same_reference(a, b);
	if (a.kind == VALUE_JSON && b.kind == VALUE_JSON)
		return json_equal(a.json, b.json);
	return value_as_text(e->arena, a, &s, &s_len) && value_as_text(e->arena, b, &t, &t_len) && s_len == t_len &&
		memcmp(s, t, s_len) == 0;
}

static struct value equality(struct eval *e, const struct expr *x)
{
	struct value a = eval_value(e, x->args[0]), b = eval_value(e, x->args[1]);

	if (is_unknown(a) || is_unknown(b))
		return value_unknown();
	return value_bool(same(e, a, b, x->numeric) == (x->op == OP_EQ));
}

static struct value among(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]), list = eval_value(e, x->args[1]);

	if (is_unknown(v) || is_unknown(list))
		return value_unknown();
	for (size_t i = 0; i < value_count(list); i++)
		if (!value_is_empty(v) && same(e, v, value_row(list, i), false))
			return value_bool(true);
	return value_bool(false);
}

static struct value text_test(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]), w = eval_value(e, x->args[1]);
	const char *s, *t;
	size_t s_len, t_len;

	if (is_unknown(v) || is_unknown(w))
		return value_unknown();
	if (x->op == OP_CONTAINS && value_count(v) > 0) {
		for (size_t i = 0; i < value_count(v); i++)
			if (same(e, value_row(v, i), w, false))
				return value_bool(true);
		return value_bool(false);
	}
	if (value_is_empty(v) || value_is_empty(w) || !value_as_text(e->arena, v, &s, &s_len) ||
		!value_as_text(e->arena, w, &t, &t_len))
		return value_bool(false);
	if (x->op == OP_MATCHES)
		return value_bool(letters_match(s, s_len, t, t_len));
	if (x->op == OP_STARTS)
		return value_bool(s_len >= t_len && memcmp(s, t, t_len) == 0);
	return value_bool(memmem(s, s_len, t, t_len) != NULL);
}

/* All are looked at even when one is unknown: a false one settles it without an answer. */
static struct value connective(struct eval *e, const struct expr *x)
{
	bool unknown = false, settled = x->op == OP_ANY;

	for (unsigned i = 0; i < x->count; i++) {
		bool maybe = false;
		bool truth = eval_true(e, x->args[i], &maybe);
		if (!maybe && truth == settled)
			return value_bool(settled);
		unknown |= maybe;
	}
	return unknown ? value_unknown() : value_bool(!settled);
}

static struct value choose(struct eval *e, const struct expr *x)
{
	bool unknown = false, truth = eval_true(e, x->args[0], &unknown);

	if (unknown)
		return value_unknown();
	if (truth)
		return eval_value(e, x->args[1]);
	return x->count > 2 ? eval_value(e, x->args[2]) : value_none();
}

static struct value first(struct eval *e, const struct expr *x)
{
	for (unsigned i = 0; i < x->count; i++) {
		struct value v = eval_value(e, x->args[i]);
		if (is_unknown(v) || !value_is_empty(v))
			return v;
	}
	return value_none();
}

/* ---- days --------------------------------------------------------------------------------------- */

static struct value day_value(struct eval *e, const char *day)
{
	char *copy = arena_strndup(e->arena, day, strlen(day));

	return from_text(e, copy, copy ? strlen(copy) : 0);
}

static bool has_offset(struct value v)
{
	return v.len > 10 && (v.text[v.len - 1] == 'Z' || memchr(v.text + 10, '+', v.len - 10) ||
			memchr(v.text + 10, '-', v.len - 10));
}

static struct value date(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]), hours = x->count > 1 ? eval_value(e, x->args[1]) : value_none();
	char day[WHEN_DAY_SIZE];
	struct decimal d, ms;
	int64_t at;

	if (is_unknown(v) || is_unknown(hours))
		return value_unknown();
	if (value_is_empty(v))
		return value_none();
	if (!day_in(v, day))
		return bad(e, "'%.60s' is no day", shown(e, v));
	if (!has_offset(v) && value_is_empty(hours))
		return day_value(e, day);
	if (!when_parse(v.text, &at))
		return bad(e, "'%.60s' is no instant", v.text);
	if (!value_is_empty(hours)) {
		if (!value_number(hours, &d) || !decimal_mul(d, (struct decimal){ .units = WHEN_HOUR_MS, .scale = 0 }, &ms))
			return bad(e, "'%.60s' are no hours", shown(e, hours));
		at += (int64_t)decimal_round(ms, 0, DECIMAL_HALF_UP).units;
	}
	when_day(at, day);
	return day_value(e, day);
}

static struct value days(struct eval *e, const struct expr *x)
{
	struct value a = eval_value(e, x->args[0]), b = eval_value(e, x->args[1]);
	char from[WHEN_DAY_SIZE], to[WHEN_DAY_SIZE];
	struct decimal n;
	int64_t between;

	if (is_unknown(a) || is_unknown(b))
		return value_unknown();
	if (value_is_empty(a) || value_is_empty(b))
		return x->op == OP_WITHIN_DAYS ? value_bool(false) : value_none();
	if (!day_in(a, from))
		return bad(e, "'%.60s' is no day", shown(e, a));
	if (x->op == OP_ADD_DAYS) {
		if (!value_number(b, &n) || !when_add_days(from, (int64_t)decimal_round(n, 0, DECIMAL_DOWN).units, to))
			return bad(e, "'%.60s' is no number of days", shown(e, b));
		return day_value(e, to);
	}
	if (!day_in(b, to) || !when_days_between(from, to, &between))
		return bad(e, "'%.60s' is no day", shown(e, b));
	if (x->op == OP_DAYS_BETWEEN)
		return value_integer(between);
	struct value most = eval_value(e, x->args[2]);
	return is_unknown(most) ? most : value_bool(value_number(most, &n) &&
		decimal_cmp((struct decimal){ .units = between < 0 ? -between : between, .scale = 0 }, n) <= 0);
}

static struct value open_day(struct eval *e, const struct expr *x)
{
	const char *lock = eval_lock_date(e), *day = eval_day(e, x->args[0]);
	char next[WHEN_DAY_SIZE];

	if (!day)
		return e->failure.verdict || json_object_size(e->asks) ? value_unknown() : value_none();
	if (lock && strcmp(day, lock) <= 0 && when_add_days(lock, 1, next))
		return day_value(e, next);
	return value_words(day);
}

/* ---- text --------------------------------------------------------------------------------------- */

struct strand {
	char *text;
	size_t len, cap;
};

static bool strand_add(struct eval *e, struct strand *s, const char *text, size_t len)
{
	if (s->len + len + 1 > s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		while (cap < s->len + len + 1)
			cap *= 2;
		char *bigger = arena_alloc(e->arena, cap);
		if (!bigger) {
			no_room(e);
			return false;
		}
		if (s->len)
			memcpy(bigger, s->text, s->len);
		s->text = bigger;
		s->cap = cap;
	}
	memcpy(s->text + s->len, text, len);
	s->len += len;
	s->text[s->len] = 0;
	return true;
}

static struct value filled(struct eval *e, const struct expr *x)
{
	struct strand s = { 0 };
	const char *text;
	size_t len;
	bool unknown = false;

	for (unsigned i = 0; i < x->count; i++) {
		struct value v = eval_value(e, x->args[i]);
		unknown |= is_unknown(v);
		if (value_as_text(e->arena, v, &text, &len) && !strand_add(e, &s, text, len))
			return value_unknown();
	}
	if (unknown)
		return value_unknown();
	if (!s.text)
		return value_none();
	char *out = letters_squeeze(e->arena, s.text, s.len, &len);
	return from_text(e, out, len);
}

static struct value turned(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]);
	const char *text, *how;
	size_t len, n = 0;
	char *out;

	if (is_unknown(v) || value_is_empty(v))
		return is_unknown(v) ? v : value_none();
	if (!value_as_text(e->arena, v, &text, &len))
		return bad(e, "a list or an object stands where text is wanted");
	switch (x->op) {
	case OP_LOWER:
		out = letters_lower(e->arena, text, len, &n);
		break;
	case OP_UPPER:
		out = letters_upper(e->arena, text, len, &n);
		break;
	case OP_PHONE:
		out = letters_phone(e->arena, text, len, &n);
		break;
	case OP_CLEAN_NAME:
		out = letters_clean_name(e->arena, text, len, &n);
		break;
	default:
		how = x->count > 1 ? eval_text(e, x->args[1]) : NULL;
		out = letters_fold(e->arena, text, len, how && strcmp(how, "ascii") == 0, &n);
	}
	return from_text(e, out, n);
}

static struct value replaced(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]);
	const char *from = eval_text(e, x->args[1]), *to = eval_text(e, x->args[2]), *text, *hit;
	struct strand s = { 0 };
	size_t len;

	if (is_unknown(v) || value_is_empty(v) || !from)
		return v;
	if (!value_as_text(e->arena, v, &text, &len))
		return bad(e, "a list or an object stands where text is wanted");
	while ((hit = strstr(text, from))) {
		if (!strand_add(e, &s, text, (size_t)(hit - text)) || (to && !strand_add(e, &s, to, strlen(to))))
			return value_unknown();
		text = hit + strlen(from);
	}
	return strand_add(e, &s, text, strlen(text)) ? value_text(s.text, s.len) : value_unknown();
}

static struct value trimmed(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]), max = eval_value(e, x->args[1]);
	const char *overflow = eval_text(e, x->args[2]), *text;
	size_t len, most;
	char *out;

	if (is_unknown(v) || is_unknown(max))
		return value_unknown();
	if (value_is_empty(v) || max.kind != VALUE_INTEGER || max.integer < 1)
		return value_none();
	if (!value_as_text(e->arena, v, &text, &len))
		return bad(e, "a list or an object stands where text is wanted");
	most = (size_t)max.integer;
	if (letters_count(text, len) <= most)
		return value_text(text, len);
	if (!overflow || strcmp(overflow, "hold") == 0) {
		eval_fail(e, OP_HOLD, eval_format(e, "too_long:%s", e->field), NULL, "'%.80s' is longer than %zu characters", text,
			most);
		return value_unknown();
	}
	if (strcmp(overflow, "last_digits") == 0) {
		size_t tail = letters_tail(text, len, most);
		return value_text(text + len - tail, tail);
	}
	len = letters_head(text, len, most);
	out = letters_squeeze(e->arena, text, len, &len);
	return from_text(e, out, len);
}

/* ---- lists --------------------------------------------------------------------------------------- */

static struct value_list *list_new(struct eval *e, size_t most)
{
	struct value_list *list = arena_alloc(e->arena, sizeof *list);

	if (list)
		list->rows = arena_alloc(e->arena, (most + 1) * sizeof *list->rows);
	if (!list || !list->rows) {
		no_room(e);
		return NULL;
	}
	return list;
}

static struct value list_value(struct value_list *list)
{
	return list ? (struct value){ .kind = VALUE_LIST, .list = list } : value_unknown();
}

static const char *list_name(const struct expr *x)
{
	if (x->op == OP_SRC || x->op == OP_ITEM || x->op == OP_PARENT || x->op == OP_NEED || x->op == OP_DOC ||
		x->op == OP_CURRENT)
		return x->path->text;
	if (x->op == OP_FILTER)
		return list_name(x->args[0]);
	return x->op == OP_ROWS && x->need ? x->need->name : "list";
}

/* Words that walk rows: what is worked out for each goes to a handful of sums. */
struct walking {
	struct value list;
	struct row row;
	const struct row *outer;
	size_t count, i;
};

static bool walk_begin(struct eval *e, struct walking *w, const struct expr *list)
{
	memset(w, 0, sizeof *w);
	w->list = eval_value(e, list);
	w->count = value_count(w->list);
	w->outer = e->row;
	w->row.outer = e->row;
	w->row.list = list_name(list);
	return !is_unknown(w->list);
}

static bool walk_next(struct eval *e, struct walking *w)
{
	if (w->i >= w->count) {
		e->row = w->outer;
		return false;
	}
	w->row.value = value_row(w->list, w->i++);
	w->row.number = (unsigned)w->i;
	e->row = &w->row;
	return true;
}

static struct value count_or_filter(struct eval *e, const struct expr *x)
{
	struct walking w;
	struct value_list *kept;
	bool unknown = false;

	if (!walk_begin(e, &w, x->args[0]))
		return value_unknown();
	if (x->count < 2)
		return value_integer((int64_t)w.count);
	kept = list_new(e, w.count);
	while (walk_next(e, &w))
		if (eval_true(e, x->args[1], &unknown) && kept)
			kept->rows[kept->count++] = w.row.value;
	if (unknown || !kept)
		return value_unknown();
	return x->op == OP_COUNT ? value_integer((int64_t)kept->count) : list_value(kept);
}

static struct value summed(struct eval *e, const struct expr *x)
{
	struct decimal total = { 0 }, d;
	struct walking w;
	bool unknown = false, large = false;

	if (!walk_begin(e, &w, x->args[0]))
		return value_unknown();
	while (walk_next(e, &w)) {
		enum number n = number_of(e, eval_value(e, x->args[1]), &d);
		unknown |= n == NUMBER_UNKNOWN;
		if (n == NUMBER_HERE)
			large |= !decimal_add(total, d, &total);
	}
	if (large)
		return too_large(e);
	return unknown ? value_unknown() : decimal_value(e, total);
}

static struct value each(struct eval *e, const struct expr *x)
{
	struct walking w;
	struct value_list *out;
	bool unknown = false;

	if (!walk_begin(e, &w, x->args[0]))
		return value_unknown();
	out = list_new(e, w.count);
	while (walk_next(e, &w)) {
		struct value v = eval_value(e, x->args[1]);
		unknown |= is_unknown(v);
		if (out && !is_unknown(v) && !value_is_empty(v))
			out->rows[out->count++] = v;
	}
	return unknown ? value_unknown() : list_value(out);
}

static struct value first_row(struct eval *e, const struct expr *x)
{
	struct walking w;
	struct value out = value_none();

	if (!walk_begin(e, &w, x->args[0]))
		return value_unknown();
	while (walk_next(e, &w)) {
		bool unknown = false;
		if (eval_true(e, x->args[1], &unknown))
			out = eval_value(e, x->args[2]);
		else if (unknown)
			out = value_unknown();
		else
			continue;
		e->row = w.outer;
		return out;
	}
	return out;
}

static int by_text(const void *a, const void *b)
{
	const struct value *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static struct value joined(struct eval *e, const struct expr *x)
{
	bool unique = x->word[0] == 'u', sorted = strstr(x->word, "sorted") != NULL, unknown = false;
	struct strand s = { 0 };
	struct value_list *texts;
	const char *between, *text;
	struct walking w;
	struct value v;
	size_t len;

	if (!walk_begin(e, &w, x->args[0]))
		return value_unknown();
	texts = list_new(e, w.count);
	while (walk_next(e, &w)) {
		v = eval_value(e, x->args[1]);
		unknown |= is_unknown(v);
		if (value_is_empty(v) || !texts || !value_as_text(e->arena, v, &text, &len))
			continue;
		texts->rows[texts->count++] = value_text(text, len);
	}
	v = eval_value(e, x->args[2]);
	between = v.kind == VALUE_TEXT ? v.text : "";
	if (unknown || !texts)
		return value_unknown();
	if (sorted)
		qsort(texts->rows, texts->count, sizeof *texts->rows, by_text);
	for (size_t i = 0; i < texts->count; i++) {
		bool again = false;
		for (size_t j = 0; unique && !again && j < i; j++)
			again = strcmp(texts->rows[i].text, texts->rows[j].text) == 0;
		if (again)
			continue;
		if ((s.len && !strand_add(e, &s, between, strlen(between))) ||
			!strand_add(e, &s, texts->rows[i].text, texts->rows[i].len))
			return value_unknown();
	}
	return s.text ? value_text(s.text, s.len) : value_none();
}

/* list { x, y } and concat(list, list). */
static struct value gathered(struct eval *e, const struct expr *x)
{
	struct value *parts = arena_alloc(e->arena, (x->count + 1) * sizeof *parts);
	struct value_list *out;
	size_t all = 0;
	bool unknown = false;

	if (!parts)
		return no_room(e);
	for (unsigned i = 0; i < x->count; i++) {
		parts[i] = eval_value(e, x->args[i]);
		unknown |= is_unknown(parts[i]);
		all += x->op == OP_LIST ? 1 : value_count(parts[i]);
	}
	out = list_new(e, all);
	if (unknown || !out)
		return value_unknown();
	for (unsigned i = 0; i < x->count; i++) {
		if (x->op == OP_LIST && !value_is_empty(parts[i]))
			out->rows[out->count++] = parts[i];
		for (size_t j = 0; x->op != OP_LIST && j < value_count(parts[i]); j++)
			out->rows[out->count++] = value_row(parts[i], j);
	}
	return list_value(out);
}

/* ---- tables and answers ----------------------------------------------------------------------------- */

static int key_is(const void *key, const void *row)
{
	return strcmp(key, ((const struct table_row *)row)->key);
}

/* A table of the tenant's parameters. */
static struct value pick_param(struct eval *e, const struct expr *x, const char *key)
{
	struct value table = eval_value(e, x->args[2]);
	json_t *hit = table.kind == VALUE_JSON && key ? json_object_get(table.json, key) : NULL;

	if (!hit && table.kind == VALUE_JSON)
		hit = json_object_get(table.json, "default");
	return value_of(hit);
}

static struct value pick(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]), out = value_none();
	const char *name = x->table ? x->table->name : e->m->params[x->args[2]->param].name, *key = NULL, *answer;
	size_t len;

	if (is_unknown(v))
		return v;
	if (!value_is_empty(v) && !value_as_text(e->arena, v, &key, &len))
		return bad(e, "a list or an object is looked up in %s", name);
	answer = key ? look_answer(e, name, key) : NULL;
	if (answer)
		return value_words(answer);
	if (!x->table) {
		out = pick_param(e, x, key);
	} else {
		const struct table_row *row = key ?
			bsearch(key, x->table->rows, x->table->count, sizeof *x->table->rows, key_is) : NULL;
		if (row || x->table->otherwise)
			out = eval_value(e, row ? row->value : x->table->otherwise);
	}
	if (out.kind != VALUE_NONE)
		return out;
	if (x->args[1])
		return eval_value(e, x->args[1]);
	note(e, OP_HOLD, eval_format(e, "unknown_%s:%s", name, key ? key : ""),
		key ? eval_format(e, "'%s' is not in the table %s", key, name) :
			eval_format(e, "nothing to look up in the table %s", name),
		eval_format(e, "add a line to the table %s, or a line '%s,%s,...' to answers.csv", name, name, key ? key : ""), NULL);
	return value_unknown();
}

static struct value remembered(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]);
	const char *key, *answer = NULL;
	size_t len;

	if (is_unknown(v))
		return v;
	if (!value_is_empty(v) && value_as_text(e->arena, v, &key, &len))
		answer = look_answer(e, x->word, key);
	if (answer)
		return value_words(answer);
	return x->args[1] ? eval_value(e, x->args[1]) : value_none();
}

static struct value computed(struct eval *e, const struct expr *x)
{
	const struct compute *k = x->compute;
	struct value *inputs = arena_alloc(e->arena, (k->input_count + 1) * sizeof *inputs), out;
	char why[300];
	bool unknown = false;

	if (!inputs)
		return no_room(e);
	for (size_t i = 0; i < k->input_count; i++) {
		inputs[i] = eval_value(e, k->inputs[i].value);
		unknown |= is_unknown(inputs[i]);
	}
	if (unknown)
		return value_unknown();
	if (compute_call(k, inputs, e->arena, &out, why, sizeof why))
		return out;
	eval_fail(e, OP_HOLD, "compute_failed", NULL, "%s", why);
	return value_unknown();
}

static struct value named(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]);
	struct reference *r;
	const char *text;
	size_t len;

	if (is_unknown(v) || v.kind == VALUE_REF || value_is_empty(v))
		return v;
	r = arena_alloc(e->arena, sizeof *r);
	if (!r)
		return no_room(e);
	if (!value_as_text(e->arena, v, &text, &len))
		return bad(e, "a list or an object is no name");
	r->name = text;
	return (struct value){ .kind = VALUE_REF, .ref = r };
}

static struct value fact(struct eval *e, const struct path *p)
{
	const char *dot = strchr(p->text, '.');
	struct value v = value_words(eval_fact(e, p->text[0] == 's' ? "source" : "target", dot ? dot + 1 : ""));

	trace(e, eval_format(e, "fact.%s", p->text), v);
	return v;
}

static struct value account(struct eval *e)
{
	const char *name = eval_fact(e, "source", "identity");

	if (!name)
		name = json_string_value(json_object_get(json_object_get(e->header, "source"), "connection"));
	return value_words(name);
}

static struct value state_value(struct eval *e, const struct expr *x)
{
	eval_state(e, x->state, x->op, *e->field ? eval_format(e, "%s:%s", op_word(x->op), e->field) : op_word(x->op),
		x->op == OP_REVIEW ? eval_options("skip") : NULL, "the mapping says so");
	return value_unknown();
}

static struct value part_of_need(struct eval *e, const struct expr *x)
{
	struct looked l = look_need(e, x->need);
	struct value v;

	if (l.how != LOOKED_ONE)
		return l.how == LOOKED_NONE ? value_none() : value_unknown();
	if (strcmp(x->path->text, "id") == 0)
		return value_words(l.id);
	if (strcmp(x->path->text, "version") == 0)
		return value_words(l.version);
	if (!l.data && strcmp(x->path->text, "made") == 0)
		return value_words(l.made);
	v = value_of(walk(l.data, x->path));
	trace(e, eval_format(e, "need.%s.%s", x->need->name, x->path->text), v);
	return v;
}

static struct value reference(struct eval *e, const struct expr *x)
{
	struct looked l = look_need(e, x->need);
	struct reference *r;

	if (l.how != LOOKED_ONE)
		return l.how == LOOKED_NONE ? value_none() : value_unknown();
	r = arena_alloc(e->arena, sizeof *r);
	if (!r)
		return no_room(e);
	r->id = l.id;
	trace(e, eval_format(e, "need.%s", x->need->name), value_words(l.id));
	return (struct value){ .kind = VALUE_REF, .ref = r };
}

struct value eval_value(struct eval *e, const struct expr *x)
{
	if (++e->steps > EVAL_STEPS_MAX)
		return no_room(e);
	switch (x->op) {
	case OP_CONST:
		return x->constant;
	case OP_SRC:
		return at_path(e, e->record, x->path, "");
	case OP_ITEM:
		return of_row(e, e->row, x->path);
	case OP_PARENT:
		return of_row(e, e->row ? e->row->outer : NULL, x->path);
	case OP_ROW_NUMBER:
		return e->row ? value_integer(e->row->number) : value_none();
	case OP_TEXT:
		return filled(e, x);
	case OP_PARAM:
		return e->flow->params[x->param];
	case OP_PICK:
		return pick(e, x);
	case OP_REMEMBERED:
		return remembered(e, x);
	case OP_REF:
		return reference(e, x);
	case OP_NAMED:
		return named(e, x);
	case OP_NEED:
		return part_of_need(e, x);
	case OP_ROWS:
		return look_rows(e, x->need);
	case OP_FACT:
		return fact(e, x->path);
	case OP_LINK:
		return at_path(e, e->link, x->path, "link.");
	case OP_CURRENT:
		return at_path(e, e->current, x->path, "current.");
	case OP_FOUND:
		return at_path(e, e->found, x->path, "found.");
	case OP_DOC:
		return at_path(e, e->doc, x->path, "doc.");
	case OP_ACCOUNT:
		return account(e);
	case OP_TODAY:
		return value_words(json_string_value(json_object_get(e->header, "today")));
	case OP_NOW:
		return value_of(json_object_get(e->header, "now"));
	case OP_LOCK_DATE:
		return value_words(eval_lock_date(e));
	case OP_PRESENT:
	case OP_ABSENT: {
		struct value v = eval_value(e, x->args[0]);
		return is_unknown(v) ? v : value_bool(value_is_empty(v) == (x->op == OP_ABSENT));
	}
	case OP_EQ:
	case OP_NE:
		return equality(e, x);
	case OP_GT:
	case OP_GE:
	case OP_LT:
	case OP_LE:
		return ordered(e, x);
	case OP_ONE_OF:
		return among(e, x);
	case OP_MATCHES:
	case OP_STARTS:
	case OP_CONTAINS:
		return text_test(e, x);
	case OP_ALL:
	case OP_ANY:
		return connective(e, x);
	case OP_NOT: {
		bool unknown = false, truth = eval_true(e, x->args[0], &unknown);
		return unknown ? value_unknown() : value_bool(!truth);
	}
	case OP_DECIDED: {
		const char *choice = json_string_value(json_object_get(e->choice, "choice"));
		return value_bool(choice && strcmp(choice, x->word) == 0);
	}
	case OP_WHEN:
		return choose(e, x);
	case OP_FIRST:
		return first(e, x);
	case OP_ADD:
	case OP_SUB:
	case OP_MUL:
		return arithmetic(e, x);
	case OP_MONEY:
	case OP_NEG:
	case OP_ABS:
	case OP_ROUND:
		return one_number(e, x);
	case OP_DIV:
		return quotient(e, x);
	case OP_MIN:
	case OP_MAX:
		return extreme(e, x);
	case OP_SUM:
		return summed(e, x);
	case OP_PREDICTED:
		return look_predicted(e, x->predicted);
	case OP_DATE:
		return date(e, x);
	case OP_ADD_DAYS:
	case OP_DAYS_BETWEEN:
	case OP_WITHIN_DAYS:
		return days(e, x);
	case OP_OPEN_DAY:
		return open_day(e, x);
	case OP_LOWER:
	case OP_UPPER:
	case OP_PHONE:
	case OP_CLEAN_NAME:
	case OP_TRANSLITERATE:
		return turned(e, x);
	case OP_TRIM:
		return trimmed(e, x);
	case OP_REPLACE:
		return replaced(e, x);
	case OP_UNIQUE_NAME:
		return look_unique(e, x->unique);
	case OP_EACH:
		return each(e, x); /* of values; objects are made by document.c */
	case OP_LIST:
	case OP_CONCAT:
	case OP_LINES:
		return gathered(e, x);
	case OP_FILTER:
	case OP_COUNT:
		return count_or_filter(e, x);
	case OP_JOIN:
		return joined(e, x);
	case OP_ROW:
		return first_row(e, x);
	case OP_HOLD:
	case OP_REVIEW:
	case OP_SKIP:
		return state_value(e, x);
	case OP_COMPUTE:
		return computed(e, x);
	case OP_CLEAR:
		return (struct value){ .kind = VALUE_CLEAR };
	case OP_NONE:
	case OP_ONE: /* made by document.c */
	case OP_TABLE: case OP_FUNCTION: case OP_MAPPING: case OP_OVERRIDE: case OP_DROP: case OP_ENSURE: case OP_LINKED:
	case OP_FIND: case OP_FETCH: case OP_QUERY: case OP_END: /* never in a checked mapping */
		break;
	}
	return value_none();
}

struct value eval_fixed(struct arena *arena, const struct flow *flow, const struct expr *x)
{
	struct eval e;
	struct value v;

	eval_init(&e, arena, flow, NULL, NULL);
	v = eval_value(&e, x);
	eval_finish(&e);
	return v;
}

const char *eval_identity(struct eval *e)
{
	struct strand s = { 0 };

	for (size_t i = 0; i < e->m->identity_count; i++) {
		const char *part = eval_text(e, e->m->identity[i]);
		if (!part || (i && !strand_add(e, &s, "/", 1)) || !strand_add(e, &s, part, strlen(part)))
			return NULL;
	}
	return s.text;
}
