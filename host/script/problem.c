/* problem.c - what is wrong with a file, gathered. */
#include "problem.h"

#include "script/near.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void problem_add(json_t *problems, const char *file, unsigned line, const char *hint, const char *fmt, ...)
{
	char text[600];
	va_list args;
	json_t *one;
	size_t i;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (json_array_size(problems) >= PROBLEMS_MAX)
		return;
	json_array_foreach(problems, i, one)
		if (json_integer_value(json_object_get(one, "line")) == line &&
			strcmp(json_string_value(json_object_get(one, "text")), text) == 0 &&
			strcmp(json_string_value(json_object_get(one, "file")), file) == 0)
			return;
	json_t *string = json_string(text);
	one = json_pack("{s:s, s:i, s:o}", "file", file, "line", (int)line, "text",
		string ? string : json_string("it holds text that is not UTF-8"));
	if (hint)
		json_object_set_new(one, "hint", json_string(hint));
	json_array_append_new(problems, one);
}

void likely_init(struct likely *l, const char *meant)
{
	l->meant = meant;
	l->count = 0;
}

void likely_offer(struct likely *l, const char *word)
{
	if (l->count < LIKELY_MAX)
		l->words[l->count++] = word;
}

const char *likely_hint(const struct likely *l, char out[], size_t size)
{
	const char *near = near_word(l->meant, l->words, l->count);

	if (!near)
		return NULL;
	snprintf(out, size, "did you mean '%s'?", near);
	return out;
}
