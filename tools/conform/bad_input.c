/* bad_input.c - a remote that gives what it should not: each has its outcome, and none keeps other records back. */
#include "checks.h"
#include "remote.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_MAX 60                /* pages until a circle must be noticed */
#define BIG       (31u << 20)       /* bytes: the host takes 32 MB of a reply */
#define ELSEWHERE "https://elsewhere.example/steal"

typedef void story_fn(const struct kit *, const json_t *poll, complain_fn *);

static void each_poll(const struct kit *kit, story_fn *fn, complain_fn *complain)
{
	json_t *poll;
	size_t i;

	json_array_foreach(json_object_get(kit->shapes, "polls"), i, poll)
		fn(kit, poll, complain);
}

/* Polls and finds: what both read page by page. */
static void each_list(const struct kit *kit, story_fn *fn, complain_fn *complain)
{
	json_t *find;
	size_t i;

	each_poll(kit, fn, complain);
	json_array_foreach(json_object_get(kit->shapes, "finds"), i, find)
		fn(kit, find, complain);
}

static bool is_find(const json_t *poll)
{
	return !json_object_get(poll, "feed");
}

/* "poll orders", "find customer" */
static const char *what_of(const json_t *poll)
{
	static char text[80];

	snprintf(text, sizeof text, "%s %s", is_find(poll) ? "find" : "poll", json_text_or(poll, is_find(poll) ? "entity" : "feed", "(none)"));
	return text;
}

/* A page that may be followed by another one holds so many rows. */
static struct page rows_from(const json_t *poll, size_t from, bool more)
{
	return (struct page){ .from = from, .count = more ? rows_of(poll) : 2, .more = more };
}

static const json_t *record_of_row(const json_t *poll, const struct reading *r, size_t row)
{
	char id[64];

	id_of_row(poll, row, id, sizeof id);
	return json_object_get(r->records, id);
}

/* Each row of the pages but the nameless ones is there, and nothing else. */
static void expect_rows(const json_t *poll, const struct reading *r, const struct page *pages, size_t count, const char *when,
	complain_fn *complain)
{
	size_t missing = 0, due = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t row = pages[i].from; row < pages[i].from + pages[i].count; row++)
			if (pages[i].nameless != row) {
				due++;
				missing += !record_of_row(poll, r, row);
			}
	if (missing)
		complain("%s: %s: %zu of %zu records are lost%s%s%s%s", what_of(poll), when, missing, due, *r->why ? ": " : "", r->why,
			*r->unknown ? "; its shapes do not answer " : "", r->unknown);
	if (json_object_size(r->records) > due - missing)
		complain("%s: %s: %zu records came, %zu were there", what_of(poll), when, json_object_size(r->records), due);
}

static void expect_broken(const json_t *poll, const struct reading *r, const char *when, complain_fn *complain)
{
	if (r->stray)
		return; /* the host refuses to go there: BROKEN */
	if (r->end == MLC_SEND || r->end == MLC_PAUSE)
		complain("%s: %s: it asks on and on%s%s", what_of(poll), when, *r->unknown ? ", its shapes do not answer " : "",
			r->unknown);
	else if (r->end == MLC_DONE)
		complain("%s: %s is taken for the end", what_of(poll), when);
	else if (r->fault != MLC_BROKEN && !(is_find(poll) && r->fault == MLC_REFUSED)) /* over so many nobody looks on */
		complain("%s: %s: fault %d: %s", what_of(poll), when, r->fault, r->why);
	else if (strlen(r->why) < 8)
		complain("%s: %s: no words for a person: '%s'", what_of(poll), when, r->why);
}

/* ---- what is well -------------------------------------------------------------------------- */

static void a_list_is_read_whole(const struct kit *kit, const json_t *poll, complain_fn *complain)
{
	const size_t n = rows_of(poll);
	const struct page pages[] = { rows_from(poll, 1, true), rows_from(poll, n + 1, true), rows_from(poll, 2 * n + 1, false) };
	struct reading r;

	remote_read(kit, poll, &(struct story){ pages, 3, 0 }, &r);
	if (r.end != MLC_DONE)
		complain("%s: three pages that are well end otherwise: %s%s", what_of(poll), r.why, r.unknown);
	expect_rows(poll, &r, pages, 3, "three pages that are well", complain);
	reading_finish(&r);
}

static void check_whole(const struct kit *kit, complain_fn *complain)
{
	each_list(kit, a_list_is_read_whole, complain);
}

/* ---- pages that lead nowhere, or back -------------------------------------------------------- */

