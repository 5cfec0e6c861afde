/* Hostile scripts die or do no harm: none hangs, crashes, or takes much longer than its time.
 * The kinds are those that broke, or would have broken, other programs' sandboxes; each runs in a
 * process of its own. */
#include "script/sandbox.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TIME_MS 100

#if defined(__SANITIZE_ADDRESS__)
#define SLOWER 6 /* our own functions, instrumented */
#else
#define SLOWER 1
#endif

enum fate {
	SPENT,    /* a budget ended it */
	REFUSED,  /* an ordinary error */
	HARMLESS, /* ran to its end, and what it asserts holds */
	DEAD,     /* one of the first two: which one depends on the machine */
};

static const char *const fate_names[] = { "spent a budget", "got an error", "ran to its end", "died" };

struct attack {
	const char *name;
	enum fate fate;
	const char *script;
};

static const struct attack attacks[] = {
	/* time and instructions */
	{ "busy loop", SPENT, "while true do end" },
	{ "goto loop", SPENT, "::a:: goto a" },
	{ "for to maxinteger", SPENT, "for i = 1, math.maxinteger do end" },
	{ "repeat", SPENT, "repeat until false" },
	{ "pcall shield", SPENT, "while true do pcall(function() while true do end end) end" },
	{ "nested pcall shield", SPENT, "local function f() while true do pcall(f) end end f()" },
	{ "tail recursion", SPENT, "local function f() return f() end f()" },
	{ "deep index chain", SPENT,
	  "local t = {} for i = 1, 90 do t = setmetatable({}, { __index = t }) end while true do local x = t.nope end" },
	{ "index chain loop", DEAD,
	  "local t = setmetatable({}, {}) local m = { __index = t } setmetatable(t, m) return t.x" },
	{ "format loop", SPENT, "while true do local s = string.format('%99d%99.99f', 1, 1e308) end" },
	{ "rep loop", SPENT, "while true do local s = ('x'):rep(1000000) end" },
	{ "upper loop", SPENT, "local s = ('x'):rep(1000000) while true do local t = s:upper() end" },
	{ "utf8 codes loop", SPENT, "local s = ('x'):rep(1000000) while true do for p, c in utf8.codes(s) do end end" },
	{ "compare long strings", SPENT,
	  "local a = ('x'):rep(1000000) local b = ('x'):rep(999999) .. 'x' while true do local c = a == b end" },
	{ "order strings of zeros", SPENT,
	  "local a = ('\\0'):rep(1000000) local b = ('\\0'):rep(999999) .. '\\0' while true do local c = a < b end" },
	{ "concat long loop", SPENT, "local a = ('x'):rep(500000) while true do local b = a .. 'y' end" },
	{ "sort big", DEAD, "local t = {} for i = 1, 100000 do t[i] = (i * 7919) % 100003 end while true do table.sort(t, function(a, b) return a < b end) end" },
	{ "sort long strings", SPENT,
	  "local t = {} for i = 1, 50000 do t[i] = ('\\0'):rep(20000) end table.sort(t)" },
	{ "sort with a lying order", SPENT,
	  "local t = {} for i = 1, 100000 do t[i] = i end while true do table.sort(t, function() return true end) end" },
	{ "sort changes its table", HARMLESS,
	  "local t = { 3, 2, 1 } table.sort(t, function(a, b) for i = 1, 100 do t[i] = nil end return a < b end) assert(#t == 3)" },
	{ "hash flood", SPENT, "local t = {} for i = 0, 100000 do t[i * 65536 * 1.5] = i end while true do for i = 0, 1000 do local x = t[i * 98304.0] end end" },
	{ "next loop", DEAD, "local t = {} for i = 1, 2000 do t['k' .. i] = 1 end while true do local k = next(t) while k do k = next(t, k) end end" },
	{ "pairs loop", SPENT, "local t = {} for i = 1, 2000 do t['k' .. i] = 1 end while true do for k, v in pairs(t) do end end" },
	{ "select many", SPENT, "local t = {} for i = 1, 250 do t[i] = i end while true do local n = select('#', table.unpack(t)) end" },
	{ "number from spaces", SPENT, "local s = (' '):rep(1000000) while true do local n = tonumber(s) end" },
	{ "arithmetic on texts", REFUSED, "return '0.10' + '0.20'" }, /* would go through doubles */
	{ "ipairs over an endless index", SPENT, "for i in ipairs(setmetatable({}, { __index = function(t, k) return k end })) do end" },
	{ "late __close", SPENT,
	  "local m = {} local t = setmetatable({}, m) m.__close = function() while true do end end do local x <close> = t end" },
	{ "late __close in pcall", SPENT,
	  "local m = {} local t = setmetatable({}, m) m.__close = function() while true do end end "
	  "while true do pcall(function() local x <close> = t error('x') end) end" },
	{ "late __gc", DEAD,
	  "local m = {} for i = 1, 10 do setmetatable({}, m) end m.__gc = function() while true do end end while true do local t = {} end" },

	/* functions that are not there */
	{ "xpcall shield", REFUSED, "xpcall(function() while true do end end, function() while true do end end)" },
	{ "error in handler", REFUSED, "xpcall(error, error)" },
	{ "recursive handler", REFUSED, "local function h() return xpcall(error, h) end xpcall(error, h)" },
	{ "tostring recursion", HARMLESS,
	  "local t = setmetatable({}, { __tostring = function(s) return tostring(s) end }) assert(tostring(t) == 'table')" },
	{ "coroutine spin", REFUSED, "coroutine.wrap(function() while true do end end)()" },
	{ "coroutine many", REFUSED, "while true do coroutine.create(function() end) end" },
	{ "coroutine nest", REFUSED, "local function f() coroutine.wrap(f)() end f()" },
	{ "coroutine fill", REFUSED, "local t = {} while true do t[#t + 1] = coroutine.create(print) end" },
	{ "coroutine close", REFUSED, "coroutine.close(coroutine.create(function() end))" },
	{ "load bytecode", REFUSED, "load('\\27Lua')()" },
	{ "string.dump", REFUSED, "string.dump(function() end)" },
	{ "load deep parens", REFUSED, "load(('('):rep(10000))" },
	{ "load loop", REFUSED, "while true do load('x = 1') end" },
	{ "collectgarbage stop", REFUSED, "collectgarbage('stop')" },
	{ "collectgarbage spam", REFUSED, "while true do collectgarbage() end" },
	{ "string metatable", REFUSED, "getmetatable('').__index = function() end" },
	{ "rawset poison", REFUSED, "rawset(string, 'len', 1)" },
	{ "environment", HARMLESS, "local e = _ENV assert(e.os == nil and e.io == nil and e.debug == nil and e._G.load == nil)" },
	{ "os.execute", REFUSED, "os.execute('id')" },
	{ "io.open", REFUSED, "io.open('/etc/passwd')" },
	{ "require", REFUSED, "require('os')" },
	{ "debug", REFUSED, "debug.sethook()" },
	{ "package", REFUSED, "package.loadlib('libc.so.6', '*')" },
	{ "dofile", REFUSED, "dofile('/etc/passwd')" },
	{ "loadfile", REFUSED, "loadfile('/etc/passwd')" },
	{ "string.pack pad", REFUSED, "string.pack('!16 i16', 1)" },
	{ "string.unpack", REFUSED, "string.unpack('s8', ('\\255'):rep(8))" },
	{ "random seed", REFUSED, "math.randomseed(1)" },
	{ "chance", REFUSED, "return math.random()" },
	{ "print", REFUSED, "print('x')" },
	{ "warn", REFUSED, "warn('@on')" },

	/* memory */
	{ "recursion", SPENT, "local function f(a) return 1 + f(a) end f(1)" },
	{ "string doubling", DEAD, "local s = 'x' while true do s = s .. s end" },
	{ "table fill", SPENT, "local t = {} while true do t[#t + 1] = {} end" },
	{ "edge of the cap", SPENT, "local t = {} while true do t[#t + 1] = ('x'):rep(100) .. #t end" },
	{ "closure fill", SPENT, "local t = {} while true do t[#t + 1] = function() return t end end" },
	{ "format big", DEAD, "local s = ('x'):rep(1000000) while true do s = string.format('%s%s', s, s) end" },
	{ "concat big", DEAD, "local t = {} for i = 1, 250 do t[i] = ('x'):rep(4200) end while true do local s = table.concat(t) t[1] = s end" },
	{ "string accumulate", SPENT, "local s = '' while true do s = s .. 'xxxxxxxxxxxxxxxx' end" },
	{ "out of memory in pcall", SPENT, "local t = {} while true do pcall(function() while true do t[#t + 1] = ('x'):rep(1000) .. #t end end) end" },
	{ "varargs that grow", SPENT, "local function f(...) return f(1, ...) end f()" },
	{ "rehash", SPENT, "local t = {} local i = 0 while true do i = i + 1 t[i * 1.5] = i end" },

	/* ran to the end in the naive sandbox as well, or are ordinary errors */
	{ "mutual pcall recursion", HARMLESS, "local a, b function a() return pcall(b) end function b() return pcall(a) end a()" },
	{ "rep of nothing", HARMLESS, "assert((''):rep(2 ^ 62 // 1 | 0) == '')" },
	{ "globals overwritten", HARMLESS, "pairs = nil string = nil pcall = 1 assert(('x'):upper() == 'X')" },
	{ "long name in an error", HARMLESS, "local n = ('x'):rep(10000) assert(not pcall(function() return nil + {} .. n end))" },
	{ "address by tostring", HARMLESS, "assert(not (tostring({}) .. tostring(pcall) .. tostring(null)):find('%d'))" },
	{ "address by format", HARMLESS, "assert(not (('%s %s %-20s'):format({}, pcall, function() end)):find('%d'))" },
	{ "gsub recursion", REFUSED, "local function f(s) return (s:gsub('.', f)) end f('ab')" },
	{ "sort recursion", REFUSED, "local function f(a, b) table.sort({ 3, 2, 1 }, f) return a < b end table.sort({ 3, 2, 1 }, f)" },
	{ "error with a table", REFUSED, "error({})" },
	{ "error with nil", REFUSED, "error()" },

	/* refused by our own functions */
	{ "rep big", REFUSED, "return ('x'):rep(1e9 // 1 | 0)" },
	{ "rep separator", REFUSED, "return (''):rep(1e9 // 1 | 0, 'xx')" },
	{ "rep overflow", REFUSED, "return ('xxxx'):rep(math.maxinteger)" },
	{ "pattern deep", REFUSED, "return (('a?'):rep(300) .. 'b'):len() + #('x'):match(('a?'):rep(300) .. ('a'):rep(300))" },
	{ "pattern of captures", REFUSED, "return ('x'):match(('('):rep(100))" },
	{ "pattern long", REFUSED, "return ('x'):match(('a'):rep(2000))" },
	{ "format width", REFUSED, "return ('%999999d'):format(1)" },
	{ "format long", REFUSED, "return (('%d'):rep(5000)):format(1)" },
	{ "unpack million", REFUSED, "return table.unpack({}, 1, 1e6 // 1 | 0)" },
	{ "unpack overflow", REFUSED, "return table.unpack({}, math.mininteger, math.maxinteger)" },
	{ "unpack 900k", REFUSED, "local t = {} for i = 1, 90000 do t[i] = i end return table.unpack(t)" },
	{ "byte million", REFUSED, "return (('x'):rep(1000000)):byte(1, -1)" },
	{ "codepoint million", REFUSED, "return utf8.codepoint(('x'):rep(1000000), 1, -1)" },
	{ "move spin", REFUSED, "table.move({}, 1, math.maxinteger - 1, 2)" },
	{ "insert with a lying length", REFUSED, "table.insert(setmetatable({}, { __len = function() return math.maxinteger end }), 1, 1)" },
	{ "remove with a lying length", REFUSED, "table.remove(setmetatable({}, { __len = function() return math.maxinteger end }), 1)" },
	{ "concat with a lying length", REFUSED, "table.concat(setmetatable({}, { __len = function() return 1 << 40 end, __index = function() return 'x' end }))" },
	{ "concat far", REFUSED, "table.concat({}, 'x', math.mininteger, math.maxinteger)" },
	{ "sort bad comparison", REFUSED, "table.sort({ 1, 'x', {} })" },
	{ "__gc spin", REFUSED, "setmetatable({}, { __gc = function() while true do end end })" },
	{ "__gc resurrect", REFUSED, "setmetatable({}, { __gc = function(o) x = o end })" },
	{ "__close spin", REFUSED, "local x <close> = setmetatable({}, { __close = function() while true do end end })" },
	{ "__mode", REFUSED, "setmetatable({}, { __mode = 'k' })" },
	{ "hidden metatable", REFUSED, "setmetatable({}, { __metatable = 1 })" },
	{ "a metatable with a metatable", REFUSED, "setmetatable({}, setmetatable({ __gc = 1 }, { __index = {} }))" },
	{ "string library", REFUSED, "string.len = nil" },
	{ "table library", REFUSED, "table.insert(table, 1)" },
	{ "table library by setmetatable", REFUSED, "setmetatable(string, {})" },
	{ "array mark", REFUSED, "setmetatable(array {}, {})" },
	{ "utf8.char many", SPENT, "local t = {} for i = 1, 250 do t[i] = 0x7fffffff end while true do local s = utf8.char(table.unpack(t)) end" },
	{ "address by %p", REFUSED, "return ('%p'):format({})" },
	{ "address by padded %p", REFUSED, "return ('%-20p'):format({})" },
	{ "hexadecimal float", REFUSED, "return ('%a'):format(1)" },
	{ "keys that are tables", REFUSED, "for k in pairs { [{}] = 1 } do end" },
	{ "too much at once", REFUSED, "return decimal.mul('999999999999999999999999999999', '999999999999999999999999999999')" },
	{ "decimal by zero", REFUSED, "return decimal.div('1', '0', 2)" },
	{ "decimal of a float", REFUSED, "return decimal.add(0.1, 0.2)" },

	/* pattern bombs */
	{ "pattern .- ten times", SPENT, "return (('a'):rep(5000)):match(('.-'):rep(10) .. 'b')" },
	{ "pattern a* twenty times", SPENT, "return (('a'):rep(500)):match(('a*'):rep(20) .. 'b')" },
	{ "pattern squared in gsub", SPENT, "return (('a'):rep(50000)):gsub('a*b', '')" },
	{ "pattern %b", SPENT, "return (('('):rep(50000)):gsub('%b()', '')" },
	{ "pattern set", SPENT, "return (('a'):rep(20000)):match('[' .. ('x'):rep(900) .. ']*b')" },
	{ "pattern back-reference", SPENT, "return (('a'):rep(20000)):match('(a*)%1b')" },
	{ "gmatch bomb", SPENT, "for w in (('a'):rep(5000)):gmatch('.-.-.-b') do end" },
	{ "pattern bomb in pcall", SPENT, "while true do pcall(string.find, ('a'):rep(5000), '.-.-.-.-b') end" },
	{ "gsub expand", DEAD, "local s = 'x' while true do s = s:gsub('.', '%0%0') end" },
	{ "gsub with itself", DEAD, "while true do local s = (('a'):rep(10000)):gsub('', string.rep) end" },
	{ "frontier", SPENT, "return (('a'):rep(100000)):find('%f[' .. ('b'):rep(900) .. ']')" },
	{ "find plain", SPENT, "local s, w = ('a'):rep(1000000), ('a'):rep(500000) .. 'b' while true do s:find(w, 1, true) end" },
};

