/* main.c - twin: runs the twin of a connector.  See README.md. */
#include "twin.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <lauxlib.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_SETTINGS = 100, MAX_PEM = 256 * 1024 };

struct options {
	const char *name;
	uint16_t port, control_port;
	const char *cert, *key, *tls_dir;
	const char *settings[MAX_SETTINGS];
	size_t setting_count;
	const char *state, *clock;
	bool frozen, seeded, verbose;
	double pace;
	uint64_t seed;
};

static const char usage_text[] =
	"usage: twin NAME|PATH [--port N] [--control-port N] [--tls CERT KEY | --tls-self DIR]\n"
	"            [--set KEY=VALUE]... [--state FILE] [--clock TIME] [--frozen] [--pace F]\n"
	"            [--seed N] [--with-parent] [--verbose]\n";

static bool number_within(const char *text, uint64_t most, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == 0 && *text != '-' && *n <= most;
}

static bool port_number(const char *text, uint16_t *port)
{
	uint64_t n;

	if (!number_within(text, 65535, &n))
		return false;
	*port = (uint16_t)n;
	return true;
}

static bool pace_number(const char *text, double *pace)
{
	char *end;

	*pace = strtod(text, &end);
	return end != text && *end == 0 && *pace >= 0 && *pace <= 1000;
}

enum { OPT_PORT = 256, OPT_CONTROL, OPT_TLS, OPT_TLS_SELF, OPT_SET, OPT_STATE, OPT_CLOCK,
	OPT_FROZEN, OPT_PACE, OPT_SEED, OPT_PARENT, OPT_VERBOSE, OPT_HELP };

