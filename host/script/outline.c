/* outline.c - a light reading of Lua source: tokens, tables, and the names in them. */
#include "script/outline.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_LEN 256
#define DEPTH_MAX    32

enum token { END, NAME, STRING, OTHER, SIGN }; /* SIGN: one of {}()[]=,; in scan.sign */

struct scan {
	const char *at, *end;
	int line, token_line;
	enum token token;
	char sign;
	const char *text; /* of a NAME or STRING */
	size_t len;
	json_t *lines;
};

/* ---- tokens ----------------------------------------------------------------------- */

static char peek(const struct scan *s, size_t ahead)
{
	return (size_t)(s->end - s->at) > ahead ? s->at[ahead] : '\0';
}

static void skip(struct scan *s, size_t n)
{
	for (; n > 0 && s->at < s->end; n--)
		s->line += *s->at++ == '\n';
}

/* The level of a long bracket that opens here; -1: none does. */
static int long_bracket(const struct scan *s)
{
	size_t n = 1;

	if (peek(s, 0) != '[')
		return -1;
	while (peek(s, n) == '=')
		n++;
	return peek(s, n) == '[' ? (int)n - 1 : -1;
}

static void skip_long(struct scan *s, int level)
{
	skip(s, (size_t)level + 2);
	s->text = s->at;
	for (; s->at < s->end; skip(s, 1)) {
		size_t n = 1;

		if (*s->at != ']')
			continue;
		while (peek(s, n) == '=')
			n++;
		if (peek(s, n) == ']' && (int)n - 1 == level) {
			s->len = (size_t)(s->at - s->text);
			skip(s, n + 1);
			return;
		}
	}
	s->len = (size_t)(s->at - s->text);
}

static void skip_space(struct scan *s)
{
	for (;;) {
		if (s->at < s->end && isspace((unsigned char)*s->at)) {
			skip(s, 1);
		} else if (peek(s, 0) == '-' && peek(s, 1) == '-') {
			int level;

			skip(s, 2);
			level = long_bracket(s);
			if (level >= 0)
				skip_long(s, level);
			else
				while (s->at < s->end && *s->at != '\n')
					skip(s, 1);
		} else {
			return;
		}
	}
}

static void read_quoted(struct scan *s)
{
	char quote = *s->at;

	skip(s, 1);
	s->text = s->at;
	while (s->at < s->end && *s->at != quote && *s->at != '\n')
		skip(s, *s->at == '\\' ? 2 : 1);
	s->len = (size_t)(s->at - s->text);
	skip(s, 1);
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void next(struct scan *s)
{
	int level;
	char c;

	skip_space(s);
	s->token_line = s->line;
	s->sign = '\0';
	if (s->at >= s->end) {
		s->token = END;
		return;
	}
	c = *s->at;
	level = long_bracket(s);
	if (level >= 0) {
		s->token = STRING;
		skip_long(s, level);
	} else if (c == '"' || c == '\'') {
		s->token = STRING;
		read_quoted(s);
	} else if (in_name(c)) {
		s->token = isdigit((unsigned char)c) ? OTHER : NAME;
		s->text = s->at;
		while (in_name(peek(s, 0)))
			s->at++;
		s->len = (size_t)(s->at - s->text);
	} else if (c == '=' && peek(s, 1) == '=') {
		s->token = OTHER;
		skip(s, 2);
	} else if (strchr("{}()[]=,;", c)) {
		s->token = SIGN;
		s->sign = c;
		skip(s, 1);
	} else {
		s->token = OTHER;
		skip(s, strchr("<>~", c) && peek(s, 1) == '=' ? 2 : 1);
	}
}

static bool is_word(const struct scan *s, const char *word)
{
	return s->token == NAME && s->len == strlen(word) && memcmp(s->text, word, s->len) == 0;
}

/* +1 where a block of statements opens, -1 where one closes. */
static int block_step(const struct scan *s)
{
	static const char *const opens[] = { "function", "do", "if", "repeat" };

	for (size_t i = 0; i < sizeof opens / sizeof *opens; i++)
		if (is_word(s, opens[i]))
			return 1;
	return is_word(s, "end") || is_word(s, "until") ? -1 : 0;
}

/* ---- tables ----------------------------------------------------------------------- */

static void read_table(struct scan *s, const char *path, int depth);

/* Up to the sign that ends a value of a table. */
static void skip_value(struct scan *s)
{
	int nested = 0, blocks = 0;

	for (; s->token != END; next(s)) {
		blocks += block_step(s);
		if (nested == 0 && blocks <= 0 && s->sign && strchr(",;}", s->sign))
			return;
		if (s->sign && strchr("{([", s->sign))
			nested++;
		else if (s->sign && strchr("})]", s->sign))
			nested--;
	}
}

/* From the first token of a value: a table, or word {, or word "text" {, is read with its names. */
static void read_value(struct scan *s, const char *path, int depth)
{
	struct scan ahead = *s;

	if (ahead.token == NAME)
		next(&ahead);
	if (ahead.token == STRING && s->token == NAME)
		next(&ahead);
	if (ahead.sign == '{' && depth < DEPTH_MAX) {
		*s = ahead;
		read_table(s, path, depth + 1);
	}
	skip_value(s);
}

/* Reads "name =" or '["name"] =' if one stands here; else leaves s as it is. */
static bool read_name(struct scan *s, char *name, size_t size)
{
	struct scan ahead = *s;
	bool bracket = s->sign == '[', is_name;

	if (bracket)
		next(&ahead);
	is_name = ahead.token == (bracket ? STRING : NAME);
	if (is_name)
		snprintf(name, size, "%.*s", ahead.len < size ? (int)ahead.len : (int)size - 1, ahead.text);
	next(&ahead);
	if (bracket) {
		is_name = is_name && ahead.sign == ']';
		next(&ahead);
	}
	if (!is_name || ahead.sign != '=')
		return false;
	next(&ahead);
	*s = ahead;
	return true;
}

/* From the "{" to behind the "}". */
static void read_table(struct scan *s, const char *path, int depth)
{
	char name[64], below[PATH_MAX_LEN];
	int place = 0;

	next(s);
	while (s->token != END && s->sign != '}') {
		int line = s->token_line;

		if (!read_name(s, name, sizeof name))
			snprintf(name, sizeof name, "%d", ++place);
		if (snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", name) < (int)sizeof below) {
			json_object_set_new(s->lines, below, json_integer(line));
			read_value(s, below, depth);
		} else {
			skip_value(s);
		}
		if (s->sign == ',' || s->sign == ';')
			next(s);
	}
	next(s);
}

json_t *outline_of(const char *text, size_t len)
{
	struct scan s = { .at = text, .end = text + len, .line = 1, .lines = json_object() };
	int blocks = 0;

	for (next(&s); s.token != END; next(&s)) {
		blocks += block_step(&s);
		if (blocks == 0 && is_word(&s, "return")) {
			next(&s);
			read_value(&s, "", 0);
		}
	}
	return s.lines;
}

int outline_line(const json_t *outline, const char *path)
{
	char around[PATH_MAX_LEN];

	snprintf(around, sizeof around, "%s", path);
	for (;;) {
		json_t *line = json_object_get(outline, around);
		char *dot = strrchr(around, '.');

		if (line || !dot)
			return (int)json_integer_value(line);
		*dot = '\0';
	}
}
