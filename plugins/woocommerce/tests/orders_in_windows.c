/* orders_in_windows.c - WOO-12: polling reads on from where it was, and never on faith. */
#include "drive.h"

#include "base/mem.h"

static void poll(struct drive *d, const char *feed, const char *from)
{
	d->input.feed = feed;
	d->input.cursor = from;
	begin(d, OP_POLL);
}

/* A page of count orders from id on, each a second after the one before; step 0: all of one second. */
static const char *page(int id, int count, int second, int step)
{
	static struct buf b;

	buf_finish(&b);
	buf_init(&b, 1 << 20);
	buf_putc(&b, '[');
	for (int i = 0; i < count; i++)
		buf_printf(&b, "%s{\"id\":%d,\"status\":\"processing\",\"order_key\":\"k\",\"line_items\":[],\"refunds\":[],"
			"\"date_modified_gmt\":\"2026-11-20T%02d:%02d:%02d\"}", i ? "," : "", id + i, (second + i * step) / 3600,
			(second + i * step) / 60 % 60, (second + i * step) % 60);
	buf_putc(&b, ']');
	return b.data;
}

static void the_first_reading_begins_with_the_first_order(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", NULL);
	asks(d, "GET", "/wp-json/wc/v3/orders?status=any&orderby=modified&order=asc&per_page=100&page=1");
	answer_list(d, "[" ORDER_TEXT(7, "20T10:00:00", "") "," ORDER_TEXT(8, "20T10:00:05", "") "]", "2", "1");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "order 7, order 8");
	assert_string_equal(cursor(d), "2026-11-20T10:00:05Z");
	drive_end(d);
}

static void an_order_goes_on_as_the_text_that_came(void **state)
{
	const char *order = ORDER_TEXT(7, "20T10:00:00", ",\"note\":\"Caf\\u00e9 \\/ 17.993333333333332\"");
	struct drive *d = *state;
	char *list = xformat(" [ %s ] ", order);

	poll(d, "orders", NULL);
	answer_list(d, list, "1", "1");
	assert_int_equal(record(d, 0)->text_len, strlen(order));
	assert_memory_equal(record(d, 0)->text, order, strlen(order));
	assert_int_equal(record(d, 0)->changed_ms, INT64_C(1795168800000));
	assert_null(record(d, 0)->version);
	free(list);
	drive_end(d);
}

static void the_next_reading_overlaps_and_asks_in_utc(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", "2026-11-20T10:00:05Z");
	asks(d, "GET", "/wp-json/wc/v3/orders?status=any&modified_after=2026-11-20T09%3A50%3A05Z&dates_are_gmt=true"
		"&orderby=modified&order=asc&per_page=100&page=1");
	answer_list(d, "[]", "0", "0");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	assert_null(cursor(d));
	drive_end(d);
}

static void a_person_may_have_it_read_from_a_day_on(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", "@2026-10-01T00:00:00Z");
	assert_non_null(strstr(call_inside(d->call)->request->path, "modified_after=2026-09-30T23%3A59%3A59Z&"));
	drive_end(d);
}

static void a_window_moves_with_its_pages_and_each_page_is_committed(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", "2026-11-20T00:10:00Z");
	answer_list(d, page(1, 100, 3600, 1), "150", "2");
	asks(d, "GET", "/wp-json/wc/v3/orders?status=any&modified_after=2026-11-20T01%3A01%3A38Z&dates_are_gmt=true"
		"&orderby=modified&order=asc&per_page=100&page=1");
	assert_string_equal(cursor(d), "2026-11-20T01:01:39Z");
	commit(d);
	answer_list(d, page(100, 51, 3699, 1), "51", "1");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(cursor(d), "2026-11-20T01:02:29Z");
	drive_end(d);
}

static void a_hundred_and_more_of_one_second_are_all_read(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", NULL);
	answer_list(d, page(1, 100, 3600, 0), "230", "3");
	commit(d);
	/* The window moves to just before that second once, and then by pages. */
	assert_non_null(strstr(call_inside(d->call)->request->path, "modified_after=2026-11-20T00%3A59%3A59Z"));
	answer_list(d, page(1, 100, 3600, 0), "230", "3");
	commit(d);
	assert_non_null(strstr(call_inside(d->call)->request->path, "per_page=100&page=2"));
	answer_list(d, page(101, 100, 3600, 0), "230", "3");
	commit(d);
	assert_non_null(strstr(call_inside(d->call)->request->path, "per_page=100&page=3"));
	answer_list(d, page(201, 30, 3600, 0), "230", "3");
	assert_int_equal(d->step, MLC_DONE);
	drive_end(d);
}

