/* pool.c - workers, what each is busy with, and what waits. */
#include "script/pool.h"

#include "base/log.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS_MAX    64
#define DEPTH          2 /* MAPs in one worker: the next one is there when the first is done */
#define BACKOFF_MS     50
#define BACKOFF_MAX_MS 30000
#define STILLBORN_MAX  3 /* a worker, times, before what waits is told */

struct ask {
	struct ask *next;
	struct load *load; /* LOAD: whose; it has the frame, and knows who waits */
	enum cage_word word;
	uint32_t id, generation;
	char *frame;
	size_t frame_len;
	cage_fn *done; /* NULL: nobody waits for it */
	void *arg;
	const char *why; /* among the ended */
};

struct queue {
	struct ask *first, **last;
};

struct load {
	struct load *next;
	uint32_t generation, id;
	char *frame;
	size_t frame_len;
	cage_fn *done; /* NULL: told */
	void *arg;
	bool is_bad; /* it killed a worker before any had loaded it */
};

struct worker {
	struct pool *pool;
	struct child *child; /* NULL: waits to be started */
	struct frame_reader in;
	struct queue asks;   /* in the order of their answers; the first is what it is busy with */
	unsigned count;      /* of asks */
	unsigned others;     /* of them, those that are no MAP */
	unsigned failures;   /* deaths since the last answer */
	bool is_condemned;   /* killed, and not buried yet */
	struct timer deadline, restart;
};

struct pool {
	struct loop *loop;
	char *program;
	uint32_t last_id;
	struct queue waiting, ended; /* ended: before they reached a worker */
	unsigned waiting_count;
	struct load *loads;
	struct timer tell_ended;
	struct worker *workers;
	unsigned worker_count;
	bool stopped; /* all have been told; loads and workers are gone or go with it */
};

static const struct {
	const char *name;
	int64_t most_ms;
} words[] = {
	[CAGE_READ] = { "READ", 30000 },
	[CAGE_LOAD] = { "LOAD", 30000 },
	[CAGE_FORGET] = { "FORGET", 30000 },
	[CAGE_MAP] = { "MAP", 2000 },
	[CAGE_TEST] = { "TEST", 60000 },
};

/* ---- asks ----------------------------------------------------------------------- */

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void queue_put(struct queue *q, struct ask *a)
{
	a->next = NULL;
	*q->last = a;
	q->last = &a->next;
}

static void queue_put_first(struct queue *q, struct ask *a)
{
	a->next = q->first;
	q->first = a;
	if (!a->next)
		q->last = &a->next;
}

static struct ask *queue_take(struct queue *q)
{
	struct ask *a = q->first;

	if (!a)
		return NULL;
	q->first = a->next;
	if (!q->first)
		q->last = &q->first;
	return a;
}

static void drop(struct ask *a)
{
	free(a->frame);
	free(a);
}

/* Tells who waits, once, and frees. */
static void end(struct ask *a, const struct cage_reply *reply)
{
	cage_fn *done = a->done;
	void *arg = a->arg;

	if (a->load) {
		done = a->load->done;
		arg = a->load->arg;
		a->load->is_bad |= done && reply->outcome != CAGE_ANSWERED;
		a->load->done = NULL;
	}
	drop(a);
	if (done)
		done(arg, reply);
}

static void end_dead(struct ask *a, const char *why)
{
	end(a, &(struct cage_reply) { .outcome = CAGE_DIED, .why = why });
}

static void tell_ended(void *arg)
{
	struct pool *p = arg;
	struct ask *a;

	while ((a = queue_take(&p->ended)))
		end_dead(a, a->why);
}

/* Ends it as DIED in the next turn, when the caller is out of our functions. */
static void end_later(struct pool *p, struct ask *a, const char *why)
{
	a->why = why;
	queue_put(&p->ended, a);
	timer_set(p->loop, &p->tell_ended, loop_now_ms(p->loop), tell_ended, p);
}

/* ---- giving work out ------------------------------------------------------------- */

static struct load **find_load(struct pool *p, uint32_t generation)
{
	struct load **at = &p->loads;

	while (*at && (*at)->generation != generation)
		at = &(*at)->next;
	return at;
}

static void on_deadline(void *arg);

static void set_deadline(struct worker *w)
{
	const struct ask *busy = w->asks.first;

	if (busy)
		timer_set(w->pool->loop, &w->deadline, loop_now_ms(w->pool->loop) + words[busy->word].most_ms,
			on_deadline, w);
	else
		timer_clear(w->pool->loop, &w->deadline);
}

static void give(struct worker *w, struct ask *a)
{
	if (a->load)
		child_write(w->child, a->load->frame, a->load->frame_len);
	else
		child_write(w->child, a->frame, a->frame_len);
	queue_put(&w->asks, a);
	w->count++;
	w->others += a->word != CAGE_MAP;
	if (w->count == 1)
		set_deadline(w);
}

