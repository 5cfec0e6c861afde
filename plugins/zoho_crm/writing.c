/* writing.c - creates as one upsert (or insert), updates one by one with their version, deletes as one. */
#include "zoho.h"

enum phase { ASK, READ_ROWS, SENT, READ_LINKS, LINK, UNLINK };

static const char *trigger_of(const struct mlc_call *c)
{
	/* Left away, Zoho would start its workflows, approvals and blueprints (SOURCES.md 5). */
	return json_is_true(json_object_get(c->settings, "workflows")) ? "[\"workflow\",\"approval\",\"blueprint\"]" : "[]";
}

/* All that is not settled yet has the same fate; what has not been sent may simply be tried again. */
static enum mlc_step give_up(struct mlc_call *c, enum mlc_fault fault, uint32_t after_ms, const char *words)
{
	const struct state *s = (const struct state *)c->state;

	for (size_t i = s->at; i < c->write_count; i++) {
		bool was_sent = i < s->at + s->count;

		c->host->refuse(c, i, was_sent || fault == MLC_LIMITED || fault == MLC_AUTH ? fault : MLC_RETRY, after_ms,
			"%s", words);
	}
	return MLC_DONE;
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The record of write i as Zoho wants it. */
static const char *record_text(struct mlc_call *c, size_t i, json_t *extra)
{
	const struct mlc_write *w = &c->writes[i];
	json_t *record = json_copy(w->data);
	size_t len;

	json_object_update(record, extra);
	json_object_del(record, "Phone_Digits"); /* ours, not Zoho's */
	if (w->verb == MLC_DO_CREATE && !mlc_text(record, EXTERNAL))
		json_object_set_new(record, EXTERNAL, json_string(w->key));
	return c->host->dump(c, record, c->entity, &len);
}

static enum mlc_step send(struct mlc_call *c, const char *method, const char *path, const char *body)
{
	struct state *s = (struct state *)c->state;

	s->phase = SENT;
	return mlc_send_json(c, method, path, body, body ? strlen(body) : 0);
}

static enum mlc_step ask_create(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *list = "";

	s->count = c->write_count;
	for (size_t i = 0; i < c->write_count; i++) {
		const char *text = record_text(c, i, NULL);

		if (!text)
			return c->host->fail(c, MLC_BROKEN, 0, "a record is too large to be written");
		list = c->host->format(c, "%s%s%s", list, i ? "," : "", text);
	}
	/* An upsert that comes twice would add its rows twice: what has rows is inserted, and External_Id, which is
	 * unique, refuses the second one (SOURCES.md 5). */
	if (zoho_has_rows(c->entity))
		return send(c, "POST", c->host->format(c, API "/%s", c->entity->name),
			c->host->format(c, "{\"data\":[%s],\"trigger\":%s}", list, trigger_of(c)));
	return send(c, "POST", c->host->format(c, API "/%s/upsert", c->entity->name),
		c->host->format(c, "{\"data\":[%s],\"duplicate_check_fields\":[\"" EXTERNAL "\"],\"trigger\":%s}", list,
			trigger_of(c)));
}

static enum mlc_step ask_delete(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *ids = "";

	s->count = c->write_count;
	for (size_t i = 0; i < c->write_count; i++)
		ids = c->host->format(c, "%s%s%s", ids, i ? "," : "", c->writes[i].id);
	return send(c, "DELETE", mlc_query(c, c->host->format(c, API "/%s", c->entity->name), (const struct mlc_param[]){
		{ "ids", ids }, { "wf_trigger", json_is_true(json_object_get(c->settings, "workflows")) ? "true" : "false" },
		{ NULL, NULL } }), NULL);
}

static enum mlc_step ask_update(struct mlc_call *c, json_t *rows)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_write *w = &c->writes[s->at];
	const char **headers = (const char **)c->host->alloc(c, 2 * sizeof *headers);
	const char *text = record_text(c, s->at, rows);
	int64_t ms;

	if (!headers || !text)
		return c->host->fail(c, MLC_BROKEN, 0, "a record is too large to be written");
	s->count = 1;
	if (mlc_instant(mlc_stamp_of(c, w->version), &ms)) {
		headers[0] = c->host->format(c, "If-Unmodified-Since: %s", zoho_time(c, ms));
		c->request->headers = headers;
	}
	return send(c, "PUT", c->host->format(c, API "/%s/%s", c->entity->name, w->id),
		c->host->format(c, "{\"data\":[%s],\"trigger\":%s}", text, trigger_of(c)));
}

