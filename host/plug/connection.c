/* connection.c - logins of tenants to systems: what they are, know, are held for; reload,
 * recovery. */
#include "plug/connection.h"

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"
#include "plug/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_MINUTE_MAX 1000000 /* more is no pace, but a slip */
#define RUNS_MAX       20000   /* calls of one connection under way: what asks for more has lost its way */

/* ---- what all of us need ------------------------------------------------------------------- */

int64_t now_ms(const struct connection *c)
{
	return loop_now_ms(c->all->conf.loop);
}

struct txn *txn_for(struct connection *c)
{
	return txn_begin(c->all->conf.store);
}

static void all_free(struct connections *);

void pending_begin(struct connections *all)
{
	all->pending++;
}

bool pending_end(struct connections *all)
{
	all->pending--;
	if (!all->dead)
		return true;
	if (all->pending == 0)
		all_free(all);
	return false;
}

struct committing {
	struct connections *all;
	txn_fn *done;
	void *arg;
};

static void on_committed(void *arg, const struct txn_result *r)
{
	struct committing *w = arg;

	if (!pending_end(w->all))
		r = NULL;
	if (w->done)
		w->done(w->arg, r);
	free(w);
}

void commit(struct connection *c, struct txn *t, txn_fn *done, void *arg)
{
	struct committing *w = xcalloc(1, sizeof *w);

	*w = (struct committing){ c->all, done, arg };
	pending_begin(c->all);
	txn_commit(t, on_committed, w);
}

void connection_log(struct connection *c, enum mlc_level level, const char *text)
{
	static const enum log_level levels[] = { [MLC_DEBUG] = LOG_DEBUG, [MLC_INFO] = LOG_INFO,
		[MLC_WARN] = LOG_WARN };

	log_line(levels[level], c->path, "%s", text);
}

/* ---- what a changed secret means ---------------------------------------------------------- */

bool connection_uses_app(const struct connection *c, const struct connection *app)
{
	const char *name = json_text_at(c->settings, "app");

	return c->app && name && !strcmp(name, app->name);
}

void connection_secret_changed(struct connection *c)
{
	for (size_t i = 0; c->is_app && i < c->all->count; i++)
		if (connection_uses_app(c->all->list[i], c))
			connection_secret_changed(c->all->list[i]);
	secrets_learned(c);
	/* Somebody has done something about it; if it was not enough, the next call holds it again.  What a person
	 * has to grant is granted by no secret. */
	token_mended(c);
	if (c->hold_cause && !strcmp(c->hold_cause, "auth") && token_granted(c))
		connection_hold(c, NULL, NULL, 0);
	token_apply(c);
}

/* ---- facts ------------------------------------------------------------------------------- */

const char *facts_conflict(const json_t *facts, const json_t *settings, const char *name,
	const char *text, char *why, size_t size)
{
	const char *was = json_text_at(facts, "identity"), *wanted = json_text_at(settings, name);

	if (!strcmp(name, "identity") && was && strcmp(was, text) != 0)
		snprintf(why, size,
			"the remote is another company than last time: its identity was '%.100s' and is "
			"now '%.100s'; nothing is read or written until the right one answers, or this one "
			"is accepted: mlc resume TENANT/CONNECTION", was,
			text);
	else if ((!strcmp(name, "identity") || !strcmp(name, "company")) && !was && wanted &&
		strcmp(wanted, text) != 0)
		snprintf(why, size,
			"the remote is not the company that its settings name: %s is '%.100s' there and "
			"'%.100s' here; nothing is read or written", name, text, wanted);
	else
		return NULL;
	return why;
}

bool facts_note(struct connection *c, struct txn *t, const json_t *told)
{
	bool some = false;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)told, name, value) {
		const char *text = json_string_value(value), *was = json_text_at(c->facts, name);

		if (was && !strcmp(was, text))
			continue;
		txn_note(t, c->tenant, c->name, "fact", name, text);
		some = true;
	}
	return some;
}

/* What its account may be asked, where it tells (a plan of its own); else what its connector knows. */
static void pace_follow(struct connection *c)
{
	const char *told = json_text_at(c->facts, "requests_per_minute");
	unsigned long many = told ? strtoul(told, NULL, 10) : 0;

	c->pace.per_minute = many > 0 && many <= PER_MINUTE_MAX ? (uint32_t)many : connection_connector(c)->per_minute;
}

void facts_learn(struct connection *c, const json_t *told)
{
	/* Calls under way keep what they began with. */
	json_t *facts = json_copy(c->facts);

	json_object_update(facts, (json_t *)told);
	json_decref(c->facts);
	c->facts = facts;
	pace_follow(c);
	c->all->conf.hooks->told(c->all->conf.ctx, c);
	lease_told(c);
}

/* ---- holds ------------------------------------------------------------------------------- */

static void on_hold_over(void *arg)
{
	connection_hold(arg, NULL, NULL, 0);
}

