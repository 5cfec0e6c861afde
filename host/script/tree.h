/* tree.h - a mapping file as a tree: its words and tables, and where they stand.
 *
 * The file is run once, in the sandbox; each word of the language is a C function that makes a
 * node.  What comes out refers to no Lua but for the functions of compute. */
#ifndef SCRIPT_TREE_H
#define SCRIPT_TREE_H

#include "base/mem.h"

#include <jansson.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TREE_DEPTH_MAX 48    /* tables in tables */
#define TREE_NODES_MAX 60000 /* of one file */
#define ARGS_ANY       255

/* Every word: its name in the enum, in a file, and how many values it takes; a word that is given
 * one table takes what is in it.  ARGS_ANY: no limit. */
#define TREE_WORDS(X) \
	X(SRC, "src", 1, 1) X(ITEM, "item", 0, 1) X(PARENT, "parent", 0, 1) X(ROW_NUMBER, "row_number", 0, 0) \
	X(TEXT, "text", 1, 1) X(PARAM, "param", 1, 1) X(PICK, "pick", 2, 3) X(REMEMBERED, "remembered", 2, 3) \
	X(REF, "ref", 1, 1) X(NAMED, "named", 1, 1) X(NEED, "need", 1, 1) X(FACT, "fact", 1, 1) \
	X(LINK, "link", 1, 1) X(CURRENT, "current", 1, 1) X(FOUND, "found", 1, 1) X(DOC, "doc", 1, 1) \
	X(ACCOUNT, "account", 0, 0) X(TODAY, "today", 0, 0) X(NOW, "now", 0, 0) X(LOCK_DATE, "lock_date", 0, 0) \
	X(PRESENT, "present", 1, 1) X(ABSENT, "absent", 1, 1) X(EQ, "eq", 2, 2) X(NE, "ne", 2, 2) \
	X(GT, "gt", 2, 2) X(GE, "ge", 2, 2) X(LT, "lt", 2, 2) X(LE, "le", 2, 2) X(ONE_OF, "one_of", 2, 2) \
	X(MATCHES, "matches", 2, 2) X(STARTS, "starts", 2, 2) X(CONTAINS, "contains", 2, 2) \
	X(WITHIN_DAYS, "within_days", 3, 3) X(ALL, "all", 0, ARGS_ANY) X(ANY, "any", 0, ARGS_ANY) \
	X(NOT, "not_", 1, 1) X(DECIDED, "decided", 1, 1) X(WHEN, "when", 2, 3) X(FIRST, "first", 1, ARGS_ANY) \
	X(MONEY, "money", 1, 2) X(ADD, "add", 1, ARGS_ANY) X(SUB, "sub", 2, ARGS_ANY) X(MUL, "mul", 1, ARGS_ANY) \
	X(DIV, "div", 3, 3) X(NEG, "neg", 1, 1) X(ABS, "abs", 1, 1) X(MIN, "min", 1, ARGS_ANY) \
	X(MAX, "max", 1, ARGS_ANY) X(ROUND, "round", 2, 3) X(SUM, "sum", 2, 2) X(PREDICTED, "predicted", 0, 0) \
	X(DATE, "date", 1, 2) X(ADD_DAYS, "add_days", 2, 2) X(DAYS_BETWEEN, "days_between", 2, 2) \
	X(OPEN_DAY, "open_day", 1, 1) \
	X(LOWER, "lower", 1, 1) X(UPPER, "upper", 1, 1) X(PHONE, "phone", 1, 1) X(CLEAN_NAME, "clean_name", 1, 1) \
	X(TRANSLITERATE, "transliterate", 1, 2) X(TRIM, "trim", 1, 1) X(REPLACE, "replace", 3, 3) \
	X(UNIQUE_NAME, "unique_name", 1, 1) \
	X(EACH, "each", 2, 2) X(LINES, "lines", 0, ARGS_ANY) X(ONE, "one", 0, 0) X(LIST, "list", 0, ARGS_ANY) \
	X(CONCAT, "concat", 1, ARGS_ANY) X(FILTER, "filter", 2, 2) X(COUNT, "count", 1, 2) X(JOIN, "join", 3, 3) \
	X(ROW, "row", 3, 3) X(ROWS, "rows", 1, 1) \
	X(HOLD, "hold", 0, 2) X(REVIEW, "review", 0, 2) X(SKIP, "skip", 0, 2) \
	X(ENSURE, "ensure", 1, 1) X(LINKED, "linked", 1, 1) X(FIND, "find", 0, 0) X(FETCH, "fetch", 0, 0) \
	X(QUERY, "query", 0, 0) X(COMPUTE, "compute", 0, 0)

