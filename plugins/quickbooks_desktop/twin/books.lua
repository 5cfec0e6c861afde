-- books.lua - double entry: what each document posts, what is open, what is taxed.  All amounts are whole cents.
local decimal = require "decimal"
local values = require "twin.values"
local company = require "twin.company"
local currencies = require "twin.currencies"
local refuse = values.refuse

local books = {}

local FORMS = { Invoice = 1, SalesReceipt = 1, CreditMemo = -1 }
books.FORMS = FORMS

-- ---- items -----------------------------------------------------------------------------

local function priced(item) return item.f.SalesOrPurchase or item.f.SalesAndPurchase or {} end

local function item_account(item)
	if item.object == "ItemInventory" then return item.f.IncomeAccountRef end
	if item.object == "ItemDiscount" then return item.f.AccountRef end
	return priced(item).AccountRef or priced(item).IncomeAccountRef
end

local function item_desc(item)
	if item.object == "ItemInventory" then return item.f.SalesDesc end
	return item.f.ItemDesc or priced(item).Desc or priced(item).SalesDesc
end

-- Price and percent (five places each) that an item brings along.
local function item_price(item)
	if item.object == "ItemInventory" then return values.five(item.f.SalesPrice) end
	if item.object == "ItemDiscount" then
		local rate, percent = values.five(item.f.DiscountRate), values.five(item.f.DiscountRatePercent)
		return rate and -rate, percent and -percent
	end
	return values.five(priced(item).Price or priced(item).SalesPrice), values.five(priced(item).PricePercent)
end

-- ---- one line of a sales form ------------------------------------------------------------

local PLAIN = { "UnitOfMeasure", "ServiceDate", "Other1", "Other2" }

local function multiply(quantity, rate)
	local cents = decimal.times(quantity, rate, 8)
	if not cents then refuse(3040, "The amount of a line is too large.") end
	return cents
end

local function clear_price(line) line.rate, line.percent, line.amount = nil, nil, nil end

-- Rate, percent and amount after a request gave some of them; the rest follows from the item.
local function settle_price(line, item, given)
	local rate, percent, amount = values.five(given.Rate), values.five(given.RatePercent), values.cents(given.Amount)
	local quantity = line.quantity
	if amount and math.abs(amount) > 90000000000 then refuse(3040, "The amount of a line is too large.") end
	if rate and amount then
		if multiply(quantity or 100000, rate) ~= amount and twin.settings.amount_mismatch == "refuse" then
			refuse(3210, 'The "Amount" field has an invalid value "%s".  QuickBooks error message: The amount is not the quantity times the rate.', given.Amount)
		end
		line.rate, line.amount, line.percent = rate, amount, nil
	elseif amount then
		line.amount, line.percent = amount, nil
		line.rate = quantity and quantity ~= 0 and decimal.divide(amount * 100000000, quantity) or nil
	elseif rate then
		line.rate, line.percent, line.amount = rate, nil, multiply(quantity or 100000, rate)
	elseif percent then
		line.percent, line.rate, line.amount = percent, nil, nil
	elseif not line.amount and not line.percent then
		line.rate, line.percent = item_price(item)
		line.amount = not line.percent and line.rate and multiply(quantity or 100000, line.rate) or nil
	elseif given.Quantity and line.rate then
		line.amount = multiply(quantity or 100000, line.rate)
	end
end

local function set_tax_code(co, line, item, given, where)
	local code = company.resolve(co, "SalesTaxCode", given.SalesTaxCodeRef, where)
	if code then
		line.code = code.id
	elseif not line.code or given.ItemRef then
		line.code = item.f.SalesTaxCodeRef or co.preferences.DefaultTaxableSalesTaxCodeRef
	end
	if co.preferences.SalesTax ~= "true" then
		if code then refuse(3250, "This feature is not enabled or not available in this version of QuickBooks.") end
		line.code = nil
	end
end

