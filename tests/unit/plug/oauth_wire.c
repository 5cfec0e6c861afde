/* oauth_wire.c - what OAuth 2 says over the wire: addresses, requests for tokens, and every kind of reply. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "plug/oauth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *const nowhere[] = { NULL };

static void assert_body(const struct oauth_ask *ask, const char *expected)
{
	struct oauth_request q;
	struct err e = { 0 };

	assert_int_equal(oauth_request(ask, &q, &e), 0);
	assert_string_equal(q.body.data, expected);
	oauth_request_finish(&q);
}

static void a_client_shows_itself_as_its_table_says(void **state)
{
	struct mlc_auth a = { .kind = MLC_AUTH_OAUTH_CLIENT, .token_url = "https://x.example/token", .scope = "read write",
		.extra = "soid=Org.7&token:expires_in=1800&header:X-Ask=yes" };
	struct oauth_ask ask = { .by = OAUTH_BY_CLIENT, .auth = &a, .places = nowhere, .id = "me", .secret = "1234" };
	struct oauth_request q;
	struct err e = { 0 };

	(void)state;
	a.style = MLC_CLIENT_FORM;
	assert_body(&ask, "grant_type=client_credentials&client_id=me&client_secret=1234&scope=read%20write&soid=Org.7&expires_in=1800");
	a.style = MLC_CLIENT_JSON; /* a number is one only where the table said so: never a secret */
	assert_body(&ask, "{\"grant_type\":\"client_credentials\",\"client_id\":\"me\",\"client_secret\":\"1234\","
		"\"scope\":\"read write\",\"soid\":\"Org.7\",\"expires_in\":1800}");
	a.style = MLC_CLIENT_BASIC;
	assert_int_equal(oauth_request(&ask, &q, &e), 0);
	assert_string_equal(q.body.data, "grant_type=client_credentials&scope=read%20write&soid=Org.7&expires_in=1800");
	assert_string_equal(q.headers[2], "Authorization: Basic bWU6MTIzNA==");
	assert_string_equal(q.headers[3], "X-Ask: yes");
	assert_null(q.headers[4]);
	oauth_request_finish(&q);
}

static void a_refresh_asks_for_no_scope(void **state)
{
	static const struct mlc_auth a = { .kind = MLC_AUTH_OAUTH_CODE, .token_url = "https://x.example/token", .scope = "read",
		.style = MLC_CLIENT_JSON, .extra = "access_type=offline" };

	(void)state;
	assert_body(&(struct oauth_ask){ .by = OAUTH_BY_REFRESH, .auth = &a, .places = nowhere, .id = "me", .secret = "s",
		.refresh = "r\"1" },
		"{\"grant_type\":\"refresh_token\",\"client_id\":\"me\",\"client_secret\":\"s\",\"refresh_token\":\"r\\\"1\"}");
}

