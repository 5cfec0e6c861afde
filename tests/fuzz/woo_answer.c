/* woo_answer.c - whatever a shop, or what stands before it, answers or posts: records with ids and times, or a
 * fault in words; never news out of garbage.  The first byte chooses the call, the rest is the reply's body. */
#include "answer.h"

#include "base/json.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char *topic;

static const char *header_of(void *ctx, const char *name)
{
	(void)ctx;
	if (!strcmp(name, "X-WP-Total") || !strcmp(name, "X-WP-TotalPages"))
		return "2";
	return !strcmp(name, "X-WC-Webhook-Topic") ? topic : NULL;
}

static struct call *begin(unsigned which, json_t *data, struct mlc_inbound *in)
{
	static const char *const feeds[] = { "orders", "trash", "recheck", "customers", "products", "taxes" };
	static const char *const entities[] = { "order", "refund", "customer", "product", "variation", "tax" };
	static const char *const topics[] = { "order.created", "order.deleted", "customer.updated", "product.updated" };
	static const char *ids[] = { "42", NULL }, *parts[] = { "42-52", NULL };
	static const struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/shop" };
	struct call_input input = { .now_ms = NOW };
	unsigned n = which / 6;

	topic = NULL;
	switch (which % 6) {
	case 0:
		input.op = OP_POLL;
		input.feed = feeds[n % 6];
		input.cursor = n % 2 ? "2026-11-20T00:00:00Z" : n % 3 ? "42:52,13" : NULL;
		break;
	case 1:
		input.op = OP_FETCH;
		input.entity = entities[n % 6];
		input.ids = n % 6 == 1 || n % 6 == 4 ? parts : ids;
		break;
	case 2:
		input.op = OP_FIND;
		input.entity = entities[n % 6];
		input.data = data;
		break;
	case 3:
		input.op = OP_PING;
		break;
	case 4:
		input.op = OP_SUBSCRIBE;
		input.hook_url = "https://mlc.example/hooks/acme/shop";
		input.cursor = n % 2 ? "agreed" : NULL;
		break;
	case 5:
		input.op = OP_RECEIVE;
		input.inbound = in;
		topic = topics[n % 4];
		break;
	}
	return call_create(&site, &input);
}

static bool is_id(const char *id)
{
	return id[0] != '0' && id[0] != '-';
}

static void look(const struct call_record *r)
{
	/* What is handed on as it came is one whole value: doubled names are the host's to see. */
	if (r->text && (r->text[0] != '{' || r->text[r->text_len - 1] != '}'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const int statuses[] = { 200, 404, 500, 404, 500 };
	json_t *data = json_pack("{s:s,s:s,s:s,s:s}", "email", "a@b.example", "sku", "MUG", "number", "42", "parent_id", "42");
	char *text = xcalloc(len + 1, 1);
	size_t text_len = len ? len - 1 : 0;
	struct mlc_inbound in = { .method = "POST", .path = "/", .query = "", .body = text, .body_len = text_len, .trusted = true };
	const struct answers a = { .text = text, .len = text_len, .header = header_of, .statuses = statuses, .status_count = 5, .most = 5, .is_id = is_id, .look = look };
	struct call *c;

	if (len)
		memcpy(text, bytes + 1, text_len);
	c = begin(len ? bytes[0] : 0, data, &in);
	answer_all(c, &a);
	call_destroy(c);
	free(text);
	json_decref(data);
	return 0;
}
