/* writes_are_read_entry_by_entry.c - ZOHO-12, ZOHO-31: what is sent, and what each entry of an answer means. */
#include "drive.h"

#define WELL(id) "{\"code\":\"SUCCESS\",\"details\":{\"id\":\"" id "\",\"Modified_Time\":\"2026-11-20T10:00:00-08:00\"},\"message\":\"record added\",\"status\":\"success\"}"
#define VERSION "2026-11-20T18:00:00Z~0123456789abcdef"

#define settled(d, i, rid)                                                                     \
	do {                                                                                   \
		assert_int_equal(outcome(d, i)->end, WRITE_END_SETTLED);                       \
		assert_string_equal(outcome(d, i)->record.id, rid);                            \
		/* A grain of a second is none to know an echo by. */                         \
		assert_null(outcome(d, i)->record.version);                                    \
	} while (0)

#define refused(d, i, f)                                                                       \
	do {                                                                                   \
		assert_int_equal(outcome(d, i)->end, WRITE_END_REFUSED);                       \
		assert_int_equal(outcome(d, i)->fault, f);                                     \
	} while (0)

/* ZOHO-30: sent twice, it makes one record. */
static void creates_go_as_one_upsert_by_our_key(void **state)
{
	json_t *a = json_pack("{s:s,s:s,s:s}", "Account_Name", "A", "External_Id", "qb-1", "Books_Balance", "12.30"), *b = json_pack("{s:s,s:s}", "Account_Name", "B", "Phone_Digits", "7755550142"); /* which is ours alone */
	const struct mlc_write w[] = { { .verb = MLC_DO_CREATE, .key = "k-1", .data = a }, { .verb = MLC_DO_CREATE, .key = "k-2", .data = b } };
	struct drive *d = *state;

	write_all(d, "Accounts", w, 2);
	asks_with(d, "POST", "/crm/v8/Accounts/upsert", "{\"data\":[{\"Account_Name\":\"A\",\"External_Id\":\"qb-1\",\"Books_Balance\":12.30},"
		"{\"Account_Name\":\"B\",\"External_Id\":\"k-2\"}],\"duplicate_check_fields\":[\"External_Id\"],\"trigger\":[]}");
	assert_false(call_inside(d->call)->request->repeatable);
	answer(d, 207, "{\"data\":[" WELL("42") "," REFUSAL("MANDATORY_NOT_FOUND", "required field not found", "\"api_name\":\"Industry\"") "]}");
	assert_int_equal(d->step, MLC_DONE);
	settled(d, 0, "42");
	assert_string_equal(json_text_or(outcome(d, 0)->record.data, "Books_Balance", ""), "12.30");
	refused(d, 1, MLC_REFUSED);
	assert_string_equal(outcome(d, 1)->text, "required field not found: Industry (MANDATORY_NOT_FOUND)");
	drive_end(d);
	json_decref(a);
	json_decref(b);
}

/* An upsert that comes twice would add its rows twice. */
static void what_has_rows_is_inserted_and_its_key_refuses_the_second(void **state)
{
	json_t *a = json_pack("{s:s,s:[{s:s}]}", "Deal_Name", "D", "Invoice_Lines", "Amount", "1.00"), *b = json_pack("{s:s,s:s}", "Deal_Name", "D", "External_Id", "qb-1");
	const struct mlc_write first = { .verb = MLC_DO_CREATE, .key = "k-1", .data = a }, second = { .verb = MLC_DO_CREATE, .key = "k-2", .data = b };
	struct drive *d = *state;

	write_all(d, "Deals", &first, 1);
	asks_with(d, "POST", "/crm/v8/Deals", "{\"data\":[{\"Deal_Name\":\"D\",\"Invoice_Lines\":[{\"Amount\":1.00}],\"External_Id\":\"k-1\"}],\"trigger\":[]}");
	answer(d, 400, "{\"data\":[" REFUSAL("DUPLICATE_DATA", "duplicate data", "\"api_name\":\"External_Id\",\"duplicate_record\":{\"id\":\"77\"}") "]}");
	/* Only this write has its key: it came through the first time. */
	assert_int_equal(outcome(d, 0)->end, WRITE_END_SETTLED);
	assert_string_equal(outcome(d, 0)->record.id, "77");
	drive_end(d);

	/* By an id of the mapping's it may be an older one: matched again. */
	write_all(d, "Deals", &second, 1);
	answer(d, 400, "{\"data\":[" REFUSAL("DUPLICATE_DATA", "duplicate data", "\"api_name\":\"External_Id\",\"duplicate_record\":{\"id\":\"77\"}") "]}");
	refused(d, 0, MLC_STALE);
	assert_string_equal(emitted(d), "hint Deals 77");
	drive_end(d);
	json_decref(a);
	json_decref(b);
}

