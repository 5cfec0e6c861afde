/* mem.h - memory: what cannot fail, what has a ceiling, what dies together. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Small objects.  Out of memory: stop; we restart safely.  Never for a size that input chose. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xformat(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What was freed goes back to the machine: after a start or a burst, some ms of work. */
void memory_give_back(void);

/* Bytes that grow up to a ceiling.  data is never NULL and data[len] == 0. */
struct buf {
	char *data;
	size_t len, cap, max;
	bool full; /* an append did not fit; it and all later ones were dropped whole */
};

void buf_init(struct buf *, size_t max);
void buf_finish(struct buf *);
void buf_clear(struct buf *);              /* empty again, memory kept, full forgotten */
bool buf_add(struct buf *, const void *bytes, size_t len); /* false: over the ceiling */
bool buf_puts(struct buf *, const char *text);
bool buf_putc(struct buf *, char c);
bool buf_printf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop_front(struct buf *, size_t len); /* the first len bytes are gone */
char *buf_take(struct buf *, size_t *len);     /* the bytes, free() them; the buf is empty */

/* Memory that is freed all at once.  Zeroed.  NULL when the ceiling is reached. */
struct arena {
	struct arena_block *blocks;
	size_t used, max;
};

void arena_init(struct arena *, size_t max);
void arena_finish(struct arena *);
void arena_reset(struct arena *); /* all of it is free again; keeps one block */
void *arena_alloc(struct arena *, size_t size);
char *arena_strndup(struct arena *, const char *text, size_t len);
const char *arena_format(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *arena_vformat(struct arena *, const char *fmt, va_list) /* NULL: over the ceiling */
	__attribute__((format(printf, 2, 0)));

#endif
