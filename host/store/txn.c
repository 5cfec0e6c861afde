/* txn.c - a transaction as the loop thread builds it: every row copied, nothing read. */
#include "inner.h"

#include "base/crypto.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define TXN_BYTES_MAX   ((size_t)64 << 20)
#define MIRROR_KEYS_MAX 256

static const struct {
	enum delivery_state state;
	const char *text;
} state_texts[] = {
#define X(name, text) { DELIVERY_##name, text },
	DELIVERY_STATES(X)
#undef X
};

const char *delivery_state_text(enum delivery_state state)
{
	for (size_t i = 0; i < sizeof state_texts / sizeof *state_texts; i++)
		if (state_texts[i].state == state)
			return state_texts[i].text;
	return "none";
}

enum delivery_state delivery_state_of(const char *text)
{
	for (size_t i = 0; text && i < sizeof state_texts / sizeof *state_texts; i++)
		if (!strcmp(state_texts[i].text, text))
			return state_texts[i].state;
	return DELIVERY_NONE;
}

struct txn *txn_begin(struct store *s)
{
	struct txn *t = xcalloc(1, sizeof *t);

	t->store = s;
	t->now_ms = loop_now_ms(s->loop);
	t->last = &t->first;
	arena_init(&t->arena, TXN_BYTES_MAX);
	arena_init(&t->results, SIZE_MAX);
	return t;
}

void txn_abandon(struct txn *t)
{
	if (!t)
		return;
	arena_finish(&t->arena);
	arena_finish(&t->results);
	free(t->touched);
	free(t);
}

/* ---- copies ---------------------------------------------------------------------------------- */

static void too_big(struct txn *t)
{
	err_set(&t->error, ERR_LIMIT, "one transaction holds more than %zu MB",
		TXN_BYTES_MAX >> 20);
}

static const char *copy_bytes(struct txn *t, const char *bytes, size_t len)
{
	char *copy = bytes ? arena_strndup(&t->arena, bytes, len) : NULL;

	if (bytes && !copy)
		too_big(t);
	return copy;
}

/* A record and the audit row that tells of it come with the same bytes: one copy of both. */
static const char *copy_payload(struct txn *t, const char *bytes, size_t len)
{
	if (bytes && bytes == t->last_bytes.from && len == t->last_bytes.len &&
		!memcmp(bytes, t->last_bytes.copy, len))
		return t->last_bytes.copy;

	const char *copy = copy_bytes(t, bytes, len);
	if (copy) {
		t->last_bytes.from = bytes;
		t->last_bytes.copy = copy;
		t->last_bytes.len = len;
	}
	return copy;
}

static const char *copy(struct txn *t, const char *text)
{
	return text ? copy_bytes(t, text, strlen(text)) : NULL;
}

/* What a row cannot be without; the transaction fails where it is missing. */
static const char *copy_needed(struct txn *t, const char *text, const char *what)
{
	if (!text)
		err_set(&t->error, ERR_INPUT, "a row without its %s", what);
	return copy(t, text);
}

static struct op *add(struct txn *t, enum op_kind kind)
{
	struct op *op = arena_alloc(&t->arena, sizeof *op);

	if (!op) {
		too_big(t);
		return NULL;
	}
	op->kind = kind;
	*t->last = op;
	t->last = &op->next;
	return op;
}

/* ---- accept ---------------------------------------------------------------------------------- */

static const char *folded(struct txn *t, const char *text)
{
	char *value = arena_strndup(&t->arena, text, strlen(text));

	if (!value)
		too_big(t);
	else
		mirror_trim(value);
	return value;
}

static void add_key(struct txn *t, struct op *op, const char *member, const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || op->accept.key_count == MIRROR_KEYS_MAX)
		return;
	op->accept.keys[op->accept.key_count++] =
		(struct mirror_key){ copy(t, member), folded(t, text) };
}

static void copy_keys(struct txn *t, struct op *op, const json_t *keys)
{
	const char *member;
	json_t *value, *one;
	size_t i;

	op->accept.mirror = op->accept.row.text;
	op->accept.keys = arena_alloc(&t->arena, MIRROR_KEYS_MAX * sizeof *op->accept.keys);
	if (!op->accept.keys) {
		too_big(t);
		return;
	}
	json_object_foreach((json_t *)keys, member, value) {
		if (!json_is_array(value))
			add_key(t, op, member, value);
		else
			json_array_foreach(value, i, one)
				add_key(t, op, member, one);
	}
}