static void an_empty_page_is_followed(const struct kit *kit, const json_t *poll, complain_fn *complain)
{
	const size_t n = rows_of(poll);
	const struct page pages[] = { rows_from(poll, 1, true), { .from = 1, .more = true }, rows_from(poll, n + 1, false) };
	struct reading r;

	if (json_true_at(poll, "counts")) /* it is the rows of a page that say whether there is another one */
		return;
	remote_read(kit, poll, &(struct story){ pages, 3, 0 }, &r);
	if (r.end != MLC_DONE)
		complain("%s: an empty page that names a next one: %s", what_of(poll), r.why);
	expect_rows(poll, &r, pages, 3, "an empty page that names a next one", complain);
	reading_finish(&r);
}

static void check_empty(const struct kit *kit, complain_fn *complain)
{
	each_list(kit, an_empty_page_is_followed, complain);
}

static void ends_broken(const struct kit *kit, const json_t *poll, const struct story *s, const char *when, complain_fn *complain)
{
	struct reading r;

	remote_read(kit, poll, s, &r);
	expect_broken(poll, &r, when, complain);
	if (r.asked > ASKED_MAX)
		complain("%s: %s is noticed after %u pages", what_of(poll), when, r.asked);
	reading_finish(&r);
}

static void circles_end(const struct kit *kit, const json_t *poll, complain_fn *complain)
{
	const size_t n = rows_of(poll);
	const struct page same = rows_from(poll, 1, true);
	struct page round[] = { rows_from(poll, 1, true), rows_from(poll, n + 1, true), rows_from(poll, 2 * n + 1, true) };
	struct page self[] = { rows_from(poll, 1, true), rows_from(poll, n + 1, true) };

	ends_broken(kit, poll, &(struct story){ &same, 1, 0 }, "one page again and again, under new names", complain);
	round[1].name = 2;
	round[2].name = 3;
	ends_broken(kit, poll, &(struct story){ round, 3, 1 }, "a next page that leads back", complain);
	self[1].name = 2;
	ends_broken(kit, poll, &(struct story){ self, 2, 1 }, "a page that names itself as the next one", complain);
}

static void check_circles(const struct kit *kit, complain_fn *complain)
{
	each_list(kit, circles_end, complain);
}

/* ---- records that are not as they should be --------------------------------------------------- */

static void a_nameless_record_keeps_no_other_back(const struct kit *kit, const json_t *poll, complain_fn *complain)
{
	const size_t n = rows_of(poll);
	struct page pages[] = { rows_from(poll, 1, true), rows_from(poll, n + 1, false) };
	struct page none = rows_from(poll, 1, false);
	struct reading r;

	pages[0].nameless = n;
	remote_read(kit, poll, &(struct story){ pages, 2, 0 }, &r);
	if (r.end != MLC_DONE)
		complain("%s: one record without an id stops the reading: %s", what_of(poll), r.why);
	expect_rows(poll, &r, pages, 2, "one record without an id", complain);
	if (r.nameless != 1)
		complain("%s: a record without an id is dropped in silence: emit it without one", what_of(poll));
	reading_finish(&r);

	none.nameless = SIZE_MAX;
	ends_broken(kit, poll, &(struct story){ &none, 1, 0 }, "a list of records of which none has an id", complain);
}

/* It may be just the one that was looked for: to say that there is none would have it made a second time. */
static void a_nameless_record_is_not_none(const struct kit *kit, const json_t *find, complain_fn *complain)
{
	struct page page = rows_from(find, 1, false);

	page.nameless = SIZE_MAX;
	ends_broken(kit, find, &(struct story){ &page, 1, 0 }, "records without an id in place of what was looked for", complain);
}

static void check_nameless(const struct kit *kit, complain_fn *complain)
{
	json_t *find;
	size_t i;

	each_poll(kit, a_nameless_record_keeps_no_other_back, complain);
	json_array_foreach(json_object_get(kit->shapes, "finds"), i, find)
		a_nameless_record_is_not_none(kit, find, complain);
}

static bool is_amount(const json_t *value)
{
	struct decimal is, due;

	if (json_is_integer(value))
		return false;
	return json_is_string(value) && decimal_parse(json_string_value(value), json_string_length(value), &is)
		&& decimal_parse("12.5", 4, &due) && decimal_cmp(is, due) == 0;
}

