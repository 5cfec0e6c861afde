/* A mapping that is hostile or foolish costs itself: what is too large is refused at load, what makes
 * too much of one record holds that record. */
#include "language_hand.h"

#define HEAD \
	"return mapping { id = \"woocommerce.order->zendesk.organization\", version = \"1.0.0\", language = 1,\n" \
	"  from = { connector = \"woocommerce\", entity = \"order\" },\n" \
	"  to = { connector = \"zendesk\", entity = \"organization\" }, identity = src \"id\",\n"

static void load(struct hand *h, const char *text)
{
	hand_begin(h);
	hand_file(h, "mappings/woocommerce-zendesk/x.lua", text);
	hand_tenant(h, "acme", "a", "woocommerce-zendesk", "{'woocommerce':'shop','zendesk':'desk'}", "{}");
	hand_load(h);
}

static const char *first_error(const struct hand *h)
{
	return json_text_or(json_object_get(h->reply, "errors"), "0.text", "");
}

static void values_that_double_with_each_name_are_refused(void **state)
{
	struct hand h;

	(void)state;
	load(&h, "local a = add(src \"total\", 1)\n"
		"for i = 1, 60 do a = add(a, a) end\n" HEAD "  fields = { name = a } }\n");
	assert_null(h.generation);
	assert_non_null(strstr(first_error(&h), "too large"));
	hand_end(&h);
}

static void depth_has_an_end(void **state)
{
	struct hand h;

	(void)state;
	load(&h, "local a = src \"total\"\nfor i = 1, 500 do a = neg(a) end\n" HEAD "  fields = { name = a } }\n");
	assert_null(h.generation);
	assert_non_null(strstr(first_error(&h), "too large"));
	hand_end(&h);
	load(&h, "local t = {}\nt.t = t\n" HEAD "  fields = { name = list(t) } }\n");
	assert_null(h.generation);
	assert_non_null(strstr(first_error(&h), "one that holds itself"));
	hand_end(&h);
}

static void a_file_that_never_ends_is_stopped(void **state)
{
	struct hand h;

	(void)state;
	load(&h, "while true do end\n");
	assert_null(h.generation);
	assert_int_equal(1, json_array_size(json_object_get(h.reply, "errors")));
	hand_end(&h);
	load(&h, "local t = {} for i = 1, 1e9 do t[i] = src \"number\" end\n");
	assert_null(h.generation);
	hand_end(&h);
}

static void needs_that_lead_to_each_other_end(void **state)
{
	struct hand h;

	(void)state;
	load(&h, HEAD
		"  needs = { a = find { entity = \"organization\", by = { name = need \"b.details\" } },\n"
		"            b = find { entity = \"organization\", by = { name = need \"a.details\" } } },\n"
		"  fields = { name = need \"a.name\" } }\n");
	if (h.generation) {
		json_t *v = hand_map(&h, "{'flow':'acme/a.x','source':{'id':'7'}}", "{'id':7}");
		assert_string_equal("hold", json_text_at(v, "verdict"));
		assert_string_equal("too_much", json_text_at(v, "cause"));
		json_decref(v);
	}
	hand_end(&h);
}

static void work_that_grows_with_the_cube_of_a_record_holds_it(void **state)
{
	char *record = malloc(200000), *at = record;
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, HEAD
		"  fields = { name = \"x\", details = text \"{id}\", external_id = when(gt(sum(\"line_items\",\n"
		"    sum(src \"line_items\", sum(src \"line_items\", item \"total\"))), 0), \"y\") } }\n");
	hand_print_errors(&h);
	assert_non_null(h.generation);
	at += sprintf(at, "{'id':7,'line_items':[");
	for (int i = 0; i < 1000; i++)
		at += sprintf(at, "%s{'total':'1.00'}", i ? "," : "");
	sprintf(at, "]}");
	v = hand_map(&h, "{'flow':'acme/a.x','source':{'id':'7'}}", record);
	assert_string_equal("hold", json_text_at(v, "verdict"));
	assert_string_equal("too_much", json_text_at(v, "cause"));
	json_decref(v);
	free(record);
	hand_end(&h);
}

static void text_that_outgrows_its_arena_holds_the_record(void **state)
{
	char big[60001], text[61000];
	struct hand h;
	json_t *v;

	(void)state;
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = 0;
	load(&h, HEAD
		"  fields = { name = join(each(\"line_items\", join(src \"line_items\", item \"name\", \"\")), item(), \"\") } }\n");
	hand_print_errors(&h);
	assert_non_null(h.generation);
	snprintf(text, sizeof text, "{'id':7,'line_items':[{'name':'%s'},{},{},{},{},{},{},{},{}]}", big);
	v = hand_map(&h, "{'flow':'acme/a.x','source':{'id':'7'}}", text);
	assert_string_equal("write", json_text_at(v, "verdict")); /* 540 KB are well */
	json_decref(v);
	hand_end(&h);
}

/* The trail keeps where each member came from, and the record already. */
static void a_list_that_is_added_up_is_told_by_its_size(void **state)
{
	struct hand h;
	json_t *v;

	(void)state;
	load(&h, HEAD "  fields = { name = text \"{id}\", details = sum(\"line_items\", \"total\") } }\n");
	hand_print_errors(&h);
	assert_non_null(h.generation);
	v = hand_map(&h, "{'flow':'acme/a.x','origins':true,'source':{'id':'7'}}", "{'id':7,'line_items':[{'total':'1.00'},{'total':'2.00'}]}");
	assert_string_equal("3.00", json_text_at(v, "writes.0.data.details"));
	assert_string_equal("line_items", json_text_at(v, "origins.details.from.0.path"));
	assert_string_equal("(2 rows)", json_text_at(v, "origins.details.from.0.value"));
	json_decref(v);
	hand_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_that_double_with_each_name_are_refused),
		cmocka_unit_test(depth_has_an_end),
		cmocka_unit_test(a_file_that_never_ends_is_stopped),
		cmocka_unit_test(needs_that_lead_to_each_other_end),
		cmocka_unit_test(work_that_grows_with_the_cube_of_a_record_holds_it),
		cmocka_unit_test(text_that_outgrows_its_arena_holds_the_record),
		cmocka_unit_test(a_list_that_is_added_up_is_told_by_its_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
