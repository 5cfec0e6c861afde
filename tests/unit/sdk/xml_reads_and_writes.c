/* xml_reads_and_writes.c - xml.h: no document type, no surprise in size, ASCII out. */
#include "plug/call.h"

#include <mlc/xml.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static enum mlc_step nothing(struct mlc_call *c)
{
	(void)c;
	return MLC_DONE;
}

static const struct mlc_entity entities[] = { { NULL, 0, 0, NULL, NULL } };
static const struct mlc_connector connector = { .sdk = MLC_SDK, .size = sizeof connector, .name = "x", .title = "x",
	.version = "1", .entities = entities, .fetch = nothing };
static const struct call_site site = { .connector = &connector };
static const struct call_input input = { .op = OP_FETCH };
static const struct call_input tight = { .op = OP_FETCH, .memory = 64 * 1024 };

static bool well(const char *text)
{
	struct mlc_xml_walk walk = { 0 };
	xmlDocPtr doc = mlc_xml_read(text, strlen(text));
	bool walked = mlc_xml_walk(&walk, text, strlen(text));

	assert_true((doc != NULL) == walked); /* both ways of reading say the same */
	xmlFreeDoc(doc);
	return walked;
}

static void what_is_not_one_plain_document_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&nbsp;</a>", "<a>&x;</a>", "<a b=c/>",
		"<a>\x01</a>", "<a>&#1;</a>", "<a>\xff</a>", "<a>\xc3</a>",
		"<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
		"<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
		"<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">"
		"<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">]><a>&e;</a>",
		"<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://127.0.0.1/x\"> %p;]><a/>" };
	static const char *const good[] = { "<a/>", "<?xml version=\"1.0\"?>\n<!-- x --><a b='c'>&lt;&#233;&#xe9;<![CDATA[<x>]]></a>\n",
		/* It came as UTF-8, whatever it says of itself. */
		"<?xml version=\"1.0\" encoding=\"utf-16\"?><a>\xc3\xa9</a>", "<?xml version=\"1.0\" encoding=\"EUC-JP\"?><a/>" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(well(bad[i]));
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(well(good[i]));
}

static char *nested(int depth)
{
	char *text = malloc((size_t)depth * 7 + 1), *at = text;

	for (int i = 0; i < depth; i++)
		at = stpcpy(at, "<a>");
	for (int i = 0; i < depth; i++)
		at = stpcpy(at, "</a>");
	return text;
}

static void nesting_has_a_ceiling(void **state)
{
	char *most = nested(MLC_XML_DEPTH), *more = nested(MLC_XML_DEPTH + 1), *wild = nested(200000);

	(void)state;
	assert_true(well(most));
	assert_false(well(more));
	assert_false(well(wild));
	free(most);
	free(more);
	free(wild);
}

static void text_is_found_by_local_name_and_put_together(void **state)
{
	static const char text[] = "<x:a xmlns:x='u'><x:b>one</x:b><c d='&amp;e'>tw<!-- - -->o<![CDATA[ & three]]></c><e/></x:a>";
	struct call *call = call_create(&site, &input);
	struct mlc_call *c = call_inside(call);
	xmlDocPtr doc = mlc_xml_read(text, strlen(text));
	const xmlNode *root = xmlDocGetRootElement(doc);

	(void)state;
	assert_true(mlc_xml_is(root, "a"));
	assert_string_equal(mlc_xml_child_text(c, root, "b"), "one");
	assert_string_equal(mlc_xml_child_text(c, root, "c"), "two & three");
	assert_string_equal(mlc_xml_attribute(mlc_xml_child(root, "c"), "d"), "&e");
	assert_string_equal(mlc_xml_child_text(c, root, "e"), "");
	assert_string_equal(mlc_xml_child_text(c, root, "f"), "");
	assert_string_equal(mlc_xml_child_text(c, NULL, "f"), "");
	assert_string_equal(mlc_xml_attribute(NULL, "f"), "");
	assert_null(mlc_xml_next(mlc_xml_child(root, "e")));
	xmlFreeDoc(doc);
	call_destroy(call);
}

struct cuts {
	const char *text;
	char seen[400];
};

static void note_end(struct mlc_xml_walk *w, const char *name, int depth)
{
	struct cuts *cuts = w->arg;

	if (depth == 2) {
		size_t at = mlc_xml_walk_at(w), len = strlen(cuts->seen);

		snprintf(cuts->seen + len, sizeof cuts->seen - len, "%s:%.3s|", name, cuts->text + at - 3);
	}
}

static void a_walk_knows_where_each_element_ended(void **state)
{
	static const char text[] = "<?xml version=\"1.0\"?>\r\n<r>\r\n<a>\xc3\xa9\r\n&amp;</a >  <b x='&lt;1>'/><!-- c --><c><d>x</d></c>\n</r>";
	struct cuts cuts = { text, "" };
	struct mlc_xml_walk walk = { .close = note_end, .arg = &cuts };

	(void)state;
	assert_true(mlc_xml_walk(&walk, text, strlen(text)));
	assert_string_equal(cuts.seen, "a:a >|b:'/>|c:/c>|");
}

static const char *escaped(struct mlc_call *c, const char *text)
{
	struct mlc_xml x = { .call = c };

	mlc_xml_escape(&x, text, strlen(text));
	return x.text ? x.text : "";
}

static void what_is_written_is_ascii_and_reads_back(void **state)
{
	struct call *call = call_create(&site, &input);
	struct mlc_call *c = call_inside(call);
	struct mlc_xml x = { .call = c };
	xmlDocPtr doc;

	(void)state;
	assert_string_equal(escaped(c, "a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c&apos;");
	assert_string_equal(escaped(c, "Caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "Caf&#233; &#8364; &#128512;");
	assert_string_equal(escaped(c, "a\x01\x1f" "b\x7f" "c\n\t\r"), "abc\n\t&#13;");
	assert_string_equal(escaped(c, "\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80"), 
		"&#65533;&#65533;&#65533;&#65533;&#65533;");
	assert_string_equal(escaped(c, "\xef\xbf\xbe\xef\xbf\xbf"), "");
	assert_string_equal(escaped(c, ""), "");
	mlc_xml_put(&x, "a", "\xe2\x82\xac<&>\r\n\"'\xf0\x9f\x98\x80");
	doc = mlc_xml_read(x.text, x.len);
	assert_string_equal(mlc_xml_text(c, xmlDocGetRootElement(doc)), "\xe2\x82\xac<&>\r\n\"'\xf0\x9f\x98\x80");
	xmlFreeDoc(doc);
	call_destroy(call);
}

static void writing_beyond_the_budget_says_so(void **state)
{
	struct call *call = call_create(&site, &tight);
	struct mlc_xml x = { .call = call_inside(call) };

	(void)state;
	for (int i = 0; i < 100000; i++)
		mlc_xml_raw(&x, "0123456789");
	assert_true(x.failed);
	assert_true(x.len < 64 * 1024);
	call_destroy(call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_one_plain_document_is_refused),
		cmocka_unit_test(nesting_has_a_ceiling),
		cmocka_unit_test(text_is_found_by_local_name_and_put_together),
		cmocka_unit_test(a_walk_knows_where_each_element_ended),
		cmocka_unit_test(what_is_written_is_ascii_and_reads_back),
		cmocka_unit_test(writing_beyond_the_budget_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
