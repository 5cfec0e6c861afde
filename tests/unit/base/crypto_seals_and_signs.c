/* crypto_seals_and_signs.c - known vectors, sealed secrets, and the master key's file. */
#include "check.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mlc-crypto-XXXXXX";

static int set_up(void **state)
{
	struct err e = { 0 };

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	return crypto_init(&e) || !mkdtemp(folder);
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

static char *path_of(const char *name)
{
	return xformat("%s/%s", folder, name);
}

static void no_core_is_ever_written(void **state)
{
	struct rlimit core;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
	assert_int_equal(core.rlim_cur, 0);
	assert_int_equal(core.rlim_max, 0);
}

static void digests_and_signatures_match_the_published_vectors(void **state)
{
	char hex[SHA256_HEX_SIZE];
	unsigned char digest[SHA256_SIZE], key[131];

	(void)state;
	/* FIPS 180-4, "abc". */
	sha256_hex("abc", 3, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	/* RFC 4231, cases 2 and 6 (a key longer than a block). */
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
	hex_text(digest, sizeof digest, hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, digest);
	hex_text(digest, sizeof digest, hex);
	assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void hex_and_base64_are_read_strictly(void **state)
{
	unsigned char bytes[8];
	size_t len;

	(void)state;
	assert_true(hex_bytes("00ffA1", 6, bytes));
	assert_memory_equal(bytes, "\x00\xff\xa1", 3);
	assert_false(hex_bytes("00f", 3, bytes));
	assert_false(hex_bytes("00fg", 4, bytes));
	assert_false(hex_bytes("00 f", 4, bytes));

	char *text = base64_text("\x00\xff\xfe", 3);
	assert_string_equal(text, "AP/+");
	free(text);
	unsigned char *back = base64_bytes("Zm9vYg==", 8, &len);
	assert_int_equal(len, 4);
	assert_memory_equal(back, "foob", 4);
	free(back);
	assert_null(base64_bytes("Zm9vYg", 6, &len));
	assert_null(base64_bytes("Zm9v Yg=", 8, &len));
	assert_null(base64_bytes("Zm9vYg=_", 8, &len));
	back = base64_bytes("", 0, &len);
	assert_non_null(back);
	assert_int_equal(len, 0);
	free(back);
}

static void bytes_are_the_same_only_when_all_are(void **state)
{
	(void)state;
	assert_true(same_bytes("abc", 3, "abc", 3));
	assert_false(same_bytes("abd", 3, "abc", 3));
	assert_false(same_bytes("ab", 2, "abc", 3));
	assert_false(same_bytes("abcd", 4, "abc", 3));
	assert_true(same_bytes("", 0, "", 0));
	assert_false(same_bytes("a", 1, "", 0));
}

static void random_hex_is_hex_and_not_the_same_twice(void **state)
{
	char a[33], b[33];

	(void)state;
	random_hex(a, 32);
	random_hex(b, 32);
	assert_int_equal(strspn(a, "0123456789abcdef"), 32);
	assert_int_equal(strlen(a), 32);
	assert_string_not_equal(a, b);
}

static struct master_key *made(const char *name)
{
	char *path = path_of(name);
	struct err e = { 0 };

	assert_int_equal(master_key_make(path, &e), 0);
	struct master_key *m = master_key_load(path, &e);
	assert_non_null(m);
	unlink(path);
	free(path);
	return m;
}

static void a_sealed_secret_opens_under_its_key_and_name_only(void **state)
{
	struct master_key *one = made("one"), *two = made("two");
	struct secret *s = NULL;
	struct err e = { 0 };
	unsigned char *sealed;
	size_t len, secret_len;

	(void)state;
	assert_int_equal(seal(one, "acme|shop|consumer_key|1", "ck_123", 6, &sealed, &len, &e), 0);
	assert_null(memmem(sealed, len, "ck_123", 6));
	assert_int_equal(unseal(one, "acme|shop|consumer_key|1", sealed, len, &s, &e), 0);
	assert_string_equal(secret_bytes(s, &secret_len), "ck_123");
	assert_int_equal(secret_len, 6);
	secret_destroy(s);

	/* Rows that were swapped. */
	assert_int_equal(unseal(one, "acme|shop|consumer_key|2", sealed, len, &s, &e), ERR_DAMAGED);
	e = (struct err){ 0 };
	assert_int_equal(unseal(two, "acme|shop|consumer_key|1", sealed, len, &s, &e), ERR_REFUSED);
	assert_non_null(strstr(e.text, master_key_id(one)));
	assert_non_null(strstr(e.text, master_key_id(two)));
	free(sealed);
	master_key_destroy(one);
	master_key_destroy(two);
}

static void each_flipped_bit_of_a_sealed_secret_is_seen(void **state)
{
	struct master_key *m = made("bits");
	unsigned char *sealed;
	size_t len;

	(void)state;
	assert_int_equal(seal(m, "a", "secret", 6, &sealed, &len, NULL), 0);
	for (size_t i = 0; i < len; i++) {
		struct secret *s;

		sealed[i] ^= 0x10;
		assert_true(unseal(m, "a", sealed, len, &s, NULL) < 0);
		sealed[i] ^= 0x10;
	}
	for (size_t cut = 0; cut < len; cut++) {
		struct secret *s;

		assert_true(unseal(m, "a", sealed, cut, &s, NULL) < 0);
	}
	free(sealed);
	master_key_destroy(m);
}

static void a_resealed_secret_opens_under_the_new_key_only(void **state)
{
	struct master_key *from = made("from"), *to = made("to");
	unsigned char *sealed, *again;
	size_t len, again_len;
	struct secret *s;

	(void)state;
	assert_int_equal(seal(from, "a", "secret", 6, &sealed, &len, NULL), 0);
	assert_int_equal(reseal(from, to, "a", sealed, len, &again, &again_len, NULL), 0);
	assert_int_equal(unseal(to, "a", again, again_len, &s, NULL), 0);
	assert_string_equal(secret_bytes(s, NULL), "secret");
	secret_destroy(s);
	assert_int_equal(unseal(from, "a", again, again_len, &s, NULL), ERR_REFUSED);
	assert_true(reseal(to, from, "a", sealed, len, &again, &again_len, NULL) < 0);
	free(sealed);
	free(again);
	master_key_destroy(from);
	master_key_destroy(to);
}

static void a_key_file_that_others_may_read_is_refused(void **state)
{
	char *path = path_of("open");
	struct err e = { 0 };

	(void)state;
	assert_int_equal(master_key_make(path, &e), 0);
	struct stat st;
	stat(path, &st);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(master_key_make(path, &e), ERR_REFUSED);

	static const mode_t wide[] = { 0440, 0404, 0420, 0604, 0640 };
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
		e = (struct err){ 0 };
		chmod(path, wide[i]);
		assert_null(master_key_load(path, &e));
		assert_int_equal(e.code, ERR_REFUSED);
		assert_non_null(strstr(e.text, path));
		assert_non_null(strstr(e.text, "chmod 0400"));
	}
	chmod(path, 0600);
	struct master_key *m = master_key_load(path, NULL);
	assert_non_null(m);
	master_key_destroy(m);
	unlink(path);
	free(path);
}

static void a_key_file_that_holds_something_else_is_refused(void **state)
{
	static const char *const texts[] = { "", "abc", "hunter2\n",
		"zz00000000000000000000000000000000000000000000000000000000000000",
		"00000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000000\n\n" };
	char *path = path_of("bad");

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct err e = { 0 };

		assert_int_equal(file_write(path, texts[i], strlen(texts[i]), 0400, &e), 0);
		assert_null(master_key_load(path, &e));
		assert_int_equal(e.code, ERR_INPUT);
		if (texts[i][0])
			assert_null(strstr(e.text, texts[i]));
	}
	unlink(path);

	struct err e = { 0 };
	assert_null(master_key_load(path, &e));
	assert_int_equal(e.code, ERR_ABSENT);
	free(path);
}

static void a_credential_of_systemd_comes_before_the_file(void **state)
{
	char *path = path_of("mlc-master-key"), *other = path_of("other");
	const char *hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	struct err e = { 0 };

	(void)state;
	/* systemd shows 0440 where access is by an access list. */
	assert_int_equal(file_write(path, hex, strlen(hex), 0440, &e), 0);
	assert_int_equal(master_key_make(other, &e), 0);
	struct master_key *by_file = master_key_load(other, &e);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	struct master_key *by_systemd = master_key_load(other, &e);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_non_null(by_systemd);
	assert_string_not_equal(master_key_id(by_file), master_key_id(by_systemd));
	master_key_destroy(by_file);
	master_key_destroy(by_systemd);
	unlink(path);
	unlink(other);
	free(path);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_core_is_ever_written),
		cmocka_unit_test(digests_and_signatures_match_the_published_vectors),
		cmocka_unit_test(hex_and_base64_are_read_strictly),
		cmocka_unit_test(bytes_are_the_same_only_when_all_are),
		cmocka_unit_test(random_hex_is_hex_and_not_the_same_twice),
		cmocka_unit_test(a_sealed_secret_opens_under_its_key_and_name_only),
		cmocka_unit_test(each_flipped_bit_of_a_sealed_secret_is_seen),
		cmocka_unit_test(a_resealed_secret_opens_under_the_new_key_only),
		cmocka_unit_test(a_key_file_that_others_may_read_is_refused),
		cmocka_unit_test(a_key_file_that_holds_something_else_is_refused),
		cmocka_unit_test(a_credential_of_systemd_comes_before_the_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
