/* sample.c - inputs for a connector's operations, made from its own tables. */
#include "sample.h"

#include "base/json.h"
#include "plug/registry.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 6

static json_t *record_of(const struct mlc_connector *, const struct mlc_entity *, bool all,
	unsigned depth);

static json_t *value_of(const struct mlc_connector *k, const struct mlc_field *f, unsigned depth)
{
	const struct mlc_entity *inner = f->of ? connector_entity(k, f->of) : NULL;
	char text[64];

	switch (f->type) {
	case MLC_TEXT:
		if (f->of) /* "a|b|c" */
			return json_stringn(f->of, strcspn(f->of, "|"));
		snprintf(text, sizeof text, "%.*s",
			(int)(f->limit && f->limit < 12 ? f->limit : 12), "Sample text 1");
		return json_string(text);
	case MLC_INTEGER:
		return json_integer(7);
	case MLC_DECIMAL:
		snprintf(text, sizeof text, f->limit ? "12.%.*s" : "12%.*s", (int)f->limit,
			"340000000000000");
		return json_string(text);
	case MLC_BOOL:
		return json_true();
	case MLC_DATE:
		return json_string("2026-10-31");
	case MLC_INSTANT:
		return json_string("2026-10-31T22:00:00.000Z");
	case MLC_REF:
		return json_pack("{s:s}", "id", "71");
	case MLC_OBJECT:
		return inner && depth ? record_of(k, inner, true, depth - 1) : json_object();
	case MLC_LIST:
		if (!inner)
			return json_pack("[s]", "Sample");
		return depth ? json_pack("[o]", record_of(k, inner, true, depth - 1))
			: json_array();
	}
	return json_null();
}

static json_t *record_of(const struct mlc_connector *k, const struct mlc_entity *e, bool all,
	unsigned depth)
{
	json_t *o = json_object();

	for (const struct mlc_field *f = e->fields; f->name; f++)
		if (!(f->flags & MLC_READONLY) && (all || f->flags & MLC_REQUIRED))
			json_object_set_new(o, f->name, value_of(k, f, depth));
	return o;
}

static json_t *update_of(const struct mlc_connector *k, const struct mlc_entity *e)
{
	json_t *o = json_object();

	for (const struct mlc_field *f = e->fields; f->name; f++)
		if (!(f->flags & (MLC_READONLY | MLC_IMMUTABLE)) && f->type < MLC_REF &&
			json_object_size(o) < 3)
			json_object_set_new(o, f->name, value_of(k, f, 0));
	return o;
}

/* ---- trials ------------------------------------------------------------------------------ */

static struct trial *add(struct trial *out, size_t *count, enum op op, const char *about,
	const char *more)
{
	struct trial *t;

	if (*count == TRIALS_MAX)
		return NULL;
	t = &out[(*count)++];
	memset(t, 0, sizeof *t);
	snprintf(t->name, sizeof t->name, "%s%s%s%s%s", op_text(op), *about ? " " : "", about,
		*more ? " " : "", more);
	t->in = (struct call_input){ .op = op, .now_ms = SAMPLE_NOW_MS };
	return t;
}

static void add_finds(const struct kit *kit, const struct mlc_entity *e, struct trial *out,
	size_t *count)
{
	for (const struct mlc_field *f = e->fields; kit->connector->find && f->name; f++) {
		struct trial *t;

		/* MIRRORED: the host answers that itself. */
		if (!(f->flags & MLC_FINDABLE) || f->flags & MLC_MIRRORED)
			continue;
		t = add(out, count, OP_FIND, e->name, f->name);
		if (!t)
			return;
		t->data = json_object();
		json_object_set_new(t->data, f->name, value_of(kit->connector, f, 0));
		t->in.entity = e->name;
		t->in.data = t->data;
	}
}

static void add_writes(const struct kit *kit, const struct mlc_entity *e, struct trial *out,
	size_t *count)
{
	static const struct { uint32_t flag; enum mlc_verb verb; const char *name; } verbs[] = {
		{ MLC_CREATE, MLC_DO_CREATE, "create" }, { MLC_UPDATE, MLC_DO_UPDATE, "update" },
		{ MLC_DELETE, MLC_DO_DELETE, "delete" }, { MLC_VOID, MLC_DO_VOID, "void" },
	};

	for (size_t i = 0; kit->connector->write && i < sizeof verbs / sizeof *verbs; i++) {
		bool create = verbs[i].verb == MLC_DO_CREATE;
		struct trial *t = e->flags & verbs[i].flag ? add(out, count, OP_WRITE, e->name,
			verbs[i].name) : NULL;

		if (!t)
			continue;
		t->data = create ? record_of(kit->connector, e, true,
			DEPTH_MAX) : update_of(kit->connector, e);
		if (create && e->flags & MLC_MARKED)
			json_put_text(t->data, e->mark, "0123456789abcdef");
		t->write = (struct mlc_write){ .verb = verbs[i].verb, .id = create ? NULL : "71",
			.key = "0123456789abcdef",
			.version = !create && e->flags & MLC_VERSIONED ? "3" : NULL,
			.data = t->data };
		t->in.entity = e->name;
		t->in.writes = &t->write;
		t->in.write_count = 1;
	}
}

size_t trials_of(const struct kit *kit, struct trial out[TRIALS_MAX])
{
	static const char *const ids[] = { "71", "72", NULL };
	const struct mlc_connector *k = kit->connector;
	size_t count = 0;
	struct trial *t;

	if (k->ping)
		add(out, &count, OP_PING, "", "");
	if (k->discover)
		add(out, &count, OP_DISCOVER, "", "");
	for (const struct mlc_feed *f = k->feeds; k->poll && f && f->name; f++)
		if ((t = add(out, &count, OP_POLL, f->name, "")) != NULL)
			t->in.feed = f->name;
	for (const struct mlc_entity *e = k->entities; e->name; e++) {
		if (e->flags & MLC_PART)
			continue;
		if (k->fetch && (t = add(out, &count, OP_FETCH, e->name, "")) != NULL) {
			t->in.entity = e->name;
			t->in.ids = ids;
		}
		add_finds(kit, e, out, &count);
		add_writes(kit, e, out, &count);
	}
	if (k->subscribe && (t = add(out, &count, OP_SUBSCRIBE, "", "")) != NULL)
		t->in.hook_url = "https://mlc.example/hooks/acme/any";
	return count;
}

void trials_finish(struct trial *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_decref(list[i].data);
}

static bool knows_no_secret(void *ctx, const char *name, const char *text)
{
	(void)ctx, (void)name, (void)text;
	return false;
}

struct call *trial_call(const struct kit *kit, const struct trial *t)
{
	struct call_site site = { .connector = kit->connector, .connection = "acme/any",
		.settings = kit->settings, .token = kit->token,
		.facts = kit->facts, .secret_is = knows_no_secret };
	struct call *c = call_create(&site, &t->in);

	call_inside(c)->nonce = "00112233445566778899aabbccddeeff";
	return c;
}
