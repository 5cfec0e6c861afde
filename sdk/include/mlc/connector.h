/* connector.h - what a connector is, and what the host does for it.
 *
 * Compiles alone, as C11 and as C++17.  v1 freezes when the seven shipped connectors pass the
 * conformance kit, not before; docs/design/sdk.md tells what building them has changed, and why.
 *
 * A connector does no I/O.  It is a const table of pure functions; each is given an
 * operation and the last reply, and hands back the next request or the result.  The host
 * carries requests, retries, refreshes tokens, keeps pace, times out and records.
 *
 * Growth within v1: members are appended to the structs that the host allocates and to
 * struct mlc_connector (guarded by size).  Rows of tables, mlc_record and mlc_write never
 * grow; new facts come in new tables. */
#ifndef MLC_CONNECTOR_H
#define MLC_CONNECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLC_SDK 6 /* counts up with each member appended to a struct below */

struct mlc_call;

/* ---- outcomes ---------------------------------------------------------------- */

enum mlc_step {
	MLC_SEND = 1, /* *call->request is filled in: carry it, then step again */
	MLC_PAUSE,    /* nothing to send yet: step again after call->pause_ms; serve: what was gave,
	               * back or lost is committed first, then as soon as visit->coming is 0 */
	MLC_DONE,     /* everything asked for has been emitted or settled */
	MLC_FAIL      /* given up: fail() has said why */
};

/* Why a call failed.  Each names one thing that the host does next. */
enum mlc_fault {
	MLC_RETRY = 1, /* passing trouble: back off, start the call afresh */
	MLC_LIMITED,   /* told to slow down: hold the whole connection, then afresh */
	MLC_STALE,     /* what we knew is old.  update: fetch, merge, map, write again; create: it is
	                * there already: match again, first with the record emitted as a hint, if any;
	                * poll: the remote cannot tell all that changed or went since the cursor: the feed
	                * is read from its beginning (no cursor), and what we know and it lacks is fetched */
	MLC_AUTH,      /* refused even after a token refresh: hold the connection, alert */
	MLC_REFUSED,   /* understood and declined: hold the delivery with the remote's words */
	MLC_IN_DOUBT,  /* it may or may not have happened: look before writing again */
	MLC_BROKEN     /* not what the protocol promises: hold, and report the connector */
};

typedef enum mlc_step mlc_step_fn(struct mlc_call *call);

/* ---- what a connector says about itself --------------------------------------- */

enum mlc_type {
	MLC_TEXT = 1,
	MLC_INTEGER,
	MLC_DECIMAL, /* in json_t always text, "1173.41": never a double */
	MLC_BOOL,
	MLC_DATE,    /* "2026-10-31" */
	MLC_INSTANT, /* "2026-10-31T23:30:00.000Z" */
	MLC_REF,     /* {"id": ...} or {"name": ...} of an entity */
	MLC_OBJECT, MLC_LIST
};

enum { /* field flags */
	MLC_REQUIRED  = 1u << 0, /* on create */
	MLC_READONLY  = 1u << 1,
	MLC_FINDABLE  = 1u << 2, /* find() accepts it as a criterion */
	MLC_IMMUTABLE = 1u << 3, /* may be set on create only */
	MLC_MIRRORED  = 1u << 4, /* the remote cannot search by it: the host keeps a copy and does */
	MLC_BARE      = 1u << 5  /* DECIMAL: the wire wants a number, not text */
};

struct mlc_field {
	const char *name;  /* member of the native record, e.g. "DisplayName" */
	enum mlc_type type;
	uint32_t flags;
	uint32_t limit;    /* TEXT: most characters; DECIMAL: fraction digits; else 0 */
	const char *of;    /* REF: entity pointed at; OBJECT, LIST: entity of the members;
	                    * TEXT: the allowed values, "a|b|c"; else NULL */
};

