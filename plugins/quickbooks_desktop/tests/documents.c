/* documents.c - the WSDL, the .qwc file and the sample answers, held against the vendor's own files. */
#include "peer.h"

#include "base/file.h"
#include "base/mem.h"
#include "../qbd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW_MS INT64_C(1795000000000)

static char *vendor_file(const char *path)
{
	const char *given = getenv("MLC_SPECS");
	char *whole = xformat("%s/quickbooks-desktop/%s", given ? given : SPECS, path), *text = NULL;
	size_t len;

	if (file_read(whole, 1 << 20, &text, &len, NULL) < 0)
		text = NULL;
	free(whole);
	return text;
}

/* ---- WSDL ------------------------------------------------------------------------------------------- */

static void add_attribute(struct buf *b, xmlNodePtr n, const char *name)
{
	const char *text = mlc_xml_attribute(n, name);

	if (*text)
		buf_printf(b, " %s=%s", name, strchr(text, ':') && strncmp(text, "http", 4) ? strchr(text, ':') + 1 : text);
}

/* All that a client's generator looks at, one line an element, in a form that does not depend on prefixes. */
static void flatten(struct buf *b, xmlNodePtr n, int depth)
{
	static const char *const names[] = { "name", "type", "element", "message", "minOccurs", "maxOccurs", "nillable",
		"soapAction", "style", "use", "transport", "targetNamespace", "elementFormDefault", "binding" };

	for (; n; n = mlc_xml_next(n)) {
		buf_printf(b, "%*s%s", depth, "", (const char *)n->name);
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (strcmp(names[i], "style") || strcmp((const char *)n->name, "binding"))
				add_attribute(b, n, names[i]);
		buf_putc(b, '\n');
		flatten(b, mlc_xml_first(n), depth + 1);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Blocks of lines: a top-level thing with all below it, sorted, for the order of methods is free. */
static char *sorted(const char *wsdl)
{
	xmlDocPtr doc = mlc_xml_read(wsdl, strlen(wsdl));
	char *blocks[400], *out;
	size_t count = 0;
	struct buf b;

	assert_non_null(doc);
	for (xmlNodePtr top = mlc_xml_first(xmlDocGetRootElement(doc)); top; top = mlc_xml_next(top)) {
		xmlNodePtr inner = mlc_xml_is(top, "types") ? mlc_xml_first(mlc_xml_first(top)) : mlc_xml_first(top);

		if (mlc_xml_is(top, "service") || mlc_xml_is(top, "documentation"))
			continue; /* its address is the server's own */
		for (xmlNodePtr n = inner; n; n = mlc_xml_next(n)) {
			xmlNodePtr after = n->next;

			n->next = NULL;
			buf_init(&b, 1 << 20);
			buf_printf(&b, "%s %s: ", (const char *)top->name, mlc_xml_attribute(top, "name"));
			flatten(&b, n, 1);
			n->next = after;
			blocks[count++] = xstrdup(b.data);
			buf_finish(&b);
		}
	}
	xmlFreeDoc(doc);
	qsort(blocks, count, sizeof *blocks, by_text);
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < count; i++) {
		buf_puts(&b, blocks[i]);
		free(blocks[i]);
	}
	out = xstrdup(b.data);
	buf_finish(&b);
	return out;
}

/* WOO-03: what tools and tests generate their clients from is the contract. */
static void the_wsdl_is_the_contract(void **state)
{
	char *theirs = vendor_file("wsdl/QBWebConnectorSvc.full.wsdl"), *ours, *a, *b;
	struct peer_host h;

	(void)state;
	if (!theirs) {
		printf("# left out: the WSDL is not here (MLC_SPECS)\n");
		return;
	}
	peer_host_init(&h);
	peer_raw(&h, "GET", "wsdl", "", &ours);
	a = sorted(ours);
	b = sorted(theirs);
	assert_string_equal(a, b);
	free(a);
	free(b);
	free(ours);
	free(theirs);
	peer_host_finish(&h);
}

/* ---- .qwc ------------------------------------------------------------------------------------------- */

static bool keep_fact(void *ctx, const char *name, const char *text)
{
	json_object_set_new(ctx, name, json_string(text));
	return true;
}

static char *invited(json_t *settings, json_t *facts, const char *url, char **why)
{
	struct call_site site = { .connector = &mlc_connector_v1, .connection = "acme/books", .settings = settings,
		.facts = facts, .ctx = facts, .fact = keep_fact };
	struct call_input in = { .op = OP_INVITE, .hook_url = url, .now_ms = NOW_MS };
	struct call *c = call_create(&site, &in);
	enum mlc_step step = call_step(c, NULL, NOW_MS);
	char *out = NULL;
	const char *text;
	uint32_t after;

	*why = NULL;
	if (step == MLC_DONE) {
		out = xstrndup(call_inside(c)->answer->body, call_inside(c)->answer->body_len);
	} else {
		call_fault(c, &after, &text);
		*why = xstrdup(text);
	}
	call_destroy(c);
	return out;
}

/* ZUO-15, ZOHO-04, ZOHO-08: the interval and the address are in the file; its ids stay. */
static void the_file_for_the_web_connector_has_all_it_needs(void **state)
{
	json_t *settings = json_pack("{s:i}", "every_minutes", 10), *facts = json_object();
	char *why, *one = invited(settings, facts, "https://mlc.example:8443/serve/acme/books", &why), *two;
	xmlDocPtr doc;
	xmlNodePtr root;
	struct call_site site = { .connector = &mlc_connector_v1 };
	struct call_input in = { .op = OP_INVITE };
	struct call *c = call_create(&site, &in);
	struct mlc_call *mc = call_inside(c);
	static const char *const expected[][2] = { { "AppName", "ml-connector acme.books" }, { "AppID", "" },
		{ "AppURL", "https://mlc.example:8443/serve/acme/books" }, { "AppSupport", "https://mlc.example:8443/support" },
		{ "UserName", "acme.books" }, { "OwnerID", QBD_OWNER_ID }, { "QBType", "QBFS" }, { "Style", "Document" },
		{ "IsReadOnly", "false" }, { "AuthFlags", "0xF" }, { "UnattendedModePref", "umpOptional" },
		{ "PersonalDataPref", "pdpNotNeeded" } };

	(void)state;
	assert_non_null(one);
	doc = mlc_xml_read(one, strlen(one));
	root = xmlDocGetRootElement(doc);
	assert_true(mlc_xml_is(root, "QBWCXML"));
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		assert_string_equal(mlc_xml_child_text(mc, root, expected[i][0]), expected[i][1]);
	assert_string_equal(mlc_xml_child_text(mc, mlc_xml_child(root, "Scheduler"), "RunEveryNMinutes"), "10");
	assert_true(strlen(mlc_xml_child_text(mc, root, "AppDescription")) <= 80);
	assert_string_equal(mlc_xml_child_text(mc, root, "FileID"), json_string_value(json_object_get(facts, "file_id")));
	assert_int_equal(strlen(mlc_xml_child_text(mc, root, "FileID")), 38);
	two = invited(settings, facts, "https://mlc.example:8443/serve/acme/books", &why);
	assert_string_equal(one, two);
	xmlFreeDoc(doc);
	call_destroy(c);
	free(one);
	free(two);
	json_decref(settings);
	json_decref(facts);
}

static void an_address_that_the_web_connector_refuses_is_refused_here(void **state)
{
	static const struct { const char *url; int minutes; const char *words; } bad[] = {
		{ "https://203.0.113.7/serve/a/b", 15, "by number" }, { "https://[2001:db8::1]/serve/a/b", 15, "by number" },
		{ "http://mlc.example/serve/a/b", 15, "https only" }, { "http://127.0.0.1:8080/serve/a/b", 15, "by number" },
		{ "", 15, "public_url" }, { "https://mlc.example/serve/a/b", 0, "every_minutes is 0" } };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		json_t *settings = json_pack("{s:i}", "every_minutes", bad[i].minutes), *facts = json_object();
		char *why, *text = invited(settings, facts, bad[i].url, &why);

		assert_null(text);
		assert_non_null(strstr(why, bad[i].words));
		free(why);
		json_decref(settings);
		json_decref(facts);
	}
	json_t *live = json_pack("{s:s}", "live", "08:00-18:00 -05:00"), *facts = json_object();
	char *why, *text = invited(live, facts, "https://mlc.example/serve/acme/books", &why);

	assert_non_null(strstr(text, "<Scheduler><RunEveryNSeconds>5</RunEveryNSeconds></Scheduler>"));
	free(text);
	json_object_set_new(live, "live", json_string("08:00-18:00"));
	assert_null(invited(live, facts, "https://mlc.example/serve/acme/books", &why));
	assert_non_null(strstr(why, "offset in winter"));
	free(why);
	json_decref(live);
	text = invited(NULL, facts, "http://localhost:8080/serve/acme/books", &why);

	assert_non_null(text);
	free(text);
	json_decref(facts);
}

