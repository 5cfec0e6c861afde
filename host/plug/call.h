/* call.h - one call of a connector, without any I/O: the host services, and what they recorded.
 * The host, the conformance kit and connectors' own tests all run calls through this. */
#ifndef PLUG_CALL_H
#define PLUG_CALL_H

#include "base/err.h"
#include "base/mem.h"

#include <mlc/connector.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op {
	OP_PING = 1, OP_DISCOVER, OP_POLL, OP_FETCH, OP_FIND, OP_WRITE, OP_SUBSCRIBE, OP_RECEIVE,
		OP_INVITE, OP_SERVE
};
const char *op_text(enum op);
mlc_step_fn *connector_step(const struct mlc_connector *, enum op); /* NULL: it cannot */

/* What a call may see of its connection, and how it reaches secrets.  Borrowed while the call
 * lives. */
struct call_site {
	const struct mlc_connector *connector;
	const char *connection;                    /* "acme/books" */
	const json_t *settings, *token, *facts;
	void *ctx;
	/* Is text the secret of that name (or the one before it)?  Constant time. */
	bool (*secret_is)(void *ctx, const char *name, const char *text);
	void (*log)(void *ctx, enum mlc_level, const char *text);
	/* A fact was told; false holds the connection (fact() contract).  Like the others: any
	 * thread, changes nothing; what was told stands in call_facts(). */
	bool (*fact)(void *ctx, const char *name, const char *text);
};

struct call_input { /* everything is copied or referenced as connector.h says */
	enum op op;
	const char *entity, *feed, *cursor, *hook_url;
	const char *const *ids;              /* fetch; ends with NULL */
	const json_t *data;                  /* find */
	const struct mlc_write *writes;      /* write; data is referenced */
	size_t write_count;
	const struct mlc_inbound *inbound;   /* receive, serve */
	struct mlc_visit *visit;             /* serve; lives as long as the call */
	const struct mlc_request *sent;      /* write, after a restart */
	/* Serve: the visit's, the caller's own; NULL: the call's */
	void *state;
	unsigned attempt;
	int64_t now_ms;
	size_t memory;                       /* ceiling; 0: 64 MB */
};

/* What the id of a record begins with that came without one: the rest is made of its text, so that it
 * is the same when it comes again.  It is put before a person; nothing is made of it. */
#define CALL_NO_ID "(no id) "
bool call_is_nameless(const char *id);

/* A record as emitted or settled, owned by the call. */
struct call_record {
	const char *entity, *id, *version, *account;
	const char *merged_into; /* deleted: the record that it lives on in; NULL */
	int64_t changed_ms;
	bool deleted, hint;
	const char *text; /* NULL: hint, deleted, or only id and version told */
	size_t text_len;
	const json_t *data; /* as emitted; NULL when text was */
};

enum write_end { WRITE_END_NONE = 0, WRITE_END_SETTLED, WRITE_END_REFUSED };
struct call_write {
	enum write_end end;
	struct call_record record; /* SETTLED */
	enum mlc_fault fault;      /* REFUSED */
	uint32_t after_ms;
	const char *text;
};

struct call; /* one mlc_call with its arena and its recordings */

struct call *call_create(const struct call_site *, const struct call_input *);
void call_destroy(struct call *);

/* One turn.  reply NULL: MLC_REPLY_NONE.  header looks headers of the reply up (NULL: none). */
struct call_reply {
	struct mlc_reply reply;
	const char *(*header)(void *ctx, const char *name);
	void *ctx;
};
/* A connector that breaks its contract (a write settled twice, an outcome that is none, its memory
 * spent) fails as BROKEN, whatever it gave back; and so does a reading that goes in a circle: the
 * same page of records a third time, or a thousand replies in a row with none.  What such a step
 * emitted or advanced does not count.  May run on a pool thread. */
enum mlc_step call_step(struct call *, const struct call_reply *, int64_t now_ms);

struct mlc_call *call_inside(struct call *); /* request, pause_ms, answer, visit after a step */
enum op call_op(const struct call *);
/* A copy with all it points at; NULL: over the arena's ceiling. */
struct mlc_request *request_copy(struct arena *, const struct mlc_request *);
/* Recorded since the last call_take(): records, then whether advance() was called. */
size_t call_records(const struct call *, const struct call_record **);
bool call_advanced(const struct call *, const char **cursor, int64_t *renew_at_ms);
/* They are committed: forget them.  poll: what alloc(), format() and parse() gave is gone at the
 * next step. */
void call_take(struct call *);
size_t call_writes(const struct call *, const struct call_write **);
/* Of what was emitted and settled only ids and versions stay; records become hints. */
void call_thin(struct call *);
/* keep()s of the last step, to be committed before its request leaves. */
struct call_kept { const char *name, *secret; };
size_t call_kept(const struct call *, const struct call_kept **);
/* facts told since the call began: JSON object name -> text. */
const json_t *call_facts(const struct call *);
const json_t *call_described(const struct call *); /* discover: { entity: { field: {...} } } */
/* After MLC_FAIL. */
enum mlc_fault call_fault(const struct call *, uint32_t *after_ms, const char **text);
/* serve: gave, back, lost of this step, in order of calls. */
enum serve_word { SERVE_GAVE = 1, SERVE_BACK, SERVE_LOST };
struct serve_event {
	enum serve_word word; size_t i; int status; const char *body; size_t body_len; bool alone; };
size_t call_serve_events(const struct call *, const struct serve_event **);

#endif
