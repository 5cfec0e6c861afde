/* events_become_hints.c - webhooks in both formats, for several companies, and what is none.  ZEN-05, ZEN-06, ZEN-34. */
#include "drive.h"

static void receive(struct drive *d, const char *body, bool trusted)
{
	static struct mlc_inbound in;

	in = (struct mlc_inbound){ .method = "POST", .path = "/hooks/app/intuit", .query = "", .body = body, .body_len = strlen(body),
		.trusted = trusted };
	d->site.connection = NULL; /* a webhook of an app: for nobody yet */
	d->site.settings = d->site.facts = NULL;
	d->input.inbound = &in;
	begin(d, OP_RECEIVE);
	assert_int_equal(d->step, MLC_DONE);
}

static int status(const struct drive *d)
{
	return call_inside(d->call)->answer->status;
}

/* "customer" of whom: each hint names its company. */
static const char *account(const struct drive *d, size_t i)
{
	return record(d, i)->account;
}

static void cloud_events_of_two_companies_go_to_each_its_own(void **state)
{
	struct drive *d = *state;

	receive(d, "[{\"specversion\":\"1.0\",\"id\":\"a\",\"type\":\"qbo.customer.updated.v1\",\"time\":\"2026-11-21T00:09:00.179851517Z\","
		"\"intuitentityid\":\"7\",\"intuitaccountid\":\"111\",\"data\":{}},"
		"{\"specversion\":\"1.0\",\"id\":\"b\",\"type\":\"qbo.purchaseorder.created.v1\",\"time\":\"2026-11-21T00:09:01Z\","
		"\"intuitentityid\":\"9\",\"intuitaccountid\":\"222\",\"data\":{}}]", true);
	assert_string_equal(emitted(d), "hint Customer 7, hint PurchaseOrder 9");
	assert_string_equal(account(d, 0), "111");
	assert_string_equal(account(d, 1), "222");
	assert_int_equal(record(d, 0)->changed_ms, NOW - 60000 + 179);
}

static void the_classic_format_is_read_as_well(void **state)
{
	struct drive *d = *state;

	receive(d, "{\"eventNotifications\":[{\"realmId\":\"111\",\"dataChangeEvent\":{\"entities\":[{\"name\":\"Customer\",\"id\":\"1\","
		"\"operation\":\"Create\",\"lastUpdated\":\"2015-10-05T14:42:19-0700\"},{\"name\":\"Vendor\",\"id\":\"12\",\"operation\":\"Merge\","
		"\"lastUpdated\":\"2015-10-05T14:42:20-0700\",\"deletedId\":\"13\"}]}},{\"realmId\":\"222\",\"dataChangeEvent\":{\"entities\":"
		"[{\"name\":\"Bill\",\"id\":\"5\",\"operation\":\"Delete\",\"lastUpdated\":\"2015-10-05T14:42:19-0700\",\"deletedID\":\"6\"}]}}]}", true);
	assert_string_equal(emitted(d), "hint Customer 1, hint Vendor 12, deleted Vendor 13, hint Bill 5, hint Bill 6");
	assert_string_equal(account(d, 2), "111");
	assert_string_equal(record(d, 2)->merged_into, "12"); /* ALL-12: who lives on */
	assert_string_equal(account(d, 3), "222");
}

static void what_is_not_signed_is_turned_away(void **state)
{
	struct drive *d = *state;

	receive(d, "[{\"type\":\"qbo.customer.updated.v1\",\"intuitentityid\":\"7\",\"intuitaccountid\":\"111\"}]", false);
	assert_int_equal(status(d), 401);
	assert_string_equal(emitted(d), "");
}

/* Intuit holds later events back until the first is taken: nothing that is signed is refused. */
static void what_can_never_be_understood_is_taken_all_the_same(void **state)
{
	static const char *const odd[] = {
		"", "{}", "[]", "null", "[null]", "[7]", "[{\"type\":7}]", "[{\"type\":\"qbo.\"}]", "[{\"type\":\"qbo.customer\"}]", "<xml/>",
		"[{\"type\":\"qbo.customer.updated.v1\"}]", "[{\"type\":\"qbo.customer.updated.v1\",\"intuitentityid\":\"7\"}]",
		"[{\"type\":\"qbo.customer.updated.v1\",\"intuitentityid\":{},\"intuitaccountid\":[]}]",
		"[{\"type\":\"qbo.spaceship.updated.v1\",\"intuitentityid\":\"7\",\"intuitaccountid\":\"1\"}]",
		"[{\"type\":\"other.customer.updated.v1\",\"intuitentityid\":\"7\",\"intuitaccountid\":\"1\"}]",
		"[{\"type\":\"new.customer.updated.v1\",\"intuitentityid\":\"7\",\"intuitaccountid\":\"1\"}]",
		"[{\"type\":\"qbo.customer.updated.v1\",\"intuitentityid\":\"7\",\"intuitaccountid\":\"\"}]",
		"[{\"type\":\"qbo.spaceship.merged.v1\",\"intuitentityid\":\"7\",\"intuitaccountid\":\"1\",\"data\":{\"deletedId\":\"8\"}}]",
		"{\"eventNotifications\":[{\"realmId\":\"1\",\"dataChangeEvent\":{\"entities\":[{\"name\":\"Spaceship\",\"id\":\"1\",\"operation\":\"Merge\",\"deletedId\":\"2\"}]}}]}",
		"{\"eventNotifications\":[{\"realmId\":\"\",\"dataChangeEvent\":{\"entities\":[{\"name\":\"Customer\",\"id\":\"1\"}]}}]}",
		"{\"eventNotifications\":7}", "{\"eventNotifications\":[{\"realmId\":1,\"dataChangeEvent\":{\"entities\":[{\"name\":\"Customer\",\"id\":\"\"}]}}]}",
		"{\"eventNotifications\":[{\"dataChangeEvent\":{\"entities\":[{\"name\":\"Customer\",\"id\":\"1\"}]}}]}", "[{\"type\":\"qbo.customer.upda",
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		receive(d, odd[i], true);
		assert_true(status(d) == 200 || status(d) == 0);
		assert_string_equal(emitted(d), "");
		drive_end(d);
	}
}

