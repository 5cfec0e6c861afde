/* registry.c - connectors as .so files: found, probed, loaded as generations, unmapped when
 * unused. */
#include "plug/registry.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define SO_MAX            (64u << 20) /* bytes of one .so */
#define PROBE_DEADLINE_MS 2000
#define PROBE_WORDS_MAX   512
#define SYMBOL            "mlc_connector_v1"
#define TEMPORARY         "mlc-plugins-"

struct plugin {
	struct registry *registry;
	unsigned refs;
	char *file, *copy; /* as found; our private one */
	char sha256[SHA256_HEX_SIZE];
	void *handle;
	/* The descriptor, as long as this host's: what an older connector does not know of is
	 * zero. */
	struct mlc_connector connector;
	struct plugin *next;
	bool seen; /* its file is still there, as of the scan that runs */
};

struct registry {
	char *plugins_dir, *private_dir, *program;
	bool temporary;         /* private_dir goes when we go */
	struct plugin *plugins; /* in use for new calls, each with a reference of ours */
	unsigned mapped, generation;
	bool closing; /* freed with the last plugin */
};

extern char **environ;

/* ---- the private folder ------------------------------------------------------------------- */

static int unlink_in(void *ctx, const char *name)
{
	char *path = xformat("%s/%s", (const char *)ctx, name);

	unlink(path);
	free(path);
	return 0;
}

static void empty_folder(const char *path)
{
	char *dir = xstrdup(path);

	dir_each(dir, ".so", unlink_in, dir, NULL);
	free(dir);
}

/* Anybody may put a link of such a name there, which leads to connectors that are in use. */
static bool is_own_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/* What a killed host has left in memory: "mlc-plugins-<pid>-XXXXXX" of a process that is gone. */
static int remove_orphan(void *ctx, const char *name)
{
	long pid;
	char *path;

	if (strncmp(name, TEMPORARY, strlen(TEMPORARY)) != 0)
		return 0;
	pid = strtol(name + strlen(TEMPORARY), NULL, 10);
	if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
		return 0;
	path = xformat("%s/%s", (const char *)ctx, name);
	if (is_own_folder(path)) {
		empty_folder(path);
		rmdir(path);
	}
	free(path);
	return 0;
}

static bool may_execute_in(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && !(fs.f_flag & ST_NOEXEC) && access(path, W_OK) == 0;
}

static int temporary_folder(struct registry *r, struct err *e)
{
	static const char *const places[] = { "/dev/shm", "/run", "/tmp" };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char place[16];

		if (!may_execute_in(places[i]))
			continue;
		snprintf(place, sizeof place, "%s", places[i]);
		dir_each(place, "", remove_orphan, place, NULL);
		free(r->private_dir);
		r->private_dir = xformat("%s/" TEMPORARY "%ld-XXXXXX", places[i], (long)getpid());
		if (mkdtemp(r->private_dir)) {
			r->temporary = true;
			return 0;
		}
	}
	return err_set(e, ERR_SYSTEM,
		"no folder where connectors may be loaded from: /dev/shm, /run and /tmp "
		"are read-only or mounted noexec; set a private folder");
}

static int given_folder(struct registry *r, struct err *e)
{
	if (dir_make(r->private_dir, e) < 0)
		return e ? e->code : ERR_SYSTEM;
	if (!may_execute_in(r->private_dir))
		return err_set(e, ERR_SYSTEM,
			"%s: connectors cannot be loaded from here: read-only or mounted noexec",
			r->private_dir);
	empty_folder(r->private_dir);
	return 0;
}

/* ---- the probe ----------------------------------------------------------------------------- */

/* 0 when the descriptor at k may be used by this host. */
static int check_descriptor(const char *file, const struct mlc_connector *k,
	struct mlc_connector *own, struct err *e)
{
	char flaw[300];

	if (k->sdk == 0 || k->size < sizeof k->sdk + sizeof k->size)
		return err_set(e, ERR_INPUT,
			"%s: its descriptor has no sdk or size; set .sdk = MLC_SDK and "
			".size = sizeof(struct mlc_connector)", file);
	if (k->sdk > MLC_SDK)
		return err_set(e, ERR_REFUSED,
			"%s was made for sdk %u of ml-connector and this host has sdk %d: "
			"update the host, or build the connector with this host's sdk", file,
			k->sdk, MLC_SDK);
	memset(own, 0, sizeof *own);
	memcpy(own, k, k->size < sizeof *own ? k->size : sizeof *own);
	if (connector_flaw(own, flaw, sizeof flaw))
		return err_set(e, ERR_INPUT, "%s: %s", file, flaw);
	return 0;
}

