/* writing.c - what is written to Zendesk: one record, or many organizations as one of its jobs. */
#include "zendesk.h"

#include <strings.h>

#define JOB_LEAST 6      /* fewer are written one by one: a job takes its time */
#define JOB_LOOKS 120    /* at a job, before we write one by one all the same */
#define JOB_PAUSE 1000u  /* ms between two looks, and more each time */
#define JOB_PAUSE_MOST 5000u

enum phase { WRITE, EXISTING, MAKE_FIELD, FILL_FIELDS, IDENTITIES, MAKE_PRIMARY, READ_BACK, JOB, JOB_LOOK, JOB_READ };

static const char *const verbs[] = { [MLC_DO_CREATE] = "making", [MLC_DO_UPDATE] = "changing", [MLC_DO_DELETE] = "deleting",
	[MLC_DO_VOID] = "voiding" };

static const struct mlc_write *the_write(const struct mlc_call *c)
{
	return &c->writes[((const struct state *)c->state)->current];
}

static const char *doing(struct mlc_call *c)
{
	const struct mlc_write *w = the_write(c);

	return c->host->format(c, "%s %s%s%s", verbs[w->verb], c->entity->name, w->id ? " " : "", w->id ? w->id : "");
}

/* ---- what goes out ----------------------------------------------------------------------- */

/* {"id": "123"} as 123; false: it has only a name. */
static bool flatten(json_t *record, const char *member)
{
	json_t *ref = json_object_get(record, member), *id = json_object_get(ref, "id");
	int64_t number;

	if (!json_is_object(ref))
		return true;
	if (json_is_string(id) && mlc_span_int((struct mlc_span){ json_string_value(id), json_string_length(id) }, &number))
		return json_object_set_new(record, member, json_integer(number)) == 0;
	return json_is_integer(id) && json_object_set(record, member, id) == 0;
}

/* The record as Zendesk wants it, wrapped; NULL: *why. */
static json_t *wrapped(struct mlc_call *c, int entity, const struct mlc_write *w, const char **why)
{
	const struct resource *resource = &zen_resources[entity];
	json_t *record = json_copy(w->data);

	*why = "no memory left";
	for (const char *const *ref = resource->refs; record && *ref; ref++)
		if (!flatten(record, *ref)) {
			*why = c->host->format(c, "%s is given by a name: Zendesk wants an id", *ref);
			json_decref(record);
			return NULL;
		}
	if (!record)
		return NULL;
	if (w->verb == MLC_DO_CREATE) {
		/* By it a second create finds the first one. */
		if ((entity == ORGANIZATION || entity == CUSTOM_OBJECT_RECORD || (entity == USER && !mlc_text(record, "email")))
			&& !mlc_text(record, "external_id"))
			json_object_set_new(record, "external_id", json_string(w->key));
		if (entity == USER) /* nobody gets mail because of us */
			json_object_set_new(record, "skip_verify_email", json_true());
		if (entity == CUSTOM_OBJECT_RECORD)
			json_object_del(record, "custom_object_key");
	} else if (entity == TICKET && w->version) {
		json_object_set_new(record, "safe_update", json_true());
		json_object_set_new(record, "updated_stamp", json_string(w->version));
	}
	return json_pack("{s:o}", resource->one, record);
}

static const char *path_of(struct mlc_call *c, int entity, const struct mlc_write *w)
{
	const char *path = zen_resources[entity].path, *dash = w->id ? strchr(w->id, '-') : NULL;

	if (entity == CUSTOM_OBJECT_RECORD && w->verb == MLC_DO_CREATE) {
		const char *external_id = mlc_text(w->data, "external_id");

		return mlc_query(c, c->host->format(c, "%s/%s/records", path, mlc_percent(c, mlc_text_or(w->data, "custom_object_key", ""))),
			(const struct mlc_param[]){ { "external_id", external_id ? external_id : w->key }, { NULL, NULL } });
	}
	if (entity == CUSTOM_OBJECT_RECORD)
		return dash ? c->host->format(c, "%s/%.*s/records/%s", path, (int)(dash - w->id), w->id, mlc_percent(c, dash + 1)) : NULL;
	if (w->verb != MLC_DO_CREATE)
		return c->host->format(c, "%s/%s", path, mlc_percent(c, w->id));
	return entity == ORGANIZATION || entity == USER ? c->host->format(c, "%s/create_or_update", path) : path;
}

