-- seed.lua - company files to begin with.
local company = require "twin.company"
local writes = require "twin.writes"

local seed = {}

local function account(co, name, kind, number, special)
	return company.insert(co, "Account", { Name = name, AccountType = kind, AccountNumber = number }, { special = special })
end

local function named(name) return { FullName = name } end

local function basics(co)
	account(co, "Accounts Receivable", "AccountsReceivable", "11000", "AccountsReceivable")
	account(co, "Accounts Payable", "AccountsPayable", "20000", "AccountsPayable")
	account(co, "Checking", "Bank", "10100")
	account(co, "Undeposited Funds", "OtherCurrentAsset", "12000", "UndepositedFunds")
	account(co, "Sales", "Income", "40100")
	account(co, "Freight Income", "Income", "40500")
	account(co, "Cost of Goods Sold", "CostOfGoodsSold", "50100", "CostOfGoodsSold")
	account(co, "Inventory Asset", "OtherCurrentAsset", "12100", "InventoryAssets")
	account(co, "Sales Tax Payable", "OtherCurrentLiability", "25500", "SalesTaxPayable")
	account(co, "Office Supplies", "Expense", "64900")
end

local function codes(co)
	local tax = company.insert(co, "SalesTaxCode", { Name = "Tax", IsTaxable = "true", Desc = "Taxable Sales" })
	local non = company.insert(co, "SalesTaxCode", { Name = "Non", IsTaxable = "false", Desc = "Non-Taxable Sales" })
	co.preferences.DefaultTaxableSalesTaxCodeRef, co.preferences.DefaultNonTaxableSalesTaxCodeRef = tax.id, non.id
end

local function terms_and_methods(co)
	for _, row in ipairs { { "Net 30", "30" }, { "Net 15", "15" }, { "Due on receipt", "0" } } do
		company.insert(co, "StandardTerms", { Name = row[1], StdDueDays = row[2], StdDiscountDays = "0", DiscountPct = "0" })
	end
	for _, row in ipairs { { "Check", "Check" }, { "Cash", "Cash" }, { "Visa", "Visa" }, { "MasterCard", "MasterCard" } } do
		company.insert(co, "PaymentMethod", { Name = row[1], PaymentMethodType = row[2] })
	end
end

local function priced(name, desc, price, to, code)
	return { Name = name, SalesTaxCodeRef = named(code), SalesOrPurchase = { Desc = desc, Price = price, AccountRef = named(to) } }
end

local function inventory(name, desc, price, quantity, value)
	return { Name = name, SalesTaxCodeRef = named("Tax"), SalesDesc = desc, SalesPrice = price, IncomeAccountRef = named("Sales"),
		COGSAccountRef = named("Cost of Goods Sold"), AssetAccountRef = named("Inventory Asset"), QuantityOnHand = quantity, TotalValue = value }
end

local function make(co, path, legal_name, name)
	co.path, co.legal_name, co.name = path, legal_name, name
	return co
end

-- The company of the sample pairs (specs/quickbooks-desktop/samples/authored).
function seed.sample()
	local co = company.create("Stub Company", "Stub Company Ltd", "C:\\Users\\Public\\Documents\\Stub Company.qbw")
	co.preferences.IsRequiringAccounts = "false"
	basics(co)
	codes(co)
	terms_and_methods(co)
	local county = writes.add(co, "ItemSalesTax", { Name = "San Tomas", ItemDesc = "County tax", TaxRate = "7.75" })
	writes.add(co, "ItemSalesTax", { Name = "Out of State", ItemDesc = "Out-of-state sale", TaxRate = "0.0" })
	co.preferences.DefaultItemSalesTaxRef = county.id
	writes.add(co, "ItemService", priced("Installation", "Installation labor", "35.00", "Sales", "Non"))
	writes.add(co, "ItemService", priced("Repairs", "Repair work", "40.00", "Sales", "Non"))
	writes.add(co, "ItemInventory", inventory("Cabinets", "Kitchen cabinet", "120.00", "42", "0.00")) -- 2 of them are sold below
	writes.add(co, "ItemInventory", inventory("Doorknobs", "Doorknob", "22.50", "500", "0.00"))
	writes.add(co, "ItemNonInventory", priced("Counter", "Custom counter", "899.99", "Sales", "Tax"))
	writes.add(co, "ItemOtherCharge", priced("Shipping", "Shipping and handling", "0.00", "Freight Income", "Non"))
	writes.add(co, "ItemDiscount", { Name = "Discount", ItemDesc = "Discount", AccountRef = named("Sales") })
	writes.add(co, "ItemSubtotal", { Name = "Subtotal", ItemDesc = "Subtotal" })
	for i = 1, 12 do
		writes.add(co, "Customer", { Name = ("Customer %03d"):format(i), CompanyName = ("Company %03d"):format(i), Email = ("c%03d@example.com"):format(i) })
	end
	for _, name in ipairs { "Perry Windows & Doors", "Sloan Roofing", "Patton Hardware Supplies" } do
		writes.add(co, "Vendor", { Name = name, CompanyName = name })
	end
	table.insert(co.ext_defs, { owner = "0", name = "Web ID", type = "STR255TYPE", number = 1, assigned = { "Customer" } })
	writes.add(co, "Invoice", { CustomerRef = named("Customer 001"), RefNumber = "1001",
		lines = { { name = "InvoiceLineAdd", content = { ItemRef = named("Cabinets"), Quantity = "2", Rate = "120.00" } } } })
	writes.add(co, "Bill", { VendorRef = named("Perry Windows & Doors"), RefNumber = "B-1",
		ExpenseLineAdd = { { AccountRef = named("Office Supplies"), Amount = "85.50" } } })
	return co
