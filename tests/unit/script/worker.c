/* worker.c - a real worker around a language that does what the record says: for the tests of cage and
 * pool.  `worker cage`. */
#include "base/json.h"
#include "script/cage.h"
#include "script/language.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct generation {
	int64_t number;
	json_t *kept; /* must outlive each request */
};

static void spin(void)
{
	for (volatile int forever = 1; forever;)
		;
}

static void die_or(const char *what)
{
	if (!strcmp(what, "abort"))
		abort();
	if (!strcmp(what, "spin"))
		spin();
	if (!strcmp(what, "socket"))
		socket(AF_INET, SOCK_STREAM, 0);
	if (!strcmp(what, "fork"))
		fork();
	if (!strcmp(what, "exec"))
		execl("/bin/true", "true", (char *)NULL);
	if (!strcmp(what, "kill"))
		kill(getppid(), SIGTERM);
	if (!strcmp(what, "executable memory"))
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!strcmp(what, "babble"))
		if (write(1, "\xff\xff\xff\xff", 4) != 4)
			abort();
	if (!strcmp(what, "hang up"))
		close(1);
}

struct generation *generation_load(const json_t *load, json_t **reply)
{
	struct generation *g = calloc(1, sizeof *g);

	die_or(json_text_or(load, "do", ""));
	g->number = json_int_or(load, "generation", 0);
	g->kept = json_pack("{s:s}", "kept", "since it was loaded");
	*reply = json_pack("{s:[],s:I}", "errors", "loaded", g->number);
	return g;
}

void generation_destroy(struct generation *g)
{
	json_decref(g->kept);
	free(g);
}

static json_t *try_open(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	return json_string(fd < 0 ? strerror(errno) : "opened");
}

static json_t *open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
	return json_integer(n);
}

static json_t *eat(void)
{
	size_t got = 0;

	while (got < ((size_t)4 << 30) && mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		got += 16 << 20;
	return json_integer((json_int_t)(got >> 20));
}

json_t *generation_map(struct generation *g, const json_t *header, const char *record, size_t len)
{
	const char *what = json_text_or(header, "do", "");
	json_t *reply = json_object();

	die_or(what);
	json_put_int(reply, "pid", getpid());
	json_put_int(reply, "generation", g->number);
	json_object_set(reply, "kept", g->kept);
	if (!strcmp(what, "open"))
		json_object_set_new(reply, "got", try_open());
	else if (!strcmp(what, "descriptors"))
		json_object_set_new(reply, "got", open_descriptors());
	else if (!strcmp(what, "eat"))
		json_object_set_new(reply, "got", eat());
	else
		json_object_set_new(reply, "got", json_stringn(record, len));
	return reply;
}

json_t *generation_test(struct generation *g, const char *mapping)
{
	(void)g;
	return json_pack("{s:[{s:s}]}", "results", "mapping", mapping ? mapping : "all");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "cage"))
		return cage_main();
	return 2;
}
