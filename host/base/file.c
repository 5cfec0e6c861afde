/* file.c - whole files, and nothing half-written. */
#include "file.h"

#include "mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP 65536

static int read_all(int fd, struct buf *b)
{
	char *bytes = xcalloc(1, READ_STEP);
	ssize_t got;

	do {
		got = read(fd, bytes, READ_STEP);
		if (got > 0 && !buf_add(b, bytes, (size_t)got))
			break;
	} while (got > 0 || (got < 0 && errno == EINTR));
	free(bytes);
	return b->full ? ERR_LIMIT : got < 0 ? ERR_SYSTEM : 0;
}

int file_read(const char *path, size_t max, char **out, size_t *len, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno == ENOENT || errno == ENOTDIR ? ERR_ABSENT : ERR_SYSTEM,
			"%s: %s", path, strerror(errno));

	struct buf b;
	buf_init(&b, max);
	int code = read_all(fd, &b);
	if (code == ERR_LIMIT)
		err_set(e, code, "%s: larger than %zu bytes", path, max);
	else if (code < 0)
		err_set(e, code, "%s: %s", path, strerror(errno));
	close(fd);
	if (code == 0)
		*out = buf_take(&b, len);
	buf_finish(&b);
	return code;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, bytes, len);

		if (put < 0 && errno != EINTR)
			return -1;
		if (put > 0) {
			bytes += put;
			len -= (size_t)put;
		}
	}
	return 0;
}

/* The folder of path, for the sync that makes the rename itself durable. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = !slash ? xstrdup(".") : xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	free(folder);
	return result;
}

static int write_beside(const char *beside, const void *bytes, size_t len, unsigned mode)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -1;

	int result = write_all(fd, bytes, len);
	if (result == 0)
		result = fchmod(fd, (mode_t)mode);
	if (result == 0)
		result = fsync(fd);

	int why = errno;
	close(fd);
	errno = why;
	return result;
}

int file_write(const char *path, const void *bytes, size_t len, unsigned mode, struct err *e)
{
	char *beside = xformat("%s.new-%ld", path, (long)getpid());
	int code = 0;

	unlink(beside); /* of a process that had our number and died */
	if (write_beside(beside, bytes, len, mode) < 0 || rename(beside, path) < 0
		|| sync_folder(path) < 0) {
		code = err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
		unlink(beside);
	}
	free(beside);
	return code;
}

bool file_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

char *file_within(const char *dir, const char *path)
{
	return *path == '/' ? xstrdup(path) : xformat("%s/%s", dir, path);
}

static int make_one(const char *path)
{
	struct stat st;

	if (mkdir(path, 0755) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return -1;
}

int dir_make(const char *path, struct err *e)
{
	char *each = xstrdup(path);
	int code = 0;

	for (char *slash = each; code == 0 && slash;) {
		slash = *slash ? strchr(slash + 1, '/') : NULL;
		if (slash)
			*slash = 0;
		if (*each && make_one(each) < 0)
			code = err_set(e, ERR_SYSTEM, "%s: %s", each, strerror(errno));
		if (slash)
			*slash = '/';
	}
	free(each);
	return code;
}

struct names {
	char **list;
	size_t count;
};

static bool ends_with(const char *text, const char *suffix)
{
	size_t text_len = strlen(text), suffix_len = strlen(suffix);

	return text_len >= suffix_len && strcmp(text + text_len - suffix_len, suffix) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_read(struct names *names, DIR *dir, const char *suffix)
{
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (entry->d_name[0] == '.' || !ends_with(entry->d_name, suffix))
			continue;
		names->list = xrealloc(names->list, (names->count + 1) * sizeof *names->list);
		names->list[names->count++] = xstrdup(entry->d_name);
	}
	if (names->count > 1)
		qsort(names->list, names->count, sizeof *names->list, by_name);
}

int dir_each(const char *path, const char *suffix, int (*fn)(void *ctx, const char *name), void *ctx,
	struct err *e)
{
	DIR *dir = opendir(path);

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));

	/* All names first: fn may change the folder. */
	struct names names = { NULL, 0 };
	names_read(&names, dir, suffix);
	closedir(dir);

	int result = 0;
	for (size_t i = 0; i < names.count; i++) {
		if (result == 0)
			result = fn(ctx, names.list[i]);
		free(names.list[i]);
	}
	free(names.list);
	return result;
}
