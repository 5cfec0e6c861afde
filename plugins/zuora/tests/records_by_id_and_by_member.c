/* records_by_id_and_by_member.c - fetch and find, ping and discover. */
#include "drive.h"

#define ACCOUNT(id, name) "{\"id\":\"" id "\",\"name\":\"" name "\",\"updatedDate\":\"2026-11-20T01:00:00Z\"}"
#define ACCOUNTS LIST("accounts", "&expand[]=billto&expand[]=soldto")

static void fetch(struct drive *d, const char *entity, const char *const *ids)
{
	drive_end(d);
	d->input.entity = entity;
	d->input.ids = ids;
	begin(d, OP_FETCH);
}

static void find(struct drive *d, const char *entity, json_t *by)
{
	drive_end(d);
	d->data = by;
	d->input.entity = entity;
	d->input.data = by;
	begin(d, OP_FIND);
}

static void many_ids_are_one_request_and_what_is_missing_is_asked_for_by_itself(void **state)
{
	struct drive *d = *state;

	fetch(d, "account", (const char *const[]){ ID1, ID2, ID3, NULL });
	asks(d, "GET", ACCOUNTS "&filter[]=id.IN:%5B" ID1 "," ID2 "," ID3 "%5D");
	answer(d, 200, "{\"data\":[" ACCOUNT(ID1, "Acme") "]}");
	asks(d, "GET", "/object-query/accounts/" ID2);
	answer(d, 404, NOT_FOUND);
	asks(d, "GET", "/object-query/accounts/" ID3);
	answer(d, 200, NOT_FOUND); /* some operations say it so */
	assert_string_equal(emitted(d), "account " ID1 ", deleted account " ID2 ", deleted account " ID3);
	assert_int_equal(d->step, MLC_DONE);
}

static void nothing_is_gone_because_a_list_came_back_short(void **state)
{
	struct drive *d = *state;

	fetch(d, "product", (const char *const[]){ ID1, NULL });
	answer(d, 200, "{\"data\":[]}");
	answer(d, 404, "<html>HTTP Status 404</html>");
	fails(d, MLC_BROKEN);
	fetch(d, "product", (const char *const[]){ ID1, NULL });
	answer(d, 200, "{\"data\":[]}");
	answer(d, 200, "{\"id\":\"" ID1 "\"}");
	fails(d, MLC_RETRY);
	fetch(d, "product", (const char *const[]){ ID1, NULL });
	answer(d, 200, "{\"data\":[]}");
	answer(d, 500, NOT_FOUND); /* a Zuora that is in trouble knows nothing */
	assert_int_equal(d->step, MLC_FAIL);
	assert_string_equal(emitted(d), "");
	fetch(d, "product", (const char *const[]){ "7,8", NULL });
	fails(d, MLC_REFUSED);
}

static void more_than_a_page_of_ids_goes_in_pages(void **state)
{
	struct drive *d = *state;
	static char ids[50][8];
	const char *list[51] = { NULL };
	char page[4096] = "{\"data\":[";

	for (int i = 0; i < 50; i++) {
		snprintf(ids[i], sizeof ids[i], "a%02d", i);
		list[i] = ids[i];
	}
	fetch(d, "product", list);
	for (int i = 0; i < 40; i++)
		snprintf(page + strlen(page), sizeof page - strlen(page), "%s{\"id\":\"a%02d\"}", i ? "," : "", i);
	strcat(page, "]}");
	answer(d, 200, page);
	asks(d, "GET", LIST("products", "") "&filter[]=id.IN:%5Ba40,a41,a42,a43,a44,a45,a46,a47,a48,a49%5D");
}

static void find_writes_filters_as_zuora_wants_them_and_looks_again_itself(void **state)
{
	struct drive *d = *state;

	find(d, "account", json_pack("{s:s,s:s}", "QBListID__c", "80000001-1", "accountNumber", "A&B: 7"));
	asks(d, "GET", ACCOUNTS "&filter[]=QBListID__c.EQ:80000001-1&filter[]=accountnumber.EQ:A%26B%3A%207");
	answer(d, 200, "{\"data\":[]}");
	assert_int_equal(d->step, MLC_DONE);
	find(d, "account", json_pack("{s:s}", "name", "acme"));
	answer(d, 200, "{\"data\":[" ACCOUNT(ID1, "ACME") "," ACCOUNT(ID2, "Acme Ltd") "],\"nextPage\":\"A\"}");
	asks(d, "GET", ACCOUNTS "&filter[]=name.EQ:acme&cursor=A");
	answer(d, 200, "{\"data\":[" ACCOUNT(ID3, "Acme") "]}");
	assert_string_equal(emitted(d), "account " ID1 ", account " ID3);
	/* A filter that was not understood: nothing fits, and that is no proof that there is none. */
	find(d, "account", json_pack("{s:s}", "name", "acme"));
	answer(d, 200, "{\"data\":[" ACCOUNT(ID1, "Other") "]}");
	fails(d, MLC_BROKEN);
	find(d, "account", json_pack("{s:s}", "name", "acme"));
	answer(d, 200, "{\"data\":[" ACCOUNT(ID1, "acne") ",{\"id\":\"" ID2 "\"}]}");
	fails(d, MLC_BROKEN);
	find(d, "account", json_pack("{s:s}", "notes", "x"));
	fails(d, MLC_REFUSED);
	find(d, "account", json_object());
	fails(d, MLC_REFUSED);
}

