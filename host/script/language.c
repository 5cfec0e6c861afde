/* language.c - a generation: files read, layers put together, mappings checked, flows bound. */
#include "language.h"

#include "base/crypto.h"
#include "base/json.h"
#include "script/check.h"
#include "script/layer.h"
#include "script/map.h"
#include "script/problem.h"
#include "script/testing.h"
#include "script/tree.h"
#include "script/uses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANK_MAX 32 /* mappings that need mappings that ... */

struct generation {
	struct arena arena; /* all of it */
	struct arena work;  /* one record's, then empty again */
	struct schemas schemas;
	struct own_schemas { /* with the fields that a tenant's accounts have of their own */
		const char *tenant;
		struct schemas all;
	} *own;
	size_t own_count;
	struct script **scripts;
	size_t script_count;
	struct parts parts; /* of all integrations */
	struct mapping **mappings; /* shipped ones first, then tenants' */
	size_t mapping_count;
	struct group **groups;
	size_t group_count;
	json_t *keep;     /* JSON that lives as long as this */
	json_t *index;    /* flow's name -> place in flows */
	struct flow **flows;
	size_t flow_count;
	json_t *problems;
	bool unread; /* a file is no mapping: what is missing may be in it */
};

static void *grow(void *list, size_t count, size_t size)
{
	return count & (count - 1) ? list : xrealloc(list, (count ? count * 2 : 1) * size);
}

static const char *keep_text(struct generation *g, const char *text)
{
	return arena_strndup(&g->arena, text, strlen(text));
}

/* ---- files ------------------------------------------------------------------------------- */

/* "mappings/FOLDER/NAME.lua" or "tenants/TENANT/mappings/NAME.lua", into folder or tenant, and name. */
static bool path_parts(struct generation *g, const char *path, const char **folder, const char **tenant, const char **name)
{
	char a[128], b[128], c[128];
	int end = 0;

	*folder = *tenant = NULL;
	if (sscanf(path, "mappings/%127[^/]/%127[^/.].lua%n", a, b, &end) == 2 && end && !path[end]) {
		*folder = keep_text(g, a);
		*name = keep_text(g, b);
		return true;
	}
	end = 0;
	if (sscanf(path, "tenants/%127[^/]/mappings/%127[^/.].lua%n", a, c, &end) == 2 && end && !path[end]) {
		*tenant = keep_text(g, a);
		*name = keep_text(g, c);
		return true;
	}
	return false;
}

static struct mapping *mapping_new(struct generation *g, const struct script *s, const char *folder, const char *name)
{
	struct mapping *m = arena_alloc(&g->arena, sizeof *m);

	m->file = s->path;
	m->script = s;
	m->name = name;
	m->integration = folder;
	m->tree = s->root;
	snprintf(m->hash, sizeof m->hash, "%s", s->hash);
	g->mappings = grow(g->mappings, g->mapping_count, sizeof(struct mapping *));
	g->mappings[g->mapping_count++] = m;
	return m;
}

/* ---- fields that only an account has ------------------------------------------------------ */

static const struct schemas *schemas_for(const struct generation *g, const char *tenant)
{
	for (size_t i = 0; tenant && i < g->own_count; i++)
		if (!strcmp(g->own[i].tenant, tenant))
			return &g->own[i].all;
	return &g->schemas;
}

static bool has_field(const json_t *fields, const char *name)
{
	size_t i;
	json_t *f;

	json_array_foreach(fields, i, f)
		if (!strcmp(json_text_or(f, "name", ""), name))
			return true;
	return false;
}

static void add_described(json_t *entities, const json_t *described)
{
	const char *name, *field;
	json_t *fields, *f;

	json_object_foreach((json_t *)described, name, fields) {
		json_t *entity = json_object_get(entities, name), *list;

		if (!entity) {
			entity = json_pack("{s:[],s:[]}", "flags", "fields");
			json_object_set_new(entities, name, entity);
		}
		list = json_object_get(entity, "fields");
		json_object_foreach(fields, field, f)
			if (!has_field(list, field))
				json_array_append(list, f); /* read into the arena below */
	}
}

static void open_all(json_t *entities)
{
	const char *name;
	json_t *entity;

	json_object_foreach(entities, name, entity)
		json_object_set_new(entity, "open", json_true());
}

/* What discover() has told of a tenant's connections is part of its own schemas; before it has, anything may be
 * there.  Two connections of one kind: a field of either. */