enum { /* entity flags */
	MLC_CREATE    = 1u << 0,
	MLC_UPDATE    = 1u << 1,
	MLC_DELETE    = 1u << 2,
	MLC_VOID      = 1u << 3,
	MLC_VERSIONED = 1u << 4, /* the remote refuses a write that carries an old version */
	MLC_KEYED     = 1u << 5, /* the remote drops a second write with the same key */
	MLC_MARKED    = 1u << 6, /* the key is stored in member .mark, and find() can look it up */
	MLC_RECOVERED = 1u << 7, /* after a lost reply the remote can be asked what it did */
	MLC_PART      = 1u << 8  /* only ever inside another entity (an invoice's line) */
};

struct mlc_entity {
	const char *name;               /* the remote's own, e.g. "Invoice" */
	uint32_t flags;
	uint32_t batch;                 /* most records in one write(); 0: 1 */
	const char *mark;               /* MARKED: the member that holds the key */
	const struct mlc_field *fields; /* ends with a NULL name; in the remote's own order */
};

/* A stream of changes with a cursor of its own. */
struct mlc_feed {
	const char *name;            /* "customers", "deleted", "cdc" */
	const char *const *entities; /* what it may emit; ends with NULL */
	uint32_t every_s;            /* how often, unless the connection says otherwise */
	uint32_t reach_s;            /* how far back the remote remembers; 0: without end */
};

struct mlc_endpoint {
	const char *name; /* "api", "sandbox" */
	const char *base; /* "https://..."; {member} is taken from the settings, the app, the token's
	                   * reply or the redirect that brought the grant; {a|b|https://x} is the
	                   * first of them that is there, x as it stands */
};

enum mlc_auth_kind {
	MLC_AUTH_BASIC = 1, MLC_AUTH_HEADER,
	MLC_AUTH_OAUTH_CODE, /* a person grants it once in a browser; refresh token after that */
	MLC_AUTH_OAUTH_CLIENT, MLC_AUTH_OAUTH1
};

enum mlc_client_auth { MLC_CLIENT_BASIC = 1, MLC_CLIENT_FORM, MLC_CLIENT_JSON };

struct mlc_auth { /* a connector may offer several; the connection names one */
	enum mlc_auth_kind kind;
	const char *user, *pass;   /* names of settings or secrets: login, key pair or client */
	const char *authorize_url; /* OAUTH_CODE: may hold {member}, as an endpoint's base */
	const char *token_url;     /* OAUTH_*: likewise */
	const char *scope;         /* OAUTH_*: or NULL */
	const char *extra;         /* more parameters, "access_type=offline&prompt=consent"; or NULL:
	                            * of authorize_url, for a client of token_url; may hold {member}.
	                            * "token:x=1" is one of each request for a token, "header:X-A=1" a
	                            * header of it; "host:x=https://a https://b": addresses that the
	                            * redirect may bring as x, no other counts (but the one that the
	                            * person was sent to); code_challenge_method=S256 means PKCE */
	enum mlc_client_auth style;
	const char *header;        /* "Authorization: Zoho-oauthtoken {token}"; NULL: Bearer */
	uint32_t life_s;           /* of a token whose reply tells no expiry; 0: it always tells */
};

struct mlc_signature { /* of a webhook: always HMAC-SHA256 */
	const char *header; /* where the sender puts it */
	const char *over;   /* "{body}", or e.g. "{header:X-Timestamp}{body}" */
	const char *secret; /* name of the secret (of the connection or of its app) */
	bool hex;           /* hex when true, base64 when false */
	bool optional;      /* unsigned requests reach receive() with trusted false */
};

struct mlc_setting { /* connector, ca_file, every_minutes, isolation, auth, app are the host's own */
	const char *name;
	enum mlc_type type;
	uint32_t flags;   /* MLC_REQUIRED */
	bool secret;      /* kept in the vault, never handed to the connector */
	const char *help; /* one line, shown to the person who fills it in */
};

