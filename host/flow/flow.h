/* flow.h - what the files of host/flow share: the host, its flows, and the deliveries at work.
 * Nothing above this floor includes it; they use host.h. */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "base/loop.h"
#include "flow/config.h"
#include "flow/host.h"
#include "plug/connection.h"
#include "script/pool.h"
#include "store/store.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define AT_WORK_MAX   256 /* deliveries in memory; the backlog stays on disk */
#define AT_WORK_USUAL 64  /* of one flow, unless its target takes more requests at once */
#define ROUNDS_MAX       4
#define REMOVALS_KEPT    256
#define REMOVALS_AN_HOUR 20 /* unless max_deletions_per_hour says otherwise (WOO-35) */

struct brakes { /* what a flow has spent of them */
	int64_t removals_ms[REMOVALS_KEPT]; /* when it last deleted or voided: the brake on mass deletion */
	size_t removals;
	int64_t documents; /* written in this visit or, without visits, this hour */
	int64_t documents_since_ms;
	char day[11]; /* amount was written on this day */
	char amount[48];
	bool counted; /* something that stands in no transaction yet */
};

enum flow_mode { FLOW_SHADOW = 1, FLOW_LIVE };

/* A mapping at work between two connections.  Lives with its config; strings are the config's. */
struct flow {
	struct config *config;
	const char *tenant, *name; /* "acme", "shop-books.invoice" */
	char *key;                 /* "acme/shop-books.invoice" */
	char *integration;         /* "shop-books" */
	const json_t *def;         /* of the LOAD reply */
	const char *mapping, *mapping_hash;
	struct connection *source, *target;
	const char *source_entity, *target_entity;
	bool on_demand, hears_own, enabled, money;
	struct flow *other; /* the way back of this one, or the one that this is the way back of: they share links; NULL */
	const struct zone *zone; /* the tenant's clock; NULL: the source's, where it tells one */
	bool again_at;    /* its result changes with time: verdicts say when to look again */
	bool open;        /* it names fields that only an account has, and discover() has not told them yet */
	bool asks_source; /* it reads more of the source than the record that came */
	const json_t *again_on; /* names of entities whose change is a change of its records */
	int rank;
	const char *start, *locked_until;
	int64_t documents_per_visit; /* 0: no brake */
	const char *amount_per_day;  /* decimal text; NULL: no brake */
	size_t removals_an_hour;

	/* durable, from notes */
	enum flow_mode mode;
	bool paused;
	char *held, *held_why; /* a cause word; NULL: not held */
	bool hold_unwritten;   /* the disk did not take it: it is tried again */
	struct brakes spent;

	/* memory only */
	bool maybe_ready; /* there may be READY deliveries that are due */
	bool claiming;
	int64_t due_ms;   /* earliest delivery that backs off; 0: none, when due_known */
	bool due_known;   /* false: the store must be asked, after a (re)load and once it was due */
	int64_t rest_until_ms, rest_ms; /* nothing more is claimed before: the store failed, and would again at once */
	size_t at_work;
};

struct work; /* deliver.c */

/* Whoever asks a connection for something is a member of its own struct; it comes back as arg. */
struct task {
	void (*done)(struct task *, const struct outcome *);
	/* write: adds its rows to the transaction that commits the outcome */
	void (*settle)(struct task *, struct txn *, const struct outcome *);
	struct task *next, **at; /* in host.tasks; at NULL: no connection has it */
};

