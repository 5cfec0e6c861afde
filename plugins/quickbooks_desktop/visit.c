/* visit.c - the Web Connector's calls on us: one function for each of its methods.
 *
 *   authenticate -> sendRequestXML <-> receiveResponseXML ... -> closeConnection
 *
 * What QuickBooks is asked is taken from what the host has parked: reads in sets without a mark,
 * writes in marked sets, one at a time, whose exact bytes the host keeps.  A marked set whose outcome
 * is not known is asked again, byte for byte, before any other; QuickBooks then tells what it did
 * (message set recovery).  Before that it is asked whether it still knows the set: one that it did, and
 * whose answer it could not keep, would be done a second time.  Nothing is given away before the company
 * is proven to be the right one.
 *
 * Sources: QuickBooks Web Connector Programmer's Guide 2.0, chapters 2, 5 and 8; QuickBooks SDK samples
 * ErrRecovery1 to 3 (2: a set without requests asks for the status of the one it names) and
 * MCInvoiceAddQBFC (codes 9001 to 9005). */
#include "qbd.h"

#include <stdlib.h>

enum {
	READS_AT_ONCE = 10,      /* requests in a set; their answers may be long */
	WRITES_AT_ONCE = 25,
	SET_BYTES = 512 * 1024,  /* of requests in a set */
	WAIT_MS = 250,           /* for work that is on its way, and how often: QuickBooks' client has */
	WAITS = 12,              /* a time limit of its own, 60 s at least */
	GATHER_MS = 40,          /* for a set to become fuller, and how often */
	GATHERS = 2,
	COMMIT_MS = 1,           /* what was told or given is on disk when we are asked again */
	NAMES_WARN_PERCENT = 80, /* of the names that the file can hold */
	ASK_AGAIN = 3            /* times; then its outcome is looked up record by record */
};

/* How many names does the file take, and how many are there? */
#define NAMES_QUESTIONS                                                                            \
	"<HostQueryRq requestID=\"capacity\"><IncludeListMetaData><IncludeMaxCapacity>true"        \
	"</IncludeMaxCapacity></IncludeListMetaData></HostQueryRq><EntityQueryRq requestID=\"names\" " \
	"metaData=\"MetaDataOnly\"><ActiveStatus>All</ActiveStatus></EntityQueryRq>"

static struct visit_state *state_of(struct mlc_call *c)
{
	return &((union qbd_state *)c->state)->visit;
}

static bool ticket_is_ours(const struct visit_state *v, const struct soap *s)
{
	const char *ticket = soap_text(s, "ticket");

	return v->phase != VISIT_NONE && strlen(ticket) == QBD_TICKET_SIZE - 1 &&
		!memcmp(ticket, v->ticket, QBD_TICKET_SIZE);
}

static void say_why(struct visit_state *v, const char *text)
{
	mlc_copy(v->why, sizeof v->why, text);
}

static bool work_is_left(const struct mlc_visit *visit)
{
	return visit->parked_count || visit->coming || visit->open_mark;
}

/* ---- logging in ------------------------------------------------------------------------------- */

/* "acme/books" logs in as acme.books: unique among all connections of this host. */
const char *qbd_user(struct mlc_call *c)
{
	const char *slash = c->connection ? strchr(c->connection, '/') : NULL;

	return slash ? c->host->format(c, "%.*s.%s", (int)(slash - c->connection), c->connection,
		slash + 1) : "";
}

void qbd_guid(const char *nonce, char out[QBD_TICKET_SIZE])
{
	static const char form[] = "{00000000-0000-0000-0000-000000000000}";

	for (size_t i = 0; i < sizeof form; i++)
		out[i] = form[i] == '0' ? *nonce++ : form[i];
}

/* Has it been seen, and was it the right one last time?  Else it is looked at, work or not. */
static bool company_is_settled(struct mlc_call *c)
{
	const char *refusal = mlc_known(c->facts, "refused");

	return mlc_known(c->facts, "identity") && !(refusal && *refusal);
}

