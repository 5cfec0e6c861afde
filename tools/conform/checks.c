/* checks.c - what the conformance kit asks of a connector's code. */
#include "checks.h"

#include "base/json.h"
#include "base/mem.h"
#include "plug/record.h"
#include "plug/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STEPS_MAX    60     /* of one trial; a connector that asks on and on after rubbish is told so */
#define FUZZ_ROUNDS  300
#define MUTATIONS    400    /* of each recorded exchange */
#define BODY_MAX     (256u << 10)

/* ---- driving ----------------------------------------------------------------------------- */

static const char *no_header(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return NULL;
}

static struct call_reply reply_of(int status, const char *body, size_t len)
{
	return (struct call_reply){ .reply = { .kind = MLC_REPLY_HERE, .status = status,
		.body = body, .body_len = len },
		.header = no_header };
}

/* Steps until the end, always with the same reply. */
static enum mlc_step drive(struct call *c, const struct call_reply *reply, unsigned *steps)
{
	struct call_reply paused = { .reply = { .kind = MLC_REPLY_PAUSED, .body = "" } };
	enum mlc_step step = call_step(c, NULL, SAMPLE_NOW_MS);

	for (*steps = 0; (step == MLC_SEND || step == MLC_PAUSE) && *steps < STEPS_MAX; ++*steps)
		step = call_step(c, step == MLC_SEND ? reply : &paused, SAMPLE_NOW_MS);
	return step;
}

static const char *failure_of(struct call *c)
{
	const char *text;

	call_fault(c, NULL, &text);
	return text;
}

/* The host had to end it: a record without an id, a write settled twice, and the like. */
static bool is_breach(struct call *c)
{
	return !strncmp(failure_of(c), "connector ", 10);
}

typedef void trial_fn(const struct kit *, const struct trial *, complain_fn *);

static void each_trial(const struct kit *kit, trial_fn *fn, complain_fn *complain)
{
	static struct trial trials[TRIALS_MAX];
	size_t count = trials_of(kit, trials);

	for (size_t i = 0; i < count; i++)
		fn(kit, &trials[i], complain);
	trials_finish(trials, count);
}

/* ---- garbage ----------------------------------------------------------------------------- */

static const struct { const char *name, *body; } garbage[] = {
	{ "an empty body", "" }, { "{}", "{}" }, { "[]", "[]" }, { "null", "null" },
		{ "a number", "42" },
	{ "a text", "\"ok\"" }, { "a page of HTML",
	"<!DOCTYPE html><html><body>We are back soon</body></html>" },
	{ "half a JSON object", "{\"id\": 7, \"name\": \"Mu" },
	{ "half a JSON list", "[{\"id\": 7}, {\"id\":" },
	{ "a list of nulls", "[null, null]" }, { "lists in lists", "[[[[[[]]]]]]" },
	{ "an object of nulls", "{\"data\": null}" },
	{ "an error in a 200", "{\"error\": {\"code\": \"internal\", \"message\": \"no\"}}" },
	{ "half an XML document", "<?xml version=\"1.0\"?><QBXML><QBXMLMsgsRs>" },
	{ "another XML document", "<?xml version=\"1.0\"?><ok/>" },
	{ "bytes that are no text", "\xff\xfe\x01\x02" },
	{ "a line of text", "Service Unavailable\n" },
};

