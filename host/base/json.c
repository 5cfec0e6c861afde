/* json.c - JSON in and out, decimals kept as the text that stood there. */
#include "json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- in -------------------------------------------------------------------------- */

/* jansson makes doubles of "12.30" and refuses what is beyond 64 bits.  So the text is read once
 * beforehand: numbers that would suffer are put in quotes, and nesting is counted. */
struct prepass {
	const char *at, *end, *copied; /* copied: up to here it is in out */
	struct buf out;
	unsigned depth;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static char here(const struct prepass *p)
{
	return p->at < p->end ? *p->at : 0;
}

static size_t skip_digits(struct prepass *p)
{
	const char *from = p->at;

	while (is_digit(here(p)))
		p->at++;
	return (size_t)(p->at - from);
}

static void skip_string(struct prepass *p)
{
	for (p->at++; p->at < p->end && *p->at != '"'; p->at++)
		if (*p->at == '\\')
			p->at++;
	if (p->at < p->end)
		p->at++;
	else
		p->at = p->end;
}

static bool within_64_bits(const char *digits, size_t count, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "9223372036854775807";

	return count < 19 || (count == 19 && memcmp(digits, most, 19) <= 0);
}

static int wrong(const struct prepass *p, const char *start, const char *what, struct err *e)
{
	size_t line = 1;

	for (const char *c = start; c < p->at; c++)
		line += *c == '\n';
	return err_set(e, ERR_INPUT, "not JSON: line %zu: %s", line, what);
}

static int quote_number(struct prepass *p, const char *start, struct err *e)
{
	const char *from = p->at;
	bool negative = *from == '-';

	p->at += negative;
	const char *digits = p->at;
	size_t count = skip_digits(p);
	bool exact = count > 0 && within_64_bits(digits, count, negative);
	if (count == 0 || (count > 1 && *digits == '0'))
		return wrong(p, start, "no such number", e);
	if (here(p) == '.') {
		p->at++;
		exact = false;
		if (skip_digits(p) == 0)
			return wrong(p, start, "no digits after the point", e);
	}
	if (here(p) == 'e' || here(p) == 'E') {
		p->at++;
		exact = false;
		if (here(p) == '+' || here(p) == '-')
			p->at++;
		if (skip_digits(p) == 0)
			return wrong(p, start, "no digits in the exponent", e);
	}
	if (exact)
		return 0;

	/* In quotes it would pass as a member's name. */
	const char *next = p->at;
	while (next < p->end && is_blank(*next))
		next++;
	if (next < p->end && *next == ':')
		return wrong(p, start, "a number as a member's name", e);

	buf_add(&p->out, p->copied, (size_t)(from - p->copied));
	buf_putc(&p->out, '"');
	buf_add(&p->out, from, (size_t)(p->at - from));
	buf_putc(&p->out, '"');
	p->copied = p->at;
	return 0;
}

static int prepare(struct prepass *p, struct err *e)
{
	const char *start = p->at;
	int code = 0;

	while (code == 0 && p->at < p->end) {
		char c = *p->at;

		if (c == '"') {
			skip_string(p);
		} else if (c == '-' || is_digit(c)) {
			code = quote_number(p, start, e);
		} else if (c == 0) {
			/* jansson loses one that follows a number, and goes on. */
			code = wrong(p, start, "a NUL byte", e);
		} else {
			if ((c == '[' || c == '{') && ++p->depth > JSON_DEPTH_MAX)
				code = err_set(e, ERR_LIMIT, "JSON nested deeper than %d",
					JSON_DEPTH_MAX);
			if ((c == ']' || c == '}') && p->depth > 0)
				p->depth--;
			p->at++;
		}
	}
	if (code == 0 && p->copied != start)
		buf_add(&p->out, p->copied, (size_t)(p->end - p->copied));
	return code;
}

json_t *json_read(const char *text, size_t len, struct err *e)
{
	struct prepass p = { .at = text, .end = text + len, .copied = text };
	json_error_t why;
	json_t *value = NULL;

	if (len == 0) {
		err_set(e, ERR_INPUT, "not JSON: nothing there");
		return NULL;
	}
	/* Quotes are two bytes for each number of three or more. */
	buf_init(&p.out, len < SIZE_MAX / 4 ? len * 2 : len);
	if (prepare(&p, e) == 0) {
		bool same = p.copied == text;

		value = json_loadb(same ? text : p.out.data, same ? len : p.out.len,
			JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
		if (!value)
			err_set(e, ERR_INPUT, "not JSON: line %d: %s", why.line, why.text);
	}
	buf_finish(&p.out);
	return value;
}

/* ---- out ------------------------------------------------------------------------- */

/* Length of the well-formed UTF-8 sequence at text, 0 where there is none.  RFC 3629: no
 * surrogates, nothing overlong, nothing beyond U+10FFFF. */
static size_t utf8_len(const unsigned char *text, size_t left)
{
	unsigned char c = text[0], low = 0x80, high = 0xbf;
	size_t more;

	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		more = 1;
	else if (c >= 0xe0 && c <= 0xef)
		more = 2;
	else if (c >= 0xf0 && c <= 0xf4)
		more = 3;
	else
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (left <= more || text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i <= more; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

static bool stands_for_itself(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static bool write_escaped(struct buf *b, unsigned char c)
{
	static const char names[] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
		['\t'] = 't', ['"'] = '"', ['\\'] = '\\' };

	if (c < sizeof names && names[c])
		return buf_add(b, (const char[]){ '\\', names[c] }, 2);
	return buf_printf(b, "\\u%04x", c);
}

bool json_write_string(struct buf *b, const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + len;

	buf_putc(b, '"');
	while (at < end) {
		const unsigned char *from = at;
		size_t sequence = 1;

		while (at < end && (stands_for_itself(*at)
			|| (*at >= 0x80 && (sequence = utf8_len(at, (size_t)(end - at))) > 0))) {
			at += sequence;
			sequence = 1;
		}
		buf_add(b, from, (size_t)(at - from));
		if (at == end)
			break;
		if (*at >= 0x80)
			buf_puts(b, "\xef\xbf\xbd");
		else
			write_escaped(b, *at);
		at++;
	}
	return buf_putc(b, '"');
}

struct member {
	const char *name;
	const json_t *value;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static bool write_value(struct buf *, const json_t *, bool sorted, unsigned depth);

static bool write_member(struct buf *b, struct member m, bool sorted, unsigned depth, bool first)
{
	if (!first)
		buf_putc(b, ',');
	json_write_string(b, m.name, strlen(m.name));
	buf_putc(b, ':');
	return write_value(b, m.value, sorted, depth);
}

/* jansson's iterators want a non-const object, though they change nothing. */
union constless {
	const json_t *is;
	json_t *passes_as;
};

static json_t *iterable(const json_t *value)
{
	return ((union constless){ .is = value }).passes_as;
}

static bool write_object(struct buf *b, const json_t *value, bool sorted, unsigned depth)
{
	json_t *object = iterable(value);
	size_t count = json_object_size(object), i = 0;
	struct member *members = sorted ? xcalloc(count, sizeof *members) : NULL;

	buf_putc(b, '{');
	for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it), i++) {
		struct member m = { json_object_iter_key(it), json_object_iter_value(it) };

		if (sorted)
			members[i] = m;
		else if (!write_member(b, m, false, depth, i == 0))
			break;
	}
	if (sorted) {
		qsort(members, count, sizeof *members, by_name);
		for (i = 0; i < count && write_member(b, members[i], true, depth, i == 0); i++)
			continue;
		free(members);
	}
	return buf_putc(b, '}');
}

static bool write_array(struct buf *b, const json_t *value, bool sorted, unsigned depth)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (i > 0)
			buf_putc(b, ',');
		if (!write_value(b, json_array_get(value, i), sorted, depth))
			break;
	}
	return buf_putc(b, ']');
}

static bool write_value(struct buf *b, const json_t *value, bool sorted, unsigned depth)
{
	/* Deeper than anything that was read: a tree that bites its own tail. */
	if (depth > 2 * JSON_DEPTH_MAX)
		b->full = true;
	if (b->full)
		return false;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return write_object(b, value, sorted, depth + 1);
	case JSON_ARRAY:
		return write_array(b, value, sorted, depth + 1);
	case JSON_STRING:
		return json_write_string(b, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return buf_printf(b, "%.17g", json_real_value(value));
	case JSON_TRUE:
		return buf_puts(b, "true");
	case JSON_FALSE:
		return buf_puts(b, "false");
	case JSON_NULL:
		return buf_puts(b, "null");
	}
	return false;
}

bool json_write(struct buf *b, const json_t *value)
{
	return write_value(b, value, false, 0);
}

bool json_write_canonical(struct buf *b, const json_t *value)
{
	return write_value(b, value, true, 0);
}

/* ---- at a path -------------------------------------------------------------------- */

static json_t *array_at(const json_t *array, const char *digits, size_t len)
{
	size_t index = 0;

	if (len == 0 || len > 9)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(digits[i]))
			return NULL;
		index = index * 10 + (size_t)(digits[i] - '0');
	}
	return json_array_get(array, index);
}

