/* loop.c - the one loop, the one clock, threads' way home, timers and child processes. */
#include "loop.h"

#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define CHILD_READ_SIZE  65536
#define SIGNALS_MAX      4
#define SLEEP_MAX_MS     60000 /* longest between two looks at the real clock */
#define REAL_AHEAD_MS    2000  /* the machine slept, or somebody set its clock */

/* ---- the clock ------------------------------------------------------------------------ */

/* UTC = the monotonic clock + offset.  The offset only grows: by loop_advance(), and where real
 * time has gone ahead (the monotonic clock stands still while a machine sleeps).  A real clock
 * set back is not followed until the next start. */
static atomic_int_least64_t offset_ms;
static atomic_int_least64_t advanced_ms;
static pthread_once_t clock_once = PTHREAD_ONCE_INIT;

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void clock_start(void)
{
	atomic_store(&offset_ms, read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC));
}

static void clock_follow(void)
{
	int64_t real = read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC)
		+ atomic_load(&advanced_ms);
	int64_t offset = atomic_load(&offset_ms);

	if (real > offset + REAL_AHEAD_MS)
		atomic_compare_exchange_strong(&offset_ms, &offset, real);
}

int64_t loop_clock_ms(void)
{
	pthread_once(&clock_once, clock_start);
	return read_clock(CLOCK_MONOTONIC) + atomic_load(&offset_ms);
}

/* ---- the loop ------------------------------------------------------------------------- */

struct post {
	struct post *next;
	loop_fn *fn;
	void *arg;
};

struct on_signal {
	uv_signal_t handle;
	loop_fn *fn;
	void *arg;
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	uv_timer_t alarm;
	uv_prepare_t turn;

	uv_mutex_t mutex; /* of posts */
	struct post *posts, **posts_end;

	struct timer **heap; /* least at_ms first; heap[i]->place == i */
	size_t heap_count, heap_size;

	struct on_signal signals[SIGNALS_MAX];
	size_t signal_count;

	struct child *children;
	bool ending; /* loop_destroy() is at work */
};

static void run_posts(struct loop *l)
{
	uv_mutex_lock(&l->mutex);
	struct post *post = l->posts;
	l->posts = NULL;
	l->posts_end = &l->posts;
	uv_mutex_unlock(&l->mutex);

	while (post) {
		struct post *next = post->next;

		post->fn(post->arg);
		free(post);
		post = next;
	}
}

static void ring_due(struct loop *l);
static void arm(struct loop *l);

static void on_wake(uv_async_t *wake)
{
	run_posts(wake->data);
	ring_due(wake->data);
}

static void on_turn(uv_prepare_t *turn)
{
	struct loop *l = turn->data;
	int64_t before = atomic_load(&offset_ms);

	clock_follow();
	if (atomic_load(&offset_ms) != before)
		arm(l);
}

struct loop *loop_create(struct err *e)
{
	struct loop *l = xcalloc(1, sizeof *l);

	pthread_once(&clock_once, clock_start);
	signal(SIGPIPE, SIG_IGN);
	int code = uv_loop_init(&l->uv);
	if (code < 0) {
		err_set(e, ERR_SYSTEM, "the event loop does not start: %s", uv_strerror(code));
		free(l);
		return NULL;
	}
	l->posts_end = &l->posts;
	must(uv_mutex_init(&l->mutex) == 0);
	must(uv_async_init(&l->uv, &l->wake, on_wake) == 0);
	must(uv_timer_init(&l->uv, &l->alarm) == 0);
	must(uv_prepare_init(&l->uv, &l->turn) == 0);
	l->wake.data = l;
	l->alarm.data = l;
	l->turn.data = l;
	uv_prepare_start(&l->turn, on_turn);
	uv_unref((uv_handle_t *)&l->turn);
	return l;
}

void loop_run(struct loop *l)
{
	uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
	uv_stop(&l->uv);
}

struct uv_loop_s *loop_uv(struct loop *l)
{
	return &l->uv;
}

