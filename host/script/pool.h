/* pool.h - the host's side of the worker processes (`mlc cage`): see docs/design/worker.md. */
#ifndef SCRIPT_POOL_H
#define SCRIPT_POOL_H

#include "base/err.h"
#include "base/loop.h"
#include "script/frame.h"

#include <stddef.h>
#include <stdint.h>

struct pool;

enum cage_outcome { CAGE_ANSWERED = 1, CAGE_DIED, CAGE_TIMEOUT };
struct cage_reply {
	enum cage_outcome outcome;
	const struct cage_part *parts; /* ANSWERED; borrowed until the callback returns; NUL-terminated */
	size_t part_count;
	const char *why; /* DIED, TIMEOUT: for people */
};
typedef void cage_fn(void *arg, const struct cage_reply *);

struct pool_conf {
	const char *program; /* path of mlc itself; started as `mlc cage` */
	unsigned workers;    /* 0: one per core */
};

struct pool *pool_create(struct loop *, const struct pool_conf *, struct err *);
/* From now on so many workers (0: one per core).  Those above it end, and what they were asked goes to others;
 * not from within a callback of the pool. */
void pool_use(struct pool *, unsigned workers);
unsigned pool_workers(const struct pool *);
/* Children are killed; what was asked and not answered ends as DIED, from within this call.  Nothing may
 * be asked any more; generations may still be forgotten. */
void pool_stop(struct pool *);
void pool_destroy(struct pool *); /* stops it first, where nobody has */

/* One request to any free worker that has the generation (0: any).  Parts are copied.  done runs once,
 * on the loop thread, never from within this call.  Requests wait in order; MAPs are spread, and a
 * worker may hold a second one while it works.  Only the request that a worker was busy with when it
 * died is told DIED; one that waited behind it goes to another worker. */
void pool_ask(struct pool *, enum cage_word, uint32_t generation, const struct cage_part *parts, size_t part_count,
	cage_fn *done, void *arg);

/* LOADs text into every worker, present and future, until pool_forget(); done gets one worker's
 * answer (they are all the same: loading is pure).  When it is DIED or TIMEOUT the text is not loaded
 * again.  Forgetting what was not answered yet answers it: DIED. */
void pool_load(struct pool *, uint32_t generation, const char *text, size_t len, cage_fn *done, void *arg);
void pool_forget(struct pool *, uint32_t generation);

/* How many MAPs could start at once, and how many wait: for back-pressure. */
unsigned pool_free(const struct pool *);
unsigned pool_waiting(const struct pool *);

#endif
