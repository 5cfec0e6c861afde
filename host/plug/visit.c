/* visit.c - peers that call us for our requests: parked, taken in sets (set.c), given back.
 *
 * A set with a mark is stored before it leaves, and its replies, the writes' outcomes and the end of the
 * mark are one transaction. */
#include "plug/inner.h"

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVE_QUEUE_MAX   32    /* requests of one peer that wait for their turn */
#define PARKED_SHOWN_MAX  2000  /* of them a connector sees at once; the oldest */
#define POKE_EVERY_MS     25    /* a pause looks again for what may still come */
#define PAUSES_MAX        20
#define LEAVING_MS        WHEN_MINUTE_MS /* after a reload: a visit so silent is over */
#define TRANSCRIPT_MAX    (256u << 10)
#define LINE_MAX_CHARS    1000

enum served_phase { SERVED_WAITS = 1, SERVED_STEPS, SERVED_COMMITS, SERVED_ROUTES, SERVED_SETTLES,
	SERVED_PAUSES };

struct served { /* one request of a peer */
	STAILQ_ENTRY(served) next;
	struct connection *connection;
	struct inbound *in;
	enum served_phase phase;
	bool is_other_company;
	int64_t until_ms, step_ms;
	unsigned pauses;
	struct plugin *plugin;
	struct vault *vault;
	json_t *settings, *facts, *lines;
	char *hook_url;
	struct mlc_inbound inbound;
	struct mlc_visit view;
	struct run **shown; /* the runs behind view.parked */
	const struct mlc_request **parked;
	bool *alone;
	struct set *set; /* behind view.taken */
	struct call *call;
	enum mlc_step step;
	enum mlc_reply_kind kind; /* of this step */
	struct timer timer;
};

/* ---- words for people -------------------------------------------------------------------- */

static void say(struct connection *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct connection *c, const char *fmt, ...)
{
	struct visit *v = &c->visit;
	char line[LINE_MAX_CHARS];
	json_t *one;
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	log_line(LOG_INFO, c->path, "%s", line);
	if (!v->transcript || v->transcript_size > TRANSCRIPT_MAX)
		return;
	one = json_object();
	json_put_int(one, "at_ms", now_ms(c));
	json_put_text(one, "text", line);
	json_array_append_new(v->transcript, one);
	v->transcript_size += strlen(line);
}

/* What one call asks of the remote, or does there. */
static void say_order(struct buf *b, const struct run *r)
{
	if (r->op == OP_POLL)
		buf_printf(b, "what is new in %s", r->feed);
	else if (r->op == OP_FIND || r->op == OP_FETCH)
		buf_printf(b, "%s %s", r->op == OP_FIND ? "look up" : "read", r->entity);
	else if (r->op == OP_WRITE && r->write_count > 0)
		buf_printf(b, "%s %s", verb_word(r->writes[0].verb), r->entity);
	else
		buf_printf(b, "%s", op_text(r->op));
}

static void say_taken(struct connection *c, const struct set *set)
{
	struct buf b;

	buf_init(&b, LINE_MAX_CHARS);
	for (size_t i = 0; i < set->count && b.len < LINE_MAX_CHARS / 2; i++) {
		buf_printf(&b, "%s", i ? ", " : "");
		say_order(&b, set->runs[i]);
	}
	say(c, "%zu %s%s given away%s%s: %s", set->count, *set->mark ? "write" : "request",
		set->count == 1 ? "" : "s", *set->mark ? ", set " : "", set->mark, b.len ? b.data : "");
	buf_finish(&b);
}

/* What became of a call's writes, in the remote's own words where it declined. */
static void say_written(struct connection *c, const struct run *r)
{
	struct outcome o;

	run_outcome(r, &o);
	for (size_t i = 0; i < o.write_count && i < r->write_count; i++) {
		const struct call_write *w = &o.writes[i];
		const char *verb = verb_word(r->writes[i].verb);

		if (!o.failed && w->end == WRITE_END_SETTLED)
			say(c, "%s %s: done, %s", verb, r->entity, w->record.id ? w->record.id : "");
		else
			say(c, "%s %s: not done, %s", verb, r->entity,
				o.failed ? o.text ? o.text : "" : w->text ? w->text : "");
	}
}

/* ---- parked ------------------------------------------------------------------------------ */

void park(struct run *r)
{
	struct connection *c = r->connection;

	r->state = RUN_PARKED;
	TAILQ_INSERT_TAIL(&c->parked, r, in_line);
	visit_poke(c);
}

/* What it asked for is worth nothing any more.  Afresh, a write of which something has left would be written twice. */
static void begin_anew(struct run *r)
{
	if (r->op == OP_WRITE && r->left)
		run_fail(r, MLC_IN_DOUBT, 0, "what it asked next belongs to a visit or a configuration that is over");
	else
		run_afresh(r);
}

