/* record.c - the record of a MAP, read once, and only as far as the mapping looks.
 *
 * jansson's own reader takes a character at a time and would make doubles of amounts; with the
 * pass that keeps it from that, reading a 5.4 KB order took 80 us of the 120 that mapping it took. */
#include "record.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *at, *end;
	const struct record_wants *wants;
	struct buf scratch; /* a string with escapes, decoded */
	unsigned depth;
	const char *wrong;
};

static json_t *fail(struct reader *r, const char *what)
{
	if (!r->wrong)
		r->wrong = what;
	return NULL;
}

static char here(const struct reader *r)
{
	return r->at < r->end ? *r->at : 0;
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	if (here(r) != c)
		return false;
	r->at++;
	return true;
}

/* ---- strings ----------------------------------------------------------------------------- */

struct span {
	const char *text;
	size_t len;
};

/* RFC 3629, as base/json.c checks what goes out; 0: none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	unsigned char c = p[0], low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	size_t more = c >= 0xc2 && c <= 0xdf ? 1 : c >= 0xe0 && c <= 0xef ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 0;

	if (more == 0 || left <= more || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool unit(struct reader *r, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex(here(r));
		if (digit < 0)
			return false;
		*out = *out << 4 | (uint32_t)digit;
		r->at++;
	}
	return true;
}

static void put_letter(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
	} else if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | c >> 6));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		if (c >= 0x10000) {
			buf_putc(b, (char)(0xf0 | c >> 18));
			buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		} else {
			buf_putc(b, (char)(0xe0 | c >> 12));
		}
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
}

static bool unicode_escape(struct reader *r)
{
	uint32_t c, low;

	if (!unit(r, &c))
		return false;
	if (c >= 0xd800 && c <= 0xdbff) {
		if (!take(r, '\\') || !take(r, 'u') || !unit(r, &low) || low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if ((c >= 0xdc00 && c <= 0xdfff) || c == 0) {
		return false; /* half a character, or one that would end the text for C */
	}
	put_letter(&r->scratch, c);
	return true;
}

static bool escape(struct reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = here(r);
	const char *known = c ? strchr(from, c) : NULL;

	r->at++;
	if (c == 'u')
		return unicode_escape(r);
	if (!known)
		return false;
	buf_putc(&r->scratch, to[known - from]);
	return true;
}

