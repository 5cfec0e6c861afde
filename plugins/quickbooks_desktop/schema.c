/* schema.c - entities and fields, in the order of qbXML 13.0 (US), and how they stand on the wire.
 *
 * Source: QuickBooks SDK schema files QBUqbxml130.xsd and QBUqbxmlops130.xsd (read 2026-11); 16.0
 * differs for these objects by additions to Check only.  READONLY members stand in answers only,
 * IMMUTABLE ones in Add and answers, all others in Add, Mod and answers. */
#include "qbd.h"

#define NAMED    MLC_FINDABLE
#define MIRROR   MLC_MIRRORED
#define ONLY     MLC_READONLY
#define ONCE     MLC_IMMUTABLE
#define NEEDED   MLC_REQUIRED

#define TEXT(name, flags, limit)    { name, MLC_TEXT, flags, limit, NULL }
#define WORD(name, flags, values)   { name, MLC_TEXT, flags, 0, values }
#define INT(name, flags)            { name, MLC_INTEGER, flags, 0, NULL }
#define AMOUNT(name, flags)         { name, MLC_DECIMAL, flags, 2, NULL }
#define PRICE(name, flags)          { name, MLC_DECIMAL, flags, 5, NULL }
#define QUANTITY(name, flags)       { name, MLC_DECIMAL, flags, 5, NULL }
#define PERCENT(name, flags)        { name, MLC_DECIMAL, flags, 5, NULL }
#define RATE(name, flags)           { name, MLC_DECIMAL, flags, 10, NULL }
#define BOOL(name, flags)           { name, MLC_BOOL, flags, 0, NULL }
#define DAY(name, flags)            { name, MLC_DATE, flags, 0, NULL }
#define REF(name, flags, of)        { name, MLC_REF, flags, 0, of }
#define PART(name, flags, of)       { name, MLC_OBJECT, flags, 0, of }
#define PARTS(name, flags, of)      { name, MLC_LIST, flags, 0, of }
#define END                         { NULL, 0, 0, 0, NULL }

/* Stamps are text: their offset is wrong in summer, so they are no instants (SOURCES.md). */
#define LIST_CORE                                                                                  \
	TEXT("ListID", ONLY | NAMED, 36), TEXT("TimeCreated", ONLY, 25),                           \
	TEXT("TimeModified", ONLY, 25), TEXT("EditSequence", ONLY, 16)
#define TXN_CORE                                                                                   \
	TEXT("TxnID", ONLY | NAMED, 36), TEXT("TimeCreated", ONLY, 25),                            \
	TEXT("TimeModified", ONLY, 25), TEXT("EditSequence", ONLY, 16), INT("TxnNumber", ONLY)
#define CUSTOM PARTS("DataExt", ONLY, "DataExt")

static const struct mlc_field data_ext[] = {
	TEXT("OwnerID", ONLY, 0), TEXT("DataExtName", ONLY, 31), TEXT("DataExtType", ONLY, 0),
	TEXT("DataExtValue", ONLY, 0), END
};
static const struct mlc_field address[] = {
	TEXT("Addr1", 0, 41), TEXT("Addr2", 0, 41), TEXT("Addr3", 0, 41), TEXT("Addr4", 0, 41),
	TEXT("Addr5", 0, 41), TEXT("City", 0, 31), TEXT("State", 0, 21), TEXT("PostalCode", 0, 13),
	TEXT("Country", 0, 31), TEXT("Note", 0, 41), END
};

/* ---- names ---------------------------------------------------------------------------- */

#define PERSON                                                                                     \
	TEXT("CompanyName", MIRROR, 41), TEXT("Salutation", 0, 15), TEXT("FirstName", MIRROR, 25), \
	TEXT("MiddleName", 0, 5), TEXT("LastName", MIRROR, 25), TEXT("JobTitle", 0, 41)
#define REACH                                                                                      \
	TEXT("Phone", MIRROR, 21), TEXT("Mobile", MIRROR, 21), TEXT("Pager", 0, 21),               \
	TEXT("AltPhone", MIRROR, 21), TEXT("Fax", 0, 21), TEXT("Email", MIRROR, 1023),             \
	TEXT("Cc", 0, 1023), TEXT("Contact", 0, 41), TEXT("AltContact", 0, 41)

static const struct mlc_field customer[] = {
	LIST_CORE, TEXT("Name", NEEDED | NAMED, 41), TEXT("FullName", ONLY | NAMED, 209),
	BOOL("IsActive", 0), REF("ClassRef", 0, "Class"), REF("ParentRef", 0, "Customer"),
	INT("Sublevel", ONLY), PERSON, PART("BillAddress", 0, "Address"),
	PART("ShipAddress", 0, "Address"), TEXT("PrintAs", 0, 41), REACH,
	REF("CustomerTypeRef", 0, "CustomerType"), REF("TermsRef", 0, "Terms"),
	REF("SalesRepRef", 0, "SalesRep"), AMOUNT("Balance", ONLY), AMOUNT("TotalBalance", ONLY),
	REF("SalesTaxCodeRef", 0, "SalesTaxCode"), REF("ItemSalesTaxRef", 0, "Item"),
	TEXT("ResaleNumber", 0, 21), TEXT("AccountNumber", MIRROR, 99), AMOUNT("CreditLimit", 0),
	REF("PreferredPaymentMethodRef", 0, "PaymentMethod"),
	WORD("JobStatus", 0, "Awarded|Closed|InProgress|None|NotAwarded|Pending"),
	DAY("JobStartDate", 0), DAY("JobProjectedEndDate", 0), DAY("JobEndDate", 0),
	TEXT("JobDesc", 0, 99), TEXT("Notes", 0, 4095),
	WORD("PreferredDeliveryMethod", 0, "None|Email|Fax"), REF("PriceLevelRef", 0, "PriceLevel"),
	TEXT("ExternalGUID", ONCE, 38), REF("CurrencyRef", 0, "Currency"), CUSTOM, END
};
static const struct mlc_field vendor[] = {
	LIST_CORE, TEXT("Name", NEEDED | NAMED, 41), BOOL("IsActive", 0), REF("ClassRef", 0, "Class"),
	PERSON, PART("VendorAddress", 0, "Address"), PART("ShipAddress", 0, "Address"), REACH,
	TEXT("NameOnCheck", 0, 41), TEXT("AccountNumber", MIRROR, 99), TEXT("Notes", 0, 4095),
	REF("VendorTypeRef", 0, "VendorType"), REF("TermsRef", 0, "Terms"), AMOUNT("CreditLimit", 0),
	TEXT("VendorTaxIdent", 0, 15), BOOL("IsVendorEligibleFor1099", 0), AMOUNT("Balance", ONLY),
	TEXT("ExternalGUID", ONCE, 38), REF("SalesTaxCodeRef", 0, "SalesTaxCode"),
	REF("CurrencyRef", 0, "Currency"), CUSTOM, END
};
static const struct mlc_field employee_address[] = {
	TEXT("Addr1", 0, 41), TEXT("Addr2", 0, 41), TEXT("City", 0, 31), TEXT("State", 0, 21),
	TEXT("PostalCode", 0, 13), END
};
/* Name: QuickBooks puts it together from the others.  Of what is personal (SSN, birth, pay) nothing is read. */
static const struct mlc_field employee[] = {
	LIST_CORE, TEXT("Name", ONLY | NAMED, 41), BOOL("IsActive", 0), TEXT("Salutation", 0, 15),
	TEXT("FirstName", MIRROR, 25), TEXT("MiddleName", 0, 5), TEXT("LastName", MIRROR, 25),
	TEXT("JobTitle", 0, 41), PART("EmployeeAddress", 0, "EmployeeAddress"), TEXT("PrintAs", 0, 41),
	TEXT("Phone", MIRROR, 21), TEXT("Mobile", MIRROR, 21), TEXT("AltPhone", 0, 21), TEXT("Fax", 0, 21),
	TEXT("Email", MIRROR, 1023), WORD("EmployeeType", 0, "Officer|Owner|Regular|Statutory"),
	DAY("HiredDate", 0), DAY("ReleasedDate", 0), TEXT("AccountNumber", MIRROR, 99),
	TEXT("Notes", 0, 4095), TEXT("ExternalGUID", ONCE, 38), CUSTOM, END
};
/* Customers, vendors, employees and other names: they share one list of names. */
static const struct mlc_field entity[] = {
	LIST_CORE, TEXT("EntityType", ONLY, 0), TEXT("Name", ONLY | NAMED, 41),
	TEXT("FullName", ONLY | NAMED, 209), BOOL("IsActive", ONLY), END
};

