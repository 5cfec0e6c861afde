/* conform.c - the conformance kit: runs a connector's .so and holds it to the promises of
 * connector.h.
 *
 *   conform FILE.so [--settings FILE] [--facts FILE] [--shapes FILE] [--cassettes FOLDER] [--seed N]
 * TAP on stdout; exit status 0 when every promise is kept.  Each check runs in a process of its
 * own, so that a crash or an endless loop is one failure and not the end. */
#include "checks.h"
#include "object.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "plug/registry.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_MAX      (64u << 20)
#define CHECK_SECONDS 60
#define COMPLAINTS    12 /* of one check; more would not help */

static unsigned complaints, number, failed;

static void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *fmt, ...)
{
	va_list args;

	if (++complaints > COMPLAINTS)
		return;
	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

static void verdict(bool good, const char *name, const char *directive)
{
	printf("%sok %u - %s%s\n", good ? "" : "not ", ++number, name, directive);
	fflush(stdout);
	failed += !good;
}

/* ---- in a process of its own ------------------------------------------------------------- */

static void run(const struct kit *kit, const struct check *check)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(CHECK_SECONDS);
		complaints = 0;
		check->fn(kit, complain);
		if (complaints > COMPLAINTS)
			printf("# ... and %u more\n", complaints - COMPLAINTS);
		fflush(stdout);
		_exit(complaints ? 1 : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("fork");
		exit(2);
	}
	if (WIFSIGNALED(status))
		printf("# it %s (%s)\n", WTERMSIG(status) == SIGALRM ? "does not come to an end"
			: "crashes", strsignal(WTERMSIG(status)));
	verdict(WIFEXITED(status) && WEXITSTATUS(status) == 0, check->name, "");
}

/* ---- the file ---------------------------------------------------------------------------- */

static void on_flaw(void *arg, const char *sentence)
{
	(void)arg;
	complain("%s", sentence);
}

static void check_file(const char *bytes, size_t len)
{
	static const char name[] =
		"the file exports one symbol, has no writable data, no constructors, no I/O";

	if (object_is_instrumented(bytes, len)) {
		verdict(true, name, " # SKIP built with a sanitizer");
		return;
	}
	complaints = 0;
	object_check(bytes, len, on_flaw, NULL);
	verdict(complaints == 0, name, "");
}

/* What the host does before it trusts a file: a look at it in a child. */
static bool check_probe(const char *path)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(2);
		dup2(STDOUT_FILENO, STDIN_FILENO);
		_exit(probe_main(path));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return false;
	verdict(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		"it can be loaded, and its descriptor is sound", "");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const struct mlc_connector *open_connector(const char *path)
{
	char *whole = realpath(path, NULL);
	void *handle = whole ? dlopen(whole, RTLD_NOW | RTLD_LOCAL) : NULL;

	free(whole);
	return handle ? dlsym(handle, "mlc_connector_v1") : NULL;
}

/* ---- the rest ---------------------------------------------------------------------------- */

static json_t *sample_settings(const struct mlc_connector *k)
{
	json_t *o = json_object();

	for (const struct mlc_setting *s = k->settings; s && s->name; s++) {
		if (s->secret || !(s->flags & MLC_REQUIRED))
			continue;
		if (s->type == MLC_INTEGER)
			json_put_int(o, s->name, 15);
		else if (s->type == MLC_BOOL)
			json_object_set_new(o, s->name, json_true());
		else if (s->type == MLC_TEXT)
			json_put_text(o, s->name, strstr(s->name,
				"url") ? "https://remote.example" : "sample");
	}
	return o;
}

static json_t *read_json(const char *path)
{
	struct err e = { 0 };
	json_t *value = NULL;
	char *text;
	size_t len;

	if (file_read(path, FILE_MAX, &text, &len, &e) == 0) {
		value = json_read(text, len, &e);
		free(text);
	}
	if (!json_is_object(value)) {
		fprintf(stderr, "conform: %s: %s\n", path, e.code ? e.text : "no JSON object");
		exit(2);
	}
	return value;
}

/* Its settings, facts and token stand in its shapes, where these need others than the sample's. */
static void shape(struct kit *kit)
{
	json_object_update(kit->settings, json_object_get(kit->shapes, "settings"));
	json_object_update(kit->facts, json_object_get(kit->shapes, "facts"));
	kit->token = json_object_get(kit->shapes, "token");
}

static int usage(bool asked)
{
	fprintf(asked ? stdout : stderr,
		"usage: conform FILE.so [--settings FILE] [--facts FILE] [--shapes FILE] [--cassettes FOLDER] [--seed N]\n"
		"  FILE.so      the connector; says as TAP whether it keeps what connector.h promises\n"
		"  --settings   JSON: what tenant.lua would say of its connection; else made up from its table\n"
		"  --facts      JSON: what the remote would have told of itself\n"
		"  --shapes     JSON: how its remote's replies look (sdk/GUIDE.md): bad input is made of it\n"
		"  --cassettes  exchanges that mlc run --record has kept: played back, and damaged\n"
		"  --seed       of what is made up (20261031)\n");
	return asked ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct kit kit = { .seed = 20261031 };
	struct err e = { 0 };
	char *bytes;
	size_t len, planned = 2;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(true);
	if (argc < 2 || argv[1][0] == '-' || argc % 2 != 0)
		return usage(false);
	for (int i = 2; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--settings"))
			kit.settings = read_json(argv[i + 1]);
		else if (!strcmp(argv[i], "--facts"))
			kit.facts = read_json(argv[i + 1]);
		else if (!strcmp(argv[i], "--shapes"))
			kit.shapes = read_json(argv[i + 1]);
		else if (!strcmp(argv[i], "--cassettes"))
			kit.cassettes = argv[i + 1];
		else if (!strcmp(argv[i], "--seed"))
			kit.seed = (unsigned)strtoul(argv[i + 1], NULL, 10);
		else
			return usage(false);
	}
	if (crypto_init(&e) < 0 || file_read(argv[1], FILE_MAX, &bytes, &len, &e) < 0) {
		fprintf(stderr, "conform: %s\n", e.text);
		return 2;
	}
	for (const struct check *c = checks; c->name; c++)
		planned++;
	for (const struct check *c = bad_input; c->name; c++)
		planned++;
	printf("1..%zu\n", planned);
	check_file(bytes, len);
	free(bytes);
	if (!check_probe(argv[1])) {
		printf("Bail out! what cannot be loaded cannot be run\n");
		return 1;
	}
	kit.connector = open_connector(argv[1]);
	if (!kit.connector) {
		printf("Bail out! it is gone\n");
		return 1;
	}
	if (!kit.settings)
		kit.settings = sample_settings(kit.connector);
	if (!kit.facts)
		kit.facts = json_object();
	for (const struct check *c = checks; c->name; c++)
		run(&kit, c);
	shape(&kit);
	for (const struct check *c = bad_input; c->name; c++)
		if (kit.shapes)
			run(&kit, c);
		else
			verdict(true, c->name, " # SKIP no --shapes were given");
	json_decref(kit.settings);
	json_decref(kit.facts);
	json_decref(kit.shapes);
	return failed ? 1 : 0;
}
