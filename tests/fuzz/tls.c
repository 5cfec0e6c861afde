/* tls.c - whatever a peer sends into the TLS engine: plain text comes out as it went in, or not at all.
 *
 * The first byte chooses: even, the rest are raw bytes from the wire; odd, an honest client shakes
 * hands first, then says the rest, and one byte of its records may be changed on the way. */
#include "net/tls.h"

#include "../unit/net/certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct tls_conf *conf;
static SSL_CTX *client_ctx;

static void start_once(void)
{
	char dir[] = "/tmp/mlc-fuzz-XXXXXX", cert[64], key[64];

	if (conf)
		return;
	if (!mkdtemp(dir))
		abort();
	make_certificate(dir, "fuzz");
	snprintf(cert, sizeof cert, "%s/fuzz.pem", dir);
	snprintf(key, sizeof key, "%s/fuzz.key", dir);
	conf = tls_conf_create(cert, key, NULL);
	client_ctx = SSL_CTX_new(TLS_client_method());
	if (!conf || !client_ctx)
		abort();
	unlink(cert);
	unlink(key);
	rmdir(dir);
}

static void raw(const uint8_t *bytes, size_t len)
{
	struct tls *t = tls_create(conf);
	struct buf plain, wire;
	size_t piece = len ? 1 + bytes[0] : 1;

	buf_init(&plain, 256 * 1024);
	buf_init(&wire, 256 * 1024);
	for (size_t at = 0; at < len; at += piece)
		tls_read(t, (const char *)bytes + at, len - at < piece ? len - at : piece, &plain, &wire);
	if (plain.len > 0) /* nobody guesses the keys */
		abort();
	tls_write(t, "x", 1, &wire);
	tls_shutdown(t, &wire);
	tls_destroy(t);
	buf_finish(&plain);
	buf_finish(&wire);
}

/* What the client has to send, into out. */
static void take_from(SSL *client, struct buf *out)
{
	char *bytes;
	long len = BIO_get_mem_data(SSL_get_wbio(client), &bytes);

	buf_add(out, bytes, (size_t)len);
	(void)BIO_reset(SSL_get_wbio(client));
}

static void shake_hands(SSL *client, struct tls *t, struct buf *plain)
{
	struct buf there, back;

	buf_init(&there, 256 * 1024);
	buf_init(&back, 256 * 1024);
	for (int round = 0; round < 4; round++) {
		ERR_clear_error();
		SSL_do_handshake(client);
		take_from(client, &there);
		tls_read(t, there.data, there.len, plain, &back);
		BIO_write(SSL_get_rbio(client), back.data, (int)back.len);
		buf_clear(&there);
		buf_clear(&back);
	}
	if (!SSL_is_init_finished(client))
		abort();
	buf_finish(&there);
	buf_finish(&back);
}

static void honest(uint8_t change, uint8_t cut, const uint8_t *said, size_t len)
{
	SSL *client = SSL_new(client_ctx);
	struct tls *t = tls_create(conf);
	struct buf plain, wire, back;
	enum tls_state state = TLS_OPEN;
	size_t piece = 1 + cut;

	buf_init(&plain, 256 * 1024);
	buf_init(&wire, 256 * 1024);
	buf_init(&back, 256 * 1024);
	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(client);
	shake_hands(client, t, &plain);
	if (SSL_write(client, said, (int)len) != (int)len)
		abort();
	take_from(client, &wire);
	if (change)
		wire.data[change % wire.len] ^= (char)change;
	for (size_t at = 0; at < wire.len; at += piece)
		state = tls_read(t, wire.data + at, wire.len - at < piece ? wire.len - at : piece, &plain, &back);
	if (!change && (state != TLS_OPEN || plain.len != len || memcmp(plain.data, said, len) != 0))
		abort();
	if (plain.len > len || memcmp(plain.data, said, plain.len) != 0)
		abort();
	tls_shutdown(t, &back);
	tls_destroy(t);
	SSL_free(client);
	buf_finish(&plain);
	buf_finish(&wire);
	buf_finish(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	start_once();
	if (len > 0 && bytes[0] % 2 == 0)
		raw(bytes + 1, len - 1);
	else if (len > 3)
		honest(bytes[1], bytes[2], bytes + 3, len - 3);
	ERR_clear_error();
	return 0;
}
