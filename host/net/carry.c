/* carry.c - requests we make: libcurl multi on the loop. */
#include "net/carry.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"

#define REPLY_HEAD_MAX   ((size_t)128 * 1024) /* all headers of a reply */
#define REPLY_LINES_MAX  256
#define SPARE_MAX        32    /* easy handles kept for the next transfers */
#define SLOW_MS          30000 /* while bytes ought to move: fewer than SLOW_BYTES in this time ... */
#define SLOW_BYTES       1024  /* ... and it is over.  A remote that thinks may think until total_ms */
#define SLEPT_MS         15000 /* a deadline that is heard of so late: the machine slept, or stood still */
#define AWAKE_MS         5000  /* then what came meanwhile is read first */
#define STALE_S          5     /* a connection idle for longer is not used for what may not be repeated */
#define PLACE_SIZE       300   /* "https://" host of 255 ":65535" */
#define WHY_SIZE         (PLACE_SIZE + CURL_ERROR_SIZE + 64)
#define CURL_BUFFER      16384L /* each way and transfer; curl's own upload buffer would be 64 KB */

/* Addresses that a name out there must not lead us to: IANA's special-purpose registries, read 2026-05. */
static const char *const private_nets[] = {
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16", "fc00::/7",
	"fe80::/10", "fec0::/10", "ff00::/8",
};
#define PRIVATE_NETS (sizeof private_nets / sizeof *private_nets)

struct net {
	int family;
	unsigned bits;
	unsigned char address[16];
};

enum state { TRANSFER_WAITING = 1, TRANSFER_RUNNING, TRANSFER_ENDING };

struct transfer {
	TAILQ_ENTRY(transfer) in_all, in_line; /* in_line: its place's waiting, or carry's ending */
	struct carry *carry;
	struct place *place;
	struct engine *engine;
	CURL *easy;
	struct curl_slist *lines; /* headers that go out */
	enum state state;
	carry_fn *done;
	void *arg;
	char *method, *url, *ca_file, *body;
	size_t body_len, body_at;
	uint32_t connect_ms;
	bool repeatable, http_allowed;
	bool plain;     /* http, not https */
	bool sent;      /* a byte of it may have left */
	bool began;     /* a byte of the reply came */
	bool too_big;
	bool slept;     /* its deadlines were put off for that, once */
	struct timer deadline;
	int64_t asked_ms, started_ms, total_at_ms, slow_at_ms;
	curl_off_t moved; /* bytes either way when slow_at_ms was set */
	struct buf head, reply; /* head: name NUL value NUL, for each header */
	size_t head_lines;
	enum carried outcome; /* ENDING */
	char why[WHY_SIZE];
	char curl_says[CURL_ERROR_SIZE];
};
TAILQ_HEAD(transfers, transfer);

/* One scheme, host and port while there are transfers to it. */
struct place {
	TAILQ_ENTRY(place) link;
	struct transfers waiting;
	uint32_t in_flight;
	char name[PLACE_SIZE]; /* "https://shop.example:443" */
};

/* A multi handle with its connections.  After carry_forget_connections() the old one lives until its
 * last transfer has ended. */
struct engine {
	TAILQ_ENTRY(engine) link;
	struct carry *carry;
	CURLM *multi;
	struct timer timer;
	uint32_t in_flight, entered; /* entered: we are within one of its calls */
	bool closing;
};

/* One socket.  For those of connections it is kept, stopped, from one transfer to the next.  One that
 * curl closes without a word (7.88 does so while it still connects) stays, stopped, for whoever gets
 * its number next. */
struct watch {
	uv_poll_t poll;
	struct engine *engine;
	int fd;
};

struct socket_slot {
	struct watch *watch;
	bool ours; /* opened by open_socket(): on_close_socket() will tell of its end */
};

struct carry {
	struct loop *loop;
	struct net refused[PRIVATE_NETS];
	struct net *allowed;
	size_t allowed_count;
	char *ca_file, *agent;
	uint32_t at_once, at_once_place, in_flight, waiting;
	TAILQ_HEAD(place_list, place) places;
	TAILQ_HEAD(engine_list, engine) engines; /* the first takes new transfers */
	struct transfers all, ending;
	struct timer soon; /* when there are some in ending */
	struct socket_slot *sockets; /* by descriptor */
	size_t socket_count;
	CURL *spare[SPARE_MAX];
	size_t spare_count;
	bool closing;
};

