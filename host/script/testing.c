/* testing.c - the tests that a mapping carries, run as the host would run its records. */
#include "testing.h"

#include "base/json.h"
#include "script/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 8
#define WHY_MAX    600

struct test {
	const struct mapping *m;
	json_t *with;    /* all members, like and defaults resolved */
	json_t *answers; /* so far */
	char why[WHY_MAX];
	bool failed;
};

/* ---- what a test says, as JSON ----------------------------------------------------------- */

/* none becomes null; an empty { } a list, which is as empty as an object. */
static json_t *plain(const struct node *n)
{
	json_t *out;

	if (n->op == OP_CONST)
		return json_deep_copy(n->constant);
	if (n->op != OP_TABLE && n->op != OP_LIST)
		return json_null();
	if (n->member_count == 0) {
		out = json_array();
		for (unsigned i = 0; i < n->kid_count; i++)
			json_array_append_new(out, plain(n->kids[i]));
		return out;
	}
	out = json_object();
	for (unsigned i = 0; i < n->member_count; i++)
		json_object_set_new(out, n->members[i].name, plain(n->members[i].value));
	return out;
}

static void set_at(json_t *o, const char *path, json_t *value)
{
	const char *dot = strchr(path, '.');
	char name[128];
	json_t *inner;

	if (!dot) {
		if (json_is_null(value))
			json_object_del(o, path);
		else
			json_object_set(o, path, value); /* of the test, which lives on */
		return;
	}
	snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
	inner = json_object_get(o, name);
	if (!json_is_object(inner)) {
		inner = json_object();
		json_object_set_new(o, name, inner);
	}
	set_at(inner, dot + 1, value);
}

static const struct node *tests_of(const struct script *s)
{
	return s && s->root ? node_get(s->root, "tests") : NULL;
}

static const char *name_of(const struct node *test)
{
	const struct node *name = node_get(test, "name");

	return node_is_text(name) ? name->text : "(no name)";
}

static const struct node *liked(const struct mapping *m, const struct node *like)
{
	const struct script *layers[] = { m->over, m->script };

	for (size_t i = 0; i < 2; i++) {
		const struct node *tests = tests_of(layers[i]);
		json_int_t place = like->op == OP_CONST ? json_integer_value(like->constant) : 0;
		/* a number counts among the tests of the mapping itself */
		if (tests && place >= 1 && layers[i] == m->script && place <= (json_int_t)tests->kid_count)
			return tests->kids[place - 1];
		for (unsigned j = 0; tests && node_is_text(like) && j < tests->kid_count; j++)
			if (strcmp(name_of(tests->kids[j]), like->text) == 0)
				return tests->kids[j];
	}
	return NULL;
}

static bool is_own(const char *name)
{
	return strcmp(name, "like") == 0 || strcmp(name, "change") == 0 || strcmp(name, "expect") == 0;
}

/* The test's members over those of the test that it is like. */
static bool resolve(struct test *t, const struct node *n, json_t *into, int depth)
{
	const struct node *like = node_get(n, "like"), *change = node_get(n, "change"), *base;

	if (like) {
		base = depth < 16 ? liked(t->m, like) : NULL;
		if (!base || base == n) {
			snprintf(t->why, sizeof t->why, "there is no test that it could be like");
			return false;
		}
		if (!resolve(t, base, into, depth + 1))
			return false;
	}
	for (unsigned i = 0; i < n->member_count; i++)
		if (!is_own(n->members[i].name))
			json_object_set_new(into, n->members[i].name, plain(n->members[i].value));
	if (change) {
		json_t *changes = plain(change), *given = json_object_get(into, "given"), *value;
		const char *path;
		json_object_foreach(changes, path, value)
			set_at(given, path, value);
		json_decref(changes);
	}
	return true;
}

static void add_defaults(struct test *t, const struct script *s)
{
	const struct node *defaults = node_get(tests_of(s), "defaults");

	for (unsigned i = 0; defaults && i < defaults->member_count; i++)
		json_object_set_new(t->with, defaults->members[i].name, plain(defaults->members[i].value));
}

/* ---- what stands in for both systems ----------------------------------------------------- */

