/* changes_are_captured.c - change data capture, and whole lists where it forgets or is too full.  ZEN-05, ZEN-07. */
#include "drive.h"

#define KINDS "Account%2CTerm%2CClass%2CDepartment%2CPaymentMethod%2CCustomer%2CVendor%2CEmployee%2CItem%2CInvoice%2CCreditMemo" \
	"%2CPayment%2CBill%2CPurchaseOrder%2CJournalEntry"
#define ASKED(kinds, since) "/cdc?minorversion=75&entities=" kinds "&changedSince=" since

static void poll(struct drive *d, const char *from)
{
	d->input.feed = "changes";
	d->input.cursor = from;
	begin(d, OP_POLL);
}

/* An answer of changes: one list of count records of a kind, with ids from first on. */
static char *changes_at(const char *kind, unsigned first, unsigned count, const char *time)
{
	struct buf b;

	buf_init(&b, 4u << 20);
	buf_printf(&b, "{\"CDCResponse\":[{\"QueryResponse\":[{\"%s\":[", kind);
	for (unsigned i = 0; i < count; i++)
		buf_printf(&b, "%s{\"Id\":\"%u\",\"SyncToken\":\"0\",\"MetaData\":{\"LastUpdatedTime\":\"2026-11-20T08:00:00-08:00\"}}",
			i ? "," : "", first + i);
	buf_printf(&b, "],\"startPosition\":1,\"maxResults\":%u}]}],%s}", count, time);
	return buf_take(&b, NULL);
}

static char *changes_of(const char *kind, unsigned first, unsigned count)
{
	return changes_at(kind, first, count, TIME);
}

/* A page of a query, one second from record to record. */
static char *page_of(const char *kind, unsigned first, unsigned count)
{
	struct buf b;

	buf_init(&b, 4u << 20);
	buf_printf(&b, "{\"QueryResponse\":{\"%s\":[", kind);
	for (unsigned i = 0; i < count; i++)
		buf_printf(&b, "%s{\"Id\":\"%u\",\"SyncToken\":\"0\",\"MetaData\":{\"LastUpdatedTime\":\"2026-11-01T%02u:%02u:%02u-07:00\"}}",
			i ? "," : "", first + i, (first + i) / 3600, (first + i) / 60 % 60, (first + i) % 60);
	buf_printf(&b, "],\"startPosition\":1,\"maxResults\":%u}," TIME "}", count);
	return buf_take(&b, NULL);
}

#define LATER "\"time\":\"2026-11-20T17:00:00.000-08:00\""
#define NONE "{\"QueryResponse\":{}," TIME "}"
#define NONE_LATER "{\"QueryResponse\":{}," LATER "}"

/* A poll ends with its cursor, which is committed. */
static void ends_at(struct drive *d, const char *at)
{
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(cursor(d), at);
}

/* A page's cursor, where it was a page of a longer reading. */
static void commit_if_any(struct drive *d)
{
	if (cursor(d))
		commit(d);
}

static size_t count_emitted(const struct drive *d)
{
	const struct call_record *r;

	return call_records(d->call, &r);
}

static void one_call_tells_all_kinds_deletions_too(void **state)
{
	struct drive *d = *state;
	char *text;

	poll(d, "2026-11-20T23:00:00Z");
	asks(d, "GET", ASKED(KINDS, "2026-11-20T22%3A59%3A00Z")); /* a minute of it again */
	assert_string_equal(call_inside(d->call)->request->endpoint, "sandbox");
	assert_string_equal(call_inside(d->call)->request->headers[0], "Accept: application/json");
	answer(d, 200, "{\"CDCResponse\":[{\"QueryResponse\":[{\"Customer\":[" CUSTOMER("63", "2", "2026-11-20T15:30:00-08:00", "")
		"],\"startPosition\":1,\"maxResults\":1},{\"Invoice\":[{\"Id\":\"130\",\"SyncToken\":\"1\",\"MetaData\":{\"LastUpdatedTime\":"
		"\"2026-11-20T15:40:00-08:00\"},\"TotalAmt\":362.07},{\"domain\":\"QBO\",\"status\":\"Deleted\",\"Id\":\"65\",\"MetaData\":"
		"{\"LastUpdatedTime\":\"2026-11-20T15:34:31-08:00\"}}],\"maxResults\":2},{}]}]," TIME "}");
	assert_string_equal(emitted(d), "Customer 63, Invoice 130, deleted Invoice 65");
	assert_string_equal(record(d, 0)->version, "2");
	ends_at(d, "2026-11-21T00:10:00Z"); /* QuickBooks' own clock */
	drive_end(d);

	text = spec("quickbooks-online/samples-json/cdc-response.json", NULL);
	if (!text)
		return;
	poll(d, "2026-11-20T15:00:00Z");
	answer(d, 200, text);
	assert_string_equal(emitted(d), "Customer 63, Invoice 130, deleted Invoice 65");
	ends_at(d, "2026-11-20T16:12:06Z");
	free(text);
}

