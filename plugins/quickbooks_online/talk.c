/* talk.c - addresses and queries of the Accounting API, and replies that are no success. */
#include "quickbooks_online.h"

#define LAPSED_MS  3600000u /* until somebody has paid */
#define PARAMS_MAX 8
#define QUERY_MAX  1500     /* in an address; longer ones go as a body (SOURCES.md 3) */

/* ---- asking ----------------------------------------------------------------------------------------- */

/* Without it the answer is XML. */
static const char *const accept_json[] = { "Accept: application/json", NULL };

const char *qbo_realm(const struct mlc_call *c)
{
	const char *realm = mlc_known(c->settings, "realmId");

	return realm ? realm : mlc_known(c->token, "realmId");
}

static const char *endpoint(const struct mlc_call *c)
{
	const char *environment = mlc_known(c->settings, "environment");

	return environment && strcmp(environment, "sandbox") == 0 ? "sandbox" : "production";
}

static void address(struct mlc_call *c, const char *path, const struct mlc_param *more)
{
	struct mlc_param all[PARAMS_MAX] = { { "minorversion", "75" } };

	for (size_t i = 1; more && more->name && i < PARAMS_MAX - 1; i++)
		all[i] = *more++;
	c->request->endpoint = endpoint(c);
	c->request->headers = accept_json;
	c->request->path = mlc_query(c, path, all);
}

enum mlc_step qbo_get(struct mlc_call *c, const char *path, const struct mlc_param *more)
{
	address(c, path, more);
	c->request->method = "GET";
	c->request->repeatable = true;
	return MLC_SEND;
}

enum mlc_step qbo_post(struct mlc_call *c, const char *path, const char *operation, const char *key, json_t *body,
	const struct mlc_entity *e)
{
	/* A payment is voided by a sparse update that says so (SOURCES.md 6). */
	bool with = operation && strcmp(operation, "include=void") == 0;
	const struct mlc_param params[] = { { "operation", with ? "update" : operation }, { "include", with ? "void" : NULL },
		{ "requestid", key }, { NULL, NULL } };
	size_t len;
	const char *text = c->host->dump(c, body, e, &len);

	if (!text)
		return MLC_FAIL;
	address(c, path, params);
	c->request->method = "POST";
	c->request->type = "application/json";
	c->request->body = text;
	c->request->body_len = len;
	c->request->repeatable = key != NULL;
	return MLC_SEND;
}

enum mlc_step qbo_query(struct mlc_call *c, const char *query)
{
	if (strlen(query) > QUERY_MAX) {
		qbo_get(c, "/query", NULL);
		c->request->method = "POST";
		c->request->type = "application/text";
		c->request->body = query;
		c->request->body_len = strlen(query);
		return MLC_SEND;
	}
	return qbo_get(c, "/query", (const struct mlc_param[]){ { "query", query }, { NULL, NULL } });
}

/* ---- QuickBooks' own codes ------------------------------------------------------------------------------ */

