/* writes_are_safe.c - creates under their requestid, changes guarded by SyncToken, batches judged item by item.  ZEN-08. */
#include "drive.h"

static struct mlc_write writes[8];

static struct mlc_write *add(struct drive *d, enum mlc_verb verb, const char *id, const char *version, json_t *data)
{
	struct mlc_write *w = &writes[d->input.write_count++];

	if (!d->data)
		d->data = json_array();
	if (data)
		json_array_append_new(d->data, data);
	*w = (struct mlc_write){ .verb = verb, .id = id, .version = version, .key = "mlc-0001", .data = data };
	d->input.writes = writes;
	return w;
}

static void send(struct drive *d, const char *entity)
{
	d->input.entity = entity;
	begin(d, OP_WRITE);
}

#define refused(d, i, f, words)                                                                \
	do {                                                                                   \
		assert_int_equal(outcome(d, i)->end, WRITE_END_REFUSED);                       \
		assert_int_equal(outcome(d, i)->fault, f);                                     \
		assert_non_null(strstr(outcome(d, i)->text, words));                           \
	} while (0)

static void a_create_bears_its_key_and_may_be_repeated(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:{s:s},s:{s:s}}", "DisplayName", "Zo\xc3\xab", "SalesTermRef", "id", "3",
		"PrimaryEmailAddr", "Address", "a@b.example"));
	send(d, "Customer");
	asks(d, "POST", "/customer?minorversion=75&requestid=mlc-0001");
	assert_true(call_inside(d->call)->request->repeatable);
	json_t *body = sent(d);
	assert_string_equal(json_text_at(body, "SalesTermRef.value"), "3");
	assert_null(json_object_get(body, "Id"));
	assert_null(json_object_get(body, "sparse"));
	json_decref(body);
	answer(d, 200, "{\"Customer\":" CUSTOMER("77", "0", "2026-11-20T16:10:00-08:00", "") "," TIME "}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(outcome(d, 0)->record.id, "77");
	assert_string_equal(outcome(d, 0)->record.version, "0");
	assert_non_null(strstr(outcome(d, 0)->record.text, "\"Balance\":\"85.00\"")); /* as it is there now, for the next merge */
}

static void money_leaves_as_numbers(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:[{s:s,s:s,s:{s:{s:s},s:s,s:s}}]}", "CustomerRef", "24", "Line", "Amount", "1173.41",
		"DetailType", "SalesItemLineDetail", "SalesItemLineDetail", "ItemRef", "id", "5", "UnitPrice", "1173.41", "Qty", "1"));
	send(d, "Invoice");
	const struct mlc_request *q = call_inside(d->call)->request;
	assert_non_null(strstr(q->body, "\"Amount\":1173.41"));
	assert_non_null(strstr(q->body, "\"Qty\":1}"));
}

static void an_update_is_sparse_and_bears_its_token(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_UPDATE, "7", "3", json_pack("{s:s}", "Notes", "new"));
	send(d, "Customer");
	asks(d, "POST", "/customer?minorversion=75&requestid=mlc-0001");
	json_t *body = sent(d);
	assert_string_equal(json_text_at(body, "Id"), "7");
	assert_string_equal(json_text_at(body, "SyncToken"), "3");
	assert_true(json_is_true(json_object_get(body, "sparse")));
	json_decref(body);
	answer(d, 400, FAULT("5010", "Stale Object Error", "You and another user"));
	refused(d, 0, MLC_STALE, "another user");
}

