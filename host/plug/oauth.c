/* oauth.c - OAuth 2 on the wire: addresses, requests for tokens, replies. */
#include "plug/oauth.h"

#include "base/json.h"
#include "net/carry.h"
#include "net/server.h"
#include "plug/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ADDRESS_MAX 8192
#define BODY_MAX    (64u << 10)
#define LINE_MAX    8192
#define EXTRA_MAX   2048
#define TOKEN_MAX   (16u << 10)       /* the longest seen: 4 KB (Intuit's access token, 2026-05) */
#define TEXT_MAX    2048              /* of a member of the reply that is kept */
#define REST_MAX    40                /* members kept */
#define QUERY_MAX   8192
#define BROUGHT_MAX 16                /* members of a redirect that are kept */
#define VALUE_MAX   1024
#define LIFE_MAX_S  (INT64_C(50) * 366 * 86400)

bool is_oauth(const struct mlc_auth *a)
{
	return a && (a->kind == MLC_AUTH_OAUTH_CODE || a->kind == MLC_AUTH_OAUTH_CLIENT);
}

/* ---- .extra: "name=value&token:name=value&header:Name=value&host:name=https://a https://b" --------- */

enum extra_way { EXTRA_PLAIN = 1, EXTRA_TOKEN, EXTRA_HEADER, EXTRA_HOST };

struct extra { enum extra_way way; char name[64]; const char *value; size_t value_len; };

/* The next one of *at, which moves on. */
static bool extra_next(const char **at, struct extra *x)
{
	static const struct { const char *prefix; enum extra_way way; } ways[] = {
		{ "token:", EXTRA_TOKEN }, { "header:", EXTRA_HEADER }, { "host:", EXTRA_HOST }, { "", EXTRA_PLAIN },
	};
	size_t len = strcspn(*at, "&"), name;

	if (len == 0)
		return false;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		size_t prefix = strlen(ways[i].prefix);

		if (strncmp(*at, ways[i].prefix, prefix) != 0)
			continue;
		x->way = ways[i].way;
		*at += prefix;
		len -= prefix;
		break;
	}
	name = strcspn(*at, "=&");
	snprintf(x->name, sizeof x->name, "%.*s", (int)name, *at);
	x->value = *at + name + (name < len);
	x->value_len = len - name - (name < len);
	*at += len + ((*at)[len] == '&');
	return true;
}

static int extra_fill(const struct oauth_ask *a, struct buf *out, struct err *e)
{
	buf_init(out, EXTRA_MAX);
	return a->auth->extra ? fill_members(a->places, a->auth->extra, out, e) : 0;
}

bool oauth_has_pkce(const struct mlc_auth *a)
{
	return a->extra && strstr(a->extra, "code_challenge_method=S256");
}

/* ---- the address that a person opens ---------------------------------------------------------- */

static void put_query(struct buf *out, const char *name, const char *value, size_t len)
{
	buf_putc(out, strchr(out->data, '?') ? '&' : '?');
	buf_puts(out, name);
	buf_putc(out, '=');
	percent_encode(out, value, len);
}

/* RFC 7636, 4.2: base64url of SHA-256, without padding. */
static void put_challenge(struct buf *out, const char *verifier)
{
	unsigned char digest[SHA256_SIZE];
	char *text;
	size_t len;

	sha256(verifier, strlen(verifier), digest);
	text = base64_text(digest, sizeof digest);
	len = strcspn(text, "=");
	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	put_query(out, "code_challenge", text, len);
	free(text);
}

