/* carry_limits.c - where requests may go, how long they may take, how they are given up. */
#include "ground.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netinet/in.h>

static const struct carry_request get_x = { .method = "GET", .url = "/x", .repeatable = true };
static const struct carry_request post_x = { .method = "POST", .url = "/x", .body = "b", .body_len = 1 };

static void use_carry(const struct carry_conf *conf)
{
	carry_destroy(carry);
	carry = carry_create(loop, conf, NULL);
	assert_non_null(carry);
}

/* ---- addresses ---- */

static void private_addresses_are_refused_before_a_connect(void **state)
{
	static const char *const urls[] = {
		"https://127.0.0.1/", "https://127.1.2.3/", "https://10.0.0.1/", "https://172.16.0.1/",
		"https://172.31.255.255/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data/",
		"https://100.64.0.1/", "https://0.0.0.0/", "https://224.0.0.1/", "https://255.255.255.255/",
		"https://198.18.0.1/", "https://192.0.2.1/",
		"https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/",
		"https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.1.1.1]/",
		"https://[64:ff9b::7f00:1]/", "https://[fe80::1]/", "https://[fd00::1]/", "https://[ff02::1]/",
		"https://[2002:7f00:1::]/", "https://[::127.0.0.1]/", "https://localhost/",
	};
	static const struct carry_conf none;

	(void)state;
	use_carry(&none);
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct fetch f;

		fetch_start(carry, &f, (struct carry_request){ .method = "GET", .url = urls[i] }, 0);
		fetch_wait(loop, &f);
		assert_int_equal(f.outcome, CARRIED_NEVER_SENT);
		if (!strstr(f.why, "is a private address"))
			fail_msg("%s: %s", urls[i], f.why);
		fetch_finish(&f);
	}
}

/* The listener hears nothing, not even a connect. */
static void a_refused_address_sees_no_connect(void **state)
{
	static const char *const others[] = { "10.0.0.0/8", "127.0.0.2", "127.0.0.128/25", NULL };
	const struct carry_conf conf = { .allow_private = others };
	struct fetch f;

	(void)state;
	use_carry(&conf);
	fetch_start(carry, &f, post_x, port);
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_NEVER_SENT);
	turn_idle(loop);
	assert_true(accept(listening, NULL, NULL) < 0);
	fetch_finish(&f);
}

static void what_is_allowed_is_reached(void **state)
{
	static const char *const lists[][2] = { { "127.0.0.1" }, { "127.0.0.0/25" }, { "127.0.0.1/32" }, { "0.0.0.0/0" } };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct carry_conf conf = { .allow_private = lists[i] };
		struct fetch f;
		struct peer p;

		use_carry(&conf);
		fetch_start(carry, &f, get_x, port);
		p = peer_accept(loop, listening);
		peer_hear(loop, &p, "\r\n\r\n");
		peer_close(&p);
		carry_cancel(f.transfer);
		fetch_wait(loop, &f);
		fetch_finish(&f);
	}
}

static void a_list_that_is_none_is_refused_with_its_entry(void **state)
{
	static const char *const wrong[] = { "localhost", "127.0.0.1/33", "127.0.0.1/", "::1/129", "10.0.0.0/-1", "10/8", "" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *const list[] = { "10.0.0.0/8", wrong[i], NULL };
		const struct carry_conf conf = { .allow_private = list };
		struct err e = { 0 };
		char quoted[64];

		snprintf(quoted, sizeof quoted, "'%s'", wrong[i]);
		assert_null(carry_create(loop, &conf, &e));
		assert_int_equal(e.code, ERR_INPUT);
		assert_non_null(strstr(e.text, quoted));
	}
}

static void a_proxy_in_the_environment_is_not_used(void **state)
{
	struct fetch f;
	struct peer p;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	fetch_start(carry, &f, get_x, port);
	p = peer_accept(loop, listening);
	assert_non_null(strstr(peer_hear(loop, &p, "\r\n\r\n"), "GET /x HTTP/1.1\r\n"));
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	peer_close(&p);
	carry_cancel(f.transfer);
	fetch_wait(loop, &f);
	fetch_finish(&f);
}

/* ---- deadlines ---- */

static struct peer hear_request(struct fetch *f, struct carry_request r)
{
	struct peer p;

	fetch_start(carry, f, r, port);
	p = peer_accept(loop, listening);
	peer_hear_message(loop, &p);
	return p;
}

