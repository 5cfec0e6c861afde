-- elements.lua - what qbXML requests and answers hold: order, occurrence, type and length of each element.
--
-- Source: the qbXML 16.0 schema of the US Desktop editions (read 2026-11) and reference section 8; a test holds every
-- shape against that schema where the file is at hand.  One line an element:
--   Name[!|!!][*]  type  [A|M|R...]  [|choice]  [@alternative]  [&list]
-- ! required but in a Mod, !! required there too, * repeated, A M R: only in Add, Mod, Ret (default all three); |x: at most one element of x;
-- @x: only one alternative may be used, and with ! one must be; &x: repeated elements that may alternate, gathered as the list x.
-- Types: a number is text of at most so many characters; text is without limit; ref:K refers to list K; {x} is a
-- nested shape; bool, amt, price, quan, pct, date, time, int, float, guid, id; enum:a,b,c.
local BLOCKS = {}

BLOCKS.address = [[
Addr1 41
Addr2 41
Addr3 41
Addr4 41
Addr5 41
City 31
State 21
PostalCode 13
Country 31
Note 41
]]

BLOCKS.block = [[
Addr1 41
Addr2 41
Addr3 41
Addr4 41
Addr5 41
]]

BLOCKS.shipto = "Name!! 41\n" .. BLOCKS.address .. "DefaultShipTo bool\n"

BLOCKS.ext = [[
OwnerID! guid
DataExtName! 31
DataExtValue! text
]]

BLOCKS.extret = [[
OwnerID guid
DataExtName 31
DataExtType text
DataExtValue text
]]

BLOCKS.credit = [[
CreditTxnID!! id
TxnLineID id
AppliedAmount!! amt
Override bool
]]

BLOCKS.link = [[
TxnID id
TxnType text
TxnDate date
RefNumber 20
LinkType text
Amount amt
]]

BLOCKS.person = [[
CompanyName 41
Salutation 15
FirstName 25
MiddleName 5
LastName 25
Suffix text
JobTitle 41
]]

BLOCKS.phones = [[
Phone 21
Mobile 21
Pager 21
AltPhone 21
Fax 21
Email 1023
Cc 1023
Contact 41
AltContact 41
]]

BLOCKS.listhead = [[
ListID!! id MR
TimeCreated time R
TimeModified time R
EditSequence!! 16 MR
]]

BLOCKS.txnhead = [[
TxnID!! id MR
TimeCreated time R
TimeModified time R
EditSequence!! 16 MR
TxnNumber int R
]]

-- A line of a sales form.
local function sales_line(extra)
	return ([[
TxnLineID!! id MR
ItemRef ref:Item
Desc 4095
Quantity quan
UnitOfMeasure 31
Rate price |rate
RatePercent pct |rate
PriceLevelRef ref:PriceLevel AM |rate
ClassRef ref:Class
Amount amt
TaxAmount amt
ServiceDate date
SalesTaxCodeRef ref:SalesTaxCode
IsTaxable bool AR
OverrideItemAccountRef ref:Account AM
Other1 29
Other2 29
]] .. (extra or "") .. [[
DataExt* {ext} A
DataExtRet* {extret} R
]])
end

local function group_line(line)
	return ([[
TxnLineID!! id MR
ItemGroupRef! ref:Item
Desc 4095 AR
Quantity quan
UnitOfMeasure 31
IsPrintItemsInGroup bool R
TotalAmount amt R
ServiceDate date AR
%sMod* {%s} M &members
%sRet* {%s} R &members
DataExt* {ext} A
]]):format(line, line, line, line)
end

BLOCKS.InvoiceLine = sales_line("LinkToTxn {linkto} A\n")
BLOCKS.SalesReceiptLine = sales_line()
BLOCKS.CreditMemoLine = sales_line()
BLOCKS.linkto = "TxnID! id\nTxnLineID! id\n"
for _, form in ipairs { "Invoice", "SalesReceipt", "CreditMemo" } do
	BLOCKS[form .. "LineGroup"] = group_line(form .. "Line")
end

BLOCKS.applied = [[
TxnID!! id
PaymentAmount amt AM
TxnType text R
TxnDate date R
RefNumber 20 R
BalanceRemaining amt R
Amount amt R
SetCredit* {credit} AM
DiscountAmount amt
DiscountAccountRef ref:Account
DiscountClassRef ref:Class
]]

BLOCKS.refunded = [[
TxnID! id
TxnType text R
TxnDate date R
RefNumber 20 R
CreditRemaining amt R
RefundAmount!! amt
]]

BLOCKS.checkapplied = "TxnID!! id\nAmount amt\n"

