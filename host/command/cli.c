/* cli.c - the commands as a table; arguments, options and help, the same for all. */
#include "command/command.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/shown.h"
#include "command/offline.h"
#include "command/online.h"
#include "command/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MOST 1000 /* rows that the host gives at once */

static const struct option_row run_options[] = {
	{ "pretty", NULL, "log lines for people instead of JSON" },
	{ "debug", NULL, "log more" },
	{ "until-idle", NULL, "end when nothing can be done before a visit, a deadline or a person" },
	{ "record", "DIR", "keep each exchange with a remote there, secrets masked" },
	{ "test-clock", NULL, "tests only: lets `advance` move the clock" },
	{ NULL, NULL, NULL }
};

static const struct option_row list_options[] = {
	{ "tenant", "TENANT", "only this tenant" },
	{ "flow", "FLOW", "only this flow, as shop-books.invoice" },
	{ "cause", "CAUSE", "only this cause, as list and status show it" },
	{ "id", "N", "only this delivery" },
	{ "label", "TEXT", "only this record, as \"order 1007\"" },
	{ "limit", "N", "at most so many (100)" },
	{ "after", "N", "those after this id" },
	{ NULL, NULL, NULL }
};

static const struct option_row release_options[] = {
	{ "flow", "FLOW", "only this flow, as shop-books.invoice" },
	{ "cause", "CAUSE", "only this cause, as list and status show it" },
	{ "id", "N", "only this delivery" },
	{ "label", "TEXT", "only this record, as \"order 1007\"" },
	{ NULL, NULL, NULL }
};

static const struct option_row decide_options[] = {
	{ "cause", "CAUSE", "all that wait for this cause" },
	{ "id", "N", "only this delivery" },
	{ "flow", "FLOW", "only this flow" },
	{ "choice", "WORD", "one of the options that `list review` shows: adopt, create, again, forget, skip, ..." },
	{ "record", "ID", "with --choice adopt: the record of the target" },
	{ "answer", "TEXT", "the answer to what was asked: the item, the tax item, ..." },
	{ "remember", NULL, "and for all later ones: writes the tenant's answers.csv" },
	{ NULL, NULL, NULL }
};

static const struct option_row replay_options[] = {
	{ "tenant", "TENANT", "only this tenant" },
	{ "flow", "FLOW", "only this flow" },
	{ "cause", "CAUSE", "only this cause" },
	{ "state", "STATE", "held (default), review, skipped, done, would" },
	{ "id", "N", "only this delivery" },
	{ "label", "TEXT", "only this record" },
	{ "yes", NULL, "do it; without it what would change is shown, and nothing is done" },
	{ NULL, NULL, NULL }
};

static const struct option_row sync_options[] = {
	{ "since", "DATE", "read the source again from this day on" },
	{ "wait", NULL, "end when the flow has nothing left to do now" },
	{ NULL, NULL, NULL }
};

static const struct option_row plan_options[] = {
	{ "days", "N", "of so many days (30)" },
	{ NULL, NULL, NULL }
};

static const struct option_row authorize_options[] = {
	{ "no-wait", NULL, "only say where; do not wait for the person" },
	{ NULL, NULL, NULL }
};

static const struct option_row go_options[] = {
	{ "yes", NULL, "without asking" },
	{ NULL, NULL, NULL }
};

static const struct option_row link_options[] = {
	{ "source", "ID", "id of the source record" },
	{ "entity", "NAME", "entity of the target record, where the mapping's own is not meant" },
	{ NULL, NULL, NULL }
};

static const struct option_row links_options[] = {
	{ "flow", "FLOW", "only this flow" },
	{ "source", "ID", "only of this source record" },
	{ "record", "ID", "only to this target record" },
	{ "csv", NULL, "as CSV" },
	{ "limit", "N", "at most so many (all)" },
	{ NULL, NULL, NULL }
};

static const struct option_row visits_options[] = {
	{ "explain", "CODE", "what a code of QuickBooks or the Web Connector means, and what to do" },
	{ "limit", "N", "the last so many (5)" },
	{ NULL, NULL, NULL }
};

static const struct option_row month_options[] = {
	{ "month", "YYYY-MM", "the month" },
	{ NULL, NULL, NULL }
};