static void hold_put(struct connection *c, const char *cause, const char *why, int64_t until_ms)
{
	free(c->hold_cause);
	free(c->hold_why);
	c->hold_cause = cause ? xstrdup(cause) : NULL;
	c->hold_why = cause ? xstrdup(why ? why : cause) : NULL;
	c->hold_until_ms = cause ? until_ms : 0;
	timer_clear(c->all->conf.loop, &c->hold_timer);
	if (cause && until_ms > 0)
		timer_set(c->all->conf.loop, &c->hold_timer, until_ms, on_hold_over, c);
}

/* What a hold is about: the log-in or the line, which company answers there, what is in its books. */
enum at_stake { STAKE_LINE, STAKE_COMPANY, STAKE_BOOKS };

static enum at_stake stake_of(const char *cause)
{
	if (!strcmp(cause, "went_back") || !strcmp(cause, "open_set"))
		return STAKE_BOOKS;
	return strcmp(cause, "identity") ? STAKE_LINE : STAKE_COMPANY;
}

/* Does a hold that is there outweigh one that is asked for? */
static bool outweighs(const struct connection *c, const char *cause, int64_t until_ms)
{
	if (!c->hold_cause || !cause || c->hold_until_ms > 0)
		return false;
	return until_ms > 0 || stake_of(c->hold_cause) > stake_of(cause);
}

static void hold_note(void *arg);

/* A hold that a restart would not know of would let go what it must not: until the disk takes it, we ask again. */
static void on_hold_noted(void *arg, const struct txn_result *r)
{
	struct connection *c = arg;

	if (!r)
		return;
	timer_clear(c->all->conf.loop, &c->note_timer);
	if (r->code == 0) {
		c->note_tries = 0;
		return;
	}
	log_line(LOG_ERROR, c->path, "that it is %s cannot be written down, trying again: %s", c->hold_cause ? "held" : "free again", r->text);
	timer_set(c->all->conf.loop, &c->note_timer, now_ms(c) + settle_wait_ms(c->note_tries++), hold_note, c);
}

/* As it stands now: of several changes the last one counts. */
static void hold_note(void *arg)
{
	struct connection *c = arg;
	struct txn *t = txn_for(c);
	char *value = NULL;

	if (c->hold_cause) {
		json_t *o = json_object();

		json_put_text(o, "cause", c->hold_cause);
		json_put_text(o, "why", c->hold_why);
		json_put_int(o, "until_ms", c->hold_until_ms);
		value = json_dumps(o, JSON_COMPACT);
		json_decref(o);
	}
	txn_note(t, c->tenant, c->name, "hold", "hold", value);
	txn_audit(t, &(struct audit_row){ .tenant = c->tenant, .move = value ? "hold" : "release", .who = "host",
		.connection = c->name, .detail = value });
	commit(c, t, on_hold_noted, c);
	free(value);
}

void connection_hold(struct connection *c, const char *cause, const char *why, int64_t until_ms)
{
	if (c->gone || outweighs(c, cause, until_ms) || (!cause && !c->hold_cause))
		return;
	if (cause && c->hold_cause && !strcmp(cause, c->hold_cause) &&
		until_ms == c->hold_until_ms && !strcmp(why ? why : cause, c->hold_why))
		return;
	hold_put(c, cause, why, until_ms);
	if (cause)
		log_line(LOG_WARN, c->path, "held: %s", c->hold_why);
	else
		log_line(LOG_INFO, c->path, "free again");
	hold_note(c);
	if (cause && !strcmp(cause, "auth") && token_auth(c) && token_auth(c)->kind == MLC_AUTH_OAUTH_CODE)
		grant_offer(c); /* who hears of it is to know where to go */
	else
		c->all->conf.hooks->held(c->all->conf.ctx, c);
	if (!cause) {
		carry_next(c);
		lease_apply(c);
	}
}

void connection_works(struct connection *c)
{
	if (c->hold_cause && stake_of(c->hold_cause) != STAKE_BOOKS)
		connection_hold(c, NULL, NULL, 0);
}

const char *connection_held(const struct connection *c, const char **cause, int64_t *until_ms)
{
	if (cause)
		*cause = c->hold_cause;
	if (until_ms)
		*until_ms = c->hold_until_ms;
	return c->hold_why;
}

void connection_prove(struct connection *c, bool on)
{
	c->proving = on;
	if (!on)
		visit_poke(c);
}

void connection_resume(struct connection *c)
{
	json_t *facts;
	struct txn *t;

	if (c->hold_cause && !strcmp(c->hold_cause, "identity")) {
		facts = json_copy(c->facts); /* calls under way keep what they began with */
		json_object_del(facts, "identity");
		json_decref(c->facts);
		c->facts = facts;
		t = txn_for(c);
		txn_note(t, c->tenant, c->name, "fact", "identity", NULL);
		commit(c, t, NULL, NULL);
	}
	token_mended(c);
	connection_hold(c, NULL, NULL, 0);
	token_apply(c);
}

