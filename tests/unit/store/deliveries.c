/* deliveries.c - in order for each record, what is needed first, and nobody waits for ever. */
#include "hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOW     "shop-books.invoice"
#define CUSTOMER "shop-books.customer"
#define ITEM     "shop-books.item"

static int64_t put(struct hand *h, const char *id)
{
	char text[64];

	snprintf(text, sizeof text, "{\"id\":\"%s\"}", id);
	hand_accept(h, order(id, "1", 1000, text));
	json_t *rows = hand_list(h, "{s:s,s:s,s:b,s:i}", "tenant", "acme", "rid", id, "newest", 1,
		"limit", 1);
	int64_t delivery = json_int_or(rows, "0.id", 0);
	json_decref(rows);
	return delivery;
}

static struct claims claim(struct hand *h, const char *flow)
{
	return hand_claim(h, "acme", flow, NULL, 0, 64);
}

static enum delivery_state state_of(struct hand *h, int64_t id)
{
	return hand_delivery(h, id).state;
}

/* Parent waits for these flows; answers their deliveries. */
static struct outcome wait_for(struct hand *h, int64_t parent, const char *flow,
	const char *identity)
{
	struct txn *t = txn_begin(h->store);

	txn_delivery(t, &(struct delivery_move){ .id = parent, .to = DELIVERY_WAITS });
	txn_ensure(t,
		&(struct ensure){ .parent = parent,
			.flow = flow,
			.identity = identity,
			.rank = 1 });
	return hand_commit(h, t);
}

static void claims_go_by_rank_and_then_by_age(void **state)
{
	struct hand *h = *state;
	static const int ranks[] = { 20, 10, 20, 10 };

	for (int i = 0; i < 4; i++) {
		char id[8];
		struct route route = { FLOW, ranks[i] };
		snprintf(id, sizeof id, "%d", i);
		struct arrival a = order(id, "1", 1, "{}");
		a.routes = &route;
		hand_accept(h, a);
	}
	struct claims c = claim(h, FLOW);
	assert_int_equal(c.count, 4);
	assert_string_equal(c.of[0].rid, "1");
	assert_string_equal(c.of[1].rid, "3");
	assert_string_equal(c.of[2].rid, "0");
	assert_string_equal(c.of[3].rid, "2");
	assert_int_equal(hand_claim(h, "acme", FLOW, NULL, 0, 2).count, 2);
}

static void what_sleeps_is_not_claimed_before_its_time(void **state)
{
	struct hand *h = *state;
	int64_t id = put(h, "1");
	int64_t due = loop_now_ms(h->loop) + 60000;

	hand_move(h,
		(struct delivery_move){ .id = id,
			.to = DELIVERY_READY,
			.due_ms = due,
			.attempts = 1 });
	assert_int_equal(claim(h, FLOW).count, 0);
	json_t *counts = hand_counts(h, "acme");
	assert_int_equal(json_int_or(counts, "0.ready", 0), 1);
	assert_int_equal(json_int_or(counts, "0.due_ms", 0), due);
	json_decref(counts);
	loop_advance(h->loop, 60001);
	assert_int_equal(claim(h, FLOW).count, 1);
	assert_int_equal(claim(h, FLOW).of[0].attempts, 1);
}

static void a_busy_one_and_others_of_its_identity_are_left_out(void **state)
{
	struct hand *h = *state;
	int64_t a = put(h, "1"), b = put(h, "2"), c = put(h, "3");

	hand_move(h,
		(struct delivery_move){ .id = a,
			.to = DELIVERY_READY,
			.identity = "ann@example.com" });
	hand_move(h,
		(struct delivery_move){ .id = b,
			.to = DELIVERY_READY,
			.identity = "ann@example.com" });
	struct claims got = hand_claim(h, "acme", FLOW, &a, 1, 10);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.of[0].id, c);

	hand_move(h, (struct delivery_move){ .id = a, .to = DELIVERY_SENDING });
	got = claim(h, FLOW);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.of[0].id, c);

	hand_move(h, (struct delivery_move){ .id = a, .to = DELIVERY_DONE });
	assert_int_equal(claim(h, FLOW).count, 2);
}