int oauth_address(const struct oauth_ask *a, const char *state, struct buf *out, struct err *e)
{
	const char *at;
	struct extra x;
	struct buf extra;
	int code = extra_fill(a, &extra, e);

	if (code == 0)
		code = fill_members(a->places, a->auth->authorize_url, out, e);
	if (code < 0)
		goto done;
	put_query(out, "response_type", "code", 4);
	put_query(out, "client_id", a->id, strlen(a->id));
	put_query(out, "redirect_uri", a->redirect_uri, strlen(a->redirect_uri));
	if (a->auth->scope)
		put_query(out, "scope", a->auth->scope, strlen(a->auth->scope));
	put_query(out, "state", state, strlen(state));
	if (a->verifier)
		put_challenge(out, a->verifier);
	for (at = extra.data; extra_next(&at, &x);)
		if (x.way == EXTRA_PLAIN)
			put_query(out, x.name, x.value, x.value_len);
	if (out->full || extra.full)
		code = err_set(e, ERR_LIMIT, "the address to open is over %zu bytes", out->max);
done:
	buf_finish(&extra);
	return code;
}

/* ---- the request for a token -------------------------------------------------------------------- */

static bool is_digits(const char *text, size_t len)
{
	return len > 0 && len < 16 && strspn(text, "0123456789") >= len;
}

static void put_json(struct buf *b, const char *name, const char *value, size_t len, bool bare)
{
	buf_puts(b, b->len ? "," : "{");
	json_write_string(b, name, strlen(name));
	buf_putc(b, ':');
	if (bare)
		buf_add(b, value, len);
	else
		json_write_string(b, value, len);
}

static void put_form(struct buf *b, const char *name, const char *value, size_t len)
{
	if (b->len)
		buf_putc(b, '&');
	percent_encode(b, name, strlen(name));
	buf_putc(b, '=');
	percent_encode(b, value, len);
}

/* value NULL: left out.  A parameter of .extra that is a number is one in JSON, too. */
static void put_param(const struct oauth_ask *a, struct oauth_request *q, const char *name, const char *value)
{
	if (!value)
		return;
	if (a->auth->style == MLC_CLIENT_JSON)
		put_json(&q->body, name, value, strlen(value), false);
	else
		put_form(&q->body, name, value, strlen(value));
}

static struct buf *next_line(struct oauth_request *q)
{
	struct buf *line = &q->lines[q->count++];

	buf_init(line, LINE_MAX);
	return line;
}

static int put_extra(const struct oauth_ask *a, struct oauth_request *q, struct err *e)
{
	const char *at;
	struct extra x;
	struct buf extra;
	int code = extra_fill(a, &extra, e);

	for (at = extra.data; code == 0 && extra_next(&at, &x);) {
		bool ours = x.way == EXTRA_TOKEN || (x.way == EXTRA_PLAIN && a->by == OAUTH_BY_CLIENT);

		if (x.way == EXTRA_HEADER && q->count == OAUTH_LINES_MAX)
			code = err_set(e, ERR_LIMIT, "too many headers in a connector's auth table");
		else if (x.way == EXTRA_HEADER)
			buf_printf(next_line(q), "%s: %.*s", x.name, (int)x.value_len, x.value);
		else if (ours && a->auth->style == MLC_CLIENT_JSON)
			put_json(&q->body, x.name, x.value, x.value_len, is_digits(x.value, x.value_len));
		else if (ours)
			put_form(&q->body, x.name, x.value, x.value_len);
	}
	buf_finish(&extra);
	return code;
}

