/* run.c - one call under way: its steps, what is committed between them, and its end. */
#include "plug/inner.h"

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REQUEST_MAX     (16u << 20) /* bytes of one request with all its parts */
#define STEPS_MAX       100000      /* of one call: a connector that goes in circles ends here */
#define PAUSE_MAX_MS    (10 * 60 * 1000)
#define SETTLE_AGAIN_MS 30000

/* ---- made and unmade ----------------------------------------------------------------------- */

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static void copy_ids(struct run *r, const char *const *ids)
{
	size_t n = 0;

	if (!ids)
		return;
	while (ids[n])
		n++;
	r->ids = xcalloc(n + 1, sizeof *r->ids);
	for (size_t i = 0; i < n; i++)
		r->ids[i] = xstrdup(ids[i]);
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *text_into(char **at, const char *text)
{
	const char *own = *at;

	if (!text)
		return NULL;
	memcpy(*at, text, strlen(text) + 1);
	*at += strlen(text) + 1;
	return own;
}

static void copy_writes(struct run *r, const struct order *o)
{
	size_t size = 0;
	char *at;

	if (o->write_count == 0)
		return;
	for (size_t i = 0; i < o->write_count; i++)
		size += text_size(o->writes[i].id) + text_size(o->writes[i].version) +
			text_size(o->writes[i].key);
	r->writes = xcalloc(o->write_count, sizeof *r->writes);
	r->write_ids = xcalloc(o->write_count, sizeof *r->write_ids);
	r->write_texts = at = xcalloc(1, size);
	r->write_count = o->write_count;
	for (size_t i = 0; i < o->write_count; i++) {
		r->writes[i] = (struct mlc_write){ .verb = o->writes[i].verb,
			.id = text_into(&at, o->writes[i].id),
			.version = text_into(&at, o->writes[i].version),
			.key = text_into(&at, o->writes[i].key),
			/* The run outlives what its caller holds */
			.data = json_incref(o->writes[i].data) };
		r->write_ids[i] = o->write_ids ? o->write_ids[i] : 0;
	}
}

struct run *run_create(struct connection *c, const struct order *o, void *arg)
{
	struct run *r = xcalloc(1, sizeof *r);

	r->connection = c;
	r->state = RUN_WAITS;
	r->op = o->op;
	r->arg = arg;
	r->entity = copy(o->entity);
	r->feed = copy(o->feed);
	r->cursor = copy(o->cursor);
	copy_ids(r, o->ids);
	r->data = o->data ? json_deep_copy(o->data) : NULL;
	copy_writes(r, o);
	r->attempt = o->attempt;
	r->urgent = o->urgent;
	r->proof = o->proof;
	arena_init(&r->request_memory, REQUEST_MAX);
	TAILQ_INSERT_TAIL(&c->runs, r, in_all);
	c->run_count++;
	return r;
}

static void drop_given(struct run *r)
{
	for (struct kept_header *h = r->given_headers; h && h->name; h++) {
		free(h->name);
		free(h->value);
	}
	free(r->given_headers);
	free(r->given_body);
	r->given_headers = NULL;
	r->given_body = NULL;
}

/* Out of whatever line it stands in. */
static void run_withdraw(struct run *r)
{
	struct connection *c = r->connection;

	if (r->state == RUN_QUEUED)
		TAILQ_REMOVE(&c->queue, r, in_line);
	if (r->state == RUN_PARKED)
		TAILQ_REMOVE(&c->parked, r, in_line);
	if (r->state == RUN_NEEDS)
		TAILQ_REMOVE(&c->token.line, r, in_line);
	if (r->state == RUN_PAUSED || r->timer.at_ms)
		timer_clear(c->all->conf.loop, &r->timer);
}

static void drop_call(struct run *r)
{
	call_destroy(r->call);
	r->call = NULL;
	r->started = false;
	plugin_unref(r->plugin);
	r->plugin = NULL;
	vault_unref(r->vault);
	r->vault = NULL;
	json_decref(r->settings);
	json_decref(r->facts);
	json_decref(r->token);
	r->settings = r->facts = r->token = NULL;
	arena_reset(&r->request_memory);
	r->request = NULL;
	r->steps = 0;
}

void run_recorded(struct run *r)
{
	if (r->recording)
		cassette_record(r->connection->all->conf.record_dir, r->recording);
	r->recording = NULL;
}

void run_destroy(struct run *r)
{
	struct connection *c = r->connection;

	run_withdraw(r);
	run_recorded(r);
	TAILQ_REMOVE(&c->runs, r, in_all);
	c->run_count--;
	drop_call(r);
	drop_given(r);
	arena_finish(&r->request_memory);
	exchanges_finish(&r->exchanges);
	for (size_t i = 0; i < r->write_count; i++)
		json_decref(r->writes[i].data);
	for (char **id = r->ids; id && *id; id++)
		free(*id);
	free(r->ids);
	json_decref(r->data);
	free(r->writes);
	free(r->write_ids);
	free(r->write_texts);
	free(r->entity);
	free(r->feed);
	free(r->cursor);
	free(r->hook_url);
	free(r->fail_why);
	free(r);
}

void run_cancel_all(struct connection *c)
{
	struct run *r;

	TAILQ_FOREACH(r, &c->runs, in_all)
		if (r->transfer)
			carry_cancel(r->transfer);
}

/* ---- the call ---------------------------------------------------------------------------- */

static bool site_secret_is(void *ctx, const char *name, const char *text)
{
	struct run *r = ctx;

	return vault_is(r->vault, name, text, r->connection->before_counts);
}

static void site_log(void *ctx, enum mlc_level level, const char *text)
{
	struct run *r = ctx;

	connection_log(r->connection, level, text);
}

static bool site_fact(void *ctx, const char *name, const char *text)
{
	struct run *r = ctx;
	char why[400];

	return !facts_conflict(r->facts, r->settings, name, text, why, sizeof why);
}

struct call_site run_site(struct run *r)
{
	return (struct call_site){ .connector = plugin_connector(r->plugin),
		.connection = r->connection->path,
		.settings = r->settings, .token = r->token, .facts = r->facts, .ctx = r,
		.secret_is = site_secret_is, .log = site_log, .fact = site_fact };
}

void run_begin(struct run *r)
{
	struct connection *c = r->connection;
	struct call_input in = { .op = r->op, .entity = r->entity, .feed = r->feed,
		.cursor = r->cursor,
		.hook_url = r->hook_url, .ids = (const char *const *)r->ids, .data = r->data,
		.writes = r->writes,
		.write_count = r->write_count, .attempt = r->attempt, .now_ms = now_ms(c),
		.sent = r->restored ? r->request : NULL };

	r->plugin = plugin_ref(c->plugin);
	r->vault = vault_ref(c->vault);
	r->settings = json_incref(c->settings); /* a reload replaces what the connection holds */
	r->facts = json_incref(c->facts);       /* so does a fact that is told */
	r->token = json_incref(c->token_told);  /* and a new token */
	struct call_site site = run_site(r);
	r->call = call_create(&site, &in);
	r->started = true;
	c->calls++;
}

static void on_secrets(void *arg)
{
	struct run *r = arg;
	const char *why;
	uint32_t after_ms;

	if (r->state != RUN_COMMITS) /* withdrawn meanwhile */
		return;
	if (!may_go(r->connection, r, &why, &after_ms)) {
		run_fail(r, MLC_LIMITED, after_ms, why);
		return;
	}
	/* Before its first step: what the token's reply told may be part of the first address. */
	if (!token_ready(r)) {
		token_need(r);
		return;
	}
	run_begin(r);
	run_step(r, NULL);
}

void run_granted(struct run *r)
{
	if (r->call) {
		carry_request(r);
		return;
	}
	run_begin(r);
	run_step(r, NULL);
}

static void on_start(void *arg)
{
	struct run *r = arg;
	struct connection *c = r->connection;

	if (r->state != RUN_WAITS)
		return;
	/* The backlog of a peer that calls us stays where it is until a visit opens. */
	if (c->peer_calls && !connection_in_visit(c) && r->op != OP_PING && r->op != OP_INVITE)
		return;
	r->state = RUN_COMMITS;
	secrets_need(c, on_secrets, r);
}

void run_start(struct run *r)
{
	/* Later, never from within what has asked. */
	timer_set(r->connection->all->conf.loop, &r->timer, now_ms(r->connection), on_start, r);
}

void run_afresh(struct run *r)
{
	run_withdraw(r);
	drop_call(r);
	r->state = RUN_WAITS;
	r->alone = r->restored = false;
	r->set = NULL;
	r->tries = 0;
	run_start(r);
}

/* ---- the end ----------------------------------------------------------------------------- */

void run_outcome(const struct run *r, struct outcome *o)
{
	const struct connection *c = r->connection;

	*o = (struct outcome){ .connection = c, .op = r->op, .arg = r->arg,
		.write_ids = r->write_ids,
		.write_count = r->write_count, .failed = r->step == MLC_FAIL,
		.never_sent = r->never_sent };
	if (r->fail_why) {
		o->failed = true;
		o->fault = r->fail_fault;
		o->after_ms = r->fail_after_ms;
		o->text = r->fail_why;
	} else if (o->failed) {
		o->fault = call_fault(r->call, &o->after_ms, &o->text);
	}
	if (!r->call) {
		o->facts = c->facts;
		return;
	}
	o->record_count = call_records(r->call, &o->records);
	call_writes(r->call, &o->writes);
	o->facts = r->op == OP_DISCOVER ? call_described(r->call) : call_facts(r->call);
}

static void note_success(struct run *r, const struct outcome *o)
{
	struct connection *c = r->connection;

	if (!o->failed) {
		c->last_success_ms = now_ms(c);
		return;
	}
	c->failures++;
	snprintf(c->last_failure, sizeof c->last_failure, "%s: %s", op_text(r->op),
		o->text ? o->text : "");
	/* The remote's word, that is; not a hold of our own. */
	if (o->fault == MLC_LIMITED && !r->fail_why && !c->peer_calls)
		pace_hold(&c->pace, now_ms(c) + (o->after_ms ? o->after_ms : WHEN_MINUTE_MS));
}

static void invited(const struct run *r, const struct outcome *o)
{
	struct err e = { 0 };
	const struct mlc_answer *a = r->call ? call_inside(r->call)->answer : NULL;

	if (o->failed)
		err_set(&e, ERR_REFUSED, "%s", o->text);
	else if (!a || !a->body || a->body_len == 0)
		err_set(&e, ERR_REFUSED, "%s gives no file to carry to its peer",
			connection_connector(r->connection)->name);
	r->invite(r->arg, e.code ? NULL : a->body, e.code ? &e : NULL);
}

/* The last word: nobody knows of the run after this. */
void run_over(struct run *r)
{
	struct connection *c = r->connection;
	struct connections *all = c->all;
	bool is_ping = r->op == OP_PING;
	struct outcome o;

	run_outcome(r, &o);
	note_success(r, &o);
	if (r->invite)
		invited(r, &o);
	else if (r->ours && r->op == OP_SUBSCRIBE)
		lease_ended(r, o.failed, o.text);
	else if (r->looks)
		grant_looked(c, o.failed ? o.text : NULL);
	else
		all->conf.hooks->done(all->conf.ctx, &o);
	run_destroy(r);
	if (is_ping)
		token_met(c, o.failed ? o.fault : (enum mlc_fault)0);
	visit_poke(c);
	grant_leave(c);
}

static void add_exchanges(struct run *r, struct txn *t)
{
	const struct connection *c = r->connection;
	const struct call_write *writes = NULL;
	/* What is about several is no single one's: it could not be erased with each of them. */
	const char *rid = r->write_count == 1 ? r->writes[0].id : r->ids && r->ids[0] && !r->ids[1] ? r->ids[0] : NULL;

	if (r->call && r->write_count == 1 && call_writes(r->call, &writes) &&
		writes[0].end == WRITE_END_SETTLED)
		rid = writes[0].record.id;
	for (size_t i = 0; i < r->exchanges.count; i++) {
		const struct exchange *x = &r->exchanges.list[i];
		json_t *detail = json_object();
		char *text;

		json_put_text(detail, "op", op_text(r->op));
		json_put_int(detail, "status", x->status);
		json_put_int(detail, "took_ms", x->took_ms);
		json_put_int(detail, "at_ms", x->at_ms);
		if (r->feed)
			json_put_text(detail, "feed", r->feed);
		if (r->write_count && r->writes[0].key)
			json_put_text(detail, "key", r->writes[0].key);
		if (r->exchanges.dropped)
			json_put_int(detail, "left_out", (json_int_t)r->exchanges.dropped);
		text = json_dumps(detail, JSON_COMPACT);
		txn_audit(t, &(struct audit_row){ .tenant = c->tenant, .move = "exchange",
			.who = "host",
			.connection = c->name, .entity = r->entity, .rid = rid, .detail = text,
			.payload = x->text,
			.payload_len = x->len });
		free(text);
		json_decref(detail);
	}
}

void run_settle(struct run *r, struct txn *t)
{
	const struct connection *c = r->connection;
	const struct connection_hooks *hooks = c->all->conf.hooks;
	struct outcome o;

	run_outcome(r, &o);
	if (r->op == OP_WRITE && o.record_count > 0)
		hooks->emit(c->all->conf.ctx, t, c, "write", o.records, o.record_count);
	if (r->op == OP_WRITE)
		hooks->settle(c->all->conf.ctx, t, &o);
	add_exchanges(r, t);
}

int64_t settle_wait_ms(unsigned tries)
{
	int64_t wait = WHEN_SECOND_MS << (tries < 5 ? tries : 5);

	return wait < SETTLE_AGAIN_MS ? wait : SETTLE_AGAIN_MS;
}

bool run_thin(struct run *r)
{
	if (r->thin)
		return false;
	r->thin = true;
	if (r->call)
		call_thin(r->call);
	exchanges_thin(&r->exchanges);
	return true;
}

static void run_settle_alone(void *arg);

static void on_settled(void *arg, const struct txn_result *result)
{
	struct run *r = arg;
	struct connection *c;

	if (!result)
		return;
	c = r->connection;
	if (result->too_large && r->op == OP_WRITE && run_thin(r)) {
		log_line(LOG_WARN, c->path, "what came back of a write is too long to be kept, and is noted by id only: %s",
			result->text);
		run_settle_alone(r);
		return;
	}
	if (result->code < 0 && r->op == OP_WRITE) {
		/* What the remote did must not be forgotten: until the disk takes it, we ask
		 * again. */
		log_line(LOG_ERROR, c->path,
			"the outcome of a write cannot be written down, trying again: %s",
			result->text);
		timer_set(c->all->conf.loop, &r->timer, now_ms(c) + settle_wait_ms(r->settle_tries++),
			run_settle_alone, r);
		return;
	}
	if (result->code < 0)
		log_line(LOG_ERROR, c->path, "%s: exchanges cannot be written down: %s",
			op_text(r->op), result->text);
	if (result->accepted_count > 0 || result->touched_count > 0)
		c->all->conf.hooks->emitted(c->all->conf.ctx, c, result);
	run_over(r);
}

static void run_settle_alone(void *arg)
{
	struct run *r = arg;
	struct txn *t = txn_for(r->connection);

	run_settle(r, t);
	commit(r->connection, t, on_settled, r);
}

static void on_facts(void *arg, const struct txn_result *result)
{
	struct run *r = arg;

	if (!result)
		return;
	if (result->code == 0) {
		facts_learn(r->connection, call_facts(r->call));
	} else {
		/* What was agreed with the remote must not be handed out before it is kept. */
		r->fail_why = xformat("the store does not take what was told: %s", result->text);
		r->fail_fault = MLC_RETRY;
	}
	run_over(r);
}

/* A company that is not the one we know: whatever the call says, nothing of it counts. */
static bool is_other_company(struct run *r)
{
	const char *name;
	json_t *text;
	char why[400];

	if (!r->call)
		return false;
	json_object_foreach((json_t *)call_facts(r->call), name, text) {
		if (!facts_conflict(r->facts, r->settings, name, json_string_value(text), why,
			sizeof why))
			continue;
		connection_hold(r->connection, "identity", why, 0);
		r->fail_why = xstrdup(why);
		r->fail_fault = MLC_REFUSED;
		return true;
	}
	return false;
}

static void run_end(struct run *r)
{
	struct txn *t;
	bool some;

	r->state = RUN_ENDS;
	if (r->set) {
		set_run_ended(r);
		return;
	}
	if (r->op == OP_WRITE) {
		run_settle_alone(r);
		return;
	}
	if (r->exchanges.count == 0 && (!r->call || r->fail_why ||
		json_object_size(call_facts(r->call)) == 0)) {
		run_over(r);
		return;
	}
	t = txn_for(r->connection);
	some = r->call && !r->fail_why && !is_other_company(r) &&
		facts_note(r->connection, t, call_facts(r->call));
	add_exchanges(r, t);
	commit(r->connection, t, some ? on_facts : on_settled, r);
}

static void on_failed(void *arg)
{
	run_end(arg);
}

void run_fail(struct run *r, enum mlc_fault fault, uint32_t after_ms, const char *text)
{
	run_withdraw(r);
	r->step = MLC_FAIL;
	free(r->fail_why);
	r->fail_why = xstrdup(text);
	/* It is the host that gives up, not the remote that said no: what has left may have
	 * happened. */
	r->fail_fault = r->op == OP_WRITE && r->left ? MLC_IN_DOUBT : fault;
	r->fail_after_ms = after_ms;
	r->never_sent = r->op == OP_WRITE && !r->left;
	r->state = RUN_ENDS;
	/* Later, never from within what has asked. */
	timer_set(r->connection->all->conf.loop, &r->timer, now_ms(r->connection), on_failed, r);
}

void run_answer_known(struct run *r)
{
	r->step = MLC_DONE;
	r->state = RUN_ENDS;
	timer_set(r->connection->all->conf.loop, &r->timer, now_ms(r->connection), on_failed, r);
}

/* ---- between two steps ------------------------------------------------------------------- */

static void on_pause_over(void *arg)
{
	struct run *r = arg;
	struct call_reply over = { .reply = { .kind = MLC_REPLY_PAUSED, .body = "" } };

	run_step(r, &over);
}

/* The connector says AUTH, in its remote's own way and without a 401: once for each token the host tries another
 * one.  A write is decided anew; all else starts afresh. */
static bool is_worth_a_token(struct run *r)
{
	const char *text;

	if (call_fault(r->call, NULL, &text) != MLC_AUTH || r->connection->token.doubted || !token_refused(r))
		return false;
	if (r->op != OP_WRITE) {
		run_afresh(r);
		return true;
	}
	r->fail_why = xstrdup(text);
	/* This request was turned away; of those before it nobody says so. */
	r->fail_fault = r->left_before ? MLC_IN_DOUBT : MLC_RETRY;
	return false;
}

/* What had to be committed is: on with what the step asked for. */
static void run_go_on(struct run *r)
{
	struct connection *c = r->connection;
	uint32_t pause;

	switch (r->step) {
	case MLC_SEND:
		if (r->set)
			/* Its part of the set is done; what it asks next is another matter */
			set_run_ended(r);
		if (c->peer_calls)
			park(r);
		else
			carry_request(r);
		return;
	case MLC_PAUSE:
		if (r->set)
			set_run_ended(r);
		pause = call_inside(r->call)->pause_ms;
		r->state = RUN_PAUSED;
		timer_set(c->all->conf.loop, &r->timer,
			now_ms(c) + (pause > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause), on_pause_over,
			r);
		return;
	case MLC_DONE:
		run_end(r);
		return;
	case MLC_FAIL:
		if (is_worth_a_token(r))
			return;
		run_end(r);
		return;
	}
}

static void on_learned(void *arg)
{
	struct run *r = arg;

	vault_unref(r->vault);
	r->vault = vault_ref(r->connection->vault);
	run_go_on(r);
}

static void learn_lease(struct run *r, const char *cursor, int64_t renew_at_ms)
{
	struct connection *c = r->connection;

	if (renew_at_ms)
		c->renew_at_ms = renew_at_ms;
	if (cursor) {
		free(c->lease_cursor);
		c->lease_cursor = xstrdup(cursor);
	}
	free(c->lease_url);
	c->lease_url = copy(r->hook_url);
}

static void on_step_committed(void *arg, const struct txn_result *result)
{
	struct run *r = arg;
	struct connection *c;
	const char *cursor;
	int64_t renew_at_ms;
	bool advanced;

	if (!result)
		return;
	c = r->connection;
	if (result->code < 0) {
		char *why = xformat("the store does not take it: %s", result->text);

		run_fail(r, MLC_RETRY, 0, why);
		free(why);
		return;
	}
	if (r->kept)
		c->before_counts = true;
	advanced = call_advanced(r->call, &cursor, &renew_at_ms);
	if (advanced && r->op == OP_SUBSCRIBE) {
		c->before_counts = false;
		learn_lease(r, cursor, renew_at_ms);
	} else if (advanced && cursor) {
		free(r->cursor);
		r->cursor = xstrdup(cursor);
	}
	/* What was emitted is committed with an advance(), or with what a poll leaves at its end; with nothing else. */
	if (advanced || (r->op == OP_POLL && r->step == MLC_DONE))
		call_take(r->call);
	if (result->accepted_count > 0 || result->touched_count > 0)
		c->all->conf.hooks->emitted(c->all->conf.ctx, c, result);
	if (r->kept) {
		/* The request that leaves next is signed with what was just agreed. */
		r->kept = false;
		secrets_learned(c);
		secrets_need(c, on_learned, r);
		return;
	}
	run_go_on(r);
}

bool changes_something(const struct mlc_request *q)
{
	return !q->method || (strcmp(q->method, "GET") != 0 && strcmp(q->method, "HEAD") != 0);
}

static void put_lease(struct run *r, struct txn *t, const char *cursor, int64_t renew_at_ms)
{
	struct connection *c = r->connection;
	json_t *o = json_object();
	char *text;

	json_put_text(o, "cursor", cursor ? cursor : c->lease_cursor);
	json_put_int(o, "renew_at_ms", renew_at_ms ? renew_at_ms : c->renew_at_ms);
	json_put_text(o, "url", r->hook_url);
	text = json_dumps(o, JSON_COMPACT);
	txn_note(t, c->tenant, c->name, "lease", "hook", text);
	txn_note(t, c->tenant, c->name, "lease", "before", NULL);
	free(text);
	json_decref(o);
}

static void put_advance(struct run *r, struct txn *t, bool advanced)
{
	struct connection *c = r->connection;
	const struct connections_conf *conf = &c->all->conf;
	const struct call_record *records;
	size_t count = call_records(r->call, &records);
	const char *cursor;
	int64_t renew_at_ms;

	call_advanced(r->call, &cursor, &renew_at_ms);
	if (r->op == OP_SUBSCRIBE) {
		put_lease(r, t, cursor, renew_at_ms);
		return;
	}
	if (count > 0) {
		char *origin = xformat("feed %s", r->feed);

		conf->hooks->emit(conf->ctx, t, c, origin, records, count);
		free(origin);
	}
	if (advanced && cursor)
		txn_note(t, c->tenant, c->name, "cursor", r->feed, cursor);
}

/* A remote that makes secrets itself has told them in a reply. */
static void hide(struct run *r, const struct call_kept *kept, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		exchanges_mask(&r->exchanges, kept[i].name, kept[i].secret);
		if (r->recording)
			cassette_mask(r->recording, kept[i].name, kept[i].secret);
	}
}

