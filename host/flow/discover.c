/* discover.c - fields that only an account has: told by discover(), part of what its tenant's mappings are checked
 * against, and watched.  A change holds only the flows that touch what has changed.
 *
 * Asked at the start where it was never told, once a day, after a reload and a ping. */
#include "flow/flow.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/when.h"

#include <stdlib.h>
#include <string.h>

#define EVERY_MS      WHEN_DAY_MS
#define AGAIN_MS      (10 * WHEN_MINUTE_MS) /* when it failed */
#define DESCRIBED_MAX (16u << 20)

struct looking {
	struct task task; /* first */
	struct host *host;
	struct connection *connection;
	char *path;
};

/* ---- what has changed ------------------------------------------------------------------------ */

static bool has_flag(const json_t *field, const char *flag)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(field, "flags"), i, one)
		if (!strcmp(json_string_value(one), flag))
			return true;
	return false;
}

/* Is each of the words "a|b|c" still among the others? */
static bool still_allows(const char *before, const char *now)
{
	for (const char *at = before; now && at && *at;) {
		size_t len = strcspn(at, "|");
		const char *there = now;

		while (there && !(strcspn(there, "|") == len && !strncmp(there, at, len)))
			there = strchr(there, '|') ? strchr(there, '|') + 1 : NULL;
		if (!there)
			return false;
		at += len + (at[len] == '|');
	}
	return now || !before;
}

/* NULL: a mapping that was right is right still; else what is otherwise, yours to free. */
static char *difference(const json_t *before, const json_t *now)
{
	const char *was = json_text_or(before, "type", ""), *is = json_text_or(now, "type", "");
	int64_t had = json_int_or(before, "limit", 0), has = json_int_or(now, "limit", 0);

	if (!now)
		return xstrdup("is gone");
	if (strcmp(was, is))
		return xformat("was %s and is %s now", was, is);
	if (has && (!had || has < had))
		return xformat("takes %lld now, where it took %s%lld", (long long)has, had ? "" : "any: ", (long long)had);
	if (!strcmp(is, "text") && !still_allows(json_text_at(before, "of"), json_text_at(now, "of")) && json_text_at(before, "of"))
		return xstrdup("does not allow all values any more that it allowed");
	if (has_flag(now, "readonly") && !has_flag(before, "readonly"))
		return xstrdup("can only be read now");
	if (has_flag(now, "required") && !has_flag(before, "required"))
		return xstrdup("is required now");
	return NULL;
}

static bool touches(const struct flow *f, const char *side, const char *entity, const char *field)
{
	json_t *list = json_object_get(json_object_get(json_object_get(f->def, "touches"), side), entity), *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!strcmp(json_string_value(one), field))
			return true;
	return false;
}

/* What became required matters to whoever makes such records, and sets it not. */
static bool is_hurt(const struct flow *f, const struct connection *c, const char *entity, const char *field, const json_t *now)
{
	if (f->target == c && has_flag(now, "required") && !strcmp(f->target_entity, entity))
		return true;
	return (f->source == c && touches(f, "source", entity, field)) || (f->target == c && touches(f, "target", entity, field));
}

static void hold_flows(struct host *h, const struct connection *c, const char *entity, const char *field, const json_t *now,
	const char *what)
{
	for (size_t i = 0; i < h->config->flow_count; i++) {
		struct flow *f = h->config->flows[i];
		char *why;

		if (!f->enabled || f->held || !is_hurt(f, c, entity, field, now))
			continue;
		why = xformat("%s.%s of %s %s, and %s touches it: put it back there, or mend the mapping (mlc check), then mlc go %s/%s",
			entity, field, connection_path(c), what, f->mapping, f->tenant, f->name);
		flow_hold(h, f, "fields_changed", why);
		free(why);
	}
}

/* The entities that are otherwise, with their fingerprints; { }: none. */
static json_t *compare(struct host *h, const struct connection *c, const json_t *before, const json_t *now)
{
	json_t *changed = json_object(), *fields, *field, *other;
	const char *entity, *name;

	json_object_foreach((json_t *)before, entity, fields)
		json_object_foreach(fields, name, field) {
			const json_t *is = json_object_get(json_object_get(now, entity), name);
			char *what = difference(field, is);

			if (what)
				hold_flows(h, c, entity, name, is, what);
			free(what);
		}
	json_object_foreach((json_t *)now, entity, fields) {
		char hash[SHA256_HEX_SIZE];

		other = json_object_get(before, entity);
		json_object_foreach(fields, name, field)
			if (other && !json_object_get(other, name) && has_flag(field, "required"))
				hold_flows(h, c, entity, name, field, "is required now");
		if (json_equal(fields, other))
			continue;
		store_record_hash(fields, hash);
		hash[12] = 0;
		json_put_text(changed, entity, hash);
	}
	json_object_foreach((json_t *)before, entity, fields)
		if (!json_object_get(now, entity))
			json_put_text(changed, entity, "");
	return changed;
}

