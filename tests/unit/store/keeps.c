/* keeps.c - links, writes, sets, notes, secrets and the mirror: what goes in comes out, also after
 * the store was closed. */
#include "hand.h"

#include <stdio.h>
#include <stdlib.h>

static struct link_row customer_link(const char *identity, const char *target_id)
{
	return (struct link_row){ .tenant = "acme",
		.flow = "shop-books.customer",
		.identity = identity,
		.source_connection = "shop",
		.source_entity = "customer",
		.source_id = identity,
		.source_version = "3",
		.target_connection = "books",
		.target_entity = "Customer",
		.target_id = target_id,
		.target_version = target_id ? "171" : NULL,
		.made = "created",
		.base = "{\"Name\":\"Ann\"}",
		.target_hash = "ab",
		.delivery = 12 };
}

static void put_link(struct hand *h, struct link_row l)
{
	struct txn *t = txn_begin(h->store);

	txn_link_put(t, &l);
	assert_int_equal(hand_commit(h, t).code, 0);
}

static void a_link_begins_as_an_intent_and_is_completed(void **state)
{
	struct hand *h = *state;

	put_link(h, customer_link("ann", NULL));
	json_t *rows = hand_links(h, "{s:s,s:s,s:s}", "tenant", "acme", "flow",
		"shop-books.customer", "identity", "ann");
	assert_int_equal(json_array_size(rows), 1);
	assert_null(json_text_at(rows, "0.target_id"));
	json_decref(rows);

	put_link(h, customer_link("ann", "80-1"));
	hand_reopen(h);
	rows = hand_links(h, "{s:s,s:s,s:s}", "tenant", "acme", "source_connection", "shop",
		"source_id", "ann");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.target_id"), "80-1");
	assert_string_equal(json_text_at(rows, "0.base"), "{\"Name\":\"Ann\"}");
	assert_int_equal(json_int_or(rows, "0.delivery", 0), 12);
	json_decref(rows);
}

