/* writes_make_nothing_twice.c - what is sent to Zendesk, and what its answers make of a write. */
#include "drive.h"

#define ACME "{\"organization\":" ORGANIZATION("7", "Acme", "2026-11-20T10:00:00Z", ",\"external_id\":\"qbo:1:7\",\"organization_fields\":{}") "}"

/* By its external id the second create finds what the first one made. */
static void an_organization_is_made_by_its_external_id(void **state)
{
	struct drive *d = *state;

	write_one(d, "organization", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s}", "name", "Acme", "external_id", "qbo:1:7"));
	asks_with(d, "POST", "/api/v2/organizations/create_or_update", "{\"organization\":{\"name\":\"Acme\",\"external_id\":\"qbo:1:7\"}}");
	answer(d, 201, ACME);
	assert_string_equal(settled(d)->id, "7");
	drive_end(d);

	write_one(d, "organization", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "name", "Acme"));
	asks_with(d, "POST", "/api/v2/organizations/create_or_update", "{\"organization\":{\"name\":\"Acme\",\"external_id\":\"k-1\"}}");
	answer(d, 200, ACME);
	assert_string_equal(settled(d)->id, "7");
}

/* ZEN-42: the mapping is to look again, and to ask a person; not to send it again and again. */
static void a_name_that_is_taken_is_matched_again(void **state)
{
	struct drive *d = *state;

	write_one(d, "organization", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s}", "name", "Acme", "external_id", "qbo:1:7"));
	answer(d, 422, TAKEN("name", "Name: Acme has already been taken"));
	fails(d, MLC_STALE);
	assert_non_null(strstr(why(d), "Acme has already been taken"));
	drive_end(d);

	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, json_pack("{s:s}", "name", "Acme"));
	asks_with(d, "PUT", "/api/v2/organizations/7", "{\"organization\":{\"name\":\"Acme\"}}");
	answer(d, 422, TAKEN("name", "Name: Acme has already been taken"));
	fails(d, MLC_REFUSED);
}

static void nobody_gets_mail_because_of_us(void **state)
{
	struct drive *d = *state;

	write_one(d, "user", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s,s:{s:s}}", "name", "Kim", "email", "kim@maple.example",
		"organization_id", "id", "7"));
	asks_with(d, "POST", "/api/v2/users/create_or_update",
		"{\"user\":{\"name\":\"Kim\",\"email\":\"kim@maple.example\",\"organization_id\":7,\"skip_verify_email\":true}}");
	answer(d, 201, "{\"user\":{\"id\":5,\"name\":\"Kim\",\"email\":\"Kim@maple.example\",\"active\":true,\"organization_id\":7}}");
	assert_string_equal(settled(d)->id, "5");
	assert_non_null(strstr(settled(d)->text, "\"organization_id\":{\"id\":\"7\"}"));
	drive_end(d);

	/* Whom no address tells apart, our key does: made again, he is the same. */
	write_one(d, "user", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s}", "name", "Kim"));
	asks_with(d, "POST", "/api/v2/users/create_or_update", "{\"user\":{\"name\":\"Kim\",\"external_id\":\"k-1\",\"skip_verify_email\":true}}");
}

/* ZEN-31: who the contact is follows; Zendesk alone would keep the old address in front. */
static void a_new_address_becomes_the_first_one(void **state)
{
	struct drive *d = *state;

	write_one(d, "user", MLC_DO_UPDATE, "5", NULL, json_pack("{s:s}", "email", "lee@maple.example"));
	asks_with(d, "PUT", "/api/v2/users/5", "{\"user\":{\"email\":\"lee@maple.example\"}}");
	answer(d, 200, "{\"user\":{\"id\":5,\"name\":\"Kim\",\"email\":\"kim@maple.example\",\"active\":true}}");
	asks(d, "GET", "/api/v2/users/5/identities");
	answer(d, 200, "{\"identities\":[{\"id\":50,\"type\":\"email\",\"value\":\"kim@maple.example\"},{\"id\":51,\"type\":\"email\",\"value\":\"lee@maple.example\"}]}");
	asks(d, "PUT", "/api/v2/users/5/identities/51/make_primary");
	answer(d, 200, "{\"identities\":[]}");
	asks(d, "GET", "/api/v2/users/5");
	answer(d, 200, "{\"user\":{\"id\":5,\"name\":\"Kim\",\"email\":\"lee@maple.example\",\"active\":true}}");
	assert_non_null(strstr(settled(d)->text, "lee@maple.example"));
	drive_end(d);

	write_one(d, "user", MLC_DO_UPDATE, "5", NULL, json_pack("{s:s}", "email", "lee@maple.example"));
	answer(d, 200, "{\"user\":{\"id\":5,\"name\":\"Kim\",\"email\":\"kim@maple.example\",\"active\":true}}");
	answer(d, 200, "{\"identities\":[{\"id\":50,\"type\":\"email\",\"value\":\"kim@maple.example\"}]}");
	fails(d, MLC_REFUSED); /* not taken, without a word */
	drive_end(d);
	write_one(d, "user", MLC_DO_UPDATE, "5", NULL, json_pack("{s:s}", "email", "lee@maple.example"));
	answer(d, 422, TAKEN("email", "Email: lee@maple.example is already being used by another user"));
	fails(d, MLC_REFUSED);
}

