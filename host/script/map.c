/* map.c - one record through one flow: accept, match, needs, fields, balance, merge, verdict. */
#include "map.h"

#include "base/when.h"
#include "script/document.h"
#include "script/eval_parts.h"
#include "script/merge.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 60 /* bytes of a value in a sentence */

enum target { TARGET_CREATE = 1, TARGET_UPDATE, TARGET_PENDING, TARGET_LATER /* in the shadow: to be made first */ };

struct map {
	struct eval e;
	const struct mapping *m;
	json_t *verdict; /* NULL: not decided yet */

	const char *label, *identity, *amount, *currency, *day, *books_day; /* books_day: under which it is posted */

	enum target target;
	const char *target_id;
	bool adopted; /* the target was there before us */
	const struct rule *rule; /* that found it; NULL: a link or a person */

	/* What we wanted when both sides were last the same, and what stood there then: of a shared link
	 * as both records were, else what we wrote.  before is ours. */
	json_t *before, *seen;
	bool shared; /* with the way back */
	json_t *current; /* shared: { version, data } of the target as it is now, for whoever keeps the link */

	json_t *origins;
	struct map_view *view;
	const char *again_day; /* the next ones of again_at; NULL, 0: none */
	int64_t again_ms;
};

/* ---- verdicts ---------------------------------------------------------------------------- */

static void put(json_t *o, const char *name, const char *text)
{
	json_t *s = text ? json_string(text) : NULL;

	if (s)
		json_object_set_new(o, name, s);
}

static json_t *verdict(struct map *p, const char *word, const char *cause, const char *why)
{
	json_decref(p->verdict);
	p->verdict = json_object();
	put(p->verdict, "verdict", word);
	put(p->verdict, "cause", cause);
	put(p->verdict, "why", why);
	return p->verdict;
}

/* True: something went wrong, and the verdict says it. */
static bool failed(struct map *p)
{
	const struct failure *f = &p->e.failure;

	if (!f->verdict)
		return false;
	verdict(p, op_word(f->verdict), f->cause, f->why);
	put(p->verdict, "fix", f->fix);
	if (f->verdict == OP_REVIEW)
		json_object_set_new(p->verdict, "options", f->options ? json_deep_copy(f->options) : json_array());
	if (json_array_size(p->e.more))
		json_object_set_new(p->verdict, "more", json_deep_copy(p->e.more));
	return true;
}

/* True: something is not known yet, and the verdict asks for all of it. */
static bool asking(struct map *p)
{
	const char *key;
	json_t *ask, *all;

	if (json_object_size(p->e.asks) == 0)
		return false;
	all = json_array();
	json_object_foreach(p->e.asks, key, ask)
		json_array_append_new(all, json_deep_copy(ask));
	verdict(p, "ask", NULL, NULL);
	json_object_set_new(p->verdict, "asks", all);
	return true;
}

static bool chose(const struct map *p, const char *word)
{
	const char *choice = json_string_value(json_object_get(p->e.choice, "choice"));

	return choice && strcmp(choice, word) == 0;
}

static json_t *option_with_id(const char *choice, const json_t *record)
{
	json_t *list = eval_options(choice), *first = json_incref(json_array_get(list, 0)); /* the list dies here */

	json_decref(list);
	json_object_set(first, "id", json_object_get(record, "id"));
	if (json_object_get(record, "data"))
		json_object_set_new(first, "record", json_deep_copy(json_object_get(record, "data")));
	return first;
}

/* ---- what is known before anything is looked up ------------------------------------------ */

static const char *plain_label(struct map *p)
{
	json_t *source = json_object_get(p->e.header, "source");
	const char *id = json_string_value(json_object_get(source, "id"));

	return eval_format(&p->e, "%s %s", p->m->from->name, id ? id : "");
}

/* Evaluated aside: a label that fails or asks must not hold a record. */
static const char *aside(struct map *p, const struct expr *x)
{
	struct eval e;
	const char *text;

	eval_init(&e, p->e.arena, p->e.flow, p->e.header, p->e.record);
	text = eval_text(&e, x);
	if (json_object_size(e.asks) || e.failure.verdict)
		text = NULL;
	eval_finish(&e);
	return text;
}

static void introduce(struct map *p)
{
	struct eval e;

	if (p->m->label)
		p->label = aside(p, p->m->label);
	if (!p->label)
		p->label = plain_label(p);
	eval_init(&e, p->e.arena, p->e.flow, p->e.header, p->e.record);
	p->identity = eval_identity(&e);
	eval_finish(&e);
	if (!p->m->is_money)
		return;
	p->amount = aside(p, p->m->amount);
	p->currency = aside(p, p->m->currency);
}