static enum mlc_step authenticate(struct mlc_call *c, const struct soap *s)
{
	struct visit_state *v = state_of(c);
	const char *user = qbd_user(c);
	bool right = c->host->secret_is(c, "password", soap_text(s, "strPassword"));
	char ticket[QBD_TICKET_SIZE];
	const char *file = mlc_known(c->settings, "company_file");
	int64_t live_until_ms = qbd_live_until(c);

	qbd_guid(c->nonce, ticket);
	if (!right || !*user || !qbd_same(user, soap_text(s, "strUserName"))) {
		soap_answer_login(c, ticket, "nvu", 0);
		return MLC_DONE;
	}
	if (company_is_settled(c) && !live_until_ms && (!work_is_left(c->visit) || qbd_live_pause_s(c))) {
		/* The third element keeps an update from running: so with "none" only. */
		soap_answer_login(c, ticket, "none", qbd_live_pause_s(c));
		return MLC_DONE;
	}
	/* A log-in in the middle of a visit: its last message was lost, the visit is over. */
	memset(v, 0, sizeof *v);
	v->live_until_ms = live_until_ms;
	if (qbd_is_live(c))
		c->host->fact(c, "visited", mlc_instant_text(c, c->now_ms));
	v->phase = VISIT_IDLE;
	memcpy(v->ticket, ticket, sizeof ticket);
	c->visit->turn = MLC_OPENS;
	soap_answer_login(c, ticket, file ? file : "", 0);
	return MLC_DONE;
}

/* ---- asking ------------------------------------------------------------------------------------ */

static void begin_set(struct mlc_xml *x, const char *level, const char *marks)
{
	mlc_xml_raw(x, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?qbxml version=\"");
	mlc_xml_raw(x, level);
	mlc_xml_raw(x, "\"?>\n<QBXML><QBXMLMsgsRq");
	mlc_xml_raw(x, marks);
	mlc_xml_raw(x, " onError=\"continueOnError\">");
}

static enum mlc_step send_set(struct mlc_call *c, struct mlc_xml *x)
{
	mlc_xml_raw(x, "</QBXMLMsgsRq></QBXML>");
	if (x->failed)
		return c->host->fail(c, MLC_RETRY, 0, "no memory left for a set of requests");
	soap_answer(c, "sendRequestXML", x->text);
	return MLC_DONE;
}

static enum mlc_step ask_about_company(struct mlc_call *c, struct visit_state *v)
{
	struct mlc_xml x = { .call = c };

	begin_set(&x, v->level, "");
	company_questions(&x);
	v->phase = VISIT_PROVING;
	return send_set(c, &x);
}

/* The clean end of a visit is 100 from receiveResponseXML; "" from here would be shown to the user
 * as an error.  So when work has vanished we ask something harmless. */
static enum mlc_step rest(struct mlc_call *c, struct visit_state *v)
{
	struct mlc_xml x = { .call = c };

	begin_set(&x, v->level, "");
	mlc_xml_raw(&x, "<HostQueryRq requestID=\"rest\"></HostQueryRq>");
	v->phase = VISIT_RESTING;
	return send_set(c, &x);
}

/* Which of what is parked goes next: one that has to go alone, or those of the oldest's kind. */
static size_t choose(const struct mlc_visit *visit, size_t *took)
{
	bool writes = !visit->parked[0]->repeatable;
	size_t most = writes ? WRITES_AT_ONCE : READS_AT_ONCE, count = 0, bytes = 0;

	for (size_t i = 0; i < visit->parked_count && count < most; i++) {
		const struct mlc_request *r = visit->parked[i];

		if (!r->repeatable != writes || (visit->alone && visit->alone[i] && count))
			continue;
		if (count && bytes + r->body_len > SET_BYTES)
			break;
		took[count++] = i;
		bytes += r->body_len;
		if (visit->alone && visit->alone[i])
			break;
	}
	return count;
}

