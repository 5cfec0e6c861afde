/* crypt.c - digests, signatures, encodings and chance, by OpenSSL. */
#include "twin.h"

#include <lauxlib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

static const EVP_MD *algorithm(lua_State *lua, const char *name)
{
	const EVP_MD *md = EVP_get_digestbyname(name);

	if (!md)
		luaL_error(lua, "no digest '%s': sha256, sha1 or md5", name);
	return md;
}

static int l_hmac(lua_State *lua)
{
	const EVP_MD *md = algorithm(lua, luaL_checkstring(lua, 1));
	size_t key_len, len;
	const char *key = luaL_checklstring(lua, 2, &key_len);
	const char *text = luaL_checklstring(lua, 3, &len);
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned out_len = 0;

	if (!HMAC(md, key, (int)key_len, (const unsigned char *)text, len, out, &out_len))
		return luaL_error(lua, "hmac failed");
	lua_pushlstring(lua, (const char *)out, out_len);
	return 1;
}

static int l_digest(lua_State *lua)
{
	const EVP_MD *md = algorithm(lua, luaL_checkstring(lua, 1));
	size_t len;
	const char *text = luaL_checklstring(lua, 2, &len);
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned out_len = 0;

	if (!EVP_Digest(text, len, out, &out_len, md, NULL))
		return luaL_error(lua, "digest failed");
	lua_pushlstring(lua, (const char *)out, out_len);
	return 1;
}

static int l_hex(lua_State *lua)
{
	static const char digits[] = "0123456789abcdef";
	size_t len;
	const unsigned char *text = (const unsigned char *)luaL_checklstring(lua, 1, &len);
	luaL_Buffer b;

	luaL_buffinit(lua, &b);
	for (size_t i = 0; i < len; i++) {
		luaL_addchar(&b, digits[text[i] >> 4]);
		luaL_addchar(&b, digits[text[i] & 15]);
	}
	luaL_pushresult(&b);
	return 1;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int l_unhex(lua_State *lua)
{
	size_t len;
	const char *text = luaL_checklstring(lua, 1, &len);
	luaL_Buffer b;

	if (len % 2 != 0)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (digit_of(text[i]) < 0)
			return 0;
	}
	luaL_buffinit(lua, &b);
	for (size_t i = 0; i < len; i += 2)
		luaL_addchar(&b, (char)(digit_of(text[i]) << 4 | digit_of(text[i + 1])));
	luaL_pushresult(&b);
	return 1;
}

static int l_base64(lua_State *lua)
{
	size_t len;
	const char *text = luaL_checklstring(lua, 1, &len);
	luaL_Buffer b;
	char *out = luaL_buffinitsize(lua, &b, len / 3 * 4 + 5);
	int n = EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);

	luaL_pushresultsize(&b, (size_t)n);
	return 1;
}

static int l_unbase64(lua_State *lua)
{
	size_t len, pad = 0;
	const char *text = luaL_checklstring(lua, 1, &len);
	luaL_Buffer b;
	char *out = luaL_buffinitsize(lua, &b, len / 4 * 3 + 4);
	int n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);

	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	luaL_pushresultsize(&b, n < 0 ? 0 : (size_t)n - pad);
	return n < 0 ? 0 : 1;
}

/* Block after block of SHA-256(seed, number), so that a run can be repeated. */
static void seeded_bytes(struct twin *t, unsigned char *out, size_t len)
{
	while (len > 0) {
		uint64_t block[2] = { t->seed, t->drawn++ };
		unsigned char md[32];
		size_t n = len < sizeof md ? len : sizeof md;

		EVP_Digest(block, sizeof block, md, NULL, EVP_sha256(), NULL);
		memcpy(out, md, n);
		out += n;
		len -= n;
	}
}

static int l_random(lua_State *lua)
{
	struct twin *t = twin_of(lua);
	lua_Integer n = luaL_checkinteger(lua, 1);
	luaL_Buffer b;
	char *out;

	luaL_argcheck(lua, n >= 0 && n <= 1024 * 1024, 1, "0 to 1048576 bytes");
	out = luaL_buffinitsize(lua, &b, (size_t)n);
	if (t->seeded)
		seeded_bytes(t, (unsigned char *)out, (size_t)n);
	else if (RAND_bytes((unsigned char *)out, (int)n) != 1)
		return luaL_error(lua, "no random numbers");
	luaL_pushresultsize(&b, (size_t)n);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "hmac", l_hmac },
	{ "digest", l_digest },
	{ "hex", l_hex },
	{ "unhex", l_unhex },
	{ "base64", l_base64 },
	{ "unbase64", l_unbase64 },
	{ "random", l_random },
	{ NULL, NULL },
};

void crypt_functions(lua_State *lua)
{
	luaL_setfuncs(lua, functions, 0);
}
