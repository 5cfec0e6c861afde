/* look.c - what a record's way needs from outside: asked for, or found among the answers. */
#include "look.h"

#include "base/json.h"
#include "script/letters.h"

#include <stdio.h>
#include <string.h>

#define KEY_MAX 4096 /* bytes of an ask's key */

/* ---- asks -------------------------------------------------------------------------------- */

json_t *eval_ask(struct eval *e, const char *key, json_t *ask)
{
	json_t *answer = json_object_get(e->answers, key);

	if (answer) {
		json_decref(ask);
		return answer;
	}
	json_object_set_new(ask, "key", json_string(key));
	json_object_set_new(e->asks, key, ask);
	return NULL;
}

/* The same look-up gives the same key in every round, whatever the order of its members. */
static const char *find_key(struct eval *e, const char *side, const char *entity, const json_t *by)
{
	struct buf b;
	const char *key;

	buf_init(&b, KEY_MAX);
	json_write_canonical(&b, by);
	key = eval_format(e, "find %s %s %s", side, entity, b.data);
	buf_finish(&b);
	return key;
}

json_t *eval_find(struct eval *e, const struct schema_entity *entity, bool in_source, json_t *by, const json_t *take)
{
	const char *side = in_source ? "source" : "target", *key = find_key(e, side, entity->name, by);
	json_t *ask = json_object();

	json_object_set_new(ask, "kind", json_string("find"));
	json_object_set_new(ask, "connection", json_string(side));
	json_object_set_new(ask, "entity", json_string(entity->name));
	json_object_set_new(ask, "by", by);
	json_object_set_new(ask, "take", take ? json_deep_copy(take) : json_array());
	json_t *answer = eval_ask(e, key, ask);
	return answer ? json_object_get(answer, "records") : NULL;
}

json_t *eval_fetch(struct eval *e, const char *entity, bool in_source, const char *id, bool *asked)
{
	const char *side = in_source ? "source" : "target";
	json_t *ask = json_object(), *answer;

	json_object_set_new(ask, "kind", json_string("fetch"));
	json_object_set_new(ask, "connection", json_string(side));
	json_object_set_new(ask, "entity", json_string(entity));
	json_object_set_new(ask, "id", json_string(id));
	answer = eval_ask(e, eval_format(e, "fetch %s %s %s", side, entity, id), ask);
	*asked = !answer;
	answer = json_object_get(answer, "record");
	return json_is_object(answer) ? answer : NULL;
}

static bool is_text(const struct schema_field *f)
{
	return f && f->type != MLC_INTEGER && f->type != MLC_DECIMAL;
}

json_t *eval_criteria(struct eval *e, const struct criteria *c, bool *unknown)
{
	json_t *by = json_object();
	const char *field = e->field;

	for (size_t i = 0; i < c->count; i++) {
		json_t *value = NULL;
		e->field = c->rows[i].member; /* what is wrong with the value is wrong with this */
		struct value v = eval_value(e, c->rows[i].value);
		e->field = field;
		const char *text;
		size_t len;
		if (v.kind == VALUE_UNKNOWN)
			*unknown = true;
		else if (v.kind == VALUE_REF && v.ref->id && strcmp(v.ref->id, LOOK_NEW) == 0)
			e->met_new = true; /* what does not exist yet is in no record */
		else if (v.kind == VALUE_BOOL || (v.kind == VALUE_INTEGER && !is_text(c->rows[i].is)))
			value = value_json(e->arena, v);
		else if (!value_is_empty(v) && value_as_text(e->arena, v, &text, &len))
			value = json_stringn(text, len); /* a reference by its id */
		if (!value) {
			json_decref(by);
			return NULL;
		}
		json_object_set_new(by, c->rows[i].member, value);
	}
	return by;
}

/* ---- answers of people ------------------------------------------------------------------- */

static bool choice_is(const struct eval *e, const char *word)
{
	const char *choice = json_string_value(json_object_get(e->choice, "choice"));

	return choice && strcmp(choice, word) == 0;
}

