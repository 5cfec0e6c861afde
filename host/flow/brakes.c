/* brakes.c - how much a flow may post or take away before a person looks (ALL-09, WOO-35).
 *
 * What is spent is counted in memory and noted in the transaction that decides the write: a restart is no way
 * around a brake.  What surely was not written is given back: it is counted when it is decided again. */
#include "flow/work.h"

#include "base/decimal.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

static bool removes(const json_t *write)
{
	const char *verb = json_text_or(write, "verb", "");

	return !strcmp(verb, "delete") || !strcmp(verb, "void") || json_true_at(write, "ends");
}

static bool spends_money(const struct work *w)
{
	return w->flow->money && !strcmp(json_text_or(work_current_write(w), "verb", ""), "create");
}

static size_t removed_within_the_hour(const struct brakes *b, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < REMOVALS_KEPT; i++)
		n += b->removals_ms[i] > now - WHEN_HOUR_MS;
	return n;
}

static void count_removal(struct brakes *b, int64_t at)
{
	b->removals_ms[b->removals++ % REMOVALS_KEPT] = at;
}

bool brakes_hold(struct work *w)
{
	struct flow *f = w->flow;
	struct brakes *b = &f->spent;
	int64_t now = loop_now_ms(w->host->loop);
	const char *amount = json_text_at(w->verdict, "amount");
	struct decimal a = { 0, 0 }, spent = { 0, 0 }, most;
	char day[WHEN_DAY_SIZE], text[160];

	w->spent.at_ms = 0;
	if (removes(work_current_write(w))) {
		if (removed_within_the_hour(b, now) >= f->removals_an_hour) {
			snprintf(text, sizeof text, "more than %zu records would be voided, deleted or closed within an hour: "
				"max_deletions_per_hour is reached", f->removals_an_hour);
			flow_hold(w->host, f, "mass_deletion", text);
			return true;
		}
		count_removal(b, now);
		b->counted = true;
		w->spent.at_ms = now;
		w->spent.write_at = w->write_at;
	}
	if (!spends_money(w))
		return false;
	if (b->documents_since_ms < now - WHEN_HOUR_MS && !connection_peer_calls(f->target)) {
		b->documents_since_ms = now;
		b->documents = 0;
	}
	if (f->documents_per_visit && b->documents >= f->documents_per_visit) {
		snprintf(text, sizeof text, "%lld documents were posted: max_documents_per_visit is reached",
			(long long)b->documents);
		flow_hold(w->host, f, "max_documents", text);
		return true;
	}
	when_day(now, day);
	if (strcmp(day, b->day)) {
		memcpy(b->day, day, sizeof day);
		strcpy(b->amount, "0");
	}
	if (amount && decimal_parse(amount, strlen(amount), &a) &&
		decimal_parse(b->amount, strlen(b->amount), &spent) && decimal_add(spent, a, &spent)) {
		if (f->amount_per_day && decimal_parse(f->amount_per_day, strlen(f->amount_per_day), &most) &&
			decimal_cmp(spent, most) > 0) {
			flow_hold(w->host, f, "max_amount", "the next document would pass max_amount_per_day");
			return true;
		}
		decimal_text(spent, -1, b->amount);
	}
	b->documents++;
	b->counted = b->counted || f->documents_per_visit || f->amount_per_day;
	w->spent.at_ms = now;
	w->spent.write_at = w->write_at;
	return false;
}

static void forget_removal(struct brakes *b, int64_t at)
{
	for (size_t i = 0; i < REMOVALS_KEPT; i++)
		if (b->removals_ms[i] == at) {
			b->removals_ms[i] = 0;
			return;
		}
}

void brakes_give_back(struct work *w)
{
	struct brakes *b = &w->flow->spent;
	const char *amount = json_text_at(w->verdict, "amount");
	struct decimal a = { 0, 0 }, spent = { 0, 0 };
	char day[WHEN_DAY_SIZE];

	if (!w->spent.at_ms || w->spent.write_at != w->write_at)
		return;
	if (removes(work_current_write(w)))
		forget_removal(b, w->spent.at_ms);
	if (spends_money(w) && b->documents > 0 && w->spent.at_ms >= b->documents_since_ms)
		b->documents--;
	when_day(w->spent.at_ms, day);
	if (spends_money(w) && !strcmp(day, b->day) && amount && decimal_parse(amount, strlen(amount), &a) &&
		decimal_parse(b->amount, strlen(b->amount), &spent) && decimal_sub(spent, a, &spent))
		decimal_text(spent, -1, b->amount);
	b->counted = true;
	w->spent.at_ms = 0;
}

void brakes_note(struct flow *f, struct txn *t)
{
	struct brakes *b = &f->spent;
	json_t *o, *removals;
	int64_t last = 0;
	char *text;

	if (!b->counted)
		return;
	b->counted = false;
	removals = json_array();
	for (size_t i = 0; i < REMOVALS_KEPT; i++)
		last = b->removals_ms[i] > last ? b->removals_ms[i] : last;
	for (size_t i = 0; i < REMOVALS_KEPT; i++)
		if (b->removals_ms[i] > last - WHEN_HOUR_MS && b->removals_ms[i])
			json_array_append_new(removals, json_integer((json_int_t)b->removals_ms[i]));
	o = json_pack("{s:o,s:I,s:I,s:s,s:s}", "removals_ms", removals, "documents", (json_int_t)b->documents, "since_ms",
		(json_int_t)b->documents_since_ms, "day", b->day, "amount", b->amount);
	text = json_dumps(o, JSON_COMPACT);
	txn_note(t, f->tenant, f->name, "brakes", "", text);
	free(text);
	json_decref(o);
}

void brakes_recall(struct flow *f, const char *value)
{
	struct brakes *b = &f->spent;
	json_t *o = json_read(value, strlen(value), NULL), *at;
	size_t i;

	json_array_foreach(json_object_get(o, "removals_ms"), i, at)
		count_removal(b, (int64_t)json_integer_value(at));
	b->documents = json_int_or(o, "documents", 0);
	b->documents_since_ms = json_int_or(o, "since_ms", 0);
	snprintf(b->day, sizeof b->day, "%s", json_text_or(o, "day", ""));
	snprintf(b->amount, sizeof b->amount, "%s", json_text_or(o, "amount", "0"));
	json_decref(o);
}

void brakes_release(struct flow *f, struct txn *t)
{
	f->spent = (struct brakes) { 0 };
	txn_note(t, f->tenant, f->name, "brakes", "", NULL);
}
