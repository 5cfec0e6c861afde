/* store.c - opening and closing, the threads, and the way home to the loop. */
#include "inner.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LANE_STACK ((size_t)512 << 10)

/* ---- the way home ---------------------------------------------------------------------------- */

/* Outlives the store while a post to the loop is under way. */
struct mailbox {
	struct loop *loop;
	pthread_mutex_t mutex;
	struct mail *first, **last;
	bool posted, closed;
};

static void mailbox_free(struct mailbox *m)
{
	pthread_mutex_destroy(&m->mutex);
	free(m);
}

static struct mail *mailbox_take(struct mailbox *m)
{
	struct mail *first = m->first;

	m->first = NULL;
	m->last = &m->first;
	return first;
}

static void deliver_all(struct mail *mail)
{
	for (struct mail *next; mail; mail = next) {
		next = mail->next;
		mail->deliver(mail);
	}
}

static void on_post(void *arg)
{
	struct mailbox *m = arg;

	pthread_mutex_lock(&m->mutex);
	struct mail *mail = mailbox_take(m);
	bool closed = m->closed;
	m->posted = false;
	pthread_mutex_unlock(&m->mutex);
	if (closed)
		mailbox_free(m);
	deliver_all(mail);
}

void store_mail(struct store *s, struct mail *first)
{
	struct mailbox *m = s->mailbox;
	struct mail *last = first;

	while (last->next)
		last = last->next;
	pthread_mutex_lock(&m->mutex);
	*m->last = first;
	m->last = &last->next;
	if (!m->posted) {
		m->posted = true;
		loop_post(m->loop, on_post, m);
	}
	pthread_mutex_unlock(&m->mutex);
}

static struct mailbox *mailbox_create(struct loop *l)
{
	struct mailbox *m = xcalloc(1, sizeof *m);

	m->loop = l;
	m->last = &m->first;
	pthread_mutex_init(&m->mutex, NULL);
	return m;
}

/* What is heard now may ask for more, which is answered with an error at once. */
static void mailbox_close(struct mailbox *m)
{
	struct mail *mail;

	do {
		pthread_mutex_lock(&m->mutex);
		mail = mailbox_take(m);
		pthread_mutex_unlock(&m->mutex);
		deliver_all(mail);
	} while (mail);
	m->closed = true;
	if (!m->posted)
		mailbox_free(m);
}

/* ---- lanes ----------------------------------------------------------------------------------- */

static struct job *lane_take(struct lane *l)
{
	struct job *j;

	pthread_mutex_lock(&l->mutex);
	while (!l->first && !l->stop)
		pthread_cond_wait(&l->more, &l->mutex);
	j = l->stop ? NULL : l->first;
	if (j) {
		l->first = j->next;
		if (!l->first)
			l->last = &l->first;
	}
	pthread_mutex_unlock(&l->mutex);
	return j;
}

static void *lane_run(void *arg)
{
	struct lane *l = arg;
	struct job *j;

	while ((j = lane_take(l))) {
		j->run(l, j);
		if (j->mail.deliver)
			store_mail(l->store, &j->mail);
	}
	return NULL;
}

void lane_start(struct lane *l, struct store *s)
{
	pthread_attr_t attr;

	l->store = s;
	l->last = &l->first;
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->more, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, LANE_STACK);
	must(pthread_create(&l->thread, &attr, lane_run, l) == 0);
	pthread_attr_destroy(&attr);
	l->running = true;
}

static void send_back(struct lane *l, struct job *j)
{
	err_set(&j->error, ERR_LIMIT, "the store is closing");
	if (j->mail.deliver)
		store_mail(l->store, &j->mail);
}

void lane_stop(struct lane *l)
{
	if (!l->running)
		return;
	pthread_mutex_lock(&l->mutex);
	l->stop = true;
	pthread_cond_signal(&l->more);
	pthread_mutex_unlock(&l->mutex);
	pthread_join(l->thread, NULL);
	for (struct job *j = l->first, *next; j; j = next) {
		next = j->next;
		send_back(l, j);
	}
}

static void lane_free(struct lane *l)
{
	db_close(l->main);
	db_close(l->audit);
	if (!l->running)
		return;
	pthread_mutex_destroy(&l->mutex);
	pthread_cond_destroy(&l->more);
}

void lane_push(struct lane *l, struct job *j)
{
	j->store = l->store;
	j->next = NULL;
	pthread_mutex_lock(&l->mutex);
	bool stopped = l->stop;
	if (!stopped) {
		*l->last = j;
		l->last = &j->next;
		pthread_cond_signal(&l->more);
	}
	pthread_mutex_unlock(&l->mutex);
	if (stopped)
		send_back(l, j);
}

