/* quickbooks_online.h - what the files of the QuickBooks Online connector share. */
#ifndef QUICKBOOKS_ONLINE_H
#define QUICKBOOKS_ONLINE_H

#include <mlc/help.h>

#define QBO_PAGE  1000 /* the most that one query or one CDC answer gives (SOURCES.md 3, 4) */
#define QBO_IDS_AT_ONCE 100 /* in one query: reads are metered, and an address may have about 2 KB */
#define QBO_BATCH 30   /* items of one batch (SOURCES.md 6) */
#define QBO_LIMITED_MS 60000u /* Intuit's own wait; Retry-After is not promised (SOURCES.md 7) */

/* What every step of a call may remember; each operation uses its own part. */
struct state {
	int phase;
	unsigned start;      /* startposition of the page that was asked for */
	size_t at, asked;    /* index into ids or writes; how many of them are on the way */

	uint32_t refused;    /* write: a bit for each that never left */
	struct named *names; /* write: references by name that were looked up; call memory */
	struct named *wanted; /* the one that is to be looked up next; NULL: none */

	/* poll */
	unsigned entity;     /* index into qbo_entities of what is being read */
	uint32_t due;        /* a bit for each kind that is still to be read */
	int64_t since_ms, from_ms; /* what changed since then is read; where its next page begins */
	int64_t now_ms;      /* QuickBooks' own clock when the reading began */
	bool unsorted;       /* it does not keep to the order asked for */
	char first_id[32];   /* of the page before */
};

/* QuickBooks takes references by id only: a name is looked up before the first write that needs it. */
struct named {
	const struct mlc_entity *entity;
	const char *name, *id; /* id NULL: nobody has that name, or several have */
	size_t count;          /* who have it */
	struct named *next;
};

extern const struct mlc_entity qbo_entities[];
extern const struct mlc_feed qbo_feeds[];
#define QBO_KINDS 16 /* how many of qbo_entities are records; parts come behind them */

/* Which of the first QBO_KINDS bears this name, whatever its case; -1: none. */
int qbo_kind(const char *name, size_t len);
/* Names can be made inactive and not be deleted; queries leave inactive ones out unless told. */
bool qbo_is_list(const struct mlc_entity *);
/* "customer": what stands in addresses. */
const char *qbo_word(struct mlc_call *, const struct mlc_entity *);

/* record.c: a record as QuickBooks tells it, as the tables say it, and back. */

/* record, changed in place: references are {"id","name"}, decimals text with all their digits, instants
 * UTC.  It stays borrowed from parse(). */
json_t *qbo_read(struct mlc_call *, const struct mlc_entity *, json_t *record);
/* The members of data for the wire, new; NULL: *why says what cannot be written, or (state) a name is wanted. */
json_t *qbo_wire(struct mlc_call *, const struct mlc_entity *, const json_t *data, const char **why);
/* Id, SyncToken, time and deletion of a record that came; false: it has no Id. */
bool qbo_look(struct mlc_call *, const struct mlc_entity *, json_t *record, struct mlc_record *out);
/* Emits it; without an Id as it is, which only a poll may. */
void qbo_emit(struct mlc_call *, const struct mlc_entity *, json_t *record);

/* talk.c: addresses, queries, replies that are no success. */

/* Asks for path ("/customer/7"), below the company's address, with minorversion and what else is given
 * (a list of name, value, ..., NULL). */
enum mlc_step qbo_get(struct mlc_call *, const char *path, const struct mlc_param *);
/* Posts body; key: makes it repeatable (requestid); NULL: none. */
enum mlc_step qbo_post(struct mlc_call *, const char *path, const char *operation, const char *key, json_t *body,
	const struct mlc_entity *);
enum mlc_step qbo_query(struct mlc_call *, const char *query);
/* A 200 that is a JSON object without a Fault; else NULL, and the call has failed. */
json_t *qbo_answer(struct mlc_call *, const char *doing);
/* The QueryResponse of an answer to a query about entity; *list: its records, NULL for none.  False: the
 * call has failed. */
bool qbo_rows(struct mlc_call *, const struct mlc_entity *, const char *doing, json_t **list);
/* MLC_FAIL with the fault that status and code mean, in QuickBooks' own words. */
enum mlc_step qbo_failed(struct mlc_call *, const char *doing);
enum mlc_step qbo_garbage(struct mlc_call *, const char *due);
/* Of an item's or a whole answer's Fault: what the host does next, and the words for a person. */
enum mlc_fault qbo_fault_of(struct mlc_call *, json_t *fault, const char **words);
/* The Fault of a reply that says: no such record. */
bool qbo_is_gone(struct mlc_call *);
/* The company that this connection was granted; NULL: none yet. */
const char *qbo_realm(const struct mlc_call *);
extern const struct mlc_code qbo_codes[];

mlc_step_fn qbo_ping, qbo_fetch, qbo_find; /* read.c */
mlc_step_fn qbo_poll;                      /* changes.c */
mlc_step_fn qbo_write;                     /* write.c */
mlc_step_fn qbo_receive;                   /* hooks.c */

#endif
