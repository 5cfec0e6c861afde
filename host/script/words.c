/* words.c - values of a mapping, checked: any word, conditions, lists; what is wrong is said. */
#include "script/words.h"

#include "base/err.h"
#include "script/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPRESSIONS_MAX 200000 /* of one mapping: shared values count each time they are used */
#define DEPTH_MAX       100

const struct expr word_nothing = { .op = OP_NONE };

void *check_take(struct check *c, size_t size)
{
	void *p = arena_alloc(c->arena, size);

	must(p); /* the arena has no ceiling: files, nodes and expressions have */
	return p;
}

char *word_copy(struct check *c, const char *text, size_t len)
{
	char *out = check_take(c, len + 1);

	memcpy(out, text, len);
	return out;
}

void wrong(struct check *c, const struct node *at, const char *hint, const char *fmt, ...)
{
	char text[500];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	problem_add(c->problems, at->script ? at->script->path : c->m->file, at->line, hint, "%s", text);
}

void check_members(struct check *c, const struct node *n, const char *allowed)
{
	char hint[96], word[64];

	for (unsigned i = 0; i < n->member_count; i++) {
		struct likely likely;
		bool known = false;
		likely_init(&likely, n->members[i].name);
		for (const char *at = allowed; *at;) {
			size_t len = strcspn(at, " ");
			known |= strlen(n->members[i].name) == len && memcmp(at, n->members[i].name, len) == 0;
			at += len + (at[len] == ' ');
		}
		if (known)
			continue;
		/* near words are offered from a copy that stays valid until the hint is made */
		char all[512];
		snprintf(all, sizeof all, "%s", allowed);
		for (char *at = all, *end; *at; at = end) {
			end = at + strcspn(at, " ");
			if (*end)
				*end++ = 0;
			likely_offer(&likely, at);
		}
		snprintf(word, sizeof word, "%s", op_word(n->op));
		problem_add(c->problems, n->script->path, n->members[i].line, likely_hint(&likely, hint, sizeof hint),
			"%s has no '%s'", n->op == OP_TABLE ? c->section : word, n->members[i].name);
	}
}

const char *check_likely_field(const struct schema_entity *e, const char *meant, char *out, size_t size)
{
	struct likely likely;

	likely_init(&likely, meant);
	for (size_t i = 0; e && i < e->count; i++)
		likely_offer(&likely, e->fields[i].name);
	return likely_hint(&likely, out, size);
}

bool word_may_be_there(struct check *c, const struct schema_entity *e)
{
	if (!e || !e->open)
		return false;
	c->m->open = true;
	return true;
}

bool type_fits(enum mlc_type value, enum mlc_type field)
{
	static const uint16_t fits[] = { /* by type of the field: a bit for each type of value */
		[MLC_TEXT]    = 1 << MLC_TEXT | 1 << MLC_INTEGER | 1 << MLC_DECIMAL | 1 << MLC_DATE | 1 << MLC_INSTANT | 1 << MLC_REF,
		[MLC_INTEGER] = 1 << MLC_TEXT | 1 << MLC_INTEGER | 1 << MLC_DECIMAL,
		[MLC_DECIMAL] = 1 << MLC_TEXT | 1 << MLC_INTEGER | 1 << MLC_DECIMAL,
		[MLC_BOOL]    = 1 << MLC_BOOL,
		[MLC_DATE]    = 1 << MLC_TEXT | 1 << MLC_DATE,
		[MLC_INSTANT] = 1 << MLC_TEXT | 1 << MLC_INSTANT | 1 << MLC_DATE,
		[MLC_REF]     = 1 << MLC_TEXT | 1 << MLC_REF,
		[MLC_OBJECT]  = 1 << MLC_OBJECT,
		[MLC_LIST]    = 1 << MLC_LIST,
	};

	return value == TYPE_ANY || field == TYPE_ANY || (fits[field] >> value & 1);
}

/* ---- expressions ------------------------------------------------------------------------- */

struct expr *word_new(struct check *c, const struct node *n, enum op op, unsigned args)
{
	struct expr *e = check_take(c, sizeof *e);

	e->op = op;
	e->line = n->line;
	e->script = n->script;
	e->count = args;
	if (args)
		e->args = check_take(c, args * sizeof(struct expr *));
	return e;
}

