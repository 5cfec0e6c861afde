/* Records that are looked at again: because time passes, and because another record names them. */
#include "language_hand.h"

#define CUSTOMERS(sections, tests) \
	"return mapping {\n" \
	"  id = \"quickbooks_online.customer->zendesk.organization\", version = \"1.0.0\", language = 1,\n" \
	"  from = { connector = \"quickbooks_online\", entity = \"customer\" },\n" \
	"  to   = { connector = \"zendesk\", entity = \"organization\" },\n" \
	"  identity = src \"Id\",\n" \
	"  accept = { { src \"Active\", else_ = skip(\"inactive\", \"not active\") } },\n" \
	"  needs = { invoices = query { side = \"source\", entity = \"invoice\", where = { CustomerRef = src \"Id\" } } },\n" \
	sections "\n" \
	"  fields = { name = src \"DisplayName\",\n" \
	"    details = text \"{today}\", organization_fields = { overdue = count(\"invoices\", lt(item \"DueDate\", today())) } },\n" \
	"  tests = {" tests "},\n" \
	"}\n"
#define AGAIN_ON "again_on = { invoice = src \"CustomerRef.id\" },"
#define AGAIN_AT "again_at = each(\"invoices\", add_days(item \"DueDate\", 1)),"

static void load(struct hand *h, const char *file)
{
	hand_begin(h);
	hand_file(h, "mappings/quickbooks_online-zendesk/customer.lua", file);
	hand_tenant(h, "acme", "b", "quickbooks_online-zendesk", "{'quickbooks_online':'books','zendesk':'desk'}", "{}");
	hand_load(h);
}

#define HEADER "'flow':'acme/b.customer','today':'2026-03-05','now':'2026-03-05T12:00:00.000Z'"

/* The key of a find holds JSON, which hand_json() cannot take: the answers are put in by hand. */
static json_t *map_with(struct hand *h, const char *active, const char *invoices)
{
	char record[200], *text;
	json_t *header = hand_json("{" HEADER ",'source':{'entity':'customer','id':'12'},'answers':{}}"), *verdict;

	snprintf(record, sizeof record, "{\"Id\":\"12\",\"DisplayName\":\"Ada\",\"Active\":%s}", active);
	text = strdup(record);
	for (int round = 0; round < 3; round++) {
		size_t i;
		json_t *ask;

		verdict = generation_map(h->generation, header, text, strlen(text));
		if (strcmp(json_text_or(verdict, "verdict", ""), "ask"))
			break;
		json_array_foreach(json_object_get(verdict, "asks"), i, ask)
			json_object_set_new(json_object_get(header, "answers"), json_text_at(ask, "key"),
				json_pack("{s:o}", "records", hand_json(invoices)));
		json_decref(verdict);
		verdict = NULL;
	}
	free(text);
	json_decref(header);
	return verdict;
}

/* ZEN-29 */
static void the_next_day_of_many_is_when_it_is_looked_at_again(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, CUSTOMERS(AGAIN_AT, ""));
	hand_print_errors(&h);
	assert_true(json_true_at(json_object_get(json_object_get(h.reply, "flows"), "acme/b.customer"), "again_at"));
	v = map_with(&h, "true", "[{'id':'1','data':{'DueDate':'2026-02-01'}},{'id':'2','data':{'DueDate':'2026-03-31'}},"
		"{'id':'3','data':{'DueDate':'2026-03-10'}}]");
	assert_string_equal(json_text_at(v, "verdict"), "write");
	assert_string_equal(json_text_at(v, "again_day"), "2026-03-11");
	json_decref(v);
	v = map_with(&h, "true", "[{'id':'1','data':{'DueDate':'2026-02-01'}}]");
	assert_null(json_text_at(v, "again_day"));
	json_decref(v);
	hand_end(&h);
}

static void an_instant_is_taken_as_it_stands_and_what_has_passed_is_not(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, CUSTOMERS("again_at = { \"2026-03-05T11:00:00Z\", \"2026-03-05T18:30:00+02:00\", \"2026-03-05\" },", ""));
	hand_print_errors(&h);
	v = map_with(&h, "true", "[]");
	assert_string_equal(json_text_at(v, "again_at"), "2026-03-05T16:30:00.000Z");
	assert_null(json_text_at(v, "again_day"));
	json_decref(v);
	hand_end(&h);
}

static void what_is_no_time_holds_the_record(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, CUSTOMERS("again_at = src \"DisplayName\",", ""));
	v = map_with(&h, "true", "[]");
	assert_string_equal(json_text_at(v, "verdict"), "hold");
	assert_string_equal(json_text_at(v, "cause"), "bad_value:again_at");
	json_decref(v);
	hand_end(&h);
}

/* Nothing is asked for the sake of a record that is not accepted today. */
static void one_that_is_skipped_today_may_be_looked_at_tomorrow(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, CUSTOMERS("again_at = add_days(today(), 1),", ""));
	v = map_with(&h, "false", "[]");
	assert_string_equal(json_text_at(v, "verdict"), "skip");
	assert_string_equal(json_text_at(v, "again_day"), "2026-03-06");
	json_decref(v);
	hand_end(&h);
	load(&h, CUSTOMERS(AGAIN_AT, ""));
	v = map_with(&h, "false", "[]");
	assert_string_equal(json_text_at(v, "verdict"), "skip");
	assert_null(json_text_at(v, "again_day"));
	json_decref(v);
	hand_end(&h);
}

