/* write.c - create, change, delete, void: one request, one outcome.
 *
 * Nothing here repeats anything: whether a write happened is known from QuickBooks' reply, or from
 * its message set recovery (visit.c), or it is in doubt and the host looks the record up. */
#include "qbd.h"

static const char *id_member(const struct qbd_shape *s)
{
	return s->kind == QBD_TXN ? "TxnID" : "ListID";
}

static enum mlc_step refuse(struct mlc_call *c, enum mlc_fault fault, const char *text)
{
	c->host->refuse(c, 0, fault, 0, "%s", text);
	return MLC_DONE;
}

/* ---- lines: a line that stays keeps its TxnLineID, and so what hangs on it in QuickBooks ----------- */

/* The next member of data, from f on, that holds lines; NULL: none. */
static const struct mlc_field *next_lines(const struct mlc_field *f, const json_t *data)
{
	for (; f->name; f++)
		if (f->type == MLC_LIST && strstr(f->name, "Line") && !(f->flags & MLC_READONLY) &&
			strcmp(f->name, "ItemGroupLine") && json_is_array(json_object_get(data, f->name)))
			return f;
	return NULL;
}

static bool lines_lack_ids(const struct mlc_entity *e, const json_t *data)
{
	const json_t *line;
	size_t i;

	for (const struct mlc_field *f = next_lines(e->fields, data); f; f = next_lines(f + 1, data))
		json_array_foreach(json_object_get(data, f->name), i, line)
			if (!json_is_string(json_object_get(line, "TxnLineID")))
				return true;
	return false;
}

static bool same_ref(struct mlc_call *c, const xmlNode *line, const json_t *wanted, const char *member)
{
	const json_t *ref = json_object_get(wanted, member);
	const xmlNode *node = mlc_xml_child(line, member);
	const char *id = json_string_value(json_object_get(ref, "id"));
	const char *name = json_string_value(json_object_get(ref, "name"));

	if (!ref || !node)
		return !ref && !node;
	if (id)
		return !strcmp(id, mlc_xml_child_text(c, node, "ListID"));
	name = name ? qbd_clean(c, name, false) : NULL;
	return name && qbd_same(name, mlc_xml_child_text(c, node, "FullName"));
}

static bool same_line(struct mlc_call *c, const struct mlc_field *f, const xmlNode *n, const json_t *line)
{
	static const char *const refs[] = { "ItemRef", "ItemGroupRef", "AccountRef" };
	const char *side = json_string_value(json_object_get(line, "JournalLineType"));

	if (!qbd_is_line(n, f) || (side && !strstr((const char *)n->name, side)))
		return false;
	for (size_t i = 0; i < sizeof refs / sizeof *refs; i++)
		if (!same_ref(c, n, line, refs[i]))
			return false;
	return true;
}

/* Gives lines of data the ids of lines of the same item, in order: QuickBooks refuses another order
 * (status 3290). */
static void keep_line_ids(struct mlc_call *c, const struct mlc_field *f, json_t *data, const xmlNode *record)
{
	const xmlNode *from = mlc_xml_first(record);
	json_t *line;
	size_t i;

	json_array_foreach(json_object_get(data, f->name), i, line) {
		const xmlNode *n = from;

		if (json_is_string(json_object_get(line, "TxnLineID")))
			continue;
		while (n && !same_line(c, f, n, line))
			n = mlc_xml_next(n);
		if (!n)
			continue;
		json_object_set_new(line, "TxnLineID", json_string(mlc_xml_child_text(c, n, "TxnLineID")));
		from = mlc_xml_next(n);
	}
}

/* ---- what a payment pays: the list that is given is the whole one ---------------------------------- */

static bool pays_anew(const struct mlc_entity *e, const json_t *data)
{
	return !strcmp(e->name, "ReceivePayment") && json_is_array(json_object_get(data, "AppliedToTxn"));
}

static bool is_listed(const json_t *applied, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(applied, i, one) {
		const char *known = json_string_value(json_object_get(json_object_get(one, "TxnID"), "id"));

		if (known && !strcmp(known, id))
			return true;
	}
	return false;
}