const struct expr *word_of_value(struct check *c, const struct node *n, struct value v, enum mlc_type type)
{
	struct expr *e = word_new(c, n, OP_CONST, 0);

	e->constant = v;
	e->type = type;
	e->fixed = true;
	return e;
}

const struct expr *word_of_text(struct check *c, const struct node *n, const char *text)
{
	return word_of_value(c, n, value_words(word_copy(c, text, strlen(text))), MLC_TEXT);
}

json_t *word_constant(struct check *c, const struct node *n)
{
	json_t *out, *one;

	if (n->op == OP_CONST)
		return n->constant;
	if (n->op == OP_NONE) {
		out = json_null();
		goto keep;
	}
	if (n->op != OP_TABLE && n->op != OP_LIST) {
		wrong(c, n, NULL, "'%s' cannot stand here: a constant is wanted", op_word(n->op));
		return NULL;
	}
	if (n->kid_count && n->member_count) {
		wrong(c, n, NULL, "a table that is half a list: give every value a name, or none");
		return NULL;
	}
	out = n->member_count ? json_object() : json_array();
	for (unsigned i = 0; i < n->kid_count; i++)
		if ((one = word_constant(c, n->kids[i])))
			json_array_append(out, one); /* kept by its script or by us */
	for (unsigned i = 0; i < n->member_count; i++)
		if ((one = word_constant(c, n->members[i].value)))
			json_object_set(out, n->members[i].name, one);
keep:
	json_array_append_new(c->keep, out);
	return out;
}

const char *const *word_names(struct check *c, const struct node *n)
{
	const char **names;
	unsigned count = 0;

	if (!n)
		return NULL;
	names = check_take(c, (n->kid_count + 1) * sizeof *names);
	if (n->op != OP_TABLE && n->op != OP_LIST) {
		wrong(c, n, NULL, "a list of names is wanted: { \"a\", \"b\" }");
		return names;
	}
	for (unsigned i = 0; i < n->kid_count; i++) {
		if (node_is_text(n->kids[i]))
			names[count++] = n->kids[i]->text;
		else
			wrong(c, n->kids[i], NULL, "a name is text in quotes");
	}
	return names;
}

const struct expr *word_param(struct check *c, const struct node *n, const char *name)
{
	static const struct { const char *type; enum mlc_type is; } types[] = {
		{ "string", MLC_TEXT }, { "name", MLC_TEXT }, { "one_of", MLC_TEXT }, { "money", MLC_DECIMAL },
		{ "int", MLC_INTEGER }, { "bool", MLC_BOOL }, { "date", MLC_DATE }, { "list", MLC_LIST },
	};
	struct likely likely;
	char hint[96];

	likely_init(&likely, name);
	for (unsigned i = 0; i < c->m->param_count; i++) {
		const struct param *p = &c->m->params[i];
		likely_offer(&likely, p->name);
		if (strcmp(p->name, name))
			continue;
		struct expr *e = word_new(c, n, OP_PARAM, 0);
		e->param = i;
		e->fixed = true;
		for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
			if (strcmp(types[t].type, p->type) == 0)
				e->type = types[t].is;
		return e;
	}
	wrong(c, n, likely_hint(&likely, hint, sizeof hint), "no param '%s'", name);
	return &word_nothing;
}

const struct state *word_state(struct check *c, const struct node *n)
{
	struct state *s;
	const struct node *cause = NULL, *why = NULL;

	if (!n)
		return NULL;
	s = check_take(c, sizeof *s);
	if (node_is_text(n)) {
		s->verdict = !strcmp(n->text, "hold") ? OP_HOLD : !strcmp(n->text, "review") ? OP_REVIEW :
			!strcmp(n->text, "skip") ? OP_SKIP : 0;
		if (!s->verdict) {
			wrong(c, n, "hold, review or skip", "'%s' is no state", n->text);
			s->verdict = OP_HOLD;
		}
		return s;
	}
	if (n->op != OP_HOLD && n->op != OP_REVIEW && n->op != OP_SKIP) {
		wrong(c, n, "hold(cause, why), review(cause, why) or skip(cause, why)", "'%s' is no state", op_word(n->op));
		s->verdict = OP_HOLD;
		return s;
	}
	s->verdict = n->op;
	check_members(c, n, n->op == OP_REVIEW ? "cause why fix options" : "cause why fix");
	if (n->kid_count == 1)
		why = n->kids[0];
	else if (n->kid_count == 2)
		cause = n->kids[0], why = n->kids[1];
	s->cause = word_text(c, cause ? cause : node_get(n, "cause"));
	s->why = word_text(c, why ? why : node_get(n, "why"));
	s->fix = word_text(c, node_get(n, "fix"));
	s->options = word_names(c, node_get(n, "options"));
	if (!s->why)
		wrong(c, n, NULL, "%s wants its reason, for the person who reads it", op_word(n->op));
	return s;
}