static void a_membership_that_is_there_already_is_the_one(void **state)
{
	struct drive *d = *state;

	write_one(d, "organization_membership", MLC_DO_CREATE, NULL, NULL,
		json_pack("{s:{s:s},s:{s:s}}", "user_id", "id", "5", "organization_id", "id", "7"));
	asks_with(d, "POST", "/api/v2/organization_memberships", "{\"organization_membership\":{\"user_id\":5,\"organization_id\":7}}");
	answer(d, 422, TAKEN("user_id", "User: 5 has already been taken"));
	asks(d, "GET", "/api/v2/users/5/organization_memberships?page%5Bsize%5D=100");
	answer(d, 200, "{\"organization_memberships\":[{\"id\":70,\"user_id\":5,\"organization_id\":6},{\"id\":71,\"user_id\":5,\"organization_id\":7}]}");
	assert_string_equal(settled(d)->id, "71");
}

static void a_field_that_is_there_already_is_ours_only_if_it_is_of_that_type(void **state)
{
	static const struct { const char *type; enum mlc_step step; } rows[] = { { "decimal", MLC_DONE }, { "text", MLC_FAIL } };
	struct drive *d = *state;
	char list[256];

	for (size_t i = 0; i < 2; i++) {
		write_one(d, "organization_field", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s,s:s}", "key", "qbo_balance", "type", "decimal",
			"title", "Balance"));
		answer(d, 422, TAKEN("key", "Key: qbo_balance has already been taken"));
		snprintf(list, sizeof list, "{\"organization_fields\":[{\"id\":3,\"key\":\"other\",\"type\":\"decimal\"},"
			"{\"id\":4,\"key\":\"qbo_balance\",\"type\":\"%s\"}]}", rows[i].type);
		answer(d, 200, list);
		assert_int_equal(d->step, rows[i].step);
		if (rows[i].step == MLC_DONE)
			assert_string_equal(settled(d)->id, "4");
		else
			assert_non_null(strstr(why(d), "but of type text, not decimal"));
		drive_end(d);
	}
	/* Changing one into another's key makes it none of that. */
	write_one(d, "organization_field", MLC_DO_UPDATE, "3", NULL, json_pack("{s:s}", "key", "qbo_balance"));
	answer(d, 422, TAKEN("key", "Key: qbo_balance has already been taken"));
	fails(d, MLC_REFUSED);
}

static void a_ticket_is_made_once_and_changed_only_as_we_know_it(void **state)
{
	struct drive *d = *state;

	write_one(d, "ticket", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:{s:s},s:s}", "subject", "Overdue", "comment", "body", "Three invoices",
		"external_id", "k-1"));
	asks_with(d, "POST", "/api/v2/tickets",
		"{\"ticket\":{\"subject\":\"Overdue\",\"comment\":{\"body\":\"Three invoices\"},\"external_id\":\"k-1\"}}");
	assert_string_equal(call_inside(d->call)->request->headers[0], "Idempotency-Key: k-1");
	answer(d, 201, "{\"ticket\":{\"id\":9,\"status\":\"open\",\"updated_at\":\"2026-11-20T10:00:00Z\",\"requester_id\":5}}");
	assert_string_equal(settled(d)->version, "2026-11-20T10:00:00Z");
	drive_end(d);

	write_one(d, "ticket", MLC_DO_UPDATE, "9", "2026-11-20T10:00:00Z", json_pack("{s:s}", "priority", "high"));
	asks_with(d, "PUT", "/api/v2/tickets/9",
		"{\"ticket\":{\"priority\":\"high\",\"safe_update\":true,\"updated_stamp\":\"2026-11-20T10:00:00Z\"}}");
	answer(d, 409, "{\"error\":\"UpdateConflict\",\"description\":\"Safe Update prevented the update due to outdated ticket data\"}");
	fails(d, MLC_STALE);
}