static const char *linked_id(const struct map *p)
{
	return json_string_value(json_object_get(p->e.link, "id"));
}

/* ---- accept, money, requires ------------------------------------------------------------- */

static bool accepted(struct map *p)
{
	for (size_t i = 0; i < p->m->accept_count; i++) {
		const struct condition *c = &p->m->accept[i];
		bool unknown = false, truth = eval_true(&p->e, c->if_, &unknown);
		if (truth)
			continue;
		if (!unknown)
			eval_state(&p->e, c->else_, OP_SKIP, "not_accepted", eval_options("skip"),
				"the mapping does not accept such a record (%s:%u)", p->m->script->path, c->line);
		return false;
	}
	return true;
}

static bool requirements_are_met(struct map *p)
{
	for (size_t i = 0; i < p->m->require_count; i++) {
		const struct requirement *r = &p->m->requires[i];
		const char *is = eval_fact(&p->e, r->side, r->fact);
		if (!is || strcmp(is, r->is) == 0 || (r->if_ && !eval_true(&p->e, r->if_, NULL)))
			continue;
		const char *why = r->why ? eval_text(&p->e, r->why) : NULL;
		eval_fail(&p->e, OP_HOLD, eval_format(&p->e, "requires:%s", r->fact), NULL, "%s",
			why ? why : eval_format(&p->e, "%s is %s there, and this mapping needs it to be %s", r->fact, is, r->is));
		return false;
	}
	return true;
}

static void closed_period(struct map *p, const char *day)
{
	eval_fail(&p->e, OP_HOLD, "closed_period", NULL, "%s lies in a period that is closed until %s", day,
		eval_lock_date(&p->e));
}

static bool is_closed(const struct map *p, const char *day)
{
	const char *lock = eval_lock_date(&p->e);

	return lock && day && strcmp(day, lock) <= 0;
}

static void when_it_is(struct map *p)
{
	p->day = eval_day(&p->e, p->m->money_date);
	p->books_day = p->m->posted ? eval_day(&p->e, p->m->posted) : p->day;
}

/* The rules that every money document obeys (ALL-08, ALL-09, ALL-10). */
static void check_money(struct map *p, bool create)
{
	const char *start = json_string_value(json_object_get(p->e.header, "start")), *must, *origin;

	p->e.field = "money";
	when_it_is(p);
	must = p->m->must_be ? eval_text(&p->e, p->m->must_be) : NULL;
	if (p->m->must_be && must && (!p->currency || strcmp(p->currency, must)))
		eval_fail(&p->e, OP_HOLD, "currency", NULL, "it is in %s, and what it goes to is kept in %s",
			p->currency ? p->currency : "no currency", must);
	if (!create)
		return;
	origin = start && p->m->origin_date ? eval_day(&p->e, p->m->origin_date) : NULL;
	if (start && p->day && strcmp(p->day, start) < 0)
		eval_fail(&p->e, OP_SKIP, "before_start", NULL, "%s is before the start of this flow, %s", p->day, start);
	else if (origin && strcmp(origin, start) < 0)
		eval_fail(&p->e, OP_REVIEW, "before_start", eval_options("post skip"),
			"what it belongs to is of %s, before the start of this flow, %s", origin, start);
	if (is_closed(p, p->books_day))
		closed_period(p, p->books_day);
	if (chose(p, "post") && p->e.failure.verdict == OP_REVIEW) {
		json_decref(p->e.failure.options);
		p->e.failure = (struct failure){ 0 };
	}
}

/* ---- match ------------------------------------------------------------------------------- */

/* A record's members with its id among them, for found and current. */
static json_t *with_id(const json_t *record)
{
	json_t *data = json_object_get(record, "data"), *out = json_is_object(data) ? json_copy(data) : json_object();

	if (!json_object_get(out, "id"))
		json_object_set(out, "id", json_object_get(record, "id"));
	return out;
}

static bool agrees(struct map *p, const struct rule *r, const json_t *record, bool *unknown)
{
	bool truth;

	if (!r->agree)
		return true;
	p->e.found = with_id(record);
	truth = eval_true(&p->e, r->agree, unknown);
	json_decref(p->e.found);
	p->e.found = NULL;
	return truth;
}

