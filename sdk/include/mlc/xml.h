/* xml.h - XML in and out, for connectors whose system speaks it; on top of libxml2.
 *
 * Header only; a connector that includes it links libxml2.  What is read here never reaches a disk
 * or a network and costs what its size says: a document type declaration is refused (so there are
 * no entities but the five of XML, and no billion laughs), nesting and length have ceilings, an
 * encoding declaration is not believed (every text that gets here is UTF-8 or refused).
 * What is written here is pure ASCII: every other character goes out as a decimal reference, and
 * characters that XML forbids are dropped. */
#ifndef MLC_XML_H
#define MLC_XML_H

#include <mlc/connector.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <string.h>

#define MLC_XML_DEPTH    64
#define MLC_XML_LONGEST  ((size_t)64 << 20)
#define MLC_XML_OPTIONS                                                                            \
	(XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA |           \
		XML_PARSE_COMPACT | XML_PARSE_IGNORE_ENC)

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading a whole document ------------------------------------------------------ */

static inline void mlc_xml_refuse(xmlParserCtxtPtr parser)
{
	parser->wellFormed = 0;
	xmlStopParser(parser);
}

static inline void mlc_xml_on_doctype(void *parser, const xmlChar *name, const xmlChar *external,
	const xmlChar *system)
{
	(void)name, (void)external, (void)system;
	mlc_xml_refuse((xmlParserCtxtPtr)parser);
}

static inline void mlc_xml_on_start(void *ctx, const xmlChar *name, const xmlChar *prefix,
	const xmlChar *uri, int namespaces, const xmlChar **spaces, int attributes, int defaulted,
	const xmlChar **values)
{
	xmlParserCtxtPtr parser = (xmlParserCtxtPtr)ctx;

	if (parser->nodeNr >= MLC_XML_DEPTH) {
		mlc_xml_refuse(parser);
		return;
	}
	xmlSAX2StartElementNs(ctx, name, prefix, uri, namespaces, spaces, attributes, defaulted, values);
}

/* Not too long, and nothing that libxml2 would take for UTF-16 or EBCDIC (and complain of on stderr). */
static inline bool mlc_xml_may_be_read(const char *text, size_t len)
{
	return len >= 4 && len <= MLC_XML_LONGEST && memchr("< \t\r\n\xEF", text[0], 6) && !memchr(text, 0, 4);
}

/* NULL: not one well-formed document within the limits.  xmlFreeDoc() it before the step returns:
 * it is the one thing in a connector that does not live in call memory. */
static inline xmlDocPtr mlc_xml_read(const char *text, size_t len)
{
	xmlParserCtxtPtr parser;
	xmlDocPtr doc;

	if (!mlc_xml_may_be_read(text, len))
		return NULL;
	parser = xmlNewParserCtxt();
	if (!parser)
		return NULL;
	parser->sax->internalSubset = mlc_xml_on_doctype;
	parser->sax->startElementNs = mlc_xml_on_start;
	doc = xmlCtxtReadMemory(parser, text, (int)len, NULL, NULL, MLC_XML_OPTIONS);
	xmlFreeParserCtxt(parser);
	return doc;
}

