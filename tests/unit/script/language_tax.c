/* WOO-38: the tax that US QuickBooks will compute is told before anything is sent, and the document
 * balances with it, with a rounding line, or not at all. */
#include "language_hand.h"

static const char mapping[] =
	"local tax = predicted { lines = \"InvoiceLine\", amount = \"Amount\", code = \"SalesTaxCodeRef\",\n"
	"  taxable = { \"Tax\" }, rates = each(\"tax_lines\", item \"rate_percent\"), round = \"%s\" }\n"
	"return mapping {\n"
	"  id = \"woocommerce.order->quickbooks_desktop.invoice\", version = \"1.0.0\", language = 1,\n"
	"  from = { connector = \"woocommerce\", entity = \"order\" },\n"
	"  to   = { connector = \"quickbooks_desktop\", entity = \"Invoice\" }, identity = src \"id\",\n"
	"  fields = { CustomerRef = \"Ada\", ItemSalesTaxRef = \"NY\",\n"
	"    InvoiceLine = lines { each(\"line_items\", { ItemRef = item \"sku\", Amount = money(item \"total\"),\n"
	"      SalesTaxCodeRef = when(eq(item \"name\", \"free\"), \"Non\", \"tax\") }) } },\n"
	"  balance = { left = add(sum(\"InvoiceLine\", \"Amount\"), tax), right = money(src \"total\"), within = \"0.02\",\n"
	"    fix = { ItemRef = \"Rounding\", SalesTaxCodeRef = \"%s\" } },\n"
	"  expect = { { sum = { \"Subtotal\", \"SalesTaxTotal\" }, equals = money(src \"total\") } },\n"
	"}\n";

/* Two taxable lines of 10.05 and one that is not; NY State 4 %, NYC 4.5 %, MCTD 0.375 %. */
static const char order[] =
	"{'id':7,'total':'%s','line_items':[{'sku':'A','name':'x','total':'10.05'},{'sku':'B','name':'x','total':'10.05'},"
	"{'sku':'C','name':'free','total':'3.00'}],'tax_lines':[{'rate_percent':'4'},{'rate_percent':'4.5'},{'rate_percent':'0.375'}]}";

static const char *outcome(const char *round, const char *code, const char *total, char *fix)
{
	static char text[200];
	char source[3000], record[1000];
	struct hand h;
	json_t *v;

	hand_begin(&h);
	snprintf(source, sizeof source, mapping, round, code);
	hand_file(&h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", source);
	hand_tenant(&h, "acme", "b", "woocommerce-quickbooks_desktop", "{'woocommerce':'s','quickbooks_desktop':'b'}", "{}");
	hand_load_well(&h);
	snprintf(record, sizeof record, order, total);
	v = hand_map(&h, "{'flow':'acme/b.invoice','source':{'id':'7'}}", record);
	snprintf(text, sizeof text, "%s %s", json_text_or(v, "verdict", ""), json_text_or(v, "cause", ""));
	snprintf(fix, 20, "%s", json_text_or(v, "writes.0.data.InvoiceLine.3.Amount", ""));
	json_decref(v);
	hand_end(&h);
	return text;
}

static void each_way_of_rounding_is_foretold(void **state)
{
	char fix[20];

	(void)state;
	/* 20.10: 0.804 + 0.9045 + 0.075375 */
	assert_string_equal("write ", outcome("component", "Non", "24.88", fix)); /* 0.80 + 0.90 + 0.08 */
	assert_string_equal("", fix);
	assert_string_equal("write ", outcome("document", "Non", "24.88", fix)); /* 1.783875 */
	assert_string_equal("", fix);
	assert_string_equal("write ", outcome("line", "Non", "24.88", fix)); /* 2 * 0.89 */
	assert_string_equal("", fix);
}

static void a_cent_between_shop_and_books_becomes_a_line_that_is_not_taxed(void **state)
{
	char fix[20];

	(void)state;
	assert_string_equal("write ", outcome("component", "Non", "24.89", fix));
	assert_string_equal("0.01", fix);
	assert_string_equal("write ", outcome("component", "Non", "24.86", fix));
	assert_string_equal("-0.02", fix);
}

static void more_than_that_is_held(void **state)
{
	char fix[20];

	(void)state;
	assert_string_equal("hold out_of_balance", outcome("component", "Non", "24.91", fix));
	assert_string_equal("hold out_of_balance", outcome("component", "Non", "23.10", fix));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_of_rounding_is_foretold),
		cmocka_unit_test(a_cent_between_shop_and_books_becomes_a_line_that_is_not_taxed),
		cmocka_unit_test(more_than_that_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