static void read_own_schemas(struct generation *g, const json_t *load)
{
	json_t *tenants = json_object_get(load, "tenants"), *tenant, *connection;
	const char *name, *ignored;

	g->own = arena_alloc(&g->arena, (json_object_size(tenants) + 1) * sizeof *g->own);
	json_object_foreach(tenants, name, tenant) {
		json_t *all = json_copy(json_object_get(load, "connectors"));
		bool any = false;

		json_object_foreach(json_object_get(tenant, "connections"), ignored, connection) {
			const char *connector = json_text_or(connection, "connector", "");
			json_t *entities, *own = json_object_get(all, connector);

			if (!json_is_true(json_object_get(connection, "discovers")) || !own)
				continue;
			own = json_deep_copy(own);
			json_object_set_new(all, connector, own);
			entities = json_object_get(own, "entities");
			any = true;
			if (json_object_get(connection, "described"))
				add_described(entities, json_object_get(connection, "described"));
			else
				open_all(entities);
		}
		if (any) {
			g->own[g->own_count].tenant = keep_text(g, name);
			schemas_read(&g->own[g->own_count++].all, &g->arena, all);
		}
		json_decref(all);
	}
}

static void check(struct generation *g, struct mapping *m)
{
	if (!check_mapping(m, &g->arena, schemas_for(g, m->tenant), g->keep, g->problems))
		m->from = m->to = NULL; /* it takes no flows */
}

static const struct mapping *mapping_of(const struct generation *g, const char *id, const char *tenant)
{
	const struct mapping *found = NULL;

	for (size_t i = 0; i < g->mapping_count; i++) {
		const struct mapping *m = g->mappings[i];
		if (m->id && strcmp(m->id, id) == 0 && (!m->tenant || (tenant && strcmp(m->tenant, tenant) == 0)))
			found = m->tenant || !found ? m : found;
	}
	return found;
}

static void read_file(struct generation *g, const json_t *file)
{
	const char *path = json_string_value(json_object_get(file, "path")), *folder, *tenant, *name;
	const json_t *text = json_object_get(file, "text");
	struct script *s = arena_alloc(&g->arena, sizeof *s);

	if (!path || !json_is_string(text))
		return;
	s->path = keep_text(g, path);
	s->parts = &g->parts;
	if (!path_parts(g, path, &folder, &tenant, &name)) {
		problem_add(g->problems, s->path, 0, "mappings/<integration>/<name>.lua, tenants/<tenant>/mappings/<name>.lua",
			"no mapping can lie here");
		return;
	}
	s->tenant = tenant;
	s->integration = folder;
	s->layer = tenant ? tenant : "shipped";
	g->scripts = grow(g->scripts, g->script_count, sizeof(struct script *));
	g->scripts[g->script_count++] = s;
	script_read(s, &g->arena, json_string_value(text), json_string_length(text), g->problems);
	if (!s->root) {
		g->unread = true;
		return;
	}
	if (s->root->op == OP_OVERRIDE) {
		if (!tenant)
			problem_add(g->problems, s->path, s->root->line, "tenants/<tenant>/mappings/ is the place for it",
				"an override among the shipped mappings");
		return; /* when all mappings are known */
	}
	struct mapping *m = mapping_new(g, s, folder, name);
	m->tenant = tenant;
	const struct node *id = node_get(s->root, "id");
	const struct mapping *other = node_is_text(id) ? mapping_of(g, id->text, tenant) : NULL;
	if (other)
		problem_add(g->problems, s->path, id->line, NULL, "the id '%s' is taken by %s", id->text, other->file);
	check(g, m);
}

static void read_override(struct generation *g, struct script *s)
{
	const struct mapping *base = NULL;
	struct likely likely;
	char hint[200], id[200];

	snprintf(id, sizeof id, "%.*s", (int)layer_id_length(s->root->text), s->root->text);
	likely_init(&likely, id);
	for (size_t i = 0; i < g->mapping_count && !base; i++) {
		const struct mapping *m = g->mappings[i];
		if (!m->id || !m->version || (m->tenant && strcmp(m->tenant, s->tenant)))
			continue;
		likely_offer(&likely, m->id);
		if (layer_meant(s->root->text, m->id, m->version))
			base = m;
		else if (strcmp(m->id, id) == 0) {
			snprintf(hint, sizeof hint, "it is %s now: look at what changed, then name this version", m->version);
			problem_add(g->problems, s->path, s->root->line, hint, "no such version of %s is there", m->id);
			return;
		}
	}
	if (!base) {
		problem_add(g->problems, s->path, s->root->line, likely_hint(&likely, hint, sizeof hint),
			"there is no mapping '%s' to override", id);
		return;
	}
	size_t before = json_array_size(g->problems);
	struct mapping *m = mapping_new(g, base->script, base->integration, base->name);
	char both[160];
	m->tenant = s->tenant;
	m->file = s->path;
	m->over = s;
	m->tree = layer_apply(&g->arena, base->tree, s->root, g->problems);
	snprintf(both, sizeof both, "%s %s", base->hash, s->hash);
	sha256_hex(both, strlen(both), m->hash);
	if (json_array_size(g->problems) == before)
		check(g, m);
}

