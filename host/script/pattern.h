/* pattern.h - Lua's patterns under a budget: a match cannot take longer than its steps. */
#ifndef SCRIPT_PATTERN_H
#define SCRIPT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_CAPTURES_MAX 32

enum pattern_result {
	PATTERN_NONE = 0, /* no match there */
	PATTERN_MATCH,
	PATTERN_WRONG, /* the pattern is malformed; why says how */
	PATTERN_SPENT  /* the steps are used up */
};

/* OPEN: its ")" is missing, which is an error for him who wants it.  POSITION: "()", len says nothing. */
struct pattern_capture {
	const char *at;
	size_t len;
	enum { PATTERN_OPEN, PATTERN_CLOSED, PATTERN_POSITION } state;
};

/* One subject and one pattern; neither is copied. */
struct pattern {
	const char *subject, *subject_end;
	const char *text, *text_end;
	uint64_t *steps; /* what is left; the caller's */
	size_t capture_count;
	struct pattern_capture captures[PATTERN_CAPTURES_MAX]; /* after a MATCH */
	const char *end;                                       /* after a MATCH: behind it */
	const char *why;                                       /* after WRONG */
	bool spent;
	unsigned depth;
};

void pattern_init(struct pattern *, const char *subject, size_t subject_len, const char *text,
	size_t text_len, uint64_t *steps);

/* Does the pattern match right at this place of the subject?  An anchor is the caller's matter.
 * What it accepts and finds is what Lua 5.4's string library accepts and finds. */
enum pattern_result pattern_match_at(struct pattern *, const char *at);

/* Whether text holds none of the characters that mean something in a pattern. */
bool pattern_is_plain(const char *text, size_t len);

#endif
