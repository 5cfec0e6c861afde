/* feeds.c - what has changed in an org, and what is gone. */
#include "salesforce.h"

#define OVERLAP_MS INT64_C(300000)          /* rows are stamped before they are committed (SOURCES.md 5) */
#define MINUTE_MS  INT64_C(60000)
#define REACH_MS   INT64_C(29) * 86400000   /* of getUpdated and getDeleted: 30 days, less one for clocks */
#define IDS_MAX    40000                    /* of a getUpdated: over that the rows are read as pages */
#define RESTARTS   3

static const char *const accounts[] = { "Account", NULL };
static const char *const contacts[] = { "Contact", NULL };
static const char *const opportunities[] = { "Opportunity", NULL };
static const char *const orders[] = { "Order", NULL };
static const char *const products[] = { "Product2", NULL };
static const char *const prices[] = { "PricebookEntry", NULL };
static const char *const ledger[] = { "MLC_LedgerAccount__c", NULL };
static const char *const all[] = { "Account", "Contact", "Opportunity", "Order", "Product2", "MLC_LedgerAccount__c", NULL };

const struct mlc_feed sf_feeds[] = {
	{ "accounts", accounts, 300, 0 },
	{ "contacts", contacts, 300, 0 },
	{ "opportunities", opportunities, 300, 0 }, /* hints: fetch() brings the lines */
	{ "orders", orders, 300, 0 },
	{ "products", products, 900, 0 },
	{ "prices", prices, 900, 0 },
	{ "ledger", ledger, 900, 0 },
	{ "deleted", all, 300, 30 * 86400 },
	{ NULL },
};

#define FATES_AT_ONCE 200

enum phase { ROWS, UPDATED, DELETED, FATES };

static const struct mlc_entity *entity_of(const struct mlc_call *c)
{
	return sf_part(c->feed->entities[0]);
}

static bool is_deleted_feed(const struct mlc_call *c)
{
	return c->feed->entities[1] != NULL;
}

static void hint(struct mlc_call *c, const struct mlc_entity *e, const char *id, int64_t changed_ms)
{
	c->host->emit(c, &(struct mlc_record){ .entity = e->name, .id = id, .hint = true, .changed_ms = changed_ms });
}

/* ---- rows, by the time of their last change -------------------------------------------------- */

static enum mlc_step ask_rows(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = entity_of(c);
	const char *columns = sf_lines_field(e) ? "Id,SystemModstamp" : sf_columns(c, e), *where = "";

	s->phase = ROWS;
	if (s->after_ms)
		where = c->host->format(c, " WHERE SystemModstamp >= %s", mlc_instant_text(c, s->after_ms));
	return sf_query(c, c->host->format(c, "SELECT %s FROM %s%s ORDER BY SystemModstamp, Id", columns, e->name, where), false);
}

/* A cursor of theirs lives two days; what it had is asked for anew from where it was. */
static bool is_lost_locator(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	return s->next[0] && c->reply->status >= 400 && s->restarts < RESTARTS
		&& strcmp(sf_error_code(sf_error(c->host->parse(c, c->reply->body, c->reply->body_len))), "INVALID_QUERY_LOCATOR") == 0;
}

static enum mlc_step digest_rows(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = sf_whole(c, entity_of(c));
	bool bare = sf_lines_field(e) != NULL;
	enum mlc_step step = MLC_FAIL;
	json_t *rows, *row;
	size_t i;

	if (is_lost_locator(c)) {
		s->restarts++;
		s->after_ms = s->greatest_ms;
		return ask_rows(c);
	}
	rows = sf_page(c, &step);
	if (!rows)
		return step;
	json_array_foreach(rows, i, row) {
		struct mlc_record r;

		if (!sf_is_id(mlc_text_or(row, "Id", ""))) {
			c->host->emit(c, &(struct mlc_record){ .entity = e->name, .data = json_incref(row) /* parse() keeps its own */ });
			continue;
		}
		if (!sf_record(c, e, row, &r))
			return c->host->fail(c, MLC_BROKEN, 0, "Salesforce's list of %s holds a record without its time", e->name);
		if (r.changed_ms < s->last_ms) {
			json_decref(r.data);
			return c->host->fail(c, MLC_BROKEN, 0, "Salesforce's list of %s goes back in time: a page came twice", e->name);
		}
		s->last_ms = r.changed_ms;
		if (r.changed_ms > s->greatest_ms)
			s->greatest_ms = r.changed_ms;
		if (bare) {
			json_decref(r.data);
			hint(c, e, r.id, r.changed_ms);
		} else {
			c->host->emit(c, &r);
		}
	}
	c->host->advance(c, s->greatest_ms ? mlc_instant_text(c, s->greatest_ms) : NULL, 0);
	return s->next[0] ? mlc_get(c, s->next) : MLC_DONE;
}