const char *look_answer(const struct eval *e, const char *kind, const char *given)
{
	if (choice_is(e, "answer")) {
		const char *k = json_string_value(json_object_get(e->choice, "kind"));
		const char *g = json_string_value(json_object_get(e->choice, "given"));
		if (k && g && strcmp(k, kind) == 0 && strcmp(g, given) == 0)
			return json_string_value(json_object_get(e->choice, "answer"));
	}
	return json_string_value(json_object_get(json_object_get(e->flow->answers, kind), given));
}

/* ---- needs ------------------------------------------------------------------------------- */

static const struct looked unknown = { .how = LOOKED_UNKNOWN }, none = { .how = LOOKED_NONE };

static struct looked looked_record(json_t *record)
{
	return (struct looked){ LOOKED_ONE, json_string_value(json_object_get(record, "id")),
		json_string_value(json_object_get(record, "version")), json_string_value(json_object_get(record, "made")),
		json_object_get(record, "data") };
}

const struct flow *flow_of(const struct group *g, const char *mapping)
{
	for (size_t i = 0; g && i < g->count; i++)
		if (strcmp(g->flows[i]->m->id, mapping) == 0)
			return g->flows[i];
	return NULL;
}

/* What the other mapping will call the record, so that the host can tell who makes it already; NULL:
 * that takes more than is known here.  id: of a record of which nothing else is known. */
static const char *identity_in(struct eval *e, const struct flow *other, const char *id)
{
	json_t *stub = id ? json_object() : NULL;
	struct eval there;
	const char *identity;

	if (id)
		json_object_set_new(stub, "id", json_string(id));
	eval_init(&there, e->arena, other, e->header, id ? stub : e->record);
	there.link = NULL;
	identity = eval_identity(&there);
	if (json_object_size(there.asks) || there.failure.verdict)
		identity = NULL;
	eval_finish(&there);
	json_decref(stub);
	return identity;
}

static struct looked ensured(struct eval *e, const struct need *n)
{
	const struct flow *other = flow_of(e->flow->group, n->mapping);
	const char *word = n->op == OP_ENSURE ? "ensure" : "linked", *id = NULL, *identity;
	json_t *ask, *answer;

	if (n->of_id) {
		struct value v = eval_value(e, n->of_id);
		size_t len;
		if (v.kind == VALUE_UNKNOWN)
			return unknown;
		if (value_is_empty(v) || !value_as_text(e->arena, v, &id, &len)) {
			eval_state(e, n->on_none, OP_HOLD, eval_format(e, "needs_%s", n->name), NULL,
				"it does not say which %s it belongs to", n->of_entity);
			return unknown;
		}
	}
	ask = json_object();
	json_object_set_new(ask, "kind", json_string(word));
	json_object_set_new(ask, "mapping", json_string(n->mapping));
	if (id) {
		json_t *record = json_object();
		json_object_set_new(record, "entity", json_string(n->of_entity));
		json_object_set_new(record, "id", json_string(id));
		json_object_set_new(ask, "record", record);
	}
	identity = other ? identity_in(e, other, id) : NULL;
	if (identity)
		json_object_set_new(ask, "identity", json_string(identity));
	if (n->anew && eval_true(e, n->anew, NULL))
		json_object_set_new(ask, "anew", json_true());
	answer = eval_ask(e, id ? eval_format(e, "%s %s of %s %s", word, n->mapping, n->of_entity, id) :
		eval_format(e, "%s %s", word, n->mapping), ask);
	if (!answer)
		return unknown;
	if (json_is_object(answer) && !json_is_true(json_object_get(answer, "none"))) {
		struct looked l = looked_record(answer);
		l.data = NULL;
		if (!l.id) /* in the shadow: it would be made */
			l.id = LOOK_NEW;
		return l;
	}
	if (n->op == OP_LINKED)
		return none;
	const char *why = json_string_value(json_object_get(answer, "why"));
	eval_state(e, n->on_none, OP_HOLD, eval_format(e, "needs_%s", n->name), NULL, "its %s is not made%s%s", n->name,
		why ? ": " : "", why ? why : "");
	return unknown;
}

