/* records_are_read.c - ping, fetch, find, and how a record looks to a mapping.  ZEN-03, ZEN-09, ZEN-15, ALL-03. */
#include "drive.h"

#define ROWS(kind, rows) "{\"QueryResponse\":{\"" kind "\":[" rows "],\"startPosition\":1,\"maxResults\":1}," TIME "}"
#define NONE "{\"QueryResponse\":{}," TIME "}"

static void find(struct drive *d, const char *entity, json_t *criteria)
{
	d->data = criteria;
	d->input.entity = entity;
	d->input.data = criteria;
	begin(d, OP_FIND);
}

static void fetch(struct drive *d, const char *entity, const char *const *ids)
{
	d->input.entity = entity;
	d->input.ids = ids;
	begin(d, OP_FETCH);
}

static void ping_tells_the_company_and_reads_a_sample(void **state)
{
	struct drive *d = *state;

	begin(d, OP_PING);
	asks_query(d, "select * from CompanyInfo");
	answer(d, 200, ROWS("CompanyInfo", "{\"Id\":\"1\",\"CompanyName\":\"Craig's Design\",\"Country\":\"US\",\"NameValue\":[{\"Name\":"
		"\"OfferingSku\",\"Value\":\"QuickBooks Online Plus\"}]}"));
	asks_query(d, "select * from Preferences");
	answer(d, 200, ROWS("Preferences", "{\"Id\":\"1\",\"CurrencyPrefs\":{\"MultiCurrencyEnabled\":false,\"HomeCurrency\":{\"value\":\"USD\"}},"
		"\"AccountingInfoPrefs\":{\"BookCloseDate\":\"2026-09-30\"},\"SalesFormsPrefs\":{\"CustomTxnNumbers\":true}}"));
	asks_query(d, "select * from Customer startposition 1 maxresults 1");
	answer(d, 200, NONE);
	assert_int_equal(d->step, MLC_DONE);
	static const char *const facts[][2] = { { "identity", REALM }, { "company", "Craig's Design" }, { "country", "US" },
		{ "edition", "QuickBooks Online Plus" }, { "currency", "USD" }, { "multi_currency", "no" }, { "closing_date", "2026-09-30" },
		{ "custom_numbers", "yes" } };
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		assert_string_equal(json_text_at(call_facts(d->call), facts[i][0]), facts[i][1]);
}

static void a_connection_without_a_grant_says_so(void **state)
{
	struct drive *d = *state;

	json_object_del(d->settings, "realmId");
	begin(d, OP_PING);
	fails(d, MLC_AUTH);
	assert_non_null(strstr(why(d), "mlc authorize"));
}

/* The grant brings the company; without a word it is no sandbox. */
static void the_company_comes_with_the_grant(void **state)
{
	struct drive *d = *state;

	json_object_clear(d->settings);
	d->site.token = json_pack("{s:s}", "realmId", REALM);
	begin(d, OP_PING);
	assert_string_equal(call_inside(d->call)->request->endpoint, "production");
	json_decref((json_t *)d->site.token);
	d->site.token = NULL;
}

static void another_company_is_not_read_on(void **state)
{
	struct drive *d = *state;

	d->another = true;
	begin(d, OP_PING);
	answer(d, 200, ROWS("CompanyInfo", "{\"Id\":\"1\",\"CompanyName\":\"Other Inc\"}"));
	fails(d, MLC_REFUSED);
	assert_non_null(strstr(why(d), "another company than before: Other Inc"));
}

static void ids_are_fetched_together_and_the_missing_are_gone(void **state)
{
	struct drive *d = *state;

	fetch(d, "Invoice", (const char *const[]){ "130", "65", NULL });
	asks_query(d, "select * from Invoice where Id in ('130','65') maxresults 1000");
	answer(d, 200, ROWS("Invoice", "{\"Id\":\"130\",\"SyncToken\":\"1\",\"TotalAmt\":362.07,\"Balance\":0}"));
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "Invoice 130, deleted Invoice 65");
	assert_string_equal(member(d, 0, "Balance"), "0.00");
}