static void a_short_page_is_not_the_last_where_the_shop_says_so(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", NULL);
	answer_list(d, page(1, 98, 3600, 1), "150", "2");
	assert_int_equal(d->step, MLC_SEND);
	drive_end(d);
}

static void a_shop_without_order_is_read_by_pages_and_committed_at_the_end(void **state)
{
	struct drive *d = *state;
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, page(1, 99, 7200, 1));
	b.len--;
	buf_puts(&b, "," ORDER_TEXT(500, "20T00:30:00", "") "]");
	poll(d, "orders", NULL);
	answer_list(d, b.data, "120", "2");
	assert_null(cursor(d));
	commit(d);
	assert_non_null(strstr(call_inside(d->call)->request->path, "per_page=100&page=2"));
	answer_list(d, page(200, 20, 3600, 1), "120", "2");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(cursor(d), "2026-11-20T02:01:38Z");
	buf_finish(&b);
	drive_end(d);
}

static void a_shop_that_ignores_the_window_is_found_out(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", "2026-11-20T10:00:00Z");
	answer_list(d, "[" ORDER_TEXT(7, "19T10:00:00", "") "]", "1", "1");
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "ignores modified_after"));
	assert_null(cursor(d));
	drive_end(d);
}

/* A cache that knows one page: it is not read for ever. */
static void a_page_that_repeats_ends_the_reading(void **state)
{
	struct drive *d = *state;
	struct buf customers;

	poll(d, "orders", NULL); /* all of one second, so that the window cannot move */
	answer_list(d, page(1, 100, 7200, 0), "250", "3");
	commit(d);
	assert_non_null(strstr(call_inside(d->call)->request->path, "&page=1"));
	answer_list(d, page(1, 100, 7200, 0), "250", "3"); /* of that second on */
	commit(d);
	assert_non_null(strstr(call_inside(d->call)->request->path, "&page=2"));
	answer_list(d, page(1, 100, 7200, 0), "250", "3");
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "page 2 is the one before it once more"));
	drive_end(d);

	buf_init(&customers, 1 << 20);
	for (int i = 1; i <= 100; i++)
		buf_printf(&customers, "%s{\"id\":%d,\"email\":\"a@b.example\",\"billing\":{},\"role\":\"customer\"}", i > 1 ? "," : "[", i);
	buf_putc(&customers, ']');
	poll(d, "customers", NULL);
	answer_list(d, customers.data, "250", "3");
	commit(d);
	answer_list(d, customers.data, "250", "3");
	fails(d, MLC_BROKEN);
	buf_finish(&customers);
	drive_end(d);
}

static void garbage_is_not_an_empty_page(void **state)
{
	static const struct {
		const char *body, *total, *words;
	} rows[] = {
		{ "", "0", "but nothing" },
		{ "<!DOCTYPE html><html>", "0", "web page" },
		{ "<br />\n<b>Notice</b>: Undefined index in x.php<br />\n[]", "0", "PHP notice" },
		{ "{}", "0", "not a list" },
		{ "null", "0", "not a list" },
		{ "[", "0", "not a whole list" },
		{ "[" ORDER_TEXT(7, "20T10:00:00", ""), "1", "not a whole list" },
		{ "[" ORDER_TEXT(7, "20T10:00:00", "") "] <br />", "1", "not a whole list" },
		{ "[7]", "1", "list of records" },
		{ "[{\"code\":\"x\"}]", "1", "has an id" },
		{ "[{\"id\":7}]", "1", "with their times" },
		{ "[{\"id\":7,\"date_modified_gmt\":\"yesterday\"}]", "1", "with their times" },
		{ "[]", "12", "how long it is" }, /* a shop that has twelve */
		{ "[]", NULL, "how long it is" }, /* not WordPress at all */
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		poll(d, "orders", "2026-11-20T00:00:00Z");
		answer_list(d, rows[i].body, rows[i].total, "1");
		fails(d, MLC_BROKEN);
		assert_non_null(strstr(why(d), rows[i].words));
		assert_null(cursor(d));
		drive_end(d);
	}
}

