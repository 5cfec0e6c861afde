/* quickbooks_online.c - QuickBooks Online as a connector: what its records hold, how one logs in.
 *
 * Facts about the Accounting API v3 (minor version 75): SOURCES.md. */
#include "quickbooks_online.h"

#define MONEY MLC_DECIMAL, MLC_BARE, 2, NULL
#define OWN_MONEY MLC_DECIMAL, MLC_BARE | MLC_READONLY, 2, NULL

/* What every record has; QuickBooks' own. */
#define OWN                                                                                    \
	{ "Id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },                              \
	{ "SyncToken", MLC_TEXT, MLC_READONLY, 0, NULL },                                      \
	{ "MetaData", MLC_OBJECT, MLC_READONLY, 0, "MetaData" }

/* Of customers, vendors and employees: they share one list of names. */
#define PERSON(company_flags)                                                                  \
	OWN,                                                                                   \
	{ "Title", MLC_TEXT, 0, 16, NULL },                                                    \
	{ "GivenName", MLC_TEXT, MLC_FINDABLE, 100, NULL },                                    \
	{ "MiddleName", MLC_TEXT, MLC_FINDABLE, 100, NULL },                                   \
	{ "FamilyName", MLC_TEXT, MLC_FINDABLE, 100, NULL },                                   \
	{ "Suffix", MLC_TEXT, 0, 16, NULL },                                                   \
	{ "DisplayName", MLC_TEXT, MLC_FINDABLE | MLC_REQUIRED, 500, NULL },                   \
	{ "CompanyName", MLC_TEXT, company_flags, 100, NULL },                                 \
	{ "PrintOnCheckName", MLC_TEXT, MLC_FINDABLE, 110, NULL },                             \
	{ "Active", MLC_BOOL, MLC_FINDABLE, 0, NULL },                                         \
	{ "PrimaryPhone", MLC_OBJECT, 0, 0, "TelephoneNumber" },                               \
	{ "AlternatePhone", MLC_OBJECT, 0, 0, "TelephoneNumber" },                             \
	{ "Mobile", MLC_OBJECT, 0, 0, "TelephoneNumber" },                                     \
	{ "Fax", MLC_OBJECT, 0, 0, "TelephoneNumber" },                                        \
	{ "PrimaryEmailAddr", MLC_OBJECT, 0, 0, "EmailAddress" },                              \
	{ "WebAddr", MLC_OBJECT, 0, 0, "WebSiteAddress" }

/* Of every document. */
#define DOCUMENT                                                                               \
	OWN,                                                                                   \
	{ "CustomField", MLC_LIST, 0, 0, "CustomField" },                                      \
	{ "DocNumber", MLC_TEXT, MLC_FINDABLE, 21, NULL },                                     \
	{ "TxnDate", MLC_DATE, MLC_FINDABLE, 0, NULL },                                        \
	{ "DepartmentRef", MLC_REF, 0, 0, "Department" },                                      \
	{ "CurrencyRef", MLC_OBJECT, 0, 0, "ReferenceType" },                                  \
	{ "ExchangeRate", MLC_DECIMAL, MLC_BARE, 15, NULL },                                   \
	{ "PrivateNote", MLC_TEXT, 0, 4000, NULL },                                            \
	{ "LinkedTxn", MLC_LIST, 0, 0, "LinkedTxn" },                                          \
	{ "Line", MLC_LIST, 0, 0, "Line" }

static const struct mlc_field customer[] = {
	PERSON(MLC_FINDABLE),
	{ "FullyQualifiedName", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "BillAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "ShipAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "Notes", MLC_TEXT, 0, 2000, NULL },
	{ "Job", MLC_BOOL, 0, 0, NULL },            /* it is a part of ParentRef */
	{ "BillWithParent", MLC_BOOL, 0, 0, NULL },
	{ "ParentRef", MLC_REF, 0, 0, "Customer" },
	{ "Level", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "IsProject", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "Taxable", MLC_BOOL, 0, 0, NULL },
	{ "SalesTermRef", MLC_REF, 0, 0, "Term" },
	{ "PaymentMethodRef", MLC_REF, 0, 0, "PaymentMethod" },
	{ "PreferredDeliveryMethod", MLC_TEXT, 0, 0, NULL },
	{ "CurrencyRef", MLC_OBJECT, MLC_IMMUTABLE, 0, "ReferenceType" },
	{ "Balance", OWN_MONEY },
	{ "BalanceWithJobs", OWN_MONEY },           /* its sub-customers' included */
	{ "ResaleNum", MLC_TEXT, 0, 16, NULL },
	{ NULL },
};

static const struct mlc_field vendor[] = {
	PERSON(MLC_FINDABLE),
	{ "BillAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "AcctNum", MLC_TEXT, 0, 100, NULL },
	{ "TermRef", MLC_REF, 0, 0, "Term" },
	{ "TaxIdentifier", MLC_TEXT, 0, 20, NULL }, /* comes masked */
	{ "Vendor1099", MLC_BOOL, 0, 0, NULL },
	{ "CurrencyRef", MLC_OBJECT, MLC_IMMUTABLE, 0, "ReferenceType" },
	{ "Balance", OWN_MONEY },
	{ NULL },
};

static const struct mlc_field employee[] = {
	PERSON(0),
	{ "PrimaryAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "EmployeeNumber", MLC_TEXT, 0, 100, NULL },
	{ "HiredDate", MLC_DATE, 0, 0, NULL },
	{ "ReleasedDate", MLC_DATE, 0, 0, NULL },
	{ "BillableTime", MLC_BOOL, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field item[] = {
	OWN,
	{ "Name", MLC_TEXT, MLC_FINDABLE | MLC_REQUIRED, 100, NULL },
	{ "Sku", MLC_TEXT, MLC_FINDABLE, 100, NULL },
	{ "Description", MLC_TEXT, 0, 4000, NULL },
	{ "Active", MLC_BOOL, MLC_FINDABLE, 0, NULL },
	{ "SubItem", MLC_BOOL, 0, 0, NULL },
	{ "ParentRef", MLC_REF, 0, 0, "Item" },
	{ "FullyQualifiedName", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "Taxable", MLC_BOOL, 0, 0, NULL },
	{ "UnitPrice", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "Type", MLC_TEXT, MLC_FINDABLE, 0, "Service|NonInventory|Inventory|Group|Category" },
	{ "IncomeAccountRef", MLC_REF, 0, 0, "Account" },
	{ "PurchaseDesc", MLC_TEXT, 0, 1000, NULL },
	{ "PurchaseCost", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "ExpenseAccountRef", MLC_REF, 0, 0, "Account" },
	{ "AssetAccountRef", MLC_REF, 0, 0, "Account" },
	{ "TrackQtyOnHand", MLC_BOOL, 0, 0, NULL },
	{ "QtyOnHand", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "InvStartDate", MLC_DATE, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field account[] = {
	OWN,
	{ "Name", MLC_TEXT, MLC_FINDABLE | MLC_REQUIRED, 100, NULL },
	{ "SubAccount", MLC_BOOL, 0, 0, NULL },
	{ "ParentRef", MLC_REF, 0, 0, "Account" },
	{ "Description", MLC_TEXT, 0, 100, NULL },
	{ "FullyQualifiedName", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "Active", MLC_BOOL, MLC_FINDABLE, 0, NULL },
	{ "Classification", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "AccountType", MLC_TEXT, MLC_FINDABLE, 0, NULL },
	{ "AccountSubType", MLC_TEXT, MLC_FINDABLE, 0, NULL },
	{ "AcctNum", MLC_TEXT, 0, 20, NULL },
	{ "CurrentBalance", OWN_MONEY },
	{ "CurrentBalanceWithSubAccounts", OWN_MONEY },
	{ "CurrencyRef", MLC_OBJECT, MLC_IMMUTABLE, 0, "ReferenceType" },
	{ NULL },
};

static const struct mlc_field term[] = {
	OWN,
	{ "Name", MLC_TEXT, MLC_FINDABLE | MLC_REQUIRED, 31, NULL },
	{ "Active", MLC_BOOL, MLC_FINDABLE, 0, NULL },
	{ "Type", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "DueDays", MLC_INTEGER, 0, 0, NULL },
	{ "DiscountPercent", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "DiscountDays", MLC_INTEGER, 0, 0, NULL },
	{ NULL },
};

/* Classes, departments, payment methods and tax codes, as far as documents point at them. */
static const struct mlc_field plain_name[] = {
	OWN,
	{ "Name", MLC_TEXT, MLC_FINDABLE | MLC_REQUIRED, 100, NULL },
	{ "Active", MLC_BOOL, MLC_FINDABLE, 0, NULL },
	{ "FullyQualifiedName", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "Type", MLC_TEXT, 0, 0, NULL },       /* of a payment method: CREDIT_CARD, NON_CREDIT_CARD */
	{ "Taxable", MLC_BOOL, MLC_READONLY, 0, NULL }, /* of a tax code */
	{ NULL },
};

static const struct mlc_field invoice[] = {
	DOCUMENT,
	{ "TxnTaxDetail", MLC_OBJECT, 0, 0, "TxnTaxDetail" },
	{ "CustomerRef", MLC_REF, MLC_FINDABLE | MLC_REQUIRED, 0, "Customer" },
	{ "CustomerMemo", MLC_OBJECT, 0, 0, "Memo" },
	{ "BillAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "ShipAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "SalesTermRef", MLC_REF, 0, 0, "Term" },
	{ "DueDate", MLC_DATE, MLC_FINDABLE, 0, NULL },
	{ "ShipDate", MLC_DATE, 0, 0, NULL },
	{ "TotalAmt", MLC_DECIMAL, MLC_BARE | MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "HomeTotalAmt", OWN_MONEY },
	{ "ApplyTaxAfterDiscount", MLC_BOOL, 0, 0, NULL },
	{ "PrintStatus", MLC_TEXT, 0, 0, "NotSet|NeedToPrint|PrintComplete" },
	{ "EmailStatus", MLC_TEXT, 0, 0, "NotSet|NeedToSend|EmailSent" },
	{ "BillEmail", MLC_OBJECT, 0, 0, "EmailAddress" },
	{ "Balance", MLC_DECIMAL, MLC_BARE | MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "HomeBalance", OWN_MONEY },
	{ "Deposit", MONEY },
	{ NULL },
};

static const struct mlc_field bill[] = {
	DOCUMENT,
	{ "VendorRef", MLC_REF, MLC_FINDABLE | MLC_REQUIRED, 0, "Vendor" },
	{ "VendorAddr", MLC_OBJECT, MLC_READONLY, 0, "PhysicalAddress" },
	{ "APAccountRef", MLC_REF, 0, 0, "Account" },
	{ "SalesTermRef", MLC_REF, 0, 0, "Term" },
	{ "DueDate", MLC_DATE, MLC_FINDABLE, 0, NULL },
	{ "TotalAmt", MLC_DECIMAL, MLC_BARE | MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "Balance", MLC_DECIMAL, MLC_BARE | MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ NULL },
};

static const struct mlc_field purchase_order[] = {
	DOCUMENT,
	{ "VendorRef", MLC_REF, MLC_FINDABLE | MLC_REQUIRED, 0, "Vendor" },
	{ "APAccountRef", MLC_REF, MLC_REQUIRED, 0, "Account" },
	{ "VendorAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "ShipAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "POStatus", MLC_TEXT, 0, 0, "Open|Closed" },
	{ "POEmail", MLC_OBJECT, 0, 0, "EmailAddress" },
	{ "Memo", MLC_TEXT, 0, 4000, NULL },
	{ "DueDate", MLC_DATE, 0, 0, NULL },
	{ "TotalAmt", MLC_DECIMAL, MLC_BARE | MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ NULL },
};

static const struct mlc_field journal_entry[] = {
	DOCUMENT,
	{ "Adjustment", MLC_BOOL, 0, 0, NULL },
	{ "TotalAmt", OWN_MONEY },
	{ NULL },
};

static const struct mlc_field payment[] = {
	DOCUMENT,
	{ "CustomerRef", MLC_REF, MLC_FINDABLE | MLC_REQUIRED, 0, "Customer" },
	{ "ARAccountRef", MLC_REF, 0, 0, "Account" },
	{ "DepositToAccountRef", MLC_REF, 0, 0, "Account" },
	{ "PaymentMethodRef", MLC_REF, 0, 0, "PaymentMethod" },
	{ "PaymentRefNum", MLC_TEXT, MLC_FINDABLE, 21, NULL },
	{ "TotalAmt", MLC_DECIMAL, MLC_BARE | MLC_REQUIRED | MLC_FINDABLE, 2, NULL },
	{ "UnappliedAmt", OWN_MONEY },
	{ "ProcessPayment", MLC_BOOL, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field credit_memo[] = {
	DOCUMENT,
	{ "TxnTaxDetail", MLC_OBJECT, 0, 0, "TxnTaxDetail" },
	{ "CustomerRef", MLC_REF, MLC_FINDABLE | MLC_REQUIRED, 0, "Customer" },
	{ "CustomerMemo", MLC_OBJECT, 0, 0, "Memo" },
	{ "BillAddr", MLC_OBJECT, 0, 0, "PhysicalAddress" },
	{ "BillEmail", MLC_OBJECT, 0, 0, "EmailAddress" },
	{ "TotalAmt", MLC_DECIMAL, MLC_BARE | MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "RemainingCredit", OWN_MONEY },
	{ "Balance", OWN_MONEY },
	{ NULL },
};

/* ---- parts -------------------------------------------------------------------------------------- */

static const struct mlc_field meta_data[] = {
	{ "CreateTime", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "LastUpdatedTime", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field address[] = {
	{ "Id", MLC_TEXT, 0, 0, NULL },
	{ "Line1", MLC_TEXT, 0, 500, NULL },
	{ "Line2", MLC_TEXT, 0, 500, NULL },
	{ "Line3", MLC_TEXT, 0, 500, NULL },
	{ "Line4", MLC_TEXT, 0, 500, NULL },
	{ "Line5", MLC_TEXT, 0, 500, NULL },
	{ "City", MLC_TEXT, 0, 255, NULL },
	{ "Country", MLC_TEXT, 0, 255, NULL },                /* reads as a code of three letters since 2025 */
	{ "CountrySubDivisionCode", MLC_TEXT, 0, 255, NULL }, /* the state */
	{ "PostalCode", MLC_TEXT, 0, 31, NULL },
	{ NULL },
};

static const struct mlc_field email[] = { { "Address", MLC_TEXT, 0, 100, NULL }, { NULL } };
static const struct mlc_field phone[] = { { "FreeFormNumber", MLC_TEXT, 0, 30, NULL }, { NULL } };
static const struct mlc_field web[] = { { "URI", MLC_TEXT, 0, 1000, NULL }, { NULL } };
static const struct mlc_field memo[] = { { "value", MLC_TEXT, 0, 1000, NULL }, { NULL } };

/* What points at no record of ours: a currency's code, a name of any list. */
static const struct mlc_field reference[] = {
	{ "value", MLC_TEXT, 0, 0, NULL },
	{ "name", MLC_TEXT, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field custom_field[] = {
	{ "DefinitionId", MLC_TEXT, 0, 0, NULL },
	{ "Name", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "Type", MLC_TEXT, 0, 0, NULL },
	{ "StringValue", MLC_TEXT, 0, 31, NULL },
	{ NULL },
};

static const struct mlc_field linked_txn[] = {
	{ "TxnId", MLC_TEXT, 0, 0, NULL },
	{ "TxnType", MLC_TEXT, 0, 0, NULL },
	{ "TxnLineId", MLC_TEXT, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field line[] = {
	{ "Id", MLC_TEXT, 0, 0, NULL }, /* left out: a new line */
	{ "LineNum", MLC_INTEGER, 0, 0, NULL },
	{ "Description", MLC_TEXT, 0, 4000, NULL },
	{ "Amount", MONEY },
	{ "LinkedTxn", MLC_LIST, 0, 0, "LinkedTxn" },
	/* Also SubTotalLineDetail, in answers; of payments there is none at all. */
	{ "DetailType", MLC_TEXT, 0, 0, NULL },
	{ "SalesItemLineDetail", MLC_OBJECT, 0, 0, "SalesItemLineDetail" },
	{ "ItemBasedExpenseLineDetail", MLC_OBJECT, 0, 0, "ItemBasedExpenseLineDetail" },
	{ "AccountBasedExpenseLineDetail", MLC_OBJECT, 0, 0, "AccountBasedExpenseLineDetail" },
	{ "JournalEntryLineDetail", MLC_OBJECT, 0, 0, "JournalEntryLineDetail" },
	{ "DiscountLineDetail", MLC_OBJECT, 0, 0, "DiscountLineDetail" },
	{ NULL },
};

static const struct mlc_field sales_item_line[] = {
	{ "ItemRef", MLC_REF, 0, 0, "Item" },
	{ "ClassRef", MLC_REF, 0, 0, "Class" },
	{ "UnitPrice", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "Qty", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "ItemAccountRef", MLC_REF, 0, 0, "Account" },
	{ "TaxCodeRef", MLC_REF, 0, 0, "TaxCode" }, /* US: TAX or NON */
	{ "ServiceDate", MLC_DATE, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field item_expense_line[] = {
	{ "ItemRef", MLC_REF, 0, 0, "Item" },
	{ "ClassRef", MLC_REF, 0, 0, "Class" },
	{ "UnitPrice", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "Qty", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "TaxCodeRef", MLC_REF, 0, 0, "TaxCode" },
	{ "CustomerRef", MLC_REF, 0, 0, "Customer" },
	{ "BillableStatus", MLC_TEXT, 0, 0, "Billable|NotBillable|HasBeenBilled" },
	{ NULL },
};

static const struct mlc_field account_expense_line[] = {
	{ "AccountRef", MLC_REF, 0, 0, "Account" },
	{ "ClassRef", MLC_REF, 0, 0, "Class" },
	{ "TaxCodeRef", MLC_REF, 0, 0, "TaxCode" },
	{ "CustomerRef", MLC_REF, 0, 0, "Customer" },
	{ "BillableStatus", MLC_TEXT, 0, 0, "Billable|NotBillable|HasBeenBilled" },
	{ NULL },
};

static const struct mlc_field journal_line[] = {
	{ "PostingType", MLC_TEXT, 0, 0, "Debit|Credit" },
	{ "Entity", MLC_OBJECT, 0, 0, "JournalEntity" },
	{ "AccountRef", MLC_REF, 0, 0, "Account" },
	{ "ClassRef", MLC_REF, 0, 0, "Class" },
	{ "DepartmentRef", MLC_REF, 0, 0, "Department" },
	{ NULL },
};

static const struct mlc_field journal_entity[] = {
	{ "Type", MLC_TEXT, 0, 0, "Customer|Vendor|Employee" },
	{ "EntityRef", MLC_OBJECT, 0, 0, "ReferenceType" },
	{ NULL },
};

static const struct mlc_field discount_line[] = {
	{ "PercentBased", MLC_BOOL, 0, 0, NULL },
	{ "DiscountPercent", MLC_DECIMAL, MLC_BARE, 7, NULL },
	{ "DiscountAccountRef", MLC_REF, 0, 0, "Account" },
	{ NULL },
};

static const struct mlc_field tax_detail[] = {
	{ "TxnTaxCodeRef", MLC_REF, 0, 0, "TaxCode" },
	{ "TotalTax", MONEY },
	{ NULL },
};

#define NAME_FLAGS (MLC_CREATE | MLC_UPDATE | MLC_KEYED | MLC_VERSIONED)
#define TXN_FLAGS  (NAME_FLAGS | MLC_DELETE)

/* Names first, in the order in which documents need them. */
const struct mlc_entity qbo_entities[] = {
	{ "Account", NAME_FLAGS, QBO_BATCH, NULL, account },
	{ "Term", NAME_FLAGS, QBO_BATCH, NULL, term },
	{ "Class", NAME_FLAGS, QBO_BATCH, NULL, plain_name },
	{ "Department", NAME_FLAGS, QBO_BATCH, NULL, plain_name },
	{ "PaymentMethod", NAME_FLAGS, QBO_BATCH, NULL, plain_name },
	{ "TaxCode", 0, 0, NULL, plain_name },
	{ "Customer", NAME_FLAGS, QBO_BATCH, NULL, customer },
	{ "Vendor", NAME_FLAGS, QBO_BATCH, NULL, vendor },
	{ "Employee", NAME_FLAGS, QBO_BATCH, NULL, employee },
	{ "Item", NAME_FLAGS, QBO_BATCH, NULL, item },
	{ "Invoice", TXN_FLAGS | MLC_VOID, QBO_BATCH, NULL, invoice },
	{ "CreditMemo", TXN_FLAGS, QBO_BATCH, NULL, credit_memo },
	{ "Payment", TXN_FLAGS | MLC_VOID, QBO_BATCH, NULL, payment },
	{ "Bill", TXN_FLAGS, QBO_BATCH, NULL, bill },
	{ "PurchaseOrder", TXN_FLAGS, QBO_BATCH, NULL, purchase_order },
	{ "JournalEntry", TXN_FLAGS, QBO_BATCH, NULL, journal_entry },
	{ "MetaData", MLC_PART, 0, NULL, meta_data },
	{ "PhysicalAddress", MLC_PART, 0, NULL, address },
	{ "EmailAddress", MLC_PART, 0, NULL, email },
	{ "TelephoneNumber", MLC_PART, 0, NULL, phone },
	{ "WebSiteAddress", MLC_PART, 0, NULL, web },
	{ "Memo", MLC_PART, 0, NULL, memo },
	{ "ReferenceType", MLC_PART, 0, NULL, reference },
	{ "CustomField", MLC_PART, 0, NULL, custom_field },
	{ "LinkedTxn", MLC_PART, 0, NULL, linked_txn },
	{ "Line", MLC_PART, 0, NULL, line },
	{ "SalesItemLineDetail", MLC_PART, 0, NULL, sales_item_line },
	{ "ItemBasedExpenseLineDetail", MLC_PART, 0, NULL, item_expense_line },
	{ "AccountBasedExpenseLineDetail", MLC_PART, 0, NULL, account_expense_line },
	{ "JournalEntryLineDetail", MLC_PART, 0, NULL, journal_line },
	{ "JournalEntity", MLC_PART, 0, NULL, journal_entity },
	{ "DiscountLineDetail", MLC_PART, 0, NULL, discount_line },
	{ "TxnTaxDetail", MLC_PART, 0, NULL, tax_detail },
	{ NULL },
};

static const struct mlc_setting settings[] = {
	{ "environment", MLC_TEXT, 0, false, "production, the default, or sandbox" },
	{ "url", MLC_TEXT, 0, false, "another address than that of Intuit's API, for tests: https://..." },
	{ "login_url", MLC_TEXT, 0, false, "another address than that of Intuit's log-in, for tests: https://..." },
	{ "realmId", MLC_TEXT, 0, false, "the company's id (Settings, Billing); the grant brings it, so leave it away" },
	{ "client_id", MLC_TEXT, 0, false, "of your app at developer.intuit.com, where the connection names no app" },
	{ "client_secret", MLC_TEXT, 0, true, "of your app, beside the client id" },
	{ "verifier_token", MLC_TEXT, 0, true, "of your app: Webhooks, Show verifier token" },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = {
	{ "production", "{url|https://quickbooks.api.intuit.com}/v3/company/{realmId}" },
	{ "sandbox", "{url|https://sandbox-quickbooks.api.intuit.com}/v3/company/{realmId}" },
	{ NULL },
};

/* The refresh token's value changes about once a day, it ends 100 days after its last use and five years
 * after the consent (SOURCES.md 1): the header makes the reply tell that last date. */
static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_OAUTH_CODE, .user = "client_id", .pass = "client_secret",
	  .authorize_url = "{login_url|https://appcenter.intuit.com}/connect/oauth2",
	  .token_url = "{login_url|https://oauth.platform.intuit.com}/oauth2/v1/tokens/bearer",
	  .scope = "com.intuit.quickbooks.accounting", .extra = "header:x-include-refresh-token-hard-expires-in=true",
	  .style = MLC_CLIENT_BASIC },
	{ .kind = (enum mlc_auth_kind)0 },
};

/* It ends all access to that company at once (SOURCES.md 1). */
static const struct mlc_revocation revocation = {
	.url = "{login_url|https://developer.api.intuit.com}/v2/oauth2/tokens/revoke", .type = "application/json",
	.body = "{\"token\":\"{secret:token}\"}", .client = true,
};

static const struct mlc_signature signature = {
	.header = "intuit-signature", .over = "{body}", .secret = "verifier_token",
};

MLC_EXPORT const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK,
	.size = sizeof(struct mlc_connector),
	.name = "quickbooks_online",
	.title = "QuickBooks Online",
	.version = "1.0.0",
	.entities = qbo_entities,
	.feeds = qbo_feeds,
	.settings = settings,
	.endpoints = endpoints,
	.auth = auth,
	.signature = &signature,
	.per_minute = 500,
	.at_once = 10,
	.ids_at_once = QBO_IDS_AT_ONCE,
	.state_size = sizeof(struct state),
	.ping = qbo_ping,
	.poll = qbo_poll,
	.fetch = qbo_fetch,
	.find = qbo_find,
	.write = qbo_write,
	.receive = qbo_receive,
	.codes = qbo_codes,
	.revocation = &revocation,
};
