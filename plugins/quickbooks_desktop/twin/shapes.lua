-- shapes.lua - the shapes of qbXML requests and answers, read from the tables of blocks, lists, txns and requests.
local BLOCKS, requests = require "twin.blocks", require "twin.requests"
local QUERIES, OTHERS = requests.queries, requests.others
local OBJECTS = {}
for _, part in ipairs { "lists", "txns" } do
	for name, text in pairs(require("twin." .. part)) do OBJECTS[name] = text end
end

local shapes = {}

local function expand(text)
	return (text:gsub("<(%w+)>\n", function(name)
		return assert(BLOCKS[name], "no block " .. name)
	end))
end

local cache = {}
local compile

local function parse_line(line, mode)
	local name, marks, kind, rest = line:match("^(%w+)([!*]*)%s+(%S+)%s*(.*)$")
	assert(name, "cannot read the shape line '" .. line .. "'")
	local e = { name = name, required = marks:find(mode == "M" and "!!" or "!", 1, true) ~= nil, many = marks:find("*", 1, true) ~= nil }
	local modes = "AMR"
	for word in rest:gmatch("%S+") do
		local sigil, label = word:match("^([|@&])(%w+)$")
		if sigil == "|" then e.choice = label
		elseif sigil == "@" then e.alternative = label
		elseif sigil == "&" then e.list = label
		else modes = word end
	end
	if mode and not modes:find(mode, 1, true) then return nil end
	if kind:find("^%d+$") then
		e.kind, e.max = "text", tonumber(kind)
	elseif kind:find("^ref:") then
		e.kind, e.of = "ref", kind:sub(5)
	elseif kind:find("^enum:") then
		e.kind, e.values = "enum", {}
		for v in kind:sub(6):gmatch("[^,]+") do e.values[v] = true end
	elseif kind:find("^{") then
		e.kind, e.body = "nested", compile(kind:sub(2, -2), BLOCKS[kind:sub(2, -2)], mode)
	else
		e.kind = kind
	end
	return e
end

function compile(key, text, mode)
	local id = key .. "/" .. (mode or "-")
	if cache[id] then return cache[id] end
	local shape = { elements = {}, by_name = {} }
	cache[id] = shape
	local rank, last = 0, nil
	for line in expand(assert(text, "no shape " .. key)):gmatch("[^\n]+") do
		local e = parse_line(line, mode)
		if e then
			local together = e.list or (e.choice and "|" .. e.choice)
			if not together or together ~= last then rank = rank + 1 end
			last, e.rank = together, rank
			shape.elements[#shape.elements + 1] = e
			shape.by_name[e.name] = e
		end
	end
	return shape
end

-- The shape of a request's content, by the name of the request without Rq ("InvoiceAdd"); nil: not known here.
-- verb: "Add", "Mod", "Query" or nil; object: "Invoice".
function shapes.request(name)
	if OTHERS[name] then return compile(name, OTHERS[name]), nil, nil end
	local object, verb = name:match("^(.-)(%u%l+)$")
	if verb == "Query" and QUERIES[object] then return compile(name, QUERIES[object]), verb, object end
	local mode = verb == "Add" and not shapes.cannot_add[object] and "A" or verb == "Mod" and not shapes.cannot_mod[object] and "M"
	if mode and OBJECTS[object] then
		local shape = { elements = { { name = name, kind = "nested", body = compile(object, OBJECTS[object], mode), rank = 1, required = true },
			{ name = "IncludeRetElement", kind = "text", max = 50, many = true, rank = 2 } }, by_name = {} }
		for _, e in ipairs(shape.elements) do shape.by_name[e.name] = e end
		return shape, verb, object
	end
end

shapes.cannot_mod = { StandardTerms = true, PaymentMethod = true, ShipMethod = true, CustomerMsg = true, ARRefundCreditCard = true,
	BillPaymentCheck = true, BillPaymentCreditCard = true, Deposit = true, CustomerType = true, VendorType = true, JobType = true,
	DateDrivenTerms = true, Template = true, PriceLevel = true, Currency = true }
shapes.cannot_add = { Template = true, PriceLevel = true, Currency = true }

function shapes.ret(object)
	return compile(object, OBJECTS[object], "R")
end

-- All that can be asked, for the test against the schema.
function shapes.names()
	local names = {}
	for name in pairs(OTHERS) do names[#names + 1] = name end
	for object in pairs(QUERIES) do names[#names + 1] = object .. "Query" end
	for object in pairs(OBJECTS) do
		if not shapes.cannot_add[object] then names[#names + 1] = object .. "Add" end
		if not shapes.cannot_mod[object] then names[#names + 1] = object .. "Mod" end
	end
	table.sort(names)
	return names
end

-- Requests that may be iterated (reference section 5, from the schema).
local NOT_ITERATED = { Account = true, Terms = true, StandardTerms = true, DateDrivenTerms = true, PaymentMethod = true, SalesTaxCode = true,
	Class = true, ShipMethod = true, CustomerMsg = true, CustomerType = true, VendorType = true, JobType = true, SalesRep = true, OtherName = true,
	Employee = true, Template = true, PriceLevel = true, Currency = true }

function shapes.iterates(object) return QUERIES[object] ~= nil and not NOT_ITERATED[object] end

return shapes