struct feed_state { /* schedule.c */
	struct task task; /* first */
	struct host *host;
	struct connection *connection;
	const struct mlc_feed *feed;
	struct plugin *plugin; /* whose feed it is: counted, a reload has its connection use another */
	char *tenant, *path; /* of the connection; survive a reload's swap */
	int64_t every_ms, next_ms;
	unsigned attempts;
	bool running, asked; /* asked: as soon as possible */
	bool called;         /* running: the connection has the call; else its cursor is read, or its links are compared */
	bool whole;          /* has been read to its end once */
	bool fresh;          /* a peer's: and in this visit, after the last write whose outcome is not known */
	bool overtaken;      /* running: such a write came up meanwhile */
	uint64_t records;    /* emitted by the run under way */
	int64_t read_ms;     /* when it was last read to its end; 0: not known */
	int64_t full_ms;     /* since then it is read from its beginning, to be compared with the links; 0: it is not */
	bool full_wanted;    /* the next reading is one from its beginning, and compared */
	bool from_start;     /* running, its cursor not read yet: it has none */
	bool lapsed;         /* what it had lost was found to be so; till it is read to its end */
	uint64_t missing;    /* of that comparison: asked for one by one */
	char *trouble;       /* why the last run failed; NULL: it did not */
	int64_t trouble_ms;  /* since when none has succeeded */
	struct feed_state *next;
};

struct waiter { /* a command that waits for rest */
	struct flow *flow; /* NULL: the whole host */
	host_fn *fn;
	void *arg;
	char *flow_key;
	struct waiter *next;
};

struct host {
	struct loop *loop;
	struct store *store;
	struct carry *carry;
	struct pool *pool;
	struct registry *registry;
	struct connections *connections;
	struct server *public_server;
	char *dir;
	struct host_conf conf;

	struct config *config; /* the one in force */
	uint32_t generation;   /* last one given out */
	bool reloading, stopping, recovered;
	struct reload_waiter *reload_waiters, *reload_next;

	struct task *tasks; /* that connections have */
	struct batch *batches; /* that others may still join */
	struct gather *gathers; /* likewise */
	struct work *works;
	size_t work_count, asked; /* asked: places kept for what is being claimed */
	size_t turn_place; /* flow that is served first next time: fairness */
	int64_t burst_from_ms, burst_until_ms; /* deliver.c: many webhooks come in at once */
	bool turn_due, look_due;
	size_t releasing; /* deliveries_afresh() at work: more becomes ready */
	int64_t looked_ms, schedule_ms; /* host.c: when it last looked around; and when the next feed is due */
	struct timer turn_timer, tidy_timer, watch_timer, rest_timer;
	int64_t turned_ms;

	int64_t again_ms;   /* the next time that a flow looks at a record again; INT64_MAX: none */
	int64_t again_noted_ms; /* the earliest that was noted since the rows were read */
	bool again_reading;

	struct feed_state *feeds;
	struct proof *proofs;
	struct waiter *waiters;
	json_t *uses, *uses_checking; /* uses.c: by connection */
	json_t *described;  /* discover.c: by connection, { entity: { field: {...} } } */
	json_t *discovered_ms, *discovering; /* by connection: when last, 0: wanted at once; under way now */
	json_t *facts;      /* facts.c: by connection, { next_ms, tries, asking, asked } */
	int64_t facts_ms;   /* the next time that one is asked; 0: look now */
	json_t *pauses; /* operate.c: what people paused, { tenant: { scope: true } }; NULL: not known yet */
	json_t *looked; /* asks.c: what was found lately, as text, by looked_key() */
	json_t *ends_told; /* calendar.c: days ahead at which it was last told, by what ends */
	json_t *alerts; /* standing ones: { kind: { about: { since_ms, text } } } */
	struct telling *tellings; /* watch.c: the alert command, under way or waiting for its turn, oldest first */
	char public_url[256];
	int public_port;
	int64_t started_ms, stop_by_ms;
};

/* host.c: one turn decides what to do now; callbacks only make something ready and ask for a turn. */
void host_wants_turn(struct host *);
struct flow *host_flow(struct host *, const char *tenant, const char *name);
struct flow *host_flow_of_mapping(struct host *, const struct flow *like, const char *mapping);
void host_audit(struct txn *, const char *tenant, const char *move, const char *who, const struct flow *,
	int64_t delivery, json_t *detail /* taken over; NULL: {} */);