/* ---- items ---------------------------------------------------------------------------- */

#define ITEM_NAME LIST_CORE, TEXT("Name", NEEDED | NAMED, 31)
#define ITEM_PATH                                                                                  \
	ITEM_NAME, TEXT("FullName", ONLY | NAMED, 159), BOOL("IsActive", 0),                       \
	REF("ClassRef", 0, "Class")
#define ITEM_TRADE                                                                                 \
	REF("SalesTaxCodeRef", 0, "SalesTaxCode"), PART("SalesOrPurchase", 0, "SalesOrPurchase"),  \
	PART("SalesAndPurchase", 0, "SalesAndPurchase"), TEXT("ExternalGUID", ONCE, 38), CUSTOM

static const struct mlc_field sales_or_purchase[] = {
	TEXT("Desc", 0, 4095), PRICE("Price", 0), PERCENT("PricePercent", 0),
	REF("AccountRef", 0, "Account"), END
};
static const struct mlc_field sales_and_purchase[] = {
	TEXT("SalesDesc", 0, 4095), PRICE("SalesPrice", 0), REF("IncomeAccountRef", 0, "Account"),
	TEXT("PurchaseDesc", 0, 4095), PRICE("PurchaseCost", 0),
	REF("ExpenseAccountRef", 0, "Account"), REF("PrefVendorRef", 0, "Vendor"), END
};
static const struct mlc_field item_service[] = {
	ITEM_PATH, REF("ParentRef", 0, "Item"), ITEM_TRADE, END
};
/* ClassRef: before ParentRef in Mod, behind it in Add; we leave it alone. */
static const struct mlc_field item_non_inventory[] = {
	ITEM_NAME, TEXT("FullName", ONLY | NAMED, 159), BOOL("IsActive", 0),
	REF("ParentRef", 0, "Item"), TEXT("ManufacturerPartNumber", MIRROR, 31), ITEM_TRADE, END
};
static const struct mlc_field item_other_charge[] = {
	ITEM_PATH, REF("ParentRef", 0, "Item"), ITEM_TRADE, END
};
static const struct mlc_field item_inventory[] = {
	ITEM_PATH, REF("ParentRef", 0, "Item"), TEXT("ManufacturerPartNumber", MIRROR, 31),
	REF("SalesTaxCodeRef", 0, "SalesTaxCode"), TEXT("SalesDesc", 0, 4095), PRICE("SalesPrice", 0),
	REF("IncomeAccountRef", NEEDED, "Account"), TEXT("PurchaseDesc", 0, 4095),
	PRICE("PurchaseCost", 0), REF("COGSAccountRef", NEEDED, "Account"),
	REF("PrefVendorRef", 0, "Vendor"), REF("AssetAccountRef", NEEDED, "Account"),
	QUANTITY("ReorderPoint", 0), QUANTITY("QuantityOnHand", ONLY), PRICE("AverageCost", ONLY),
	QUANTITY("QuantityOnOrder", ONLY), QUANTITY("QuantityOnSalesOrder", ONLY),
	TEXT("ExternalGUID", ONCE, 38), CUSTOM, END
};
static const struct mlc_field item_discount[] = {
	ITEM_PATH, REF("ParentRef", 0, "Item"), TEXT("ItemDesc", 0, 4095),
	REF("SalesTaxCodeRef", 0, "SalesTaxCode"), PRICE("DiscountRate", 0),
	PERCENT("DiscountRatePercent", 0), REF("AccountRef", NEEDED, "Account"),
	TEXT("ExternalGUID", ONCE, 38), CUSTOM, END
};
static const struct mlc_field item_sales_tax[] = {
	ITEM_NAME, BOOL("IsActive", 0), TEXT("ItemDesc", 0, 4095), PERCENT("TaxRate", NEEDED),
	REF("TaxVendorRef", NEEDED, "Vendor"), TEXT("ExternalGUID", ONCE, 38), CUSTOM, END
};
static const struct mlc_field item_sales_tax_group_line[] = {
	REF("ItemSalesTaxRef", NEEDED, "Item"), END
};
static const struct mlc_field item_sales_tax_group[] = {
	ITEM_NAME, BOOL("IsActive", 0), TEXT("ItemDesc", 0, 4095), TEXT("ExternalGUID", ONCE, 38),
	PARTS("ItemSalesTax", NEEDED, "ItemSalesTaxGroupLine"), CUSTOM, END
};
static const struct mlc_field item_group_line[] = {
	REF("ItemRef", NEEDED, "Item"), QUANTITY("Quantity", 0), TEXT("UnitOfMeasure", 0, 31), END
};
static const struct mlc_field item_group[] = {
	ITEM_NAME, BOOL("IsActive", 0), TEXT("ItemDesc", 0, 4095), BOOL("IsPrintItemsInGroup", 0),
	TEXT("ExternalGUID", ONCE, 38), PARTS("ItemGroupLine", 0, "ItemGroupLine"), CUSTOM, END
};
/* Items of every kind, as they are looked up: names are unique over all of them. */
static const struct mlc_field item[] = {
	LIST_CORE, TEXT("ItemType", ONLY, 0), TEXT("Name", ONLY | NAMED, 31),
	TEXT("FullName", ONLY | NAMED, 159), BOOL("IsActive", ONLY), REF("ClassRef", ONLY, "Class"),
	REF("ParentRef", ONLY, "Item"), TEXT("ManufacturerPartNumber", ONLY | MIRROR, 31),
	TEXT("ItemDesc", ONLY, 4095), REF("SalesTaxCodeRef", ONLY, "SalesTaxCode"),
	PART("SalesOrPurchase", ONLY, "SalesOrPurchase"),
	PART("SalesAndPurchase", ONLY, "SalesAndPurchase"), TEXT("SalesDesc", ONLY, 4095),
	PRICE("SalesPrice", ONLY), REF("IncomeAccountRef", ONLY, "Account"),
	TEXT("PurchaseDesc", ONLY, 4095), PRICE("PurchaseCost", ONLY),
	REF("COGSAccountRef", ONLY, "Account"), REF("AssetAccountRef", ONLY, "Account"),
	QUANTITY("QuantityOnHand", ONLY), PRICE("AverageCost", ONLY),
	QUANTITY("QuantityOnOrder", ONLY), QUANTITY("QuantityOnSalesOrder", ONLY),
	PRICE("DiscountRate", ONLY), PERCENT("DiscountRatePercent", ONLY),
	REF("AccountRef", ONLY, "Account"), PERCENT("TaxRate", ONLY), REF("TaxVendorRef", ONLY, "Vendor"),
	PARTS("ItemSalesTax", ONLY, "ItemSalesTaxGroupLine"),
	PARTS("ItemGroupLine", ONLY, "ItemGroupLine"), CUSTOM, END
};