static int by_path(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	const char *p = json_string_value(json_object_get(x, "path")), *q = json_string_value(json_object_get(y, "path"));

	return strcmp(p ? p : "", q ? q : ""); /* "mappings/" before "tenants/" */
}

/* "mappings/FOLDER/parts/NAME.lua" */
static bool is_part(const char *path, char folder[128], char name[128])
{
	int end = 0;

	return path && sscanf(path, "mappings/%127[^/]/parts/%127[^/.].lua%n", folder, name, &end) == 2 && end && !path[end];
}

static void read_parts(struct generation *g, const json_t *files)
{
	struct part *rows = arena_alloc(&g->arena, (json_array_size(files) + 1) * sizeof *rows);
	char folder[128], name[128];
	size_t i;
	json_t *file;

	g->parts.rows = rows;
	json_array_foreach(files, i, file) {
		const char *path = json_string_value(json_object_get(file, "path"));
		const json_t *text = json_object_get(file, "text");
		struct part *p = &rows[g->parts.count];
		if (!is_part(path, folder, name) || !json_is_string(text))
			continue;
		*p = (struct part){ .name = keep_text(g, name), .path = keep_text(g, path), .integration = keep_text(g, folder),
			.text = keep_text(g, json_string_value(text)), .len = json_string_length(text) };
		sha256_hex(p->text, p->len, p->hash);
		g->parts.count++;
	}
}

static void read_files(struct generation *g, const json_t *files)
{
	size_t count = json_array_size(files);
	char folder[128], name[128];
	json_t **sorted = xcalloc(count + 1, sizeof(json_t *));

	for (size_t i = 0; i < count; i++)
		sorted[i] = json_array_get(files, i);
	qsort(sorted, count, sizeof(json_t *), by_path);
	for (size_t i = 0; i < count; i++)
		if (!is_part(json_string_value(json_object_get(sorted[i], "path")), folder, name))
			read_file(g, sorted[i]);
	free(sorted);
	for (size_t i = 0; i < g->script_count; i++)
		if (g->scripts[i]->root && g->scripts[i]->root->op == OP_OVERRIDE && g->scripts[i]->tenant)
			read_override(g, g->scripts[i]);
}

/* ---- flows ------------------------------------------------------------------------------- */

struct entry { /* one integration of a tenant.lua */
	const char *tenant, *name, *file;
	unsigned line;
	json_t *bind, *params;
	json_t *answers;
};

static struct group *group_of(struct generation *g, const char *name)
{
	for (size_t i = 0; i < g->group_count; i++)
		if (strcmp(g->groups[i]->name, name) == 0)
			return g->groups[i];
	struct group *group = arena_alloc(&g->arena, sizeof *group);
	group->name = keep_text(g, name);
	g->groups = grow(g->groups, g->group_count, sizeof(struct group *));
	g->groups[g->group_count++] = group;
	return group;
}

static json_t *keep_json(struct generation *g, json_t *value)
{
	json_t *copy = json_deep_copy(value);

	json_array_append_new(g->keep, copy);
	return copy;
}

static void bind_params(struct generation *g, struct flow *f, const struct entry *e)
{
	const struct mapping *m = f->m;
	char why[200];

	f->params = arena_alloc(&g->arena, (m->param_count + 1) * sizeof *f->params);
	for (size_t i = 0; i < m->param_count; i++) {
		json_t *given = json_object_get(e->params, m->params[i].name);
		if (given && !check_param(&m->params[i], given, why, sizeof why)) {
			problem_add(g->problems, e->file, e->line, NULL, "param %s of %s wants %s", m->params[i].name, m->id, why);
			given = NULL;
		}
		f->params[i] = value_of(given ? keep_json(g, given) : m->params[i].preset);
	}
}

static void check_required(struct generation *g, struct flow *f, const struct entry *e)
{
	const struct mapping *m = f->m;

	for (size_t i = 0; f->enabled && i < m->param_count; i++) {
		const struct param *p = &m->params[i];
		struct value must;
		if (!p->required || !value_is_empty(f->params[i]))
			continue;
		must = eval_fixed(&g->work, f, p->required);
		if (must.kind == VALUE_BOOL ? must.truth : !value_is_empty(must)) {
			const struct node *help = node_get(p->spec, "help");
			problem_add(g->problems, e->file, e->line, node_is_text(help) ? help->text : NULL,
				"%s wants its param %s: params = { %s = ... }", e->name, p->name, p->name);
		}
		arena_reset(&g->work);
	}
}

