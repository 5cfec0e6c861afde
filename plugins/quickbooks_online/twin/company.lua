-- company.lua - a company's records: validated, versioned, their balances worked out from the documents.
--
-- A record is kept as it was written, amounts as decimal text; what QuickBooks computes (totals, balances, names of what is
-- pointed at) is put in when it is told.
local decimal = require "decimal"
local fault = require "twin.fault"
local hooks = require "twin.hooks"
local shapes = require "twin.shapes"

local company = {}

local PEOPLE = { "Customer", "Vendor", "Employee" }
local DELETED = " (deleted)"

function company.cents(text) return decimal.parse(text or "0", 2) or 0 end
local cents = company.cents
local function money(n) return decimal.text(n, 2) end

function company.empty(about)
	local records = {}
	for _, name in ipairs(shapes.list()) do records[name] = {} end
	return { name = about.name, country = about.country or "US", currency = about.currency or "USD", multi_currency = about.multi_currency or false,
		custom_numbers = about.custom_numbers or false, close_date = about.close_date or "", lapsed = false, next_id = 1, next_number = 1001, records = records,
		deleted = {}, answered = {}, calls = {}, reads = 0, number_of = {} }
end

function company.records(co, name) return co.records[name] end

-- ---- times ---------------------------------------------------------------------------------------------------

-- Pacific time with its offset, as QuickBooks tells all instants.
local function pacific(ms)
	local year = twin.civil(ms - 8 * 3600000)
	local function sunday(month, nth)
		local _, _, _, _, _, _, weekday = twin.civil(twin.ms_of(year, month, 1))
		return 1 + (7 - weekday) % 7 + (nth - 1) * 7
	end
	local summer = ms >= twin.ms_of(year, 3, sunday(3, 2), 10) and ms < twin.ms_of(year, 11, sunday(11, 1), 9)
	return summer and -420 or -480
end

function company.instant(ms) return twin.iso(ms, pacific(ms)) end
local function today() return twin.iso(twin.now() + pacific(twin.now()) * 60000):sub(1, 10) end

-- ---- what somebody sends ----------------------------------------------------------------------------------------

local function length(text) return utf8.len(text) or #text end

local function clean_text(name, value, kind)
	if type(value) == "number" then value = tostring(math.tointeger(value) or value) end
	if type(value) ~= "string" then fault.raise("2040", name, "Invalid type for " .. name) end
	local most = tonumber(kind:sub(2))
	if most and length(value) > most then fault.raise("2050", name, most, length(value)) end
	return value
end

local function clean_decimal(name, value)
	local text = math.type(value) == "integer" and tostring(value) or type(value) == "number" and ("%.7f"):format(value) or value
	local n = type(text) == "string" and decimal.parse(text, 7)
	if not n then fault.raise("2080", name, "Supplied value is not a number: " .. tostring(value)) end
	return decimal.text(n, 7, 2)
end

local function clean_day(name, value)
	if type(value) ~= "string" or not value:match("^%d%d%d%d%-%d%d%-%d%d") or not twin.from_iso(value:sub(1, 10)) then
		fault.raise("2040", name, "Invalid date: " .. tostring(value))
	end
	return value:sub(1, 10)
end

local clean_object

local function clean_value(co, name, value, kind)
	if type(kind) == "table" then
		if not twin.is_array(value) then fault.raise("2040", name, name .. " is no list") end
		local list = twin.array {}
		for i, one in ipairs(value) do list[i] = clean_object(co, name, one, shapes.parts[kind[1]]) end
		return list
	end
	local sort = kind:sub(1, 1)
	if shapes.parts[kind] then return clean_object(co, name, value, shapes.parts[kind]) end
	if sort == "s" then return clean_text(name, value, kind) end
	if sort == "e" then
		if type(value) ~= "string" or not ("|" .. kind:sub(3) .. "|"):find("|" .. value .. "|", 1, true) then
			fault.raise("2170", name, ("%s is no value of %s"):format(tostring(value), name))
		end
		return value
	end
	if sort == "d" then return clean_decimal(name, value) end
	if sort == "D" then return clean_day(name, value) end
	if sort == "b" then
		if type(value) ~= "boolean" then fault.raise("2040", name, "Invalid boolean for " .. name) end
		return value
	end
	if sort == "i" then return math.tointeger(tonumber(value)) or fault.raise("2080", name, "Supplied value is not a number: " .. tostring(value)) end
	if type(value) ~= "table" or type(value.value) ~= "string" then fault.raise("2020", name, name .. ".value") end
	local entity = shapes.points_at[name]
	if entity and not co.records[entity][value.value] then
		fault.raise("2500", name, ("%s Element id %s not found"):format(entity, value.value))
	end
	return { value = value.value }
