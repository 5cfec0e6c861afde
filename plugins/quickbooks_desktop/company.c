/* company.c - which company does QuickBooks have open, and how is it set up?
 *
 * Source: QuickBooks Web Connector Programmer's Guide 2.0 (the first sendRequestXML of a visit brings
 * HostQuery, CompanyQuery and PreferencesQuery answers, and CompanyRet carries the FileID that the
 * Web Connector has stamped into the file); QBUqbxml130.xsd. */
#include "qbd.h"

#include <stdlib.h>

static const char *copy(struct mlc_call *c, const char *text)
{
	return c->host->format(c, "%s", text);
}

static void add_fact(struct company *co, const char *name, const char *text)
{
	if (co->fact_count == COMPANY_FACTS)
		return;
	co->facts[co->fact_count].name = name;
	co->facts[co->fact_count++].text = text;
}

/* "13.0" -> 130; 0: none of ours. */
static unsigned level_number(const char *text)
{
	char *end;
	unsigned long major = strtoul(text, &end, 10);
	unsigned long minor = *end == '.' ? strtoul(end + 1, &end, 10) : 0;

	return *end || major > 99 || minor > 9 ? 0 : (unsigned)(major * 10 + minor);
}

static void read_host(struct mlc_call *c, struct company *co, const xmlNode *host)
{
	unsigned best = 0, newest = 0;

	co->host = true;
	co->country = copy(c, mlc_xml_child_text(c, host, "Country"));
	for (const xmlNode *n = mlc_xml_first(host); n; n = mlc_xml_next(n)) {
		unsigned level = mlc_xml_is(n, "SupportedQBXMLVersion")
			? level_number(mlc_xml_text(c, n)) : 0;

		if (level > newest)
			newest = level;
		if (level <= QBD_LEVEL * 10 && level > best)
			best = level;
	}
	if (best)
		co->level = c->host->format(c, "%u.%u", best / 10, best % 10);
	add_fact(co, "edition", copy(c, mlc_xml_child_text(c, host, "ProductName")));
	add_fact(co, "version", c->host->format(c, "%s.%s", mlc_xml_child_text(c, host, "MajorVersion"),
		mlc_xml_child_text(c, host, "MinorVersion")));
	add_fact(co, "qbxml", c->host->format(c, "%u.%u", newest / 10, newest % 10));
	add_fact(co, "file_mode", copy(c, mlc_xml_child_text(c, host, "QBFileMode")));
}

static bool same_guid(const char *a, const char *b)
{
	a += *a == '{', b += *b == '{';
	for (; *a && *a != '}' && *b && *b != '}'; a++, b++)
		if ((*a | 32) != (*b | 32))
			return false;
	return (!*a || *a == '}') && (!*b || *b == '}');
}

static void read_company(struct mlc_call *c, struct company *co, const xmlNode *company)
{
	co->name = copy(c, mlc_xml_child_text(c, company, "CompanyName"));
	co->legal = copy(c, mlc_xml_child_text(c, company, "LegalCompanyName"));
	for (const xmlNode *n = mlc_xml_first(company); n; n = mlc_xml_next(n))
		if (mlc_xml_is(n, "DataExtRet") &&
			same_guid(mlc_xml_child_text(c, n, "OwnerID"), QBD_OWNER_ID) &&
			!strcmp(mlc_xml_child_text(c, n, "DataExtName"), "FileID"))
			co->file_id = copy(c, mlc_xml_child_text(c, n, "DataExtValue"));
	add_fact(co, "legal_company", co->legal);
	add_fact(co, "fiscal_year_start",
		copy(c, mlc_xml_child_text(c, company, "FirstMonthFiscalYear")));
}

