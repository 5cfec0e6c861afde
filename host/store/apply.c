/* apply.c - what each row of a transaction does to mlc.db.  Runs on the writer's thread. */
#include "inner.h"

#include "base/crypto.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define NEEDS "needs:"

static void *room(struct txn *t, size_t size)
{
	void *memory = arena_alloc(&t->results, size);

	must(memory != NULL);
	return memory;
}

static char *keep(struct txn *t, const char *text)
{
	if (!text)
		return NULL;
	size_t len = strlen(text);
	return memcpy(room(t, len + 1), text, len);
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* ---- payloads -------------------------------------------------------------------------------- */

static struct kept_payload *payload_known(struct txn *t, const char *bytes, size_t len)
{
	for (struct kept_payload *p = t->payloads; p; p = p->next)
		if (p->len == len && (p->bytes == bytes || !memcmp(p->bytes, bytes, len)))
			return p;
	return NULL;
}

/* Hashed, but not yet in the table: id 0. */
static struct kept_payload *payload_of(struct txn *t, const char *bytes, size_t len)
{
	struct kept_payload *p = payload_known(t, bytes, len);

	if (p)
		return p;
	p = room(t, sizeof *p);
	p->bytes = bytes;
	p->len = len;
	blake2b(bytes, len, p->hash);
	p->next = t->payloads;
	t->payloads = p;
	return p;
}

static void payload_put(struct writer *w, struct txn *t, struct kept_payload *p,
	const struct audit_row *owner)
{
	if (p->id)
		return;
	p->id = store_next_id(t->store);
	db_run(writer_db(w),
		"INSERT INTO payload(id, tenant, connection, entity, rid, made_ms, bytes)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		num(p->id), txt(owner->tenant), txt(owner->connection), txt(owner->entity),
		txt(owner->rid), num(t->now_ms), bin(p->bytes, p->len));
}

const struct kept_payload *payload_keep(struct writer *w, struct txn *t,
	const struct audit_row *owner)
{
	struct kept_payload *p = payload_of(t, owner->payload, owner->payload_len);

	payload_put(w, t, p, owner);
	return p;
}

/* ---- states ---------------------------------------------------------------------------------- */

static void touch(struct txn *t, const char *tenant, const char *flow)
{
	for (size_t i = 0; i < t->touched_count; i++)
		if (same(t->touched[i].flow, flow) && same(t->touched[i].tenant, tenant))
			return;
	if (t->touched_count == t->touched_room) {
		t->touched_room = t->touched_room ? t->touched_room * 2 : 4;
		t->touched = xrealloc(t->touched, t->touched_room * sizeof *t->touched);
	}
	t->touched[t->touched_count++] = (struct touched){ keep(t, tenant), keep(t, flow) };
}

static void tally(struct txn *t, const char *tenant, const char *flow, enum delivery_state state,
	int64_t by)
{
	struct tally_change *c = room(t, sizeof *c);

	*c = (struct tally_change){ t->tally, tenant, flow, state, by };
	t->tally = c;
}

static void follow(struct txn *t, int64_t delivery)
{
	struct id_list *l = room(t, sizeof *l);

	*l = (struct id_list){ t->follow, delivery };
	t->follow = l;
}

static bool state_is_over(enum delivery_state state)
{
	return state == DELIVERY_DONE || state == DELIVERY_SKIPPED || state == DELIVERY_WOULD;
}

static bool state_is_closed(enum delivery_state state)
{
	return state == DELIVERY_DONE || state == DELIVERY_SKIPPED;
}

static bool state_blocks(enum delivery_state state)
{
	return state == DELIVERY_HELD || state == DELIVERY_REVIEW;
}

/* The count moves, and whoever waits for this delivery will be looked at.  tenant and flow must
 * last as long as the transaction. */
static void entered(struct writer *w, struct txn *t, int64_t id, const char *tenant,
	const char *flow, enum delivery_state from, enum delivery_state to)
{
	struct db *db = writer_db(w);

	if (to == DELIVERY_READY)
		touch(t, tenant, flow);
	if (from == to)
		return;
	if (from)
		tally(t, tenant, flow, from, -1);
	tally(t, tenant, flow, to, 1);
	if (!from)
		return;
	bool waited_for = false;
	if (state_is_over(to) || state_blocks(to) || state_blocks(from)) {
		struct rows *r = db_rows(db, "SELECT parent FROM wait WHERE child = ?1", num(id));

		for (; rows_next(r); waited_for = true)
			follow(t, row_num(r, 0));
	}
	if (waited_for && state_is_over(to))
		db_run(db, "DELETE FROM wait WHERE child = ?1", num(id));
	if (to != DELIVERY_WAITS && (from == DELIVERY_WAITS || from == DELIVERY_HELD))
		db_run(db, "DELETE FROM wait WHERE parent = ?1", num(id));
}

/* One that waits goes where what it waits for lets it: ready when nothing is left, held while one
 * of them is, else it waits on.  Its own parents follow then. */
static void follow_one(struct writer *w, struct txn *t, int64_t id)
{
	struct db *db = writer_db(w);
	struct rows *r = db_rows(db,
		"SELECT tenant, flow, state, cause FROM delivery WHERE id = ?1", num(id));

	if (!rows_next(r))
		return;
	const char *tenant = keep(t, row_txt(r, 0)), *flow = keep(t, row_txt(r, 1));
	enum delivery_state from = (enum delivery_state)row_num(r, 2), to = DELIVERY_READY;
	const char *cause = keep(t, row_txt(r, 3)), *blocked = NULL;
	rows_end(r);
	bool held_by_needs =
		from == DELIVERY_HELD && cause && !strncmp(cause, NEEDS, sizeof NEEDS - 1);
	if (from != DELIVERY_WAITS && !held_by_needs)
		return;

	r = db_rows(db,
		"SELECT d.state, d.flow FROM wait w JOIN delivery d ON d.id = w.child"
		" WHERE w.parent = ?1",
		num(id));
	while (rows_next(r)) {
		if (!state_blocks((enum delivery_state)row_num(r, 0))) {
			to = to == DELIVERY_READY ? DELIVERY_WAITS : to;
			continue;
		}
		to = DELIVERY_HELD;
		blocked = keep(t, row_txt(r, 1));
	}
	const char *before = cause, *why = NULL;
	cause = NULL;
	if (blocked) {
		cause = arena_format(&t->results, NEEDS "%s", blocked);
		why = "what it needs of the same record is held or in review";
	} else if (to == DELIVERY_WAITS) {
		cause = "needs";
		why = "waits for what it needs";
	}
	if (to == from && (to == DELIVERY_WAITS || same(cause, before)))
		return;
	db_run(db,
		"UPDATE delivery SET state = ?2, cause = ?3, why = ?4, due_ms = 0, moved_ms = ?5"
		" WHERE id = ?1",
		num(id), num(to), txt(cause), txt(why), num(t->now_ms));

	/* Held because of what it needs: what it waits for must still find it. */
	if (to == DELIVERY_READY) {
		entered(w, t, id, tenant, flow, from, to);
		return;
	}
	tally(t, tenant, flow, from, -1);
	tally(t, tenant, flow, to, 1);
	r = db_rows(db, "SELECT parent FROM wait WHERE child = ?1", num(id));
	while (rows_next(r))
		follow(t, row_num(r, 0));
}

static void follow_all(struct writer *w, struct txn *t)
{
	while (t->follow && !db_code(writer_db(w))) {
		int64_t id = t->follow->id;

		t->follow = t->follow->next;
		follow_one(w, t, id);
	}
}

/* ---- accept ---------------------------------------------------------------------------------- */

struct known { /* what we hold of a record */
	bool found, deleted, hashed;
	const char *version;
	int64_t changed_ms, payload;
	unsigned char hash[BLAKE2B_SIZE];
};

static struct known look_up(struct writer *w, struct txn *t, const struct arrival *a)
{
	struct known k = { 0 };
	struct rows *r = db_rows(writer_db(w),
		"SELECT version, changed_ms, deleted, hash, payload FROM record WHERE"
		" tenant = ?1 AND connection = ?2 AND entity = ?3 AND rid = ?4",
		txt(a->tenant), txt(a->connection), txt(a->entity), txt(a->id));

	if (!rows_next(r))
		return k;
	size_t len;
	const void *hash = row_bin(r, 3, &len);
	k.found = true;
	k.version = keep(t, row_txt(r, 0));
	k.changed_ms = row_num(r, 1);
	k.deleted = row_num(r, 2);
	k.payload = row_num(r, 4);
	k.hashed = hash && len == sizeof k.hash;
	if (k.hashed)
		memcpy(k.hash, hash, sizeof k.hash);
	rows_end(r);
	return k;
}

static bool was_fetched(const struct arrival *a)
{
	return same(a->origin, "fetch");
}

/* doubtful: which of two contents is the newer one, only the remote can tell. */
static enum accepted judge(const struct arrival *a, const struct known *k,
	const unsigned char *hash, bool *doubtful)
{
	bool timed = a->changed_ms && k->changed_ms && !was_fetched(a);

	*doubtful = false;
	if (!k->found)
		return ACCEPTED_NEW;
	if (a->deleted && k->deleted && !a->merged_into)
		return ACCEPTED_SAME;
	if (!a->deleted && !k->deleted && same(a->version, k->version))
		return ACCEPTED_SAME;
	if (hash && !k->deleted && k->hashed && !memcmp(hash, k->hash, sizeof k->hash))
		return ACCEPTED_SAME;
	if (timed && a->changed_ms < k->changed_ms)
		return ACCEPTED_OLDER;
	if (a->deleted || a->hint || was_fetched(a))
		return ACCEPTED_NEW;
	/* Gone, and there again: restored, or a late copy of what was before. */
	*doubtful = k->deleted ? !timed || a->changed_ms == k->changed_ms
			       : timed && a->changed_ms == k->changed_ms;
	return ACCEPTED_NEW;
}

static bool same_record(const char *text, size_t len, const char *hash_wanted)
{
	char hash[SHA256_HEX_SIZE] = "";
	json_t *record = json_read(text, len, NULL);

	if (record)
		store_record_hash(record, hash);
	json_decref(record);
	return !strcmp(hash, hash_wanted);
}

/* Did we write it ourselves?  Then a link points to it with this version or content.  from_connection,
 * from_entity: only what we carried over from there; NULL: from anywhere. */
static bool is_ours(struct writer *w, const struct arrival *a, const char *from_connection, const char *from_entity)
{
	bool ours = false;
	struct rows *r = db_rows(writer_db(w),
		"SELECT target_version, target_hash FROM link WHERE tenant = ?1 AND"
		" target_connection = ?2 AND target_id = ?3 AND target_entity = ?4 AND"
		" (?5 IS NULL OR (source_connection = ?5 AND source_entity = ?6))",
		txt(a->tenant), txt(a->connection), txt(a->id), txt(a->entity), txt(from_connection), txt(from_entity));

	while (!ours && rows_next(r)) {
		const char *version = row_txt(r, 0), *hash = row_txt(r, 1);

		ours = same(a->version, version) ||
			(a->text && hash && same_record(a->text, a->text_len, hash));
	}
	rows_end(r);
	if (ours)
		return true;
	r = db_rows(writer_db(w), /* or the way back of a link that two flows share */
		"SELECT source_version, source_hash FROM link WHERE tenant = ?1 AND"
		" source_connection = ?2 AND source_id = ?3 AND source_entity = ?4 AND source_hash IS"
		" NOT NULL AND (?5 IS NULL OR (target_connection = ?5 AND target_entity = ?6))",
		txt(a->tenant), txt(a->connection), txt(a->id), txt(a->entity), txt(from_connection), txt(from_entity));
	while (!ours && rows_next(r))
		ours = same(a->version, row_txt(r, 0)) ||
			(a->text && *row_txt(r, 1) && same_record(a->text, a->text_len, row_txt(r, 1)));
	rows_end(r);
	return ours;
}

static void record_put(struct writer *w, struct txn *t, const struct arrival *a,
	const struct known *k, const struct kept_payload *p)
{
	int64_t changed = a->changed_ms ? a->changed_ms : k->changed_ms;
	const char *version = !a->version && a->deleted ? k->version : a->version;

	db_run(writer_db(w),
		"INSERT INTO record(tenant, connection, entity, rid, version, changed_ms,"
		" seen_ms, at_ms, deleted, hash, payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6,"
		" ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE SET version = ?5,"
		" changed_ms = ?6, seen_ms = ?7, at_ms = ?8, deleted = ?9, hash = ?10,"
		" payload = ?11",
		txt(a->tenant), txt(a->connection), txt(a->entity), txt(a->id), txt(version),
		num(changed), num(t->now_ms), num(changed ? changed : t->now_ms), num(a->deleted),
		p ? bin(p->hash, sizeof p->hash) : bin(k->hashed ? k->hash : NULL, sizeof k->hash),
		some(p ? p->id : k->payload));
}

struct open_delivery {
	struct open_delivery *next;
	int64_t id, received_ms;
	enum delivery_state state;
	bool fetch;
};

/* Open ones of this flow and record that are not on the wire. */
static struct open_delivery *open_deliveries(struct writer *w, struct txn *t,
	const struct arrival *a, const char *flow)
{
	struct open_delivery *list = NULL;
	struct rows *r = db_rows(writer_db(w),
		"SELECT id, state, fetch, received_ms FROM delivery"
		" WHERE tenant = ?1 AND entity = ?2 AND rid = ?3 AND flow = ?4 AND open = 1"
		" AND state <> 3 ORDER BY id DESC",
		txt(a->tenant), txt(a->entity), txt(a->id), txt(flow));

	while (rows_next(r)) {
		struct open_delivery *d = room(t, sizeof *d);

		*d = (struct open_delivery){ list, row_num(r, 0), row_num(r, 3),
			(enum delivery_state)row_num(r, 1), row_num(r, 2) };
		list = d;
	}
	return list;
}

/* A fetch answers what was asked before it began: for the delivery that asked unless it was told of
 * a change meanwhile, and for those that were told no later than that one. */
static int64_t answers_until(struct writer *w, const struct arrival *a)
{
	if (!was_fetched(a))
		return INT64_MIN;
	if (!a->asked_by)
		return INT64_MAX;
	return db_number(writer_db(w), INT64_MIN,
		"SELECT received_ms FROM delivery WHERE id = ?1 AND stamp = ?2", num(a->asked_by),
		num(a->asked_stamp));
}

static void refresh(struct writer *w, struct txn *t, const struct arrival *a,
	const struct route *route, const struct open_delivery *d, int64_t payload, bool fetch)
{
	/* Its own worker has just fetched this: nothing changed under it. */
	bool expected = was_fetched(a) && d->fetch && d->state == DELIVERY_READY;

	db_run(writer_db(w),
		"UPDATE delivery SET version = ?2, changed_ms = ?3, received_ms = ?4,"
		" moved_ms = ?4, due_ms = 0, state = 1, rank = ?5, attempts = 0, stamp ="
		" stamp + ?6, deleted = ?7, fetch = ?8, payload = ?9, origin = ?10, cause"
		" = NULL, why = NULL, merged_into = ?11 WHERE id = ?1",
		num(d->id), txt(a->version), num(a->changed_ms),
		num(expected ? d->received_ms : t->now_ms), num(route->rank), num(!expected),
		num(a->deleted), num(fetch), some(payload), txt(a->origin), txt(a->merged_into));
	entered(w, t, d->id, a->tenant, route->flow, d->state, DELIVERY_READY);
}

static int64_t delivery_create(struct writer *w, struct txn *t, const struct arrival *a,
	const char *flow, int rank, const char *identity, int64_t payload, bool fetch)
{
	int64_t id = store_next_id(t->store);

	db_run(writer_db(w),
		"INSERT INTO delivery(id, tenant, flow, connection, entity, rid, version,"
		" changed_ms, received_ms, moved_ms, due_ms, state, open, rank, attempts,"
		" stamp, deleted, fetch, payload, origin, identity, merged_into) VALUES(?1,"
		" ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 0, 1, 1, ?10, 0, 1, ?11, ?12, ?13,"
		" ?14, ?15, ?16)",
		num(id), txt(a->tenant), txt(flow), txt(a->connection), txt(a->entity), txt(a->id),
		txt(a->version), num(a->changed_ms), num(t->now_ms), num(rank), num(a->deleted),
		num(fetch), some(payload), txt(a->origin), txt(identity), txt(a->merged_into));
	entered(w, t, id, a->tenant, flow, DELIVERY_NONE, DELIVERY_READY);
	return id;
}

static void route_new(struct writer *w, struct txn *t, const struct arrival *a,
	const struct route *route, int64_t payload, bool doubtful)
{
	int64_t until = answers_until(w, a);
	bool refreshed = false;

	for (struct open_delivery *d = open_deliveries(w, t, a, route->flow); d; d = d->next) {
		bool fetch =
			was_fetched(a) ? d->fetch && d->received_ms > until : a->hint || doubtful;

		refresh(w, t, a, route, d, payload, fetch);
		refreshed = true;
	}
	if (!refreshed)
		delivery_create(w, t, a, route->flow, route->rank, NULL, payload,
			a->hint || doubtful);
}

/* What was asked for turns out to be known already: those that asked get it and go on; or it is
 * our own write, and they have nothing to do. */
static void route_known(struct writer *w, struct txn *t, const struct arrival *a,
	const struct route *route, int64_t payload, bool ours)
{
	int64_t until = answers_until(w, a);

	for (struct open_delivery *d = open_deliveries(w, t, a, route->flow); d; d = d->next) {
		if (!d->fetch || d->received_ms > until)
			continue;
		if (!ours) {
			refresh(w, t, a, route, d, payload, false);
			continue;
		}
		db_run(writer_db(w),
			"UPDATE delivery SET state = 6, open = 0, fetch = 0, stamp = stamp + 1,"
			" cause = 'ours', why = 'our own write came back', due_ms = 0, moved_ms ="
			" ?2 WHERE id = ?1",
			num(d->id), num(t->now_ms));
		entered(w, t, d->id, a->tenant, route->flow, d->state, DELIVERY_SKIPPED);
	}
}

static void seen_again(struct writer *w, struct txn *t, const struct arrival *a,
	const struct known *k)
{
	bool news = (a->version && !same(a->version, k->version)) || a->changed_ms > k->changed_ms;

	if (!news && !a->again)
		return;
	db_run(writer_db(w),
		"UPDATE record SET seen_ms = ?5, version = coalesce(?6, version),"
		" changed_ms = max(changed_ms, ?7), at_ms = CASE WHEN ?7 > changed_ms"
		" THEN ?7 ELSE at_ms END WHERE tenant = ?1 AND connection = ?2 AND entity"
		" = ?3 AND rid = ?4",
		txt(a->tenant), txt(a->connection), txt(a->entity), txt(a->id), num(t->now_ms),
		txt(a->version), num(a->changed_ms));
}

/* A record that is news, or our own write come back: the trail tells where it came from and what it was. */
static void audit_accept(struct writer *w, struct txn *t, const struct arrival *a, enum accepted verdict,
	const struct kept_payload *p)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_puts(&b, "{\"origin\":");
	json_write_string(&b, a->origin ? a->origin : "", a->origin ? strlen(a->origin) : 0);
	if (a->version) {
		buf_puts(&b, ",\"version\":");
		json_write_string(&b, a->version, strlen(a->version));
	}
	if (p) {
		char hex[2 * sizeof p->hash + 1];

		hex_text(p->hash, sizeof p->hash, hex);
		buf_printf(&b, ",\"blake2b\":\"%s\"", hex);
	}
	buf_printf(&b, "%s%s%s}", a->hint ? ",\"hint\":true" : "", a->deleted ? ",\"deleted\":true" : "",
		verdict == ACCEPTED_OURS ? ",\"ours\":true" : "");
	audit_append(w, t, &(struct audit_row){ .tenant = a->tenant, .move = "accept", .who = "host",
		.connection = a->connection, .entity = a->entity, .rid = a->id, .detail = b.full ? "{}" : b.data });
	buf_finish(&b);
}

