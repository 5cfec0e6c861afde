/* audit.c - the trail: a hash chain per tenant, committed with what it tells of, kept in audit.db.
 *
 * Two files never commit together.  So a row is born in mlc.db, in the transaction it tells of; the
 * keeper copies rows to audit.db by number and only then has them deleted here.  Killed in between,
 * a row is in both files, and copying it again changes nothing. */
#include "inner.h"

#include "base/crypto.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define SLICE_ROWS  500
#define BUCKETS     1024
#define ROW_MAX     ((size_t)1 << 20)
#define VERIFY_ROWS 2000

/* ---- the chain --------------------------------------------------------------------------------------- */

struct chain {
	struct chain *next;
	char *tenant;
	int64_t seq, number; /* of the last row; 0: none yet */
	unsigned char hash[SHA256_SIZE];
	bool dirty;
};

struct chains { struct chain *buckets[BUCKETS]; };

struct chains *chains_create(void)
{
	return xcalloc(1, sizeof(struct chains));
}

void chains_forget(struct chains *c)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (c->buckets[i]) {
			struct chain *next = c->buckets[i]->next;

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
	struct rows *r = db_rows(db, "SELECT seq, number, hash FROM chain WHERE tenant = ?1", txt(tenant));
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
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct chain *c = chains->buckets[i]; c; c = c->next) {
			if (!c->dirty)
				continue;
			c->dirty = false;
			db_run(db, "INSERT INTO chain(tenant, seq, number, hash) VALUES(?1, ?2, ?3, ?4)"
				" ON CONFLICT DO UPDATE SET seq = ?2, number = ?3, hash = ?4",
				txt(c->tenant), num(c->seq), num(c->number), bin(c->hash, sizeof c->hash));
		}
	return db_code(db);
}

/* ---- a row, and its hash --------------------------------------------------------------------------------- */

struct trail_row { /* as stored; texts NULL where there is none */
	int64_t number, seq, at_ms, delivery, payload;
	const char *tenant, *move, *who, *connection, *flow, *entity, *rid, *detail;
	const void *payload_hash; /* NULL: no payload */
	unsigned char hash[SHA256_SIZE];
};

static void add_text(struct buf *b, const char *text, size_t len)
{
	unsigned char head[5] = { text ? 1 : 0, (unsigned char)(len >> 24), (unsigned char)(len >> 16),
		(unsigned char)(len >> 8), (unsigned char)len };

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
		row->entity, row->rid, row->detail };
	struct buf b;

	buf_init(&b, ROW_MAX);
	buf_add(&b, before, SHA256_SIZE);
	add_number(&b, row->number);
	add_number(&b, row->seq);
	add_number(&b, row->at_ms);
	add_number(&b, row->delivery);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		add_text(&b, texts[i], texts[i] ? strlen(texts[i]) : 0);
	add_text(&b, row->payload_hash, row->payload_hash ? SHA256_SIZE : 0);
	bool fits = !b.full;
	sha256(b.data, b.len, out);
	buf_finish(&b);
	return fits;
}

void audit_append(struct writer *w, struct txn *t, const struct audit_row *a)
{
	struct db *db = writer_db(w);
	const struct kept_payload *p = a->payload ? payload_keep(w, t, a) : NULL;
	struct chain *c = chain_load(writer_chains(w), db, a->tenant);
	struct trail_row row = { .number = store_next_id(t->store), .seq = c->seq + 1, .at_ms = t->now_ms,
		.delivery = a->delivery, .payload = p ? p->id : 0, .tenant = a->tenant, .move = a->move,
		.who = a->who, .connection = a->connection, .flow = a->flow, .entity = a->entity,
		.rid = a->rid, .detail = a->detail, .payload_hash = p ? p->hash : NULL };

	if (!row_hash(&row, c->hash, row.hash)) {
		err_set(&t->error, ERR_LIMIT, "an audit row of over %zu KB", ROW_MAX >> 10);
		return;
	}
	if (db_run(db, "INSERT INTO audit(number, tenant, seq, at_ms, move, who, connection, flow, entity, rid,"
		" delivery, detail, payload, payload_hash, hash)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
		num(row.number), txt(row.tenant), num(row.seq), num(row.at_ms), txt(row.move), txt(row.who),
		txt(row.connection), txt(row.flow), txt(row.entity), txt(row.rid), num(row.delivery),
		txt(row.detail), p ? num(p->id) : txt(NULL), bin(row.payload_hash, SHA256_SIZE),
		bin(row.hash, sizeof row.hash)) < 0)
		return;
	c->seq = row.seq;
	c->number = row.number;
	memcpy(c->hash, row.hash, sizeof c->hash);
	c->dirty = true;
}

#define TRAIL_COLUMNS \
	"number, tenant, seq, at_ms, move, who, connection, flow, entity, rid, delivery, detail," \
	" payload, payload_hash, hash"

static void read_row(struct rows *r, struct trail_row *row)
{
	size_t len;

	*row = (struct trail_row){ .number = row_num(r, 0), .tenant = row_txt(r, 1), .seq = row_num(r, 2),
		.at_ms = row_num(r, 3), .move = row_txt(r, 4), .who = row_txt(r, 5),
		.connection = row_txt(r, 6), .flow = row_txt(r, 7), .entity = row_txt(r, 8),
		.rid = row_txt(r, 9), .delivery = row_num(r, 10), .detail = row_txt(r, 11),
		.payload = row_num(r, 12) };
	const void *hash = row_bin(r, 13, &len);
	row->payload_hash = hash && len == SHA256_SIZE ? hash : NULL;
	read_hash(r, 14, row->hash);
}

/* ---- to audit.db --------------------------------------------------------------------------------------------- */

static void delete_moved(struct writer *w, struct txn *t, void *arg)
{
	const int64_t *up_to = arg;

	(void)t;
	db_run(writer_db(w), "DELETE FROM audit WHERE number <= ?1", num(*up_to));
}

static int64_t copy_slice(struct db *from, struct db *to, uint64_t *count)
{
	struct rows *r = db_rows(from, "SELECT " TRAIL_COLUMNS " FROM audit ORDER BY number LIMIT ?1",
		num(SLICE_ROWS));
	struct trail_row row;
	int64_t last = 0;

	*count = 0;
	while (!db_code(to) && rows_next(r)) {
		read_row(r, &row);
		db_run(to, "INSERT INTO audit(" TRAIL_COLUMNS ")"
			" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
			" ON CONFLICT DO NOTHING",
			num(row.number), txt(row.tenant), num(row.seq), num(row.at_ms), txt(row.move),
			txt(row.who), txt(row.connection), txt(row.flow), txt(row.entity), txt(row.rid),
			num(row.delivery), txt(row.detail), row.payload ? num(row.payload) : txt(NULL),
			bin(row.payload_hash, SHA256_SIZE), bin(row.hash, sizeof row.hash));
		last = row.number;
		++*count;
	}
	rows_end(r);
	return last;
}

bool audit_move_slice(struct lane *l, struct db *audit, struct err *e)
{
	uint64_t count;

	db_exec(audit, "BEGIN IMMEDIATE");
	int64_t last = copy_slice(l->main, audit, &count);
	if (!db_code(l->main))
		db_exec(audit, "COMMIT");
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
