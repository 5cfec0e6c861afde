/* What was written and changes: base, current and wanted, by whose each field is. */
#include "language_hand.h"

#define BIND "{'woocommerce':'shop','quickbooks_desktop':'books'}"

/* A document of money with one line, and a customer of whom only some is ours. */
static const char invoices[] =
	"return mapping {\n"
	"  id = \"woocommerce.order->quickbooks_desktop.invoice\", version = \"1.0.0\", language = 1,\n"
	"  from = { connector = \"woocommerce\", entity = \"order\" },\n"
	"  to   = { connector = \"quickbooks_desktop\", entity = \"Invoice\" },\n"
	"  identity = src \"id\",\n"
	"  money = { amount = src \"total\", currency = src \"currency\", date = date(src \"date_paid\") },\n"
	"  fields = {\n"
	"    CustomerRef = \"Ada\", TxnDate = date(src \"date_paid\"), Memo = src \"status\", PONumber = src \"transaction_id\",\n"
	"    BillAddress = { Addr1 = src \"billing.first_name\", City = src \"billing.city\" },\n"
	"    InvoiceLine = lines { one { ItemRef = \"Sale\", Amount = money(src \"total\") } },\n"
	"  },\n"
	"  expect = { { sum = { \"Subtotal\" }, equals = money(src \"total\") } },\n"
	"  on_update = { fields = { \"InvoiceLine\", \"BillAddress\", \"TxnDate\" }, unless = current \"IsPaid\",\n"
	"    gone = starts(current \"Memo\", \"VOID:\") },\n"
	"  on_delete = { when = eq(src \"status\", \"cancelled\"), void_if = eq(current \"AppliedAmount\", 0), limit_per_hour = 5 },\n"
	"}\n";
static const char customers[] =
	"return mapping {\n"
	"  id = \"woocommerce.order->quickbooks_desktop.customer\", version = \"1.0.0\", language = 1,\n"
	"  from = { connector = \"woocommerce\", entity = \"order\" },\n"
	"  to   = { connector = \"quickbooks_desktop\", entity = \"Customer\" },\n"
	"  identity = src \"id\",\n"
	"  fields = { Name = src \"number\", Phone = src \"billing.phone\", Notes = src \"status\",\n"
	"    BillAddress = { Addr1 = src \"billing.first_name\", City = src \"billing.city\" } },\n"
	"  owns = { \"Phone\", \"BillAddress\" },\n"
	"  on_delete = { fields = { Notes = when(present(current \"Notes\"), \"gone from the shop\", \"gone\") } },\n"
	"}\n";

#define SOURCE "'today':'2026-03-05','source':{'connection':'shop','entity':'order','id':'7'}"
#define ORDER(status, total, name, city) \
	"{'id':7,'number':'1007','status':'" status "','date_paid':'2026-03-04','currency':'USD','total':'" total "'," \
	"'billing':{'first_name':'" name "','city':'" city "','phone':'555'}}"
#define BASE \
	"'link':{'id':'T-1','version':'v1','state':'complete','made':'created','base':{'CustomerRef':{'name':'Ada'}," \
	"'TxnDate':'2026-03-04','Memo':'processing','BillAddress':{'Addr1':'Ada','City':'Reno'}," \
	"'InvoiceLine':[{'ItemRef':{'name':'Sale'},'Amount':'20.00'}]}}"

struct shop {
	struct hand h;
	json_t *v;
};

static void begin(struct shop *s)
{
	hand_begin(&s->h);
	hand_file(&s->h, "mappings/woocommerce-quickbooks_desktop/invoice.lua", invoices);
	hand_file(&s->h, "mappings/woocommerce-quickbooks_desktop/customer.lua", customers);
	hand_tenant(&s->h, "acme", "b", "woocommerce-quickbooks_desktop", BIND, "{}");
	hand_load_well(&s->h);
	s->v = NULL;
}

static void end(struct shop *s)
{
	json_decref(s->v);
	hand_end(&s->h);
}

