/* write.c - creates one by one under their requestid; changes in batches, guarded by SyncToken.
 *
 * A create must not happen twice: each has a request of its own with the write's key as requestid, which
 * QuickBooks answers with the first result when it comes again (SOURCES.md 6).  A batch has no such key
 * for its items; what changes a record needs none, since its SyncToken counts once. */
#include "quickbooks_online.h"

#include <stdlib.h>

enum phase { LOOK, NAME, SENT, SENT_BATCH };

static const struct mlc_write *write_at(const struct mlc_call *c)
{
	return &c->writes[((const struct state *)c->state)->at];
}

/* ---- what goes out ----------------------------------------------------------------------------------------- */

static const char *operation_of(const struct mlc_call *c, enum mlc_verb verb)
{
	switch (verb) {
	case MLC_DO_CREATE:
	case MLC_DO_UPDATE:
		break;
	case MLC_DO_DELETE:
		return "delete";
	case MLC_DO_VOID:
		return strcmp(c->entity->name, "Payment") == 0 ? "include=void" : "void";
	}
	return NULL;
}

static bool is_reference(const struct mlc_call *c, const char *member)
{
	for (const struct mlc_field *f = c->entity->fields; f->name; f++)
		if (strcmp(f->name, member) == 0)
			return f->type == MLC_REF;
	return false;
}

/* What an update must be read for first: a sparse one cannot erase a member, and replaces an object as a whole. */
static bool needs_look(const struct mlc_call *c, const struct mlc_write *w)
{
	const char *name;
	json_t *v;

	if (w->verb != MLC_DO_UPDATE)
		return false;
	json_object_foreach(w->data, name, v)
		if (json_is_null(v) || (json_is_object(v) && !is_reference(c, name)))
			return true;
	return false;
}

static void put_identity(json_t *body, const struct mlc_write *w)
{
	json_object_set_new(body, "Id", json_string(w->id));
	json_object_set_new(body, "SyncToken", json_string(w->version ? w->version : "0"));
}

/* NULL: the write is refused, or a name is wanted first. */
static json_t *body_of(struct mlc_call *c, size_t i)
{
	const struct state *s = (const struct state *)c->state;
	const struct mlc_write *w = &c->writes[i];
	bool with_data = w->verb == MLC_DO_CREATE || w->verb == MLC_DO_UPDATE;
	const char *why;
	json_t *body = with_data ? qbo_wire(c, c->entity, w->data, &why) : json_object();

	if (!body) {
		if (!s->wanted)
			c->host->refuse(c, i, MLC_REFUSED, 0, "%s", why);
		return NULL;
	}
	if (w->verb == MLC_DO_CREATE)
		return body;
	put_identity(body, w);
	if (with_data || strcmp(c->entity->name, "Payment") == 0)
		json_object_set_new(body, "sparse", json_true());
	return body;
}

static enum mlc_step next_write(struct mlc_call *);
static enum mlc_step proceed(struct mlc_call *);

static enum mlc_step send_one(struct mlc_call *c, json_t *body)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_write *w = write_at(c);

	s->phase = SENT;
	return qbo_post(c, c->host->format(c, "/%s", qbo_word(c, c->entity)), operation_of(c, w->verb), w->key, body, c->entity);
}

/* ---- outcomes ------------------------------------------------------------------------------------------------ */

/* A name or number that is taken: perhaps by ourselves, before.  And where it is not a rule that is in the way for a
 * moment (6000), trouble of its own does not say that nothing was done. */
static enum mlc_fault of_write(const struct mlc_write *w, enum mlc_fault move, const char *words)
{
	bool taken = strstr(words, "code 6240") || strstr(words, "code 6140");

	if (w->verb == MLC_DO_CREATE && taken)
		return MLC_STALE;
	return move == MLC_RETRY && !strstr(words, "code 6000") ? MLC_IN_DOUBT : move;
}

/* Asked again under the same requestid, QuickBooks answers as the first time (SOURCES.md 6). */
static enum mlc_step in_doubt(struct mlc_call *c, const char *doing)
{
	const char *tid = c->host->header(c, "intuit_tid");

	return c->host->fail(c, MLC_IN_DOUBT, 0, "%s: QuickBooks broke down over it: %d%s%s", doing, c->reply->status,
		tid ? ", intuit_tid " : "", tid ? tid : "");
}

