-- soql.lua - the query language: parsed, checked against the org's objects, and run over its rows.
local org = require "twin.org"
local schema = require "twin.schema"

local soql = {}

local function bad(text) error({ code = "MALFORMED_QUERY", message = text, status = 400 }, 0) end

-- ---- words ----------------------------------------------------------------------------------------

local ESCAPES = { n = "\n", r = "\r", t = "\t", b = "\b", f = "\f", ["\\"] = "\\", ["'"] = "'", ['"'] = '"', _ = "\\_", ["%"] = "\\%" }

local function quoted(text, at)
	local out = {}
	at = at + 1
	while true do
		local c = text:sub(at, at)
		if c == "" then bad("line 1:" .. at .. " no viable alternative: the literal does not end") end
		if c == "'" then return table.concat(out), at + 1 end
		if c == "\\" then
			at = at + 1
			out[#out + 1] = ESCAPES[text:sub(at, at)] or bad("line 1:" .. at .. " invalid escape sequence")
		else
			out[#out + 1] = c
		end
		at = at + 1
	end
end

local function words_of(text)
	local list, at = {}, 1
	while true do
		at = text:find("%S", at)
		if not at then return list end
		local c = text:sub(at, at)
		local two = text:sub(at, at + 1)
		if c == "'" then
			local value
			value, at = quoted(text, at)
			list[#list + 1] = { kind = "literal", value = value, type = "string" }
		elseif two == "<=" or two == ">=" or two == "!=" or two == "<>" then
			list[#list + 1] = { kind = "sign", value = two }
			at = at + 2
		elseif c:find("[(),=<>]") then
			list[#list + 1] = { kind = "sign", value = c }
			at = at + 1
		else
			local word = text:match("^[%w_%.:%+%-]+", at) or bad("unexpected token: '" .. c .. "'")
			at = at + #word
			if word:find("^%d%d%d%d%-%d%d%-%d%dT") then
				local ms = twin.from_iso((word:gsub("%+0000$", "Z"))) or bad("unexpected token: '" .. word .. "'")
				list[#list + 1] = { kind = "literal", value = ms, type = "datetime" }
			elseif word:find("^%d%d%d%d%-%d%d%-%d%d$") then
				list[#list + 1] = { kind = "literal", value = word, type = "date" }
			elseif word:find("^[%+%-]?%d*%.?%d+$") then
				list[#list + 1] = { kind = "literal", value = tonumber(word), type = "number" }
			else
				list[#list + 1] = { kind = "word", value = word }
			end
		end
	end
end

-- ---- grammar ----------------------------------------------------------------------------------------

local P = {}
P.__index = P
function P:peek() return self.list[self.at] end
function P:next()
	local w = self.list[self.at] or bad("unexpected end of query")
	self.at = self.at + 1
	return w
end
function P:is(text)
	local w = self:peek()
	return w and w.kind ~= "literal" and w.value:lower() == text
end
function P:take(text)
	if not self:is(text) then return false end
	self.at = self.at + 1
	return true
end
function P:must(text)
	if not self:take(text) then bad(("unexpected token: '%s'"):format(self:peek() and tostring(self:peek().value) or "<EOF>")) end
end
function P:name()
	local w = self:next()
	if w.kind ~= "word" then bad(("unexpected token: '%s'"):format(tostring(w.value))) end
	return w.value
end

local parse_select

local function parse_columns(p)
	local out = {}
	repeat
		if p:is("(") then
			p:must("(")
			out[#out + 1] = { sub = parse_select(p) }
			p:must(")")
		else
			local name = p:name()
			if p:take("(") then
				if name:lower() == "fields" then
					out[#out + 1] = { all = p:name():lower() }
				elseif name:lower() == "count" and p:is(")") then
					out[#out + 1] = { count = true }
				else
					bad("unexpected token: '('")
				end
				p:must(")")
			else
				out[#out + 1] = { path = name }
			end
		end
	until not p:take(",")
	return out
end

local function parse_value(p)
	local w = p:next()
	if w.kind == "literal" then return { value = w.value, type = w.type } end
	local word = w.value:lower()
	if word == "true" or word == "false" then return { value = word == "true", type = "boolean" } end
	if word == "null" then return { type = "null" } end
	bad(("unexpected token: '%s'"):format(tostring(w.value)))
end

local parse_or

local function parse_comparison(p)
	if p:take("(") then
		local inner = parse_or(p)
		p:must(")")
		return inner
	end
	if p:take("not") then return { op = "not", a = parse_comparison(p) } end
	local path = p:name()
	local negated = p:take("not")
	if p:take("in") then
		p:must("(")
		local values = {}
		repeat values[#values + 1] = parse_value(p) until not p:take(",")
		p:must(")")
		return { op = negated and "notin" or "in", path = path, values = values }
	end
	if p:take("like") then return { op = "like", path = path, values = { parse_value(p) } } end
	local sign = p:next()
	if sign.kind ~= "sign" or not sign.value:find("^[=<>!]") then bad(("unexpected token: '%s'"):format(tostring(sign.value))) end
	return { op = sign.value == "<>" and "!=" or sign.value, path = path, values = { parse_value(p) } }
end

local function parse_and(p)
	local a = parse_comparison(p)
	while p:take("and") do a = { op = "and", a = a, b = parse_comparison(p) } end
	return a
end
parse_or = function(p)
	local a = parse_and(p)
	while p:take("or") do a = { op = "or", a = a, b = parse_and(p) } end
	return a
end

parse_select = function(p)
	p:must("select")
	local q = { columns = parse_columns(p), order = {} }
	p:must("from")
	q.from = p:name()
	if p:take("where") then q.where = parse_or(p) end
	if p:take("order") then
		p:must("by")
		repeat
			local by = { path = p:name() }
			if p:take("desc") then by.down = true else p:take("asc") end
			if p:take("nulls") then by.last = p:name():lower() == "last" end
			q.order[#q.order + 1] = by
		until not p:take(",")
	end
	if p:take("limit") then q.limit = parse_value(p).value end
	if p:take("offset") then q.offset = parse_value(p).value end
	return q
end

-- ---- against the objects -------------------------------------------------------------------------------

local function column(object, path)
	local at = object
	for relation in path:gmatch("([%w_]+)%.") do
		local f = schema.by_relation(at, relation)
		if not f then
			error({ code = "INVALID_FIELD", status = 400, message = ("Didn't understand relationship '%s' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name."):format(relation) }, 0)
		end
		at = schema.object(f.to)
	end
	local name = path:match("([%w_]+)$")
	local f = schema.field(at, name)
	if not f then
		error({ code = "INVALID_FIELD", status = 400, message = ("\nSELECT %s FROM %s\nERROR at Row:1:Column:8\nNo such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name."):format(name, object.name, name, at.name) }, 0)
	end
	return f
end

local KIND = { string = "text", textarea = "text", phone = "text", url = "text", email = "text", picklist = "text", id = "id", reference = "id", boolean = "boolean",
	currency = "number", double = "number", date = "date", datetime = "datetime" }

local function check_value(f, v, path)
	local kind = KIND[f.type]
	if v.type == "null" then return end
	if kind == "id" then
		if v.type ~= "string" or not org.id18(v.value) then
			error({ code = "INVALID_QUERY_FILTER_OPERATOR", status = 400, message = ("invalid ID field: %s"):format(tostring(v.value)) }, 0)
		end
		v.value = org.id18(v.value)
		return
	end
	local wanted = kind == "text" and "string" or kind
	if v.type ~= wanted and not (kind == "datetime" and v.type == "date") then
		error({ code = "INVALID_FIELD", status = 400, message = ("value of filter criterion for field '%s' must be of type %s%s"):format(path, f.type, wanted == "string" and " and should be enclosed in quotes" or " and should not be enclosed in quotes") }, 0)
	end
end

local function check(object, c)
	if not c then return end
	if c.a then
		check(object, c.a)
		check(object, c.b)
		return
	end
	c.field = column(object, c.path)
	if not c.field.filterable then
		error({ code = "INVALID_FIELD", status = 400, message = ("field '%s' can not be filtered in a query call"):format(c.path) }, 0)
	end
	for _, v in ipairs(c.values) do check_value(c.field, v, c.path) end
end

-- Returns the query, ready to be run.
function soql.prepare(text, from)
	local q = from or nil
	if not q then
		local p = setmetatable({ list = words_of(text), at = 1 }, P)
		q = parse_select(p)
		if p:peek() then bad(("unexpected token: '%s'"):format(tostring(p:peek().value))) end
	end
	q.object = q.object or schema.object(q.from)
	if not q.object then
		error({ code = "INVALID_TYPE", status = 400, message = ("\nSELECT ... FROM %s\nERROR at Row:1:Column:1\nsObject type '%s' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name."):format(q.from, q.from) }, 0)
	end
	for _, c in ipairs(q.columns) do
		if c.sub then
			local object, by, name = schema.children(q.object, c.sub.from)
			if not object then
				error({ code = "INVALID_TYPE", status = 400, message = ("Didn't understand relationship '%s' in FROM part of query call."):format(c.sub.from) }, 0)
			end
			c.by, c.name, c.sub.object = by, name, object
			soql.prepare(nil, c.sub)
		elseif c.all then
			if not q.limit or q.limit > 200 then bad("The SOQL FIELDS function must have a LIMIT of at most 200") end
		elseif c.path then
			c.field = column(q.object, c.path)
		end
	end
	check(q.object, q.where)
	for _, by in ipairs(q.order) do by.field = column(q.object, by.path) end
	return q
end

-- ---- over the rows --------------------------------------------------------------------------------------

local function value_at(object, row, path)
	local at, o = row, object
	for relation in path:gmatch("([%w_]+)%.") do
		local f = schema.by_relation(o, relation)
		o = schema.object(f.to)
		at = at and at[f.name] and org.row(o, at[f.name])
	end
	return at and at[schema.field(o, path:match("([%w_]+)$")).name]
end

local function comparable(f, v)
	if v == nil then return nil end
	if f.type == "datetime" and type(v) == "string" then return twin.from_iso(v .. "T00:00:00Z") end
	if type(v) == "string" and KIND[f.type] == "text" then return v:lower() end
	return v
end

local function pattern_of(like)
	local out = like:lower():gsub("[%^%$%(%)%.%[%]%*%+%-%?]", "%%%0"):gsub("\\%%%%", "\1"):gsub("%%", ".*"):gsub("\1", "%%%%"):gsub("_", ".")
	return "^" .. out .. "$"
end

local function holds(object, row, c)
	if not c then return true end
	if c.op == "and" then return holds(object, row, c.a) and holds(object, row, c.b) end
	if c.op == "or" then return holds(object, row, c.a) or holds(object, row, c.b) end
	if c.op == "not" then return not holds(object, row, c.a) end
	local v = comparable(c.field, value_at(object, row, c.path))
	if c.op == "in" or c.op == "notin" then
		local there = false
		for _, w in ipairs(c.values) do there = there or v == comparable(c.field, w.value) end
		return there == (c.op == "in")
	end
	local w = comparable(c.field, c.values[1].value)
	if c.op == "=" then return v == w end
	if c.op == "!=" then return v ~= w end
	if v == nil or w == nil then return false end
	if c.op == "like" then return v:find(pattern_of(c.values[1].value)) ~= nil end
	if c.op == "<" then return v < w end
	if c.op == "<=" then return v <= w end
	if c.op == ">" then return v > w end
	return v >= w
end

local function ordered(q, rows)
	local function less(a, b)
		for _, by in ipairs(q.order) do
			local x, y = comparable(by.field, value_at(q.object, a, by.path)), comparable(by.field, value_at(q.object, b, by.path))
			if type(x) == "boolean" then x = x and 1 or 0 end
			if type(y) == "boolean" then y = y and 1 or 0 end
			if x ~= y then
				if x == nil then return not by.last end
				if y == nil then return by.last or false end
				if by.down then return y < x end
				return x < y
			end
		end
		return a.Id < b.Id
	end
	table.sort(rows, less)
	return rows
end

-- Rows that a condition names by Id or by a unique field need not be searched for.
local function shortlist(q)
	local function of(c)
		if not c then return nil end
		if c.op == "and" then return of(c.a) or of(c.b) end
		if (c.op == "=" or c.op == "in") and not c.path:find(".", 1, true) then
			if c.field.type == "id" then
				local rows = {}
				for _, v in ipairs(c.values) do rows[#rows + 1] = org.row(q.object, v.value) end
				return rows
			end
		end
	end
	return of(q.where)
end

-- Ids of what the query finds, in its order.
function soql.run(q, deleted_too)
	local rows = {}
	local seen = {}
	local function look(row)
		if seen[row.Id] or (row.IsDeleted and not deleted_too) then return end
		seen[row.Id] = true
		if holds(q.object, row, q.where) then rows[#rows + 1] = row end
	end
	local short = shortlist(q)
	if short then
		for _, row in ipairs(short) do look(row) end
	else
		for _, row in pairs(org.rows(q.object)) do look(row) end
	end
	ordered(q, rows)
	local ids = {}
	for i = 1 + (q.offset or 0), #rows do
		if q.limit and #ids >= q.limit then break end
		ids[#ids + 1] = rows[i].Id
	end
	return ids
end

local function put_path(out, object, row, path)
	local head, rest = path:match("^([%w_]+)%.(.+)$")
	if not head then
		local f = schema.field(object, path)
		out[f.name] = org.shown(f, row[f.name])
		return
	end
	local f = schema.by_relation(object, head)
	local other = row[f.name] and org.row(schema.object(f.to), row[f.name])
	if not other then
		out[f.relation] = out[f.relation] or twin.null
		return
	end
	if not out[f.relation] or out[f.relation] == twin.null then out[f.relation] = org.with_attributes(schema.object(f.to), other) end
	put_path(out[f.relation], schema.object(f.to), other, rest)
end

-- One row as the query wants it shown.
function soql.shown(q, id, more)
	local row = org.row(q.object, id)
	local out = org.with_attributes(q.object, row)
	for _, c in ipairs(q.columns) do
		if c.sub then
			local sub = setmetatable({ where = { op = "and", a = { op = "=", path = c.by, field = schema.field(c.sub.object, c.by), values = { { value = id, type = "string" } } }, b = c.sub.where } }, { __index = c.sub })
			if not c.sub.where then sub.where = sub.where.a end
			local ids = org.children_of(c.sub.object, c.by, id, function(child) return holds(c.sub.object, child, c.sub.where) end)
			if #c.sub.order > 0 then ids = soql.run(sub) end
			out[c.name] = #ids == 0 and twin.null or more(c.sub, ids)
		elseif c.all then
			for _, f in ipairs(q.object.fields) do
				if c.all == "all" or (c.all == "custom") == (f.custom or false) then out[f.name] = org.shown(f, row[f.name]) end
			end
		else
			put_path(out, q.object, row, c.path)
		end
	end
	return out
end

return soql
