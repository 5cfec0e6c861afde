/* crypto.c - the one door to libsodium: digests, signatures, sealed secrets, randomness.  SHA-256 is libcrypto's,
 * which uses what the processor has for it: a webhook's signature costs a fifth. */
#include "crypto.h"

#include "file.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

int crypto_init(struct err *e)
{
	struct rlimit none = { 0, 0 };
	unsigned char digest[SHA256_SIZE];

	if (sodium_init() < 0)
		return err_set(e, ERR_SYSTEM, "libsodium does not start");
	sha256("", 0, digest); /* libcrypto reads its configuration at its first use: before a wall forbids files */
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_set(e, ERR_SYSTEM, "core dumps cannot be turned off: %s", strerror(errno));
	/* LeakSanitizer attaches to its own process, which this would forbid. */
	if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, ERR_SYSTEM, "core dumps cannot be turned off: %s", strerror(errno));
	return 0;
}

/* ---- digests ----------------------------------------------------------------------- */

void sha256(const void *bytes, size_t len, unsigned char out[SHA256_SIZE])
{
	if (!EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL))
		abort(); /* out of memory, as xmalloc() */
}

void sha256_hex(const void *bytes, size_t len, char out[SHA256_HEX_SIZE])
{
	unsigned char digest[SHA256_SIZE];

	sha256(bytes, len, digest);
	hex_text(digest, sizeof digest, out);
}

void blake2b(const void *bytes, size_t len, unsigned char out[BLAKE2B_SIZE])
{
	crypto_generichash(out, BLAKE2B_SIZE, bytes, len, NULL, 0);
}

void hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
	unsigned char out[SHA256_SIZE])
{
	if (key_len > INT_MAX || !HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out, NULL))
		abort();
}

/* ---- text of bytes ------------------------------------------------------------------ */

void hex_text(const unsigned char *bytes, size_t len, char *out)
{
	sodium_bin2hex(out, len * 2 + 1, bytes, len);
}

bool hex_bytes(const char *text, size_t text_len, unsigned char *out)
{
	size_t len;
	const char *end;

	if (text_len % 2 != 0)
		return false;
	return sodium_hex2bin(out, text_len / 2, text, text_len, NULL, &len, &end) == 0
		&& end == text + text_len;
}

char *base64_text(const void *bytes, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *text = xcalloc(1, size);

	sodium_bin2base64(text, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
	return text;
}

unsigned char *base64_bytes(const char *text, size_t text_len, size_t *len)
{
	unsigned char *bytes = xcalloc(1, text_len / 4 * 3 + 1);
	const char *end;

	if (text_len % 4 == 0
		&& sodium_base642bin(bytes, text_len / 4 * 3, text, text_len, NULL, len, &end,
			sodium_base64_VARIANT_ORIGINAL) == 0
		&& end == text + text_len)
		return bytes;
	free(bytes);
	return NULL;
}

bool same_bytes(const void *a, size_t a_len, const void *b, size_t b_len)
{
	/* With another length b is compared with itself: it takes as long, and then it is no. */
	bool equal = sodium_memcmp(a_len == b_len ? a : b, b, b_len) == 0;

	return equal && a_len == b_len;
}

void random_bytes(void *out, size_t len)
{
	randombytes_buf(out, len);
}

void random_hex(char *out, size_t digits)
{
	unsigned char bytes[64];

	must(digits % 2 == 0 && digits / 2 <= sizeof bytes);
	randombytes_buf(bytes, digits / 2);
	hex_text(bytes, digits / 2, out);
	wipe(bytes, sizeof bytes);
}

/* ---- secrets ------------------------------------------------------------------------ */

struct secret {
	size_t len;
	char bytes[]; /* and a NUL */
};

struct secret *secret_create(const void *bytes, size_t len)
{
	struct secret *s = xcalloc(1, sizeof *s + len + 1);

	s->len = len;
	if (len > 0)
		memcpy(s->bytes, bytes, len);
	return s;
}

void secret_destroy(struct secret *s)
{
	if (!s)
		return;
	wipe(s->bytes, s->len);
	free(s);
}

const char *secret_bytes(const struct secret *s, size_t *len)
{
	if (len)
		*len = s->len;
	return s->bytes;
}

void wipe(void *bytes, size_t len)
{
	sodium_memzero(bytes, len);
}

/* ---- the master key ----------------------------------------------------------------- */

#define KEY_SIZE    crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE    crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ID_SIZE     8
#define KEY_HEX_LEN ((size_t)KEY_SIZE * 2)
#define CREDENTIAL  "mlc-master-key"

struct master_key {
	unsigned char key[KEY_SIZE];
	unsigned char id[ID_SIZE];
	char id_text[ID_SIZE * 2 + 1];
};

/* Guarded pages: never swapped, wiped when freed. */
static struct master_key *master_key_of(const unsigned char key[KEY_SIZE])
{
	static const char domain[] = "mlc master key id";
	unsigned char digest[SHA256_SIZE];
	unsigned char named[sizeof domain + KEY_SIZE];
	struct master_key *m = sodium_malloc(sizeof *m);

	must(m != NULL);
	memcpy(m->key, key, KEY_SIZE);
	memcpy(named, domain, sizeof domain);
	memcpy(named + sizeof domain, key, KEY_SIZE);
	sha256(named, sizeof named, digest);
	wipe(named, sizeof named);
	memcpy(m->id, digest, ID_SIZE);
	hex_text(m->id, ID_SIZE, m->id_text);
	sodium_mprotect_readonly(m);
	return m;
}

/* systemd keeps its credentials itself, and shows them with modes of its own. */
static int file_is_private(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_REFUSED, "%s: the master key must be a plain file", path);
	if (st.st_mode & 077)
		return err_set(e, ERR_REFUSED,
			"%s: others may read the master key (mode %04o); chmod 0400 it", path,
			(unsigned)st.st_mode & 07777);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_REFUSED,
			"%s: the master key belongs to user %u, and this is user %u; chown it", path,
			(unsigned)st.st_uid, (unsigned)geteuid());
	return 0;
}

