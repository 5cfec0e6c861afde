-- writes.lua - what Add, Mod, Del and Void do to the company file.  Each refuses before it changes anything.
local values = require "twin.values"
local shapes = require "twin.shapes"
local company = require "twin.company"
local books = require "twin.books"
local currencies = require "twin.currencies"
local refuse = values.refuse

local writes = {}

local function not_found(id)
	refuse(3120, 'Object "%s" specified in the request cannot be found.  QuickBooks error message: The specified record does not exist.', id)
end

-- ---- fields --------------------------------------------------------------------------------

-- What a nested value looks like once stored: references as ids.
local function stored(co, e, value, where)
	if e.kind == "ref" then
		local record = company.resolve(co, e.of, value, where)
		return record and record.id
	elseif e.kind == "nested" then
		local t = {}
		for _, inner in ipairs(e.body.elements) do
			local v = value[inner.name]
			if v ~= nil then
				if inner.many then
					t[inner.name] = {}
					for _, one in ipairs(v) do table.insert(t[inner.name], (stored(co, inner, one, where))) end
				else
					t[inner.name] = stored(co, inner, v, where)
				end
			end
		end
		return next(t) and t or nil
	end
	return value ~= "" and value or nil
end

-- Puts what a request says into f; skip: names that mean more than a field.  An empty element clears [?].
local function fill(co, f, given, shape, skip, where)
	for _, e in ipairs(shape.elements) do
		local value = given[e.name]
		if value ~= nil and not skip[e.name] then
			local name = e.name:gsub("^(Sales%u%l+Purchase)Mod$", "%1")
			if e.many then
				f[name] = {}
				for _, one in ipairs(value) do table.insert(f[name], (stored(co, e, one, where))) end
			elseif name:find("^SalesOrPurchase") or name:find("^SalesAndPurchase") then
				local merged = f[name] or {}
				for k, v in pairs(stored(co, e, value, where) or {}) do merged[k] = v end
				f[name] = merged
			else
				local new = stored(co, e, value, where)
				if new ~= nil or twin.settings.empty_clears then f[name] = new end
			end
		end
	end
end

local function check_open_period(co, ...)
	local closing = co.preferences.ClosingDate
	if closing == "" then return end
	for _, date in ipairs { ... } do
		if date <= closing then
			refuse(3171, "An attempt was made to modify a transaction with a date of %s, which is on or before the closing date of the company (%s).", date, closing)
		end
	end
end

local function check_edit(record, given)
	if given.EditSequence ~= record.edit then
		error({ status = 3200, message = ('The provided edit sequence "%s" is out-of-date.'):format(given.EditSequence), current = record }, 0)
	end
end

-- ---- lists -----------------------------------------------------------------------------------

local LIST_SKIP = { ListID = true, EditSequence = true, Name = true, Initial = true, ParentRef = true, QuantityOnHand = true, TotalValue = true, InventoryDate = true }

local function check_name(name)
	if name == "" or name:find(":", 1, true) then
		refuse(3090, 'There was an error when storing "%s" in the "Name" field.  QuickBooks error message: The name is invalid.', name)
	end
	return name
end