/* Elements only; names are compared without prefix and namespace.  All take and give NULL. */
static inline xmlNodePtr mlc_xml_element_from(xmlNodePtr node)
{
	while (node && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

static inline xmlNodePtr mlc_xml_first(const xmlNode *parent)
{
	return parent ? mlc_xml_element_from(parent->children) : NULL;
}

static inline xmlNodePtr mlc_xml_next(const xmlNode *node)
{
	return node ? mlc_xml_element_from(node->next) : NULL;
}

static inline bool mlc_xml_is(const xmlNode *node, const char *name)
{
	return node && !strcmp((const char *)node->name, name);
}

static inline xmlNodePtr mlc_xml_child(const xmlNode *parent, const char *name)
{
	xmlNodePtr node = mlc_xml_first(parent);

	while (node && !mlc_xml_is(node, name))
		node = mlc_xml_next(node);
	return node;
}

/* The text directly within the element, "" where there is none or no element; lives as long as the
 * document, or as the call where comments had cut it into pieces. */
static inline const char *mlc_xml_text(struct mlc_call *call, const xmlNode *node)
{
	const xmlNode *piece = node ? node->children : NULL;
	size_t len = 0;
	char *whole;

	if (!piece)
		return "";
	if (!piece->next && piece->type == XML_TEXT_NODE)
		return (const char *)piece->content;
	for (; piece; piece = piece->next)
		if (piece->type == XML_TEXT_NODE)
			len += strlen((const char *)piece->content);
	whole = (char *)call->host->alloc(call, len + 1);
	if (!whole)
		return "";
	len = 0;
	for (piece = node->children; piece; piece = piece->next) {
		if (piece->type != XML_TEXT_NODE)
			continue;
		memcpy(whole + len, piece->content, strlen((const char *)piece->content));
		len += strlen((const char *)piece->content);
	}
	return whole;
}

static inline const char *mlc_xml_child_text(struct mlc_call *call, const xmlNode *parent,
	const char *name)
{
	return mlc_xml_text(call, mlc_xml_child(parent, name));
}

/* "" where there is no such attribute; lives as long as the document. */
static inline const char *mlc_xml_attribute(const xmlNode *node, const char *name)
{
	const xmlAttr *a = node && node->type == XML_ELEMENT_NODE ? node->properties : NULL;

	while (a && strcmp((const char *)a->name, name))
		a = a->next;
	return a && a->children && a->children->content ? (const char *)a->children->content : "";
}

/* ---- reading without a tree -------------------------------------------------------- */

/* One pass over a text, for what is large or only to be cut up.  depth: 1 for the root. */
struct mlc_xml_walk {
	void (*open)(struct mlc_xml_walk *, const char *name, int depth);
	void (*text)(struct mlc_xml_walk *, const char *text, size_t len, int depth);
	void (*close)(struct mlc_xml_walk *, const char *name, int depth);
	void *arg;                /* yours */
	xmlParserCtxtPtr parser;  /* the rest is mlc_xml_walk()'s */
	const xmlChar **values;   /* of the element that opens */
	int depth, attributes;
};

static inline void mlc_xml_walk_open(void *ctx, const xmlChar *name, const xmlChar *prefix,
	const xmlChar *uri, int namespaces, const xmlChar **spaces, int attributes, int defaulted,
	const xmlChar **values)
{
	struct mlc_xml_walk *w = (struct mlc_xml_walk *)ctx;

	(void)prefix, (void)uri, (void)namespaces, (void)spaces, (void)defaulted;
	if (w->depth >= MLC_XML_DEPTH) {
		mlc_xml_refuse(w->parser);
		return;
	}
	w->depth++;
	w->attributes = attributes;
	w->values = values;
	if (w->open)
		w->open(w, (const char *)name, w->depth);
}

static inline void mlc_xml_walk_text(void *ctx, const xmlChar *text, int len)
{
	struct mlc_xml_walk *w = (struct mlc_xml_walk *)ctx;

	if (w->text)
		w->text(w, (const char *)text, (size_t)len, w->depth);
}

static inline void mlc_xml_walk_close(void *ctx, const xmlChar *name, const xmlChar *prefix,
	const xmlChar *uri)
{
	struct mlc_xml_walk *w = (struct mlc_xml_walk *)ctx;

	(void)prefix, (void)uri;
	if (w->close)
		w->close(w, (const char *)name, w->depth);
	w->depth--;
}

static inline void mlc_xml_walk_doctype(void *ctx, const xmlChar *name, const xmlChar *external,
	const xmlChar *system)
{
	(void)name, (void)external, (void)system;
	mlc_xml_refuse(((struct mlc_xml_walk *)ctx)->parser);
}

/* True: all of it was one well-formed document.  What was told before a fault stands: a caller
 * believes nothing of it until true came back. */
static inline bool mlc_xml_walk(struct mlc_xml_walk *w, const char *text, size_t len)
{
	xmlSAXHandler sax;
	bool whole;

	if (!mlc_xml_may_be_read(text, len))
		return false;
	memset(&sax, 0, sizeof sax);
	sax.initialized = XML_SAX2_MAGIC;
	sax.internalSubset = mlc_xml_walk_doctype;
	sax.startElementNs = mlc_xml_walk_open;
	sax.endElementNs = mlc_xml_walk_close;
	sax.characters = mlc_xml_walk_text;
	sax.cdataBlock = mlc_xml_walk_text;
	w->depth = 0;
	w->parser = xmlCreateMemoryParserCtxt(text, (int)len);
	if (!w->parser)
		return false;
	xmlCtxtUseOptions(w->parser, MLC_XML_OPTIONS);
	if (w->parser->sax)
		*w->parser->sax = sax;
	w->parser->userData = w;
	xmlParseDocument(w->parser);
	whole = w->parser->wellFormed != 0;
	xmlFreeDoc(w->parser->myDoc);
	w->parser->myDoc = NULL;
	xmlFreeParserCtxt(w->parser);
	w->parser = NULL;
	return whole;
}

/* In close(): how many bytes of the text lie up to and with this element's end tag. */
static inline size_t mlc_xml_walk_at(const struct mlc_xml_walk *w)
{
	long at = xmlByteConsumed(w->parser);

	return at > 0 ? (size_t)at : 0;
}

/* In open(): the attribute into out, cut to size - 1 bytes; "" where there is none.  References in
 * it stay as they were written. */
static inline void mlc_xml_walk_attribute(const struct mlc_xml_walk *w, const char *name, char *out,
	size_t size)
{
	size_t len = 0;

	for (int i = 0; i < w->attributes; i++) {
		const xmlChar *const *a = w->values + 5 * i; /* name, prefix, URI, value, its end */

		if (strcmp((const char *)a[0], name))
			continue;
		len = (size_t)(a[4] - a[3]);
		if (len > size - 1)
			len = size - 1;
		memcpy(out, a[3], len);
		break;
	}
	out[len] = 0;
}

/* ---- writing ----------------------------------------------------------------------- */

/* Text that grows in call memory.  Zero it and set call. */
struct mlc_xml {
	struct mlc_call *call;
	char *text; /* NUL-terminated; NULL until the first byte */
	size_t len, cap;
	bool failed; /* call memory is spent; text is not whole */
};

static inline void mlc_xml_bytes(struct mlc_xml *x, const char *bytes, size_t len)
{
	if (x->failed)
		return;
	if (x->len + len + 1 > x->cap) {
		size_t cap = x->cap ? x->cap : 512;
		char *grown;

		while (cap < x->len + len + 1)
			cap *= 2;
		grown = (char *)x->call->host->alloc(x->call, cap);
		if (!grown) {
			x->failed = true;
			return;
		}
		if (x->len)
			memcpy(grown, x->text, x->len);
		x->text = grown;
		x->cap = cap;
	}
	memcpy(x->text + x->len, bytes, len);
	x->len += len;
	x->text[x->len] = 0;
}

static inline void mlc_xml_raw(struct mlc_xml *x, const char *text)
{
	mlc_xml_bytes(x, text, strlen(text));
}

/* The character that begins at *text, of len bytes; moves *text behind it.  0xFFFD: no UTF-8. */
static inline uint32_t mlc_utf8_next(const char **text, const char *end)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)*text;
	unsigned size = *p < 0x80 ? 1 : *p >= 0xF0 && *p < 0xF5 ? 4 : *p >= 0xE0 && *p < 0xF0 ? 3
		: *p >= 0xC2 && *p < 0xE0 ? 2 : 0;
	uint32_t c;

	if (size < 2 || (size_t)(end - *text) < size) {
		*text += 1;
		return size == 1 ? *p : 0xFFFD;
	}
	c = *p & (0xFFu >> (size + 1));
	for (unsigned i = 1; i < size; i++) {
		if ((p[i] & 0xC0) != 0x80) {
			*text += i;
			return 0xFFFD;
		}
		c = c << 6 | (p[i] & 0x3Fu);
	}
	*text += size;
	return c < least[size] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c;
}