static json_t *record_of(json_t *what, const json_t *by)
{
	json_t *r = json_object(), *data;

	if (json_is_string(what) || json_is_integer(what)) {
		char id[32];
		snprintf(id, sizeof id, "%lld", (long long)json_integer_value(what));
		json_put_text(r, "id", json_is_string(what) ? json_string_value(what) : id);
		data = by ? json_deep_copy(by) : json_object();
	} else {
		data = json_deep_copy(what);
		const char *id = json_string_value(json_object_get(what, "id"));
		json_put_text(r, "id", id ? id : "id");
	}
	json_put_text(r, "version", "1");
	json_object_set_new(r, "data", data);
	return r;
}

static json_t *one_record(json_t *record)
{
	json_t *answer = json_object(), *list = json_array();

	if (record)
		json_array_append_new(list, record);
	json_object_set_new(answer, "records", list);
	return answer;
}

static json_t *many_records(json_t *list, const json_t *by)
{
	json_t *answer = json_object(), *records = json_array(), *one;
	size_t i;

	if (json_is_string(list))
		json_array_append_new(records, record_of(list, by));
	json_array_foreach(list, i, one)
		json_array_append_new(records, record_of(one, by));
	json_object_set_new(answer, "records", records);
	return answer;
}

/* "Email + Name" of { Email, Name }, in whatever order the test wrote it. */
static json_t *candidates_for(const struct test *t, const json_t *by)
{
	json_t *candidates = json_object_get(t->with, "candidates"), *list;
	const char *names;

	if (!json_is_object(candidates))
		return NULL;
	json_object_foreach(candidates, names, list) {
		size_t hits = 0, parts = 1;
		for (const char *at = names; *at; at++)
			parts += *at == '+';
		for (const char *at = names; *at;) {
			char one[100];
			size_t len = strcspn(at, "+");
			snprintf(one, sizeof one, "%.*s", (int)len, at);
			for (char *end = one + strlen(one); end > one && end[-1] == ' ';)
				*--end = 0;
			hits += json_object_get(by, one + strspn(one, " ")) != NULL;
			at += len + (at[len] == '+');
		}
		if (hits == parts && parts == json_object_size(by))
			return list;
	}
	return NULL;
}

static bool asks_like(const struct criteria *c, json_t *by)
{
	if (c->count != json_object_size(by))
		return false;
	for (size_t i = 0; i < c->count; i++)
		if (!json_object_get(by, c->rows[i].member))
			return false;
	return true;
}

static bool is_rule(const struct mapping *m, const char *entity, json_t *by)
{
	for (size_t i = 0; strcmp(m->to->name, entity) == 0 && i < m->rule_count; i++)
		if (!m->rules[i].by_link && asks_like(&m->rules[i].by, by))
			return true;
	return false;
}

/* Of refs: a whole record, or a table by what was looked up. */
static json_t *found_for(const struct test *t, const struct need *n, json_t *by)
{
	json_t *what = json_object_get(json_object_get(t->with, "refs"), n->name), *value, *hit = NULL;
	const char *member;

	if (!what || json_is_string(what) || json_is_integer(what) || json_object_get(what, "id"))
		return what;
	json_object_foreach(by, member, value) {
		char number[32];
		snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
		if (!hit)
			hit = json_object_get(what, json_is_string(value) ? json_string_value(value) : number);
	}
	return hit;
}

static json_t *answer_find(const struct test *t, const json_t *ask)
{
	const char *entity = json_text_or(ask, "entity", ""), *member;
	json_t *by = json_object_get(ask, "by"), *hit, *value;
	bool in_source = strcmp(json_text_or(ask, "connection", ""), "source") == 0;

	hit = in_source ? NULL : candidates_for(t, by);
	if (hit && is_rule(t->m, entity, by))
		return many_records(hit, by);
	for (size_t i = 0; i < t->m->need_count; i++) {
		const struct need *n = &t->m->needs[i];
		if (!n->entity || strcmp(n->entity->name, entity) || n->in_source != in_source)
			continue;
		if (n->op == OP_QUERY && n->by_count && asks_like(&n->by[0], by))
			return many_records(json_object_get(json_object_get(t->with, "rows"), n->name), by);
		if (n->op == OP_FIND && (hit = found_for(t, n, by)))
			return one_record(record_of(hit, by));
	}
	json_object_foreach(by, member, value) {
		json_t *of = json_is_string(value) ? json_object_get(json_object_get(t->with, "taken"), json_string_value(value)) : NULL;
		if (json_is_string(of) && strcmp(json_string_value(of), entity) == 0)
			return one_record(record_of(of, by));
	}
	return one_record(NULL);
}

