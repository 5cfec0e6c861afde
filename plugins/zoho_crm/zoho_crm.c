/* zoho_crm.c - Zoho CRM as a connector: what its modules hold, how one logs in.
 *
 * Names are Zoho's API names.  Fields that an operator makes once (External_Id, Books_*, Invoice_Lines) are
 * told apart by a remark; ping names those that are missing.  Facts about the API: SOURCES.md. */
#include "zoho.h"

/* Members that every module has.  External_Id: ours, to be made as a unique text field, so that a create
 * that comes twice makes nothing new. */
#define HEAD                                                                                                     \
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 19, NULL },                                               \
	{ "Created_Time", MLC_INSTANT, MLC_READONLY, 0, NULL },                                                  \
	{ "Modified_Time", MLC_INSTANT, MLC_READONLY, 0, NULL },                                                 \
	{ EXTERNAL, MLC_TEXT, MLC_FINDABLE, 100, NULL }

#define TEXT(name, limit) { name, MLC_TEXT, 0, limit, NULL }
#define FOUND(name, limit) { name, MLC_TEXT, MLC_FINDABLE, limit, NULL }
#define NAME(name, limit) { name, MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, limit, NULL }
#define MONEY(name) { name, MLC_DECIMAL, MLC_BARE, 2, NULL }
#define COMPUTED(name) { name, MLC_DECIMAL, MLC_BARE | MLC_READONLY, 2, NULL }
#define RATE(name) { name, MLC_DECIMAL, MLC_BARE, 9, NULL }
#define DAY(name) { name, MLC_DATE, 0, 0, NULL }
#define FLAG(name) { name, MLC_BOOL, 0, 0, NULL }
#define LOOKUP(name, of) { name, MLC_REF, MLC_FINDABLE, 0, of }
#define ROWS(name, of) { name, MLC_LIST, 0, 0, of }

#define ADDRESS(kind)                                                                                            \
	TEXT(kind "_Street", 250), TEXT(kind "_City", 100), TEXT(kind "_State", 100), TEXT(kind "_Code", 30),    \
	TEXT(kind "_Country", 100)

static const struct mlc_field accounts[] = {
	HEAD,
	NAME("Account_Name", 200),
	FOUND("Phone", 30),
	/* Made by us of Phone, its last ten digits: how a number was typed is nothing to search by. */
	{ "Phone_Digits", MLC_TEXT, MLC_READONLY | MLC_MIRRORED, 10, NULL },
	TEXT("Fax", 30),
	TEXT("Website", 450),
	FOUND("Account_Number", 40),
	LOOKUP("Parent_Account", "Accounts"),
	TEXT("Account_Type", 120),
	ADDRESS("Billing"),
	ADDRESS("Shipping"),
	TEXT("Description", 32000),
	TEXT("Currency", 3), /* where the org keeps several */
	FOUND("Books_Email", 100),    /* to be made: an account has no e-mail of its own */
	TEXT("Books_Status", 120),    /* to be made, with the four that follow */
	MONEY("Books_Balance"),
	MONEY("Books_Overdue"),
	{ "Books_Open_Invoices", MLC_INTEGER, 0, 0, NULL },
	DAY("Books_Last_Invoice"),
	{ NULL },
};

static const struct mlc_field contacts[] = {
	HEAD,
	FOUND("First_Name", 40),
	NAME("Last_Name", 80),
	FOUND("Email", 100),
	FOUND("Phone", 50),
	TEXT("Mobile", 30),
	LOOKUP("Account_Name", "Accounts"),
	TEXT("Title", 100),
	TEXT("Mailing_Street", 250), TEXT("Mailing_City", 100), TEXT("Mailing_State", 100), TEXT("Mailing_Zip", 30),
	TEXT("Mailing_Country", 100),
	TEXT("Description", 32000),
	{ NULL },
};

static const struct mlc_field deals[] = {
	HEAD,
	NAME("Deal_Name", 120),
	{ "Stage", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 120, NULL },
	TEXT("Pipeline", 120), /* mandatory where pipelines are on */
	DAY("Closing_Date"),   /* mandatory in the standard layout */
	MONEY("Amount"),
	LOOKUP("Account_Name", "Accounts"),
	LOOKUP("Contact_Name", "Contacts"),
	TEXT("Type", 120),
	TEXT("Next_Step", 100),
	TEXT("Description", 32000),
	TEXT("Currency", 3),
	RATE("Exchange_Rate"),
	TEXT("Books_Status", 120), /* to be made, with the three that follow */
	MONEY("Books_Balance"),
	TEXT("Books_Number", 50),
	ROWS("Invoice_Lines", "Invoice_Line"),
	{ NULL },
};