/* A sparse update cannot erase, and replaces an object as a whole: such a record is read first. */
static void what_erases_is_read_first_and_sent_whole(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_UPDATE, "7", "3", json_pack("{s:n,s:{s:s}}", "Notes", "BillAddr", "City", "Reno"));
	send(d, "Customer");
	asks(d, "GET", "/customer/7?minorversion=75");
	answer(d, 200, "{\"Customer\":" CUSTOMER("7", "3", "2026-11-20T16:10:00-08:00",
		",\"Notes\":\"old\",\"sparse\":false,\"BillAddr\":{\"Id\":\"9\",\"Line1\":\"1 Main\",\"City\":\"Elko\"},\"Unknown\":\"stays\"") "," TIME "}");
	asks(d, "POST", "/customer?minorversion=75&requestid=mlc-0001");
	json_t *body = sent(d);
	assert_null(json_object_get(body, "Notes"));
	assert_null(json_object_get(body, "sparse"));
	assert_string_equal(json_text_at(body, "BillAddr.City"), "Reno");
	assert_string_equal(json_text_at(body, "BillAddr.Line1"), "1 Main");
	assert_string_equal(json_text_at(body, "Unknown"), "stays");
	assert_string_equal(json_text_at(body, "DisplayName"), "C 7");
	json_decref(body);
	drive_end(d);

	add(d, MLC_DO_UPDATE, "7", "2", json_pack("{s:n}", "Notes"));
	send(d, "Customer");
	answer(d, 200, "{\"Customer\":" CUSTOMER("7", "3", "2026-11-20T16:10:00-08:00", "") "," TIME "}");
	assert_int_equal(d->step, MLC_DONE);
	refused(d, 0, MLC_STALE, "changed meanwhile");
	drive_end(d);

	add(d, MLC_DO_UPDATE, "7", "2", json_pack("{s:n}", "Notes"));
	send(d, "Customer");
	answer(d, 400, FAULT("610", "Object Not Found", "made inactive"));
	refused(d, 0, MLC_REFUSED, "not there any more");
	drive_end(d);

	/* An object by itself, too: sparse, it would lose the lines that we do not write. */
	add(d, MLC_DO_UPDATE, "7", "3", json_pack("{s:{s:s}}", "BillAddr", "City", "Reno"));
	send(d, "Customer");
	asks(d, "GET", "/customer/7?minorversion=75");
	answer(d, 400, FAULT("3200", "AuthenticationFailed", "expired"));
	fails(d, MLC_AUTH); /* which says nothing of the record */
	drive_end(d);

	add(d, MLC_DO_UPDATE, "7", "3", json_pack("{s:n}", "Notes"));
	add(d, MLC_DO_UPDATE, "8", "3", json_pack("{s:n}", "Notes"));
	send(d, "Customer");
	asks(d, "GET", "/customer/7?minorversion=75"); /* and no batch */
	answer(d, 200, "{\"Customer\":" CUSTOMER("7", "4", "2026-11-20T16:10:00-08:00", "") "," TIME "}");
	asks(d, "GET", "/customer/8?minorversion=75");
	answer(d, 400, FAULT("610", "Object Not Found", "made inactive"));
	assert_int_equal(d->step, MLC_DONE);
	refused(d, 0, MLC_STALE, "changed meanwhile");
	refused(d, 1, MLC_REFUSED, "not there any more");
	drive_end(d);

	/* A name in it is looked up first, and the record then read again. */
	add(d, MLC_DO_UPDATE, "7", "3", json_pack("{s:n,s:{s:s}}", "Notes", "SalesTermRef", "name", "Net 30"));
	send(d, "Customer");
	answer(d, 200, "{\"Customer\":" CUSTOMER("7", "3", "2026-11-20T16:10:00-08:00", "") "," TIME "}");
	asks_query(d, "select * from Term where Name = 'Net 30' maxresults 2");
	answer(d, 200, "{\"QueryResponse\":{\"Term\":[{\"Id\":\"3\"}],\"maxResults\":1}," TIME "}");
	asks(d, "GET", "/customer/7?minorversion=75");
	answer(d, 200, "{\"Customer\":" CUSTOMER("7", "3", "2026-11-20T16:10:00-08:00", "") "," TIME "}");
	body = sent(d);
	assert_string_equal(json_text_at(body, "SalesTermRef.value"), "3");
	json_decref(body);
}

