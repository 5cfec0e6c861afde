/* records_by_id_and_by_member.c - fetch and find: SOQL that says what is meant, nothing that is not proven. */
#include "drive.h"

static void fetch_ids(struct drive *d, const char *entity, const char *const *ids)
{
	d->input.entity = entity;
	d->input.ids = ids;
	begin(d, OP_FETCH);
}

static void find(struct drive *d, const char *entity, json_t *by)
{
	d->data = by;
	d->input.entity = entity;
	d->input.data = by;
	begin(d, OP_FIND);
}

static void what_is_asked_for_by_id_is_there_deleted_merged_or_gone_for_good(void **state)
{
	static const char *const ids[] = { A1, A2, "001Ac0000000003IAA", "001Ac0000000004IAA", NULL };
	struct drive *d = *state;

	fetch_ids(d, "Account", ids);
	holds_text(asked(d), "/queryAll?q=SELECT Id,Name,");
	holds_text(asked(d), "WHERE Id IN ('" A1 "','" A2 "','001Ac0000000003IAA','001Ac0000000004IAA')");
	answer(d, 200, PAGE("3", "true", "", ROW(A1, T1, ",\"Name\":\"One\"") "," ROW(A2, T1, ",\"IsDeleted\":true") ","
		ROW("001Ac0000000003IAA", T1, ",\"IsDeleted\":true,\"MasterRecordId\":\"" A1 "\"")));
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "deleted Account 001Ac0000000004IAA, Account " A1 ", deleted Account " A2 ", deleted Account 001Ac0000000003IAA");
	assert_string_equal(record(d, 3)->merged_into, A1);
}

static void many_ids_go_two_hundred_at_a_time_and_none_that_is_no_id(void **state)
{
	static char text[250][19];
	static const char *ids[251];
	struct drive *d = *state;
	size_t count = 0;

	for (int i = 0; i < 250; i++) {
		snprintf(text[i], sizeof text[i], "001Ac0000000%03dIAA", i);
		ids[i] = text[i];
	}
	fetch_ids(d, "Account", ids);
	for (const char *at = asked(d); (at = strstr(at, "'001")) != NULL; at++)
		count++;
	assert_int_equal(count, 200);
	answer(d, 200, PAGE("0", "true", "", ""));
	holds_text(asked(d), text[249]);
	drive_end(d);

	ids[0] = "' OR Id != '";
	ids[1] = NULL;
	fetch_ids(d, "Account", ids);
	fails(d, MLC_REFUSED);
	holds_text(why(d), "no id of Salesforce");
}

#define LINE(id) "{\"attributes\":{},\"Id\":\"" id "\",\"Quantity\":2,\"TotalPrice\":5.5}"

static void lines_that_did_not_come_with_their_document_are_asked_for(void **state)
{
	static const char *const ids[] = { O1, NULL };
	struct drive *d = *state;

	fetch_ids(d, "Opportunity", ids);
	holds_text(asked(d), "(SELECT Id,PricebookEntryId,Quantity,");
	answer(d, 200, PAGE("1", "true", "", ROW(O1, T1, ",\"OpportunityLineItems\":{\"totalSize\":3,\"done\":false" NEXT("l-1") ",\"records\":[" LINE("00kAc0000000001AAA") "]}")));
	asks(d, "GET", V "/query/01gl-1");
	answer(d, 200, PAGE("3", "false", NEXT("l-2"), LINE("00kAc0000000002AAA")));
	asks(d, "GET", V "/query/01gl-2");
	answer(d, 200, PAGE("3", "true", "", LINE("00kAc0000000003AAA")));
	assert_int_equal(d->step, MLC_DONE);
	holds_text(record(d, 0)->text, "00kAc0000000003AAA");
	drive_end(d);

	fetch_ids(d, "Opportunity", ids);
	answer(d, 200, PAGE("1", "true", "", ROW(O1, T1, ",\"OpportunityLineItems\":{\"totalSize\":2,\"done\":false" NEXT("l-1") ",\"records\":[" LINE("00kAc0000000001AAA") "]}")));
	answer(d, 200, PAGE("3", "true", "", LINE("00kAc0000000002AAA") "," LINE("00kAc0000000003AAA")));
	fails(d, MLC_BROKEN);
	drive_end(d);

	/* The same where it is looked up. */
	find(d, "Opportunity", json_pack("{s:s}", "Name", "Invoice 7"));
	answer(d, 200, PAGE("1", "true", "", ROW(O1, T1, ",\"OpportunityLineItems\":{\"totalSize\":2,\"done\":false" NEXT("l-1") ",\"records\":[" LINE("00kAc0000000001AAA") "]}")));
	asks(d, "GET", V "/query/01gl-1");
	answer(d, 200, PAGE("2", "true", "", LINE("00kAc0000000002AAA")));
	assert_int_equal(d->step, MLC_DONE);
	holds_text(record(d, 0)->text, "00kAc0000000002AAA");
	drive_end(d);
	find(d, "Opportunity", json_pack("{s:s}", "Name", "Invoice 7"));
	answer(d, 200, PAGE("1", "true", "", ROW(O1, T1, ",\"OpportunityLineItems\":{\"totalSize\":2,\"done\":false,\"nextRecordsUrl\":\"/services/apexrest/x\",\"records\":[]}")));
	fails(d, MLC_BROKEN);
}

