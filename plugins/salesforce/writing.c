/* writing.c - creating, changing, deleting: each in as few calls as Salesforce lets us, each record with
 * an outcome of its own.
 *
 * What has no lines goes by the hundred: one composite writes a collection and reads it back, so that what
 * is settled is what stands there.  A document and its lines go alone, all of it or nothing.
 *
 *   create, flat       WRITE
 *   update, delete     CHECK (is each still what we knew?) -> WRITE
 *   create, with lines WRITE, and when our key is there already: LOOK
 *   update, with lines CHECK, which brings the lines -> WRITE                                       */
#include "salesforce.h"

#define HEAVY_MAX 5 /* collections and queries in one composite (SOURCES.md 3) */

enum phase { FRESH, CHECK, WRITE, LOOK };

/* ---- a composite under construction ------------------------------------------------------------ */

struct parts {
	const char *text;
	unsigned heavy;
};

static void add_part(struct mlc_call *c, struct parts *p, const char *ref, const char *method, const char *url, const char *body)
{
	p->text = c->host->format(c, "%s%s{\"method\":\"%s\",\"url\":\"%s\",\"referenceId\":\"%s\"%s%s}", p->text ? p->text : "",
		p->text ? "," : "", method, url, ref, body ? ",\"body\":" : "", body ? body : "");
}

static void add_parts(struct mlc_call *c, struct parts *p, const struct parts *more)
{
	if (more->text)
		p->text = p->text ? c->host->format(c, "%s,%s", p->text, more->text) : more->text;
	p->heavy += more->heavy;
}

static const char *query_path(struct mlc_call *c, const char *columns, const char *where)
{
	const char *soql = c->host->format(c, "SELECT %s FROM %s WHERE %s", columns, c->entity->name, where);

	return c->host->format(c, "%s?q=%s", sf_path(c, "/query"), mlc_percent(c, soql));
}

static void add_read(struct mlc_call *c, struct parts *p, const char *where)
{
	add_part(c, p, "read", "GET", query_path(c, sf_columns(c, c->entity), where), NULL);
	p->heavy++;
}

/* A collection of records, each text of an object; deletes have their ids in the address instead. */
static void add_collection(struct mlc_call *c, struct parts *p, const char *ref, const char *method, const char *tail,
	const char *records, bool all_or_none)
{
	const char *body = c->host->format(c, "{\"allOrNone\":%s,\"records\":[%s]}", all_or_none ? "true" : "false", records);

	add_part(c, p, ref, method, c->host->format(c, "%s%s", sf_path(c, "/composite/sobjects"), tail), body);
	p->heavy++;
}

static enum mlc_step send_parts(struct mlc_call *c, const struct parts *p, bool all_or_none, bool repeatable)
{
	const char *body = c->host->format(c, "{\"allOrNone\":%s,\"collateSubrequests\":false,\"compositeRequest\":[%s]}",
		all_or_none ? "true" : "false", p->text);
	const char *duplicates = mlc_known(c->settings, "duplicates");
	const char **headers = (const char **)c->host->alloc(c, 2 * sizeof *headers);

	if (!headers || !*body)
		return c->host->fail(c, MLC_REFUSED, 0, "it is too large");
	if (duplicates && strcmp(duplicates, "allow") == 0)
		headers[0] = "Sforce-Duplicate-Rule-Header: allowSave=true";
	((struct state *)c->state)->phase = WRITE;
	c->request->headers = headers;
	c->request->repeatable = repeatable;
	return mlc_send_json(c, "POST", sf_path(c, "/composite"), body, strlen(body));
}

static const char *quoted(struct mlc_call *c, const char *text)
{
	const char *out = c->host->dump(c, json_string(text), NULL, NULL);

	return out ? out : "\"\"";
}

/* "'a','b'": of the writes that are still to be done. */
static const char *list_of(struct mlc_call *c, bool keys)
{
	const struct state *s = (const struct state *)c->state;
	const char *list = "";

	for (size_t i = 0; i < c->write_count; i++)
		if (s->todo[i])
			list = c->host->format(c, "%s%s%s", list, *list ? "," : "",
				keys ? sf_literal(c, c->writes[i].key) : c->host->format(c, "'%s'", c->writes[i].id));
	return list;
}

