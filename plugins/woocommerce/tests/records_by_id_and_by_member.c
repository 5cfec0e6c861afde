/* records_by_id_and_by_member.c - fetch and find: the record, or that it is gone, and nothing on faith. */
#include "drive.h"

#define GONE(code) "{\"code\":\"" code "\",\"message\":\"Invalid ID.\",\"data\":{\"status\":404}}"

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

static const char *const one[] = { "42", NULL };

static void an_order_is_fetched_with_its_refunds(void **state)
{
	struct drive *d = *state;

	fetch(d, "order", (const char *const[]){ "42", "43", NULL });
	asks(d, "GET", "/wp-json/wc/v3/orders/42");
	answer(d, 200, ORDER_TEXT(42, "20T10:00:00", ",\"refunds\":[{\"id\":52}]"));
	asks(d, "GET", "/wp-json/wc/v3/orders/42/refunds?per_page=100");
	answer_list(d, "[{\"id\":52,\"amount\":\"1.00\"}]", "1", "1");
	asks(d, "GET", "/wp-json/wc/v3/orders/43");
	answer(d, 200, ORDER_TEXT(43, "20T10:00:00", ""));
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "order 42, refund 42-52, order 43");
	drive_end(d);
}

static void a_record_that_is_gone_is_told_as_deleted(void **state)
{
	static const struct {
		const char *entity, *id, *path, *code;
	} rows[] = {
		{ "order", "42", "/wp-json/wc/v3/orders/42", "woocommerce_rest_shop_order_invalid_id" },
		{ "customer", "14", "/wp-json/wc/v3/customers/14", "wc_user_invalid_id" },
		{ "product", "10", "/wp-json/wc/v3/products/10", "woocommerce_rest_product_invalid_id" },
		{ "tax", "3", "/wp-json/wc/v3/taxes/3", "woocommerce_rest_invalid_id" },
		{ "refund", "42-52", "/wp-json/wc/v3/orders/42/refunds/52", "woocommerce_rest_invalid_order_refund_id" },
		{ "refund", "42-52", "/wp-json/wc/v3/orders/42/refunds/52", "woocommerce_rest_invalid_order_id" },
		{ "variation", "16-18", "/wp-json/wc/v3/products/16/variations/18", "woocommerce_rest_product_variation_invalid_id" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *body = xformat(GONE("%s"), rows[i].code), *expected = xformat("deleted %s %s", rows[i].entity, rows[i].id);

		fetch(d, rows[i].entity, (const char *const[]){ rows[i].id, NULL });
		asks(d, "GET", rows[i].path);
		answer(d, 404, body);
		assert_int_equal(d->step, MLC_DONE);
		assert_string_equal(emitted(d), expected);
		free(body);
		free(expected);
		drive_end(d);
	}
}

static void an_order_in_the_trash_is_deleted(void **state)
{
	struct drive *d = *state;

	fetch(d, "order", one);
	answer(d, 200, "{\"id\":42,\"status\":\"trash\",\"date_modified_gmt\":\"2026-11-20T12:00:00\",\"refunds\":[{\"id\":1}]}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "deleted order 42");
	drive_end(d);
}

/* WOO-35: a shop whose plugin is off, or whose page is somebody else's, deletes no order. */
static void no_other_404_means_deleted(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum mlc_fault fault;
	} rows[] = {
		{ 404, "<html>Not found</html>", MLC_BROKEN },
		{ 404, GONE("rest_no_route"), MLC_BROKEN },
		{ 404, "", MLC_BROKEN },
		{ 410, GONE("woocommerce_rest_already_trashed"), MLC_REFUSED },
		{ 401, GONE("woocommerce_rest_shop_order_invalid_id"), MLC_AUTH },
		{ 200, GONE("woocommerce_rest_shop_order_invalid_id"), MLC_BROKEN },
		{ 200, "[]", MLC_BROKEN },
		{ 200, "{}", MLC_BROKEN },
		{ 200, "", MLC_BROKEN },
		{ 200, "{\"id\":42", MLC_BROKEN },
		{ 200, "{\"id\":43}", MLC_BROKEN },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fetch(d, "order", one);
		answer(d, rows[i].status, rows[i].body);
		fails(d, rows[i].fault);
		assert_string_equal(emitted(d), "");
		drive_end(d);
	}
}

static void what_is_no_id_is_refused_before_anything_is_asked(void **state)
{
	static const struct {
		const char *entity, *id;
	} rows[] = { { "order", "42/../../users" }, { "order", "" }, { "order", "-1" }, { "order", "42-52" }, { "refund", "52" },
		{ "refund", "42-" }, { "refund", "42-0" }, { "variation", "a-b" }, { "order", "99999999999999999999" } };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fetch(d, rows[i].entity, (const char *const[]){ rows[i].id, NULL });
		fails(d, MLC_REFUSED);
		drive_end(d);
	}
}

