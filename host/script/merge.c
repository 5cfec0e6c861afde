/* merge.c - what we want and wanted before, what stood there then and stands there now: what to change. */
#include "merge.h"

#include "base/decimal.h"
#include "script/document.h"
#include "script/letters.h"
#include "script/value.h"

#include <stdio.h>
#include <string.h>

#define PATH_ROOM 200

static bool is_empty(json_t *v)
{
	return value_is_empty(value_of(v));
}

/* ---- sameness ---------------------------------------------------------------------------- */

static bool same_text(json_t *a, json_t *b)
{
	return json_is_string(a) && json_is_string(b) && strcmp(json_string_value(a), json_string_value(b)) == 0;
}

static bool same_reference(json_t *a, json_t *b)
{
	json_t *a_id = json_object_get(a, "id"), *b_id = json_object_get(b, "id");
	const char *a_name = json_string_value(json_object_get(a, "name")), *b_name = json_string_value(json_object_get(b, "name"));

	if (json_is_string(a_id) && json_is_string(b_id))
		return same_text(a_id, b_id);
	return a_name && b_name && letters_same(a_name, strlen(a_name), b_name, strlen(b_name));
}

static bool same_object(const struct schema_entity *e, json_t *a, json_t *b, bool whole)
{
	const char *name;
	json_t *value;

	if (!json_is_object(a) || !json_is_object(b))
		return false;
	json_object_foreach(a, name, value)
		if (!merge_same(schema_field(e, name), value, json_object_get(b, name), whole))
			return false;
	if (!whole)
		return true;
	json_object_foreach(b, name, value)
		if (!json_object_get(a, name) && !is_empty(value))
			return false;
	return true;
}

static bool same_list(const struct schema_entity *e, json_t *a, json_t *b, bool whole)
{
	size_t i;
	json_t *row;

	if (!json_is_array(a) || !json_is_array(b) || json_array_size(a) != json_array_size(b))
		return false;
	json_array_foreach(a, i, row) {
		json_t *other = json_array_get(b, i);
		if (json_is_object(row) ? !same_object(e, row, other, whole) : !merge_same(NULL, row, other, whole))
			return false;
	}
	return true;
}

/* In a field that no table knows: "12.30" was written, and 12.3 is what the remote gives back. */
static bool same_amount(json_t *a, json_t *b)
{
	struct decimal x, y;
	const char *left = json_string_value(a), *right = json_string_value(b);

	return left && right && (strchr(left, '.') || strchr(right, '.')) && value_number(value_of(a), &x)
		&& value_number(value_of(b), &y) && decimal_cmp(x, y) == 0;
}

bool merge_same(const struct schema_field *f, json_t *a, json_t *b, bool whole)
{
	struct decimal x, y;

	if (is_empty(a) || is_empty(b))
		return is_empty(a) && is_empty(b);
	if (f && f->type == MLC_REF)
		return same_reference(a, b);
	if ((f && (f->type == MLC_DECIMAL || f->type == MLC_INTEGER)) || json_is_integer(a) || json_is_integer(b))
		return value_number(value_of(a), &x) && value_number(value_of(b), &y) && decimal_cmp(x, y) == 0;
	if (json_is_array(a))
		return same_list(f ? f->entity : NULL, a, b, whole);
	if (json_is_object(a))
		return same_object(f ? f->entity : NULL, a, b, whole);
	return json_equal(a, b) || (!f && same_amount(a, b));
}

/* ---- one member -------------------------------------------------------------------------- */

enum move { MOVE_LEAVE, MOVE_WRITE, MOVE_CLASH };

/* A member, or an object: as we want it and wanted it before, as it stood then and stands now. */
struct four {
	json_t *wanted, *before, *seen, *current;
};

static enum move clash(const struct merge *g, const char *path)
{
	enum conflict policy = g->policy;

	for (size_t i = 0; !g->decided && i < g->m->both_way_count; i++)
		if (strcmp(g->m->both_ways[i].name, path) == 0 && (g->both_ways || g->m->both_ways[i].said))
			policy = g->m->both_ways[i].policy;
	return policy == CONFLICT_OURS ? MOVE_WRITE : policy == CONFLICT_THEIRS ? MOVE_LEAVE : MOVE_CLASH;
}

