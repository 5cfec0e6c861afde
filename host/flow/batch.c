/* batch.c - writes that leave together: of one flow and verb to one entity, as many as the entity takes at
 * once.  Each has its own key, its own outcome and its own way on; what is wrong with one harms no other. */
#include "flow/work.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX (16u << 20) /* of what is kept of them in one transaction, which holds 64 MB */

struct batch {
	struct task task; /* first */
	struct host *host;
	struct flow *flow;
	enum mlc_verb verb;
	const struct mlc_entity *entity;
	struct work **works;
	size_t count, most, bytes;
	int64_t until_ms;
	struct batch *next; /* while others may join */
};

static enum mlc_verb verb_of(const char *text)
{
	static const struct { const char *text; enum mlc_verb verb; } verbs[] = {
		{ "create", MLC_DO_CREATE }, { "update", MLC_DO_UPDATE }, { "delete", MLC_DO_DELETE }, { "void", MLC_DO_VOID },
	};

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(verbs[i].text, text))
			return verbs[i].verb;
	return MLC_DO_CREATE;
}

static void batch_end(struct batch *b)
{
	config_release(b->flow->config);
	free(b->works);
	free(b);
}

/* ---- what came of it --------------------------------------------------------------------------- */

static void on_settle(struct task *task, struct txn *t, const struct outcome *o)
{
	struct batch *b = (struct batch *)task;

	for (size_t i = 0; i < b->count; i++)
		work_take_outcome(b->works[i], t, o, i);
}

/* What was said of one, or of all, may be about the whole log-in. */
static void hold_after(struct host *h, struct connection *c, const struct outcome *o)
{
	if (o->failed)
		host_heed(h, c, o->fault, o->after_ms, o->text);
	for (size_t i = 0; o->writes && i < o->write_count; i++)
		if (o->writes[i].end == WRITE_END_REFUSED)
			host_heed(h, c, o->writes[i].fault, o->writes[i].after_ms, o->writes[i].text);
}

static void on_written(struct task *task, const struct outcome *o)
{
	struct batch *b = (struct batch *)task;

	hold_after(b->host, b->flow->target, o);
	for (size_t i = 0; i < b->count; i++)
		work_after_outcome(b->works[i]);
	batch_end(b);
}

void batch_settle_recovered(struct host *h, struct txn *t, const struct outcome *o)
{
	for (size_t i = 0; i < o->write_count; i++) {
		struct work *w = deliver_work_of_write(h, o->write_ids[i]);

		if (w)
			work_take_outcome(w, t, o, i);
	}
}

void batch_done_recovered(struct host *h, const struct outcome *o)
{
	for (size_t i = 0; i < o->write_count; i++) {
		struct work *w = deliver_work_of_write(h, o->write_ids[i]);

		if (w && !i)
			hold_after(h, w->flow->target, o);
		if (w)
			work_after_outcome(w);
	}
}

/* ---- leaving ----------------------------------------------------------------------------------- */

static void send_batch(struct batch *b)
{
	struct mlc_write *writes = xcalloc(b->count, sizeof *writes);
	int64_t *ids = xcalloc(b->count, sizeof *ids);
	unsigned attempt = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct work *w = b->works[i];
		const json_t *write = work_current_write(w);
		json_t *data = json_copy(json_object_get(write, "data"));

		writes[i] = (struct mlc_write) { .verb = b->verb, .id = json_text_at(write, "id"),
			.version = json_text_at(write, "version"), .key = w->key, .data = data ? data : json_object() };
		if (b->entity && b->entity->flags & MLC_MARKED && b->entity->mark && b->verb == MLC_DO_CREATE)
			json_put_text(writes[i].data, b->entity->mark, w->key);
		ids[i] = w->write_id;
		attempt = w->attempts > attempt ? w->attempts : attempt;
	}
	b->task.done = on_written;
	b->task.settle = on_settle;
	host_call(b->host, b->flow->target, &(struct order) { .op = OP_WRITE,
		.entity = json_text_or(work_current_write(b->works[0]), "entity", ""), .writes = writes, .write_ids = ids,
		.write_count = b->count, .attempt = attempt }, &b->task);
	for (size_t i = 0; i < b->count; i++)
		json_decref(writes[i].data);
	free(writes);
	free(ids);
}

