/* document.c - the record to be written: its members made, checked and balanced. */
#include "document.h"

#include "base/when.h"
#include "script/letters.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_LEN 200

struct making {
	struct eval *e;
	struct origins *origins;
	bool owned_only;
	char path[PATH_MAX_LEN];
};

/* ---- what may go into a field ------------------------------------------------------------ */

static json_t *refuse(struct eval *e, const char *cause, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static json_t *refuse(struct eval *e, const char *cause, const char *fmt, ...)
{
	va_list args;
	const char *why;

	va_start(args, fmt);
	why = arena_vformat(e->arena, fmt, args);
	va_end(args);
	eval_fail(e, OP_HOLD, eval_format(e, "%s:%s", cause, e->field), NULL, "%s", why ? why : "");
	return NULL;
}

static const char *text_of(struct eval *e, struct value v, size_t *len)
{
	const char *text;

	return value_as_text(e->arena, v, &text, len) ? text : NULL;
}

static json_t *fit_text(struct eval *e, const struct schema_field *f, struct value v)
{
	size_t len;
	const char *text = text_of(e, v, &len);

	if (!text)
		return refuse(e, "bad_value", "%s takes text, not a list or an object", f->name);
	if (f->limit && letters_count(text, len) > f->limit)
		return refuse(e, "too_long", "'%.80s' is longer than the %u characters that it takes", text, f->limit);
	if (f->of && !schema_allows(f->of, text, len))
		return refuse(e, "not_allowed", "'%.80s' is none of %.200s", text, f->of);
	json_t *out = json_stringn(text, len);
	return out ? out : refuse(e, "bad_value", "%s is no UTF-8 text", f->name);
}

static json_t *fit_number(struct eval *e, const struct schema_field *f, struct value v)
{
	struct decimal d;
	char text[DECIMAL_TEXT_MAX];
	size_t len;

	if (!value_number(v, &d))
		return refuse(e, "bad_value", "'%.80s' is no number", text_of(e, v, &len) ? text_of(e, v, &len) : "a list");
	if (f->type == MLC_INTEGER) {
		struct decimal whole = decimal_round(d, 0, DECIMAL_DOWN);
		decimal_text(d, -1, text);
		if (decimal_cmp(whole, d) || whole.units > INT64_MAX || whole.units < INT64_MIN)
			return refuse(e, "bad_value", "%s is no whole number", text);
		return json_integer((json_int_t)whole.units);
	}
	if (f->limit && d.scale > f->limit) {
		struct decimal cut = decimal_round(d, f->limit, DECIMAL_DOWN);
		decimal_text(d, -1, text);
		if (decimal_cmp(cut, d))
			return refuse(e, "bad_value", "%s has more fraction digits than it takes", text);
		d = cut;
	}
	decimal_text(d, -1, text);
	return json_string(text);
}

static json_t *fit_date(struct eval *e, const struct schema_field *f, struct value v)
{
	size_t len;
	int64_t ms;
	const char *text = text_of(e, v, &len);

	if (!text || (f->type == MLC_DATE ? !when_is_day(text) : !when_parse(text, &ms)))
		return refuse(e, "bad_value", "'%.80s' is no %s", text ? text : "a list",
			f->type == MLC_DATE ? "day like 2026-10-31" : "instant");
	return json_stringn(text, len);
}

static json_t *fit_reference(struct eval *e, const struct schema_field *f, struct value v)
{
	if (v.kind == VALUE_TEXT) {
		json_t *out = json_object();
		json_object_set_new(out, "name", json_stringn(v.text, v.len));
		return out;
	}
	if (v.kind == VALUE_REF || (v.kind == VALUE_JSON && json_is_object(v.json)))
		return value_json(e->arena, v);
	return refuse(e, "bad_value", "%s takes a reference or a name", f->name);
}

static json_t *fit_list(struct eval *e, const struct schema_field *f, struct value v)
{
	if (v.kind != VALUE_LIST && !(v.kind == VALUE_JSON && json_is_array(v.json)))
		return refuse(e, "bad_value", "%s takes a list", f->name);
	return value_json(e->arena, v);
}

/* NULL: nothing is written there, or it was refused. */
static json_t *fit(struct eval *e, const struct schema_field *f, struct value v)
{
	if (v.kind == VALUE_UNKNOWN)
		return NULL;
	if (v.kind == VALUE_CLEAR)
		return json_null();
	if (value_is_empty(v) && !(f && f->type == MLC_LIST && v.kind != VALUE_NONE))
		return NULL;
	if (!f)
		return value_json(e->arena, v);
	switch (f->type) {
	case MLC_TEXT:
		return fit_text(e, f, v);
	case MLC_INTEGER:
	case MLC_DECIMAL:
		return fit_number(e, f, v);
	case MLC_BOOL:
		if (v.kind == VALUE_BOOL)
			return json_boolean(v.truth);
		return refuse(e, "bad_value", "%s takes true or false", f->name);
	case MLC_DATE:
	case MLC_INSTANT:
		return fit_date(e, f, v);
	case MLC_REF:
		return fit_reference(e, f, v);
	case MLC_LIST:
		return fit_list(e, f, v);
	case MLC_OBJECT:
		break;
	}
	if (v.kind == VALUE_JSON && json_is_object(v.json))
		return value_json(e->arena, v);
	return refuse(e, "bad_value", "%s takes an object", f->name);
}

/* ---- objects and lines ------------------------------------------------------------------- */

static json_t *make_object(struct making *m, const struct fields *all, bool top);

/* A list of objects: lines{}, each{}, one{}, and what chooses between them. */
static bool makes_objects(const struct expr *x)
{
	switch (x->op) {
	case OP_EACH:
		return x->template != NULL;
	case OP_ONE:
	case OP_LINES:
		return true;
	case OP_WHEN:
	case OP_CONCAT:
	case OP_FIRST:
		for (unsigned i = x->op == OP_WHEN; i < x->count; i++)
			if (makes_objects(x->args[i]))
				return true;
		return false;
	default:
		return false;
	}
}

static void make_line(struct making *m, const struct template *t, json_t *out)
{
	bool unknown = false;

	if (t->if_ && !eval_true(m->e, t->if_, &unknown))
		return; /* unknown: asked for, or failed */
	json_array_append_new(out, make_object(m, &t->fields, false));
}

static void make_lines(struct making *m, const struct expr *x, json_t *out);

static void make_each(struct making *m, const struct expr *x, json_t *out)
{
	struct eval *e = m->e;
	const struct row *outer = e->row;
	struct value list = eval_value(e, x->args[0]);
	struct row row = { .outer = outer, .list = x->args[0]->op == OP_SRC ? x->args[0]->path->text : "row" };

	for (size_t i = 0; i < value_count(list); i++) {
		row.value = value_row(list, i);
		row.number = (unsigned)i + 1;
		e->row = &row;
		make_line(m, x->template, out);
	}
	e->row = outer;
}

static void make_lines(struct making *m, const struct expr *x, json_t *out)
{
	bool unknown = false, truth;

	switch (x->op) {
	case OP_EACH:
		if (x->template)
			make_each(m, x, out);
		return;
	case OP_ONE:
		make_line(m, x->template, out);
		return;
	case OP_LINES:
	case OP_CONCAT:
		for (unsigned i = 0; i < x->count; i++)
			make_lines(m, x->args[i], out);
		return;
	case OP_WHEN:
		truth = eval_true(m->e, x->args[0], &unknown);
		if (!unknown && (truth || x->count > 2))
			make_lines(m, x->args[truth ? 1 : 2], out);
		return;
	case OP_FIRST:
		for (unsigned i = 0; i < x->count && json_array_size(out) == 0; i++)
			make_lines(m, x->args[i], out);
		return;
	default: { /* rows as they stand elsewhere */
		struct value v = eval_value(m->e, x);
		for (size_t i = 0; i < value_count(v); i++) {
			json_t *row = value_json(m->e->arena, value_row(v, i));
			if (row)
				json_array_append_new(out, row);
		}
	}
	}
}

static void note_origin(struct making *m, const struct field *f, const char *layer)
{
	json_t *o = json_object();

	json_object_set_new(o, "file", json_string(f->script ? f->script->path : m->e->m->file));
	json_object_set_new(o, "line", json_integer(f->line));
	json_object_set_new(o, "layer", json_string(layer));
	json_object_set(o, "from", m->e->trace); /* the trace is given up right after */
	json_object_set_new(m->origins->list, m->path, o);
}

static json_t *make_value(struct making *m, const struct field *f)
{
	json_t *lines;

	if (!makes_objects(f->value))
		return fit(m->e, f->is, eval_value(m->e, f->value));
	lines = json_array();
	make_lines(m, f->value, lines);
	if (f->is && f->is->type == MLC_OBJECT) {
		json_t *first = json_incref(json_array_get(lines, 0)); /* the list around it dies here */
		json_decref(lines);
		return first;
	}
	return lines;
}

static void make_field(struct making *m, const struct field *f, json_t *out)
{
	struct eval *e = m->e;
	bool leaf = m->origins && !f->sub && !e->trace;
	json_t *value;

	e->field = eval_format(e, "%s", m->path);
	if (leaf)
		e->trace = json_array();
	if (f->sub) {
		value = make_object(m, f->sub, false);
		if (json_object_size(value) == 0) {
			json_decref(value);
			value = NULL;
		}
	} else {
		value = make_value(m, f);
	}
	if (leaf) {
		if (value)
			note_origin(m, f, f->script ? f->script->layer : "shipped");
		json_decref(e->trace);
		e->trace = NULL;
	}
	if (value)
		json_object_set_new(out, f->name, value);
}

static json_t *make_object(struct making *m, const struct fields *all, bool top)
{
	json_t *out = json_object();
	const char *field = m->e->field;
	size_t len = strlen(m->path);

	for (size_t i = 0; i < all->count; i++) {
		const struct field *f = &all->rows[i];
		snprintf(m->path + len, sizeof m->path - len, "%s%s", len ? "." : "", f->name);
		if (!top || !m->owned_only || f->sub || document_owns(m->e->m, m->path))
			make_field(m, f, out);
		m->path[len] = 0;
	}
	m->e->field = field;
	return out;
}

json_t *document_make(struct eval *e, const struct fields *fields, bool owned_only, struct origins *origins)
{
	struct making m = { .e = e, .origins = origins, .owned_only = owned_only };

	return make_object(&m, fields, true);
}

/* ---- whose it is ------------------------------------------------------------------------- */

/* "BillAddress" covers all in it, "organization_fields.*" all that begins so. */
static bool covers(const char *pattern, const char *path)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return strncmp(pattern, path, len - 1) == 0 || (len > 2 && pattern[len - 2] == '.' &&
			strlen(path) == len - 2 && strncmp(pattern, path, len - 2) == 0);
	return strncmp(pattern, path, len) == 0 && (path[len] == 0 || path[len] == '.');
}