/* What the mappings and the lock date need of the preferences.  A switch is told as on or off. */
static const struct {
	const char *fact, *group, *element, *below;
	bool is_switch;
} preferences[] = {
	{ "account_numbers", "AccountingPreferences", "IsUsingAccountNumbers", NULL, true },
	{ "accounts_required", "AccountingPreferences", "IsRequiringAccounts", NULL, true },
	{ "class_tracking", "AccountingPreferences", "IsUsingClassTracking", NULL, true },
	{ "classes_assigned_to", "AccountingPreferences", "AssignClassesTo", NULL, false },
	{ "closing_date", "AccountingPreferences", "ClosingDate", NULL, false },
	{ "multicurrency", "MultiCurrencyPreferences", "IsMultiCurrencyOn", NULL, true },
	{ "inventory", "PurchasesAndVendorsPreferences", "IsUsingInventory", NULL, true },
	{ "aging_from", "ReportsPreferences", "AgingReportBasis", NULL, false },
	{ "auto_apply_payments", "SalesAndCustomersPreferences", "IsAutoApplyingPayments", NULL, true },
	{ "default_tax_item", "SalesTaxPreferences", "DefaultItemSalesTaxRef", "FullName", false },
	{ "taxable_code", "SalesTaxPreferences", "DefaultTaxableSalesTaxCodeRef", "FullName", false },
	{ "nontaxable_code", "SalesTaxPreferences", "DefaultNonTaxableSalesTaxCodeRef", "FullName", false },
};

/* Of the currencies that QuickBooks has in every file, those in which books are kept. */
static const struct { const char *name, *code; } currencies[] = {
	{ "US Dollar", "USD" }, { "Canadian Dollar", "CAD" }, { "British Pound Sterling", "GBP" }, { "Euro", "EUR" },
	{ "Australian Dollar", "AUD" }, { "Mexican Peso", "MXN" },
};

/* The code of the currency that the books are kept in.  Without several currencies it is not told, and
 * in the United States edition is the dollar; the name of another one is told as it is, and matches none. */
static const char *home_currency(struct mlc_call *c, const xmlNode *all)
{
	const char *name = mlc_xml_child_text(c, mlc_xml_child(mlc_xml_child(all, "MultiCurrencyPreferences"),
		"HomeCurrencyRef"), "FullName");

	for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++)
		if (!strcmp(name, currencies[i].name))
			return currencies[i].code;
	return *name ? copy(c, name) : "USD";
}

static void read_preferences(struct mlc_call *c, struct company *co, const xmlNode *all)
{
	co->preferences = true;
	/* The group is there only where sales tax is switched on. */
	add_fact(co, "currency", home_currency(c, all));
	add_fact(co, "sales_tax", mlc_xml_child(all, "SalesTaxPreferences") ? "on" : "off");
	for (size_t i = 0; i < sizeof preferences / sizeof *preferences; i++) {
		const xmlNode *n = mlc_xml_child(mlc_xml_child(all, preferences[i].group),
			preferences[i].element);
		const char *text = preferences[i].below ? mlc_xml_child_text(c, n, preferences[i].below)
			: mlc_xml_text(c, n);

		if (preferences[i].is_switch)
			text = !strcmp(text, "true") || !strcmp(text, "1") ? "on" : "off";
		add_fact(co, preferences[i].fact, copy(c, text));
	}
}

bool company_read(struct mlc_call *c, struct company *co, const char *text, size_t len)
{
	xmlDocPtr doc = mlc_xml_read(text, len);
	const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	const xmlNode *set = mlc_xml_is(root, "QBXML") ? mlc_xml_child(root, "QBXMLMsgsRs") : NULL;

	for (const xmlNode *rs = mlc_xml_first(set); rs; rs = mlc_xml_next(rs)) {
		const xmlNode *host = mlc_xml_child(rs, "HostRet");
		const xmlNode *company = mlc_xml_child(rs, "CompanyRet");
		const xmlNode *all = mlc_xml_child(rs, "PreferencesRet");

		if (host && !co->host)
			read_host(c, co, host);
		if (company && !co->name)
			read_company(c, co, company);
		if (all && !co->preferences)
			read_preferences(c, co, all);
	}
	xmlFreeDoc(doc);
	return set != NULL;
}

bool company_is_known(const struct company *co)
{
	return co->host && co->name && *co->name && co->preferences;
}