/* ZEN-18: items and accounts as records of a custom object. */
static void reference_data_is_made_or_changed_by_its_external_id(void **state)
{
	struct drive *d = *state;

	write_one(d, "custom_object_record", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s,s:s}", "custom_object_key", "qbo_item", "name", "Mug",
		"external_id", "qbo:1:3"));
	asks_with(d, "PATCH", "/api/v2/custom_objects/qbo_item/records?external_id=qbo%3A1%3A3",
		"{\"custom_object_record\":{\"name\":\"Mug\",\"external_id\":\"qbo:1:3\"}}");
	answer(d, 201, "{\"custom_object_record\":{\"id\":\"01J\",\"custom_object_key\":\"qbo_item\",\"name\":\"Mug\",\"external_id\":\"qbo:1:3\"}}");
	assert_string_equal(settled(d)->id, "qbo_item-01J");
	drive_end(d);

	write_one(d, "custom_object_record", MLC_DO_UPDATE, "qbo_item-01J", NULL, json_pack("{s:s}", "name", "Big mug"));
	asks_with(d, "PATCH", "/api/v2/custom_objects/qbo_item/records/01J", "{\"custom_object_record\":{\"name\":\"Big mug\"}}");
	drive_end(d);

	write_one(d, "custom_object_record", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:s}", "custom_object_key", "nope", "name", "Mug"));
	answer(d, 404, NOT_FOUND);
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "there is no custom object 'nope'"));
}

static void what_is_gone_is_deleted_and_what_was_changed_away_is_looked_at_again(void **state)
{
	struct drive *d = *state;

	write_one(d, "organization", MLC_DO_DELETE, "7", NULL, json_object());
	asks(d, "DELETE", "/api/v2/organizations/7");
	answer(d, 404, NOT_FOUND);
	assert_true(settled(d)->deleted);
	drive_end(d);

	write_one(d, "organization", MLC_DO_UPDATE, "7", NULL, json_pack("{s:s}", "name", "Acme"));
	answer(d, 404, NOT_FOUND);
	fails(d, MLC_STALE);
	drive_end(d);

	write_one(d, "user", MLC_DO_DELETE, "5", NULL, json_object());
	answer(d, 200, "{\"user\":{\"id\":5,\"active\":false}}");
	assert_true(settled(d)->deleted);
	drive_end(d);

	write_one(d, "user", MLC_DO_DELETE, "5", NULL, json_object());
	answer(d, 200, "{\"user\":{\"id\":6,\"active\":false}}");
	assert_int_equal(d->step, MLC_FAIL);
	drive_end(d);

	write_one(d, "user", MLC_DO_UPDATE, "5", "2026-11-20T10:00:00Z", json_pack("{s:s}", "name", "Kim"));
	asks_with(d, "PUT", "/api/v2/users/5", "{\"user\":{\"name\":\"Kim\"}}"); /* only tickets know of versions */
}

static void a_reference_by_name_is_refused_before_it_is_sent(void **state)
{
	struct drive *d = *state;

	write_one(d, "user", MLC_DO_CREATE, NULL, NULL, json_pack("{s:s,s:{s:s}}", "name", "Kim", "organization_id", "name", "Acme"));
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "organization_id is given by a name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(an_organization_is_made_by_its_external_id),
		drive_test(a_name_that_is_taken_is_matched_again),
		drive_test(nobody_gets_mail_because_of_us),
		drive_test(a_new_address_becomes_the_first_one),
		drive_test(a_membership_that_is_there_already_is_the_one),
		drive_test(a_field_that_is_there_already_is_ours_only_if_it_is_of_that_type),
		drive_test(a_ticket_is_made_once_and_changed_only_as_we_know_it),
		drive_test(reference_data_is_made_or_changed_by_its_external_id),
		drive_test(what_is_gone_is_deleted_and_what_was_changed_away_is_looked_at_again),
		drive_test(a_reference_by_name_is_refused_before_it_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