static const char *method_of(int entity, enum mlc_verb verb)
{
	if (verb == MLC_DO_DELETE)
		return "DELETE";
	if (entity == CUSTOM_OBJECT_RECORD)
		return "PATCH"; /* with an external id: make or change */
	if (entity == CUSTOM_OBJECT && verb == MLC_DO_UPDATE)
		return "PATCH";
	return verb == MLC_DO_CREATE ? "POST" : "PUT";
}

static enum mlc_step send(struct mlc_call *c, const char *method, const char *path, json_t *value)
{
	size_t len = 0;
	const char *body = value ? c->host->dump(c, value, NULL, &len) : NULL;

	if (value && !body)
		return c->host->fail(c, MLC_REFUSED, 0, "%s: what is to be written cannot be put into JSON", doing(c));
	return mlc_send_json(c, method, path, body, len);
}

static enum mlc_step ask_write(struct mlc_call *c)
{
	const struct mlc_write *w = the_write(c);
	int entity = zen_entity_at(c->entity);
	const char *path = path_of(c, entity, w), *why, **headers;
	json_t *value = NULL;

	if (!path)
		return c->host->fail(c, MLC_REFUSED, 0, "'%s' is no id of a %s", w->id, c->entity->name);
	if (w->verb != MLC_DO_DELETE) {
		value = wrapped(c, entity, w, &why);
		if (!value)
			return c->host->fail(c, MLC_REFUSED, 0, "%s: %s", doing(c), why);
	}
	if (entity == TICKET && w->verb == MLC_DO_CREATE) {
		headers = (const char **)c->host->alloc(c, 2 * sizeof *headers);
		if (headers)
			headers[0] = c->host->format(c, "Idempotency-Key: %s", w->key);
		c->request->headers = headers;
	}
	return send(c, method_of(entity, w->verb), path, value);
}

/* ---- what came back ---------------------------------------------------------------------- */

/* The next one that has no outcome yet, by itself; DONE: each has one. */
static enum mlc_step next_write(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->phase = WRITE;
	while (s->current < c->write_count && s->has_outcome[s->current])
		s->current++;
	return s->current < c->write_count ? ask_write(c) : MLC_DONE;
}

static enum mlc_step settled(struct mlc_call *c, const struct mlc_record *r)
{
	struct state *s = (struct state *)c->state;

	c->host->settle(c, s->current, r);
	s->has_outcome[s->current] = true;
	return next_write(c);
}

/* This one has failed, and harms no other; but where the log-in is meant, all that follow are. */
static enum mlc_step lose(struct mlc_call *c, enum mlc_fault fault, uint32_t after_ms, const char *words)
{
	struct state *s = (struct state *)c->state;

	if (c->write_count == 1)
		return c->host->fail(c, fault, after_ms, "%s", words);
	do {
		if (!s->has_outcome[s->current])
			c->host->refuse(c, s->current, fault, after_ms, "%s", words);
		s->has_outcome[s->current] = true;
	} while ((fault == MLC_LIMITED || fault == MLC_AUTH) && ++s->current < c->write_count);
	return next_write(c);
}

static enum mlc_step lose_reply(struct mlc_call *c, const char *what)
{
	uint32_t after_ms;
	const char *words;
	enum mlc_fault fault = zen_fault(c, what, &after_ms, &words);

	return lose(c, fault, after_ms, words);
}

static enum mlc_step settle(struct mlc_call *c, json_t *one)
{
	int entity = zen_entity_at(c->entity);
	struct mlc_record r;

	/* It happened, but what?  Whoever looks finds out. */
	if (!zen_record(c, entity, one, &r))
		return lose(c, MLC_IN_DOUBT, 0, c->host->format(c, "%s: the reply does not say what was written", doing(c)));
	return settled(c, &r);
}

