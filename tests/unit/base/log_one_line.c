/* log_one_line.c - one event is one line, whatever its texts hold. */
#include "check.h"

#include "base/json.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char said[65536];
static size_t said_len;
static int real_stderr, ends[2];

static int64_t noon(void)
{
	return INT64_C(1793534400123); /* 2026-11-01T12:00:00.123Z */
}

static void listen(void)
{
	fflush(stderr);
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 65536) >= 65536);
	real_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

static void heard(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	said_len = 0;
	for (ssize_t got; (got = read(ends[0], said + said_len, sizeof said - 1 - said_len)) > 0;)
		said_len += (size_t)got;
	said[said_len] = 0;
	close(ends[0]);
}

static void a_line_is_json_with_time_level_area_and_text(void **state)
{
	(void)state;
	log_init(LOG_INFO, false, noon);
	listen();
	log_line(LOG_WARN, "acme/books", "held %d", 3);
	heard();
	assert_string_equal(said, "{\"t\":\"2026-11-01T12:00:00.123Z\",\"level\":\"warn\","
				  "\"area\":\"acme/books\",\"text\":\"held 3\"}\n");
}

static void fields_stand_behind_and_absent_ones_are_left_out(void **state)
{
	const struct log_field fields[] = { { "order", "17" }, { "why", NULL }, { "name", "a\"b\n" },
		{ NULL, NULL } };

	(void)state;
	log_init(LOG_INFO, false, noon);
	listen();
	log_fields(LOG_ERROR, "flow", fields, "no");
	heard();
	assert_non_null(strstr(said, "\"text\":\"no\",\"order\":\"17\",\"name\":\"a\\\"b\\n\"}\n"));
	assert_null(strstr(said, "why"));
}

static void what_is_below_the_least_level_is_not_said(void **state)
{
	(void)state;
	log_init(LOG_WARN, false, noon);
	listen();
	log_line(LOG_INFO, "a", "quiet");
	log_line(LOG_DEBUG, "a", "quiet");
	heard();
	assert_string_equal(said, "");
}

static void a_newline_in_a_text_makes_no_second_line(void **state)
{
	(void)state;
	log_init(LOG_INFO, true, noon);
	listen();
	log_line(LOG_INFO, "hooks", "body was: a\nb\x1b[31m");
	heard();
	assert_string_equal(said, "12:00:00 info  hooks: body was: a b [31m\n");
}

static void a_huge_field_leaves_the_line_json(void **state)
{
	char *huge = malloc(40000);
	const struct log_field fields[] = { { "huge", huge }, { "small", "kept" }, { NULL, NULL } };

	(void)state;
	memset(huge, '\n', 39999);
	huge[39999] = 0;
	log_init(LOG_INFO, false, noon);
	listen();
	log_fields(LOG_INFO, "a", fields, "%s", huge);
	heard();
	json_t *line = json_read(said, said_len, NULL);
	assert_non_null(line);
	assert_string_equal(json_text_at(line, "small"), "kept");
	json_decref(line);
	free(huge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_json_with_time_level_area_and_text),
		cmocka_unit_test(fields_stand_behind_and_absent_ones_are_left_out),
		cmocka_unit_test(what_is_below_the_least_level_is_not_said),
		cmocka_unit_test(a_newline_in_a_text_makes_no_second_line),
		cmocka_unit_test(a_huge_field_leaves_the_line_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
