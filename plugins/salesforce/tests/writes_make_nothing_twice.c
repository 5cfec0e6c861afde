/* writes_make_nothing_twice.c - collections with an outcome per record, documents whole or not at all; SF-25, SF-35, SF-11. */
#include "drive.h"

#define KEYED_ROW(id, more) ROW(id, T1, ",\"Name\":\"One\"" more)

static void a_create_is_an_upsert_by_our_key_and_is_read_back(void **state)
{
	struct drive *d = *state;

	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:{s:s},s:s}", "Name", "One", "ParentId", "id", A2, "MLC_Balance__c", "12.50"));
	asks(d, "POST", V "/composite");
	holds_text(sent_body(d), "{\"method\":\"PATCH\",\"url\":\"" V "/composite/sobjects/Account/MLC_Key__c\",\"referenceId\":\"write\",\"body\":"
		"{\"allOrNone\":false,\"records\":[{\"attributes\":{\"type\":\"Account\"},\"MLC_Key__c\":\"k-1\",\"Name\":\"One\",\"ParentId\":\"" A2
		"\",\"MLC_Balance__c\":12.50}]}}");
	holds_text(sent_body(d), "WHERE%20MLC_Key__c%20IN%20%28%27k-1%27%29");
	assert_true(call_inside(d->call)->request->repeatable);
	answer(d, 200, COMPOSITE(PART("write", "200", "[{\"id\":\"" A1 "\",\"success\":true,\"errors\":[],\"created\":true}]") ","
		PART("read", "200", PAGE("1", "true", "", KEYED_ROW(A1, "")))));
	settled(d, 0, A1);
	assert_memory_equal(outcome(d, 0)->record.version, T1 "~", sizeof T1);
	holds_text(outcome(d, 0)->record.text, "\"Name\"");
	drive_end(d);

	/* A price has no key of ours: one is made, and never sent twice by itself. */
	write_one(d, "PricebookEntry", MLC_DO_CREATE, NULL, NULL, json_pack("{s:{s:s},s:{s:s},s:s}", "Pricebook2Id", "id", "01sAc0000000001AAA", "Product2Id", "id",
		"01tAc0000000001AAA", "UnitPrice", "9.00"));
	holds_text(sent_body(d), "{\"method\":\"POST\",\"url\":\"" V "/composite/sobjects\"");
	assert_false(call_inside(d->call)->request->repeatable);
	lost(d);
	fails(d, MLC_IN_DOUBT);
	drive_end(d);
	write_one(d, "PricebookEntry", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "UnitPrice", "9.00"));
	answer(d, 503, "");
	fails(d, MLC_IN_DOUBT);
	drive_end(d);
	write_one(d, "PricebookEntry", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "UnitPrice", "9.00"));
	answer(d, 200, COMPOSITE(PART("write", "200", "[" REFUSED("DUPLICATE_VALUE", "This price definition already exists in this price book") "]")));
	refused(d, 0, MLC_STALE, "already exists");
	drive_end(d);
	write_one(d, "PricebookEntry", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "UnitPrice", "9.00"));
	answer(d, 400, ERROR("MALFORMED_QUERY", "no")); /* of which nothing was done */
	fails(d, MLC_REFUSED);
}

/* RETRY would give the next try another key, and make a second one. */
static void what_may_have_been_made_is_asked_for_under_the_same_key(void **state)
{
	static const int statuses[] = { 408, 500, 502, 503, 504 };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "One"));
		answer(d, statuses[i], statuses[i] == 500 ? ERROR("UNKNOWN_EXCEPTION", "An unexpected error occurred") : "");
		fails(d, MLC_IN_DOUBT);
		drive_end(d);
	}
}

