/* changes_in_windows.c - poll: windows over updateddate, page by page, each record with its parts. */
#include "drive.h"

#define INVOICE(id, updated) "{\"id\":\"" id "\",\"accountId\":\"" ID3 "\",\"amount\":7300,\"taxAmount\":14.99,\"updatedDate\":\"" updated "\"}"
#define ITEM(id, owner) "{\"id\":\"" id "\",\"invoiceId\":\"" owner "\",\"chargeAmount\":7300,\"taxationItems\":[{\"id\":\"t\",\"taxRate\":0.0825,\"taxAmount\":1}]}"
#define ITEMS(ids) "/object-query/invoice-items?pageSize=99&sort[]=id.ASC&expand[]=taxationitems&filter[]=invoiceid.IN:%5B" ids "%5D"

/* ZUO-23 */
static void a_poll_asks_for_what_changed_and_a_little_before(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	asks(d, "GET", LIST("products", ""));
	poll(d, "products", "2026-11-21T00:00:00Z");
	asks(d, "GET", LIST("products", "") SINCE "2026-11-20T23:50:00Z");
	poll(d, "products", "@2026-10-01T00:00:00Z");
	asks(d, "GET", LIST("products", "") SINCE "2026-10-01T00:00:00Z");
	answer(d, 200, "{\"data\":[]}");
	assert_int_equal(d->step, MLC_DONE);
	assert_null(cursor(d));
}

static void invoices_come_with_their_items_a_page_at_once(void **state)
{
	struct drive *d = *state;

	poll(d, "invoices", "2026-11-20T00:00:00Z");
	answer(d, 200, "{\"data\":[" INVOICE(ID1, "2026-11-20T01:00:00-08:00") "," INVOICE(ID2, "2026-11-20T09:30:00Z") "],\"nextPage\":\"MTA=\"}");
	asks(d, "GET", ITEMS(ID1 "," ID2));
	answer(d, 200, "{\"data\":[" ITEM("a", ID1) "],\"nextPage\":\"Mg==\"}");
	asks(d, "GET", ITEMS(ID1 "," ID2) "&cursor=Mg%3D%3D");
	answer(d, 200, "{\"data\":[" ITEM("b", ID1) "," ITEM("c", ID2) "]}");
	assert_string_equal(emitted(d), "invoice " ID1 ", invoice " ID2);
	assert_non_null(strstr(record(d, 0)->text, "\"id\":\"b\""));
	assert_null(strstr(record(d, 0)->text, "\"id\":\"c\""));
	/* Amounts are text, whichever way they came. */
	assert_non_null(strstr(record(d, 0)->text, "\"amount\":\"7300\""));
	assert_non_null(strstr(record(d, 0)->text, "\"taxAmount\":\"14.99\""));
	assert_non_null(strstr(record(d, 0)->text, "\"taxRate\":\"0.0825\""));
	assert_string_equal(cursor(d), "2026-11-20T09:30:00Z");
	asks(d, "GET", LIST("invoices", "") SINCE "2026-11-19T23:50:00Z&cursor=MTA%3D");
	commit(d);
	answer(d, 200, "{\"data\":[]}");
	assert_int_equal(d->step, MLC_DONE);
}

static void a_payment_tells_where_it_is_applied_now(void **state)
{
	struct drive *d = *state;

	poll(d, "payments", NULL);
	asks(d, "GET", LIST("payments", "&expand[]=paymentmethod"));
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":50,\"appliedAmount\":30.5,\"updatedDate\":\"2026-11-20T01:00:00Z\","
		"\"paymentMethod\":{\"id\":\"m\",\"type\":\"CreditCard\",\"creditCardMaskNumber\":\"****1111\"}},"
		"{\"id\":\"" ID2 "\",\"amount\":10,\"appliedAmount\":0,\"updatedDate\":\"2026-11-20T01:00:01Z\"}]}");
	asks(d, "GET", "/v1/payments/" ID1 "/parts?pageSize=40"); /* of the other one nothing is applied */
	answer(d, 200, "{\"success\":true,\"parts\":[{\"id\":\"p\",\"amount\":30.5,\"invoiceId\":\"" ID3 "\",\"debitMemoId\":null},"
		"{\"id\":\"r\",\"amount\":1,\"invoiceId\":null,\"debitMemoId\":\"" ID3 "\"},"
		"{\"id\":\"q\",\"amount\":19.5,\"invoiceId\":null,\"debitMemoId\":null}]}");
	assert_string_equal(emitted(d), "payment " ID1 ", payment " ID2);
	assert_non_null(strstr(record(d, 0)->text, "\"amount\":\"30.5\""));
	assert_non_null(strstr(record(d, 0)->text, "\"id\":\"r\""));
	assert_null(strstr(record(d, 0)->text, "\"id\":\"q\"")); /* what is applied nowhere is unappliedAmount */
	assert_null(strstr(record(d, 0)->text, "1111"));
	assert_non_null(strstr(record(d, 0)->text, "\"paymentMethod\":{\"id\":\"m\",\"type\":\"CreditCard\"}"));
	assert_int_equal(record(d, 0)->changed_ms, INT64_C(1795136400000));
	assert_non_null(strstr(record(d, 1)->text, "\"parts\":[]"));
	assert_int_equal(d->step, MLC_DONE);
}

