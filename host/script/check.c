/* check.c - from a tree to a mapping: the sections, each held against both schemas. */
#include "check.h"

#include "base/decimal.h"
#include "base/err.h"
#include "base/when.h"
#include "script/letters.h"
#include "script/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTIONS "id version language title label from to back_of on_demand hears_own enabled requires money params tables accept identity " \
	"order_by again_on again_at match needs fields balance expect owns both_ways on_conflict on_update on_delete tests"

const struct param *mapping_param(const struct mapping *m, const char *name)
{
	for (size_t i = 0; i < m->param_count; i++)
		if (strcmp(m->params[i].name, name) == 0)
			return &m->params[i];
	return NULL;
}

static const char *text_of(struct check *c, const struct node *n, const char *name)
{
	const struct node *v = node_get(n, name);

	if (!v)
		return NULL;
	if (node_is_text(v))
		return v->text;
	wrong(c, v, NULL, "%s wants a text in quotes", name);
	return NULL;
}

static unsigned number_of(struct check *c, const struct node *n, const char *name, unsigned most)
{
	const struct node *v = node_get(n, name);
	json_int_t i;

	if (!v)
		return 0;
	i = v->op == OP_CONST ? json_integer_value(v->constant) : -1;
	if (v->op == OP_CONST && json_is_integer(v->constant) && i >= 0 && i <= (json_int_t)most)
		return (unsigned)i;
	wrong(c, v, NULL, "%s wants a number from 0 to %u", name, most);
	return 0;
}

/* ---- params and tables ------------------------------------------------------------------- */

static bool number_fits(const struct node *spec, const char *bound, struct decimal d, int sign, char *why, size_t size)
{
	const struct node *limit = node_get(spec, bound);
	struct decimal l;

	if (!limit || limit->op != OP_CONST)
		return true;
	if (!value_number(value_of(limit->constant), &l) || decimal_cmp(d, l) * sign <= 0)
		return true;
	char text[DECIMAL_TEXT_MAX];
	decimal_text(l, -1, text);
	snprintf(why, size, "%s %s", sign > 0 ? "at most" : "at least", text);
	return false;
}

static bool one_of_values(const struct node *spec, const char *text, char *why, size_t size)
{
	const struct node *values = node_get(spec, "values");
	size_t len = 0;

	len += (size_t)snprintf(why, size, "one of");
	for (unsigned i = 0; values && i < values->kid_count; i++) {
		if (!node_is_text(values->kids[i]))
			continue;
		if (strcmp(values->kids[i]->text, text) == 0)
			return true;
		if (len < size)
			len += (size_t)snprintf(why + len, size - len, "%s %s", i ? "," : "", values->kids[i]->text);
	}
	return false;
}

bool check_param(const struct param *p, json_t *value, char *why, size_t size)
{
	const char *text = json_string_value(value);
	struct value v = value_of(value);
	struct decimal d;
	const char *name;
	size_t i;
	json_t *one;

	snprintf(why, size, "a text");
	if (strcmp(p->type, "string") == 0 || strcmp(p->type, "name") == 0) {
		const struct node *max = node_get(p->spec, "max");
		if (!text)
			return false;
		if (max && max->op == OP_CONST && letters_count(text, strlen(text)) > (size_t)json_integer_value(max->constant)) {
			snprintf(why, size, "at most %d characters", (int)json_integer_value(max->constant));
			return false;
		}
		return true;
	}
	if (strcmp(p->type, "one_of") == 0)
		return text ? one_of_values(p->spec, text, why, size) : false;
	if (strcmp(p->type, "int") == 0 || strcmp(p->type, "money") == 0) {
		bool whole = p->type[0] == 'i';
		snprintf(why, size, whole ? "a whole number" : "an amount as text, \"0.05\"");
		if (whole ? !json_is_integer(value) : !value_number(v, &d))
			return false;
		value_number(v, &d);
		return number_fits(p->spec, "max", d, 1, why, size) && number_fits(p->spec, "min", d, -1, why, size);
	}
	if (strcmp(p->type, "bool") == 0) {
		snprintf(why, size, "true or false");
		return json_is_boolean(value);
	}
	if (strcmp(p->type, "date") == 0) {
		snprintf(why, size, "a day, \"2026-10-31\"");
		return text && when_is_day(text);
	}
	if (strcmp(p->type, "list") == 0) {
		snprintf(why, size, "a list of texts, { \"a\", \"b\" }");
		/* an empty table of Lua is no more a list than an object */
		if (!json_is_array(value))
			return json_is_object(value) && json_object_size(value) == 0;
		json_array_foreach(value, i, one)
			if (!json_is_string(one))
				return false;
		return true;
	}
	snprintf(why, size, "a table of texts, { stripe = \"Stripe Clearing\" }");
	if (!json_is_object(value))
		return json_is_array(value) && json_array_size(value) == 0;
	json_object_foreach(value, name, one)
		if (!json_is_string(one))
			return false;
	return true;
}