static json_t *adopt_options(const json_t *records)
{
	json_t *list = json_array(), *other = eval_options("create skip"), *record;
	size_t i;

	json_array_foreach(records, i, record)
		json_array_append_new(list, option_with_id("adopt", record));
	json_array_extend(list, other);
	json_decref(other);
	return list;
}

static void take_target(struct map *p, const struct rule *r, const json_t *record)
{
	if (r->confidence < p->m->accept_at) {
		json_t *one = json_array();
		json_array_append_new(one, json_deep_copy(record));
		eval_fail(&p->e, OP_REVIEW, "unsure_match", adopt_options(one), "%s %s was found by its %s, which is sure by %u of 100",
			p->m->to->name, json_string_value(json_object_get(record, "id")), r->how, r->confidence);
		json_decref(one);
		return;
	}
	p->target = TARGET_UPDATE;
	p->target_id = json_string_value(json_object_get(record, "id"));
	p->adopted = true;
	p->rule = r;
}

/* What a rule has found: the one that agrees, or why not. */
static void weigh(struct map *p, const struct rule *r, const json_t *records)
{
	const json_t *one = NULL;
	size_t i, agreeing = 0;
	json_t *record;
	bool unknown = false;

	json_array_foreach(records, i, record)
		if (agrees(p, r, record, &unknown)) {
			agreeing++;
			one = record;
		}
	if (unknown) {
		p->target = TARGET_PENDING;
	} else if (agreeing == 1) {
		take_target(p, r, one);
	} else if (agreeing == 0) {
		eval_state(&p->e, r->else_, OP_REVIEW, "match_disagrees", adopt_options(records),
			"%zu %s with the same %s, but not the same otherwise", json_array_size(records), p->m->to->name, r->how);
	} else {
		eval_state(&p->e, p->m->on_many, OP_REVIEW, "many_matches", adopt_options(records), "%zu %s have the same %s",
			agreeing, p->m->to->name, r->how);
	}
}

/* The finds of all rules are asked for at once; the rules are weighed in their order. */
static void match(struct map *p)
{
	bool found = false, pending = false, looked = false;

	p->target = TARGET_CREATE;
	p->e.field = "match";
	for (size_t i = 0; i < p->m->rule_count && !found; i++) {
		const struct rule *r = &p->m->rules[i];
		bool unknown = false;
		json_t *by, *records;
		if (r->by_link)
			continue;
		looked = true;
		if (r->if_ && !eval_true(&p->e, r->if_, &unknown)) {
			pending |= unknown;
			continue;
		}
		by = eval_criteria(&p->e, &r->by, &unknown);
		pending |= unknown;
		if (!by)
			continue;
		records = eval_find(&p->e, p->m->to, false, by, p->m->match_take);
		if (!records) {
			pending = true;
		} else if (!pending && json_array_size(records)) {
			weigh(p, r, records);
			found = true;
		}
	}
	if (pending)
		p->target = TARGET_PENDING;
	if (found || pending)
		return;
	if (json_is_true(json_object_get(p->e.header, "doubt")) && !looked)
		eval_fail(&p->e, OP_REVIEW, "in_doubt", eval_options("create adopt skip"),
			"it may have been written before, and the mapping has no rule to look it up by");
	else if (!p->m->on_none && p->e.met_new)
		p->target = TARGET_LATER;
	else if (!p->m->on_none)
		eval_state(&p->e, p->m->on_none_state, OP_REVIEW, "no_match", eval_options("create adopt skip"),
			"%s has no %s like it", p->m->to->connector, p->m->to->name);
}

static void choose_target(struct map *p)
{
	const char *id = linked_id(p);

	if (chose(p, "again") || chose(p, "create")) {
		p->target = TARGET_CREATE;
	} else if (chose(p, "adopt") && json_is_string(json_object_get(p->e.choice, "id"))) {
		p->target = TARGET_UPDATE;
		p->target_id = json_string_value(json_object_get(p->e.choice, "id"));
		p->adopted = true;
	} else if (id) {
		const char *made = json_string_value(json_object_get(p->e.link, "made"));
		p->target = TARGET_UPDATE;
		p->target_id = id;
		p->adopted = made && strcmp(made, "created");
	} else {
		match(p);
	}
	p->e.own_id = p->target_id;
}

/* ---- the write --------------------------------------------------------------------------- */