static void numbers_may_be_text(const struct kit *kit, const json_t *poll, complain_fn *complain)
{
	const char *amount = json_text_at(poll, "amount");
	struct page pages[] = { rows_from(poll, 1, true), rows_from(poll, rows_of(poll) + 1, false) };
	struct reading r;

	pages[0].turned = true;
	remote_read(kit, poll, &(struct story){ pages, 2, 0 }, &r);
	if (r.end != MLC_DONE)
		complain("%s: numbers as text, or text as numbers, stop the reading: %s", what_of(poll), r.why);
	expect_rows(poll, &r, pages, 2, "numbers as text and text as numbers", complain);
	for (size_t row = 1; amount && row <= pages[0].count + 2; row++) {
		const json_t *record = record_of_row(poll, &r, row);

		if (json_is_object(record) && !is_amount(json_at(record, amount))) {
			complain("%s: 12.50 becomes '%s' where it stands as %s", what_of(poll), json_text_or(record, amount, "(none)"),
				row <= pages[0].count ? "a number" : "text");
			break;
		}
	}
	reading_finish(&r);
}

static void check_types(const struct kit *kit, complain_fn *complain)
{
	each_poll(kit, numbers_may_be_text, complain);
}

/* ---- replies that are no page ------------------------------------------------------------------ */

/* bad comes in place of the second page: what came before is kept, what it was to tell is not lost. */
static void in_place_of_a_page(const struct kit *kit, const json_t *poll, struct page bad, unsigned may, uint32_t after_ms, const char *when,
	complain_fn *complain)
{
	const size_t n = rows_of(poll);
	const struct page whole = rows_from(poll, n + 1, false);
	const struct page first[] = { rows_from(poll, 1, true) };
	struct page pages[] = { first[0], bad };
	struct reading r;

	pages[1].from = whole.from;
	pages[1].count = whole.count;
	remote_read(kit, poll, &(struct story){ pages, 2, 1 }, &r);
	if (r.end == MLC_FAIL && !(may & 1u << r.fault))
		complain("%s: %s: fault %d: %s", what_of(poll), when, r.fault, r.why);
	else if (r.end == MLC_DONE)
		complain("%s: %s is taken for the end", what_of(poll), when);
	else if (r.end != MLC_FAIL)
		complain("%s: %s: it asks on and on", what_of(poll), when);
	if (r.end == MLC_FAIL && bad.headers && bad.status == 302 && !strstr(r.why, ELSEWHERE))
		complain("%s: %s: its words do not say where to: %s", what_of(poll), when, r.why);
	if (r.end == MLC_FAIL && after_ms && r.fault == MLC_LIMITED && r.after_ms != after_ms)
		complain("%s: %s: it waits for %u ms", what_of(poll), when, r.after_ms);
	/* Either its page has been committed, or the next reading begins before it: connectors whose lists know no order. */
	if (!is_find(poll) && json_object_size(r.records) && !json_true_at(poll, "at_the_end"))
		expect_rows(poll, &r, first, 1, when, complain);
	reading_finish(&r);
}

static void half_a_page_is_none(const struct kit *kit, const json_t *poll, complain_fn *complain)
{
	const int well = (int)json_int_or(poll, "status", 200);

	in_place_of_a_page(kit, poll, (struct page){ .status = well }, 1u << MLC_BROKEN, 0, "half a page", complain);
	in_place_of_a_page(kit, poll, (struct page){ .status = well, .body = "<!DOCTYPE html><html><body>We are back soon</body></html>" },
		1u << MLC_BROKEN, 0, "a web page in place of one", complain);
	in_place_of_a_page(kit, poll, (struct page){ .status = well, .body = "" }, 1u << MLC_BROKEN, 0, "nothing in place of a page", complain);
}

static void check_halves(const struct kit *kit, complain_fn *complain)
{
	each_list(kit, half_a_page_is_none, complain);
}

static void a_status_is_no_page(const struct kit *kit, const json_t *poll, complain_fn *complain)
{
	static const char *const wait[] = { "Retry-After", "17", NULL }, *const away[] = { "Location", ELSEWHERE, NULL };

	for (const struct status_rule *rule = status_rules; rule->status; rule++) {
		struct page bad = { .status = rule->status, .body = "<html><body>Something else</body></html>" };
		char when[60];

		snprintf(when, sizeof when, "status %d behind the first page", rule->status);
		if (rule->status == 302)
			bad.headers = away;
		in_place_of_a_page(kit, poll, bad, rule->reading, 0, when, complain);
		if (rule->status != 429)
			continue;
		bad.headers = wait;
		in_place_of_a_page(kit, poll, bad, rule->reading, 17000, "429 with Retry-After behind the first page", complain);
	}
}

