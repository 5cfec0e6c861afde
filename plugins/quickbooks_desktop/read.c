/* read.c - poll, fetch and find: what QuickBooks tells of its records.
 *
 * Times: QuickBooks answers with the clock of its machine and, in summer, a wrong offset; it expects
 * the same clock back without one.  So a cursor is the first 19 characters of a TimeModified as it
 * came, and never becomes UTC (SOURCES.md).  Filters are inclusive, to the second. */
#include "qbd.h"

#include <stdlib.h>

enum {
	PAGE = 100,              /* records in an iterator's reply: far below any time limit */
	WINDOW = 2000,           /* records read before the cursor moves: what a cut visit costs at most */
	OVERLAP_S = 300,         /* clocks of several QuickBooks machines differ a little */
	AUTUMN_OVERLAP_S = 7800, /* an hour comes twice when summer time ends */
	AHEAD_MS = 7200 * 1000,  /* a change later than this was made by a wrong clock */
	RECENT_MS = 3 * 86400 * 1000,
	TODAY_MS = 12 * 3600 * 1000
};
#define BEGIN "1990-01-01T00:00:00" /* before it there was no QuickBooks */

enum { POLL_COUNT = 1, POLL_READ };
enum { FIND_NAME = 0, FIND_LEVEL };
enum { FETCH_IDS = 0, FETCH_DELETIONS };

static struct poll_state *state_of(struct mlc_call *c)
{
	return &((union qbd_state *)c->state)->poll;
}

static const char *request_id(struct mlc_call *c, unsigned page)
{
	return c->host->format(c, "r-%.16s-%u", c->nonce, page);
}

enum mlc_step qbd_question_failed(struct mlc_call *c, const struct answer *a)
{
	if (!a->rs)
		return c->host->fail(c, a->fault, 0, "%s", a->text);
	return c->host->fail(c, a->code < 3000 && a->code != 1030 ? MLC_RETRY
		: qbd_status(a->code)->create == MLC_RETRY ? MLC_RETRY : MLC_REFUSED, 0, "%s",
		answer_words(c, a));
}

/* A feature that is off, or not in this edition, has no records. */
static bool is_off(const struct answer *a)
{
	return a->code == 3250 || a->code == 1030;
}

static const char *record_id(struct mlc_call *c, const struct qbd_shape *s, const xmlNode *record)
{
	if (s->kind == QBD_ONE)
		return !strcmp(s->entity, "Company") ? "company" : "preferences";
	return mlc_xml_child_text(c, record, s->kind == QBD_TXN ? "TxnID" : "ListID");
}

static bool emit(struct mlc_call *c, const struct mlc_entity *e, const xmlNode *node, struct mlc_xml *buffer)
{
	const struct qbd_shape *s = qbd_shape(e->name);
	const char *version = mlc_xml_child_text(c, node, "EditSequence");
	struct mlc_record r = { .entity = e->name, .id = record_id(c, s, node) };

	qbd_read_record(buffer, e, node);
	if (buffer->failed || (!*r.id && !c->feed))
		return false;
	r.version = *version ? version : NULL;
	r.text = buffer->text;
	r.text_len = buffer->len;
	c->host->emit(c, &r);
	return true;
}

static void put_includes(struct mlc_xml *x, const struct qbd_shape *s)
{
	if (s->query & QBD_LINES)
		mlc_xml_put(x, "IncludeLineItems", "true");
	if (s->query & QBD_LINKS)
		mlc_xml_put(x, "IncludeLinkedTxns", "true");
	if (s->query & QBD_OWNER) /* 0: the custom fields that a person sees */
		mlc_xml_put(x, "OwnerID", s->kind == QBD_ONE ? QBD_OWNER_ID : "0");
}

static enum mlc_step ask(struct mlc_call *c, const struct qbd_shape *s, const char *attributes,
	const struct mlc_xml *inner, unsigned page)
{
	return qbd_ask(c, request_id(c, page), c->host->format(c, "%sQuery", s->entity), attributes, inner,
		false);
}

