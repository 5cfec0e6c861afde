/* What each word gives: a row of a table each, as docs/mapping-language.md says it. */
#include "language_hand.h"

static const char record[] =
	"{'id':7,'number':'1007','status':' processing ','total':'30.86','currency':'USD','customer_id':0,'payment_method':'',"
	"'billing':{'first_name':'Zo\u00eb','last_name':'\u0141uk\u00e1\u0161','company':'  ','phone':'+1 (555) 010-20','email':'A@X.de'},"
	"'date_paid':'2026-10-31T23:30:00','date_modified_gmt':'2026-11-01T03:30:00Z',"
	"'line_items':[{'name':'Mug','sku':'MUG','quantity':'2','total':'20.00','taxes':[{'id':1,'total':'1.00'},{'id':2,'total':'0.50'}]},"
	"{'name':'Pin','sku':'PIN','quantity':'1','total':'5.00','taxes':[]}],"
	"'coupon_lines':[],'tax_lines':[{'rate_code':'US-NY-2','rate_percent':'4.5'},{'rate_code':'US-NY-1','rate_percent':'4'},"
	"{'rate_code':'US-NY-1','rate_percent':'4'}],'meta_data':[{'key':'vat','value':'DE1'},{'key':'x','value':'y'}],"
	"'shipping_total':'0.00','total_tax':null}";

