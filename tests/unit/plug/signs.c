/* signs.c - secrets filled in, requests signed, webhooks checked, exchanges masked and played
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "base/json.h"
#include "plug/connection.h"
#include "plug/record.h"
#include "plug/sign.h"
#include "plug/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct vault *vault_of(const char *name, const char *now, const char *before)
{
	struct vault *v = vault_create();

	vault_put(v, name, now ? secret_create(now, strlen(now)) : NULL,
		before ? secret_create(before, strlen(before)) : NULL);
	return v;
}

static void assert_filled(const char *type, const char *secret, const char *text,
	const char *expected)
{
	struct vault *v = vault_of("key", secret, NULL);
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, 1000);
	assert_int_equal(fill_secrets(v, text, strlen(text), type, &out, &e), 0);
	assert_string_equal(out.data, expected);
	buf_finish(&out);
	vault_unref(v);
}

static void a_secret_is_escaped_for_where_it_stands(void **state)
{
	(void)state;
	assert_filled("application/json; charset=utf-8", "a\"b\\c", "{\"k\":\"{secret:key}\"}",
		"{\"k\":\"a\\\"b\\\\c\"}");
	assert_filled("application/x-www-form-urlencoded", "a&b c", "k={secret:key}&x=1",
		"k=a%26b%20c&x=1");
	assert_filled("text/xml", "<a&b>", "<k>{secret:key}</k>", "<k>&lt;a&amp;b&gt;</k>");
	assert_filled("text/plain", "<a&b>", "{secret:key}{secret:key}", "<a&b><a&b>");
	assert_filled(NULL, "abc", "X-Key: {secret:key}", "X-Key: abc");
	assert_filled(NULL, "abc", "no secrets { here }", "no secrets { here }");
}

static void what_cannot_be_filled_in_is_named(void **state)
{
	struct vault *v = vault_of("key", "two\nlines", NULL);
	struct err absent = { 0 }, broken = { 0 }, open = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(fill_secrets(v, "{secret:other}", 14, "text/plain", &out, &absent),
		ERR_ABSENT);
	assert_non_null(strstr(absent.text, "'other'"));
	assert_int_equal(fill_secrets(v, "X: {secret:key}", 15, NULL, &out, &broken), ERR_INPUT);
	assert_int_equal(fill_secrets(v, "{secret:key", 11, "text/plain", &out, &open), ERR_INPUT);
	buf_finish(&out);
	vault_unref(v);
}

static void an_address_is_made_of_settings_and_what_a_token_told(void **state)
{
	json_t *settings = json_pack("{s:s}", "region", "eu");
	json_t *told = json_pack("{s:s,s:s}", "region", "us", "api-domain", "https://api.example");
	const json_t *const places[] = { settings, told, NULL };
	static const struct { const char *text, *filled; } rows[] = {
		{ "https://api.{region}.example/v2", "https://api.eu.example/v2" },
		{ "{api-domain}/crm", "https://api.example/crm" },
		{ "{other|api-domain|https://x.example}/", "https://api.example/" },
		{ "{other|https://x.example}/{region}", "https://x.example/eu" },
	};
	struct err e = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buf_clear(&out);
		assert_int_equal(fill_members(places, rows[i].text, &out, &e), 0);
		assert_string_equal(out.data, rows[i].filled);
	}
	assert_int_equal(fill_members(places, "https://{host|home}", &out, &e), ERR_ABSENT);
	assert_non_null(strstr(e.text, "'host|home'"));
	e = (struct err){ 0 };
	assert_int_equal(fill_members(places, "https://{host", &out, &e), ERR_INPUT);
	buf_finish(&out);
	json_decref(settings);
	json_decref(told);
}

/* Against the same, computed independently: Python's hmac over RFC 5849's base string
 * GET&http%3A%2F%2Fshop.example%2Fwp-json%2Fwc%2Fv3%2Forders&
 *   a%3D1%252B2%26include%255B0%255D%3D5%26oauth_consumer_key%3Dck_1%26oauth_nonce%3Dabc%26
 *   oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1700000000%26oauth_version%3D1.0 with
 * key "cs_2&". */
