/* soap.c - the Web Connector's envelope: SOAP 1.1, document/literal wrapped.
 *
 * Source: QuickBooks Web Connector Programmer's Guide 2.0, chapters 2, 5 and 10; Intuit's WCWebService
 * sample.  Names are read without regard to prefix and namespace, for RPC style sends others. */
#include "qbd.h"


/* ---- reading ------------------------------------------------------------------------------ */

static void on_open(struct mlc_xml_walk *w, const char *name, int depth)
{
	struct soap *s = w->arg;

	if (depth == 1 && strcmp(name, "Envelope"))
		s->bad = true;
	if (depth == 2)
		s->in_body = !strcmp(name, "Body");
	if (!s->in_body)
		return;
	if (depth == 3) {
		s->bad = s->bad || s->method[0] || strlen(name) >= sizeof s->method;
		if (!s->bad)
			memcpy(s->method, name, strlen(name) + 1);
	} else if (depth == 4) {
		s->bad = s->bad || s->count == SOAP_PARAMS ||
			strlen(name) >= sizeof s->params->name;
		if (!s->bad)
			memcpy(s->params[s->count].name, name, strlen(name) + 1);
		memset(&s->buffer, 0, sizeof s->buffer);
		s->buffer.call = s->call;
	} else if (depth > 4) {
		s->bad = true; /* qbXML comes as text, never as elements */
	}
}

static void on_text(struct mlc_xml_walk *w, const char *text, size_t len, int depth)
{
	struct soap *s = w->arg;

	if (depth == 4 && s->in_body && !s->bad)
		mlc_xml_bytes(&s->buffer, text, len);
}

static void on_close(struct mlc_xml_walk *w, const char *name, int depth)
{
	struct soap *s = w->arg;

	(void)name;
	if (depth == 2)
		s->in_body = false;
	if (depth != 4 || !s->in_body || s->bad)
		return;
	s->params[s->count].text = s->buffer.text ? s->buffer.text : "";
	s->params[s->count].len = s->buffer.len;
	s->count++;
}

bool soap_read(struct mlc_call *c, struct soap *s)
{
	struct mlc_xml_walk walk = { .open = on_open, .text = on_text, .close = on_close, .arg = s };

	memset(s, 0, sizeof *s);
	s->call = c;
	return mlc_xml_walk(&walk, c->inbound->body, c->inbound->body_len) && !s->bad && s->method[0] &&
		!s->buffer.failed;
}

const char *soap_text(const struct soap *s, const char *param)
{
	for (unsigned i = 0; i < s->count; i++)
		if (!strcmp(s->params[i].name, param))
			return s->params[i].text;
	return "";
}

size_t soap_length(const struct soap *s, const char *param)
{
	for (unsigned i = 0; i < s->count; i++)
		if (!strcmp(s->params[i].name, param))
			return s->params[i].len;
	return 0;
}

/* ---- answering ------------------------------------------------------------------------------ */

#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"                                             \
	"<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>"
#define TAIL "</soap:Body></soap:Envelope>\n"

static void send_xml(struct mlc_call *c, const struct mlc_xml *x, int status)
{
	if (x->failed)
		return; /* left alone: the host answers 500 or an empty 200; the peer comes again */
	c->answer->status = status;
	c->answer->type = "text/xml; charset=utf-8";
	c->answer->body = x->text;
	c->answer->body_len = x->len;
}

static void begin(struct mlc_xml *x, const char *method)
{
	mlc_xml_raw(x, HEAD "<");
	mlc_xml_raw(x, method);
	mlc_xml_raw(x, "Response xmlns=\"" QBD_NAMESPACE "\"><");
	mlc_xml_raw(x, method);
	mlc_xml_raw(x, "Result>");
}

static void end(struct mlc_call *c, struct mlc_xml *x, const char *method)
{
	mlc_xml_raw(x, "</");
	mlc_xml_raw(x, method);
	mlc_xml_raw(x, "Result></");
	mlc_xml_raw(x, method);
	mlc_xml_raw(x, "Response>" TAIL);
	send_xml(c, x, 200);
}