/* ---- transactions ---------------------------------------------------------------------- */

static const struct mlc_field linked_txn[] = {
	TEXT("TxnID", ONLY, 36), TEXT("TxnType", ONLY, 0), DAY("TxnDate", ONLY),
	TEXT("RefNumber", ONLY, 20), WORD("LinkType", ONLY, "AMTTYPE|QUANTYPE"), AMOUNT("Amount", ONLY),
	END
};
static const struct mlc_field set_credit[] = {
	REF("CreditTxnID", NEEDED, "CreditMemo"), AMOUNT("AppliedAmount", NEEDED), BOOL("Override", 0),
	END
};

/* A line is one of an item, or one of a group with its lines inside: in one list, for their order
 * is the document's.  TxnLineID: of the line that it is in QuickBooks; none: a new one. */
#define LINE_BODY                                                                                  \
	TEXT("Desc", 0, 4095), QUANTITY("Quantity", 0), TEXT("UnitOfMeasure", 0, 31),              \
	PRICE("Rate", 0), PERCENT("RatePercent", 0), REF("ClassRef", 0, "Class"),                  \
	AMOUNT("Amount", 0), DAY("ServiceDate", 0), REF("SalesTaxCodeRef", 0, "SalesTaxCode"),     \
	REF("OverrideItemAccountRef", 0, "Account"), TEXT("Other1", 0, 29), TEXT("Other2", 0, 29)
static const struct mlc_field sales_line[] = {
	TEXT("TxnLineID", 0, 36), REF("ItemRef", 0, "Item"), REF("ItemGroupRef", 0, "Item"), LINE_BODY,
	AMOUNT("TotalAmount", ONLY), PARTS("GroupLine", 0, "GroupLine"), CUSTOM, END
};
static const struct mlc_field group_line[] = {
	TEXT("TxnLineID", 0, 36), REF("ItemRef", 0, "Item"), LINE_BODY, CUSTOM, END
};

#define SALE_HEAD                                                                                  \
	TXN_CORE, REF("CustomerRef", NEEDED | NAMED, "Customer"), REF("ClassRef", 0, "Class")
#define SALE_DATED                                                                                 \
	REF("TemplateRef", 0, "Template"), DAY("TxnDate", NAMED), TEXT("RefNumber", NAMED, 11),    \
	PART("BillAddress", 0, "Address"), PART("ShipAddress", 0, "Address"), BOOL("IsPending", 0)
#define SALE_NOTES                                                                                 \
	TEXT("Memo", MIRROR, 4095), REF("CustomerMsgRef", 0, "CustomerMsg"),                       \
	BOOL("IsToBePrinted", 0), BOOL("IsToBeEmailed", 0),                                        \
	REF("CustomerSalesTaxCodeRef", 0, "SalesTaxCode")
#define SALE_TAX                                                                                   \
	AMOUNT("Subtotal", ONLY), REF("ItemSalesTaxRef", 0, "Item"),                               \
	PERCENT("SalesTaxPercentage", ONLY), AMOUNT("SalesTaxTotal", ONLY)