bool may_go(const struct connection *c, const struct run *r, const char **why, uint32_t *after_ms)
{
	int64_t left = c->hold_until_ms ? c->hold_until_ms - now_ms(c) : 60000;

	/* A ping is how a person finds out whether it works again. */
	if (!c->hold_cause || (c->gone && r->ours) || r->op == OP_PING || r->op == OP_DISCOVER || r->op == OP_INVITE)
		return true;
	*why = c->hold_why;
	*after_ms = left > 0 ? (uint32_t)(left > WHEN_DAY_MS ? WHEN_DAY_MS : left) : 1000;
	return false;
}

/* ---- settings ---------------------------------------------------------------------------- */

static void complain(json_t *errors, const char *path, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void complain(json_t *errors, const char *path, const char *hint, const char *fmt, ...)
{
	json_t *one = json_object();
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	json_put_text(one, "path", path);
	json_put_text(one, "text", text);
	if (hint)
		json_put_text(one, "hint", hint);
	json_array_append_new(errors, one);
}

static bool fits_type(enum mlc_type type, const json_t *v)
{
	int64_t ms;

	switch (type) {
	case MLC_TEXT:
	case MLC_DECIMAL:
		return json_is_string(v);
	case MLC_INTEGER:
		return json_is_integer(v);
	case MLC_BOOL:
		return json_is_boolean(v);
	case MLC_DATE:
		return json_is_string(v) && when_is_day(json_string_value(v));
	case MLC_INSTANT:
		return json_is_string(v) && when_parse(json_string_value(v), &ms);
	case MLC_REF:
	case MLC_OBJECT:
		return json_is_object(v);
	case MLC_LIST:
		return json_is_array(v);
	}
	return false;
}

static const struct mlc_setting *setting_of(const struct mlc_connector *k, const char *name)
{
	for (const struct mlc_setting *s = k->settings; s && s->name; s++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

/* The host's own settings of a connection (docs/settings.md). */
static const char *const ours[] = { "connector", "ca_file", "every_minutes", "isolation", "auth", "app" };

static void check_setting(const struct mlc_connector *k, const char *name, const json_t *value,
	json_t *errors)
{
	static const char *const types[] = {
		[MLC_TEXT] = "a text", [MLC_INTEGER] = "a whole number",
			[MLC_DECIMAL] = "a decimal as text",
		[MLC_BOOL] = "true or false", [MLC_DATE] = "a day, \"2026-10-31\"",
		[MLC_INSTANT] = "an instant",
		[MLC_REF] = "a table", [MLC_OBJECT] = "a table", [MLC_LIST] = "a list",
	};
	const struct mlc_setting *s = setting_of(k, name);
	char names[400] = "";

	if (!s) {
		for (s = k->settings; s && s->name; s++)
			if (!s->secret)
				snprintf(names + strlen(names), sizeof names - strlen(names),
					"%s%s", *names ? ", " : "it knows ", s->name);
		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			snprintf(names + strlen(names), sizeof names - strlen(names),
				"%s%s", *names ? ", " : "it knows ", ours[i]);
		complain(errors, name, names, "%s has no setting '%s'", k->name,
			name);
	} else if (s->secret) {
		complain(errors, name,
			"take it out of the file and give it with `mlc secret set TENANT/CONNECTION NAME`",
			"'%s' is a secret and does not belong into a file", name);
	} else if (!fits_type(s->type, value)) {
		complain(errors, name, s->help, "'%s' must be %s", name, types[s->type]);
	}
}

static bool knows_auth(const struct mlc_connector *k, const char *wanted)
{
	for (const struct mlc_auth *a = k->auth; a && a->kind; a++)
		if (!strcmp(auth_text(a->kind), wanted))
			return true;
	return false;
}

static bool is_address(const char *text)
{
	const char *host = !strncmp(text, "https://", 8) ? text + 8 : !strncmp(text, "http://", 7) ? text + 7 : "";

	return *host && !strpbrk(host, " \t\r\n\"<>") && strcspn(host, "/?#") > 0;
}

/* What an endpoint begins with has to be one: "{url}", or the first that is there of "{a|b|https://x}". */
static void check_addresses(const struct mlc_connector *k, const json_t *settings, json_t *errors)
{
	for (const struct mlc_setting *s = k->settings; s && s->name; s++) {
		const char *text = json_string_value(json_object_get(settings, s->name));
		size_t len = strlen(s->name);
		bool begins = false;

		for (const struct mlc_endpoint *e = k->endpoints; e && e->name; e++)
			begins = begins || (*e->base == '{' && !strncmp(e->base + 1, s->name, len) &&
				strchr("|}", e->base[1 + len]));
		if (text && begins && !is_address(text))
			complain(errors, s->name, s->help, "'%s' has to be an address that begins with https://", s->name);
	}
}

void connection_check(const struct mlc_connector *k, const json_t *settings, const json_t *app,
	json_t *errors)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)settings, name, value) {
		bool own = false;

		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			own = own || (!strcmp(name, ours[i]) && !setting_of(k, name));
		if (!own)
			check_setting(k, name, value, errors);
	}
	for (const struct mlc_setting *s = k->settings; s && s->name; s++)
		if (s->flags & MLC_REQUIRED && !s->secret && !json_object_get(settings, s->name) &&
			!json_object_get(app, s->name))
			complain(errors, s->name, s->help, "the setting '%s' is missing", s->name);
	check_addresses(k, settings, errors);
	value = json_object_get(settings, "every_minutes");
	if (value && (!json_is_integer(value) || json_integer_value(value) < 1))
		complain(errors, "every_minutes", "15 is usual",
			"every_minutes must be a whole number, 1 or more");
	if (json_text_at(settings, "auth") && !knows_auth(k, json_text_at(settings, "auth")))
		complain(errors, "auth", NULL, "%s does not offer auth '%s'", k->name,
			json_text_at(settings, "auth"));
}

