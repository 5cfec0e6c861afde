/* fieldset.c - objects of a mapping: a target's members and what goes into them, look-ups. */
#include "script/words.h"

#include "base/decimal.h"
#include "base/when.h"
#include "script/letters.h"
#include "script/problem.h"

#include <string.h>

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
		if (described && !word_may_be_there(c, entity)) {
			problem_add(c->problems, m->value->script->path, m->line,
				check_likely_field(entity, m->name, hint, sizeof hint), "no field '%s' in %s", m->name, entity->name);
			continue;
		}
		compile_field(c, m, &rows[all->count++]);
	}
	/* A mapping that finds or waits, but makes nothing, need not have what only a new record wants. */
	if (described && (entity != c->m->to || c->m->on_none))
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
		} else if (!f && entity && entity->count && !word_may_be_there(c, entity)) {
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