static void add_flow(struct generation *g, struct group *group, const struct mapping *m, const struct entry *e)
{
	struct flow *f;
	struct value on;
	char name[300];

	for (size_t i = 0; i < group->count; i++)
		if (strcmp(group->flows[i]->m->id, m->id) == 0)
			return; /* named by two entries */
	f = arena_alloc(&g->arena, sizeof *f);
	snprintf(name, sizeof name, "%s.%s", group->name, m->name);
	if (json_object_get(g->index, name)) {
		problem_add(g->problems, e->file, e->line, "give one of the files another name", "two mappings make the flow %s", name);
		return;
	}
	f->name = keep_text(g, name);
	f->tenant = keep_text(g, e->tenant);
	f->m = m;
	f->group = group;
	f->answers = e->answers;
	bind_params(g, f, e);
	f->enabled = true;
	if (m->enabled) {
		on = eval_fixed(&g->work, f, m->enabled);
		f->enabled = on.kind == VALUE_BOOL ? on.truth : !value_is_empty(on);
		arena_reset(&g->work);
	}
	check_required(g, f, e);
	group->flows = grow(group->flows, group->count, sizeof(struct flow *));
	group->flows[group->count++] = f;
	g->flows = grow(g->flows, g->flow_count, sizeof(struct flow *));
	json_object_set_new(g->index, name, json_integer((json_int_t)g->flow_count));
	g->flows[g->flow_count++] = f;
}

/* Does the tenant's own version of a mapping stand in for the shipped one? */
static bool is_overridden(const struct generation *g, const struct mapping *m, const char *tenant)
{
	return !m->tenant && mapping_of(g, m->id, tenant) != m;
}

static bool is_bound(const struct entry *e, const struct mapping *m)
{
	return json_is_string(json_object_get(e->bind, m->from->connector)) &&
		json_is_string(json_object_get(e->bind, m->to->connector));
}

static void check_names(struct generation *g, const struct group *group, const struct entry *e)
{
	const char *name;
	json_t *value;

	json_object_foreach(e->params, name, value) {
		struct likely likely;
		char hint[96];
		bool known = false;
		likely_init(&likely, name);
		for (size_t i = 0; i < group->count; i++)
			for (size_t j = 0; j < group->flows[i]->m->param_count; j++) {
				likely_offer(&likely, group->flows[i]->m->params[j].name);
				known |= strcmp(group->flows[i]->m->params[j].name, name) == 0;
			}
		if (!known)
			problem_add(g->problems, e->file, e->line, likely_hint(&likely, hint, sizeof hint), "%s has no param '%s'",
				e->name, name);
	}
}

static void read_integration(struct generation *g, const char *tenant, const json_t *json, json_t *answers)
{
	const char *integration = json_string_value(json_object_get(json, "integration"));
	const char *one = json_string_value(json_object_get(json, "mapping"));
	struct entry e = { .tenant = tenant, .name = json_string_value(json_object_get(json, "name")),
		.file = json_string_value(json_object_get(json, "file")),
		.line = (unsigned)json_integer_value(json_object_get(json, "line")), .bind = json_object_get(json, "bind"),
		.params = json_object_get(json, "params"), .answers = answers };
	const char *what = integration ? integration : one ? one : "";
	struct group *group;
	struct likely likely;
	char name[200], hint[200];
	bool any = false, broken = false;

	e.file = e.file ? e.file : "tenant.lua";
	e.name = e.name ? e.name : what;
	snprintf(name, sizeof name, "%s/%s", tenant, e.name);
	group = group_of(g, name);
	likely_init(&likely, what);
	for (size_t i = 0; i < g->mapping_count; i++) {
		const struct mapping *m = g->mappings[i];
		if (!m->id || (m->tenant && strcmp(m->tenant, tenant)))
			continue;
		if (integration ? m->integration != NULL : true)
			likely_offer(&likely, integration ? m->integration : m->id);
		bool meant = integration ? m->integration && strcmp(m->integration, integration) == 0 : strcmp(m->id, what) == 0;
		if (meant && !m->from)
			broken = true; /* its own errors say why */
		if (!m->from || is_overridden(g, m, tenant))
			continue;
		if (integration && !m->integration) /* a tenant's own, between the same systems */
			meant = is_bound(&e, m);
		if (!meant)
			continue;
		any = true;
		if (is_bound(&e, m))
			add_flow(g, group, m, &e);
		else
			problem_add(g->problems, e.file, e.line, NULL, "%s does not say which connections are its %s and %s", what,
				m->from->connector, m->to->connector);
	}
	if (!any && !broken && !g->unread)
		problem_add(g->problems, e.file, e.line, likely_hint(&likely, hint, sizeof hint), "there is no %s '%s'",
			integration ? "integration" : "mapping", what);
	if (any && !broken && !g->unread)
		check_names(g, group, &e);
}