bool document_owns(const struct mapping *m, const char *path)
{
	if (!m->owns)
		return true;
	for (size_t i = 0; m->owns[i]; i++) {
		const char *star = strchr(m->owns[i], '*'), *dot = strrchr(m->owns[i], '.');
		if (covers(m->owns[i], path))
			return true;
		/* "tags.qbo_*": the list is ours in part, its values are told apart when it is merged */
		if (star && dot && strlen(path) == (size_t)(dot - m->owns[i]) && strncmp(m->owns[i], path, strlen(path)) == 0)
			return true;
	}
	return false;
}

/* ---- what must add up -------------------------------------------------------------------- */

static void out_of_balance(struct eval *e, struct decimal left, struct decimal right, struct decimal off)
{
	char l[DECIMAL_TEXT_MAX], r[DECIMAL_TEXT_MAX], d[DECIMAL_TEXT_MAX];
	struct state own = e->m->otherwise ? *e->m->otherwise : (struct state){ OP_HOLD, NULL, NULL, NULL, NULL };
	const char *why = own.why ? eval_text(e, own.why) : NULL;

	own.why = NULL; /* the figures are said in any case */
	decimal_text(left, -1, l);
	decimal_text(right, -1, r);
	decimal_text(off, -1, d);
	eval_state(e, &own, OP_HOLD, "out_of_balance", eval_options("post skip"),
		"%s%swhat would be written comes to %s, the record says %s: off by %s", why ? why : "", why ? ": " : "", l, r, d);
}