static size_t count_todo(const struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;
	size_t count = 0;

	for (size_t i = 0; i < c->write_count; i++)
		count += s->todo[i];
	return count;
}

static bool is_keyed(const struct mlc_call *c)
{
	return (c->entity->flags & MLC_KEYED) != 0;
}

/* ---- outcomes ------------------------------------------------------------------------------------ */

/* "duplicate value found: X__c duplicates value on record with id: 001..." */
static const char *other_record(struct mlc_call *c, json_t *error)
{
	const char *at = strstr(mlc_text_or(error, "message", ""), "with id: ");
	const char *id = at ? c->host->format(c, "%.*s", (int)strspn(at + 9,
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), at + 9) : "";

	return sf_is_id(id) ? id : NULL;
}

static void refuse(struct mlc_call *c, size_t i, json_t *error)
{
	uint32_t after;
	enum mlc_fault fault = sf_fault(c, error, &after);
	enum mlc_verb verb = c->writes[i].verb;

	if (verb == MLC_DO_DELETE && strcmp(sf_error_code(error), "ENTITY_IS_DELETED") == 0) {
		c->host->settle(c, i, &(struct mlc_record){ .entity = c->entity->name, .id = c->writes[i].id, .deleted = true });
		return;
	}
	if (verb == MLC_DO_CREATE && strcmp(sf_error_code(error), "DUPLICATE_VALUE") == 0) {
		const char *id = other_record(c, error);

		if (id) /* somebody was faster: that one is looked at before another is made */
			c->host->emit(c, &(struct mlc_record){ .entity = c->entity->name, .id = id, .hint = true });
		fault = MLC_STALE;
	} else if (json_array_size(mlc_at(error, "fields")) && strcmp(sf_error_code(error), "ENTITY_IS_DELETED") == 0) {
		fault = MLC_RETRY; /* what it refers to is gone: merged, as the feed of deletions will tell */
	} else if (verb == MLC_DO_CREATE && fault == MLC_STALE) {
		fault = MLC_REFUSED;
	}
	c->host->refuse(c, i, fault, after, "%s", sf_words(c, error));
}

/* Done; with the record as it was read back, where it was. */
static void settle(struct mlc_call *c, size_t i, const char *id, json_t *rows)
{
	struct mlc_record r;

	if (!sf_record(c, sf_whole(c, c->entity), sf_row(rows, id), &r))
		r = (struct mlc_record){ .entity = c->entity->name, .id = id };
	r.deleted = c->writes[i].verb == MLC_DO_DELETE;
	c->host->settle(c, i, &r);
}

/* The part of a composite's answer that goes by this name. */
static json_t *part_of(json_t *list, const char *ref)
{
	json_t *part;
	size_t i;

	json_array_foreach(list, i, part)
		if (strcmp(mlc_text_or(part, "referenceId", ""), ref) == 0)
			return part;
	return NULL;
}

static json_t *rows_read(json_t *list)
{
	json_t *read = part_of(list, "read");

	return mlc_int_or(read, "httpStatusCode", 0) == 200 ? mlc_at(read, "body.records") : NULL;
}

/* MLC_FAIL for all that is left. */
static enum mlc_step failed_by(struct mlc_call *c, json_t *error)
{
	uint32_t after;
	enum mlc_fault fault = sf_fault(c, error, &after);

	return c->host->fail(c, fault, after, "writing %s: %s", c->entity->name, sf_words(c, error));
}

/* ---- flat records --------------------------------------------------------------------------------- */