static void a_name_or_number_that_is_taken_is_looked_at_again(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", "Bessie"));
	send(d, "Customer");
	answer(d, 400, FAULT("6240", "Duplicate Name Exists Error", "Another vendor is already using this name."));
	refused(d, 0, MLC_STALE, "Another vendor");
	drive_end(d);
	add(d, MLC_DO_UPDATE, "7", "3", json_pack("{s:s}", "DisplayName", "Bessie"));
	send(d, "Customer");
	answer(d, 400, FAULT("6240", "Duplicate Name Exists Error", "Another vendor is already using this name."));
	refused(d, 0, MLC_REFUSED, "Another vendor");
	drive_end(d);
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s}", "CustomerRef", "24", "DocNumber", "1001"));
	send(d, "Invoice");
	answer(d, 400, FAULT("6140", "Duplicate Document Number Error", "DocNumber=1001 is assigned"));
	refused(d, 0, MLC_STALE, "1001");
}

static void closed_books_hold_the_document(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s}", "CustomerRef", "24", "TxnDate", "2020-01-01"));
	send(d, "Invoice");
	answer(d, 400, FAULT("6210", "Account Period Closed", "The account period has closed"));
	refused(d, 0, MLC_REFUSED, "period has closed");
	drive_end(d);
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:{s:s}}", "CustomerRef", "24", "CurrencyRef", "value", "EUR"));
	send(d, "Invoice");
	answer(d, 400, FAULT("6000", "A business validation error", "The currency of the transaction is invalid for customer"));
	refused(d, 0, MLC_REFUSED, "currency of the transaction is invalid");
}

static void a_document_is_deleted_or_voided_by_its_token(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_DELETE, "65", "1", NULL);
	send(d, "Invoice");
	asks(d, "POST", "/invoice?minorversion=75&operation=delete&requestid=mlc-0001");
	answer(d, 200, "{\"Invoice\":{\"domain\":\"QBO\",\"status\":\"Deleted\",\"Id\":\"65\"}," TIME "}");
	assert_true(outcome(d, 0)->record.deleted);
	drive_end(d);
	add(d, MLC_DO_DELETE, "65", "1", NULL); /* it was gone before */
	send(d, "Invoice");
	answer(d, 400, FAULT("610", "Object Not Found", "made inactive"));
	assert_true(outcome(d, 0)->record.deleted);
	drive_end(d);
	add(d, MLC_DO_DELETE, "65", "1", NULL); /* any other fault leaves it where it is */
	send(d, "Invoice");
	answer(d, 400, FAULT("6540", "Deposited Transaction cannot be changed", "deposited"));
	refused(d, 0, MLC_REFUSED, "deposited");
	drive_end(d);
	add(d, MLC_DO_UPDATE, "65", "1", json_pack("{s:s}", "DocNumber", "7")); /* and what is to be changed is not done because it is gone */
	send(d, "Invoice");
	answer(d, 400, FAULT("610", "Object Not Found", "made inactive"));
	refused(d, 0, MLC_REFUSED, "made inactive");
	drive_end(d);
	add(d, MLC_DO_VOID, "80", "0", NULL); /* no item of a batch voids a payment */
	add(d, MLC_DO_VOID, "81", "0", NULL);
	send(d, "Payment");
	asks(d, "POST", "/payment?minorversion=75&operation=update&include=void&requestid=mlc-0001");
	drive_end(d);
	add(d, MLC_DO_VOID, "65", "1", NULL);
	send(d, "Invoice");
	asks(d, "POST", "/invoice?minorversion=75&operation=void&requestid=mlc-0001");
	drive_end(d);
	add(d, MLC_DO_VOID, "80", "0", NULL);
	send(d, "Payment");
	asks(d, "POST", "/payment?minorversion=75&operation=update&include=void&requestid=mlc-0001");
	json_t *body = sent(d);
	assert_true(json_is_true(json_object_get(body, "sparse")));
	json_decref(body);
}