/* ---- conditions -------------------------------------------------------------------------- */

const struct expr *word_optional(struct check *c, const struct node *n)
{
	return n ? word_value(c, n) : NULL;
}

const struct expr *word_condition(struct check *c, const struct node *n)
{
	const struct expr *e = word_optional(c, n);

	if (e && e->type != TYPE_ANY && e->type != MLC_BOOL)
		wrong(c, n, "present(...), eq(...), one_of(...)?", "a condition is wanted, this is %s", schema_type_name(e->type));
	return e;
}

static bool is_number(enum mlc_type t)
{
	return t == MLC_INTEGER || t == MLC_DECIMAL;
}

static void check_numbers(struct check *c, const struct node *n, const struct expr *e)
{
	for (unsigned i = 0; i < e->count; i++)
		if (e->args[i] && e->args[i]->type != TYPE_ANY && e->args[i]->type != MLC_TEXT && !is_number(e->args[i]->type))
			wrong(c, n, NULL, "%s wants numbers, value %u is %s", op_word(e->op), i + 1,
				schema_type_name(e->args[i]->type));
}

/* ---- lists ------------------------------------------------------------------------------- */

/* A list by its name or as a value; *row: what its rows are. */
const struct expr *word_list(struct check *c, const struct node *n, const struct schema_entity **row)
{
	struct led led = { TYPE_ANY, NULL };
	const struct expr *e;

	*row = NULL;
	if (node_is_text(n)) {
		for (size_t i = 0; i < c->m->need_count; i++)
			if (c->m->needs[i].op == OP_QUERY && strcmp(c->m->needs[i].name, n->text) == 0) {
				struct expr *rows = word_new(c, n, OP_ROWS, 0);
				rows->type = MLC_LIST;
				rows->need = check_need(c, n, n->text);
				*row = rows->need ? rows->need->entity : NULL;
				return rows;
			}
		e = path_reach(c, n, c->doc_lists ? OP_DOC : OP_SRC, n->text, &led);
	} else if ((n->op == OP_SRC || n->op == OP_ITEM || n->op == OP_PARENT || n->op == OP_NEED || n->op == OP_CURRENT ||
			n->op == OP_FOUND || n->op == OP_DOC) && n->kid_count == 1 && node_is_text(n->kids[0])) {
		e = path_reach(c, n, n->op, n->kids[0]->text, &led);
	} else if (n->op == OP_FILTER && n->kid_count == 2) {
		word_list(c, n->kids[0], row);
		e = word_value(c, n);
		led = (struct led){ MLC_LIST, *row };
	} else if (n->op == OP_ROWS && n->kid_count == 1 && node_is_text(n->kids[0])) {
		return word_list(c, n->kids[0], row);
	} else {
		e = word_value(c, n);
		led.type = e->type;
	}
	if (led.type != TYPE_ANY && led.type != MLC_LIST)
		wrong(c, n, NULL, "a list is wanted, this is %s", schema_type_name(led.type));
	*row = led.entity;
	return e;
}

/* args[0] the list, the others worked out for each of its rows. */
static struct expr *rows_expr(struct check *c, const struct node *n, unsigned args)
{
	struct check_scope scope = { NULL, c->rows };
	struct expr *e = word_new(c, n, n->op, args);

	if (n->kid_count == 0)
		return e;
	e->args[0] = word_list(c, n->kids[0], &scope.entity);
	c->rows = &scope;
	for (unsigned i = 1; i < args && i < n->kid_count; i++)
		e->args[i] = word_value(c, n->kids[i]);
	c->rows = scope.outer;
	return e;
}

