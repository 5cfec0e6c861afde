/* The same text gives the same result, in every process, and the library does what people expect. */
#include "script/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Runs script in a fresh state and gives what it returned, as text. */
static void run(const char *script, char *out, size_t size)
{
	struct err e = { 0 };
	lua_State *L = sandbox_create(&(struct sandbox_limits) { .memory = 0 }, &e);

	assert_non_null(L);
	if (sandbox_compile(L, "test.lua", script, strlen(script), &e) < 0 || sandbox_call(L, 0, 1, &e) < 0) {
		snprintf(out, size, "error: %.200s", e.text);
		assert_int_equal(lua_gettop(L), 0);
	} else {
		snprintf(out, size, "%s", lua_isstring(L, -1) ? lua_tostring(L, -1) : lua_typename(L, lua_type(L, -1)));
		assert_int_equal(lua_gettop(L), 1);
	}
	sandbox_destroy(L);
}

static const struct {
	const char *script, *result;
} cases[] = {
	{ "local o = {} for k in pairs { b = 1, a = 1, [2] = 1, [1] = 1, [2.5] = 1, c = 1 } do o[#o + 1] = k end "
	  "return table.concat(o, ' ')", "1 2 2.5 a b c" },
	{ "local t, o = { z = 1, y = 2, x = 3 }, '' local k = next(t) while k do o = o .. k k = next(t, k) end return o",
	  "xyz" },
	{ "local t = { a = 1, b = 2, c = 3 } local n = 0 for k in pairs(t) do t.b = nil n = n + 1 end return n", "2" },
	{ "local t = { { 1, 'b' }, { 0, 'c' }, { 1, 'a' } } table.sort(t, function(x, y) return x[1] < y[1] end) "
	  "return t[1][2] .. t[2][2] .. t[3][2]", "cba" },
	{ "local t = { 5, 3, 9, 1, 7, 2, 8 } table.sort(t) return table.concat(t, ',')", "1,2,3,5,7,8,9" },
	{ "local t = {} table.sort(t) return #t", "0" },
	{ "return tostring({}) .. tostring(print) .. tostring(null)", "tablenilnull" },
	{ "return ('%s|%5s|%-5s|%d|%.2f|%q|%%'):format({}, 'a', 'b', 3, 1.5, 'c')", "table|    a|b    |3|1.50|\"c\"|%" },
	{ "return ('ab'):rep(3, '-')", "ab-ab-ab" },
	{ "return decimal.add('0.10', '0.20')", "0.30" },
	{ "return decimal.sub('1', '0.01')", "0.99" },
	{ "return decimal.mul('19.99', 3)", "59.97" },
	{ "return decimal.div('10', '3', 4)", "3.3333" },
	{ "return decimal.round('2.345', 2)", "2.35" },
	{ "return decimal.round('2.345', 2, 'half_even')", "2.34" },
	{ "return decimal.round('2.349', 2, 'down')", "2.34" },
	{ "return decimal.neg('2.30')", "-2.30" },
	{ "return decimal.cmp('1.0', '1')", "0" },
	{ "return decimal.add('1,00', '1')",
	  "error: test.lua:1: bad argument #1 to 'add' ('1,00' is no decimal number)" },
	{ "return pcall(error, { code = 7 })", "boolean" },
	{ "local ok, e = pcall(error, 'x', 0) return e", "x" },
	{ "return #array {} .. type(array { 1 })", "0table" },
	{ "return select('#', table.unpack({ 1, nil, 3 }, 1, 3))", "3" },
	{ "\n\nlocal x = nil + 1", "error: test.lua:3: attempt to perform arithmetic on a nil value" },
	{ "x = = 1", "error: test.lua:1: unexpected symbol near '='" },
	{ "\033Lua", "error: attempt to load a binary chunk (mode is 't')" },
};

