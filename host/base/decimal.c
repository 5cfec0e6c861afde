/* decimal.c - exact decimal numbers, for money, quantities and rates. */
#include "decimal.h"

#include "err.h"

#include <string.h>

#define DIGITS_MAX 30
#define SCALE_MAX  15

static decimal_units power10(unsigned exponent)
{
	decimal_units power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

static decimal_units magnitude(decimal_units units)
{
	return units < 0 ? -units : units;
}

static bool within_limits(decimal_units units)
{
	return magnitude(units) < power10(DIGITS_MAX);
}

static bool put(decimal_units units, unsigned scale, struct decimal *out)
{
	if (!within_limits(units) || scale > SCALE_MAX)
		return false;
	*out = (struct decimal){ .units = units, .scale = scale };
	return true;
}

/* Without the zeros at the end of the fraction. */
static struct decimal trimmed(struct decimal d)
{
	while (d.scale > 0 && d.units % 10 == 0) {
		d.units /= 10;
		d.scale--;
	}
	return d;
}

/* ---- text ------------------------------------------------------------------------- */

struct reader {
	const char *at, *end;
};

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* Appends digits to *units and counts them; false: none, or too many that matter. */
static bool take_digits(struct reader *r, decimal_units *units, long *count)
{
	*count = 0;
	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, ++*count) {
		/* Room for zeros that the scale drops again. */
		if (magnitude(*units) >= power10(36))
			return false;
		*units = *units * 10 + (*r->at - '0');
	}
	return *count > 0;
}

static bool take_exponent(struct reader *r, long *exponent)
{
	bool negative = take(r, '-');
	decimal_units value = 0;
	long count;

	if (!negative)
		take(r, '+');
	if (!take_digits(r, &value, &count) || count > 4)
		return false;
	*exponent = negative ? -(long)value : (long)value;
	return true;
}

bool decimal_parse(const char *text, size_t len, struct decimal *out)
{
	struct reader r = { text, text + len };
	decimal_units units = 0;
	long count, scale = 0, exponent = 0;
	bool negative = take(&r, '-');

	if (!negative)
		take(&r, '+');
	if (!take_digits(&r, &units, &count))
		return false;
	if (take(&r, '.') && !take_digits(&r, &units, &scale))
		return false;
	if ((take(&r, 'e') || take(&r, 'E')) && !take_exponent(&r, &exponent))
		return false;
	if (r.at != r.end)
		return false;

	scale -= exponent;
	for (; scale > SCALE_MAX && units % 10 == 0 && units != 0; scale--)
		units /= 10;
	if (units == 0)
		scale = scale < 0 ? 0 : scale > SCALE_MAX ? SCALE_MAX : scale;
	for (; scale < 0 && within_limits(units); scale++)
		units *= 10;
	if (scale < 0 || scale > SCALE_MAX)
		return false;
	return put(negative ? -units : units, (unsigned)scale, out);
}

void decimal_text(struct decimal d, int places, char out[DECIMAL_TEXT_MAX])
{
	char digits[DECIMAL_TEXT_MAX];
	size_t count = 0, len = 0;

	must(places <= SCALE_MAX);
	if (places >= 0)
		d = decimal_round(d, (unsigned)places, DECIMAL_HALF_UP);
	/* More places than it has are zeros: as units they might not fit. */
	for (; places >= 0 && d.scale < (unsigned)places; d.scale++)
		digits[count++] = '0';
	for (decimal_units left = magnitude(d.units); left > 0 || count <= d.scale; left /= 10)
		digits[count++] = (char)('0' + (int)(left % 10));
	if (d.units < 0)
		out[len++] = '-';
	while (count > 0) {
		if (count == d.scale)
			out[len++] = '.';
		out[len++] = digits[--count];
	}
	out[len] = 0;
}

/* ---- arithmetic -------------------------------------------------------------------- */

/* Both with the greater scale of the two; false on overflow. */
static bool level(struct decimal *a, struct decimal *b)
{
	struct decimal *low = a->scale < b->scale ? a : b, *high = low == a ? b : a;

	if (__builtin_mul_overflow(low->units, power10(high->scale - low->scale), &low->units))
		return false;
	low->scale = high->scale;
	return true;
}