/* "2026-11-20T08:00:00-08:00" -> "-8.00" */
static const char *hours_ahead(struct mlc_call *c, const char *stamp)
{
	enum { SIGN = sizeof "2026-11-20T08:00:00" - 1, SIZE = sizeof "2026-11-20T08:00:00-08:00" - 1 };
	unsigned long hours, minutes;

	if (strcspn(stamp, "<") != SIZE || !strchr("+-", stamp[SIGN]) || stamp[SIGN + 3] != ':')
		return NULL;
	hours = strtoul(stamp + SIGN + 1, NULL, 10);
	minutes = strtoul(stamp + SIGN + 4, NULL, 10);
	if (hours > 14 || minutes > 59)
		return NULL;
	return c->host->format(c, "%c%lu.%02lu", stamp[SIGN], hours, minutes * 100 / 60);
}

void company_clock(struct mlc_call *c, const char *text)
{
	static const char tag[] = "<TimeModified>";
	const char *at = strstr(text, tag), *known = mlc_known(c->facts, "gmt_offset");
	const char *hours = at ? hours_ahead(c, at + sizeof tag - 1) : NULL;

	if (hours && (!known || strcmp(known, hours)))
		c->host->fact(c, "gmt_offset", hours);
}

void company_questions(struct mlc_xml *x)
{
	mlc_xml_raw(x, "<HostQueryRq requestID=\"host\"></HostQueryRq>"
		"<CompanyQueryRq requestID=\"company\"><OwnerID>" QBD_OWNER_ID "</OwnerID></CompanyQueryRq>"
		"<PreferencesQueryRq requestID=\"preferences\"></PreferencesQueryRq>");
}

/* A company is known by its name; blanks and the case of letters do not make another one of it. */
static const char *fingerprint(struct mlc_call *c, const char *name)
{
	size_t len = 0;
	char *out = c->host->alloc(c, strlen(name) + 1);

	if (!out)
		return "";
	for (; *name; name++) {
		if (*name == ' ' && (!len || out[len - 1] == ' '))
			continue;
		out[len++] = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
	}
	while (len && out[len - 1] == ' ')
		len--;
	out[len] = 0;
	return out;
}

static const char *setting(struct mlc_call *c, const char *name)
{
	const char *text = mlc_known(c->settings, name);

	return text ? text : "";
}

/* The name as the settings write it where it is the same, so that others may compare them as they stand. */
static const char *known_name(struct mlc_call *c, const struct company *co)
{
	const char *wanted = fingerprint(c, setting(c, "company"));

	if (*wanted && (!strcmp(wanted, fingerprint(c, co->name)) ||
		!strcmp(wanted, fingerprint(c, co->legal ? co->legal : ""))))
		return setting(c, "company");
	return *wanted ? NULL : co->name;
}

/* The host compares both with what it knows; one that conflicts holds the connection, and nothing that
 * is told beside it is stored. */
static bool holds(struct mlc_call *c, const struct company *co)
{
	return json_object_get(c->facts, "identity") ? !c->host->fact(c, "identity", fingerprint(c, co->name))
		: !c->host->fact(c, "company", co->name);
}

const char *company_refused(struct mlc_call *c, const struct company *co, bool *held)
{
	const char *file_id = mlc_known(c->facts, "file_id"), *name;

	*held = false;
	if (!co->name || !*co->name)
		return "QuickBooks did not say which company is open";
	if (!co->country || strcmp(co->country, "US"))
		return c->host->format(c, "this is QuickBooks for country \"%s\"; only the United States "
			"edition is supported", co->country ? co->country : "");
	name = known_name(c, co);
	if (!name) {
		*held = holds(c, co);
		return c->host->format(c, "QuickBooks has the company \"%s\" open, but this connection is "
			"for \"%s\" (setting company): open the right company file", co->name,
			setting(c, "company"));
	}
	if (file_id && co->file_id && *co->file_id && !same_guid(file_id, co->file_id))
		return c->host->format(c, "the company file \"%s\" belongs to another connection of this "
			"program (FileID %s, not %s)", co->name, co->file_id, file_id);
	if (!c->host->fact(c, "identity", fingerprint(c, co->name))) {
		*held = true;
		return c->host->format(c, "QuickBooks has the company \"%s\" open, which is another than "
			"last time: nothing is exchanged until someone confirms it", co->name);
	}
	c->host->fact(c, "company", name);
	c->host->fact(c, "country", co->country);
	c->host->fact(c, "refused", "");
	for (unsigned i = 0; i < co->fact_count; i++)
		c->host->fact(c, co->facts[i].name, co->facts[i].text);
	return NULL;
}