static json_t *expectations(struct map *p, json_t *doc)
{
	json_t *all = json_array();
	char text[DECIMAL_TEXT_MAX];

	p->e.doc = doc;
	p->e.field = "expect";
	for (size_t i = 0; i < p->m->expect_count; i++) {
		const struct expectation *x = &p->m->expects[i];
		struct decimal d;
		json_t *one;
		if (x->if_ && !eval_true(&p->e, x->if_, NULL))
			continue;
		if (!value_number(eval_value(&p->e, x->equals), &d))
			continue;
		decimal_text(d, -1, text);
		one = json_object();
		json_object_set_new(one, "sum", json_deep_copy(x->sum));
		put(one, "equals", text);
		put(one, "cause", x->cause ? x->cause : "total_differs");
		json_array_append_new(all, one);
	}
	p->e.doc = NULL;
	return all;
}

static json_t *owned_members(const struct map *p)
{
	json_t *all = json_array();
	char path[200];

	for (size_t i = 0; i < p->m->fields.count; i++) {
		const struct field *f = &p->m->fields.rows[i];
		bool ours = document_owns(p->m, f->name);
		for (size_t j = 0; f->sub && j < f->sub->count && !ours; j++) {
			snprintf(path, sizeof path, "%s.%s", f->name, f->sub->rows[j].name);
			ours = document_owns(p->m, path);
		}
		if (ours)
			json_array_append_new(all, json_string(f->name));
	}
	return all;
}

static void write_verdict(struct map *p, const char *verb, const char *version, json_t *data, json_t *expect)
{
	json_t *write = json_object(), *all = json_array();

	verdict(p, "write", NULL, NULL);
	put(write, "verb", verb);
	put(write, "entity", p->m->to->name);
	put(write, "id", strcmp(verb, "create") ? p->target_id : NULL);
	put(write, "version", version);
	if (data)
		json_object_set_new(write, "data", data);
	json_object_set_new(write, "expect", expect ? expect : json_array());
	json_object_set_new(write, "own", owned_members(p));
	json_array_append_new(all, write);
	json_object_set_new(p->verdict, "writes", all);
}

static void nothing(struct map *p, const char *version, const char *why)
{
	json_t *link = json_object();

	verdict(p, "nothing", NULL, why);
	put(link, "id", p->target_id);
	put(link, "version", version);
	put(link, "entity", p->m->to->name);
	if (p->target_id)
		json_object_set_new(p->verdict, "link", link);
	else
		json_decref(link);
}

static void drop_nulls(json_t *o)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(o, next, name, value) {
		if (json_is_object(value))
			drop_nulls(value);
		if (json_is_null(value))
			json_object_del(o, name);
	}
}

static void create(struct map *p, json_t *doc)
{
	json_t *expect;

	drop_nulls(doc);
	document_complete(&p->e, doc);
	expect = expectations(p, doc);
	if (asking(p) || failed(p)) {
		json_decref(expect);
		return;
	}
	write_verdict(p, "create", NULL, json_deep_copy(doc), expect);
}

/* ---- update ------------------------------------------------------------------------------ */

static void gone(struct map *p, const char *how)
{
	json_t *options = eval_options("again forget adopt skip");

	eval_fail(&p->e, OP_REVIEW, "gone_in_target", options, "%s %s %s", p->m->to->name, p->target_id, how);
}

/* The target as it is now, in e.current (the caller's to release), its version; NULL: asked, or gone. */
static bool fetch_current(struct map *p, const char **version, bool *asked)
{
	json_t *record = eval_fetch(&p->e, p->m->to->name, false, p->target_id, asked);

	if (!record)
		return false;
	*version = json_string_value(json_object_get(record, "version"));
	p->e.current = with_id(record);
	return true;
}

static bool has_list(const struct mapping *m, const json_t *changes)
{
	for (size_t i = 0; i < m->to->count; i++)
		if (m->to->fields[i].type == MLC_LIST && json_object_get(changes, m->to->fields[i].name))
			return true;
	return false;
}

static const char *side_shown(struct map *p, const json_t *conflict, const char *side)
{
	struct value v = value_of(json_object_get(conflict, side));
	const char *text = value_is_empty(v) ? "nothing" : eval_shown(&p->e, v);
	size_t len = strnlen(text, SHOWN_MAX + 1);

	if (len <= SHOWN_MAX)
		return text;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80) /* not within a letter */
		len--;
	return eval_format(&p->e, "%.*s...", (int)len, text);
}

