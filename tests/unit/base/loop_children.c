/* loop_children.c - a child's bytes all arrive, its end comes last and once. */
#include "check.h"

#include "base/loop.h"
#include "base/mem.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct loop *loop;

struct seen {
	struct buf bytes;
	int closed, exited, status;
	bool bytes_after_exit;
};

static void on_bytes(void *arg, const char *bytes, size_t len)
{
	struct seen *s = arg;

	s->bytes_after_exit |= s->exited > 0;
	s->closed += len == 0;
	buf_add(&s->bytes, bytes, len);
}

static void on_exit_(void *arg, int status)
{
	struct seen *s = arg;

	s->exited++;
	s->status = status;
	loop_stop(loop);
}

static const struct child_events events = { .on_bytes = on_bytes, .on_exit = on_exit_ };

static int set_up(void **state)
{
	struct seen *s = xcalloc(1, sizeof *s);

	loop = loop_create(NULL);
	buf_init(&s->bytes, 4 << 20);
	*state = s;
	return !loop;
}

static int tear_down(void **state)
{
	struct seen *s = *state;

	loop_destroy(loop);
	buf_finish(&s->bytes);
	free(s);
	return 0;
}

static struct child *start(struct seen *s, const char *script)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct child *c = child_spawn(loop, argv, &events, s, NULL);

	assert_non_null(c);
	return c;
}

static void ended_once(const struct seen *s, int status)
{
	assert_int_equal(s->exited, 1);
	assert_int_equal(s->closed, 1);
	assert_false(s->bytes_after_exit);
	assert_int_equal(s->status, status);
}

static void what_goes_in_comes_out(void **state)
{
	struct seen *s = *state;
	struct child *c = start(s, "read line; echo \"got $line\"; exit 3");

	assert_true(child_pid(c) > 1);
	child_write(c, "wor", 3);
	child_write(c, "ds\n", 3);
	loop_run(loop);
	ended_once(s, 3);
	assert_string_equal(s->bytes.data, "got words\n");
}

static void a_last_long_breath_arrives_whole(void **state)
{
	struct seen *s = *state;

	start(s, "head -c 1000000 /dev/zero | tr '\\0' x");
	loop_run(loop);
	ended_once(s, 0);
	assert_int_equal(s->bytes.len, 1000000);
}

static void a_grandchild_that_holds_the_socket_does_not_hold_the_end(void **state)
{
	struct seen *s = *state;

	start(s, "sleep 2 2>/dev/null & echo bye");
	loop_run(loop);
	ended_once(s, 0);
	assert_string_equal(s->bytes.data, "bye\n");
}

static void a_killed_child_says_by_what(void **state)
{
	struct seen *s = *state;
	struct child *c = start(s, "exec sleep 100");

	child_kill(c);
	loop_run(loop);
	ended_once(s, 128 + SIGKILL);
}

static void writing_to_a_child_that_is_gone_hurts_nobody(void **state)
{
	struct seen *s = *state;
	struct child *c = start(s, "exit 0");
	char *much = xcalloc(1, 1 << 20);

	child_write(c, much, 1 << 20);
	free(much);
	loop_run(loop);
	ended_once(s, 0);
}

static void a_program_that_is_not_there_is_an_error_with_its_name(void **state)
{
	const char *const argv[] = { "/nowhere/at-all", NULL };
	struct seen *s = *state;
	struct err e = { 0 };

	assert_null(child_spawn(loop, argv, &events, s, &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.text, "/nowhere/at-all"));
	assert_int_equal(s->exited, 0);
}

static void a_child_does_not_outlive_the_loop(void **state)
{
	struct seen *s = *state;
	long pid = child_pid(start(s, "exec sleep 100"));

	loop_destroy(loop);
	loop = NULL;
	assert_int_equal(kill((pid_t)pid, 0), -1);
	assert_int_equal(s->exited, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_goes_in_comes_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_last_long_breath_arrives_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_grandchild_that_holds_the_socket_does_not_hold_the_end,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_killed_child_says_by_what, set_up, tear_down),
		cmocka_unit_test_setup_teardown(writing_to_a_child_that_is_gone_hurts_nobody, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_program_that_is_not_there_is_an_error_with_its_name,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_child_does_not_outlive_the_loop, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
