/* keyline.h - where the names in a Lua file's tables stand; Lua itself forgets. */
#ifndef SCRIPT_KEYLINE_H
#define SCRIPT_KEYLINE_H

#include <stdbool.h>
#include <stddef.h>

/* "name =" or ["name"] = inside braces. */
struct keyline {
	const char *name; /* not terminated; in the text that was scanned */
	size_t len;
	unsigned depth; /* braces around it */
	unsigned line;
};

struct keylines {
	struct keyline *rows;
	size_t count, cap;
};

/* text must live as long as out. */
void keylines_scan(struct keylines *out, const char *text, size_t len);
void keylines_finish(struct keylines *);
/* The first of that name and depth at or after place from; SIZE_MAX: there is none. */
size_t keylines_find(const struct keylines *, const char *name, unsigned depth, size_t from);
/* The first place on line or after it. */
size_t keylines_at(const struct keylines *, unsigned line);

#endif