static void a_remote_that_never_answers_is_lost_after_total_ms(void **state)
{
	struct carry_request r = post_x;
	struct fetch f;
	struct peer p;

	(void)state;
	r.total_ms = 50000;
	p = hear_request(&f, r);
	jump(loop, 49000);
	assert_int_equal(f.done, 0);
	jump(loop, 1001);
	assert_int_equal(f.done, 1);
	assert_int_equal(f.outcome, CARRIED_LOST);
	assert_non_null(strstr(f.why, "no whole reply in time"));
	peer_hear_end(loop, &p);
	fetch_finish(&f);
	peer_close(&p);
}

/* A machine that slept, or was moved to another one, finds the reply in its socket. */
static void a_reply_that_came_while_the_machine_slept_is_read(void **state)
{
	struct fetch f, late;
	struct peer p = hear_request(&f, post_x), q;

	(void)state;
	loop_advance(loop, 2 * 86400 * 1000);
	peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	fetch_finish(&f);
	peer_close(&p);

	q = hear_request(&late, post_x);
	jump(loop, 2 * 86400 * 1000);
	assert_int_equal(late.done, 0);
	jump(loop, 5001);
	assert_int_equal(late.outcome, CARRIED_LOST);
	fetch_finish(&late);
	peer_close(&q);
}

static void total_ms_is_two_minutes_unless_said(void **state)
{
	struct fetch f;
	struct peer p = hear_request(&f, post_x);

	(void)state;
	jump(loop, 119000);
	assert_int_equal(f.done, 0);
	jump(loop, 1001);
	assert_int_equal(f.outcome, CARRIED_LOST);
	fetch_finish(&f);
	peer_close(&p);
}

/* A listener whose queue is full answers nothing: the connect stays open. */
static void no_connection_in_time_is_never_sent(void **state)
{
	struct carry_request r = post_x;
	struct fetch f;
	int deaf_port, deaf = peer_listen(&deaf_port), fill[3];

	(void)state;
	assert_int_equal(listen(deaf, 0), 0);
	for (int i = 0; i < 3; i++) {
		struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)deaf_port) };

		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fill[i], (struct sockaddr *)&at, sizeof at);
	}
	r.connect_ms = 3000;
	fetch_start(carry, &f, r, deaf_port);
	jump(loop, 2900);
	assert_int_equal(f.done, 0);
	jump(loop, 101);
	assert_int_equal(f.done, 1);
	assert_int_equal(f.outcome, CARRIED_NEVER_SENT);
	assert_non_null(strstr(f.why, "no connection in time"));
	fetch_finish(&f);
	for (int i = 0; i < 3; i++)
		close(fill[i]);
	close(deaf);
}

/* It connects, but TLS never begins: not a byte of the request has left. */
static void a_silent_tls_peer_is_never_sent(void **state)
{
	char url[64];
	struct fetch f;
	struct peer p;

	(void)state;
	snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
	fetch_start(carry, &f, (struct carry_request){ .method = "POST", .url = url, .body = "b", .body_len = 1 }, 0);
	p = peer_accept(loop, listening);
	peer_hear_bytes(loop, &p, 5);
	assert_int_equal(p.got.data[0], 22); /* a handshake record */
	jump(loop, 10001);
	assert_int_equal(f.outcome, CARRIED_NEVER_SENT);
	fetch_finish(&f);
	peer_close(&p);
}

static void a_reply_that_trickles_is_lost(void **state)
{
	struct carry_request r = post_x;
	struct fetch f;
	struct peer p;

	(void)state;
	r.total_ms = 3600 * 1000;
	p = hear_request(&f, r);
	peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
	for (int i = 0; i < 28; i++) {
		peer_say(loop, &p, "a few bytes");
		jump(loop, 1000);
	}
	assert_int_equal(f.done, 0);
	jump(loop, 2001);
	assert_int_equal(f.outcome, CARRIED_LOST);
	assert_non_null(strstr(f.why, "too slow"));
	fetch_finish(&f);
	peer_close(&p);
}

static void a_remote_that_thinks_is_not_slow(void **state)
{
	struct carry_request r = post_x;
	struct fetch f;
	struct peer p;

	(void)state;
	r.total_ms = 3600 * 1000;
	p = hear_request(&f, r);
	for (int i = 0; i < 50; i++)
		jump(loop, 60 * 1000);
	assert_int_equal(f.done, 0);
	peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	fetch_wait(loop, &f);
	assert_int_equal(f.outcome, CARRIED_HERE);
	fetch_finish(&f);
	peer_close(&p);
}