/* ---- poll: records by time of change ----------------------------------------------------------- */

static const char *const customers[] = { "Customer", NULL };
static const char *const vendors[] = { "Vendor", NULL };
static const char *const items[] = { "Item", NULL };
static const char *const accounts[] = { "Account", NULL };
static const char *const terms[] = { "Terms", NULL };
static const char *const tax_codes[] = { "SalesTaxCode", NULL };
static const char *const methods[] = { "PaymentMethod", NULL };
static const char *const classes[] = { "Class", NULL };
static const char *const invoices[] = { "Invoice", NULL };
static const char *const payments[] = { "ReceivePayment", NULL };
static const char *const memos[] = { "CreditMemo", NULL };
static const char *const receipts[] = { "SalesReceipt", NULL };
static const char *const refunds[] = { "ARRefundCreditCard", NULL };
static const char *const checks[] = { "Check", NULL };
static const char *const employees[] = { "Employee", NULL };
static const char *const bills[] = { "Bill", NULL };
static const char *const bill_checks[] = { "BillPaymentCheck", NULL };
static const char *const bill_cards[] = { "BillPaymentCreditCard", NULL };
static const char *const orders[] = { "PurchaseOrder", NULL };
static const char *const journal[] = { "JournalEntry", NULL };
static const char *const customer_aging[] = { "CustomerAging", NULL };
static const char *const vendor_aging[] = { "VendorAging", NULL };
static const char *const company[] = { "Company", "Preferences", NULL };
static const char *const lists[] = { "Customer", "Vendor", "Employee", "Item", "Account", "Terms",
	"SalesTaxCode", "PaymentMethod", "Class", NULL };
static const char *const txns[] = { "Invoice", "ReceivePayment", "CreditMemo", "SalesReceipt",
	"ARRefundCreditCard", "Check", "Bill", "BillPaymentCheck", "BillPaymentCreditCard", "PurchaseOrder",
	"JournalEntry", NULL };

/* QuickBooks keeps deletions for 90 days (Conductor's documentation of ListDeleted and TxnDeleted). */
#define DELETIONS_REACH (90u * 86400)

const struct mlc_feed qbd_feeds[] = {
	{ "customers", customers, 900, 0 },
	{ "vendors", vendors, 900, 0 },
	{ "items", items, 900, 0 },
	{ "accounts", accounts, 900, 0 },
	{ "terms", terms, 900, 0 },
	{ "salestaxcodes", tax_codes, 900, 0 },
	{ "paymentmethods", methods, 900, 0 },
	{ "classes", classes, 900, 0 },
	{ "invoices", invoices, 900, 0 },
	{ "payments", payments, 900, 0 },
	{ "creditmemos", memos, 900, 0 },
	{ "salesreceipts", receipts, 900, 0 },
	{ "refunds", refunds, 900, 0 },
	{ "checks", checks, 900, 0 },
	{ "employees", employees, 900, 0 },
	{ "bills", bills, 900, 0 },
	{ "billpaymentchecks", bill_checks, 900, 0 },
	{ "billpaymentcards", bill_cards, 900, 0 },
	{ "purchaseorders", orders, 900, 0 },
	{ "journalentries", journal, 900, 0 },
	{ "customeraging", customer_aging, 900, 0 },
	{ "vendoraging", vendor_aging, 900, 0 },
	{ "company", company, 900, 0 },
	{ "deleted_lists", lists, 900, DELETIONS_REACH },
	{ "deleted_txns", txns, 900, DELETIONS_REACH },
	{ NULL, NULL, 0, 0 }
};

static int64_t overlap_s(const char *stamp)
{
	/* United States: summer time ends on the first Sunday of November (15 USC 260a, read 2026). */
	bool autumn = !strncmp(stamp + 5, "11-0", 4) && stamp[9] < '9';

	return autumn ? AUTUMN_OVERLAP_S : OVERLAP_S;
}

