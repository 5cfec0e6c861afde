/* tls.c - TLS as an engine: bytes in, bytes out, no sockets. */
#include "net/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Sessions that may be resumed.  They are kept here, not in tickets: no ticket key to rotate. */
#define SESSIONS_MAX 1024

struct tls_conf {
	SSL_CTX *ctx; /* OpenSSL counts the engines that use it */
};

/* The engine's BIO reads from the bytes at hand and writes to the caller's buffer: nothing is kept
 * for an idle connection but OpenSSL's own state. */
struct tls {
	SSL *ssl;
	enum tls_state state;
	const char *in;
	size_t in_len;
	struct buf *out;
};

static int bio_read(BIO *bio, char *to, int size)
{
	struct tls *t = BIO_get_data(bio);
	size_t len = size < 0 ? 0 : (size_t)size;

	BIO_clear_retry_flags(bio);
	if (len > t->in_len)
		len = t->in_len;
	if (len == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(to, t->in, len);
	t->in += len;
	t->in_len -= len;
	return (int)len;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
	struct tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (len < 0 || !t->out || !buf_add(t->out, bytes, (size_t)len))
		return -1;
	return len;
}

static long bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return what == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *method;

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bytes at hand");
		must(method);
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_ctrl(method, bio_ctrl);
		BIO_meth_set_create(method, bio_create);
	}
	return method;
}

static const char *reason(void)
{
	unsigned long code = ERR_peek_error();
	const char *text = ERR_reason_error_string(code);

	if (ERR_SYSTEM_ERROR(code))
		return strerror(ERR_GET_REASON(code));
	return text ? text : "OpenSSL gives no reason";
}

/* HTTP/1.1 is all we speak; a peer that offers none of ours is served it all the same. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl, (void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

int64_t tls_conf_ends_ms(const struct tls_conf *c, int64_t *life_ms)
{
	const X509 *cert = SSL_CTX_get0_certificate(c->ctx);
	struct tm first, last;

	if (!cert || !ASN1_TIME_to_tm(X509_get0_notBefore(cert), &first) ||
		!ASN1_TIME_to_tm(X509_get0_notAfter(cert), &last))
		return 0;
	*life_ms = (int64_t)(timegm(&last) - timegm(&first)) * 1000;
	return (int64_t)timegm(&last) * 1000;
}

/* A key that is locked by a passphrase is refused: nobody is there to type it. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out, (void)size, (void)writing, (void)arg;
	return -1;
}

static void set_rules(SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
		SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
		SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"mlc", 3);
	SSL_CTX_sess_set_cache_size(ctx, SESSIONS_MAX);
}

struct tls_conf *tls_conf_create(const char *cert_path, const char *key_path, struct err *e)
{
	struct tls_conf *conf = xcalloc(1, sizeof *conf);

	ERR_clear_error();
	conf->ctx = SSL_CTX_new(TLS_server_method());
	must(conf->ctx);
	set_rules(conf->ctx);
	if (SSL_CTX_use_certificate_chain_file(conf->ctx, cert_path) != 1)
		err_set(e, ERR_INPUT, "certificate %s: %s", cert_path, reason());
	else if (SSL_CTX_use_PrivateKey_file(conf->ctx, key_path, SSL_FILETYPE_PEM) != 1)
		err_set(e, ERR_INPUT, "key %s: %s", key_path, reason());
	else if (SSL_CTX_check_private_key(conf->ctx) != 1)
		err_set(e, ERR_INPUT, "key %s does not belong to certificate %s", key_path, cert_path);
	else
		return conf;
	ERR_clear_error();
	tls_conf_release(conf);
	return NULL;
}

void tls_conf_release(struct tls_conf *conf)
{
	if (!conf)
		return;
	SSL_CTX_free(conf->ctx);
	free(conf);
}

struct tls *tls_create(struct tls_conf *conf)
{
	struct tls *t = xcalloc(1, sizeof *t);
	BIO *bio = BIO_new(bio_method());

	t->ssl = SSL_new(conf->ctx);
	must(t->ssl && bio);
	BIO_set_data(bio, t);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_accept_state(t->ssl);
	t->state = TLS_HANDSHAKE;
	return t;
}

void tls_destroy(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	free(t);
}

/* What OpenSSL says after a turn that did not give what was wanted. */
static void judge(struct tls *t, int returned)
{
	switch (SSL_get_error(t->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_ZERO_RETURN:
		t->state = TLS_CLOSED;
		break;
	default:
		t->state = TLS_FAILED;
	}
}

static void shake_hands(struct tls *t)
{
	int r;

	ERR_clear_error();
	r = SSL_do_handshake(t->ssl);
	if (r == 1)
		t->state = TLS_OPEN;
	else
		judge(t, r);
}

static void read_records(struct tls *t, struct buf *plain)
{
	char bytes[16 * 1024];
	size_t len;

	while (t->state == TLS_OPEN) {
		ERR_clear_error();
		int r = SSL_read_ex(t->ssl, bytes, sizeof bytes, &len);

		if (r != 1) {
			judge(t, r);
			return;
		}
		if (!buf_add(plain, bytes, len))
			t->state = TLS_FAILED;
	}
}

enum tls_state tls_read(struct tls *t, const char *bytes, size_t len, struct buf *plain, struct buf *wire)
{
	t->in = bytes;
	t->in_len = len;
	t->out = wire;
	if (t->state == TLS_HANDSHAKE)
		shake_hands(t);
	if (t->state == TLS_OPEN)
		read_records(t, plain);
	t->in = NULL;
	t->in_len = 0;
	t->out = NULL;
	return t->state;
}

enum tls_state tls_write(struct tls *t, const char *plain, size_t len, struct buf *wire)
{
	size_t wrote;

	t->out = wire;
	while (len > 0 && (t->state == TLS_OPEN || t->state == TLS_CLOSED)) {
		ERR_clear_error();
		if (SSL_write_ex(t->ssl, plain, len, &wrote) != 1) {
			t->state = TLS_FAILED;
			break;
		}
		plain += wrote;
		len -= wrote;
	}
	t->out = NULL;
	return t->state;
}

void tls_shutdown(struct tls *t, struct buf *wire)
{
	t->out = wire;
	ERR_clear_error();
	if (t->state == TLS_OPEN || t->state == TLS_CLOSED)
		SSL_shutdown(t->ssl);
	t->out = NULL;
}