void soap_answer(struct mlc_call *c, const char *method, const char *result)
{
	struct mlc_xml x = { .call = c };

	begin(&x, method);
	mlc_xml_escape(&x, result, strlen(result));
	end(c, &x, method);
}

void soap_answer_number(struct mlc_call *c, const char *method, int result)
{
	soap_answer(c, method, c->host->format(c, "%d", result));
}

/* The third and fourth element (postpone, least time between runs) are left out: filled in, even
 * with 0, some versions do not run the update at all. */
void soap_answer_login(struct mlc_call *c, const char *ticket, const char *word, unsigned postpone_s)
{
	struct mlc_xml x = { .call = c };

	begin(&x, "authenticate");
	mlc_xml_put(&x, "string", ticket);
	mlc_xml_put(&x, "string", word);
	if (postpone_s)
		mlc_xml_put(&x, "string", c->host->format(c, "%u", postpone_s));
	end(c, &x, "authenticate");
}

void soap_fault(struct mlc_call *c, const char *text)
{
	struct mlc_xml x = { .call = c };

	mlc_xml_raw(&x, HEAD "<soap:Fault><faultcode>soap:Client</faultcode>");
	mlc_xml_put(&x, "faultstring", text);
	mlc_xml_raw(&x, "</soap:Fault>" TAIL);
	send_xml(c, &x, 500);
}

/* ---- the WSDL --------------------------------------------------------------------------------- */

#define STRING "string"
#define NUMBER "int"

struct wsdl_param {
	const char *name, *type;
};
static const struct wsdl_method {
	const char *name, *result;
	struct wsdl_param params[SOAP_PARAMS];
} methods[] = {
	{ "serverVersion", STRING, { { NULL, NULL } } },
	{ "clientVersion", STRING, { { "strVersion", STRING } } },
	{ "authenticate", NULL, { { "strUserName", STRING }, { "strPassword", STRING } } },
	{ "sendRequestXML", STRING, { { "ticket", STRING }, { "strHCPResponse", STRING },
		{ "strCompanyFileName", STRING }, { "qbXMLCountry", STRING },
		{ "qbXMLMajorVers", NUMBER }, { "qbXMLMinorVers", NUMBER } } },
	{ "receiveResponseXML", NUMBER, { { "ticket", STRING }, { "response", STRING },
		{ "hresult", STRING }, { "message", STRING } } },
	{ "connectionError", STRING,
		{ { "ticket", STRING }, { "hresult", STRING }, { "message", STRING } } },
	{ "getLastError", STRING, { { "ticket", STRING } } },
	{ "closeConnection", STRING, { { "ticket", STRING } } },
	{ "getInteractiveURL", STRING, { { "wcTicket", STRING }, { "sessionID", STRING } } },
	{ "interactiveRejected", STRING, { { "wcTicket", STRING }, { "reason", STRING } } },
	{ "interactiveDone", STRING, { { "wcTicket", STRING } } },
};
#define METHODS (sizeof methods / sizeof *methods)

/* text with a put in for each '@' and b for each '$'. */
static void say(struct mlc_xml *x, const char *text, const char *a, const char *b)
{
	for (size_t len; *text; text += len) {
		len = strcspn(text, "@$");
		if (len)
			mlc_xml_bytes(x, text, len);
		else
			mlc_xml_raw(x, text[len++] == '@' ? a : b);
	}
}

