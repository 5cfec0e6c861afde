/* intake.c - records that come in, from wherever: which flows read them, what the mirror keeps. */
#include "flow/flow.h"

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#include <mlc/help.h>
#include <string.h>

#define ROUTES_MAX 32

static size_t routes_of(struct host *h, const struct connection *c, const char *entity, struct route out[ROUTES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; h->config && i < h->config->flow_count && n < ROUTES_MAX; i++) {
		const struct flow *f = h->config->flows[i];

		if (f->source != c || f->on_demand || !f->enabled)
			continue;
		if (!strcmp(f->source_entity, entity))
			out[n++] = (struct route) { f->name, f->rank, f->hears_own ? NULL : connection_name(f->target), f->target_entity };
		else if (flow_stirred_by(f, entity)) /* before what it stirs: one look for many of them */
			out[n++] = (struct route) { f->name, f->rank - 1 };
	}
	return n;
}

/* name NULL: is any member? */
static bool is_mirrored(const struct mlc_entity *e, const struct mlc_span *name)
{
	for (const struct mlc_field *f = e ? e->fields : NULL; f && f->name; f++)
		if (f->flags & MLC_MIRRORED && (!name || mlc_span_is(*name, f->name)))
			return true;
	return false;
}

/* What find() will be asked for: members marked MIRRORED, by their texts; NULL: it has none.  Only they become
 * values: a record is long, and most come to be kept and no more. */
static json_t *mirror_keys(const struct connection *c, const char *entity, const char *text, size_t len)
{
	const struct mlc_entity *e = connector_entity(connection_connector(c), entity);
	struct mlc_span name, value;
	struct mlc_scan scan;
	json_t *members, *keys, *one;
	const char *member;
	struct buf some;

	if (!is_mirrored(e, NULL) || !mlc_scan_init(&scan, text, len, true))
		return NULL;
	buf_init(&some, 16u << 20);
	buf_putc(&some, '{');
	while (mlc_scan_next(&scan, &name, &value) > 0)
		if (is_mirrored(e, &name))
			buf_printf(&some, "%s\"%.*s\":%.*s", some.len > 1 ? "," : "", (int)name.len, name.text, (int)value.len, value.text);
	buf_putc(&some, '}');
	members = json_read(some.data, some.len, NULL);
	buf_finish(&some);
	keys = members ? json_object() : NULL;
	json_object_foreach(members, member, one)
		if (json_string_length(one))
			json_object_set(keys, member, one); /* of members, which dies below */
	json_decref(members);
	return keys;
}

/* how: origin and what else the records have in common. */
static void emit(struct host *h, struct txn *t, const struct connection *c, const struct arrival *how,
	const struct call_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct call_record *r = &records[i];
		struct route routes[ROUTES_MAX];
		json_t *keys = NULL;
		struct buf b;
		struct arrival a = {
			.tenant = connection_tenant(c), .connection = connection_name(c), .entity = r->entity, .id = r->id,
			.version = r->version, .changed_ms = r->changed_ms, .deleted = r->deleted, .hint = r->hint && !r->deleted,
			.merged_into = r->merged_into,
			.text = r->text, .text_len = r->text_len, .origin = how->origin, .routes = routes, .again = how->again, .audited = true,
			.asked_by = how->asked_by, .asked_stamp = how->asked_stamp,
		};

		a.route_count = routes_of(h, c, r->entity, routes);
		buf_init(&b, 16u << 20);
		if (!r->text && r->data && json_write(&b, r->data)) {
			a.text = b.data;
			a.text_len = b.len;
		}
		if (a.text && !r->deleted && !call_is_nameless(a.id))
			keys = mirror_keys(c, a.entity, a.text, a.text_len);
		a.mirror_keys = keys;
		txn_accept(t, &a);
		json_decref(keys);
		buf_finish(&b);
	}
}

void intake_emit(struct host *h, struct txn *t, const struct connection *c, const char *origin,
	const struct call_record *records, size_t count, bool again)
{
	emit(h, t, c, &(struct arrival) { .origin = origin, .again = again }, records, count);
}

void intake_fetched(struct host *h, struct txn *t, const struct connection *c, const struct call_record *records,
	size_t count, int64_t delivery, int64_t stamp)
{
	emit(h, t, c, &(struct arrival) { .origin = "fetch", .asked_by = delivery, .asked_stamp = stamp }, records, count);
}

void intake_touched(struct host *h, const struct txn_result *r)
{
	for (size_t i = 0; i < r->touched_count; i++) {
		struct flow *f = host_flow(h, r->touched[i].tenant, r->touched[i].flow);

		if (f)
			f->maybe_ready = true;
	}
	if (r->touched_count)
		host_wants_turn(h);
}
