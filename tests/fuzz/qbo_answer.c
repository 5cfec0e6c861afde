/* qbo_answer.c - whatever QuickBooks Online, or what stands before it, answers or posts: records with ids, or a fault in words;
 * never news out of garbage.  The first byte chooses the call, the rest is the reply's body. */
#include "answer.h"

#include "base/json.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct call *begin(unsigned which, json_t *settings, json_t *data, struct mlc_inbound *in)
{
	static const char *const cursors[] = { NULL, "2026-11-20T00:00:00Z", "@2026-11-01T00:00:00Z",
		"read ffff 0 1793500000000 1001 1795219800000" };
	static const char *const entities[] = { "Customer", "Invoice", "JournalEntry", "TaxCode" };
	static const enum mlc_verb verbs[] = { MLC_DO_CREATE, MLC_DO_UPDATE, MLC_DO_DELETE, MLC_DO_VOID };
	static const char *ids[] = { "42", "43", NULL };
	static struct mlc_write writes[2];
	struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/books", .settings = settings };
	struct call_input input = { .now_ms = NOW };
	unsigned n = which / 6;

	switch (which % 6) {
	case 0:
		input.op = OP_POLL;
		input.feed = "changes";
		input.cursor = cursors[n % 4];
		break;
	case 1:
		input.op = OP_FETCH;
		input.entity = entities[n % 4];
		input.ids = ids;
		break;
	case 2:
		input.op = OP_FIND;
		input.entity = entities[n % 2];
		input.data = json_object_get(data, n % 2 ? "find_invoice" : "find_customer");
		break;
	case 3:
		input.op = OP_PING;
		break;
	case 4:
		input.op = OP_WRITE;
		input.entity = n % 2 ? "Invoice" : "Customer";
		for (int i = 0; i < 2; i++)
			writes[i] = (struct mlc_write){ .verb = verbs[n % 2 ? n % 4 : n % 4 % 2], .id = ids[i], .version = "3", .key = "key-1",
				.data = json_object_get(data, n % 3 ? "change" : "erase") };
		if (writes[0].verb == MLC_DO_CREATE)
			writes[0].id = writes[1].id = writes[0].version = writes[1].version = NULL;
		input.writes = writes;
		input.write_count = 1 + n % 2;
		break;
	case 5:
		input.op = OP_RECEIVE;
		input.inbound = in;
		break;
	}
	return call_create(&site, &input);
}

static void look(const struct call_record *r)
{
	if (!r->deleted && !r->hint && !r->data && !r->text)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int statuses[] = { 200, 200, 200, 400, 200 };
	json_t *settings = json_pack("{s:s}", "realmId", "4620");
	json_t *data = json_pack("{s:{s:s},s:{s:s,s:s},s:{s:s},s:{s:n}}", "find_customer", "FullyQualifiedName", "Acme:%", "find_invoice",
		"CustomerRef", "1,2", "Balance", "> 0", "change", "PrivateNote", "x", "erase", "PrivateNote");
	char *text = xcalloc(len + 1, 1);
	size_t text_len = len ? len - 1 : 0;
	struct mlc_inbound in = { .method = "POST", .path = "/", .query = "", .body = text, .body_len = text_len, .trusted = true };
	const struct answers a = { .text = text, .len = text_len, .statuses = statuses, .status_count = 5, .most = 5, .look = look };
	struct call *c;

	if (len)
		memcpy(text, bytes + 1, text_len);
	c = begin(len ? bytes[0] : 0, settings, data, &in);
	answer_all(c, &a);
	call_destroy(c);
	free(text);
	json_decref(data);
	json_decref(settings);
	return 0;
}