static const struct option_row audit_options[] = {
	{ "tenant", "TENANT", "only this tenant" },
	{ "flow", "FLOW", "only this flow" },
	{ "move", "MOVE", "accept, decide, mark, settle, release, go, ..." },
	{ "after", "N", "those after this number" },
	{ "limit", "N", "at most so many (100)" },
	{ "payload", NULL, "with what was kept apart" },
	{ NULL, NULL, NULL }
};

static const struct option_row map_options[] = {
	{ "record", "FILE", "the source record, as JSON" },
	{ "tenant", "TENANT", "with this tenant's parameters and overrides" },
	{ "answers", "FILE", "JSON: what look-ups would bring, by the keys that were asked" },
	{ "origin", NULL, "each field with the line, the layer and the source values it came from" },
	{ NULL, NULL, NULL }
};

const struct command commands[] = {
	{ "init", "DIR", "a deployment that starts: files with comments, a master key", NULL, NULL, command_init, 1, 1 },
	{ "run", "", "the host, in the foreground", NULL, run_options, command_run, 0, 0 },
	{ "check", "", "validates everything, as a reload would",
		"Exit status 1: a file is wrong, or a connector that is in use was refused.  A secret that nobody has given yet is\n"
		"only named.",
		NULL, command_check, 0, 0 },
	{ "connectors", "", "what is installed in plugins/", "Exit status 1: a file there was refused, used or not.", NULL,
		command_connectors, 0, 0 },
	{ "schema", "CONNECTOR[.ENTITY]", "its settings, entities, fields, limits", NULL, NULL, command_schema, 1, 1 },
	{ "secret", "set TENANT/CONNECTION NAME", "a secret, from stdin or a prompt, never from the arguments",
		"From a file or a pipe all of it, 64 KB at most; on a terminal a line, or a key from its BEGIN to its END.  The end of\n"
		"the last line is left away.  app/NAME in the place of TENANT/CONNECTION: a secret of an app of mlc.lua.", NULL,
		command_secret, 3, 3 },
	{ "authorize", "TENANT/CONNECTION", "the address to open for an OAuth grant; waits for it",
		"The address is good for a day, and once. The redirect address that is printed must be registered with the app.",
		authorize_options, command_authorize, 1, 1 },
	{ "ping", "[TENANT[/CONNECTION]]", "credentials, reach, version, company, what the books lack; writes nothing",
		"Exit status 1: a login fails, or a name that mappings use is not in the books.  Who calls us is not asked: what its\n"
		"last visit told is shown.", NULL, command_ping, 0, 1 },
	{ "qwc", "TENANT/CONNECTION", "the .qwc file for the Web Connector", NULL, NULL, command_qwc, 1, 1 },
	{ "map", "MAPPING", "one record through one mapping",
		"MAPPING is its id, as woocommerce.order->quickbooks_desktop.invoice, or a flow, as acme/shop-books.invoice.",
		map_options, command_map, 1, 1 },
	{ "test", "[MAPPING]", "the tests embedded in mappings", NULL, NULL, command_test, 0, 1 },
	{ "plan", "[TENANT]", "what changed mappings would do to the records of the last days; sends nothing",
		"Exit status 1: the files are wrong, or records that come out well now would be held or wait for a person.",
		plan_options, command_plan, 0, 1 },
	{ "sync", "TENANT[/FLOW]", "poll now",
		"What has to be asked of somebody who calls us waits for the next visit; --wait says when that will be.",
		sync_options, command_sync, 1, 1 },
	{ "status", "[TENANT]", "is all well, and if not: what to type", "Exit status 1: something needs a person.", NULL,
		command_status, 0, 1 },
	{ "list", "held|review|would|ready|waits|sending|done|skipped|all", "what waits, and why", NULL, list_options,
		command_list, 1, 1 },
	{ "go", "TENANT[/FLOW]", "out of the shadow: from now on it writes", NULL, go_options, command_go, 1, 1 },
	{ "pause", "TENANT[/FLOW|/CONNECTION]", "writes stop; accepting goes on, across restarts", NULL, NULL, command_pause, 1, 1 },
	{ "resume", "TENANT[/FLOW|/CONNECTION]", "writes go on", NULL, NULL, command_resume, 1, 1 },
	{ "links", "TENANT", "what is the same as what", NULL, links_options, command_links, 1, 1 },
	{ "link", "TENANT/FLOW IDENTITY TARGET-ID", "these two are the same",
		"The target is asked whether it has that record; where it cannot be asked now, that is said.",
		link_options, command_link, 3, 3 },
	{ "unlink", "TENANT/FLOW IDENTITY", "they are not", NULL, NULL, command_unlink, 2, 2 },
	{ "visits", "TENANT/CONNECTION", "the Web Connector's visits, in plain words", NULL, visits_options, command_visits, 0, 1 },
	{ "story", "TENANT/CONNECTION ENTITY ID|NUMBER", "everything that ever happened to one record", NULL, NULL,
		command_story, 3, 3 },
	{ "replay", "", "records again, with the mapping as it is now; shows first", NULL, replay_options, command_replay, 0, 0 },
	{ "release", "TENANT", "held records again", NULL, release_options, command_release, 1, 1 },
	{ "decide", "TENANT", "answers a review, or all of one cause",
		"Exit status 1: nothing waits for that, or the word is no answer to it.", decide_options, command_decide, 1, 1 },
	{ "reconcile", "TENANT/FLOW", "both sides of a month compared",
		"As feeds brought them last; nobody is asked anew.  Exit status 1: they do not agree.",
		month_options, command_reconcile, 1, 1 },
	{ "audit", "[verify]", "the trail; or the proof that nothing in it was altered",
		"Exit status 1 of verify: something was altered.", audit_options, command_audit, 0, 1 },
	{ "backup", "FILE", "the store, while it runs", NULL, NULL, command_backup, 1, 1 },
	{ "restore", "FILE", "a backup into a deployment without a store; writes are held until you say go", NULL, NULL,
		command_restore, 1, 1 },
	{ "erase", "TENANT/CONNECTION ENTITY ID", "a person's data, here; the trail says that it was erased", NULL, NULL,
		command_erase, 3, 3 },
	{ "key", "rotate FILE", "secrets under a new master key: the one in FILE, which is made if it is not there", NULL, NULL, command_key, 2, 2 },
	{ "reload", "", "reads every file anew; anything wrong: says it, and goes on with the old",
		"Exit status 1: nothing was changed; or all but a connector in use that was refused, whose version before serves on.",
		NULL, command_reload, 0, 0 },
	{ "version", "", "what this is", NULL, NULL, command_version, 0, 0 },
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 }
};