static void a_remote_that_does_not_take_the_body_is_lost(void **state)
{
	size_t len = 32 << 20;
	struct carry_request r = { .method = "POST", .url = "/x", .total_ms = 3600 * 1000, .body_len = len };
	char *body = xcalloc(1, len);
	struct fetch f;
	struct peer p;

	(void)state;
	r.body = body;
	fetch_start(carry, &f, r, port);
	p = peer_accept(loop, listening);
	for (int i = 0; i < 100 && !f.done; i++) /* the kernels' buffers fill for a while */
		jump(loop, 30001);
	assert_int_equal(f.done, 1);
	assert_int_equal(f.outcome, CARRIED_LOST);
	assert_non_null(strstr(f.why, "too slow"));
	fetch_finish(&f);
	peer_close(&p);
	free(body);
}

/* ---- giving up ---- */

static void a_cancelled_one_ends_in_the_next_turn(void **state)
{
	struct fetch sent, waiting;
	struct peer p = hear_request(&sent, post_x);

	(void)state;
	carry_cancel(sent.transfer);
	carry_cancel(sent.transfer); /* again is harmless */
	assert_int_equal(sent.done, 0);
	turn_idle(loop);
	assert_int_equal(sent.done, 1);
	assert_int_equal(sent.outcome, CARRIED_LOST);
	peer_hear_end(loop, &p);
	peer_close(&p);
	fetch_finish(&sent);

	fetch_start(carry, &waiting, post_x, port);
	carry_cancel(waiting.transfer);
	turn_idle(loop);
	assert_int_equal(waiting.outcome, CARRIED_NEVER_SENT);
	fetch_finish(&waiting);
}

static void destroying_ends_all_of_them_at_once(void **state)
{
	static const char *const allowed[] = { "127.0.0.0/8", NULL };
	const struct carry_conf conf = { .allow_private = allowed, .at_once_host = 1 };
	struct fetch sent, queued, bad;
	struct peer p;

	(void)state;
	use_carry(&conf);
	p = hear_request(&sent, post_x);
	fetch_start(carry, &queued, post_x, port);
	fetch_start(carry, &bad, (struct carry_request){ .method = "GET", .url = "nothing" }, 0);
	carry_destroy(carry);
	carry = NULL;
	assert_int_equal(sent.outcome, CARRIED_LOST);
	assert_int_equal(queued.outcome, CARRIED_NEVER_SENT);
	assert_int_equal(bad.outcome, CARRIED_NEVER_SENT);
	fetch_finish(&sent);
	fetch_finish(&queued);
	fetch_finish(&bad);
	peer_close(&p);
}

/* ---- how many ---- */

static void one_place_does_not_hold_up_another(void **state)
{
	static const char *const allowed[] = { "127.0.0.0/8", NULL };
	const struct carry_conf conf = { .allow_private = allowed, .at_once = 3, .at_once_host = 2 };
	struct fetch dead[10], alive[5];
	int other_port, other = peer_listen(&other_port);

	(void)state;
	use_carry(&conf);
	for (int i = 0; i < 10; i++)
		fetch_start(carry, &dead[i], post_x, port);
	for (int i = 0; i < 5; i++)
		fetch_start(carry, &alive[i], get_x, other_port);
	for (int i = 0; i < 5; i++) {
		struct peer p = peer_accept(loop, other);

		peer_hear(loop, &p, "\r\n\r\n");
		peer_say(loop, &p, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
		fetch_wait(loop, &alive[i]);
		assert_int_equal(alive[i].outcome, CARRIED_HERE);
		fetch_finish(&alive[i]);
		peer_close(&p);
	}
	for (int i = 0; i < 2; i++) {
		struct peer p = peer_accept(loop, listening);

		peer_close(&p);
	}
	close(other);
	for (int i = 0; i < 10; i++)
		carry_cancel(dead[i].transfer);
	turn_idle(loop);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(dead[i].done, 1);
		fetch_finish(&dead[i]);
	}
}

static void what_waits_too_long_for_its_turn_is_never_sent(void **state)
{
	static const char *const allowed[] = { "127.0.0.0/8", NULL };
	const struct carry_conf conf = { .allow_private = allowed, .at_once_host = 1 };
	struct carry_request r = post_x;
	struct fetch first, second;
	struct peer p;

	(void)state;
	use_carry(&conf);
	p = hear_request(&first, post_x);
	r.total_ms = 5000;
	fetch_start(carry, &second, r, port);
	jump(loop, 5001);
	assert_int_equal(first.done, 0);
	assert_int_equal(second.outcome, CARRIED_NEVER_SENT);
	carry_cancel(first.transfer);
	turn_idle(loop);
	fetch_finish(&first);
	fetch_finish(&second);
	peer_close(&p);
}