static bool sides(struct eval *e, struct decimal *left, struct decimal *right, struct decimal *off)
{
	struct value l = eval_value(e, e->m->left), r = eval_value(e, e->m->right);

	return value_number(l, left) && value_number(r, right) && decimal_sub(*right, *left, off);
}

void document_balance(struct eval *e, json_t *doc, struct value *total)
{
	struct decimal left, right, off, within;
	struct making m = { .e = e };
	char text[DECIMAL_TEXT_MAX];
	struct value limit;
	json_t *line;

	*total = value_none();
	if (!e->m->left)
		return;
	e->doc = doc;
	e->field = "balance";
	if (!sides(e, &left, &right, &off)) {
		e->doc = NULL;
		return; /* a missing amount was said where it is missing, an unknown one is asked for */
	}
	limit = e->m->within ? eval_value(e, e->m->within) : value_none();
	if (decimal_sign(off) != 0 && e->m->fix && value_number(limit, &within) &&
		decimal_cmp(decimal_sign(off) < 0 ? decimal_neg(off) : off, within) <= 0) {
		line = make_object(&m, &e->m->fix->fields, false);
		decimal_text(off, -1, text);
		json_object_set_new(line, e->m->fix_member, json_string(text));
		json_array_append_new(json_object_get(doc, e->m->fix_list), line);
		/* once more with the line in it: a rounding line that is taxed would not help */
		if (!sides(e, &left, &right, &off)) {
			e->doc = NULL;
			return;
		}
	}
	*total = value_decimal(e->arena, left);
	if (decimal_sign(off) != 0)
		out_of_balance(e, left, right, off);
	e->doc = NULL;
}

void document_complete(struct eval *e, const json_t *doc)
{
	const struct schema_entity *entity = e->m->to;

	for (size_t i = 0; i < entity->count; i++)
		if ((entity->fields[i].flags & MLC_REQUIRED) && !json_object_get(doc, entity->fields[i].name))
			eval_fail(e, OP_HOLD, eval_format(e, "missing:%s", entity->fields[i].name), NULL,
				"%s of %s is required, and the record gives no value for it", entity->fields[i].name, entity->name);
}