/* The rows of a subform that an operator makes in Deals: a related product carries neither quantity nor price. */
static const struct mlc_field invoice_line[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 19, NULL },
	LOOKUP("Product", "Products"),
	TEXT("Line_Description", 2000),
	RATE("Quantity"),
	RATE("Rate"),
	MONEY("Amount"),
	{ NULL },
};

/* Which products a deal is about: the related list, as a record of its own with the deal's id. */
static const struct mlc_field deal_products[] = {
	{ "Deal", MLC_REF, MLC_REQUIRED | MLC_IMMUTABLE, 0, "Deals" },
	ROWS("Products", "Deal_Product"),
	{ NULL },
};

static const struct mlc_field deal_product[] = {
	LOOKUP("Product", "Products"),
	{ NULL },
};

static const struct mlc_field products[] = {
	HEAD,
	NAME("Product_Name", 200),
	FOUND("Product_Code", 200),
	FLAG("Product_Active"),
	MONEY("Unit_Price"),
	FLAG("Taxable"),
	LOOKUP("Vendor_Name", "Vendors"),
	TEXT("Product_Category", 120),
	TEXT("Description", 32000),
	{ NULL },
};

static const struct mlc_field vendors[] = {
	HEAD,
	NAME("Vendor_Name", 100),
	FOUND("Email", 100),
	FOUND("Phone", 30),
	TEXT("Website", 450),
	TEXT("Category", 250),
	TEXT("Street", 250), TEXT("City", 100), TEXT("State", 100), TEXT("Zip_Code", 30), TEXT("Country", 100),
	TEXT("Description", 32000),
	{ NULL },
};

static const struct mlc_field leads[] = {
	HEAD,
	TEXT("First_Name", 40),
	NAME("Last_Name", 80),
	FOUND("Company", 200),
	FOUND("Email", 100),
	FOUND("Phone", 30),
	TEXT("Mobile", 30),
	TEXT("Website", 255),
	TEXT("Lead_Source", 120),
	TEXT("Lead_Status", 120),
	TEXT("Street", 250), TEXT("City", 100), TEXT("State", 100), TEXT("Zip_Code", 30), TEXT("Country", 100),
	TEXT("Description", 32000),
	{ NULL },
};

/* Quotes, sales orders, purchase orders and invoices share most of themselves. */
#define TOTALS                                                                                                   \
	MONEY("Adjustment"), COMPUTED("Sub_Total"), COMPUTED("Discount"), COMPUTED("Tax"), COMPUTED("Grand_Total"), \
	TEXT("Currency", 3), RATE("Exchange_Rate")
#define FOOT ADDRESS("Billing"), ADDRESS("Shipping"), TEXT("Terms_and_Conditions", 32000), TEXT("Description", 32000)

static const struct mlc_field quotes[] = {
	HEAD,
	NAME("Subject", 255),
	TEXT("Quote_Stage", 120),
	DAY("Valid_Till"),
	LOOKUP("Deal_Name", "Deals"), LOOKUP("Account_Name", "Accounts"), LOOKUP("Contact_Name", "Contacts"),
	TOTALS, FOOT,
	{ "Quoted_Items", MLC_LIST, MLC_REQUIRED, 0, "Line_Item" },
	{ NULL },
};

static const struct mlc_field sales_orders[] = {
	HEAD,
	NAME("Subject", 255),
	TEXT("Status", 120),
	DAY("Due_Date"),
	TEXT("Purchase_Order", 100),
	LOOKUP("Quote_Name", "Quotes"), LOOKUP("Deal_Name", "Deals"), LOOKUP("Account_Name", "Accounts"),
	LOOKUP("Contact_Name", "Contacts"),
	TOTALS, FOOT,
	{ "Ordered_Items", MLC_LIST, MLC_REQUIRED, 0, "Line_Item" },
	{ NULL },
};

static const struct mlc_field purchase_orders[] = {
	HEAD,
	NAME("Subject", 255),
	{ "Vendor_Name", MLC_REF, MLC_REQUIRED | MLC_FINDABLE, 0, "Vendors" },
	FOUND("PO_Number", 50),
	DAY("PO_Date"), DAY("Due_Date"),
	TEXT("Status", 120),
	LOOKUP("Contact_Name", "Contacts"),
	TOTALS, FOOT,
	{ "Purchase_Items", MLC_LIST, MLC_REQUIRED, 0, "Line_Item" },
	{ NULL },
};