struct mlc_code { /* one of the remote's own codes, for people: `mlc visits --explain CODE` */
	const char *code;  /* as the remote writes it: "3171", "0x80040408", "QBWC1012" */
	const char *means; /* lower case, no full stop */
	const char *cure;  /* what to do; "nothing" where it heals by itself */
};

/* How a person's grant (MLC_AUTH_OAUTH_CODE) is given back when its connection leaves the files: one POST,
 * which any 2xx answers well.  In url and body {secret:token} is the refresh token, escaped. */
struct mlc_revocation {
	const char *url;  /* may hold {member}, as token_url */
	const char *type; /* Content-Type of body; NULL: none */
	const char *body;
	bool client;      /* with the client's id and secret, as Basic */
};

struct mlc_connector {
	uint32_t sdk;        /* MLC_SDK: a host with a smaller one refuses us */
	uint32_t size;       /* sizeof(struct mlc_connector) where this was compiled */
	const char *name;    /* [a-z0-9_]+, unique among connectors */
	const char *title;   /* for people */
	const char *version; /* the connector's own, e.g. "1.4.0" */

	const struct mlc_entity *entities;     /* ends with a NULL name */
	const struct mlc_feed *feeds;          /* ends with a NULL name; NULL: none */
	const struct mlc_setting *settings;    /* ends with a NULL name */
	const struct mlc_endpoint *endpoints;  /* ends with a NULL name; NULL: peers call us */
	const struct mlc_auth *auth;           /* ends with kind 0; NULL: none */
	const struct mlc_signature *signature; /* NULL: receive() gets unsigned requests */
	uint32_t per_minute;                   /* requests that one remote account allows; 0: not known */
	uint32_t at_once;                      /* requests in flight to it; 0: 1 */
	size_t state_size;                     /* bytes of call->state */

	/* Any may be NULL: absence is how a connector says that it cannot. */
	mlc_step_fn *ping;      /* do the credentials work?  tells fact()s, writes nothing */
	mlc_step_fn *discover;  /* describe() entities and fields that only the remote knows */
	mlc_step_fn *poll;      /* what changed in call->feed since call->cursor? */
	mlc_step_fn *fetch;     /* the records call->ids; emitted as deleted when gone */
	mlc_step_fn *find;      /* none, one or more records whose members equal call->data's */
	mlc_step_fn *write;     /* call->writes; settle() or refuse() each */
	mlc_step_fn *subscribe; /* make the remote call call->hook_url (NULL: no longer); advance() its lease */
	mlc_step_fn *receive;   /* one webhook: call->inbound in, records out */
	mlc_step_fn *invite;    /* the file that a person carries to a peer (a .qwc): into call->answer */
	mlc_step_fn *serve;     /* one request of a peer that calls us, GETs too: see struct mlc_visit */

	const struct mlc_code *codes; /* ends with a NULL code; NULL: none (sdk 2) */
	const struct mlc_revocation *revocation; /* NULL: a grant can be taken back by hand only (sdk 5) */
	uint32_t ids_at_once; /* most ids that one request of fetch() asks for; 0: 1 (sdk 6) */
};

/* ---- one call ------------------------------------------------------------------ */

enum mlc_reply_kind {
	MLC_REPLY_NONE = 0, /* first step: nothing was sent yet */
	MLC_REPLY_HERE,     /* a whole reply */
	MLC_REPLY_LOST,     /* it may have arrived there; no whole reply came back */
	MLC_REPLY_PAUSED    /* the pause asked for is over */
};

struct mlc_reply {
	enum mlc_reply_kind kind;
	int status;       /* HTTP status, or what serve() gave */
	const char *body; /* never NULL; body[body_len] == 0 */
	size_t body_len;
};

