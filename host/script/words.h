/* words.h - what the files that check values share: words.c, paths.c, shapes.c, fieldset.c. */
#ifndef SCRIPT_WORDS_H
#define SCRIPT_WORDS_H

#include "script/check.h"

extern const struct expr word_nothing; /* stands in for what was wrong */

char *word_copy(struct check *, const char *text, size_t len);
struct expr *word_new(struct check *, const struct node *, enum op, unsigned args);
const struct expr *word_of_value(struct check *, const struct node *, struct value, enum mlc_type);
const struct expr *word_of_text(struct check *, const struct node *, const char *text);
/* The one text that a word like src "x" has; NULL: it has not, and said so. */
const char *word_only_text(struct check *, const struct node *);
const struct expr *word_param(struct check *, const struct node *, const char *name);
/* A text with {paths} in it. */
const struct expr *word_filled(struct check *, const struct node *, const char *text);
/* A list by its name or as a value; *row: what its rows are. */
const struct expr *word_list(struct check *, const struct node *, const struct schema_entity **row);

/* Where a path leads: the type there, and for lists and objects the entity of what is in them. */
struct led {
	enum mlc_type type;
	const struct schema_entity *entity;
};

const struct path *path_cut(struct check *, const struct node *, const char *text);
struct led path_lead(struct check *, const struct node *, const struct path *, const struct schema_entity *, bool known);
/* A path by the word that reaches it: SRC, ITEM, PARENT, CURRENT, FOUND, DOC, FACT, LINK, NEED. */
const struct expr *path_reach(struct check *, const struct node *, enum op, const char *text, struct led *);

const struct expr *word_pick(struct check *, const struct node *);
const struct expr *word_trim(struct check *, const struct node *);
const struct expr *word_unique(struct check *, const struct node *);
const struct expr *word_predicted(struct check *, const struct node *);
const struct expr *word_compute(struct check *, const struct node *);

#endif