/* Once a day, beside what is read anyway. */
static bool names_are_due(struct mlc_call *c)
{
	const char *day = mlc_known(c->facts, "names_day");

	return !day || strncmp(day, mlc_instant_text(c, c->now_ms), 10) != 0;
}

static enum mlc_step give_parked(struct mlc_call *c, struct visit_state *v)
{
	struct mlc_visit *visit = c->visit;
	struct mlc_xml x = { .call = c };
	size_t *took = c->host->alloc(c, WRITES_AT_ONCE * sizeof *took);
	const char *marks = "";

	if (!took)
		return c->host->fail(c, MLC_RETRY, 0, "no memory left for a set of requests");
	visit->took = took;
	visit->took_count = choose(visit, took);
	v->marked = !visit->parked[took[0]]->repeatable;
	if (v->marked) {
		v->known = false;
		/* 20 characters: sources disagree whether 23 or 24 is the most. */
		visit->mark = c->host->format(c, "%.20s", c->nonce);
		marks = visit->last_mark && !v->keep_last
			? c->host->format(c, " newMessageSetID=\"%s\" oldMessageSetID=\"%s\"", visit->mark,
				visit->last_mark)
			: c->host->format(c, " newMessageSetID=\"%s\"", visit->mark);
	}
	begin_set(&x, v->level, marks);
	for (size_t i = 0; i < visit->took_count; i++) {
		const struct mlc_request *r = visit->parked[took[i]];

		mlc_xml_bytes(&x, r->body, r->body_len);
	}
	if (!v->marked && !(visit->alone && visit->alone[took[0]]) && names_are_due(c))
		mlc_xml_raw(&x, NAMES_QUESTIONS);
	v->phase = VISIT_ASKED;
	return send_set(c, &x);
}

static enum mlc_step pause(struct mlc_call *c, struct visit_state *v, uint32_t ms)
{
	v->waits++;
	c->pause_ms = ms;
	return MLC_PAUSE;
}

/* Does QuickBooks know the open set?  Nothing runs by this. */
static enum mlc_step ask_about_set(struct mlc_call *c, struct visit_state *v)
{
	const char *mark = c->visit->open_mark;
	struct mlc_xml x = { .call = c };

	begin_set(&x, v->level, c->host->format(c, " newMessageSetID=\"%s\" oldMessageSetID=\"%s\"", mark, mark));
	v->phase = VISIT_RECALLING;
	v->marked = true;
	return send_set(c, &x);
}

/* Nothing is due, but something may be in a moment. */
static bool is_held_open(const struct mlc_call *c, const struct visit_state *v)
{
	return c->now_ms < v->live_until_ms && !c->visit->ends;
}

static enum mlc_step give(struct mlc_call *c, struct visit_state *v)
{
	struct mlc_visit *visit = c->visit;

	if (visit->open_mark && !v->known)
		return ask_about_set(c, v);
	if (visit->open_mark) {
		visit->mark = visit->open_mark; /* the host puts the bytes of then */
		v->phase = VISIT_ASKED;
		v->marked = true;
		return MLC_DONE;
	}
	if (visit->parked_count && visit->coming && visit->parked_count < READS_AT_ONCE && v->waits < GATHERS)
		return pause(c, v, GATHER_MS);
	if (visit->parked_count)
		return give_parked(c, v);
	if (!visit->coming && !is_held_open(c, v))
		return rest(c, v);
	if (visit->coming && v->waits < WAITS)
		return pause(c, v, WAIT_MS);
	/* The peer then asks getLastError, waits 5 s and comes again. */
	v->idle_said = true;
	soap_answer(c, "sendRequestXML", "");
	return MLC_DONE;
}

/* ---- the company ---------------------------------------------------------------------------------- */

static enum mlc_step refuse_visit(struct mlc_call *c, struct visit_state *v, const char *why, bool held)
{
	v->phase = VISIT_REFUSED;
	say_why(v, why);
	if (held)
		return MLC_DONE;
	c->host->fact(c, "refused", why); /* the next log-in looks again, also where this visit just breaks off */
	return c->host->fail(c, MLC_AUTH, 0, "%s", why);
}