static void garbage_is_not_news(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
		struct call_reply reply = reply_of(200, garbage[i].body, strlen(garbage[i].body));
		struct call *c = trial_call(kit, t);
		const struct call_record *records;
		const struct call_write *writes;
		const char *cursor;
		int64_t renew;
		unsigned steps;
		enum mlc_step end = drive(c, &reply, &steps);

		if (steps > 0 && end == MLC_DONE && t->in.op != OP_WRITE)
			complain("%s: a 200 with %s is taken for %s", t->name, garbage[i].name,
				t->in.op == OP_POLL ? "'nothing has changed'" : t->in.op == OP_FIND
				? "'there is none'" : "success");
		if (steps > 0 && end == MLC_DONE && t->in.op == OP_WRITE &&
			call_writes(c, &writes) == 1 && writes[0].end == WRITE_END_SETTLED)
			complain("%s: a 200 with %s is taken for a write that was done", t->name,
				garbage[i].name);
		if (steps > 0 && t->in.op == OP_POLL && call_advanced(c, &cursor, &renew) && cursor)
			complain("%s: a 200 with %s moves the cursor to '%s'", t->name,
				garbage[i].name, cursor);
		/* What a failed call has emitted is dropped. */
		if (end != MLC_FAIL && call_records(c, &records) > 0)
			complain("%s: a 200 with %s makes %zu records", t->name, garbage[i].name,
				call_records(c, &records));
		if (end == MLC_FAIL && is_breach(c))
			complain("%s: after a 200 with %s: %s", t->name, garbage[i].name,
				failure_of(c));
		if (steps == STEPS_MAX)
			complain("%s: after a 200 with %s it asks on and on", t->name,
				garbage[i].name);
		call_destroy(c);
	}
}

static void check_garbage(const struct kit *kit, complain_fn *complain)
{
	each_trial(kit, garbage_is_not_news, complain);
}

static void errors_are_failures(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	static const int statuses[] = { 204, 301, 302, 400, 401, 403, 405, 418, 429, 500, 502, 503,
		504 };
	static const char page[] = "<html><body>Something else</body></html>";

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		struct call_reply reply = reply_of(statuses[i], page, sizeof page - 1);
		struct call *c = trial_call(kit, t);
		const struct call_write *writes;
		unsigned steps;
		enum mlc_step end = drive(c, &reply, &steps);
		bool done = end == MLC_DONE && (t->in.op != OP_WRITE ||
			(call_writes(c, &writes) == 1 && writes[0].end == WRITE_END_SETTLED &&
			statuses[i] != 204));

		if (steps > 0 && done && statuses[i] != 204)
			complain("%s: status %d with a page of HTML is taken for success", t->name,
				statuses[i]);
		if (end == MLC_FAIL && is_breach(c))
			complain("%s: after status %d: %s", t->name, statuses[i], failure_of(c));
		call_destroy(c);
	}
}

static void check_errors(const struct kit *kit, complain_fn *complain)
{
	if (!kit->connector->serve) /* a peer's replies have no HTTP status */
		each_trial(kit, errors_are_failures, complain);
}

/* ---- what the host does next -------------------------------------------------------------- */

#define BIT(fault) (1u << (fault))
#define WAIT_S "17"

/* A page of something in front of the remote, or the remote with nothing to say: what may follow. */
const struct status_rule status_rules[] = {
	{ 302, BIT(MLC_REFUSED) | BIT(MLC_BROKEN), BIT(MLC_REFUSED) | BIT(MLC_BROKEN) },
	{ 401, BIT(MLC_AUTH) | BIT(MLC_LIMITED), BIT(MLC_AUTH) | BIT(MLC_LIMITED) },
	{ 403, BIT(MLC_AUTH) | BIT(MLC_REFUSED) | BIT(MLC_LIMITED), BIT(MLC_AUTH) | BIT(MLC_REFUSED) | BIT(MLC_LIMITED) },
	{ 404, BIT(MLC_BROKEN) | BIT(MLC_REFUSED), BIT(MLC_BROKEN) | BIT(MLC_REFUSED) | BIT(MLC_STALE) | BIT(MLC_IN_DOUBT) },
	{ 408, BIT(MLC_RETRY) | BIT(MLC_LIMITED), BIT(MLC_IN_DOUBT) },
	{ 409, BIT(MLC_BROKEN) | BIT(MLC_REFUSED) | BIT(MLC_RETRY) | BIT(MLC_STALE),
		BIT(MLC_BROKEN) | BIT(MLC_REFUSED) | BIT(MLC_RETRY) | BIT(MLC_STALE) | BIT(MLC_IN_DOUBT) },
	{ 412, BIT(MLC_BROKEN) | BIT(MLC_REFUSED) | BIT(MLC_STALE), BIT(MLC_BROKEN) | BIT(MLC_REFUSED) | BIT(MLC_STALE) },
	{ 422, BIT(MLC_BROKEN) | BIT(MLC_REFUSED), BIT(MLC_BROKEN) | BIT(MLC_REFUSED) },
	{ 429, BIT(MLC_LIMITED), BIT(MLC_LIMITED) },
	{ 500, BIT(MLC_RETRY) | BIT(MLC_LIMITED), BIT(MLC_IN_DOUBT) },
	{ 502, BIT(MLC_RETRY) | BIT(MLC_LIMITED), BIT(MLC_IN_DOUBT) },
	{ 503, BIT(MLC_RETRY) | BIT(MLC_LIMITED), BIT(MLC_IN_DOUBT) },
	{ 504, BIT(MLC_RETRY) | BIT(MLC_LIMITED), BIT(MLC_IN_DOUBT) },
	{ 0, 0, 0 },
};