bool lane_open(struct lane *l, struct err *e)
{
	if (!l->main)
		l->main = main_open(l->store->main_path, DB_READ, e);
	if (l->main && !l->audit)
		l->audit = audit_open(l->store->audit_path, DB_READ, e);
	return l->main && l->audit;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int locked_by(int fd, const char *path, struct err *e)
{
	char text[32] = "";
	ssize_t len = pread(fd, text, sizeof text - 1, 0);
	long pid = len > 0 ? strtol(text, NULL, 10) : 0;

	if (pid > 0)
		return err_set(e, ERR_LOCKED,
			"%s: another mlc, process %ld, runs on this deployment; stop that one",
			path, pid);
	return err_set(e, ERR_LOCKED, "%s: another mlc runs on this deployment; stop that one",
		path);
}

static int take_lock(struct store *s, struct err *e)
{
	char *path = xformat("%s/lock", s->dir), pid[32];
	int code = 0;

	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0) {
		code = err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
	} else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		code = locked_by(s->lock_fd, path, e);
	} else {
		int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

		/* Only the message of who comes second hangs on it. */
		if (ftruncate(s->lock_fd, 0) < 0 || pwrite(s->lock_fd, pid, (size_t)len, 0) < 0)
			log_line(LOG_WARN, "store", "%s: %s", path, strerror(errno));
	}
	free(path);
	return code;
}

static struct db *open_main(struct store *s, struct err *e)
{
	struct db *db = main_open(s->main_path, DB_MAKE, e);

	if (db && (main_make(db, s->key, e) < 0 || main_check(db, s->main_path, s->key, e) < 0)) {
		db_close(db);
		return NULL;
	}
	return db;
}

/* Now, while there is room: a connection that is opened on a full disk cannot even read. */
static int open_all(struct store *s, struct err *e)
{
	struct lane *const lanes[] = { &s->reader, &s->lister, &s->keeper };

	s->audit = audit_open(s->audit_path, DB_MAKE, e);
	s->log = s->audit ? main_open(s->main_path, DB_WRITE, e) : NULL;
	bool all = s->log != NULL;
	for (size_t i = 0; all && i < sizeof lanes / sizeof *lanes; i++) {
		lanes[i]->store = s;
		all = lane_open(lanes[i], e);
	}
	return all ? 0 : -1;
}

struct store *store_open(struct loop *loop, const struct store_conf *conf, struct err *e)
{
	struct store *s = xcalloc(1, sizeof *s);
	struct db *db = NULL;

	s->loop = loop;
	s->lock_fd = -1;
	s->queue_max = conf->queue_max;
	s->dir = xstrdup(conf->dir);
	s->main_path = xformat("%s/mlc.db", conf->dir);
	s->audit_path = xformat("%s/audit.db", conf->dir);
	pthread_mutex_init(&s->key_mutex, NULL);
	pthread_mutex_init(&s->audit_mutex, NULL);
	s->mailbox = mailbox_create(loop);
	s->upkeep_job.run = upkeep_run;
	if (dir_make(conf->dir, e) < 0 || take_lock(s, e) < 0)
		goto fail;
	s->key = master_key_load(conf->key_file, e);
	if (!s->key)
		goto fail;
	db = open_main(s, e);
	if (!db)
		goto fail;
	s->writer = writer_start(s, db, e);
	if (!s->writer)
		goto fail;
	db = NULL; /* the writer's */
	if (open_all(s, e) < 0)
		goto fail;
	lane_start(&s->reader, s);
	lane_start(&s->lister, s);
	lane_start(&s->keeper, s);
	lane_start(&s->chores, s);
	upkeep_begin(s);
	return s;
fail:
	db_close(db);
	store_close(s);
	return NULL;
}

void store_close(struct store *s)
{
	struct db *db = NULL;

	if (!s)
		return;
	atomic_store(&s->closing, true);
	timer_clear(s->loop, &s->upkeep);
	/* The lanes may still have changes for the writer, so it goes last. */
	lane_stop(&s->chores);
	lane_stop(&s->keeper);
	lane_stop(&s->lister);
	lane_stop(&s->reader);
	writer_stop(s->writer);
	if (s->writer)
		db = writer_db(s->writer);
	mailbox_close(s->mailbox);
	writer_free(s->writer);
	lane_free(&s->chores);
	lane_free(&s->keeper);
	lane_free(&s->lister);
	lane_free(&s->reader);
	db_close(s->audit);
	db_close(s->log);
	db_close(db);
	if (s->key)
		master_key_destroy(s->key);
	if (s->key_before)
		master_key_destroy(s->key_before);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_mutex_destroy(&s->key_mutex);
	pthread_mutex_destroy(&s->audit_mutex);
	free(s->dir);
	free(s->main_path);
	free(s->audit_path);
	free(s);
}

/* ---- small things ---------------------------------------------------------------------------- */

int64_t store_next_id(struct store *s)
{
	return atomic_fetch_add(&s->next_id, 1);
}

void store_health(struct store *s, struct store_health *h)
{
	writer_health(s->writer, h);
}

void store_record_hash(const json_t *record, char out[SHA256_HEX_SIZE])
{
	struct buf b;

	buf_init(&b, SIZE_MAX - 1);
	json_write_canonical(&b, record);
	sha256_hex(b.data, b.len, out);
	buf_finish(&b);
}