static void a_link_is_found_by_its_target_and_learns_its_version(void **state)
{
	struct hand *h = *state;
	struct txn *t;

	put_link(h, customer_link("ann", "80-1"));
	t = txn_begin(h->store);
	txn_link_version(t, "acme", "books", "Customer", "80-1", "172", NULL);
	hand_commit(h, t);
	json_t *rows = hand_links(h, "{s:s,s:s,s:s,s:s}", "tenant", "acme", "target_connection",
		"books", "target_entity", "Customer", "target_id", "80-1");
	assert_string_equal(json_text_at(rows, "0.target_version"), "172");
	assert_null(json_text_at(rows, "0.target_hash")); /* of the content before */
	json_decref(rows);

	t = txn_begin(h->store);
	txn_link_drop(t, "acme", "shop-books.customer", "ann");
	hand_commit(h, t);
	rows = hand_links(h, "{s:s}", "tenant", "acme");
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

static void links_are_paged(void **state)
{
	struct hand *h = *state;
	char identity[8];

	for (int i = 0; i < 5; i++) {
		snprintf(identity, sizeof identity, "%d", i);
		put_link(h, customer_link(identity, "80-1"));
	}
	json_t *page = hand_links(h, "{s:s,s:i}", "tenant", "acme", "limit", 3);
	json_t *rest = hand_links(h, "{s:s,s:I}", "tenant", "acme", "after",
		(json_int_t)json_int_or(page, "2.id", 0));
	assert_int_equal(json_array_size(page), 3);
	assert_int_equal(json_array_size(rest), 2);
	json_decref(page);
	json_decref(rest);
}

static void writes_under_way_are_told_at_the_next_start(void **state)
{
	struct hand *h = *state;
	static const enum write_state states[] = { WRITE_READY, WRITE_SENT, WRITE_DOUBT, WRITE_DONE,
		WRITE_FAILED };
	int64_t ids[5];

	hand_accept(h, order("1", "9", 5, "{}"));
	json_t *list = hand_list(h, "{s:s}", "tenant", "acme");
	int64_t delivery = json_int_or(list, "0.id", 0);
	json_decref(list);
	for (int i = 0; i < 5; i++) {
		struct txn *t = txn_begin(h->store);

		ids[i] = store_next_id(h->store);
		txn_write_put(t,
			&(struct write_row){ .id = ids[i],
				.delivery = delivery,
				.tenant = "acme",
				.connection = "books",
				.entity = "Invoice",
				.verb = "create",
				.key = "k",
				.data = "{\"d\":1}",
				.state = WRITE_READY });
		txn_write_state(t, ids[i], states[i], states[i] == WRITE_SENT ? "mark-1" : NULL, 2);
		assert_int_equal(hand_commit(h, t).code, 0);
	}
	hand_reopen(h);
	json_t *rows = hand_unsettled(h);
	assert_int_equal(json_array_size(rows), 3);
	assert_string_equal(json_text_at(rows, "0.state"), "ready");
	assert_string_equal(json_text_at(rows, "1.state"), "sent");
	assert_string_equal(json_text_at(rows, "1.mark"), "mark-1");
	assert_int_equal(json_int_or(rows, "1.tries", 0), 2);
	assert_string_equal(json_text_at(rows, "2.state"), "doubt");
	assert_string_equal(json_text_at(rows, "0.data"), "{\"d\":1}");
	assert_string_equal(json_text_at(rows, "0.flow"), "shop-books.invoice");
	assert_string_equal(json_text_at(rows, "0.source_entity"), "order");
	assert_string_equal(json_text_at(rows, "0.source_version"), "9");
	assert_int_equal(json_int_or(rows, "0.id", 0), ids[0]);
	json_decref(rows);

	struct txn *t = txn_begin(h->store);
	txn_write_state(t, 4242, WRITE_DONE, NULL, 1);
	assert_int_equal(hand_commit(h, t).code, ERR_ABSENT);
}

struct asked_set {
	struct hand *h;
	bool found;
	unsigned asked;
	char mark[32], answer[32];
	size_t len;
};

static void on_set(void *arg, const struct set_row *s, const struct err *e)
{
	struct asked_set *a = arg;

	assert_null(e);
	a->found = s != NULL;
	if (s) {
		a->asked = s->asked;
		a->len = s->answer_len;
		snprintf(a->mark, sizeof a->mark, "%s", s->mark);
		memcpy(a->answer, s->answer, s->answer_len);
	}
	loop_stop(a->h->loop);
}

static struct asked_set open_set(struct hand *h)
{
	struct asked_set a = { .h = h };

	store_open_set(h->store, "acme", "books", on_set, &a);
	loop_run(h->loop);
	return a;
}

static void a_set_keeps_its_exact_bytes_until_it_is_cleared(void **state)
{
	struct hand *h = *state;
	struct set_row s = { .tenant = "acme",
		.connection = "books",
		.mark = "M1",
		.requests = "[]",
		.answer = "<a>\0\xff</a>",
		.answer_len = 9,
		.answer_type = "text/xml" };

	assert_false(open_set(h).found);
	for (s.asked = 0; s.asked < 2; s.asked++) {
		struct txn *t = txn_begin(h->store);

		txn_set_put(t, &s);
		hand_commit(h, t);
	}
	hand_reopen(h);
	struct asked_set got = open_set(h);
	assert_true(got.found);
	assert_string_equal(got.mark, "M1");
	assert_int_equal(got.asked, 1);
	assert_int_equal(got.len, 9);
	assert_memory_equal(got.answer, s.answer, 9);

	struct txn *t = txn_begin(h->store);
	txn_set_clear(t, "acme", "books", "M1");
	hand_commit(h, t);
	assert_false(open_set(h).found);
}

static void notes_are_kept_changed_and_forgotten(void **state)
{
	struct hand *h = *state;
	struct txn *t = txn_begin(h->store);

	txn_note(t, "acme", "shop", "cursor", "orders", "1");
	txn_note(t, "acme", "shop", "cursor", "orders", "2");
	txn_note(t, "acme", "books", "fact", "company", "Acme Mugs LLC");
	txn_note(t, "zeta", "shop", "cursor", "orders", "9");
	hand_commit(h, t);
	hand_reopen(h);
	json_t *rows = hand_notes(h, "acme", "shop", "cursor");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.value"), "2");
	json_decref(rows);
	rows = hand_notes(h, NULL, NULL, "cursor");
	assert_int_equal(json_array_size(rows), 2);
	json_decref(rows);

	t = txn_begin(h->store);
	txn_note(t, "acme", "shop", "cursor", "orders", NULL);
	hand_commit(h, t);
	rows = hand_notes(h, "acme", NULL, NULL);
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
}

static void ids_grow_across_restarts(void **state)
{
	struct hand *h = *state;
	int64_t last = 0;

	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 1000; k++) {
			int64_t id = store_next_id(h->store);

			assert_true(id > last);
			last = id;
		}
		hand_reopen(h);
	}
}

/* ---- secrets --------------------------------------------------------------------------------- */