/* ---- help ------------------------------------------------------------------------------------------ */

static void list_commands(FILE *to)
{
	fprintf(to, "mlc keeps business systems in step.\n\nusage: mlc COMMAND [--dir DIR] [--json] ...\n\n");
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %-11s %s\n", c->name, c->summary);
	fprintf(to, "\n  --dir DIR   the deployment (default: this folder)\n  --json      for machines\n"
		"  --help      of a command: its arguments and options\n\n"
		"exit status: 0 well, 1 something is wrong with what was asked about, 2 usage\n");
}

static void show_help(const struct command *c, FILE *to)
{
	fprintf(to, "usage: mlc %s%s%s [--dir DIR] [--json]%s\n\n%s\n", c->name, *c->args ? " " : "", c->args,
		c->options ? " [options]" : "", c->summary);
	if (c->help)
		fprintf(to, "\n%s\n", c->help);
	for (const struct option_row *o = c->options; o && o->name; o++) {
		char left[64];

		if (o == c->options)
			fputc('\n', to);
		snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
		fprintf(to, "  %-18s %s\n", left, o->help);
	}
}

/* ---- what commands say ---------------------------------------------------------------------------------- */

const char *cli_option(const struct cli *cli, const char *name)
{
	return json_text_at(cli->options, name);
}

bool cli_switch(const struct cli *cli, const char *name)
{
	return json_true_at(cli->options, name);
}

void cli_print_json(const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);

	if (text)
		puts(text);
	free(text);
}

int cli_wrong(const struct cli *cli, const char *cause, const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	shown_plain(text, "\n\t");
	if (cli->json) {
		json_t *o = json_object();

		json_put_text(o, "error", text);
		json_put_text(o, "cause", cause);
		cli_print_json(o);
		json_decref(o);
	} else {
		fprintf(stderr, "mlc: %s\n", text);
	}
	return EXIT_WRONG;
}

