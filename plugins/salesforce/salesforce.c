/* salesforce.c - Salesforce as a connector: what its records hold, how one logs in.
 *
 * The standard objects that bookkeeping touches, and one custom object for the chart of accounts.  Fields
 * whose names begin with MLC_ are ours: setup/ holds them as a package that an administrator deploys.
 * Facts about the API: SOURCES.md. */
#include "salesforce.h"

#define ONLY  MLC_READONLY
#define NAMED MLC_FINDABLE
#define TEXT(name, flags, limit) { name, MLC_TEXT, flags, limit, NULL }
#define REF(name, flags, of)     { name, MLC_REF, flags, 0, of }
#define AMOUNT(name, flags)      { name, MLC_DECIMAL, (flags) | MLC_BARE, 2, NULL }
#define NUMBER(name, flags, n)   { name, MLC_DECIMAL, (flags) | MLC_BARE, n, NULL }
#define DAY(name, flags)         { name, MLC_DATE, flags, 0, NULL }
#define TIME(name)               { name, MLC_INSTANT, ONLY, 0, NULL }
#define BOOL(name, flags)        { name, MLC_BOOL, flags, 0, NULL }
#define WORD(name, flags, words) { name, MLC_TEXT, flags, 0, words }
#define ID                       TEXT("Id", ONLY | NAMED, 18)
#define STAMPS                                                                                 \
	TIME("CreatedDate"), TIME("LastModifiedDate"), REF("LastModifiedById", ONLY, "User"),    \
	TIME("SystemModstamp"), BOOL("IsDeleted", ONLY)
#define KEY                      TEXT(SF_KEY, NAMED | MLC_IMMUTABLE, 80)
/* In an org of one currency there is no such field: asked for only where ping has seen it. */
#define CURRENCY                 TEXT("CurrencyIsoCode", 0, 3)
#define END                      { NULL }

#define ADDRESS(of)                                                                            \
	TEXT(of "Street", 0, 255), TEXT(of "City", 0, 40), TEXT(of "State", 0, 80),            \
	TEXT(of "PostalCode", 0, 20), TEXT(of "Country", 0, 80)

static const struct mlc_field account[] = {
	ID, TEXT("Name", MLC_REQUIRED | NAMED, 255), TEXT("AccountNumber", NAMED, 40),
	TEXT("Type", NAMED, 255), REF("ParentId", NAMED, "Account"), TEXT("Phone", NAMED, 40),
	TEXT("Fax", 0, 40), TEXT("Website", NAMED, 255), TEXT("Industry", 0, 255),
	ADDRESS("Billing"), ADDRESS("Shipping"), TEXT("Description", 0, 32000), CURRENCY,
	REF("MasterRecordId", ONLY, "Account"), STAMPS, KEY,
	TEXT("MLC_CustomerId__c", NAMED, 64), TEXT("MLC_VendorId__c", NAMED, 64),
	TEXT("MLC_FullName__c", NAMED, 255), BOOL("MLC_IsCustomer__c", NAMED),
	BOOL("MLC_IsVendor__c", NAMED), BOOL("MLC_IsActive__c", NAMED), BOOL("MLC_IsActiveVendor__c", NAMED),
	TEXT("MLC_Email__c", NAMED, 80), TEXT("MLC_CustomerType__c", 0, 159),
	TEXT("MLC_VendorType__c", 0, 159), TEXT("MLC_Terms__c", 0, 31),
	TEXT("MLC_VendorTerms__c", 0, 31), TEXT("MLC_Currency__c", 0, 3),
	AMOUNT("MLC_Balance__c", 0), AMOUNT("MLC_VendorBalance__c", 0),
	NUMBER("MLC_OpenInvoices__c", 0, 0), AMOUNT("MLC_OpenAmount__c", 0),
	NUMBER("MLC_PaidInvoices__c", 0, 0), AMOUNT("MLC_PaidAmount__c", 0),
	AMOUNT("MLC_AgeCurrent__c", 0), AMOUNT("MLC_Age30__c", 0), AMOUNT("MLC_Age60__c", 0),
	AMOUNT("MLC_Age90__c", 0), AMOUNT("MLC_AgeOver90__c", 0), DAY("MLC_FiguresOf__c", 0), END
};

