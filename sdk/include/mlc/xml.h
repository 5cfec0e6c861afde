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

#include <mlc/help.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
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

/* NULL: not one well-formed document within the limits.  Blanks between elements are left out.  xmlFreeDoc() it before the step returns:
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
	/* Line ends between elements would be half of the nodes; blanks that are an element's text stay. */
	doc = xmlCtxtReadMemory(parser, text, (int)len, NULL, NULL, MLC_XML_OPTIONS | XML_PARSE_NOBLANKS);
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

/* One pass over a text, for what is large or only to be cut up.  A reader of its own, not libxml2's: most of
 * such a text is escaped markup, and libxml2 takes a call and a look into a dictionary for each "&lt;".  It
 * refuses what libxml2 refuses, and names that are not ASCII or longer than these, and more attributes.
 * depth: 1 for the root; names come without their prefix, a text may come in several pieces. */
#define MLC_XML_WALK_ATTRIBUTES 32
#define MLC_XML_WALK_NAME       128

struct mlc_xml_span {
	const char *at;
	size_t len;
};

struct mlc_xml_walk {
	void (*open)(struct mlc_xml_walk *, const char *name, int depth);
	void (*text)(struct mlc_xml_walk *, const char *text, size_t len, int depth);
	void (*close)(struct mlc_xml_walk *, const char *name, int depth);
	void *arg;                    /* yours */
	const char *begin, *at, *end; /* the rest is mlc_xml_walk()'s */
	const char *first;            /* behind a byte order mark */
	int depth, attributes;
	struct mlc_xml_span names[MLC_XML_WALK_ATTRIBUTES], values[MLC_XML_WALK_ATTRIBUTES]; /* of the element that opens */
	struct mlc_xml_span open_tags[MLC_XML_DEPTH];
	char piece[512];              /* of text */
	size_t piece_len;
};

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

/* The character that begins at *text; moves *text behind it.  0: none that XML knows. */
static inline uint32_t mlc_xml_character(const char **text, const char *end)
{
	const char *from = *text;
	uint32_t c = mlc_utf8_next(text, end);

	if (c == 0xFFFD && (*text - from != 3 || memcmp(from, "\xEF\xBF\xBD", 3)))
		return 0;
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r' ? 0 : c == 0xFFFE || c == 0xFFFF ? 0 : c;
}

/* A character of text that means itself and has one byte. */
static inline bool mlc_xml_is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '&' && c != '<' && c != ']';
}

static inline bool mlc_xml_is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline const char *mlc_xml_past_blanks(const char *at, const char *end)
{
	while (at < end && mlc_xml_is_blank(*at))
		at++;
	return at;
}

static inline bool mlc_xml_in_name(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
		(!first && ((c >= '0' && c <= '9') || c == '-' || c == '.'));
}

/* The name that begins at *at; empty where none does. */
static inline struct mlc_xml_span mlc_xml_name(const char **at, const char *end)
{
	struct mlc_xml_span name = { *at, 0 };

	while (*at < end && mlc_xml_in_name(**at, *at == name.at))
		(*at)++;
	name.len = (size_t)(*at - name.at);
	return name;
}

static inline struct mlc_xml_span mlc_xml_local(struct mlc_xml_span name)
{
	const char *colon = (const char *)memchr(name.at, ':', name.len);

	if (colon && colon > name.at && colon + 1 < name.at + name.len) {
		name.len -= (size_t)(colon + 1 - name.at);
		name.at = colon + 1;
	}
	return name;
}

static inline void mlc_xml_walk_flush(struct mlc_xml_walk *w)
{
	if (w->piece_len && w->text)
		w->text(w, w->piece, w->piece_len, w->depth);
	w->piece_len = 0;
}

static inline void mlc_xml_walk_put(struct mlc_xml_walk *w, const char *bytes, size_t len)
{
	if (w->piece_len + len > sizeof w->piece)
		mlc_xml_walk_flush(w);
	memcpy(w->piece + w->piece_len, bytes, len);
	w->piece_len += len;
}

static inline bool mlc_xml_begins(const char *at, const char *end, const char *word)
{
	return (size_t)(end - at) >= strlen(word) && !memcmp(at, word, strlen(word));
}

