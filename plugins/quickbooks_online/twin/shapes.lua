-- shapes.lua - what each kind of record may hold, as Finance.xsd (minor version 75) has it (../SOURCES.md).
--
-- A member's kind: s text (with its limit), e: one of these words, d decimal, i whole number, b boolean, D day, r reference, or the name of a part;
-- {"Part"} is a list of them.  `own`: QuickBooks' own, ignored when somebody sends it back.  `find`: what a query may filter by.
local shapes = {}

local ACCOUNT_TYPES = "e:Bank|Accounts Receivable|Other Current Asset|Fixed Asset|Other Asset|Accounts Payable|Credit Card|Other Current Liability"
	.. "|Long Term Liability|Equity|Income|Cost of Goods Sold|Expense|Other Income|Other Expense|Non-Posting"
local DETAIL_TYPES = "e:SalesItemLineDetail|ItemBasedExpenseLineDetail|AccountBasedExpenseLineDetail|JournalEntryLineDetail|DiscountLineDetail|SubTotalLineDetail"

shapes.parts = {
	MetaData = { CreateTime = "s", LastUpdatedTime = "s" },
	PhysicalAddress = { Id = "s", Line1 = "s500", Line2 = "s500", Line3 = "s500", Line4 = "s500", Line5 = "s500", City = "s255", Country = "s255",
		CountryCode = "s255", CountrySubDivisionCode = "s255", PostalCode = "s31", PostalCodeSuffix = "s31", Lat = "s", Long = "s", Tag = "s", Note = "s" },
	EmailAddress = { Address = "s100" },
	TelephoneNumber = { FreeFormNumber = "s30" },
	WebSiteAddress = { URI = "s1000" },
	Memo = { value = "s1000" },
	CustomField = { DefinitionId = "s", Name = "s", Type = "s", StringValue = "s31" },
	LinkedTxn = { TxnId = "s", TxnType = "s", TxnLineId = "s" },
	Line = { Id = "s", LineNum = "i", Description = "s4000", Amount = "d", LinkedTxn = { "LinkedTxn" }, DetailType = DETAIL_TYPES,
		SalesItemLineDetail = "SalesItemLineDetail", ItemBasedExpenseLineDetail = "ItemBasedExpenseLineDetail",
		AccountBasedExpenseLineDetail = "AccountBasedExpenseLineDetail", JournalEntryLineDetail = "JournalEntryLineDetail",
		DiscountLineDetail = "DiscountLineDetail", SubTotalLineDetail = "SubTotalLineDetail" },
	SalesItemLineDetail = { ItemRef = "r", ClassRef = "r", UnitPrice = "d", Qty = "d", ItemAccountRef = "r", TaxCodeRef = "r", ServiceDate = "D" },
	ItemBasedExpenseLineDetail = { ItemRef = "r", ClassRef = "r", UnitPrice = "d", Qty = "d", TaxCodeRef = "r", CustomerRef = "r", BillableStatus = "e:Billable|NotBillable|HasBeenBilled" },
	AccountBasedExpenseLineDetail = { AccountRef = "r", ClassRef = "r", TaxCodeRef = "r", CustomerRef = "r", BillableStatus = "e:Billable|NotBillable|HasBeenBilled" },
	JournalEntryLineDetail = { PostingType = "e:Debit|Credit", Entity = "JournalEntity", AccountRef = "r", ClassRef = "r", DepartmentRef = "r" },
	JournalEntity = { Type = "s", EntityRef = "r" },
	DiscountLineDetail = { PercentBased = "b", DiscountPercent = "d", DiscountAccountRef = "r" },
	SubTotalLineDetail = {},
	TxnTaxDetail = { TxnTaxCodeRef = "r", TotalTax = "d" },
}

local OWN = { Id = "s", SyncToken = "s", MetaData = "MetaData", sparse = "b", domain = "s", status = "s" }
local PERSON = { Title = "s16", GivenName = "s100", MiddleName = "s100", FamilyName = "s100", Suffix = "s16", DisplayName = "s500", CompanyName = "s100",
	PrintOnCheckName = "s110", Active = "b", PrimaryPhone = "TelephoneNumber", AlternatePhone = "TelephoneNumber", Mobile = "TelephoneNumber",
	Fax = "TelephoneNumber", PrimaryEmailAddr = "EmailAddress", WebAddr = "WebSiteAddress", BillAddr = "PhysicalAddress" }
