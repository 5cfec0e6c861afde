/* What several mappings share stands in one file: parts/NAME.lua beside them, taken in by shared "NAME". */
#include "language_hand.h"

#define MAPPING(to, before, fields) \
	"local order = shared \"order\"\n" before \
	"return mapping {\n" \
	"  id = \"woocommerce.order->quickbooks_desktop." to "\", version = \"1.0.0\", language = 1,\n" \
	"  from = { connector = \"woocommerce\", entity = \"order\" },\n" \
	"  to   = { connector = \"quickbooks_desktop\", entity = \"" to "\" },\n" \
	"  identity = src \"id\",\n" \
	"  fields = { " fields " },\n" \
	"}\n"
#define ORDER \
	"local number = text \"W{number}\"\n" \
	"return {\n" \
	"  number = number,\n" \
	"  lines = function(item_name)\n" \
	"    return lines { each(\"line_items\", { ItemRef = item_name, Amount = money(item \"total\") }) }\n" \
	"  end,\n" \
	"  loud = compute { inputs = { n = src \"number\" }, result = \"string\", fn = function(v) return v.n .. \"!\" end },\n" \
	"}\n"
#define CUSTOMER MAPPING("Customer", "", "Name = order.number, Notes = order.loud")
#define INVOICE MAPPING("Invoice", "", "CustomerRef = \"Ada\", Memo = order.number, InvoiceLine = order.lines \"Sale\"")
#define RECORD "{'id':7,'number':'1007','line_items':[{'total':'20.00'}]}"

