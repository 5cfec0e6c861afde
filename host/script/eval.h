/* eval.h - one record's way through one mapping: what is known, what is asked, what went wrong. */
#ifndef SCRIPT_EVAL_H
#define SCRIPT_EVAL_H

#include "script/mapping.h"
#include "script/record.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVAL_ARENA_MAX (32u << 20)
#define EVAL_STEPS_MAX 2000000
#define EVAL_DEPTH_MAX 250

/* A mapping at work for a tenant. */
struct flow {
	const char *name;    /* "acme/shop-books.invoice" */
	const char *tenant;
	const struct mapping *m;
	struct value *params; /* by place */
	json_t *answers;      /* kind -> given -> answer; the tenant's */
	bool enabled;
	unsigned rank;
	struct record_wants wants; /* what this and its fellows of the same source read of a record */
	struct group *group;  /* the flows of the same integration of the tenant */
};

/* An integration of a tenant. */
struct group {
	const char *name; /* "acme/shop-books" */
	struct flow **flows;
	size_t count;
};

struct row {
	struct value value;
	unsigned number; /* from 1 */
	const char *list;
	const struct row *outer;
};

struct failure {
	enum op verdict; /* HOLD, REVIEW, SKIP; 0: none */
	const char *cause, *why, *fix;
	json_t *options; /* list, or NULL */
};

struct eval {
	struct arena *arena;
	const struct flow *flow;
	const struct mapping *m;
	const json_t *header;                              /* of MAP; borrowed */
	json_t *record, *answers, *choice, *link;          /* borrowed; may be NULL */
	json_t *current, *found, *doc;                     /* borrowed */
	const char *own_id; /* the target record that is this one's, once known */
	const struct row *row;

	json_t *asks; /* key -> ask; ours */
	struct failure failure;
	json_t *more;  /* further failures, { cause, why }; ours */
	const char *field; /* what is being worked out, for causes */
	json_t *trace; /* NULL, or where { path, value } of what is read goes */
	uint64_t steps;
	unsigned depth; /* of values in values, through needs */
	bool met_new;   /* in the shadow: a look-up by what would only be made */
};

void eval_init(struct eval *, struct arena *, const struct flow *, const json_t *header, json_t *record);
void eval_finish(struct eval *);

struct value eval_value(struct eval *, const struct expr *);
/* True only when it is known to be; *unknown (may be NULL) is set when it cannot be told yet. */
bool eval_true(struct eval *, const struct expr *, bool *unknown);
/* Text in the arena; NULL when it is missing or unknown. */
const char *eval_text(struct eval *, const struct expr *);
/* "2026-10-31", or NULL. */
const char *eval_day(struct eval *, const struct expr *);

/* A parameter-only expression, without a record. */
struct value eval_fixed(struct arena *, const struct flow *, const struct expr *);

/* Notes a failure; the first one is the verdict, the others are told along with it. */
void eval_fail(struct eval *, enum op verdict, const char *cause, json_t *options, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* As the mapping says; where it says nothing, verdict, cause and fmt.  options: built-in words
 * "a b c" for where it names none. */
void eval_state(struct eval *, const struct state *, enum op verdict, const char *cause, json_t *options,
	const char *fmt, ...) __attribute__((format(printf, 6, 7)));
json_t *eval_options(const char *words); /* a new list: { choice, text } */

/* The answer to an ask, or NULL, and then it is noted.  ask: taken over. */
json_t *eval_ask(struct eval *, const char *key, json_t *ask);
/* Records of an entity whose members equal by (taken over): a list, or NULL: asked. */
json_t *eval_find(struct eval *, const struct schema_entity *, bool in_source, json_t *by, const json_t *take);
json_t *eval_fetch(struct eval *, const char *entity, bool in_source, const char *id, bool *asked);
/* An ensure ask for every need that has to go first. */
void eval_ensure_all(struct eval *);
/* A flow of the group by the id of its mapping. */
const struct flow *flow_of(const struct group *, const char *mapping);
/* The record's key for ever; NULL when a part is missing or not known. */
const char *eval_identity(struct eval *);

/* What the header or facts tell. */
const char *eval_fact(const struct eval *, const char *side, const char *name);
const char *eval_lock_date(const struct eval *); /* NULL: none */
/* The value a criterion gives, as a look-up wants it; NULL: missing, or *unknown. */
json_t *eval_criteria(struct eval *, const struct criteria *, bool *unknown);

/* Room in the arena for text; never NULL: over the ceiling it says so once and gives "". */
const char *eval_format(struct eval *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