BLOCKS.expense = [[
TxnLineID!! id MR
AccountRef ref:Account
Amount amt
TaxAmount amt
Memo 4095
CustomerRef ref:Customer
VendorRef ref:Vendor AR
ClassRef ref:Class
SalesTaxCodeRef ref:SalesTaxCode
BillableStatus enum:Billable,NotBillable,HasBeenBilled
]]

BLOCKS.costline = [[
TxnLineID!! id MR
ItemRef ref:Item
Desc 4095
Quantity quan
UnitOfMeasure 31
Cost price
Amount amt
TaxAmount amt
CustomerRef ref:Customer
ClassRef ref:Class
SalesTaxCodeRef ref:SalesTaxCode
BillableStatus enum:Billable,NotBillable,HasBeenBilled
OverrideItemAccountRef ref:Account AM
DataExt* {ext} A
DataExtRet* {extret} R
]]

BLOCKS.costgroup = [[
TxnLineID!! id MR
ItemGroupRef! ref:Item
Desc text AR
Quantity quan
UnitOfMeasure 31
TotalAmount amt R
ItemLineMod* {costline} M &members
ItemLineRet* {costline} R &members
DataExt* {ext} A
]]

BLOCKS.orderline = [[
TxnLineID!! id MR
ItemRef ref:Item
ManufacturerPartNumber 31
Desc 4095
Quantity quan
UnitOfMeasure 31
Rate price
ClassRef ref:Class
Amount amt
TaxAmount amt
CustomerRef ref:Customer
ServiceDate date
SalesTaxCodeRef ref:SalesTaxCode
ReceivedQuantity quan R
IsManuallyClosed bool MR
OverrideItemAccountRef ref:Account AM
Other1 29
Other2 29
DataExt* {ext} A
DataExtRet* {extret} R
]]

BLOCKS.ordergroup = [[
TxnLineID!! id MR
ItemGroupRef! ref:Item
Desc text AR
Quantity quan
UnitOfMeasure 31
IsPrintItemsInGroup bool R
TotalAmount amt R
ServiceDate date AR
PurchaseOrderLineMod* {orderline} M &members
PurchaseOrderLineRet* {orderline} R &members
DataExt* {ext} A
]]

BLOCKS.journalbody = [[
AccountRef ref:Account
Amount amt
TaxAmount amt
Memo 4095
EntityRef ref:Name
ClassRef ref:Class
ItemSalesTaxRef ref:Item
BillableStatus enum:Billable,NotBillable,HasBeenBilled
]]
BLOCKS.journalline = "TxnLineID id\n" .. BLOCKS.journalbody
BLOCKS.journalmod = "TxnLineID!! id\nJournalLineType enum:Debit,Credit\n" .. BLOCKS.journalbody

BLOCKS.billapplied = [[
TxnID!! id
PaymentAmount amt A
TxnType text R
TxnDate date R
RefNumber 20 R
BalanceRemaining amt R
Amount amt R
SetCredit* {credit} A
DiscountAmount amt
DiscountAccountRef ref:Account
DiscountClassRef ref:Class
]]

BLOCKS.employeeaddress = "Addr1 41\nAddr2 41\nCity 31\nState 21\nPostalCode 13\n"

BLOCKS.depositline = [[
PaymentTxnID! id @payment
PaymentTxnLineID id @payment
OverrideMemo 4095 @payment
OverrideCheckNumber 11 @payment
OverrideClassRef ref:Class @payment
EntityRef ref:Name @entry
AccountRef! ref:Account @entry
Memo 4095 @entry
CheckNumber 11 @entry
PaymentMethodRef ref:PaymentMethod @entry
ClassRef ref:Class @entry
Amount amt @entry
]]

BLOCKS.depositlineret = [[
TxnType text
TxnID id
TxnLineID id
EntityRef ref:Name
AccountRef ref:Account
Memo 4095
CheckNumber 11
PaymentMethodRef ref:PaymentMethod
ClassRef ref:Class
Amount amt
]]

BLOCKS.sop = [[
Desc 4095
Price price |price
PricePercent pct |price
AccountRef ref:Account
ApplyAccountRefToExistingTxns bool M
]]

BLOCKS.sap = [[
SalesDesc 4095
SalesPrice price
IncomeAccountRef ref:Account
ApplyIncomeAccountRefToExistingTxns bool M
PurchaseDesc 4095
PurchaseCost price
PurchaseTaxCodeRef ref:SalesTaxCode
ExpenseAccountRef ref:Account
ApplyExpenseAccountRefToExistingTxns bool M
PrefVendorRef ref:Vendor
]]

BLOCKS.barcode = [[
BarCodeValue 50
AssignEvenIfUsed bool
AllowOverride bool
]]

