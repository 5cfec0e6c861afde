/* peer.c - see peer.h */
#include "peer.h"

#include "base/mem.h"
#include "../qbd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1795000000000) /* 2026-11-18 */

/* ---- the host's side ------------------------------------------------------------------- */

static void forget(struct peer_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->at[i]->path);
		free(l->at[i]->body);
		free(l->at[i]);
	}
	l->count = 0;
}

static struct peer_request *take_out(struct peer_list *l, size_t i)
{
	struct peer_request *r = l->at[i];

	memmove(l->at + i, l->at + i + 1, (--l->count - i) * sizeof *l->at);
	return r;
}

static void put_in(struct peer_list *l, struct peer_request *r)
{
	must(l->count < PEER_MOST);
	l->at[l->count++] = r;
}

void peer_park(struct peer_host *h, const char *path, const char *body, bool repeatable)
{
	struct peer_request *r = xcalloc(1, sizeof *r);

	r->path = xstrdup(path);
	r->body = xstrdup(body);
	r->repeatable = repeatable;
	put_in(&h->parked, r);
	h->total++;
}

void peer_host_init(struct peer_host *h)
{
	memset(h, 0, sizeof *h);
	h->settings = json_pack("{s:s, s:i}", "company", "Acme Mugs LLC", "every_minutes", 15);
	h->now_ms = NOW_MS;
	h->facts = json_object();
	h->told = json_object();
	must(mlc_connector_v1.state_size <= sizeof h->state);
}

void peer_host_finish(struct peer_host *h)
{
	forget(&h->parked);
	forget(&h->taken);
	forget(&h->open);
	forget(&h->doubted);
	free(h->mark);
	free(h->bytes);
	free(h->last_mark);
	for (size_t i = 0; i < h->reply_count; i++)
		free(h->replies[i]);
	json_decref(h->settings);
	json_decref(h->facts);
	json_decref(h->told);
}

/* Unmarked requests that were taken and not answered are parked again; this_visit ones are gone. */
static void visit_is_over(struct peer_host *h)
{
	for (size_t i = 0; !h->taken_marked && i < h->taken.count; i++)
		if (h->taken.at[i]) {
			if (h->taken.at[i]->this_visit) {
				free(h->taken.at[i]->path);
				free(h->taken.at[i]->body);
				free(h->taken.at[i]);
			} else {
				put_in(&h->parked, h->taken.at[i]);
			}
		}
	h->taken.count = 0;
	h->in_visit = false;
}

void peer_crash(struct peer_host *h)
{
	visit_is_over(h);
	memset(h->state, 0, sizeof h->state);
}

/* Another identity than known, or at first another company than the settings name: held, and nothing
 * that the step tells is stored. */
static bool on_fact(void *ctx, const char *name, const char *text)
{
	struct peer_host *h = ctx;
	const char *known = json_string_value(json_object_get(h->facts, "identity"));
	const char *wanted = json_string_value(json_object_get(h->settings, name));

	if ((!strcmp(name, "identity") && known && strcmp(known, text)) ||
		(!strcmp(name, "company") && !known && wanted && strcmp(wanted, text))) {
		h->held = true;
		return false;
	}
	json_object_set_new(h->told, name, json_string(text));
	return true;
}

static void learn(struct peer_host *h, bool held_before)
{
	if (h->held && !held_before) {
		json_object_clear(h->told);
		return;
	}
	if (json_object_get(h->told, "identity"))
		h->held = false; /* the right one is back */
	json_object_update(h->facts, h->told);
	json_object_clear(h->told);
}

static bool on_secret(void *ctx, const char *name, const char *text)
{
	(void)ctx;
	return !strcmp(name, "password") && !strcmp(text, "sesame");
}

struct view {
	struct mlc_visit visit;
	struct mlc_request requests[2 * PEER_MOST];
	const struct mlc_request *parked[PEER_MOST], *taken[PEER_MOST];
	bool alone[PEER_MOST];
};