static void of_many_each_has_an_outcome_of_its_own(void **state)
{
	static struct mlc_write w[5];
	struct drive *d = *state;
	json_t *data = json_array();
	char key[5][8];

	for (int i = 0; i < 5; i++) {
		snprintf(key[i], sizeof key[i], "k-%d", i);
		json_array_append_new(data, json_pack("{s:s}", "Name", key[i]));
		w[i] = (struct mlc_write){ .verb = MLC_DO_CREATE, .key = key[i], .data = json_array_get(data, (size_t)i) };
	}
	d->data = data;
	d->input.entity = "Account";
	d->input.writes = w;
	d->input.write_count = 5;
	begin(d, OP_WRITE);
	holds_text(sent_body(d), "%27k-0%27%2C%27k-1%27");
	answer(d, 200, COMPOSITE(PART("write", "200", "[" DONE(A1) "," REFUSED("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]") ","
		REFUSED("UNABLE_TO_LOCK_ROW", "busy") "," REFUSED("DUPLICATE_VALUE", "duplicate value found: MLC_CustomerId__c duplicates value on record with id: 001Ac0000000009") ","
		REFUSED("ENTITY_IS_DELETED", "entity is deleted") "]") "," PART("read", "400", ERROR("QUERY_TIMEOUT", "slow"))));
	settled(d, 0, A1);
	refused(d, 1, MLC_REFUSED, "Required fields are missing: [Name] (Name)");
	refused(d, 2, MLC_RETRY, "busy");
	refused(d, 3, MLC_STALE, "duplicates value");
	refused(d, 4, MLC_RETRY, "deleted"); /* what it refers to is gone: merged, perhaps */
	assert_string_equal(emitted(d), "hint Account 001Ac0000000009");
	drive_end(d);

	/* Outcomes that do not fit what was sent are none. */
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	answer(d, 200, COMPOSITE(PART("write", "200", "[]")));
	fails(d, MLC_BROKEN);
	drive_end(d);
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	answer(d, 200, COMPOSITE(PART("write", "200", "[{\"success\":true}]")));
	refused(d, 0, MLC_BROKEN, "does not say");
	drive_end(d);
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	answer(d, 200, COMPOSITE(PART("write", "200", "[{\"id\":\"" A1 "\",\"success\":false,\"errors\":[]}]")));
	refused(d, 0, MLC_BROKEN, "does not say");
	drive_end(d);
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	answer(d, 200, COMPOSITE(PART("write", "200", "[{\"success\":false,\"errors\":[{\"statusCode\":\"ENTITY_IS_DELETED\",\"message\":\"gone\"}]}]")));
	refused(d, 0, MLC_REFUSED, "gone"); /* there is nothing to look at again */
	drive_end(d);
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	answer(d, 200, COMPOSITE(PART("write", "400", ERROR("INVALID_FIELD", "No such column 'MLC_Key__c' on entity 'Account'"))));
	fails(d, MLC_REFUSED);
}

/* One that cannot be said is refused by itself; of the others none is left behind, nor taken for it. */
static void one_that_cannot_leave_keeps_no_other_back(void **state)
{
	struct drive *d = *state;
	json_t *data = json_pack("[{s:{s:s}},{s:s}]", "ParentId", "name", "Contoso", "Name", "Two");
	const struct mlc_write w[2] = { { .verb = MLC_DO_CREATE, .key = "k-1", .data = json_array_get(data, 0) },
		{ .verb = MLC_DO_CREATE, .key = "k-2", .data = json_array_get(data, 1) } };

	d->data = data;
	write_all(d, "Account", w, 2);
	holds_text(sent_body(d), "\"records\":[{\"attributes\":{\"type\":\"Account\"},\"MLC_Key__c\":\"k-2\",\"Name\":\"Two\"}]");
	answer(d, 200, COMPOSITE(PART("write", "200", "[" DONE(A2) "]") "," PART("read", "200", PAGE("1", "true", "", KEYED_ROW(A2, "")))));
	refused(d, 0, MLC_REFUSED, "no reference");
	settled(d, 1, A2);
}

#define CHECK_ROW(id, at) "{\"attributes\":{},\"Id\":\"" id "\",\"SystemModstamp\":\"" at "\"}"