static bool is_up(const struct worker *w)
{
	return w->child && !w->is_condemned;
}

/* How many more MAPs it may hold: none behind what takes longer than a MAP. */
static unsigned room(const struct worker *w)
{
	return is_up(w) && w->others == 0 && w->count < DEPTH ? DEPTH - w->count : 0;
}

static struct worker *worker_for(struct pool *p, const struct ask *a)
{
	struct worker *best = NULL;

	for (struct worker *w = p->workers; w < p->workers + p->worker_count; w++) {
		if (room(w) == 0 || (a->word != CAGE_MAP && w->count > 0))
			continue;
		if (!best || w->count < best->count)
			best = w;
	}
	return best;
}

static void give_out(struct pool *p)
{
	while (p->waiting.first) {
		struct ask *a = p->waiting.first;
		bool is_known = a->generation == 0 || *find_load(p, a->generation);
		struct worker *w = is_known ? worker_for(p, a) : NULL;

		if (is_known && !w)
			return;
		queue_take(&p->waiting);
		p->waiting_count--;
		if (is_known)
			give(w, a);
		else
			end_later(p, a, "the mappings it was meant for are not loaded any more");
	}
}

static void give_load(struct worker *w, struct load *l)
{
	struct ask *a = xcalloc(1, sizeof *a);

	*a = (struct ask) { .load = l, .word = CAGE_LOAD, .id = l->id, .generation = l->generation };
	give(w, a);
}

/* ---- a worker's life --------------------------------------------------------------- */

static void start(struct worker *w, struct err *e);

static void on_restart(void *arg)
{
	struct worker *w = arg;

	start(w, NULL);
	give_out(w->pool);
}

/* The first time at once, then later and later, until one answers. */
static int64_t schedule_restart(struct worker *w)
{
	unsigned doublings = w->failures > 1 ? w->failures - 2 : 0;
	int64_t pause_ms = w->failures < 2 ? 0 : doublings > 9 ? BACKOFF_MAX_MS : BACKOFF_MS << doublings;

	timer_set(w->pool->loop, &w->restart, loop_now_ms(w->pool->loop) + pause_ms, on_restart, w);
	return pause_ms;
}

/* When no worker lives long enough to answer anything, nobody is to wait for one. */
static void give_up_waiting(struct pool *p)
{
	struct ask *a;

	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i].failures < STILLBORN_MAX)
			return;
	while ((a = queue_take(&p->waiting))) {
		p->waiting_count--;
		end_later(p, a, "the worker processes die as soon as they start: see the log");
	}
}

/* Takes back what it was given: the first is told `first`, the others wait again. */
static void take_back(struct worker *w, const struct cage_reply *first)
{
	struct queue others;
	struct ask *busy = queue_take(&w->asks), *a;

	queue_init(&others);
	while ((a = queue_take(&w->asks)))
		if (a->done)
			queue_put_first(&others, a);
		else /* LOAD, FORGET: a new worker is told anyway what it has to have */
			drop(a);
	while ((a = queue_take(&others))) {
		queue_put_first(&w->pool->waiting, a);
		w->pool->waiting_count++;
	}
	w->count = w->others = 0;
	timer_clear(w->pool->loop, &w->deadline);
	if (busy)
		end(busy, first);
}

static void on_deadline(void *arg)
{
	struct worker *w = arg;
	struct cage_reply reply = { .outcome = CAGE_TIMEOUT };
	char why[128];

	snprintf(why, sizeof why, "%s took longer than %lld s", words[w->asks.first->word].name,
		(long long)(words[w->asks.first->word].most_ms / 1000));
	reply.why = why;
	log_line(LOG_WARN, "script", "worker %ld is killed: %s", child_pid(w->child), why);
	w->is_condemned = true;
	child_kill(w->child);
	take_back(w, &reply);
	give_out(w->pool);
}

static void on_exit_status(void *arg, int status)
{
	struct worker *w = arg;
	struct cage_reply reply = { .outcome = CAGE_DIED };
	char why[128];
	int64_t pause_ms;

	if (status > 128)
		snprintf(why, sizeof why, "the worker process was killed by signal %d (%s)", status - 128,
			strsignal(status - 128));
	else
		snprintf(why, sizeof why, "the worker process ended with status %d", status);
	reply.why = why;
	w->child = NULL;
	w->is_condemned = false;
	w->failures++;
	pause_ms = schedule_restart(w);
	log_line(LOG_WARN, "script", "%s; another starts in %lld ms", why, (long long)pause_ms);
	take_back(w, &reply);
	give_up_waiting(w->pool);
	give_out(w->pool);
}