static void show(const struct peer_request *from, struct mlc_request *to)
{
	*to = (struct mlc_request){ .path = from->path, .body = from->body, .body_len = strlen(from->body),
		.repeatable = from->repeatable, .this_visit = from->this_visit };
}

static void look(struct peer_host *h, struct view *v)
{
	const struct peer_list *taken = h->mark && (h->taken_marked || !h->taken.count) ? &h->open : &h->taken;

	v->visit.parked = v->parked;
	v->visit.alone = v->alone;
	v->visit.taken = v->taken;
	v->visit.parked_count = h->held ? 0 : h->parked.count;
	for (size_t i = 0; i < v->visit.parked_count; i++) {
		show(h->parked.at[i], &v->requests[i]);
		v->parked[i] = &v->requests[i];
		v->alone[i] = h->parked.at[i]->alone;
	}
	v->visit.taken_count = taken->count;
	for (size_t i = 0; i < taken->count; i++) {
		show(taken->at[i], &v->requests[PEER_MOST + i]);
		v->taken[i] = &v->requests[PEER_MOST + i];
	}
	v->visit.coming = h->held ? 0 : h->coming;
	v->visit.done = h->done;
	v->visit.total = h->total;
	v->visit.open_mark = h->mark;
	v->visit.open_asked = h->asked;
	v->visit.last_mark = h->last_mark;
	v->visit.ends = h->ends;
}

static void keep_reply(struct peer_host *h, const struct peer_request *r, const struct serve_event *e)
{
	must(h->reply_count < PEER_MOST);
	h->replies[h->reply_count++] = xformat("%s %d %.*s", r->path, e->status, (int)e->body_len, e->body);
}

/* Commits what was gave, back or lost. */
static void commit(struct peer_host *h, struct call *call)
{
	const struct serve_event *events;
	size_t n = call_serve_events(call, &events);
	bool marked = h->mark && (h->taken_marked || !h->taken.count);
	struct peer_list *taken = marked ? &h->open : &h->taken;

	for (size_t i = 0; i < n; i++) {
		struct peer_request *r = taken->at[events[i].i];

		taken->at[events[i].i] = NULL;
		if (events[i].word == SERVE_BACK) {
			r->alone = events[i].alone;
			put_in(&h->parked, r);
			h->back++;
			continue;
		}
		if (events[i].word == SERVE_GAVE) {
			keep_reply(h, r, &events[i]);
			h->gave++;
		} else {
			put_in(&h->doubted, r);
			h->lost++;
			h->done++;
			continue;
		}
		h->done++;
		free(r->path);
		free(r->body);
		free(r);
	}
	for (size_t i = taken->count; i-- > 0;)
		if (!taken->at[i])
			take_out(taken, i);
	if (marked && !h->open.count && n) {
		free(h->last_mark);
		h->last_mark = h->mark;
		h->mark = NULL;
		free(h->bytes);
		h->bytes = NULL;
		h->asked = 0;
	}
}

static void hand_out(struct peer_host *h, const struct mlc_visit *v, struct mlc_answer *answer)
{
	if (v->mark && h->mark && !strcmp(v->mark, h->mark) && !v->took_count) {
		answer->body = h->bytes;
		answer->body_len = strlen(h->bytes);
		h->asked++;
		h->taken_marked = true;
		return;
	}
	if (!v->took_count)
		return;
	must(!v->mark || (!h->mark && strlen(v->mark) <= 20));
	h->taken_marked = v->mark != NULL;
	struct peer_list *to = v->mark ? &h->open : &h->taken;
	must(!to->count);
	for (size_t i = 0; i < v->took_count; i++) {
		must(v->took[i] < h->parked.count && (v->mark || h->parked.at[v->took[i]]->repeatable));
		put_in(to, h->parked.at[v->took[i]]);
		h->parked.at[v->took[i]] = NULL;
	}
	for (size_t i = h->parked.count; i-- > 0;)
		if (!h->parked.at[i])
			take_out(&h->parked, i);
	if (v->mark) {
		h->mark = xstrdup(v->mark);
		h->bytes = xstrndup(answer->body, answer->body_len);
		h->asked = 0;
	}
}