static const struct mlc_field *rows_field(const struct mlc_call *c, const json_t *data)
{
	for (const struct mlc_field *f = c->entity->fields; f->name; f++)
		if (f->type == MLC_LIST && json_is_array(json_object_get(data, f->name)))
			return f;
	return NULL;
}

static enum mlc_step next_update(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (s->at == c->write_count)
		return MLC_DONE;
	s->count = 0;
	if (!rows_field(c, c->writes[s->at].data))
		return ask_update(c, NULL);
	/* Rows stay by their own ids, which only the record itself tells (SOURCES.md 5). */
	s->phase = READ_ROWS;
	return mlc_get(c, c->host->format(c, API "/%s/%s", c->entity->name, c->writes[s->at].id));
}

/* Row by row over what stands there: the first over the first; what is left over goes. */
static enum mlc_step digest_rows(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_write *w = &c->writes[s->at];
	json_t *body = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;
	json_t *there = mlc_at(body, "data.0"), *rows = c->host->parse(c, "{}", 2);
	const char *words;

	if (!json_is_object(there)) {
		enum mlc_fault fault = c->reply->status == 204 ? MLC_STALE : c->reply->status == 200 ? MLC_BROKEN
			: zoho_fault(c, c->host->parse(c, c->reply->body, c->reply->body_len), c->reply->status, &words);

		s->count = 1;
		return give_up(c, fault, fault == MLC_LIMITED ? zoho_limited_ms(c, NULL) : 0,
			c->host->format(c, "reading the rows of %s %s: %d", c->entity->name, w->id, c->reply->status));
	}
	for (const struct mlc_field *f = c->entity->fields; f->name; f++) {
		json_t *want = f->type == MLC_LIST ? json_object_get(w->data, f->name) : NULL, *have, *list, *row;
		size_t i;

		if (!json_is_array(want))
			continue;
		have = json_object_get(there, f->name);
		list = json_array();
		json_array_foreach(want, i, row) {
			json_t *one = json_copy(row);
			const char *id = mlc_text(json_array_get(have, i), "id");

			if (id)
				json_object_set_new(one, "id", json_string(id));
			json_array_append_new(list, one);
		}
		for (; i < json_array_size(have); i++)
			json_array_append_new(list, json_pack("{s:s,s:n}", "id", mlc_text_or(json_array_get(have, i), "id", ""), "_delete"));
		json_object_set_new(rows, f->name, list);
	}
	return ask_update(c, rows);
}

/* ---- what came of it --------------------------------------------------------------------------- */

/* A record that is there already, or gone, is told so that the host matches or asks anew. */
static void refuse_entry(struct mlc_call *c, size_t i, json_t *entry)
{
	const struct mlc_write *w = &c->writes[i];
	const char *code = mlc_text_or(entry, "code", ""), *words;
	enum mlc_fault fault = zoho_fault(c, entry, 200, &words);
	bool at_id = strcmp(mlc_text_or(entry, "details.api_name", ""), "id") == 0;
	const char *there = mlc_text(entry, "details.duplicate_record.id");

	if (!there)
		there = mlc_text(entry, "details.id");
	if (w->verb == MLC_DO_DELETE && at_id && strcmp(code, "INVALID_DATA") == 0) {
		c->host->settle(c, i, &(struct mlc_record){ .entity = c->entity->name, .id = w->id, .deleted = true });
		return;
	}
	if (w->verb == MLC_DO_UPDATE && at_id && strcmp(code, "INVALID_DATA") == 0)
		fault = MLC_STALE; /* it was deleted: reading it says so */
	if (w->verb == MLC_DO_CREATE && strcmp(code, "DUPLICATE_DATA") == 0) {
		bool ours = !mlc_text(w->data, EXTERNAL) && strcmp(mlc_text_or(entry, "details.api_name", ""), EXTERNAL) == 0;

		/* By the key that only this write has: it came through the first time. */
		if (ours && there && zoho_is_id(there)) {
			c->host->settle(c, i, &(struct mlc_record){ .entity = c->entity->name, .id = there });
			return;
		}
		fault = MLC_STALE;
		if (there && zoho_is_id(there))
			c->host->emit(c, &(struct mlc_record){ .entity = c->entity->name, .id = there, .hint = true });
	}
	if (!*code || (fault == MLC_RETRY && strncmp(code, "INTERNAL", 8) == 0))
		fault = MLC_IN_DOUBT; /* nobody has said that it was not done */
	c->host->refuse(c, i, fault, fault == MLC_LIMITED ? zoho_limited_ms(c, entry) : 0, "%s", words);
}

