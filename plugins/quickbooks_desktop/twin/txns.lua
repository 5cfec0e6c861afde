-- txns.lua - what transactions hold, told and written; notation: blocks.lua.
local OBJECTS = {}

OBJECTS.Invoice = [[
<txnhead>
<formhead>
<billship>
IsPending bool
IsFinanceCharge bool AR
PONumber 25
TermsRef ref:Terms
DueDate date
SalesRepRef ref:SalesRep
FOB 13
ShipDate date
ShipMethodRef ref:ShipMethod
<salestax>
AppliedAmount amt R
BalanceRemaining amt R
CurrencyRef ref:Currency R
ExchangeRate float R
Memo 4095
IsPaid bool R
<formtail>
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
<formhead>
<billship>
IsPending bool
PONumber 25
TermsRef ref:Terms
DueDate date
SalesRepRef ref:SalesRep
FOB 13
ShipDate date
ShipMethodRef ref:ShipMethod
<salestax>
TotalAmount amt R
CreditRemaining amt R
CurrencyRef ref:Currency R
ExchangeRate float R
Memo 4095
<formtail>
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
<billship>
IsPending bool
CheckNumber 25
PaymentMethodRef ref:PaymentMethod
DueDate date
SalesRepRef ref:SalesRep
ShipDate date
ShipMethodRef ref:ShipMethod
FOB 13
<salestax>
TotalAmount amt R
CurrencyRef ref:Currency R
ExchangeRate float R
Memo 4095
<formtail>
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
<expenses>
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
<expenses>
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

return OBJECTS
