-- seed.lua - what is there at the start: a garden shop with customers, jobs and vendors of every kind, and a second, small company.
local company = require "twin.company"

local seed = {}

local function day(offset) return twin.iso(twin.now() + offset * 86400000):sub(1, 10) end

local function put(co, name, body) return company.create(co, name, body).Id end

local function person(display, email, more)
	local p = { DisplayName = display, CompanyName = display, PrimaryEmailAddr = email and { Address = email } or nil }
	for k, v in pairs(more or {}) do p[k] = v end
	return p
end

local function lists(co)
	local a = {}
	for _, row in ipairs { { "Services", "Income", "ServiceFeeIncome" }, { "Sales of Product Income", "Income", "SalesOfProductIncome" },
		{ "Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs" }, { "Accounts Payable", "Accounts Payable", "AccountsPayable" },
		{ "Accounts Receivable", "Accounts Receivable", "AccountsReceivable" }, { "Office Expenses", "Expense", "OfficeGeneralAdministrativeExpenses" },
		{ "Checking", "Bank", "Checking" } } do
		a[row[1]] = put(co, "Account", { Name = row[1], AccountType = row[2], AccountSubType = row[3] })
	end
	local t = put(co, "Term", { Name = "Net 30", DueDays = 30 })
	put(co, "Term", { Name = "Due on receipt", DueDays = 0 })
	put(co, "PaymentMethod", { Name = "Check", Type = "NON_CREDIT_CARD" })
	put(co, "Class", { Name = "Garden" })
	local items = {}
	for _, row in ipairs { { "Design", "75", "Services" }, { "Gardening", "40", "Services" }, { "Pump", "15", "Sales of Product Income" }, { "Rock Fountain", "275", "Sales of Product Income" } } do
		items[row[1]] = put(co, "Item", { Name = row[1], Type = "Service", UnitPrice = row[2], IncomeAccountRef = { value = a[row[3]] } })
	end
	return a, items, t
end

local function invoice(co, customer, item, amount, dated, due, more)
	local body = { CustomerRef = { value = customer }, TxnDate = dated, DueDate = due,
		Line = twin.array { { Amount = amount, DetailType = "SalesItemLineDetail", SalesItemLineDetail = { ItemRef = { value = item }, Qty = 1, UnitPrice = amount } } } }
	for k, v in pairs(more or {}) do body[k] = v end
	return put(co, "Invoice", body)
end

function seed.shop(co)
	local accounts, items, term = lists(co)
	local cars = put(co, "Customer", person("Cool Cars", "billing@coolcars.example", { GivenName = "Grace", FamilyName = "Pariente", PrimaryPhone = { FreeFormNumber = "(415) 555-9933" },
		BillAddr = { Line1 = "65 Ocean Dr.", City = "Half Moon Bay", CountrySubDivisionCode = "CA", PostalCode = "94213" }, SalesTermRef = { value = term } }))
	local diego = put(co, "Customer", { DisplayName = "Diego Rodriguez", GivenName = "Diego", FamilyName = "Rodriguez",
		PrimaryEmailAddr = { Address = "diego@rodriguez.example" } })
	local noname = put(co, "Customer", person("Red Rock Diner", nil, { GivenName = "Stephanie", FamilyName = "Martini" }))
	local parent = put(co, "Customer", person("Freeman Sporting Goods", "accounts@freeman.example", { GivenName = "Kirby", FamilyName = "Freeman" }))
	local job = put(co, "Customer", person("0969 Ocean View Road", "accounts@freeman.example", { ParentRef = { value = parent }, CompanyName = "Freeman Sporting Goods" }))
	put(co, "Customer", person("55 Twin Lane", "accounts@freeman.example", { ParentRef = { value = parent }, CompanyName = "Freeman Sporting Goods" }))
	local books = put(co, "Vendor", person("Books by Bessie", "books@bessie.example", { GivenName = "Bessie", FamilyName = "Williams", AcctNum = "1345", TermRef = { value = term } }))
	put(co, "Vendor", person("Diego's Road Warrior Bodyshop", nil, {}))
	put(co, "Employee", { GivenName = "Emily", FamilyName = "Platt" })

	local one = invoice(co, cars, items["Rock Fountain"], "275.00", day(-40), day(-10))
	invoice(co, cars, items.Design, "87.07", day(-5), day(25))
	invoice(co, diego, items.Gardening, "40.00", day(-3), day(27))
	invoice(co, job, items.Design, "750.00", day(-20), day(10))
	local paid = invoice(co, noname, items.Pump, "15.00", day(-30), day(0))
	put(co, "Payment", { CustomerRef = { value = noname }, TotalAmt = "15.00", Line = twin.array { { Amount = "15.00", LinkedTxn = twin.array { { TxnId = paid, TxnType = "Invoice" } } } } })
	put(co, "Payment", { CustomerRef = { value = cars }, TotalAmt = "100.00", Line = twin.array { { Amount = "100.00", LinkedTxn = twin.array { { TxnId = one, TxnType = "Invoice" } } } } })
	put(co, "Bill", { VendorRef = { value = books }, DocNumber = "B-17", TxnDate = day(-12), DueDate = day(-2), Line = twin.array { { Amount = "75.50",
		DetailType = "AccountBasedExpenseLineDetail", AccountBasedExpenseLineDetail = { AccountRef = { value = accounts["Office Expenses"] } } } } })
	put(co, "PurchaseOrder", { VendorRef = { value = books }, APAccountRef = { value = accounts["Accounts Payable"] }, Line = twin.array { { Amount = "125.00",
		DetailType = "ItemBasedExpenseLineDetail", ItemBasedExpenseLineDetail = { ItemRef = { value = items.Pump }, Qty = 5, UnitPrice = 25 } } } })
	put(co, "JournalEntry", { Line = twin.array {
		{ Amount = "10.00", DetailType = "JournalEntryLineDetail", JournalEntryLineDetail = { PostingType = "Debit", AccountRef = { value = accounts["Office Expenses"] } } },
		{ Amount = "10.00", DetailType = "JournalEntryLineDetail", JournalEntryLineDetail = { PostingType = "Credit", AccountRef = { value = accounts.Checking } } } } })
	co.records.TaxCode = { TAX = { Id = "TAX", SyncToken = "0", Name = "TAX", Active = true, Taxable = true, created = twin.now(), updated = twin.now() },
		NON = { Id = "NON", SyncToken = "0", Name = "NON", Active = true, Taxable = false, created = twin.now(), updated = twin.now() } }
end

function seed.small(co)
	local _, items = lists(co)
	local c = put(co, "Customer", person("Amy's Bird Sanctuary", "birds@amy.example", {}))
	invoice(co, c, items.Design, "239.00", day(-9), day(21))
	put(co, "Vendor", person("Hicks Hardware", "hicks@hardware.example", {}))
end

-- Many of a kind, for pages and limits: customers, or invoices of one of them over that amount.
function seed.grow(co, count, name, whose, amount)
	local first = co.next_id
	for i = 1, count do
		if name == "Customer" then
			put(co, "Customer", person(("Customer %05d"):format(first + i), ("c%d@many.example"):format(first + i), {}))
		else
			invoice(co, whose or next(co.records.Customer), next(co.records.Item), amount or "10.00", day(0), day(30))
		end
	end
end

return seed