bool qbd_begin_from(struct mlc_call *c)
{
	struct poll_state *p = state_of(c);

	if (!c->cursor)
		return true;
	if (*c->cursor == '@')
		return qbd_stamp_move(c, c->cursor + 1, -12 * 3600, p->from);
	return qbd_stamp_move(c, c->cursor, -overlap_s(c->cursor), p->from);
}

static bool is_recent(struct mlc_call *c, const char *stamp)
{
	int64_t ms;

	return mlc_instant(stamp, &ms) && c->now_ms - ms < RECENT_MS;
}

void qbd_note_seen(struct mlc_call *c, const char *stamp)
{
	struct poll_state *p = state_of(c);
	char cut[QBD_STAMP_SIZE];
	int64_t ms;

	if (!mlc_instant(stamp, &ms) || ms > c->now_ms + AHEAD_MS || !qbd_stamp_move(c, stamp, 0, cut))
		return;
	if (strcmp(cut, p->seen) > 0)
		memcpy(p->seen, cut, sizeof cut);
}

void qbd_advance_to_seen(struct mlc_call *c)
{
	const struct poll_state *p = state_of(c);
	bool by_hand = c->cursor && *c->cursor == '@';
	const char *to = NULL;

	if (*p->seen && (!c->cursor || by_hand || strcmp(p->seen, c->cursor) > 0))
		to = p->seen;
	else if (by_hand)
		to = p->from;
	c->host->advance(c, to ? c->host->format(c, "%s", to) : NULL, 0);
}

void qbd_put_window(struct mlc_xml *x, const char *from, const char *to, const char *around, const char *noun)
{
	if (!*from && !*to)
		return;
	if (around)
		mlc_xml_open(x, around);
	if (*from)
		mlc_xml_put(x, x->call->host->format(x->call, "From%sDate", noun), from);
	if (*to)
		mlc_xml_put(x, x->call->host->format(x->call, "To%sDate", noun), to);
	if (around)
		mlc_xml_close(x, around);
}

static enum mlc_step ask_window(struct mlc_call *c, const struct qbd_shape *s)
{
	struct poll_state *p = state_of(c);
	struct mlc_xml x = { .call = c };
	bool iterates = (s->query & QBD_ITERATES) && p->phase == POLL_READ;
	bool goes_on = iterates && *p->iterator;
	const char *attributes = p->phase == POLL_COUNT ? " metaData=\"MetaDataOnly\"" : "";
	enum mlc_step step;

	if (iterates)
		mlc_xml_put(&x, "MaxReturned", c->host->format(c, "%d", PAGE));
	if (s->kind == QBD_TXN) {
		qbd_put_window(&x, p->from, p->to, "ModifiedDateRangeFilter", "Modified");
	} else if (!(s->query & QBD_UNFILTERED)) {
		mlc_xml_put(&x, "ActiveStatus", "All"); /* else what becomes inactive is never seen */
		qbd_put_window(&x, p->from, p->to, NULL, "Modified");
	}
	put_includes(&x, s);
	if (goes_on)
		attributes = c->host->format(c, " iterator=\"Continue\" iteratorID=\"%s\"", p->iterator);
	else if (iterates)
		attributes = " iterator=\"Start\"";
	step = ask(c, s, attributes, &x, p->page++);
	c->request->this_visit = goes_on;
	return step;
}

static enum mlc_step begin_window(struct mlc_call *c, const struct qbd_shape *s)
{
	struct poll_state *p = state_of(c);

	p->iterator[0] = 0;
	p->left = 0;
	p->phase = !(s->query & QBD_ITERATES) || (*p->from && is_recent(c, p->from)) ? POLL_READ : POLL_COUNT;
	return ask_window(c, s);
}

/* Halves the window; false: it is a minute or less already. */
static bool halve(struct mlc_call *c)
{
	struct poll_state *p = state_of(c);
	int64_t from, to;

	/* A day ahead no clock may be. */
	if (!mlc_instant(*p->from ? p->from : BEGIN, &from))
		return false;
	if (!*p->to || !mlc_instant(p->to, &to))
		to = c->now_ms + INT64_C(86400000);
	if (to - from < 60000)
		return false;
	qbd_stamp(c, from + (to - from) / 2, p->to);
	return true;
}