static enum mlc_step settle_deleted(struct mlc_call *c)
{
	const struct mlc_record r = { .entity = c->entity->name, .id = the_write(c)->id, .deleted = true };

	return settled(c, &r);
}

/* Where an entity keeps what an account has added; NULL: nowhere. */
static const char *values_of(int entity)
{
	return entity == ORGANIZATION ? "organization_fields" : entity == USER ? "user_fields" : NULL;
}

/* Zendesk says nothing of fields that it does not know (SOURCES.md 8): those that were written and are not in its
 * reply, to be made one after the other.  *empty: one that is there, but was made, perhaps for another record, after
 * Zendesk had looked at ours; or NULL. */
static void note_missing(struct mlc_call *c, int entity, json_t *data, json_t *one, const char **empty)
{
	struct state *s = (struct state *)c->state;
	const char *member = values_of(entity), *key;
	json_t *wanted = member ? json_object_get(data, member) : NULL, *value;

	s->missing = (const char **)c->host->alloc(c, (json_object_size(wanted) + 1) * sizeof *s->missing);
	s->missing_count = s->at = 0;
	*empty = NULL;
	json_object_foreach(wanted, key, value) {
		json_t *there = json_object_get(json_object_get(one, member), key);

		if (json_is_null(value) || (json_is_string(value) && !json_string_length(value)))
			continue;
		if (s->missing && !there)
			s->missing[s->missing_count++] = key;
		else if (json_is_null(there))
			*empty = key;
	}
}

static enum mlc_step fill_fields(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = zen_entity_at(c->entity);
	const struct resource *resource = &zen_resources[entity];

	s->phase = FILL_FIELDS;
	return send(c, "PUT", c->host->format(c, "%s/%s", resource->path, s->id),
		json_pack("{s:{s:O}}", resource->one, values_of(entity), json_object_get(the_write(c)->data, values_of(entity))));
}

static enum mlc_step make_next_field(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *key = s->at < s->missing_count ? s->missing[s->at] : NULL, *wrong = NULL;
	json_t *field;

	if (!key)
		return fill_fields(c);
	field = zen_entity_at(c->entity) == ORGANIZATION ? zen_field_allowed(c, key, &wrong) : NULL;
	if (wrong)
		return lose(c, MLC_REFUSED, 0, c->host->format(c, "the setting create_fields: %s", wrong));
	if (!field)
		return lose(c, MLC_REFUSED, 0, c->host->format(c, "Zendesk has no field '%s' of %ss and drops what is written to it: make one in Admin"
			" Center with that key, or name it in the connection's create_fields", key, c->entity->name));
	s->phase = MAKE_FIELD;
	return send(c, "POST", zen_resources[ORGANIZATION_FIELD].path,
		json_pack("{s:o}", zen_resources[ORGANIZATION_FIELD].one, field));
}

static bool same_email(const char *a, const char *b)
{
	return a && b && strcasecmp(a, b) == 0;
}

/* A new e-mail of a user may have become a second one beside the old: SOURCES.md 3. */
static enum mlc_step digest_written(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = zen_entity_at(c->entity);
	json_t *one = json_object_get(zen_body(c), zen_resources[entity].one);
	const char *id = zen_id(c, one, "id");
	const char *email = entity == USER ? mlc_text(the_write(c)->data, "email") : NULL;
	bool filled = s->phase == FILL_FIELDS;
	const char *empty = NULL;

	if (id)
		mlc_copy(s->id, sizeof s->id, id);
	if (id)
		note_missing(c, entity, the_write(c)->data, one, &empty);
	if (id && filled && s->missing_count)
		return lose(c, MLC_IN_DOUBT, 0, c->host->format(c, "the field '%s' was made, but Zendesk does not know it yet", s->missing[0]));
	if (id && filled && empty)
		return lose(c, MLC_REFUSED, 0, c->host->format(c, "Zendesk leaves the field '%s' of the %s empty, whatever is written to it", empty,
			c->entity->name));
	if (id && (s->missing_count || empty))
		return make_next_field(c);
	if (id && email && !same_email(email, mlc_text(one, "email"))) {
		s->phase = IDENTITIES;
		return mlc_get(c, c->host->format(c, "/api/v2/users/%s/identities", id));
	}
	return settle(c, one);
}

