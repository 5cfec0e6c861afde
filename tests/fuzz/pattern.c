/* pattern.c - our matcher against Lua's own: "pattern \n replacement \n subject". */
#include "../unit/script/pattern_compare.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct comparer *comparer;
	const char *pattern = (const char *)bytes, *end = pattern + len, *replacement, *subject;

	if (!comparer)
		comparer = comparer_create();
	replacement = memchr(pattern, '\n', len);
	subject = replacement ? memchr(replacement + 1, '\n', (size_t)(end - replacement - 1)) : NULL;
	if (!subject || end - subject > 200 || replacement - pattern > 200)
		return 0;
	if (comparer_run(comparer, subject + 1, (size_t)(end - subject - 1), pattern,
			(size_t)(replacement - pattern), replacement + 1,
			(size_t)(subject - replacement - 1)) == DIFFERENT) {
		fprintf(stderr, "%s\n", comparer_why(comparer));
		abort();
	}
	return 0;
}
