/* api.h - the admin listener: what the commands ask of a running host, over HTTP and JSON.
 *
 * On the socket state/admin.sock (mode 0600: whoever may open it may do everything) and, where mlc.lua
 * names `admin`, on a port, for those who show the token that stands in state/admin.token.  `POST /api/v1/COMMAND` with a JSON object of arguments answers
 * 200 { ... } or 4xx/5xx { "error": text, "cause": word }; `GET /metrics` for Prometheus. */
#ifndef COMMAND_API_H
#define COMMAND_API_H

#include "base/err.h"
#include "base/loop.h"
#include "flow/host.h"

struct api;

struct api_conf { const char *address; int port; }; /* address NULL: only the socket */
struct api *api_open(struct loop *, struct host *, const char *dir, const struct api_conf *, struct err *);
void api_close(struct api *, loop_fn *closed, void *arg);
int api_port(const struct api *); /* 0: only the socket */

#endif