static const char *wait_header(void *ctx, const char *name)
{
	(void)ctx;
	return strcasecmp(name, "retry-after") ? NULL : WAIT_S;
}

enum mlc_fault end_of(struct call *c, enum mlc_step end, uint32_t *after_ms, const char **text)
{
	const struct call_write *writes;

	*text = "";
	if (end == MLC_FAIL)
		return call_fault(c, after_ms, text);
	if (call_writes(c, &writes) != 1 || writes[0].end != WRITE_END_REFUSED)
		return (enum mlc_fault)0;
	*after_ms = writes[0].after_ms;
	*text = writes[0].text ? writes[0].text : "";
	return writes[0].fault;
}

/* Under another key, as a write bears that was told RETRY or LIMITED.  What makes a record makes a second one then: its key is
 * good for the same try alone, which is what IN_DOUBT asks for. */
static bool is_harmless_again(struct call *c)
{
	const struct mlc_call *mc = call_inside(c);

	return mc->writes[0].verb != MLC_DO_CREATE && (mc->request->repeatable || mc->entity->flags & MLC_KEYED);
}

static void judge_status(const struct kit *kit, const struct trial *t, const struct status_rule *rule,
	struct call_reply reply, complain_fn *complain)
{
	static const char *const names[] = { "nothing", "RETRY", "LIMITED", "STALE", "AUTH", "REFUSED", "IN_DOUBT", "BROKEN" };
	struct call *c = trial_call(kit, t);
	enum mlc_step end = call_step(c, NULL, SAMPLE_NOW_MS);
	unsigned may = rule->reading, steps = 0;
	uint32_t after_ms = 0;
	enum mlc_fault fault;
	const char *text;

	/* The last request counts: some look at more than one place before they give up. */
	while (end == MLC_SEND && steps++ < STEPS_MAX) {
		const struct mlc_request *q = call_inside(c)->request;

		may = rule->reading;
		if (t->in.op == OP_WRITE && q->method && strcmp(q->method, "GET") != 0)
			may = rule->writing | (is_harmless_again(c) ? rule->reading : 0);
		end = call_step(c, &reply, SAMPLE_NOW_MS);
	}
	fault = steps ? end_of(c, end, &after_ms, &text) : (enum mlc_fault)0;
	if (fault && fault <= MLC_BROKEN && !(may & BIT(fault)))
		complain("%s: status %d with %s ends as %s: %s", t->name, rule->status, reply.reply.body_len ? "a page of HTML" : "nothing",
			names[fault], text);
	if (fault && strlen(text) < 8)
		complain("%s: status %d ends with no words for a person: '%s'", t->name, rule->status, text);
	if (rule->status == 429 && fault == MLC_LIMITED && !after_ms)
		complain("%s: 429 does not say how long to wait", t->name);
	if (rule->status == 429 && fault == MLC_LIMITED && reply.header == wait_header && after_ms != 17000)
		complain("%s: 429 with Retry-After: " WAIT_S " waits for %u ms", t->name, after_ms);
	call_destroy(c);
}