static json_t *answer_option(const struct need *n, const char *given)
{
	json_t *list = eval_options("answer skip"), *first = json_array_get(list, 0);

	json_object_set_new(first, "kind", json_string(n->kind));
	json_object_set_new(first, "given", json_string(given));
	return list;
}

/* answer: what a person once said it is; NULL: nobody has. */
static struct looked not_found(struct eval *e, const struct need *n, const char *given, const char *answer)
{
	const char *why = answer ?
		eval_format(e, "the answers say that %s '%s' is '%s', but %s has no such %s", n->kind, given, answer,
			n->entity->connector, n->entity->name) :
		eval_format(e, "%s has no %s '%s'", n->entity->connector, n->kind, given);

	eval_state(e, n->on_none, OP_REVIEW, eval_format(e, "unknown_%s:%s", n->kind, given), answer_option(n, given), "%s",
		why);
	return unknown;
}

static struct looked several(struct eval *e, const struct need *n, const char *given, json_t *records)
{
	json_t *options = answer_option(n, given), *candidates = json_array(), *one;
	size_t i;

	json_array_foreach(records, i, one)
		json_array_append_new(candidates, json_deep_copy(one));
	json_object_set_new(json_array_get(options, 0), "candidates", candidates);
	eval_state(e, n->on_many, OP_REVIEW, eval_format(e, "ambiguous_%s:%s", n->kind, given), options,
		"%zu records of %s are %s '%s'", json_array_size(records), n->entity->name, n->kind, given);
	return unknown;
}

/* Every record's member "id" may be asked for as an answer "id:80000001-1". */
static struct looked answered(struct eval *e, const struct need *n, const char *given, const char *answer)
{
	json_t *by, *records, *record;
	bool asked;

	if (strncmp(answer, "id:", 3) == 0 || !n->name_member) {
		record = eval_fetch(e, n->entity->name, n->in_source, answer + (strncmp(answer, "id:", 3) ? 0 : 3), &asked);
		if (asked)
			return unknown;
		return record ? looked_record(record) : not_found(e, n, given, answer);
	}
	by = json_object();
	json_object_set_new(by, n->name_member, json_string(answer));
	records = eval_find(e, n->entity, n->in_source, by, n->take);
	if (!records)
		return unknown;
	if (json_array_size(records) == 1)
		return looked_record(json_array_get(records, 0));
	return json_array_size(records) ? several(e, n, given, records) : not_found(e, n, given, answer);
}

static struct looked found(struct eval *e, const struct need *n)
{
	struct value about;
	const char *given = "", *answer;
	size_t len;

	about = n->about ? eval_value(e, n->about) : n->by_count && n->by[0].count ? eval_value(e, n->by[0].rows[0].value) :
		value_none();
	if (about.kind == VALUE_UNKNOWN)
		return unknown;
	if (!value_is_empty(about) && !value_as_text(e->arena, about, &given, &len))
		given = "";
	answer = *given ? look_answer(e, n->kind, given) : NULL;
	if (answer)
		return answered(e, n, given, answer);
	for (size_t i = 0; i < n->by_count; i++) {
		bool maybe = false;
		json_t *by = eval_criteria(e, &n->by[i], &maybe), *records;
		if (maybe)
			return unknown;
		if (!by)
			continue;
		records = eval_find(e, n->entity, n->in_source, by, n->take);
		if (!records)
			return unknown;
		if (json_array_size(records) > 1)
			return several(e, n, given, records);
		if (json_array_size(records) == 1)
			return looked_record(json_array_get(records, 0));
	}
	return not_found(e, n, given, NULL);
}

static struct looked fetched(struct eval *e, const struct need *n)
{
	struct value v = eval_value(e, n->id);
	const char *id;
	size_t len;
	bool asked;
	json_t *record;

