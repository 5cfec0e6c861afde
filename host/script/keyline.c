/* keyline.c - where the names in a Lua file's tables stand. */
#include "keyline.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	const char *text;
	size_t len, at;
	unsigned line, depth;
};

static char peek(const struct scan *s, size_t ahead)
{
	return s->at + ahead < s->len ? s->text[s->at + ahead] : 0;
}

static void skip(struct scan *s)
{
	if (s->text[s->at] == '\n')
		s->line++;
	s->at++;
}

/* Behind a long bracket "[==[ ... ]==]" that begins here; false: none does. */
static bool skip_long(struct scan *s)
{
	size_t level = 0, i = 1;

	if (peek(s, 0) != '[')
		return false;
	while (peek(s, i) == '=') {
		level++;
		i++;
	}
	if (peek(s, i) != '[')
		return false;
	while (s->at < s->len) {
		size_t j = 1;
		if (s->text[s->at] == ']') {
			while (peek(s, j) == '=')
				j++;
			if (j == level + 1 && peek(s, j) == ']') {
				s->at += j + 1;
				return true;
			}
		}
		skip(s);
	}
	return true;
}

static void skip_quoted(struct scan *s)
{
	char quote = s->text[s->at];

	for (s->at++; s->at < s->len && s->text[s->at] != quote && s->text[s->at] != '\n'; skip(s))
		if (s->text[s->at] == '\\' && s->at + 1 < s->len)
			skip(s);
	if (s->at < s->len && s->text[s->at] == quote)
		s->at++;
}

static void skip_remark(struct scan *s)
{
	s->at += 2;
	if (skip_long(s))
		return;
	while (s->at < s->len && s->text[s->at] != '\n')
		s->at++;
}

static void add(struct keylines *k, const struct scan *s, const char *name, size_t len)
{
	if (k->count == k->cap) {
		k->cap = k->cap ? k->cap * 2 : 64;
		k->rows = xrealloc(k->rows, k->cap * sizeof *k->rows);
	}
	k->rows[k->count++] = (struct keyline){ name, len, s->depth, s->line };
}

static bool sets(struct scan *s, size_t ahead)
{
	while (peek(s, ahead) == ' ' || peek(s, ahead) == '\t')
		ahead++;
	return peek(s, ahead) == '=' && peek(s, ahead + 1) != '=';
}

static void take_name(struct keylines *k, struct scan *s)
{
	size_t n = 1;

	while (isalnum((unsigned char)peek(s, n)) || peek(s, n) == '_')
		n++;
	if (s->depth > 0 && sets(s, n))
		add(k, s, s->text + s->at, n);
	s->at += n;
}

/* At '[': ["name"] = */
static void take_bracket(struct keylines *k, struct scan *s)
{
	char quote = peek(s, 1);
	size_t n = 2;

	if (skip_long(s))
		return;
	if (quote == '"' || quote == '\'') {
		while (peek(s, n) && peek(s, n) != quote && peek(s, n) != '\n')
			n++;
		if (peek(s, n) == quote && peek(s, n + 1) == ']' && s->depth > 0 && sets(s, n + 2))
			add(k, s, s->text + s->at + 2, n - 2);
	}
	s->at++;
}

void keylines_scan(struct keylines *k, const char *text, size_t len)
{
	struct scan s = { text, len, 0, 1, 0 };

	memset(k, 0, sizeof *k);
	while (s.at < len) {
		char c = text[s.at];
		if (c == '-' && peek(&s, 1) == '-')
			skip_remark(&s);
		else if (c == '"' || c == '\'')
			skip_quoted(&s);
		else if (c == '[')
			take_bracket(k, &s);
		else if (isalpha((unsigned char)c) || c == '_')
			take_name(k, &s);
		else {
			if (c == '{')
				s.depth++;
			if (c == '}' && s.depth > 0)
				s.depth--;
			skip(&s);
		}
	}
}

void keylines_finish(struct keylines *k)
{
	free(k->rows);
	memset(k, 0, sizeof *k);
}

size_t keylines_find(const struct keylines *k, const char *name, unsigned depth, size_t from)
{
	size_t len = strlen(name);

	for (size_t i = from; i < k->count; i++)
		if (k->rows[i].depth == depth && k->rows[i].len == len && memcmp(k->rows[i].name, name, len) == 0)
			return i;
	return SIZE_MAX;
}

size_t keylines_at(const struct keylines *k, unsigned line)
{
	size_t low = 0, high = k->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (k->rows[middle].line < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
