/* grants.c - log-ins that a person gives: where to give them, and who hears when one is gone. */
#include "flow/flow.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The connection can, or can no longer, be used; or its tokens or webhooks can no longer, or can again, be renewed. */
void grants_changed(struct host *h, const struct connection *c)
{
	const char *cause = NULL, *why = connection_held(c, &cause, NULL), *trouble = connection_trouble(c);
	char *address = connection_address(c), *said;

	if (!why) {
		alert_clear(h, "grant_dead", connection_path(c));
	} else if (connection_offers(c)) {
		alert_show(h, "grant_dead", connection_path(c), why); /* we are called again, with an address */
	} else if (cause && (!strcmp(cause, "auth") || !strcmp(cause, "identity"))) {
		said = address && !strcmp(cause, "auth") ? xformat("%s; to authorize it, open %s", why, address) : xstrdup(why);
		alert_raise(h, "grant_dead", connection_path(c), said);
		free(said);
	}
	if (trouble)
		alert_raise(h, "token_trouble", connection_path(c), trouble);
	else
		alert_clear(h, "token_trouble", connection_path(c));
	if (!why && connection_hook_trouble(c)) /* of one that is held it is no news */
		alert_raise(h, "no_webhooks", connection_path(c), connection_hook_trouble(c));
	else
		alert_clear(h, "no_webhooks", connection_path(c));
	free(address);
}

void host_authorize(struct host *h, const char *path, bool wait, host_fn *fn, void *arg)
{
	struct connection *c = connection_named(h, path, fn, arg);

	if (c && wait)
		connection_authorized(c, fn, arg);
	else if (c)
		connection_authorize(c, fn, arg);
}
