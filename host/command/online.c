/* online.c - commands that ask the running host, and say its answer in words. */
#include "command/online.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/shown.h"
#include "base/when.h"
#include "command/client.h"
#include "command/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_MAX  65536
#define TYPED_MAX   4095 /* of a line, its end included: what Linux' terminals hand over */
#define CALENDAR_MS (90 * WHEN_DAY_MS)
#define LINKS_PAGE  1000 /* as many as the host gives at once */
#define FACT_SHOWN  100 /* characters; longer ones are for connectors */

typedef void words_fn(const struct cli *, const json_t *answer);

/* What the host answered, for whoever reads it: texts of remotes stand in it. */
static json_t *ask_host(const struct cli *cli, const char *command, json_t *args, json_t **more, struct err *e)
{
	json_t *answer = client_ask(cli->dir, command, args, more, e), *shown;

	if (!answer || cli->json)
		return answer;
	shown = shown_json(answer);
	json_decref(answer);
	return shown;
}

static int all_is_well(const json_t *answer)
{
	(void)answer;
	return EXIT_WELL;
}

/* Asks, prints; words NULL: nothing to say but that it is done.  args is taken over.  verdict: the exit
 * status that an answer means. */
static int ask_and_judge(struct cli *cli, const char *command, json_t *args, words_fn *words, int (*verdict)(const json_t *))
{
	struct err e = { 0 };
	json_t *more = NULL, *answer = ask_host(cli, command, args, &more, &e), *one;
	size_t i;
	int status;

	if (!answer) {
		if (cli->json && more) {
			cli_print_json(more);
		} else {
			cli_wrong(cli, err_word(e.code), "%s", e.text);
			json_array_foreach(json_object_get(more, "errors"), i, one)
				if (!cli->json)
					fprintf(stderr, "  %s\n", json_text_or(one, "said", ""));
		}
		json_decref(more);
		return EXIT_WRONG;
	}
	if (cli->json)
		cli_print_json(answer);
	else if (words)
		words(cli, answer);
	status = verdict(answer);
	json_decref(answer);
	return status;
}

static int ask(struct cli *cli, const char *command, json_t *args, words_fn *words)
{
	return ask_and_judge(cli, command, args, words, all_is_well);
}

static const char *at(int64_t ms, char out[WHEN_SIZE])
{
	if (!ms)
		return "never";
	when_text(ms, out);
	out[16] = 0; /* to the minute */
	out[10] = ' ';
	return out;
}

/* The same for a sentence: "never", "2026-11-21 20:36 UTC". */
static const char *at_utc(int64_t ms, char out[WHEN_SIZE])
{
	if (!ms)
		return "never";
	at(ms, out);
	memcpy(out + 16, " UTC", sizeof " UTC");
	return out;
}

static void age(int64_t since_ms, int64_t now_ms, char out[32])
{
	int64_t minutes = since_ms ? (now_ms - since_ms) / WHEN_MINUTE_MS : 0;

	if (minutes < 60)
		snprintf(out, 32, "%lld min", (long long)minutes);
	else if (minutes < 48 * 60)
		snprintf(out, 32, "%lld h", (long long)(minutes / 60));
	else
		snprintf(out, 32, "%lld days", (long long)(minutes / 1440));
}

static int64_t limit_of(const struct cli *cli)
{
	return cli_option(cli, "limit") ? strtoll(cli_option(cli, "limit"), NULL, 10) : 100;
}

/* --tenant, --flow ... of the command as a store_list() filter; tenant_or_null comes from an argument. */
static json_t *filter_of(const struct cli *cli, const char *tenant)
{
	static const char *const texts[] = { "tenant", "flow", "cause", "label", "state", "move", "connection", NULL };
	static const struct { const char *option, *member; } numbers[] = { { "id", "id" }, { "after", "after_id" } };
	json_t *f = json_object();

	for (const char *const *name = texts; *name; name++)
		if (cli_option(cli, *name))
			json_put_text(f, *name, cli_option(cli, *name));
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (cli_option(cli, numbers[i].option))
			json_put_int(f, numbers[i].member, strtoll(cli_option(cli, numbers[i].option), NULL, 10));
	if (tenant)
		json_put_text(f, "tenant", tenant);
	json_put_int(f, "limit", limit_of(cli));
	return f;
}

/* ---- status, list ------------------------------------------------------------------------------------ */

static void say_thing(const json_t *t, int64_t now)
{
	const char *label = json_text_at(t, "label"), *why = json_text_or(t, "why", "");
	int64_t count = json_int_or(t, "count", 1);
	const json_t *sums = json_object_get(t, "amount_sum");
	const char *currency;
	json_t *sum;
	char old[32];

	age(json_int_or(t, "oldest_ms", 0), now, old);
	if (json_text_at(t, "alert")) {
		printf("  %s: %s (%s)\n", json_text_or(t, "about", ""), why, old);
		return;
	}
	printf("  %lld %s in %s/%s, %s, oldest %s", (long long)count, json_text_or(t, "state", ""),
		json_text_or(t, "tenant", ""), json_text_or(t, "flow", ""), json_text_or(t, "cause", "?"), old);
	json_object_foreach((json_t *)sums, currency, sum)
		printf(", %s %s", json_is_string(sum) ? json_string_value(sum) : "", currency);
	printf("\n    %s%s%s\n    %s\n", label ? label : "", label ? ": " : "", why, json_text_or(t, "type", ""));
}