static const struct mlc_field invoice[] = {
	SALE_HEAD, REF("ARAccountRef", 0, "Account"), SALE_DATED, TEXT("PONumber", MIRROR, 25),
	REF("TermsRef", 0, "Terms"), DAY("DueDate", 0), REF("SalesRepRef", 0, "SalesRep"),
	TEXT("FOB", 0, 13), DAY("ShipDate", 0), REF("ShipMethodRef", 0, "ShipMethod"), SALE_TAX,
	AMOUNT("AppliedAmount", ONLY), AMOUNT("BalanceRemaining", ONLY),
	REF("CurrencyRef", ONLY, "Currency"), BOOL("IsPaid", ONLY), SALE_NOTES, TEXT("Other", MIRROR, 29),
	RATE("ExchangeRate", 0), TEXT("ExternalGUID", ONCE, 38), PARTS("LinkedTxn", ONLY, "LinkedTxn"),
	PARTS("SetCredit", 0, "SetCredit"), PARTS("InvoiceLine", 0, "InvoiceLine"), CUSTOM, END
};
static const struct mlc_field credit_memo[] = {
	SALE_HEAD, REF("ARAccountRef", 0, "Account"), SALE_DATED, TEXT("PONumber", MIRROR, 25),
	REF("TermsRef", 0, "Terms"), DAY("DueDate", 0), REF("SalesRepRef", 0, "SalesRep"),
	TEXT("FOB", 0, 13), DAY("ShipDate", 0), REF("ShipMethodRef", 0, "ShipMethod"), SALE_TAX,
	AMOUNT("TotalAmount", ONLY), AMOUNT("CreditRemaining", ONLY),
	REF("CurrencyRef", ONLY, "Currency"), SALE_NOTES, TEXT("Other", MIRROR, 29),
	RATE("ExchangeRate", 0), TEXT("ExternalGUID", ONCE, 38), PARTS("LinkedTxn", ONLY, "LinkedTxn"),
	PARTS("CreditMemoLine", NEEDED, "CreditMemoLine"), CUSTOM, END
};
static const struct mlc_field sales_receipt[] = {
	TXN_CORE, REF("CustomerRef", NAMED, "Customer"), REF("ClassRef", 0, "Class"), SALE_DATED,
	TEXT("CheckNumber", 0, 25), REF("PaymentMethodRef", 0, "PaymentMethod"),
	DAY("DueDate", 0), REF("SalesRepRef", 0, "SalesRep"), DAY("ShipDate", 0),
	REF("ShipMethodRef", 0, "ShipMethod"), TEXT("FOB", 0, 13), SALE_TAX,
	AMOUNT("TotalAmount", ONLY), REF("CurrencyRef", ONLY, "Currency"), SALE_NOTES,
	REF("DepositToAccountRef", 0, "Account"), TEXT("Other", MIRROR, 29), RATE("ExchangeRate", 0),
	TEXT("ExternalGUID", ONCE, 38), PARTS("SalesReceiptLine", NEEDED, "SalesReceiptLine"), CUSTOM,
	END
};
static const struct mlc_field applied_to_txn[] = {
	REF("TxnID", NEEDED, "Invoice"), TEXT("TxnType", ONLY, 0), DAY("TxnDate", ONLY),
	TEXT("RefNumber", ONLY, 20), AMOUNT("BalanceRemaining", ONLY), AMOUNT("Amount", ONLY),
	AMOUNT("PaymentAmount", 0), PARTS("SetCredit", 0, "SetCredit"), AMOUNT("DiscountAmount", 0),
	REF("DiscountAccountRef", 0, "Account"), REF("DiscountClassRef", 0, "Class"), END
};
static const struct mlc_field receive_payment[] = {
	TXN_CORE, REF("CustomerRef", NEEDED | NAMED, "Customer"), REF("ARAccountRef", 0, "Account"),
	DAY("TxnDate", NAMED), TEXT("RefNumber", NAMED, 20), AMOUNT("TotalAmount", 0),
	REF("CurrencyRef", ONLY, "Currency"), RATE("ExchangeRate", 0),
	REF("PaymentMethodRef", 0, "PaymentMethod"), TEXT("Memo", MIRROR, 4095),
	REF("DepositToAccountRef", 0, "Account"), AMOUNT("UnusedPayment", ONLY),
	AMOUNT("UnusedCredits", ONLY), TEXT("ExternalGUID", ONCE, 38), BOOL("IsAutoApply", ONCE),
	PARTS("AppliedToTxn", 0, "AppliedToTxn"), CUSTOM, END
};
static const struct mlc_field refund_applied_to_txn[] = {
	REF("TxnID", NEEDED, "CreditMemo"), TEXT("TxnType", ONLY, 0), DAY("TxnDate", ONLY),
	TEXT("RefNumber", ONLY, 20), AMOUNT("CreditRemaining", ONLY), AMOUNT("RefundAmount", NEEDED), END
};
static const struct mlc_field ar_refund_credit_card[] = {
	TXN_CORE, REF("CustomerRef", NEEDED | NAMED, "Customer"),
	REF("RefundFromAccountRef", 0, "Account"), REF("ARAccountRef", 0, "Account"),
	DAY("TxnDate", NAMED), TEXT("RefNumber", NAMED, 11), AMOUNT("TotalAmount", ONLY),
	REF("CurrencyRef", ONLY, "Currency"), PART("Address", 0, "Address"),
	REF("PaymentMethodRef", 0, "PaymentMethod"), TEXT("Memo", MIRROR, 4095),
	RATE("ExchangeRate", 0), TEXT("ExternalGUID", ONCE, 38),
	PARTS("RefundAppliedToTxn", NEEDED, "RefundAppliedToTxn"), CUSTOM, END
};
static const struct mlc_field apply_check_to_txn[] = {
	REF("TxnID", NEEDED, "CreditMemo"), AMOUNT("Amount", 0), END
};
static const struct mlc_field expense_line[] = {
	TEXT("TxnLineID", 0, 36), REF("AccountRef", 0, "Account"), AMOUNT("Amount", 0),
	TEXT("Memo", 0, 4095), REF("CustomerRef", 0, "Customer"), REF("ClassRef", 0, "Class"),
	REF("SalesTaxCodeRef", 0, "SalesTaxCode"),
	WORD("BillableStatus", 0, "Billable|NotBillable|HasBeenBilled"), END
};
static const struct mlc_field check[] = {
	TXN_CORE, REF("AccountRef", NEEDED, "Account"), REF("PayeeEntityRef", NAMED, "Entity"),
	TEXT("RefNumber", NAMED, 11), DAY("TxnDate", NAMED), AMOUNT("Amount", ONLY),
	REF("CurrencyRef", ONLY, "Currency"), TEXT("Memo", MIRROR, 4095),
	PART("Address", 0, "Address"), BOOL("IsToBePrinted", 0), RATE("ExchangeRate", 0),
	TEXT("ExternalGUID", ONCE, 38), PARTS("LinkedTxn", ONLY, "LinkedTxn"),
	PARTS("ApplyCheckToTxn", 0, "ApplyCheckToTxn"), PARTS("ExpenseLine", 0, "ExpenseLine"), CUSTOM,
	END
};

/* ---- purchases and the journal -------------------------------------------------------------- */

/* Of a bill: TxnLineID and groups as in a sale. */
#define COST_BODY                                                                                  \
	TEXT("Desc", 0, 4095), QUANTITY("Quantity", 0), TEXT("UnitOfMeasure", 0, 31),              \
	PRICE("Cost", 0), AMOUNT("Amount", 0), REF("CustomerRef", 0, "Customer"),                  \
	REF("ClassRef", 0, "Class"), REF("SalesTaxCodeRef", 0, "SalesTaxCode"),                    \
	WORD("BillableStatus", 0, "Billable|NotBillable|HasBeenBilled")
