/* audit.c - the trail: a hash chain per tenant, committed with what it tells of, kept in audit.db.
 *
 * Two files never commit together.  So a row is born in mlc.db, in the transaction it tells of; the
 * keeper copies rows to audit.db by number and only then has them deleted here.  Killed in between,
 * a row is in both files, and copying it again changes nothing.
 *
 * A detail names people.  The chain covers a salted digest of it, so that it can be erased and the chain holds; what is
 * left of the salt then is nothing, since who guesses a detail could else prove his guess.  A row's seal is the salt
 * while the detail is there, the digest when it was erased, NULL where the detail itself is covered (rows of before). */
#include "inner.h"

#include "base/crypto.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define SLICE_ROWS  500
#define BUCKETS     1024
#define ROW_MAX     ((size_t)1 << 20)
#define VERIFY_ROWS 2000
#define SALT_SIZE   16

/* ---- the chain ------------------------------------------------------------------------------- */

struct chain {
	struct chain *next;
	char *tenant;
	int64_t seq, number; /* of the last row; 0: none yet */
	unsigned char hash[SHA256_SIZE];
	bool dirty;
	struct chain *next_dirty;
	struct proof *proof; /* verify only */
};

struct chains {
	struct chain *buckets[BUCKETS];
	struct chain *dirty;
};

/* What verify finds about one tenant. */
struct proof {
	int64_t head_seq, rows, erased, newborn;
	unsigned char head_hash[SHA256_SIZE];
	json_t *first_bad;
};

static void proof_free(struct proof *p)
{
	if (p)
		json_decref(p->first_bad);
	free(p);
}

struct chains *chains_create(void)
{
	return xcalloc(1, sizeof(struct chains));
}

void chains_forget(struct chains *c)
{
	c->dirty = NULL;
	for (size_t i = 0; i < BUCKETS; i++)
		while (c->buckets[i]) {
			struct chain *next = c->buckets[i]->next;

			proof_free(c->buckets[i]->proof);
			free(c->buckets[i]->tenant);
			free(c->buckets[i]);
			c->buckets[i] = next;
		}
}

void chains_destroy(struct chains *c)
{
	if (!c)
		return;
	chains_forget(c);
	free(c);
}

static struct chain *chain_find(struct chains *c, const char *tenant)
{
	size_t place = 5381;

	for (const char *at = tenant; *at; at++)
		place = place * 33 + (unsigned char)*at;
	struct chain **bucket = &c->buckets[place % BUCKETS];
	for (struct chain *one = *bucket; one; one = one->next)
		if (!strcmp(one->tenant, tenant))
			return one;
	struct chain *one = xcalloc(1, sizeof *one);
	one->tenant = xstrdup(tenant);
	one->next = *bucket;
	*bucket = one;
	return one;
}

static void read_hash(struct rows *r, int column, unsigned char out[SHA256_SIZE])
{
	size_t len;
	const void *hash = row_bin(r, column, &len);

	memset(out, 0, SHA256_SIZE);
	if (hash && len == SHA256_SIZE)
		memcpy(out, hash, len);
}

static struct chain *chain_load(struct chains *chains, struct db *db, const char *tenant)
{
	struct chain *c = chain_find(chains, tenant);

	if (c->seq)
		return c;
	struct rows *r =
		db_rows(db, "SELECT seq, number, hash FROM chain WHERE tenant = ?1", txt(tenant));
	if (rows_next(r)) {
		c->seq = row_num(r, 0);
		c->number = row_num(r, 1);
		read_hash(r, 2, c->hash);
		rows_end(r);
	}
	return c;
}

int chains_flush(struct chains *chains, struct db *db)
{
	for (struct chain *c = chains->dirty; c; c = c->next_dirty) {
		c->dirty = false;
		db_run(db,
			"INSERT INTO chain(tenant, seq, number, hash) VALUES(?1, ?2, ?3, ?4)"
			" ON CONFLICT DO UPDATE SET seq = ?2, number = ?3, hash = ?4",
			txt(c->tenant), num(c->seq), num(c->number), bin(c->hash, sizeof c->hash));
	}
	chains->dirty = NULL;
	return db_code(db);
}

/* ---- a row, and its hash --------------------------------------------------------------------- */

struct trail_row { /* as stored; texts NULL where there is none */
	int64_t number, seq, at_ms, delivery, payload;
	const char *tenant, *move, *who, *connection, *flow, *entity, *rid, *detail;
	const void *payload_hash; /* NULL: no payload */
	const unsigned char *seal; /* see above */
	size_t seal_len;
	unsigned char hash[SHA256_SIZE];
};

_Static_assert(SALT_SIZE != BLAKE2B_SIZE, "a salt is told from a digest by its length");