static const struct mlc_field contact[] = {
	ID, REF("AccountId", NAMED, "Account"), TEXT("FirstName", NAMED, 40),
	TEXT("LastName", MLC_REQUIRED | NAMED, 80), TEXT("Salutation", 0, 40), TEXT("Title", 0, 128),
	TEXT("Email", NAMED, 80), TEXT("Phone", NAMED, 40), TEXT("Fax", 0, 40),
	TEXT("MobilePhone", 0, 40), ADDRESS("Mailing"), CURRENCY,
	REF("MasterRecordId", ONLY, "Contact"), STAMPS, KEY, END
};

#define DOCUMENT                                                                               \
	TEXT("MLC_DocumentId__c", NAMED, 64), TEXT("MLC_DocumentNumber__c", NAMED, 40),        \
	WORD("MLC_DocumentType__c", NAMED, "Invoice|Bill"),                                    \
	WORD("MLC_State__c", NAMED, "Open|Overdue|Paid|Void|Deleted"),                         \
	AMOUNT("MLC_Total__c", 0), AMOUNT("MLC_Open__c", 0), DAY("MLC_DueDate__c", 0),         \
	TEXT("MLC_DocumentTerms__c", 0, 31)

static const struct mlc_field opportunity[] = {
	ID, TEXT("Name", MLC_REQUIRED | NAMED, 120), REF("AccountId", NAMED, "Account"),
	AMOUNT("Amount", 0), /* with lines: their sum, and not to be written */
	TEXT("StageName", MLC_REQUIRED | NAMED, 255), DAY("CloseDate", MLC_REQUIRED | NAMED),
	TEXT("Type", NAMED, 255), TEXT("ForecastCategoryName", 0, 40),
	REF("RecordTypeId", NAMED, "RecordType"),
	REF("Pricebook2Id", NAMED, "Pricebook2"), /* not to be changed while there are lines */
	TEXT("Description", 0, 32000), TEXT("NextStep", 0, 255), BOOL("IsClosed", ONLY | NAMED),
	BOOL("IsWon", ONLY | NAMED), BOOL("HasOpportunityLineItem", ONLY), CURRENCY, STAMPS, KEY,
	DOCUMENT, { "OpportunityLineItems", MLC_LIST, 0, 0, "OpportunityLineItem" }, END
};

/* Of Quantity, UnitPrice and TotalPrice the last two exclude each other when written. */
static const struct mlc_field opportunity_line[] = {
	TEXT("Id", ONLY, 18), REF("PricebookEntryId", MLC_REQUIRED | MLC_IMMUTABLE, "PricebookEntry"),
	NUMBER("Quantity", MLC_REQUIRED, 2), AMOUNT("UnitPrice", 0), AMOUNT("TotalPrice", 0),
	DAY("ServiceDate", 0), TEXT("Description", 0, 255), TEXT("ProductCode", ONLY, 255),
	TEXT("Name", ONLY, 376), KEY, END
};

static const struct mlc_field order[] = {
	ID, REF("AccountId", MLC_REQUIRED | NAMED, "Account"),
	REF("OpportunityId", NAMED, "Opportunity"), DAY("EffectiveDate", MLC_REQUIRED | NAMED),
	TEXT("Status", MLC_REQUIRED | NAMED, 255), TEXT("Name", NAMED, 80),
	TEXT("OrderNumber", ONLY | NAMED, 30), TEXT("OrderReferenceNumber", NAMED, 80),
	TEXT("PoNumber", NAMED, 80), AMOUNT("TotalAmount", ONLY),
	REF("Pricebook2Id", NAMED, "Pricebook2"), TEXT("Type", NAMED, 255),
	TEXT("Description", 0, 32000), ADDRESS("Billing"), ADDRESS("Shipping"), CURRENCY, STAMPS, KEY,
	DOCUMENT, { "OrderItems", MLC_LIST, 0, 0, "OrderItem" }, END
};

