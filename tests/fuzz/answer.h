/* answer.h - what the fuzzers of connectors' answers share: one call, answered with the same bytes until it ends. */
#ifndef FUZZ_ANSWER_H
#define FUZZ_ANSWER_H

#include "plug/call.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795219800000) /* 2026-11-21T00:10:00Z */

struct answers {
	const char *text; /* the body of each reply */
	size_t len;
	const char *(*header)(void *ctx, const char *name); /* of each, and of what came in; NULL: none */
	const int *statuses; /* one after the other, and again; NULL: 200 */
	size_t status_count;
	unsigned most; /* this often; a call that goes on for ever is left there */
	bool (*is_id)(const char *); /* is it one of this system's?  NULL: any is */
	void (*look)(const struct call_record *); /* aborts at what is no record; NULL: an id is enough */
};

static inline bool answer_id(const struct answers *a, const char *id)
{
	return id && *id && (!a->is_id || a->is_id(id));
}

static inline void answer_look(struct call *c, const struct answers *a)
{
	const struct call_record *r;
	size_t count = call_records(c, &r);

	for (size_t i = 0; i < count; i++) {
		if (!call_is_nameless(r[i].id) && !answer_id(a, r[i].id))
			abort();
		if (a->look)
			a->look(&r[i]);
	}
}

/* What ended well has settled or refused each write, and settled none without an id. */
static inline void answer_look_at_writes(struct call *c, const struct answers *a)
{
	const struct call_write *w;
	size_t count = call_op(c) == OP_WRITE ? call_writes(c, &w) : 0;

	for (size_t i = 0; i < count; i++)
		if (w[i].end == WRITE_END_NONE || (w[i].end == WRITE_END_SETTLED && !answer_id(a, w[i].record.id)))
			abort();
}

/* As the host does: what is there to be committed is, and forgotten. */
static inline void answer_take(struct call *c)
{
	const struct call_record *r;
	const char *cursor;
	int64_t renew_at_ms;

	if (call_records(c, &r) > 0 || call_advanced(c, &cursor, &renew_at_ms))
		call_take(c);
}

/* Steps c to its end, or as often as may be.  Aborts at a record that is none, at a write without an outcome, and
 * at a fault without words or of the connector's own. */
static inline void answer_all(struct call *c, const struct answers *a)
{
	const struct call_reply none = { .reply = { .kind = MLC_REPLY_NONE, .body = "" }, .header = a->header };
	const struct call_reply over = { .reply = { .kind = MLC_REPLY_PAUSED, .body = "" }, .header = a->header };
	struct call_reply reply = { .reply = { MLC_REPLY_HERE, 200, a->text, a->len }, .header = a->header };
	enum mlc_step step = call_step(c, &none, NOW);
	char own[64];
	const char *why;

	for (unsigned i = 0; i < a->most && (step == MLC_SEND || step == MLC_PAUSE); i++) {
		answer_look(c, a);
		answer_take(c);
		if (a->statuses)
			reply.reply.status = a->statuses[i % a->status_count];
		step = call_step(c, step == MLC_PAUSE ? &over : &reply, NOW);
	}
	answer_look(c, a);
	if (step == MLC_DONE)
		answer_look_at_writes(c, a);
	if (step != MLC_FAIL)
		return;
	snprintf(own, sizeof own, "connector %s:", mlc_connector_v1.name);
	call_fault(c, NULL, &why);
	if (!*why || strstr(why, own))
		abort();
}

#endif