/* Whether a Mod leaves alone what it does not list is not documented: what is no longer paid is listed
 * with nothing. */
static void release_the_rest(struct mlc_call *c, json_t *data, const xmlNode *record)
{
	json_t *applied = json_object_get(data, "AppliedToTxn");

	for (const xmlNode *n = mlc_xml_first(record); n; n = mlc_xml_next(n)) {
		const char *id = mlc_xml_child_text(c, n, "TxnID");

		if (mlc_xml_is(n, "AppliedToTxnRet") && *id && !is_listed(applied, id))
			json_array_append_new(applied, json_pack("{s:{s:s}, s:s}", "TxnID", "id", id,
				"PaymentAmount", "0.00"));
	}
	if (!json_array_size(applied))
		json_object_del(data, "AppliedToTxn");
}

static enum mlc_step look_first(struct mlc_call *c, const struct qbd_shape *s)
{
	struct mlc_xml x = { .call = c };

	mlc_xml_put(&x, id_member(s), c->writes->id);
	mlc_xml_put(&x, "IncludeLineItems", "true");
	return qbd_ask(c, c->host->format(c, "l-%s", c->writes->key),
		c->host->format(c, "%sQuery", s->entity), "", &x, false);
}

/* ---- asking ------------------------------------------------------------------------------------------ */

static enum mlc_step ask(struct mlc_call *c, const char *element, const struct mlc_xml *inner)
{
	return qbd_ask(c, c->host->format(c, "w-%s", c->writes->key), element, "", inner, true);
}

static enum mlc_step ask_create(struct mlc_call *c)
{
	struct mlc_xml x = { .call = c };
	const char *add = c->host->format(c, "%sAdd", c->entity->name), *wrong;

	mlc_xml_open(&x, add);
	wrong = qbd_put_members(&x, c->entity, c->writes->data, MLC_DO_CREATE);
	if (wrong)
		return refuse(c, MLC_REFUSED, wrong);
	/* Required by the schema; true would let QuickBooks choose what is paid. */
	if (!strcmp(c->entity->name, "ReceivePayment") && !json_array_size(json_object_get(c->writes->data, "AppliedToTxn")) &&
		!json_object_get(c->writes->data, "IsAutoApply"))
		mlc_xml_put(&x, "IsAutoApply", "false");
	mlc_xml_close(&x, add);
	return ask(c, add, &x);
}

static enum mlc_step ask_update(struct mlc_call *c, const struct qbd_shape *s, const json_t *data)
{
	struct mlc_xml x = { .call = c };
	const struct mlc_write *w = c->writes;
	const char *mod = c->host->format(c, "%sMod", c->entity->name), *wrong;

	mlc_xml_open(&x, mod);
	mlc_xml_put(&x, id_member(s), w->id);
	mlc_xml_put(&x, "EditSequence", w->version);
	wrong = qbd_put_members(&x, c->entity, data, MLC_DO_UPDATE);
	if (wrong)
		return refuse(c, MLC_REFUSED, wrong);
	mlc_xml_close(&x, mod);
	return ask(c, mod, &x);
}

static enum mlc_step ask_removal(struct mlc_call *c, const struct qbd_shape *s, const char *verb)
{
	struct mlc_xml x = { .call = c };
	const char *sort = s->kind == QBD_TXN ? "Txn" : "List";

	mlc_xml_put(&x, c->host->format(c, "%s%sType", sort, verb), s->entity);
	mlc_xml_put(&x, id_member(s), c->writes->id);
	return ask(c, c->host->format(c, "%s%s", sort, verb), &x);
}

static enum mlc_step begin(struct mlc_call *c, const struct qbd_shape *s)
{
	const struct mlc_write *w = c->writes;

	switch (w->verb) {
	case MLC_DO_CREATE:
		return ask_create(c);
	case MLC_DO_UPDATE:
		if (!w->version)
			return refuse(c, MLC_STALE, "its EditSequence is not known");
		return lines_lack_ids(c->entity, w->data) || pays_anew(c->entity, w->data) ? look_first(c, s)
			: ask_update(c, s, w->data);
	case MLC_DO_DELETE:
		return ask_removal(c, s, "Del");
	case MLC_DO_VOID:
		return ask_removal(c, s, "Void");
	}
	return refuse(c, MLC_BROKEN, "an unknown verb");
}

