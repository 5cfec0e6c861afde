/* webhooks_are_kept.c - WOO-09, WOO-11, WOO-16: six webhooks, ours, alive; and nothing else is written. */
#include "drive.h"

#define HOOK(id, topic, url, status)                                                           \
	"{\"id\":" #id ",\"name\":\"ml-connector acme/shop " topic "\",\"topic\":\"" topic     \
	"\",\"status\":\"" status "\",\"delivery_url\":\"" url "\"}"
#define URL "https://mlc.example/hooks/acme/shop"

static const char *const topics[] = { "order.created", "order.updated", "order.deleted", "customer.created", "customer.updated",
	"customer.deleted" };

static void subscribe(struct drive *d, const char *url, const char *from)
{
	d->input.hook_url = url;
	d->input.cursor = from;
	begin(d, OP_SUBSCRIBE);
}

static json_t *sent(const struct drive *d)
{
	const struct mlc_request *r = call_inside(d->call)->request;
	json_t *body = json_read(r->body, r->body_len, NULL);

	assert_non_null(body);
	return body;
}

static void expect_creation(struct drive *d, const char *topic)
{
	asks(d, "POST", "/wp-json/wc/v3/webhooks");
	json_t *body = sent(d);
	char *name = xformat("ml-connector acme/shop %s", topic);

	assert_string_equal(json_text_at(body, "topic"), topic);
	assert_string_equal(json_text_at(body, "name"), name);
	assert_string_equal(json_text_at(body, "delivery_url"), URL);
	assert_string_equal(json_text_at(body, "secret"), "{secret:webhook_secret}");
	assert_false(call_inside(d->call)->request->repeatable);
	assert_string_equal(call_inside(d->call)->request->type, "application/json");
	free(name);
	json_decref(body);
	answer(d, 201, "{\"id\":99}");
}

static void is_watched(struct drive *d)
{
	const char *text;
	int64_t renew;

	assert_int_equal(d->step, MLC_DONE);
	assert_true(call_advanced(d->call, &text, &renew));
	assert_string_equal(text, "agreed");
	assert_int_equal(renew, NOW + 10 * WHEN_MINUTE_MS);
}

static void six_webhooks_are_made_with_a_secret_of_ours(void **state)
{
	const struct call_kept *kept;
	struct drive *d = *state;

	subscribe(d, URL, NULL);
	asks(d, "GET", "/wp-json/wc/v3/webhooks?per_page=100&page=1");
	/* A shop out of reach, or one that does not let us, costs nobody the secret that is in use. */
	assert_int_equal(call_kept(d->call, &kept), 0);
	answer_list(d, "[]", "0", "0");
	assert_int_equal(call_kept(d->call, &kept), 1);
	assert_string_equal(kept[0].name, "webhook_secret");
	assert_int_equal(strlen(kept[0].secret), 32);
	/* The shop decodes &amp; and the like before it signs; hex holds none (SOURCES.md 10). */
	assert_int_equal(strspn(kept[0].secret, "0123456789abcdef"), 32);
	for (size_t i = 0; i < 6; i++)
		expect_creation(d, topics[i]);
	is_watched(d);
	drive_end(d);
}

#define ALL_SIX                                                                                \
	HOOK(1, "order.created", URL, "active") "," HOOK(2, "order.updated", URL, "active") "," \
	HOOK(3, "order.deleted", URL, "active") "," HOOK(4, "customer.created", URL, "active") "," \
	HOOK(5, "customer.updated", URL, "active") "," HOOK(6, "customer.deleted", URL, "active")

static void what_is_well_is_left_alone(void **state)
{
	const struct call_kept *kept;
	struct drive *d = *state;

	subscribe(d, URL, "agreed");
	assert_int_equal(call_kept(d->call, &kept), 0);
	answer_list(d, "[" ALL_SIX "]", "6", "1");
	is_watched(d);
	drive_end(d);
}

static void one_that_was_switched_off_is_made_anew_with_a_count_of_zero(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, "agreed");
	answer_list(d, "[" HOOK(1, "order.created", URL, "active") "," HOOK(2, "order.updated", URL, "disabled") ","
		HOOK(3, "order.deleted", URL, "active") "," HOOK(4, "customer.created", URL, "active") ","
		HOOK(5, "customer.updated", URL, "paused") "," HOOK(6, "customer.deleted", URL, "active") "]", "6", "1");
	assert_non_null(strstr(d->logged, "order.updated"));
	asks(d, "DELETE", "/wp-json/wc/v3/webhooks/2?force=true");
	answer(d, 200, "{\"id\":2}");
	expect_creation(d, "order.updated");
	is_watched(d);
	drive_end(d);
}

static void ours_that_point_elsewhere_or_stand_twice_go_and_others_stay(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, "agreed");
	answer_list(d, "[" ALL_SIX "," HOOK(7, "order.created", URL, "active") "," HOOK(8, "order.updated", "https://old.example/", "active") ","
		HOOK(9, "product.updated", URL, "active") ","
		"{\"id\":10,\"name\":\"ml-connector other/shop order.created\",\"topic\":\"order.created\",\"status\":\"active\",\"delivery_url\":\"https://x.example\"},"
		"{\"id\":11,\"name\":\"Zapier\",\"topic\":\"order.created\",\"status\":\"disabled\",\"delivery_url\":\"" URL "\"}]", "11", "1");
	for (int id = 7; id <= 9; id++) {
		char *path = xformat("/wp-json/wc/v3/webhooks/%d?force=true", id);

		asks(d, "DELETE", path);
		assert_true(call_inside(d->call)->request->repeatable);
		if (id == 8)
			answer(d, 404, "{\"code\":\"woocommerce_rest_shop_webhook_invalid_id\",\"message\":\"x\",\"data\":{\"status\":404}}");
		else
			answer(d, 200, "{}");
		free(path);
	}
	is_watched(d);
	drive_end(d);
}