static void an_update_looks_first_whether_it_is_still_what_we_knew(void **state)
{
	struct drive *d = *state;

	write_one(d, "Account", MLC_DO_UPDATE, A1, T1, json_pack("{s:s,s:n}", "Phone", "7", "Fax"));
	holds_text(asked(d), "SELECT Id,SystemModstamp FROM Account WHERE Id IN ('" A1 "')");
	answer(d, 200, PAGE("1", "true", "", CHECK_ROW(A1, T1)));
	holds_text(sent_body(d), "\"records\":[{\"attributes\":{\"type\":\"Account\"},\"id\":\"" A1 "\",\"Phone\":\"7\",\"Fax\":null}]");
	assert_true(call_inside(d->call)->request->repeatable);
	answer(d, 200, COMPOSITE(PART("write", "200", "[" DONE(A1) "]") "," PART("read", "200", PAGE("1", "true", "", KEYED_ROW(A1, "")))));
	settled(d, 0, A1);
	drive_end(d);

	write_one(d, "Account", MLC_DO_UPDATE, A1, T1 "~9c1e", json_pack("{s:s}", "Phone", "7"));
	answer(d, 200, PAGE("1", "true", "", CHECK_ROW(A1, T2)));
	refused(d, 0, MLC_STALE, "changed in Salesforce");
	drive_end(d);

	write_one(d, "Account", MLC_DO_UPDATE, A1, T1, json_pack("{s:s}", "Phone", "7"));
	answer(d, 200, PAGE("0", "true", "", ""));
	refused(d, 0, MLC_STALE, "not there");
	drive_end(d);

	write_one(d, "Account", MLC_DO_UPDATE, A1, T1, json_pack("{s:s}", "Phone", "7"));
	answer(d, 200, PAGE("1", "true", "", CHECK_ROW(A1, T1)));
	answer(d, 200, COMPOSITE(PART("write", "200", "[" REFUSED("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no") "]")));
	refused(d, 0, MLC_REFUSED, "FIELD_CUSTOM_VALIDATION_EXCEPTION: no");
	drive_end(d);

	write_one(d, "Account", MLC_DO_UPDATE, "7", T1, json_pack("{s:s}", "Phone", "7"));
	refused(d, 0, MLC_REFUSED, "no id");
	drive_end(d);

	write_one(d, "Account", MLC_DO_UPDATE, A1, T1, json_pack("{s:s}", "Phone", "7"));
	answer(d, 200, PAGE("1", "true", "", CHECK_ROW(A1, T1)));
	answer(d, 200, COMPOSITE(PART("write", "200", "[" REFUSED("DUPLICATE_VALUE", "taken") "]")));
	refused(d, 0, MLC_REFUSED, "taken");
	drive_end(d);

	/* A reference is emptied, too; what is not ours to write stays out of it. */
	write_one(d, "Account", MLC_DO_UPDATE, A1, T1, json_pack("{s:n,s:s,s:s}", "ParentId", "CreatedDate", "2026-11-20T09:00:00Z", "MLC_Key__c", "x"));
	answer(d, 200, PAGE("1", "true", "", CHECK_ROW(A1, T1)));
	holds_text(sent_body(d), "\"id\":\"" A1 "\",\"ParentId\":null}]");
}

/* SF-27: the one that somebody has changed meanwhile does not go out with the others. */
static void of_several_updates_only_those_that_are_as_we_knew_them_leave(void **state)
{
	struct drive *d = *state;
	json_t *data = json_pack("[{s:s},{s:s},{s:s}]", "Phone", "1", "Phone", "2", "Phone", "3");
	static const char *const ids[] = { A1, A2, "001Ac0000000003IAA" };
	struct mlc_write w[3];

	for (size_t i = 0; i < 3; i++)
		w[i] = (struct mlc_write){ .verb = MLC_DO_UPDATE, .id = ids[i], .version = T1, .key = "k", .data = json_array_get(data, i) };
	d->data = data;
	write_all(d, "Account", w, 3);
	answer(d, 200, PAGE("3", "true", "", CHECK_ROW("001Ac0000000003IAA", T1) "," CHECK_ROW(A2, T2) "," CHECK_ROW(A1, T1)));
	holds_text(sent_body(d), "\"records\":[{\"attributes\":{\"type\":\"Account\"},\"id\":\"" A1 "\",\"Phone\":\"1\"},"
		"{\"attributes\":{\"type\":\"Account\"},\"id\":\"001Ac0000000003IAA\",\"Phone\":\"3\"}]");
	holds_text(sent_body(d), "\"referenceId\":\"read\"");
	holds_text(sent_body(d), "WHERE%20Id%20IN%20%28%27" A1 "%27%2C%27001Ac0000000003IAA%27%29");
	answer(d, 200, COMPOSITE(PART("write", "200", "[" DONE(A1) "," DONE("001Ac0000000003IAA") "]") "," PART("read", "200",
		PAGE("2", "true", "", ROW("001Ac0000000003IAA", T2, ",\"Phone\":\"3\"") "," ROW(A1, T2, ",\"Phone\":\"1\"")))));
	settled(d, 0, A1);
	refused(d, 1, MLC_STALE, "changed in Salesforce");
	settled(d, 2, "001Ac0000000003IAA");
	holds_text(outcome(d, 0)->record.text, "\"Phone\":\"1\""); /* each read back as itself */
	holds_text(outcome(d, 2)->record.text, "\"Phone\":\"3\"");
}