/* What a person has to renew, a quarter of a year ahead. */
static void say_calendar(const json_t *list, int64_t now)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)list, i, one) {
		int64_t ends = json_int_or(one, "ends_ms", 0);
		char day[WHEN_DAY_SIZE];

		if (json_true_at(one, "renewed") || ends - now > CALENDAR_MS)
			continue;
		when_day(ends, day);
		printf("%s: %s %s %s\n", json_text_or(one, "about", ""), json_text_or(one, "what", ""),
			ends < now ? "ended on" : "ends on", day);
	}
}

/* Why a feed of the connection could not be read; NULL: all were. */
static const char *first_trouble(const json_t *connection)
{
	const char *feed;
	json_t *why;

	json_object_foreach(json_object_get(connection, "feeds_in_trouble"), feed, why)
		return json_string_value(why);
	return NULL;
}

static void say_status(const struct cli *cli, const json_t *a)
{
	const json_t *things = json_object_get(a, "things");
	int64_t now = json_int_or(a, "now_ms", 0);
	size_t i, n = json_array_size(things);
	json_t *one;

	(void)cli;
	if (!n)
		printf("all well\n");
	else
		printf("%zu thing%s need%s a person\n", n, n == 1 ? "" : "s", n == 1 ? "s" : "");
	json_array_foreach((json_t *)things, i, one)
		say_thing(one, now);
	json_array_foreach(json_object_get(a, "flows"), i, one) {
		if (json_is_false(json_object_get(one, "enabled")))
			continue;
		printf("%s%s: %s%s%s", i ? "" : "\n", json_text_or(one, "flow", ""), json_text_or(one, "mode", ""),
			json_true_at(one, "paused") ? ", paused" : "", json_text_at(one, "held_cause") ? ", held: " : "");
		printf("%s", json_text_or(one, "held_why", ""));
		printf("; %lld done, %lld skipped", (long long)json_int_or(one, "done", 0), (long long)json_int_or(one, "skipped", 0));
		static const char *const states[] = { "would", "ready", "waits", "sending", "held", "review" };
		for (size_t s = 0; s < sizeof states / sizeof *states; s++)
			if (json_int_or(one, states[s], 0))
				printf(", %lld %s", (long long)json_int_or(one, states[s], 0), states[s]);
		printf("\n");
	}
	json_array_foreach(json_object_get(a, "connections"), i, one) {
		int64_t next = json_int_or(one, "next_visit_ms", 0);
		char when[WHEN_SIZE];

		const char *trouble = first_trouble(one);

		printf("%s (%s): %s%s", json_text_or(one, "connection", ""), json_text_or(one, "connector", ""),
			json_text_at(one, "why") || !trouble ? json_text_or(one, "why", "well") : "cannot be read just now: ",
			json_text_at(one, "why") || !trouble ? "" : trouble);
		if (json_true_at(one, "peer_calls")) {
			printf("; last visit %s", at_utc(json_int_or(one, "last_visit_ms", 0), when));
			if (next)
				printf(", the next at about %s", at_utc(next, when));
		}
		printf("\n");
	}
	say_calendar(json_object_get(a, "calendar"), now);
}

static int needs_nobody(const json_t *answer)
{
	return json_array_size(json_object_get(answer, "things")) ? EXIT_WRONG : EXIT_WELL;
}

int command_status(struct cli *cli)
{
	json_t *args = json_object();

	if (cli->argc)
		json_put_text(args, "tenant", cli->argv[0]);
	return ask_and_judge(cli, "status", args, say_status, needs_nobody);
}

/* A value in a line: a reference by what it refers to, an object by its members. */
static void say_inline(const json_t *value)
{
	const char *name = json_text_at(value, "name"), *id = json_text_at(value, "id"), *member;
	const char *between = "";
	json_t *one;
	char *text;

	if (json_is_string(value)) {
		printf("%s", json_string_value(value));
	} else if (json_is_object(value) && !name && !id) {
		json_object_foreach((json_t *)value, member, one) {
			printf("%s", between);
			say_inline(one);
			between = ", ";
		}
	} else if (json_is_object(value)) {
		printf("%s", name ? name : id);
	} else {
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		printf("%s", text ? text : "");
		free(text);
	}
}

/* The document that a write would make: its members in a line, and a line for each row of a list. */
static void say_document(const json_t *write)
{
	const char *name, *between = "";
	json_t *value, *row;
	size_t i;

	printf("       %s %s: ", json_text_or(write, "verb", ""), json_text_or(write, "entity", ""));
	json_object_foreach(json_object_get(write, "data"), name, value) {
		if (json_is_array(value) || json_is_false(value))
			continue;
		printf("%s%s ", between, name);
		say_inline(value);
		between = "; ";
	}
	printf("\n");
	json_object_foreach(json_object_get(write, "data"), name, value)
		json_array_foreach(value, i, row) {
			printf("         %s: ", name);
			say_inline(row);
			printf("\n");
		}
}

static void say_list(const struct cli *cli, const json_t *a)
{
	size_t i, n;
	json_t *d, *o;

	json_array_foreach(json_object_get(a, "deliveries"), i, d) {
		printf("%-6lld %-28s %-18s %-8s %12s %-3s %s\n", (long long)json_int_or(d, "id", 0), json_text_or(d, "flow", ""),
			json_text_or(d, "label", json_text_or(d, "rid", "")), json_text_or(d, "state", ""),
			json_text_or(d, "amount", ""), json_text_or(d, "currency", ""), json_text_or(d, "cause", ""));
		if (!strcmp(json_text_or(d, "state", ""), "would")) {
			json_array_foreach(json_object_get(json_object_get(d, "doc"), "writes"), n, o)
				say_document(o);
			continue;
		}
		if (*json_text_or(d, "why", ""))
			printf("       %s\n", json_text_or(d, "why", ""));
		json_array_foreach(json_object_get(json_object_get(d, "doc"), "options"), n, o)
			if (strcmp(json_text_or(o, "choice", ""), "answer"))
				printf("       --choice %-9s %s\n", json_text_or(o, "choice", ""), json_text_or(o, "text", ""));
			else
				printf("       --answer %-9s %s\n", "TEXT", json_text_or(o, "text", ""));
	}
	if (!i)
		printf("none\n");
	else if ((int64_t)i == limit_of(cli))
		printf("... these are %zu; --after %lld shows those behind them\n", i,
			(long long)json_int_or(json_array_get(json_object_get(a, "deliveries"), i - 1), "id", 0));
}

