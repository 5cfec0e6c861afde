/* mlc.lua and tenant.lua become JSON with lines; what is wrong is said with its line and what was
 * probably meant. */
#include "base/json.h"
#include "script/language.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char tenant[] =
	"-- tenants/acme/tenant.lua\n"                                                             /* 1 */
	"return tenant {\n"                                                                        /* 2 */
	"  title = \"Acme Mugs\",\n"                                                               /* 3 */
	"  connections = {\n"                                                                      /* 4 */
	"    books = { connector = \"quickbooks_desktop\", company = \"Acme Mugs LLC\", every_minutes = 15 },\n"
	"    shop  = { connector = \"woocommerce\",\n"                                             /* 6 */
	"              url = \"https://shop.acme.example\" }, -- a comment, with { in it\n"        /* 7 */
	"    z = { connector = \"zuora\" }, desk = { connector = \"zendesk\" },\n"                 /* 8 */
	"  },\n"                                                                                   /* 9 */
	"  flows = {\n"                                                                            /* 10 */
	"    integration \"woocommerce-quickbooks_desktop\" { woocommerce = \"shop\",\n"           /* 11 */
	"      quickbooks_desktop = \"books\", start = \"2026-10-01\", mode = \"shadow\",\n"       /* 12 */
	"      params = { document = \"invoice_and_payment\", rounding_max = 0.05, list = {} },\n" /* 13 */
	"      max_amount_per_day = 25000 },\n"                                                    /* 14 */
	"    flow \"zuora.account->zendesk.organization\" { zuora = \"z\", zendesk = \"desk\" },\n"
	"  },\n"                                                                                   /* 16 */
	"}\n";

static json_t *read_text(const char *kind, const char *text)
{
	json_t *got = settings_read(kind, "some/file.lua", text, strlen(text));

	assert_non_null(got);
	assert_true(json_is_object(json_object_get(got, "lines")));
	assert_true(json_is_array(json_object_get(got, "errors")));
	return got;
}

static void expect_text(const json_t *value, const char *path, const char *text)
{
	assert_string_equal(json_text_or(value, path, "(absent)"), text);
}

static json_int_t line(const json_t *got, const char *path)
{
	return json_integer_value(json_object_get(json_object_get(got, "lines"), path));
}

static void a_tenant_comes_as_it_was_written(void **state)
{
	json_t *got = read_text("tenant", tenant);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(got, "errors")), 0);
	expect_text(got, "value.title", "Acme Mugs");
	expect_text(got, "value.connections.shop.url", "https://shop.acme.example");
	assert_int_equal(json_int_or(got, "value.connections.books.every_minutes", 0), 15);
	expect_text(got, "value.flows.0.integration", "woocommerce-quickbooks_desktop");
	expect_text(got, "value.flows.0.woocommerce", "shop");
	expect_text(got, "value.flows.0.start", "2026-10-01");
	expect_text(got, "value.flows.0.params.rounding_max", "0.05");
	expect_text(got, "value.flows.0.max_amount_per_day", "25000");
	json_decref(got);
}

/* ALL-01: any two connectors are paired by files alone. */
static void a_flow_of_an_own_mapping_needs_no_integration(void **state)
{
	json_t *got = read_text("tenant", tenant);

	(void)state;
	expect_text(got, "value.flows.1.mapping", "zuora.account->zendesk.organization");
	expect_text(got, "value.flows.1.zuora", "z");
	expect_text(got, "value.flows.1.zendesk", "desk");
	assert_null(json_at(got, "value.flows.1.integration"));
	json_decref(got);
}

static void every_member_has_its_line(void **state)
{
	json_t *got = read_text("tenant", tenant);

	(void)state;
	assert_int_equal(line(got, "title"), 3);
	assert_int_equal(line(got, "connections.books.company"), 5);
	assert_int_equal(line(got, "connections.shop"), 6);
	assert_int_equal(line(got, "connections.shop.url"), 7);
	assert_int_equal(line(got, "connections.desk.connector"), 8);
	assert_int_equal(line(got, "flows.1"), 11);
	assert_int_equal(line(got, "flows.1.start"), 12);
	assert_int_equal(line(got, "flows.1.params.document"), 13);
	assert_int_equal(line(got, "flows.1.max_amount_per_day"), 14);
	assert_int_equal(line(got, "flows.2.zendesk"), 15);
	json_decref(got);
}

