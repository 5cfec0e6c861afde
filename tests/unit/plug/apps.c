/* apps.c - the operator's own registration: its client for many tenants' connections, and the one address to
 * which a vendor sends all tenants' webhooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "house.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct heard heard;

static void add(struct house *h, const char *path)
{
	json_t *o = json_object();
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%d", h->remote_port);
	json_put_text(o, "connector", "office");
	json_put_text(o, "url", url);
	json_put_text(o, "app", "bureau");
	json_put_text(o, "auth", "oauth_client");
	json_object_set_new(h->settings, path, o);
}

static void ping(struct house *h, const char *tenant, const char *identity)
{
	char *body = xformat("{\"identity\":\"%s\"}", identity);

	house_reply(h, 200, "{\"access_token\":\"t\",\"expires_in\":3600}");
	house_reply(h, 200, body);
	assert_false(json_true_at(house_call(h, connection_find(h->connections, tenant, "shop"),
		&(struct order){ .op = OP_PING }), "failed"));
	free(body);
}

static int setup(void **state)
{
	struct house *h = house_open("");
	json_t *app = json_object();

	json_put_text(app, "connector", "office");
	json_put_text(app, "client_id", "operator");
	json_object_set_new(h->apps, "bureau", app);
	add(h, "shop");
	add(h, "beta/shop");
	house_apply(h);
	house_secret_of(h, APP_TENANT, "bureau", "client_secret", "shared");
	house_secret_of(h, APP_TENANT, "bureau", "verifier", "v3rify");
	loop_advance(h->loop, 6000);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	house_close(*state);
	return 0;
}

static void post(struct house *h, const char *path, const char *body, const char *secret)
{
	unsigned char digest[SHA256_SIZE];
	char *coded, *header;

	hmac_sha256(secret, strlen(secret), body, strlen(body), digest);
	coded = base64_text(digest, sizeof digest);
	header = xformat("X-Sig: %s", coded);
	house_post(h, path, body, header, &heard);
	free(coded);
	free(header);
}

static void its_client_and_secret_serve_the_connections_that_name_it(void **state)
{
	struct house *h = *state;

	ping(h, "acme", "1");
	ping(h, "beta", "2");
	assert_non_null(strstr(json_text_at(json_array_get(h->asked, 0), "body"), "client_id=operator&client_secret=shared&"));
	assert_non_null(strstr(json_text_at(json_array_get(h->asked, 2), "body"), "client_id=operator&client_secret=shared&"));
}

static void what_a_connection_has_itself_counts_before_its_apps(void **state)
{
	struct house *h = *state;

	json_put_text(json_object_get(h->settings, "shop"), "client_id", "own");
	house_apply(h);
	house_secret(h, "shop", "client_secret", "mine");
	loop_advance(h->loop, 6000);
	ping(h, "acme", "1");
	assert_non_null(strstr(json_text_at(json_array_get(h->asked, 0), "body"), "client_id=own&client_secret=mine&"));
}

/* ALL-12 */
static void a_merge_is_told_to_whom_its_account_belongs(void **state)
{
	struct house *h = *state;

	ping(h, "acme", "1");
	ping(h, "beta", "2");
	json_array_clear(h->said);
	post(h, "/hooks/app/bureau", "[{\"id\":\"10\",\"into\":\"11\",\"company\":\"2\"}]", "v3rify");
	assert_int_equal(heard.status, 200);
	assert_int_equal(house_count(h, "emit"), 1);
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "path"), "beta/shop");
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "records.0.id"), "10");
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "records.0.merged_into"), "11");
}

