/* feeds.c - what has changed in an account: incremental exports, and lists that are read whole. */
#include "zendesk.h"

#define BETWEEN_MS  6500            /* exports: ten requests a minute (SOURCES.md 5) */
#define SETTLED_MS  INT64_C(70000)  /* what is younger is not exported yet */
#define SECOND_MS   INT64_C(1000)

static const char *const organizations[] = { "organization", NULL };
static const char *const users[] = { "user", NULL };
static const char *const tickets[] = { "ticket", NULL };
static const char *const memberships[] = { "organization_membership", NULL };
static const char *const organization_fields[] = { "organization_field", NULL };
static const char *const ticket_fields[] = { "ticket_field", NULL };
static const char *const custom_objects[] = { "custom_object", NULL };

const struct mlc_feed zen_feeds[] = {
	{ "organizations", organizations, 300, 0 },
	{ "users", users, 300, 0 },
	{ "tickets", tickets, 300, 0 },
	{ "organization_memberships", memberships, 86400, 0 },
	{ "organization_fields", organization_fields, 86400, 0 },
	{ "ticket_fields", ticket_fields, 86400, 0 },
	{ "custom_objects", custom_objects, 86400, 0 },
	{ NULL },
};

enum kind { BY_TIME, BY_CURSOR, WHOLE };

static const struct listing {
	const char *feed;
	int entity;
	enum kind kind;
	const char *path;
} listings[] = {
	{ "organizations", ORGANIZATION, BY_TIME, "/api/v2/incremental/organizations" },
	{ "users", USER, BY_CURSOR, "/api/v2/incremental/users/cursor" },
	{ "tickets", TICKET, BY_CURSOR, "/api/v2/incremental/tickets/cursor" },
	{ "organization_memberships", MEMBERSHIP, WHOLE, "/api/v2/organization_memberships" },
	{ "organization_fields", ORGANIZATION_FIELD, WHOLE, "/api/v2/organization_fields" },
	{ "ticket_fields", TICKET_FIELD, WHOLE, "/api/v2/ticket_fields" },
	{ "custom_objects", CUSTOM_OBJECT, WHOLE, "/api/v2/custom_objects" },
};

static const struct listing *listing_of(const struct mlc_call *c)
{
	for (size_t i = 0; i < sizeof listings / sizeof *listings; i++)
		if (strcmp(listings[i].feed, c->feed->name) == 0)
			return &listings[i];
	return NULL;
}

/* Seconds since 1970, in text, never younger than Zendesk exports. */
static const char *start_of(struct mlc_call *c, int64_t ms)
{
	if (ms > c->now_ms - SETTLED_MS)
		ms = c->now_ms - SETTLED_MS;
	return c->host->format(c, "%lld", (long long)(ms > SECOND_MS ? ms / SECOND_MS : 1));
}

/* A feed's cursor: "@instant" from a person, seconds (BY_TIME), or what Zendesk gave (BY_CURSOR). */
static const char *path_from(struct mlc_call *c, const struct listing *l, const char *cursor)
{
	int64_t ms = 0, seconds;

	if (l->kind == WHOLE)
		return zen_page(c, l->path, cursor);
	if (*cursor == '@')
		mlc_instant(cursor + 1, &ms);
	else if (l->kind == BY_CURSOR && *cursor)
		return mlc_query(c, l->path, (const struct mlc_param[]){ { "cursor", cursor }, { NULL, NULL } });
	else if (mlc_span_int((struct mlc_span){ cursor, strlen(cursor) }, &seconds))
		ms = seconds * SECOND_MS;
	return mlc_query(c, l->path, (const struct mlc_param[]){ { "start_time", start_of(c, ms) }, { NULL, NULL } });
}

/* Where the page that came says that the next one begins; NULL: nothing came, so nowhere else. */
static const char *next_of(struct mlc_call *c, const struct listing *l, json_t *page)
{
	switch (l->kind) {
	case BY_TIME:
		return zen_id(c, page, "end_time");
	case BY_CURSOR:
		return mlc_text(page, "after_cursor");
	case WHOLE:
		return mlc_text(page, "meta.after_cursor");
	}
	return NULL;
}

static bool is_last(const struct listing *l, json_t *page)
{
	return l->kind == WHOLE ? !json_is_true(mlc_at(page, "meta.has_more")) : json_is_true(json_object_get(page, "end_of_stream"));
}

/* Exports have a limit of their own: all else goes on meanwhile (SOURCES.md 5). */
static bool is_exports_own_limit(struct mlc_call *c, const struct listing *l)
{
	const char *left = c->host->header(c, "X-Rate-Limit-Remaining");

	return c->reply->status == 429 && l->kind != WHOLE && left && strcmp(left, "0") != 0;
}

static enum mlc_step digest(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct listing *l = listing_of(c);
	const char *many = zen_resources[l->entity].many, *next;
	json_t *page, *list;
	bool last;

	if (is_exports_own_limit(c, l))
		return c->host->fail(c, MLC_RETRY, 0, "Zendesk allows ten exports a minute, others' included: %s are read later", many);
	if (c->reply->status != 200)
		return zen_failed(c, c->host->format(c, "reading what has changed in %s", many));
	page = zen_body(c);
	list = json_object_get(page, many);
	next = next_of(c, l, page);
	last = is_last(l, page);
	if (!json_is_array(list))
		return zen_garbage(c, c->host->format(c, "a page of %s", many));
	if (!last && !next)
		return zen_garbage(c, c->host->format(c, "a page of %s that says where the next one begins", many));
	if (next && strlen(next) >= sizeof s->cursor)
		return zen_garbage(c, "a cursor of a sensible length");
	/* More to come from where we are: it would be the same page for ever. */
	if (!last && (strcmp(next, s->cursor) == 0 || strcmp(next, s->before) == 0))
		return c->host->fail(c, MLC_BROKEN, 0, "the pages of %s go in a circle at %s", many, next);
	if (zen_emit_all(c, l->entity, list) == MLC_FAIL)
		return MLC_FAIL;

	memcpy(s->before, s->cursor, sizeof s->before);
	if (next)
		mlc_copy(s->cursor, sizeof s->cursor, next);
	c->host->advance(c, l->kind == WHOLE ? NULL : next, 0);
	if (last)
		return MLC_DONE;
	if (l->kind == WHOLE)
		return mlc_get(c, path_from(c, l, s->cursor));
	c->pause_ms = BETWEEN_MS;
	return MLC_PAUSE;
}

enum mlc_step zen_poll(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct listing *l = listing_of(c);

	switch (c->reply->kind) {
	case MLC_REPLY_NONE:
		if (c->cursor && l->kind != WHOLE)
			mlc_copy(s->cursor, sizeof s->cursor, c->cursor);
		return mlc_get(c, path_from(c, l, s->cursor));
	case MLC_REPLY_PAUSED:
		return mlc_get(c, path_from(c, l, s->cursor));
	case MLC_REPLY_HERE:
		return digest(c);
	case MLC_REPLY_LOST:
		break;
	}
	return c->host->fail(c, MLC_RETRY, 0, "Zendesk did not answer");
}
