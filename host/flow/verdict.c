/* verdict.c - what is decided about a record. */
#include "flow/work.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

struct holding { struct host *host; char *tenant, *flow; };

/* A hold that a restart would not know of would let go what a person was to look at: watch_turn() writes it again. */
static void on_held(void *arg, const struct txn_result *r)
{
	struct holding *g = arg;
	struct flow *f = host_flow(g->host, g->tenant, g->flow);

	if (f && f->held)
		f->hold_unwritten = r->code < 0;
	if (r->code < 0)
		log_line(LOG_ERROR, g->flow, "that it is held could not be written down: %s", r->text);
	free(g->tenant);
	free(g->flow);
	free(g);
}

void flow_note_hold(struct host *h, struct flow *f)
{
	struct holding *g = xcalloc(1, sizeof *g);
	struct txn *t = txn_begin(h->store);
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%s %s", f->held, f->held_why);
	txn_note(t, f->tenant, f->name, "held", "", b.data);
	host_audit(t, f->tenant, "hold", "host", f, 0, json_pack("{s:s,s:s}", "cause", f->held, "why", f->held_why));
	*g = (struct holding) { h, xstrdup(f->tenant), xstrdup(f->name) };
	f->hold_unwritten = false;
	txn_commit(t, on_held, g);
	buf_finish(&b);
}

void flow_hold(struct host *h, struct flow *f, const char *cause, const char *why)
{
	free(f->held);
	free(f->held_why);
	f->held = xstrdup(cause);
	f->held_why = xstrdup(why);
	flow_note_hold(h, f);
	alert_raise(h, "flow_held", f->key, why);
}

bool work_is_linked(const struct work *w)
{
	return json_text_at(w->link, "target_id") != NULL;
}

bool work_is_keyed(const struct work *w)
{
	const struct mlc_entity *e = connector_entity(connection_connector(w->flow->target), w->flow->target_entity);

	return e && e->flags & MLC_KEYED;
}

