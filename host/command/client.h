/* client.h - one question to the running host, over its admin socket. */
#ifndef COMMAND_CLIENT_H
#define COMMAND_CLIENT_H

#include "base/err.h"

#include <jansson.h>

/* args is taken over.  The answer is yours; NULL: e says why, and *more_or_null is what else the host
 * said (an object, yours).  ERR_ABSENT: no host runs in dir. */
json_t *client_ask(const char *dir, const char *command, json_t *args, json_t **more_or_null, struct err *e);

#endif