static void oauth1_signs_method_address_and_query(void **state)
{
	static const struct mlc_auth auth = { .kind = MLC_AUTH_OAUTH1, .user = "key",
		.pass = "pass" };
	struct vault *v = vault_of("key", "ck_1", NULL);
	struct sign_input in = { .auth = &auth, .vault = v, .method = "GET", .nonce = "abc",
		.now_ms = 1700000000000,
		.url = "http://shop.example/wp-json/wc/v3/orders?include%5B0%5D=5&a=1%2B2" };
	struct err e = { 0 };
	struct buf line;

	(void)state;
	vault_put(v, "pass", secret_create("cs_2", 4), NULL);
	buf_init(&line, 4000);
	assert_int_equal(sign_request(&in, &line, &e), 0);
	assert_non_null(strstr(line.data,
		"oauth_signature=\"t%2FTiu0Ql4qr7f8W%2BTmlh5vQwwbrP3nbi%2FbwrjEZwb%2Bo%3D\""));
	assert_null(strstr(line.data, "cs_2"));
	buf_finish(&line);
	vault_unref(v);
}

static void a_header_carries_its_token(void **state)
{
	static const struct mlc_auth plain = { .kind = MLC_AUTH_HEADER, .pass = "key" };
	static const struct mlc_auth own = { .kind = MLC_AUTH_HEADER, .pass = "key",
		.header = "X-Token: v1 {token}" };
	struct vault *v = vault_of("key", "t0ken", NULL);
	struct err e = { 0 };
	struct buf line;

	(void)state;
	buf_init(&line, 4000);
	assert_int_equal(sign_request(&(struct sign_input){ .auth = &plain, .vault = v }, &line,
		&e), 0);
	assert_string_equal(line.data, "Authorization: Bearer t0ken");
	buf_clear(&line);
	assert_int_equal(sign_request(&(struct sign_input){ .auth = &own, .vault = v }, &line, &e),
		0);
	assert_string_equal(line.data, "X-Token: v1 t0ken");
	buf_finish(&line);
	vault_unref(v);

	/* Nor does one bring another header along. */
	static const char *const breaks[] = { "t\r\nX-Admin: yes", "t\nX-Admin: yes", "t\r" };
	for (size_t i = 0; i < 3; i++) {
		struct err wrong = { 0 };

		v = vault_of("key", breaks[i], NULL);
		buf_init(&line, 4000);
		assert_int_equal(sign_request(&(struct sign_input){ .auth = &own, .vault = v }, &line, &wrong), ERR_INPUT);
		assert_non_null(strstr(wrong.text, "'key'"));
		assert_null(strstr(wrong.text, "X-Admin"));
		buf_finish(&line);
		vault_unref(v);
	}
}

/* What a peer or a webhook says to be: by the newest, and by the one before only where that still counts. */
static void a_secret_is_itself_and_nothing_else(void **state)
{
	struct vault *v = vault_of("key", "new", "old"), *first = vault_of("key", "new", NULL);

	(void)state;
	assert_true(vault_is(v, "key", "new", false));
	assert_true(vault_is(v, "key", "new", true));
	assert_false(vault_is(v, "key", "nex", true));
	assert_false(vault_is(v, "key", "newer", true));
	assert_false(vault_is(v, "key", "ne", true));
	assert_false(vault_is(v, "key", "", true));
	assert_false(vault_is(v, "key", "old", false));
	assert_true(vault_is(v, "key", "old", true));
	assert_false(vault_is(v, "other", "new", true));
	assert_false(vault_is(v, "other", "", true));
	assert_false(vault_is(first, "key", "old", true));
	assert_false(vault_is(first, "key", "", true));
	vault_unref(v);
	vault_unref(first);
}

/* ---- webhooks ------------------------------------------------------------------------------ */

struct given { const char *signature, *stamp; };

static const char *header_of(void *ctx, const char *name)
{
	const struct given *g = ctx;

	return !strcasecmp(name, "X-Signature") ? g->signature : !strcasecmp(name,
		"X-Stamp") ? g->stamp : NULL;
}

static enum signature check(const struct mlc_signature *s, const struct vault *v,
	const struct given *g, bool before)
{
	struct signed_request r = { .body = "body", .body_len = 4, .header = header_of,
		.ctx = (void *)(uintptr_t)g };

	return signature_check(s, v, &r, before);
}