BLOCKS.groupmember = [[
ItemRef ref:Item
Quantity quan
UnitOfMeasure 31
]]

local PRICED = [[
SalesOrPurchase! {sop} AR |priced
SalesAndPurchase! {sap} AR |priced
SalesOrPurchaseMod {sop} M |priced
SalesAndPurchaseMod {sap} M |priced
ExternalGUID guid AR
DataExtRet* {extret} R
]]

local OBJECTS = {}

OBJECTS.Customer = [[
<listhead>
Name! 41
FullName 209 R
IsActive bool
ClassRef ref:Class
ParentRef ref:Customer
Sublevel int R
<person>
BillAddress {address}
BillAddressBlock {block} R
ShipAddress {address}
ShipAddressBlock {block} R
ShipToAddress* {shipto}
PrintAs 41
<phones>
CustomerTypeRef ref:CustomerType
TermsRef ref:Terms
SalesRepRef ref:SalesRep
Balance amt R
TotalBalance amt R
SalesTaxCodeRef ref:SalesTaxCode
ItemSalesTaxRef ref:Item
ResaleNumber 21
AccountNumber 99
CreditLimit amt
PreferredPaymentMethodRef ref:PaymentMethod
JobStatus enum:Awarded,Closed,InProgress,None,NotAwarded,Pending
JobStartDate date
JobProjectedEndDate date
JobEndDate date
JobDesc 99
JobTypeRef ref:JobType
Notes 4095
IsStatementWithParent bool
PreferredDeliveryMethod enum:None,Email,Fax
PriceLevelRef ref:PriceLevel
ExternalGUID guid AR
TaxRegistrationNumber 30
CurrencyRef ref:Currency
DataExtRet* {extret} R
]]

OBJECTS.Vendor = [[
<listhead>
Name! 41
IsActive bool
ClassRef ref:Class
IsTaxAgency bool R
<person>
VendorAddress {address}
VendorAddressBlock {block} R
ShipAddress {address}
<phones>
NameOnCheck 41
AccountNumber 99
Notes 4095
VendorTypeRef ref:VendorType
TermsRef ref:Terms
CreditLimit amt
VendorTaxIdent 15
IsVendorEligibleFor1099 bool
Balance amt R
ExternalGUID guid AR
SalesTaxCodeRef ref:SalesTaxCode
IsSalesTaxAgency bool
CurrencyRef ref:Currency
DataExtRet* {extret} R
]]

OBJECTS.Account = [[
<listhead>
Name! 31
FullName 159 R
IsActive bool
ParentRef ref:Account
Sublevel int R
AccountType! enum:AccountsPayable,AccountsReceivable,Bank,CostOfGoodsSold,CreditCard,Equity,Expense,FixedAsset,Income,LongTermLiability,NonPosting,OtherAsset,OtherCurrentAsset,OtherCurrentLiability,OtherExpense,OtherIncome
SpecialAccountType text R
AccountNumber 7
BankNumber 25
Desc 200
Balance amt R
TotalBalance amt R
SalesTaxCodeRef ref:SalesTaxCode
CurrencyRef ref:Currency
DataExtRet* {extret} R
]]

OBJECTS.ItemService = [[
<listhead>
Name! 31
FullName 159 R
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
ClassRef ref:Class
ParentRef ref:Item
Sublevel int R
IsTaxIncluded bool
SalesTaxCodeRef ref:SalesTaxCode
]] .. PRICED

OBJECTS.ItemOtherCharge = OBJECTS.ItemService

OBJECTS.ItemNonInventory = [[
<listhead>
Name! 31
FullName 159 R
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
ClassRef ref:Class MR
ParentRef ref:Item
Sublevel int R
ClassRef ref:Class A
ManufacturerPartNumber 31
IsTaxIncluded bool
SalesTaxCodeRef ref:SalesTaxCode
]] .. PRICED

OBJECTS.ItemInventory = [[
<listhead>
Name! 31
FullName 159 R
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
ClassRef ref:Class
ParentRef ref:Item
Sublevel int R
ManufacturerPartNumber 31
IsTaxIncluded bool
SalesTaxCodeRef ref:SalesTaxCode
SalesDesc 4095
SalesPrice price
IncomeAccountRef ref:Account
ApplyIncomeAccountRefToExistingTxns bool M
PurchaseDesc 4095
PurchaseCost price
COGSAccountRef ref:Account
ApplyCOGSAccountRefToExistingTxns bool M
PrefVendorRef ref:Vendor
AssetAccountRef ref:Account
ReorderPoint quan
Max quan
QuantityOnHand quan AR
TotalValue amt A
InventoryDate date A
AverageCost price R
QuantityOnOrder quan R
QuantityOnSalesOrder quan R
ExternalGUID guid AR
DataExtRet* {extret} R
]]