static const char *loader_words(void)
{
	const char *words = dlerror();

	return words ? words : "not loadable";
}

/* file: what errors call it. */
static void *map(const char *path, const char *file, struct mlc_connector *own, struct err *e)
{
	const struct mlc_connector *k;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		err_set(e, ERR_INPUT, "%s", loader_words()); /* it begins with the path */
		return NULL;
	}
	k = dlsym(handle, SYMBOL);
	if (!k)
		err_set(e, ERR_INPUT, "%s: it exports no %s, so it is no connector of this sdk",
			file, SYMBOL);
	if (!k || check_descriptor(file, k, own, e) < 0) {
		dlclose(handle);
		return NULL;
	}
	return handle;
}

int probe_main(const char *file)
{
	const struct rlimit no_core = { 0, 0 }, short_cpu = { 2, 2 };
	struct mlc_connector own;
	struct err e = { 0 };
	struct buf out;
	char *path;

	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_CPU, &short_cpu);
	/* Without a slash dlopen would search the system's folders. */
	path = realpath(file, NULL);
	if (!path) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		return 1;
	}
	if (!map(path, file, &own, &e)) {
		fprintf(stderr, "%s\n", e.text);
		free(path);
		return 1;
	}
	buf_init(&out, 16u << 20);
	json_t *schema = connector_schema(&own);
	if (json_write(&out, schema))
		printf("%s\n", out.data);
	json_decref(schema);
	buf_finish(&out);
	free(path);
	/* Destructors of the connector run here, in the child, or never. */
	return fflush(stdout) == 0 ? 0 : 1;
}

struct probe {
	pid_t pid;
	int words; /* its stderr */
	char text[PROBE_WORDS_MAX];
	size_t len;
};

static int probe_start(struct probe *p, const char *program, const char *path, struct err *e)
{
	const char *argv[] = { program, "probe", path, NULL };
	posix_spawn_file_actions_t fa;
	int ends[2], code;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, ERR_SYSTEM, "probe: %s", strerror(errno));
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, ends[1], 2);
	/* posix_spawn's argv is not const for history's sake; it writes nothing there. */
	union { const char **from; char *const *to; } args = { argv };
	code = posix_spawn(&p->pid, program, &fa, NULL, args.to, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(ends[1]);
	if (code != 0) {
		close(ends[0]);
		return err_set(e, ERR_SYSTEM, "probe: %s: %s", program, strerror(code));
	}
	p->words = ends[0];
	return 0;
}

static void probe_hear(struct probe *p, int wait_ms)
{
	struct pollfd fd = { p->words, POLLIN, 0 };
	char rest[256];
	ssize_t got;

	if (p->words < 0) {
		poll(NULL, 0, wait_ms > 2 ? 2 : wait_ms);
		return;
	}
	if (poll(&fd, 1, wait_ms > 50 ? 50 : wait_ms) <= 0)
		return;
	if (p->len < sizeof p->text - 1) {
		got = read(p->words, p->text + p->len, sizeof p->text - 1 - p->len);
		if (got > 0)
			p->len += (size_t)got;
	} else {
		got = read(p->words, rest, sizeof rest);
	}
	if (got <= 0) {
		close(p->words);
		p->words = -1;
	}
}

/* The sentence that a child which did not end well has left. */
static int probe_verdict(const struct probe *p, const char *file, int status, struct err *e)
{
	size_t line = strcspn(p->text, "\n");
	const char *said = p->text;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_INPUT, "%s crashes when it is loaded (%s)", file,
			strsignal(WTERMSIG(status)));
	if (line == 0)
		return err_set(e, ERR_INPUT, "%s: the probe ended with status %d and no word", file,
			WEXITSTATUS(status));
	return err_set(e, ERR_INPUT, "%.*s", (int)line, said);
}

