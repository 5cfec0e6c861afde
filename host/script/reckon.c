/* reckon.c - numbers, days, and what is the same, greater or earlier: exact, never a double. */
#include "script/eval_parts.h"

#include "base/when.h"
#include "script/letters.h"

#include <string.h>

#define PLACES_MAX 15

/* ---- numbers ----------------------------------------------------------------------------- */

enum number reckon_number(struct eval *e, struct value v, struct decimal *out)
{
	if (is_unknown(v))
		return NUMBER_UNKNOWN;
	if (value_is_empty(v))
		return NUMBER_MISSING;
	if (value_number(v, out))
		return NUMBER_HERE;
	eval_bad(e, "'%.60s' is no number", eval_shown(e, v));
	return NUMBER_UNKNOWN;
}

struct value reckon_too_large(struct eval *e)
{
	return eval_bad(e, "a number has more digits than can be reckoned with");
}

struct value reckon_decimal(struct eval *e, struct decimal d)
{
	struct value v = value_decimal(e->arena, d);

	return is_unknown(v) ? eval_no_room(e) : v;
}

static bool combine(enum op op, struct decimal a, struct decimal b, struct decimal *out)
{
	return op == OP_ADD ? decimal_add(a, b, out) : op == OP_SUB ? decimal_sub(a, b, out) : decimal_mul(a, b, out);
}

struct value reckon_sum(struct eval *e, const struct expr *x)
{
	struct decimal total = { .units = x->op == OP_MUL, .scale = 0 }, d;
	bool any = false, unknown = false;

	for (unsigned i = 0; i < x->count; i++) {
		enum number n = reckon_number(e, eval_value(e, x->args[i]), &d);
		unknown |= n == NUMBER_UNKNOWN;
		if (n != NUMBER_HERE)
			continue;
		any = true;
		if (i == 0)
			total = d;
		else if (!combine(x->op, total, d, &total))
			return reckon_too_large(e);
	}
	return unknown ? value_unknown() : any ? reckon_decimal(e, total) : value_none();
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
	return decimal_parse(text, strlen(text), &d) ? reckon_decimal(e, d) : reckon_too_large(e);
}

struct value reckon_one(struct eval *e, const struct expr *x)
{
	static const struct { const char *word; enum decimal_rounding how; } ways[] = {
		{ "up", DECIMAL_HALF_UP }, { "even", DECIMAL_HALF_EVEN }, { "down", DECIMAL_DOWN } };
	enum decimal_rounding how = DECIMAL_HALF_UP;
	struct decimal d;

	switch (reckon_number(e, eval_value(e, x->args[0]), &d)) {
	case NUMBER_UNKNOWN:
		return value_unknown();
	case NUMBER_MISSING:
		return value_none();
	case NUMBER_HERE:
		break;
	}
	switch (x->op) {
	case OP_NEG:
		return reckon_decimal(e, decimal_neg(d));
	case OP_ABS:
		return reckon_decimal(e, decimal_sign(d) < 0 ? decimal_neg(d) : d);
	case OP_ROUND:
		if (x->count > 2) {
			const char *word = eval_text(e, x->args[2]);
			for (size_t i = 0; word && i < sizeof ways / sizeof ways[0]; i++)
				if (strcmp(ways[i].word, word) == 0)
					how = ways[i].how;
		}
		return reckon_decimal(e, decimal_round(d, places_of(e, x->args[1], 0), how));
	default:
		return amount(e, d, places_of(e, x->count > 1 ? x->args[1] : NULL, 2));
	}
}

struct value reckon_quotient(struct eval *e, const struct expr *x)
{
	struct decimal a, b, out;
	enum number n = reckon_number(e, eval_value(e, x->args[0]), &a), m = reckon_number(e, eval_value(e, x->args[1]), &b);

	if (n == NUMBER_UNKNOWN || m == NUMBER_UNKNOWN)
		return value_unknown();
	if (n == NUMBER_MISSING || m == NUMBER_MISSING || decimal_sign(b) == 0)
		return value_none();
	return decimal_div(a, b, places_of(e, x->args[2], 2), &out) ? reckon_decimal(e, out) : reckon_too_large(e);
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
	if (!eval_day_in(a, day[0]) || !eval_day_in(b, day[1])) {
		eval_bad(e, "'%.60s' and '%.60s' cannot be compared: they are no numbers and no days", eval_shown(e, a), eval_shown(e, b));
		return 2;
	}
	/* a day and an instant are compared as days */
	len = a.len < b.len ? a.len : b.len;
	c = len < WHEN_DAY_SIZE ? strcmp(day[0], day[1]) : strncmp(a.text, b.text, len);
	return c < 0 ? -1 : c > 0;
}

struct value reckon_order(struct eval *e, const struct expr *x)
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

struct value reckon_extreme(struct eval *e, const struct expr *x)
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

/* ---- sameness ---------------------------------------------------------------------------- */

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

