/* sign.h - what a request must carry so that the remote knows us: secrets filled in, and the
 * Authorization that the connector's auth table asks for.  Pure: nonce and time are parameters. */
#ifndef PLUG_SIGN_H
#define PLUG_SIGN_H

#include "base/err.h"
#include "base/mem.h"
#include "plug/vault.h"

#include <mlc/connector.h>

/* Secrets that the host keeps for a connection whose tokens it fetches.  No setting has a dot in its name. */
#define SECRET_ACCESS  "oauth.access"
#define SECRET_REFRESH "oauth.refresh"
#define SECRET_STATE   "oauth.state" /* of the address that a person is to open; grant.c */

/* text with each {secret:NAME} replaced, escaped for type (JSON, form, XML; else as it is); in a
 * header (type NULL) a secret with a line break is refused.  ERR_ABSENT names the missing
 * secret. */
int fill_secrets(const struct vault *, const char *text, size_t len, const char *type,
	struct buf *out, struct err *);
/* places: where {member} is looked for, first to last: settings, the app's, what a redirect or a
 * token's reply said.  Ends with NULL. */
#define PLACES_MAX 5
/* text with each {member} replaced by the text of that name; {a|b|https://x} takes the first that is
 * there, and what is no name (it holds a colon or a dot) as it stands.  ERR_ABSENT names what is
 * missing. */
int fill_members(const json_t *const *places, const char *text, struct buf *out, struct err *);

const char *auth_text(enum mlc_auth_kind); /* "basic", "oauth_code", ...: as the setting `auth` has it */
/* Which row of the connector's auth table: the one that the setting `auth` names ("basic",
 * "header", "oauth1", "oauth_code", "oauth_client"); else, over plain http, OAuth 1.0a where it is offered, since it sends no
 * secret; else the first.  NULL: the connector has none. */
const struct mlc_auth *auth_choose(const struct mlc_connector *, const json_t *settings,
	bool is_http);

struct sign_input {
	const struct mlc_auth *auth;
	const json_t *settings, *app; /* app: of the operator's registration; or NULL */
	const struct vault *vault;
	const char *method, *url;
	const char *nonce; /* fresh for every try: OAuth 1.0a remotes remember them */
	int64_t now_ms;
};
/* Appends the whole header line, "Authorization: Basic ...".  ERR_ABSENT: a name in .user or .pass
 * is neither a secret nor a setting, or there is no token. */
int sign_request(const struct sign_input *, struct buf *line, struct err *);

/* The secret or, failing that, the setting of that name, of the connection or its app; NULL and *e:
 * neither. */
const char *secret_or_setting(const struct sign_input *, const char *name, struct err *);

/* "Authorization: Basic ..." of these two, appended. */
int basic_line(const char *user, const char *pass, struct buf *line, struct err *);

/* application/x-www-form-urlencoded, and OAuth's encoding: all but letters, digits and -._~ */
bool percent_encode(struct buf *out, const char *text, size_t len);

#endif