/* ---- sample answers ------------------------------------------------------------------------------------ */

static size_t leaves(xmlNodePtr n)
{
	size_t count = 0;

	if (!mlc_xml_first(n))
		return 1;
	for (n = mlc_xml_first(n); n; n = mlc_xml_next(n))
		count += leaves(n);
	return count;
}

static size_t values(const json_t *v)
{
	size_t count = 0, i;
	const char *name;
	const json_t *one;

	if (json_is_object(v))
		json_object_foreach((json_t *)v, name, one)
			count += values(one);
	else if (json_is_array(v))
		json_array_foreach(v, i, one)
			count += values(one);
	else
		return 1;
	return count;
}

struct sample_count { size_t records, leaves, values; };

static void read_samples(struct sample_count *count, struct mlc_call *mc, xmlNodePtr rs)
{
	for (xmlNodePtr n = mlc_xml_first(rs); n; n = mlc_xml_next(n)) {
		for (const struct mlc_entity *e = qbd_entities; e->name; e++) {
			struct mlc_xml out = { .call = mc };
			json_t *record;

			if ((e->flags & MLC_PART) || qbd_shape(e->name)->rets || !qbd_is_record(n, e))
				continue;
			qbd_read_record(&out, e, n);
			record = json_loadb(out.text, out.len, 0, NULL);
			assert_non_null(record);
			count->records++;
			count->leaves += leaves(n);
			count->values += values(record);
			json_decref(record);
		}
	}
}

