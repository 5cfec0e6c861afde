/* writes_carry_their_keys.c - accounts and contacts one by one, invoices fifty at a time. */
#include "drive.h"

static void a_create_goes_with_its_key(void **state)
{
	struct drive *d = *state;

	write_one(d, "account", MLC_DO_CREATE, NULL, NULL, an_account());
	asks(d, "POST", "/v1/accounts");
	assert_string_equal(header_sent(d, "Idempotency-Key"), "k-1");
	assert_false(call_inside(d->call)->request->repeatable);
	answer(d, 200, "{\"success\":true,\"accountId\":\"" ID1 "\",\"accountNumber\":\"A1\"}");
	assert_int_equal(outcome(d, 0)->end, WRITE_END_SETTLED);
	assert_string_equal(outcome(d, 0)->record.id, ID1);
	write_one(d, "contact", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s,s:s}", "accountId", ID1, "firstName", "A", "lastName", "B"));
	asks(d, "POST", "/v1/contacts");
	answer(d, 200, "{\"success\":true,\"id\":\"" ID2 "\"}");
	assert_string_equal(outcome(d, 0)->record.id, ID2);
}

/* ZUO-02 */
static void an_update_carries_no_key_and_empties_by_empty_text(void **state)
{
	struct drive *d = *state;

	write_one(d, "account", MLC_DO_UPDATE, ID1, NULL, json_pack("{s:s,s:{s:s,s:n}}", "name", "New", "billToContact", "city", "Reno", "address2"));
	asks(d, "PUT", "/v1/accounts/" ID1);
	assert_null(header_sent(d, "Idempotency-Key"));
	assert_true(call_inside(d->call)->request->repeatable);
	assert_string_equal(call_inside(d->call)->request->body, "{\"name\":\"New\",\"billToContact\":{\"city\":\"Reno\",\"address2\":\"\"}}");
	answer(d, 200, "{\"success\":true}");
	assert_string_equal(outcome(d, 0)->record.id, ID1);
	write_one(d, "account", MLC_DO_UPDATE, ID1, NULL, json_pack("{s:s}", "name", "New"));
	answer(d, 200, NOT_FOUND);
	assert_int_equal(outcome(d, 0)->fault, MLC_STALE);
}

static void what_is_there_already_is_matched_again(void **state)
{
	struct drive *d = *state;

	write_one(d, "account", MLC_DO_CREATE, NULL, NULL, an_account());
	answer(d, 200, REASON(53100030, "The account number 80-1 already exists."));
	assert_int_equal(outcome(d, 0)->fault, MLC_STALE);
	write_one(d, "account", MLC_DO_CREATE, NULL, NULL, an_account());
	answer(d, 200, REASON(53100030, "AutoPay takes a payment method."));
	fails(d, MLC_REFUSED);
	/* Matching again would find nothing to change and nobody to make: both are refused. */
	write_one(d, "account", MLC_DO_UPDATE, ID1, NULL, json_pack("{s:s}", "name", "Acme"));
	answer(d, 200, REASON(53100030, "The name Acme already exists."));
	fails(d, MLC_REFUSED);
	write_one(d, "contact", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s,s:s}", "accountId", ID1, "firstName", "A", "lastName", "B"));
	answer(d, 200, NOT_FOUND);
	fails(d, MLC_REFUSED);
}

static void a_success_without_an_id_is_none(void **state)
{
	struct drive *d = *state;

	write_one(d, "account", MLC_DO_CREATE, NULL, NULL, an_account());
	answer(d, 200, "{\"success\":true}");
	fails(d, MLC_BROKEN);
	write_one(d, "account", MLC_DO_CREATE, NULL, NULL, an_account());
	answer(d, 200, "{\"accountId\":\"" ID1 "\"}");
	fails(d, MLC_BROKEN);
	write_one(d, "account", MLC_DO_CREATE, NULL, NULL, an_account());
	lost(d);
	fails(d, MLC_IN_DOUBT);
}