/* ---- addresses ---- */

static bool net_parse(const char *text, struct net *out)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	unsigned most;
	char *end;

	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	out->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	most = out->family == AF_INET ? 32 : 128;
	if (inet_pton(out->family, address, out->address) != 1)
		return false;
	out->bits = most;
	if (!text[len])
		return true;
	out->bits = (unsigned)strtoul(text + len + 1, &end, 10);
	return text[len + 1] >= '0' && text[len + 1] <= '9' && !*end && out->bits <= most;
}

static bool net_holds(const struct net *net, int family, const unsigned char *address)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (net->family != family || memcmp(net->address, address, whole) != 0)
		return false;
	return !rest || (net->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool any_holds(const struct net *nets, size_t count, int family, const unsigned char *address)
{
	for (size_t i = 0; i < count; i++)
		if (net_holds(&nets[i], family, address))
			return true;
	return false;
}

/* IPv4 in the clothes of IPv6, mapped or translated, is judged as the IPv4 it leads to. */
static const unsigned char *unwrapped(const unsigned char *six, int *family)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const unsigned char translated[12] = { 0x00, 0x64, 0xff, 0x9b };

	*family = AF_INET6;
	if (memcmp(six, mapped, sizeof mapped) != 0 && memcmp(six, translated, sizeof translated) != 0)
		return six;
	*family = AF_INET;
	return six + 12;
}

/* plain: nothing hides what is said on the way, so it goes to none but the allowed networks. */
static bool may_connect(const struct carry *c, const struct sockaddr *to, bool plain)
{
	const unsigned char *address;
	int family = to->sa_family;

	if (family == AF_INET)
		address = (const unsigned char *)&((const struct sockaddr_in *)to)->sin_addr;
	else if (family == AF_INET6)
		address = unwrapped((const unsigned char *)&((const struct sockaddr_in6 *)to)->sin6_addr,
			&family);
	else
		return false;
	return any_holds(c->allowed, c->allowed_count, family, address) ||
		(!plain && !any_holds(c->refused, PRIVATE_NETS, family, address));
}

/* ---- URLs ---- */

struct url {
	bool is_http;
	char place[PLACE_SIZE]; /* with the port, always */
	char origin[PLACE_SIZE];
};