/* Zuora writes amounts as numbers: 30.50 is 30.5. */
static void a_payment_is_found_by_its_amount_and_comes_with_its_parts(void **state)
{
	struct drive *d = *state;

	find(d, "payment", json_pack("{s:s}", "amount", "30.50"));
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":30.5,\"appliedAmount\":30.5}]}");
	asks(d, "GET", "/v1/payments/" ID1 "/parts?pageSize=40");
	answer(d, 200, "{\"success\":true,\"parts\":[{\"id\":\"p\",\"amount\":30.5,\"invoiceId\":\"" ID3 "\"}]}");
	assert_string_equal(emitted(d), "payment " ID1);
	assert_non_null(strstr(record(d, 0)->text, "\"parts\":[{\"id\":\"p\""));
	assert_int_equal(d->step, MLC_DONE);
	fetch(d, "payment", (const char *const[]){ ID1, NULL });
	answer(d, 200, "{\"data\":[{\"id\":\"" ID1 "\",\"amount\":30.5,\"appliedAmount\":30.5}]}");
	answer(d, 200, "{\"success\":true,\"parts\":[{\"id\":\"p\",\"amount\":30.5,\"invoiceId\":\"" ID3 "\"}]}");
	assert_non_null(strstr(record(d, 0)->text, "\"parts\":[{\"id\":\"p\""));
	assert_int_equal(d->step, MLC_DONE);
}

/* Some of very many are no answer: the one that is wanted may be among the others. */
static void too_many_that_fit_are_refused_and_not_cut(void **state)
{
	struct drive *d = *state;
	char page[256];

	find(d, "product", json_pack("{s:s}", "name", "n"));
	for (int i = 0; i < 60 && d->step == MLC_SEND; i++) {
		snprintf(page, sizeof page, "{\"data\":[{\"id\":\"%d\",\"name\":\"n\"}],\"nextPage\":\"c%d\"}", i, i);
		answer(d, 200, page);
	}
	fails(d, MLC_REFUSED);
	find(d, "adjustment", json_pack("{s:s}", "AdjustmentNumber", "A-1"));
	answer(d, 200, "{\"size\":2,\"done\":false,\"queryLocator\":\"x\",\"records\":[{\"Id\":\"" ID1 "\",\"AdjustmentNumber\":\"A-1\"}]}");
	fails(d, MLC_REFUSED);
}

static void an_adjustment_is_found_and_fetched_by_zoql(void **state)
{
	struct drive *d = *state;
	const char *body;

	find(d, "adjustment", json_pack("{s:s}", "AdjustmentNumber", "it's"));
	body = call_inside(d->call)->request->body;
	assert_non_null(strstr(body, "where AdjustmentNumber = 'it\\\\'s'"));
	answer(d, 200, "{\"size\":0,\"done\":true}");
	assert_int_equal(d->step, MLC_DONE);
	fetch(d, "adjustment", (const char *const[]){ ID1, ID2, NULL });
	assert_non_null(strstr(call_inside(d->call)->request->body, "where Id = '" ID1 "' or Id = '" ID2 "'"));
	answer(d, 200, "{\"size\":1,\"done\":true,\"records\":[{\"Id\":\"" ID2 "\",\"Amount\":3}]}");
	assert_string_equal(emitted(d), "adjustment " ID2 ", deleted adjustment " ID1);
}

#define FIELDS(list) "<?xml version=\"1.0\"?><object><name>X</name><fields>" list "</fields></object>"
#define FIELD(name, type) "<field><name>" name "</name><type>" type "</type></field>"