/* ZUO-21 */
static void invoices_go_together_each_with_its_own_outcome(void **state)
{
	struct drive *d = *state;
	json_t *a = json_pack("{s:s,s:n}", "QBStatus__c", "paid", "comments"), *b = json_pack("{s:s}", "QBStatus__c", "open");
	const struct mlc_write writes[] = {
		{ .verb = MLC_DO_UPDATE, .id = ID1, .key = "k-1", .data = a }, { .verb = MLC_DO_UPDATE, .id = ID2, .key = "k-2", .data = b },
		{ .verb = MLC_DO_UPDATE, .id = ID3, .key = "k-3", .data = b },
	};
	char first[128];

	drive_end(d);
	write_all(d, "invoice", writes, 3);
	asks_with(d, "POST", "/v1/action/update?rejectUnknownFields=true",
		"{\"type\":\"Invoice\",\"objects\":[{\"Id\":\"" ID1 "\",\"QBStatus__c\":\"paid\",\"fieldsToNull\":[\"Comments\"]},"
		"{\"Id\":\"" ID2 "\",\"QBStatus__c\":\"open\"},{\"Id\":\"" ID3 "\",\"QBStatus__c\":\"open\"}]}");
	snprintf(first, sizeof first, "%s", header_sent(d, "Idempotency-Key"));
	answer(d, 200, "[{\"Id\":\"" ID1 "\",\"Success\":true},{\"Success\":false,\"Errors\":[{\"Code\":\"LOCK_COMPETITION\",\"Message\":\"locked\"}]},"
		"{\"Success\":false,\"Errors\":[{\"Code\":\"INVALID_VALUE\",\"Message\":\"too long\"}]}]");
	assert_int_equal(outcome(d, 0)->end, WRITE_END_SETTLED);
	assert_int_equal(outcome(d, 1)->fault, MLC_RETRY);
	assert_int_equal(outcome(d, 2)->fault, MLC_REFUSED);
	/* Other writes together are another request, and bear another key; the same ones the same. */
	drive_end(d);
	write_all(d, "invoice", writes, 3);
	assert_string_equal(header_sent(d, "Idempotency-Key"), first);
	drive_end(d);
	write_all(d, "invoice", writes + 1, 2);
	assert_string_not_equal(header_sent(d, "Idempotency-Key"), first);
	snprintf(first, sizeof first, "%s", header_sent(d, "Idempotency-Key"));
	drive_end(d);
	write_all(d, "invoice", (const struct mlc_write[]){ writes[1], { .verb = MLC_DO_UPDATE, .id = ID3, .key = "k-4", .data = b } }, 2);
	assert_string_not_equal(header_sent(d, "Idempotency-Key"), first);
	drive_end(d);
	write_all(d, "invoice", writes, 1);
	assert_string_equal(header_sent(d, "Idempotency-Key"), "k-1");
	answer_headers(d, 200, "[{\"Success\":false,\"Errors\":[{\"Code\":\"REQUEST_EXCEEDED_RATE\"}]}]", (const char *const[]){ "Retry-After", "7", NULL });
	assert_int_equal(outcome(d, 0)->fault, MLC_LIMITED);
	assert_int_equal(outcome(d, 0)->after_ms, 7000);
	drive_end(d);
	write_all(d, "invoice", writes + 1, 2);
	answer(d, 200, "[{\"Success\":true}]");
	fails(d, MLC_BROKEN);
	drive_end(d);
	write_all(d, "invoice", writes + 1, 2);
	answer(d, 200, "[{\"Id\":\"" ID2 "\",\"Success\":true},{\"Success\":null}]");
	assert_int_equal(outcome(d, 1)->fault, MLC_BROKEN);
	json_decref(a);
	json_decref(b);
}

static void every_request_bears_what_the_connection_says(void **state)
{
	struct drive *d = *state;

	json_object_set_new(d->settings, "zuora_version", json_string("2025-08-12"));
	json_object_set_new(d->settings, "entity_id", json_string("e-1"));
	poll(d, "products", NULL);
	assert_string_equal(header_sent(d, "Zuora-Version"), "2025-08-12");
	assert_string_equal(header_sent(d, "Zuora-Entity-Ids"), "e-1");
	assert_null(header_sent(d, "Zuora-Org-Ids"));
	assert_true(strlen(header_sent(d, "Zuora-Track-Id")) <= 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_create_goes_with_its_key),
		drive_test(an_update_carries_no_key_and_empties_by_empty_text),
		drive_test(what_is_there_already_is_matched_again),
		drive_test(a_success_without_an_id_is_none),
		drive_test(invoices_go_together_each_with_its_own_outcome),
		drive_test(every_request_bears_what_the_connection_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