void txn_accept(struct txn *t, const struct arrival *a)
{
	struct op *op = add(t, OP_ACCEPT);

	if (!op)
		return;
	struct arrival *row = &op->accept.row;
	struct route *routes = arena_alloc(&t->arena, (a->route_count + 1) * sizeof *routes);

	t->accept_count++;
	*row = *a;
	row->tenant = copy_needed(t, a->tenant, "tenant");
	row->connection = copy_needed(t, a->connection, "connection");
	row->entity = copy_needed(t, a->entity, "entity");
	row->id = copy_needed(t, a->id, "id");
	row->version = copy(t, a->version);
	row->merged_into = copy(t, a->merged_into);
	row->text = copy_payload(t, a->text, a->text_len);
	row->origin = copy_needed(t, a->origin, "origin");
	row->routes = routes;
	if (!routes) {
		too_big(t);
		return;
	}
	for (size_t i = 0; i < a->route_count; i++) {
		routes[i] = a->routes[i];
		routes[i].flow = copy_needed(t, a->routes[i].flow, "flow");
		routes[i].to_connection = copy(t, a->routes[i].to_connection);
		routes[i].to_entity = copy(t, a->routes[i].to_entity);
	}
	if (a->mirror_keys)
		copy_keys(t, op, a->mirror_keys);
	row->mirror_keys = NULL;
}

/* ---- the other rows -------------------------------------------------------------------------- */

void txn_delivery(struct txn *t, const struct delivery_move *m)
{
	struct op *op = add(t, OP_DELIVERY);

	if (!op)
		return;
	struct delivery_move *row = &op->move;

	*row = *m;
	row->cause = copy(t, m->cause);
	row->why = copy(t, m->why);
	row->label = copy(t, m->label);
	row->identity = copy(t, m->identity);
	row->amount = copy(t, m->amount);
	row->currency = copy(t, m->currency);
	row->choice = copy(t, m->choice);
	row->mapping_hash = copy(t, m->mapping_hash);
	row->doc = copy(t, m->doc);
	row->target_connection = copy(t, m->target_connection);
	row->target_entity = copy(t, m->target_entity);
	row->target_id = copy(t, m->target_id);
}

void txn_ensure(struct txn *t, const struct ensure *e)
{
	struct op *op = add(t, OP_ENSURE);

	if (!op)
		return;
	t->ensure_count++;
	op->ensure = *e;
	op->ensure.flow = copy_needed(t, e->flow, "flow");
	op->ensure.identity = copy(t, e->identity);
	op->ensure.entity = copy(t, e->entity);
	op->ensure.rid = copy(t, e->rid);
}

void txn_write_put(struct txn *t, const struct write_row *w)
{
	struct op *op = add(t, OP_WRITE_PUT);

	if (!op)
		return;
	struct write_row *row = &op->write;

	*row = *w;
	row->tenant = copy_needed(t, w->tenant, "tenant");
	row->connection = copy_needed(t, w->connection, "connection");
	row->entity = copy_needed(t, w->entity, "entity");
	row->verb = copy_needed(t, w->verb, "verb");
	row->target_id = copy(t, w->target_id);
	row->version = copy(t, w->version);
	row->key = copy(t, w->key);
	row->data = copy(t, w->data);
	row->mark = copy(t, w->mark);
}

void txn_write_state(struct txn *t, int64_t write_id, enum write_state state, const char *mark,
	unsigned tries)
{
	struct op *op = add(t, OP_WRITE_STATE);

	if (op)
		op->write = (struct write_row){ .id = write_id,
			.state = state,
			.mark = copy(t, mark),
			.tries = tries };
}