/* ---- asking ------------------------------------------------------------------------------------- */

static void on_checked_anew(void *arg, const json_t *answer, const struct err *e)
{
	struct host *h = arg;

	(void)answer;
	if (!e)
		return;
	log_line(LOG_WARN, "flow", "with the fields as they are now the files cannot come into force: %s", e->text);
	for (size_t i = 0; !h->stopping && i < h->config->flow_count; i++)
		if (h->config->flows[i]->open && !h->config->flows[i]->held)
			flow_hold(h, h->config->flows[i], "fields_changed", e->text);
}

/* Only a tenant's own mappings and overrides can name what only its account has. */
static bool has_own_mappings(const struct host *h, const char *tenant)
{
	size_t i;
	json_t *m;

	json_array_foreach(json_object_get(h->config->load, "mappings"), i, m)
		if (!strcmp(json_text_or(m, "tenant", ""), tenant))
			return true;
	return false;
}

static void learn(struct host *h, struct connection *c, const json_t *now)
{
	const char *path = connection_path(c);
	const json_t *before = json_object_get(h->described, path);
	json_t *changed = before ? compare(h, c, before, now) : NULL;
	bool other = !before || json_object_size(changed);
	struct txn *t = txn_begin(h->store);
	struct buf b;

	buf_init(&b, DESCRIBED_MAX);
	json_write(&b, now);
	if (b.full)
		log_line(LOG_ERROR, path, "it describes more fields than can be kept");
	else
		txn_note(t, connection_tenant(c), connection_name(c), "described", "", b.data); /* its time counts, too */
	buf_finish(&b);
	if (other)
		host_audit(t, connection_tenant(c), "discover", "host", NULL, 0, json_pack("{s:s,s:i,s:O?}", "connection", path,
			"entities", (int)json_object_size(now), "changed", changed));
	host_commit_quietly(t);
	if (other) {
		json_object_set_new(h->described, path, json_deep_copy(now));
		if (has_own_mappings(h, connection_tenant(c)))
			host_reload(h, "discover", on_checked_anew, h);
	}
	json_decref(changed);
}

static void on_discovered(struct task *task, const struct outcome *o)
{
	struct looking *l = (struct looking *)task;
	struct host *h = l->host;
	int64_t now = loop_now_ms(h->loop);

	json_object_del(h->discovering, l->path);
	if (o->failed && !h->stopping) {
		log_line(LOG_WARN, l->path, "its fields could not be read: %s", o->text ? o->text : "");
		json_object_set_new(h->discovered_ms, l->path, json_integer((json_int_t)(now - EVERY_MS + AGAIN_MS)));
	} else if (!o->failed && !h->stopping) {
		json_object_set_new(h->discovered_ms, l->path, json_integer((json_int_t)now));
		learn(h, l->connection, o->facts);
	}
	free(l->path);
	free(l);
}

void discover_look(struct host *h, struct connection *c)
{
	const char *path = connection_path(c);
	int64_t now = loop_now_ms(h->loop);
	struct looking *l;

	json_t *last = json_object_get(h->discovered_ms, path);

	if (!connection_connector(c)->discover || json_object_get(h->discovering, path) || connection_held(c, NULL, NULL) ||
		(last && json_integer_value(last) > now - EVERY_MS))
		return;
	l = xcalloc(1, sizeof *l);
	l->host = h;
	l->connection = c;
	l->path = xstrdup(path);
	l->task.done = on_discovered;
	json_object_set_new(h->discovering, path, json_true());
	host_call(h, c, &(struct order) { .op = OP_DISCOVER }, &l->task);
}

void discover_want(struct host *h, const struct connection *c)
{
	if (c)
		json_object_del(h->discovered_ms, connection_path(c));
	else
		json_object_clear(h->discovered_ms);
	host_wants_turn(h);
}

bool discover_asks(const struct host *h, const struct connection *c)
{
	return json_object_get(h->discovering, connection_path(c)) != NULL;
}

void discover_recall(struct host *h, const json_t *notes)
{
	json_t *note, *told;
	size_t i;

	json_array_foreach((json_t *)notes, i, note) {
		const char *text = json_text_or(note, "value", "");
		char *path = xformat("%s/%s", json_text_or(note, "tenant", ""), json_text_or(note, "scope", ""));

		told = json_read(text, strlen(text), NULL);
		if (json_is_object(told)) {
			json_object_set(h->described, path, told);
			json_object_set_new(h->discovered_ms, path, json_integer((json_int_t)json_int_or(note, "at_ms", 0)));
		}
		json_decref(told);
		free(path);
	}
}
