/* letters.h - text of people: case, likeness, length in characters; UTF-8 in, UTF-8 out. */
#ifndef SCRIPT_LETTERS_H
#define SCRIPT_LETTERS_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character at text[*at], which must be < len; *at moves behind it.  A byte that begins no
 * character counts as one, U+FFFD. */
uint32_t letter_next(const char *text, size_t len, size_t *at);

size_t letters_count(const char *text, size_t len);
/* Bytes of the first count characters; of the last count characters. */
size_t letters_head(const char *text, size_t len, size_t count);
size_t letters_tail(const char *text, size_t len, size_t count);
/* Nothing in it, or only blanks (no-break ones too). */
bool letters_are_blank(const char *text, size_t len);

/* Each gives NUL-terminated text in the arena and its length; NULL: over the arena's ceiling. */
char *letters_lower(struct arena *, const char *text, size_t len, size_t *out_len);
char *letters_upper(struct arena *, const char *text, size_t len, size_t *out_len);
/* Without blanks around, with single blanks inside. */
char *letters_squeeze(struct arena *, const char *text, size_t len, size_t *out_len);
/* Squeezed, without control characters and colons (QuickBooks parts levels by them). */
char *letters_clean_name(struct arena *, const char *text, size_t len, size_t *out_len);
/* Digits, and a plus sign in front where there was one. */
char *letters_phone(struct arena *, const char *text, size_t len, size_t *out_len);
/* Characters that Windows-1252 (ascii: ASCII) lacks become their nearest, else '?'. */
char *letters_fold(struct arena *, const char *text, size_t len, bool ascii, size_t *out_len);

/* The same but for case. */
bool letters_same(const char *a, size_t a_len, const char *b, size_t b_len);
/* '*' any text, '?' any one character. */
bool letters_match(const char *text, size_t len, const char *pattern, size_t pattern_len);

#endif