/* What was linked to the record that is gone is linked to the one it lives on in, unless that one has a
 * link of the same flow already, or one the other way round between the same two kinds: then a person is
 * asked, at once where flows share links, else when the next change finds its target gone. */
static void targets_follow(struct writer *w, struct txn *t, const struct arrival *a)
{
	struct buf b;

	db_run(writer_db(w),
		"UPDATE link SET target_id = ?5, target_version = NULL, target_hash = NULL WHERE tenant = ?1"
		" AND target_connection = ?2 AND target_id = ?3 AND target_entity = ?4 AND NOT EXISTS"
		" (SELECT 1 FROM link AS other WHERE other.tenant = ?1 AND other.target_connection = ?2"
		" AND other.target_id = ?5 AND other.target_entity = ?4 AND other.flow = link.flow) AND NOT EXISTS"
		" (SELECT 1 FROM link AS back WHERE back.tenant = ?1 AND back.source_connection = ?2"
		" AND back.source_id = ?5 AND back.source_entity = ?4 AND back.target_connection = link.source_connection"
		" AND back.target_entity = link.source_entity)",
		txt(a->tenant), txt(a->connection), txt(a->id), txt(a->entity), txt(a->merged_into));
	if (db_code(writer_db(w)) || !db_changed(writer_db(w)))
		return;
	buf_init(&b, 4096);
	buf_puts(&b, "{\"merged_into\":");
	json_write_string(&b, a->merged_into, strlen(a->merged_into));
	buf_putc(&b, '}');
	audit_append(w, t, &(struct audit_row){ .tenant = a->tenant, .move = "link_moved", .who = "host",
		.connection = a->connection, .entity = a->entity, .rid = a->id, .detail = b.full ? "{}" : b.data });
	buf_finish(&b);
}