/* It was taken and did not run, or nobody knows and it may be asked again. */
static void park_again(struct run *r, bool alone)
{
	r->set = NULL;
	r->alone = r->alone || alone;
	if (r->request->this_visit) {
		begin_anew(r);
		return;
	}
	r->state = RUN_PARKED;
	TAILQ_INSERT_HEAD(&r->connection->parked, r, in_line);
}

static void loose_back(struct connection *c)
{
	struct visit *v = &c->visit;
	struct set *s = v->loose;

	if (!s)
		return;
	/* The oldest ends up first. */
	for (size_t i = s->count; i-- > 0;) {
		struct run *r = s->runs[i];

		s->runs[i] = NULL;
		if (r)
			park_again(r, false);
	}
	if (v->taken == s)
		v->taken = NULL;
	v->loose = NULL;
	set_destroy(s);
}

/* Those that a reload has overtaken, or a visit's end made worthless, begin again. */
static void refresh_parked(struct connection *c, bool visit_ended)
{
	struct run *r, *next;

	for (r = TAILQ_FIRST(&c->parked); r; r = next) {
		next = TAILQ_NEXT(r, in_line);
		if (c->gone) {
			run_fail(r, MLC_RETRY, 0, "the connection is no longer configured");
			continue;
		}
		if (r->restored)
			continue; /* it asks what it asked before the restart */
		if (r->plugin == c->plugin && r->settings == c->settings && !(visit_ended && r->request->this_visit))
			continue;
		begin_anew(r);
	}
}

/* ---- a visit ----------------------------------------------------------------------------- */

void visit_init(struct connection *c)
{
	STAILQ_INIT(&c->visit.waiting);
}

static void on_silence(void *arg);

static void listen_on(struct connection *c)
{
	struct visit *v = &c->visit;
	bool soon = v->leaving && !v->loose && !(v->open_set && v->taken == v->open_set);

	v->last_ms = now_ms(c);
	timer_set(c->all->conf.loop, &v->silence, v->last_ms +
		(soon ? LEAVING_MS : VISIT_SILENCE_MS), on_silence, c);
}

static void forget_state(struct visit *v)
{
	free(v->state);
	v->state = NULL;
	plugin_unref(v->plugin);
	v->plugin = NULL;
}

static void put_last(struct connection *c, struct txn *t)
{
	char at[24];

	snprintf(at, sizeof at, "%lld", (long long)c->last_visit_ms);
	txn_note(t, c->tenant, c->name, "visit", "last", at);
}

static void visit_end(struct connection *c, const char *why)
{
	struct visit *v = &c->visit;
	const struct connections_conf *conf = &c->all->conf;
	json_t *detail, *transcript;
	struct buf text;
	char *words;
	struct txn *t;

	if (!v->open)
		return;
	say(c, "visit over: %s", why);
	v->open = v->leaving = false;
	timer_clear(conf->loop, &v->silence);
	loose_back(c);
	v->taken = v->open_set;
	refresh_parked(c, true);
	c->last_visit_ms = now_ms(c);
	transcript = v->transcript;
	v->transcript = NULL;
	detail = json_object();
	json_put_int(detail, "since_ms", v->since_ms);
	json_put_int(detail, "until_ms", c->last_visit_ms);
	json_put_int(detail, "done", (json_int_t)v->done);
	json_put_text(detail, "end", why);
	words = json_dumps(detail, JSON_COMPACT);
	buf_init(&text, 4 * TRANSCRIPT_MAX);
	json_write(&text, transcript);
	t = txn_for(c);
	put_last(c, t);
	txn_audit(t, &(struct audit_row){ .tenant = c->tenant, .move = "visit", .who = "host",
		.connection = c->name,
		.detail = words, .payload = text.data, .payload_len = text.len });
	commit(c, t, NULL, NULL);
	free(words);
	buf_finish(&text);
	json_decref(detail);
	forget_state(v);
	conf->hooks->visit_over(conf->ctx, c, transcript);
	json_decref(transcript);
}

static void on_silence(void *arg)
{
	struct connection *c = arg;

	if (c->visit.now) /* it is not silent: we are slow */
		listen_on(c);
	else
		visit_end(c, c->visit.leaving ? "the configuration has changed"
		: "nothing was heard for 30 minutes");
}

/* How often the peer comes, when it has come like a clock for some time; 0: no telling. */
int64_t visit_cadence_ms(const struct connection *c)
{
	const int64_t *gaps = c->visit.gaps_ms;
	int64_t least = gaps[0], most = gaps[0], sum = 0;

	for (size_t i = 0; i < CADENCE_GAPS; i++) {
		least = gaps[i] < least ? gaps[i] : least;
		most = gaps[i] > most ? gaps[i] : most;
		sum += gaps[i];
	}
	return least > 0 && most - least <= least / 4 ? sum / CADENCE_GAPS : 0;
}