-- Puts what a request says (InvoiceLineAdd or Mod) into a line; where: the document's name.
local function fill_line(co, line, given, where)
	local item = company.resolve(co, "Item", given.ItemRef, where .. " line")
	if item and item.id ~= line.item then
		if line.item then clear_price(line) end
		line.item, line.desc = item.id, item_desc(item)
	end
	item = item or line.item and co.lists.Item[line.item]
	if given.Desc then line.desc = given.Desc end
	if given.Quantity then line.quantity = values.five(given.Quantity) end
	for _, name in ipairs(PLAIN) do
		if given[name] then line[name] = given[name] ~= "" and given[name] or nil end
	end
	local class = company.resolve(co, "Class", given.ClassRef, where .. " line")
	if class then line.class = class.id end
	local account = company.resolve(co, "Account", given.OverrideItemAccountRef, where .. " line")
	if account then line.account = account.id end
	line.ext = line.ext or given.DataExt and twin.copy(given.DataExt) or nil
	if not item then
		if given.Amount or given.Rate or given.RatePercent then refuse(3150, 'There is a missing element: "ItemRef".') end
		return
	end
	if item.object == "ItemSalesTax" or item.object == "ItemSalesTaxGroup" or item.object == "ItemGroup" then
		company.bad_reference("Item", item.f.Name, where .. " line")
	end
	if item.object == "ItemSubtotal" then
		line.code = nil
		return
	end
	settle_price(line, item, given)
	set_tax_code(co, line, item, given, where .. " line")
end