static void statuses_name_the_next_move(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	static const char page[] = "<html><body>Something else</body></html>";

	for (const struct status_rule *rule = status_rules; rule->status; rule++) {
		struct call_reply reply = reply_of(rule->status, page, sizeof page - 1);

		judge_status(kit, t, rule, reply, complain);
		judge_status(kit, t, rule, reply_of(rule->status, "", 0), complain);
		reply.header = wait_header;
		if (rule->status == 429 || rule->status == 503)
			judge_status(kit, t, rule, reply, complain);
	}
}

static void check_statuses(const struct kit *kit, complain_fn *complain)
{
	if (!kit->connector->serve)
		each_trial(kit, statuses_name_the_next_move, complain);
}

static void lost_is_in_doubt(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	struct call_reply lost = { .reply = { .kind = MLC_REPLY_LOST, .body = "" } };
	struct call *c = trial_call(kit, t);
	const struct call_write *writes;
	enum mlc_step step = call_step(c, NULL, SAMPLE_NOW_MS);

	/* Only requests that must not be repeated are ever told of it. */
	if (step == MLC_SEND && !call_inside(c)->request->repeatable) {
		step = call_step(c, &lost, SAMPLE_NOW_MS);
		if (step == MLC_DONE && call_writes(c, &writes) == 1 &&
			writes[0].end == WRITE_END_SETTLED)
			complain("%s: a lost reply is taken for success", t->name);
		if (step == MLC_FAIL && call_fault(c, NULL, NULL) == MLC_RETRY &&
			t->in.op == OP_WRITE)
			complain("%s: a lost reply fails as RETRY, so the write would be sent again: it is IN_DOUBT", t->name);
		if (step == MLC_FAIL && is_breach(c))
			complain("%s: after a lost reply: %s", t->name, failure_of(c));
	}
	call_destroy(c);
}

static void check_lost(const struct kit *kit, complain_fn *complain)
{
	each_trial(kit, lost_is_in_doubt, complain);
}

/* ---- requests ---------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_request(const struct mlc_request *a, const struct mlc_request *b)
{
	if (!same_text(a->method, b->method) || !same_text(a->endpoint, b->endpoint) ||
		!same_text(a->path, b->path) || !same_text(a->type, b->type) ||
		a->body_len != b->body_len || a->repeatable != b->repeatable ||
		a->this_visit != b->this_visit || !a->headers != !b->headers)
		return false;
	if (a->body_len && memcmp(a->body, b->body, a->body_len) != 0)
		return false;
	for (size_t i = 0; a->headers && (a->headers[i] || b->headers[i]); i++)
		if (!same_text(a->headers[i], b->headers[i]))
			return false;
	return true;
}

static void same_in_same_out(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	struct call *first = trial_call(kit, t), *between = trial_call(kit, t), *second;
	struct call_reply reply = reply_of(200, "{\"id\": 7}", 9);
	enum mlc_step a = call_step(first, NULL, SAMPLE_NOW_MS), b;

	/* Another call between the two: what one leaves behind must not reach the next. */
	if (call_step(between, NULL, SAMPLE_NOW_MS + 86400000) == MLC_SEND)
		call_step(between, &reply, SAMPLE_NOW_MS + 86400000);
	second = trial_call(kit, t);
	b = call_step(second, NULL, SAMPLE_NOW_MS);
	if (a != b || (a == MLC_SEND && !same_request(call_inside(first)->request,
		call_inside(second)->request)) || (a == MLC_FAIL &&
		strcmp(failure_of(first), failure_of(second)) != 0))
		complain("%s: the same input does not give the same request twice", t->name);
	call_destroy(first);
	call_destroy(between);
	call_destroy(second);
}