static void note_gap(struct visit *v, int64_t now)
{
	memmove(v->gaps_ms + 1, v->gaps_ms, sizeof v->gaps_ms - sizeof *v->gaps_ms);
	v->gaps_ms[0] = v->since_ms ? now - v->since_ms : 0;
}

static void visit_begin(struct connection *c)
{
	struct visit *v = &c->visit;
	const struct connections_conf *conf = &c->all->conf;
	struct plugin *plugin = v->plugin;
	void *state = v->state;
	struct run *r, *next;
	struct txn *t;

	/* What the log-in has put into the state is the new visit's. */
	v->plugin = NULL;
	v->state = NULL;
	visit_end(c, "the same peer has logged in anew");
	v->plugin = plugin;
	v->state = state;
	v->open = true;
	v->leaving = plugin != c->plugin;
	note_gap(v, now_ms(c));
	v->since_ms = c->last_visit_ms = now_ms(c);
	v->done = 0;
	v->transcript = json_array();
	v->transcript_size = 0;
	v->taken = v->open_set;
	say(c, "visit opens");
	t = txn_for(c);
	put_last(c, t);
	commit(c, t, NULL, NULL);
	if (v->leaving)
		return;
	conf->hooks->visit_opens(conf->ctx, c);
	for (r = TAILQ_FIRST(&c->runs); r; r = next) {
		next = TAILQ_NEXT(r, in_all);
		if (r->state == RUN_WAITS)
			run_start(r);
	}
}

void visit_reload(struct connection *c)
{
	struct visit *v = &c->visit;

	if (v->open) {
		say(c, "the configuration has changed: this visit ends with what it has taken");
		v->leaving = true;
		listen_on(c);
	}
}

/* ---- what a connector sees --------------------------------------------------------------- */

static bool may_be_given(const struct connection *c, const struct run *r)
{
	return !c->hold_cause && (!c->proving || r->proof);
}

static size_t coming(const struct connection *c)
{
	const struct connections_conf *conf = &c->all->conf;
	const struct run *r;
	size_t n = 0;

	if (c->visit.leaving || c->gone || c->hold_cause)
		return 0;
	TAILQ_FOREACH(r, &c->runs, in_all)
		if (!c->proving || r->proof)
			n += r->state == RUN_WAITS || r->state == RUN_STEPS || r->state == RUN_COMMITS ||
				r->state == RUN_PAUSED || (r->state == RUN_ENDS && !r->set);
	return n + conf->hooks->coming(conf->ctx, c);
}

static void view_clear(struct served *s)
{
	free(s->shown);
	free(s->parked);
	free(s->alone);
	s->shown = NULL;
	s->parked = NULL;
	s->alone = NULL;
}

static void view_fill(struct served *s)
{
	struct connection *c = s->connection;
	struct visit *v = &c->visit;
	struct mlc_visit *view = &s->view;
	size_t n = 0, most = c->run_count < PARKED_SHOWN_MAX ? c->run_count : PARKED_SHOWN_MAX,
		out = 0, out_marked = 0;
	struct run *r;

	view_clear(s);
	s->shown = xcalloc(most, sizeof *s->shown);
	s->parked = xcalloc(most, sizeof *s->parked);
	s->alone = xcalloc(most, sizeof *s->alone);
	if (!v->leaving && !s->is_other_company)
		TAILQ_FOREACH(r, &c->parked, in_line) {
			if (n == most)
				break;
			if (!may_be_given(c, r))
				continue;
			s->shown[n] = r;
			s->parked[n] = r->request;
			s->alone[n++] = r->alone;
		}
	s->set = v->taken;
	/* Taken without a mark and not answered: a log-in that comes now brings them back. */
	for (size_t i = 0; v->loose && !v->leaving && !c->hold_cause && i < v->loose->count; i++)
		out += v->loose->runs[i] != NULL;
	*view = (struct mlc_visit){ .parked = s->parked, .parked_count = n, .alone = s->alone,
		.coming = coming(c) + out,
		.done = v->done, .open_mark = v->open_set ? v->open_set->mark : NULL,
		.open_asked = v->open_set ? v->open_set->asked : 0,
		.taken = s->set ? s->set->requests : NULL,
		.taken_count = s->set ? s->set->count : 0,
		.last_mark = *v->last_mark ? v->last_mark : NULL, .ends = v->leaving || c->gone };
	for (size_t i = 0; v->open_set && i < v->open_set->count; i++)
		out_marked += v->open_set->runs[i] != NULL;
	view->total = v->done + n + out_marked + view->coming;
}

