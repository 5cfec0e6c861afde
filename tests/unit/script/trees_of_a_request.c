/* The trees of one request are forgotten at once; what is older stays, and what does not fit is kept
 * elsewhere. */
#include "base/json.h"
#include "script/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static long resident_pages(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &size, &resident), 2);
	fclose(f);
	return resident;
}

static json_t *big_list(size_t entries)
{
	json_t *list = json_array();

	for (size_t i = 0; i < entries; i++)
		json_array_append_new(list, json_pack("{s:s}", "text", "of some length, so that it takes room"));
	return list;
}

static void requests_leave_nothing_behind(void **state)
{
	json_t *kept = json_pack("{s:s}", "older", "than the requests");
	long before = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		json_arena_begin();
		assert_int_equal(json_array_size(big_list(5000)), 5000); /* some 2 MB, never given back */
		json_incref(kept);
		json_decref(kept);
		json_arena_end();
		if (i == 5)
			before = resident_pages();
	}
	assert_true((resident_pages() - before) * sysconf(_SC_PAGESIZE) < 8 << 20);
	assert_string_equal(json_text_or(kept, "older", ""), "than the requests");
	json_decref(kept);
}

static void a_tree_that_does_not_fit_is_ordinary_memory(void **state)
{
	json_t *tree;

	(void)state;
	json_arena_begin();
	tree = big_list(400000); /* more than 64 MB */
	assert_int_equal(json_array_size(tree), 400000);
	assert_string_equal(json_text_or(json_array_get(tree, 399999), "text", ""),
		"of some length, so that it takes room");
	json_decref(tree);
	json_arena_end();
}

static void what_is_made_between_requests_stays(void **state)
{
	json_t *between;

	(void)state;
	json_arena_begin();
	json_arena_end();
	between = json_string("between");
	json_arena_begin();
	json_decref(json_string("within, and written over the first bytes of the heap"));
	json_arena_end();
	assert_string_equal(json_string_value(between), "between");
	json_decref(between);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_leave_nothing_behind),
		cmocka_unit_test(a_tree_that_does_not_fit_is_ordinary_memory),
		cmocka_unit_test(what_is_made_between_requests_stays),
	};

	json_arena_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
