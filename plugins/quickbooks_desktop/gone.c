/* gone.c - what was deleted, and what only seems so: QuickBooks tells a merge as the deletion of the one.
 *
 * A name that transactions use cannot be deleted (status 3160), so the deletion of a used one is a merge:
 * everything that was its own is now another's, and bears the very second of the merge as its time of change.
 * So the survivor is the one other record of the kind that changed in that second, or the one customer of the
 * invoices that did.  Where that is nobody, or could be several, it is told as the deletion that it may be.  So
 * it is where documents were deleted in that second, too: a merge is one act, and deletes none, while one who
 * clears up has also edited what changed beside it.
 *
 * Source: QuickBooks tells merges of list elements as deletions (SOURCES.md); which records a merge touches is
 * not documented, so each way is tried. */
#include "qbd.h"

#include <stdlib.h>

enum { GONE_MOST = 20000, A_MOMENT_S = 1 };
/* The cursor of one who has looked and found that nothing was deleted yet: whatever is from then on, is news. */
#define BEFORE_ALL "2000-01-01T00:00:00"
enum { GONE_SURVIVOR = 1, GONE_INVOICES, GONE_DOCUMENTS };

struct gone {
	const char *entity, *id, *stamp, *survivor;
};

/* qbXML's types behind what deleted_lists and deleted_txns emit, in the order of the schema. */
static const char *const list_types[] = { "Account", "Class", "Customer", "DateDrivenTerms", "Employee",
	"ItemDiscount", "ItemFixedAsset", "ItemGroup", "ItemInventory", "ItemInventoryAssembly",
	"ItemNonInventory", "ItemOtherCharge", "ItemPayment", "ItemSalesTax", "ItemSalesTaxGroup",
	"ItemService", "ItemSubtotal", "PaymentMethod", "SalesTaxCode", "StandardTerms", "Vendor" };
static const char *const txn_types[] = { "ARRefundCreditCard", "Bill", "BillPaymentCheck",
	"BillPaymentCreditCard", "Check", "CreditMemo", "Invoice", "JournalEntry", "PurchaseOrder",
	"ReceivePayment", "SalesReceipt" };
/* What a person can merge in QuickBooks. */
static const char *const mergeable[] = { "Customer", "Vendor", "Account", "Item", "Class" };

static struct poll_state *state_of(struct mlc_call *c)
{
	return &((union qbd_state *)c->state)->poll;
}

static bool is_txns(const struct mlc_call *c)
{
	return c->feed ? !strcmp(c->feed->name, "deleted_txns") : qbd_shape(c->entity->name)->kind == QBD_TXN;
}

static const char *request_id(struct mlc_call *c)
{
	const struct poll_state *p = state_of(c);

	return c->host->format(c, "r-%.16s-g%u-%zu-%u", c->nonce, p->page, p->gone_at, p->gone_phase);
}

/* ---- asking -------------------------------------------------------------------------------------------- */

enum mlc_step qbd_ask_deletions(struct mlc_call *c, const char *id, bool txns, const char *from, const char *to)
{
	struct mlc_xml x = { .call = c };
	const char *const *types = txns ? txn_types : list_types;
	size_t count = txns ? sizeof txn_types / sizeof *txn_types : sizeof list_types / sizeof *list_types;

	for (size_t i = 0; i < count; i++)
		mlc_xml_put(&x, txns ? "TxnDelType" : "ListDelType", types[i]);
	qbd_put_window(&x, from, to, "DeletedDateRangeFilter", "Deleted");
	return qbd_ask(c, id, txns ? "TxnDeletedQuery" : "ListDeletedQuery", "", &x, false);
}

/* What happened in the moment in which this one went: who changed, or which documents went, too? */
static enum mlc_step ask_moment(struct mlc_call *c, const struct gone *g, uint8_t phase)
{
	struct mlc_xml x = { .call = c };
	char from[QBD_STAMP_SIZE], to[QBD_STAMP_SIZE];
	bool invoices = phase == GONE_INVOICES;