/* ---- digesting ------------------------------------------------------------------------------------------ */

static enum mlc_step looked(struct mlc_call *c, const struct qbd_shape *s, const struct answer *a)
{
	const xmlNode *record = mlc_xml_first(a->rs);
	json_t *data;
	enum mlc_step step;

	if (a->code == 1 || a->code == 500 || (answer_is_well(a) && !record))
		return refuse(c, MLC_STALE, "it is not in QuickBooks any more");
	if (!answer_is_well(a))
		return refuse(c, qbd_status(a->code)->create == MLC_RETRY ? MLC_RETRY : MLC_REFUSED,
			answer_words(c, a));
	if (strcmp(mlc_xml_child_text(c, record, "EditSequence"), c->writes->version))
		return refuse(c, MLC_STALE, "it was changed in QuickBooks since we read it");
	data = json_deep_copy(c->writes->data);
	for (const struct mlc_field *f = next_lines(c->entity->fields, data); f; f = next_lines(f + 1, data))
		keep_line_ids(c, f, data, record);
	if (pays_anew(c->entity, data))
		release_the_rest(c, data, record);
	step = ask_update(c, s, data);
	json_decref(data);
	return step;
}

static enum mlc_step settle(struct mlc_call *c, const struct qbd_shape *s, const struct answer *a)
{
	const struct mlc_write *w = c->writes;
	const xmlNode *node = a->rs, *ret = NULL;
	struct mlc_xml buffer = { .call = c };
	struct mlc_record r = { .entity = c->entity->name,
		.deleted = w->verb == MLC_DO_DELETE };

	if (w->verb == MLC_DO_CREATE || w->verb == MLC_DO_UPDATE) {
		ret = mlc_xml_child(a->rs, c->host->format(c, "%sRet", s->entity));
		node = ret ? ret : mlc_xml_child(a->rs, "ErrorRecovery");
	}
	r.id = mlc_xml_child_text(c, node, id_member(s));
	if (!*r.id && w->id)
		r.id = w->id;
	if (!*r.id)
		return refuse(c, MLC_IN_DOUBT, "QuickBooks says that it was done, but not as which record");
	r.version = mlc_xml_child_text(c, node, "EditSequence");
	if (!*r.version)
		r.version = NULL;
	if (ret) {
		qbd_read_record(&buffer, c->entity, ret);
		r.text = buffer.failed ? NULL : buffer.text;
		r.text_len = buffer.failed ? 0 : buffer.len;
	}
	if (a->code)
		c->host->log(c, MLC_WARN, "%s", answer_words(c, a));
	c->host->settle(c, 0, &r);
	return MLC_DONE;
}

static enum mlc_step digest(struct mlc_call *c, const struct qbd_shape *s, const struct answer *a)
{
	const char *name = (const char *)a->rs->name;
	size_t len = strlen(name);
	const struct qbd_status *status = qbd_status(a->code);
	bool creates = c->writes->verb == MLC_DO_CREATE;

	if (len > 7 && !strcmp(name + len - 7, "QueryRs"))
		return looked(c, s, a);
	if (answer_is_well(a))
		return settle(c, s, a);
	return refuse(c, creates ? status->create : status->change, answer_words(c, a));
}

enum mlc_step qbd_write(struct mlc_call *c)
{
	const struct qbd_shape *s = qbd_shape(c->entity->name);
	struct answer a;
	enum mlc_step step;

	if (c->reply->kind == MLC_REPLY_NONE)
		return begin(c, s);
	if (c->reply->kind == MLC_REPLY_LOST)
		return refuse(c, MLC_IN_DOUBT, "nobody can tell whether QuickBooks did it");
	step = answer_open(c, &a) ? digest(c, s, &a) : refuse(c, a.fault, a.text);
	answer_close(&a);
	return step;
}
