/* record.c - records between JSON and qbXML, by the tables of schema.c. */
#include "qbd.h"


/* ---- JSON to qbXML: only what the schema takes, or a sentence --------------------------- */

struct put {
	struct mlc_xml *out;
	enum mlc_verb verb;
	const char *owner; /* the line that a group's lines are of: "InvoiceLine"; else NULL */
	const char *wrong;
};

/* qbXML takes one of the two (QBUqbxmlops130.xsd: choice). */
static const char *const rivals[][2] = {
	{ "Rate", "RatePercent" }, { "Price", "PricePercent" },
	{ "DiscountRate", "DiscountRatePercent" }, { "SalesOrPurchase", "SalesAndPurchase" },
	{ "IsAutoApply", "AppliedToTxn" }, { "ItemRef", "ItemGroupRef" }
};

#define FORMAT(p, ...) ((p)->out->call->host->format((p)->out->call, __VA_ARGS__))
#define REFUSE(p, ...) ((p)->wrong = FORMAT(p, __VA_ARGS__))

static bool put_members(struct put *, const struct mlc_entity *, const json_t *data);

static const char *scalar_text(struct mlc_call *c, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return json_string_value(v);
	case JSON_INTEGER:
		return c->host->format(c, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_REAL: /* a double never carries money */
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return NULL;
}

static bool one_of(const char *word, const char *words)
{
	size_t len = strlen(word);

	for (const char *w = words; w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
		if (!strncmp(w, word, len) && (w[len] == '|' || !w[len]))
			return true;
	return false;
}

static bool put_text(struct put *p, const struct mlc_field *f, const char *given)
{
	struct mlc_call *c = p->out->call;
	const char *text = qbd_clean(c, given, f->limit == 0 || f->limit >= 99);

	if (!text)
		return p->out->failed = true, true;
	if (f->of && !one_of(text, f->of))
		return REFUSE(p, "%s is \"%s\"; QuickBooks takes %s", f->name, text, f->of), false;
	if (f->limit && qbd_characters(text) > f->limit)
		return REFUSE(p, "%s has %zu characters, QuickBooks takes %u: \"%s\"", f->name,
			qbd_characters(text), f->limit, text), false;
	if (!strcmp(f->name, "Name") && strchr(text, ':'))
		return REFUSE(p, "Name holds a colon, which QuickBooks keeps for levels of names: \"%s\"",
			text), false;
	mlc_xml_put(p->out, f->name, text);
	return true;
}

static bool put_scalar(struct put *p, const struct mlc_field *f, const json_t *v)
{
	struct mlc_call *c = p->out->call;
	const char *text = scalar_text(c, v), *number;

	if (!text)
		return REFUSE(p, "%s is no plain value", f->name), false;
	switch (f->type) {
	case MLC_TEXT:
		return put_text(p, f, text);
	case MLC_DECIMAL:
		number = qbd_decimal(c, text, f->limit);
		if (!*number)
			return REFUSE(p, "%s is \"%s\"; QuickBooks takes a number with at most %u decimals",
				f->name, text, f->limit), false;
		mlc_xml_put(p->out, f->name, number);
		return true;
	case MLC_INTEGER:
		number = qbd_decimal(c, text, 0);
		if (!*number)
			return REFUSE(p, "%s is \"%s\", no whole number", f->name, text), false;
		mlc_xml_put(p->out, f->name, number);
		return true;
	case MLC_BOOL:
		if (strcmp(text, "true") && strcmp(text, "false"))
			return REFUSE(p, "%s is \"%s\", neither true nor false", f->name, text), false;
		mlc_xml_put(p->out, f->name, text);
		return true;
	case MLC_DATE:
		if (!qbd_is_day(text))
			return REFUSE(p, "%s is \"%s\", no day (2026-10-31)", f->name, text), false;
		mlc_xml_put(p->out, f->name, text);
		return true;
	case MLC_INSTANT:
	case MLC_REF:
	case MLC_OBJECT:
	case MLC_LIST:
		break;
	}
	return REFUSE(p, "%s cannot be written", f->name), false;
}

/* What names of that entity may have at most, as a reference gives them. */
static uint32_t name_limit(const char *entity)
{
	static const char *const names[] = { "FullName", "Name", "Initial" };
	const struct mlc_entity *e = qbd_entity(entity);

	for (size_t i = 0; e && i < sizeof names / sizeof *names; i++)
		for (const struct mlc_field *f = e->fields; f->name; f++)
			if (!strcmp(f->name, names[i]))
				return f->limit;
	return 0;
}

/* {"id"} or {"name"}; a plain text is an id.  A transaction stands as its bare TxnID. */
static bool put_ref(struct put *p, const struct mlc_field *f, const json_t *v)
{
	struct mlc_call *c = p->out->call;
	const struct qbd_shape *to = qbd_shape(f->of);
	const char *id = json_is_string(v) ? json_string_value(v)
		: json_string_value(json_object_get(v, "id"));
	const char *name = json_string_value(json_object_get(v, "name"));

	if (to && to->kind == QBD_TXN) {
		if (!id || !*id)
			return REFUSE(p, "%s names no %s by its id", f->name, f->of), false;
		mlc_xml_put(p->out, f->name, id);
		return true;
	}
	if (!(id && *id) && !(name && *name))
		return REFUSE(p, "%s names no %s, neither by id nor by name", f->name, f->of), false;
	mlc_xml_open(p->out, f->name);
	if (id && *id) {
		mlc_xml_put(p->out, "ListID", id);
	} else {
		name = qbd_clean(c, name, false);
		if (name && name_limit(f->of) && qbd_characters(name) > name_limit(f->of))
			return REFUSE(p, "%s names a %s with %zu characters, QuickBooks takes %u: \"%s\"",
				f->name, f->of, qbd_characters(name), name_limit(f->of), name), false;
		mlc_xml_put(p->out, "FullName", name ? name : "");
	}
	mlc_xml_close(p->out, f->name);
	return true;
}

static const char *suffix(const struct qbd_shape *s, enum mlc_verb verb)
{
	return verb == MLC_DO_UPDATE ? s->mod : s->add;
}

/* The lines of groups are named after those of items, in two ways. */
static const char *name_of_group(char out[64], const char *line, const char *behind)
{
	bool item = !strcmp(line, "ItemLine");

	mlc_copy(out, 64, item ? "ItemGroupLine" : line);
	mlc_append(out, 64, item ? "" : "Group");
	mlc_append(out, 64, behind);
	return out;
}

/* NULL: the line says neither debit nor credit. */
static const char *name_of_side(struct put *p, const json_t *line)
{
	const char *side = json_string_value(json_object_get(line, "JournalLineType"));

	if (p->verb == MLC_DO_UPDATE)
		return "JournalLineMod";
	if (side && !strcmp(side, "Debit"))
		return "JournalDebitLine";
	if (side && !strcmp(side, "Credit"))
		return "JournalCreditLine";
	return REFUSE(p, "a line of the journal says neither Debit nor Credit (JournalLineType)"), NULL;
}

/* One object of a LIST or OBJECT member, with its element around it. */
static bool put_part(struct put *p, const struct mlc_field *f, const json_t *v)
{
	const struct mlc_entity *e = qbd_entity(f->of);
	const struct qbd_shape *s = qbd_shape(f->of);
	bool group = json_object_get(v, "ItemGroupRef") != NULL;
	bool inner = p->owner && !strcmp(f->name, "GroupLine");
	const struct qbd_shape *named = inner ? qbd_shape(p->owner) : s;
	const char *behind = named ? suffix(named, p->verb) : NULL, *before = p->owner;
	const char *element;
	char group_name[64];
	bool well;

	if (!e || !s || !behind)
		return REFUSE(p, "%s cannot be %s", f->name,
			p->verb == MLC_DO_UPDATE ? "changed" : "given"), false;
	if (!json_is_object(v))
		return REFUSE(p, "%s holds something that is no object", f->name), false;
	if (s->query & QBD_FLAT)
		return put_members(p, e, v);
	if (group)
		element = name_of_group(group_name, inner ? p->owner : f->name, behind);
	else if (s->query & QBD_SIDED)
		element = name_of_side(p, v);
	else
		element = FORMAT(p, "%s%s", inner ? p->owner : f->name, behind);
	if (!element)
		return false;
	mlc_xml_open(p->out, element);
	if (!inner && strstr(f->name, "Line"))
		p->owner = f->name;
	well = put_members(p, e, v);
	p->owner = before;
	mlc_xml_close(p->out, element);
	return well;
}

/* "Empty element in a Mod clears the field" (SOURCES.md). */
static bool put_cleared(struct put *p, const struct mlc_field *f)
{
	const struct mlc_entity *part;

	switch (f->type) {
	case MLC_TEXT:
	case MLC_INTEGER:
	case MLC_DECIMAL:
	case MLC_BOOL:
	case MLC_DATE:
	case MLC_INSTANT:
		mlc_xml_put(p->out, f->name, "");
		return true;
	case MLC_REF:
		mlc_xml_open(p->out, f->name);
		mlc_xml_put(p->out, "FullName", "");
		mlc_xml_close(p->out, f->name);
		return true;
	case MLC_OBJECT:
		part = qbd_entity(f->of);
		if (!part || strcmp(f->of, "Address"))
			break;
		mlc_xml_open(p->out, f->name);
		for (const struct mlc_field *g = part->fields; g->name; g++)
			mlc_xml_put(p->out, g->name, "");
		mlc_xml_close(p->out, f->name);
		return true;
	case MLC_LIST:
		break;
	}
	return REFUSE(p, "%s cannot be erased", f->name), false;
}

/* Lines that are not listed are deleted; that none is left must be said, where that can be. */
static bool put_emptied(struct put *p, const struct mlc_field *f)
{
	if (strcmp(f->name, "ExpenseLine") && strcmp(f->name, "ItemLine"))
		return REFUSE(p, "%s cannot be left without any", f->name), false;
	mlc_xml_put(p->out, FORMAT(p, "Clear%ss", f->name), "true");
	return true;
}

static bool put_member(struct put *p, const struct mlc_field *f, const json_t *v)
{
	const json_t *one;
	size_t i;

	if (f->flags & MLC_READONLY)
		return REFUSE(p, "%s is QuickBooks' own and cannot be written", f->name), false;
	if (p->verb == MLC_DO_UPDATE && (f->flags & MLC_IMMUTABLE))
		return REFUSE(p, "%s can only be set when the record is made", f->name), false;
	if (json_is_null(v))
		return p->verb == MLC_DO_UPDATE ? put_cleared(p, f) : true;
	switch (f->type) {
	case MLC_TEXT:
	case MLC_INTEGER:
	case MLC_DECIMAL:
	case MLC_BOOL:
	case MLC_DATE:
	case MLC_INSTANT:
		return put_scalar(p, f, v);
	case MLC_REF:
		return put_ref(p, f, v);
	case MLC_OBJECT:
		return put_part(p, f, v);
	case MLC_LIST:
		if (!json_is_array(v))
			return REFUSE(p, "%s is no list", f->name), false;
		if (p->verb == MLC_DO_UPDATE && !json_array_size(v))
			return put_emptied(p, f);
		json_array_foreach(v, i, one)
			if (!put_part(p, f, one))
				return false;
		return true;
	}
	return true;
}

/* Of a line that is a group, qbXML takes these members only. */
static bool group_takes(enum mlc_verb verb, const char *name)
{
	static const char *const always[] = { "TxnLineID", "ItemGroupRef", "Quantity", "UnitOfMeasure" };
	static const char *const new[] = { "Desc", "ServiceDate" };

	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		if (!strcmp(name, always[i]))
			return true;
	if (verb == MLC_DO_UPDATE)
		return !strcmp(name, "GroupLine");
	return !strcmp(name, new[0]) || !strcmp(name, new[1]);
}

static bool put_known(struct put *p, const struct mlc_entity *e, const json_t *data)
{
	bool group = json_object_get(data, "ItemGroupRef") != NULL;
	bool part = (e->flags & MLC_PART) != 0;

	for (const struct mlc_field *f = e->fields; f->name; f++) {
		const json_t *v = json_object_get(data, f->name);
		bool line_id = part && !strcmp(f->name, "TxnLineID");

		if (line_id && p->verb == MLC_DO_UPDATE) {
			/* -1: a line that is not there yet. */
			const char *id = json_string_value(v);

			mlc_xml_put(p->out, f->name, id && *id ? id : "-1");
			continue;
		}
		if (line_id)
			continue; /* of another record: a new one's lines are all new */
		if (part && p->verb != MLC_DO_UPDATE && !strcmp(f->name, "JournalLineType"))
			continue; /* said by the element */
		if (!v) {
			if ((f->flags & MLC_REQUIRED) && (part || p->verb == MLC_DO_CREATE) &&
				!(f->flags & MLC_READONLY))
				return REFUSE(p, "%s of %s is missing", f->name, e->name), false;
			continue;
		}
		if (part && (f->flags & MLC_READONLY))
			continue; /* a line as it was read may be given back */
		if (part && group && !group_takes(p->verb, f->name))
			return REFUSE(p, "%s cannot stand in a line of a group item", f->name), false;
		if (!put_member(p, f, v))
			return false;
	}
	return true;
}

static bool put_members(struct put *p, const struct mlc_entity *e, const json_t *data)
{
	const char *name;
	const json_t *v;

	json_object_foreach((json_t *)data, name, v) {
		const struct mlc_field *f = e->fields;

		while (f->name && strcmp(f->name, name))
			f++;
		if (!f->name)
			return REFUSE(p, "%s has no member %s", e->name, name), false;
	}
	for (size_t i = 0; i < sizeof rivals / sizeof *rivals; i++) {
		const json_t *a = json_object_get(data, rivals[i][0]);
		const json_t *b = json_object_get(data, rivals[i][1]);

		if (a && b && !json_is_null(a) && !json_is_null(b))
			return REFUSE(p, "%s and %s exclude each other", rivals[i][0], rivals[i][1]), false;
	}
	return put_known(p, e, data);
}

const char *qbd_put_members(struct mlc_xml *out, const struct mlc_entity *e, const json_t *data,
	enum mlc_verb verb)
{
	struct put p = { out, verb, NULL, NULL };

	put_members(&p, e, data);
	return p.wrong;
}

/* ---- qbXML to JSON text -------------------------------------------------------------------- */

static void json_text(struct mlc_xml *out, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const char *plain = text;

	mlc_xml_raw(out, "\"");
	for (; *text; text++) {
		unsigned char ch = (unsigned char)*text;
		char low[7] = { '\\', 'u', '0', '0', hex[ch >> 4], hex[ch & 15], 0 };

		if (ch >= 0x20 && ch != '"' && ch != '\\')
			continue;
		mlc_xml_bytes(out, plain, (size_t)(text - plain));
		plain = text + 1;
		if (ch == '"')
			mlc_xml_raw(out, "\\\"");
		else if (ch == '\\')
			mlc_xml_raw(out, "\\\\");
		else if (ch == '\n')
			mlc_xml_raw(out, "\\n");
		else
			mlc_xml_raw(out, low);
	}
	mlc_xml_bytes(out, plain, (size_t)(text - plain));
	mlc_xml_raw(out, "\"");
}

static void json_member(struct mlc_xml *out, const char *name, bool *first)
{
	mlc_xml_raw(out, *first ? "\"" : ",\"");
	mlc_xml_raw(out, name);
	mlc_xml_raw(out, "\":");
	*first = false;
}

/* Does an element of that name hold this member?  Lists stand under the names of their lines. */
static bool names_field(const char *element, const struct mlc_field *f, const char *owner)
{
	size_t len = strlen(f->name);
	const struct qbd_shape *s;
	char group[64];

	if (f->type != MLC_LIST)
		return !strcmp(element, f->name);
	s = qbd_shape(f->of);
	if (!s || !s->ret)
		return false;
	if (owner && !strcmp(f->name, "GroupLine"))
		return !strncmp(element, owner, strlen(owner)) && !strcmp(element + strlen(owner), "Ret");
	if (s->query & QBD_SIDED)
		return !strcmp(element, "JournalDebitLine") || !strcmp(element, "JournalCreditLine");
	if (strstr(f->name, "Line") && !strcmp(element, name_of_group(group, f->name, "Ret")))
		return true;
	return !strncmp(element, f->name, len) && !strcmp(element + len, s->ret);
}

bool qbd_is_line(const xmlNode *n, const struct mlc_field *f)
{
	return names_field((const char *)n->name, f, NULL);
}

static void read_members(struct mlc_xml *, const struct mlc_entity *, const xmlNode *, const char *owner,
	bool first);

static void read_ref(struct mlc_xml *out, const struct mlc_field *f, const xmlNode *node)
{
	const char *id = mlc_xml_child_text(out->call, node, "ListID");
	const char *name = mlc_xml_child_text(out->call, node, "FullName");
	const struct qbd_shape *to = qbd_shape(f->of);
	bool first = true;

	if (to && to->kind == QBD_TXN)
		id = mlc_xml_text(out->call, node);
	mlc_xml_raw(out, "{");
	if (*id) {
		json_member(out, "id", &first);
		json_text(out, id);
	}
	if (*name) {
		json_member(out, "name", &first);
		json_text(out, name);
	}
	mlc_xml_raw(out, "}");
}

static void read_value(struct mlc_xml *out, const struct mlc_field *f, const xmlNode *node,
	const char *owner)
{
	const struct mlc_entity *part = f->of ? qbd_entity(f->of) : NULL;
	const struct qbd_shape *s = part ? qbd_shape(f->of) : NULL;
	const char *text = mlc_xml_text(out->call, node);

	switch (f->type) {
	case MLC_BOOL:
		mlc_xml_raw(out, !strcmp(text, "true") || !strcmp(text, "1") ? "true" : "false");
		return;
	case MLC_INTEGER:
		if (*text && strlen(text) < 18 && strspn(text + (*text == '-'), "0123456789") ==
			strlen(text + (*text == '-')) && text[strlen(text) - 1] != '-')
			mlc_xml_raw(out, text);
		else
			mlc_xml_raw(out, "null");
		return;
	case MLC_REF:
		read_ref(out, f, node);
		return;
	case MLC_OBJECT:
	case MLC_LIST:
		mlc_xml_raw(out, "{");
		if (part && s && (s->query & QBD_FLAT)) {
			bool first = true;

			json_member(out, part->fields->name, &first);
			read_ref(out, part->fields, node);
		} else if (part) {
			bool first = true;

			if (s && (s->query & QBD_SIDED)) {
				json_member(out, "JournalLineType", &first);
				json_text(out, mlc_xml_is(node, "JournalDebitLine") ? "Debit" : "Credit");
			}
			read_members(out, part, node,
				!owner && strstr(f->name, "Line") ? f->name : owner, first);
		}
		mlc_xml_raw(out, "}");
		return;
	case MLC_TEXT:
	case MLC_DECIMAL:
	case MLC_DATE:
	case MLC_INSTANT:
		json_text(out, text);
		return;
	}
}

/* The field that an element holds, looked for from the last one on: both are in schema order. */
static const struct mlc_field *field_of(const struct mlc_field *fields, const struct mlc_field *from,
	const char *element, const char *owner)
{
	for (const struct mlc_field *f = from; f->name; f++)
		if (names_field(element, f, owner))
			return f;
	for (const struct mlc_field *f = fields; f != from; f++)
		if (names_field(element, f, owner))
			return f;
	return NULL;
}

static void read_members(struct mlc_xml *out, const struct mlc_entity *e, const xmlNode *node,
	const char *owner, bool first)
{
	const struct mlc_field *last = e->fields;
	uint64_t done[2] = { 0, 0 };

	for (const xmlNode *child = mlc_xml_first(node); child; child = mlc_xml_next(child)) {
		const struct mlc_field *f = field_of(e->fields, last, (const char *)child->name, owner);
		size_t at = f ? (size_t)(f - e->fields) : 0;

		/* Unknown elements are new, not wrong: the schema files lag behind the product. */
		if (!f || at >= 128 || (done[at / 64] >> at % 64 & 1))
			continue;
		done[at / 64] |= UINT64_C(1) << at % 64;
		last = f;
		json_member(out, f->name, &first);
		if (f->type != MLC_LIST) {
			read_value(out, f, child, owner);
			continue;
		}
		mlc_xml_raw(out, "[");
		for (const xmlNode *n = child; n; n = mlc_xml_next(n)) {
			if (!names_field((const char *)n->name, f, owner))
				continue;
			if (n != child)
				mlc_xml_raw(out, ",");
			read_value(out, f, n, owner);
		}
		mlc_xml_raw(out, "]");
	}
}

bool qbd_is_record(const xmlNode *node, const struct mlc_entity *e)
{
	const struct qbd_shape *s = qbd_shape(e->name);
	const char *name = (const char *)node->name;
	size_t len = strlen(name);

	if (len <= 3 || strcmp(name + len - 3, "Ret"))
		return false;
	return s->rets || (!strncmp(name, e->name, len - 3) && strlen(e->name) == len - 3);
}

void qbd_read_record(struct mlc_xml *out, const struct mlc_entity *e, const xmlNode *node)
{
	const struct qbd_shape *s = qbd_shape(e->name);
	const char *name = (const char *)node->name;
	bool first = true;

	out->len = 0;
	mlc_xml_raw(out, "{");
	if (s->rets) {
		json_member(out, s->rets, &first);
		json_text(out, out->call->host->format(out->call, "%.*s", (int)strlen(name) - 3, name));
		/* Kinds without levels have no FullName; those who look one up need not know. */
		if ((s->query & QBD_LEVELS) && !mlc_xml_child(node, "FullName")) {
			json_member(out, "FullName", &first);
			json_text(out, mlc_xml_child_text(out->call, node, "Name"));
		}
	}
	read_members(out, e, node, NULL, first);
	mlc_xml_raw(out, "}");
}

/* ---- is it the one? ---------------------------------------------------------------------------- */

const char *qbd_wanted_id(const json_t *wanted)
{
	return json_string_value(json_is_string(wanted) ? wanted : json_object_get(wanted, "id"));
}

const char *qbd_wanted_tree(struct mlc_call *c, const char *id)
{
	return id && mlc_ends_with(id, ":*") ? c->host->format(c, "%.*s", (int)strlen(id) - 2, id) : NULL;
}

static bool same_value(struct mlc_call *c, const struct mlc_field *f, const xmlNode *child,
	const json_t *wanted)
{
	const char *text = mlc_xml_text(c, child), *want = scalar_text(c, wanted), *number;

	if (f->type == MLC_REF) {
		const char *id = qbd_wanted_id(wanted);
		const char *name = json_string_value(json_object_get(wanted, "name"));

		if (qbd_wanted_tree(c, id)) /* who stands below whom, QuickBooks knows */
			return true;
		if (id && *id)
			return !strcmp(id, mlc_xml_child_text(c, child, "ListID")) || !strcmp(id, text);
		name = name ? qbd_clean(c, name, false) : NULL;
		return name && qbd_same(name, mlc_xml_child_text(c, child, "FullName"));
	}
	if (!want)
		return false;
	if (f->type == MLC_DECIMAL) {
		number = qbd_decimal(c, want, f->limit);
		return *number && !strcmp(number, qbd_decimal(c, text, f->limit));
	}
	want = f->type == MLC_TEXT ? qbd_clean(c, want, true) : want;
	return want && qbd_same(want, text);
}

bool qbd_matches(struct mlc_call *c, const struct mlc_entity *e, const xmlNode *record,
	const json_t *criteria)
{
	const char *name;
	const json_t *wanted;

	json_object_foreach((json_t *)criteria, name, wanted) {
		const struct mlc_field *f = e->fields;
		const xmlNode *child = mlc_xml_child(record, name);

		while (f->name && strcmp(f->name, name))
			f++;
		if (!child && !strcmp(name, "FullName"))
			child = mlc_xml_child(record, "Name");
		if (!f->name || !child || !same_value(c, f, child, wanted))
			return false;
	}
	return true;
}
