/* wording.c - text of a record's way: filled in, turned, cut, compared. */
#include "script/eval_parts.h"

#include "script/letters.h"

#include <string.h>

/* ---- text that grows --------------------------------------------------------------------- */

bool strand_add(struct eval *e, struct strand *s, const char *text, size_t len)
{
	if (s->len + len + 1 > s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		while (cap < s->len + len + 1)
			cap *= 2;
		char *bigger = arena_alloc(e->arena, cap);
		if (!bigger) {
			eval_no_room(e);
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

/* ---- text -------------------------------------------------------------------------------- */

struct value wording_filled(struct eval *e, const struct expr *x)
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
	return eval_words(e, out, len);
}

struct value wording_turned(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]);
	const char *text, *how;
	size_t len, n = 0;
	char *out;

	if (is_unknown(v) || value_is_empty(v))
		return is_unknown(v) ? v : value_none();
	if (!value_as_text(e->arena, v, &text, &len))
		return eval_bad(e, "a list or an object stands where text is wanted");
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
	return eval_words(e, out, n);
}

struct value wording_replaced(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]);
	const char *from = eval_text(e, x->args[1]), *to = eval_text(e, x->args[2]), *text, *hit;
	struct strand s = { 0 };
	size_t len;

	if (is_unknown(v) || value_is_empty(v) || !from)
		return v;
	if (!value_as_text(e->arena, v, &text, &len))
		return eval_bad(e, "a list or an object stands where text is wanted");
	while ((hit = strstr(text, from))) {
		if (!strand_add(e, &s, text, (size_t)(hit - text)) || (to && !strand_add(e, &s, to, strlen(to))))
			return value_unknown();
		text = hit + strlen(from);
	}
	return strand_add(e, &s, text, strlen(text)) ? value_text(s.text, s.len) : value_unknown();
}

struct value wording_trimmed(struct eval *e, const struct expr *x)
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
		return eval_bad(e, "a list or an object stands where text is wanted");
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
	return eval_words(e, out, len);
}

struct value wording_test(struct eval *e, const struct expr *x)
{
	struct value v = eval_value(e, x->args[0]), w = eval_value(e, x->args[1]);
	const char *s, *t;
	size_t s_len, t_len;

	if (is_unknown(v) || is_unknown(w))
		return value_unknown();
	if (x->op == OP_CONTAINS && value_count(v) > 0) {
		for (size_t i = 0; i < value_count(v); i++)
			if (eval_same(e, value_row(v, i), w, false))
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
