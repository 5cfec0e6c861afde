/* signature.c - is a webhook from whom it says? */
#include "plug/signature.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_WORD "header:"

/* What is signed, laid out as .over says.  False: it names something that is not there. */
static bool lay_out(const char *over, const struct signed_request *r, struct buf *out)
{
	while (*over) {
		size_t plain = strcspn(over, "{"), word = strcspn(over + plain, "}");
		char name[128];
		const char *value;

		if (!buf_add(out, over, plain))
			return false;
		over += plain;
		if (!*over)
			return true;
		if (word == 0 || over[word] != '}' || word - 1 >= sizeof name)
			return false;
		memcpy(name, over + 1, word - 1);
		name[word - 1] = 0;
		over += word + 1;
		if (!strcmp(name, "body")) {
			if (!buf_add(out, r->body, r->body_len))
				return false;
		} else if (!strncmp(name, HEADER_WORD, strlen(HEADER_WORD))) {
			value = r->header(r->ctx, name + strlen(HEADER_WORD));
			if (!value || !buf_puts(out, value))
				return false;
		} else {
			return false;
		}
	}
	return true;
}

static bool matches(const char *secret, size_t secret_len, const char *bytes, size_t len,
	const char *given, bool hex)
{
	unsigned char digest[SHA256_SIZE], theirs[SHA256_SIZE];
	unsigned char *decoded;
	size_t given_len = strlen(given), decoded_len = 0;
	bool same;

	hmac_sha256(secret, secret_len, bytes, len, digest);
	if (hex)
		return given_len == 2 * SHA256_SIZE && hex_bytes(given, given_len, theirs) &&
			same_bytes(digest, sizeof digest, theirs, sizeof theirs);
	decoded = base64_bytes(given, given_len, &decoded_len);
	same = decoded && same_bytes(digest, sizeof digest, decoded, decoded_len);
	free(decoded);
	return same;
}

enum signature signature_check(const struct mlc_signature *s, const struct vault *v,
	const struct signed_request *r, bool before)
{
	const char *given = r->header(r->ctx, s->header), *now, *old, *bytes = r->body;
	size_t now_len = 0, old_len = 0, len = r->body_len;
	struct buf laid;
	bool right;

	if (!given)
		return s->optional ? SIGNATURE_NONE : SIGNATURE_WRONG;
	now = vault_text(v, s->secret, &now_len);
	old = before ? vault_before(v, s->secret, &old_len) : NULL;
	if (!now && !old)
		return SIGNATURE_NO_SECRET;
	buf_init(&laid, r->body_len + (64u << 10));
	if (strcmp(s->over, "{body}") != 0) { /* the usual case needs no copy */
		if (!lay_out(s->over, r, &laid)) {
			buf_finish(&laid);
			return SIGNATURE_WRONG;
		}
		bytes = laid.data;
		len = laid.len;
	}
	right = (now && now_len && matches(now, now_len, bytes, len, given, s->hex)) ||
		(old && old_len && matches(old, old_len, bytes, len, given, s->hex));
	buf_finish(&laid);
	return right ? SIGNATURE_RIGHT : SIGNATURE_WRONG;
}
