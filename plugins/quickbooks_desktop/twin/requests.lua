-- requests.lua - what requests hold that are neither Add nor Mod; notation: blocks.lua.
local BLOCKS = require "twin.blocks"

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

return { queries = QUERIES, others = OTHERS }
