/* carry_never_repeats.c - what must not be sent twice is never sent twice: promise 2's ground.
 *
 * libcurl by itself sends a request again when a kept connection dies before a byte of the reply has
 * come, and reports success.  Each test here fails when that is let happen. */
#include "ground.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A first request that leaves a kept connection behind. */
static struct peer warm_up(void)
{
	struct carry_request get = { .method = "GET", .url = "/warm", .repeatable = true };
	struct fetch f;
	struct peer p;

	fetch_start(carry, &f, get, port);
	p = peer_accept(loop, listening);
	peer_hear(loop, &p, "\r\n\r\n");
	peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	fetch_finish(&f);
	return p;
}

static bool knocks(void)
{
	int fd;

	turn_idle(loop);
	fd = accept(listening, NULL, NULL);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The remote reads the whole second request on the kept connection, and closes. */
static void a_post_on_a_kept_connection_that_dies_is_lost_not_repeated(void **state)
{
	struct peer p = warm_up();
	struct carry_request post = { .method = "POST", .url = "/order", .body = "order 2", .body_len = 7 };
	struct fetch f;

	(void)state;
	fetch_start(carry, &f, post, port);
	assert_non_null(strstr(peer_hear(loop, &p, "order 2"), "POST /order HTTP/1.1\r\n"));
	peer_close(&p);
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_LOST);
	assert_true(strlen(f.why) > 0);
	assert_false(knocks());
	fetch_finish(&f);
}

static void the_same_with_a_reset(void **state)
{
	struct peer p = warm_up();
	struct carry_request post = { .method = "PATCH", .url = "/order", .body = "order 2", .body_len = 7 };
	struct fetch f;

	(void)state;
	fetch_start(carry, &f, post, port);
	peer_hear(loop, &p, "order 2");
	peer_reset(&p);
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_LOST);
	assert_false(knocks());
	fetch_finish(&f);
}

/* Two kept connections: the second try would need no new one. */
static void nor_is_it_repeated_on_another_kept_connection(void **state)
{
	struct carry_request get = { .method = "GET", .url = "/warm", .repeatable = true };
	struct carry_request post = { .method = "POST", .url = "/order", .body = "order 2", .body_len = 7 };
	struct fetch f[2], g;
	struct peer p[2];
	int hit;

	(void)state;
	for (int i = 0; i < 2; i++) {
		fetch_start(carry, &f[i], get, port);
		p[i] = peer_accept(loop, listening);
		peer_hear(loop, &p[i], "\r\n\r\n");
	}
	for (int i = 0; i < 2; i++) {
		peer_say(loop, &p[i], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		fetch_wait(loop, &f[i]);
		fetch_finish(&f[i]);
	}
	fetch_start(carry, &g, post, port);
	turn_idle(loop);
	hit = peer_is_silent(loop, &p[0]);
	assert_false(peer_is_silent(loop, &p[hit]));
	peer_hear(loop, &p[hit], "order 2");
	peer_close(&p[hit]);
	fetch_wait(loop, &g);
	assert_int_equal(g.outcome, CARRIED_LOST);
	peer_is_silent(loop, &p[!hit]); /* curl may have closed it, but */
	assert_int_equal(p[!hit].got.len, 0);
	assert_false(knocks());
	fetch_finish(&g);
	peer_close(&p[!hit]);
}

/* Without a body there is nothing to rewind: it takes a connection of its own. */
static void a_post_without_a_body_is_not_repeated(void **state)
{
	static const char *const methods[] = { "POST", "DELETE", "GET", "PUT" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct peer kept = warm_up(), p;
		struct carry_request bare = { .method = methods[i], .url = "/pay" };
		struct fetch f;

		fetch_start(carry, &f, bare, port);
		p = peer_accept(loop, listening);
		assert_non_null(strstr(peer_hear(loop, &p, "\r\n\r\n"), " /pay HTTP/1.1\r\n"));
		peer_close(&p);
		fetch_wait(loop, &f);
		assert_int_equal(f.outcome, CARRIED_LOST);
		assert_true(peer_is_silent(loop, &kept));
		assert_false(knocks());
		fetch_finish(&f);
		peer_close(&kept);
		turn_idle(loop);
	}
}

/* Seen in time: not a byte was sent on the dead one, so a new one is no repetition. */
static void a_kept_connection_found_closed_is_replaced(void **state)
{
	struct peer p = warm_up();
	struct carry_request post = { .method = "POST", .url = "/order", .body = "order 2", .body_len = 7 };
	struct fetch f;

	(void)state;
	peer_close(&p);
	fetch_start(carry, &f, post, port);
	p = peer_accept(loop, listening);
	peer_hear(loop, &p, "order 2");
	peer_say(loop, &p, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	assert_int_equal(f.status, 201);
	assert_false(knocks());
	fetch_finish(&f);
	peer_close(&p);
}

/* What may be repeated is, by curl itself: that is why the mark exists. */
static void what_is_repeatable_comes_again_and_succeeds(void **state)
{
	struct peer p = warm_up(), again;
	struct carry_request put = { .method = "PUT", .url = "/order/2", .body = "order 2", .body_len = 7,
		.repeatable = true };
	struct fetch f;

	(void)state;
	fetch_start(carry, &f, put, port);
	peer_hear(loop, &p, "order 2");
	peer_close(&p);
	again = peer_accept(loop, listening);
	peer_hear(loop, &again, "order 2");
	peer_say(loop, &again, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	fetch_finish(&f);
	peer_close(&again);
}

/* On a first connection curl does not repeat; the outcome is the same. */
static void a_post_on_a_new_connection_that_dies_is_lost(void **state)
{
	struct carry_request post = { .method = "POST", .url = "/order", .body = "order 1", .body_len = 7 };
	struct fetch f;
	struct peer p;

	(void)state;
	fetch_start(carry, &f, post, port);
	p = peer_accept(loop, listening);
	peer_hear(loop, &p, "order 1");
	peer_close(&p);
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_LOST);
	assert_false(knocks());
	fetch_finish(&f);
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, ground_start, ground_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(a_post_on_a_kept_connection_that_dies_is_lost_not_repeated),
		PROMISE(the_same_with_a_reset),
		PROMISE(nor_is_it_repeated_on_another_kept_connection),
		PROMISE(a_post_without_a_body_is_not_repeated),
		PROMISE(a_kept_connection_found_closed_is_replaced),
		PROMISE(what_is_repeatable_comes_again_and_succeeds),
		PROMISE(a_post_on_a_new_connection_that_dies_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
