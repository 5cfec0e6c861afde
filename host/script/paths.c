/* paths.c - paths of a mapping, cut up and followed through the schemas; texts with paths in them. */
#include "script/words.h"

#include "script/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_STEPS_MAX 16

/* ---- paths ------------------------------------------------------------------------------- */

static bool path_step(struct check *c, const struct node *n, const char **at, struct step *out)
{
	const char *start = *at;
	size_t len;

	if (*start != '[') {
		len = strcspn(start, ".[");
		out->kind = STEP_MEMBER;
		out->name = word_copy(c, start, len);
		*at = start + len;
		return len > 0;
	}
	const char *end = strchr(start, ']'), *equals = strchr(start, '=');
	if (!end)
		return false;
	*at = end + 1;
	if (equals && equals < end) {
		out->kind = STEP_WHERE;
		out->name = word_copy(c, start + 1, (size_t)(equals - start - 1));
		out->value = word_copy(c, equals + 1, (size_t)(end - equals - 1));
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

const struct path *path_cut(struct check *c, const struct node *n, const char *text)
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

struct led path_lead(struct check *c, const struct node *n, const struct path *p,
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
		if (!f && word_may_be_there(c, entity))
			return (struct led){ TYPE_ANY, NULL };
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
	struct expr *e = word_new(c, n, op, 0);

	e->path = path_cut(c, n, text);
	*led = path_lead(c, n, e->path, entity, entity != NULL);
	e->type = led->type;
	return e;
}

const char *word_only_text(struct check *c, const struct node *n)
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
		return &word_nothing;
	}
	snprintf(name, sizeof name, "%.*s", (int)(dot - text), text);
	struct need *need = check_need(c, n, name);
	if (!need)
		return &word_nothing;
	if (need->op == OP_QUERY) {
		wrong(c, n, NULL, "'%s' brings many records: walk rows \"%s\"", name, name);
		return &word_nothing;
	}
	bool id = strcmp(dot + 1, "id") == 0 || strcmp(dot + 1, "version") == 0 ||
		(strcmp(dot + 1, "made") == 0 && (need->op == OP_ENSURE || need->op == OP_LINKED));
	if ((need->op == OP_ENSURE || need->op == OP_LINKED) && !id) {
		wrong(c, n, "use fetch or find to read the record", "of '%s' only id, version and made are known here", name);
		return &word_nothing;
	}
	struct expr *e = path_expr(c, n, OP_NEED, dot + 1, id ? NULL : need->entity, led);
	e->need = need;
	if (!id)
		take_member(need->take, e->path);
	return e;
}

/* Words that take a path, by its text. */
const struct expr *path_reach(struct check *c, const struct node *n, enum op op, const char *text, struct led *led)
{
	const struct schema_entity *row = c->rows ? c->rows->entity : NULL;
	struct expr *e;

	*led = (struct led){ TYPE_ANY, NULL };
	switch (op) {
	case OP_SRC:
		e = path_expr(c, n, op, text, c->source, led);
		if (c->source == c->m->from)
			take_member(c->m->reads, e->path);
		else
			take_member(c->stirring_reads, e->path);
		return e;
	case OP_ITEM:
		if (!c->rows) {
			wrong(c, n, "for the record itself: src", "item stands only where rows are walked (each, count, join ...)");
			return &word_nothing;
		}
		return path_expr(c, n, op, text, row, led);
	case OP_PARENT:
		if (!c->rows || !c->rows->outer) {
			wrong(c, n, NULL, "parent stands only in an each inside of another");
			return &word_nothing;
		}
		return path_expr(c, n, op, text, c->rows->outer->entity, led);
	case OP_CURRENT:
		if (!(c->places & PLACE_UPDATE))
			wrong(c, n, NULL, "current (what stands in the target now) is known in on_update and on_delete only");
		e = path_expr(c, n, op, text, c->m->to, led);
		take_member(c->m->currents, e->path);
		return e;
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
		return &word_nothing;
	}
}

/* ---- texts ------------------------------------------------------------------------------- */

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
		return word_param(c, n, what + 6);
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (strncmp(what, prefixes[i].prefix, strlen(prefixes[i].prefix)) == 0)
			return path_reach(c, n, prefixes[i].op, what + strlen(prefixes[i].prefix), &led);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(what, words[i].word) == 0) {
			struct expr *e = word_new(c, n, words[i].op, 0);
			e->type = words[i].type;
			return e;
		}
	const struct expr *e = path_reach(c, n, OP_SRC, what, &led);
	if (led.type == MLC_OBJECT || led.type == MLC_LIST)
		wrong(c, n, NULL, "{%s} is %s, not text", what, led.type == MLC_LIST ? "a list" : "an object");
	return e;
}

const struct expr *word_filled(struct check *c, const struct node *n, const char *text)
{
	unsigned pieces = 1, count = 0;
	bool fixed = true;

	for (const char *at = text; (at = strchr(at, '{')); at++)
		pieces += 2;
	struct expr *e = word_new(c, n, OP_TEXT, pieces);
	e->type = MLC_TEXT;
	while (*text) {
		const char *open = strchr(text, '{');
		size_t len = open ? (size_t)(open - text) : strlen(text);
		if (len)
			e->args[count++] = word_of_value(c, n, value_text(word_copy(c, text, len), len), MLC_TEXT);
		text += len;
		if (!open)
			break;
		const char *close = strchr(text, '}');
		if (!close) {
			wrong(c, n, NULL, "a { without its } in \"%s\"", text);
			break;
		}
		e->args[count] = text_piece(c, n, word_copy(c, text + 1, (size_t)(close - text - 1)));
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
	return node_is_text(n) ? word_filled(c, n, n->text) : word_value(c, n);
}
