/* callouts_are_read.c - receive: who sends it, and which records it names.  ZUO-06 */
#include "drive.h"

static int receive_at(struct drive *d, bool trusted, const char *authorization, const char *query, const char *body)
{
	struct mlc_inbound in = { .method = "POST", .path = "/hooks/acme/zuora", .query = query, .body = body, .body_len = strlen(body), .trusted = trusted };
	struct call_reply headers = { .reply = { MLC_REPLY_NONE, 0, "", 0 }, .header = drive_header, .ctx = d };
	const char *const list[] = { "Authorization", authorization, NULL };
	const char *const none[] = { NULL };

	drive_end(d);
	d->logged[0] = 0;
	d->secret_name = "callout_password";
	d->secret = "sesame:42";
	d->input.op = OP_RECEIVE;
	d->input.inbound = &in;
	d->call = call_create(&d->site, &d->input);
	d->headers = authorization ? list : none;
	d->step = call_step(d->call, &headers, NOW);
	d->headers = NULL;
	assert_int_equal(d->step, MLC_DONE);
	return call_inside(d->call)->answer->status;
}

static int receive(struct drive *d, bool trusted, const char *authorization, const char *body)
{
	return receive_at(d, trusted, authorization, "", body);
}

/* "zuora:sesame:42" */
#define LOGIN "Basic enVvcmE6c2VzYW1lOjQy"
#define PAYMENT "{\"PaymentId\":\"" ID1 "\",\"AccountId\":\"" ID2 "\"}"

static void the_first_comes_without_a_login_and_is_challenged(void **state)
{
	struct drive *d = *state;

	assert_int_equal(receive(d, false, NULL, PAYMENT), 401);
	assert_string_equal(call_inside(d->call)->answer->headers[0], "WWW-Authenticate: Basic realm=\"ml-connector\"");
	assert_string_equal(emitted(d), "");
	assert_int_equal(receive(d, false, LOGIN, PAYMENT), 200);
	assert_string_equal(emitted(d), "hint payment " ID1);
}

/* A 401 would lose the event; a 403 is tried again. */
static void a_wrong_login_is_refused_so_that_it_comes_again(void **state)
{
	static const char *const wrong[] = { "Basic enVvcmE6d3Jvbmc=", "Basic b3RoZXI6c2VzYW1lOjQy", "Basic !!!", "Basic", "Basic enVvcmE=", "Bearer x", "" };
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(receive(d, false, wrong[i], PAYMENT), 403);
		assert_string_equal(emitted(d), "");
	}
	json_object_del(d->settings, "callout_user"); /* nobody has been agreed upon */
	assert_int_equal(receive(d, false, LOGIN, PAYMENT), 403);
}

static void a_signed_one_needs_no_login(void **state)
{
	struct drive *d = *state;

	assert_int_equal(receive(d, true, NULL, PAYMENT), 200);
	assert_string_equal(emitted(d), "hint payment " ID1);
}

/* There is no fixed body: whatever an administrator wrote. */
static void ids_are_found_in_whatever_body(void **state)
{
	static const struct { const char *body, *names; } rows[] = {
		{ "{\"<Payment.ID>\":\"" ID1 "\",\"<Account.ID>\":\"" ID2 "\"}", "hint payment " ID1 },
		{ "{\"Payment\":{\"Id\":\"" ID1 "\",\"Amount\":\"150.000000000\"},\"Account\":{\"Id\":\"" ID2 "\"}}", "hint payment " ID1 },
		{ "{\"parts\":[{\"Invoice\":{\"Id\":\"" ID1 "\"}},{\"Invoice\":{\"Id\":\"" ID2 "\"}}],\"invoice_id\":\"" ID1 "\"}", "hint invoice " ID1 ", hint invoice " ID2 },
		{ "{\"accountid\":\"" ID3 "\"}", "hint account " ID3 },
		{ "{\"CreditMemoId\":\"" ID1 "\",\"DebitMemoId\":\"" ID2 "\",\"RefundID\":\"" ID3 "\"}", "hint credit_memo " ID1 ", hint debit_memo " ID2 ", hint refund " ID3 },
		{ "PaymentId=" ID1 "&AccountId=" ID2, "hint payment " ID1 },
		{ "x=1&&=&PaymentId", "" },
		{ "{\"PaymentId\":\"7\"}", "" },
		{ "{\"PaymentId\":\"../../" ID1 "\"}", "" },
		{ "{\"PaymentId\":7}", "" },
		{ "[[[[[[[[{\"PaymentId\":\"" ID1 "\"}]]]]]]]]", "" },
		{ "", "" },
		{ "<xml/>", "" },
		{ "{\"text\":\"something happened\"}", "" },
	};
	struct drive *d = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		/* Exactly 200, named or not: refusing it would bring it no closer, the next poll does. */
		assert_int_equal(receive(d, false, LOGIN, rows[i].body), 200);
		assert_string_equal(emitted(d), rows[i].names);
		if (!*rows[i].names)
			assert_non_null(strstr(d->logged, "names no record"));
	}
}

/* Zuora's "callout parameters" of a GET-like callout stand behind the address. */
static void ids_are_found_in_the_address_too(void **state)
{
	struct drive *d = *state;

	assert_int_equal(receive_at(d, false, LOGIN, "PaymentId=" ID1, "{\"AccountId\":\"" ID2 "\"}"), 200);
	assert_string_equal(emitted(d), "hint payment " ID1);
}

/* What is over the ceiling comes with the next poll. */
static void of_very_many_ids_no_more_are_taken_than_fit(void **state)
{
	struct drive *d = *state;
	const struct call_record *all;
	char body[8192] = "{\"list\":[", one[80];

	for (int i = 0; i < 90; i++) {
		snprintf(one, sizeof one, "%s{\"InvoiceId\":\"8ad0875995aa292e0195b7de8079%04x\"}", i ? "," : "", (unsigned)i);
		strcat(body, one);
	}
	strcat(body, "]}");
	assert_int_equal(receive(d, false, LOGIN, body), 200);
	assert_int_equal(call_records(d->call, &all), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		drive_test(the_first_comes_without_a_login_and_is_challenged),
		drive_test(a_wrong_login_is_refused_so_that_it_comes_again),
		drive_test(a_signed_one_needs_no_login),
		drive_test(ids_are_found_in_whatever_body),
		drive_test(ids_are_found_in_the_address_too),
		drive_test(of_very_many_ids_no_more_are_taken_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
