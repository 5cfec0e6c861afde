/* client.c - one question to the running host, over its admin socket. */
#include "command/client.h"

#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_MAX (256u << 20)

static int dial(const char *dir, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char *path = xformat("%s/state/admin.sock", dir);
	int fd = -1;

	if (strlen(path) >= sizeof to.sun_path) {
		err_set(e, ERR_INPUT, "the path %s is too long for a socket (%zu characters at most): use a shorter folder", path,
			sizeof to.sun_path - 1);
	} else {
		strcpy(to.sun_path, path);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
			if (errno == ENOENT || errno == ECONNREFUSED)
				err_set(e, ERR_ABSENT, "no host runs in %s: start it with mlc run --dir %s", dir, dir);
			else
				err_set(e, ERR_SYSTEM, "%s: %s", path, strerror(errno));
			if (fd >= 0)
				close(fd);
			fd = -1;
		}
	}
	free(path);
	return fd;
}

static int send_all(int fd, const char *bytes, size_t len, struct err *e)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_SYSTEM, "the host went away: %s", strerror(errno));
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_all(int fd, struct buf *b, struct err *e)
{
	static char chunk[65536];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_SYSTEM, "the host went away: %s", strerror(errno));
		if (!n)
			return 0;
		if (!buf_add(b, chunk, (size_t)n))
			return err_set(e, ERR_LIMIT, "the answer is over %u MB", REPLY_MAX >> 20);
	}
}

static json_t *understand(const struct buf *b, json_t **more, struct err *e)
{
	const char *body = strstr(b->data, "\r\n\r\n");
	int status = b->len > 12 && !strncmp(b->data, "HTTP/1.1 ", 9) ? (int)strtol(b->data + 9, NULL, 10) : 0;
	json_t *answer = body ? json_read(body + 4, b->len - (size_t)(body + 4 - b->data), NULL) : NULL;

	if (!json_is_object(answer)) {
		json_decref(answer);
		err_set(e, ERR_SYSTEM, "the host went away before it answered");
		return NULL;
	}
	if (status < 300)
		return answer;
	err_set(e, err_of_word(json_text_or(answer, "cause", "")), "%s", json_text_or(answer, "error", "it could not be done"));
	if (more)
		*more = json_incref(answer);
	json_decref(answer);
	return NULL;
}

static const char *user_name(void)
{
	const struct passwd *p = getpwuid(geteuid());

	return p ? p->pw_name : "?";
}

json_t *client_ask(const char *dir, const char *command, json_t *args, json_t **more, struct err *e)
{
	struct buf body, all;
	json_t *answer = NULL;
	char *who = xformat("cli:%s", user_name());
	int fd;

	if (more)
		*more = NULL;
	json_put_text(args, "who", who);
	buf_init(&body, 16u << 20);
	buf_init(&all, REPLY_MAX);
	json_write(&body, args);
	buf_printf(&all, "POST /api/v1/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", command, body.len);
	buf_add(&all, body.data, body.len);
	fd = dial(dir, e);
	if (fd >= 0 && send_all(fd, all.data, all.len, e) == 0) {
		buf_clear(&all);
		if (read_all(fd, &all, e) == 0)
			answer = understand(&all, more, e);
	}
	if (fd >= 0)
		close(fd);
	buf_finish(&body);
	buf_finish(&all);
	free(who);
	json_decref(args);
	return answer;
}
