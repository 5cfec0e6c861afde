/* ping_tells_what_is_wrong.c - ALL-03, SF-11, SF-13: facts of an org, what it lacks, fields that only it has. */
#include "drive.h"

#define VERSIONS "[{\"version\":\"67.0\"},{\"version\":\"68.0\"}]"
#define ORG(id) PAGE("1", "true", "", "{\"Id\":\"" id "\",\"Name\":\"Acme Sales\",\"OrganizationType\":\"Enterprise Edition\",\"IsSandbox\":true,\"TimeZoneSidKey\":\"Europe/Rome\"}")
#define LIMITS "{\"DailyApiRequests\":{\"Max\":15000,\"Remaining\":14982}}"
#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\",\"length\":80,\"scale\":2,\"createable\":true,\"updateable\":true,\"filterable\":true}"

static const char *fact(const struct drive *d, const char *name)
{
	return json_text_or(call_facts(d->call), name, "(none)");
}

static void an_org_tells_what_it_is_and_what_it_lacks_and_is_not_written_to(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	asks(d, "GET", "/services/data");
	answer(d, 200, VERSIONS);
	holds_text(asked(d), "FROM Organization");
	answer(d, 200, ORG("00DAc0000000003MAA"));
	asks(d, "GET", V "/connect/organization");
	answer(d, 403, ERROR("FUNCTIONALITY_NOT_ENABLED", "Chatter is off"));
	asks(d, "GET", V "/limits");
	answer(d, 200, LIMITS);
	asks(d, "GET", V "/sobjects/Account/describe");
	answer(d, 200, "{\"fields\":[" FIELD("Id", "id") "," FIELD("Name", "string") "," FIELD("CurrencyIsoCode", "picklist") "]}");
	asks(d, "GET", V "/sobjects/Contact/describe");
	for (int i = 0; i < 6; i++)
		answer(d, 404, ERROR("NOT_FOUND", "The requested resource does not exist"));
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(fact(d, "company"), "Acme Sales");
	assert_string_equal(fact(d, "identity"), "00DAc0000000003MAA");
	assert_string_equal(fact(d, "edition"), "Enterprise Edition");
	assert_string_equal(fact(d, "sandbox"), "yes");
	assert_string_equal(fact(d, "timezone"), "Europe/Rome");
	assert_string_equal(fact(d, "currencies"), "many");
	assert_string_equal(fact(d, "calls_left"), "14982 of 15000");
	assert_string_equal(fact(d, "newest_version"), "68.0");
	holds_text(fact(d, "lacks"), "Account.MLC_Key__c");
	holds_text(fact(d, "lacks"), "Account.AccountNumber");
	assert_null(strstr(fact(d, "lacks"), "Account.Name"));
	assert_null(strstr(fact(d, "lacks"), "Account.CurrencyIsoCode"));
	drive_end(d);

	/* The currency, on which invoices wait. */
	begin(d, OP_PING);
	answer(d, 200, VERSIONS);
	answer(d, 200, ORG("00DAc0000000003MAA"));
	answer(d, 200, "{\"features\":{\"defaultCurrencyIsoCode\":\"USD\",\"multiCurrency\":false}}");
	assert_string_equal(fact(d, "currency"), "USD");
	answer(d, 200, LIMITS);
	for (int i = 0; i < 7; i++)
		answer(d, 404, ERROR("NOT_FOUND", "The requested resource does not exist"));
	assert_string_equal(fact(d, "currencies"), "one");
	holds_text(fact(d, "lacks"), "Account, Contact, ");
	drive_end(d);
	begin(d, OP_PING);
	answer(d, 200, VERSIONS);
	answer(d, 200, ORG("00DAc0000000003MAA"));
	answer(d, 200, "{\"features\":{\"defaultCurrencyIsoCode\":\"USD\",\"multiCurrency\":true}}");
	answer(d, 200, LIMITS);
	answer(d, 500, "");
	fails(d, MLC_RETRY);
}

