/* sink.c - a target that takes one document by one POST: for tests of the host, and for the benchmark.
 *
 * `invoice` goes with an Idempotency-Key, which the remote honours; `slip` is the same without one, a
 * remote that gives us no means to know what became of a lost reply. */
#include <mlc/connector.h>
#include <mlc/help.h>

static const struct mlc_field sales_detail[] = {
	{ "ItemRef", MLC_OBJECT, 0, 0, "item" }, { "Qty", MLC_DECIMAL, MLC_BARE, 6, NULL },
	{ "UnitPrice", MLC_DECIMAL, MLC_BARE, 15, NULL }, { "TaxCodeRef", MLC_OBJECT, 0, 0, "item" }, { NULL },
};
static const struct mlc_field item[] = {
	{ "value", MLC_TEXT, 0, 0, NULL }, { "name", MLC_TEXT, 0, 0, NULL }, { NULL },
};
static const struct mlc_field line[] = {
	{ "LineNum", MLC_INTEGER, 0, 0, NULL }, { "DetailType", MLC_TEXT, 0, 0, NULL },
	{ "Amount", MLC_DECIMAL, MLC_BARE, 2, NULL }, { "Description", MLC_TEXT, 0, 0, NULL },
	{ "SalesItemLineDetail", MLC_OBJECT, 0, 0, "sales_detail" }, { NULL },
};
static const struct mlc_field email[] = { { "Address", MLC_TEXT, 0, 0, NULL }, { NULL } };
static const struct mlc_field address[] = {
	{ "Line1", MLC_TEXT, 0, 0, NULL }, { "Line2", MLC_TEXT, 0, 0, NULL }, { "Line3", MLC_TEXT, 0, 0, NULL },
	{ "City", MLC_TEXT, 0, 0, NULL }, { "PostalCode", MLC_TEXT, 0, 0, NULL },
	{ "CountrySubDivisionCode", MLC_TEXT, 0, 0, NULL }, { "Country", MLC_TEXT, 0, 0, NULL }, { NULL },
};
static const struct mlc_field tax[] = { { "TotalTax", MLC_DECIMAL, MLC_BARE, 2, NULL }, { NULL } };

#define DOCUMENT                                                                                         \
	{ "Id", MLC_TEXT, MLC_READONLY, 0, NULL }, { "DocNumber", MLC_TEXT, MLC_REQUIRED, 0, NULL },      \
	{ "TxnDate", MLC_DATE, 0, 0, NULL }, { "CurrencyRef", MLC_OBJECT, 0, 0, "item" },                 \
	{ "CustomerRef", MLC_OBJECT, 0, 0, "item" }, { "BillEmail", MLC_OBJECT, 0, 0, "email" },          \
	{ "BillAddr", MLC_OBJECT, 0, 0, "address" }, { "ShipAddr", MLC_OBJECT, 0, 0, "address" },         \
	{ "Line", MLC_LIST, 0, 0, "line" }, { "TxnTaxDetail", MLC_OBJECT, 0, 0, "tax" },                  \
	{ "TotalAmt", MLC_DECIMAL, MLC_BARE, 2, NULL }, { "PrivateNote", MLC_TEXT, 0, 0, NULL },          \
	{ "CustomerMemo", MLC_OBJECT, 0, 0, "item" }, { NULL }

static const struct mlc_field invoice[] = { DOCUMENT };
static const struct mlc_field slip[] = { DOCUMENT };

static const struct mlc_entity entities[] = {
	{ "invoice", MLC_CREATE | MLC_KEYED, 1, NULL, invoice },
	{ "slip", MLC_CREATE, 1, NULL, slip },
	{ "item", MLC_PART, 0, NULL, item },
	{ "email", MLC_PART, 0, NULL, email },
	{ "address", MLC_PART, 0, NULL, address },
	{ "line", MLC_PART, 0, NULL, line },
	{ "sales_detail", MLC_PART, 0, NULL, sales_detail },
	{ "tax", MLC_PART, 0, NULL, tax },
	{ NULL },
};

