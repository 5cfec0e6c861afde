/* shown_to_people.c - what a remote sent neither steers a terminal nor breaks out of a word for the shell. */
#include "check.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/shown.h"

#include <stdlib.h>
#include <string.h>

static void control_characters_become_blanks(void **state)
{
	static const struct { const char *text, *keep, *shown; } rows[] = {
		{ "Ada \x1b[2J\x1b]0;root\x07", "", "Ada  [2J ]0;root " },
		{ "two\nlines\tand\r\x7f", "\n\t", "two\nlines\tand  " },
		{ "two\nlines", "", "two lines" },
		{ "a\xc2\x9b" "2Jb", "", "a  2Jb" },                   /* U+009B: the same as ESC [ */
		{ "M\xc3\xbcller \xc2\xa0 \xe2\x82\xac", "", "M\xc3\xbcller \xc2\xa0 \xe2\x82\xac" },
		{ "\xc2", "", "\xc2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *own = xstrdup(rows[i].text);

		shown_plain(own, rows[i].keep);
		assert_string_equal(own, rows[i].shown);
		free(own);
	}
}

static void so_do_those_in_values_and_names(void **state)
{
	static const char text[] = "{\"la\\u001bbel\":[\"a\\u001b[31m\",7,null,true,{\"why\":\"x\\u009by\\nz\"}]}";
	json_t *value = json_read(text, sizeof text - 1, NULL), *shown = shown_json(value);
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_true(json_write(&b, shown));
	assert_string_equal(b.data, "{\"la bel\":[\"a [31m\",7,null,true,{\"why\":\"x  y\\nz\"}]}");
	buf_finish(&b);
	json_decref(shown);
	json_decref(value);
}

static void a_word_is_one_word_for_the_shell(void **state)
{
	static const struct { const char *text, *word; } rows[] = {
		{ "unknown_item:MUG-9", "unknown_item:MUG-9" }, { "", "''" }, { "CA STATE-1", "'CA STATE-1'" },
		{ "Joe's; rm -rf ~ #", "'Joe'\\''s; rm -rf ~ #'" }, { "$(reboot)", "'$(reboot)'" }, { "~", "'~'" }, { "-x", "-x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *word = shown_word(rows[i].text);

		assert_string_equal(word, rows[i].word);
		free(word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_become_blanks),
		cmocka_unit_test(so_do_those_in_values_and_names),
		cmocka_unit_test(a_word_is_one_word_for_the_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