/* The same of one source record: it is part of that record's story. */
void host_audit_record(struct txn *, const char *move, const char *who, const struct flow *, const char *entity,
	const char *rid, int64_t delivery, json_t *detail);
void host_commit_quietly(struct txn *); /* nobody waits; a failure is logged by the store */
/* task->done() comes once, and where the host ends before the call does, as a failure then. */
void host_call(struct host *, struct connection *, const struct order *, struct task *);
/* Some faults speak of the whole connection: it is held until then, or until somebody logs in. */
void host_heed(struct host *, struct connection *, enum mlc_fault, uint32_t after_ms, const char *why);

/* gather.c: host_call() of a fetch of one record.  It may leave with those of others, as many as one request of that
 * connector asks for; each has its own outcome. */
void host_fetch(struct host *, struct connection *, const char *entity, const char *id, unsigned attempt, struct task *);
void gather_turn(struct host *, int64_t now_ms); /* those that nobody will join any more leave */
int64_t gather_next_ms(const struct host *);
size_t gather_coming(const struct host *, const struct connection *); /* that have not left yet */
void gather_free(struct host *, const struct outcome *why); /* they never will */

/* deliver.c */
void deliver_turn(struct host *);
void deliver_mark(struct host *, struct txn *, const int64_t *write_ids, size_t count, const char *mark);
/* batch.c */
void batch_turn(struct host *, int64_t now_ms); /* those that nobody will join any more leave */
int64_t batch_next_ms(const struct host *);
bool batch_waits(const struct host *, const struct flow *);
void batch_free(struct host *);
/* Outcomes of writes that a call before a restart carried; which is told by their ids. */
void batch_settle_recovered(struct host *, struct txn *, const struct outcome *);
void batch_done_recovered(struct host *, const struct outcome *);
struct work *deliver_work_of_write(struct host *, int64_t write_id);
void deliver_free(struct host *); /* works that waited for others, or for what a restart takes up */
size_t deliver_coming(struct host *, const struct connection *);
bool deliver_can_claim(struct host *, const struct flow *, int64_t now_ms);
/* Is anything of it at work that does not merely wait for a visit, or for a remote that asked us to? */
bool deliver_busy(const struct host *, const struct flow *);
void deliver_rest(struct host *, struct flow *);
void deliver_recover(struct host *, loop_fn *done, void *arg);
void deliver_forget_config(struct host *, const struct config *); /* works not on the wire start afresh */
void flow_hold(struct host *, struct flow *, const char *cause, const char *why);
void flow_note_hold(struct host *, struct flow *); /* that it is held, on the disk */

/* brakes.c */
void brakes_note(struct flow *, struct txn *); /* what was counted since the last note */
void brakes_recall(struct flow *, const char *value); /* that note, at the start */
void brakes_release(struct flow *, struct txn *); /* a person has looked */

/* operate.c: what people paused, of all notes, once; does a person hold this flow, itself or with others? */
void pauses_recall(struct host *, const json_t *notes);
bool pauses_hold(const struct host *, const struct flow *);
/* operate.c: deliveries of filter in state are READY again, page by page; answer taken over, or NULL */
void deliveries_afresh(struct host *, const json_t *filter, const char *state, const char *choice, const char *move,
	const char *who, json_t *answer, host_fn *, void *arg);

/* intake.c */
void intake_emit(struct host *, struct txn *, const struct connection *, const char *origin,
	const struct call_record *, size_t count, bool again);
/* The same for what this delivery, as claimed with this stamp, asked for. */
void intake_fetched(struct host *, struct txn *, const struct connection *, const struct call_record *records,
	size_t count, int64_t delivery, int64_t stamp);
void intake_touched(struct host *, const struct txn_result *);

/* again.c: records that flows look at again though they did not change */
void again_turn(struct host *, int64_t now_ms);
bool again_busy(const struct host *, int64_t now_ms);
bool flow_stirred_by(const struct flow *, const char *entity);