/* ---- the end of a request ---------------------------------------------------------------- */

static void serve_next(struct connection *c);

static void served_free(struct served *s)
{
	timer_clear(s->connection->all->conf.loop, &s->timer);
	call_destroy(s->call);
	view_clear(s);
	plugin_unref(s->plugin);
	vault_unref(s->vault);
	json_decref(s->settings);
	json_decref(s->facts);
	json_decref(s->lines);
	free(s->hook_url);
	free(s);
}

static void served_over(struct served *s)
{
	struct connection *c = s->connection;

	c->visit.now = NULL;
	served_free(s);
	if (c->visit.open)
		listen_on(c);
	refresh_parked(c, false);
	serve_next(c);
}

static void serve_refuse(struct served *s, int status, const char *why)
{
	log_line(LOG_WARN, s->connection->path, "a request of its peer is refused: %s", why);
	inbound_answer_error(s->in, status, why);
	served_over(s);
}

/* The connector broke the contract of struct mlc_visit: nothing leaves. */
static void breach(struct served *s, const char *what)
{
	char *why = xformat("connector %s: serve: %s", plugin_connector(s->plugin)->name, what);

	say(s->connection, "%s", why);
	serve_refuse(s, 500, why);
	free(why);
}

static void serve_answer(struct served *s, const struct mlc_answer *a)
{
	struct connection *c = s->connection;
	bool leaves = s->view.turn == MLC_LEAVES;

	answer_inbound(s->in, a, s->step == MLC_FAIL);
	if (leaves)
		visit_end(c, "the peer said good-bye");
	served_over(s);
}

/* ---- taking ------------------------------------------------------------------------------ */

static void untake(struct set *s)
{
	for (size_t i = s->count; i-- > 0;) {
		struct run *r = s->runs[i];

		s->runs[i] = NULL;
		if (r)
			park_again(r, false);
	}
}

static void answer_set(struct served *s, const struct set *set)
{
	serve_answer(s, &(struct mlc_answer){ .status = 200, .type = set->answer_type,
		.body = set->answer,
		.body_len = set->answer_len });
}

static void on_set_stored(void *arg, const struct txn_result *result)
{
	struct served *s = arg;
	struct connection *c;
	struct visit *v;
	struct set *set;

	if (!result)
		return;
	c = s->connection;
	v = &c->visit;
	set = v->open_set;
	if (result->code == 0) {
		for (size_t i = 0; i < set->count; i++)
			if (set->runs[i]) {
				set->runs[i]->left_before = set->runs[i]->left && (set->asked == 0 || set->runs[i]->left_before);
				set->runs[i]->left = true;
			}
		answer_set(s, set);
		return;
	}
	log_line(LOG_ERROR, c->path, "set %s is not given away: it cannot be stored: %s", set->mark,
		result->text);
	if (set->asked == 0) { /* it has never left */
		untake(set);
		v->open_set = v->taken = NULL;
		set_destroy(set);
	}
	serve_refuse(s, 503, "the store is not writable");
}

/* The writes of a marked set leave with this answer: all of it is on disk first. */
static void take_marked(struct served *s, struct set *set)
{
	struct connection *c = s->connection;
	const struct connections_conf *conf = &c->all->conf;
	struct txn *t = txn_for(c);

	set_seal(set, call_inside(s->call)->answer);
	c->visit.open_set = c->visit.taken = set;
	set_put(c, t, set);
	for (size_t i = 0; i < set->count; i++) {
		set->runs[i]->marked = true;
		conf->hooks->mark(conf->ctx, t, c, set->runs[i]->write_ids,
			set->runs[i]->write_count, set->mark);
	}
	say_taken(c, set);
	s->phase = SERVED_COMMITS;
	commit(c, t, on_set_stored, s);
}

static void give_again(struct served *s)
{
	struct connection *c = s->connection;
	struct set *set = c->visit.open_set;
	struct txn *t = txn_for(c);

	loose_back(c);
	set->asked++;
	c->visit.taken = set;
	set_put(c, t, set);
	say(c, "set %s is given again, the same bytes, time %u", set->mark, set->asked);
	s->phase = SERVED_COMMITS;
	commit(c, t, on_set_stored, s);
}

