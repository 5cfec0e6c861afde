/* set.c - requests that left together with a visit: copied, kept on the disk, and there again after a restart.
 *
 * A set with a mark holds writes.  It is stored - mark, requests, exact answer - before it leaves.  Until its
 * outcome is stored, whatever happens, the same bytes are asked again at the next visit. */
#include "plug/inner.h"

#include "base/json.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET_MEMORY_MAX (64u << 20)

static const char *const verbs[] = { [MLC_DO_CREATE] = "create", [MLC_DO_UPDATE] = "update",
	[MLC_DO_DELETE] = "delete",
	[MLC_DO_VOID] = "void" };

const char *verb_word(enum mlc_verb verb)
{
	return verbs[verb];
}

struct set *set_create(size_t count)
{
	struct set *s = xcalloc(1, sizeof *s);

	arena_init(&s->memory, SET_MEMORY_MAX);
	s->requests = xcalloc(count, sizeof *s->requests);
	s->runs = xcalloc(count, sizeof *s->runs);
	return s;
}

void set_destroy(struct set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		if (s->runs[i])
			s->runs[i]->set = NULL;
	arena_finish(&s->memory);
	json_decref(s->stored);
	free(s->requests);
	free(s->runs);
	free(s->answer);
	free(s->answer_type);
	free(s);
}

bool set_add(struct set *s, struct run *r)
{
	const struct mlc_request *own = request_copy(&s->memory, r->request);

	if (!own)
		return false;
	s->requests[s->count] = own;
	s->runs[s->count++] = r;
	return true;
}

static json_t *run_stored(const struct run *r)
{
	const struct mlc_request *q = r->request;
	json_t *o = json_object(), *writes = json_array();

	json_put_text(o, "path", q->path);
	json_put_text(o, "method", q->method);
	json_put_text(o, "type", q->type);
	json_object_set_new(o, "body", q->body ? json_stringn(q->body, q->body_len) : json_null());
	json_object_set_new(o, "repeatable", json_boolean(q->repeatable));
	json_put_text(o, "entity", r->entity);
	json_put_int(o, "attempt", r->attempt);
	for (size_t i = 0; i < r->write_count; i++) {
		json_t *w = json_object();

		json_put_int(w, "write_id", r->write_ids[i]);
		json_put_text(w, "verb", verb_word(r->writes[i].verb));
		json_put_text(w, "id", r->writes[i].id);
		json_put_text(w, "version", r->writes[i].version);
		json_put_text(w, "key", r->writes[i].key);
		json_object_set_new(w, "data", r->writes[i].data
			? json_incref(r->writes[i].data) /* the list drops it */ : json_null());
		json_array_append_new(writes, w);
	}
	json_object_set_new(o, "writes", writes);
	return o;
}

void set_seal(struct set *s, const struct mlc_answer *a)
{
	s->answer_len = a->body ? a->body_len : 0;
	s->answer = xcalloc(1, s->answer_len + 1);
	if (s->answer_len)
		memcpy(s->answer, a->body, s->answer_len);
	s->answer_type = a->type ? xstrdup(a->type) : NULL;
	s->stored = json_array();
	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(s->stored, run_stored(s->runs[i]));
}

void set_put(struct connection *c, struct txn *t, const struct set *s)
{
	char *requests = json_dumps(s->stored, JSON_COMPACT);

	txn_set_put(t, &(struct set_row){ .tenant = c->tenant, .connection = c->name,
		.mark = s->mark, .requests = requests,
		.answer = s->answer, .answer_len = s->answer_len, .answer_type = s->answer_type,
		.asked = s->asked });
	free(requests);
}

static enum mlc_verb verb_of(const char *text)
{
	for (size_t i = MLC_DO_CREATE; i <= MLC_DO_VOID; i++)
		if (!strcmp(verbs[i], text))
			return (enum mlc_verb)i;
	return 0;
}

/* A call as it was when its request left: what answers it will settle it from writes and sent
 * alone. */
static struct run *run_restored(struct connection *c, const json_t *o)
{
	const json_t *list = json_object_get(o, "writes");
	size_t n = json_array_size(list);
	struct mlc_write *writes = xcalloc(n, sizeof *writes);
	int64_t *ids = xcalloc(n, sizeof *ids);
	struct mlc_request q = { .path = json_text_at(o, "path"),
		.method = json_text_at(o, "method"),
		.type = json_text_at(o, "type"), .body = json_text_at(o, "body"),
		.repeatable = json_true_at(o, "repeatable") };
	struct run *r = NULL;
	bool good = q.path && n > 0 && json_text_at(o, "entity");

	q.body_len = q.body ? json_string_length(json_object_get(o, "body")) : 0;
	for (size_t i = 0; i < n; i++) {
		const json_t *w = json_array_get(list, i);

		writes[i] = (struct mlc_write){ .verb = verb_of(json_text_or(w, "verb", "")),
			.id = json_text_at(w, "id"),
			.version = json_text_at(w, "version"), .key = json_text_at(w, "key"),
			.data = json_object_get(w, "data") };
		ids[i] = json_int_or(w, "write_id", 0);
		good = good && writes[i].verb && writes[i].key;
	}
	if (good) {
		r = run_create(c, &(struct order){ .op = OP_WRITE,
			.entity = json_text_at(o, "entity"), .writes = writes,
			.write_ids = ids, .write_count = n,
			.attempt = (unsigned)json_int_or(o, "attempt", 0) }, NULL);
		r->request = request_copy(&r->request_memory, &q);
		r->restored = r->marked = r->left = true;
		r->state = RUN_TAKEN;
	}
	free(writes);
	free(ids);
	return r;
}

int set_restore(struct connection *c, const struct set_row *row)
{
	json_t *stored = json_read(row->requests, strlen(row->requests), NULL);
	size_t n = json_array_size(stored);
	struct set *s = set_create(n);

	snprintf(s->mark, sizeof s->mark, "%s", row->mark);
	s->asked = row->asked;
	s->answer = xcalloc(1, row->answer_len + 1);
	memcpy(s->answer, row->answer, row->answer_len);
	s->answer_len = row->answer_len;
	s->answer_type = row->answer_type ? xstrdup(row->answer_type) : NULL;
	s->stored = stored;
	for (size_t i = 0; i < n; i++) {
		struct run *r = run_restored(c, json_array_get(stored, i));

		if (!r || !set_add(s, r)) {
			set_destroy(s);
			return ERR_DAMAGED;
		}
		r->set = s;
	}
	c->visit.open_set = c->visit.taken = s;
	log_line(LOG_INFO, c->path,
		"set %s with %zu requests is open; its outcome is asked for at the next visit",
		s->mark, n);
	return 0;
}