static void want(const struct mlc_connector *k, const char *name, const json_t *settings, const json_t *app, json_t *list)
{
	const struct mlc_setting *s = name ? setting_of(k, name) : NULL;
	json_t *one;
	size_t i;

	if (!s || json_text_at(settings, name) || json_text_at(app, name))
		return;
	json_array_foreach(list, i, one)
		if (!strcmp(json_text_or(one, "name", ""), name))
			return;
	one = json_object();
	json_put_text(one, "name", name);
	json_object_set_new(one, "secret", json_boolean(s->secret));
	json_object_set_new(one, "app", json_boolean(app != NULL));
	json_put_text(one, "help", s->help);
	json_array_append_new(list, one);
}

void connection_wants(const struct mlc_connector *k, const json_t *settings, const json_t *app, json_t *list)
{
	const struct mlc_auth *a = auth_choose(k, settings, false);

	for (const struct mlc_setting *s = k->settings; s && s->name; s++)
		if (s->secret && s->flags & MLC_REQUIRED)
			want(k, s->name, settings, app, list);
	if (a) {
		want(k, a->user, settings, app, list);
		want(k, a->pass, settings, app, list);
	}
	/* Webhooks of an app are registered by a person, who is told their secret there. */
	if (app && k->signature && !k->signature->optional && !k->subscribe)
		want(k, k->signature->secret, settings, app, list);
}

/* ---- one connection ---------------------------------------------------------------------- */

static struct connection *connection_create(struct connections *all,
	const struct connection_want *w)
{
	struct connection *c = xcalloc(1, sizeof *c);
	const struct mlc_connector *k = plugin_connector(w->plugin);

	c->all = all;
	c->tenant = xstrdup(w->tenant);
	c->name = xstrdup(w->name);
	c->path = xformat("%s/%s", w->tenant, w->name);
	c->plugin = plugin_ref(w->plugin);
	c->settings = json_deep_copy(w->settings);
	c->facts = json_object();
	c->app = w->app ? json_deep_copy(w->app) : NULL;
	c->token_told = json_object();
	c->is_app = !strcmp(w->tenant, APP_TENANT);
	c->peer_calls = k->serve != NULL;
	pace_init(&c->pace, k->per_minute, k->at_once);
	TAILQ_INIT(&c->runs);
	TAILQ_INIT(&c->queue);
	TAILQ_INIT(&c->parked);
	TAILQ_INIT(&c->token.line);
	visit_init(c);
	return c;
}

/* Nothing of it is under way any more, or nobody is left to hear of it. */
static void connection_free(struct connection *c)
{
	struct loop *loop = c->all->conf.loop;
	struct run *r;

	timer_clear(loop, &c->pace_timer);
	timer_clear(loop, &c->hold_timer);
	timer_clear(loop, &c->note_timer);
	timer_clear(loop, &c->lease_timer);
	visit_finish(c); /* its sets still point at runs */
	while ((r = TAILQ_FIRST(&c->runs)) != NULL)
		run_destroy(r);
	hooked_finish(c);
	token_finish(c);
	vault_unref(c->vault);
	plugin_unref(c->plugin);
	json_decref(c->settings);
	json_decref(c->facts);
	json_decref(c->app);
	free(c->hold_cause);
	free(c->hold_why);
	free(c->lease_cursor);
	free(c->lease_url);
	free(c->tenant);
	free(c->name);
	free(c->path);
	free(c);
}

static bool on_the_wire(const struct run *r)
{
	return r->state == RUN_STEPS || r->state == RUN_COMMITS || r->state == RUN_CARRIED ||
		r->state == RUN_TAKEN || r->state == RUN_ENDS ||
		(r->state == RUN_PARKED && r->connection->visit.now);
}

/* Afresh, a write of which something has left would be written twice. */
static bool may_begin_anew(const struct run *r)
{
	return !on_the_wire(r) && !r->restored && !(r->op == OP_WRITE && r->left);
}

/* Plugin or settings are others now: what is on the wire ends as it began, all else starts
 * afresh. */
