/* hooks.c - our webhook in an account: kept in order by subscribe(), read by receive(). */
#include "zendesk.h"

#define WATCH_MS  INT64_C(3600000) /* how soon we notice that somebody has changed it, or its secret */
#define OLD_MS    INT64_C(900000)  /* a delivery older than that is none of its retries (SOURCES.md 9) */
#define AHEAD_MS  INT64_C(300000)  /* clocks differ */
#define DOOMED_MAX (sizeof ((struct state *)0)->doomed_ids / sizeof *((struct state *)0)->doomed_ids)

/* Organizations tell nothing of their notes, details and domains: the feeds do (SOURCES.md 9). */
static const char *const events[] = {
	"zen:event-type:organization.created", "zen:event-type:organization.custom_field_changed",
	"zen:event-type:organization.deleted", "zen:event-type:organization.external_id_changed",
	"zen:event-type:organization.name_changed", "zen:event-type:organization.tags_changed",
	"zen:event-type:user.created", "zen:event-type:user.active_changed", "zen:event-type:user.custom_field_changed",
	"zen:event-type:user.details_changed", "zen:event-type:user.external_id_changed", "zen:event-type:user.name_changed",
	"zen:event-type:user.notes_changed", "zen:event-type:user.organization_membership_created",
	"zen:event-type:ticket.created", "zen:event-type:ticket.custom_field_changed", "zen:event-type:ticket.organization_changed",
	"zen:event-type:ticket.priority_changed", "zen:event-type:ticket.requester_changed", "zen:event-type:ticket.status_changed",
	"zen:event-type:ticket.subject_changed",
};
#define EVENTS (sizeof events / sizeof *events)

/* ---- subscribe ------------------------------------------------------------------------------ */

/* Ours is made inactive, and switched on when its secret is kept: no event comes before it can be checked.
 *
 *   cursor = "making"   one may stand there that was never switched on: it is ours to do
 *          | "agreed"   it was switched on: whoever has switched it off since meant it
 *          | "none"     there is none any more */
enum phase { LIST, REMOVE, MAKE, SECRET, WAKE };
#define MAKING "making"

/* All of ours bear the connection's name: two hosts, or two connections, may share an account. */
static const char *our_name(struct mlc_call *c)
{
	return c->host->format(c, "ml-connector %s", c->connection ? c->connection : "");
}

static enum mlc_step refused(struct mlc_call *c, const char *doing)
{
	if (c->reply->status == 403)
		return c->host->fail(c, MLC_REFUSED, 0, "%s: Zendesk does not let us keep a webhook (403): an administrator's login with the"
			" scopes read and write is needed; until then changes come by polling only", doing);
	return zen_failed(c, doing);
}

static enum mlc_step ask_list(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->phase = LIST;
	return mlc_get(c, zen_page(c, "/api/v2/webhooks", s->cursor));
}

static enum mlc_step ask_secret(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->phase = SECRET;
	return mlc_get(c, c->host->format(c, "/api/v2/webhooks/%s/signing_secret", mlc_percent(c, s->id)));
}

static enum mlc_step make(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *list = json_array(), *hook;
	const char *body;
	size_t len;

	for (size_t i = 0; i < EVENTS; i++)
		json_array_append_new(list, json_string(events[i]));
	hook = json_pack("{s:{s:s,s:s,s:s,s:s,s:s,s:o}}", "webhook", "name", our_name(c), "status", "inactive", "endpoint", c->hook_url,
		"http_method", "POST", "request_format", "json", "subscriptions", list);
	body = hook ? c->host->dump(c, hook, NULL, &len) : NULL;
	if (!body)
		return c->host->fail(c, MLC_BROKEN, 0, "the webhook's address is no text: %s", c->hook_url);
	s->phase = MAKE;
	s->asleep = true;
	c->host->advance(c, MAKING, 0); /* it is on disk before this request leaves */
	return mlc_send_json(c, "POST", "/api/v2/webhooks", body, len);
}

static enum mlc_step wake(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	static const char on[] = "{\"webhook\":{\"status\":\"active\"}}";

	s->phase = WAKE;
	c->request->repeatable = true;
	return mlc_send_json(c, "PATCH", c->host->format(c, "/api/v2/webhooks/%s", mlc_percent(c, s->id)), on, sizeof on - 1);
}

static enum mlc_step agreed(struct mlc_call *c)
{
	c->host->advance(c, "agreed", c->now_ms + WATCH_MS);
	return MLC_DONE;
}

static enum mlc_step next_change(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (s->doomed_at < s->doomed_count) {
		s->phase = REMOVE;
		c->request->repeatable = true;
		return mlc_send_json(c, "DELETE", c->host->format(c, "/api/v2/webhooks/%s", mlc_percent(c, s->doomed_ids[s->doomed_at])),
			NULL, 0);
	}
	if (!c->hook_url) {
		c->host->advance(c, "none", 0);
		return MLC_DONE;
	}
	return *s->id ? ask_secret(c) : make(c);
}

static bool has_all_events(json_t *hook)
{
	json_t *list = json_object_get(hook, "subscriptions"), *one;
	size_t i, found = 0;

	json_array_foreach(list, i, one)
		for (size_t e = 0; e < EVENTS; e++)
			found += json_is_string(one) && strcmp(json_string_value(one), events[e]) == 0;
	return found == EVENTS;
}

