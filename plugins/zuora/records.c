/* records.c - Zuora's records, what belongs inside of them, and how they are asked for; ping, discover, fetch, find. */
#include "zuora.h"

#include <mlc/xml.h>

#include <stdlib.h>

#define FIND_PAGES 50
#define ZOQL_IDS   100               /* in one question; 200 conditions are the most (SOURCES.md 5) */
#define REFUNDED   "invoicePaymentId" /* of a refund's application, until its payment is known */

/* ---- how records look -------------------------------------------------------------------------------- */

static const struct kind {
	const char *folder, *expand;  /* of object-query */
	const char *object;           /* its name elsewhere: describe, ZOQL, actions */
	const char *doing;
} kinds[] = {
	[ACCOUNT] = { "accounts", "&expand[]=billto&expand[]=soldto", "Account", "reading accounts" },
	[CONTACT] = { "contacts", "", "Contact", "reading contacts" },
	[INVOICE] = { "invoices", "", "Invoice", "reading invoices" },
	[PAYMENT] = { "payments", "&expand[]=paymentmethod", "Payment", "reading payments" },
	[CREDIT_MEMO] = { "credit-memos", "", "CreditMemo", "reading credit memos" },
	[DEBIT_MEMO] = { "debit-memos", "", "DebitMemo", "reading debit memos" },
	[REFUND] = { "refunds", "", "Refund", "reading refunds" },
	[PRODUCT] = { "products", "", "Product", "reading products" },
	[ADJUSTMENT] = { NULL, "", "InvoiceItemAdjustment", "reading adjustments" },
};

int zuora_entity(const char *name)
{
	for (int i = ACCOUNT; i <= ADJUSTMENT; i++)
		if (strcmp(zuora_entities[i].name, name) == 0)
			return i;
	return -1;
}

static int entity_of(const struct mlc_call *c)
{
	return (int)(c->entity - zuora_entities);
}

const char *zuora_folder(int entity)
{
	return kinds[entity].folder;
}

static const struct mlc_field *fields_of(const char *name)
{
	for (const struct mlc_entity *e = zuora_entities; e->name; e++)
		if (strcmp(e->name, name) == 0)
			return e->fields;
	return NULL;
}

/* Numbers that came as numbers, ids that came as numbers: as the tables say.  What is no number stays, for the
 * mapping to say so. */
static json_t *tidied(struct mlc_call *c, enum mlc_type type, json_t *value)
{
	bool text = type == MLC_DECIMAL || type == MLC_TEXT || type == MLC_DATE || type == MLC_INSTANT;

	if (json_is_integer(value) && text)
		return json_string(c->host->format(c, "%lld", (long long)json_integer_value(value)));
	if (type == MLC_BOOL && json_is_string(value))
		return json_boolean(strcmp(json_string_value(value), "true") == 0);
	if (type == MLC_INTEGER && json_is_string(value)) {
		int64_t n;
		const char *t = json_string_value(value);

		if (mlc_span_int((struct mlc_span){ t, strlen(t) }, &n))
			return json_integer((json_int_t)n);
	}
	return NULL;
}

static void rename_member(json_t *record, const char *from, const char *to)
{
	json_t *value = json_object_get(record, from);

	if (!value)
		return;
	if (!json_object_get(record, to))
		json_object_set(record, to, value);
	json_object_del(record, from);
}

/* Expanded, a record's contacts bear other names than where they are written; and what the page lists inside of a
 * payment method is nobody's business. */
static void rename_members(int entity, json_t *record)
{
	static const char *const kept[] = { "id", "type", "creditCardType" };
	json_t *method = json_object_get(record, "paymentMethod"), *narrow;

	if (entity == ACCOUNT) {
		rename_member(record, "billTo", "billToContact");
		rename_member(record, "soldTo", "soldToContact");
		rename_member(json_object_get(record, "billToContact"), "postalCode", "zipCode");
		rename_member(json_object_get(record, "soldToContact"), "postalCode", "zipCode");
	}
	if (entity == CONTACT)
		rename_member(record, "postalCode", "zipCode");
	if (entity == PAYMENT && json_is_object(method)) {
		narrow = json_object();
		for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
			if (json_object_get(method, kept[i]))
				json_object_set(narrow, kept[i], json_object_get(method, kept[i]));
		json_object_set_new(record, "paymentMethod", narrow);
	}
}