static enum mlc_step send_flat(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_verb verb = c->writes[0].verb;
	const char *records = "", *tail = "", *why = NULL, *name = c->entity->name;
	struct parts p = { NULL, 0 };

	for (size_t i = 0; verb != MLC_DO_DELETE && i < c->write_count; i++) {
		const struct mlc_write *w = &c->writes[i];
		const char *head = c->host->format(c, "\"attributes\":{\"type\":\"%s\"}", name), *body;

		if (!s->todo[i])
			continue;
		if (verb == MLC_DO_UPDATE)
			head = c->host->format(c, "%s,\"id\":\"%s\"", head, w->id);
		else if (is_keyed(c))
			head = c->host->format(c, "%s,\"%s\":%s", head, SF_KEY, quoted(c, w->key));
		body = sf_body(c, c->entity, w->data, head, &why);
		if (!body) {
			s->todo[i] = false;
			c->host->refuse(c, i, MLC_REFUSED, 0, "%s", why);
			continue;
		}
		records = c->host->format(c, "%s%s%s}", records, *records ? "," : "", body);
	}
	if (!count_todo(c))
		return MLC_DONE;
	switch (verb) {
	case MLC_DO_CREATE:
		if (is_keyed(c))
			tail = c->host->format(c, "/%s/%s", name, SF_KEY);
		add_collection(c, &p, "write", is_keyed(c) ? "PATCH" : "POST", tail, records, false);
		if (is_keyed(c))
			add_read(c, &p, c->host->format(c, "%s IN (%s)", SF_KEY, list_of(c, true)));
		break;
	case MLC_DO_UPDATE:
		add_collection(c, &p, "write", "PATCH", "", records, false);
		add_read(c, &p, c->host->format(c, "Id IN (%s)", list_of(c, false)));
		break;
	case MLC_DO_DELETE:
	case MLC_DO_VOID:
		break;
	}
	return send_parts(c, &p, false, verb == MLC_DO_UPDATE || is_keyed(c));
}

/* A delete is a request of its own; its ids stand in the address. */
static enum mlc_step send_deletes(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *ids = "";

	for (size_t i = 0; i < c->write_count; i++)
		if (s->todo[i])
			ids = c->host->format(c, "%s%s%s", ids, *ids ? "," : "", c->writes[i].id);
	s->phase = WRITE;
	c->request->method = "DELETE";
	c->request->path = c->host->format(c, "%s?ids=%s&allOrNone=false", sf_path(c, "/composite/sobjects"), ids);
	c->request->repeatable = true; /* a second one is told that it is gone */
	return MLC_SEND;
}

static enum mlc_step digest_outcomes(struct mlc_call *c, json_t *outcomes, json_t *rows)
{
	struct state *s = (struct state *)c->state;
	size_t at = 0;

	if (!json_is_array(outcomes) || json_array_size(outcomes) != count_todo(c))
		return sf_garbage(c, "an outcome for each record");
	for (size_t i = 0; i < c->write_count; i++) {
		json_t *one = s->todo[i] ? json_array_get(outcomes, at++) : NULL, *error = sf_error(mlc_at(one, "errors"));
		const char *id = mlc_text(one, "id");

		if (!s->todo[i])
			continue;
		if (json_is_true(mlc_at(one, "success")) && id && sf_is_id(id))
			settle(c, i, id, rows);
		else if (error)
			refuse(c, i, error);
		else
			c->host->refuse(c, i, MLC_BROKEN, 0, "Salesforce does not say what became of it");
	}
	return MLC_DONE;
}

static enum mlc_step digest_flat(struct mlc_call *c)
{
	json_t *body = c->host->parse(c, c->reply->body, c->reply->body_len), *list, *part;

	if (c->writes[0].verb == MLC_DO_DELETE)
		return digest_outcomes(c, body, NULL);
	list = mlc_at(body, "compositeResponse");
	part = part_of(list, "write");
	if (!part)
		return sf_garbage(c, "the answer to a composite");
	if (mlc_int_or(part, "httpStatusCode", 0) != 200) {
		json_t *error = sf_error(mlc_at(part, "body"));

		return error ? failed_by(c, error) : sf_garbage(c, "the answer to a collection");
	}
	return digest_outcomes(c, mlc_at(part, "body"), rows_read(list));
}

/* ---- documents with lines --------------------------------------------------------------------------- */

static const char *line_key(struct mlc_call *c, json_t *line, const char *document, size_t n)
{
	const char *own = mlc_text(line, SF_KEY);

	return own ? own : c->host->format(c, "%s-%zu", document, n + 1);
}

/* The line that stands there and is this one: by its id, else by its key. */
static json_t *line_there(json_t *rows, json_t *line, const char *key)
{
	const char *id = mlc_text(line, "Id");
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (id ? strcmp(mlc_text_or(row, "Id", ""), id) == 0 : strcmp(mlc_text_or(row, SF_KEY, ""), key) == 0)
			return row;
	return NULL;
}

static bool same_price(json_t *row, json_t *line)
{
	const char *wanted = mlc_text(line, "PricebookEntryId.id");

	return !wanted || strncmp(mlc_text_or(row, "PricebookEntryId", ""), wanted, 15) == 0;
}

