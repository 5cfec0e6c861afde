/* What a record needs of others: made first, only looked for, fetched, queried; of itself or of another. */
#include "language_hand.h"

/* A refund becomes a credit memo of the invoice of its order. */
static const char memos[] =
	"return mapping {\n"
	"  id = \"woocommerce.refund->quickbooks_desktop.memo\", version = \"1.0.0\", language = 1,\n"
	"  from = { connector = \"woocommerce\", entity = \"refund\" },\n"
	"  to   = { connector = \"quickbooks_desktop\", entity = \"CreditMemo\" },\n"
	"  identity = src \"id\",\n"
	"  money = { amount = src \"amount\", currency = need \"order.currency\", date = date(src \"date_created\"),\n"
	"    origin_date = need \"order.date_paid\" },\n"
	"  needs = {\n"
	"    order   = fetch { side = \"source\", entity = \"order\", id = src \"parent_id\" },\n"
	"    invoice = ensure { \"woocommerce.order->quickbooks_desktop.invoice\", of = { entity = \"order\", id = src \"parent_id\" },\n"
	"      on_none = skip(\"no_invoice\", \"order {parent_id} was never posted\") },\n"
	"    payment = linked { \"woocommerce.order->quickbooks_desktop.payment\", of = { entity = \"order\", id = src \"parent_id\" } },\n"
	"    open    = query { entity = \"CreditMemo\", where = { CustomerRef = src \"parent_id\" } },\n"
	"  },\n"
	"  fields = { CustomerRef = \"Ada\", RefNumber = text \"{need.order.number}R\", TxnID = ref \"invoice\",\n"
	"    Memo = when(present(ref \"payment\"), \"paid by us\", \"open\"), Other = text \"{need.payment.made}\",\n"
	"    Count = count(\"open\") },\n"
	"}\n";
#define OF_ORDER(what, name) \
	"return mapping { id = \"woocommerce.order->quickbooks_desktop." what "\", version = \"1.0.0\", language = 1,\n" \
	"  from = { connector = \"woocommerce\", entity = \"order\" }, to = { connector = \"quickbooks_desktop\", entity = \"" name "\" },\n" \
	"  identity = { \"order\", src \"id\" }, fields = { Name = text \"{number}\" } }\n"

static const char header[] = "{'flow':'acme/b.memo','source':{'connection':'shop','entity':'refund','id':'52'},'start':'2026-01-01'%s}";
static const char refund[] = "{'id':52,'parent_id':42,'amount':'21.77','date_created':'2026-11-20T19:09:30'}";