/* The window behind this one, as wide, or twice that where there was little in it: so each is counted once or
 * twice at most, and not all that lies ahead. */
static void move_window(struct mlc_call *c)
{
	struct poll_state *p = state_of(c);
	int64_t from, to, next = INT64_MAX;

	if (mlc_instant(*p->from ? p->from : BEGIN, &from) && mlc_instant(p->to, &to))
		next = to + (to - from) * (p->in_window > WINDOW / 2 ? 1 : 2);
	memcpy(p->from, p->to, sizeof p->from);
	p->to[0] = 0;
	p->in_window = 0;
	if (next < c->now_ms + AHEAD_MS)
		qbd_stamp(c, next, p->to);
}

/* No cursor may lie ahead of QuickBooks' clock: where it is today somewhere in the United States, the newest
 * change is what was reached, and not the end of the window. */
static void keep_window(struct mlc_call *c)
{
	const struct poll_state *p = state_of(c);
	int64_t to;

	if (mlc_instant(p->to, &to) && to < c->now_ms - TODAY_MS)
		c->host->advance(c, c->host->format(c, "%s", p->to), 0);
	else
		qbd_advance_to_seen(c);
}

static enum mlc_step window_is_read(struct mlc_call *c, const struct qbd_shape *s)
{
	struct poll_state *p = state_of(c);

	if (*p->to) {
		keep_window(c);
		move_window(c);
		return begin_window(c, s);
	}
	qbd_advance_to_seen(c);
	return MLC_DONE;
}

static enum mlc_step digest_window(struct mlc_call *c, const struct mlc_entity *e, const struct answer *a)
{
	const struct qbd_shape *s = qbd_shape(e->name);
	struct poll_state *p = state_of(c);
	struct mlc_xml buffer = { .call = c };
	const char *remaining = mlc_xml_attribute(a->rs, "iteratorRemainingCount");
	long left;

	if (p->phase == POLL_COUNT) {
		const char *count = mlc_xml_attribute(a->rs, "retCount");

		if (a->code == 1 || !strcmp(count, "0"))
			return window_is_read(c, s);
		if (atol(count) <= WINDOW || !halve(c))
			p->phase = POLL_READ;
		return ask_window(c, s);
	}
	/* Of late usually little has changed, so nobody counted: but it was too much to be read at one go. */
	if (!*p->iterator && atol(remaining) > WINDOW && halve(c)) {
		p->phase = POLL_COUNT;
		return ask_window(c, s);
	}
	for (const xmlNode *n = mlc_xml_first(a->rs); n; n = mlc_xml_next(n)) {
		if (!qbd_is_record(n, e))
			continue;
		qbd_note_seen(c, mlc_xml_child_text(c, n, "TimeModified"));
		if (!emit(c, e, n, &buffer))
			return c->host->fail(c, MLC_RETRY, 0, "no memory left for a record");
	}
	left = atol(remaining);
	if (left <= 0)
		return window_is_read(c, s);
	if (p->left && left >= p->left)
		return c->host->fail(c, MLC_BROKEN, 0, "an iteration over %s does not get on: %ld are left, as many as before", e->name, left);
	p->left = left;
	if (!mlc_copy(p->iterator, sizeof p->iterator, mlc_xml_attribute(a->rs, "iteratorID")) || !*p->iterator)
		return c->host->fail(c, MLC_BROKEN, 0, "an iteration goes on without an id of a sensible length");
	c->host->advance(c, NULL, 0);
	return ask_window(c, s);
}

static enum mlc_step poll_records(struct mlc_call *c, const char *entity)
{
	const struct mlc_entity *e = qbd_entity(entity);
	const struct qbd_shape *s = qbd_shape(entity);
	struct poll_state *p = state_of(c);
	const char *since = mlc_known(c->settings, "read_from");
	struct answer a;
	enum mlc_step step;

