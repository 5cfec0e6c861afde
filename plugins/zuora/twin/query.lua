-- query.lua - object-query: filter, sort, expand, fields and cursors; and ZOQL.  ../SOURCES.md 4, 5
local ledger = require "twin.ledger"
local shapes = require "twin.shapes"
local replies = require "twin.replies"

local query = {}
local array = twin.array

local function words(text)
	local set = {}
	for word in text:gmatch("%S+") do set[word] = true end
	return set
end

local function all(kind) return function() return ledger.by_id(kind) end end

local function lines_of(kind)
	return function()
		local list = {}
		for _, d in ipairs(ledger.by_id(kind)) do
			for _, l in ipairs(d.lines) do
				local line = {}
				for k, v in pairs(l) do line[k] = v end
				line.owner, line.created, line.updated = d.id, d.created, d.updated
				list[#list + 1] = line
			end
		end
		return list
	end
end

-- What each list can be filtered by, sorted by and expanded with, as the reference says; custom fields besides.
local LISTS = {
	accounts = { list = all("accounts"), shape = shapes.account, number = "accountNumber",
		filter = words "id updateddate accountnumber balance batch billcycleday billtoid crmid currency lastinvoicedate name parentid soldtoid status",
		expand = { billto = function(r, out) out.billTo = shapes.contact(twin.state.contacts[r.bill_to]) end,
			soldto = function(r, out) out.soldTo = shapes.contact(twin.state.contacts[r.sold_to]) end } },
	contacts = { list = all("contacts"), shape = shapes.contact,
		filter = words "id updateddate accountid country firstname lastname personalemail workemail workphone", expand = {} },
	invoices = { list = all("invoices"), shape = shapes.invoice, number = "invoiceNumber",
		filter = words "id updateddate accountid amount balance duedate invoicedate invoicenumber reversed sourceid sourcetype status einvoicestatus",
		expand = { account = function(r, out) out.account = shapes.account(twin.state.accounts[r.account]) end,
			invoiceitems = function(r, out, size)
				out.invoiceItems = array {}
				for i, l in ipairs(r.lines) do
					if i <= size then
						local line = twin.copy(l)
						line.owner, line.created, line.updated = r.id, r.created, r.updated
						out.invoiceItems[i] = shapes.invoice_item(line)
					end
				end
			end } },
	["invoice-items"] = { list = lines_of("invoices"), shape = shapes.invoice_item, must_filter = true,
		filter = words "id updateddate accountid invoiceid chargenumber productrateplanchargeid sourceitemtype subscriptionid subscriptionnumber",
		expand = { taxationitems = function(r, out) out.taxationItems = shapes.taxation(r) end } },
	payments = { list = all("payments"), shape = shapes.payment, number = "paymentNumber",
		filter = words "id updateddate createddate accountid amount effectivedate paymentnumber referenceid status type unappliedamount",
		expand = { account = function(r, out) out.account = shapes.account(twin.state.accounts[r.account]) end,
			paymentmethod = function(r, out) out.paymentMethod = shapes.payment_method(r) end } },
	["credit-memos"] = { list = all("credit_memos"), shape = shapes.credit_memo, number = "memoNumber", settlement = true,
		filter = words "id updateddate balance memodate memonumber sourcetype status totalamount invoiceid accountid", expand = {} },
	["credit-memo-items"] = { list = lines_of("credit_memos"), shape = shapes.credit_memo_item, settlement = true,
		filter = words "id updateddate sourceitemtype invoiceitemid creditmemoid",
		expand = { credittaxationitems = function(r, out) out.creditTaxationItems = shapes.taxation(r) end } },
	["debit-memos"] = { list = all("debit_memos"), shape = shapes.debit_memo, number = "memoNumber", settlement = true,
		filter = words "id updateddate balance creditmemoid memodate memonumber sourcetype status totalamount invoiceid accountid", expand = {} },
	["debit-memo-items"] = { list = lines_of("debit_memos"), shape = shapes.debit_memo_item, settlement = true,
		filter = words "id updateddate sourceitemtype debitmemoid", expand = {} },
	refunds = { list = all("refunds"), shape = shapes.refund, number = "refundNumber",
		filter = words "id updateddate accountid amount paymentmethodid reasoncode refunddate refundnumber sourcetype status type", expand = {} },
	["refund-applications"] = { list = all("refunds"), shape = shapes.refund_application, settlement = true,
		filter = words "id updateddate accountid creditmemoid effectivedate paymentid refundid", expand = {} },
	products = { list = all("products"), shape = shapes.product, number = "productNumber",
		filter = words "id updateddate name effectiveenddate effectivestartdate sku productnumber category", expand = {} },
}

-- ---- one record -------------------------------------------------------------------------------------------

-- Members by their names in small letters, as filters say them.
local function small(record)
	local out = {}
	for name, value in pairs(record) do out[name:lower()] = value end
	return out
end

local function bare(value)
	return type(value) == "table" and twin.json.encode(value) or value
end

-- Numbers as numbers, times as times, the rest as text whatever its case.
local function comparable(value)
	value = bare(value)
	if type(value) == "boolean" then return tostring(value) end
	if value == nil then return nil end
	local text = tostring(value)
	local ms = text:match("^%d%d%d%d%-%d%d%-%d%dT") and twin.from_iso(text)
	if ms then return ms // 1000 end
	if tonumber(text) and not text:match("^0%d") and #text < 16 then return tonumber(text) end
	return text:lower()
end

local OPS = {
	EQ = function(a, b) return a == b end,
	NE = function(a, b) return a ~= b end,
	LT = function(a, b) return a ~= nil and type(a) == type(b) and a < b end,
	GT = function(a, b) return a ~= nil and type(a) == type(b) and a > b end,
	LE = function(a, b) return a ~= nil and type(a) == type(b) and a <= b end,
	GE = function(a, b) return a ~= nil and type(a) == type(b) and a >= b end,
	SW = function(a, b) return type(a) == "string" and a:sub(1, #b) == b end,
}

local function list_arg(req, name)
	local out = {}
	for _, pair in ipairs(req.arg_list) do
		if pair[1] == name then out[#out + 1] = pair[2] end
	end
	return out
end

local function is_indexed(name)
	for field in twin.settings.indexed_fields:gmatch("[^,]+") do
		if field:lower() == name then return true end
	end
	return false
end

-- A function that says whether a record fits; or nil and an answer.
local function filter_of(l, text)
	local name, op, value = text:match("^([%w_]+)%.(%u%u):(.*)$")
	if not name then return nil, replies.bad(20, "Invalid filter: " .. text) end
	name = name:lower()
	if not l.filter[name] and not (name:match("__c$") and is_indexed(name)) then return nil, replies.bad(20, "The field " .. name .. " is not filterable") end
	if op == "IN" then
		local inner = value:match("^%[(.*)%]$")
		if not inner then return nil, replies.bad(20, "IN takes a list in brackets") end
		local set = {}
		for one in inner:gmatch("[^,]+") do set[comparable(one)] = true end
		return function(s) local v = comparable(s[name]); return v ~= nil and set[v] ~= nil end
	end
	if not OPS[op] then return nil, replies.bad(20, "Invalid operator: " .. op) end
	local wanted = value ~= "null" and comparable(value) or nil
	return function(s) return OPS[op](comparable(s[name]), wanted) end
end

local function before(a, b, descending)
	if a.key ~= b.key then
		if a.key == nil or b.key == nil then return (a.key == nil) ~= descending end
		if type(a.key) ~= type(b.key) then return (tostring(a.key) < tostring(b.key)) ~= descending end
		return (a.key < b.key) ~= descending
	end
	return a.id ~= b.id and (a.id < b.id) ~= descending
end

local function expand(l, record, out, names, size)
	for _, name in ipairs(names) do
		local fn = l.expand[name:lower()]
		if not fn then return replies.bad(20, "The value of expand[] is not valid: " .. name) end
		fn(record, out, size)
	end
end

local function narrowed(req, name, out)
	local kept = list_arg(req, "fields[]")
	if #kept == 0 then return out end
	local set, narrow = {}, {}
	for _, list in ipairs(kept) do
		for field in list:gmatch("[^,]+") do set[field:lower()] = true end
	end
	for field, value in pairs(out) do
		if set[field:lower()] or type(value) == "table" and name and getmetatable(value) == nil then narrow[field] = value end
	end
	return narrow
end

function query.list(req, name)
	local l = LISTS[name]
	if not l or (l.settlement and not twin.settings.invoice_settlement) then return replies.missing("Object " .. name) end
	local size = tonumber(req.args.pageSize or "10")
	if not size or size ~= math.floor(size) or size < 1 or size > 99 then return replies.bad(20, "pageSize must be between 1 and 99") end
	local filters = list_arg(req, "filter[]")
	if l.must_filter and #filters == 0 then return replies.bad(23, "filter[] is required") end
	local tests = {}
	for _, text in ipairs(filters) do
		local test, why = filter_of(l, text)
		if not test then return why end
		tests[#tests + 1] = test
	end
	local sort = list_arg(req, "sort[]")[1] or "updateddate.DESC"
	local field, way = sort:match("^([%w_]+)%.(%u+)$")
	if not field or (way ~= "ASC" and way ~= "DESC") or not l.filter[field:lower()] then return replies.bad(20, "The value of sort[] is not valid: " .. sort) end
	local rows = {}
	for _, record in ipairs(l.list()) do
		local out = l.shape(record)
		local s = small(out)
		local fits = true
		for _, test in ipairs(tests) do fits = fits and test(s) end
		if fits then rows[#rows + 1] = { record = record, out = out, id = out.id, key = comparable(s[field:lower()]) } end
	end
	local descending = way == "DESC"
	table.sort(rows, function(a, b) return before(a, b, descending) end)
	local from = 1
	if req.args.cursor then
		local told = twin.json.decode(twin.unbase64(req.args.cursor) or "")
		if type(told) ~= "table" or told.sort ~= sort then return replies.bad(20, "The cursor is not valid") end
		local last = { key = told.key, id = told.id }
		while rows[from] and not before(last, rows[from], descending) do from = from + 1 end
	end
	local data = array {}
	for i = from, math.min(from + size - 1, #rows) do
		local why = expand(l, rows[i].record, rows[i].out, list_arg(req, "expand[]"), size)
		if why then return why end
		data[#data + 1] = narrowed(req, name, rows[i].out)
	end
	local reply = { data = data }
	local last = rows[from + size - 1]
	if last and rows[from + size] then reply.nextPage = twin.base64(twin.json.encode({ sort = sort, key = last.key, id = last.id })) end
	return { status = 200, json = reply }
end

function query.one(req, name)
	local l = LISTS[name]
	if not l then return replies.missing("Object " .. name) end
	for _, record in ipairs(l.list()) do
		if record.id == req.params.key or (l.number and record.number == req.params.key) then
			local out = l.shape(record)
			local why = expand(l, record, out, list_arg(req, "expand[]"), tonumber(req.args.pageSize or "10"))
			return why or { status = 200, json = narrowed(req, name, out) }
		end
	end
	return replies.missing(("Cannot find entity by key: '%s'."):format(req.params.key))
end

-- ---- ZOQL ------------------------------------------------------------------------------------------------------

local function capital(out)
	local big = {}
	for name, value in pairs(out) do big[name:match("__c$") and name or name:sub(1, 1):upper() .. name:sub(2)] = value end
	return big
end

local function mapped(kind, shape)
	return function()
		local list = {}
		for _, r in ipairs(ledger.by_id(kind)) do list[#list + 1] = shape(r) end
		return list
	end
end

local OBJECTS = {
	Account = mapped("accounts", function(r) return capital(shapes.account(r)) end),
	Contact = mapped("contacts", function(r) return capital(shapes.contact(r)) end),
	Invoice = mapped("invoices", function(r) return capital(shapes.invoice(r)) end),
	Payment = mapped("payments", function(r) return capital(shapes.payment(r)) end),
	Product = mapped("products", function(r) return capital(shapes.product(r)) end),
	InvoiceItemAdjustment = mapped("adjustments", shapes.adjustment),
	InvoicePayment = shapes.invoice_payments,
	RefundInvoicePayment = shapes.refund_invoice_payments,
}
local NOT_WITH_SETTLEMENT = { InvoiceItemAdjustment = true, InvoicePayment = true, RefundInvoicePayment = true }

local function fault(code, text)
	return { status = 400, json = { faultCode = "fns:" .. code, faultMessage = text } }
end

local COMPARE = { ["="] = OPS.EQ, ["!="] = OPS.NE, [">="] = OPS.GE, ["<="] = OPS.LE, [">"] = OPS.GT, ["<"] = OPS.LT }

-- a = 'x' and b >= 'y' or c = 'z': and binds closer; nil when it is none.
local function condition(text)
	local ors, ands, count = {}, {}, 0
	local rest = text
	while true do
		local name, op, value, after = rest:match("^%s*(%w+)%s*([<>!=]+)%s*'(.-[^\\])'%s*(.*)$")
		if not name then name, op, value, after = rest:match("^%s*(%w+)%s*([<>!=]+)%s*([%d.]+)%s*(.*)$") end
		if not name or not COMPARE[op] then return nil end
		value = value:gsub("\\(.)", "%1")
		ands[#ands + 1] = { name = name, fn = COMPARE[op], value = comparable(value) }
		count = count + 1
		if after == "" then break end
		local word, more = after:match("^(%l+)%s+(.*)$")
		if word == "or" then
			ors[#ors + 1] = ands
			ands = {}
		elseif word ~= "and" then
			return nil
		end
		rest = more
	end
	ors[#ors + 1] = ands
	if count > 200 then return nil end
	return function(r)
		for _, list in ipairs(ors) do
			local fits = true
			for _, c in ipairs(list) do fits = fits and c.fn(comparable(r[c.name]), c.value) end
			if fits then return true end
		end
		return false
	end
end

local function page_of(list, from, size)
	local records = array {}
	for i = from, math.min(from + size - 1, #list) do records[#records + 1] = list[i] end
	local done = from + size > #list
	local reply = { size = #list, done = done, records = #list > 0 and records or nil }
	if not done then
		local id = ledger.new_id()
		reply.queryLocator = id .. "-" .. size
		twin.state.locators = twin.state.locators or {}
		twin.state.locators[reply.queryLocator] = { list = twin.json.encode(array(list)), from = from + size, size = size }
		twin.changed()
	end
	return { status = 200, json = reply }
end

function query.zoql(req)
	local body = req:json()
	local text = type(body) == "table" and body.queryString
	if type(text) ~= "string" then return fault("MALFORMED_QUERY", "queryString is missing") end
	local names, object, where = text:match("^select (.-) from (%w+)%s*(.*)$")
	if not names then return fault("MALFORMED_QUERY", "You have an error in your ZOQL syntax") end
	if not OBJECTS[object] or (NOT_WITH_SETTLEMENT[object] and twin.settings.invoice_settlement) then return fault("INVALID_TYPE", "invalid type for query: " .. object) end
	local fits = where == "" and function() return true end or (where:match("^where ") and condition(where:sub(7)))
	if not fits then return fault("MALFORMED_QUERY", "You have an error in your ZOQL syntax") end
	local list = {}
	for _, r in ipairs(OBJECTS[object]()) do
		if fits(r) then
			local out = {}
			for name in names:gmatch("[%w_]+") do out[name] = r[name] end
			list[#list + 1] = out
		end
	end
	local size = type(body.conf) == "table" and body.conf.batchSize or tonumber(twin.settings.zoql_page)
	return page_of(list, 1, size)
end

function query.more(req)
	local body = req:json()
	local kept = type(body) == "table" and twin.state.locators and twin.state.locators[body.queryLocator or ""]
	if not kept then return fault("INVALID_QUERY_LOCATOR", "invalid queryLocator") end
	return page_of(twin.json.decode(kept.list), kept.from, kept.size)
end

return query
