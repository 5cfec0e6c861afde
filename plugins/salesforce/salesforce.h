/* salesforce.h - what the files of the Salesforce connector share. */
#ifndef SALESFORCE_H
#define SALESFORCE_H

#include <mlc/help.h>

#define SF_BATCH     200 /* records of a collection (SOURCES.md 3) */
#define SF_IDS_AT_ONCE 200 /* in one query: some 5,000 of the 16,384 characters that an address may have */
#define SF_KEY       "MLC_Key__c"
#define SF_LIMITED_MS   60000u
#define SF_SPENT_MS   1800000u /* the day's calls are spent: they come back little by little */

/* What every step of a call may remember; each operation uses its own part.  Pointers are into call
 * memory and end with an advance(). */
struct state {
	int phase;
	size_t at;            /* ping: entity; fetch: index into ids; deleted: entity */
	char next[256];       /* nextRecordsUrl of the list that is being read */
	int64_t after_ms;     /* poll: what is younger than that was asked for; 0: everything */
	int64_t greatest_ms, last_ms;
	int64_t seen, total;  /* rows of the list so far, and as its first page told */
	unsigned restarts;    /* of a list whose locator was lost */
	json_t *rows;         /* fetch, find: rows whose lines are still being read; deleted: the list at hand */
	size_t row;
	bool todo[SF_BATCH];  /* write: still to be written */
	json_t *current;      /* write: the document as it stands there */
	char lacks[1024];     /* ping */
	bool many_currencies;
};

enum { ACCOUNT, CONTACT, OPPORTUNITY, ORDER, PRODUCT, PRICE, LEDGER, PRICEBOOK, RECORD_TYPE, USER };
extern const struct mlc_entity sf_entities[];
extern const struct mlc_feed sf_feeds[];

/* ---- replies.c: addresses, replies, records ------------------------------------------------- */

/* "/services/data/v68.0" and tail. */
const char *sf_path(struct mlc_call *c, const char *tail);
/* Asks for all that soql finds; deleted: with what lies in the recycle bin. */
enum mlc_step sf_query(struct mlc_call *c, const char *soql, bool deleted);
/* text as a literal of SOQL, with its quotes. */
const char *sf_literal(struct mlc_call *c, const char *text);
/* "Id,Name,...,(SELECT ... FROM OpportunityLineItems)": all that the table says of entity. */
const char *sf_columns(struct mlc_call *c, const struct mlc_entity *e);
/* The entity with the fields that only this org has, as it described itself last; in call memory. */
const struct mlc_entity *sf_whole(struct mlc_call *c, const struct mlc_entity *e);
/* Tells what is such a field of e, as a fact that sf_whole() understands; fields: of a describe. */
void sf_tell_own_fields(struct mlc_call *c, const struct mlc_entity *e, json_t *fields);
bool sf_own_field(const struct mlc_entity *e, json_t *described, struct mlc_field *out);
/* The list member of entity (a document's lines), or NULL; and what stands in it. */
const struct mlc_field *sf_lines_field(const struct mlc_entity *e);
const struct mlc_entity *sf_part(const char *name);

/* MLC_FAIL, with the fault that the reply's status and code mean, in words for a person. */
enum mlc_step sf_failed(struct mlc_call *c, const char *doing);
/* MLC_FAIL: a 200 with something that is not what is due. */
enum mlc_step sf_garbage(struct mlc_call *c, const char *due);
/* The first error of an array of errors; NULL: it is none. */
json_t *sf_error(json_t *body);
const char *sf_error_code(json_t *error);
enum mlc_fault sf_fault(struct mlc_call *c, json_t *error, uint32_t *after_ms);
/* The error in words, with the fields it names. */
const char *sf_words(struct mlc_call *c, json_t *error);
/* The org that the token speaks for is not the one of before: MLC_FAIL, and true. */
bool sf_is_stranger(struct mlc_call *c);

/* One page of a query.  NULL: failed, *step says how.  Checks that pages follow each other, that none
 * repeats and that none is missing; s->next[0] is 0 when it was the last. */
json_t *sf_page(struct mlc_call *c, enum mlc_step *step);
/* The row of that record, with 15 characters of its id or 18: the last three are a check sum; NULL: it is not among them. */
json_t *sf_row(json_t *rows, const char *id);
/* A row as a record of e, which is what sf_whole() gave: references as {"id"}, instants with Z, decimals
 * as text.  False: it is none. */
bool sf_record(struct mlc_call *c, const struct mlc_entity *e, json_t *row, struct mlc_record *out);
/* A record's members as Salesforce wants them: no lists, references as ids, in call memory, without
 * the closing brace and with `head` behind the opening one; NULL: *why says what cannot be sent. */
const char *sf_body(struct mlc_call *c, const struct mlc_entity *e, json_t *data, const char *head, const char **why);
bool sf_is_id(const char *text);

mlc_step_fn sf_ping, sf_discover, sf_fetch, sf_find; /* reading.c */
mlc_step_fn sf_poll;                                 /* feeds.c */
mlc_step_fn sf_write;                                /* writing.c */

#endif