static void condemn(struct worker *w, const char *why)
{
	log_line(LOG_ERROR, "script", "worker %ld is killed: it sent %s", child_pid(w->child), why);
	w->is_condemned = true;
	child_kill(w->child);
}

static void on_frame(struct worker *w, const struct frame *f)
{
	struct ask *a = w->asks.first;

	if (!a || f->id != a->id || f->word != a->word) {
		condemn(w, "an answer that nobody asked for");
		return;
	}
	queue_take(&w->asks);
	w->count--;
	w->others -= a->word != CAGE_MAP;
	w->failures = 0;
	set_deadline(w);
	end(a, &(struct cage_reply) { .outcome = CAGE_ANSWERED, .parts = f->parts,
		.part_count = f->part_count });
}

static void on_bytes(void *arg, const char *bytes, size_t len)
{
	struct worker *w = arg;
	struct err e = { 0 };
	struct frame f;
	int got = 0;

	if (w->is_condemned)
		return;
	if (len == 0) { /* it can answer no more, whether it lives on or not */
		w->is_condemned = true;
		child_kill(w->child);
		return;
	}
	if (frame_feed(&w->in, bytes, len, &e) == 0)
		while (!w->is_condemned && (got = frame_next(&w->in, &f, &e)) > 0)
			on_frame(w, &f);
	if (e.code)
		condemn(w, e.text);
	give_out(w->pool);
}

static const struct child_events events = { .on_bytes = on_bytes, .on_exit = on_exit_status };

static void start(struct worker *w, struct err *e)
{
	const char *const argv[] = { w->pool->program, "cage", NULL };
	struct err own = { 0 };

	frame_reader_clear(&w->in);
	w->child = child_spawn(w->pool->loop, argv, &events, w, e ? e : &own);
	if (!w->child) {
		w->failures++;
		if (!e)
			log_line(LOG_ERROR, "script", "no worker process: %s; tried again in %lld ms", own.text,
				(long long)schedule_restart(w));
		give_up_waiting(w->pool);
		return;
	}
	for (struct load *l = w->pool->loads; l; l = l->next)
		if (!l->is_bad)
			give_load(w, l);
}

/* ---- the pool ------------------------------------------------------------------------- */

static unsigned cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

struct pool *pool_create(struct loop *loop, const struct pool_conf *conf, struct err *e)
{
	struct pool *p = xcalloc(1, sizeof *p);
	struct err own = { 0 };

	p->loop = loop;
	p->program = xstrdup(conf->program);
	queue_init(&p->waiting);
	queue_init(&p->ended);
	p->worker_count = conf->workers ? conf->workers : cores();
	if (p->worker_count > WORKERS_MAX)
		p->worker_count = WORKERS_MAX;
	p->workers = xcalloc(WORKERS_MAX, sizeof *p->workers);
	for (struct worker *w = p->workers; w < p->workers + WORKERS_MAX; w++) {
		w->pool = p;
		queue_init(&w->asks);
		frame_reader_init(&w->in);
	}
	for (unsigned i = 0; i < p->worker_count && !own.code; i++)
		start(&p->workers[i], &own);
	if (own.code) {
		err_set(e, own.code, "%s", own.text);
		pool_destroy(p);
		return NULL;
	}
	return p;
}

/* It ends; what was asked of it waits again, in its order and before all else. */
static void retire(struct worker *w)
{
	struct queue again;
	struct ask *a;

	timer_clear(w->pool->loop, &w->deadline);
	timer_clear(w->pool->loop, &w->restart);
	if (w->child)
		child_abandon(w->child);
	w->child = NULL;
	w->is_condemned = false;
	queue_init(&again);
	while ((a = queue_take(&w->asks)))
		if (a->done)
			queue_put_first(&again, a);
		else
			drop(a);
	while ((a = queue_take(&again))) {
		queue_put_first(&w->pool->waiting, a);
		w->pool->waiting_count++;
	}
	w->count = w->others = w->failures = 0;
}

void pool_use(struct pool *p, unsigned workers)
{
	unsigned wanted = !workers ? cores() : workers > WORKERS_MAX ? WORKERS_MAX : workers;

	while (p->worker_count > wanted)
		retire(&p->workers[--p->worker_count]);
	while (p->worker_count < wanted)
		start(&p->workers[p->worker_count++], NULL);
	give_out(p);
}

unsigned pool_workers(const struct pool *p)
{
	return p->worker_count;
}

static void free_load(struct load *l)
{
	free(l->frame);
	free(l);
}

