/* near.h - what was probably meant. */
#ifndef SCRIPT_NEAR_H
#define SCRIPT_NEAR_H

#include <stddef.h>

/* The one of the words that word is a slip of: one of them, or NULL when none comes close. */
const char *near_word(const char *word, const char *const *words, size_t count);

#endif