static enum mlc_step digest_identities(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list = json_object_get(zen_body(c), "identities"), *one;
	size_t i;

	if (c->reply->status != 200)
		return lose_reply(c, "reading a user's e-mail addresses");
	if (!json_is_array(list))
		return lose(c, MLC_BROKEN, 0, "Zendesk answered 200 with something that is not a list of identities");
	json_array_foreach(list, i, one)
		if (same_email(mlc_text(the_write(c)->data, "email"), mlc_text(one, "value")) && zen_id(c, one, "id")) {
			s->phase = MAKE_PRIMARY;
			return send(c, "PUT", c->host->format(c, "/api/v2/users/%s/identities/%s/make_primary", s->id, zen_id(c, one, "id")), NULL);
		}
	return lose(c, MLC_REFUSED, 0, c->host->format(c, "Zendesk did not take the e-mail %s for user %s",
		mlc_text_or(the_write(c)->data, "email", ""), s->id));
}

static enum mlc_step read_back(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->phase = READ_BACK;
	return mlc_get(c, c->host->format(c, "/api/v2/users/%s", s->id));
}

/* What cannot be there twice is there: that is the one. */
static enum mlc_step ask_existing(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = zen_entity_at(c->entity);
	json_t *data = the_write(c)->data;

	s->phase = EXISTING;
	if (entity == MEMBERSHIP)
		return mlc_get(c, zen_page(c, c->host->format(c, "/api/v2/users/%s/organization_memberships", zen_id(c, data, "user_id.id")), ""));
	return mlc_get(c, zen_page(c, zen_resources[entity].path, ""));
}

static bool is_same_thing(struct mlc_call *c, int entity, json_t *data, json_t *one)
{
	const char *mine = entity == MEMBERSHIP ? zen_id(c, data, "organization_id.id") : mlc_text(data, "key");
	const char *theirs = entity == MEMBERSHIP ? zen_id(c, one, "organization_id") : mlc_text(one, "key");

	return mine && theirs && strcmp(mine, theirs) == 0;
}

static enum mlc_step digest_existing(struct mlc_call *c)
{
	int entity = zen_entity_at(c->entity);
	json_t *list = json_object_get(zen_body(c), zen_resources[entity].many), *one, *data = the_write(c)->data;
	const char *type = mlc_text(data, "type");
	size_t i;

	if (c->reply->status != 200)
		return lose_reply(c, c->host->format(c, "looking for the %s that is there already", c->entity->name));
	if (!json_is_array(list))
		return lose(c, MLC_BROKEN, 0, c->host->format(c, "Zendesk answered 200 with something that is not a list of %s",
			zen_resources[entity].many));
	json_array_foreach(list, i, one) {
		if (!is_same_thing(c, entity, data, one))
			continue;
		if (type && strcmp(type, mlc_text_or(one, "type", type)) != 0)
			return lose(c, MLC_REFUSED, 0, c->host->format(c, "there is a field '%s' already, but of type %s, not %s", mlc_text_or(data, "key", ""),
				mlc_text_or(one, "type", "?"), type));
		return settle(c, one);
	}
	return lose(c, MLC_STALE, 0, c->host->format(c, "the %s is there already, but is not listed", c->entity->name));
}

static bool is_there_already(struct mlc_call *c, int entity)
{
	if (c->reply->status != 422 || the_write(c)->verb != MLC_DO_CREATE)
		return false;
	return entity == MEMBERSHIP ? zen_is_taken(c, "user_id") || zen_is_taken(c, "organization_id")
		: (entity == ORGANIZATION_FIELD || entity == CUSTOM_OBJECT) && zen_is_taken(c, "key");
}

static enum mlc_step not_written(struct mlc_call *c, int entity)
{
	enum mlc_verb verb = the_write(c)->verb;
	uint32_t after_ms;
	const char *words;
	enum mlc_fault fault = zen_fault(c, doing(c), &after_ms, &words);
	bool gone = c->reply->status == 404 && fault == MLC_REFUSED;