/* What refs bring for a record of that id: the same for all (an id, a whole record), or a table by id,
 * where a need is looked up for each row.  NULL: nothing. */
static json_t *brought_for(const struct test *t, const struct need *n, const char *id, bool *by_id)
{
	json_t *what = json_object_get(json_object_get(t->with, "refs"), n->name);

	*by_id = json_is_object(what) && !json_object_get(what, "id");
	if (*by_id)
		what = json_object_get(what, id);
	return json_is_null(what) ? NULL : what;
}

/* Several needs may ask one mapping: who names the record by its id knows better than who says the same of all. */
static json_t *brought_by_mapping(const struct test *t, const json_t *ask, const char *kind)
{
	json_t *same_for_all = NULL;

	for (size_t i = 0; i < t->m->need_count; i++) {
		const struct need *n = &t->m->needs[i];
		bool by_id;
		json_t *what = brought_for(t, n, json_text_or(ask, "record.id", ""), &by_id);
		if ((n->op != OP_ENSURE && n->op != OP_LINKED) || strcmp(n->mapping, json_text_or(ask, "mapping", "")) ||
			strcmp(op_word(n->op), kind) || !what)
			continue;
		if (by_id)
			return what;
		if (!same_for_all)
			same_for_all = what;
	}
	return same_for_all;
}

static json_t *answer_need(const struct test *t, const json_t *ask, const char *kind)
{
	json_t *what = brought_by_mapping(t, ask, kind), *answer = what ? record_of(what, NULL) : json_object();

	if (what) {
		json_object_del(answer, "data");
		json_put_text(answer, "made", json_text_at(what, "made"));
	} else {
		json_object_set_new(answer, "none", json_true());
		json_put_text(answer, "why", "the test brings none");
	}
	return answer;
}

static json_t *answer_fetch(const struct test *t, const json_t *ask)
{
	const char *entity = json_text_or(ask, "entity", ""), *id = json_text_or(ask, "id", "");
	bool in_source = strcmp(json_text_or(ask, "connection", ""), "source") == 0;
	json_t *answer = json_object(), *current = json_object_get(t->with, "current"), *record = NULL;

	for (size_t i = 0; i < t->m->need_count && !record; i++) {
		const struct need *n = &t->m->needs[i];
		bool by_id;
		json_t *what = n->op == OP_FETCH && n->in_source == in_source && n->entity && !strcmp(n->entity->name, entity) ?
			brought_for(t, n, id, &by_id) : NULL;
		if (what)
			record = record_of(what, NULL);
	}
	if (!record && !in_source && strcmp(entity, t->m->to->name) == 0 && !json_is_null(current))
		record = record_of(current ? current : json_object_get(t->with, "given"), NULL);
	if (record && !current && !in_source && strcmp(entity, t->m->to->name) == 0)
		json_object_set_new(record, "data", json_object()); /* a target of which the test says nothing */
	if (record)
		json_put_text(record, "id", id);
	json_object_set_new(answer, "record", record ? record : json_null());
	return answer;
}

static void answer_all(struct test *t, const json_t *asks)
{
	size_t i;
	json_t *ask;

	json_array_foreach(asks, i, ask) {
		const char *kind = json_text_or(ask, "kind", "");
		json_t *answer = strcmp(kind, "find") == 0 ? answer_find(t, ask) : strcmp(kind, "fetch") == 0 ?
			answer_fetch(t, ask) : answer_need(t, ask, kind);
		json_object_set_new(t->answers, json_text_or(ask, "key", ""), answer);
	}
}

/* ---- running it -------------------------------------------------------------------------- */

