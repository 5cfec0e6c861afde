/* frame.h - the frames that host and worker exchange: docs/design/worker.md. */
#ifndef SCRIPT_FRAME_H
#define SCRIPT_FRAME_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX       (64u << 20) /* bytes after the length */
#define FRAME_PARTS_MAX 4

enum cage_word { CAGE_READ = 1, CAGE_LOAD, CAGE_FORGET, CAGE_MAP, CAGE_TEST };

struct cage_part {
	const char *bytes;
	size_t len;
};

struct frame {
	enum cage_word word;
	uint32_t id;
	struct cage_part parts[FRAME_PARTS_MAX]; /* the reader's, each followed by a NUL */
	size_t part_count;
};

/* Bytes come in as they arrive, whole frames come out. */
struct frame_reader {
	struct buf in;
	size_t start;   /* of the first frame that was not given out */
	bool borrowed;  /* the byte at start is a NUL that belongs to the last part given out */
	char kept;      /* what stands there in truth */
};

void frame_reader_init(struct frame_reader *);
void frame_reader_finish(struct frame_reader *);
void frame_reader_clear(struct frame_reader *); /* as new; what came so far is forgotten */

/* Takes in bytes.  ERR_LIMIT: more than a frame is waiting; call frame_next() until it gives none. */
int frame_feed(struct frame_reader *, const void *bytes, size_t len, struct err *);
/* 1: *out is the next frame, its parts valid until the next call on this reader.  0: more bytes are
 * needed.  ERR_INPUT, ERR_LIMIT: what came is no frame; the sender cannot be trusted any more. */
int frame_next(struct frame_reader *, struct frame *out, struct err *);

/* Appends a frame.  False: too many parts, too long, or over buf's ceiling; buf is as before. */
bool frame_write(struct buf *, enum cage_word, uint32_t id, const struct cage_part *, size_t count);

#endif
