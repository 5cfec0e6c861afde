/* What LOAD tells the host of each flow: who goes first, which names it uses, what it mirrors. */
#include "language_hand.h"

static const char bind[] = "{'woocommerce':'shop','quickbooks_desktop':'books'}";

static void begin(struct hand *h, const char *params)
{
	hand_begin(h);
	hand_example(h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", "orders.lua");
	hand_example(h, "mappings/woocommerce-quickbooks_desktop/customer.lua", "customers.lua");
	hand_tenant(h, "acme", "shop-books", "woocommerce-quickbooks_desktop", bind, params);
}

static json_t *flow(const struct hand *h, const char *name)
{
	json_t *f = json_object_get(json_object_get(h->reply, "flows"), name);

	if (!f)
		fail_msg("no flow %s", name);
	return f;
}

static bool has_use(const json_t *f, const char *entity, const char *name, const char *from)
{
	size_t i;
	json_t *use;

	json_array_foreach(json_object_get(f, "uses"), i, use)
		if (!strcmp(json_text_or(use, "entity", ""), entity) && !strcmp(json_text_or(use, "name", ""), name)) {
			assert_string_equal(from, json_text_or(use, "from", ""));
			assert_true(json_int_or(use, "line", 0) > 0);
			return true;
		}
	return false;
}

static void each_mapping_of_an_integration_is_a_flow(void **state)
{
	struct hand h;
	json_t *invoice, *customer;

	(void)state;
	begin(&h, "{}");
	hand_load_well(&h);
	assert_int_equal(2, json_object_size(json_object_get(h.reply, "flows")));
	invoice = flow(&h, "acme/shop-books.invoice");
	customer = flow(&h, "acme/shop-books.customer");
	assert_string_equal("woocommerce.order->quickbooks_desktop.invoice", json_text_at(invoice, "mapping"));
	assert_string_equal("shop", json_text_at(invoice, "source.connection"));
	assert_string_equal("order", json_text_at(invoice, "source.entity"));
	assert_string_equal("books", json_text_at(invoice, "target.connection"));
	assert_string_equal("quickbooks_desktop", json_text_at(invoice, "target.connector"));
	assert_string_equal("date_modified_gmt", json_text_at(invoice, "order_by"));
	assert_true(json_true_at(invoice, "money"));
	assert_true(json_true_at(invoice, "enabled"));
	assert_true(json_true_at(customer, "on_demand"));
	assert_int_equal(20, json_int_or(invoice, "on_delete.limit_per_hour", 0));
	/* the customer goes first */
	assert_int_equal(0, json_int_or(customer, "rank", -1));
	assert_int_equal(1, json_int_or(invoice, "rank", -1));
	assert_int_equal(2, json_array_size(json_object_get(h.reply, "mappings")));
	hand_end(&h);
}

static void what_the_target_cannot_search_by_is_mirrored(void **state)
{
	struct hand h;
	json_t *mirrors;

	(void)state;
	begin(&h, "{}");
	hand_load_well(&h);
	mirrors = json_object_get(flow(&h, "acme/shop-books.customer"), "mirrors");
	assert_int_equal(1, json_object_size(mirrors));
	assert_string_equal("Email", json_text_at(mirrors, "Customer.0"));
	assert_int_equal(0, json_object_size(json_object_get(flow(&h, "acme/shop-books.invoice"), "mirrors")));
	hand_end(&h);
}

static void what_the_source_cannot_search_by_is_mirrored_too(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_entity(&h, "woocommerce", "buyer", "id integer f; email text fm");
	hand_file(&h, "mappings/woocommerce-quickbooks_desktop/item.lua",
		"return mapping { id = \"woocommerce.order->quickbooks_desktop.item\", version = \"1.0.0\", language = 1,\n"
		"  from = { connector = \"woocommerce\", entity = \"order\" }, to = { connector = \"quickbooks_desktop\", entity = \"Item\" },\n"
		"  needs = { same = query { side = \"source\", entity = \"buyer\", where = { email = src \"number\" } } },\n"
		"  identity = src \"id\", fields = { Name = text \"{number}\" } }\n");
	hand_tenant(&h, "acme", "shop-books", "woocommerce-quickbooks_desktop", bind, "{}");
	hand_load_well(&h);
	assert_string_equal("email", json_text_or(flow(&h, "acme/shop-books.item"), "source_mirrors.buyer.0", ""));
	assert_int_equal(0, json_object_size(json_object_get(flow(&h, "acme/shop-books.item"), "mirrors")));
	hand_end(&h);
}

/* WOO-46: every name that the mapping uses is known before the first write. */
static void names_that_a_tenants_parameters_reach_are_told(void **state)
{
	struct hand h;
	json_t *f;

	(void)state;
	begin(&h, "{'shipping_item':'Freight Out'}");
	hand_load_well(&h);
	f = flow(&h, "acme/shop-books.invoice");
	assert_true(has_use(f, "Item", "Freight Out", "param shipping_item"));
	assert_false(has_use(f, "Item", "Shipping", ""));
	assert_true(has_use(f, "Item", "Rounding", "param rounding_item"));
	assert_true(has_use(f, "Terms", "Net 15", "table terms"));
	assert_true(has_use(f, "Terms", "Due on receipt", "table terms"));
	assert_true(has_use(f, "SalesTaxCode", "Non", "table tax_code"));
	assert_false(has_use(f, "Customer", "Web Customer", ""));
	hand_end(&h);
}

/* WOO-44: one customer for all web orders. */
static void a_switch_of_the_tenant_turns_flows_and_names(void **state)
{
	struct hand h;

	(void)state;
	begin(&h, "{'customers':'one'}");
	hand_load_well(&h);
	assert_false(json_true_at(flow(&h, "acme/shop-books.customer"), "enabled"));
	assert_true(has_use(flow(&h, "acme/shop-books.invoice"), "Customer", "Web Customer", "param web_customer"));
	assert_int_equal(0, json_int_or(flow(&h, "acme/shop-books.invoice"), "rank", -1));
	hand_end(&h);
}

static void a_hash_tells_whether_anything_that_decides_has_changed(void **state)
{
	char before[80], after[80];
	struct hand h;

	(void)state;
	begin(&h, "{}");
	hand_load_well(&h);
	snprintf(before, sizeof before, "%s", json_text_at(flow(&h, "acme/shop-books.invoice"), "hash"));
	hand_end(&h);
	begin(&h, "{'rounding_max':'0.02'}");
	hand_load_well(&h);
	snprintf(after, sizeof after, "%s", json_text_at(flow(&h, "acme/shop-books.invoice"), "hash"));
	assert_string_not_equal(before, after);
	hand_end(&h);
	begin(&h, "{}");
	hand_example(&h, "tenants/bolt/mappings/orders.lua", "acme.lua");
	hand_load_well(&h);
	assert_string_equal(before, json_text_at(flow(&h, "acme/shop-books.invoice"), "hash"));
	hand_end(&h);
}

static void an_override_is_its_tenants_only(void **state)
{
	struct hand h;

	(void)state;
	begin(&h, "{}");
	hand_example(&h, "tenants/acme/mappings/orders.lua", "acme.lua");
	hand_tenant(&h, "bolt", "shop-books", "woocommerce-quickbooks_desktop", bind, "{}");
	hand_load_well(&h);
	assert_true(has_use(flow(&h, "acme/shop-books.invoice"), "Class", "Online", "the mapping"));
	assert_true(has_use(flow(&h, "acme/shop-books.invoice"), "Item", "Freight Out", "param shipping_item"));
	assert_false(has_use(flow(&h, "bolt/shop-books.invoice"), "Class", "Online", ""));
	assert_true(has_use(flow(&h, "bolt/shop-books.invoice"), "Item", "Shipping", "param shipping_item"));
	hand_end(&h);
}

/* ALL-01: a flow between two systems that no shipped integration pairs, by files alone. */
static void a_tenants_own_mapping_is_a_flow_of_its_own(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_file(&h, "tenants/acme/mappings/tickets.lua",
		"return mapping {\n"
		"  id = \"woocommerce.order->zendesk.organization\", version = \"1.0.0\", language = 1,\n"
		"  from = { connector = \"woocommerce\", entity = \"order\" },\n"
		"  to = { connector = \"zendesk\", entity = \"organization\" },\n"
		"  identity = src \"id\",\n"
		"  fields = { name = src \"billing.company\" },\n"
		"}\n");
	hand_tenant(&h, "acme", "shop-desk", "woocommerce-zendesk", "{'woocommerce':'shop','zendesk':'desk'}", "{}");
	hand_tenant(&h, "bolt", "shop-desk", "woocommerce-zendesk", "{'woocommerce':'shop','zendesk':'desk'}", "{}");
	hand_load(&h);
	assert_error(&h, 9, "there is no integration 'woocommerce-zendesk'", NULL); /* of bolt's */
	assert_int_equal(1, json_array_size(json_object_get(h.reply, "errors")));
	flow(&h, "acme/shop-desk.tickets");
	hand_end(&h);
}

static void a_need_that_the_integration_lacks_is_an_error(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_example(&h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", "orders.lua");
	hand_tenant(&h, "acme", "shop-books", "woocommerce-quickbooks_desktop", bind, "{}");
	hand_load(&h);
	assert_null(h.generation);
	assert_error(&h, 48, "woocommerce.order->quickbooks_desktop.invoice needs "
		"woocommerce.order->quickbooks_desktop.customer, which acme/shop-books does not have", NULL);
	hand_end(&h);
}

static void a_thousand_tenants_share_what_is_the_same(void **state)
{
	struct hand h;
	char name[32];

	(void)state;
	begin(&h, "{}");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "t%d", i);
		hand_tenant(&h, name, "shop-books", "woocommerce-quickbooks_desktop", bind, "{}");
	}
	hand_load_well(&h);
	assert_int_equal(2002, json_object_size(json_object_get(h.reply, "flows")));
	assert_int_equal(2, json_array_size(json_object_get(h.reply, "mappings")));
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mapping_of_an_integration_is_a_flow),
		cmocka_unit_test(what_the_target_cannot_search_by_is_mirrored),
		cmocka_unit_test(what_the_source_cannot_search_by_is_mirrored_too),
		cmocka_unit_test(names_that_a_tenants_parameters_reach_are_told),
		cmocka_unit_test(a_switch_of_the_tenant_turns_flows_and_names),
		cmocka_unit_test(a_hash_tells_whether_anything_that_decides_has_changed),
		cmocka_unit_test(an_override_is_its_tenants_only),
		cmocka_unit_test(a_tenants_own_mapping_is_a_flow_of_its_own),
		cmocka_unit_test(a_need_that_the_integration_lacks_is_an_error),
		cmocka_unit_test(a_thousand_tenants_share_what_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