static void put_kept(struct run *r, struct txn *t, const struct call_kept *kept, size_t count)
{
	const struct connection *c = r->connection;

	for (size_t i = 0; i < count; i++) {
		/* Not agreed upon the last time: the one kept then is offered again.  A third would push out of the
		 * vault the one that the remote still signs with. */
		if (c->before_counts && vault_text(r->vault, kept[i].name, NULL))
			continue;
		struct secret *secret = secret_create(kept[i].secret, strlen(kept[i].secret));

		txn_secret(t, c->tenant, c->name, kept[i].name, secret);
		secret_destroy(secret);
	}
	/* Until advance() the remote may still sign with the one before. */
	txn_note(t, c->tenant, c->name, "lease", "before", "1");
	r->kept = true;
}

/* A step is through.  Whatever must be on disk before the next one is put there now, as one. */
static void run_digest(struct run *r)
{
	struct connection *c = r->connection;
	const struct connections_conf *conf = &c->all->conf;
	const struct call_kept *kept;
	const struct call_record *records;
	size_t kept_count = call_kept(r->call, &kept);
	const char *cursor;
	int64_t renew_at_ms;
	bool advanced = call_advanced(r->call, &cursor, &renew_at_ms);
	bool leftover = r->op == OP_POLL && r->step == MLC_DONE &&
		call_records(r->call, &records) > 0;
	bool mark = r->step == MLC_SEND && r->op == OP_WRITE && !c->peer_calls && !r->marked &&
		changes_something(call_inside(r->call)->request);
	struct txn *t;

	drop_given(r);
	hide(r, kept, kept_count);
	run_recorded(r);
	if (r->step == MLC_SEND) {
		/* The step's memory may go with what is committed now. */
		arena_reset(&r->request_memory);
		r->request = request_copy(&r->request_memory, call_inside(r->call)->request);
		r->tries = 0;
		r->restored = false; /* it has a state of its own from here on */
		if (!r->request) {
			run_fail(r, MLC_BROKEN, 0, "a request is over the ceiling of 16 MB");
			return;
		}
	}
	if (!kept_count && !advanced && !leftover && !mark) {
		run_go_on(r);
		return;
	}
	r->state = RUN_COMMITS;
	t = txn_for(c);
	if (kept_count)
		put_kept(r, t, kept, kept_count);
	if (advanced || leftover)
		put_advance(r, t, advanced);
	if (mark) {
		conf->hooks->mark(conf->ctx, t, c, r->write_ids, r->write_count, NULL);
		r->marked = true;
	}
	commit(c, t, on_step_committed, r);
}

