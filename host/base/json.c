/* json.c - JSON in and out, decimals kept as the text that stood there. */
#include "json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- texts ----------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool stands_for_itself(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Do eight bytes at once?  A byte that does not sets its top bit in one of the terms; what a borrow sets
 * beyond it does not matter then. */
static bool eight_stand(const char *text)
{
	uint64_t w;

	memcpy(&w, text, sizeof w);
	return !((w | (w - EACH(0x20)) | ((w ^ EACH('"')) - EACH(1)) | ((w ^ EACH('\\')) - EACH(1))) & EACH(0x80));
}

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

/* Behind all that may stand in a string as it is, from text on. */
static const char *skip_plain(const char *text, const char *end)
{
	for (;;) {
		size_t sequence;

		while (end - text >= 8 && eight_stand(text))
			text += 8;
		while (text < end && stands_for_itself((unsigned char)*text))
			text++;
		if (text == end || (unsigned char)*text < 0x80)
			return text;
		sequence = utf8_len((const unsigned char *)text, (size_t)(end - text));
		if (sequence == 0)
			return text;
		text += sequence;
	}
}

/* ---- in -------------------------------------------------------------------------- */

/* Jansson's own reader makes doubles of "12.30", and its trees are most of what a record's way costs:
 * it takes a text byte by byte.  This one makes the same trees. */
struct reader {
	const char *start, *at, *end;
	unsigned depth;
	struct buf text; /* of a string with escapes */
	struct err *e;
};

static json_t *wrong(const struct reader *r, const char *what)
{
	size_t line = 1;

	for (const char *c = r->start; c < r->at; c++)
		line += *c == '\n';
	err_set(r->e, ERR_INPUT, "not JSON: line %zu: %s", line, what);
	return NULL;
}

static char here(const struct reader *r)
{
	return r->at < r->end ? *r->at : 0;
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && is_blank(*r->at))
		r->at++;
}

static size_t skip_digits(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && is_digit(*r->at))
		r->at++;
	return (size_t)(r->at - from);
}

static bool within_64_bits(const char *digits, size_t count, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "9223372036854775807";

	return count < 19 || (count == 19 && memcmp(digits, most, 19) <= 0);
}

static json_t *read_integer(const char *digits, size_t count, bool negative)
{
	uint64_t n = 0;

	for (size_t i = 0; i < count; i++)
		n = n * 10 + (uint64_t)(digits[i] - '0');
	return json_integer(negative ? (json_int_t)(0 - n) : (json_int_t)n);
}

static json_t *read_number(struct reader *r)
{
	const char *from = r->at, *digits;
	bool negative = *from == '-', exact;
	size_t count;

	r->at += negative;
	digits = r->at;
	count = skip_digits(r);
	exact = count > 0 && within_64_bits(digits, count, negative);
	if (count == 0 || (count > 1 && *digits == '0'))
		return wrong(r, "no such number");
	if (here(r) == '.') {
		r->at++;
		exact = false;
		if (skip_digits(r) == 0)
			return wrong(r, "no digits after the point");
	}
	if (here(r) == 'e' || here(r) == 'E') {
		r->at++;
		exact = false;
		if (here(r) == '+' || here(r) == '-')
			r->at++;
		if (skip_digits(r) == 0)
			return wrong(r, "no digits in the exponent");
	}
	return exact ? read_integer(digits, count, negative) : json_stringn_nocheck(from, (size_t)(r->at - from));
}

