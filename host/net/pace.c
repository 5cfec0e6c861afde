/* pace.c - how fast we may call one remote account. */
#include "net/pace.h"

#include "base/when.h"

#include <stdio.h>
#include <string.h>

/* A minute's budget is spent over 61 s: so a second's worth of it may start at once (timers and turns
 * of the loop are coarse) and still no minute sees more than the budget. */
#define BURST_MS  WHEN_SECOND_MS
#define PAYING_MS (WHEN_MINUTE_MS + BURST_MS)

/* A remote that says "come back in a year" is not believed for longer than this. */
#define RETRY_AFTER_MAX_MS (31 * WHEN_DAY_MS)

void pace_init(struct pace *p, uint32_t per_minute, uint32_t at_once)
{
	memset(p, 0, sizeof *p);
	p->per_minute = per_minute;
	p->at_once = at_once ? at_once : 1;
}

static void pay(struct pace *p, int64_t now_ms)
{
	int64_t parts;

	if (p->free_at_ms < now_ms - BURST_MS) {
		p->free_at_ms = now_ms - BURST_MS;
		p->free_part = 0;
	}
	parts = PAYING_MS + p->free_part;
	p->free_at_ms += parts / p->per_minute;
	p->free_part = (uint32_t)(parts % p->per_minute);
}

int64_t pace_take(struct pace *p, int64_t now_ms)
{
	if (now_ms < p->held_until_ms)
		return p->held_until_ms;
	if (p->in_flight >= p->at_once)
		return now_ms + WHEN_SECOND_MS;
	if (p->per_minute) {
		if (now_ms < p->free_at_ms)
			return p->free_at_ms;
		pay(p, now_ms);
	}
	p->in_flight++;
	return 0;
}

void pace_done(struct pace *p)
{
	if (p->in_flight)
		p->in_flight--;
}

void pace_hold(struct pace *p, int64_t until_ms)
{
	if (until_ms > p->held_until_ms)
		p->held_until_ms = until_ms;
}

int64_t backoff_ms(unsigned attempt, int64_t max_ms, uint32_t random)
{
	int64_t full = attempt < 40 ? WHEN_SECOND_MS << attempt : max_ms;

	if (full > max_ms)
		full = max_ms;
	return full / 2 + (int64_t)(((uint64_t)(full - full / 2) * random) >> 32);
}

static int64_t seconds_ms(const char *digits)
{
	int64_t ms = 0;

	for (const char *d = digits; *d; d++) {
		if (*d < '0' || *d > '9')
			return -1;
		ms = ms * 10 + (*d - '0') * WHEN_SECOND_MS;
		if (ms > RETRY_AFTER_MAX_MS)
			ms = RETRY_AFTER_MAX_MS;
	}
	return ms;
}

static int64_t date_ms(const char *value, int64_t now_ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char day[3], month[4], year[5], time[9], iso[WHEN_SIZE];
	const char *found;
	int end = 0;
	int64_t at;

	if (sscanf(value, "%*3[A-Za-z], %2[0-9] %3[A-Za-z] %4[0-9] %8[0-9:] GMT%n",
			day, month, year, time, &end) != 4 || end == 0 || value[end])
		return -1;
	found = strstr(months, month);
	if (!found || strlen(month) != 3 || (found - months) % 3 != 0)
		return -1;
	snprintf(iso, sizeof iso, "%s-%02u-%sT%sZ", year, (unsigned)(found - months) / 3 % 12 + 1, day, time);
	if (!when_parse(iso, &at))
		return -1;
	if (at <= now_ms)
		return 0;
	at -= now_ms;
	return at < RETRY_AFTER_MAX_MS ? at : RETRY_AFTER_MAX_MS;
}

int64_t retry_after_ms(const char *value, int64_t now_ms)
{
	if (!*value)
		return -1;
	if (value[0] >= '0' && value[0] <= '9')
		return seconds_ms(value);
	return date_ms(value, now_ms);
}