static void check_purity(const struct kit *kit, complain_fn *complain)
{
	each_trial(kit, same_in_same_out, complain);
}

static bool names_a_secret(const struct kit *kit, struct call *c, const char *name, size_t len)
{
	const struct call_kept *kept;
	size_t count = call_kept(c, &kept);

	for (size_t i = 0; i < count; i++)
		if (strlen(kept[i].name) == len && !strncmp(kept[i].name, name, len))
			return true;
	for (const struct mlc_setting *s = kit->connector->settings; s && s->name; s++)
		if (s->secret && strlen(s->name) == len && !strncmp(s->name, name, len))
			return true;
	return kit->connector->signature && strlen(kit->connector->signature->secret) == len &&
		!strncmp(kit->connector->signature->secret, name, len);
}

static void check_secrets(const struct kit *kit, const struct trial *t, struct call *c,
	const char *text, complain_fn *complain)
{
	while (text && (text = strstr(text, "{secret:")) != NULL) {
		size_t len = strcspn(text += 8, "}");

		if (!names_a_secret(kit, c, text, len))
			complain("%s: {secret:%.*s} names no secret setting and nothing that was kept", t->name, (int)len, text);
	}
}

static void request_is_sound(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	const struct mlc_connector *k = kit->connector;
	struct call *c = trial_call(kit, t);
	enum mlc_step step = call_step(c, NULL, SAMPLE_NOW_MS);
	const struct mlc_request *q = call_inside(c)->request;
	bool known = !q->endpoint;

	if (step == MLC_FAIL && is_breach(c))
		complain("%s: %s", t->name, failure_of(c));
	if (step != MLC_SEND)
		goto done;
	if (!k->serve && !q->method)
		complain("%s: a request without a method", t->name);
	for (const struct mlc_endpoint *e = k->endpoints; e && e->name; e++)
		known = known || same_text(e->name, q->endpoint);
	if (!known)
		complain("%s: there is no endpoint '%s'", t->name, q->endpoint);
	if (strpbrk(q->path, " \r\n\t"))
		complain("%s: the path '%.80s' holds a blank or a line break", t->name, q->path);
	for (const char *const *h = q->headers; h && *h; h++) {
		if (!strchr(*h, ':') || strpbrk(*h, "\r\n"))
			complain("%s: the header '%.80s' is not 'Name: value'", t->name, *h);
		check_secrets(kit, t, c, *h, complain);
	}
	check_secrets(kit, t, c, q->body, complain);
	if (q->type && strstr(q->type, "json") && q->body) {
		json_t *body = json_read(q->body, q->body_len, NULL);

		if (!body)
			complain("%s: its body says that it is JSON and is not", t->name);
		json_decref(body);
	}
	if (t->in.op == OP_WRITE && t->write.verb == MLC_DO_CREATE && q->repeatable && q->method &&
			!strcmp(q->method, "POST") && !(call_inside(c)->entity->flags & MLC_KEYED))
		complain("%s: a POST that creates is marked repeatable, but %s is not KEYED",
			t->name, call_inside(c)->entity->name);
	if (k->serve && t->in.op != OP_WRITE && !q->repeatable)
		complain("%s: a read that is not repeatable could never leave without a mark",
			t->name);
done:
	call_destroy(c);
}

static void check_requests(const struct kit *kit, complain_fn *complain)
{
	each_trial(kit, request_is_sound, complain);
}

static void little_memory(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	/* From nothing at all to what just suffices: each allocation fails once. */
	for (size_t memory = 64; memory < (1u << 20); memory = memory * 5 / 4) {
		struct trial poor = *t;
		struct call_reply reply = reply_of(200, "{\"id\": 7}", 9);
		struct call *c;
		unsigned steps;

		poor.in.memory = memory;
		c = trial_call(kit, &poor);
		drive(c, &reply, &steps);
		call_destroy(c);
	}
	(void)complain; /* it would have crashed */
}

