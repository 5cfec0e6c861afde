/* inner.h - what the files of host/plug share about a connection and the calls under way on it.
 * Nothing outside this folder includes it.
 *
 *   connection.c  the connections, their holds and facts; reload, recovery, status
 *   secrets.c     what they and their apps have in the vault, read when it is needed
 *   run.c         one call under way: steps, commits in between, and its end
 *   carried.c     requests that we carry: secrets, auth, pace, retries
 *   token.c       OAuth tokens: fetched, kept, renewed, one at a time
 *   grant.c       a person's consent: the address to open, and the redirect that brings it
 *   hooked.c      remotes that call us with news: webhooks and the subscription to them
 *   visit.c       peers that call us for our requests: parked, taken in sets, given back
 *   set.c         such a set: copied, kept on the disk, there again after a restart */
#ifndef PLUG_INNER_H
#define PLUG_INNER_H

#include "base/loop.h"
#include "base/mem.h"
#include "net/pace.h"
#include "plug/call.h"
#include "plug/connection.h"
#include "plug/oauth.h"
#include "plug/record.h"
#include "plug/sign.h"
#include "plug/vault.h"

#include <sys/queue.h>

#define STEP_INLINE_MAX  (64u << 10) /* bytes of a body that a step may read on the loop's own thread */
#define MARK_SIZE        21
#define SERVE_WAIT_MS    4000        /* a peer's request is answered within 5 s (Web Connector: reference §3) */
#define VISIT_SILENCE_MS (30 * 60 * 1000)

/*  A call under way.
 *
 *  WAITS --start--> STEPS --> COMMITS --> QUEUED --> CARRIED --reply--> STEPS ...
 *    ^                 |          |-----> PARKED --> TAKEN --gave----> STEPS ...
 *    |                 |          '-----> PAUSED --time up-----------> STEPS ...
 *    '---- afresh -----'                  ENDS  (its outcome is being committed)
 *  NEEDS, a token: before STEPS, and before QUEUED where it has run out meanwhile. */
enum run_state { RUN_WAITS = 1, RUN_NEEDS, RUN_STEPS, RUN_COMMITS, RUN_QUEUED, RUN_CARRIED,
	RUN_PAUSED, RUN_PARKED, RUN_TAKEN, RUN_ENDS };

struct set;

struct run {
	/* Of its connection; the queue, what is parked or needs a token, oldest first */
	TAILQ_ENTRY(run) in_all, in_line;
	struct connection *connection;
	enum run_state state;
	bool started; /* it has a call */

	/* the order, copied, so that it can be begun afresh */
	enum op op;
	void *arg;
	char *entity, *feed, *cursor, *hook_url;
	char **ids;
	json_t *data;
	struct mlc_write *writes;
	char *write_texts; /* one block for their texts */
	int64_t *write_ids;
	size_t write_count;
	unsigned attempt;
	bool urgent, proof, ours; /* ours: the host's own (subscribe), no hook hears of it */
	bool looks;               /* ours: it asks who answers after a consent */
	invite_fn *invite;  /* OP_INVITE: who gets the file */

	/* the call, under the plugin and settings it began with */
	struct plugin *plugin;
	struct vault *vault;
	json_t *settings, *facts, *token;
	struct call *call;
	enum mlc_step step;
	unsigned steps;

	/* the request that it waits for */
	struct arena request_memory;
	struct mlc_request *request;
	struct transfer *transfer;
	struct timer timer;
	unsigned tries;      /* of this request */
	bool marked;         /* the write is marked SENT, committed */
	bool left;           /* something that may have changed the remote has left */
	bool left_before;    /* the same, without the try that is under way */
	bool never_sent, kept;
	unsigned token_serial; /* of the token that it was last sent with; 0: none */
	bool reauthorized;     /* that token was refused and another one is tried */
	char *fail_why;      /* the host's own word on how it failed; NULL: the call's */
	enum mlc_fault fail_fault;
	uint32_t fail_after_ms;
	int64_t step_ms;

	/* parked */
	/* Came back from a refused set; rebuilt after a restart: settle from sent */
	bool alone, restored;
	struct set *set;      /* that it was taken with */

	/* the reply, where another thread reads it */
	struct call_reply given;
	char *given_body;
	struct kept_header { char *name, *value; } *given_headers;