static void the_library_does_what_people_expect(void **state)
{
	char got[300];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		run(cases[i].script, got, sizeof got);
		if (strcmp(got, cases[i].result))
			fail_msg("%s\ngives %s\nnot   %s", cases[i].script, got, cases[i].result);
	}
}

static void a_condemned_state_stays_condemned(void **state)
{
	static const char loop[] = "while true do end", nothing[] = "return 1";
	struct err e = { 0 };
	lua_State *L = sandbox_create(&(struct sandbox_limits) { .instructions = 1000 }, &e);

	(void)state;
	assert_int_equal(sandbox_compile(L, "l", loop, sizeof loop - 1, &e), 0);
	assert_int_equal(sandbox_call(L, 0, 0, &e), ERR_LIMIT);
	assert_string_equal(e.text, "l:1: runs more than 1000 instructions");
	assert_true(sandbox_is_condemned(L));
	sandbox_rearm(L);
	e.code = 0;
	assert_int_equal(sandbox_compile(L, "n", nothing, sizeof nothing - 1, &e), ERR_LIMIT);
	assert_int_equal(lua_gettop(L), 0);
	sandbox_destroy(L);
}

static void budgets_are_for_all_calls_until_they_start_anew(void **state)
{
	static const char some[] = "for i = 1, 1000 do local x = i end";
	struct err e = { 0 };
	lua_State *L = sandbox_create(&(struct sandbox_limits) { .instructions = 5000 }, &e);

	(void)state;
	for (int i = 0; i < 20; i++) {
		sandbox_rearm(L);
		assert_int_equal(sandbox_compile(L, "s", some, sizeof some - 1, &e), 0);
		assert_int_equal(sandbox_call(L, 0, 0, &e), 0);
	}
	for (int i = 0; i < 20 && !e.code; i++) {
		assert_int_equal(sandbox_compile(L, "s", some, sizeof some - 1, &e), 0);
		sandbox_call(L, 0, 0, &e);
	}
	assert_int_equal(e.code, ERR_LIMIT);
	sandbox_destroy(L);
}

/* Parsing takes time with the square of such texts; it stops at the limit as running does. */
static void a_source_that_is_slow_to_parse_is_stopped(void **state)
{
	static const struct {
		const char *begin, *piece, *end;
	} texts[] = {
		{ "if a then ", "elseif a then ", "end" },
		{ "", "goto a ", "::a::" },
		{ "local a = 1", " and a", "" },
	};
	size_t size = 250u << 10;
	char *text = calloc(1, size + 64);

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct err e = { 0 };
		lua_State *L = sandbox_create(&(struct sandbox_limits) { .time_ms = 20 }, &e);
		size_t len = (size_t)sprintf(text, "%s", texts[i].begin);

		while (len < size)
			len += (size_t)sprintf(text + len, "%s", texts[i].piece);
		len += (size_t)sprintf(text + len, "%s", texts[i].end);
		if (sandbox_compile(L, "slow", text, len, &e) < 0)
			assert_int_equal(e.code, sandbox_is_condemned(L) ? ERR_LIMIT : ERR_INPUT);
		if (i == 0)
			assert_true(sandbox_is_condemned(L));
		sandbox_destroy(L);
	}
	free(text);
}

static void a_file_over_its_ceiling_is_refused(void **state)
{
	struct err e = { 0 };
	lua_State *L = sandbox_create(&(struct sandbox_limits) { .source = 10 }, &e);

	(void)state;
	assert_int_equal(sandbox_compile(L, "big.lua", "return 12345", 12, &e), ERR_LIMIT);
	assert_string_equal(e.text, "big.lua: 12 bytes; a file may have 10");
	sandbox_destroy(L);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_library_does_what_people_expect),
		cmocka_unit_test(a_condemned_state_stays_condemned),
		cmocka_unit_test(budgets_are_for_all_calls_until_they_start_anew),
		cmocka_unit_test(a_source_that_is_slow_to_parse_is_stopped),
		cmocka_unit_test(a_file_over_its_ceiling_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