static void check_memory(const struct kit *kit, complain_fn *complain)
{
	each_trial(kit, little_memory, complain);
}

/* ---- fuzz -------------------------------------------------------------------------------- */

static uint32_t dice(unsigned *seed)
{
	/* xorshift32: the same numbers everywhere */
	unsigned x = *seed ? *seed : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *seed = x;
}

static json_t *any_value(const struct kit *kit, unsigned *seed, unsigned depth);

/* Words that this connector's remote might say: its own names. */
static const char *any_name(const struct kit *kit, unsigned *seed)
{
	static const char *const usual[] = { "id", "data", "items", "list", "next", "error", "code",
		"message", "more", "count",
		"status", "records", "results" };
	const struct mlc_entity *e = kit->connector->entities;
	size_t n = 0, fields = 0;

	if (dice(seed) % 3 == 0)
		return usual[dice(seed) % (sizeof usual / sizeof *usual)];
	while (e[n].name)
		n++;
	if (n == 0)
		return "id";
	e += dice(seed) % n;
	if (dice(seed) % 6 == 0)
		return e->name;
	while (e->fields[fields].name)
		fields++;
	return fields ? e->fields[dice(seed) % fields].name : e->name;
}

static json_t *any_scalar(unsigned *seed)
{
	static const char *const texts[] = { "", "0", "-1", "12.30", "2026-10-31",
		"2026-10-31T22:00:00", "2026-13-45T99:99:99",
		"99999999999999999999999999999999", "a@b.example", "&lt;", "\xc3\xa9\xe2\x82\xac",
		"https://elsewhere.example/x?y=z",
		"1e400", "true", "null" };

	switch (dice(seed) % 5) {
	case 0:
		return json_null();
	case 1:
		return json_integer((json_int_t)dice(seed) - 1000000);
	case 2:
		return json_boolean(dice(seed) & 1);
	default:
		return json_string(texts[dice(seed) % (sizeof texts / sizeof *texts)]);
	}
}

static json_t *any_value(const struct kit *kit, unsigned *seed, unsigned depth)
{
	unsigned kind = depth ? dice(seed) % 4 : 3, n = dice(seed) % 6;
	json_t *v;

	if (kind == 0) {
		v = json_array();
		while (n--)
			json_array_append_new(v, any_value(kit, seed, depth - 1));
		return v;
	}
	if (kind < 3) {
		v = json_object();
		while (n--)
			json_object_set_new(v, any_name(kit, seed),
				any_value(kit, seed, depth - 1));
		return v;
	}
	return any_scalar(seed);
}

/* The same tree as XML, for those who speak that. */
static void put_xml(struct buf *out, const char *name, const json_t *v)
{
	const char *key;
	json_t *inner;
	size_t i;

	buf_printf(out, "<%s statusCode=\"0\" requestID=\"1\">", name);
	if (json_is_object(v)) {
		json_object_foreach((json_t *)(uintptr_t)v, key, inner)
			put_xml(out, key, inner);
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, inner)
			put_xml(out, "Ret", inner);
	} else if (json_is_string(v)) {
		const char *text = json_string_value(v);

		for (; *text; text++)
			if (strchr("<>&", *text))
				buf_printf(out, "&#%d;", *text);
			else
				buf_putc(out, *text);
	}
	buf_printf(out, "</%s>", name);
}

static void put_any(const struct kit *kit, unsigned *seed, struct buf *out)
{
	json_t *v = any_value(kit, seed, 5);

	buf_clear(out);
	if (kit->connector->serve && dice(seed) % 4)
		put_xml(out, "QBXML", v);
	else
		json_write(out, v);
	json_decref(v);
}

