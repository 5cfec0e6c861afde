/* Our matcher finds what Lua's own finds, over patterns made by chance (always the same ones). */
#include "pattern_compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 20000 /* of twelve comparisons each */

static uint64_t seed = 88172645463325252u;

static size_t chance(size_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % below);
}

static size_t make(char *out, const char *const *pieces, size_t count, size_t most)
{
	size_t n = chance(most);

	*out = '\0';
	for (size_t i = 0; i < n; i++)
		strcat(out, pieces[chance(count)]);
	return strlen(out);
}

static const char *const subjects[] = { "a", "b", "ab", "(", ")", "1", " ", "]", "%", "-", "A", "x=y", "aa" };
static const char *const patterns[] = { "a", "b", ".", "%a", "%d", "%s", "%S", "[ab]", "[^a]", "[%a_]", "[a-c]",
	"[]]", "[^]]", "*", "+", "-", "?", "(", ")", "()", "%1", "%2", "%b()", "%bab", "%f[%a]", "%f[^a]", "^", "$",
	"[", "%", "]", "%%", "[a-]", "[-a]", "%w", "%p", "(a)", "(.-)", "[%]]", "%f", "%b", "%g", "%U" };
static const char *const replacements[] = { "%0", "%1", "%2", "<", ">", "%%", "x", "%", "%9" };

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void chance_finds_no_difference(void **state)
{
	struct comparer *c = comparer_create();
	char subject[64], pattern[64], replacement[32];
	unsigned too_long = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t s = make(subject, subjects, COUNT(subjects), 12);
		size_t p = make(pattern, patterns, COUNT(patterns), 8);
		size_t r = make(replacement, replacements, COUNT(replacements), 4);

		switch (comparer_run(c, subject, s, pattern, p, replacement, r)) {
		case SAME:
			break;
		case DIFFERENT:
			fail_msg("%s", comparer_why(c));
			break;
		case TOO_LONG:
			too_long++;
		}
	}
	comparer_destroy(c);
	assert_true(too_long < ROUNDS / 100);
}

/* Those that chance does not make. */
static void known_traps_are_the_same(void **state)
{
	static const struct {
		const char *subject, *pattern;
		size_t subject_len, pattern_len;
	} traps[] = {
		{ "a\0b\0", "%z*", 4, 3 },
		{ "a\0b\0", "[^\0]", 4, 4 },
		{ "a\0b", "\0", 3, 1 },
		{ "THE (quick) fox", "%f[%a]%a+%f[%A]", 15, 15 },
		{ "x", "((((((((((((((((((((((((((((((((x))))))))))))))))))))))))))))))))", 1, 65 },
		{ "x", "(((((((((((((((((((((((((((((((((x", 1, 34 },
		{ "aaa", "^a-$", 3, 4 },
		{ "\xff\xfe", "[\x80-\xff]+", 2, 6 },
		{ "ab", "()ab()%1", 2, 8 },
		{ "", "%b\0\0", 0, 4 },
	};
	struct comparer *c = comparer_create();

	(void)state;
	for (size_t i = 0; i < COUNT(traps); i++)
		if (comparer_run(c, traps[i].subject, traps[i].subject_len, traps[i].pattern,
				traps[i].pattern_len, "<%0>", 4) != SAME)
			fail_msg("%s", comparer_why(c));
	comparer_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chance_finds_no_difference),
		cmocka_unit_test(known_traps_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