int command_list(struct cli *cli)
{
	static const char *const known[] = { "held", "review", "would", "ready", "waits", "sending", "done", "skipped", "all", NULL };
	const char *const *k;

	for (k = known; *k && strcmp(*k, cli->argv[0]); k++)
		;
	if (!*k)
		return cli_usage(cli, "there is no list '%s'", cli->argv[0]);
	return ask(cli, "list", json_pack("{s:s,s:o}", "what", cli->argv[0], "filter", filter_of(cli, NULL)), say_list);
}

/* ---- go, pause, resume, sync, release, decide, replay --------------------------------------------------- */

static void say_done(const struct cli *cli, const json_t *a)
{
	int64_t n = json_int_or(a, "released", -1);

	if (n >= 0)
		printf("%s: %lld record%s on %s way\n", cli->command->name, (long long)n, n == 1 ? "" : "s", n == 1 ? "its" : "their");
	else
		printf("%s: done\n", cli->command->name);
}

static bool agrees(const char *question)
{
	char line[16] = "";

	printf("%s [y/N] ", question);
	fflush(stdout);
	return fgets(line, sizeof line, stdin) && (*line == 'y' || *line == 'Y');
}

/* shop-books.invoice is of shop-books, and of "", which is all. */
static bool is_of(const char *flow, const char *wanted)
{
	size_t len = strlen(wanted);

	return !len || (!strncmp(flow, wanted, len) && (!flow[len] || flow[len] == '.'));
}

/* Before the first write an operator sees counts and sums (ALL-09). */
static int show_would(struct cli *cli)
{
	const char *slash = strchr(cli->argv[0], '/');
	json_t *args, *answer, *c;
	struct err e = { 0 };
	char tenant[64] = "";
	size_t i, n = 0;

	snprintf(tenant, sizeof tenant, "%.*s", (int)strcspn(cli->argv[0], "/"), cli->argv[0]);
	args = json_pack("{s:s}", "tenant", tenant);
	answer = ask_host(cli, "status", args, NULL, &e);
	if (!answer)
		return cli_wrong(cli, err_word(e.code), "%s", e.text);
	json_array_foreach(json_object_get(answer, "causes"), i, c) {
		const char *currency;
		json_t *sum;

		if (strcmp(json_text_or(c, "state", ""), "would") || !is_of(json_text_or(c, "flow", ""), slash ? slash + 1 : ""))
			continue;
		printf("%s/%s would write %lld", json_text_or(c, "tenant", ""), json_text_or(c, "flow", ""),
			(long long)json_int_or(c, "count", 0));
		json_object_foreach(json_object_get(c, "amount_sum"), currency, sum)
			printf(", %s %s", json_is_string(sum) ? json_string_value(sum) : "", currency);
		printf("\n");
		n++;
	}
	json_decref(answer);
	if (!n)
		printf("nothing waits in the shadow; what comes from now on is written\n");
	return EXIT_WELL;
}

int command_go(struct cli *cli)
{
	if (!cli_switch(cli, "yes") && !cli->json) {
		int status = show_would(cli);

		if (status)
			return status;
		if (!isatty(0))
			return cli_wrong(cli, "input", "say --yes to let it write");
		if (!agrees("Write them?"))
			return cli_wrong(cli, "refused", "nothing was changed");
	}
	return ask(cli, "go", json_pack("{s:s}", "target", cli->argv[0]), say_done);
}

int command_pause(struct cli *cli)
{
	return ask(cli, "pause", json_pack("{s:s}", "target", cli->argv[0]), say_done);
}

/* What was paused with others, or for itself, stays so. */
static void say_resumed(const struct cli *cli, const json_t *a)
{
	size_t i;
	json_t *one;

	say_done(cli, a);
	json_array_foreach(json_object_get(a, "still"), i, one)
		printf("  paused still: mlc resume %s\n", json_string_value(one));
}

int command_resume(struct cli *cli)
{
	return ask(cli, "resume", json_pack("{s:s}", "target", cli->argv[0]), say_resumed);
}

static void say_sync(const struct cli *cli, const json_t *a)
{
	size_t i;
	json_t *one;

	say_done(cli, a);
	json_array_foreach(json_object_get(a, "waits"), i, one)
		printf("  %s\n", json_string_value(one));
}

int command_sync(struct cli *cli)
{
	return ask(cli, "sync", json_pack("{s:s,s:s?,s:b}", "target", cli->argv[0], "since", cli_option(cli, "since"), "wait",
		(int)cli_switch(cli, "wait")), say_sync);
}

int command_release(struct cli *cli)
{
	return ask(cli, "release", json_pack("{s:o}", "filter", filter_of(cli, cli->argv[0])), say_done);
}

/* "unknown_item:MUG-9" asks for an item, of which MUG-9 was given. */
static void name_answer(json_t *choice, const char *cause)
{
	const char *colon = cause ? strchr(cause, ':') : NULL, *kind = cause;

	if (!colon)
		return;
	if (!strncmp(kind, "unknown_", 8))
		kind += 8;
	json_object_set_new(choice, "kind", json_stringn(kind, (size_t)(colon - kind)));
	json_put_text(choice, "given", colon + 1);
}