int64_t loop_now_ms(const struct loop *l)
{
	return (int64_t)uv_now(&l->uv) + atomic_load(&offset_ms);
}

void loop_advance(struct loop *l, int64_t ms)
{
	must(ms >= 0);
	uv_update_time(&l->uv);
	atomic_fetch_add(&advanced_ms, ms);
	atomic_fetch_add(&offset_ms, ms);
	arm(l);
}

void loop_post(struct loop *l, loop_fn *fn, void *arg)
{
	struct post *post = xcalloc(1, sizeof *post);

	post->fn = fn;
	post->arg = arg;
	uv_mutex_lock(&l->mutex);
	*l->posts_end = post;
	l->posts_end = &post->next;
	uv_mutex_unlock(&l->mutex);
	uv_async_send(&l->wake);
}

struct work {
	uv_work_t req;
	loop_fn *work, *done;
	void *arg;
};

static void on_pool(uv_work_t *req)
{
	struct work *w = req->data;

	w->work(w->arg);
}

static void on_worked(uv_work_t *req, int status)
{
	struct work *w = req->data;

	(void)status; /* nothing here cancels work */
	w->done(w->arg);
	free(w);
}

void loop_work(struct loop *l, loop_fn *work, loop_fn *done, void *arg)
{
	struct work *w = xcalloc(1, sizeof *w);

	w->work = work;
	w->done = done;
	w->arg = arg;
	w->req.data = w;
	must(uv_queue_work(&l->uv, &w->req, on_pool, on_worked) == 0);
}

/* ---- timers --------------------------------------------------------------------------- */

static void heap_put(struct loop *l, size_t place, struct timer *t)
{
	l->heap[place] = t;
	t->place = place;
}