static const struct mlc_field item_line[] = {
	TEXT("TxnLineID", 0, 36), REF("ItemRef", 0, "Item"), REF("ItemGroupRef", 0, "Item"), COST_BODY,
	AMOUNT("TotalAmount", ONLY), PARTS("GroupLine", 0, "GroupCostLine"), CUSTOM, END
};
static const struct mlc_field group_cost_line[] = {
	TEXT("TxnLineID", 0, 36), REF("ItemRef", 0, "Item"), COST_BODY, CUSTOM, END
};
static const struct mlc_field bill[] = {
	TXN_CORE, REF("VendorRef", NEEDED | NAMED, "Vendor"), PART("VendorAddress", 0, "Address"),
	REF("APAccountRef", 0, "Account"), DAY("TxnDate", NAMED), DAY("DueDate", 0),
	AMOUNT("AmountDue", ONLY), REF("CurrencyRef", ONLY, "Currency"), TEXT("RefNumber", NAMED, 20),
	REF("TermsRef", 0, "Terms"), TEXT("Memo", MIRROR, 4095), BOOL("IsPaid", ONLY),
	RATE("ExchangeRate", 0), TEXT("ExternalGUID", ONCE, 38), PARTS("LinkedTxn", ONLY, "LinkedTxn"),
	PARTS("ExpenseLine", 0, "ExpenseLine"), PARTS("ItemLine", 0, "ItemLine"),
	AMOUNT("OpenAmount", ONLY), CUSTOM, END
};
static const struct mlc_field bill_payment[] = {
	TXN_CORE, REF("PayeeEntityRef", ONLY | NAMED, "Vendor"), REF("APAccountRef", ONLY, "Account"),
	DAY("TxnDate", ONLY | NAMED), REF("BankAccountRef", ONLY, "Account"),
	REF("CreditCardAccountRef", ONLY, "Account"), AMOUNT("Amount", ONLY),
	REF("CurrencyRef", ONLY, "Currency"), TEXT("RefNumber", ONLY | NAMED, 11),
	TEXT("Memo", ONLY, 4095), PARTS("AppliedToTxn", ONLY, "AppliedToTxn"), CUSTOM, END
};
#define ORDER_BODY                                                                                 \
	TEXT("ManufacturerPartNumber", 0, 31), TEXT("Desc", 0, 4095), QUANTITY("Quantity", 0),     \
	TEXT("UnitOfMeasure", 0, 31), PRICE("Rate", 0), REF("ClassRef", 0, "Class"),               \
	AMOUNT("Amount", 0), REF("CustomerRef", 0, "Customer"), DAY("ServiceDate", 0),             \
	QUANTITY("ReceivedQuantity", ONLY), BOOL("IsManuallyClosed", ONLY), TEXT("Other1", 0, 29), \
	TEXT("Other2", 0, 29)
static const struct mlc_field purchase_order_line[] = {
	TEXT("TxnLineID", 0, 36), REF("ItemRef", 0, "Item"), REF("ItemGroupRef", 0, "Item"), ORDER_BODY,
	AMOUNT("TotalAmount", ONLY), PARTS("GroupLine", 0, "GroupOrderLine"), CUSTOM, END
};
static const struct mlc_field group_order_line[] = {
	TEXT("TxnLineID", 0, 36), REF("ItemRef", 0, "Item"), ORDER_BODY, CUSTOM, END
};
static const struct mlc_field purchase_order[] = {
	TXN_CORE, REF("VendorRef", NEEDED | NAMED, "Vendor"), REF("ClassRef", 0, "Class"),
	REF("ShipToEntityRef", 0, "Entity"), REF("TemplateRef", 0, "Template"), DAY("TxnDate", NAMED),
	TEXT("RefNumber", NAMED, 11), PART("VendorAddress", 0, "Address"),
	PART("ShipAddress", 0, "Address"), REF("TermsRef", 0, "Terms"), DAY("DueDate", 0),
	DAY("ExpectedDate", 0), REF("ShipMethodRef", 0, "ShipMethod"), TEXT("FOB", 0, 13),
	AMOUNT("TotalAmount", ONLY), REF("CurrencyRef", ONLY, "Currency"), BOOL("IsManuallyClosed", ONLY),
	BOOL("IsFullyReceived", ONLY), TEXT("Memo", MIRROR, 4095), TEXT("VendorMsg", 0, 99),
	BOOL("IsToBePrinted", 0), BOOL("IsToBeEmailed", 0), TEXT("Other1", MIRROR, 25),
	TEXT("Other2", MIRROR, 29), RATE("ExchangeRate", 0), TEXT("ExternalGUID", ONCE, 38),
	PARTS("LinkedTxn", ONLY, "LinkedTxn"), PARTS("PurchaseOrderLine", NEEDED, "PurchaseOrderLine"),
	CUSTOM, END
};
/* On the wire a line is a JournalDebitLine or a JournalCreditLine, and only a Mod says which in a member. */
static const struct mlc_field journal_line[] = {
	TEXT("TxnLineID", 0, 36), WORD("JournalLineType", 0, "Debit|Credit"), REF("AccountRef", 0, "Account"),
	AMOUNT("Amount", 0), TEXT("Memo", 0, 4095), REF("EntityRef", 0, "Entity"),
	REF("ClassRef", 0, "Class"), REF("ItemSalesTaxRef", 0, "Item"),
	WORD("BillableStatus", 0, "Billable|NotBillable|HasBeenBilled"), END
};
static const struct mlc_field journal_entry[] = {
	TXN_CORE, DAY("TxnDate", NAMED), TEXT("RefNumber", NAMED, 11), TEXT("Memo", ONCE | MIRROR, 4095),
	BOOL("IsAdjustment", 0), REF("CurrencyRef", ONLY, "Currency"), RATE("ExchangeRate", 0),
	TEXT("ExternalGUID", ONCE, 38), PARTS("JournalLine", NEEDED, "JournalLine"), CUSTOM, END
};

/* QuickBooks' ageing summaries (aging.c): a name's own figures, without those of the names below it. */
#define AGED                                                                                       \
	AMOUNT("Current", ONLY), AMOUNT("Days1To30", ONLY), AMOUNT("Days31To60", ONLY),            \
	AMOUNT("Days61To90", ONLY), AMOUNT("Over90", ONLY), AMOUNT("Total", ONLY)
static const struct mlc_field customer_aging[] = { REF("CustomerRef", ONLY | NAMED, "Customer"), AGED, END };
static const struct mlc_field vendor_aging[] = { REF("VendorRef", ONLY | NAMED, "Vendor"), AGED, END };

/* ---- the chart and the small lists -------------------------------------------------------- */

#define ACCOUNT_TYPES                                                                              \
	"AccountsPayable|AccountsReceivable|Bank|CostOfGoodsSold|CreditCard|Equity|Expense|"       \
	"FixedAsset|Income|LongTermLiability|NonPosting|OtherAsset|OtherCurrentAsset|"             \
	"OtherCurrentLiability|OtherExpense|OtherIncome"