static void tidy_members(struct mlc_call *c, const struct mlc_field *fields, json_t *record, int depth)
{
	for (const struct mlc_field *f = fields; f && f->name && depth < 4; f++) {
		json_t *value = json_object_get(record, f->name), *better, *one;
		size_t i;

		if (f->type == MLC_OBJECT)
			tidy_members(c, fields_of(f->of), value, depth + 1);
		if (f->type == MLC_LIST)
			json_array_foreach(value, i, one)
				tidy_members(c, fields_of(f->of), one, depth + 1);
		better = value ? tidied(c, f->type, value) : NULL;
		if (better)
			json_object_set_new(record, f->name, better);
	}
}

static void tidy(struct mlc_call *c, int entity, json_t *record)
{
	rename_members(entity, record);
	json_object_del(record, "success");
	tidy_members(c, zuora_entities[entity].fields, record, 0);
}

static const char *id_of(json_t *record)
{
	const char *id = mlc_text(record, "id");

	return id ? id : mlc_text(record, "Id");
}

static int64_t changed_ms(json_t *record)
{
	int64_t ms = 0;

	return mlc_instant(mlc_text_or(record, "updatedDate", mlc_text(record, "UpdatedDate")), &ms) ? ms : 0;
}

void zuora_emit(struct mlc_call *c, int entity, json_t *record)
{
	const struct mlc_record out = { .entity = zuora_entities[entity].name, .id = id_of(record), .changed_ms = changed_ms(record),
		.data = json_incref(record) }; /* parse() keeps its own hold on it */

	c->host->emit(c, &out);
}

/* ---- asking ------------------------------------------------------------------------------------------- */

enum mlc_step zuora_list(struct mlc_call *c, int entity, const char *filters, const char *cursor)
{
	return zuora_get(c, c->host->format(c, "/object-query/%s?pageSize=%d&sort[]=updateddate.ASC%s%s%s%s", kinds[entity].folder, PAGE,
		kinds[entity].expand, filters, cursor ? "&cursor=" : "", cursor ? mlc_percent(c, cursor) : ""));
}

static enum mlc_step query(struct mlc_call *c, const char *zoql)
{
	enum mlc_step step = zuora_send(c, "POST", "/v1/action/query", json_pack("{s:s}", "queryString", zoql), NULL);

	c->request->repeatable = true;
	return step;
}

enum mlc_step zuora_select(struct mlc_call *c, int entity, const char *where)
{
	const char *names = "";

	for (const struct mlc_field *f = zuora_entities[entity].fields; f->name; f++)
		names = c->host->format(c, "%s%s%s", names, *names ? ", " : "", f->name);
	return query(c, c->host->format(c, "select %s from %s%s%s", names, kinds[entity].object, *where ? " where " : "", where));
}

static json_t *rows_of(struct mlc_call *c, int entity, enum mlc_step *failed)
{
	json_t *body = zuora_reply(c, kinds[entity].doing, failed);
	json_t *rows = body ? json_object_get(body, kinds[entity].folder ? "data" : "records") : NULL;

	/* ZOQL leaves the list away where it is empty. */
	if (body && !rows && !kinds[entity].folder && mlc_int_or(body, "size", -1) == 0 && json_is_true(json_object_get(body, "done")))
		json_object_set_new(body, "records", rows = json_array());
	if (body && (!json_is_array(rows) || json_array_size(rows) > 2000)) {
		*failed = zuora_garbage(c, "a page of records");
		return NULL;
	}
	if (rows)
		((struct state *)c->state)->next = kinds[entity].folder ? mlc_text(body, "nextPage")
			: json_is_false(json_object_get(body, "done")) ? mlc_text(body, "queryLocator") : NULL;
	return rows;
}

/* One record without an id is nobody's: it keeps the others from nothing.  A poll tells it as it is. */
enum mlc_step zuora_take_page(struct mlc_call *c, int entity)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;
	json_t *record;
	size_t i;

	s->page = rows_of(c, entity, &failed);
	if (!s->page)
		return failed;
	for (i = json_array_size(s->page); i-- > 0;) {
		record = json_array_get(s->page, i);
		if (!json_is_object(record))
			return zuora_garbage(c, "a page of records");
		tidy(c, entity, record);
		if (id_of(record) && *id_of(record))
			continue;
		if (c->data) /* it may be the one that is looked for */
			return zuora_garbage(c, "a list of records with their ids");
		if (c->feed)
			c->host->emit(c, &(struct mlc_record){ .entity = zuora_entities[entity].name, .data = json_incref(record) /* parse() keeps its own */ });
		else
			c->host->log(c, MLC_WARN, "%s: a record without an id was left out", kinds[entity].doing);
		json_array_remove(s->page, i);
	}
	return MLC_DONE;
}

/* ---- what belongs inside of them ------------------------------------------------------------------------ */