/* The four digits behind \u; negative: there are none. */
static int32_t read_unit(struct reader *r)
{
	int32_t unit = 0;

	if (r->end - r->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = *r->at++, low = (char)(c | 0x20);

		if (is_digit(c))
			unit = unit << 4 | (c - '0');
		else if (low >= 'a' && low <= 'f')
			unit = unit << 4 | (low - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

static void add_utf8(struct buf *b, uint32_t c)
{
	char bytes[4];
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(marks[len] | c);
	buf_add(b, bytes, len);
}

/* A character by its number: two of them where it takes a pair. */
static bool read_numbered(struct reader *r)
{
	int32_t unit = read_unit(r), second;

	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return false;
	if (unit >= 0xd800 && unit <= 0xdbff) {
		if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
			return false;
		r->at += 2;
		second = read_unit(r);
		if (second < 0xdc00 || second > 0xdfff)
			return false;
		unit = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
	}
	add_utf8(&r->text, (uint32_t)unit);
	return true;
}

static bool read_escape(struct reader *r)
{
	static const char names[] = "\"\\/bfnrt", are[] = "\"\\/\b\f\n\r\t";
	char c = here(r);
	const char *name = c ? strchr(names, c) : NULL;

	r->at += r->at < r->end;
	if (c == 'u')
		return read_numbered(r);
	return name && buf_putc(&r->text, are[name - names]);
}

/* The string at the quote: where it lies, which is in r->text if it has escapes.  NULL: it is none. */
static const char *read_string(struct reader *r, size_t *len)
{
	const char *from = ++r->at;

	r->at = skip_plain(from, r->end);
	if (here(r) == '"') {
		*len = (size_t)(r->at++ - from);
		return from;
	}
	buf_clear(&r->text);
	while (here(r) == '\\') {
		buf_add(&r->text, from, (size_t)(r->at++ - from));
		if (!read_escape(r)) {
			wrong(r, "no such escape");
			return NULL;
		}
		from = r->at;
		r->at = skip_plain(from, r->end);
	}
	if (here(r) != '"') {
		wrong(r, r->at == r->end ? "a string without an end" : "no UTF-8, or a control character in a string");
		return NULL;
	}
	buf_add(&r->text, from, (size_t)(r->at++ - from));
	*len = r->text.len;
	return r->text.data;
}

static json_t *read_value(struct reader *);

/* A member at its quote, into object. */
static bool read_member(struct reader *r, json_t *object)
{
	size_t len, before = json_object_size(object);
	const char *name = here(r) == '"' ? read_string(r, &len) : (wrong(r, "no member's name"), NULL);
	char *own = NULL; /* what has escapes does not outlast the value's */
	json_t *value;

	if (!name)
		return false;
	if (name == r->text.data)
		name = own = xstrndup(name, len);
	skip_blanks(r);
	if (here(r) != ':')
		value = wrong(r, "no colon behind a member's name");
	else
		value = (r->at++, read_value(r));
	if (value && (json_object_setn_new_nocheck(object, name, len, value) < 0 || json_object_size(object) == before))
		value = wrong(r, "a member twice");
	free(own);
	return value != NULL;
}

static bool read_element(struct reader *r, json_t *array)
{
	json_t *value = read_value(r);

	return value && json_array_append_new(array, value) == 0;
}

static json_t *read_several(struct reader *r, json_t *all, char end, bool (*read_one)(struct reader *, json_t *))
{
	if (++r->depth > JSON_DEPTH_MAX) {
		err_set(r->e, ERR_LIMIT, "JSON nested deeper than %d", JSON_DEPTH_MAX);
		goto fail;
	}
	r->at++;
	skip_blanks(r);
	if (here(r) != end) {
		for (;;) {
			skip_blanks(r);
			if (!read_one(r, all))
				goto fail;
			skip_blanks(r);
			if (here(r) != ',')
				break;
			r->at++;
		}
		if (here(r) != end) {
			wrong(r, r->at == r->end ? "it ends too early" : "neither a comma nor an end");
			goto fail;
		}
	}
	r->at++;
	r->depth--;
	return all;
fail:
	json_decref(all);
	return NULL;
}

static json_t *read_word(struct reader *r, const char *word, json_t *value)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0) {
		json_decref(value);
		return wrong(r, "no such value");
	}
	r->at += len;
	return value;
}

static json_t *read_value(struct reader *r)
{
	const char *text;
	size_t len;

	skip_blanks(r);
	switch (here(r)) {
	case '{':
		return read_several(r, json_object(), '}', read_member);
	case '[':
		return read_several(r, json_array(), ']', read_element);
	case '"':
		text = read_string(r, &len);
		return text ? json_stringn_nocheck(text, len) : NULL;
	case 't':
		return read_word(r, "true", json_true());
	case 'f':
		return read_word(r, "false", json_false());
	case 'n':
		return read_word(r, "null", json_null());
	case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
		return read_number(r);
	default:
		return wrong(r, r->at == r->end ? "it ends too early" : "no such value");
	}
}

json_t *json_read(const char *text, size_t len, struct err *e)
{
	struct reader r = { .start = text, .at = text, .end = text + len, .e = e };
	json_t *value;

	if (len == 0) {
		err_set(e, ERR_INPUT, "not JSON: nothing there");
		return NULL;
	}
	buf_init(&r.text, len);
	value = read_value(&r);
	if (value) {
		skip_blanks(&r);
		if (r.at < r.end) {
			json_decref(value);
			value = wrong(&r, "something behind its end");
		}
	}
	buf_finish(&r.text);
	return value;
}

/* ---- out ------------------------------------------------------------------------- */

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
	const char *end = text + len;

	buf_putc(b, '"');
	for (;;) {
		const char *from = text;

		text = skip_plain(text, end);
		buf_add(b, from, (size_t)(text - from));
		if (text == end)
			break;
		if ((unsigned char)*text >= 0x80)
			buf_puts(b, "\xef\xbf\xbd");
		else
			write_escaped(b, (unsigned char)*text);
		text++;
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