static void clashes(struct map *p, const json_t *conflicts)
{
	const char *fields = "", *first = json_string_value(json_object_get(json_array_get(conflicts, 0), "field"));
	json_t *options = eval_options("overwrite keep skip"), *one;
	size_t i;

	json_array_foreach(conflicts, i, one)
		fields = eval_format(&p->e, "%s%s%s (ours: %s, theirs: %s, before: %s)", fields, i ? ", " : "",
			json_string_value(json_object_get(one, "field")), side_shown(p, one, "ours"), side_shown(p, one, "theirs"),
			side_shown(p, one, "before"));
	json_array_foreach(options, i, one)
		json_object_set_new(one, "conflicts", json_deep_copy(conflicts));
	eval_fail(&p->e, OP_REVIEW, eval_format(&p->e, "conflict:%s", first), options,
		"%s was changed on both sides since we wrote it", fields);
}

/* May a document that stands there be changed?  Otherwise the reason is noted. */
static bool may_change(struct map *p, json_t *wanted)
{
	bool unknown = false, stop;

	if (chose(p, "post") || chose(p, "overwrite"))
		return true;
	p->e.doc = wanted;
	stop = p->m->unless && eval_true(&p->e, p->m->unless, &unknown);
	p->e.doc = NULL;
	if (stop)
		eval_state(&p->e, p->m->update_else, OP_REVIEW, "posted_changed", eval_options("post skip"),
			"it changed after it was posted, and what was posted should not be touched");
	else if (!unknown && is_closed(p, p->books_day))
		closed_period(p, p->books_day);
	return !stop && !unknown && !p->e.failure.verdict;
}

/* What we wanted of the source's record as it was when both sides last knew each other. */
static json_t *wanted_before(struct map *p)
{
	json_t *record = json_object_get(p->e.link, "source_seen"), *doc, *ask;
	const char *key;
	struct eval then;

	if (!json_is_object(record))
		return json_incref(json_object_get(p->e.link, "base")); /* dropped like a doc of our own */
	eval_init(&then, p->e.arena, p->e.flow, p->e.header, record);
	then.own_id = p->e.own_id;
	doc = document_make(&then, &p->m->fields, true, NULL);
	json_object_foreach(then.asks, key, ask)
		json_object_set(p->e.asks, key, ask); /* of then, which ends here */
	if (then.failure.verdict) { /* it could not be worked out today: what we wrote is the next best */
		json_decref(doc);
		doc = json_incref(json_object_get(p->e.link, "base")); /* as above */
	}
	eval_finish(&then);
	return doc;
}

static void recall(struct map *p)
{
	p->shared = json_is_true(json_object_get(p->e.header, "shared"));
	if (!linked_id(p) || !p->target_id || strcmp(linked_id(p), p->target_id))
		return;
	p->before = wanted_before(p);
	p->seen = json_object_get(p->e.link, "target_seen");
	if (!json_is_object(p->seen))
		p->seen = json_object_get(p->e.link, "base");
}

static void merge(struct map *p, json_t *wanted, const char *version)
{
	struct merge g = { .m = p->m, .before = p->before, .seen = p->seen, .current = p->e.current, .wanted = wanted,
		.only_empty = p->adopted && p->m->adopted == ADOPTED_ONLY_EMPTY && !(p->shared && p->seen),
		.decided = chose(p, "overwrite") || chose(p, "keep"),
		.both_ways = json_is_true(json_object_get(p->e.header, "both_ways")),
		.policy = chose(p, "overwrite") ? CONFLICT_OURS : chose(p, "keep") ? CONFLICT_THEIRS : p->m->on_conflict };
	json_t *nothing_known = json_object();

	merge_run(&g);
	if (json_array_size(g.conflicts))
		clashes(p, g.conflicts);
	else if (json_object_size(g.changes) == 0 ||
		(!g.before && p->m->touches && !merge_touches(p->m, nothing_known, g.changes, p->m->touches)))
		nothing(p, version, eval_format(&p->e, "%s %s holds it already", p->m->to->name, p->target_id));
	else if (may_change(p, wanted)) {
		json_t *expect = has_list(p->m, g.changes) ? expectations(p, wanted) : NULL;
		if (!asking(p) && !failed(p)) {
			write_verdict(p, "update", version, json_incref(g.changes), expect); /* decref below */
			expect = NULL;
		}
		json_decref(expect);
	}
	if (!p->verdict)
		(void)(asking(p) || failed(p));
	json_decref(nothing_known);
	json_decref(g.changes);
	json_decref(g.conflicts);
}