/* Whoever releases what is held has read it a moment ago: by now it may be on the wire. */
static void one_that_has_moved_on_meanwhile_is_not_moved_back(void **state)
{
	struct hand *h = *state;
	int64_t a = put(h, "1");
	struct delivery_move release = { .id = a, .from = DELIVERY_HELD, .to = DELIVERY_READY };

	hand_move(h, (struct delivery_move){ .id = a, .to = DELIVERY_HELD });
	assert_int_equal(hand_move(h, release), 0);
	hand_move(h, (struct delivery_move){ .id = a, .to = DELIVERY_SENDING });
	assert_int_equal(hand_move(h, release), ERR_CONFLICT);
	assert_int_equal(hand_delivery(h, a).state, DELIVERY_SENDING);
}

static void two_of_one_identity_are_never_in_one_claim(void **state)
{
	struct hand *h = *state;
	int64_t a = put(h, "1"), b = put(h, "2");

	hand_move(h, (struct delivery_move){ .id = a, .to = DELIVERY_READY, .identity = "ann" });
	hand_move(h, (struct delivery_move){ .id = b, .to = DELIVERY_READY, .identity = "ann" });
	struct claims c = claim(h, FLOW);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.of[0].id, a);
}

/* WOO-14 */
static void what_is_needed_is_made_over_the_same_text_and_wakes_its_parent(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "1");
	struct outcome o = wait_for(h, parent, CUSTOMER, "ann");

	assert_int_equal(o.code, 0);
	assert_true(o.ensured[0] > 0);
	assert_true(was_touched(&o, "acme/" CUSTOMER));
	assert_int_equal(state_of(h, parent), DELIVERY_WAITS);
	struct claims c = claim(h, CUSTOMER);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.of[0].id, o.ensured[0]);
	assert_string_equal(c.of[0].text, "{\"id\":\"1\"}");
	assert_string_equal(c.of[0].identity, "ann");

	struct txn *t = txn_begin(h->store);
	txn_delivery(t, &(struct delivery_move){ .id = o.ensured[0], .to = DELIVERY_DONE });
	struct outcome done = hand_commit(h, t);
	assert_true(was_touched(&done, "acme/" FLOW));
	assert_int_equal(state_of(h, parent), DELIVERY_READY);
}

static void an_open_need_is_shared_and_a_linked_one_is_no_need(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "1");
	struct outcome first = wait_for(h, parent, CUSTOMER, "ann"),
		       again = wait_for(h, parent, CUSTOMER, "ann");

	assert_int_equal(first.ensured[0], again.ensured[0]);
	assert_int_not_equal(wait_for(h, parent, CUSTOMER, "bob").ensured[0], first.ensured[0]);

	struct txn *t = txn_begin(h->store);
	txn_link_put(t,
		&(struct link_row){ .tenant = "acme",
			.flow = CUSTOMER,
			.identity = "eve",
			.target_connection = "books",
			.target_entity = "Customer",
			.target_id = "80-1" });
	txn_link_put(t,
		&(struct link_row){ .tenant = "acme",
			.flow = CUSTOMER,
			.identity = "intent",
			.target_connection = "books",
			.target_entity = "Customer" });
	hand_commit(h, t);
	int64_t other = put(h, "2");
	struct outcome o = wait_for(h, other, CUSTOMER, "eve");
	assert_int_equal(o.ensured[0], 0);
	assert_int_equal(state_of(h, other), DELIVERY_READY);
	assert_true(was_touched(&o, "acme/" FLOW));
	assert_true(wait_for(h, other, CUSTOMER, "intent").ensured[0] > 0);
}