OBJECTS.ItemDiscount = [[
<listhead>
Name! 31
FullName 159 R
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
ClassRef ref:Class
ParentRef ref:Item
Sublevel int R
ItemDesc 4095
SalesTaxCodeRef ref:SalesTaxCode
DiscountRate price |discount
DiscountRatePercent pct |discount
AccountRef ref:Account
ExternalGUID guid AR
DataExtRet* {extret} R
]]

OBJECTS.ItemSalesTax = [[
<listhead>
Name! 31
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
ClassRef ref:Class
ItemDesc 4095
TaxRate pct
TaxVendorRef ref:Vendor
ExternalGUID guid AR
DataExtRet* {extret} R
]]

OBJECTS.ItemSalesTaxGroup = [[
<listhead>
Name! 31
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
ItemDesc 4095
ExternalGUID guid AR
ItemSalesTaxRef!* ref:Item
DataExtRet* {extret} R
]]

OBJECTS.ItemGroup = [[
<listhead>
Name! 31
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
ItemDesc 4095
IsPrintItemsInGroup bool
ExternalGUID guid AR
ItemGroupLine* {groupmember}
DataExtRet* {extret} R
]]

OBJECTS.ItemSubtotal = [[
<listhead>
Name! 31
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
ItemDesc 4095
ExternalGUID guid AR
DataExtRet* {extret} R
]]

OBJECTS.StandardTerms = [[
<listhead>
Name! 31
IsActive bool
StdDueDays int
StdDiscountDays int
DiscountPct pct
]]

OBJECTS.PaymentMethod = [[
<listhead>
Name! 31
IsActive bool
PaymentMethodType enum:AmericanExpress,Cash,Check,DebitCard,Discover,ECheck,GiftCard,MasterCard,Other,OtherCreditCard,Visa
]]

OBJECTS.SalesTaxCode = [[
<listhead>
Name! 3
IsActive bool
IsTaxable! bool
Desc 31
ItemSalesTaxRef ref:Item
]]

OBJECTS.Class = [[
<listhead>
Name! 31
FullName 159 R
IsActive bool
ParentRef ref:Class
Sublevel int R
]]

OBJECTS.CustomerType = OBJECTS.Class
OBJECTS.VendorType = OBJECTS.Class
OBJECTS.JobType = OBJECTS.Class

OBJECTS.DateDrivenTerms = [[
<listhead>
Name! 31
IsActive bool
DayOfMonthDue! int
DueNextMonthDays int
DiscountDayOfMonth int
DiscountPct pct
]]

OBJECTS.SalesRep = [[
<listhead>
Initial! 5
IsActive bool
SalesRepEntityRef! ref:Name
]]

OBJECTS.OtherName = [[
<listhead>
Name! 41
IsActive bool
CompanyName 41
Salutation 15
FirstName 25
MiddleName 5
LastName 25
OtherNameAddress {address}
OtherNameAddressBlock {block} R
Phone 21
AltPhone 21
Fax 21
Email 1023
Contact 41
AltContact 41
AccountNumber 99
Notes 4095
ExternalGUID guid AR
DataExtRet* {extret} R
]]

OBJECTS.Employee = [[
<listhead>
Name 41
IsActive bool
Salutation 15
FirstName 25
MiddleName 5
LastName 25
JobTitle 41
EmployeeAddress {employeeaddress}
PrintAs 41
Phone 21
Mobile 21
AltPhone 21
Fax 21
SSN 15
Email 1023
EmployeeType enum:Officer,Owner,Regular,Statutory
HiredDate date
ReleasedDate date
BirthDate date
AccountNumber 99
Notes 4095
ExternalGUID guid AR
DataExtRet* {extret} R
]]

-- Told, not written.
OBJECTS.Template = "<listhead>\nName! 31\nIsActive bool\nTemplateType text\n"
OBJECTS.PriceLevel = "<listhead>\nName! 31\nIsActive bool\nPriceLevelType text\n"
OBJECTS.Currency = "<listhead>\nName! 64\nIsActive bool\nCurrencyCode 3\nIsUserDefinedCurrency bool R\nExchangeRate float R\nAsOfDate date R\n"

OBJECTS.ShipMethod = "<listhead>\nName! 15\nIsActive bool\n"
OBJECTS.CustomerMsg = "<listhead>\nName! 101\nIsActive bool\n"

