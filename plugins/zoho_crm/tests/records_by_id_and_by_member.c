/* records_by_id_and_by_member.c - fetch and find: the record, or that it is gone, and nothing on faith. */
#include "drive.h"

static void fetch(struct drive *d, const char *entity, const char *const *ids)
{
	d->input.entity = entity;
	d->input.ids = ids;
	begin(d, OP_FETCH);
}

static void find(struct drive *d, const char *entity, json_t *criteria)
{
	d->input.entity = entity;
	d->input.data = d->data = criteria;
	begin(d, OP_FIND);
}

static const char *query_sent(const struct drive *d)
{
	static char text[1024];
	const struct mlc_request *r = call_inside(d->call)->request;
	json_t *body = json_read(r->body, r->body_len, NULL);

	snprintf(text, sizeof text, "%s", json_text_or(body, "select_query", ""));
	json_decref(body);
	return text;
}

static void records_are_fetched_one_by_one_and_204_means_gone(void **state)
{
	struct drive *d = *state;

	fetch(d, "Accounts", (const char *const[]){ "42", "43", NULL });
	asks(d, "GET", "/crm/v8/Accounts/42");
	answer(d, 200, "{\"data\":[" ACCOUNT("42", "Byron", "2026-11-20T10:00:00Z") "]}");
	asks(d, "GET", "/crm/v8/Accounts/43");
	answer(d, 204, "");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "Accounts 42, deleted Accounts 43");
	drive_end(d);
}

static void a_reply_that_is_another_record_is_garbage(void **state)
{
	static const char *const bodies[] = { "{\"data\":[" ACCOUNT("43", "B", "2026-11-20T10:00:00Z") "]}", "{\"data\":[]}", "{}", "[]", "{\"data\":[null]}" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		fetch(d, "Accounts", (const char *const[]){ "42", NULL });
		answer(d, 200, bodies[i]);
		fails(d, MLC_BROKEN);
		assert_string_equal(emitted(d), "");
		drive_end(d);
	}
}

static void what_is_no_id_is_refused_before_anything_is_asked(void **state)
{
	static const char *const ids[] = { "", "-1", "1/../2", "x", "99999999999999999999" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		fetch(d, "Accounts", (const char *const[]){ ids[i], NULL });
		fails(d, MLC_REFUSED);
		drive_end(d);
	}
}

static void the_products_of_a_deal_are_one_record(void **state)
{
	struct drive *d = *state;

	fetch(d, "Deal_Products", (const char *const[]){ "7", "8", "9", NULL });
	asks(d, "GET", "/crm/v8/Deals/7/Products?fields=Product_Name&per_page=200");
	answer(d, 200, "{\"data\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"info\":{\"more_records\":false}}");
	answer(d, 204, "");
	answer(d, 400, REFUSAL("INVALID_DATA", "the related id given seems to be invalid", ""));
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "Deal_Products 7, Deal_Products 8, deleted Deal_Products 9");
	assert_string_equal(member(d, 0, "Products.1.Product.id"), "2");
	assert_int_equal(json_array_size(json_object_get(record(d, 1)->data, "Products")), 0);
	drive_end(d);

	/* Not every refusal says that the deal is gone. */
	fetch(d, "Deal_Products", (const char *const[]){ "9", NULL });
	answer(d, 400, REFUSAL("REQUIRED_PARAM_MISSING", "fields", ""));
	fails(d, MLC_REFUSED);
	assert_string_equal(emitted(d), "");
	drive_end(d);
	fetch(d, "Deal_Products", (const char *const[]){ "9", NULL });
	answer(d, 500, REFUSAL("INVALID_DATA", "oops", ""));
	assert_int_equal(d->step, MLC_FAIL);
	assert_string_equal(emitted(d), "");
	drive_end(d);

	/* Some of them are not all of them. */
	fetch(d, "Deal_Products", (const char *const[]){ "9", NULL });
	answer(d, 200, "{\"data\":[{\"id\":\"1\"}],\"info\":{\"more_records\":true}}");
	fails(d, MLC_REFUSED);
	assert_string_equal(emitted(d), "");
	drive_end(d);
}

/* Amounts in rows are amounts, too. */
static void rows_are_tidied_like_their_record(void **state)
{
	struct drive *d = *state;

	fetch(d, "Deals", (const char *const[]){ "7", NULL });
	answer(d, 200, "{\"data\":[{\"id\":\"7\",\"Deal_Name\":\"D\",\"Amount\":12,\"Modified_Time\":\"2026-11-20T10:00:00+01:00\",\"Invoice_Lines\":"
		"[{\"id\":\"101\",\"Amount\":10,\"$in_merge\":false},{\"id\":\"102\",\"Amount\":1.55},null]}]}");
	assert_string_equal(member(d, 0, "Amount"), "12");
	assert_string_equal(member(d, 0, "Invoice_Lines.0.Amount"), "10");
	assert_string_equal(member(d, 0, "Invoice_Lines.0.$in_merge"), "(none)");
	assert_string_equal(member(d, 0, "Invoice_Lines.1.Amount"), "1.55");
	assert_int_equal(json_array_size(json_object_get(record(d, 0)->data, "Invoice_Lines")), 3);
	drive_end(d);
}