static void settle_entry(struct mlc_call *c, size_t i, json_t *entry)
{
	const struct mlc_write *w = &c->writes[i];
	const char *id = mlc_text(entry, "details.id");
	struct mlc_record r = { .entity = c->entity->name, .id = w->id };
	json_t *record;

	if (!id || !zoho_is_id(id) || (w->id && strcmp(w->id, id) != 0)) {
		c->host->refuse(c, i, MLC_IN_DOUBT, 0, "Zoho says that it is written, but not as which record");
		return;
	}
	r.id = id;
	r.deleted = w->verb == MLC_DO_DELETE;
	/* No version: that of what stands there now takes all of the record.  What comes back is told from news by content. */
	if (w->verb == MLC_DO_CREATE && (record = c->host->parse(c, "{}", 2)) != NULL) {
		struct mlc_record made;

		json_object_update(record, w->data);
		json_object_set_new(record, "id", json_string(id));
		if (zoho_record(c, c->entity, record, &made))
			r.data = made.data;
	}
	c->host->settle(c, i, &r);
}

/* Envelopes are read entry by entry: no status says that all was done (SOURCES.md 5). */
static enum mlc_step digest_entries(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int status = c->reply->status;
	json_t *body = c->host->parse(c, c->reply->body, c->reply->body_len), *list = mlc_at(body, "data"), *entry;
	const char *words;
	size_t i;

	if (status == 412 || !json_is_array(list) || json_array_size(list) != s->count) {
		json_t *error = json_is_array(list) ? json_array_get(list, 0) : body;
		enum mlc_fault fault = zoho_fault(c, error, status, &words);

		/* A success that cannot be read is no proof of anything, nor are fewer entries than records; nor is a server
		 * that fell over. */
		if (json_is_array(list) ? status != 412 && json_array_size(list) != s->count : status < 300 && fault == MLC_BROKEN)
			return give_up(c, MLC_IN_DOUBT, 0,
				c->host->format(c, "Zoho answered %d with something that is no answer to a write", status));
		if (fault == MLC_RETRY && mlc_may_be_done(status))
			fault = MLC_IN_DOUBT;
		return give_up(c, fault, fault == MLC_LIMITED ? zoho_limited_ms(c, error) : 0,
			c->host->format(c, "writing %s: %d%s%s", c->entity->name, status, *words ? ": " : "", words));
	}
	json_array_foreach(list, i, entry) {
		if (strcmp(mlc_text_or(entry, "status", ""), "success") == 0)
			settle_entry(c, s->at + i, entry);
		else
			refuse_entry(c, s->at + i, entry);
	}
	s->at += s->count;
	s->count = 0;
	return c->writes[0].verb == MLC_DO_UPDATE ? next_update(c) : MLC_DONE;
}

/* ---- the products of a deal ---------------------------------------------------------------------- */

static const char *deal_of(const struct mlc_call *c)
{
	const struct mlc_write *w = &c->writes[0];
	const char *id = w->id ? w->id : mlc_text(w->data, "Deal.id");

	return id && zoho_is_id(id) ? id : NULL;
}

static enum mlc_step linked(struct mlc_call *c)
{
	c->host->settle(c, 0, &(struct mlc_record){ .entity = c->entity->name, .id = deal_of(c) });
	return MLC_DONE;
}

static bool is_among(json_t *list, const char *member, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (strcmp(mlc_text_or(one, member, ""), id) == 0)
			return true;
	return false;
}

static enum mlc_step ask_unlink(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (!*s->ids)
		return linked(c);
	s->phase = UNLINK;
	return mlc_send_json(c, "DELETE", mlc_query(c, c->host->format(c, API "/Deals/%s/Products", deal_of(c)),
		(const struct mlc_param[]){ { "ids", s->ids }, { NULL, NULL } }), NULL, 0);
}