static int read_file(void *ctx, const char *name)
{
	struct sample_count *count = ctx;
	char *path = xformat("samples/authored/%s", name), *text = vendor_file(path);
	struct call_site site = { .connector = &mlc_connector_v1 };
	struct call_input in = { .op = OP_INVITE };
	struct call *c = call_create(&site, &in);
	xmlDocPtr doc = mlc_xml_read(text, strlen(text));

	assert_non_null(doc);
	for (xmlNodePtr rs = mlc_xml_first(mlc_xml_first(xmlDocGetRootElement(doc))); rs; rs = mlc_xml_next(rs))
		read_samples(count, call_inside(c), rs);
	xmlFreeDoc(doc);
	call_destroy(c);
	free(text);
	free(path);
	return 0;
}

/* Every record of the samples is read, and nearly all of what stands in it. */
static void the_sample_answers_are_read(void **state)
{
	struct sample_count count = { 0, 0, 0 };
	const char *given = getenv("MLC_SPECS");
	char *path = xformat("%s/quickbooks-desktop/samples/authored", given ? given : SPECS);

	(void)state;
	dir_each(path, ".rs.xml", read_file, &count, NULL);
	free(path);
	if (!count.records) {
		printf("# left out: the sample answers are not here (MLC_SPECS)\n");
		return;
	}
	assert_true(count.records >= 50);
	assert_true(count.values * 100 >= count.leaves * 95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wsdl_is_the_contract),
		cmocka_unit_test(the_file_for_the_web_connector_has_all_it_needs),
		cmocka_unit_test(an_address_that_the_web_connector_refuses_is_refused_here),
		cmocka_unit_test(the_sample_answers_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
