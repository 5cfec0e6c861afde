/* value.h - what an expression gives: a borrowed piece of the record, or something made in the arena. */
#ifndef SCRIPT_VALUE_H
#define SCRIPT_VALUE_H

#include "base/decimal.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind {
	VALUE_NONE = 0, /* missing */
	VALUE_UNKNOWN,  /* asked for, or failed: what depends on it is unknown too */
	VALUE_CLEAR,    /* the word clear */
	VALUE_BOOL,
	VALUE_INTEGER,
	VALUE_DECIMAL,
	VALUE_TEXT,
	VALUE_JSON,     /* an object or a list of the record, an answer or the document */
	VALUE_LIST,     /* of values */
	VALUE_REF       /* a record of the target */
};

struct reference {
	const char *id, *name; /* either may be NULL */
};

struct value_list;

struct value {
	enum value_kind kind;
	uint32_t len; /* TEXT */
	union {
		bool truth;
		int64_t integer;
		const struct decimal *decimal;
		const char *text; /* terminated */
		json_t *json;
		const struct value_list *list;
		const struct reference *ref;
	};
};

struct value_list {
	size_t count;
	struct value *rows;
};

static inline struct value value_none(void)
{
	return (struct value){ 0 };
}

static inline struct value value_unknown(void)
{
	return (struct value){ .kind = VALUE_UNKNOWN };
}

static inline struct value value_bool(bool truth)
{
	return (struct value){ .kind = VALUE_BOOL, .truth = truth };
}

static inline struct value value_integer(int64_t n)
{
	return (struct value){ .kind = VALUE_INTEGER, .integer = n };
}

struct value value_text(const char *text, size_t len); /* borrowed */
struct value value_words(const char *text);            /* borrowed; NULL: missing */
struct value value_of(json_t *);                 /* borrowed; null and NULL: missing */
struct value value_decimal(struct arena *, struct decimal); /* UNKNOWN: no memory */

/* Missing, or empty in the way that a field counts as missing. */
bool value_is_empty(struct value);
/* The number it is, or the text of one. */
bool value_number(struct value, struct decimal *);
/* Its text: numbers as they are written, references by id, else by name.  False: it has none. */
bool value_as_text(struct arena *, struct value, const char **text, size_t *len);
/* A new reference, or NULL where it is missing, unknown or not to be written. */
json_t *value_json(struct arena *, struct value);

size_t value_count(struct value); /* rows of a list; else 0 */
struct value value_row(struct value list, size_t i);

#endif
