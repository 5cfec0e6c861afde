/* words.c - values of a mapping, checked: words, paths, texts, conditions, objects. */
#include "check.h"

#include "base/decimal.h"
#include "base/err.h"
#include "base/when.h"
#include "script/compute.h"
#include "script/letters.h"
#include "script/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPRESSIONS_MAX 200000 /* of one mapping: shared values count each time they are used */
#define DEPTH_MAX       100
#define PATH_STEPS_MAX  16

static const struct expr nothing = { .op = OP_NONE };

void *check_take(struct check *c, size_t size)
{
	void *p = arena_alloc(c->arena, size);

	must(p); /* the arena has no ceiling: files, nodes and expressions have */
	return p;
}

static char *copy_text(struct check *c, const char *text, size_t len)
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

/* ---- expressions ------------------------------------------------------------------ */

static struct expr *expr_new(struct check *c, const struct node *n, enum op op, unsigned args)
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

static const struct expr *constant(struct check *c, const struct node *n, struct value v, enum mlc_type type)
{
	struct expr *e = expr_new(c, n, OP_CONST, 0);

	e->constant = v;
	e->type = type;
	e->fixed = true;
	return e;
}

static const struct expr *constant_text(struct check *c, const struct node *n, const char *text)
{
	return constant(c, n, value_words(copy_text(c, text, strlen(text))), MLC_TEXT);
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

/* ---- paths ------------------------------------------------------------------------- */

static bool path_step(struct check *c, const struct node *n, const char **at, struct step *out)
{
	const char *start = *at;
	size_t len;

	if (*start != '[') {
		len = strcspn(start, ".[");
		out->kind = STEP_MEMBER;
		out->name = copy_text(c, start, len);
		*at = start + len;
		return len > 0;
	}
	const char *end = strchr(start, ']'), *equals = strchr(start, '=');
	if (!end)
		return false;
	*at = end + 1;
	if (equals && equals < end) {
		out->kind = STEP_WHERE;
		out->name = copy_text(c, start + 1, (size_t)(equals - start - 1));
		out->value = copy_text(c, equals + 1, (size_t)(end - equals - 1));
		return true;
	}
	char *stop;
	unsigned long row = strtoul(start + 1, &stop, 10);
	out->kind = STEP_INDEX;
	if (stop != end || row < 1)
		wrong(c, n, NULL, "'%s': a row is [1] for the first, or [name=value]", start);
	out->index = row ? row - 1 : 0;
	return true;
}

static const struct path *path_cut(struct check *c, const struct node *n, const char *text)
{
	struct step steps[PATH_STEPS_MAX];
	struct path *p = check_take(c, sizeof *p);
	const char *at = text;

	p->text = text;
	while (*at && p->count < PATH_STEPS_MAX) {
		memset(&steps[p->count], 0, sizeof steps[0]);
		if (!path_step(c, n, &at, &steps[p->count])) {
			wrong(c, n, NULL, "'%s' is no path", text);
			break;
		}
		p->count++;
		if (*at == '.')
			at++;
	}
	if (*at && p->count == PATH_STEPS_MAX)
		wrong(c, n, NULL, "'%s' goes deeper than %d steps", text, PATH_STEPS_MAX);
	p->steps = check_take(c, (p->count + 1) * sizeof *p->steps);
	memcpy(p->steps, steps, p->count * sizeof *steps);
	return p;
}

/* Where a path leads: the type there, and for lists and objects the entity of what is in them. */
struct led {
	enum mlc_type type;
	const struct schema_entity *entity;
};

static struct led path_lead(struct check *c, const struct node *n, const struct path *p,
	const struct schema_entity *entity, bool known)
{
	struct led at = { TYPE_ANY, entity };
	char hint[96];
	bool rows = false; /* a list stands here, not yet a row of it */

	for (unsigned i = 0; i < p->count; i++) {
		const struct step *s = &p->steps[i];
		if (!known || !entity || entity->count == 0)
			return (struct led){ TYPE_ANY, NULL };
		if (s->kind == STEP_INDEX || s->kind == STEP_WHERE) {
			if (!rows)
				wrong(c, n, NULL, "'%s': what stands before [ is no list", p->text);
			if (s->kind == STEP_WHERE && !schema_field(entity, s->name))
				wrong(c, n, check_likely_field(entity, s->name, hint, sizeof hint), "no field '%s' in %s", s->name,
					entity->name);
			rows = false;
			at = (struct led){ MLC_OBJECT, entity };
			continue;
		}
		if (rows) {
			wrong(c, n, NULL, "'%s' walks into a list: use each(...), or say which row, as in list[1].%s", p->text,
				s->name);
			return (struct led){ TYPE_ANY, NULL };
		}
		const struct schema_field *f = schema_field(entity, s->name);
		if (!f) {
			wrong(c, n, check_likely_field(entity, s->name, hint, sizeof hint), "no field '%s' in %s", s->name,
				entity->name);
			return (struct led){ TYPE_ANY, NULL };
		}
		if (f->type == MLC_REF && i + 1 < p->count) {
			const char *rest = p->steps[i + 1].name;
			if (!rest || i + 2 < p->count || (strcmp(rest, "id") && strcmp(rest, "name")))
				wrong(c, n, NULL, "'%s': a reference has an id and a name, nothing else", p->text);
			return (struct led){ MLC_TEXT, NULL };
		}
		at = (struct led){ f->type, f->type == MLC_OBJECT || f->type == MLC_LIST ? f->entity : NULL };
		rows = f->type == MLC_LIST;
		if (f->type != MLC_OBJECT && f->type != MLC_LIST && i + 1 < p->count) {
			wrong(c, n, NULL, "'%s': %s is %s and has nothing in it", p->text, f->name, schema_type_name(f->type));
			return (struct led){ TYPE_ANY, NULL };
		}
		entity = f->entity;
		known = entity != NULL;
	}
	return at;
}

static struct expr *path_expr(struct check *c, const struct node *n, enum op op, const char *text,
	const struct schema_entity *entity, struct led *led)
{
	struct expr *e = expr_new(c, n, op, 0);

	e->path = path_cut(c, n, text);
	*led = path_lead(c, n, e->path, entity, entity != NULL);
	e->type = led->type;
	return e;
}

static const char *only_text(struct check *c, const struct node *n)
{
	if (n->kid_count == 1 && node_is_text(n->kids[0]))
		return n->kids[0]->text;
	wrong(c, n, NULL, "%s wants one text in quotes", op_word(n->op));
	return NULL;
}

static void take_member(json_t *take, const struct path *p)
{
	size_t i;
	json_t *one;

	if (!take || p->count == 0 || !p->steps[0].name)
		return;
	json_array_foreach(take, i, one)
		if (strcmp(json_string_value(one), p->steps[0].name) == 0)
			return;
	json_array_append_new(take, json_string(p->steps[0].name));
}

/* "order.currency" of need "order". */
static const struct expr *need_expr(struct check *c, const struct node *n, const char *text, struct led *led)
{
	const char *dot = strchr(text, '.');
	char name[64];

	*led = (struct led){ TYPE_ANY, NULL };
	if (!dot) {
		wrong(c, n, NULL, "need wants a name and a path, as in need \"order.currency\"");
		return &nothing;
	}
	snprintf(name, sizeof name, "%.*s", (int)(dot - text), text);
	struct need *need = check_need(c, n, name);
	if (!need)
		return &nothing;
	if (need->op == OP_QUERY) {
		wrong(c, n, NULL, "'%s' brings many records: walk rows \"%s\"", name, name);
		return &nothing;
	}
	bool id = strcmp(dot + 1, "id") == 0 || strcmp(dot + 1, "version") == 0 ||
		(strcmp(dot + 1, "made") == 0 && (need->op == OP_ENSURE || need->op == OP_LINKED));
	if ((need->op == OP_ENSURE || need->op == OP_LINKED) && !id) {
		wrong(c, n, "use fetch or find to read the record", "of '%s' only id, version and made are known here", name);
		return &nothing;
	}
	struct expr *e = path_expr(c, n, OP_NEED, dot + 1, id ? NULL : need->entity, led);
	e->need = need;
	if (!id)
		take_member(need->take, e->path);
	return e;
}

/* Words that take a path, by its text. */
static const struct expr *reach(struct check *c, const struct node *n, enum op op, const char *text, struct led *led)
{
	const struct schema_entity *row = c->rows ? c->rows->entity : NULL;
	struct expr *e;

	*led = (struct led){ TYPE_ANY, NULL };
	switch (op) {
	case OP_SRC:
		e = path_expr(c, n, op, text, c->m->from, led);
		take_member(c->m->reads, e->path);
		return e;
	case OP_ITEM:
		if (!c->rows) {
			wrong(c, n, "for the record itself: src", "item stands only where rows are walked (each, count, join ...)");
			return &nothing;
		}
		return path_expr(c, n, op, text, row, led);
	case OP_PARENT:
		if (!c->rows || !c->rows->outer) {
			wrong(c, n, NULL, "parent stands only in an each inside of another");
			return &nothing;
		}
		return path_expr(c, n, op, text, c->rows->outer->entity, led);
	case OP_CURRENT:
		if (!(c->places & PLACE_UPDATE))
			wrong(c, n, NULL, "current (what stands in the target now) is known in on_update and on_delete only");
		return path_expr(c, n, op, text, c->m->to, led);
	case OP_FOUND:
		if (!(c->places & PLACE_MATCH))
			wrong(c, n, NULL, "found (a candidate) is known in match only");
		if (strcmp(text, "id") == 0)
			return path_expr(c, n, op, text, NULL, led);
		e = path_expr(c, n, op, text, c->m->to, led);
		take_member(c->m->match_take, e->path);
		return e;
	case OP_DOC:
		if (!(c->places & PLACE_DOC))
			wrong(c, n, NULL, "doc (what will be written) is known in balance, expect, predicted and on_update only");
		return path_expr(c, n, op, text, c->m->to, led);
	case OP_FACT:
		if (strncmp(text, "source.", 7) && strncmp(text, "target."  , 7))
			wrong(c, n, NULL, "a fact is of the source or of the target: \"target.%s\"", text);
		return path_expr(c, n, op, text, NULL, led);
	case OP_LINK:
		return path_expr(c, n, op, text, NULL, led);
	case OP_NEED:
		return need_expr(c, n, text, led);
	default:
		return &nothing;
	}
}

static const struct expr *param_expr(struct check *c, const struct node *n, const char *name)
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
		struct expr *e = expr_new(c, n, OP_PARAM, 0);
		e->param = i;
		e->fixed = true;
		for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
			if (strcmp(types[t].type, p->type) == 0)
				e->type = types[t].is;
		return e;
	}
	wrong(c, n, likely_hint(&likely, hint, sizeof hint), "no param '%s'", name);
	return &nothing;
}