/* RFC 7636, appendix B. */
static void the_challenge_is_the_one_of_the_rfc(void **state)
{
	static const struct mlc_auth a = { .kind = MLC_AUTH_OAUTH_CODE, .authorize_url = "https://x.example/go?tenant=1",
		.extra = "code_challenge_method=S256" };
	struct err e = { 0 };
	struct buf out;

	(void)state;
	buf_init(&out, 2000);
	assert_true(oauth_has_pkce(&a));
	assert_int_equal(oauth_address(&(struct oauth_ask){ .by = OAUTH_BY_CODE, .auth = &a, .places = nowhere, .id = "m&e",
		.redirect_uri = "https://us.example/oauth/callback", .verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" },
		"st", &out, &e), 0);
	assert_string_equal(out.data, "https://x.example/go?tenant=1&response_type=code&client_id=m%26e&redirect_uri="
		"https%3A%2F%2Fus.example%2Foauth%2Fcallback&state=st&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
		"&code_challenge_method=S256");
	buf_finish(&out);
}

static void what_is_missing_is_named(void **state)
{
	static const struct mlc_auth a = { .kind = MLC_AUTH_OAUTH_CLIENT, .token_url = "{region}/token", .style = MLC_CLIENT_FORM };
	struct oauth_request q;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(oauth_request(&(struct oauth_ask){ .by = OAUTH_BY_CLIENT, .auth = &a, .places = nowhere, .id = "i",
		.secret = "s" }, &q, &e), ERR_ABSENT);
	assert_non_null(strstr(e.text, "'region'"));
	oauth_request_finish(&q);
}

static void every_reply_has_its_end(void **state)
{
	static const struct { int status; const char *body; enum oauth_end end; } rows[] = {
		{ 200, "{\"access_token\":\"t\"}", OAUTH_GRANTED },
		{ 201, "{\"access_token\":\"t\"}", OAUTH_GRANTED },
		{ 200, "{\"error\":\"invalid_code\"}", OAUTH_DEAD },  /* Zoho, with status 200 */
		{ 200, "{\"access_token\":\"t\",\"error\":\"invalid_code\"}", OAUTH_DEAD },
		{ 400, "{\"error\":\"invalid_grant\"}", OAUTH_DEAD },
		{ 403, "{\"error\":\"Access Denied\"}", OAUTH_DEAD },
		{ 401, "{\"error\":\"invalid_client\"}", OAUTH_WRONG },
		{ 400, "{\"error\":\"unsupported_grant_type\"}", OAUTH_WRONG },
		{ 400, "{\"error\":\"something_else\"}", OAUTH_WRONG },
		{ 400, "{\"error\":{\"code\":\"bad\",\"message\":\"really\"}}", OAUTH_WRONG },
		{ 400, "{\"error\":\"access_denied\",\"error_description\":\"You have made too many requests continuously\"}", OAUTH_LIMITED },
		{ 400, "{\"error\":\"rate_limit_exceeded\"}", OAUTH_LIMITED },
		{ 429, "busy", OAUTH_LIMITED },
		{ 429, "{\"error\":\"invalid_grant\"}", OAUTH_LIMITED },
		{ 503, "{\"error\":\"temporarily_unavailable\"}", OAUTH_TROUBLE },
		{ 500, "{\"error\":\"whatever\"}", OAUTH_TROUBLE },
		{ 502, "<html>", OAUTH_TROUBLE },
		{ 200, "<html>", OAUTH_TROUBLE },
		{ 200, "{\"access_token\":\"a b\"}", OAUTH_TROUBLE },
		{ 200, "{\"access_token\":7}", OAUTH_TROUBLE },
		{ 302, "{\"access_token\":\"t\"}", OAUTH_TROUBLE },
		{ 200, "{\"access_token\":\"t\"", OAUTH_TROUBLE },
	};
	struct oauth_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		oauth_read(rows[i].status, rows[i].body, strlen(rows[i].body), &r);
		if (r.end != rows[i].end)
			fail_msg("%d %s: %d", rows[i].status, rows[i].body, r.end);
		assert_true(r.end == OAUTH_GRANTED || *r.why);
		oauth_reply_finish(&r);
	}
}

static void lives_are_told_in_numbers_or_texts_or_not(void **state)
{
	static const struct { const char *body; int64_t life, refresh, grant; } rows[] = {
		{ "{\"access_token\":\"t\",\"expires_in\":3600}", 3600, 0, 0 },
		{ "{\"access_token\":\"t\",\"expires_in\":\"3599\"}", 3599, 0, 0 },
		{ "{\"access_token\":\"t\",\"expires_in\":null}", 0, 0, 0 },
		{ "{\"access_token\":\"t\",\"expires_in\":-5}", 0, 0, 0 },
		{ "{\"access_token\":\"t\",\"expires_in\":99999999999999}", INT64_C(50) * 366 * 86400, 0, 0 },
		{ "{\"access_token\":\"t\",\"expires_in\":1800,\"refresh_token_expires_in\":2592000}", 1800, 2592000, 0 },
		{ "{\"access_token\":\"t\",\"x_refresh_token_expires_in\":8726400,\"x_refresh_token_hard_expires_in\":157680000}",
		  0, 8726400, 157680000 },
	};
	struct oauth_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		oauth_read(200, rows[i].body, strlen(rows[i].body), &r);
		assert_int_equal(r.life_s, rows[i].life);
		assert_int_equal(r.refresh_life_s, rows[i].refresh);
		assert_int_equal(r.grant_life_s, rows[i].grant);
		oauth_reply_finish(&r);
	}
}

/* What a token told beside itself is kept as facts, which many may read: never a token, and never without end. */
static void what_comes_beside_a_token_is_no_secret(void **state)
{
	char *name = xformat("%064d", 0), *text = xformat("%05000d", 0);
	char *body = xformat("{\"access_token\":\"t0\",\"refresh_token\":\"r0\",\"id_token\":\"i0\",\"api_domain\":\"https://x.example\",\"realm\":7,"
		"\"list\":[1],\"%s\":\"a\",\"long\":\"%s\"}", name, text);
	struct oauth_reply r;
	char *rest;

	(void)state;
	oauth_read(200, body, strlen(body), &r);
	assert_int_equal(r.end, OAUTH_GRANTED);
	assert_non_null(r.refresh);
	rest = json_dumps(r.rest, JSON_COMPACT);
	assert_string_equal(rest, "{\"api_domain\":\"https://x.example\",\"realm\":\"7\"}");
	oauth_reply_finish(&r);
	free(rest);
	free(body);
	free(name);
	free(text);
}