#define PART(id) "{\"id\":\"" id "\",\"amount\":1,\"invoiceId\":\"" ID3 "\"}"
#define NEXT(n) "\"nextPage\":\"https://rest.zuora.com/v1/payments/" ID1 "/parts?page=" #n "&pageSize=40\""

/* ZUO-07: one payment of very many invoices. */
static void no_part_of_a_payment_is_left_on_another_page(void **state)
{
	struct drive *d = *state;

	poll(d, "payments", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":3,\"appliedAmount\":3,\"updatedDate\":\"2026-11-20T01:00:00Z\"},"
		"{\"id\":\"" ID2 "\",\"amount\":1,\"appliedAmount\":1,\"updatedDate\":\"2026-11-20T01:00:01Z\"}]}");
	asks(d, "GET", "/v1/payments/" ID1 "/parts?pageSize=40");
	answer(d, 200, "{\"success\":true,\"parts\":[" PART("p") "]," NEXT(2) "}");
	asks(d, "GET", "/v1/payments/" ID1 "/parts?pageSize=40&page=2");
	answer(d, 200, "{\"success\":true,\"parts\":[" PART("q") "]," NEXT(3) "}");
	asks(d, "GET", "/v1/payments/" ID1 "/parts?pageSize=40&page=3");
	answer(d, 200, "{\"success\":true,\"parts\":[" PART("r") "]}");
	asks(d, "GET", "/v1/payments/" ID2 "/parts?pageSize=40"); /* from its first page */
	answer(d, 200, "{\"success\":true,\"parts\":[" PART("s") "]," NEXT(2) "}");
	asks(d, "GET", "/v1/payments/" ID2 "/parts?pageSize=40&page=2");
	answer(d, 200, "{\"success\":true,\"parts\":[" PART("t") "]," NEXT(2) "}");
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "round in circles"));
}

static void credit_memos_come_with_items_and_parts(void **state)
{
	struct drive *d = *state;

	poll(d, "credit_memos", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"appliedAmount\":5,\"updatedDate\":\"2026-11-20T01:00:00Z\"}]}");
	asks(d, "GET", "/object-query/credit-memo-items?pageSize=99&sort[]=id.ASC&expand[]=credittaxationitems&filter[]=creditmemoid.IN:%5B" ID1 "%5D");
	answer(d, 200, "{\"data\":[{\"id\":\"i\",\"creditMemoId\":\"" ID1 "\",\"amount\":5}]}");
	asks(d, "GET", "/v1/creditmemos/" ID1 "/parts?pageSize=40");
	answer(d, 200, "{\"success\":true,\"parts\":[{\"id\":\"p\",\"amount\":5,\"invoiceId\":\"" ID2 "\"}]}");
	assert_string_equal(emitted(d), "credit_memo " ID1);
}

