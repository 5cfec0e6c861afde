/* json.c - whatever bytes come: what is read is written and read again as the same, canonical text is the
 * same for equal values, the SDK's scanner takes all that the reader takes, and jansson's own reader takes
 * neither more nor less. */
#include "base/json.h"

#include <mlc/help.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool scans(const char *text, size_t len)
{
	struct mlc_scan s;
	struct mlc_span name, value;
	int more;

	if (!mlc_scan_init(&s, text, len, true) && !mlc_scan_init(&s, text, len, false))
		return false;
	while ((more = mlc_scan_next(&s, &name, &value)) > 0)
		if (value.len == 0 || value.text < text || value.text + value.len > text + len)
			abort();
	return more == 0;
}

/* Jansson gives up at numbers too large for a double, loses a NUL behind a number, and nests deeper. */
static void agrees_with_jansson(const char *text, size_t len, const json_t *ours, const struct err *e)
{
	json_error_t why;
	json_t *theirs;

	if (memchr(text, 0, len) || e->code == ERR_LIMIT)
		return;
	theirs = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &why);
	if (!theirs != !ours && !(ours && json_error_code(&why) == json_error_numeric_overflow))
		abort();
	json_decref(theirs);
}

static void write_both(const json_t *value, struct buf *plain, struct buf *canonical)
{
	buf_init(plain, 1 << 22);
	buf_init(canonical, 1 << 22);
	if (!json_write(plain, value) || !json_write_canonical(canonical, value))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct err e = { 0 };
	json_t *value = json_read((const char *)bytes, len, &e), *again;
	struct buf plain, canonical, plain2, canonical2;

	agrees_with_jansson((const char *)bytes, len, value, &e);
	if (!value) {
		if (e.code >= 0 || !e.text[0])
			abort();
		scans((const char *)bytes, len);
		return 0;
	}
	if (json_is_object(value) || json_is_array(value))
		if (!scans((const char *)bytes, len))
			abort();
	write_both(value, &plain, &canonical);
	again = json_read(plain.data, plain.len, NULL);
	if (!again || !json_equal(value, again))
		abort();
	write_both(again, &plain2, &canonical2);
	if (plain.len != plain2.len || canonical.len != canonical2.len || memcmp(canonical.data, canonical2.data, canonical.len))
		abort();
	json_at(value, "a.0.b.1");
	buf_finish(&plain);
	buf_finish(&canonical);
	buf_finish(&plain2);
	buf_finish(&canonical2);
	json_decref(value);
	json_decref(again);
	return 0;
}
