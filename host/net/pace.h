/* pace.h - how fast we may call one remote account: a budget a minute, a number at once, and waits
 * that the remote has asked for.  Pure: time is a parameter. */
#ifndef NET_PACE_H
#define NET_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint32_t per_minute, at_once; /* 0: no limit; 0: 1 */
	uint32_t in_flight;
	int64_t free_at_ms;  /* tokens are paid by time: the next may start then */
	uint32_t free_part;  /* of free_at_ms, in 1 / per_minute of a millisecond */
	int64_t held_until_ms;
};

/* No minute, wherever it begins, sees more than per_minute starts; what a second may have can
 * start at once. */
void pace_init(struct pace *, uint32_t per_minute, uint32_t at_once);
/* 0: may start now (and is counted as started); else the time to ask again (UTC ms).  Where only a
 * pace_done() can make room that is a second from now: ask after each pace_done() too. */
int64_t pace_take(struct pace *, int64_t now_ms);
void pace_done(struct pace *);
void pace_hold(struct pace *, int64_t until_ms); /* told to slow down: nothing starts before */
/* Wait before try number attempt (0, 1, ...): doubles from 1 s to max_ms, with jitter in [0.5, 1). */
int64_t backoff_ms(unsigned attempt, int64_t max_ms, uint32_t random);
/* Retry-After: seconds, or an HTTP date as RFC 9110 5.6.7 wants it sent ("Sun, 06 Nov 1994 08:49:37
 * GMT"); milliseconds from now, 0 when that is past, -1 when it is neither. */
int64_t retry_after_ms(const char *value, int64_t now_ms);

#endif