static const struct mlc_field account[] = {
	LIST_CORE, TEXT("Name", NEEDED | NAMED, 31), TEXT("FullName", ONLY | NAMED, 159),
	BOOL("IsActive", 0), REF("ParentRef", 0, "Account"), INT("Sublevel", ONLY),
	WORD("AccountType", NEEDED, ACCOUNT_TYPES), TEXT("SpecialAccountType", ONLY, 0),
	TEXT("AccountNumber", MIRROR, 7), TEXT("BankNumber", 0, 25), TEXT("Desc", 0, 200),
	AMOUNT("Balance", ONLY), AMOUNT("TotalBalance", ONLY),
	REF("SalesTaxCodeRef", 0, "SalesTaxCode"), REF("CurrencyRef", 0, "Currency"), CUSTOM, END
};
static const struct mlc_field terms[] = {
	LIST_CORE, TEXT("TermsType", ONLY, 0), TEXT("Name", ONLY | NAMED, 31), BOOL("IsActive", ONLY),
	INT("StdDueDays", ONLY), INT("StdDiscountDays", ONLY), INT("DayOfMonthDue", ONLY),
	INT("DueNextMonthDays", ONLY), INT("DiscountDayOfMonth", ONLY), PERCENT("DiscountPct", ONLY), END
};
static const struct mlc_field standard_terms[] = {
	LIST_CORE, TEXT("Name", NEEDED | NAMED, 31), BOOL("IsActive", ONCE), INT("StdDueDays", ONCE),
	INT("StdDiscountDays", ONCE), PERCENT("DiscountPct", ONCE), END
};
static const struct mlc_field sales_tax_code[] = {
	LIST_CORE, TEXT("Name", NEEDED | NAMED, 3), BOOL("IsActive", 0), BOOL("IsTaxable", NEEDED),
	TEXT("Desc", 0, 31), END
};
static const struct mlc_field payment_method[] = {
	LIST_CORE, TEXT("Name", NEEDED | NAMED, 31), BOOL("IsActive", ONCE),
	WORD("PaymentMethodType", ONCE, "AmericanExpress|Cash|Check|DebitCard|Discover|ECheck|GiftCard|"
		"MasterCard|Other|OtherCreditCard|Visa"),
	END
};
static const struct mlc_field class_fields[] = {
	LIST_CORE, TEXT("Name", NEEDED | NAMED, 31), TEXT("FullName", ONLY | NAMED, 159),
	BOOL("IsActive", 0), REF("ParentRef", 0, "Class"), INT("Sublevel", ONLY), END
};
/* Small lists that we only refer to. */
#define SMALL_LIST(limit)                                                                          \
	{                                                                                          \
		LIST_CORE, TEXT("Name", ONLY | NAMED, limit), BOOL("IsActive", ONLY), END          \
	}
static const struct mlc_field typed[] = {
	LIST_CORE, TEXT("Name", ONLY | NAMED, 31), TEXT("FullName", ONLY | NAMED, 159),
	BOOL("IsActive", ONLY), END
};
static const struct mlc_field ship_method[] = SMALL_LIST(15);
static const struct mlc_field customer_msg[] = SMALL_LIST(101);
static const struct mlc_field named[] = SMALL_LIST(31);
static const struct mlc_field person[] = SMALL_LIST(41);
static const struct mlc_field sales_rep[] = {
	LIST_CORE, TEXT("Initial", ONLY | NAMED, 5), BOOL("IsActive", ONLY),
	REF("SalesRepEntityRef", ONLY, "Entity"), END
};
static const struct mlc_field currency[] = {
	LIST_CORE, TEXT("Name", ONLY | NAMED, 64), BOOL("IsActive", ONLY),
	TEXT("CurrencyCode", ONLY, 3), RATE("ExchangeRate", ONLY), DAY("AsOfDate", ONLY), END
};

/* ---- the company itself --------------------------------------------------------------------- */

static const struct mlc_field company[] = {
	BOOL("IsSampleCompany", ONLY), TEXT("CompanyName", ONLY, 59), TEXT("LegalCompanyName", ONLY, 59),
	PART("Address", ONLY, "Address"), PART("LegalAddress", ONLY, "Address"), TEXT("Phone", ONLY, 51),
	TEXT("Fax", ONLY, 51), TEXT("Email", ONLY, 1023), TEXT("CompanyWebSite", ONLY, 128),
	TEXT("FirstMonthFiscalYear", ONLY, 0), TEXT("CompanyType", ONLY, 255), CUSTOM, END
};
static const struct mlc_field accounting_preferences[] = {
	BOOL("IsUsingAccountNumbers", ONLY), BOOL("IsRequiringAccounts", ONLY),
	BOOL("IsUsingClassTracking", ONLY), TEXT("AssignClassesTo", ONLY, 0), BOOL("IsUsingAuditTrail", ONLY),
	DAY("ClosingDate", ONLY), END
};
static const struct mlc_field currency_preferences[] = {
	BOOL("IsMultiCurrencyOn", ONLY), REF("HomeCurrencyRef", ONLY, "Currency"), END
};
static const struct mlc_field purchase_preferences[] = { BOOL("IsUsingInventory", ONLY), END };
static const struct mlc_field report_preferences[] = {
	TEXT("AgingReportBasis", ONLY, 0), TEXT("SummaryReportBasis", ONLY, 0), END
};
static const struct mlc_field sales_preferences[] = { BOOL("IsAutoApplyingPayments", ONLY), END };
static const struct mlc_field tax_preferences[] = {
	REF("DefaultItemSalesTaxRef", ONLY, "Item"), TEXT("PaySalesTax", ONLY, 0),
	REF("DefaultTaxableSalesTaxCodeRef", ONLY, "SalesTaxCode"),
	REF("DefaultNonTaxableSalesTaxCodeRef", ONLY, "SalesTaxCode"), END
};
static const struct mlc_field preferences[] = {
	PART("AccountingPreferences", ONLY, "AccountingPreferences"),
	PART("MultiCurrencyPreferences", ONLY, "MultiCurrencyPreferences"),
	PART("PurchasesAndVendorsPreferences", ONLY, "PurchasesAndVendorsPreferences"),
	PART("ReportsPreferences", ONLY, "ReportsPreferences"),
	PART("SalesAndCustomersPreferences", ONLY, "SalesAndCustomersPreferences"),
	PART("SalesTaxPreferences", ONLY, "SalesTaxPreferences"), END
};

/* ---- all of them ------------------------------------------------------------------------------ */

/* One write a call: calls are put together in sets when the peer comes for them. */
#define MADE    (MLC_CREATE | MLC_RECOVERED)
#define KEPT    (MADE | MLC_UPDATE | MLC_VERSIONED)