static void read_params(struct check *c, const struct node *n)
{
	static const char types[] = "string|name|one_of|int|money|bool|date|list|table";
	char why[200];

	c->section = "a param";
	c->m->params = check_take(c, (n->member_count + 1) * sizeof *c->m->params);
	for (unsigned i = 0; i < n->member_count; i++) {
		const struct node *spec = n->members[i].value;
		struct param *p = &c->m->params[c->m->param_count];
		const struct node *preset = node_get(spec, "default");
		if (spec->op != OP_TABLE || !node_is_text(node_get(spec, "type"))) {
			wrong(c, spec, NULL, "param %s wants { type = \"string\", default = ... }", n->members[i].name);
			continue;
		}
		check_members(c, spec, "type default max min values of required unique help");
		*p = (struct param){ .name = n->members[i].name, .type = node_get(spec, "type")->text, .spec = spec,
			.line = n->members[i].line, .script = spec->script, .of = text_of(c, spec, "of") };
		if (!schema_allows(types, p->type, strlen(p->type))) {
			wrong(c, spec, types, "no type '%s' of a param", p->type);
			continue;
		}
		if (p->of && c->m->to_schema && !schema_entity(c->m->to_schema, p->of))
			wrong(c, spec, NULL, "%s has no %s that param %s could name", c->m->to->connector, p->of, p->name);
		if (strcmp(p->type, "one_of") == 0 && !node_get(spec, "values"))
			wrong(c, spec, NULL, "param %s wants its values, { \"a\", \"b\" }", p->name);
		if (preset && preset->op != OP_NONE) {
			p->preset = word_constant(c, preset);
			p->line = preset->line ? preset->line : p->line;
			p->script = preset->script ? preset->script : p->script;
			if (p->preset && !check_param(p, p->preset, why, sizeof why))
				wrong(c, preset, NULL, "param %s wants %s", p->name, why);
		}
		const struct node *unique = node_get(spec, "unique");
		p->unique = unique && unique->op == OP_CONST && json_is_true(unique->constant);
		c->m->param_count++;
	}
	/* conditions may be about any parameter, so they come when all are known */
	for (unsigned i = 0; i < c->m->param_count; i++) {
		const struct node *required = node_get(c->m->params[i].spec, "required");
		c->m->params[i].required = word_condition(c, required);
		if (required && !c->m->params[i].required->fixed)
			wrong(c, required, NULL, "whether a param is required can depend on params only");
	}
}

