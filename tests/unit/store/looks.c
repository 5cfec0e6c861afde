/* looks.c - a flow looks at a record again; links that two flows share; records that were merged. */
#include "hand.h"

#include <stdio.h>
#include <stdlib.h>

#define FLOW "shop-books.invoice"

static struct look look(const char *id, bool fetch)
{
	return (struct look){ .tenant = "acme", .flow = FLOW, .connection = "shop", .entity = "order",
		.rid = id, .origin = "due", .fetch = fetch };
}

static struct outcome commit_look(struct hand *h, const char *id, bool fetch)
{
	struct txn *t = txn_begin(h->store);
	struct look l = look(id, fetch);

	txn_look(t, &l);
	return hand_commit(h, t);
}

static int64_t delivery_of(struct hand *h, const char *id)
{
	json_t *rows = hand_list(h, "{s:s,s:s,s:b,s:i}", "tenant", "acme", "rid", id, "newest", 1,
		"limit", 1);
	int64_t delivery = json_int_or(rows, "0.id", 0);

	json_decref(rows);
	return delivery;
}

static void a_record_that_is_done_is_looked_at_again_as_it_was_seen_last(void **state)
{
	struct hand *h = *state;
	int64_t first;

	hand_accept(h, order("1", "7", 1000, "{\"n\":1}"));
	first = delivery_of(h, "1");
	hand_move(h, (struct delivery_move){ .id = first, .to = DELIVERY_DONE });
	struct outcome o = commit_look(h, "1", false);
	assert_true(was_touched(&o, "acme/" FLOW));
	struct taken t = hand_delivery(h, delivery_of(h, "1"));
	assert_int_not_equal(t.id, first);
	assert_int_equal(t.state, DELIVERY_READY);
	assert_string_equal(t.text, "{\"n\":1}");
	assert_string_equal(t.version, "7");
	assert_false(t.fetch);
}

static void one_that_is_open_is_refreshed_and_its_work_begins_afresh(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("1", "7", 1000, "{\"n\":1}"));
	struct taken before = hand_delivery(h, delivery_of(h, "1"));
	commit_look(h, "1", true);
	struct taken after = hand_delivery(h, delivery_of(h, "1"));
	assert_int_equal(after.id, before.id);
	assert_true(after.stamp > before.stamp);
	assert_true(after.fetch);
}

static void what_is_gone_or_was_never_seen_is_left_alone_unless_it_is_fetched(void **state)
{
	struct hand *h = *state;
	struct arrival gone = order("2", NULL, 2000, NULL);

	commit_look(h, "1", false);
	assert_int_equal(delivery_of(h, "1"), 0);
	commit_look(h, "1", true);
	assert_int_not_equal(delivery_of(h, "1"), 0);
	hand_accept(h, order("2", "1", 1000, "{}"));
	gone.deleted = true;
	hand_accept(h, gone);
	int64_t last = delivery_of(h, "2");
	hand_move(h, (struct delivery_move){ .id = last, .to = DELIVERY_SKIPPED });
	commit_look(h, "2", true);
	assert_int_equal(delivery_of(h, "2"), last);
}

static void the_time_to_look_again_is_one_per_record_and_survives_a_restart(void **state)
{
	struct hand *h = *state;
	struct txn *t = txn_begin(h->store);
	struct look one = look("1", false), two = look("2", false);
	json_t *rows;

	txn_again(t, &one, 5000);
	txn_again(t, &two, 3000);
	txn_again(t, &one, 4000);
	assert_int_equal(hand_commit(h, t).code, 0);
	hand_reopen(h);
	rows = hand_again(h);
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_text_at(rows, "0.rid"), "2");
	assert_int_equal(json_int_or(rows, "1.at_ms", 0), 4000);
	json_decref(rows);
	/* Looked at, the time is over; and a record that needs it no more says so. */
	hand_accept(h, order("2", "1", 1000, "{}"));
	t = txn_begin(h->store);
	txn_look(t, &two);
	txn_again(t, &one, 0);
	assert_int_equal(hand_commit(h, t).code, 0);
	rows = hand_again(h);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