/* { id, name } as a record of a remote holds it */
static bool is_reference(struct value v)
{
	return v.kind == VALUE_REF || (v.kind == VALUE_JSON && json_is_object(v.json) && json_object_size(v.json) <= 2 &&
		(json_is_string(json_object_get(v.json, "id")) || json_is_string(json_object_get(v.json, "name"))));
}

bool eval_same(struct eval *e, struct value a, struct value b, bool numeric)
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
	if (is_reference(a) && is_reference(b))
		return same_reference(a, b);
	if (a.kind == VALUE_JSON && b.kind == VALUE_JSON)
		return json_equal(a.json, b.json);
	return value_as_text(e->arena, a, &s, &s_len) && value_as_text(e->arena, b, &t, &t_len) && s_len == t_len &&
		memcmp(s, t, s_len) == 0;
}

struct value reckon_equality(struct eval *e, const struct expr *x)
{
	struct value a = eval_value(e, x->args[0]), b = eval_value(e, x->args[1]);

	if (is_unknown(a) || is_unknown(b))
		return value_unknown();
	return value_bool(eval_same(e, a, b, x->numeric) == (x->op == OP_EQ));
}

struct value reckon_among(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]), list = eval_value(e, x->args[1]);

	if (is_unknown(v) || is_unknown(list))
		return value_unknown();
	for (size_t i = 0; i < value_count(list); i++)
		if (!value_is_empty(v) && eval_same(e, v, value_row(list, i), false))
			return value_bool(true);
	return value_bool(false);
}

/* ---- days -------------------------------------------------------------------------------- */

static struct value day_value(struct eval *e, const char *day)
{
	char *copy = arena_strndup(e->arena, day, strlen(day));

	return eval_words(e, copy, copy ? strlen(copy) : 0);
}

static bool has_offset(struct value v)
{
	return v.len > 10 && (v.text[v.len - 1] == 'Z' || memchr(v.text + 10, '+', v.len - 10) ||
			memchr(v.text + 10, '-', v.len - 10));
}

struct value reckon_date(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]), hours = x->count > 1 ? eval_value(e, x->args[1]) : value_none();
	char day[WHEN_DAY_SIZE];
	struct decimal d, ms;
	int64_t at;

	if (is_unknown(v) || is_unknown(hours))
		return value_unknown();
	if (value_is_empty(v))
		return value_none();
	if (!eval_day_in(v, day))
		return eval_bad(e, "'%.60s' is no day", eval_shown(e, v));
	if (!has_offset(v) && value_is_empty(hours))
		return day_value(e, day);
	if (!when_parse(v.text, &at))
		return eval_bad(e, "'%.60s' is no instant", v.text);
	if (!value_is_empty(hours)) {
		if (!value_number(hours, &d) || !decimal_mul(d, (struct decimal){ .units = WHEN_HOUR_MS, .scale = 0 }, &ms))
			return eval_bad(e, "'%.60s' are no hours", eval_shown(e, hours));
		at += (int64_t)decimal_round(ms, 0, DECIMAL_HALF_UP).units;
	}
	when_day(at, day);
	return day_value(e, day);
}

struct value reckon_days(struct eval *e, const struct expr *x)
{
	struct value a = eval_value(e, x->args[0]), b = eval_value(e, x->args[1]);
	char from[WHEN_DAY_SIZE], to[WHEN_DAY_SIZE];
	struct decimal n;
	int64_t between;

	if (is_unknown(a) || is_unknown(b))
		return value_unknown();
	if (value_is_empty(a) || value_is_empty(b))
		return x->op == OP_WITHIN_DAYS ? value_bool(false) : value_none();
	if (!eval_day_in(a, from))
		return eval_bad(e, "'%.60s' is no day", eval_shown(e, a));
	if (x->op == OP_ADD_DAYS) {
		if (!value_number(b, &n) || !when_add_days(from, (int64_t)decimal_round(n, 0, DECIMAL_DOWN).units, to))
			return eval_bad(e, "'%.60s' is no number of days", eval_shown(e, b));
		return day_value(e, to);
	}
	if (!eval_day_in(b, to) || !when_days_between(from, to, &between))
		return eval_bad(e, "'%.60s' is no day", eval_shown(e, b));
	if (x->op == OP_DAYS_BETWEEN)
		return value_integer(between);
	struct value most = eval_value(e, x->args[2]);
	return is_unknown(most) ? most : value_bool(value_number(most, &n) &&
		decimal_cmp((struct decimal){ .units = between < 0 ? -between : between, .scale = 0 }, n) <= 0);
}

struct value reckon_open_day(struct eval *e, const struct expr *x)
{
	const char *lock = eval_lock_date(e), *day = eval_day(e, x->args[0]);
	char next[WHEN_DAY_SIZE];

	if (!day)
		return e->failure.verdict || json_object_size(e->asks) ? value_unknown() : value_none();
	if (lock && strcmp(day, lock) <= 0 && when_add_days(lock, 1, next))
		return day_value(e, next);
	return value_words(day);
}