static void a_contact_brings_its_account(void **state)
{
	struct drive *d = *state;

	poll(d, "contacts", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"accountId\":\"" ID3 "\",\"postalCode\":\"89501\",\"updatedDate\":\"2026-11-20T01:00:00Z\"},"
		"{\"id\":\"" ID2 "\",\"accountId\":\"" ID3 "\",\"updatedDate\":\"2026-11-20T01:00:00Z\"}],\"nextPage\":\"of-contacts\"}");
	asks(d, "GET", LIST("accounts", "&expand[]=billto&expand[]=soldto") "&filter[]=id.IN:%5B" ID3 "%5D");
	answer(d, 200, "{\"data\":[{\"id\":\"" ID3 "\",\"name\":\"Acme\",\"billTo\":{\"id\":\"" ID1 "\",\"postalCode\":\"89501\"},"
		"\"soldTo\":{\"id\":\"" ID2 "\",\"postalCode\":\"89502\"}}],\"nextPage\":\"of-accounts\"}");
	assert_string_equal(emitted(d), "account " ID3 ", contact " ID1 ", contact " ID2);
	assert_non_null(strstr(record(d, 0)->text, "\"billToContact\":{"));
	assert_non_null(strstr(record(d, 0)->text, "\"zipCode\":\"89501\""));
	assert_non_null(strstr(record(d, 0)->text, "\"soldToContact\":{"));
	assert_non_null(strstr(record(d, 0)->text, "\"zipCode\":\"89502\""));
	assert_non_null(strstr(record(d, 1)->text, "\"zipCode\":\"89501\""));
	asks(d, "GET", LIST("contacts", "") "&cursor=of-contacts"); /* and not where the accounts go on */
}

/* What only tenants without Invoice Settlement have, and what they have instead of parts. */
static void without_invoice_settlement_zoql_is_asked(void **state)
{
	struct drive *d = *state;

	json_object_set_new(d->settings, "invoice_settlement", json_false());
	poll(d, "credit_memos", NULL);
	assert_int_equal(d->step, MLC_DONE);
	poll(d, "adjustments", "2026-11-21T00:00:00Z");
	asks_with(d, "POST", "/v1/action/query", "{\"queryString\":\"select Id, AdjustmentNumber, AccountId, InvoiceId, InvoiceNumber, AdjustmentDate, Type, Status, Amount,"
		" SourceType, AccountingCode, ReasonCode, Comment, UpdatedDate from InvoiceItemAdjustment where UpdatedDate >= '2026-11-20T23:50:00Z'\"}");
	assert_true(call_inside(d->call)->request->repeatable);
	assert_null(header_sent(d, "Idempotency-Key"));
	answer(d, 200, "{\"size\":3,\"done\":false,\"queryLocator\":\"x-2\",\"records\":[{\"Id\":\"" ID1 "\",\"Amount\":12,\"UpdatedDate\":\"2026-11-21T00:01:00Z\"}]}");
	asks_with(d, "POST", "/v1/action/queryMore", "{\"queryLocator\":\"x-2\"}");
	assert_null(cursor(d)); /* no order: nothing is safe before the end */
	commit(d);
	answer(d, 200, "{\"size\":3,\"done\":true,\"records\":[{\"Id\":\"" ID2 "\",\"Amount\":\"3.50\",\"UpdatedDate\":\"2026-11-20T23:55:00Z\"}]}");
	assert_string_equal(cursor(d), "2026-11-21T00:01:00Z");
	poll(d, "payments", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":50,\"appliedAmount\":50,\"updatedDate\":\"2026-11-20T01:00:00Z\"}]}");
	asks_with(d, "POST", "/v1/action/query",
		"{\"queryString\":\"select Id, Amount, InvoiceId, PaymentId, RefundAmount from InvoicePayment where PaymentId = '" ID1 "'\"}");
	answer(d, 200, "{\"size\":1,\"done\":true,\"records\":[{\"Id\":\"i\",\"Amount\":50,\"InvoiceId\":\"" ID2 "\",\"PaymentId\":\"" ID1 "\",\"RefundAmount\":20}]}");
	assert_non_null(strstr(record(d, 0)->text, "\"invoiceId\":\"" ID2 "\""));
	assert_non_null(strstr(record(d, 0)->text, "\"refundAmount\":\"20\""));
}

