/* drive.h - a Zuora tenant's connection, driven step by step. */
#ifndef DRIVE_H
#define DRIVE_H

#include "../../../tests/unit/drive.h"

#define ID1 "8ad0875995aa292e0195b7de80796301"
#define ID2 "8ad0875995aa292e0195b7de80796302"
#define ID3 "8ad0875995aa292e0195b7de80796303"
#define NOT_FOUND "{\"success\":false,\"processId\":\"A\",\"reasons\":[{\"code\":50000040,\"message\":\"Cannot find entity by key\"}]}"
#define REASON(code, words) "{\"success\":false,\"processId\":\"A\",\"reasons\":[{\"code\":" #code ",\"message\":\"" words "\"}]}"
#define SINCE "&filter[]=updateddate.GE:"
#define LIST(folder, expand) "/object-query/" folder "?pageSize=40&sort[]=updateddate.ASC" expand

static inline int drive_set_up(void **state)
{
	return drive_open(state, "acme/zuora", json_pack("{s:s,s:s}", "url", "https://rest.zuora.com", "callout_user", "zuora"));
}

#define drive_test(f) cmocka_unit_test_setup_teardown(f, drive_set_up, drive_tear_down)

static inline void poll(struct drive *d, const char *feed, const char *cursor)
{
	drive_end(d);
	d->input.feed = feed;
	d->input.cursor = cursor;
	begin(d, OP_POLL);
}

static inline void write_all(struct drive *d, const char *entity, const struct mlc_write *writes, size_t count)
{
	d->input.entity = entity;
	d->input.writes = writes;
	d->input.write_count = count;
	begin(d, OP_WRITE);
}

/* One write of data, which is given to it. */
static inline void write_one(struct drive *d, const char *entity, enum mlc_verb verb, const char *id, json_t *data)
{
	const struct mlc_write w = { .verb = verb, .id = id, .key = "k-1", .data = data };

	drive_end(d);
	d->data = data;
	write_all(d, entity, &w, 1);
}

static inline json_t *an_account(void)
{
	return json_pack("{s:s,s:s,s:i,s:b,s:{s:s,s:s,s:s}}", "name", "Acme", "currency", "USD", "billCycleDay", 1, "autoPay", 0, "billToContact", "firstName", "Ada",
		"lastName", "Byron", "country", "United States");
}

static inline const struct call_write *outcome(const struct drive *d, size_t i)
{
	const struct call_write *writes;

	assert_int_equal(d->step, MLC_DONE);
	assert_true(i < call_writes(d->call, &writes));
	return &writes[i];
}

static inline const char *header_sent(const struct drive *d, const char *name)
{
	const char *const *h = call_inside(d->call)->request->headers;

	for (; h && *h; h++)
		if (!strncasecmp(*h, name, strlen(name)) && (*h)[strlen(name)] == ':')
			return *h + strlen(name) + 2;
	return NULL;
}

static inline uint32_t wait_ms(const struct drive *d)
{
	uint32_t after = 0;

	call_fault(d->call, &after, NULL);
	return after;
}

#endif
