/* sign.h - what a request must carry so that the remote knows us: secrets filled in, and the
 * Authorization that the connector's auth table asks for.  Pure: nonce and time are parameters. */
#ifndef PLUG_SIGN_H
#define PLUG_SIGN_H

#include "base/err.h"
#include "base/mem.h"
#include "plug/vault.h"

#include <mlc/connector.h>

/* text with each {secret:NAME} replaced, escaped for type (JSON, form, XML; else as it is); in a
 * header (type NULL) a secret with a line break is refused.  ERR_ABSENT names the missing
 * secret. */
int fill_secrets(const struct vault *, const char *text, size_t len, const char *type,
	struct buf *out, struct err *);
/* text with each {member} replaced by the setting of that name. */
int fill_settings(const json_t *settings, const char *text, struct buf *out, struct err *);

/* Which row of the connector's auth table: the one that the setting `auth` names ("basic",
 * "header", "oauth1"); else, over plain http, OAuth 1.0a where it is offered, since it sends no
 * secret; else the first.  NULL: the connector has none. */
const struct mlc_auth *auth_choose(const struct mlc_connector *, const json_t *settings,
	bool is_http);

struct sign_input {
	const struct mlc_auth *auth;
	const json_t *settings;
	const struct vault *vault;
	const char *method, *url;
	const char *nonce; /* fresh for every try: OAuth 1.0a remotes remember them */
	int64_t now_ms;
};
/* Appends the whole header line, "Authorization: Basic ...".  ERR_ABSENT: a name in .user or .pass
 * is neither a secret nor a setting; ERR_REFUSED: a kind of auth that this host cannot do. */
int sign_request(const struct sign_input *, struct buf *line, struct err *);

/* application/x-www-form-urlencoded, and OAuth's encoding: all but letters, digits and -._~ */
bool percent_encode(struct buf *out, const char *text, size_t len);

#endif