static json_t *header_of(const struct test *t)
{
	json_t *h = json_object(), *source = json_object(), *link = json_object_get(t->with, "link"), *id;
	const char *today = json_text_or(t->with, "today", "2026-01-15");
	char text[40];

	snprintf(text, sizeof text, "%.10sT12:00:00.000Z", today);
	json_put_text(h, "today", today);
	json_put_text(h, "now", json_text_or(t->with, "now", text));
	id = json_object_get(json_object_get(t->with, "given"), "id");
	if (!id)
		id = json_object_get(json_object_get(t->with, "given"), "Id");
	snprintf(text, sizeof text, "%lld", (long long)json_integer_value(id));
	json_put_text(source, "id", json_is_string(id) ? json_string_value(id) : text);
	json_put_text(source, "connection", "test");
	json_put_text(source, "entity", json_text_or(t->with, "entity", t->m->from->name));
	json_object_set_new(source, "deleted", json_boolean(json_is_true(json_object_get(t->with, "deleted"))));
	json_object_set_new(h, "source", source);
	if (json_is_object(link)) {
		link = json_deep_copy(link);
		if (!json_object_get(link, "made"))
			json_put_text(link, "made", "created");
		json_put_text(link, "state", "complete");
		json_object_set_new(h, "link", link);
	}
	json_put_text(h, "start", json_text_at(t->with, "start"));
	json_put_text(h, "locked_until", json_text_at(t->with, "locked_until"));
	json_object_set(h, "facts", json_object_get(t->with, "facts"));   /* of the test, which lives on */
	json_object_set(h, "choice", json_object_get(t->with, "choice")); /* likewise */
	json_object_set(h, "answers", t->answers);                        /* likewise */
	return h;
}

static bool bind(struct test *t, struct flow *f, struct arena *arena)
{
	json_t *params = json_object_get(t->with, "params"), *value;
	const char *name;

	f->params = arena_alloc(arena, (t->m->param_count + 1) * sizeof *f->params);
	for (size_t i = 0; i < t->m->param_count; i++) {
		value = json_object_get(params, t->m->params[i].name);
		f->params[i] = value_of(value ? value : t->m->params[i].preset);
	}
	json_object_foreach(params, name, value)
		if (!mapping_param(t->m, name)) {
			snprintf(t->why, sizeof t->why, "the mapping has no param '%s'", name);
			return false;
		}
	return true;
}

/* ---- comparing --------------------------------------------------------------------------- */