static void choose_level(struct mlc_call *c, struct visit_state *v, const char *major, const char *minor,
	const struct company *co)
{
	unsigned long level = strtoul(major, NULL, 10) * 10 + strtoul(minor, NULL, 10);

	if (co->level)
		mlc_copy(v->level, sizeof v->level, co->level);
	else if (level && level < QBD_LEVEL * 10)
		mlc_copy(v->level, sizeof v->level, c->host->format(c, "%lu.%lu", level / 10, level % 10));
	else
		mlc_copy(v->level, sizeof v->level, c->host->format(c, "%d.0", QBD_LEVEL));
	if (strtoul(v->level, NULL, 10) < QBD_LEVEL)
		c->host->log(c, MLC_WARN, "this QuickBooks knows qbXML up to %s, we were made for %d.0",
			v->level, QBD_LEVEL);
}

/* The first call of a visit. */
static enum mlc_step prove(struct mlc_call *c, struct visit_state *v, const struct soap *s)
{
	struct company co = { 0 };
	const char *why;
	bool held;

	company_read(c, &co, soap_text(s, "strHCPResponse"), soap_length(s, "strHCPResponse"));
	choose_level(c, v, soap_text(s, "qbXMLMajorVers"), soap_text(s, "qbXMLMinorVers"), &co);
	c->host->fact(c, "company_file", soap_text(s, "strCompanyFileName"));
	if (*soap_text(s, "qbXMLCountry") && strcmp(soap_text(s, "qbXMLCountry"), "US"))
		co.country = soap_text(s, "qbXMLCountry");
	else if (!company_is_known(&co))
		return ask_about_company(c, v);
	if (!co.name)
		co.name = "?"; /* refused for its country */
	why = company_refused(c, &co, &held);
	if (why) {
		soap_answer(c, "sendRequestXML", "");
		return refuse_visit(c, v, why, held);
	}
	/* First the facts are committed, and with them a hold may end. */
	v->proven = true;
	return pause(c, v, COMMIT_MS);
}

static enum mlc_step proof_came(struct mlc_call *c, struct visit_state *v, const struct soap *s)
{
	struct company co = { 0 };
	const char *why = NULL;
	bool held = false;

	if (!company_read(c, &co, soap_text(s, "response"), soap_length(s, "response")) ||
		!company_is_known(&co))
		why = "QuickBooks did not say which company is open and how it is set up";
	else
		why = company_refused(c, &co, &held);
	if (why) {
		soap_answer_number(c, "receiveResponseXML", -1);
		return refuse_visit(c, v, why, held);
	}
	v->proven = true;
	v->phase = VISIT_IDLE;
	return pause(c, v, COMMIT_MS);
}

static enum mlc_step send_request(struct mlc_call *c, const struct soap *s)
{
	struct visit_state *v = state_of(c);
	const struct mlc_visit *visit = c->visit;

	if (!ticket_is_ours(v, s) || v->phase == VISIT_REFUSED) {
		soap_answer(c, "sendRequestXML", "");
		return MLC_DONE;
	}
	v->idle_said = v->bad = false;
	if (c->reply->kind == MLC_REPLY_NONE)
		v->waits = 0;
	if (!v->proven)
		return prove(c, v, s);
	/* Send after send: our last answer was lost on its way. */
	if (v->phase == VISIT_ASKED && !visit->open_mark) {
		for (size_t i = 0; i < visit->taken_count; i++)
			c->host->back(c, i, false);
		v->phase = VISIT_IDLE;
		return pause(c, v, COMMIT_MS);
	}
	return give(c, v);
}

/* ---- digesting --------------------------------------------------------------------------------------- */