int command_decide(struct cli *cli)
{
	const char *answer = cli_option(cli, "answer"), *word = cli_option(cli, "choice");
	json_t *choice;

	if (!cli_option(cli, "cause") && !cli_option(cli, "id"))
		return cli_usage(cli, "--cause or --id says which");
	if (!answer == !word)
		return cli_usage(cli, "either --choice WORD or --answer TEXT");
	if (word && !strcmp(word, "answer"))
		return cli_usage(cli, "--answer TEXT says what it is");
	choice = json_object();
	json_put_text(choice, "choice", answer ? "answer" : word);
	if (answer) {
		json_put_text(choice, "answer", answer);
		name_answer(choice, cli_option(cli, "cause"));
	}
	if (cli_option(cli, "record"))
		json_put_text(choice, "id", cli_option(cli, "record"));
	return ask(cli, "decide", json_pack("{s:o,s:o,s:b}", "filter", filter_of(cli, cli->argv[0]), "choice", choice,
		"remember", (int)cli_switch(cli, "remember")), say_done);
}

static void say_replay(const struct cli *cli, const json_t *a)
{
	size_t i, n;
	json_t *r, *w;

	json_array_foreach(json_object_get(a, "records"), i, r) {
		printf("%-6lld %-28s %-18s would %s%s%s\n", (long long)json_int_or(r, "id", 0), json_text_or(r, "flow", ""),
			json_text_or(r, "label", ""), json_text_or(r, "verdict", ""), json_text_at(r, "why") ? ": " : "",
			json_text_or(r, "why", ""));
		json_array_foreach(json_object_get(r, "writes"), n, w) {
			char *data = json_dumps(json_object_get(w, "data"), JSON_COMPACT);

			printf("       %s %s %s\n", json_text_or(w, "verb", ""), json_text_or(w, "entity", ""), data ? data : "");
			free(data);
		}
	}
	if (json_true_at(a, "more"))
		printf("... and more\n");
	if (i)
		printf("nothing was done: --yes does it\n");
	else
		printf("none is %s; --state names others\n", cli_option(cli, "state") ? cli_option(cli, "state") : "held");
}

int command_replay(struct cli *cli)
{
	bool yes = cli_switch(cli, "yes");

	return ask(cli, "replay", json_pack("{s:o,s:b}", "filter", filter_of(cli, NULL), "dry", (int)!yes),
		yes ? say_done : say_replay);
}

/* ---- plan ---------------------------------------------------------------------------------------------------- */

static void say_value(const json_t *value)
{
	char *text = value && !json_is_null(value) ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	printf("%s", text ? text : "nothing");
	free(text);
}

static void say_planned(const json_t *r)
{
	const char *was = json_text_or(r, "was.verdict", ""), *now = json_text_or(r, "now.verdict", "");
	const char *why = json_text_at(r, "now.why");
	size_t i;
	json_t *f;

	printf("  %s: ", json_text_or(r, "label", ""));
	if (strcmp(was, now))
		printf("%s instead of %s", now, was);
	else
		printf("%s as before, with other contents", now);
	printf("%s%s", why ? ": " : "", why ? why : "");
	if (json_true_at(r, "linked"))
		printf(" (its document is there; to it: %s)", json_text_or(r, "effect", "nothing"));
	printf("\n");
	json_array_foreach(json_object_get(r, "fields"), i, f) {
		printf("      %s: ", json_text_or(f, "name", ""));
		say_value(json_object_get(f, "was"));
		printf(" -> ");
		say_value(json_object_get(f, "now"));
		printf("\n");
	}
}

static void say_plan(const struct cli *cli, const json_t *a)
{
	size_t i, n;
	json_t *f, *r;

	(void)cli;
	if (!json_array_size(json_object_get(a, "flows")))
		printf("no mapping has changed\n");
	json_array_foreach(json_object_get(a, "flows"), i, f) {
		const char *flow = json_text_or(f, "flow", ""), *state = json_text_or(f, "state", "");

		printf("%s (%s)", flow, state);
		if (strcmp(state, "gone"))
			printf(": of %lld records of the last %lld days %lld would come out otherwise, %lld of them would wait for a person",
				(long long)json_int_or(f, "records", 0), (long long)json_int_or(a, "days", 0),
				(long long)json_int_or(f, "differ", 0), (long long)json_int_or(f, "worse", 0));
		printf("\n");
		json_array_foreach(json_object_get(a, "records"), n, r)
			if (!strcmp(json_text_or(r, "flow", ""), flow))
				say_planned(r);
	}
	if (json_true_at(a, "more"))
		printf("... and more\n");
	printf("nothing was sent: mlc reload puts it in force\n");
}

static int comes_out_well(const json_t *answer)
{
	return json_true_at(answer, "worse") ? EXIT_WRONG : EXIT_WELL;
}

int command_plan(struct cli *cli)
{
	const char *days = cli_option(cli, "days");
	long long n = days ? strtoll(days, NULL, 10) : 30;
	json_t *args;

	if (n < 1 || n > 3660)
		return cli_usage(cli, "--days wants a number from 1 to 3660");
	args = json_pack("{s:I}", "days", (json_int_t)n);
	if (cli->argc)
		json_put_text(args, "tenant", cli->argv[0]);
	return ask_and_judge(cli, "plan", args, say_plan, comes_out_well);
}

/* ---- links --------------------------------------------------------------------------------------------------- */

