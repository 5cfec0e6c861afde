/* layer.c - inheritance: a shipped mapping, and on it what a tenant's override says. */
#include "layer.h"

#include "base/err.h"
#include "script/problem.h"

#include <stdlib.h>
#include <string.h>

struct layer {
	struct arena *arena;
	json_t *problems;
};

static const struct section {
	const char *name;
	enum { WHOLE = 1, BY_MEMBER, PARAMS, TABLES, FIELDS, TESTS } how;
} sections[] = {
	{ "params", PARAMS }, { "tables", TABLES }, { "fields", FIELDS }, { "needs", BY_MEMBER }, { "tests", TESTS },
	{ "again_on", BY_MEMBER }, { "again_at", WHOLE }, { "accept", WHOLE }, { "match", WHOLE }, { "balance", WHOLE }, { "expect", WHOLE }, { "owns", WHOLE },
	{ "both_ways", WHOLE }, { "on_conflict", WHOLE }, { "on_update", WHOLE }, { "on_delete", WHOLE },
	{ "label", WHOLE }, { "title", WHOLE }, { "requires", WHOLE }, { "money", WHOLE }, { "enabled", WHOLE },
};
#define SECTION_COUNT (sizeof sections / sizeof sections[0])

size_t layer_id_length(const char *over)
{
	const char *at = strrchr(over, '@');

	return at ? (size_t)(at - over) : strlen(over);
}

bool layer_meant(const char *over, const char *id, const char *version)
{
	size_t len = layer_id_length(over);
	const char *want = over[len] ? over + len + 1 : "";

	if (strlen(id) != len || memcmp(id, over, len))
		return false;
	if (!*want)
		return true;
	if (*want != '^')
		return strcmp(want, version) == 0;
	return strtoul(want + 1, NULL, 10) == strtoul(version, NULL, 10);
}

static void *take(struct layer *l, size_t size)
{
	void *p = arena_alloc(l->arena, size);

	must(p); /* no ceiling: files and nodes have */
	return p;
}

static struct node *copy(struct layer *l, const struct node *n, unsigned more)
{
	struct node *out = take(l, sizeof *out);

	*out = *n;
	out->members = take(l, (n->member_count + more + 1) * sizeof *out->members);
	if (n->member_count)
		memcpy(out->members, n->members, n->member_count * sizeof *out->members);
	return out;
}

static struct member *find(struct node *n, const char *name)
{
	for (unsigned i = 0; i < n->member_count; i++)
		if (strcmp(n->members[i].name, name) == 0)
			return &n->members[i];
	return NULL;
}

static void put(struct node *n, const struct member *m)
{
	struct member *there = find(n, m->name);

	if (there)
		*there = *m;
	else
		n->members[n->member_count++] = *m;
}

static void take_out(struct node *n, const char *name)
{
	struct member *m = find(n, name);

	memmove(m, m + 1, (size_t)(n->members + n->member_count - (m + 1)) * sizeof *m);
	n->member_count--;
}

static bool exists(struct layer *l, struct node *base, const struct node *over, const struct member *m, const char *what)
{
	struct likely likely;
	char hint[96];

	if (find(base, m->name))
		return true;
	likely_init(&likely, m->name);
	for (unsigned i = 0; i < base->member_count; i++)
		likely_offer(&likely, base->members[i].name);
	problem_add(l->problems, over->script->path, m->line, likely_hint(&likely, hint, sizeof hint),
		"the mapping has no %s '%s' to override", what, m->name);
	return false;
}

static bool is_object(const struct node *n)
{
	return n->op == OP_TABLE && n->member_count && !n->kid_count;
}

/* Member by member; deep: objects in objects likewise. */
static struct node *merge(struct layer *l, const struct node *base, const struct node *over, const char *what, bool deep)
{
	struct node *out = copy(l, base, over->member_count);

	for (unsigned i = 0; i < over->member_count; i++) {
		struct member m = over->members[i];
		struct member *there = find(out, m.name);
		if (m.value->op == OP_DROP) {
			if (exists(l, out, over, &m, what))
				take_out(out, m.name);
			continue;
		}
		if (deep && there && is_object(there->value) && is_object(m.value))
			m.value = merge(l, there->value, m.value, what, true);
		put(out, &m);
	}
	return out;
}

static struct node *merge_tables(struct layer *l, const struct node *base, const struct node *over)
{
	struct node *out = copy(l, base, 0);

	for (unsigned i = 0; i < over->member_count; i++) {
		struct member m = over->members[i];
		if (!exists(l, out, over, &m, "table"))
			continue;
		m.value = merge(l, find(out, m.name)->value, m.value, "line", false);
		put(out, &m);
	}
	return out;
}

/* A value for a parameter takes the place of its default. */
static struct node *merge_params(struct layer *l, const struct node *base, const struct node *over)
{
	struct node *out = copy(l, base, 0);

	for (unsigned i = 0; i < over->member_count; i++) {
		struct member m = over->members[i];
		if (!exists(l, out, over, &m, "param"))
			continue;
		struct member *there = find(out, m.name);
		struct node *spec = copy(l, there->value, 1);
		if (m.value->op == OP_DROP) {
			if (find(spec, "default"))
				take_out(spec, "default");
		} else {
			struct member preset = { "default", m.value, m.line, m.order };
			put(spec, &preset);
		}
		there->value = spec;
	}
	return out;
}

static void apply_section(struct layer *l, struct node *root, const struct node *over, const struct member *m,
	const struct section *s)
{
	static const struct node empty = { .op = OP_TABLE };
	const struct node *base = node_get(root, m->name);
	struct member merged = *m;

	if (s->how != WHOLE && s->how != TESTS && m->value->op != OP_TABLE) {
		problem_add(l->problems, over->script->path, m->line, NULL, "%s wants { ... }", m->name);
		return;
	}
	switch (s->how) {
	case WHOLE:
		break;
	case BY_MEMBER:
		merged.value = merge(l, base ? base : &empty, m->value, !strcmp(m->name, "needs") ? "need" : "record", false);
		break;
	case FIELDS:
		merged.value = merge(l, base ? base : &empty, m->value, "field", true);
		break;
	case PARAMS:
		merged.value = merge_params(l, base ? base : &empty, m->value);
		break;
	case TABLES:
		merged.value = merge_tables(l, base ? base : &empty, m->value);
		break;
	case TESTS:
		return;
	}
	put(root, &merged);
}

const struct node *layer_apply(struct arena *arena, const struct node *base, const struct node *over, json_t *problems)
{
	struct layer l = { arena, problems };
	struct node *root = copy(&l, base, over->member_count);

	for (unsigned i = 0; i < over->member_count; i++) {
		const struct member *m = &over->members[i];
		struct likely likely;
		char hint[96];
		size_t s = 0;
		likely_init(&likely, m->name);
		while (s < SECTION_COUNT && strcmp(sections[s].name, m->name))
			likely_offer(&likely, sections[s++].name);
		if (s < SECTION_COUNT)
			apply_section(&l, root, over, m, &sections[s]);
		else
			problem_add(problems, over->script->path, m->line, likely_hint(&likely, hint, sizeof hint),
				"an override cannot change '%s'", m->name);
	}
	return root;
}