static void a_webhook_is_signed_over_what_the_table_says(void **state)
{
	static const struct mlc_signature over = { "X-Signature", "{header:X-Stamp}.{body}", "key",
		true, false };
	static const struct mlc_signature optional = { "X-Signature", "{body}", "key", false,
		true };
	struct vault *v = vault_of("key", "new", "old"), *none = vault_create();
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	(void)state;
	hmac_sha256("new", 3, "1700.body", 9, digest);
	hex_text(digest, sizeof digest, hex);
	assert_int_equal(check(&over, v, &(struct given){ hex, "1700" }, false), SIGNATURE_RIGHT);
	assert_int_equal(check(&over, v, &(struct given){ hex, "1701" }, false), SIGNATURE_WRONG);
	assert_int_equal(check(&over, v, &(struct given){ hex, NULL }, false), SIGNATURE_WRONG);
	assert_int_equal(check(&over, v, &(struct given){ NULL, "1700" }, false), SIGNATURE_WRONG);
	assert_int_equal(check(&over, none, &(struct given){ hex, "1700" }, false),
		SIGNATURE_NO_SECRET);
	assert_int_equal(check(&optional, v, &(struct given){ NULL, NULL }, false), SIGNATURE_NONE);
	hmac_sha256("old", 3, "1700.body", 9, digest);
	hex_text(digest, sizeof digest, hex);
	assert_int_equal(check(&over, v, &(struct given){ hex, "1700" }, false), SIGNATURE_WRONG);
	assert_int_equal(check(&over, v, &(struct given){ hex, "1700" }, true), SIGNATURE_RIGHT);
	/* Nothing that only begins like it, and nothing that is longer than any. */
	char longer[16 * SHA256_SIZE + 1], half[SHA256_SIZE + 1];
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = 0;
	memcpy(longer, hex, 2 * SHA256_SIZE);
	snprintf(half, sizeof half, "%.*s", SHA256_SIZE, hex);
	assert_int_equal(check(&over, v, &(struct given){ longer, "1700" }, true), SIGNATURE_WRONG);
	assert_int_equal(check(&over, v, &(struct given){ half, "1700" }, true), SIGNATURE_WRONG);
	assert_int_equal(check(&over, v, &(struct given){ "", "1700" }, true), SIGNATURE_WRONG);
	vault_unref(v);
	vault_unref(none);
}

