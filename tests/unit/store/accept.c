/* accept.c - what comes in is known, older, our own or new; and what is new gets on its way. */
#include "hand.h"

#include <stdlib.h>

#define FLOW "shop-books.invoice"

static struct taken only_claim(struct hand *h)
{
	struct claims c = hand_claim(h, "acme", FLOW, NULL, 0, 10);

	assert_int_equal(c.count, 1);
	return c.of[0];
}

static void a_record_seen_first_is_new_and_ready_with_its_text(void **state)
{
	struct hand *h = *state;
	struct txn *t = txn_begin(h->store);
	struct arrival a = order("7", "1", 1000, "{\"n\":1}");

	txn_accept(t, &a);
	struct outcome o = hand_commit(h, t);

	assert_int_equal(o.code, 0);
	assert_int_equal(o.accepted[0], ACCEPTED_NEW);
	assert_true(was_touched(&o, "acme/" FLOW));
	struct taken d = only_claim(h);
	assert_string_equal(d.rid, "7");
	assert_string_equal(d.text, "{\"n\":1}");
	assert_false(d.fetch);
}

static void the_same_version_or_content_is_no_news(void **state)
{
	struct hand *h = *state;

	assert_int_equal(hand_accept(h, order("7", "1", 1000, "{\"n\":1}")), ACCEPTED_NEW);
	assert_int_equal(hand_accept(h, order("7", "1", 1000, "{\"n\":1,\"seen\":2}")),
		ACCEPTED_SAME);
	assert_int_equal(hand_accept(h, order("8", NULL, 0, "{\"n\":2}")), ACCEPTED_NEW);
	assert_int_equal(hand_accept(h, order("8", NULL, 0, "{\"n\":2}")), ACCEPTED_SAME);
	assert_int_equal(hand_claim(h, "acme", FLOW, NULL, 0, 10).count, 2);
}

static void without_version_and_time_other_content_is_new(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("8", NULL, 0, "{\"n\":2}"));
	assert_int_equal(hand_accept(h, order("8", NULL, 0, "{\"n\":3}")), ACCEPTED_NEW);
	assert_string_equal(only_claim(h).text, "{\"n\":3}");
}

static void an_older_version_changes_nothing(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("7", "2", 2000, "{\"n\":2}"));
	assert_int_equal(hand_accept(h, order("7", "1", 1000, "{\"n\":1}")), ACCEPTED_OLDER);
	assert_string_equal(only_claim(h).text, "{\"n\":2}");
}

static void the_newest_version_refreshes_the_open_delivery(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	struct taken before = only_claim(h);
	hand_move(h,
		(struct delivery_move){ .id = before.id,
			.to = DELIVERY_HELD,
			.attempts = 4,
			.cause = "refused" });
	assert_int_equal(hand_accept(h, order("7", "2", 2000, "{\"n\":2}")), ACCEPTED_NEW);

	struct taken after = only_claim(h);
	assert_int_equal(after.id, before.id);
	assert_string_equal(after.text, "{\"n\":2}");
	assert_string_equal(after.version, "2");
	assert_int_equal(after.attempts, 0);
	assert_string_equal(after.cause, "");
}

static void same_time_but_other_content_is_fetched_and_that_wins(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("7", NULL, 1000, "{\"n\":1}"));
	assert_int_equal(hand_accept(h, order("7", NULL, 1000, "{\"n\":2}")), ACCEPTED_NEW);
	assert_true(only_claim(h).fetch);

	struct arrival fetched = order("7", NULL, 1000, "{\"n\":2}");
	fetched.origin = "fetch";
	assert_int_equal(hand_accept(h, fetched), ACCEPTED_NEW);
	struct taken d = only_claim(h);
	assert_false(d.fetch);
	assert_string_equal(d.text, "{\"n\":2}");
}

static void a_fetch_that_finds_what_we_held_answers_the_question_too(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("7", NULL, 1000, "{\"n\":1}"));
	hand_accept(h, order("7", NULL, 1000, "{\"n\":2}"));
	struct arrival fetched = order("7", NULL, 1000, "{\"n\":1}");
	fetched.origin = "fetch";
	assert_int_equal(hand_accept(h, fetched), ACCEPTED_SAME);
	struct taken d = only_claim(h);
	assert_false(d.fetch);
	assert_string_equal(d.text, "{\"n\":1}");
}

