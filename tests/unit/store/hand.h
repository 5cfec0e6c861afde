/* hand.h - a store in a folder of its own, asked and answered as if at once.
 *
 * Uses store.h only, so that another store can be held to the same promises. */
#ifndef TESTS_STORE_HAND_H
#define TESTS_STORE_HAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/store.h"

struct hand {
	struct loop *loop;
	struct store *store;
	char dir[64];
	char *key_file;
};

/* A folder and a master key; the store is open.  As cmocka's setup and teardown: *state. */
int hand_setup(void **state);
int hand_teardown(void **state);
void hand_make(struct hand *); /* the folder and the key, no store */
void hand_open(struct hand *); /* must succeed */
void hand_close(struct hand *);
void hand_reopen(struct hand *);
void hand_finish(struct hand *); /* the folder is gone */
/* The path of a file in the state folder; free() it. */
char *hand_path(const struct hand *, const char *name);
/* Do these bytes stand anywhere in that file of the state folder? */
bool hand_file_holds(const struct hand *, const char *name, const char *text);

struct outcome { /* of a transaction, copied */
	int code;
	char text[ERR_TEXT_MAX];
	enum accepted accepted[64];
	int64_t ensured[64];
	size_t accepted_count, ensured_count, touched_count;
	char touched[64][96]; /* "acme/shop-books.invoice" */
};
struct outcome hand_commit(struct hand *, struct txn *);
bool was_touched(const struct outcome *, const char *tenant_and_flow);

/* Answers; json_decref() them. */
json_t *hand_list(struct hand *, const char *fmt, ...); /* filter as for json_pack() */
json_t *hand_links(struct hand *, const char *fmt, ...);
json_t *hand_records(struct hand *, const char *fmt, ...);
json_t *hand_trail(struct hand *, const char *fmt, ...);
json_t *hand_notes(struct hand *, const char *tenant, const char *scope, const char *kind);
json_t *hand_counts(struct hand *, const char *tenant);
json_t *hand_causes(struct hand *, const char *tenant);
json_t *hand_unsettled(struct hand *);
json_t *hand_again(struct hand *);
int64_t hand_creating(struct hand *, const char *entity); /* in acme/books */
json_t *hand_secret_names(struct hand *, const char *tenant);
json_t *hand_mirror(struct hand *, const char *tenant, const char *connection, const char *entity,
	json_t *members);
/* The secret's text, or NULL; free() it. */
char *hand_secret(struct hand *, const char *tenant, const char *connection, const char *name);

struct taken { /* a delivery, copied */
	int64_t id, stamp, due_ms;
	enum delivery_state state;
	unsigned attempts;
	bool deleted, fetch;
	char rid[64], version[64], text[256], cause[64], identity[64], choice[64], doc[256],
		label[64], merged_into[64];
};
struct claims {
	size_t count;
	struct taken of[64];
};
struct claims hand_claim(struct hand *, const char *tenant, const char *flow, const int64_t *busy,
	size_t busy_count, unsigned limit);
struct taken hand_delivery(struct hand *, int64_t id); /* id 0: there is none */

/* Answers of house-keeping: the report, or NULL and *e. */
struct chore {
	json_t *report;
	struct err error;
	bool over;
	struct hand *hand;
};
void chore_over(void *arg, const json_t *report, const struct err *); /* a store_fn */
void chore_wait(struct hand *, struct chore *);

/* An order of acme's shop, read by acme/shop-books.invoice; text may be NULL. */
struct arrival order(const char *id, const char *version, int64_t changed_ms, const char *text);
/* Commits that arrival alone and tells what became of it. */
enum accepted hand_accept(struct hand *, struct arrival);
/* Moves that delivery alone; returns the outcome's code. */
int hand_move(struct hand *, struct delivery_move);

/* Many transactions at once; one of ten is refused: its delivery is nobody's. */
struct tally {
	struct hand *h;
	int over, done, limited, other;
};
void put_many(struct tally *, int count);
void tally_counted(void *arg, const struct txn_result *); /* arg: the tally */

#endif