end

-- A small shop's books, for the demo and most tests.
function seed.shop()
	local co = make(seed.bare(), "C:\\Users\\Public\\Documents\\Intuit\\Acme Mugs.qbw", "Acme Mugs LLC", "Acme Mugs LLC")
	account(co, "Sales Discounts", "Income", "40900")
	account(co, "Stripe Clearing", "Bank", "10300")
	account(co, "PayPal Clearing", "Bank", "10400")
	account(co, "Merchant Fees", "Expense", "60400")
	for _, agency in ipairs { "CA Dept of Tax and Fee Administration", "NY Dept of Taxation and Finance" } do
		writes.add(co, "Vendor", { Name = agency, IsSalesTaxAgency = "true" })
	end
	local function tax(name, desc, rate, agency)
		return writes.add(co, "ItemSalesTax", { Name = name, ItemDesc = desc, TaxRate = rate, TaxVendorRef = named(agency) })
	end
	local ca, ny = "CA Dept of Tax and Fee Administration", "NY Dept of Taxation and Finance"
	tax("CA State", "California state tax", "7.25", ca)
	tax("CA San Tomas", "San Tomas district tax", "0.5", ca)
	tax("NY State", "New York state tax", "4.0", ny)
	tax("NY City", "New York city tax", "4.5", ny)
	tax("NY MCTD", "Metropolitan district tax", "0.375", ny)
	local none = tax("Out of State", "Out-of-state sale, exempt from sales tax", "0.0", ca)
	writes.add(co, "ItemSalesTaxGroup", { Name = "San Tomas", ItemDesc = "Sales tax, San Tomas", ItemSalesTaxRef = { named("CA State"), named("CA San Tomas") } })
	writes.add(co, "ItemSalesTaxGroup", { Name = "New York City", ItemDesc = "Sales tax, New York City",
		ItemSalesTaxRef = { named("NY State"), named("NY City"), named("NY MCTD") } })
	co.preferences.DefaultItemSalesTaxRef = none.id
	writes.add(co, "ItemInventory", inventory("MUG-RED", "Red mug", "14.00", "200", "900.00"))
	writes.add(co, "ItemInventory", inventory("MUG-BLUE", "Blue mug", "14.00", "150", "675.00"))
	writes.add(co, "ItemNonInventory", priced("TSHIRT", "T-shirt", "21.99", "Sales", "Tax"))
	writes.add(co, "ItemService", priced("ENGRAVING", "Engraving", "10.00", "Sales", "Non"))
	writes.add(co, "ItemNonInventory", priced("Web Sale", "Item sold in the web shop", "0.00", "Sales", "Tax"))
	writes.add(co, "ItemOtherCharge", priced("Shipping", "Shipping and handling", "0.00", "Freight Income", "Non"))
	writes.add(co, "ItemOtherCharge", priced("Fee", "Fee", "0.00", "Sales", "Non"))
	writes.add(co, "ItemOtherCharge", priced("Rounding", "Rounding difference", "0.00", "Sales", "Non"))
	writes.add(co, "ItemOtherCharge", priced("Refund Adjustment", "Refund without lines", "0.00", "Sales", "Non"))
	writes.add(co, "ItemOtherCharge", priced("Web Tax", "Sales tax as the shop charged it", "0.00", "Sales Tax Payable", "Non"))
	writes.add(co, "ItemDiscount", { Name = "Discount", ItemDesc = "Discount", SalesTaxCodeRef = named("Tax"), AccountRef = named("Sales Discounts") })
	writes.add(co, "ItemSubtotal", { Name = "Subtotal", ItemDesc = "Subtotal" })
	writes.add(co, "ItemGroup", { Name = "GIFT-SET", ItemDesc = "Gift set", IsPrintItemsInGroup = "true",
		ItemGroupLine = { { ItemRef = named("MUG-RED"), Quantity = "2" }, { ItemRef = named("ENGRAVING"), Quantity = "1" } } })
	writes.add(co, "Customer", { Name = "Web Customer" })
	writes.add(co, "Customer", { Name = "Lovelace, Ada", FirstName = "Ada", LastName = "Lovelace", Email = "ADA@Example.com", Phone = "(555) 010-0042",
		BillAddress = { Addr1 = "Ada Lovelace", Addr2 = "12 St James's Sq", City = "San Tomas", State = "CA", PostalCode = "94000" },
		TermsRef = named("Net 15"), Notes = "Calls before noon" })
	writes.add(co, "Customer", { Name = "Babbage Engines", CompanyName = "Babbage Engines", Email = "office@babbage.example" })
	writes.add(co, "Customer", { Name = "Analytical Engine", ParentRef = named("Babbage Engines"), Email = "office@babbage.example" })
	writes.add(co, "Customer", { Name = "Old Customer", Email = "old@example.com", IsActive = "false" })
	writes.add(co, "Vendor", { Name = "Clay & Glaze Supplies", CompanyName = "Clay & Glaze Supplies" })
	writes.add(co, "Employee", { FirstName = "Grace", LastName = "Hopper" })
	company.insert(co, "Template", { Name = "Intuit Product Invoice", TemplateType = "Invoice" })
	return co
end

-- Accounts, codes, terms and payment methods only: what a new company file brings along.
function seed.bare()
	local co = company.create("New Company", "New Company LLC", "C:\\Users\\Public\\Documents\\Intuit\\New Company.qbw")
	basics(co)
	codes(co)
	terms_and_methods(co)
	return co
end

return seed