	if (c->reply->kind == MLC_REPLY_NONE) {
		if (!qbd_begin_from(c))
			return c->host->fail(c, MLC_BROKEN, 0, "the cursor \"%s\" is none of ours", c->cursor);
		if (!c->cursor && since && s->kind == QBD_TXN && qbd_is_day(since))
			mlc_copy(p->from, sizeof p->from, c->host->format(c, "%sT00:00:00", since));
		return begin_window(c, s);
	}
	if (!answer_open(c, &a) || (!answer_is_well(&a) && a.code != 1 && !is_off(&a))) {
		/* What a dead iterator answers is not documented: the call starts afresh. */
		step = a.rs && *p->iterator ? c->host->fail(c, MLC_RETRY, 0, "%s", answer_words(c, &a))
			: qbd_question_failed(c, &a);
		answer_close(&a);
		return step;
	}
	step = is_off(&a) ? MLC_DONE : digest_window(c, e, &a);
	answer_close(&a);
	return step;
}

/* ---- poll: the company --------------------------------------------------------------- */

/* The company first, then its preferences. */
static enum mlc_step poll_company(struct mlc_call *c)
{
	struct poll_state *p = state_of(c);
	struct mlc_xml x = { .call = c };
	struct answer a;
	const char *entity = company[p->page ? p->page - 1 : 0];
	enum mlc_step step = MLC_DONE;

	if (c->reply->kind != MLC_REPLY_NONE) {
		const struct mlc_entity *e = qbd_entity(entity);

		if (!answer_open(c, &a) || !answer_is_well(&a))
			step = qbd_question_failed(c, &a);
		else if (!qbd_is_record(mlc_xml_first(a.rs) ? mlc_xml_first(a.rs) : a.rs, e) ||
			!emit(c, e, mlc_xml_first(a.rs), &x))
			step = c->host->fail(c, MLC_BROKEN, 0, "the answer holds no %s", entity);
		answer_close(&a);
		if (step == MLC_FAIL || !company[p->page])
			return step;
		x = (struct mlc_xml){ .call = c };
	}
	entity = company[p->page];
	put_includes(&x, qbd_shape(entity));
	return ask(c, qbd_shape(entity), "", &x, p->page++);
}

enum mlc_step qbd_poll(struct mlc_call *c)
{
	if (!strncmp(c->feed->name, "deleted_", 8))
		return qbd_poll_gone(c);
	if (!strcmp(c->feed->name, "company"))
		return poll_company(c);
	if (qbd_is_aging(qbd_entity(c->feed->entities[0])))
		return qbd_aging(c);
	return poll_records(c, c->feed->entities[0]);
}

/* ---- fetch ------------------------------------------------------------------------------------------ */

static enum mlc_step ask_ids(struct mlc_call *c, const struct qbd_shape *s)
{
	struct poll_state *p = state_of(c);
	struct mlc_xml x = { .call = c };
	const char *const *ids = c->ids + (size_t)p->page * QBD_IDS_AT_ONCE;

	for (unsigned i = 0; i < p->page * QBD_IDS_AT_ONCE; i++)
		if (!c->ids[i])
			return MLC_DONE;
	if (!*ids)
		return MLC_DONE;
	for (size_t i = 0; s->kind != QBD_ONE && i < QBD_IDS_AT_ONCE && ids[i]; i++)
		mlc_xml_put(&x, s->kind == QBD_TXN ? "TxnID" : "ListID", ids[i]);
	put_includes(&x, s);
	return ask(c, s, "", &x, p->page++);
}

/* The ids that were asked for last, and which of them are not there. */
const char *const *qbd_batch(struct mlc_call *c)
{
	return c->ids + (size_t)(state_of(c)->page - 1) * QBD_IDS_AT_ONCE;
}