static const struct mlc_field order_item[] = {
	TEXT("Id", ONLY, 18), REF("PricebookEntryId", MLC_REQUIRED | MLC_IMMUTABLE, "PricebookEntry"),
	NUMBER("Quantity", MLC_REQUIRED, 2), AMOUNT("UnitPrice", 0), AMOUNT("TotalPrice", ONLY),
	DAY("ServiceDate", 0), TEXT("Description", 0, 255), KEY, END
};

static const struct mlc_field product[] = {
	ID, TEXT("Name", MLC_REQUIRED | NAMED, 255), TEXT("ProductCode", NAMED, 255),
	TEXT("Description", 0, 4000), BOOL("IsActive", NAMED), TEXT("Family", NAMED, 255), CURRENCY,
	STAMPS, KEY, TEXT("MLC_ItemId__c", NAMED, 64), TEXT("MLC_ItemType__c", 0, 40),
	TEXT("MLC_FullName__c", NAMED, 255), END
};

/* Unique by price book, product and currency; it has no key of ours. */
static const struct mlc_field price[] = {
	ID, TEXT("Name", ONLY, 255), REF("Pricebook2Id", MLC_REQUIRED | MLC_IMMUTABLE | NAMED, "Pricebook2"),
	REF("Product2Id", MLC_REQUIRED | MLC_IMMUTABLE | NAMED, "Product2"),
	AMOUNT("UnitPrice", MLC_REQUIRED), BOOL("IsActive", NAMED), BOOL("UseStandardPrice", 0),
	TEXT("ProductCode", ONLY | NAMED, 255), TEXT("CurrencyIsoCode", NAMED, 3), STAMPS, END
};

static const struct mlc_field ledger[] = {
	ID, TEXT("Name", MLC_REQUIRED | NAMED, 80), CURRENCY, STAMPS, KEY,
	TEXT("MLC_AccountId__c", NAMED, 64), TEXT("MLC_FullName__c", NAMED, 255),
	TEXT("MLC_Number__c", NAMED, 7), TEXT("MLC_Type__c", NAMED, 40),
	TEXT("MLC_Description__c", 0, 200), AMOUNT("MLC_Balance__c", 0), BOOL("MLC_IsActive__c", NAMED),
	REF("MLC_Parent__c", NAMED, "MLC_LedgerAccount__c"), END
};

static const struct mlc_field pricebook[] = {
	ID, TEXT("Name", ONLY | NAMED, 255), BOOL("IsActive", ONLY | NAMED), BOOL("IsStandard", ONLY | NAMED),
	TEXT("Description", ONLY, 255), TIME("SystemModstamp"), END
};

static const struct mlc_field record_type[] = {
	ID, TEXT("Name", ONLY | NAMED, 80), TEXT("DeveloperName", ONLY | NAMED, 80),
	TEXT("SobjectType", ONLY | NAMED, 40), BOOL("IsActive", ONLY | NAMED), TIME("SystemModstamp"), END
};

static const struct mlc_field user[] = {
	ID, TEXT("Name", ONLY | NAMED, 121), TEXT("Username", ONLY | NAMED, 80), TEXT("Email", ONLY | NAMED, 128),
	BOOL("IsActive", ONLY | NAMED), TIME("SystemModstamp"), END
};

/* A create goes as an upsert on MLC_Key__c, or carries that unique field: a second one with the same
 * key makes nothing (KEYED).  An update looks at SystemModstamp first (VERSIONED). */
#define CHANGED (MLC_CREATE | MLC_UPDATE | MLC_DELETE | MLC_VERSIONED)
#define KEPT    (CHANGED | MLC_KEYED)