static int target_parts(struct cli *cli, json_t *link)
{
	char tenant[64] = "";
	const char *slash = strchr(cli->argv[0], '/');

	if (!slash || (size_t)(slash - cli->argv[0]) >= sizeof tenant)
		return cli_usage(cli, "TENANT/FLOW is wanted, as acme/shop-books.customer");
	memcpy(tenant, cli->argv[0], (size_t)(slash - cli->argv[0]));
	json_put_text(link, "tenant", tenant);
	json_put_text(link, "flow", slash + 1);
	json_put_text(link, "identity", cli->argv[1]);
	return 0;
}

/* Of a CSV: a quote within quotes is doubled. */
static void say_cell(const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		printf("%s", text);
		return;
	}
	putchar('"');
	for (; *text; text++)
		printf("%s%c", *text == '"' ? "\"" : "", *text);
	putchar('"');
}

static void say_links(const struct cli *cli, const json_t *a)
{
	static const char *const columns[] = { "flow", "identity", "source_entity", "source_id", "target_entity", "target_id", "made" };
	size_t i;
	json_t *l;

	if (cli_switch(cli, "csv"))
		printf("flow,identity,source_entity,source_id,target_entity,target_id,made\n");
	json_array_foreach(json_object_get(a, "links"), i, l)
		for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
			const char *text = json_text_or(l, columns[c], "");
			bool csv = cli_switch(cli, "csv");

			if (csv)
				say_cell(text);
			else
				printf("%s", text);
			printf("%s", c + 1 == sizeof columns / sizeof *columns ? "\n" : csv ? "," : "  ");
		}
	if (!i && !cli_switch(cli, "csv"))
		printf("none\n");
}

/* All of them, page by page: who exports them wants no part. */
int command_links(struct cli *cli)
{
	int64_t most = cli_option(cli, "limit") ? limit_of(cli) : INT64_MAX;
	json_t *f = json_object(), *all = json_array(), *answer = json_object(), *page;
	struct err e = { 0 };
	bool more = true;

	json_put_text(f, "tenant", cli->argv[0]);
	if (cli_option(cli, "flow"))
		json_put_text(f, "flow", cli_option(cli, "flow"));
	if (cli_option(cli, "source"))
		json_put_text(f, "source_id", cli_option(cli, "source"));
	if (cli_option(cli, "record"))
		json_put_text(f, "target_id", cli_option(cli, "record"));
	while (answer && more) {
		int64_t left = most - (int64_t)json_array_size(all);

		json_put_int(f, "limit", left < LINKS_PAGE ? left : LINKS_PAGE);
		json_decref(answer);
		answer = ask_host(cli, "links", json_pack("{s:O}", "filter", f), NULL, &e);
		page = json_object_get(answer, "links");
		json_array_extend(all, page);
		json_put_int(f, "after", json_int_or(json_array_get(page, json_array_size(page) - 1), "id", 0));
		more = json_array_size(page) == LINKS_PAGE && left > LINKS_PAGE;
	}
	json_decref(f);
	if (!answer) {
		json_decref(all);
		return cli_wrong(cli, err_word(e.code), "%s", e.text);
	}
	json_object_set_new(answer, "links", all);
	if (cli->json)
		cli_print_json(answer);
	else
		say_links(cli, answer);
	json_decref(answer);
	return EXIT_WELL;
}

static void say_linked(const struct cli *cli, const json_t *a)
{
	say_done(cli, a);
	if (json_text_at(a, "unchecked"))
		printf("  not checked whether %s has %s %s: %s\n", json_text_or(a, "target", ""), json_text_or(a, "target_entity", ""),
			json_text_or(a, "target_id", ""), json_text_at(a, "unchecked"));
}

int command_link(struct cli *cli)
{
	json_t *link = json_object();
	int status = target_parts(cli, link);

	if (status) {
		json_decref(link);
		return status;
	}
	json_put_text(link, "target_id", cli->argv[2]);
	if (cli_option(cli, "source"))
		json_put_text(link, "source_id", cli_option(cli, "source"));
	if (cli_option(cli, "entity"))
		json_put_text(link, "target_entity", cli_option(cli, "entity"));
	return ask(cli, "link", json_pack("{s:o}", "link", link), say_linked);
}

int command_unlink(struct cli *cli)
{
	json_t *link = json_object();
	int status = target_parts(cli, link);

	if (status) {
		json_decref(link);
		return status;
	}
	return ask(cli, "unlink", json_pack("{s:o}", "link", link), say_done);
}

/* ---- ping, qwc, visits, story ------------------------------------------------------------------------------------ */

static void say_ping(const struct cli *cli, const json_t *a)
{
	size_t i, n;
	json_t *c, *lack, *value;
	const char *name;
	char when[WHEN_SIZE];

	(void)cli;
	json_array_foreach(json_object_get(a, "connections"), i, c) {
		printf("%s (%s): %s", json_text_or(c, "connection", ""), json_text_or(c, "connector", ""),
			json_true_at(c, "ok") ? "well" : json_text_or(c, "text", "not well"));
		if (json_object_get(c, "last_visit_ms"))
			printf("; last visit %s", at_utc(json_int_or(c, "last_visit_ms", 0), when));
		printf("\n");
		json_object_foreach(json_object_get(c, "facts"), name, value) {
			size_t len = json_is_string(value) ? json_string_length(value) : 0;

			if (len && len <= FACT_SHOWN)
				printf("  %-24s %s\n", name, json_string_value(value));
		}
		json_array_foreach(json_object_get(c, "lacks"), n, lack)
			printf("  lacks %s '%s' (%s, for %s)\n", json_text_or(lack, "entity", ""), json_text_or(lack, "name", ""),
				json_text_or(lack, "from", ""), json_text_or(lack, "flow", ""));
	}
}