static const struct expr *sum_expr(struct check *c, const struct node *n)
{
	struct check_scope scope = { NULL, c->rows };
	struct expr *e = word_new(c, n, OP_SUM, 2);
	struct led led;

	e->args[0] = word_list(c, n->kids[0], &scope.entity);
	c->rows = &scope;
	e->args[1] = node_is_text(n->kids[1]) ? path_reach(c, n, OP_ITEM, n->kids[1]->text, &led) : word_value(c, n->kids[1]);
	c->rows = scope.outer;
	e->type = MLC_DECIMAL;
	return e;
}

static const struct expr *join_expr(struct check *c, const struct node *n)
{
	struct expr *e = rows_expr(c, n, 3);
	const struct node *unique = node_get(n, "unique"), *sorted = node_get(n, "sorted");

	check_members(c, n, "unique sorted");
	e->type = MLC_TEXT;
	e->word = unique && sorted ? "unique sorted" : unique ? "unique" : sorted ? "sorted" : "";
	return e;
}

/* each(list, { ... }) makes objects, each(list, x) values. */
static const struct expr *each_expr(struct check *c, const struct node *n)
{
	const struct node *body = n->kids[1];
	struct check_scope scope = { NULL, c->rows };
	struct template *t;
	struct expr *e;

	if (body->op != OP_TABLE) {
		e = rows_expr(c, n, 2);
		e->type = MLC_LIST;
		return e;
	}
	e = word_new(c, n, OP_EACH, 1);
	e->type = MLC_LIST;
	if (!c->in_template)
		wrong(c, n, NULL, "each with { } makes the lines of a field; here it can give single values only");
	e->args[0] = word_list(c, n->kids[0], &scope.entity);
	c->rows = &scope;
	t = check_take(c, sizeof *t);
	t->if_ = word_condition(c, node_get(body, "if_"));
	t->fields = *word_fields(c, body, c->template_entity);
	c->rows = scope.outer;
	e->template = t;
	return e;
}

static const struct expr *one_expr(struct check *c, const struct node *n)
{
	struct expr *e = word_new(c, n, OP_ONE, 0);
	struct template *t = check_take(c, sizeof *t);

	if (!c->in_template)
		wrong(c, n, NULL, "one { } makes a line of a field; it has no place here");
	t->if_ = word_condition(c, node_get(n, "if_"));
	t->fields = *word_fields(c, n, c->template_entity);
	e->type = MLC_LIST;
	e->template = t;
	return e;
}

/* ---- any word ---------------------------------------------------------------------------- */

static enum mlc_type type_of(enum op op)
{
	switch (op) {
	case OP_PRESENT: case OP_ABSENT: case OP_EQ: case OP_NE: case OP_GT: case OP_GE: case OP_LT: case OP_LE:
	case OP_ONE_OF: case OP_MATCHES: case OP_STARTS: case OP_CONTAINS: case OP_WITHIN_DAYS: case OP_ALL:
	case OP_ANY: case OP_NOT:
		return MLC_BOOL;
	case OP_MONEY: case OP_ADD: case OP_SUB: case OP_MUL: case OP_DIV: case OP_NEG: case OP_ABS: case OP_ROUND:
		return MLC_DECIMAL;
	case OP_DATE: case OP_ADD_DAYS: case OP_OPEN_DAY: case OP_TODAY: case OP_LOCK_DATE:
		return MLC_DATE;
	case OP_NOW:
		return MLC_INSTANT;
	case OP_DAYS_BETWEEN: case OP_COUNT: case OP_ROW_NUMBER:
		return MLC_INTEGER;
	case OP_LOWER: case OP_UPPER: case OP_PHONE: case OP_CLEAN_NAME: case OP_TRANSLITERATE: case OP_REPLACE:
	case OP_ACCOUNT:
		return MLC_TEXT;
	case OP_LIST: case OP_CONCAT: case OP_LINES: case OP_FILTER:
		return MLC_LIST;
	case OP_NAMED:
		return MLC_REF;
	default:
		return TYPE_ANY;
	}
}