static void note_missing(struct mlc_call *c, size_t i)
{
	state_of(c)->missing |= UINT64_C(1) << i;
}

static const xmlNode *record_of(struct mlc_call *c, const struct mlc_entity *e, const struct answer *a,
	const char *id)
{
	const struct qbd_shape *s = qbd_shape(e->name);

	for (const xmlNode *n = mlc_xml_first(a->rs); n; n = mlc_xml_next(n))
		if (qbd_is_record(n, e) && !strcmp(record_id(c, s, n), id))
			return n;
	return NULL;
}

/* Those that the answer holds; *missing: any that it does not. */
static bool emit_found(struct mlc_call *c, const struct answer *a, bool *missing)
{
	const char *const *ids = qbd_batch(c);
	struct mlc_xml buffer = { .call = c };

	*missing = false;
	for (size_t i = 0; i < QBD_IDS_AT_ONCE && ids[i]; i++) {
		const xmlNode *n = record_of(c, c->entity, a, ids[i]);

		if (n && !emit(c, c->entity, n, &buffer))
			return false;
		if (!n)
			note_missing(c, i);
		*missing = *missing || !n;
	}
	return true;
}

static enum mlc_step ask_deletions(struct mlc_call *c, const struct qbd_shape *s)
{
	char from[QBD_STAMP_SIZE];

	qbd_stamp(c, c->now_ms - DELETIONS_REACH * INT64_C(1000), from);
	state_of(c)->phase = FETCH_DELETIONS;
	return qbd_ask_deletions(c, c->host->format(c, "r-%.16s-d%u", c->nonce, state_of(c)->page),
		s->kind == QBD_TXN, from, "");
}

static enum mlc_step fetched(struct mlc_call *c, const struct qbd_shape *s, const struct answer *a)
{
	struct poll_state *p = state_of(c);
	bool missing;

	if (p->phase == FETCH_DELETIONS) {
		enum mlc_step step = p->gone_phase ? qbd_gone_came(c, a) : qbd_tell_gone(c, a);

		if (step != MLC_DONE)
			return step;
		p->phase = FETCH_IDS;
		p->missing = 0;
		return ask_ids(c, s);
	}
	if (!emit_found(c, a, &missing))
		return c->host->fail(c, MLC_RETRY, 0, "no memory left for a record");
	return missing ? ask_deletions(c, s) : ask_ids(c, s);
}

enum mlc_step qbd_fetch(struct mlc_call *c)
{
	const struct qbd_shape *s = qbd_shape(c->entity->name);
	struct answer a;
	enum mlc_step step;

	if (qbd_is_aging(c->entity))
		return qbd_aging(c);
	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_ids(c, s);
	/* 1: none of them, 500: not all of them, 3120: an id of nothing. */
	if (!answer_open(c, &a) || (!answer_is_well(&a) && a.code != 1 && a.code != 3120))
		step = qbd_question_failed(c, &a);
	else
		step = fetched(c, s, &a);
	answer_close(&a);
	return step;
}

/* ---- find --------------------------------------------------------------------------------------------- */

static const char *wanted(const struct mlc_call *c, const char *member)
{
	return json_string_value(json_object_get(c->data, member));
}

/* By name: first what has no parent; where names have levels, then those that end in it. */
static bool put_list_filter(struct mlc_call *c, const struct qbd_shape *s, struct mlc_xml *x)
{
	const char *full = wanted(c, "FullName"), *name = wanted(c, "Name");

	if (wanted(c, "ListID")) {
		mlc_xml_put(x, "ListID", wanted(c, "ListID"));
		return true;
	}
	if (!full)
		full = name ? name : wanted(c, "Initial");
	if (!full)
		return false;
	full = qbd_clean(c, full, false);
	if (!full || !*full)
		return false;
	if (state_of(c)->phase == FIND_NAME) {
		mlc_xml_put(x, "FullName", full);
		return true;
	}
	mlc_xml_put(x, "ActiveStatus", "All");
	mlc_xml_open(x, "NameFilter");
	mlc_xml_put(x, "MatchCriterion", "EndsWith");
	mlc_xml_put(x, "Name", full);
	mlc_xml_close(x, "NameFilter");
	return (s->query & QBD_LEVELS) != 0;
}