static void double_up(struct buf *b, size_t len)
{
	char *own = xcalloc(1, len + 1); /* the buf may move while it grows */

	memcpy(own, b->data, len);
	buf_add(b, own, len);
	free(own);
}

static void mutate(struct buf *b, unsigned *seed)
{
	for (unsigned n = 1 + dice(seed) % 4; n > 0 && b->len > 0; n--) {
		size_t at = dice(seed) % b->len;

		switch (dice(seed) % 3) {
		case 0:
			b->data[at] = (char)dice(seed);
			break;
		case 1:
			b->len = at;
			b->data[at] = 0;
			break;
		default:
			double_up(b, at);
		}
	}
}

static void judge(struct call *c, const struct trial *t, enum mlc_step end, const char *what,
	unsigned seed, complain_fn *complain)
{
	if (end == MLC_FAIL && is_breach(c) && !strstr(failure_of(c), "budget"))
		complain("%s: %s (seed %u): %s", t->name, what, seed, failure_of(c));
}

static void fuzz(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	unsigned seed = kit->seed;
	struct buf body;

	buf_init(&body, BODY_MAX);
	for (int i = 0; i < FUZZ_ROUNDS; i++) {
		unsigned began = seed, steps;
		struct call_reply reply;
		struct call *c = trial_call(kit, t);

		put_any(kit, &seed, &body);
		if (dice(&seed) % 4 == 0)
			mutate(&body, &seed);
		reply = reply_of(dice(&seed) % 5 ? 200 : 400 + (int)(dice(&seed) % 130), body.data,
			body.len);
		judge(c, t, drive(c, &reply, &steps), "a reply of odd shape", began, complain);
		call_destroy(c);
	}
	buf_finish(&body);
}

static void check_fuzz(const struct kit *kit, complain_fn *complain)
{
	each_trial(kit, fuzz, complain);
}

/* Recorded replies, damaged.  A half one is never the whole truth. */
static void damaged(const struct kit *kit, const struct trial *t, complain_fn *complain)
{
	struct err e = { 0 };
	unsigned seed = kit->seed;
	struct buf body;

	buf_init(&body, BODY_MAX);
	for (int i = 0; i < MUTATIONS; i++) {
		struct cassette *tape = cassette_load(kit->cassettes, &e);
		struct call *c = trial_call(kit, t);
		enum mlc_step step = call_step(c, NULL, SAMPLE_NOW_MS);
		struct call_reply reply;
		unsigned began = seed;

		if (!tape) {
			complain("%s", e.text);
			call_destroy(c);
			break;
		}
		while (step == MLC_SEND && cassette_reply(tape, call_inside(c)->request, &reply,
			NULL)) {
			buf_clear(&body);
			buf_add(&body, reply.reply.body, reply.reply.body_len);
			mutate(&body, &seed);
			reply.reply.body = body.data;
			reply.reply.body_len = body.len;
			step = call_step(c, &reply, SAMPLE_NOW_MS);
		}
		judge(c, t, step, "a damaged recording", began, complain);
		call_destroy(c);
		cassette_destroy(tape);
	}
	buf_finish(&body);
}

static void check_damaged(const struct kit *kit, complain_fn *complain)
{
	if (kit->cassettes)
		each_trial(kit, damaged, complain);
}

/* ---- those who call us ------------------------------------------------------------------- */

static bool no_secret(void *ctx, const char *name, const char *text)
{
	(void)ctx, (void)name, (void)text;
	return false;
}

static struct call_site stranger_site(const struct kit *kit)
{
	return (struct call_site){ .connector = kit->connector, .connection = "acme/any",
		.settings = kit->settings,
		.facts = kit->facts, .secret_is = no_secret };
}

static void fill_inbound(const struct kit *kit, unsigned *seed, struct buf *body,
	struct mlc_inbound *in)
{
	static const char *const methods[] = { "POST", "POST", "POST", "PUT", "GET" };