static void flows_that_a_loop_makes_have_the_line_of_their_constructor(void **state)
{
	json_t *got = read_text("tenant",
		"local flows = {}\n"
		"for _, shop in ipairs { 'a', 'b' } do\n"
		"  local function nothing() return {} end\n"
		"  flows[#flows + 1] =\n"
		"    integration 'woocommerce-quickbooks_desktop' { woocommerce = shop, quickbooks_desktop = 'c' }\n"
		"end\n"
		"return tenant { flows = flows }\n");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(got, "errors")), 0);
	expect_text(got, "value.flows.1.woocommerce", "b");
	assert_int_equal(line(got, "flows.2"), 5);
	json_decref(got);
}

static void the_host_s_own_file_is_read(void **state)
{
	json_t *got = read_text("mlc",
		"return {\n"
		"  public = { address = '0.0.0.0', port = 8443, url = 'https://books.example.com',\n"
		"    tls = { cert = 'tls/cert.pem', key = 'tls/key.pem' } },\n"
		"  admin = { address = '127.0.0.1', port = 8444 },\n"
		"  outbound = { allow_private = {}, ca_file = 'tls/ca.pem' },\n"
		"  store = 'state', workers = 2, retention = { payload_days = 400 },\n"
		"  alerts = { command = { '/usr/local/bin/tell-us', '--now' } },\n"
		"  apps = { intuit = { connector = 'quickbooks_online', client_id = 'AB', sandbox = true } },\n"
		"  key_file = 'master.key',\n"
		"}\n");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(got, "errors")), 0);
	assert_int_equal(json_int_or(got, "value.public.port", 0), 8443);
	expect_text(got, "value.public.tls.key", "tls/key.pem");
	assert_true(json_is_array(json_at(got, "value.outbound.allow_private")));
	assert_true(json_true_at(got, "value.apps.intuit.sandbox"));
	json_decref(got);
}

struct mistake {
	const char *kind, *text;
	int line;
	const char *says, *hint;
};

static const struct mistake mistakes[] = {
	{ "mlc", "return {\n  public = {\n    adress = 'x' } }", 3, "no 'public.adress'", "did you mean 'address'?" },
	{ "mlc", "return {\n  wrokers = 2 }", 2, "no 'wrokers'", "did you mean 'workers'?" },
	{ "mlc", "return { xyzzy = 2 }", 1, "no 'xyzzy'", "one of: public, admin" },
	{ "mlc", "return {\n  workers = 1000 }", 2, "workers has to be a whole number from 0 to 64", "workers = 2" },
	{ "mlc", "return {\n  workers = 1.5 }", 2, "whole number", "workers = 2" },
	{ "mlc", "return { public = { tls = {\n cert = 'x' } } }", 1, "public.tls has no key", "key = " },
	{ "mlc", "return { public = 8443 }", 1, "public has to be a table", "public = {" },
	{ "mlc", "return { alerts = { command = 'mail' } }", 1, "list of texts", "command = {" },
	{ "mlc", "return { outbound = { allow_private = { 10 } } }", 1, "list of texts", "allow_private = {" },
	{ "mlc", "return { apps = { ['My App'] = { connector = 'x' } } }", 1, "'My App' cannot be a name", "small letters" },
	{ "mlc", "return { apps = { x = 1 } }", 1, "apps.x has to be a table", NULL },
	{ "mlc", "x = 1", 0, "returns no table", "return { ... }" },
	{ "mlc", "return { 1, 2 }", 0, "returns a list", "return { ... }" },
	{ "mlc", "return 1", 0, "returns no table", "return { ... }" },
	{ "mlc", "return {\n  workers = = 2 }", 2, "unexpected symbol near '='", NULL },
	{ "mlc", "return {\n  workers = os.getenv('X') }", 2, "attempt to index a nil value (global 'os')", NULL },
	{ "mlc", "while true do end", 1, "runs ", NULL },
	{ "mlc", "local t = {} t.public = t return t", 0, "tables within tables without end", NULL },
	{ "mlc", "return { store = function() end }", 1, "store: a function cannot stand here", NULL },
	{ "mlc", "return { store = 'a\\255b' }", 1, "store: the text is not UTF-8", "UTF-8" },
	{ "mlc", "return { 1, store = 'x' }", 0, "side by side", NULL },
	{ "mlc", "return { [true] = 1 }", 0, "true cannot be a name", NULL },
	{ "mlc", "return { workers = 0 / 0 }", 1, "no number that can be used", NULL },
	{ "tenant", "return tenant {\n flows = { { woocommerce = 'x' } } }", 2, "flows.1 is no flow", "as in integration" },
	{ "tenant", "return tenant { flows =\n integration 'x-y' {} }", 1, "flows has to be a list", "integration" },
	{ "tenant", "return tenant {\n flows = { integration 'shop' {} } }", 2, "integration \"shop\"", NULL },
	{ "tenant", "return tenant {\n flows = { flow 'zuora-zendesk' {} } }", 2, "flow \"zuora-zendesk\"", NULL },
	{ "tenant", "return tenant {\n flows = { integration 'woocommerce-quickbooks_desktop' {\n  wocommerce = 'x' } } }",
	  3, "no 'flows.1.wocommerce'", "did you mean 'woocommerce'?" },
	{ "tenant", "return tenant {\n flows = { integration 'a-b' {\n  jobs = 'roll_up' } } }", 3, "no 'flows.1.jobs'", "params" },
	{ "tenant", "return tenant {\n flows = { integration 'a-b' {\n  mode = 'Shadow' } } }", 3,
	  "flows.1.mode has to be \"shadow\" or \"live\"", "did you mean \"shadow\"?" },
	{ "tenant", "return tenant {\n flows = { integration 'a-b' {\n  start = '2026-13-01' } } }", 3,
	  "flows.1.start has to be a day", "2026-10-01" },
	{ "tenant", "return tenant {\n flows = { integration 'a-b' {\n  max_amount_per_day = '1,000' } } }", 3,
	  "has to be an amount", "25000.00" },
	{ "tenant", "return tenant {\n flows = { integration 'a-b' {\n  a = 5 } } }", 3, "flows.1.a has to be a text",
	  "name of a connection" },
	{ "tenant", "return tenant {\n connections = {\n  shop = { url = 'x' } } }", 3, "connections.shop has no connector",
	  "connector = " },
	{ "tenant", "return tenant {\n connections = {\n  shop = { connector = 'x', every_minutes = 0 } } }", 3,
	  "connections.shop.every_minutes has to be", "15" },
	{ "tenant", "return tenant {\n connections = {\n  Shop = { connector = 'x' } } }", 3, "'Shop' cannot be a name", NULL },
	{ "nonsense", "return {}", 0, "no kind of file", NULL },
};