/* mlc decide --id 5 is an answer for that one, and for no other. */
static void one_delivery_is_listed_by_its_id(void **state)
{
	struct hand *h = *state;
	json_t *rows;
	int64_t id;

	hand_accept(h, order("1", "1", 1000, "{}"));
	hand_accept(h, order("2", "1", 1000, "{\"n\":2}"));
	id = delivery_of(h, "2");
	rows = hand_list(h, "{s:I,s:s}", "id", (json_int_t)id, "state", "ready");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.rid"), "2");
	json_decref(rows);
	rows = hand_list(h, "{s:I,s:s}", "id", (json_int_t)id, "state", "held");
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

static struct link_row link_to(const char *identity, const char *source, const char *target)
{
	return (struct link_row){ .tenant = "acme", .flow = FLOW, .identity = identity,
		.source_connection = "shop", .source_entity = "order", .source_id = source,
		.target_connection = "books", .target_entity = "Invoice", .target_id = target };
}

static void put_link(struct hand *h, struct link_row l)
{
	struct txn *t = txn_begin(h->store);

	txn_link_put(t, &l);
	assert_int_equal(hand_commit(h, t).code, 0);
}

static json_t *link_of(struct hand *h, const char *identity)
{
	json_t *rows = hand_links(h, "{s:s,s:s,s:s}", "tenant", "acme", "flow", FLOW, "identity", identity);
	json_t *one = json_incref(json_array_get(rows, 0)); /* the rows die here */

	json_decref(rows);
	return one;
}

static void what_the_way_back_wrote_is_our_own_write_by_version_and_by_content(void **state)
{
	struct hand *h = *state;
	struct link_row l = link_to("1", "1", "T1");
	char hash[SHA256_HEX_SIZE];
	json_t *record = json_pack("{s:i}", "n", 2);

	l.source_version = "8";
	put_link(h, l);
	/* Only mapped, not written: a change like any other. */
	assert_int_equal(hand_accept(h, order("1", "8", 1000, "{\"n\":1}")), ACCEPTED_NEW);
	store_record_hash(record, hash);
	l.source_version = "9";
	l.source_hash = hash;
	put_link(h, l);
	assert_int_equal(hand_accept(h, order("1", "9", 2000, "{\"n\":3}")), ACCEPTED_OURS);
	assert_int_equal(hand_accept(h, order("1", "10", 3000, "{ \"n\": 2 }")), ACCEPTED_OURS);
	assert_int_equal(hand_accept(h, order("1", "11", 4000, "{\"n\":4}")), ACCEPTED_NEW);
	json_decref(record);
}

static void both_records_as_last_seen_stay_with_the_link(void **state)
{
	struct hand *h = *state;
	struct link_row l = link_to("1", "1", "T1");
	json_t *row;

	l.source_seen = "{\"a\":1}";
	l.target_seen = "{\"b\":2}";
	l.back = true;
	l.swings = 3;
	put_link(h, l);
	row = link_of(h, "1");
	assert_string_equal(json_text_at(row, "source_seen"), "{\"a\":1}");
	assert_string_equal(json_text_at(row, "target_seen"), "{\"b\":2}");
	assert_int_equal(json_int_or(row, "back", 0), 1);
	assert_int_equal(json_int_or(row, "swings", 0), 3);
	json_decref(row);
}

static void a_link_that_moved_to_the_survivor_is_put_under_the_survivors_identity(void **state)
{
	struct hand *h = *state;
	struct link_row l = link_to("old", "1", "T1");
	struct txn *t = txn_begin(h->store);
	json_t *row;

	put_link(h, l);
	txn_link_move(t, "acme", FLOW, "old", "2");
	assert_int_equal(hand_commit(h, t).code, 0);
	row = link_of(h, "old");
	assert_string_equal(json_text_at(row, "source_id"), "2");
	assert_int_equal(json_int_or(row, "moved", 0), 1);
	json_decref(row);
	l = link_to("new", "2", "T1");
	l.replaces = "old";
	put_link(h, l);
	assert_null(link_of(h, "old"));
	row = link_of(h, "new");
	assert_int_equal(json_int_or(row, "moved", 1), 0);
	json_decref(row);
}

static struct arrival merged(const char *id, const char *into)
{
	struct arrival a = order(id, NULL, 0, NULL);

	a.connection = "books";
	a.entity = "Invoice";
	a.deleted = true;
	a.merged_into = into;
	a.route_count = 0;
	return a;
}

static void targets_that_were_merged_take_their_links_along(void **state)
{
	struct hand *h = *state;
	json_t *row;

	put_link(h, link_to("1", "1", "T1"));
	put_link(h, link_to("2", "2", "T2"));
	put_link(h, link_to("3", "3", "T3"));
	hand_accept(h, merged("T1", "T9"));
	row = link_of(h, "1");
	assert_string_equal(json_text_at(row, "target_id"), "T9");
	json_decref(row);
	/* The survivor is another record's already: two would write over each other. */
	hand_accept(h, merged("T2", "T3"));
	row = link_of(h, "2");
	assert_string_equal(json_text_at(row, "target_id"), "T2");
	json_decref(row);
	row = hand_trail(h, "{s:s,s:s}", "tenant", "acme", "move", "link_moved");
	assert_int_equal(json_array_size(row), 1);
	json_decref(row);
}

static void a_merge_is_told_even_of_a_record_that_is_known_to_be_gone(void **state)
{
	struct hand *h = *state;
	struct arrival gone = order("1", NULL, 0, NULL);

	hand_accept(h, order("1", "1", 1000, "{}"));
	gone.deleted = true;
	assert_int_equal(hand_accept(h, gone), ACCEPTED_NEW);
	assert_int_equal(hand_accept(h, gone), ACCEPTED_SAME);
	gone.merged_into = "2";
	assert_int_equal(hand_accept(h, gone), ACCEPTED_NEW);
}

static void records_and_links_not_seen_since_are_told(void **state)
{
	struct hand *h = *state;
	int64_t before;
	json_t *rows;

	put_link(h, link_to("1", "1", "T1"));
	put_link(h, link_to("2", "2", "T2"));
	hand_accept(h, order("1", "1", 1000, "{}"));
	hand_accept(h, order("2", "1", 1000, "{\"n\":2}"));
	loop_advance(h->loop, 1000);
	before = loop_now_ms(h->loop);
	struct arrival again = order("1", "1", 1000, "{}");
	again.again = true;
	hand_accept(h, again);
	rows = hand_links(h, "{s:s,s:s,s:s,s:I}", "tenant", "acme", "source_connection", "shop",
		"source_entity", "order", "unseen_ms", (json_int_t)before);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.source_id"), "2");
	json_decref(rows);
	hand_accept(h, order("3", "1", 1000, "{\"n\":3}"));
	rows = hand_records(h, "{s:s,s:s,s:s,s:I}", "tenant", "acme", "connection", "shop", "entity", "order",
		"unseen_ms", (json_int_t)before);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.rid"), "2");
	json_decref(rows);
}

static void creates_that_are_on_their_way_are_counted_until_they_are_known(void **state)
{
	struct hand *h = *state;
	struct txn *t;
	int64_t id;

	hand_accept(h, order("1", "1", 1000, "{}"));
	id = delivery_of(h, "1");
	t = txn_begin(h->store);
	txn_delivery(t, &(struct delivery_move){ .id = id, .to = DELIVERY_SENDING });
	txn_write_put(t, &(struct write_row){ .id = 5, .delivery = id, .tenant = "acme",
		.connection = "books", .entity = "Invoice", .verb = "create", .state = WRITE_READY });
	assert_int_equal(hand_commit(h, t).code, 0);
	assert_int_equal(hand_creating(h, "Invoice"), 1);
	assert_int_equal(hand_creating(h, "Customer"), 0);
	/* A person's question may stand for days: it holds up nobody. */
	t = txn_begin(h->store);
	txn_write_state(t, 5, WRITE_DOUBT, NULL, 1);
	txn_delivery(t, &(struct delivery_move){ .id = id, .to = DELIVERY_REVIEW, .cause = "in_doubt" });
	assert_int_equal(hand_commit(h, t).code, 0);
	assert_int_equal(hand_creating(h, "Invoice"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, hand_setup, hand_teardown)
		T(a_record_that_is_done_is_looked_at_again_as_it_was_seen_last),
		T(one_that_is_open_is_refreshed_and_its_work_begins_afresh),
		T(what_is_gone_or_was_never_seen_is_left_alone_unless_it_is_fetched),
		T(the_time_to_look_again_is_one_per_record_and_survives_a_restart),
		T(one_delivery_is_listed_by_its_id),
		T(what_the_way_back_wrote_is_our_own_write_by_version_and_by_content),
		T(both_records_as_last_seen_stay_with_the_link),
		T(a_link_that_moved_to_the_survivor_is_put_under_the_survivors_identity),
		T(targets_that_were_merged_take_their_links_along),
		T(a_merge_is_told_even_of_a_record_that_is_known_to_be_gone),
		T(records_and_links_not_seen_since_are_told),
		T(creates_that_are_on_their_way_are_counted_until_they_are_known),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
