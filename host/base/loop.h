/* loop.h - the one loop, the one clock, threads' way home, timers and child processes.
 * uv.h is included by loop.c and by net/ only. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct uv_loop_s;
typedef void loop_fn(void *arg);

struct loop *loop_create(struct err *);
/* Work and posts that were begun end first; children are killed and not heard any more; timers
 * do not ring.  Whatever else has handles in the loop must have begun to close them. */
void loop_destroy(struct loop *);
void loop_run(struct loop *);  /* until loop_stop() */
void loop_stop(struct loop *); /* loop thread only */
struct uv_loop_s *loop_uv(struct loop *); /* for net/ only */

/* UTC milliseconds.  The same throughout one turn of the loop; moves when loop_advance() says so. */
int64_t loop_now_ms(const struct loop *);
int64_t loop_clock_ms(void); /* the same clock, from any thread; never goes back */
/* Tests only: the clock jumps forward by ms, and timers that are due then run. */
void loop_advance(struct loop *, int64_t ms);

/* Runs fn(arg) on the loop thread, soon, in order.  From any thread. */
void loop_post(struct loop *, loop_fn *fn, void *arg);
/* work(arg) on a pool thread, then done(arg) on the loop thread. */
void loop_work(struct loop *, loop_fn *work, loop_fn *done, void *arg);

/* A deadline, a member of its owner.  Zero it first.  Setting one again moves it. */
struct timer {
	int64_t at_ms; /* 0: not set */
	size_t place;  /* in the heap */
	loop_fn *fn;
	void *arg;
};
void timer_set(struct loop *, struct timer *, int64_t at_ms, loop_fn *fn, void *arg);
void timer_clear(struct loop *, struct timer *);

/* fn(arg) at SIGHUP, SIGTERM, SIGINT; SIGPIPE is ignored from loop_create() on. */
void loop_on_signal(struct loop *, int signal, loop_fn *fn, void *arg);

/* A child process with a stream socket as its descriptors 0 and 1; stderr is ours.
 * on_bytes: len 0 means that it closed.  on_exit comes last and once; status: exit status, or
 * 128 + signal.  After on_exit the child is freed. */
struct child;
struct child_events {
	void (*on_bytes)(void *arg, const char *bytes, size_t len);
	void (*on_exit)(void *arg, int status);
};
struct child *child_spawn(struct loop *, const char *const *argv, const struct child_events *, void *arg,
	struct err *);
void child_write(struct child *, const void *bytes, size_t len); /* copied */
void child_kill(struct child *);                                 /* SIGKILL; on_exit follows */
void child_abandon(struct child *); /* SIGKILL, and nobody is told anything any more */
long child_pid(const struct child *);

#endif
