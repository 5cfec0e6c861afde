/* sample.h - inputs for a connector's operations, made from its own tables. */
#ifndef CONFORM_SAMPLE_H
#define CONFORM_SAMPLE_H

#include "plug/call.h"

#include <jansson.h>

struct kit { /* what the checks are given */
	const struct mlc_connector *connector;
	json_t *settings, *facts;
	json_t *token;         /* what the token's reply told; NULL */
	json_t *shapes;        /* how its remote's replies look (remote.h); NULL: not told */
	const char *cassettes; /* folder of recorded exchanges; NULL: none */
	unsigned seed;
};

/* One operation with its input, ready to be called as often as one likes. */
struct trial {
	char name[120];      /* "poll orders", "write Invoice create" */
	struct call_input in;
	json_t *data;
	struct mlc_write write;
};

#define TRIALS_MAX 256
/* All that the connector can be asked without a peer: ping, discover, a poll of each feed, a fetch,
 * the finds and the writes of each entity, subscribe.  Returns how many. */
size_t trials_of(const struct kit *, struct trial out[TRIALS_MAX]);
void trials_finish(struct trial *, size_t count);

/* A fresh call for it, always with the same nonce. */
struct call *trial_call(const struct kit *, const struct trial *);
#define SAMPLE_NOW_MS INT64_C(1793484000000) /* 2026-10-31T22:00:00Z */

#endif