static void a_hint_asks_for_a_fetch_and_shows_no_old_text(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	struct arrival hint = order("7", "2", 0, NULL);
	hint.hint = true;
	assert_int_equal(hand_accept(h, hint), ACCEPTED_NEW);
	struct taken d = only_claim(h);
	assert_true(d.fetch);
	assert_string_equal(d.text, "");

	hint.version = "1"; /* what we hold already */
	assert_int_equal(hand_accept(h, hint), ACCEPTED_SAME);
}

static void a_hint_during_a_fetch_is_fetched_again(void **state)
{
	struct hand *h = *state;
	struct arrival hint = order("7", NULL, 0, NULL);
	hint.hint = true;
	hand_accept(h, hint);
	struct taken asked = only_claim(h);
	hand_accept(h, hint); /* while the fetch is on the wire */

	struct arrival fetched = order("7", "1", 1000, "{\"n\":1}");
	fetched.origin = "fetch";
	fetched.asked_by = asked.id;
	fetched.asked_stamp = asked.stamp;
	hand_accept(h, fetched);
	struct taken again = only_claim(h);
	assert_true(again.fetch);
	assert_int_equal(hand_move(h,
				 (struct delivery_move){ .id = asked.id,
					 .stamp = asked.stamp,
					 .to = DELIVERY_SENDING }),
		ERR_CONFLICT);

	fetched.asked_stamp = again.stamp;
	hand_accept(h, fetched);
	assert_false(only_claim(h).fetch);
	assert_int_equal(hand_move(h,
				 (struct delivery_move){ .id = again.id,
					 .stamp = again.stamp,
					 .to = DELIVERY_SENDING }),
		0);
}

static void what_was_decided_on_an_old_version_does_not_stand(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	struct taken claimed = only_claim(h);
	hand_accept(h, order("7", "2", 2000, "{\"n\":2}"));
	assert_int_equal(hand_move(h,
				 (struct delivery_move){ .id = claimed.id,
					 .stamp = claimed.stamp,
					 .to = DELIVERY_DONE }),
		ERR_CONFLICT);
	assert_string_equal(only_claim(h).text, "{\"n\":2}");
}

static void one_on_the_wire_goes_on_and_the_new_version_waits_for_it(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	struct taken first = only_claim(h);
	hand_move(h, (struct delivery_move){ .id = first.id, .to = DELIVERY_SENDING });
	hand_accept(h, order("7", "2", 2000, "{\"n\":2}"));

	assert_int_equal(hand_claim(h, "acme", FLOW, NULL, 0, 10).count, 0);
	assert_string_equal(hand_delivery(h, first.id).text, "{\"n\":1}");
	hand_move(h, (struct delivery_move){ .id = first.id, .to = DELIVERY_DONE });
	struct taken second = only_claim(h);
	assert_int_not_equal(second.id, first.id);
	assert_string_equal(second.text, "{\"n\":2}");
}

static void a_merge_told_while_one_was_on_the_wire_is_carried_on_as_a_merge(void **state)
{
	struct hand *h = *state;
	struct arrival gone = order("7", NULL, 0, NULL);
	gone.deleted = true;
	gone.merged_into = "8";

	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	struct taken first = only_claim(h);
	hand_move(h, (struct delivery_move){ .id = first.id, .to = DELIVERY_SENDING });
	hand_accept(h, gone);
	hand_move(h, (struct delivery_move){ .id = first.id, .to = DELIVERY_READY });
	struct taken d = only_claim(h);
	assert_int_equal(d.id, first.id);
	assert_true(d.deleted);
	assert_string_equal(d.merged_into, "8");
}

static void a_deletion_keeps_the_last_text_and_the_record_may_come_again(void **state)
{
	struct hand *h = *state;
	struct arrival gone = order("7", NULL, 0, NULL);
	gone.deleted = true;

	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	assert_int_equal(hand_accept(h, gone), ACCEPTED_NEW);
	assert_int_equal(hand_accept(h, gone), ACCEPTED_SAME);
	struct taken d = only_claim(h);
	assert_true(d.deleted);
	assert_string_equal(d.text, "{\"n\":1}");

	assert_int_equal(hand_accept(h, order("7", "1", 1000, "{\"n\":1}")), ACCEPTED_NEW);
	d = only_claim(h);
	assert_false(d.deleted);
	assert_true(d.fetch); /* restored, or a late copy: only the remote knows */
}