static void connection_renew(struct connection *c, const struct connection_want *w)
{
	struct run *r, *next;
	const struct mlc_connector *k = plugin_connector(w->plugin);

	if (c->plugin == w->plugin && json_equal(c->settings, (json_t *)w->settings) &&
		(c->app == w->app || json_equal(c->app, (json_t *)w->app)))
		return;
	plugin_ref(w->plugin);
	plugin_unref(c->plugin);
	c->plugin = w->plugin;
	json_decref(c->settings);
	c->settings = json_deep_copy(w->settings);
	json_decref(c->app);
	c->app = w->app ? json_deep_copy(w->app) : NULL;
	c->peer_calls = k->serve != NULL;
	pace_follow(c);
	c->pace.at_once = k->at_once;
	c->vault_ms = INT64_MIN / 2;
	for (r = TAILQ_FIRST(&c->runs); r; r = next) {
		next = TAILQ_NEXT(r, in_all);
		if (may_begin_anew(r))
			run_afresh(r);
	}
	visit_reload(c);
	connection_secret_changed(c); /* it may be another log-in */
	c->renew_at_ms = 0; /* the new one may want other news */
}

/* Its files name it no more.  Who still points at it finds it held, and nothing happens to it. */
static void connection_leave(struct connection *c)
{
	struct run *r, *next;

	c->gone = true;
	hold_put(c, "gone", "it is no longer configured", 0);
	for (r = TAILQ_FIRST(&c->runs); r; r = next) {
		next = TAILQ_NEXT(r, in_all);
		if (!on_the_wire(r))
			run_fail(r, MLC_RETRY, 0, "the connection is no longer configured");
	}
	visit_reload(c);
	lease_leave(c);
	grant_leave(c);
}

const char *connection_tenant(const struct connection *c) { return c->tenant; }
const char *connection_name(const struct connection *c) { return c->name; }
const char *connection_path(const struct connection *c) { return c->path; }
const json_t *connection_settings(const struct connection *c) { return c->settings; }
const json_t *connection_facts(const struct connection *c) { return c->facts; }
bool connection_peer_calls(const struct connection *c) { return c->peer_calls; }
bool connection_in_visit(const struct connection *c) { return c->visit.open && !c->visit.leaving; }
bool connection_is_visited(const struct connection *c) { return c->visit.open; }
size_t connection_calls(const struct connection *c) { return c->run_count; }

bool connection_gets_on(const struct connection *c)
{
	const struct run *r;
	bool waits = false;

	TAILQ_FOREACH(r, &c->runs, in_all) {
		if (r->ours)
			continue;
		switch (r->state) {
		case RUN_WAITS:
		case RUN_PARKED:
		case RUN_TAKEN:
			/* Nor is a peer given anything that is held, however long its visit stays open. */
			waits = c->peer_calls && (!connection_in_visit(c) || c->hold_cause);
			break;
		case RUN_QUEUED:
			waits = c->pace.held_until_ms > now_ms(c);
			break;
		case RUN_NEEDS:
		case RUN_STEPS:
		case RUN_COMMITS:
		case RUN_CARRIED:
		case RUN_PAUSED:
		case RUN_ENDS:
			waits = false;
			break;
		}
		if (!waits)
			return true;
	}
	return false;
}

struct plugin *connection_plugin(const struct connection *c)
{
	return c->plugin;
}

const struct mlc_connector *connection_connector(const struct connection *c)
{
	return plugin_connector(c->plugin);
}

const char *connection_trouble(const struct connection *c)
{
	return c->token.trouble_ms ? c->token.why : NULL;
}

const char *connection_hook_trouble(const struct connection *c)
{
	return c->lease_url && *c->lease_trouble ? c->lease_trouble : NULL;
}

/* By how often it has come, else by how often it is to; 0: not known, or overdue. */
static int64_t next_visit_ms(const struct connection *c)
{
	int64_t cadence = visit_cadence_ms(c), last = c->visit.since_ms ? c->visit.since_ms : c->last_visit_ms, next;

	if (!last || c->visit.open || json_object_get(c->settings, "live")) /* then it comes when it may */
		return 0;
	if (!cadence)
		cadence = json_int_or(c->settings, "every_minutes", 15) * 60000;
	next = last + cadence;
	return next > now_ms(c) ? next : 0;
}

