/* zendesk.c - Zendesk Support as a connector: what its records hold, how one logs in.
 *
 * Facts about the REST API: SOURCES.md. */
#include "zendesk.h"

#define NAME_MAX 255    /* characters of a name, subject or external id (SOURCES.md 3) */
#define LONG_MAX 65535  /* bytes of a text column */

/* Members that Zendesk keeps as the number of another record are references here. */
static const struct mlc_field organization[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, NAME_MAX, NULL }, /* unique, case and blanks around apart */
	{ "external_id", MLC_TEXT, MLC_FINDABLE, NAME_MAX, NULL },         /* unique, case apart */
	{ "details", MLC_TEXT, 0, LONG_MAX, NULL },
	{ "notes", MLC_TEXT, 0, LONG_MAX, NULL },
	{ "domain_names", MLC_LIST, 0, 0, NULL }, /* a write replaces all of them */
	{ "tags", MLC_LIST, 0, 0, NULL },         /* likewise */
	{ "group_id", MLC_INTEGER, 0, 0, NULL },
	{ "shared_tickets", MLC_BOOL, 0, 0, NULL },
	{ "shared_comments", MLC_BOOL, 0, 0, NULL },
	{ "organization_fields", MLC_OBJECT, 0, 0, "organization_values" }, /* by key */
	{ "created_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updated_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field user[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED, NAME_MAX, NULL },
	{ "email", MLC_TEXT, MLC_FINDABLE, NAME_MAX, NULL },
	{ "external_id", MLC_TEXT, MLC_FINDABLE, NAME_MAX, NULL },
	{ "phone", MLC_TEXT, 0, 0, NULL },
	{ "organization_id", MLC_REF, MLC_FINDABLE, 0, "organization" }, /* the default one */
	{ "role", MLC_TEXT, 0, 0, "end-user|agent|admin" },
	{ "details", MLC_TEXT, 0, LONG_MAX, NULL },
	{ "notes", MLC_TEXT, 0, LONG_MAX, NULL },
	{ "tags", MLC_LIST, 0, 0, NULL },
	{ "locale", MLC_TEXT, 0, 0, NULL },
	{ "time_zone", MLC_TEXT, 0, 0, NULL },
	{ "verified", MLC_BOOL, 0, 0, NULL },
	{ "suspended", MLC_BOOL, 0, 0, NULL },
	{ "active", MLC_BOOL, MLC_READONLY, 0, NULL }, /* false: deleted */
	{ "user_fields", MLC_OBJECT, 0, 0, "user_values" },
	{ "created_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updated_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field organization_membership[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "user_id", MLC_REF, MLC_REQUIRED | MLC_IMMUTABLE | MLC_FINDABLE, 0, "user" },
	{ "organization_id", MLC_REF, MLC_REQUIRED | MLC_IMMUTABLE | MLC_FINDABLE, 0, "organization" },
	{ "organization_name", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "default", MLC_BOOL, MLC_IMMUTABLE, 0, NULL },
	{ "view_tickets", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "created_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updated_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field custom_value[] = { /* of a ticket */
	{ "id", MLC_INTEGER, 0, 0, NULL }, /* of the ticket_field */
	{ "value", MLC_TEXT, 0, 0, NULL }, /* a look-up's: the other record's id */
	{ NULL },
};

static const struct mlc_field comment[] = {
	{ "body", MLC_TEXT, 0, LONG_MAX, NULL },
	{ "html_body", MLC_TEXT, 0, LONG_MAX, NULL },
	{ "public", MLC_BOOL, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field person[] = {
	{ "name", MLC_TEXT, 0, NAME_MAX, NULL },
	{ "email", MLC_TEXT, 0, NAME_MAX, NULL },
	{ NULL },
};

static const struct mlc_field ticket[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "external_id", MLC_TEXT, MLC_FINDABLE, NAME_MAX, NULL }, /* the mark of a write: not unique */
	{ "type", MLC_TEXT, 0, 0, "problem|incident|question|task" },
	{ "subject", MLC_TEXT, 0, NAME_MAX, NULL },
	{ "description", MLC_TEXT, MLC_READONLY, 0, NULL }, /* the first comment */
	{ "comment", MLC_OBJECT, MLC_REQUIRED, 0, "comment" }, /* written only; an update adds one */
	{ "priority", MLC_TEXT, 0, 0, "urgent|high|normal|low" },
	{ "status", MLC_TEXT, 0, 0, "new|open|pending|hold|solved|closed" },
	{ "requester_id", MLC_REF, 0, 0, "user" },
	{ "requester", MLC_OBJECT, MLC_IMMUTABLE, 0, "person" }, /* written only: somebody new */
	{ "submitter_id", MLC_REF, 0, 0, "user" },
	{ "assignee_id", MLC_REF, 0, 0, "user" },
	{ "organization_id", MLC_REF, 0, 0, "organization" }, /* one that the requester belongs to */
	{ "group_id", MLC_INTEGER, 0, 0, NULL },
	{ "tags", MLC_LIST, 0, 0, NULL },
	{ "custom_fields", MLC_LIST, 0, 0, "custom_value" },
	{ "due_at", MLC_INSTANT, 0, 0, NULL },
	{ "created_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updated_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field option[] = {
	{ "id", MLC_INTEGER, 0, 0, NULL },
	{ "name", MLC_TEXT, 0, 0, NULL },
	{ "value", MLC_TEXT, 0, 0, NULL }, /* also the tag that choosing it sets */
	{ NULL },
};

static const struct mlc_field condition[] = {
	{ "field", MLC_TEXT, 0, 0, NULL },
	{ "operator", MLC_TEXT, 0, 0, NULL },
	{ "value", MLC_TEXT, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field relationship_filter[] = {
	{ "all", MLC_LIST, 0, 0, "condition" },
	{ "any", MLC_LIST, 0, 0, "condition" },
	{ NULL },
};

static const struct mlc_field organization_field[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "key", MLC_TEXT, MLC_REQUIRED | MLC_IMMUTABLE | MLC_FINDABLE, 0, NULL }, /* letters, digits, underscores */
	{ "type", MLC_TEXT, MLC_REQUIRED | MLC_IMMUTABLE, 0,
		"checkbox|date|decimal|dropdown|integer|lookup|multiselect|regexp|text|textarea" },
	{ "title", MLC_TEXT, MLC_REQUIRED, 0, NULL },
	{ "description", MLC_TEXT, 0, 0, NULL },
	{ "position", MLC_INTEGER, 0, 0, NULL },
	{ "active", MLC_BOOL, 0, 0, NULL },
	{ "system", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "tag", MLC_TEXT, 0, 0, NULL }, /* of a checkbox */
	{ "custom_field_options", MLC_LIST, 0, 0, "option" }, /* a write replaces all of them */
	{ "regexp_for_validation", MLC_TEXT, 0, 0, NULL },
	{ "relationship_target_type", MLC_TEXT, MLC_IMMUTABLE, 0, NULL }, /* "zen:organization" */
	{ "relationship_filter", MLC_OBJECT, 0, 0, "relationship_filter" },
	{ "created_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updated_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field ticket_field[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "type", MLC_TEXT, MLC_REQUIRED | MLC_IMMUTABLE, 0, NULL }, /* tagger, lookup, text, ...; system ones besides */
	{ "title", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 0, NULL }, /* not unique */
	{ "description", MLC_TEXT, 0, 0, NULL },
	{ "agent_description", MLC_TEXT, 0, 0, NULL },
	{ "position", MLC_INTEGER, 0, 0, NULL },
	{ "active", MLC_BOOL, 0, 0, NULL },
	{ "required", MLC_BOOL, 0, 0, NULL },
	{ "tag", MLC_TEXT, 0, 0, NULL },
	{ "custom_field_options", MLC_LIST, 0, 0, "option" }, /* of a tagger or multiselect; a write replaces all */
	{ "regexp_for_validation", MLC_TEXT, 0, 0, NULL },
	{ "relationship_target_type", MLC_TEXT, MLC_IMMUTABLE, 0, NULL },
	{ "relationship_filter", MLC_OBJECT, 0, 0, "relationship_filter" },
	{ "created_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updated_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field custom_object[] = {
	{ "key", MLC_TEXT, MLC_REQUIRED | MLC_IMMUTABLE | MLC_FINDABLE, 0, NULL }, /* its id */
	{ "url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "title", MLC_TEXT, MLC_REQUIRED, 0, NULL },
	{ "title_pluralized", MLC_TEXT, MLC_REQUIRED, 0, NULL },
	{ "description", MLC_TEXT, 0, 0, NULL },
	{ "created_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updated_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field custom_object_record[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "custom_object_key", MLC_TEXT, MLC_REQUIRED | MLC_IMMUTABLE | MLC_FINDABLE, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, NAME_MAX, NULL },
	{ "external_id", MLC_TEXT, MLC_FINDABLE, NAME_MAX, NULL }, /* unique within its object */
	{ "custom_object_fields", MLC_OBJECT, 0, 0, "custom_object_values" }, /* by key */
	{ "created_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updated_at", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

/* What an account has added itself: discover() tells.  Without it, anything. */
static const struct mlc_field by_key[] = { { NULL } };

/* KEYED: a second one with the same external id, e-mail or key makes nothing new; where the record brings none, the
 * external id is the write's key.  A membership or field that is there already is refused, and found. */
const struct mlc_entity zen_entities[] = {
	[ORGANIZATION] = { "organization", MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_KEYED, BATCH_MOST, NULL, organization },
	[USER] = { "user", MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_KEYED, 1, NULL, user },
	[MEMBERSHIP] = { "organization_membership", MLC_CREATE | MLC_DELETE | MLC_KEYED, 1, NULL, organization_membership },
	[TICKET] = { "ticket", MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_VERSIONED | MLC_MARKED, 1, "external_id", ticket },
	[ORGANIZATION_FIELD] = { "organization_field", MLC_CREATE | MLC_UPDATE | MLC_KEYED, 1, NULL, organization_field },
	[TICKET_FIELD] = { "ticket_field", MLC_CREATE | MLC_UPDATE, 1, NULL, ticket_field },
	[CUSTOM_OBJECT] = { "custom_object", MLC_CREATE | MLC_UPDATE | MLC_KEYED, 1, NULL, custom_object },
	/* id "qbo_item-01J...": of its object, too */
	[CUSTOM_OBJECT_RECORD] = { "custom_object_record", MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_KEYED, 1, NULL,
		custom_object_record },
	{ "organization_values", MLC_PART, 0, NULL, by_key },
	{ "user_values", MLC_PART, 0, NULL, by_key },
	{ "custom_object_values", MLC_PART, 0, NULL, by_key },
	{ "custom_value", MLC_PART, 0, NULL, custom_value },
	{ "comment", MLC_PART, 0, NULL, comment },
	{ "person", MLC_PART, 0, NULL, person },
	{ "option", MLC_PART, 0, NULL, option },
	{ "condition", MLC_PART, 0, NULL, condition },
	{ "relationship_filter", MLC_PART, 0, NULL, relationship_filter },
	{ NULL },
};

const struct resource zen_resources[] = {
	[ORGANIZATION] = { "organization", "organizations", "/api/v2/organizations", { NULL } },
	[USER] = { "user", "users", "/api/v2/users", { "organization_id", NULL } },
	[MEMBERSHIP] = { "organization_membership", "organization_memberships", "/api/v2/organization_memberships",
		{ "user_id", "organization_id", NULL } },
	[TICKET] = { "ticket", "tickets", "/api/v2/tickets",
		{ "requester_id", "submitter_id", "assignee_id", "organization_id", NULL } },
	[ORGANIZATION_FIELD] = { "organization_field", "organization_fields", "/api/v2/organization_fields", { NULL } },
	[TICKET_FIELD] = { "ticket_field", "ticket_fields", "/api/v2/ticket_fields", { NULL } },
	[CUSTOM_OBJECT] = { "custom_object", "custom_objects", "/api/v2/custom_objects", { NULL } },
	[CUSTOM_OBJECT_RECORD] = { "custom_object_record", "custom_object_records", "/api/v2/custom_objects", { NULL } },
};

int zen_entity_at(const struct mlc_entity *entity)
{
	int at = 0;

	while (entity && zen_entities[at].name && strcmp(zen_entities[at].name, entity->name) != 0)
		at++;
	return at;
}

static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "the account's address, https://acme.zendesk.com" },
	{ "login", MLC_TEXT, 0, false, "with an API token: the e-mail of an administrator with /token behind it" },
	{ "create_fields", MLC_TEXT, 0, false,
		"organization fields that may be made when they are missing: \"key type Title; key dropdown(a|b) Title\"" },
	{ "api_token", MLC_TEXT, 0, true, "the API token; they all end on 2027-04-30: prefer OAuth" },
	{ "client_id", MLC_TEXT, 0, false, "with OAuth: the unique identifier of the OAuth client" },
	{ "client_secret", MLC_TEXT, 0, true, "with OAuth: the client's secret, shown once" },
	{ "webhook_secret", MLC_TEXT, 0, true, "given by Zendesk when ml-connector makes its webhook" },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = { { "api", "{url}" }, { NULL } };

/* The reply tells an expiry, or the token is for ever: SOURCES.md 2. */
static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_OAUTH_CLIENT, .user = "client_id", .pass = "client_secret", .token_url = "{url}/oauth/tokens",
		.scope = "read write", .style = MLC_CLIENT_JSON },
	{ .kind = MLC_AUTH_OAUTH_CODE, .user = "client_id", .pass = "client_secret",
		.authorize_url = "{url}/oauth/authorizations/new", .token_url = "{url}/oauth/tokens", .scope = "read write",
		.extra = "code_challenge_method=S256", .style = MLC_CLIENT_JSON },
	{ .kind = MLC_AUTH_BASIC, .user = "login", .pass = "api_token" },
	{ .kind = (enum mlc_auth_kind)0 },
};

static const struct mlc_signature signature = {
	.header = "X-Zendesk-Webhook-Signature", .over = "{header:X-Zendesk-Webhook-Signature-Timestamp}{body}",
	.secret = "webhook_secret",
};

MLC_EXPORT const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK,
	.size = sizeof(struct mlc_connector),
	.name = "zendesk",
	.title = "Zendesk",
	.version = "1.0.0",
	.entities = zen_entities,
	.feeds = zen_feeds,
	.settings = settings,
	.endpoints = endpoints,
	.auth = auth,
	.signature = &signature,
	.per_minute = 200, /* of the smallest plan; the others have 400 to 2,500 (SOURCES.md 6) */
	.at_once = 4,
	.state_size = sizeof(struct state),
	.ping = zen_ping,
	.discover = zen_discover,
	.poll = zen_poll,
	.fetch = zen_fetch,
	.find = zen_find,
	.write = zen_write,
	.subscribe = zen_subscribe,
	.receive = zen_receive,
};