static void workflows_are_started_only_if_they_are_wanted(void **state)
{
	json_t *a = json_pack("{s:s}", "Account_Name", "A");
	const struct mlc_write w = { .verb = MLC_DO_CREATE, .key = "k-1", .data = a };
	struct drive *d = *state;

	json_object_set_new(d->settings, "workflows", json_true());
	write_all(d, "Accounts", &w, 1);
	assert_non_null(strstr(call_inside(d->call)->request->body, "\"trigger\":[\"workflow\",\"approval\",\"blueprint\"]"));
	drive_end(d);
	json_decref(a);
}

static void an_entry_alone_decides_whatever_the_status_says(void **state)
{
	static const struct {
		int status;
		const char *entry;
		enum mlc_fault fault; /* 0: settled */
		const char *hint;
	} rows[] = {
		{ 200, WELL("42"), 0, "" },
		{ 201, WELL("42"), 0, "" },
		{ 202, WELL("42"), 0, "" },
		{ 200, REFUSAL("INVALID_DATA", "invalid data", "\"api_name\":\"Phone\""), MLC_REFUSED, "" },
		{ 202, REFUSAL("INVALID_DATA", "invalid data", "\"api_name\":\"Phone\""), MLC_REFUSED, "" },
		{ 400, REFUSAL("DUPLICATE_DATA", "duplicate data", "\"api_name\":\"Account_Name\",\"duplicate_record\":{\"id\":\"77\"}"), MLC_STALE, "hint Accounts 77" },
		{ 400, REFUSAL("DUPLICATE_DATA", "duplicate data", "\"api_name\":\"Account_Name\",\"id\":\"78\""), MLC_STALE, "hint Accounts 78" },
		{ 400, REFUSAL("NOT_ALLOWED", "not allowed", ""), MLC_REFUSED, "" },
		{ 400, REFUSAL("RECORD_LOCKED", "the record is locked", ""), MLC_RETRY, "" },
		{ 400, REFUSAL("RECORD_IN_BLUEPRINT", "in a blueprint", ""), MLC_RETRY, "" },
		{ 400, REFUSAL("LIMIT_EXCEEDED", "limit", ""), MLC_LIMITED, "" },
		{ 500, REFUSAL("INTERNAL_ERROR", "oops", ""), MLC_IN_DOUBT, "" },
		{ 200, "{\"code\":\"SUCCESS\",\"details\":{},\"status\":\"success\"}", MLC_IN_DOUBT, "" },
		{ 200, "{\"code\":\"SUCCESS\",\"details\":{\"id\":42},\"status\":\"success\"}", MLC_IN_DOUBT, "" },
		{ 200, "\"SUCCESS\"", MLC_IN_DOUBT, "" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *a = json_pack("{s:s}", "Account_Name", "A");
		const struct mlc_write w = { .verb = MLC_DO_CREATE, .key = "k-1", .data = a };
		char *body = xformat("{\"data\":[%s]}", rows[i].entry);

		write_all(d, "Accounts", &w, 1);
		answer(d, rows[i].status, body);
		assert_int_equal(d->step, MLC_DONE);
		if (rows[i].fault)
			refused(d, 0, rows[i].fault);
		else
			settled(d, 0, "42");
		assert_string_equal(emitted(d), rows[i].hint);
		drive_end(d);
		json_decref(a);
		free(body);
	}
}

static void fewer_entries_than_records_are_no_answer(void **state)
{
	json_t *a = json_pack("{s:s}", "Account_Name", "A"), *b = json_pack("{s:s}", "Account_Name", "B");
	const struct mlc_write w[] = { { .verb = MLC_DO_CREATE, .key = "k-1", .data = a }, { .verb = MLC_DO_CREATE, .key = "k-2", .data = b } };
	struct drive *d = *state;

	write_all(d, "Accounts", w, 2);
	answer(d, 200, "{\"data\":[" WELL("42") "]}");
	assert_int_equal(d->step, MLC_DONE);
	refused(d, 0, MLC_IN_DOUBT);
	refused(d, 1, MLC_IN_DOUBT);
	drive_end(d);
	json_decref(a);
	json_decref(b);
}

static void updates_carry_the_version_they_were_made_for(void **state)
{
	json_t *a = json_pack("{s:s,s:n}", "Phone", "1", "Fax"), *b = json_pack("{s:s}", "Phone", "2"), *e = json_pack("{s:s}", "Phone", "3");
	const struct mlc_write w[] = { { .verb = MLC_DO_UPDATE, .id = "42", .version = VERSION, .key = "k-1", .data = a },
		{ .verb = MLC_DO_UPDATE, .id = "43", .version = VERSION, .key = "k-2", .data = b }, { .verb = MLC_DO_UPDATE, .id = "44", .key = "k-3", .data = e } };
	struct drive *d = *state;

	write_all(d, "Accounts", w, 3);
	asks_with(d, "PUT", "/crm/v8/Accounts/42", "{\"data\":[{\"Phone\":\"1\",\"Fax\":null}],\"trigger\":[]}");
	assert_string_equal(header_sent(d, "If-Unmodified-Since"), "2026-11-20T18:00:00+00:00");
	answer(d, 200, "{\"data\":[" WELL("42") "]}");
	asks(d, "PUT", "/crm/v8/Accounts/43");
	/* Only the one at hand has failed; the next goes its own way in a call of its own. */
	answer(d, 412, "{\"data\":[" REFUSAL("ALREADY_MODIFIED", "the record was already modified", "") "]}");
	assert_int_equal(d->step, MLC_DONE);
	settled(d, 0, "42");
	assert_null(outcome(d, 0)->record.data);
	refused(d, 1, MLC_STALE);
	refused(d, 2, MLC_RETRY);
	drive_end(d);
	json_decref(a);
	json_decref(b);
	json_decref(e);
}

static void an_update_of_what_is_gone_is_read_again(void **state)
{
	json_t *a = json_pack("{s:s}", "Phone", "1");
	const struct mlc_write w = { .verb = MLC_DO_UPDATE, .id = "42", .key = "k-1", .data = a };
	struct drive *d = *state;

	write_all(d, "Accounts", &w, 1);
	assert_null(header_sent(d, "If-Unmodified-Since"));
	answer(d, 400, "{\"data\":[" REFUSAL("INVALID_DATA", "the id given seems to be invalid", "\"api_name\":\"id\"") "]}");
	refused(d, 0, MLC_STALE);
	drive_end(d);

	/* Read again, these would be refused again. */
	static const char *const others[] = { REFUSAL("INVALID_DATA", "invalid data", "\"api_name\":\"Phone\""), REFUSAL("NOT_ALLOWED", "no", "\"api_name\":\"id\""),
		REFUSAL("DUPLICATE_DATA", "duplicate data", "\"api_name\":\"Account_Name\",\"duplicate_record\":{\"id\":\"77\"}") };
	for (size_t i = 0; i < 3; i++) {
		char *body = xformat("{\"data\":[%s]}", others[i]);

		write_all(d, "Accounts", &w, 1);
		answer(d, 400, body);
		refused(d, 0, MLC_REFUSED);
		assert_string_equal(emitted(d), "");
		drive_end(d);
		free(body);
	}

	/* Written, but another one: of ours nothing is known. */
	static const char *const odd[] = { WELL("43"), WELL("x") };
	for (size_t i = 0; i < 2; i++) {
		char *body = xformat("{\"data\":[%s]}", odd[i]);

		write_all(d, "Accounts", &w, 1);
		answer(d, 200, body);
		refused(d, 0, MLC_IN_DOUBT);
		drive_end(d);
		free(body);
	}
	json_decref(a);
}

static void an_id_cannot_lead_to_another_address(void **state)
{
	const struct mlc_write w = { .verb = MLC_DO_UPDATE, .id = "1/../../users/2", .key = "k-1", .data = NULL };
	struct drive *d = *state;

	write_all(d, "Accounts", &w, 1);
	fails(d, MLC_REFUSED);
	drive_end(d);
}

/* ZOHO-35: rows keep their ids, new ones have none, what is left over goes. */
static void rows_are_laid_over_the_rows_that_are_there(void **state)
{
	json_t *a = json_pack("{s:[{s:s,s:{s:s}},{s:s}]}", "Invoice_Lines", "Amount", "25.00", "Product", "id", "9", "Amount", "3.50");
	const struct mlc_write w = { .verb = MLC_DO_UPDATE, .id = "7", .version = VERSION, .key = "k-1", .data = a };
	struct drive *d = *state;

	write_all(d, "Deals", &w, 1);
	asks(d, "GET", "/crm/v8/Deals/7");
	answer(d, 200, "{\"data\":[{\"id\":\"7\",\"Invoice_Lines\":[{\"id\":\"101\"},{\"id\":\"102\"},{\"id\":\"103\"}]}]}");
	asks_with(d, "PUT", "/crm/v8/Deals/7", "{\"data\":[{\"Invoice_Lines\":[{\"Amount\":25.00,\"Product\":{\"id\":\"9\"},\"id\":\"101\"},"
		"{\"Amount\":3.50,\"id\":\"102\"},{\"id\":\"103\",\"_delete\":null}]}],\"trigger\":[]}");
	answer(d, 200, "{\"data\":[" WELL("7") "]}");
	assert_int_equal(d->step, MLC_DONE);
	settled(d, 0, "7");
	drive_end(d);

	write_all(d, "Deals", &w, 1);
	answer(d, 204, "");
	refused(d, 0, MLC_STALE);
	drive_end(d);

	write_all(d, "Deals", &w, 1);
	answer(d, 429, REFUSAL("TOO_MANY_REQUESTS", "limit", ""));
	refused(d, 0, MLC_LIMITED);
	drive_end(d);
	json_decref(a);
}

static void deletes_go_as_one_and_what_is_gone_is_done(void **state)
{
	const struct mlc_write w[] = { { .verb = MLC_DO_DELETE, .id = "42", .key = "k-1" }, { .verb = MLC_DO_DELETE, .id = "43", .key = "k-2" } };
	struct drive *d = *state;

	write_all(d, "Deals", w, 2);
	asks(d, "DELETE", "/crm/v8/Deals?ids=42%2C43&wf_trigger=false");
	answer(d, 207, "{\"data\":[{\"code\":\"SUCCESS\",\"details\":{\"id\":\"42\"},\"status\":\"success\"},"
		REFUSAL("INVALID_DATA", "the id given seems to be invalid", "\"api_name\":\"id\"") "]}");
	assert_int_equal(d->step, MLC_DONE);
	assert_true(outcome(d, 0)->record.deleted);
	assert_true(outcome(d, 1)->record.deleted);
	drive_end(d);

	/* What Zoho does not delete is there. */
	write_all(d, "Deals", w, 2);
	answer(d, 207, "{\"data\":[" REFUSAL("CANNOT_DELETE", "no", "\"api_name\":\"id\"") "," REFUSAL("INVALID_DATA", "invalid data", "") "]}");
	refused(d, 0, MLC_REFUSED);
	refused(d, 1, MLC_REFUSED);
	drive_end(d);
}

static void a_lost_reply_is_a_doubt_for_what_was_sent_only(void **state)
{
	json_t *a = json_pack("{s:s}", "Phone", "1"), *b = json_pack("{s:s}", "Phone", "2");
	const struct mlc_write w[] = { { .verb = MLC_DO_UPDATE, .id = "42", .key = "k-1", .data = a }, { .verb = MLC_DO_UPDATE, .id = "43", .key = "k-2", .data = b } };
	struct drive *d = *state;

	write_all(d, "Accounts", w, 2);
	lost(d);
	assert_int_equal(d->step, MLC_DONE);
	refused(d, 0, MLC_IN_DOUBT);
	refused(d, 1, MLC_RETRY);
	drive_end(d);
	json_decref(a);
	json_decref(b);
}

static void there_is_nothing_like_voiding(void **state)
{
	const struct mlc_write w = { .verb = MLC_DO_VOID, .id = "42", .key = "k-1" };
	struct drive *d = *state;

	write_all(d, "Deals", &w, 1);
	fails(d, MLC_REFUSED);
	drive_end(d);
}

/* ZOHO-28: the products of a deal become these, whatever stood there. */
static void the_products_of_a_deal_are_set(void **state)
{
	json_t *a = json_pack("{s:{s:s},s:[{s:{s:s}},{s:{s:s}},{s:{s:s}}]}", "Deal", "id", "7", "Products", "Product", "id", "1", "Product", "id", "2",
		"Product", "id", "2");
	const struct mlc_write w = { .verb = MLC_DO_CREATE, .key = "k-1", .data = a };
	struct drive *d = *state;

	write_all(d, "Deal_Products", &w, 1);
	asks(d, "GET", "/crm/v8/Deals/7/Products?fields=Product_Name&per_page=200");
	answer(d, 200, "{\"data\":[{\"id\":\"1\"},{\"id\":\"3\"}],\"info\":{\"more_records\":false}}");
	asks_with(d, "PUT", "/crm/v8/Deals/7/Products", "{\"data\":[{\"id\":\"2\"}]}");
	answer(d, 200, "{\"data\":[{\"code\":\"SUCCESS\",\"details\":{\"id\":\"2\"},\"status\":\"success\"}]}");
	asks(d, "DELETE", "/crm/v8/Deals/7/Products?ids=3");
	answer(d, 200, "{\"data\":[{\"code\":\"SUCCESS\",\"details\":{\"id\":\"3\"},\"status\":\"success\"}]}");
	assert_int_equal(d->step, MLC_DONE);
	assert_int_equal(outcome(d, 0)->end, WRITE_END_SETTLED);
	assert_string_equal(outcome(d, 0)->record.id, "7");
	drive_end(d);

	/* All there already: nothing is written. */
	write_all(d, "Deal_Products", &w, 1);
	answer(d, 200, "{\"data\":[{\"id\":\"2\"},{\"id\":\"1\"}],\"info\":{\"more_records\":false}}");
	assert_int_equal(outcome(d, 0)->end, WRITE_END_SETTLED);
	drive_end(d);

	write_all(d, "Deal_Products", &w, 1);
	answer(d, 400, REFUSAL("INVALID_DATA", "the related id given seems to be invalid", ""));
	refused(d, 0, MLC_STALE);
	drive_end(d);

	/* What is not seen cannot be taken away. */
	write_all(d, "Deal_Products", &w, 1);
	answer(d, 200, "{\"data\":[{\"id\":\"3\"}],\"info\":{\"more_records\":true}}");
	refused(d, 0, MLC_REFUSED);
	drive_end(d);

	/* Several come, several go. */
	write_all(d, "Deal_Products", &w, 1);
	answer(d, 200, "{\"data\":[{\"id\":\"3\"},{\"id\":\"4\"},{\"id\":\"5\"}],\"info\":{\"more_records\":false}}");
	asks_with(d, "PUT", "/crm/v8/Deals/7/Products", "{\"data\":[{\"id\":\"1\"},{\"id\":\"2\"}]}");
	answer(d, 200, "{\"data\":[{\"code\":\"SUCCESS\",\"status\":\"success\"},{\"code\":\"SUCCESS\",\"status\":\"success\"}]}");
	asks(d, "DELETE", "/crm/v8/Deals/7/Products?ids=3%2C4%2C5");
	drive_end(d);

	/* An answer that says of none that it is there. */
	static const struct { int status; const char *body; enum mlc_fault fault; } odd[] = { { 200, "{\"data\":[]}", MLC_BROKEN }, { 200, "{}", MLC_BROKEN },
		{ 429, REFUSAL("TOO_MANY_REQUESTS", "limit", ""), MLC_LIMITED } };
	for (size_t i = 0; i < 3; i++) {
		write_all(d, "Deal_Products", &w, 1);
		answer(d, 204, "");
		answer(d, odd[i].status, odd[i].body);
		refused(d, 0, odd[i].fault);
		drive_end(d);
	}
	json_t *nobodys = json_pack("{s:{s:s},s:[]}", "Deal", "name", "D", "Products");
	const struct mlc_write without = { .verb = MLC_DO_CREATE, .key = "k-1", .data = nobodys };
	write_all(d, "Deal_Products", &without, 1);
	refused(d, 0, MLC_REFUSED);
	drive_end(d);
	json_decref(nobodys);

	write_all(d, "Deal_Products", &w, 1);
	answer(d, 204, "");
	answer(d, 207, "{\"data\":[" REFUSAL("INVALID_DATA", "the related id given seems to be invalid", "") "]}");
	refused(d, 0, MLC_REFUSED);
	drive_end(d);
	json_decref(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(creates_go_as_one_upsert_by_our_key),
		drive_test(what_has_rows_is_inserted_and_its_key_refuses_the_second),
		drive_test(workflows_are_started_only_if_they_are_wanted),
		drive_test(an_entry_alone_decides_whatever_the_status_says),
		drive_test(fewer_entries_than_records_are_no_answer),
		drive_test(updates_carry_the_version_they_were_made_for),
		drive_test(an_update_of_what_is_gone_is_read_again),
		drive_test(an_id_cannot_lead_to_another_address),
		drive_test(rows_are_laid_over_the_rows_that_are_there),
		drive_test(deletes_go_as_one_and_what_is_gone_is_done),
		drive_test(a_lost_reply_is_a_doubt_for_what_was_sent_only),
		drive_test(there_is_nothing_like_voiding),
		drive_test(the_products_of_a_deal_are_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
