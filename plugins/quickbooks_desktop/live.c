/* live.c - the live lane: hours in which a visit is held open, so that what falls due is posted within
 * seconds and not at the next visit.
 *
 * In those hours the Web Connector comes every few seconds, and a visit of ours lasts as long as visits are
 * apart otherwise; while it lasts, other programs that use QuickBooks through the Web Connector wait.
 * Outside of them it comes as often, and is sent away until a visit is due as ever, or the hours begin.  So
 * it is off unless the setting live says when: "always", or "08:00-18:00 -05:00", the clock of the company
 * with its offset in winter; summer time is that of the United States (15 USC 260a, read 2026).
 *
 * Source: Programmer's Guide 2.0, chapters 2 and 5: "NoOp" is a pause of 5 s, as often as one likes. */
#include "qbd.h"

#include <stdlib.h>

enum { DAY_MIN = 24 * 60, USUAL_MIN = 15 };

struct live {
	bool on, always;
	int from_min, to_min; /* of the day; to may lie before from: over midnight */
	int offset_min;       /* ahead of UTC, in winter */
};

/* "18:30"; *text moves behind it. */
static bool read_clock(const char **text, int *minutes)
{
	const char *t = *text;

	if (strspn(t, "0123456789") != 2 || t[2] != ':' || strspn(t + 3, "0123456789") != 2 ||
		t[0] > '2' || t[3] > '5')
		return false;
	*minutes = ((t[0] - '0') * 10 + t[1] - '0') * 60 + (t[3] - '0') * 10 + t[4] - '0';
	*text += 5;
	return *minutes <= DAY_MIN;
}

/* False: no hours that we understand. */
static bool read_live(const char *text, struct live *out)
{
	*out = (struct live){ .on = true, .always = !strcmp(text, "always") };
	if (out->always)
		return true;
	if (!read_clock(&text, &out->from_min) || *text++ != '-' || !read_clock(&text, &out->to_min) ||
		out->from_min == out->to_min || *text++ != ' ' || (*text != '-' && *text != '+'))
		return false;
	int sign = *text++ == '-' ? -1 : 1;

	if (!read_clock(&text, &out->offset_min) || *text || out->offset_min > 14 * 60)
		return false;
	out->offset_min *= sign;
	return true;
}

static int first_sunday(int year, int month)
{
	/* 1 January 1970 was a Thursday. */
	int weekday = (int)((mlc_days(year, month, 1) % 7 + 11) % 7);

	return 1 + (7 - weekday) % 7;
}

/* ms: the winter clock, as if it were UTC. */
static bool is_summer(struct mlc_call *c, int64_t ms)
{
	char at[QBD_STAMP_SIZE];
	int64_t from, to;
	int year;

	qbd_stamp(c, ms, at);
	year = atoi(at);
	from = (mlc_days(year, 3, first_sunday(year, 3) + 7) * 24 + 2) * INT64_C(3600000);
	to = (mlc_days(year, 11, first_sunday(year, 11)) * 24 + 1) * INT64_C(3600000);
	return ms >= from && ms < to;
}

static struct live live_of(struct mlc_call *c)
{
	const char *text = mlc_known(c->settings, "live");
	struct live out = { 0 };

	if (text && *text && !read_live(text, &out))
		out.on = false;
	return out;
}

const char *qbd_live_wrong(struct mlc_call *c)
{
	const char *text = mlc_known(c->settings, "live");
	struct live l;

	return !text || !*text || read_live(text, &l) ? NULL : c->host->format(c, "live is \"%.60s\": it is "
		"\"always\", or hours with the clock's offset in winter, as in \"08:00-18:00 -05:00\"", text);
}

static int64_t between_visits_ms(struct mlc_call *c)
{
	const json_t *every = json_object_get(c->settings, "every_minutes");
	json_int_t minutes = json_is_integer(every) ? json_integer_value(every) : USUAL_MIN;

	return (minutes > 0 && minutes <= DAY_MIN ? minutes : USUAL_MIN) * INT64_C(60000);
}

/* How long the lane stays as it is, open or closed. */
static int64_t rest_ms(struct mlc_call *c, const struct live *l, bool *open)
{
	int64_t wall = c->now_ms + l->offset_min * INT64_C(60000), of_day, day = DAY_MIN * INT64_C(60000);
	int64_t length = ((l->to_min - l->from_min + DAY_MIN) % DAY_MIN) * INT64_C(60000), since;

	if (is_summer(c, wall))
		wall += 3600000;
	of_day = (wall % day + day) % day;
	since = (of_day - l->from_min * INT64_C(60000) + day) % day;
	*open = since < length;
	return *open ? length - since : day - since;
}

bool qbd_is_live(struct mlc_call *c)
{
	return live_of(c).on;
}

int64_t qbd_live_until(struct mlc_call *c)
{
	struct live l = live_of(c);
	bool open = l.always;
	int64_t left = l.on && !l.always ? rest_ms(c, &l, &open) : INT64_MAX;

	if (!l.on || !open)
		return 0;
	return c->now_ms + (left < between_visits_ms(c) ? left : between_visits_ms(c));
}

unsigned qbd_live_pause_s(struct mlc_call *c)
{
	struct live l = live_of(c);
	bool open = l.always;
	int64_t left = l.on && !l.always ? rest_ms(c, &l, &open) : 0, visited, due;

	if (!l.on || open || !mlc_instant(mlc_known(c->facts, "visited"), &visited))
		return 0;
	due = visited + between_visits_ms(c) - c->now_ms;
	if (due <= 0)
		return 0;
	return (unsigned)((left < due ? left : due) / 1000) + 1;
}
