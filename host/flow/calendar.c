/* calendar.c - what ends when: grants, tokens with a date, leases, the certificate; and who hears of it ahead. */
#include "flow/flow.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDS_FACT "ends_" /* a connector's fact "ends_api_token": a day or an instant */

/* life_ms 0: not known.  renewed: by ourselves, in time; shown, not warned of. */
static void add(json_t *list, const char *about, const char *what, int64_t ends_ms, int64_t life_ms, bool renewed)
{
	json_t *o;

	if (ends_ms <= 0)
		return;
	o = json_object();
	json_put_text(o, "about", about);
	json_put_text(o, "what", what);
	json_put_int(o, "ends_ms", ends_ms);
	json_put_int(o, "life_ms", life_ms);
	json_object_set_new(o, "renewed", json_boolean(renewed));
	json_array_append_new(list, o);
}

static void add_facts(json_t *list, const char *about, const json_t *facts)
{
	const char *name;
	json_t *value;
	char what[64];
	int64_t ms;

	json_object_foreach((json_t *)facts, name, value) {
		if (strncmp(name, ENDS_FACT, strlen(ENDS_FACT)) != 0 || !when_parse(json_string_value(value), &ms))
			continue;
		snprintf(what, sizeof what, "%s", name + strlen(ENDS_FACT));
		for (char *c = what; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		add(list, about, what, ms, 0, false);
	}
}

static void add_connection(void *arg, struct connection *c)
{
	json_t *list = arg, *status = connection_status(c), *grant = json_object_get(status, "grant");
	const char *about = connection_path(c);
	bool by_person = !strcmp(json_text_or(grant, "auth", ""), "oauth_code");
	int64_t refresh = json_int_or(grant, "refresh_ends_ms", 0);

	add(list, about, "refresh token", refresh, json_int_or(grant, "refresh_life_ms", 0), false);
	add(list, about, "grant", json_int_or(grant, "grant_ends_ms", 0), json_int_or(grant, "grant_life_ms", 0), false);
	if (by_person && !json_true_at(grant, "renews"))
		add(list, about, "token", json_int_or(grant, "ends_ms", 0),
			json_int_or(grant, "ends_ms", 0) - json_int_or(grant, "made_ms", 0), false);
	add_facts(list, about, connection_facts(c));
	add(list, about, "webhooks", json_int_or(status, "hook_until_ms", 0), 0, true);
	json_decref(status);
}

json_t *calendar_all(const struct host *h)
{
	json_t *list = json_array();
	int64_t life_ms = 0, ends_ms;

	connections_each(h->connections, add_connection, list);
	ends_ms = h->public_server ? server_certificate_ends_ms(h->public_server, &life_ms) : 0;
	add(list, "public", "TLS certificate", ends_ms, life_ms, false);
	return list;
}

/* Days ahead at which somebody is told; 0: not yet.  What is renewed all the time and lives shorter than twice that
 * is never told of while it works. */
static int64_t days_told(const json_t *row, int64_t now)
{
	static const int days[] = { 1, 7, 30 };
	int64_t left = json_int_or(row, "ends_ms", 0) - now, life = json_int_or(row, "life_ms", 0);

	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		if (left <= days[i] * WHEN_DAY_MS && (!life || life > 2 * days[i] * WHEN_DAY_MS))
			return days[i];
	return 0;
}

static void tell(struct host *h, const char *key, const json_t *row, int64_t now)
{
	const char *about = json_text_or(row, "about", ""), *what = json_text_or(row, "what", "");
	int64_t ends = json_int_or(row, "ends_ms", 0), days = (ends - now) / WHEN_DAY_MS;
	char day[WHEN_DAY_SIZE], text[300], *mend;

	when_day(ends, day);
	mend = !strcmp(about, "public") ? xstrdup("put a new one there, then mlc reload")
		: !strcmp(what, "grant") || !strcmp(what, "refresh token") || !strcmp(what, "token")
		? xformat("mlc authorize %s gives a new one", about) : xformat("get a new one there, then mlc secret set %s", about);
	snprintf(text, sizeof text, "its %s %s %s (%lld days): %s", what, ends <= now ? "has ended on" : "ends on", day,
		(long long)days, mend);
	alert_clear(h, "ends_soon", key);
	alert_raise(h, "ends_soon", key, text);
	free(mend);
}

/* Once at each of the days, until it is renewed. */
void calendar_watch(struct host *h)
{
	int64_t now = loop_now_ms(h->loop);
	json_t *list = calendar_all(h), *row, *told = json_object();
	const char *key;
	size_t i;

	json_array_foreach(list, i, row) {
		int64_t days = json_true_at(row, "renewed") ? 0 : days_told(row, now);
		char *about = xformat("%s %s", json_text_or(row, "about", ""), json_text_or(row, "what", ""));

		if (days)
			json_put_int(told, about, days);
		if (days && json_int_or(h->ends_told, about, 0) != days)
			tell(h, about, row, now);
		free(about);
	}
	json_object_foreach(h->ends_told, key, row)
		if (!json_object_get(told, key))
			alert_clear(h, "ends_soon", key);
	json_decref(h->ends_told);
	h->ends_told = told;
	json_decref(list);
}