static void an_empty_secret_proves_nothing(void **state)
{
	static const struct mlc_signature s = { "X-Signature", "{body}", "key", true, false };
	struct vault *v = vault_of("key", "", NULL);
	unsigned char digest[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	(void)state;
	hmac_sha256("", 0, "body", 4, digest);
	hex_text(digest, sizeof digest, hex);
	assert_int_equal(check(&s, v, &(struct given){ hex, NULL }, true), SIGNATURE_WRONG);
	assert_false(vault_is(v, "key", "", true));
	vault_unref(v);
}

/* ---- settings ------------------------------------------------------------------------------- */

static void settings_are_held_against_the_connectors_table(void **state)
{
	static const struct mlc_setting table[] = {
		{ "url", MLC_TEXT, MLC_REQUIRED, false, "where the shop is" },
		{ "pages", MLC_INTEGER, 0, false, "how many" },
		{ "key", MLC_TEXT, MLC_REQUIRED, true, "the key" },
		{ NULL },
	};
	static const struct mlc_connector k = { .name = "shop", .settings = table };
	json_t *good = json_pack("{s:s,s:s,s:i,s:i}", "connector", "shop", "url", "https://x",
		"pages", 3, "every_minutes", 15);
	json_t *bad = json_pack("{s:s,s:s,s:s,s:s,s:i}", "connector", "shop", "pages", "3", "key",
		"k", "ulr", "https://x",
		"every_minutes", 0);
	json_t *errors = json_array();

	(void)state;
	connection_check(&k, good, NULL, errors);
	assert_int_equal(json_array_size(errors), 0);
	connection_check(&k, bad, NULL, errors);
	assert_int_equal(json_array_size(errors), 5);
	assert_string_equal(json_text_at(errors, "0.text"), "'pages' must be a whole number");
	assert_non_null(strstr(json_text_at(errors, "1.hint"), "mlc secret set"));
	assert_string_equal(json_text_at(errors, "2.hint"), "it knows url, pages, connector, "
		"ca_file, every_minutes, isolation, auth, app");
	assert_string_equal(json_text_at(errors, "3.text"), "the setting 'url' is missing");
	assert_string_equal(json_text_at(errors, "4.path"), "every_minutes");
	json_decref(good);
	json_decref(bad);
	json_decref(errors);
}

/* ---- exchanges --------------------------------------------------------------------------- */

static void an_exchange_is_cut_and_masked(void **state)
{
	struct vault *v = vault_of("pass", "hunter22", "hunter11");
	struct mlc_request q = { .method = "POST", .path = "/x", .type = "application/json",
		.body = "{secret:pass}", .body_len = 13 };
	struct exchanges list = { .count = 0 };
	size_t len = 400000;
	char *body = malloc(len + 1);

	(void)state;
	assert_non_null(body);
	memset(body, 'y', len);
	body[len] = 0;
	memcpy(body, "hunter22 hunter11", 17);
	exchanges_add(&list, &(struct exchange_input){ .request = &q, .url = "https://x/x",
		.auth = "Basic", .status = 200, .body = body,
		.body_len = len, .vault = v });
	assert_true(list.list[0].len < EXCHANGE_MAX);
	assert_null(strstr(list.list[0].text, "hunter"));
	assert_non_null(strstr(list.list[0].text, "{secret:pass}"));
	assert_non_null(strstr(list.list[0].text, "[secret:pass] [secret:pass]"));
	assert_non_null(strstr(list.list[0].text, "bytes more]"));
	exchanges_finish(&list);
	free(body);
	vault_unref(v);
}

/* Neither where it is cut nor where one secret begins as another does. */
static void no_end_of_a_secret_is_left(void **state)
{
	struct vault *v = vault_of("pass", "hunter22", NULL);
	struct mlc_request q = { .method = "GET", .path = "/x" };
	struct exchanges list = { .count = 0 };
	size_t len = 200000;
	char *body = malloc(len + 1);

	(void)state;
	assert_non_null(body);
	vault_put(v, "long", secret_create("hunter22_and_more", 17), NULL);
	memset(body, 'y', len);
	body[len] = 0;
	memcpy(body, "hunter22_and_more", 17);
	for (size_t at = 100; at + 10 < len; at += 9) /* one of them stands where it is cut */
		memcpy(body + at, "hunter22", 8);
	exchanges_add(&list, &(struct exchange_input){ .request = &q, .url = "u", .status = 200, .body = body,
		.body_len = len, .vault = v });
	assert_non_null(strstr(list.list[0].text, "bytes more]"));
	assert_null(strstr(list.list[0].text, "hu"));
	assert_null(strstr(list.list[0].text, "_and_more"));
	exchanges_finish(&list);
	free(body);
	vault_unref(v);
}

/* Zendesk makes a webhook's secret and tells it: the reply was added before anybody knew that it held one. */
static void a_secret_that_a_reply_has_told_is_masked_before_it_is_stored(void **state)
{
	struct mlc_request q = { .method = "GET", .path = "/x" };
	struct exchanges list = { .count = 0 };
	const char *body = "{\"secret\":\"t0ld\",\"again\":\"t0ld\"} tail";

	(void)state;
	exchanges_add(&list, &(struct exchange_input){ .request = &q, .url = "u", .status = 200, .body = body, .body_len = strlen(body) });
	exchanges_add(&list, &(struct exchange_input){ .request = &q, .url = "u", .status = 204, .body = "" });
	exchanges_mask(&list, "news", "t0ld");
	assert_null(memmem(list.list[0].text, list.list[0].len, "t0ld", 4));
	assert_non_null(strstr(list.list[0].text, "{\"secret\":\"[secret:news]\",\"again\":\"[secret:news]\"} tail"));
	exchanges_mask(&list, "news", "a"); /* half of a text would be gone */
	assert_non_null(strstr(list.list[0].text, "again"));
	exchanges_finish(&list);
}

static void of_many_exchanges_the_first_and_the_latest_stay(void **state)
{
	struct mlc_request q = { .method = "GET", .path = "/x" };
	struct exchanges list = { .count = 0 };

	(void)state;
	for (int i = 1; i <= 100; i++)
		exchanges_add(&list, &(struct exchange_input){ .request = &q, .url = "u",
			.status = i, .body = "" });
	assert_int_equal(list.count, EXCHANGES_MAX);
	assert_int_equal(list.dropped, 100 - EXCHANGES_MAX);
	assert_int_equal(list.list[0].status, 1);
	assert_int_equal(list.list[EXCHANGES_MAX - 1].status, 100);
	exchanges_finish(&list);
}

static void a_recorded_exchange_can_be_played_back(void **state)
{
	char dir[] = "/tmp/mlc-cassette-XXXXXX", path[80];
	static const struct carry_header headers[] = { { "X-WP-Total", "7" }, { NULL, NULL } };
	struct mlc_request q = { .method = "GET", .path = "/orders" },
		other = { .method = "GET", .path = "/else" };
	struct call_reply reply;
	struct err e = { 0 };
	struct cassette *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	cassette_record(dir, cassette_page("shop", OP_POLL, &(struct exchange_input){ .request = &q,
		.url = "https://x/orders", .status = 200,
		.headers = headers, .body = "[1.10]", .body_len = 6, .at_ms = 1700000000000 }));
	c = cassette_load(dir, &e);
	assert_non_null(c);
	assert_false(cassette_reply(c, &other, &reply, &e));
	assert_true(cassette_reply(c, &q, &reply, NULL));
	assert_int_equal(reply.reply.status, 200);
	assert_string_equal(reply.reply.body, "[1.10]");
	assert_string_equal(reply.header(reply.ctx, "x-wp-total"), "7");
	assert_int_equal(cassette_left(c), 0);
	assert_false(cassette_reply(c, &q, &reply, NULL));
	cassette_destroy(c);
	snprintf(path, sizeof path, "%s/shop-poll-000000.json", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void a_secret_that_a_reply_has_told_is_masked_in_its_recording(void **state)
{
	struct mlc_request q = { .method = "GET", .path = "/signing_secret" };
	static const struct carry_header headers[] = { { "X-Also", "an0ther\"one" }, { NULL, NULL } };
	const char body[] = "{\"secret\":\"an0ther\\\"one\",\"again\":\"plain-secret\"}";
	json_t *page = cassette_page("desk", OP_SUBSCRIBE, &(struct exchange_input){ .request = &q, .url = "https://x",
		.status = 200, .headers = headers, .body = body, .body_len = sizeof body - 1 });

	(void)state;
	cassette_mask(page, "webhook_secret", "an0ther\"one");
	cassette_mask(page, "webhook_secret", "plain-secret");
	assert_string_equal(json_text_at(json_at(page, "reply.headers"), "X-Also"), "[secret:webhook_secret]");
	assert_null(strstr(json_text_at(page, "reply.body"), "plain-secret"));
	assert_non_null(strstr(json_text_at(page, "reply.body"), "\"again\":\"[secret:webhook_secret]\""));
	json_decref(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_escaped_for_where_it_stands),
		cmocka_unit_test(what_cannot_be_filled_in_is_named),
		cmocka_unit_test(an_address_is_made_of_settings_and_what_a_token_told),
		cmocka_unit_test(oauth1_signs_method_address_and_query),
		cmocka_unit_test(a_header_carries_its_token),
		cmocka_unit_test(a_secret_is_itself_and_nothing_else),
		cmocka_unit_test(a_webhook_is_signed_over_what_the_table_says),
		cmocka_unit_test(an_empty_secret_proves_nothing),
		cmocka_unit_test(settings_are_held_against_the_connectors_table),
		cmocka_unit_test(an_exchange_is_cut_and_masked),
		cmocka_unit_test(no_end_of_a_secret_is_left),
		cmocka_unit_test(a_secret_that_a_reply_has_told_is_masked_before_it_is_stored),
		cmocka_unit_test(of_many_exchanges_the_first_and_the_latest_stay),
		cmocka_unit_test(a_recorded_exchange_can_be_played_back),
		cmocka_unit_test(a_secret_that_a_reply_has_told_is_masked_in_its_recording),
	};

	return crypto_init(NULL) < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