-- Invoice, SalesReceipt and CreditMemo share their middle.
OBJECTS.Invoice = [[
<txnhead>
CustomerRef! ref:Customer
ClassRef ref:Class
ARAccountRef ref:Account
TemplateRef ref:Template
TxnDate date
RefNumber 11
BillAddress {address}
BillAddressBlock {block} R
ShipAddress {address}
ShipAddressBlock {block} R
IsPending bool
IsFinanceCharge bool AR
PONumber 25
TermsRef ref:Terms
DueDate date
SalesRepRef ref:SalesRep
FOB 13
ShipDate date
ShipMethodRef ref:ShipMethod
Subtotal amt R
ItemSalesTaxRef ref:Item
SalesTaxPercentage pct R
SalesTaxTotal amt R
AppliedAmount amt R
BalanceRemaining amt R
CurrencyRef ref:Currency R
ExchangeRate float R
Memo 4095
IsPaid bool R
CustomerMsgRef ref:CustomerMsg
IsToBePrinted bool
IsToBeEmailed bool
IsTaxIncluded bool AM
CustomerSalesTaxCodeRef ref:SalesTaxCode
Other 29
ExchangeRate float AM
ExternalGUID guid AR
LinkToTxnID* id A
SetCredit* {credit} AM
LinkedTxn* {link} R
InvoiceLineAdd* {InvoiceLine} A &lines
InvoiceLineGroupAdd* {InvoiceLineGroup} A &lines
InvoiceLineMod* {InvoiceLine} M &lines
InvoiceLineGroupMod* {InvoiceLineGroup} M &lines
InvoiceLineRet* {InvoiceLine} R &lines
InvoiceLineGroupRet* {InvoiceLineGroup} R &lines
DataExtRet* {extret} R
]]

OBJECTS.CreditMemo = [[
<txnhead>
CustomerRef! ref:Customer
ClassRef ref:Class
ARAccountRef ref:Account
TemplateRef ref:Template
TxnDate date
RefNumber 11
BillAddress {address}
BillAddressBlock {block} R
ShipAddress {address}
ShipAddressBlock {block} R
IsPending bool
PONumber 25
TermsRef ref:Terms
DueDate date
SalesRepRef ref:SalesRep
FOB 13
ShipDate date
ShipMethodRef ref:ShipMethod
Subtotal amt R
ItemSalesTaxRef ref:Item
SalesTaxPercentage pct R
SalesTaxTotal amt R
TotalAmount amt R
CreditRemaining amt R
CurrencyRef ref:Currency R
ExchangeRate float R
Memo 4095
CustomerMsgRef ref:CustomerMsg
IsToBePrinted bool
IsToBeEmailed bool
IsTaxIncluded bool AM
CustomerSalesTaxCodeRef ref:SalesTaxCode
Other 29
ExchangeRate float AM
ExternalGUID guid AR
LinkedTxn* {link} R
CreditMemoLineAdd!* {CreditMemoLine} A &lines
CreditMemoLineGroupAdd!* {CreditMemoLineGroup} A &lines
CreditMemoLineMod* {CreditMemoLine} M &lines
CreditMemoLineGroupMod* {CreditMemoLineGroup} M &lines
CreditMemoLineRet* {CreditMemoLine} R &lines
CreditMemoLineGroupRet* {CreditMemoLineGroup} R &lines
DataExtRet* {extret} R
]]

OBJECTS.SalesReceipt = [[
<txnhead>
CustomerRef ref:Customer
ClassRef ref:Class
TemplateRef ref:Template
TxnDate date
RefNumber 11
BillAddress {address}
BillAddressBlock {block} R
ShipAddress {address}
ShipAddressBlock {block} R
IsPending bool
CheckNumber 25
PaymentMethodRef ref:PaymentMethod
DueDate date
SalesRepRef ref:SalesRep
ShipDate date
ShipMethodRef ref:ShipMethod
FOB 13
Subtotal amt R
ItemSalesTaxRef ref:Item
SalesTaxPercentage pct R
SalesTaxTotal amt R
TotalAmount amt R
CurrencyRef ref:Currency R
ExchangeRate float R
Memo 4095
CustomerMsgRef ref:CustomerMsg
IsToBePrinted bool
IsToBeEmailed bool
IsTaxIncluded bool AM
CustomerSalesTaxCodeRef ref:SalesTaxCode
DepositToAccountRef ref:Account
Other 29
ExchangeRate float AM
ExternalGUID guid AR
SalesReceiptLineAdd!* {SalesReceiptLine} A &lines
SalesReceiptLineGroupAdd!* {SalesReceiptLineGroup} A &lines
SalesReceiptLineMod* {SalesReceiptLine} M &lines
SalesReceiptLineGroupMod* {SalesReceiptLineGroup} M &lines
SalesReceiptLineRet* {SalesReceiptLine} R &lines
SalesReceiptLineGroupRet* {SalesReceiptLineGroup} R &lines
DataExtRet* {extret} R
]]