struct mlc_request {
	const char *method;         /* "GET", ... */
	const char *endpoint;       /* a name in endpoints; NULL: the first */
	const char *path;           /* relative; or absolute, but of the endpoint's origin.  Parked: the
	                             * connector's own word (a requestID); method, endpoint, type and
	                             * headers are not used then, and no {secret:NAME} */
	const char *type;           /* Content-Type of body; NULL: none */
	const char *body;           /* {secret:NAME} is filled in by the host, escaped for type */
	size_t body_len;
	const char *const *headers; /* "Name: value", ends with NULL; {secret:NAME} likewise */
	bool repeatable;            /* sending twice is harmless: the host may, by itself */
	bool this_visit;            /* (an iterator) worthless once that visit is over, or once taken and
	                             * not answered: never parked twice; the call then starts afresh */
};

struct mlc_inbound {
	const char *method, *path, *query;
	const char *body;
	size_t body_len;
	bool trusted; /* the signature was right.  Otherwise what is emitted is refused, unless
	               * secret_is() has said yes in this call before */
};

struct mlc_answer {
	int status;
	const char *type, *body;
	size_t body_len;
	const char *const *headers; /* or NULL */
};

/* A peer that calls us (the QuickBooks Web Connector) carries our requests home.  What
 * changes something goes in sets with a mark; the host stores mark, requests and the exact
 * answer before it leaves, and clears the mark in the transaction that commits the replies;
 * nothing else that is marked leaves before that.  parked, coming, done and total are fresh
 * at each step: MLC_PAUSE after gave() lets the host digest and park what follows. */
enum mlc_turn {
	MLC_STAYS = 0,
	MLC_OPENS, /* the peer has proven who it is: a visit begins with this answer.  One still open
	            * is over first: its unmarked requests are parked again, its marked set is open */
	MLC_LEAVES
};

struct mlc_visit {
	const struct mlc_request *const *parked; /* waiting for this peer, oldest first */
	size_t parked_count;
	const bool *alone;      /* parked[i] came back from a refused set: it goes by itself */
	size_t coming;          /* calls that may still park something here: under way, or waiting (polls
	                         * due and writes included) for a visit to open; held ones not */
	size_t done, total;     /* of this visit, for an honest percentage */
	const char *open_mark;  /* a marked set that has left and whose outcome is not committed, also
	                         * while its reply is due; or NULL.  To be given again, once the company
	                         * is proven the same, before anything else that is marked */
	unsigned open_asked;    /* how often it has been given again */
	const struct mlc_request *const *taken; /* the set that left last, marked or not; after a
	                         * restart, and when it is given again, the open one: gave(), back()
	                         * and lost() count in these */
	size_t taken_count;
	const char *last_mark;  /* the last set whose outcome is committed, or NULL */

	enum mlc_turn turn;     /* out */
	const size_t *took;     /* out: indices into parked that the answer carries */
	size_t took_count;
	const char *mark;       /* out: <= 20 characters; open_mark with took_count 0: the open set again,
	                         * and the host puts the stored answer, byte for byte; NULL: only
	                         * repeatable requests were taken, nothing is stored, a lost reply parks
	                         * them again */
	bool ends;              /* a reload or a stop waits for its end: it is not to be held open (sdk 4) */
};

struct mlc_record {
	const char *entity;
	const char *id;      /* the remote's id.  NULL or empty in a poll only, with data or text: it came without one
	                      * and is put before a person, while the others go on; a page of none but such is
	                      * BROKEN */
	const char *version; /* SyncToken, EditSequence, ...; NULL: the remote has none */
	const char *account; /* whose it is, where one webhook speaks for several (QuickBooks
	                      * Online's realm): a connection's fact "identity"; NULL: this one's */
	int64_t changed_ms;  /* UTC; 0: not told */
	bool deleted;
	bool hint;           /* it changed, fetch it: neither text nor data; deleted, too, in fetch: it is
	                      * not there, and the remote, which remembers deletions, knows of none */
	json_t *data;        /* given to the host; or NULL and text; or neither: hint, deleted, or settled
	                      * where the remote told only id and version */
	const char *text;    /* the record as JSON as it stands in the reply; copied */
	size_t text_len;
};