static void a_delete_of_what_is_gone_is_done(void **state)
{
	struct drive *d = *state;

	write_one(d, "Contact", MLC_DO_DELETE, "003Ac0000000001AAA", T1, NULL);
	answer(d, 200, PAGE("1", "true", "", CHECK_ROW("003Ac0000000001AAA", T1)));
	asks(d, "DELETE", V "/composite/sobjects?ids=003Ac0000000001AAA&allOrNone=false");
	answer(d, 200, "[{\"id\":\"003Ac0000000001AAA\",\"success\":false,\"errors\":[{\"statusCode\":\"ENTITY_IS_DELETED\",\"message\":\"entity is deleted\",\"fields\":[]}]}]");
	settled(d, 0, "003Ac0000000001AAA");
	assert_true(outcome(d, 0)->record.deleted);
	drive_end(d);

	write_one(d, "Contact", MLC_DO_DELETE, "003Ac0000000001AAA", T1, NULL);
	answer(d, 200, PAGE("0", "true", "", ""));
	settled(d, 0, "003Ac0000000001AAA");
	drive_end(d);

	/* What is there and was changed is not; nor is what Salesforce would not delete. */
	write_one(d, "Contact", MLC_DO_DELETE, "003Ac0000000001AAA", T1, NULL);
	answer(d, 200, PAGE("1", "true", "", CHECK_ROW("003Ac0000000001AAA", T2)));
	refused(d, 0, MLC_STALE, "changed in Salesforce");
	drive_end(d);
	write_one(d, "Contact", MLC_DO_DELETE, "003Ac0000000001AAA", T1, NULL);
	answer(d, 200, PAGE("1", "true", "", CHECK_ROW("003Ac0000000001AAA", T1)));
	answer(d, 200, "[" REFUSED("DELETE_FAILED", "associated with orders") "]");
	refused(d, 0, MLC_REFUSED, "associated with orders");
	drive_end(d);

	const struct mlc_write two[2] = { { .verb = MLC_DO_DELETE, .id = O1, .version = T1, .key = "k" },
		{ .verb = MLC_DO_DELETE, .id = "006Ac0000000002IAA", .version = T1, .key = "k" } };
	write_all(d, "Opportunity", two, 2);
	answer(d, 200, PAGE("2", "true", "", CHECK_ROW(O1, T1) "," CHECK_ROW("006Ac0000000002IAA", T1)));
	asks(d, "DELETE", V "/composite/sobjects?ids=" O1 ",006Ac0000000002IAA&allOrNone=false");
	answer(d, 200, "[" DONE(O1) "," DONE("006Ac0000000002IAA") "]");
	settled(d, 0, O1);
	settled(d, 1, "006Ac0000000002IAA");
	assert_true(outcome(d, 1)->record.deleted);
}

/* The composite that was asked for: whole JSON, and each of its parts. */
static json_t *composite(const struct drive *d)
{
	json_t *body = json_read(sent_body(d), strlen(sent_body(d)), NULL);

	assert_non_null(body);
	return body;
}

/* "gone DELETE, doc PATCH, ..." */
static const char *parts(json_t *body)
{
	static char text[512];
	json_t *part;
	size_t i, len = 0;

	text[0] = 0;
	json_array_foreach(json_object_get(body, "compositeRequest"), i, part)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %s", i ? ", " : "", json_text_or(part, "referenceId", "?"), json_text_or(part, "method", "?"));
	return text;
}