/* ZEN-09: an inactive name is asked for, too: it has not vanished. */
static void an_inactive_name_is_found(void **state)
{
	struct drive *d = *state;

	fetch(d, "Vendor", (const char *const[]){ "30", NULL });
	asks_query(d, "select * from Vendor where Id in ('30') and Active in (true,false) maxresults 1000");
	answer(d, 200, ROWS("Vendor", "{\"Id\":\"30\",\"SyncToken\":\"4\",\"DisplayName\":\"Books by Bessie (deleted)\",\"Active\":false}"));
	assert_string_equal(emitted(d), "Vendor 30");
	assert_true(json_is_false(json_object_get(record(d, 0)->data, "Active")));
}

static void two_hundred_and_fifty_ids_are_three_reads(void **state)
{
	struct drive *d = *state;
	char texts[250][8];
	const char *ids[251] = { NULL };
	unsigned reads = 0;

	for (unsigned i = 0; i < 250; i++) {
		snprintf(texts[i], sizeof texts[i], "%u", i + 1);
		ids[i] = texts[i];
	}
	for (fetch(d, "Bill", ids); d->step == MLC_SEND; reads++)
		answer(d, 200, NONE);
	assert_int_equal(reads, 3);
	const struct call_record *r;
	assert_int_equal(call_records(d->call, &r), 250);
}

static void it_is_searched_by_what_the_tables_say(void **state)
{
	struct drive *d = *state;

	find(d, "Customer", json_pack("{s:s}", "DisplayName", "Bill's \\ Shop"));
	asks_query(d, "select * from Customer where DisplayName = 'Bill\\'s \\\\ Shop' and Active in (true,false) orderby MetaData.CreateTime"
		" startposition 1 maxresults 1000");
	drive_end(d);
	find(d, "Invoice", json_pack("{s:{s:s}}", "CustomerRef", "id", "24"));
	asks_query(d, "select * from Invoice where CustomerRef = '24' orderby MetaData.CreateTime startposition 1 maxresults 1000");
	answer(d, 200, NONE);
	assert_int_equal(d->step, MLC_DONE);
	assert_string_equal(emitted(d), "");
	drive_end(d);
	find(d, "Item", json_pack("{s:b}", "Active", 1));
	asks_query(d, "select * from Item where Active = true orderby MetaData.CreateTime startposition 1 maxresults 1000");
	drive_end(d);
	find(d, "Customer", json_pack("{s:[]}", "DisplayName"));
	fails(d, MLC_REFUSED);
	drive_end(d);
	/* A firm may be called as one would ask for several, or for more. */
	find(d, "Customer", json_pack("{s:s}", "DisplayName", "Smith, Inc"));
	asks_query(d, "select * from Customer where DisplayName = 'Smith, Inc' and Active in (true,false) orderby MetaData.CreateTime"
		" startposition 1 maxresults 1000");
	drive_end(d);
	find(d, "Customer", json_pack("{s:s}", "DisplayName", "> Smith:%"));
	asks_query(d, "select * from Customer where DisplayName = '> Smith:%' and Active in (true,false) orderby MetaData.CreateTime"
		" startposition 1 maxresults 1000");
	drive_end(d);
	find(d, "Customer", json_pack("{s:s,s:i}", "Balance", "< 0", "Level", 1));
	asks_query(d, "select * from Customer where Balance < '0' and Level = '1' and Active in (true,false) orderby MetaData.CreateTime"
		" startposition 1 maxresults 1000");
}

