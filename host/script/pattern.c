/* pattern.c - a backtracking matcher for Lua patterns that counts what it does. */
#include "script/pattern.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 200 /* nested items; Lua's own limit, so that the same patterns are refused */

/* One item of a pattern: a single character, a class or a set, and how often it may stand. */
struct item {
	const char *text, *after; /* after: behind the repeat sign */
	const char *set_end;      /* behind the item itself */
	char repeat;              /* one of * + - ? or 0 */
};

void pattern_init(struct pattern *p, const char *subject, size_t subject_len, const char *text,
	size_t text_len, uint64_t *steps)
{
	*p = (struct pattern){ .subject = subject, .subject_end = subject + subject_len, .text = text,
		.text_end = text + text_len, .steps = steps };
}

bool pattern_is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\0' && strchr("^$*+?.([%-", text[i]))
			return false;
	return true;
}

static bool wrong(struct pattern *p, const char *why)
{
	if (!p->why && !p->spent)
		p->why = why;
	return false;
}

static bool stopped(const struct pattern *p)
{
	return p->why || p->spent;
}

static bool step(struct pattern *p, uint64_t n)
{
	if (*p->steps < n) {
		*p->steps = 0;
		p->spent = true;
		return false;
	}
	*p->steps -= n;
	return true;
}

static int byte_at(const char *c)
{
	return (unsigned char)*c;
}

/* %a, %D and the like; any other letter stands for itself. */
static bool in_class(int c, int class)
{
	bool in;

	switch (tolower(class)) {
	case 'a': in = isalpha(c); break;
	case 'c': in = iscntrl(c); break;
	case 'd': in = isdigit(c); break;
	case 'g': in = isgraph(c); break;
	case 'l': in = islower(c); break;
	case 'p': in = ispunct(c); break;
	case 's': in = isspace(c); break;
	case 'u': in = isupper(c); break;
	case 'w': in = isalnum(c); break;
	case 'x': in = isxdigit(c); break;
	case 'z': in = c == 0; break;
	default: return class == c;
	}
	return isupper(class) ? !in : in;
}

/* Behind the "]" of the set that begins at set; NULL when there is none. */
static const char *set_end(struct pattern *p, const char *set)
{
	const char *at = set + 1;

	if (at < p->text_end && *at == '^')
		at++;
	for (bool first = true; first || at == p->text_end || *at != ']'; first = false) {
		if (at == p->text_end) {
			wrong(p, "malformed pattern (missing ']')");
			return NULL;
		}
		if (*at++ != '%')
			continue;
		if (at == p->text_end) {
			wrong(p, "malformed pattern (missing ']')");
			return NULL;
		}
		at++;
	}
	return at + 1;
}

/* set: from its "["; end: behind its "]". */
static bool in_set(int c, const char *set, const char *end)
{
	const char *at = set + 1, *last = end - 1;
	bool found = true;

	if (*at == '^') {
		found = false;
		at++;
	}
	while (at < last) {
		if (*at == '%') {
			if (in_class(c, byte_at(at + 1)))
				return found;
			at += 2;
		} else if (at + 2 < last && at[1] == '-') {
			if (byte_at(at) <= c && c <= byte_at(at + 2))
				return found;
			at += 3;
		} else {
			if (byte_at(at) == c)
				return found;
			at++;
		}
	}
	return !found;
}

/* Reads the item at text, which is not the pattern's end. */
static bool read_item(struct pattern *p, const char *text, struct item *it)
{
	it->text = text;
	it->set_end = text + 1;
	it->repeat = 0;
	if (*text == '%') {
		if (text + 1 == p->text_end)
			return wrong(p, "malformed pattern (ends with '%')");
		it->set_end = text + 2;
	} else if (*text == '[') {
		it->set_end = set_end(p, text);
		if (!it->set_end || !step(p, (uint64_t)(it->set_end - text) / 8))
			return false;
	}
	it->after = it->set_end;
	if (it->after < p->text_end && *it->after && strchr("*+-?", *it->after))
		it->repeat = *it->after++;
	return true;
}

/* Does the single character at s fit the item? */
static bool fits(struct pattern *p, const struct item *it, const char *s)
{
	if (s >= p->subject_end || !step(p, *it->text == '[' ? (uint64_t)(it->set_end - it->text) / 2 : 1))
		return false;
	switch (*it->text) {
	case '.': return true;
	case '%': return in_class(byte_at(s), byte_at(it->text + 1));
	case '[': return in_set(byte_at(s), it->text, it->set_end);
	default: return *it->text == *s;
	}
}

static const char *match(struct pattern *p, const char *s, const char *text);

static const char *match_most(struct pattern *p, const char *s, const struct item *it, size_t least)
{
	size_t n = 0;

	while (fits(p, it, s + n))
		n++;
	for (;; n--) {
		const char *end;

		if (n < least || stopped(p))
			return NULL;
		end = match(p, s + n, it->after);
		if (end || n == 0)
			return end;
	}
}

static const char *match_fewest(struct pattern *p, const char *s, const struct item *it)
{
	for (;; s++) {
		const char *end = match(p, s, it->after);

		if (end || stopped(p) || !fits(p, it, s))
			return end;
	}
}

