/* shown.c - texts that strangers wrote, on their way to a person's terminal or into a line for her shell. */
#include "base/shown.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void shown_plain(char *text, const char *keep)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++) {
		if ((*at < 0x20 || *at == 0x7f) && !strchr(keep, *at))
			*at = ' ';
		else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			*at = ' ', at[1] = ' ';
	}
}

static char *plain_copy(const char *text)
{
	char *own = xstrdup(text);

	shown_plain(own, "\n\t");
	return own;
}

json_t *shown_json(const json_t *value)
{
	json_t *copy, *one;
	const char *name;
	char *own;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_STRING:
		own = plain_copy(json_string_value(value));
		copy = json_string(own);
		free(own);
		return copy;
	case JSON_ARRAY:
		copy = json_array();
		json_array_foreach((json_t *)value, i, one)
			json_array_append_new(copy, shown_json(one));
		return copy;
	case JSON_OBJECT:
		copy = json_object();
		json_object_foreach((json_t *)value, name, one) {
			own = plain_copy(name);
			json_object_set_new(copy, own, shown_json(one));
			free(own);
		}
		return copy;
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		break;
	}
	return json_copy((json_t *)value);
}

char *shown_word(const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+=,";
	char *out, *at;

	if (*text && !text[strspn(text, plain)])
		return xstrdup(text);
	out = at = xcalloc(4 * strlen(text) + 3, 1);
	*at++ = '\'';
	for (; *text; text++) {
		if (*text == '\'') {
			memcpy(at, "'\\''", 4);
			at += 4;
		} else {
			*at++ = *text;
		}
	}
	*at = '\'';
	return out;
}