static void shared_hosts_and_old_versions_are_named(void **state)
{
	struct drive *d = *state;

	json_put_text(d->settings, "url", "https://login.salesforce.com");
	begin(d, OP_PING);
	fails(d, MLC_REFUSED);
	holds_text(why(d), "My Domain");
	drive_end(d);

	json_put_text(d->settings, "url", "https://test.salesforce.com");
	begin(d, OP_PING);
	fails(d, MLC_REFUSED);
	drive_end(d);

	json_put_text(d->settings, "url", "https://acme.my.salesforce.com");
	json_put_text(d->settings, "version", "30.0");
	begin(d, OP_PING);
	answer(d, 200, VERSIONS);
	fails(d, MLC_REFUSED);
	holds_text(why(d), "set version = \"68.0\"");
	drive_end(d);
	json_object_del(d->settings, "version");

	begin(d, OP_PING);
	answer(d, 200, "<html>");
	fails(d, MLC_BROKEN);
	drive_end(d);
	begin(d, OP_PING);
	answer(d, 401, ERROR("INVALID_SESSION_ID", "Session expired or invalid"));
	fails(d, MLC_AUTH);
	drive_end(d);
	begin(d, OP_PING);
	answer(d, 200, VERSIONS);
	answer(d, 200, PAGE("1", "true", "", "{\"Name\":\"x\"}"));
	fails(d, MLC_BROKEN);
}

static void another_org_than_before_ends_it(void **state)
{
	struct drive *d = *state;

	d->another = true;
	begin(d, OP_PING);
	answer(d, 200, VERSIONS);
	answer(d, 200, ORG("00DZz0000000001MAA"));
	fails(d, MLC_REFUSED);
	holds_text(why(d), "another org");
}

static void fields_that_only_this_org_has_are_described(void **state)
{
	struct drive *d = *state;
	const json_t *found;

	begin(d, OP_DISCOVER);
	asks(d, "GET", V "/sobjects/Account/describe");
	answer(d, 200, "{\"fields\":[" FIELD("Id", "id") "," FIELD("Region__c", "string") "," FIELD("Credit__c", "currency") "," FIELD("Since__c", "date") "," FIELD("MLC_Key__c", "string") ","
		"{\"name\":\"Score__c\",\"type\":\"string\",\"length\":80,\"createable\":false,\"updateable\":false,\"filterable\":false}," FIELD("Odd'__c", "string") "]}");
	for (int i = 0; i < 6; i++)
		answer(d, 404, ERROR("NOT_FOUND", "The requested resource does not exist"));
	assert_int_equal(d->step, MLC_DONE);
	found = json_object_get(call_described(d->call), "Account");
	assert_int_equal(json_object_size(found), 4);
	assert_string_equal(json_text_or(found, "Score__c.flags.0", ""), "readonly");
	assert_string_equal(json_text_or(found, "Region__c.flags.0", ""), "findable");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(found, "Region__c"), "limit")), 80);
	assert_string_equal(json_text_or(found, "Credit__c.type", ""), "decimal");
	assert_string_equal(json_text_or(found, "Since__c.type", ""), "date");
	assert_string_equal(fact(d, "fields_Account"), "Region__c:s Credit__c:n Since__c:d Score__c:s");
	drive_end(d);

	begin(d, OP_DISCOVER);
	answer(d, 404, "<html>");
	fails(d, MLC_BROKEN);
}

static void they_are_read_written_and_looked_up_like_any_other(void **state)
{
	struct drive *d = *state;

	json_put_text(d->facts, "fields_Account", "Region__c:s Credit__c:n Owner_2__c:r");
	poll_feed(d, "accounts", NULL);
	holds_text(asked(d), ",Region__c,Credit__c,Owner_2__c FROM Account");
	answer(d, 200, PAGE("1", "true", "", ROW(A1, T1, ",\"Region__c\":\"West\",\"Credit__c\":7,\"Owner_2__c\":\"" A2 "\"")));
	holds_text(record(d, 0)->text, "\"Credit__c\":\"7\"");
	holds_text(record(d, 0)->text, "\"Owner_2__c\":{\"id\":\"" A2 "\"}");
	drive_end(d);
	write_one(d, "Account", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s,s:s}", "Name", "One", "Region__c", "007", "Credit__c", "12.50"));
	holds_text(sent_body(d), "\"Region__c\":\"007\",\"Credit__c\":12.50}");
	drive_end(d);
	d->data = json_pack("{s:s}", "Credit__c", "12.50");
	d->input.entity = "Account";
	d->input.data = d->data;
	begin(d, OP_FIND);
	holds_text(asked(d), "WHERE Credit__c = 12.50");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(an_org_tells_what_it_is_and_what_it_lacks_and_is_not_written_to),
		drive_test(shared_hosts_and_old_versions_are_named),
		drive_test(another_org_than_before_ends_it),
		drive_test(fields_that_only_this_org_has_are_described),
		drive_test(they_are_read_written_and_looked_up_like_any_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