static json_t *answers_by_kind(struct generation *g, const json_t *rows)
{
	json_t *all = json_object(), *row;
	size_t i;

	json_array_append_new(g->keep, all);
	json_array_foreach(rows, i, row) {
		const char *kind = json_string_value(json_object_get(row, "kind"));
		const char *given = json_string_value(json_object_get(row, "given"));
		const char *answer = json_string_value(json_object_get(row, "answer"));
		json_t *of;
		if (!kind || !given || !answer)
			continue;
		of = json_object_get(all, kind);
		if (!of) {
			of = json_object();
			json_object_set_new(all, kind, of);
		}
		json_object_set_new(of, given, json_string(answer));
	}
	return all;
}

/* ---- what goes first --------------------------------------------------------------------- */

static bool is_off(struct generation *g, const struct flow *f, const struct expr *cond)
{
	struct value v;
	bool off;

	if (!cond)
		return false;
	if (!cond->fixed) {
		/* one that is never true settles all { }; any { } needs all of them to be */
		unsigned off_parts = 0;
		if (cond->op != OP_ALL && cond->op != OP_ANY)
			return false;
		for (unsigned i = 0; i < cond->count; i++)
			off_parts += is_off(g, f, cond->args[i]);
		return cond->op == OP_ALL ? off_parts > 0 : off_parts == cond->count;
	}
	v = eval_fixed(&g->work, f, cond);
	off = v.kind == VALUE_BOOL ? !v.truth : value_is_empty(v);
	arena_reset(&g->work);
	return off;
}

static unsigned rank(struct generation *g, struct flow *f, unsigned depth)
{
	unsigned most = 0;

	if (depth > RANK_MAX)
		return depth;
	for (size_t i = 0; i < f->m->need_count; i++) {
		const struct need *n = &f->m->needs[i];
		const struct flow *other = n->op == OP_ENSURE ? flow_of(f->group, n->mapping) : NULL;
		/* A job needs its customer, by the same mapping: that is a tree of records, not a circle. */
		if (!other || (other == f && n->of_id) || is_off(g, f, n->if_))
			continue;
		unsigned r = rank(g, g->flows[json_integer_value(json_object_get(g->index, other->name))], depth + 1) + 1;
		most = r > most ? r : most;
	}
	return most;
}

static void check_needs(struct generation *g, struct flow *f)
{
	for (size_t i = 0; f->enabled && i < f->m->need_count; i++) {
		const struct need *n = &f->m->needs[i];
		const struct flow *other;
		if ((n->op != OP_ENSURE && n->op != OP_LINKED) || is_off(g, f, n->if_))
			continue;
		other = flow_of(f->group, n->mapping);
		if (!other)
			problem_add(g->problems, n->script->path, n->line, NULL, "%s needs %s, which %s does not have", f->m->id,
				n->mapping, f->group->name);
		else if (n->of_entity && strcmp(n->of_entity, other->m->from->name))
			problem_add(g->problems, n->script->path, n->line, NULL, "%s is made of %s, not of %s", n->mapping,
				other->m->from->name, n->of_entity);
		else if (n->op == OP_ENSURE && !other->enabled)
			problem_add(g->problems, n->script->path, n->line, "give the need an if_ that says when",
				"%s needs %s, which the parameters of %s switch off", f->m->id, n->mapping, f->group->name);
	}
	f->rank = rank(g, f, 0);
	if (f->rank > RANK_MAX)
		problem_add(g->problems, f->m->file, 0, NULL, "%s and what it needs lead to each other", f->m->id);
}

/* The way back of a mapping leads from where that one leads to, to where it comes from. */
static void check_back(struct generation *g, const struct flow *f)
{
	const struct mapping *m = f->m;
	const struct node *n = node_get(m->tree, "back_of");
	const struct flow *other = m->back_of ? flow_of(f->group, m->back_of) : NULL;

	if (!m->back_of)
		return;
	if (!other)
		problem_add(g->problems, m->file, n->line, NULL, "%s is the way back of %s, which %s does not have", m->id, m->back_of,
			f->group->name);
	else if (other->m->back_of)
		problem_add(g->problems, m->file, n->line, "one of the two says back_of", "%s and %s are each the way back of another",
			m->id, m->back_of);
	else if (!schema_same(other->m->from, m->to) || !schema_same(other->m->to, m->from))
		problem_add(g->problems, m->file, n->line, NULL, "%s leads from %s to %s, and so does not lead back what %s brings",
			m->id, m->from->name, m->to->name, m->back_of);
}

