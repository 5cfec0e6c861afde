/* What is wrong with a mapping is said at load: file, line, what, and what was probably meant. */
#include "language_hand.h"

#define HEAD \
	"return mapping {\n" \
	"  id = \"woocommerce.order->quickbooks_desktop.invoice\", version = \"1.0.0\", language = 1,\n" \
	"  from = { connector = \"woocommerce\", entity = \"order\" },\n" \
	"  to   = { connector = \"quickbooks_desktop\", entity = \"Invoice\" },\n" \
	"  identity = { src \"id\" },\n" /* line 5 */
#define LINES "InvoiceLine = each(\"line_items\", { ItemRef = item \"name\" }), CustomerRef = \"Ada\",\n"

static void load_one(struct hand *h, const char *text)
{
	hand_begin(h);
	hand_file(h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", text);
	hand_load(h);
	assert_null(h->generation);
}

static void a_misspelt_field_names_the_likely_one(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD
		"  fields = {\n"
		"    " LINES
		"    Memo = text \"Order {nubmer}\",\n"
		"    TermRef = \"Net 15\",\n"
		"    BillAddress = { Addr1 = src \"billing.frist_name\",\n"
		"      Cty = src \"billing.city\" },\n"
		"  },\n"
		"}\n");
	assert_error(&h, 8, "no field 'nubmer' in order", "did you mean 'number'?");
	assert_error(&h, 9, "no field 'TermRef' in Invoice", "did you mean 'TermsRef'?");
	assert_error(&h, 10, "no field 'frist_name' in address", "did you mean 'first_name'?");
	assert_error(&h, 11, "no field 'Cty' in Address", "did you mean 'City'?");
	assert_string_equal("mappings/woocommerce-quickbooks_desktop/invoice.lua",
		json_text_at(json_object_get(h.reply, "errors"), "0.file"));
	hand_end(&h);
}

static void a_required_field_that_is_never_set_is_missed(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD "  fields = { Memo = \"x\" },\n}\n");
	assert_error(&h, 6, "required field 'CustomerRef' of Invoice is never set", NULL);
	assert_error(&h, 6, "required field 'InvoiceLine' of Invoice is never set", NULL);
	hand_end(&h);
}

static void a_mapping_that_makes_nothing_need_not_set_what_a_new_record_wants(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_file(&h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", HEAD
		"  match = { { by = { RefNumber = src \"number\" } }, on_none = \"hold\" },\n"
		"  fields = { Memo = \"x\" },\n}\n");
	hand_load(&h);
	assert_non_null(h.generation);
	hand_end(&h);
}

static void words_params_and_tables_must_be_there(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD
		"  params = { doc_prefix = { type = \"string\", default = \"W\" },\n"
		"             limit = { type = \"money\", default = \"much\" } },\n"
		"  tables = { terms = { default = \"Net 15\" } },\n"
		"  fields = { " LINES
		"    RefNumber = text \"{param.doc_prefx}{number}\",\n"
		"    TermsRef = pick(\"term\", src \"status\"),\n"
		"    Memo = trim { src \"number\", maks = 3, max = 2 },\n"
		"  },\n"
		"  acept = true,\n"
		"}\n");
	assert_error(&h, 7, "param limit wants an amount as text, \"0.05\"", NULL);
	assert_error(&h, 10, "no param 'doc_prefx'", "did you mean 'doc_prefix'?");
	assert_error(&h, 11, "no table 'term'", "did you mean 'terms'?");
	assert_error(&h, 12, "trim has no 'maks'", "did you mean 'max'?");
	assert_error(&h, 14, "mapping has no 'acept'", "did you mean 'accept'?");
	hand_end(&h);
}

static void a_word_that_does_not_exist_is_a_slip(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD "  fields = {\n    Memo = frist { src \"number\" },\n  },\n}\n");
	assert_error(&h, 7, "no word 'frist'", "did you mean 'first'?");
	hand_end(&h);
}

static void lua_that_is_no_lua_says_its_line(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD "  fields = {\n    Memo == 3\n  }\n}\n");
	assert_int_equal(1, json_array_size(json_object_get(h.reply, "errors")));
	assert_int_equal(7, json_int_or(json_object_get(h.reply, "errors"), "0.line", 0));
	hand_end(&h);
}

