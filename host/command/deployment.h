/* deployment.h - a deployment read for a command that needs no running host. */
#ifndef COMMAND_DEPLOYMENT_H
#define COMMAND_DEPLOYMENT_H

#include "base/loop.h"
#include "command/command.h"
#include "flow/config.h"
#include "script/pool.h"

struct deployment {
	struct loop *loop;
	struct pool *pool;
	struct registry *registry;
	struct config *config; /* may hold errors: look at config->errors */
};

/* 0, or an exit status after having said why.  tenant: only this one is read; NULL: all of them. */
int deployment_open(struct cli *, const char *tenant, struct deployment *);
/* The same of mlc.lua alone: no connector, no mapping and no tenant is looked at. */
int deployment_open_mlc(struct cli *, struct deployment *);
void deployment_close(struct deployment *);

/* One request to a worker, answered before this returns; NULL: *why_or_null says what happened (yours). */
json_t *deployment_ask(struct deployment *, enum cage_word, const struct cage_part *, size_t count, char **why_or_null);

#endif
