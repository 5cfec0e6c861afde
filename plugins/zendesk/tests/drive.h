/* drive.h - a Zendesk account's connection, driven step by step. */
#ifndef DRIVE_H
#define DRIVE_H

#include "../../../tests/unit/drive.h"

#define ORGANIZATION(id, name, updated, more) \
	"{\"id\":" id ",\"name\":\"" name "\",\"updated_at\":\"" updated "\"" more "}"
#define TAKEN(member, words) \
	"{\"error\":\"RecordInvalid\",\"description\":\"Record validation errors\",\"details\":{\"" member \
	"\":[{\"description\":\"" words "\",\"error\":\"DuplicateValue\"}]}}"
#define NOT_FOUND "{\"error\":\"RecordNotFound\",\"description\":\"Not found\"}"

static inline int drive_set_up(void **state)
{
	return drive_open(state, "acme/desk", json_pack("{s:s}", "url", "https://acme.zendesk.com"));
}

static inline const struct call_record *settled(const struct drive *d)
{
	const struct call_write *writes;

	assert_int_equal(d->step, MLC_DONE);
	assert_int_equal(call_writes(d->call, &writes), 1);
	assert_int_equal(writes[0].end, WRITE_END_SETTLED);
	return &writes[0].record;
}

#endif
