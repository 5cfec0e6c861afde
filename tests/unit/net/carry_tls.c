/* carry_tls.c - whom we trust, and what a new connection costs; against our own server. */
#include "certificate.h"
#include "echo.h"
#include "fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct echo echo;
static struct carry *carry;
static char *dir, *one, *one_key, *two;
static char url[64];

static int start(void **state)
{
	(void)state;
	dir = test_dir();
	make_certificate(dir, "one");
	make_certificate(dir, "two");
	one = xformat("%s/one.pem", dir);
	one_key = xformat("%s/one.key", dir);
	two = xformat("%s/two.pem", dir);
	echo_start(&echo, NULL);
	echo_listen(&echo, one, one_key);
	carry = fetch_carry(echo.loop, one);
	snprintf(url, sizeof url, "https://127.0.0.1:%d/a", echo.port);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	carry_destroy(carry);
	echo_stop(&echo);
	remove_dir(dir);
	free(one);
	free(one_key);
	free(two);
	return 0;
}

static enum carried fetch(const char *to, const char *ca_file)
{
	/* Not repeatable and without a body: a new connection each time. */
	struct carry_request get = { .method = "GET", .url = to, .ca_file = ca_file };
	struct fetch f;
	enum carried outcome;

	fetch_start(carry, &f, get, 0);
	fetch_wait(echo.loop, &f);
	outcome = f.outcome;
	if (outcome != CARRIED_HERE)
		assert_non_null(strstr(f.why, "connect to "));
	fetch_finish(&f);
	return outcome;
}

static void a_trusted_certificate_is_well(void **state)
{
	(void)state;
	assert_int_equal(fetch(url, NULL), CARRIED_HERE);
	assert_int_equal(echo.requests, 1);
	snprintf(url, sizeof url, "https://localhost:%d/a", echo.port);
	assert_int_equal(fetch(url, NULL), CARRIED_HERE);
}

static void another_ones_is_not_and_nothing_is_sent(void **state)
{
	(void)state;
	assert_int_equal(fetch(url, two), CARRIED_NEVER_SENT);
	carry_destroy(carry);
	carry = fetch_carry(echo.loop, NULL); /* the system's bundle does not know it */
	assert_int_equal(fetch(url, NULL), CARRIED_NEVER_SENT);
	assert_int_equal(fetch(url, one), CARRIED_HERE); /* this connection's own does */
	assert_int_equal(echo.requests, 1);
}

static void a_certificate_for_another_name_is_not(void **state)
{
	(void)state;
	snprintf(url, sizeof url, "https://127.0.0.2:%d/a", echo.port);
	echo_stop(&echo);
	echo_start(&echo, NULL);
	assert_int_equal(server_listen_tcp(echo.server, "127.0.0.2", 0, one, one_key, &echo.port, NULL), 0);
	carry_destroy(carry);
	carry = fetch_carry(echo.loop, one);
	snprintf(url, sizeof url, "https://127.0.0.2:%d/a", echo.port);
	assert_int_equal(fetch(url, NULL), CARRIED_NEVER_SENT);
	assert_int_equal(echo.requests, 0);
}

static void a_ca_file_that_is_not_there_is_told_at_once(void **state)
{
	const struct carry_conf conf = { .ca_file = "/nowhere.pem" };
	struct err e = { 0 };

	(void)state;
	assert_null(carry_create(echo.loop, &conf, &e));
	assert_non_null(strstr(e.text, "/nowhere.pem"));
	assert_int_equal(fetch(url, "/nowhere.pem"), CARRIED_NEVER_SENT);
}

/* The bundle is read once, not for each connection (43 ms of CPU each, where a CA directory is set):
 * so what happens to the file does not matter, until we are told to forget. */
static void the_bundle_is_read_once(void **state)
{
	FILE *f;

	(void)state;
	assert_int_equal(fetch(url, NULL), CARRIED_HERE);
	f = fopen(one, "w");
	fputs("nothing\n", f);
	fclose(f);
	for (int i = 0; i < 3; i++)
		assert_int_equal(fetch(url, NULL), CARRIED_HERE);
	assert_int_equal(echo_counts(&echo).accepted, 4);
	carry_forget_connections(carry);
	assert_int_equal(fetch(url, NULL), CARRIED_NEVER_SENT);
}

static void a_body_goes_out_and_comes_back(void **state)
{
	struct carry_request post = { .method = "POST", .url = url, .body = "hello", .body_len = 5 };
	struct fetch f;

	(void)state;
	for (int i = 0; i < 10; i++) {
		fetch_start(carry, &f, post, 0);
		fetch_wait(echo.loop, &f);
		assert_int_equal(f.outcome, CARRIED_HERE);
		assert_string_equal(f.body.data, "hello");
		fetch_finish(&f);
	}
	assert_int_equal(echo_counts(&echo).accepted, 1); /* on one connection */
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(a_trusted_certificate_is_well),
		PROMISE(another_ones_is_not_and_nothing_is_sent),
		PROMISE(a_certificate_for_another_name_is_not),
		PROMISE(a_ca_file_that_is_not_there_is_told_at_once),
		PROMISE(the_bundle_is_read_once),
		PROMISE(a_body_goes_out_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