static int probe(struct registry *r, const char *path, const char *file, struct err *e)
{
	struct probe p = { .words = -1 };
	int64_t until = loop_clock_ms() + PROBE_DEADLINE_MS;
	int status = 0;
	pid_t ended;

	if (probe_start(&p, r->program, path, e) < 0)
		return e ? e->code : ERR_SYSTEM;
	for (;;) {
		int64_t left = until - loop_clock_ms();

		probe_hear(&p, left > 0 ? (int)left : 0);
		ended = waitpid(p.pid, &status, WNOHANG);
		if (ended != 0 || left <= 0)
			break;
	}
	if (ended == 0) {
		kill(p.pid, SIGKILL);
		waitpid(p.pid, &status, 0);
		err_set(e, ERR_LIMIT, "%s does not get loaded within %d s", file,
			PROBE_DEADLINE_MS / 1000);
	} else if (ended < 0) {
		err_set(e, ERR_SYSTEM, "probe: %s", strerror(errno));
	}
	if (p.words >= 0)
		close(p.words);
	return ended > 0 ? probe_verdict(&p, file, status, e) : ERR_LIMIT;
}

/* ---- a plugin ---------------------------------------------------------------------------- */

static void registry_free(struct registry *r)
{
	if (r->temporary)
		rmdir(r->private_dir);
	free(r->plugins_dir);
	free(r->private_dir);
	free(r->program);
	free(r);
}

struct plugin *plugin_ref(struct plugin *p)
{
	p->refs++;
	return p;
}

void plugin_unref(struct plugin *p)
{
	struct registry *r;

	if (!p || --p->refs > 0)
		return;
	r = p->registry;
	if (p->handle) {
		dlclose(p->handle);
		r->mapped--;
	}
	if (p->copy)
		unlink(p->copy);
	free(p->copy);
	free(p->file);
	free(p);
	if (r->closing && r->mapped == 0)
		registry_free(r);
}