/* Several tenants' companies in one delivery: each record to its own, never to another's. */
static void one_delivery_is_split_by_account(void **state)
{
	struct house *h = *state;

	ping(h, "acme", "1");
	ping(h, "beta", "2");
	json_array_clear(h->said);
	post(h, "/hooks/app/bureau", "[{\"id\":\"10\",\"company\":\"1\"},{\"id\":\"20\",\"company\":\"2\"},"
		"{\"id\":\"11\",\"company\":\"1\"}]", "v3rify");
	assert_int_equal(heard.status, 200);
	assert_int_equal(house_count(h, "emit"), 2);
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "path"), "acme/shop");
	assert_int_equal(json_array_size(json_at(house_said(h, "emit", 0), "records")), 2);
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "records.1.id"), "11");
	assert_string_equal(json_text_at(house_said(h, "emit", 1), "path"), "beta/shop");
	assert_string_equal(json_text_at(house_said(h, "emit", 1), "records.0.id"), "20");
	assert_int_equal(json_array_size(json_at(house_said(h, "emit", 1), "records")), 1);
}

static void a_wrong_signature_at_the_apps_address_is_refused(void **state)
{
	struct house *h = *state;

	ping(h, "acme", "1");
	post(h, "/hooks/app/bureau", "[{\"id\":\"10\",\"company\":\"1\"}]", "another");
	assert_int_equal(heard.status, 401);
	assert_int_equal(house_count(h, "emit"), 0);
}

struct count { const char *member; int64_t value; };

static void count_app(void *arg, struct connection *c)
{
	struct count *n = arg;
	json_t *status = connection_status(c);

	n->value += json_int_or(status, n->member, 0);
	json_decref(status);
}

static void an_account_that_nobody_here_is_gets_a_200_and_a_row_in_the_trail(void **state)
{
	struct house *h = *state;
	struct count n = { "received_unknown", 0 };

	ping(h, "acme", "1");
	json_array_clear(h->said);
	post(h, "/hooks/app/bureau", "[{\"id\":\"10\",\"company\":\"9\"},{\"id\":\"11\"}]", "v3rify");
	assert_int_equal(heard.status, 200);
	assert_int_equal(house_count(h, "emit"), 0);
	connections_each_app(h->connections, count_app, &n);
	assert_int_equal(n.value, 2);
	json_t *rows = house_audit_of(h, APP_TENANT, "unknown_account");
	assert_int_equal(json_array_size(rows), 1);
	char *text = json_dumps(rows, 0);
	assert_non_null(strstr(text, "9"));
	assert_non_null(strstr(text, "\"records\": 2"));
	free(text);
	json_decref(rows);
}

/* The same signature counts at a connection's own address; another company's records are nobody's there. */
static void at_a_connections_own_address_only_its_own_account_counts(void **state)
{
	struct house *h = *state;

	ping(h, "acme", "1");
	ping(h, "beta", "2");
	json_array_clear(h->said);
	post(h, "/hooks/acme/shop", "[{\"id\":\"10\",\"company\":\"1\"},{\"id\":\"20\",\"company\":\"2\"},{\"id\":\"12\"}]", "v3rify");
	assert_int_equal(heard.status, 200);
	assert_int_equal(house_count(h, "emit"), 1);
	assert_string_equal(json_text_at(house_said(h, "emit", 0), "path"), "acme/shop");
	assert_int_equal(json_array_size(json_at(house_said(h, "emit", 0), "records")), 2);
}

static void an_app_is_no_connection_of_anybody(void **state)
{
	struct house *h = *state;
	struct count n = { "received", 0 };

	post(h, "/hooks/app/bureau", "[]", "v3rify");
	connections_each(h->connections, count_app, &n);
	assert_int_equal(n.value, 0);
	connections_each_app(h->connections, count_app, &n);
	assert_int_equal(n.value, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(its_client_and_secret_serve_the_connections_that_name_it),
		TEST(what_a_connection_has_itself_counts_before_its_apps),
		TEST(a_merge_is_told_to_whom_its_account_belongs),
		TEST(one_delivery_is_split_by_account),
		TEST(a_wrong_signature_at_the_apps_address_is_refused),
		TEST(an_account_that_nobody_here_is_gets_a_200_and_a_row_in_the_trail),
		TEST(at_a_connections_own_address_only_its_own_account_counts),
		TEST(an_app_is_no_connection_of_anybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