static const struct mlc_field invoices[] = {
	HEAD,
	NAME("Subject", 255),
	{ "Invoice_Number", MLC_TEXT, MLC_READONLY, 20, NULL },
	DAY("Invoice_Date"), DAY("Due_Date"),
	TEXT("Status", 120),
	TEXT("Purchase_Order", 100),
	{ "Account_Name", MLC_REF, MLC_REQUIRED | MLC_FINDABLE, 0, "Accounts" },
	LOOKUP("Contact_Name", "Contacts"), LOOKUP("Deal_Name", "Deals"), LOOKUP("Sales_Order", "Sales_Orders"),
	TOTALS, FOOT,
	{ "Invoiced_Items", MLC_LIST, MLC_REQUIRED, 0, "Line_Item" },
	{ NULL },
};

static const struct mlc_field line_item[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 19, NULL },
	{ "Product_Name", MLC_REF, MLC_REQUIRED, 0, "Products" },
	TEXT("Description", 2000),
	RATE("Quantity"),
	MONEY("List_Price"),
	MONEY("Discount"),
	ROWS("Line_Tax", "Line_Tax"),
	COMPUTED("Tax"), COMPUTED("Total"), COMPUTED("Net_Total"),
	{ NULL },
};

static const struct mlc_field line_tax[] = {
	TEXT("name", 100),
	RATE("percentage"),
	COMPUTED("value"),
	{ NULL },
};

/* KEYED: a create carries External_Id, unique, which holds the key where the mapping gives nothing better. */
#define ALL (MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_VERSIONED | MLC_KEYED)

const struct mlc_entity zoho_entities[] = {
	[ACCOUNTS] = { "Accounts", ALL, BATCH, NULL, accounts },
	[CONTACTS] = { "Contacts", ALL, BATCH, NULL, contacts },
	[DEALS] = { "Deals", ALL, BATCH, NULL, deals },
	[PRODUCTS] = { "Products", ALL, BATCH, NULL, products },
	[VENDORS] = { "Vendors", ALL, BATCH, NULL, vendors },
	[LEADS] = { "Leads", ALL, BATCH, NULL, leads },
	[QUOTES] = { "Quotes", ALL, BATCH, NULL, quotes },
	[SALES_ORDERS] = { "Sales_Orders", ALL, BATCH, NULL, sales_orders },
	[PURCHASE_ORDERS] = { "Purchase_Orders", ALL, BATCH, NULL, purchase_orders },
	[INVOICES] = { "Invoices", ALL, BATCH, NULL, invoices },
	/* Setting the same links twice changes nothing. */
	[DEAL_PRODUCTS] = { "Deal_Products", MLC_CREATE | MLC_UPDATE | MLC_KEYED, 1, NULL, deal_products },
	{ "Deal_Product", MLC_PART, 0, NULL, deal_product },
	{ "Invoice_Line", MLC_PART, 0, NULL, invoice_line },
	{ "Line_Item", MLC_PART, 0, NULL, line_item },
	{ "Line_Tax", MLC_PART, 0, NULL, line_tax },
	{ NULL },
};

static const struct mlc_setting settings[] = {
	{ "accounts", MLC_TEXT, 0, false,
		"where Zoho keeps the account: https://accounts.zoho.com (the default), .eu, .in, .com.au, .jp, .com.cn, .sa,"
		" or https://accounts.zohocloud.ca" },
	{ "accounts_servers", MLC_TEXT, 0, false,
		"where Zoho may send an account to, addresses parted by blanks: only for a data centre that we do not know" },
	{ "org", MLC_TEXT, 0, false, "the organisation's id, digits; needed with auth = \"oauth_client\"" },
	{ "workflows", MLC_BOOL, 0, false,
		"true: what we write starts Zoho's own workflow rules; false, the default: it does not" },
	{ "client_id", MLC_TEXT, 0, false,
		"1000....: api-console.zoho.com, Server-based Application (or Self Client, for oauth_client); or of the app" },
	{ "client_secret", MLC_TEXT, 0, true, "of the client, shown beside its id; each data centre has its own" },
	{ TOKEN, MLC_TEXT, 0, true, "made by ml-connector itself: what Zoho's notifications show" },
	{ NULL },
};

