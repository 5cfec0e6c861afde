/* replies_mean_faults.c - what each refusal of a shop, or of what stands before it, makes the host do. */
#include "drive.h"

#define BODY(code, message, data) "{\"code\":\"" code "\",\"message\":\"" message "\",\"data\":" data "}"

static const struct row {
	int status;
	const char *body, *retry_after;
	enum mlc_fault fault;
	uint32_t after_ms;
	const char *words;
} rows[] = {
	{ 400, BODY("rest_invalid_param", "Invalid parameter(s): per_page", "{\"status\":400,\"params\":{\"per_page\":\"per_page must be between 1 and 100\"}}"),
		NULL, MLC_REFUSED, 0, "per_page must be between 1 and 100" },
	{ 400, BODY("woocommerce_rest_invalid_coupon", "Coupon &quot;nope&quot; cannot be applied.", "null"), NULL, MLC_REFUSED, 0,
		"Coupon \"nope\" cannot be applied." },
	{ 401, BODY("woocommerce_rest_authentication_error", "Consumer secret is invalid.", "{\"status\":401}"), NULL, MLC_AUTH, 0,
		"Consumer secret is invalid." },
	{ 401, BODY("woocommerce_rest_authentication_error", "Invalid nonce - nonce has already been used.", "{\"status\":401}"), NULL,
		MLC_AUTH, 0, "Invalid nonce" },
	{ 401, "<html>password</html>", NULL, MLC_LIMITED, 600000, "password" },
	{ 403, BODY("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", "{\"status\":403}"), NULL, MLC_AUTH, 0,
		"administrator or shop manager" },
	{ 403, "<html>Access denied</html>", NULL, MLC_LIMITED, 600000, "firewall" },
	{ 403, "<html>Access denied</html>", "30", MLC_LIMITED, 30000, "firewall" },
	{ 404, BODY("rest_no_route", "No route was found", "{\"status\":404}"), NULL, MLC_BROKEN, 0, "is WooCommerce switched on" },
	{ 404, "<html>", NULL, MLC_BROKEN, 0, "permalinks" },
	{ 408, "", NULL, MLC_RETRY, 0, "408" },
	{ 413, BODY("woocommerce_rest_request_entity_too_large", "Unable to accept more than 100 items for this request.", "{\"status\":413}"),
		NULL, MLC_REFUSED, 0, "more than 100" },
	{ 429, "", NULL, MLC_LIMITED, 60000, "429" },
	{ 429, "<html>slow down</html>", "120", MLC_LIMITED, 120000, "429" },
	{ 429, "{}", "Sat, 21 Nov 2026 00:15:00 GMT", MLC_LIMITED, 300000, "429" },
	{ 500, "<html>There has been a critical error</html>", NULL, MLC_RETRY, 0, "500" },
	{ 500, BODY("internal_server_error", "<p>There has been a critical error</p>", "{\"status\":500}"), NULL, MLC_RETRY, 0, "500" },
	{ 500, BODY("woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", "500"), NULL, MLC_REFUSED, 0,
		"Invalid refund amount." },
	{ 501, BODY("woocommerce_rest_trash_not_supported", "Customers do not support trashing.", "{\"status\":501}"), NULL, MLC_REFUSED,
		0, "trashing" },
	{ 502, "<html>", NULL, MLC_RETRY, 0, "502" },
	{ 503, "<html>Briefly unavailable for scheduled maintenance</html>", NULL, MLC_RETRY, 0, "503" },
	{ 503, "<html>Briefly unavailable</html>", "600", MLC_LIMITED, 600000, "503" },
	{ 522, "error code: 522", NULL, MLC_RETRY, 0, "522" },
	{ 301, "", NULL, MLC_REFUSED, 0, "redirects" },
	{ 204, "", NULL, MLC_BROKEN, 0, "204" },
};

static void each_refusal_has_its_fault_its_pause_and_its_words(void **state)
{
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		const char *const headers[] = { "retry-after", r->retry_after, NULL };
		uint32_t after;
		const char *text;

		d->input.feed = "orders";
		begin(d, OP_POLL);
		answer_headers(d, r->status, r->body, r->retry_after ? headers : NULL);
		assert_int_equal(d->step, MLC_FAIL);
		assert_int_equal(call_fault(d->call, &after, &text), r->fault);
		assert_int_equal(after, r->after_ms);
		if (!strstr(text, r->words))
			fail_msg("%d: '%s' does not say '%s'", r->status, text, r->words);
		assert_null(cursor(d));
		drive_end(d);
	}
}

static void a_refusal_is_never_a_page(void **state)
{
	struct drive *d = *state;

	for (int status = 100; status < 600; status++) {
		if (status == 200)
			continue;
		d->input.feed = "orders";
		begin(d, OP_POLL);
		answer_list(d, "[]", "0", "0");
		assert_int_equal(d->step, MLC_DONE);
		drive_end(d);
		d->input.feed = "orders";
		begin(d, OP_POLL);
		answer(d, status, "[]");
		assert_int_equal(d->step, MLC_FAIL);
		drive_end(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(each_refusal_has_its_fault_its_pause_and_its_words),
		drive_test(a_refusal_is_never_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
