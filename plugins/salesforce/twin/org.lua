-- org.lua - the org's rows: ids, checks on the way in, what is computed, what is undone together, the recycle bin.
local decimal = require "decimal"
local schema = require "twin.schema"

local org = {}

local DAY = 86400000
local BASE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

-- ---- ids ----------------------------------------------------------------------------------------------

-- The last three of 18: which of the 15 are capital letters, five to a character.
local function checksum(id)
	local out = {}
	for part = 0, 2 do
		local bits = 0
		for i = 0, 4 do
			if id:sub(part * 5 + i + 1, part * 5 + i + 1):find("%u") then bits = bits | 1 << i end
		end
		out[#out + 1] = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"):sub(bits + 1, bits + 1)
	end
	return id .. table.concat(out)
end

function org.id18(text)
	if type(text) ~= "string" or not text:find("^%w+$") then return nil end
	if #text == 15 then return checksum(text) end
	return #text == 18 and checksum(text:sub(1, 15)) == text and text or nil
end

function org.new_id(prefix)
	local n, digits = twin.state.next_id, {}
	twin.state.next_id = n + 1
	for i = 9, 1, -1 do
		digits[i] = BASE:sub(n % 62 + 1, n % 62 + 1)
		n = n // 62
	end
	return checksum(prefix .. twin.settings.pod .. table.concat(digits))
end

-- ---- rows -----------------------------------------------------------------------------------------------

function org.rows(object)
	twin.state.rows[object.name] = twin.state.rows[object.name] or {}
	return twin.state.rows[object.name]
end
function org.row(object, id) return org.rows(object)[org.id18(id) or ""] end

-- What is looked up often: unique values, and children by their parent.  Rebuilt from the rows.
local unique, children = {}, {}

local function unique_of(object, f)
	local key = object.name .. "." .. f.name
	unique[key] = unique[key] or {}
	return unique[key]
end

local function child_list(object, by, id)
	local key = object.name .. "." .. by
	children[key] = children[key] or {}
	children[key][id] = children[key][id] or {}
	return children[key][id]
end

local function index(object, row, there)
	for _, f in ipairs(object.fields) do
		local v = row[f.name]
		if v ~= nil then
			if f.externalId or f.unique then
				local list = unique_of(object, f)
				local low = tostring(v):lower()
				list[low] = list[low] or {}
				list[low][row.Id] = there and not row.IsDeleted or nil
			elseif f.type == "reference" then
				child_list(object, f.name, v)[row.Id] = there or nil
			end
		end
	end
end

function org.forget_indices()
	unique, children = {}, {}
	for _, object in pairs(schema.objects) do
		for _, row in pairs(org.rows(object)) do index(object, row, true) end
	end
end

function org.children_of(object, by, id, fits)
	local ids = {}
	for child in pairs(child_list(object, by, id)) do
		local row = org.row(object, child)
		if row and not row.IsDeleted and (not fits or fits(row)) then ids[#ids + 1] = child end
	end
	table.sort(ids)
	return ids
end

-- Rows with that value in a field that is an external id.
function org.by_external(object, f, value)
	local out = {}
	if f.name == "Id" then
		local row = org.row(object, value)
		return row and not row.IsDeleted and { row } or {}
	end
	for id in pairs(unique_of(object, f)[tostring(value):lower()] or {}) do out[#out + 1] = org.row(object, id) end
	table.sort(out, function(a, b) return a.Id < b.Id end)
	return out
end

-- ---- together or not at all --------------------------------------------------------------------------------

local undo -- what was there before, newest last; nil: nothing is to be undone

local function put(object, id, row)
	local rows = org.rows(object)
	local before = rows[id]
	if undo then undo[#undo + 1] = { object, id, before } end
	if before then index(object, before, false) end
	rows[id] = row
	if row then index(object, row, true) end
	twin.changed()
end

-- fn() -> keep: false undoes all that it wrote; whatever it raises undoes it, too, and goes on up.
function org.together(fn)
	local outer = undo
	local mine = {}
	undo = mine
	local fine, keep, more = pcall(fn)
	undo = outer
	if fine and keep then
		if outer then table.move(mine, 1, #mine, #outer + 1, outer) end
	else
		for i = #mine, 1, -1 do
			local object, id, before = mine[i][1], mine[i][2], mine[i][3]
			local rows = org.rows(object)
			if rows[id] then index(object, rows[id], false) end
			rows[id] = before
			if before then index(object, before, true) end
		end
	end
	if not fine then error(keep, 0) end
	return keep, more
end

-- ---- what is wrong with a value ----------------------------------------------------------------------------

local function fail(code, message, fields, status) error({ code = code, message = message, fields = fields, status = status or 400 }, 0) end
org.fail = fail

local function is_date(v) return v:find("^%d%d%d%d%-%d%d%-%d%d$") and twin.from_iso(v .. "T00:00:00Z") ~= nil end

local NUMBERS = { currency = true, double = true }

local function looked_up(f, v)
	-- {"QBD_Id__c": "8000"}: a record by a field of its own that is an external id.
	local to = schema.object(f.to)
	for name, value in pairs(v) do
		if name ~= "attributes" then
			local other = schema.field(to, name)
			if not other or not (other.externalId or other.idLookup) then
				fail("INVALID_FIELD", ("%s is not an External ID field for %s"):format(name, to.name), { name })
			end
			local found = org.by_external(to, other, value)
			if #found ~= 1 then
				fail(#found == 0 and "INVALID_FIELD" or "DUPLICATE_EXTERNAL_ID", ("Foreign key external ID: %s not %s for field %s in entity %s"):format(tostring(value):lower(),
					#found == 0 and "found" or "unique", name, to.name), {})
			end
			return found[1].Id
		end
	end
end

local function checked(object, f, v)
	local function garbled(kind) fail("JSON_PARSER_ERROR", ("Cannot deserialize instance of %s from %s value %s"):format(kind, type(v) == "string" and "VALUE_STRING" or "VALUE", tostring(v))) end
	if f.type == "boolean" then
		if type(v) ~= "boolean" then garbled("boolean") end
	elseif NUMBERS[f.type] then
		if type(v) ~= "number" then garbled(f.type) end
		if math.abs(v) >= 10 ^ ((f.precision or 18) - (f.scale or 0)) then fail("NUMBER_OUTSIDE_VALID_RANGE", f.name .. ": value outside of valid range on numeric field", { f.name }) end
		v = tonumber(("%." .. (f.scale or 0) .. "f"):format(v))
	elseif f.type == "date" then
		if type(v) ~= "string" or not is_date(v:sub(1, 10)) then garbled("date") end
		v = v:sub(1, 10)
	elseif f.type == "reference" then
		local id = org.id18(v)
		if not id then fail("MALFORMED_ID", ("%s: id value of incorrect type: %s"):format(f.label, tostring(v)), { f.name }) end
		local other = org.row(schema.object(f.to), id)
		if not other then fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", { f.name }) end
		if other.IsDeleted then fail("ENTITY_IS_DELETED", "entity is deleted", { f.name }) end
		return id
	else
		if type(v) ~= "string" then
			if type(v) ~= "number" then garbled(f.type) end
			v = tostring(v)
		end
		if f.length and utf8.len(v) and utf8.len(v) > f.length then
			fail("STRING_TOO_LONG", ("%s: data value too large: %s (max length=%d)"):format(f.label, v:sub(1, 255), f.length), { f.name })
		end
		if f.type == "email" and not v:find("^[^%s@]+@[^%s@]+%.[^%s@]+$") then fail("INVALID_EMAIL_ADDRESS", ("%s: invalid email address: %s"):format(f.label, v), { f.name }) end
		if f.restricted then
			local known = false
			for _, w in ipairs(f.values) do known = known or w == v end
			if not known then fail("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ("%s: bad value for restricted picklist field: %s"):format(f.label, v), { f.name }) end
		end
	end
	return v
end

-- The body as rows keep it: names as the object spells them, references as ids; null and "" are nil (`cleared`).
local function taken(object, body, creating)
	local values, cleared, refused = {}, {}, {}
	for name, v in pairs(body) do
		if name ~= "attributes" then
			local f = schema.field(object, name)
			if not f and type(v) == "table" and v ~= twin.null then
				f = schema.by_relation(object, name)
				if f then v = looked_up(f, v) end
			end
			if not f then fail("INVALID_FIELD", ("No such column '%s' on sobject of type %s"):format(name, object.name)) end
			if f.name ~= "Id" then
				if not (creating and f.createable or not creating and f.updateable) then refused[#refused + 1] = f.name end
				if v == twin.null or v == "" then cleared[f.name] = true else values[f.name] = checked(object, f, v) end
			elseif creating then
				fail("INVALID_FIELD", "cannot specify Id in an insert call", { "Id" })
			end
		end
	end
	if #refused > 0 then
		table.sort(refused)
		fail("INVALID_FIELD_FOR_INSERT_UPDATE", ("Unable to create/update fields: %s. Please check the security settings of this field and verify that it is read/write for your profile or permission set."):format(table.concat(refused, ", ")), refused)
	end
	return values, cleared
end

local function check_required(object, row)
	local lacking = {}
	for _, f in ipairs(object.fields) do
		if not f.nillable and f.createable and f.type ~= "boolean" and row[f.name] == nil then lacking[#lacking + 1] = f.name end
	end
	if #lacking > 0 then
		fail("REQUIRED_FIELD_MISSING", ("Required fields are missing: [%s]"):format(table.concat(lacking, ", ")), lacking)
	end
end

local function check_unique(object, row)
	for _, f in ipairs(object.fields) do
		if f.unique and row[f.name] ~= nil then
			for id in pairs(unique_of(object, f)[tostring(row[f.name]):lower()] or {}) do
				if id ~= row.Id then
					fail("DUPLICATE_VALUE", ("duplicate value found: %s duplicates value on record with id: %s"):format(f.name, id:sub(1, 15)), {})
				end
			end
		end
	end
end

-- ---- what objects have of their own ----------------------------------------------------------------------------

-- Amounts as whole numbers of so many places, and back.
local function exact(v, places) return decimal.parse(("%." .. places .. "f"):format(v), places) end
local function plain(n, places) return tonumber(decimal.text(n, places)) end
local function product(a, b) return plain(decimal.times(exact(a, 2), exact(b, 2), 2), 2) end

-- Times of a row are whole seconds there (SOURCES.md 2).
function org.now() return twin.now() // 1000 * 1000 end

local function stamp(row, now, user)
	row.LastModifiedDate, row.SystemModstamp, row.LastModifiedById = now, now, user or twin.state.user
end

local function total_of(object, by, id)
	local sum = 0
	for _, child in ipairs(org.children_of(object, by, id)) do sum = sum + exact(org.row(object, child).TotalPrice or 0, 2) end
	return plain(sum, 2), #org.children_of(object, by, id)
end

-- A document's total is that of its lines.
local function rolled_up(line_object, line)
	local parent = schema.object(line_object.name == "OrderItem" and "Order" or "Opportunity")
	local id = line[line_object.parent]
	local row = twin.copy(org.row(parent, id))
	local total, count = total_of(line_object, line_object.parent, id)
	if parent.name == "Order" then
		row.TotalAmount = total
	else
		row.Amount, row.HasOpportunityLineItem = total, count > 0
		if not row.Pricebook2Id then row.Pricebook2Id = org.row(schema.object "PricebookEntry", line.PricebookEntryId).Pricebook2Id end
	end
	stamp(row, org.now())
	put(parent, id, row)
end

local function check_line(object, row, body)
	local entry = org.row(schema.object "PricebookEntry", row.PricebookEntryId)
	local parent = org.row(schema.object(object.name == "OrderItem" and "Order" or "Opportunity"), row[object.parent])
	if object.name == "OrderItem" and not parent.Pricebook2Id then
		fail("FIELD_INTEGRITY_EXCEPTION", "the order has no price book", { "PricebookEntryId" })
	end
	if object.name == "OrderItem" and parent.Status ~= "Draft" then fail("FAILED_ACTIVATION", "unable to modify the products of an activated order", {}) end
	if not entry.IsActive then fail("FIELD_INTEGRITY_EXCEPTION", "field integrity exception: PricebookEntryId (pricebook entry is inactive)", { "PricebookEntryId" }) end
	if parent.Pricebook2Id and parent.Pricebook2Id ~= entry.Pricebook2Id then
		fail("FIELD_INTEGRITY_EXCEPTION", "field integrity exception: PricebookEntryId (pricebook entry is in a different pricebook than the one assigned to the opportunity)", { "PricebookEntryId" })
	end
	if twin.settings.currencies == "many" and entry.CurrencyIsoCode ~= parent.CurrencyIsoCode then
		fail("FIELD_INTEGRITY_EXCEPTION", "The currency code of the pricebook entry does not match that of its document", { "PricebookEntryId" })
	end
	if row.Quantity == 0 then fail("FIELD_INTEGRITY_EXCEPTION", "Quantity must be nonzero", { "Quantity" }) end
	if body.UnitPrice ~= nil and body.TotalPrice ~= nil then fail("FIELD_INTEGRITY_EXCEPTION", "specify either UnitPrice or TotalPrice, not both", { "UnitPrice", "TotalPrice" }) end
	if body.TotalPrice ~= nil then
		row.UnitPrice = plain(decimal.divide(exact(row.TotalPrice, 2) * 100, exact(row.Quantity, 2)), 2)
	else
		if row.UnitPrice == nil then row.UnitPrice = entry.UnitPrice end
		if body.UnitPrice ~= nil or body.Quantity ~= nil or row.TotalPrice == nil then row.TotalPrice = product(row.UnitPrice, row.Quantity) end
	end
	local p = org.row(schema.object "Product2", entry.Product2Id)
	row.Product2Id, row.ListPrice, row.ProductCode = entry.Product2Id, entry.UnitPrice, p.ProductCode
	if object.name == "OpportunityLineItem" then row.Name = ((parent.Name or "") .. " " .. p.Name):sub(1, 376) end
end

local function stage_of(name)
	for _, s in ipairs(schema.STAGES) do
		if s[1] == name then return s end
	end
	return { name, "open", "Pipeline" }
end

local OWN = {}

function OWN.Opportunity(object, row, body, before)
	local stage = stage_of(row.StageName)
	row.IsClosed, row.IsWon = stage[2] ~= "open", stage[2] == "won"
	if body.ForecastCategoryName == nil and (not before or before.StageName ~= row.StageName) then row.ForecastCategoryName = stage[3] end
	if before and before.HasOpportunityLineItem then
		if body.Pricebook2Id ~= nil and before.Pricebook2Id ~= row.Pricebook2Id then
			fail("FIELD_INTEGRITY_EXCEPTION", "field integrity exception: Pricebook2Id (the price book cannot be changed while there are products)", { "Pricebook2Id" })
		end
		if body.Amount ~= nil then row.Amount = before.Amount end
	end
end

function OWN.Order(object, row, body, before)
	if not before then
		row.OrderNumber = ("%08d"):format(twin.state.next_order)
		twin.state.next_order = twin.state.next_order + 1
		row.TotalAmount = 0.0
		if row.Status ~= "Draft" then fail("FAILED_ACTIVATION", "Choose a valid order status and save your changes.", { "Status" }) end
	end
end

function OWN.PricebookEntry(object, row, body, before)
	local books, p = schema.object "Pricebook2", org.row(schema.object "Product2", row.Product2Id)
	local standard = org.row(books, row.Pricebook2Id).IsStandard
	row.Name, row.ProductCode = p.Name, p.ProductCode
	if before then return end
	for _, id in ipairs(org.children_of(object, "Product2Id", row.Product2Id)) do
		local other = org.row(object, id)
		if other.CurrencyIsoCode == row.CurrencyIsoCode then
			if other.Pricebook2Id == row.Pricebook2Id then fail("DUPLICATE_VALUE", "This price definition already exists in this price book", {}) end
			if org.row(books, other.Pricebook2Id).IsStandard then standard = true end
		end
	end
	if not standard then fail("STANDARD_PRICE_NOT_DEFINED", "Before creating a custom price, create a standard price.", {}) end
end

OWN.OpportunityLineItem = check_line
OWN.OrderItem = check_line

function OWN.Contact(_, row) row.Name = ((row.FirstName and row.FirstName .. " " or "") .. row.LastName):sub(1, 121) end

-- An account of that name is there: what the org's duplicate rule says to that.
local function duplicate_rule(object, row, allow)
	if object.name ~= "Account" or twin.settings.duplicate_rule == "off" or (allow and twin.settings.duplicate_rule == "allow") then return end
	for _, other in pairs(org.rows(object)) do
		if not other.IsDeleted and other.Id ~= row.Id and other.Name:lower() == row.Name:lower() then
			error({ code = "DUPLICATES_DETECTED", message = "Use one of these records?", status = 400, fields = {}, match = other.Id }, 0)
		end
	end
end

-- ---- writing -----------------------------------------------------------------------------------------------------

local function fault_on(object, body)
	local text = twin.json.encode(body)
	if twin.fault("lock", { path = object.name, body = text }) then fail("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: 001Ac0000000001", {}) end
	local f = twin.fault("refuse", { path = object.name, body = text })
	if f then fail(f.code or "FIELD_CUSTOM_VALIDATION_EXCEPTION", f.message or "a validation rule says no", f.fields or {}, f.status) end
end

function org.insert(object, body, how)
	how = how or {}
	fault_on(object, body)
	local values = taken(object, body, true)
	local now = org.now()
	local row = { Id = org.new_id(object.prefix), CreatedDate = now, CreatedById = how.user or twin.state.user, IsDeleted = false }
	for _, f in ipairs(object.fields) do
		if f.default ~= nil and row[f.name] == nil then row[f.name] = f.default end
	end
	for k, v in pairs(values) do row[k] = v end
	if schema.field(object, "CurrencyIsoCode") and not row.CurrencyIsoCode then row.CurrencyIsoCode = twin.settings.currency end
	stamp(row, now, how.user)
	check_required(object, row)
	if OWN[object.name] then OWN[object.name](object, row, body) end
	check_unique(object, row)
	duplicate_rule(object, row, how.allow_duplicates)
	put(object, row.Id, row)
	if object.parent then rolled_up(object, row) end
	return row
end

function org.existing(object, id)
	local row = org.row(object, id)
	if not row then fail("NOT_FOUND", "The requested resource does not exist", nil, 404) end
	if row.IsDeleted then fail("ENTITY_IS_DELETED", "entity is deleted", {}, 404) end
	return row
end

function org.update(object, id, body, how)
	how = how or {}
	fault_on(object, body)
	local before = org.existing(object, id)
	local values, cleared = taken(object, body, false)
	local row = twin.copy(before)
	for k, v in pairs(values) do row[k] = v end
	for k in pairs(cleared) do row[k] = schema.field(object, k).default end
	stamp(row, org.now(), how.user)
	check_required(object, row)
	if OWN[object.name] then OWN[object.name](object, row, body, before) end
	check_unique(object, row)
	put(object, row.Id, row)
	if object.parent then rolled_up(object, row) end
	return row
end

-- Into the recycle bin, with what belongs to it.
function org.delete(object, id, how)
	how = how or {}
	local row = twin.copy(org.existing(object, id))
	row.IsDeleted = true
	stamp(row, org.now(), how.user)
	for _, def in pairs(object.children) do
		local child = schema.object(def[1])
		if child.parent == def[2] then
			for _, c in ipairs(org.children_of(child, def[2], row.Id)) do org.delete(child, c, { user = how.user, with_parent = true }) end
		end
	end
	put(object, row.Id, row)
	if object.parent and not how.with_parent then rolled_up(object, row) end
end

function org.undelete(object, id)
	local row = twin.copy(org.row(object, id) or fail("NOT_FOUND", "no such record", nil, 404))
	row.IsDeleted, row.MasterRecordId = false, nil
	stamp(row, org.now())
	put(object, row.Id, row)
	return row
end

-- As in the merge of the pages: what points at the losers points at the winner, who takes what he lacks.
function org.merge(object, winner, losers)
	local w = twin.copy(org.existing(object, winner))
	for _, id in ipairs(losers) do
		local l = twin.copy(org.existing(object, id))
		for _, other in pairs(schema.objects) do
			for _, f in ipairs(other.fields) do
				if f.to == object.name and f.name ~= "MasterRecordId" then
					for _, child in ipairs(org.children_of(other, f.name, l.Id)) do
						local moved = twin.copy(org.row(other, child))
						moved[f.name] = w.Id
						stamp(moved, org.now())
						put(other, child, moved)
					end
				end
			end
		end
		l.IsDeleted, l.MasterRecordId = true, w.Id
		stamp(l, org.now())
		put(object, l.Id, l)
		for _, f in ipairs(object.fields) do
			if w[f.name] == nil and f.updateable then w[f.name] = l[f.name] end
		end
	end
	stamp(w, org.now())
	put(object, w.Id, w)
	return w
end

-- After 15 days the bin forgets, as if it had never been.
function org.empty_bin()
	local object_rows = twin.state.rows
	for name, rows in pairs(object_rows) do
		local object = schema.object(name)
		for id, row in pairs(rows) do
			if row.IsDeleted and row.SystemModstamp < twin.now() - 15 * DAY then
				index(object, row, false)
				rows[id] = nil
				twin.state.purged[#twin.state.purged + 1] = { object = name, id = id, at = row.SystemModstamp }
			end
		end
	end
end

-- ---- showing -------------------------------------------------------------------------------------------------------

function org.instant(ms) return (twin.iso(ms):gsub("Z$", "")) .. (".%03d+0000"):format(ms % 1000) end

function org.shown(f, v)
	if v == nil then return twin.null end
	if f.type == "datetime" then return org.instant(v) end
	if NUMBERS[f.type] then return v + 0.0 end
	return v
end

function org.path(tail) return "/services/data/v" .. (schema.version or "68.0") .. tail end

function org.with_attributes(object, row)
	local out = twin.object {}
	out.attributes = { type = object.name, url = org.path(("/sobjects/%s/%s"):format(object.name, row.Id)) }
	return out
end

function org.whole(object, row, names)
	local out = org.with_attributes(object, row)
	for _, f in ipairs(object.fields) do
		if not names or names[f.name:lower()] then out[f.name] = org.shown(f, row[f.name]) end
	end
	if names then
		for name in pairs(names) do
			if not schema.field(object, name) then fail("INVALID_FIELD", ("No such column '%s' on entity '%s'"):format(name, object.name)) end
		end
		out.Id = row.Id
	end
	return out
end

return org