/* ZUO-33: no refund-applications there; what it took back names invoice payments, and these their payment. */
static void without_invoice_settlement_refunds_tell_their_payment(void **state)
{
	struct drive *d = *state;

	json_object_set_new(d->settings, "invoice_settlement", json_false());
	poll(d, "refunds", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":20,\"updatedDate\":\"2026-11-20T01:00:00Z\"},"
		"{\"id\":\"" ID2 "\",\"amount\":5,\"updatedDate\":\"2026-11-20T01:00:01Z\"}]}");
	asks_with(d, "POST", "/v1/action/query", "{\"queryString\":\"select Id, InvoicePaymentId, RefundAmount, RefundId from RefundInvoicePayment"
		" where RefundId = '" ID1 "' or RefundId = '" ID2 "'\"}");
	answer(d, 200, "{\"size\":2,\"done\":true,\"records\":[{\"Id\":\"x\",\"InvoicePaymentId\":\"ip1\",\"RefundAmount\":12.5,\"RefundId\":\"" ID1 "\"},"
		"{\"Id\":\"y\",\"InvoicePaymentId\":\"ip2\",\"RefundAmount\":7.5,\"RefundId\":\"" ID1 "\"}]}");
	asks_with(d, "POST", "/v1/action/query", "{\"queryString\":\"select Id, PaymentId from InvoicePayment where Id = 'ip1' or Id = 'ip2'\"}");
	answer(d, 200, "{\"size\":2,\"done\":true,\"records\":[{\"Id\":\"ip2\",\"PaymentId\":\"" ID3 "\"},{\"Id\":\"ip1\",\"PaymentId\":\"" ID3 "\"}]}");
	assert_string_equal(emitted(d), "refund " ID1 ", refund " ID2);
	assert_non_null(strstr(record(d, 0)->text, "\"applyAmount\":\"12.5\""));
	assert_non_null(strstr(record(d, 0)->text, "\"paymentId\":\"" ID3 "\""));
	assert_null(strstr(record(d, 0)->text, "ip1"));
	assert_non_null(strstr(record(d, 1)->text, "\"refundApplications\":[]"));

	poll(d, "refunds", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":20,\"updatedDate\":\"2026-11-20T01:00:00Z\"}]}");
	answer(d, 200, "{\"size\":1,\"done\":true,\"records\":[{\"Id\":\"x\",\"InvoicePaymentId\":\"ip1\",\"RefundAmount\":20,\"RefundId\":\"" ID1 "\"}]}");
	answer(d, 200, "{\"size\":0,\"done\":true}"); /* an invoice payment that is nobody's */
	fails(d, MLC_BROKEN);

	poll(d, "refunds", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":20,\"updatedDate\":\"2026-11-20T01:00:00Z\"}]}");
	answer(d, 200, "{\"size\":1,\"done\":true,\"records\":[{\"Id\":\"x\",\"InvoicePaymentId\":\"ip1\",\"RefundAmount\":20,\"RefundId\":\"" ID1 "\"}]}");
	answer(d, 200, "{\"size\":1,\"done\":true,\"records\":[{\"Id\":\"ip7\",\"PaymentId\":\"" ID3 "\"}]}"); /* another one's */
	fails(d, MLC_BROKEN);
}

#define PAID "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":50,\"appliedAmount\":50,\"updatedDate\":\"2026-11-20T01:00:00Z\"}]}"

/* ZUO-33: half of what a payment pays is worse than none. */
static void without_invoice_settlement_no_payment_is_told_in_part(void **state)
{
	static const struct { const char *body; enum mlc_fault fault; } rows[] = {
		{ "{\"size\":2001,\"done\":false,\"queryLocator\":\"x\",\"records\":[]}", MLC_REFUSED },
		{ "{\"size\":1,\"done\":true}", MLC_BROKEN },
		{ "{\"done\":true}", MLC_BROKEN },
		{ "{\"size\":1,\"done\":true,\"records\":[{\"Id\":\"i\",\"Amount\":50,\"InvoiceId\":\"" ID2 "\",\"PaymentId\":\"" ID3 "\"}]}", MLC_BROKEN },
	};
	struct drive *d = *state;

	json_object_set_new(d->settings, "invoice_settlement", json_false());
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		poll(d, "payments", NULL);
		answer(d, 200, PAID);
		answer(d, 200, rows[i].body);
		fails(d, rows[i].fault);
	}
	poll(d, "payments", NULL);
	answer(d, 200, PAID);
	answer(d, 200, "{\"size\":0,\"done\":true}"); /* that is how ZOQL says: none */
	assert_non_null(strstr(record(d, 0)->text, "\"parts\":[]"));
	assert_int_equal(d->step, MLC_DONE);
}

/* ---- bad input: each has its outcome --------------------------------------------------------------- */

#define PRODUCT(id, updated) "{\"id\":\"" id "\",\"name\":\"n\",\"updatedDate\":\"" updated "\"}"

static void an_empty_page_with_a_next_one_is_not_the_end(void **state)
{
	struct drive *d = *state;
	char page[64];

	poll(d, "products", NULL);
	answer(d, 200, "{\"data\":[],\"nextPage\":\"A\"}");
	asks(d, "GET", LIST("products", "") "&cursor=A");
	commit(d);
	answer(d, 200, "{\"data\":[" PRODUCT(ID1, "2026-11-20T01:00:00Z") "]}");
	assert_string_equal(emitted(d), "product " ID1);
	poll(d, "products", NULL);
	for (int i = 0; i < 30 && d->step == MLC_SEND; i++) {
		snprintf(page, sizeof page, "{\"data\":[],\"nextPage\":\"c%d\"}", i);
		answer(d, 200, page);
		if (d->step == MLC_SEND)
			commit(d);
	}
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "one empty page after another"));
}

