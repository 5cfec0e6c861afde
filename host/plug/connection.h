/* connection.h - logins of tenants to systems, while the host runs: carries calls out, keeps pace,
 * fills in secrets, checks signatures, parks what a peer that calls us must fetch, recovers what a
 * crash left open.  It owns the timing of transactions; the floor above adds its rows to them. */
#ifndef PLUG_CONNECTION_H
#define PLUG_CONNECTION_H

#include "base/err.h"
#include "base/loop.h"
#include "net/carry.h"
#include "net/server.h"
#include "plug/call.h"
#include "plug/registry.h"
#include "store/store.h"

struct connections;
struct connection;

/* What came of a call.  Borrowed for the hook. */
struct outcome {
	const struct connection *connection;
	enum op op;
	/* Of connection_call(); NULL for one recovered after a restart */
	void *arg;
	bool failed;               /* fault, after_ms, text hold then */
	enum mlc_fault fault;
	uint32_t after_ms;
	const char *text;
	const struct call_record *records; /* fetch, find, ping's sample */
	size_t record_count;
	const struct call_write *writes;   /* write: in the order given */
	const int64_t *write_ids;          /* write: order.write_ids, also after a restart */
	size_t write_count;
	bool never_sent;           /* write: surely no byte of it left */
	const json_t *facts;       /* ping, discover: as told; discover: described */
};

/* Rows that belong into the transaction that plug is about to commit.  None may keep the txn. */
struct connection_hooks {
	/* Records came in (poll, receive, a write's hint): txn_accept() them.  plug adds the
	 * cursor. */
	void (*emit)(void *ctx, struct txn *, const struct connection *, const char *origin,
		const struct call_record *, size_t count);
	/* That transaction is committed (or failed: code < 0): results in order of txn_accept(). */
	void (*emitted)(void *ctx, const struct connection *, const struct txn_result *);
	/* These writes leave now: txn_write_state(SENT, mark), audit.  mark NULL: carried at
	 * once. */
	void (*mark)(void *ctx, struct txn *, const struct connection *, const int64_t *write_ids,
		size_t count, const char *mark);
	/* The outcome of a write call: link, delivery, write state, audit.  plug clears the mark in
	 * it. */
	void (*settle)(void *ctx, struct txn *, const struct outcome *);
	/* After the commit of settle (write), or when all is known (other ops).  The last word of a
	 * call. */
	void (*done)(void *ctx, const struct outcome *);
	/* A peer's visit begins and may take work: start what is due.  And how much may still come
	 * that is not started yet (deliveries READY for it, polls due); held things do not
	 * count. */
	void (*visit_opens)(void *ctx, struct connection *);
	size_t (*coming)(void *ctx, const struct connection *);
	void (*visit_over)(void *ctx, struct connection *, const json_t *transcript);
	/* The connection can, or can no longer, be used: hold set or cleared, with a cause for
	 * people; or its tokens or webhooks can no longer, or can again, be renewed
	 * (connection_trouble(), connection_hook_trouble()). */
	void (*held)(void *ctx, struct connection *);
	/* Its webhooks were renewed so late that news may be missing: its feeds had better be read. */
	void (*lapsed)(void *ctx, struct connection *);
	/* It has told of itself what is new (connection_facts()), and that is committed. */
	void (*told)(void *ctx, const struct connection *);
};

struct connections_conf {
	struct loop *loop;
	struct store *store;
	struct carry *carry;
	const struct connection_hooks *hooks;
	void *ctx;
	/* "https://mlc.example" without a slash; NULL: not known */
	const char *(*public_url)(void *ctx);
	const char *record_dir; /* where exchanges are recorded (tests, authors); NULL: nowhere */
};
struct connections *connections_create(const struct connections_conf *);
void connections_destroy(struct connections *);

/* A (re)load: the wanted connections with their plugins and settings (JSON as in tenant.lua,
 * checked already).  Existing ones keep their facts, pace and parked state; calls on the wire end
 * under the old plugin, all else starts afresh under the new; an open visit finishes what it took,
 * then ends. */
struct connection_want {
	const char *tenant, *name;
	struct plugin *plugin;
	const json_t *settings;
	const json_t *app; /* what mlc.lua says of the app that its settings name; NULL: none */
};
/* An app itself is one of tenant APP_TENANT, with what mlc.lua says of it as settings: it has
 * secrets and receives webhooks; nothing else is ever asked of it, and connections_each() leaves
 * it out. */
#define APP_TENANT "app"
void connections_apply(struct connections *, const struct connection_want *, size_t count,
	loop_fn *done, void *arg);
/* Settings, with those that its app brings (or NULL), against the connector's mlc_setting table;
 * errors appended: { path, text, hint }. */
void connection_check(const struct mlc_connector *, const json_t *settings, const json_t *app,
	json_t *errors);

/* What such a connection cannot do without and its files do not say, as { name, secret, app, help }: secret: the
 * vault has it or it is missing; app: it may be the app's, since its settings name one. */