/* Two flows that number documents of one company alike would take each other's for their own. */
static void check_unique(struct generation *g, const struct flow *f, const char *target, json_t *taken)
{
	for (size_t i = 0; f->enabled && i < f->m->param_count; i++) {
		const struct param *p = &f->m->params[i];
		char key[400];
		const char *other;
		if (!p->unique || f->params[i].kind != VALUE_TEXT)
			continue;
		snprintf(key, sizeof key, "%s %s %s %s", f->tenant, target, p->name, f->params[i].text);
		other = json_string_value(json_object_get(taken, key));
		if (other && strcmp(other, f->group->name))
			problem_add(g->problems, f->m->file, p->line, "give one of them another",
				"%s and %s both use %s = \"%s\" in one set of books", f->group->name, other, p->name, f->params[i].text);
		json_object_set_new(taken, key, json_string(f->group->name));
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The identity that another mapping gives the same record is worked out here, too; so all of an
 * integration that read the same entity share what they want of it. */
static void read_wants(struct generation *g, struct flow *f)
{
	size_t most = 0, count = 0, i;
	const char **names;
	json_t *name;

	for (i = 0; i < f->group->count; i++) {
		const struct flow *other = f->group->flows[i];
		if (other != f && schema_same(other->m->from, f->m->from) && other->wants.names) {
			f->wants = other->wants;
			return;
		}
		most += json_array_size(other->m->reads);
	}
	names = arena_alloc(&g->arena, (most + 1) * sizeof *names);
	for (size_t j = 0; j < f->group->count; j++)
		if (schema_same(f->group->flows[j]->m->from, f->m->from))
			json_array_foreach(f->group->flows[j]->m->reads, i, name)
				names[count++] = json_string_value(name);
	qsort(names, count, sizeof *names, by_name);
	f->wants = (struct record_wants){ names, count };
}

/* ---- the reply --------------------------------------------------------------------------- */

static json_t *side(const struct schema_entity *entity, const json_t *bind)
{
	json_t *o = json_object();

	json_put_text(o, "connection", json_string_value(json_object_get(bind, entity->connector)));
	json_put_text(o, "connector", entity->connector);
	json_put_text(o, "entity", entity->name);
	return o;
}

static void flow_hash(const struct flow *f, char out[SHA256_HEX_SIZE])
{
	struct buf b;

	buf_init(&b, 4u << 20);
	buf_puts(&b, f->m->hash);
	for (size_t i = 0; i < f->m->param_count; i++) {
		json_t *v = value_json(NULL, f->params[i]);
		buf_puts(&b, f->m->params[i].name);
		if (v)
			json_write_canonical(&b, v);
		json_decref(v);
	}
	sha256_hex(b.data, b.len, out);
	buf_finish(&b);
}

static json_t *requires_json(struct generation *g, const struct flow *f)
{
	json_t *all = json_array();

	for (size_t i = 0; i < f->m->require_count; i++) {
		const struct requirement *r = &f->m->requires[i];
		struct value why, fix;
		json_t *one;
		if (is_off(g, f, r->if_))
			continue;
		one = json_object();
		json_put_text(one, "side", r->side);
		json_put_text(one, "fact", r->fact);
		json_put_text(one, "is", r->is);
		why = r->why ? eval_fixed(&g->work, f, r->why) : value_none();
		fix = r->fix ? eval_fixed(&g->work, f, r->fix) : value_none();
		json_put_text(one, "why", why.kind == VALUE_TEXT ? why.text : NULL);
		json_put_text(one, "fix", fix.kind == VALUE_TEXT ? fix.text : NULL);
		json_put_int(one, "line", r->line);
		json_array_append_new(all, one);
		arena_reset(&g->work);
	}
	return all;
}

static json_t *on_delete_json(const struct mapping *m)
{
	json_t *o = json_object();

	json_object_set_new(o, "left_alone", json_boolean(m->leaves_deleted));
	if (m->delete_limit)
		json_put_int(o, "limit_per_hour", m->delete_limit);
	return o;
}

/* Has it a rule besides the link?  Then a doubt can be settled by looking. */
static bool can_look(const struct mapping *m)
{
	for (size_t i = 0; i < m->rule_count; i++)
		if (!m->rules[i].by_link)
			return true;
	return false;
}

static bool asks_source(struct generation *g, const struct flow *f)
{
	for (size_t i = 0; i < f->m->need_count; i++)
		if (f->m->needs[i].in_source && !is_off(g, f, f->m->needs[i].if_))
			return true;
	return false;
}

/* ---- which fields a mapping touches -------------------------------------------------------- */

static void touch(json_t *side, const char *entity, const char *member)
{
	json_t *members = json_object_get(side, entity), *one;
	size_t i;

	if (!members) {
		members = json_array();
		json_object_set_new(side, entity, members);
	}
	json_array_foreach(members, i, one)
		if (!strcmp(json_string_value(one), member))
			return;
	json_array_append_new(members, json_string(member));
}

static void touch_all(json_t *side, const char *entity, const json_t *members)
{
	size_t i;
	json_t *one;

	json_array_foreach(members, i, one)
		touch(side, entity, json_string_value(one));
}

static void touch_criteria(json_t *side, const char *entity, const struct criteria *by)
{
	for (size_t i = 0; i < by->count; i++)
		touch(side, entity, by->rows[i].member);
}

static void touch_fields(json_t *side, const char *entity, const struct fields *f)
{
	for (size_t i = 0; f && i < f->count; i++)
		touch(side, entity, f->rows[i].name);
}

static json_t *touches_json(const struct mapping *m)
{
	json_t *source = json_object(), *target = json_object();

	touch_all(source, m->from->name, m->reads);
	for (size_t i = 0; i < m->again_on_count; i++)
		touch_all(source, m->again_on[i].entity->name, m->again_on[i].reads);
	touch_fields(target, m->to->name, &m->fields);
	touch_fields(target, m->to->name, m->delete_fields);
	touch_all(target, m->to->name, m->currents);
	touch_all(target, m->to->name, m->match_take);
	for (size_t i = 0; i < m->rule_count; i++)
		touch_criteria(target, m->to->name, &m->rules[i].by);
	for (size_t i = 0; i < m->need_count; i++) {
		const struct need *n = &m->needs[i];
		if (!n->entity)
			continue;
		touch_all(n->in_source ? source : target, n->entity->name, n->take);
		for (size_t j = 0; j < n->by_count; j++)
			touch_criteria(n->in_source ? source : target, n->entity->name, &n->by[j]);
	}
	return json_pack("{s:o,s:o}", "source", source, "target", target);
}

static json_t *again_on_json(const struct mapping *m)
{
	json_t *all = json_array();

	for (size_t i = 0; i < m->again_on_count; i++)
		json_array_append_new(all, json_string(m->again_on[i].entity->name));
	return all;
}

static json_t *flow_json(struct generation *g, struct flow *f, const json_t *bind)
{
	json_t *o = json_object();
	char hash[SHA256_HEX_SIZE];

	flow_hash(f, hash);
	json_put_text(o, "mapping", f->m->id);
	json_put_text(o, "version", f->m->version);
	json_put_text(o, "title", f->m->title);
	json_put_text(o, "hash", hash);
	json_object_set_new(o, "source", side(f->m->from, bind));
	json_object_set_new(o, "target", side(f->m->to, bind));
	json_object_set_new(o, "enabled", json_boolean(f->enabled));
	json_object_set_new(o, "on_demand", json_boolean(f->m->on_demand));
	json_object_set_new(o, "hears_own", json_boolean(f->m->hears_own));
	json_object_set_new(o, "money", json_boolean(f->m->is_money));
	json_object_set_new(o, "mirrors", json_deep_copy(f->m->mirrors));
	json_object_set_new(o, "source_mirrors", json_deep_copy(f->m->source_mirrors));
	json_object_set_new(o, "matches", json_boolean(can_look(f->m)));
	if (f->m->expect_count) /* what the target's own total is made of */
		json_object_set_new(o, "total", json_deep_copy(f->m->expects[0].sum));
	json_object_set_new(o, "uses", f->enabled ? uses_of(&g->work, f) : json_array());
	json_object_set_new(o, "requires", requires_json(g, f));
	json_put_int(o, "rank", f->rank);
	json_put_text(o, "order_by", f->m->order_by);
	json_put_text(o, "back_of", f->m->back_of);
	json_object_set_new(o, "open", json_boolean(f->m->open));
	json_object_set_new(o, "touches", touches_json(f->m));
	json_object_set_new(o, "again_on", again_on_json(f->m));
	json_object_set_new(o, "again_at", json_boolean(f->m->again_at));
	json_object_set_new(o, "asks_source", json_boolean(asks_source(g, f)));
	json_object_set_new(o, "on_delete", on_delete_json(f->m));
	arena_reset(&g->work);
	return o;
}

static json_t *mapping_json(const struct mapping *m)
{
	json_t *o = json_object();

	json_put_text(o, "id", m->id);
	json_put_text(o, "version", m->version);
	json_put_text(o, "title", m->title);
	json_put_text(o, "file", m->file);
	json_put_text(o, "tenant", m->tenant);
	json_put_text(o, "from", m->from->connector);
	json_put_text(o, "to", m->to->connector);
	json_put_int(o, "tests", (int64_t)testing_count(m));
	return o;
}

/* ---- a generation's life ----------------------------------------------------------------- */

static void read_tenants(struct generation *g, json_t *tenants, json_t *binds)
{
	const char *tenant;
	json_t *one, *entry;
	size_t i;

	json_object_foreach(tenants, tenant, one) {
		json_t *answers = answers_by_kind(g, json_object_get(one, "answers"));
		json_array_foreach(json_object_get(one, "integrations"), i, entry) {
			size_t before = g->flow_count;
			read_integration(g, tenant, entry, answers);
			for (; before < g->flow_count; before++)
				json_object_set(binds, g->flows[before]->name, json_object_get(entry, "bind")); /* until the reply is made */
		}
	}
}

static json_t *load_reply(struct generation *g, const json_t *binds)
{
	json_t *reply = json_object(), *flows = json_object(), *mappings = json_array();

	for (size_t i = 0; i < g->flow_count; i++)
		json_object_set_new(flows, g->flows[i]->name, flow_json(g, g->flows[i], json_object_get(binds, g->flows[i]->name)));
	for (size_t i = 0; i < g->mapping_count; i++)
		if (g->mappings[i]->from && g->mappings[i]->to)
			json_array_append_new(mappings, mapping_json(g->mappings[i]));
	json_object_set(reply, "errors", g->problems); /* the reply outlives us */
	json_object_set_new(reply, "flows", flows);
	json_object_set_new(reply, "mappings", mappings);
	return reply;
}

struct generation *generation_load(const json_t *load, json_t **reply)
{
	struct generation *g = xcalloc(1, sizeof *g);
	json_t *binds = json_object(), *taken = json_object();

	arena_init(&g->arena, SIZE_MAX); /* what is loaded has its own ceilings: files, nodes, expressions */
	arena_init(&g->work, EVAL_ARENA_MAX);
	g->keep = json_array();
	g->index = json_object();
	g->problems = json_array();
	schemas_read(&g->schemas, &g->arena, json_object_get(load, "connectors"));
	read_own_schemas(g, load);
	read_parts(g, json_object_get(load, "files"));
	read_files(g, json_object_get(load, "files"));
	read_tenants(g, json_object_get(load, "tenants"), binds);
	for (size_t i = 0; i < g->flow_count; i++) {
		const json_t *bind = json_object_get(binds, g->flows[i]->name);
		check_needs(g, g->flows[i]);
		check_back(g, g->flows[i]);
		read_wants(g, g->flows[i]);
		check_unique(g, g->flows[i], json_string_value(json_object_get(bind, g->flows[i]->m->to->connector)), taken);
	}
	*reply = load_reply(g, binds);
	json_decref(binds);
	json_decref(taken);
	if (json_array_size(g->problems) == 0)
		return g;
	generation_destroy(g);
	return NULL;
}

void generation_destroy(struct generation *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->group_count; i++)
		free(g->groups[i]->flows);
	for (size_t i = 0; i < g->script_count; i++)
		script_finish(g->scripts[i]);
	json_decref(g->keep);
	json_decref(g->index);
	json_decref(g->problems);
	free(g->groups);
	free(g->flows);
	free(g->mappings);
	free(g->scripts);
	arena_finish(&g->arena);
	arena_finish(&g->work);
	free(g);
}

static json_t *held(const char *cause, const char *why)
{
	json_t *o = json_object();

	json_put_text(o, "verdict", "hold");
	json_put_text(o, "cause", cause);
	json_put_text(o, "why", why);
	return o;
}

json_t *generation_map(struct generation *g, const json_t *header, const char *record, size_t record_len)
{
	const char *name = json_string_value(json_object_get(header, "flow"));
	json_t *place = name ? json_object_get(g->index, name) : NULL, *parsed, *verdict;
	const struct flow *flow;
	struct err e = { 0 };

	if (!place)
		return held("no_such_flow", "this generation has no such flow");
	flow = g->flows[json_integer_value(place)];
	parsed = record_read(record, record_len, map_stirs(flow->m, header) ? NULL : &flow->wants, &e);
	if (!parsed)
		return held("bad_record", e.text);
	verdict = map_record(&g->work, flow, header, parsed, NULL);
	json_decref(parsed);
	arena_reset(&g->work);
	return verdict;
}

json_t *generation_test(struct generation *g, const char *mapping)
{
	json_t *reply = json_object(), *results = json_array();

	for (size_t i = 0; i < g->mapping_count; i++)
		if (!mapping || strcmp(g->mappings[i]->id, mapping) == 0)
			testing_run(g->mappings[i], &g->work, results);
	json_object_set_new(reply, "results", results);
	return reply;
}
