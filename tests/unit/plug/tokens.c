/* tokens.c - OAuth 2: tokens fetched, kept before they are used, renewed ahead, refused, dead; and the
 * consent of a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "house.h"

#include "base/crypto.h"
#include "base/mem.h"
#include "base/when.h"
#include "plug/sign.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct heard heard;

static void office(struct house *h, const char *auth)
{
	json_t *o = json_object_get(h->settings, "shop");
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%d", h->remote_port);
	json_put_text(o, "connector", "office");
	json_put_text(o, "url", url);
	json_put_text(o, "client_id", "me");
	json_put_text(o, "auth", auth);
	h->public_url = "http://mlc.example";
	h->otherwise = "{\"things\":[]}";
	house_apply(h);
	house_secret(h, "shop", "client_secret", "s3cret&");
	loop_advance(h->loop, 6000); /* what the connection knew of its secrets is old now */
}

static int as_client(void **state)
{
	*state = house_open("");
	office(*state, "oauth_client");
	return 0;
}

static int by_code(void **state)
{
	*state = house_open("");
	office(*state, "oauth_code");
	return 0;
}

static int teardown(void **state)
{
	house_close(*state);
	return 0;
}

static const char *asked(struct house *h, size_t nth, const char *member)
{
	return json_text_or(json_array_get(h->asked, nth), member, "");
}

static size_t asked_count(struct house *h)
{
	return json_array_size(h->asked);
}

static size_t asked_of(struct house *h, const char *path)
{
	size_t n = 0;

	for (size_t i = 0; i < asked_count(h); i++)
		n += !strcmp(asked(h, i, "path"), path);
	return n;
}

static const json_t *poll(struct house *h)
{
	return house_call(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
}

static bool went_well(const json_t *done)
{
	if (json_true_at(done, "failed"))
		print_message("# %s\n", json_text_or(done, "text", ""));
	return !json_true_at(done, "failed");
}

/* ---- as a client --------------------------------------------------------------------------- */

/* ZOHO-11, ZUO-14 */
static void a_client_fetches_a_token_and_sends_it_with_every_request(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"access_token\":\"t1\",\"expires_in\":3600}");
	assert_true(went_well(poll(h)));
	assert_string_equal(asked(h, 0, "path"), "/token");
	assert_string_equal(asked(h, 0, "body"),
		"grant_type=client_credentials&client_id=me&client_secret=s3cret%26&scope=all&soid=Office.7");
	assert_string_equal(asked(h, 0, "authorization"), "");
	assert_string_equal(asked(h, 1, "authorization"), "Bearer t1");
	assert_true(went_well(poll(h)));
	assert_int_equal(asked_count(h), 3);
}

/* ZUO-14, ZUO-30, ZEN-21, ZEN-38: 30 days, a poll every half hour: no call fails, none meets an expired token. */
static void thirty_days_of_hourly_tokens_cost_no_call(void **state)
{
	struct house *h = *state;
	size_t tokens = 0;
	char reply[100];

	for (int i = 0; i < 30 * 48; i++) {
		int64_t now = loop_now_ms(h->loop);
		static int64_t ends;

		if (i == 0 || ends - now <= 5 * WHEN_MINUTE_MS) {
			snprintf(reply, sizeof reply, "{\"access_token\":\"t%zu\",\"expires_in\":3600}", ++tokens);
			house_reply(h, 200, reply);
			ends = now + WHEN_HOUR_MS;
		}
		assert_false(json_true_at(poll(h), "failed"));
		json_array_clear(h->said);
		json_array_clear(h->asked);
		loop_advance(h->loop, 30 * WHEN_MINUTE_MS);
	}
	assert_int_equal(json_array_size(h->replies), 0);
	assert_in_range(tokens, 30 * 24 - 24, 30 * 24 + 24);
}

/* ZOHO-11, ZUO-21: ten tokens in ten minutes are all that some remotes give. */
static void a_token_is_used_again_after_a_restart(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"access_token\":\"t1\",\"expires_in\":3600,\"api_domain\":\"\"}");
	poll(h);
	house_restart(h);
	assert_true(went_well(poll(h)));
	assert_int_equal(asked_of(h, "/token"), 1);
	assert_string_equal(asked(h, asked_count(h) - 1, "authorization"), "Bearer t1");
}

static void a_token_that_tells_no_end_is_used_until_it_is_refused(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"access_token\":\"t1\",\"expires_in\":null}");
	poll(h);
	loop_advance(h->loop, 90 * WHEN_DAY_MS);
	assert_true(went_well(poll(h)));
	assert_int_equal(asked_of(h, "/token"), 1);
	house_reply(h, 401, "{}");
	house_reply(h, 200, "{\"access_token\":\"t2\"}");
	assert_true(went_well(poll(h)));
	assert_string_equal(asked(h, asked_count(h) - 1, "authorization"), "Bearer t2");
}

