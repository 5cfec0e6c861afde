/* check.h - from a tree to a mapping: every path, field, name and type held against both schemas.
 *
 * check_mapping() is for the outside; the rest is between check.c (sections) and words.c (values). */
#ifndef SCRIPT_CHECK_H
#define SCRIPT_CHECK_H

#include "script/mapping.h"

struct check_scope { /* rows inside each, count, ... */
	const struct schema_entity *entity; /* NULL: not described */
	const struct check_scope *outer;
};

enum check_place { PLACE_RECORD = 0, PLACE_MATCH = 1, PLACE_UPDATE = 2, PLACE_DOC = 4 };

struct check {
	struct arena *arena;
	json_t *problems;
	json_t *keep;            /* what the generation holds on to */
	struct mapping *m;
	const struct check_scope *rows;
	const struct schema_entity *source; /* what src reads */
	json_t *stirring_reads;  /* where that is a record of again_on */
	const struct schema_entity *template_entity; /* of the lines being made; NULL: not described */
	bool in_template;        /* a LIST or OBJECT field is being made: objects are welcome */
	unsigned places;         /* enum check_place: what may be referred to */
	bool doc_lists;          /* a list's name is one of the document, not of the source */
	const char *section;     /* "fields", for messages */
	unsigned made, depth;
	unsigned need_depth;
};

/* Checks m->tree and fills m; what is wrong is added to problems.  False: m is not to be used.
 * keep: a list that outlives the mapping. */
bool check_mapping(struct mapping *m, struct arena *, const struct schemas *, json_t *keep, json_t *problems);

/* A value for a parameter, from a tenant or an override; false: why says what it should be. */
bool check_param(const struct param *, json_t *value, char *why, size_t why_size);

/* ---- between check.c and words.c ---- */

void *check_take(struct check *, size_t size); /* zeroed; never NULL */
void wrong(struct check *, const struct node *at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Complains about members that are none of "a b c". */
void check_members(struct check *, const struct node *, const char *allowed);
const char *check_likely_field(const struct schema_entity *, const char *meant, char *out, size_t size);

/* May a field that is not described be there all the same?  Then the mapping is open. */
bool word_may_be_there(struct check *, const struct schema_entity *);

/* Never NULL: what is wrong was said, and stands in for the value. */
const struct expr *word_value(struct check *, const struct node *);
const struct expr *word_optional(struct check *, const struct node *); /* NULL for NULL */
const struct expr *word_condition(struct check *, const struct node *); /* NULL for NULL */
/* A text that may hold {paths}. */
const struct expr *word_text(struct check *, const struct node *);
/* hold, review, skip; also their names as text.  NULL for NULL. */
const struct state *word_state(struct check *, const struct node *);
const struct fields *word_fields(struct check *, const struct node *table, const struct schema_entity *);
bool word_criteria(struct check *, const struct node *table, const struct schema_entity *, struct criteria *out);
/* A list of names, ends with NULL. */
const char *const *word_names(struct check *, const struct node *table);
json_t *word_constant(struct check *, const struct node *); /* as JSON, kept; NULL: it is none */
struct need *check_need(struct check *, const struct node *at, const char *name);
/* Whether a value's type may go into a field of that type. */
bool type_fits(enum mlc_type value, enum mlc_type field);

#endif
