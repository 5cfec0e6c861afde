/* record.c - records between QuickBooks' JSON and ours, by the tables of quickbooks_online.c. */
#include "quickbooks_online.h"

#include <strings.h>

#define WHY(c, why, ...) (*(why) = (c)->host->format(c, __VA_ARGS__), (json_t *)NULL)

/* ---- kinds ------------------------------------------------------------------------------------ */

int qbo_kind(const char *name, size_t len)
{
	for (int i = 0; i < QBO_KINDS; i++)
		if (strlen(qbo_entities[i].name) == len && strncasecmp(qbo_entities[i].name, name, len) == 0)
			return i;
	return -1;
}

static const struct mlc_entity *part(const char *name)
{
	for (const struct mlc_entity *e = qbo_entities; e->name; e++)
		if (name && strcmp(e->name, name) == 0)
			return e;
	return NULL;
}

static const struct mlc_field *field_of(const struct mlc_entity *e, const char *name)
{
	for (const struct mlc_field *f = e->fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

bool qbo_is_list(const struct mlc_entity *e)
{
	return field_of(e, "Active") != NULL;
}

const char *qbo_word(struct mlc_call *c, const struct mlc_entity *e)
{
	char *word = (char *)c->host->alloc(c, strlen(e->name) + 1);

	if (!word)
		return "";
	for (size_t i = 0; e->name[i]; i++)
		word[i] = (char)(e->name[i] >= 'A' && e->name[i] <= 'Z' ? e->name[i] | 32 : e->name[i]);
	return word;
}

/* ---- what came --------------------------------------------------------------------------------- */

/* 85, "85.0", "85.00" are one amount: written with limit digits, more only where there are more.  Text
 * that is no plain number stays as it is. */
static const char *decimal_text(struct mlc_call *c, json_t *v, uint32_t limit)
{
	const char *text = json_is_integer(v) ? c->host->format(c, "%" JSON_INTEGER_FORMAT, json_integer_value(v))
		: json_string_value(v);
	size_t whole, digits;

	if (!text)
		return NULL;
	whole = strspn(text, "-0123456789");
	digits = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	if (whole == 0 || (text[whole] && text[whole + 1 + digits]) || (text[whole] && text[whole] != '.'))
		return text;
	/* Quantities and rates may have many digits and mostly have few: those are not padded. */
	while (limit > 2 && digits > 0 && text[whole + digits] == '0')
		digits--;
	if (limit > 2)
		return digits ? c->host->format(c, "%.*s", (int)(whole + 1 + digits), text)
			: c->host->format(c, "%.*s", (int)whole, text);
	while (digits > limit && text[whole + digits] == '0')
		digits--;
	return c->host->format(c, "%.*s.%.*s%.*s", (int)whole, text, (int)digits, text[whole] ? text + whole + 1 : "",
		(int)(digits < limit ? limit - digits : 0), "00");
}

/* A value is replaced only by what could be made: with the budget spent it stays, and the step fails. */
static void put_new(json_t *o, const char *name, json_t *value)
{
	if (value)
		json_object_set_new(o, name, value);
}

static void read_reference(json_t *o, const char *name, json_t *v)
{
	const char *id = mlc_text(v, "value"), *called = mlc_text(v, "name");
	json_t *ref;

	if (!id && !called)
		return;
	ref = json_object();
	if (id)
		put_new(ref, "id", json_string(id));
	if (called)
		put_new(ref, "name", json_string(called));
	json_object_set_new(o, name, ref);
}

static void read_member(struct mlc_call *c, const struct mlc_field *f, json_t *o, json_t *v)
{
	const char *text;
	json_t *one;
	int64_t ms;
	size_t i;

	switch (f->type) {
	case MLC_DECIMAL:
		text = decimal_text(c, v, f->limit);
		if (text)
			put_new(o, f->name, json_string(text));
		return;
	case MLC_INSTANT:
		if (mlc_instant(json_string_value(v), &ms))
			put_new(o, f->name, json_string(mlc_instant_text(c, ms)));
		return;
	case MLC_REF:
		read_reference(o, f->name, v);
		return;
	case MLC_OBJECT:
		qbo_read(c, part(f->of), v);
		return;
	case MLC_LIST:
		json_array_foreach(v, i, one)
			qbo_read(c, part(f->of), one);
		return;
	case MLC_TEXT: /* ids and codes come as numbers at times */
		if (json_is_integer(v))
			put_new(o, f->name, json_string(c->host->format(c, "%" JSON_INTEGER_FORMAT, json_integer_value(v))));
		return;
	case MLC_INTEGER:
	case MLC_BOOL:
	case MLC_DATE:
		return;
	}
}

json_t *qbo_read(struct mlc_call *c, const struct mlc_entity *e, json_t *record)
{
	if (!json_is_object(record) || !e)
		return record;
	/* What the answer says of itself, not of the record. */
	json_object_del(record, "domain");
	json_object_del(record, "sparse");
	for (const struct mlc_field *f = e->fields; f->name; f++) {
		json_t *v = json_object_get(record, f->name);

		if (v && !json_is_null(v))
			read_member(c, f, record, v);
	}
	return record;
}

bool qbo_look(struct mlc_call *c, const struct mlc_entity *e, json_t *record, struct mlc_record *out)
{
	*out = (struct mlc_record){ .entity = e->name, .id = mlc_word(c, record, "Id"), .version = mlc_word(c, record, "SyncToken") };
	if (!mlc_instant(mlc_text(record, "MetaData.LastUpdatedTime"), &out->changed_ms))
		out->changed_ms = 0;
	out->deleted = strcmp(mlc_text_or(record, "status", ""), "Deleted") == 0;
	return out->id != NULL;
}

void qbo_emit(struct mlc_call *c, const struct mlc_entity *e, json_t *record)
{
	struct mlc_record r;

	/* The host takes over what it is given, parse() keeps its own. */
	if (!qbo_look(c, e, record, &r))
		r = (struct mlc_record){ .entity = e->name, .data = json_incref(record) };
	else if (!r.deleted)
		r.data = json_incref(qbo_read(c, e, record));
	c->host->emit(c, &r);
}

/* ---- what goes out -------------------------------------------------------------------------------- */

static json_t *wire_object(struct mlc_call *, const struct mlc_entity *, const json_t *data, const char **why);

/* What is known of that name; not known yet: it is wanted. */
static const struct named *name_known(struct mlc_call *c, const struct mlc_entity *e, const char *name)
{
	struct state *s = (struct state *)c->state;
	struct named *n = s->names;

	while (n && (n->entity != e || strcmp(n->name, name) != 0))
		n = n->next;
	if (n)
		return n;
	n = (struct named *)c->host->alloc(c, sizeof *n);
	if (n) {
		n->entity = e;
		n->name = c->host->format(c, "%s", name);
		n->next = s->names;
		s->names = s->wanted = n;
	}
	return NULL;
}

static json_t *wire_reference(struct mlc_call *c, const struct mlc_field *f, const json_t *v, const char **why)
{
	const char *id = json_is_string(v) ? json_string_value(v) : json_string_value(json_object_get(v, "id"));
	const char *name = json_string_value(json_object_get(v, "name"));
	const struct named *known;

	if (id && *id)
		return json_pack("{s:s}", "value", id);
	if (!name || !*name)
		return WHY(c, why, "%s names no %s, neither by id nor by name", f->name, f->of);
	known = name_known(c, part(f->of), name);
	if (!known)
		return NULL;
	if (!known->id)
		return WHY(c, why, "%s: %s %s \"%.200s\" in QuickBooks", f->name, known->count ? "several are called" : "there is no", f->of, name);
	return json_pack("{s:s}", "value", known->id);
}

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static json_t *wire_text(struct mlc_call *c, const struct mlc_field *f, const json_t *v, const char **why)
{
	const char *text = json_string_value(v);

	if (!text)
		return WHY(c, why, "%s is no text", f->name);
	if (!f->of && f->limit && characters(text) > f->limit)
		return WHY(c, why, "%s has %zu characters, QuickBooks takes %u: \"%.200s\"", f->name, characters(text), f->limit,
			text);
	/* Intuit's rule for names of people and firms (SOURCES.md 5). */
	if (strcmp(f->name, "DisplayName") == 0 && strpbrk(text, ":\t\n\r"))
		return WHY(c, why, "DisplayName holds a colon, a tab or a line break, which QuickBooks does not take: \"%.200s\"",
			text);
	return json_string(text);
}

static json_t *wire_list(struct mlc_call *c, const struct mlc_field *f, const json_t *v, const char **why)
{
	json_t *out = json_array(), *one, *made;
	size_t i;

	json_array_foreach((json_t *)v, i, one) {
		made = wire_object(c, part(f->of), one, why);
		if (!made) {
			json_decref(out);
			return NULL;
		}
		json_array_append_new(out, made);
	}
	return out;
}

static json_t *wire_member(struct mlc_call *c, const struct mlc_field *f, const json_t *v, const char **why)
{
	switch (f->type) {
	case MLC_REF:
		return wire_reference(c, f, v, why);
	case MLC_OBJECT:
		return wire_object(c, part(f->of), v, why);
	case MLC_LIST:
		return json_is_array(v) ? wire_list(c, f, v, why) : WHY(c, why, "%s is no list", f->name);
	case MLC_TEXT:
		return wire_text(c, f, v, why);
	case MLC_INTEGER:
	case MLC_DECIMAL:
	case MLC_BOOL:
	case MLC_DATE:
	case MLC_INSTANT:
		return json_deep_copy(v);
	}
	return NULL;
}

static json_t *wire_object(struct mlc_call *c, const struct mlc_entity *e, const json_t *data, const char **why)
{
	json_t *out, *v, *made;
	const char *name;

	if (!json_is_object(data))
		return WHY(c, why, "%s takes an object", e->name);
	out = json_object();
	json_object_foreach((json_t *)data, name, v) {
		const struct mlc_field *f = field_of(e, name);

		made = json_is_null(v) ? json_null() : f ? wire_member(c, f, v, why)
			: WHY(c, why, "%s has no member %s", e->name, name);
		if (!made) {
			json_decref(out);
			return NULL;
		}
		json_object_set_new(out, name, made);
	}
	return out;
}

json_t *qbo_wire(struct mlc_call *c, const struct mlc_entity *e, const json_t *data, const char **why)
{
	*why = "";
	return wire_object(c, e, data, why);
}