static void wsdl_types(struct mlc_xml *x)
{
	mlc_xml_raw(x, "<wsdl:types><s:schema elementFormDefault=\"qualified\" targetNamespace=\""
		QBD_NAMESPACE "\">\n");
	for (size_t i = 0; i < METHODS; i++) {
		const struct wsdl_method *m = &methods[i];

		mlc_xml_raw(x, "<s:element name=\"");
		mlc_xml_raw(x, m->name);
		mlc_xml_raw(x, m->params->name ? "\"><s:complexType><s:sequence>" : "\"><s:complexType/>");
		for (size_t k = 0; k < SOAP_PARAMS && m->params[k].name; k++) {
			const struct wsdl_param *p = &m->params[k];

			mlc_xml_raw(x, !strcmp(p->type, NUMBER) ? "<s:element minOccurs=\"1\""
				: "<s:element minOccurs=\"0\"");
			say(x, " maxOccurs=\"1\" name=\"@\" type=\"s:$\"/>", p->name, p->type);
		}
		if (m->params->name)
			mlc_xml_raw(x, "</s:sequence></s:complexType>");
		say(x, "</s:element>\n<s:element name=\"@Response\"><s:complexType><s:sequence>"
			"<s:element minOccurs=\"$\" maxOccurs=\"1\"", m->name,
			m->result && !strcmp(m->result, NUMBER) ? "1" : "0");
		say(x, " name=\"@Result\" type=\"$\"/></s:sequence></s:complexType></s:element>\n",
			m->name, !m->result ? "tns:ArrayOfString"
			: !strcmp(m->result, NUMBER) ? "s:int" : "s:string");
	}
	mlc_xml_raw(x, "<s:complexType name=\"ArrayOfString\"><s:sequence><s:element minOccurs=\"0\" "
		"maxOccurs=\"unbounded\" name=\"string\" nillable=\"true\" type=\"s:string\"/>"
		"</s:sequence></s:complexType>\n</s:schema></wsdl:types>\n");
}

static void wsdl_operations(struct mlc_xml *x)
{
	for (size_t i = 0; i < METHODS; i++) {
		const char *name = methods[i].name;

		say(x, "<wsdl:message name=\"@SoapIn\"><wsdl:part name=\"parameters\" "
			"element=\"tns:$\"/></wsdl:message>\n", name, name);
		say(x, "<wsdl:message name=\"@SoapOut\"><wsdl:part name=\"parameters\" "
			"element=\"tns:$Response\"/></wsdl:message>\n", name, name);
	}
	mlc_xml_raw(x, "<wsdl:portType name=\"QBWebConnectorSvcSoap\">\n");
	for (size_t i = 0; i < METHODS; i++) {
		const char *name = methods[i].name;

		say(x, "<wsdl:operation name=\"@\"><wsdl:input message=\"tns:$SoapIn\"/>", name, name);
		say(x, "<wsdl:output message=\"tns:@SoapOut\"/></wsdl:operation>\n$", name, "");
	}
	mlc_xml_raw(x, "</wsdl:portType>\n<wsdl:binding name=\"QBWebConnectorSvcSoap\" "
		"type=\"tns:QBWebConnectorSvcSoap\"><soap:binding "
		"transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n");
	for (size_t i = 0; i < METHODS; i++)
		say(x, "<wsdl:operation name=\"@\"><soap:operation soapAction=\"" QBD_NAMESPACE
			"$\" style=\"document\"/><wsdl:input><soap:body use=\"literal\"/></wsdl:input>"
			"<wsdl:output><soap:body use=\"literal\"/></wsdl:output></wsdl:operation>\n",
			methods[i].name, methods[i].name);
	mlc_xml_raw(x, "</wsdl:binding>\n");
}

const char *soap_wsdl(struct mlc_call *c, size_t *len)
{
	struct mlc_xml x = { .call = c };

	mlc_xml_raw(&x, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<wsdl:definitions "
		"xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:tns=\"" QBD_NAMESPACE "\" "
		"xmlns:s=\"http://www.w3.org/2001/XMLSchema\" "
		"xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" "
		"targetNamespace=\"" QBD_NAMESPACE "\">\n");
	wsdl_types(&x);
	wsdl_operations(&x);
	mlc_xml_raw(&x, "<wsdl:service name=\"QBWebConnectorSvc\"><wsdl:port "
		"name=\"QBWebConnectorSvcSoap\" binding=\"tns:QBWebConnectorSvcSoap\">"
		"<soap:address location=\"");
	mlc_xml_escape(&x, c->hook_url ? c->hook_url : "", c->hook_url ? strlen(c->hook_url) : 0);
	mlc_xml_raw(&x, "\"/></wsdl:port></wsdl:service>\n</wsdl:definitions>\n");
	*len = x.len;
	return x.failed ? NULL : x.text;
}
