/* feeds.c - what changed: a feed for each module, and one for what was deleted of it. */
#include "zoho.h"

#define OVERLAP_MS INT64_C(60000)  /* what was being written while we looked */
#define MARGIN_MS  INT64_C(600000) /* how long a change may take until lists show it */
#define RECYCLED   (60 * 86400)    /* seconds that Zoho remembers what was deleted (SOURCES.md 4) */


static const char *const of_accounts[] = { "Accounts", NULL };
static const char *const of_contacts[] = { "Contacts", NULL };
static const char *const of_deals[] = { "Deals", NULL };
static const char *const of_products[] = { "Products", NULL };
static const char *const of_vendors[] = { "Vendors", NULL };
static const char *const of_leads[] = { "Leads", NULL };
static const char *const of_quotes[] = { "Quotes", NULL };
static const char *const of_sales_orders[] = { "Sales_Orders", NULL };
static const char *const of_purchase_orders[] = { "Purchase_Orders", NULL };
static const char *const of_invoices[] = { "Invoices", NULL };

const struct mlc_feed zoho_feeds[] = {
	{ "accounts", of_accounts, 300, 0 }, { "deleted_accounts", of_accounts, 600, RECYCLED },
	{ "contacts", of_contacts, 300, 0 }, { "deleted_contacts", of_contacts, 600, RECYCLED },
	{ "deals", of_deals, 300, 0 }, { "deleted_deals", of_deals, 600, RECYCLED },
	{ "products", of_products, 900, 0 }, { "deleted_products", of_products, 900, RECYCLED },
	{ "vendors", of_vendors, 900, 0 }, { "deleted_vendors", of_vendors, 900, RECYCLED },
	{ "leads", of_leads, 300, 0 }, { "deleted_leads", of_leads, 900, RECYCLED },
	{ "quotes", of_quotes, 300, 0 }, { "deleted_quotes", of_quotes, 900, RECYCLED },
	{ "sales_orders", of_sales_orders, 300, 0 }, { "deleted_sales_orders", of_sales_orders, 900, RECYCLED },
	{ "purchase_orders", of_purchase_orders, 300, 0 }, { "deleted_purchase_orders", of_purchase_orders, 900, RECYCLED },
	{ "invoices", of_invoices, 300, 0 }, { "deleted_invoices", of_invoices, 900, RECYCLED },
	{ NULL, NULL, 0, 0 },
};

static const struct mlc_entity *module_of(const struct mlc_call *c)
{
	for (size_t i = 0; i < MODULES; i++)
		if (strcmp(zoho_entities[i].name, c->feed->entities[0]) == 0)
			return &zoho_entities[i];
	return NULL;
}

static bool of_deleted(const struct mlc_call *c)
{
	return strncmp(c->feed->name, "deleted_", 8) == 0;
}

static void begin(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int64_t ms;

	s->page = 1;
	if (c->cursor && mlc_instant(c->cursor + (*c->cursor == '@'), &ms)) {
		s->after_ms = ms - (*c->cursor == '@' ? 0 : OVERLAP_MS);
		s->greatest_ms = ms;
	}
}

/* Oldest change first, so that what was read is safe at the end of each page.  A token may not stand beside
 * a page, and all else must stay as it was (SOURCES.md 4). */
static enum mlc_step ask_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = module_of(c);
	const char **headers = (const char **)c->host->alloc(c, 2 * sizeof *headers);
	const char *path;

	if (!headers)
		return MLC_FAIL;
	if (of_deleted(c))
		path = mlc_query(c, c->host->format(c, API "/%s/deleted", e->name), (const struct mlc_param[]){
			{ "type", "all" }, { "per_page", "200" }, { "page", c->host->format(c, "%u", s->page) }, { NULL, NULL } });
	else
		path = mlc_query(c, c->host->format(c, API "/%s", e->name), (const struct mlc_param[]){
			{ "fields", zoho_fields(c, e) }, { "sort_by", "Modified_Time" }, { "sort_order", "asc" }, { "per_page", "200" },
			{ "page_token", *s->token ? s->token : NULL }, { NULL, NULL } });
	headers[0] = s->after_ms ? c->host->format(c, "If-Modified-Since: %s", zoho_time(c, s->after_ms)) : NULL;
	c->request->headers = headers;
	return mlc_get(c, path);
}

static void nameless(struct mlc_call *c, json_t *one)
{
	c->host->emit(c, &(struct mlc_record){ .entity = module_of(c)->name, .data = json_incref(one) /* parse() keeps its own */ });
}

