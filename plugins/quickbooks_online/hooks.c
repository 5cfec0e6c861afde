/* hooks.c - Intuit's webhooks: one address for all companies of an app, in both of its formats.
 *
 * They tell what has changed and hold no data; each becomes a hint for the company it names.  What can
 * never be understood is answered 200 all the same: Intuit holds later events back until the first is
 * taken (SOURCES.md 8). */
#include "quickbooks_online.h"

#include <strings.h>

static const char *id_text(struct mlc_call *c, json_t *id)
{
	const char *text = json_is_integer(id) ? c->host->format(c, "%" JSON_INTEGER_FORMAT, json_integer_value(id))
		: json_string_value(id);

	return text && *text ? text : NULL;
}

static void hint(struct mlc_call *c, const char *realm, const char *name, size_t name_len, json_t *id, const char *when)
{
	int kind = qbo_kind(name, name_len);
	const char *text = id_text(c, id);
	int64_t ms;

	if (kind < 0)
		return; /* a kind of record that nobody here reads */
	if (!realm || !*realm || !text) {
		c->host->log(c, MLC_WARN, "an event about %.*s names no company or no record; it is left to the next poll",
			(int)name_len, name);
		return;
	}
	c->host->emit(c, &(struct mlc_record){ .entity = qbo_entities[kind].name, .id = text, .account = realm,
		.changed_ms = mlc_instant(when, &ms) ? ms : 0, .hint = true });
}

/* The loser is told as merged; without both names it is a hint at what is there now, like any other. */
static void merged(struct mlc_call *c, const char *realm, const char *name, size_t name_len, json_t *loser, json_t *survivor,
	const char *when)
{
	int kind = qbo_kind(name, name_len);
	const char *gone = id_text(c, loser), *lives = id_text(c, survivor);

	if (kind >= 0 && realm && *realm && gone && lives && strcmp(gone, lives) != 0)
		c->host->merged_of(c, realm, qbo_entities[kind].name, gone, lives);
	else
		hint(c, realm, name, name_len, loser, when);
}

/* Which record is gone: spelt in two ways (SOURCES.md 8). */
static json_t *loser_of(json_t *event)
{
	json_t *loser = json_object_get(event, "deletedId");

	return loser ? loser : json_object_get(event, "deletedID");
}

/* {"realmId", "dataChangeEvent": {"entities": [{"name","id","operation","lastUpdated","deletedId"}]}} */
static void receive_classic(struct mlc_call *c, json_t *notification)
{
	const char *realm = mlc_text(notification, "realmId");
	json_t *one;
	size_t i;

	json_array_foreach(mlc_at(notification, "dataChangeEvent.entities"), i, one) {
		const char *name = mlc_text_or(one, "name", ""), *when = mlc_text(one, "lastUpdated");
		json_t *loser = loser_of(one), *id = json_object_get(one, "id");

		hint(c, realm, name, strlen(name), id, when);
		if (loser && strcmp(mlc_text_or(one, "operation", ""), "Merge") == 0)
			merged(c, realm, name, strlen(name), loser, id, when);
		else if (loser)
			hint(c, realm, name, strlen(name), loser, when);
	}
}

/* {"type": "qbo.customer.updated.v1", "intuitaccountid", "intuitentityid", "time", ...} */
static void receive_event(struct mlc_call *c, json_t *event)
{
	const char *type = mlc_text_or(event, "type", ""), *name = type + 4;
	json_t *id = json_object_get(event, "intuitentityid"), *loser = loser_of(json_object_get(event, "data"));
	const char *realm = id_text(c, json_object_get(event, "intuitaccountid")), *when = mlc_text(event, "time");
	size_t name_len;

	if (strncmp(type, "qbo.", 4) != 0 || !strchr(name, '.')) {
		c->host->log(c, MLC_WARN, "an event of type %.80s is not known", type);
		return;
	}
	name_len = strcspn(name, ".");
	hint(c, realm, name, name_len, id, when);
	/* Where a merge names the loser is not published; where it does not, the change feed shows it inactive. */
	if (loser && strncmp(name + name_len, ".merged.", 8) == 0)
		merged(c, realm, name, name_len, loser, id, when);
}

enum mlc_step qbo_receive(struct mlc_call *c)
{
	const struct mlc_inbound *in = c->inbound;
	json_t *body, *list, *one;
	size_t i;

	if (!in->trusted) {
		c->answer->status = 401;
		return MLC_DONE;
	}
	body = c->host->parse(c, in->body, in->body_len);
	list = json_object_get(body, "eventNotifications");
	json_array_foreach(list, i, one)
		receive_classic(c, one);
	json_array_foreach(body, i, one)
		receive_event(c, one);
	/* One event by itself, where the content type says so. */
	if (json_is_object(body) && json_object_get(body, "specversion"))
		receive_event(c, body);
	else if (!json_is_array(body) && !json_is_array(list))
		c->host->log(c, MLC_WARN, "a signed webhook holds no events; changes come with the next poll");
	return MLC_DONE;
}