static bool detail_is_erased(const struct trail_row *row)
{
	return row->seal_len == BLAKE2B_SIZE;
}

static void detail_digest(const struct trail_row *row, unsigned char out[BLAKE2B_SIZE])
{
	size_t len = row->detail ? strlen(row->detail) : 0;
	struct buf b;

	if (detail_is_erased(row)) {
		memcpy(out, row->seal, BLAKE2B_SIZE);
		return;
	}
	buf_init(&b, SALT_SIZE + len);
	buf_add(&b, row->seal, row->seal_len);
	buf_add(&b, row->detail ? row->detail : "", len);
	blake2b(b.data, b.len, out);
	buf_finish(&b);
}

static void add_text(struct buf *b, const char *text, size_t len)
{
	unsigned char head[5] = { text ? 1 : 0, (unsigned char)(len >> 24),
		(unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len };

	buf_add(b, head, sizeof head);
	if (text)
		buf_add(b, text, len);
}

static void add_number(struct buf *b, int64_t n)
{
	char text[24];
	int len = snprintf(text, sizeof text, "%lld", (long long)n);

	add_text(b, text, (size_t)len);
}

/* Each part with its length before it, so that no two rows read the same. */
static bool row_hash(const struct trail_row *row, const unsigned char before[SHA256_SIZE],
	unsigned char out[SHA256_SIZE])
{
	const char *const texts[] = { row->tenant, row->move, row->who, row->connection, row->flow,
		row->entity, row->rid };
	unsigned char digest[BLAKE2B_SIZE];
	struct buf b;

	buf_init(&b, ROW_MAX);
	buf_add(&b, before, SHA256_SIZE);
	add_number(&b, row->number);
	add_number(&b, row->seq);
	add_number(&b, row->at_ms);
	add_number(&b, row->delivery);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		add_text(&b, texts[i], texts[i] ? strlen(texts[i]) : 0);
	if (row->seal) {
		detail_digest(row, digest);
		add_text(&b, (const char *)digest, sizeof digest);
	} else {
		add_text(&b, row->detail, row->detail ? strlen(row->detail) : 0);
	}
	add_text(&b, row->payload_hash, row->payload_hash ? BLAKE2B_SIZE : 0);
	bool fits = !b.full;
	sha256(b.data, b.len, out);
	buf_finish(&b);
	return fits;
}

void audit_append(struct writer *w, struct txn *t, const struct audit_row *a)
{
	struct db *db = writer_db(w);
	const struct kept_payload *p = a->payload ? payload_keep(w, t, a) : NULL;
	unsigned char salt[SALT_SIZE];
	struct chain *c = chain_load(writer_chains(w), db, a->tenant);
	struct trail_row row = { .number = store_next_id(t->store),
		.seq = c->seq + 1,
		.at_ms = t->now_ms,
		.delivery = a->delivery,
		.payload = p ? p->id : 0,
		.tenant = a->tenant,
		.move = a->move,
		.who = a->who,
		.connection = a->connection,
		.flow = a->flow,
		.entity = a->entity,
		.rid = a->rid,
		.detail = a->detail,
		.payload_hash = p ? p->hash : NULL,
		.seal = a->detail ? salt : NULL,
		.seal_len = a->detail ? sizeof salt : 0 };

	random_bytes(salt, sizeof salt);
	if ((a->detail && strlen(a->detail) > ROW_MAX) || !row_hash(&row, c->hash, row.hash)) {
		err_set(&t->error, ERR_LIMIT, "an audit row of over %zu KB", ROW_MAX >> 10);
		return;
	}
	if (db_run(db,
		    "INSERT INTO audit(number, tenant, seq, at_ms, move, who, connection,"
		    " flow, entity, rid, delivery, detail, payload, payload_hash, hash, seal)"
		    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
		    " ?15, ?16)",
		    num(row.number), txt(row.tenant), num(row.seq), num(row.at_ms), txt(row.move),
		    txt(row.who), txt(row.connection), txt(row.flow), txt(row.entity), txt(row.rid),
		    num(row.delivery), txt(row.detail), some(row.payload),
		    bin(row.payload_hash, BLAKE2B_SIZE), bin(row.hash, sizeof row.hash),
		    bin(row.seal, row.seal_len)) < 0)
		return;
	t->chained = true;
	c->seq = row.seq;
	c->number = row.number;
	memcpy(c->hash, row.hash, sizeof c->hash);
	if (!c->dirty) {
		struct chains *chains = writer_chains(w);

		c->dirty = true;
		c->next_dirty = chains->dirty;
		chains->dirty = c;
	}
}

#define TRAIL_COLUMNS                                                                              \
	"number, tenant, seq, at_ms, move, who, connection, flow, entity, rid, delivery, detail,"  \
	" payload, payload_hash, hash, seal"

static void read_row(struct rows *r, struct trail_row *row)
{
	size_t len;

	*row = (struct trail_row){ .number = row_num(r, 0),
		.tenant = row_txt(r, 1),
		.seq = row_num(r, 2),
		.at_ms = row_num(r, 3),
		.move = row_txt(r, 4),
		.who = row_txt(r, 5),
		.connection = row_txt(r, 6),
		.flow = row_txt(r, 7),
		.entity = row_txt(r, 8),
		.rid = row_txt(r, 9),
		.delivery = row_num(r, 10),
		.detail = row_txt(r, 11),
		.payload = row_num(r, 12) };
	const void *hash = row_bin(r, 13, &len);
	row->payload_hash = hash && len == BLAKE2B_SIZE ? hash : NULL;
	read_hash(r, 14, row->hash);
	row->seal = row_bin(r, 15, &row->seal_len);
}

/* ---- to audit.db ----------------------------------------------------------------------------- */

static void delete_moved(struct writer *w, struct txn *t, void *arg)
{
	const int64_t *up_to = arg;

	(void)t;
	db_run(writer_db(w), "DELETE FROM audit WHERE number <= ?1", num(*up_to));
}

/* The rows after that number; returns the number of the last. */
static int64_t copy_slice(struct db *from, struct db *to, int64_t after, uint64_t *count)
{
	struct rows *r = db_rows(from,
		"SELECT " TRAIL_COLUMNS " FROM audit WHERE number > ?1 ORDER BY number"
		" LIMIT ?2",
		num(after), num(SLICE_ROWS));
	struct trail_row row;
	int64_t last = after;

	*count = 0;
	while (!db_code(to) && rows_next(r)) {
		read_row(r, &row);
		db_run(to,
			"INSERT INTO audit(" TRAIL_COLUMNS ")"
			" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
			" ON CONFLICT DO NOTHING",
			num(row.number), txt(row.tenant), num(row.seq), num(row.at_ms),
			txt(row.move), txt(row.who), txt(row.connection), txt(row.flow),
			txt(row.entity), txt(row.rid), num(row.delivery), txt(row.detail),
			some(row.payload), bin(row.payload_hash, BLAKE2B_SIZE),
			bin(row.hash, sizeof row.hash), bin(row.seal, row.seal_len));
		last = row.number;
		++*count;
	}
	rows_end(r);
	return last;
}

bool audit_move_slice(struct lane *l, struct db *audit, struct err *e)
{
	uint64_t count;

	db_do(audit, "BEGIN IMMEDIATE");
	int64_t last = copy_slice(l->main, audit, 0, &count);
	if (!db_code(l->main))
		db_do(audit, "COMMIT");
	if (db_code(audit) || db_code(l->main)) {
		db_rollback(audit);
		db_fail(audit, e);
		db_fail(l->main, e);
		db_forgive(audit);
		db_forgive(l->main);
		return false;
	}
	if (count == 0 || writer_do(l->store, delete_moved, &last, e) < 0)
		return false;
	writer_audit_moved(l->store->writer, count);
	return count == SLICE_ROWS;
}

/* ---- verify ---------------------------------------------------------------------------------- */

static struct proof *proof_of(struct chain *c)
{
	if (!c->proof)
		c->proof = xcalloc(1, sizeof *c->proof);
	return c->proof;
}

static void blame(struct proof *p, const struct trail_row *row, const char *why)
{
	if (!p->first_bad)
		p->first_bad = json_pack("{s:I,s:I,s:I,s:s?,s:s}", "number",
			(json_int_t)row->number, "seq", (json_int_t)row->seq, "at_ms",
			(json_int_t)row->at_ms, "move", row->move, "why", why);
}

static void read_heads(struct chains *chains, struct db *db)
{
	struct rows *r = db_rows_values(db, "SELECT tenant, seq, hash FROM chain", NULL, 0);

	while (rows_next(r)) {
		struct proof *p = proof_of(chain_find(chains, row_txt(r, 0)));

		p->head_seq = row_num(r, 1);
		read_hash(r, 2, p->head_hash);
	}
}

static void prove_payload(struct db *main, struct proof *p, const struct trail_row *row)
{
	unsigned char hash[BLAKE2B_SIZE];
	size_t len;

	p->erased += detail_is_erased(row);
	if (!row->payload)
		return;
	struct rows *r =
		db_rows(main, "SELECT bytes FROM payload WHERE id = ?1", num(row->payload));
	if (!rows_next(r)) {
		p->erased += !detail_is_erased(row);
		return;
	}
	const void *bytes = row_bin(r, 0, &len);
	blake2b(bytes, len, hash);
	rows_end(r);
	if (!row->payload_hash || memcmp(hash, row->payload_hash, sizeof hash))
		blame(p, row, "its payload was altered");
}

static void prove_row(struct chains *chains, struct db *main, const struct trail_row *row)
{
	struct chain *c = chain_find(chains, row->tenant);
	struct proof *p = proof_of(c);
	unsigned char hash[SHA256_SIZE];

	/* Born after the heads were read: however many, one after the other. */
	if (row->seq > p->head_seq && row->seq == c->seq + p->newborn + 1) {
		p->newborn++;
		return;
	}
	p->rows++;
	if (row->seq != c->seq + 1)
		blame(p, row, "rows before it were removed");
	else if (!row_hash(row, c->hash, hash) || memcmp(hash, row->hash, sizeof hash))
		blame(p, row, "it was altered, or one before it");
	prove_payload(main, p, row);
	/* From here on as it stands, so that one bad row is told once. */
	c->seq = row->seq;
	memcpy(c->hash, row->hash, sizeof c->hash);
}

static bool prove_slice(struct chains *chains, struct db *from, struct db *main, int64_t *last)
{
	struct rows *r = db_rows(from,
		"SELECT " TRAIL_COLUMNS " FROM audit WHERE number > ?1 ORDER BY number"
		" LIMIT ?2",
		num(*last), num(VERIFY_ROWS));
	int64_t count = 0;

	for (; rows_next(r); count++) {
		struct trail_row row;

		read_row(r, &row);
		*last = row.number;
		prove_row(chains, main, &row);
	}
	return count == VERIFY_ROWS;
}

static json_t *proof_report(struct chain *c)
{
	struct proof *p = proof_of(c);

	if (c->seq != p->head_seq || memcmp(c->hash, p->head_hash, sizeof c->hash))
		blame(p, &(struct trail_row){ .seq = c->seq + 1 },
			"the rows after the last one were removed");
	json_t *report = json_pack("{s:I,s:I,s:b}", "rows", (json_int_t)p->rows, "erased",
		(json_int_t)p->erased, "ok", p->first_bad == NULL);
	if (p->first_bad)
		json_object_set(report, "first_bad", p->first_bad);
	return report;
}

json_t *audit_verify(struct lane *l, struct err *e)
{
	struct store *s = l->store;
	struct chains *chains = chains_create();
	json_t *report = json_object();
	int64_t last = 0;

	/* Nothing moves between the files meanwhile. */
	pthread_mutex_lock(&s->audit_mutex);
	read_heads(chains, l->main);
	while (!atomic_load(&s->closing) && prove_slice(chains, l->audit, l->main, &last))
		;
	while (!atomic_load(&s->closing) && prove_slice(chains, l->main, l->main, &last))
		;
	pthread_mutex_unlock(&s->audit_mutex);
	if (atomic_load(&s->closing))
		err_set(e, ERR_LIMIT, "the store is closing");
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct chain *c = chains->buckets[i]; c; c = c->next)
			json_object_set_new(report, c->tenant, proof_report(c));
	chains_destroy(chains);
	return report;
}

