/* answer.c - one request to QuickBooks as it is parked, and the reply to it. */
#include "qbd.h"

#include <stdlib.h>

enum mlc_step qbd_ask(struct mlc_call *c, const char *id, const char *element, const char *attributes,
	const struct mlc_xml *inner, bool changes)
{
	struct mlc_xml x = { .call = c };

	mlc_xml_raw(&x, "<");
	mlc_xml_raw(&x, element);
	mlc_xml_raw(&x, "Rq requestID=\"");
	mlc_xml_escape(&x, id, strlen(id));
	mlc_xml_raw(&x, "\"");
	mlc_xml_raw(&x, attributes);
	mlc_xml_raw(&x, ">");
	if (inner->len)
		mlc_xml_bytes(&x, inner->text, inner->len);
	mlc_xml_raw(&x, "</");
	mlc_xml_raw(&x, element);
	mlc_xml_raw(&x, "Rq>");
	if (x.failed || inner->failed)
		return c->host->fail(c, MLC_RETRY, 0, "no memory left for a request");
	c->request->path = id;
	c->request->body = x.text;
	c->request->body_len = x.len;
	c->request->repeatable = !changes;
	return MLC_SEND;
}

static bool no_answer(struct answer *a, enum mlc_fault fault, const char *text)
{
	a->rs = NULL;
	a->fault = fault;
	a->text = text;
	return false;
}

bool answer_open(struct mlc_call *c, struct answer *a)
{
	memset(a, 0, sizeof *a);
	if (c->reply->kind == MLC_REPLY_LOST)
		return no_answer(a, MLC_RETRY, "the answer of QuickBooks was lost");
	switch (c->reply->status) {
	case GAVE_REFUSED:
		return no_answer(a, MLC_BROKEN, c->reply->body);
	case GAVE_TROUBLE:
		return no_answer(a, MLC_RETRY, c->reply->body);
	case GAVE_ANSWER:
		break;
	default:
		return no_answer(a, MLC_BROKEN, "QuickBooks' answer could not be read");
	}
	a->doc = mlc_xml_read(c->reply->body, c->reply->body_len);
	a->rs = a->doc ? xmlDocGetRootElement(a->doc) : NULL;
	if (!a->rs || !*mlc_xml_attribute(a->rs, "statusCode"))
		return no_answer(a, MLC_BROKEN, "QuickBooks' answer could not be read");
	a->code = atoi(mlc_xml_attribute(a->rs, "statusCode"));
	a->message = mlc_xml_attribute(a->rs, "statusMessage");
	return true;
}

void answer_close(struct answer *a)
{
	xmlFreeDoc(a->doc);
	a->doc = NULL;
}

const char *answer_words(struct mlc_call *c, const struct answer *a)
{
	return c->host->format(c, "%s (QuickBooks %d: %.400s)", qbd_status(a->code)->words, a->code,
		a->message);
}

bool answer_is_well(const struct answer *a)
{
	return a->code == 0 || (a->code >= 500 && a->code < 1000);
}
