/* xml.c - whatever bytes come: what xml.h walks through as a whole document libxml2 reads, too, with the same
 * elements and the same text; and no walk leaves the text that it was given. */
#include "base/mem.h"

#include <mlc/xml.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What a document says: each element with its text in the order in which it stands. */
struct said {
	const char *begin;
	size_t len;
	struct buf text;
	int depth;
};

static void on_open(struct mlc_xml_walk *w, const char *name, int depth)
{
	struct said *s = w->arg;
	char id[8];

	if (++s->depth != depth || mlc_xml_walk_at(w) > s->len)
		abort();
	mlc_xml_walk_attribute(w, "id", id, sizeof id);
	buf_printf(&s->text, "<%s>", name);
}

static void on_text(struct mlc_xml_walk *w, const char *text, size_t len, int depth)
{
	struct said *s = w->arg;

	if (s->depth != depth)
		abort();
	buf_add(&s->text, text, len);
}

static void on_close(struct mlc_xml_walk *w, const char *name, int depth)
{
	struct said *s = w->arg;

	if (s->depth-- != depth || mlc_xml_walk_at(w) > s->len || s->begin[mlc_xml_walk_at(w) - 1] != '>')
		abort();
	buf_printf(&s->text, "</%s>", name);
}

/* libxml2 leaves a prefix that nobody has declared where it stands. */
static const char *local(const xmlNode *node)
{
	const char *name = (const char *)node->name, *colon = node->ns ? NULL : strchr(name, ':');

	return colon && colon > name && colon[1] ? colon + 1 : name;
}

static void say(struct buf *b, const xmlNode *node)
{
	for (; node; node = node->next) {
		if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE)
			buf_puts(b, (const char *)node->content);
		if (node->type != XML_ELEMENT_NODE)
			continue;
		buf_printf(b, "<%s>", local(node));
		say(b, node->children);
		buf_printf(b, "</%s>", local(node));
	}
}

/* A tree leaves blanks between elements out. */
static void drop_blanks(struct buf *b)
{
	size_t to = 0;

	for (size_t i = 0; i < b->len; i++)
		if (!strchr(" \t\r\n", b->data[i]))
			b->data[to++] = b->data[i];
	b->len = to;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = xcalloc(1, len + 1);
	struct said s = { .begin = text, .len = len };
	struct mlc_xml_walk walk = { .open = on_open, .text = on_text, .close = on_close, .arg = &s };
	bool whole;

	memcpy(text, bytes, len);
	buf_init(&s.text, 1 << 22);
	whole = mlc_xml_walk(&walk, text, len);
	if (whole && !memmem(text, len, "<?", 2)) { /* nobody looks into a declaration */
		xmlDocPtr doc = mlc_xml_read(text, len);
		struct buf theirs;

		if (!doc)
			abort();
		buf_init(&theirs, 1 << 22);
		say(&theirs, xmlDocGetRootElement(doc));
		drop_blanks(&theirs);
		drop_blanks(&s.text);
		if (theirs.len != s.text.len || (theirs.len && memcmp(theirs.data, s.text.data, theirs.len)))
			abort();
		buf_finish(&theirs);
		xmlFreeDoc(doc);
	}
	buf_finish(&s.text);
	free(text);
	return 0;
}