/* In the language's own ways: several ids, all that stands below a name, what is open. */
static void one_search_asks_for_more_than_what_equals(void **state)
{
	struct drive *d = *state;
	struct buf b;

	find(d, "Invoice", json_pack("{s:s,s:s}", "CustomerRef", "24,31", "Balance", "> 0"));
	asks_query(d, "select * from Invoice where CustomerRef in ('24','31') and Balance > '0' orderby MetaData.CreateTime startposition 1"
		" maxresults 1000");
	drive_end(d);
	find(d, "Customer", json_pack("{s:s}", "FullyQualifiedName", "A_me:%"));
	asks_query(d, "select * from Customer where FullyQualifiedName like 'A_me:%' and Active in (true,false) orderby MetaData.CreateTime"
		" startposition 1 maxresults 1000");
	answer(d, 200, "{\"QueryResponse\":{\"Customer\":[{\"Id\":\"1\",\"FullyQualifiedName\":\"A_me:Roof\"},{\"Id\":\"2\","
		"\"FullyQualifiedName\":\"Acme:Roof\"}],\"maxResults\":2}," TIME "}");
	assert_string_equal(emitted(d), "Customer 1");
	drive_end(d);
	buf_init(&b, 1u << 16);
	for (unsigned i = 1000; i < 1300; i++)
		buf_printf(&b, "%s%u", i > 1000 ? "," : "", i);
	find(d, "Invoice", json_pack("{s:s}", "CustomerRef", b.data));
	asks(d, "POST", "/query?minorversion=75");
	assert_string_equal(call_inside(d->call)->request->type, "application/text");
	assert_true(call_inside(d->call)->request->repeatable);
	assert_int_equal(call_inside(d->call)->request->body_len, strlen(call_inside(d->call)->request->body));
	assert_non_null(strstr(call_inside(d->call)->request->body, "select * from Invoice where CustomerRef in ('1000','1001',"));
	assert_non_null(strstr(call_inside(d->call)->request->body, "'1299')"));
	buf_finish(&b);
}

static void answer_invoices(struct drive *d, unsigned first)
{
	struct buf b;

	buf_init(&b, 1u << 20);
	buf_puts(&b, "{\"QueryResponse\":{\"Invoice\":[");
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&b, "%s{\"Id\":\"%u\"}", i ? "," : "", first + i);
	buf_puts(&b, "],\"maxResults\":1000}," TIME "}");
	answer(d, 200, b.data);
	buf_finish(&b);
}

static void an_answer_to_a_search_is_read_to_its_last_page(void **state)
{
	struct drive *d = *state;

	find(d, "Invoice", json_pack("{s:s}", "CustomerRef", "24"));
	answer_invoices(d, 1);
	asks_query(d, "select * from Invoice where CustomerRef = '24' orderby MetaData.CreateTime startposition 1001 maxresults 1000");
	for (unsigned i = 1; i < 200 && d->step == MLC_SEND; i++)
		answer_invoices(d, 1000 * i + 1);
	fails(d, MLC_REFUSED); /* some of very many are no answer */
}

/* References bear id and name, amounts are text with their cents, instants are UTC; what nobody knows stays. */
static void a_record_looks_as_the_tables_say(void **state)
{
	struct drive *d = *state;

	fetch(d, "Invoice", (const char *const[]){ "130", NULL });
	answer(d, 200, ROWS("Invoice", "{\"domain\":\"QBO\",\"sparse\":false,\"Id\":\"130\",\"SyncToken\":\"7\",\"MetaData\":{\"CreateTime\":"
		"\"2014-09-19T13:16:17-07:00\",\"LastUpdatedTime\":\"2026-03-01T13:16:17-08:00\"},\"TxnDate\":\"2014-09-19\",\"CurrencyRef\":{\"value\":\"USD\","
		"\"name\":\"United States Dollar\"},\"Line\":[{\"Id\":\"1\",\"LineNum\":1,\"Amount\":275.0,\"DetailType\":\"SalesItemLineDetail\","
		"\"SalesItemLineDetail\":{\"ItemRef\":{\"value\":\"5\",\"name\":\"Rock Fountain\"},\"UnitPrice\":275,\"Qty\":1.50}},{\"Amount\":275.0,"
		"\"DetailType\":\"SubTotalLineDetail\",\"SubTotalLineDetail\":{}}],\"CustomerRef\":{\"value\":\"24\",\"name\":\"Sonnenschein\"},"
		"\"TotalAmt\":275,\"Balance\":1173.41,\"HomeBalance\":-0.5,\"Novelty\":{\"x\":1.25}}"));
	assert_string_equal(record(d, 0)->version, "7");
	static const char *const expected[][2] = { { "CustomerRef.id", "24" }, { "CustomerRef.name", "Sonnenschein" }, { "TotalAmt", "275.00" },
		{ "Balance", "1173.41" }, { "HomeBalance", "-0.50" }, { "CurrencyRef.value", "USD" }, { "MetaData.LastUpdatedTime", "2026-03-01T21:16:17Z" },
		{ "Novelty.x", "1.25" } };
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		assert_string_equal(member(d, 0, expected[i][0]), expected[i][1]);
	json_t *line = json_array_get(json_object_get(record(d, 0)->data, "Line"), 0);
	assert_string_equal(json_text_at(line, "Amount"), "275.00");
	assert_string_equal(json_text_at(line, "SalesItemLineDetail.ItemRef.id"), "5");
	assert_string_equal(json_text_at(line, "SalesItemLineDetail.UnitPrice"), "275");
	assert_string_equal(json_text_at(line, "SalesItemLineDetail.Qty"), "1.5");
	assert_null(json_object_get(record(d, 0)->data, "domain"));
	assert_null(json_object_get(record(d, 0)->data, "sparse"));
}