static int read_key(int fd, const char *path, unsigned char key[KEY_SIZE], struct err *e)
{
	char text[KEY_HEX_LEN + 2];
	size_t len = 0;
	ssize_t got;

	while (len < sizeof text && (got = read(fd, text + len, sizeof text - len)) > 0)
		len += (size_t)got;
	if (len == KEY_HEX_LEN + 1 && text[KEY_HEX_LEN] == '\n')
		len--;

	bool good = len == KEY_HEX_LEN && hex_bytes(text, len, key);
	wipe(text, sizeof text);
	if (!good)
		return err_set(e, ERR_INPUT, "%s: the master key must be %zu hex digits, nothing else",
			path, KEY_HEX_LEN);
	return 0;
}

static struct master_key *read_from(const char *path, bool may_be_others, struct err *e)
{
	unsigned char key[KEY_SIZE];
	struct master_key *m = NULL;

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		err_set(e, errno == ENOENT ? ERR_ABSENT : ERR_SYSTEM, "master key %s: %s", path,
			strerror(errno));
	else if ((may_be_others || file_is_private(fd, path, e) == 0) && read_key(fd, path, key, e) == 0)
		m = master_key_of(key);
	if (fd >= 0)
		close(fd);
	wipe(key, sizeof key);
	return m;
}

struct master_key *master_key_read(const char *path, struct err *e)
{
	return read_from(path, false, e);
}

struct master_key *master_key_load(const char *path, struct err *e)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *credential = folder ? xformat("%s/%s", folder, CREDENTIAL) : NULL;
	bool by_systemd = credential && file_exists(credential);
	struct master_key *m = by_systemd ? read_from(credential, true, e) : read_from(path, false, e);

	free(credential);
	return m;
}

int master_key_make(const char *path, struct err *e)
{
	unsigned char key[KEY_SIZE];
	char text[KEY_HEX_LEN + 2];
	int code = 0;

	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
	if (fd < 0)
		return err_set(e, errno == EEXIST ? ERR_REFUSED : ERR_SYSTEM,
			errno == EEXIST ? "%s: there is a master key already; it is never overwritten"
					: "master key %s cannot be made",
			path);

	randombytes_buf(key, sizeof key);
	hex_text(key, sizeof key, text);
	text[KEY_HEX_LEN] = '\n';
	if (write(fd, text, KEY_HEX_LEN + 1) != (ssize_t)KEY_HEX_LEN + 1 || fsync(fd) < 0) {
		code = err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
		unlink(path);
	}
	close(fd);
	wipe(key, sizeof key);
	wipe(text, sizeof text);
	return code;
}

void master_key_destroy(struct master_key *m)
{
	sodium_free(m);
}

const char *master_key_id(const struct master_key *m)
{
	return m->id_text;
}

/* ---- sealed records ------------------------------------------------------------------ */

#define SEAL_VERSION 1

/* Offsets of: version, key id, nonce, wrapped data key, nonce, ciphertext and tag. */
enum {
	AT_VERSION = 0,
	AT_ID = 1,
	AT_WRAP_NONCE = AT_ID + ID_SIZE,
	AT_WRAPPED = AT_WRAP_NONCE + (int)NONCE_SIZE,
	AT_NONCE = AT_WRAPPED + (int)KEY_SIZE + (int)TAG_SIZE,
	AT_CIPHER = AT_NONCE + (int)NONCE_SIZE,
	SEALED_MIN = AT_CIPHER + (int)TAG_SIZE
};

