/* proof.c - is the remote still where we left it?  (ALL-14)
 *
 * A company file that was restored from a backup has lost what came after the backup.  To go on as if nothing
 * had happened would link new documents to old ones and leave the lost ones lost.  So the last few records that
 * a peer has shown or taken are kept in mind, and looked at when its visit opens, before anything else is read
 * or written.  One that is not there, although the remote remembers no deletion of it, holds the connection;
 * what else of ours is missing is then looked up and listed.  A person says `mlc resume`. */
#include "flow/flow.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "plug/call.h"

#include <stdlib.h>
#include <string.h>

#define NEWEST         5    /* records kept in mind */
#define IDS_AT_ONCE    50
#define LINKS_AT_ONCE  500
#define LOOKED_AT_MOST 20000
#define SHOWN          20
#define TRIES          3

/* The newest; where one of them is missing, all that is linked: as a target, as a source. */
enum proof_phase { PROOF_NEWEST = 0, PROOF_TARGETS, PROOF_SOURCES, PROOF_END };

struct proof { /* of one connection */
	struct task task; /* first */
	struct proof *next;
	struct host *host;
	char *tenant, *name, *path;
	json_t *newest;        /* [ [entity, id], .. ], newest last */
	bool changed;          /* since it was written down */
	bool known;            /* has been read back since the start */

	bool running, failed;  /* failed: for this visit */
	json_t *ask;           /* { entity: [id, ..] } that are looked at; taken out as they are */
	json_t *missing;       /* [ { entity, id }, .. ] */
	enum proof_phase phase;
	json_int_t after;      /* link */
	size_t looked_at;
	unsigned tries;        /* in this visit */
};

static struct connection *connection_of(const struct proof *p)
{
	return connection_find(p->host->connections, p->tenant, p->name);
}

static struct proof *proof_of(struct host *h, const struct connection *c)
{
	struct proof *p;

	for (p = h->proofs; p; p = p->next)
		if (!strcmp(p->path, connection_path(c)))
			return p;
	p = xcalloc(1, sizeof *p);
	p->host = h;
	p->tenant = xstrdup(connection_tenant(c));
	p->name = xstrdup(connection_name(c));
	p->path = xstrdup(connection_path(c));
	p->newest = json_array();
	p->next = h->proofs;
	h->proofs = p;
	return p;
}

/* ---- what is kept in mind ---------------------------------------------------------------------------- */

void proof_note(struct host *h, const struct connection *c, const char *entity, const char *id)
{
	const struct mlc_entity *e = connector_entity(connection_connector(c), entity);
	struct proof *p;
	json_t *one;
	size_t i;

	/* What nobody can make (a report, an item of any kind) is no record of its own. */
	if (!connection_peer_calls(c) || !e || !(e->flags & MLC_CREATE))
		return;
	p = proof_of(h, c);
	json_array_foreach(p->newest, i, one)
		if (!strcmp(json_string_value(json_array_get(one, 0)), entity) &&
			!strcmp(json_string_value(json_array_get(one, 1)), id)) {
			json_array_remove(p->newest, i);
			break;
		}
	json_array_append_new(p->newest, json_pack("[s,s]", entity, id));
	if (json_array_size(p->newest) > NEWEST)
		json_array_remove(p->newest, 0);
	p->changed = true;
}

static void write_down(struct proof *p)
{
	char *text = json_array_size(p->newest) ? json_dumps(p->newest, JSON_COMPACT) : NULL;
	struct txn *t = txn_begin(p->host->store);

	txn_note(t, p->tenant, p->name, "newest", "newest", text);
	host_commit_quietly(t);
	free(text);
	p->changed = false;
}

void proof_visit_over(struct host *h, struct connection *c)
{
	struct proof *p = proof_of(h, c);

	if (p->changed)
		write_down(p);
	p->failed = false;
	connection_prove(c, false);
}

bool proof_holds(const struct host *h, const struct connection *c, size_t *coming)
{
	for (const struct proof *p = h->proofs; p; p = p->next)
		if (!strcmp(p->path, connection_path(c))) {
			*coming = p->running;
			return p->running || p->failed;
		}
	return false;
}