enum how {
	TOGETHER, /* object-query has them in a list, which is asked for a whole page's at once */
	ONE_BY_ONE, /* only v1 tells how much is where now (SOURCES.md 6) */
	BY_ZOQL     /* without Invoice Settlement: InvoicePayment, RefundInvoicePayment */
};

static const struct parts {
	int entity;
	const char *member;
	enum how how;
	const char *where;  /* TOGETHER: the list; ONE_BY_ONE: the address, before and behind the id */
	const char *behind;
	const char *filter, *owner, *expand;
} parts[] = {
	{ INVOICE, "invoiceItems", TOGETHER, "invoice-items", NULL, "invoiceid", "invoiceId", "&expand[]=taxationitems" },
	{ CREDIT_MEMO, "creditMemoItems", TOGETHER, "credit-memo-items", NULL, "creditmemoid", "creditMemoId", "&expand[]=credittaxationitems" },
	{ CREDIT_MEMO, "parts", ONE_BY_ONE, "/v1/creditmemos/", "/parts", NULL, NULL, NULL },
	{ DEBIT_MEMO, "debitMemoItems", TOGETHER, "debit-memo-items", NULL, "debitmemoid", "debitMemoId", "" },
	{ REFUND, "refundApplications", TOGETHER, "refund-applications", NULL, "refundid", "refundId", "" },
	{ PAYMENT, "parts", ONE_BY_ONE, "/v1/payments/", "/parts", NULL, NULL, NULL },
};
#define PARTS (sizeof parts / sizeof *parts)

static bool settles(const struct mlc_call *c)
{
	return !json_is_false(json_object_get(c->settings, "invoice_settlement"));
}

static enum how how_of(const struct mlc_call *c, const struct parts *p)
{
	return (p->entity == PAYMENT || p->entity == REFUND) && !settles(c) ? BY_ZOQL : p->how;
}

static bool is_nothing(const char *amount)
{
	return amount && !amount[strspn(amount, "0.")];
}

static const char *ids_of_page(struct mlc_call *c, const char *before, const char *between)
{
	struct state *s = (struct state *)c->state;
	const char *all = "";
	json_t *record;
	size_t i;

	json_array_foreach(s->page, i, record)
		all = c->host->format(c, "%s%s%s", all, i ? between : before, mlc_percent(c, id_of(record)));
	return all;
}

static enum mlc_step ask_together(struct mlc_call *c, const struct parts *p, const char *cursor)
{
	return zuora_get(c, c->host->format(c, "/object-query/%s?pageSize=%d&sort[]=id.ASC%s&filter[]=%s.IN:%s%%5D%s%s", p->where, PARTS_PAGE,
		p->expand, p->filter, ids_of_page(c, "%5B", ","), cursor ? "&cursor=" : "", cursor ? mlc_percent(c, cursor) : ""));
}

/* select: "Id, Amount from InvoicePayment"; of: the member that holds the id of a record of the page. */
static enum mlc_step select_of_page(struct mlc_call *c, const char *select, const char *of)
{
	struct state *s = (struct state *)c->state;
	const char *where = "";
	json_t *record;
	size_t i;

	json_array_foreach(s->page, i, record)
		where = c->host->format(c, "%s%s%s = %s", where, i ? " or " : "", of, mlc_quoted(c, id_of(record)));
	return query(c, c->host->format(c, "select %s where %s", select, where));
}

static enum mlc_step ask_by_zoql(struct mlc_call *c, const struct parts *p)
{
	if (p->entity == PAYMENT)
		return select_of_page(c, "Id, Amount, InvoiceId, PaymentId, RefundAmount from InvoicePayment", "PaymentId");
	return select_of_page(c, "Id, InvoicePaymentId, RefundAmount, RefundId from RefundInvoicePayment", "RefundId");
}

/* What a refund took back names invoice payments; whose these are has to be asked. */
static enum mlc_step ask_refunded_payments(struct mlc_call *c, const struct parts *p)
{
	struct state *s = (struct state *)c->state;
	const char *where = "";
	json_t *record, *one;
	unsigned count = 0;
	size_t i, k;

	json_array_foreach(s->page, i, record)
		json_array_foreach(json_object_get(record, p->member), k, one)
			if (mlc_text(one, REFUNDED) && count++ < ZOQL_IDS)
				where = c->host->format(c, "%s%sId = %s", where, *where ? " or " : "", mlc_quoted(c, mlc_text(one, REFUNDED)));
	return count ? query(c, c->host->format(c, "select Id, PaymentId from InvoicePayment where %s", where)) : MLC_DONE;
}