static void what_quickbooks_would_not_take_never_leaves(void **state)
{
	struct drive *d = *state;
	char *name = xformat("%501s", "x");

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", "a:b"));
	send(d, "Customer");
	refused(d, 0, MLC_REFUSED, "colon");
	drive_end(d);
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", name));
	send(d, "Customer");
	refused(d, 0, MLC_REFUSED, "501 characters, QuickBooks takes 500");
	drive_end(d);
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:{}}", "CustomerRef"));
	send(d, "Invoice");
	refused(d, 0, MLC_REFUSED, "names no Customer, neither by id nor by name");
	drive_end(d);
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s}", "DisplayName", "One", "Notes", "a: b\nc")); /* only names are so particular */
	send(d, "Customer");
	assert_int_equal(d->step, MLC_SEND);
	drive_end(d);
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Colour", "red"));
	send(d, "Customer");
	refused(d, 0, MLC_REFUSED, "no member Colour");
	free(name);
}

#define FOUND(kind, rows) "{\"QueryResponse\":{\"" kind "\":[" rows "],\"maxResults\":1}," TIME "}"

/* QuickBooks takes ids only: each name is looked up once, inactive ones left out. */
static void a_reference_by_name_is_looked_up(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:{s:s},s:[{s:s,s:{s:{s:s}}},{s:s,s:{s:{s:s}}}]}", "CustomerRef", "name", "Cool Cars", "Line", "DetailType",
		"SalesItemLineDetail", "SalesItemLineDetail", "ItemRef", "name", "Garden:Design", "DetailType", "SalesItemLineDetail", "SalesItemLineDetail", "ItemRef",
		"name", "Garden:Design"));
	send(d, "Invoice");
	asks_query(d, "select * from Customer where DisplayName = 'Cool Cars' maxresults 2");
	answer(d, 200, FOUND("Customer", "{\"Id\":\"16\"}"));
	asks_query(d, "select * from Item where FullyQualifiedName = 'Garden:Design' maxresults 2");
	answer(d, 200, FOUND("Item", "{\"Id\":\"5\"}"));
	asks(d, "POST", "/invoice?minorversion=75&requestid=mlc-0001");
	json_t *body = sent(d);
	assert_string_equal(json_text_at(body, "CustomerRef.value"), "16");
	assert_string_equal(json_text_at(json_array_get(json_object_get(body, "Line"), 1), "SalesItemLineDetail.ItemRef.value"), "5");
	json_decref(body);
	drive_end(d);

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:{s:s}}", "DisplayName", "New", "SalesTermRef", "name", "Net 99"));
	send(d, "Customer");
	answer(d, 200, "{\"QueryResponse\":{}," TIME "}");
	refused(d, 0, MLC_REFUSED, "there is no Term \"Net 99\"");
	drive_end(d);

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:{s:s}}", "DisplayName", "New", "SalesTermRef", "name", "Net 30"));
	send(d, "Customer");
	answer(d, 200, FOUND("Term", "{\"Id\":\"3\"},{\"Id\":\"4\"}"));
	refused(d, 0, MLC_REFUSED, "several are called Term");
}