/* ZUO-21, ZOHO-17 */
static void many_calls_that_need_a_token_at_once_ask_for_one(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"access_token\":\"t1\",\"expires_in\":3600}");
	for (int i = 0; i < 50; i++)
		house_order(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
	house_wait_said(h, "done", 50);
	assert_int_equal(asked_of(h, "/token"), 1);
	for (size_t i = 0; i < 50; i++)
		assert_false(json_true_at(house_said(h, "done", i), "failed"));
}

/* ZOHO-18, ZEN-33: a write that is turned away at the door goes again with a new token, once. */
static void a_401_refreshes_once_and_the_request_goes_again(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"access_token\":\"t1\",\"expires_in\":3600}");
	poll(h);
	house_reply(h, 401, "{}");
	house_reply(h, 200, "{\"access_token\":\"t2\",\"expires_in\":3600}");
	house_reply(h, 201, "{\"id\":\"1\"}");
	house_write(h, h->shop, 1, "key-1", "{\"name\":\"Mug\"}");
	const json_t *done = house_done(h, 1);
	assert_true(went_well(done));
	assert_int_equal(json_int_or(done, "writes.0.end", 0), WRITE_END_SETTLED);
	assert_string_equal(asked(h, asked_count(h) - 1, "authorization"), "Bearer t2");
	assert_int_equal(asked_of(h, "/token"), 2);
}

static void a_401_that_stays_is_auth_after_one_new_token(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"access_token\":\"t1\",\"expires_in\":3600}");
	poll(h);
	house_reply(h, 401, "{}");
	house_reply(h, 200, "{\"access_token\":\"t2\",\"expires_in\":3600}");
	house_reply(h, 401, "{}");
	const json_t *done = poll(h);
	assert_int_equal(json_int_or(done, "fault", 0), MLC_AUTH);
	assert_int_equal(asked_of(h, "/token"), 2);
	/* One that has never worked is not bettered by yet another. */
	house_reply(h, 401, "{}");
	assert_int_equal(json_int_or(poll(h), "fault", 0), MLC_AUTH);
	assert_int_equal(asked_of(h, "/token"), 2);
}

/* Some say it with status 200: the connector names AUTH, and the host tries another token once. */
static void auth_without_a_401_gets_one_new_token_too(void **state)
{
	struct house *h = *state;

	house_reply(h, 200, "{\"access_token\":\"t1\",\"expires_in\":3600}");
	poll(h);
	house_reply(h, 200, "{}");
	house_reply(h, 200, "{\"access_token\":\"t2\",\"expires_in\":3600}");
	house_reply(h, 200, "{\"identity\":\"7\"}");
	assert_true(went_well(house_call(h, h->shop, &(struct order){ .op = OP_PING })));
	house_reply(h, 200, "{}");
	const json_t *done = house_call(h, h->shop, &(struct order){ .op = OP_PING });
	assert_int_equal(json_int_or(done, "fault", 0), MLC_AUTH);
	assert_int_equal(asked_of(h, "/token"), 2);
	/* Of the next token, which came in its time, it is doubted once again. */
	loop_advance(h->loop, WHEN_HOUR_MS);
	house_reply(h, 200, "{\"access_token\":\"t3\",\"expires_in\":3600}");
	assert_true(went_well(poll(h)));
	house_reply(h, 200, "{}");
	house_reply(h, 200, "{\"access_token\":\"t4\",\"expires_in\":3600}");
	house_reply(h, 200, "{\"identity\":\"7\"}");
	assert_true(went_well(house_call(h, h->shop, &(struct order){ .op = OP_PING })));
}

static void wrong_client_data_holds_the_connection_and_say_why(void **state)
{
	struct house *h = *state;

	house_reply(h, 401, "{\"error\":\"invalid_client\",\"error_description\":\"no such client\"}");
	const json_t *done = poll(h);
	assert_int_equal(json_int_or(done, "fault", 0), MLC_AUTH);
	assert_non_null(strstr(json_text_at(done, "text"), "invalid_client: no such client"));
	house_wait_said(h, "held", 1);
	assert_string_equal(json_text_at(house_said(h, "held", 0), "cause"), "auth");
	/* Nothing is asked again before somebody does something. */
	poll(h);
	assert_int_equal(asked_of(h, "/token"), 1);
	house_secret(h, "shop", "client_secret", "right");
	connection_secret_changed(h->shop);
	house_reply(h, 200, "{\"access_token\":\"t1\"}");
	assert_true(went_well(poll(h)));
}

/* ZEN-37: syncs wait, they do not fail; passing trouble backs off, and is told. */
static void trouble_at_the_token_endpoint_backs_off(void **state)
{
	static const struct { int status; const char *body; } bad[] = {
		{ 503, "<html>busy</html>" }, { 200, "{}" }, { 200, "[]" }, { 200, "{\"access_token\":\"\"}" },
		{ 200, "{\"access_token\":\"a\\nb\"}" }, { 500, "{\"error\":\"server_error\"}" }, { 302, "" },
	};
	struct house *h = *state;
	int64_t last = 0;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		house_reply(h, bad[i].status, bad[i].body);
		const json_t *done = poll(h);
		int64_t after = json_int_or(done, "after_ms", 0);

		assert_int_equal(json_int_or(done, "fault", 0), MLC_LIMITED);
		assert_in_range(after, 1, WHEN_MINUTE_MS);
		assert_true(i < 4 ? after * 4 > last : true);
		/* Until then nothing is asked. */
		poll(h);
		assert_int_equal(asked_count(h), i + 1);
		last = after;
		loop_advance(h->loop, after + 1 + (i == 6 ? 10 * WHEN_MINUTE_MS : 0));
	}
	assert_non_null(connection_trouble(h->shop));
	house_reply(h, 200, "{\"access_token\":\"t1\"}");
	assert_true(went_well(poll(h)));
	assert_null(connection_trouble(h->shop));
}

