/* woocommerce.h - what the files of the WooCommerce connector share. */
#ifndef WOOCOMMERCE_H
#define WOOCOMMERCE_H

#include <mlc/help.h>

#define PER_PAGE 100 /* the most that WooCommerce gives; more is a 400 (SOURCES.md 4) */

/* What every step of a call may remember; each operation uses its own part.  Pointers are into call
 * memory and end with an advance(). */
struct state {
	int phase;
	unsigned page;      /* the one that was asked for; 0: none yet */
	size_t at;          /* fetch: index into ids */
	int64_t after_ms;   /* window: everything younger than that was asked for; 0: everything */
	int64_t greatest_ms;
	bool unsorted;      /* window: the shop does not keep to its order */
	bool more;          /* there is a page after this one */
	int64_t first_id, last_id; /* on the page before this one */
	int64_t parent;     /* of the refunds or variations that were asked for */
	int64_t *parents;   /* still to be asked for, in this page */
	size_t parent_count, parent_at;
	unsigned part_page; /* of what is inside of the parent; 0: the first */
	const char *cursor; /* to be committed when the page is done */

	/* subscribe */
	unsigned there;     /* a bit for each topic: a good one exists */
	bool fresh;         /* a new secret was agreed upon in this call */
	int64_t doomed[32];
	size_t doomed_count, doomed_at, topic;
};

/* The members that decide what a record is, and the text of all of it. */
struct seen {
	struct mlc_span whole;
	int64_t id;          /* 0: it has no whole number as its id */
	int64_t parent_id;
	int64_t modified_ms; /* date_modified_gmt; 0: none */
	int64_t created_ms;
	char status[32], type[32];
	struct mlc_span refunds, variations; /* text NULL: none */
	bool is_order, is_customer, is_product; /* by its members, whatever somebody calls it */
};

enum { ORDER, REFUND, CUSTOMER, PRODUCT, VARIATION, TAX };
extern const struct mlc_entity woo_entities[];
extern const struct mlc_feed woo_feeds[];

/* reading.c: addresses, replies, records. */

/* "/wp-json/wc/v3/orders/7", as this shop's permalinks want it; tail: "orders/7". */
const char *woo_path(struct mlc_call *c, const char *tail);
/* The same for the index of the whole API; form: 0 pretty, 1 index.php, 2 plain. */
const char *woo_index_path(int form);
/* MLC_FAIL, with the fault that the reply's status and code mean, in words for a person. */
enum mlc_step woo_failed(struct mlc_call *c, const char *doing);
/* MLC_FAIL: the shop answered well, but with something that is not what it should be. */
enum mlc_step woo_garbage(struct mlc_call *c, const char *due);
/* The code of an error body; "" when it is none. */
const char *woo_code(struct mlc_call *c);
/* A 404 that says: no such record (not: no such address, no plugin, no permalinks). */
bool woo_is_gone(struct mlc_call *c);
/* Walks the list that came.  Each element is an object with an id, or this fails as garbage: *failed.  In a poll one
 * may lack its id (0): it is emitted as it is. */
bool woo_list(struct mlc_call *c, struct mlc_scan *s, enum mlc_step *failed);
int woo_list_next(struct mlc_call *c, struct mlc_scan *s, struct seen *out);
/* There is another page behind this one of count records. */
bool woo_more(struct mlc_call *c, size_t count, unsigned page, unsigned per_page);
/* An empty first page that the shop itself does not call empty. */
bool woo_hollow(struct mlc_call *c, size_t count, unsigned page);

bool woo_look(struct mlc_span whole, struct seen *out);
bool woo_is_draft(const struct seen *r); /* a cart that nobody has bought yet */
void woo_emit(struct mlc_call *c, int entity, const struct seen *r, int64_t parent);
void woo_emit_deleted(struct mlc_call *c, int entity, const char *id, int64_t changed_ms);
void woo_emit_hint(struct mlc_call *c, int entity, const char *id, int64_t changed_ms);
const char *woo_id(struct mlc_call *c, int64_t id);
/* The id of what lives inside another: "42-52", refund 52 of order 42. */
const char *woo_part_id(struct mlc_call *c, int64_t parent, int64_t id);
bool woo_split_id(const char *text, int64_t *parent, int64_t *id);
/* The ids in a list of numbers or of objects with ids; call memory. */
size_t woo_ids_in(struct mlc_call *c, struct mlc_span list, int64_t **ids);

mlc_step_fn woo_ping, woo_fetch, woo_find;

/* feeds.c */
mlc_step_fn woo_poll;

/* hooks.c */
mlc_step_fn woo_subscribe, woo_receive;

#endif