/* A page of what v1 tells of one record; left to itself it gives twenty (SOURCES.md 6). */
static enum mlc_step ask_one(struct mlc_call *c, const struct parts *p, json_t *record)
{
	const struct state *s = (const struct state *)c->state;
	unsigned read = s->parts.steps;

	return zuora_get(c, c->host->format(c, "%s%s%s?pageSize=%d%s", p->where, mlc_percent(c, id_of(record)), p->behind, PAGE,
		read ? c->host->format(c, "&page=%u", read + 1) : ""));
}

/* The next thing to ask for; MLC_DONE when there is none. */
static enum mlc_step ask_parts(struct mlc_call *c, int entity)
{
	struct state *s = (struct state *)c->state;
	json_t *record;

	for (; s->part < PARTS && json_array_size(s->page) > 0; s->part++, s->part_at = 0) {
		const struct parts *p = &parts[s->part];

		if (p->entity != entity)
			continue;
		memset(&s->parts, 0, sizeof s->parts);
		if (how_of(c, p) == TOGETHER)
			return ask_together(c, p, NULL);
		if (how_of(c, p) == BY_ZOQL)
			return ask_by_zoql(c, p);
		/* What nothing is applied of has nothing to tell. */
		while ((record = json_array_get(s->page, s->part_at)) && is_nothing(mlc_text(record, "appliedAmount")))
			s->part_at++;
		if (record)
			return ask_one(c, p, record);
	}
	return MLC_DONE;
}

enum mlc_step zuora_first_parts(struct mlc_call *c, int entity)
{
	struct state *s = (struct state *)c->state;
	json_t *record;
	size_t i;

	s->part = s->part_at = 0;
	for (const struct parts *p = parts; p < parts + PARTS; p++)
		if (p->entity == entity)
			json_array_foreach(s->page, i, record)
				json_object_set_new(record, p->member, json_array());
	return ask_parts(c, entity);
}

static json_t *owner_in(json_t *page, const char *id)
{
	json_t *record;
	size_t i;

	json_array_foreach(page, i, record)
		if (id && strcmp(id_of(record), id) == 0)
			return record;
	return NULL;
}

static enum mlc_step digest_together(struct mlc_call *c, const struct parts *p)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;
	json_t *body = zuora_reply(c, c->host->format(c, "reading %s", p->where), &failed), *rows, *row, *owner;
	const char *cursor;
	size_t i;

	if (!body)
		return failed;
	rows = json_object_get(body, "data");
	if (!json_is_array(rows))
		return zuora_garbage(c, "a list of parts");
	json_array_foreach(rows, i, row) {
		owner = owner_in(s->page, mlc_text(row, p->owner));
		if (!owner)
			return zuora_garbage(c, "a list of the parts that were asked for");
		json_array_append(json_object_get(owner, p->member), row);
	}
	cursor = mlc_text(body, "nextPage");
	if (!zuora_goes_on(c, &s->parts, cursor, json_array_size(rows), &failed))
		return failed;
	return cursor ? ask_together(c, p, cursor) : MLC_DONE;
}

/* The rows of an answer by ZOQL; NULL: *failed says so. */
static json_t *zoql_rows(struct mlc_call *c, enum mlc_step *failed)
{
	json_t *body = zuora_reply(c, "reading what payments pay", failed), *rows = json_object_get(body, "records");

	if (!body)
		return NULL;
	/* 40 payments with 50 invoices each: more would be cut, and a part of a payment is worse than none. */
	if (json_is_false(json_object_get(body, "done")))
		*failed = c->host->fail(c, MLC_REFUSED, 0, "a page of payments pays over 2,000 invoices: they cannot be read at once");
	else if (json_is_array(rows))
		return rows;
	else if (mlc_int_or(body, "size", -1) == 0)
		return c->host->parse(c, "[]", 2);
	else
		*failed = zuora_garbage(c, "a list of invoice payments");
	return NULL;
}

static enum mlc_step digest_invoice_payments(struct mlc_call *c, const struct parts *p)
{
	static const struct { const char *from, *to; } names[] = { { "Id", "id" }, { "Amount", "amount" }, { "InvoiceId", "invoiceId" },
		{ "RefundAmount", "refundAmount" }, { "InvoicePaymentId", REFUNDED } };
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;
	json_t *rows = zoql_rows(c, &failed), *row, *owner;
	bool of_payment = p->entity == PAYMENT;
	size_t i;