static bool put_place(struct url *u, const char *scheme, const char *host, const char *port)
{
	bool usual = strcmp(port, u->is_http ? "80" : "443") == 0;
	int len = snprintf(u->place, sizeof u->place, "%s://%s:%s", scheme, host, port);

	if (len < 0 || (size_t)len >= sizeof u->place)
		return false;
	for (char *p = u->place; *p; p++) {
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return false;
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
	memcpy(u->origin, u->place, sizeof u->origin);
	if (usual)
		*strrchr(u->origin, ':') = '\0';
	return true;
}

static bool url_parse(const char *text, struct url *out)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;
	const char *slashes = strstr(text, "://"); /* curl takes three, and a host without a scheme */
	bool good = u && slashes && slashes[3] != '/' && curl_url_set(u, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host &&
		curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	if (good) {
		out->is_http = strcmp(scheme, "http") == 0;
		good = (out->is_http || strcmp(scheme, "https") == 0) && put_place(out, scheme, host, port);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return good;
}

bool url_origin(const char *text, char *out, size_t out_size)
{
	struct url u;

	if (!url_parse(text, &u) || strlen(u.origin) >= out_size)
		return false;
	strcpy(out, u.origin);
	return true;
}

/* ---- the end of a transfer ---- */

static void start_waiting(struct carry *c);
static void destroy_if_old(struct engine *e);

static const char *host_of(const struct transfer *t)
{
	return strstr(t->place->name, "://") + 3;
}

static void leave_place(struct transfer *t)
{
	struct carry *c = t->carry;
	struct place *p = t->place;

	if (!p)
		return;
	t->place = NULL;
	if (t->state == TRANSFER_WAITING) {
		TAILQ_REMOVE(&p->waiting, t, in_line);
		c->waiting--;
	} else {
		p->in_flight--;
		c->in_flight--;
	}
	if (p->in_flight > 0 || !TAILQ_EMPTY(&p->waiting))
		return;
	TAILQ_REMOVE(&c->places, p, link);
	free(p);
}

static void put_away(struct carry *c, CURL *easy)
{
	if (c->spare_count == SPARE_MAX || c->closing) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	c->spare[c->spare_count++] = easy;
}

/* Not within a callback of curl's. */
static void leave_engine(struct transfer *t)
{
	struct engine *e = t->engine;

	if (!t->easy)
		return;
	curl_multi_remove_handle(e->multi, t->easy);
	put_away(t->carry, t->easy);
	t->easy = NULL;
	t->engine = NULL;
	e->in_flight--;
	destroy_if_old(e);
}

static void free_transfer(struct transfer *t)
{
	TAILQ_REMOVE(&t->carry->all, t, in_all);
	curl_slist_free_all(t->lines);
	buf_finish(&t->head);
	buf_finish(&t->reply);
	free(t->method);
	free(t->url);
	free(t->ca_file);
	free(t->body);
	free(t);
}

static void list_headers(const struct transfer *t, struct carry_header *out)
{
	const char *at = t->head.data, *end = at + t->head.len;

	for (size_t i = 0; at < end && i < REPLY_LINES_MAX; i++) {
		out[i].name = at;
		at += strlen(at) + 1;
		out[i].value = at;
		at += strlen(at) + 1;
	}
}

/* done is called, and t is gone. */
static void finish(struct transfer *t, enum carried outcome, int status)
{
	struct carry *c = t->carry;
	struct carry_header headers[REPLY_LINES_MAX + 1] = { { NULL, NULL } };
	struct carry_reply reply = { .outcome = outcome, .body = "", .headers = headers, .why = t->why };

	timer_clear(c->loop, &t->deadline);
	if (t->state == TRANSFER_ENDING)
		TAILQ_REMOVE(&c->ending, t, in_line);
	leave_engine(t);
	leave_place(t);
	if (outcome == CARRIED_HERE) {
		reply.status = status;
		reply.body = t->reply.data;
		reply.body_len = t->reply.len;
		reply.why = NULL;
		list_headers(t, headers);
	}
	reply.took_ms = (uint32_t)(loop_clock_ms() - t->asked_ms);
	t->done(t->arg, &reply);
	free_transfer(t);
}

static void on_soon(void *arg)
{
	struct carry *c = arg;
	struct transfer *t;

	while ((t = TAILQ_FIRST(&c->ending)))
		finish(t, t->outcome, 0);
	start_waiting(c);
}

/* It ends in the next turn: whoever calls us now is not called back from within. */
static void end_soon(struct transfer *t, enum carried outcome)
{
	struct carry *c = t->carry;

	leave_engine(t);
	leave_place(t);
	timer_clear(c->loop, &t->deadline);
	t->state = TRANSFER_ENDING;
	t->outcome = outcome;
	TAILQ_INSERT_TAIL(&c->ending, t, in_line);
	timer_set(c->loop, &c->soon, loop_now_ms(c->loop), on_soon, c);
}

static void give_up(struct transfer *t, const char *why)
{
	snprintf(t->why, sizeof t->why, "%s%s: %s", t->sent ? "" : "connect to ", host_of(t), why);
	end_soon(t, t->sent ? CARRIED_LOST : CARRIED_NEVER_SENT);
}

/* ---- deadlines: on the loop's clock, not on curl's ---- */

static curl_off_t bytes_moved(const struct transfer *t)
{
	curl_off_t up = 0, down = 0;
	long head = 0;

	curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	curl_easy_getinfo(t->easy, CURLINFO_HEADER_SIZE, &head);
	return up + down + head;
}

/* From now on bytes ought to move. */
static void watch_speed(struct transfer *t)
{
	t->moved = bytes_moved(t);
	t->slow_at_ms = loop_now_ms(t->carry->loop) + SLOW_MS;
}

static bool remote_thinks(const struct transfer *t)
{
	curl_off_t up = 0;

	curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	return !t->began && (size_t)up >= t->body_len;
}

static int64_t next_deadline(const struct transfer *t)
{
	int64_t at = t->total_at_ms;

	if (t->state != TRANSFER_RUNNING)
		return at;
	if (!t->sent && t->started_ms + t->connect_ms < at)
		at = t->started_ms + t->connect_ms;
	if (t->slow_at_ms < at)
		at = t->slow_at_ms;
	return at;
}

/* The reply may lie in the socket, and may be the only token there is. */
static void put_off(struct transfer *t, int64_t now)
{
	t->slept = true;
	t->started_ms = now;
	t->total_at_ms = t->slow_at_ms = now + AWAKE_MS;
}

static void on_deadline(void *arg)
{
	struct transfer *t = arg;
	int64_t now = loop_now_ms(t->carry->loop);

	if (!t->slept && now - t->total_at_ms >= SLEPT_MS)
		put_off(t, now);
	if (now >= t->total_at_ms) {
		give_up(t, t->state == TRANSFER_WAITING ? "too many requests are under way" :
			t->sent ? "no whole reply in time" : "no connection in time");
		return;
	}
	if (!t->sent && now >= t->started_ms + t->connect_ms) {
		give_up(t, "no connection in time");
		return;
	}
	if (now >= t->slow_at_ms) {
		if (t->sent && !remote_thinks(t) && bytes_moved(t) - t->moved < SLOW_BYTES) {
			give_up(t, "the connection has become too slow");
			return;
		}
		watch_speed(t);
	}
	timer_set(t->carry->loop, &t->deadline, next_deadline(t), on_deadline, t);
}

/* ---- curl's callbacks, for one transfer ---- */

static size_t on_body_wanted(char *to, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count, left = t->body_len - t->body_at;

	if (len > left)
		len = left;
	memcpy(to, t->body + t->body_at, len);
	t->body_at += len;
	return len;
}

/* curl wants to rewind in order to send again: never.  (Second wall; on_request() is the first.) */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	(void)arg, (void)offset, (void)origin;
	return CURL_SEEKFUNC_FAIL;
}

static bool may_go_out(struct transfer *t)
{
	if (t->sent && !t->repeatable) {
		snprintf(t->why, sizeof t->why, "%s: the connection ended before a reply began", host_of(t));
		return false;
	}
	return true;
}

/* Before the first byte of a request goes out on a connection that stands.  curl comes here a second
 * time when a kept connection died and it is about to send the request again. */
static int on_request(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct transfer *t = arg;

	(void)to, (void)from, (void)to_port, (void)from_port;
	if (!may_go_out(t))
		return CURL_PREREQFUNC_ABORT;
	t->sent = true;
	watch_speed(t);
	return CURL_PREREQFUNC_OK;
}

static size_t on_reply_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	if (buf_add(&t->reply, bytes, size * count))
		return size * count;
	t->too_big = true;
	snprintf(t->why, sizeof t->why, "%s: the reply is over %zu bytes", host_of(t), t->reply.max);
	return 0;
}