/* schedule.c */
void schedule_apply(struct host *, loop_fn *done, void *arg); /* after a (re)load: feeds as the flows need them */
void schedule_turn(struct host *, int64_t now_ms);
int64_t schedule_next_ms(const struct host *);
size_t schedule_coming(const struct host *, const struct connection *);
void schedule_visit(struct host *, struct connection *);

/* proof.c: a peer's newest records are looked at when it visits, before anything else is given away */
void proof_note(struct host *, const struct connection *, const char *entity, const char *id); /* was seen there */
void proof_visit_opens(struct host *, struct connection *);
void proof_visit_over(struct host *, struct connection *);
/* Is all else held back?  Then this much is to come: 0 where it could not be proven, and the visit may end. */
bool proof_holds(const struct host *, const struct connection *, size_t *coming);
void proof_resume(struct host *, struct connection *); /* a person says: what is missing is meant to be */
void proof_free(struct host *);
bool schedule_mirrors_whole(const struct host *, const struct flow *);
void schedule_now(struct host *, const struct connection *); /* all its feeds, as soon as possible */
bool schedule_busy(const struct host *, const struct flow *);
void schedule_free(struct host *);

/* uses.c: names that mappings use and the books may lack */
void uses_check(struct host *, struct connection *);
bool uses_checking(const struct host *, const struct connection *);
json_t *uses_missing(struct host *, const struct connection *); /* yours */
bool uses_known(const struct host *, const struct flow *); /* they have been looked up since the last (re)load */
char *uses_lack(const struct host *, const struct flow *); /* what is missing, yours to free; NULL: nothing */

/* report.c: "acme/books" -> the connection; NULL after having said why not */
struct connection *connection_named(struct host *, const char *path, host_fn *, void *arg);

/* host.c: for a config that is to be read now; and a config's flows to the connections there are */
struct config_reader host_reader(struct host *);
void host_bind_flows(struct host *, struct config *);

/* asks.c: yours to free; NULL: too long */
char *looked_key(const struct connection *, const char *entity, const json_t *by);

/* grants.c */
void grants_changed(struct host *, const struct connection *);

/* calendar.c: [ { about, what, ends_ms, life_ms, renewed } ], yours */
json_t *calendar_all(const struct host *);
void calendar_watch(struct host *);

/* discover.c: fields that only an account has */
void discover_recall(struct host *, const json_t *notes); /* what was told before */
void discover_look(struct host *, struct connection *); /* if it is time */
void discover_want(struct host *, const struct connection *); /* NULL: all */
bool discover_asks(const struct host *, const struct connection *); /* it is being asked just now */

/* report.c: the tenant and the flow that a filter names are there; flow may be all of an integration. */
int filter_names(const struct host *, const json_t *filter, struct err *);

/* facts.c: what remotes tell of themselves */
void facts_recall(struct host *, const json_t *note); /* one of all notes: when it was told last */
void facts_turn(struct host *, int64_t now_ms);
void facts_want(struct host *, const struct connection *); /* whoever failed may answer now: at once again */
void facts_told(struct host *, const struct connection *); /* it has answered a ping, whoever asked */
void facts_changed(struct host *, const struct connection *);
/* Nothing is known of it, and it is being asked for the first time: its records wait for that. */
bool facts_awaited(const struct host *, const struct connection *);

/* watch.c: what a person should hear of */
void alert_raise(struct host *, const char *kind, const char *about, const char *text);
/* The same, but nobody is told yet: more of it comes. */
void alert_show(struct host *, const char *kind, const char *about, const char *text);
void alert_clear(struct host *, const char *kind, const char *about);
/* A connector's fact "attention" is for a person: an alert while it says something. */
void watch_facts(struct host *, const struct connection *);
void watch_reading(struct host *, struct connection *); /* one of its feeds was read, or could not be */
void watch_turn(struct host *);
void watch_free(struct host *);

#endif