	if (!qbd_stamp_move(c, g->stamp, -A_MOMENT_S, from) || !qbd_stamp_move(c, g->stamp, A_MOMENT_S, to))
		return c->host->fail(c, MLC_BROKEN, 0, "a deletion came with the time \"%s\"", g->stamp);
	state_of(c)->gone_phase = phase;
	if (phase == GONE_DOCUMENTS)
		return qbd_ask_deletions(c, request_id(c), true, from, to);
	if (!invoices)
		mlc_xml_put(&x, "ActiveStatus", "All");
	qbd_put_window(&x, from, to, invoices ? "ModifiedDateRangeFilter" : NULL, "Modified");
	if (invoices)
		mlc_xml_put(&x, "IncludeRetElement", "CustomerRef");
	else
		mlc_xml_put(&x, "IncludeRetElement", "ListID");
	if (!invoices)
		mlc_xml_put(&x, "IncludeRetElement", "TimeCreated");
	return qbd_ask(c, request_id(c), c->host->format(c, "%sQuery", invoices ? "Invoice" : g->entity), "", &x,
		false);
}

/* ---- which deletions are looked into -------------------------------------------------------------------- */

static bool is_mergeable(const char *entity)
{
	for (size_t i = 0; i < sizeof mergeable / sizeof *mergeable; i++)
		if (!strcmp(mergeable[i], entity))
			return true;
	return false;
}

/* Several in one moment are a clearing-up: who survived whom could not be told. */
static bool is_alone(struct mlc_call *c, const struct gone *g)
{
	const struct poll_state *p = state_of(c);
	int64_t at, other;

	for (size_t i = 0; i < p->gone_count; i++)
		if (&p->gone[i] != g && !strcmp(p->gone[i].entity, g->entity) &&
			mlc_instant(g->stamp, &at) && mlc_instant(p->gone[i].stamp, &other) &&
			llabs(at - other) <= 2 * A_MOMENT_S * 1000)
			return false;
	return true;
}

/* Which of the ids that a fetch looks for it is; -1: none. */
static int place_of(struct mlc_call *c, const struct gone *g)
{
	const struct poll_state *p = state_of(c);
	const char *const *ids = qbd_batch(c);

	for (int i = 0; i < 64 && ids[i]; i++)
		if (p->missing >> i & 1 && !strcmp(ids[i], g->id))
			return i;
	return -1;
}

/* What went before we first looked is linked to nothing, and what was told once is not looked into again. */
static bool is_looked_into(struct mlc_call *c, const struct gone *g)
{
	bool is_news = c->feed ? c->cursor && *c->cursor != '@' && strncmp(g->stamp, c->cursor, QBD_STAMP_SIZE - 1) > 0
		: place_of(c, g) >= 0;

	return is_news && !is_txns(c) && is_mergeable(g->entity) && is_alone(c, g);
}

static void tell(struct mlc_call *c, const struct gone *g)
{
	const char *entity = c->feed ? g->entity : c->entity->name;

	if (g->survivor)
		c->host->merged(c, entity, g->id, g->survivor);
	else
		c->host->emit(c, &(struct mlc_record){ .entity = entity, .id = g->id, .deleted = true });
}

/* QuickBooks remembers deletions for 90 days: what it does not know of was lost otherwise. */
static enum mlc_step tell_missing(struct mlc_call *c)
{
	struct poll_state *p = state_of(c);
	const char *const *ids = qbd_batch(c);
	uint64_t left = p->missing;

	for (size_t i = 0; i < p->gone_count; i++) {
		int place = place_of(c, &p->gone[i]);

		if (place < 0 || !(left >> place & 1))
			continue;
		left &= ~(UINT64_C(1) << place);
		tell(c, &p->gone[i]);
	}
	for (int i = 0; i < 64 && ids[i]; i++)
		if (left >> i & 1)
			c->host->emit(c, &(struct mlc_record){ .entity = c->entity->name, .id = ids[i], .deleted = true, .hint = true });
	p->gone_count = p->gone_at = 0;
	return MLC_DONE;
}

/* The next one that could be a merge, or the end: all of it is told. */
static enum mlc_step go_on(struct mlc_call *c)
{
	struct poll_state *p = state_of(c);

	p->gone_phase = 0;
	while (p->gone_at < p->gone_count && !is_looked_into(c, &p->gone[p->gone_at]))
		p->gone_at++;
	if (p->gone_at < p->gone_count)
		return ask_moment(c, &p->gone[p->gone_at], GONE_SURVIVOR);
	if (!c->feed)
		return tell_missing(c);
	for (size_t i = 0; i < p->gone_count; i++)
		tell(c, &p->gone[i]);
	if (!c->cursor && !p->gone_count)
		c->host->advance(c, BEFORE_ALL, 0);
	else
		qbd_advance_to_seen(c);
	return MLC_DONE;
}