enum mlc_verb { MLC_DO_CREATE = 1, MLC_DO_UPDATE, MLC_DO_DELETE, MLC_DO_VOID };

struct mlc_write {
	enum mlc_verb verb;
	const char *id;      /* NULL: create */
	const char *version; /* what we believe is current; NULL: the remote has none */
	const char *key;     /* <= 36 characters; the same while the outcome is unknown, another
	                      * after a definite refusal or when the content has changed;
	                      * requestIDs and the like derive from it, never from nonce */
	json_t *data;        /* create: the record, with key in member .mark where the entity is MARKED;
	                      * update: the members to change, null erases */
};

struct mlc_call {
	const struct mlc_host *host;
	const char *connection;          /* "acme/books"; NULL: a webhook of an app (then settings, facts and
	                                  * token are NULL too) */
	const struct mlc_entity *entity; /* fetch, find, write; else NULL */
	const struct mlc_feed *feed;     /* poll */
	const json_t *settings;          /* the connection's, secrets left out */
	const json_t *token;             /* what the token's reply said besides the token */
	const json_t *facts;             /* last told and committed */
	int64_t now_ms;                  /* UTC, the same through the step */
	const char *nonce;               /* 32 random hex digits, new for each call (serve: each request) */
	unsigned attempt;                /* 0, 1, ... */

	const char *const *ids;          /* fetch: ends with NULL */
	json_t *data;                    /* find: criteria */
	const struct mlc_write *writes;  /* write: 1 to entity->batch, all of one verb, no two of one record */
	size_t write_count;
	const char *cursor;              /* poll, subscribe: last one committed; NULL: none yet; "@" and an
	                                  * instant ("@2026-10-01T00:00:00Z"): a person wants it read from there */
	const char *hook_url;            /* subscribe, invite, serve: our address as the remote sees it */

	const struct mlc_reply *reply;     /* never NULL; see its kind */
	const struct mlc_request *sent;    /* write: with a reply and zeroed state, the stored request
	                                    * that it answers (after a restart): settle from writes,
	                                    * sent and reply alone */
	const struct mlc_inbound *inbound; /* receive, serve */
	void *state;                       /* state_size bytes, zero at first, kept between steps;
	                                    * serve: kept through the visit, what alloc() gave is not */

	struct mlc_request *request;       /* out, with MLC_SEND; zeroed before each step */
	uint32_t pause_ms;                 /* out, with MLC_PAUSE */
	struct mlc_answer *answer;         /* out: receive, serve, invite; left alone: an empty 200 */
	struct mlc_visit *visit;           /* serve */
};

/* ---- what the host does for a connector ------------------------------------------ */

enum mlc_level { MLC_DEBUG = 1, MLC_INFO, MLC_WARN };

#if defined(__GNUC__)
#define MLC_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define MLC_EXPORT __attribute__((visibility("default")))
#else
#define MLC_PRINTF(f, a)
#define MLC_EXPORT
#endif

