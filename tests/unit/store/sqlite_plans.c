/* sqlite_plans.c - costs do not grow with what lies in the store: no statement that stands in a
 * record's way looks at a whole table.
 *
 * Everything is done once; then every statement that the store has kept is asked for its plan. */
#include "hand.h"

#include "store/inner.h"

#include <stdio.h>
#include <stdlib.h>

static const char FLOW[] = "shop-books.invoice";

static void write_everything(struct hand *h)
{
	struct arrival gone = order("2", NULL, 0, NULL),
		       fetched = order("1", "3", 3000, "{\"n\":3}"),
		       merged = order("3", NULL, 0, NULL);
	struct txn *t = txn_begin(h->store);
	json_t *keys = json_pack("{s:s}", "Email", "a@b.c");
	struct arrival first = order("1", "1", 1000, "{\"n\":1}"),
		       second = order("2", "1", 1000, "{\"n\":2}"), hint = order("1", "2", 0, NULL);
	struct secret *s = secret_create("x", 1);

	first.mirror_keys = keys;
	hint.hint = true;
	merged.deleted = true;
	merged.merged_into = "4";
	gone.deleted = true;
	fetched.origin = "fetch";
	txn_accept(t, &first);
	txn_accept(t, &second);
	txn_accept(t, &hint);
	txn_accept(t, &fetched);
	txn_accept(t, &fetched);
	txn_accept(t, &gone);
	txn_note(t, "acme", "shop", "cursor", "orders", "1");
	txn_note(t, "acme", "shop", "cursor", "other", NULL);
	txn_secret(t, "acme", "books", "password", s);
	txn_secret(t, "acme", "books", "other", NULL);
	txn_set_put(t, &(struct set_row){ .tenant = "acme", .connection = "books", .mark = "m" });
	txn_set_clear(t, "acme", "books", "m");
	txn_link_put(t,
		&(struct link_row){ .tenant = "acme",
			.flow = "shop-books.customer",
			.identity = "x",
			.target_connection = "shop",
			.target_entity = "order",
			.target_id = "1" });
	txn_link_move(t, "acme", "shop-books.customer", "x", "2");
	txn_look(t, &(struct look){ .tenant = "acme", .flow = FLOW, .connection = "shop",
		.entity = "order", .rid = "7", .fetch = true });
	txn_again(t, &(struct look){ .tenant = "acme", .flow = FLOW, .connection = "shop",
		.entity = "order", .rid = "8" }, 9);
	txn_accept(t, &merged);
	txn_link_version(t, "acme", "shop", "order", "1", "5", NULL);
	txn_link_drop(t, "acme", "shop-books.customer", "y");
	txn_audit(t,
		&(struct audit_row){ .tenant = "acme",
			.move = "accept",
			.who = "host",
			.entity = "order",
			.rid = "1",
			.payload = "{}",
			.payload_len = 2 });
	assert_int_equal(hand_commit(h, t).code, 0);
	secret_destroy(s);
	json_decref(keys);

	int64_t id = hand_claim(h, "acme", FLOW, NULL, 0, 1).of[0].id;
	t = txn_begin(h->store);
	txn_delivery(t,
		&(struct delivery_move){ .id = id,
			.to = DELIVERY_WAITS,
			.label = "order 1",
			.doc = "{}",
			.identity = "i" });
	txn_ensure(t,
		&(struct ensure){ .parent = id, .flow = "shop-books.customer", .identity = "z" });
	txn_ensure(t, &(struct ensure){ .parent = id, .flow = "shop-books.item" });
	struct outcome o = hand_commit(h, t);
	t = txn_begin(h->store);
	txn_delivery(t,
		&(struct delivery_move){ .id = o.ensured[0], .to = DELIVERY_HELD, .doc = "" });
	txn_delivery(t, &(struct delivery_move){ .id = o.ensured[0], .to = DELIVERY_DONE });
	txn_delivery(t, &(struct delivery_move){ .id = o.ensured[1], .to = DELIVERY_DONE });
	txn_write_put(t,
		&(struct write_row){ .id = 5,
			.delivery = id,
			.tenant = "acme",
			.connection = "books",
			.entity = "Invoice",
			.verb = "create",
			.state = WRITE_READY });
	txn_write_state(t, 5, WRITE_SENT, NULL, 1);
	assert_int_equal(hand_commit(h, t).code, 0);
}

