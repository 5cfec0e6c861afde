/* mapping.h - a mapping that was checked: paths cut up, names resolved, ready to be evaluated.
 *
 * Made by check.c from the tree that layer.c has put together; read by everything else.  All of it
 * lies in the generation's arena. */
#ifndef SCRIPT_MAPPING_H
#define SCRIPT_MAPPING_H

#include "script/schema.h"
#include "script/tree.h"
#include "script/value.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define TYPE_ANY ((enum mlc_type)0)

/* "line_items[1].meta_data[key=vat].value", cut up. */
enum step_kind { STEP_MEMBER = 1, STEP_INDEX, STEP_WHERE };
struct step {
	enum step_kind kind;
	const char *name;  /* MEMBER, WHERE */
	const char *value; /* WHERE */
	size_t index;      /* INDEX, from 0 */
};
struct path {
	const char *text;
	unsigned count;
	struct step *steps;
};

struct expr {
	enum op op;
	enum mlc_type type;  /* TYPE_ANY: not known before a record is there */
	unsigned line;
	const struct script *script;
	unsigned count;
	const struct expr **args;
	bool numeric;        /* EQ, NE, ONE_OF: by value */
	bool fixed;          /* depends on parameters and constants only */
	union {
		struct value constant;         /* CONST */
		const struct path *path;       /* SRC, ITEM, PARENT, CURRENT, FOUND, DOC, FACT, LINK, NEED */
		unsigned param;                /* PARAM: its place */
		const struct table *table;     /* PICK from a table; NULL: args[2] is the parameter */
		const struct state *state;     /* HOLD, REVIEW, SKIP */
		const struct template *template; /* EACH of objects, ONE */
		const struct predicted *predicted;
		const struct unique *unique;
		const struct compute *compute;
		const char *word;              /* DECIDED, REMEMBERED: the kind; TRIM: what to do */
		int places;                    /* MONEY, DIV, ROUND */
	};
	const struct need *need;               /* REF, NEED, ROWS */
};

struct param {
	const char *name, *type; /* type: as written */
	const char *of;          /* entity whose name it is; NULL: none */
	unsigned line;
	const struct script *script;
	json_t *preset;          /* default, or what an override has set; NULL: none */
	const struct node *spec;
	const struct expr *required; /* NULL: no */
	bool unique;
};

struct table_row {
	const char *key;
	const struct expr *value;
};
struct table {
	const char *name;
	const struct table_row *rows; /* by key */
	size_t count;
	const struct expr *otherwise; /* default; NULL: none */
};

struct state {
	enum op verdict;           /* HOLD, REVIEW, SKIP */
	const struct expr *cause;  /* TEXT or CONST; NULL: what the place says */
	const struct expr *why, *fix;
	const char *const *options; /* ends with NULL */
};

/* A target's member and where it comes from. */
struct field {
	const char *name;
	const struct schema_field *is; /* NULL: the entity does not describe its members */
	const struct expr *value;      /* NULL: sub */
	const struct fields *sub;
	unsigned line;
	const struct script *script;
};
struct fields {
	const struct schema_entity *entity;
	const struct field *rows;
	size_t count;
};
struct template {
	const struct expr *if_; /* NULL: always */
	struct fields fields;
};

struct criterion {
	const char *member;
	const struct schema_field *is;
	const struct expr *value;
};
struct criteria {
	const struct criterion *rows;
	size_t count;
};

struct need {
	const char *name;
	enum op op; /* ENSURE, LINKED, FIND, FETCH, QUERY */
	unsigned line;
	const struct script *script;
	const struct expr *if_;
	/* ENSURE, LINKED */
	const char *mapping;
	const char *of_entity;
	const struct expr *of_id; /* NULL: this record */
	const struct expr *anew;  /* ENSURE: also when it is there; NULL: never */
	/* FIND, FETCH, QUERY */
	bool in_source;
	const struct schema_entity *entity;
	const struct criteria *by; /* FIND: then the fallbacks; QUERY: one */
	size_t by_count;
	const char *name_member;   /* what an answer of a person names */
	const struct expr *about, *id;
	const char *kind;          /* of remembered answers */
	json_t *take;              /* members that are used of it */
	const struct state *on_none, *on_many; /* NULL: as the kind of need says */
	bool per_row;              /* uses the row at hand */
};

struct rule {
	bool by_link;
	struct criteria by;
	const char *how; /* "RefNumber", "Email + Name" */
	const struct expr *if_, *agree;
	const struct state *else_;
	unsigned confidence;
	unsigned line;
};