	struct exchanges exchanges; /* for the audit trail */
	json_t *recording; /* the last one, for a file: written when it is known which secrets it has told; NULL */
	unsigned settle_tries;
	bool thin; /* its end was too long to be written down: it tells ids and versions only */
};
TAILQ_HEAD(runs, run);

/* Requests that left together with a visit. */
struct set {
	char mark[MARK_SIZE]; /* "": unmarked */
	unsigned asked;
	struct arena memory;
	const struct mlc_request **requests; /* copies: what the connector sees as taken */
	struct run **runs;                   /* NULL: it has its answer */
	size_t count, waiting;               /* waiting: answered, but not yet at their end */
	char *answer, *answer_type;
	size_t answer_len;
	json_t *stored; /* what the store keeps of requests and writes */
	bool settling;  /* all have their answers; the outcome is on its way to the disk */
};

struct served; /* visit.c: one request of a peer */

#define CADENCE_GAPS 4

struct visit {
	bool open, leaving; /* leaving: a reload came; it takes nothing more */
	int64_t since_ms, last_ms;
	int64_t gaps_ms[CADENCE_GAPS]; /* between the openings of the last ones, newest first; 0: not known */
	size_t done;
	/* The generation that it runs under; also between visits, for state */
	struct plugin *plugin;
	void *state;
	struct set *taken;     /* left last: open, or loose, or NULL */
	struct set *loose;     /* unmarked */
	struct set *open_set;  /* marked, outcome not committed; also outside visits */
	char last_mark[MARK_SIZE];
	json_t *transcript;
	size_t transcript_size;
	struct timer silence, settle_timer;
	unsigned settle_tries;
	bool stuck; /* the outcome of open_set cannot be written down yet */
	STAILQ_HEAD(, served) waiting;
	size_t waiting_count;
	struct served *now; /* the one that is being served: what is parked was shown to it, leave it as it is */
	bool on_pool;       /* another thread steps it */
};

#define TOKEN_ASKS 8 /* in ten minutes, at most (Zoho allows ten: reference section 2) */

/* What an OAuth connection knows of its tokens; they themselves lie in the vault. */
struct token {
	enum mlc_auth_kind kind; /* of the row that the one we hold was granted under; 0: there is none */
	unsigned serial;         /* counts up with each */
	int64_t made_ms, ends_ms;        /* ends_ms 0: nobody knows; a 401 will tell */
	int64_t refresh_ends_ms, refresh_life_ms; /* 0: not told */
	int64_t grant_ends_ms, grant_life_ms;     /* after which no refresh helps; 0: not told */
	int64_t asked_ms[TOKEN_ASKS];    /* when one was last asked for, oldest first */
	json_t *told, *redirect; /* the reply besides the tokens; what came with the person's consent */

	bool renews;  /* without a person: there is a refresh token, or none is needed */
	bool proven;  /* the remote has taken it at least once */
	bool refused; /* it takes it no longer */
	bool doubted; /* it was fetched because the one before was refused */
	bool dead;    /* nothing we hold brings a new one: a person must act */
	bool asking;  /* one at a time */
	bool strange;      /* a person has granted it, and who answers there is not known yet: nobody else is let go */
	bool looking;      /* that is being asked */
	unsigned looks;
	struct timer look_timer;
	bool offering;     /* hooks->held() comes when there is an address to tell */
	bool offer_used;   /* the address that was offered last has come back */
	bool tried_before; /* the refresh token before the present one, too */
	bool given_back;   /* its connection is gone, and so is the grant, or a person was told */
	unsigned tries;
	int64_t not_before_ms, trouble_ms; /* trouble_ms: since when it fails; 0: it does not */
	char why[400];
	struct timer timer;
	struct runs line; /* calls that need one */
	struct transfer *transfer;
	struct consent *consent;                 /* grant.c: one whose code is to be exchanged */
	LIST_HEAD(, consent_waiter) waiters;     /* grant.c: who waits for a person */
};

struct connection {
	struct connections *all;
	char *tenant, *name, *path;
	struct plugin *plugin;
	json_t *settings, *facts;
	json_t *token_told; /* told and redirect in one: what call->token shows; counted, never changed */
	json_t *app;        /* the operator's registration that it uses: its part of mlc.lua; NULL: none */
	bool peer_calls, gone, proving;
	bool is_app;        /* it is such a registration itself: it only receives */
	struct token token;