json_t *connection_status(const struct connection *c)
{
	json_t *o = json_object();
	size_t parked = 0, taken = 0;
	struct run *r;

	TAILQ_FOREACH(r, &c->runs, in_all) {
		parked += r->state == RUN_PARKED;
		taken += r->state == RUN_TAKEN;
	}
	json_put_text(o, "connection", c->path);
	json_put_text(o, "connector", connection_connector(c)->name);
	json_put_text(o, "title", connection_connector(c)->title);
	json_put_text(o, "version", connection_connector(c)->version);
	json_object_set_new(o, "peer_calls", json_boolean(c->peer_calls));
	json_put_text(o, "cause", c->hold_cause);
	json_put_text(o, "why", c->hold_why);
	json_put_int(o, "until_ms", c->hold_until_ms);
	json_put_int(o, "calls", (json_int_t)c->run_count);
	json_put_int(o, "calls_made", (json_int_t)c->calls);
	json_put_int(o, "calls_failed", (json_int_t)c->failures);
	json_put_int(o, "exchanges", (json_int_t)c->exchanges);
	json_put_int(o, "received", (json_int_t)c->received);
	json_put_int(o, "received_refused", (json_int_t)c->refused);
	json_put_int(o, "received_unknown", (json_int_t)c->unknown);
	json_put_int(o, "last_success_ms", c->last_success_ms);
	json_put_text(o, "last_failure", c->last_failure);
	json_object_set_new(o, "facts", json_deep_copy(c->facts));
	if (c->peer_calls) {
		json_object_set_new(o, "in_visit", json_boolean(c->visit.open));
		json_put_int(o, "last_visit_ms", c->last_visit_ms);
		json_put_int(o, "next_visit_ms", next_visit_ms(c));
		json_put_int(o, "cadence_ms", visit_cadence_ms(c));
		json_put_int(o, "parked", (json_int_t)parked);
		json_put_int(o, "taken", (json_int_t)taken);
		json_put_text(o, "open_mark", c->visit.open_set ? c->visit.open_set->mark : NULL);
	}
	token_status(c, o);
	if (c->renew_at_ms)
		json_put_int(o, "hook_until_ms", c->renew_at_ms);
	if (*c->lease_trouble)
		json_put_text(o, "hook_trouble", c->lease_trouble);
	return o;
}

char *hook_url(const struct connection *c, const char *way)
{
	const char *public_url = c->all->conf.public_url ? c->all->conf.public_url(c->all->conf.ctx)
		: NULL;

	return public_url ? xformat("%s/%s/%s", public_url, way, c->path) : NULL;
}

void connection_call(struct connection *c, const struct order *order, void *arg)
{
	struct run *r = run_create(c, order, arg);

	if (c->gone)
		run_fail(r, MLC_RETRY, 0, "the connection is no longer configured");
	else if (c->run_count > RUNS_MAX)
		run_fail(r, MLC_LIMITED, 60000, "too many calls wait for this connection");
	else if (c->peer_calls && order->op == OP_PING)
		/* Such a peer cannot be asked now; what it told at its last visit can be said */
		run_answer_known(r);
	else
		run_start(r);
}

void connection_invite(struct connection *c, invite_fn *fn, void *arg)
{
	struct run *r = run_create(c, &(struct order){ .op = OP_INVITE }, arg);

	r->invite = fn;
	r->hook_url = hook_url(c, "serve");
	run_start(r);
}

/* ---- all of them ------------------------------------------------------------------------- */

struct connections *connections_create(const struct connections_conf *conf)
{
	struct connections *all = xcalloc(1, sizeof *all);

	all->conf = *conf;
	all->conf.record_dir = all->record_dir = conf->record_dir ? xstrdup(conf->record_dir)
		: NULL;
	return all;
}

struct doubt { /* a write that was on the wire when we died */
	LIST_ENTRY(doubt) in_again;
	struct recovering *recovering; /* NULL: nobody waits for it any more */
	struct outcome outcome;
	struct call_write write;
	int64_t id;
	struct timer timer;
	unsigned tries;
};

/* Out of those that wait to be written down again. */
static void doubt_withdraw(struct doubt *d)
{
	timer_clear(d->outcome.connection->all->conf.loop, &d->timer);
	LIST_REMOVE(d, in_again);
}

static void all_free(struct connections *all)
{
	while (!LIST_EMPTY(&all->doubts)) {
		struct doubt *d = LIST_FIRST(&all->doubts);

		doubt_withdraw(d);
		free(d);
	}
	for (size_t i = 0; i < all->gone_count; i++)
		connection_free(all->gone[i]);
	for (size_t i = 0; i < all->count; i++)
		connection_free(all->list[i]);
	free(all->gone);
	free(all->list);
	free(all->record_dir);
	free(all);
}

void connections_destroy(struct connections *all)
{
	if (!all)
		return;
	pending_begin(all);
	all->dead = true;
	for (size_t i = 0; i < all->count + all->gone_count; i++) {
		struct connection *c = i < all->count ? all->list[i] : all->gone[i - all->count];

		visit_silence(c);
		hooked_silence(c);
		token_cancel(c);
		run_cancel_all(c);
	}
	pending_end(all);
}

static int by_path(const void *a, const void *b)
{
	return strcmp((*(struct connection *const *)a)->path,
		(*(struct connection *const *)b)->path);
}

static struct connection *of_path(struct connections *all, const char *path)
{
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(path, all->list[mid]->path);

		if (order == 0)
			return all->list[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

struct connection *connection_find(struct connections *all, const char *tenant, const char *name)
{
	char path[2 * 64 + 2];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", tenant, name) >= sizeof path)
		return NULL;
	return of_path(all, path);
}

size_t connections_asking(const struct connections *all)
{
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++)
		n += all->list[i]->token.asking;
	return n;
}

void connections_each_app(struct connections *all, void (*fn)(void *arg, struct connection *),
	void *arg)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i]->is_app)
			fn(arg, all->list[i]);
}

