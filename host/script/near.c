/* near.c - the distance between what was written and what could have been. */
#include "script/near.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 63

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Letters to change, add, drop or swap; capitals do not count. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2], *gone;

	for (size_t j = 0; j <= b_len; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);

			now[j] = least(last[j - 1] + (x != y), least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2])
				&& y == tolower((unsigned char)a[i - 2]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
		gone = before;
		before = last;
		last = now;
		now = gone;
	}
	return last[b_len];
}

const char *near_word(const char *word, const char *const *words, size_t count)
{
	size_t len = strlen(word);
	unsigned best = len < 4 ? 2 : len < 8 ? 3 : 4; /* not as far as this */
	const char *found = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(words[i]);
		unsigned d = other > WORD_MAX ? best : distance(word, len, words[i], other);

		if (d < best) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
