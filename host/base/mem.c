/* mem.c - memory: what cannot fail, what has a ceiling, what dies together. */
#include "mem.h"

#include "err.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024 /* many arenas never need more */
#define BLOCK_SIZE 4096
#define ALIGNMENT  16

static void *or_stop(void *memory)
{
	must(memory != NULL && "out of memory");
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	return or_stop(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
	return or_stop(realloc(old, size ? size : 1));
}

char *xstrdup(const char *text)
{
	return or_stop(strdup(text));
}

char *xstrndup(const char *text, size_t len)
{
	return or_stop(strndup(text, len));
}

char *xformat(const char *fmt, ...)
{
	char *text;
	va_list args;

	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	must(len >= 0);
	return text;
}

void memory_give_back(void)
{
	malloc_trim(0);
}

/* ---- buf ------------------------------------------------------------------------ */

/* What data points at while nothing was added: never written to. */
static char nothing[1];

static bool on_heap(const struct buf *b)
{
	return b->cap > 0;
}

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .data = nothing, .max = max };
}

void buf_finish(struct buf *b)
{
	if (on_heap(b))
		free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	if (on_heap(b))
		b->data[0] = 0;
	b->len = 0;
	b->full = false;
}

/* True when len more bytes and the NUL have a place; false marks the buf full. */
static bool make_room(struct buf *b, size_t len)
{
	if (b->full || len > b->max - b->len) {
		b->full = true;
		return false;
	}
	if (b->len + len < b->cap)
		return true;

	size_t cap = b->cap ? b->cap : 128;
	while (cap <= b->len + len)
		cap *= 2;
	/* A ceiling near SIZE_MAX must not make max + 1 wrap. */
	if (b->max < SIZE_MAX && cap > b->max + 1)
		cap = b->max + 1;

	char *data = realloc(on_heap(b) ? b->data : NULL, cap);
	if (!data) {
		b->full = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	b->data[b->len] = 0;
	return true;
}

bool buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0)
		return !b->full;
	if (!make_room(b, len))
		return false;
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = 0;
	return true;
}

bool buf_puts(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

bool buf_putc(struct buf *b, char c)
{
	if (b->full || b->len + 1 >= b->cap)
		return buf_add(b, &c, 1);
	b->data[b->len++] = c;
	b->data[b->len] = 0;
	return true;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
	char few[256];
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(few, sizeof few, fmt, args);
	va_end(args);
	must(len >= 0);

	bool fits;
	if ((size_t)len < sizeof few) {
		fits = buf_add(b, few, (size_t)len);
	} else {
		fits = make_room(b, (size_t)len);
		if (fits) {
			vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
			b->len += (size_t)len;
		}
	}
	va_end(again);
	return fits;
}

void buf_drop_front(struct buf *b, size_t len)
{
	must(len <= b->len);
	if (len == 0)
		return;
	memmove(b->data, b->data + len, b->len - len + 1);
	b->len -= len;
}

char *buf_take(struct buf *b, size_t *len)
{
	char *data = on_heap(b) ? b->data : xcalloc(1, 1);

	if (len)
		*len = b->len;
	buf_init(b, b->max);
	return data;
}

/* ---- arena ---------------------------------------------------------------------- */

struct arena_block {
	struct arena_block *next;
	size_t size, used; /* of bytes */
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

static void free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
}

void arena_finish(struct arena *a)
{
	free_blocks(a->blocks);
	arena_init(a, a->max);
}

void arena_reset(struct arena *a)
{
	if (!a->blocks)
		return;
	free_blocks(a->blocks->next);
	a->blocks->next = NULL;
	a->blocks->used = 0;
	a->used = 0;
}

static struct arena_block *block_for(struct arena *a, size_t size)
{
	size_t usual = a->blocks ? BLOCK_SIZE : FIRST_SIZE, room = size > usual ? size : usual;
	struct arena_block *block = malloc(sizeof *block + room);

	if (!block)
		return NULL;
	*block = (struct arena_block){ .size = room };
	/* A big one goes behind the current block, whose rest stays of use. */
	if (a->blocks && size > BLOCK_SIZE / 2) {
		block->next = a->blocks->next;
		a->blocks->next = block;
	} else {
		block->next = a->blocks;
		a->blocks = block;
	}
	return block;
}

/* As it comes: whoever takes it fills it. */
static void *take(struct arena *a, size_t size)
{
	if (size > a->max - a->used || size > SIZE_MAX - BLOCK_SIZE)
		return NULL;

	size_t step = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	struct arena_block *block = a->blocks;

	if (!block || step > block->size - block->used)
		block = block_for(a, step);
	if (!block)
		return NULL;

	void *memory = block->bytes + block->used;
	block->used += step;
	a->used += step < a->max - a->used ? step : a->max - a->used;
	return memory;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *memory = take(a, size);

	return memory ? memset(memory, 0, size) : NULL;
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? take(a, len + 1) : NULL;

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = 0;
	}
	return copy;
}

const char *arena_vformat(struct arena *a, const char *fmt, va_list args)
{
	char few[256];
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(few, sizeof few, fmt, args);
	must(len >= 0);

	char *text;
	if ((size_t)len < sizeof few) {
		text = arena_strndup(a, few, (size_t)len);
	} else {
		text = arena_alloc(a, (size_t)len + 1);
		if (text)
			vsnprintf(text, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	return text;
}

const char *arena_format(struct arena *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const char *text = arena_vformat(a, fmt, args);
	va_end(args);
	return text;
}