/* Why these may not be taken; NULL: they may. */
static const char *taking_flaw(const struct served *s)
{
	const struct mlc_visit *view = &s->view;
	const struct visit *v = &s->connection->visit;

	if (s->is_other_company)
		return "requests were taken for another company";
	if (view->took_count > view->parked_count)
		return "it took more than there is";
	if (!v->open)
		return "requests were taken, but no visit is open";
	if (view->mark && (!*view->mark || strlen(view->mark) >= MARK_SIZE))
		return "a mark must have 1 to 20 characters";
	if (view->mark && v->open_set)
		return "a marked set was to leave while the one before is open";
	for (size_t i = 0; i < view->took_count; i++) {
		size_t at = view->took[i];

		if (at >= view->parked_count)
			return "it took a request that is not parked";
		if (s->shown[at]->state != RUN_PARKED)
			return "it took a request that ended with the visit before";
		for (size_t k = 0; k < i; k++)
			if (view->took[k] == at)
				return "it took a request twice";
		if (view->mark && s->shown[at]->op != OP_WRITE)
			return "a marked set holds a request that is no write";
		if (!view->mark && !s->shown[at]->request->repeatable)
			return "a request that must not be repeated was taken without a mark";
	}
	return NULL;
}

static void take(struct served *s)
{
	struct connection *c = s->connection;
	struct visit *v = &c->visit;
	const char *flaw = taking_flaw(s);
	struct set *set;

	if (flaw) {
		breach(s, flaw);
		return;
	}
	set = set_create(s->view.took_count);
	if (s->view.mark)
		snprintf(set->mark, sizeof set->mark, "%s", s->view.mark);
	for (size_t i = 0; i < s->view.took_count; i++)
		if (!set_add(set, s->shown[s->view.took[i]])) {
			set->count = 0;
			set_destroy(set);
			breach(s, "the set is over the ceiling of 64 MB");
			return;
		}
	/* What was taken before and has no answer comes after what is taken now. */
	loose_back(c);
	for (size_t i = 0; i < set->count; i++) {
		struct run *r = set->runs[i];

		TAILQ_REMOVE(&c->parked, r, in_line);
		r->state = RUN_TAKEN;
		r->set = set;
	}
	if (s->view.mark) {
		take_marked(s, set);
		return;
	}
	v->loose = v->taken = set;
	say_taken(c, set);
	serve_answer(s, call_inside(s->call)->answer);
}

/* ---- replies ----------------------------------------------------------------------------- */

static void serve_on(struct served *s);

static void add_exchange(struct run *r, const struct serve_event *e)
{
	struct connection *c = r->connection;

	c->exchanges++;
	exchanges_add(&r->exchanges, &(struct exchange_input){ .request = r->request,
		.status = e->word == SERVE_GAVE ? (e->status ? e->status : 200) : 0,
		.body = e->body, .body_len = e->body_len, .why = "the peer cannot tell",
		.vault = r->vault, .at_ms = now_ms(c) });
}

static void give_reply(struct run *r, const struct serve_event *e)
{
	struct call_reply reply = { .reply = { .kind = e->word == SERVE_GAVE ? MLC_REPLY_HERE
		: MLC_REPLY_LOST,
		.status = e->status, .body = e->body, .body_len = e->body_len } };

	if (!r->started)
		run_begin(r); /* of before a restart */
	add_exchange(r, e);
	run_step(r, &reply);
}

static void on_set_settled(void *arg, const struct txn_result *result);

static void set_commit(void *arg)
{
	struct connection *c = arg;
	struct set *set = c->visit.open_set;
	struct txn *t = txn_for(c);

	for (size_t i = 0; i < set->count; i++)
		if (set->runs[i])
			run_settle(set->runs[i], t);
	txn_set_clear(t, c->tenant, c->name, set->mark);
	commit(c, t, on_set_settled, c);
}

static bool set_thin(struct set *set)
{
	bool some = false;

	for (size_t i = 0; i < set->count; i++)
		some = (set->runs[i] && run_thin(set->runs[i])) || some;
	return some;
}

static void on_set_settled(void *arg, const struct txn_result *result)
{
	struct connection *c = arg;
	struct visit *v = &c->visit;
	struct set *set;

	if (!result)
		return;
	set = v->open_set;
	if (result->too_large && set_thin(set)) {
		log_line(LOG_WARN, c->path, "what came back of set %s is too long to be kept, and is noted by id only: %s", set->mark,
			result->text);
		set_commit(c);
		return;
	}
	if (result->code < 0) {
		/* What the remote did must not be forgotten: until the disk takes it, we ask
		 * again. */
		v->stuck = true;
		log_line(LOG_ERROR, c->path,
			"the outcome of set %s cannot be written down, trying again: %s", set->mark,
			result->text);
		timer_set(c->all->conf.loop, &v->settle_timer, now_ms(c) + settle_wait_ms(v->settle_tries++),
			set_commit, c);
		if (v->now && v->now->phase == SERVED_SETTLES)
			serve_refuse(v->now, 503, "the store is not writable");
		return;
	}
	v->stuck = false;
	v->settle_tries = 0;
	v->open_set = NULL;
	if (v->taken == set)
		v->taken = NULL;
	memcpy(v->last_mark, set->mark, sizeof v->last_mark);
	for (size_t i = 0; i < set->count; i++)
		if (set->runs[i])
			say_written(c, set->runs[i]);
	if (result->accepted_count > 0 || result->touched_count > 0)
		c->all->conf.hooks->emitted(c->all->conf.ctx, c, result);
	for (size_t i = 0; i < set->count; i++) {
		struct run *r = set->runs[i];

		set->runs[i] = NULL;
		if (r)
			run_over(r);
	}
	set_destroy(set);
	if (v->now && v->now->phase == SERVED_SETTLES)
		serve_on(v->now);
	else
		serve_next(c);
}