static const struct expr *plain(struct check *c, const struct node *n)
{
	struct expr *e = word_new(c, n, n->op, n->kid_count);
	enum mlc_type branch = TYPE_ANY;
	bool same = true;

	e->type = type_of(n->op);
	e->fixed = n->kid_count > 0;
	for (unsigned i = 0; i < n->kid_count; i++) {
		bool condition = n->op == OP_ALL || n->op == OP_ANY || n->op == OP_NOT || (n->op == OP_WHEN && i == 0);
		e->args[i] = condition ? word_condition(c, n->kids[i]) : word_value(c, n->kids[i]);
		e->fixed &= e->args[i]->fixed;
		if ((n->op == OP_WHEN && i > 0) || n->op == OP_FIRST || n->op == OP_MIN || n->op == OP_MAX) {
			/* what holds the record or is missing fits everywhere */
			enum mlc_type t = e->args[i]->type;
			same &= t == branch || branch == TYPE_ANY || e->args[i]->op == OP_HOLD || e->args[i]->op == OP_REVIEW ||
				e->args[i]->op == OP_SKIP;
			if (t == TYPE_ANY && e->args[i]->op != OP_HOLD && e->args[i]->op != OP_REVIEW && e->args[i]->op != OP_SKIP)
				same = false;
			branch = branch == TYPE_ANY ? t : branch;
		}
	}
	if (n->op == OP_WHEN || n->op == OP_FIRST || n->op == OP_MIN || n->op == OP_MAX)
		e->type = same ? branch : TYPE_ANY;
	if (n->op == OP_EQ || n->op == OP_NE)
		e->numeric = is_number(e->args[0]->type) || is_number(e->args[1]->type);
	if (n->op == OP_ADD || n->op == OP_SUB || n->op == OP_MUL || n->op == OP_DIV || n->op == OP_NEG || n->op == OP_ABS ||
		n->op == OP_MONEY || n->op == OP_ROUND) {
		if (n->op != OP_ROUND || n->kid_count < 3)
			check_numbers(c, n, e);
	}
	return e;
}

static bool count_is_right(struct check *c, const struct node *n)
{
	unsigned least, most;

	if (!op_takes(n->op, &least, &most))
		return true;
	if (n->kid_count >= least && (most == ARGS_ANY || n->kid_count <= most))
		return true;
	if (least == most)
		wrong(c, n, NULL, "%s wants %u value%s, not %u", op_word(n->op), least, least == 1 ? "" : "s", n->kid_count);
	else
		wrong(c, n, NULL, "%s wants %u to %u values, not %u", op_word(n->op), least, most, n->kid_count);
	return false;
}

static const struct expr *list_of_kids(struct check *c, const struct node *n)
{
	struct expr *e = word_new(c, n, OP_LIST, n->kid_count);

	e->type = MLC_LIST;
	e->fixed = true;
	for (unsigned i = 0; i < n->kid_count; i++) {
		e->args[i] = word_value(c, n->kids[i]);
		e->fixed &= e->args[i]->fixed;
	}
	return e;
}

static const struct expr *constant_node(struct check *c, const struct node *n)
{
	struct value v = value_of(n->constant);

	return word_of_value(c, n, v, v.kind == VALUE_TEXT ? MLC_TEXT : v.kind == VALUE_BOOL ? MLC_BOOL : MLC_INTEGER);
}

static const struct expr *state_expr(struct check *c, const struct node *n)
{
	struct expr *e = word_new(c, n, n->op, 0);

	e->state = word_state(c, n);
	return e;
}

static const struct expr *ref_expr(struct check *c, const struct node *n)
{
	const char *name = word_only_text(c, n);
	struct need *need = name ? check_need(c, n, name) : NULL;
	struct expr *e;

	if (!need)
		return &word_nothing;
	if (need->op == OP_QUERY)
		wrong(c, n, NULL, "'%s' brings many records, not one", name);
	e = word_new(c, n, OP_REF, 0);
	e->type = MLC_REF;
	e->need = need;
	return e;
}