void pool_stop(struct pool *p)
{
	static const char why[] = "the host is stopping";
	struct queue all;
	struct ask *a;

	if (!p || p->stopped)
		return;
	p->stopped = true;
	queue_init(&all);
	for (struct worker *w = p->workers; w < p->workers + p->worker_count; w++) {
		timer_clear(p->loop, &w->deadline);
		timer_clear(p->loop, &w->restart);
		if (w->child)
			child_abandon(w->child);
		while ((a = queue_take(&w->asks)))
			queue_put(&all, a);
	}
	for (struct worker *w = p->workers; w < p->workers + WORKERS_MAX; w++)
		frame_reader_finish(&w->in);
	timer_clear(p->loop, &p->tell_ended);
	while ((a = queue_take(&p->ended)) || (a = queue_take(&p->waiting)))
		queue_put(&all, a);
	while ((a = queue_take(&all)))
		end_dead(a, why);
	while (p->loads) {
		struct load *l = p->loads;

		p->loads = l->next;
		if (l->done)
			l->done(l->arg, &(struct cage_reply) { .outcome = CAGE_DIED, .why = why });
		free_load(l);
	}
}

void pool_destroy(struct pool *p)
{
	if (!p)
		return;
	pool_stop(p);
	free(p->workers);
	free(p->program);
	free(p);
}

static uint32_t new_id(struct pool *p)
{
	return ++p->last_id;
}

/* The frame's bytes; NULL: too long for one. */
static char *make_frame(enum cage_word word, uint32_t id, const struct cage_part *parts, size_t count,
	size_t *len)
{
	struct buf b;

	buf_init(&b, FRAME_MAX + 64);
	if (frame_write(&b, word, id, parts, count))
		return buf_take(&b, len);
	buf_finish(&b);
	return NULL;
}

void pool_ask(struct pool *p, enum cage_word word, uint32_t generation, const struct cage_part *parts,
	size_t part_count, cage_fn *done, void *arg)
{
	struct ask *a = xcalloc(1, sizeof *a);

	*a = (struct ask) { .word = word, .id = new_id(p), .generation = generation, .done = done,
		.arg = arg };
	a->frame = make_frame(word, a->id, parts, part_count, &a->frame_len);
	if (!a->frame) {
		end_later(p, a, "the request is longer than a frame may be");
		return;
	}
	queue_put(&p->waiting, a);
	p->waiting_count++;
	give_up_waiting(p);
	give_out(p);
}

void pool_load(struct pool *p, uint32_t generation, const char *text, size_t len, cage_fn *done, void *arg)
{
	struct cage_part part = { text, len };
	struct load *l = xcalloc(1, sizeof *l), **last = &p->loads;

	pool_forget(p, generation);
	*l = (struct load) { .generation = generation, .id = new_id(p), .done = done, .arg = arg };
	l->frame = make_frame(CAGE_LOAD, l->id, &part, 1, &l->frame_len);
	if (!l->frame) {
		struct ask *a = xcalloc(1, sizeof *a);

		*a = (struct ask) { .done = done, .arg = arg };
		end_later(p, a, "the mappings are longer than a frame may be");
		free_load(l);
		return;
	}
	while (*last)
		last = &(*last)->next;
	*last = l;
	for (struct worker *w = p->workers; w < p->workers + p->worker_count; w++)
		if (is_up(w))
			give_load(w, l);
}

/* No worker's ask may go on pointing at a load that goes. */
static void detach(struct pool *p, const struct load *l)
{
	for (struct worker *w = p->workers; w < p->workers + p->worker_count; w++)
		for (struct ask *a = w->asks.first; a; a = a->next)
			if (a->load == l)
				a->load = NULL;
}

void pool_forget(struct pool *p, uint32_t generation)
{
	struct load **at = find_load(p, generation), *l = *at;
	struct cage_part part;
	char text[64];

	if (!l || p->stopped)
		return;
	*at = l->next;
	detach(p, l);
	if (l->done) {
		struct ask *a = xcalloc(1, sizeof *a);

		*a = (struct ask) { .done = l->done, .arg = l->arg };
		end_later(p, a, "it was forgotten before it was loaded");
	}
	free_load(l);
	part = (struct cage_part) { text, (size_t)snprintf(text, sizeof text, "{\"generation\":%u}", generation) };
	for (struct worker *w = p->workers; w < p->workers + p->worker_count; w++) {
		struct ask *a;

		if (!is_up(w))
			continue;
		a = xcalloc(1, sizeof *a);
		*a = (struct ask) { .word = CAGE_FORGET, .id = new_id(p) };
		a->frame = make_frame(CAGE_FORGET, a->id, &part, 1, &a->frame_len);
		give(w, a);
	}
}

unsigned pool_free(const struct pool *p)
{
	unsigned n = 0;

	for (const struct worker *w = p->workers; w < p->workers + p->worker_count; w++)
		n += room(w);
	return n > p->waiting_count ? n - p->waiting_count : 0;
}

unsigned pool_waiting(const struct pool *p)
{
	return p->waiting_count;
}