/* The same until the target has answered for it, another one for other content. */
static void choose_key(struct work *w)
{
	const json_t *data = json_object_get(work_current_write(w), "data");
	unsigned char digest[BLAKE2B_SIZE];
	struct buf b;
	char hex[2 * BLAKE2B_SIZE + 1];

	buf_init(&b, VERDICT_MAX);
	if (data)
		json_write_canonical(&b, data);
	blake2b(b.data, b.len, digest);
	hex_text(digest, sizeof digest, hex);
	free(w->content);
	w->content = data && !b.full ? buf_take(&b, NULL) : NULL;
	if (w->last_key && w->last_content && !strcmp(w->last_content, hex)) {
		snprintf(w->key, sizeof w->key, "%s", w->last_key);
		buf_finish(&b);
		return;
	}
	free(w->last_content);
	w->last_content = xstrdup(hex);
	buf_clear(&b);
	buf_printf(&b, "%s|%s|%lld", w->flow->key, w->identity ? w->identity : w->rid, (long long)w->write_id);
	sha256_hex(b.data, b.len, hex);
	snprintf(w->key, sizeof w->key, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	buf_finish(&b);
}

static void put_member(struct buf *b, const char *name, const json_t *value)
{
	buf_printf(b, ",\"%s\":", name);
	json_write(b, value);
}

/* The current one with its data as it was laid out for the key. */
static void put_write(struct buf *b, const struct work *w, json_t *write)
{
	bool current = write == work_current_write(w), first = true;
	const char *name;
	json_t *value;

	buf_putc(b, '{');
	json_object_foreach(write, name, value) {
		buf_printf(b, "%s\"%s\":", first ? "" : ",", name);
		if (current && w->content && !strcmp(name, "data"))
			buf_puts(b, w->content);
		else
			json_write(b, value);
		first = false;
	}
	buf_putc(b, '}');
}

char *work_doc(const struct work *w, bool doubt)
{
	const json_t *match = json_object_get(w->verdict, "match");
	json_t *write;
	struct buf b;
	char *text;
	size_t i;

	buf_init(&b, VERDICT_MAX);
	buf_puts(&b, "{\"writes\":[");
	json_array_foreach(json_object_get(w->verdict, "writes"), i, write) {
		if (i > 0)
			buf_putc(&b, ',');
		put_write(&b, w, write);
	}
	buf_putc(&b, ']');
	if (match)
		put_member(&b, "match", match);
	if (*w->key)
		buf_printf(&b, ",\"key\":\"%s\",\"content\":\"%s\"", w->key, w->last_content ? w->last_content : "");
	if (doubt)
		buf_printf(&b, ",\"doubt\":true,\"write\":%lld,\"at\":%zu,\"stamp\":%lld", (long long)w->write_id, w->write_at,
			(long long)w->stamp);
	buf_putc(&b, '}');
	text = buf_take(&b, NULL);
	buf_finish(&b);
	return text;
}

static void would(struct work *w)
{
	struct delivery_move m = work_move_to(w, DELIVERY_WOULD);
	char *doc = work_doc(w, false);

	m.doc = doc;
	m.cause = "shadow";
	m.why = "the flow is in the shadow: this is what it would post";
	work_commit(w, txn_begin(w->host->store), &m);
	free(doc);
}

struct link_row work_link_row(const struct work *w)
{
	const json_t *write = work_current_write(w);
	const char *before = json_int_or(w->link, "moved", 0) ? json_text_at(w->link, "identity") : NULL;

	return (struct link_row) {
		.tenant = w->flow->tenant, .flow = w->flow->name,
		.identity = w->identity ? w->identity : w->rid,
		.source_connection = connection_name(w->flow->source),
		.source_entity = w->entity, .source_id = w->rid, .source_version = w->version,
		.target_connection = connection_name(w->flow->target),
		.target_entity = json_text_or(write, "entity", w->flow->target_entity),
		.made = json_text_at(w->link, "made"), .delivery = w->delivery,
		.replaces = before && w->identity && strcmp(before, w->identity) ? before : NULL,
	};
}

static void on_decided(void *arg, const struct txn_result *r)
{
	struct work *w = arg;

	if (r->code < 0 || w->host->stopping) { /* nothing has left: the next start begins it afresh */
		brakes_give_back(w);
		work_on_moved(w, r);
		return;
	}
	intake_touched(w->host, r); /* records that are looked at because of this one */
	if (!w->flow->other) { /* it is not mapped again, and waits for its target in less room */
		free(w->text);
		free(w->said);
		w->text = w->said = NULL;
	}
	work_write(w);
}

void work_put_write(struct work *w, struct txn *t)
{
	json_t *write = work_current_write(w);
	struct buf b;

	w->write_id = store_next_id(w->host->store);
	choose_key(w);
	buf_init(&b, VERDICT_MAX);
	put_write(&b, w, write);
	txn_write_put(t, &(struct write_row) {
		.id = w->write_id, .delivery = w->delivery, .tenant = w->flow->tenant,
		.connection = connection_name(w->flow->target), .entity = json_text_or(write, "entity", ""),
		.verb = json_text_or(write, "verb", ""), .target_id = json_text_at(write, "id"),
		.version = json_text_at(write, "version"), .key = w->key, .data = b.data, .state = WRITE_READY,
	});
	buf_finish(&b);
}

static void decide_write(struct work *w)
{
	struct delivery_move m = work_move_to(w, DELIVERY_SENDING);
	struct txn *t;
	char *doc, *lack;

	if (w->flow->mode == FLOW_SHADOW) {
		would(w);
		return;
	}
	lack = uses_lack(w->host, w->flow);
	if (lack) {
		work_settle_as(w, DELIVERY_HELD, "books_lack", lack);
		free(lack);
		return;
	}
	if (shared_swings(w)) {
		work_settle_as(w, DELIVERY_REVIEW, "ping_pong", "it was written to and fro many times within the hour: something on either side "
			"changes it back; mend that, then decide --choice post, or skip");
		return;
	}
	if (w->flow->paused || w->flow->held || brakes_hold(w)) {
		work_end(w);
		return;
	}
	w->phase = PHASE_COMMIT;
	t = txn_begin(w->host->store);
	work_put_write(w, t);
	/* From here to the settled outcome a crash leaves a doubt, and the doc says which. */
	doc = work_doc(w, true);
	m.doc = doc;
	work_note_again(w, t);
	brakes_note(w->flow, t);
	txn_delivery(t, &m);
	if (!work_is_linked(w)) {
		struct link_row l = work_link_row(w);

		txn_link_put(t, &l);
	}
	work_audit(w, t, "decide", work_decision(w, "sending", NULL, NULL));
	txn_commit(t, on_decided, w);
	free(doc);
}

static void nothing_to_do(struct work *w)
{
	const json_t *found = json_object_get(w->verdict, "link");
	struct delivery_move m = work_move_to(w, w->flow->mode == FLOW_SHADOW ? DELIVERY_WOULD : DELIVERY_DONE);
	struct txn *t = txn_begin(w->host->store);
	const char *id = json_text_at(found, "id");

	m.why = json_text_or(w->verdict, "why", "the target holds it already");
	m.cause = id ? "adopted" : "equal";
	m.choice = "";
	m.doc = "";
	if (id) {
		m.target_connection = connection_name(w->flow->target);
		m.target_entity = json_text_or(found, "entity", w->flow->target_entity);
		m.target_id = id;
	}
	if (id && w->flow->mode == FLOW_LIVE) {
		struct link_row l = work_link_row(w);

		l.target_entity = m.target_entity;
		l.target_id = id;
		l.target_version = json_text_at(found, "version");
		l.made = work_is_linked(w) ? json_text_at(w->link, "made") : "adopted";
		l.base = json_text_at(w->link, "base");
		shared_put(w, t, &l, NULL, false);
	}
	work_commit(w, t, &m);
}

void work_verdict(struct work *w)
{
	const char *v = json_text_or(w->verdict, "verdict", "");
	const char *cause = json_text_at(w->verdict, "cause"), *why = json_text_at(w->verdict, "why");

	const char *found = json_text_at(work_current_write(w), "id");

	if (!found)
		found = json_text_at(w->verdict, "link.id");
	if (!strcmp(v, "ask")) {
		work_ask(w);
	} else if (w->flow->other && found && !work_is_linked(w) && !w->target_free && !w->dry && !(w->choice && *w->choice)) {
		shared_check_target(w, found);
	} else if (!strcmp(v, "look") && !w->dry) {
		work_look_at_others(w);
	} else if (w->dry) {
		w->dry(w, v, why);
	} else if (!strcmp(v, "write")) {
		decide_write(w);
	} else if (!strcmp(v, "nothing")) {
		nothing_to_do(w);
	} else if (!strcmp(v, "skip")) {
		work_settle_as(w, DELIVERY_SKIPPED, cause, why);
	} else if (!strcmp(v, "hold")) {
		work_settle_as(w, DELIVERY_HELD, cause, why);
	} else if (!strcmp(v, "review")) {
		struct delivery_move m = work_move_to(w, DELIVERY_REVIEW);
		char *doc;
		struct buf b;
		size_t len;

		buf_init(&b, VERDICT_MAX);
		buf_puts(&b, "{\"options\":");
		if (json_object_get(w->verdict, "options"))
			json_write(&b, json_object_get(w->verdict, "options"));
		else
			buf_puts(&b, "[]");
		buf_putc(&b, '}');
		doc = buf_take(&b, &len);
		m.cause = cause ? cause : "review";
		m.why = why ? why : "";
		m.doc = doc;
		work_commit(w, txn_begin(w->host->store), &m);
		free(doc);
		buf_finish(&b);
	} else {
		work_settle_as(w, DELIVERY_HELD, "mapping_failed", why ? why : "the mapping gave no verdict: tell its author");
	}
}
