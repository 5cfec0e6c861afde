/* zone.c - whatever bytes come: a zone is refused or answers, and its days follow each other. */
#include "base/when.h"
#include "base/zone.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const days[] = { "0001-01-01", "1883-11-18", "1970-01-01", "2026-03-08", "2026-11-01", "2050-12-31", "9999-12-31" };
	struct zone *z = NULL;

	if (zone_parse((const char *)bytes, len, &z, NULL) < 0)
		return 0;
	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		int64_t at = zone_day_begins_ms(z, days[i]), midnight;

		when_parse(days[i], &midnight);
		/* No clock is a whole week off: what a footer may say at most. */
		if (at - midnight > 8 * WHEN_DAY_MS || midnight - at > 8 * WHEN_DAY_MS)
			abort();
	}
	zone_destroy(z);
	return 0;
}