local DOCUMENT = { CustomField = { "CustomField" }, DocNumber = "s21", TxnDate = "D", DepartmentRef = "r", CurrencyRef = "r", ExchangeRate = "d",
	PrivateNote = "s4000", LinkedTxn = { "LinkedTxn" }, Line = { "Line" } }
local PERSON_FIND = { "GivenName", "MiddleName", "FamilyName", "DisplayName", "CompanyName", "PrintOnCheckName", "Active", "PrimaryEmailAddr", "PrimaryPhone",
	"FullyQualifiedName", "Balance", "Job", "ParentRef" }
local DOCUMENT_FIND = { "DocNumber", "TxnDate", "DueDate", "TotalAmt", "Balance", "CustomerRef", "VendorRef", "PaymentRefNum", "EmailStatus", "PrintStatus", "DepartmentRef" }
local NAME_FIND = { "Name", "Sku", "Active", "FullyQualifiedName", "Type", "Classification", "AccountType", "AccountSubType", "ParentRef" }

local function with(...)
	local all = {}
	for _, t in ipairs { ... } do
		for k, v in pairs(t) do all[k] = v end
	end
	return all
end

-- kind: person, name or document.  need: a create without one is 2020.
shapes.kinds = {
	Account = { kind = "name", need = { "Name" }, own = { FullyQualifiedName = "s", Classification = "s", CurrentBalance = "d", CurrentBalanceWithSubAccounts = "d" },
		members = { Name = "s100", SubAccount = "b", ParentRef = "r", Description = "s100", Active = "b", AccountType = ACCOUNT_TYPES, AccountSubType = "s", AcctNum = "s20", CurrencyRef = "r" } },
	Term = { kind = "name", need = { "Name" }, own = { Type = "s" },
		members = { Name = "s31", Active = "b", DueDays = "i", DiscountPercent = "d", DiscountDays = "i" } },
	Class = { kind = "name", need = { "Name" }, own = { FullyQualifiedName = "s" }, members = { Name = "s100", Active = "b", ParentRef = "r", SubClass = "b" } },
	Department = { kind = "name", need = { "Name" }, own = { FullyQualifiedName = "s" }, members = { Name = "s100", Active = "b", ParentRef = "r", SubDepartment = "b" } },
	PaymentMethod = { kind = "name", need = { "Name" }, own = {}, members = { Name = "s31", Active = "b", Type = "s" } },
	TaxCode = { kind = "name", read_only = true, own = { Taxable = "b", Description = "s" }, members = { Name = "s100", Active = "b" } },
	Customer = { kind = "person", own = { FullyQualifiedName = "s", Level = "i", IsProject = "b", Balance = "d", BalanceWithJobs = "d" },
		members = with(PERSON, { ShipAddr = "PhysicalAddress", Notes = "s2000", Job = "b", BillWithParent = "b", ParentRef = "r", Taxable = "b", SalesTermRef = "r",
			PaymentMethodRef = "r", PreferredDeliveryMethod = "s", CurrencyRef = "r", ResaleNum = "s16", DefaultTaxCodeRef = "r" }) },
	Vendor = { kind = "person", own = { Balance = "d" },
		members = with(PERSON, { AcctNum = "s100", TermRef = "r", TaxIdentifier = "s20", Vendor1099 = "b", CurrencyRef = "r" }) },
	Employee = { kind = "person", own = {},
		members = with(PERSON, { PrimaryAddr = "PhysicalAddress", EmployeeNumber = "s100", HiredDate = "D", ReleasedDate = "D", BillableTime = "b" }) },
	Item = { kind = "name", need = { "Name" }, own = { FullyQualifiedName = "s" },
		members = { Name = "s100", Sku = "s100", Description = "s4000", Active = "b", SubItem = "b", ParentRef = "r", Taxable = "b", UnitPrice = "d", Type = "e:Service|NonInventory|Inventory|Group|Category",
			IncomeAccountRef = "r", PurchaseDesc = "s1000", PurchaseCost = "d", ExpenseAccountRef = "r", AssetAccountRef = "r", TrackQtyOnHand = "b", QtyOnHand = "d",
			InvStartDate = "D" } },
	Invoice = { kind = "document", need = { "CustomerRef", "Line" }, detail = { SalesItemLineDetail = true, DiscountLineDetail = true, SubTotalLineDetail = true },
		own = { TotalAmt = "d", HomeTotalAmt = "d", Balance = "d", HomeBalance = "d" },
		members = with(DOCUMENT, { TxnTaxDetail = "TxnTaxDetail", CustomerRef = "r", CustomerMemo = "Memo", BillAddr = "PhysicalAddress", ShipAddr = "PhysicalAddress",
			SalesTermRef = "r", DueDate = "D", ShipDate = "D", ApplyTaxAfterDiscount = "b", PrintStatus = "e:NotSet|NeedToPrint|PrintComplete", EmailStatus = "e:NotSet|NeedToSend|EmailSent", BillEmail = "EmailAddress", Deposit = "d" }) },
	CreditMemo = { kind = "document", need = { "CustomerRef", "Line" }, detail = { SalesItemLineDetail = true, DiscountLineDetail = true, SubTotalLineDetail = true },
		own = { TotalAmt = "d", RemainingCredit = "d", Balance = "d" },
		members = with(DOCUMENT, { TxnTaxDetail = "TxnTaxDetail", CustomerRef = "r", CustomerMemo = "Memo", BillAddr = "PhysicalAddress", BillEmail = "EmailAddress" }) },
	Payment = { kind = "document", need = { "CustomerRef", "TotalAmt" }, detail = {}, own = { UnappliedAmt = "d" },
		members = with(DOCUMENT, { CustomerRef = "r", ARAccountRef = "r", DepositToAccountRef = "r", PaymentMethodRef = "r", PaymentRefNum = "s21", TotalAmt = "d",
			ProcessPayment = "b" }) },
	Bill = { kind = "document", need = { "VendorRef", "Line" }, detail = { ItemBasedExpenseLineDetail = true, AccountBasedExpenseLineDetail = true },
		own = { TotalAmt = "d", Balance = "d", VendorAddr = "PhysicalAddress" },
		members = with(DOCUMENT, { VendorRef = "r", APAccountRef = "r", SalesTermRef = "r", DueDate = "D" }) },
	PurchaseOrder = { kind = "document", need = { "VendorRef", "APAccountRef", "Line" }, detail = { ItemBasedExpenseLineDetail = true, AccountBasedExpenseLineDetail = true },
		own = { TotalAmt = "d" },
		members = with(DOCUMENT, { VendorRef = "r", APAccountRef = "r", VendorAddr = "PhysicalAddress", ShipAddr = "PhysicalAddress", POStatus = "e:Open|Closed",
			POEmail = "EmailAddress", Memo = "s4000", DueDate = "D" }) },
	JournalEntry = { kind = "document", need = { "Line" }, detail = { JournalEntryLineDetail = true }, own = { TotalAmt = "d" },
		members = with(DOCUMENT, { Adjustment = "b" }) },
}