static void begin(struct hand *h, const char *part, const char *invoice)
{
	hand_begin(h);
	hand_file(h, "mappings/woocommerce-quickbooks_desktop/customer.lua", CUSTOMER);
	hand_file(h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", invoice);
	if (part)
		hand_file(h, "mappings/woocommerce-quickbooks_desktop/parts/order.lua", part);
	hand_tenant(h, "acme", "b", "woocommerce-quickbooks_desktop", "{'woocommerce':'shop','quickbooks_desktop':'books'}", "{}");
	hand_load(h);
}

static json_t *go(struct hand *h, const char *flow)
{
	char header[200];

	snprintf(header, sizeof header, "{'flow':'acme/b.%s','today':'2026-03-05','source':{'entity':'order','id':'7'}}", flow);
	return hand_map(h, header, RECORD);
}

static void two_mappings_take_in_one_part(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	begin(&h, ORDER, INVOICE);
	hand_print_errors(&h);
	v = go(&h, "customer");
	assert_string_equal(json_text_at(v, "writes.0.data.Name"), "W1007");
	assert_string_equal(json_text_at(v, "writes.0.data.Notes"), "1007!");
	json_decref(v);
	v = go(&h, "invoice");
	assert_string_equal(json_text_at(v, "writes.0.data.Memo"), "W1007");
	assert_string_equal(json_text_at(v, "writes.0.data.InvoiceLine.0.Amount"), "20.00");
	assert_string_equal(json_text_at(v, "writes.0.data.InvoiceLine.0.ItemRef.name"), "Sale");
	json_decref(v);
	hand_end(&h);
}

#define TAKES(fields) "return mapping {\n" \
	"  id = \"woocommerce.order->quickbooks_desktop.Invoice\", version = \"1.0.0\", language = 1,\n" \
	"  from = { connector = \"woocommerce\", entity = \"order\" },\n" \
	"  to   = { connector = \"quickbooks_desktop\", entity = \"Invoice\" },\n" \
	"  identity = src \"id\",\n" \
	"  params = { shared(\"order\").params },\n" \
	"  fields = { " fields " },\n" \
	"}\n"
#define GIVES \
	"return { loud = \"!\", number = \"7\", params = { mark = { type = \"string\", default = \"P\" } },\n" \
	"  fields = { CustomerRef = \"Ada\", Memo = text \"{param.mark}{number}\",\n" \
	"    InvoiceLine = lines { one { ItemRef = \"Mug\", Amount = money \"1\" } } } }\n"

static void a_section_takes_in_names_of_a_part_and_what_it_says_itself_goes_before(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	begin(&h, GIVES, TAKES("shared(\"order\").fields, CustomerRef = \"Grace\""));
	hand_print_errors(&h);
	v = go(&h, "invoice");
	assert_string_equal(json_text_at(v, "writes.0.data.Memo"), "P1007");
	assert_string_equal(json_text_at(v, "writes.0.data.CustomerRef.name"), "Grace");
	json_decref(v);
	hand_end(&h);
}

static void what_cannot_be_taken_in_is_said(void **state)
{
	struct hand h;

	(void)state;
	begin(&h, GIVES, TAKES("shared(\"order\").fields, shared(\"order\").fields"));
	assert_error(&h, 2, "fields takes in two 'Memo'", NULL);
	hand_end(&h);
	begin(&h, GIVES, TAKES("CustomerRef = \"Ada\", \"Memo\""));
	assert_error(&h, 7, "fields holds a value without a name", NULL);
	hand_end(&h);
}

static const char *hash_of(struct hand *h, const char *flow)
{
	return json_text_or(json_object_get(json_object_get(h->reply, "flows"), flow), "hash", "");
}

static void a_change_of_the_part_is_a_change_of_each_that_takes_it_in(void **state)
{
	struct hand one, other;

	(void)state;
	begin(&one, ORDER, INVOICE);
	begin(&other, ORDER "-- a remark\n", INVOICE);
	assert_string_not_equal(hash_of(&one, "acme/b.invoice"), hash_of(&other, "acme/b.invoice"));
	assert_string_not_equal(hash_of(&one, "acme/b.customer"), hash_of(&other, "acme/b.customer"));
	hand_end(&one);
	hand_end(&other);
}

static void an_error_in_a_part_names_the_part_and_its_line(void **state)
{
	struct hand h;
	size_t i, there = 0;
	json_t *e;

	(void)state;
	begin(&h, "return {\n  number = src \"nunber\",\n  lines = function() return lines {} end, loud = \"x\" }\n", INVOICE);
	json_array_foreach(json_object_get(h.reply, "errors"), i, e)
		there += !strcmp(json_text_or(e, "file", ""), "mappings/woocommerce-quickbooks_desktop/parts/order.lua") &&
			json_int_or(e, "line", 0) == 2 && !strcmp(json_text_or(e, "text", ""), "no field 'nunber' in order") &&
			!strcmp(json_text_or(e, "hint", ""), "did you mean 'number'?");
	hand_print_errors(&h);
	assert_true(there > 0);
	hand_end(&h);
	begin(&h, "return {\n  number = scr \"number\" }\n", INVOICE);
	e = json_array_get(json_object_get(h.reply, "errors"), 0);
	assert_string_equal(json_text_at(e, "file"), "mappings/woocommerce-quickbooks_desktop/parts/order.lua");
	assert_int_equal(json_int_or(e, "line", 0), 2);
	hand_end(&h);
}

static void what_is_not_there_or_gives_nothing_is_said(void **state)
{
	struct hand h;

	(void)state;
	begin(&h, NULL, INVOICE);
	assert_error(&h, 1, "no part 'order' in parts/", NULL);
	hand_end(&h);
	begin(&h, "local x = src \"number\"\n", INVOICE);
	assert_error(&h, 1, "mappings/woocommerce-quickbooks_desktop/parts/order.lua gives nothing: it must end with return", NULL);
	hand_end(&h);
	begin(&h, "return shared \"order\"\n", INVOICE);
	assert_int_equal(json_array_size(json_object_get(h.reply, "errors")) > 0, 1);
	hand_end(&h);
}

/* A part has no way to what a mapping has not either. */
static void a_part_lives_in_the_same_sandbox(void **state)
{
	static const char *const bad[] = { "return io.open(\"/etc/passwd\")\n", "while true do end\n", "x = 1 return {}\n",
		"return { number = string.rep(\"x\", 1e9) }\n" };
	struct hand h;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		begin(&h, bad[i], INVOICE);
		assert_null(h.generation);
		hand_end(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_mappings_take_in_one_part),
		cmocka_unit_test(a_section_takes_in_names_of_a_part_and_what_it_says_itself_goes_before),
		cmocka_unit_test(what_cannot_be_taken_in_is_said),
		cmocka_unit_test(a_change_of_the_part_is_a_change_of_each_that_takes_it_in),
		cmocka_unit_test(an_error_in_a_part_names_the_part_and_its_line),
		cmocka_unit_test(what_is_not_there_or_gives_nothing_is_said),
		cmocka_unit_test(a_part_lives_in_the_same_sandbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