/* ZOHO-17: ten tokens in ten minutes, and no more are asked for, whatever happens. */
static void a_limit_on_tokens_is_waited_for(void **state)
{
	struct house *h = *state;

	house_reply_with(h, 429, "{}", "Retry-After", "90");
	const json_t *done = poll(h);
	assert_int_equal(json_int_or(done, "fault", 0), MLC_LIMITED);
	assert_in_range(json_int_or(done, "after_ms", 0), 89000, 90000);
	loop_advance(h->loop, 90001);
	house_reply(h, 400, "{\"error\":\"Access Denied\",\"error_description\":\"You have made too many requests continuously.\"}");
	assert_in_range(json_int_or(poll(h), "after_ms", 0), 60000, 600000);
}

static void never_more_than_eight_tokens_are_asked_for_in_ten_minutes(void **state)
{
	struct house *h = *state;
	char reply[64];

	for (int i = 0; i < 8; i++) {
		if (i > 0)
			house_reply(h, 401, "{}");
		snprintf(reply, sizeof reply, "{\"access_token\":\"t%d\"}", i);
		house_reply(h, 200, reply);
		assert_true(went_well(poll(h)));
	}
	house_reply(h, 401, "{}");
	assert_int_equal(json_int_or(poll(h), "fault", 0), MLC_LIMITED);
	assert_int_equal(asked_of(h, "/token"), 8);
	loop_advance(h->loop, 10 * WHEN_MINUTE_MS);
	house_reply(h, 200, "{\"access_token\":\"t9\"}");
	assert_true(went_well(poll(h)));
}

/* ---- by a person's consent ------------------------------------------------------------------ */

struct consent_answer { json_t *answer; char why[ERR_TEXT_MAX]; bool there; };

static void on_consent(void *arg, const json_t *answer, const struct err *e)
{
	struct consent_answer *a = arg;

	a->answer = json_deep_copy(answer);
	snprintf(a->why, sizeof a->why, "%s", e ? e->text : "");
	a->there = true;
}

static bool is_there(void *arg)
{
	return ((struct consent_answer *)arg)->there;
}

/* The state of the address that is to be opened. */
static void authorize(struct house *h, char url[2000], char state[200])
{
	struct consent_answer a = { NULL };

	connection_authorize(h->shop, on_consent, &a);
	turn_until(h->loop, is_there, &a);
	assert_string_equal(a.why, "");
	snprintf(url, 2000, "%s", json_text_or(a.answer, "url", ""));
	assert_true(query_value(strchr(url, '?') + 1, "state", state, 200));
	json_decref(a.answer);
}

static void come_back(struct house *h, const char *state, const char *more)
{
	char *path = xformat("/oauth/callback?state=%s&%s", state, more);

	house_get(h, path, &heard);
	free(path);
}

static void settle(struct house *h)
{
	loop_advance(h->loop, 10);
	turn_idle(h->loop);
}

static void grant(struct house *h)
{
	char url[2000], state[200];
	size_t before = asked_of(h, "/me/77");

	authorize(h, url, state);
	house_reply(h, 200, "{\"access_token\":\"a1\",\"refresh_token\":\"r1\",\"expires_in\":3600,"
		"\"refresh_token_expires_in\":8640000}");
	house_reply(h, 200, "{\"identity\":\"77\"}");
	come_back(h, state, "code=c0de&realmId=77");
	assert_int_equal(heard.status, 200);
	/* It is asked at once who it is. */
	while (asked_of(h, "/me/77") == before || connection_calls(h->shop) > 0)
		settle(h);
	json_array_clear(h->said);
}

/* ZOHO-10 */
static void who_never_granted_it_is_told_where(void **state)
{
	struct house *h = *state;

	house_wait_said(h, "held", 1);
	assert_string_equal(json_text_at(house_said(h, "held", 0), "cause"), "auth");
	assert_non_null(strstr(json_text_at(house_said(h, "held", 0), "why"), "nobody has authorized it yet"));
	char *address = connection_address(h->shop);
	assert_non_null(strstr(address, "/authorize?response_type=code&client_id=me&redirect_uri="
		"http%3A%2F%2Fmlc.example%2Foauth%2Fcallback&scope=things.read%2Cthings.write&state=acme.shop."));
	assert_non_null(strstr(address, "&code_challenge="));
	assert_non_null(strstr(address, "&access_type=offline&code_challenge_method=S256"));
	assert_null(strstr(address, "expires_in"));
	free(address);
}