static void read_everything(struct hand *h)
{
	int64_t busy = 1;
	json_t *answers[] = {
		hand_links(h, "{s:s,s:s,s:s,s:i}", "tenant", "acme", "flow", FLOW, "identity", "x",
			"limit", 1),
		hand_links(h, "{s:s,s:s,s:s,s:s,s:i}", "tenant", "acme", "flow", FLOW,
			"source_connection", "shop", "source_id", "1", "limit", 1),
		hand_links(h, "{s:s,s:s,s:s,s:s}", "tenant", "acme", "target_connection", "books",
			"target_entity", "Invoice", "target_id", "1"),
		hand_list(h, "{s:s,s:s,s:s,s:s}", "tenant", "acme", "flow", FLOW, "identity", "x",
			"state", "would"),
		hand_list(h, "{s:s,s:s,s:s}", "tenant", "acme", "entity", "order", "rid", "1"),
		hand_list(h, "{s:s,s:s}", "tenant", "acme", "state", "held"),
		hand_list(h, "{s:s}", "state", "review"),
		hand_list(h, "{s:s,s:s}", "tenant", "acme", "label", "1"),
		hand_records(h, "{s:s,s:s,s:s,s:s}", "tenant", "acme", "connection", "shop",
			"entity", "order", "rid", "1"),
		hand_records(h, "{s:s,s:s,s:s,s:i,s:i}", "tenant", "acme", "connection", "shop",
			"entity", "order", "from", 0, "to", 9),
		hand_trail(h, "{s:s,s:s,s:s,s:s}", "tenant", "acme", "connection", "shop", "entity",
			"order", "rid", "1"),
		hand_trail(h, "{s:i}", "delivery", 7),
		hand_trail(h, "{s:s,s:b}", "tenant", "acme", "payload", 1),
		hand_mirror(h, "acme", "shop", "order", json_pack("{s:s}", "Email", "a@b.c")),
		hand_notes(h, "acme", "shop", "cursor"),
		hand_counts(h, "acme"),
		hand_causes(h, "acme"),
		hand_unsettled(h),
		hand_again(h),
		hand_links(h, "{s:s,s:s,s:s,s:i}", "tenant", "acme", "source_connection", "shop",
			"source_entity", "order", "unseen_ms", 9),
		hand_links(h, "{s:s,s:s,s:s,s:i}", "tenant", "acme", "target_connection", "shop",
			"target_entity", "order", "unseen_ms", 9),
		hand_records(h, "{s:s,s:s,s:s,s:i,s:s}", "tenant", "acme", "connection", "shop", "entity", "order",
			"unseen_ms", 9, "after", "7"),
	};

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		json_decref(answers[i]);
	hand_creating(h, "Invoice");
	hand_claim(h, "acme", FLOW, &busy, 1, 5);
	free(hand_secret(h, "acme", "books", "password"));
	free(hand_secret(h, "acme", "books", "password.before"));
}

struct plans {
	struct db *db;
	const char *where;
	size_t statements, scans;
};

/* "SCAN x": every row.  Over an index in its order, with a limit, it is a walk; these may: */
static bool may_scan(const char *detail, const char *sql)
{
	return strstr(detail, "CONSTANT ROW") || strstr(detail, "SCAN below") ||
		strstr(detail, "SCAN sqlite_") ||
		strstr(sql, "FROM tally") ||    /* a row per flow and state */
		strstr(detail, "write_open") || /* what is under way */
		strstr(detail, "again_at") ||   /* the earliest ones, with a limit */
		(strstr(detail, "SCAN audit") && strstr(sql, "FROM audit WHERE") &&
			!strstr(detail, "USING")); /* of mlc.db: rows on their way */
}

static void look_at(void *arg, const char *sql)
{
	struct plans *look = arg;
	char *explain = xformat("EXPLAIN QUERY PLAN %s", sql);
	struct value none[24] = { 0 };
	size_t places = 0;

	for (const char *at = sql; (at = strchr(at, '?')); at++) {
		size_t place = strtoul(at + 1, NULL, 10);
		places = place > places ? place : places;
	}
	struct rows *r = db_rows_made(look->db, explain, none, places);
	look->statements++;
	while (rows_next(r)) {
		const char *detail = row_txt(r, 3);

		/* A claim walks its index; sorting the backlog for each would be felt. */
		if (strstr(sql, "due_ms = 0 ORDER BY") && strstr(detail, "TEMP B-TREE"))
			look->scans++;
		if (!strncmp(detail, "SCAN", 4) && !may_scan(detail, sql)) {
			print_error("%s: %s\n   %s\n", look->where, detail, sql);
			look->scans++;
		}
	}
	if (db_code(look->db))
		fail_msg("%s: %s", sql, db_error(look->db)->text);
	free(explain);
}

static size_t look_at_all(struct hand *h, struct db *kept, const char *file, const char *where)
{
	char *path = hand_path(h, file);
	struct err e = { 0 };
	struct plans look = { .db = db_open(path, DB_READ, 0, &e), .where = where };

	assert_non_null(look.db);
	db_each_statement(kept, look_at, &look);
	db_close(look.db);
	free(path);
	assert_int_equal(look.scans, 0);
	return look.statements;
}

static void no_statement_on_a_records_way_scans_a_table(void **state)
{
	struct hand *h = *state;

	write_everything(h);
	read_everything(h);
	assert_true(look_at_all(h, writer_db(h->store->writer), "mlc.db", "writer") > 40);
	assert_true(look_at_all(h, h->store->reader.main, "mlc.db", "reader") > 8);
	assert_true(look_at_all(h, h->store->lister.main, "mlc.db", "lister") > 8);
	assert_true(look_at_all(h, h->store->lister.audit, "audit.db", "lister, audit.db") >= 3);
}

static void the_test_above_would_see_a_scan(void **state)
{
	struct hand *h = *state;
	struct plans look = { .where = "on purpose" };

	json_decref(hand_trail(h, "{}")); /* opens the lane's connections */
	look.db = h->store->lister.main;
	look_at(&look, "SELECT id FROM delivery WHERE cause = ?1");
	assert_int_equal(look.scans, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, hand_setup, hand_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_statement_on_a_records_way_scans_a_table),
		TEST(the_test_above_would_see_a_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