static void accept(struct writer *w, struct txn *t, const struct op *op)
{
	const struct arrival *a = &op->accept.row;
	const struct audit_row owner = { .tenant = a->tenant,
		.connection = a->connection,
		.entity = a->entity,
		.rid = a->id };
	struct known k = look_up(w, t, a);
	struct kept_payload *p = a->text ? payload_of(t, a->text, a->text_len) : NULL;
	bool doubtful;
	enum accepted verdict = judge(a, &k, p ? p->hash : NULL, &doubtful);
	int64_t payload = 0;

	if (verdict == ACCEPTED_NEW && !a->deleted && is_ours(w, a, NULL, NULL))
		verdict = ACCEPTED_OURS;
	/* The copy that we hold is as good as another. */
	if (p && !p->id && k.payload && k.hashed && !memcmp(p->hash, k.hash, sizeof k.hash))
		p->id = k.payload;
	bool other = p && !(k.hashed && !memcmp(p->hash, k.hash, sizeof k.hash));
	if (p && (verdict == ACCEPTED_SAME ? other || was_fetched(a) : verdict != ACCEPTED_OLDER))
		payload_put(w, t, p, &owner);
	if (p)
		payload = p->id;
	else if (a->deleted)
		payload = k.payload;

	switch (verdict) {
	case ACCEPTED_NEW:
		if (!a->hint && !doubtful)
			record_put(w, t, a, &k, p);
		break;
	case ACCEPTED_OURS:
		if (p)
			record_put(w, t, a, &k, p);
		break;
	case ACCEPTED_SAME:
		if (other || (p && was_fetched(a) && !k.payload)) /* its text was tidied away */
			record_put(w, t, a, &k, p);
		else
			seen_again(w, t, a, &k);
		break;
	case ACCEPTED_OLDER:
		break;
	}
	if (op->accept.mirror && verdict != ACCEPTED_OLDER && !doubtful)
		mirror_put(w, t, op);
	if (a->deleted && verdict != ACCEPTED_OLDER)
		mirror_drop(w, a->tenant, a->connection, a->entity, a->id);
	if (a->merged_into && verdict == ACCEPTED_NEW)
		targets_follow(w, t, a);
	for (size_t i = 0; i < a->route_count; i++) {
		const struct route *route = &a->routes[i];
		bool echo = verdict == ACCEPTED_OURS && route->to_connection &&
			is_ours(w, a, route->to_connection, route->to_entity);

		if (verdict == ACCEPTED_NEW || (verdict == ACCEPTED_OURS && !echo))
			route_new(w, t, a, route, payload, doubtful);
		else if (verdict != ACCEPTED_OLDER && was_fetched(a))
			route_known(w, t, a, route, payload, echo);
	}
	if (a->audited && (verdict == ACCEPTED_NEW || verdict == ACCEPTED_OURS))
		audit_accept(w, t, a, verdict, p);
	t->accepted[t->accepted_at++] = verdict;
}

