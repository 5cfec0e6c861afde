-- query.lua - the query language: select, from, where with and, orderby, startposition, maxresults (../SOURCES.md 3).
local decimal = require "decimal"
local fault = require "twin.fault"
local shapes = require "twin.shapes"

local query = {}

local DEFAULT, MOST = 100, 1000

local function parse_error(token, at)
	fault.raise("4000", "", ('Encountered " <%s> "%s "" at line 1, column %d.'):format(token == "" and "EOF" or "IDENTIFIER", token, at))
end

-- { {kind, text, column}, .. }; kinds: word, text, sign.
local function cut(text)
	local tokens, at = {}, 1
	while at <= #text do
		local blank = text:match("^%s+", at)
		if blank then
			at = at + #blank
		elseif text:sub(at, at) == "'" then
			local out, i = {}, at + 1
			while i <= #text and text:sub(i, i) ~= "'" do
				if text:sub(i, i) == "\\" then i = i + 1 end
				out[#out + 1] = text:sub(i, i)
				i = i + 1
			end
			if i > #text then parse_error("'", at) end
			tokens[#tokens + 1] = { kind = "text", text = table.concat(out), at = at }
			at = i + 1
		else
			local word = text:match("^[%w_%.]+", at)
			local sign = not word and (text:match("^[<>]=", at) or text:match("^[=<>,%(%)%*]", at))
			if not word and not sign then parse_error(text:sub(at, at), at) end
			tokens[#tokens + 1] = { kind = word and "word" or "sign", text = word or sign, at = at }
			at = at + #(word or sign)
		end
	end
	tokens[#tokens + 1] = { kind = "end", text = "", at = #text + 1 }
	return tokens
end

local Reader = {}
Reader.__index = Reader

function Reader:peek() return self.tokens[self.at] end

function Reader:is(text)
	local t = self:peek()
	return t.kind ~= "text" and t.kind ~= "end" and t.text:lower() == text
end

function Reader:take(text)
	local t = self:peek()
	if text and not self:is(text) then parse_error(t.text, t.at) end
	self.at = self.at + 1
	return t
end

function Reader:word()
	local t = self:peek()
	if t.kind ~= "word" then parse_error(t.text, t.at) end
	return self:take()
end

function Reader:number()
	local t = self:word()
	return math.tointeger(tonumber(t.text)) or parse_error(t.text, t.at)
end

local OPERATORS = { ["="] = true, ["<"] = true, [">"] = true, ["<="] = true, [">="] = true, ["in"] = true, ["like"] = true }

function Reader:value()
	local t = self:peek()
	if t.kind == "text" or self:is("true") or self:is("false") then return self:take().text end
	parse_error(t.text, t.at)
end

function Reader:condition()
	local name = self:word().text
	local t = self:take()
	local op = t.text:lower()
	if not OPERATORS[op] then parse_error(t.text, t.at) end
	if op ~= "in" then return { name = name, op = op, values = { self:value() } } end
	local values = {}
	self:take("(")
	repeat
		values[#values + 1] = self:value()
		local more = self:is(",")
		if more then self:take() end
	until not more
	self:take(")")
	return { name = name, op = op, values = values }
end

function query.parse(text)
	local r = setmetatable({ tokens = cut(text), at = 1 }, Reader)
	local q = { fields = nil, count = false, where = {}, order = {}, start = 1, most = DEFAULT }
	r:take("select")
	if r:is("*") then
		r:take()
	elseif r:is("count") then
		r:take() r:take("(") r:take("*") r:take(")")
		q.count = true
	else
		q.fields = {}
		repeat
			q.fields[#q.fields + 1] = r:word().text
			local more = r:is(",")
			if more then r:take() end
		until not more
	end
	r:take("from")
	q.entity = r:word().text
	if r:is("where") then
		repeat
			r:take()
			q.where[#q.where + 1] = r:condition()
		until not r:is("and")
	end
	if r:is("orderby") or r:is("order") then
		if r:take().text:lower() == "order" then r:take("by") end
		repeat
			local by = { name = r:word().text }
			if r:is("asc") or r:is("desc") then by.down = r:take().text:lower() == "desc" end
			q.order[#q.order + 1] = by
			local more = r:is(",")
			if more then r:take() end
		until not more
	end
	if r:is("startposition") then r:take() q.start = r:number() end
	if r:is("maxresults") then r:take() q.most = r:number() end
	if r:peek().kind ~= "end" then parse_error(r:peek().text, r:peek().at) end
	if q.start < 1 then fault.raise("4001", "", "startposition must be 1 or more") end
	if q.most > MOST then fault.raise("4001", "", ("value %d is too large. Max allowed value is %d."):format(q.most, MOST)) end
	return q
end

-- ---- what a record has at a name --------------------------------------------------------------------------

local INNER = { PrimaryEmailAddr = "Address", PrimaryPhone = "FreeFormNumber" }

local function at(record, name)
	local value = record
	for step in name:gmatch("[^%.]+") do
		if type(value) ~= "table" then return nil end
		value = value[step]
	end
	if type(value) == "table" then value = value.value or value[INNER[name] or ""] end
	return value
end

local function comparable(name, value)
	if name:find("^MetaData%.") then return twin.from_iso(tostring(value)) end
	if shapes.decimals[name] then return decimal.parse(tostring(value), 7) end
	if name == "Id" then return math.tointeger(tonumber(value)) end
	if type(value) == "boolean" then return tostring(value) end
	return type(value) == "string" and value:lower() or value
end

local function like(value, pattern)
	local p = pattern:lower():gsub("[%^%$%(%)%.%[%]%*%+%-%?]", "%%%0")
	p = p:gsub("%%(.?)", function(c) return c:find("[%^%$%(%)%.%[%]%*%+%-%?]") and "%" .. c or ".*" .. c end)
	return tostring(value):lower():find("^" .. p .. "$") ~= nil
end

local function holds(record, c)
	local value = at(record, c.name)
	if value == nil then return false end
	if c.op == "like" then return like(value, c.values[1]) end
	local have = comparable(c.name, value)
	for _, given in ipairs(c.values) do
		local want = comparable(c.name, given)
		if want == nil then fault.raise("4001", "", ("Invalid value '%s' for property %s"):format(given, c.name)) end
		if have ~= nil then
			if (c.op == "=" or c.op == "in") and have == want then return true end
			if c.op == "<" and have < want or c.op == ">" and have > want or c.op == "<=" and have <= want or c.op == ">=" and have >= want then return true end
		end
	end
	return false
end

local function check_names(q, shape)
	for _, c in ipairs(q.where) do
		if not shape.find[c.name] then fault.raise("4001", "", ("Property %s not found for Entity %s"):format(c.name, q.entity)) end
	end
	for _, by in ipairs(q.order) do
		if not shape.find[by.name] then fault.raise("4001", "", ("Property %s not found for Entity %s"):format(by.name, q.entity)) end
	end
end

local function sort(list, order)
	-- `orderby Id` is taken and does nothing, as since January 2026.
	table.sort(list, function(a, b)
		for _, by in ipairs(order) do
			local x, y = comparable(by.name, at(a, by.name)), comparable(by.name, at(b, by.name))
			if by.name ~= "Id" and x ~= y and x ~= nil and y ~= nil then
				if by.down then x, y = y, x end
				return x < y
			end
		end
		return tonumber(a.Id) < tonumber(b.Id)
	end)
end

-- all: the records of that kind; told: how one looks.  The page, and how many there are altogether.
function query.run(q, shape, all, told)
	check_names(q, shape)
	local asks_active = shape.kind == "document"
	for _, c in ipairs(q.where) do asks_active = asks_active or c.name == "Active" end
	local list = {}
	for _, stored in pairs(all) do
		local record = told(stored)
		local well = asks_active or record.Active ~= false
		for _, c in ipairs(q.where) do well = well and holds(record, c) end
		if well then list[#list + 1] = record end
	end
	sort(list, q.order)
	local page = twin.array {}
	for i = q.start, math.min(#list, q.start + q.most - 1) do page[#page + 1] = list[i] end
	if q.fields then
		for i, record in ipairs(page) do
			local few = { Id = record.Id, domain = "QBO", sparse = true }
			for _, name in ipairs(q.fields) do few[name] = record[name] end
			page[i] = few
		end
	end
	return page, #list
end

return query
