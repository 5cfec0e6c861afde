/* command.h - what every command is given, and the one table of them (cli.c). */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit codes: 0 well, 1 something is wrong with what was asked about, 2 usage. */
enum { EXIT_WELL = 0, EXIT_WRONG = 1, EXIT_USAGE = 2 };

struct cli {
	const char *program;   /* our own executable, absolute */
	const char *dir;       /* --dir, default "." */
	bool json;             /* --json */
	int argc;              /* what follows the command's name, options taken out */
	char **argv;
	const struct command *command;
	json_t *options;       /* the command's own: { since: "2026-10-01", wait: true } */
};

struct option_row {
	const char *name;      /* "since" */
	const char *value;     /* "DATE"; NULL: a switch */
	const char *help;
};

struct command {
	const char *name, *args; /* "sync", "TENANT/FLOW" */
	const char *summary;     /* one line for the list */
	const char *help;        /* more lines for --help, or NULL */
	const struct option_row *options; /* ends with a NULL name; NULL: none */
	int (*run)(struct cli *);
	int least, most;         /* how many arguments */
};

extern const struct command commands[]; /* ends with a NULL name */

int cli_main(const char *program, int argc, char **argv);

/* Helpers for commands. */
const char *cli_option(const struct cli *, const char *name); /* NULL: not given */
bool cli_switch(const struct cli *, const char *name);
/* Says what is wrong: words on stderr, or with --json { "error", "cause" } on stdout.  Returns EXIT_WRONG. */
int cli_wrong(const struct cli *, const char *cause, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int cli_usage(const struct cli *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Files in plugins/ that were refused (config.refused), a line each; and whether a connection or an app needs one of them:
 * nothing is well then, though the older one may still be in use. */
void say_refused(const json_t *refused, const char *indent);
bool refused_in_use(const json_t *refused);
/* Prints a JSON value, indented, to stdout. */
void cli_print_json(const json_t *);

#endif