/* One pass over an answer: where each request's reply stands. */
struct slices {
	struct mlc_call *c;
	const char *text;
	size_t last;         /* where the last element of the set ended, or the set's own tag */
	char status[12];     /* messageSetStatusCode */
	char id[64];         /* requestID of the one being read */
	size_t *from, *to;   /* per taken: its reply; to 0: none came */
	size_t count, matched, replies;
	size_t host_from, host_to; /* the answer to our own question about capacity; to 0: none */
	char names[12];            /* how many names there are, as told beside it */
	bool in_set;
};

static void slice_open(struct mlc_xml_walk *w, const char *name, int depth)
{
	struct slices *s = w->arg;

	if (depth == 2) {
		s->in_set = !strcmp(name, "QBXMLMsgsRs");
		if (s->in_set)
			mlc_xml_walk_attribute(w, "messageSetStatusCode", s->status, sizeof s->status);
	} else if (depth == 3 && s->in_set) {
		s->last = mlc_xml_walk_at(w) - 1; /* its '>'; its '<' is the last one before */
		while (s->last && s->text[s->last] != '<')
			s->last--;
		mlc_xml_walk_attribute(w, "requestID", s->id, sizeof s->id);
		if (!strcmp(s->id, "names"))
			mlc_xml_walk_attribute(w, "retCount", s->names, sizeof s->names);
		s->replies++;
	}
}

static void slice_close(struct mlc_xml_walk *w, const char *name, int depth)
{
	struct slices *s = w->arg;

	(void)name;
	if (depth != 3 || !s->in_set)
		return;
	if (!strcmp(s->id, "capacity")) {
		s->host_from = s->last;
		s->host_to = mlc_xml_walk_at(w);
	}
	for (size_t i = 0; i < s->count; i++) {
		if (s->to[i] || strcmp(s->c->visit->taken[i]->path, s->id))
			continue;
		s->from[i] = s->last;
		s->to[i] = mlc_xml_walk_at(w);
		s->matched++;
		return;
	}
}

static bool slice(struct mlc_call *c, struct slices *s, const char *text, size_t len)
{
	struct mlc_xml_walk walk = { .open = slice_open, .close = slice_close, .arg = s };

	memset(s, 0, sizeof *s);
	s->c = c;
	s->text = text;
	s->count = c->visit->taken_count;
	s->from = c->host->alloc(c, (s->count + 1) * sizeof *s->from);
	s->to = c->host->alloc(c, (s->count + 1) * sizeof *s->to);
	return s->from && s->to && mlc_xml_walk(&walk, text, len);
}

static void each_lost(struct mlc_call *c)
{
	for (size_t i = 0; i < c->visit->taken_count; i++)
		c->host->lost(c, i);
}

static void each_gave(struct mlc_call *c, int status, const char *text)
{
	for (size_t i = 0; i < c->visit->taken_count; i++)
		c->host->gave(c, i, status, text, strlen(text));
}

/* WOO-44: a list of names that is full takes no customer any more. */
static void names_came(struct mlc_call *c, const struct slices *s)
{
	size_t len = s->host_to > s->host_from ? s->host_to - s->host_from : 0;
	xmlDocPtr doc = len ? mlc_xml_read(s->text + s->host_from, len) : NULL;
	const xmlNode *host = doc ? mlc_xml_child(xmlDocGetRootElement(doc), "HostRet") : NULL;
	const xmlNode *entities = mlc_xml_child(mlc_xml_child(host, "ListMetaData"), "EntityMetaData");
	const char *most = mlc_xml_child_text(c, entities, "MaxCapacity");
	long names = strtol(s->names, NULL, 10), max = strtol(most, NULL, 10);
	const char *words = "";

	if (*s->names && max > 0) {
		if (names >= max / 100 * NAMES_WARN_PERCENT)
			words = c->host->format(c, "%ld of at most %ld names are in the company file: when it is "
				"full no customer can be made. Let web orders go to one customer (params: customers = "
				"\"one\"), or clear the list up in QuickBooks", names, max);
		c->host->fact(c, "names", c->host->format(c, "%ld", names));
		c->host->fact(c, "names_max", c->host->format(c, "%ld", max));
		c->host->fact(c, "attention", words);
		c->host->fact(c, "names_day", c->host->format(c, "%.10s", mlc_instant_text(c, c->now_ms)));
	}
	xmlFreeDoc(doc);
}

