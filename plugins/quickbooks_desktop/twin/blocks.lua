-- blocks.lua - parts of qbXML that several elements hold, and how all shapes are written: order, occurrence, type and length of each element.
--
-- Source: the qbXML 16.0 schema of the US Desktop editions (read 2026-11) and reference section 8; a test holds every
-- shape against that schema where the file is at hand.  One line an element:
--   Name[!|!!][*]  type  [A|M|R...]  [|choice]  [@alternative]  [&list]
-- ! required but in a Mod, !! required there too, * repeated, A M R: only in Add, Mod, Ret (default all three); |x: at most one element of x;
-- @x: only one alternative may be used, and with ! one must be; &x: repeated elements that may alternate, gathered as the list x.
-- Types: a number is text of at most so many characters; text is without limit; ref:K refers to list K; {x} is a
-- nested shape; <x> alone: the lines of block x; bool, amt, price, quan, pct, date, time, int, float, guid, id; enum:a,b,c.
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

-- What all items begin with, and those with levels.
BLOCKS.itemhead = [[
Name! 31
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
]]

BLOCKS.itemtree = [[
Name! 31
FullName 159 R
BarCode {barcode} AM
BarCodeValue 50 R
IsActive bool
]]

-- What Invoice, SalesReceipt and CreditMemo have in common, piece by piece.
BLOCKS.formhead = [[
CustomerRef! ref:Customer
ClassRef ref:Class
ARAccountRef ref:Account
TemplateRef ref:Template
TxnDate date
RefNumber 11
]]

BLOCKS.billship = [[
BillAddress {address}
BillAddressBlock {block} R
ShipAddress {address}
ShipAddressBlock {block} R
]]

BLOCKS.salestax = [[
Subtotal amt R
ItemSalesTaxRef ref:Item
SalesTaxPercentage pct R
SalesTaxTotal amt R
]]

BLOCKS.formtail = [[
CustomerMsgRef ref:CustomerMsg
IsToBePrinted bool
IsToBeEmailed bool
IsTaxIncluded bool AM
CustomerSalesTaxCodeRef ref:SalesTaxCode
]]

-- Of a check and a bill.
BLOCKS.expenses = [[
ClearExpenseLines bool M
ExpenseLineAdd* {expense} A
ExpenseLineMod* {expense} M
ExpenseLineRet* {expense} R
]]

return BLOCKS
