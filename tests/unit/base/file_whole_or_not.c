/* file_whole_or_not.c - files are read whole, written whole, and folders listed in order. */
#include "check.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mlc-file-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return !mkdtemp(folder);
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

static char *path_of(const char *name)
{
	return xformat("%s/%s", folder, name);
}

static void what_was_written_is_read_with_its_mode(void **state)
{
	char *path = path_of("a"), *bytes;
	struct err e = { 0 };
	struct stat st;
	size_t len;

	(void)state;
	assert_int_equal(file_write(path, "one\0two", 7, 0600, &e), 0);
	assert_int_equal(file_write(path, "three", 5, 0640, &e), 0);
	assert_int_equal(file_read(path, 5, &bytes, &len, &e), 0);
	assert_int_equal(len, 5);
	assert_string_equal(bytes, "three");
	free(bytes);
	stat(path, &st);
	assert_int_equal(st.st_mode & 0777, 0640);
	unlink(path);
	free(path);
}

static void a_file_over_the_ceiling_is_not_read(void **state)
{
	char *path = path_of("big"), *bytes = NULL;
	struct err e = { 0 };
	size_t len;

	(void)state;
	assert_int_equal(file_write(path, "123456", 6, 0600, &e), 0);
	assert_int_equal(file_read(path, 5, &bytes, &len, &e), ERR_LIMIT);
	assert_null(bytes);
	assert_non_null(strstr(e.text, "larger than 5 bytes"));
	unlink(path);
	e = (struct err){ 0 };
	assert_int_equal(file_read(path, 5, &bytes, &len, &e), ERR_ABSENT);
	assert_non_null(strstr(e.text, path));
	free(path);
}

static int count_names(void *ctx, const char *name)
{
	(void)name;
	++*(int *)ctx;
	return 0;
}

static void a_write_that_fails_leaves_the_old_file_and_nothing_beside(void **state)
{
	char *path = path_of("dir"), *inside = path_of("dir/x");
	struct err e = { 0 };
	int names = 0;

	(void)state;
	/* A folder with something in it cannot be replaced by a file. */
	assert_int_equal(dir_make(path, &e), 0);
	assert_int_equal(file_write(inside, "x", 1, 0600, &e), 0);
	assert_int_equal(file_write(path, "y", 1, 0600, &e), ERR_SYSTEM);
	assert_true(file_exists(inside));
	dir_each(folder, "", count_names, &names, &e);
	assert_int_equal(names, 1);
	unlink(inside);
	rmdir(path);
	free(path);
	free(inside);
}

static void folders_are_made_with_their_parents(void **state)
{
	char *deep = path_of("p/q/r"), *file = path_of("f"), *below = path_of("f/x");
	struct err e = { 0 };

	(void)state;
	assert_int_equal(dir_make(deep, &e), 0);
	assert_int_equal(dir_make(deep, &e), 0);
	assert_int_equal(file_write(file, "", 0, 0600, &e), 0);
	assert_int_equal(dir_make(below, &e), ERR_SYSTEM);
	assert_non_null(strstr(e.text, file));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rmdir(deep), 0);
		*strrchr(deep, '/') = 0;
	}
	unlink(file);
	free(deep);
	free(file);
	free(below);
}

static int collect(void *ctx, const char *name)
{
	buf_printf(ctx, "%s ", name);
	return strcmp(name, "stop.lua") == 0 ? 7 : 0;
}

static void names_come_sorted_until_one_says_stop(void **state)
{
	static const char *const names[] = { "b.lua", "a.lua", ".hidden.lua", "c.txt", "stop.lua", "z.lua" };
	struct err e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = path_of(names[i]);

		file_write(path, "", 0, 0600, &e);
		free(path);
	}
	assert_int_equal(dir_each(folder, ".lua", collect, &b, &e), 7);
	assert_string_equal(b.data, "a.lua b.lua stop.lua ");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = path_of(names[i]);

		unlink(path);
		free(path);
	}
	char *none = path_of("none");
	assert_int_equal(dir_each(none, "", collect, &b, &e), 0);
	free(none);
	buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read_with_its_mode),
		cmocka_unit_test(a_file_over_the_ceiling_is_not_read),
		cmocka_unit_test(a_write_that_fails_leaves_the_old_file_and_nothing_beside),
		cmocka_unit_test(folders_are_made_with_their_parents),
		cmocka_unit_test(names_come_sorted_until_one_says_stop),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