/* api_domain: of the token's reply, and it may move (SOURCES.md 2). */
static const struct mlc_endpoint endpoints[] = {
	{ "api", "{api_domain}" },
	{ NULL },
};

#define SCOPE                                                                                                    \
	"ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.org.READ,ZohoCRM.notifications.ALL,ZohoCRM.coql.READ"
#define HEADER "Authorization: Zoho-oauthtoken {token}"

/* All data centres (SOURCES.md 2): a redirect that names another one would have our client's secret sent there. */
#define SERVERS                                                                                                   \
	"https://accounts.zoho.com https://accounts.zoho.eu https://accounts.zoho.in https://accounts.zoho.com.au"     \
	" https://accounts.zoho.jp https://accounts.zoho.com.cn https://accounts.zoho.sa https://accounts.zohocloud.ca"

/* A grant is asked for at the host of the settings and brings the accounts-server that then serves it. */
static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_OAUTH_CODE, .user = "client_id", .pass = "client_secret",
		.authorize_url = "{accounts|https://accounts.zoho.com}/oauth/v2/auth",
		.token_url = "{accounts-server|accounts|https://accounts.zoho.com}/oauth/v2/token", .scope = SCOPE,
		.extra = "access_type=offline&prompt=consent&host:accounts-server={accounts_servers|" SERVERS "}", .style = MLC_CLIENT_FORM, .header = HEADER },
	{ .kind = MLC_AUTH_OAUTH_CLIENT, .user = "client_id", .pass = "client_secret",
		.token_url = "{accounts|https://accounts.zoho.com}/oauth/v2/token", .scope = SCOPE, .extra = "soid=ZohoCRM.{org}",
		.style = MLC_CLIENT_FORM, .header = HEADER },
	{ .kind = (enum mlc_auth_kind)0 },
};

static const struct mlc_revocation revocation = {
	.url = "{accounts-server|accounts|https://accounts.zoho.com}/oauth/v2/token/revoke?token={secret:token}",
};

static const struct mlc_code codes[] = {
	{ "INVALID_TOKEN", "the access token is no longer good",
		"nothing: it is refreshed; if it stays, mlc authorize" },
	{ "OAUTH_SCOPE_MISMATCH", "the grant does not cover what was asked",
		"mlc authorize again, and agree to all that is asked for" },
	{ "NO_PERMISSION", "the user who gave the grant may not do that",
		"give his profile that permission in Zoho, Setup, Profiles" },
	{ "TOO_MANY_REQUESTS", "too many calls at once, or the day's credits are spent", "nothing: it waits" },
	{ "MANDATORY_NOT_FOUND", "the layout wants a field that we do not fill",
		"fill it by an override, or make it optional in the layout" },
	{ "DUPLICATE_DATA", "a unique field holds this value in another record",
		"nothing on a create: it is matched again; else mend one of the two" },
	{ "INVALID_DATA", "a value that the field does not take", "mend the record or the mapping" },
	{ "INVALID_MODULE", "the edition has no such module, or it is hidden",
		"Zoho CRM Professional or above has invoices and orders" },
	{ "RECORD_LOCKED", "somebody or an approval has locked the record", "unlock it, then mlc release" },
	{ "RECORD_IN_BLUEPRINT", "a blueprint rules how the record moves on", "move it on in Zoho, then mlc release" },
	{ "ALREADY_MODIFIED", "the record has changed meanwhile", "nothing: it is read again and merged" },
	{ "LIMIT_EXCEEDED", "a limit of the edition is reached", "see the message; wait, or buy more" },
	{ NULL, NULL, NULL },
};

MLC_EXPORT const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK,
	.size = sizeof(struct mlc_connector),
	.name = "zoho_crm",
	.title = "Zoho CRM",
	.version = "1.0.0",
	.entities = zoho_entities,
	.feeds = zoho_feeds,
	.settings = settings,
	.endpoints = endpoints,
	.auth = auth,
	.at_once = 4, /* of 5 that Free allows (SOURCES.md 7) */
	.state_size = sizeof(struct state),
	.ping = zoho_ping,
	.discover = zoho_discover,
	.poll = zoho_poll,
	.fetch = zoho_fetch,
	.find = zoho_find,
	.write = zoho_write,
	.subscribe = zoho_subscribe,
	.receive = zoho_receive,
	.codes = codes,
	.revocation = &revocation,
};