static json_t *document(void)
{
	return json_pack("{s:s,s:s,s:s,s:[{s:{s:s},s:s,s:s,s:s},{s:{s:s},s:s,s:s}]}", "Name", "Invoice 7", "StageName", "Closed Won", "CloseDate", "2026-11-20",
		"OpportunityLineItems", "PricebookEntryId", "id", "01uAc0000000001AAA", "Quantity", "2", "TotalPrice", "10.00", "MLC_Key__c", "L-1", "PricebookEntryId", "id",
		"01uAc0000000002AAA", "Quantity", "1", "TotalPrice", "0.41");
}

#define DOCUMENT_ROW ROW(O1, T1, ",\"Amount\":10.41,\"OpportunityLineItems\":{\"totalSize\":2,\"done\":true,\"records\":[" LINE("00kAc0000000001AAA", "L-1", "01uAc0000000001AAA") "," \
	LINE("00kAc0000000002AAA", "k-1-2", "01uAc0000000002AAA") "]}")
#define LINE(id, key, price) "{\"attributes\":{},\"Id\":\"" id "\",\"MLC_Key__c\":\"" key "\",\"PricebookEntryId\":\"" price "\",\"Quantity\":1.0,\"TotalPrice\":5}"

static void a_document_and_its_lines_go_in_one_call_or_not_at_all(void **state)
{
	struct drive *d = *state;

	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	asks(d, "POST", V "/composite");
	holds_text(sent_body(d), "{\"allOrNone\":true,");
	holds_text(sent_body(d), "{\"method\":\"POST\",\"url\":\"" V "/sobjects/Opportunity\",\"referenceId\":\"doc\",\"body\":{\"MLC_Key__c\":\"k-1\",\"Name\":\"Invoice 7\"");
	holds_text(sent_body(d), "{\"attributes\":{\"type\":\"OpportunityLineItem\"},\"OpportunityId\":\"@{doc.id}\",\"MLC_Key__c\":\"L-1\",\"PricebookEntryId\":"
		"\"01uAc0000000001AAA\",\"Quantity\":2,\"TotalPrice\":10.00}");
	holds_text(sent_body(d), "\"MLC_Key__c\":\"k-1-2\""); /* a line without a key of its own */
	json_t *body = composite(d);
	assert_string_equal(parts(body), "doc POST, made1 POST, read GET");
	assert_true(json_is_true(json_object_get(body, "allOrNone")));
	json_t *made = json_object_get(json_array_get(json_object_get(body, "compositeRequest"), 1), "body");
	assert_true(json_is_true(json_object_get(made, "allOrNone")));
	assert_int_equal(json_array_size(json_object_get(made, "records")), 2);
	json_decref(body);
	holds_text(sent_body(d), "WHERE%20MLC_Key__c%20%3D%20%27k-1%27");
	answer(d, 200, COMPOSITE(PART("doc", "201", DONE(O1)) "," PART("made1", "200", "[" DONE("00kAc0000000001AAA") "," DONE("00kAc0000000002AAA") "]") ","
		PART("read", "200", PAGE("1", "true", "", DOCUMENT_ROW))));
	settled(d, 0, O1);
	holds_text(outcome(d, 0)->record.text, "\"Amount\":\"10.41\"");
	holds_text(outcome(d, 0)->record.text, "\"PricebookEntryId\":{\"id\":\"01uAc0000000002AAA\"}");
	drive_end(d);

	/* One line is refused: all is undone, and the line's own words are told. */
	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	answer(d, 200, COMPOSITE(PART("doc", "400", ERROR("PROCESSING_HALTED", "rolled back")) "," PART("made1", "200", "[" REFUSED("ALL_OR_NONE_OPERATION_ROLLED_BACK", "rolled back") ","
		REFUSED("FIELD_INTEGRITY_EXCEPTION", "pricebook entry is inactive") "]") "," PART("read", "400", ERROR("PROCESSING_HALTED", "rolled back"))));
	refused(d, 0, MLC_REFUSED, "pricebook entry is inactive");
	drive_end(d);

	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	answer(d, 200, COMPOSITE(PART("doc", "201", "{}") "," PART("read", "400", ERROR("QUERY_TIMEOUT", "slow"))));
	assert_int_not_equal(outcome(d, 0)->end, WRITE_END_SETTLED); /* done or not: nothing says so */
	drive_end(d);
	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	answer(d, 200, COMPOSITE(PART("doc", "201", "{}") "," PART("read", "200", PAGE("0", "true", "", ""))));
	refused(d, 0, MLC_IN_DOUBT, "does not say");
	drive_end(d);
	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	answer(d, 200, COMPOSITE(PART("doc", "201", DONE(O1)) "," PART("read", "200", PAGE("0", "true", "", ""))));
	settled(d, 0, O1);
	drive_end(d);
	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	answer(d, 200, "{\"compositeResponse\":[]}");
	fails(d, MLC_BROKEN);
}