/* Behind the opening quote. */
static bool string(struct reader *r, struct span *out)
{
	const char *from = r->at;
	bool decoded = false;

	while (r->at < r->end) {
		unsigned char c = (unsigned char)*r->at;
		if (c == '"') {
			if (decoded) {
				buf_add(&r->scratch, from, (size_t)(r->at - from));
				*out = (struct span){ r->scratch.data, r->scratch.len };
			} else {
				*out = (struct span){ from, (size_t)(r->at - from) };
			}
			r->at++;
			return true;
		}
		if (c == '\\') {
			if (!decoded)
				buf_clear(&r->scratch);
			decoded = true;
			buf_add(&r->scratch, from, (size_t)(r->at - from));
			r->at++;
			if (!escape(r)) {
				fail(r, "no such escape");
				return false;
			}
			from = r->at;
		} else if (c < 0x20) {
			fail(r, "a control character in a text");
			return false;
		} else if (c < 0x80) {
			r->at++;
		} else {
			size_t len = utf8_len((const unsigned char *)r->at, (size_t)(r->end - r->at));
			if (len == 0) {
				fail(r, "text that is not UTF-8");
				return false;
			}
			r->at += len;
		}
	}
	fail(r, "a text without its end");
	return false;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static size_t digits(struct reader *r)
{
	const char *from = r->at;

	while (here(r) >= '0' && here(r) <= '9')
		r->at++;
	return (size_t)(r->at - from);
}

static bool number(struct reader *r, struct span *out, bool *whole)
{
	const char *from = r->at;

	take(r, '-');
	const char *first = r->at;
	size_t count = digits(r);
	*whole = count < 19 || (count == 19 && memcmp(first, *from == '-' ? "9223372036854775808" : "9223372036854775807", 19) <= 0);
	if (count == 0 || (count > 1 && *first == '0'))
		return false;
	if (take(r, '.')) {
		*whole = false;
		if (digits(r) == 0)
			return false;
	}
	if (here(r) == 'e' || here(r) == 'E') {
		*whole = false;
		r->at++;
		if (!take(r, '+'))
			take(r, '-');
		if (digits(r) == 0)
			return false;
	}
	*out = (struct span){ from, (size_t)(r->at - from) };
	return true;
}

static json_t *number_value(struct span s, bool whole)
{
	char text[24];

	if (!whole)
		return json_stringn_nocheck(s.text, s.len);
	memcpy(text, s.text, s.len);
	text[s.len] = 0;
	return json_integer(strtoll(text, NULL, 10));
}

/* ---- values ------------------------------------------------------------------------------ */

/* make false: only checked, and the result is not NULL when it is well. */
static json_t *value(struct reader *r, bool make);

static bool is_wanted(const struct reader *r, struct span name)
{
	size_t low = 0, high = r->wants ? r->wants->count : 0;

	if (!r->wants || r->depth > 1)
		return true;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *have = r->wants->names[middle];
		int c = strncmp(have, name.text, name.len);
		if (c == 0 && have[name.len] == 0)
			return true;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool member(struct reader *r, json_t *out)
{
	char kept[256];
	struct span name;
	json_t *v;

	if (!take(r, '"')) {
		fail(r, "a member without its name");
		return false;
	}
	if (!string(r, &name))
		return false;
	if (name.text == r->scratch.data) { /* the value may need the room */
		if (name.len >= sizeof kept) {
			fail(r, "a name of more than 255 characters with escapes in it");
			return false;
		}
		memcpy(kept, name.text, name.len);
		name.text = kept;
	}
	skip_blanks(r);
	if (!take(r, ':')) {
		fail(r, "a name without its value");
		return false;
	}
	skip_blanks(r);
	bool make = out && is_wanted(r, name);
	v = value(r, make);
	if (!v || !make)
		return v != NULL;
	size_t before = json_object_size(out);
	json_object_setn_new_nocheck(out, name.text, name.len, v);
	if (json_object_size(out) == before) {
		fail(r, "two members of one name");
		return false;
	}
	return true;
}

static json_t *object(struct reader *r, bool make)
{
	json_t *out = make ? json_object() : NULL;

	skip_blanks(r);
	if (take(r, '}'))
		return make ? out : json_true();
	do {
		skip_blanks(r);
		if (!member(r, out)) {
			json_decref(out);
			return NULL;
		}
		skip_blanks(r);
	} while (take(r, ','));
	if (take(r, '}'))
		return make ? out : json_true();
	json_decref(out);
	return fail(r, "an object without its end");
}

static json_t *list(struct reader *r, bool make)
{
	json_t *out = make ? json_array() : NULL;

	skip_blanks(r);
	if (take(r, ']'))
		return make ? out : json_true();
	do {
		skip_blanks(r);
		json_t *v = value(r, make);
		if (!v) {
			json_decref(out);
			return NULL;
		}
		if (make)
			json_array_append_new(out, v);
		skip_blanks(r);
	} while (take(r, ','));
	if (take(r, ']'))
		return make ? out : json_true();
	json_decref(out);
	return fail(r, "a list without its end");
}

static json_t *word(struct reader *r, const char *text, json_t *is)
{
	size_t len = strlen(text);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len))
		return fail(r, "no such value");
	r->at += len;
	return is;
}

static json_t *value(struct reader *r, bool make)
{
	struct span s;
	json_t *out;
	bool whole;

	switch (here(r)) {
	case '{':
	case '[':
		if (r->depth >= JSON_DEPTH_MAX)
			return fail(r, "nested too deeply");
		r->depth++;
		out = *r->at++ == '{' ? object(r, make) : list(r, make);
		r->depth--;
		return out;
	case '"':
		r->at++;
		if (!string(r, &s))
			return NULL;
		return make ? json_stringn_nocheck(s.text, s.len) : json_true();
	case 't':
		return word(r, "true", json_true());
	case 'f':
		return word(r, "false", json_false());
	case 'n':
		return word(r, "null", json_null());
	default:
		if (!number(r, &s, &whole))
			return fail(r, "no such value");
		return make ? number_value(s, whole) : json_true();
	}
}

json_t *record_read(const char *text, size_t len, const struct record_wants *wants, struct err *e)
{
	struct reader r = { .at = text, .end = text + len, .wants = wants };
	json_t *out;

	buf_init(&r.scratch, len + 1);
	skip_blanks(&r);
	out = value(&r, true);
	skip_blanks(&r);
	if (out && r.at < r.end) {
		json_decref(out);
		out = fail(&r, "something behind its end");
	}
	buf_finish(&r.scratch);
	if (!out)
		err_set(e, ERR_INPUT, "not JSON: at byte %zu: %s", (size_t)(r.at - text), r.wrong);
	return out;
}