void txn_link_put(struct txn *t, const struct link_row *l)
{
	struct op *op = add(t, OP_LINK_PUT);

	if (!op)
		return;
	struct link_row *row = &op->link;

	*row = *l;
	row->tenant = copy_needed(t, l->tenant, "tenant");
	row->flow = copy_needed(t, l->flow, "flow");
	row->identity = copy_needed(t, l->identity, "identity");
	row->source_connection = copy(t, l->source_connection);
	row->source_entity = copy(t, l->source_entity);
	row->source_id = copy(t, l->source_id);
	row->source_version = copy(t, l->source_version);
	row->target_connection = copy(t, l->target_connection);
	row->target_entity = copy(t, l->target_entity);
	row->target_id = copy(t, l->target_id);
	row->target_version = copy(t, l->target_version);
	row->made = copy(t, l->made);
	row->base = copy(t, l->base);
	row->target_hash = copy(t, l->target_hash);
	row->source_seen = copy(t, l->source_seen);
	row->target_seen = copy(t, l->target_seen);
	row->source_hash = copy(t, l->source_hash);
	row->replaces = copy(t, l->replaces);
}

void txn_link_move(struct txn *t, const char *tenant, const char *flow, const char *identity,
	const char *to_source_id)
{
	struct op *op = add(t, OP_LINK_MOVE);

	if (op)
		op->link = (struct link_row){ .tenant = copy_needed(t, tenant, "tenant"),
			.flow = copy_needed(t, flow, "flow"),
			.identity = copy_needed(t, identity, "identity"),
			.source_id = copy_needed(t, to_source_id, "id") };
}

static void add_look(struct txn *t, enum op_kind kind, const struct look *l, int64_t at_ms)
{
	struct op *op = add(t, kind);

	if (!op)
		return;
	op->look.at_ms = at_ms;
	op->look.row = (struct look){ .tenant = copy_needed(t, l->tenant, "tenant"),
		.flow = copy_needed(t, l->flow, "flow"),
		.connection = copy_needed(t, l->connection, "connection"),
		.entity = copy_needed(t, l->entity, "entity"),
		.rid = copy_needed(t, l->rid, "id"),
		.origin = copy(t, l->origin),
		.rank = l->rank,
		.fetch = l->fetch };
}

void txn_look(struct txn *t, const struct look *l)
{
	add_look(t, OP_LOOK, l, 0);
}

void txn_again(struct txn *t, const struct look *l, int64_t at_ms)
{
	add_look(t, OP_AGAIN, l, at_ms);
}

void txn_link_drop(struct txn *t, const char *tenant, const char *flow, const char *identity)
{
	struct op *op = add(t, OP_LINK_DROP);

	if (op)
		op->link = (struct link_row){ .tenant = copy_needed(t, tenant, "tenant"),
			.flow = copy_needed(t, flow, "flow"),
			.identity = copy_needed(t, identity, "identity") };
}

void txn_link_version(struct txn *t, const char *tenant, const char *connection, const char *entity,
	const char *target_id, const char *version, const char *target_hash)
{
	struct op *op = add(t, OP_LINK_VERSION);

	if (op)
		op->link = (struct link_row){ .tenant = copy_needed(t, tenant, "tenant"),
			.target_connection = copy_needed(t, connection, "connection"),
			.target_entity = copy_needed(t, entity, "entity"),
			.target_id = copy_needed(t, target_id, "id"),
			.target_version = copy(t, version),
			.target_hash = copy(t, target_hash) };
}

void txn_set_put(struct txn *t, const struct set_row *s)
{
	struct op *op = add(t, OP_SET_PUT);

	if (!op)
		return;
	op->set = *s;
	op->set.tenant = copy_needed(t, s->tenant, "tenant");
	op->set.connection = copy_needed(t, s->connection, "connection");
	op->set.mark = copy_needed(t, s->mark, "mark");
	op->set.requests = copy(t, s->requests);
	op->set.answer = copy_bytes(t, s->answer, s->answer_len);
	op->set.answer_type = copy(t, s->answer_type);
}

void txn_set_clear(struct txn *t, const char *tenant, const char *connection, const char *mark)
{
	struct op *op = add(t, OP_SET_CLEAR);

	if (op)
		op->set = (struct set_row){ .tenant = copy_needed(t, tenant, "tenant"),
			.connection = copy_needed(t, connection, "connection"),
			.mark = copy_needed(t, mark, "mark") };
}