/* ---- digesting -------------------------------------------------------------------------------------------- */

static enum mlc_step list_came(struct mlc_call *c, const struct answer *a)
{
	struct poll_state *p = state_of(c);
	bool txns = is_txns(c);
	size_t most = 0;

	for (const xmlNode *n = mlc_xml_first(a->rs); n; n = mlc_xml_next(n))
		most++;
	p->gone = c->host->alloc(c, (most + 1) * sizeof *p->gone);
	p->gone_count = p->gone_at = 0;
	if (!p->gone || most > GONE_MOST)
		return c->host->fail(c, MLC_REFUSED, 0, "more was deleted than can be read at once: %zu", most);
	for (const xmlNode *n = mlc_xml_first(a->rs); n; n = mlc_xml_next(n)) {
		struct gone *g = &p->gone[p->gone_count];

		if (!mlc_xml_is(n, txns ? "TxnDeletedRet" : "ListDeletedRet"))
			continue;
		g->entity = qbd_emitted(mlc_xml_child_text(c, n, txns ? "TxnDelType" : "ListDelType"));
		g->id = c->host->format(c, "%s", mlc_xml_child_text(c, n, txns ? "TxnID" : "ListID"));
		g->stamp = c->host->format(c, "%s", mlc_xml_child_text(c, n, "TimeDeleted"));
		qbd_note_seen(c, g->stamp);
		p->gone_count += g->entity && *g->id;
	}
	return go_on(c);
}

/* The one id that stands in all of them; NULL: none, or several.  What was made later is nobody's survivor. */
static const char *only_one(struct mlc_call *c, const struct answer *a, const struct gone *g, bool invoices,
	bool *any)
{
	const char *one = NULL;
	int64_t made, went;

	*any = false;
	for (const xmlNode *n = mlc_xml_first(a->rs); n; n = mlc_xml_next(n)) {
		const char *id = mlc_xml_child_text(c, invoices ? mlc_xml_child(n, "CustomerRef") : n, "ListID");

		bool younger = !invoices && mlc_instant(mlc_xml_child_text(c, n, "TimeCreated"), &made) &&
			mlc_instant(g->stamp, &went) && made >= went - A_MOMENT_S * 1000;

		if (!*id || !strcmp(id, g->id) || younger)
			continue;
		*any = true;
		if (one && strcmp(one, id))
			return NULL;
		one = one ? one : c->host->format(c, "%s", id);
	}
	return one;
}

enum mlc_step qbd_gone_came(struct mlc_call *c, const struct answer *a)
{
	struct poll_state *p = state_of(c);
	struct gone *g = &p->gone[p->gone_at];
	bool any;

	switch (p->gone_phase) {
	case GONE_SURVIVOR:
		g->survivor = only_one(c, a, g, false, &any);
		if (!any && !strcmp(g->entity, "Customer"))
			return ask_moment(c, g, GONE_INVOICES);
		break;
	case GONE_INVOICES:
		g->survivor = only_one(c, a, g, true, &any);
		break;
	case GONE_DOCUMENTS:
		if (mlc_xml_first(a->rs))
			g->survivor = NULL;
	}
	if (g->survivor && p->gone_phase != GONE_DOCUMENTS)
		return ask_moment(c, g, GONE_DOCUMENTS);
	p->gone_at++;
	return go_on(c);
}

enum mlc_step qbd_tell_gone(struct mlc_call *c, const struct answer *a)
{
	return list_came(c, a);
}

enum mlc_step qbd_poll_gone(struct mlc_call *c)
{
	struct answer a;
	enum mlc_step step;

	if (c->reply->kind == MLC_REPLY_NONE) {
		if (!qbd_begin_from(c))
			return c->host->fail(c, MLC_BROKEN, 0, "the cursor \"%s\" is none of ours", c->cursor);
		return qbd_ask_deletions(c, request_id(c), is_txns(c), state_of(c)->from, state_of(c)->to);
	}
	if (!answer_open(c, &a) || (!answer_is_well(&a) && a.code != 1))
		step = qbd_question_failed(c, &a);
	else
		step = state_of(c)->gone_phase ? qbd_gone_came(c, &a) : list_came(c, &a);
	answer_close(&a);
	return step;
}