const struct mlc_entity qbd_entities[] = {
	{ "Customer", KEPT | MLC_DELETE, 0, NULL, customer },
	{ "Vendor", KEPT | MLC_DELETE, 0, NULL, vendor },
	{ "Entity", 0, 0, NULL, entity },
	{ "Employee", KEPT | MLC_DELETE, 0, NULL, employee },
	{ "OtherName", 0, 0, NULL, person },
	{ "Item", 0, 0, NULL, item },
	{ "ItemService", KEPT | MLC_DELETE, 0, NULL, item_service },
	{ "ItemNonInventory", KEPT | MLC_DELETE, 0, NULL, item_non_inventory },
	{ "ItemOtherCharge", KEPT | MLC_DELETE, 0, NULL, item_other_charge },
	{ "ItemInventory", KEPT | MLC_DELETE, 0, NULL, item_inventory },
	{ "ItemDiscount", KEPT | MLC_DELETE, 0, NULL, item_discount },
	{ "ItemSalesTax", KEPT | MLC_DELETE, 0, NULL, item_sales_tax },
	{ "ItemSalesTaxGroup", KEPT | MLC_DELETE, 0, NULL, item_sales_tax_group },
	{ "ItemGroup", KEPT | MLC_DELETE, 0, NULL, item_group },
	{ "Invoice", KEPT | MLC_DELETE | MLC_VOID, 0, NULL, invoice },
	{ "CreditMemo", KEPT | MLC_DELETE | MLC_VOID, 0, NULL, credit_memo },
	{ "SalesReceipt", KEPT | MLC_DELETE | MLC_VOID, 0, NULL, sales_receipt },
	{ "ReceivePayment", KEPT | MLC_DELETE, 0, NULL, receive_payment },
	{ "ARRefundCreditCard", MADE | MLC_DELETE | MLC_VOID, 0, NULL, ar_refund_credit_card },
	{ "Check", KEPT | MLC_DELETE | MLC_VOID, 0, NULL, check },
	{ "Bill", KEPT | MLC_DELETE | MLC_VOID, 0, NULL, bill },
	{ "BillPaymentCheck", 0, 0, NULL, bill_payment },
	{ "BillPaymentCreditCard", 0, 0, NULL, bill_payment },
	{ "PurchaseOrder", KEPT | MLC_DELETE, 0, NULL, purchase_order },
	{ "JournalEntry", KEPT | MLC_DELETE | MLC_VOID, 0, NULL, journal_entry },
	{ "CustomerAging", 0, 0, NULL, customer_aging },
	{ "VendorAging", 0, 0, NULL, vendor_aging },
	{ "Account", KEPT | MLC_DELETE, 0, NULL, account },
	{ "Terms", 0, 0, NULL, terms },
	{ "StandardTerms", MADE | MLC_DELETE, 0, NULL, standard_terms },
	{ "SalesTaxCode", KEPT | MLC_DELETE, 0, NULL, sales_tax_code },
	{ "PaymentMethod", MADE | MLC_DELETE, 0, NULL, payment_method },
	{ "Class", KEPT | MLC_DELETE, 0, NULL, class_fields },
	{ "CustomerType", 0, 0, NULL, typed },
	{ "VendorType", 0, 0, NULL, typed },
	{ "SalesRep", 0, 0, NULL, sales_rep },
	{ "ShipMethod", 0, 0, NULL, ship_method },
	{ "CustomerMsg", 0, 0, NULL, customer_msg },
	{ "PriceLevel", 0, 0, NULL, named },
	{ "Template", 0, 0, NULL, named },
	{ "Currency", 0, 0, NULL, currency },
	{ "Company", 0, 0, NULL, company },
	{ "Preferences", 0, 0, NULL, preferences },
	{ "Address", MLC_PART, 0, NULL, address },
	{ "EmployeeAddress", MLC_PART, 0, NULL, employee_address },
	{ "DataExt", MLC_PART, 0, NULL, data_ext },
	{ "LinkedTxn", MLC_PART, 0, NULL, linked_txn },
	{ "SetCredit", MLC_PART, 0, NULL, set_credit },
	{ "SalesOrPurchase", MLC_PART, 0, NULL, sales_or_purchase },
	{ "SalesAndPurchase", MLC_PART, 0, NULL, sales_and_purchase },
	{ "ItemSalesTaxGroupLine", MLC_PART, 0, NULL, item_sales_tax_group_line },
	{ "ItemGroupLine", MLC_PART, 0, NULL, item_group_line },
	{ "InvoiceLine", MLC_PART, 0, NULL, sales_line },
	{ "CreditMemoLine", MLC_PART, 0, NULL, sales_line },
	{ "SalesReceiptLine", MLC_PART, 0, NULL, sales_line },
	{ "GroupLine", MLC_PART, 0, NULL, group_line },
	{ "AppliedToTxn", MLC_PART, 0, NULL, applied_to_txn },
	{ "RefundAppliedToTxn", MLC_PART, 0, NULL, refund_applied_to_txn },
	{ "ApplyCheckToTxn", MLC_PART, 0, NULL, apply_check_to_txn },
	{ "ExpenseLine", MLC_PART, 0, NULL, expense_line },
	{ "ItemLine", MLC_PART, 0, NULL, item_line },
	{ "GroupCostLine", MLC_PART, 0, NULL, group_cost_line },
	{ "PurchaseOrderLine", MLC_PART, 0, NULL, purchase_order_line },
	{ "GroupOrderLine", MLC_PART, 0, NULL, group_order_line },
	{ "JournalLine", MLC_PART, 0, NULL, journal_line },
	{ "AccountingPreferences", MLC_PART, 0, NULL, accounting_preferences },
	{ "MultiCurrencyPreferences", MLC_PART, 0, NULL, currency_preferences },
	{ "PurchasesAndVendorsPreferences", MLC_PART, 0, NULL, purchase_preferences },
	{ "ReportsPreferences", MLC_PART, 0, NULL, report_preferences },
	{ "SalesAndCustomersPreferences", MLC_PART, 0, NULL, sales_preferences },
	{ "SalesTaxPreferences", MLC_PART, 0, NULL, tax_preferences },
	{ NULL, 0, 0, NULL, NULL }
};

#define SALE (QBD_ITERATES | QBD_LINES | QBD_LINKS | QBD_OWNER)