void txn_note(struct txn *t, const char *tenant, const char *scope, const char *kind,
	const char *name, const char *value)
{
	struct op *op = add(t, OP_NOTE);

	if (!op)
		return;
	op->note.tenant = copy_needed(t, tenant, "tenant");
	op->note.scope = copy_needed(t, scope, "scope");
	op->note.kind = copy_needed(t, kind, "kind");
	op->note.name = copy_needed(t, name, "name");
	op->note.value = copy(t, value);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

void txn_secret(struct txn *t, const char *tenant, const char *connection, const char *name,
	const struct secret *secret)
{
	struct op *op = add(t, OP_SECRET);
	unsigned char *sealed = NULL;
	size_t len, sealed_len = 0;

	if (!op)
		return;
	op->secret.tenant = copy_needed(t, tenant, "tenant");
	op->secret.connection = copy_needed(t, connection, "connection");
	op->secret.name = copy_needed(t, name, "name");
	op->secret.version = store_next_id(t->store);
	if (!secret || t->error.code)
		return;
	if (strchr(tenant, '|') || strchr(connection, '|') || strchr(name, '|') ||
		ends_with(name, SECRET_BEFORE)) {
		err_set(&t->error, ERR_INPUT,
			"secret %s/%s %s: a name holds no | and does not end with %s", tenant,
			connection, name, SECRET_BEFORE);
		return;
	}
	/* Sealed here, so that no copy of it waits in a queue. */
	char *aad = secret_aad(tenant, connection, name, op->secret.version);
	const char *bytes = secret_bytes(secret, &len);
	pthread_mutex_lock(&t->store->key_mutex);
	seal(t->store->key, aad, bytes, len, &sealed, &sealed_len, &t->error);
	pthread_mutex_unlock(&t->store->key_mutex);
	op->secret.sealed = (const unsigned char *)copy_bytes(t, (const char *)sealed, sealed_len);
	op->secret.sealed_len = sealed_len;
	free(sealed);
	free(aad);
}

void txn_audit(struct txn *t, const struct audit_row *a)
{
	struct op *op = add(t, OP_AUDIT);

	if (!op)
		return;
	struct audit_row *row = &op->audit;

	*row = *a;
	row->tenant = copy_needed(t, a->tenant, "tenant");
	row->move = copy_needed(t, a->move, "move");
	row->who = copy_needed(t, a->who, "who");
	row->connection = copy(t, a->connection);
	row->flow = copy(t, a->flow);
	row->entity = copy(t, a->entity);
	row->rid = copy(t, a->rid);
	row->detail = copy(t, a->detail);
	row->payload = copy_payload(t, a->payload, a->payload_len);
}

/* ---- on its way, and home -------------------------------------------------------------------- */

static void deliver(struct mail *mail)
{
	struct txn *t = (struct txn *)mail;
	bool stands = t->error.code == 0;
	struct txn_result r = {
		.code = t->error.code,
		.text = stands ? NULL : t->error.text,
		.too_large = t->error.code == ERR_LIMIT && !t->turned_away,
		.accepted = stands ? t->accepted : NULL,
		.ensured = stands ? t->ensured : NULL,
		.touched = stands ? t->touched : NULL,
		.accepted_count = stands ? t->accept_count : 0,
		.ensured_count = stands ? t->ensure_count : 0,
		.touched_count = stands ? t->touched_count : 0,
	};

	if (t->done)
		t->done(t->arg, &r);
	txn_abandon(t);
}

void txn_commit(struct txn *t, txn_fn *done, void *arg)
{
	t->done = done;
	t->arg = arg;
	t->mail.deliver = deliver;
	t->accepted = arena_alloc(&t->arena, (t->accept_count + 1) * sizeof *t->accepted);
	t->ensured = arena_alloc(&t->arena, (t->ensure_count + 1) * sizeof *t->ensured);
	if (!t->accepted || !t->ensured)
		too_big(t);
	if (!t->error.code && atomic_load(&t->store->closing)) {
		t->turned_away = true;
		err_set(&t->error, ERR_LIMIT, "the store is closing");
	}
	if (t->error.code) {
		store_mail(t->store, &t->mail);
		return;
	}
	writer_push(t->store->writer, t);
	upkeep_later(t->store);
}