static bool put_reply_header(struct transfer *t, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value, *end = line + len;

	if (!colon || colon == line || memchr(line, '\0', len))
		return true; /* the empty line at the end, or rubbish */
	if (t->head_lines++ == REPLY_LINES_MAX)
		return false;
	for (value = colon + 1; value < end && strchr(" \t", *value); value++)
		;
	while (end > value && strchr(" \t\r\n", end[-1]))
		end--;
	return buf_add(&t->head, line, (size_t)(colon - line)) && buf_putc(&t->head, '\0') &&
		buf_add(&t->head, value, (size_t)(end - value)) && buf_putc(&t->head, '\0');
}

static size_t on_reply_head(char *line, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;

	if (!t->began)
		watch_speed(t);
	t->began = true;
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* what came before was 100 Continue or the like */
		buf_clear(&t->head);
		t->head_lines = 0;
		return len;
	}
	if (put_reply_header(t, line, len))
		return len;
	t->too_big = true;
	snprintf(t->why, sizeof t->why, "%s: the reply's headers are too long", host_of(t));
	return 0;
}

static struct socket_slot *slot_of(struct carry *c, int fd)
{
	size_t count = (size_t)fd + 64;

	if ((size_t)fd >= c->socket_count) {
		c->sockets = xrealloc(c->sockets, count * sizeof *c->sockets);
		memset(c->sockets + c->socket_count, 0, (count - c->socket_count) * sizeof *c->sockets);
		c->socket_count = count;
	}
	return &c->sockets[fd];
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct transfer *t = arg;
	struct carry *c = t->carry;
	char name[64] = "?";
	int fd;