static void values_stand_in_a_query_as_their_kind_wants_and_cannot_break_out(void **state)
{
	struct drive *d = *state;

	find(d, "Account", json_pack("{s:s}", "Name", "O'Hara \\ Sons\nx"));
	holds_text(asked(d), "FROM Account WHERE Name = 'O\\'Hara \\\\ Sons\\nx' ORDER BY Id");
	answer(d, 200, PAGE("0", "true", "", ""));
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	drive_end(d);

	find(d, "Opportunity", json_pack("{s:s,s:s}", "AccountId", A1, "CloseDate", "2026-11-20"));
	holds_text(asked(d), "AccountId = '" A1 "'");
	holds_text(asked(d), "CloseDate = 2026-11-20");
	drive_end(d);
	find(d, "Opportunity", json_pack("{s:{s:s}}", "AccountId", "name", "Contoso"));
	holds_text(asked(d), "WHERE Account.Name = 'Contoso'");
	drive_end(d);
	find(d, "MLC_LedgerAccount__c", json_pack("{s:{s:s}}", "MLC_Parent__c", "name", "Bank"));
	holds_text(asked(d), "WHERE MLC_Parent__r.Name = 'Bank'");
	drive_end(d);
	find(d, "Pricebook2", json_pack("{s:b}", "IsStandard", 1));
	holds_text(asked(d), "WHERE IsStandard = true");
	drive_end(d);

	find(d, "Account", json_pack("{s:s}", "Id", A1));
	holds_text(asked(d), "WHERE Id = '" A1 "'");
	drive_end(d);
	find(d, "Account", json_pack("{s:i,s:i}", "MLC_Balance__c", 7, "AccountNumber", 7));
	holds_text(asked(d), "WHERE MLC_Balance__c = 7 AND AccountNumber = '7'");
	drive_end(d);
	find(d, "Opportunity", json_pack("{s:{s:s}}", "AccountId", "id", A1));
	holds_text(asked(d), "WHERE AccountId = '" A1 "'");
	drive_end(d);

	static const struct { const char *member, *value; } odd[] = { { "CloseDate", "2026-11-20 OR Id != null" }, { "CloseDate", "Id != null" },
		{ "Amount", "1 OR Id != null" }, { "Amount", "" }, { "Id", "7" }, { "Id", "' OR Id != '" }, { "SystemModstamp", "now" } };
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		find(d, "Opportunity", json_pack("{s:s}", odd[i].member, odd[i].value));
		fails(d, MLC_REFUSED);
		drive_end(d);
	}
	find(d, "Opportunity", json_pack("{s:s}", "AccountId", "' OR Id != '"));
	fails(d, MLC_REFUSED);
	drive_end(d);
	find(d, "Account", json_pack("{s:s}", "Nonsense", "x"));
	fails(d, MLC_REFUSED);
	drive_end(d);
	find(d, "Account", json_object());
	fails(d, MLC_REFUSED);
}

static void a_find_reads_all_pages(void **state)
{
	struct drive *d = *state;

	find(d, "Account", json_pack("{s:s}", "Name", "X"));
	answer(d, 200, PAGE("2", "false", NEXT("f-1"), ROW(A1, T1, "")));
	asks(d, "GET", V "/query/01gf-1");
	answer(d, 200, PAGE("2", "true", "", ROW(A2, T1, "")));
	assert_string_equal(emitted(d), "Account " A1 ", Account " A2);
	assert_int_equal(d->step, MLC_DONE);
	drive_end(d);

	find(d, "Account", json_pack("{s:s}", "Name", "X"));
	answer(d, 200, "{}");
	fails(d, MLC_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(what_is_asked_for_by_id_is_there_deleted_merged_or_gone_for_good),
		drive_test(many_ids_go_two_hundred_at_a_time_and_none_that_is_no_id),
		drive_test(lines_that_did_not_come_with_their_document_are_asked_for),
		drive_test(values_stand_in_a_query_as_their_kind_wants_and_cannot_break_out),
		drive_test(a_find_reads_all_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
