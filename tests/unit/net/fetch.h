/* fetch.h - one request that goes out, and what became of it. */
#ifndef TEST_FETCH_H
#define TEST_FETCH_H

#include "net/carry.h"
#include "peer.h"

struct fetch {
	struct transfer *transfer;
	int done; /* how often done was called */
	enum carried outcome;
	int status;
	struct buf body, headers; /* "name=value\n" for each */
	char why[700];
};

/* One that may connect to 127.0.0.0/8. */
struct carry *fetch_carry(struct loop *, const char *ca_file);
/* request->url is taken as the path on http://127.0.0.1:port where port > 0. */
void fetch_start(struct carry *, struct fetch *, struct carry_request request, int port);
void fetch_wait(struct loop *, struct fetch *);
void fetch_finish(struct fetch *);

#endif