int oauth_request(const struct oauth_ask *a, struct oauth_request *q, struct err *e)
{
	static const char *const grants[] = { [OAUTH_BY_CLIENT] = "client_credentials",
		[OAUTH_BY_CODE] = "authorization_code", [OAUTH_BY_REFRESH] = "refresh_token" };
	bool is_json = a->auth->style == MLC_CLIENT_JSON;
	int code;

	*q = (struct oauth_request){ .count = 0 };
	buf_init(&q->url, ADDRESS_MAX);
	buf_init(&q->body, BODY_MAX);
	code = fill_members(a->places, a->auth->token_url, &q->url, e);
	buf_puts(next_line(q), is_json ? "Content-Type: application/json"
		: "Content-Type: application/x-www-form-urlencoded");
	buf_puts(next_line(q), "Accept: application/json");
	put_param(a, q, "grant_type", grants[a->by]);
	if (a->auth->style == MLC_CLIENT_BASIC) {
		if (code == 0)
			code = basic_line(a->id, a->secret, next_line(q), e);
	} else {
		put_param(a, q, "client_id", a->id);
		put_param(a, q, "client_secret", a->secret);
	}
	if (a->by == OAUTH_BY_CLIENT)
		put_param(a, q, "scope", a->auth->scope);
	if (a->by == OAUTH_BY_REFRESH)
		put_param(a, q, "refresh_token", a->refresh);
	if (a->by == OAUTH_BY_CODE) {
		put_param(a, q, "code", a->code);
		put_param(a, q, "redirect_uri", a->redirect_uri);
		put_param(a, q, "code_verifier", a->verifier);
	}
	if (code == 0)
		code = put_extra(a, q, e);
	if (is_json)
		buf_putc(&q->body, '}');
	if (code == 0 && (q->body.full || q->url.full))
		code = err_set(e, ERR_LIMIT, "a request for a token is over its ceiling");
	for (size_t i = 0; i < q->count; i++)
		q->headers[i] = q->lines[i].data;
	return code;
}

void oauth_request_finish(struct oauth_request *q)
{
	for (size_t i = 0; i < q->count; i++) {
		wipe(q->lines[i].data, q->lines[i].len);
		buf_finish(&q->lines[i]);
	}
	wipe(q->body.data, q->body.len);
	buf_finish(&q->body);
	buf_finish(&q->url);
}

/* ---- the redirect ------------------------------------------------------------------------------ */

static void make_plain(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* All but what OAuth itself says. */
static json_t *brought(const char *query)
{
	static const char *const own[] = { "code", "state", "error", "error_description", "error_uri", NULL };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	json_t *o = json_object();

	while (*query && json_object_size(o) < BROUGHT_MAX) {
		size_t len = strcspn(query, "&"), name_len = strcspn(query, "=&");
		char name[64], value[VALUE_MAX];
		bool is_own = name_len == 0 || name_len >= sizeof name;

		snprintf(name, sizeof name, "%.*s", (int)name_len, query);
		for (const char *const *w = own; *w; w++)
			is_own = is_own || !strcmp(*w, name);
		if (!is_own && strspn(name, letters) == name_len && query_value(query, name, value, sizeof value) &&
			*value && !strpbrk(value, "\r\n"))
			json_object_set_new(o, name, json_string(value)); /* no UTF-8: left out */
		query += len + (query[len] == '&');
	}
	return o;
}

static bool is_listed(const char *list, size_t len, const char *text)
{
	size_t text_len = strlen(text);

	for (const char *at = list, *end = list + len; at < end;) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		size_t one = (size_t)((blank ? blank : end) - at);

		if (one == text_len && !strncasecmp(at, text, one))
			return true;
		at += one + (blank != NULL);
	}
	return false;
}

/* Is it an address without anything behind its host, and one that we know? */
static bool is_known_host(const struct oauth_ask *a, const char *extra, const char *name, const char *text)
{
	char origin[300], ours[300];
	struct extra x;
	struct buf sent;
	bool known = false;

	if (!url_origin(text, origin, sizeof origin) || strcasecmp(origin, text) != 0)
		return false;
	buf_init(&sent, ADDRESS_MAX);
	if (fill_members(a->places, a->auth->authorize_url, &sent, NULL) == 0 && url_origin(sent.data, ours, sizeof ours))
		known = !strcmp(origin, ours);
	buf_finish(&sent);
	while (!known && extra_next(&extra, &x))
		known = x.way == EXTRA_HOST && !strcmp(x.name, name) && is_listed(x.value, x.value_len, text);
	return known;
}