enum op {
	OP_CONST = 1, /* text, whole number, true, false */
	OP_TABLE,
	OP_FUNCTION,
	OP_MAPPING, OP_OVERRIDE,
	OP_CLEAR, OP_DROP, OP_NONE, /* the constants clear, drop, none */
#define X(NAME, word, least, most) OP_##NAME,
	TREE_WORDS(X)
#undef X
	OP_END
};

struct member {
	const char *name;
	struct node *value;
	unsigned line, order; /* order: where it stands among all names of the file */
};

struct node {
	enum op op;
	unsigned line;
	struct script *script;
	json_t *constant;   /* CONST; the script's */
	const char *text;   /* CONST that is text; OVERRIDE: what it overrides */
	int function;       /* FUNCTION: which of the file, from 1 */
	struct node **kids; /* what has no name, in order */
	unsigned kid_count;
	struct member *members; /* what has one, as they stand in the file */
	unsigned member_count;
	bool braced; /* its kids stand in braces */
	bool placed;
};

/* What several mappings of an integration share: parts/NAME.lua beside them, taken in by shared "NAME".
 * Its text is run in the file that asks for it, so that what it gives may be values, tables of them, or
 * functions that make some. */
struct part {
	const char *name, *path, *text;
	size_t len;
	const char *integration;
	char hash[65];
};
struct parts {
	const struct part *rows;
	size_t count;
};

/* One file, read. */
struct script {
	const char *path;
	const char *layer;  /* "shipped", or the tenant whose file it is */
	const char *tenant; /* NULL: shipped */
	char hash[65]; /* of it and the parts that it takes in */
	const char *integration;   /* whose parts it may take in; NULL: none */
	const struct parts *parts; /* all there are; outlive the script */
	struct shared_part {
		const struct part *part;
		struct script *script; /* of its nodes; ours */
		struct shared_part *next;
	} *shared;
	struct script *inside; /* the script that takes this part in; NULL: it is a file of its own */
	lua_State *lua;     /* NULL when it holds no function */
	char *text;         /* kept only with lua: see script_revive() */
	size_t len;
	int functions;
	struct arena *arena;
	json_t *constants;  /* keeps them alive */
	json_t *problems;   /* while it is read */
	struct node *root;  /* MAPPING or OVERRIDE; NULL: see problems */
	unsigned nodes;
	bool reading;
};

/* Reads it; what is wrong goes to problems.  arena must outlive the script. */
void script_read(struct script *, struct arena *, const char *text, size_t len, json_t *problems);
void script_finish(struct script *);
/* A state that spent a budget stays condemned; this makes a new one, with the same functions. */
bool script_revive(struct script *);
/* The registry's list of the file's functions is on the top of the stack. */
void script_push_functions(lua_State *);

const char *op_word(enum op); /* as it stands in a file */
/* How many values it takes; false: op is no word. */
bool op_takes(enum op, unsigned *least, unsigned *most);

/* The member's value, or NULL. */
struct node *node_get(const struct node *, const char *name);
const struct member *node_member(const struct node *, const char *name);
bool node_is_text(const struct node *);

#endif
