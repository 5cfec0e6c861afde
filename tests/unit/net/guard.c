/* guard.c - the verdict on a head, one by one. */
#include "net/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define H "Host: h\r\n"

static void each_head_gets_its_verdict(void **state)
{
#define HEAD(text, verdict) { text, sizeof(text) - 1, verdict }
	static const struct {
		const char *text;
		size_t len;
		enum guard verdict;
	} heads[] = {
		HEAD("GET / HTTP/1.1\r\n" H "\r\n", GUARD_CLEAN),
		HEAD("POST /a?b HTTP/1.1\r\n" H "X-_!: a: b\r\nEmpty:\r\n\r\n", GUARD_CLEAN),
		HEAD("GET / HTTP/1.0\r\n\r\n", GUARD_CLEAN),
		HEAD("OPTIONS * HTTP/1.1\r\nhOST: h\r\n\r\n", GUARD_CLEAN),
		HEAD("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n", GUARD_NUL),
		HEAD("GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n", GUARD_BARE_CR),
		HEAD("GET / HTTP/1.1\r\n" H "\r\n\r", GUARD_BARE_CR),
		HEAD("GET / HTTP/1.1\n" H "\r\n", GUARD_BARE_LF),
		HEAD("\nGET / HTTP/1.1\r\n" H "\r\n", GUARD_BARE_LF),
		HEAD("GET / HTTP/1.1\r\n" H " folded\r\n\r\n", GUARD_FOLDED),
		HEAD("GET / HTTP/1.1\r\n" H "\tfolded\r\n\r\n", GUARD_FOLDED),
		HEAD("GET / HTTP/1.1\r\n" H, GUARD_SHORT),
		HEAD("", GUARD_SHORT),
		HEAD("\r\n", GUARD_SHORT),
		HEAD("\r\n\r\n", GUARD_METHOD),
		HEAD("GET / HTTP/1.1\r\n\r\n", GUARD_NO_HOST),
		HEAD("GET / HTTP/1.1\r\nHostile: h\r\n\r\n", GUARD_NO_HOST),
		HEAD("GET / HTTP/1.1\r\n" H "X: y\r\nHOST: h\r\n\r\n", GUARD_TWO_HOSTS),
		HEAD("GET / HTTP/1.0\r\n" H H "\r\n", GUARD_TWO_HOSTS),
		HEAD("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n", GUARD_OLD_CHUNKED),
		HEAD("PRI * HTTP/2.0\r\n\r\n", GUARD_METHOD),
		HEAD("CONNECT h:1 HTTP/1.1\r\n" H "\r\n", GUARD_METHOD),
		HEAD("GETX / HTTP/1.1\r\n" H "\r\n", GUARD_METHOD),
		HEAD("GET\r\n" H "\r\n", GUARD_METHOD),
		HEAD("GET / HTTP/1.9\r\n" H "\r\n", GUARD_VERSION),
		HEAD("GET /\r\n" H "\r\n", GUARD_VERSION),
		HEAD("GET / HTTP/1.1 \r\n" H "\r\n", GUARD_VERSION),
		HEAD("GET / HTTP/1.1\r\n" H "Name : x\r\n\r\n", GUARD_NAME),
		HEAD("GET / HTTP/1.1\r\n" H ": x\r\n\r\n", GUARD_NAME),
		HEAD("GET / HTTP/1.1\r\n" H "Name\r\n\r\n", GUARD_NAME),
		HEAD("GET / HTTP/1.1\r\n" H "N\xc3\xa4me: x\r\n\r\n", GUARD_NAME),
	};

	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		enum guard verdict = guard_head(heads[i].text, heads[i].len, 32768);

		if (verdict != heads[i].verdict)
			fail_msg("%zu: %s: %s", i, heads[i].text, guard_text(verdict));
	}
}

static void the_ceilings_are_exact(void **state)
{
	char head[2000] = "GET / HTTP/1.1\r\n" H;

	(void)state;
	for (int i = 1; i < GUARD_LINES_MAX; i++)
		strcat(head, "X: y\r\n");
	strcat(head, "\r\n");
	assert_int_equal(guard_head(head, strlen(head), strlen(head)), GUARD_CLEAN);
	assert_int_equal(guard_head(head, strlen(head), strlen(head) - 1), GUARD_TOO_LONG);
	strcpy(head + strlen(head) - 2, "X: y\r\n\r\n");
	assert_int_equal(guard_head(head, strlen(head), sizeof head), GUARD_TOO_MANY);
}

/* Any single byte that is changed gives a verdict or a head that is still one; never a crash. */
static void no_byte_breaks_it(void **state)
{
	static const char good[] = "POST /a HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n";
	char head[sizeof good];

	(void)state;
	for (size_t at = 0; at < sizeof good - 1; at++)
		for (int c = 0; c < 256; c++) {
			memcpy(head, good, sizeof good);
			head[at] = (char)c;
			assert_true(*guard_text(guard_head(head, sizeof good - 1, 1000)));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_head_gets_its_verdict),
		cmocka_unit_test(the_ceilings_are_exact),
		cmocka_unit_test(no_byte_breaks_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
