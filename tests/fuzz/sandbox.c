/* sandbox.c - any text as a script: it ends within its budgets, and takes nothing with it. */
#include "script/sandbox.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct sandbox_limits limits = { .memory = 2u << 20, .instructions = 100000, .time_ms = 1000,
		.steps = 50000 };
	struct err e = { 0 };
	lua_State *L = sandbox_create(&limits, &e);

	if (!L)
		abort();
	if (sandbox_compile(L, "fuzz", (const char *)bytes, len, &e) == 0)
		sandbox_call(L, 0, 0, &e);
	if (lua_gettop(L) != 0 || sandbox_is_condemned(L) != (e.code == ERR_LIMIT && len <= 256u << 10))
		abort();
	sandbox_destroy(L);
	return 0;
}
