/* zuora.h - what the files of the Zuora connector share. */
#ifndef ZUORA_H
#define ZUORA_H

#include <mlc/help.h>

#define PAGE       40 /* records of a page; their parts are asked for together, in one address; the most that v1 gives */
#define PARTS_PAGE 99 /* the most that object-query gives (SOURCES.md 4) */

enum { ACCOUNT, CONTACT, INVOICE, PAYMENT, CREDIT_MEMO, DEBIT_MEMO, REFUND, PRODUCT, ADJUSTMENT };
extern const struct mlc_entity zuora_entities[];
extern const struct mlc_feed zuora_feeds[];

/* Pages that follow each other by cursors: do they come to an end? */
struct way {
	uint64_t mark; /* of a cursor seen before: one that comes again leads round in circles */
	unsigned steps, mark_steps, empty;
};

/* What a step may remember.  Pointers are into call memory and end with an advance(). */
struct state {
	int phase;
	size_t at;         /* fetch: index into ids */
	size_t part, part_at; /* which parts of the page are being read: a row of the table, a record */
	json_t *page;      /* the records of this page, being completed */
	const char *next;  /* the cursor of the page after it; NULL: it is the last */
	int64_t after_ms;  /* poll: what changed at that time or later was asked for; 0: everything */
	int64_t last_ms;   /* poll: when the last record so far was changed; 0: none yet */
	uint64_t page_sum; /* poll: of the page before */
	struct way pages, parts;
};

/* ---- replies.c: what Zuora answered, and what the host does about it */

enum mlc_step zuora_get(struct mlc_call *c, const char *path);
/* body is taken over; key: for POST and PATCH only, NULL: none. */
enum mlc_step zuora_send(struct mlc_call *c, const char *method, const char *path, json_t *body, const char *key);
/* The reply's value; NULL: it was no success, and *failed says so. */
json_t *zuora_reply(struct mlc_call *c, const char *doing, enum mlc_step *failed);
/* The same for replies that have to say `"success": true`. */
json_t *zuora_success(struct mlc_call *c, const char *doing, enum mlc_step *failed);
enum mlc_step zuora_failed(struct mlc_call *c, const char *doing);
/* MLC_FAIL: answered well, but with something that is not what it should be. */
enum mlc_step zuora_garbage(struct mlc_call *c, const char *due);
/* Zuora's own words for: there is no such record. */
bool zuora_is_gone(struct mlc_call *c);
/* In Zuora's own words, a no that lasts: no such object, no permission, not in this tenant. */
bool zuora_declines(struct mlc_call *c);
/* The reasons of a reply as one fault, and as words. */
enum mlc_fault zuora_reasons(struct mlc_call *c, json_t *body, const char **words);
uint32_t zuora_wait_ms(struct mlc_call *c);
/* Pages that repeat, loop or are empty without end: false, and *failed says which. */
bool zuora_goes_on(struct mlc_call *c, struct way *w, const char *cursor, size_t rows, enum mlc_step *failed);

/* ---- records.c: records, what belongs inside of them, and how they are asked for */

/* -1: none of that name. */
int zuora_entity(const char *name);
/* Where object-query has them: "invoices"; NULL: only ZOQL has. */
const char *zuora_folder(int entity);
/* A page of them; filters: "&filter[]=...", encoded; cursor: NULL for the first. */
enum mlc_step zuora_list(struct mlc_call *c, int entity, const char *filters, const char *cursor);
/* The same by ZOQL; where: "" or "Id = '...'". */
enum mlc_step zuora_select(struct mlc_call *c, int entity, const char *where);
/* What came goes to state.page, tidied, its cursor to state.next; MLC_DONE, or MLC_FAIL. */
enum mlc_step zuora_take_page(struct mlc_call *c, int entity);
/* Then what belongs inside of them: MLC_SEND until it is all there, then MLC_DONE. */
enum mlc_step zuora_first_parts(struct mlc_call *c, int entity);
enum mlc_step zuora_next_parts(struct mlc_call *c, int entity);
void zuora_emit(struct mlc_call *c, int entity, json_t *record);

mlc_step_fn zuora_ping, zuora_discover, zuora_fetch, zuora_find;

/* ---- feeds.c, writing.c, callouts.c */
mlc_step_fn zuora_poll, zuora_write, zuora_receive;

#endif