/* ---- looking ------------------------------------------------------------------------------------------ */

static void look_on(struct proof *);

/* may_go: the visit goes on. */
static void proven(struct proof *p, bool may_go)
{
	struct connection *c = connection_of(p);

	json_decref(p->ask);
	json_decref(p->missing);
	p->ask = p->missing = NULL;
	p->running = false;
	p->failed = !may_go;
	if (c && may_go)
		connection_prove(c, false);
	host_wants_turn(p->host);
}

static void hold(struct proof *p)
{
	struct connection *c = connection_of(p);
	size_t count = json_array_size(p->missing), i;
	struct txn *t = txn_begin(p->host->store);
	struct buf why;
	json_t *one;

	buf_init(&why, 16 << 10);
	buf_printf(&why, "%zu record%s that we know %s not there any more, and the remote knows of no deletion: was it restored "
		"from a backup? Nothing is read or written. Missing:", count, count == 1 ? "" : "s", count == 1 ? "is" : "are");
	json_array_foreach(p->missing, i, one)
		if (i < SHOWN)
			buf_printf(&why, "%s %s %s", i ? "," : "", json_text_or(one, "entity", ""), json_text_or(one, "id", ""));
	if (count > SHOWN)
		buf_printf(&why, " and %zu more (mlc audit --tenant %s --move went_back)", count - SHOWN, p->tenant);
	buf_printf(&why, ". Open the right file, or leave it if it is meant to be so; then: mlc resume %s. What is lost is asked about "
		"before it is posted again", p->path);
	host_audit(t, p->tenant, "went_back", "host", NULL, 0, json_pack("{s:s,s:O}", "connection", p->path, "missing", p->missing));
	host_commit_quietly(t);
	if (c)
		connection_hold(c, "went_back", why.data, 0);
	buf_finish(&why);
	proven(p, true);
}

static void add(struct proof *p, const char *entity, const char *id)
{
	json_t *ids = json_object_get(p->ask, entity), *one;
	size_t i;

	json_array_foreach(p->missing, i, one)
		if (!strcmp(json_text_or(one, "entity", ""), entity) && !strcmp(json_text_or(one, "id", ""), id))
			return;
	if (!ids)
		json_object_set_new(p->ask, entity, ids = json_array());
	json_array_append_new(ids, json_string(id));
}

static void on_links(void *arg, const json_t *rows, const struct err *e)
{
	struct proof *p = arg;
	const char *side = p->phase == PROOF_TARGETS ? "target" : "source";
	size_t i;
	json_t *row;

	if (p->host->stopping)
		return;
	json_array_foreach((json_t *)rows, i, row) {
		char entity[32], id[32];
		const struct connection *c = connection_of(p);
		const struct mlc_entity *of;

		snprintf(entity, sizeof entity, "%s_entity", side);
		snprintf(id, sizeof id, "%s_id", side);
		of = c ? connector_entity(connection_connector(c), json_text_or(row, entity, "")) : NULL;
		if (of && (of->flags & MLC_CREATE) && json_text_at(row, id))
			add(p, of->name, json_text_at(row, id));
		p->after = json_int_or(row, "id", p->after);
	}
	p->looked_at += json_array_size(rows);
	if (p->looked_at >= LOOKED_AT_MOST)
		p->phase = PROOF_END;
	else if (e || json_array_size(rows) < LINKS_AT_ONCE) {
		p->after = 0;
		p->phase = p->phase == PROOF_TARGETS ? PROOF_SOURCES : PROOF_END;
	}
	look_on(p);
}

static void next_links(struct proof *p)
{
	json_t *filter = json_pack("{s:s,s:s,s:i,s:I}", "tenant", p->tenant, p->phase == PROOF_TARGETS
		? "target_connection" : "source_connection", p->name, "limit", LINKS_AT_ONCE, "after", p->after);

	store_links(p->host->store, filter, on_links, p);
	json_decref(filter);
}

