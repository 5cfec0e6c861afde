/* err.c - what went wrong, for the code that called and for the person who reads it. */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that was cut ends in "..." so that nobody takes the rest for the whole. */
static void mark_cut(char *text, size_t size)
{
	memcpy(text + size - 4, "...", 4);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	if (e && e->code == 0) {
		va_list args;

		va_start(args, fmt);
		int len = vsnprintf(e->text, sizeof e->text, fmt, args);
		va_end(args);
		if (len >= (int)sizeof e->text)
			mark_cut(e->text, sizeof e->text);
		e->code = code;
	}
	return code;
}

void err_within(struct err *e, const char *fmt, ...)
{
	char prefix[ERR_TEXT_MAX / 2];
	char text[ERR_TEXT_MAX];
	va_list args;

	if (!e || e->code == 0)
		return;
	va_start(args, fmt);
	int len = vsnprintf(prefix, sizeof prefix, fmt, args);
	va_end(args);
	if (len >= (int)sizeof prefix)
		mark_cut(prefix, sizeof prefix);
	memcpy(text, e->text, sizeof text);
	size_t prefix_len = strlen(prefix), text_len = strlen(text);
	size_t room = sizeof e->text - 1 - prefix_len - 2;

	memcpy(e->text, prefix, prefix_len);
	memcpy(e->text + prefix_len, ": ", 2);
	memcpy(e->text + prefix_len + 2, text, text_len < room ? text_len + 1 : room);
	if (text_len > room)
		mark_cut(e->text, sizeof e->text);
}

static const struct { int code; const char *word; } words[] = {
	{ ERR_SYSTEM, "system" }, { ERR_INPUT, "input" }, { ERR_ABSENT, "absent" }, { ERR_LIMIT, "limit" },
	{ ERR_LOCKED, "locked" }, { ERR_DAMAGED, "damaged" }, { ERR_REFUSED, "refused" }, { ERR_CONFLICT, "conflict" },
};

const char *err_word(int code)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].code == code)
			return words[i].word;
	return words[0].word;
}

int err_of_word(const char *word)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i].word, word))
			return words[i].code;
	return words[0].code;
}

void must_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: this must hold and does not: %s\n", file, line, what);
	abort();
}
