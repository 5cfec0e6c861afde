/* house.h - a loop, a store, connections and two servers in one process, for tests of this floor:
 * ours, where peers and webhooks come in, and the remote's, where our requests arrive. */
#ifndef TEST_HOUSE_H
#define TEST_HOUSE_H

#include "../net/peer.h"
#include "base/json.h"
#include "base/loop.h"
#include "net/carry.h"
#include "net/server.h"
#include "plug/connection.h"
#include "plug/registry.h"
#include "store/store.h"

#define LOSE (-1) /* as a status: the remote takes the request and closes the connection */

struct house {
	char *dir;
	struct loop *loop;
	struct store *store;
	struct carry *carry;
	struct registry *registry;
	struct server *ours, *remote;
	int port, remote_port;
	struct connections *connections;
	struct connection *shop, *desk;
	/* { shop: {...}, desk: {...} }, of acme; "beta/shop": of another tenant.  Each may be of another
	 * connector than it is called. */
	json_t *settings;
	json_t *apps;          /* { name: {...} }: as mlc.lua has them; shop may name one */
	const char *public_url;
	json_t *said;          /* what the hooks heard, in order: [ { hook, ... } ] */
	/* What the remote was asked: [ { method, path, body, headers... } ] */
	json_t *asked;
	/* What it answers next: [ { status, body, headers } ]; then 200 and otherwise, or {} */
	json_t *replies;
	const char *otherwise;
	size_t coming;
	void (*on_opens)(struct house *);
	void (*on_coming)(struct house *); /* while a step of serve() is made ready */
	void (*on_held)(struct house *);
	void (*on_settle)(struct txn *, const struct outcome *); /* what else a floor above us writes down */
	struct inbound *lost[16];
	size_t lost_count;
	bool applied;
};

struct house *house_open(const char *connector_dir); /* "" : where they were built */
void house_close(struct house *);
/* As kill -9 and a start: connections are gone and come back over the same store. */
void house_restart(struct house *);
void house_begin(struct house *); /* the connections of a start */
void house_apply(struct house *); /* with settings as they are now */
void house_renew(struct house *); /* the same, and does not wait */
/* value NULL: forgotten. */
void house_secret(struct house *, const char *connection, const char *name, const char *value);

void house_secret_of(struct house *, const char *tenant, const char *connection, const char *name,
	const char *value);

void house_reply(struct house *, int status, const char *body);
void house_reply_with(struct house *, int status, const char *body, const char *header,
	const char *value);

/* Makes the call and waits for its last word; the hook's entry, borrowed. */
const json_t *house_call(struct house *, struct connection *, const struct order *);
void house_order(struct house *, struct connection *, const struct order *); /* does not wait */
void house_write(struct house *, struct connection *, int64_t id, const char *key,
	const char *json); /* does not wait */
const json_t *house_done(struct house *, size_t nth); /* waits for the nth (from 0) `done` */
size_t house_count(struct house *, const char *hook);
/* NULL: not said so often */
const json_t *house_said(struct house *, const char *hook, size_t nth);
void house_wait_said(struct house *, const char *hook, size_t count);

/* One request at our server; the answer's status and body.  extra: a header line, or NULL. */
struct heard { int status; char body[65536]; };
void house_post(struct house *, const char *path, const char *body, const char *extra,
	struct heard *);
/* The same by GET, path with its query. */
void house_get(struct house *, const char *path, struct heard *);
void house_serve(struct house *, const char *body, struct heard *); /* POST /serve/acme/desk */

void house_disk_full(bool full);      /* nothing more is written to any file */
void house_wait_refused(struct house *); /* what was committed before this has been refused, and whoever did it has heard */

/* What the store holds. */
json_t *house_notes(struct house *, const char *kind); /* rows; yours */
json_t *house_audit(struct house *, const char *move);
json_t *house_audit_of(struct house *, const char *tenant, const char *move);
bool house_set_holds(struct house *, int64_t write_id); /* the open one */
bool house_open_set(struct house *, char *mark, size_t size, unsigned *asked);

#endif