/* Records in collections of 200, each as a part of its own. */
struct batch {
	const char *method, *tail, *ref;
	const char *records;
	unsigned count, made;
};

static void flush(struct mlc_call *c, struct parts *p, struct batch *b)
{
	if (!b->count)
		return;
	add_collection(c, p, c->host->format(c, "%s%u", b->ref, ++b->made), b->method, b->tail, b->records, true);
	b->records = "";
	b->count = 0;
}

static void add_record(struct mlc_call *c, struct parts *p, struct batch *b, const char *body)
{
	b->records = c->host->format(c, "%s%s%s}", b->records, b->count ? "," : "", body);
	if (++b->count == SF_BATCH)
		flush(c, p, b);
}

/* The member by which a line names its document, which is the document's own name and Id. */
static const char *parent_member(struct mlc_call *c)
{
	return c->host->format(c, "%sId", c->entity->name);
}

struct document {
	const char *id;  /* or "@{doc.id}", while it is being made */
	const char *key; /* keys of lines without one derive from it */
};

/* What of these lines is to be taken away (before), changed and made (behind).  Lines are not moved to
 * another product: such a one is taken away and made anew. */
static bool add_lines(struct mlc_call *c, struct parts *before, struct parts *behind, json_t *wanted, json_t *rows,
	const struct document *d, const char **why)
{
	const struct mlc_field *field = sf_lines_field(c->entity);
	const struct mlc_entity *part = sf_part(field->of);
	struct batch fresh = { "POST", "", "made", "", 0, 0 }, kept = { "PATCH", "", "kept", "", 0, 0 };
	const char *gone = "", *type = c->host->format(c, "\"attributes\":{\"type\":\"%s\"}", part->name);
	json_t *line, *row;
	size_t i, k;

	json_array_foreach(rows, i, row) {
		bool stays = false;

		json_array_foreach(wanted, k, line)
			stays |= line_there(rows, line, line_key(c, line, d->key, k)) == row && same_price(row, line);
		if (!stays)
			gone = c->host->format(c, "%s%s%s", gone, *gone ? "," : "", mlc_text_or(row, "Id", ""));
	}
	json_array_foreach(wanted, k, line) {
		const char *key = line_key(c, line, d->key, k), *head, *body;

		row = line_there(rows, line, key);
		if (row && same_price(row, line)) {
			json_t *rest = json_copy(line);

			json_object_del(rest, "PricebookEntryId");
			head = c->host->format(c, "%s,\"id\":\"%s\"", type, mlc_text_or(row, "Id", ""));
			body = sf_body(c, part, rest, head, why);
			json_decref(rest);
		} else {
			head = c->host->format(c, "%s,\"%s\":\"%s\",\"%s\":%s", type, parent_member(c), d->id, SF_KEY, quoted(c, key));
			body = sf_body(c, part, line, head, why);
		}
		if (!body)
			return false;
		add_record(c, behind, row && same_price(row, line) ? &kept : &fresh, body);
	}
	flush(c, behind, &kept);
	flush(c, behind, &fresh);
	if (*gone) {
		add_part(c, before, "gone", "DELETE",
			c->host->format(c, "%s?ids=%s&allOrNone=true", sf_path(c, "/composite/sobjects"), gone), NULL);
		before->heavy++;
	}
	return true;
}

static enum mlc_step refuse_one(struct mlc_call *c, const char *why)
{
	c->host->refuse(c, 0, MLC_REFUSED, 0, "%s", why);
	return MLC_DONE;
}