/* Nobody can tell what QuickBooks did with the set: it stays open, and is asked again at the next
 * visit; when that has not helped, each record is looked up. */
static void leave_open(struct mlc_call *c, struct visit_state *v, const char *why)
{
	v->bad = true;
	if (c->visit->open_asked < ASK_AGAIN) {
		say_why(v, c->host->format(c, "%s. Whether the last entries were made is asked again at the "
			"next update; nothing is entered twice.", why));
		return;
	}
	c->host->log(c, MLC_WARN, "set %s: its outcome stays unknown: %s", c->visit->open_mark
		? c->visit->open_mark : "", why);
	say_why(v, c->host->format(c, "%s. Each of the last entries will be looked up.", why));
	each_lost(c);
}

/* QuickBooks could not process the set at all. */
static void set_failed(struct mlc_call *c, struct visit_state *v, const char *hresult, const char *message)
{
	const struct qbd_hresult *h = qbd_hresult(hresult);
	const char *why = c->host->format(c, "%s (%.20s: %.200s)", h->words, hresult, message);

	c->host->log(c, MLC_WARN, "%s", why);
	if (h->trouble == QBD_PARSER) {
		/* Nothing was run, unless it is an old set that ran when it was asked first. */
		v->keep_last = true;
		if (v->marked && c->visit->open_asked)
			each_lost(c);
		else if (c->visit->taken_count == 1)
			each_gave(c, GAVE_REFUSED, why);
		else
			for (size_t i = 0; i < c->visit->taken_count; i++)
				c->host->back(c, i, true);
	} else if (v->marked) {
		leave_open(c, v, why);
	} else {
		v->bad = true;
		say_why(v, why);
		each_gave(c, GAVE_TROUBLE, why);
	}
}

/* False: it is not the answer to the set that is out. */
static bool set_answered(struct mlc_call *c, struct visit_state *v, const char *text, size_t len)
{
	struct slices s;
	int status;

	if (!slice(c, &s, text, len)) {
		if (v->marked)
			leave_open(c, v, "QuickBooks' answer could not be read");
		else
			each_gave(c, GAVE_GARBAGE, "");
		return true;
	}
	status = atoi(s.status);
	if (s.replies && !s.matched)
		return false;
	names_came(c, &s);
	company_clock(c, text);
	if (status)
		v->keep_last = true; /* 600: it knows nothing of the last set, so nothing to forget */
	if (!s.matched && v->marked) {
		c->host->log(c, MLC_WARN, "set %s: QuickBooks knows no outcome (status %s)",
			c->visit->open_mark ? c->visit->open_mark : "", *s.status ? s.status : "none");
		each_lost(c);
		return true;
	}
	for (size_t i = 0; i < s.count; i++) {
		if (s.to[i] > s.from[i])
			c->host->gave(c, i, GAVE_ANSWER, text + s.from[i], s.to[i] - s.from[i]);
		else if (v->marked)
			c->host->lost(c, i);
		else
			c->host->gave(c, i, GAVE_GARBAGE, "", 0);
	}
	return true;
}

/* What QuickBooks says of the open set: it knows it, and then the same bytes bring the answer that it
 * keeps; or it tells that answer at once; or it knows nothing, and each record is looked up. */