static void a_need_without_identity_is_the_records_own(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "1");
	struct outcome o = wait_for(h, parent, ITEM, NULL);
	struct txn *t = txn_begin(h->store);

	txn_delivery(t, &(struct delivery_move){ .id = o.ensured[0], .to = DELIVERY_DONE });
	txn_link_put(t,
		&(struct link_row){ .tenant = "acme",
			.flow = ITEM,
			.identity = "sku",
			.source_connection = "shop",
			.source_entity = "order",
			.source_id = "1",
			.target_connection = "books",
			.target_entity = "Item",
			.target_id = "80-2" });
	hand_commit(h, t);
	assert_int_equal(wait_for(h, parent, ITEM, NULL).ensured[0], 0);
}

static void what_is_needed_may_belong_to_another_record(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "refund-1");
	struct arrival known = order("7", "1", 1000, "{\"id\":\"7\"}");

	known.route_count = 0;
	hand_accept(h, known);
	for (int i = 0; i < 2; i++) {
		const char *rid = i ? "8" : "7"; /* 8 was never seen: it is fetched */
		struct txn *t = txn_begin(h->store);

		txn_delivery(t, &(struct delivery_move){ .id = parent, .to = DELIVERY_WAITS });
		txn_ensure(t,
			&(struct ensure){ .parent = parent,
				.flow = CUSTOMER,
				.entity = "order",
				.rid = rid });
		struct outcome o = hand_commit(h, t);
		struct taken child = hand_delivery(h, o.ensured[0]);
		assert_string_equal(child.rid, rid);
		assert_string_equal(child.text, i ? "" : "{\"id\":\"7\"}");
		assert_int_equal(child.fetch, i);
		hand_move(h, (struct delivery_move){ .id = child.id, .to = DELIVERY_DONE });
		assert_int_equal(state_of(h, parent), DELIVERY_READY);
	}
}

static void a_parent_waits_for_all_it_needs(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "1");
	struct txn *t = txn_begin(h->store);

	txn_ensure(t, &(struct ensure){ .parent = parent, .flow = CUSTOMER, .identity = "ann" });
	txn_ensure(t, &(struct ensure){ .parent = parent, .flow = ITEM, .identity = "MUG" });
	txn_delivery(t, &(struct delivery_move){ .id = parent, .to = DELIVERY_WAITS });
	struct outcome o = hand_commit(h, t);
	assert_int_equal(o.ensured_count, 2);

	hand_move(h, (struct delivery_move){ .id = o.ensured[0], .to = DELIVERY_SKIPPED });
	assert_int_equal(state_of(h, parent), DELIVERY_WAITS);
	hand_move(h, (struct delivery_move){ .id = o.ensured[1], .to = DELIVERY_WOULD });
	assert_int_equal(state_of(h, parent), DELIVERY_READY);
}

static void a_held_need_holds_the_chain_above_it_until_it_is_done(void **state)
{
	struct hand *h = *state;
	int64_t top = put(h, "1");
	int64_t middle = wait_for(h, top, CUSTOMER, "ann").ensured[0];
	int64_t bottom = wait_for(h, middle, ITEM, "x").ensured[0];

	hand_move(h,
		(struct delivery_move){ .id = bottom,
			.to = DELIVERY_REVIEW,
			.cause = "unknown_item:X" });
	struct taken t = hand_delivery(h, middle);
	assert_int_equal(t.state, DELIVERY_HELD);
	assert_string_equal(t.cause, "needs:" ITEM);
	t = hand_delivery(h, top);
	assert_int_equal(t.state, DELIVERY_HELD);
	assert_string_equal(t.cause, "needs:" CUSTOMER);

	hand_move(h, (struct delivery_move){ .id = bottom, .to = DELIVERY_READY });
	assert_int_equal(state_of(h, middle), DELIVERY_WAITS);
	assert_int_equal(state_of(h, top), DELIVERY_WAITS);
	hand_move(h,
		(struct delivery_move){ .id = bottom, .to = DELIVERY_HELD, .cause = "refused" });
	assert_int_equal(state_of(h, top), DELIVERY_HELD);

	hand_move(h, (struct delivery_move){ .id = bottom, .to = DELIVERY_DONE });
	assert_int_equal(state_of(h, middle), DELIVERY_READY);
	assert_int_equal(state_of(h, top), DELIVERY_WAITS);
	hand_move(h, (struct delivery_move){ .id = middle, .to = DELIVERY_DONE });
	assert_int_equal(state_of(h, top), DELIVERY_READY);
}

