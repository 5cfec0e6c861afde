/* signature.h - is a webhook from whom it says?  HMAC-SHA256 as the connector's table tells. */
#ifndef PLUG_SIGNATURE_H
#define PLUG_SIGNATURE_H

#include "plug/vault.h"

#include <mlc/connector.h>

struct signed_request {
	const char *body;
	size_t body_len;
	const char *(*header)(void *ctx, const char *name);
	void *ctx;
};

enum signature {
	SIGNATURE_RIGHT = 1,
	SIGNATURE_NONE,     /* unsigned, and the connector takes such: untrusted */
	SIGNATURE_WRONG,    /* or missing where it must be there */
	SIGNATURE_NO_SECRET /* we hold nothing to check it with */
};
/* before: the secret before the present one will do, too (a change of secrets is under way). */
enum signature signature_check(const struct mlc_signature *, const struct vault *,
	const struct signed_request *, bool before);

#endif