int cli_usage(const struct cli *cli, const char *fmt, ...)
{
	va_list args;

	fputs("mlc: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	if (cli->command)
		fprintf(stderr, "usage: mlc %s%s%s   (mlc %s --help)\n", cli->command->name, *cli->command->args ? " " : "",
			cli->command->args, cli->command->name);
	return EXIT_USAGE;
}

void say_refused(const json_t *refused, const char *indent)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)refused, i, one) {
		const char *file = json_text_or(one, "file", ""), *why = json_text_or(one, "why", "");
		const char *used = json_text_at(one, "used");
		size_t len = strlen(file);

		if (!strncmp(why, file, len) && !strncmp(why + len, ": ", 2)) /* it is named already */
			why += len + 2;
		printf("%s%s is not used: %s", indent, file, why);
		if (used)
			printf(" (%s needs it)", used);
		printf("\n");
	}
}

bool refused_in_use(const json_t *refused)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)refused, i, one)
		if (json_text_at(one, "used"))
			return true;
	return false;
}

/* ---- arguments ------------------------------------------------------------------------------------------- */

static const struct command *find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

static const struct option_row *find_option(const struct command *c, const char *name, size_t len)
{
	for (const struct option_row *o = c->options; o && o->name; o++)
		if (strlen(o->name) == len && !strncmp(o->name, name, len))
			return o;
	return NULL;
}

/* One argument that begins with --; *i moves on over its value.  0, or an exit status. */
static int take_option(struct cli *cli, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '='), *value = equals ? equals + 1 : NULL;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *o = find_option(cli->command, name, len);
	bool is_dir = len == 3 && !strncmp(name, "dir", 3);

	if (!equals && !strcmp(name, "json")) {
		cli->json = true;
		return 0;
	}
	if (!o && !is_dir)
		return cli_usage(cli, "%s has no option --%.*s", cli->command->name, (int)len, name);
	if (o && !o->value) {
		json_object_set_new(cli->options, o->name, json_true());
		return equals ? cli_usage(cli, "--%s takes no value", o->name) : 0;
	}
	if (!value) {
		if (++*i >= argc)
			return cli_usage(cli, "--%.*s wants a value", (int)len, name);
		value = argv[*i];
	}
	if (o && !strcmp(o->value, "N") && (!*value || value[strspn(value, "0123456789")] || strlen(value) > 18))
		return cli_usage(cli, "--%s wants a number, not '%s'", o->name, value);
	if (o && !strcmp(o->name, "limit") && (strtoll(value, NULL, 10) < 1 || strtoll(value, NULL, 10) > LIMIT_MOST))
		return cli_usage(cli, "--limit wants a number from 1 to %d", LIMIT_MOST);
	if (is_dir)
		cli->dir = value;
	else
		json_put_text(cli->options, o->name, value);
	return 0;
}

int cli_main(const char *program, int argc, char **argv)
{
	struct cli cli = { .program = program, .dir = ".", .options = json_object() };
	int status = 0;

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		list_commands(argc < 2 ? stderr : stdout);
		json_decref(cli.options);
		return argc < 2 ? EXIT_USAGE : EXIT_WELL;
	}
	if (!strcmp(argv[1], "--version"))
		argv[1] = (char []) { "version" };
	cli.command = find(argv[1]);
	if (!cli.command) {
		fprintf(stderr, "mlc: there is no command '%s': mlc --help lists them\n", argv[1]);
		json_decref(cli.options);
		return EXIT_USAGE;
	}
	cli.argv = xcalloc((size_t)argc, sizeof *cli.argv);
	for (int i = 2; i < argc && !status; i++) {
		if (!strcmp(argv[i], "--help")) {
			show_help(cli.command, stdout);
			free(cli.argv);
			json_decref(cli.options);
			return EXIT_WELL;
		}
		if (!strncmp(argv[i], "--", 2))
			status = take_option(&cli, argc, argv, &i);
		else
			cli.argv[cli.argc++] = argv[i];
	}
	if (!status && (cli.argc < cli.command->least || cli.argc > cli.command->most))
		status = cli_usage(&cli, "%s takes %s", cli.command->name, *cli.command->args ? cli.command->args : "no arguments");
	if (!status)
		status = cli.command->run(&cli);
	free(cli.argv);
	json_decref(cli.options);
	return status;
}