static void differ(struct test *t, const char *path, const json_t *want, const json_t *got)
{
	char *w = json_is_null(want) ? NULL : json_dumps(want, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	char *g = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	if (!t->failed)
		snprintf(t->why, sizeof t->why, "%s: wanted %.200s, came %.200s", path, w ? w : "nothing", g ? g : "nothing");
	t->failed = true;
	free(w);
	free(g);
}

static void compare(struct test *t, const struct schema_field *f, const char *path, json_t *want, json_t *got);

static void compare_members(struct test *t, const struct schema_entity *e, const char *path, json_t *want, json_t *got)
{
	char inner[200];
	const char *name;
	json_t *value;

	json_object_foreach(want, name, value) {
		snprintf(inner, sizeof inner, "%s.%s", path, name);
		compare(t, schema_field(e, name), inner, value, json_object_get(got, name));
	}
}

static void compare(struct test *t, const struct schema_field *f, const char *path, json_t *want, json_t *got)
{
	struct decimal a, b;
	char inner[200];
	json_t *row;
	size_t i;

	if (json_is_null(want)) {
		if (!value_is_empty(value_of(got)))
			differ(t, path, want, got);
	} else if (json_is_string(want) && json_is_object(got)) {
		json_t *id = json_object_get(got, "id"), *name = json_object_get(got, "name");
		if (!json_equal(want, id) && !json_equal(want, name))
			differ(t, path, want, got);
	} else if ((f && (f->type == MLC_DECIMAL || f->type == MLC_INTEGER)) || json_is_integer(want)) {
		if (!value_number(value_of(want), &a) || !value_number(value_of(got), &b) || decimal_cmp(a, b))
			differ(t, path, want, got);
	} else if (json_is_object(want)) {
		if (json_is_object(got))
			compare_members(t, f ? f->entity : NULL, path, want, got);
		else
			differ(t, path, want, got);
	} else if (json_is_array(want)) {
		if (json_array_size(want) != json_array_size(got)) {
			differ(t, path, want, got);
			return;
		}
		json_array_foreach(want, i, row) {
			snprintf(inner, sizeof inner, "%s[%zu]", path, i + 1);
			if (json_is_object(row) && json_is_object(json_array_get(got, i)))
				compare_members(t, f ? f->entity : NULL, inner, row, json_array_get(got, i));
			else
				compare(t, NULL, inner, row, json_array_get(got, i));
		}
	} else if (!json_equal(want, got)) {
		differ(t, path, want, got);
	}
}

static void compare_text(struct test *t, const char *what, json_t *want, const char *got)
{
	json_t *g = got ? json_string(got) : NULL;

	if (!json_is_string(want) || !got || strcmp(json_string_value(want), got))
		differ(t, what, want, g);
	json_decref(g);
}

static const json_t *write_of(const json_t *verdict)
{
	return json_array_get(json_object_get(verdict, "writes"), 0);
}

static void compare_action(struct test *t, json_t *want, const json_t *verdict)
{
	const json_t *write = write_of(verdict);
	char text[200];

	if (write)
		snprintf(text, sizeof text, "%s%s%s", json_text_or(write, "verb", ""), json_text_at(write, "id") ? " " : "",
			json_text_or(write, "id", ""));
	else
		snprintf(text, sizeof text, "%s", json_text_or(verdict, "verdict", ""));
	compare_text(t, "action", want, text);
}

static const char *list_of(const struct mapping *m)
{
	if (m->fix_list)
		return m->fix_list;
	for (size_t i = 0; i < m->fields.count; i++)
		if (m->fields.rows[i].is && m->fields.rows[i].is->type == MLC_LIST)
			return m->fields.rows[i].name;
	return "";
}

static void compare_options(struct test *t, json_t *want, json_t *options)
{
	size_t i, j;
	json_t *word, *option;

	json_array_foreach(want, i, word) {
		bool there = false;
		json_array_foreach(options, j, option)
			there |= json_equal(word, json_object_get(option, "choice"));
		if (!there)
			differ(t, "options", want, options);
	}
}

static void compare_again(struct test *t, json_t *want, const json_t *verdict)
{
	json_t *day = json_object_get(verdict, "again_day"), *at = json_object_get(verdict, "again_at");

	if (json_is_null(want) ? day || at : !json_equal(want, day) && !json_equal(want, at))
		differ(t, "again_at", want, day ? day : at);
}

static void compare_all(struct test *t, json_t *expect, const json_t *verdict, const struct map_view *view)
{
	const char *state = json_text_or(verdict, "verdict", ""), *name;
	json_t *data = json_object_get(write_of(verdict), "data"), *value;
	bool stopped = strcmp(state, "write") && strcmp(state, "nothing") && strcmp(state, "look");

	if (!data || strcmp(state, "write"))
		data = view->doc;
	if (stopped && !json_object_get(expect, "state") && !json_object_get(expect, "action") &&
		!json_object_get(expect, "cause")) {
		snprintf(t->why, sizeof t->why, "it ended as %s (%s): %s", state, json_text_or(verdict, "cause", ""),
			json_text_or(verdict, "why", ""));
		t->failed = true;
		return;
	}
	json_object_foreach(expect, name, value) {
		if (strcmp(name, "state") == 0) {
			compare_text(t, name, value, state);
		} else if (strcmp(name, "cause") == 0 || strcmp(name, "why") == 0) {
			compare_text(t, name, value, json_text_at(verdict, name));
		} else if (strcmp(name, "action") == 0) {
			compare_action(t, value, verdict);
		} else if (strcmp(name, "lines") == 0 && json_is_integer(value)) {
			json_t *count = json_integer((json_int_t)json_array_size(json_object_get(view->doc, list_of(t->m))));
			compare(t, NULL, name, value, count);
			json_decref(count);
		} else if (strcmp(name, "total") == 0) {
			json_t *total = json_string(view->total);
			compare(t, &(struct schema_field){ .type = MLC_DECIMAL }, name, value, total);
			json_decref(total);
		} else if (strcmp(name, "options") == 0) {
			compare_options(t, value, json_object_get(verdict, "options"));
		} else if (strcmp(name, "match") == 0) {
			compare_text(t, name, value, json_text_at(json_object_get(verdict, "match"), "how"));
		} else if (strcmp(name, "again_at") == 0) {
			compare_again(t, value, verdict);
		} else if (strcmp(name, "looks_at") == 0) {
			compare(t, NULL, name, value,
				json_object_get(verdict, json_object_get(verdict, "ids") ? "ids" : "above"));
		} else if (strcmp(name, "fields") == 0) {
			compare_members(t, t->m->to, name, value, data);
		} else {
			compare(t, schema_field(t->m->to, name), name, value, json_object_get(data, name));
		}
	}
	if (t->failed && stopped) {
		size_t len = strlen(t->why);
		snprintf(t->why + len, sizeof t->why - len, " (%s: %s)", json_text_or(verdict, "cause", ""),
			json_text_or(verdict, "why", ""));
	}
}

static json_t *run_rounds(struct test *t, struct arena *arena, struct flow *f, struct map_view *view)
{
	json_t *verdict = NULL;

	for (int round = 0; round < ROUNDS_MAX; round++) {
		json_t *header = header_of(t);
		json_decref(verdict);
		json_decref(view->doc);
		verdict = map_record(arena, f, header, json_object_get(t->with, "given"), view);
		json_decref(header);
		if (strcmp(json_text_or(verdict, "verdict", ""), "ask"))
			return verdict;
		answer_all(t, json_object_get(verdict, "asks"));
	}
	return verdict;
}

static json_t *answers_of(const struct test *t)
{
	json_t *answers = json_object_get(t->with, "answers");

	return json_is_object(answers) ? answers : NULL;
}

static void run(struct test *t, const struct node *n, struct arena *arena)
{
	const struct node *expect = node_get(n, "expect");
	struct flow f = { .name = "test", .tenant = "test", .m = t->m, .enabled = true };
	struct map_view view = { .doc = NULL };
	json_t *verdict, *wanted;

	t->failed = true;
	add_defaults(t, t->m->script);
	add_defaults(t, t->m->over);
	if (!resolve(t, n, t->with, 0))
		return;
	if (!expect || expect->op != OP_TABLE) {
		snprintf(t->why, sizeof t->why, "it says nothing of what it expects");
		return;
	}
	if (!bind(t, &f, arena))
		return;
	f.answers = answers_of(t);
	t->failed = false;
	verdict = run_rounds(t, arena, &f, &view);
	wanted = plain(expect);
	compare_all(t, wanted, verdict, &view);
	json_decref(wanted);
	json_decref(verdict);
	json_decref(view.doc);
}

static void report(const struct test *t, const struct node *n, json_t *results)
{
	json_t *o = json_object();

	json_put_text(o, "mapping", t->m->id);
	json_put_text(o, "file", n->script->path);
	json_put_int(o, "line", n->line);
	json_put_text(o, "name", name_of(n));
	json_object_set_new(o, "ok", json_boolean(!t->failed));
	json_put_text(o, "why", t->failed ? t->why : "");
	json_array_append_new(results, o);
}

static const struct node *own_tests(const struct mapping *m)
{
	return tests_of(m->over ? m->over : m->script);
}

size_t testing_count(const struct mapping *m)
{
	const struct node *tests = own_tests(m);

	return tests ? tests->kid_count : 0;
}

void testing_run(const struct mapping *m, struct arena *arena, json_t *results)
{
	const struct node *tests = own_tests(m);

	for (unsigned i = 0; tests && i < tests->kid_count; i++) {
		struct test t = { .m = m, .with = json_object(), .answers = json_object() };
		run(&t, tests->kids[i], arena);
		report(&t, tests->kids[i], results);
		json_decref(t.with);
		json_decref(t.answers);
		arena_reset(arena);
	}
}