static const struct qbd_shape shapes[] = {
	{ "Customer", QBD_LIST, QBD_ITERATES | QBD_OWNER | QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "Vendor", QBD_LIST, QBD_ITERATES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "Entity", QBD_LIST, QBD_ITERATES | QBD_LEVELS, "EntityType", NULL, NULL, NULL },
	{ "Employee", QBD_LIST, QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "OtherName", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "Item", QBD_LIST, QBD_ITERATES | QBD_OWNER | QBD_LEVELS, "ItemType", NULL, NULL, NULL },
	{ "ItemService", QBD_LIST, QBD_ITERATES | QBD_OWNER | QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "ItemNonInventory", QBD_LIST, QBD_ITERATES | QBD_OWNER | QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "ItemOtherCharge", QBD_LIST, QBD_ITERATES | QBD_OWNER | QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "ItemInventory", QBD_LIST, QBD_ITERATES | QBD_OWNER | QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "ItemDiscount", QBD_LIST, QBD_ITERATES | QBD_OWNER | QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "ItemSalesTax", QBD_LIST, QBD_ITERATES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "ItemSalesTaxGroup", QBD_LIST, QBD_ITERATES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "ItemGroup", QBD_LIST, QBD_ITERATES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "Invoice", QBD_TXN, SALE, NULL, NULL, NULL, NULL },
	{ "CreditMemo", QBD_TXN, SALE, NULL, NULL, NULL, NULL },
	{ "SalesReceipt", QBD_TXN, QBD_ITERATES | QBD_LINES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "ReceivePayment", QBD_TXN, QBD_ITERATES | QBD_LINES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "ARRefundCreditCard", QBD_TXN, QBD_ITERATES | QBD_LINES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "Check", QBD_TXN, SALE, NULL, NULL, NULL, NULL },
	{ "Bill", QBD_TXN, SALE, NULL, NULL, NULL, NULL },
	{ "BillPaymentCheck", QBD_TXN, QBD_ITERATES | QBD_LINES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "BillPaymentCreditCard", QBD_TXN, QBD_ITERATES | QBD_LINES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "PurchaseOrder", QBD_TXN, SALE, NULL, NULL, NULL, NULL },
	{ "JournalEntry", QBD_TXN, QBD_ITERATES | QBD_LINES | QBD_OWNER, NULL, NULL, NULL, NULL },
	{ "CustomerAging", QBD_REPORT, 0, NULL, NULL, NULL, NULL },
	{ "VendorAging", QBD_REPORT, 0, NULL, NULL, NULL, NULL },
	{ "Account", QBD_LIST, QBD_OWNER | QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "Terms", QBD_LIST, 0, "TermsType", NULL, NULL, NULL },
	{ "StandardTerms", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "SalesTaxCode", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "PaymentMethod", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "Class", QBD_LIST, QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "CustomerType", QBD_LIST, QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "VendorType", QBD_LIST, QBD_LEVELS, NULL, NULL, NULL, NULL },
	{ "SalesRep", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "ShipMethod", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "CustomerMsg", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "PriceLevel", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "Template", QBD_LIST, QBD_UNFILTERED, NULL, NULL, NULL, NULL },
	{ "Currency", QBD_LIST, 0, NULL, NULL, NULL, NULL },
	{ "Company", QBD_ONE, QBD_OWNER | QBD_UNFILTERED, NULL, NULL, NULL, NULL },
	{ "Preferences", QBD_ONE, QBD_UNFILTERED, NULL, NULL, NULL, NULL },
	{ "Address", QBD_PART, 0, NULL, "", "", "" },
	{ "EmployeeAddress", QBD_PART, 0, NULL, "", "", "" },
	{ "DataExt", QBD_PART, 0, NULL, NULL, NULL, "Ret" },
	{ "LinkedTxn", QBD_PART, 0, NULL, NULL, NULL, "" },
	{ "SetCredit", QBD_PART, 0, NULL, "", "", NULL },
	{ "SalesOrPurchase", QBD_PART, 0, NULL, "", "Mod", "" },
	{ "SalesAndPurchase", QBD_PART, 0, NULL, "", "Mod", "" },
	{ "ItemSalesTaxGroupLine", QBD_PART, QBD_FLAT, NULL, "Ref", "Ref", "Ref" },
	{ "ItemGroupLine", QBD_PART, 0, NULL, "", "", "" },
	{ "InvoiceLine", QBD_PART, 0, NULL, "Add", "Mod", "Ret" },
	{ "CreditMemoLine", QBD_PART, 0, NULL, "Add", "Mod", "Ret" },
	{ "SalesReceiptLine", QBD_PART, 0, NULL, "Add", "Mod", "Ret" },
	{ "GroupLine", QBD_PART, 0, NULL, NULL, "Mod", "Ret" }, /* named as the group's own line is */
	{ "AppliedToTxn", QBD_PART, 0, NULL, "Add", "Mod", "Ret" },
	{ "RefundAppliedToTxn", QBD_PART, 0, NULL, "Add", NULL, "Ret" },
	{ "ApplyCheckToTxn", QBD_PART, 0, NULL, "Add", "Mod", NULL },
	{ "ExpenseLine", QBD_PART, 0, NULL, "Add", "Mod", "Ret" },
	{ "ItemLine", QBD_PART, 0, NULL, "Add", "Mod", "Ret" },
	{ "GroupCostLine", QBD_PART, 0, NULL, NULL, "Mod", "Ret" },
	{ "PurchaseOrderLine", QBD_PART, 0, NULL, "Add", "Mod", "Ret" },
	{ "GroupOrderLine", QBD_PART, 0, NULL, NULL, "Mod", "Ret" },
	{ "JournalLine", QBD_PART, QBD_SIDED, NULL, "", "Mod", "" },
	{ "AccountingPreferences", QBD_PART, 0, NULL, NULL, NULL, "" },
	{ "MultiCurrencyPreferences", QBD_PART, 0, NULL, NULL, NULL, "" },
	{ "PurchasesAndVendorsPreferences", QBD_PART, 0, NULL, NULL, NULL, "" },
	{ "ReportsPreferences", QBD_PART, 0, NULL, NULL, NULL, "" },
	{ "SalesAndCustomersPreferences", QBD_PART, 0, NULL, NULL, NULL, "" },
	{ "SalesTaxPreferences", QBD_PART, 0, NULL, NULL, NULL, "" },
	{ NULL, 0, 0, NULL, NULL, NULL, NULL }
};

const struct mlc_entity *qbd_entity(const char *name)
{
	for (const struct mlc_entity *e = qbd_entities; e->name; e++)
		if (*e->name == *name && !strcmp(e->name, name))
			return e;
	return NULL;
}

const struct qbd_shape *qbd_shape(const char *name)
{
	for (const struct qbd_shape *s = shapes; s->entity; s++)
		if (*s->entity == *name && !strcmp(s->entity, name))
			return s;
	return NULL;
}

const char *qbd_emitted(const char *type)
{
	const struct mlc_entity *e;

	if (!strncmp(type, "Item", 4))
		return "Item";
	if (!strcmp(type, "StandardTerms") || !strcmp(type, "DateDrivenTerms"))
		return "Terms";
	e = qbd_entity(type);
	return e ? e->name : NULL;
}