void connections_each(struct connections *all, void (*fn)(void *arg, struct connection *),
	void *arg)
{
	for (size_t i = 0; i < all->count; i++)
		if (!all->list[i]->is_app)
			fn(arg, all->list[i]);
}

/* ---- a (re)load -------------------------------------------------------------------------- */

struct applying {
	struct connections *all;
	struct connection **fresh; /* what the store knows of them is being read */
	size_t fresh_count, waiting;
	loop_fn *done;
	void *arg;
};

void connections_reachable(struct connections *all)
{
	for (size_t i = 0; i < all->count; i++) {
		token_apply(all->list[i]);
		lease_apply(all->list[i]);
	}
}

static void applied_one(struct applying *a)
{
	if (--a->waiting > 0)
		return;
	connections_reachable(a->all);
	a->done(a->arg);
	free(a->fresh);
	free(a);
}

static void applying_freed(struct applying *a)
{
	if (--a->waiting == 0) {
		free(a->fresh);
		free(a);
	}
}

static void remember_note(struct connection *c, const char *kind, const char *name,
	const char *value)
{
	if (!strcmp(kind, "fact")) {
		json_put_text(c->facts, name, value);
		pace_follow(c);
	} else if (!strcmp(kind, "visit") && !strcmp(name, "last")) {
		c->last_visit_ms = strtoll(value, NULL, 10);
	} else if (!strcmp(kind, "lease") && !strcmp(name, "before")) {
		c->before_counts = !strcmp(value, "1");
	} else if (!strcmp(kind, "lease") || !strcmp(kind, "hold") || !strcmp(kind, "token")) {
		json_t *o = json_read(value, strlen(value), NULL);

		if (!strcmp(kind, "hold") && json_text_at(o, "cause")) {
			hold_put(c, json_text_at(o, "cause"), json_text_at(o, "why"),
				json_int_or(o, "until_ms", 0));
		} else if (!strcmp(kind, "token")) {
			token_remember(c, o);
		} else if (!strcmp(kind, "lease")) {
			c->renew_at_ms = json_int_or(o, "renew_at_ms", 0);
			c->lease_cursor = json_text_at(o,
				"cursor") ? xstrdup(json_text_at(o, "cursor")) : NULL;
			c->lease_url = json_text_at(o,
				"url") ? xstrdup(json_text_at(o, "url")) : NULL;
		}
		json_decref(o);
	}
}

static void on_notes(void *arg, const json_t *rows, const struct err *e)
{
	struct applying *a = arg;

	if (a->all->dead) {
		struct connections *all = a->all;

		applying_freed(a);
		pending_end(all);
		return;
	}
	pending_end(a->all);
	if (e)
		log_line(LOG_ERROR, "plug", "what is known of connections cannot be read: %s",
			e->text);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		struct connection *c = connection_find(a->all, json_text_or(row, "tenant", ""),
			json_text_or(row, "scope", ""));

		for (size_t k = 0; c && k < a->fresh_count; k++)
			if (a->fresh[k] == c)
				remember_note(c, json_text_or(row, "kind", ""),
					json_text_or(row, "name", ""),
					json_text_or(row, "value", ""));
	}
	applied_one(a);
}

struct set_reading { struct applying *applying; struct connection *connection; };

static void on_open_set(void *arg, const struct set_row *row, const struct err *e)
{
	struct set_reading *g = arg;
	struct applying *a = g->applying;
	struct connection *c = g->connection;
	struct connections *all = a->all;

	free(g);
	if (all->dead) {
		applying_freed(a);
		pending_end(all);
		return;
	}
	pending_end(all);
	if (e)
		log_line(LOG_ERROR, c->path, "the open set cannot be read: %s", e->text);
	else if (row && set_restore(c, row) < 0)
		connection_hold(c, "open_set",
			"a set of writes that left before the restart cannot be read back; "
			"its outcome must be looked up by hand", 0);
	applied_one(a);
}

static void read_back(struct applying *a)
{
	static const char *const kinds[] = { "fact", "hold", "lease", "token", "visit" };
	struct connections *all = a->all;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && a->fresh_count > 0; i++) {
		a->waiting++;
		pending_begin(all);
		store_notes(all->conf.store, NULL, NULL, kinds[i], on_notes, a);
	}
	for (size_t i = 0; i < a->fresh_count; i++) {
		struct set_reading *g;

		if (!a->fresh[i]->peer_calls)
			continue;
		g = xcalloc(1, sizeof *g);
		*g = (struct set_reading){ a, a->fresh[i] };
		a->waiting++;
		pending_begin(all);
		store_open_set(all->conf.store, a->fresh[i]->tenant, a->fresh[i]->name, on_open_set,
			g);
	}
}

static void on_nothing_to_read(void *arg)
{
	struct applying *a = arg;

	if (!pending_end(a->all)) {
		free(a->fresh);
		free(a);
		return;
	}
	applied_one(a);
}

static bool same_connector(const struct connection *c, const struct connection_want *w)
{
	return !strcmp(connection_connector(c)->name, plugin_connector(w->plugin)->name);
}

