/* drive.h - an org's connection, driven step by step. */
#ifndef DRIVE_H
#define DRIVE_H

#include "../../../tests/unit/drive.h"

#define V     "/services/data/v68.0"
#define A1    "001Ac0000000001IAA"
#define A2    "001Ac0000000002IAA"
#define O1    "006Ac0000000001IAA"
#define T1    "2026-11-20T08:00:00.000+0000"
#define T2    "2026-11-20T08:00:05.000+0000"
#define ROW(id, at, more)  "{\"attributes\":{\"type\":\"Account\"},\"Id\":\"" id "\",\"SystemModstamp\":\"" at "\"" more "}"
#define PAGE(total, done, next, rows) "{\"totalSize\":" total ",\"done\":" done next ",\"records\":[" rows "]}"
#define NEXT(n) ",\"nextRecordsUrl\":\"" V "/query/01g" n "\""
#define ERROR(code, words) "[{\"message\":\"" words "\",\"errorCode\":\"" code "\",\"fields\":[]}]"
#define PART(ref, status, body) "{\"body\":" body ",\"httpHeaders\":{},\"httpStatusCode\":" status ",\"referenceId\":\"" ref "\"}"
#define COMPOSITE(parts) "{\"compositeResponse\":[" parts "]}"
#define DONE(id) "{\"id\":\"" id "\",\"success\":true,\"errors\":[]}"
#define REFUSED(code, words) "{\"success\":false,\"errors\":[{\"statusCode\":\"" code "\",\"message\":\"" words "\",\"fields\":[\"Name\"]}]}"

static inline int drive_set_up(void **state)
{
	return drive_open(state, "acme/crm", json_pack("{s:s}", "url", "https://acme.my.salesforce.com"));
}

/* What is asked for, its query decoded. */
static inline const char *asked(const struct drive *d)
{
	static char text[16384];
	size_t len = 0;

	assert_int_equal(d->step, MLC_SEND);
	for (const char *at = call_inside(d->call)->request->path; *at && len < sizeof text - 1; at++) {
		unsigned byte;

		if (*at == '%' && sscanf(at + 1, "%2x", &byte) == 1) {
			text[len++] = (char)byte;
			at += 2;
		} else {
			text[len++] = *at;
		}
	}
	text[len] = 0;
	return text;
}

static inline const char *sent_body(const struct drive *d)
{
	assert_int_equal(d->step, MLC_SEND);
	return call_inside(d->call)->request->body;
}

#define holds_text(text, part)                                                                 \
	do {                                                                                   \
		if (!strstr(text, part))                                                       \
			fail_msg("'%s' is not in: %s", part, text);                            \
	} while (0)

static inline void poll_feed(struct drive *d, const char *feed, const char *from)
{
	d->input.feed = feed;
	d->input.cursor = from;
	begin(d, OP_POLL);
}

#define settled(d, i, record_id)                                                               \
	do {                                                                                   \
		assert_int_equal(outcome(d, i)->end, WRITE_END_SETTLED);                       \
		assert_string_equal(outcome(d, i)->record.id, record_id);                      \
	} while (0)
#define refused(d, i, f, words)                                                                \
	do {                                                                                   \
		assert_int_equal(outcome(d, i)->end, WRITE_END_REFUSED);                       \
		assert_int_equal(outcome(d, i)->fault, f);                                     \
		holds_text(outcome(d, i)->text, words);                                        \
	} while (0)

#endif
