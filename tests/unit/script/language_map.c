/* A record's way: what is asked comes out together, answers finish it, what fails says why. */
#include "language_hand.h"

#define BIND "{'woocommerce':'shop','quickbooks_desktop':'books'}"
#define HEADER(more) \
	"{'generation':1,'flow':'acme/shop-books.invoice','now':'2026-03-05T12:00:00.000Z','today':'2026-03-05'," \
	"'source':{'connection':'shop','entity':'order','id':'7'},'link':null,'facts':{'target':{'currency':'USD'}}" more "}"
#define ORDER \
	"{'id':7,'number':'1007','status':'processing','date_paid':'2026-03-04T10:00:00','currency':'USD'," \
	"'payment_method':'stripe','billing':{'first_name':'Ada','last_name':'Byron','email':'Ada@x.example'}," \
	"'line_items':[{'name':'Mug','sku':'MUG','quantity':2,'subtotal':'20.00'},{'name':'Pin','sku':'PIN','quantity':1," \
	"'subtotal':'5.00'},{'name':'Mug','sku':'MUG','quantity':1,'subtotal':'10.00'}]," \
	"'shipping_total':'0.00','discount_total':'0.00','total_tax':'0.00','total':'35.00'}"

static void begin(struct hand *h)
{
	hand_begin(h);
	hand_example(h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", "orders.lua");
	hand_example(h, "mappings/woocommerce-quickbooks_desktop/customer.lua", "customers.lua");
	hand_tenant(h, "acme", "shop-books", "woocommerce-quickbooks_desktop", BIND, "{}");
}

static json_t *ask_of(const json_t *verdict, const char *kind, const char *name)
{
	size_t i;
	json_t *ask;

	json_array_foreach(json_object_get(verdict, "asks"), i, ask) {
		const char *value, *member;
		json_t *one;
		if (strcmp(json_text_or(ask, "kind", ""), kind))
			continue;
		if (!name)
			return ask;
		json_object_foreach(json_object_get(ask, "by"), member, one) {
			value = json_string_value(one);
			if (value && strcmp(value, name) == 0)
				return ask;
		}
	}
	return NULL;
}

static const char answers[] =
	",'answers':{'ensure woocommerce.order->quickbooks_desktop.customer':{'id':'80-1','version':'1','entity':'Customer'},"
	"'find target Invoice {\\'RefNumber\\':\\'W1007\\'}':{'records':[]},"
	"'find target Item {\\'FullName\\':\\'MUG\\'}':{'records':[{'id':'i1','version':'1','data':{}}]},"
	"'find target Item {\\'FullName\\':\\'PIN\\'}':{'records':[%s]}}";

static json_t *map_with(struct hand *h, const char *pin, const char *more)
{
	char header[3000], with[2000], *at;

	snprintf(with, sizeof with, answers, pin);
	snprintf(header, sizeof header, "%.*s%s%s}", (int)(strlen(HEADER("")) - 1), HEADER(""), with, more);
	/* \' stands for an escaped quote inside of a text */
	while ((at = strstr(header, "\\'")))
		memcpy(at, "\\\001", 2);
	for (at = header; *at; at++)
		*at = *at == '\'' ? '"' : *at == '\001' ? '"' : *at;
	return hand_map(h, header, ORDER);
}

static void all_that_a_record_lacks_is_asked_at_once(void **state)
{
	struct hand h;
	json_t *v, *ensure;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	v = hand_map(&h, HEADER(""), ORDER);
	assert_string_equal("ask", json_text_at(v, "verdict"));
	assert_string_equal("order 1007", json_text_at(v, "label"));
	assert_string_equal("7", json_text_at(v, "identity"));
	assert_string_equal("35.00", json_text_at(v, "amount"));
	assert_string_equal("USD", json_text_at(v, "currency"));
	/* the customer, the number, and each SKU once */
	assert_int_equal(4, json_array_size(json_object_get(v, "asks")));
	ensure = ask_of(v, "ensure", NULL);
	assert_string_equal("woocommerce.order->quickbooks_desktop.customer", json_text_at(ensure, "mapping"));
	assert_string_equal("ada@x.example", json_text_at(ensure, "identity"));
	assert_non_null(ask_of(v, "find", "MUG"));
	assert_non_null(ask_of(v, "find", "PIN"));
	assert_string_equal("target", json_text_at(ask_of(v, "find", "W1007"), "connection"));
	assert_string_equal("Invoice", json_text_at(ask_of(v, "find", "W1007"), "entity"));
	json_decref(v);
	hand_end(&h);
}

static void with_all_answers_it_is_a_document(void **state)
{
	struct hand h;
	json_t *v, *write, *data;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	v = map_with(&h, "{'id':'i2','version':'1','data':{}}", "");
	assert_string_equal("write", json_text_at(v, "verdict"));
	write = json_at(v, "writes.0");
	assert_string_equal("create", json_text_at(write, "verb"));
	assert_string_equal("Invoice", json_text_at(write, "entity"));
	assert_null(json_object_get(write, "id"));
	data = json_object_get(write, "data");
	assert_string_equal("80-1", json_text_at(data, "CustomerRef.id"));
	assert_string_equal("Due on receipt", json_text_at(data, "TermsRef.name"));
	assert_string_equal("2", json_text_at(data, "InvoiceLine.0.Quantity"));
	assert_string_equal("20.00", json_text_at(data, "InvoiceLine.0.Amount"));
	assert_string_equal("i2", json_text_at(data, "InvoiceLine.1.ItemRef.id"));
	assert_null(json_object_get(data, "PONumber")); /* missing: left out, not sent empty */
	assert_string_equal("35.00", json_text_at(write, "expect.0.equals"));
	assert_string_equal("total_differs", json_text_at(write, "expect.0.cause"));
	assert_true(json_array_size(json_object_get(write, "own")) > 5);
	json_decref(v);
	hand_end(&h);
}

static void the_same_in_gives_the_same_out(void **state)
{
	struct hand h;
	json_t *one, *two;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	one = map_with(&h, "{'id':'i2','version':'1','data':{}}", "");
	two = map_with(&h, "{'id':'i2','version':'1','data':{}}", "");
	assert_true(json_equal(one, two));
	json_decref(one);
	json_decref(two);
	hand_end(&h);
}

/* WOO-28: an unknown SKU falls back to the name, and then a person is asked. */
static void an_unknown_item_is_looked_up_by_name_then_asked_of_a_person(void **state)
{
	struct hand h;
	json_t *v, *option;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	v = map_with(&h, "", "");
	assert_string_equal("ask", json_text_at(v, "verdict"));
	assert_int_equal(1, json_array_size(json_object_get(v, "asks")));
	assert_non_null(ask_of(v, "find", "Pin"));
	json_decref(v);
	v = map_with(&h, "", ",'choice':{'choice':'answer','kind':'item','given':'PIN','answer':'Lapel pin'}");
	assert_non_null(ask_of(v, "find", "Lapel pin"));
	json_decref(v);
	hand_end(&h);

	begin(&h);
	json_array_append_new(json_at(h.load, "tenants.acme.answers"), hand_json("{'kind':'item','given':'PIN','answer':'Badge'}"));
	hand_load_well(&h);
	v = map_with(&h, "", "");
	assert_non_null(ask_of(v, "find", "Badge"));
	json_decref(v);
	hand_end(&h);

	begin(&h);
	hand_load_well(&h);
	v = hand_json("{}");
	json_decref(v);
	v = map_with(&h, "{'id':'i2'},{'id':'i3'}", "");
	assert_string_equal("review", json_text_at(v, "verdict"));
	assert_string_equal("ambiguous_item:PIN", json_text_at(v, "cause"));
	option = json_at(v, "options.0");
	assert_string_equal("answer", json_text_at(option, "choice"));
	assert_string_equal("item", json_text_at(option, "kind"));
	assert_string_equal("PIN", json_text_at(option, "given"));
	assert_int_equal(2, json_array_size(json_object_get(option, "candidates")));
	json_decref(v);
	hand_end(&h);
}

static void each_field_tells_where_it_came_from(void **state)
{
	struct hand h;
	json_t *v, *o;

	(void)state;
	begin(&h);
	hand_example(&h, "tenants/acme/mappings/orders.lua", "acme.lua");
	hand_load_well(&h);
	v = map_with(&h, "{'id':'i2','version':'1','data':{}}", ",'origins':true");
	/* the override numbers AC1007, so the look-up by number is another one */
	assert_string_equal("ask", json_text_at(v, "verdict"));
	json_decref(v);
	hand_end(&h);

	begin(&h);
	hand_load_well(&h);
	v = map_with(&h, "{'id':'i2','version':'1','data':{}}", ",'origins':true");
	o = json_object_get(json_object_get(v, "origins"), "RefNumber");
	assert_string_equal("mappings/woocommerce-quickbooks_desktop/invoice.lua", json_text_at(o, "file"));
	assert_int_equal(56, json_int_or(o, "line", 0));
	assert_string_equal("shipped", json_text_at(o, "layer"));
	assert_string_equal("number", json_text_at(o, "from.0.path"));
	assert_string_equal("1007", json_text_at(o, "from.0.value"));
	o = json_object_get(json_object_get(v, "origins"), "BillAddress.Addr1");
	assert_string_equal("billing.company", json_text_at(o, "from.0.path"));
	assert_string_equal("billing.first_name", json_text_at(o, "from.1.path"));
	json_decref(v);
	hand_end(&h);
}

static const char *cause_of(struct hand *h, const char *header, const char *record)
{
	static char cause[100];
	json_t *v = hand_map(h, header, record);

	snprintf(cause, sizeof cause, "%s %s", json_text_or(v, "verdict", ""), json_text_or(v, "cause", ""));
	json_decref(v);
	return cause;
}

/* ALL-09, ALL-10, ALL-08 */
static void money_obeys_start_lock_date_and_currency(void **state)
{
	struct hand h;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	assert_string_equal("skip before_start", cause_of(&h, HEADER(",'start':'2026-03-05'"), ORDER));
	assert_string_equal("ask ", cause_of(&h, HEADER(",'start':'2026-03-04'"), ORDER));
	assert_string_equal("hold closed_period", cause_of(&h, HEADER(",'locked_until':'2026-03-04'"), ORDER));
	assert_string_equal("ask ", cause_of(&h, HEADER(",'locked_until':'2026-03-03'"), ORDER));
	assert_string_equal("hold currency", cause_of(&h,
		"{'flow':'acme/shop-books.invoice','source':{'id':'7'},'facts':{'target':{'currency':'CAD'}}}", ORDER));
	hand_end(&h);
}

static void garbage_is_held_not_mapped(void **state)
{
	struct hand h;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	assert_string_equal("hold bad_record", cause_of(&h, HEADER(""), "{'id':"));
	assert_string_equal("hold no_such_flow", cause_of(&h, "{'flow':'acme/nothing.x'}", "{}"));
	assert_string_equal("skip status", cause_of(&h, HEADER(""), "{}"));
	assert_string_equal("skip status", cause_of(&h, HEADER(""), "[1]"));
	assert_string_equal("hold bad_value:money", cause_of(&h, HEADER(""),
		"{'status':'processing','date_paid':'yesterday','total':'much'}"));
	hand_end(&h);
}

static void a_person_decides_before_all_rules(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	assert_string_equal("skip forgotten", cause_of(&h, HEADER(",'choice':{'choice':'forget'}"), ORDER));
	assert_string_equal("skip let_go", cause_of(&h, HEADER(",'choice':{'choice':'skip'}"), ORDER));
	v = hand_map(&h, HEADER(",'choice':{'choice':'create'}"), ORDER);
	assert_null(ask_of(v, "find", "W1007")); /* whatever is there */
	json_decref(v);
	hand_end(&h);
}

static void what_ended_before_it_was_written_is_skipped(void **state)
{
	struct hand h;

	(void)state;
	begin(&h);
	hand_load_well(&h);
	assert_string_equal("skip deleted", cause_of(&h,
		"{'flow':'acme/shop-books.invoice','source':{'id':'7','deleted':true}}", "null"));
	assert_string_equal("skip cancelled", cause_of(&h, HEADER(""), "{'id':7,'status':'cancelled'}"));
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_record_lacks_is_asked_at_once),
		cmocka_unit_test(with_all_answers_it_is_a_document),
		cmocka_unit_test(the_same_in_gives_the_same_out),
		cmocka_unit_test(an_unknown_item_is_looked_up_by_name_then_asked_of_a_person),
		cmocka_unit_test(each_field_tells_where_it_came_from),
		cmocka_unit_test(money_obeys_start_lock_date_and_currency),
		cmocka_unit_test(garbage_is_held_not_mapped),
		cmocka_unit_test(a_person_decides_before_all_rules),
		cmocka_unit_test(what_ended_before_it_was_written_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
