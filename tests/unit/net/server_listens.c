/* server_listens.c - addresses and sockets; paths and queries. */
#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct echo echo;
static char *dir, *path;

static int start(void **state)
{
	(void)state;
	dir = test_dir();
	path = xformat("%s/admin.sock", dir);
	echo_start(&echo, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	echo_stop(&echo);
	remove_dir(dir);
	free(path);
	return 0;
}

static void a_unix_socket_is_ours_alone_and_answers(void **state)
{
	struct stat st;
	struct peer p;

	(void)state;
	assert_int_equal(server_listen_unix(echo.server, path, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	p = peer_connect_unix(path);
	peer_say(echo.loop, &p, "GET /a HTTP/1.1\r\nHost: mlc\r\n\r\n");
	peer_hear_message(echo.loop, &p);
	assert_string_equal(echo.seen, "GET /a ? - 0 unix");
	peer_close(&p);
	echo_stop(&echo);
	assert_int_equal(stat(path, &st), -1); /* gone with the server */
	echo_start(&echo, NULL);
}

static void a_dead_socket_is_replaced(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct peer p;

	(void)state;
	memcpy(at.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
	assert_int_equal(server_listen_unix(echo.server, path, NULL), 0);
	p = peer_connect_unix(path);
	peer_close(&p);
}

static void a_living_one_is_left_alone(void **state)
{
	struct err e = { 0 };
	struct peer p;

	(void)state;
	assert_int_equal(server_listen_unix(echo.server, path, NULL), 0);
	assert_int_equal(server_listen_unix(echo.server, path, &e), ERR_LOCKED);
	assert_non_null(strstr(e.text, path));
	p = peer_connect_unix(path);
	peer_close(&p);
}

static void a_file_is_not_removed(void **state)
{
	struct err e = { 0 };
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	(void)state;
	close(fd);
	assert_int_equal(server_listen_unix(echo.server, path, &e), ERR_REFUSED);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

static void a_path_that_does_not_fit_is_refused_not_cut(void **state)
{
	struct err e = { 0 };
	char *longer = xformat("%s/%0120d", dir, 1);

	(void)state;
	assert_int_equal(server_listen_unix(echo.server, longer, &e), ERR_INPUT);
	assert_non_null(strstr(e.text, "at most 107 bytes"));
	free(longer);
	memset(&e, 0, sizeof e);
	longer = xformat("%s/nowhere/s", dir);
	assert_int_equal(server_listen_unix(echo.server, longer, &e), ERR_SYSTEM);
	free(longer);
}

static void an_address_in_use_or_none_is_told(void **state)
{
	struct err e = { 0 };
	int port;

	(void)state;
	assert_int_equal(server_listen_tcp(echo.server, "127.0.0.1", echo.port, NULL, NULL, &port, &e), ERR_LOCKED);
	assert_non_null(strstr(e.text, "address already in use"));
	memset(&e, 0, sizeof e);
	assert_int_equal(server_listen_tcp(echo.server, "localhost", 0, NULL, NULL, &port, &e), ERR_INPUT);
	assert_non_null(strstr(e.text, "listen localhost:0: "));
	assert_null(strstr(e.text, ": :"));
	memset(&e, 0, sizeof e);
	assert_int_equal(server_listen_tcp(echo.server, "192.0.2.1", 0, NULL, NULL, &port, &e), ERR_SYSTEM);
	turn_idle(echo.loop); /* the closed handles are gone */
}

static void ipv6_is_served_too(void **state)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct err e = { 0 };
	int port, fd;
	struct peer p = { .fd = -1 };

	(void)state;
	if (server_listen_tcp(echo.server, "::1", 0, NULL, NULL, &port, &e) != 0) {
		print_message("skipped: this machine has no IPv6\n");
		turn_idle(echo.loop);
		return;
	}
	at.sin6_port = htons((uint16_t)port);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	p.fd = fd;
	buf_init(&p.got, 10000);
	peer_say(echo.loop, &p, "GET /a HTTP/1.1\r\nHost: mlc\r\n\r\n");
	peer_hear_message(echo.loop, &p);
	assert_non_null(strstr(echo.seen, " ["));
	peer_close(&p);
}

static void a_star_stands_for_one_word(void **state)
{
	char out[2][PATH_SEGMENT_SIZE];

	(void)state;
	assert_true(path_matches("/hooks/acme/shop", "/hooks/*/*", out, 2));
	assert_string_equal(out[0], "acme");
	assert_string_equal(out[1], "shop");
	assert_true(path_matches("/healthz", "/healthz", NULL, 0));
	assert_true(path_matches("/serve/a_1/" "abcdefghijklmnopqrstuvwxyz012345", "/serve/*/*", out, 2));
	assert_false(path_matches("/serve/a/" "abcdefghijklmnopqrstuvwxyz0123456", "/serve/*/*", out, 2));
	assert_false(path_matches("/hooks/acme/shop/", "/hooks/*/*", out, 2));
	assert_false(path_matches("/hooks/acme", "/hooks/*/*", out, 2));
	assert_false(path_matches("/hooks//shop", "/hooks/*/*", out, 2));
	assert_false(path_matches("/hooks/Acme/shop", "/hooks/*/*", out, 2));
	assert_false(path_matches("/hooks/a%63me/shop", "/hooks/*/*", out, 2));
	assert_false(path_matches("/hooks/../shop", "/hooks/*/*", out, 2));
	assert_false(path_matches("/hooks/a/b", "/hooks/*/*", out, 1));
	assert_false(path_matches("/health", "/healthz", NULL, 0));
	assert_false(path_matches("", "/", NULL, 0));
}

static void a_value_of_a_query_is_decoded(void **state)
{
	char out[8];

	(void)state;
	assert_true(query_value("a=1&code=x%2Fy+z&b=", "code", out, sizeof out));
	assert_string_equal(out, "x/y z");
	assert_true(query_value("a=1&b=", "b", out, sizeof out));
	assert_string_equal(out, "");
	assert_true(query_value("wsdl", "wsdl", out, sizeof out));
	assert_string_equal(out, "");
	assert_true(query_value("a=1&a=2", "a", out, sizeof out));
	assert_string_equal(out, "1");
	assert_true(query_value("a=1234567", "a", out, sizeof out));
	assert_false(query_value("a=12345678", "a", out, sizeof out));
	assert_false(query_value("aa=1", "a", out, sizeof out));
	assert_false(query_value("", "a", out, sizeof out));
	assert_false(query_value("a=%0", "a", out, sizeof out));
	assert_false(query_value("a=%", "a", out, sizeof out));
	assert_false(query_value("a=%zz", "a", out, sizeof out));
	assert_false(query_value("a=%00", "a", out, sizeof out));
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(a_unix_socket_is_ours_alone_and_answers),
		PROMISE(a_dead_socket_is_replaced),
		PROMISE(a_living_one_is_left_alone),
		PROMISE(a_file_is_not_removed),
		PROMISE(a_path_that_does_not_fit_is_refused_not_cut),
		PROMISE(an_address_in_use_or_none_is_told),
		PROMISE(ipv6_is_served_too),
		cmocka_unit_test(a_star_stands_for_one_word),
		cmocka_unit_test(a_value_of_a_query_is_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