static void names_in_a_batch_are_looked_up_before_it_leaves(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_UPDATE, "1", "0", json_pack("{s:s}", "DisplayName", "a:b"));
	add(d, MLC_DO_UPDATE, "2", "0", json_pack("{s:{s:s}}", "SalesTermRef", "name", "Net 30"));
	add(d, MLC_DO_UPDATE, "3", "0", json_pack("{s:{s:s}}", "SalesTermRef", "id", "8"));
	send(d, "Customer");
	asks_query(d, "select * from Term where Name = 'Net 30' maxresults 2");
	answer(d, 200, FOUND("Term", "{\"Id\":\"3\"}"));
	asks(d, "POST", "/batch?minorversion=75");
	json_t *body = sent(d);
	assert_int_equal(json_array_size(json_object_get(body, "BatchItemRequest")), 2);
	assert_string_equal(json_text_at(json_array_get(json_object_get(body, "BatchItemRequest"), 0), "Customer.SalesTermRef.value"), "3");
	json_decref(body);
	answer(d, 200, "{\"BatchItemResponse\":[{\"bId\":\"1\",\"Customer\":" CUSTOMER("2", "1", "2026-11-20T16:10:00-08:00", "") "},{\"bId\":\"2\",\"Customer\":"
		CUSTOMER("3", "1", "2026-11-20T16:10:00-08:00", "") "}]," TIME "}");
	assert_int_equal(d->step, MLC_DONE);
	refused(d, 0, MLC_REFUSED, "colon");
	assert_int_equal(outcome(d, 2)->end, WRITE_END_SETTLED);
}

static void creates_go_one_by_one(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", "One"));
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", "a:b"));
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", "Three"))->key = "mlc-0003";
	send(d, "Customer");
	answer(d, 200, "{\"Customer\":" CUSTOMER("1", "0", "2026-11-20T16:10:00-08:00", "") "," TIME "}");
	asks(d, "POST", "/customer?minorversion=75&requestid=mlc-0003");
	answer(d, 400, FAULT("2020", "Required param missing", "Required parameter"));
	assert_int_equal(d->step, MLC_DONE);
	assert_int_equal(outcome(d, 0)->end, WRITE_END_SETTLED);
	refused(d, 1, MLC_REFUSED, "colon");
	refused(d, 2, MLC_REFUSED, "Required parameter");
}

static void changes_go_in_a_batch_and_each_item_is_judged(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_UPDATE, "1", "0", json_pack("{s:s}", "Notes", "a"));
	add(d, MLC_DO_UPDATE, "2", "0", json_pack("{s:s}", "Notes", "b"));
	add(d, MLC_DO_UPDATE, "3", "0", json_pack("{s:s}", "DisplayName", "a:b"));
	add(d, MLC_DO_UPDATE, "4", "0", json_pack("{s:s}", "Notes", "d"));
	send(d, "Customer");
	asks(d, "POST", "/batch?minorversion=75");
	assert_false(call_inside(d->call)->request->repeatable);
	json_t *body = sent(d);
	assert_int_equal(json_array_size(json_object_get(body, "BatchItemRequest")), 3);
	assert_string_equal(json_text_at(json_array_get(json_object_get(body, "BatchItemRequest"), 2), "Customer.Id"), "4");
	json_decref(body);
	answer(d, 200, "{\"BatchItemResponse\":[{\"bId\":\"1\",\"Fault\":{\"type\":\"ValidationFault\",\"Error\":[{\"Message\":\"Stale\",\"Detail\":\"S\","
		"\"code\":\"5010\"}]}},{\"bId\":\"0\",\"Customer\":" CUSTOMER("1", "1", "2026-11-20T16:10:00-08:00", "") "},{\"bId\":\"99\"},{\"bId\":\"4\"},{\"bId\":\"0\"},"
		"{\"bId\":\"3x\",\"Customer\":" CUSTOMER("4", "1", "2026-11-20T16:10:00-08:00", "") "}],"
		TIME "}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(outcome(d, 0)->record.version, "1");
	refused(d, 1, MLC_STALE, "Stale");
	refused(d, 2, MLC_REFUSED, "colon");
	refused(d, 3, MLC_IN_DOUBT, "does not speak of this one");
	drive_end(d);

	add(d, MLC_DO_UPDATE, "1", "0", json_pack("{s:s}", "Notes", "a"));
	add(d, MLC_DO_UPDATE, "2", "0", json_pack("{s:s}", "Notes", "b"));
	send(d, "Customer");
	answer(d, 200, "{\"BatchItemResponse\":[{\"bId\":\"\",\"Customer\":" CUSTOMER("1", "1", "2026-11-20T16:10:00-08:00", "") "},{\"bId\":\"1\","
		"\"Fault\":{\"type\":\"SERVICE\",\"Error\":[{\"Message\":\"slow\",\"code\":\"3001\"}]}}]," TIME "}");
	refused(d, 0, MLC_IN_DOUBT, "does not speak of this one");
	refused(d, 1, MLC_LIMITED, "slow");
	assert_int_equal(outcome(d, 1)->after_ms, 60000);
}

