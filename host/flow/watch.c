/* watch.c - what a person should hear of: standing alerts, and the one command that tells. */
#include "flow/flow.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define ALERT_ARGUMENTS  16
#define TELLINGS_AT_ONCE 4
#define TELLING_MS       60000 /* then it is killed */
#define MISSED_VISITS 3 /* intervals without a visit before someone is told */
#define MISSED_READINGS 3 /* of a feed's intervals, and not before UNREAD_MS */
#define UNREAD_MS (15 * WHEN_MINUTE_MS)

/* ---- the command that tells ---------------------------------------------------------------- */

struct telling {
	struct telling *next;
	struct host *host;
	struct child *child; /* NULL: it waits for its turn */
	struct timer deadline;
	char *words[ALERT_ARGUMENTS + 4]; /* the program and its arguments; ends with NULL */
};

static void tell_next(struct host *h);

static void telling_over(struct telling *t)
{
	struct host *h = t->host;

	for (struct telling **at = &h->tellings; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	timer_clear(h->loop, &t->deadline);
	for (char **word = t->words; *word; word++)
		free(*word);
	free(t);
}

static void on_said(void *arg, const char *bytes, size_t len)
{
	(void)arg;
	(void)bytes;
	(void)len;
}

static void on_told(void *arg, int status)
{
	struct telling *t = arg;
	struct host *h = t->host;

	if (status)
		log_line(LOG_WARN, "alert", "the alert command %s ended with status %d", t->words[0], status);
	telling_over(t);
	tell_next(h);
}

static void on_late(void *arg)
{
	struct telling *t = arg;

	log_line(LOG_WARN, "alert", "the alert command %s is killed: it took longer than %d s", t->words[0], TELLING_MS / 1000);
	child_kill(t->child);
}

/* A vendor that is out is an alert of each of a thousand connections: not as many processes at once. */
static void tell_next(struct host *h)
{
	static const struct child_events events = { on_said, on_told };
	struct telling *next;
	size_t running = 0;

	for (struct telling *t = h->tellings; t; t = next) {
		struct err e = { 0 };

		next = t->next;
		if (t->child) {
			running++;
		} else if (running < TELLINGS_AT_ONCE) {
			t->child = child_spawn(h->loop, (const char *const *)t->words, &events, t, &e);
			if (t->child) {
				timer_set(h->loop, &t->deadline, loop_now_ms(h->loop) + TELLING_MS, on_late, t);
				running++;
			} else {
				log_line(LOG_ERROR, "alert", "%s", e.text);
				telling_over(t);
			}
		}
	}
}

/* alerts.command, a program and its arguments, gets kind, about and text behind them; no shell. */
static void tell(struct host *h, const char *kind, const char *about, const char *text)
{
	const json_t *command = json_at(h->config ? h->config->mlc : NULL, "alerts.command");
	struct telling *t, **last = &h->tellings;
	size_t n = 0, i;
	json_t *word;

	log_line(LOG_WARN, about, "%s: %s", kind, text);
	if (!json_is_string(json_array_get(command, 0)))
		return;
	t = xcalloc(1, sizeof *t);
	t->host = h;
	json_array_foreach((json_t *)command, i, word)
		if (json_is_string(word) && n < ALERT_ARGUMENTS)
			t->words[n++] = xstrdup(json_string_value(word));
	t->words[n++] = xstrdup(kind);
	t->words[n++] = xstrdup(about);
	t->words[n++] = xstrdup(text);
	while (*last)
		last = &(*last)->next;
	*last = t;
	tell_next(h);
}

/* Nobody hears how those that are under way end. */
void watch_free(struct host *h)
{
	while (h->tellings) {
		if (h->tellings->child)
			child_abandon(h->tellings->child);
		telling_over(h->tellings);
	}
}

/* ---- alerts that stand ------------------------------------------------------------------------ */

static void stand(struct host *h, const char *kind, const char *about, const char *text, bool told)
{
	json_t *of_kind = json_object_get(h->alerts, kind), *one;

	if (!of_kind) {
		of_kind = json_object();
		json_object_set_new(h->alerts, kind, of_kind);
	}
	one = json_object_get(of_kind, about);
	if (!one) {
		one = json_object();
		json_put_int(one, "since_ms", loop_now_ms(h->loop));
		json_object_set_new(of_kind, about, one);
	}
	json_put_text(one, "text", text);
	json_object_set_new(one, "told", json_boolean(told));
}

static bool is_told(const struct host *h, const char *kind, const char *about)
{
	return json_is_true(json_object_get(json_object_get(json_object_get(h->alerts, kind), about), "told"));
}

void alert_raise(struct host *h, const char *kind, const char *about, const char *text)
{
	bool told = is_told(h, kind, about);

	stand(h, kind, about, text, true); /* status shows what is the matter now */
	if (!told) /* once is enough until it clears */
		tell(h, kind, about, text);
}

void alert_show(struct host *h, const char *kind, const char *about, const char *text)
{
	if (!is_told(h, kind, about))
		stand(h, kind, about, text, false);
}

void alert_clear(struct host *h, const char *kind, const char *about)
{
	json_object_del(json_object_get(h->alerts, kind), about);
}

void watch_facts(struct host *h, const struct connection *c)
{
	const char *text = json_text_or(connection_facts(c), "attention", "");

	if (*text)
		alert_raise(h, "attention", connection_path(c), text);
	else
		alert_clear(h, "attention", connection_path(c));
}

/* The Web Connector has a schedule of its own, which somebody may have changed at the PC. */
static void watch_cadence(struct host *h, struct connection *c, const json_t *status, int64_t every)
{
	int64_t cadence = json_int_or(status, "cadence_ms", 0);
	bool live = json_object_get(connection_settings(c), "live") != NULL; /* then it comes when it may */
	char text[300];

	if (!cadence || live || (cadence * 2 <= every * 3 && every * 2 <= cadence * 3)) {
		alert_clear(h, "cadence", connection_path(c));
		return;
	}
	snprintf(text, sizeof text, "the Web Connector calls every %lld minutes, our settings say %lld: set Run-every-N-minutes at the PC, "
		"or every_minutes here (and a new .qwc), so that both say the same",
		(long long)((cadence + WHEN_MINUTE_MS / 2) / WHEN_MINUTE_MS), (long long)(every / WHEN_MINUTE_MS));
	alert_raise(h, "cadence", connection_path(c), text);
}

void watch_reading(struct host *h, struct connection *c)
{
	int64_t now = loop_now_ms(h->loop), bears;
	char text[ERR_TEXT_MAX], since[WHEN_SIZE];

	if (connection_held(c, NULL, NULL))
		return; /* that is told by itself */
	for (const struct feed_state *f = h->feeds; f; f = f->next) {
		bears = MISSED_READINGS * f->every_ms > UNREAD_MS ? MISSED_READINGS * f->every_ms : UNREAD_MS;
		if (f->connection != c || !f->feed || !f->trouble || now - f->trouble_ms < bears)
			continue;
		when_text(f->trouble_ms, since);
		since[10] = ' ';
		snprintf(text, sizeof text, "what is new in %s could not be read since %.16s UTC: %s", f->feed->name, since, f->trouble);
		alert_raise(h, "not_read", connection_path(c), text);
		return;
	}
	alert_clear(h, "not_read", connection_path(c));
}

static void watch_connection(void *arg, struct connection *c)
{
	struct host *h = arg;
	json_t *status;
	int64_t last, every, now = loop_now_ms(h->loop), since;
	char text[200], at[WHEN_SIZE];

	watch_reading(h, c);
	if (!connection_peer_calls(c))
		return;
	status = connection_status(c);
	last = json_int_or(status, "last_visit_ms", 0);
	every = json_int_or(connection_settings(c), "every_minutes", 15) * WHEN_MINUTE_MS;
	watch_cadence(h, c, status, every);
	since = last ? last : h->started_ms;
	if (now - since > MISSED_VISITS * every) {
		when_text(last, at);
		if (last)
			snprintf(text, sizeof text, "the Web Connector has not called since %s (it should every %lld minutes): "
				"is the PC on, QuickBooks open, Auto-Run ticked?", at, (long long)(every / WHEN_MINUTE_MS));
		else
			snprintf(text, sizeof text, "the Web Connector has not called yet: is its .qwc installed, the password "
				"typed in, Auto-Run ticked?");
		alert_raise(h, "no_visit", connection_path(c), text);
	} else {
		alert_clear(h, "no_visit", connection_path(c));
	}
	json_decref(status);
}

void watch_turn(struct host *h)
{
	struct store_health health;

	connections_each(h->connections, watch_connection, h);
	calendar_watch(h);
	for (size_t i = 0; h->config && i < h->config->flow_count; i++)
		if (h->config->flows[i]->hold_unwritten)
			flow_note_hold(h, h->config->flows[i]);
	store_health(h->store, &health);
	if (!health.writable)
		alert_raise(h, "disk_full", "store", *health.why ? health.why : "the store cannot be written");
	else
		alert_clear(h, "disk_full", "store");
}
