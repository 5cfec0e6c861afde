/* zoho.h - what the files of the Zoho CRM connector share. */
#ifndef ZOHO_H
#define ZOHO_H

#include <mlc/help.h>

#define API        "/crm/v8"
#define PER_PAGE   200 /* the most that a list gives; batches of writes: 100 (SOURCES.md 4, 5) */
#define BATCH      100
#define EXTERNAL   "External_Id" /* our key on each record: a unique field that an operator makes once */
#define TOKEN      "channel_token"

/* The modules of the table in zoho_crm.c, in its order; behind them: their parts. */
enum { ACCOUNTS, CONTACTS, DEALS, PRODUCTS, VENDORS, LEADS, QUOTES, SALES_ORDERS, PURCHASE_ORDERS, INVOICES, MODULES,
	DEAL_PRODUCTS = MODULES };
extern const struct mlc_entity zoho_entities[];

/* What every step of a call may remember; each operation uses its own part. */
struct state {
	int phase;
	unsigned page;       /* asked for; 0: none yet */
	char token[512];     /* of the next page; "": none */
	int64_t after_ms;    /* the list begins there; 0: with the first record */
	int64_t greatest_ms; /* newest that was read, in this call or before */
	int64_t last_ms;     /* of the record that was read last; 0: none yet */
	size_t at;           /* fetch: index into ids; write: into writes; discover: module */
	size_t count;        /* write: how many of the writes are in the request under way */
	bool some;           /* find: there is another page of ids */
	char ids[20 * BATCH]; /* find: what to read now, comma between; deal's products: links to take away */
};

/* reading.c: replies, faults, records. */

enum mlc_step zoho_failed(struct mlc_call *c, const char *doing);
/* MLC_FAIL: it answered well, but with something that is not what it should be. */
enum mlc_step zoho_garbage(struct mlc_call *c, const char *due);
/* The fault of one entry of an envelope or of a whole reply, and the remote's own words for a person. */
enum mlc_fault zoho_fault(struct mlc_call *c, json_t *error, int status, const char **words);
uint32_t zoho_limited_ms(struct mlc_call *c, json_t *error);
/* The list at name in a 200; NULL: *failed says why.  A 204 or 304 is an empty list. */
json_t *zoho_list(struct mlc_call *c, const char *name, const char *doing, enum mlc_step *failed);
bool zoho_has_more(struct mlc_call *c); /* than the list in this reply */
/* record as the host gets it: amounts as text, nothing that is not a field; false: it has no id. */
bool zoho_record(struct mlc_call *c, const struct mlc_entity *e, json_t *record, struct mlc_record *out);
/* The members that a list may be asked for, "id,Account_Name,..."; never more than 50. */
const char *zoho_fields(struct mlc_call *c, const struct mlc_entity *e);
bool zoho_is_id(const char *text);
const char *zoho_id(struct mlc_call *c, json_t *record); /* NULL: it has none */
bool zoho_has_rows(const struct mlc_entity *e); /* a list leaves its line items out */
/* "2026-11-20T10:00:00+00:00" */
const char *zoho_time(struct mlc_call *c, int64_t ms);

mlc_step_fn zoho_ping, zoho_discover, zoho_fetch, zoho_find, zoho_poll, zoho_write, zoho_subscribe, zoho_receive;

extern const struct mlc_feed zoho_feeds[];

#endif