/* ---- looked at again ------------------------------------------------------------------------- */

static void again(struct writer *w, const struct look *l, int64_t at_ms)
{
	if (at_ms)
		db_run(writer_db(w),
			"INSERT INTO again(tenant, flow, connection, entity, rid, at_ms) VALUES(?1, ?2, ?3,"
			" ?4, ?5, ?6) ON CONFLICT DO UPDATE SET connection = ?3, at_ms = ?6",
			txt(l->tenant), txt(l->flow), txt(l->connection), txt(l->entity), txt(l->rid),
			num(at_ms));
	else
		db_run(writer_db(w),
			"DELETE FROM again WHERE tenant = ?1 AND flow = ?2 AND entity = ?3 AND rid = ?4",
			txt(l->tenant), txt(l->flow), txt(l->entity), txt(l->rid));
}

static void look(struct writer *w, struct txn *t, const struct look *l)
{
	struct route route = { l->flow, l->rank };
	struct arrival a = { .tenant = l->tenant, .connection = l->connection, .entity = l->entity,
		.id = l->rid, .origin = l->origin };
	struct known k;
	bool fetch, refreshed = false;

	again(w, l, 0);
	k = look_up(w, t, &a);
	if (k.deleted || (!k.found && !l->fetch))
		return;
	fetch = l->fetch || !k.payload;
	a.version = k.version;
	a.changed_ms = k.changed_ms;
	for (struct open_delivery *d = open_deliveries(w, t, &a, l->flow); d; d = d->next) {
		refresh(w, t, &a, &route, d, k.payload, fetch || d->fetch);
		refreshed = true;
	}
	if (!refreshed)
		delivery_create(w, t, &a, l->flow, l->rank, NULL, k.payload, fetch);
}