-- What a reference points at, where its name does not say it.
shapes.points_at = { CustomerRef = "Customer", VendorRef = "Vendor", ItemRef = "Item", AccountRef = "Account", ItemAccountRef = "Account", APAccountRef = "Account",
	ARAccountRef = "Account", DepositToAccountRef = "Account", IncomeAccountRef = "Account", ExpenseAccountRef = "Account", AssetAccountRef = "Account",
	DiscountAccountRef = "Account", SalesTermRef = "Term", TermRef = "Term", ClassRef = "Class", DepartmentRef = "Department", PaymentMethodRef = "PaymentMethod" }

shapes.decimals = {}
for _, name in ipairs { "Amount", "UnitPrice", "Qty", "DiscountPercent", "TotalTax", "TotalAmt", "HomeTotalAmt", "Balance", "HomeBalance", "BalanceWithJobs", "Deposit",
	"UnappliedAmt", "RemainingCredit", "CurrentBalance", "CurrentBalanceWithSubAccounts", "PurchaseCost", "QtyOnHand", "ExchangeRate" } do shapes.decimals[name] = true end

shapes.by_word = {}
for name, shape in pairs(shapes.kinds) do
	shapes.by_word[name:lower()] = name
	shape.name = name
	shape.own = with(shape.own, OWN)
	shape.find = { Id = true, ["MetaData.CreateTime"] = true, ["MetaData.LastUpdatedTime"] = true }
	for _, member in ipairs(shape.kind == "person" and PERSON_FIND or shape.kind == "document" and DOCUMENT_FIND or NAME_FIND) do
		if shape.members[member] or shape.own[member] then shape.find[member] = true end
	end
end

function shapes.list()
	local names = {}
	for name in pairs(shapes.kinds) do names[#names + 1] = name end
	table.sort(names)
	return names
end

return shapes
