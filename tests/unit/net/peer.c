/* peer.c - the other end of a socket, in the hands of a test. */
#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define PATIENCE_MS 10000
#define GOT_MAX     ((size_t)64 * 1024 * 1024)

static int64_t real_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void turn_until(struct loop *loop, bool (*done)(void *arg), void *arg)
{
	int64_t end = real_ms() + PATIENCE_MS;

	while (!done(arg)) {
		struct pollfd ready = { .fd = uv_backend_fd(loop_uv(loop)), .events = POLLIN };

		uv_run(loop_uv(loop), UV_RUN_NOWAIT);
		if (done(arg))
			return;
		if (real_ms() > end)
			fail_msg("waited for more than %d ms", PATIENCE_MS);
		poll(&ready, 1, 1); /* not for long: what we wait for may be the kernel's other end */
	}
}

void turn_idle(struct loop *loop)
{
	for (int round = 0; round < 8; round++)
		uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

void jump(struct loop *loop, int64_t ms)
{
	turn_idle(loop);
	loop_advance(loop, ms);
	turn_idle(loop);
}

static struct peer peer_of(int fd)
{
	struct peer p = { .fd = fd };
	int one = 1;

	assert_true(fd >= 0);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	buf_init(&p.got, GOT_MAX);
	return p;
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return at;
}

struct peer peer_connect(int port)
{
	struct sockaddr_in at = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return peer_of(fd);
}

struct peer peer_connect_unix(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof at.sun_path);
	memcpy(at.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return peer_of(fd);
}

int peer_listen(int *port)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

struct accepting {
	int listening, fd;
};

static bool has_accepted(void *arg)
{
	struct accepting *a = arg;

	a->fd = accept4(a->listening, NULL, NULL, SOCK_CLOEXEC);
	return a->fd >= 0;
}

struct peer peer_accept(struct loop *loop, int listening)
{
	struct accepting a = { listening, -1 };

	turn_until(loop, has_accepted, &a);
	return peer_of(a.fd);
}

static void take(struct peer *p)
{
	char bytes[65536];
	ssize_t len;

	while (!p->ended && (len = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT)) != 0) {
		if (len > 0) {
			assert_true(buf_add(&p->got, bytes, (size_t)len));
			continue;
		}
		if (errno == EAGAIN)
			return;
		p->reset = true;
		break;
	}
	p->ended = true;
}

struct sending {
	struct peer *peer;
	const char *at;
	size_t left;
};

static bool has_sent(void *arg)
{
	struct sending *s = arg;

	while (s->left > 0) {
		ssize_t len = send(s->peer->fd, s->at, s->left, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (len < 0 && errno == EAGAIN)
			return false;
		if (len < 0)
			return true; /* it was closed on us: what the test hears tells */
		s->at += len;
		s->left -= (size_t)len;
	}
	return true;
}

void peer_send(struct loop *loop, struct peer *p, const void *bytes, size_t len)
{
	struct sending s = { p, bytes, len };

	turn_until(loop, has_sent, &s);
}

void peer_say(struct loop *loop, struct peer *p, const char *text)
{
	peer_send(loop, p, text, strlen(text));
}

struct hearing {
	struct peer *peer;
	const char *text;
	size_t len;
	char *found;
};

static bool has_heard(void *arg)
{
	struct hearing *h = arg;

	take(h->peer);
	h->found = memmem(h->peer->got.data, h->peer->got.len, h->text, strlen(h->text));
	return h->found || h->peer->ended;
}

static bool has_heard_bytes(void *arg)
{
	struct hearing *h = arg;

	take(h->peer);
	return h->peer->got.len >= h->len || h->peer->ended;
}

/* The text of the last peer_hear of any peer. */
static char *heard;

static const char *hand_over(struct peer *p, size_t len)
{
	free(heard);
	heard = xstrndup(p->got.data, len);
	buf_drop_front(&p->got, len);
	return heard;
}

const char *peer_hear(struct loop *loop, struct peer *p, const char *text)
{
	struct hearing h = { .peer = p, .text = text };

	turn_until(loop, has_heard, &h);
	if (!h.found)
		fail_msg("it ended before '%s' came; there is: %s", text, p->got.data);
	return hand_over(p, (size_t)(h.found - p->got.data) + strlen(text));
}

size_t peer_hear_bytes(struct loop *loop, struct peer *p, size_t len)
{
	struct hearing h = { .peer = p, .len = len };

	turn_until(loop, has_heard_bytes, &h);
	return p->got.len;
}

const char *peer_hear_message(struct loop *loop, struct peer *p)
{
	struct hearing h = { .peer = p, .text = "\r\n\r\n" };
	const char *length;
	size_t head, body;

	turn_until(loop, has_heard, &h);
	if (!h.found)
		fail_msg("it ended before a whole head came; there is: %s", p->got.data);
	head = (size_t)(h.found - p->got.data) + 4;
	length = strcasestr(p->got.data, "\r\nContent-Length:");
	body = length && length < p->got.data + head ? strtoul(length + 17, NULL, 10) : 0;
	if (peer_hear_bytes(loop, p, head + body) < head + body)
		fail_msg("it ended before a whole body came; there is: %s", p->got.data);
	return hand_over(p, head + body);
}

static bool has_ended(void *arg)
{
	struct peer *p = arg;

	take(p);
	return p->ended;
}

void peer_hear_end(struct loop *loop, struct peer *p)
{
	turn_until(loop, has_ended, p);
}

bool peer_is_silent(struct loop *loop, struct peer *p)
{
	turn_idle(loop);
	take(p);
	return p->got.len == 0 && !p->ended;
}

void peer_shut(struct peer *p)
{
	shutdown(p->fd, SHUT_WR);
}

void peer_reset(struct peer *p)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	peer_close(p);
}

void peer_close(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	buf_finish(&p->got);
	free(heard);
	heard = NULL;
}

char *test_dir(void)
{
	const char *root = getenv("TMPDIR");
	char *dir = xformat("%s/mlc-net-XXXXXX", root ? root : "/tmp");

	assert_non_null(mkdtemp(dir));
	return dir;
}

void remove_dir(char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	assert_int_equal(rmdir(dir), 0);
	free(dir);
}