/* ---- deliveries ------------------------------------------------------------------------------ */

struct delivery_now { /* a row before it moves */
	const char *tenant, *flow, *connection, *entity, *rid, *cause, *label, *identity,
		*choice_cause;
	enum delivery_state state;
	int64_t stamp;
	bool chosen;
};

static bool delivery_now(struct writer *w, struct txn *t, int64_t id, struct delivery_now *d)
{
	struct rows *r = db_rows(writer_db(w),
		"SELECT tenant, flow, connection, entity, rid, cause, label,"
		" choice_cause, state, stamp, choice IS NOT NULL, identity FROM delivery"
		" WHERE id = ?1",
		num(id));

	if (!rows_next(r)) {
		if (!db_code(writer_db(w)))
			err_set(&t->error, ERR_ABSENT, "there is no delivery %lld", (long long)id);
		return false;
	}
	*d = (struct delivery_now){
		.tenant = keep(t, row_txt(r, 0)),
		.flow = keep(t, row_txt(r, 1)),
		.connection = keep(t, row_txt(r, 2)),
		.entity = keep(t, row_txt(r, 3)),
		.rid = keep(t, row_txt(r, 4)),
		.cause = keep(t, row_txt(r, 5)),
		.label = keep(t, row_txt(r, 6)),
		.choice_cause = keep(t, row_txt(r, 7)),
		.state = (enum delivery_state)row_num(r, 8),
		.stamp = row_num(r, 9),
		.chosen = row_num(r, 10),
		.identity = keep(t, row_txt(r, 11)),
	};
	rows_end(r);
	return true;
}

/* "order 1007": people look for 1007. */
static void remember_name(struct writer *w, const struct delivery_now *d, const char *label)
{
	const char *space = strrchr(label, ' ');

	db_run(writer_db(w),
		"INSERT OR IGNORE INTO called(tenant, name, connection, entity, rid)"
		" VALUES(?1, ?2, ?3, ?4, ?5)",
		txt(d->tenant), txt(space ? space + 1 : label), txt(d->connection), txt(d->entity),
		txt(d->rid));
}

/* An answer stays with the question it answered. */
static void weigh_choice(const struct delivery_now *d, const struct delivery_move *m,
	const char **choice, const char **choice_cause)
{
	*choice = m->choice;
	*choice_cause = NULL;
	if (m->choice)
		*choice_cause = *m->choice && d->cause ? d->cause : "";
	else if (d->chosen && d->choice_cause && state_blocks(m->to) && m->cause &&
		strcmp(m->cause, d->choice_cause))
		*choice = *choice_cause = "";
}

