/* records_by_id_and_by_member.c - fetch and find. */
#include "drive.h"

static void find(struct drive *d, const char *entity, json_t *by)
{
	d->data = by;
	d->input.entity = entity;
	d->input.data = by;
	begin(d, OP_FIND);
}

static void a_record_that_is_gone_is_told_as_deleted_and_the_next_is_asked_for(void **state)
{
	static const char *const ids[] = { "7", "8", NULL };
	struct drive *d = *state;

	d->input.entity = "organization";
	d->input.ids = ids;
	begin(d, OP_FETCH);
	asks(d, "GET", "/api/v2/organizations/7");
	answer(d, 404, NOT_FOUND);
	asks(d, "GET", "/api/v2/organizations/7/merges?page%5Bsize%5D=100");
	answer(d, 404, NOT_FOUND);
	asks(d, "GET", "/api/v2/organizations/8");
	answer(d, 200, "{\"organization\":" ORGANIZATION("8", "Acme", "2026-11-20T10:00:00Z", "") "}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "deleted organization 7, organization 8");
}

/* ALL-12: whoever is one with another one now is not told as deleted. */
static void an_organization_that_was_merged_names_its_survivor(void **state)
{
	static const char *const ids[] = { "7", "9", NULL };
	struct drive *d = *state;
	const struct call_record *r;

	d->input.entity = "organization";
	d->input.ids = ids;
	begin(d, OP_FETCH);
	answer(d, 404, NOT_FOUND);
	answer(d, 200, "{\"organization_merges\":[{\"id\":\"01J\",\"loser_id\":3,\"winner_id\":7,\"status\":\"complete\"},"
		"{\"id\":\"01K\",\"loser_id\":7,\"winner_id\":8,\"status\":\"complete\"}],\"meta\":{\"has_more\":false}}");
	asks(d, "GET", "/api/v2/organizations/9");
	answer(d, 404, NOT_FOUND);
	answer(d, 200, "{\"organization_merges\":[{\"id\":\"01J\",\"loser_id\":9,\"winner_id\":7,\"status\":\"in_progress\"}]}");
	assert_int_equal(d->step, MLC_DONE);
	assert_int_equal(call_records(d->call, &r), 2);
	assert_string_equal(r[0].id, "7");
	assert_string_equal(r[0].merged_into, "8");
	assert_string_equal(r[1].id, "9");
	assert_true(r[1].deleted && !r[1].merged_into);
}

/* A wrong address is not a thousand deleted records. */
static void only_zendesks_own_word_makes_a_record_deleted(void **state)
{
	static const char *const ids[] = { "7", NULL }, *const gone[] = { "<html>", "{}",
		"{\"error\":{\"title\":\"No help desk at acme.zendesk.com\"}}" };
	struct drive *d = *state;

	for (size_t i = 0; i < 3; i++) {
		d->input.entity = "organization";
		d->input.ids = ids;
		begin(d, OP_FETCH);
		answer(d, 404, gone[i]);
		fails(d, MLC_BROKEN);
		drive_end(d);
	}
}

/* A record of a custom object bears its object's key in front. */
static void a_record_of_a_custom_object_is_fetched_by_both(void **state)
{
	static const char *const ids[] = { "qbo_item-01J", NULL }, *const half[] = { "01J", NULL };
	struct drive *d = *state;

	d->input.entity = "custom_object_record";
	d->input.ids = ids;
	begin(d, OP_FETCH);
	asks(d, "GET", "/api/v2/custom_objects/qbo_item/records/01J");
	answer(d, 200, "{\"custom_object_record\":{\"id\":\"01J\",\"custom_object_key\":\"qbo_item\",\"name\":\"Mug\"}}");
	assert_string_equal(emitted(d), "custom_object_record qbo_item-01J");
	drive_end(d);
	d->input.entity = "custom_object_record";
	d->input.ids = half;
	begin(d, OP_FETCH);
	fails(d, MLC_REFUSED);
}

static void another_record_than_was_asked_for_is_no_answer(void **state)
{
	static const char *const ids[] = { "7", NULL };
	struct drive *d = *state;

	d->input.entity = "organization";
	d->input.ids = ids;
	begin(d, OP_FETCH);
	answer(d, 200, "{\"organization\":" ORGANIZATION("8", "Acme", "2026-11-20T10:00:00Z", "") "}");
	fails(d, MLC_BROKEN);
}

static void an_organization_is_looked_up_by_external_id_or_by_name_never_by_both(void **state)
{
	struct drive *d = *state;

	find(d, "organization", json_pack("{s:s,s:s}", "external_id", "qbo:1:7", "name", "Acme & Sons"));
	asks(d, "GET", "/api/v2/organizations/search?external_id=qbo%3A1%3A7");
	answer(d, 200, "{\"organizations\":[" ORGANIZATION("7", "acme & sons ", "2026-11-20T10:00:00Z", ",\"external_id\":\"QBO:1:7\"") "],\"next_page\":null}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "organization 7");
	drive_end(d);

	/* Zendesk's search is wide; what it gives is looked at again. */
	find(d, "organization", json_pack("{s:s}", "name", "Acme & Sons"));
	answer(d, 200, "{\"organizations\":[" ORGANIZATION("8", "Acme & Boys", "2026-11-20T10:00:00Z", "") ","
		ORGANIZATION("9", " Acme & Sons", "2026-11-20T10:00:00Z", "") "],\"next_page\":null}");
	assert_string_equal(emitted(d), "organization 9");
	drive_end(d);

	find(d, "organization", json_pack("{s:s}", "name", "Acme & Sons"));
	asks(d, "GET", "/api/v2/organizations/search?name=Acme%20%26%20Sons");
	answer(d, 200, "{\"organizations\":[],\"count\":0,\"next_page\":null}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
}

/* Zendesk's search for people is by likeness: kim@maple.example finds xkim@maple.example as well. */
static void a_user_is_only_whose_address_it_is(void **state)
{
	struct drive *d = *state;

	find(d, "user", json_pack("{s:s}", "email", "Kim@Maple.example"));
	asks(d, "GET", "/api/v2/users/search?query=email%3AKim%40Maple.example&per_page=100");
	answer(d, 200, "{\"users\":[{\"id\":1,\"name\":\"Kim\",\"email\":\"kim@maple.example\",\"active\":true},"
		"{\"id\":2,\"name\":\"Kim\",\"email\":\"xkim@maple.example\",\"active\":true}],\"next_page\":\"https://acme.zendesk.com/x\"}");
	asks(d, "GET", "/api/v2/users/search?query=email%3AKim%40Maple.example&per_page=100&page=2");
	answer(d, 200, "{\"users\":[{\"id\":3,\"name\":\"Kim\",\"email\":\"kim@maple.example\",\"active\":false}],\"next_page\":null}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "user 1");
}

static void members_fields_and_reference_data_are_found_where_they_belong(void **state)
{
	static const struct { const char *entity, *by, *path; } rows[] = {
		{ "organization_membership", "{\"user_id\":{\"id\":\"5\"},\"organization_id\":{\"id\":\"7\"}}",
			"/api/v2/users/5/organization_memberships?page%5Bsize%5D=100" },
		{ "organization_membership", "{\"organization_id\":{\"id\":\"7\"}}", "/api/v2/organizations/7/organization_memberships?page%5Bsize%5D=100" },
		{ "user", "{\"organization_id\":{\"id\":\"7\"}}", "/api/v2/organizations/7/users?page%5Bsize%5D=100" },
		{ "user", "{\"external_id\":\"qbo:1:7\"}", "/api/v2/users/search?external_id=qbo%3A1%3A7&per_page=100" },
		{ "ticket", "{\"external_id\":\"k-1\"}", "/api/v2/tickets?external_id=k-1" },
		{ "ticket", "{\"id\":9}", "/api/v2/tickets/9" },
		{ "organization_field", "{\"key\":\"qbo_balance\"}", "/api/v2/organization_fields?page%5Bsize%5D=100" },
		{ "ticket_field", "{\"title\":\"Vendor\"}", "/api/v2/ticket_fields?page%5Bsize%5D=100" },
		{ "custom_object", "{\"key\":\"qbo_item\"}", "/api/v2/custom_objects/qbo_item" },
		{ "custom_object_record", "{\"custom_object_key\":\"qbo_item\",\"external_id\":\"qbo:1:3\"}",
			"/api/v2/custom_objects/qbo_item/records?filter%5Bexternal_ids%5D=qbo%3A1%3A3" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		find(d, rows[i].entity, json_read(rows[i].by, strlen(rows[i].by), NULL));
		asks(d, "GET", rows[i].path);
		drive_end(d);
	}
	find(d, "custom_object_record", json_pack("{s:s}", "external_id", "qbo:1:3"));
	fails(d, MLC_REFUSED);
	drive_end(d);

	find(d, "custom_object", json_pack("{s:s}", "key", "qbo_item"));
	answer(d, 404, NOT_FOUND);
	assert_int_equal(d->step, MLC_DONE);
	drive_end(d);

	find(d, "custom_object_record", json_pack("{s:s,s:s}", "custom_object_key", "qbo_item", "external_id", "qbo:1:3"));
	answer(d, 200, "{\"custom_object_records\":[{\"id\":\"01J\",\"custom_object_key\":\"qbo_item\",\"external_id\":\"qbo:1:3\",\"name\":\"Mug\"}],"
		"\"meta\":{\"has_more\":false}}");
	assert_string_equal(emitted(d), "custom_object_record qbo_item-01J");
}

/* A list that says at each page that there is more, with the same cursor. */
static void a_list_that_turns_in_place_is_noticed(void **state)
{
	static const char page[] = "{\"ticket_fields\":[],\"meta\":{\"has_more\":true,\"after_cursor\":\"X\"}}";
	struct drive *d = *state;

	find(d, "ticket_field", json_pack("{s:s}", "title", "Vendor"));
	answer(d, 200, page);
	asks(d, "GET", "/api/v2/ticket_fields?page%5Bsize%5D=100&page%5Bafter%5D=X");
	answer(d, 200, page);
	fails(d, MLC_BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(a_record_that_is_gone_is_told_as_deleted_and_the_next_is_asked_for),
		drive_test(an_organization_that_was_merged_names_its_survivor),
		drive_test(only_zendesks_own_word_makes_a_record_deleted),
		drive_test(a_record_of_a_custom_object_is_fetched_by_both),
		drive_test(another_record_than_was_asked_for_is_no_answer),
		drive_test(an_organization_is_looked_up_by_external_id_or_by_name_never_by_both),
		drive_test(a_user_is_only_whose_address_it_is),
		drive_test(members_fields_and_reference_data_are_found_where_they_belong),
		drive_test(a_list_that_turns_in_place_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