static void ids_that_come_as_numbers_are_ids(void **state)
{
	struct drive *d = *state;

	receive(d, "[{\"type\":\"qbo.invoice.voided.v1\",\"intuitentityid\":130,\"intuitaccountid\":310687}]", true);
	assert_string_equal(emitted(d), "hint Invoice 130");
	assert_string_equal(account(d, 0), "310687");
}

static void one_event_by_itself_is_an_event(void **state)
{
	struct drive *d = *state;

	receive(d, "{\"specversion\":\"1.0\",\"type\":\"qbo.customer.merged.v1\",\"intuitentityid\":\"3\",\"intuitaccountid\":\"1\",\"data\":{}}", true);
	assert_string_equal(emitted(d), "hint Customer 3");
}

/* ALL-12.  Whether CloudEvents name the loser of a merge is not published: where one does, it is told. */
static void a_merge_is_told_where_the_event_names_both(void **state)
{
	struct drive *d = *state;

	receive(d, "[{\"type\":\"qbo.customer.merged.v1\",\"intuitentityid\":\"3\",\"intuitaccountid\":\"1\",\"data\":{\"deletedID\":7}}]", true);
	assert_string_equal(emitted(d), "hint Customer 3, deleted Customer 7");
	assert_string_equal(record(d, 1)->merged_into, "3");
	assert_string_equal(account(d, 1), "1");
	drive_end(d);
	receive(d, "[{\"type\":\"qbo.customer.merged.v1\",\"intuitentityid\":\"3\",\"intuitaccountid\":\"1\",\"data\":{\"deletedId\":\"3\"}}]", true);
	assert_string_equal(emitted(d), "hint Customer 3, hint Customer 3"); /* into itself: no merge */
	drive_end(d);
	receive(d, "[{\"type\":\"qbo.customer.updated.v1\",\"intuitentityid\":\"3\",\"intuitaccountid\":\"1\",\"data\":{\"deletedId\":\"7\"}}]", true);
	assert_string_equal(emitted(d), "hint Customer 3"); /* a change of one: nobody is told as gone */
	drive_end(d);
	receive(d, "[{\"type\":\"qbo.customer.merged.v1\",\"intuitentityid\":\"3\",\"data\":{\"deletedId\":\"7\"}}]", true);
	assert_string_equal(emitted(d), ""); /* of whose company? */
}

/* The vendor's own example and vector. */
static void the_published_samples_are_understood(void **state)
{
	struct drive *d = *state;
	char *text = spec("quickbooks-online/samples-json/webhook-signature-vector.json", NULL);
	unsigned char digest[SHA256_SIZE];

	if (!text) {
		print_message("skipped: no samples in MLC_SPECS\n");
		skip();
	}
	json_t *vector = json_read(text, strlen(text), NULL);
	const char *key = json_text_at(vector, "verifierToken"), *body = json_text_at(vector, "body");
	hmac_sha256(key, strlen(key), body, strlen(body), digest);
	char *ours = base64_text(digest, sizeof digest);

	assert_string_equal(ours, json_text_at(vector, "signature"));
	assert_string_equal(mlc_connector_v1.signature->header, json_text_at(vector, "header"));
	assert_string_equal(mlc_connector_v1.signature->over, "{body}");
	assert_false(mlc_connector_v1.signature->hex);
	receive(d, body, true);
	assert_string_equal(emitted(d), "hint Customer 1");
	drive_end(d);
	free(ours);
	free(text);
	json_decref(vector);
	text = spec("quickbooks-online/samples-json/webhook-cloudevents.json", NULL);
	receive(d, text, true);
	assert_string_equal(emitted(d), "hint Account 1234");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(cloud_events_of_two_companies_go_to_each_its_own),
		drive_test(the_classic_format_is_read_as_well),
		drive_test(what_is_not_signed_is_turned_away),
		drive_test(what_can_never_be_understood_is_taken_all_the_same),
		drive_test(ids_that_come_as_numbers_are_ids),
		drive_test(one_event_by_itself_is_an_event),
		drive_test(a_merge_is_told_where_the_event_names_both),
		drive_test(the_published_samples_are_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