static void update(struct map *p, json_t *wanted)
{
	const char *version = NULL;
	bool known = json_object_size(p->before) > 0, asked = false, unknown = false;

	if (known && !chose(p, "overwrite") && !chose(p, "post") && !merge_touches(p->m, p->before, wanted, p->m->touches)) {
		nothing(p, json_string_value(json_object_get(p->e.link, "version")), "nothing of what is ours has changed");
		return;
	}
	if (linked_id(p) && p->m->write_once) {
		nothing(p, json_string_value(json_object_get(p->e.link, "version")), "it is written once only");
		return;
	}
	if (!fetch_current(p, &version, &asked)) {
		if (!asked)
			gone(p, "is not there any more");
		(void)(asking(p) || failed(p));
		return;
	}
	if (p->m->gone && eval_true(&p->e, p->m->gone, &unknown))
		gone(p, "was voided there");
	if (p->shared) {
		p->current = json_object();
		put(p->current, "version", version);
		json_object_set(p->current, "data", p->e.current); /* the verdict's from here on */
	}
	if (!(asking(p) || failed(p))) {
		if (p->adopted && p->m->adopted == ADOPTED_NONE && !(p->shared && p->seen))
			nothing(p, version, "it was there before us, and is left as it is");
		else
			merge(p, wanted, version);
	}
	json_decref(p->e.current);
	p->e.current = NULL;
}

/* ---- the end of a record ----------------------------------------------------------------- */

static void remove_target(struct map *p, const char *verb, const char *version)
{
	if (p->m->is_money && p->e.record && !p->day)
		when_it_is(p);
	if (is_closed(p, p->books_day) && !chose(p, verb))
		closed_period(p, p->books_day);
	if (!asking(p) && !failed(p))
		write_verdict(p, verb, version, NULL, NULL);
}

/* Closed, deactivated: an update for the target, and for whoever counts how much comes to an end. */
static void mark_as_ending(struct map *p)
{
	json_object_set_new(json_array_get(json_object_get(p->verdict, "writes"), 0), "ends", json_true());
}

static void write_ending(struct map *p, const char *version)
{
	json_t *doc = document_make(&p->e, p->m->delete_fields, false, NULL), *changes = json_object(), *value;
	const char *name;

	json_object_foreach(doc, name, value)
		if (!merge_same(schema_field(p->m->to, name), value, json_object_get(p->e.current, name), false))
			json_object_set(changes, name, value); /* of doc, which dies here */
	json_decref(doc);
	if (asking(p) || failed(p)) {
		json_decref(changes);
	} else if (json_object_size(changes)) {
		write_verdict(p, "update", version, changes, NULL);
		mark_as_ending(p);
	} else {
		json_decref(changes);
		nothing(p, version, "it stands there so already");
	}
}

static void end_there(struct map *p, const char *version)
{
	const char *can = p->m->to->flags & MLC_VOID ? "void" : p->m->to->flags & MLC_DELETE ? "delete" : NULL;
	bool unknown = false;

	if (p->m->gone && eval_true(&p->e, p->m->gone, &unknown))
		nothing(p, version, "it was voided there already");
	else if (can && chose(p, can))
		remove_target(p, can, version);
	else if (p->m->void_if && eval_true(&p->e, p->m->void_if, &unknown))
		remove_target(p, "void", version);
	else if (p->m->delete_if && eval_true(&p->e, p->m->delete_if, &unknown))
		remove_target(p, "delete", version);
	else if (p->m->delete_fields && !unknown)
		write_ending(p, version);
	else if (!unknown)
		eval_state(&p->e, p->m->delete_else, OP_REVIEW, "deleted_after_post",
			eval_options(can ? (*can == 'v' ? "void skip" : "delete skip") : "skip"),
			"it was deleted or cancelled after it was written to %s %s", p->m->to->name, p->target_id);
	if (!p->verdict)
		(void)(asking(p) || failed(p));
}

/* True: the record has come to its end, and the verdict says what follows. */
static bool ended(struct map *p, bool deleted)
{
	bool unknown = false, asked = false;
	const char *version = NULL;

	if (!deleted && !(p->m->delete_when && p->e.record && eval_true(&p->e, p->m->delete_when, &unknown)))
		return unknown && (asking(p) || failed(p));
	if (!linked_id(p)) {
		verdict(p, "skip", deleted ? "deleted" : "cancelled", deleted ? "it was deleted before anything was written" :
			"it was cancelled before anything was written");
		return true;
	}
	p->target_id = linked_id(p);
	if (p->m->leaves_deleted) {
		verdict(p, "skip", "left_alone", "it was deleted; what was written stays");
		return true;
	}
	if (!fetch_current(p, &version, &asked)) {
		if (asked)
			asking(p);
		else
			nothing(p, NULL, "it is gone there already");
		return true;
	}
	end_there(p, version);
	json_decref(p->e.current);
	p->e.current = NULL;
	return true;
}