static void leave(struct batch *b)
{
	for (struct batch **at = &b->host->batches; *at; at = &(*at)->next)
		if (*at == b) {
			*at = b->next;
			break;
		}
	send_batch(b);
}

static size_t bytes_of(const struct work *w)
{
	return w->text_len + (w->content ? strlen(w->content) : 0);
}

static bool joins(const struct batch *b, const struct work *w, enum mlc_verb verb, const struct mlc_entity *e)
{
	const char *id = json_text_at(work_current_write(w), "id");

	if (b->flow != w->flow || b->verb != verb || b->entity != e || b->count == b->most ||
		b->bytes + bytes_of(w) > BYTES_MAX)
		return false;
	for (size_t i = 0; id && i < b->count; i++)
		if (!strcmp(id, json_text_or(work_current_write(b->works[i]), "id", "")))
			return false; /* never two of one record in one call */
	return true;
}

static struct batch *batch_begin(struct work *w, enum mlc_verb verb, const struct mlc_entity *e)
{
	struct batch *b = xcalloc(1, sizeof *b);

	b->host = w->host;
	b->flow = w->flow;
	config_ref(b->flow->config);
	b->verb = verb;
	b->entity = e;
	b->most = e && e->batch && !w->alone ? e->batch : 1;
	b->works = xcalloc(b->most, sizeof *b->works);
	b->until_ms = loop_now_ms(w->host->loop) + JOIN_MS;
	b->next = w->host->batches;
	w->host->batches = b;
	return b;
}

void work_write(struct work *w)
{
	const json_t *write = work_current_write(w);
	const struct mlc_entity *e = connector_entity(connection_connector(w->flow->target), json_text_or(write, "entity", ""));
	enum mlc_verb verb = verb_of(json_text_or(write, "verb", ""));
	struct batch *b = w->alone ? NULL : w->host->batches;

	w->phase = PHASE_WRITE;
	while (b && !joins(b, w, verb, e))
		b = b->next;
	if (!b)
		b = batch_begin(w, verb, e);
	b->works[b->count++] = w;
	b->bytes += bytes_of(w);
	if (b->count == b->most)
		leave(b);
	else
		host_wants_turn(w->host);
}

/* ---- who else may join ---------------------------------------------------------------------------- */

/* What waits its turn may wait for one of these. */
static bool others_come(struct host *h, const struct flow *f, int64_t now)
{
	for (const struct work *w = h->works; w; w = w->next)
		if (w->flow == f && w->phase != PHASE_WRITE && w->phase != PHASE_TURN)
			return true;
	return f->claiming || deliver_can_claim(h, f, now);
}

void batch_turn(struct host *h, int64_t now)
{
	for (struct batch *b = h->batches, *next; b; b = next) {
		next = b->next;
		if (b->until_ms <= now || !others_come(h, b->flow, now))
			leave(b);
	}
}

int64_t batch_next_ms(const struct host *h)
{
	int64_t next = INT64_MAX;

	for (const struct batch *b = h->batches; b; b = b->next)
		next = b->until_ms < next ? b->until_ms : next;
	return next;
}

bool batch_waits(const struct host *h, const struct flow *f)
{
	for (const struct batch *b = h->batches; b; b = b->next)
		if (b->flow == f)
			return true;
	return false;
}

/* Nothing of them has left: the next start begins them afresh. */
void batch_free(struct host *h)
{
	while (h->batches) {
		struct batch *b = h->batches;

		h->batches = b->next;
		batch_end(b);
	}
}