/* Maps once, answers the fetch of the target with current (NULL: not asked for), maps again. */
static json_t *go(struct shop *s, const char *flow, const char *header, const char *record, const char *current)
{
	char text[4000];

	json_decref(s->v);
	snprintf(text, sizeof text, "{'flow':'acme/b.%s'," SOURCE ",%s}", flow, header);
	s->v = hand_map(&s->h, text, record);
	if (!current)
		return s->v;
	assert_string_equal("ask", json_text_at(s->v, "verdict"));
	assert_string_equal("fetch", json_text_at(s->v, "asks.0.kind"));
	snprintf(text, sizeof text, "{'flow':'acme/b.%s'," SOURCE ",%s,'answers':{'%s':{'record':%s}}}", flow, header,
		json_text_at(s->v, "asks.0.key"), current);
	json_decref(s->v);
	s->v = hand_map(&s->h, text, record);
	return s->v;
}

static const char *verdict(const json_t *v)
{
	static char text[200];

	snprintf(text, sizeof text, "%s %s", json_text_or(v, "verdict", ""), json_text_or(v, "cause", ""));
	return text;
}

/* WOO-41: 1,000 orders from processing to completed are not even looked at. */
static void a_move_of_the_status_touches_no_posted_document(void **state)
{
	struct shop s;
	json_t *v;

	(void)state;
	begin(&s);
	v = go(&s, "invoice", BASE, ORDER("completed", "20.00", "Ada", "Reno"), NULL);
	assert_string_equal("nothing ", verdict(v));
	assert_string_equal("T-1", json_text_at(v, "link.id"));
	end(&s);
}

/* WOO-34, WOO-18 */
static void an_edited_line_is_written_with_the_version_just_fetched(void **state)
{
	struct shop s;
	json_t *v, *write;

	(void)state;
	begin(&s);
	v = go(&s, "invoice", BASE, ORDER("processing", "30.00", "Ada", "Reno"),
		"{'id':'T-1','version':'v7','data':{'CustomerRef':{'id':'80-1','name':'ada'},'TxnDate':'2026-03-04','Memo':'processing',"
		"'BillAddress':{'Addr1':'Ada','City':'Reno'},'IsPaid':false,"
		"'InvoiceLine':[{'TxnLineID':'L1','ItemRef':{'id':'i','name':'Sale'},'Amount':'20.00'}]}}");
	write = json_at(v, "writes.0");
	assert_string_equal("update", json_text_at(write, "verb"));
	assert_string_equal("T-1", json_text_at(write, "id"));
	assert_string_equal("v7", json_text_at(write, "version"));
	assert_int_equal(1, json_object_size(json_object_get(write, "data"))); /* only what changed */
	assert_string_equal("30.00", json_text_at(write, "data.InvoiceLine.0.Amount"));
	assert_string_equal("30.00", json_text_at(write, "expect.0.equals"));
	end(&s);
}

static void a_paid_document_is_not_changed_without_a_person(void **state)
{
	static const char paid[] = "{'id':'T-1','version':'v7','data':{'TxnDate':'2026-03-04','IsPaid':true,'Memo':'processing',"
		"'BillAddress':{'Addr1':'Ada','City':'Reno'},'InvoiceLine':[{'ItemRef':{'name':'Sale'},'Amount':'20.00'}]}}";
	struct shop s;
	json_t *v;

	(void)state;
	begin(&s);
	v = go(&s, "invoice", BASE, ORDER("processing", "30.00", "Ada", "Reno"), paid);
	assert_string_equal("review posted_changed", verdict(v));
	assert_string_equal("post", json_text_at(v, "options.0.choice"));
	v = go(&s, "invoice", BASE ",'choice':{'choice':'post'}", ORDER("processing", "30.00", "Ada", "Reno"), paid);
	assert_string_equal("write ", verdict(v));
	end(&s);
}

static void behind_the_lock_date_nothing_is_changed(void **state)
{
	struct shop s;
	json_t *v;

	(void)state;
	begin(&s);
	v = go(&s, "invoice", BASE ",'locked_until':'2026-03-31'", ORDER("processing", "30.00", "Ada", "Reno"),
		"{'id':'T-1','version':'v7','data':{'IsPaid':false,'InvoiceLine':[{'ItemRef':{'name':'Sale'},'Amount':'20.00'}]}}");
	assert_string_equal("hold closed_period", verdict(v));
	end(&s);
}

