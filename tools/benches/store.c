/* store.c - what the store costs: orders accepted, or taken all their way, per second.
 *
 * bench-store DIR accept|whole IN_FLIGHT SECONDS
 * accept: a 7,850-byte order with its audit row, as a webhook commits it.
 * whole: accept, claim, decide, mark, settle, as a delivery to a target that answers at once.
 * Prints rate, CPU per order, and how long a commit took from the loop's point of view. */
#include "base/crypto.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define TEXT_LEN    7850
#define DOC_LEN     2700
#define LATENCY_MAX 4000000

static const char FLOW[] = "shop-books.invoice";

struct bench {
	struct loop *loop;
	struct store *store;
	bool whole, ending;
	int in_flight;
	int64_t next, settled, end_us;
	char text[TEXT_LEN + 1], doc[DOC_LEN + 1];
	uint32_t *latencies; /* us */
	size_t latency_count;
	bool claiming, more;
	int busy;
};

struct order {
	struct bench *bench;
	int64_t began_us, id, write;
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void one_over(struct bench *b, int64_t began_us)
{
	int64_t now = now_us();

	b->settled++;
	if (b->latency_count < LATENCY_MAX)
		b->latencies[b->latency_count++] = (uint32_t)(now - began_us);
	b->ending = b->ending || now > b->end_us;
}

static void accept_one(struct bench *);
static void claim(struct bench *);

static void must_stand(const struct txn_result *r)
{
	if (r->code == 0)
		return;
	fprintf(stderr, "%s\n", r->text);
	exit(1);
}

static void on_accepted(void *arg, const struct txn_result *r)
{
	struct order *o = arg;
	struct bench *b = o->bench;

	must_stand(r);
	if (b->whole) {
		b->more = true;
		claim(b);
	} else {
		one_over(b, o->began_us);
		b->in_flight--;
		if (!b->ending)
			accept_one(b);
		else if (b->in_flight == 0)
			loop_stop(b->loop);
	}
	free(o);
}

static void audit(struct txn *t, const char *move, const char *rid, int64_t delivery,
	const char *payload, size_t len)
{
	txn_audit(t,
		&(struct audit_row){ .tenant = "acme",
			.move = move,
			.who = "host",
			.connection = "shop",
			.flow = FLOW,
			.entity = "order",
			.rid = rid,
			.delivery = delivery,
			.detail =
				"{\"state\":\"some\",\"mapping\":\"woocommerce.order->quickbooks_desktop.invoice\"}",
			.payload = payload,
			.payload_len = len });
}

static void accept_one(struct bench *b)
{
	struct order *o = xcalloc(1, sizeof *o);
	struct txn *t = txn_begin(b->store);
	struct route route = { FLOW, 10 };
	char id[32];

	*o = (struct order){ .bench = b, .began_us = now_us() };
	snprintf(id, sizeof id, "%lld", (long long)++b->next);
	snprintf(b->text + 8, 20, "%018lld", (long long)b->next);
	b->text[26] = '"';
	txn_accept(t,
		&(struct arrival){ .tenant = "acme",
			.connection = "shop",
			.entity = "order",
			.id = id,
			.version = "1",
			.changed_ms = 1000 + b->next,
			.text = b->text,
			.text_len = TEXT_LEN,
			.origin = "webhook",
			.routes = &route,
			.route_count = 1 });
	audit(t, "accept", id, 0, b->text, TEXT_LEN);
	b->in_flight++;
	txn_commit(t, on_accepted, o);
}

/* ---- the whole way --------------------------------------------------------------------------- */

static void on_settled(void *arg, const struct txn_result *r)
{
	struct order *o = arg;
	struct bench *b = o->bench;

	must_stand(r);
	one_over(b, o->began_us);
	free(o);
	b->in_flight--;
	b->busy--;
	if (!b->ending)
		accept_one(b);
	else if (b->in_flight == 0)
		loop_stop(b->loop);
	if (b->more)
		claim(b);
}

static void on_marked(void *arg, const struct txn_result *r)
{
	struct order *o = arg;
	struct txn *t = txn_begin(o->bench->store);
	char rid[32];

	must_stand(r);
	snprintf(rid, sizeof rid, "%lld", (long long)o->id);
	txn_write_state(t, o->write, WRITE_DONE, NULL, 1);
	txn_link_put(t,
		&(struct link_row){ .tenant = "acme",
			.flow = FLOW,
			.identity = rid,
			.source_connection = "shop",
			.source_entity = "order",
			.source_id = rid,
			.target_connection = "books",
			.target_entity = "Invoice",
			.target_id = rid,
			.target_version = "1",
			.made = "created",
			.base = "{\"Memo\":\"Order\"}",
			.delivery = o->id });
	txn_delivery(t,
		&(struct delivery_move){ .id = o->id,
			.to = DELIVERY_DONE,
			.target_connection = "books",
			.target_entity = "Invoice",
			.target_id = rid,
			.doc = "" });
	audit(t, "settle", rid, o->id, NULL, 0);
	txn_commit(t, on_settled, o);
}

static void on_decided(void *arg, const struct txn_result *r)
{
	struct order *o = arg;
	struct txn *t = txn_begin(o->bench->store);

	must_stand(r);
	txn_write_state(t, o->write, WRITE_SENT, NULL, 1);
	audit(t, "mark", NULL, o->id, NULL, 0);
	txn_commit(t, on_marked, o);
}

static void decide(struct bench *b, const struct delivery *d)
{
	struct order *o = xcalloc(1, sizeof *o);
	struct txn *t = txn_begin(b->store);

	*o = (struct order){ .bench = b,
		.began_us = now_us(),
		.id = d->id,
		.write = store_next_id(b->store) };
	txn_delivery(t,
		&(struct delivery_move){ .id = d->id,
			.stamp = d->stamp,
			.to = DELIVERY_SENDING,
			.label = "order 1007",
			.identity = d->rid,
			.amount = "30.86",
			.currency = "USD",
			.mapping_hash = "0123456789abcdef",
			.doc = b->doc });
	txn_write_put(t,
		&(struct write_row){ .id = o->write,
			.delivery = d->id,
			.tenant = "acme",
			.connection = "books",
			.entity = "Invoice",
			.verb = "create",
			.key = "k",
			.data = b->doc,
			.state = WRITE_READY });
	txn_link_put(t,
		&(struct link_row){ .tenant = "acme",
			.flow = FLOW,
			.identity = d->rid,
			.source_connection = "shop",
			.source_entity = "order",
			.source_id = d->rid });
	audit(t, "decide", d->rid, d->id, NULL, 0);
	txn_commit(t, on_decided, o);
}

static void on_claimed(void *arg, const struct delivery *d, size_t count, const struct err *e)
{
	struct bench *b = arg;

	if (e) {
		fprintf(stderr, "%s\n", e->text);
		exit(1);
	}
	b->claiming = false;
	for (size_t i = 0; i < count; i++) {
		b->busy++;
		decide(b, &d[i]);
	}
	if (b->more)
		claim(b);
}

/* One claim's orders are all settled before the next one. */
static void claim(struct bench *b)
{
	if (b->claiming || b->busy)
		return;
	b->claiming = true;
	b->more = false;
	store_claim(b->store,
		&(struct claim){ .tenant = "acme",
			.flow = FLOW,
			.now_ms = loop_now_ms(b->loop),
			.limit = 256 },
		on_claimed, b);
}

/* ---- main ------------------------------------------------------------------------------------ */

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void report(struct bench *b, double seconds, double cpu)
{
	size_t n = b->latency_count;
	struct store_health h;
	struct rusage u;

	qsort(b->latencies, n, sizeof *b->latencies, by_size);
	store_health(b->store, &h);
	getrusage(RUSAGE_SELF, &u);
	printf("%.0f per second, %.1f us CPU each, %.2f commits each, p50 %.2f ms, p99 %.2f ms, worst %.2f ms, "
	       "%ld MB\n",
		(double)n / seconds, cpu * 1e6 / (double)n, (double)h.commits / (double)n,
		n ? b->latencies[n / 2] / 1e3 : 0, n ? b->latencies[n * 99 / 100] / 1e3 : 0,
		n ? b->latencies[n - 1] / 1e3 : 0, u.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct err e = { 0 };

	if (argc != 5) {
		fprintf(stderr, "bench-store DIR accept|whole IN_FLIGHT SECONDS\n");
		return 2;
	}
	char *key = xformat("%s/key", argv[1]), *dir = xformat("%s/state", argv[1]);
	mkdir(argv[1], 0700);
	memset(b.text, 'x', TEXT_LEN);
	memcpy(b.text, "{\"id\": \"", 8);
	memcpy(b.text + TEXT_LEN - 2, "\"}", 2);
	memset(b.doc, 'd', DOC_LEN);
	b.whole = !strcmp(argv[2], "whole");
	b.latencies = xcalloc(LATENCY_MAX, sizeof *b.latencies);
	if (crypto_init(&e) == 0)
		master_key_make(key, NULL);
	b.loop = loop_create(&e);
	b.store = b.loop
		? store_open(b.loop, &(struct store_conf){ .dir = dir, .key_file = key }, &e)
		: NULL;
	if (!b.store) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	b.next = loop_clock_ms() * 1000; /* other orders than those of a run before */
	double cpu = cpu_s();
	int64_t began = now_us();
	b.end_us = began + strtoll(argv[4], NULL, 10) * 1000000;
	for (long i = strtol(argv[3], NULL, 10); i > 0; i--)
		accept_one(&b);
	loop_run(b.loop);
	report(&b, (double)(now_us() - began) / 1e6, cpu_s() - cpu);
	store_close(b.store);
	loop_destroy(b.loop);
	free(b.latencies);
	free(key);
	free(dir);
	return 0;
}