	if (gone && verb == MLC_DO_DELETE)
		return settle_deleted(c);
	if (gone && entity == CUSTOM_OBJECT_RECORD && verb == MLC_DO_CREATE)
		words = c->host->format(c, "%s; there is no custom object '%s'", words, mlc_text_or(the_write(c)->data, "custom_object_key", ""));
	else if (gone || (c->reply->status == 409 && verb == MLC_DO_UPDATE))
		fault = MLC_STALE;
	else if (c->reply->status == 422 && (zen_is_taken(c, "name") || zen_is_taken(c, "external_id") || zen_is_taken(c, "email")))
		fault = verb == MLC_DO_CREATE ? MLC_STALE : MLC_REFUSED;
	else if (fault == MLC_RETRY || mlc_may_be_done(c->reply->status)) /* it may have been done, Retry-After or not */
		fault = MLC_IN_DOUBT;
	return lose(c, fault, after_ms, words);
}

/* A user is given back, as he is now; of all else nothing is left to give. */
static bool is_deleted(struct mlc_call *c, int entity)
{
	const char *id = c->reply->status == 200 && entity == USER ? zen_id(c, zen_body(c), "user.id") : NULL;

	return c->reply->status == 204 || (id && strcmp(id, the_write(c)->id) == 0);
}

static bool is_well(const struct mlc_call *c)
{
	return c->reply->status == 200 || c->reply->status == 201;
}

/* ---- many organizations at once: a job ----------------------------------------------------- */

/* A job writes up to a hundred, and then says of each how it went: completed is not well (SOURCES.md 7).  What went well
 * is read back; all else, and all of it where there is no job to be had, is written one by one, and has its own words. */
static bool is_for_a_job(const struct mlc_call *c, int entity)
{
	return entity == ORGANIZATION && c->write_count >= JOB_LEAST && c->writes[0].verb != MLC_DO_DELETE;
}

static enum mlc_step ask_job(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct resource *resource = &zen_resources[ORGANIZATION];
	bool create = c->writes[0].verb == MLC_DO_CREATE;
	json_t *list = json_array();
	const char *why;
	int64_t id;

	for (size_t i = 0; i < c->write_count; i++) {
		const struct mlc_write *w = &c->writes[i];
		json_t *one = wrapped(c, ORGANIZATION, w, &why), *record = json_object_get(one, resource->one);

		if (record && !create && mlc_span_int((struct mlc_span){ w->id, strlen(w->id) }, &id))
			json_object_set_new(record, "id", json_integer(id));
		json_array_append(list, record); /* its wrapping dies here */
		json_decref(one);
	}
	s->phase = JOB;
	return send(c, create ? "POST" : "PUT", c->host->format(c, "%s/%s", resource->path, create ? "create_many" : "update_many"),
		json_pack("{s:o}", resource->many, list));
}

static enum mlc_step look_later(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	uint32_t pause = JOB_PAUSE + s->page * 500u;

	s->phase = JOB_LOOK;
	s->page++;
	c->pause_ms = pause < JOB_PAUSE_MOST ? pause : JOB_PAUSE_MOST;
	return MLC_PAUSE;
}

static enum mlc_step digest_job(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *id = c->reply->status == 200 ? zen_id(c, zen_body(c), "job_status.id") : NULL;
	uint32_t after_ms;
	const char *words;
	enum mlc_fault fault = zen_fault(c, "many organizations at once", &after_ms, &words);

	if (c->reply->status == 200 && (!id || strlen(id) >= sizeof s->id))
		return c->host->fail(c, MLC_IN_DOUBT, 0, "Zendesk does not say which job it has begun");
	if (id) {
		mlc_copy(s->id, sizeof s->id, id);
		return look_later(c);
	}
	if (fault == MLC_RETRY || fault == MLC_BROKEN || mlc_may_be_done(c->reply->status))
		return c->host->fail(c, MLC_IN_DOUBT, 0, "%s", words);
	if (fault == MLC_AUTH || fault == MLC_LIMITED)
		return c->host->fail(c, fault, after_ms, "%s", words);
	return next_write(c); /* not for us: one by one */
}