/* The remote would send the person to where nobody listens any more. */
static void an_offer_for_a_former_address_is_made_again(void **state)
{
	struct house *h = *state;
	char url[2000], nonce[200], *address;

	authorize(h, url, nonce);
	assert_non_null(strstr(url, "redirect_uri=http%3A%2F%2Fmlc.example%2F"));
	address = connection_address(h->shop);
	assert_string_equal(address, url);
	free(address);
	h->public_url = "https://moved.example";
	assert_null(connection_address(h->shop));
	authorize(h, url, nonce);
	assert_non_null(strstr(url, "redirect_uri=https%3A%2F%2Fmoved.example%2F"));
}

/* ZOHO-10, ZOHO-19: what the redirect and the reply told is there for addresses and for the connector. */
static void a_consent_brings_tokens_and_what_came_with_them(void **state)
{
	struct house *h = *state;
	unsigned char digest[SHA256_SIZE];
	char url[2000], nonce[200], query[300], challenge[100], verifier[100], *text;

	authorize(h, url, nonce);
	snprintf(query, sizeof query, "code=c0%%26de&realmId=9130&accounts-server=http%%3A%%2F%%2F127.0.0.1%%3A%d", h->remote_port);
	text = xformat("{\"access_token\":\"a1\",\"refresh_token\":\"r1\",\"expires_in\":3600,\"api_domain\":\"http://127.0.0.1:%d/eu\"}",
		h->remote_port);
	house_reply(h, 200, text);
	free(text);
	house_reply(h, 200, "{\"identity\":\"9130\"}");
	come_back(h, nonce, query);
	assert_int_equal(heard.status, 200);
	assert_string_equal(asked(h, 0, "path"), "/token");
	assert_string_equal(asked(h, 0, "authorization"), "Basic bWU6czNjcmV0Jg==");
	assert_string_equal(asked(h, 0, "include"), "yes");
	assert_non_null(strstr(asked(h, 0, "body"), "grant_type=authorization_code&code=c0%26de&redirect_uri="
		"http%3A%2F%2Fmlc.example%2Foauth%2Fcallback&code_verifier="));
	assert_non_null(strstr(asked(h, 0, "body"), "&expires_in=1800"));
	/* RFC 7636: the challenge is the verifier's digest. */
	assert_true(query_value(asked(h, 0, "body"), "code_verifier", verifier, sizeof verifier));
	assert_true(query_value(strchr(url, '?') + 1, "code_challenge", challenge, sizeof challenge));
	sha256(verifier, strlen(verifier), digest);
	text = base64_text(digest, sizeof digest);
	for (char *at = text; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at == '=' ? 0 : *at;
	assert_string_equal(challenge, text);
	free(text);
	/* It is asked at once who it is, at the address that the token named. */
	while (!json_text_at(connection_facts(h->shop), "identity"))
		settle(h);
	assert_string_equal(asked(h, 1, "path"), "/eu/me/9130");
	assert_string_equal(asked(h, 1, "authorization"), "Office-token a1");
	assert_null(connection_held(h->shop, NULL, NULL));
	house_restart(h);
	house_reply(h, 200, "{\"identity\":\"9130\"}");
	assert_true(went_well(house_call(h, h->shop, &(struct order){ .op = OP_PING })));
	assert_string_equal(asked(h, 2, "path"), "/eu/me/9130");
}

static void a_state_that_is_wrong_used_or_old_brings_nothing(void **state)
{
	static const char other[] = "acme.shop.0000000000000000000000000000000000000000000000000000000000000000";
	struct house *h = *state;
	char url[2000], nonce[200];

	come_back(h, other, "code=x");
	assert_int_equal(heard.status, 400);
	come_back(h, "acme.nobody.00", "code=x");
	assert_int_equal(heard.status, 400);
	come_back(h, "", "code=x");
	assert_int_equal(heard.status, 400);
	house_get(h, "/oauth/callback", &heard);
	assert_int_equal(heard.status, 400);
	authorize(h, url, nonce);
	loop_advance(h->loop, 2 * WHEN_DAY_MS);
	come_back(h, nonce, "code=x");
	assert_int_equal(heard.status, 400);
	assert_int_equal(asked_count(h), 0);
	/* While one is waited for, another's consent does not do, however near it comes, nor does it use that up. */
	authorize(h, url, nonce);
	come_back(h, other, "code=x");
	assert_int_equal(heard.status, 400);
	nonce[strlen(nonce) - 1] ^= 1;
	come_back(h, nonce, "code=x");
	assert_int_equal(heard.status, 400);
	nonce[strlen(nonce) - 1] ^= 1;
	nonce[strlen("acme.shop.")] ^= 1;
	come_back(h, nonce, "code=x");
	assert_int_equal(heard.status, 400);
	nonce[strlen("acme.shop.")] ^= 1;
	assert_int_equal(asked_count(h), 0);
	house_reply(h, 200, "{\"access_token\":\"a0\",\"refresh_token\":\"r0\"}");
	come_back(h, nonce, "code=c0de");
	assert_int_equal(heard.status, 200);
	grant(h);
	char used[200];
	snprintf(used, sizeof used, "%s", nonce);
	come_back(h, used, "code=c0de");
	assert_int_equal(heard.status, 400);
}

static void a_consent_is_taken_once_also_when_it_comes_twice_at_once(void **state)
{
	struct house *h = *state;
	char url[2000], nonce[200], *path;
	struct peer one, two;

	authorize(h, url, nonce);
	path = xformat("GET /oauth/callback?state=%s&code=c HTTP/1.1\r\nHost: mlc\r\n\r\n", nonce);
	house_reply(h, 200, "{\"access_token\":\"a1\",\"refresh_token\":\"r1\"}");
	one = peer_connect(h->port);
	two = peer_connect(h->port);
	peer_say(h->loop, &one, path);
	peer_say(h->loop, &two, path);
	int first = atoi(peer_hear_message(h->loop, &one) + 9), second = atoi(peer_hear_message(h->loop, &two) + 9);
	assert_int_equal(first + second, 600);
	assert_int_equal(asked_of(h, "/token"), 1);
	peer_close(&one);
	peer_close(&two);
	free(path);
}

static void a_consent_that_is_denied_is_said_plainly(void **state)
{
	struct house *h = *state;
	struct consent_answer a = { NULL };
	char url[2000], nonce[200];

	authorize(h, url, nonce);
	connection_authorized(h->shop, on_consent, &a);
	come_back(h, nonce, "error=access_denied&error_description=The+user+%3Cb%3Esaid%3C%2Fb%3E+no");
	assert_int_equal(heard.status, 403);
	assert_non_null(strstr(heard.body, "access_denied"));
	assert_true(a.there);
	assert_non_null(strstr(a.why, "it was not granted (access_denied"));
	assert_int_equal(asked_count(h), 0);
	json_decref(a.answer);
	/* There is a new address to open. */
	grant(h);
}

static void a_code_that_is_refused_leaves_what_there_was(void **state)
{
	struct house *h = *state;
	char url[2000], nonce[200];

	grant(h);
	authorize(h, url, nonce);
	house_reply(h, 400, "{\"error\":\"invalid_grant\",\"error_description\":\"code has expired\"}");
	come_back(h, nonce, "code=late");
	assert_int_equal(heard.status, 502);
	assert_non_null(strstr(heard.body, "code has expired"));
	assert_true(went_well(poll(h)));
	assert_string_equal(asked(h, asked_count(h) - 1, "authorization"), "Office-token a1");
}

/* What a browser brings is whatever somebody has typed: our client's secret goes to no host of his. */
static void a_redirect_does_not_say_where_the_secret_goes(void **state)
{
	struct house *h = *state;
	char url[2000], nonce[200], *query;

	authorize(h, url, nonce);
	house_reply(h, 200, "{\"access_token\":\"b1\",\"refresh_token\":\"s1\",\"expires_in\":3600}");
	house_reply(h, 200, "{\"identity\":\"77\"}");
	query = xformat("code=c&realmId=77&accounts-server=http%%3A%%2F%%2F127.0.0.2%%3A%d&api_domain=127.0.0.2", h->remote_port);
	come_back(h, nonce, query);
	free(query);
	assert_int_equal(heard.status, 200);
	assert_string_equal(asked(h, 0, "path"), "/token");
	while (asked_of(h, "/me/77") == 0 || connection_calls(h->shop) > 0)
		settle(h);
	assert_true(went_well(poll(h)));
}

/* Somebody agreed with the wrong company open: nothing is read or written before the right one is back. */
static void a_consent_for_another_company_holds_the_connection(void **state)
{
	struct house *h = *state;
	const char *cause = NULL;
	char url[2000], nonce[200];

	grant(h);
	authorize(h, url, nonce);
	house_reply(h, 200, "{\"access_token\":\"b1\",\"refresh_token\":\"s1\",\"expires_in\":3600}");
	house_reply(h, 200, "{\"identity\":\"99\"}");
	come_back(h, nonce, "code=c&realmId=99");
	assert_int_equal(heard.status, 200);
	while (asked_of(h, "/me/99") == 0 || connection_calls(h->shop) > 0)
		settle(h);
	connection_held(h->shop, &cause, NULL);
	assert_string_equal(cause, "identity");
	assert_int_equal(json_int_or(poll(h), "fault", 0), MLC_LIMITED);
	grant(h);
	assert_null(connection_held(h->shop, NULL, NULL));
	assert_true(went_well(poll(h)));
}

/* What waited for a log-in goes out as soon as there is one. */
static void write_when_free(struct house *h)
{
	if (connection_held(h->shop, NULL, NULL))
		return;
	h->on_held = NULL;
	house_write(h, h->shop, 9, "key-9", "{\"name\":\"Mug\"}");
}

static void the_grant_dies(struct house *h)
{
	grant(h);
	house_reply(h, 400, "{\"error\":\"invalid_grant\"}");
	loop_advance(h->loop, 2 * WHEN_HOUR_MS);
	assert_int_equal(json_int_or(poll(h), "fault", 0), MLC_AUTH);
	json_array_clear(h->said);
	json_array_clear(h->asked);
}

/* The held writes of one company are not for the books of another. */
static void not_one_write_goes_to_another_company_after_a_consent(void **state)
{
	struct house *h = *state;
	const char *cause = NULL;
	char url[2000], nonce[200];

	the_grant_dies(h);
	authorize(h, url, nonce);
	house_reply(h, 200, "{\"access_token\":\"b1\",\"refresh_token\":\"s1\",\"expires_in\":3600}");
	house_reply(h, 200, "{\"identity\":\"99\"}");
	h->on_held = write_when_free;
	come_back(h, nonce, "code=c&realmId=99");
	const json_t *done = house_done(h, 0);
	assert_int_equal(json_int_or(done, "fault", 0), MLC_LIMITED);
	assert_true(json_true_at(done, "never_sent"));
	assert_int_equal(asked_of(h, "/things"), 0);
	connection_held(h->shop, &cause, NULL);
	assert_string_equal(cause, "identity");
}

/* Nor where it does not say at once who it is, or the host ends before it has. */
static void who_it_is_is_asked_until_it_says_also_after_a_restart(void **state)
{
	struct house *h = *state;
	char url[2000], nonce[200];

	the_grant_dies(h);
	authorize(h, url, nonce);
	house_reply(h, 200, "{\"access_token\":\"b1\",\"refresh_token\":\"s1\",\"expires_in\":3600}");
	house_reply(h, 503, "");
	come_back(h, nonce, "code=c&realmId=77");
	while (asked_of(h, "/me/77") == 0)
		settle(h);
	house_order(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
	settle(h);
	assert_int_equal(asked_of(h, "/things"), 0);
	house_restart(h);
	house_reply(h, 503, "");
	house_order(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
	while (asked_of(h, "/me/77") == 1)
		settle(h);
	assert_int_equal(asked_of(h, "/things"), 0);
	house_reply(h, 200, "{\"identity\":\"77\"}");
	loop_advance(h->loop, WHEN_MINUTE_MS);
	house_wait_said(h, "done", 1);
	assert_int_equal(asked_of(h, "/things"), 1);
	/* It is known now, and stays so. */
	house_restart(h);
	assert_true(went_well(poll(h)));
	assert_int_equal(asked_of(h, "/me/77"), 3);
}

/* ZEN-04, ZEN-21, ZEN-38, ZOHO-17: also where nothing is asked for; the newest refresh token counts. */
static void ten_days_of_rotating_tokens_with_restarts(void **state)
{
	struct house *h = *state;
	char reply[200], wanted[64];
	size_t n = 1;

	grant(h);
	for (int hour = 0; hour < 240; hour++) {
		n++;
		/* The value changes about once a day. */
		snprintf(reply, sizeof reply, "{\"access_token\":\"a%zu\",\"refresh_token\":\"r%d\",\"expires_in\":3600}", n,
			1 + hour / 24);
		house_reply(h, 200, reply);
		json_array_clear(h->asked);
		loop_advance(h->loop, 56 * WHEN_MINUTE_MS);
		while (asked_count(h) == 0)
			settle(h);
		snprintf(wanted, sizeof wanted, "grant_type=refresh_token&refresh_token=r%d&expires_in=1800",
			hour == 0 ? 1 : 1 + (hour - 1) / 24);
		assert_string_equal(asked(h, 0, "body"), wanted);
		if (hour % 7 == 3) {
			json_t *rows = house_audit(h, "token");

			json_decref(rows);
			house_restart(h);
		}
		assert_true(went_well(poll(h)));
		snprintf(wanted, sizeof wanted, "Office-token a%zu", n);
		assert_string_equal(asked(h, asked_count(h) - 1, "authorization"), wanted);
		json_array_clear(h->said);
	}
}

/* ZOHO-17: a refresh token that does not rotate is kept. */
static void a_reply_without_a_refresh_token_keeps_the_one_we_have(void **state)
{
	struct house *h = *state;

	grant(h);
	for (int i = 0; i < 3; i++) {
		json_array_clear(h->asked);
		house_reply(h, 200, "{\"access_token\":\"a2\",\"expires_in\":3600}");
		loop_advance(h->loop, WHEN_HOUR_MS);
		assert_true(went_well(poll(h)));
		assert_non_null(strstr(asked(h, 0, "body"), "refresh_token=r1&"));
	}
}

/* ZEN-37: at once, with the address to open; ZEN-33. */
static void a_dead_grant_holds_the_connection_with_the_address_to_open(void **state)
{
	struct house *h = *state;

	grant(h);
	json_array_clear(h->said);
	house_reply(h, 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Token revoked\"}");
	loop_advance(h->loop, 56 * WHEN_MINUTE_MS);
	house_wait_said(h, "held", 1);
	assert_string_equal(json_text_at(house_said(h, "held", 0), "cause"), "auth");
	assert_non_null(strstr(json_text_at(house_said(h, "held", 0), "why"), "Token revoked"));
	char *address = connection_address(h->shop);
	assert_non_null(address);
	free(address);
	/* It waits; nothing is asked of the remote any more. */
	json_array_clear(h->asked);
	assert_int_equal(json_int_or(poll(h), "fault", 0), MLC_LIMITED);
	loop_advance(h->loop, 5 * WHEN_DAY_MS);
	settle(h);
	assert_int_equal(asked_count(h), 0);
	grant(h);
	assert_true(went_well(poll(h)));
}

/* After a crash between a reply and the disk the refresh token before the present one may be the one that counts. */
static void the_refresh_token_before_is_tried_once(void **state)
{
	struct house *h = *state;

	grant(h);
	house_reply(h, 200, "{\"access_token\":\"a2\",\"refresh_token\":\"r2\",\"expires_in\":3600}");
	loop_advance(h->loop, WHEN_HOUR_MS);
	assert_true(went_well(poll(h)));
	json_array_clear(h->asked);
	house_reply(h, 400, "{\"error\":\"invalid_grant\"}");
	house_reply(h, 200, "{\"access_token\":\"a3\",\"refresh_token\":\"r3\",\"expires_in\":3600}");
	loop_advance(h->loop, WHEN_HOUR_MS);
	assert_true(went_well(poll(h)));
	assert_non_null(strstr(asked(h, 0, "body"), "refresh_token=r2&"));
	assert_non_null(strstr(asked(h, 1, "body"), "refresh_token=r1&"));
}

/* ZEN-04: on disk before it is used. */
static void the_new_pair_is_on_disk_before_it_is_used(void **state)
{
	struct house *h = *state;

	grant(h);
	house_reply(h, 200, "{\"access_token\":\"a2\",\"refresh_token\":\"r2\",\"expires_in\":3600}");
	json_array_clear(h->asked);
	loop_advance(h->loop, WHEN_HOUR_MS);
	house_order(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
	while (asked_count(h) < 2)
		settle(h);
	/* The request with a2 has arrived there: whoever starts now finds it. */
	connections_destroy(h->connections);
	house_begin(h);
	json_array_clear(h->asked);
	assert_true(went_well(poll(h)));
	assert_string_equal(asked(h, 0, "authorization"), "Office-token a2");
}

/* A person who makes room on the disk may well say resume, too. */
static void a_token_that_could_not_be_kept_is_tried_again_whatever_a_person_does(void **state)
{
	struct house *h = *state;

	grant(h);
	house_reply(h, 200, "{\"access_token\":\"a2\",\"refresh_token\":\"r2\",\"expires_in\":3600}");
	json_array_clear(h->asked);
	house_disk_full(true);
	loop_advance(h->loop, WHEN_HOUR_MS);
	house_order(h, h->shop, &(struct order){ .op = OP_POLL, .feed = "things" });
	while (connections_asking(h->connections) == 0 || asked_count(h) == 0)
		settle(h);
	turn_idle(h->loop);
	house_wait_refused(h);
	connection_resume(h->shop);
	house_disk_full(false);
	loop_advance(h->loop, WHEN_MINUTE_MS);
	assert_true(went_well(house_done(h, 0)));
	assert_string_equal(asked(h, 1, "authorization"), "Office-token a2");
}

/* ZEN-11: tokens that never end. */
static void a_grant_without_end_and_refresh_works_until_it_is_refused(void **state)
{
	struct house *h = *state;
	char url[2000], nonce[200];

	authorize(h, url, nonce);
	house_reply(h, 200, "{\"access_token\":\"eternal\",\"token_type\":\"bearer\"}");
	come_back(h, nonce, "code=c");
	house_wait_said(h, "held", 2);
	loop_advance(h->loop, 400 * WHEN_DAY_MS);
	assert_true(went_well(poll(h)));
	house_reply(h, 401, "{}");
	assert_int_equal(json_int_or(poll(h), "fault", 0), MLC_AUTH);
	assert_int_equal(asked_of(h, "/token"), 1);
}

/* ALL-05 */
static void no_token_stands_in_the_trail_or_in_notes(void **state)
{
	struct house *h = *state;
	char url[2000], nonce[200], *text;
	json_t *rows;

	authorize(h, url, nonce);
	house_reply(h, 200, "{\"access_token\":\"acc3ss-t0ken\",\"refresh_token\":\"r3fresh-t0ken\",\"id_token\":\"1d-t0ken\"}");
	come_back(h, nonce, "code=c");
	house_reply(h, 401, "you sent acc3ss-t0ken");
	poll(h);
	static const char *const moves[] = { "token", "consent", "exchange", "hold" };
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
		rows = house_audit(h, moves[i]);
		text = json_dumps(rows, 0);
		assert_null(strstr(text, "t0ken"));
		free(text);
		json_decref(rows);
	}
	rows = house_notes(h, "token");
	text = json_dumps(rows, 0);
	assert_null(strstr(text, "t0ken"));
	free(text);
	json_decref(rows);
}

/* ---- given back ----------------------------------------------------------------------------------- */

static size_t notes_of(struct house *h, const char *kind)
{
	json_t *notes = house_notes(h, kind);
	size_t n = json_array_size(notes);

	json_decref(notes);
	return n;
}

static void leave(struct house *h)
{
	json_array_clear(h->asked);
	json_object_del(h->settings, "shop");
	house_apply(h);
}

static void who_leaves_the_files_gives_the_grant_back(void **state)
{
	struct house *h = *state;

	grant(h);
	leave(h);
	while (notes_of(h, "token") > 0)
		settle(h);
	assert_int_equal(asked_count(h), 1);
	assert_string_equal(asked(h, 0, "method"), "POST");
	assert_string_equal(asked(h, 0, "path"), "/revoke");
	assert_string_equal(asked(h, 0, "query"), "token=r1");
	assert_string_equal(asked(h, 0, "body"), "{\"token\":\"r1\"}");
	assert_string_equal(asked(h, 0, "authorization"), "Basic bWU6czNjcmV0Jg==");
}

static void a_grant_that_the_remote_does_not_take_back_is_a_persons_to_end(void **state)
{
	struct house *h = *state;

	grant(h);
	house_reply(h, 400, "{}");
	leave(h);
	while (asked_count(h) == 0)
		settle(h);
	for (int i = 0; i < 20; i++)
		settle(h);
	assert_int_equal(asked_count(h), 1);
	assert_int_equal(notes_of(h, "token"), 1); /* whoever comes back finds it */
}

/* A vendor may end all access to an account at once. */
static void a_grant_of_an_account_that_another_one_uses_stays(void **state)
{
	struct house *h = *state;
	json_t *o = json_deep_copy(json_object_get(h->settings, "shop"));

	grant(h);
	json_put_text(o, "auth", "oauth_client");
	json_object_set_new(h->settings, "beta/shop", o);
	house_apply(h);
	house_secret_of(h, "beta", "shop", "client_secret", "s3cret&");
	house_reply(h, 200, "{\"access_token\":\"t1\",\"expires_in\":3600}");
	house_reply(h, 200, "{\"identity\":\"77\"}");
	assert_true(went_well(house_call(h, connection_find(h->connections, "beta", "shop"), &(struct order){ .op = OP_PING })));
	leave(h);
	for (int i = 0; i < 20; i++)
		settle(h);
	assert_int_equal(asked_count(h), 0);
	assert_int_equal(notes_of(h, "token"), 1); /* acme's */
}

int main(void)
{
#define CLIENT(name) cmocka_unit_test_setup_teardown(name, as_client, teardown)
#define CODE(name) cmocka_unit_test_setup_teardown(name, by_code, teardown)
	const struct CMUnitTest tests[] = {
		CLIENT(a_client_fetches_a_token_and_sends_it_with_every_request),
		CLIENT(thirty_days_of_hourly_tokens_cost_no_call),
		CLIENT(a_token_is_used_again_after_a_restart),
		CLIENT(a_token_that_tells_no_end_is_used_until_it_is_refused),
		CLIENT(many_calls_that_need_a_token_at_once_ask_for_one),
		CLIENT(a_401_refreshes_once_and_the_request_goes_again),
		CLIENT(a_401_that_stays_is_auth_after_one_new_token),
		CLIENT(auth_without_a_401_gets_one_new_token_too),
		CLIENT(wrong_client_data_holds_the_connection_and_say_why),
		CLIENT(trouble_at_the_token_endpoint_backs_off),
		CLIENT(a_limit_on_tokens_is_waited_for),
		CLIENT(never_more_than_eight_tokens_are_asked_for_in_ten_minutes),
		CODE(who_never_granted_it_is_told_where),
		CODE(an_offer_for_a_former_address_is_made_again),
		CODE(a_consent_brings_tokens_and_what_came_with_them),
		CODE(a_state_that_is_wrong_used_or_old_brings_nothing),
		CODE(a_consent_is_taken_once_also_when_it_comes_twice_at_once),
		CODE(a_consent_that_is_denied_is_said_plainly),
		CODE(a_code_that_is_refused_leaves_what_there_was),
		CODE(a_redirect_does_not_say_where_the_secret_goes),
		CODE(a_consent_for_another_company_holds_the_connection),
		CODE(not_one_write_goes_to_another_company_after_a_consent),
		CODE(who_it_is_is_asked_until_it_says_also_after_a_restart),
		CODE(ten_days_of_rotating_tokens_with_restarts),
		CODE(a_reply_without_a_refresh_token_keeps_the_one_we_have),
		CODE(a_dead_grant_holds_the_connection_with_the_address_to_open),
		CODE(the_refresh_token_before_is_tried_once),
		CODE(the_new_pair_is_on_disk_before_it_is_used),
		CODE(a_token_that_could_not_be_kept_is_tried_again_whatever_a_person_does),
		CODE(a_grant_without_end_and_refresh_works_until_it_is_refused),
		CODE(no_token_stands_in_the_trail_or_in_notes),
		CODE(who_leaves_the_files_gives_the_grant_back),
		CODE(a_grant_that_the_remote_does_not_take_back_is_a_persons_to_end),
		CODE(a_grant_of_an_account_that_another_one_uses_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