static void nothing_new_is_an_answer_with_empty_parts(void **state)
{
	struct drive *d = *state;

	poll(d, "2026-11-20T23:00:00Z");
	answer(d, 200, "{\"CDCResponse\":[{\"QueryResponse\":[{},{},{}]}]," TIME "}");
	assert_string_equal(emitted(d), "");
	ends_at(d, "2026-11-21T00:10:00Z");
}

static void what_is_no_list_of_changes_moves_nothing(void **state)
{
	static const char *const odd[] = {
		"{}", "{\"CDCResponse\":[]," TIME "}", "{\"CDCResponse\":[{}]," TIME "}", "{\"CDCResponse\":[{\"QueryResponse\":[7]}]," TIME "}",
		"{\"CDCResponse\":[{\"QueryResponse\":[{}]}]}", "{\"CDCResponse\":[{\"QueryResponse\":[{\"Customer\":[{}]}]}]," TIME "}",
		"{\"QueryResponse\":{}," TIME "}", "{\"CDCResponse\":[{\"QueryResponse\":[{\"Customer\":[{\"Id\":\"1\"",
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		poll(d, "2026-11-20T23:00:00Z");
		answer(d, 200, odd[i]);
		fails(d, MLC_BROKEN);
		assert_null(cursor(d));
		drive_end(d);
	}
}

/* ZEN-07: 29 days are captured; 31 days are compared as a whole. */
static void twenty_nine_days_are_captured_and_thirty_one_compared(void **state)
{
	struct drive *d = *state;

	poll(d, "2026-10-23T00:10:00Z"); /* 29 days ago */
	asks(d, "GET", ASKED(KINDS, "2026-10-23T00%3A09%3A00Z"));
	drive_end(d);
	poll(d, "2026-10-21T00:10:00Z"); /* 31 */
	asks_query(d, "select * from Account where Active in (true,false) and MetaData.LastUpdatedTime >= '1970-01-01T00:00:00Z'"
		" orderby MetaData.LastUpdatedTime startposition 1 maxresults 1000");
}

static void the_first_reading_goes_kind_by_kind_and_page_by_page(void **state)
{
	static const char *const rest[] = { "Term", "Class", "Department", "PaymentMethod", "Customer", "Vendor", "Employee", "Item",
		"Invoice", "CreditMemo", "Payment", "Bill", "PurchaseOrder", "JournalEntry" };
	struct drive *d = *state;
	char *text = page_of("Account", 1, 1000), expected[256];

	poll(d, NULL);
	answer(d, 200, text);
	free(text);
	assert_int_equal(count_emitted(d), 1000);
	/* The next page begins where this one ended, not at a number. */
	asks_query(d, "select * from Account where Active in (true,false) and MetaData.LastUpdatedTime >= '2026-11-01T07:16:40Z'"
		" orderby MetaData.LastUpdatedTime startposition 1 maxresults 1000");
	assert_non_null(strstr(cursor(d), "read "));
	commit(d);
	text = page_of("Account", 1000, 3);
	answer(d, 200, text);
	free(text);
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
		bool names = i < 8;

		snprintf(expected, sizeof expected, "select * from %s where %sMetaData.LastUpdatedTime >= '1970-01-01T00:00:00Z'"
			" orderby MetaData.LastUpdatedTime startposition 1 maxresults 1000", rest[i], names ? "Active in (true,false) and " : "");
		asks_query(d, expected);
		commit(d);
		answer(d, 200, NONE);
	}
	ends_at(d, "2026-11-21T00:10:00Z");
}