static int by_key(const void *a, const void *b)
{
	const struct table_row *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static void read_tables(struct check *c, const struct node *n)
{
	c->m->tables = check_take(c, (n->member_count + 1) * sizeof *c->m->tables);
	for (unsigned i = 0; i < n->member_count; i++) {
		const struct node *rows = n->members[i].value;
		struct table *t = &c->m->tables[c->m->table_count++];
		struct table_row *out = check_take(c, (rows->member_count + 1) * sizeof *out);
		t->name = n->members[i].name;
		t->rows = out;
		if (rows->op != OP_TABLE || rows->kid_count)
			wrong(c, rows, NULL, "table %s wants lines: key = value", t->name);
		for (unsigned j = 0; j < rows->member_count; j++) {
			const struct expr *value = word_value(c, rows->members[j].value);
			if (strcmp(rows->members[j].name, "default") == 0)
				t->otherwise = value;
			else
				out[t->count++] = (struct table_row){ rows->members[j].name, value };
		}
		qsort(out, t->count, sizeof *out, by_key);
	}
}

/* ---- needs ------------------------------------------------------------------------------- */

/* Does it depend on the row around it?  Words that walk rows bring rows of their own. */
static bool uses_row(const struct node *n, unsigned inside)
{
	unsigned walks = n->op == OP_EACH || n->op == OP_COUNT || n->op == OP_JOIN || n->op == OP_SUM || n->op == OP_FILTER ||
		n->op == OP_ROW;

	if (n->op == OP_ITEM || n->op == OP_ROW_NUMBER)
		return inside == 0;
	if (n->op == OP_PARENT)
		return inside < 2;
	if (node_is_text(n) && strstr(n->text, "{item."))
		return inside == 0;
	for (unsigned i = 0; i < n->kid_count; i++)
		if (uses_row(n->kids[i], inside + (walks && i > 0)))
			return true;
	for (unsigned i = 0; i < n->member_count; i++)
		if (uses_row(n->members[i].value, inside + walks))
			return true;
	return false;
}

static const struct schema_entity *entity_named(struct check *c, const struct node *n, bool source)
{
	const struct schema *s = source ? c->m->from_schema : c->m->to_schema;
	const char *name = text_of(c, n, "entity");
	struct likely likely;
	char hint[96];

	if (!name) {
		wrong(c, n, NULL, "%s wants entity = \"...\"", op_word(n->op));
		return NULL;
	}
	const struct schema_entity *e = schema_entity(s, name);
	if (e || !s)
		return e;
	likely_init(&likely, name);
	for (size_t i = 0; i < s->count; i++)
		likely_offer(&likely, s->entities[i].name);
	wrong(c, n, likely_hint(&likely, hint, sizeof hint), "%s has no %s", s->connector, name);
	return NULL;
}

static void need_of(struct check *c, struct need *need, const struct node *n)
{
	const struct node *of = node_get(n, "of"), *id;

	check_members(c, n, n->op == OP_ENSURE ? "if_ of anew on_none" : "if_ of on_none");
	need->anew = word_condition(c, node_get(n, "anew"));
	if (node_is_text(n->kids[0]))
		need->mapping = n->kids[0]->text;
	else
		wrong(c, n, NULL, "%s wants the id of a mapping", op_word(n->op));
	if (!of)
		return;
	id = node_get(of, "id");
	need->of_entity = text_of(c, of, "entity");
	need->of_id = word_optional(c, id);
	if (!need->of_entity || !id)
		wrong(c, of, NULL, "of wants { entity = \"order\", id = ... }");
}

static void need_find(struct check *c, struct need *need, const struct node *n)
{
	static const char *const names[] = { "FullName", "Name", "DisplayName", "name" };
	const struct node *fallback = node_get(n, "fallback"), *by = node_get(n, n->op == OP_QUERY ? "where" : "by");
	struct criteria *all;

	check_members(c, n, n->op == OP_QUERY ? "entity side where take if_" :
		"entity side by fallback take about remember name_member on_none on_many if_");
	all = check_take(c, (1 + (fallback ? fallback->kid_count : 0)) * sizeof *all);
	need->by = all;
	if (!by)
		wrong(c, n, NULL, "%s wants %s = { FIELD = value }", op_word(n->op), n->op == OP_QUERY ? "where" : "by");
	if (word_criteria(c, by, need->entity, &all[0]))
		need->by_count = 1;
	for (unsigned i = 0; fallback && i < fallback->kid_count; i++)
		if (word_criteria(c, fallback->kids[i], need->entity, &all[need->by_count]))
			need->by_count++;
	if (fallback && fallback->kid_count == 0)
		wrong(c, fallback, NULL, "fallback is a list: { { FIELD = value }, ... }");
	need->about = word_optional(c, node_get(n, "about"));
	need->kind = text_of(c, n, "remember");
	need->name_member = text_of(c, n, "name_member");
	for (size_t i = 0; !need->name_member && i < sizeof names / sizeof names[0]; i++)
		if (schema_field(need->entity, names[i]))
			need->name_member = names[i];
	if (!need->kind)
		need->kind = need->name;
}

static void compile_need(struct check *c, struct need *need, const struct node *n)
{
	const struct node *take = node_get(n, "take");
	const char *side = text_of(c, n, "side");

	c->need_depth++;
	need->if_ = word_condition(c, node_get(n, "if_"));
	if (n->op == OP_ENSURE || n->op == OP_LINKED) {
		need_of(c, need, n);
	} else {
		need->in_source = side && strcmp(side, "source") == 0;
		if (side && !need->in_source && strcmp(side, "target"))
			wrong(c, n, "source or target", "side = \"%s\"", side);
		need->entity = entity_named(c, n, need->in_source);
		if (n->op == OP_FETCH) {
			check_members(c, n, "entity side id take on_none if_");
			need->id = word_optional(c, node_get(n, "id"));
			if (!need->id)
				wrong(c, n, NULL, "fetch wants id = ...");
		} else {
			need_find(c, need, n);
		}
		const char *const *names = word_names(c, take);
		for (unsigned i = 0; names && names[i] && !need->by; i++)
			json_array_append_new(need->take, json_string(names[i]));
	}
	need->on_none = word_state(c, node_get(n, "on_none"));
	need->on_many = word_state(c, node_get(n, "on_many"));
	c->need_depth--;
}

struct need *check_need(struct check *c, const struct node *at, const char *name)
{
	struct likely likely;
	char hint[96];

	likely_init(&likely, name);
	for (size_t i = 0; i < c->m->need_count; i++) {
		struct need *need = &c->m->needs[i];
		likely_offer(&likely, need->name);
		if (strcmp(need->name, name))
			continue;
		/* It is worked out in the row where it is used, so its paths are checked against those rows,
		 * too.  A need that leads to itself ends at the depth of values. */
		if (need->per_row && c->need_depth < 4) {
			const struct node *n = node_get(node_get(c->m->tree, "needs"), name);
			struct need checked = { .name = need->name, .take = need->take };
			if (!c->rows)
				wrong(c, at, NULL, "'%s' is looked up for a row: it can be used only where rows are walked", name);
			else
				compile_need(c, need->by || need->of_id || need->id ? &checked : need, n);
		}
		return need;
	}
	wrong(c, at, likely_hint(&likely, hint, sizeof hint), "needs has no '%s'", name);
	return NULL;
}

static void read_needs(struct check *c, const struct node *n)
{
	c->m->needs = check_take(c, (n->member_count + 1) * sizeof *c->m->needs);
	for (unsigned i = 0; i < n->member_count; i++) {
		const struct node *what = n->members[i].value;
		struct need *need = &c->m->needs[c->m->need_count];
		if (what->op < OP_ENSURE || what->op > OP_QUERY) {
			wrong(c, what, "ensure, linked, find, fetch or query", "need %s is none of them", n->members[i].name);
			continue;
		}
		*need = (struct need){ .name = n->members[i].name, .op = what->op, .line = n->members[i].line,
			.script = what->script, .take = json_array(), .per_row = uses_row(what, 0) };
		if (what->op == OP_ENSURE || what->op == OP_LINKED) {
			if (what->kid_count != 1) {
				wrong(c, what, NULL, "%s wants the id of a mapping", op_word(what->op));
				continue;
			}
		}
		json_array_append_new(c->keep, need->take);
		c->m->need_count++;
	}
	/* a need may speak of another, so all are known before the first is looked at */
	for (size_t i = 0; i < c->m->need_count; i++)
		if (!c->m->needs[i].per_row)
			compile_need(c, &c->m->needs[i], node_get(n, c->m->needs[i].name));
}

/* ---- match ------------------------------------------------------------------------------- */

static const char *rule_name(struct check *c, const struct criteria *by)
{
	size_t len = 1;
	char *out;

	for (size_t i = 0; i < by->count; i++)
		len += strlen(by->rows[i].member) + 3;
	out = check_take(c, len);
	for (size_t i = 0; i < by->count; i++) {
		strcat(out, i ? " + " : "");
		strcat(out, by->rows[i].member);
	}
	return out;
}

static void read_rule(struct check *c, struct rule *r, const struct node *n)
{
	const struct node *by = node_get(n, "by");

	check_members(c, n, "by if_ agree else_ confidence note");
	r->line = n->line;
	if (node_is_text(by)) {
		if (strcmp(by->text, "link"))
			wrong(c, by, "by = \"link\", or by = { FIELD = value }", "a rule by '%s'", by->text);
		r->by_link = true;
		return;
	}
	if (!by || !word_criteria(c, by, c->m->to, &r->by)) {
		wrong(c, n, NULL, "a rule of match wants by = { FIELD = value }");
		return;
	}
	r->how = rule_name(c, &r->by);
	r->if_ = word_condition(c, node_get(n, "if_"));
	c->places |= PLACE_MATCH;
	r->agree = word_condition(c, node_get(n, "agree"));
	c->places &= ~(unsigned)PLACE_MATCH;
	r->else_ = word_state(c, node_get(n, "else_"));
	r->confidence = node_get(n, "confidence") ? number_of(c, n, "confidence", 100) : 100;
}

static void read_match(struct check *c, const struct node *n)
{
	const struct node *none = node_get(n, "on_none");
	struct rule *rules = check_take(c, (n->kid_count + 1) * sizeof *rules);

	c->section = "match";
	check_members(c, n, "on_none on_many accept_at");
	for (unsigned i = 0; i < n->kid_count; i++)
		if (n->kids[i]->op == OP_TABLE)
			read_rule(c, &rules[c->m->rule_count++], n->kids[i]);
		else
			wrong(c, n->kids[i], NULL, "match is a list of rules: { by = ... }");
	c->m->rules = rules;
	if (node_is_text(none) && strcmp(none->text, "create") == 0)
		c->m->on_none = "create";
	else
		c->m->on_none_state = word_state(c, none);
	c->m->on_many = word_state(c, node_get(n, "on_many"));
	c->m->accept_at = number_of(c, n, "accept_at", 100);
}

/* ---- money, accept, balance, expect ------------------------------------------------------ */

static void read_money(struct check *c, const struct node *n)
{
	struct mapping *m = c->m;

	c->section = "money";
	check_members(c, n, "amount currency date posted must_be origin_date");
	m->is_money = true;
	m->amount = word_optional(c, node_get(n, "amount"));
	m->currency = word_optional(c, node_get(n, "currency"));
	m->money_date = word_optional(c, node_get(n, "date"));
	m->posted = word_optional(c, node_get(n, "posted"));
	m->must_be = word_optional(c, node_get(n, "must_be"));
	m->origin_date = word_optional(c, node_get(n, "origin_date"));
	if (!m->amount || !m->currency || !m->money_date)
		wrong(c, n, NULL, "money wants amount, currency and date");
}

static void read_accept(struct check *c, const struct node *n)
{
	struct condition *rows = check_take(c, (n->kid_count + 1) * sizeof *rows);

	c->section = "accept";
	c->m->accept = rows;
	if (n->op != OP_TABLE) {
		rows[0] = (struct condition){ .if_ = word_condition(c, n), .line = n->line };
		c->m->accept_count = 1;
		return;
	}
	for (unsigned i = 0; i < n->kid_count; i++) {
		const struct node *row = n->kids[i];
		if (row->op != OP_TABLE) {
			rows[c->m->accept_count++] = (struct condition){ .if_ = word_condition(c, row), .line = row->line };
			continue;
		}
		check_members(c, row, "else_");
		if (row->kid_count != 1) {
			wrong(c, row, NULL, "a line of accept wants one condition: { cond, else_ = skip(\"cause\", \"why\") }");
			continue;
		}
		rows[c->m->accept_count++] = (struct condition){ .if_ = word_condition(c, row->kids[0]),
			.else_ = word_state(c, node_get(row, "else_")), .line = row->line };
	}
	if (n->member_count)
		wrong(c, n, NULL, "accept is a condition, or a list of { cond, else_ = ... }");
}

static void read_requires(struct check *c, const struct node *n)
{
	struct requirement *rows = check_take(c, (n->kid_count + 1) * sizeof *rows);

	c->section = "requires";
	c->m->requires = rows;
	for (unsigned i = 0; i < n->kid_count; i++) {
		const struct node *row = n->kids[i];
		const char *fact = text_of(c, row, "fact"), *dot = fact ? strchr(fact, '.') : NULL;
		check_members(c, row, "fact is if_ why fix");
		if (!dot || (strncmp(fact, "target.", 7) && strncmp(fact, "source.", 7)) || !text_of(c, row, "is")) {
			wrong(c, row, NULL, "a line of requires wants fact = \"target.name\" and is = \"value\"");
			continue;
		}
		struct requirement *r = &rows[c->m->require_count++];
		*r = (struct requirement){ .side = fact[0] == 't' ? "target" : "source", .fact = dot + 1,
			.is = text_of(c, row, "is"), .if_ = word_condition(c, node_get(row, "if_")),
			.why = word_text(c, node_get(row, "why")), .fix = word_text(c, node_get(row, "fix")), .line = row->line };
		if (r->if_ && !r->if_->fixed)
			wrong(c, row, NULL, "whether something is required can depend on params only");
	}
}

static const struct node *first_sum(const struct node *n)
{
	const struct node *found = n->op == OP_SUM ? n : NULL;

	for (unsigned i = 0; !found && i < n->kid_count; i++)
		found = first_sum(n->kids[i]);
	return found;
}

static void read_balance(struct check *c, const struct node *n)
{
	const struct node *left = node_get(n, "left"), *fix = node_get(n, "fix"), *sum = left ? first_sum(left) : NULL;
	const struct schema_field *list;
	struct template *t;

	c->section = "balance";
	check_members(c, n, "left right within fix otherwise");
	c->places |= PLACE_DOC;
	c->doc_lists = true;
	c->m->left = word_optional(c, left);
	c->doc_lists = false;
	c->m->right = word_optional(c, node_get(n, "right"));
	c->places &= ~(unsigned)PLACE_DOC;
	c->m->within = word_optional(c, node_get(n, "within"));
	c->m->otherwise = word_state(c, node_get(n, "otherwise"));
	if (!c->m->left || !c->m->right) {
		wrong(c, n, NULL, "balance wants left and right");
		return;
	}
	if (!fix)
		return;
	if (!sum || sum->kid_count != 2 || !node_is_text(sum->kids[0]) || !node_is_text(sum->kids[1])) {
		wrong(c, n, NULL, "fix adds a line to the list that left sums: left wants sum(\"LIST\", \"AMOUNT\")");
		return;
	}
	c->m->fix_list = sum->kids[0]->text;
	c->m->fix_member = sum->kids[1]->text;
	list = schema_field(c->m->to, c->m->fix_list);
	t = check_take(c, sizeof *t);
	t->fields = *word_fields(c, fix, list ? list->entity : NULL);
	c->m->fix = t;
}

static void read_expect(struct check *c, const struct node *n)
{
	struct expectation *rows = check_take(c, (n->kid_count + 1) * sizeof *rows);
	char hint[96];

	c->section = "expect";
	c->m->expects = rows;
	for (unsigned i = 0; i < n->kid_count; i++) {
		const struct node *row = n->kids[i], *sum = node_get(row, "sum");
		struct expectation *e = &rows[c->m->expect_count];
		check_members(c, row, "sum equals cause if_");
		const char *const *names = word_names(c, sum);
		if (!names || !names[0] || !node_get(row, "equals")) {
			wrong(c, row, NULL, "a line of expect wants sum = { \"FIELD\", ... } and equals = ...");
			continue;
		}
		e->sum = json_array();
		json_array_append_new(c->keep, e->sum);
		for (unsigned j = 0; names[j]; j++) {
			json_array_append_new(e->sum, json_string(names[j]));
			if (c->m->to && c->m->to->count && !schema_field(c->m->to, names[j]) && !word_may_be_there(c, c->m->to))
				wrong(c, row, check_likely_field(c->m->to, names[j], hint, sizeof hint), "no field '%s' in %s", names[j],
					c->m->to->name);
		}
		c->places |= PLACE_DOC;
		e->equals = word_value(c, node_get(row, "equals"));
		e->if_ = word_condition(c, node_get(row, "if_"));
		c->places &= ~(unsigned)PLACE_DOC;
		e->cause = text_of(c, row, "cause");
		c->m->expect_count++;
	}
}

/* ---- owns, on_update, on_delete ---------------------------------------------------------- */

static void check_owned(struct check *c, const struct node *n, const char *const *names)
{
	const struct node *fields = node_get(c->m->tree, "fields");
	char hint[96];

	for (unsigned i = 0; names && names[i]; i++) {
		char first[64];
		size_t len = strcspn(names[i], ".*");
		snprintf(first, sizeof first, "%.*s", (int)len, names[i]);
		if (len && c->m->to && c->m->to->count && !schema_field(c->m->to, first) && !word_may_be_there(c, c->m->to))
			wrong(c, n, check_likely_field(c->m->to, first, hint, sizeof hint), "no field '%s' in %s", first,
				c->m->to->name);
		else if (len && !names[i][len] && !node_member(fields, first) && !node_get(c->m->tree, "on_delete"))
			wrong(c, n, NULL, "%s is owned but never set: name it in fields, or leave it out here", first);
	}
}

static void read_owns(struct check *c, const struct node *n)
{
	const char *adopted = text_of(c, n, "adopted");

	c->section = "owns";
	check_members(c, n, "adopted");
	if (n->kid_count || !adopted)
		c->m->owns = word_names(c, n);
	check_owned(c, n, c->m->owns);
	if (!adopted)
		return;
	c->m->adopted = !strcmp(adopted, "only_empty") ? ADOPTED_ONLY_EMPTY : !strcmp(adopted, "none") ? ADOPTED_NONE :
		ADOPTED_ALL;
	if (!schema_allows("all|only_empty|none", adopted, strlen(adopted)))
		wrong(c, n, "all, only_empty or none", "adopted = \"%s\"", adopted);
}

static enum conflict policy_of(struct check *c, const struct node *n)
{
	const char *what = node_is_text(n) && n->text ? n->text : "";

	if (!schema_allows("review|ours|theirs", what, strlen(what)))
		wrong(c, n, "review, ours or theirs", "'%s' is no way to settle a conflict", what);
	return !strcmp(what, "ours") ? CONFLICT_OURS : !strcmp(what, "theirs") ? CONFLICT_THEIRS : CONFLICT_REVIEW;
}

static void read_conflict(struct check *c, const struct node *n)
{
	c->m->on_conflict = policy_of(c, n);
}

/* { "Phone", Email = "theirs" }: where nothing is said of a field, one mapping that gave way would be taken by the other
 * for leave to write. */
static void read_both_ways(struct check *c, const struct node *n)
{
	struct shared *rows = check_take(c, (n->kid_count + n->member_count + 1) * sizeof *rows);
	const char *const *names = word_names(c, n);

	c->m->both_ways = rows;
	check_owned(c, n, names);
	for (unsigned i = 0; names && names[i]; i++)
		rows[c->m->both_way_count++] = (struct shared){ names[i], CONFLICT_REVIEW, false };
	for (unsigned i = 0; i < n->member_count; i++) {
		const char *const one[] = { n->members[i].name, NULL };
		check_owned(c, n->members[i].value, one);
		rows[c->m->both_way_count++] = (struct shared){ one[0], policy_of(c, n->members[i].value), true };
	}
}

static void read_update(struct check *c, const struct node *n)
{
	c->section = "on_update";
	if (node_is_text(n)) {
		if (strcmp(n->text, "never"))
			wrong(c, n, "\"never\", or { fields = ..., unless = ... }", "on_update = \"%s\"", n->text);
		c->m->write_once = true;
		return;
	}
	check_members(c, n, "fields unless else_ gone");
	c->m->touches = word_names(c, node_get(n, "fields"));
	check_owned(c, n, c->m->touches);
	c->places |= PLACE_UPDATE | PLACE_DOC;
	c->m->unless = word_condition(c, node_get(n, "unless"));
	c->m->gone = word_condition(c, node_get(n, "gone"));
	c->m->update_else = word_state(c, node_get(n, "else_"));
	c->places &= ~(unsigned)(PLACE_UPDATE | PLACE_DOC);
}

static void read_delete(struct check *c, const struct node *n)
{
	c->section = "on_delete";
	if (node_is_text(n)) {
		if (strcmp(n->text, "nothing"))
			wrong(c, n, "\"nothing\", or { when = ..., void_if = ..., else_ = ... }", "on_delete = \"%s\"", n->text);
		return;
	}
	c->m->leaves_deleted = false;
	check_members(c, n, "when void_if delete_if fields else_ limit_per_hour");
	c->m->delete_when = word_condition(c, node_get(n, "when"));
	c->places |= PLACE_UPDATE;
	c->m->void_if = word_condition(c, node_get(n, "void_if"));
	c->m->delete_if = word_condition(c, node_get(n, "delete_if"));
	c->m->delete_else = word_state(c, node_get(n, "else_"));
	if (c->m->void_if && c->m->to && !(c->m->to->flags & MLC_VOID))
		wrong(c, n, NULL, "%s cannot be voided", c->m->to->name);
	if (c->m->delete_if && c->m->to && !(c->m->to->flags & MLC_DELETE))
		wrong(c, n, NULL, "%s cannot be deleted", c->m->to->name);
	const struct node *fields = node_get(n, "fields");
	if (fields) {
		/* an update: what is required on create need not be there */
		struct schema_entity *part = check_take(c, sizeof *part);
		*part = *c->m->to;
		part->fields = check_take(c, (part->count + 1) * sizeof *part->fields);
		for (size_t i = 0; i < part->count; i++) {
			part->fields[i] = c->m->to->fields[i];
			part->fields[i].flags &= ~(uint32_t)MLC_REQUIRED;
		}
		c->m->delete_fields = word_fields(c, fields, part);
	}
	c->places &= ~(unsigned)PLACE_UPDATE;
	c->m->delete_limit = number_of(c, n, "limit_per_hour", 1000000);
}

/* ---- tests: a misspelt name would make one hold that should not ---- */

#define TEST_MEMBERS "name given like change deleted params today now start locked_until facts answers refs rows candidates " \
	"taken link current choice entity expect"

static void check_expected(struct check *c, const struct node *n)
{
	char hint[96];

	for (unsigned i = 0; n && i < n->member_count; i++) {
		const struct member *m = &n->members[i];
		struct likely likely;
		bool known = schema_allows("state|cause|why|action|lines|total|options|match|fields|again_at|looks_at", m->name, strlen(m->name));
		if (known || !c->m->to->count || schema_field(c->m->to, m->name) || word_may_be_there(c, c->m->to))
			continue;
		likely_init(&likely, m->name);
		for (size_t j = 0; j < c->m->to->count; j++)
			likely_offer(&likely, c->m->to->fields[j].name);
		problem_add(c->problems, n->script->path, m->line, likely_hint(&likely, hint, sizeof hint),
			"a test expects '%s', which %s does not have", m->name, c->m->to->name);
	}
}

static void check_tests(struct check *c, const struct script *s)
{
	const struct node *tests = s && s->root ? node_get(s->root, "tests") : NULL, *defaults = node_get(tests, "defaults");

	c->section = "a test";
	if (defaults)
		check_members(c, defaults, TEST_MEMBERS);
	for (unsigned i = 0; tests && i < tests->kid_count; i++) {
		check_members(c, tests->kids[i], TEST_MEMBERS);
		check_expected(c, node_get(tests->kids[i], "expect"));
	}
}

/* ---- the whole --------------------------------------------------------------------------- */

static const struct schema_entity *side(struct check *c, const struct schemas *all, const char *which,
	const struct schema **schema)
{
	const struct node *n = node_get(c->m->tree, which);
	const char *connector = text_of(c, n, "connector"), *entity = text_of(c, n, "entity");
	struct likely likely;
	char hint[96];

	if (!connector || !entity) {
		wrong(c, n ? n : c->m->tree, NULL, "%s wants { connector = \"...\", entity = \"...\" }", which);
		return NULL;
	}
	c->section = which;
	check_members(c, n, "connector entity");
	*schema = schema_of(all, connector);
	if (!*schema) {
		likely_init(&likely, connector);
		for (size_t i = 0; i < all->count; i++)
			likely_offer(&likely, all->rows[i].connector);
		wrong(c, n, likely_hint(&likely, hint, sizeof hint), "no connector '%s' is installed", connector);
		return NULL;
	}
	return entity_named(c, n, strcmp(which, "from") == 0);
}

static void mirror(json_t *mirrors, const struct schema_entity *entity, const struct criteria *by, const json_t *take)
{
	bool mirrored = false;
	json_t *members = json_object_get(mirrors, entity->name), *one;
	size_t i;

	for (size_t j = 0; j < by->count; j++)
		mirrored |= by->rows[j].is && (by->rows[j].is->flags & MLC_MIRRORED);
	if (!mirrored)
		return;
	if (!members) {
		members = json_array();
		json_object_set_new(mirrors, entity->name, members);
	}
	json_t *wanted = json_array();
	for (size_t j = 0; j < by->count; j++)
		json_array_append_new(wanted, json_string(by->rows[j].member));
	json_array_foreach(take, i, one)
		json_array_append(wanted, one); /* into a list that dies here */
	json_array_foreach(wanted, i, one) {
		size_t j = 0;
		while (j < json_array_size(members) && !json_equal(json_array_get(members, j), one))
			j++;
		if (j == json_array_size(members))
			json_array_append(members, one); /* out of the list that dies here */
	}
	json_decref(wanted);
}

static void read_mirrors(struct check *c)
{
	struct mapping *m = c->m;

	m->mirrors = json_object();
	json_array_append_new(c->keep, m->mirrors);
	m->source_mirrors = json_object();
	json_array_append_new(c->keep, m->source_mirrors);
	for (size_t i = 0; i < m->rule_count; i++)
		if (!m->rules[i].by_link)
			mirror(m->mirrors, m->to, &m->rules[i].by, m->match_take);
	for (size_t i = 0; i < m->need_count; i++)
		for (size_t j = 0; j < m->needs[i].by_count && m->needs[i].entity; j++)
			mirror(m->needs[i].in_source ? m->source_mirrors : m->mirrors, m->needs[i].entity, &m->needs[i].by[j],
				m->needs[i].take);
}

static void read_order_by(struct check *c, const struct node *n)
{
	const struct expr *e = word_value(c, n);

	if (e->op == OP_SRC)
		c->m->order_by = e->path->text;
	else
		wrong(c, n, NULL, "order_by wants src \"...\": the member that grows with each change");
}

static bool leads_to_ids(const struct expr *e)
{
	return e->type == TYPE_ANY || e->type == MLC_TEXT || e->type == MLC_INTEGER || e->type == MLC_LIST;
}

/* { Invoice = src "CustomerRef.id" }: src reads the record named before the = there. */
static void read_again_on(struct check *c, const struct node *n)
{
	struct stirring *rows = check_take(c, (n->member_count + 1) * sizeof *rows);

	c->m->again_on = rows;
	if (n->op != OP_TABLE || n->kid_count)
		wrong(c, n, NULL, "again_on wants { Invoice = src \"CustomerRef.id\" }: which record, and the id that it names");
	for (unsigned i = 0; i < n->member_count; i++) {
		const struct member *m = &n->members[i];
		const struct schema_entity *entity = schema_entity(c->m->from_schema, m->name);
		struct stirring *s = &rows[c->m->again_on_count];
		struct likely likely;
		char hint[96];

		likely_init(&likely, m->name);
		for (size_t j = 0; j < c->m->from_schema->count; j++)
			likely_offer(&likely, c->m->from_schema->entities[j].name);
		if (!entity) {
			problem_add(c->problems, n->script->path, m->line, likely_hint(&likely, hint, sizeof hint), "%s has no %s",
				c->m->from->connector, m->name);
			continue;
		}
		c->source = entity;
		s->entity = entity;
		s->reads = c->stirring_reads = json_array();
		json_array_append_new(c->keep, s->reads);
		s->ids = word_value(c, m->value);
		c->source = c->m->from;
		if (!leads_to_ids(s->ids))
			wrong(c, m->value, NULL, "the id of a %s is wanted, this is %s", c->m->from->name, schema_type_name(s->ids->type));
		c->m->again_on_count++;
	}
}

/* Days, instants, or lists of them. */
static void read_again_at(struct check *c, const struct node *n)
{
	const struct expr *e = word_value(c, n);

	if (e->type != TYPE_ANY && e->type != MLC_DATE && e->type != MLC_INSTANT && e->type != MLC_TEXT && e->type != MLC_LIST)
		wrong(c, n, "add_days(src \"DueDate\", 1)", "a day or an instant is wanted, this is %s", schema_type_name(e->type));
	c->m->again_at = e;
}

static void read_identity(struct check *c, const struct node *n)
{
	const struct expr **rows = check_take(c, (n->kid_count + 1) * sizeof *rows);

	c->m->identity = rows;
	if (n->op != OP_TABLE) {
		rows[c->m->identity_count++] = word_value(c, n);
		return;
	}
	for (unsigned i = 0; i < n->kid_count; i++)
		rows[c->m->identity_count++] = word_value(c, n->kids[i]);
}

static void with(struct check *c, const char *section, void (*read)(struct check *, const struct node *))
{
	const struct node *n = node_get(c->m->tree, section);

	c->section = section;
	if (n)
		read(c, n);
}

static void read_head(struct check *c, const struct schemas *all)
{
	struct mapping *m = c->m;
	const struct node *language = node_get(m->tree, "language"), *demand = node_get(m->tree, "on_demand"), *hears = node_get(m->tree, "hears_own");

	c->section = "a mapping";
	check_members(c, m->tree, SECTIONS);
	if (m->tree->kid_count)
		wrong(c, m->tree, NULL, "a value without a name in the mapping");
	m->id = text_of(c, m->tree, "id");
	m->version = text_of(c, m->tree, "version");
	m->title = text_of(c, m->tree, "title");
	m->back_of = text_of(c, m->tree, "back_of");
	if (!m->id || !m->version)
		wrong(c, m->tree, NULL, "a mapping wants its id and its version");
	if (!language || language->op != OP_CONST || json_integer_value(language->constant) != 1)
		wrong(c, language ? language : m->tree, NULL, "this host reads language = 1");
	if (!node_get(m->tree, "identity"))
		wrong(c, m->tree, NULL, "a mapping wants its identity: the key under which a record is the same for ever");
	m->on_demand = demand && demand->op == OP_CONST && json_is_true(demand->constant);
	m->hears_own = hears && hears->op == OP_CONST && json_is_true(hears->constant);
	m->from = side(c, all, "from", &m->from_schema);
	m->to = side(c, all, "to", &m->to_schema);
}

bool check_mapping(struct mapping *m, struct arena *arena, const struct schemas *all, json_t *keep, json_t *problems)
{
	struct check c = { .arena = arena, .problems = problems, .keep = keep, .m = m };
	size_t before = json_array_size(problems);
	const struct node *fields;

	m->adopted = ADOPTED_ALL;
	m->on_conflict = CONFLICT_REVIEW;
	m->leaves_deleted = true;
	m->on_none = NULL;
	m->match_take = json_array();
	json_array_append_new(keep, m->match_take);
	m->reads = json_array();
	json_array_append_new(keep, m->reads);
	m->currents = json_array();
	json_array_append_new(keep, m->currents);
	read_head(&c, all);
	if (!m->from || !m->to)
		return false; /* without schemas every further word would be an error */
	c.source = m->from;
	with(&c, "params", read_params);
	with(&c, "tables", read_tables);
	with(&c, "needs", read_needs);
	c.section = "a mapping";
	m->enabled = word_condition(&c, node_get(m->tree, "enabled"));
	if (m->enabled && !m->enabled->fixed)
		wrong(&c, node_get(m->tree, "enabled"), NULL, "enabled can depend on params only");
	m->label = word_text(&c, node_get(m->tree, "label"));
	with(&c, "requires", read_requires);
	with(&c, "money", read_money);
	with(&c, "accept", read_accept);
	with(&c, "identity", read_identity);
	with(&c, "order_by", read_order_by);
	with(&c, "again_on", read_again_on);
	with(&c, "again_at", read_again_at);
	m->on_none = node_get(m->tree, "match") ? NULL : "create";
	with(&c, "match", read_match);
	if (!m->on_none && !m->on_none_state)
		m->on_none = "create";
	fields = node_get(m->tree, "fields");
	c.section = "fields";
	if (fields && fields->op == OP_TABLE)
		m->fields = *word_fields(&c, fields, m->to);
	else
		wrong(&c, m->tree, NULL, "a mapping wants fields = { ... }");
	with(&c, "balance", read_balance);
	with(&c, "expect", read_expect);
	with(&c, "owns", read_owns);
	with(&c, "on_conflict", read_conflict);
	with(&c, "both_ways", read_both_ways);
	with(&c, "on_update", read_update);
	with(&c, "on_delete", read_delete);
	read_mirrors(&c);
	check_tests(&c, m->over ? m->over : m->script);
	return json_array_size(problems) == before;
}
