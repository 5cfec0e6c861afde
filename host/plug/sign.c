/* sign.c - secrets filled into requests, and the Authorization that goes with them. */
#include "plug/sign.h"

#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MARKER     "{secret:"
#define PARAMS_MAX 64   /* of a query that is signed */
#define HEADER_MAX 8192

/* ---- escapes ---------------------------------------------------------------------------- */

bool percent_encode(struct buf *out, const char *text, size_t len)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (size_t i = 0; i < len; i++) {
		bool fits = text[i] && strchr(plain, text[i]) ? buf_putc(out, text[i])
			: buf_printf(out, "%%%02X", (unsigned char)text[i]);

		if (!fits)
			return false;
	}
	return true;
}

static bool xml_escape(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *entity = text[i] == '<' ? "&lt;" : text[i] == '>' ? "&gt;"
			: text[i] == '&' ? "&amp;"
			: text[i] == '"' ? "&quot;" : text[i] == '\'' ? "&apos;" : NULL;

		if (entity ? !buf_puts(out, entity) : !buf_putc(out, text[i]))
			return false;
	}
	return true;
}

/* Inside of the quotes that stand in the text already. */
static bool json_escape(struct buf *out, const char *text, size_t len)
{
	struct buf quoted;
	bool fits;

	buf_init(&quoted, len * 6 + 3);
	fits = json_write_string(&quoted, text, len) &&
		buf_add(out, quoted.data + 1, quoted.len - 2);
	wipe(quoted.data, quoted.len);
	buf_finish(&quoted);
	return fits;
}

static bool has(const char *type, const char *word)
{
	return type && strcasestr(type, word) != NULL;
}

static bool add_escaped(struct buf *out, const char *text, size_t len, const char *type)
{
	if (has(type, "json"))
		return json_escape(out, text, len);
	if (has(type, "x-www-form-urlencoded"))
		return percent_encode(out, text, len);
	if (has(type, "xml"))
		return xml_escape(out, text, len);
	return buf_add(out, text, len);
}

/* ---- filling in ------------------------------------------------------------------------------ */

static const char *find(const char *text, const char *end, const char *word)
{
	return memmem(text, (size_t)(end - text), word, strlen(word));
}

int fill_secrets(const struct vault *v, const char *text, size_t len, const char *type,
	struct buf *out, struct err *e)
{
	const char *end = text + len, *at;

	while ((at = find(text, end, MARKER)) != NULL) {
		const char *name = at + strlen(MARKER),
			*close = memchr(name, '}', (size_t)(end - name));
		char word[64];
		size_t secret_len;

		if (!close || (size_t)(close - name) >= sizeof word)
			return err_set(e, ERR_INPUT, "a request holds '%s' without an end", MARKER);
		memcpy(word, name, (size_t)(close - name));
		word[close - name] = 0;
		const char *secret = vault_text(v, word, &secret_len);
		if (!secret)
			return err_set(e, ERR_ABSENT,
				"there is no secret '%s': set it with `mlc secret set`", word);
		if (!type && memchr(secret, '\n', secret_len))
			return err_set(e, ERR_INPUT,
				"the secret '%s' has a line break and cannot go into a header",
				word);
		if (!buf_add(out, text, (size_t)(at - text)) ||
			!add_escaped(out, secret, secret_len, type))
			return err_set(e, ERR_LIMIT, "a request is over its ceiling of %zu bytes",
				out->max);
		text = close + 1;
	}
	if (!buf_add(out, text, (size_t)(end - text)))
		return err_set(e, ERR_LIMIT, "a request is over its ceiling of %zu bytes",
			out->max);
	return 0;
}

static bool is_name(const char *text, size_t len)
{
	return len > 0 && !memchr(text, ':', len) && !memchr(text, '.', len);
}

static const char *text_in(const json_t *const *places, const char *name, size_t len)
{
	char word[64];
	const char *text = NULL;

	if (len >= sizeof word)
		return NULL;
	memcpy(word, name, len);
	word[len] = 0;
	for (size_t i = 0; places[i] && !text; i++)
		text = json_string_value(json_object_get(places[i], word));
	return text && *text ? text : NULL;
}

/* What stands between { and }. */
static bool fill_one(const json_t *const *places, const char *inside, size_t len, struct buf *out)
{
	while (len > 0) {
		const char *bar = memchr(inside, '|', len), *text;
		size_t one = bar ? (size_t)(bar - inside) : len;

		text = is_name(inside, one) ? text_in(places, inside, one) : NULL;
		if (!is_name(inside, one))
			buf_add(out, inside, one);
		else if (text)
			buf_puts(out, text);
		if (text || !is_name(inside, one))
			return true; /* whether it fitted, out->full tells */
		inside += one + (bar != NULL);
		len -= one + (bar != NULL);
	}
	return false;
}

