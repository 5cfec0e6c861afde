/* keep.c - keeping house: audit rows and the log on their way, backup, restore, tidy, erase. */
#include "inner.h"

#include "base/json.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define UPKEEP_MS  1000
#define LOG_ROUNDS 3   /* each moves what was written while the one before worked */
#define LOG_REST   200 /* frames: what the writer may move itself between two commits */

/* ---- upkeep ------------------------------------------------------------------------------------------- */

static void probe(struct writer *w, struct txn *t, void *arg)
{
	(void)arg;
	db_run(writer_db(w), "INSERT INTO meta(name, value) VALUES('probe_ms', ?1)"
		" ON CONFLICT DO UPDATE SET value = ?1", num(t->now_ms));
}

/* Room may be there again, with nobody asking for it. */
static void try_to_write(struct store *s)
{
	struct store_health h;

	writer_health(s->writer, &h);
	if (!h.writable)
		writer_do(s, probe, NULL, NULL);
}

static void move_audit(struct lane *l, struct err *e)
{
	struct store *s = l->store;

	/* A chore that reads the whole trail has it: later, then. */
	if (writer_audit_waiting(s->writer) == 0 || pthread_mutex_trylock(&s->audit_mutex) != 0)
		return;
	if (!s->audit)
		s->audit = audit_open(s->audit_path, DB_WRITE, e);
	while (s->audit && !atomic_load(&s->closing) && audit_move_slice(l, s->audit, e))
		;
	pthread_mutex_unlock(&s->audit_mutex);
}

/* Beside the writer, on a connection of our own: commits do not wait for it. */
static void move_log(struct store *s, struct err *e)
{
	uint32_t left = writer_log_frames(s->writer);

	if (left == 0)
		return;
	if (!s->log)
		s->log = main_open(s->main_path, DB_WRITE, e);
	if (!s->log)
		return;
	for (int i = 0; i < LOG_ROUNDS && left > LOG_REST && db_checkpoint(s->log, &left) == 0; i++)
		;
	if (db_fail(s->log, e) == 0)
		writer_log_moved(s->writer);
	db_forgive(s->log);
}

static void upkeep_run(struct lane *l, struct job *job)
{
	struct store *s = l->store;
	struct err e = { 0 };

	(void)job;
	atomic_store(&s->upkeep_due, false);
	try_to_write(s);
	if (lane_open(l, &e)) {
		move_audit(l, &e);
		move_log(s, &e);
	}
	if (e.code && !s->upkeep_failed)
		log_line(LOG_WARN, "store", "upkeep: %s", e.text);
	s->upkeep_failed = e.code != 0;
}

void upkeep_begin(struct store *s)
{
	if (atomic_exchange(&s->upkeep_due, true))
		return;
	s->upkeep_job.run = upkeep_run;
	lane_push(&s->keeper, &s->upkeep_job);
}

static void on_upkeep(void *arg)
{
	struct store *s = arg;
	struct store_health h;

	upkeep_begin(s);
	writer_health(s->writer, &h);
	if (!h.writable)
		upkeep_later(s);
}

void upkeep_later(struct store *s)
{
	if (!s->upkeep.at_ms)
		timer_set(s->loop, &s->upkeep, loop_now_ms(s->loop) + UPKEEP_MS, on_upkeep, s);
}