static void set_recalled(struct mlc_call *c, struct visit_state *v, const struct soap *s)
{
	const char *hresult = soap_text(s, "hresult");
	const struct qbd_hresult *h = qbd_hresult(hresult);
	struct slices sl;
	bool read;

	if (*hresult && h->trouble != QBD_PARSER && h->trouble != QBD_UNKNOWN) {
		v->bad = true; /* it was never asked: at the next visit */
		say_why(v, c->host->format(c, "%s (%.20s: %.200s)", h->words, hresult, soap_text(s, "message")));
		return;
	}
	read = !*hresult && slice(c, &sl, soap_text(s, "response"), soap_length(s, "response"));
	if (read && !strcmp(sl.status, "0") && !sl.replies)
		v->known = true;
	else if (!read || !set_answered(c, v, soap_text(s, "response"), soap_length(s, "response")))
		each_lost(c);
}

/* An honest number: what is done of what we know of; 100 only when nothing is left. */
static int percentage(const struct mlc_visit *visit)
{
	size_t done = visit->done < visit->total ? visit->done : visit->total;

	if (!work_is_left(visit))
		return 100;
	if (!visit->total)
		return 0;
	return done >= visit->total ? 99 : (int)(done * 100 / visit->total);
}

static enum mlc_step tell_percentage(struct mlc_call *c, struct visit_state *v)
{
	int percent = v->bad ? -1 : percentage(c->visit);

	/* What follows from these replies may be parked in a moment. */
	if (!v->bad && !c->visit->parked_count && c->visit->coming && v->waits < WAITS)
		return pause(c, v, WAIT_MS);
	if (percent == 100 && is_held_open(c, v))
		percent = 99;
	v->percent = (uint8_t)(percent < 0 ? 0 : percent);
	soap_answer_number(c, "receiveResponseXML", percent);
	return MLC_DONE;
}

static enum mlc_step receive_response(struct mlc_call *c, const struct soap *s)
{
	struct visit_state *v = state_of(c);
	const char *hresult = soap_text(s, "hresult");

	if (!ticket_is_ours(v, s) || v->phase == VISIT_REFUSED) {
		soap_answer_number(c, "receiveResponseXML", -1);
		return MLC_DONE;
	}
	if (c->reply->kind == MLC_REPLY_PAUSED)
		return tell_percentage(c, v);
	v->waits = 0;
	if (v->phase == VISIT_PROVING)
		return proof_came(c, v, s);
	if (v->phase == VISIT_RECALLING) {
		v->bad = false;
		set_recalled(c, v, s);
		v->phase = VISIT_IDLE;
		return pause(c, v, COMMIT_MS);
	}
	if (v->phase == VISIT_RESTING) {
		v->phase = VISIT_IDLE;
		return tell_percentage(c, v);
	}
	if (v->phase == VISIT_ASKED) {
		if (*hresult)
			set_failed(c, v, hresult, soap_text(s, "message"));
		else if (!set_answered(c, v, soap_text(s, "response"), soap_length(s, "response")))
			goto again;
		v->phase = VISIT_IDLE;
		return pause(c, v, COMMIT_MS);
	}
again: /* the same answer a second time: applied once, answered as then */
	soap_answer_number(c, "receiveResponseXML", v->bad ? -1 : v->percent);
	return MLC_DONE;
}

/* ---- errors and the end -------------------------------------------------------------------------------- */

static enum mlc_step connection_error(struct mlc_call *c, const struct soap *s)
{
	struct visit_state *v = state_of(c);
	const char *hresult = soap_text(s, "hresult");
	const struct qbd_hresult *h = qbd_hresult(hresult);
	const char *file = mlc_known(c->settings, "company_file");
	const char *why;

	if (!ticket_is_ours(v, s)) {
		soap_answer(c, "connectionError", "done");
		return MLC_DONE;
	}
	/* The file may be open under another path; the company is proven before anything is given. */
	if (h->trouble == QBD_COMPANY_FILE && file && *file && !v->retried_open) {
		v->retried_open = true;
		soap_answer(c, "connectionError", "");
		return MLC_DONE;
	}
	why = c->host->format(c, "%s (%.20s: %.200s). To do: %s", h->words, hresult, soap_text(s, "message"),
		h->cure);
	say_why(v, why);
	v->phase = VISIT_REFUSED;
	c->visit->turn = MLC_LEAVES;
	soap_answer(c, "connectionError", "done");
	return c->host->fail(c, MLC_RETRY, 0, "QuickBooks could not be opened: %s", why);
}