/* ---- a step ------------------------------------------------------------------------------ */

static const char *given_header(void *ctx, const char *name)
{
	for (const struct kept_header *h = ((struct run *)ctx)->given_headers; h && h->name; h++)
		if (!strcasecmp(h->name, name))
			return h->value;
	return NULL;
}

static void on_pool(void *arg)
{
	struct run *r = arg;

	r->step = call_step(r->call, &r->given, r->step_ms);
}

static void on_stepped(void *arg)
{
	struct run *r = arg;

	if (pending_end(r->connection->all))
		run_digest(r);
}

/* The reply is the caller's, and gone when it returns: the other thread reads a copy. */
static void keep_given(struct run *r, const struct call_reply *reply)
{
	r->given = *reply;
	r->given_body = xcalloc(1, reply->reply.body_len + 1);
	memcpy(r->given_body, reply->reply.body, reply->reply.body_len);
	r->given.reply.body = r->given_body;
	r->given.header = given_header;
	r->given.ctx = r;
}

void run_step(struct run *r, const struct call_reply *reply)
{
	struct connections *all = r->connection->all;

	r->state = RUN_STEPS;
	r->step_ms = now_ms(r->connection);
	if (++r->steps > STEPS_MAX) {
		run_fail(r, MLC_BROKEN, 0, "the connector goes in circles: a call of 100000 steps");
		return;
	}
	if (!reply || reply->reply.body_len <= STEP_INLINE_MAX) {
		r->step = call_step(r->call, reply, r->step_ms);
		run_digest(r);
		return;
	}
	keep_given(r, reply);
	pending_begin(all);
	loop_work(all->conf.loop, on_pool, on_stepped, r);
}
