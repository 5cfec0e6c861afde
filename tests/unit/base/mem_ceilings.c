/* mem_ceilings.c - buffers and arenas grow up to their ceiling, and say so. */
#include "check.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void a_buffer_is_text_from_the_start(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_string_equal(b.data, "");
	assert_true(buf_add(&b, "", 0));
	buf_finish(&b);
}

static void a_buffer_takes_all_up_to_its_ceiling_and_drops_the_rest_whole(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_true(buf_puts(&b, "12345"));
	assert_true(buf_puts(&b, "67890"));
	assert_false(b.full);
	assert_false(buf_putc(&b, 'x'));
	assert_true(b.full);
	assert_string_equal(b.data, "1234567890");
	buf_finish(&b);

	buf_init(&b, 10);
	assert_false(buf_puts(&b, "12345678901"));
	/* Later ones are dropped too, even where they would fit: no text with a hole. */
	assert_false(buf_puts(&b, "1"));
	assert_string_equal(b.data, "");
	buf_clear(&b);
	assert_true(buf_puts(&b, "1"));
	buf_finish(&b);
}

static void a_format_longer_than_most_is_whole(void **state)
{
	char much[1001];
	struct buf b;

	(void)state;
	memset(much, 'm', 1000);
	much[1000] = 0;
	buf_init(&b, 2000);
	assert_true(buf_printf(&b, "%d-%s", 7, much));
	assert_int_equal(b.len, 1002);
	assert_memory_equal(b.data, "7-mm", 4);
	assert_false(buf_printf(&b, "%s", much));
	assert_int_equal(b.len, 1002);
	buf_finish(&b);
}

static void bytes_leave_a_buffer_at_the_front_or_all_at_once(void **state)
{
	struct buf b;
	size_t len;

	(void)state;
	buf_init(&b, 100);
	buf_puts(&b, "head and tail");
	buf_drop_front(&b, 9);
	assert_string_equal(b.data, "tail");
	char *taken = buf_take(&b, &len);
	assert_string_equal(taken, "tail");
	assert_int_equal(len, 4);
	assert_int_equal(b.len, 0);
	free(taken);
	taken = buf_take(&b, &len);
	assert_string_equal(taken, "");
	free(taken);
	buf_finish(&b);
}

static void an_arena_gives_zeroed_aligned_memory_up_to_its_ceiling(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 100000);
	for (size_t size = 1; size < 300; size += 7) {
		unsigned char *memory = arena_alloc(&a, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, size);
	}
	assert_null(arena_alloc(&a, 100000));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_non_null(arena_alloc(&a, 1));
	arena_finish(&a);
}

static void an_arena_that_was_reset_is_zeroed_and_whole_again(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 20000);
	for (int round = 0; round < 3; round++) {
		unsigned char *big = arena_alloc(&a, 15000), *small = arena_alloc(&a, 100);

		assert_non_null(big);
		assert_non_null(small);
		for (size_t i = 0; i < 100; i++)
			assert_int_equal(small[i], 0);
		memset(small, 1, 100);
		memset(big, 1, 15000);
		arena_reset(&a);
		assert_int_equal(a.used, 0);
	}
	arena_finish(&a);
}

static void texts_in_an_arena_are_whole_or_not_there(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 1000);
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	assert_string_equal(arena_format(&a, "%d/%s", 4, "x"), "4/x");
	assert_int_equal(strlen(arena_format(&a, "%0500d", 1)), 500);
	assert_null(arena_format(&a, "%0900d", 1));
	arena_finish(&a);
}

static void formatted_text_is_ones_own(void **state)
{
	(void)state;
	char *text = xformat("%s-%d", "a", 5), *part = xstrndup("abcdef", 2);

	assert_string_equal(text, "a-5");
	assert_string_equal(part, "ab");
	free(text);
	free(part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_is_text_from_the_start),
		cmocka_unit_test(a_buffer_takes_all_up_to_its_ceiling_and_drops_the_rest_whole),
		cmocka_unit_test(a_format_longer_than_most_is_whole),
		cmocka_unit_test(bytes_leave_a_buffer_at_the_front_or_all_at_once),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_up_to_its_ceiling),
		cmocka_unit_test(an_arena_that_was_reset_is_zeroed_and_whole_again),
		cmocka_unit_test(texts_in_an_arena_are_whole_or_not_there),
		cmocka_unit_test(formatted_text_is_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