/* %bxy: from an x to the y that balances it. */
static const char *match_balanced(struct pattern *p, const char *s, const char *text)
{
	size_t open = 1;

	if (p->text_end - text < 4) {
		wrong(p, "malformed pattern (missing arguments to '%b')");
		return NULL;
	}
	if (s >= p->subject_end || *s != text[2])
		return NULL;
	for (s++; s < p->subject_end && step(p, 1); s++) {
		if (*s == text[3]) {
			if (--open == 0)
				return s + 1;
		} else if (*s == text[2]) {
			open++;
		}
	}
	return NULL;
}

/* %f[set]: here, and not one character before, the set begins to hold. */
static bool at_frontier(struct pattern *p, const char *s, const char *set, const char **after)
{
	int before = s == p->subject ? 0 : byte_at(s - 1);
	int here = s == p->subject_end ? 0 : byte_at(s);

	if (set >= p->text_end || *set != '[')
		return wrong(p, "missing '[' after '%f' in pattern");
	*after = set_end(p, set);
	if (!*after || !step(p, (uint64_t)(*after - set)))
		return false;
	return !in_set(before, set, *after) && in_set(here, set, *after);
}

/* %1: what a capture holds, once more. */
static const char *match_again(struct pattern *p, const char *s, char digit)
{
	size_t i = (size_t)(digit - '1');
	const struct pattern_capture *c = &p->captures[i];

	if (digit == '0' || i >= p->capture_count || c->state == PATTERN_OPEN) {
		wrong(p, "invalid capture index in pattern");
		return NULL;
	}
	if (c->state == PATTERN_POSITION || (size_t)(p->subject_end - s) < c->len)
		return NULL;
	if (!step(p, 1 + c->len / 8) || memcmp(c->at, s, c->len) != 0)
		return NULL;
	return s + c->len;
}

static const char *open_capture(struct pattern *p, const char *s, const char *text)
{
	bool position = text < p->text_end && *text == ')';
	const char *end;

	if (p->capture_count == PATTERN_CAPTURES_MAX) {
		wrong(p, "too many captures");
		return NULL;
	}
	p->captures[p->capture_count++] = (struct pattern_capture){ s, 0,
		position ? PATTERN_POSITION : PATTERN_OPEN };
	end = match(p, s, position ? text + 1 : text);
	if (!end)
		p->capture_count--;
	return end;
}

static const char *close_capture(struct pattern *p, const char *s, const char *text)
{
	size_t i = p->capture_count;
	const char *end;

	while (i > 0 && p->captures[i - 1].state != PATTERN_OPEN)
		i--;
	if (i == 0) {
		wrong(p, "invalid pattern capture");
		return NULL;
	}
	p->captures[i - 1].state = PATTERN_CLOSED;
	p->captures[i - 1].len = (size_t)(s - p->captures[i - 1].at);
	end = match(p, s, text);
	if (!end)
		p->captures[i - 1].state = PATTERN_OPEN;
	return end;
}

/* %b, %f and %1 to %9 are no single characters. */
static bool is_special(const struct pattern *p, const char *text)
{
	return *text == '%' && text + 1 < p->text_end
		&& (text[1] == 'b' || text[1] == 'f' || isdigit(byte_at(text + 1)));
}

static const char *match_special(struct pattern *p, const char *s, const char *text, const char **after)
{
	switch (text[1]) {
	case 'b':
		*after = text + 4;
		return match_balanced(p, s, text);
	case 'f':
		return at_frontier(p, s, text + 2, after) ? s : NULL;
	default:
		*after = text + 2;
		return match_again(p, s, text[1]);
	}
}

/* Behind what text, from here to the pattern's end, matches at s; or NULL. */
static const char *match_from(struct pattern *p, const char *s, const char *text)
{
	struct item it;

	for (; s && text < p->text_end; text = it.after) {
		if (!step(p, 1))
			return NULL;
		if (*text == '(')
			return open_capture(p, s, text + 1);
		if (*text == ')')
			return close_capture(p, s, text + 1);
		if (*text == '$' && text + 1 == p->text_end)
			return s == p->subject_end ? s : NULL;
		if (is_special(p, text)) {
			s = match_special(p, s, text, &it.after);
			continue;
		}
		if (!read_item(p, text, &it))
			return NULL;
		switch (it.repeat) {
		case '*': return match_most(p, s, &it, 0);
		case '+': return match_most(p, s, &it, 1);
		case '-': return match_fewest(p, s, &it);
		case '?': {
			const char *end = fits(p, &it, s) ? match(p, s + 1, it.after) : NULL;

			if (end || stopped(p))
				return end;
			break;
		}
		default: s = fits(p, &it, s) ? s + 1 : NULL;
		}
	}
	return s;
}

static const char *match(struct pattern *p, const char *s, const char *text)
{
	const char *end = NULL;

	if (stopped(p))
		return NULL;
	if (++p->depth > DEPTH_MAX)
		wrong(p, "pattern too complex");
	else
		end = match_from(p, s, text);
	p->depth--;
	return stopped(p) ? NULL : end;
}

enum pattern_result pattern_match_at(struct pattern *p, const char *at)
{
	p->capture_count = 0;
	p->depth = 0;
	p->end = match(p, at, p->text);
	if (p->spent)
		return PATTERN_SPENT;
	if (p->why)
		return PATTERN_WRONG;
	return p->end ? PATTERN_MATCH : PATTERN_NONE;
}