struct mlc_host {
	/* Zeroed memory that lives as long as the call; NULL when the call's budget is spent.  A long
	 * poll must not grow with its pages: what alloc(), format() and parse() gave before an advance()
	 * is gone at the next step, and only state is left.  Nothing but an advance() takes it. */
	void *(*alloc)(struct mlc_call *, size_t n);
	/* printf into such memory; "" when the budget is spent, never NULL. */
	const char *(*format)(struct mlc_call *, const char *fmt, ...) MLC_PRINTF(2, 3);
	/* JSON text into values that live as long as the call; NULL when it is none.  A number
	 * with a fraction or an exponent, or beyond 64 bits, comes as its text. */
	json_t *(*parse)(struct mlc_call *, const char *text, size_t len);
	/* Adds a record to the result; record->data now belongs to the host. */
	void (*emit)(struct mlc_call *, const struct mlc_record *);
	/* JSON text of a value, which it takes over, in call memory; DECIMALs that are BARE in entity
	 * (or NULL) as numbers; NULL: budget spent. */
	const char *(*dump)(struct mlc_call *, json_t *, const struct mlc_entity *, size_t *len);
	/* write: call->writes[i] is done and the remote now holds this record. */
	void (*settle)(struct mlc_call *, size_t i, const struct mlc_record *);
	/* write: call->writes[i] failed, the others may not have.  after_ms: LIMITED only. */
	void (*refuse)(struct mlc_call *, size_t i, enum mlc_fault, uint32_t after_ms,
	               const char *fmt, ...) MLC_PRINTF(5, 6);
	/* poll: commit what was emitted so far, together with this cursor (NULL: leave it).
	 * subscribe: remember this, and call subscribe() again at renew_at_ms (UTC). */
	void (*advance)(struct mlc_call *, const char *cursor, int64_t renew_at_ms);
	/* serve: the reply to taken[i], copied; or it did not run, park it again (by itself); or
	 * nobody can tell, which its call gets as MLC_REPLY_LOST. */
	void (*gave)(struct mlc_call *, size_t i, int status, const char *body, size_t body_len);
	void (*back)(struct mlc_call *, size_t i, bool alone);
	void (*lost)(struct mlc_call *, size_t i);
	/* ping, discover, serve, invite: something true of the remote ("company", "edition", "identity";
	 * "attention": what a person should do something about, "" when it is over;
	 * "requests_per_minute": the pace that counts instead of per_minute; "ends_...": a day), or
	 * agreed with it once ("file_id": in facts ever after, committed before it is handed out).
	 * False: the connection is held from now on (another identity): give nothing away. */
	bool (*fact)(struct mlc_call *, const char *name, const char *text);
	/* discover: a field (NULL: the entity itself) that only the remote knows. */
	void (*describe)(struct mlc_call *, const char *entity, const struct mlc_field *);
	/* A secret agreed with the remote (a webhook's key, theirs or ours): into the vault, committed
	 * before this step's request leaves, where {secret:NAME} already finds it; secret_is() takes
	 * the one before, too, until advance(): until then, another try offers what the first one kept. */
	void (*keep)(struct mlc_call *, const char *name, const char *secret);
	/* Is text the connection's secret of that name?  Takes the same time either way. */
	bool (*secret_is)(struct mlc_call *, const char *name, const char *text);
	/* A header of the reply or inbound request; NULL when absent. */
	const char *(*header)(struct mlc_call *, const char *name);
	void (*log)(struct mlc_call *, enum mlc_level, const char *fmt, ...) MLC_PRINTF(3, 4);
	/* Always returns MLC_FAIL: the whole call failed.  serve, receive: *answer goes out all the
	 * same (left alone: a 500), and what was gave, back or lost stands; AUTH holds the connection. */
	enum mlc_step (*fail)(struct mlc_call *, enum mlc_fault, uint32_t after_ms,
	                      const char *fmt, ...) MLC_PRINTF(4, 5);
	/* poll, fetch, receive: that record is gone because it was merged into another one of its
	 * entity, which lives on.  In place of emitting it as deleted (sdk 3). */
	void (*merged)(struct mlc_call *, const char *entity, const char *gone, const char *survivor);
	/* receive, where one webhook speaks for several: the same in that account (mlc_record's) (sdk 5). */
	void (*merged_of)(struct mlc_call *, const char *account, const char *entity, const char *gone,
	                  const char *survivor);
};

/* The one symbol that a connector exports.  The major ABI version is in its name. */
extern MLC_EXPORT const struct mlc_connector mlc_connector_v1;

#ifdef __cplusplus
}
#endif
#endif