static void who_asks_for_a_held_one_is_held_at_once(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "1");
	int64_t child = wait_for(h, parent, CUSTOMER, "ann").ensured[0];

	hand_move(h,
		(struct delivery_move){ .id = child, .to = DELIVERY_HELD, .cause = "refused" });
	hand_move(h,
		(struct delivery_move){ .id = parent,
			.to = DELIVERY_READY }); /* released by a person */
	assert_int_equal(state_of(h, parent), DELIVERY_READY);
	assert_int_equal(wait_for(h, parent, CUSTOMER, "ann").ensured[0], child);
	assert_int_equal(state_of(h, parent), DELIVERY_HELD);
	hand_move(h, (struct delivery_move){ .id = child, .to = DELIVERY_DONE });
	assert_int_equal(state_of(h, parent), DELIVERY_READY);
}

/* It ended between the parent's look and its wish to wait: nothing more would ever come of it. */
static void what_is_only_shown_in_the_shadow_is_not_waited_for(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "1");
	struct outcome o = wait_for(h, parent, CUSTOMER, "ann");

	hand_move(h, (struct delivery_move){ .id = o.ensured[0], .to = DELIVERY_WOULD });
	assert_int_equal(state_of(h, parent), DELIVERY_READY);
	wait_for(h, parent, CUSTOMER, "ann");
	assert_int_equal(state_of(h, parent), DELIVERY_READY);
}

static void a_circle_of_needs_is_held_and_says_so(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "1");
	int64_t child = wait_for(h, parent, CUSTOMER, NULL).ensured[0];

	assert_int_equal(wait_for(h, child, FLOW, NULL).code, 0);
	struct taken t = hand_delivery(h, child);
	assert_int_equal(t.state, DELIVERY_HELD);
	assert_string_equal(t.cause, "circle:" FLOW);
	t = hand_delivery(h, parent);
	assert_int_equal(t.state, DELIVERY_HELD);
	assert_string_equal(t.cause, "needs:" CUSTOMER);
}

static void a_new_version_of_one_that_waits_starts_it_afresh(void **state)
{
	struct hand *h = *state;
	int64_t parent = put(h, "1");
	int64_t child = wait_for(h, parent, CUSTOMER, "ann").ensured[0];

	hand_accept(h, order("1", "2", 2000, "{\"v\":2}"));
	assert_int_equal(state_of(h, parent), DELIVERY_READY);
	hand_move(h, (struct delivery_move){ .id = parent, .to = DELIVERY_DONE });
	hand_move(h, (struct delivery_move){ .id = child, .to = DELIVERY_DONE });
	assert_int_equal(state_of(h, parent), DELIVERY_DONE);
}

static void texts_are_changed_cleared_or_left_alone(void **state)
{
	struct hand *h = *state;
	int64_t id = put(h, "1");

	hand_move(h,
		(struct delivery_move){ .id = id,
			.to = DELIVERY_HELD,
			.cause = "refused",
			.label = "order 1",
			.doc = "{\"w\":1}" });
	hand_move(h,
		(struct delivery_move){ .id = id,
			.to = DELIVERY_HELD,
			.cause = "",
			.label = "order 2" });
	struct taken t = hand_delivery(h, id);
	assert_string_equal(t.cause, "");
	assert_string_equal(t.label, "order 2");
	assert_string_equal(t.doc, "{\"w\":1}");
	hand_move(h, (struct delivery_move){ .id = id, .to = DELIVERY_HELD, .doc = "" });
	assert_string_equal(hand_delivery(h, id).doc, "");
}

