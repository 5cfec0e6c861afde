/* answers_are_remembered.c - answers.csv: written by the host, edited by a bookkeeper with a spreadsheet. */
#include "flow/answers.h"

#include "base/file.h"
#include "base/json.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[] = "/tmp/mlc-answers-XXXXXX", path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/answers.csv", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void put(const char *text)
{
	struct err e = { 0 };

	assert_int_equal(file_write(path, text, strlen(text), 0644, &e), 0);
}

static void a_file_that_is_not_there_has_no_answers(void **state)
{
	struct err e = { 0 };
	json_t *rows = answers_read("/nonexistent/answers.csv", &e);

	(void)state;
	assert_int_equal(e.code, 0);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

static void an_answer_is_read_back_whatever_it_holds(void **state)
{
	struct err e = { 0 };
	json_t *rows;

	(void)state;
	unlink(path);
	assert_int_equal(answers_remember(path, "item", "MUG, \"blue\"", "Mugs:Blue\nlarge", &e), 0);
	rows = answers_read(path, &e);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(json_array_get(rows, 0), "given"), "MUG, \"blue\"");
	assert_string_equal(json_text_at(json_array_get(rows, 0), "answer"), "Mugs:Blue\nlarge");
	json_decref(rows);
}

static void a_second_answer_to_the_same_question_replaces_the_first(void **state)
{
	struct err e = { 0 };
	json_t *rows;

	(void)state;
	put("kind,given,answer\nitem,MUG,Old\ntax_item,US-NY,NY\n");
	assert_int_equal(answers_remember(path, "item", "MUG", "New", &e), 0);
	rows = answers_read(path, &e);
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_text_at(json_array_get(rows, 0), "answer"), "New");
	assert_string_equal(json_text_at(json_array_get(rows, 1), "answer"), "NY");
	json_decref(rows);
}

static void what_a_spreadsheet_writes_is_understood(void **state)
{
	struct err e = { 0 };
	json_t *rows;

	(void)state;
	put("\xef\xbb\xbfkind,given,answer\r\nitem,\"MUG\",\"Mug \"\"9\"\"\"\r\n");
	rows = answers_read(path, &e);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(json_array_get(rows, 0), "answer"), "Mug \"9\"");
	json_decref(rows);
}

static void a_line_that_cannot_be_read_is_named(void **state)
{
	static const char *const bad[] = { "kind,given,answer\nitem,MUG\n", "kind,given,answer\nitem,\"MUG,Mug\n",
		"kind,given,answer\n,MUG,Mug\n" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };

		put(bad[i]);
		assert_null(answers_read(path, &e));
		assert_int_equal(e.code, ERR_INPUT);
		assert_non_null(strstr(e.text, "line 2"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_is_not_there_has_no_answers),
		cmocka_unit_test(an_answer_is_read_back_whatever_it_holds),
		cmocka_unit_test(a_second_answer_to_the_same_question_replaces_the_first),
		cmocka_unit_test(what_a_spreadsheet_writes_is_understood),
		cmocka_unit_test(a_line_that_cannot_be_read_is_named),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