/* Order 7 of the shop is what we made of an invoice of the books. */
static struct link_row order_7(const char *hash)
{
	return (struct link_row){ .tenant = "acme", .flow = "books-shop.order", .identity = "x", .source_connection = "books",
		.source_entity = "Invoice", .source_id = "1A", .target_connection = "shop", .target_entity = "order", .target_id = "7",
		.target_version = "5", .target_hash = hash, .made = "created" };
}

static void our_own_write_that_comes_back_is_dropped(void **state)
{
	struct hand *h = *state;
	char hash[SHA256_HEX_SIZE];
	json_t *record = json_pack("{s:s,s:s}", "b", "2", "a", "1");
	struct txn *t = txn_begin(h->store);

	store_record_hash(record, hash);
	json_decref(record);
	struct link_row link = order_7(hash);
	txn_link_put(t, &link);
	hand_commit(h, t);

	assert_int_equal(hand_accept(h, order("7", "5", 1000, "{\"whatever\":1}")), ACCEPTED_OURS);
	assert_int_equal(hand_accept(h, order("7", "6", 2000, "{ \"a\": \"1\", \"b\": \"2\" }")),
		ACCEPTED_OURS);
	assert_int_equal(hand_claim(h, "acme", FLOW, NULL, 0, 10).count, 0);
	assert_int_equal(hand_accept(h, order("7", "7", 3000, "{\"a\":\"3\"}")), ACCEPTED_NEW);
}

static void our_own_write_is_news_to_flows_that_lead_elsewhere(void **state)
{
	struct hand *h = *state;
	static const struct route back = { "shop-books.invoice", 10, "books", "Invoice" };
	static const struct route elsewhere = { "shop-crm.deal", 10, "crm", "deal" };
	static const struct route hears = { "shop-books.figures", 10, NULL, NULL };
	const struct route routes[] = { back, elsewhere, hears };
	struct arrival a = order("7", "5", 1000, "{}");
	struct txn *t = txn_begin(h->store);

	struct link_row link = order_7(NULL);
	txn_link_put(t, &link);
	hand_commit(h, t);
	a.routes = routes;
	a.route_count = 3;
	assert_int_equal(hand_accept(h, a), ACCEPTED_OURS);
	assert_int_equal(hand_claim(h, "acme", "shop-books.invoice", NULL, 0, 10).count, 0);
	assert_int_equal(hand_claim(h, "acme", "shop-crm.deal", NULL, 0, 10).count, 1);
	assert_int_equal(hand_claim(h, "acme", "shop-books.figures", NULL, 0, 10).count, 1);
}

static void a_hint_of_our_own_write_ends_as_skipped(void **state)
{
	struct hand *h = *state;
	struct arrival a = order("7", NULL, 0, NULL);
	struct txn *t = txn_begin(h->store);

	struct link_row link = order_7(NULL);
	txn_link_put(t, &link);
	hand_commit(h, t);
	a.hint = true;
	assert_int_equal(hand_accept(h, a), ACCEPTED_NEW);
	int64_t id = only_claim(h).id;
	a = order("7", "5", 1000, "{}");
	a.origin = "fetch";
	assert_int_equal(hand_accept(h, a), ACCEPTED_OURS);
	assert_int_equal(hand_delivery(h, id).state, DELIVERY_SKIPPED);
	assert_string_equal(hand_delivery(h, id).cause, "ours");
}

static void a_choice_stays_only_with_its_cause(void **state)
{
	struct hand *h = *state;

	for (int other = 0; other < 2; other++) {
		hand_accept(h,
			order(other ? "8" : "7", "1", 1000, other ? "{\"n\":8}" : "{\"n\":7}"));
		int64_t id = only_claim(h).id;
		hand_move(h,
			(struct delivery_move){ .id = id,
				.to = DELIVERY_REVIEW,
				.cause = "ambiguous" });
		hand_move(h,
			(struct delivery_move){ .id = id,
				.to = DELIVERY_READY,
				.choice = "{\"id\":\"C1\"}" });
		hand_accept(h,
			order(other ? "8" : "7", "2", 2000, other ? "{\"n\":81}" : "{\"n\":71}"));
		assert_string_equal(hand_delivery(h, id).choice, "{\"id\":\"C1\"}");
		hand_move(h,
			(struct delivery_move){ .id = id,
				.to = DELIVERY_REVIEW,
				.cause = other ? "total_differs" : "ambiguous" });
		assert_string_equal(hand_delivery(h, id).choice, other ? "" : "{\"id\":\"C1\"}");
	}
}

