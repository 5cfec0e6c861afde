/* settings.c - any text as tenant.lua: JSON and errors come back, and every error names the file. */
#include "base/json.h"
#include "script/language.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	json_t *got = settings_read("tenant", "tenant.lua", (const char *)bytes, len), *error;
	size_t i;

	json_array_foreach(json_object_get(got, "errors"), i, error)
		if (!json_text_at(error, "text") || !json_text_at(error, "file"))
			abort();
	if (!json_is_object(json_object_get(got, "lines")))
		abort();
	json_decref(got);
	return 0;
}