end

function clean_object(co, name, value, members)
	if type(value) ~= "table" or twin.is_array(value) then fault.raise("2040", name, name .. " is no object") end
	local out = {}
	for member, inner in pairs(value) do
		if not members[member] then fault.raise("2010", member, member) end
		if inner ~= twin.null then out[member] = clean_value(co, member, inner, members[member]) end
	end
	return out
end

-- The writable members of body; QuickBooks' own are let pass and left out.
local function clean(co, shape, body)
	if type(body) ~= "table" or twin.is_array(body) then fault.raise("2010", "", "body") end
	local out = {}
	for member, value in pairs(body) do
		local kind = shape.members[member]
		if not kind and not shape.own[member] then fault.raise("2010", member, member) end
		if kind and value ~= twin.null then out[member] = clean_value(co, member, value, kind) end
	end
	return out
end

-- ---- totals and balances ------------------------------------------------------------------------------------------

local function total_of(shape, d)
	if shape.name == "Payment" then return cents(d.TotalAmt) end
	local sum = cents(d.TxnTaxDetail and d.TxnTaxDetail.TotalTax)
	for _, l in ipairs(d.Line or {}) do
		if l.DetailType == "DiscountLineDetail" then
			sum = sum - cents(l.Amount)
		elseif l.DetailType == "JournalEntryLineDetail" then
			if l.JournalEntryLineDetail.PostingType == "Debit" then sum = sum + cents(l.Amount) end
		elseif l.DetailType ~= "SubTotalLineDetail" then
			sum = sum + cents(l.Amount)
		end
	end
	return sum
end

-- How much of a document is settled by payments, per "Invoice 130".
local function applied(co)
	local sums = {}
	for _, p in pairs(co.records.Payment) do
		for _, l in ipairs(p.Line or {}) do
			for _, to in ipairs(l.LinkedTxn or {}) do
				local key = to.TxnType .. " " .. to.TxnId
				sums[key] = (sums[key] or 0) + cents(l.Amount)
			end
		end
	end
	return sums
end

local function payment_uses(p)
	local sum = 0
	for _, l in ipairs(p.Line or {}) do
		local kind = l.LinkedTxn and l.LinkedTxn[1] and l.LinkedTxn[1].TxnType
		sum = sum + (kind == "CreditMemo" and -cents(l.Amount) or cents(l.Amount))
	end
	return sum
end

function company.open_of(co, name, d, sums)
	local shape = shapes.kinds[name]
	if name == "Payment" then return cents(d.TotalAmt) - payment_uses(d) end
	if name == "Bill" then return total_of(shape, d) - (d.paid_cents or 0) end
	return total_of(shape, d) - ((sums or applied(co))[name .. " " .. d.Id] or 0)
end

-- Own balance per customer, in cents.
local function customer_balances(co)
	local sums, own = applied(co), {}
	local function add(ref, n) own[ref.value] = (own[ref.value] or 0) + n end
	for _, d in pairs(co.records.Invoice) do add(d.CustomerRef, company.open_of(co, "Invoice", d, sums)) end
	for _, d in pairs(co.records.CreditMemo) do add(d.CustomerRef, -company.open_of(co, "CreditMemo", d, sums)) end
	for _, d in pairs(co.records.Payment) do add(d.CustomerRef, -company.open_of(co, "Payment", d)) end
	return own
end

local function with_jobs(co, own, id)
	local sum = own[id] or 0
	for child, c in pairs(co.records.Customer) do
		if c.ParentRef and c.ParentRef.value == id then sum = sum + with_jobs(co, own, child) end
	end
	return sum
end

local function vendor_balance(co, id)
	local sum = 0
	for _, b in pairs(co.records.Bill) do
		if b.VendorRef.value == id then sum = sum + company.open_of(co, "Bill", b) end
	end
	return sum
end

-- ---- as it is told ----------------------------------------------------------------------------------------------------

local function qualified(co, entity, r)
	local name = r.DisplayName or r.Name
	local up = r.ParentRef and co.records[entity][r.ParentRef.value]
	return up and qualified(co, entity, up) .. ":" .. name or name