/* ---- texts --------------------------------------------------------------------------- */

/* What stands between { and }. */
static const struct expr *text_piece(struct check *c, const struct node *n, const char *what)
{
	static const struct { const char *prefix; enum op op; } prefixes[] = {
		{ "item.", OP_ITEM }, { "parent.", OP_PARENT }, { "need.", OP_NEED }, { "fact.", OP_FACT },
		{ "link.", OP_LINK }, { "current.", OP_CURRENT }, { "found.", OP_FOUND }, { "doc.", OP_DOC },
	};
	static const struct { const char *word; enum op op; enum mlc_type type; } words[] = {
		{ "account", OP_ACCOUNT, MLC_TEXT }, { "today", OP_TODAY, MLC_DATE }, { "now", OP_NOW, MLC_INSTANT },
		{ "row_number", OP_ROW_NUMBER, MLC_INTEGER }, { "lock_date", OP_LOCK_DATE, MLC_DATE },
	};
	struct led led;

	if (strncmp(what, "param.", 6) == 0)
		return param_expr(c, n, what + 6);
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (strncmp(what, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
			return reach(c, n, prefixes[i].op, what + strlen(prefixes[i].prefix), &led);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(what, words[i].word) == 0) {
			struct expr *e = expr_new(c, n, words[i].op, 0);
			e->type = words[i].type;
			return e;
		}
	const struct expr *e = reach(c, n, OP_SRC, what, &led);
	if (led.type == MLC_OBJECT || led.type == MLC_LIST)
		wrong(c, n, NULL, "{%s} is %s, not text", what, led.type == MLC_LIST ? "a list" : "an object");
	return e;
}

static const struct expr *text_expr(struct check *c, const struct node *n, const char *text)
{
	unsigned pieces = 1, count = 0;
	bool fixed = true;

	for (const char *at = text; (at = strchr(at, '{')); at++)
		pieces += 2;
	struct expr *e = expr_new(c, n, OP_TEXT, pieces);
	e->type = MLC_TEXT;
	while (*text) {
		const char *open = strchr(text, '{');
		size_t len = open ? (size_t)(open - text) : strlen(text);
		if (len)
			e->args[count++] = constant(c, n, value_text(copy_text(c, text, len), len), MLC_TEXT);
		text += len;
		if (!open)
			break;
		const char *close = strchr(text, '}');
		if (!close) {
			wrong(c, n, NULL, "a { without its } in \"%s\"", text);
			break;
		}
		e->args[count] = text_piece(c, n, copy_text(c, text + 1, (size_t)(close - text - 1)));
		fixed &= e->args[count++]->fixed;
		text = close + 1;
	}
	e->count = count;
	e->fixed = fixed;
	return e;
}

const struct expr *word_text(struct check *c, const struct node *n)
{
	if (!n)
		return NULL;
	return node_is_text(n) ? text_expr(c, n, n->text) : word_value(c, n);
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

/* ---- conditions ------------------------------------------------------------------------ */

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

/* ---- lists --------------------------------------------------------------------------------- */

/* A list by its name or as a value; *row: what its rows are. */
static const struct expr *list_value(struct check *c, const struct node *n, const struct schema_entity **row)
{
	struct led led = { TYPE_ANY, NULL };
	const struct expr *e;

	*row = NULL;
	if (node_is_text(n)) {
		for (size_t i = 0; i < c->m->need_count; i++)
			if (c->m->needs[i].op == OP_QUERY && strcmp(c->m->needs[i].name, n->text) == 0) {
				struct expr *rows = expr_new(c, n, OP_ROWS, 0);
				rows->type = MLC_LIST;
				rows->need = check_need(c, n, n->text);
				*row = rows->need ? rows->need->entity : NULL;
				return rows;
			}
		e = reach(c, n, c->doc_lists ? OP_DOC : OP_SRC, n->text, &led);
	} else if ((n->op == OP_SRC || n->op == OP_ITEM || n->op == OP_PARENT || n->op == OP_NEED || n->op == OP_CURRENT ||
			n->op == OP_FOUND || n->op == OP_DOC) && n->kid_count == 1 && node_is_text(n->kids[0])) {
		e = reach(c, n, n->op, n->kids[0]->text, &led);
	} else if (n->op == OP_FILTER && n->kid_count == 2) {
		list_value(c, n->kids[0], row);
		e = word_value(c, n);
		led = (struct led){ MLC_LIST, *row };
	} else if (n->op == OP_ROWS && n->kid_count == 1 && node_is_text(n->kids[0])) {
		return list_value(c, n->kids[0], row);
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
	struct expr *e = expr_new(c, n, n->op, args);

	if (n->kid_count == 0)
		return e;
	e->args[0] = list_value(c, n->kids[0], &scope.entity);
	c->rows = &scope;
	for (unsigned i = 1; i < args && i < n->kid_count; i++)
		e->args[i] = word_value(c, n->kids[i]);
	c->rows = scope.outer;
	return e;
}

static const struct expr *sum_expr(struct check *c, const struct node *n)
{
	struct check_scope scope = { NULL, c->rows };
	struct expr *e = expr_new(c, n, OP_SUM, 2);
	struct led led;

	e->args[0] = list_value(c, n->kids[0], &scope.entity);
	c->rows = &scope;
	e->args[1] = node_is_text(n->kids[1]) ? reach(c, n, OP_ITEM, n->kids[1]->text, &led) : word_value(c, n->kids[1]);
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
	e = expr_new(c, n, OP_EACH, 1);
	e->type = MLC_LIST;
	if (!c->in_template)
		wrong(c, n, NULL, "each with { } makes the lines of a field; here it can give single values only");
	e->args[0] = list_value(c, n->kids[0], &scope.entity);
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
	struct expr *e = expr_new(c, n, OP_ONE, 0);
	struct template *t = check_take(c, sizeof *t);

	if (!c->in_template)
		wrong(c, n, NULL, "one { } makes a line of a field; it has no place here");
	t->if_ = word_condition(c, node_get(n, "if_"));
	t->fields = *word_fields(c, n, c->template_entity);
	e->type = MLC_LIST;
	e->template = t;
	return e;
}

/* ---- words with names inside ---------------------------------------------------------------- */

static bool has_line(const struct table *t, const char *key, size_t len)
{
	for (size_t i = 0; i < t->count; i++)
		if (strlen(t->rows[i].key) == len && memcmp(t->rows[i].key, key, len) == 0)
			return true;
	return false;
}

static void want_line(struct check *c, const struct node *n, const struct table *t, const char *key, size_t len)
{
	if (!has_line(t, key, len))
		wrong(c, n, NULL, "table '%s' has no line '%.*s' and no default", t->name, (int)len, key);
}

/* A table without a default has a line for each key that can be foreseen; the others hold the record. */
static void check_total(struct check *c, const struct node *n, const struct table *t, const struct expr *key)
{
	const struct node *values;

	switch (key->op) {
	case OP_CONST:
		if (key->constant.kind == VALUE_TEXT)
			want_line(c, n, t, key->constant.text, key->constant.len);
		break;
	case OP_WHEN:
	case OP_FIRST:
		for (unsigned i = key->op == OP_WHEN; i < key->count; i++)
			check_total(c, n, t, key->args[i]);
		break;
	case OP_COMPUTE:
		for (const char *const *word = key->compute->one_of; word && *word; word++)
			want_line(c, n, t, *word, strlen(*word));
		break;
	case OP_PARAM:
		values = node_get(c->m->params[key->param].spec, "values");
		for (unsigned i = 0; values && i < values->kid_count; i++)
			if (node_is_text(values->kids[i]))
				want_line(c, n, t, values->kids[i]->text, strlen(values->kids[i]->text));
		break;
	default:
		break;
	}
}

static const struct expr *pick_expr(struct check *c, const struct node *n)
{
	const struct node *table = n->kids[0];
	struct expr *e = expr_new(c, n, OP_PICK, 3);
	struct likely likely;
	char hint[96];

	e->args[0] = word_value(c, n->kids[1]);
	e->args[1] = n->kid_count > 2 ? word_value(c, n->kids[2]) : NULL;
	e->fixed = e->args[0]->fixed && (!e->args[1] || e->args[1]->fixed);
	if (node_is_text(table)) {
		likely_init(&likely, table->text);
		for (size_t i = 0; i < c->m->table_count; i++) {
			if (strcmp(c->m->tables[i].name, table->text) == 0)
				e->table = &c->m->tables[i];
			likely_offer(&likely, c->m->tables[i].name);
		}
		if (!e->table)
			wrong(c, n, likely_hint(&likely, hint, sizeof hint), "no table '%s'", table->text);
		else if (!e->table->otherwise && !e->args[1])
			check_total(c, n, e->table, e->args[0]);
		return e;
	}
	e->args[2] = word_value(c, table);
	if (e->args[2]->op != OP_PARAM || strcmp(c->m->params[e->args[2]->param].type, "table"))
		wrong(c, n, NULL, "pick looks in a table of 'tables', or in a param of type table");
	return e;
}

static const struct expr *trim_expr(struct check *c, const struct node *n)
{
	struct expr *e = expr_new(c, n, OP_TRIM, 3);
	const struct node *overflow = node_get(n, "on_overflow");

	check_members(c, n, "max on_overflow");
	e->type = MLC_TEXT;
	if (n->kid_count != 1 || !node_get(n, "max")) {
		wrong(c, n, NULL, "trim wants a value and max, as in trim { src \"x\", max = 11, on_overflow = \"hold\" }");
		return &nothing;
	}
	e->args[0] = word_value(c, n->kids[0]);
	e->args[1] = word_value(c, node_get(n, "max"));
	e->args[2] = overflow ? word_value(c, overflow) : constant_text(c, n, "hold");
	if (overflow && node_is_text(overflow) && !schema_allows("hold|truncate|last_digits", overflow->text,
			strlen(overflow->text)))
		wrong(c, n, "hold, truncate or last_digits", "on_overflow = \"%s\"", overflow->text);
	return e;
}

static const struct expr *unique_expr(struct check *c, const struct node *n)
{
	struct expr *e = expr_new(c, n, OP_UNIQUE_NAME, 0);
	struct unique *u = check_take(c, sizeof *u);
	const struct node *among = node_get(n, "among"), *suffixes = node_get(n, "suffixes"), *max = node_get(n, "max");

	check_members(c, n, "max among suffixes otherwise");
	e->type = MLC_TEXT;
	e->unique = u;
	if (n->kid_count != 1 || !among || !max || max->op != OP_CONST || !json_is_integer(max->constant)) {
		wrong(c, n, NULL, "unique_name wants a name, max (a number) and among (entity = \"its name's field\")");
		return &nothing;
	}
	u->name = word_value(c, n->kids[0]);
	u->max = (unsigned)json_integer_value(max->constant);
	u->among = check_take(c, (among->member_count + 1) * sizeof *u->among);
	for (unsigned i = 0; i < among->member_count; i++) {
		const struct member *m = &among->members[i];
		const struct schema_entity *entity = schema_entity(c->m->to_schema, m->name);
		if (!entity || !node_is_text(m->value)) {
			wrong(c, m->value, NULL, "%s has no '%s' to look names up in", c->m->to->connector, m->name);
			continue;
		}
		if (entity->count && !schema_field(entity, m->value->text))
			wrong(c, m->value, NULL, "no field '%s' in %s", m->value->text, m->name);
		u->among[u->among_count].entity = entity;
		u->among[u->among_count++].member = m->value->text;
	}
	u->suffixes = check_take(c, ((suffixes ? suffixes->kid_count : 0) + 1) * sizeof *u->suffixes);
	for (unsigned i = 0; suffixes && i < suffixes->kid_count; i++)
		u->suffixes[u->suffix_count++] = word_value(c, suffixes->kids[i]);
	u->otherwise = word_state(c, node_get(n, "otherwise"));
	return e;
}

static const struct expr *predicted_expr(struct check *c, const struct node *n)
{
	struct expr *e = expr_new(c, n, OP_PREDICTED, 0);
	struct predicted *p = check_take(c, sizeof *p);
	const struct node *lines = node_get(n, "lines"), *amount = node_get(n, "amount"), *code = node_get(n, "code"),
			  *taxable = node_get(n, "taxable"), *rates = node_get(n, "rates"), *round = node_get(n, "round");
	const struct schema_field *list;
	bool doc_lists = c->doc_lists;

	check_members(c, n, "lines amount code taxable plus rates round places");
	e->type = MLC_DECIMAL;
	if (!node_is_text(lines) || !node_is_text(amount) || !node_is_text(code) || !taxable || !rates ||
		(taxable->op != OP_TABLE && taxable->op != OP_LIST)) {
		wrong(c, n, NULL, "predicted wants lines, amount, code (names), taxable (a list of codes) and rates (a list)");
		return &nothing;
	}
	list = schema_field(c->m->to, lines->text);
	if (c->m->to->count && (!list || list->type != MLC_LIST))
		wrong(c, n, NULL, "no list '%s' in %s", lines->text, c->m->to->name);
	for (int i = 0; list && list->entity && i < 2; i++) {
		const char *name = i ? code->text : amount->text;
		if (!schema_field(list->entity, name))
			wrong(c, n, NULL, "no field '%s' in %s", name, list->entity->name);
	}
	p->lines = lines->text;
	p->amount = amount->text;
	p->code = code->text;
	p->taxable = check_take(c, (taxable->kid_count + 1) * sizeof *p->taxable);
	for (unsigned i = 0; i < taxable->kid_count; i++)
		p->taxable[p->taxable_count++] = word_value(c, taxable->kids[i]);
	c->doc_lists = false;
	p->rates = word_value(c, rates);
	p->plus = word_optional(c, node_get(n, "plus"));
	c->doc_lists = doc_lists;
	p->places = 2;
	if (node_get(n, "places"))
		p->places = (unsigned)json_integer_value(node_get(n, "places")->constant);
	if (p->places > 6)
		wrong(c, n, NULL, "places is a number from 0 to 6");
	p->round = 'c';
	if (round) {
		if (node_is_text(round) && schema_allows("component|document|line", round->text, strlen(round->text)))
			p->round = round->text[0];
		else
			wrong(c, n, "component, document or line", "round says how the tax is rounded");
	}
	e->predicted = p;
	return e;
}

static const struct expr *compute_expr(struct check *c, const struct node *n)
{
	static const struct { const char *name; enum mlc_type type; } results[] = {
		{ "string", MLC_TEXT }, { "money", MLC_DECIMAL }, { "int", MLC_INTEGER }, { "bool", MLC_BOOL },
		{ "date", MLC_DATE }, { "list", MLC_LIST },
	};
	const struct node *inputs = node_get(n, "inputs"), *result = node_get(n, "result"), *fn = node_get(n, "fn");
	struct expr *e = expr_new(c, n, OP_COMPUTE, 0);
	struct compute *k = check_take(c, sizeof *k);
	struct member_expr *rows;
	char why[200];

	check_members(c, n, "inputs result one_of fn");
	if (!fn || fn->op != OP_FUNCTION || !node_is_text(result) || (inputs && inputs->op != OP_TABLE)) {
		wrong(c, n, NULL, "compute wants inputs = { }, result = \"string\" and fn = function(v) ... end");
		return &nothing;
	}
	for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
		if (strcmp(results[i].name, result->text) == 0)
			e->type = results[i].type;
	if (!e->type)
		wrong(c, n, "string, money, int, bool, date or list", "compute has no result '%s'", result->text);
	rows = check_take(c, ((inputs ? inputs->member_count : 0) + 1) * sizeof *rows);
	for (unsigned i = 0; inputs && i < inputs->member_count; i++) {
		rows[i].name = inputs->members[i].name;
		rows[i].value = word_value(c, inputs->members[i].value);
	}
	k->inputs = rows;
	k->input_count = inputs ? inputs->member_count : 0;
	k->result = result->text;
	k->one_of = word_names(c, node_get(n, "one_of"));
	k->script = n->script;
	k->function = fn->function;
	if (!compute_keep(n->script, fn->function, why, sizeof why))
		wrong(c, n, NULL, "%s", why);
	e->compute = k;
	return e;
}

/* ---- any word ----------------------------------------------------------------------------------- */

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
	struct expr *e = expr_new(c, n, n->op, n->kid_count);
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
	struct expr *e = expr_new(c, n, OP_LIST, n->kid_count);

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

	return constant(c, n, v, v.kind == VALUE_TEXT ? MLC_TEXT : v.kind == VALUE_BOOL ? MLC_BOOL : MLC_INTEGER);
}

static const struct expr *state_expr(struct check *c, const struct node *n)
{
	struct expr *e = expr_new(c, n, n->op, 0);

	e->state = word_state(c, n);
	return e;
}

static const struct expr *ref_expr(struct check *c, const struct node *n)
{
	const char *name = only_text(c, n);
	struct need *need = name ? check_need(c, n, name) : NULL;
	struct expr *e;

	if (!need)
		return &nothing;
	if (need->op == OP_QUERY)
		wrong(c, n, NULL, "'%s' brings many records, not one", name);
	e = expr_new(c, n, OP_REF, 0);
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
		return &nothing;
	case OP_LIST:
		return list_of_kids(c, n);
	case OP_CLEAR:
		return expr_new(c, n, OP_CLEAR, 0);
	case OP_FUNCTION:
		wrong(c, n, "compute { inputs = { }, result = \"string\", fn = ... }", "a function stands in compute only");
		return &nothing;
	case OP_DROP:
		wrong(c, n, NULL, "drop belongs in an override, as the value of what it takes out");
		return &nothing;
	case OP_NONE:
		wrong(c, n, NULL, "none belongs in tests");
		return &nothing;
	case OP_ITEM: case OP_PARENT:
		if (n->kid_count == 0) {
			reach(c, n, n->op, "", &led);
			e = expr_new(c, n, n->op, 0);
			e->path = path_cut(c, n, "");
			return e;
		}
		/* fall through */
	case OP_SRC: case OP_CURRENT: case OP_FOUND: case OP_DOC: case OP_FACT: case OP_LINK: case OP_NEED:
		text = only_text(c, n);
		return text ? reach(c, n, n->op, text, &led) : &nothing;
	case OP_TEXT:
		text = only_text(c, n);
		return text ? text_expr(c, n, text) : &nothing;
	case OP_PARAM:
		text = only_text(c, n);
		return text ? param_expr(c, n, text) : &nothing;
	case OP_PICK:
		return pick_expr(c, n);
	case OP_REMEMBERED:
		if (!node_is_text(n->kids[0])) {
			wrong(c, n, NULL, "remembered wants the kind of answer, a text");
			return &nothing;
		}
		e = expr_new(c, n, OP_REMEMBERED, 2);
		e->word = n->kids[0]->text;
		e->args[0] = word_value(c, n->kids[1]);
		e->args[1] = n->kid_count > 2 ? word_value(c, n->kids[2]) : NULL;
		return e;
	case OP_DECIDED:
		text = only_text(c, n);
		e = expr_new(c, n, OP_DECIDED, 0);
		e->type = MLC_BOOL;
		e->word = text ? text : "";
		return e;
	case OP_REF:
		return ref_expr(c, n);
	case OP_ROWS:
		text = only_text(c, n);
		e = expr_new(c, n, OP_ROWS, 0);
		e->type = MLC_LIST;
		e->need = text ? check_need(c, n, text) : NULL;
		if (e->need && e->need->op != OP_QUERY)
			wrong(c, n, NULL, "'%s' brings one record, not rows", text);
		return e->need ? e : &nothing;
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
		e = expr_new(c, n, OP_CONCAT, n->kid_count);
		e->type = MLC_LIST;
		for (unsigned i = 0; i < n->kid_count; i++)
			e->args[i] = list_value(c, n->kids[i], &row);
		return e;
	case OP_TRIM:
		return trim_expr(c, n);
	case OP_UNIQUE_NAME:
		return unique_expr(c, n);
	case OP_PREDICTED:
		return predicted_expr(c, n);
	case OP_COMPUTE:
		return compute_expr(c, n);
	case OP_HOLD: case OP_REVIEW: case OP_SKIP:
		return state_expr(c, n);
	case OP_ENSURE: case OP_LINKED: case OP_FIND: case OP_FETCH: case OP_QUERY:
		wrong(c, n, "name it in needs, and use ref or need here", "%s belongs in needs", op_word(n->op));
		return &nothing;
	case OP_MAPPING: case OP_OVERRIDE:
		wrong(c, n, NULL, "a mapping inside of a mapping");
		return &nothing;
	default:
		return plain(c, n);
	}
}

const struct expr *word_value(struct check *c, const struct node *n)
{
	const struct expr *e;

	if (++c->made > EXPRESSIONS_MAX || c->depth > DEPTH_MAX) {
		wrong(c, n, NULL, "this mapping is too large: more than %d values, or more than %d deep", EXPRESSIONS_MAX, DEPTH_MAX);
		return &nothing;
	}
	if (!count_is_right(c, n))
		return &nothing;
	c->depth++;
	e = word_of(c, n);
	c->depth--;
	return e;
}

/* ---- fields ------------------------------------------------------------------------------------------ */

static void check_fit(struct check *c, const struct member *m, const struct schema_field *f, const struct expr *e)
{
	struct decimal d;
	const char *text = e->op == OP_CONST && e->constant.kind == VALUE_TEXT ? e->constant.text : NULL;

	if (!type_fits(e->type, f->type)) {
		wrong(c, m->value, f->type == MLC_DATE && e->type == MLC_INSTANT ? "date(...) gives the day of an instant" : NULL,
			"%s is %s, this is %s", f->name, schema_type_name(f->type), schema_type_name(e->type));
		return;
	}
	if (!text)
		return;
	if (f->type == MLC_TEXT && f->limit && letters_count(text, strlen(text)) > f->limit)
		wrong(c, m->value, NULL, "\"%s\" is longer than the %u characters of %s", text, f->limit, f->name);
	if (f->type == MLC_TEXT && f->of && !schema_allows(f->of, text, strlen(text)))
		wrong(c, m->value, NULL, "%s allows %s, not \"%s\"", f->name, f->of, text);
	if ((f->type == MLC_DECIMAL || f->type == MLC_INTEGER) && !decimal_parse(text, strlen(text), &d))
		wrong(c, m->value, NULL, "%s is a number, \"%s\" is none", f->name, text);
	if (f->type == MLC_DATE && !when_is_day(text))
		wrong(c, m->value, NULL, "%s is a day like 2026-10-31, \"%s\" is none", f->name, text);
}

static void compile_field(struct check *c, const struct member *m, struct field *out)
{
	const struct schema_field *f = out->is;
	const struct schema_entity *outer = c->template_entity;
	bool was = c->in_template;

	out->name = m->name;
	out->line = m->line;
	out->script = m->value->script;
	if (m->value->op == OP_TABLE && m->value->member_count &&
		(!f || f->type == MLC_OBJECT || f->type == MLC_REF)) {
		out->sub = word_fields(c, m->value, f && f->type == MLC_OBJECT ? f->entity : NULL);
		return;
	}
	c->template_entity = f && f->type == MLC_LIST ? f->entity : NULL;
	c->in_template = !f || f->type == MLC_LIST;
	out->value = word_value(c, m->value);
	c->template_entity = outer;
	c->in_template = was;
	if (f)
		check_fit(c, m, f, out->value);
}

static void require(struct check *c, const struct node *n, const struct schema_entity *entity)
{
	for (size_t i = 0; i < entity->count; i++)
		if ((entity->fields[i].flags & MLC_REQUIRED) && !node_member(n, entity->fields[i].name))
			wrong(c, n, NULL, "required field '%s' of %s is never set", entity->fields[i].name, entity->name);
}

const struct fields *word_fields(struct check *c, const struct node *n, const struct schema_entity *entity)
{
	struct fields *all = check_take(c, sizeof *all);
	struct field *rows = check_take(c, (n->member_count + 1) * sizeof *rows);
	bool described = entity && entity->count;
	char hint[96];

	all->entity = entity;
	all->rows = rows;
	if (n->kid_count)
		wrong(c, n, NULL, "a value without a name among fields: FIELD = value");
	/* in the target's own order, so that what is written does not depend on how the file is laid out */
	for (size_t i = 0; described && i < entity->count; i++) {
		const struct member *m = node_member(n, entity->fields[i].name);
		if (!m)
			continue;
		if (entity->fields[i].flags & MLC_READONLY)
			wrong(c, m->value, NULL, "%s of %s can be read only", m->name, entity->name);
		rows[all->count].is = &entity->fields[i];
		compile_field(c, m, &rows[all->count++]);
	}
	for (unsigned i = 0; i < n->member_count; i++) {
		const struct member *m = &n->members[i];
		if (strcmp(m->name, "if_") == 0 || (described && schema_field(entity, m->name)))
			continue;
		if (described) {
			problem_add(c->problems, m->value->script->path, m->line,
				check_likely_field(entity, m->name, hint, sizeof hint), "no field '%s' in %s", m->name, entity->name);
			continue;
		}
		compile_field(c, m, &rows[all->count++]);
	}
	if (described)
		require(c, n, entity);
	return all;
}

bool word_criteria(struct check *c, const struct node *n, const struct schema_entity *entity, struct criteria *out)
{
	struct criterion *rows;
	char hint[96];

	if (!n || n->op != OP_TABLE || n->member_count == 0 || n->kid_count) {
		if (n)
			wrong(c, n, NULL, "a look-up wants { FIELD = value }");
		return false;
	}
	rows = check_take(c, n->member_count * sizeof *rows);
	for (unsigned i = 0; i < n->member_count; i++) {
		const struct member *m = &n->members[i];
		const struct schema_field *f = schema_field(entity, m->name);
		if (!f && entity && entity->count && strchr(m->name, '.')) {
			/* "users.email": a member of a member */
			struct led led = path_lead(c, m->value, path_cut(c, m->value, m->name), entity, true);
			(void)led;
		} else if (!f && entity && entity->count) {
			problem_add(c->problems, n->script->path, m->line, check_likely_field(entity, m->name, hint, sizeof hint),
				"no field '%s' in %s", m->name, entity->name);
		} else if (f && !(f->flags & (MLC_FINDABLE | MLC_MIRRORED))) {
			problem_add(c->problems, n->script->path, m->line, NULL, "%s cannot be searched by '%s'", entity->name,
				m->name);
		}
		rows[i] = (struct criterion){ m->name, f, word_value(c, m->value) };
	}
	out->rows = rows;
	out->count = n->member_count;
	return true;
}
