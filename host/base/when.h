/* when.h - instants are int64_t milliseconds UTC; days are text "2026-10-31". */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define WHEN_SIZE 25 /* "2026-10-31T23:30:00.000Z" and its NUL */
#define WHEN_DAY_SIZE 11

#define WHEN_SECOND_MS INT64_C(1000)
#define WHEN_MINUTE_MS (60 * WHEN_SECOND_MS)
#define WHEN_HOUR_MS   (60 * WHEN_MINUTE_MS)
#define WHEN_DAY_MS    (24 * WHEN_HOUR_MS)

void when_text(int64_t ms, char out[WHEN_SIZE]);
void when_day(int64_t ms, char out[WHEN_DAY_SIZE]);

/* ISO 8601: date, or date and time with or without seconds, fraction, and Z or +hh:mm.
 * Without an offset it is read as UTC.  False: not such a text, or no such day. */
bool when_parse(const char *text, int64_t *ms);
bool when_is_day(const char *text);

/* Days from a to b, both "YYYY-MM-DD"; false when one is not a day. */
bool when_days_between(const char *a, const char *b, int64_t *days);
/* day plus days, into out; false when day is none. */
bool when_add_days(const char *day, int64_t days, char out[WHEN_DAY_SIZE]);

#endif
