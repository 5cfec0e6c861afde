/* writing.c - accounts and contacts, one by one; what the books say of invoices, fifty at a time. */
#include "zuora.h"

static int entity_of(const struct mlc_call *c)
{
	return (int)(c->entity - zuora_entities);
}

/* ---- one by one ------------------------------------------------------------------------------------------ */

/* A text is emptied by "": null is no text there (SOURCES.md 7). */
static json_t *without_nulls(json_t *data)
{
	json_t *out = json_object(), *value;
	const char *name;

	json_object_foreach(data, name, value) {
		if (json_is_object(value))
			json_object_set_new(out, name, without_nulls(value));
		else if (json_is_null(value))
			json_object_set_new(out, name, json_string(""));
		else
			json_object_set(out, name, value);
	}
	return out;
}

static enum mlc_step send_one(struct mlc_call *c)
{
	const struct mlc_write *w = &c->writes[0];
	const char *folder = entity_of(c) == ACCOUNT ? "accounts" : "contacts";
	enum mlc_step step;

	if (w->verb == MLC_DO_CREATE)
		return zuora_send(c, "POST", c->host->format(c, "/v1/%s", folder), json_deep_copy(w->data), w->key);
	/* A PUT must not carry the key; sent twice, it says the same twice. */
	step = zuora_send(c, "PUT", c->host->format(c, "/v1/%s/%s", folder, mlc_percent(c, w->id)), without_nulls(w->data), NULL);
	c->request->repeatable = true;
	return step;
}

/* An account of that number: made by us, and we did not hear of it, or by somebody else.  No code of its own tells
 * (SOURCES.md 2). */
static bool is_there_already(const char *words)
{
	static const char *const says[] = { "already", "duplicate", "unique", "exists" };

	for (size_t i = 0; i < sizeof says / sizeof *says; i++)
		if (strstr(words, says[i]))
			return true;
	return false;
}

static enum mlc_step digest_one(struct mlc_call *c)
{
	const struct mlc_write *w = &c->writes[0];
	const char *doing = c->host->format(c, "%s the %s", w->verb == MLC_DO_CREATE ? "making" : "changing", c->entity->name);
	const char *words, *id = w->id;
	enum mlc_step failed;
	json_t *body, *reply = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;

	if (json_is_false(json_object_get(reply, "success"))) {
		enum mlc_fault fault = zuora_reasons(c, reply, &words);

		if (w->verb == MLC_DO_CREATE && is_there_already(words)) {
			c->host->refuse(c, 0, MLC_STALE, 0, "%s", words);
			return MLC_DONE;
		}
		if (fault == MLC_RETRY) { /* a lock: Zuora keeps this answer under its key, another try bears another */
			c->host->refuse(c, 0, MLC_RETRY, 0, "%s: %s", doing, words);
			return MLC_DONE;
		}
	}
	if (w->verb == MLC_DO_UPDATE && zuora_is_gone(c)) {
		c->host->refuse(c, 0, MLC_STALE, 0, "Zuora has no %s %s any more", c->entity->name, w->id);
		return MLC_DONE;
	}
	body = zuora_success(c, doing, &failed);
	if (!body)
		return failed;
	if (w->verb == MLC_DO_CREATE)
		id = mlc_text(body, entity_of(c) == ACCOUNT ? "accountId" : "id");
	if (!id || !*id)
		return zuora_garbage(c, "the id of what was made");
	c->host->settle(c, 0, &(struct mlc_record){ .entity = c->entity->name, .id = id });
	return MLC_DONE;
}

/* ---- fifty at a time --------------------------------------------------------------------------------------- */

/* Actions write members with a capital letter, custom fields as they are (SOURCES.md 5). */
static const char *action_name(struct mlc_call *c, const char *name)
{
	if (mlc_ends_with(name, "__c") || name[0] < 'a' || name[0] > 'z')
		return name;
	return c->host->format(c, "%c%s", name[0] & ~32, name + 1);
}

