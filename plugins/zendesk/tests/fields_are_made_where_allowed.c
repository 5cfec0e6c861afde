/* fields_are_made_where_allowed.c - custom fields: what Zendesk drops without a word is noticed, made or refused. */
#include "drive.h"

#define ALLOWED "qbo_balance decimal Balance (QuickBooks); qbo_status dropdown(paid|open|overdue) Payment status; qbo_open_invoices integer"
#define WITHOUT "{\"organization\":" ORGANIZATION("7", "Acme", "2026-11-20T10:00:00Z", ",\"organization_fields\":{\"region\":null}") "}"
#define WITH "{\"organization\":" ORGANIZATION("7", "Acme", "2026-11-20T10:00:00Z", \
	",\"organization_fields\":{\"region\":null,\"qbo_balance\":12.3}") "}"

static void allow(struct drive *d, const char *fields)
{
	json_object_set_new(d->settings, "create_fields", json_string(fields));
}

static json_t *acme(void)
{
	return json_pack("{s:s,s:s,s:{s:s}}", "name", "Acme", "external_id", "qbo:1:7", "organization_fields", "qbo_balance", "12.30");
}

static void a_field_that_is_missing_is_made_and_filled(void **state)
{
	struct drive *d = *state;

	allow(d, ALLOWED);
	write_one(d, "organization", MLC_DO_CREATE, NULL, NULL, acme());
	asks_with(d, "POST", "/api/v2/organizations/create_or_update",
		"{\"organization\":{\"name\":\"Acme\",\"external_id\":\"qbo:1:7\",\"organization_fields\":{\"qbo_balance\":\"12.30\"}}}");
	answer(d, 201, WITHOUT);
	asks_with(d, "POST", "/api/v2/organization_fields",
		"{\"organization_field\":{\"key\":\"qbo_balance\",\"type\":\"decimal\",\"title\":\"Balance (QuickBooks)\",\"active\":true}}");
	answer(d, 201, "{\"organization_field\":{\"id\":3,\"key\":\"qbo_balance\"}}");
	asks_with(d, "PUT", "/api/v2/organizations/7", "{\"organization\":{\"organization_fields\":{\"qbo_balance\":\"12.30\"}}}");
	answer(d, 200, WITH);
	assert_string_equal(settled(d)->id, "7");
	assert_non_null(strstr(settled(d)->text, "\"qbo_balance\":\"12.3\""));
}

static void several_are_made_before_they_are_filled(void **state)
{
	struct drive *d = *state;

	allow(d, ALLOWED);
	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, json_pack("{s:{s:s,s:i,s:n}}", "organization_fields", "qbo_balance", "12.30",
		"qbo_open_invoices", 2, "qbo_status"));
	answer(d, 200, WITHOUT);
	asks(d, "POST", "/api/v2/organization_fields");
	answer(d, 201, "{\"organization_field\":{\"id\":3}}");
	asks_with(d, "POST", "/api/v2/organization_fields",
		"{\"organization_field\":{\"key\":\"qbo_open_invoices\",\"type\":\"integer\",\"title\":\"Qbo open invoices\",\"active\":true}}");
	answer(d, 201, "{\"organization_field\":{\"id\":4}}");
	asks(d, "PUT", "/api/v2/organizations/7");
	answer(d, 200, WITH); /* which knows one of the two only */
	fails(d, MLC_IN_DOUBT);
}

static void somebody_who_made_it_meanwhile_is_no_trouble(void **state)
{
	struct drive *d = *state;

	allow(d, ALLOWED);
	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, acme());
	answer(d, 200, WITHOUT);
	answer(d, 422, TAKEN("key", "Key: qbo_balance has already been taken"));
	asks(d, "PUT", "/api/v2/organizations/7");
	answer(d, 200, WITH);
	assert_string_equal(settled(d)->id, "7");
}

/* Made for another record while ours was on its way: there, and empty. */
static void one_that_is_there_and_empty_is_filled(void **state)
{
	struct drive *d = *state;

	allow(d, ALLOWED);
	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, acme());
	answer(d, 200, "{\"organization\":" ORGANIZATION("7", "Acme", "2026-11-20T10:00:00Z",
		",\"organization_fields\":{\"region\":null,\"qbo_balance\":null}") "}");
	asks(d, "PUT", "/api/v2/organizations/7");
	answer(d, 200, WITH);
	assert_string_equal(settled(d)->id, "7");
	drive_end(d);

	write_one(d, "user", MLC_DO_UPDATE, "5", NULL, json_pack("{s:{s:s}}", "user_fields", "plan", "gold"));
	answer(d, 200, "{\"user\":{\"id\":5,\"active\":true,\"user_fields\":{\"plan\":null}}}");
	asks_with(d, "PUT", "/api/v2/users/5", "{\"user\":{\"user_fields\":{\"plan\":\"gold\"}}}");
	answer(d, 200, "{\"user\":{\"id\":5,\"active\":true,\"user_fields\":{\"plan\":null}}}");
	fails(d, MLC_REFUSED); /* twice is enough */
}