static void sort_out(struct mlc_call *c, json_t *hook)
{
	struct state *s = (struct state *)c->state;
	const char *id = zen_id(c, hook, "id");

	if (!id || strlen(id) >= sizeof s->id || strcmp(mlc_text_or(hook, "name", ""), our_name(c)) != 0)
		return;
	if (c->hook_url && !*s->id && strcmp(mlc_text_or(hook, "endpoint", ""), c->hook_url) == 0 && has_all_events(hook)) {
		mlc_copy(s->id, sizeof s->id, id);
		if (strcmp(mlc_text_or(hook, "status", "active"), "active") == 0)
			return;
		s->asleep = c->cursor && strcmp(c->cursor, MAKING) == 0;
		/* A person who has switched it off meant it; Zendesk itself only pauses one. */
		if (!s->asleep)
			c->host->log(c, MLC_WARN, "our webhook is switched off in Zendesk: changes come by polling only");
	} else if (s->doomed_count < DOOMED_MAX) {
		mlc_copy(s->doomed_ids[s->doomed_count++], sizeof *s->doomed_ids, id);
	}
}

static enum mlc_step digest_list(struct mlc_call *c)
{
	json_t *page, *list, *hook;
	enum mlc_step failed;
	size_t i;

	if (c->reply->status != 200)
		return refused(c, "reading webhooks");
	page = zen_body(c);
	list = json_object_get(page, "webhooks");
	if (!json_is_array(list))
		return zen_garbage(c, "a list of webhooks");
	json_array_foreach(list, i, hook)
		sort_out(c, hook);
	if (zen_more(c, page, &failed))
		return ask_list(c);
	return failed == MLC_FAIL ? MLC_FAIL : next_change(c);
}

static enum mlc_step digest_made(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *id;

	if (c->reply->status != 201)
		return refused(c, "making our webhook");
	id = zen_id(c, zen_body(c), "webhook.id");
	if (!id || strlen(id) >= sizeof s->id)
		return zen_garbage(c, "the webhook that was made");
	mlc_copy(s->id, sizeof s->id, id);
	return ask_secret(c);
}

/* Zendesk makes the secret and tells it; whoever resets it there is followed at the next look. */
static enum mlc_step digest_secret(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;
	const char *secret;

	if (c->reply->status != 200)
		return refused(c, "reading the secret of our webhook");
	secret = mlc_text(zen_body(c), "signing_secret.secret");
	if (!secret || !*secret)
		return zen_garbage(c, "a signing secret");
	c->host->keep(c, "webhook_secret", secret);
	return s->asleep ? wake(c) : agreed(c);
}

enum mlc_step zen_subscribe(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_list(c);
	if (c->reply->kind != MLC_REPLY_HERE) /* it may have been made: the next listing shows it */
		return c->host->fail(c, MLC_RETRY, 0, "Zendesk did not answer while our webhook was put in order");
	switch ((enum phase)s->phase) {
	case LIST:
		return digest_list(c);
	case REMOVE:
		if (c->reply->status != 204 && c->reply->status != 404)
			return refused(c, "removing a webhook of ours");
		s->doomed_at++;
		return next_change(c);
	case MAKE:
		return digest_made(c);
	case SECRET:
		return digest_secret(c);
	case WAKE:
		if (c->reply->status != 200 && c->reply->status != 204)
			return refused(c, "switching our webhook on");
		return agreed(c);
	}
	return MLC_FAIL;
}

/* ---- receive -------------------------------------------------------------------------------- */

static enum mlc_step answer(struct mlc_call *c, int status)
{
	c->answer->status = status;
	return MLC_DONE;
}

/* The time is signed with the body: whoever repeats an old delivery cannot make it young. */
static bool is_timely(struct mlc_call *c)
{
	int64_t ms;

	return mlc_instant(c->host->header(c, "X-Zendesk-Webhook-Signature-Timestamp"), &ms) && ms > c->now_ms - OLD_MS
		&& ms < c->now_ms + AHEAD_MS;
}

static void hint(struct mlc_call *c, int entity, const char *id)
{
	const struct mlc_record r = { .entity = zen_entities[entity].name, .id = id, .hint = true };
	int64_t number;

	if (id && mlc_span_int((struct mlc_span){ id, strlen(id) }, &number) && number > 0)
		c->host->emit(c, &r);
}

/* Events bear the record's id, as text, and less than the record: it is fetched.  A trigger's body is what somebody
 * has written: {"ticket_id": "{{ticket.id}}"} is the one that we ask for (SOURCES.md 9). */
enum mlc_step zen_receive(struct mlc_call *c)
{
	static const struct { const char *prefix; int entity; } families[] = {
		{ "zen:event-type:organization.", ORGANIZATION }, { "zen:event-type:user.", USER }, { "zen:event-type:ticket.", TICKET },
	};
	json_t *body;
	const char *type;

	if (!c->inbound->trusted || !is_timely(c))
		return answer(c, 401);
	body = c->host->parse(c, c->inbound->body, c->inbound->body_len);
	type = mlc_text(body, "type");
	for (size_t i = 0; type && i < sizeof families / sizeof *families; i++)
		if (strncmp(type, families[i].prefix, strlen(families[i].prefix)) == 0) {
			hint(c, families[i].entity, zen_id(c, body, "detail.id"));
			return answer(c, 200);
		}
	hint(c, TICKET, zen_id(c, body, "ticket_id"));
	hint(c, USER, zen_id(c, body, "user_id"));
	hint(c, ORGANIZATION, zen_id(c, body, "organization_id"));
	if (!json_is_object(body))
		c->host->log(c, MLC_WARN, "a signed webhook holds no JSON object; it is left to the next poll");
	return answer(c, 200);
}