static enum mlc_step digest_links(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *want = mlc_at(c->writes[0].data, "Products"), *have, *one;
	const char *add = "";
	enum mlc_step failed;
	size_t i, count = 0;

	if (c->reply->status == 400) /* no such deal: the host looks again */
		return give_up(c, MLC_STALE, 0, "the deal is not there");
	have = zoho_list(c, "data", "reading a deal's products", &failed);
	if (!have)
		return failed;
	if (zoho_has_more(c))
		return give_up(c, MLC_REFUSED, 0, "the deal has over 200 products: what is to go cannot be told");
	*s->ids = 0;
	json_array_foreach(have, i, one) {
		const char *id = mlc_text_or(one, "id", "");

		if (!zoho_is_id(id) || is_among(want, "Product.id", id) || strlen(s->ids) + 21 >= sizeof s->ids)
			continue;
		mlc_append(s->ids, sizeof s->ids, *s->ids ? "," : "");
		mlc_append(s->ids, sizeof s->ids, id);
	}
	json_array_foreach(want, i, one) {
		const char *id = mlc_text_or(one, "Product.id", "");

		if (!zoho_is_id(id) || is_among(have, "id", id) || strstr(add, c->host->format(c, "\"%s\"", id)))
			continue;
		if (++count > BATCH)
			return give_up(c, MLC_REFUSED, 0, "a deal takes 100 products at a time");
		add = c->host->format(c, "%s%s{\"id\":\"%s\"}", add, *add ? "," : "", id);
	}
	if (!count)
		return ask_unlink(c);
	s->phase = LINK;
	add = c->host->format(c, "{\"data\":[%s]}", add);
	return mlc_send_json(c, "PUT", c->host->format(c, API "/Deals/%s/Products", deal_of(c)), add, strlen(add));
}

static enum mlc_step digest_linked(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *body = c->host->parse(c, c->reply->body, c->reply->body_len), *list = mlc_at(body, "data"), *entry;
	const char *words;
	size_t i;

	json_array_foreach(list, i, entry)
		if (strcmp(mlc_text_or(entry, "status", ""), "success") != 0) {
			enum mlc_fault fault = zoho_fault(c, entry, c->reply->status, &words);

			return give_up(c, fault, fault == MLC_LIMITED ? zoho_limited_ms(c, entry) : 0, words);
		}
	if (!json_is_array(list) || json_array_size(list) == 0) {
		enum mlc_fault fault = zoho_fault(c, body, c->reply->status, &words);

		return give_up(c, fault, fault == MLC_LIMITED ? zoho_limited_ms(c, body) : 0,
			c->host->format(c, "linking products: %d %s", c->reply->status, words));
	}
	return s->phase == LINK ? ask_unlink(c) : linked(c);
}

static enum mlc_step write_links(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->count = 1;
	if (!deal_of(c))
		return give_up(c, MLC_REFUSED, 0, "the products of which deal? Deal holds no id");
	if (c->reply->kind == MLC_REPLY_HERE)
		return s->phase == READ_LINKS ? digest_links(c) : digest_linked(c);
	s->phase = READ_LINKS;
	return mlc_get(c, c->host->format(c, API "/Deals/%s/Products?fields=Product_Name&per_page=%d", deal_of(c), PER_PAGE));
}

/* -------------------------------------------------------------------------------------------------- */

static enum mlc_step begin(struct mlc_call *c)
{
	for (size_t i = 0; i < c->write_count; i++)
		if (c->writes[i].id && !zoho_is_id(c->writes[i].id))
			return c->host->fail(c, MLC_REFUSED, 0, "'%s' is no id of a record of Zoho CRM", c->writes[i].id);
	switch (c->writes[0].verb) {
	case MLC_DO_CREATE:
		return ask_create(c);
	case MLC_DO_UPDATE:
		return next_update(c);
	case MLC_DO_DELETE:
		return ask_delete(c);
	case MLC_DO_VOID:
		break;
	}
	return c->host->fail(c, MLC_REFUSED, 0, "Zoho CRM has nothing like voiding a record");
}

enum mlc_step zoho_write(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	if (c->reply->kind == MLC_REPLY_LOST)
		return s->count ? give_up(c, MLC_IN_DOUBT, 0, "no reply came") : c->host->fail(c, MLC_IN_DOUBT, 0, "no reply came");
	if (c->entity == &zoho_entities[DEAL_PRODUCTS])
		return write_links(c);
	if (c->reply->kind != MLC_REPLY_HERE)
		return begin(c);
	return s->phase == READ_ROWS ? digest_rows(c) : digest_entries(c);
}
