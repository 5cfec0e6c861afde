/* replies.c - what Zuora answered, and what the host does about it. */
#include "zuora.h"

#include <stdlib.h>

#define LIMITED_MS 30000u /* where neither Retry-After nor ratelimit-reset says how long */

/* The headers that every request carries; none of them holds a secret. */
static const char *const *headers_of(struct mlc_call *c)
{
	static const struct { const char *setting, *header; } optional[] = {
		{ "zuora_version", "Zuora-Version" }, { "entity_id", "Zuora-Entity-Ids" }, { "org_ids", "Zuora-Org-Ids" },
	};
	const char **list = (const char **)c->host->alloc(c, 6 * sizeof *list);
	size_t count = 0;

	if (!list)
		return NULL;
	for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
		const char *value = mlc_known(c->settings, optional[i].setting);

		if (value && *value)
			list[count++] = c->host->format(c, "%s: %s", optional[i].header, value);
	}
	list[count++] = c->host->format(c, "Zuora-Track-Id: mlc-%s", c->nonce);
	return list;
}

enum mlc_step zuora_get(struct mlc_call *c, const char *path)
{
	c->request->headers = headers_of(c);
	return mlc_get(c, path);
}

enum mlc_step zuora_send(struct mlc_call *c, const char *method, const char *path, json_t *body, const char *key)
{
	const char *const *common = headers_of(c);
	const char **list = (const char **)c->host->alloc(c, 8 * sizeof *list);
	size_t count = 0, len;
	const char *text = body ? c->host->dump(c, body, NULL, &len) : NULL;

	if (!text || !common || !list)
		return c->host->fail(c, MLC_BROKEN, 0, "the request could not be written");
	while (common[count]) {
		list[count] = common[count];
		count++;
	}
	if (key)
		list[count++] = c->host->format(c, "Idempotency-Key: %s", key);
	mlc_send_json(c, method, path, text, len);
	c->request->headers = list;
	return MLC_SEND;
}

/* ---- failures ------------------------------------------------------------------------------------- */

/* By the last two digits of a reason's code (SOURCES.md 2). */
static const struct mlc_fault_code categories[] = {
	{ "10", MLC_REFUSED }, { "11", MLC_AUTH }, { "20", MLC_REFUSED }, { "21", MLC_REFUSED }, { "22", MLC_REFUSED },
	{ "23", MLC_REFUSED }, { "27", MLC_REFUSED }, { "30", MLC_REFUSED }, { "40", MLC_REFUSED }, { "45", MLC_BROKEN },
	{ "50", MLC_RETRY }, { "60", MLC_RETRY }, { "61", MLC_RETRY }, { "70", MLC_LIMITED }, { "90", MLC_BROKEN },
	{ "99", MLC_RETRY },
	{ NULL, MLC_REFUSED },
};

/* The last two digits of a code, which comes as a number or as text; "" when it is neither. */
static const char *category_of(struct mlc_call *c, json_t *reason)
{
	json_t *code = json_object_get(reason, "code");
	const char *text = json_is_integer(code) ? c->host->format(c, "%lld", (long long)json_integer_value(code))
		: json_is_string(code) ? json_string_value(code) : "";
	size_t len = strlen(text);

	return len >= 2 ? text + len - 2 : "";
}

static bool is_passing(enum mlc_fault fault)
{
	return fault == MLC_RETRY || fault == MLC_LIMITED;
}

/* One reply may hold several reasons: it passes only if each of them does. */
enum mlc_fault zuora_reasons(struct mlc_call *c, json_t *body, const char **words)
{
	json_t *reasons = json_object_get(body, "reasons"), *reason;
	enum mlc_fault fault = (enum mlc_fault)0;
	size_t i;

	*words = "";
	json_array_foreach(reasons, i, reason) {
		enum mlc_fault one = mlc_fault_of(categories, category_of(c, reason));
		json_t *code = json_object_get(reason, "code");

		*words = c->host->format(c, "%s%s%s (%lld%s)", *words, i ? "; " : "", mlc_text_or(reason, "message", "no reason given"),
			(long long)json_integer_value(code), json_is_string(code) ? json_string_value(code) : "");
		if (!fault || (is_passing(fault) && !is_passing(one)))
			fault = one;
	}
	return fault ? fault : MLC_REFUSED;
}

uint32_t zuora_wait_ms(struct mlc_call *c)
{
	const char *after = c->host->header(c, "Retry-After");

	/* ratelimit-reset is seconds from now, not a time; and only of the limit that is nearest (SOURCES.md 3). */
	return mlc_retry_after(after ? after : c->host->header(c, "ratelimit-reset"), c->now_ms, LIMITED_MS);
}

static json_t *error_body(struct mlc_call *c)
{
	json_t *body = c->reply->body_len < 1 << 20 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;

	return json_is_object(body) ? body : NULL;
}

static bool has_category(struct mlc_call *c, json_t *body, const char *category)
{
	json_t *reason;
	size_t i;

	json_array_foreach(json_object_get(body, "reasons"), i, reason)
		if (strcmp(category_of(c, reason), category) == 0)
			return true;
	return false;
}

bool zuora_is_gone(struct mlc_call *c)
{
	/* A bare 404 may be a wrong address: only Zuora's own words say that a record is not there. */
	return (c->reply->status == 200 || c->reply->status == 404 || c->reply->status == 400)
		&& has_category(c, error_body(c), "40");
}