	if (!rows)
		return failed;
	json_array_foreach(rows, i, row) {
		owner = owner_in(s->page, mlc_text(row, of_payment ? "PaymentId" : "RefundId"));
		if (!owner)
			return zuora_garbage(c, "a list of the invoice payments that were asked for");
		for (size_t n = 0; n < sizeof names / sizeof *names; n++)
			rename_member(row, names[n].from, names[n].to);
		if (!of_payment)
			rename_member(row, "refundAmount", "applyAmount");
		json_array_append(json_object_get(owner, p->member), row);
	}
	s->part_at = 1;
	return of_payment ? MLC_DONE : ask_refunded_payments(c, p);
}

static enum mlc_step digest_refunded_payments(struct mlc_call *c, const struct parts *p)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;
	json_t *rows = zoql_rows(c, &failed), *record, *one, *row;
	bool news = false;
	size_t i, k, n;

	if (!rows)
		return failed;
	json_array_foreach(s->page, i, record)
		json_array_foreach(json_object_get(record, p->member), k, one)
			json_array_foreach(rows, n, row) {
				const char *id = mlc_text(one, REFUNDED);

				if (!id || strcmp(id, mlc_text_or(row, "Id", "")) != 0 || !mlc_text(row, "PaymentId"))
					continue;
				json_object_set(one, "paymentId", json_object_get(row, "PaymentId"));
				json_object_del(one, REFUNDED);
				news = true;
			}
	return news ? ask_refunded_payments(c, p) : zuora_garbage(c, "the invoice payments that were refunded");
}

static enum mlc_step digest_one(struct mlc_call *c, const struct parts *p)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step failed;
	json_t *body = zuora_success(c, "reading how much is applied where", &failed), *record = json_array_get(s->page, s->part_at), *list, *row;
	const char *next;
	size_t i;

	if (!body)
		return failed;
	list = json_object_get(body, "parts");
	if (!json_is_array(list))
		return zuora_garbage(c, "a list of parts");
	/* The part that is nowhere yet is the record's unapplied amount. */
	json_array_foreach(list, i, row)
		if (mlc_text(row, "invoiceId") || mlc_text(row, "debitMemoId"))
			json_array_append(json_object_get(record, p->member), row);
	next = mlc_text(body, "nextPage");
	if (!zuora_goes_on(c, &s->parts, next, json_array_size(list), &failed))
		return failed;
	if (next)
		return ask_one(c, p, record);
	s->part_at++;
	return MLC_DONE;
}

enum mlc_step zuora_next_parts(struct mlc_call *c, int entity)
{
	struct state *s = (struct state *)c->state;
	const struct parts *p = &parts[s->part];
	enum mlc_step step;
	json_t *record;
	size_t i;

	switch (how_of(c, p)) {
	case TOGETHER:
		step = digest_together(c, p);
		break;
	case BY_ZOQL:
		step = s->part_at ? digest_refunded_payments(c, p) : digest_invoice_payments(c, p);
		break;
	case ONE_BY_ONE:
	default:
		step = digest_one(c, p);
		break;
	}
	if (step != MLC_DONE)
		return step;
	if (how_of(c, p) != ONE_BY_ONE) {
		s->part++;
		s->part_at = 0;
	}
	step = ask_parts(c, entity);
	if (step == MLC_DONE)
		json_array_foreach(s->page, i, record)
			tidy_members(c, zuora_entities[entity].fields, record, 0);
	return step;
}

/* ---- fetch ---------------------------------------------------------------------------------------------- */

enum fetch_phase { FETCH_PAGE, FETCH_PARTS, FETCH_MISSING };

static bool is_id(const char *id)
{
	size_t len = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

	return len > 0 && len <= 64 && !id[len];
}

/* Ids from `at` to `at + PAGE`. */
static enum mlc_step fetch_page(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = entity_of(c);
	const char *list = "";

	if (!c->ids[s->at])
		return MLC_DONE;
	for (size_t i = 0; i < PAGE && c->ids[s->at + i]; i++) {
		const char *id = c->ids[s->at + i];

		if (!is_id(id))
			return c->host->fail(c, MLC_REFUSED, 0, "'%s' is no id of a Zuora %s", id, c->entity->name);
		list = kinds[entity].folder ? c->host->format(c, "%s%s%s", list, i ? "," : "", id)
			: c->host->format(c, "%s%sId = '%s'", list, i ? " or " : "", id);
	}
	s->phase = FETCH_PAGE;
	if (!kinds[entity].folder)
		return zuora_select(c, entity, list);
	return zuora_list(c, entity, c->host->format(c, "&filter[]=id.IN:%%5B%s%%5D", list), NULL);
}