static void a_reading_goes_on_where_a_restart_cut_it(void **state)
{
	struct drive *d = *state;
	char *text = page_of("Account", 1, 1000), kept[256];

	poll(d, NULL);
	answer(d, 200, text);
	free(text);
	snprintf(kept, sizeof kept, "%s", cursor(d));
	drive_end(d);
	poll(d, kept);
	asks_query(d, "select * from Account where Active in (true,false) and MetaData.LastUpdatedTime >= '2026-11-01T07:16:40Z'"
		" orderby MetaData.LastUpdatedTime startposition 1 maxresults 1000");
	/* What changes meanwhile is news afterwards: it ends where the first page was read, not where the last was. */
	for (int i = 0; i < 15; i++) {
		commit_if_any(d);
		answer(d, 200, NONE_LATER);
	}
	ends_at(d, "2026-11-21T00:10:00Z");
}

/* A page of a thousand accounts, all of one second, or the last of them before the others. */
static void a_page_by_number(struct buf *b, unsigned first, bool unsorted)
{
	buf_init(b, 4u << 20);
	buf_puts(b, "{\"QueryResponse\":{\"Account\":[");
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(b, "%s{\"Id\":\"%u\",\"SyncToken\":\"0\",\"MetaData\":{\"LastUpdatedTime\":\"%s\"}}", i ? "," : "", first + i,
			!unsorted ? "1970-01-01T00:00:00Z" : i < 999 ? "2026-11-01T00:00:00Z" : "2026-10-01T00:00:00Z");
	buf_puts(b, "],\"maxResults\":1000}," TIME "}");
}

/* Where the order is not to be trusted, the last time of a page is no place to go on from. */
static void a_page_out_of_order_is_followed_by_number(void **state)
{
	struct drive *d = *state;

	for (int unsorted = 0; unsorted < 2; unsorted++) {
		struct buf b;

		poll(d, NULL);
		a_page_by_number(&b, 1, unsorted);
		answer(d, 200, b.data);
		buf_finish(&b);
		asks_query(d, "select * from Account where Active in (true,false) and MetaData.LastUpdatedTime >= '1970-01-01T00:00:00Z'"
			" orderby MetaData.LastUpdatedTime startposition 1001 maxresults 1000");
		commit(d);
		a_page_by_number(&b, 1001, unsorted);
		answer(d, 200, b.data);
		buf_finish(&b);
		asks_query(d, "select * from Account where Active in (true,false) and MetaData.LastUpdatedTime >= '1970-01-01T00:00:00Z'"
			" orderby MetaData.LastUpdatedTime startposition 2001 maxresults 1000");
		drive_end(d);
	}
	/* After a restart, too. */
	poll(d, "read 1 0 0 2001 1795219800000");
	assert_non_null(strstr(query(d), "startposition 2001"));
}

static void a_page_that_repeats_ends_the_reading(void **state)
{
	struct drive *d = *state;
	struct buf b;

	buf_init(&b, 4u << 20);
	buf_puts(&b, "{\"QueryResponse\":{\"Account\":[");
	for (unsigned i = 0; i < 1000; i++) /* all of one second: the window cannot move */
		buf_printf(&b, "%s{\"Id\":\"%u\",\"SyncToken\":\"0\",\"MetaData\":{\"LastUpdatedTime\":\"1970-01-01T00:00:00Z\"}}",
			i ? "," : "", i + 1);
	buf_puts(&b, "],\"maxResults\":1000}," TIME "}");
	poll(d, NULL);
	answer(d, 200, b.data);
	asks_query(d, "select * from Account where Active in (true,false) and MetaData.LastUpdatedTime >= '1970-01-01T00:00:00Z'"
		" orderby MetaData.LastUpdatedTime startposition 1001 maxresults 1000");
	commit(d);
	answer(d, 200, b.data);
	fails(d, MLC_BROKEN);
	assert_non_null(strstr(why(d), "same page"));
	buf_finish(&b);
}