	struct pace pace;
	struct timer pace_timer;
	struct runs runs, queue, parked;
	size_t run_count;

	char *hold_cause, *hold_why;
	int64_t hold_until_ms;
	struct timer hold_timer;
	struct timer note_timer; /* the hold as it stands is not on the disk yet */
	unsigned note_tries;

	struct vault *vault; /* NULL: not read yet */
	int64_t vault_ms;
	struct reading *reading; /* secrets.c: on their way from the store */
	bool before_counts;      /* a change of a webhook's secret is under way */

	struct visit visit;
	int64_t last_visit_ms;

	LIST_HEAD(, received) received_now; /* hooked.c: webhooks that are not answered yet */
	struct timer lease_timer;
	int64_t renew_at_ms;
	int64_t lease_due_ms; /* a renewal has been due since then; 0: none is */
	char *lease_cursor, *lease_url;
	bool subscribing;
	unsigned lease_tries;
	char lease_trouble[200]; /* why there are no webhooks; "": there are, or none are wanted */

	uint64_t calls, failures, exchanges, received, refused, unknown;
	uint64_t refused_told; /* how many of refused stand in the trail */
	int64_t refused_told_ms;
	int64_t last_success_ms;
	char last_failure[200];
};

struct connections {
	struct connections_conf conf;
	char *record_dir; /* what conf.record_dir points at */
	struct connection **list; /* by path */
	/* No longer configured; flows of before a reload may still point at them */
	struct connection **gone;
	size_t count, gone_count;
	size_t receiving, receiving_most; /* webhooks that are not answered yet; at most, since somebody asked */
	size_t pending; /* store, pool and net owe us so many callbacks; we live until the last */
	bool dead; /* nobody is told anything any more */
	LIST_HEAD(, doubt) doubts; /* connection.c: of writes under way when we died, that the disk did not take */
};

/* ---- connection.c ---- */
int64_t now_ms(const struct connection *);
struct txn *txn_for(struct connection *);
/* Commits.  done gets NULL for a result when the connections are gone meanwhile: then it frees what
 * is its own and touches nothing else. */
void commit(struct connection *, struct txn *, txn_fn *done, void *arg);
void pending_begin(struct connections *);
bool pending_end(struct connections *); /* false: everything is gone, touch nothing */
/* Calls fn(arg) now when the secrets are fresh, else when they have been read. */
void secrets_need(struct connection *, loop_fn *fn, void *arg);
void secrets_learned(struct connection *); /* new ones are committed: read them again */
/* Facts that a call told, against what we know: NULL, or why this is another company. */
const char *facts_conflict(const json_t *facts, const json_t *settings, const char *name,
	const char *text, char *why, size_t size);
/* Adds the notes for those that are new.  True: there were some. */
bool facts_note(struct connection *, struct txn *, const json_t *told);
void facts_learn(struct connection *, const json_t *told); /* that txn is committed */
bool connection_uses_app(const struct connection *, const struct connection *app);
/* "hooks", "serve"; free() it; NULL: not known */
char *hook_url(const struct connection *, const char *way);
void connection_log(struct connection *, enum mlc_level, const char *text);
bool may_go(const struct connection *, const struct run *, const char **why, uint32_t *after_ms);

/* ---- run.c ---- */
struct run *run_create(struct connection *, const struct order *, void *arg);
void run_start(struct run *);   /* from WAITS; needs secrets */
void run_afresh(struct run *);  /* forgets the call; WAITS again */
void run_granted(struct run *); /* from NEEDS: the token is there */
void run_begin(struct run *);   /* makes the call; the connection's vault is there */
void run_step(struct run *, const struct call_reply *);
/* The host's own word */
void run_fail(struct run *, enum mlc_fault, uint32_t after_ms, const char *text);
void run_answer_known(struct run *); /* done, without a step: the facts as we know them */
void run_settle(struct run *, struct txn *); /* the rows of its end */
bool run_thin(struct run *);    /* those are too long: from now on without texts; false: they are so already */
int64_t settle_wait_ms(unsigned tries); /* until what could not be written down is tried again */
void run_over(struct run *);    /* they are committed: the last word */
void run_recorded(struct run *); /* nothing more is to be hidden in what was recorded last */
bool changes_something(const struct mlc_request *);
void run_destroy(struct run *);
void run_cancel_all(struct connection *); /* the end: nothing more is sent, nobody hears of it */
void run_outcome(const struct run *, struct outcome *);
struct call_site run_site(struct run *);