/* ---- looked at again --------------------------------------------------------------------- */

/* A value may be one or several: the i-th. */
static bool nth(struct value v, size_t i, struct value *one)
{
	bool several = v.kind == VALUE_LIST || v.kind == VALUE_JSON;

	if (i >= (several ? value_count(v) : 1))
		return false;
	*one = several ? value_row(v, i) : v;
	return true;
}

static void again_one(struct map *p, struct value v)
{
	const char *today = json_string_value(json_object_get(p->e.header, "today")), *text;
	const char *now = json_string_value(json_object_get(p->e.header, "now"));
	int64_t now_ms = 0, at_ms;
	size_t len;

	if (value_is_empty(v))
		return;
	if (!value_as_text(p->e.arena, v, &text, &len) || !when_parse(text, &at_ms)) {
		eval_fail(&p->e, OP_HOLD, "bad_value:again_at", NULL, "'%.60s' is no day and no instant", eval_shown(&p->e, v));
		return;
	}
	if (now)
		when_parse(now, &now_ms);
	if (!when_is_day(text)) {
		if (at_ms > now_ms && (!p->again_ms || at_ms < p->again_ms))
			p->again_ms = at_ms;
	} else if (today && strcmp(text, today) > 0 && (!p->again_day || strcmp(text, p->again_day) < 0)) {
		p->again_day = eval_format(&p->e, "%s", text);
	}
}

/* The next of the times at which it has to be looked at although nothing happens. */
static void when_again(struct map *p)
{
	struct value v, one;

	if (!p->m->again_at || !p->e.record)
		return;
	p->again_day = NULL;
	p->again_ms = 0;
	p->e.field = "again_at";
	v = eval_value(&p->e, p->m->again_at);
	if (v.kind == VALUE_UNKNOWN)
		return; /* asked for, or failed and said so */
	for (size_t i = 0; nth(v, i, &one); i++)
		again_one(p, one);
}

static const struct stirring *stirring_of(const struct mapping *m, const char *entity)
{
	for (size_t i = 0; entity && i < m->again_on_count; i++)
		if (!strcmp(m->again_on[i].entity->name, entity))
			return &m->again_on[i];
	return NULL;
}

const struct stirring *map_stirs(const struct mapping *m, const json_t *header)
{
	const char *entity = json_string_value(json_object_get(json_object_get(header, "source"), "entity"));

	return entity && strcmp(entity, m->from->name) ? stirring_of(m, entity) : NULL;
}

/* The ids that a record names to be looked at, as texts. */
static json_t *named_ids(struct map *p, const struct stirring *s)
{
	json_t *ids = json_array();
	struct value v, one;
	const char *text;
	size_t len;

	p->e.field = "again_on";
	v = p->e.record ? eval_value(&p->e, s->ids) : value_none();
	for (size_t i = 0; nth(v, i, &one); i++)
		if (!value_is_empty(one) && value_as_text(p->e.arena, one, &text, &len))
			json_array_append_new(ids, json_stringn(text, len));
	return ids;
}

/* Another record has changed, and with it those that it names. */
static void look_at_others(struct map *p, const struct stirring *s)
{
	json_t *ids = named_ids(p, s);

	p->label = eval_format(&p->e, "%s %s", s->entity->name,
		json_string_value(json_object_get(json_object_get(p->e.header, "source"), "id")));
	if (!asking(p) && !failed(p)) {
		verdict(p, "look", NULL, NULL);
		json_object_set_new(p->verdict, "entity", json_string(p->m->from->name));
		json_object_set(p->verdict, "ids", ids); /* ours goes right below */
	}
	json_decref(ids);
}

/* What happens to a record of the mapping's own entity may be news of the one above it, whatever becomes of itself. */
static void look_above(struct map *p)
{
	const struct stirring *s = stirring_of(p->m, p->m->from->name);
	json_t *ids = s ? named_ids(p, s) : NULL;

	if (json_array_size(ids) > 0)
		json_object_set(p->verdict, "above", ids); /* ours goes right below */
	json_decref(ids);
}

/* ---- the way ----------------------------------------------------------------------------- */

