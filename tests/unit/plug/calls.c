/* calls.c - a call records what its connector says, and holds it to its contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "base/json.h"
#include "plug/call.h"

#include <mlc/help.h>

#include <stdio.h>
#include <string.h>

/* ---- a connector whose every step the test brings along ---------------------------------- */

static const struct mlc_field line_fields[] = { { "amount", MLC_DECIMAL, MLC_BARE, 2, NULL },
	{ NULL } };
static const struct mlc_field order_fields[] = {
	{ "total", MLC_DECIMAL, MLC_BARE, 2, NULL },
	{ "shown", MLC_DECIMAL, 0, 2, NULL },
	{ "lines", MLC_LIST, 0, 0, "line" },
	{ NULL },
};
static const struct mlc_entity entities[] = {
	{ "order", MLC_CREATE, 3, NULL, order_fields },
	{ "line", MLC_PART, 0, NULL, line_fields },
	{ NULL },
};
static const char *const orders[] = { "order", NULL };
static const struct mlc_feed feeds[] = { { "orders", orders, 60, 0 }, { NULL } };

static mlc_step_fn *now;

static enum mlc_step step(struct mlc_call *c)
{
	return now(c);
}

static const struct mlc_connector connector = {
	.sdk = MLC_SDK, .size = sizeof connector, .name = "any", .title = "Any", .version = "1",
		.entities = entities,
	.feeds = feeds, .state_size = 16, .ping = step, .poll = step, .fetch = step, .write = step,
	.serve = step,
	.discover = step,
};

static bool fact_is_known(void *ctx, const char *name, const char *text)
{
	(void)ctx;
	return strcmp(name, "identity") != 0 || !strcmp(text, "ours");
}

static const struct call_site site = { .connector = &connector, .connection = "acme/any",
	.fact = fact_is_known };

static struct call *begin(enum op op, mlc_step_fn *fn)
{
	static const struct mlc_write writes[] = { { .verb = MLC_DO_CREATE, .key = "k0" },
		{ .verb = MLC_DO_CREATE, .key = "k1" } };
	struct call_input in = { .op = op, .feed = op == OP_POLL ? "orders" : NULL,
		.entity = op == OP_WRITE ? "order" : NULL,
		.writes = writes, .write_count = op == OP_WRITE ? 2 : 0, .now_ms = 1000,
		.memory = 1u << 20 };

	now = fn;
	return call_create(&site, &in);
}

static void assert_broken(struct call *c, const char *word)
{
	const char *text;

	assert_int_equal(call_step(c, NULL, 1000), MLC_FAIL);
	assert_int_equal(call_fault(c, NULL, &text), MLC_BROKEN);
	if (!strstr(text, word))
		fail_msg("'%s' does not say '%s'", text, word);
	call_destroy(c);
}

/* ---- what it records --------------------------------------------------------------------- */

static enum mlc_step emits(struct mlc_call *c)
{
	json_t *o = c->host->parse(c, "{\"total\":12.30,\"n\":7}", 21);

	c->host->emit(c, &(struct mlc_record){ .entity = "order", .id = "1", .version = "a",
		.data = json_incref(o) /* given */ });
	c->host->emit(c, &(struct mlc_record){ .entity = "order", .id = "2",
		.text = "{\"total\":1}rest", .text_len = 11 });
	c->host->emit(c, &(struct mlc_record){ .entity = "order", .id = "3", .deleted = true });
	c->host->advance(c, "next", 0);
	return MLC_DONE;
}

static void records_come_as_text_with_decimals_as_they_were(void **state)
{
	struct call *c = begin(OP_POLL, emits);
	const struct call_record *r;
	const char *cursor;
	int64_t renew;

	(void)state;
	assert_int_equal(call_step(c, NULL, 1000), MLC_DONE);
	assert_int_equal(call_records(c, &r), 3);
	assert_string_equal(r[0].text, "{\"total\":\"12.30\",\"n\":7}");
	assert_int_equal(r[1].text_len, 11);
	assert_null(r[2].text);
	assert_true(call_advanced(c, &cursor, &renew));
	assert_string_equal(cursor, "next");
	call_take(c);
	assert_int_equal(call_records(c, &r), 0);
	assert_string_equal(call_inside(c)->cursor, "next");
	call_destroy(c);
}

static enum mlc_step pages(struct mlc_call *c)
{
	unsigned *page = c->state;

	/* Half of the budget, each time. */
	if (!c->host->alloc(c, 500000))
		return MLC_DONE;
	c->host->advance(c, NULL, 0);
	c->request->method = "GET";
	c->request->path = "/next";
	return ++*page == 20 ? MLC_DONE : MLC_SEND;
}