/* The reply was lost and the same went out again: our key is there, so it had arrived. */
static void a_document_that_is_there_with_our_key_is_done(void **state)
{
	struct drive *d = *state;
	static const char there[] = COMPOSITE(PART("doc", "400", ERROR("DUPLICATE_VALUE", "duplicate value found: MLC_Key__c duplicates value on record with id: 006Ac0000000001")) ","
		PART("made1", "400", ERROR("PROCESSING_HALTED", "rolled back")));

	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	assert_true(call_inside(d->call)->request->repeatable);
	answer(d, 200, there);
	holds_text(asked(d), "FROM Opportunity WHERE MLC_Key__c = 'k-1'");
	answer(d, 200, PAGE("1", "true", "", DOCUMENT_ROW));
	settled(d, 0, O1);
	drive_end(d);

	/* Only reading what is there fails. */
	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	answer(d, 200, there);
	answer(d, 503, "");
	fails(d, MLC_IN_DOUBT);
	drive_end(d);

	/* It is another field that clashed: somebody else's. */
	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, document());
	answer(d, 200, there);
	answer(d, 200, PAGE("0", "true", "", ""));
	refused(d, 0, MLC_STALE, "duplicate value");
	assert_string_equal(emitted(d), "hint Opportunity 006Ac0000000001");
}

#define LINES_THERE ROW(O1, T1, ",\"MLC_Key__c\":\"k-0\",\"OpportunityLineItems\":{\"totalSize\":3,\"done\":true,\"records\":[" \
	LINE("00kAc0000000001AAA", "L-1", "01uAc0000000001AAA") "," LINE("00kAc0000000002AAA", "k-0-2", "01uAc0000000009AAA") "," LINE("00kAc0000000003AAA", "old", "01uAc0000000001AAA") "]}")

static void lines_that_stay_keep_their_id_others_go_and_come(void **state)
{
	struct drive *d = *state;
	const char *body;

	write_one(d, "Opportunity", MLC_DO_UPDATE, O1, T1, document());
	holds_text(asked(d), "SELECT Id,SystemModstamp,MLC_Key__c,(SELECT Id,MLC_Key__c,PricebookEntryId FROM OpportunityLineItems) FROM Opportunity");
	answer(d, 200, PAGE("1", "true", "", LINES_THERE));
	body = sent_body(d);
	/* The second has another product now: taken away and made anew, with the key that derives from the document's. */
	holds_text(body, "/composite/sobjects?ids=00kAc0000000002AAA,00kAc0000000003AAA&allOrNone=true");
	holds_text(body, "\"id\":\"00kAc0000000001AAA\",\"Quantity\":2,\"TotalPrice\":10.00}");
	holds_text(body, "\"OpportunityId\":\"" O1 "\",\"MLC_Key__c\":\"k-0-2\",\"PricebookEntryId\":\"01uAc0000000002AAA\"");
	json_t *all = composite(d), *part;
	size_t i;
	assert_string_equal(parts(all), "gone DELETE, doc PATCH, kept1 PATCH, made1 POST, read GET");
	json_array_foreach(json_object_get(all, "compositeRequest"), i, part)
		if (i == 2 || i == 3)
			assert_int_equal(json_array_size(json_object_get(json_object_get(part, "body"), "records")), 1);
	json_decref(all);
	holds_text(body, "WHERE%20Id%20%3D%20%27" O1 "%27");
	assert_false(call_inside(d->call)->request->repeatable);
	answer(d, 200, COMPOSITE(PART("gone", "200", "[]") "," PART("doc", "204", "null") "," PART("kept1", "200", "[" DONE("00kAc0000000001AAA") "]") ","
		PART("made1", "200", "[" DONE("00kAc0000000004AAA") "]") "," PART("read", "200", PAGE("1", "true", "", DOCUMENT_ROW))));
	settled(d, 0, O1);
	drive_end(d);

	/* Nothing of the lines: they are left alone. */
	write_one(d, "Opportunity", MLC_DO_UPDATE, O1, T1, json_pack("{s:s}", "MLC_State__c", "Paid"));
	answer(d, 200, PAGE("1", "true", "", LINES_THERE));
	assert_null(strstr(sent_body(d), "OpportunityLineItem\"}"));
	json_t *body_alone = composite(d);
	assert_string_equal(parts(body_alone), "doc PATCH, read GET");
	json_decref(body_alone);
	lost(d);
	fails(d, MLC_IN_DOUBT);
	drive_end(d);

	/* Erased: all of them go, and nothing else is touched. */
	write_one(d, "Opportunity", MLC_DO_UPDATE, O1, T1, json_pack("{s:n}", "OpportunityLineItems"));
	answer(d, 200, PAGE("1", "true", "", LINES_THERE));
	holds_text(sent_body(d), "?ids=00kAc0000000001AAA,00kAc0000000002AAA,00kAc0000000003AAA&allOrNone=true");
	all = composite(d);
	assert_string_equal(parts(all), "gone DELETE, read GET");
	json_decref(all);
	drive_end(d);

	/* Not all of its lines came: what is not seen cannot be told from what is to be made. */
	write_one(d, "Opportunity", MLC_DO_UPDATE, O1, T1, document());
	answer(d, 200, PAGE("1", "true", "", ROW(O1, T1, ",\"OpportunityLineItems\":{\"totalSize\":900,\"done\":false,\"nextRecordsUrl\":\"" V "/query/01g\",\"records\":["
		LINE("00kAc0000000001AAA", "L-1", "01uAc0000000001AAA") "]}")));
	refused(d, 0, MLC_REFUSED, "more lines than go in one call");
}

