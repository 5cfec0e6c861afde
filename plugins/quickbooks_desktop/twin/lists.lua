-- lists.lua - what the names, items and other lists of a company file hold, told and written; notation: blocks.lua.
local OBJECTS = {}

local PRICED = [[
SalesOrPurchase! {sop} AR |priced
SalesAndPurchase! {sap} AR |priced
SalesOrPurchaseMod {sop} M |priced
SalesAndPurchaseMod {sap} M |priced
ExternalGUID guid AR
DataExtRet* {extret} R
]]

OBJECTS.Customer = [[
<listhead>
Name! 41
FullName 209 R
IsActive bool
ClassRef ref:Class
ParentRef ref:Customer
Sublevel int R
<person>
<billship>
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
<itemtree>
ClassRef ref:Class
ParentRef ref:Item
Sublevel int R
IsTaxIncluded bool
SalesTaxCodeRef ref:SalesTaxCode
]] .. PRICED

OBJECTS.ItemOtherCharge = OBJECTS.ItemService

OBJECTS.ItemNonInventory = [[
<listhead>
<itemtree>
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
<itemtree>
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
<itemtree>
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
<itemhead>
ClassRef ref:Class
ItemDesc 4095
TaxRate pct
TaxVendorRef ref:Vendor
ExternalGUID guid AR
DataExtRet* {extret} R
]]

OBJECTS.ItemSalesTaxGroup = [[
<listhead>
<itemhead>
ItemDesc 4095
ExternalGUID guid AR
ItemSalesTaxRef!* ref:Item
DataExtRet* {extret} R
]]

OBJECTS.ItemGroup = [[
<listhead>
<itemhead>
ItemDesc 4095
IsPrintItemsInGroup bool
ExternalGUID guid AR
ItemGroupLine* {groupmember}
DataExtRet* {extret} R
]]

OBJECTS.ItemSubtotal = [[
<listhead>
<itemhead>
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

return OBJECTS
