/* Frames survive any cut of the stream, and what is no frame is refused. */
#include "script/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct cage_part two[] = { { "{\"a\":1}", 7 }, { "", 0 } };

static void fill(struct buf *b)
{
	struct cage_part big = { NULL, 100000 };
	char *bytes = calloc(1, big.len);

	memset(bytes, 'x', big.len);
	big.bytes = bytes;
	buf_init(b, 1 << 20);
	assert_true(frame_write(b, CAGE_MAP, 7, two, 2));
	assert_true(frame_write(b, CAGE_TEST, 0xfffffff0u, &big, 1));
	assert_true(frame_write(b, CAGE_FORGET, 9, NULL, 0));
	free(bytes);
}

static void check(unsigned n, const struct frame *f)
{
	switch (n) {
	case 0:
		assert_int_equal(f->word, CAGE_MAP);
		assert_int_equal(f->id, 7);
		assert_int_equal(f->part_count, 2);
		assert_string_equal(f->parts[0].bytes, "{\"a\":1}");
		assert_string_equal(f->parts[1].bytes, "");
		break;
	case 1:
		assert_int_equal(f->word, CAGE_TEST);
		assert_int_equal(f->id, 0xfffffff0u);
		assert_int_equal(f->parts[0].len, 100000);
		assert_int_equal(strspn(f->parts[0].bytes, "x"), 100000);
		assert_int_equal(f->parts[0].bytes[100000], 0);
		break;
	default:
		assert_int_equal(f->id, 9);
		assert_int_equal(f->part_count, 0);
	}
}

static void any_cut_of_the_stream_gives_the_same_frames(void **state)
{
	static const size_t cuts[] = { 1, 2, 3, 7, 11, 1000, 65536, 1 << 20 };
	struct buf b;

	(void)state;
	fill(&b);
	for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
		struct frame_reader r;
		struct frame f;
		unsigned n = 0;

		frame_reader_init(&r);
		for (size_t at = 0; at < b.len; at += cuts[c]) {
			size_t len = b.len - at < cuts[c] ? b.len - at : cuts[c];

			assert_int_equal(frame_feed(&r, b.data + at, len, NULL), 0);
			while (frame_next(&r, &f, NULL) == 1)
				check(n++, &f);
		}
		assert_int_equal(n, 3);
		frame_reader_finish(&r);
	}
	buf_finish(&b);
}

static void a_frame_over_the_ceiling_leaves_the_buffer_as_it_was(void **state)
{
	struct cage_part part = { "0123456789", 10 };
	struct buf b;

	(void)state;
	buf_init(&b, 40);
	assert_true(frame_write(&b, CAGE_MAP, 1, &part, 1));
	assert_false(frame_write(&b, CAGE_MAP, 2, &part, 1));
	assert_int_equal(b.len, 24);
	assert_false(b.full);
	assert_false(frame_write(&b, CAGE_MAP, 4, NULL, FRAME_PARTS_MAX + 1));
	buf_finish(&b);
}

static void what_is_no_frame_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int code;
	} wrong[] = {
		{ "\xff\xff\xff\xff", 4, ERR_LIMIT },                                  /* 4 GB */
		{ "\x01\x00\x00\x04", 4, ERR_LIMIT },                                  /* 64 MB + 1 */
		{ "\x05\x00\x00\x00", 4, ERR_INPUT },                                  /* no room for a head */
		{ "\x06\x00\x00\x00\x00....\x00", 10, ERR_INPUT },                     /* word 0 */
		{ "\x06\x00\x00\x00\x06....\x00", 10, ERR_INPUT },                     /* word 6 */
		{ "\x06\x00\x00\x00\x04....\x01", 10, ERR_INPUT },                     /* no part follows */
		{ "\x06\x00\x00\x00\x04....\xff", 10, ERR_INPUT },                     /* 255 parts */
		{ "\x0b\x00\x00\x00\x04....\x01\x02\x00\x00\x00x", 15, ERR_INPUT },    /* part too long */
		{ "\x0b\x00\x00\x00\x04....\x01\xff\xff\xff\xffx", 15, ERR_INPUT },    /* far too long */
		{ "\x0b\x00\x00\x00\x04....\x01\x00\x00\x00\x00x", 15, ERR_INPUT },    /* bytes left over */
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct frame_reader r;
		struct frame f;
		struct err e = { 0 };

		frame_reader_init(&r);
		assert_int_equal(frame_feed(&r, wrong[i].bytes, wrong[i].len, &e), 0);
		assert_int_equal(frame_next(&r, &f, &e), wrong[i].code);
		assert_true(e.text[0] != 0);
		frame_reader_finish(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_cut_of_the_stream_gives_the_same_frames),
		cmocka_unit_test(a_frame_over_the_ceiling_leaves_the_buffer_as_it_was),
		cmocka_unit_test(what_is_no_frame_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
