-- reads.lua - Rets and queries: what the company file tells.
local values = require "twin.values"
local shapes = require "twin.shapes"
local company = require "twin.company"
local books = require "twin.books"
local currencies = require "twin.currencies"
local refuse = values.refuse
local escape = twin.xml.escape

local reads = {}

-- ---- writing elements -----------------------------------------------------------------------

local function put(out, name, text)
	out[#out + 1] = "<" .. name .. ">" .. escape(text) .. "</" .. name .. ">"
end

local function put_ref(co, out, name, list, id)
	local told = id and company.ref_told(co, list, id)
	if not told then return end
	out[#out + 1] = "<" .. name .. ">"
	put(out, "ListID", told.ListID)
	put(out, "FullName", told.FullName)
	out[#out + 1] = "</" .. name .. ">"
end

local function put_exts(out, exts, owners)
	for _, row in ipairs(exts or {}) do
		if owners[row.OwnerID:lower()] then
			out[#out + 1] = "<DataExtRet>"
			for _, name in ipairs { "OwnerID", "DataExtName", "DataExtType", "DataExtValue" } do put(out, name, row[name]) end
			out[#out + 1] = "</DataExtRet>"
		end
	end
end

local put_element

local function put_nested(co, out, e, value)
	out[#out + 1] = "<" .. e.name .. ">"
	for _, inner in ipairs(e.body.elements) do
		local v = value[inner.name]
		if v ~= nil then put_element(co, out, inner, v) end
	end
	out[#out + 1] = "</" .. e.name .. ">"
end

function put_element(co, out, e, value)
	if e.many and type(value) == "table" then
		for _, one in ipairs(value) do
			if e.kind == "ref" then put_ref(co, out, e.name, e.of, one)
			elseif e.kind == "nested" then put_nested(co, out, e, one)
			else put(out, e.name, one) end
		end
	elseif e.kind == "ref" then
		put_ref(co, out, e.name, e.of, value)
	elseif e.kind == "nested" then
		put_nested(co, out, e, value)
	else
		put(out, e.name, value)
	end
end

-- The print form of an address: at most five lines.
local function address_block(address)
	if not address then return nil end
	local lines = {}
	for i = 1, 5 do
		local text = address["Addr" .. i]
		if text then lines[#lines + 1] = text end
	end
	local state = table.concat({ address.State or "", address.PostalCode or "" }, " "):match("^%s*(.-)%s*$")
	local city = address.City and state ~= "" and address.City .. ", " .. state or address.City or (state ~= "" and state or nil)
	if city then lines[#lines + 1] = city end
	if address.Country then lines[#lines + 1] = address.Country end
	local block = {}
	for i = 1, math.min(#lines, 5) do block["Addr" .. i] = lines[i] end
	return next(block) and block or nil
end

-- ---- list records ------------------------------------------------------------------------------

-- Members that are worked out; each gives text, id or table, or nil.
local LIST_VALUES = {
	ListID = function(_, r) return r.id end,
	TimeCreated = function(_, r) return company.time_text(r.created) end,
	TimeModified = function(_, r) return company.time_text(r.modified) end,
	EditSequence = function(_, r) return r.edit end,
	FullName = function(co, r) return company.full_name(co, r) end,
	Initial = function(_, r) return r.f.Name end,
	ParentRef = function(_, r) return r.parent end,
	Sublevel = function(co, r) return tostring(company.sublevel(co, r)) end,
	BarCodeValue = function(_, r) return r.f.BarCode and r.f.BarCode.BarCodeValue end,
	SpecialAccountType = function(_, r) return r.special end,
	CurrencyRef = function(co, r) return currencies.told(co, r) end,
	Balance = function(co, r)
		if r.object == "Customer" then return values.amount(books.balance(co, r.id)) end
		if r.object == "Vendor" then return values.amount(-books.balance(co, r.id)) end
		return values.amount(books.account_balance(co, r))
	end,
	TotalBalance = function(co, r, opts)
		if r.object == "Customer" then
			opts.children = opts.children or company.children(co, "Customer")
			return values.amount(books.total_balance(co, r.id, opts.children))
		end
		return values.amount(books.account_balance(co, r))
	end,
	QuantityOnHand = function(_, r) return values.quantity(r.stock.quantity) end,
	AverageCost = function(_, r) return values.price(r.stock.last_cost or 0) end,
	QuantityOnOrder = function() return "0" end,
	QuantityOnSalesOrder = function() return "0" end,
	BillAddressBlock = function(_, r) return address_block(r.f.BillAddress) end,
	ShipAddressBlock = function(_, r) return address_block(r.f.ShipAddress) end,
	VendorAddressBlock = function(_, r) return address_block(r.f.VendorAddress) end,
	OtherNameAddressBlock = function(_, r) return address_block(r.f.OtherNameAddress) end,
}

-- opts: owners (set of OwnerIDs asked for), only (set of names to tell; nil: all), lines, links.
local function put_record(co, out, record, opts)
	out[#out + 1] = "<" .. record.object .. "Ret>"
	for _, e in ipairs(shapes.ret(record.object).elements) do
		if not opts.only or opts.only[e.name] then
			if e.name == "DataExtRet" then
				put_exts(out, record.ext, opts.owners)
			else
				local worked_out = LIST_VALUES[e.name]
				local value
				if worked_out then value = worked_out(co, record, opts) else value = record.f[e.name] end
				if value ~= nil then put_element(co, out, e, value) end
			end
		end
	end
	out[#out + 1] = "</" .. record.object .. "Ret>"
end

-- ---- documents ------------------------------------------------------------------------------------

local function links_told(co, txn)
	local told = {}
	for _, link in ipairs(txn.links or {}) do
		local other = co.txns[link.txn]
		told[#told + 1] = { TxnID = other.id, TxnType = other.type, TxnDate = other.date, RefNumber = other.f.RefNumber,
			LinkType = "AMTTYPE", Amount = values.amount(-(link.amount + (link.discount or 0))) }
	end
	for _, link in ipairs(txn.links_out or {}) do
		local other = co.txns[link.txn]
		told[#told + 1] = { TxnID = other.id, TxnType = other.type, TxnDate = other.date, RefNumber = other.f.RefNumber,
			LinkType = "AMTTYPE", Amount = values.amount(link.amount) }
	end
	return told
end

local function applied_told(co, txn)
	local told, by_id = {}, {}
	local function row(id)
		local other = co.txns[id]
		if not by_id[id] then
			by_id[id] = { TxnID = id, TxnType = other.type, TxnDate = other.date, RefNumber = other.f.RefNumber,
				BalanceRemaining = values.amount(books.open_amount(other)), Amount = "0.00" }
			told[#told + 1] = by_id[id]
		end
		return by_id[id]
	end
	for _, link in ipairs(txn.links_out) do
		local r = row(link.txn)
		r.Amount = values.amount(link.amount)
		if link.discount then
			r.DiscountAmount = values.amount(link.discount)
			for _, d in ipairs(txn.discounts or {}) do
				if d.txn == link.txn then r.DiscountAccountRef = d.account end
			end
		end
	end
	for _, id in ipairs(co.txn_order) do
		for _, link in ipairs(co.txns[id].links or {}) do
			if link.via == txn.id then row(id) end
		end
	end
	return told
end

local function refunded_told(co, txn)
	local told = {}
	for _, link in ipairs(txn.links) do
		local credit = co.txns[link.txn]
		told[#told + 1] = { TxnID = credit.id, TxnType = credit.type, TxnDate = credit.date, RefNumber = credit.f.RefNumber,
			CreditRemaining = values.amount(books.credit_left(credit)), RefundAmount = values.amount(link.amount) }
	end
	return told
end

local function unused_credits(co, txn)
	local sum = 0
	for _, id in ipairs(co.txn_order) do
		local t = co.txns[id]
		if t.type == "CreditMemo" and t.customer == txn.customer then sum = sum + books.credit_left(t) end
	end
	return sum
end

local function expenses_told(txn)
	local told = {}
	for _, line in ipairs(txn.expenses or {}) do
		told[#told + 1] = { TxnLineID = line.id, AccountRef = line.account, Amount = values.amount(line.amount), Memo = line.memo,
			CustomerRef = line.customer, ClassRef = line.class }
	end
	return told
end

local function bills_paid(co, txn)
	local told = {}
	for _, link in ipairs(txn.links_out) do
		local bill = co.txns[link.txn]
		told[#told + 1] = { TxnID = bill.id, TxnType = bill.type, TxnDate = bill.date, RefNumber = bill.f.RefNumber,
			BalanceRemaining = values.amount(books.open_amount(bill)), Amount = values.amount(link.amount) }
	end
	return told
end

local function deposits_told(co, txn)
	local told = {}
	for _, line in ipairs(txn.deposit_lines or {}) do
		local payment = line.payment and co.txns[line.payment]
		told[#told + 1] = { TxnType = payment and payment.type or "Deposit", TxnID = line.payment, TxnLineID = line.id, EntityRef = line.entity,
			AccountRef = line.account, Memo = line.memo, Amount = values.amount(line.amount) }
	end
	return told
end

local TXN_VALUES = {
	TxnID = function(_, t) return t.id end,
	TimeCreated = function(_, t) return company.time_text(t.created) end,
	TimeModified = function(_, t) return company.time_text(t.modified) end,
	EditSequence = function(_, t) return t.edit end,
	TxnNumber = function(_, t) return tostring(t.number) end,
	CustomerRef = function(_, t) return t.customer end,
	CurrencyRef = function(co, t) return currencies.of(co, t) end,
	ExchangeRate = function(co, t) return company.keeps_currencies(co) and values.price(currencies.rate(co, t)) or nil end,
	ARAccountRef = function(co, t)
		local default = company.special_account(co, "AccountsReceivable")
		return t.f.ARAccountRef or default and default.id
	end,
	APAccountRef = function(co, t)
		local default = company.special_account(co, "AccountsPayable")
		return t.f.APAccountRef or default and default.id
	end,
	DepositToAccountRef = function(co, t)
		local default = company.special_account(co, "UndepositedFunds")
		return t.f.DepositToAccountRef or default and default.id
	end,
	TxnDate = function(_, t) return t.date end,
	Subtotal = function(_, t) return values.amount(t.subtotal) end,
	SalesTaxPercentage = function(co, t) return co.preferences.SalesTax == "true" and values.percent(t.tax_rate) or nil end,
	SalesTaxTotal = function(co, t) return co.preferences.SalesTax == "true" and values.amount(t.tax) or nil end,
	AppliedAmount = function(_, t) return values.amount(books.open_amount(t) - t.total) end,
	BalanceRemaining = function(_, t) return values.amount(books.open_amount(t)) end,
	OpenAmount = function(_, t) return values.amount(books.open_amount(t)) end,
	IsPaid = function(_, t) return tostring(books.open_amount(t) == 0) end,
	TotalAmount = function(_, t) return values.amount(t.total) end,
	CreditRemaining = function(_, t) return values.amount(books.credit_left(t)) end,
	UnusedPayment = function(_, t) return values.amount(books.credit_left(t)) end,
	UnusedCredits = function(co, t) return values.amount(unused_credits(co, t)) end,
	Amount = function(_, t) return values.amount(t.total) end,
	AmountDue = function(_, t) return values.amount(t.total) end,
	DepositTotal = function(_, t) return values.amount(t.total) end,
	BillAddressBlock = function(_, t) return address_block(t.f.BillAddress) end,
	ShipAddressBlock = function(_, t) return address_block(t.f.ShipAddress) end,
	AddressBlock = function(_, t) return address_block(t.f.Address) end,
	LinkedTxn = function(co, t, opts) return opts.links and links_told(co, t) or nil end,
	AppliedToTxnRet = function(co, t) return t.type == "ReceivePayment" and applied_told(co, t) or bills_paid(co, t) end,
	IsFullyReceived = function() return "false" end,
	VendorAddressBlock = function(_, t) return address_block(t.f.VendorAddress) end,
	RefundAppliedToTxnRet = function(co, t) return refunded_told(co, t) end,
	ExpenseLineRet = function(_, t, opts) return opts.lines and expenses_told(t) or nil end,
	DepositLineRet = function(co, t, opts) return opts.lines and deposits_told(co, t) or nil end,
}

local function line_told(line)
	return {
		TxnLineID = line.id, ItemRef = line.item, Desc = line.desc, Quantity = line.quantity and values.quantity(line.quantity),
		UnitOfMeasure = line.UnitOfMeasure, Rate = not line.percent and line.rate and values.price(line.rate) or nil,
		RatePercent = line.percent and values.percent(line.percent), ClassRef = line.class, Amount = line.amount and values.amount(line.amount),
		ServiceDate = line.ServiceDate, SalesTaxCodeRef = line.code, Other1 = line.Other1, Other2 = line.Other2,
		Cost = line.rate and values.price(line.rate), CustomerRef = line.customer, BillableStatus = line.BillableStatus,
		ManufacturerPartNumber = line.ManufacturerPartNumber, IsManuallyClosed = line.IsManuallyClosed, ReceivedQuantity = "0",
	}
end

local function put_line(co, out, e, line, opts)
	local told = line_told(line)
	out[#out + 1] = "<" .. e.name .. ">"
	for _, inner in ipairs(e.body.elements) do
		if inner.name == "DataExtRet" then
			local rows = twin.copy(line.ext or {})
			for _, row in ipairs(rows) do row.DataExtType = row.DataExtType or "STR255TYPE" end
			put_exts(out, rows, opts.owners)
		elseif told[inner.name] ~= nil then
			put_element(co, out, inner, told[inner.name])
		end
	end
	out[#out + 1] = "</" .. e.name .. ">"
end

local function put_group(co, out, e, line_element, line, opts)
	local item, total = co.lists.Item[line.item], 0
	for _, member in ipairs(line.members) do total = total + (member.amount or 0) end
	local told = { TxnLineID = line.id, ItemGroupRef = line.item, Desc = line.desc, Quantity = line.quantity and values.quantity(line.quantity),
		IsPrintItemsInGroup = item.f.IsPrintItemsInGroup or "false", TotalAmount = values.amount(total) }
	out[#out + 1] = "<" .. e.name .. ">"
	for _, inner in ipairs(e.body.elements) do
		if told[inner.name] ~= nil then put_element(co, out, inner, told[inner.name]) end
	end
	for _, member in ipairs(line.members) do put_line(co, out, { name = line_element.name, body = line_element.body }, member, opts) end
	out[#out + 1] = "</" .. e.name .. ">"
end

local function put_lines(co, out, txn, opts)
	local ret = shapes.ret(txn.type)
	if txn.journal then
		for _, one in ipairs(txn.journal) do
			put_element(co, out, ret.by_name[one.debit and "JournalDebitLine" or "JournalCreditLine"], { { TxnLineID = one.id,
				AccountRef = one.account, Amount = values.amount(one.amount), Memo = one.memo, EntityRef = one.entity, ClassRef = one.class } })
		end
		return
	end
	local bill = txn.type == "Bill"
	local line, group = ret.by_name[bill and "ItemLineRet" or txn.type .. "LineRet"], ret.by_name[bill and "ItemGroupLineRet" or txn.type .. "LineGroupRet"]
	for _, one in ipairs(txn.lines) do
		if one.group then put_group(co, out, group, line, one, opts) else put_line(co, out, line, one, opts) end
	end
end

local function put_txn(co, out, txn, opts)
	local lines_done = false
	out[#out + 1] = "<" .. txn.type .. "Ret>"
	for _, e in ipairs(shapes.ret(txn.type).elements) do
		if not opts.only or opts.only[e.name] then
			if e.list == "lines" then
				if opts.lines and not lines_done then put_lines(co, out, txn, opts) end
				lines_done = true
			elseif e.name == "DataExtRet" then
				put_exts(out, txn.ext, opts.owners)
			else
				local worked_out = TXN_VALUES[e.name]
				local value
				if worked_out then value = worked_out(co, txn, opts) else value = txn.f[e.name] end
				if value ~= nil then put_element(co, out, e, value) end
			end
		end
	end
	out[#out + 1] = "</" .. txn.type .. "Ret>"
end

function reads.ret(co, record, opts)
	local out = {}
	opts = opts or { owners = {}, lines = true, links = true }
	if record.list then put_record(co, out, record, opts) else put_txn(co, out, record, opts) end
	return table.concat(out)
end

-- ---- queries ------------------------------------------------------------------------------------------

local function contains(text, part) return text:find(part, 1, true) ~= nil end

local MATCH = {
	StartsWith = function(text, part) return text:sub(1, #part) == part end,
	Contains = contains,
	EndsWith = function(text, part) return part == "" or text:sub(-#part) == part end,
}

local COMPARE = {
	LessThan = function(a, b) return a < b end, LessThanEqual = function(a, b) return a <= b end, Equal = function(a, b) return a == b end,
	GreaterThan = function(a, b) return a > b end, GreaterThanEqual = function(a, b) return a >= b end,
}

-- A test of the modified time, inclusive at both ends, on the wall clock, to the second.
local function modified_test(from, to)
	local low = from and from ~= "" and company.filter_wall(from, false)
	local high = to and to ~= "" and company.filter_wall(to, true)
	if low and high and low > high then
		refuse(3030, "There was an error in the date range: the from date is after the to date.")
	end
	if not low and not high then return nil end
	return function(record)
		local wall = company.modified_wall(record)
		return (not low or wall >= low) and (not high or wall <= high)
	end
end

local function well_formed_id(id)
	if not id:find("^%x+%-%d+$") then refuse(3000, 'The given object ID "%s" is invalid.', id) end
end

local function some_missing(what)
	return 500, ('The query request has not been fully completed. There was a required element ("%s") that could not be found in QuickBooks.'):format(what)
end

-- The records of a list for ids or names: found ones, and status when some are missing.
local function by_key(found, keys, find)
	local missing
	for _, key in ipairs(keys) do
		local record = find(key)
		if record then found[#found + 1] = record else missing = missing or key end
	end
	if not missing then return end
	if #found == 0 and twin.settings.none_found == 1 then return end
	return some_missing(missing)
end

local ENTITY = { "Customer", "Vendor", "Employee", "OtherName" }

local function lists_of(object)
	if object == "Entity" then return ENTITY end
	return { company.list_of(object) }
end

-- Does a query for this object tell this record?
local function is_asked(object, record)
	return object == "Item" or object == "Terms" or object == "Entity" or record.object == object
end

local function name_test(given)
	local filter, range = given.NameFilter, given.NameRangeFilter
	if filter then
		local part, match = filter.Name:lower(), MATCH[filter.MatchCriterion]
		return function(record, full) return match(full:lower(), part) or match(record.f.Name:lower(), part) end
	elseif range then
		local low, high = (range.FromName or ""):lower(), (range.ToName or ""):lower()
		return function(_, full)
			local name = full:lower()
			return name >= low and (high == "" or name <= high or name:sub(1, #high) == high)
		end
	end
end

local function set_of(list)
	local set = {}
	for _, v in ipairs(list or {}) do set[v] = true end
	return set
end

local function list_found(co, object, given)
	local found = {}
	local lists = lists_of(object)
	if given.ListID or given.FullName then
		for _, id in ipairs(given.ListID or {}) do well_formed_id(id) end
		return found, by_key(found, given.ListID or given.FullName, function(key)
			for _, list in ipairs(lists) do
				local record
				if given.ListID then record = co.lists[list][key] else record = company.named(co, list, key) end
				if record and is_asked(object, record) then return record end
			end
		end)
	end
	local status = given.ActiveStatus or "ActiveOnly"
	local modified = modified_test(given.FromModifiedDate, given.ToModifiedDate)
	local named = name_test(given)
	local kinds = given.AccountType and set_of(given.AccountType) or given.PaymentMethodType and set_of(given.PaymentMethodType)
	local balance = given.TotalBalanceFilter
	local children = balance and company.children(co, "Customer")
	for _, list in ipairs(lists) do
		for _, id in ipairs(co.order[list]) do
			local record = co.lists[list][id]
			local active = record.f.IsActive ~= "false"
			if is_asked(object, record)
				and (status == "All" or active == (status == "ActiveOnly"))
				and (not modified or modified(record))
				and (not named or named(record, company.full_name(co, record)))
				and (not kinds or kinds[record.f.AccountType or record.f.PaymentMethodType])
				and (not balance or COMPARE[balance.Operator](
					record.list == "Vendor" and -books.balance(co, id) or books.total_balance(co, id, children), values.cents(balance.Amount))) then
				found[#found + 1] = record
			end
		end
	end
	return found
end

local function with_children(co, list, id, set)
	set[id] = true
	for _, record in pairs(co.lists[list]) do
		if record.parent == id and not set[record.id] then with_children(co, list, record.id, set) end
	end
end

-- The ids that an EntityFilter or AccountFilter means.
local function which_ones(co, filter, list)
	if not filter then return nil end
	local set = {}
	for _, id in ipairs(filter.ListID or {}) do set[id] = true end
	for _, name in ipairs(filter.FullName or {}) do
		local record = company.resolve(co, list, { FullName = name }, "filter", true)
		set[record.id] = true
	end
	local top = filter.ListIDWithChildren and { ListID = filter.ListIDWithChildren }
		or filter.FullNameWithChildren and { FullName = filter.FullNameWithChildren }
	if top then
		local record = company.resolve(co, list, top, "filter", true)
		with_children(co, record.list, record.id, set)
	end
	return set
end

local function date_test(range)
	if not range then return nil end
	local low, high = range.FromTxnDate, range.ToTxnDate
	if range.DateMacro == "Today" then
		low, high = company.today(), company.today()
	elseif range.DateMacro and range.DateMacro ~= "All" then
		refuse(1030, "The twin does not know the DateMacro %s.", range.DateMacro)
	end
	return function(txn) return (not low or low == "" or txn.date >= low) and (not high or high == "" or txn.date <= high) end
end

local function ref_test(given)
	local filter, range = given.RefNumberFilter, given.RefNumberRangeFilter
	if filter then
		local part, match = filter.RefNumber:lower(), MATCH[filter.MatchCriterion]
		return function(ref) return match(ref:lower(), part) end
	elseif range then
		local low, high = range.FromRefNumber or "", range.ToRefNumber or ""
		local numeric = tonumber(low ~= "" and low or "0") and tonumber(high ~= "" and high or "0")
		return function(ref)
			if numeric then
				local n = tonumber(ref)
				return n and (low == "" or n >= tonumber(low)) and (high == "" or n <= tonumber(high))
			end
			return (low == "" or ref >= low) and (high == "" or ref <= high)
		end
	end
end

local function touches(txn, accounts)
	for _, p in ipairs(txn.postings) do
		if accounts[p.account] then return true end
	end
	return false
end

local function names_one(txn, entities)
	for _, line in ipairs(txn.journal or {}) do
		if entities[line.entity or ""] then return true end
	end
	return entities[txn.customer or txn.f.VendorRef or txn.f.PayeeEntityRef or ""]
end

local function txn_found(co, object, given)
	local found = {}
	if given.TxnID then
		for _, id in ipairs(given.TxnID) do well_formed_id(id) end
		return found, by_key(found, given.TxnID, function(id)
			local txn = co.txns[id]
			return txn and txn.type == object and txn or nil
		end)
	end
	local refs, exact = given.RefNumber and {}, given.RefNumberCaseSensitive and set_of(given.RefNumberCaseSensitive)
	for _, ref in ipairs(given.RefNumber or {}) do refs[ref:lower()] = true end
	local range = given.ModifiedDateRangeFilter
	local modified = range and modified_test(range.FromModifiedDate, range.ToModifiedDate)
	local dated, numbered = date_test(given.TxnDateRangeFilter), ref_test(given)
	local entities, accounts = which_ones(co, given.EntityFilter, "Name"), which_ones(co, given.AccountFilter, "Account")
	local paid = given.PaidStatus ~= "All" and given.PaidStatus
	for _, id in ipairs(co.txn_order) do
		local txn = co.txns[id]
		local ref = txn.f.RefNumber or ""
		if txn.type == object
			and (not refs or refs[ref:lower()]) and (not exact or exact[ref])
			and (not modified or modified(txn)) and (not dated or dated(txn)) and (not numbered or numbered(ref))
			and (not entities or names_one(txn, entities))
			and (not accounts or touches(txn, accounts))
			and (not paid or (books.open_amount(txn) == 0) == (paid == "PaidOnly")) then
			found[#found + 1] = txn
		end
	end
	return found
end

-- QuickBooks promises no order: with query_order=shuffled it is another one than that of creation, the same each time.
local function put_in_order(found)
	if twin.settings.query_order ~= "shuffled" then return end
	local key = {}
	for _, r in ipairs(found) do key[r] = twin.digest("md5", r.id) end
	table.sort(found, function(a, b) return key[a] < key[b] end)
end

local function options_of(given)
	local owners, only = {}, given.IncludeRetElement and set_of(given.IncludeRetElement)
	for _, id in ipairs(given.OwnerID or {}) do owners[id:lower()] = true end
	return { owners = owners, only = only, lines = values.is_true(given.IncludeLineItems or ""), links = values.is_true(given.IncludeLinkedTxns or "") }
end

local function start_iterator(session, found)
	local iterator = { id = "{" .. twin.uuid() .. "}", ids = {}, at = 0 }
	for _, record in ipairs(found) do table.insert(iterator.ids, record.id) end
	session.iterators[iterator.id] = iterator
	return iterator
end

-- The next page; what was deleted meanwhile is left out.
local function next_page(co, object, iterator, most)
	local page, last = {}, math.min(iterator.at + most, #iterator.ids)
	for i = iterator.at + 1, last do
		local id, record = iterator.ids[i], nil
		for _, list in ipairs(lists_of(object)) do record = record or co.lists[list] and co.lists[list][id] end
		record = record or co.txns[id]
		if record then page[#page + 1] = record end
	end
	iterator.at = last
	return page
end

local function iterate(co, session, object, given, attr)
	local iterator, code, message
	local most = math.tointeger(tonumber(given.MaxReturned or "")) or math.maxinteger
	if attr.iterator == "Start" then
		local found
		found, code, message = reads.find(co, object, given)
		iterator = start_iterator(session, found)
	else
		iterator = session.iterators[attr.iteratorID or ""]
		if not iterator then
			refuse(twin.settings.dead_iterator, 'The iterator "%s" is not valid.', attr.iteratorID or "")
		end
	end
	if attr.iterator == "Stop" then
		session.iterators[iterator.id] = nil
		return {}, { iteratorRemainingCount = "0", iteratorID = iterator.id }, 0
	end
	local page = next_page(co, object, iterator, math.min(most, #iterator.ids))
	return page, { iteratorRemainingCount = tostring(#iterator.ids - iterator.at), iteratorID = iterator.id, retCount = tostring(#iterator.ids) },
		code, message
end

local function is_list(co, object) return co.lists[company.list_of(object)] ~= nil or object == "Entity" end

function reads.find(co, object, given)
	local found, code, message = (is_list(co, object) and list_found or txn_found)(co, object, given)
	put_in_order(found)
	return found, code, message
end

-- Answers a query: body text, attributes, status and message.
function reads.query(co, session, object, given, attr)
	local told, attributes, code, message
	if attr.iterator then
		told, attributes, code, message = iterate(co, session, object, given, attr)
	else
		local found
		local most = math.tointeger(tonumber(given.MaxReturned or "")) or math.maxinteger
		found, code, message = reads.find(co, object, given)
		told, attributes = found, { retCount = tostring(#found) }
		if #found > most then told = table.move(found, 1, most, 1, {}) end
	end
	if attr.metaData ~= "MetaDataOnly" and attr.metaData ~= "MetaDataAndResponseData" then attributes.retCount = nil end
	if #told == 0 and not code and attr.metaData ~= "MetaDataOnly" then
		code, message = 1, "A query request did not find a matching object in QuickBooks"
	end
	local out, opts = {}, options_of(given)
	if attr.metaData ~= "MetaDataOnly" then
		for _, record in ipairs(told) do
			if is_list(co, object) then put_record(co, out, record, opts) else put_txn(co, out, record, opts) end
		end
	end
	return table.concat(out), attributes, code or 0, message
end

-- ---- deletions, host, company, preferences ----------------------------------------------------------------

local KEPT_MS = 90 * 86400000 -- QuickBooks tells deletions of the last 90 days only

function reads.deleted(co, class, kinds, filter)
	local wanted, out = set_of(kinds), {}
	if not filter and twin.settings.deleted_unfiltered == "none" then return "" end
	local low = filter and filter.FromDeletedDate and filter.FromDeletedDate ~= "" and company.filter_wall(filter.FromDeletedDate, false)
	local high = filter and filter.ToDeletedDate and filter.ToDeletedDate ~= "" and company.filter_wall(filter.ToDeletedDate, true)
	for _, d in ipairs(co.deleted) do
		local wall = company.wall(d.deleted) // 1000 * 1000
		if d.class == class and wanted[d.kind] and d.deleted >= twin.now() - KEPT_MS
			and (not low or wall >= low) and (not high or wall <= high) then
			out[#out + 1] = ("<%sDeletedRet><%sDelType>%s</%sDelType>"):format(class, class, d.kind, class)
			put(out, class == "Txn" and "TxnID" or "ListID", d.id)
			put(out, "TimeCreated", company.time_text(d.created))
			put(out, "TimeDeleted", company.time_text(d.deleted))
			if d.name then put(out, class == "Txn" and "RefNumber" or "FullName", d.name) end
			out[#out + 1] = ("</%sDeletedRet>"):format(class)
		end
	end
	return table.concat(out)
end

function reads.host(given)
	local out = { "<HostRet>" }
	put(out, "ProductName", twin.settings.product)
	put(out, "MajorVersion", "34")
	put(out, "MinorVersion", "0")
	put(out, "Country", twin.settings.country)
	for _, v in ipairs { "1.0", "1.1", "2.0", "2.1", "3.0", "4.0", "4.1", "5.0", "6.0", "7.0", "8.0", "9.0", "10.0", "11.0", "12.0", "13.0",
		"14.0", "15.0", "16.0" } do
		if tonumber(v) <= tonumber(twin.settings.qbxml) then put(out, "SupportedQBXMLVersion", v) end
	end
	put(out, "IsAutomaticLogin", "false")
	put(out, "QBFileMode", twin.settings.file_mode)
	if given.IncludeListMetaData then
		out[#out + 1] = "<ListMetaData>"
		for _, kind in ipairs { "Account", "BillingRate", "Class", "CustomerMsg", "CustomerType", "Entity", "Item", "JobType", "PaymentMethod",
			"PayrollItem", "PriceLevel", "SalesRep", "SalesTaxCode", "ShipMethod", "Template", "Terms", "ToDo", "Vehicle", "VendorType" } do
			out[#out + 1] = ("<%sMetaData><MaxCapacity>%d</MaxCapacity></%sMetaData>"):format(kind,
				(kind == "Entity" or kind == "Item") and twin.settings.max_names or 10000, kind)
		end
		out[#out + 1] = "</ListMetaData>"
	end
	out[#out + 1] = "</HostRet>"
	return table.concat(out)
end

function reads.company(co, given)
	local out, owners = { "<CompanyRet>" }, {}
	put(out, "IsSampleCompany", "false")
	put(out, "CompanyName", co.name)
	put(out, "LegalCompanyName", co.legal_name)
	put(out, "FirstMonthFiscalYear", "January")
	put(out, "FirstMonthIncomeTaxYear", "January")
	put(out, "CompanyType", "GeneralBusiness")
	put(out, "TaxForm", "OtherOrNone")
	for _, id in ipairs(given.OwnerID or {}) do owners[id:lower()] = true end
	put_exts(out, co.ext, owners)
	out[#out + 1] = "</CompanyRet>"
	return table.concat(out)
end

local function group(out, name, rows)
	out[#out + 1] = "<" .. name .. ">"
	for _, row in ipairs(rows) do
		if row[2] ~= nil and row[2] ~= "" then put(out, row[1], row[2]) end
	end
	out[#out + 1] = "</" .. name .. ">"
end

local function sales_tax_preferences(co, out)
	local p = co.preferences
	if p.SalesTax ~= "true" or p.DefaultItemSalesTaxRef == "" then return end
	out[#out + 1] = "<SalesTaxPreferences>"
	put_ref(co, out, "DefaultItemSalesTaxRef", "Item", p.DefaultItemSalesTaxRef)
	put(out, "PaySalesTax", "Monthly")
	put_ref(co, out, "DefaultTaxableSalesTaxCodeRef", "SalesTaxCode", p.DefaultTaxableSalesTaxCodeRef)
	put_ref(co, out, "DefaultNonTaxableSalesTaxCodeRef", "SalesTaxCode", p.DefaultNonTaxableSalesTaxCodeRef)
	out[#out + 1] = "</SalesTaxPreferences>"
end

function reads.preferences(co, given)
	local p, out = co.preferences, {}
	group(out, "AccountingPreferences", { { "IsUsingAccountNumbers", p.IsUsingAccountNumbers }, { "IsRequiringAccounts", p.IsRequiringAccounts },
		{ "IsUsingClassTracking", p.IsUsingClassTracking }, { "IsUsingAuditTrail", "true" }, { "IsAssigningJournalEntryNumbers", "true" },
		{ "ClosingDate", p.ClosingDate } })
	out[#out + 1] = "<MultiCurrencyPreferences>"
	put(out, "IsMultiCurrencyOn", p.IsMultiCurrencyOn)
	if p.HomeCurrencyRef ~= "" then put_ref(co, out, "HomeCurrencyRef", "Currency", p.HomeCurrencyRef) end
	out[#out + 1] = "</MultiCurrencyPreferences>"
	group(out, "PurchasesAndVendorsPreferences", { { "IsUsingInventory", p.IsUsingInventory }, { "DaysBillsAreDue", "10" },
		{ "IsAutomaticallyUsingDiscounts", "false" } })
	group(out, "ReportsPreferences", { { "AgingReportBasis", p.AgingReportBasis }, { "SummaryReportBasis", "Accrual" } })
	group(out, "SalesAndCustomersPreferences", { { "IsTrackingReimbursedExpensesAsIncome", "false" },
		{ "IsAutoApplyingPayments", p.IsAutoApplyingPayments } })
	sales_tax_preferences(co, out)
	group(out, "CurrentAppAccessRights", { { "IsAutomaticLoginAllowed", "false" }, { "IsPersonalDataAccessAllowed", "false" } })
	if given.IncludeRetElement then
		local only, kept = set_of(given.IncludeRetElement), {}
		local all = table.concat(out)
		for name, content in all:gmatch("<(%u%w+)>(.-)</%1>") do
			if only[name] then kept[#kept + 1] = "<" .. name .. ">" .. content .. "</" .. name .. ">" end
		end
		out = kept
	end
	return "<PreferencesRet>" .. table.concat(out) .. "</PreferencesRet>"
end

function reads.ext_defs(co, given)
	local owners, out = given.OwnerID and set_of(given.OwnerID), {}
	local objects = given.AssignToObject and set_of(given.AssignToObject)
	for _, def in ipairs(co.ext_defs) do
		local fits = not objects
		for _, name in ipairs(def.assigned) do fits = fits or objects and objects[name] end
		if (not owners or owners[def.owner]) and fits then
			out[#out + 1] = "<DataExtDefRet>"
			put(out, "OwnerID", def.owner)
			put(out, "DataExtID", tostring(def.number))
			put(out, "DataExtName", def.name)
			put(out, "DataExtType", def.type)
			for _, name in ipairs(def.assigned) do put(out, "AssignToObject", name) end
			put(out, "DataExtListRequire", "false")
			put(out, "DataExtTxnRequire", "false")
			put(out, "DataExtFormatString", "")
			out[#out + 1] = "</DataExtDefRet>"
		end
	end
	return table.concat(out)
end

return reads