static void a_long_poll_does_not_grow_with_its_pages(void **state)
{
	struct call *c = begin(OP_POLL, pages);
	enum mlc_step s;

	(void)state;
	while ((s = call_step(c, NULL, 1000)) == MLC_SEND)
		call_take(c);
	assert_int_equal(s, MLC_DONE);
	assert_int_equal(*(unsigned *)call_inside(c)->state, 20);
	call_destroy(c);
}

static enum mlc_step settles_one_refuses_one(struct mlc_call *c)
{
	c->host->settle(c, 1, &(struct mlc_record){ .entity = "order", .id = "9", .version = "v" });
	c->host->refuse(c, 0, MLC_LIMITED, 500, "later, %s", "please");
	return MLC_DONE;
}

static void each_write_has_its_own_end(void **state)
{
	struct call *c = begin(OP_WRITE, settles_one_refuses_one);
	const struct call_write *w;

	(void)state;
	assert_int_equal(call_step(c, NULL, 1000), MLC_DONE);
	assert_int_equal(call_writes(c, &w), 2);
	assert_int_equal(w[0].end, WRITE_END_REFUSED);
	assert_int_equal(w[0].after_ms, 500);
	assert_string_equal(w[0].text, "later, please");
	assert_int_equal(w[1].end, WRITE_END_SETTLED);
	assert_string_equal(w[1].record.id, "9");
	call_destroy(c);
}

static enum mlc_step dumps(struct mlc_call *c)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:[{s:s}],s:{s:s}}", "total", "12.30", "shown", "12.30",
		"name", "1.0",
		"lines", "amount", "0.10", "else", "total", "5.00");

	c->request->method = "POST";
	c->request->path = "/";
	c->request->body = c->host->dump(c, o, c->entity, &c->request->body_len);
	return MLC_SEND;
}

static void bare_decimals_are_numbers_where_the_table_says_so(void **state)
{
	struct call *c = begin(OP_WRITE, dumps);

	(void)state;
	assert_int_equal(call_step(c, NULL, 1000), MLC_SEND);
	assert_string_equal(call_inside(c)->request->body,
		"{\"total\":12.30,\"shown\":\"12.30\",\"name\":\"1.0\","
		"\"lines\":[{\"amount\":0.10}],\"else\":{\"total\":\"5.00\"}}");
	call_destroy(c);
}

static enum mlc_step keeps(struct mlc_call *c)
{
	c->host->keep(c, "hook", "s3cret");
	c->request->method = "POST";
	c->request->path = c->host->secret_is(c, "hook", "s3cret") ? "/known" : "/unknown";
	return MLC_SEND;
}

static void a_kept_secret_is_known_at_once_and_told_for_one_step(void **state)
{
	struct call *c = begin(OP_PING, keeps);
	const struct call_kept *kept;

	(void)state;
	assert_int_equal(call_step(c, NULL, 1000), MLC_SEND);
	assert_string_equal(call_inside(c)->request->path, "/known");
	assert_int_equal(call_kept(c, &kept), 1);
	assert_string_equal(kept[0].secret, "s3cret");
	now = emits;
	call_step(c, NULL, 1000);
	assert_int_equal(call_kept(c, &kept), 0);
	call_destroy(c);
}

static enum mlc_step tells(struct mlc_call *c)
{
	bool ours = c->host->fact(c, "identity", "theirs");

	c->host->fact(c, "company", "Acme");
	return ours ? MLC_DONE : (c->host->fail)(c, MLC_REFUSED, 7, "not ours, %d", 1);
}

static void a_fact_of_another_identity_is_answered_with_false(void **state)
{
	struct call *c = begin(OP_PING, tells);
	uint32_t after;
	const char *text;

	(void)state;
	assert_int_equal(call_step(c, NULL, 1000), MLC_FAIL);
	assert_int_equal(call_fault(c, &after, &text), MLC_REFUSED);
	assert_int_equal(after, 7);
	assert_string_equal(text, "not ours, 1");
	assert_string_equal(json_text_at(call_facts(c), "company"), "Acme");
	call_destroy(c);
}

static enum mlc_step describes(struct mlc_call *c)
{
	static const struct mlc_field extra = { "Custom__c", MLC_TEXT, MLC_FINDABLE, 80, NULL };

	c->host->describe(c, "Deal", NULL);
	c->host->describe(c, "order", &extra);
	return MLC_DONE;
}

static void what_only_the_remote_knows_is_described_as_the_schema_is(void **state)
{
	struct call *c = begin(OP_DISCOVER, describes);

	(void)state;
	assert_int_equal(call_step(c, NULL, 1000), MLC_DONE);
	assert_non_null(json_at(call_described(c), "Deal"));
	assert_string_equal(json_text_at(call_described(c), "order.Custom__c.flags.0"), "findable");
	call_destroy(c);
}