/* The record that answers writes[i], or the Fault that does. */
static void settle(struct mlc_call *c, size_t i, json_t *answer)
{
	const struct mlc_write *w = &c->writes[i];
	json_t *fault = json_object_get(answer, "Fault"), *record = json_object_get(answer, c->entity->name);
	struct mlc_record r;

	if (json_is_object(fault)) {
		const char *words;
		enum mlc_fault move = qbo_fault_of(c, fault, &words);

		if (w->verb == MLC_DO_DELETE && strstr(words, "code 610")) {
			c->host->settle(c, i, &(struct mlc_record){ .entity = c->entity->name, .id = w->id, .deleted = true });
			return;
		}
		c->host->refuse(c, i, of_write(w, move, words), move == MLC_LIMITED ? QBO_LIMITED_MS : 0, "%s", words);
		return;
	}
	if (!record || !qbo_look(c, c->entity, record, &r) || (w->id && strcmp(r.id, w->id) != 0)) {
		c->host->refuse(c, i, MLC_IN_DOUBT, 0, "QuickBooks answered 200 without the %s that was written", c->entity->name);
		return;
	}
	if (!r.deleted)
		r.data = json_incref(qbo_read(c, c->entity, record)); /* settle() takes it over, parse() keeps its own */
	c->host->settle(c, i, &r);
}

static json_t *fault_body(struct mlc_call *c)
{
	json_t *body = c->host->parse(c, c->reply->body, c->reply->body_len);

	return json_is_object(json_object_get(body, "Fault")) ? body : NULL;
}

static enum mlc_step digest_one(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *doing = c->host->format(c, "writing %s", c->entity->name);
	json_t *body;

	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply to a write of %s", c->entity->name);
	if (mlc_may_be_done(c->reply->status))
		return in_doubt(c, doing);
	/* A 400 speaks of this record alone, and so does a Fault within a 200; whatever else comes is about all of them. */
	body = c->reply->status == 400 || c->reply->status == 200 ? fault_body(c) : NULL;
	if (!body)
		body = qbo_answer(c, doing);
	if (!body)
		return MLC_FAIL;
	settle(c, s->at, body);
	s->at++;
	return next_write(c);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* People and firms are called by their DisplayName, all else by the whole name or its last part. */
static enum mlc_step ask_name(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct named *n = s->wanted;
	const char *member = strchr(n->name, ':') ? "FullyQualifiedName" : "Name";

	for (const struct mlc_field *f = n->entity->fields; f->name; f++)
		if (strcmp(f->name, "DisplayName") == 0 && !strchr(n->name, ':'))
			member = f->name;
	s->phase = NAME;
	return qbo_query(c, c->host->format(c, "select * from %s where %s = %s maxresults 2", n->entity->name, member,
		mlc_quoted(c, n->name)));
}

static enum mlc_step digest_name(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	struct mlc_record r;
	json_t *list;

	if (!qbo_rows(c, s->wanted->entity, "looking a name up", &list))
		return MLC_FAIL;
	s->wanted->count = json_array_size(list);
	if (s->wanted->count == 1 && qbo_look(c, s->wanted->entity, json_array_get(list, 0), &r))
		s->wanted->id = r.id;
	s->wanted = NULL;
	return proceed(c);
}

/* ---- reading first ----------------------------------------------------------------------------------------- */

static enum mlc_step look(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->phase = LOOK;
	return qbo_get(c, c->host->format(c, "/%s/%s", qbo_word(c, c->entity), mlc_percent(c, write_at(c)->id)), NULL);
}

/* body's members over those that are there; null takes one out. */
static void lay_over(json_t *there, json_t *body)
{
	const char *name;
	json_t *v;

	json_object_foreach(body, name, v) {
		json_t *old = json_object_get(there, name);

		if (json_is_null(v))
			json_object_del(there, name);
		else if (json_is_object(v) && json_is_object(old))
			lay_over(old, v);
		else
			json_object_set(there, name, v);
	}
}

/* The record as it is, with our changes laid over it, goes back as a whole. */
static enum mlc_step digest_look(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_write *w = write_at(c);
	json_t *answer, *there, *body;

	if (qbo_is_gone(c)) {
		c->host->refuse(c, s->at, MLC_REFUSED, 0, "%s %s is not there any more", c->entity->name, w->id);
		s->at++;
		return next_write(c);
	}
	answer = qbo_answer(c, "reading what is to be changed");
	if (!answer)
		return MLC_FAIL;
	there = json_object_get(answer, c->entity->name);
	if (!json_is_object(there) || !mlc_text(there, "Id"))
		return qbo_garbage(c, c->host->format(c, "a record of %s", c->entity->name));
	if (w->version && strcmp(mlc_text_or(there, "SyncToken", ""), w->version) != 0) {
		c->host->refuse(c, s->at, MLC_STALE, 0, "%s %s was changed meanwhile", c->entity->name, w->id);
		s->at++;
		return next_write(c);
	}
	body = body_of(c, s->at);
	if (!body) { /* the name first, and then it is read again */
		s->at += !s->wanted;
		return s->wanted ? ask_name(c) : next_write(c);
	}
	/* A full update: what is left out is erased (SOURCES.md 6). */
	there = json_deep_copy(there);
	lay_over(there, body);
	json_object_del(there, "sparse");
	json_object_del(there, "domain");
	json_object_del(there, "MetaData");
	json_decref(body);
	return send_one(c, there);
}

/* ---- batches --------------------------------------------------------------------------------------------------- */

static enum mlc_step send_batch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	static const char *const words[] = { [MLC_DO_UPDATE] = "update", [MLC_DO_DELETE] = "delete", [MLC_DO_VOID] = "void" };
	const char *items = "";

	for (size_t i = 0; i < c->write_count; i++) {
		json_t *body = s->refused & 1u << i ? NULL : body_of(c, i);
		size_t len;
		const char *text = body ? c->host->dump(c, body, c->entity, &len) : NULL;

		if (!body && s->wanted)
			return ask_name(c);
		if (!body) { /* this time or the last: it never leaves */
			s->refused |= 1u << i;
			continue;
		}
		if (!text)
			return MLC_FAIL;
		items = c->host->format(c, "%s%s{\"bId\":\"%zu\",\"operation\":\"%s\",\"%s\":%s}", items, *items ? "," : "", i,
			words[c->writes[i].verb], c->entity->name, text);
	}
	if (!*items)
		return MLC_DONE;
	s->phase = SENT_BATCH;
	qbo_get(c, "/batch", NULL);
	c->request->method = "POST";
	c->request->type = "application/json";
	c->request->body = c->host->format(c, "{\"BatchItemRequest\":[%s]}", items);
	c->request->body_len = strlen(c->request->body);
	c->request->repeatable = false;
	return MLC_SEND;
}