/*               current as seen        current changed
 * wanted as before     leave               leave (theirs stays)
 * wanted changed       write               leave when both changed to the same, else clash
 * wanted gone          erase               leave (theirs stays)                               */
static enum move decide(const struct merge *g, const struct schema_field *f, const char *path, const struct four *of)
{
	if (json_is_null(of->wanted)) /* the mapping says clear */
		return is_empty(of->current) ? MOVE_LEAVE : MOVE_WRITE;
	if (!of->wanted)
		return is_empty(of->before) || is_empty(of->current) || !merge_same(f, of->seen, of->current, false) ? MOVE_LEAVE :
			MOVE_WRITE;
	if (merge_same(f, of->wanted, of->current, false))
		return MOVE_LEAVE;
	if (g->only_empty)
		return is_empty(of->current) ? MOVE_WRITE : MOVE_LEAVE;
	if (!of->before && !of->seen)
		return MOVE_WRITE;
	if (of->before && merge_same(f, of->wanted, of->before, true))
		return MOVE_LEAVE;
	return merge_same(f, of->seen, of->current, false) ? MOVE_WRITE : clash(g, path);
}

static json_t *copy_or_null(json_t *v)
{
	return v ? json_deep_copy(v) : json_null();
}

static void note_clash(struct merge *g, const char *path, json_t *ours, json_t *theirs, json_t *before)
{
	json_t *one = json_object();

	json_object_set_new(one, "field", json_string(path));
	json_object_set_new(one, "ours", copy_or_null(ours));
	json_object_set_new(one, "theirs", copy_or_null(theirs));
	json_object_set_new(one, "before", copy_or_null(before));
	json_array_append_new(g->conflicts, one);
}

/* "tags.qbo_*" among owns: the pattern "qbo_*" for the list "tags"; NULL: the list is ours as a whole. */
static const char *part_owned(const struct mapping *m, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; m->owns && m->owns[i]; i++)
		if (strncmp(m->owns[i], path, len) == 0 && m->owns[i][len] == '.' && strcmp(m->owns[i] + len, ".*"))
			return m->owns[i] + len + 1;
	return NULL;
}

static bool has_text(const json_t *list, const char *text)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (json_is_string(one) && strcmp(json_string_value(one), text) == 0)
			return true;
	return false;
}

/* A list that is ours in part: theirs stay, ours are as we want them. */
static json_t *list_in_part(const char *pattern, const json_t *current, const json_t *wanted, bool *differs)
{
	json_t *out = json_array(), *one;
	size_t i;

	*differs = false;
	json_array_foreach(current, i, one) {
		const char *text = json_string_value(one);
		bool ours = text && letters_match(text, strlen(text), pattern, strlen(pattern));
		if (!ours || has_text(wanted, text))
			json_array_append_new(out, json_deep_copy(one));
		else
			*differs = true;
	}
	json_array_foreach(wanted, i, one) {
		const char *text = json_string_value(one);
		if (text && !has_text(current, text)) {
			json_array_append_new(out, json_deep_copy(one));
			*differs = true;
		}
	}
	return out;
}

/* ---- objects ----------------------------------------------------------------------------- */

struct level {
	const struct schema_entity *entity;
	struct four of;
};

static struct four member_of(const struct four *of, const char *name)
{
	return (struct four){ json_object_get(of->wanted, name), json_object_get(of->before, name),
		json_object_get(of->seen, name), json_object_get(of->current, name) };
}

static bool changes_object(struct merge *g, const struct level *at, char *path, json_t *out);