static void a_page_out_of_order_or_of_before_is_not_believed(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	answer(d, 200, "{\"data\":[" PRODUCT(ID1, "2026-11-20T02:00:00Z") "," PRODUCT(ID2, "2026-11-20T01:00:00Z") "]}");
	fails(d, MLC_BROKEN);
	poll(d, "products", "2026-11-21T00:00:00Z");
	answer(d, 200, "{\"data\":[" PRODUCT(ID1, "2026-11-01T02:00:00Z") "]}");
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "before the time"));
}

static void true_and_false_may_be_text(void **state)
{
	struct drive *d = *state;

	poll(d, "invoices", NULL);
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"reversed\":\"true\",\"updatedDate\":\"2026-11-20T01:00:00Z\"},"
		"{\"id\":\"" ID2 "\",\"reversed\":\"false\",\"updatedDate\":\"2026-11-20T01:00:00Z\"}]}");
	answer(d, 200, "{\"data\":[]}");
	assert_non_null(strstr(record(d, 0)->text, "\"reversed\":true"));
	assert_non_null(strstr(record(d, 1)->text, "\"reversed\":false"));
}

static void parts_of_another_record_are_refused(void **state)
{
	struct drive *d = *state;

	poll(d, "invoices", NULL);
	answer(d, 200, "{\"data\":[" INVOICE(ID1, "2026-11-20T01:00:00Z") "]}");
	answer(d, 200, "{\"data\":[" ITEM("a", ID2) "]}");
	fails(d, MLC_BROKEN);
	poll(d, "invoices", NULL);
	answer(d, 200, "{\"data\":[" INVOICE(ID1, "2026-11-20T01:00:00Z") "]}");
	answer(d, 200, "{\"data\":[" ITEM("a", ID1) "],\"nextPage\":\"A\"}");
	answer(d, 200, "{\"data\":[" ITEM("b", ID1) "],\"nextPage\":\"A\"}");
	fails(d, MLC_BROKEN);
}

static void garbage_is_not_an_empty_page(void **state)
{
	static const char *const bodies[] = { "", "<html>hello</html>", "[]", "{}", "{\"data\":{}}", "{\"data\":[7]}", "{\"data\":[{\"id\":\"1\"", "null",
		"{\"success\":true}" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		poll(d, "products", NULL);
		answer(d, 200, bodies[i]);
		fails(d, MLC_BROKEN);
	}
}

/* ZOQL leaves an empty list away: only its own words for that are believed. */
static void garbage_is_no_empty_answer_of_zoql(void **state)
{
	static const char *const bodies[] = { "{}", "{\"size\":0}", "{\"done\":true}", "{\"size\":0,\"done\":false}", "{\"size\":1,\"done\":true}" };
	struct drive *d = *state;

	json_object_set_new(d->settings, "invoice_settlement", json_false());
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		poll(d, "adjustments", NULL);
		answer(d, 200, bodies[i]);
		fails(d, MLC_BROKEN);
	}
	poll(d, "products", NULL); /* which is not read by ZOQL */
	answer(d, 200, "{\"size\":0,\"done\":true}");
	fails(d, MLC_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_poll_asks_for_what_changed_and_a_little_before),
		drive_test(invoices_come_with_their_items_a_page_at_once),
		drive_test(a_payment_tells_where_it_is_applied_now),
		drive_test(no_part_of_a_payment_is_left_on_another_page),
		drive_test(credit_memos_come_with_items_and_parts),
		drive_test(a_contact_brings_its_account),
		drive_test(without_invoice_settlement_zoql_is_asked),
		drive_test(without_invoice_settlement_refunds_tell_their_payment),
		drive_test(an_empty_page_with_a_next_one_is_not_the_end),
		drive_test(a_page_out_of_order_or_of_before_is_not_believed),
		drive_test(true_and_false_may_be_text),
		drive_test(parts_of_another_record_are_refused),
		drive_test(garbage_is_not_an_empty_page),
		drive_test(garbage_is_no_empty_answer_of_zoql),
		drive_test(without_invoice_settlement_no_payment_is_told_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