json_t *oauth_brought(const struct oauth_ask *a, const json_t *rest)
{
	json_t *o = json_object(), *value;
	struct err e = { 0 };
	struct buf extra;
	const char *name;

	extra_fill(a, &extra, &e);
	json_object_foreach((json_t *)rest, name, value) {
		const char *text = json_string_value(value);

		if (!strpbrk(text, ".:/\\@") || is_known_host(a, e.code ? "" : extra.data, name, text))
			json_object_set(o, name, value);
	}
	buf_finish(&extra);
	return o;
}

bool oauth_redirect_read(const char *query, struct oauth_redirect *r)
{
	char state[200];
	int end = 0;

	*r = (struct oauth_redirect){ .rest = NULL };
	if (strlen(query) > QUERY_MAX || !query_value(query, "state", state, sizeof state) ||
		sscanf(state, "%39[a-z0-9_].%39[a-z0-9_].%64[0-9a-f]%n", r->tenant, r->connection, r->state, &end) != 3 ||
		state[end] || strlen(r->state) != OAUTH_STATE_DIGITS)
		return false;
	if (!query_value(query, "code", r->code, sizeof r->code) || strpbrk(r->code, "\r\n"))
		*r->code = 0;
	if (query_value(query, "error", r->error, sizeof r->error) && !*r->error)
		snprintf(r->error, sizeof r->error, "it does not say why");
	query_value(query, "error_description", r->error_text, sizeof r->error_text);
	make_plain(r->error);
	make_plain(r->error_text);
	r->rest = brought(query);
	return true;
}

void oauth_redirect_finish(struct oauth_redirect *r)
{
	wipe(r->code, sizeof r->code);
	json_decref(r->rest);
}

/* ---- the reply --------------------------------------------------------------------------------- */

/* RFC 6749 5.2 and RFC 7009's kin; what vendors say besides stands with who says it. */
static const struct { const char *word; enum oauth_end end; } words[] = {
	{ "invalid_grant", OAUTH_DEAD },
	{ "invalid_code", OAUTH_DEAD },             /* Zoho, of a refresh token that was revoked */
	{ "access_denied", OAUTH_DEAD },
	{ "invalid_client", OAUTH_WRONG },
	{ "invalid_client_id", OAUTH_WRONG },       /* Salesforce */
	{ "invalid_client_secret", OAUTH_WRONG },   /* Zoho */
	{ "invalid_redirect_uri", OAUTH_WRONG },    /* Zoho */
	{ "unauthorized_client", OAUTH_WRONG },
	{ "unsupported_grant_type", OAUTH_WRONG },
	{ "invalid_scope", OAUTH_WRONG },
	{ "invalid_request", OAUTH_WRONG },
	{ "inactive_user", OAUTH_WRONG },           /* Salesforce */
	{ "inactive_org", OAUTH_WRONG },            /* Salesforce */
	{ "rate_limit_exceeded", OAUTH_LIMITED },   /* Salesforce */
	{ "slow_down", OAUTH_LIMITED },
	{ "too_many_requests", OAUTH_LIMITED },
	{ "temporarily_unavailable", OAUTH_TROUBLE },
	{ "server_error", OAUTH_TROUBLE },
};

/* How long a refresh token lives, and how long any of them will, by whoever says it. */
static const char *const refresh_lives[] = {
	"refresh_token_expires_in",            /* Zendesk */
	"x_refresh_token_expires_in",          /* Intuit */
	"refresh_expires_in", NULL };
static const char *const grant_lives[] = {
	"x_refresh_token_hard_expires_in", NULL }; /* Intuit */

static const char *const hidden[] = { "access_token", "refresh_token", "id_token", NULL };

/* A whole number, also where it came as text; 0: none that makes sense. */
static int64_t seconds(const json_t *o, const char *const *names)
{
	for (; *names; names++) {
		const json_t *v = json_object_get(o, *names);
		int64_t s = json_is_integer(v) ? json_integer_value(v)
			: json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : 0;

		if (s > 0)
			return s < LIFE_MAX_S ? s : LIFE_MAX_S;
	}
	return 0;
}