static void webhooks_whose_secret_nobody_knows_are_replaced(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, NULL);
	answer_list(d, "[" ALL_SIX "]", "6", "1");
	for (int id = 1; id <= 6; id++)
		answer(d, 200, "{}");
	for (size_t i = 0; i < 6; i++)
		expect_creation(d, topics[i]);
	is_watched(d);
	drive_end(d);
}

static void more_than_a_page_of_webhooks_is_read(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, "agreed");
	answer_list(d, "[" HOOK(1, "order.created", URL, "active") "]", "101", "2");
	asks(d, "GET", "/wp-json/wc/v3/webhooks?per_page=100&page=2");
	drive_end(d);
}

static void without_an_address_all_of_ours_go(void **state)
{
	const struct call_kept *kept;
	const char *text;
	int64_t renew;
	struct drive *d = *state;

	subscribe(d, NULL, "agreed");
	assert_int_equal(call_kept(d->call, &kept), 0);
	answer_list(d, "[" HOOK(1, "order.created", URL, "active") ",{\"id\":11,\"name\":\"Zapier\",\"topic\":\"order.created\"}]", "2", "1");
	asks(d, "DELETE", "/wp-json/wc/v3/webhooks/1?force=true");
	answer(d, 200, "{}");
	assert_int_equal(d->step, MLC_DONE);
	assert_true(call_advanced(d->call, &text, &renew));
	assert_string_equal(text, "none");
	assert_int_equal(renew, 0);
	drive_end(d);
}

/* Polling needs no webhooks: a key that may only read must not hold the connection as AUTH would. */
static void a_key_that_may_only_read_is_told_in_words(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, "agreed");
	answer_list(d, "[]", "0", "0");
	answer(d, 401, "{\"code\":\"woocommerce_rest_authentication_error\",\"message\":\"The API key provided does not have write "
		"permissions.\",\"data\":{\"status\":401}}");
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "Read/Write"));
	drive_end(d);
	subscribe(d, URL, "agreed");
	answer(d, 403, "{\"code\":\"woocommerce_rest_cannot_view\",\"message\":\"Sorry\",\"data\":{\"status\":403}}");
	fails(d, MLC_REFUSED);
	drive_end(d);
	/* One that is not known at all is another matter. */
	subscribe(d, URL, "agreed");
	answer(d, 401, "{\"code\":\"woocommerce_rest_authentication_error\",\"message\":\"Invalid timestamp.\",\"data\":{\"status\":401}}");
	fails(d, MLC_AUTH);
	assert_non_null(strstr(why(d), "Invalid timestamp."));
	drive_end(d);
}

static void a_creation_whose_answer_is_lost_is_not_repeated_blindly(void **state)
{
	struct drive *d = *state;

	subscribe(d, URL, "agreed");
	answer_list(d, "[]", "0", "0");
	lost(d);
	fails(d, MLC_RETRY);
	drive_end(d);
}

static void a_port_that_no_shop_would_send_to_is_warned_of(void **state)
{
	struct drive *d = *state;

	subscribe(d, "https://mlc.example:8443/hooks/acme/shop", NULL);
	assert_non_null(strstr(d->logged, "80, 443 and 8080"));
	drive_end(d);
	d->logged[0] = 0;
	subscribe(d, "https://mlc.example:443/hooks/acme/shop", NULL);
	assert_string_equal(d->logged, "");
	drive_end(d);
}

static void garbage_makes_no_webhooks(void **state)
{
	static const char *const rows[] = { "{}", "<html>", "", "[" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		subscribe(d, URL, "agreed");
		answer_list(d, rows[i], "0", "0");
		fails(d, MLC_BROKEN);
		drive_end(d);
	}
	subscribe(d, URL, "agreed");
	answer_list(d, "[]", "6", "1");
	fails(d, MLC_BROKEN);
	drive_end(d);
}

static void there_is_no_other_write(void **state)
{
	(void)state;
	assert_null(mlc_connector_v1.write);
	for (const struct mlc_entity *e = mlc_connector_v1.entities; e->name; e++)
		assert_int_equal(e->flags & (MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_VOID), 0);
}

#define T(name) drive_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(six_webhooks_are_made_with_a_secret_of_ours),
		T(what_is_well_is_left_alone),
		T(one_that_was_switched_off_is_made_anew_with_a_count_of_zero),
		T(ours_that_point_elsewhere_or_stand_twice_go_and_others_stay),
		T(webhooks_whose_secret_nobody_knows_are_replaced),
		T(more_than_a_page_of_webhooks_is_read),
		T(without_an_address_all_of_ours_go),
		T(a_key_that_may_only_read_is_told_in_words),
		T(a_creation_whose_answer_is_lost_is_not_repeated_blindly),
		T(a_port_that_no_shop_would_send_to_is_warned_of),
		T(garbage_makes_no_webhooks),
		T(there_is_no_other_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