static bool change_member(struct merge *g, const struct level *at, const char *name, char *path, json_t *out)
{
	const struct schema_field *f = schema_field(at->entity, name);
	struct four of = member_of(&at->of, name);
	const char *pattern;
	bool differs;

	if (f && (f->flags & (MLC_READONLY | MLC_IMMUTABLE)))
		return false;
	if ((json_is_object(of.wanted) || (!of.wanted && json_is_object(of.before))) && !(f && f->type == MLC_REF)) {
		struct level inner = { f ? f->entity : NULL, of };
		json_t *sub = json_object();
		if (changes_object(g, &inner, path, sub)) {
			json_object_set_new(out, name, sub);
			return true;
		}
		json_decref(sub);
		return false;
	}
	if (!document_owns(g->m, path))
		return false;
	pattern = json_is_array(of.wanted) ? part_owned(g->m, path) : NULL;
	if (pattern) {
		json_t *list = list_in_part(pattern, of.current, of.wanted, &differs);
		if (differs)
			json_object_set_new(out, name, list);
		else
			json_decref(list);
		return differs;
	}
	switch (decide(g, f, path, &of)) {
	case MOVE_LEAVE:
		return false;
	case MOVE_WRITE:
		json_object_set_new(out, name, copy_or_null(of.wanted));
		return true;
	case MOVE_CLASH:
		note_clash(g, path, of.wanted, of.current, of.seen);
		return false;
	}
	return false;
}

/* An object of which one member changes is sent with all that we want in it: whether a remote takes an
 * address member by member or as a whole, it then holds the same. */
static void complete(const struct merge *g, const struct level *at, const char *path, json_t *out)
{
	char inner[PATH_ROOM];
	const char *name;
	json_t *value;

	json_object_foreach(at->of.wanted, name, value) {
		json_t *theirs = json_object_get(at->of.current, name);
		snprintf(inner, sizeof inner, "%s.%s", path, name);
		if (json_object_get(out, name) || !document_owns(g->m, inner))
			continue;
		json_object_set_new(out, name, json_deep_copy(is_empty(theirs) ? value : theirs));
	}
}

static bool changes_object(struct merge *g, const struct level *at, char *path, json_t *out)
{
	size_t len = strlen(path);
	bool any = false;
	const char *name;
	json_t *value;

	json_object_foreach(at->of.wanted, name, value) {
		snprintf(path + len, PATH_ROOM - len, "%s%s", len ? "." : "", name);
		any |= change_member(g, at, name, path, out);
		path[len] = 0;
	}
	json_object_foreach(at->of.before, name, value) { /* wanted once, and no more */
		if (json_object_get(at->of.wanted, name))
			continue;
		snprintf(path + len, PATH_ROOM - len, "%s%s", len ? "." : "", name);
		any |= change_member(g, at, name, path, out);
		path[len] = 0;
	}
	if (any && len)
		complete(g, at, path, out);
	return any;
}

void merge_run(struct merge *g)
{
	struct level top = { g->m->to, { g->wanted, g->before, g->seen, g->current } };
	char path[PATH_ROOM] = "";

	g->changes = json_object();
	g->conflicts = json_array();
	changes_object(g, &top, path, g->changes);
}

static bool is_among(const char *const *names, const char *path)
{
	for (; *names; names++) {
		size_t len = strlen(*names);
		if (strncmp(*names, path, len) == 0 && (path[len] == 0 || path[len] == '.'))
			return true;
	}
	return false;
}

static bool touches(const struct mapping *m, const struct level *at, const char *const *names, char *path)
{
	size_t len = strlen(path);
	const char *name;
	json_t *value;
	bool any = false;

	for (int from_before = 0; from_before < 2 && !any; from_before++)
		json_object_foreach(from_before ? at->of.before : at->of.wanted, name, value) {
			const struct schema_field *f = schema_field(at->entity, name);
			struct level inner = { f ? f->entity : NULL, member_of(&at->of, name) };
			if ((from_before && inner.of.wanted) || (f && (f->flags & (MLC_READONLY | MLC_IMMUTABLE))))
				continue;
			snprintf(path + len, PATH_ROOM - len, "%s%s", len ? "." : "", name);
			if (json_is_object(value) && !(f && f->type == MLC_REF))
				any |= touches(m, &inner, names, path);
			else if (document_owns(m, path) && (!names || is_among(names, path)))
				any |= !merge_same(f, inner.of.wanted, inner.of.before, true);
			path[len] = 0;
		}
	return any;
}

bool merge_touches(const struct mapping *m, json_t *before, json_t *wanted, const char *const *names)
{
	struct level top = { m->to, { .wanted = wanted, .before = before } };
	char path[PATH_ROOM] = "";

	return touches(m, &top, names, path);
}