OBJECTS.ReceivePayment = [[
<txnhead>
CustomerRef! ref:Customer
ARAccountRef ref:Account
TxnDate date
RefNumber 20
TotalAmount amt
CurrencyRef ref:Currency R
ExchangeRate float
PaymentMethodRef ref:PaymentMethod
Memo 4095
DepositToAccountRef ref:Account
UnusedPayment amt R
UnusedCredits amt R
ExternalGUID guid AR
IsAutoApply! bool A |apply
AppliedToTxnAdd!* {applied} A |apply
AppliedToTxnMod* {applied} M
AppliedToTxnRet* {applied} R
DataExtRet* {extret} R
]]

OBJECTS.ARRefundCreditCard = [[
<txnhead>
CustomerRef! ref:Customer
RefundFromAccountRef ref:Account
ARAccountRef ref:Account
TxnDate date
RefNumber 11
TotalAmount amt R
CurrencyRef ref:Currency R
ExchangeRate float R
Address {address}
AddressBlock {block} R
PaymentMethodRef ref:PaymentMethod
Memo 4095
ExchangeRate float A
ExternalGUID guid AR
RefundAppliedToTxnAdd!* {refunded} A
RefundAppliedToTxnRet* {refunded} R
DataExtRet* {extret} R
]]

OBJECTS.Check = [[
<txnhead>
AccountRef! ref:Account
PayeeEntityRef ref:Name
RefNumber 11
TxnDate date
Amount amt R
CurrencyRef ref:Currency R
ExchangeRate float R
Memo 4095
Address {address}
AddressBlock {block} R
IsToBePrinted bool
ExchangeRate float AM
ExternalGUID guid AR
ApplyCheckToTxnAdd* {checkapplied} A
ApplyCheckToTxnMod* {checkapplied} M
LinkedTxn* {link} R
ClearExpenseLines bool M
ExpenseLineAdd* {expense} A
ExpenseLineMod* {expense} M
ExpenseLineRet* {expense} R
DataExtRet* {extret} R
]]

OBJECTS.Bill = [[
<txnhead>
VendorRef! ref:Vendor
VendorAddress {address}
APAccountRef ref:Account
TxnDate date
DueDate date
AmountDue amt R
CurrencyRef ref:Currency R
ExchangeRate float R
RefNumber 20
TermsRef ref:Terms
Memo 4095
IsPaid bool R
ExchangeRate float AM
ExternalGUID guid AR
LinkedTxn* {link} R
ClearExpenseLines bool M
ExpenseLineAdd* {expense} A
ExpenseLineMod* {expense} M
ExpenseLineRet* {expense} R
ClearItemLines bool M
ItemLineAdd* {costline} A &lines
ItemGroupLineAdd* {costgroup} A &lines
ItemLineMod* {costline} M &lines
ItemGroupLineMod* {costgroup} M &lines
ItemLineRet* {costline} R &lines
ItemGroupLineRet* {costgroup} R &lines
OpenAmount amt R
DataExtRet* {extret} R
]]

OBJECTS.BillPaymentCheck = [[
<txnhead>
PayeeEntityRef! ref:Name
APAccountRef ref:Account
TxnDate date
BankAccountRef! ref:Account
Amount amt R
IsToBePrinted! bool A |numbered
RefNumber! 11 A |numbered
RefNumber 11 R
Memo 4095
IsToBePrinted bool R
ExchangeRate float A
ExternalGUID guid AR
AppliedToTxnAdd!* {billapplied} A
AppliedToTxnRet* {billapplied} R
DataExtRet* {extret} R
]]

OBJECTS.BillPaymentCreditCard = [[
<txnhead>
PayeeEntityRef! ref:Name
APAccountRef ref:Account
TxnDate date
CreditCardAccountRef! ref:Account
Amount amt R
RefNumber 11
Memo 4095
ExchangeRate float A
ExternalGUID guid AR
AppliedToTxnAdd!* {billapplied} A
AppliedToTxnRet* {billapplied} R
DataExtRet* {extret} R
]]