/* No silent drop: the figure is not there, so the write is not done. */
static void what_may_not_be_made_is_refused_and_named(void **state)
{
	struct drive *d = *state;

	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, acme());
	answer(d, 200, WITHOUT);
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "no field 'qbo_balance'"));
	assert_non_null(strstr(why(d), "create_fields"));
	drive_end(d);

	allow(d, "qbo_balance money");
	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, acme());
	answer(d, 200, WITHOUT);
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "'qbo_balance' has the type 'money'"));
	drive_end(d);

	/* Nothing to put there is no reason to make one. */
	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, json_pack("{s:{s:n}}", "organization_fields", "qbo_note"));
	answer(d, 200, WITHOUT);
	assert_string_equal(settled(d)->id, "7");
}

static void a_dropdown_is_made_with_its_options(void **state)
{
	struct drive *d = *state;

	allow(d, ALLOWED);
	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, json_pack("{s:{s:s}}", "organization_fields", "qbo_status", "paid"));
	answer(d, 200, WITHOUT);
	asks_with(d, "POST", "/api/v2/organization_fields",
		"{\"organization_field\":{\"key\":\"qbo_status\",\"type\":\"dropdown\",\"title\":\"Payment status\",\"active\":true,\"custom_field_options\":["
		"{\"name\":\"paid\",\"value\":\"paid\"},{\"name\":\"open\",\"value\":\"open\"},{\"name\":\"overdue\",\"value\":\"overdue\"}]}}");
}

static void the_setting_is_told_where_it_is_wrong(void **state)
{
	static const struct { const char *setting, *words; } rows[] = {
		{ "qbo_balance", "has the type ''" }, { "qbo_balance dropdown", "needs its options" }, { "qbo_balance integer(a|b)", "takes no options" },
		{ "qbo_balance dropdown(a|b", "do not end with )" }, { "qbo_x text; qbo_balance lookup", "has the type 'lookup'" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		allow(d, rows[i].setting);
		write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, acme());
		answer(d, 200, WITHOUT);
		fails(d, MLC_REFUSED);
		if (!strstr(why(d), rows[i].words))
			fail_msg("%s: '%s' does not say '%s'", rows[i].setting, why(d), rows[i].words);
		drive_end(d);
		d->logged[0] = 0;
		begin(d, OP_DISCOVER); /* before anything is written */
		assert_non_null(strstr(d->logged, rows[i].words));
		drive_end(d);
	}
	/* Zendesk that does not let us make one: it is said so, and not tried as if it were there. */
	allow(d, ALLOWED);
	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, acme());
	answer(d, 200, WITHOUT);
	answer(d, 403, "{\"error\":\"Forbidden\",\"description\":\"You do not have access to this page.\"}");
	fails(d, MLC_AUTH);
}

static const char *described(const struct drive *d, const char *key, const char *what)
{
	return json_text_or(json_object_get(json_object_get(call_described(d->call), "organization_values"), key), what, "(none)");
}

/* What will be made counts as there: a mapping that uses it is right. */
static void fields_are_described_by_their_types_and_options(void **state)
{
	struct drive *d = *state;

	allow(d, ALLOWED);
	begin(d, OP_DISCOVER);
	asks(d, "GET", "/api/v2/organization_fields?page%5Bsize%5D=100");
	answer(d, 200, "{\"organization_fields\":[{\"key\":\"first\",\"type\":\"integer\"}],\"meta\":{\"has_more\":true,\"after_cursor\":\"X\"}}");
	asks(d, "GET", "/api/v2/organization_fields?page%5Bsize%5D=100&page%5Bafter%5D=X");
	answer(d, 200, "{\"organization_fields\":[{\"key\":\"vip\",\"type\":\"checkbox\",\"active\":true},{\"key\":\"old\",\"type\":\"text\",\"active\":false},"
		"{\"key\":\"region\",\"type\":\"dropdown\",\"active\":true,\"custom_field_options\":[{\"name\":\"North\",\"value\":\"north\"},{\"name\":\"South\",\"value\":\"south\"}]}],"
		"\"meta\":{\"has_more\":false}}");
	asks(d, "GET", "/api/v2/user_fields?page%5Bsize%5D=100");
	answer(d, 200, "{\"user_fields\":[],\"meta\":{\"has_more\":false}}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(described(d, "first", "type"), "integer");
	assert_string_equal(described(d, "vip", "type"), "bool");
	assert_string_equal(described(d, "old", "type"), "(none)");
	assert_string_equal(described(d, "region", "of"), "north|south");
	assert_string_equal(described(d, "qbo_balance", "type"), "decimal");
	assert_string_equal(described(d, "qbo_status", "of"), "paid|open|overdue");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_field_that_is_missing_is_made_and_filled),
		drive_test(several_are_made_before_they_are_filled),
		drive_test(somebody_who_made_it_meanwhile_is_no_trouble),
		drive_test(one_that_is_there_and_empty_is_filled),
		drive_test(what_may_not_be_made_is_refused_and_named),
		drive_test(a_dropdown_is_made_with_its_options),
		drive_test(the_setting_is_told_where_it_is_wrong),
		drive_test(fields_are_described_by_their_types_and_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