json_t *json_at(const json_t *value, const char *path)
{
	json_t *at = iterable(value);

	while (at && *path) {
		size_t len = strcspn(path, ".");

		at = json_is_array(at) ? array_at(at, path, len) : json_object_getn(at, path, len);
		path += len;
		path += *path == '.';
	}
	return at;
}

const char *json_text_at(const json_t *value, const char *path)
{
	return json_string_value(json_at(value, path));
}

const char *json_text_or(const json_t *value, const char *path, const char *fallback)
{
	const char *text = json_text_at(value, path);

	return text ? text : fallback;
}

int64_t json_int_or(const json_t *value, const char *path, int64_t fallback)
{
	const json_t *at = json_at(value, path);

	return json_is_integer(at) ? json_integer_value(at) : fallback;
}

bool json_true_at(const json_t *value, const char *path)
{
	return json_is_true(json_at(value, path));
}

/* The text with U+FFFD for what is no UTF-8: jansson takes nothing else. */
static json_t *cleaned(const char *text)
{
	size_t left = strlen(text);
	struct buf b;

	buf_init(&b, left * 3);
	while (left > 0) {
		size_t len = utf8_len((const unsigned char *)text, left);

		if (len > 0)
			buf_add(&b, text, len);
		else
			buf_puts(&b, "\xef\xbf\xbd");
		text += len ? len : 1;
		left -= len ? len : 1;
	}
	json_t *value = json_stringn(b.data, b.len);
	buf_finish(&b);
	return value;
}

void json_put_text(json_t *object, const char *name, const char *text)
{
	json_t *value = text ? json_string(text) : json_null();

	if (!value)
		value = cleaned(text);
	must(json_object_set_new(object, name, value) == 0);
}

void json_put_int(json_t *object, const char *name, int64_t value)
{
	must(json_object_set_new(object, name, json_integer(value)) == 0);
}