static const struct row {
	const char *word, *gives; /* JSON with ' for "; "": missing; otherwise "state cause" */
} rows[] = {
	/* where a value comes from */
	{ "src \"number\"", "'1007'" },
	{ "src \"id\"", "7" },
	{ "src \"billing.first_name\"", "'Zo\u00eb'" },
	{ "src \"line_items[2].sku\"", "'PIN'" },
	{ "src \"line_items[9].sku\"", "" },
	{ "src \"meta_data[key=vat].value\"", "'DE1'" },
	{ "src \"total_tax\"", "" },
	{ "text \"Order {number} of {billing.company}\"", "'Order 1007 of'" },
	{ "text \"{billing.company} {payment_method}\"", "" },
	{ "text \"{account}/{today}/{param.p}/{fact.target.company}\"", "'shop/2026-11-02/W/Mugs LLC'" },
	{ "param \"p\"", "'W'" },
	{ "pick(\"terms\", src \"currency\")", "'Net 15'" },
	{ "pick(\"terms\", src \"number\")", "hold unknown_terms:1007" },
	{ "pick(\"terms\", src \"number\", \"Net 30\")", "'Net 30'" },
	{ "pick(\"kinds\", src \"number\")", "'other'" },
	{ "pick(\"kinds\", src \"status\")", "'other'" },
	{ "remembered(\"tax\", \"NY\")", "'Sales NY'" },
	{ "remembered(\"tax\", \"NV\", \"none\")", "'none'" },
	{ "pick(\"tax\", \"NY\")", "'Sales NY'" }, /* people's answers come before the table */
	{ "named(param \"p\")", "{'name':'W'}" },
	{ "fact \"target.company\"", "'Mugs LLC'" },
	{ "fact \"target.nothing\"", "" },
	{ "today()", "'2026-11-02'" },
	{ "lock_date()", "'2026-10-31'" },
	/* conditions */
	{ "present(src \"number\")", "true" },
	{ "present(src \"billing.company\")", "false" },
	{ "absent(src \"coupon_lines\")", "true" },
	{ "eq(src \"total\", \"30.860\")", "true" },
	{ "eq(src \"number\", \"01007\")", "false" },
	{ "ne(src \"currency\", \"EUR\")", "true" },
	{ "eq(src \"customer_id\", 0)", "true" },
	{ "gt(src \"total\", 30)", "true" },
	{ "gt(src \"total_tax\", 0)", "false" },
	{ "le(src \"total\", \"30.86\")", "true" },
	{ "lt(date(src \"date_paid\"), \"2026-11-01\")", "true" },
	{ "gt(src \"number\", src \"currency\")", "hold bad_value:organization_fields.x" },
	{ "one_of(src \"currency\", { \"EUR\", \"USD\" })", "true" },
	{ "one_of(src \"id\", { 7 })", "true" },
	{ "one_of(src \"currency\", param \"list\")", "false" },
	{ "matches(src \"billing.email\", \"*@?.de\")", "true" },
	{ "starts(src \"number\", \"10\")", "true" },
	{ "contains(src \"number\", \"00\")", "true" },
	{ "contains(param \"list\", \"b\")", "true" },
	{ "within_days(src \"date_paid\", \"2026-11-30\", 30)", "true" },
	{ "within_days(src \"date_paid\", \"2026-12-01\", 30)", "false" },
	{ "all { true, not_(false), any { false, true } }", "true" },
	{ "any {}", "false" },
	{ "all {}", "true" },
	{ "decided \"post\"", "false" },
	{ "when(eq(1, 2), \"a\")", "" },
	{ "first { src \"billing.company\", src \"payment_method\", \"c\" }", "'c'" },
	/* amounts */
	{ "money(\"1.005\")", "'1.01'" },
	{ "money(\"-1.005\")", "'-1.01'" },
	{ "money(5)", "'5.00'" },
	{ "money(src \"total_tax\")", "" },
	{ "money(\"much\")", "hold bad_value:organization_fields.x" },
	{ "money(\"17.993333333333332\", 5)", "'17.99333'" },
	{ "add(\"0.1\", \"0.2\")", "'0.3'" },
	{ "add(src \"total\", src \"total_tax\")", "'30.86'" },
	{ "add(src \"total_tax\", src \"payment_method\")", "" },
	{ "sub(\"1.00\", \"0.99\", \"0.01\")", "'0.00'" },
	{ "sub(src \"total_tax\", \"1\")", "'-1'" },
	{ "mul(\"0.07\", \"3\")", "'0.21'" },
	{ "div(\"10\", 3, 2)", "'3.33'" },
	{ "div(\"2\", 3, 2)", "'0.67'" },
	{ "div(\"1\", 0, 2)", "" },
	{ "neg(money(src \"total\"))", "'-30.86'" },
	{ "abs(\"-2.50\")", "'2.50'" },
	{ "min(3, \"2.5\", 7)", "'2.5'" },
	{ "max(\"2026-01-02\", \"2026-03-01\")", "'2026-03-01'" },
	{ "round(\"2.5\", 0, \"even\")", "'2'" },
	{ "round(\"2.59\", 1, \"down\")", "'2.5'" },
	{ "round(\"2.25\", 1)", "'2.3'" },
	{ "sum(\"line_items\", \"total\")", "'25.00'" },
	{ "sum(\"line_items\", mul(item \"total\", item \"quantity\"))", "'45.00'" },
	{ "sum(\"coupon_lines\", \"code\")", "'0'" },
	{ "sum(filter(\"line_items\", gt(item \"quantity\", 1)), \"total\")", "'20.00'" },
	/* days: WOO-43, an order at 23:30 on 31 October is October's */
	{ "date(src \"date_paid\")", "'2026-10-31'" },
	{ "date(src \"date_modified_gmt\")", "'2026-11-01'" },
	{ "date(src \"date_modified_gmt\", -4)", "'2026-10-31'" },
	{ "date(src \"date_modified_gmt\", \"5.5\")", "'2026-11-01'" },
	{ "date(src \"number\")", "hold bad_value:organization_fields.x" },
	{ "add_days(\"2026-02-27\", 2)", "'2026-03-01'" },
	{ "add_days(\"2026-03-01\", -1)", "'2026-02-28'" },
	{ "days_between(\"2026-10-31\", \"2026-11-02\")", "2" },
	{ "open_day(src \"date_paid\")", "'2026-11-01'" },
	{ "open_day(\"2026-11-15\")", "'2026-11-15'" },
	/* text */
	{ "lower(src \"billing.email\")", "'a@x.de'" },
	{ "upper(src \"billing.first_name\")", "'ZO\u00cb'" },
	{ "phone(src \"billing.phone\")", "'+155501020'" },
	{ "clean_name(\" Ada:  Byron \")", "'Ada Byron'" },
	{ "transliterate(src \"billing.last_name\")", "'Luk\u00e1\u0161'" },
	{ "transliterate(src \"billing.last_name\", \"ascii\")", "'Lukas'" },
	{ "transliterate(text \"{billing.first_name} \u65e5\", \"ascii\")", "'Zoe ?'" },
	{ "trim { src \"number\", max = 3, on_overflow = \"truncate\" }", "'100'" },
	{ "trim { src \"number\", max = 3, on_overflow = \"last_digits\" }", "'007'" },
	{ "trim { src \"number\", max = 3, on_overflow = \"hold\" }", "hold too_long:organization_fields.x" },
	{ "trim { src \"number\", max = 4 }", "'1007'" },
	{ "trim { src \"billing.first_name\", max = 3 }", "'Zo\u00eb'" }, /* characters, not bytes */
	{ "replace(src \"number\", \"00\", \"-\")", "'1-7'" },
	/* lists */
	{ "list { src \"number\", src \"total_tax\", \"b\" }", "['1007','b']" },
	{ "each(\"line_items\", text \"{row_number}{item.sku}\")", "['1MUG','2PIN']" },
	{ "concat(each(\"line_items\", item \"sku\"), { \"x\" })", "['MUG','PIN','x']" },
	{ "count(\"line_items\")", "2" },
	{ "count(\"line_items\", present(item \"taxes\"))", "1" },
	{ "join(\"line_items\", item \"sku\", \", \")", "'MUG, PIN'" },
	/* WOO-29: the set of an order's rates is one key, whatever their order */
	{ "join { \"tax_lines\", item \"rate_code\", \"+\", unique = true, sorted = true }", "'US-NY-1+US-NY-2'" },
	{ "row(\"line_items\", eq(item \"sku\", \"PIN\"), item \"name\")", "'Pin'" },
	{ "row(\"line_items\", eq(item \"sku\", \"x\"), item \"name\")", "" },
	{ "join(\"line_items\", join(item \"taxes\", text \"{parent.sku}{item.id}\", \"+\"), \" \")", "'MUG1+MUG2'" },
	/* states */
	{ "hold(\"why_not\", \"order {number}\")", "hold why_not" },
	{ "review(\"who:{number}\", \"order {number}\")", "review who:1007" },
	{ "when(true, skip(\"done\", \"x\"))", "skip done" },
	/* compute */
	{ "compute { inputs = { l = src \"line_items\", n = src \"number\" }, result = \"string\", "
	  "fn = function(v) return v.n .. #v.l .. v.l[1].sku end }", "'10072MUG'" },
	{ "compute { inputs = { t = src \"total\" }, result = \"money\", fn = function(v) return decimal.add(v.t, \"0.14\") end }",
	  "'31.00'" },
	{ "compute { inputs = {}, result = \"money\", fn = function() return 0.1 + 0.2 end }", "hold compute_failed" },
	{ "compute { inputs = {}, result = \"string\", one_of = { \"a\" }, fn = function() return \"b\" end }",
	  "hold compute_failed" },
	{ "compute { inputs = {}, result = \"string\", fn = function() while true do end end }", "hold compute_failed" },
	{ "compute { inputs = {}, result = \"int\", fn = function() return src(\"x\") end }", "hold compute_failed" },
	{ "compute { inputs = {}, result = \"bool\", fn = function() return nil end }", "" },
	{ "compute { inputs = {}, result = \"list\", fn = function() return { \"a\", \"b\" } end }", "['a','b']" },
};