	if (v.kind == VALUE_UNKNOWN)
		return unknown;
	if (value_is_empty(v) || !value_as_text(e->arena, v, &id, &len)) {
		if (n->on_none)
			eval_state(e, n->on_none, OP_HOLD, eval_format(e, "needs_%s", n->name), NULL, "it names no %s", n->name);
		return n->on_none ? unknown : none;
	}
	if (strcmp(id, LOOK_NEW) == 0)
		return none;
	record = eval_fetch(e, n->entity->name, n->in_source, id, &asked);
	if (asked)
		return unknown;
	if (record)
		return looked_record(record);
	eval_state(e, n->on_none, OP_HOLD, eval_format(e, "needs_%s", n->name), NULL, "%s %s is not there", n->entity->name, id);
	return unknown;
}

struct looked look_need(struct eval *e, const struct need *n)
{
	bool maybe = false;

	if (n->if_ && !eval_true(e, n->if_, &maybe))
		return maybe ? unknown : none;
	switch (n->op) {
	case OP_ENSURE:
	case OP_LINKED:
		return ensured(e, n);
	case OP_FIND:
		return n->entity ? found(e, n) : none;
	case OP_FETCH:
		return n->entity ? fetched(e, n) : none;
	default:
		return none;
	}
}

struct value look_rows(struct eval *e, const struct need *n)
{
	bool maybe = false;
	json_t *by, *records, *one;
	struct value_list *list;
	size_t i;

	if (n->if_ && !eval_true(e, n->if_, &maybe))
		return maybe ? value_unknown() : value_none();
	by = n->by_count ? eval_criteria(e, &n->by[0], &maybe) : NULL;
	if (maybe)
		return value_unknown();
	records = by ? eval_find(e, n->entity, n->in_source, by, n->take) : NULL;
	if (!records)
		return by ? value_unknown() : value_none();
	list = arena_alloc(e->arena, sizeof *list);
	if (list)
		list->rows = arena_alloc(e->arena, (json_array_size(records) + 1) * sizeof *list->rows);
	if (!list || !list->rows)
		return value_unknown();
	json_array_foreach(records, i, one)
		list->rows[list->count++] = value_of(json_object_get(one, "data"));
	return (struct value){ .kind = VALUE_LIST, .list = list };
}

void eval_ensure_all(struct eval *e)
{
	for (size_t i = 0; i < e->m->need_count; i++)
		if (e->m->needs[i].op == OP_ENSURE && !e->m->needs[i].per_row)
			look_need(e, &e->m->needs[i]);
}

/* ---- names that nobody has --------------------------------------------------------------- */

enum taken { TAKEN_FREE, TAKEN, TAKEN_ASKED };

static enum taken taken(struct eval *e, const struct unique *u, const char *name)
{
	bool asked = false;

	for (size_t i = 0; i < u->among_count; i++) {
		json_t *by = json_object(), *records, *one;
		size_t j;
		json_object_set_new(by, u->among[i].member, json_string(name));
		records = eval_find(e, u->among[i].entity, false, by, NULL);
		if (!records) {
			asked = true;
			continue;
		}
		json_array_foreach(records, j, one) {
			const char *id = json_string_value(json_object_get(one, "id"));
			if (!id || !e->own_id || strcmp(id, e->own_id) || u->among[i].entity != e->m->to)
				return TAKEN;
		}
	}
	return asked ? TAKEN_ASKED : TAKEN_FREE;
}

static const char *with_suffix(struct eval *e, const char *name, const char *suffix, unsigned max)
{
	size_t len = strlen(name), room, behind = letters_count(suffix, strlen(suffix)) + 3;

	if (behind >= max)
		return NULL;
	room = letters_head(name, len, max - behind);
	while (room > 0 && name[room - 1] == ' ')
		room--;
	return eval_format(e, "%.*s (%s)", (int)room, name, suffix);
}

struct value look_unique(struct eval *e, const struct unique *u)
{
	struct value v = eval_value(e, u->name);
	const char *name;
	bool asked = false;
	size_t len;

