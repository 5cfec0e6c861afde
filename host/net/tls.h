/* tls.h - TLS as an engine: bytes in, bytes out, no sockets.  The one door to OpenSSL.
 *
 * We are the server.  TLS 1.2 and 1.3, no renegotiation, no compression, HTTP/1.1 by ALPN. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_conf; /* a certificate with its key; releasing it leaves the engines made from it alone */
/* NULL, and a sentence that names the file: when one cannot be read, is no PEM, is locked by a
 * passphrase, or when they do not belong together. */
struct tls_conf *tls_conf_create(const char *cert_path, const char *key_path, struct err *);
void tls_conf_release(struct tls_conf *);
/* The certificate's last moment, UTC; *life_ms: from its first on. */
int64_t tls_conf_ends_ms(const struct tls_conf *, int64_t *life_ms);

struct tls;
struct tls *tls_create(struct tls_conf *);
void tls_destroy(struct tls *);

/* CLOSED: the peer has said that it will send no more; it can still be written to.
 * FAILED is for ever; what is in wire should still be sent, it tells the peer why. */
enum tls_state { TLS_HANDSHAKE = 1, TLS_OPEN, TLS_CLOSED, TLS_FAILED };
/* Bytes from the peer; plain gets what they hold, wire what must be sent.  All bytes are taken.
 * A buffer's ceiling makes it FAILED: plain needs room for len and 16 KB. */
enum tls_state tls_read(struct tls *, const char *bytes, size_t len, struct buf *plain, struct buf *wire);
/* Only when it is OPEN or CLOSED; else nothing is written and the state returned. */
enum tls_state tls_write(struct tls *, const char *plain, size_t len, struct buf *wire);
void tls_shutdown(struct tls *, struct buf *wire); /* wire gets our good-bye */

#endif