static void refunds_come_whole_before_their_page_is_committed(void **state)
{
	const char *refund = "{\"id\":52,\"amount\":\"21.77\",\"date_created_gmt\":\"2026-11-20T12:00:00\",\"line_items\":[]}";
	struct drive *d = *state;
	char *list = xformat("[%s]", refund);

	poll(d, "orders", NULL);
	answer_list(d, "[" ORDER_TEXT(42, "20T12:00:00", ",\"refunds\":[{\"id\":52,\"total\":\"-21.77\"}]") ","
		ORDER_TEXT(43, "20T12:00:01", ",\"refunds\":[]") "," ORDER_TEXT(44, "20T12:00:02", ",\"refunds\":[{\"id\":60}]") "]", "3", "1");
	assert_null(cursor(d));
	asks(d, "GET", "/wp-json/wc/v3/orders/42/refunds?per_page=100");
	answer_list(d, list, "1", "1");
	asks(d, "GET", "/wp-json/wc/v3/orders/44/refunds?per_page=100");
	answer(d, 404, "{\"code\":\"woocommerce_rest_order_invalid_id\",\"message\":\"Invalid order ID.\",\"data\":{\"status\":404}}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "order 42, order 43, order 44, refund 42-52");
	assert_string_equal(cursor(d), "2026-11-20T12:00:02Z");
	/* The shop leaves out whose it is (SOURCES.md 7). */
	json_t *whole = json_read(record(d, 3)->text, record(d, 3)->text_len, NULL);
	assert_int_equal(json_int_or(whole, "parent_id", 0), 42);
	assert_string_equal(json_text_at(whole, "amount"), "21.77");
	assert_int_equal(record(d, 3)->changed_ms, INT64_C(1795176000000));
	json_decref(whole);
	free(list);
	drive_end(d);
}

static void refunds_that_do_not_come_hold_the_cursor(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", NULL);
	answer_list(d, "[" ORDER_TEXT(42, "20T12:00:00", ",\"refunds\":[{\"id\":52}]") "]", "1", "1");
	answer(d, 200, "<html>");
	fails(d, MLC_BROKEN);
	assert_null(cursor(d));
	drive_end(d);
}

static void carts_are_no_orders(void **state)
{
	struct drive *d = *state;

	poll(d, "orders", NULL);
	answer_list(d, "[{\"id\":58,\"status\":\"checkout-draft\",\"date_modified_gmt\":\"2026-11-20T12:00:00\"},"
		"{\"id\":59,\"status\":\"auto-draft\",\"date_modified_gmt\":\"2026-11-20T12:00:00\"},"
		"{\"id\":60,\"status\":\"wc-custom\",\"date_modified_gmt\":\"2026-11-20T12:00:00\"}]", "3", "1");
	assert_string_equal(emitted(d), "order 60");
	drive_end(d);
}

static void the_trash_tells_of_deleted_orders(void **state)
{
	struct drive *d = *state;

	poll(d, "trash", NULL);
	asks(d, "GET", "/wp-json/wc/v3/orders?status=trash&orderby=modified&order=asc&per_page=100&page=1");
	answer_list(d, "[{\"id\":57,\"status\":\"trash\",\"date_modified_gmt\":\"2026-11-20T12:00:00\",\"refunds\":[{\"id\":9}]}]", "1", "1");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "deleted order 57");
	assert_int_equal(record(d, 0)->changed_ms, INT64_C(1795176000000));
	assert_string_equal(cursor(d), "2026-11-20T12:00:00Z");
	drive_end(d);
}

static void customers_are_read_whole_and_their_names_decoded_once(void **state)
{
	struct drive *d = *state;

	poll(d, "customers", "whatever was there");
	asks(d, "GET", "/wp-json/wc/v3/customers?role=all&orderby=registered_date&order=asc&per_page=100&page=1");
	answer_list(d, "[{\"id\":14,\"first_name\":\"Jos\\u00e9\",\"last_name\":\"O'Neil &amp; S\\u00f6hne\",\"date_modified_gmt\":null,"
		"\"avatar_url\":\"x\",\"_links\":{},\"billing\":{\"last_name\":\"A &amp; B\"}}]", "1", "1");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(record(d, 0)->text, "{\"id\":14,\"first_name\":\"Jos\xc3\xa9\",\"last_name\":\"O'Neil & S\xc3\xb6hne\","
		"\"date_modified_gmt\":null,\"billing\":{\"last_name\":\"A &amp; B\"}}");
	assert_int_equal(record(d, 0)->changed_ms, 0);
	drive_end(d);
}

static void one_record_that_cannot_be_read_does_not_stop_the_rest(void **state)
{
	struct drive *d = *state;

	poll(d, "customers", NULL);
	answer_list(d, "[{\"id\":14,\"a\":1,\"a\":2},{\"id\":15}]", "2", "1");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "customer 14, customer 15");
	drive_end(d);
}