static void a_lost_or_broken_reply_is_in_doubt(void **state)
{
	struct drive *d = *state;

	add(d, MLC_DO_UPDATE, "1", "0", json_pack("{s:s}", "Notes", "a"));
	add(d, MLC_DO_UPDATE, "2", "0", json_pack("{s:s}", "Notes", "b"));
	send(d, "Customer");
	lost(d);
	fails(d, MLC_IN_DOUBT);
	drive_end(d);
	add(d, MLC_DO_UPDATE, "1", "0", json_pack("{s:s}", "Notes", "a"));
	add(d, MLC_DO_UPDATE, "2", "0", json_pack("{s:s}", "Notes", "b"));
	send(d, "Customer");
	answer(d, 502, "<html>");
	fails(d, MLC_IN_DOUBT);
	drive_end(d);
	/* A 200 that speaks of another record is none of ours. */
	add(d, MLC_DO_UPDATE, "1", "0", json_pack("{s:s}", "Notes", "a"));
	send(d, "Customer");
	answer(d, 200, "{\"Customer\":" CUSTOMER("8", "1", "2026-11-20T16:10:00-08:00", "") "," TIME "}");
	refused(d, 0, MLC_IN_DOUBT, "without the Customer");
	drive_end(d);
}

/* RETRY would give the next try another requestid, under which QuickBooks makes a second one. */
static void a_create_that_breaks_down_is_asked_again_under_its_requestid(void **state)
{
	static const struct { int status; const char *body; } rows[] = {
		{ 500, FAULT("10000", "An application error", "System Failure Error") }, { 502, "<html>" }, { 503, "" }, { 504, "" }, { 408, "" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", "One"));
		send(d, "Customer");
		answer(d, rows[i].status, rows[i].body);
		fails(d, MLC_IN_DOUBT);
		drive_end(d);
	}
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", "One"));
	send(d, "Customer");
	answer(d, 400, FAULT("10000", "An application error", "System Failure Error"));
	refused(d, 0, MLC_IN_DOUBT, "System Failure");
	drive_end(d);
	/* A lock is no break-down: nothing was done. */
	add(d, MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "DisplayName", "One"));
	send(d, "Customer");
	answer(d, 400, FAULT("6000", "A business validation error", "the record is locked, try again"));
	refused(d, 0, MLC_RETRY, "locked");
}

int main(void)
{
#define TEST(name) drive_test(name)
	const struct CMUnitTest tests[] = {
		TEST(a_create_bears_its_key_and_may_be_repeated), TEST(money_leaves_as_numbers), TEST(an_update_is_sparse_and_bears_its_token),
		TEST(what_erases_is_read_first_and_sent_whole), TEST(a_name_or_number_that_is_taken_is_looked_at_again),
		TEST(closed_books_hold_the_document), TEST(a_document_is_deleted_or_voided_by_its_token),
		TEST(what_quickbooks_would_not_take_never_leaves), TEST(a_reference_by_name_is_looked_up), TEST(names_in_a_batch_are_looked_up_before_it_leaves), TEST(creates_go_one_by_one),
		TEST(changes_go_in_a_batch_and_each_item_is_judged), TEST(a_lost_or_broken_reply_is_in_doubt),
		TEST(a_create_that_breaks_down_is_asked_again_under_its_requestid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
