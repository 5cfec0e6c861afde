/* The mappings of the sketch load, and the tests that they carry hold. */
#include "language_hand.h"

static void tests_hold(struct hand *h, size_t count)
{
	json_t *reply = generation_test(h->generation, NULL), *one;
	size_t i;

	json_array_foreach(json_object_get(reply, "results"), i, one)
		if (!json_is_true(json_object_get(one, "ok")))
			fail_msg("%s:%d: %s: %s", json_text_or(one, "file", ""), (int)json_int_or(one, "line", 0),
				json_text_or(one, "name", ""), json_text_or(one, "why", ""));
	assert_int_equal(count, i);
	json_decref(reply);
}

static void a_web_order_becomes_an_invoice_with_its_customer(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_example(&h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", "orders.lua");
	hand_example(&h, "mappings/woocommerce-quickbooks_desktop/customer.lua", "customers.lua");
	hand_load_well(&h);
	tests_hold(&h, 15);
	hand_end(&h);
}

static void a_tenant_overrides_what_differs_for_him(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_example(&h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", "orders.lua");
	hand_example(&h, "tenants/acme/mappings/orders.lua", "acme.lua");
	hand_load_well(&h);
	tests_hold(&h, 11);
	hand_end(&h);
}

static void a_customer_becomes_an_organization(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_example(&h, "mappings/quickbooks_online-zendesk/organization.lua", "organizations.lua");
	hand_load_well(&h);
	tests_hold(&h, 5);
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_web_order_becomes_an_invoice_with_its_customer),
		cmocka_unit_test(a_tenant_overrides_what_differs_for_him),
		cmocka_unit_test(a_customer_becomes_an_organization),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
