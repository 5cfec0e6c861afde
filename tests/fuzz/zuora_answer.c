/* zuora_answer.c - whatever Zuora, or what stands before it, answers or posts: records with ids, outcomes for each write,
 * or a fault in words; never news out of garbage.  The first byte chooses the call, the second the statuses that come,
 * the rest is the body. */
#include "answer.h"

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool secret_is(void *ctx, const char *name, const char *text)
{
	(void)ctx;
	(void)name;
	return strcmp(text, "p") == 0;
}

static const char *header_of(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "Authorization") == 0 ? "Basic dTpw" : NULL; /* u:p */
}

static struct call *begin(unsigned which, json_t *settings, json_t *data, const struct mlc_write *writes, struct mlc_inbound *in)
{
	static const char *const feeds[] = { "accounts", "contacts", "invoices", "payments", "credit_memos", "refunds", "products", "adjustments" };
	static const char *const entities[] = { "account", "contact", "invoice", "payment", "credit_memo", "refund", "product", "adjustment" };
	static const char *ids[] = { "a1", "a2", NULL };
	struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/zuora", .settings = settings, .secret_is = secret_is };
	struct call_input input = { .now_ms = NOW, .entity = entities[which / 8 % 8] };

	switch (which % 8) {
	case 0:
		input.op = OP_POLL;
		input.feed = feeds[which / 8 % 8];
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
		input.op = OP_DISCOVER;
		break;
	case 5:
		input.op = OP_RECEIVE;
		input.inbound = in;
		break;
	default:
		input.op = OP_WRITE;
		input.entity = which & 8 ? "invoice" : "account";
		input.writes = which & 8 ? writes + 1 : writes + (which >> 7);
		input.write_count = which & 8 ? 2 : 1;
		break;
	}
	return call_create(&site, &input);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int all[] = { 200, 200, 404, 429, 401, 400, 409, 500 };
	json_t *data = json_pack("{s:s}", "name", "Acme");
	const struct mlc_write writes[] = {
		{ .verb = MLC_DO_CREATE, .key = "k-1", .data = data }, { .verb = MLC_DO_UPDATE, .id = "a1", .key = "k-2", .data = data },
		{ .verb = MLC_DO_UPDATE, .id = "a2", .key = "k-3", .data = data },
	};
	unsigned which = len ? bytes[0] : 0, how = len > 1 ? bytes[1] : 0;
	json_t *settings = json_pack("{s:s,s:s,s:b}", "url", "https://rest.zuora.com", "callout_user", "u", "invoice_settlement", !(how & 128));
	size_t text_len = len > 2 ? len - 2 : 0;
	char *text = xcalloc(text_len + 1, 1);
	struct mlc_inbound in = { .method = "POST", .path = "/", .query = "", .body = text, .body_len = text_len };
	int statuses[3];
	const struct answers a = { .text = text, .len = text_len, .header = header_of, .statuses = statuses, .status_count = 3, .most = 8 };
	struct call *c;

	if (text_len)
		memcpy(text, bytes + 2, text_len);
	c = begin(which, settings, data, writes, &in);
	for (int i = 0; i < 3; i++)
		statuses[i] = all[(how >> (i * 2)) % 8];
	answer_all(c, &a);
	call_destroy(c);
	free(text);
	json_decref(settings);
	json_decref(data);
	return 0;
}