static enum mlc_step digest_batch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	uint32_t told = s->refused;
	json_t *answer, *list, *one;
	size_t i, k;

	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "no reply to a batch of %s", c->entity->name);
	if (mlc_may_be_done(c->reply->status))
		return in_doubt(c, c->host->format(c, "writing a batch of %s", c->entity->name));
	answer = qbo_answer(c, "writing a batch");
	if (!answer)
		return MLC_FAIL;
	list = json_object_get(answer, "BatchItemResponse");
	if (!json_is_array(list))
		return qbo_garbage(c, "an answer to a batch");
	json_array_foreach(list, k, one) {
		const char *id = mlc_text_or(one, "bId", "");

		i = (size_t)strtoul(id, NULL, 10);
		if (!*id || strspn(id, "0123456789") != strlen(id) || strlen(id) > 2 || i >= c->write_count || told & 1u << i)
			continue; /* nobody's */
		told |= 1u << i;
		settle(c, i, one);
	}
	for (i = 0; i < c->write_count; i++)
		if (!(told & 1u << i))
			c->host->refuse(c, i, MLC_IN_DOUBT, 0, "QuickBooks' answer to a batch does not speak of this one");
	return MLC_DONE;
}

/* ---- the call -------------------------------------------------------------------------------------------------- */

static bool goes_in_batch(const struct mlc_call *c)
{
	/* An item of a batch cannot void a payment, and a create must have its own requestid. */
	if (c->write_count < 2 || c->writes[0].verb == MLC_DO_CREATE || c->write_count > QBO_BATCH)
		return false;
	if (c->writes[0].verb == MLC_DO_VOID && strcmp(c->entity->name, "Payment") == 0)
		return false;
	for (size_t i = 0; i < c->write_count; i++)
		if (needs_look(c, &c->writes[i]))
			return false;
	return true;
}

static enum mlc_step next_write(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *body;

	for (; s->at < c->write_count; s->at++) {
		if (needs_look(c, write_at(c)))
			return look(c);
		body = body_of(c, s->at);
		if (body)
			return send_one(c, body);
		if (s->wanted)
			return ask_name(c);
	}
	return MLC_DONE;
}

static enum mlc_step proceed(struct mlc_call *c)
{
	return goes_in_batch(c) ? send_batch(c) : next_write(c);
}

enum mlc_step qbo_write(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	if (c->reply->kind == MLC_REPLY_NONE)
		return proceed(c);
	switch ((enum phase)s->phase) {
	case LOOK:
		return digest_look(c);
	case NAME:
		return digest_name(c);
	case SENT:
		return digest_one(c);
	case SENT_BATCH:
		return digest_batch(c);
	}
	return MLC_FAIL;
}
