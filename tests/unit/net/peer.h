/* peer.h - the other end of a socket, in the hands of a test: it and the loop take turns in one
 * thread, so nothing sleeps and nothing races. */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include "base/loop.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct peer {
	int fd;
	struct buf got; /* all that came and was not yet taken */
	bool ended;     /* it will not send more, or reset the connection */
	bool reset;
};

/* Both turn the loop until done(arg); a test that waits for more than 10 s of real time fails. */
void turn_until(struct loop *, bool (*done)(void *arg), void *arg);
/* Until nothing more happens by itself: a few rounds without anything ready. */
void turn_idle(struct loop *);
/* The clock jumps, and what is due happens. */
void jump(struct loop *, int64_t ms);

struct peer peer_connect(int port);
struct peer peer_connect_unix(const char *path);
int peer_listen(int *port); /* a listening socket on loopback */
struct peer peer_accept(struct loop *, int listening);
void peer_send(struct loop *, struct peer *, const void *bytes, size_t len);
void peer_say(struct loop *, struct peer *, const char *text);
/* Reads until text has come; returns all that came up to and with it, NUL-terminated, valid until
 * the next call for this peer. */
const char *peer_hear(struct loop *, struct peer *, const char *text);
size_t peer_hear_bytes(struct loop *, struct peer *, size_t len); /* at least so many are in got */
/* A whole message with Content-Length, head and body. */
const char *peer_hear_message(struct loop *, struct peer *);
void peer_hear_end(struct loop *, struct peer *); /* the rest stays in got */
bool peer_is_silent(struct loop *, struct peer *); /* nothing is there and nothing comes by itself */
void peer_shut(struct peer *);  /* says that it sends no more */
void peer_reset(struct peer *); /* as a crash does */
void peer_close(struct peer *);

char *test_dir(void); /* a new folder; remove_dir() frees the name */
void remove_dir(char *dir);

#endif