struct condition { /* of accept, requires, expect */
	const struct expr *if_;
	const struct state *else_;
	unsigned line;
};

struct requirement {
	const char *side, *fact; /* "target", "class_tracking" */
	const char *is;
	const struct expr *if_, *why, *fix;
	unsigned line;
};

struct expectation {
	json_t *sum; /* names */
	const struct expr *equals, *if_;
	const char *cause;
};

struct predicted {
	const char *lines, *amount, *code;
	const struct expr **taxable;
	size_t taxable_count;
	const struct expr *rates, *plus; /* plus: more that is taxable; NULL: nothing */
	char round; /* 'c'omponent, 'd'ocument, 'l'ine */
	unsigned places;
};

struct unique {
	const struct expr *name;
	unsigned max;
	struct among {
		const struct schema_entity *entity;
		const char *member;
	} *among;
	size_t among_count;
	const struct expr **suffixes;
	size_t suffix_count;
	const struct state *otherwise;
};

struct compute {
	struct script *script;
	int function;  /* which of the script's */
	const struct member_expr {
		const char *name;
		const struct expr *value;
	} *inputs;
	size_t input_count;
	const char *result;
	const char *const *one_of; /* ends with NULL; NULL: anything */
};

enum adopted { ADOPTED_ALL = 1, ADOPTED_ONLY_EMPTY, ADOPTED_NONE };
enum conflict { CONFLICT_REVIEW = 1, CONFLICT_OURS, CONFLICT_THEIRS };

struct mapping {
	const char *id, *version, *title;
	const char *file, *name; /* name: the file's, "invoice" */
	const char *integration; /* the folder; NULL: a tenant's own */
	const char *tenant;      /* NULL: shipped, not overridden */
	char hash[65];           /* of the files it is made of */
	const struct script *script;
	const struct script *over; /* the tenant's override; NULL: none */
	const struct node *tree;   /* all layers put together */
	const struct schema *from_schema, *to_schema;
	const struct schema_entity *from, *to;

	const char *back_of; /* the mapping whose way back this is: they share their links; NULL: of none */
	bool on_demand, hears_own;
	const struct expr *enabled, *label;
	const struct requirement *requires;
	size_t require_count;

	bool is_money;
	const struct expr *amount, *currency, *money_date, *posted, *must_be, *origin_date;

	struct param *params;
	size_t param_count;
	struct table *tables;
	size_t table_count;

	const struct condition *accept;
	size_t accept_count;
	const struct expr **identity;
	size_t identity_count;
	const char *order_by;

	/* Records of the source whose change is a change of this one: the ids that they name. */
	const struct stirring {
		const struct schema_entity *entity;
		const struct expr *ids;
		json_t *reads; /* first steps of the paths in ids */
	} *again_on;
	size_t again_on_count;
	const struct expr *again_at; /* days and instants: looked at again then; NULL: never */

	const struct rule *rules;
	size_t rule_count;
	const char *on_none;            /* "create", ...; NULL: the state */
	const struct state *on_none_state, *on_many;
	unsigned accept_at;
	json_t *match_take;

	struct need *needs;
	size_t need_count;

	struct fields fields;
	const struct expr *left, *right, *within;
	const struct template *fix;
	const char *fix_list, *fix_member;
	const struct state *otherwise;
	const struct expectation *expects;
	size_t expect_count;

	const char *const *owns; /* ends with NULL; NULL: all of fields */
	enum adopted adopted;
	enum conflict on_conflict;
	const struct shared { /* fields that another mapping carries back */
		const char *name;
		enum conflict policy;
		bool said; /* of this field, whether or not that mapping is at work */
	} *both_ways;
	size_t both_way_count;

	const char *const *touches; /* on_update.fields; NULL: all */
	bool write_once;
	const struct expr *unless, *gone;
	const struct state *update_else;

	bool leaves_deleted; /* on_delete = "nothing" */
	const struct expr *delete_when, *void_if, *delete_if;
	const struct fields *delete_fields;
	const struct state *delete_else;
	unsigned delete_limit; /* per hour; 0: none */

	json_t *mirrors, *source_mirrors; /* of the target, the source: entity -> [members] */
	bool open;       /* it names fields that only an account has, before they are known */
	json_t *currents; /* first steps of all paths into the target's record as it is */
	json_t *reads;   /* first steps of all paths into the source record */
};

const struct param *mapping_param(const struct mapping *, const char *name);

#endif