#define CODES(X)                                                                                                            \
	X("120", MLC_AUTH, "the user who granted access may not do that",                                                   \
		"an administrator of the company grants access: mlc authorize")                                             \
	X("610", MLC_REFUSED, "no such record, or it was made inactive",                                                    \
		"look in QuickBooks whether it was deleted, merged or made inactive; then mlc link or mlc unlink")          \
	X("2010", MLC_REFUSED, "a property that QuickBooks does not know", "mend the mapping")                              \
	X("2020", MLC_REFUSED, "a required member is missing", "mend the mapping or the record")                            \
	X("2030", MLC_REFUSED, "a number that QuickBooks does not take", "mend the mapping or the record")                  \
	X("2040", MLC_REFUSED, "a text that QuickBooks does not take", "mend the mapping or the record")                    \
	X("2050", MLC_REFUSED, "a text is too long", "shorten it: trim { ... } in the mapping")                             \
	X("2080", MLC_REFUSED, "a number is malformed", "mend the mapping")                                                 \
	X("2090", MLC_REFUSED, "a number is out of range", "mend the record")                                               \
	X("2500", MLC_REFUSED, "a reference points at nothing", "is that item, account or customer still active?")          \
	X("3001", MLC_LIMITED, "too many requests",                                                                         \
		"nothing; where it lasts for hours, the app's reads of this month may be spent: developer.intuit.com")      \
	X("3100", MLC_AUTH, "the app may not use this company", "mlc authorize")                                            \
	X("3200", MLC_AUTH, "the log-in is no longer valid", "nothing while it can be renewed; else mlc authorize")         \
	X("4000", MLC_REFUSED, "a query that QuickBooks cannot read", "report it to the connector's author")                \
	X("4001", MLC_REFUSED, "a query for what QuickBooks cannot search by", "report it to the connector's author")       \
	X("5010", MLC_STALE, "somebody else has changed the record meanwhile", "nothing: it is read again and merged")      \
	X("5020", MLC_REFUSED, "the user who granted access may not do that", "an administrator grants access")             \
	X("6000", MLC_REFUSED, "a rule of QuickBooks forbids it; its own words say which", "mend the record")               \
	X("6140", MLC_REFUSED, "the document number is taken",                                                              \
		"number them apart, or allow duplicate numbers in QuickBooks' account settings")                            \
	X("6190", MLC_LIMITED, "the company's subscription has ended", "renew it in QuickBooks; then it goes on by itself") \
	X("6210", MLC_REFUSED, "the books are closed for that period", "open the period, or date the document later")       \
	X("6240", MLC_REFUSED, "the name is taken by a customer, vendor or employee", "choose another name, or link")       \
	X("6480", MLC_REFUSED, "the document was deposited or reconciled", "undo that in QuickBooks first, if it is right") \
	X("6540", MLC_REFUSED, "the document was deposited", "undo the deposit in QuickBooks first, if it is right")        \
	X("10000", MLC_RETRY, "QuickBooks has trouble of its own", "nothing")

#define FAULT(code, fault, means, cure) { code, fault },
#define CODE(code, fault, means, cure) { code, means, cure },

static const struct mlc_fault_code faults[] = { CODES(FAULT) { NULL, MLC_REFUSED } };
const struct mlc_code qbo_codes[] = { CODES(CODE) { NULL, NULL, NULL } };

/* ---- what a Fault means ------------------------------------------------------------------------------------ */

/* The gateway writes all names in lower case (SOURCES.md 7). */
static const char *either(json_t *o, const char *one, const char *other)
{
	const char *text = mlc_text(o, one);

	return text ? text : mlc_text_or(o, other, "");
}

static json_t *first_error(json_t *fault)
{
	json_t *list = json_object_get(fault, "Error");

	return json_array_get(list ? list : json_object_get(fault, "error"), 0);
}

/* "003200" and "3200" are one code. */
static const char *code_of(json_t *fault)
{
	const char *code = mlc_text_or(first_error(fault), "code", "");

	return code + strspn(code, "0");
}

enum mlc_fault qbo_fault_of(struct mlc_call *c, json_t *fault, const char **words)
{
	json_t *error = first_error(fault);
	const char *type = mlc_text_or(fault, "type", ""), *code = code_of(fault);
	const char *message = either(error, "Message", "message"), *detail = either(error, "Detail", "detail");
	const char *element = mlc_text_or(error, "element", "");
	bool repeats = strncmp(detail, message, strlen(message)) == 0;
	enum mlc_fault move = mlc_fault_of(faults, code);

	*words = c->host->format(c, "%.300s%s%.600s%s%s%s%s%s", repeats ? "" : message,
		*message && *detail && !repeats ? ": " : "", detail, *element ? " [" : "", element, *element ? "]" : "",
		*code ? ", code " : "", code);
	/* A rule that is only in the way for a moment. */
	if (strcmp(code, "6000") == 0 && (strstr(detail, "try again") || strstr(detail, "locked")))
		return MLC_RETRY;
	if (move == MLC_REFUSED && strncmp(type, "Authenti", 8) == 0)
		return MLC_AUTH;
	if (move == MLC_REFUSED && strcmp(type, "AUTHENTICATION") == 0)
		return MLC_AUTH;
	if (move == MLC_REFUSED && strcmp(type, "SystemFault") == 0)
		return MLC_RETRY;
	return move;
}

