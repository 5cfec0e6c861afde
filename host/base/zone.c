/* zone.c - the clocks of places, from TZif files (RFC 8536). */
#include "zone.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/when.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX    (64u << 10)
#define CHANGES_MAX 4096
#define FOLDER      "/usr/share/zoneinfo"

struct change { int64_t at_s; int32_t offset_s; };

/* "M3.2.0/2", "J60", "59": a day of each year, and the second of that day, by the clock before it. */
struct day_rule {
	enum { BY_WEEK = 1, WITHOUT_LEAP_DAY, WITH_LEAP_DAY } how;
	int month, week, weekday, day;
	int32_t second;
};

struct zone {
	struct change *changes; /* oldest first */
	size_t count;
	int32_t before_s;       /* before the first */
	/* after the last: the rule of the footer */
	bool has_rule, has_summer;
	int32_t winter_s, summer_s;
	struct day_rule begins, ends;
};

void zone_destroy(struct zone *z)
{
	if (z)
		free(z->changes);
	free(z);
}

/* ---- the footer: a rule for ever, as POSIX writes it ------------------------------------------ */

struct text { const char *at, *end; };

static bool take(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

static bool take_number(struct text *t, int most, int *out)
{
	const char *start = t->at;

	for (*out = 0; t->at < t->end && isdigit((unsigned char)*t->at) && *out <= most; t->at++)
		*out = *out * 10 + (*t->at - '0');
	return t->at > start && *out <= most;
}

static bool take_name(struct text *t)
{
	const char *start = t->at;

	if (take(t, '<')) {
		while (t->at < t->end && *t->at != '>')
			t->at++;
		return take(t, '>');
	}
	while (t->at < t->end && isalpha((unsigned char)*t->at))
		t->at++;
	return t->at - start >= 3;
}

/* "5", "-3:30", "167:59:59" into seconds */
static bool take_time(struct text *t, int32_t *out)
{
	int part[3] = { 0 }, sign = take(t, '-') ? -1 : 1;

	if (sign > 0)
		take(t, '+');
	if (!take_number(t, 167, &part[0]))
		return false;
	if (take(t, ':') && (!take_number(t, 59, &part[1]) || (take(t, ':') && !take_number(t, 59, &part[2]))))
		return false;
	*out = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

static bool take_rule(struct text *t, struct day_rule *r)
{
	bool well;

	if (!take(t, ','))
		return false;
	if (take(t, 'M')) {
		r->how = BY_WEEK;
		well = take_number(t, 12, &r->month) && r->month && take(t, '.') && take_number(t, 5, &r->week) && r->week &&
			take(t, '.') && take_number(t, 6, &r->weekday);
	} else {
		r->how = take(t, 'J') ? WITHOUT_LEAP_DAY : WITH_LEAP_DAY;
		well = take_number(t, 365, &r->day);
	}
	r->second = 2 * 3600;
	return well && (!take(t, '/') || take_time(t, &r->second));
}

/* "EST5EDT,M3.2.0,M11.1.0": POSIX counts westward. */
static bool read_footer(struct zone *z, struct text t)
{
	int32_t west;

	if (t.at == t.end)
		return true;
	if (!take_name(&t) || !take_time(&t, &west))
		return false;
	z->has_rule = true;
	z->winter_s = -west;
	if (t.at == t.end)
		return true;
	z->has_summer = true;
	z->summer_s = z->winter_s + 3600;
	if (!take_name(&t))
		return false;
	if (t.at < t.end && *t.at != ',') {
		if (!take_time(&t, &west))
			return false;
		z->summer_s = -west;
	}
	return take_rule(&t, &z->begins) && take_rule(&t, &z->ends) && t.at == t.end;
}

/* ---- the file ------------------------------------------------------------------------------------ */

static uint32_t u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

struct counts { size_t ut, std, leap, time, type, chars; };

static bool read_counts(const unsigned char *p, size_t len, struct counts *c)
{
	if (len < 44 || memcmp(p, "TZif", 4))
		return false;
	*c = (struct counts){ u32(p + 20), u32(p + 24), u32(p + 28), u32(p + 32), u32(p + 36), u32(p + 40) };
	return c->ut <= 256 && c->std <= 256 && c->leap <= 256 && c->time <= CHANGES_MAX && c->type && c->type <= 256 && c->chars <= 4096;
}

static size_t block_size(const struct counts *c, size_t time_size)
{
	return c->time * time_size + c->time + c->type * 6 + c->chars + c->leap * (time_size + 4) + c->std + c->ut;
}

static bool read_block(struct zone *z, const unsigned char *p, const struct counts *c)
{
	const unsigned char *types = p + c->time * 9, *which = p + c->time * 8;

	z->changes = xcalloc(c->time + 1, sizeof *z->changes);
	z->before_s = (int32_t)u32(types);
	for (size_t i = 0; i < c->time; i++) {
		if (which[i] >= c->type)
			return false;
		z->changes[i].at_s = (int64_t)((uint64_t)u32(p + i * 8) << 32 | u32(p + i * 8 + 4));
		z->changes[i].offset_s = (int32_t)u32(types + (size_t)which[i] * 6);
		if ((i && z->changes[i].at_s <= z->changes[i - 1].at_s) || z->changes[i].offset_s < -90000 || z->changes[i].offset_s > 90000)
			return false;
	}
	z->count = c->time;
	return z->before_s >= -90000 && z->before_s <= 90000;
}

static bool read_all(struct zone *z, const unsigned char *p, size_t len)
{
	struct counts c;
	size_t skip;
	const char *end;

	/* The first block is for readers of 32 bits. */
	if (!read_counts(p, len, &c) || p[4] < '2' || (skip = 44 + block_size(&c, 4)) > len)
		return false;
	p += skip;
	len -= skip;
	if (!read_counts(p, len, &c) || (skip = 44 + block_size(&c, 8)) > len || !read_block(z, p + 44, &c))
		return false;
	p += skip;
	len -= skip;
	end = len > 1 && *p == '\n' ? memchr(p + 1, '\n', len - 1) : NULL;
	return end && read_footer(z, (struct text){ (const char *)p + 1, end });
}

int zone_parse(const char *bytes, size_t len, struct zone **out, struct err *e)
{
	struct zone *z = xcalloc(1, sizeof *z);

	if (!read_all(z, (const unsigned char *)bytes, len)) {
		zone_destroy(z);
		return err_set(e, ERR_INPUT, "it is no zone file (TZif, version 2 or later)");
	}
	*out = z;
	return 0;
}

static bool is_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("/_+-", *c))
			return false;
	return *name && *name != '/' && strlen(name) < 64;
}