static void products_bring_their_variations(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	asks(d, "GET", "/wp-json/wc/v3/products?orderby=modified&order=asc&per_page=100&page=1");
	answer_list(d, "[{\"id\":16,\"sku\":\"HOODIE\",\"related_ids\":[3,1],\"price_html\":\"<b>\",\"date_modified_gmt\":\"2026-11-20T12:00:00\","
		"\"variations\":[17,18]},{\"id\":10,\"sku\":\"TEE\",\"date_modified_gmt\":\"2026-11-20T12:00:01\",\"variations\":[]}]", "2", "1");
	asks(d, "GET", "/wp-json/wc/v3/products/16/variations?per_page=100");
	answer_list(d, "[{\"id\":17,\"sku\":\"HOODIE-M\"},{\"id\":18,\"parent_id\":16}]", "2", "1");
	assert_string_equal(emitted(d), "product 16, product 10, variation 16-17, variation 16-18");
	assert_string_equal(record(d, 2)->text, "{\"id\":17,\"sku\":\"HOODIE-M\",\"parent_id\":16}");
	assert_null(strstr(record(d, 0)->text, "related_ids"));
	drive_end(d);
}

static void variations_beyond_a_page_are_read_too(void **state)
{
	struct drive *d = *state;

	poll(d, "products", NULL);
	answer_list(d, "[{\"id\":16,\"date_modified_gmt\":\"2026-11-20T12:00:00\",\"variations\":[17,18]},"
		"{\"id\":20,\"date_modified_gmt\":\"2026-11-20T12:00:01\",\"variations\":[21]}]", "2", "1");
	answer_list(d, "[{\"id\":17}]", "101", "2");
	asks(d, "GET", "/wp-json/wc/v3/products/16/variations?per_page=100&page=2");
	answer_list(d, "[{\"id\":18}]", "101", "2");
	asks(d, "GET", "/wp-json/wc/v3/products/20/variations?per_page=100"); /* from its first page */
	answer_list(d, "[{\"id\":21}]", "1", "1");
	assert_string_equal(emitted(d), "product 16, product 20, variation 16-17, variation 16-18, variation 20-21");
	drive_end(d);

	poll(d, "products", NULL);
	answer_list(d, "[{\"id\":16,\"date_modified_gmt\":\"2026-11-20T12:00:00\",\"variations\":[17]}]", "1", "1");
	for (int i = 0; i < 100 && d->step == MLC_SEND; i++)
		answer_list(d, "[{\"id\":17}]", "1", "999"); /* the same page for ever */
	fails(d, MLC_BROKEN);
	drive_end(d);
}

static void a_shop_that_is_too_weak_for_a_big_page_gets_small_ones(void **state)
{
	struct drive *d = *state;

	d->input.attempt = 2;
	poll(d, "orders", NULL);
	assert_non_null(strstr(call_inside(d->call)->request->path, "per_page=20&"));
	answer_list(d, page(1, 20, 3600, 1), "40", "2");
	assert_int_equal(d->step, MLC_SEND);
	drive_end(d);
}

static void no_parameter_is_an_array(void **state)
{
	static const char *const feeds[] = { "orders", "trash", "recheck", "customers", "products", "taxes" };
	struct drive *d = *state;

	/* PHP reads a[]=1 as a[0]=1, and OAuth 1.0a then signs something else (SOURCES.md 2). */
	for (size_t i = 0; i < sizeof feeds / sizeof *feeds; i++) {
		poll(d, feeds[i], NULL);
		assert_null(strpbrk(call_inside(d->call)->request->path, "[]"));
		assert_null(strstr(call_inside(d->call)->request->path, "%5B"));
		assert_true(call_inside(d->call)->request->repeatable);
		drive_end(d);
	}
}

#define T(name) drive_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_first_reading_begins_with_the_first_order),
		T(an_order_goes_on_as_the_text_that_came),
		T(the_next_reading_overlaps_and_asks_in_utc),
		T(a_person_may_have_it_read_from_a_day_on),
		T(a_window_moves_with_its_pages_and_each_page_is_committed),
		T(a_hundred_and_more_of_one_second_are_all_read),
		T(a_short_page_is_not_the_last_where_the_shop_says_so),
		T(a_shop_without_order_is_read_by_pages_and_committed_at_the_end),
		T(a_shop_that_ignores_the_window_is_found_out),
		T(a_page_that_repeats_ends_the_reading),
		T(garbage_is_not_an_empty_page),
		T(refunds_come_whole_before_their_page_is_committed),
		T(refunds_that_do_not_come_hold_the_cursor),
		T(carts_are_no_orders),
		T(the_trash_tells_of_deleted_orders),
		T(customers_are_read_whole_and_their_names_decoded_once),
		T(one_record_that_cannot_be_read_does_not_stop_the_rest),
		T(products_bring_their_variations),
		T(variations_beyond_a_page_are_read_too),
		T(a_shop_that_is_too_weak_for_a_big_page_gets_small_ones),
		T(no_parameter_is_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
