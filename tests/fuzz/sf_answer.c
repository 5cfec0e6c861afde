/* sf_answer.c - whatever an org, or what stands before it, answers: records with ids and times, an outcome for each
 * write, or a fault in words; never news out of garbage.  The first byte chooses the call, the rest is the reply's body. */
#include "answer.h"

#include "base/json.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char *header_of(void *ctx, const char *name)
{
	(void)ctx;
	return !strcmp(name, "Sforce-Limit-Info") ? "api-usage=18/15000" : NULL;
}

static struct call *begin(unsigned which, json_t *data, struct mlc_write *w)
{
	static const char *const feeds[] = { "accounts", "opportunities", "deleted", "prices" };
	static const char *const entities[] = { "Account", "Opportunity", "Order", "MLC_LedgerAccount__c" };
	static const char *const cursors[] = { NULL, "2026-11-20T00:00:00Z", "@2026-10-01" };
	static const char *ids[] = { "001Ac0000000001IAA", "001Ac0000000002IAA", NULL };
	static const struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/crm" };
	struct call_input input = { .now_ms = NOW };
	unsigned n = which / 6;

	switch (which % 6) {
	case 0:
		input.op = OP_POLL;
		input.feed = feeds[n % 4];
		input.cursor = cursors[n / 4 % 3];
		break;
	case 1:
		input.op = OP_FETCH;
		input.entity = entities[n % 4];
		input.ids = ids;
		break;
	case 2:
		input.op = OP_FIND;
		input.entity = entities[n % 4];
		input.data = json_object_get(data, "by");
		break;
	case 3:
		input.op = OP_PING;
		break;
	case 4:
		input.op = OP_DISCOVER;
		break;
	case 5:
		input.op = OP_WRITE;
		input.entity = entities[n % 4];
		*w = (struct mlc_write){ .verb = (enum mlc_verb)(MLC_DO_CREATE + n / 4 % 3), .key = "k-1", .data = json_object_get(data, "write") };
		w->id = w->verb == MLC_DO_CREATE ? NULL : ids[0];
		w->version = w->id ? "2026-11-20T08:00:00.000+0000" : NULL;
		input.writes = w;
		input.write_count = 1;
		break;
	}
	return call_create(&site, &input);
}

static bool is_id(const char *id)
{
	return strlen(id) == 15 || strlen(id) == 18;
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
	static const int statuses[] = { 200, 200, 200, 400, 200, 200 };
	json_t *data = json_pack("{s:{s:s},s:{s:s,s:s,s:[{s:{s:s},s:s}]}}", "by", "Name", "O'Hara", "write", "Name", "One", "MLC_State__c", "Open", "OpportunityLineItems",
		"PricebookEntryId", "id", "01uAc0000000001AAA", "Quantity", "1");
	char *text = xcalloc(len + 1, 1);
	size_t text_len = len ? len - 1 : 0;
	const struct answers a = { .text = text, .len = text_len, .header = header_of, .statuses = statuses, .status_count = 6, .most = 6, .is_id = is_id, .look = look };
	struct mlc_write w;
	struct call *c;

	if (len)
		memcpy(text, bytes + 1, text_len);
	c = begin(len ? bytes[0] : 0, data, &w);
	answer_all(c, &a);
	call_destroy(c);
	free(text);
	json_decref(data);
	return 0;
}