/* Notes the ids of those that went well, and asks for them; none: one by one. */
static enum mlc_step digest_results(struct mlc_call *c, json_t *results)
{
	struct state *s = (struct state *)c->state;
	const char *ids = "";
	json_t *one;
	size_t i;

	json_array_foreach(results, i, one) {
		int64_t at = mlc_int_or(one, "index", (int64_t)i);
		const char *id = zen_id(c, one, "id");

		if (at < 0 || (size_t)at >= c->write_count || !id || !mlc_span_int((struct mlc_span){ id, strlen(id) }, &s->ids[at]))
			continue;
		ids = c->host->format(c, "%s%s%s", ids, *ids ? "," : "", id);
	}
	if (!*ids)
		return next_write(c);
	s->phase = JOB_READ;
	return mlc_get(c, c->host->format(c, "%s/show_many?ids=%s", zen_resources[ORGANIZATION].path, ids));
}

static enum mlc_step digest_look(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *job = c->reply->status == 200 ? json_object_get(zen_body(c), "job_status") : NULL;
	const char *status = mlc_text_or(job, "status", "");

	if (strcmp(status, "completed") == 0)
		return digest_results(c, json_object_get(job, "results"));
	if (strcmp(status, "failed") == 0 || strcmp(status, "killed") == 0 || s->page > JOB_LOOKS)
		return next_write(c);
	return look_later(c);
}

static enum mlc_step digest_read(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list = c->reply->status == 200 ? json_object_get(zen_body(c), "organizations") : NULL, *one;
	const char *empty;
	struct mlc_record r;
	size_t i, at;

	json_array_foreach(list, i, one) {
		int64_t id = mlc_int_or(one, "id", 0);

		for (at = 0; at < c->write_count && (id <= 0 || s->ids[at] != id);)
			at++;
		if (at == c->write_count || s->has_outcome[at])
			continue;
		note_missing(c, ORGANIZATION, c->writes[at].data, one, &empty);
		if (s->missing_count || empty || !zen_record(c, ORGANIZATION, one, &r))
			continue;
		c->host->settle(c, at, &r);
		s->has_outcome[at] = true;
	}
	s->id[0] = 0;
	return next_write(c);
}

enum mlc_step zen_write(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = zen_entity_at(c->entity);

	if (c->reply->kind == MLC_REPLY_NONE)
		return is_for_a_job(c, entity) ? ask_job(c) : ask_write(c);
	if (c->reply->kind == MLC_REPLY_PAUSED)
		return mlc_get(c, c->host->format(c, "/api/v2/job_statuses/%s", mlc_percent(c, s->id)));
	if (c->reply->kind != MLC_REPLY_HERE && s->phase == JOB)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "many organizations at once: no reply came");
	if (c->reply->kind != MLC_REPLY_HERE)
		return lose(c, MLC_IN_DOUBT, 0, c->host->format(c, "%s: no reply came", doing(c)));
	switch ((enum phase)s->phase) {
	case WRITE:
		if (is_there_already(c, entity))
			return ask_existing(c);
		if (the_write(c)->verb == MLC_DO_DELETE)
			return is_deleted(c, entity) ? settle_deleted(c) : not_written(c, entity);
		return is_well(c) ? digest_written(c) : not_written(c, entity);
	case FILL_FIELDS:
		return is_well(c) ? digest_written(c) : not_written(c, entity);
	case EXISTING:
		return digest_existing(c);
	case MAKE_FIELD:
		/* Somebody else was faster: good, too. */
		if (c->reply->status != 201 && !zen_is_taken(c, "key"))
			return lose_reply(c, "making an organization field that is missing");
		s->at++;
		return make_next_field(c);
	case IDENTITIES:
		return digest_identities(c);
	case MAKE_PRIMARY:
		return c->reply->status == 200 ? read_back(c) : lose_reply(c, "making an e-mail a user's first one");
	case READ_BACK:
		return is_well(c) ? settle(c, json_object_get(zen_body(c), "user")) : lose_reply(c, "reading the user that was changed");
	case JOB:
		return digest_job(c);
	case JOB_LOOK:
		return digest_look(c);
	case JOB_READ:
		return digest_read(c);
	}
	return MLC_FAIL;
}