	if (v.kind == VALUE_UNKNOWN || value_is_empty(v))
		return v;
	if (!value_as_text(e->arena, v, &name, &len))
		return value_none();
	name = letters_clean_name(e->arena, name, len, &len);
	if (!name)
		return value_unknown();
	name = eval_format(e, "%.*s", (int)letters_head(name, len, u->max), name);
	switch (taken(e, u, name)) {
	case TAKEN_FREE:
		return value_words(name);
	case TAKEN_ASKED:
		return value_unknown();
	case TAKEN:
		break;
	}
	/* the likely case is over: all that may follow is asked for at once */
	for (size_t i = 0; i < u->suffix_count; i++) {
		const char *suffix = eval_text(e, u->suffixes[i]), *other;
		if (!suffix || !(other = with_suffix(e, name, suffix, u->max)))
			continue;
		enum taken t = taken(e, u, other);
		if (t == TAKEN_FREE && !asked)
			return value_words(other);
		asked |= t == TAKEN_ASKED;
	}
	if (!asked)
		eval_state(e, u->otherwise, OP_REVIEW, eval_format(e, "name_taken:%s", name), eval_options("adopt skip"),
			"the name '%s' is taken, and so is each variant of it", name);
	return value_unknown();
}

/* ---- the tax that the target will compute ------------------------------------------------ */

static bool is_taxable(struct eval *e, const struct predicted *p, const json_t *line)
{
	const json_t *code = json_object_get(line, p->code);
	const char *name = json_is_object(code) ? json_string_value(json_object_get(code, "name")) : json_string_value(code);
	const char *id = json_string_value(json_object_get(code, "id"));

	for (size_t i = 0; i < p->taxable_count; i++) {
		struct value v = eval_value(e, p->taxable[i]);
		const char *text;
		size_t len;
		if (v.kind == VALUE_REF && id && v.ref->id && strcmp(id, v.ref->id) == 0)
			return true;
		if (name && value_as_text(e->arena, v, &text, &len) && letters_same(name, strlen(name), text, len))
			return true;
	}
	return false;
}

static bool tax_of(struct decimal base, struct decimal percent, unsigned places, bool round, struct decimal *out)
{
	struct decimal hundredth = { .units = 1, .scale = 2 };

	if (!decimal_mul(base, percent, out) || !decimal_mul(*out, hundredth, out))
		return false;
	if (round)
		*out = decimal_round(*out, places, DECIMAL_HALF_UP);
	return true;
}

/* "component": each rate's tax is rounded; "document": only the whole; "line": each line's. */
struct value look_predicted(struct eval *e, const struct predicted *p)
{
	struct value rates = eval_value(e, p->rates), plus = p->plus ? eval_value(e, p->plus) : value_none();
	struct decimal subtotal = { 0 }, percent = { 0 }, total = { 0 }, d, tax;
	json_t *lines = json_object_get(e->doc, p->lines), *line;
	bool fits = true;
	size_t i;

	if (rates.kind == VALUE_UNKNOWN || plus.kind == VALUE_UNKNOWN)
		return value_unknown();
	for (i = 0; i < value_count(rates); i++)
		if (value_number(value_row(rates, i), &d))
			fits &= decimal_add(percent, d, &percent);
	json_array_foreach(lines, i, line) {
		if (!value_number(value_of(json_object_get(line, p->amount)), &d) || !is_taxable(e, p, line))
			continue;
		fits &= decimal_add(subtotal, d, &subtotal);
		if (p->round == 'l')
			fits &= tax_of(d, percent, p->places, true, &tax) && decimal_add(total, tax, &total);
	}
	if (value_number(plus, &d)) {
		fits &= decimal_add(subtotal, d, &subtotal);
		if (p->round == 'l')
			fits &= tax_of(d, percent, p->places, true, &tax) && decimal_add(total, tax, &total);
	}
	if (p->round == 'd')
		fits &= tax_of(subtotal, percent, p->places, true, &total);
	for (i = 0; p->round == 'c' && i < value_count(rates); i++)
		if (value_number(value_row(rates, i), &d))
			fits &= tax_of(subtotal, d, p->places, true, &tax) && decimal_add(total, tax, &total);
	if (!fits)
		return value_none();
	return value_decimal(e->arena, total);
}
