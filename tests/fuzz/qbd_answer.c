/* qbd_answer.c - whatever QuickBooks answers: records, refusals or a fault, and each record is JSON.
 * The first byte chooses the call, the rest is the reply. */
#include "plug/call.h"

#include "base/json.h"
#include "base/mem.h"
#include "../../plugins/quickbooks_desktop/qbd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct call *begin(unsigned which, json_t *data, struct mlc_write *write, struct mlc_write *pays)
{
	static const char *const ids[] = { "8-1", NULL };
	static const struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/books" };
	struct call_input in = { .op = OP_POLL, .feed = "invoices", .cursor = "2026-11-17T09:00:00",
		.now_ms = INT64_C(1795000000000) };

	switch (which % 10) {
	case 0:
		break;
	case 1:
		in.feed = "items";
		in.cursor = NULL;
		break;
	case 2:
		in.feed = "deleted_txns";
		break;
	case 3:
		in = (struct call_input){ .op = OP_FETCH, .entity = "Customer", .ids = ids };
		break;
	case 4:
		in = (struct call_input){ .op = OP_FIND, .entity = "Item", .data = data };
		break;
	case 5:
		in = (struct call_input){ .op = OP_WRITE, .entity = "Invoice", .writes = write, .write_count = 1 };
		break;
	case 6:
		in.feed = "customeraging";
		in.cursor = "8-1 8-7";
		break;
	case 7:
		in.feed = "deleted_lists";
		break;
	case 8:
		in.feed = "journalentries";
		break;
	case 9:
		in = (struct call_input){ .op = OP_WRITE, .entity = "ReceivePayment", .writes = pays, .write_count = 1 };
		break;
	}
	return call_create(&site, &in);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	json_t *data = json_pack("{s:s}", "Name", "mug");
	struct mlc_write write = { MLC_DO_UPDATE, "8-1", "5", "k",
		json_pack("{s:[{s:{s:s}}]}", "InvoiceLine", "ItemRef", "id", "8-2") };
	struct mlc_write pays = { MLC_DO_UPDATE, "8-1", "5", "k", json_pack("{s:[]}", "AppliedToTxn") };
	struct call *c = begin(len ? bytes[0] : 0, data, &write, &pays);
	char *text = xcalloc(len + 1, 1);
	struct call_reply reply = { .reply = { MLC_REPLY_HERE, GAVE_ANSWER, text, len ? len - 1 : 0 } };
	const struct call_record *records;
	enum mlc_step step;

	if (len)
		memcpy(text, bytes + 1, len - 1);
	step = call_step(c, NULL, INT64_C(1795000000000));

	for (int i = 0; i < 4 && step == MLC_SEND; i++)
		step = call_step(c, &reply, INT64_C(1795000000000));
	for (size_t i = call_records(c, &records); i-- > 0;) {
		json_t *value = records[i].text ? json_loadb(records[i].text, records[i].text_len, 0, NULL) : NULL;

		/* Its own double members aside, what we make of a record is always JSON. */
		if (records[i].text && !value)
			abort();
		json_decref(value);
	}
	call_destroy(c);
	json_decref(data);
	json_decref(write.data);
	json_decref(pays.data);
	free(text);
	return 0;
}