const struct mlc_entity sf_entities[] = {
	[ACCOUNT]     = { "Account", KEPT, SF_BATCH, NULL, account },
	[CONTACT]     = { "Contact", KEPT, SF_BATCH, NULL, contact },
	[OPPORTUNITY] = { "Opportunity", KEPT, 1, NULL, opportunity },
	[ORDER]       = { "Order", KEPT, 1, NULL, order },
	[PRODUCT]     = { "Product2", KEPT, SF_BATCH, NULL, product },
	[PRICE]       = { "PricebookEntry", CHANGED, SF_BATCH, NULL, price },
	[LEDGER]      = { "MLC_LedgerAccount__c", KEPT, SF_BATCH, NULL, ledger },
	[PRICEBOOK]   = { "Pricebook2", 0, 0, NULL, pricebook },
	[RECORD_TYPE] = { "RecordType", 0, 0, NULL, record_type },
	[USER]        = { "User", 0, 0, NULL, user },
	{ "OpportunityLineItem", MLC_PART, 0, NULL, opportunity_line },
	{ "OrderItem", MLC_PART, 0, NULL, order_item },
	{ NULL },
};

static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "My Domain of the org: https://acme.my.salesforce.com (never login.salesforce.com)" },
	{ "version", MLC_TEXT, 0, false, "version of the API, 68.0 if not set" },
	{ "duplicates", MLC_TEXT, 0, false, "refuse (if not set): what a duplicate rule of the org objects to is held; allow: it is saved where the rule lets us" },
	{ "api_share", MLC_INTEGER, 0, false, "of the org's calls a day, how many percent may be spent, by everybody, before we stand still: 90 if not set" },
	{ "client_id", MLC_TEXT, MLC_REQUIRED, false, "consumer key of the external client app (or connected app)" },
	{ "client_secret", MLC_TEXT, MLC_REQUIRED, true, "consumer secret of that app" },
	{ NULL },
};

/* instance_url comes with the token; nothing else is ever called (SOURCES.md 1). */
static const struct mlc_endpoint endpoints[] = { { "api", "{instance_url}" }, { NULL } };

/* A session lives two hours after its last call and the token tells no expiry: it is renewed after two
 * hours in any case, and on a 401. */
static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_OAUTH_CLIENT, .user = "client_id", .pass = "client_secret",
		.token_url = "{url}/services/oauth2/token", .style = MLC_CLIENT_FORM, .life_s = 7200 },
	{ .kind = (enum mlc_auth_kind)0 },
};

static const struct mlc_code codes[] = {
	{ "INVALID_SESSION_ID", "the session has ended or was revoked", "nothing; a new one is asked for once" },
	{ "REQUEST_LIMIT_EXCEEDED", "the org's calls of the last 24 hours are spent", "nothing, they come back; or buy more, or give the connection a smaller api_share" },
	{ "UNABLE_TO_LOCK_ROW", "somebody else is writing a record that belongs to it", "nothing; it is tried again" },
	{ "DUPLICATE_VALUE", "a unique field has that value in another record", "look at the record whose id it names" },
	{ "DUPLICATES_DETECTED", "a duplicate rule of the org objects", "adopt the record that it names, or set duplicates = \"allow\"" },
	{ "FIELD_CUSTOM_VALIDATION_EXCEPTION", "a validation rule of the org objects", "mend the record, or the rule" },
	{ "INVALID_FIELD", "there is no such field, or the app's user may not see it", "deploy the package in setup/, give its permission set to the app's user" },
	{ "STANDARD_PRICE_NOT_DEFINED", "a product has no price in the standard price book", "release it when the product's price is there" },
	{ "ENTITY_IS_DELETED", "the record lies in the recycle bin", "decide what becomes of it" },
	{ "STORAGE_LIMIT_EXCEEDED", "the org is full", "make room, or buy storage" },
	{ NULL },
};

MLC_EXPORT const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK, .size = sizeof(struct mlc_connector), .name = "salesforce", .title = "Salesforce",
	.version = "1.0.0",
	.entities = sf_entities, .feeds = sf_feeds, .settings = settings, .endpoints = endpoints, .auth = auth,
	.at_once = 4, /* 25 long ones at once per org (SOURCES.md 4), shared with everybody there */
	.ids_at_once = SF_IDS_AT_ONCE,
	.state_size = sizeof(struct state),
	.ping = sf_ping, .discover = sf_discover, .poll = sf_poll, .fetch = sf_fetch, .find = sf_find, .write = sf_write,
	.codes = codes,
};
