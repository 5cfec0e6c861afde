/* echo.h - the server under test, with an application that answers what the path asks for. */
#ifndef TEST_ECHO_H
#define TEST_ECHO_H

#include "net/server.h"
#include "peer.h"

struct echo {
	struct loop *loop;
	struct server *server;
	int port;
	bool closed;          /* server_close() has told so */
	int requests;         /* on_request() was called so often */
	char seen[512];       /* the last: "POST /a ?x=1 text/plain 5 127.0.0.1" */
	struct inbound *kept[64];
	int kept_count;       /* those to "/later..." wait for the test to answer them */
};

/* Bodies: none at /nowhere, 8 MB at /big, else 1000 bytes.  /empty is answered with 204, /error with
 * an error, /headers with some (one of them bad), /huge with 4 MB, all else with what came. */
void echo_start(struct echo *, const struct server_limits *);
void echo_listen(struct echo *, const char *cert, const char *key); /* another port */
void echo_stop(struct echo *);
void echo_closed(void *echo); /* for server_close() */
struct server_counts echo_counts(const struct echo *);

#endif