static void a_customer_is_found_by_his_address_whatever_its_case(void **state)
{
	struct drive *d = *state;

	find(d, "customer", json_pack("{s:s}", "email", "Jos\xc3\xa9+x@Example.com"));
	asks(d, "GET", "/wp-json/wc/v3/customers?per_page=100&page=1&email=Jos%C3%A9%2Bx%40Example.com&role=all");
	answer_list(d, "[{\"id\":14,\"email\":\"jos\\u00e9+x@example.com\"},{\"id\":15,\"email\":\"other@example.com\"}]", "2", "1");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "customer 14");
	drive_end(d);
}

static void an_order_is_found_by_its_number_exactly(void **state)
{
	struct drive *d = *state;

	find(d, "order", json_pack("{s:s}", "number", "2026/INV-1"));
	asks(d, "GET", "/wp-json/wc/v3/orders?per_page=100&page=1&search=2026%2FINV-1&status=any");
	answer_list(d, "[{\"id\":7,\"number\":\"2026\\/INV-12\"},{\"id\":8,\"number\":\"2026\\/INV-1\"}]", "2", "1");
	assert_string_equal(emitted(d), "order 8");
	drive_end(d);

	find(d, "order", json_pack("{s:i}", "id", 42));
	asks(d, "GET", "/wp-json/wc/v3/orders?per_page=100&page=1&include=42&status=any");
	answer_list(d, "[]", "0", "0");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	drive_end(d);
}

static void a_sku_is_a_products_or_a_variations(void **state)
{
	const char *list = "[{\"id\":10,\"type\":\"simple\",\"sku\":\"X\",\"parent_id\":0},"
			   "{\"id\":18,\"type\":\"variation\",\"sku\":\"X\",\"parent_id\":16}]";
	struct drive *d = *state;

	find(d, "product", json_pack("{s:s}", "sku", "X"));
	asks(d, "GET", "/wp-json/wc/v3/products?per_page=100&page=1&sku=X");
	answer_list(d, list, "2", "1");
	assert_string_equal(emitted(d), "product 10");
	drive_end(d);
	find(d, "variation", json_pack("{s:s}", "sku", "X"));
	answer_list(d, list, "2", "1");
	assert_string_equal(emitted(d), "variation 16-18");
	drive_end(d);
}

static void refunds_are_found_by_their_order(void **state)
{
	struct drive *d = *state;

	find(d, "refund", json_pack("{s:s}", "parent_id", "42"));
	asks(d, "GET", "/wp-json/wc/v3/orders/42/refunds?per_page=100&page=1");
	answer_list(d, "[{\"id\":52},{\"id\":54}]", "2", "1");
	assert_string_equal(emitted(d), "refund 42-52, refund 42-54");
	drive_end(d);
	find(d, "refund", json_pack("{s:s}", "parent_id", "42"));
	answer(d, 404, GONE("woocommerce_rest_order_invalid_id"));
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	drive_end(d);
}

static void tax_rates_are_found_among_all(void **state)
{
	struct drive *d = *state;

	find(d, "tax", json_pack("{s:s,s:s}", "country", "US", "state", "NY"));
	asks(d, "GET", "/wp-json/wc/v3/taxes?per_page=100&page=1");
	answer_list(d, "[{\"id\":1,\"country\":\"US\",\"state\":\"NY\"},{\"id\":4,\"country\":\"US\",\"state\":\"CA\"}]", "150", "2");
	asks(d, "GET", "/wp-json/wc/v3/taxes?per_page=100&page=2");
	answer_list(d, "[{\"id\":5,\"country\":\"US\",\"state\":\"NY\"}]", "150", "2");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "tax 1, tax 5");
	drive_end(d);
}

static void what_the_shop_cannot_look_up_is_refused(void **state)
{
	struct drive *d = *state;

	find(d, "order", json_pack("{s:s}", "billing", "x"));
	fails(d, MLC_REFUSED);
	drive_end(d);
	find(d, "refund", json_pack("{s:s}", "parent_id", "x"));
	fails(d, MLC_REFUSED);
	drive_end(d);
}

/* A match that says "there is none" makes a second one. */
static void a_search_without_end_is_no_proof_that_there_is_none(void **state)
{
	struct drive *d = *state;

	find(d, "order", json_pack("{s:s}", "number", "1"));
	for (int page = 1; page <= 50; page++)
		answer_list(d, "[{\"id\":10,\"number\":\"10\"}]", "6000", "60");
	fails(d, MLC_REFUSED);
}

#define T(name) drive_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_order_is_fetched_with_its_refunds),
		T(a_record_that_is_gone_is_told_as_deleted),
		T(an_order_in_the_trash_is_deleted),
		T(no_other_404_means_deleted),
		T(what_is_no_id_is_refused_before_anything_is_asked),
		T(a_customer_is_found_by_his_address_whatever_its_case),
		T(an_order_is_found_by_its_number_exactly),
		T(a_sku_is_a_products_or_a_variations),
		T(refunds_are_found_by_their_order),
		T(tax_rates_are_found_among_all),
		T(what_the_shop_cannot_look_up_is_refused),
		T(a_search_without_end_is_no_proof_that_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