int peer_raw(struct peer_host *h, const char *method, const char *query, const char *body, char **out)
{
	struct mlc_inbound inbound = { method, "/serve/acme/books", query, body, strlen(body), false };
	struct view view = { 0 };
	struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/books",
		.settings = h->settings, .facts = h->facts, .ctx = h, .secret_is = on_secret, .fact = on_fact };
	struct call_input in = { .op = OP_SERVE, .hook_url = "https://mlc.example/serve/acme/books",
		.inbound = &inbound, .visit = &view.visit, .state = h->state, .now_ms = h->now_ms };
	struct call_reply paused = { .reply = { .kind = MLC_REPLY_PAUSED, .body = "" } };
	struct call *call = call_create(&site, &in);
	enum mlc_step step;
	bool held = h->held;
	uint32_t after;
	const char *text;
	int status;

	look(h, &view);
	step = call_step(call, NULL, h->now_ms);
	learn(h, held);
	commit(h, call);
	for (unsigned i = 0; step == MLC_PAUSE && i < 100; i++) {
		h->pauses++;
		if (h->on_pause)
			h->on_pause(h);
		memset(&view, 0, sizeof view);
		look(h, &view);
		held = h->held;
		step = call_step(call, &paused, h->now_ms);
		learn(h, held);
		commit(h, call);
	}
	if (step == MLC_FAIL) {
		enum mlc_fault fault = call_fault(call, &after, &text);

		snprintf(h->failed, sizeof h->failed, "%s", text);
		h->held = h->held || fault == MLC_AUTH;
	}
	if (view.visit.turn == MLC_OPENS) {
		visit_is_over(h);
		h->in_visit = true;
	}
	hand_out(h, &view.visit, call_inside(call)->answer);
	status = call_inside(call)->answer->status;
	*out = xstrndup(call_inside(call)->answer->body ? call_inside(call)->answer->body : "",
		call_inside(call)->answer->body_len);
	if (view.visit.turn == MLC_LEAVES)
		visit_is_over(h);
	call_destroy(call);
	return status;
}

static void escape(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_puts(b, "&amp;");
		else if (*text == '<')
			buf_puts(b, "&lt;");
		else
			buf_putc(b, *text);
	}
}

static char *result_of(const char *method, const char *answer)
{
	xmlDocPtr doc = mlc_xml_read(answer, strlen(answer));
	xmlNodePtr n = doc ? xmlDocGetRootElement(doc) : NULL;
	char *name = xformat("%sResult", method), *response = xformat("%sResponse", method), *out = NULL;
	struct buf b;

	buf_init(&b, 1 << 24);
	n = mlc_xml_child(mlc_xml_child(mlc_xml_child(n, "Body"), response), name);
	if (n && mlc_xml_first(n)) {
		for (xmlNodePtr s = mlc_xml_first(n); s; s = mlc_xml_next(s)) {
			xmlChar *text = xmlNodeGetContent(s);

			buf_printf(&b, "%s%s", s == mlc_xml_first(n) ? "" : "|", (char *)text);
			xmlFree(text);
		}
		out = xstrdup(b.data);
	} else if (n) {
		xmlChar *text = xmlNodeGetContent(n);

		out = xstrdup((char *)text);
		xmlFree(text);
	}
	buf_finish(&b);
	free(name);
	free(response);
	xmlFreeDoc(doc);
	return out;
}

char *peer_call(struct peer_host *h, const char *method, ...)
{
	struct buf b;
	va_list args;
	char *answer, *result;

	buf_init(&b, 1 << 24);
	buf_printf(&b, "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope "
		"xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><%s "
		"xmlns=\"http://developer.intuit.com/\">", method);
	va_start(args, method);
	for (const char *name; (name = va_arg(args, const char *));) {
		buf_printf(&b, "<%s>", name);
		escape(&b, va_arg(args, const char *));
		buf_printf(&b, "</%s>", name);
	}
	va_end(args);
	buf_printf(&b, "</%s></soap:Body></soap:Envelope>", method);
	peer_raw(h, "POST", "", b.data, &answer);
	result = result_of(method, answer);
	buf_finish(&b);
	free(answer);
	return result;
}