int command_ping(struct cli *cli)
{
	json_t *args = json_object(), *more = NULL, *answer, *c;
	struct err e = { 0 };
	int status = EXIT_WELL;
	size_t i;

	if (cli->argc)
		json_put_text(args, "target", cli->argv[0]);
	answer = ask_host(cli, "ping", args, &more, &e);
	json_decref(more);
	if (!answer)
		return cli_wrong(cli, err_word(e.code), "%s", e.text);
	json_array_foreach(json_object_get(answer, "connections"), i, c)
		if (!json_true_at(c, "ok") || json_array_size(json_object_get(c, "lacks")))
			status = EXIT_WRONG;
	if (cli->json)
		cli_print_json(answer);
	else
		say_ping(cli, answer);
	json_decref(answer);
	return status;
}

static void say_text(const struct cli *cli, const json_t *a)
{
	const char *text = json_text_or(a, "text", "");
	size_t len = strlen(text);

	(void)cli;
	printf("%s%s", text, len && text[len - 1] != '\n' ? "\n" : "");
}

int command_qwc(struct cli *cli)
{
	return ask(cli, "qwc", json_pack("{s:s}", "connection", cli->argv[0]), say_text);
}

/* The JSON that a row of the trail keeps apart; NULL: none. */
static json_t *payload_of(const json_t *row)
{
	const char *text = json_text_at(row, "payload");
	json_t *value = text ? json_read(text, strlen(text), NULL) : NULL, *shown = value ? shown_json(value) : NULL;

	json_decref(value);
	return shown;
}

static void say_visit(const json_t *v)
{
	json_t *lines = payload_of(v), *line;
	char when[WHEN_SIZE];
	size_t i;

	printf("visit that ended %s UTC\n", at(json_int_or(v, "at_ms", 0), when));
	json_array_foreach(lines, i, line) {
		when_text(json_int_or(line, "at_ms", 0), when);
		printf("  %.8s  %s\n", when + 11, json_text_or(line, "text", ""));
	}
	json_decref(lines);
}

static void say_visits(const struct cli *cli, const json_t *a)
{
	size_t i;
	json_t *v;

	(void)cli;
	json_array_foreach(json_object_get(a, "visits"), i, v)
		say_visit(v);
	if (!i)
		printf("no visits yet\n");
}

int command_visits(struct cli *cli)
{
	const char *code = cli_option(cli, "explain");
	json_t *filter;

	if (code)
		return ask(cli, "explain", json_pack("{s:s}", "code", code), say_text);
	if (!cli->argc)
		return cli_usage(cli, "TENANT/CONNECTION is wanted");
	filter = json_object();
	json_put_int(filter, "limit", cli_option(cli, "limit") ? strtoll(cli_option(cli, "limit"), NULL, 10) : 5);
	return ask(cli, "visits", json_pack("{s:s,s:o}", "connection", cli->argv[0], "filter", filter), say_visits);
}

/* A shipped mapping's file without its folder: the flow says which that is. */
static const char *short_file(const char *file)
{
	static const char shipped[] = "mappings/";
	const char *rest = strncmp(file, shipped, sizeof shipped - 1) ? NULL : strchr(file + sizeof shipped - 1, '/');

	return rest ? rest + 1 : file;
}

/* One line: what is put where, by which line of which file, of what. */
static void say_origin(const char *field, const json_t *o, const json_t *data)
{
	json_t *value = json_at(data, field), *from;
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	size_t i;

	printf("      %-24s %-24.60s %s:%lld", field, text ? text : "", short_file(json_text_or(o, "file", "")),
		(long long)json_int_or(o, "line", 0));
	free(text);
	json_array_foreach(json_object_get(o, "from"), i, from) {
		if (json_is_null(json_object_get(from, "value")))
			continue;
		text = json_dumps(json_object_get(from, "value"), JSON_COMPACT | JSON_ENCODE_ANY);
		printf("  %s %.40s", json_text_or(from, "path", ""), text ? text : "");
		free(text);
	}
	printf("\n");
}

static void say_event(const json_t *v, bool with_fields)
{
	static const char *const members[] = { "origin", "cause", "why", "entity", "id", "key", "mark", "choice", NULL };
	const json_t *d = json_object_get(v, "detail");
	const char *field, *state = json_text_or(d, "state", "");
	json_t *verdict, *o;
	char when[WHEN_SIZE];

	printf("  %s  %-8s %s%s%s", at(json_int_or(v, "at_ms", 0), when), json_text_or(v, "move", ""), json_text_or(v, "flow", ""),
		*state ? ": " : "", state);
	for (const char *const *m = members; *m; m++)
		if (json_text_at(d, *m))
			printf("  %s %s", *m, json_text_at(d, *m));
	printf("  (%s)\n", json_text_or(v, "who", ""));
	if (!with_fields || strcmp(state, "sending"))
		return;
	verdict = payload_of(v);
	json_object_foreach(json_object_get(verdict, "origins"), field, o)
		say_origin(field, o, json_at(verdict, "writes.0.data"));
	json_decref(verdict);
}

static void say_story(const struct cli *cli, const json_t *a)
{
	size_t i;
	json_t *one;

	(void)cli;
	json_array_foreach(json_object_get(a, "deliveries"), i, one)
		printf("%s: %s, %s%s%s\n", json_text_or(one, "flow", ""), json_text_or(one, "label", json_text_or(one, "rid", "")),
			 json_text_or(one, "state", ""),
			*json_text_or(one, "why", "") ? ": " : "", json_text_or(one, "why", ""));
	json_array_foreach(json_object_get(a, "links"), i, one)
		printf("is %s %s in %s (%s)\n", json_text_or(one, "target_entity", ""), json_text_or(one, "target_id", "?"),
			json_text_or(one, "target_connection", ""), json_text_or(one, "made", ""));
	json_array_foreach(json_object_get(a, "events"), i, one)
		say_event(one, true);
}