/* ZEN-07.  No pages: a thousand may be more than that.  Each kind is asked for alone. */
static void a_full_answer_is_asked_for_kind_by_kind(void **state)
{
	static const char *const kinds[] = { "Account", "Term", "Class", "Department", "PaymentMethod", "Customer", "Vendor",
		"Employee", "Item", "Invoice", "CreditMemo", "Payment", "Bill", "PurchaseOrder", "JournalEntry" };
	struct drive *d = *state;
	char *text = changes_of("Customer", 1, 1000), path[160];

	poll(d, "2026-11-20T23:00:00Z");
	answer(d, 200, text);
	free(text);
	assert_int_equal(count_emitted(d), 0); /* it comes again */
	/* And the cursor is of the first answer: what changes while the others come is not passed over. */
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		snprintf(path, sizeof path, ASKED("%s", "2026-11-20T22%%3A59%%3A00Z"), kinds[i]);
		asks(d, "GET", path);
		text = changes_at(kinds[i], 5000 + 1000 * (unsigned)i, i == 5 || i == 9 ? 999 : 0, LATER);
		answer(d, 200, text);
		free(text);
	}
	assert_int_equal(count_emitted(d), 1998);
	ends_at(d, "2026-11-21T00:10:00Z");
}

/* ZEN-07.  Deletions may be among what is not told, and no query tells those: the host reads and compares everything. */
static void a_kind_that_is_too_much_alone_is_compared_as_a_whole(void **state)
{
	struct drive *d = *state;
	char *text = changes_of("Account", 1, 1000);

	poll(d, "2026-11-20T23:00:00Z");
	answer(d, 200, text);
	asks(d, "GET", ASKED("Account", "2026-11-20T22%3A59%3A00Z"));
	answer(d, 200, text);
	free(text);
	fails(d, MLC_STALE);
	assert_string_equal(why(d), "more of Account has changed than QuickBooks tells of at once");
	assert_null(cursor(d));
}

/* A 200 that tells of the one kind and not of the other: the cursor stays, or what the other has to tell is lost. */
static void a_kind_that_cannot_be_told_is_not_one_without_changes(void **state)
{
	struct drive *d = *state;

	poll(d, "2026-11-20T23:00:00Z");
	answer(d, 200, "{\"CDCResponse\":[{\"QueryResponse\":[{\"Customer\":[]}," FAULT("10000", "An application error", "System Failure Error")
		"]}]," TIME "}");
	fails(d, MLC_RETRY);
	assert_null(cursor(d));
}

static void a_person_says_from_when_on(void **state)
{
	struct drive *d = *state;

	poll(d, "@2026-11-01T00:00:00Z");
	asks(d, "GET", ASKED(KINDS, "2026-11-01T00%3A00%3A00Z"));
	drive_end(d);
	poll(d, "@2026-01-01T00:00:00Z");
	asks_query(d, "select * from Account where Active in (true,false) and MetaData.LastUpdatedTime >= '2026-01-01T00:00:00Z'"
		" orderby MetaData.LastUpdatedTime startposition 1 maxresults 1000");
	answer(d, 200, NONE);
	asks_query(d, "select * from Term where Active in (true,false) and MetaData.LastUpdatedTime >= '2026-01-01T00:00:00Z'"
		" orderby MetaData.LastUpdatedTime startposition 1 maxresults 1000");
}

static void a_cursor_that_is_none_reads_everything(void **state)
{
	struct drive *d = *state;

	poll(d, "read 0 0 0 0 0");
	asks_query(d, "select * from Account where Active in (true,false) and MetaData.LastUpdatedTime >= '1970-01-01T00:00:00Z'"
		" orderby MetaData.LastUpdatedTime startposition 1 maxresults 1000");
	drive_end(d);
	poll(d, "nonsense");
	assert_non_null(strstr(query(d), "1970-01-01"));
}

int main(void)
{
#define TEST(name) drive_test(name)
	const struct CMUnitTest tests[] = {
		TEST(one_call_tells_all_kinds_deletions_too), TEST(nothing_new_is_an_answer_with_empty_parts),
		TEST(what_is_no_list_of_changes_moves_nothing), TEST(twenty_nine_days_are_captured_and_thirty_one_compared),
		TEST(the_first_reading_goes_kind_by_kind_and_page_by_page), TEST(a_reading_goes_on_where_a_restart_cut_it),
		TEST(a_page_out_of_order_is_followed_by_number), TEST(a_page_that_repeats_ends_the_reading), TEST(a_full_answer_is_asked_for_kind_by_kind), TEST(a_kind_that_is_too_much_alone_is_compared_as_a_whole),
		TEST(a_kind_that_cannot_be_told_is_not_one_without_changes), TEST(a_person_says_from_when_on),
		TEST(a_cursor_that_is_none_reads_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