const char *peer_reply(const struct peer_host *h, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < h->reply_count; i++)
		if (!strncmp(h->replies[i], path, len) && h->replies[i][len] == ' ')
			return h->replies[i] + len + 5;
	return NULL;
}

/* ---- QuickBooks' side ------------------------------------------------------------------- */

static char *attribute(xmlNodePtr n, const char *name)
{
	return xstrdup(mlc_xml_attribute(n, name));
}

static void answer_one(struct quickbooks *q, struct buf *b, xmlNodePtr rq)
{
	const char *name = (const char *)rq->name, *id = mlc_xml_attribute(rq, "requestID");
	int len = (int)strlen(name) - 2;
	bool writes = strstr(name, "Add") || strstr(name, "Mod") || strstr(name, "Del");

	if (writes)
		snprintf(q->ran[q->ran_count++], sizeof *q->ran, "%s", id);
	buf_printf(b, "<%.*sRs requestID=\"%s\" statusCode=\"0\" statusSeverity=\"Info\" "
		"statusMessage=\"Status OK\"><Ret>&amp; \xc3\xa9<TimeModified>2026-07-20T08:00:00-08:00</TimeModified></Ret></%.*sRs>\n", len, name, id, len, name);
}

static char *process(struct quickbooks *q, const char *qbxml)
{
	xmlDocPtr doc = mlc_xml_read(qbxml, strlen(qbxml));
	xmlNodePtr set = mlc_xml_child(xmlDocGetRootElement(doc), "QBXMLMsgsRq");
	char *id = attribute(set, "newMessageSetID"), *answer;
	struct buf b;

	must(set);
	buf_init(&b, 1 << 24);
	if (*id && !mlc_xml_first(set)) { /* does it know that one?  Nothing is forgotten */
		bool known = q->set_id && !strcmp(id, q->set_id) && q->mood != FORGETFUL;

		answer = xformat("<QBXML><QBXMLMsgsRs newMessageSetID=\"%s\" messageSetStatusCode=\"%s\"/></QBXML>", id,
			known ? "0" : "9002");
	} else if (*id && q->set_id && !strcmp(id, q->set_id)) {
		answer = q->mood == FORGETFUL
			? xstrdup("<QBXML><QBXMLMsgsRs messageSetStatusCode=\"9002\"/></QBXML>")
			: q->mood == CHANGED || strcmp(qbxml, q->set_text)
			? xstrdup("<QBXML><QBXMLMsgsRs messageSetStatusCode=\"9001\"/></QBXML>")
			: xstrdup(q->set_answer);
	} else {
		buf_puts(&b, "<?xml version=\"1.0\" ?>\n<QBXML>\n<QBXMLMsgsRs");
		buf_puts(&b, *id ? " messageSetStatusCode=\"0\">\n" : ">\n");
		for (xmlNodePtr rq = mlc_xml_first(set); rq; rq = mlc_xml_next(rq))
			answer_one(q, &b, rq);
		buf_puts(&b, "</QBXMLMsgsRs>\n</QBXML>\n");
		answer = xstrdup(b.data);
		if (*id) {
			quickbooks_finish(q);
			q->set_id = xstrdup(id);
			q->set_text = xstrdup(qbxml);
			q->set_answer = xstrdup(answer);
		}
	}
	buf_finish(&b);
	free(id);
	xmlFreeDoc(doc);
	return answer;
}

