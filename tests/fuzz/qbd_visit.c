/* qbd_visit.c - whatever calls a Web Connector's address: an answer, and nothing given away that must not be.
 *
 * The first byte says how far the visit has come, the rest is the request's body; with the upper bit
 * set it is wrapped as the response of receiveResponseXML. */
#include "peer.h"

#include "base/mem.h"
#include "../../plugins/quickbooks_desktop/qbd.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void say(struct peer_host *h, const char *body)
{
	char *answer;
	int status = peer_raw(h, "POST", "", body, &answer);

	if (status != 200 && status != 500)
		abort();
	free(answer);
}

static void bring_to(struct peer_host *h, unsigned stage, const char *ticket)
{
	union qbd_state *state = (union qbd_state *)h->state;

	state->visit.phase = VISIT_IDLE;
	snprintf(state->visit.ticket, sizeof state->visit.ticket, "%s", ticket);
	snprintf(state->visit.level, sizeof state->visit.level, "13.0");
	state->visit.proven = stage > 0;
	for (unsigned i = 0; i < stage && i < 2; i++) { /* reads go out, then writes */
		free(peer_call(h, "sendRequestXML", "ticket", ticket, NULL));
		if (i + 1 < stage)
			free(peer_call(h, "receiveResponseXML", "ticket", ticket, "response", "<QBXML><QBXMLMsgsRs>"
				"<ARs requestID=\"r-1\"/></QBXMLMsgsRs></QBXML>", NULL));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char ticket[] = "{01234567-89ab-cdef-0123-456789abcdef}";
	struct peer_host h;
	char *body = xstrndup((const char *)bytes + (len > 0), len ? len - 1 : 0);
	unsigned stage = len ? bytes[0] % 3u : 0;

	peer_host_init(&h);
	peer_park(&h, "r-1", "<ARq requestID=\"r-1\"/>", true);
	peer_park(&h, "w-1", "<BRq requestID=\"w-1\"/>", false);
	bring_to(&h, stage, ticket);
	if (len && bytes[0] & 0x80) {
		if (strlen(body) == len - 1)
			free(peer_call(&h, "receiveResponseXML", "ticket", ticket, "response", body, NULL));
	} else {
		say(&h, body);
	}
	/* Nothing leaves before the company is proven, and a write is in one place only. */
	if (stage == 0 && !json_object_get(h.facts, "identity") && h.parked.count != 2)
		abort();
	if (h.parked.count + h.taken.count + h.open.count + h.gave + h.lost != 2)
		abort();
	peer_host_finish(&h);
	free(body);
	return 0;
}