static void a_document_that_one_call_cannot_carry_is_refused_with_words(void **state)
{
	struct drive *d = *state;
	json_t *data = document(), *lines = json_object_get(data, "OpportunityLineItems");

	while (json_array_size(lines) < 801)
		json_array_append_new(lines, json_pack("{s:{s:s},s:s}", "PricebookEntryId", "id", "01uAc0000000001AAA", "Quantity", "1"));
	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, data);
	refused(d, 0, MLC_REFUSED, "more lines than go in one call");
	drive_end(d);
	write_one(d, "Opportunity", MLC_DO_CREATE, NULL, NULL, json_pack("{s:{s:s}}", "AccountId", "name", "Contoso"));
	refused(d, 0, MLC_REFUSED, "AccountId is no reference");
}

static void duplicate_rules_are_passed_over_only_where_the_tenant_says_so(void **state)
{
	struct drive *d = *state;

	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	assert_true(!call_inside(d->call)->request->headers || !call_inside(d->call)->request->headers[0]);
	answer(d, 200, COMPOSITE(PART("write", "200", "[" REFUSED("DUPLICATES_DETECTED", "Use one of these records?") "]")));
	refused(d, 0, MLC_REFUSED, "Use one of these records?");
	drive_end(d);
	json_put_text(d->settings, "duplicates", "allow");
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "Name", "X"));
	assert_string_equal(call_inside(d->call)->request->headers[0], "Sforce-Duplicate-Rule-Header: allowSave=true");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_create_is_an_upsert_by_our_key_and_is_read_back),
		drive_test(what_may_have_been_made_is_asked_for_under_the_same_key),
		drive_test(of_many_each_has_an_outcome_of_its_own),
		drive_test(one_that_cannot_leave_keeps_no_other_back),
		drive_test(an_update_looks_first_whether_it_is_still_what_we_knew),
		drive_test(of_several_updates_only_those_that_are_as_we_knew_them_leave),
		drive_test(a_delete_of_what_is_gone_is_done),
		drive_test(a_document_and_its_lines_go_in_one_call_or_not_at_all),
		drive_test(a_document_that_is_there_with_our_key_is_done),
		drive_test(lines_that_stay_keep_their_id_others_go_and_come),
		drive_test(a_document_that_one_call_cannot_carry_is_refused_with_words),
		drive_test(duplicate_rules_are_passed_over_only_where_the_tenant_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