local function group_members(co, group, where, fill)
	local item = co.lists.Item[group.item]
	local members = {}
	for _, part in ipairs(item.f.ItemGroupLine or {}) do
		local member = { id = company.new_line_id(co) }
		local each = values.five(part.Quantity) or 100000
		fill(co, member, { ItemRef = { ListID = part.ItemRef },
			Quantity = values.quantity(decimal.times(each, group.quantity or 100000, 5)) }, where)
		members[#members + 1] = member
	end
	return members
end

-- fill: how a line of this kind of document takes what is given; left out: as a sale does.
function books.new_line(co, entry, where, fill)
	local given = entry.content
	local line = { id = company.new_line_id(co) }
	fill = fill or fill_line
	if entry.name:find("Group") then
		local item = company.resolve(co, "Item", given.ItemGroupRef, where .. " line")
		if not item or item.object ~= "ItemGroup" then
			company.bad_reference("Item", given.ItemGroupRef and (given.ItemGroupRef.FullName or given.ItemGroupRef.ListID) or "", where)
		end
		line.group, line.item, line.quantity = true, item.id, values.five(given.Quantity)
		line.desc = given.Desc or item_desc(item)
		line.members = group_members(co, line, where, fill)
	else
		fill(co, line, given, where)
	end
	return line
end

-- Mod: the lines that a request lists, in its order; those it does not list are gone.
function books.changed_lines(co, old, entries, where, fill)
	local by_id, place, last, lines = {}, {}, 0, {}
	for i, line in ipairs(old) do by_id[line.id], place[line.id] = line, i end
	for _, entry in ipairs(entries) do
		local id = entry.content.TxnLineID
		if id == "-1" then
			lines[#lines + 1] = books.new_line(co, entry, where, fill)
		else
			local line = by_id[id]
			if not line then refuse(3120, 'Object "%s" specified in the request cannot be found.', id) end
			if place[id] <= last then
				refuse(3290, 'The line "%s" was placed in the request in incorrect order.', id)
			end
			last = place[id]
			if line.group then
				if entry.content.members then line.members = books.changed_lines(co, line.members, entry.content.members, where, fill) end
			else
				(fill or fill_line)(co, line, entry.content, where)
			end
			lines[#lines + 1] = line
		end
	end
	return lines
end

-- ---- one line of a purchase ----------------------------------------------------------------

local function item_cost(item)
	return values.five(item.object == "ItemInventory" and item.f.PurchaseCost or priced(item).PurchaseCost)
end

-- ItemLine of a bill (Cost) and PurchaseOrderLine (Rate).
function books.fill_cost_line(co, line, given, where)
	local item = company.resolve(co, "Item", given.ItemRef, where .. " line")
	local customer = company.resolve(co, "Customer", given.CustomerRef, where .. " line")
	local class = company.resolve(co, "Class", given.ClassRef, where .. " line")
	local account = company.resolve(co, "Account", given.OverrideItemAccountRef, where .. " line")
	if item and item.id ~= line.item then
		if line.item then line.rate, line.amount = nil, nil end
		line.item, line.desc = item.id, item.f.PurchaseDesc or priced(item).PurchaseDesc or item_desc(item)
	end
	line.customer, line.class, line.account = customer and customer.id or line.customer, class and class.id or line.class,
		account and account.id or line.account
	if given.Desc then line.desc = given.Desc end
	if given.Quantity then line.quantity = values.five(given.Quantity) end
	for _, name in ipairs { "UnitOfMeasure", "ServiceDate", "Other1", "Other2", "ManufacturerPartNumber", "BillableStatus", "IsManuallyClosed" } do
		if given[name] then line[name] = given[name] ~= "" and given[name] or nil end
	end
	item = item or line.item and co.lists.Item[line.item]
	local cost, amount = values.five(given.Cost or given.Rate), values.cents(given.Amount)
	if not item then
		if cost or amount then refuse(3150, 'There is a missing element: "ItemRef".') end
		return
	end
	if amount then
		line.amount = amount
		line.rate = cost or line.quantity and line.quantity ~= 0 and decimal.divide(amount * 100000000, line.quantity) or nil
	elseif cost or given.Quantity or not line.amount then
		line.rate = cost or line.rate or item_cost(item) or 0
		line.amount = multiply(line.quantity or 100000, line.rate)
	end
end

-- ---- a whole sales form --------------------------------------------------------------------

local function each_line(lines, fn)
	for _, line in ipairs(lines) do
		if line.group then
			for _, member in ipairs(line.members) do fn(member) end
		else
			fn(line)
		end
	end
end
books.each_line = each_line

local function is_taxable(co, code_id)
	local code = code_id and co.lists.SalesTaxCode[code_id]
	return code ~= nil and code.f.IsTaxable == "true"
end

local function share(amount, part, whole)
	if whole == 0 then return 0 end
	return decimal.divide(amount * part, whole)
end

-- Amounts that depend on the lines above, the subtotal, and per line what part of it is taxable.
local function add_up(co, txn)
	local total, since, since_taxable, above = 0, 0, 0, { amount = 0, taxable = 0 }
	each_line(txn.lines, function(line)
		local item = line.item and co.lists.Item[line.item]
		if not item then return end
		if item.object == "ItemSubtotal" then
			line.amount, line.taxable = since, 0
			above = { amount = since, taxable = since_taxable }
			since, since_taxable = 0, 0
			return
		end
		if line.percent then line.amount = decimal.divide(above.amount * line.percent, 10000000) end
		local amount = line.amount or 0
		line.taxable = is_taxable(co, line.code) and amount or 0
		if line.taxable ~= 0 and item.object == "ItemDiscount" and twin.settings.subtotal_discount == "prorate" then
			line.taxable = share(amount, above.taxable, above.amount)
		end
		total = total + amount
		since, since_taxable = since + amount, since_taxable + line.taxable
		above = { amount = amount, taxable = line.taxable }
	end)
	return total
end

local function tax_parts(co, tax_item)
	if tax_item.object == "ItemSalesTax" then return { tax_item } end
	local parts = {}
	for _, id in ipairs(tax_item.f.ItemSalesTaxRef) do parts[#parts + 1] = co.lists.Item[id] end
	return parts
end

local function tax_of(base, rate) return decimal.divide(base * rate, 10000000) end

-- Tax of one tax item on the form: of the taxable subtotal, or line by line.
local function tax_on(txn, rate)
	if twin.settings.tax_rounding == "line" then
		local tax = 0
		each_line(txn.lines, function(line) tax = tax + tax_of(line.taxable or 0, rate) end)
		return tax
	end
	return tax_of(txn.taxable, rate)
end

local function compute_tax(co, txn)
	local customer = txn.customer and co.lists.Customer[txn.customer]
	local code = txn.f.CustomerSalesTaxCodeRef or customer and customer.f.SalesTaxCodeRef
	txn.taxable, txn.tax, txn.tax_rate, txn.tax_parts = 0, 0, 0, {}
	if co.preferences.SalesTax ~= "true" then return end
	if code and not is_taxable(co, code) then
		each_line(txn.lines, function(line) line.taxable = 0 end)
	end
	each_line(txn.lines, function(line) txn.taxable = txn.taxable + (line.taxable or 0) end)
	local tax_item = txn.f.ItemSalesTaxRef and co.lists.Item[txn.f.ItemSalesTaxRef]
	if not tax_item then return end
	for _, part in ipairs(tax_parts(co, tax_item)) do
		local rate = values.five(part.f.TaxRate) or 0
		local tax = tax_on(txn, rate)
		txn.tax_rate, txn.tax = txn.tax_rate + rate, txn.tax + tax
		table.insert(txn.tax_parts, { item = part.id, agency = part.f.TaxVendorRef, rate = rate, tax = tax })
	end
	if twin.settings.group_rounding == "total" and #txn.tax_parts > 1 then
		local whole = tax_on(txn, txn.tax_rate)
		local last = txn.tax_parts[#txn.tax_parts]
		last.tax, txn.tax = last.tax + whole - txn.tax, whole
	end
end

local function post(txn, account, amount, entity, at_home)
	if not account then refuse(3270, "There is a missing posting account.") end
	if amount ~= 0 then table.insert(txn.postings, { account = account, amount = amount, entity = entity, at_home = at_home }) end
end

local function default_account(co, special)
	local account = company.special_account(co, special)
	if not account then refuse(3270, "There is a missing posting account: %s.", special) end
	return account.id
end

local function post_stock(txn, line, item, sign)
	local quantity = (line.quantity or 100000) * sign
	local stock = item.stock
	local value = stock.quantity > 0 and decimal.divide(stock.value * quantity, stock.quantity)
		or decimal.times(quantity, stock.last_cost or 0, 8) or 0
	table.insert(txn.stock, { item = item.id, quantity = -quantity, value = -value })
	-- What goods cost is kept in the file's own currency.
	post(txn, item.f.COGSAccountRef, value, nil, true)
	post(txn, item.f.AssetAccountRef, -value, nil, true)
end

-- Debits are positive.  A credit memo is an invoice with the sign turned.
local function post_form(co, txn)
	local sign = FORMS[txn.type]
	txn.postings, txn.stock = {}, {}
	local counter = txn.type == "SalesReceipt" and (txn.f.DepositToAccountRef or default_account(co, "UndepositedFunds"))
		or txn.f.ARAccountRef or default_account(co, "AccountsReceivable")
	post(txn, counter, txn.total * sign, txn.type ~= "SalesReceipt" and txn.customer or nil)
	each_line(txn.lines, function(line)
		local item = line.item and co.lists.Item[line.item]
		if not item or item.object == "ItemSubtotal" then return end
		if (line.amount or 0) ~= 0 then post(txn, line.account or item_account(item), -line.amount * sign) end
		if item.object == "ItemInventory" then post_stock(txn, line, item, sign) end
	end)
	for _, part in ipairs(txn.tax_parts) do
		if part.tax ~= 0 then post(txn, default_account(co, "SalesTaxPayable"), -part.tax * sign, part.agency) end
	end
end

function books.compute_form(co, txn)
	txn.subtotal = add_up(co, txn)
	compute_tax(co, txn)
	txn.total = txn.subtotal + txn.tax
	if txn.total < 0 then
		refuse(3180, "There was an error when saving a %s.  QuickBooks error message: Transaction amount must be positive.", txn.type)
	end
	post_form(co, txn)
end

-- ---- payments, refunds, checks, bills, deposits ------------------------------------------------

function books.compute_payment(co, txn)
	local discounts = 0
	txn.postings, txn.stock = {}, {}
	post(txn, txn.f.DepositToAccountRef or default_account(co, "UndepositedFunds"), txn.total)
	for _, part in ipairs(txn.discounts or {}) do
		post(txn, part.account, part.amount)
		discounts = discounts + part.amount
	end
	post(txn, txn.f.ARAccountRef or default_account(co, "AccountsReceivable"), -(txn.total + discounts), txn.customer)
end

function books.compute_refund(co, txn)
	txn.postings, txn.stock = {}, {}
	post(txn, txn.f.ARAccountRef or default_account(co, "AccountsReceivable"), txn.total, txn.customer)
	post(txn, txn.f.RefundFromAccountRef or default_account(co, "UndepositedFunds"), -txn.total)
end

-- Items of a bill: stock that comes in, or what the item is bought for.
local function post_bought(co, txn)
	books.each_line(txn.lines or {}, function(line)
		local item = line.item and co.lists.Item[line.item]
		if not item or not line.amount then return end
		local inventory = item.object == "ItemInventory"
		post(txn, line.account or inventory and item.f.AssetAccountRef or priced(item).ExpenseAccountRef or item_account(item), line.amount)
		if inventory then table.insert(txn.stock, { item = item.id, quantity = line.quantity or 100000, value = line.amount }) end
		txn.total = txn.total + line.amount
	end)
end

-- Check and Bill: expense lines against an account.  A line on receivables is owed by its customer.
function books.compute_expenses(co, txn, account, entity)
	txn.postings, txn.stock, txn.total, txn.receivable = {}, {}, 0, 0
	for _, line in ipairs(txn.expenses) do
		local to = co.lists.Account[line.account]
		if to and to.f.AccountType == "AccountsReceivable" then
			if not line.customer then refuse(3210, "A line on accounts receivable needs a customer.") end
			txn.receivable, txn.customer = txn.receivable + line.amount, line.customer
		end
		post(txn, line.account, line.amount, line.customer)
		txn.total = txn.total + line.amount
	end
	post_bought(co, txn)
	if txn.total < 0 then
		refuse(3180, "There was an error when saving a %s.  QuickBooks error message: Transaction amount must be positive.", txn.type)
	end
	post(txn, account, -txn.total, entity)
end

function books.compute_deposit(txn)
	txn.postings, txn.stock, txn.total = {}, {}, 0
	for _, line in ipairs(txn.deposit_lines) do
		post(txn, line.account, -line.amount, line.entity)
		txn.total = txn.total + line.amount
	end
	post(txn, txn.f.DepositToAccountRef, txn.total)
end

-- Paid from a bank or card account to what is payable.
function books.compute_bill_payment(txn, payable, from)
	txn.postings, txn.stock = {}, {}
	post(txn, payable, txn.total, txn.f.PayeeEntityRef)
	post(txn, from, -txn.total)
end

function books.compute_order(txn)
	txn.postings, txn.stock, txn.total = {}, {}, 0
	books.each_line(txn.lines, function(line) txn.total = txn.total + (line.amount or 0) end)
end

local function names_of(co, kind) return kind == "AccountsReceivable" and co.lists.Customer or co.lists.Vendor end

function books.compute_journal(co, txn)
	local sum = 0
	txn.postings, txn.stock, txn.total = {}, {}, 0
	for _, line in ipairs(txn.journal) do
		local kind = line.account and co.lists.Account[line.account].f.AccountType
		if line.amount < 0 then refuse(3210, 'The "Amount" field has an invalid value "%s".', values.amount(line.amount)) end
		if (kind == "AccountsReceivable" or kind == "AccountsPayable") and not (line.entity and names_of(co, kind)[line.entity]) then
			refuse(3210, "A line on accounts receivable needs a customer, one on accounts payable a vendor.")
		end
		if line.amount ~= 0 then
			post(txn, line.account, line.debit and line.amount or -line.amount, line.entity)
			sum = sum + (line.debit and line.amount or -line.amount)
			txn.total = txn.total + (line.debit and line.amount or 0)
		end
	end
	if sum ~= 0 then refuse(3210, "Transaction is not in balance.  Make sure the amounts in the debit column equal the amounts in the credit column.") end
end

-- ---- who is applied to whom ----------------------------------------------------------------------

-- What a document that is owed (invoice, refund, check) still lacks.
function books.open_amount(txn)
	local owed = txn.type == "Check" and txn.receivable or txn.total
	for _, link in ipairs(txn.links or {}) do owed = owed - link.amount - (link.discount or 0) end
	return owed
end

-- What a credit (payment, credit memo) still has.
function books.credit_left(txn)
	local left = txn.total
	for _, link in ipairs(txn.links_out or {}) do left = left - link.amount end
	return left
end

-- from pays to; discount on top; via: the payment that applied somebody else's credit.
function books.link(from, to, amount, discount, via)
	to.links, from.links_out = to.links or {}, from.links_out or {}
	table.insert(to.links, { txn = from.id, amount = amount, discount = discount, via = via })
	table.insert(from.links_out, { txn = to.id, amount = amount, discount = discount, via = via })
end

local function drop_links(list, fits)
	for i = #(list or {}), 1, -1 do
		if fits(list[i]) then table.remove(list, i) end
	end
end

-- Takes every application of a document away; gives the others that it touched.
function books.unlink(co, txn, fits)
	local touched = {}
	fits = fits or function() return true end
	for _, link in ipairs(txn.links or {}) do
		if fits(link) then
			local from = co.txns[link.txn]
			drop_links(from.links_out, function(l) return l.txn == txn.id and l.via == link.via end)
			touched[from.id] = from
		end
	end
	for _, link in ipairs(txn.links_out or {}) do
		if fits(link) then
			local to = co.txns[link.txn]
			drop_links(to.links, function(l) return l.txn == txn.id and l.via == link.via end)
			touched[to.id] = to
		end
	end
	drop_links(txn.links, fits)
	drop_links(txn.links_out, fits)
	return touched
end

-- A job may be paid by its parent, and the other way round.
function books.same_account(co, a, b)
	local function top(id)
		local record = co.lists.Customer[id]
		while record and record.parent do record = co.lists.Customer[record.parent] end
		return record and record.id
	end
	return a == b or top(a) == top(b)
end

-- ---- the ledger -----------------------------------------------------------------------------------

local function add_to(map, key, amount)
	local sum = (map[key] or 0) + amount
	map[key] = sum ~= 0 and sum or nil
end

-- What a posting changes of a name's balance, which is in the name's own currency.
function books.owed_by(posting) return posting.foreign or posting.amount end

local function enter(co, txn, sign)
	local sum, customer = 0, txn.customer and co.lists.Customer[txn.customer]
	if customer and twin.settings.balance_modifies then company.touch(co, customer) end
	for _, p in ipairs(txn.postings) do
		sum = sum + p.amount
		add_to(co.ledger.accounts, p.account, p.amount * sign)
		local account = co.lists.Account[p.account]
		if p.entity then
			local kind = account.f.AccountType
			if kind == "AccountsReceivable" or kind == "AccountsPayable" then
				add_to(co.ledger.entities, p.entity, books.owed_by(p) * sign)
			elseif account.special == "SalesTaxPayable" then
				add_to(co.ledger.agencies, p.entity, p.amount * sign)
			end
		end
	end
	if sum ~= 0 then error(("%s %s does not balance: %d cents"):format(txn.type, txn.id, sum)) end
	for _, move in ipairs(txn.stock) do
		local stock = co.lists.Item[move.item].stock
		stock.quantity, stock.value = stock.quantity + move.quantity * sign, stock.value + move.value * sign
		if stock.quantity > 0 then stock.last_cost = decimal.divide(stock.value * 100000000, stock.quantity) end
	end
end

-- Puts a document on the books in place of what stood there under its id.
function books.commit(co, txn)
	currencies.convert(co, txn)
	local before = co.txns[txn.id]
	if before then enter(co, before, -1) end
	enter(co, txn, 1)
	if not before then table.insert(co.txn_order, txn.id) end
	co.txns[txn.id] = txn
	books.assert_balanced(co)
end

function books.erase(co, txn)
	enter(co, txn, -1)
	co.txns[txn.id] = nil
	for i, id in ipairs(co.txn_order) do
		if id == txn.id then
			table.remove(co.txn_order, i)
			break
		end
	end
	books.assert_balanced(co)
end

function books.assert_balanced(co)
	local sum = 0
	for _, amount in pairs(co.ledger.accounts) do sum = sum + amount end
	if sum ~= 0 then error(("the books are out of balance by %d cents"):format(sum)) end
end

-- Everything once more from the documents; a list of what does not agree.
function books.audit(co)
	local faults, accounts, entities, agencies, receivable = {}, {}, {}, {}, 0
	for _, id in ipairs(co.txn_order) do
		local txn, sum = co.txns[id], 0
		for _, p in ipairs(txn.postings) do
			sum = sum + p.amount
			add_to(accounts, p.account, p.amount)
			local account = co.lists.Account[p.account]
			if p.entity and (account.f.AccountType == "AccountsReceivable" or account.f.AccountType == "AccountsPayable") then
				add_to(entities, p.entity, books.owed_by(p))
				if co.lists.Customer[p.entity] then receivable = receivable + books.owed_by(p) end
			elseif p.entity and account.special == "SalesTaxPayable" then
				add_to(agencies, p.entity, p.amount)
			end
		end
		if sum ~= 0 then table.insert(faults, txn.type .. " " .. id .. " does not balance") end
		if (txn.type == "CreditMemo" or txn.type == "ReceivePayment") and books.credit_left(txn) < 0 then
			table.insert(faults, txn.type .. " " .. id .. " is applied beyond its amount")
		elseif (txn.type == "Invoice" or txn.type == "Bill") and books.open_amount(txn) < 0 then
			table.insert(faults, txn.type .. " " .. id .. " is paid beyond its amount")
		end
	end
	for name, pair in pairs { accounts = accounts, entities = entities, agencies = agencies } do
		for key, amount in pairs(pair) do
			if co.ledger[name][key] ~= amount then table.insert(faults, name .. " " .. key .. " disagrees with the documents") end
		end
		for key in pairs(co.ledger[name]) do
			if not pair[key] then table.insert(faults, name .. " " .. key .. " has no documents") end
		end
	end
	local owed = 0
	for id, amount in pairs(entities) do
		if co.lists.Customer[id] then owed = owed + amount end
	end
	if receivable ~= owed then table.insert(faults, "receivables and customer balances differ") end
	table.sort(faults)
	return faults
end

-- A customer's own balance, and with its jobs.
function books.balance(co, id) return co.ledger.entities[id] or 0 end

function books.total_balance(co, id, children)
	local sum = books.balance(co, id)
	for _, child in ipairs(children[id] or {}) do sum = sum + books.total_balance(co, child, children) end
	return sum
end

-- Credit accounts are told positive.
local CREDIT = { AccountsPayable = true, CreditCard = true, Equity = true, Income = true, LongTermLiability = true,
	OtherCurrentLiability = true, OtherIncome = true }

function books.account_balance(co, account)
	local amount = co.ledger.accounts[account.id] or 0
	return CREDIT[account.f.AccountType] and -amount or amount
end

return books