bool decimal_add(struct decimal a, struct decimal b, struct decimal *out)
{
	decimal_units sum;

	return level(&a, &b) && !__builtin_add_overflow(a.units, b.units, &sum)
		&& put(sum, a.scale, out);
}

bool decimal_sub(struct decimal a, struct decimal b, struct decimal *out)
{
	return decimal_add(a, decimal_neg(b), out);
}

bool decimal_mul(struct decimal a, struct decimal b, struct decimal *out)
{
	decimal_units product;

	if (a.scale + b.scale <= SCALE_MAX && !__builtin_mul_overflow(a.units, b.units, &product)
		&& within_limits(product))
		return put(product, a.scale + b.scale, out);

	/* Zeros at the end may be all that is in the way. */
	a = trimmed(a);
	b = trimmed(b);
	if (__builtin_mul_overflow(a.units, b.units, &product))
		return false;
	struct decimal exact = trimmed((struct decimal){ product, a.scale + b.scale });
	return put(exact.units, exact.scale, out);
}

/* a / b of magnitudes times 10^shift, cut, and whether the rest is half or more. */
static bool divide(decimal_units a, decimal_units b, int shift, decimal_units *out)
{
	decimal_units quotient = a / b, rest = a % b;

	for (; shift > 0; shift--) {
		rest *= 10;
		quotient = quotient * 10 + rest / b;
		rest %= b;
		if (!within_limits(quotient))
			return false;
	}
	if (shift == 0) {
		*out = quotient + (rest * 2 >= b);
		return true;
	}
	/* The last digits of the quotient fall away.  10^-shift is even, so rest cannot tip it. */
	decimal_units unit = power10((unsigned)-shift);
	*out = quotient / unit + (quotient % unit >= unit / 2);
	return true;
}

bool decimal_div(struct decimal a, struct decimal b, unsigned places, struct decimal *out)
{
	decimal_units quotient;

	if (b.units == 0 || places > SCALE_MAX)
		return false;
	if (!divide(magnitude(a.units), magnitude(b.units), (int)places + (int)b.scale - (int)a.scale,
		&quotient))
		return false;
	return put((a.units < 0) != (b.units < 0) ? -quotient : quotient, places, out);
}

static bool rounds_up(decimal_units kept, decimal_units rest, decimal_units half,
	enum decimal_rounding rounding)
{
	switch (rounding) {
	case DECIMAL_HALF_UP:
		return rest >= half;
	case DECIMAL_HALF_EVEN:
		return rest > half || (rest == half && kept % 2 != 0);
	case DECIMAL_DOWN:
		return false;
	}
	return false;
}

struct decimal decimal_round(struct decimal d, unsigned places, enum decimal_rounding rounding)
{
	if (d.scale <= places)
		return d;

	decimal_units unit = power10(d.scale - places);
	decimal_units kept = magnitude(d.units) / unit, rest = magnitude(d.units) % unit;

	kept += rounds_up(kept, rest, unit / 2, rounding);
	return (struct decimal){ .units = d.units < 0 ? -kept : kept, .scale = places };
}

/* ---- comparison -------------------------------------------------------------------- */

static int order(decimal_units a, decimal_units b)
{
	return (a > b) - (a < b);
}

int decimal_cmp(struct decimal a, struct decimal b)
{
	/* Whole parts first: levelled, both might not fit. */
	decimal_units a_unit = power10(a.scale), b_unit = power10(b.scale);
	int whole = order(a.units / a_unit, b.units / b_unit);

	if (whole != 0)
		return whole;
	return order(a.units % a_unit * power10(SCALE_MAX - a.scale),
		b.units % b_unit * power10(SCALE_MAX - b.scale));
}

int decimal_sign(struct decimal d)
{
	return order(d.units, 0);
}

struct decimal decimal_neg(struct decimal d)
{
	d.units = -d.units;
	return d;
}
