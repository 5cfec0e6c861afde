/* changes.c - what has changed in a company: change data capture, and whole lists where that forgets. */
#include "quickbooks_online.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#define OVERLAP_MS INT64_C(60000)           /* asked for again: what was being written while we looked */
#define REACH_S    (30 * 86400)             /* how far back change data capture goes (SOURCES.md 4) */
#define MARGIN_MS  INT64_C(3600000)         /* of that, for clocks that differ */

static const char *const changing[] = {
	"Account", "Term", "Class", "Department", "PaymentMethod", "Customer", "Vendor", "Employee", "Item", "Invoice",
	"CreditMemo", "Payment", "Bill", "PurchaseOrder", "JournalEntry", NULL,
};

/* A quarter of an hour is 3,000 reads a month and company; webhooks tell sooner (SOURCES.md 7). */
const struct mlc_feed qbo_feeds[] = {
	{ "changes", changing, 900, REACH_S },
	{ NULL },
};

enum phase {
	TOGETHER, /* all kinds in one answer */
	ALONE,    /* that was too much for one: each kind by itself */
	WHOLE     /* by query: pages of what was changed since from_ms, oldest first */
};

/*   cursor = instant                                   everything up to then was read
 *          | "@" instant                               a person wants it read from there
 *          | "read " due since_ms from_ms start now_ms   a reading under way, so that it goes on after a restart
 *
 * due: hexadecimal, a bit for each kind that is still to be read. */

static uint32_t all_kinds(void)
{
	uint32_t due = 0;

	for (size_t i = 0; changing[i]; i++)
		due |= 1u << qbo_kind(changing[i], strlen(changing[i]));
	return due;
}

static unsigned first_kind(uint32_t due)
{
	unsigned kind = 0;

	while (!(due & 1u << kind))
		kind++;
	return kind;
}

static void begin_whole(struct state *s, uint32_t due, int64_t from_ms)
{
	s->phase = WHOLE;
	s->due = due;
	s->entity = first_kind(due);
	s->from_ms = from_ms;
	s->since_ms = from_ms;
	s->start = 1;
	s->unsorted = false;
	s->first_id[0] = 0;
}

/* False: no further number stands there, behind a blank. */
static bool next_number(char **at, int64_t *out)
{
	char *from = *at;

	*out = strtoll(from, at, 10);
	return *from == ' ' && *at > from + 1;
}

/* Goes on with a reading that a restart has cut. */
static bool resumed(struct state *s, const char *cursor)
{
	uint32_t due;
	int64_t since, from, start, now;
	char *at;

	if (strncmp(cursor, "read ", 5) != 0)
		return false;
	due = (uint32_t)strtoul(cursor + 5, &at, 16) & all_kinds();
	if (!next_number(&at, &since) || !next_number(&at, &from) || !next_number(&at, &start) || !next_number(&at, &now) || *at
		|| !due || start < 1 || start > UINT_MAX)
		return false;
	begin_whole(s, due, since);
	s->from_ms = from;
	s->start = (unsigned)start;
	s->now_ms = now;
	return true;
}

static void begin(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *text = c->cursor ? c->cursor : "";
	int64_t ms;

	memset(s, 0, sizeof *s);
	if (resumed(s, text))
		return;
	if (!mlc_instant(text + (*text == '@'), &ms)) {
		begin_whole(s, all_kinds(), 0);
		return;
	}
	s->from_ms = ms - (*text == '@' ? 0 : OVERLAP_MS);
	if (ms > c->now_ms - REACH_S * INT64_C(1000) + MARGIN_MS)
		return;
	/* Deletions of longer ago are forgotten: only a comparison of everything shows what is gone. */
	begin_whole(s, all_kinds(), *text == '@' ? ms : 0);
}

/* ---- change data capture ------------------------------------------------------------------------------- */

static enum mlc_step ask_changes(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const char *list = s->phase == ALONE ? qbo_entities[s->entity].name : "";

	for (size_t i = 0; s->phase == TOGETHER && changing[i]; i++)
		list = c->host->format(c, "%s%s%s", list, *list ? "," : "", changing[i]);
	return qbo_get(c, "/cdc", (const struct mlc_param[]){ { "entities", list },
		{ "changedSince", mlc_instant_text(c, s->from_ms) }, { NULL, NULL } });
}

/* Within a 200 each kind may have a Fault of its own: nothing was told of it, which is not that nothing has changed. */
static int kind_failed(struct mlc_call *c, json_t *fault)
{
	const char *words;
	enum mlc_fault move = qbo_fault_of(c, fault, &words);

	c->host->fail(c, move, move == MLC_LIMITED ? QBO_LIMITED_MS : 0, "reading changes: %s", words);
	return -1;
}

