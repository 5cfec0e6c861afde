/* feeds.c - what has changed in a tenant: windows over updateddate, by object-query or ZOQL. */
#include "zuora.h"

#define OVERLAP_MS INT64_C(600000) /* read again: what was being written while we looked */

static const char *const accounts[] = { "account", NULL };
static const char *const contacts[] = { "contact", "account", NULL };
static const char *const invoices[] = { "invoice", NULL };
static const char *const payments[] = { "payment", NULL };
static const char *const credit_memos[] = { "credit_memo", NULL };
static const char *const debit_memos[] = { "debit_memo", NULL };
static const char *const refunds[] = { "refund", NULL };
static const char *const products[] = { "product", NULL };
static const char *const adjustments[] = { "adjustment", NULL };

const struct mlc_feed zuora_feeds[] = {
	{ "accounts", accounts, 300, 0 },
	{ "contacts", contacts, 300, 0 }, /* a contact that moves need not move its account */
	{ "invoices", invoices, 300, 0 },
	{ "payments", payments, 300, 0 }, /* callouts are faster; those of external payments may never come */
	{ "credit_memos", credit_memos, 300, 0 },
	{ "debit_memos", debit_memos, 900, 0 },
	{ "refunds", refunds, 300, 0 },
	{ "products", products, 3600, 0 },
	{ "adjustments", adjustments, 900, 0 }, /* without Invoice Settlement only */
	{ NULL },
};

enum phase { PAGES, PARTS, ACCOUNTS };

static int entity_of(const struct mlc_call *c)
{
	return zuora_entity(c->feed->entities[0]);
}

static bool settles(const struct mlc_call *c)
{
	return !json_is_false(json_object_get(c->settings, "invoice_settlement"));
}

/* Tenants have the one kind or the other. */
static bool is_here(const struct mlc_call *c, int entity)
{
	switch (entity) {
	case CREDIT_MEMO: case DEBIT_MEMO:
		return settles(c);
	case ADJUSTMENT:
		return !settles(c);
	}
	return true;
}

static enum mlc_step ask_page(struct mlc_call *c, const char *cursor)
{
	const struct state *s = (const struct state *)c->state;
	int entity = entity_of(c);
	const char *since = s->after_ms ? mlc_instant_text(c, s->after_ms) : NULL;

	if (zuora_folder(entity))
		return zuora_list(c, entity, since ? c->host->format(c, "&filter[]=updateddate.GE:%s", since) : "", cursor);
	if (cursor) {
		enum mlc_step step = zuora_send(c, "POST", "/v1/action/queryMore", json_pack("{s:s}", "queryLocator", cursor), NULL);

		c->request->repeatable = true;
		return step;
	}
	return zuora_select(c, entity, since ? c->host->format(c, "UpdatedDate >= '%s'", since) : "");
}

static enum mlc_step begin(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int64_t ms;

	if (!is_here(c, entity_of(c)))
		return MLC_DONE;
	if (c->cursor && mlc_instant(c->cursor + (*c->cursor == '@'), &ms))
		s->after_ms = ms - ms % 1000 - (*c->cursor == '@' ? 0 : OVERLAP_MS);
	return ask_page(c, NULL);
}

static uint64_t sum_of(json_t *page)
{
	uint64_t h = MLC_HASH;
	json_t *record;
	size_t i;

	json_array_foreach(page, i, record)
		h = mlc_hash(mlc_hash(h, mlc_text_or(record, "id", "")), mlc_text_or(record, "updatedDate", ""));
	return h;
}

/* In order of change, none of before, and not the page of before again: or what is not read yet might be passed over. */
static enum mlc_step check_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	bool sorted = zuora_folder(entity_of(c)) != NULL;
	uint64_t sum = sum_of(s->page);
	json_t *record;
	int64_t ms;
	size_t i;

	if (sorted && json_array_size(s->page) && sum == s->page_sum)
		return c->host->fail(c, MLC_BROKEN, 0, "Zuora gave the same page twice");
	s->page_sum = sum;
	json_array_foreach(s->page, i, record) {
		if (!mlc_instant(mlc_text_or(record, "updatedDate", mlc_text_or(record, "UpdatedDate", "")), &ms))
			continue;
		if (ms < s->after_ms)
			return c->host->fail(c, MLC_BROKEN, 0, "Zuora gave records of before the time that was asked for");
		if (sorted && ms < s->last_ms)
			return c->host->fail(c, MLC_BROKEN, 0, "Zuora did not give records in the order that was asked for");
		if (ms > s->last_ms)
			s->last_ms = ms;
	}
	return MLC_DONE;
}

/* The accounts of a page's contacts, each once, whole: a hint would be news at every poll, a record that is known is none. */
static enum mlc_step ask_accounts(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *seen = json_object(), *record;
	const char *list = "";
	size_t i;

	json_array_foreach(s->page, i, record) {
		const char *id = mlc_text(record, "accountId");

		if (!id || json_object_get(seen, id))
			continue;
		json_object_set_new(seen, id, json_true());
		list = c->host->format(c, "%s%s%s", list, *list ? "," : "", mlc_percent(c, id));
	}
	json_decref(seen);
	if (!*list)
		return MLC_DONE;
	s->phase = ACCOUNTS;
	return zuora_list(c, ACCOUNT, c->host->format(c, "&filter[]=id.IN:%%5B%s%%5D", list), NULL);
}

static enum mlc_step digest_accounts(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *page = s->page, *record;
	const char *next = s->next;
	enum mlc_step step = zuora_take_page(c, ACCOUNT);
	size_t i;

	if (step != MLC_DONE)
		return step;
	json_array_foreach(s->page, i, record)
		zuora_emit(c, ACCOUNT, record);
	s->page = page;
	s->next = next;
	return MLC_DONE;
}

/* The page is whole: it is committed, and the next is asked for, if there is one. */
static enum mlc_step turn_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = entity_of(c);
	/* ZOQL knows no order: before its last page nothing is safe. */
	bool safe = s->last_ms && (zuora_folder(entity) || !s->next);
	const char *next = s->next;
	enum mlc_step failed;
	json_t *record;
	size_t i;

	json_array_foreach(s->page, i, record)
		zuora_emit(c, entity, record);
	if (!zuora_goes_on(c, &s->pages, next, json_array_size(s->page), &failed))
		return failed;
	c->host->advance(c, safe ? mlc_instant_text(c, s->last_ms) : NULL, 0);
	s->phase = PAGES;
	s->page = NULL;
	s->next = NULL;
	return next ? ask_page(c, next) : MLC_DONE;
}

static enum mlc_step a_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step = zuora_take_page(c, entity_of(c));

	if (step == MLC_DONE)
		step = check_page(c);
	if (step != MLC_DONE)
		return step;
	s->phase = PARTS;
	return entity_of(c) == CONTACT ? ask_accounts(c) : zuora_first_parts(c, entity_of(c));
}

enum mlc_step zuora_poll(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step = MLC_FAIL;

	if (c->reply->kind != MLC_REPLY_HERE)
		return begin(c);
	switch ((enum phase)s->phase) {
	case PAGES:
		step = a_page(c);
		break;
	case PARTS:
		step = zuora_next_parts(c, entity_of(c));
		break;
	case ACCOUNTS:
		step = digest_accounts(c);
		break;
	}
	return step == MLC_DONE ? turn_page(c) : step;
}