int command_story(struct cli *cli)
{
	return ask(cli, "story", json_pack("{s:s,s:s,s:s}", "connection", cli->argv[0], "entity", cli->argv[1], "id",
		cli->argv[2]), say_story);
}

/* ---- reconcile, audit, backup, erase, key, reload -------------------------------------------------------------------- */

static void say_side(const json_t *flow, const char *name)
{
	const json_t *side = json_object_get(flow, name);
	const char *currency;
	json_t *sum;

	printf("  %-7s %-20s %lld", name, json_text_or(side, "connection", ""), (long long)json_int_or(side, "count", 0));
	json_object_foreach(json_object_get(side, "sums"), currency, sum)
		printf(", %s %s", json_is_string(sum) ? json_string_value(sum) : "", currency);
	printf("\n");
}

static void say_reconcile(const json_t *a)
{
	size_t i, n;
	json_t *f, *g;

	json_array_foreach(json_object_get(a, "flows"), i, f) {
		printf("%s, %s\n", json_text_or(f, "flow", ""), json_text_or(f, "month", ""));
		say_side(f, "source");
		say_side(f, "target");
		json_array_foreach(json_object_get(f, "gaps"), n, g)
			printf("  %s: %s\n    %s\n", json_text_or(g, "label", ""), json_text_or(g, "text", ""),
				json_text_or(g, "type", ""));
	}
	printf("%s\n", json_true_at(a, "agrees") ? "agrees" : "does not agree");
}

int command_reconcile(struct cli *cli)
{
	json_t *more = NULL, *answer;
	struct err e = { 0 };
	int status;

	if (!cli_option(cli, "month"))
		return cli_usage(cli, "--month YYYY-MM is wanted");
	answer = ask_host(cli, "reconcile", json_pack("{s:s,s:s}", "target", cli->argv[0], "month",
		cli_option(cli, "month")), &more, &e);
	json_decref(more);
	if (!answer)
		return cli_wrong(cli, err_word(e.code), "%s", e.text);
	status = json_true_at(answer, "agrees") ? EXIT_WELL : EXIT_WRONG;
	if (cli->json)
		cli_print_json(answer);
	else
		say_reconcile(answer);
	json_decref(answer);
	return status;
}

static void say_audit(const struct cli *cli, const json_t *a)
{
	size_t i;
	json_t *one;

	(void)cli;
	json_array_foreach(json_object_get(a, "audit"), i, one)
		say_event(one, false);
	if (!i)
		printf("none\n");
}

static int verify(struct cli *cli)
{
	json_t *answer, *t;
	struct err e = { 0 };
	const char *tenant;
	int status = EXIT_WELL;

	answer = ask_host(cli, "audit-verify", json_object(), NULL, &e);
	if (!answer)
		return cli_wrong(cli, err_word(e.code), "%s", e.text);
	if (cli->json)
		cli_print_json(answer);
	json_object_foreach(json_object_get(answer, "tenants"), tenant, t) {
		if (!json_true_at(t, "ok"))
			status = EXIT_WRONG;
		if (!cli->json)
			printf("%s: %lld rows, %lld erased, %s%s\n", tenant, (long long)json_int_or(t, "rows", 0),
				(long long)json_int_or(t, "erased", 0), json_true_at(t, "ok") ? "unaltered" : "ALTERED: ",
				json_text_or(t, "first_bad", ""));
	}
	json_decref(answer);
	return status;
}

int command_audit(struct cli *cli)
{
	json_t *filter;

	if (cli->argc && strcmp(cli->argv[0], "verify"))
		return cli_usage(cli, "mlc audit, or mlc audit verify");
	if (cli->argc)
		return verify(cli);
	filter = filter_of(cli, NULL);
	if (json_object_get(filter, "after_id")) { /* rows of the trail have numbers, not ids */
		json_object_set(filter, "after", json_object_get(filter, "after_id"));
		json_object_del(filter, "after_id");
	}
	if (cli_switch(cli, "payload"))
		json_object_set_new(filter, "payload", json_true());
	return ask(cli, "audit", json_pack("{s:o}", "filter", filter), say_audit);
}

/* The host has another working folder than we. */
static char *from_here(const char *path)
{
	char *here = getcwd(NULL, 0), *whole = file_within(here ? here : ".", path);

	free(here);
	return whole;
}

int command_backup(struct cli *cli)
{
	char *path = from_here(cli->argv[0]);
	int status = ask(cli, "backup", json_pack("{s:s}", "file", path), say_done);

	free(path);
	return status;
}

int command_erase(struct cli *cli)
{
	return ask(cli, "erase", json_pack("{s:s,s:s,s:s}", "connection", cli->argv[0], "entity", cli->argv[1], "id",
		cli->argv[2]), say_done);
}

static void say_rotated(const struct cli *cli, const json_t *a)
{
	printf("%lld secrets are kept under the key in %s now.\n"
		"Before mlc starts again, put that file in the place of the old key, or name it in mlc.lua (key_file).\n"
		"Backups that were made until now need the old key: keep it with them.\n",
		(long long)json_int_or(a, "rotated.secrets", 0), cli->argv[1]);
}

