/* drive.h - a company's connection, driven step by step. */
#ifndef DRIVE_H
#define DRIVE_H

#include "../../../tests/unit/drive.h"

#define REALM "4620816365012345670"
#define TIME  "\"time\":\"2026-11-20T16:10:00.000-08:00\"" /* NOW, in Pacific time */

static inline int drive_set_up(void **state)
{
	return drive_open(state, "acme/books", json_pack("{s:s,s:s}", "realmId", REALM, "environment", "sandbox"));
}

/* The query that was asked for, decoded. */
static inline const char *query(const struct drive *d)
{
	static char text[4096];
	const char *at = strstr(call_inside(d->call)->request->path, "&query=");
	size_t len = 0;
	unsigned byte;

	assert_non_null(at);
	for (at += strlen("&query="); *at && *at != '&' && len < sizeof text - 1; at++)
		if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
			text[len++] = (char)byte;
			at += 2;
		} else {
			text[len++] = *at;
		}
	text[len] = 0;
	return text;
}

#define asks_query(d, q)                                                                       \
	do {                                                                                   \
		assert_int_equal((d)->step, MLC_SEND);                                         \
		assert_string_equal(query(d), q);                                              \
	} while (0)

/* The body that was sent. */
static inline json_t *sent(const struct drive *d)
{
	const struct mlc_request *q = call_inside(d->call)->request;
	json_t *body = json_read(q->body, q->body_len, NULL);

	assert_non_null(body);
	return body;
}

#define FAULT(code, message, detail)                                                           \
	"{\"Fault\":{\"Error\":[{\"Message\":\"" message "\",\"Detail\":\"" detail "\",\"code\":\"" code \
	"\",\"element\":\"\"}],\"type\":\"ValidationFault\"}," TIME "}"

#define CUSTOMER(id, token, updated, rest)                                                     \
	"{\"Id\":\"" id "\",\"SyncToken\":\"" token "\",\"MetaData\":{\"CreateTime\":\"2026-11-01T09:00:00-07:00\"," \
	"\"LastUpdatedTime\":\"" updated "\"},\"DisplayName\":\"C " id "\",\"Active\":true,\"Balance\":85.0" rest "}"

#endif