/* Only what changes is set: an index whose columns are not named is not touched. */
static void update_delivery(struct writer *w, struct txn *t, const struct delivery_now *d,
	const struct delivery_move *m)
{
	const char *choice, *choice_cause;
	weigh_choice(d, m, &choice, &choice_cause);
	const struct {
		const char *column, *text;
	} texts[] = {
		{ "cause", m->cause },
		{ "why", m->why },
		{ "label", m->label },
		{ "identity", same(m->identity, d->identity) ? NULL : m->identity },
		{ "amount", m->amount },
		{ "currency", m->currency },
		{ "choice", choice },
		{ "choice_cause", choice_cause },
		{ "mapping_hash", m->mapping_hash },
		{ "target_connection", m->target_connection },
		{ "target_entity", m->target_entity },
		{ "target_id", m->target_id },
	};
	struct value values[6 + sizeof texts / sizeof *texts] = { num(m->id), num(m->to),
		num(m->to == DELIVERY_READY ? m->due_ms : 0), num(m->attempts), num(t->now_ms) };
	size_t count = 5;
	struct buf *sql = writer_sql(w);

	buf_clear(sql);
	buf_puts(sql, "UPDATE delivery SET state = ?2, due_ms = ?3, attempts = ?4, moved_ms = ?5");
	if (state_is_closed(m->to) != state_is_closed(d->state)) {
		values[count++] = num(!state_is_closed(m->to));
		buf_printf(sql, ", open = ?%zu", count);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!texts[i].text)
			continue;
		values[count++] = txt(*texts[i].text ? texts[i].text : NULL);
		buf_printf(sql, ", %s = ?%zu", texts[i].column, count);
	}
	buf_puts(sql, " WHERE id = ?1");
	must(!sql->full);
	rows_next(db_rows_made(writer_db(w), sql->data, values, count));
}

/* What came in while this one was on the wire has a delivery of its own.  Now that this one stays open
 * it takes that change over, as it would have if the change had come a moment later: two of one record
 * would go out of order, and after a lost reply twice.  True: it is READY, whatever else it was to be. */
static bool take_newer(struct writer *w, struct txn *t, int64_t id, const struct delivery_now *d)
{
	struct db *db = writer_db(w);
	struct rows *r = db_rows(db, "SELECT id, state FROM delivery WHERE tenant = ?1 AND entity = ?2 AND rid = ?3"
		" AND flow = ?4 AND open = 1 AND state <> 3 AND id > ?5 ORDER BY id DESC LIMIT 1",
		txt(d->tenant), txt(d->entity), txt(d->rid), txt(d->flow), num(id));

	if (!rows_next(r))
		return false;
	int64_t newer = row_num(r, 0);
	enum delivery_state from = (enum delivery_state)row_num(r, 1);
	rows_end(r);
	db_run(db, "UPDATE delivery SET (version, changed_ms, received_ms, deleted, merged_into, fetch, payload, origin) ="
		" (SELECT version, changed_ms, received_ms, deleted, merged_into, fetch, payload, origin FROM delivery"
		" WHERE id = ?2), state = 1, stamp = stamp + 1 WHERE id = ?1", num(id), num(newer));
	db_run(db, "UPDATE delivery SET state = 6, open = 0, stamp = stamp + 1, cause = 'superseded', due_ms = 0,"
		" why = 'the delivery before it carries this change on', moved_ms = ?2 WHERE id = ?1",
		num(newer), num(t->now_ms));
	entered(w, t, newer, d->tenant, d->flow, from, DELIVERY_SKIPPED);
	return true;
}

void delivery_move(struct writer *w, struct txn *t, const struct delivery_move *m)
{
	struct db *db = writer_db(w);
	struct delivery_now d;

	if (!delivery_now(w, t, m->id, &d))
		return;
	if (m->stamp && m->stamp != d.stamp) {
		err_set(&t->error, ERR_CONFLICT,
			"delivery %lld was given a newer version meanwhile", (long long)m->id);
		return;
	}
	if (m->from && m->from != d.state) {
		err_set(&t->error, ERR_CONFLICT, "delivery %lld is %s meanwhile, and was %s", (long long)m->id,
			delivery_state_text(d.state), delivery_state_text(m->from));
		return;
	}
	update_delivery(w, t, &d, m);
	if (m->doc && *m->doc)
		db_run(db,
			"INSERT INTO doc(delivery, text) VALUES(?1, ?2)"
			" ON CONFLICT DO UPDATE SET text = excluded.text",
			num(m->id), txt(m->doc));
	else if (m->doc)
		db_run(db, "DELETE FROM doc WHERE delivery = ?1", num(m->id));
	if (m->label && *m->label && !same(m->label, d.label))
		remember_name(w, &d, m->label);
	bool stays = d.state == DELIVERY_SENDING && (m->to == DELIVERY_READY || state_blocks(m->to));
	entered(w, t, m->id, d.tenant, d.flow, d.state,
		stays && take_newer(w, t, m->id, &d) ? DELIVERY_READY : m->to);
}

/* ---- needs ----------------------------------------------------------------------------------- */

static bool is_linked(struct writer *w, const struct delivery_now *parent, const struct ensure *e)
{
	struct db *db = writer_db(w);

	if (e->identity)
		return db_number(db, 0,
			"SELECT 1 FROM link WHERE tenant = ?1 AND flow = ?2 AND identity = ?3 AND"
			" target_id IS NOT NULL",
			txt(parent->tenant), txt(e->flow), txt(e->identity));
	return db_number(db, 0,
		"SELECT 1 FROM link WHERE tenant = ?1 AND source_connection = ?2 AND"
		" source_id = ?3 AND flow = ?4 AND source_entity = ?5 AND target_id IS"
		" NOT NULL",
		txt(parent->tenant), txt(parent->connection), txt(parent->rid), txt(e->flow),
		txt(parent->entity));
}

/* One whose identity is not known yet may turn out to be it; an exact one is better. */
static int64_t open_need(struct writer *w, const struct delivery_now *parent,
	const struct ensure *e)
{
	return db_number(writer_db(w), 0,
		"SELECT id FROM delivery WHERE tenant = ?1 AND entity = ?2 AND rid = ?3"
		" AND flow = ?4 AND open = 1 AND (?5 IS NULL OR identity IS NULL OR"
		" identity = ?5) ORDER BY identity IS NULL, id LIMIT 1",
		txt(parent->tenant), txt(parent->entity), txt(parent->rid), txt(e->flow),
		txt(e->identity));
}