void connections_apply(struct connections *all, const struct connection_want *wants, size_t count,
	loop_fn *done, void *arg)
{
	struct applying *a = xcalloc(1, sizeof *a);
	struct connection **list = xcalloc(count, sizeof *list), **old = all->list;
	size_t old_count = all->count;

	*a = (struct applying){ .all = all, .fresh = xcalloc(count, sizeof *a->fresh), .waiting = 1,
		.done = done, .arg = arg };
	for (size_t i = 0; i < count; i++) {
		struct connection *c = connection_find(all, wants[i].tenant, wants[i].name);

		if (c && same_connector(c, &wants[i])) {
			connection_renew(c, &wants[i]);
		} else {
			c = connection_create(all, &wants[i]);
			a->fresh[a->fresh_count++] = c;
		}
		list[i] = c;
	}
	qsort(list, count, sizeof *list, by_path);
	all->list = list;
	all->count = count;
	for (size_t i = 0; i < old_count; i++) {
		if (of_path(all, old[i]->path) == old[i])
			continue;
		all->gone = xrealloc(all->gone, (all->gone_count + 1) * sizeof *all->gone);
		all->gone[all->gone_count++] = old[i];
		connection_leave(old[i]);
	}
	free(old);
	read_back(a);
	/* done comes later, also where there is nothing to be read. */
	pending_begin(all);
	loop_post(all->conf.loop, on_nothing_to_read, a);
}

/* ---- after a restart --------------------------------------------------------------------- */

struct recovering {
	struct connections *all;
	size_t waiting;
	loop_fn *done;
	void *arg;
};

static void recovered_one(struct recovering *g)
{
	if (--g->waiting > 0)
		return;
	g->done(g->arg);
	free(g);
}

static void doubt_again(void *arg);

static void on_doubt_settled(void *arg, const struct txn_result *r)
{
	struct doubt *d = arg;
	struct connection *c = (struct connection *)d->outcome.connection;

	if (!r) {
		if (d->recovering && --d->recovering->waiting == 0)
			free(d->recovering);
		free(d);
		return;
	}
	/* The host starts all the same; nothing else is made of this record before its doubt is on the disk. */
	if (d->recovering)
		recovered_one(d->recovering);
	d->recovering = NULL;
	if (r->code < 0) {
		log_line(LOG_ERROR, c->path, "write %lld: its doubt cannot be written down, trying again: %s",
			(long long)d->id, r->text);
		LIST_INSERT_HEAD(&c->all->doubts, d, in_again);
		timer_set(c->all->conf.loop, &d->timer, now_ms(c) + settle_wait_ms(d->tries++), doubt_again, d);
		return;
	}
	c->all->conf.hooks->done(c->all->conf.ctx, &d->outcome);
	free(d);
}

static void doubt_commit(struct doubt *d)
{
	struct connection *c = (struct connection *)d->outcome.connection;
	struct txn *t = txn_for(c);

	c->all->conf.hooks->settle(c->all->conf.ctx, t, &d->outcome);
	commit(c, t, on_doubt_settled, d);
}

static void doubt_again(void *arg)
{
	doubt_withdraw(arg);
	doubt_commit(arg);
}

static bool in_open_set(const struct connection *c, int64_t id)
{
	const struct set *s = c->visit.open_set;

	for (size_t i = 0; s && i < s->count; i++)
		for (size_t k = 0; s->runs[i] && k < s->runs[i]->write_count; k++)
			if (s->runs[i]->write_ids[k] == id)
				return true;
	return false;
}

static void doubt(struct recovering *g, struct connection *c, int64_t id)
{
	struct doubt *d = xcalloc(1, sizeof *d);

	d->recovering = g;
	d->id = id;
	d->outcome = (struct outcome){ .connection = c, .op = OP_WRITE, .failed = true,
		.fault = MLC_IN_DOUBT,
		.text = "the host ended while it was under way", .writes = &d->write,
		.write_ids = &d->id, .write_count = 1 };
	g->waiting++;
	doubt_commit(d);
}

static void on_unsettled(void *arg, const json_t *rows, const struct err *e)
{
	struct recovering *g = arg;

	if (!pending_end(g->all)) {
		free(g);
		return;
	}
	if (e)
		log_line(LOG_ERROR, "plug", "unfinished writes cannot be read: %s", e->text);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		struct connection *c = connection_find(g->all, json_text_or(row, "tenant", ""),
			json_text_or(row, "connection", ""));
		int64_t id = json_int_or(row, "id", 0);

		if (c && !strcmp(json_text_or(row, "state", ""), "sent") && !in_open_set(c, id))
			doubt(g, c, id);
	}
	recovered_one(g);
}

void connections_recover(struct connections *all, loop_fn *done, void *arg)
{
	struct recovering *g = xcalloc(1, sizeof *g);

	*g = (struct recovering){ .all = all, .waiting = 1, .done = done, .arg = arg };
	pending_begin(all);
	store_unsettled(all->conf.store, on_unsettled, g);
}