static void begin(struct hand *h)
{
	hand_begin(h);
	hand_entity(h, "woocommerce", "refund", "id integer; parent_id integer; amount decimal; date_created text");
	hand_entity(h, "quickbooks_desktop", "CreditMemo", "CustomerRef ref f:Customer; RefNumber text; TxnID text; Memo text;"
		"Other text; Count integer");
	hand_file(h, "mappings/woocommerce-quickbooks_desktop/memo.lua", memos);
	hand_file(h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", OF_ORDER("invoice", "Item"));
	hand_file(h, "mappings/woocommerce-quickbooks_desktop/payment.lua", OF_ORDER("payment", "Vendor"));
	hand_tenant(h, "acme", "b", "woocommerce-quickbooks_desktop", "{'woocommerce':'shop','quickbooks_desktop':'books'}", "{}");
}

static json_t *go(struct hand *h, const char *answers)
{
	char text[3000];

	snprintf(text, sizeof text, header, answers);
	return hand_map(h, text, refund);
}

static json_t *ask_of(const json_t *v, const char *kind)
{
	size_t i;
	json_t *ask;

	json_array_foreach(json_object_get(v, "asks"), i, ask)
		if (strcmp(json_text_or(ask, "kind", ""), kind) == 0)
			return ask;
	fail_msg("no %s is asked for", kind);
	return NULL;
}

#define QUERIED ",'find target CreditMemo {\\u0022CustomerRef\\u0022:\\u002242\\u0022}':{'records':[{'id':'1','data':{}},{'id':'2','data':{}}]}"
#define ORDER(paid) ",'answers':{'fetch source order 42':{'record':{'id':'42','data':{'number':'1007','currency':'USD','date_paid':'" paid "'}}}"
#define INVOICE ",'ensure woocommerce.order->quickbooks_desktop.invoice of order 42':{'id':'1A-9','version':'1'}"
#define PAYMENT(what) ",'linked woocommerce.order->quickbooks_desktop.payment of order 42':{" what "}"

static void another_records_needs_name_that_record(void **state)
{
	struct hand h;
	json_t *v, *ask;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	v = go(&h, "");
	assert_string_equal("ask", json_text_at(v, "verdict"));
	assert_int_equal(4, json_array_size(json_object_get(v, "asks")));
	ask = ask_of(v, "fetch");
	assert_string_equal("source", json_text_at(ask, "connection"));
	assert_string_equal("42", json_text_at(ask, "id"));
	ask = ask_of(v, "ensure");
	assert_string_equal("order", json_text_at(ask, "record.entity"));
	assert_string_equal("42", json_text_at(ask, "record.id"));
	assert_string_equal("order/42", json_text_at(ask, "identity")); /* as the other mapping will call it */
	assert_string_equal("42", json_text_at(ask_of(v, "linked"), "record.id"));
	json_decref(v);
	hand_end(&h);
}

static void what_they_bring_is_read_and_referred_to(void **state)
{
	struct hand h;
	json_t *v, *data;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	v = go(&h, ORDER("2026-10-31T10:00:00") INVOICE PAYMENT("'id':'P-1','made':'created'") QUERIED "}");
	data = json_at(v, "writes.0.data");
	assert_string_equal("1007R", json_text_at(data, "RefNumber"));
	assert_string_equal("1A-9", json_text_at(data, "TxnID"));
	assert_string_equal("paid by us", json_text_at(data, "Memo"));
	assert_string_equal("created", json_text_at(data, "Other"));
	assert_int_equal(2, json_int_or(data, "Count", 0));
	assert_string_equal("USD", json_text_at(v, "currency"));
	json_decref(v);
	v = go(&h, ORDER("2026-10-31T10:00:00") INVOICE PAYMENT("'none':true") QUERIED "}");
	assert_string_equal("open", json_text_at(v, "writes.0.data.Memo"));
	json_decref(v);
	hand_end(&h);
}

static void what_is_not_made_there_settles_it_here(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	v = go(&h, ORDER("2026-10-31T10:00:00") ",'ensure woocommerce.order->quickbooks_desktop.invoice of order 42':{'none':true,"
		"'why':'it is before the start'}" PAYMENT("'none':true") QUERIED "}");
	assert_string_equal("skip", json_text_at(v, "verdict"));
	assert_string_equal("no_invoice", json_text_at(v, "cause"));
	json_decref(v);
	hand_end(&h);
}

/* ALL-09: a refund of an order of before the start is a person's to decide. */
static void a_late_refund_of_an_old_order_goes_to_review(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	v = go(&h, ORDER("2025-12-31T10:00:00") INVOICE PAYMENT("'none':true") QUERIED "}");
	assert_string_equal("review", json_text_at(v, "verdict"));
	assert_string_equal("before_start", json_text_at(v, "cause"));
	json_decref(v);
	hand_end(&h);
}

/* A job's customer is a customer: a tree of records, by one mapping. */
static void a_record_may_need_another_one_of_its_own_mapping(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	hand_begin(&h);
	hand_file(&h, "mappings/woocommerce-quickbooks_desktop/item.lua",
		"return mapping { id = \"woocommerce.order->quickbooks_desktop.item\", version = \"1.0.0\", language = 1,\n"
		"  from = { connector = \"woocommerce\", entity = \"order\" }, to = { connector = \"quickbooks_desktop\", entity = \"Item\" },\n"
		"  identity = src \"id\", fields = { Name = text \"{number}\" },\n"
		"  needs = { parent = ensure { \"woocommerce.order->quickbooks_desktop.item\", of = { entity = \"order\", id = src \"customer_id\" },\n"
		"    if_ = gt(src \"customer_id\", 0) } } }\n");
	hand_tenant(&h, "acme", "b", "woocommerce-quickbooks_desktop", "{'woocommerce':'shop','quickbooks_desktop':'books'}", "{}");
	hand_load_well(&h);
	v = hand_map(&h, "{'flow':'acme/b.item','source':{'connection':'shop','entity':'order','id':'52'}}",
		"{'id':52,'number':'7','customer_id':42}");
	assert_string_equal(json_text_or(ask_of(v, "ensure"), "record.id", ""), "42");
	hand_end(&h);
}

static void in_the_shadow_what_would_be_made_is_new(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	v = go(&h, ORDER("2026-10-31T10:00:00") ",'ensure woocommerce.order->quickbooks_desktop.invoice of order 42':{'shadow':true}"
		PAYMENT("'none':true") QUERIED "}");
	assert_string_equal("(new)", json_text_at(v, "writes.0.data.TxnID"));
	json_decref(v);
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_records_needs_name_that_record),
		cmocka_unit_test(what_they_bring_is_read_and_referred_to),
		cmocka_unit_test(what_is_not_made_there_settles_it_here),
		cmocka_unit_test(a_late_refund_of_an_old_order_goes_to_review),
		cmocka_unit_test(a_record_may_need_another_one_of_its_own_mapping),
		cmocka_unit_test(in_the_shadow_what_would_be_made_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