static json_t *fault_in(json_t *body)
{
	json_t *fault = json_object_get(body, "Fault");

	if (!fault)
		fault = json_object_get(body, "fault");
	return json_is_object(fault) ? fault : NULL;
}

static json_t *error_body(struct mlc_call *c)
{
	json_t *body = c->reply->body_len < 262144 ? c->host->parse(c, c->reply->body, c->reply->body_len) : NULL;

	return json_is_object(body) ? body : NULL;
}

bool qbo_is_gone(struct mlc_call *c)
{
	return c->reply->status == 400 && strcmp(code_of(fault_in(error_body(c))), "610") == 0;
}

static enum mlc_fault fault_of_status(int status)
{
	if (status == 429)
		return MLC_LIMITED;
	if (status == 401 || status == 403)
		return MLC_AUTH;
	if (status == 408 || status == 425 || status >= 500)
		return MLC_RETRY;
	return status == 404 || status < 400 ? MLC_BROKEN : MLC_REFUSED;
}

enum mlc_step qbo_failed(struct mlc_call *c, const char *doing)
{
	json_t *fault = fault_in(error_body(c));
	int status = c->reply->status;
	const char *words = "", *tid = c->host->header(c, "intuit_tid");
	enum mlc_fault move = fault_of_status(status);
	uint32_t after = 0;

	if (status >= 300 && status < 400) {
		const char *to = c->host->header(c, "Location");

		return c->host->fail(c, MLC_REFUSED, 0, "%s: QuickBooks redirects to %s, which is not followed", doing,
			to ? to : "somewhere else");
	}
	if (fault) {
		enum mlc_fault said = qbo_fault_of(c, fault, &words);

		/* The status is the surer one, except for throttling, which came as 403 in older days. */
		if (status == 200 || status == 400 || said == MLC_LIMITED)
			move = said;
	}
	if (move == MLC_LIMITED)
		after = strcmp(code_of(fault), "6190") == 0 ? LAPSED_MS
			: mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, QBO_LIMITED_MS);
	return c->host->fail(c, move, after, "%s: %d%s%s%s%s", doing, status, *words ? ": " : "", words,
		tid ? ", intuit_tid " : "", tid ? tid : "");
}

enum mlc_step qbo_garbage(struct mlc_call *c, const char *due)
{
	return mlc_garbage(c, "QuickBooks", due);
}

json_t *qbo_answer(struct mlc_call *c, const char *doing)
{
	json_t *body;

	if (c->reply->status != 200) {
		qbo_failed(c, doing);
		return NULL;
	}
	body = c->host->parse(c, c->reply->body, c->reply->body_len);
	if (!json_is_object(body)) {
		qbo_garbage(c, "a JSON object");
		return NULL;
	}
	if (fault_in(body)) {
		qbo_failed(c, doing);
		return NULL;
	}
	return body;
}

bool qbo_rows(struct mlc_call *c, const struct mlc_entity *e, const char *doing, json_t **list)
{
	json_t *body = qbo_answer(c, doing), *response = json_object_get(body, "QueryResponse"), *one;
	size_t i;

	if (!body)
		return false;
	/* Nothing found is {"QueryResponse":{},"time":...}: without its time it is somebody else's. */
	if (!json_is_object(response) || !mlc_text(body, "time")) {
		qbo_garbage(c, "an answer to a query");
		return false;
	}
	*list = json_object_get(response, e->name);
	if (!*list && json_object_size(response) > 0 && !json_object_get(response, "maxResults")
		&& !json_object_get(response, "startPosition") && !json_object_get(response, "totalCount")) {
		qbo_garbage(c, c->host->format(c, "an answer to a query for %s", e->name));
		return false;
	}
	if (*list && !json_is_array(*list)) {
		qbo_garbage(c, c->host->format(c, "a list of %s", e->name));
		return false;
	}
	if (json_array_size(*list) > QBO_PAGE) {
		qbo_garbage(c, "a page as long as was asked for");
		return false;
	}
	json_array_foreach(*list, i, one) {
		struct mlc_record r;

		if (!qbo_look(c, e, one, &r) && !c->feed) {
			qbo_garbage(c, c->host->format(c, "a list of %s with their ids", e->name));
			return false;
		}
	}
	return true;
}
