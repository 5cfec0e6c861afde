/* eval_parts.h - what the files of eval.h share: eval.c, failure.c, reckon.c, wording.c, rows.c. */
#ifndef SCRIPT_EVAL_PARTS_H
#define SCRIPT_EVAL_PARTS_H

#include "base/when.h"
#include "script/eval.h"

static inline bool is_unknown(struct value v)
{
	return v.kind == VALUE_UNKNOWN;
}

/* Notes a failure with its way out (fix: NULL, none); options: taken over. */
void eval_note(struct eval *, enum op verdict, const char *cause, const char *why, const char *fix, json_t *options);
/* Both note a failure and give UNKNOWN. */
struct value eval_bad(struct eval *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct value eval_no_room(struct eval *);
/* Text made in the arena; NULL: no room. */
struct value eval_words(struct eval *, char *text, size_t len);
const char *eval_shown(struct eval *, struct value); /* for people */
/* The day in a text: "2026-10-31", or the first ten characters of an instant. */
bool eval_day_in(struct value, char out[WHEN_DAY_SIZE]);

/* A list with room for most rows; NULL: no room, and said so.  As a value. */
struct value_list *eval_list_new(struct eval *, size_t most);
struct value eval_list(struct value_list *);

/* Text that grows in the arena.  False: no room, and said so. */
struct strand {
	char *text; /* NULL: nothing was added */
	size_t len, cap;
};
bool strand_add(struct eval *, struct strand *, const char *text, size_t len);

/* numeric: texts that are numbers are compared by value, too. */
bool eval_same(struct eval *, struct value, struct value, bool numeric);

enum number { NUMBER_HERE, NUMBER_MISSING, NUMBER_UNKNOWN };
/* The number it is; a text that is none is noted as failure, and unknown. */
enum number reckon_number(struct eval *, struct value, struct decimal *out);
struct value reckon_decimal(struct eval *, struct decimal);
struct value reckon_too_large(struct eval *); /* notes it, and gives UNKNOWN */

struct value reckon_sum(struct eval *, const struct expr *);      /* ADD, SUB, MUL */
struct value reckon_one(struct eval *, const struct expr *);      /* MONEY, NEG, ABS, ROUND */
struct value reckon_quotient(struct eval *, const struct expr *); /* DIV */
struct value reckon_order(struct eval *, const struct expr *);    /* GT, GE, LT, LE */
struct value reckon_extreme(struct eval *, const struct expr *);  /* MIN, MAX */
struct value reckon_equality(struct eval *, const struct expr *); /* EQ, NE */
struct value reckon_among(struct eval *, const struct expr *);    /* ONE_OF */
struct value reckon_date(struct eval *, const struct expr *);
struct value reckon_days(struct eval *, const struct expr *);     /* ADD_DAYS, DAYS_BETWEEN, WITHIN_DAYS */
struct value reckon_open_day(struct eval *, const struct expr *);

struct value wording_filled(struct eval *, const struct expr *);  /* TEXT */
struct value wording_turned(struct eval *, const struct expr *);  /* LOWER ... TRANSLITERATE */
struct value wording_replaced(struct eval *, const struct expr *);
struct value wording_trimmed(struct eval *, const struct expr *);
struct value wording_test(struct eval *, const struct expr *);    /* MATCHES, STARTS, CONTAINS */

struct value rows_kept(struct eval *, const struct expr *);       /* COUNT, FILTER */
struct value rows_sum(struct eval *, const struct expr *);
struct value rows_each(struct eval *, const struct expr *);       /* of values */
struct value rows_first(struct eval *, const struct expr *);      /* ROW */
struct value rows_joined(struct eval *, const struct expr *);
struct value rows_gathered(struct eval *, const struct expr *);   /* LIST, CONCAT */

#endif