static void heap_up(struct loop *l, struct timer *t)
{
	size_t place = t->place;

	while (place > 0 && l->heap[(place - 1) / 2]->at_ms > t->at_ms) {
		heap_put(l, place, l->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	heap_put(l, place, t);
}

static void heap_down(struct loop *l, struct timer *t)
{
	size_t place = t->place;

	for (;;) {
		size_t child = place * 2 + 1;

		if (child + 1 < l->heap_count && l->heap[child + 1]->at_ms < l->heap[child]->at_ms)
			child++;
		if (child >= l->heap_count || l->heap[child]->at_ms >= t->at_ms)
			break;
		heap_put(l, place, l->heap[child]);
		place = child;
	}
	heap_put(l, place, t);
}

static void heap_remove(struct loop *l, struct timer *t)
{
	struct timer *last = l->heap[--l->heap_count];

	if (last != t) {
		heap_put(l, t->place, last);
		heap_up(l, last);
		heap_down(l, last);
	}
	t->at_ms = 0;
}

static void ring_due(struct loop *l)
{
	int64_t now = loop_now_ms(l);

	/* As many as there are now: one that sets itself anew does not keep the loop. */
	for (size_t left = l->heap_count; left > 0 && l->heap_count > 0 && !l->ending; left--) {
		struct timer *t = l->heap[0];

		if (t->at_ms > now)
			break;
		heap_remove(l, t);
		t->fn(t->arg);
	}
	arm(l);
}

static void on_alarm(uv_timer_t *alarm)
{
	ring_due(alarm->data);
}

static void arm(struct loop *l)
{
	int64_t wait = l->heap_count ? l->heap[0]->at_ms - loop_now_ms(l) : 0;

	/* libuv runs a timer of 0 ms again in the same turn, and would never leave it. */
	uv_timer_stop(&l->alarm);
	if (l->ending)
		return;
	if (wait > 0)
		uv_timer_start(&l->alarm, on_alarm,
			(uint64_t)(wait < SLEEP_MAX_MS ? wait : SLEEP_MAX_MS), 0);
	else if (l->heap_count > 0)
		uv_async_send(&l->wake);
}

void timer_set(struct loop *l, struct timer *t, int64_t at_ms, loop_fn *fn, void *arg)
{
	bool was_first = l->heap_count > 0 && l->heap[0] == t;
	bool was_set = t->at_ms != 0;
	int64_t now = loop_now_ms(l);

	/* What is long due is due now: it must not overtake for ever those that wait already. */
	t->at_ms = at_ms > now ? at_ms : now;
	t->fn = fn;
	t->arg = arg;
	if (!was_set) {
		if (l->heap_count == l->heap_size) {
			l->heap_size = l->heap_size ? l->heap_size * 2 : 64;
			l->heap = xrealloc(l->heap, l->heap_size * sizeof *l->heap);
		}
		heap_put(l, l->heap_count++, t);
	}
	heap_up(l, t);
	heap_down(l, t);
	if (was_first || l->heap[0] == t)
		arm(l);
}

void timer_clear(struct loop *l, struct timer *t)
{
	if (t->at_ms == 0)
		return;
	bool was_first = l->heap[0] == t;
	heap_remove(l, t);
	if (was_first)
		arm(l);
}

/* ---- signals -------------------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int number)
{
	struct on_signal *s = handle->data;

	(void)number;
	s->fn(s->arg);
}

void loop_on_signal(struct loop *l, int number, loop_fn *fn, void *arg)
{
	must(l->signal_count < SIGNALS_MAX);

	struct on_signal *s = &l->signals[l->signal_count++];
	s->fn = fn;
	s->arg = arg;
	s->handle.data = s;
	must(uv_signal_init(&l->uv, &s->handle) == 0);
	must(uv_signal_start(&s->handle, on_signal, number) == 0);
	uv_unref((uv_handle_t *)&s->handle);
}

/* ---- children ------------------------------------------------------------------------- */

struct child {
	struct loop *loop;
	struct child *next, **self; /* among the loop's */
	uv_process_t process;
	uv_pipe_t pipe;
	struct child_events events;
	void *arg;
	bool closed;    /* on_bytes with 0 was told */
	bool abandoned; /* the loop is going: nobody is told anything */
	unsigned open;  /* handles that are not closed yet */
	char bytes[CHILD_READ_SIZE];
};

static void child_closed(uv_handle_t *handle)
{
	struct child *c = handle->data;

	if (--c->open == 0)
		free(c);
}

static void child_release(struct child *c)
{
	*c->self = c->next;
	if (c->next)
		c->next->self = c->self;
	uv_close((uv_handle_t *)&c->process, child_closed);
	uv_close((uv_handle_t *)&c->pipe, child_closed);
}

static void tell_bytes(struct child *c, const char *bytes, size_t len)
{
	if (c->closed || c->abandoned)
		return;
	c->closed = len == 0;
	c->events.on_bytes(c->arg, bytes, len);
}

static void child_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct child *c = handle->data;

	(void)suggested;
	*out = uv_buf_init(c->bytes, sizeof c->bytes);
}

static void child_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct child *c = stream->data;

	if (got > 0) {
		tell_bytes(c, buf->base, (size_t)got);
	} else if (got < 0) {
		uv_read_stop(stream);
		tell_bytes(c, "", 0);
	}
}

/* What it said before it died is still in the socket; read it here, since end-of-file may
 * never come where a grandchild holds the other end. */
static void child_drain(struct child *c)
{
	uv_os_fd_t fd;
	ssize_t got;

	uv_read_stop((uv_stream_t *)&c->pipe);
	if (uv_fileno((uv_handle_t *)&c->pipe, &fd) == 0)
		while (!c->closed && (got = read(fd, c->bytes, sizeof c->bytes)) > 0)
			tell_bytes(c, c->bytes, (size_t)got);
	tell_bytes(c, "", 0);
}

static void child_exited(uv_process_t *process, int64_t status, int by_signal)
{
	struct child *c = process->data;

	if (!c->abandoned) {
		child_drain(c);
		c->events.on_exit(c->arg, by_signal ? 128 + by_signal : (int)status);
	}
	child_release(c);
}

