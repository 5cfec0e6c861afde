/* pattern_compare.h - the sandbox's find, match, gmatch and gsub against Lua's own. */
#ifndef PATTERN_COMPARE_H
#define PATTERN_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

struct comparer;

struct comparer *comparer_create(void);
void comparer_destroy(struct comparer *);

enum comparison { SAME = 1, DIFFERENT, TOO_LONG /* our budget was spent: Lua's own is not asked */ };
/* After DIFFERENT, comparer_why() says what. */
enum comparison comparer_run(struct comparer *, const char *subject, size_t subject_len, const char *pattern,
	size_t pattern_len, const char *replacement, size_t replacement_len);
const char *comparer_why(const struct comparer *);

#endif