/* ---- token.c ---- */
const struct mlc_auth *token_auth(const struct connection *); /* NULL: it needs none from us */
bool token_ready(const struct run *); /* there is one that it may go out with now, or it needs none */
void token_need(struct run *);    /* goes on by itself, or fails, when that is known */
void token_taken(struct run *);   /* the remote has taken what it was sent with */
/* It has not (a 401, or the connector said AUTH).  True: another one is worth a try. */
bool token_refused(struct run *);
bool token_granted(const struct connection *); /* or it needs nobody to */
void token_exchange(struct connection *); /* token.consent has a code */
/* A ping has ended; fault 0: well. */
void token_met(struct connection *, enum mlc_fault fault);
void token_apply(struct connection *);    /* renew ahead; tell who has none */
void token_mended(struct connection *);   /* a person has done something about it */
void token_remember(struct connection *, const json_t *note);
void token_cancel(struct connection *);   /* the end: nobody hears of it */
void token_finish(struct connection *);
void token_status(const struct connection *, json_t *status);
/* brought: by a consent that is being exchanged; or NULL. */
void token_places(const struct connection *, const json_t *settings, const json_t *brought,
	const json_t *places[PLACES_MAX]);

/* ---- grant.c ---- */
/* A person's consent, on its way: the code that the redirect brought. */
struct consent {
	struct inbound *in;
	char *code, *verifier, *redirect_uri;
	json_t *redirect; /* what else it brought */
};
/* A fresh address to open, unless the last one is still good; then hooks->held(). */
void grant_offer(struct connection *);
/* The code was exchanged, or (why) it could not be; the consent is gone after it. */
void grant_over(struct connection *, struct consent *, const char *why);
/* Who is it?  Asked after a consent, before anything else goes out, so that the wrong one is held. */
void grant_look(struct connection *);
/* It was asked who it is, after a consent; why: it does not say. */
void grant_looked(struct connection *, const char *why);
/* The end: who waits for a person, and a person who waits, are told. */
void grant_silence(struct connection *);
/* Its connection is gone: as soon as nothing of it is under way any more, the grant is given back. */
void grant_leave(struct connection *);

/* ---- carried.c ---- */
void carry_request(struct run *); /* run->request: pace, send, reply */
void carry_next(struct connection *);

/* ---- hooked.c ---- */
void hooked_silence(struct connection *); /* the end: who waits for an answer gets a 503 */
void hooked_finish(struct connection *);  /* frees all of it */
void answer_inbound(struct inbound *, const struct mlc_answer *, bool failed);
void lease_apply(struct connection *); /* subscribe when it is due */
void lease_told(struct connection *); /* facts are otherwise */
void lease_ended(struct run *, bool failed, const char *why);
void lease_leave(struct connection *); /* it is gone: no more news are wanted */

/* ---- visit.c ---- */
int64_t visit_cadence_ms(const struct connection *);
void visit_init(struct connection *);
void visit_finish(struct connection *);  /* frees all of it */
void visit_silence(struct connection *); /* the end: who waits for an answer gets a 503 */
void park(struct run *);
/* Something may have become due for the request being served */
void visit_poke(struct connection *);
/* Run->set: one of its runs is at its end, or has parked again */
void set_run_ended(struct run *);
void visit_reload(struct connection *); /* plugin or settings have changed */

/* ---- set.c ---- */
struct set *set_create(size_t count); /* room for so many */
void set_destroy(struct set *);       /* its runs, where they still are, belong to none */
bool set_add(struct set *, struct run *); /* with a copy of its request; false: over its memory */
/* Keeps the answer that it leaves with, and of each request what a restart needs to know. */
void set_seal(struct set *, const struct mlc_answer *);
void set_put(struct connection *, struct txn *, const struct set *); /* sealed; or asked once more */
/* After a restart: it is open, and its runs are taken.  ERR_DAMAGED: what is stored cannot be read. */
int set_restore(struct connection *, const struct set_row *);
const char *verb_word(enum mlc_verb); /* "create", ... */

#endif
