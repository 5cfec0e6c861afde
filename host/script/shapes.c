/* shapes.c - words with names inside: pick, trim, unique_name, predicted, compute. */
#include "script/words.h"

#include "script/compute.h"
#include "script/problem.h"

#include <string.h>

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

const struct expr *word_pick(struct check *c, const struct node *n)
{
	const struct node *table = n->kids[0];
	struct expr *e = word_new(c, n, OP_PICK, 3);
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

const struct expr *word_trim(struct check *c, const struct node *n)
{
	struct expr *e = word_new(c, n, OP_TRIM, 3);
	const struct node *overflow = node_get(n, "on_overflow");

	check_members(c, n, "max on_overflow");
	e->type = MLC_TEXT;
	if (n->kid_count != 1 || !node_get(n, "max")) {
		wrong(c, n, NULL, "trim wants a value and max, as in trim { src \"x\", max = 11, on_overflow = \"hold\" }");
		return &word_nothing;
	}
	e->args[0] = word_value(c, n->kids[0]);
	e->args[1] = word_value(c, node_get(n, "max"));
	e->args[2] = overflow ? word_value(c, overflow) : word_of_text(c, n, "hold");
	if (overflow && node_is_text(overflow) && !schema_allows("hold|truncate|last_digits", overflow->text,
			strlen(overflow->text)))
		wrong(c, n, "hold, truncate or last_digits", "on_overflow = \"%s\"", overflow->text);
	return e;
}

const struct expr *word_unique(struct check *c, const struct node *n)
{
	struct expr *e = word_new(c, n, OP_UNIQUE_NAME, 0);
	struct unique *u = check_take(c, sizeof *u);
	const struct node *among = node_get(n, "among"), *suffixes = node_get(n, "suffixes"), *max = node_get(n, "max");

	check_members(c, n, "max among suffixes otherwise");
	e->type = MLC_TEXT;
	e->unique = u;
	if (n->kid_count != 1 || !among || !max || max->op != OP_CONST || !json_is_integer(max->constant)) {
		wrong(c, n, NULL, "unique_name wants a name, max (a number) and among (entity = \"its name's field\")");
		return &word_nothing;
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

const struct expr *word_predicted(struct check *c, const struct node *n)
{
	struct expr *e = word_new(c, n, OP_PREDICTED, 0);
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
		return &word_nothing;
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

const struct expr *word_compute(struct check *c, const struct node *n)
{
	static const struct { const char *name; enum mlc_type type; } results[] = {
		{ "string", MLC_TEXT }, { "money", MLC_DECIMAL }, { "int", MLC_INTEGER }, { "bool", MLC_BOOL },
		{ "date", MLC_DATE }, { "list", MLC_LIST },
	};
	const struct node *inputs = node_get(n, "inputs"), *result = node_get(n, "result"), *fn = node_get(n, "fn");
	struct expr *e = word_new(c, n, OP_COMPUTE, 0);
	struct compute *k = check_take(c, sizeof *k);
	struct member_expr *rows;
	char why[200];

	check_members(c, n, "inputs result one_of fn");
	if (!fn || fn->op != OP_FUNCTION || !node_is_text(result) || (inputs && inputs->op != OP_TABLE)) {
		wrong(c, n, NULL, "compute wants inputs = { }, result = \"string\" and fn = function(v) ... end");
		return &word_nothing;
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
	k->script = fn->script;
	k->function = fn->function;
	if (!compute_keep(fn->script, fn->function, why, sizeof why))
		wrong(c, n, NULL, "%s", why);
	e->compute = k;
	return e;
}
