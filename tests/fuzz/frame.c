/* frame.c - whatever a worker sends: frames or a refusal, and every part lies within what was sent. */
#include "script/frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The first byte says how the rest arrives. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	size_t piece = len ? 1 + bytes[0] : 1, sum = 0;
	struct frame_reader r;
	struct frame f;

	frame_reader_init(&r);
	for (size_t at = 1; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		int got;

		if (frame_feed(&r, bytes + at, n, NULL) < 0)
			break;
		while ((got = frame_next(&r, &f, NULL)) > 0)
			for (size_t i = 0; i < f.part_count; i++) {
				if (f.parts[i].bytes[f.parts[i].len] != '\0')
					abort();
				sum += f.parts[i].len;
			}
		if (got < 0)
			break;
	}
	if (sum > len)
		abort();
	frame_reader_finish(&r);
	return 0;
}