static const struct option known[] = {
	{ "port", required_argument, NULL, OPT_PORT },
	{ "control-port", required_argument, NULL, OPT_CONTROL },
	{ "tls", required_argument, NULL, OPT_TLS },
	{ "tls-self", required_argument, NULL, OPT_TLS_SELF },
	{ "set", required_argument, NULL, OPT_SET },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "clock", required_argument, NULL, OPT_CLOCK },
	{ "frozen", no_argument, NULL, OPT_FROZEN },
	{ "pace", required_argument, NULL, OPT_PACE },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "with-parent", no_argument, NULL, OPT_PARENT },
	{ "verbose", no_argument, NULL, OPT_VERBOSE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool take_option(struct options *o, int which, int argc, char **argv)
{
	switch (which) {
	case OPT_PORT:
		return port_number(optarg, &o->port);
	case OPT_CONTROL:
		return port_number(optarg, &o->control_port);
	case OPT_TLS:
		o->cert = optarg;
		if (optind >= argc)
			return false;
		o->key = argv[optind++];
		return true;
	case OPT_TLS_SELF:
		o->tls_dir = optarg;
		return true;
	case OPT_SET:
		if (o->setting_count == MAX_SETTINGS || !strchr(optarg, '='))
			return false;
		o->settings[o->setting_count++] = optarg;
		return true;
	case OPT_STATE:
		o->state = optarg;
		return true;
	case OPT_CLOCK:
		o->clock = optarg;
		return true;
	case OPT_FROZEN:
		return o->frozen = true;
	case OPT_PACE:
		return pace_number(optarg, &o->pace);
	case OPT_SEED:
		return o->seeded = number_within(optarg, UINT64_MAX, &o->seed);
	case OPT_PARENT:
		return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0;
	case OPT_VERBOSE:
		return o->verbose = true;
	default:
		return false;
	}
}

static bool read_options(struct options *o, int argc, char **argv)
{
	int which;

	while ((which = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (which == OPT_HELP || !take_option(o, which, argc, argv))
			return false;
	}
	if (optind != argc - 1)
		return false;
	o->name = argv[optind];
	return true;
}

/* ---- certificates ---- */

static bool run(const char *const *argv)
{
	posix_spawn_file_actions_t quiet;
	pid_t pid;
	int status;
	bool well;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	well = posix_spawnp(&pid, argv[0], &quiet, NULL, (char *const *)(uintptr_t)argv, environ) == 0 &&
		waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	posix_spawn_file_actions_destroy(&quiet);
	return well;
}

struct pem_paths {
	char ca[512], ca_key[512], cert[512], key[512];
};

static void pem_paths(struct pem_paths *p, const char *dir)
{
	snprintf(p->ca, sizeof p->ca, "%s/ca.pem", dir);
	snprintf(p->ca_key, sizeof p->ca_key, "%s/ca-key.pem", dir);
	snprintf(p->cert, sizeof p->cert, "%s/cert.pem", dir);
	snprintf(p->key, sizeof p->key, "%s/key.pem", dir);
}

/* A certificate of our own authority for this machine's loopback names. */
static bool make_certificates(const char *dir)
{
	struct pem_paths p;

	pem_paths(&p, dir);
	mkdir(dir, 0700);
	if (access(p.cert, R_OK) == 0 && access(p.key, R_OK) == 0 && access(p.ca, R_OK) == 0)
		return true;
	const char *authority[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj", "/CN=twin authority",
		"-keyout", p.ca_key, "-out", p.ca, NULL };
	const char *server[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj", "/CN=localhost",
		"-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1",
		"-addext", "basicConstraints=critical,CA:FALSE",
		"-CA", p.ca, "-CAkey", p.ca_key, "-keyout", p.key, "-out", p.cert, NULL };
	if (run(authority) && run(server))
		return true;
	fprintf(stderr, "twin: openssl could not make certificates in %s\n", dir);
	return false;
}

static char *read_pem(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text;
	size_t n;

	if (!f) {
		fprintf(stderr, "twin: cannot read %s: %s\n", path, strerror(errno));
		return NULL;
	}
	text = calloc(1, MAX_PEM + 1);
	n = text ? fread(text, 1, MAX_PEM, f) : 0;
	fclose(f);
	if (n == 0) {
		fprintf(stderr, "twin: %s is empty\n", path);
		free(text);
		return NULL;
	}
	return text;
}

/* ---- the run ---- */

static const char *environment_or(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

/* Hands the options to twin.start in the library; false: the reason is on stderr. */
static bool load_twin(struct twin *t, const struct options *o, const char *ca)
{
	lua_State *lua = t->lua;

	lua_getglobal(lua, "twin");
	lua_getfield(lua, -1, "load");
	lua_newtable(lua);
	lua_pushstring(lua, o->name);
	lua_setfield(lua, -2, "name");
	lua_pushstring(lua, environment_or("MLC_PLUGINS", TWIN_PLUGINS));
	lua_setfield(lua, -2, "plugins");
	lua_pushstring(lua, o->state);
	lua_setfield(lua, -2, "state");
	lua_pushstring(lua, o->clock);
	lua_setfield(lua, -2, "clock");
	lua_pushstring(lua, ca);
	lua_setfield(lua, -2, "ca");
	lua_pushboolean(lua, o->verbose);
	lua_setfield(lua, -2, "verbose");
	if (o->seeded) {
		lua_pushinteger(lua, (lua_Integer)o->seed);
		lua_setfield(lua, -2, "seed");
	}
	lua_newtable(lua);
	for (size_t i = 0; i < o->setting_count; i++) {
		lua_pushstring(lua, o->settings[i]);
		lua_rawseti(lua, -2, (lua_Integer)i + 1);
	}
	lua_setfield(lua, -2, "settings");
	if (twin_call(lua, 1, 0) != LUA_OK) {
		fprintf(stderr, "twin: %s\n", lua_tostring(lua, -1));
		return false;
	}
	lua_settop(lua, 0);
	return true;
}

static bool announce(struct twin *t, const char *scheme, uint16_t port, uint16_t control_port)
{
	lua_State *lua = t->lua;
	bool well;

	twin_enter(t);
	lua_getglobal(lua, "twin");
	lua_getfield(lua, -1, "ready");
	lua_pushfstring(lua, "%s://127.0.0.1:%d", scheme, (int)port);
	lua_pushfstring(lua, "http://127.0.0.1:%d", (int)control_port);
	lua_pushinteger(lua, getpid());
	well = twin_call(lua, 3, 1) == LUA_OK;
	fprintf(well ? stdout : stderr, "%s\n", lua_tostring(lua, -1));
	fflush(stdout);
	lua_settop(lua, 0);
	twin_leave(t);
	return well;
}

static int serve(struct twin *t, const struct options *o, const char *cert, const char *key)
{
	uint16_t port = o->port, control_port = o->control_port;
	struct door *protocol = NULL, *control = NULL;
	sigset_t ends;
	int result = 1, signal_number;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL); /* before the first thread: all inherit it */
	protocol = door_open(t, "protocol", &port, cert, key);
	control = protocol ? door_open(t, "control", &control_port, NULL, NULL) : NULL;
	if (control && announce(t, cert ? "https" : "http", port, control_port) && timers_start(t)) {
		sigwait(&ends, &signal_number);
		result = 0;
	}
	/* Threads may be in the middle of anything; the state on disk is whole at any time. */
	_exit(result);
}

int main(int argc, char **argv)
{
	struct options o = { .pace = 1 };
	struct twin t = { .timers_run = false };
	char *cert = NULL, *key = NULL;
	struct pem_paths made;

	if (!read_options(&o, argc, argv)) {
		fputs(usage_text, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_ALL);
	if (o.tls_dir) {
		if (!make_certificates(o.tls_dir))
			return 1;
		pem_paths(&made, o.tls_dir);
		o.cert = made.cert;
		o.key = made.key;
	}
	if (o.cert && (!(cert = read_pem(o.cert)) || !(key = read_pem(o.key))))
		return 1;
	t.seeded = o.seeded;
	t.seed = o.seed;
	if (pthread_mutex_init(&t.lua_lock, NULL) != 0 || clock_begin(&t.clock, o.frozen, o.pace) != 0)
		return 1;
	twin_enter(&t);
	if (!twin_open(&t, environment_or("MLC_TWIN_LIB", TWIN_LIB)) ||
		!load_twin(&t, &o, o.tls_dir ? made.ca : NULL))
		return 1;
	twin_leave(&t);
	return serve(&t, &o, cert, key);
}