/* What a list does not show is asked for by itself: nothing is gone because a list came back short. */
static enum mlc_step fetch_missing(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	int entity = entity_of(c);

	for (; s->part_at < PAGE && c->ids[s->at]; s->part_at++, s->at++) {
		if (owner_in(s->page, c->ids[s->at]))
			continue;
		if (kinds[entity].folder) {
			s->phase = FETCH_MISSING;
			return zuora_get(c, c->host->format(c, "/object-query/%s/%s", kinds[entity].folder, c->ids[s->at]));
		}
		c->host->emit(c, &(struct mlc_record){ .entity = c->entity->name, .id = c->ids[s->at], .deleted = true });
	}
	return fetch_page(c);
}

static enum mlc_step fetch_emit(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *record;
	size_t i;

	json_array_foreach(s->page, i, record)
		zuora_emit(c, entity_of(c), record);
	s->part_at = 0;
	return fetch_missing(c);
}

enum mlc_step zuora_fetch(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step;

	if (c->reply->kind != MLC_REPLY_HERE)
		return fetch_page(c);
	switch ((enum fetch_phase)s->phase) {
	case FETCH_PAGE:
		step = zuora_take_page(c, entity_of(c));
		if (step != MLC_DONE)
			return step;
		s->phase = FETCH_PARTS;
		step = zuora_first_parts(c, entity_of(c));
		return step == MLC_DONE ? fetch_emit(c) : step;
	case FETCH_PARTS:
		step = zuora_next_parts(c, entity_of(c));
		return step == MLC_DONE ? fetch_emit(c) : step;
	case FETCH_MISSING:
		if (!zuora_is_gone(c))
			return c->reply->status == 200 ? c->host->fail(c, MLC_RETRY, 0, "%s %s was not in its list, yet it is there",
				c->entity->name, c->ids[s->at]) : zuora_failed(c, kinds[entity_of(c)].doing);
		c->host->emit(c, &(struct mlc_record){ .entity = c->entity->name, .id = c->ids[s->at], .deleted = true });
		s->at++;
		s->part_at++;
		return fetch_missing(c);
	}
	return MLC_FAIL;
}

/* ---- find ----------------------------------------------------------------------------------------------- */