static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "where documents are posted to" },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = { { "sink", "{url}" }, { NULL } };

static enum mlc_step failed(struct mlc_call *c)
{
	int status = c->reply->status;
	bool writes = c->write_count > 0;
	enum mlc_fault fault = MLC_REFUSED;

	/* A door may say 503 for one behind it who did it: the same key finds out. */
	if (writes && mlc_may_be_done(status))
		fault = MLC_IN_DOUBT;
	else if (status == 429 || status == 503)
		fault = MLC_LIMITED;
	else if (status == 401 || status == 403)
		fault = MLC_AUTH;
	else if (mlc_may_be_done(status))
		fault = MLC_RETRY;
	return c->host->fail(c, fault, fault == MLC_LIMITED ? mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, 1000) : 0,
		"the sink answered %d", status);
}

static enum mlc_step taken(struct mlc_call *c)
{
	json_t *reply = c->host->parse(c, c->reply->body, c->reply->body_len);
	const char *id = mlc_text(reply, "Id");

	if (c->reply->status >= 300)
		return failed(c);
	if (!id)
		return c->host->fail(c, MLC_BROKEN, 0, "the sink's answer names no Id");
	c->host->settle(c, 0, &(struct mlc_record) { .entity = c->entity->name, .id = id });
	return MLC_DONE;
}

static enum mlc_step sink_write(struct mlc_call *c)
{
	const struct mlc_write *w = &c->writes[0];
	const char **headers;
	const char *body;
	size_t len;

	if (c->reply->kind == MLC_REPLY_LOST)
		return c->host->fail(c, MLC_IN_DOUBT, 0, "the sink's answer was lost");
	if (c->reply->kind == MLC_REPLY_HERE)
		return taken(c);
	body = c->host->dump(c, json_incref(w->data), c->entity, &len); /* dump() takes it over */
	headers = (const char **)c->host->alloc(c, 2 * sizeof *headers);
	if (!body || !headers)
		return c->host->fail(c, MLC_BROKEN, 0, "the document is too large");
	if (c->entity->flags & MLC_KEYED) {
		headers[0] = c->host->format(c, "Idempotency-Key: %s", w->key);
		c->request->headers = headers;
		c->request->repeatable = true;
	}
	return mlc_send_json(c, "POST", "", body, len);
}

struct fetching { unsigned at; };

static enum mlc_step ask_next(struct mlc_call *c, const struct fetching *s)
{
	return c->ids[s->at] ? mlc_get(c, c->host->format(c, "/%s", mlc_percent(c, c->ids[s->at]))) : MLC_DONE;
}

static enum mlc_step sink_fetch(struct mlc_call *c)
{
	struct fetching *s = (struct fetching *)c->state;
	int status = c->reply->status;

	if (c->reply->kind == MLC_REPLY_NONE)
		return ask_next(c, s);
	if (status != 200 && status != 404)
		return failed(c);
	if (status == 200 && !mlc_text(c->host->parse(c, c->reply->body, c->reply->body_len), "Id"))
		return c->host->fail(c, MLC_BROKEN, 0, "the sink's answer names no Id");
	c->host->emit(c, &(struct mlc_record) { .entity = c->entity->name, .id = c->ids[s->at], .deleted = status == 404,
		.text = status == 200 ? c->reply->body : NULL, .text_len = status == 200 ? c->reply->body_len : 0 });
	s->at++;
	return ask_next(c, s);
}

static enum mlc_step sink_ping(struct mlc_call *c)
{
	c->host->fact(c, "company", "a sink");
	return MLC_DONE;
}

MLC_EXPORT const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK,
	.size = sizeof(struct mlc_connector),
	.name = "sink",
	.title = "A target for tests",
	.version = "1.0.0",
	.entities = entities,
	.settings = settings,
	.endpoints = endpoints,
	.at_once = 256,
	.state_size = sizeof(struct fetching),
	.ping = sink_ping,
	.fetch = sink_fetch,
	.write = sink_write,
};
