/* language_hand.h - what tests of the language share: schemas in a line, files, one LOAD. */
#ifndef LANGUAGE_HAND_H
#define LANGUAGE_HAND_H

#include "base/file.h"
#include "base/json.h"
#include "script/language.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct hand {
	json_t *load, *reply;
	struct generation *generation;
};

/* "name type flags:of" parted by ';', as in "id integer; total decimal :2; Name text rf:41". */
static inline json_t *hand_fields(const char *spec)
{
	static const struct { char letter; const char *flag; } flags[] = { { '!', "required" }, { 'r', "readonly" },
		{ 'f', "findable" }, { 'i', "immutable" }, { 'm', "mirrored" } };
	json_t *all = json_array();
	char *copy = strdup(spec), *save = NULL;

	for (char *one = strtok_r(copy, ";", &save); one; one = strtok_r(NULL, ";", &save)) {
		char name[64] = "", type[16] = "", rest[64] = "", *of;
		json_t *f = json_object(), *list = json_array();
		if (sscanf(one, " %63s %15s %63s", name, type, rest) < 2)
			fail_msg("no field: %s", one);
		of = strchr(rest, ':');
		for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
			if (memchr(rest, flags[i].letter, of ? (size_t)(of - rest) : strlen(rest)))
				json_array_append_new(list, json_string(flags[i].flag));
		json_object_set_new(f, "name", json_string(name));
		json_object_set_new(f, "type", json_string(type));
		json_object_set_new(f, "flags", list);
		json_object_set_new(f, "limit", json_integer(of ? atoi(of + 1) : 0));
		if (of && atoi(of + 1) == 0)
			json_object_set_new(f, "of", json_string(of + 1));
		json_array_append_new(all, f);
	}
	free(copy);
	return all;
}

static inline void hand_entity(struct hand *h, const char *connector, const char *name, const char *spec)
{
	json_t *connectors = json_object_get(h->load, "connectors"), *c = json_object_get(connectors, connector);
	json_t *e = json_pack("{s:[s,s,s,s]}", "flags", "create", "update", "delete", "void");

	if (!c) {
		c = json_pack("{s:{}}", "entities");
		json_object_set_new(connectors, connector, c);
	}
	json_object_set_new(e, "fields", hand_fields(spec));
	json_object_set_new(json_object_get(c, "entities"), name, e);
}

static inline void hand_begin(struct hand *h)
{
	memset(h, 0, sizeof *h);
	h->load = json_pack("{s:i,s:{},s:[],s:{}}", "generation", 1, "connectors", "files", "tenants");
	hand_entity(h, "woocommerce", "order", "id integer; number text; status text; date_paid text; date_modified_gmt text;"
		"currency text; payment_method text; payment_method_title text; transaction_id text; billing object :address;"
		"line_items list :order_line; coupon_lines list :coupon; tax_lines list :tax_line; meta_data list :meta;"
		"shipping_total decimal; discount_total decimal; total_tax decimal; total decimal; customer_id integer");
	hand_entity(h, "woocommerce", "address", "first_name text; last_name text; company text; address_1 text; city text;"
		"state text; postcode text; country text; email text; phone text");
	hand_entity(h, "woocommerce", "order_line", "id integer; name text; sku text; quantity decimal; subtotal decimal;"
		"subtotal_tax decimal; total decimal; taxes list :line_tax");
	hand_entity(h, "woocommerce", "line_tax", "id integer; total decimal");
	hand_entity(h, "woocommerce", "coupon", "code text");
	hand_entity(h, "woocommerce", "tax_line", "rate_code text; rate_percent decimal; tax_total decimal");
	hand_entity(h, "woocommerce", "meta", "key text; value text");
	hand_entity(h, "quickbooks_desktop", "Invoice", "TxnID text r; CustomerRef ref !:Customer; ClassRef ref :Class; TxnDate date;"
		"RefNumber text f:11; BillAddress object :Address; PONumber text :25; TermsRef ref :Terms; IsPaid bool r;"
		"ItemSalesTaxRef ref :Item; Subtotal decimal r; SalesTaxTotal decimal r; AppliedAmount decimal r; Memo text :4095;"
		"IsToBePrinted bool; InvoiceLine list !:InvoiceLine");
	hand_entity(h, "quickbooks_desktop", "InvoiceLine", "TxnLineID text r; ItemRef ref :Item; Desc text :4095;"
		"Quantity decimal :5; Amount decimal :2; SalesTaxCodeRef ref :SalesTaxCode");
	hand_entity(h, "quickbooks_desktop", "Address", "Addr1 text :41; Addr2 text :41; City text :31; State text :21;"
		"PostalCode text :13; Country text :31");
	hand_entity(h, "quickbooks_desktop", "Customer", "ListID text r; Name text !f:41; FullName text rf:209; Email text m:1023;"
		"Phone text :21; Notes text :4095; BillAddress object :Address");
	hand_entity(h, "quickbooks_desktop", "Vendor", "Name text !f:41");
	hand_entity(h, "quickbooks_desktop", "Item", "Name text f:31; FullName text rf:159; IsActive bool; TaxRate decimal");
	hand_entity(h, "quickbooks_desktop", "Class", "FullName text f");
	hand_entity(h, "quickbooks_desktop", "Terms", "Name text f");
	hand_entity(h, "quickbooks_desktop", "SalesTaxCode", "Name text f:3");
	hand_entity(h, "quickbooks_desktop", "Account", "FullName text f");
	hand_entity(h, "quickbooks_online", "customer", "Id text; DisplayName text; ParentRef ref :customer; CompanyName text; Active bool; Balance decimal;"
		"PrimaryEmailAddr object; BillAddr object; MetaData object");
	hand_entity(h, "quickbooks_online", "invoice", "Id text; CustomerRef ref f:customer; Balance decimal; DueDate date");
	hand_entity(h, "zendesk", "organization", "id integer r; name text !f; external_id text f; details text; users.email text f;"
		"tags list; organization_fields object");
}