/* ZUO-19, SF-27: edits do not overwrite each other. */
static void changed_on_both_sides_is_a_persons_to_decide(void **state)
{
	static const char changed[] = "{'id':'T-1','version':'v7','data':{'IsPaid':false,'Memo':'hers','TxnDate':'2026-03-04',"
		"'BillAddress':{'Addr1':'Ada','City':'Sparks'},'InvoiceLine':[{'ItemRef':{'name':'Sale'},'Amount':'20.00'}]}}";
	struct shop s;
	json_t *v;

	(void)state;
	begin(&s);
	v = go(&s, "invoice", BASE, ORDER("processing", "20.00", "Ada", "Elko"), changed);
	assert_string_equal("review conflict:BillAddress.City", verdict(v));
	assert_string_equal("Elko", json_text_at(v, "options.0.conflicts.0.ours"));
	assert_string_equal("Sparks", json_text_at(v, "options.0.conflicts.0.theirs"));
	assert_string_equal("Reno", json_text_at(v, "options.0.conflicts.0.before"));
	v = go(&s, "invoice", BASE ",'choice':{'choice':'overwrite'}", ORDER("processing", "20.00", "Ada", "Elko"), changed);
	assert_string_equal("Elko", json_text_at(v, "writes.0.data.BillAddress.City"));
	v = go(&s, "invoice", BASE ",'choice':{'choice':'keep'}", ORDER("processing", "20.00", "Ada", "Elko"), changed);
	assert_string_equal("nothing ", verdict(v));
	/* what only they changed stays theirs, and does not stand in the way of ours */
	v = go(&s, "invoice", BASE, ORDER("processing", "25.00", "Ada", "Reno"), changed);
	assert_string_equal("write ", verdict(v));
	assert_null(json_at(v, "writes.0.data.BillAddress"));
	assert_null(json_at(v, "writes.0.data.Memo"));
	assert_string_equal("25.00", json_text_at(v, "writes.0.data.InvoiceLine.0.Amount"));
	end(&s);
}

static void what_we_wrote_and_want_no_more_is_emptied(void **state)
{
	struct shop s;
	json_t *v;

	(void)state;
	begin(&s);
	v = go(&s, "invoice", BASE, ORDER("processing", "20.00", "Ada", ""),
		"{'id':'T-1','version':'v7','data':{'IsPaid':false,'BillAddress':{'Addr1':'Ada','City':'Reno'}}}");
	assert_string_equal("write ", verdict(v));
	assert_true(json_is_null(json_at(v, "writes.0.data.BillAddress.City")));
	assert_string_equal("Ada", json_text_at(v, "writes.0.data.BillAddress.Addr1")); /* an address goes as a whole */
	end(&s);
}

/* ALL-13 */
static void what_a_person_deleted_or_voided_is_not_made_again(void **state)
{
	struct shop s;
	json_t *v;

	(void)state;
	begin(&s);
	v = go(&s, "invoice", BASE, ORDER("processing", "30.00", "Ada", "Reno"), "null");
	assert_string_equal("review gone_in_target", verdict(v));
	assert_string_equal("again", json_text_at(v, "options.0.choice"));
	v = go(&s, "invoice", BASE, ORDER("processing", "30.00", "Ada", "Reno"),
		"{'id':'T-1','version':'v7','data':{'Memo':'VOID: processing'}}");
	assert_string_equal("review gone_in_target", verdict(v));
	v = go(&s, "invoice", BASE ",'choice':{'choice':'again'}", ORDER("processing", "30.00", "Ada", "Reno"), NULL);
	assert_string_equal("write ", verdict(v));
	assert_string_equal("create", json_text_at(v, "writes.0.verb"));
	end(&s);
}