	(void)purpose;
	if (!may_go_out(t))
		return CURL_SOCKET_BAD;
	if (!may_connect(c, &to->addr, t->plain)) {
		uv_ip_name(&to->addr, name, sizeof name);
		snprintf(t->why, sizeof t->why, may_connect(c, &to->addr, false) ?
			"connect to %s: plain http to %s is not allowed: use https, or list its network as allowed" :
			"connect to %s: %s is a private address, and it is not allowed", host_of(t), name);
		return CURL_SOCKET_BAD;
	}
	fd = socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	slot_of(c, fd)->ours = true;
	return fd;
}

/* ---- sockets and time, for curl ---- */

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void drop_watch(struct carry *c, int fd)
{
	struct socket_slot *slot = slot_of(c, fd);
	struct watch *w = slot->watch;

	if (!w)
		return;
	slot->watch = NULL;
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static int on_close_socket(void *arg, curl_socket_t fd)
{
	struct carry *c = arg;

	drop_watch(c, fd);
	slot_of(c, fd)->ours = false;
	return close(fd);
}

static void look_what_ended(struct engine *e);

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct engine *e = w->engine;
	int running, what = 0;

	if (status < 0)
		what = CURL_CSELECT_ERR; /* libuv tells of POLLERR so, and stops polling */
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	e->entered++;
	curl_multi_socket_action(e->multi, w->fd, what, &running);
	look_what_ended(e);
}

static struct watch *watch_of(struct engine *e, int fd)
{
	struct socket_slot *slot = slot_of(e->carry, fd);
	struct watch *w = slot->watch;

	if (!w) {
		w = xcalloc(1, sizeof *w);
		w->fd = fd;
		w->poll.data = w;
		if (uv_poll_init(loop_uv(e->carry->loop), &w->poll, fd) < 0) {
			free(w);
			return NULL;
		}
		slot->watch = w;
	}
	w->engine = e;
	return w;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	struct engine *e = arg;
	struct watch *w = slot_of(e->carry, fd)->watch;

	(void)easy, (void)of_socket;
	if (what == CURL_POLL_REMOVE) {
		if (!slot_of(e->carry, fd)->ours) /* curl's resolver closes it without a word */
			drop_watch(e->carry, fd);
		else if (w)
			uv_poll_stop(&w->poll);
		return 0;
	}
	if (e->closing || !(w = watch_of(e, fd)))
		return -1;
	return uv_poll_start(&w->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) |
		(what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_ready) < 0 ? -1 : 0;
}

static void on_time(void *arg)
{
	struct engine *e = arg;
	int running;

	e->entered++;
	curl_multi_socket_action(e->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	look_what_ended(e);
}

/* Only sets the timer, for 0 as well: curl must not be called from here. */
static int on_time_wanted(CURLM *multi, long timeout_ms, void *arg)
{
	struct engine *e = arg;

	(void)multi;
	if (timeout_ms < 0 || e->closing)
		timer_clear(e->carry->loop, &e->timer);
	else
		timer_set(e->carry->loop, &e->timer, loop_clock_ms() + timeout_ms, on_time, e);
	return 0;
}

/* ---- engines ---- */

static void add_engine(struct carry *c)
{
	struct engine *e = xcalloc(1, sizeof *e);

	e->carry = c;
	e->multi = curl_multi_init();
	must(e->multi);
	curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e);
	curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_time_wanted);
	curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e);
	curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, (long)c->at_once);
	curl_multi_setopt(e->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	TAILQ_INSERT_HEAD(&c->engines, e, link);
}

static void destroy_engine(struct engine *e)
{
	e->closing = true;
	TAILQ_REMOVE(&e->carry->engines, e, link);
	curl_multi_cleanup(e->multi);
	timer_clear(e->carry->loop, &e->timer);
	free(e);
}

static void destroy_if_old(struct engine *e)
{
	if (e != TAILQ_FIRST(&e->carry->engines) && e->in_flight == 0 && e->entered == 0)
		destroy_engine(e);
}