static void what_is_wrong_is_said_with_its_line_and_what_was_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		const struct mistake *m = &mistakes[i];
		json_t *got = read_text(m->kind, m->text), *errors = json_object_get(got, "errors");
		const char *says = json_text_or(got, "errors.0.text", ""), *hint = json_text_or(got, "errors.0.hint", "");

		if (json_array_size(errors) != 1 || !strstr(says, m->says) || (m->hint && !strstr(hint, m->hint))
			|| json_int_or(got, "errors.0.line", 0) != m->line) {
			char *all = json_dumps(errors, JSON_INDENT(1));

			print_message("# %s\n# %s\n", m->text, all);
			free(all);
			fail();
		}
		expect_text(got, "errors.0.file", "some/file.lua");
		json_decref(got);
	}
}

/* As an editor leaves it: cut anywhere, it is an error or a value, never a crash. */
static void half_a_file_is_no_harm(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof tenant - 1; len++) {
		json_t *got = settings_read("tenant", "t", tenant, len);

		if (len < sizeof tenant - 3)
			assert_true(json_array_size(json_object_get(got, "errors")) > 0);
		json_decref(got);
	}
}

static void what_a_connector_or_a_mapping_checks_is_left_to_them(void **state)
{
	json_t *got = read_text("tenant",
		"return tenant { connections = { s = { connector = 'w', anything = { 1, 2 }, rate = 1.50 } },"
		" flows = { integration 'w-q' { w = 's', q = 's', params = { x = { y = 1 } } } } }");

	(void)state;
	assert_int_equal(json_array_size(json_object_get(got, "errors")), 0);
	expect_text(got, "value.connections.s.rate", "1.5");
	assert_int_equal(json_int_or(got, "value.connections.s.anything.1", 0), 2);
	json_decref(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tenant_comes_as_it_was_written),
		cmocka_unit_test(a_flow_of_an_own_mapping_needs_no_integration),
		cmocka_unit_test(every_member_has_its_line),
		cmocka_unit_test(flows_that_a_loop_makes_have_the_line_of_their_constructor),
		cmocka_unit_test(the_host_s_own_file_is_read),
		cmocka_unit_test(what_is_wrong_is_said_with_its_line_and_what_was_meant),
		cmocka_unit_test(half_a_file_is_no_harm),
		cmocka_unit_test(what_a_connector_or_a_mapping_checks_is_left_to_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