static enum mlc_step get_last_error(struct mlc_call *c, const struct soap *s)
{
	const struct visit_state *v = state_of(c);

	if (!ticket_is_ours(v, s)) {
		soap_answer(c, "getLastError",
			"This update was over already. The next one starts by itself; nothing is lost.");
		return MLC_DONE;
	}
	if (v->phase == VISIT_REFUSED)
		c->host->fact(c, "refused", v->why);
	soap_answer(c, "getLastError", v->idle_said ? "NoOp" : v->why);
	return MLC_DONE;
}

static enum mlc_step close_connection(struct mlc_call *c, const struct soap *s)
{
	struct visit_state *v = state_of(c);

	if (ticket_is_ours(v, s)) {
		c->visit->turn = MLC_LEAVES;
		soap_answer(c, "closeConnection", *v->why ? v->why : "Finished.");
		v->phase = VISIT_NONE;
	} else {
		soap_answer(c, "closeConnection", "Finished.");
	}
	return MLC_DONE;
}

static enum mlc_step server_version(struct mlc_call *c, const struct soap *s)
{
	soap_answer(c, s->method, "ml-connector " QBD_VERSION);
	return MLC_DONE;
}

static enum mlc_step say_nothing(struct mlc_call *c, const struct soap *s)
{
	soap_answer(c, s->method, "");
	return MLC_DONE;
}

static enum mlc_step say_done(struct mlc_call *c, const struct soap *s)
{
	soap_answer(c, s->method, "Done");
	return MLC_DONE;
}

static const struct {
	const char *name;
	enum mlc_step (*answer)(struct mlc_call *, const struct soap *);
} methods[] = {
	{ "serverVersion", server_version }, { "getServerVersion", server_version },
	{ "clientVersion", say_nothing }, { "authenticate", authenticate },
	{ "sendRequestXML", send_request }, { "receiveResponseXML", receive_response },
	{ "connectionError", connection_error }, { "getLastError", get_last_error },
	{ "closeConnection", close_connection }, { "getInteractiveURL", say_nothing },
	{ "interactiveRejected", say_nothing }, { "interactiveDone", say_done },
};

/* The Web Connector looks at the address with a plain GET before it trusts the certificate. */
static enum mlc_step looked_at(struct mlc_call *c)
{
	static const char sentence[] = "This address is for the QuickBooks Web Connector. It is well.\n";
	const char *query = c->inbound->query ? c->inbound->query : "";

	c->answer->status = 200;
	if (!strncmp(query, "wsdl", 4) || !strncmp(query, "WSDL", 4)) {
		c->answer->type = "text/xml; charset=utf-8";
		c->answer->body = soap_wsdl(c, &c->answer->body_len);
	} else {
		c->answer->type = "text/plain; charset=utf-8";
		c->answer->body = sentence;
		c->answer->body_len = sizeof sentence - 1;
	}
	return MLC_DONE;
}

enum mlc_step qbd_serve(struct mlc_call *c)
{
	struct visit_state *v = state_of(c);
	struct soap *s;

	if (!strcmp(c->inbound->method, "GET") || !strcmp(c->inbound->method, "HEAD"))
		return looked_at(c);
	if (strcmp(c->inbound->method, "POST")) {
		c->answer->status = 405;
		return MLC_DONE;
	}
	if (c->reply->kind != MLC_REPLY_PAUSED) {
		s = c->host->alloc(c, sizeof *s);
		if (!s || !soap_read(c, s)) {
			soap_fault(c, "this is no SOAP request of the QuickBooks Web Connector");
			return MLC_DONE;
		}
		v->request = s;
	}
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (!strcmp(methods[i].name, v->request->method))
			return methods[i].answer(c, v->request);
	soap_fault(c, "the QuickBooks Web Connector knows no such method");
	return MLC_DONE;
}
