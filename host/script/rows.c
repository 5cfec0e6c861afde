/* rows.c - words that walk rows: counting, summing, joining, keeping. */
#include "script/eval_parts.h"

#include <stdlib.h>
#include <string.h>

struct value_list *eval_list_new(struct eval *e, size_t most)
{
	struct value_list *list = arena_alloc(e->arena, sizeof *list);

	if (list)
		list->rows = arena_alloc(e->arena, (most + 1) * sizeof *list->rows);
	if (!list || !list->rows) {
		eval_no_room(e);
		return NULL;
	}
	return list;
}

struct value eval_list(struct value_list *list)
{
	return list ? (struct value){ .kind = VALUE_LIST, .list = list } : value_unknown();
}

/* ---- lists ------------------------------------------------------------------------------- */

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

struct value rows_kept(struct eval *e, const struct expr *x)
{
	struct walking w;
	struct value_list *kept;
	bool unknown = false;

	if (!walk_begin(e, &w, x->args[0]))
		return value_unknown();
	if (x->count < 2)
		return value_integer((int64_t)w.count);
	kept = eval_list_new(e, w.count);
	while (walk_next(e, &w))
		if (eval_true(e, x->args[1], &unknown) && kept)
			kept->rows[kept->count++] = w.row.value;
	if (unknown || !kept)
		return value_unknown();
	return x->op == OP_COUNT ? value_integer((int64_t)kept->count) : eval_list(kept);
}

struct value rows_sum(struct eval *e, const struct expr *x)
{
	struct decimal total = { 0 }, d;
	struct walking w;
	bool unknown = false, large = false;

	if (!walk_begin(e, &w, x->args[0]))
		return value_unknown();
	while (walk_next(e, &w)) {
		enum number n = reckon_number(e, eval_value(e, x->args[1]), &d);
		unknown |= n == NUMBER_UNKNOWN;
		if (n == NUMBER_HERE)
			large |= !decimal_add(total, d, &total);
	}
	if (large)
		return reckon_too_large(e);
	return unknown ? value_unknown() : reckon_decimal(e, total);
}

struct value rows_each(struct eval *e, const struct expr *x)
{
	struct walking w;
	struct value_list *out;
	bool unknown = false;

	if (!walk_begin(e, &w, x->args[0]))
		return value_unknown();
	out = eval_list_new(e, w.count);
	while (walk_next(e, &w)) {
		struct value v = eval_value(e, x->args[1]);
		unknown |= is_unknown(v);
		if (out && !is_unknown(v) && !value_is_empty(v))
			out->rows[out->count++] = v;
	}
	return unknown ? value_unknown() : eval_list(out);
}

struct value rows_first(struct eval *e, const struct expr *x)
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

struct value rows_joined(struct eval *e, const struct expr *x)
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
	texts = eval_list_new(e, w.count);
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
struct value rows_gathered(struct eval *e, const struct expr *x)
{
	struct value *parts = arena_alloc(e->arena, (x->count + 1) * sizeof *parts);
	struct value_list *out;
	size_t all = 0;
	bool unknown = false;

	if (!parts)
		return eval_no_room(e);
	for (unsigned i = 0; i < x->count; i++) {
		parts[i] = eval_value(e, x->args[i]);
		unknown |= is_unknown(parts[i]);
		all += x->op == OP_LIST ? 1 : value_count(parts[i]);
	}
	out = eval_list_new(e, all);
	if (unknown || !out)
		return value_unknown();
	for (unsigned i = 0; i < x->count; i++) {
		if (x->op == OP_LIST && !value_is_empty(parts[i]))
			out->rows[out->count++] = parts[i];
		for (size_t j = 0; x->op != OP_LIST && j < value_count(parts[i]); j++)
			out->rows[out->count++] = value_row(parts[i], j);
	}
	return eval_list(out);
}
