/* arena.c - a bump heap for the trees of one request: most of the cost of JSON is malloc and free. */
#include "script/arena.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ROOM  ((size_t)64 << 20) /* of addresses; pages come as they are touched */
#define KEEP  ((size_t)1 << 20)  /* of pages that stay for the next request */
#define ALIGN 16

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

static char *room; /* NULL: the machine gave none, and all memory is ordinary */
static size_t used, dirty;
static bool open_now;

/* What does not fit is ordinary memory, and freed like it. */
static void *take(size_t size)
{
	size_t rounded = (size + ALIGN - 1) / ALIGN * ALIGN;
	char *block = room + used;

	if (!open_now || rounded < size || rounded > ROOM - used)
		return malloc(size);
	used += rounded;
	ASAN_UNPOISON_MEMORY_REGION(block, size);
	return block;
}

static void give(void *block)
{
	uintptr_t at = (uintptr_t)block, from = (uintptr_t)room;

	if (!room || at < from || at >= from + ROOM)
		free(block);
}

void json_arena_install(void)
{
	void *at = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	room = at == MAP_FAILED ? NULL : at;
	if (room)
		ASAN_POISON_MEMORY_REGION(room, ROOM);
	json_set_alloc_funcs(take, give);
}

void json_arena_begin(void)
{
	open_now = room != NULL;
}

void json_arena_end(void)
{
	open_now = false;
	dirty = used > dirty ? used : dirty;
	if (dirty > KEEP) {
		madvise(room + KEEP, dirty - KEEP, MADV_DONTNEED);
		dirty = KEEP;
	}
	if (room)
		ASAN_POISON_MEMORY_REGION(room, used);
	used = 0;
}
