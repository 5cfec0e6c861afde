/* A link that two mappings share: what changed is told by both records as both sides last knew them. */
#include "language_hand.h"

#define FORTH \
	"return mapping {\n" \
	"  id = \"woocommerce.order->quickbooks_desktop.Customer\", version = \"1.0.0\", language = 1,\n" \
	"  from = { connector = \"woocommerce\", entity = \"order\" },\n" \
	"  to   = { connector = \"quickbooks_desktop\", entity = \"Customer\" },\n" \
	"  identity = src \"id\",\n" \
	"  fields = { Name = trim { src \"number\", max = 4, on_overflow = \"truncate\" }, Phone = src \"billing.phone\",\n" \
	"    Notes = src \"status\" },\n" \
	"  owns = { \"Name\", \"Phone\", \"Notes\", adopted = \"only_empty\" },\n" \
	"}\n"
#define BACK(more) \
	"return mapping {\n" \
	"  id = \"quickbooks_desktop.Customer->woocommerce.order\", version = \"1.0.0\", language = 1,\n" \
	"  from = { connector = \"quickbooks_desktop\", entity = \"Customer\" },\n" \
	"  to   = { connector = \"woocommerce\", entity = \"order\" },\n" \
	"  " more "\n" \
	"  identity = src \"ListID\", fields = { number = src \"Name\" },\n" \
	"}\n"

static void load(struct hand *h, const char *back)
{
	hand_begin(h);
	hand_file(h, "mappings/woocommerce-quickbooks_desktop/forth.lua", FORTH);
	if (back)
		hand_file(h, "mappings/woocommerce-quickbooks_desktop/back.lua", back);
	hand_tenant(h, "acme", "b", "woocommerce-quickbooks_desktop", "{'woocommerce':'shop','quickbooks_desktop':'books'}", "{}");
	hand_load(h);
}

#define RECORD(phone, status) "{'id':7,'number':'100789','status':'" status "','billing':{'phone':'" phone "'}}"
#define LINK(made) "'link':{'id':'T-1','state':'complete','made':'" made "','source_seen':" RECORD("1", "new") "," \
	"'target_seen':{'Name':'Ada','Phone':'(1)','Notes':'new'}}"

/* As the target stands now, and what a person chose. */
static json_t *go(struct hand *h, const char *made, const char *record, const char *current, const char *choice)
{
	char text[2000];

	snprintf(text, sizeof text, "{'flow':'acme/b.forth','shared':true,'today':'2026-03-05','source':{'entity':'order','id':'7'},%s%s,"
		"'answers':{'fetch target Customer T-1':{'record':{'id':'T-1','version':'v2','data':%s}}}}",
		strcmp(made, "adopted") ? LINK("created") : LINK("adopted"), choice, current);
	return hand_map(h, text, record);
}

static void what_the_target_shows_otherwise_is_no_change_of_ours(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, NULL);
	hand_print_errors(&h);
	/* The name is cut, the phone stands there in another form: neither has changed. */
	v = go(&h, "created", RECORD("1", "new"), "{'Name':'Ada','Phone':'(1)','Notes':'new'}", "");
	assert_string_equal(json_text_at(v, "verdict"), "nothing");
	json_decref(v);
	v = go(&h, "created", RECORD("1", "paid"), "{'Name':'Ada Byron','Phone':'(1)','Notes':'new'}", "");
	assert_string_equal(json_text_at(v, "writes.0.data.Notes"), "paid");
	assert_int_equal(json_object_size(json_at(v, "writes.0.data")), 1);
	assert_string_equal(json_text_at(v, "current.version"), "v2");
	json_decref(v);
	hand_end(&h);
}

static void only_what_both_changed_is_a_conflict_and_shows_what_stood_there(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, NULL);
	v = go(&h, "created", RECORD("2", "new"), "{'Name':'Ada','Phone':'(3)','Notes':'hers'}", "");
	assert_string_equal(json_text_at(v, "cause"), "conflict:Phone");
	assert_string_equal(json_text_at(v, "options.0.conflicts.0.ours"), "2");
	assert_string_equal(json_text_at(v, "options.0.conflicts.0.theirs"), "(3)");
	assert_string_equal(json_text_at(v, "options.0.conflicts.0.before"), "(1)");
	assert_string_equal(json_text_at(v, "why"),
		"Phone (ours: 2, theirs: (3), before: (1)) was changed on both sides since we wrote it");
	json_decref(v);
	v = go(&h, "created", RECORD("2", "new"), "{'Name':'Ada','Phone':'(3)','Notes':'hers'}", ",'choice':{'choice':'overwrite'}");
	assert_string_equal(json_text_at(v, "writes.0.data.Phone"), "2");
	assert_null(json_at(v, "writes.0.data.Notes"));
	json_decref(v);
	hand_end(&h);
}

/* adopted = "only_empty" is about the first meeting. */
static void one_that_was_there_before_us_is_kept_current_once_both_know_each_other(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, NULL);
	v = go(&h, "adopted", RECORD("2", "new"), "{'Name':'Ada','Phone':'(1)','Notes':'new'}", "");
	assert_string_equal(json_text_at(v, "writes.0.data.Phone"), "2");
	json_decref(v);
	hand_end(&h);
}

static void the_way_back_of_another_mapping_must_lead_back(void **state)
{
	struct hand h;

	(void)state;
	load(&h, BACK("back_of = \"woocommerce.order->quickbooks_desktop.Customer\","));
	hand_print_errors(&h);
	assert_string_equal(json_text_at(json_object_get(json_object_get(h.reply, "flows"), "acme/b.back"), "back_of"),
		"woocommerce.order->quickbooks_desktop.Customer");
	hand_end(&h);
	load(&h, BACK("back_of = \"woocommerce.order->quickbooks_desktop.Vendor\","));
	assert_error(&h, 5, "quickbooks_desktop.Customer->woocommerce.order is the way back of "
		"woocommerce.order->quickbooks_desktop.Vendor, which acme/b does not have", NULL);
	hand_end(&h);
	load(&h, BACK("back_of = \"quickbooks_desktop.Customer->woocommerce.order\","));
	assert_int_equal(json_array_size(json_object_get(h.reply, "errors")), 1);
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_target_shows_otherwise_is_no_change_of_ours),
		cmocka_unit_test(only_what_both_changed_is_a_conflict_and_shows_what_stood_there),
		cmocka_unit_test(one_that_was_there_before_us_is_kept_current_once_both_know_each_other),
		cmocka_unit_test(the_way_back_of_another_mapping_must_lead_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