char *quickbooks_process(struct quickbooks *q, const char *qbxml)
{
	char *answer;

	q->hresult[0] = 0;
	if (q->mood == PARSER || q->mood == BUSY) {
		strcpy(q->hresult, q->mood == PARSER ? "0x80040400" : "0x80040402");
		return NULL;
	}
	if (q->mood == GARBAGE)
		return xstrdup("<html><body>Bad gateway<br></body></html>");
	answer = process(q, qbxml);
	if (q->mood == BUSY_AFTER) {
		strcpy(q->hresult, "0x80040402");
		free(answer);
		return NULL;
	}
	return answer;
}

size_t quickbooks_ran(const struct quickbooks *q, const char *request_id)
{
	size_t n = 0;

	for (size_t i = 0; i < q->ran_count; i++)
		n += !strcmp(q->ran[i], request_id);
	return n;
}

void peer_look_up(struct peer_host *h, const struct quickbooks *q)
{
	for (size_t i = 0; i < h->doubted.count; i++) {
		struct peer_request *r = h->doubted.at[i];

		if (!quickbooks_ran(q, r->path)) {
			put_in(&h->parked, r);
			continue;
		}
		free(r->path);
		free(r->body);
		free(r);
	}
	h->doubted.count = 0;
}

void quickbooks_finish(struct quickbooks *q)
{
	free(q->set_id);
	free(q->set_text);
	free(q->set_answer);
	q->set_id = q->set_text = q->set_answer = NULL;
}

/* ---- the Web Connector -------------------------------------------------------------------- */

/* A message is lost: before it reaches the host, or on the way back. */
static bool lost_before(struct connector_run *run)
{
	return run->sent == run->cut && !run->after;
}

#define MESSAGE(result, ...)                                                                       \
	do {                                                                                       \
		if (lost_before(run)) {                                                            \
			run->sent++;                                                               \
			goto cut;                                                                  \
		}                                                                                  \
		result = peer_call(h, __VA_ARGS__);                                                \
		must(result);                                                                      \
		if (run->sent++ == run->cut) {                                                     \
			free(result);                                                              \
			goto cut;                                                                  \
		}                                                                                  \
	} while (0)

bool web_connector_update(struct peer_host *h, struct quickbooks *q, struct connector_run *run)
{
	char *ticket = NULL, *text = NULL, *answer = NULL;
	const char *hcp = HCP("Acme Mugs LLC");
	bool ended = false;

	MESSAGE(text, "authenticate", "strUserName", "acme.books", "strPassword", "sesame", NULL);
	must(strchr(text, '|'));
	ticket = xstrndup(text, (size_t)(strchr(text, '|') - text));
	ended = !strcmp(strchr(text, '|'), "|none");
	free(text);
	while (!ended) {
		MESSAGE(text, "sendRequestXML", "ticket", ticket, "strHCPResponse", hcp,
			"strCompanyFileName", "C:\\acme.qbw", "qbXMLCountry", "US", "qbXMLMajorVers", "16",
			"qbXMLMinorVers", "0", NULL);
		hcp = "";
		if (!*text) {
			free(text);
			MESSAGE(text, "getLastError", "ticket", ticket, NULL);
			snprintf(run->last_error, sizeof run->last_error, "%s", text);
			ended = strcmp(text, "NoOp") != 0;
			run->no_ops += !ended;
			free(text);
			continue;
		}
		answer = quickbooks_process(q, text);
		free(text);
		MESSAGE(text, "receiveResponseXML", "ticket", ticket, "response", answer ? answer : "",
			"hresult", q->hresult, "message", *q->hresult ? "trouble" : "", NULL);
		free(answer);
		answer = NULL;
		run->last_percent = atoi(text);
		free(text);
		if (run->last_percent < 0) {
			MESSAGE(text, "getLastError", "ticket", ticket, NULL);
			snprintf(run->last_error, sizeof run->last_error, "%s", text);
			free(text);
		}
		ended = run->last_percent < 0 || run->last_percent >= 100;
	}
	MESSAGE(text, "closeConnection", "ticket", ticket, NULL);
	free(text);
	free(ticket);
	return true;
cut:
	free(answer);
	free(ticket);
	return false;
}