/* ---- ids of a window: getUpdated, getDeleted --------------------------------------------------- */

/* Start and end lose their seconds there and must be more than a minute apart (SOURCES.md 5). */
static enum mlc_step ask_window(struct mlc_call *c, const struct mlc_entity *e, const char *what)
{
	struct state *s = (struct state *)c->state;
	int64_t end = (c->now_ms / MINUTE_MS + 1) * MINUTE_MS, start = s->after_ms / MINUTE_MS * MINUTE_MS;

	if (start > end - 2 * MINUTE_MS)
		start = end - 2 * MINUTE_MS;
	const struct mlc_param params[] = { { "start", mlc_instant_text(c, start) }, { "end", mlc_instant_text(c, end) }, { NULL } };
	return mlc_get(c, mlc_query(c, sf_path(c, c->host->format(c, "/sobjects/%s/%s/", e->name, what)), params));
}

static enum mlc_step digest_updated(struct mlc_call *c)
{
	json_t *page = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;
	json_t *ids = mlc_at(page, "ids"), *id;
	int64_t covered;
	size_t i;

	if (c->reply->status != 200) {
		json_t *error = sf_error(c->host->parse(c, c->reply->body, c->reply->body_len));

		return strcmp(sf_error_code(error), "EXCEEDED_ID_LIMIT") == 0 ? ask_rows(c) : sf_failed(c, "asking what has changed");
	}
	if (!json_is_array(ids) || !mlc_instant(mlc_text(page, "latestDateCovered"), &covered))
		return sf_garbage(c, "a list of ids");
	if (json_array_size(ids) > IDS_MAX)
		return ask_rows(c);
	json_array_foreach(ids, i, id) {
		if (!json_is_string(id) || !sf_is_id(json_string_value(id)))
			return sf_garbage(c, "a list of ids");
		hint(c, entity_of(c), json_string_value(id), 0);
	}
	c->host->advance(c, mlc_instant_text(c, covered), 0);
	return MLC_DONE;
}

/* 404 NOT_FOUND, INVALID_TYPE: this org has no such object (orders are off, the package is not there). */
static bool is_absent(struct mlc_call *c)
{
	const char *code = sf_error_code(sf_error(c->host->parse(c, c->reply->body, c->reply->body_len)));

	return (c->reply->status == 404 && strcmp(code, "NOT_FOUND") == 0) || (c->reply->status == 400 && strcmp(code, "INVALID_TYPE") == 0);
}

static enum mlc_step ask_deleted(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	return ask_window(c, sf_part(c->feed->entities[s->at]), "deleted");
}

static enum mlc_step next_entity(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	s->rows = NULL;
	s->row = 0;
	s->phase = DELETED;
	if (c->feed->entities[++s->at])
		return ask_deleted(c);
	if (s->greatest_ms)
		c->host->advance(c, mlc_instant_text(c, s->greatest_ms), 0);
	return MLC_DONE;
}

static const char *deleted_id(const struct state *s, size_t i)
{
	return mlc_text_or(json_array_get(s->rows, i), "id", "");
}

/* Merged into which one, or brought back meanwhile?  The recycle bin knows. */
static enum mlc_step ask_fates(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = sf_part(c->feed->entities[s->at]);
	bool merges = e == &sf_entities[ACCOUNT] || e == &sf_entities[CONTACT];
	const char *list = "";

	s->phase = FATES;
	for (size_t i = s->row; i < json_array_size(s->rows) && i < s->row + FATES_AT_ONCE; i++)
		list = c->host->format(c, "%s%s'%s'", list, *list ? "," : "", deleted_id(s, i));
	return sf_query(c, c->host->format(c, "SELECT Id,IsDeleted%s FROM %s WHERE Id IN (%s)", merges ? ",MasterRecordId" : "", e->name,
		list), true);
}

static enum mlc_step digest_fates(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = sf_part(c->feed->entities[s->at]);
	enum mlc_step step = MLC_FAIL;
	json_t *rows = sf_page(c, &step);
	size_t end = s->row + FATES_AT_ONCE;

	if (!rows)
		return step;
	if (s->next[0])
		return sf_garbage(c, "one page of records");
	for (; s->row < json_array_size(s->rows) && s->row < end; s->row++) {
		const char *id = deleted_id(s, s->row), *master;
		json_t *fate = sf_row(rows, id);
		struct mlc_record gone = { .entity = e->name, .id = id, .deleted = true };

		if (fate && !json_is_true(json_object_get(fate, "IsDeleted")))
			continue;
		mlc_instant(mlc_text(json_array_get(s->rows, s->row), "deletedDate"), &gone.changed_ms);
		master = mlc_text(fate, "MasterRecordId");
		if (master && sf_is_id(master) && strcmp(master, id) != 0)
			c->host->merged(c, e->name, id, master);
		else
			c->host->emit(c, &gone);
	}
	return s->row < json_array_size(s->rows) ? ask_fates(c) : next_entity(c);
}