static void a_change_of_another_record_names_the_one_to_look_at(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, CUSTOMERS(AGAIN_ON, ""));
	hand_print_errors(&h);
	assert_string_equal(json_text_at(json_object_get(json_object_get(h.reply, "flows"), "acme/b.customer"),
		"again_on.0"), "invoice");
	v = hand_map(&h, "{" HEADER ",'source':{'entity':'invoice','id':'130'}}", "{'Id':'130','CustomerRef':{'id':'12'}}");
	assert_string_equal(json_text_at(v, "verdict"), "look");
	assert_string_equal(json_text_at(v, "entity"), "customer");
	assert_string_equal(json_text_at(v, "ids.0"), "12");
	assert_string_equal(json_text_at(v, "label"), "invoice 130");
	assert_null(json_text_at(v, "identity"));
	json_decref(v);
	v = hand_map(&h, "{" HEADER ",'source':{'entity':'invoice','id':'130','deleted':true}}", "null");
	assert_string_equal(json_text_at(v, "verdict"), "look");
	assert_int_equal(json_array_size(json_object_get(v, "ids")), 0);
	json_decref(v);
	hand_end(&h);
}

/* ALL-11, ZEN-41: what happens to a part is news of the whole, whatever becomes of the part itself. */
static void a_record_names_the_one_above_it_of_its_own_kind(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, CUSTOMERS("again_on = { customer = src \"ParentRef.id\" },",
		"{ name = \"a part\", given = { Id = \"13\", DisplayName = \"Roof\", Active = true, ParentRef = { id = \"12\" } }, expect = { looks_at = { \"12\" } } },"));
	hand_print_errors(&h);
	v = hand_map(&h, "{" HEADER ",'source':{'entity':'customer','id':'13'}}", "{'Id':'13','Active':false,'ParentRef':{'id':'12'}}");
	assert_string_equal(json_text_at(v, "verdict"), "skip");
	assert_string_equal(json_text_at(v, "above.0"), "12");
	json_decref(v);
	v = hand_map(&h, "{" HEADER ",'source':{'entity':'customer','id':'12'}}", "{'Id':'12','Active':false}");
	assert_null(json_object_get(v, "above"));
	json_decref(v);
	v = generation_test(h.generation, NULL);
	assert_true(json_true_at(v, "results.0.ok"));
	json_decref(v);
	hand_end(&h);
}

static void both_can_be_tested_in_the_file(void **state)
{
	struct hand h;
	json_t *reply;

	(void)state;
	load(&h, CUSTOMERS(AGAIN_ON AGAIN_AT,
		"{ name = \"due\", given = { Id = \"12\", DisplayName = \"Ada\", Active = true }, today = \"2026-03-05\","
		"  rows = { invoices = { { DueDate = \"2026-03-10\" } } }, expect = { again_at = \"2026-03-11\" } },"
		"{ name = \"not due\", like = 1, rows = { invoices = {} }, expect = { again_at = none } },"
		"{ name = \"wrong\", like = 1, expect = { again_at = \"2026-03-12\" } },"
		"{ name = \"stirred\", entity = \"invoice\", given = { Id = \"130\", CustomerRef = { id = \"12\" } },"
		"  expect = { looks_at = { \"12\" } } },"));
	hand_print_errors(&h);
	reply = generation_test(h.generation, NULL);
	assert_true(json_true_at(reply, "results.0.ok"));
	assert_true(json_true_at(reply, "results.1.ok"));
	assert_false(json_true_at(reply, "results.2.ok"));
	assert_true(json_true_at(reply, "results.3.ok"));
	json_decref(reply);
	hand_end(&h);
}

static void what_cannot_be_meant_is_said_when_the_file_is_loaded(void **state)
{
	struct hand h;

	(void)state;
	load(&h, CUSTOMERS("again_on = { invoic = src \"CustomerRef.id\" },", ""));
	assert_error(&h, 8, "quickbooks_online has no invoic", "did you mean 'invoice'?");
	hand_end(&h);
	load(&h, CUSTOMERS("again_on = { invoice = src \"DisplayName\" },", ""));
	assert_error(&h, 8, "no field 'DisplayName' in invoice", NULL);
	hand_end(&h);
	load(&h, CUSTOMERS("again_at = present(src \"DisplayName\"),", ""));
	assert_error(&h, 8, "a day or an instant is wanted, this is bool", NULL);
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_day_of_many_is_when_it_is_looked_at_again),
		cmocka_unit_test(an_instant_is_taken_as_it_stands_and_what_has_passed_is_not),
		cmocka_unit_test(what_is_no_time_holds_the_record),
		cmocka_unit_test(one_that_is_skipped_today_may_be_looked_at_tomorrow),
		cmocka_unit_test(a_change_of_another_record_names_the_one_to_look_at),
		cmocka_unit_test(a_record_names_the_one_above_it_of_its_own_kind),
		cmocka_unit_test(both_can_be_tested_in_the_file),
		cmocka_unit_test(what_cannot_be_meant_is_said_when_the_file_is_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
