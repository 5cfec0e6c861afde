/* vault.c - secrets at rest: sealed with the master key, bound to their place in the table. */
#include "inner.h"

#include "base/crypto.h"

#include <stdlib.h>
#include <string.h>

char *secret_aad(const char *tenant, const char *connection, const char *name, int64_t version)
{
	return xformat("%s|%s|%s|%lld", tenant, connection, name, (long long)version);
}

static const struct master_key *key_of_store(struct store *s, struct db *db)
{
	struct master_key *const keys[] = { s->key, s->key_next, s->key_before };
	const struct master_key *found = s->key;
	struct rows *r = db_rows(db, "SELECT value FROM meta WHERE name = ?1", txt("key_id"));

	if (!rows_next(r))
		return found;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i] && !strcmp(master_key_id(keys[i]), row_txt(r, 0)))
			found = keys[i];
	rows_end(r);
	return found;
}

/* A rotation may have been committed while it waited for its turn. */
static int seal_anew(struct store *s, struct db *db, const char *aad, unsigned char **sealed,
	size_t *len, struct err *e)
{
	unsigned char *out;
	size_t out_len;
	int code = 0;

	pthread_mutex_lock(&s->key_mutex);
	if (s->key_next || s->key_before) {
		struct master_key *const keys[] = { s->key, s->key_next, s->key_before };
		const struct master_key *to = key_of_store(s, db);

		code = ERR_REFUSED;
		for (size_t i = 0; i < sizeof keys / sizeof *keys && code < 0; i++) {
			struct err why = { 0 };

			if (keys[i])
				code = reseal(keys[i], to, aad, *sealed, *len, &out, &out_len,
					&why);
		}
		if (code == 0) {
			free(*sealed);
			*sealed = out;
			*len = out_len;
		} else {
			err_set(e, code, "secret %s was sealed with a master key that is gone",
				aad);
		}
	}
	pthread_mutex_unlock(&s->key_mutex);
	return code;
}

