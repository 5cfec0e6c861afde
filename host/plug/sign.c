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

int fill_settings(const json_t *settings, const char *text, struct buf *out, struct err *e)
{
	const char *open;

	while ((open = strchr(text, '{')) != NULL) {
		const char *close = strchr(open, '}'), *value;
		char name[64];

		if (!close || (size_t)(close - open) > sizeof name)
			return err_set(e, ERR_INPUT, "'%s' holds a { without its }", text);
		memcpy(name, open + 1, (size_t)(close - open - 1));
		name[close - open - 1] = 0;
		value = json_text_at(settings, name);
		if (!value)
			return err_set(e, ERR_ABSENT, "the setting '%s' is missing", name);
		if (!buf_add(out, text, (size_t)(open - text)) || !buf_puts(out, value))
			return err_set(e, ERR_LIMIT, "an address is over its ceiling of %zu bytes",
				out->max);
		text = close + 1;
	}
	return buf_puts(out, text) ? 0 : err_set(e, ERR_LIMIT,
		"an address is over its ceiling of %zu bytes", out->max);
}

/* ---- which kind ------------------------------------------------------------------------------ */

static const char *const kinds[] = {
	[MLC_AUTH_BASIC] = "basic", [MLC_AUTH_HEADER] = "header",
		[MLC_AUTH_OAUTH_CODE] = "oauth_code",
	[MLC_AUTH_OAUTH_CLIENT] = "oauth_client", [MLC_AUTH_OAUTH1] = "oauth1",
};

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

static const char *named(const struct sign_input *in, const char *name, struct err *e)
{
	const char *text = name ? vault_text(in->vault, name, NULL) : NULL;

	if (!text && name)
		text = json_text_at(in->settings, name);
	if (!text)
		err_set(e, ERR_ABSENT, "there is no secret '%s': set it with `mlc secret set`",
			name ? name : "?");
	return text;
}

static int sign_basic(const struct sign_input *in, struct buf *line, struct err *e)
{
	const char *user = named(in, in->auth->user, e),
		*pass = user ? named(in, in->auth->pass, e) : NULL;
	struct buf both;
	char *coded;

	if (!pass)
		return ERR_ABSENT;
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

static int sign_header(const struct sign_input *in, struct buf *line, struct err *e)
{
	const char *header = in->auth->header ? in->auth->header : "Authorization: Bearer {token}";
	const char *token = named(in, in->auth->pass ? in->auth->pass : in->auth->user, e);
	const char *at = strstr(header, "{token}");

	if (!token)
		return ERR_ABSENT;
	if (strpbrk(token, "\r\n"))
		return err_set(e, ERR_INPUT,
			"the secret '%s' has a line break and cannot go into a header",
			in->auth->pass ? in->auth->pass : in->auth->user);
	if (!at)
		return err_set(e, ERR_INPUT, "the connector's auth header has no {token}");
	if (!buf_add(line, header, (size_t)(at - header)) || !buf_puts(line, token) ||
			!buf_puts(line, at + strlen("{token}")))
		return err_set(e, ERR_LIMIT, "a header is over %zu bytes", line->max);
	return 0;
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
	const char *user = named(in, in->auth->user, e),
		*pass = user ? named(in, in->auth->pass, e) : NULL;
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
		break;
	}
	return err_set(e, ERR_REFUSED, "this host does not grant itself OAuth 2 tokens");
}