/* An order's invoice is "order 1007", and its customer bears an e-mail. */
static void a_record_is_found_by_what_each_of_its_deliveries_calls_it(void **state)
{
	static const struct { const char *label; size_t found; } rows[] = {
		{ "1007", 1 }, { "order 1007", 1 }, { "customer Ada ada@example.com", 1 }, { "ada@example.com", 1 },
		{ "1008", 0 }, { "payment 1007", 0 },
	};
	static const struct route routes[] = { { FLOW, 20 }, { CUSTOMER, 10 } };
	struct hand *h = *state;
	struct arrival a = order("7", "1", 1000, "{}");
	json_t *both;

	a.routes = routes;
	a.route_count = 2;
	hand_accept(h, a);
	both = hand_list(h, "{s:s,s:s}", "tenant", "acme", "rid", "7");
	assert_int_equal(json_array_size(both), 2);
	for (size_t i = 0; i < 2; i++)
		hand_move(h, (struct delivery_move){ .id = json_int_or(json_array_get(both, i), "id", 0),
			.to = DELIVERY_HELD, .label = strcmp(json_text_or(json_array_get(both, i), "flow", ""), FLOW) ?
			"customer Ada ada@example.com" : "order 1007" });
	json_decref(both);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *found = hand_list(h, "{s:s,s:s}", "tenant", "acme", "label", rows[i].label);

		assert_int_equal(json_array_size(found), rows[i].found);
		json_decref(found);
	}
}

static void a_delivery_that_is_not_there_is_named(void **state)
{
	struct hand *h = *state;
	struct txn *t = txn_begin(h->store);

	txn_note(t, "acme", "", "k", "n", "v");
	txn_delivery(t, &(struct delivery_move){ .id = 424242, .to = DELIVERY_DONE });
	struct outcome o = hand_commit(h, t);
	assert_int_equal(o.code, ERR_ABSENT);
	assert_non_null(strstr(o.text, "424242"));
	json_t *notes = hand_notes(h, "acme", NULL, NULL); /* and nothing else of it happened */
	assert_int_equal(json_array_size(notes), 0);
	json_decref(notes);
}