static void work_out(struct map *p)
{
	struct origins origins = { NULL };
	struct value total = value_none();
	bool updates = p->target == TARGET_UPDATE || p->target == TARGET_LATER;
	char text[DECIMAL_TEXT_MAX];
	struct decimal d;
	json_t *doc;

	if (json_is_true(json_object_get(p->e.header, "origins")))
		origins.list = p->origins = json_object();
	doc = document_make(&p->e, &p->m->fields, updates, origins.list ? &origins : NULL);
	if (!updates || !p->m->fix_list || json_object_get(doc, p->m->fix_list))
		document_balance(&p->e, doc, &total);
	if (p->view) {
		p->view->doc = json_incref(doc); /* a test compares with it */
		if (value_number(total, &d)) {
			decimal_text(d, -1, text);
			snprintf(p->view->total, sizeof p->view->total, "%s", text);
		}
	}
	when_again(p);
	recall(p);
	if (!asking(p) && !failed(p)) {
		if (p->target == TARGET_UPDATE)
			update(p, doc);
		else if (p->target == TARGET_LATER)
			nothing(p, NULL, "what it belongs to would be made first");
		else if (p->target == TARGET_CREATE)
			create(p, doc);
	}
	json_decref(doc);
	json_decref(p->before);
	p->before = NULL;
}

/* What is not accepted today may be tomorrow; but nothing is asked for its sake. */
static void again_aside(struct map *p)
{
	struct map aside = { .m = p->m };

	eval_init(&aside.e, p->e.arena, p->e.flow, p->e.header, p->e.record);
	when_again(&aside);
	if (!aside.e.failure.verdict && json_object_size(aside.e.asks) == 0) {
		p->again_day = aside.again_day;
		p->again_ms = aside.again_ms;
	}
	eval_finish(&aside.e);
}

static void go(struct map *p)
{
	json_t *source = json_object_get(p->e.header, "source");
	bool deleted = json_is_true(json_object_get(source, "deleted"));

	introduce(p);
	if (chose(p, "forget") || chose(p, "skip")) {
		verdict(p, "skip", chose(p, "forget") ? "forgotten" : "let_go", "a person decided so");
		return;
	}
	if (json_is_true(json_object_get(source, "nameless"))) {
		eval_state(&p->e, NULL, OP_REVIEW, "no_id", eval_options("skip"), "it came without an id, so nothing can be made of it: "
			"mend it there, and it comes again by itself; then let this one go");
		failed(p);
		return;
	}
	if (ended(p, deleted))
		return;
	if (!accepted(p)) {
		(void)(asking(p) || failed(p));
		again_aside(p);
		return;
	}
	requirements_are_met(p);
	if (p->m->is_money)
		check_money(p, !linked_id(p));
	if (failed(p))
		return;
	choose_target(p);
	if (failed(p))
		return;
	eval_ensure_all(&p->e);
	work_out(p);
}

json_t *map_record(struct arena *arena, const struct flow *flow, const json_t *header, json_t *record,
	struct map_view *view)
{
	struct map p = { .m = flow->m, .view = view };

	if (view)
		memset(view, 0, sizeof *view);
	eval_init(&p.e, arena, flow, header, json_is_object(record) ? record : NULL);
	if (map_stirs(p.m, header))
		look_at_others(&p, map_stirs(p.m, header));
	else
		go(&p);
	if (!p.verdict)
		verdict(&p, "hold", "mapping_failed", "the mapping came to no end: tell its author");
	if (!map_stirs(p.m, header))
		look_above(&p);
	if (p.current)
		json_object_set_new(p.verdict, "current", p.current);
	put(p.verdict, "label", p.label);
	put(p.verdict, "identity", p.identity);
	put(p.verdict, "amount", p.amount);
	put(p.verdict, "currency", p.currency);
	put(p.verdict, "date", p.day);
	put(p.verdict, "again_day", p.again_day);
	if (p.again_ms) {
		char at[WHEN_SIZE];
		when_text(p.again_ms, at);
		put(p.verdict, "again_at", at);
	}
	if (p.rule) {
		json_t *how = json_object();
		put(how, "how", p.rule->how);
		json_object_set_new(how, "confidence", json_integer(p.rule->confidence));
		json_object_set_new(p.verdict, "match", how);
	}
	if (p.origins && (!strcmp(json_string_value(json_object_get(p.verdict, "verdict")), "write")))
		json_object_set(p.verdict, "origins", p.origins); /* ours goes right below */
	json_decref(p.origins);
	eval_finish(&p.e);
	return p.verdict;
}
