/* decimal.h - exact decimal numbers, for money, quantities and rates. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

#define DECIMAL_TEXT_MAX 48

/* units * 10^-scale; at most 30 digits in all and 15 of fraction, so that a price times a rate
 * fits.  Copy freely; compare with decimal_cmp only. */
__extension__ typedef __int128 decimal_units;
struct decimal {
	decimal_units units;
	unsigned scale;
};

/* Optional sign, digits, optional point and digits, optional exponent ("1E-7"); nothing else, no
 * blanks, no separators.  False: not such a text, or beyond the limits above. */
bool decimal_parse(const char *text, size_t len, struct decimal *out);

/* Shortest text that shows all scale digits: "-12.30".  places: as many fraction digits as that,
 * rounded half away from zero; -1: the scale it has. */
void decimal_text(struct decimal, int places, char out[DECIMAL_TEXT_MAX]);

/* False on overflow; *out is untouched then. */
bool decimal_add(struct decimal a, struct decimal b, struct decimal *out);
bool decimal_sub(struct decimal a, struct decimal b, struct decimal *out);
bool decimal_mul(struct decimal a, struct decimal b, struct decimal *out);
/* a / b, rounded half away from zero to places digits; false also when b is zero. */
bool decimal_div(struct decimal a, struct decimal b, unsigned places, struct decimal *out);

enum decimal_rounding { DECIMAL_HALF_UP = 1, /* half away from zero */ DECIMAL_HALF_EVEN, DECIMAL_DOWN };
struct decimal decimal_round(struct decimal, unsigned places, enum decimal_rounding);

int decimal_cmp(struct decimal a, struct decimal b); /* -1, 0, 1 */
int decimal_sign(struct decimal);                    /* -1, 0, 1 */
struct decimal decimal_neg(struct decimal);

#endif