/* ALL-03 */
static void ping_tells_who_it_is_what_may_be_read_and_which_fields_are_missing(void **state)
{
	struct drive *d = *state;
	const json_t *facts;
	json_t *token = json_pack("{s:s}", "scope", "user.1 entity.2 tenant.19");

	d->site.token = token;
	drive_end(d);
	begin(d, OP_PING);
	asks(d, "GET", "/object-query/accounts?pageSize=1&sort[]=updateddate.DESC");
	answer(d, 200, "{\"data\":[" ACCOUNT(ID1, "Acme") "]}");
	answer(d, 200, "{\"data\":[]}");
	answer(d, 200, "{\"data\":[]}");
	answer(d, 403, REASON(50000010, "Invoice Settlement is not enabled"));
	answer(d, 200, "{\"data\":[]}");
	asks(d, "GET", "/v1/describe/Account");
	answer(d, 200, FIELDS(FIELD("Id", "text")));
	answer(d, 200, FIELDS(FIELD("QBTxnID__c", "text") FIELD("QBNumber__c", "text") FIELD("QBDate__c", "text") FIELD("QBDueDate__c", "text")
		FIELD("QBStatus__c", "text") FIELD("QBBalance__c", "text")));
	assert_int_equal(d->step, MLC_DONE);
	facts = call_facts(d->call);
	assert_string_equal(json_string_value(json_object_get(facts, "identity")), "rest.zuora.com/19");
	assert_string_equal(json_string_value(json_object_get(facts, "Account_fields")), "missing: QBListID__c");
	assert_string_equal(json_string_value(json_object_get(facts, "Invoice_fields")), "all there");
	assert_non_null(strstr(json_string_value(json_object_get(facts, "credit_memos")), "not there"));
	json_object_set_new(d->settings, "entity_id", json_string("e-1"));
	drive_end(d);
	begin(d, OP_PING);
	answer(d, 200, "{\"data\":[]}");
	assert_string_equal(json_string_value(json_object_get(call_facts(d->call), "identity")), "rest.zuora.com/19/e-1");
	d->site.token = NULL;
	json_decref(token);
}

/* ALL-03: only what a tenant need not have may be missing, and only when Zuora says that it is. */
static void ping_takes_no_refusal_for_well(void **state)
{
	struct drive *d = *state;

	drive_end(d);
	begin(d, OP_PING);
	answer(d, 403, REASON(50000010, "no permission"));
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "lacks that permission"));
	drive_end(d);
	begin(d, OP_PING);
	for (int i = 0; i < 3; i++)
		answer(d, 200, "{\"data\":[]}");
	answer(d, 200, REASON(50000070, "too many")); /* credit memos */
	fails(d, MLC_LIMITED);
	drive_end(d);
	begin(d, OP_PING);
	for (int i = 0; i < 5; i++)
		answer(d, 200, "{\"data\":[]}");
	answer(d, 200, "<object><name>Account</name></object>");
	fails(d, MLC_BROKEN);
}

static void discover_describes_the_tenants_own_fields(void **state)
{
	struct drive *d = *state;
	const json_t *described;

	drive_end(d);
	begin(d, OP_DISCOVER);
	answer(d, 200, FIELDS(FIELD("Id", "text") FIELD("QBListID__c", "text") FIELD("Region__c", "text")
		"<field><name>Tier__c</name><type>picklist</type><options><option>Gold</option><option>Tin</option></options></field>" FIELD("Score__c", "decimal")));
	for (int i = 1; i < 8; i++)
		answer(d, i == 4 ? 404 : 200, i == 4 ? NOT_FOUND : FIELDS(FIELD("Id", "text")));
	assert_int_equal(d->step, MLC_DONE);
	described = call_described(d->call);
	assert_int_equal(json_object_size(json_object_get(described, "account")), 3);
	assert_string_equal(json_text_or(described, "account.Score__c.type", ""), "decimal");
	assert_string_equal(json_text_or(described, "account.Tier__c.type", ""), "text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(many_ids_are_one_request_and_what_is_missing_is_asked_for_by_itself),
		drive_test(nothing_is_gone_because_a_list_came_back_short),
		drive_test(more_than_a_page_of_ids_goes_in_pages),
		drive_test(find_writes_filters_as_zuora_wants_them_and_looks_again_itself),
		drive_test(a_payment_is_found_by_its_amount_and_comes_with_its_parts),
		drive_test(too_many_that_fit_are_refused_and_not_cut),
		drive_test(ping_takes_no_refusal_for_well),
		drive_test(an_adjustment_is_found_and_fetched_by_zoql),
		drive_test(ping_tells_who_it_is_what_may_be_read_and_which_fields_are_missing),
		drive_test(discover_describes_the_tenants_own_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
