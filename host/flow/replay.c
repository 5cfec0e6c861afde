/* replay.c - records again, with the mapping as it is now: what would change, and then the change. */
#include "flow/work.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 200 /* records of one dry replay; more are counted */
#define AT_ONCE   16

struct replay {
	struct host *host;
	host_fn *fn;
	void *arg;
	json_t *ids;    /* still to do */
	size_t open;
	json_t *answer; /* { records: [...], more } */
};

static void replay_next(struct replay *);

static void replay_over(struct replay *r)
{
	r->fn(r->arg, r->answer, NULL);
	json_decref(r->answer);
	json_decref(r->ids);
	free(r);
}

static void on_seen(struct work *w, const char *state, const char *why)
{
	struct replay *r = w->dry_arg;
	json_t *row = json_object();

	json_put_int(row, "id", w->delivery);
	json_put_text(row, "flow", w->flow->key);
	json_put_text(row, "label", json_text_or(w->verdict, "label", w->rid));
	json_put_text(row, "verdict", state);
	json_put_text(row, "cause", json_text_at(w->verdict, "cause"));
	json_put_text(row, "why", why);
	json_object_set(row, "writes", json_object_get(w->verdict, "writes"));
	json_array_append_new(json_object_get(r->answer, "records"), row);
	w->dry = NULL;
	work_end(w);
	r->open--;
	replay_next(r);
}

static void on_delivery(void *arg, const struct delivery *d, size_t count, const struct err *e)
{
	struct replay *r = arg;
	struct flow *f = count ? host_flow(r->host, d->tenant, d->flow) : NULL;
	struct work *w;

	if (e || !f || !f->source || !f->target) {
		r->open--;
		replay_next(r);
		return;
	}
	w = work_begin(f, r->host, d);
	w->doubt = false;
	w->dry = on_seen;
	w->dry_arg = r;
	work_look_link(w, false);
}

static void replay_next(struct replay *r)
{
	while (r->open < AT_ONCE && json_array_size(r->ids) && !r->host->stopping) {
		int64_t id = json_integer_value(json_array_get(r->ids, 0));

		json_array_remove(r->ids, 0);
		r->open++;
		store_delivery(r->host->store, id, on_delivery, r);
	}
	if (!r->open)
		replay_over(r);
}

static void on_listed(void *arg, const json_t *rows, const struct err *e)
{
	struct replay *r = arg;
	json_t *row;
	size_t i;

	if (e) {
		r->fn(r->arg, NULL, e);
		json_decref(r->answer);
		json_decref(r->ids);
		free(r);
		return;
	}
	json_array_foreach((json_t *)rows, i, row)
		if (i < SHOWN_MAX)
			json_array_append_new(r->ids, json_integer(json_int_or(row, "id", 0)));
	json_object_set_new(r->answer, "more", json_boolean(json_array_size(rows) > SHOWN_MAX));
	replay_next(r);
}

/* What is under way is not begun a second time. */
static bool may_be_replayed(const char *state)
{
	switch (delivery_state_of(state)) {
	case DELIVERY_HELD:
	case DELIVERY_REVIEW:
	case DELIVERY_WOULD:
	case DELIVERY_DONE:
	case DELIVERY_SKIPPED:
		return true;
	case DELIVERY_NONE:
	case DELIVERY_READY:
	case DELIVERY_WAITS:
	case DELIVERY_SENDING:
		return false;
	}
	return false;
}

void host_replay(struct host *h, const json_t *filter, bool dry, const char *who, host_fn *fn, void *arg)
{
	const char *state = json_text_or(filter, "state", "held");
	struct err e = { 0 };
	struct replay *r;
	json_t *f;

	if (!may_be_replayed(state))
		err_set(&e, ERR_INPUT, "what is '%.20s' is not replayed: held, review, would, done and skipped are", state);
	if (e.code || filter_names(h, filter, &e) < 0) {
		fn(arg, NULL, &e);
		return;
	}
	if (!dry) {
		deliveries_afresh(h, filter, state, NULL, "replay", who, NULL, fn, arg);
		return;
	}
	r = xcalloc(1, sizeof *r);
	r->host = h;
	r->fn = fn;
	r->arg = arg;
	r->ids = json_array();
	r->answer = json_pack("{s:[]}", "records");
	f = json_deep_copy(filter);
	json_put_text(f, "state", state);
	json_put_int(f, "limit", SHOWN_MAX + 1);
	store_list(h->store, f, on_listed, r);
	json_decref(f);
}