void secret_put(struct writer *w, struct txn *t, const struct op *op)
{
	struct db *db = writer_db(w);

	if (!op->secret.sealed) {
		db_run(db, "DELETE FROM secret WHERE tenant = ?1 AND connection = ?2 AND name = ?3",
			txt(op->secret.tenant), txt(op->secret.connection), txt(op->secret.name));
		return;
	}
	char *aad = secret_aad(op->secret.tenant, op->secret.connection, op->secret.name,
		op->secret.version);
	size_t len = op->secret.sealed_len;
	unsigned char *sealed = xcalloc(1, len);
	memcpy(sealed, op->secret.sealed, len);
	if (seal_anew(t->store, db, aad, &sealed, &len, &t->error) == 0)
		db_run(db,
			"INSERT INTO secret(tenant, connection, name, version, sealed, at_ms)"
			" VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET before_version"
			" = version, before_sealed = sealed, version = ?4, sealed = ?5, at_ms ="
			" ?6",
			txt(op->secret.tenant), txt(op->secret.connection), txt(op->secret.name),
			num(op->secret.version), bin(sealed, len), num(t->now_ms));
	free(sealed);
	free(aad);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct secret_job {
	struct job job;
	char *tenant, *connection, *name;
	struct secret *secret;
	secret_fn *fn;
	void *arg;
};

static void secret_home(struct mail *mail)
{
	struct secret_job *j = (struct secret_job *)mail;

	j->fn(j->arg, j->secret, j->job.error.code ? &j->job.error : NULL);
	free(j->tenant);
	free(j->connection);
	free(j->name);
	free(j);
}

/* "name.before" is the one before name's. */
static struct rows *find_secret(struct db *db, const struct secret_job *j, char **plain)
{
	size_t len = strlen(j->name), end = sizeof SECRET_BEFORE - 1;
	bool before = len > end && !strcmp(j->name + len - end, SECRET_BEFORE);

	*plain = xstrndup(j->name, before ? len - end : len);
	if (before)
		return db_rows(db,
			"SELECT before_version, before_sealed FROM secret WHERE tenant = ?1 AND"
			" connection = ?2 AND name = ?3 AND before_sealed IS NOT NULL",
			txt(j->tenant), txt(j->connection), txt(*plain));
	return db_rows(db,
		"SELECT version, sealed FROM secret WHERE tenant = ?1 AND connection = ?2"
		" AND name = ?3",
		txt(j->tenant), txt(j->connection), txt(*plain));
}

/* Read at the time of a rotation, it opens with the key of before or the one to come. */
static void open_sealed(struct store *s, const char *aad, const unsigned char *sealed, size_t len,
	struct secret_job *j)
{
	pthread_mutex_lock(&s->key_mutex);
	struct master_key *const keys[] = { s->key, s->key_next, s->key_before };
	for (size_t i = 0; i < sizeof keys / sizeof *keys && !j->secret; i++) {
		struct err why = { 0 };

		if (keys[i] && unseal(keys[i], aad, sealed, len, &j->secret, &why) < 0)
			err_set(&j->job.error, why.code, "%s", why.text);
	}
	pthread_mutex_unlock(&s->key_mutex);
	if (j->secret)
		j->job.error.code = 0;
}

static void secret_read(struct lane *l, struct job *job)
{
	struct secret_job *j = (struct secret_job *)job;
	struct store *s = j->job.store;
	char *name;
	size_t len;

	if (!lane_open(l, &j->job.error))
		return;
	struct rows *r = find_secret(l->main, j, &name);
	if (rows_next(r)) {
		char *aad = secret_aad(j->tenant, j->connection, name, row_num(r, 0));
		const unsigned char *sealed = row_bin(r, 1, &len);

		open_sealed(s, aad, sealed, len, j);
		free(aad);
	}
	rows_end(r);
	free(name);
	db_fail(l->main, &j->job.error);
	db_forgive(l->main);
}

void store_secret(struct store *s, const char *tenant, const char *connection, const char *name,
	secret_fn *fn, void *arg)
{
	struct secret_job *j = xcalloc(1, sizeof *j);

	j->job.run = secret_read;
	j->job.mail.deliver = secret_home;
	j->tenant = xstrdup(tenant);
	j->connection = xstrdup(connection);
	j->name = xstrdup(name);
	j->fn = fn;
	j->arg = arg;
	lane_push(&s->reader, &j->job);
}

/* ---- another master key ---------------------------------------------------------------------- */

struct rotate_job {
	struct job job;
	struct master_key *to;
	char *who;
	int64_t count;
	store_fn *fn;
	void *arg;
};

struct resealed {
	struct resealed *next;
	char *tenant, *connection, *name;
	unsigned char *sealed, *before;
	size_t sealed_len, before_len;
};

static struct resealed *reseal_all(struct writer *w, struct txn *t, struct rotate_job *j)
{
	struct resealed *list = NULL;
	struct rows *r = db_rows_values(writer_db(w),
		"SELECT tenant, connection, name, version, sealed, before_version,"
		" before_sealed FROM secret",
		NULL, 0);

	while (!t->error.code && rows_next(r)) {
		struct resealed *one = xcalloc(1, sizeof *one);
		size_t len, before_len;

		*one = (struct resealed){ .next = list,
			.tenant = xstrdup(row_txt(r, 0)),
			.connection = xstrdup(row_txt(r, 1)),
			.name = xstrdup(row_txt(r, 2)) };
		list = one;
		char *aad = secret_aad(one->tenant, one->connection, one->name, row_num(r, 3));
		char *aad_before =
			secret_aad(one->tenant, one->connection, one->name, row_num(r, 5));
		const void *sealed = row_bin(r, 4, &len), *before = row_bin(r, 6, &before_len);

		if (reseal(t->store->key, j->to, aad, sealed, len, &one->sealed, &one->sealed_len,
			    &t->error) == 0 &&
			before)
			reseal(t->store->key, j->to, aad_before, before, before_len, &one->before,
				&one->before_len, &t->error);
		free(aad);
		free(aad_before);
	}
	rows_end(r);
	return list;
}

static void rotate(struct writer *w, struct txn *t, void *arg)
{
	struct rotate_job *j = arg;
	struct db *db = writer_db(w);
	unsigned char *check;
	size_t len;

	j->count = 0;
	struct resealed *list = reseal_all(w, t, j);
	for (struct resealed *one = list, *next; one; one = next) {
		next = one->next;
		if (!t->error.code)
			db_run(db,
				"UPDATE secret SET sealed = ?4, before_sealed = ?5"
				" WHERE tenant = ?1 AND connection = ?2 AND name = ?3",
				txt(one->tenant), txt(one->connection), txt(one->name),
				bin(one->sealed, one->sealed_len),
				bin(one->before, one->before_len));
		j->count++;
		free(one->tenant);
		free(one->connection);
		free(one->name);
		free(one->sealed);
		free(one->before);
		free(one);
	}
	if (t->error.code || key_check_seal(j->to, &check, &len, &t->error) < 0)
		return;
	db_run(db, "UPDATE meta SET value = ?1 WHERE name = 'key_id'", txt(master_key_id(j->to)));
	db_run(db, "UPDATE meta SET value = ?1 WHERE name = 'key_check'", bin(check, len));
	audit_append(w, t,
		&(struct audit_row){ .tenant = "", .move = "key rotate", .who = j->who });
	free(check);
}

static void rotate_run(struct lane *l, struct job *job)
{
	struct rotate_job *j = (struct rotate_job *)job;
	struct store *s = l->store;

	pthread_mutex_lock(&s->key_mutex);
	s->key_next = j->to;
	pthread_mutex_unlock(&s->key_mutex);
	int code = writer_do(s, rotate, j, &j->job.error);
	pthread_mutex_lock(&s->key_mutex);
	s->key_next = NULL;
	if (code == 0) {
		if (s->key_before)
			master_key_destroy(s->key_before);
		s->key_before = s->key;
		s->key = j->to;
		j->to = NULL;
	}
	pthread_mutex_unlock(&s->key_mutex);
}

static void rotate_home(struct mail *mail)
{
	struct rotate_job *j = (struct rotate_job *)mail;
	json_t *report =
		j->job.error.code ? NULL : json_pack("{s:I}", "secrets", (json_int_t)j->count);

	j->fn(j->arg, report, j->job.error.code ? &j->job.error : NULL);
	json_decref(report);
	if (j->to)
		master_key_destroy(j->to);
	free(j->who);
	free(j);
}

void store_key_rotate(struct store *s, struct master_key *to, const char *who, store_fn *fn, void *arg)
{
	struct rotate_job *j = xcalloc(1, sizeof *j);

	j->job.run = rotate_run;
	j->job.mail.deliver = rotate_home;
	j->to = to;
	j->who = xstrdup(who);
	j->fn = fn;
	j->arg = arg;
	lane_push(&s->chores, &j->job);
}
