/* oauth.h - OAuth 2 on the wire (RFC 6749, RFC 7636): the address that a person opens, the request for
 * a token, and what came of it.  Pure: random texts and time are parameters. */
#ifndef PLUG_OAUTH_H
#define PLUG_OAUTH_H

#include "base/crypto.h"
#include "base/err.h"
#include "base/mem.h"

#include <mlc/connector.h>
#include <jansson.h>

#define OAUTH_REPLY_MAX (256u << 10)

bool is_oauth(const struct mlc_auth *); /* a kind whose tokens the host fetches; NULL is well */

enum oauth_by { OAUTH_BY_CLIENT = 1, OAUTH_BY_CODE, OAUTH_BY_REFRESH };

struct oauth_ask {
	enum oauth_by by;
	const struct mlc_auth *auth;
	const json_t *const *places; /* for {member}, as fill_members() has it */
	const char *id, *secret;     /* of the client */
	const char *code, *redirect_uri, *verifier; /* BY_CODE; verifier NULL: without PKCE */
	const char *refresh;                        /* BY_REFRESH */
};

#define OAUTH_LINES_MAX 8
struct oauth_request { /* always a POST */
	struct buf url, body, lines[OAUTH_LINES_MAX];
	const char *headers[OAUTH_LINES_MAX + 1];
	size_t count;
};
/* ERR_ABSENT: a {member} is missing.  Finish it in either case. */
int oauth_request(const struct oauth_ask *, struct oauth_request *, struct err *);
void oauth_request_finish(struct oauth_request *);

/* Does the connector's table offer PKCE?  (code_challenge_method=S256 in .extra) */
bool oauth_has_pkce(const struct mlc_auth *);
/* Where a person grants it.  verifier NULL: without PKCE. */
int oauth_address(const struct oauth_ask *, const char *state, struct buf *out, struct err *);

/* Of what a redirect brought (texts), what may stand in addresses from now on; yours.  It came by way of a browser:
 * a text that could name a host is left out, unless it is an address of the host that the person was sent to, or
 * one that the connector's table lists ("host:NAME=..." in .extra). */
json_t *oauth_brought(const struct oauth_ask *, const json_t *rest);

/* What a redirect brings back.  state is ours: "<tenant>.<connection>.<64 hex digits>". */
#define OAUTH_STATE_DIGITS 64
struct oauth_redirect {
	char tenant[40], connection[40], state[OAUTH_STATE_DIGITS + 1];
	char code[4096];                  /* "": none */
	char error[64], error_text[300];  /* "": none; in one line of plain text */
	json_t *rest;                     /* what else it brought: texts; an object */
};
/* False: it is over its ceiling or has no state that could be ours.  Finish it in either case. */
bool oauth_redirect_read(const char *query, struct oauth_redirect *);
void oauth_redirect_finish(struct oauth_redirect *);

/* What came of a request for a token, by what is to be done next. */
enum oauth_end {
	OAUTH_GRANTED = 1,
	OAUTH_DEAD,    /* what it was asked with is worth nothing any more: a person must grant it anew */
	OAUTH_WRONG,   /* client, scope or address are not right: a person must mend the settings */
	OAUTH_LIMITED, /* asked too often */
	OAUTH_TROUBLE  /* it may work the next time */
};
struct oauth_reply {
	enum oauth_end end;
	struct secret *access, *refresh; /* GRANTED; refresh NULL: none told, the one we have stays */
	int64_t life_s;         /* of access; 0: not told */
	int64_t refresh_life_s; /* of refresh; 0: not told */
	int64_t grant_life_s;   /* after which no refresh helps; 0: not told */
	json_t *rest;           /* GRANTED: texts and whole numbers (as text) of the reply, tokens left out */
	char why[300];          /* not GRANTED: the remote's words, in one line */
};
/* Whatever comes: status and body of the reply. */
void oauth_read(int status, const char *body, size_t len, struct oauth_reply *);
void oauth_reply_finish(struct oauth_reply *);

#endif
