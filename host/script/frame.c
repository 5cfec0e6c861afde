/* frame.c - frames to bytes and back; the bytes may come from a worker that went mad. */
#include "script/frame.h"

#include <string.h>

#define HEAD       10 /* length, word, id, parts */
#define LENGTH     4
#define WAITING_MAX (FRAME_MAX + LENGTH + (1u << 20)) /* one frame and a read's worth */
#define KEEP       (1u << 20) /* of memory, from one frame to the next */

static uint32_t get32(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void put32(char *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(value >> (8 * i) & 0xff);
}

void frame_reader_init(struct frame_reader *r)
{
	*r = (struct frame_reader){ .start = 0 };
	buf_init(&r->in, WAITING_MAX);
}

void frame_reader_finish(struct frame_reader *r)
{
	buf_finish(&r->in);
}

void frame_reader_clear(struct frame_reader *r)
{
	if (r->in.cap > KEEP) {
		buf_finish(&r->in);
		buf_init(&r->in, WAITING_MAX);
	}
	buf_clear(&r->in);
	r->start = 0;
	r->borrowed = false;
}

/* Puts the byte back that a part's NUL took. */
static void give_back(struct frame_reader *r)
{
	if (r->borrowed)
		r->in.data[r->start] = r->kept;
	r->borrowed = false;
}

int frame_feed(struct frame_reader *r, const void *bytes, size_t len, struct err *e)
{
	give_back(r);
	if (r->start == r->in.len)
		frame_reader_clear(r);
	else if (r->start > r->in.len / 2) {
		buf_drop_front(&r->in, r->start);
		r->start = 0;
	}
	if (!buf_add(&r->in, bytes, len))
		return err_set(e, ERR_LIMIT, "more than %u bytes wait to be read", WAITING_MAX);
	return 0;
}

static void shorten(struct buf *b, size_t len)
{
	b->len = len;
	b->data[len] = '\0';
	b->full = false;
}

/* Cuts body into parts; 0 or ERR_INPUT. */
static int cut(struct frame *f, const char *body, size_t len, struct err *e)
{
	size_t at = HEAD - LENGTH;

	f->word = (enum cage_word)body[0];
	f->id = get32(body + 1);
	f->part_count = (unsigned char)body[5];
	if (f->word < CAGE_READ || f->word > CAGE_TEST)
		return err_set(e, ERR_INPUT, "a frame with the unknown word %d", (int)f->word);
	if (f->part_count > FRAME_PARTS_MAX)
		return err_set(e, ERR_INPUT, "a frame of %zu parts", f->part_count);
	for (size_t i = 0; i < f->part_count; i++) {
		if (len - at < LENGTH || get32(body + at) > len - at - LENGTH)
			return err_set(e, ERR_INPUT, "a frame whose part %zu is longer than itself", i);
		f->parts[i].len = get32(body + at);
		f->parts[i].bytes = body + at + LENGTH;
		at += LENGTH + f->parts[i].len;
	}
	if (at != len)
		return err_set(e, ERR_INPUT, "a frame with %zu bytes beyond its parts", len - at);
	return 0;
}

int frame_next(struct frame_reader *r, struct frame *out, struct err *e)
{
	size_t have, len;
	char *body;

	give_back(r);
	have = r->in.len - r->start;
	if (have < LENGTH)
		return 0;
	len = get32(r->in.data + r->start);
	if (len > FRAME_MAX)
		return err_set(e, ERR_LIMIT, "a frame of %zu bytes; %u is the most", len, FRAME_MAX);
	if (len < HEAD - LENGTH)
		return err_set(e, ERR_INPUT, "a frame of %zu bytes is too short", len);
	if (have - LENGTH < len)
		return 0;
	body = r->in.data + r->start + LENGTH;
	if (cut(out, body, len, e) < 0)
		return ERR_INPUT;
	r->start += LENGTH + len;
	r->kept = r->in.data[r->start];
	r->borrowed = true;
	for (size_t i = 0; i < out->part_count; i++) /* the next part's length is known by now */
		body[out->parts[i].bytes - body + out->parts[i].len] = '\0';
	return 1;
}

bool frame_write(struct buf *b, enum cage_word word, uint32_t id, const struct cage_part *parts,
	size_t count)
{
	size_t len = HEAD - LENGTH, opened = b->len;
	char head[HEAD], length[LENGTH];

	if (count > FRAME_PARTS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > FRAME_MAX)
			return false;
		len += LENGTH + parts[i].len;
	}
	if (len > FRAME_MAX || len + LENGTH > b->max - b->len)
		return false;
	put32(head, len);
	head[4] = (char)word;
	put32(head + 5, id);
	head[9] = (char)count;
	buf_add(b, head, sizeof head);
	for (size_t i = 0; i < count; i++) {
		put32(length, parts[i].len);
		buf_add(b, length, sizeof length);
		buf_add(b, parts[i].bytes, parts[i].len);
	}
	if (b->full) {
		shorten(b, opened);
		return false;
	}
	return true;
}