static void set_answered(struct connection *c, struct set *set)
{
	if (--set->waiting == 0)
		set_commit(c);
}

void set_run_ended(struct run *r)
{
	struct set *set = r->set;

	if (r->state != RUN_ENDS) { /* it asks for more, which is no part of this set */
		for (size_t i = 0; i < set->count; i++)
			if (set->runs[i] == r)
				set->runs[i] = NULL;
		r->set = NULL;
	}
	set_answered(r->connection, set);
}

/* A marked set is answered as a whole; of what the connector says nothing, nobody can tell. */
static void route_marked(struct served *s, struct set *set, const struct serve_event *events,
	size_t count)
{
	struct connection *c = s->connection;
	static const struct serve_event silent = { .word = SERVE_LOST, .body = "" };

	set->settling = true;
	set->waiting = 1; /* until all of them have been told */
	for (size_t i = 0; i < set->count; i++) {
		const struct serve_event *e = &silent;
		struct run *r = set->runs[i];

		for (size_t k = 0; k < count; k++)
			if (events[k].i == i)
				e = &events[k];
		if (!r)
			continue;
		if (e->word == SERVE_BACK) {
			set->runs[i] = NULL;
			r->left = r->left_before; /* it did not run */
			park_again(r, e->alone);
			continue;
		}
		c->visit.done++;
		set->waiting++;
		give_reply(r, e);
	}
	set_answered(c, set);
}

/* Reads, too, are answered as a whole; what is not spoken of is parked again. */
static void route_loose(struct served *s, struct set *set, const struct serve_event *events,
	size_t count)
{
	for (size_t k = 0; k < count; k++) {
		struct run *r = set->runs[events[k].i];

		if (!r)
			continue;
		set->runs[events[k].i] = NULL;
		if (events[k].word == SERVE_GAVE) {
			r->set = NULL;
			s->connection->visit.done++;
			give_reply(r, &events[k]);
		} else {
			add_exchange(r, &events[k]);
			/* It may be repeated, or it would not be here. */
			park_again(r, events[k].alone);
		}
	}
	s->set = NULL;
	loose_back(s->connection);
}

static void serve_route(struct served *s)
{
	struct connection *c = s->connection;
	const struct serve_event *events;
	size_t count = call_serve_events(s->call, &events);
	struct set *set = s->set;

	s->phase = SERVED_ROUTES;
	if (count > 0 && set == c->visit.open_set) {
		say(c, "%zu answer%s", count, count == 1 ? "" : "s");
		route_marked(s, set, events, count);
	} else if (count > 0) {
		say(c, "%zu answer%s", count, count == 1 ? "" : "s");
		route_loose(s, set, events, count);
	}
	serve_on(s);
}

/* ---- one request of a peer --------------------------------------------------------------- */

static void serve_finish(struct served *s)
{
	struct connection *c = s->connection;
	struct visit *v = &c->visit;
	const char *why;

	if (s->step == MLC_FAIL) {
		enum mlc_fault fault = call_fault(s->call, NULL, &why);

		say(c, "%s", why);
		c->failures++;
		snprintf(c->last_failure, sizeof c->last_failure, "serve: %s", why);
		if (fault == MLC_AUTH)
			connection_hold(c, "auth", why, 0);
		if (s->view.turn != MLC_LEAVES)
			s->view.turn = MLC_STAYS;
		serve_answer(s, call_inside(s->call)->answer);
		return;
	}
	if (s->view.turn == MLC_OPENS)
		visit_begin(c);
	if (s->view.mark && v->open_set && !strcmp(s->view.mark, v->open_set->mark) &&
		s->view.took_count == 0 && !s->is_other_company)
		give_again(s);
	else if (s->view.took_count > 0)
		take(s);
	else if (s->view.mark)
		breach(s, "a mark without requests");
	else
		serve_answer(s, call_inside(s->call)->answer);
}

static void serve_step(struct served *s, enum mlc_reply_kind kind);

static void on_look_again(void *arg)
{
	serve_on(arg);
}