static void begin(struct hand *h, const char *word)
{
	char text[2000];

	hand_begin(h);
	snprintf(text, sizeof text,
		"return mapping { id = \"woocommerce.order->zendesk.organization\", version = \"1.0.0\", language = 1,\n"
		"  from = { connector = \"woocommerce\", entity = \"order\" },\n"
		"  to = { connector = \"zendesk\", entity = \"organization\" }, identity = src \"id\",\n"
		"  params = { p = { type = \"string\", default = \"W\" }, list = { type = \"list\", default = { \"a\", \"b\" } } },\n"
		"  tables = { terms = { USD = \"Net 15\" }, kinds = { a = \"b\", default = \"other\" }, tax = { NY = \"old\" } },\n"
		"  fields = { name = \"x\", organization_fields = { x = %s } } }\n", word);
	hand_file(h, "mappings/woocommerce-zendesk/x.lua", text);
	hand_tenant(h, "acme", "a", "woocommerce-zendesk", "{'woocommerce':'shop','zendesk':'desk'}", "{}");
	json_array_append_new(json_at(h->load, "tenants.acme.answers"),
		hand_json("{'kind':'tax','given':'NY','answer':'Sales NY'}"));
	hand_load_well(h);
}

static json_t *map(struct hand *h)
{
	return hand_map(h, "{'flow':'acme/a.x','today':'2026-11-02','source':{'connection':'shop','id':'7'},"
		"'locked_until':'2026-09-30','facts':{'target':{'company':'Mugs LLC','closing_date':'2026-10-31'}}}", record);
}

