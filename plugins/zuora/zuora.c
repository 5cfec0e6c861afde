/* zuora.c - Zuora Billing as a connector: what its records hold, how one logs in.
 *
 * Accounts with their contacts are read and written; invoices, payments, memos, refunds, adjustments and products
 * are read, and invoices are told what the books say about them.  Facts about the API: SOURCES.md. */
#include "zuora.h"

#define MONEY 9 /* digits after the point that Zuora keeps of prices and quantities */

/* ---- parts -------------------------------------------------------------------------------------- */

static const struct mlc_field address[] = { /* a contact, inside an account */
	{ "id", MLC_TEXT, MLC_READONLY, 32, NULL },
	{ "firstName", MLC_TEXT, MLC_REQUIRED, 100, NULL },
	{ "lastName", MLC_TEXT, MLC_REQUIRED, 100, NULL },
	{ "nickname", MLC_TEXT, 0, 100, NULL },
	{ "address1", MLC_TEXT, 0, 255, NULL },
	{ "address2", MLC_TEXT, 0, 255, NULL },
	{ "city", MLC_TEXT, 0, 40, NULL },
	{ "state", MLC_TEXT, 0, 40, NULL },    /* a name or code that Zuora knows */
	{ "zipCode", MLC_TEXT, 0, 20, NULL },
	{ "country", MLC_TEXT, 0, 64, NULL },  /* likewise; most tenants demand it */
	{ "county", MLC_TEXT, 0, 100, NULL },
	{ "workEmail", MLC_TEXT, 0, 80, NULL },
	{ "personalEmail", MLC_TEXT, 0, 80, NULL },
	{ "workPhone", MLC_TEXT, 0, 40, NULL },
	{ "homePhone", MLC_TEXT, 0, 40, NULL },
	{ "mobilePhone", MLC_TEXT, 0, 40, NULL },
	{ "fax", MLC_TEXT, 0, 40, NULL },
	{ "taxRegion", MLC_TEXT, 0, 32, NULL },
	{ NULL },
};

static const struct mlc_field taxation_item[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "taxCode", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "jurisdiction", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "taxRate", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "taxRateType", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "taxAmount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "exemptAmount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ NULL },
};

static const struct mlc_field invoice_item[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "chargeName", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "chargeAmount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL }, /* without tax; may be negative; need not be quantity times price */
	{ "taxAmount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "quantity", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "unitPrice", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "uOM", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "sKU", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "productId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "accountingCode", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "description", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "subscriptionNumber", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "serviceStartDate", MLC_DATE, MLC_READONLY, 0, NULL },
	{ "serviceEndDate", MLC_DATE, MLC_READONLY, 0, NULL },
	{ "processingType", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "appliedToInvoiceItemId", MLC_TEXT, MLC_READONLY, 0, NULL }, /* of a discount: what it lessens */
	{ "taxMode", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "balance", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "taxationItems", MLC_LIST, MLC_READONLY, 0, "taxation_item" },
	{ NULL },
};

