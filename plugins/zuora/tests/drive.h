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

static inline void poll(struct drive *d, const char *feed, const char *cursor)
{
	drive_end(d);
	d->input.feed = feed;
	d->input.cursor = cursor;
	begin(d, OP_POLL);
}

static inline json_t *an_account(void)
{
	return json_pack("{s:s,s:s,s:i,s:b,s:{s:s,s:s,s:s}}", "name", "Acme", "currency", "USD", "billCycleDay", 1, "autoPay", 0, "billToContact", "firstName", "Ada",
		"lastName", "Byron", "country", "United States");
}

#endif
