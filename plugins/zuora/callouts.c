/* callouts.c - Zuora's webhooks: who sends them, and which records they name.
 *
 * Their body is whatever an administrator has written (docs/connector-zuora.md has our template), so it is believed
 * in one thing only: that a record with this id may have changed. */
#include "zuora.h"

#include <stdlib.h>

#define DEPTH 6

static enum mlc_step answer(struct mlc_call *c, int status)
{
	static const char *const challenge[] = { "WWW-Authenticate: Basic realm=\"ml-connector\"", NULL };

	c->answer->status = status;
	if (status == 401)
		c->answer->headers = challenge;
	return MLC_DONE;
}

/* ---- who --------------------------------------------------------------------------------------------------- */

static int sextet(char ch)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = ch ? strchr(set, ch) : NULL;

	return at ? (int)(at - set) : -1;
}

/* NULL: it is none. */
static char *unbase64(struct mlc_call *c, const char *text)
{
	char *out = (char *)c->host->alloc(c, strlen(text) + 1), *at = out;
	uint32_t bits = 0;
	int have = 0;

	for (; out && *text && *text != '='; text++) {
		int six = sextet(*text);

		if (six < 0)
			return NULL;
		bits = bits << 6 | (uint32_t)six;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*at++ = (char)(bits >> have & 0xff);
		}
	}
	return out;
}

static bool is_basic_right(struct mlc_call *c, const char *header)
{
	const char *user = mlc_known(c->settings, "callout_user");
	char *given, *colon;

	if (!user || strncmp(header, "Basic ", 6) != 0)
		return false;
	given = unbase64(c, header + 6);
	colon = given ? strchr(given, ':') : NULL;
	if (!colon)
		return false;
	*colon = 0;
	return c->host->secret_is(c, "callout_password", colon + 1) && strcmp(given, user) == 0;
}

/* ---- what ---------------------------------------------------------------------------------------------------- */

static const struct { const char *name; int entity; } names[] = {
	{ "paymentid", PAYMENT }, { "invoiceid", INVOICE }, { "creditmemoid", CREDIT_MEMO }, { "debitmemoid", DEBIT_MEMO },
	{ "refundid", REFUND }, { "accountid", ACCOUNT }, { "contactid", CONTACT },
};

struct named { /* a set of what was told */
	struct { int entity; const char *id; } list[64];
	size_t count;
	bool documents;
};

/* "<Payment.ID>", "payment_id", "PaymentId": the same. */
static int entity_named(const char *name, size_t len)
{
	char plain[24];
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < sizeof plain; i++) {
		char ch = name[i];

		if (ch >= 'A' && ch <= 'Z')
			ch = (char)(ch | 32);
		if (ch >= 'a' && ch <= 'z')
			plain[n++] = ch;
	}
	plain[n] = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(plain, names[i].name) == 0)
			return names[i].entity;
	return -1;
}

static void add(struct named *n, int entity, const char *id)
{
	size_t len = strspn(id, "0123456789abcdefABCDEF");

	if (entity < 0 || len != 32 || id[len] || n->count == sizeof n->list / sizeof *n->list)
		return;
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].entity == entity && strcmp(n->list[i].id, id) == 0)
			return;
	n->list[n->count].entity = entity;
	n->list[n->count++].id = id;
	n->documents |= entity != ACCOUNT && entity != CONTACT;
}

/* under: what the object around is called, so that {"Payment": {"Id": ...}} names a payment. */
static void look(struct named *n, json_t *value, const char *under, int depth)
{
	const char *name;
	json_t *member;
	size_t i;

	if (depth > DEPTH)
		return;
	json_array_foreach(value, i, member)
		look(n, member, under, depth + 1);
	json_object_foreach(value, name, member) {
		char whole[48];
		bool is_id = strcmp(name, "Id") == 0 || strcmp(name, "id") == 0 || strcmp(name, "ID") == 0;

		mlc_copy(whole, sizeof whole, is_id ? under : "");
		mlc_append(whole, sizeof whole, name);
		if (json_is_string(member))
			add(n, entity_named(whole, strlen(whole)), json_string_value(member));
		else
			look(n, member, name, depth + 1);
	}
}

/* name=value&name=value, as parameters come; ids need no decoding, names may. */
static void look_in_form(struct mlc_call *c, struct named *n, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		size_t pair = strcspn(text, "&"), name = strcspn(text, "=&");
		const char *value;

		if (pair > (size_t)(end - text))
			pair = (size_t)(end - text);
		value = name < pair ? c->host->format(c, "%.*s", (int)(pair - name - 1), text + name + 1) : "";
		add(n, entity_named(text, name < pair ? name : pair), value);
		text += pair + 1;
	}
}

enum mlc_step zuora_receive(struct mlc_call *c)
{
	const struct mlc_inbound *in = c->inbound;
	const char *authorization = c->host->header(c, "Authorization");
	struct named n = { .count = 0 };
	json_t *body;

	/* By default the first request brings no login, and 401 makes Zuora send it.  A wrong one is answered with 403,
	 * which is tried again later, while a 401 loses the event (SOURCES.md 8). */
	if (!in->trusted && !authorization)
		return answer(c, 401);
	if (!in->trusted && !is_basic_right(c, authorization)) {
		c->host->log(c, MLC_WARN, "a callout came with a login that is not callout_user and callout_password");
		return answer(c, 403);
	}
	body = c->host->parse(c, in->body, in->body_len);
	if (body)
		look(&n, body, "", 0);
	else
		look_in_form(c, &n, in->body, in->body_len);
	if (in->query)
		look_in_form(c, &n, in->query, strlen(in->query));
	if (!n.count)
		c->host->log(c, MLC_WARN, "a callout names no record: does its template hold an id? The next poll brings what it was about");
	for (size_t i = 0; i < n.count; i++)
		if (!n.documents || (n.list[i].entity != ACCOUNT && n.list[i].entity != CONTACT))
			c->host->emit(c, &(struct mlc_record){ .entity = zuora_entities[n.list[i].entity].name, .id = n.list[i].id, .hint = true });
	return answer(c, 200);
}
