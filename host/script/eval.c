/* eval.c - values of a record's way: pure, bounded, and unknown where something is still asked. */
#include "script/eval_parts.h"

#include "base/when.h"
#include "script/compute.h"
#include "script/letters.h"
#include "script/look.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- small things ------------------------------------------------------------------------ */

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

/* A list that is added up, or an object that is looked at, is told by its size: the record itself is kept elsewhere. */
static json_t *traced(struct eval *e, struct value v)
{
	if (v.kind == VALUE_LIST || (v.kind == VALUE_JSON && json_is_array(v.json)))
		return json_string(eval_format(e, "(%zu rows)", value_count(v)));
	if (v.kind == VALUE_JSON)
		return json_string(eval_format(e, "(%zu members)", json_object_size(v.json)));
	return value_json(e->arena, v);
}

static void trace(struct eval *e, const char *path, struct value v)
{
	json_t *one, *value;

	if (!e->trace)
		return;
	one = json_object();
	value = traced(e, v);
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

struct value eval_words(struct eval *e, char *text, size_t len)
{
	return text ? value_text(text, len) : eval_no_room(e);
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
bool eval_day_in(struct value v, char out[WHEN_DAY_SIZE])
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
	if (!eval_day_in(v, day)) {
		eval_bad(e, "'%.60s' is no day", v.kind == VALUE_TEXT ? v.text : "a value");
		return NULL;
	}
	return eval_format(e, "%s", day);
}

const char *eval_shown(struct eval *e, struct value v)
{
	const char *text;
	size_t len;

	return value_as_text(e->arena, v, &text, &len) ? text : "a value";
}

/* ---- choices ----------------------------------------------------------------------------- */

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

/* ---- tables and answers ------------------------------------------------------------------ */

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
		return eval_bad(e, "a list or an object is looked up in %s", name);
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
	eval_note(e, OP_HOLD, eval_format(e, "unknown_%s:%s", name, key ? key : ""),
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
		return eval_no_room(e);
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
		return eval_no_room(e);
	if (!value_as_text(e->arena, v, &text, &len))
		return eval_bad(e, "a list or an object is no name");
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
		return eval_no_room(e);
	r->id = l.id;
	trace(e, eval_format(e, "need.%s", x->need->name), value_words(l.id));
	return (struct value){ .kind = VALUE_REF, .ref = r };
}

static struct value value_of_expr(struct eval *e, const struct expr *x)
{
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
		return wording_filled(e, x);
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
		return reckon_equality(e, x);
	case OP_GT:
	case OP_GE:
	case OP_LT:
	case OP_LE:
		return reckon_order(e, x);
	case OP_ONE_OF:
		return reckon_among(e, x);
	case OP_MATCHES:
	case OP_STARTS:
	case OP_CONTAINS:
		return wording_test(e, x);
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
		return reckon_sum(e, x);
	case OP_MONEY:
	case OP_NEG:
	case OP_ABS:
	case OP_ROUND:
		return reckon_one(e, x);
	case OP_DIV:
		return reckon_quotient(e, x);
	case OP_MIN:
	case OP_MAX:
		return reckon_extreme(e, x);
	case OP_SUM:
		return rows_sum(e, x);
	case OP_PREDICTED:
		return look_predicted(e, x->predicted);
	case OP_DATE:
		return reckon_date(e, x);
	case OP_ADD_DAYS:
	case OP_DAYS_BETWEEN:
	case OP_WITHIN_DAYS:
		return reckon_days(e, x);
	case OP_OPEN_DAY:
		return reckon_open_day(e, x);
	case OP_LOWER:
	case OP_UPPER:
	case OP_PHONE:
	case OP_CLEAN_NAME:
	case OP_TRANSLITERATE:
		return wording_turned(e, x);
	case OP_TRIM:
		return wording_trimmed(e, x);
	case OP_REPLACE:
		return wording_replaced(e, x);
	case OP_UNIQUE_NAME:
		return look_unique(e, x->unique);
	case OP_EACH:
		return rows_each(e, x); /* of values; objects are made by document.c */
	case OP_LIST:
	case OP_CONCAT:
	case OP_LINES:
		return rows_gathered(e, x);
	case OP_FILTER:
	case OP_COUNT:
		return rows_kept(e, x);
	case OP_JOIN:
		return rows_joined(e, x);
	case OP_ROW:
		return rows_first(e, x);
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

struct value eval_value(struct eval *e, const struct expr *x)
{
	struct value v;

	if (++e->steps > EVAL_STEPS_MAX || e->depth > EVAL_DEPTH_MAX)
		return eval_no_room(e);
	e->depth++;
	v = value_of_expr(e, x);
	e->depth--;
	return v;
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