static void lock(unsigned char *out, const void *bytes, size_t len, const char *aad,
	const unsigned char *nonce, const unsigned char *key)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, bytes, len, (const unsigned char *)aad,
		strlen(aad), NULL, nonce, key);
}

static bool unlock(unsigned char *out, const unsigned char *cipher, size_t len, const char *aad,
	const unsigned char *nonce, const unsigned char *key)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, cipher, len,
		(const unsigned char *)aad, strlen(aad), nonce, key) == 0;
}

/* The head of a sealed record: who wrapped the data key, and the wrapped key. */
static void wrap(const struct master_key *m, const char *aad, const unsigned char data_key[KEY_SIZE],
	unsigned char *sealed)
{
	sealed[AT_VERSION] = SEAL_VERSION;
	memcpy(sealed + AT_ID, m->id, ID_SIZE);
	randombytes_buf(sealed + AT_WRAP_NONCE, NONCE_SIZE);
	lock(sealed + AT_WRAPPED, data_key, KEY_SIZE, aad, sealed + AT_WRAP_NONCE, m->key);
}

static int unwrap(const struct master_key *m, const char *aad, const unsigned char *sealed, size_t len,
	unsigned char data_key[KEY_SIZE], struct err *e)
{
	if (len < SEALED_MIN || sealed[AT_VERSION] != SEAL_VERSION)
		return err_set(e, ERR_DAMAGED, "a sealed secret is damaged: %s", aad);
	if (memcmp(sealed + AT_ID, m->id, ID_SIZE) != 0) {
		char other[ID_SIZE * 2 + 1];

		hex_text(sealed + AT_ID, ID_SIZE, other);
		return err_set(e, ERR_REFUSED,
			"secret %s is sealed with master key %s, and this is master key %s", aad,
			other, m->id_text);
	}
	if (!unlock(data_key, sealed + AT_WRAPPED, KEY_SIZE + TAG_SIZE, aad, sealed + AT_WRAP_NONCE,
		m->key))
		return err_set(e, ERR_DAMAGED, "a sealed secret is damaged: %s", aad);
	return 0;
}

int seal(const struct master_key *m, const char *aad, const void *bytes, size_t len,
	unsigned char **out, size_t *out_len, struct err *e)
{
	unsigned char data_key[KEY_SIZE];

	if (len > SIZE_MAX - SEALED_MIN)
		return err_set(e, ERR_LIMIT, "secret %s is too long", aad);

	unsigned char *sealed = xcalloc(1, SEALED_MIN + len);
	randombytes_buf(data_key, sizeof data_key);
	wrap(m, aad, data_key, sealed);
	randombytes_buf(sealed + AT_NONCE, NONCE_SIZE);
	lock(sealed + AT_CIPHER, bytes, len, aad, sealed + AT_NONCE, data_key);
	wipe(data_key, sizeof data_key);
	*out = sealed;
	*out_len = SEALED_MIN + len;
	return 0;
}

int unseal(const struct master_key *m, const char *aad, const unsigned char *sealed, size_t len,
	struct secret **out, struct err *e)
{
	unsigned char data_key[KEY_SIZE];
	int code = unwrap(m, aad, sealed, len, data_key, e);

	if (code < 0)
		return code;

	struct secret *s = xcalloc(1, sizeof *s + (len - SEALED_MIN) + 1);
	s->len = len - SEALED_MIN;
	if (!unlock((unsigned char *)s->bytes, sealed + AT_CIPHER, len - AT_CIPHER, aad,
		sealed + AT_NONCE, data_key)) {
		secret_destroy(s);
		s = NULL;
		code = err_set(e, ERR_DAMAGED, "a sealed secret is damaged: %s", aad);
	}
	wipe(data_key, sizeof data_key);
	if (s)
		*out = s;
	return code;
}

int reseal(const struct master_key *from, const struct master_key *to, const char *aad,
	const unsigned char *sealed, size_t len, unsigned char **out, size_t *out_len, struct err *e)
{
	unsigned char data_key[KEY_SIZE];
	int code = unwrap(from, aad, sealed, len, data_key, e);

	if (code < 0)
		return code;
	*out = xcalloc(1, len);
	*out_len = len;
	memcpy(*out, sealed, len);
	wrap(to, aad, data_key, *out);
	wipe(data_key, sizeof data_key);
	return 0;
}