bool zuora_declines(struct mlc_call *c)
{
	json_t *body = error_body(c);
	const char *words;

	return c->reply->status != 401 && c->reply->status != 429 && c->reply->status < 500
		&& json_array_size(json_object_get(body, "reasons")) && zuora_reasons(c, body, &words) == MLC_REFUSED;
}

/* Zuora's words, whichever of its error bodies this is. */
static const char *words_of(struct mlc_call *c, json_t *body)
{
	const char *words = "";

	if (json_array_size(json_object_get(body, "reasons")))
		zuora_reasons(c, body, &words);
	else if (mlc_text(body, "faultMessage")) /* ZOQL */
		words = mlc_text(body, "faultMessage");
	else if (mlc_text(body, "message"))
		words = mlc_text(body, "message");
	else if (mlc_text(body, "error.message"))
		words = mlc_text(body, "error.message");
	return words;
}

static enum mlc_fault fault_of(struct mlc_call *c, json_t *body)
{
	int status = c->reply->status;
	bool writes = c->write_count > 0;
	const char *words;

	switch (status) {
	case 401:
		return MLC_AUTH;
	case 409: /* the first request of this key is still at work: the same key, later */
		return writes ? MLC_IN_DOUBT : MLC_RETRY;
	case 422: /* this key has been used for something else */
		return MLC_BROKEN;
	case 429:
		return MLC_LIMITED;
	case 503:
		if (!writes && c->host->header(c, "Retry-After"))
			return MLC_LIMITED;
	}
	if (json_array_size(json_object_get(body, "reasons")))
		return zuora_reasons(c, body, &words);
	if (mlc_may_be_done(status))
		return writes ? MLC_IN_DOUBT : MLC_RETRY;
	if (status == 404 && !body)
		return MLC_BROKEN;
	return status >= 400 ? MLC_REFUSED : MLC_BROKEN;
}

enum mlc_step zuora_failed(struct mlc_call *c, const char *doing)
{
	json_t *body = error_body(c);
	int status = c->reply->status;
	enum mlc_fault fault = fault_of(c, body);
	const char *words = words_of(c, body), *advice = "", *to = c->host->header(c, "Location");

	if (status >= 300 && status < 400)
		return c->host->fail(c, MLC_REFUSED, 0, "%s: Zuora redirects to %s; nothing is followed: write the right address as url", doing,
			to ? to : "somewhere else");
	if (fault == MLC_AUTH)
		advice = "; a client of one environment does not work at another: is the url that of its tenant?";
	else if (has_category(c, body, "10") || status == 403)
		advice = "; the role of the API user lacks that permission";
	else if (status == 404 && !body)
		advice = "; no Zuora answers at that address: is the url right?";
	else if (status == 422)
		advice = "; the idempotency key was used for another request";
	return c->host->fail(c, fault, fault == MLC_LIMITED ? zuora_wait_ms(c) : 0, "%s: %d%s%s%s", doing, status, *words ? ": " : "", words,
		advice);
}

enum mlc_step zuora_garbage(struct mlc_call *c, const char *due)
{
	return mlc_garbage(c, "Zuora", due);
}

json_t *zuora_reply(struct mlc_call *c, const char *doing, enum mlc_step *failed)
{
	json_t *body;

	if (c->reply->status != 200) {
		*failed = zuora_failed(c, doing);
		return NULL;
	}
	body = c->host->parse(c, c->reply->body, c->reply->body_len);
	if (!json_is_object(body) && !json_is_array(body)) {
		*failed = zuora_garbage(c, "JSON");
		return NULL;
	}
	/* A 200 that says no. */
	if (json_is_false(json_object_get(body, "success"))) {
		*failed = zuora_failed(c, doing);
		return NULL;
	}
	return body;
}

json_t *zuora_success(struct mlc_call *c, const char *doing, enum mlc_step *failed)
{
	json_t *body = zuora_reply(c, doing, failed);

	if (body && !json_is_true(json_object_get(body, "success"))) {
		*failed = zuora_garbage(c, "a reply that says whether it succeeded");
		return NULL;
	}
	return body;
}

/* ---- pages without end ------------------------------------------------------------------------------ */

#define MOST_EMPTY 20

/* Brent's way: the cursor of step 1, 2, 4, 8 ... is remembered; a loop of any length meets it again. */
bool zuora_goes_on(struct mlc_call *c, struct way *w, const char *cursor, size_t rows, enum mlc_step *failed)
{
	uint64_t h;

	if (!cursor)
		return true;
	h = mlc_hash(MLC_HASH, cursor);
	w->empty = rows ? 0 : w->empty + 1;
	if (w->empty > MOST_EMPTY) {
		*failed = c->host->fail(c, MLC_BROKEN, 0, "Zuora gives one empty page after another, each with a next one");
		return false;
	}
	if (w->steps && h == w->mark) {
		*failed = c->host->fail(c, MLC_BROKEN, 0, "Zuora's pages lead round in circles: the cursor %.40s came again", cursor);
		return false;
	}
	if (++w->steps >= 2 * w->mark_steps) {
		w->mark = h;
		w->mark_steps = w->steps;
	}
	return true;
}