static void counts_follow_every_move(void **state)
{
	struct hand *h = *state;
	int64_t a = put(h, "1"), b = put(h, "2");

	put(h, "3");
	hand_move(h, (struct delivery_move){ .id = a, .to = DELIVERY_SENDING });
	hand_move(h, (struct delivery_move){ .id = a, .to = DELIVERY_DONE });
	hand_move(h, (struct delivery_move){ .id = b, .to = DELIVERY_HELD, .cause = "refused" });
	hand_move(h,
		(struct delivery_move){ .id = 999999,
			.to = DELIVERY_DONE }); /* fails, counts nothing */
	hand_reopen(h);

	json_t *rows = hand_counts(h, NULL);
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.flow"), FLOW);
	assert_int_equal(json_int_or(rows, "0.ready", -1), 1);
	assert_int_equal(json_int_or(rows, "0.held", -1), 1);
	assert_int_equal(json_int_or(rows, "0.done", -1), 1);
	assert_int_equal(json_int_or(rows, "0.sending", -1), 0);
	assert_int_equal(json_int_or(rows, "0.due_ms", -1), 0);
	json_decref(rows);
	rows = hand_counts(h, "zeta");
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

static void causes_are_grouped_with_what_is_at_stake(void **state)
{
	struct hand *h = *state;
	static const char *const amounts[] = { "10.10", "0.20", "5" };

	for (int i = 0; i < 3; i++) {
		char id[8], label[16];

		snprintf(id, sizeof id, "%d", i);
		snprintf(label, sizeof label, "order %d", i);
		hand_move(h,
			(struct delivery_move){ .id = put(h, id),
				.to = DELIVERY_HELD,
				.cause = "unknown_item:MUG",
				.why = "no item MUG",
				.label = label,
				.amount = amounts[i],
				.currency = i == 2 ? "EUR" : "USD" });
	}
	json_t *rows = hand_causes(h, "acme");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.state"), "held");
	assert_int_equal(json_int_or(rows, "0.count", 0), 3);
	assert_string_equal(json_text_at(rows, "0.amount_sum.USD"), "10.30");
	assert_string_equal(json_text_at(rows, "0.amount_sum.EUR"), "5");
	assert_string_equal(json_text_at(rows, "0.why"), "no item MUG");
	json_decref(rows);
}

static void lists_are_filtered_and_paged(void **state)
{
	struct hand *h = *state;
	int64_t ids[5];

	for (int i = 0; i < 5; i++) {
		char id[8], label[16];

		snprintf(id, sizeof id, "%d", i);
		snprintf(label, sizeof label, "order 100%d", i);
		ids[i] = put(h, id);
		hand_move(h,
			(struct delivery_move){ .id = ids[i],
				.to = i % 2 ? DELIVERY_HELD : DELIVERY_DONE,
				.label = label,
				.cause = i == 3 ? "odd" : "",
				.identity = id });
	}
	json_t *rows = hand_list(h, "{s:s,s:s}", "tenant", "acme", "state", "held");
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_text_at(rows, "0.state"), "held");
	json_decref(rows);
	rows = hand_list(h, "{s:[s,s],s:i}", "state", "held", "done", "limit", 3);
	assert_int_equal(json_array_size(rows), 3);
	json_t *rest = hand_list(h, "{s:[s,s],s:I}", "state", "held", "done", "after_id",
		(json_int_t)json_int_or(rows, "2.id", 0));
	assert_int_equal(json_array_size(rest), 2);
	json_decref(rest);
	json_decref(rows);
	rows = hand_list(h, "{s:s,s:s}", "tenant", "acme", "label", "1003");
	assert_int_equal(json_array_size(rows), 1);
	assert_int_equal(json_int_or(rows, "0.id", 0), ids[3]);
	json_decref(rows);
	rows = hand_list(h, "{s:s,s:s,s:s}", "tenant", "acme", "flow", FLOW, "identity", "2");
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
	rows = hand_list(h, "{s:s,s:s}", "tenant", "acme", "flow", "shop-books");
	assert_int_equal(json_array_size(rows), 5);
	json_decref(rows);
	rows = hand_list(h, "{s:s,s:s}", "tenant", "acme", "flow", "shop");
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	rows = hand_list(h, "{s:s}", "cause", "odd");
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
	rows = hand_list(h, "{s:s}", "tenant", "zeta");
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, hand_setup, hand_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(claims_go_by_rank_and_then_by_age),
		TEST(one_that_has_moved_on_meanwhile_is_not_moved_back),
		TEST(what_sleeps_is_not_claimed_before_its_time),
		TEST(a_busy_one_and_others_of_its_identity_are_left_out),
		TEST(two_of_one_identity_are_never_in_one_claim),
		TEST(what_is_needed_is_made_over_the_same_text_and_wakes_its_parent),
		TEST(an_open_need_is_shared_and_a_linked_one_is_no_need),
		TEST(a_need_without_identity_is_the_records_own),
		TEST(what_is_needed_may_belong_to_another_record),
		TEST(a_parent_waits_for_all_it_needs),
		TEST(a_held_need_holds_the_chain_above_it_until_it_is_done),
		TEST(who_asks_for_a_held_one_is_held_at_once),
		TEST(what_is_only_shown_in_the_shadow_is_not_waited_for),
		TEST(a_circle_of_needs_is_held_and_says_so),
		TEST(a_new_version_of_one_that_waits_starts_it_afresh),
		TEST(texts_are_changed_cleared_or_left_alone),
		TEST(a_record_is_found_by_what_each_of_its_deliveries_calls_it),
		TEST(a_delivery_that_is_not_there_is_named),
		TEST(counts_follow_every_move),
		TEST(causes_are_grouped_with_what_is_at_stake),
		TEST(lists_are_filtered_and_paged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
