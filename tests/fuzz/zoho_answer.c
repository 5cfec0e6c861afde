/* zoho_answer.c - whatever Zoho, or what stands before it, answers or posts: records with ids, outcomes for each write,
 * or a fault in words; never news out of garbage.  The first byte chooses the call, the second the statuses that come,
 * the rest is the body. */
#include "answer.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool secret_is(void *ctx, const char *name, const char *text)
{
	(void)ctx;
	(void)name;
	return strcmp(text, "t") == 0;
}

static struct call *begin(unsigned which, json_t *data, const struct mlc_write *writes, struct mlc_inbound *in)
{
	static const char *const feeds[] = { "accounts", "deals", "deleted_accounts", "invoices" };
	static const char *const entities[] = { "Accounts", "Deals", "Deal_Products", "Invoices" };
	static const char *ids[] = { "42", "43", NULL };
	static const struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/crm", .secret_is = secret_is };
	struct call_input input = { .now_ms = NOW, .entity = entities[which / 8 % 4] };

	switch (which % 8) {
	case 0:
		input.op = OP_POLL;
		input.feed = feeds[which / 8 % 4];
		input.cursor = which & 128 ? "2026-11-20T00:00:00Z" : NULL;
		break;
	case 1:
		input.op = OP_FETCH;
		input.ids = ids;
		break;
	case 2:
		input.op = OP_FIND;
		input.data = data;
		break;
	case 3:
		input.op = OP_PING;
		break;
	case 4:
		input.op = OP_SUBSCRIBE;
		input.hook_url = "https://mlc.example/hooks/acme/crm";
		input.cursor = which & 128 ? input.hook_url : NULL;
		break;
	case 5:
		input.op = OP_RECEIVE;
		input.inbound = in;
		break;
	case 6:
		input.op = OP_WRITE;
		input.writes = writes + (which >> 5);
		input.write_count = 1;
		break;
	case 7:
		input.op = OP_DISCOVER;
		break;
	}
	return call_create(&site, &input);
}

static bool is_number(const char *id)
{
	return strspn(id, "0123456789") == strlen(id);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int all[] = { 200, 201, 204, 207, 304, 400, 412, 500 };
	json_t *data = json_pack("{s:s,s:{s:s},s:[{s:{s:s}}],s:[{s:s}]}", "Deal_Name", "D", "Deal", "id", "7", "Products", "Product", "id", "1",
		"Invoice_Lines", "Amount", "1.00");
	const struct mlc_write writes[] = {
		{ .verb = MLC_DO_CREATE, .key = "k-1", .data = data }, { .verb = MLC_DO_UPDATE, .id = "7", .version = "2026-11-20T10:00:00Z", .key = "k-2", .data = data },
		{ .verb = MLC_DO_DELETE, .id = "7", .key = "k-3", .data = data }, { .verb = MLC_DO_UPDATE, .id = "x", .key = "k-4", .data = data },
		{ .verb = MLC_DO_CREATE, .key = "k-5", .data = data }, { .verb = MLC_DO_UPDATE, .id = "7", .key = "k-6", .data = data },
		{ .verb = MLC_DO_DELETE, .id = "7", .key = "k-7", .data = data }, { .verb = MLC_DO_VOID, .id = "7", .key = "k-8", .data = data },
	};
	unsigned which = len ? bytes[0] : 0, how = len > 1 ? bytes[1] : 0;
	size_t text_len = len > 2 ? len - 2 : 0;
	char *text = xcalloc(text_len + 1, 1);
	struct mlc_inbound in = { .method = "POST", .path = "/", .query = "", .body = text, .body_len = text_len };
	int statuses[3];
	const struct answers a = { .text = text, .len = text_len, .statuses = statuses, .status_count = 3, .most = 6, .is_id = is_number };
	struct call *c;

	if (text_len)
		memcpy(text, bytes + 2, text_len);
	c = begin(which, data, writes, &in);
	for (int i = 0; i < 3; i++)
		statuses[i] = all[(how >> (i * 2)) % 8];
	answer_all(c, &a);
	call_destroy(c);
	free(text);
	json_decref(data);
	return 0;
}
