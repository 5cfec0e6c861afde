/* hand.c - a store in a folder of its own, asked and answered as if at once. */
#include "hand.h"

#include "base/crypto.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char *hand_path(const struct hand *h, const char *name)
{
	return xformat("%s/state/%s", h->dir, name);
}

bool hand_file_holds(const struct hand *h, const char *name, const char *text)
{
	char *path = hand_path(h, name), *bytes = NULL;
	size_t len;
	bool holds = file_read(path, (size_t)1 << 28, &bytes, &len, NULL) == 0 &&
		memmem(bytes, len, text, strlen(text));

	free(bytes);
	free(path);
	return holds;
}

void hand_make(struct hand *h)
{
	struct err e = { 0 };

	assert_int_equal(crypto_init(&e), 0);
	snprintf(h->dir, sizeof h->dir, "/tmp/mlc-store-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	h->key_file = xformat("%s/master.key", h->dir);
	assert_int_equal(master_key_make(h->key_file, &e), 0);
	h->loop = loop_create(&e);
	assert_non_null(h->loop);
}

void hand_open(struct hand *h)
{
	char *state = hand_path(h, "");
	struct err e = { 0 };

	h->store = store_open(h->loop,
		&(struct store_conf){ .dir = state, .key_file = h->key_file }, &e);
	if (!h->store)
		fail_msg("%s", e.text);
	free(state);
}

void hand_close(struct hand *h)
{
	store_close(h->store);
	h->store = NULL;
}

void hand_reopen(struct hand *h)
{
	hand_close(h);
	hand_open(h);
}

static void remove_all(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *one;

	while (d && (one = readdir(d))) {
		char *below = xformat("%s/%s", path, one->d_name);

		if (strcmp(one->d_name, ".") && strcmp(one->d_name, "..") && unlink(below) < 0)
			remove_all(below);
		free(below);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

void hand_finish(struct hand *h)
{
	hand_close(h);
	loop_destroy(h->loop);
	remove_all(h->dir);
	free(h->key_file);
}

int hand_setup(void **state)
{
	struct hand *h = xcalloc(1, sizeof *h);

	hand_make(h);
	hand_open(h);
	*state = h;
	return 0;
}

int hand_teardown(void **state)
{
	hand_finish(*state);
	free(*state);
	return 0;
}

/* ---- transactions ---------------------------------------------------------------------------- */

struct waiting {
	struct hand *hand;
	struct outcome *outcome;
};

static void on_committed(void *arg, const struct txn_result *r)
{
	struct waiting *w = arg;
	struct outcome *o = w->outcome;

	*o = (struct outcome){ .code = r->code,
		.accepted_count = r->accepted_count,
		.ensured_count = r->ensured_count,
		.touched_count = r->touched_count };
	snprintf(o->text, sizeof o->text, "%s", r->text ? r->text : "");
	for (size_t i = 0; i < r->accepted_count && i < 64; i++)
		o->accepted[i] = r->accepted[i];
	for (size_t i = 0; i < r->ensured_count && i < 64; i++)
		o->ensured[i] = r->ensured[i];
	for (size_t i = 0; i < r->touched_count && i < 64; i++)
		snprintf(o->touched[i], sizeof o->touched[i], "%s/%s", r->touched[i].tenant,
			r->touched[i].flow);
	loop_stop(w->hand->loop);
}

struct outcome hand_commit(struct hand *h, struct txn *t)
{
	struct outcome o;

	txn_commit(t, on_committed, &(struct waiting){ h, &o });
	loop_run(h->loop);
	return o;
}

bool was_touched(const struct outcome *o, const char *tenant_and_flow)
{
	for (size_t i = 0; i < o->touched_count; i++)
		if (!strcmp(o->touched[i], tenant_and_flow))
			return true;
	return false;
}

/* ---- answers --------------------------------------------------------------------------------- */

struct asked {
	struct hand *hand;
	json_t *rows;
};

static void on_rows(void *arg, const json_t *rows, const struct err *e)
{
	struct asked *a = arg;

	if (e)
		fail_msg("%s", e->text);
	a->rows = json_incref((json_t *)rows); /* the callback's to keep */
	loop_stop(a->hand->loop);
}

#define WITH_FILTER(fn)                                                                            \
	struct asked a = { h, NULL };                                                              \
	va_list args;                                                                              \
	va_start(args, fmt);                                                                       \
	json_t *filter = json_vpack_ex(NULL, 0, fmt, args);                                        \
	va_end(args);                                                                              \
	assert_non_null(filter);                                                                   \
	fn(h->store, filter, on_rows, &a);                                                         \
	json_decref(filter);                                                                       \
	loop_run(h->loop);                                                                         \
	return a.rows

json_t *hand_list(struct hand *h, const char *fmt, ...)
{
	WITH_FILTER(store_list);
}

json_t *hand_links(struct hand *h, const char *fmt, ...)
{
	WITH_FILTER(store_links);
}

json_t *hand_records(struct hand *h, const char *fmt, ...)
{
	WITH_FILTER(store_records);
}

json_t *hand_trail(struct hand *h, const char *fmt, ...)
{
	WITH_FILTER(store_audit);
}

json_t *hand_notes(struct hand *h, const char *tenant, const char *scope, const char *kind)
{
	struct asked a = { h, NULL };

	store_notes(h->store, tenant, scope, kind, on_rows, &a);
	loop_run(h->loop);
	return a.rows;
}

json_t *hand_counts(struct hand *h, const char *tenant)
{
	struct asked a = { h, NULL };

	store_counts(h->store, tenant, on_rows, &a);
	loop_run(h->loop);
	return a.rows;
}

json_t *hand_causes(struct hand *h, const char *tenant)
{
	struct asked a = { h, NULL };

	store_causes(h->store, tenant, on_rows, &a);
	loop_run(h->loop);
	return a.rows;
}

json_t *hand_unsettled(struct hand *h)
{
	struct asked a = { h, NULL };

	store_unsettled(h->store, on_rows, &a);
	loop_run(h->loop);
	return a.rows;
}

json_t *hand_again(struct hand *h)
{
	struct asked a = { h, NULL };

	store_again(h->store, on_rows, &a);
	loop_run(h->loop);
	return a.rows;
}

int64_t hand_creating(struct hand *h, const char *entity)
{
	struct asked a = { h, NULL };
	int64_t count;

	store_creating(h->store, "acme", "books", entity, on_rows, &a);
	loop_run(h->loop);
	count = json_int_or(a.rows, "0.count", -1);
	json_decref(a.rows);
	return count;
}

json_t *hand_secret_names(struct hand *h, const char *tenant)
{
	struct asked a = { h, NULL };

	store_secret_names(h->store, tenant, on_rows, &a);
	loop_run(h->loop);
	return a.rows;
}

json_t *hand_mirror(struct hand *h, const char *tenant, const char *connection, const char *entity,
	json_t *members)
{
	struct asked a = { h, NULL };

	store_mirror_find(h->store, tenant, connection, entity, members, on_rows, &a);
	json_decref(members);
	loop_run(h->loop);
	return a.rows;
}

struct asked_secret {
	struct hand *hand;
	char *text;
};

static void on_secret(void *arg, struct secret *yours, const struct err *e)
{
	struct asked_secret *a = arg;
	size_t len;

	if (e)
		fail_msg("%s", e->text);
	a->text = yours ? xstrdup(secret_bytes(yours, &len)) : NULL;
	secret_destroy(yours);
	loop_stop(a->hand->loop);
}

char *hand_secret(struct hand *h, const char *tenant, const char *connection, const char *name)
{
	struct asked_secret a = { h, NULL };

	store_secret(h->store, tenant, connection, name, on_secret, &a);
	loop_run(h->loop);
	return a.text;
}

struct asked_claim {
	struct hand *hand;
	struct claims claims;
};

#define COPY(member) snprintf(t->member, sizeof t->member, "%s", d[i].member ? d[i].member : "")

static void on_claims(void *arg, const struct delivery *d, size_t count, const struct err *e)
{
	struct asked_claim *a = arg;

	if (e)
		fail_msg("%s", e->text);
	a->claims.count = count;
	for (size_t i = 0; i < count && i < 64; i++) {
		struct taken *t = &a->claims.of[i];

		*t = (struct taken){ .id = d[i].id,
			.stamp = d[i].stamp,
			.due_ms = d[i].due_ms,
			.state = d[i].state,
			.attempts = d[i].attempts,
			.deleted = d[i].deleted,
			.fetch = d[i].fetch };
		COPY(rid);
		COPY(version);
		COPY(text);
		COPY(cause);
		COPY(identity);
		COPY(choice);
		COPY(doc);
		COPY(label);
		COPY(merged_into);
	}
	loop_stop(a->hand->loop);
}

struct claims hand_claim(struct hand *h, const char *tenant, const char *flow, const int64_t *busy,
	size_t busy_count, unsigned limit)
{
	struct asked_claim a = { .hand = h };

	store_claim(h->store,
		&(struct claim){ .tenant = tenant,
			.flow = flow,
			.now_ms = loop_now_ms(h->loop),
			.busy = busy,
			.busy_count = busy_count,
			.limit = limit },
		on_claims, &a);
	loop_run(h->loop);
	return a.claims;
}

struct taken hand_delivery(struct hand *h, int64_t id)
{
	struct asked_claim a = { .hand = h };

	store_delivery(h->store, id, on_claims, &a);
	loop_run(h->loop);
	return a.claims.of[0];
}

void chore_over(void *arg, const json_t *report, const struct err *e)
{
	struct chore *c = arg;

	c->report = report ? json_deep_copy(report) : NULL;
	if (e)
		c->error = *e;
	c->over = true;
	loop_stop(c->hand->loop);
}

void chore_wait(struct hand *h, struct chore *c)
{
	c->hand = h;
	while (!c->over)
		loop_run(h->loop);
}

/* ---- what tests say often -------------------------------------------------------------------- */

static const struct route invoice_route = { "shop-books.invoice", 10, "books", "Invoice" };

struct arrival order(const char *id, const char *version, int64_t changed_ms, const char *text)
{
	return (struct arrival){ .tenant = "acme",
		.connection = "shop",
		.entity = "order",
		.id = id,
		.version = version,
		.changed_ms = changed_ms,
		.text = text,
		.text_len = text ? strlen(text) : 0,
		.origin = "webhook",
		.routes = &invoice_route,
		.route_count = 1 };
}

enum accepted hand_accept(struct hand *h, struct arrival a)
{
	struct txn *t = txn_begin(h->store);

	txn_accept(t, &a);
	struct outcome o = hand_commit(h, t);
	if (o.code < 0)
		fail_msg("%s", o.text);
	assert_int_equal(o.accepted_count, 1);
	return o.accepted[0];
}

int hand_move(struct hand *h, struct delivery_move m)
{
	struct txn *t = txn_begin(h->store);

	txn_delivery(t, &m);
	return hand_commit(h, t).code;
}

void tally_counted(void *arg, const struct txn_result *r)
{
	struct tally *n = arg;

	n->done += r->code == 0;
	n->limited += r->code == ERR_LIMIT;
	n->other += r->code != 0 && r->code != ERR_LIMIT;
	n->over++;
}

void put_many(struct tally *n, int count)
{
	for (int i = 0; i < count; i++) {
		struct txn *t = txn_begin(n->h->store);
		char id[16];

		snprintf(id, sizeof id, "m%d", i);
		struct arrival a = order(id, "1", 1, "{}");
		txn_accept(t, &a);
		if (i % 10 == 3)
			txn_delivery(t, &(struct delivery_move){ .id = 424242, .to = DELIVERY_DONE });
		txn_commit(t, tally_counted, n);
	}
}