static void ended(struct transfer *t, CURLcode code)
{
	enum carried outcome = !t->sent ? CARRIED_NEVER_SENT : t->too_big ? CARRIED_TOO_BIG : CARRIED_LOST;
	long status = 0;

	if (code == CURLE_OK) {
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
		finish(t, CARRIED_HERE, (int)status);
		return;
	}
	if (!t->why[0])
		snprintf(t->why, sizeof t->why, "%s%s: %s", t->sent ? "" : "connect to ", host_of(t),
			t->curl_says[0] ? t->curl_says : curl_easy_strerror(code));
	finish(t, outcome, 0);
}

/* After every call that may have moved something. */
static void look_what_ended(struct engine *e)
{
	struct carry *c = e->carry;
	CURLMsg *m;
	int left;
	long wait = -1;

	while ((m = curl_multi_info_read(e->multi, &left))) {
		struct transfer *t = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		ended(t, code);
	}
	start_waiting(c);
	/* A timer that came a moment too early moved nothing, and curl does not ask for it again. */
	if (e->timer.at_ms == 0 && curl_multi_timeout(e->multi, &wait) == CURLM_OK && wait >= 0)
		on_time_wanted(e->multi, wait, e);
	e->entered--;
	destroy_if_old(e);
}

/* ---- the start of a transfer ---- */

static void set_method(struct transfer *t)
{
	bool is_head = strcmp(t->method, "HEAD") == 0, is_get = strcmp(t->method, "GET") == 0;
	bool takes_body = t->body_len > 0 || strcmp(t->method, "POST") == 0 ||
		strcmp(t->method, "PUT") == 0 || strcmp(t->method, "PATCH") == 0;

	if (is_head) {
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (!takes_body) {
		curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
		if (!is_get)
			curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, t->method);
		return;
	}
	curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, t->method);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
	if (t->repeatable || t->body_len == 0) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body);
		return;
	}
	curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_body_wanted);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(t->easy, CURLOPT_SEEKDATA, t);
}

/* A connection that the remote may be closing at this moment leaves us in doubt: what must not be
 * repeated takes a fresh one, or with a body (which cannot be rewound) a recently used one. */
static void set_repetition(struct transfer *t)
{
	if (t->repeatable)
		return;
	if (t->body_len == 0)
		curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_MAXAGE_CONN, (long)STALE_S);
}

static void set_tls(struct transfer *t)
{
	const char *ca_file = t->ca_file ? t->ca_file : t->carry->ca_file;

	if (ca_file)
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, ca_file);
	/* A CA directory, as Debian compiles one in, turns curl's CA cache off: 43 ms for each new
	 * connection instead of 0.9 ms. */
	curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void set_options(struct transfer *t)
{
	CURL *easy = t->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_says);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a name being looked up must not hold the loop */
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, t->http_allowed ? "http,https" : "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not from the environment */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_URL, t->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->lines);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, CURL_BUFFER);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, CURL_BUFFER);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_ms);
	if (t->carry->agent)
		curl_easy_setopt(easy, CURLOPT_USERAGENT, t->carry->agent);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, t->carry);
	set_method(t);
	set_repetition(t);
	set_tls(t);
}

static void start_transfer(struct transfer *t)
{
	struct carry *c = t->carry;
	struct engine *e = TAILQ_FIRST(&c->engines);

	TAILQ_REMOVE(&t->place->waiting, t, in_line);
	c->waiting--;
	t->state = TRANSFER_RUNNING;
	t->place->in_flight++;
	c->in_flight++;
	t->easy = c->spare_count ? c->spare[--c->spare_count] : curl_easy_init();
	must(t->easy);
	t->engine = e;
	e->in_flight++;
	set_options(t);
	t->started_ms = loop_now_ms(c->loop);
	t->slow_at_ms = t->started_ms + SLOW_MS;
	timer_set(c->loop, &t->deadline, next_deadline(t), on_deadline, t);
	if (curl_multi_add_handle(e->multi, t->easy) != CURLM_OK)
		give_up(t, "curl does not take it");
}

