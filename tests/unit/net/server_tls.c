/* server_tls.c - the same server behind TLS; a client of OpenSSL's own is the judge. */
#include "certificate.h"
#include "echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct echo echo;
static char *dir, *cert, *key;

static int start(void **state)
{
	(void)state;
	dir = test_dir();
	make_certificate(dir, "one");
	cert = xformat("%s/one.pem", dir);
	key = xformat("%s/one.key", dir);
	echo_start(&echo, NULL);
	echo_listen(&echo, cert, key);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	echo_stop(&echo);
	remove_dir(dir);
	free(cert);
	free(key);
	return 0;
}

struct client {
	struct peer peer;
	SSL_CTX *ctx;
	SSL *ssl;
	struct buf got;
	bool ended; /* with a good-bye */
	bool failed;
};

static struct client client_open(const char *alpn, int version)
{
	struct client c = { .peer = peer_connect(echo.port), .ctx = SSL_CTX_new(TLS_client_method()) };

	assert_non_null(c.ctx);
	SSL_CTX_set_max_proto_version(c.ctx, version);
	SSL_CTX_set_min_proto_version(c.ctx, version == TLS1_1_VERSION ? TLS1_VERSION : version);
	SSL_CTX_set_cipher_list(c.ctx, "DEFAULT@SECLEVEL=0"); /* so that our old offers do go out */
	c.ssl = SSL_new(c.ctx);
	SSL_set_fd(c.ssl, c.peer.fd);
	if (alpn)
		SSL_set_alpn_protos(c.ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	buf_init(&c.got, (size_t)64 << 20);
	return c;
}

static void client_close(struct client *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	buf_finish(&c->got);
	peer_close(&c->peer);
}

static bool has_shaken(void *arg)
{
	struct client *c = arg;
	int r = SSL_connect(c->ssl), e = SSL_get_error(c->ssl, r);

	c->failed = r != 1 && e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE;
	return r == 1 || c->failed;
}

static bool shake(struct client *c)
{
	ERR_clear_error();
	turn_until(echo.loop, has_shaken, c);
	return !c->failed;
}

struct telling {
	struct client *c;
	const char *at;
	size_t left;
};

static bool has_told(void *arg)
{
	struct telling *t = arg;
	int r = SSL_write(t->c->ssl, t->at, (int)t->left);

	if (r > 0) {
		t->at += r;
		t->left -= (size_t)r;
	}
	return t->left == 0;
}

static void client_say(struct client *c, const char *text)
{
	struct telling t = { c, text, strlen(text) };

	SSL_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	turn_until(echo.loop, has_told, &t);
}

struct listening {
	struct client *c;
	const char *text; /* NULL: the end */
};

static bool has_heard(void *arg)
{
	struct listening *l = arg;
	char bytes[16384];
	int r;

	while ((r = SSL_read(l->c->ssl, bytes, sizeof bytes)) > 0)
		buf_add(&l->c->got, bytes, (size_t)r);
	switch (SSL_get_error(l->c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_ZERO_RETURN:
		l->c->ended = true;
		break;
	default:
		l->c->failed = true;
	}
	return (l->text && memmem(l->c->got.data, l->c->got.len, l->text, strlen(l->text))) || l->c->ended ||
		l->c->failed;
}

static void client_hear(struct client *c, const char *text)
{
	struct listening l = { c, text };

	turn_until(echo.loop, has_heard, &l);
	if (text)
		assert_non_null(memmem(c->got.data, c->got.len, text, strlen(text)));
}

static void both_versions_are_spoken_and_http_1_1_chosen(void **state)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct client c = client_open("\x02h2\x08http/1.1", versions[i]);
		const unsigned char *alpn;
		unsigned len;

		assert_true(shake(&c));
		SSL_get0_alpn_selected(c.ssl, &alpn, &len);
		assert_int_equal(len, 8);
		assert_memory_equal(alpn, "http/1.1", 8);
		client_say(&c, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
		client_hear(&c, "\r\n\r\nhello");
		client_say(&c, "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
		client_hear(&c, "Content-Length: 0\r\n");
		assert_string_equal(echo.seen, "GET /b ? - 0 127.0.0.1");
		client_close(&c);
	}
}

static void old_versions_are_not(void **state)
{
	struct client c = client_open(NULL, TLS1_1_VERSION);

	(void)state;
	assert_false(shake(&c));
	client_close(&c);
}

static bool has_renegotiated(void *arg)
{
	struct client *c = arg;
	int r = SSL_do_handshake(c->ssl), e = SSL_get_error(c->ssl, r);

	c->failed = r != 1 && e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE;
	return c->failed || (r == 1 && !SSL_renegotiate_pending(c->ssl));
}

static void renegotiation_is_refused(void **state)
{
	struct client c = client_open(NULL, TLS1_2_VERSION);

	(void)state;
	assert_true(shake(&c));
	assert_int_equal(SSL_renegotiate(c.ssl), 1);
	turn_until(echo.loop, has_renegotiated, &c);
	assert_true(c.failed); /* OpenSSL's client takes our "no" for the end */
	client_close(&c);
}

static void large_bodies_go_both_ways(void **state)
{
	size_t len = 5 << 20;
	struct client c = client_open(NULL, TLS1_3_VERSION);
	char *text = xcalloc(1, len + 100);
	int head = snprintf(text, 100, "POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", len);

	(void)state;
	for (size_t i = 0; i < len; i++)
		text[(size_t)head + i] = (char)('a' + i % 23);
	assert_true(shake(&c));
	client_say(&c, text);
	client_hear(&c, text + head);
	free(text);
	client_close(&c);
}

static void pipelined_requests_in_one_record_are_answered_in_turn(void **state)
{
	struct client c = client_open(NULL, TLS1_3_VERSION);

	(void)state;
	assert_true(shake(&c));
	client_say(&c, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
		"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\ntwo"
		"POST /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nthree");
	client_hear(&c, NULL);
	assert_true(c.ended); /* with a good-bye, so that a cut is seen as one */
	assert_true(strstr(c.got.data, "one") < strstr(c.got.data, "two"));
	assert_true(strstr(c.got.data, "two") < strstr(c.got.data, "three"));
	client_close(&c);
}

static bool has_kept(void *arg)
{
	(void)arg;
	return echo.kept_count > 0;
}

static void an_answer_may_come_later(void **state)
{
	struct client c = client_open(NULL, TLS1_3_VERSION);

	(void)state;
	assert_true(shake(&c));
	client_say(&c, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
	turn_until(echo.loop, has_kept, NULL);
	assert_true(inbound_is_tls(echo.kept[0]));
	inbound_answer(echo.kept[0], 200, "text/plain", "later", 5, NULL);
	client_hear(&c, "later");
	client_close(&c);
}

static void a_good_bye_ends_it(void **state)
{
	struct client c = client_open(NULL, TLS1_3_VERSION);

	(void)state;
	assert_true(shake(&c));
	client_say(&c, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
	client_hear(&c, "HTTP/1.1 200 OK");
	SSL_shutdown(c.ssl);
	turn_idle(echo.loop);
	assert_int_equal(echo_counts(&echo).open, 0);
	client_close(&c);
}

static void plain_http_and_rubbish_are_closed(void **state)
{
	static const char *const texts[] = { "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "\x16\x03\x01\xff\xff rubbish" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct peer p = peer_connect(echo.port);

		peer_say(echo.loop, &p, texts[i]);
		peer_hear_end(echo.loop, &p);
		assert_null(strstr(p.got.data, "HTTP/1.1 200"));
		peer_close(&p);
	}
	assert_int_equal(echo.requests, 0);
	turn_idle(echo.loop);
	assert_int_equal(echo_counts(&echo).open, 0);
}

/* The deadline of the head holds for the handshake too. */
static void a_handshake_that_stalls_is_closed_after_10_s(void **state)
{
	struct peer p = peer_connect(echo.port);

	(void)state;
	peer_send(echo.loop, &p, "\x16\x03\x01", 3);
	turn_idle(echo.loop);
	jump(echo.loop, 9900);
	assert_true(peer_is_silent(echo.loop, &p));
	jump(echo.loop, 200);
	peer_hear_end(echo.loop, &p);
	assert_int_equal(echo_counts(&echo).timed_out, 1);
	peer_close(&p);
}

static void a_reset_in_the_middle_is_survived(void **state)
{
	(void)state;
	for (int bytes = 1; bytes < 300; bytes += 7) {
		struct peer p = peer_connect(echo.port);
		char hello[300] = "\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03";

		peer_send(echo.loop, &p, hello, (size_t)bytes);
		turn_idle(echo.loop);
		peer_reset(&p);
		turn_idle(echo.loop);
	}
	assert_int_equal(echo_counts(&echo).open, 0);
}

static void subject_of(struct client *c, char *out, int size)
{
	X509 *x = SSL_get1_peer_certificate(c->ssl);

	assert_non_null(x);
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, out, size);
	X509_free(x);
}

static void copy_file(const char *from, const char *to)
{
	char *bytes = xcalloc(1, 65536);
	FILE *f = fopen(from, "r");
	size_t len = fread(bytes, 1, 65536, f);

	fclose(f);
	f = fopen(to, "w");
	fwrite(bytes, 1, len, f);
	fclose(f);
	free(bytes);
}

static void a_reload_serves_the_new_certificate_to_new_connections(void **state)
{
	struct client old = client_open(NULL, TLS1_3_VERSION), new;
	char *other_cert = xformat("%s/two.pem", dir), *other_key = xformat("%s/two.key", dir), name[32];

	(void)state;
	assert_true(shake(&old));
	make_certificate(dir, "two");
	copy_file(other_cert, cert);
	copy_file(other_key, key);
	assert_int_equal(server_reload_tls(echo.server, NULL), 0);
	new = client_open(NULL, TLS1_3_VERSION);
	assert_true(shake(&new));
	subject_of(&new, name, sizeof name);
	assert_string_equal(name, "two");
	client_say(&old, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"); /* the open one goes on under the old */
	client_hear(&old, "HTTP/1.1 200 OK");
	subject_of(&old, name, sizeof name);
	assert_string_equal(name, "one");
	client_close(&old);
	client_close(&new);
	free(other_cert);
	free(other_key);
}

static void it_is_known_when_the_certificate_ends(void **state)
{
	int64_t life_ms = 0, now = (int64_t)time(NULL) * 1000, ends = server_certificate_ends_ms(echo.server, &life_ms);

	(void)state;
	assert_in_range(ends - now, 86000000, 86400000);
	assert_in_range(life_ms, 86400000, 2 * 86400000);
}

static void a_broken_certificate_is_refused_and_the_old_one_serves_on(void **state)
{
	char *other_key = xformat("%s/two.key", dir), name[32];

	(void)state;
	make_certificate(dir, "two");
	for (int broken = 0; broken < 4; broken++) {
		struct client c;
		struct err e = { 0 };

		if (broken == 0)
			copy_file(other_key, key); /* of another certificate */
		else if (broken == 1)
			copy_file("/dev/null", cert);
		else if (broken == 2)
			copy_file(key, cert); /* a PEM, but no certificate */
		else
			unlink(cert);
		assert_int_equal(server_reload_tls(echo.server, &e), ERR_INPUT);
		assert_non_null(strstr(e.text, broken == 0 ? key : cert));
		c = client_open(NULL, TLS1_3_VERSION);
		assert_true(shake(&c));
		subject_of(&c, name, sizeof name);
		assert_string_equal(name, "one");
		client_close(&c);
	}
	free(other_key);
}

static void a_listener_without_a_good_certificate_does_not_start(void **state)
{
	struct err e = { 0 };
	int port;

	(void)state;
	assert_int_equal(server_listen_tcp(echo.server, "127.0.0.1", 0, "/nowhere.pem", key, &port, &e), ERR_INPUT);
	assert_non_null(strstr(e.text, "/nowhere.pem: No such file"));
	assert_non_null(strstr(e.text, "listen 127.0.0.1:0: "));
	memset(&e, 0, sizeof e);
	assert_int_equal(server_listen_tcp(echo.server, "127.0.0.1", 0, cert, NULL, &port, &e), ERR_INPUT);
	assert_non_null(strstr(e.text, "go together"));
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(both_versions_are_spoken_and_http_1_1_chosen),
		PROMISE(old_versions_are_not),
		PROMISE(renegotiation_is_refused),
		PROMISE(large_bodies_go_both_ways),
		PROMISE(pipelined_requests_in_one_record_are_answered_in_turn),
		PROMISE(an_answer_may_come_later),
		PROMISE(a_good_bye_ends_it),
		PROMISE(plain_http_and_rubbish_are_closed),
		PROMISE(a_handshake_that_stalls_is_closed_after_10_s),
		PROMISE(a_reset_in_the_middle_is_survived),
		PROMISE(a_reload_serves_the_new_certificate_to_new_connections),
		PROMISE(it_is_known_when_the_certificate_ends),
		PROMISE(a_broken_certificate_is_refused_and_the_old_one_serves_on),
		PROMISE(a_listener_without_a_good_certificate_does_not_start),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