int fill_members(const json_t *const *places, const char *text, struct buf *out, struct err *e)
{
	const char *open;

	while ((open = strchr(text, '{')) != NULL) {
		const char *close = strchr(open, '}');

		if (!close)
			return err_set(e, ERR_INPUT, "'%s' holds a { without its }", text);
		buf_add(out, text, (size_t)(open - text));
		if (!fill_one(places, open + 1, (size_t)(close - open - 1), out))
			return err_set(e, ERR_ABSENT, "the setting '%.*s' is missing",
				(int)(close - open - 1), open + 1);
		text = close + 1;
	}
	return buf_puts(out, text) && !out->full ? 0 : err_set(e, ERR_LIMIT,
		"an address is over its ceiling of %zu bytes", out->max);
}

/* ---- which kind ------------------------------------------------------------------------------ */

static const char *const kinds[] = {
	[MLC_AUTH_BASIC] = "basic", [MLC_AUTH_HEADER] = "header",
		[MLC_AUTH_OAUTH_CODE] = "oauth_code",
	[MLC_AUTH_OAUTH_CLIENT] = "oauth_client", [MLC_AUTH_OAUTH1] = "oauth1",
};

const char *auth_text(enum mlc_auth_kind kind)
{
	return kinds[kind];
}

const struct mlc_auth *auth_choose(const struct mlc_connector *k, const json_t *settings,
	bool is_http)
{
	const char *wanted = json_text_at(settings, "auth");

	if (!k->auth || !k->auth->kind)
		return NULL;
	for (const struct mlc_auth *a = k->auth; a->kind; a++)
		if (wanted ? !strcmp(kinds[a->kind], wanted) : is_http &&
			a->kind == MLC_AUTH_OAUTH1)
			return a;
	return k->auth;
}

/* ---- signing --------------------------------------------------------------------------------- */

const char *secret_or_setting(const struct sign_input *in, const char *name, struct err *e)
{
	const char *text = name ? vault_text(in->vault, name, NULL) : NULL;

	if (!text && name)
		text = json_text_at(in->settings, name);
	if (!text && name)
		text = json_text_at(in->app, name);
	if (!text)
		err_set(e, ERR_ABSENT, "there is neither a secret nor a setting '%s': `mlc secret set` gives a secret",
			name ? name : "?");
	return text;
}

int basic_line(const char *user, const char *pass, struct buf *line, struct err *e)
{
	struct buf both;
	char *coded;

	buf_init(&both, HEADER_MAX);
	buf_printf(&both, "%s:%s", user, pass);
	coded = base64_text(both.data, both.len);
	bool fits = !both.full && buf_printf(line, "Authorization: Basic %s", coded);
	wipe(both.data, both.len);
	wipe(coded, strlen(coded));
	free(coded);
	buf_finish(&both);
	return fits ? 0 : err_set(e, ERR_LIMIT, "user and password are over %d bytes", HEADER_MAX);
}

static int sign_basic(const struct sign_input *in, struct buf *line, struct err *e)
{
	const char *user = secret_or_setting(in, in->auth->user, e),
		*pass = user ? secret_or_setting(in, in->auth->pass, e) : NULL;

	return pass ? basic_line(user, pass, line, e) : ERR_ABSENT;
}

/* name: of the token, for words. */
static int sign_token(const struct mlc_auth *auth, const char *token, const char *name,
	struct buf *line, struct err *e)
{
	const char *header = auth->header ? auth->header : "Authorization: Bearer {token}";
	const char *at = strstr(header, "{token}");

	if (strpbrk(token, "\r\n"))
		return err_set(e, ERR_INPUT,
			"the secret '%s' has a line break and cannot go into a header", name);
	if (!at)
		return err_set(e, ERR_INPUT, "the connector's auth header has no {token}");
	if (!buf_add(line, header, (size_t)(at - header)) || !buf_puts(line, token) ||
			!buf_puts(line, at + strlen("{token}")))
		return err_set(e, ERR_LIMIT, "a header is over %zu bytes", line->max);
	return 0;
}

static int sign_header(const struct sign_input *in, struct buf *line, struct err *e)
{
	const char *name = in->auth->pass ? in->auth->pass : in->auth->user;
	const char *token = secret_or_setting(in, name, e);

	return token ? sign_token(in->auth, token, name, line, e) : ERR_ABSENT;
}

static int sign_oauth2(const struct sign_input *in, struct buf *line, struct err *e)
{
	const char *token = vault_text(in->vault, SECRET_ACCESS, NULL);

	if (!token)
		return err_set(e, ERR_ABSENT, "there is no token yet");
	return sign_token(in->auth, token, SECRET_ACCESS, line, e);
}

/* OAuth 1.0a, RFC 5849 section 3.4.1: parameters of the query and of the header, encoded,
 * sorted. */
struct params {
	char *list[PARAMS_MAX]; /* "name=value", encoded */
	size_t count;
};

