/* ping_tells_what_is_wrong.c - ALL-03, WOO-07: facts of a shop, and why there are none. */
#include "drive.h"

#include "plug/registry.h"

#define INDEX(home)                                                                            \
	"{\"name\":\"Acme &amp; Sons\",\"home\":\"" home "\",\"gmt_offset\":-5,"               \
	"\"timezone_string\":\"America\\/New_York\",\"namespaces\":[\"wp\\/v2\",\"wc\\/v3\"]}"
#define STATUS                                                                                 \
	"{\"environment\":{\"version\":\"11.0.1\",\"wp_version\":\"7.1\"},\"settings\":{"      \
	"\"currency\":\"USD\",\"number_of_decimals\":2,\"HPOS_enabled\":true}}"

static const char *fact(const struct drive *d, const char *name)
{
	return json_text_or(call_facts(d->call), name, "(none)");
}

static void a_healthy_shop_tells_its_facts_and_is_not_written_to(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	asks(d, "GET", "/wp-json/");
	answer(d, 200, INDEX("https:\\/\\/Shop.Example\\/"));
	asks(d, "GET", "/wp-json/wc/v3/system_status?_fields=environment,settings");
	answer(d, 200, STATUS);
	asks(d, "GET", "/wp-json/wc/v3/orders?per_page=1");
	answer_list(d, "[" ORDER_TEXT(7, "20T00:00:00", "") "]", "308", "308");
	asks(d, "GET", "/wp-json/wc/v3/webhooks?per_page=100");
	answer_list(d, "[{\"id\":1,\"name\":\"ml-connector acme/shop order.created\",\"status\":\"active\"},"
		"{\"id\":2,\"name\":\"ml-connector acme/shop order.updated\",\"status\":\"disabled\"},"
		"{\"id\":3,\"name\":\"somebody else\",\"status\":\"active\"}]", "3", "1");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(fact(d, "identity"), "shop.example");
	assert_string_equal(fact(d, "company"), "Acme & Sons");
	assert_string_equal(fact(d, "version"), "11.0.1");
	assert_string_equal(fact(d, "wordpress"), "7.1");
	assert_string_equal(fact(d, "currency"), "USD");
	assert_string_equal(fact(d, "decimals"), "2");
	assert_string_equal(fact(d, "hpos"), "yes");
	assert_string_equal(fact(d, "timezone"), "America/New_York");
	assert_string_equal(fact(d, "gmt_offset"), "-5");
	assert_string_equal(fact(d, "permalinks"), "pretty");
	assert_string_equal(fact(d, "orders"), "308");
	assert_string_equal(fact(d, "webhooks"), "1 active, 1 switched off");
	assert_string_equal(emitted(d), "order 7");
	drive_end(d);
}

static void plain_permalinks_are_found_and_used_from_then_on(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	answer(d, 404, "<html>not found</html>");
	asks(d, "GET", "/index.php/wp-json/");
	answer(d, 200, "<html>the home page</html>");
	asks(d, "GET", "/?rest_route=/");
	answer(d, 200, INDEX("https://shop.example/sub"));
	asks(d, "GET", "/?mlc=wp-json/wc/&rest_route=/wc/v3/system_status&_fields=environment,settings");
	assert_string_equal(fact(d, "permalinks"), "plain");
	assert_string_equal(fact(d, "identity"), "shop.example/sub");
	drive_end(d);

	json_put_text(d->facts, "permalinks", "plain");
	d->input.feed = "taxes";
	begin(d, OP_POLL);
	asks(d, "GET", "/?mlc=wp-json/wc/&rest_route=/wc/v3/taxes&orderby=id&order=asc&per_page=100&page=1");
	drive_end(d);

	/* What a person has written comes before what was found. */
	json_put_text(d->settings, "permalinks", "index");
	d->input.feed = "taxes";
	begin(d, OP_POLL);
	asks(d, "GET", "/index.php/wp-json/wc/v3/taxes?orderby=id&order=asc&per_page=100&page=1");
	drive_end(d);
}

static void each_cause_has_its_own_words(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum mlc_fault fault;
		const char *words;
	} rows[] = {
		{ 200, "{\"name\":\"Blog\",\"home\":\"https://b.example\",\"namespaces\":[\"wp\\/v2\"]}", MLC_REFUSED,
			"without WooCommerce" },
		{ 403, "<html>Cloudflare</html>", MLC_LIMITED, "firewall" },
		{ 503, "<html>Maintenance</html>", MLC_RETRY, "503" },
		{ 500, "", MLC_RETRY, "500" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(d, OP_PING);
		answer(d, rows[i].status, rows[i].body);
		fails(d, rows[i].fault);
		assert_non_null(strstr(why(d), rows[i].words));
		drive_end(d);
	}
	begin(d, OP_PING);
	answer(d, 404, "");
	answer(d, 404, "");
	answer(d, 404, "<html>");
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "is the url right"));
	drive_end(d);

	begin(d, OP_PING);
	answer_headers(d, 301, "", (const char *const[]){ "Location", "https://www.shop.example/wp-json/", NULL });
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "https://www.shop.example/wp-json/"));
	drive_end(d);
}

static void another_shop_than_before_is_not_read(void **state)
{
	struct drive *d = *state;

	d->another = true;
	begin(d, OP_PING);
	answer(d, 200, INDEX("https://other.example"));
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "another shop"));
	drive_end(d);
}

static void a_key_that_may_not_see_webhooks_can_still_poll(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	answer(d, 200, INDEX("https://shop.example"));
	answer(d, 403, "{\"code\":\"woocommerce_rest_cannot_view\",\"message\":\"Sorry.\",\"data\":{\"status\":403}}");
	answer_list(d, "[]", "0", "0");
	answer(d, 403, "{\"code\":\"woocommerce_rest_cannot_view\",\"message\":\"Sorry.\",\"data\":{\"status\":403}}");
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(fact(d, "webhooks"), "not allowed: changes come by polling only");
	assert_string_equal(fact(d, "version"), "(none)");
	drive_end(d);
}

static void a_key_that_is_not_known_is_explained(void **state)
{
	static const char body[] = "{\"code\":\"woocommerce_rest_cannot_view\",\"message\":\"Sorry, you cannot list resources.\","
				   "\"data\":{\"status\":401}}";
	struct drive *d = *state;

	for (int round = 0; round < 2; round++) {
		if (round == 1)
			json_put_text(d->settings, "url", "http://shop.example");
		begin(d, OP_PING);
		answer(d, 200, INDEX("https://shop.example"));
		answer(d, 401, body);
		fails(d, MLC_AUTH);
		assert_non_null(strstr(why(d), round == 0 ? "Authorization header" : "over plain http"));
		drive_end(d);
	}
}

static void the_descriptor_keeps_what_it_promises(void **state)
{
	char flaw[512];

	(void)state;
	if (connector_flaw(&mlc_connector_v1, flaw, sizeof flaw))
		fail_msg("%s", flaw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_descriptor_keeps_what_it_promises),
		drive_test(a_healthy_shop_tells_its_facts_and_is_not_written_to),
		drive_test(plain_permalinks_are_found_and_used_from_then_on),
		drive_test(each_cause_has_its_own_words),
		drive_test(another_shop_than_before_is_not_read),
		drive_test(a_key_that_may_not_see_webhooks_can_still_poll),
		drive_test(a_key_that_is_not_known_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