void connection_wants(const struct mlc_connector *, const json_t *settings, const json_t *app, json_t *list);

/* public_url() tells an address from now on: who wants webhooks is asked to subscribe. */
void connections_reachable(struct connections *);

struct connection *connection_find(struct connections *, const char *tenant, const char *name);
void connections_each_app(struct connections *, void (*fn)(void *arg, struct connection *), void *arg);
void connections_each(struct connections *, void (*fn)(void *arg, struct connection *), void *arg);

/* How many webhooks waited for their answer at one time, at most, since this was asked last. */
size_t connections_receiving(struct connections *);

const char *connection_tenant(const struct connection *);
const char *connection_name(const struct connection *);   /* "books" */
const char *connection_path(const struct connection *);   /* "acme/books" */
const struct mlc_connector *connection_connector(const struct connection *);
/* Whose table that is: who keeps a row of it over a reload takes a reference of its own. */
struct plugin *connection_plugin(const struct connection *);
const json_t *connection_settings(const struct connection *);
const json_t *connection_facts(const struct connection *);
bool connection_peer_calls(const struct connection *);    /* its requests wait for visits */
bool connection_in_visit(const struct connection *);
/* Somebody has proven to be its peer, and that visit is not over, though it may take nothing more. */
bool connection_is_visited(const struct connection *);
/* NULL when free; else why ("identity", "auth", "limited until ..."), for people. */
const char *connection_held(const struct connection *, const char **cause, int64_t *until_ms);
/* Durable; cause NULL clears.  until_ms 0: until a person or a success clears it. */
void connection_hold(struct connection *, const char *cause, const char *why, int64_t until_ms);
/* It has answered well: ends a hold, but for one that asks a person to look first (went_back, open_set). */
void connection_works(struct connection *);
/* While on, a peer that visits is given nothing but calls that are marked proof. */
void connection_prove(struct connection *, bool on);
/* A person says: go on.  Ends a hold, whatever its cause; and where the remote was another company
 * than last time, the one that answers next is the right one (unless the settings name another). */
void connection_resume(struct connection *);
json_t *connection_status(const struct connection *);     /* for status, ping --json, metrics */

/* Since its tokens cannot be renewed: why; NULL: nothing is wrong. */
const char *connection_trouble(const struct connection *);

/* Webhooks that were registered cannot be renewed: why; NULL: nothing is wrong. */
const char *connection_hook_trouble(const struct connection *);

/* How many are asking for a token now, or have one that is not on disk yet: whoever ends before that may have
 * lost the only one there is. */
size_t connections_asking(const struct connections *);

/* ---- a person's consent (MLC_AUTH_OAUTH_CODE) */
typedef void consent_fn(void *arg, const json_t *answer, const struct err *);
/* Where a person grants it: { connection, url, redirect_uri, until_ms }.  The same until half of its
 * time is over or it has come back. */
void connection_authorize(struct connection *, consent_fn *, void *arg);
/* Answers when somebody has: { connection, authorized }, or what went wrong. */
void connection_authorized(struct connection *, consent_fn *, void *arg);
/* The address that was offered last and is still good, yours to free; NULL: none. */
char *connection_address(const struct connection *);
/* One is being made: hooks->held() comes when it is there. */
bool connection_offers(const struct connection *);
/* GET /oauth/callback: answers it. */
void connections_callback(struct connections *, struct inbound *);

/* The vault holds another secret of it: read them anew, and end a hold for want of a log-in. */
void connection_secret_changed(struct connection *);

struct order { /* a call to be made; everything copied or referenced (json) */
	enum op op;
	const char *entity, *feed, *cursor;
	const char *const *ids;
	const json_t *data;
	const struct mlc_write *writes;
	const int64_t *write_ids;
	size_t write_count;
	unsigned attempt;
	bool urgent;            /* before what waits for pace already */
	bool proof;             /* it may go while connection_prove() holds all others back */
};
/* hooks->done comes, always, later, once.  Retries that are harmless (repeatable, RETRY) are the
 * caller's to order again. */
void connection_call(struct connection *, const struct order *, void *arg);
size_t connection_calls(const struct connection *); /* under way */
/* One of them is getting on: it waits neither for a visit nor until the remote wants to hear from us again. */
bool connection_gets_on(const struct connection *);

/* Routes of the public listener.  Both answer the inbound request, now or later. */
void connection_receive(struct connection *, struct inbound *);
void connection_serve(struct connection *, struct inbound *);
/* The .qwc: text for the person, or an error. */
typedef void invite_fn(void *arg, const char *text, const struct err *);
void connection_invite(struct connection *, invite_fn *, void *arg);

/* After store_open(): marked sets and sent writes of before the crash.  Sets wait for their peer;
 * writes SENT over the wire come to hooks->settle and done as failed with IN_DOUBT. */
void connections_recover(struct connections *, loop_fn *done, void *arg);

#endif
