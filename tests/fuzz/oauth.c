/* oauth.c - any bytes as the reply of a token endpoint, and as the query of a redirect: what comes of them is one of
 * the ends there are, in plain words, and nothing that could break a header, a log line or a page. */
#include "base/json.h"
#include "plug/oauth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void must_be_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			abort();
}

static void read_reply(const char *text, size_t len)
{
	static const int statuses[] = { 200, 201, 302, 400, 401, 403, 404, 429, 500, 503 };
	struct oauth_reply r;
	size_t secret_len;

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		oauth_read(statuses[i], text, len, &r);
		if (r.end < OAUTH_GRANTED || r.end > OAUTH_TROUBLE || (r.end == OAUTH_GRANTED) != (r.access != NULL))
			abort();
		if (r.end == OAUTH_GRANTED && (statuses[i] > 299 || !json_is_object(r.rest) ||
			json_object_get(r.rest, "access_token") || json_object_get(r.rest, "refresh_token")))
			abort();
		if (r.access)
			must_be_plain(secret_bytes(r.access, &secret_len));
		if (r.refresh)
			must_be_plain(secret_bytes(r.refresh, &secret_len));
		if (r.life_s < 0 || r.refresh_life_s < 0 || r.grant_life_s < 0 || (r.end != OAUTH_GRANTED && !*r.why))
			abort();
		must_be_plain(r.why);
		oauth_reply_finish(&r);
	}
}

static void read_redirect(const char *query)
{
	struct oauth_redirect r;
	const char *name;
	json_t *value;

	if (oauth_redirect_read(query, &r)) {
		if (strlen(r.state) != OAUTH_STATE_DIGITS || !*r.tenant || !*r.connection || strpbrk(r.code, "\r\n"))
			abort();
		must_be_plain(r.error);
		must_be_plain(r.error_text);
		json_object_foreach(r.rest, name, value)
			if (!json_is_string(value) || strpbrk(json_string_value(value), "\r\n") || !strcmp(name, "code"))
				abort();
	}
	oauth_redirect_finish(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = calloc(1, len + 1);

	if (!text)
		abort();
	memcpy(text, bytes, len);
	read_reply(text, len);
	read_redirect(text);
	free(text);
	return 0;
}