/* The parent's own record as the parent has it; another one as it was seen last, or to be
 * fetched. */
static int64_t need_create(struct writer *w, struct txn *t, const struct delivery_now *parent,
	const struct ensure *e)
{
	struct rows *r = e->rid
		? db_rows(writer_db(w),
			  "SELECT version, changed_ms, deleted, payload, payload IS NULL AND NOT"
			  " deleted FROM record WHERE tenant = ?1 AND connection = ?2 AND entity ="
			  " ?3 AND rid = ?4",
			  txt(parent->tenant), txt(parent->connection), txt(parent->entity),
			  txt(parent->rid))
		: db_rows(writer_db(w),
			  "SELECT version, changed_ms, deleted, payload, fetch FROM delivery WHERE"
			  " id = ?1",
			  num(e->parent));

	if (!rows_next(r)) {
		struct arrival never_seen = { .tenant = parent->tenant,
			.connection = parent->connection,
			.entity = parent->entity,
			.id = parent->rid,
			.origin = "needed" };

		return e->rid ? delivery_create(w, t, &never_seen, keep(t, e->flow), e->rank,
					e->identity, 0, true)
			      : 0;
	}
	struct arrival a = { .tenant = parent->tenant,
		.connection = parent->connection,
		.entity = parent->entity,
		.id = parent->rid,
		.version = keep(t, row_txt(r, 0)),
		.changed_ms = row_num(r, 1),
		.deleted = row_num(r, 2),
		.origin = "needed" };
	int64_t payload = row_num(r, 3);
	bool fetch = row_num(r, 4);
	rows_end(r);
	return delivery_create(w, t, &a, keep(t, e->flow), e->rank, e->identity, payload, fetch);
}

/* Would parent wait for itself, by way of child? */
static bool in_a_circle(struct writer *w, int64_t parent, int64_t child)
{
	return parent == child ||
		db_number(writer_db(w), 0,
			"WITH RECURSIVE below(id) AS (SELECT ?1 UNION SELECT w.child FROM wait w"
			" JOIN below ON w.parent = below.id) SELECT 1 FROM below WHERE id = ?2",
			num(child), num(parent));
}

static void wait_for(struct writer *w, int64_t parent, int64_t child)
{
	db_run(writer_db(w), "INSERT INTO wait(parent, child) VALUES(?1, ?2) ON CONFLICT DO NOTHING",
		num(parent), num(child));
}

static void ensure(struct writer *w, struct txn *t, const struct ensure *e)
{
	struct delivery_now parent;
	int64_t *answer = &t->ensured[t->ensured_at++], child;

	*answer = 0;
	if (!delivery_now(w, t, e->parent, &parent))
		return;
	follow(t, e->parent);
	if (e->delivery) {
		child = db_number(writer_db(w), 0, "SELECT " IN_DOUBT("?1"), num(e->delivery)) ? e->delivery : 0;
		*answer = child;
		if (child)
			wait_for(w, e->parent, child);
		return;
	}
	if (e->rid) {
		parent.entity = e->entity;
		parent.rid = e->rid;
	}
	if (!e->anew && is_linked(w, &parent, e))
		return;
	child = open_need(w, &parent, e);
	if (!child)
		child = need_create(w, t, &parent, e);
	*answer = child;
	/* Shown in the shadow since the parent looked: that is its answer, and nothing more will come. */
	if (db_number(writer_db(w), 0, "SELECT state FROM delivery WHERE id = ?1", num(child)) == DELIVERY_WOULD)
		return;
	if (in_a_circle(w, e->parent, child)) {
		struct circle *c = room(t, sizeof *c);

		*c = (struct circle){ t->circles, e };
		t->circles = c;
		return;
	}
	wait_for(w, e->parent, child);
}

/* Waiting would never end, and mapping it again would ask the same: a person mends the mappings. */
static void hold_circles(struct writer *w, struct txn *t)
{
	for (; t->circles && !t->error.code && !db_code(writer_db(w));
		t->circles = t->circles->next) {
		const struct ensure *e = t->circles->ensure;

		delivery_move(w, t,
			&(struct delivery_move){ .id = e->parent,
				.to = DELIVERY_HELD,
				.cause = arena_format(&t->results, "circle:%s", e->flow),
				.why = "it needs what needs it in turn: the mappings ensure each other in "
				       "a circle" });
	}
}

/* ---- writes, links, sets, notes -------------------------------------------------------------- */

static void write_put(struct writer *w, struct txn *t, const struct write_row *r)
{
	db_run(writer_db(w),
		"INSERT OR REPLACE INTO write(id, delivery, tenant, connection, entity,"
		" verb, target_id, version, key, data, state, mark, tries, at_ms)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
		num(r->id), num(r->delivery), txt(r->tenant), txt(r->connection), txt(r->entity),
		txt(r->verb), txt(r->target_id), txt(r->version), txt(r->key), txt(r->data),
		num(r->state), txt(r->mark), num(r->tries), num(t->now_ms));
}

static void write_state(struct writer *w, struct txn *t, const struct write_row *r)
{
	db_run(writer_db(w),
		"UPDATE write SET state = ?2, mark = ?3, tries = ?4, at_ms = ?5 WHERE id"
		" = ?1",
		num(r->id), num(r->state), txt(r->mark), num(r->tries), num(t->now_ms));
	if (!db_code(writer_db(w)) && db_changed(writer_db(w)) == 0)
		err_set(&t->error, ERR_ABSENT, "there is no write %lld", (long long)r->id);
}

static void link_drop(struct writer *w, const struct link_row *l, const char *identity)
{
	db_run(writer_db(w), "DELETE FROM link WHERE tenant = ?1 AND flow = ?2 AND identity = ?3",
		txt(l->tenant), txt(l->flow), txt(identity));
}

