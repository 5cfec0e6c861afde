/* uses.c - the names of the target's records that a flow can write.
 *
 * A text in a field that is a reference is a name.  Conditions that depend on parameters alone are
 * decided here, so that a shop without sales tax is not asked for tax items. */
#include "uses.h"

#include <stdio.h>
#include <string.h>

#define FROM_MAX 100

struct uses {
	struct arena *arena;
	const struct flow *flow;
	json_t *all;
	const struct expr *at; /* where the name stands, for file and line */
};

static void use(struct uses *u, const char *entity, const char *name, const char *from)
{
	json_t *one;
	size_t i;

	if (!entity || !name || !*name)
		return;
	json_array_foreach(u->all, i, one)
		if (strcmp(json_string_value(json_object_get(one, "entity")), entity) == 0 &&
			strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
			return;
	one = json_object();
	json_object_set_new(one, "entity", json_string(entity));
	json_object_set_new(one, "name", json_string(name));
	json_object_set_new(one, "from", json_string(from));
	json_object_set_new(one, "file", json_string(u->at->script ? u->at->script->path : u->flow->m->file));
	json_object_set_new(one, "line", json_integer(u->at->line));
	json_array_append_new(u->all, one);
}

/* -1: depends on the record. */
static int settled(struct uses *u, const struct expr *cond)
{
	struct value v;

	if (!cond)
		return 1;
	if (!cond->fixed)
		return -1;
	v = eval_fixed(u->arena, u->flow, cond);
	return v.kind == VALUE_BOOL ? v.truth : !value_is_empty(v);
}

static void names(struct uses *u, const struct expr *x, const char *entity);

static void names_of_param(struct uses *u, unsigned param, const char *entity)
{
	const struct param *p = &u->flow->m->params[param];
	struct value v = u->flow->params[param];
	char from[FROM_MAX];
	const char *key;
	json_t *one;
	size_t i;

	snprintf(from, sizeof from, "param %s", p->name);
	if (v.kind == VALUE_TEXT)
		use(u, entity, v.text, from);
	if (v.kind == VALUE_JSON && json_is_object(v.json))
		json_object_foreach(v.json, key, one)
			use(u, entity, json_string_value(one), from);
	if (v.kind == VALUE_JSON)
		json_array_foreach(v.json, i, one)
			use(u, entity, json_string_value(one), from);
}

static void names_of_row(struct uses *u, const struct expr *x, const char *entity, const char *from)
{
	if (x->op == OP_CONST && x->constant.kind == VALUE_TEXT)
		use(u, entity, x->constant.text, from);
	else
		names(u, x, entity);
}

static void names_of_table(struct uses *u, const struct expr *x, const char *entity)
{
	const struct table *t = x->table;
	struct value key = x->args[0]->fixed ? eval_fixed(u->arena, u->flow, x->args[0]) : value_none();
	char from[FROM_MAX];
	bool all = key.kind != VALUE_TEXT, hit = false;

	if (!t) {
		names_of_param(u, x->args[2]->param, entity);
	} else {
		snprintf(from, sizeof from, "table %s", t->name);
		for (size_t i = 0; i < t->count; i++) {
			bool is = !all && strcmp(t->rows[i].key, key.text) == 0;
			hit |= is;
			if (all || is)
				names_of_row(u, t->rows[i].value, entity, from);
		}
		if (!hit && t->otherwise)
			names_of_row(u, t->otherwise, entity, from);
	}
	if (x->args[1])
		names(u, x->args[1], entity);
}

/* A record that is looked up by a name which is known already. */
static void names_of_need(struct uses *u, const struct need *n)
{
	if (!n || n->op != OP_FIND || n->in_source || !n->entity || !n->name_member || settled(u, n->if_) == 0)
		return;
	for (size_t i = 0; i < n->by_count; i++)
		for (size_t j = 0; j < n->by[i].count; j++)
			if (strcmp(n->by[i].rows[j].member, n->name_member) == 0)
				names(u, n->by[i].rows[j].value, n->entity->name);
}

static void names(struct uses *u, const struct expr *x, const char *entity)
{
	const struct expr *outer = u->at;
	int truth;

	u->at = x;
	switch (x->op) {
	case OP_CONST:
		if (x->constant.kind == VALUE_TEXT)
			use(u, entity, x->constant.text, "the mapping");
		break;
	case OP_PARAM:
		names_of_param(u, x->param, entity);
		break;
	case OP_PICK:
		names_of_table(u, x, entity);
		break;
	case OP_REF:
		names_of_need(u, x->need);
		break;
	case OP_NAMED:
		names(u, x->args[0], entity);
		break;
	case OP_REMEMBERED:
		if (x->args[1])
			names(u, x->args[1], entity);
		break;
	case OP_WHEN:
		truth = settled(u, x->args[0]);
		if (truth != 0)
			names(u, x->args[1], entity);
		if (truth != 1 && x->count > 2)
			names(u, x->args[2], entity);
		break;
	case OP_FIRST:
		for (unsigned i = 0; i < x->count; i++)
			names(u, x->args[i], entity);
		break;
	case OP_TEXT:
	case OP_TRIM:
		if (x->fixed) {
			struct value v = eval_fixed(u->arena, u->flow, x);
			use(u, entity, v.kind == VALUE_TEXT ? v.text : NULL, "the mapping");
		}
		break;
	default:
		break;
	}
	u->at = outer;
}

static void in_fields(struct uses *u, const struct fields *all);

static void in_lines(struct uses *u, const struct expr *x)
{
	int truth;

	switch (x->op) {
	case OP_EACH:
	case OP_ONE:
		if (x->template && settled(u, x->template->if_) != 0)
			in_fields(u, &x->template->fields);
		break;
	case OP_WHEN:
		truth = settled(u, x->args[0]);
		if (truth != 0)
			in_lines(u, x->args[1]);
		if (truth != 1 && x->count > 2)
			in_lines(u, x->args[2]);
		break;
	case OP_LINES:
	case OP_CONCAT:
	case OP_FIRST:
		for (unsigned i = 0; i < x->count; i++)
			in_lines(u, x->args[i]);
		break;
	default:
		break;
	}
}

static void in_fields(struct uses *u, const struct fields *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct field *f = &all->rows[i];
		if (f->sub)
			in_fields(u, f->sub);
		else if (f->is && f->is->type == MLC_REF)
			names(u, f->value, f->is->of);
		else
			in_lines(u, f->value);
	}
}

json_t *uses_of(struct arena *arena, const struct flow *flow)
{
	struct uses u = { arena, flow, json_array(), NULL };

	in_fields(&u, &flow->m->fields);
	if (flow->m->fix)
		in_fields(&u, &flow->m->fix->fields);
	for (size_t i = 0; i < flow->m->need_count; i++)
		names_of_need(&u, &flow->m->needs[i]);
	return u.all;
}