/* COQL, since the index of the search lags behind. */
static void a_record_is_found_by_coql_and_then_read(void **state)
{
	struct drive *d = *state;

	find(d, "Vendors", json_pack("{s:s}", "Vendor_Name", "O'Neil \\ Sons"));
	asks(d, "POST", "/crm/v8/coql");
	assert_string_equal(query_sent(d), "select id from Vendors where Vendor_Name = 'O\\'Neil \\\\ Sons' order by id limit 0, 100");
	assert_true(call_inside(d->call)->request->repeatable);
	answer(d, 200, "{\"data\":[{\"id\":\"5\"},{\"id\":\"6\"}],\"info\":{\"count\":2,\"more_records\":false}}");
	assert_non_null(strstr(call_inside(d->call)->request->path, "/crm/v8/Vendors?ids=5%2C6&fields=id%2C"));
	answer(d, 200, "{\"data\":[{\"id\":\"5\",\"Vendor_Name\":\"O'Neil\"},{\"id\":\"6\",\"Vendor_Name\":\"O'Neil\"}],\"info\":{\"more_records\":false}}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "Vendors 5, Vendors 6");
	drive_end(d);
}

static void nothing_found_is_a_204_and_nothing_else(void **state)
{
	struct drive *d = *state;

	find(d, "Vendors", json_pack("{s:s}", "Vendor_Name", "X"));
	answer(d, 204, "");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	drive_end(d);

	find(d, "Vendors", json_pack("{s:s}", "Vendor_Name", "X"));
	answer(d, 200, "{\"data\":[],\"info\":{\"more_records\":true}}");
	fails(d, MLC_BROKEN);
	drive_end(d);

	find(d, "Vendors", json_pack("{s:s}", "External_Id", "X"));
	answer(d, 400, REFUSAL("INVALID_QUERY", "column given seems to be invalid", "\"column_name\":\"External_Id\""));
	fails(d, MLC_REFUSED);
	drive_end(d);
}

static void several_members_stand_in_pairs_and_lookups_by_id(void **state)
{
	struct drive *d = *state;

	find(d, "Deals", json_pack("{s:s,s:{s:s},s:s}", "Deal_Name", "D", "Account_Name", "id", "42", "Stage", "Closed Won"));
	assert_string_equal(query_sent(d),
		"select id from Deals where ((Deal_Name = 'D' and Account_Name = '42') and Stage = 'Closed Won') order by id limit 0, 100");
	drive_end(d);

	find(d, "Products", json_pack("{s:b,s:i}", "Product_Active", 0, "Unit_Price", 7));
	assert_string_equal(query_sent(d), "select id from Products where (Product_Active = false and Unit_Price = 7) order by id limit 0, 100");
	drive_end(d);

	find(d, "Deals", json_pack("{s:{s:s}}", "Account_Name", "name", "Byron"));
	fails(d, MLC_REFUSED);
	drive_end(d);
	find(d, "Deals", json_object());
	fails(d, MLC_REFUSED);
	drive_end(d);
}

static void many_are_read_page_by_page(void **state)
{
	struct drive *d = *state;

	find(d, "Contacts", json_pack("{s:s}", "Last_Name", "Smith"));
	answer(d, 200, "{\"data\":[{\"id\":\"5\"}],\"info\":{\"more_records\":true}}");
	answer(d, 200, "{\"data\":[{\"id\":\"5\",\"Last_Name\":\"Smith\"}],\"info\":{\"more_records\":false}}");
	assert_non_null(strstr(query_sent(d), "limit 100, 100"));
	answer(d, 200, "{\"data\":[{\"id\":\"6\"}],\"info\":{\"more_records\":true}}");
	assert_non_null(strstr(call_inside(d->call)->request->path, "/crm/v8/Contacts?ids=6&fields="));
	answer(d, 200, "{\"data\":[{\"id\":\"6\",\"Last_Name\":\"Smith\"}],\"info\":{\"more_records\":false}}");
	answer(d, 204, "");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "Contacts 5, Contacts 6");
	drive_end(d);

	static const char *const odd[] = { "{\"data\":[{\"id\":\"5,6\"}]}", "{\"data\":[{}]}", "{\"data\":[{\"id\":7}]}" };
	for (size_t i = 0; i < 3; i++) {
		find(d, "Contacts", json_pack("{s:s}", "Last_Name", "Smith"));
		answer(d, 200, odd[i]);
		fails(d, MLC_BROKEN);
		drive_end(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(records_are_fetched_one_by_one_and_204_means_gone),
		drive_test(a_reply_that_is_another_record_is_garbage),
		drive_test(what_is_no_id_is_refused_before_anything_is_asked),
		drive_test(the_products_of_a_deal_are_one_record),
		drive_test(rows_are_tidied_like_their_record),
		drive_test(a_record_is_found_by_coql_and_then_read),
		drive_test(nothing_found_is_a_204_and_nothing_else),
		drive_test(several_members_stand_in_pairs_and_lookups_by_id),
		drive_test(many_are_read_page_by_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