static json_t *action_object(struct mlc_call *c, const struct mlc_write *w)
{
	json_t *out = json_pack("{s:s}", "Id", w->id), *empty = json_array(), *value;
	const char *name;

	json_object_foreach(w->data, name, value) {
		if (json_is_null(value))
			json_array_append_new(empty, json_string(action_name(c, name)));
		else
			json_object_set(out, action_name(c, name), value);
	}
	if (json_array_size(empty))
		json_object_set(out, "fieldsToNull", empty);
	json_decref(empty);
	return out;
}

/* The keys of all: other writes together are another request. */
static const char *key_of_all(struct mlc_call *c)
{
	uint64_t h = MLC_HASH;

	if (c->write_count == 1)
		return c->writes[0].key;
	for (size_t i = 0; i < c->write_count; i++)
		h = mlc_hash(h, c->writes[i].key);
	return c->host->format(c, "%zu-%016llx-%s", c->write_count, (unsigned long long)h, c->writes[0].key);
}

static enum mlc_step send_action(struct mlc_call *c)
{
	json_t *objects = json_array();

	for (size_t i = 0; i < c->write_count; i++)
		json_array_append_new(objects, action_object(c, &c->writes[i]));
	/* A field that the tenant has not would be passed over without a word. */
	return zuora_send(c, "POST", "/v1/action/update?rejectUnknownFields=true",
		json_pack("{s:s,s:o}", "type", "Invoice", "objects", objects), key_of_all(c));
}

static const struct mlc_fault_code action_codes[] = {
	{ "LOCK_COMPETITION", MLC_RETRY }, { "SERVER_UNAVAILABLE", MLC_RETRY }, { "TRANSACTION_TERMINATED", MLC_RETRY },
	{ "TRANSACTION_TIMEOUT", MLC_IN_DOUBT }, { "UNKNOWN_ERROR", MLC_IN_DOUBT }, { "REQUEST_EXCEEDED_RATE", MLC_LIMITED },
	{ "REQUEST_EXCEEDED_LIMIT", MLC_LIMITED }, { "INVALID_ID", MLC_STALE },
	{ NULL, MLC_REFUSED },
};

static enum mlc_step digest_action(struct mlc_call *c)
{
	enum mlc_step failed;
	json_t *list = zuora_reply(c, "changing invoices", &failed), *one;
	size_t i;

	if (!list)
		return failed;
	if (!json_is_array(list) || json_array_size(list) != c->write_count)
		return zuora_garbage(c, "an outcome for each invoice");
	json_array_foreach(list, i, one) {
		enum mlc_fault fault = mlc_fault_of(action_codes, mlc_text(one, "Errors.0.Code"));

		if (json_is_true(json_object_get(one, "Success")))
			c->host->settle(c, i, &(struct mlc_record){ .entity = c->entity->name, .id = c->writes[i].id });
		else if (json_is_false(json_object_get(one, "Success")))
			c->host->refuse(c, i, fault, fault == MLC_LIMITED ? zuora_wait_ms(c) : 0, "%s: %s",
				mlc_text_or(one, "Errors.0.Code", "refused"), mlc_text_or(one, "Errors.0.Message", "no reason given"));
		else
			c->host->refuse(c, i, MLC_BROKEN, 0, "Zuora does not say whether it was changed");
	}
	return MLC_DONE;
}

enum mlc_step zuora_write(struct mlc_call *c)
{
	bool together = entity_of(c) == INVOICE;

	switch (c->reply->kind) {
	case MLC_REPLY_NONE:
	case MLC_REPLY_PAUSED:
		return together ? send_action(c) : send_one(c);
	case MLC_REPLY_LOST:
		return c->host->fail(c, MLC_IN_DOUBT, 0, "Zuora's reply was lost");
	case MLC_REPLY_HERE:
		break;
	}
	return together ? digest_action(c) : digest_one(c);
}
