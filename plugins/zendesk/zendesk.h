/* zendesk.h - what the files of the Zendesk connector share. */
#ifndef ZENDESK_H
#define ZENDESK_H

#include <mlc/help.h>

#define PER_PAGE   "100" /* the most that Zendesk gives (SOURCES.md 4) */
#define PAGE_SIZE  "page%5Bsize%5D" /* brackets are no characters of a query (RFC 3986) */
#define PAGE_AFTER "page%5Bafter%5D"

#define BATCH_MOST 100   /* records in a job */

/* What every step of a call may remember; each operation uses its own part. */
struct state {
	int phase;
	unsigned page;
	size_t at;            /* fetch: index into ids; write: into missing */
	char cursor[512];     /* of a feed: where the next page begins */
	char before[512];     /* the one before it: a cursor that does not move loops */
	size_t current;       /* write: the one that is written by itself */
	bool has_outcome[BATCH_MOST];
	int64_t ids[BATCH_MOST]; /* write: what a job has made or changed; 0: nothing */
	const char **missing; /* write: keys of fields that Zendesk does not know, in call memory */
	size_t missing_count;
	char id[40];          /* write: the record that was written; subscribe: the webhook */
	char doomed_ids[16][40]; /* subscribe: webhooks of ours that are wrong */
	size_t doomed_count, doomed_at;
	bool asleep;          /* subscribe: ours was made, and is not switched on yet */
};

/* How an entity is asked for.  Facts: SOURCES.md 3. */
struct resource {
	const char *one, *many; /* the wrapping members: "organization", "organizations" */
	const char *path;       /* "/api/v2/organizations" */
	const char *refs[8];    /* members that are ids of others: {"id": ..} here, a number there; ends with NULL */
};

enum { ORGANIZATION, USER, MEMBERSHIP, TICKET, ORGANIZATION_FIELD, TICKET_FIELD, CUSTOM_OBJECT, CUSTOM_OBJECT_RECORD };
extern const struct mlc_entity zen_entities[];
extern const struct resource zen_resources[];
extern const struct mlc_feed zen_feeds[];

int zen_entity_at(const struct mlc_entity *);

/* reading.c */

/* MLC_FAIL, with the fault that the reply's status and code mean, in words for a person. */
enum mlc_step zen_failed(struct mlc_call *, const char *doing);
/* The same for one of several writes, or for the only one. */
enum mlc_fault zen_fault(struct mlc_call *, const char *doing, uint32_t *after_ms, const char **words);
/* MLC_FAIL: Zendesk answered well, but with something that is not what it should be. */
enum mlc_step zen_garbage(struct mlc_call *, const char *due);
/* True: a field of the record is taken by another one (DuplicateValue). */
bool zen_is_taken(struct mlc_call *, const char *member);
/* A record as the host keeps it; false: it has no id.  one is borrowed. */
bool zen_record(struct mlc_call *, int entity, json_t *one, struct mlc_record *);
/* Emits each record of a list; MLC_DONE, or why not. */
enum mlc_step zen_emit_all(struct mlc_call *, int entity, json_t *list);
/* The reply as JSON, or NULL. */
json_t *zen_body(struct mlc_call *);
/* path of a list with cursors, from after on (""): from the beginning. */
const char *zen_page(struct mlc_call *, const char *path, const char *after);
/* True: there is a page behind this one, and state->cursor is where it begins; else this was the last one, or
 * *failed is MLC_FAIL: it says so without saying where, or in a circle. */
bool zen_more(struct mlc_call *, json_t *page, enum mlc_step *failed);
/* The id at path, which may be a number or text; NULL: none. */
const char *zen_id(struct mlc_call *, json_t *value, const char *path);

mlc_step_fn zen_ping, zen_fetch, zen_find;

/* feeds.c */
mlc_step_fn zen_poll;

/* writing.c */
mlc_step_fn zen_write;

/* fields.c: custom fields, described and made when they are missing. */
mlc_step_fn zen_discover;
/* The field of that key in the setting create_fields, as Zendesk wants it; NULL: none, or it says nonsense (*wrong). */
json_t *zen_field_allowed(struct mlc_call *, const char *key, const char **wrong);

/* hooks.c */
mlc_step_fn zen_subscribe, zen_receive;

#endif