static enum mlc_step digest_deleted(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = sf_part(c->feed->entities[s->at]);
	json_t *page = c->reply->status == 200 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;
	json_t *list = mlc_at(page, "deletedRecords"), *one;
	int64_t covered, earliest;
	size_t i;

	if (c->reply->status != 200)
		return is_absent(c) ? next_entity(c) : sf_failed(c, "asking what was deleted");
	if (!json_is_array(list) || !mlc_instant(mlc_text(page, "latestDateCovered"), &covered))
		return sf_garbage(c, "a list of what was deleted");
	json_array_foreach(list, i, one)
		if (!sf_is_id(mlc_text_or(one, "id", "")))
			return sf_garbage(c, "a list of what was deleted");
	if (mlc_instant(mlc_text(page, "earliestDateAvailable"), &earliest) && earliest > s->after_ms + MINUTE_MS)
		c->host->log(c, MLC_WARN, "%s: Salesforce remembers deletions since %s only", e->name, mlc_instant_text(c, earliest));
	if (!s->greatest_ms || covered < s->greatest_ms)
		s->greatest_ms = covered; /* the least of all that was covered */
	s->rows = list;
	return json_array_size(list) ? ask_fates(c) : next_entity(c);
}

/* ---- the day's calls ------------------------------------------------------------------------------ */

static int64_t number_at(const char *text)
{
	int64_t value = 0;

	for (; *text >= '0' && *text <= '9' && value < INT64_C(1000000000000); text++)
		value = value * 10 + (*text - '0');
	return value;
}

/* "api-usage=18/15000", perhaps with more behind it; not on every reply. */
static bool is_spent(struct mlc_call *c, const char **words)
{
	const char *text = c->host->header(c, "Sforce-Limit-Info"), *usage = text ? strstr(text, "api-usage=") : NULL;
	const char *slash = usage ? strchr(usage, '/') : NULL;
	int64_t share = mlc_known_int_or(c->settings, "api_share", 90), used, most;

	if (!slash || slash != usage + 10 + strspn(usage + 10, "0123456789"))
		return false;
	used = number_at(usage + 10);
	most = number_at(slash + 1);
	*words = c->host->format(c, "%lld of the org's %lld calls of 24 hours are spent, more than our share of %lld %%",
		(long long)used, (long long)most, (long long)share);
	return most > 0 && used * 100 > most * share;
}

/* ---- poll ------------------------------------------------------------------------------------------- */

static enum mlc_step begin(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int64_t ms;

	s->after_ms = 0;
	if (c->cursor && mlc_instant(c->cursor + (*c->cursor == '@'), &ms))
		s->after_ms = ms - (*c->cursor == '@' ? 0 : OVERLAP_MS);
	if (is_deleted_feed(c)) {
		s->phase = DELETED;
		s->at = 0;
		s->greatest_ms = 0;
		if (!s->after_ms) /* what was gone before we came concerns nobody */
			s->after_ms = c->now_ms - OVERLAP_MS;
		if (s->after_ms < c->now_ms - REACH_MS)
			s->after_ms = c->now_ms - REACH_MS;
		return ask_deleted(c);
	}
	if (sf_lines_field(entity_of(c)) && s->after_ms > c->now_ms - REACH_MS) {
		s->phase = UPDATED;
		return ask_window(c, entity_of(c), "updated");
	}
	return ask_rows(c);
}

enum mlc_step sf_poll(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step = MLC_FAIL;
	const char *words;

	if (c->reply->kind != MLC_REPLY_HERE)
		return sf_is_stranger(c) ? MLC_FAIL : begin(c);
	if (c->reply->status == 200 && is_spent(c, &words))
		return c->host->fail(c, MLC_LIMITED, SF_SPENT_MS, "%s", words);
	switch ((enum phase)s->phase) {
	case ROWS:
		step = digest_rows(c);
		break;
	case UPDATED:
		step = digest_updated(c);
		break;
	case DELETED:
		step = digest_deleted(c);
		break;
	case FATES:
		step = digest_fates(c);
		break;
	}
	return step;
}