static size_t decode(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		unsigned char byte;

		if (*in == '%' && in[1] && in[2] && hex_bytes(in + 1, 2, &byte)) {
			*out++ = (char)byte;
			in += 2;
		} else {
			*out++ = *in == '+' ? ' ' : *in;
		}
	}
	*out = 0;
	return (size_t)(out - text);
}

static int add_param(struct params *p, const char *name, size_t name_len, const char *value,
	size_t value_len, struct err *e)
{
	char *n = xstrndup(name, name_len), *v = xstrndup(value, value_len);
	struct buf one;

	buf_init(&one, HEADER_MAX);
	percent_encode(&one, n, decode(n));
	buf_putc(&one, '=');
	percent_encode(&one, v, decode(v));
	free(n);
	free(v);
	if (one.full || p->count == PARAMS_MAX) {
		buf_finish(&one);
		return err_set(e, ERR_LIMIT,
			"a query with more than %d parameters or one over %d bytes cannot be signed", PARAMS_MAX, HEADER_MAX);
	}
	p->list[p->count++] = buf_take(&one, NULL);
	return 0;
}

static int add_query(struct params *p, const char *query, struct err *e)
{
	int code = 0;

	while (*query && code == 0) {
		size_t len = strcspn(query, "&"), name = strcspn(query, "=&");

		if (len > 0)
			code = add_param(p, query, name, query + name + (name < len),
				len - name - (name < len), e);
		query += len + (query[len] == '&');
	}
	return code;
}

static int in_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void base_string(const struct sign_input *in, struct params *p, struct buf *out)
{
	size_t url_len = strcspn(in->url, "?#");

	buf_puts(out, in->method);
	buf_putc(out, '&');
	percent_encode(out, in->url, url_len);
	buf_putc(out, '&');
	qsort(p->list, p->count, sizeof *p->list, in_order);
	for (size_t i = 0; i < p->count; i++) {
		if (i > 0)
			buf_puts(out, "%26");
		percent_encode(out, p->list[i], strlen(p->list[i]));
	}
}

static int sign_oauth1(const struct sign_input *in, struct buf *line, struct err *e)
{
	const char *user = secret_or_setting(in, in->auth->user, e),
		*pass = user ? secret_or_setting(in, in->auth->pass, e) : NULL;
	unsigned char digest[SHA256_SIZE];
	char time[24], *coded = NULL;
	struct params p = { .count = 0 };
	struct buf base, key;
	const char *query = strchr(in->url, '?');
	int code;

	if (!pass)
		return ERR_ABSENT;
	snprintf(time, sizeof time, "%" PRId64, in->now_ms / 1000);
	const struct { const char *name, *value; } own[] = {
		{ "oauth_consumer_key", user }, { "oauth_nonce", in->nonce },
		{ "oauth_signature_method", "HMAC-SHA256" }, { "oauth_timestamp", time },
		{ "oauth_version", "1.0" },
	};
	buf_init(&base, 64u << 10);
	buf_init(&key, HEADER_MAX);
	code = query ? add_query(&p, query + 1, e) : 0;
	for (size_t i = 0; i < sizeof own / sizeof *own && code == 0; i++)
		code = add_param(&p, own[i].name, strlen(own[i].name), own[i].value,
			strlen(own[i].value), e);
	if (code < 0)
		goto done;
	base_string(in, &p, &base);
	percent_encode(&key, pass, strlen(pass));
	buf_putc(&key, '&');
	if (base.full || key.full) {
		code = err_set(e, ERR_LIMIT, "an address is too long to be signed");
		goto done;
	}
	hmac_sha256(key.data, key.len, base.data, base.len, digest);
	coded = base64_text(digest, sizeof digest);
	buf_puts(line, "Authorization: OAuth ");
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		buf_printf(line, "%s=\"", own[i].name);
		percent_encode(line, own[i].value, strlen(own[i].value));
		buf_puts(line, "\", ");
	}
	buf_puts(line, "oauth_signature=\"");
	percent_encode(line, coded, strlen(coded));
	if (!buf_puts(line, "\""))
		code = err_set(e, ERR_LIMIT, "a header is over %zu bytes", line->max);
done:
	for (size_t i = 0; i < p.count; i++)
		free(p.list[i]);
	free(coded);
	wipe(key.data, key.len);
	buf_finish(&key);
	buf_finish(&base);
	return code;
}

int sign_request(const struct sign_input *in, struct buf *line, struct err *e)
{
	switch (in->auth->kind) {
	case MLC_AUTH_BASIC:
		return sign_basic(in, line, e);
	case MLC_AUTH_HEADER:
		return sign_header(in, line, e);
	case MLC_AUTH_OAUTH1:
		return sign_oauth1(in, line, e);
	case MLC_AUTH_OAUTH_CODE:
	case MLC_AUTH_OAUTH_CLIENT:
		return sign_oauth2(in, line, e);
	}
	return err_set(e, ERR_INPUT, "auth of kind %d, which is none", (int)in->auth->kind);
}