/* From the newest on. */
static void look(struct proof *p)
{
	json_t *one;
	size_t i;

	json_object_clear(p->ask);
	json_array_clear(p->missing);
	p->phase = PROOF_NEWEST;
	p->looked_at = 0;
	p->after = 0;
	json_array_foreach(p->newest, i, one)
		add(p, json_string_value(json_array_get(one, 0)), json_string_value(json_array_get(one, 1)));
	look_on(p);
}

static void on_fetched(struct task *task, const struct outcome *o)
{
	struct proof *p = (struct proof *)task;

	if (p->host->stopping)
		return; /* the connections are gone */
	if (o->failed) {
		log_line(LOG_WARN, p->path, "whether it is where we left it could not be looked up: %s", o->text ? o->text : "");
		if (++p->tries < TRIES)
			look(p);
		else
			proven(p, false); /* at its next visit */
		return;
	}
	for (size_t i = 0; i < o->record_count; i++)
		if (o->records[i].deleted && o->records[i].hint)
			json_array_append_new(p->missing, json_pack("{s:s,s:s}", "entity", o->records[i].entity, "id",
				o->records[i].id));
	look_on(p);
}

static void ask(struct proof *p, struct connection *c, const char *entity, json_t *ids)
{
	const char *list[IDS_AT_ONCE + 1] = { NULL };
	char *name = xstrdup(entity);
	json_t *taken = json_array();

	for (size_t n = 0; n < IDS_AT_ONCE && json_array_size(ids); n++) {
		json_array_append(taken, json_array_get(ids, 0));
		json_array_remove(ids, 0);
		list[n] = json_string_value(json_array_get(taken, n));
	}
	if (!json_array_size(ids))
		json_object_del(p->ask, name);
	p->task.done = on_fetched;
	host_call(p->host, c, &(struct order) { .op = OP_FETCH, .entity = name, .ids = list, .proof = true }, &p->task);
	json_decref(taken);
	free(name);
}

static void look_on(struct proof *p)
{
	struct connection *c = connection_of(p);
	const char *entity;
	json_t *ids;

	if (!c) {
		proven(p, false);
		return;
	}
	json_object_foreach(p->ask, entity, ids) {
		ask(p, c, entity, ids);
		return;
	}
	if (p->phase == PROOF_NEWEST)
		p->phase = json_array_size(p->missing) ? PROOF_TARGETS : PROOF_END;
	if (p->phase != PROOF_END)
		next_links(p);
	else if (json_array_size(p->missing))
		hold(p);
	else
		proven(p, true);
}

static void on_newest(void *arg, const json_t *rows, const struct err *e)
{
	struct proof *p = arg;
	const char *text = json_text_at(json_array_get(rows, 0), "value");
	json_t *newest = text ? json_read(text, strlen(text), NULL) : NULL;

	if (p->host->stopping) {
		json_decref(newest);
		return;
	}
	if (!e && !p->known && json_is_array(newest))
		json_array_extend(p->newest, newest);
	json_decref(newest);
	p->known = p->known || !e;
	look(p);
}

void proof_visit_opens(struct host *h, struct connection *c)
{
	struct proof *p = proof_of(h, c);

	connection_prove(c, true);
	if (p->running)
		return; /* its question was taken by a visit that broke off: this one answers it */
	p->running = true;
	p->tries = 0;
	p->ask = json_object();
	p->missing = json_array();
	store_notes(h->store, p->tenant, p->name, "newest", on_newest, p);
}

void proof_resume(struct host *h, struct connection *c)
{
	const char *cause;
	struct proof *p;

	if (!connection_held(c, &cause, NULL) || strcmp(cause, "went_back"))
		return;
	p = proof_of(h, c);
	json_array_clear(p->newest);
	write_down(p);
}

void proof_free(struct host *h)
{
	struct proof *p;

	while ((p = h->proofs)) {
		h->proofs = p->next;
		json_decref(p->newest);
		json_decref(p->ask);
		json_decref(p->missing);
		free(p->tenant);
		free(p->name);
		free(p->path);
		free(p);
	}
}
