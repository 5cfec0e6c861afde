/* woo_answer.c - whatever a shop, or what stands before it, answers or posts: records with ids and times, or a
 * fault in words; never news out of garbage.  The first byte chooses the call, the rest is the reply's body. */
#include "plug/call.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* As the host does: what is there to be committed is, and forgotten. */
static void take(struct call *c)
{
	const struct call_record *r;
	const char *cursor;
	int64_t renew_at_ms;

	if (call_records(c, &r) > 0 || call_advanced(c, &cursor, &renew_at_ms))
		call_take(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define NOW INT64_C(1795219800000)

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

static void look(struct call *c)
{
	const struct call_record *r;
	size_t count = call_records(c, &r);

	for (size_t i = 0; i < count; i++) {
		json_t *value;

		if (!r[i].id || !*r[i].id || r[i].id[0] == '0' || r[i].id[0] == '-')
			abort();
		if (!r[i].text)
			continue;
		/* What is handed on as it came is JSON, or at least one whole value: doubled names are the host's to see. */
		value = json_read(r[i].text, r[i].text_len, NULL);
		if (r[i].text[0] != '{' || r[i].text[r[i].text_len - 1] != '}')
			abort();
		json_decref(value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	json_t *data = json_pack("{s:s,s:s,s:s,s:s}", "email", "a@b.example", "sku", "MUG", "number", "42", "parent_id", "42");
	char *text = xcalloc(len + 1, 1);
	size_t text_len = len ? len - 1 : 0;
	struct mlc_inbound in = { .method = "POST", .path = "/", .query = "", .body = text, .body_len = text_len, .trusted = true };
	struct call_reply reply = { .reply = { MLC_REPLY_HERE, 200, text, text_len }, .header = header_of };
	struct call_reply none = { .reply = { .kind = MLC_REPLY_NONE, .body = "" }, .header = header_of };
	struct call *c;
	enum mlc_step step;
	const char *why;

	if (len)
		memcpy(text, bytes + 1, text_len);
	c = begin(len ? bytes[0] : 0, data, &in);
	step = call_step(c, &none, NOW);
	for (int i = 0; i < 5 && (step == MLC_SEND || step == MLC_PAUSE); i++) {
		look(c);
		take(c);
		step = call_step(c, &reply, NOW);
		reply.reply.status = 404 + i % 2 * 96;
	}
	look(c);
	if (step == MLC_FAIL) {
		call_fault(c, NULL, &why);
		if (!*why || strstr(why, "connector woocommerce:")) /* its own fault */
			abort();
	}
	call_destroy(c);
	free(text);
	json_decref(data);
	return 0;
}