static void check_later_statuses(const struct kit *kit, complain_fn *complain)
{
	if (!kit->connector->serve) /* a peer's replies have no HTTP status */
		each_list(kit, a_status_is_no_page, complain);
}

/* The host hands on at most 32 MB; what the connector makes of so much must end, one way or the other. */
static void much_is_borne(const struct kit *kit, const json_t *poll, complain_fn *complain)
{
	const struct page pages[] = { rows_from(poll, 1, true), { .from = 1, .count = 0, .status = (int)json_int_or(poll, "status", 200),
		.body = NULL } };
	struct page big[] = { pages[0], pages[1] };
	char *body = xcalloc(1, BIG + 1);
	struct reading r;

	memset(body, '[', BIG);
	big[1].body = body;
	remote_read(kit, poll, &(struct story){ big, 2, 1 }, &r);
	expect_broken(poll, &r, "31 MB of brackets", complain);
	reading_finish(&r);
	memset(body, 'x', BIG);
	memcpy(body, "[{\"id\":\"", 8);
	memcpy(body + BIG - 3, "\"}]", 3);
	remote_read(kit, poll, &(struct story){ big, 2, 1 }, &r);
	expect_broken(poll, &r, "an id of 31 MB", complain);
	reading_finish(&r);
	free(body);
}

static void check_much(const struct kit *kit, complain_fn *complain)
{
	each_list(kit, much_is_borne, complain);
}

/* ---- logins --------------------------------------------------------------------------------- */

/* Whatever is asked first. */
static void refused_at_the_door(const struct kit *kit, const json_t *reply, complain_fn *complain)
{
	static struct trial trials[TRIALS_MAX];
	size_t count = trials_of(kit, trials);
	char *body = json_dumps(json_object_get(reply, "body"), JSON_COMPACT | JSON_ENCODE_ANY);
	const struct call_reply given = { .reply = { MLC_REPLY_HERE, (int)json_int_or(reply, "status", 401), body ? body : "",
		body ? strlen(body) : 0 } };

	for (size_t i = 0; i < count; i++) {
		struct call *c = trial_call(kit, &trials[i]);
		enum mlc_step step = call_step(c, NULL, SAMPLE_NOW_MS);
		uint32_t after;
		const char *text;
		unsigned steps = 0;
		enum mlc_fault fault;

		for (; step == MLC_SEND && steps < ASKED_MAX; steps++)
			step = call_step(c, &given, SAMPLE_NOW_MS);
		fault = steps ? end_of(c, step, &after, &text) : (enum mlc_fault)0;
		if (steps && fault != MLC_AUTH)
			complain("%s: %s: %s", trials[i].name, json_text_or(reply, "what", "a dead token"),
				fault ? text : "it is not noticed");
		call_destroy(c);
	}
	trials_finish(trials, count);
	free(body);
}

static void check_dead_tokens(const struct kit *kit, complain_fn *complain)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(kit->shapes, "dead_tokens"), i, one)
		refused_at_the_door(kit, one, complain);
	if (!json_array_size(json_object_get(kit->shapes, "dead_tokens")) && kit->connector->auth)
		complain("shapes: dead_tokens: what the remote says to a token that has ended or was taken back is missing");
}

static void check_swapped(const struct kit *kit, complain_fn *complain)
{
	bool told, after;
	char why[400];

	if (!kit->connector->ping || kit->connector->serve) /* a peer proves itself in its visit */
		return;
	if (remote_ping(kit, true, &told, &after, why, sizeof why) != MLC_DONE || !told)
		complain("ping: what is well ends otherwise: %s", *why ? why : "no identity is told");
	if (remote_ping(kit, false, &told, &after, why, sizeof why) != MLC_FAIL)
		complain("ping: a token of another account is taken");
	if (after)
		complain("ping: it goes on asking with a token of another account: %s", why);
}

const struct check bad_input[] = {
	{ "a list of pages is read whole", check_whole },
	{ "an empty page that names a next one is not the end", check_empty },
	{ "pages that lead back, or repeat, end the reading as BROKEN", check_circles },
	{ "a record without an id goes before a person, and keeps no other back", check_nameless },
	{ "numbers as text and text as numbers are read all the same", check_types },
	{ "half a page, or a web page in its place, is BROKEN and keeps what came before", check_halves },
	{ "a status of error behind the first page keeps what came before", check_later_statuses },
	{ "31 MB of nothing are borne", check_much },
	{ "a token that has ended or was taken back is AUTH, whatever was asked", check_dead_tokens },
	{ "a token of another account is refused before anything else is asked", check_swapped },
	{ NULL, NULL },
};