/* "&lt;", "&#233;", "&#xE9;": one of XML's own five, or a character it knows.  out: 4 bytes. */
static inline size_t mlc_xml_reference_at(const char **at, const char *end, char *out)
{
	const char *p = *at + 1, *digits;
	uint32_t c = 0;
	bool hex;

	if (p < end && *p != '#') {
		*out = mlc_xml_begins(p, end, "lt;") ? '<' : mlc_xml_begins(p, end, "gt;") ? '>' : mlc_xml_begins(p, end, "amp;") ? '&'
			: mlc_xml_begins(p, end, "quot;") ? '"' : mlc_xml_begins(p, end, "apos;") ? '\'' : '\0';
		*at = p + (*out == '<' || *out == '>' ? 3 : *out == '&' ? 4 : 5);
		return *out != 0;
	}
	hex = ++p < end && *p == 'x';
	p += hex;
	for (digits = p; p < end && *p != ';'; p++) {
		unsigned digit = *p >= '0' && *p <= '9' ? (unsigned)(*p - '0') : hex && (*p | 32) >= 'a' && (*p | 32) <= 'f'
			? (unsigned)((*p | 32) - 'a' + 10) : 99;

		c = digit == 99 || c > 0x10FFFF ? 0x110000 : c * (hex ? 16 : 10) + digit;
	}
	if (p >= end || p == digits || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) || c == 0xFFFE || c == 0xFFFF ||
		(c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
		return 0;
	*at = p + 1;
	return mlc_utf8(out, c);
}

/* Text up to the next tag; outside of the root only blanks may be. */
static inline bool mlc_xml_walk_characters(struct mlc_xml_walk *w)
{
	while (w->at < w->end && *w->at != '<') {
		const char *from = w->at;
		char made[4];
		size_t len;

		if (mlc_xml_is_plain(*from)) {
			while (w->at < w->end && mlc_xml_is_plain(*w->at) && (size_t)(w->at - from) < sizeof w->piece)
				w->at++;
			len = (size_t)(w->at - from);
		} else if (*from == '&') {
			len = mlc_xml_reference_at(&w->at, w->end, made);
			if (!len || !w->depth)
				return false;
			from = made;
		} else if (*from == '\r') { /* line ends are one character, however they were written */
			w->at += w->at + 1 < w->end && w->at[1] == '\n' ? 2 : 1;
			from = "\n";
			len = 1;
		} else {
			if (mlc_xml_begins(from, w->end, "]]>") || !mlc_xml_character(&w->at, w->end))
				return false;
			len = (size_t)(w->at - from);
		}
		if (!w->depth && mlc_xml_past_blanks(from, from + len) != from + len)
			return false;
		if (w->depth)
			mlc_xml_walk_put(w, from, len);
	}
	return true;
}

/* Behind "<!--", "<![CDATA[" or "<?": up to the end mark, all of it characters that XML knows. */
static inline bool mlc_xml_walk_past(struct mlc_xml_walk *w, const char *mark, bool is_text)
{
	size_t len = strlen(mark);

	while ((size_t)(w->end - w->at) >= len) {
		const char *from = w->at;
		uint32_t c;

		if (!memcmp(w->at, mark, len)) {
			w->at += len;
			return true;
		}
		c = mlc_xml_character(&w->at, w->end);
		if (!c)
			return false;
		if (c == '\r')
			w->at += w->at < w->end && *w->at == '\n';
		if (is_text)
			mlc_xml_walk_put(w, c == '\r' ? "\n" : from, c == '\r' ? 1 : (size_t)(w->at - from));
	}
	return false;
}

/* A comment, CDATA or an instruction; no document type. */
static inline bool mlc_xml_walk_aside(struct mlc_xml_walk *w)
{
	const char *from = w->at;
	struct mlc_xml_span name;

	if (mlc_xml_begins(from, w->end, "<!--")) {
		w->at += 4;
		if (!mlc_xml_walk_past(w, "--", false) || w->at == w->end || *w->at != '>')
			return false;
		w->at++;
		return true;
	}
	if (mlc_xml_begins(from, w->end, "<![CDATA[")) {
		w->at += 9;
		return w->depth && mlc_xml_walk_past(w, "]]>", true);
	}
	if (!mlc_xml_begins(from, w->end, "<?"))
		return false;
	w->at += 2;
	name = mlc_xml_name(&w->at, w->end);
	/* What bears this name is the declaration, and stands at the very beginning. */
	if (name.len == 3 && (name.at[0] | 32) == 'x' && (name.at[1] | 32) == 'm' && (name.at[2] | 32) == 'l' &&
		(from != w->first || memcmp(name.at, "xml", 3)))
		return false;
	return name.len && w->at < w->end && (mlc_xml_is_blank(*w->at) || *w->at == '?') && mlc_xml_walk_past(w, "?>", false);
}

static inline bool mlc_xml_walk_attributes(struct mlc_xml_walk *w)
{
	w->attributes = 0;
	for (;;) {
		const char *blank = w->at;
		struct mlc_xml_span name;
		char quote, made[4];

		w->at = mlc_xml_past_blanks(w->at, w->end);
		if (w->at == w->end || *w->at == '>' || *w->at == '/')
			return true;
		name = mlc_xml_name(&w->at, w->end);
		w->at = mlc_xml_past_blanks(w->at, w->end);
		if (blank == name.at || !name.len || w->attributes == MLC_XML_WALK_ATTRIBUTES || w->at == w->end || *w->at != '=')
			return false;
		w->at = mlc_xml_past_blanks(w->at + 1, w->end);
		if (w->at == w->end || (*w->at != '"' && *w->at != '\''))
			return false;
		for (int i = 0; i < w->attributes; i++)
			if (w->names[i].len == name.len && !memcmp(w->names[i].at, name.at, name.len))
				return false;
		quote = *w->at++;
		w->names[w->attributes] = name;
		w->values[w->attributes].at = w->at;
		while (w->at < w->end && *w->at != quote)
			if (*w->at == '<' || (*w->at == '&' ? !mlc_xml_reference_at(&w->at, w->end, made)
				: !mlc_xml_character(&w->at, w->end)))
				return false;
		if (w->at == w->end)
			return false;
		w->values[w->attributes].len = (size_t)(w->at - w->values[w->attributes].at);
		w->attributes++;
		w->at++;
	}
}

static inline bool mlc_xml_walk_told(struct mlc_xml_walk *w, struct mlc_xml_span tag,
	void (*tell)(struct mlc_xml_walk *, const char *, int))
{
	char name[MLC_XML_WALK_NAME];
	struct mlc_xml_span local = mlc_xml_local(tag);

	if (local.len >= sizeof name)
		return false;
	memcpy(name, local.at, local.len);
	name[local.len] = 0;
	if (tell)
		tell(w, name, w->depth);
	return true;
}

static inline bool mlc_xml_walk_tag(struct mlc_xml_walk *w)
{
	bool closes = w->end - w->at >= 2 && w->at[1] == '/', empty;
	struct mlc_xml_span name;

	w->at += closes ? 2 : 1;
	name = mlc_xml_name(&w->at, w->end);
	if (!name.len)
		return false;
	if (closes) {
		struct mlc_xml_span was = w->depth ? w->open_tags[w->depth - 1] : name;

		w->at = mlc_xml_past_blanks(w->at, w->end);
		if (!w->depth || was.len != name.len || memcmp(was.at, name.at, name.len) || w->at == w->end || *w->at++ != '>' ||
			!mlc_xml_walk_told(w, name, w->close))
			return false;
		w->depth--;
		return true;
	}
	if (w->depth == MLC_XML_DEPTH || !mlc_xml_walk_attributes(w))
		return false;
	empty = w->at < w->end && *w->at == '/';
	w->at += empty;
	if (w->at == w->end || *w->at++ != '>')
		return false;
	w->open_tags[w->depth++] = name;
	if (!mlc_xml_walk_told(w, name, w->open) || (empty && !mlc_xml_walk_told(w, name, w->close)))
		return false;
	w->depth -= empty;
	return true;
}

/* True: all of it was one well-formed document.  What was told before a fault stands: a caller
 * believes nothing of it until true came back. */
static inline bool mlc_xml_walk(struct mlc_xml_walk *w, const char *text, size_t len)
{
	bool root = false;

	if (!mlc_xml_may_be_read(text, len))
		return false;
	w->begin = text;
	w->end = text + len;
	w->at = w->first = text + (mlc_xml_begins(text, w->end, "\xEF\xBB\xBF") ? 3 : 0);
	w->depth = 0;
	w->piece_len = 0;
	while (w->at < w->end) {
		bool aside;

		if (!mlc_xml_walk_characters(w))
			return false;
		if (w->at == w->end)
			break;
		aside = w->end - w->at >= 2 && (w->at[1] == '!' || w->at[1] == '?');
		if (!aside)
			mlc_xml_walk_flush(w);
		if (!aside && !w->depth && root)
			return false;
		root = root || !aside;
		if (aside ? !mlc_xml_walk_aside(w) : !mlc_xml_walk_tag(w))
			return false;
	}
	return root && !w->depth;
}

/* In close(): how many bytes of the text lie up to and with this element's end tag; in open(): with its tag. */
static inline size_t mlc_xml_walk_at(const struct mlc_xml_walk *w)
{
	return (size_t)(w->at - w->begin);
}

/* In open(): the attribute into out, cut to size - 1 bytes; "" where there is none.  References in
 * it stay as they were written. */
static inline void mlc_xml_walk_attribute(const struct mlc_xml_walk *w, const char *name, char *out,
	size_t size)
{
	size_t len = 0;

	for (int i = 0; i < w->attributes; i++) {
		struct mlc_xml_span local = mlc_xml_local(w->names[i]);

		if (local.len != strlen(name) || memcmp(local.at, name, local.len) ||
			mlc_xml_begins(w->names[i].at, w->end, "xmlns:"))
			continue;
		len = w->values[i].len < size - 1 ? w->values[i].len : size - 1;
		memcpy(out, w->values[i].at, len);
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