static void link_put(struct writer *w, struct txn *t, const struct link_row *l)
{
	if (l->replaces)
		link_drop(w, l, l->replaces);
	db_run(writer_db(w),
		"INSERT INTO link(tenant, flow, identity, source_connection,"
		" source_entity, source_id, source_version, target_connection,"
		" target_entity, target_id, target_version, target_hash, made, base,"
		" delivery, at_ms, source_seen, target_seen, source_hash, back, swings)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
		" ?16, ?17, ?18, ?19, ?20, ?21) ON CONFLICT(tenant, flow, identity) DO UPDATE"
		" SET source_connection = ?4, source_entity = ?5, source_id = ?6,"
		" source_version = ?7, target_connection = ?8, target_entity = ?9,"
		" target_id = ?10, target_version = ?11, target_hash = ?12, made = ?13,"
		" base = ?14, delivery = ?15, at_ms = ?16, source_seen = ?17, target_seen ="
		" ?18, source_hash = ?19, back = ?20, swings = ?21, moved = 0",
		txt(l->tenant), txt(l->flow), txt(l->identity), txt(l->source_connection),
		txt(l->source_entity), txt(l->source_id), txt(l->source_version),
		txt(l->target_connection), txt(l->target_entity), txt(l->target_id),
		txt(l->target_version), txt(l->target_hash), txt(l->made), txt(l->base),
		num(l->delivery), num(t->now_ms), txt(l->source_seen), txt(l->target_seen),
		txt(l->source_hash), num(l->back), num(l->swings));
}

/* A version without the content that goes with it: the old content is no longer what is there. */
static void link_version(struct writer *w, const struct link_row *l)
{
	db_run(writer_db(w),
		"UPDATE link SET target_version = coalesce(?5, target_version),"
		" target_hash = ?6 WHERE tenant = ?1 AND target_connection = ?2 AND"
		" target_id = ?3 AND target_entity = ?4",
		txt(l->tenant), txt(l->target_connection), txt(l->target_id), txt(l->target_entity),
		txt(l->target_version), txt(l->target_hash));
}

static void set_put(struct writer *w, struct txn *t, const struct set_row *s)
{
	db_run(writer_db(w),
		"INSERT OR REPLACE INTO visit_set(tenant, connection, mark, requests,"
		" answer, answer_type, asked, at_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7,"
		" ?8)",
		txt(s->tenant), txt(s->connection), txt(s->mark), txt(s->requests),
		bin(s->answer, s->answer_len), txt(s->answer_type), num(s->asked), num(t->now_ms));
}

static void note(struct writer *w, struct txn *t, const struct op *op)
{
	struct db *db = writer_db(w);

	if (op->note.value)
		db_run(db,
			"INSERT INTO note(tenant, scope, kind, name, value, at_ms)"
			" VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
			" ON CONFLICT DO UPDATE SET value = ?5, at_ms = ?6",
			txt(op->note.tenant), txt(op->note.scope), txt(op->note.kind),
			txt(op->note.name), txt(op->note.value), num(t->now_ms));
	else
		db_run(db,
			"DELETE FROM note WHERE tenant = ?1 AND scope = ?2 AND kind = ?3 AND name"
			" = ?4",
			txt(op->note.tenant), txt(op->note.scope), txt(op->note.kind),
			txt(op->note.name));
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void apply(struct writer *w, struct txn *t, const struct op *op)
{
	struct db *db = writer_db(w);

	switch (op->kind) {
	case OP_ACCEPT:
		accept(w, t, op);
		break;
	case OP_DELIVERY:
		delivery_move(w, t, &op->move);
		break;
	case OP_ENSURE:
		ensure(w, t, &op->ensure);
		break;
	case OP_WRITE_PUT:
		write_put(w, t, &op->write);
		break;
	case OP_WRITE_STATE:
		write_state(w, t, &op->write);
		break;
	case OP_LINK_PUT:
		link_put(w, t, &op->link);
		break;
	case OP_LINK_MOVE:
		db_run(db,
			"UPDATE link SET source_id = ?4, source_version = NULL, moved = 1 WHERE tenant = ?1"
			" AND flow = ?2 AND identity = ?3",
			txt(op->link.tenant), txt(op->link.flow), txt(op->link.identity),
			txt(op->link.source_id));
		break;
	case OP_LINK_DROP:
		link_drop(w, &op->link, op->link.identity);
		break;
	case OP_LOOK:
		look(w, t, &op->look.row);
		break;
	case OP_AGAIN:
		again(w, &op->look.row, op->look.at_ms);
		break;
	case OP_LINK_VERSION:
		link_version(w, &op->link);
		break;
	case OP_SET_PUT:
		set_put(w, t, &op->set);
		break;
	case OP_SET_CLEAR:
		db_run(db,
			"DELETE FROM visit_set WHERE tenant = ?1 AND connection = ?2 AND mark ="
			" ?3",
			txt(op->set.tenant), txt(op->set.connection), txt(op->set.mark));
		break;
	case OP_NOTE:
		note(w, t, op);
		break;
	case OP_SECRET:
		secret_put(w, t, op);
		break;
	case OP_AUDIT:
		break; /* below */
	}
}

bool txn_apply(struct writer *w, struct txn *t)
{
	struct db *db = writer_db(w);

	for (const struct op *op = t->first; op && !t->error.code && !db_code(db); op = op->next)
		apply(w, t, op);
	if (t->inner && !t->error.code && !db_code(db))
		t->inner(w, t, t->inner_arg);
	hold_circles(w, t);
	if (!t->error.code)
		follow_all(w, t);
	/* Last: one that fails before them costs no other of its group a second try (writer.c). */
	for (const struct op *op = t->first; op && !t->error.code && !db_code(db); op = op->next)
		if (op->kind == OP_AUDIT)
			audit_append(w, t, &op->audit);
	return !t->error.code && !db_code(db);
}