int command_key(struct cli *cli)
{
	char *path;
	int status;

	if (strcmp(cli->argv[0], "rotate"))
		return cli_usage(cli, "mlc key rotate FILE");
	path = from_here(cli->argv[1]);
	status = ask(cli, "key-rotate", json_pack("{s:s}", "file", path), say_rotated);
	free(path);
	return status;
}

static void say_reload(const struct cli *cli, const json_t *a)
{
	(void)cli;
	printf("reloaded: %lld flows\n", (long long)json_int_or(a, "flows", 0));
	say_refused(json_object_get(a, "refused"), "  ");
}

static int took_all(const json_t *answer)
{
	return refused_in_use(json_object_get(answer, "refused")) ? EXIT_WRONG : EXIT_WELL;
}

int command_reload(struct cli *cli)
{
	return ask_and_judge(cli, "reload", json_object(), say_reload, took_all);
}

/* ---- a person's consent ----------------------------------------------------------------------------------------------- */

static void say_authorized(const struct cli *cli, const json_t *a)
{
	(void)cli;
	printf("%s is authorized\n", json_text_or(a, "connection", ""));
}

int command_authorize(struct cli *cli)
{
	struct err e = { 0 };
	bool waits = !cli_switch(cli, "no-wait");
	json_t *answer = ask_host(cli, "authorize", json_pack("{s:s}", "connection", cli->argv[0]), NULL, &e);
	char until[WHEN_SIZE];

	if (!answer)
		return cli_wrong(cli, err_word(e.code), "%s", e.text);
	if (cli->json && !waits)
		cli_print_json(answer);
	else if (cli->json) /* what it prints in the end is one value */
		fprintf(stderr, "%s\n", json_text_or(answer, "url", ""));
	else
		printf("Open this address in a browser, log in and agree (until %s UTC):\n\n  %s\n\n"
			"The app must know this redirect address: %s\n", at(json_int_or(answer, "until_ms", 0), until),
			json_text_or(answer, "url", ""), json_text_or(answer, "redirect_uri", ""));
	fflush(stdout);
	json_decref(answer);
	return waits ? ask(cli, "authorize", json_pack("{s:s,s:b}", "connection", cli->argv[0], "wait", 1), say_authorized)
		: EXIT_WELL;
}

/* ---- secrets ------------------------------------------------------------------------------------------------------------ */

/* One line; a key between BEGIN and END has several.  False: the terminal has cut it off. */
static bool read_typed(char *to)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	size_t len = 0;
	char *line;

	do {
		line = to + len;
		if (!fgets(line, TYPED_MAX + 1, stdin))
			break;
		len += strlen(line);
		if (strlen(line) == TYPED_MAX)
			return false;
	} while (!strncmp(to, begin, sizeof begin - 1) && strncmp(line, end, sizeof end - 1) != 0 &&
		len + TYPED_MAX < SECRET_MAX);
	return true;
}

/* Without an echo on a terminal; else all there is.  Without the end of its last line. */
static void read_secret(const struct cli *cli, char *to, struct err *e)
{
	struct termios old, quiet;
	json_t *text;
	size_t len;

	if (isatty(0) && !tcgetattr(0, &old)) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(0, TCSAFLUSH, &quiet);
		fprintf(stderr, "%s of %s: ", cli->argv[2], cli->argv[1]);
		if (!read_typed(to))
			err_set(e, ERR_LIMIT, "a terminal hands over %d characters of a line at most: mlc secret set ... < FILE",
				TYPED_MAX);
		tcsetattr(0, TCSAFLUSH, &old);
		fputc('\n', stderr);
		len = strlen(to);
	} else {
		len = fread(to, 1, SECRET_MAX + 1, stdin);
	}
	if (len > SECRET_MAX)
		err_set(e, ERR_LIMIT, "a secret has at most %d KB: nothing was kept", SECRET_MAX / 1024);
	if (len && to[len - 1] == '\n')
		len--;
	if (len && to[len - 1] == '\r')
		len--;
	to[len] = 0;
	text = json_stringn(to, len);
	if (!len)
		err_set(e, ERR_INPUT, "no secret came from standard input");
	else if (!text || strlen(to) != len)
		err_set(e, ERR_INPUT, "a secret is text in UTF-8, and this is none: nothing was kept");
	json_decref(text);
}

int command_secret(struct cli *cli)
{
	struct err e = { 0 };
	json_t *args, *answer, *more = NULL;
	char *secret;
	int status = EXIT_WELL;

	if (strcmp(cli->argv[0], "set"))
		return cli_usage(cli, "mlc secret set TENANT/CONNECTION NAME");
	secret = xcalloc(1, SECRET_MAX + 2);
	read_secret(cli, secret, &e);
	if (e.code) {
		wipe(secret, SECRET_MAX);
		free(secret);
		return cli_wrong(cli, err_word(e.code), "%s", e.text);
	}
	args = json_pack("{s:s,s:s,s:s}", "connection", cli->argv[1], "name", cli->argv[2], "secret", secret);
	answer = ask_host(cli, "secret-set", args, &more, &e);
	if (!answer && e.code == ERR_ABSENT && !more) { /* no host runs */
		e = (struct err) { 0 };
		status = keep_secret(cli, cli->argv[1], cli->argv[2], secret, &e) < 0 ? EXIT_WRONG : EXIT_WELL;
	} else if (!answer) {
		status = EXIT_WRONG;
	}
	wipe(secret, strlen(secret));
	free(secret);
	json_decref(more);
	json_decref(answer);
	if (status)
		return cli_wrong(cli, err_word(e.code), "%s", e.text);
	if (cli->json)
		printf("{}\n");
	else
		printf("kept\n");
	return EXIT_WELL;
}