OBJECTS.PurchaseOrder = [[
<txnhead>
VendorRef ref:Vendor
ClassRef ref:Class
ShipToEntityRef ref:Name
TemplateRef ref:Template
TxnDate date
RefNumber 11
VendorAddress {address}
VendorAddressBlock {block} R
ShipAddress {address}
ShipAddressBlock {block} R
TermsRef ref:Terms
DueDate date
ExpectedDate date
ShipMethodRef ref:ShipMethod
FOB 13
TotalAmount amt R
IsManuallyClosed bool MR
IsFullyReceived bool R
Memo 4095
VendorMsg 99
IsToBePrinted bool
IsToBeEmailed bool
Other1 25
Other2 29
ExchangeRate float AM
ExternalGUID guid AR
LinkedTxn* {link} R
PurchaseOrderLineAdd!* {orderline} A &lines
PurchaseOrderLineGroupAdd!* {ordergroup} A &lines
PurchaseOrderLineMod* {orderline} M &lines
PurchaseOrderLineGroupMod* {ordergroup} M &lines
PurchaseOrderLineRet* {orderline} R &lines
PurchaseOrderLineGroupRet* {ordergroup} R &lines
DataExtRet* {extret} R
]]

OBJECTS.JournalEntry = [[
<txnhead>
TxnDate date
RefNumber 11
Memo text AR
IsAdjustment bool
ExternalGUID guid AR
JournalDebitLine!* {journalline} AR &lines
JournalCreditLine!* {journalline} AR &lines
JournalLineMod* {journalmod} M &lines
DataExtRet* {extret} R
]]

OBJECTS.Deposit = [[
<txnhead>
TxnDate date
DepositToAccountRef! ref:Account
Memo 4095
DepositTotal amt R
ExternalGUID guid AR
DepositLineAdd* {depositline} A
DepositLineRet* {depositlineret} R
DataExtRet* {extret} R
]]

-- ---- requests that are neither Add nor Mod ---------------------------------------------

local NAME_FILTERS = [[
NameFilter {namefilter} @filter |name
NameRangeFilter {namerange} @filter |name
]]

BLOCKS.namefilter = "MatchCriterion! enum:StartsWith,Contains,EndsWith\nName! text\n"
BLOCKS.namerange = "FromName text\nToName text\n"
BLOCKS.balancefilter = "Operator! enum:LessThan,LessThanEqual,Equal,GreaterThan,GreaterThanEqual\nAmount! amt\n"
BLOCKS.whichones = [[
ListID!* id @id
FullName!* text @name
ListIDWithChildren! id @idtree
FullNameWithChildren! text @nametree
]]
BLOCKS.modified = "FromModifiedDate time\nToModifiedDate time\n"
BLOCKS.dated = "FromTxnDate date @range\nToTxnDate date @range\nDateMacro text @macro\n"
BLOCKS.deleted = "FromDeletedDate time\nToDeletedDate time\n"
BLOCKS.reffilter = "MatchCriterion! enum:StartsWith,Contains,EndsWith\nRefNumber! text\n"
BLOCKS.refrange = "FromRefNumber text\nToRefNumber text\n"

local LIST_QUERY = [[
ListID* id @id
FullName* text @name
MaxReturned int @filter
ActiveStatus enum:ActiveOnly,InactiveOnly,All @filter
FromModifiedDate time @filter
ToModifiedDate time @filter
]] .. NAME_FILTERS

local TXN_QUERY = [[
TxnID* id @id
RefNumber* text @ref
RefNumberCaseSensitive* text @refcase
MaxReturned int @filter
ModifiedDateRangeFilter {modified} @filter |range
TxnDateRangeFilter {dated} @filter |range
EntityFilter {whichones} @filter
AccountFilter {whichones} @filter
RefNumberFilter {reffilter} @filter |refs
RefNumberRangeFilter {refrange} @filter |refs
]]

local TAIL = "IncludeRetElement* 50\n"
local OWNED = TAIL .. "OwnerID* guid\n"
local PAID = "PaidStatus enum:All,PaidOnly,NotPaidOnly @filter\n"
local LINES = "IncludeLineItems bool\n"
local LINKS = "IncludeLinkedTxns bool\n"

