/* webhooks_are_read.c - WOO-09, WOO-12: what a webhook says is believed as far as it is signed. */
#include "drive.h"

#include <mlc/help.h>

/* Receives one; gives back the status that is answered. */
static int receive(struct drive *d, const char *topic, const char *body, bool trusted)
{
	const char *headers[] = { "x-wc-webhook-topic", topic, NULL };
	struct mlc_inbound in = { .method = "POST", .path = "/hooks/acme/shop", .query = "", .body = body, .body_len = strlen(body),
		.trusted = trusted };
	struct call_reply reply = { .reply = { .kind = MLC_REPLY_NONE, .body = "" }, .header = drive_header, .ctx = d };

	d->input.op = OP_RECEIVE;
	d->input.inbound = &in;
	d->headers = topic ? headers : NULL;
	d->call = call_create(&d->site, &d->input);
	d->step = call_step(d->call, &reply, NOW);
	d->headers = NULL;
	assert_int_equal(d->step, MLC_DONE);
	return call_inside(d->call)->answer->status;
}

#define received(d, topic, body, status, expected)                                             \
	do {                                                                                   \
		assert_int_equal(receive(d, topic, body, true), status);                       \
		assert_string_equal(emitted(d), expected);                                     \
		drive_end(d);                                                                  \
	} while (0)

static void the_unsigned_ping_gets_a_200_and_nothing_else_unsigned_does(void **state)
{
	static const struct {
		const char *body;
		int status;
	} rows[] = { { "webhook_id=12", 200 }, { "webhook_id=", 401 }, { "webhook_id=x", 401 }, { "webhook_id=1&x=2", 401 },
		{ "", 401 }, { "{\"id\":7}", 401 }, { ORDER_TEXT(7, "20T10:00:00", ""), 401 } };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(receive(d, "order.created", rows[i].body, false), rows[i].status);
		assert_string_equal(emitted(d), "");
		drive_end(d);
	}
}

static void a_signed_order_is_a_whole_record_in_the_text_that_came(void **state)
{
	const char *body = ORDER_TEXT(7, "20T10:00:00", ",\"refunds\":[],\"x\":\"Caf\\u00e9 \\/\"");
	struct drive *d = *state;

	assert_int_equal(receive(d, "order.updated", body, true), 200);
	assert_string_equal(emitted(d), "order 7");
	assert_string_equal(record(d, 0)->text, body);
	assert_int_equal(record(d, 0)->changed_ms, INT64_C(1795168800000));
	drive_end(d);
}

static void an_orders_refunds_are_only_hinted_at(void **state)
{
	struct drive *d = *state;

	received(d, "order.updated", ORDER_TEXT(42, "20T10:00:00", ",\"refunds\":[{\"id\":52,\"total\":\"-1\"},{\"id\":54}]"), 200,
		"order 42, hint refund 42-52, hint refund 42-54");
}

/* The signature covers the body only: a captured {"id":14} of a customer might be replayed as an order's. */
static void a_deletion_is_looked_up_before_it_is_believed(void **state)
{
	struct drive *d = *state;

	received(d, "order.deleted", "{\"id\":57}", 200, "hint order 57");
	received(d, "customer.deleted", "{\"id\":14}", 200, "hint customer 14");
	received(d, "order.updated", "{\"id\":57}", 200, "");
	received(d, "product.deleted", "{\"id\":10}", 200, "");
	received(d, NULL, "{\"id\":57}", 200, "");
}

static void a_body_that_is_not_what_its_topic_says_is_left_alone(void **state)
{
	const char *customer = "{\"id\":14,\"role\":\"customer\",\"billing\":{},\"first_name\":\"A &amp; B\"}";
	struct drive *d = *state;

	received(d, "customer.updated", customer, 200, "customer 14");
	received(d, "order.updated", customer, 200, "");
	assert_non_null(strstr(d->logged, "order.updated"));
	received(d, "customer.updated", ORDER_TEXT(7, "20T10:00:00", ",\"role\":\"x\",\"billing\":{}"), 200, "");
}

static void customers_are_decoded_as_when_they_are_polled(void **state)
{
	struct drive *d = *state;

	receive(d, "customer.created", "{\"id\":14,\"role\":\"customer\",\"first_name\":\"A &amp; B\",\"billing\":{},\"_links\":{}}", true);
	assert_string_equal(record(d, 0)->text, "{\"id\":14,\"role\":\"customer\",\"first_name\":\"A & B\",\"billing\":{}}");
	drive_end(d);
}

static void a_signed_error_of_the_shop_is_no_record(void **state)
{
	struct drive *d = *state;

	received(d, "order.created", "{\"code\":\"woocommerce_rest_shop_order_invalid_id\",\"message\":\"Invalid ID.\",\"data\":{\"status\":404}}",
		200, "");
	received(d, "order.created", "{\"id\":\"7\"}", 200, "");
	received(d, "order.created", "{\"id\":0}", 200, "");
	received(d, "order.created", "{\"id\":null}", 200, "");
}

static void a_cart_is_no_order(void **state)
{
	struct drive *d = *state;

	received(d, "order.created", "{\"id\":58,\"status\":\"checkout-draft\",\"order_key\":\"k\",\"line_items\":[]}", 200, "");
	received(d, "order.created", "{\"id\":58,\"status\":\"auto-draft\",\"order_key\":\"k\",\"line_items\":[]}", 200, "");
	/* And the order that it becomes comes as an update of something never seen. */
	received(d, "order.updated", ORDER_TEXT(58, "20T10:00:00", ""), 200, "order 58");
}

/* Anything but 2xx counts towards switching the webhook off; what was signed will not get better. */
static void signed_rubbish_is_accepted_and_left_to_the_poll(void **state)
{
	static const char *const rows[] = { "", "[]", "{", "{\"id\":7", "7", "{\"id\":7} trailing" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		received(d, "order.updated", rows[i], 200, "");
	assert_non_null(strstr(d->logged, "no JSON"));
}

static void other_topics_are_accepted_and_ignored(void **state)
{
	struct drive *d = *state;

	received(d, "coupon.updated", "{\"id\":19,\"code\":\"tenoff\"}", 200, "");
	received(d, "action.woocommerce_add_to_cart", "{\"action\":\"x\",\"arg\":\"y\"}", 200, "");
	received(d, "product.updated", "{\"id\":10,\"catalog_visibility\":\"visible\",\"sku\":\"TEE\"}", 200, "product 10");
}

#define T(name) drive_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_unsigned_ping_gets_a_200_and_nothing_else_unsigned_does),
		T(a_signed_order_is_a_whole_record_in_the_text_that_came),
		T(an_orders_refunds_are_only_hinted_at),
		T(a_deletion_is_looked_up_before_it_is_believed),
		T(a_body_that_is_not_what_its_topic_says_is_left_alone),
		T(customers_are_decoded_as_when_they_are_polled),
		T(a_signed_error_of_the_shop_is_no_record),
		T(a_cart_is_no_order),
		T(signed_rubbish_is_accepted_and_left_to_the_poll),
		T(other_topics_are_accepted_and_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
