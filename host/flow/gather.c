/* gather.c - reads that leave together: records of one entity of one connection, as many as one of its requests asks
 * for.  Each reader has its own outcome, as if it had asked alone; what is wrong with one record harms no other. */
#include "flow/work.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct wanted {
	char *id;
	struct task **readers;
	size_t count;
};

struct gather {
	struct task task; /* first */
	struct host *host;
	struct connection *connection;
	char *entity;
	struct wanted *wanted; /* each id once */
	size_t count, most;
	unsigned attempt;
	int64_t until_ms;
	struct gather *next; /* while others may join */
};

static struct gather *gather_begin(struct host *h, struct connection *c, const char *entity, size_t most)
{
	struct gather *g = xcalloc(1, sizeof *g);

	g->host = h;
	g->connection = c;
	g->entity = xstrdup(entity);
	g->most = most;
	g->wanted = xcalloc(most, sizeof *g->wanted);
	return g;
}

static void gather_end(struct gather *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free(g->wanted[i].id);
		free(g->wanted[i].readers);
	}
	free(g->wanted);
	free(g->entity);
	free(g);
}

static struct wanted *wanted_of(const struct gather *g, const char *id)
{
	for (size_t i = 0; i < g->count; i++)
		if (!strcmp(g->wanted[i].id, id))
			return &g->wanted[i];
	return NULL;
}

static void add(struct gather *g, const char *id, struct task *reader)
{
	struct wanted *w = wanted_of(g, id);

	if (!w) {
		w = &g->wanted[g->count++];
		w->id = xstrdup(id);
	}
	w->readers = xrealloc(w->readers, (w->count + 1) * sizeof *w->readers);
	w->readers[w->count++] = reader;
}

static void on_read(struct task *, const struct outcome *);

static void ask(struct gather *g)
{
	const char **ids = xcalloc(g->count + 1, sizeof *ids);

	for (size_t i = 0; i < g->count; i++)
		ids[i] = g->wanted[i].id;
	g->task.done = on_read;
	host_call(g->host, g->connection, &(struct order) { .op = OP_FETCH, .entity = g->entity, .ids = ids,
		.attempt = g->attempt }, &g->task);
	free(ids);
}

/* ---- what came of it --------------------------------------------------------------------------- */

/* Asks for these again, without the others. */
static void ask_apart(const struct gather *g, size_t from, size_t to)
{
	struct gather *part = gather_begin(g->host, g->connection, g->entity, to - from);

	for (size_t i = from; i < to; i++)
		for (size_t k = 0; k < g->wanted[i].count; k++)
			add(part, g->wanted[i].id, g->wanted[i].readers[k]);
	ask(part);
}

static void tell(const struct wanted *w, const struct outcome *o)
{
	for (size_t i = 0; i < w->count; i++)
		w->readers[i]->done(w->readers[i], o);
}

/* Its own record and, for the first one, what came along that nobody had asked for; false: its own is not there. */
static bool hand_out(struct gather *g, size_t at, const struct outcome *all, struct call_record *own)
{
	struct outcome one = *all;
	size_t n = 0;

	for (size_t i = 0; i < all->record_count; i++)
		if (!strcmp(all->records[i].id, g->wanted[at].id) && !strcmp(all->records[i].entity, g->entity))
			own[n++] = all->records[i];
	if (!n)
		return false;
	for (size_t i = 0; !at && i < all->record_count; i++)
		if (strcmp(all->records[i].entity, g->entity) != 0 || !wanted_of(g, all->records[i].id))
			own[n++] = all->records[i];
	one.records = own;
	one.record_count = n;
	tell(&g->wanted[at], &one);
	return true;
}

/* It says something of the connection, or of this moment: it is true of each of them. */
static bool is_for_all(enum mlc_fault fault)
{
	return fault == MLC_RETRY || fault == MLC_LIMITED || fault == MLC_AUTH;
}

static void on_read(struct task *task, const struct outcome *o)
{
	struct gather *g = (struct gather *)task;
	struct call_record *own = xcalloc(o->record_count + 1, sizeof *own);

	if (g->count > 1 && o->failed && !is_for_all(o->fault)) { /* one of them is the cause: reads are dear, so by halves */
		ask_apart(g, 0, g->count / 2);
		ask_apart(g, g->count / 2, g->count);
	} else {
		for (size_t i = 0; i < g->count; i++)
			if (g->count == 1 || o->failed)
				tell(&g->wanted[i], o);
			else if (!hand_out(g, i, o, own))
				ask_apart(g, i, i + 1);
	}
	free(own);
	gather_end(g);
}

/* ---- leaving ----------------------------------------------------------------------------------- */

static void join_no_more(struct gather *g)
{
	for (struct gather **at = &g->host->gathers; *at; at = &(*at)->next)
		if (*at == g) {
			*at = g->next;
			break;
		}
}

static void leave(struct gather *g)
{
	join_no_more(g);
	ask(g);
}

void host_fetch(struct host *h, struct connection *c, const char *entity, const char *id, unsigned attempt, struct task *reader)
{
	size_t at_once = connection_connector(c)->ids_at_once;
	struct gather *g = h->gathers;

	if (at_once < 2 || attempt) { /* what failed may have failed because of this very record */
		g = gather_begin(h, c, entity, 1);
		g->attempt = attempt;
		add(g, id, reader);
		ask(g);
		return;
	}
	while (g && (g->connection != c || strcmp(g->entity, entity)))
		g = g->next;
	if (!g) {
		g = gather_begin(h, c, entity, at_once < AT_WORK_MAX ? at_once : AT_WORK_MAX);
		g->until_ms = loop_now_ms(h->loop) + JOIN_MS;
		g->next = h->gathers;
		h->gathers = g;
	}
	add(g, id, reader);
	if (g->count == g->most)
		leave(g);
	else
		host_wants_turn(h);
}

/* ---- who else may join ---------------------------------------------------------------------------- */

static bool others_come(struct host *h, const struct connection *c, int64_t now)
{
	for (const struct work *w = h->works; w; w = w->next)
		if ((w->flow->source == c || w->flow->target == c) &&
			(w->phase == PHASE_LINK || w->phase == PHASE_MAP || w->flow->claiming || deliver_can_claim(h, w->flow, now)))
			return true;
	return false;
}

void gather_turn(struct host *h, int64_t now)
{
	for (struct gather *g = h->gathers, *next; g; g = next) {
		next = g->next;
		if (g->until_ms <= now || !others_come(h, g->connection, now))
			leave(g);
	}
}

int64_t gather_next_ms(const struct host *h)
{
	int64_t next = INT64_MAX;

	for (const struct gather *g = h->gathers; g; g = g->next)
		next = g->until_ms < next ? g->until_ms : next;
	return next;
}

size_t gather_coming(const struct host *h, const struct connection *c)
{
	size_t n = 0;

	for (const struct gather *g = h->gathers; g; g = g->next)
		n += g->connection == c;
	return n;
}

void gather_free(struct host *h, const struct outcome *why)
{
	while (h->gathers) {
		struct gather *g = h->gathers;

		join_no_more(g);
		on_read(&g->task, why);
	}
}