static int put_secret(struct hand *h, const char *tenant, const char *name, const char *text)
{
	struct txn *t = txn_begin(h->store);
	struct secret *s = text ? secret_create(text, strlen(text)) : NULL;

	txn_secret(t, tenant, "books", name, s);
	secret_destroy(s);
	return hand_commit(h, t).code;
}

static void expect_secret(struct hand *h, const char *tenant, const char *name, const char *text)
{
	char *got = hand_secret(h, tenant, "books", name);

	if (text)
		assert_string_equal(got, text);
	else
		assert_null(got);
	free(got);
}

static void a_secret_comes_back_and_so_does_the_one_before(void **state)
{
	struct hand *h = *state;

	expect_secret(h, "acme", "password", NULL);
	put_secret(h, "acme", "password", "first");
	expect_secret(h, "acme", "password.before", NULL);
	put_secret(h, "acme", "password", "second");
	hand_reopen(h);
	expect_secret(h, "acme", "password", "second");
	expect_secret(h, "acme", "password.before", "first");
	expect_secret(h, "zeta", "password", NULL);
	json_t *rows = hand_secret_names(h, "acme");
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.name"), "password");
	json_decref(rows);
	put_secret(h, "acme", "password", NULL);
	expect_secret(h, "acme", "password", NULL);
	expect_secret(h, "acme", "password.before", NULL);
	assert_int_equal(put_secret(h, "acme", "x.before", "no"), ERR_INPUT);
	assert_int_equal(put_secret(h, "acme", "a|b", "no"), ERR_INPUT);
}

/* ALL-05 */
static void no_file_of_the_store_holds_a_secret_in_the_clear(void **state)
{
	struct hand *h = *state;
	static const char *const names[] = { "mlc.db", "mlc.db-wal", "audit.db", "audit.db-wal" };

	put_secret(h, "acme", "password", "correct-horse-battery");
	put_secret(h, "acme", "password", "staple-and-nothing-else");
	for (int pass = 0; pass < 2; pass++, hand_reopen(h))
		for (size_t i = 0; i < 4; i++) {
			assert_false(hand_file_holds(h, names[i], "correct-horse"));
			assert_false(hand_file_holds(h, names[i], "staple-and"));
		}
	assert_true(
		hand_file_holds(h, "mlc.db", "password")); /* the search does find what is there */
}

static void secrets_move_to_another_master_key_all_or_none(void **state)
{
	struct hand *h = *state;
	char *next = xformat("%s/next.key", h->dir);
	struct err e = { 0 };
	struct chore c = { 0 };

	put_secret(h, "acme", "password", "first");
	put_secret(h, "acme", "password", "second");
	assert_int_equal(master_key_make(next, &e), 0);
	store_key_rotate(h->store, master_key_load(next, &e), "admin", chore_over, &c);
	chore_wait(h, &c);
	assert_int_equal(c.error.code, 0);
	assert_int_equal(json_int_or(c.report, "secrets", 0), 1);
	json_decref(c.report);
	expect_secret(h, "acme", "password", "second");
	put_secret(h, "zeta", "token", "after");
	hand_close(h);

	char *dir = hand_path(h, "");
	assert_null(store_open(h->loop, &(struct store_conf){ .dir = dir, .key_file = h->key_file },
		&e));
	assert_int_equal(e.code, ERR_REFUSED);
	free(dir);
	free(h->key_file);
	h->key_file = next;
	hand_open(h);
	expect_secret(h, "acme", "password", "second");
	expect_secret(h, "acme", "password.before", "first");
	expect_secret(h, "zeta", "token", "after");
}

/* ---- the mirror ------------------------------------------------------------------------------ */

static void put_customer(struct hand *h, const char *id, const char *version, json_t *keys,
	const char *text)
{
	struct arrival a = { .tenant = "acme",
		.connection = "books",
		.entity = "Customer",
		.id = id,
		.version = version,
		.text = text,
		.text_len = strlen(text),
		.origin = "feed customers",
		.mirror_keys = keys };

	hand_accept(h, a);
	json_decref(keys);
}

static size_t found(struct hand *h, json_t *members)
{
	json_t *rows = hand_mirror(h, "acme", "books", "Customer", members);
	size_t count = json_array_size(rows);

	json_decref(rows);
	return count;
}

