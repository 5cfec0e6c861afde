/* tls.h - TLS as an engine: bytes in, bytes out, no sockets.  The one door to OpenSSL. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct tls_conf; /* a certificate with its key; counted, so that a swap leaves open connections alone */
struct tls_conf *tls_conf_create(const char *cert_path, const char *key_path, struct err *);
void tls_conf_release(struct tls_conf *);

struct tls;
struct tls *tls_create(struct tls_conf *);
void tls_destroy(struct tls *);

enum tls_state { TLS_HANDSHAKE = 1, TLS_OPEN, TLS_CLOSED, TLS_FAILED };
/* Bytes from the peer; plain gets what they hold, wire what must be sent. */
enum tls_state tls_read(struct tls *, const char *bytes, size_t len, struct buf *plain, struct buf *wire);
enum tls_state tls_write(struct tls *, const char *plain, size_t len, struct buf *wire);
void tls_shutdown(struct tls *, struct buf *wire);

#endif