/* All of the step's events are on disk, or there were none. */
static void serve_on(struct served *s)
{
	struct connection *c = s->connection;
	uint32_t pause = call_inside(s->call)->pause_ms;
	int64_t now = now_ms(c);

	if (c->visit.open_set && c->visit.open_set->settling) {
		s->phase = SERVED_SETTLES;
		return;
	}
	if (s->step != MLC_PAUSE) {
		serve_finish(s);
		return;
	}
	s->phase = SERVED_PAUSES;
	if (coming(c) > 0 && now < s->until_ms && !(pause && now >= s->step_ms + pause)) {
		bool ends_first = pause && pause < POKE_EVERY_MS + (now - s->step_ms);

		timer_set(c->all->conf.loop, &s->timer, ends_first ? s->step_ms + pause : now + POKE_EVERY_MS, on_look_again, s);
		return;
	}
	timer_clear(c->all->conf.loop, &s->timer);
	if (++s->pauses > PAUSES_MAX) {
		breach(s, "it pauses again and again, and nothing is coming");
		return;
	}
	serve_step(s, MLC_REPLY_PAUSED);
}

void visit_poke(struct connection *c)
{
	struct served *s = c->visit.now;

	if (s && s->phase == SERVED_PAUSES && coming(c) == 0)
		timer_set(c->all->conf.loop, &s->timer, now_ms(c), on_look_again, s);
}

/* The peer has proven who it is and which company it is for: what was held for the want of that, is
 * not. */
static bool proof_frees(const struct served *s)
{
	const char *cause = s->connection->hold_cause;

	return cause && (!strcmp(cause, "identity") || !strcmp(cause, "auth")) &&
		s->step != MLC_FAIL && json_object_get(call_facts(s->call), "identity");
}

static void on_told(void *arg, const struct txn_result *result)
{
	struct served *s = arg;
	struct connection *c;

	if (!result)
		return;
	c = s->connection;
	if (result->code < 0) {
		/* Nothing that hangs on these facts may be said; what was given back is asked
		 * again. */
		log_line(LOG_ERROR, c->path, "what its peer told cannot be stored: %s",
			result->text);
		serve_refuse(s, 503, "the store is not writable");
		return;
	}
	facts_learn(c, call_facts(s->call));
	if (proof_frees(s))
		connection_hold(c, NULL, NULL, 0); /* the right company is back */
	json_decref(s->facts);
	s->facts = json_incref(c->facts); /* what the connection knows may change while we step */
	call_inside(s->call)->facts = s->facts;
	secrets_learned(c);
	serve_route(s);
}

static bool conflicts(struct served *s, char *why, size_t size)
{
	const char *name;
	json_t *text;

	json_object_foreach((json_t *)call_facts(s->call), name, text)
		if (facts_conflict(s->connection->facts, s->settings, name, json_string_value(text),
			why, size))
			return true;
	return false;
}

static void serve_digest(struct served *s)
{
	struct connection *c = s->connection;
	const struct call_kept *kept;
	size_t kept_count = call_kept(s->call, &kept), i;
	char why[400];
	struct txn *t;
	json_t *line;

	json_array_foreach(s->lines, i, line)
		say(c, "%s", json_string_value(line));
	json_array_clear(s->lines);
	if (conflicts(s, why, sizeof why)) {
		s->is_other_company = true;
		say(c, "%s", why);
		connection_hold(c, "identity", why, 0);
		serve_route(s);
		return;
	}
	t = txn_for(c);
	for (i = 0; i < kept_count; i++) {
		struct secret *secret = secret_create(kept[i].secret, strlen(kept[i].secret));

		txn_secret(t, c->tenant, c->name, kept[i].name, secret);
		secret_destroy(secret);
	}
	bool some = facts_note(c, t, call_facts(s->call));
	if (!some && !kept_count && !proof_frees(s)) {
		txn_abandon(t);
		serve_route(s);
		return;
	}
	s->phase = SERVED_COMMITS;
	commit(c, t, on_told, s);
}

static const char *served_header(void *ctx, const char *name)
{
	return inbound_header(((struct served *)ctx)->in, name);
}

static void on_pool(void *arg)
{
	struct served *s = arg;
	struct call_reply given = { .reply = { .kind = s->kind, .body = "" },
		.header = served_header, .ctx = s };

	s->step = call_step(s->call, &given, s->step_ms);
}

static void on_stepped(void *arg)
{
	struct served *s = arg;

	if (!pending_end(s->connection->all))
		return;
	s->connection->visit.on_pool = false;
	serve_digest(s);
}