static void a_redirect_is_taken_apart(void **state)
{
	char query[400];
	struct oauth_redirect r;

	(void)state;
	snprintf(query, sizeof query, "state=acme.books.%064d&code=c%%2B1&realmId=9130&accounts-server=https%%3A%%2F%%2Fa.example"
		"&bad%%20name=1&empty=", 0);
	assert_true(oauth_redirect_read(query, &r));
	assert_string_equal(r.tenant, "acme");
	assert_string_equal(r.connection, "books");
	assert_string_equal(r.code, "c+1");
	assert_string_equal(json_text_at(r.rest, "realmId"), "9130");
	assert_string_equal(json_string_value(json_object_get(r.rest, "accounts-server")), "https://a.example");
	assert_int_equal(json_object_size(r.rest), 2);
	oauth_redirect_finish(&r);
	snprintf(query, sizeof query, "state=acme.books.%064dx&code=1", 0);
	assert_false(oauth_redirect_read(query, &r));
	oauth_redirect_finish(&r);
	snprintf(query, sizeof query, "state=acme.books.%08d&code=1", 0);
	assert_false(oauth_redirect_read(query, &r));
	oauth_redirect_finish(&r);
	assert_false(oauth_redirect_read("code=1", &r));
	oauth_redirect_finish(&r);
	/* What goes on into a request, or before a person, is plain. */
	snprintf(query, sizeof query, "state=acme.books.%064d&code=a%%0d%%0ab&realmId=7%%0a8", 0);
	assert_true(oauth_redirect_read(query, &r));
	assert_string_equal(r.code, "");
	assert_string_equal(r.error, "");
	assert_int_equal(json_object_size(r.rest), 0);
	oauth_redirect_finish(&r);
	snprintf(query, sizeof query, "state=acme.books.%064d&error=access_denied&error_description=no%%1b%%5b2J", 0);
	assert_true(oauth_redirect_read(query, &r));
	assert_string_equal(r.error, "access_denied");
	assert_string_equal(r.error_text, "no?[2J");
	oauth_redirect_finish(&r);
	snprintf(query, sizeof query, "state=acme.books.%064d&error=", 0);
	assert_true(oauth_redirect_read(query, &r));
	assert_string_equal(r.error, "it does not say why");
	oauth_redirect_finish(&r);
}

static void only_known_hosts_are_taken_from_a_redirect(void **state)
{
	static const struct { const char *text; bool taken; } rows[] = {
		{ "https://accounts.example", true }, { "https://a.example", true }, { "https://B.example", true },
		{ "https://a.example.evil", false }, { "https://a.example/", false }, { "https://a.example:444", false },
		{ "http://a.example", false }, { "https://u@a.example", false }, { "https://a.example https://b.example", false },
		{ "evil.example", false }, { "//evil", false }, { "9130", true }, { "eu", true },
	};
	const struct mlc_auth auth = { .kind = MLC_AUTH_OAUTH_CODE, .authorize_url = "https://accounts.example/oauth/auth",
		.extra = "access_type=offline&host:accounts-server=https://a.example https://b.example" };
	const json_t *places[] = { NULL };
	const struct oauth_ask ask = { .by = OAUTH_BY_CODE, .auth = &auth, .places = places };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *rest = json_pack("{s:s,s:s}", "accounts-server", rows[i].text, "other", rows[i].text);
		json_t *brought = oauth_brought(&ask, rest);

		assert_int_equal(json_object_get(brought, "accounts-server") != NULL, rows[i].taken);
		/* A list is one member's; the host that the person was sent to is anybody's. */
		assert_int_equal(json_object_get(brought, "other") != NULL, rows[i].taken && (i == 0 || i > 10));
		json_decref(rest);
		json_decref(brought);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_shows_itself_as_its_table_says),
		cmocka_unit_test(a_refresh_asks_for_no_scope),
		cmocka_unit_test(the_challenge_is_the_one_of_the_rfc),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(every_reply_has_its_end),
		cmocka_unit_test(lives_are_told_in_numbers_or_texts_or_not),
		cmocka_unit_test(what_comes_beside_a_token_is_no_secret),
		cmocka_unit_test(a_redirect_is_taken_apart),
		cmocka_unit_test(only_known_hosts_are_taken_from_a_redirect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
