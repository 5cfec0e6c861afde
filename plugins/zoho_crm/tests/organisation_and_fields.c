/* organisation_and_fields.c - ZOHO-29: ping tells whose CRM it is, its edition and what it lacks; discover its own fields. */
#include "drive.h"

#define ORG "{\"org\":[{\"zgid\":\"6001\",\"company_name\":\"Acme\",\"iso_code\":\"USD\",\"time_zone\":\"America/Los_Angeles\",\"license_details\":{\"paid_type\":\"%s\"}}]}"
#define MODULE(name) "{\"api_name\":\"" name "\",\"api_supported\":true}"
#define SMALL MODULE("Accounts") "," MODULE("Contacts") "," MODULE("Deals") "," MODULE("Products") "," MODULE("Vendors") "," MODULE("Leads") "," MODULE("Quotes")
#define EXTERNAL_FIELD "{\"api_name\":\"External_Id\",\"unique\":{\"casesensitive\":\"false\"}}"

static const char *fact(const struct drive *d, const char *name)
{
	return json_text_or(call_facts(d->call), name, "(none)");
}

static void ping_up_to_fields(struct drive *d, const char *edition, const char *modules)
{
	char *org = xformat(ORG, edition), *list = xformat("{\"modules\":[%s]}", modules);

	begin(d, OP_PING);
	asks(d, "GET", "/crm/v8/org");
	answer(d, 200, org);
	asks(d, "GET", "/crm/v8/settings/modules");
	answer(d, 200, list);
	asks(d, "GET", "/crm/v8/Accounts?fields=Account_Name&per_page=1");
	answer(d, 204, "");
	asks(d, "GET", "/crm/v8/settings/fields?module=Accounts");
	free(org);
	free(list);
}

static void a_small_edition_is_told_and_deals_still_work(void **state)
{
	struct drive *d = *state;

	ping_up_to_fields(d, "standard", SMALL);
	for (size_t i = 0; i < 4; i++)
		answer(d, 200, "{\"fields\":[" EXTERNAL_FIELD "]}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(fact(d, "identity"), "6001");
	assert_string_equal(fact(d, "company"), "Acme");
	assert_string_equal(fact(d, "currency"), "USD");
	assert_string_equal(fact(d, "edition"), "standard");
	assert_string_equal(fact(d, "has_Deals"), "true");
	assert_string_equal(fact(d, "has_Invoices"), "false");
	assert_string_equal(fact(d, "lacks_modules"), "Sales_Orders, Purchase_Orders, Invoices");
	drive_end(d);
}

static void fields_to_be_made_are_named(void **state)
{
	struct drive *d = *state;

	ping_up_to_fields(d, "professional", SMALL "," MODULE("Sales_Orders") "," MODULE("Purchase_Orders") "," MODULE("Invoices"));
	answer(d, 200, "{\"fields\":[{\"api_name\":\"External_Id\",\"unique\":{}},{\"api_name\":\"Books_Email\"},{\"api_name\":\"Books_Status\"},"
		"{\"api_name\":\"Books_Balance\"},{\"api_name\":\"Books_Overdue\"},{\"api_name\":\"Books_Open_Invoices\"},{\"api_name\":\"Books_Last_Invoice\"}]}");
	answer(d, 200, "{\"fields\":[]}");
	answer(d, 200, "{\"fields\":[" EXTERNAL_FIELD ",{\"api_name\":\"Books_Status\"},{\"api_name\":\"Books_Balance\"},{\"api_name\":\"Books_Number\"}]}");
	answer(d, 200, "{\"fields\":[" EXTERNAL_FIELD "]}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(fact(d, "missing_fields"), "Accounts.External_Id (unique), Contacts.External_Id, Deals.Invoice_Lines");
	assert_string_equal(fact(d, "lacks_modules"), "");
	assert_non_null(strstr(d->logged, "Contacts.External_Id"));
	drive_end(d);
}

static void another_organisation_ends_the_ping(void **state)
{
	struct drive *d = *state;
	char *org = xformat(ORG, "free");

	d->another = true;
	begin(d, OP_PING);
	answer(d, 200, org);
	fails(d, MLC_REFUSED);
	drive_end(d);
	free(org);
}

static void garbage_is_no_organisation(void **state)
{
	static const char *const bodies[] = { "", "{}", "{\"org\":[]}", "{\"org\":[{}]}", "<html>" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		begin(d, OP_PING);
		answer(d, 200, bodies[i]);
		fails(d, MLC_BROKEN);
		assert_string_equal(fact(d, "identity"), "(none)");
		drive_end(d);
	}
}

static bool has_flag(const json_t *told, const char *field, const char *flag)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(told, field), "flags"), i, one)
		if (strcmp(json_string_value(one), flag) == 0)
			return true;
	return false;
}

static void fields_of_the_account_alone_are_described(void **state)
{
	struct drive *d = *state;
	const json_t *told;

	begin(d, OP_DISCOVER);
	asks(d, "GET", "/crm/v8/settings/fields?module=Accounts");
	answer(d, 200, "{\"fields\":[{\"api_name\":\"Account_Name\",\"data_type\":\"text\"},{\"api_name\":\"Colour\",\"data_type\":\"text\",\"length\":30},"
		"{\"api_name\":\"Limit\",\"data_type\":\"currency\",\"decimal_place\":2},{\"api_name\":\"Rep\",\"data_type\":\"lookup\",\"lookup\":{\"module\":{\"api_name\":\"Contacts\"}},"
		"\"system_mandatory\":true},{\"api_name\":\"Score\",\"data_type\":\"formula\",\"read_only\":true},{\"api_name\":\"Vip\",\"data_type\":\"boolean\"},{\"data_type\":\"text\"}]}");
	for (size_t i = 1; i < 9; i++)
		answer(d, 200, "{\"fields\":[]}");
	answer(d, 400, REFUSAL("INVALID_MODULE", "the module name given seems to be invalid", "")); /* Invoices: not in this edition */
	assert_int_equal(d->step, MLC_DONE);
	told = json_object_get(call_described(d->call), "Accounts");
	assert_null(json_object_get(told, "Account_Name"));
	static const char *const types[][2] = { { "Colour", "text" }, { "Limit", "decimal" }, { "Rep", "ref" }, { "Vip", "bool" } };
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(json_text_or(json_object_get(told, types[i][0]), "type", ""), types[i][1]);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(told, "Colour"), "limit")), 30);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(told, "Limit"), "limit")), 2);
	assert_string_equal(json_text_or(told, "Rep.of", ""), "Contacts");
	assert_true(has_flag(told, "Rep", "required"));
	assert_false(has_flag(told, "Rep", "readonly"));
	assert_true(has_flag(told, "Score", "readonly")); /* which no mapping may write */
	assert_false(has_flag(told, "Colour", "readonly"));
	assert_false(has_flag(told, "Colour", "required"));
	drive_end(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_small_edition_is_told_and_deals_still_work),
		drive_test(fields_to_be_made_are_named),
		drive_test(another_organisation_ends_the_ping),
		drive_test(garbage_is_no_organisation),
		drive_test(fields_of_the_account_alone_are_described),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
