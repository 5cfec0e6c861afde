/* when.c - instants are int64_t milliseconds UTC; days are text "2026-10-31". */
#include "when.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define YEAR_MIN 1
#define YEAR_MAX 9999

/* Days since 1970-01-01 in the proleptic Gregorian calendar, and back.  Eras of 400 years, years
 * that begin in March: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;

	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

struct date {
	int64_t year;
	unsigned month, day;
};

static struct date date_of(int64_t days)
{
	days += 719468;

	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t from_march = (5 * day_of_year + 2) / 153;
	unsigned month = (unsigned)(from_march < 10 ? from_march + 3 : from_march - 9);

	return (struct date){
		.year = year_of_era + era * 400 + (month <= 2),
		.month = month,
		.day = (unsigned)(day_of_year - (153 * from_march + 2) / 5 + 1),
	};
}

static unsigned days_in(int64_t year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Instants outside of the years 1 to 9999 have no such text; they are shown as the nearest. */
static int64_t within_years(int64_t ms)
{
	int64_t least = days_of(YEAR_MIN, 1, 1) * WHEN_DAY_MS;
	int64_t most = days_of(YEAR_MAX + 1, 1, 1) * WHEN_DAY_MS - 1;

	return ms < least ? least : ms > most ? most : ms;
}

static int64_t days_floor(int64_t ms)
{
	return ms >= 0 ? ms / WHEN_DAY_MS : -((-ms + WHEN_DAY_MS - 1) / WHEN_DAY_MS);
}

static void put_digits(char *at, unsigned digits, int64_t value)
{
	while (digits-- > 0) {
		at[digits] = (char)('0' + value % 10);
		value /= 10;
	}
}

static void put_day(char *at, int64_t days)
{
	struct date date = date_of(days);

	put_digits(at, 4, date.year);
	at[4] = '-';
	put_digits(at + 5, 2, date.month);
	at[7] = '-';
	put_digits(at + 8, 2, date.day);
}

void when_text(int64_t ms, char out[WHEN_SIZE])
{
	ms = within_years(ms);

	int64_t days = days_floor(ms), rest = ms - days * WHEN_DAY_MS;

	memcpy(out, "0000-00-00T00:00:00.000Z", WHEN_SIZE);
	put_day(out, days);
	put_digits(out + 11, 2, rest / WHEN_HOUR_MS);
	put_digits(out + 14, 2, rest / WHEN_MINUTE_MS % 60);
	put_digits(out + 17, 2, rest / WHEN_SECOND_MS % 60);
	put_digits(out + 20, 3, rest % WHEN_SECOND_MS);
}

void when_day(int64_t ms, char out[WHEN_DAY_SIZE])
{
	put_day(out, days_floor(within_years(ms)));
	out[WHEN_DAY_SIZE - 1] = 0;
}

/* Exactly count digits at *text, which moves behind them. */
static bool take_digits(const char **text, unsigned count, unsigned *value)
{
	*value = 0;
	for (; count > 0; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (unsigned)(**text - '0');
	}
	return true;
}

/* Moves behind c where it stands; that it does not is no error by itself. */
static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_day(const char **text, int64_t *days)
{
	unsigned year, month, day;

	if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month)
		|| !take_char(text, '-') || !take_digits(text, 2, &day))
		return false;
	if (year < YEAR_MIN || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return false;
	*days = days_of(year, month, day);
	return true;
}

/* What follows the seconds: milliseconds count, finer digits are read and dropped. */
static bool take_fraction(const char **text, int64_t *ms)
{
	int64_t unit = 100;

	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++, unit /= 10)
		*ms += (**text - '0') * unit;
	return true;
}

static bool take_time(const char **text, int64_t *ms)
{
	unsigned hour, minute, second = 0;

	if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute))
		return false;
	*ms = 0;
	if (take_char(text, ':')) {
		if (!take_digits(text, 2, &second))
			return false;
		if ((take_char(text, '.') || take_char(text, ',')) && !take_fraction(text, ms))
			return false;
	}
	/* A leap second is the second after it: there is no other place for it. */
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ms += hour * WHEN_HOUR_MS + minute * WHEN_MINUTE_MS + second * WHEN_SECOND_MS;
	return true;
}

/* "Z", "+02:00", "+0200", "+02" or nothing. */
static bool take_offset(const char **text, int64_t *offset_ms)
{
	unsigned hours, minutes = 0;
	bool west = **text == '-';

	*offset_ms = 0;
	if (**text == 0 || take_char(text, 'Z') || take_char(text, 'z'))
		return true;
	if (!take_char(text, '+') && !take_char(text, '-'))
		return false;
	if (!take_digits(text, 2, &hours))
		return false;
	if (**text) {
		take_char(text, ':');
		if (!take_digits(text, 2, &minutes))
			return false;
	}
	if (hours > 18 || minutes > 59)
		return false;
	*offset_ms = hours * WHEN_HOUR_MS + minutes * WHEN_MINUTE_MS;
	if (west)
		*offset_ms = -*offset_ms;
	return true;
}

bool when_parse(const char *text, int64_t *ms)
{
	int64_t days, time = 0, offset = 0;

	if (!take_day(&text, &days))
		return false;
	if (*text) {
		if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' '))
			return false;
		if (!take_time(&text, &time) || !take_offset(&text, &offset) || *text)
			return false;
	}
	*ms = days * WHEN_DAY_MS + time - offset;
	return true;
}

bool when_is_day(const char *text)
{
	int64_t days;

	return take_day(&text, &days) && *text == 0;
}

bool when_days_between(const char *a, const char *b, int64_t *days)
{
	int64_t from, to;

	if (!take_day(&a, &from) || *a || !take_day(&b, &to) || *b)
		return false;
	*days = to - from;
	return true;
}

bool when_add_days(const char *day, int64_t days, char out[WHEN_DAY_SIZE])
{
	int64_t from;

	if (!take_day(&day, &from) || *day)
		return false;
	if (days < days_of(YEAR_MIN, 1, 1) - from || days > days_of(YEAR_MAX, 12, 31) - from)
		return false;
	put_day(out, from + days);
	out[WHEN_DAY_SIZE - 1] = 0;
	return true;
}
