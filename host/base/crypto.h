/* crypto.h - the one door to libsodium and libcrypto: digests, signatures, sealed secrets, randomness. */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_HEX_SIZE 65 /* with its NUL */

/* Once, before anything here; also turns core dumps off (no core is ever written). */
int crypto_init(struct err *);

void sha256(const void *bytes, size_t len, unsigned char out[SHA256_SIZE]);
void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX_SIZE]);
/* BLAKE2b-256: as strong, a quarter of the cost.  For what only we compare. */
#define BLAKE2B_SIZE 32
void blake2b(const void *bytes, size_t len, unsigned char out[BLAKE2B_SIZE]);
void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char out[SHA256_SIZE]);

/* out has room for 2 * len + 1. */
void hex_text(const unsigned char *bytes, size_t len, char *out);
bool hex_bytes(const char *text, size_t text_len, unsigned char *out); /* text_len / 2 bytes */
/* Standard base64 with padding; caller frees.  decode: NULL when it is none. */
char *base64_text(const void *bytes, size_t len);
unsigned char *base64_bytes(const char *text, size_t text_len, size_t *len);

/* Constant time in the length of b; lengths may differ. */
bool same_bytes(const void *a, size_t a_len, const void *b, size_t b_len);
void random_bytes(void *out, size_t len);
void random_hex(char *out, size_t digits); /* digits even; writes digits + 1 */

/* A text that no logger can print: only the functions here see inside, and it is wiped when
 * destroyed.  There is no printer, on purpose. */
struct secret;
struct secret *secret_create(const void *bytes, size_t len);
void secret_destroy(struct secret *);
const char *secret_bytes(const struct secret *, size_t *len); /* NUL-terminated; do not keep */
void wipe(void *bytes, size_t len);

/* The master key, and what is sealed with it.  Format of a sealed record: version(1), key id(8),
 * nonce(24), wrapped data key(48), nonce(24), ciphertext + tag; XChaCha20-Poly1305; both layers are
 * bound to aad ("tenant|connection|name|version"), so that rows cannot be swapped. */
struct master_key;
/* From $CREDENTIALS_DIRECTORY/mlc-master-key, else the file at path: 32 bytes as 64 hex digits,
 * mode 0400 or 0600 and ours; anything else is refused with a sentence. */
struct master_key *master_key_load(const char *path, struct err *);
struct master_key *master_key_read(const char *path, struct err *); /* from that file, whatever systemd gives */
int master_key_make(const char *path, struct err *); /* a new file, mode 0400; never overwrites */
void master_key_destroy(struct master_key *);
const char *master_key_id(const struct master_key *); /* 16 hex digits */
/* Caller frees *out. */
int seal(const struct master_key *, const char *aad, const void *bytes, size_t len,
	unsigned char **out, size_t *out_len, struct err *);
int unseal(const struct master_key *, const char *aad, const unsigned char *sealed, size_t len,
	struct secret **out, struct err *);
/* The same sealed record under another master key; the secret itself is not opened. */
int reseal(const struct master_key *from, const struct master_key *to, const char *aad,
	const unsigned char *sealed, size_t len, unsigned char **out, size_t *out_len, struct err *);

#endif