/* The lists of an answer, or how many records they hold altogether.  -1: the call has failed. */
static int walk_changes(struct mlc_call *c, json_t *answer, bool emit)
{
	json_t *response = mlc_at(answer, "CDCResponse.0.QueryResponse"), *part, *list, *one;
	const char *name;
	size_t i, k;
	int count = 0;

	if (!json_is_array(response))
		return qbo_garbage(c, "a list of changes"), -1;
	json_array_foreach(response, i, part) {
		if (!json_is_object(part))
			return qbo_garbage(c, "a list of changes"), -1;
		if (json_is_object(json_object_get(part, "Fault")))
			return kind_failed(c, json_object_get(part, "Fault"));
		json_object_foreach(part, name, list) {
			int kind = json_is_array(list) ? qbo_kind(name, strlen(name)) : -1;

			for (k = 0; kind >= 0 && k < json_array_size(list); k++, count++) {
				one = json_array_get(list, k);
				if (emit)
					qbo_emit(c, &qbo_entities[kind], one);
			}
		}
	}
	return count;
}

static enum mlc_step finish(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;

	c->host->advance(c, mlc_instant_text(c, s->now_ms), 0);
	return MLC_DONE;
}

/* Each kind by itself. */
static enum mlc_step next_kind(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (s->phase == ALONE && s->due) {
		s->entity = first_kind(s->due);
		return ask_changes(c);
	}
	return finish(c);
}

static enum mlc_step digest_changes(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	json_t *answer = qbo_answer(c, "reading changes");
	int count = answer ? walk_changes(c, answer, false) : -1;
	int64_t now_ms;

	if (count < 0)
		return MLC_FAIL;
	if (!mlc_instant(mlc_text(answer, "time"), &now_ms))
		return qbo_garbage(c, "a list of changes with its time");
	if (!s->now_ms)
		s->now_ms = now_ms;
	/* There are no pages: an answer of 1,000 may be one that was cut (SOURCES.md 4). */
	if (count >= QBO_PAGE && s->phase == TOGETHER) {
		s->phase = ALONE;
		s->due = all_kinds();
		return next_kind(c);
	}
	if (count >= QBO_PAGE) /* queries tell what is there, but never what was deleted */
		return c->host->fail(c, MLC_STALE, 0, "more of %s has changed than QuickBooks tells of at once",
			qbo_entities[s->entity].name);
	walk_changes(c, answer, true);
	s->due &= ~(1u << s->entity);
	return s->phase == TOGETHER ? finish(c) : next_kind(c);
}

/* ---- whole lists ---------------------------------------------------------------------------------------- */

static enum mlc_step ask_whole(struct mlc_call *c)
{
	const struct state *s = (const struct state *)c->state;
	const struct mlc_entity *e = &qbo_entities[s->entity];

	/* By time, since records move while they are read and `orderby Id` no longer sorts (SOURCES.md 3). */
	return qbo_query(c, c->host->format(c,
		"select * from %s where %sMetaData.LastUpdatedTime >= '%s' orderby MetaData.LastUpdatedTime startposition %u"
		" maxresults %d", e->name, qbo_is_list(e) ? "Active in (true,false) and " : "",
		mlc_instant_text(c, s->from_ms), s->start, QBO_PAGE));
}

/* The next page begins where this one ends; by number only where a whole page is of one second, or out of order. */
static void move_on(struct state *s, int64_t last_ms)
{
	if (!s->unsorted && last_ms > s->from_ms) {
		s->from_ms = last_ms;
		s->start = 1;
	} else {
		s->start += QBO_PAGE;
	}
}

static enum mlc_step digest_whole(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;
	const struct mlc_entity *e = &qbo_entities[s->entity];
	int64_t last_ms = 0;
	json_t *list, *one;
	const char *first;
	size_t i;

	if (!qbo_rows(c, e, "reading a list", &list))
		return MLC_FAIL;
	if (!s->now_ms && !mlc_instant(mlc_text(c->host->parse(c, c->reply->body, c->reply->body_len), "time"), &s->now_ms))
		return qbo_garbage(c, "a list with its time");
	first = mlc_text_or(json_array_get(list, 0), "Id", "");
	if (s->start > 1 && *first && strcmp(first, s->first_id) == 0)
		return c->host->fail(c, MLC_BROKEN, 0, "QuickBooks gives the same page of %s again and again", e->name);
	json_array_foreach(list, i, one) {
		struct mlc_record r;

		qbo_look(c, e, one, &r);
		s->unsorted |= r.changed_ms < last_ms;
		if (r.changed_ms > last_ms)
			last_ms = r.changed_ms;
		qbo_emit(c, e, one);
	}
	if (json_array_size(list) < QBO_PAGE) {
		s->due &= ~(1u << s->entity);
		if (s->due)
			begin_whole(s, s->due, s->since_ms);
	} else {
		mlc_copy(s->first_id, sizeof s->first_id, first);
		move_on(s, last_ms);
	}
	if (!s->due)
		return finish(c);
	c->host->advance(c, c->host->format(c, "read %x %" PRId64 " %" PRId64 " %u %" PRId64, s->due, s->since_ms, s->from_ms,
		s->start, s->now_ms), 0);
	return ask_whole(c);
}

enum mlc_step qbo_poll(struct mlc_call *c)
{
	struct state *s = (struct state *)c->state;

	if (c->reply->kind != MLC_REPLY_HERE) {
		begin(c);
		return s->phase == WHOLE ? ask_whole(c) : ask_changes(c);
	}
	return s->phase == WHOLE ? digest_whole(c) : digest_changes(c);
}