static int spawn(struct child *c, const char *const *argv, int theirs)
{
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_INHERIT_FD, .data.fd = theirs },
		{ .flags = UV_INHERIT_FD, .data.fd = theirs },
		{ .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
	};
	uv_process_options_t options = { .file = argv[0], .exit_cb = child_exited, .stdio = stdio,
		.stdio_count = 3 };
	size_t count = 0;

	/* libuv wants what execvp wants: pointers that could write, and do not. */
	while (argv[count])
		count++;
	options.args = xcalloc(count + 1, sizeof *options.args);
	for (size_t i = 0; i < count; i++)
		options.args[i] = xstrdup(argv[i]);
	int code = uv_spawn(&c->loop->uv, &c->process, &options);
	for (size_t i = 0; i < count; i++)
		free(options.args[i]);
	free(options.args);
	return code;
}

struct child *child_spawn(struct loop *l, const char *const *argv, const struct child_events *events,
	void *arg, struct err *e)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		err_set(e, ERR_SYSTEM, "%s: %s", argv[0], strerror(errno));
		return NULL;
	}

	struct child *c = xcalloc(1, sizeof *c);
	c->loop = l;
	c->events = *events;
	c->arg = arg;
	c->open = 2;
	c->process.data = c;
	c->pipe.data = c;
	must(uv_pipe_init(&l->uv, &c->pipe, 0) == 0);
	must(uv_pipe_open(&c->pipe, ends[0]) == 0);
	c->self = &l->children;
	c->next = l->children;
	if (c->next)
		c->next->self = &c->next;
	l->children = c;

	int code = spawn(c, argv, ends[1]);
	close(ends[1]);
	if (code < 0) {
		err_set(e, ERR_SYSTEM, "%s: %s", argv[0], uv_strerror(code));
		child_release(c);
		return NULL;
	}
	must(uv_read_start((uv_stream_t *)&c->pipe, child_room, child_read) == 0);
	return c;
}

struct child_write {
	uv_write_t req;
	char bytes[];
};

static void child_written(uv_write_t *req, int status)
{
	(void)status; /* that it is gone, on_bytes and on_exit tell */
	free(req->data);
}

void child_write(struct child *c, const void *bytes, size_t len)
{
	struct child_write *w = xcalloc(1, sizeof *w + len);

	memcpy(w->bytes, bytes, len);
	w->req.data = w;
	uv_buf_t buf = uv_buf_init(w->bytes, (unsigned)len);
	must(len <= UINT32_MAX);
	if (uv_write(&w->req, (uv_stream_t *)&c->pipe, &buf, 1, child_written) < 0)
		free(w);
}

void child_kill(struct child *c)
{
	uv_process_kill(&c->process, SIGKILL);
}

void child_abandon(struct child *c)
{
	c->abandoned = true;
	child_kill(c);
}

long child_pid(const struct child *c)
{
	return (long)c->process.pid;
}

/* ---- the end -------------------------------------------------------------------------- */

void loop_destroy(struct loop *l)
{
	if (!l)
		return;
	l->ending = true;
	for (struct child *c = l->children; c; c = c->next)
		child_abandon(c);
	uv_unref((uv_handle_t *)&l->wake);
	uv_unref((uv_handle_t *)&l->alarm);
	do {
		/* Work that was begun ends, and so do children; what they post still runs. */
		uv_run(&l->uv, UV_RUN_DEFAULT);
		run_posts(l);
	} while (uv_loop_alive(&l->uv) || l->posts);

	uv_close((uv_handle_t *)&l->wake, NULL);
	uv_close((uv_handle_t *)&l->alarm, NULL);
	uv_close((uv_handle_t *)&l->turn, NULL);
	for (size_t i = 0; i < l->signal_count; i++)
		uv_close((uv_handle_t *)&l->signals[i].handle, NULL);
	uv_run(&l->uv, UV_RUN_DEFAULT);
	must(uv_loop_close(&l->uv) == 0);
	uv_mutex_destroy(&l->mutex);
	free(l->heap);
	free(l);
}