/* ---- what it does not let pass ----------------------------------------------------------- */

#define SAYS(name, body) \
	static enum mlc_step name(struct mlc_call *c) \
	{ \
		body; \
		return MLC_DONE; \
	}
#define EMITS(name, ...) SAYS(name, c->host->emit(c, &(struct mlc_record){ __VA_ARGS__ }))

EMITS(without_id, .entity = "order", .data = json_object())
EMITS(empty_id, .entity = "order", .id = "", .data = json_object())
EMITS(unknown_entity, .entity = "ghost", .id = "1", .data = json_object())
EMITS(nothing_at_all, .entity = "order", .id = "1")
SAYS(settles_what_is_not_there, c->host->settle(c, 2,
	&(struct mlc_record){ .entity = "order", .id = "1" }))
SAYS(settles_half, c->host->settle(c, 0, &(struct mlc_record){ .entity = "order", .id = "1" }))
SAYS(settles_twice, settles_half(c); settles_half(c))
SAYS(doubles, c->host->dump(c, json_pack("{s:f}", "total", 12.3), c->entity, NULL))
SAYS(no_decimal, c->host->dump(c, json_pack("{s:s}", "total", "twelve"), c->entity, NULL))
SAYS(spends_all, while (c->host->alloc(c, 1000)))
SAYS(formats_all, while (*c->host->format(c, "%01000d", 1)))

static enum mlc_step unknown_outcome(struct mlc_call *c)
{
	(void)c;
	return (enum mlc_step)77;
}

static enum mlc_step fails_silently(struct mlc_call *c)
{
	(void)c;
	return MLC_FAIL;
}

static enum mlc_step sends_nothing(struct mlc_call *c)
{
	(void)c;
	return MLC_SEND;
}