local QUERIES = {
	Customer = LIST_QUERY .. "TotalBalanceFilter {balancefilter} @filter\nClassFilter {whichones} @filter\n" .. OWNED,
	Vendor = LIST_QUERY .. "TotalBalanceFilter {balancefilter} @filter\nClassFilter {whichones} @filter\n" .. OWNED,
	Account = LIST_QUERY .. "AccountType* text @filter\n" .. OWNED,
	Entity = LIST_QUERY .. TAIL,
	Item = LIST_QUERY .. OWNED,
	Terms = LIST_QUERY .. TAIL,
	StandardTerms = LIST_QUERY .. TAIL,
	PaymentMethod = LIST_QUERY .. "PaymentMethodType* text @filter\n" .. TAIL,
	SalesTaxCode = LIST_QUERY .. TAIL,
	Class = LIST_QUERY .. TAIL,
	ShipMethod = LIST_QUERY .. TAIL,
	CustomerType = LIST_QUERY .. TAIL,
	VendorType = LIST_QUERY .. TAIL,
	JobType = LIST_QUERY .. TAIL,
	DateDrivenTerms = LIST_QUERY .. TAIL,
	SalesRep = LIST_QUERY .. TAIL,
	OtherName = LIST_QUERY .. OWNED,
	Employee = LIST_QUERY .. OWNED,
	Template = TAIL,
	PriceLevel = LIST_QUERY .. TAIL,
	Currency = LIST_QUERY .. TAIL,
	CustomerMsg = LIST_QUERY .. TAIL,
	Invoice = TXN_QUERY .. PAID .. LINES .. LINKS .. OWNED,
	CreditMemo = TXN_QUERY .. LINES .. LINKS .. OWNED,
	SalesReceipt = TXN_QUERY .. LINES .. OWNED,
	ReceivePayment = TXN_QUERY .. LINES .. OWNED,
	ARRefundCreditCard = TXN_QUERY .. LINES .. OWNED,
	Check = TXN_QUERY .. LINES .. LINKS .. OWNED,
	Bill = TXN_QUERY .. PAID .. LINES .. LINKS .. OWNED,
	BillPaymentCheck = TXN_QUERY .. LINES .. OWNED,
	BillPaymentCreditCard = TXN_QUERY .. LINES .. OWNED,
	PurchaseOrder = TXN_QUERY .. LINES .. LINKS .. OWNED,
	JournalEntry = TXN_QUERY .. LINES .. OWNED,
	Deposit = [[
TxnID* id @id
MaxReturned int @filter
ModifiedDateRangeFilter {modified} @filter |range
TxnDateRangeFilter {dated} @filter |range
EntityFilter {whichones} @filter
AccountFilter {whichones} @filter
]] .. LINES .. OWNED,
}
for _, kind in ipairs { "Service", "NonInventory", "OtherCharge", "Inventory", "Discount", "SalesTax" } do
	QUERIES["Item" .. kind] = LIST_QUERY .. "ClassFilter {whichones} @filter\n" .. OWNED
end
for _, kind in ipairs { "SalesTaxGroup", "Group", "Subtotal" } do QUERIES["Item" .. kind] = LIST_QUERY .. OWNED end

BLOCKS.extobject = [[
OwnerID! guid
DataExtName! 31
ListDataExtType! text @list
ListObjRef! ref:Any @list
TxnDataExtType! text @txn
TxnID! id @txn
TxnLineID id @txn
OtherDataExtType! enum:Company @other
]]
BLOCKS.extvalue = BLOCKS.extobject .. "DataExtValue! text\n"
BLOCKS.extdef = [[
OwnerID! guid
DataExtName! 31
DataExtType! text
AssignToObject* text
DataExtListRequire bool
DataExtTxnRequire bool
DataExtFormatString text
]]
BLOCKS.capacity = "IncludeMaxCapacity! bool\n"
BLOCKS.reportperiod = "FromReportDate date\nToReportDate date\n"
BLOCKS.reportentity = "EntityTypeFilter! enum:Customer,Employee,OtherName,Vendor @type\n" .. BLOCKS.whichones

local OTHERS = {
	HostQuery = "IncludeListMetaData {capacity}\n" .. TAIL,
	CompanyQuery = OWNED,
	PreferencesQuery = TAIL,
	TxnDel = "TxnDelType! text\nTxnID! id\n",
	TxnVoid = "TxnVoidType! text\nTxnID! id\n",
	ListDel = "ListDelType! text\nListID! id\n",
	TxnDeletedQuery = "TxnDelType!* text\nDeletedDateRangeFilter {deleted}\n" .. TAIL,
	ListDeletedQuery = "ListDelType!* text\nDeletedDateRangeFilter {deleted}\n" .. TAIL,
	AgingReportQuery = [[
AgingReportType! enum:APAgingDetail,APAgingSummary,ARAgingDetail,ARAgingSummary,CollectionsReport
DisplayReport bool
ReportPeriod {reportperiod} |period
ReportDateMacro enum:All,Today,ThisMonth,ThisYear |period
ReportEntityFilter {reportentity}
ReportAgingAsOf enum:ReportEndDate,Today
]],
	DataExtAdd = "DataExtAdd! {extvalue}\n",
	DataExtMod = "DataExtMod! {extvalue}\n",
	DataExtDel = "DataExtDel! {extobject}\n",
	DataExtDefAdd = "DataExtDefAdd! {extdef}\n" .. TAIL,
	DataExtDefQuery = "OwnerID* guid @owner\nAssignToObject* text @object\n" .. TAIL,
}

return { blocks = BLOCKS, objects = OBJECTS, queries = QUERIES, others = OTHERS }
