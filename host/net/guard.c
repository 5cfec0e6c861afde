/* guard.c - what llhttp lets through and we do not. */
#include "net/guard.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };

struct line {
	const char *at;
	size_t len; /* without CRLF */
};

/* Bytes and line ends; *lines counts all of them, the empty one too. */
static enum guard check_bytes(const char *head, size_t len, size_t *lines)
{
	const char *end = head + len, *at;

	*lines = 0;
	if (memchr(head, '\0', len))
		return GUARD_NUL;
	for (at = head; (at = memchr(at, '\r', (size_t)(end - at))); at++)
		if (at + 1 == end || at[1] != '\n')
			return GUARD_BARE_CR;
	for (at = head; (at = memchr(at, '\n', (size_t)(end - at))); at++) {
		if (at == head || at[-1] != '\r')
			return GUARD_BARE_LF;
		if (at + 1 < end && (at[1] == ' ' || at[1] == '\t'))
			return GUARD_FOLDED;
		++*lines;
	}
	return GUARD_CLEAN;
}

static struct line next_line(const char **at, const char *end)
{
	const char *lf = memchr(*at, '\n', (size_t)(end - *at));
	struct line line = { *at, (size_t)(lf - 1 - *at) };

	*at = lf + 1;
	return line;
}

static bool method_is_known(struct line first)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		size_t n = strlen(methods[i]);

		if (first.len > n && memcmp(first.at, methods[i], n) == 0 && first.at[n] == ' ')
			return true;
	}
	return false;
}

static bool line_ends_with(struct line line, const char *tail)
{
	size_t n = strlen(tail);

	return line.len >= n && memcmp(line.at + line.len - n, tail, n) == 0;
}

static bool name_is(struct line line, const char *name)
{
	size_t n = strlen(name);

	return line.len > n && line.at[n] == ':' && strncasecmp(line.at, name, n) == 0;
}

static bool in_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9') ||
		(c && strchr("!#$%&'*+.^_`|~", c));
}

/* RFC 9110 5.6.2: a name is a token, right before its colon. */
static bool has_name(struct line line)
{
	size_t n = 0;

	while (n < line.len && in_token(line.at[n]))
		n++;
	return n > 0 && n < line.len && line.at[n] == ':';
}

enum guard guard_head(const char *head, size_t len, size_t head_max)
{
	size_t lines, hosts = 0;
	enum guard bytes;

	if (len > head_max)
		return GUARD_TOO_LONG;
	bytes = check_bytes(head, len, &lines);
	if (bytes != GUARD_CLEAN)
		return bytes;
	if (len < 4 || memcmp(head + len - 4, "\r\n\r\n", 4) != 0)
		return GUARD_SHORT;
	if (lines > GUARD_LINES_MAX + 2)
		return GUARD_TOO_MANY;

	const char *at = head, *end = head + len;
	struct line first = next_line(&at, end);
	bool old = line_ends_with(first, " HTTP/1.0");

	if (!method_is_known(first))
		return GUARD_METHOD;
	if (!old && !line_ends_with(first, " HTTP/1.1"))
		return GUARD_VERSION;
	while (end - at > 2) {
		struct line line = next_line(&at, end);

		if (!has_name(line))
			return GUARD_NAME;
		if (name_is(line, "host") && ++hosts > 1)
			return GUARD_TWO_HOSTS;
		if (old && name_is(line, "transfer-encoding"))
			return GUARD_OLD_CHUNKED;
	}
	return old || hosts ? GUARD_CLEAN : GUARD_NO_HOST;
}

const char *guard_text(enum guard g)
{
	switch (g) {
	case GUARD_CLEAN:
		return "nothing wrong";
	case GUARD_NUL:
		return "a NUL in the head";
	case GUARD_BARE_CR:
		return "a CR without LF";
	case GUARD_BARE_LF:
		return "a LF without CR";
	case GUARD_FOLDED:
		return "a folded header line";
	case GUARD_TOO_LONG:
		return "request line and headers are too long";
	case GUARD_TOO_MANY:
		return "too many header lines";
	case GUARD_SHORT:
		return "the head does not end with an empty line";
	case GUARD_NO_HOST:
		return "no Host header";
	case GUARD_TWO_HOSTS:
		return "two Host headers";
	case GUARD_OLD_CHUNKED:
		return "Transfer-Encoding in HTTP/1.0";
	case GUARD_METHOD:
		return "a method that is not served here";
	case GUARD_VERSION:
		return "a version that is neither HTTP/1.1 nor HTTP/1.0";
	case GUARD_NAME:
		return "a header without a name and a colon after it";
	}
	return "not a verdict";
}