static int write_copy(const char *path, const char *bytes, size_t len, struct err *e)
{
	/* Never an existing file: somebody's mapping may stand on it. */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500);
	size_t done = 0;

	if (fd < 0)
		return err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
	while (done < len) {
		ssize_t got = write(fd, bytes + done, len - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	if (close(fd) < 0 || done < len) {
		err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
		unlink(path);
		return ERR_SYSTEM;
	}
	return 0;
}

/* A person knows the file, not our copy of it. */
static void name_the_file(struct err *e, const char *copy, const char *file)
{
	struct buf text;
	const char *from = e->text, *at;

	buf_init(&text, sizeof e->text * 4);
	while ((at = strstr(from, copy)) != NULL) {
		buf_add(&text, from, (size_t)(at - from));
		buf_puts(&text, file);
		from = at + strlen(copy);
	}
	buf_puts(&text, from);
	snprintf(e->text, sizeof e->text, "%s", text.data);
	buf_finish(&text);
}

/* dlopen takes a file for loaded already by its path, so each generation has a path of its own. */
static struct plugin *load(struct registry *r, const char *name, const char *bytes, size_t len,
	const char *sha, struct err *e)
{
	struct plugin *p = xcalloc(1, sizeof *p);

	p->registry = r;
	p->refs = 1;
	p->file = xformat("%s/%s", r->plugins_dir, name);
	memcpy(p->sha256, sha, sizeof p->sha256);
	p->copy = xformat("%s/%.*s-%.12s-%u.so", r->private_dir, (int)(strlen(name) - 3), name, sha,
		++r->generation);
	if (write_copy(p->copy, bytes, len, e) < 0) {
		free(p->copy);
		p->copy = NULL;
		goto fail;
	}
	if (probe(r, p->copy, p->file, e) < 0)
		goto fail;
	p->handle = map(p->copy, p->file, &p->connector, e);
	if (!p->handle)
		goto fail;
	r->mapped++;
	return p;
fail:
	if (p->copy)
		name_the_file(e, p->copy, p->file);
	plugin_unref(p);
	return NULL;
}

/* ---- a scan ------------------------------------------------------------------------------ */

struct scan {
	struct registry *registry;
	json_t *refused;
};

static struct plugin **of_file(struct registry *r, const char *name)
{
	struct plugin **at = &r->plugins;

	for (; *at; at = &(*at)->next) {
		const char *slash = strrchr((*at)->file, '/');

		if (!strcmp(slash ? slash + 1 : (*at)->file, name))
			break;
	}
	return at;
}

static struct plugin *of_connector(struct registry *r, const char *connector)
{
	for (struct plugin *p = r->plugins; p; p = p->next)
		if (!strcmp(p->connector.name, connector))
			return p;
	return NULL;
}

static void refuse(struct scan *s, const char *file, const char *connector, const char *why)
{
	json_t *one = json_object();

	json_put_text(one, "file", file);
	json_put_text(one, "connector", connector);
	json_put_text(one, "why", why);
	json_array_append_new(s->refused, one);
	log_line(LOG_WARN, "plug", "connector refused: %s", why);
}

static void adopt(struct scan *s, struct plugin **at, struct plugin *fresh)
{
	struct plugin *old = *at, *same = of_connector(s->registry, fresh->connector.name);

	if (same && same != old && same->seen) {
		char *why = xformat("%s: connector '%s' is already there, from %s", fresh->file,
			fresh->connector.name, same->file);

		refuse(s, fresh->file, fresh->connector.name, why);
		free(why);
		plugin_unref(fresh);
		return;
	}
	fresh->seen = true;
	fresh->next = old ? old->next : NULL;
	*at = fresh;
	plugin_unref(old);
}

static int scan_file(void *ctx, const char *name)
{
	struct scan *s = ctx;
	struct registry *r = s->registry;
	struct plugin **at = of_file(r, name), *fresh = NULL;
	char *path = xformat("%s/%s", r->plugins_dir, name), *bytes = NULL;
	char *stem = xstrndup(name, strlen(name) - strlen(".so")); /* one that cannot be loaded says no other name */
	char sha[SHA256_HEX_SIZE];
	struct err e = { 0 };
	size_t len = 0;

	if (file_read(path, SO_MAX, &bytes, &len, &e) < 0) {
		refuse(s, path, stem, e.text);
		goto done;
	}
	sha256_hex(bytes, len, sha);
	if (*at && !strcmp((*at)->sha256, sha))
		goto done;
	fresh = load(r, name, bytes, len, sha, &e);
	if (fresh)
		adopt(s, at, fresh);
	else
		refuse(s, path, stem, e.text); /* the older generation, if any, stays */
done:
	free(bytes);
	free(stem);
	free(path);
	return 0;
}

static void drop_unseen(struct registry *r)
{
	struct plugin **at = &r->plugins;

	while (*at) {
		struct plugin *p = *at;

		if (p->seen) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		plugin_unref(p);
	}
}

int registry_scan(struct registry *r, json_t **refused, struct err *e)
{
	struct scan s = { r, json_array() };
	int code;

	for (struct plugin *p = r->plugins; p; p = p->next)
		p->seen = file_exists(p->file);
	code = dir_each(r->plugins_dir, ".so", scan_file, &s, e);
	if (code == 0)
		drop_unseen(r);
	if (refused)
		*refused = s.refused;
	else
		json_decref(s.refused);
	return code;
}

/* ---- the registry ------------------------------------------------------------------------ */

struct registry *registry_create(const struct registry_conf *conf, struct err *e)
{
	struct registry *r = xcalloc(1, sizeof *r);
	bool given = conf->private_dir && *conf->private_dir;

	r->plugins_dir = xstrdup(conf->plugins_dir);
	r->program = xstrdup(conf->program);
	r->private_dir = given ? xstrdup(conf->private_dir) : NULL;
	if ((given ? given_folder(r, e) : temporary_folder(r, e)) < 0) {
		registry_free(r);
		return NULL;
	}
	return r;
}

void registry_destroy(struct registry *r)
{
	if (!r)
		return;
	r->closing = true;
	r->mapped++; /* until the loop below is through */
	while (r->plugins) {
		struct plugin *p = r->plugins;

		r->plugins = p->next;
		plugin_unref(p);
	}
	if (--r->mapped == 0)
		registry_free(r);
}

struct plugin *registry_find(struct registry *r, const char *connector)
{
	return of_connector(r, connector);
}

void registry_each(struct registry *r, void (*fn)(void *arg, struct plugin *), void *arg)
{
	for (struct plugin *p = r->plugins; p; p = p->next)
		fn(arg, p);
}

const struct mlc_connector *plugin_connector(const struct plugin *p)
{
	return &p->connector;
}

const char *plugin_file(const struct plugin *p)
{
	return p->file;
}

const char *plugin_sha256(const struct plugin *p)
{
	return p->sha256;
}

unsigned registry_mapped(const struct registry *r)
{
	return r->mapped;
}
