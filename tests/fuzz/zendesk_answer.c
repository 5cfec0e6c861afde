/* zendesk_answer.c - whatever Zendesk, or what stands before it, answers or posts: records with ids, an outcome for
 * each write, or a fault in words; never news out of garbage.  The first byte chooses the call, the rest is the body. */
#include "answer.h"

#include "base/json.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define MANY 7 /* enough for a job */

static const char *header_of(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "X-Zendesk-Webhook-Signature-Timestamp") == 0 ? "2026-11-21T00:09:50Z" : NULL;
}

static void begin_write(struct call_input *input, unsigned n, json_t *data, struct mlc_write *writes)
{
	static const char *const entities[] = { "organization", "user", "organization_membership", "ticket", "organization_field",
		"custom_object_record" };
	static const char *const keys[MANY] = { "k-0", "k-1", "k-2", "k-3", "k-4", "k-5", "k-6" };
	static const char *const ids[MANY] = { "71", "72", "73", "74", "75", "76", "77" };

	input->op = OP_WRITE;
	input->entity = entities[n % 6];
	input->write_count = n % 12 == 0 ? MANY : 1;
	for (size_t i = 0; i < input->write_count; i++) {
		writes[i] = (struct mlc_write){ .verb = n / 6 % 2 ? MLC_DO_UPDATE : MLC_DO_CREATE, .key = keys[i], .data = json_object_get(data, "write") };
		writes[i].id = writes[i].verb == MLC_DO_CREATE ? NULL : n % 6 == 5 ? "qbo_item-01J" : ids[i];
	}
	input->writes = writes;
}

static struct call *begin(unsigned which, json_t *data, struct mlc_write *writes, const struct mlc_inbound *in)
{
	static const char *const feeds[] = { "organizations", "users", "tickets", "ticket_fields" };
	static const char *const entities[] = { "organization", "user", "organization_membership", "ticket", "ticket_field", "custom_object" };
	static const char *const cursors[] = { NULL, "1795170000", "@2026-10-01T00:00:00Z" };
	static const char *ids[] = { "71", "72", NULL };
	struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/desk", .settings = json_object_get(data, "settings") };
	struct call_input input = { .now_ms = NOW };
	unsigned n = which / 7;

	switch (which % 7) {
	case 0:
		input.op = OP_POLL;
		input.feed = feeds[n % 4];
		input.cursor = cursors[n / 4 % 3];
		break;
	case 1:
		input.op = OP_FETCH;
		input.entity = entities[n % 6];
		input.ids = ids;
		break;
	case 2:
		input.op = OP_FIND;
		input.entity = entities[n % 6];
		input.data = json_object_get(data, "by");
		break;
	case 3:
		input.op = n % 2 ? OP_PING : OP_DISCOVER;
		break;
	case 4:
		begin_write(&input, n, data, writes);
		break;
	case 5:
		input.op = OP_SUBSCRIBE;
		input.hook_url = "https://mlc.example/hooks/acme/desk";
		break;
	case 6:
		input.op = OP_RECEIVE;
		input.inbound = in;
		break;
	}
	return call_create(&site, &input);
}

static void look(const struct call_record *r)
{
	json_t *value = r->text ? json_read(r->text, r->text_len, NULL) : NULL;

	if (r->text && !json_is_object(value))
		abort();
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int statuses[] = { 200, 200, 200, 422 };
	json_t *data = json_pack("{s:{s:s,s:s},s:{s:s,s:s,s:{s:s},s:{s:s},s:{s:s}},s:{s:s}}", "by", "name", "Acme", "email", "kim@x.example",
		"write", "name", "Acme", "email", "kim@x.example", "user_id", "id", "5", "organization_id", "id", "7",
		"organization_fields", "qbo_balance", "12.30", "settings", "create_fields", "qbo_balance decimal; qbo_status dropdown(a|b) Status");
	char *text = xcalloc(len + 1, 1);
	size_t text_len = len ? len - 1 : 0;
	const struct answers a = { .text = text, .len = text_len, .header = header_of, .statuses = statuses, .status_count = 4, .most = 12, .look = look };
	struct mlc_inbound in = { .method = "POST", .path = "/hooks/acme/desk", .query = "", .body = text, .body_len = text_len, .trusted = true };
	struct mlc_write writes[MANY];
	struct call *c;

	if (len)
		memcpy(text, bytes + 1, text_len);
	c = begin(len ? bytes[0] : 0, data, writes, &in);
	answer_all(c, &a);
	call_destroy(c);
	free(text);
	json_decref(data);
	return 0;
}