static void each_word_gives_what_the_language_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hand h;
		char got[200], *text;
		json_t *v, *x, *want;
		begin(&h, rows[i].word);
		v = map(&h);
		if (strcmp(json_text_or(v, "verdict", ""), "write")) {
			snprintf(got, sizeof got, "%s %s", json_text_or(v, "verdict", ""), json_text_or(v, "cause", ""));
			if (strcmp(got, rows[i].gives))
				fail_msg("%s: wanted %s, came %s (%s)", rows[i].word, rows[i].gives, got, json_text_or(v, "why", ""));
		} else {
			x = json_at(v, "writes.0.data.organization_fields.x");
			want = *rows[i].gives ? hand_json(rows[i].gives) : NULL;
			text = x ? json_dumps(x, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("nothing");
			if (want ? !json_equal(want, x) : x != NULL)
				fail_msg("%s: wanted %s, came %s", rows[i].word, rows[i].gives, text);
			free(text);
			json_decref(want);
		}
		json_decref(v);
		hand_end(&h);
	}
}

static void a_function_remembers_nothing_from_record_to_record(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	begin(&h, "(function() local n = 0; return compute { inputs = {}, result = \"int\", "
		"fn = function() n = n + 1; return n end } end)()");
	for (int i = 0; i < 3; i++) {
		v = map(&h);
		assert_int_equal(1, json_int_or(json_at(v, "writes.0.data.organization_fields"), "x", 0));
		json_decref(v);
	}
	hand_end(&h);
}

static void a_function_that_spent_its_budget_costs_that_record_only(void **state)
{
	static const char good[] = "{'id':8,'number':'8'}", bad[] = "{'id':7,'number':'7'}", header[] =
		"{'flow':'acme/a.x','source':{'connection':'shop','id':'7'}}";
	struct hand h;
	json_t *v;

	(void)state;
	begin(&h, "compute { inputs = { n = src \"number\" }, result = \"string\", "
		"fn = function(v) while v.n == \"7\" do end; return v.n end }");
	for (int i = 0; i < 2; i++) {
		v = hand_map(&h, header, bad);
		assert_string_equal("compute_failed", json_text_at(v, "cause"));
		json_decref(v);
		v = hand_map(&h, header, good);
		assert_string_equal("8", json_text_at(v, "writes.0.data.organization_fields.x"));
		json_decref(v);
	}
	hand_end(&h);
}

static void a_table_outside_of_the_function_is_refused(void **state)
{
	struct hand h;

	(void)state;
	hand_begin(&h);
	hand_file(&h, "mappings/woocommerce-zendesk/x.lua",
		"local seen = {}\n"
		"return mapping { id = \"woocommerce.order->zendesk.organization\", version = \"1.0.0\", language = 1,\n"
		"  from = { connector = \"woocommerce\", entity = \"order\" },\n"
		"  to = { connector = \"zendesk\", entity = \"organization\" }, identity = src \"id\",\n"
		"  fields = { name = compute { inputs = {}, result = \"string\",\n"
		"    fn = function() seen[1] = 1; return \"x\" end } } }\n");
	hand_load(&h);
	assert_null(h.generation);
	assert_error(&h, 5, "compute uses 'seen' of the file, which could change between records: give it what it needs as "
		"inputs", NULL);
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_gives_what_the_language_says),
		cmocka_unit_test(a_function_remembers_nothing_from_record_to_record),
		cmocka_unit_test(a_function_that_spent_its_budget_costs_that_record_only),
		cmocka_unit_test(a_table_outside_of_the_function_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