static bool is_visible(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static struct secret *token_in(const json_t *o, const char *name)
{
	const char *text = json_text_at(o, name);
	size_t len = text ? strlen(text) : 0;

	return len > 0 && len <= TOKEN_MAX && is_visible(text) ? secret_create(text, len) : NULL;
}

static bool is_hidden(const char *name)
{
	for (const char *const *h = hidden; *h; h++)
		if (!strcmp(*h, name))
			return true;
	return false;
}

static json_t *rest_of(const json_t *o)
{
	json_t *rest = json_object(), *value;
	const char *name;
	char number[24];

	json_object_foreach((json_t *)o, name, value) {
		const char *text = json_string_value(value);

		if (json_is_integer(value)) {
			snprintf(number, sizeof number, "%" PRId64, (int64_t)json_integer_value(value));
			text = number;
		}
		if (text && !is_hidden(name) && strlen(name) < 64 && strlen(text) <= TEXT_MAX &&
			json_object_size(rest) < REST_MAX)
			json_put_text(rest, name, text);
	}
	return rest;
}

/* "Access Denied" is access_denied. */
static void as_word(const char *text, char out[64])
{
	size_t n = 0;

	for (; *text && n < 63; text++)
		out[n++] = *text == ' ' || *text == '-' ? '_' : *text >= 'A' && *text <= 'Z' ? (char)(*text | 32) : *text;
	out[n] = 0;
}

/* Other people's words, cut, in one line of plain text. */
static void say(struct oauth_reply *r, const char *word, const char *more)
{
	snprintf(r->why, sizeof r->why, "%.60s%s%.200s", word, *word && *more ? ": " : "", more);
	make_plain(r->why);
}

static enum oauth_end end_of(int status, const char *word, const char *more)
{
	char is[64];

	as_word(word, is);
	/* Zoho: "Access Denied", "You have made too many requests continuously ..." */
	if (status == 429 || strcasestr(more, "too many requests"))
		return OAUTH_LIMITED;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i].word, is))
			return words[i].end;
	return status >= 500 ? OAUTH_TROUBLE : OAUTH_WRONG;
}

void oauth_read(int status, const char *body, size_t len, struct oauth_reply *r)
{
	static const char *const lives[] = { "expires_in", NULL };
	json_t *o = json_read(body, len, NULL);
	const char *word = json_text_at(o, "error"), *more = json_text_or(o, "error_description", "");
	char text[64];

	*r = (struct oauth_reply){ .end = OAUTH_TROUBLE };
	if (!word && json_is_object(json_object_get(o, "error"))) {
		word = json_text_or(o, "error.code", json_text_or(o, "error.title", "error"));
		more = json_text_or(o, "error.message", more);
	}
	/* Zoho tells of errors with status 200: the token itself is the proof. */
	if (status >= 200 && status < 300 && !word)
		r->access = token_in(o, "access_token");
	if (r->access) {
		r->end = OAUTH_GRANTED;
		r->refresh = token_in(o, "refresh_token");
		r->life_s = seconds(o, lives);
		r->refresh_life_s = seconds(o, refresh_lives);
		r->grant_life_s = seconds(o, grant_lives);
		r->rest = rest_of(o);
	} else if (word) {
		r->end = end_of(status, word, more);
		say(r, word, more);
	} else {
		if (status == 429)
			r->end = OAUTH_LIMITED;
		snprintf(text, sizeof text, "status %d, and no token in the reply", status);
		say(r, "", text);
	}
	json_decref(o);
}

void oauth_reply_finish(struct oauth_reply *r)
{
	secret_destroy(r->access);
	secret_destroy(r->refresh);
	json_decref(r->rest);
}