static void serve_step(struct served *s, enum mlc_reply_kind kind)
{
	struct connection *c = s->connection;

	view_fill(s);
	s->phase = SERVED_STEPS;
	s->kind = kind;
	s->step_ms = now_ms(c);
	if (s->inbound.body_len <= STEP_INLINE_MAX || kind == MLC_REPLY_PAUSED) {
		on_pool(s);
		serve_digest(s);
		return;
	}
	c->visit.on_pool = true;
	pending_begin(c->all);
	loop_work(c->all->conf.loop, on_pool, on_stepped, s);
}

static bool site_secret_is(void *ctx, const char *name, const char *text)
{
	return vault_is(((struct served *)ctx)->vault, name, text, false);
}

static void site_log(void *ctx, enum mlc_level level, const char *text)
{
	struct served *s = ctx;

	if (level == MLC_DEBUG)
		log_line(LOG_DEBUG, s->connection->path, "%s", text);
	else
		json_array_append_new(s->lines, json_string(text)); /* said on the loop's thread */
}

static bool site_fact(void *ctx, const char *name, const char *text)
{
	struct served *s = ctx;
	char why[400];

	return !facts_conflict(s->facts, s->settings, name, text, why, sizeof why);
}

static void on_secrets(void *arg)
{
	struct served *s = arg;
	struct connection *c = s->connection;
	struct visit *v = &c->visit;

	if (!v->open)
		forget_state(v); /* between visits each request stands for itself */
	if (!v->plugin) {
		v->plugin = plugin_ref(c->plugin);
		v->state = xcalloc(1, connection_connector(c)->state_size);
	}
	s->plugin = plugin_ref(v->plugin);
	s->vault = vault_ref(c->vault);
	s->settings = json_incref(c->settings); /* a reload replaces what the connection holds */
	s->facts = json_incref(c->facts);       /* so does a fact that is told */
	s->lines = json_array();
	s->hook_url = hook_url(c, "serve");
	s->inbound = (struct mlc_inbound){ .method = inbound_method(s->in),
		.path = inbound_path(s->in),
		.query = inbound_query(s->in) };
	s->inbound.body = inbound_body(s->in, &s->inbound.body_len);
	s->until_ms = now_ms(c) + SERVE_WAIT_MS;
	struct call_site site = { .connector = plugin_connector(s->plugin), .connection = c->path,
		.settings = s->settings,
		.token = c->token_told, .facts = s->facts, .ctx = s, .secret_is = site_secret_is,
		.log = site_log, .fact = site_fact };
	struct call_input in = { .op = OP_SERVE, .hook_url = s->hook_url, .inbound = &s->inbound,
		.visit = &s->view,
		.state = v->state, .now_ms = now_ms(c) };
	s->call = call_create(&site, &in);
	serve_step(s, MLC_REPLY_NONE);
}

static void serve_next(struct connection *c)
{
	struct visit *v = &c->visit;
	struct served *s;

	while (!v->now && (s = STAILQ_FIRST(&v->waiting)) != NULL && !c->all->dead) {
		STAILQ_REMOVE_HEAD(&v->waiting, next);
		v->waiting_count--;
		v->now = s;
		if (v->stuck) {
			/* The last set's outcome is not on disk yet: what is told now might
			 * contradict it. */
			serve_refuse(s, 503, "the store is not writable");
			return;
		}
		s->phase = SERVED_WAITS;
		secrets_need(c, on_secrets, s);
	}
}

void connection_serve(struct connection *c, struct inbound *in)
{
	struct visit *v = &c->visit;
	struct served *s;

	if (c->gone || !c->peer_calls) {
		inbound_answer_error(in, 404, "nobody is served here");
		return;
	}
	if (v->waiting_count >= SERVE_QUEUE_MAX) {
		inbound_answer_error(in, 503, "too many requests of this peer are waiting");
		return;
	}
	s = xcalloc(1, sizeof *s);
	s->connection = c;
	s->in = in;
	s->phase = SERVED_WAITS;
	STAILQ_INSERT_TAIL(&v->waiting, s, next);
	v->waiting_count++;
	serve_next(c);
}

/* ---- the end ----------------------------------------------------------------------------- */

void visit_silence(struct connection *c)
{
	struct served *s;

	STAILQ_FOREACH(s, &c->visit.waiting, next)
		inbound_answer_error(s->in, 503, "the host is stopping");
	if (c->visit.now && !c->visit.on_pool)
		inbound_answer_error(c->visit.now->in, 503, "the host is stopping");
}

void visit_finish(struct connection *c)
{
	struct visit *v = &c->visit;
	struct served *s;

	timer_clear(c->all->conf.loop, &v->silence);
	timer_clear(c->all->conf.loop, &v->settle_timer);
	while ((s = STAILQ_FIRST(&v->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&v->waiting, next);
		served_free(s);
	}
	if (v->now)
		served_free(v->now);
	set_destroy(v->loose);
	set_destroy(v->open_set);
	forget_state(v);
	json_decref(v->transcript);
}