static enum mlc_step send_document(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_write *w = &c->writes[0];
	const char *lines_name = sf_lines_field(c->entity)->name, *why = NULL, *body, *where;
	json_t *wanted = json_object_get(w->data, lines_name);
	bool create = w->verb == MLC_DO_CREATE;
	struct document d = { create ? "@{doc.id}" : w->id, create ? w->key : mlc_text_or(s->current, SF_KEY, w->id) };
	struct parts p = { NULL, 0 }, lines = { NULL, 0 };

	if (json_is_null(wanted)) /* erased: no lines are wanted */
		wanted = c->host->parse(c, "[]", 2);
	if (create) {
		body = sf_body(c, c->entity, w->data, c->host->format(c, "\"%s\":%s", SF_KEY, quoted(c, w->key)), &why);
		where = c->host->format(c, "%s = %s", SF_KEY, sf_literal(c, w->key));
	} else {
		body = sf_body(c, c->entity, w->data, "", &why);
		where = c->host->format(c, "Id = '%s'", w->id);
	}
	if (!body)
		return refuse_one(c, why);
	body = c->host->format(c, "%s}", body);
	/* What goes, goes first: with no line left the price book may change before others come. */
	if (wanted && !add_lines(c, &p, &lines, wanted, mlc_at(s->current, "records"), &d, &why))
		return refuse_one(c, why);
	if (create)
		add_part(c, &p, "doc", "POST", sf_path(c, c->host->format(c, "/sobjects/%s", c->entity->name)), body);
	else if (strcmp(body, "{}") != 0)
		add_part(c, &p, "doc", "PATCH", sf_path(c, c->host->format(c, "/sobjects/%s/%s", c->entity->name, w->id)), body);
	add_parts(c, &p, &lines);
	if (!p.text)
		return refuse_one(c, "there is nothing to write");
	add_read(c, &p, where);
	if (p.heavy > HEAVY_MAX)
		return refuse_one(c, "it has more lines than go in one call: 600, or fewer where many of them change");
	/* Sent twice, the second is refused: by our unique key, or for lines that are there or gone by then. */
	return send_parts(c, &p, true, create);
}

/* Of an answer in which all was undone: the part that was to blame.  NULL: all is well. */
static json_t *culprit(json_t *list)
{
	json_t *part, *one, *any = NULL;
	size_t i, k;

	json_array_foreach(list, i, part) {
		json_t *body = mlc_at(part, "body"), *error = NULL;

		if (mlc_int_or(part, "httpStatusCode", 0) >= 400)
			error = sf_error(body);
		json_array_foreach(body, k, one)
			if (json_is_false(mlc_at(one, "success"))) {
				json_t *inner = sf_error(mlc_at(one, "errors"));

				if (!error || strcmp(sf_error_code(error), "ALL_OR_NONE_OPERATION_ROLLED_BACK") == 0)
					error = inner;
			}
		if (error && (!any || strcmp(sf_error_code(any), "PROCESSING_HALTED") == 0
			|| strcmp(sf_error_code(any), "ALL_OR_NONE_OPERATION_ROLLED_BACK") == 0))
			any = error;
	}
	return any;
}

/* Our key is there: what we sent before did arrive. */
static enum mlc_step look(struct mlc_call *c)
{
	((struct state *)c->state)->phase = LOOK;
	return mlc_get(c, query_path(c, sf_columns(c, c->entity), c->host->format(c, "%s = %s", SF_KEY, sf_literal(c, c->writes[0].key))));
}

static enum mlc_step digest_look(struct mlc_call *c)
{
	json_t *rows = mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "records");
	const char *id = mlc_text(json_array_get(rows, 0), "Id");

	if (!json_is_array(rows))
		return sf_garbage(c, "a page of records");
	if (id)
		settle(c, 0, id, rows);
	else
		refuse(c, 0, ((struct state *)c->state)->current);
	return MLC_DONE;
}

static enum mlc_step digest_document(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list = mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "compositeResponse"), *error = culprit(list);
	json_t *rows = rows_read(list);
	const char *id = mlc_text(json_array_get(rows, 0), "Id");

	if (!json_is_array(list) || !json_array_size(list))
		return sf_garbage(c, "the answer to a composite");
	if (error) {
		s->current = error;
		if (c->writes[0].verb == MLC_DO_CREATE && strcmp(sf_error_code(error), "DUPLICATE_VALUE") == 0)
			return look(c);
		refuse(c, 0, error);
		return MLC_DONE;
	}
	if (!id)
		id = mlc_text(part_of(list, "doc"), "body.id");
	if (!id || !sf_is_id(id)) {
		c->host->refuse(c, 0, MLC_IN_DOUBT, 0, "Salesforce does not say what became of it");
		return MLC_DONE;
	}
	settle(c, 0, id, rows);
	return MLC_DONE;
}

/* ---- is it still what we knew? --------------------------------------------------------------------------- */

static enum mlc_step ask_check(struct mlc_call *c)
{
	const struct mlc_field *lines = sf_lines_field(c->entity);
	const char *columns = "Id,SystemModstamp";