static void the_mirror_finds_by_any_member_trimmed_and_in_lower_case(void **state)
{
	struct hand *h = *state;

	put_customer(h, "1", "5",
		json_pack("{s:[s,s],s:s}", "Email", " Ann@Example.com", "ann@home.example", "Name",
			"\xc3\x84nn M\xc3\x9cLLER"),
		"{\"Name\":\"Ann\"}");
	put_customer(h, "2", "5", json_pack("{s:s}", "Email", "bob@example.com"),
		"{\"Name\":\"Bob\"}");

	json_t *rows = hand_mirror(h, "acme", "books", "Customer",
		json_pack("{s:s}", "Email", "ANN@example.com "));
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(json_text_at(rows, "0.id"), "1");
	assert_string_equal(json_text_at(rows, "0.version"), "5");
	assert_non_null(strstr(json_text_or(rows, "0.data", ""), "Ann"));
	json_decref(rows);
	assert_int_equal(found(h, json_pack("{s:s}", "Name", "\xc3\xa4nn m\xc3\xbcller")), 1);
	assert_int_equal(found(h,
				 json_pack("{s:s,s:s}", "Email", "ann@home.example", "Name",
					 "\xc3\xa4NN M\xc3\xbcLLER")),
		1);
	assert_int_equal(found(h,
				 json_pack("{s:s,s:s}", "Email", "bob@example.com", "Name", "ann")),
		0);
	assert_int_equal(found(h, json_pack("{s:s}", "Email", "nobody@example.com")), 0);

	put_customer(h, "1", "6", json_pack("{s:s}", "Email", "new@example.com"),
		"{\"Name\":\"An\"}");
	assert_int_equal(found(h, json_pack("{s:s}", "Email", "ann@example.com")), 0);
	assert_int_equal(found(h, json_pack("{s:s}", "Email", "new@example.com")), 1);
}

static void a_record_known_before_gets_into_the_mirror_and_a_deleted_one_out(void **state)
{
	struct hand *h = *state;
	struct arrival gone = { .tenant = "acme",
		.connection = "books",
		.entity = "Customer",
		.id = "1",
		.deleted = true,
		.origin = "feed customers" };

	put_customer(h, "1", "5", NULL, "{}");
	assert_int_equal(found(h, json_pack("{s:s}", "Email", "ann@example.com")), 0);
	put_customer(h, "1", "5", json_pack("{s:s}", "Email", "ann@example.com"),
		"{\"Name\":\"Ann\"}");
	assert_int_equal(found(h, json_pack("{s:s}", "Email", "ann@example.com")), 1);
	hand_accept(h, gone);
	assert_int_equal(found(h, json_pack("{s:s}", "Email", "ann@example.com")), 0);
}

/* A person restored it; its deletion is still read again. */
static void a_deletion_older_than_what_is_known_leaves_it_in_the_mirror(void **state)
{
	struct hand *h = *state;
	json_t *keys = json_pack("{s:s}", "Email", "ann@example.com");
	struct arrival there = { .tenant = "acme", .connection = "crm", .entity = "Account", .id = "1", .version = "3", .changed_ms = 3000,
		.text = "{}", .text_len = 2, .origin = "feed accounts", .mirror_keys = keys };
	struct arrival gone = { .tenant = "acme", .connection = "crm", .entity = "Account", .id = "1", .version = "2", .changed_ms = 2000,
		.deleted = true, .origin = "feed accounts" };
	json_t *rows;

	assert_int_equal(hand_accept(h, there), ACCEPTED_NEW);
	assert_int_equal(hand_accept(h, gone), ACCEPTED_OLDER);
	rows = hand_mirror(h, "acme", "crm", "Account", json_pack("{s:s}", "Email", "ann@example.com"));
	assert_int_equal(json_array_size(rows), 1);
	json_decref(rows);
	gone.version = "4";
	gone.changed_ms = 4000;
	assert_int_equal(hand_accept(h, gone), ACCEPTED_NEW);
	rows = hand_mirror(h, "acme", "crm", "Account", json_pack("{s:s}", "Email", "ann@example.com"));
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	json_decref(keys);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, hand_setup, hand_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_link_begins_as_an_intent_and_is_completed),
		TEST(a_link_is_found_by_its_target_and_learns_its_version),
		TEST(links_are_paged),
		TEST(writes_under_way_are_told_at_the_next_start),
		TEST(a_set_keeps_its_exact_bytes_until_it_is_cleared),
		TEST(notes_are_kept_changed_and_forgotten),
		TEST(ids_grow_across_restarts),
		TEST(a_secret_comes_back_and_so_does_the_one_before),
		TEST(no_file_of_the_store_holds_a_secret_in_the_clear),
		TEST(secrets_move_to_another_master_key_all_or_none),
		TEST(the_mirror_finds_by_any_member_trimmed_and_in_lower_case),
		TEST(a_record_known_before_gets_into_the_mirror_and_a_deleted_one_out),
		TEST(a_deletion_older_than_what_is_known_leaves_it_in_the_mirror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