static void numbers_as_text_and_text_as_numbers_are_understood(void **state)
{
	struct drive *d = *state;

	fetch(d, "Customer", (const char *const[]){ "7", NULL });
	answer(d, 200, ROWS("Customer", "{\"Id\":\"7\",\"SyncToken\":3,\"DisplayName\":123,\"Balance\":\"85\",\"Active\":true}"));
	assert_string_equal(record(d, 0)->version, "3");
	assert_string_equal(member(d, 0, "DisplayName"), "123");
	assert_string_equal(member(d, 0, "Balance"), "85.00");
	drive_end(d);
	/* As many digits as there are, two at least; what is no amount stays, for the mapping to say so. */
	static const char *const amounts[][2] = { { "85.5", "85.50" }, { "85.1000", "85.10" }, { "85.125", "85.125" }, { "-3", "-3.00" },
		{ "n/a", "n/a" }, { "1,5", "1,5" }, { "8.5x", "8.5x" }, { "", "" } };
	for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
		char *row = xformat(ROWS("Customer", "{\"Id\":\"7\",\"SyncToken\":3,\"Balance\":\"%s\"}"), amounts[i][0]);

		fetch(d, "Customer", (const char *const[]){ "7", NULL });
		answer(d, 200, row);
		assert_string_equal(member(d, 0, "Balance"), amounts[i][1]);
		drive_end(d);
		free(row);
	}
}

/* Every member of the vendor's own samples is in the tables. */
static void the_tables_know_what_the_samples_hold(void **state)
{
	static const char *const samples[][2] = { { "customer", "Customer" }, { "vendor", "Vendor" }, { "invoice", "Invoice" }, { "item", "Item" } };
	static const char *const known[] = { "domain", "sparse", "AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment",
		"AllowOnlineACHPayment" };
	(void)state;

	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		char *path = xformat("quickbooks-online/samples-json/%s.json", samples[i][0]), *text = spec(path, NULL);
		const struct mlc_entity *e = mlc_connector_v1.entities;
		const char *name;
		json_t *v;

		free(path);
		if (!text) {
			print_message("skipped: no samples in MLC_SPECS\n");
			skip();
		}
		json_t *body = json_read(text, strlen(text), NULL);
		while (strcmp(e->name, samples[i][1]) != 0)
			e++;
		json_object_foreach(json_object_get(body, e->name), name, v) {
			const struct mlc_field *f = e->fields;
			bool there = false;

			for (; f->name && !there; f++)
				there = strcmp(f->name, name) == 0;
			for (size_t k = 0; k < sizeof known / sizeof *known; k++)
				there |= strcmp(known[k], name) == 0;
			if (!there)
				fail_msg("%s has no member %s", e->name, name);
		}
		json_decref(body);
		free(text);
	}
}

int main(void)
{
#define TEST(name) drive_test(name)
	const struct CMUnitTest tests[] = {
		TEST(ping_tells_the_company_and_reads_a_sample), TEST(a_connection_without_a_grant_says_so), TEST(the_company_comes_with_the_grant),
		TEST(another_company_is_not_read_on), TEST(ids_are_fetched_together_and_the_missing_are_gone), TEST(an_inactive_name_is_found),
		TEST(two_hundred_and_fifty_ids_are_three_reads), TEST(it_is_searched_by_what_the_tables_say), TEST(one_search_asks_for_more_than_what_equals),
		TEST(an_answer_to_a_search_is_read_to_its_last_page), TEST(a_record_looks_as_the_tables_say),
		TEST(numbers_as_text_and_text_as_numbers_are_understood), TEST(the_tables_know_what_the_samples_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