static const struct expr *word_of(struct check *c, const struct node *n)
{
	struct led led;
	struct expr *e;
	const struct schema_entity *row;
	const char *text;

	switch (n->op) {
	case OP_CONST:
		return constant_node(c, n);
	case OP_TABLE:
		if (n->member_count == 0)
			return list_of_kids(c, n);
		wrong(c, n, NULL, "a { } with names has no place here");
		return &word_nothing;
	case OP_LIST:
		return list_of_kids(c, n);
	case OP_CLEAR:
		return word_new(c, n, OP_CLEAR, 0);
	case OP_FUNCTION:
		wrong(c, n, "compute { inputs = { }, result = \"string\", fn = ... }", "a function stands in compute only");
		return &word_nothing;
	case OP_DROP:
		wrong(c, n, NULL, "drop belongs in an override, as the value of what it takes out");
		return &word_nothing;
	case OP_NONE:
		wrong(c, n, NULL, "none belongs in tests");
		return &word_nothing;
	case OP_ITEM: case OP_PARENT:
		if (n->kid_count == 0) {
			path_reach(c, n, n->op, "", &led);
			e = word_new(c, n, n->op, 0);
			e->path = path_cut(c, n, "");
			return e;
		}
		/* fall through */
	case OP_SRC: case OP_CURRENT: case OP_FOUND: case OP_DOC: case OP_FACT: case OP_LINK: case OP_NEED:
		text = word_only_text(c, n);
		return text ? path_reach(c, n, n->op, text, &led) : &word_nothing;
	case OP_TEXT:
		text = word_only_text(c, n);
		return text ? word_filled(c, n, text) : &word_nothing;
	case OP_PARAM:
		text = word_only_text(c, n);
		return text ? word_param(c, n, text) : &word_nothing;
	case OP_PICK:
		return word_pick(c, n);
	case OP_REMEMBERED:
		if (!node_is_text(n->kids[0])) {
			wrong(c, n, NULL, "remembered wants the kind of answer, a text");
			return &word_nothing;
		}
		e = word_new(c, n, OP_REMEMBERED, 2);
		e->word = n->kids[0]->text;
		e->args[0] = word_value(c, n->kids[1]);
		e->args[1] = n->kid_count > 2 ? word_value(c, n->kids[2]) : NULL;
		return e;
	case OP_DECIDED:
		text = word_only_text(c, n);
		e = word_new(c, n, OP_DECIDED, 0);
		e->type = MLC_BOOL;
		e->word = text ? text : "";
		return e;
	case OP_REF:
		return ref_expr(c, n);
	case OP_ROWS:
		text = word_only_text(c, n);
		e = word_new(c, n, OP_ROWS, 0);
		e->type = MLC_LIST;
		e->need = text ? check_need(c, n, text) : NULL;
		if (e->need && e->need->op != OP_QUERY)
			wrong(c, n, NULL, "'%s' brings one record, not rows", text);
		return e->need ? e : &word_nothing;
	case OP_SUM:
		return sum_expr(c, n);
	case OP_COUNT:
		e = rows_expr(c, n, n->kid_count);
		e->type = MLC_INTEGER;
		return e;
	case OP_FILTER:
		e = rows_expr(c, n, 2);
		e->type = MLC_LIST;
		return e;
	case OP_ROW:
		e = rows_expr(c, n, 3);
		e->type = e->args[2]->type;
		return e;
	case OP_JOIN:
		return join_expr(c, n);
	case OP_EACH:
		return each_expr(c, n);
	case OP_ONE:
		return one_expr(c, n);
	case OP_CONCAT:
		e = word_new(c, n, OP_CONCAT, n->kid_count);
		e->type = MLC_LIST;
		for (unsigned i = 0; i < n->kid_count; i++)
			e->args[i] = word_list(c, n->kids[i], &row);
		return e;
	case OP_TRIM:
		return word_trim(c, n);
	case OP_UNIQUE_NAME:
		return word_unique(c, n);
	case OP_PREDICTED:
		return word_predicted(c, n);
	case OP_COMPUTE:
		return word_compute(c, n);
	case OP_HOLD: case OP_REVIEW: case OP_SKIP:
		return state_expr(c, n);
	case OP_ENSURE: case OP_LINKED: case OP_FIND: case OP_FETCH: case OP_QUERY:
		wrong(c, n, "name it in needs, and use ref or need here", "%s belongs in needs", op_word(n->op));
		return &word_nothing;
	case OP_MAPPING: case OP_OVERRIDE:
		wrong(c, n, NULL, "a mapping inside of a mapping");
		return &word_nothing;
	default:
		return plain(c, n);
	}
}

const struct expr *word_value(struct check *c, const struct node *n)
{
	const struct expr *e;

	if (++c->made > EXPRESSIONS_MAX || c->depth > DEPTH_MAX) {
		wrong(c, n, NULL, "this mapping is too large: more than %d values, or more than %d deep", EXPRESSIONS_MAX, DEPTH_MAX);
		return &word_nothing;
	}
	if (!count_is_right(c, n))
		return &word_nothing;
	c->depth++;
	e = word_of(c, n);
	c->depth--;
	return e;
}
