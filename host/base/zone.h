/* zone.h - the clocks of places: what a clock in "America/New_York" shows at an instant, and when its days begin.
 * From the machine's zone files (TZif, RFC 8536; tzdata in Debian), without the C library's one zone for all. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct zone;

/* name: "America/New_York".  ERR_ABSENT: there is no such zone; ERR_INPUT: no name of one, or no zone file. */
int zone_load(const char *name, struct zone **out, struct err *);
int zone_parse(const char *bytes, size_t len, struct zone **out, struct err *);
void zone_destroy(struct zone *); /* NULL: nothing */

/* What is to be added to UTC there at that instant. */
int64_t zone_offset_ms(const struct zone *, int64_t at_ms);
/* The first instant of that day ("2026-10-31") there; where midnight is left out, what comes after it. */
int64_t zone_day_begins_ms(const struct zone *, const char *day);

#endif