/* ---- for backups and erasures ---------------------------------------------------------------- */

int64_t audit_copy_all(struct lane *l, struct db *to, struct err *e)
{
	uint64_t count = 1;
	int64_t last = 0, all = 0;

	while (count && !db_code(l->audit) && !db_code(to)) {
		if (atomic_load(&l->store->closing)) {
			err_set(e, ERR_LIMIT, "the store is closing");
			break;
		}
		last = copy_slice(l->audit, to, last, &count);
		all += (int64_t)count;
	}
	return all;
}

void audit_told(struct db *db, const char *tenant, const char *entity, const char *rid,
	void (*fn)(void *arg, const struct audit_told *), void *arg)
{
	struct rows *r = db_rows(db,
		"SELECT " TRAIL_COLUMNS " FROM audit WHERE tenant = ?1 AND"
		" entity = ?2 AND rid = ?3 AND rid IS NOT NULL",
		txt(tenant), txt(entity), txt(rid));
	struct trail_row row;

	while (rows_next(r)) {
		struct audit_told told = { 0 };

		read_row(r, &row);
		told.number = row.number;
		told.connection = row.connection;
		told.delivery = row.delivery;
		told.payload = row.payload;
		told.has_detail = row.detail && row.seal_len == SALT_SIZE;
		if (told.has_detail)
			detail_digest(&row, told.digest);
		fn(arg, &told);
	}
}

void audit_forget(struct db *db, const struct audit_told *told)
{
	if (told->has_detail)
		db_run(db, "UPDATE audit SET detail = NULL, seal = ?2 WHERE number = ?1", num(told->number),
			bin(told->digest, sizeof told->digest));
}