static void forgotten_connections_are_not_used_again(void **state)
{
	struct fetch f, g, kept;
	struct peer p, q;

	(void)state;
	p = hear_request(&kept, get_x); /* still under way: it ends in peace */
	q = hear_request(&f, get_x);
	peer_say(loop, &q, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	fetch_wait(loop, &f);
	carry_forget_connections(carry);
	fetch_start(carry, &g, get_x, port);
	peer_close(&q);
	q = peer_accept(loop, listening);
	peer_hear(loop, &q, "\r\n\r\n");
	peer_say(loop, &q, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	fetch_wait(loop, &g);
	assert_int_equal(kept.done, 0);
	peer_say(loop, &p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	fetch_wait(loop, &kept);
	assert_int_equal(kept.outcome, CARRIED_HERE);
	peer_hear_end(loop, &p); /* the old engine is gone, and its connections with it */
	fetch_finish(&f);
	fetch_finish(&g);
	fetch_finish(&kept);
	peer_close(&p);
	peer_close(&q);
}

/* done may start the next one, or cancel another. */
static struct fetch chained;
static int left_to_chain;

static void on_chained(void *arg, const struct carry_reply *reply)
{
	struct carry_request r = { .method = "GET", .url = arg, .http_allowed = true };

	assert_int_equal(reply->outcome, CARRIED_HERE);
	if (--left_to_chain > 0)
		carry_start(carry, &r, on_chained, arg);
	else
		carry_cancel(chained.transfer);
}

static void done_may_start_and_cancel(void **state)
{
	char url[64];
	struct carry_request r = { .method = "GET", .http_allowed = true, .url = url };
	struct peer p, q;

	(void)state;
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
	q = hear_request(&chained, post_x);
	left_to_chain = 5;
	carry_start(carry, &r, on_chained, url);
	for (int i = 0; i < 5; i++) {
		p = peer_accept(loop, listening); /* not repeatable and bare: a connection for each */
		peer_hear(loop, &p, "\r\n\r\n");
		peer_say(loop, &p, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
		turn_idle(loop);
		peer_close(&p);
	}
	fetch_wait(loop, &chained);
	assert_int_equal(left_to_chain, 0);
	assert_int_equal(chained.outcome, CARRIED_LOST);
	fetch_finish(&chained);
	peer_close(&q);
}

/* ---- URLs ---- */

static void an_origin_is_scheme_host_and_unusual_port(void **state)
{
	static const char *const cases[][2] = {
		{ "https://shop.example/a?b", "https://shop.example" },
		{ "https://shop.example:8443/a", "https://shop.example:8443" },
		{ "HTTPS://Shop.EXAMPLE:443", "https://shop.example" },
		{ "http://shop.example:80/", "http://shop.example" },
		{ "http://shop.example:443/", "http://shop.example:443" },
		{ "https://[2001:DB8::1]:444/x", "https://[2001:db8::1]:444" },
		{ "https://user@shop.example/", NULL },
		{ "https://sh\xc3\xb6p.example/", NULL },
		{ "shop.example", NULL },
		{ "ftp://shop.example/", NULL },
		{ "https://", NULL },
		{ "https:///x", NULL },
		{ "//shop.example/", NULL },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool found = url_origin(cases[i][0], out, sizeof out);

		if (found != (cases[i][1] != NULL))
			fail_msg("%s", cases[i][0]);
		if (found)
			assert_string_equal(out, cases[i][1]);
	}
	assert_false(url_origin("https://shop.example/", out, strlen("https://shop.example")));
	assert_true(url_origin("https://shop.example/", out, strlen("https://shop.example") + 1));
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, ground_start, ground_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(private_addresses_are_refused_before_a_connect),
		PROMISE(a_refused_address_sees_no_connect),
		PROMISE(what_is_allowed_is_reached),
		PROMISE(a_list_that_is_none_is_refused_with_its_entry),
		PROMISE(a_proxy_in_the_environment_is_not_used),
		PROMISE(a_remote_that_never_answers_is_lost_after_total_ms),
		PROMISE(a_reply_that_came_while_the_machine_slept_is_read),
		PROMISE(total_ms_is_two_minutes_unless_said),
		PROMISE(no_connection_in_time_is_never_sent),
		PROMISE(a_silent_tls_peer_is_never_sent),
		PROMISE(a_reply_that_trickles_is_lost),
		PROMISE(a_remote_that_thinks_is_not_slow),
		PROMISE(a_remote_that_does_not_take_the_body_is_lost),
		PROMISE(a_cancelled_one_ends_in_the_next_turn),
		PROMISE(destroying_ends_all_of_them_at_once),
		PROMISE(one_place_does_not_hold_up_another),
		PROMISE(what_waits_too_long_for_its_turn_is_never_sent),
		PROMISE(forgotten_connections_are_not_used_again),
		PROMISE(done_may_start_and_cancel),
		PROMISE(an_origin_is_scheme_host_and_unusual_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