static void tenants_never_mix(void **state)
{
	struct hand *h = *state;
	struct arrival other = order("7", "1", 1000, "{\"n\":1}");

	hand_accept(h, order("7", "1", 1000, "{\"n\":1}"));
	other.tenant = "zeta";
	assert_int_equal(hand_accept(h, other), ACCEPTED_NEW);
	assert_int_equal(hand_claim(h, "zeta", FLOW, NULL, 0, 10).count, 1);
	assert_int_equal(hand_claim(h, "acme", FLOW, NULL, 0, 10).count, 1);
	json_t *rows = hand_records(h, "{s:s,s:s,s:s}", "tenant", "zeta", "connection", "shop",
		"entity", "order");
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
}

static void a_record_that_no_flow_reads_is_still_remembered(void **state)
{
	struct hand *h = *state;
	struct arrival a = order("7", "1", 1000, "{\"n\":1}");

	a.route_count = 0;
	assert_int_equal(hand_accept(h, a), ACCEPTED_NEW);
	assert_int_equal(hand_accept(h, a), ACCEPTED_SAME);
	json_t *rows = hand_records(h, "{s:s,s:s,s:s,s:s}", "tenant", "acme", "connection", "shop",
		"entity", "order", "rid", "7");
	assert_string_equal(json_text_at(rows, "0.text"), "{\"n\":1}");
	assert_string_equal(json_text_at(rows, "0.version"), "1");
	json_decref(rows);
}

static void records_are_found_by_time(void **state)
{
	struct hand *h = *state;

	hand_accept(h, order("1", "1", 86400000, "{\"n\":1}"));
	hand_accept(h, order("2", "1", 2 * INT64_C(86400000), "{\"n\":2}"));
	hand_accept(h, order("3", "1", 3 * INT64_C(86400000), "{\"n\":3}"));

	json_t *rows = hand_records(h, "{s:s,s:s,s:s,s:s,s:s}", "tenant", "acme", "connection",
		"shop", "entity", "order", "from", "1970-01-02", "to", "1970-01-04");
	assert_int_equal(json_array_size(rows), 2);
	const char *after = json_text_at(rows, "0.after");
	json_t *rest = hand_records(h, "{s:s,s:s,s:s,s:s,s:s}", "tenant", "acme", "connection",
		"shop", "entity", "order", "from", "1970-01-02", "after", after);
	assert_int_equal(json_array_size(rest), 2);
	assert_string_equal(json_text_at(rest, "0.rid"), "2");
	json_decref(rest);
	json_decref(rows);
}

static void what_lacks_a_needed_text_is_refused_whole(void **state)
{
	struct hand *h = *state;
	struct txn *t = txn_begin(h->store);
	struct arrival good = order("1", "1", 1, "{}"), bad = order(NULL, "1", 1, "{}");

	txn_accept(t, &good);
	txn_accept(t, &bad);
	struct outcome o = hand_commit(h, t);
	assert_int_equal(o.code, ERR_INPUT);
	assert_non_null(strstr(o.text, "id"));
	assert_int_equal(hand_claim(h, "acme", FLOW, NULL, 0, 10).count, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, hand_setup, hand_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_seen_first_is_new_and_ready_with_its_text),
		TEST(the_same_version_or_content_is_no_news),
		TEST(without_version_and_time_other_content_is_new),
		TEST(an_older_version_changes_nothing),
		TEST(the_newest_version_refreshes_the_open_delivery),
		TEST(same_time_but_other_content_is_fetched_and_that_wins),
		TEST(a_fetch_that_finds_what_we_held_answers_the_question_too),
		TEST(a_hint_asks_for_a_fetch_and_shows_no_old_text),
		TEST(a_hint_during_a_fetch_is_fetched_again),
		TEST(what_was_decided_on_an_old_version_does_not_stand),
		TEST(one_on_the_wire_goes_on_and_the_new_version_waits_for_it),
		TEST(a_merge_told_while_one_was_on_the_wire_is_carried_on_as_a_merge),
		TEST(a_deletion_keeps_the_last_text_and_the_record_may_come_again),
		TEST(our_own_write_that_comes_back_is_dropped),
		TEST(our_own_write_is_news_to_flows_that_lead_elsewhere),
		TEST(a_hint_of_our_own_write_ends_as_skipped),
		TEST(a_choice_stays_only_with_its_cause),
		TEST(tenants_never_mix),
		TEST(a_record_that_no_flow_reads_is_still_remembered),
		TEST(records_are_found_by_time),
		TEST(what_lacks_a_needed_text_is_refused_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