	((struct state *)c->state)->phase = CHECK;
	if (lines)
		columns = c->host->format(c, "Id,SystemModstamp,%s,(SELECT Id,%s,PricebookEntryId FROM %s)", SF_KEY, SF_KEY, lines->name);
	return mlc_get(c, query_path(c, columns, c->host->format(c, "Id IN (%s)", list_of(c, false))));
}

static enum mlc_step send_all(struct mlc_call *c)
{
	if (c->writes[0].verb == MLC_DO_DELETE)
		return send_deletes(c);
	return sf_lines_field(c->entity) ? send_document(c) : send_flat(c);
}

static bool is_other_version(struct mlc_call *c, const char *known, const char *stamp)
{
	int64_t a, b;

	return mlc_instant(mlc_stamp_of(c, known), &a) && mlc_instant(stamp, &b) && a != b;
}

static enum mlc_step digest_check(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *rows = mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "records");
	const struct mlc_field *lines = sf_lines_field(c->entity);
	size_t left = 0;

	if (!json_is_array(rows))
		return sf_garbage(c, "a page of records");
	for (size_t i = 0; i < c->write_count; i++) {
		const struct mlc_write *w = &c->writes[i];
		json_t *row = s->todo[i] ? sf_row(rows, w->id) : NULL;

		if (!s->todo[i])
			continue;
		if (row && !is_other_version(c, w->version, mlc_text(row, "SystemModstamp"))) {
			left++;
			continue;
		}
		s->todo[i] = false;
		if (!row && w->verb == MLC_DO_DELETE)
			c->host->settle(c, i, &(struct mlc_record){ .entity = c->entity->name, .id = w->id, .deleted = true });
		else
			c->host->refuse(c, i, MLC_STALE, 0, row ? "it was changed in Salesforce meanwhile" : "it is not there any more");
	}
	if (!left)
		return MLC_DONE;
	if (lines) {
		json_t *there = json_object_get(json_array_get(rows, 0), lines->name);

		if (json_is_object(there) && !json_is_true(json_object_get(there, "done")))
			return refuse_one(c, "it has more lines than go in one call");
		s->current = json_is_object(there) ? there : json_array_get(rows, 0);
		if (json_is_object(there) && mlc_text(json_array_get(rows, 0), SF_KEY))
			json_object_set(there, SF_KEY, json_object_get(json_array_get(rows, 0), SF_KEY));
	}
	return send_all(c);
}

/* ---- write -------------------------------------------------------------------------------------------------- */

static enum mlc_step begin(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (sf_is_stranger(c))
		return MLC_FAIL;
	for (size_t i = 0; i < c->write_count; i++) {
		s->todo[i] = c->writes[i].verb == MLC_DO_CREATE || (c->writes[i].id && sf_is_id(c->writes[i].id));
		if (!s->todo[i])
			c->host->refuse(c, i, MLC_REFUSED, 0, "'%.40s' is no id of Salesforce", c->writes[i].id ? c->writes[i].id : "");
	}
	return c->writes[0].verb == MLC_DO_CREATE ? send_all(c) : count_todo(c) ? ask_check(c) : MLC_DONE;
}

/* Of what is made nobody knows how far it came; and while we look for what bears our key, it is there.  Either way the same key
 * goes again, and no other. */
static bool may_be_there(const struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	return s->phase == LOOK || (s->phase == WRITE && mlc_may_be_done(c->reply->status));
}

enum mlc_step sf_write(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step = MLC_FAIL;

	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply came");
	if (c->reply->kind != MLC_REPLY_HERE)
		return begin(c);
	if (c->reply->status != 200) {
		return c->writes[0].verb == MLC_DO_CREATE && may_be_there(c) ? c->host->fail(c, MLC_IN_DOUBT, 0,
			"making %s: Salesforce broke down over it (%d)", c->entity->name, c->reply->status) : sf_failed(c, "writing");
	}
	switch ((enum phase)s->phase) {
	case FRESH:
		break;
	case CHECK:
		step = digest_check(c);
		break;
	case WRITE:
		step = sf_lines_field(c->entity) && c->writes[0].verb != MLC_DO_DELETE ? digest_document(c) : digest_flat(c);
		break;
	case LOOK:
		step = digest_look(c);
		break;
	}
	return step;
}
