/* record.h - exchanges as they were: for the audit trail, and as files that a connector's author
 * can play back without a network. */
#ifndef PLUG_RECORD_H
#define PLUG_RECORD_H

#include "base/err.h"
#include "base/mem.h"
#include "net/carry.h"
#include "plug/call.h"
#include "plug/vault.h"

#include <mlc/connector.h>
#include <jansson.h>

#define EXCHANGE_MAX  (256u << 10) /* bytes of one, request and reply; more is cut, and says so */
#define EXCHANGES_MAX 16           /* of one call; of more, the first and the latest are kept */

/* An exchange as text: request line, headers and body, an empty line, status and reply.  The
 * request is the connector's, with {secret:NAME} where the secret stood; of a reply, secrets are
 * masked. */
struct exchange {
	char *text;
	size_t len;
	int status;
	uint32_t took_ms;
	int64_t at_ms;
};
struct exchanges {
	struct exchange list[EXCHANGES_MAX];
	size_t count, dropped;
};

struct exchange_input {
	const struct mlc_request *request;
	/* Auth: "Basic", "OAuth": what was added, without the secret; NULL: parked */
	const char *url, *auth;
	int status;             /* 0: no reply */
	const struct carry_header *headers; /* NULL: none */
	const char *body;
	size_t body_len;
	const char *why;        /* without a reply */
	const struct vault *vault;
	uint32_t took_ms;
	int64_t at_ms;
};
void exchanges_add(struct exchanges *, const struct exchange_input *);
/* Masks in all of them a secret that only a reply has told, and that was not in the vault when they were added. */
void exchanges_mask(struct exchanges *, const char *name, const char *secret);
void exchanges_thin(struct exchanges *); /* without their texts */
void exchanges_finish(struct exchanges *);

/* An exchange as what a file of it holds; yours. */
json_t *cassette_page(const char *connector, enum op, const struct exchange_input *);
/* Masks in it a secret that only its reply has told. */
void cassette_mask(json_t *page, const char *name, const char *secret);
/* Written as DIR/<connector>-<op>-<number>.json; failures are logged only.  Takes the page over. */
void cassette_record(const char *dir, json_t *page);

/* Recorded exchanges, to be played to a call. */
struct cassette;
struct cassette *cassette_load(const char *path, struct err *); /* a file, or a folder of them */
void cassette_destroy(struct cassette *);
/* The reply to this request: the first one not yet played of the same method and path.  The reply
 * is the cassette's.  False and *e: nothing was recorded for it. */
bool cassette_reply(struct cassette *, const struct mlc_request *, struct call_reply *,
	struct err *);
size_t cassette_left(const struct cassette *); /* not played */

#endif
