-- coql.lua - select a, b from Module where .. order by .. limit .. (../SOURCES.md 4).
local records = require "twin.records"
local schema = require "twin.schema"

local coql = {}

local function fail(code, message, details) error({ coql = records.err(code, message, details) }, 0) end
local function syntax(near) fail("SYNTAX_ERROR", "missing clause", { near = near or "", line = 1, column = 1 }) end

-- ---- words ------------------------------------------------------------------------------------------

local function words_of(text)
	local list, at = {}, 1
	while true do
		at = text:find("%S", at)
		if not at then return list end
		local from = at
		local c = text:sub(at, at)
		if c == "'" then
			local out = {}
			at = at + 1
			while true do
				local ch = text:sub(at, at)
				if ch == "" then syntax(text:sub(from)) end
				if ch == "\\" then
					out[#out + 1] = text:sub(at + 1, at + 1)
					at = at + 2
				elseif ch == "'" then break
				else
					out[#out + 1] = ch
					at = at + 1
				end
			end
			list[#list + 1] = { text = table.concat(out) }
			at = at + 1
		else
			local two = text:sub(at, at + 1)
			local word = text:match("^[%w_.+:-]+", at) or ((two == "!=" or two == ">=" or two == "<=") and two) or c
			list[#list + 1] = { word = word, lower = word:lower() }
			at = at + #word
		end
	end
end

-- ---- conditions ----------------------------------------------------------------------------------------

local function parser(text)
	local p = { list = words_of(text), at = 1 }
	function p.peek() return p.list[p.at] and p.list[p.at].lower end
	function p.take(want)
		local w = p.list[p.at]
		if not w or (want and w.lower ~= want) then syntax(want) end
		p.at = p.at + 1
		return w
	end
	function p.has(want)
		if p.peek() ~= want then return false end
		p.at = p.at + 1
		return true
	end
	return p
end

local function value_of(p)
	local w = p.take()
	if w.text then return w.text end
	if w.lower == "true" then return true end
	if w.lower == "false" then return false end
	return tonumber(w.word) or twin.from_iso(w.word) and w.word or syntax(w.word)
end

local function list_of(p)
	local list = {}
	p.take "("
	repeat list[#list + 1] = value_of(p) until not p.has ","
	p.take ")"
	return list
end

local expression

local function condition(p)
	if p.has "(" then
		local inner = expression(p)
		p.take ")"
		return inner
	end
	local column = p.take().word or syntax "column"
	local c = { column = column }
	if p.has "is" then
		c.op = p.has "not" and "present" or "absent"
		p.take "null"
	elseif p.has "not" then
		c.op, c.value = (p.has "in" and "not in") or (p.take "like" and "not like"), nil
		c.value = c.op == "not in" and list_of(p) or value_of(p)
	elseif p.has "in" then c.op, c.value = "in", list_of(p)
	elseif p.has "like" then c.op, c.value = "like", value_of(p)
	elseif p.has "between" then
		c.op, c.value = "between", { value_of(p) }
		p.take "and"
		c.value[2] = value_of(p)
	else
		c.op = p.take().word
		if not ({ ["="] = 1, ["!="] = 1, [">"] = 1, [">="] = 1, ["<"] = 1, ["<="] = 1 })[c.op] then syntax(c.op) end
		c.value = value_of(p)
	end
	return c
end

-- One and, or one or, between two: more stand in brackets.
expression = function(p)
	local left = condition(p)
	local op = p.peek()
	if op ~= "and" and op ~= "or" then return left end
	p.at = p.at + 1
	local right = condition(p)
	if p.peek() == "and" or p.peek() == "or" then syntax(p.peek()) end
	return { both = op, left, right }
end

local function comparable(value, kind)
	if value == nil then return nil end
	if kind == "datetime" then return type(value) == "string" and twin.from_iso(value) or value end
	if kind == "currency" or kind == "double" or kind == "integer" then return tonumber(value) end
	if type(value) == "boolean" then return value end
	return tostring(value):lower()
end

local function like(value, pattern)
	if not value then return false end
	local lua = pattern:lower():gsub("[%^%$%(%)%.%[%]%*%+%-%?]", "%%%0"):gsub("%%%%", "%%"):gsub("%%", ".*")
	return value:match("^" .. lua .. "$") ~= nil
end

local function holds(module, id, c)
	if c.both then
		if c.both == "and" then return holds(module, id, c[1]) and holds(module, id, c[2]) end
		return holds(module, id, c[1]) or holds(module, id, c[2])
	end
	local raw, kind = records.value(module, id, c.column)
	local value = comparable(raw, kind)
	if c.op == "absent" then return value == nil end
	if c.op == "present" then return value ~= nil end
	if c.op == "in" or c.op == "not in" then
		local found = false
		for _, v in ipairs(c.value) do found = found or comparable(v, kind) == value end
		return found == (c.op == "in")
	end
	if c.op == "like" then return like(value, c.value) end
	if c.op == "not like" then return not like(value, c.value) end
	if c.op == "between" then
		local low, high = comparable(c.value[1], kind), comparable(c.value[2], kind)
		return value ~= nil and value >= low and value <= high
	end
	local want = comparable(c.value, kind)
	if c.op == "=" then return value == want end
	if c.op == "!=" then return value ~= want end
	if value == nil or type(value) ~= type(want) then return false end
	if c.op == ">" then return value > want end
	if c.op == ">=" then return value >= want end
	if c.op == "<" then return value < want end
	return value <= want
end

local function check_column(m, path)
	local head, rest = path:match("^([^.]+)%.(.+)$")
	local name = head or path
	if schema.SYSTEM[name] and not rest then return end
	local f = schema.field(m, name)
	if not f or f.type == "subform" then
		fail("INVALID_QUERY", "column given seems to be invalid", { column_name = path, reason = "invalid column name", module = m.api_name })
	end
	if not rest then return end
	if f.type ~= "lookup" then fail("INVALID_QUERY", "column given seems to be invalid", { column_name = path }) end
	if rest ~= "name" and rest ~= "id" then check_column(schema.module(f.of), rest) end
end

local function check(m, c)
	if c.both then
		check(m, c[1])
		check(m, c[2])
	else
		check_column(m, c.column)
	end
end

-- ---- the query ---------------------------------------------------------------------------------------------

local function read(text)
	local p = parser(text)
	local q = { columns = {}, order = {}, offset = 0, limit = 200 }
	p.take "select"
	repeat q.columns[#q.columns + 1] = p.take().word or syntax "select" until not p.has ","
	p.take "from"
	q.module = p.take().word or syntax "from"
	if not p.has "where" then fail("SYNTAX_ERROR", "missing clause", { clause = "where" }) end
	q.where = expression(p)
	if p.has "order" then
		p.take "by"
		repeat
			local by = { column = p.take().word }
			if p.has "desc" then by.desc = true else p.has "asc" end
			q.order[#q.order + 1] = by
		until not p.has ","
	end
	if p.has "limit" then
		local first = math.tointeger(tonumber(p.take().word)) or syntax "limit"
		if p.has "," then q.offset, q.limit = first, math.tointeger(tonumber(p.take().word)) or syntax "limit"
		elseif p.has "offset" then q.limit, q.offset = first, math.tointeger(tonumber(p.take().word)) or syntax "offset"
		else q.limit = first end
	end
	if p.list[p.at] then syntax(p.list[p.at].word) end
	if q.limit > 2000 then fail("LIMIT_EXCEEDED", "the limit given exceeds the maximum", { limit = 2000 }) end
	return q
end

local function run(text)
	local q = read(text)
	local m = schema.module(q.module)
	if not m then fail("INVALID_QUERY", "value given seems to be invalid for the column", { clause = "from", module = q.module }) end
	for _, column in ipairs(q.columns) do check_column(m, column) end
	for _, by in ipairs(q.order) do check_column(m, by.column) end
	check(m, q.where)
	local found = {}
	for _, id in ipairs(records.ids(q.module)) do
		if holds(q.module, id, q.where) then found[#found + 1] = id end
	end
	table.sort(found, function(a, b)
		for _, by in ipairs(q.order) do
			local x, kind = records.value(q.module, a, by.column)
			local y = records.value(q.module, b, by.column)
			x, y = comparable(x, kind), comparable(y, kind)
			if x ~= y then
				if x == nil or y == nil then return (y == nil) == (by.desc or false) end
				if by.desc then return x > y end
				return x < y
			end
		end
		return a < b
	end)
	local rows = twin.array {}
	for i = q.offset + 1, math.min(q.offset + q.limit, #found) do
		local only = {}
		for _, column in ipairs(q.columns) do only[column:match("^[^.]+")] = true end
		local row = records.show(q.module, found[i], only)
		for _, column in ipairs(q.columns) do
			if column:find(".", 1, true) then row[column] = records.value(q.module, found[i], column) or twin.null end
		end
		for name, value in pairs(row) do -- a lookup is told by its id alone
			if type(value) == "table" and value.id then row[name] = { id = value.id } end
		end
		rows[#rows + 1] = row
	end
	local cost = q.limit <= 200 and 1 or q.limit <= 1000 and 2 or 3
	return rows, q.offset + q.limit < #found, cost
end

-- rows, whether there are more, what it cost; or nil and the error.
function coql.run(text)
	local well, rows, more, cost = pcall(run, text)
	if well then return rows, more, cost end
	if type(rows) == "table" and rows.coql then return nil, rows.coql end
	error(rows, 0)
end

return coql