end

local function name_of(co, entity, id)
	local r = co.records[entity] and co.records[entity][id]
	return r and (entity == "Account" and qualified(co, entity, r) or r.DisplayName or r.Name)
end

-- A copy, in which references bear the names of what they point at.
local function told_value(co, kind, member, value)
	if type(value) ~= "table" then return value end
	local out = twin.is_array(value) and twin.array {} or {}
	for k, v in pairs(value) do out[k] = told_value(co, kind, type(k) == "number" and member or k, v) end
	if value.value and member == "ParentRef" then
		out.name = name_of(co, kind, value.value)
	elseif value.value and shapes.points_at[member] then
		out.name = name_of(co, shapes.points_at[member], value.value)
	end
	if member == "CurrencyRef" then out.name = value.value == "USD" and "United States Dollar" or value.value end
	return out
end

local function linked_of(co, name, id)
	local list = twin.array {}
	for pid, p in pairs(co.records.Payment) do
		for _, l in ipairs(p.Line or {}) do
			for _, to in ipairs(l.LinkedTxn or {}) do
				if to.TxnId == id and to.TxnType == name then list[#list + 1] = { TxnId = pid, TxnType = "Payment" } end
			end
		end
	end
	table.sort(list, function(a, b) return tonumber(a.TxnId) < tonumber(b.TxnId) end)
	return list
end

local function put_figures(co, shape, r, out, figures)
	if shape.name == "Customer" then
		local own = figures.own or customer_balances(co)
		figures.own = own
		out.Balance, out.BalanceWithJobs = money(own[r.Id] or 0), money(with_jobs(co, own, r.Id))
		out.Level = nil
	elseif shape.name == "Vendor" then
		out.Balance = money(vendor_balance(co, r.Id))
	elseif shape.name == "Account" then
		out.CurrentBalance, out.CurrentBalanceWithSubAccounts = "0.00", "0.00"
	elseif shape.kind == "document" then
		local sums = figures.sums or applied(co)
		figures.sums = sums
		out.TotalAmt = money(total_of(shape, r))
		if shape.own.Balance then out.Balance = money(company.open_of(co, shape.name, r, sums)) end
		if shape.own.RemainingCredit then out.RemainingCredit = out.Balance end
		if shape.own.UnappliedAmt then out.UnappliedAmt = money(company.open_of(co, "Payment", r)) end
		if shape.name == "Invoice" or shape.name == "CreditMemo" then
			out.LinkedTxn = linked_of(co, shape.name, r.Id)
			local lines, sum = twin.array {}, 0
			for i, l in ipairs(r.Line or {}) do
				lines[i] = l
				if l.DetailType == "SalesItemLineDetail" then sum = sum + cents(l.Amount) end
			end
			lines[#lines + 1] = { Amount = money(sum), DetailType = "SubTotalLineDetail", SubTotalLineDetail = {} }
			out.Line = lines
		end
	end
end

-- As the API tells it, but for amounts, which are decimal text here.  figures: what several records share of a reckoning; nil for one.
function company.told(co, name, r, figures)
	local shape = shapes.kinds[name]
	local out = { domain = "QBO", sparse = false }
	for k, v in pairs(r) do
		if shape.members[k] or k == "Id" or k == "SyncToken" then out[k] = v end
	end
	out.MetaData = { CreateTime = company.instant(r.created), LastUpdatedTime = company.instant(r.updated) }
	if shape.own.FullyQualifiedName then out.FullyQualifiedName = qualified(co, name, r) end
	if shape.own.Taxable then out.Taxable = r.Taxable end
	put_figures(co, shape, r, out, figures or {})
	return told_value(co, name, "", out)
end

-- ---- rules ------------------------------------------------------------------------------------------------------------

local function taken(co, display, id, kind)
	for _, name in ipairs(PEOPLE) do
		for other, r in pairs(co.records[name]) do
			if not (name == kind and other == id) and r.DisplayName:lower() == display:lower() then return name end
		end
	end
end

local function check_name(co, shape, r)
	if shape.kind == "person" then
		if not r.DisplayName then
			local parts = {}
			for _, m in ipairs { "Title", "GivenName", "MiddleName", "FamilyName", "Suffix" } do parts[#parts + 1] = r[m] end
			r.DisplayName = table.concat(parts, " ")
			if r.DisplayName == "" then fault.raise("2020", "DisplayName", "DisplayName") end
		end
		if r.DisplayName:find("[:\t\r\n]") then fault.raise("2040", "DisplayName", "The name contains a colon, a tab or a new line") end
		local other = taken(co, r.DisplayName, r.Id, shape.name)
		if other then fault.raise("6240", "", ("Another %s is already using this name. Please use a different name."):format(other:lower())) end
		return
	end
	for id, other in pairs(co.records[shape.name]) do
		if id ~= r.Id and other.Name:lower() == r.Name:lower() and (other.ParentRef or {}).value == (r.ParentRef or {}).value then
			fault.raise("6240", "", ("Another %s is already using this name. Please use a different name."):format(shape.name:lower()))
		end
	end
end

local function check_closed(co, day)
	if co.close_date ~= "" and day and day <= co.close_date then fault.raise("6210", "") end
end

local function check_document(co, shape, r)
	local party = r.CustomerRef and co.records.Customer[r.CustomerRef.value] or r.VendorRef and co.records.Vendor[r.VendorRef.value]
	if party and party.Active == false then fault.raise("610", "") end
	local currency = party and party.CurrencyRef and party.CurrencyRef.value or co.currency
	if r.CurrencyRef and r.CurrencyRef.value ~= currency then
		fault.raise("6000", "", ("The currency of the transaction is invalid for customer / vendor / account. (%s)"):format(r.CurrencyRef.value))
	end
	r.CurrencyRef = { value = currency }
	check_closed(co, r.TxnDate)
	for i, l in ipairs(r.Line or {}) do
		if shape.name ~= "Payment" then
			if not l.DetailType then fault.raise("2020", "Line", "DetailType") end
			if not shape.detail[l.DetailType] then fault.raise("2170", "Line", ("%s in a line of %s"):format(l.DetailType, shape.name)) end
			if l.DetailType ~= "SubTotalLineDetail" and not l.Amount then fault.raise("2020", "Line", "Amount") end
			local s = l.SalesItemLineDetail
			if s and s.Qty and s.UnitPrice and decimal.times(decimal.parse(s.Qty, 4), decimal.parse(s.UnitPrice, 4), 6) ~= cents(l.Amount) then
				fault.raise("6070", "Line", "Amount is not equal to UnitPrice * Qty. Supplied value:" .. l.Amount)
			end
		end
		l.Id = l.Id or tostring(i)
		l.LineNum = l.LineNum or i
	end
	if shape.name == "JournalEntry" then
		local debit, credit = 0, 0
		for _, l in ipairs(r.Line) do
			if l.JournalEntryLineDetail.PostingType == "Debit" then debit = debit + cents(l.Amount) else credit = credit + cents(l.Amount) end
		end
		if debit ~= credit then fault.raise("6000", "", "When you use Journal Entries, you have to use amounts on both sides that are equal") end
	end
	if shape.name == "Payment" then
		local sums = applied(co)
		for _, l in ipairs(r.Line or {}) do
			local to = l.LinkedTxn and l.LinkedTxn[1]
			local d = to and co.records[to.TxnType] and co.records[to.TxnType][to.TxnId]
			if not d then fault.raise("2500", "LinkedTxn", "no such transaction") end
			if (sums[to.TxnType .. " " .. to.TxnId] or 0) + cents(l.Amount) > total_of(shapes.kinds[to.TxnType], d) then
				fault.raise("6000", "", "You can't apply more to a transaction than its open balance")
			end
		end
		if payment_uses(r) > cents(r.TotalAmt) then fault.raise("6000", "", "The amount applied is more than the amount received") end
	end
end

local function without_subtotals(r)
	if not r.Line then return end
	local lines = twin.array {}
	for _, l in ipairs(r.Line) do
		if l.DetailType ~= "SubTotalLineDetail" then lines[#lines + 1] = l end
	end
	r.Line = lines
end

-- ---- changes ------------------------------------------------------------------------------------------------------------

local function realm_of(co)
	for realm, other in pairs(twin.state.companies) do
		if other == co then return realm end
	end
end

local function touch(co, name, r, operation)
	r.updated = math.max(r.updated or 0, twin.now() // 1000 * 1000)
	hooks.raise(realm_of(co), name, r.Id, operation)
	twin.changed()
end

-- A document's balance has moved: it is another version of it, and perhaps of whom it belongs to.
local function touch_settled(co, payment)
	for _, l in ipairs(payment.Line or {}) do
		for _, to in ipairs(l.LinkedTxn or {}) do
			local d = co.records[to.TxnType] and co.records[to.TxnType][to.TxnId]
			if d then
				d.SyncToken = tostring(tonumber(d.SyncToken) + 1)
				touch(co, to.TxnType, d, "Update")
			end
		end
	end
end

local function touch_party(co, r)
	if not twin.settings.balance_modifies then return end
	local party = r.CustomerRef and co.records.Customer[r.CustomerRef.value]
	if party then touch(co, "Customer", party, "Update") end
end

local function defaults(co, shape, r)
	if shape.kind ~= "document" then
		if r.Active == nil then r.Active = true end
		if shape.members.CurrencyRef and not r.CurrencyRef then r.CurrencyRef = { value = co.currency } end
		if shape.name == "Item" then r.Type = r.Type or "Service" end
		if shape.name == "Customer" then r.Job = r.ParentRef ~= nil end
		return
	end
	r.TxnDate = r.TxnDate or today()
	if shape.name == "Invoice" or shape.name == "CreditMemo" then
		if r.DocNumber and co.custom_numbers and twin.settings.duplicate_numbers == "refuse" then
			for id, d in pairs(co.records[shape.name]) do
				if id ~= r.Id and d.DocNumber == r.DocNumber then fault.raise("6140", "DocNumber", r.DocNumber, shape.name, id) end
			end
		end
		if not r.DocNumber then
			r.DocNumber = tostring(co.next_number)
			co.next_number = co.next_number + 1
		end
		if r.SalesTermRef and not r.DueDate then
			local days = co.records.Term[r.SalesTermRef.value].DueDays or 0
			r.DueDate = twin.iso(twin.from_iso(r.TxnDate) + days * 86400000):sub(1, 10)
		end
		if shape.name == "Invoice" and not r.DueDate and twin.settings.due_date == "on" then r.DueDate = r.TxnDate end
	end
end

function company.create(co, name, body)
	local shape = shapes.kinds[name]
	local r = clean(co, shape, body)
	for _, member in ipairs(shape.need or {}) do
		if r[member] == nil or twin.is_array(r[member]) and #r[member] == 0 then fault.raise("2020", member, member) end
	end
	without_subtotals(r)
	defaults(co, shape, r)
	if shape.kind == "document" then check_document(co, shape, r) else check_name(co, shape, r) end
	r.Id, r.SyncToken, r.created = tostring(co.next_id), "0", twin.now() // 1000 * 1000
	co.next_id = co.next_id + 1
	co.records[name][r.Id] = r
	touch(co, name, r, "Create")
	if name == "Payment" then touch_settled(co, r) end
	touch_party(co, r)
	return r
end

-- The record that body names, at the version that it names.
local function current(co, name, body)
	local r = body.Id and co.records[name][tostring(body.Id)]
	if not r then fault.raise("610", "") end
	if body.SyncToken == nil or body.SyncToken == twin.null then fault.raise("2020", "SyncToken", "SyncToken") end
	if tostring(body.SyncToken) ~= r.SyncToken then fault.raise("5010", "", "another user", "another user") end
	return r
end

function company.update(co, name, body)
	local shape = shapes.kinds[name]
	local old = current(co, name, body)
	local r = clean(co, shape, body)
	if body.sparse == true then
		for member, value in pairs(old) do
			if r[member] == nil then r[member] = value end
		end
	else
		for _, member in ipairs { "Id", "SyncToken", "created", "updated", "paid_cents" } do r[member] = old[member] end
		for _, member in ipairs(shape.need or {}) do
			if r[member] == nil then fault.raise("2020", member, member) end
		end
		if shape.kind == "person" and not r.DisplayName then fault.raise("2020", "DisplayName", "DisplayName") end
		if r.Active == nil then r.Active = old.Active end
	end
	r.Id, r.created = old.Id, old.created
	without_subtotals(r)
	if shape.kind == "document" then
		check_closed(co, old.TxnDate)
		co.records[name][r.Id] = nil -- what it settled itself does not stand in its way
		local well, why = pcall(function()
			defaults(co, shape, r)
			check_document(co, shape, r)
		end)
		co.records[name][r.Id] = old
		if not well then error(why, 0) end
	else
		-- A name that goes gives its name free; one that comes back takes the mark off again.
		if old.Active ~= false and r.Active == false and r.DisplayName then r.DisplayName = r.DisplayName .. DELETED end
		if old.Active == false and r.Active and r.DisplayName and r.DisplayName:sub(-#DELETED) == DELETED then r.DisplayName = r.DisplayName:sub(1, -#DELETED - 1) end
		check_name(co, shape, r)
		if shape.name == "Customer" then r.Job = r.ParentRef ~= nil end
	end
	r.SyncToken = tostring(tonumber(old.SyncToken) + 1)
	if name == "Payment" then touch_settled(co, old) end
	co.records[name][r.Id] = r
	touch(co, name, r, "Update")
	if name == "Payment" then touch_settled(co, r) end
	touch_party(co, r)
	return r
end

function company.delete(co, name, body)
	if shapes.kinds[name].kind ~= "document" then fault.raise("2010", "operation", "delete") end
	local r = current(co, name, body)
	check_closed(co, r.TxnDate)
	co.records[name][r.Id] = nil
	co.deleted[#co.deleted + 1] = { name = name, id = r.Id, at = twin.now() // 1000 * 1000 }
	hooks.raise(realm_of(co), name, r.Id, "Delete")
	twin.changed()
	if name == "Payment" then touch_settled(co, r) end
	touch_party(co, r)
	return { domain = "QBO", status = "Deleted", Id = r.Id }
end

function company.void(co, name, body)
	if name ~= "Invoice" and name ~= "Payment" then fault.raise("2010", "operation", "void") end
	local r = current(co, name, body)
	check_closed(co, r.TxnDate)
	local before = twin.copy(r)
	for _, l in ipairs(r.Line or {}) do
		l.Amount = "0.00"
		if l.SalesItemLineDetail then l.SalesItemLineDetail.Qty, l.SalesItemLineDetail.UnitPrice = "0", "0" end
	end
	if r.TxnTaxDetail then r.TxnTaxDetail.TotalTax = "0.00" end
	if name == "Payment" then r.TotalAmt, r.Line = "0.00", twin.array {} end
	r.PrivateNote = "Voided"
	r.SyncToken = tostring(tonumber(r.SyncToken) + 1)
	touch(co, name, r, "Void")
	if name == "Payment" then touch_settled(co, before) end
	touch_party(co, r)
	return r
end

-- ---- what a person does in QuickBooks -------------------------------------------------------------------------------------

-- from becomes a part of to: its documents go over, itself is inactive, or gone.
function company.merge(co, name, from, to)
	local loser, winner = co.records[name][from], co.records[name][to]
	if not loser or not winner or from == to then twin.plain("merge: from and to are two records of " .. name) end
	local member = name .. "Ref"
	for kind, shape in pairs(shapes.kinds) do
		for _, d in pairs(shape.members[member] and shape.kind == "document" and co.records[kind] or {}) do
			if d[member].value == from then
				d[member] = { value = to }
				d.SyncToken = tostring(tonumber(d.SyncToken) + 1)
				touch(co, kind, d, "Update")
			end
		end
	end
	for _, child in pairs(co.records[name]) do
		if child.ParentRef and child.ParentRef.value == from then child.ParentRef = { value = to } end
	end
	winner.SyncToken = tostring(tonumber(winner.SyncToken) + 1)
	winner.updated = twin.now() // 1000 * 1000
	if twin.settings.merge_loser == "gone" then
		co.records[name][from] = nil
	else
		loser.Active = false
		loser.DisplayName = loser.DisplayName .. DELETED
		loser.SyncToken = tostring(tonumber(loser.SyncToken) + 1)
		loser.updated = winner.updated
	end
	hooks.raise(realm_of(co), name, to, "Merge", from)
	twin.changed()
end

function company.pay_bill(co, id, amount)
	local b = co.records.Bill[id]
	if not b then twin.plain("no bill " .. tostring(id)) end
	b.paid_cents = math.min(total_of(shapes.kinds.Bill, b), (b.paid_cents or 0) + (amount and cents(amount) or total_of(shapes.kinds.Bill, b)))
	b.SyncToken = tostring(tonumber(b.SyncToken) + 1)
	touch(co, "Bill", b, "Update")
end

function company.total(name, d) return total_of(shapes.kinds[name], d) end
company.today = today

return company
