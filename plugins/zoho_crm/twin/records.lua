-- records.lua - what the organisation holds: validation, uniqueness, rows, totals, links, the recycle bin.
local schema = require "twin.schema"
local channels = require "twin.channels"

local records = {}
local null, array = twin.null, twin.array

local USER = { name = "Patricia Boyle", id = "5725767000000411001" }
records.USER = USER

-- ---- answers ---------------------------------------------------------------------------------------

function records.err(code, message, details) return { code = code, details = details or {}, message = message, status = "error" } end

local function invalid(name, path, more)
	local details = { api_name = name, json_path = path }
	for k, v in pairs(more or {}) do details[k] = v end
	return records.err("INVALID_DATA", "invalid data", details)
end

-- ---- what there is -----------------------------------------------------------------------------------

function records.new_id()
	twin.state.last_id = twin.state.last_id + 1
	return ("5725767000000%06d"):format(500000 + twin.state.last_id)
end

function records.all(module) return twin.state.modules[module] or {} end

function records.get(module, id) return type(id) == "string" and records.all(module)[id] or nil end

-- Ids, oldest first.
function records.ids(module)
	local list = {}
	for id in pairs(records.all(module)) do list[#list + 1] = id end
	table.sort(list)
	return list
end

-- What a lookup shows: name and id.
local function name_of(module, r)
	local m = schema.module(module)
	if m.name_field == "Full_Name" then
		local first, last = r.fields.First_Name, r.fields.Last_Name
		return first and first ~= "" and first .. " " .. (last or "") or last or ""
	end
	return r.fields[m.name_field] or ""
end
records.name_of = name_of

local function time(ms) return twin.iso(ms, twin.settings.offset_minutes) end
records.time = time

local function shown(f, value)
	if value == nil then return null end
	if f.type == "lookup" then
		local r = records.get(f.of, value)
		return r and { name = name_of(f.of, r), id = value } or null
	end
	return value
end

local function shown_rows(f, rows)
	local list = array {}
	for i, row in ipairs(rows or {}) do
		local out = { id = row.id }
		for _, inner in ipairs(schema.ROWS[f.of]) do out[inner.name] = shown(inner, row[inner.name]) end
		for _, name in ipairs { "Total", "Net_Total" } do out[name] = row[name] end
		list[i] = out
	end
	return list
end

-- only: a set of names, or nil: all of it, rows too.
function records.show(module, id, only, snapshot)
	local m, r = schema.module(module), records.get(module, id)
	local fields = snapshot or r.fields
	local out = { id = id }
	for _, f in ipairs(schema.fields(m)) do
		if f.type == "subform" then
			if not only then out[f.name] = shown_rows(f, fields[f.name]) end
		elseif not only or only[f.name] then
			out[f.name] = shown(f, fields[f.name])
		end
	end
	if not only or only.Created_Time then out.Created_Time = time(r.created) end
	if not only or only.Modified_Time then out.Modified_Time = time(r.modified) end
	if not only then
		out.Owner, out.Created_By, out.Modified_By = USER, USER, USER
		out["$approved"], out["$editable"], out["$approval_state"] = true, true, "approved"
		if m.name_field == "Full_Name" then out.Full_Name = name_of(module, r) end
		out.Last_Activity_Time = time(r.modified)
	end
	return out
end

-- ---- values that come in --------------------------------------------------------------------------------

local function is_date(text)
	local y, mo, d = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
	return y ~= nil and twin.from_iso(text .. "T00:00:00Z") ~= nil and tonumber(mo) <= 12 and tonumber(d) <= 31
end

local TYPES = {
	text = function(v, f) return type(v) == "string", "text" end,
	boolean = function(v) return type(v) == "boolean", "boolean" end,
	integer = function(v) return math.type(v) == "integer", "integer" end,
	double = function(v) return type(v) == "number", "double" end,
	date = function(v) return type(v) == "string" and is_date(v), "date" end,
	datetime = function(v) return type(v) == "string" and twin.from_iso(v) ~= nil, "datetime" end,
	email = function(v) return type(v) == "string" and v:match("^[^@%s]+@[^@%s]+%.[^@%s]+$") ~= nil, "email" end,
	json = function() return true end,
}
for _, same in ipairs { "textarea", "phone", "website", "picklist", "autonumber" } do TYPES[same] = TYPES.text end
TYPES.currency = TYPES.double

local function one_of(list, value)
	for _, v in ipairs(list) do
		if v == value then return true end
	end
	return false
end

-- The value as it is kept, or nil and the error.
local function taken(m, f, value, path)
	if f.type == "lookup" then
		local id = type(value) == "table" and value.id or value
		if type(id) ~= "string" then return nil, invalid(f.name, path, { expected_data_type = "jsonobject" }) end
		if not records.get(f.of, id) then
			return nil, records.err("INVALID_DATA", "the id given seems to be invalid", { api_name = "id", json_path = path .. ".id", parent_api_name = f.name })
		end
		return id
	end
	local well, expected = TYPES[f.type](value)
	if not well then return nil, invalid(f.name, path, { expected_data_type = expected }) end
	if type(value) == "string" and f.length and #value > f.length and utf8.len(value) > f.length then
		return nil, invalid(f.name, path, { maximum_length = f.length })
	end
	if f.values and not one_of(f.values, value) then return nil, invalid(f.name, path, { expected_data_type = "picklist" }) end
	return value
end

local function cents(n) return n and math.floor(n * 100 + 0.5) or 0 end

-- Rows by id: kept and changed, added, or taken out; what is not named stays.
local function rows_taken(f, old, given, path)
	if not twin.is_array(given) then return nil, invalid(f.name, path, { expected_data_type = "jsonarray" }) end
	local rows, at = {}, {}
	for i, row in ipairs(old or {}) do
		rows[i] = twin.copy(row)
		at[row.id] = rows[i]
	end
	local gone = {}
	for i, row in ipairs(given) do
		local here = ("%s[%d]"):format(path, i - 1)
		if type(row) ~= "table" then return nil, invalid(f.name, here, { expected_data_type = "jsonobject" }) end
		local target
		if row.id ~= nil then
			target = at[row.id]
			if not target then return nil, records.err("INVALID_DATA", "the id given seems to be invalid", { api_name = "id", json_path = here .. ".id" }) end
			if row._delete ~= nil then gone[row.id] = true end
		else
			target = { id = records.new_id() }
			rows[#rows + 1] = target
		end
		for _, inner in ipairs(schema.ROWS[f.of]) do
			local value = row[inner.name]
			if value == null then target[inner.name] = nil
			elseif value ~= nil then
				local kept, why = taken(nil, inner, value, here .. "." .. inner.name)
				if why then return nil, why end
				target[inner.name] = kept
			end
			if inner.must and target[inner.name] == nil and not gone[target.id] then
				return nil, records.err("MANDATORY_NOT_FOUND", "required field not found", { api_name = inner.name, json_path = here .. "." .. inner.name })
			end
		end
	end
	local kept = {}
	for _, row in ipairs(rows) do
		if not gone[row.id] then kept[#kept + 1] = row end
	end
	return kept
end

-- Quotes, orders and invoices add up by themselves.
local function total(m, fields)
	if not m.by_name.Grand_Total then return end
	local sub, discount, tax = 0, 0, 0
	for _, f in ipairs(m.list) do
		if f.type == "subform" then
			for _, row in ipairs(fields[f.name] or {}) do
				local amount = math.floor((row.Quantity or 1) * (row.List_Price or 0) * 100 + 0.5)
				row.Total = amount / 100
				row.Net_Total = (amount - cents(row.Discount)) / 100
				sub = sub + amount - cents(row.Discount)
				for _, t in ipairs(type(row.Line_Tax) == "table" and row.Line_Tax or {}) do
					tax = tax + math.floor((amount - cents(row.Discount)) * (t.percentage or 0) / 100 + 0.5)
				end
			end
		end
	end
	fields.Sub_Total, fields.Discount, fields.Tax = sub / 100, discount / 100, tax / 100
	fields.Grand_Total = (sub - discount + tax + cents(fields.Adjustment)) / 100
end

local function other_with(module, f, value, id)
	for _, other in ipairs(records.ids(module)) do
		local there = records.get(module, other).fields[f.name]
		if other ~= id and there ~= nil and tostring(there):lower() == tostring(value):lower() then return other end
	end
end

-- The fields that record (new: nil) would have; or nil and the error.
local function merged(m, id, given, path)
	local old = id and records.get(m.api_name, id).fields or {}
	local fields = twin.copy(old)
	for name, value in pairs(given) do
		local f = schema.field(m, name)
		local here = path .. "." .. name
		if f and not f.ro then
			if value == null then fields[name] = nil
			else
				local kept, why
				if f.type == "subform" then kept, why = rows_taken(f, old[name], value, here) else kept, why = taken(m, f, value, here) end
				if why then return nil, why end
				fields[name] = kept
			end
		end
	end
	for _, f in ipairs(schema.fields(m)) do
		local value = fields[f.name]
		local empty = value == nil or value == "" or (f.type == "subform" and #value == 0)
		if schema.is_mandatory(m, f) and empty and (not id or given[f.name] ~= nil) then
			return nil, records.err("MANDATORY_NOT_FOUND", "required field not found", { api_name = f.name, json_path = path .. "." .. f.name })
		end
		if f.unique and value ~= nil and given[f.name] ~= nil then
			local other = other_with(m.api_name, f, value, id)
			if other then
				return nil, records.err("DUPLICATE_DATA", "duplicate data", { api_name = f.name, json_path = path .. "." .. f.name,
					duplicate_record = { module = { api_name = m.api_name, id = "5725767000000002177" }, Owner = USER, id = other } })
			end
		end
	end
	total(m, fields)
	return fields
end

-- ---- writing -------------------------------------------------------------------------------------------

local function store(module, id, fields, operation)
	local now = twin.now()
	twin.state.modules[module] = twin.state.modules[module] or {}
	local r = twin.state.modules[module][id]
	if r then
		r.before, r.before_until = r.fields, r.modified
		r.fields, r.modified = fields, math.max(now, r.modified)
	else
		r = { fields = fields, created = now, modified = now }
		twin.state.modules[module][id] = r
	end
	twin.changed()
	channels.raise(module, id, operation)
	return r
end

local function success(module, id, r, message)
	return { code = "SUCCESS", status = "success", message = message, details = { id = id, Created_Time = time(r.created), Modified_Time = time(r.modified),
		Created_By = USER, Modified_By = USER } }
end

function records.insert(module, given, path)
	local m = schema.module(module)
	local fields, why = merged(m, nil, given, path)
	if not fields then return why end
	local id = records.new_id()
	if module == "Products" and fields.Product_Active == nil then fields.Product_Active = true end
	if m.by_name.Invoice_Number then
		twin.state.last_invoice = (twin.state.last_invoice or 1000) + 1
		fields.Invoice_Number = tostring(twin.state.last_invoice)
	end
	local r = store(module, id, fields, "insert")
	local entry = success(module, id, r, "record added")
	entry.details["$approval_state"] = "approved"
	return entry
end

local function no_such_id(path) return records.err("INVALID_DATA", "the id given seems to be invalid", { api_name = "id", json_path = path .. ".id" }) end

function records.update(module, id, given, path)
	local r = records.get(module, id)
	if not r then return no_such_id(path) end
	if r.locked then return records.err("RECORD_LOCKED", "the record is locked", { id = id }) end
	local fields, why = merged(schema.module(module), id, given, path)
	if not fields then return why end
	return success(module, id, store(module, id, fields, "update"), "record updated")
end

-- By the fields that were named, else by the module's own, then the unique ones.
function records.upsert(module, given, check, path)
	local m = schema.module(module)
	local names = check
	if not names then
		names = {}
		local own = schema.system_field(m)
		if own then names[1] = own.name end
		for _, f in ipairs(schema.fields(m)) do
			if f.unique then names[#names + 1] = f.name end
		end
	end
	for _, name in ipairs(names) do
		local value = given[name]
		local there = value ~= nil and value ~= null and other_with(module, m.by_name[name], value)
		if there then
			local entry = records.update(module, there, given, path)
			if entry.status == "success" then entry.action, entry.duplicate_field = "update", name end
			return entry
		end
	end
	local entry = records.insert(module, given, path)
	if entry.status == "success" then entry.action, entry.duplicate_field = "insert", null end
	return entry
end

-- Lookups that pointed at it point at nothing, or at what took its place.
local function repoint(module, from, to)
	for name in pairs(twin.state.modules) do
		local m = schema.module(name)
		for _, f in ipairs(m and m.list or {}) do
			if f.type == "lookup" and f.of == module then
				for _, id in ipairs(records.ids(name)) do
					local r = records.get(name, id)
					if r.fields[f.name] == from then
						r.fields[f.name] = to
						r.modified = twin.now()
					end
				end
			end
		end
	end
	for deal, links in pairs(twin.state.deal_products) do
		for i = #links, 1, -1 do
			if links[i] == from then
				if to then links[i] = to else table.remove(links, i) end
			end
		end
		twin.state.deal_products[deal] = links
	end
end

local function bury(module, id, kind)
	local r = records.get(module, id)
	table.insert(twin.state.deleted, { module = module, id = id, name = name_of(module, r), at = twin.now(), type = kind, record = twin.copy(r) })
	twin.state.modules[module][id] = nil
	twin.state.deal_products[id] = nil
	twin.changed()
	channels.raise(module, id, "delete")
end

function records.delete(module, id, path)
	if not records.get(module, id) then return no_such_id(path or "$") end
	bury(module, id, "recycle")
	repoint(module, id, nil)
	return { code = "SUCCESS", status = "success", message = "record deleted", details = { id = id } }
end

-- What was the child's is the master's; its own empty members are filled.
function records.merge(module, master, child)
	local into, from = records.get(module, master), records.get(module, child)
	if not into or not from then return false end
	local fields = twin.copy(into.fields)
	for name, value in pairs(from.fields) do
		if fields[name] == nil and name ~= "External_Id" then fields[name] = value end
	end
	bury(module, child, "permanent")
	repoint(module, child, master)
	store(module, master, fields, "update")
	return true
end

-- ---- products of deals ------------------------------------------------------------------------------------

function records.links(deal)
	twin.state.deal_products[deal] = twin.state.deal_products[deal] or {}
	return twin.state.deal_products[deal]
end

function records.link(deal, product)
	for _, id in ipairs(records.links(deal)) do
		if id == product then return end
	end
	table.insert(records.links(deal), product)
	twin.changed()
end

function records.unlink(deal, product)
	local links = records.links(deal)
	for i = #links, 1, -1 do
		if links[i] == product then
			table.remove(links, i)
			twin.changed()
			return true
		end
	end
	return false
end

-- ---- by value ------------------------------------------------------------------------------------------------

-- A field's value as searches compare it; nested: "Account_Name.Account_Name", "Account_Name.id".
function records.value(module, id, path, fields)
	local r = records.get(module, id)
	fields = fields or r.fields
	if path == "id" then return id, "bigint" end
	if path == "Created_Time" then return r.created, "datetime" end
	if path == "Modified_Time" then return r.modified, "datetime" end
	local head, rest = path:match("^([^.]+)%.(.+)$")
	local f = schema.field(schema.module(module), head or path)
	if not f then return nil, nil end
	local value = fields[f.name]
	if not rest then return value, f.type end
	if f.type ~= "lookup" then return nil, nil end
	if value == nil then return nil, "text" end
	if rest == "name" then return name_of(f.of, records.get(f.of, value)), "text" end
	return records.value(f.of, value, rest)
end

return records