static void values_that_cannot_fit_are_refused(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD
		"  fields = { " LINES
		"    IsToBePrinted = \"no\",\n"
		"    RefNumber = \"123456789012\",\n"
		"    TxnDate = now(),\n"
		"    Subtotal = money(src \"total\"),\n"
		"    Memo = src \"line_items\",\n"
		"    BillAddress = { Addr1 = src \"line_items.name\" },\n"
		"  },\n"
		"  accept = src \"number\",\n"
		"}\n");
	assert_error(&h, 7, "IsToBePrinted is bool, this is text", NULL);
	assert_error(&h, 8, "\"123456789012\" is longer than the 11 characters of RefNumber", NULL);
	assert_error(&h, 9, "TxnDate is date, this is instant", "date(...) gives the day of an instant");
	assert_error(&h, 10, "Subtotal of Invoice can be read only", NULL);
	assert_error(&h, 11, "Memo is text, this is list", NULL);
	assert_error(&h, 12, "'line_items.name' walks into a list: use each(...), or say which row, as in list[1].name", NULL);
	assert_error(&h, 14, "a condition is wanted, this is text", "present(...), eq(...), one_of(...)?");
	hand_end(&h);
}

static void item_belongs_inside_each_and_current_in_on_update(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD
		"  match = { { by = { Memo = src \"number\" } }, { by = { RefNumber = found \"Memo\" } } },\n"
		"  fields = { " LINES
		"    Memo = item \"name\",\n"
		"    PONumber = current \"Memo\",\n"
		"    RefNumber = need \"nothing.x\",\n"
		"  },\n"
		"}\n");
	assert_error(&h, 6, "Invoice cannot be searched by 'Memo'", NULL);
	assert_error(&h, 6, "found (a candidate) is known in match only", NULL);
	assert_error(&h, 8, "item stands only where rows are walked (each, count, join ...)", "for the record itself: src");
	assert_error(&h, 9, "current (what stands in the target now) is known in on_update and on_delete only", NULL);
	assert_error(&h, 10, "needs has no 'nothing'", NULL);
	hand_end(&h);
}

static void fractions_are_text_so_that_no_digit_is_lost(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD "  params = { within = { type = \"money\", default = 0.05 } },\n  fields = {},\n}\n");
	/* the table is read when the word before it is called: on the line of mapping */
	assert_int_equal(1, json_array_size(json_object_get(h.reply, "errors")));
	assert_string_equal("a number with a fraction: write it as text (\"0.05\"), so that no digit is lost",
		json_text_at(json_object_get(h.reply, "errors"), "0.text"));
	hand_end(&h);
}

/* A test with a slip in it would hold whatever the mapping does. */
static void a_test_that_is_misspelt_is_an_error_too(void **state)
{
	struct hand h;

	(void)state;
	load_one(&h, HEAD
		"  fields = { " LINES " },\n"
		"  tests = {\n"
		"    { name = \"a\", given = {}, chnage = {},\n"
		"      expect = { RefNumbr = none } },\n"
		"  },\n"
		"}\n");
	assert_error(&h, 9, "a test has no 'chnage'", "did you mean 'change'?");
	assert_error(&h, 10, "a test expects 'RefNumbr', which Invoice does not have", "did you mean 'RefNumber'?");
	hand_end(&h);
}

static void an_override_can_only_change_what_is_there(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_file(&h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", HEAD
		"  params = { doc_prefix = { type = \"string\", default = \"W\", max = 4 } },\n"
		"  tables = { terms = { default = \"x\" } },\n"
		"  fields = { Memo = text \"{param.doc_prefix}\", " LINES "  },\n}\n");
	hand_file(&h, "tenants/acme/mappings/a.lua",
		"return override \"woocommerce.order->quickbooks_desktop.invoice@^1\" {\n"
		"  params = { doc_prefx = \"A\" },\n"
		"  tables = { term = { a = \"b\" } },\n"
		"  fields = { PONumber = drop },\n"
		"  feilds = { },\n"
		"}\n");
	hand_file(&h, "tenants/bolt/mappings/a.lua", "return override \"woocommerce.order->quickbooks_desktop.invoice@^2\" {}\n");
	hand_file(&h, "tenants/cup/mappings/a.lua", "return override \"woocommerce.order->quickbooks_desktop.invoces@^1\" {}\n");
	hand_file(&h, "tenants/dot/mappings/a.lua",
		"return override \"woocommerce.order->quickbooks_desktop.invoice@^1\" {\n"
		"  params = { doc_prefix = \"TOOLONG\" },\n"
		"}\n");
	hand_load(&h);
	assert_null(h.generation);
	assert_error(&h, 2, "the mapping has no param 'doc_prefx' to override", "did you mean 'doc_prefix'?");
	assert_error(&h, 3, "the mapping has no table 'term' to override", "did you mean 'terms'?");
	assert_error(&h, 4, "the mapping has no field 'PONumber' to override", NULL);
	assert_error(&h, 5, "an override cannot change 'feilds'", "did you mean 'fields'?");
	assert_error(&h, 1, "no such version of woocommerce.order->quickbooks_desktop.invoice is there",
		"it is 1.0.0 now: look at what changed, then name this version");
	assert_error(&h, 1, "there is no mapping 'woocommerce.order->quickbooks_desktop.invoces' to override",
		"did you mean 'woocommerce.order->quickbooks_desktop.invoice'?");
	assert_error(&h, 2, "param doc_prefix wants at most 4 characters", NULL);
	hand_end(&h);
}