static inline void mlc_xml_reference(struct mlc_xml *x, uint32_t c)
{
	char digits[12], *p = digits + sizeof digits;

	*--p = ';';
	do
		*--p = (char)('0' + c % 10);
	while ((c /= 10) != 0);
	*--p = '#';
	*--p = '&';
	mlc_xml_bytes(x, p, (size_t)(digits + sizeof digits - p));
}

static inline void mlc_xml_escape(struct mlc_xml *x, const char *text, size_t len)
{
	const char *end = text + len, *plain = text;

	while (text < end) {
		const char *at = text;
		uint32_t c = mlc_utf8_next(&text, end);
		const char *named = c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;"
			: c == '"' ? "&quot;" : c == '\'' ? "&apos;" : NULL;

		if (!named && ((c >= 0x20 && c < 0x7F) || c == '\n' || c == '\t'))
			continue;
		if (at > plain)
			mlc_xml_bytes(x, plain, (size_t)(at - plain));
		plain = text;
		if (named)
			mlc_xml_raw(x, named);
		else if (c == '\r' || (c >= 0x80 && c < 0xFFFE) || c >= 0x10000)
			mlc_xml_reference(x, c);
	}
	if (end > plain)
		mlc_xml_bytes(x, plain, (size_t)(end - plain));
}

static inline void mlc_xml_open(struct mlc_xml *x, const char *name)
{
	mlc_xml_raw(x, "<");
	mlc_xml_raw(x, name);
	mlc_xml_raw(x, ">");
}

static inline void mlc_xml_close(struct mlc_xml *x, const char *name)
{
	mlc_xml_raw(x, "</");
	mlc_xml_raw(x, name);
	mlc_xml_raw(x, ">");
}

static inline void mlc_xml_put(struct mlc_xml *x, const char *name, const char *text)
{
	mlc_xml_open(x, name);
	mlc_xml_escape(x, text, strlen(text));
	mlc_xml_close(x, name);
}

#ifdef __cplusplus
}
#endif
#endif