-- QuickBooks puts an employee's name together.
local function full_person_name(given)
	local words = {}
	for _, name in ipairs { "FirstName", "MiddleName", "LastName" } do
		if given[name] and given[name] ~= "" then words[#words + 1] = given[name] end
	end
	return table.concat(words, " ")
end

local function check_accounts(co, object, f, where)
	if co.preferences.IsRequiringAccounts ~= "true" then return end
	local missing = (object == "ItemInventory" and not (f.IncomeAccountRef and f.COGSAccountRef and f.AssetAccountRef))
		or (f.SalesOrPurchase and not f.SalesOrPurchase.AccountRef)
		or (f.SalesAndPurchase and not (f.SalesAndPurchase.IncomeAccountRef and f.SalesAndPurchase.ExpenseAccountRef))
		or (object == "ItemDiscount" and not f.AccountRef)
	if missing then refuse(3270, "There is a missing posting account in the %s.", where) end
end

local DEFAULTS = {
	Customer = { JobStatus = "None" }, Vendor = { IsVendorEligibleFor1099 = "false" }, ItemSalesTax = { TaxRate = "0" },
	ItemGroup = { IsPrintItemsInGroup = "false" },
}

local function parent_of(co, object, given, where)
	local parent = company.resolve(co, company.list_of(object), given.ParentRef, where)
	return parent and parent.id
end

local function full_name_of(co, list, parent, name)
	local above = parent and co.lists[list][parent]
	return above and company.full_name(co, above) .. ":" .. name or name
end

local function open_stock(co, record, given)
	record.stock = { quantity = 0, value = 0 }
	local quantity = values.five(given.QuantityOnHand)
	if not quantity or quantity == 0 then return end
	local value = values.cents(given.TotalValue) or 0
	local equity = company.special_account(co, "OpeningBalanceEquity")
	if not equity and value ~= 0 then
		equity = company.insert(co, "Account", { Name = "Opening Balance Equity", AccountType = "Equity" }, { special = "OpeningBalanceEquity" })
	end
	local id, number = company.new_txn_id(co)
	local txn = { type = "InventoryAdjustment", id = id, number = number, date = company.today(), f = {}, lines = {}, total = value,
		stock = { { item = record.id, quantity = quantity, value = value } }, postings = {} }
	if value ~= 0 then
		txn.postings = { { account = record.f.AssetAccountRef, amount = value }, { account = equity.id, amount = -value } }
	end
	company.touch(co, txn)
	books.commit(co, txn)
end

local function count_names(co)
	return #co.order.Customer + #co.order.Vendor + #co.order.Employee + #co.order.OtherName
end

function writes.add_list(co, object, given)
	local list, where = company.list_of(object), object
	local f, extra = {}, {}
	f.Name = check_name(given.Name or given.Initial or full_person_name(given))
	extra.parent = parent_of(co, object, given, where)
	company.claim_name(co, list, full_name_of(co, list, extra.parent, f.Name))
	if (list == "Customer" or list == "Vendor" or list == "OtherName" or list == "Employee") and count_names(co) >= twin.settings.max_names then
		refuse(3180, "There was an error when saving a %s list, element \"%s\".  QuickBooks error message: The list is full.", object, f.Name)
	end
	for name, value in pairs(DEFAULTS[object] or {}) do f[name] = value end
	fill(co, f, given, shapes.request(object .. "Add").elements[1].body, LIST_SKIP, where)
	check_accounts(co, object, f, where)
	if object == "Account" and (f.AccountType == "AccountsReceivable" or f.AccountType == "AccountsPayable")
		and not company.special_account(co, f.AccountType) then
		extra.special = f.AccountType
	end
	local record = company.insert(co, object, f, extra)
	if object == "ItemInventory" then open_stock(co, record, given) end
	return record
end

local function has_descendant(co, record, id)
	while id do
		if id == record.id then return true end
		id = co.lists[record.list][id].parent
	end
	return false
end

local function used_by_txn(co, record)
	for _, id in ipairs(co.txn_order) do
		local txn = co.txns[id]
		if txn.customer == record.id or txn.f.VendorRef == record.id then return true end
		for _, p in ipairs(txn.postings) do
			if p.account == record.id or p.entity == record.id then return true end
		end
		if record.list == "Item" and txn.lines then
			local found = txn.f.ItemSalesTaxRef == record.id
			books.each_line(txn.lines, function(line) found = found or line.item == record.id end)
			if found then return true end
		end
	end
	return false
end

-- person: somebody in QuickBooks' own window, who has no EditSequence to prove.
function writes.mod_list(co, object, given, person)
	local list, where = company.list_of(object), object
	local record = co.lists[list][given.ListID]
	if not record or record.object ~= object then not_found(given.ListID) end
	if not person then check_edit(record, given) end
	currencies.check_name(co, record, given, used_by_txn(co, record))
	local f, parent = twin.copy(record.f), record.parent
	if given.Name or given.Initial then f.Name = check_name(given.Name or given.Initial) end
	if object == "Employee" and not given.Name and (given.FirstName or given.MiddleName or given.LastName) then
		f.Name = check_name(full_person_name(setmetatable({}, { __index = function(_, k) return given[k] or record.f[k] end })))
	end
	if given.ParentRef then
		parent = parent_of(co, object, given, where)
		if has_descendant(co, record, parent) then refuse(3130, "There was an error when saving the parent of \"%s\".", f.Name) end
	end
	local full_name = full_name_of(co, list, parent, f.Name)
	company.claim_name(co, list, full_name, record.id)
	fill(co, f, given, shapes.request(object .. "Mod").elements[1].body, LIST_SKIP, where)
	local renamed = full_name ~= company.full_name(co, record)
	record.f, record.parent = f, parent
	company.touch(co, record)
	if renamed then company.index_changed(co, list, record, true) end
	return record
end

local function cannot_delete(id, why)
	refuse(3160, 'Cannot delete the object specified by the id = "%s".  QuickBooks error message: %s', id, why)
end

function writes.delete_list(co, object, id)
	local list = company.list_of(object)
	local record = co.lists[list] and co.lists[list][id]
	if not record or record.object ~= object then not_found(id) end
	if used_by_txn(co, record) then cannot_delete(id, "It is used in at least one transaction.") end
	for _, other in pairs(co.lists[list]) do
		if other.parent == id then cannot_delete(id, "It has sub-elements.") end
	end
	local name = company.full_name(co, record)
	company.remove(co, record)
	company.note_deletion(co, "List", object, id, record.created, name)
	return record, name
end

-- A person merges two customers: the documents move to the survivor, the other one is gone.
function writes.merge(co, list, from_id, to_id)
	local from, to = co.lists[list][from_id], co.lists[list][to_id]
	if not from then not_found(from_id) end
	if not to then not_found(to_id) end
	if from == to then refuse(3210, "A record cannot be merged with itself.") end
	local touches = twin.settings.merge_touches
	for _, id in ipairs(co.txn_order) do
		local txn, moved = twin.copy(co.txns[id]), false
		if txn.customer == from_id then txn.customer, moved = to_id, true end
		if txn.f.VendorRef == from_id then txn.f.VendorRef, moved = to_id, true end
		if txn.f.PayeeEntityRef == from_id then txn.f.PayeeEntityRef, moved = to_id, true end
		for _, p in ipairs(txn.postings) do
			if p.entity == from_id then p.entity, moved = to_id, true end
		end
		for _, line in ipairs(txn.expenses or {}) do
			if line.customer == from_id then line.customer, moved = to_id, true end
		end
		for _, line in ipairs(txn.journal or {}) do
			if line.entity == from_id then line.entity, moved = to_id, true end
		end
		if moved then
			if touches == "all" or touches == "documents" then company.touch(co, txn) end
			books.commit(co, txn)
		end
	end
	for _, other in pairs(co.lists[list]) do
		if other.parent == from_id then other.parent = to_id end
	end
	local name = company.full_name(co, from)
	company.remove(co, from)
	company.index_changed(co, list, to, true)
	if twin.settings.merge_tells_deletion then company.note_deletion(co, "List", from.object, from_id, from.created, name) end
	if touches == "all" or touches == "survivor" then company.touch(co, to) end
	return to
end

-- ---- documents -----------------------------------------------------------------------------------

local TXN_SKIP = {
	TxnID = true, EditSequence = true, CustomerRef = true, TxnDate = true, TotalAmount = true, SetCredit = true, LinkToTxnID = true,
	ExchangeRate = true, IsAutoApply = true, AppliedToTxnAdd = true, AppliedToTxnMod = true, RefundAppliedToTxnAdd = true,
	ApplyCheckToTxnAdd = true, ApplyCheckToTxnMod = true, ClearExpenseLines = true, ExpenseLineAdd = true, ExpenseLineMod = true,
	DepositLineAdd = true, ClearItemLines = true,
}

local function header(co, txn, given, verb)
	local where = txn.type
	if co.preferences.SalesTax ~= "true" and (given.ItemSalesTaxRef or given.CustomerSalesTaxCodeRef) then company.feature_off() end
	local customer = company.resolve(co, "Customer", given.CustomerRef, where)
	if customer and txn.customer and customer.id ~= txn.customer and #(txn.links or {}) + #(txn.links_out or {}) > 0 then
		refuse(3210, 'The "CustomerRef" field has an invalid value.  QuickBooks error message: What is applied to this transaction is another customer\'s.')
	end
	if customer then txn.customer = customer.id end
	if given.TxnDate and given.TxnDate ~= "" then txn.date = given.TxnDate end
	txn.date = txn.date or company.today()
	local skip = setmetatable({}, { __index = function(_, name) return TXN_SKIP[name] or name:find("Line") ~= nil end })
	fill(co, txn.f, given, shapes.request(txn.type .. verb).elements[1].body, skip, where)
	local receivable = txn.f.ARAccountRef and co.lists.Account[txn.f.ARAccountRef]
	if receivable and receivable.f.AccountType ~= "AccountsReceivable" then
		refuse(3140, 'There is an invalid reference to QuickBooks AR Account "%s" in the %s.  QuickBooks error message: The account for this transaction must be of type Accounts Receivable.',
			receivable.f.Name, where)
	end
	currencies.check(co, txn, given)
	local tax_item = txn.f.ItemSalesTaxRef and co.lists.Item[txn.f.ItemSalesTaxRef]
	if tax_item and tax_item.object ~= "ItemSalesTax" and tax_item.object ~= "ItemSalesTaxGroup" then
		company.bad_reference("Item", tax_item.f.Name, where)
	end
end

local function new_txn(co, kind, given)
	local txn = { type = kind, f = {}, lines = {}, links = {}, links_out = {} }
	header(co, txn, given, "Add")
	if txn.f.ExternalGUID and twin.settings.unique_guid then
		for _, id in ipairs(co.txn_order) do
			if co.txns[id].f.ExternalGUID == txn.f.ExternalGUID then
				refuse(3210, 'The "ExternalGUID" field has an invalid value "%s".  QuickBooks error message: It is in use.', txn.f.ExternalGUID)
			end
		end
	end
	check_open_period(co, txn.date)
	return txn
end

-- The id is given last, so that a refused request uses none up.
local function number(co, txn)
	txn.id, txn.number = company.new_txn_id(co)
	company.touch(co, txn)
end

local function next_ref(co, kind)
	local last = co.next_ref[kind] or 0
	for _, id in ipairs(co.txn_order) do
		local txn = co.txns[id]
		if txn.type == kind and txn.f.RefNumber and txn.f.RefNumber:find("^%d+$") then
			last = math.max(last, tonumber(txn.f.RefNumber))
		end
	end
	return ("%d"):format(last + 1)
end

local function add_days(date, days)
	local y, m, d = date:match("^(%d+)%-(%d+)%-(%d+)$")
	return twin.iso(twin.ms_of(tonumber(y), tonumber(m), tonumber(d)) + days * 86400000):sub(1, 10)
end

-- Of date-driven terms: that day of the month, of the next one when it is too near.
local function due_date(co, date, terms_id)
	local terms = terms_id and co.lists.Terms[terms_id]
	local day = terms and tonumber(terms.f.DayOfMonthDue or "")
	if not day then return add_days(date, terms and tonumber(terms.f.StdDueDays or "0") or 0) end
	local y, m, d = date:match("^(%d+)%-(%d+)%-(%d+)$")
	y, m = tonumber(y), tonumber(m)
	if tonumber(d) > day - tonumber(terms.f.DueNextMonthDays or "0") then m = m + 1 end
	if m > 12 then y, m = y + 1, 1 end
	local last = tonumber(twin.iso(twin.ms_of(m == 12 and y + 1 or y, m % 12 + 1, 1) - 1000):sub(9, 10))
	return ("%04d-%02d-%02d"):format(y, m, math.min(day, last))
end

local ADDRESSES = { "BillAddress", "ShipAddress" }

local function form_defaults(co, txn, given)
	local f, customer = txn.f, txn.customer and co.lists.Customer[txn.customer]
	if customer and twin.settings.customer_defaults then
		if txn.type == "Invoice" then f.TermsRef = f.TermsRef or customer.f.TermsRef end
		for _, name in ipairs(ADDRESSES) do f[name] = f[name] or twin.copy(customer.f[name]) end
		if co.preferences.SalesTax == "true" then
			f.ItemSalesTaxRef = f.ItemSalesTaxRef or customer.f.ItemSalesTaxRef
				or co.preferences.DefaultItemSalesTaxRef ~= "" and co.preferences.DefaultItemSalesTaxRef or nil
			f.CustomerSalesTaxCodeRef = f.CustomerSalesTaxCodeRef or customer.f.SalesTaxCodeRef
		end
	end
	if not given.RefNumber then f.RefNumber = next_ref(co, txn.type) end
	f.DueDate = f.DueDate or due_date(co, txn.date, f.TermsRef)
	f.ShipDate = f.ShipDate or txn.date
	f.IsPending = f.IsPending or "false"
	f.IsToBePrinted = f.IsToBePrinted or tostring(twin.settings.print_by_default)
	f.IsToBeEmailed = f.IsToBeEmailed or "false"
	if txn.type == "Invoice" then f.IsFinanceCharge = f.IsFinanceCharge or "false" end
end

local function too_much(field, amount)
	refuse(3210, 'The "%s" field has an invalid value "%s".  QuickBooks error message: You cannot pay more than the amount due.', field, amount)
end

-- What is applied to one another stands on one receivables account.
local function same_receivables(co, a, b, field)
	local default = company.special_account(co, "AccountsReceivable")
	local function account(txn)
		for _, line in ipairs(txn.type == "Check" and txn.expenses or {}) do
			if co.lists.Account[line.account].f.AccountType == "AccountsReceivable" then return line.account end
		end
		return txn.f.ARAccountRef or default and default.id
	end
	if account(a) ~= account(b) then
		refuse(3210, 'The "%s" field has an invalid value "%s".  QuickBooks error message: It is on another accounts receivable account.', field, b.id)
	end
end

local function find_credit(co, id)
	local credit = co.txns[id]
	if not credit or (credit.type ~= "CreditMemo" and credit.type ~= "ReceivePayment") then not_found(id) end
	return credit
end

-- SetCredit of an invoice, checked against what is left; gives {credit, amount} rows to link.
local function planned_credits(co, txn, list, owed)
	local plan = {}
	for _, one in ipairs(list or {}) do
		local credit, amount = find_credit(co, one.CreditTxnID), values.cents(one.AppliedAmount) or 0
		local left = books.credit_left(credit)
		for _, p in ipairs(plan) do
			if p.credit == credit then left = left - p.amount end
		end
		if not books.same_account(co, credit.customer, txn.customer) then
			refuse(3210, 'The "SetCredit" field has an invalid value "%s".  QuickBooks error message: The credit is another customer\'s.', one.CreditTxnID)
		end
		same_receivables(co, txn, credit, "SetCredit CreditTxnID")
		owed = owed - amount
		if amount <= 0 or amount > left or owed < 0 then too_much("SetCredit AppliedAmount", one.AppliedAmount) end
		plan[#plan + 1] = { credit = credit, amount = amount }
	end
	return plan
end

local function apply_credits(co, txn, plan, via)
	for _, p in ipairs(plan) do
		books.link(p.credit, txn, p.amount, nil, via)
		company.touch(co, p.credit)
	end
end

function writes.add_form(co, kind, given)
	local txn = new_txn(co, kind, given)
	if not txn.customer and kind ~= "SalesReceipt" then refuse(3150, 'There is a missing element: "CustomerRef".') end
	form_defaults(co, txn, given)
	for _, entry in ipairs(given.lines or {}) do table.insert(txn.lines, books.new_line(co, entry, kind)) end
	books.compute_form(co, txn)
	if txn.f.IsPending == "true" then txn.postings, txn.stock = {}, {} end
	local plan = planned_credits(co, txn, given.SetCredit, txn.total)
	number(co, txn)
	if txn.f.RefNumber and txn.f.RefNumber:find("^%d+$") and #txn.f.RefNumber < 16 then
		co.next_ref[kind] = math.max(co.next_ref[kind] or 0, tonumber(txn.f.RefNumber))
	end
	books.commit(co, txn)
	apply_credits(co, txn, plan)
	return txn
end

local function changing(co, kind, given, person)
	local txn = co.txns[given.TxnID]
	if not txn or txn.type ~= kind then not_found(given.TxnID) end
	if not person then check_edit(txn, given) end
	if txn.deposited then
		refuse(3170, 'There was an error when modifying a %s with the id "%s": it is part of a deposit.', kind, txn.id)
	end
	local draft = twin.copy(txn)
	header(co, draft, given, "Mod")
	check_open_period(co, txn.date, draft.date)
	return draft
end

function writes.mod_form(co, kind, given, person)
	local draft = changing(co, kind, given, person)
	if given.lines then draft.lines = books.changed_lines(co, draft.lines, given.lines, kind) end
	books.compute_form(co, draft)
	if draft.f.IsPending == "true" then draft.postings, draft.stock = {}, {} end
	local left = kind == "Invoice" and books.open_amount(draft) or kind == "CreditMemo" and books.credit_left(draft) or 0
	if left < 0 then
		refuse(3210, 'The "Amount" field has an invalid value.  QuickBooks error message: The transaction would be less than what is applied to it.')
	end
	local plan = planned_credits(co, draft, given.SetCredit, kind == "Invoice" and left or 0)
	company.touch(co, draft)
	books.commit(co, draft)
	apply_credits(co, draft, plan)
	return draft
end

-- ---- payments ---------------------------------------------------------------------------------------

local function find_debit(co, id)
	local debit = co.txns[id]
	local owed = debit and (debit.type == "Invoice" or (debit.type == "Check" and (debit.receivable or 0) > 0))
	if not owed then not_found(id) end
	return debit
end

-- Rows {debit, amount, discount, account, credits} of AppliedToTxnAdd or Mod, all of them possible.
local function planned_payment(co, txn, list, field)
	local rows, sum = {}, 0
	for _, one in ipairs(list) do
		local debit = find_debit(co, one.TxnID)
		if not books.same_account(co, debit.customer, txn.customer) then
			refuse(3210, 'The "%s TxnID" field has an invalid value "%s".  QuickBooks error message: The transaction is another customer\'s.', field, one.TxnID)
		end
		same_receivables(co, txn, debit, field .. " TxnID")
		local row = { debit = debit, amount = values.cents(one.PaymentAmount) or 0, discount = values.cents(one.DiscountAmount) or 0 }
		local open = books.open_amount(debit)
		for _, r in ipairs(rows) do
			if r.debit == debit then open = open - r.amount - r.discount end
		end
		if row.amount < 0 or row.discount < 0 or row.amount + row.discount > open then
			too_much(field .. " payment amount", one.PaymentAmount or one.DiscountAmount)
		end
		if row.discount > 0 then
			local account = company.resolve(co, "Account", one.DiscountAccountRef, "ReceivePayment")
			if not account then refuse(3150, 'There is a missing element: "DiscountAccountRef".') end
			row.account = account.id
		end
		row.credits = planned_credits(co, debit, one.SetCredit, open - row.amount - row.discount)
		sum = sum + row.amount
		rows[#rows + 1] = row
	end
	if sum > txn.total then too_much(field .. " payment amount", values.amount(sum)) end
	return rows
end

-- QuickBooks picks: the invoice of exactly this amount, else the oldest first.
local function automatic(co, txn)
	local open, rows, left = {}, {}, txn.total
	for _, id in ipairs(co.txn_order) do
		local t = co.txns[id]
		if t.type == "Invoice" and books.same_account(co, t.customer, txn.customer) and books.open_amount(t) > 0 then
			open[#open + 1] = t
		end
	end
	for _, t in ipairs(open) do
		if books.open_amount(t) == left then return { { debit = t, amount = left, discount = 0, credits = {} } } end
	end
	table.sort(open, function(a, b) return a.date < b.date or (a.date == b.date and a.number < b.number) end)
	for _, t in ipairs(open) do
		if left <= 0 then break end
		local amount = math.min(left, books.open_amount(t))
		rows[#rows + 1] = { debit = t, amount = amount, discount = 0, credits = {} }
		left = left - amount
	end
	return rows
end

local function carry_out(co, txn, rows)
	for _, row in ipairs(rows) do
		if row.amount > 0 or row.discount > 0 then
			books.link(txn, row.debit, row.amount, row.discount > 0 and row.discount or nil)
		end
		apply_credits(co, row.debit, row.credits, txn.id)
		company.touch(co, row.debit)
	end
end

local function discounts_of(rows)
	local list = {}
	for _, row in ipairs(rows) do
		if row.discount > 0 then list[#list + 1] = { account = row.account, amount = row.discount, txn = row.debit.id } end
	end
	return list
end

function writes.add_payment(co, given)
	local txn = new_txn(co, "ReceivePayment", given)
	txn.total = values.cents(given.TotalAmount) or 0
	if txn.total < 0 then
		refuse(3180, "There was an error when saving a ReceivePayment.  QuickBooks error message: Transaction amount must be positive.")
	end
	local rows = {}
	if given.AppliedToTxnAdd then
		rows = planned_payment(co, txn, given.AppliedToTxnAdd, "AppliedToTxnAdd")
	elseif values.is_true(given.IsAutoApply) then
		rows = automatic(co, txn)
	end
	txn.discounts = discounts_of(rows)
	books.compute_payment(co, txn)
	number(co, txn)
	books.commit(co, txn)
	carry_out(co, txn, rows)
	return txn
end

function writes.mod_payment(co, given, person)
	local draft = changing(co, "ReceivePayment", given, person)
	if given.TotalAmount and given.TotalAmount ~= "" then draft.total = values.cents(given.TotalAmount) end
	local named = {}
	for _, one in ipairs(given.AppliedToTxnMod or {}) do named[one.TxnID] = true end
	local before = co.txns[draft.id]
	local released = {}
	for _, link in ipairs(before.links_out) do
		if given.AppliedToTxnMod and (named[link.txn] or twin.settings.payment_mod == "all") then released[#released + 1] = link end
	end
	-- Plan as if the named ones were taken back already; nothing is refused after that.
	local touched = books.unlink(co, before, function(link)
		for _, r in ipairs(released) do
			if r == link or (r.txn == link.txn and r.amount == link.amount) then return true end
		end
		return false
	end)
	draft.links_out = twin.copy(before.links_out)
	local well, rows = pcall(planned_payment, co, draft, given.AppliedToTxnMod or {}, "AppliedToTxnMod")
	if well and books.credit_left(draft) < 0 then
		well, rows = pcall(too_much, "TotalAmount", values.amount(draft.total))
	end
	if not well then
		for _, link in ipairs(released) do books.link(before, co.txns[link.txn], link.amount, link.discount, link.via) end
		error(rows, 0)
	end
	draft.discounts = discounts_of(rows)
	for _, d in ipairs(before.discounts or {}) do
		if not named[d.txn] then table.insert(draft.discounts, d) end
	end
	books.compute_payment(co, draft)
	company.touch(co, draft)
	books.commit(co, draft)
	for _, other in pairs(touched) do company.touch(co, other) end
	carry_out(co, draft, rows)
	return draft
end

-- Rows of what a refund or a check takes out of credits.
local function planned_refund(co, txn, list, amount_name)
	local rows, sum = {}, 0
	for _, one in ipairs(list) do
		local credit, amount = find_credit(co, one.TxnID), values.cents(one[amount_name]) or 0
		local left = books.credit_left(credit)
		for _, r in ipairs(rows) do
			if r.credit == credit then left = left - r.amount end
		end
		if not books.same_account(co, credit.customer, txn.customer) then
			refuse(3210, 'The "TxnID" field has an invalid value "%s".  QuickBooks error message: The credit is another customer\'s.', one.TxnID)
		end
		same_receivables(co, txn, credit, "TxnID")
		if amount <= 0 or amount > left then too_much(amount_name, one[amount_name] or "") end
		rows[#rows + 1] = { credit = credit, amount = amount }
		sum = sum + amount
	end
	return rows, sum
end

function writes.add_refund(co, given)
	local txn = new_txn(co, "ARRefundCreditCard", given)
	local rows, sum = planned_refund(co, txn, given.RefundAppliedToTxnAdd, "RefundAmount")
	txn.total = sum
	books.compute_refund(co, txn)
	number(co, txn)
	books.commit(co, txn)
	apply_credits(co, txn, rows)
	return txn
end

local function expense_line(co, line, given, where)
	local account = company.resolve(co, "Account", given.AccountRef, where .. " line")
	local customer = company.resolve(co, "Customer", given.CustomerRef, where .. " line")
	local class = company.resolve(co, "Class", given.ClassRef, where .. " line")
	line.account = account and account.id or line.account
	line.customer = customer and customer.id or line.customer
	line.class = class and class.id or line.class
	line.amount = values.cents(given.Amount) or line.amount or 0
	if given.Memo then line.memo = given.Memo ~= "" and given.Memo or nil end
	if not line.account then refuse(3150, 'There is a missing element: "AccountRef".') end
	return line
end

local function new_expenses(co, list, where)
	local lines = {}
	for _, given in ipairs(list or {}) do
		lines[#lines + 1] = expense_line(co, { id = company.new_line_id(co) }, given, where)
	end
	return lines
end

local function changed_expenses(co, old, list, where)
	local by_id, lines = {}, {}
	for _, line in ipairs(old) do by_id[line.id] = line end
	for _, given in ipairs(list) do
		local line = given.TxnLineID == "-1" and { id = company.new_line_id(co) } or by_id[given.TxnLineID]
		if not line then not_found(given.TxnLineID) end
		lines[#lines + 1] = expense_line(co, line, given, where)
	end
	return lines
end

function writes.add_check(co, given)
	local txn = new_txn(co, "Check", given)
	local account = co.lists.Account[txn.f.AccountRef or ""]
	if not account or account.f.AccountType ~= "Bank" then
		refuse(3210, 'The "AccountRef" field has an invalid value.  QuickBooks error message: A check is drawn on a bank account.')
	end
	txn.expenses = new_expenses(co, given.ExpenseLineAdd, "Check")
	books.compute_expenses(co, txn, txn.f.AccountRef, nil)
	local rows, sum = planned_refund(co, txn, given.ApplyCheckToTxnAdd or {}, "Amount")
	if sum > txn.receivable then too_much("ApplyCheckToTxnAdd Amount", values.amount(sum)) end
	number(co, txn)
	books.commit(co, txn)
	apply_credits(co, txn, rows)
	return txn
end

function writes.mod_check(co, given, person)
	local draft = changing(co, "Check", given, person)
	if values.is_true(given.ClearExpenseLines) then draft.expenses = {} end
	if given.ExpenseLineMod then draft.expenses = changed_expenses(co, draft.expenses, given.ExpenseLineMod, "Check") end
	books.compute_expenses(co, draft, draft.f.AccountRef, nil)
	if books.open_amount(draft) < 0 then too_much("Amount", values.amount(draft.receivable)) end
	company.touch(co, draft)
	books.commit(co, draft)
	return draft
end

-- ---- purchases, the journal ------------------------------------------------------------------------

local function payable_of(co, txn)
	local payable = txn.f.APAccountRef and co.lists.Account[txn.f.APAccountRef] or company.special_account(co, "AccountsPayable")
	if not payable then refuse(3270, "There is a missing posting account: AccountsPayable.") end
	return payable.id
end

local function compute_bill(co, txn)
	books.compute_expenses(co, txn, payable_of(co, txn), txn.f.VendorRef)
end

function writes.add_bill(co, given)
	local txn = new_txn(co, "Bill", given)
	local vendor = co.lists.Vendor[txn.f.VendorRef or ""]
	if not vendor then refuse(3150, 'There is a missing element: "VendorRef".') end
	txn.expenses = new_expenses(co, given.ExpenseLineAdd, "Bill")
	for _, entry in ipairs(given.lines or {}) do table.insert(txn.lines, books.new_line(co, entry, "Bill", books.fill_cost_line)) end
	txn.f.TermsRef = txn.f.TermsRef or vendor.f.TermsRef
	txn.f.DueDate = txn.f.DueDate or due_date(co, txn.date, txn.f.TermsRef)
	compute_bill(co, txn)
	number(co, txn)
	books.commit(co, txn)
	return txn
end

function writes.mod_bill(co, given, person)
	local draft = changing(co, "Bill", given, person)
	if values.is_true(given.ClearExpenseLines or "") then draft.expenses = {} end
	if given.ExpenseLineMod then draft.expenses = changed_expenses(co, draft.expenses, given.ExpenseLineMod, "Bill") end
	if values.is_true(given.ClearItemLines or "") then draft.lines = {} end
	if given.lines then draft.lines = books.changed_lines(co, draft.lines, given.lines, "Bill", books.fill_cost_line) end
	compute_bill(co, draft)
	if books.open_amount(draft) < 0 then too_much("Amount", values.amount(draft.total)) end
	company.touch(co, draft)
	books.commit(co, draft)
	return draft
end

-- BillPaymentCheck and BillPaymentCreditCard.
function writes.add_bill_payment(co, kind, given)
	local txn, rows = new_txn(co, kind, given), {}
	txn.total = 0
	for _, one in ipairs(given.AppliedToTxnAdd) do
		local bill, amount = co.txns[one.TxnID], values.cents(one.PaymentAmount) or 0
		if not bill or bill.type ~= "Bill" then not_found(one.TxnID) end
		if bill.f.VendorRef ~= txn.f.PayeeEntityRef then
			refuse(3210, 'The "AppliedToTxnAdd TxnID" field has an invalid value "%s".  QuickBooks error message: The bill is another vendor\'s.', bill.id)
		end
		if amount <= 0 or amount > books.open_amount(bill) then too_much("AppliedToTxnAdd payment amount", one.PaymentAmount or "") end
		rows[#rows + 1] = { bill = bill, amount = amount }
		txn.total = txn.total + amount
	end
	books.compute_bill_payment(txn, payable_of(co, txn), txn.f.BankAccountRef or txn.f.CreditCardAccountRef)
	number(co, txn)
	books.commit(co, txn)
	for _, row in ipairs(rows) do
		books.link(txn, row.bill, row.amount)
		company.touch(co, row.bill)
	end
	return txn
end

function writes.add_order(co, given)
	local txn = new_txn(co, "PurchaseOrder", given)
	for _, entry in ipairs(given.lines or {}) do table.insert(txn.lines, books.new_line(co, entry, "PurchaseOrder", books.fill_cost_line)) end
	if not given.RefNumber then txn.f.RefNumber = next_ref(co, "PurchaseOrder") end
	txn.f.IsManuallyClosed = "false"
	books.compute_order(txn)
	number(co, txn)
	books.commit(co, txn)
	return txn
end

function writes.mod_order(co, given, person)
	local draft = changing(co, "PurchaseOrder", given, person)
	if given.lines then draft.lines = books.changed_lines(co, draft.lines, given.lines, "PurchaseOrder", books.fill_cost_line) end
	books.compute_order(draft)
	company.touch(co, draft)
	books.commit(co, draft)
	return draft
end

local function journal_line(co, line, given)
	local account = company.resolve(co, "Account", given.AccountRef, "JournalEntry line")
	local entity = company.resolve(co, "Name", given.EntityRef, "JournalEntry line")
	local class = company.resolve(co, "Class", given.ClassRef, "JournalEntry line")
	line.account, line.entity, line.class = account and account.id or line.account, entity and entity.id or line.entity,
		class and class.id or line.class
	line.amount = values.cents(given.Amount) or line.amount or 0
	if given.Memo then line.memo = given.Memo ~= "" and given.Memo or nil end
	if not line.account then refuse(3150, 'There is a missing element: "AccountRef".') end
	return line
end

function writes.add_journal(co, given)
	local txn = new_txn(co, "JournalEntry", given)
	txn.journal = {}
	for _, entry in ipairs(given.lines or {}) do
		table.insert(txn.journal, journal_line(co, { id = company.new_line_id(co), debit = entry.name == "JournalDebitLine" }, entry.content))
	end
	if not given.RefNumber then txn.f.RefNumber = next_ref(co, "JournalEntry") end
	books.compute_journal(co, txn)
	number(co, txn)
	books.commit(co, txn)
	return txn
end

function writes.mod_journal(co, given, person)
	local draft = changing(co, "JournalEntry", given, person)
	if given.lines then
		local by_id, lines = {}, {}
		for _, line in ipairs(draft.journal) do by_id[line.id] = line end
		for _, entry in ipairs(given.lines) do
			local one = entry.content
			local line = one.TxnLineID == "-1" and { id = company.new_line_id(co), debit = true } or by_id[one.TxnLineID]
			if not line then not_found(one.TxnLineID) end
			if one.JournalLineType and one.JournalLineType ~= "" then line.debit = one.JournalLineType == "Debit" end
			lines[#lines + 1] = journal_line(co, line, one)
		end
		draft.journal = lines
	end
	books.compute_journal(co, draft)
	company.touch(co, draft)
	books.commit(co, draft)
	return draft
end

local function deposit_line(co, given)
	if not given.PaymentTxnID then
		local account = company.resolve(co, "Account", given.AccountRef, "Deposit line")
		local entity = company.resolve(co, "Name", given.EntityRef, "Deposit line")
		if not account then refuse(3150, 'There is a missing element: "AccountRef".') end
		return { id = company.new_line_id(co), account = account.id, entity = entity and entity.id, amount = values.cents(given.Amount) or 0, memo = given.Memo }
	end
	local payment = co.txns[given.PaymentTxnID]
	local undeposited = company.special_account(co, "UndepositedFunds")
	local from = payment and (payment.f.DepositToAccountRef or undeposited and undeposited.id)
	if not payment or (payment.type ~= "ReceivePayment" and payment.type ~= "SalesReceipt") then not_found(given.PaymentTxnID) end
	if payment.deposited or not undeposited or from ~= undeposited.id then
		refuse(3210, 'The "PaymentTxnID" field has an invalid value "%s".  QuickBooks error message: It is not in Undeposited Funds.', payment.id)
	end
	return { id = company.new_line_id(co), account = undeposited.id, amount = payment.total, payment = payment.id }
end

function writes.add_deposit(co, given)
	local txn = new_txn(co, "Deposit", given)
	txn.deposit_lines = {}
	for _, one in ipairs(given.DepositLineAdd or {}) do table.insert(txn.deposit_lines, deposit_line(co, one)) end
	books.compute_deposit(txn)
	number(co, txn)
	books.commit(co, txn)
	for _, line in ipairs(txn.deposit_lines) do
		if line.payment then co.txns[line.payment].deposited = txn.id end
	end
	return txn
end

-- ---- void and delete -------------------------------------------------------------------------------

local VOIDABLE = { ARRefundCreditCard = true, Bill = true, BillPaymentCheck = true, BillPaymentCreditCard = true, Check = true, CreditMemo = true,
	Deposit = true, Invoice = true, JournalEntry = true, SalesReceipt = true }

local function existing(co, kind, id)
	local txn = co.txns[id]
	if not txn or txn.type ~= kind then not_found(id) end
	check_open_period(co, txn.date)
	if txn.deposited then cannot_delete(id, "It is part of a deposit.") end
	return txn
end

local function release(co, txn)
	for _, other in pairs(books.unlink(co, txn)) do company.touch(co, other) end
	for _, line in ipairs(txn.deposit_lines or {}) do
		if line.payment then co.txns[line.payment].deposited = nil end
	end
end

function writes.void(co, kind, id)
	if not VOIDABLE[kind] then refuse(3185, "The transaction type %s cannot be voided.", kind) end
	local txn = existing(co, kind, id)
	if #txn.links > 0 and twin.settings.linked_void == "refuse" then
		refuse(3185, 'The transaction "%s" cannot be voided.  QuickBooks error message: It is linked to others.', id)
	end
	release(co, txn)
	local draft = twin.copy(txn)
	books.each_line(draft.lines, function(line)
		if line.item then line.quantity, line.rate, line.percent, line.amount = line.quantity and 0, line.rate and 0, nil, 0 end
	end)
	for _, line in ipairs(draft.expenses or {}) do line.amount = 0 end
	for _, line in ipairs(draft.journal or {}) do line.amount = 0 end
	for _, line in ipairs(draft.deposit_lines or {}) do line.amount, line.payment = 0, nil end
	draft.void, draft.total, draft.subtotal, draft.tax, draft.taxable, draft.receivable = true, 0, 0, 0, 0, 0
	for _, part in ipairs(draft.tax_parts or {}) do part.tax = 0 end
	draft.postings, draft.stock = {}, {}
	draft.f.Memo = "VOID: " .. (draft.f.Memo or "")
	company.touch(co, draft)
	books.commit(co, draft)
	return draft
end

function writes.delete_txn(co, kind, id)
	local txn = existing(co, kind, id)
	if #txn.links > 0 and twin.settings.linked_delete == "refuse" and (kind == "Invoice" or kind == "Bill") then
		cannot_delete(id, "It is linked to other transactions.")
	end
	release(co, txn)
	books.erase(co, txn)
	company.note_deletion(co, "Txn", kind, id, txn.created, txn.f.RefNumber)
	return txn
end

-- ---- custom fields ------------------------------------------------------------------------------------

local function ext_key(owner, name) return owner:lower() .. "\n" .. name:lower() end

function writes.ext_def(co, owner, name)
	for _, def in ipairs(co.ext_defs) do
		if ext_key(def.owner, def.name) == ext_key(owner, name) then return def end
	end
end

function writes.add_ext_def(co, given)
	if writes.ext_def(co, given.OwnerID, given.DataExtName) then
		refuse(3100, 'The name "%s" of the list element is already in use.', given.DataExtName)
	end
	local def = { owner = given.OwnerID, name = given.DataExtName, type = given.DataExtType, number = #co.ext_defs + 1,
		assigned = twin.copy(given.AssignToObject or {}) }
	table.insert(co.ext_defs, def)
	return def
end

local function txn_line(txn, id)
	local found
	books.each_line(txn.lines or {}, function(line) found = found or (line.id == id and line or nil) end)
	return found
end

-- The thing that carries a custom field.
local function ext_target(co, given)
	if given.OtherDataExtType then return co end
	if given.TxnID then
		local txn = co.txns[given.TxnID]
		if not txn then not_found(given.TxnID) end
		if not given.TxnLineID then return txn, txn.type end
		local line = txn_line(txn, given.TxnLineID)
		if not line then not_found(given.TxnLineID) end
		return line, txn.type
	end
	local list = given.ListDataExtType
	if not co.lists[list or ""] then refuse(3150, 'There is a missing element: "ListDataExtType".') end
	local record = company.resolve(co, list, given.ListObjRef, "DataExt", true)
	if not record then refuse(3150, 'There is a missing element: "ListObjRef".') end
	return record, list
end

local function assigned(def, to)
	if not to then return true end
	for _, name in ipairs(def.assigned) do
		if name == to then return true end
	end
	return false
end

function writes.set_ext(co, verb, given)
	local target, kind = ext_target(co, given)
	local def = writes.ext_def(co, given.OwnerID, given.DataExtName)
	if not def or not assigned(def, kind) then not_found(given.DataExtName) end
	target.ext = target.ext or {}
	local at
	for i, one in ipairs(target.ext) do
		if ext_key(one.OwnerID, one.DataExtName) == ext_key(def.owner, def.name) then at = i end
	end
	if verb == "Add" and at and given.OwnerID ~= "0" then
		refuse(3100, 'The name "%s" of the list element is already in use.', def.name)
	elseif verb ~= "Add" and not at then
		not_found(def.name)
	end
	local row = { OwnerID = def.owner, DataExtName = def.name, DataExtType = def.type, DataExtValue = given.DataExtValue }
	if verb == "Del" then table.remove(target.ext, at) else target.ext[at or #target.ext + 1] = row end
	return row
end

-- ---- by object ---------------------------------------------------------------------------------------

local ADD = { ReceivePayment = writes.add_payment, ARRefundCreditCard = writes.add_refund, Check = writes.add_check, Bill = writes.add_bill,
	Deposit = writes.add_deposit, PurchaseOrder = writes.add_order, JournalEntry = writes.add_journal }
local MOD = { ReceivePayment = writes.mod_payment, Check = writes.mod_check, Bill = writes.mod_bill, PurchaseOrder = writes.mod_order,
	JournalEntry = writes.mod_journal }

function writes.add(co, object, given)
	if books.FORMS[object] then return writes.add_form(co, object, given) end
	if ADD[object] then return ADD[object](co, given) end
	if object:find("^BillPayment") then return writes.add_bill_payment(co, object, given) end
	return writes.add_list(co, object, given)
end

function writes.mod(co, object, given, person)
	if books.FORMS[object] then return writes.mod_form(co, object, given, person) end
	if MOD[object] then return MOD[object](co, given, person) end
	return writes.mod_list(co, object, given, person)
end

return writes