static void a_tenants_parameters_are_checked_at_his_line(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_file(&h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", HEAD
		"  params = { doc_prefix = { type = \"string\", default = \"W\", max = 4 },\n"
		"    document = { type = \"one_of\", values = { \"invoice\", \"payment\" }, default = \"invoice\" },\n"
		"    deposit_to = { type = \"table\", of = \"Account\", required = eq(param \"document\", \"payment\"),\n"
		"      help = \"where the money goes\" } },\n"
		"  fields = { Memo = text \"{param.doc_prefix}\", " LINES "  },\n}\n");
	hand_tenant(&h, "acme", "shop-books", "woocommerce-quickbooks_desktop",
		"{'woocommerce':'shop','quickbooks_desktop':'books'}",
		"{'doc_prefix':'TOOLONG','document':'payment','colour':'red'}");
	hand_tenant(&h, "acme", "x", "woocommerce-quickbooks_online", "{}", "{}");
	hand_load(&h);
	assert_null(h.generation);
	assert_error(&h, 9, "param doc_prefix of woocommerce.order->quickbooks_desktop.invoice wants at most 4 characters", NULL);
	assert_error(&h, 9, "shop-books wants its param deposit_to: params = { deposit_to = ... }", "where the money goes");
	assert_error(&h, 9, "shop-books has no param 'colour'", NULL);
	assert_error(&h, 9, "there is no integration 'woocommerce-quickbooks_online'", NULL);
	hand_end(&h);
}

/* WOO-42: prefixes are unique per company over all flows. */
static void two_flows_into_one_company_may_not_number_alike(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_file(&h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", HEAD
		"  params = { doc_prefix = { type = \"string\", default = \"W\", unique = true } },\n"
		"  fields = { Memo = text \"{param.doc_prefix}\", " LINES "  },\n}\n");
	hand_tenant(&h, "acme", "one-books", "woocommerce-quickbooks_desktop",
		"{'woocommerce':'one','quickbooks_desktop':'books'}", "{}");
	hand_tenant(&h, "acme", "two-books", "woocommerce-quickbooks_desktop",
		"{'woocommerce':'two','quickbooks_desktop':'books'}", "{}");
	hand_load(&h);
	assert_null(h.generation);
	assert_error(&h, 6, "acme/two-books and acme/one-books both use doc_prefix = \"W\" in one set of books",
		"give one of them another");
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_misspelt_field_names_the_likely_one),
		cmocka_unit_test(a_required_field_that_is_never_set_is_missed),
		cmocka_unit_test(a_mapping_that_makes_nothing_need_not_set_what_a_new_record_wants),
		cmocka_unit_test(words_params_and_tables_must_be_there),
		cmocka_unit_test(a_word_that_does_not_exist_is_a_slip),
		cmocka_unit_test(lua_that_is_no_lua_says_its_line),
		cmocka_unit_test(values_that_cannot_fit_are_refused),
		cmocka_unit_test(item_belongs_inside_each_and_current_in_on_update),
		cmocka_unit_test(fractions_are_text_so_that_no_digit_is_lost),
		cmocka_unit_test(a_test_that_is_misspelt_is_an_error_too),
		cmocka_unit_test(an_override_can_only_change_what_is_there),
		cmocka_unit_test(a_tenants_parameters_are_checked_at_his_line),
		cmocka_unit_test(two_flows_into_one_company_may_not_number_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