static const struct mlc_field memo_item[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "chargeName", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "amount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL }, /* debit memos: without tax in both */
	{ "amountWithoutTax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "taxAmount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "quantity", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "unitPrice", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "sku", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "accountingCode", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "invoiceItemId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "description", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "creditTaxationItems", MLC_LIST, MLC_READONLY, 0, "taxation_item" },
	{ NULL },
};

static const struct mlc_field part[] = { /* of a payment or credit memo: how much of it is where, now */
	{ "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "amount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "refundAmount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL }, /* of it, without Invoice Settlement: what went back */
	{ "invoiceId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "debitMemoId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field refund_application[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "applyAmount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "paymentId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "creditMemoId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field payment_method[] = {
	{ "id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "type", MLC_TEXT, MLC_READONLY, 0, NULL }, /* CreditCard, ACH, Check, WireTransfer, PayPal, Cash, Other, ... */
	{ "creditCardType", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ NULL },
};

/* ---- records ------------------------------------------------------------------------------------ */

static const struct mlc_field account[] = {
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "accountNumber", MLC_TEXT, MLC_IMMUTABLE | MLC_FINDABLE, 50, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 255, NULL },
	{ "status", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL }, /* Draft, Active, Canceled */
	{ "currency", MLC_TEXT, MLC_REQUIRED | MLC_IMMUTABLE | MLC_FINDABLE, 3, NULL },
	{ "notes", MLC_TEXT, 0, 65535, NULL },
	{ "crmId", MLC_TEXT, MLC_FINDABLE, 100, NULL },
	{ "parentId", MLC_TEXT, 0, 32, NULL },
	{ "batch", MLC_TEXT, 0, 20, NULL },
	{ "billCycleDay", MLC_INTEGER, MLC_REQUIRED, 0, NULL }, /* 0 to 31; 0: as the first charge says */
	{ "autoPay", MLC_BOOL, 0, 0, NULL },         /* true takes a payment method */
	{ "paymentTerm", MLC_TEXT, 0, 100, NULL },   /* a name that the tenant has */
	{ "purchaseOrderNumber", MLC_TEXT, 0, 100, NULL },
	{ "salesRep", MLC_TEXT, 0, 50, NULL },
	{ "invoiceDeliveryPrefsEmail", MLC_BOOL, 0, 0, NULL },
	{ "billToContact", MLC_OBJECT, MLC_REQUIRED, 0, "address" },
	{ "soldToContact", MLC_OBJECT, 0, 0, "address" }, /* left away on create: a copy of the other, for ever apart from it */
	{ "balance", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "totalInvoiceBalance", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "totalDebitMemoBalance", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "unappliedBalance", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "unappliedCreditMemoAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "lastInvoiceDate", MLC_DATE, MLC_READONLY, 0, NULL },
	{ "taxExemptStatus", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "createdDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "QBListID__c", MLC_TEXT, MLC_FINDABLE, 255, NULL }, /* ours: docs/connector-zuora.md says how to make it */
	{ NULL },
};

static const struct mlc_field contact[] = {
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "accountId", MLC_TEXT, MLC_REQUIRED | MLC_IMMUTABLE | MLC_FINDABLE, 32, NULL },
	{ "firstName", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 100, NULL },
	{ "lastName", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 100, NULL },
	{ "nickname", MLC_TEXT, 0, 100, NULL },
	{ "address1", MLC_TEXT, 0, 255, NULL },
	{ "address2", MLC_TEXT, 0, 255, NULL },
	{ "city", MLC_TEXT, 0, 40, NULL },
	{ "state", MLC_TEXT, 0, 40, NULL },
	{ "zipCode", MLC_TEXT, 0, 20, NULL },
	{ "country", MLC_TEXT, 0, 64, NULL },
	{ "county", MLC_TEXT, 0, 100, NULL },
	{ "workEmail", MLC_TEXT, MLC_FINDABLE, 80, NULL },
	{ "personalEmail", MLC_TEXT, MLC_FINDABLE, 80, NULL },
	{ "workPhone", MLC_TEXT, MLC_FINDABLE, 40, NULL },
	{ "homePhone", MLC_TEXT, 0, 40, NULL },
	{ "mobilePhone", MLC_TEXT, 0, 40, NULL },
	{ "fax", MLC_TEXT, 0, 40, NULL },
	{ "taxRegion", MLC_TEXT, 0, 32, NULL },
	{ "updatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field invoice[] = {
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "invoiceNumber", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 255, NULL },
	{ "accountId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "status", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL }, /* Draft, Posted, Canceled, Error, Reversed */
	{ "reversed", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "invoiceDate", MLC_DATE, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "dueDate", MLC_DATE, 0, 0, NULL },
	{ "targetDate", MLC_DATE, MLC_READONLY, 0, NULL },
	{ "postedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "currency", MLC_TEXT, MLC_READONLY, 3, NULL },
	{ "amount", MLC_DECIMAL, MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "amountWithoutTax", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "taxAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "balance", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "paymentAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "creditMemoAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "adjustmentAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "refundAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "paymentTerm", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "comments", MLC_TEXT, 0, 255, NULL },
	{ "source", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "sourceType", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "sourceId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "billToContactId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "createdDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "invoiceItems", MLC_LIST, MLC_READONLY, 0, "invoice_item" },
	{ "QBTxnID__c", MLC_TEXT, 0, 255, NULL }, /* ours, as in account */
	{ "QBNumber__c", MLC_TEXT, 0, 255, NULL },
	{ "QBDate__c", MLC_TEXT, 0, 255, NULL },
	{ "QBDueDate__c", MLC_TEXT, 0, 255, NULL },
	{ "QBStatus__c", MLC_TEXT, 0, 255, NULL },
	{ "QBBalance__c", MLC_TEXT, 0, 255, NULL },
	{ NULL },
};

static const struct mlc_field payment[] = {
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "paymentNumber", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "accountId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "status", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL }, /* Processed is money; Voided, Canceled, Error are none */
	{ "type", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },   /* Electronic or External */
	{ "effectiveDate", MLC_DATE, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "currency", MLC_TEXT, MLC_READONLY, 3, NULL },
	{ "amount", MLC_DECIMAL, MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "appliedAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "unappliedAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "refundAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "referenceId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "comment", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "gateway", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "gatewayState", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "paymentMethodId", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "paymentMethod", MLC_OBJECT, MLC_READONLY, 0, "payment_method" },
	{ "createdDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "parts", MLC_LIST, MLC_READONLY, 0, "part" },
	{ NULL },
};

static const struct mlc_field credit_memo[] = {
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "memoNumber", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "accountId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "invoiceId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL }, /* that it was made from */
	{ "status", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },     /* Draft, Posted, Canceled, Error */
	{ "reversed", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "memoDate", MLC_DATE, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "currency", MLC_TEXT, MLC_READONLY, 3, NULL },
	{ "totalAmount", MLC_DECIMAL, MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "totalAmountWithoutTax", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "taxAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "balance", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "appliedAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "refundAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "reasonCode", MLC_TEXT, MLC_READONLY, 0, NULL }, /* "Write-off" among them */
	{ "comments", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "source", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "sourceType", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "createdDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "creditMemoItems", MLC_LIST, MLC_READONLY, 0, "memo_item" },
	{ "parts", MLC_LIST, MLC_READONLY, 0, "part" },
	{ NULL },
};

static const struct mlc_field debit_memo[] = {
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "memoNumber", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "accountId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "invoiceId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "status", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "memoDate", MLC_DATE, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "dueDate", MLC_DATE, MLC_READONLY, 0, NULL },
	{ "currency", MLC_TEXT, MLC_READONLY, 3, NULL },
	{ "totalAmount", MLC_DECIMAL, MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "totalAmountWithoutTax", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "taxAmount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "balance", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "reasonCode", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "comments", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "sourceType", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "createdDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "debitMemoItems", MLC_LIST, MLC_READONLY, 0, "memo_item" },
	{ NULL },
};

static const struct mlc_field refund[] = {
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "refundNumber", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "accountId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "status", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "type", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "sourceType", MLC_TEXT, MLC_READONLY, 0, NULL }, /* Payment or CreditMemo */
	{ "methodType", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "refundDate", MLC_DATE, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "currency", MLC_TEXT, MLC_READONLY, 3, NULL },
	{ "amount", MLC_DECIMAL, MLC_READONLY | MLC_FINDABLE, 2, NULL },
	{ "reasonCode", MLC_TEXT, MLC_READONLY, 0, NULL }, /* "Chargeback" among them */
	{ "referenceID", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "comment", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "createdDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "updatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "refundApplications", MLC_LIST, MLC_READONLY, 0, "refund_application" },
	{ NULL },
};

static const struct mlc_field product[] = {
	{ "id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "productNumber", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "name", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "sKU", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "category", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "description", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "effectiveStartDate", MLC_DATE, MLC_READONLY, 0, NULL },
	{ "effectiveEndDate", MLC_DATE, MLC_READONLY, 0, NULL },
	{ "updatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

/* Only in tenants without Invoice Settlement, and only by ZOQL, hence the capital letters (SOURCES.md 5). */
static const struct mlc_field adjustment[] = {
	{ "Id", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 32, NULL },
	{ "AdjustmentNumber", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "AccountId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "InvoiceId", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "InvoiceNumber", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "AdjustmentDate", MLC_DATE, MLC_READONLY, 0, NULL },
	{ "Type", MLC_TEXT, MLC_READONLY, 0, NULL },   /* Credit or Charge */
	{ "Status", MLC_TEXT, MLC_READONLY, 0, NULL }, /* Processed or Canceled */
	{ "Amount", MLC_DECIMAL, MLC_READONLY, 2, NULL },
	{ "SourceType", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "AccountingCode", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "ReasonCode", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "Comment", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "UpdatedDate", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ NULL },
};

const struct mlc_entity zuora_entities[] = {
	[ACCOUNT] = { "account", MLC_CREATE | MLC_UPDATE | MLC_KEYED, 0, NULL, account },
	[CONTACT] = { "contact", MLC_CREATE | MLC_UPDATE | MLC_KEYED, 0, NULL, contact },
	[INVOICE] = { "invoice", MLC_UPDATE | MLC_KEYED, 50, NULL, invoice }, /* 50: what one action takes */
	[PAYMENT] = { "payment", 0, 0, NULL, payment },
	[CREDIT_MEMO] = { "credit_memo", 0, 0, NULL, credit_memo },
	[DEBIT_MEMO] = { "debit_memo", 0, 0, NULL, debit_memo },
	[REFUND] = { "refund", 0, 0, NULL, refund },
	[PRODUCT] = { "product", 0, 0, NULL, product },
	[ADJUSTMENT] = { "adjustment", 0, 0, NULL, adjustment },
	{ "address", MLC_PART, 0, NULL, address },
	{ "invoice_item", MLC_PART, 0, NULL, invoice_item },
	{ "memo_item", MLC_PART, 0, NULL, memo_item },
	{ "taxation_item", MLC_PART, 0, NULL, taxation_item },
	{ "part", MLC_PART, 0, NULL, part },
	{ "refund_application", MLC_PART, 0, NULL, refund_application },
	{ "payment_method", MLC_PART, 0, NULL, payment_method },
	{ NULL },
};

/* ---- logging in ---------------------------------------------------------------------------------- */

static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false,
		"the tenant's REST address: https://rest.zuora.com, rest.na.zuora.com, rest.eu.zuora.com, rest.apisandbox.zuora.com, ..." },
	{ "client_id", MLC_TEXT, MLC_REQUIRED, false, "of the OAuth client: Zuora, Settings, Administration, the API user" },
	{ "client_secret", MLC_TEXT, MLC_REQUIRED, true, "of the OAuth client, shown once beside its id" },
	{ "zuora_version", MLC_TEXT, 0, false, "the minor version of the API to ask for, 2025-08-12; the tenant's own when left away" },
	{ "entity_id", MLC_TEXT, 0, false, "of a multi-entity tenant: which one" },
	{ "org_ids", MLC_TEXT, 0, false, "of a multi-org tenant: which ones, with commas" },
	{ "invoice_settlement", MLC_BOOL, 0, false, "false: the tenant has no Invoice Settlement; payments and adjustments are then read by ZOQL" },
	{ "callout_user", MLC_TEXT, 0, false, "the user name of callouts with Basic authentication" },
	{ "callout_password", MLC_TEXT, 0, true, "the password of callouts with Basic authentication" },
	{ "callout_hmac", MLC_TEXT, 0, true, "the HMAC secret of callouts that are signed (SHA-256, BASE64, over the body)" },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = { { "api", "{url}" }, { NULL } };

static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_OAUTH_CLIENT, .user = "client_id", .pass = "client_secret", .token_url = "{url}/oauth/token",
		.style = MLC_CLIENT_FORM },
	{ .kind = (enum mlc_auth_kind)0 },
};

/* An administrator writes name, layout and algorithm of the signature himself; these are what our guide tells
 * him.  optional: Basic is as good, and its first request brings nothing at all (SOURCES.md 8). */
static const struct mlc_signature signature = {
	.header = "X-MLC-Signature", .over = "{body}", .secret = "callout_hmac", .optional = true,
};

static const struct mlc_code codes[] = {
	{ "10", "the API user lacks a permission", "give its role that permission in Zuora, Settings, Administration" },
	{ "11", "Zuora does not accept the OAuth client", "make a new secret and set it with mlc secret set" },
	{ "20", "a value that Zuora does not take", "mend the record or the mapping" },
	{ "21", "a field that the tenant does not have", "make the custom field in Zuora, or take it out of the mapping" },
	{ "22", "a field that Zuora demands is missing", "fill it in" },
	{ "23", "a parameter that Zuora demands is missing", "report the connector" },
	{ "27", "Zuora does not take the query", "report the connector" },
	{ "30", "a rule of the tenant forbids it", "the text says which; mend the record" },
	{ "40", "there is no such record", "it was deleted in Zuora, or belongs to another tenant" },
	{ "45", "Zuora does not know the request", "report the connector" },
	{ "50", "the record is being changed by somebody else", "nothing: it is tried again" },
	{ "60", "an internal error of Zuora", "nothing: it is tried again" },
	{ "61", "Zuora is busy for a moment", "nothing: it is tried again" },
	{ "70", "too many requests at once", "nothing: it waits as long as Zuora says" },
	{ "90", "Zuora cannot read the request", "report the connector" },
	{ "99", "the payment gateway or tax engine behind Zuora failed", "nothing: it is tried again" },
	{ NULL },
};

MLC_EXPORT const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK,
	.size = sizeof(struct mlc_connector),
	.name = "zuora",
	.title = "Zuora",
	.version = "1.0.0",
	.entities = zuora_entities,
	.feeds = zuora_feeds,
	.settings = settings,
	.endpoints = endpoints,
	.auth = auth,
	.signature = &signature,
	.per_minute = 50000, /* of a production tenant; sandboxes say with a 429 that theirs is less (SOURCES.md 3) */
	.at_once = 20,       /* of 40 that share the default class with everybody else */
	.ids_at_once = PAGE,
	.state_size = sizeof(struct state),
	.ping = zuora_ping,
	.discover = zuora_discover,
	.poll = zuora_poll,
	.fetch = zuora_fetch,
	.find = zuora_find,
	.write = zuora_write,
	.receive = zuora_receive,
	.codes = codes,
};