static bool put_txn_filter(struct mlc_call *c, struct mlc_xml *x)
{
	static const char *const members[] = { "CustomerRef", "VendorRef", "PayeeEntityRef" };
	const json_t *who = NULL;
	const char *day = wanted(c, "TxnDate"), *id, *name, *tree;

	if (wanted(c, "TxnID")) {
		mlc_xml_put(x, "TxnID", wanted(c, "TxnID"));
		return true;
	}
	if (wanted(c, "RefNumber")) {
		const char *number = qbd_clean(c, wanted(c, "RefNumber"), false);

		if (!number || !*number)
			return false;
		mlc_xml_put(x, "RefNumber", number);
		return true;
	}
	for (size_t i = 0; !who && i < sizeof members / sizeof *members; i++)
		who = json_object_get(c->data, members[i]);
	id = qbd_wanted_id(who);
	tree = qbd_wanted_tree(c, id);
	name = json_string_value(json_object_get(who, "name"));
	if (!day && !id && !name)
		return false;
	if (day) {
		mlc_xml_open(x, "TxnDateRangeFilter");
		mlc_xml_put(x, "FromTxnDate", day);
		mlc_xml_put(x, "ToTxnDate", day);
		mlc_xml_close(x, "TxnDateRangeFilter");
	}
	if (id || name) {
		mlc_xml_open(x, "EntityFilter");
		mlc_xml_put(x, tree ? "ListIDWithChildren" : id ? "ListID" : "FullName",
			tree ? tree : id ? id : qbd_clean(c, name, false));
		mlc_xml_close(x, "EntityFilter");
	}
	return true;
}

static enum mlc_step ask_find(struct mlc_call *c, const struct qbd_shape *s)
{
	struct poll_state *p = state_of(c);
	struct mlc_xml x = { .call = c };
	bool can = s->query & QBD_UNFILTERED ? true
		: s->kind == QBD_TXN ? put_txn_filter(c, &x) : put_list_filter(c, s, &x);

	if (!can)
		return c->host->fail(c, MLC_REFUSED, 0, "QuickBooks cannot search %s by these members: "
			"give its id, number or name, or a customer or day", s->entity);
	put_includes(&x, s);
	return ask(c, s, "", &x, p->page++);
}

static enum mlc_step digest_find(struct mlc_call *c, const struct answer *a)
{
	const struct qbd_shape *s = qbd_shape(c->entity->name);
	struct poll_state *p = state_of(c);
	struct mlc_xml buffer = { .call = c };
	bool found = false;

	for (const xmlNode *n = mlc_xml_first(a->rs); n; n = mlc_xml_next(n)) {
		if (!qbd_is_record(n, c->entity) || !qbd_matches(c, c->entity, n, c->data))
			continue;
		if (!emit(c, c->entity, n, &buffer))
			return c->host->fail(c, MLC_BROKEN, 0, "a %s came without an id", s->entity);
		found = true;
	}
	if (!found && p->phase == FIND_NAME && (s->query & QBD_LEVELS) && wanted(c, "Name") &&
		!wanted(c, "FullName") && !wanted(c, "ListID")) {
		p->phase = FIND_LEVEL;
		return ask_find(c, s);
	}
	return MLC_DONE;
}

enum mlc_step qbd_find(struct mlc_call *c)
{
	struct answer a;
	enum mlc_step step;

	if (qbd_is_aging(c->entity))
		return qbd_aging(c);
	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_find(c, qbd_shape(c->entity->name));
	if (!answer_open(c, &a) || (!answer_is_well(&a) && a.code != 1 && a.code != 3120 && !is_off(&a)))
		step = qbd_question_failed(c, &a);
	else
		step = digest_find(c, &a);
	answer_close(&a);
	return step;
}