/* One of each place in turn, so that a place with a long line does not hold up the others. */
static void start_waiting(struct carry *c)
{
	bool started = true;

	while (c->waiting > 0 && started && !c->closing) {
		struct place *p = TAILQ_FIRST(&c->places), *last = TAILQ_LAST(&c->places, place_list), *next;

		started = false;
		for (; p && c->in_flight < c->at_once; p = next) {
			next = p == last ? NULL : TAILQ_NEXT(p, link);
			if (TAILQ_EMPTY(&p->waiting) || p->in_flight >= c->at_once_place)
				continue;
			TAILQ_REMOVE(&c->places, p, link);
			TAILQ_INSERT_TAIL(&c->places, p, link);
			start_transfer(TAILQ_FIRST(&p->waiting));
			started = true;
		}
	}
}

static bool method_is_good(const char *method)
{
	size_t len = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return len > 0 && len <= 16 && !method[len];
}

static bool header_is(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

/* NULL: it is one line, and not one that we write ourselves. */
static const char *wrong_with(const char *line)
{
	static const char *const ours[] = { "Content-Length", "Transfer-Encoding", "Expect", "Host" };
	size_t name = strcspn(line, ": \t");

	if (name == 0 || line[name] != ':')
		return "has no name";
	for (const char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' && *p != '\t')
			return "is not one line";
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (header_is(line, ours[i]))
			return "is not the caller's to set";
	return NULL;
}

static void add_line(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->lines, line);

	must(longer);
	t->lines = longer;
}

static void add_header(struct transfer *t, const char *line)
{
	size_t name = strcspn(line, ":");
	char *bare;

	if (line[name + 1 + strspn(line + name + 1, " \t")]) {
		add_line(t, line);
		return;
	}
	bare = xformat("%.*s;", (int)name, line); /* curl's way to send one without a value */
	add_line(t, bare);
	free(bare);
}

static bool take_headers(struct transfer *t, const char *const *headers)
{
	bool has_type = false;

	for (; headers && *headers; headers++) {
		const char *wrong = wrong_with(*headers);

		if (wrong) {
			snprintf(t->why, sizeof t->why, "header %.*s %s", (int)strcspn(*headers, ":\r\n"), *headers,
				wrong);
			return false;
		}
		has_type = has_type || header_is(*headers, "Content-Type");
		add_header(t, *headers);
	}
	add_line(t, "Expect:"); /* curl would wait a second for a go-ahead that few remotes send */
	if (!has_type)
		add_line(t, "Content-Type:"); /* nor is it a form */
	return true;
}

static bool check_request(struct transfer *t, const struct carry_request *r, struct url *url)
{
	if (!method_is_good(r->method))
		snprintf(t->why, sizeof t->why, "'%.32s' is no method", r->method);
	else if (!url_parse(r->url, url))
		snprintf(t->why, sizeof t->why, "the url is not an absolute one of http or https, "
			"without a user, with a host");
	else if ((t->plain = url->is_http) && !r->http_allowed)
		snprintf(t->why, sizeof t->why, "%s: plain http is not allowed for this connection", url->origin);
	else
		return take_headers(t, r->headers);
	return false;
}

static struct place *place_of(struct carry *c, const char *name)
{
	struct place *p;

	TAILQ_FOREACH(p, &c->places, link)
		if (strcmp(p->name, name) == 0)
			return p;
	p = xcalloc(1, sizeof *p);
	memcpy(p->name, name, strlen(name));
	TAILQ_INIT(&p->waiting);
	TAILQ_INSERT_TAIL(&c->places, p, link);
	return p;
}

static struct transfer *copy_request(struct carry *c, const struct carry_request *r)
{
	struct transfer *t = xcalloc(1, sizeof *t);

	t->carry = c;
	t->method = xstrdup(r->method);
	t->url = xstrdup(r->url);
	t->ca_file = r->ca_file ? xstrdup(r->ca_file) : NULL;
	t->body = xcalloc(1, r->body_len + 1);
	if (r->body_len)
		memcpy(t->body, r->body, r->body_len);
	t->body_len = r->body_len;
	t->repeatable = r->repeatable;
	t->http_allowed = r->http_allowed;
	t->connect_ms = r->connect_ms ? r->connect_ms : 10 * 1000;
	t->asked_ms = loop_clock_ms();
	t->total_at_ms = loop_now_ms(c->loop) + (r->total_ms ? r->total_ms : 120 * 1000);
	buf_init(&t->head, REPLY_HEAD_MAX);
	buf_init(&t->reply, r->reply_max ? r->reply_max : (size_t)32 * 1024 * 1024);
	TAILQ_INSERT_TAIL(&c->all, t, in_all);
	return t;
}

struct transfer *carry_start(struct carry *c, const struct carry_request *r, carry_fn *done, void *arg)
{
	struct transfer *t = copy_request(c, r);
	struct url url;

	t->done = done;
	t->arg = arg;
	if (!check_request(t, r, &url) || c->closing) {
		if (!t->why[0])
			snprintf(t->why, sizeof t->why, "connect to %s: we are stopping", url.origin);
		end_soon(t, CARRIED_NEVER_SENT);
		return t;
	}
	t->place = place_of(c, url.place);
	t->state = TRANSFER_WAITING;
	TAILQ_INSERT_TAIL(&t->place->waiting, t, in_line);
	c->waiting++;
	timer_set(c->loop, &t->deadline, t->total_at_ms, on_deadline, t);
	start_waiting(c);
	return t;
}

void carry_cancel(struct transfer *t)
{
	if (t->state != TRANSFER_ENDING)
		give_up(t, "it was cancelled");
}

/* ---- the whole ---- */

void carry_forget_connections(struct carry *c)
{
	struct engine *old = TAILQ_FIRST(&c->engines);

	add_engine(c);
	destroy_if_old(old);
}

int carry_check(const struct carry_conf *conf, struct err *e)
{
	struct net net;

	for (const char *const *at = conf->allow_private; at && *at; at++)
		if (!net_parse(*at, &net))
			return err_set(e, ERR_INPUT, "allow_private: '%s' is no network, write it like 10.1.0.0/16", *at);
	if (conf->ca_file && access(conf->ca_file, R_OK) < 0)
		return err_set(e, ERR_ABSENT, "ca_file %s: it cannot be read", conf->ca_file);
	return 0;
}

int carry_change(struct carry *c, const struct carry_conf *conf, struct err *e)
{
	const char *const *list = conf->allow_private;
	size_t count = 0;

	if (carry_check(conf, e) < 0)
		return e->code;
	while (list && list[count])
		count++;
	free(c->allowed);
	c->allowed = xcalloc(count + 1, sizeof *c->allowed);
	for (c->allowed_count = 0; c->allowed_count < count; c->allowed_count++)
		must(net_parse(list[c->allowed_count], &c->allowed[c->allowed_count]));
	free(c->ca_file);
	c->ca_file = conf->ca_file ? xstrdup(conf->ca_file) : NULL;
	return 0;
}

struct carry *carry_create(struct loop *loop, const struct carry_conf *conf, struct err *e)
{
	struct carry *c = xcalloc(1, sizeof *c);

	must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	c->loop = loop;
	c->at_once = conf->at_once ? conf->at_once : 512;
	c->at_once_place = conf->at_once_host ? conf->at_once_host : 64;
	c->agent = conf->agent ? xstrdup(conf->agent) : NULL;
	TAILQ_INIT(&c->places);
	TAILQ_INIT(&c->engines);
	TAILQ_INIT(&c->all);
	TAILQ_INIT(&c->ending);
	for (size_t i = 0; i < PRIVATE_NETS; i++)
		must(net_parse(private_nets[i], &c->refused[i]));
	add_engine(c);
	if (carry_change(c, conf, e) < 0) {
		carry_destroy(c);
		return NULL;
	}
	return c;
}

void carry_destroy(struct carry *c)
{
	struct transfer *t;

	if (!c)
		return;
	c->closing = true;
	while ((t = TAILQ_FIRST(&c->all))) {
		if (t->state != TRANSFER_ENDING) {
			snprintf(t->why, sizeof t->why, "%s: we are stopping", host_of(t));
			t->outcome = t->sent ? CARRIED_LOST : CARRIED_NEVER_SENT;
		}
		finish(t, t->outcome, 0);
	}
	timer_clear(c->loop, &c->soon);
	while (!TAILQ_EMPTY(&c->engines))
		destroy_engine(TAILQ_FIRST(&c->engines));
	while (c->spare_count)
		curl_easy_cleanup(c->spare[--c->spare_count]);
	for (size_t fd = 0; fd < c->socket_count; fd++)
		drop_watch(c, (int)fd);
	free(c->sockets);
	free(c->allowed);
	free(c->ca_file);
	free(c->agent);
	free(c);
	curl_global_cleanup();
}
