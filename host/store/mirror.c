/* mirror.c - members of records that a remote cannot search by, kept here as feeds bring them. */
#include "inner.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* Lower case for Latin, Greek and Cyrillic letters that have one of the same length in UTF-8. */
static unsigned lower(unsigned c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
		(c >= 0x391 && c <= 0x3A9 && c != 0x3A2) || (c >= 0x410 && c <= 0x42F))
		return c + 32;
	if (c >= 0x400 && c <= 0x40F)
		return c + 80;
	/* Latin Extended-A comes in pairs; where the odd one is the capital they are named. */
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
		return c & 1 ? c + 1 : c;
	if (c >= 0x100 && c <= 0x17F && c != 0x130 && c != 0x131 && c != 0x138 && c != 0x149 &&
		c != 0x178 && c != 0x17F)
		return c | 1;
	return c;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void mirror_trim(char *text)
{
	size_t from = 0, len = strlen(text);

	while (is_blank(text[from]))
		from++;
	while (len > from && is_blank(text[len - 1]))
		len--;
	memmove(text, text + from, len - from);
	text[len - from] = 0;
	for (unsigned char *at = (unsigned char *)text; *at; at++) {
		if (*at < 0x80) {
			*at = (unsigned char)lower(*at);
		} else if ((*at & 0xE0) == 0xC0 && (at[1] & 0xC0) == 0x80) {
			unsigned c = lower((*at & 0x1Fu) << 6 | (at[1] & 0x3Fu));

			*at++ = (unsigned char)(0xC0 | c >> 6);
			*at = (unsigned char)(0x80 | (c & 0x3F));
		}
	}
}

void mirror_drop(struct writer *w, const char *tenant, const char *connection, const char *entity,
	const char *rid)
{
	db_run(writer_db(w),
		"DELETE FROM mirror WHERE tenant = ?1 AND connection = ?2 AND entity = ?3"
		" AND rid = ?4",
		txt(tenant), txt(connection), txt(entity), txt(rid));
}

void mirror_put(struct writer *w, struct txn *t, const struct op *op)
{
	const struct arrival *a = &op->accept.row;
	struct db *db = writer_db(w);

	if (db_number(db, 0,
		    "SELECT 1 FROM mirror WHERE tenant = ?1 AND connection = ?2 AND entity ="
		    " ?3 AND rid = ?4 AND data = ?5",
		    txt(a->tenant), txt(a->connection), txt(a->entity), txt(a->id),
		    txt(op->accept.mirror)))
		return;
	mirror_drop(w, a->tenant, a->connection, a->entity, a->id);
	int64_t id = store_next_id(t->store);
	db_run(db,
		"INSERT INTO mirror(id, tenant, connection, entity, rid, data) VALUES(?1,"
		" ?2, ?3, ?4, ?5, ?6)",
		num(id), txt(a->tenant), txt(a->connection), txt(a->entity), txt(a->id),
		txt(op->accept.mirror));
	for (size_t i = 0; i < op->accept.key_count; i++)
		db_run(db,
			"INSERT INTO mirror_key(tenant, connection, entity, member, value,"
			" mirror) VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
			txt(a->tenant), txt(a->connection), txt(a->entity),
			txt(op->accept.keys[i].member), txt(op->accept.keys[i].value), num(id));
}
