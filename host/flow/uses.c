/* uses.c - names that mappings use (items, accounts, codes): are they in the books? (WOO-46)
 *
 * Looked up live: at a visit, or once a day, and again after a reload or while something is missing.
 * A flow whose names are not all there writes nothing; what it holds goes on by itself once they are. */
#include "flow/flow.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_EVERY_MS WHEN_DAY_MS
#define CHECK_AGAIN_MS WHEN_MINUTE_MS /* while something is missing, or could not be looked up */

struct check { /* of one connection */
	struct host *host;
	struct connection *connection;
	char *path;
	uint32_t generation;
	size_t open;
	bool failed;
	json_t *missing;
};

struct check_one {
	struct task task; /* first */
	struct check *check;
	json_t *use;
};

static json_t *state_of(const struct host *h, const struct connection *c)
{
	return json_object_get(h->uses, connection_path(c));
}

static void on_committed(void *arg, const json_t *answer, const struct err *e)
{
	(void)arg;
	(void)answer;
	if (e)
		log_line(LOG_ERROR, "flow", "what waited for names in the books: %s", e->text);
}

/* What was known is known still; but it is not asked for again at once. */
static void note_failure(json_t *known, const json_t *failed)
{
	json_object_set(known, "failed_ms", json_object_get(failed, "checked_ms"));
	json_object_set(known, "failed_generation", json_object_get(failed, "generation"));
}

static void check_over(struct check *k)
{
	struct host *h = k->host;
	json_t *state;

	if (--k->open)
		return;
	state = json_pack("{s:I,s:I,s:O,s:b}", "checked_ms", (json_int_t)loop_now_ms(h->loop), "generation",
		(json_int_t)k->generation, "missing", k->missing, "known", !k->failed);
	if (!k->failed || !json_object_get(h->uses, k->path))
		json_object_set(h->uses, k->path, state);
	else
		note_failure(json_object_get(h->uses, k->path), state);
	if (!k->failed) {
		char *slash = strchr(k->path, '/');
		char *tenant = xstrndup(k->path, (size_t)(slash - k->path));
		json_t *filter = json_pack("{s:s,s:s}", "tenant", tenant, "cause", "books_lack");

		if (!json_array_size(k->missing))
			host_release(h, filter, "host", on_committed, NULL);
		json_decref(filter);
		free(tenant);
	}
	json_object_del(h->uses_checking, k->path);
	json_decref(state);
	json_decref(k->missing);
	free(k->path);
	free(k);
	host_wants_turn(h);
}

static void on_found(struct task *task, const struct outcome *o)
{
	struct check_one *one = (struct check_one *)task;
	struct check *k = one->check;

	if (o->failed)
		k->failed = true;
	else if (!o->record_count)
		json_array_append(k->missing, one->use);
	json_decref(one->use);
	free(one);
	check_over(k);
}

static const char *name_member(const struct mlc_entity *e)
{
	const char *name = NULL;

	for (const struct mlc_field *f = e ? e->fields : NULL; f && f->name; f++) {
		if (!(f->flags & MLC_FINDABLE))
			continue;
		if (!strcmp(f->name, "FullName"))
			return f->name;
		if (!strcasecmp(f->name, "Name"))
			name = f->name;
	}
	return name;
}

static void ask(struct check *k, json_t *use)
{
	const struct mlc_entity *e = connector_entity(connection_connector(k->connection), json_text_or(use, "entity", ""));
	const char *member = name_member(e);
	struct check_one *one;
	json_t *by;

	if (!member)
		return;
	one = xcalloc(1, sizeof *one);
	one->task.done = on_found;
	one->check = k;
	one->use = json_incref(use);
	k->open++;
	by = json_pack("{s:s}", member, json_text_or(use, "name", ""));
	host_call(k->host, k->connection, &(struct order) { .op = OP_FIND, .entity = e->name, .data = by }, &one->task);
	json_decref(by);
}

static bool has_use(const json_t *list, const json_t *use)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one)
		if (!strcmp(json_text_or(one, "entity", ""), json_text_or(use, "entity", "")) &&
			!strcmp(json_text_or(one, "name", ""), json_text_or(use, "name", "")))
			return true;
	return false;
}

static json_t *uses_of(const struct host *h, const struct connection *c)
{
	json_t *list = json_array(), *use;
	size_t i;

	for (size_t n = 0; n < h->config->flow_count; n++) {
		const struct flow *f = h->config->flows[n];

		if (f->target != c || !f->enabled)
			continue;
		json_array_foreach(json_object_get(f->def, "uses"), i, use)
			if (!has_use(list, use)) {
				json_t *mine = json_deep_copy(use);

				json_put_text(mine, "flow", f->key);
				json_array_append_new(list, mine);
			}
	}
	return list;
}

static bool due(const struct host *h, const json_t *state)
{
	int64_t now = loop_now_ms(h->loop), age = now - json_int_or(state, "checked_ms", 0);

	if (json_int_or(state, "failed_generation", -1) == h->config->generation &&
		now - json_int_or(state, "failed_ms", 0) < CHECK_AGAIN_MS)
		return false;
	if (!state || json_int_or(state, "generation", 0) != h->config->generation)
		return true;
	if (!json_true_at(state, "known") || json_array_size(json_object_get(state, "missing")))
		return age >= CHECK_AGAIN_MS;
	return age >= CHECK_EVERY_MS;
}

void uses_check(struct host *h, struct connection *c)
{
	struct check *k;
	json_t *uses, *use;
	size_t i;

	if (json_object_get(h->uses_checking, connection_path(c)) || !due(h, state_of(h, c)))
		return;
	k = xcalloc(1, sizeof *k);
	k->host = h;
	k->connection = c;
	k->path = xstrdup(connection_path(c));
	k->generation = h->config->generation;
	k->missing = json_array();
	k->open = 1;
	json_object_set_new(h->uses_checking, k->path, json_true());
	uses = uses_of(h, c);
	json_array_foreach(uses, i, use)
		ask(k, use);
	json_decref(uses);
	check_over(k);
}

bool uses_checking(const struct host *h, const struct connection *c)
{
	return json_object_get(h->uses_checking, connection_path(c)) != NULL;
}

json_t *uses_missing(struct host *h, const struct connection *c)
{
	json_t *missing = json_object_get(state_of(h, c), "missing");

	return missing ? json_incref(missing) : json_array();
}

bool uses_known(const struct host *h, const struct flow *f)
{
	const json_t *state = state_of(h, f->target);

	return !json_array_size(json_object_get(f->def, "uses")) ||
		(json_true_at(state, "known") && json_int_or(state, "generation", 0) == h->config->generation);
}

char *uses_lack(const struct host *h, const struct flow *f)
{
	const json_t *missing = json_object_get(state_of(h, f->target), "missing"), *use;
	size_t i;

	json_array_foreach(json_object_get(f->def, "uses"), i, use)
		if (has_use(missing, use))
			return xformat("the books have no %s '%s' (%s): make it there, or name another",
				json_text_or(use, "entity", ""), json_text_or(use, "name", ""), json_text_or(use, "from", "the mapping"));
	return NULL;
}