	put_any(kit, seed, body);
	if (dice(seed) % 3 == 0)
		mutate(body, seed);
	*in = (struct mlc_inbound){ .method = methods[dice(seed) % 5], .path = "/x/acme/any",
		.query = dice(seed) % 4 ? "" : "wsdl",
		.body = body->data, .body_len = body->len };
}

static void check_receive(const struct kit *kit, complain_fn *complain)
{
	struct call_site site = stranger_site(kit);
	unsigned seed = kit->seed;
	struct buf body;

	buf_init(&body, BODY_MAX);
	for (int i = 0; kit->connector->receive && i < 4 * FUZZ_ROUNDS; i++) {
		unsigned began = seed;
		struct mlc_inbound inbound;
		struct call_input in = { .op = OP_RECEIVE, .inbound = &inbound,
			.now_ms = SAMPLE_NOW_MS };
		struct call *c;

		fill_inbound(kit, &seed, &body, &inbound);
		inbound.trusted = true;
		c = call_create(&site, &in);
		if (call_step(c, NULL, SAMPLE_NOW_MS) == MLC_FAIL && is_breach(c))
			complain("receive: a webhook of odd shape (seed %u): %s", began,
				failure_of(c));
		call_destroy(c);
	}
	buf_finish(&body);
}

static void check_strangers(const struct kit *kit, complain_fn *complain)
{
	struct call_site site = stranger_site(kit);
	const struct mlc_request waiting = { .path = "waiting", .body = "<x/>", .body_len = 4,
		.repeatable = true };
	const struct mlc_request *parked[] = { &waiting };
	const bool alone[] = { false };
	unsigned seed = kit->seed;
	struct buf body;

	buf_init(&body, BODY_MAX);
	for (int i = 0; kit->connector->serve && i < 4 * FUZZ_ROUNDS; i++) {
		unsigned began = seed;
		struct mlc_inbound inbound;
		struct mlc_visit visit = { .parked = parked, .parked_count = 1, .alone = alone,
			.coming = 1, .total = 2,
			.open_mark = dice(&seed) % 2 ? "open" : NULL };
		struct call_input in = { .op = OP_SERVE, .inbound = &inbound, .visit = &visit,
			.now_ms = SAMPLE_NOW_MS,
			.hook_url = "https://mlc.example/serve/acme/any" };
		struct call *c;
		const struct serve_event *events;

		fill_inbound(kit, &seed, &body, &inbound);
		c = call_create(&site, &in);
		if (call_step(c, NULL, SAMPLE_NOW_MS) == MLC_FAIL && is_breach(c))
			complain("serve: a request of odd shape (seed %u): %s", began,
				failure_of(c));
		if (visit.turn == MLC_OPENS)
			complain("serve: a peer that knows no secret opens a visit (seed %u): %.200s", began, body.data);
		if (visit.took_count > 0 || visit.mark)
			complain("serve: a peer that knows no secret is given requests (seed %u): %.200s", began, body.data);
		if (call_serve_events(c, &events) > 0)
			complain("serve: a peer that knows no secret gives replies (seed %u): %.200s", began, body.data);
		call_destroy(c);
	}
	buf_finish(&body);
}

const struct check checks[] = {
	{ "a 200 with garbage is never news, never nothing, never success", check_garbage },
	{ "a status of error is never success", check_errors },
	{ "a status of error names the host's next move, and a 429 how long to wait", check_statuses },
	{ "a lost reply to a write is never success and never simply sent again", check_lost },
	{ "the same input gives the same request, whatever came before", check_purity },
	{ "requests are whole, and name endpoints and secrets that there are", check_requests },
	{ "with little memory it fails and does not fall", check_memory },
	{ "replies of odd shape do not shake it", check_fuzz },
	{ "damaged recordings do not shake it", check_damaged },
	{ "webhooks of odd shape do not shake it", check_receive },
	{ "a stranger opens no visit, gets and gives nothing", check_strangers },
	{ NULL, NULL },
};