static inline void hand_file(struct hand *h, const char *path, const char *text)
{
	json_array_append_new(json_object_get(h->load, "files"), json_pack("{s:s,s:s}", "path", path, "text", text));
}

/* One of the mappings beside these tests. */
static inline void hand_example(struct hand *h, const char *path, const char *example)
{
	char full[400], *text;
	size_t len;

	snprintf(full, sizeof full, "%s/%s", getenv("LANGUAGE_EXAMPLES"), example);
	assert_int_equal(0, file_read(full, 1 << 20, &text, &len, NULL));
	hand_file(h, path, text);
	free(text);
}

/* A tenant with one integration; params: JSON, with ' for ". */
static inline json_t *hand_json(const char *text)
{
	char *copy = strdup(text);
	json_t *out;

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	out = json_loads(copy, JSON_DECODE_ANY, NULL);
	if (!out)
		fail_msg("no JSON: %s", text);
	free(copy);
	return out;
}

static inline void hand_tenant(struct hand *h, const char *tenant, const char *name, const char *integration,
	const char *bind, const char *params)
{
	json_t *tenants = json_object_get(h->load, "tenants"), *t = json_object_get(tenants, tenant);

	if (!t) {
		t = json_pack("{s:[],s:[]}", "integrations", "answers");
		json_object_set_new(tenants, tenant, t);
	}
	json_array_append_new(json_object_get(t, "integrations"), json_pack("{s:s,s:s,s:o,s:o,s:s,s:i}", "name", name,
		"integration", integration, "bind", hand_json(bind), "params", hand_json(params), "file", "tenants/acme/tenant.lua",
		"line", 9));
}

static inline void hand_load(struct hand *h)
{
	json_decref(h->reply);
	generation_destroy(h->generation);
	h->reply = NULL;
	h->generation = generation_load(h->load, &h->reply);
	assert_non_null(h->reply);
}

static inline void hand_print_errors(const struct hand *h)
{
	size_t i;
	json_t *e;

	json_array_foreach(json_object_get(h->reply, "errors"), i, e)
		print_message("# %s:%d: %s (%s)\n", json_text_or(e, "file", ""), (int)json_int_or(e, "line", 0),
			json_text_or(e, "text", ""), json_text_or(e, "hint", ""));
}

static inline void hand_load_well(struct hand *h)
{
	hand_load(h);
	hand_print_errors(h);
	assert_non_null(h->generation);
}

static inline void hand_end(struct hand *h)
{
	generation_destroy(h->generation);
	json_decref(h->reply);
	json_decref(h->load);
}

/* The error of that text, with line and hint (NULL: whatever) as given. */
static inline void assert_error(const struct hand *h, int line, const char *text, const char *hint)
{
	size_t i;
	json_t *e;

	json_array_foreach(json_object_get(h->reply, "errors"), i, e) {
		if (strcmp(json_text_or(e, "text", ""), text))
			continue;
		assert_int_equal(line, json_int_or(e, "line", 0));
		if (hint)
			assert_string_equal(hint, json_text_or(e, "hint", ""));
		return;
	}
	hand_print_errors(h);
	fail_msg("no such error: %s", text);
}

/* Maps a record (both JSON with ' for "); the verdict is the caller's. */
static inline json_t *hand_map(struct hand *h, const char *header, const char *record)
{
	json_t *head = hand_json(header), *verdict;
	char *text = strdup(record);

	for (char *at = text; *at; at++)
		if (*at == '\'')
			*at = '"';
	verdict = generation_map(h->generation, head, text, strlen(text));
	assert_non_null(verdict);
	json_decref(head);
	free(text);
	return verdict;
}

#endif