/* A list tells no line items: what has them is looked at whole. */
static enum mlc_step digest_changed(struct mlc_call *c, json_t *one)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = module_of(c);
	struct mlc_record r;

	if (!zoho_record(c, e, one, &r)) {
		nameless(c, one);
		return MLC_DONE;
	}
	if (!r.changed_ms) {
		json_decref(r.data);
		return zoho_garbage(c, "a list of records with their times");
	}
	if (r.changed_ms < s->last_ms) {
		json_decref(r.data);
		return c->host->fail(c, MLC_BROKEN, 0,
			"Zoho gave an older record behind a newer one: a page repeats, or is not sorted");
	}
	s->last_ms = r.changed_ms;
	if (r.changed_ms > s->greatest_ms)
		s->greatest_ms = r.changed_ms;
	if (zoho_has_rows(e)) {
		json_decref(r.data);
		r.data = NULL;
		r.version = NULL; /* of the whole record another one comes */
		r.hint = true;
	}
	c->host->emit(c, &r);
	return MLC_DONE;
}

static enum mlc_step digest_deleted(struct mlc_call *c, json_t *one)
{
	struct state *s = (struct state *)c->state;
	struct mlc_record r = { .entity = module_of(c)->name, .id = zoho_id(c, one), .deleted = true };

	if (!r.id) {
		nameless(c, one);
		return MLC_DONE;
	}
	if (!mlc_instant(mlc_text(one, "deleted_time"), &r.changed_ms))
		return zoho_garbage(c, "a list of what was deleted");
	if (r.changed_ms > s->greatest_ms)
		s->greatest_ms = r.changed_ms;
	c->host->emit(c, &r);
	return MLC_DONE;
}

/* more: there is another page, and how to ask for it stands in state.  MLC_FAIL: the page makes no sense. */
static enum mlc_step turn(struct mlc_call *c, bool *more)
{
	struct state *s = (struct state *)c->state;
	json_t *info = c->reply->status == 200 ? mlc_at(c->host->parse(c, c->reply->body, c->reply->body_len), "info") : NULL;
	const char *token = mlc_text(info, "next_page_token");

	*more = json_is_true(mlc_at(info, "more_records"));
	if (c->reply->status == 200 && !json_is_boolean(mlc_at(info, "more_records")))
		return zoho_garbage(c, "a list that says whether there is more");
	if (!*more)
		return MLC_DONE;
	s->page++;
	if (of_deleted(c))
		return MLC_DONE;
	if (!token || strlen(token) >= sizeof s->token)
		return zoho_garbage(c, "a list that says how to read on");
	if (strcmp(token, s->token) == 0)
		return c->host->fail(c, MLC_BROKEN, 0, "Zoho's next page is the one that it has just given");
	mlc_copy(s->token, sizeof s->token, token);
	return MLC_DONE;
}

/* At the end everything up to now was seen, but for a margin: the next poll is then answered with 304 for as long as
 * nothing changes.  Now is what Zoho calls so; our clock may be wrong, and would then skip what happens meanwhile. */
static const char *cursor_of(struct mlc_call *c, bool more)
{
	const struct state *s = (const struct state *)c->state;
	int64_t seen = s->greatest_ms, now;

	if (!more && mlc_http_date(c->host->header(c, "Date"), &now) && now - MARGIN_MS > seen)
		seen = now - MARGIN_MS;
	return seen ? mlc_instant_text(c, seen) : NULL;
}

enum mlc_step zoho_poll(struct mlc_call *c)
{
	json_t *list, *one;
	enum mlc_step failed;
	size_t i;
	bool more;

	if (c->reply->kind != MLC_REPLY_HERE) {
		begin(c);
		return ask_page(c);
	}
	list = zoho_list(c, "data", c->host->format(c, "reading %s", c->feed->name), &failed);
	if (!list)
		return failed;
	if (json_array_size(list) > PER_PAGE)
		return zoho_garbage(c, "a page as long as was asked for");
	json_array_foreach(list, i, one)
		if ((of_deleted(c) ? digest_deleted(c, one) : digest_changed(c, one)) == MLC_FAIL)
			return MLC_FAIL;
	if (turn(c, &more) == MLC_FAIL)
		return MLC_FAIL;
	/* What was deleted comes in no order that we know: nothing is safe before the end. */
	if (!more || !of_deleted(c))
		c->host->advance(c, cursor_of(c, more), 0);
	return more ? ask_page(c) : MLC_DONE;
}