static const struct mlc_field *field_named(const struct mlc_entity *e, const char *name)
{
	for (const struct mlc_field *f = e->fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static const char *plain_text(struct mlc_call *c, json_t *value)
{
	return json_is_integer(value) ? c->host->format(c, "%lld", (long long)json_integer_value(value)) : json_string_value(value);
}

/* Filters are written in small letters, but for custom fields (SOURCES.md 4). */
static const char *filter_name(struct mlc_call *c, const char *name)
{
	char *small = (char *)c->host->alloc(c, strlen(name) + 1);

	if (!small || mlc_ends_with(name, "__c"))
		return name;
	for (size_t i = 0; name[i]; i++)
		small[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 32 : name[i]);
	return small;
}

static enum mlc_step find_page(struct mlc_call *c, const char *cursor)
{
	int entity = entity_of(c);
	const char *name, *filters = "";
	json_t *value;

	json_object_foreach(c->data, name, value) {
		const struct mlc_field *f = field_named(c->entity, name);
		const char *text = plain_text(c, value);

		if (!f || !(f->flags & MLC_FINDABLE) || !text)
			return c->host->fail(c, MLC_REFUSED, 0, "Zuora cannot look a %s up by %s", c->entity->name, name);
		filters = kinds[entity].folder
			? c->host->format(c, "%s&filter[]=%s.EQ:%s", filters, filter_name(c, name), mlc_percent(c, text))
			: c->host->format(c, "%s%s%s = %s", filters, *filters ? " and " : "", name, mlc_quoted(c, text));
	}
	if (!*filters)
		return c->host->fail(c, MLC_REFUSED, 0, "Zuora looks no %s up by nothing", c->entity->name);
	return kinds[entity].folder ? zuora_list(c, entity, filters, cursor) : zuora_select(c, entity, filters);
}

/* Zuora compares without regard to case; beyond ASCII it is believed. */
static bool same_text(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a, y = *b;

		if ((x | y) & 0x80)
			return true;
		if (x >= 'A' && x <= 'Z')
			x = (char)(x | 32);
		if (y >= 'A' && y <= 'Z')
			y = (char)(y | 32);
		if (x != y)
			return false;
	}
	return *a == *b;
}

/* A filter that was not understood might have been left out. */
static bool fits(struct mlc_call *c, json_t *record)
{
	const char *name;
	json_t *wanted;

	json_object_foreach(c->data, name, wanted) {
		const struct mlc_field *f = field_named(c->entity, name);
		const char *has = plain_text(c, json_object_get(record, name)), *wants = plain_text(c, wanted);

		if (f && f->type != MLC_DECIMAL && (!has || !wants || !same_text(has, wants)))
			return false;
	}
	return true;
}

enum find_phase { FIND_PAGE, FIND_PARTS };

static enum mlc_step find_emit(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *record;
	size_t i;

	json_array_foreach(s->page, i, record)
		zuora_emit(c, entity_of(c), record);
	s->phase = FIND_PAGE;
	if (!s->next)
		return MLC_DONE;
	if (++s->at == FIND_PAGES || !kinds[entity_of(c)].folder)
		return c->host->fail(c, MLC_REFUSED, 0, "over %d records of %s fit what was looked for", FIND_PAGES * PAGE, c->entity->name);
	return find_page(c, s->next);
}

static enum mlc_step find_digest(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step = zuora_take_page(c, entity_of(c)), failed;
	size_t rows;

	if (step != MLC_DONE)
		return step;
	rows = json_array_size(s->page);
	for (size_t i = rows; i-- > 0;)
		if (!fits(c, json_array_get(s->page, i)))
			json_array_remove(s->page, i);
	if (rows && !json_array_size(s->page))
		return zuora_garbage(c, "a list of what was looked for");
	if (!zuora_goes_on(c, &s->pages, s->next, rows, &failed))
		return failed;
	s->phase = FIND_PARTS;
	step = zuora_first_parts(c, entity_of(c));
	return step == MLC_DONE ? find_emit(c) : step;
}

enum mlc_step zuora_find(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step;

	if (c->reply->kind != MLC_REPLY_HERE)
		return find_page(c, NULL);
	if (s->phase == FIND_PAGE)
		return find_digest(c);
	step = zuora_next_parts(c, entity_of(c));
	return step == MLC_DONE ? find_emit(c) : step;
}

/* ---- ping and discover ------------------------------------------------------------------------------------ */

/* "rest.zuora.com/19", by what the token says of its tenant; and which entity of it, where there are several. */
static const char *identity_of(struct mlc_call *c)
{
	const char *url = mlc_known(c->settings, "url"), *scope = mlc_known(c->token, "scope");
	const char *tenant = scope ? strstr(scope, "tenant.") : NULL, *entity = mlc_known(c->settings, "entity_id");
	const char *host = url && strstr(url, "://") ? strstr(url, "://") + 3 : "zuora";

	tenant = tenant ? tenant + strlen("tenant.") : "";
	return c->host->format(c, "%.*s%s%.*s%s%s", (int)strcspn(host, "/"), host, *tenant ? "/" : "", (int)strcspn(tenant, " "), tenant,
		entity && *entity ? "/" : "", entity ? entity : "");
}

static const struct look {
	const char *fact;
	int entity;
	bool optional; /* a tenant need not have it */
} looks[] = {
	{ "accounts", ACCOUNT, false }, { "invoices", INVOICE, false }, { "payments", PAYMENT, false },
	{ "credit_memos", CREDIT_MEMO, true }, { "refunds", REFUND, true },
};
#define LOOKS (sizeof looks / sizeof *looks)

static const int described[] = { ACCOUNT, CONTACT, INVOICE, PAYMENT, CREDIT_MEMO, DEBIT_MEMO, REFUND, PRODUCT };
#define DESCRIBED (sizeof described / sizeof *described)

static enum mlc_step ask_describe(struct mlc_call *c, int entity)
{
	return zuora_get(c, c->host->format(c, "/v1/describe/%s", kinds[entity].object));
}

static xmlDocPtr description(struct mlc_call *c, enum mlc_step *failed)
{
	xmlDocPtr doc;

	if (c->reply->status != 200) {
		*failed = zuora_failed(c, "reading which fields there are");
		return NULL;
	}
	doc = mlc_xml_read(c->reply->body, c->reply->body_len);
	if (!doc || !mlc_xml_child(xmlDocGetRootElement(doc), "fields")) {
		xmlFreeDoc(doc);
		*failed = zuora_garbage(c, "a description of an object");
		return NULL;
	}
	return doc;
}

static xmlNodePtr first_field(xmlDocPtr doc)
{
	return mlc_xml_first(mlc_xml_child(xmlDocGetRootElement(doc), "fields"));
}

static bool is_custom(const char *name)
{
	return mlc_ends_with(name, "__c");
}

static enum mlc_step ping_look(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	if (s->at < LOOKS)
		return zuora_get(c, c->host->format(c, "/object-query/%s?pageSize=1&sort[]=updateddate.DESC", kinds[looks[s->at].entity].folder));
	return ask_describe(c, s->at == LOOKS ? ACCOUNT : INVOICE);
}

/* Which of the fields that our tables call custom does the tenant lack? */
static enum mlc_step ping_fields(struct mlc_call *c, int entity)
{
	enum mlc_step failed;
	xmlDocPtr doc;
	const char *missing = "";

	/* Reading what there is takes a permission of its own; without it the first write tells. */
	if (zuora_declines(c))
		return MLC_DONE;
	doc = description(c, &failed);
	if (!doc)
		return failed;
	for (const struct mlc_field *f = zuora_entities[entity].fields; f->name; f++) {
		xmlNodePtr at = first_field(doc);

		if (!is_custom(f->name))
			continue;
		while (at && strcmp(mlc_xml_child_text(c, at, "name"), f->name) != 0)
			at = mlc_xml_next(at);
		if (!at)
			missing = c->host->format(c, "%s%s%s", missing, *missing ? ", " : "", f->name);
	}
	c->host->fact(c, c->host->format(c, "%s_fields", kinds[entity].object),
		*missing ? c->host->format(c, "missing: %s", missing) : "all there");
	xmlFreeDoc(doc);
	return MLC_DONE;
}

static enum mlc_step ping_digest(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct look *l = &looks[s->at];
	const char *limit = c->host->header(c, "ratelimit-limit");
	enum mlc_step step;

	if (l->optional && zuora_declines(c)) {
		c->host->fact(c, l->fact, "not there, or not for this API user");
		return MLC_DONE;
	}
	step = zuora_take_page(c, l->entity);
	if (step != MLC_DONE)
		return step;
	if (s->at == 0) {
		if (!c->host->fact(c, "identity", identity_of(c)))
			return c->host->fail(c, MLC_REFUSED, 0, "this is another tenant than before: %s", identity_of(c));
		c->host->fact(c, "zuora_version", mlc_known(c->settings, "zuora_version") ? mlc_known(c->settings, "zuora_version")
			: "the tenant's own");
		if (limit)
			c->host->fact(c, "limit", limit);
	}
	c->host->fact(c, l->fact, json_array_size(s->page) ? "readable" : "readable, none yet");
	return MLC_DONE;
}

enum mlc_step zuora_ping(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step;

	if (c->reply->kind != MLC_REPLY_HERE)
		return ping_look(c);
	step = s->at < LOOKS ? ping_digest(c) : ping_fields(c, s->at == LOOKS ? ACCOUNT : INVOICE);
	if (step != MLC_DONE)
		return step;
	return ++s->at < LOOKS + 2 ? ping_look(c) : MLC_DONE;
}

static enum mlc_type type_named(const char *name)
{
	static const struct { const char *name; enum mlc_type type; } types[] = {
		{ "boolean", MLC_BOOL }, { "date", MLC_DATE }, { "datetime", MLC_INSTANT }, { "timestamp", MLC_INSTANT },
		{ "decimal", MLC_DECIMAL }, { "integer", MLC_INTEGER },
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].type;
	return MLC_TEXT;
}

static const char *options_of(struct mlc_call *c, const xmlNode *field)
{
	const char *all = NULL;

	for (xmlNodePtr o = mlc_xml_first(mlc_xml_child(field, "options")); o; o = mlc_xml_next(o))
		all = all ? c->host->format(c, "%s|%s", all, mlc_xml_text(c, o)) : mlc_xml_text(c, o);
	return all;
}

/* Only custom fields are news. */
static enum mlc_step discover_digest(struct mlc_call *c, int entity)
{
	enum mlc_step failed;
	xmlDocPtr doc;

	if (zuora_declines(c)) /* an object that this tenant or user has not */
		return MLC_DONE;
	doc = description(c, &failed);
	if (!doc)
		return failed;
	for (xmlNodePtr at = first_field(doc); at; at = mlc_xml_next(at)) {
		const char *name = mlc_xml_child_text(c, at, "name");
		enum mlc_type type = type_named(mlc_xml_child_text(c, at, "type"));

		if (!is_custom(name) || field_named(&zuora_entities[entity], name))
			continue;
		c->host->describe(c, zuora_entities[entity].name, &(struct mlc_field){ name, type, 0, type == MLC_DECIMAL ? 9 : 0,
			type == MLC_TEXT ? options_of(c, at) : NULL });
	}
	xmlFreeDoc(doc);
	return MLC_DONE;
}

enum mlc_step zuora_discover(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	enum mlc_step step;

	if (c->reply->kind == MLC_REPLY_HERE) {
		step = discover_digest(c, described[s->at++]);
		if (step != MLC_DONE)
			return step;
	}
	return s->at < DESCRIBED ? ask_describe(c, described[s->at]) : MLC_DONE;
}