struct outcome {
	enum fate fate;
	int64_t cpu_ms;
	char text[200];
};

static int64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void run(const struct attack *a, struct outcome *out)
{
	static const struct sandbox_limits limits = { .memory = 8u << 20, .instructions = 10000000,
		.time_ms = TIME_MS, .steps = 2000000 };
	struct err e = { 0 };
	lua_State *L = sandbox_create(&limits, &e);
	int64_t began = cpu_ms();
	int code = L ? sandbox_compile(L, "attack", a->script, strlen(a->script), &e) : e.code;

	if (code == 0)
		code = sandbox_call(L, 0, 0, &e);
	out->cpu_ms = cpu_ms() - began;
	out->fate = code == ERR_LIMIT ? SPENT : code < 0 ? REFUSED : HARMLESS;
	snprintf(out->text, sizeof out->text, "%.190s", e.text);
	if (L && sandbox_is_condemned(L) != (code == ERR_LIMIT))
		snprintf(out->text, sizeof out->text, "condemned without saying so");
	sandbox_destroy(L);
}

/* In a child, which is given 5 s before it counts as hung.  False: it hung or crashed. */
static bool run_apart(const struct attack *a, struct outcome *out)
{
	int ends[2], status;
	pid_t child;
	bool whole;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct outcome mine = { .fate = DEAD };

		alarm(5 * SLOWER);
		run(a, &mine);
		_exit(write(ends[1], &mine, sizeof mine) != sizeof mine);
	}
	close(ends[1]);
	whole = read(ends[0], out, sizeof *out) == sizeof *out;
	close(ends[0]);
	waitpid(child, &status, 0);
	if (!whole)
		print_message("# %s: %s\n", a->name, WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
			? "HANGS" : "CRASHES");
	return whole;
}

static bool is_expected(enum fate want, enum fate got)
{
	return want == got || (want == DEAD && got != HARMLESS);
}

static void every_attack_dies_or_does_no_harm(void **state)
{
	int64_t worst = 0;
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		const struct attack *a = &attacks[i];
		struct outcome got = { 0 };

		if (!run_apart(a, &got)) {
			wrong++;
			continue;
		}
		worst = got.cpu_ms > worst ? got.cpu_ms : worst;
		if (getenv("ATTACKS_SHOW"))
			fprintf(stderr, "%-32s %4lld ms  %s\n", a->name, (long long)got.cpu_ms, got.text);
		if (!is_expected(a->fate, got.fate)) {
			print_message("# %s: %s, but should have %s: %s\n", a->name, fate_names[got.fate],
				fate_names[a->fate], got.text);
			wrong++;
		}
		if (got.cpu_ms > 2 * TIME_MS * SLOWER) {
			print_message("# %s: took %lld ms\n", a->name, (long long)got.cpu_ms);
			wrong++;
		}
	}
	print_message("# %zu attacks, worst %lld ms\n", sizeof attacks / sizeof *attacks, (long long)worst);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attack_dies_or_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