/* WOO-35 */
static void a_cancelled_order_is_voided_only_when_unpaid(void **state)
{
	struct shop s;
	json_t *v;

	(void)state;
	begin(&s);
	v = go(&s, "invoice", BASE, ORDER("cancelled", "20.00", "Ada", "Reno"),
		"{'id':'T-1','version':'v7','data':{'AppliedAmount':'0.00'}}");
	assert_string_equal("void", json_text_at(v, "writes.0.verb"));
	assert_string_equal("v7", json_text_at(v, "writes.0.version"));
	v = go(&s, "invoice", BASE, ORDER("cancelled", "20.00", "Ada", "Reno"),
		"{'id':'T-1','version':'v7','data':{'AppliedAmount':'-20.00'}}");
	assert_string_equal("review deleted_after_post", verdict(v));
	assert_string_equal("void", json_text_at(v, "options.0.choice"));
	v = go(&s, "invoice", BASE, ORDER("cancelled", "20.00", "Ada", "Reno"),
		"{'id':'T-1','version':'v7','data':{'AppliedAmount':'0','Memo':'VOID: x'}}");
	assert_string_equal("nothing ", verdict(v)); /* once is enough */
	v = go(&s, "invoice", BASE ",'locked_until':'2026-03-31'", ORDER("cancelled", "20.00", "Ada", "Reno"),
		"{'id':'T-1','version':'v7','data':{'AppliedAmount':'0.00'}}");
	assert_string_equal("hold closed_period", verdict(v));
	end(&s);
}

/* WOO-45 */
static void what_is_not_owned_is_written_once_and_never_again(void **state)
{
	struct shop s;
	json_t *v, *data;

	(void)state;
	begin(&s);
	v = go(&s, "customer", "'link':null", ORDER("processing", "1", "Ada", "Reno"), NULL);
	assert_string_equal("1007", json_text_at(v, "writes.0.data.Name"));
	assert_string_equal("processing", json_text_at(v, "writes.0.data.Notes"));
	v = go(&s, "customer", "'link':{'id':'80-1','made':'created','base':{'Name':'x','Phone':'111','BillAddress':"
		"{'Addr1':'Ada','City':'Reno'}}}", ORDER("completed", "1", "Ada", "Elko"),
		"{'id':'80-1','version':'2','data':{'Name':'Lady Ada','Notes':'VIP','Phone':'111','BillAddress':"
		"{'Addr1':'Ada','City':'Reno','State':'NV'}}}");
	data = json_at(v, "writes.0.data");
	assert_null(json_object_get(data, "Name"));
	assert_null(json_object_get(data, "Notes"));
	assert_string_equal("555", json_text_at(data, "Phone"));
	assert_string_equal("Elko", json_text_at(data, "BillAddress.City"));
	end(&s);
}

static void the_end_of_a_source_may_be_an_update(void **state)
{
	struct shop s;
	json_t *v;

	(void)state;
	begin(&s);
	v = hand_map(&s.h, "{'flow':'acme/b.customer','source':{'id':'7','deleted':true},'link':{'id':'80-1'},'answers':"
		"{'fetch target Customer 80-1':{'record':{'id':'80-1','version':'2','data':{'Notes':'VIP'}}}}}", "null");
	assert_string_equal("update", json_text_at(v, "writes.0.verb"));
	assert_string_equal("gone from the shop", json_text_at(v, "writes.0.data.Notes"));
	json_decref(v);
	/* What it becomes may depend on what stands there. */
	v = hand_map(&s.h, "{'flow':'acme/b.customer','source':{'id':'7','deleted':true},'link':{'id':'80-1'},'answers':"
		"{'fetch target Customer 80-1':{'record':{'id':'80-1','version':'2','data':{'Name':'Ada'}}}}}", "null");
	assert_string_equal("gone", json_text_at(v, "writes.0.data.Notes"));
	json_decref(v);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_move_of_the_status_touches_no_posted_document),
		cmocka_unit_test(an_edited_line_is_written_with_the_version_just_fetched),
		cmocka_unit_test(a_paid_document_is_not_changed_without_a_person),
		cmocka_unit_test(behind_the_lock_date_nothing_is_changed),
		cmocka_unit_test(changed_on_both_sides_is_a_persons_to_decide),
		cmocka_unit_test(what_we_wrote_and_want_no_more_is_emptied),
		cmocka_unit_test(what_a_person_deleted_or_voided_is_not_made_again),
		cmocka_unit_test(a_cancelled_order_is_voided_only_when_unpaid),
		cmocka_unit_test(what_is_not_owned_is_written_once_and_never_again),
		cmocka_unit_test(the_end_of_a_source_may_be_an_update),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