static void breaches_of_the_contract_are_broken_by_name(void **state)
{
	static const struct { enum op op; mlc_step_fn *fn; const char *word; } rows[] = {
		{ OP_FETCH, without_id, "without an id" }, { OP_FETCH, empty_id, "without an id" },
		{ OP_FETCH, unknown_entity, "'ghost'" },
		{ OP_FETCH, nothing_at_all, "neither data nor text" },
		{ OP_WRITE, settles_what_is_not_there, "no write 2" },
		{ OP_WRITE, settles_half, "write 1 was neither" },
		{ OP_WRITE, settles_twice, "outcome already" }, { OP_WRITE, doubles, "double" },
		{ OP_WRITE, no_decimal, "no decimal" }, { OP_FETCH, spends_all, "budget" },
		{ OP_FETCH, formats_all, "budget" },
		{ OP_FETCH, unknown_outcome, "77" },
		{ OP_FETCH, fails_silently, "without saying why" },
		{ OP_FETCH, sends_nothing, "without a path" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_broken(begin(rows[i].op, rows[i].fn), rows[i].word);
}

/* ---- remotes that lead nowhere ------------------------------------------------------------- */

/* The reply is a list of what to emit: "1", "" (without an id); then the cursor moves. */
static enum mlc_step as_told(struct mlc_call *c)
{
	json_t *list = c->reply->kind == MLC_REPLY_HERE ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL, *id;
	size_t i;

	json_array_foreach(list, i, id)
		c->host->emit(c, &(struct mlc_record){ .entity = "order", .id = json_string_value(id),
			.data = json_pack("{s:I}", "n", (json_int_t)i) });
	if (list)
		c->host->advance(c, c->reply->body, 0);
	return mlc_get(c, "/next");
}

/* Commits what came before, as the host does. */
static enum mlc_step told(struct call *c, const char *body)
{
	const struct call_reply reply = { .reply = { MLC_REPLY_HERE, 200, body, strlen(body) } };

	call_take(c);
	return call_step(c, &reply, 1000);
}

static struct call *reads(void)
{
	struct call *c = begin(OP_POLL, as_told);

	assert_int_equal(call_step(c, NULL, 1000), MLC_SEND);
	return c;
}

static void assert_nothing_counts(struct call *c, const char *words)
{
	const struct call_record *r;
	const char *text, *cursor;
	int64_t renew;

	assert_int_equal(call_fault(c, NULL, &text), MLC_BROKEN);
	assert_non_null(strstr(text, words));
	assert_false(call_advanced(c, &cursor, &renew));
	assert_int_equal(call_records(c, &r), 0);
	call_destroy(c);
}

static void a_record_without_an_id_is_named_by_its_text(void **state)
{
	struct call *c = reads();
	const struct call_record *r;
	char first[64];

	(void)state;
	assert_int_equal(told(c, "[\"1\",\"\",\"2\"]"), MLC_SEND);
	assert_int_equal(call_records(c, &r), 3);
	assert_false(call_is_nameless(r[0].id));
	assert_true(call_is_nameless(r[1].id));
	assert_string_equal(r[1].text, "{\"n\":1}");
	snprintf(first, sizeof first, "%s", r[1].id);
	assert_int_equal(told(c, "[\"3\",null]"), MLC_SEND); /* the same record again */
	call_records(c, &r);
	assert_string_equal(r[1].id, first);
	call_destroy(c);
}

static void a_page_of_none_but_such_is_another_list(void **state)
{
	struct call *c = reads();

	(void)state;
	assert_int_equal(told(c, "[\"1\"]"), MLC_SEND);
	assert_int_equal(told(c, "[null,\"\"]"), MLC_FAIL);
	assert_nothing_counts(c, "none of the records of a page has an id");
}

static void pages_that_lead_back_end_the_reading_however_long_the_circle(void **state)
{
	static const char *const pages[] = { "[\"1\"]", "[\"2\",\"3\"]", "[]", "[\"4\"]", "[\"5\"]", "[\"6\"]", "[\"7\"]" };

	(void)state;
	for (size_t length = 1; length <= 7; length++) {
		struct call *c = reads();
		enum mlc_step step = MLC_SEND;
		size_t n = 0;

		assert_int_equal(told(c, "[\"0\"]"), MLC_SEND); /* before it */
		for (; step == MLC_SEND && n < 100; n++)
			step = told(c, pages[n % length]);
		assert_int_equal(step, MLC_FAIL);
		assert_nothing_counts(c, "lead back to it");
	}
}

static void a_page_that_comes_once_more_is_no_circle(void **state)
{
	struct call *c = reads();

	(void)state;
	assert_int_equal(told(c, "[\"1\"]"), MLC_SEND);
	assert_int_equal(told(c, "[\"1\"]"), MLC_SEND); /* it has shifted */
	for (int i = 2; i < 200; i++) {
		char body[16];

		snprintf(body, sizeof body, "[\"%d\"]", i);
		assert_int_equal(told(c, body), MLC_SEND);
	}
	call_destroy(c);
}

static void pages_without_end_and_without_records_end(void **state)
{
	struct call *c = reads();
	unsigned n = 0;

	(void)state;
	while (n < 2000 && told(c, "[]") == MLC_SEND)
		n++;
	assert_int_equal(n, 1000);
	assert_nothing_counts(c, "brought no record");
}

static enum mlc_step gives_beyond(struct mlc_call *c)
{
	c->host->gave(c, c->visit->taken_count, 200, "x", 1);
	return MLC_DONE;
}

static void an_answer_to_what_was_not_taken_is_broken(void **state)
{
	struct mlc_visit visit = { .taken_count = 0 };
	struct call_input in = { .op = OP_SERVE, .visit = &visit, .now_ms = 1 };

	(void)state;
	now = gives_beyond;
	assert_broken(call_create(&site, &in), "no taken request");
}

static void what_a_connector_cannot_is_refused(void **state)
{
	struct call_input in = { .op = OP_FIND, .now_ms = 1 };
	struct call *c = call_create(&site, &in);
	const char *text;

	(void)state;
	assert_int_equal(call_step(c, NULL, 1), MLC_FAIL);
	assert_int_equal(call_fault(c, NULL, &text), MLC_REFUSED);
	assert_string_equal(text, "any cannot find");
	call_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_as_text_with_decimals_as_they_were),
		cmocka_unit_test(a_long_poll_does_not_grow_with_its_pages),
		cmocka_unit_test(each_write_has_its_own_end),
		cmocka_unit_test(bare_decimals_are_numbers_where_the_table_says_so),
		cmocka_unit_test(a_kept_secret_is_known_at_once_and_told_for_one_step),
		cmocka_unit_test(a_fact_of_another_identity_is_answered_with_false),
		cmocka_unit_test(what_only_the_remote_knows_is_described_as_the_schema_is),
		cmocka_unit_test(breaches_of_the_contract_are_broken_by_name),
		cmocka_unit_test(a_record_without_an_id_is_named_by_its_text),
		cmocka_unit_test(a_page_of_none_but_such_is_another_list),
		cmocka_unit_test(pages_that_lead_back_end_the_reading_however_long_the_circle),
		cmocka_unit_test(a_page_that_comes_once_more_is_no_circle),
		cmocka_unit_test(pages_without_end_and_without_records_end),
		cmocka_unit_test(an_answer_to_what_was_not_taken_is_broken),
		cmocka_unit_test(what_a_connector_cannot_is_refused),
	};

	return crypto_init(NULL) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