int zone_load(const char *name, struct zone **out, struct err *e)
{
	char *path, *bytes;
	size_t len;
	int code;

	if (!is_name(name))
		return err_set(e, ERR_INPUT, "'%.60s' is no name of a zone, as America/New_York is", name);
	path = xformat("%s/%s", FOLDER, name);
	code = file_read(path, FILE_MAX, &bytes, &len, NULL);
	free(path);
	if (code < 0)
		return err_set(e, ERR_ABSENT, "there is no zone '%s' in %s (Debian's package tzdata)", name, FOLDER);
	code = zone_parse(bytes, len, out, e);
	free(bytes);
	return code;
}

/* ---- asking -------------------------------------------------------------------------------------- */

static int64_t year_begins_s(int year, int month)
{
	char text[32];
	int64_t ms = 0;

	snprintf(text, sizeof text, "%04d-%02d-01", year, month);
	when_parse(text, &ms);
	return ms / WHEN_SECOND_MS;
}

/* By the clock there, as seconds since 1970. */
static int64_t rule_s(const struct day_rule *r, int year)
{
	int64_t first = year_begins_s(year, r->how == BY_WEEK ? r->month : 1) / 86400, day = first;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	switch (r->how) {
	case BY_WEEK: /* 1970-01-01 was a Thursday, 4 */
		day = first + (r->weekday - (first + 4) % 7 + 7) % 7 + (r->week - 1) * 7;
		if (r->week == 5 && day >= (r->month == 12 ? year_begins_s(year + 1, 1) : year_begins_s(year, r->month + 1)) / 86400)
			day -= 7;
		break;
	case WITHOUT_LEAP_DAY:
		day = first + r->day - 1 + (leap && r->day >= 60);
		break;
	case WITH_LEAP_DAY:
		day = first + r->day;
		break;
	}
	return day * 86400 + r->second;
}

static int32_t by_rule(const struct zone *z, int64_t at_s)
{
	char day[WHEN_DAY_SIZE];
	int64_t begins, ends;
	int year = 1970;

	if (!z->has_summer)
		return z->winter_s;
	when_day((at_s + z->winter_s) * WHEN_SECOND_MS, day);
	sscanf(day, "%4d", &year);
	if (year > 9998) /* what when.h has no text for */
		return z->winter_s;
	begins = rule_s(&z->begins, year) - z->winter_s;
	ends = rule_s(&z->ends, year) - z->summer_s;
	if (begins < ends)
		return at_s >= begins && at_s < ends ? z->summer_s : z->winter_s;
	return at_s >= begins || at_s < ends ? z->summer_s : z->winter_s;
}

static int32_t offset_s(const struct zone *z, int64_t at_s)
{
	size_t low = 0, high = z->count;

	while (low < high) { /* the first change after it */
		size_t middle = (low + high) / 2;

		if (z->changes[middle].at_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == z->count && z->has_rule)
		return by_rule(z, at_s);
	return low ? z->changes[low - 1].offset_s : z->before_s;
}

int64_t zone_offset_ms(const struct zone *z, int64_t at_ms)
{
	int64_t at_s = at_ms / WHEN_SECOND_MS - (at_ms % WHEN_SECOND_MS < 0);

	return offset_s(z, at_s) * WHEN_SECOND_MS;
}

int64_t zone_day_begins_ms(const struct zone *z, const char *day)
{
	int64_t midnight = 0, first = INT64_MAX;

	when_parse(day, &midnight);
	for (int side = -1; side <= 1; side += 2) { /* by the clock of the day before, and of the day after */
		int64_t at = midnight - zone_offset_ms(z, midnight + side * WHEN_DAY_MS);

		if (at + zone_offset_ms(z, at) >= midnight && at < first)
			first = at;
	}
	return first == INT64_MAX ? midnight - zone_offset_ms(z, midnight) : first;
}
