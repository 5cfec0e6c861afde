-- company.lua - a company file: its lists, its ids and versions, its clock; what a person and an application find in it.
local values = require "twin.values"
local refuse = values.refuse

local company = {}

-- Lists whose names must differ from one another, and what a list's records are called in messages.
local NAMES = { Customer = true, Vendor = true, Employee = true, OtherName = true }
local LISTS = { "Account", "Customer", "Vendor", "Employee", "OtherName", "Item", "Terms", "PaymentMethod", "SalesTaxCode", "Class",
	"ShipMethod", "CustomerMsg", "CustomerType", "JobType", "VendorType", "SalesRep", "PriceLevel", "Template", "Currency" }

-- The list that holds records of an object: ItemService is in Item.
function company.list_of(object)
	if object:find("^Item") then return "Item" end
	if object == "StandardTerms" or object == "DateDrivenTerms" then return "Terms" end
	return object
end

function company.create(name, legal_name, path)
	local co = {
		name = name, legal_name = legal_name, path = path, counters = {}, next_txn = 1, next_line = 1, edit = twin.now() // 1000,
		lists = {}, order = {}, txns = {}, txn_order = {}, applications = {}, deleted = {}, message_sets = {}, ext_defs = {}, ext = {},
		ledger = { accounts = {}, entities = {}, agencies = {} }, next_ref = {},
		preferences = {
			IsUsingAccountNumbers = "true", IsRequiringAccounts = "true", IsUsingClassTracking = "false", ClosingDate = "",
			IsMultiCurrencyOn = "false", IsUsingInventory = "true", AgingReportBasis = "AgeFromDueDate", IsAutoApplyingPayments = "true",
			SalesTax = "true", HomeCurrencyRef = "", DefaultItemSalesTaxRef = "", DefaultTaxableSalesTaxCodeRef = "", DefaultNonTaxableSalesTaxCodeRef = "",
		},
	}
	for _, list in ipairs(LISTS) do co.lists[list], co.order[list] = {}, {} end
	return co
end

-- ---- time ----------------------------------------------------------------------------

-- Minutes that the wall clock is ahead of UTC; US summer time from the second Sunday of March, 2:00, to the first of November.
local function sunday(year, month, nth)
	local _, _, _, _, _, _, weekday = twin.civil(twin.ms_of(year, month, 1))
	return 1 + (7 - weekday) % 7 + (nth - 1) * 7
end

local function is_summer(utc_ms, standard)
	if twin.settings.summer_time ~= "us" then return false end
	local year = twin.civil(utc_ms + standard * 60000)
	local from = twin.ms_of(year, 3, sunday(year, 3, 2), 2) - standard * 60000
	local to = twin.ms_of(year, 11, sunday(year, 11, 1), 1) - standard * 60000
	return utc_ms >= from and utc_ms < to
end

local function standard_minutes() return math.tointeger(twin.settings.utc_offset * 60 // 1) end

-- The wall clock of the QuickBooks machine, as ms of an imaginary UTC.
function company.wall(utc_ms)
	local standard = standard_minutes()
	return utc_ms + (standard + (is_summer(utc_ms, standard) and 60 or 0)) * 60000
end

local function offset_text(minutes)
	local o = math.abs(minutes)
	return ("%s%02d:%02d"):format(minutes < 0 and "-" or "+", o // 60, o % 60)
end

-- As QuickBooks writes it: the wall clock, with the standard offset even in summer [J].
function company.time_text(utc_ms)
	local offset = standard_minutes()
	if twin.settings.summer_offset == "right" and is_summer(utc_ms, offset) then offset = offset + 60 end
	return twin.iso(company.wall(utc_ms)):sub(1, 19) .. offset_text(offset)
end

function company.today()
	return twin.iso(company.wall(twin.now())):sub(1, 10)
end

-- A filter's time to the wall clock, in whole seconds; end_of: a date alone means the end of that day.
function company.filter_wall(text, end_of)
	local y, m, d, rest = text:match("^(%d+)%-(%d+)%-(%d+)(.*)$")
	if rest == "" then
		return twin.ms_of(tonumber(y), tonumber(m), tonumber(d)) + (end_of and 86399000 or 0)
	end
	local hh, mm, ss = rest:match("^T(%d+):?(%d*):?(%d*)")
	local ms = twin.ms_of(tonumber(y), tonumber(m), tonumber(d), tonumber(hh), tonumber(mm) or 0, tonumber(ss) or 0)
	local sign, oh, om = rest:match("([+-])(%d+):(%d+)$")
	if not sign then return ms end
	local offset = (tonumber(oh) * 60 + tonumber(om)) * (sign == "-" and -1 or 1)
	local utc = ms - offset * 60000
	if twin.settings.summer_offset == "right" then return company.wall(utc) end
	return utc + standard_minutes() * 60000
end

-- Time modified, to the second, on the wall clock: what the filters compare.
function company.modified_wall(record)
	return company.wall(record.modified) // 1000 * 1000
end

-- ---- ids and versions --------------------------------------------------------------------

function company.new_list_id(co, list)
	local counter = twin.settings.list_ids == "shared" and "all" or NAMES[list] and "names" or list
	local n = (co.counters[counter] or 0) + 1
	co.counters[counter] = n
	return ("%X-%d"):format(0x80000000 + n, twin.now() // 1000)
end

function company.new_txn_id(co)
	local n = co.next_txn
	co.next_txn = n + 1
	return ("%X-%d"):format(n, twin.now() // 1000), n
end

function company.new_line_id(co)
	local n = co.next_line
	co.next_line = n + 1
	return ("%X-%d"):format(n, twin.now() // 1000)
end

function company.touch(co, record)
	co.edit = co.edit + 1
	record.edit = tostring(co.edit)
	record.modified = twin.now()
	record.created = record.created or record.modified
end

-- ---- names ---------------------------------------------------------------------------

local indices = setmetatable({}, { __mode = "k" }) -- company -> list -> lower full name -> id; rebuilt when names move

local families = setmetatable({}, { __mode = "k" }) -- company -> list -> id -> ids of those right below it; likewise

function company.forget_indices(co) indices[co], families[co] = nil, nil end

function company.children(co, list)
	local family = families[co] or {}
	families[co] = family
	if not family[list] then
		family[list] = {}
		for _, id in ipairs(co.order[list]) do
			local parent = co.lists[list][id].parent
			if parent then
				family[list][parent] = family[list][parent] or {}
				table.insert(family[list][parent], id)
			end
		end
	end
	return family[list]
end

function company.full_name(co, record)
	local parent = record.parent and co.lists[record.list][record.parent]
	return (parent and company.full_name(co, parent) .. ":" or "") .. record.f.Name
end

function company.sublevel(co, record)
	local parent = record.parent and co.lists[record.list][record.parent]
	return parent and company.sublevel(co, parent) + 1 or 0
end

local function index_of(co, list)
	local of_company = indices[co]
	if not of_company then
		of_company = {}
		indices[co] = of_company
	end
	local index = of_company[list]
	if not index then
		index = {}
		for id, record in pairs(co.lists[list]) do index[company.full_name(co, record):lower()] = id end
		of_company[list] = index
	end
	return index
end

function company.named(co, list, full_name)
	local id = index_of(co, list)[full_name:lower()]
	return id and co.lists[list][id]
end

-- Called after a record was added, renamed, moved or removed.
function company.index_changed(co, list, record, renamed)
	local of_company = indices[co]
	if renamed or record.parent then families[co] = nil end
	if not of_company or not of_company[list] then return end
	if renamed then of_company[list] = nil else of_company[list][company.full_name(co, record):lower()] = record.id end
end

-- Refuses a name that is taken, also by an inactive record; customers, vendors, employees and other names share one list.
function company.claim_name(co, list, full_name, own_id)
	for other in pairs(NAMES[list] and NAMES or { [list] = true }) do
		local taken = company.named(co, other, full_name)
		if taken and taken.id ~= own_id then
			refuse(3100, 'The name "%s" of the list element is already in use.', full_name)
		end
	end
end

-- ---- features --------------------------------------------------------------------------

function company.feature_off() refuse(3250, "This feature is not enabled or not available in this version of QuickBooks.") end

function company.keeps_currencies(co) return co.preferences.IsMultiCurrencyOn == "true" end

-- ---- references ------------------------------------------------------------------------

local SAID = { Terms = "Terms", Item = "Item", SalesTaxCode = "Sales Tax Code", PaymentMethod = "Payment Method", Name = "Name" }

function company.bad_reference(list, told, where)
	refuse(3140, 'There is an invalid reference to QuickBooks %s "%s" in the %s.  QuickBooks error message: Invalid argument.  The specified record does not exist in the list.',
		SAID[list] or list, told, where)
end

local function look_up(co, list, ref)
	local lists = list == "Name" and { "Customer", "Vendor", "Employee", "OtherName" } or { list }
	for _, l in ipairs(lists) do
		local by_id = ref.ListID and ref.ListID ~= "" and co.lists[l] and co.lists[l][ref.ListID]
		local by_name = ref.FullName and ref.FullName ~= "" and co.lists[l] and company.named(co, l, ref.FullName)
		if by_id and by_name and by_id ~= by_name and twin.settings.ref_conflict == "refuse" then return nil end
		if twin.settings.ref_conflict == "name" and by_name then return by_name end
		if by_id then return by_id end
		if by_name and not (ref.ListID and ref.ListID ~= "") then return by_name end
	end
end

-- The record that a Ref points at; where: the document's name, for the message.  nil: the Ref was empty.
-- Inactive ones are refused for new use [?].
function company.resolve(co, list, ref, where, any)
	if not ref then return nil end
	local told = ref.ListID and ref.ListID ~= "" and ref.ListID or ref.FullName
	if not told or told == "" then return nil end
	if list == "Currency" and not company.keeps_currencies(co) or list == "Class" and co.preferences.IsUsingClassTracking ~= "true" then
		company.feature_off()
	end
	local record = look_up(co, list, ref)
	if not record then company.bad_reference(list, told, where) end
	if not any and record.f.IsActive == "false" and twin.settings.inactive_refs == "refuse" then
		company.bad_reference(list, told, where)
	end
	return record
end

function company.ref_told(co, list, id)
	for _, l in ipairs(list == "Name" and { "Customer", "Vendor", "Employee", "OtherName" } or { list }) do
		local record = co.lists[l] and co.lists[l][id]
		if record then return { ListID = id, FullName = company.full_name(co, record) } end
	end
end

function company.special_account(co, kind)
	for _, id in ipairs(co.order.Account) do
		local account = co.lists.Account[id]
		if account.special == kind then return account end
	end
end

-- ---- list records ------------------------------------------------------------------------

function company.insert(co, object, fields, extra)
	local list = company.list_of(object)
	local record = extra or {}
	record.object, record.list, record.f = object, list, fields
	record.id = company.new_list_id(co, list)
	fields.IsActive = fields.IsActive or "true"
	company.touch(co, record)
	co.lists[list][record.id] = record
	table.insert(co.order[list], record.id)
	company.index_changed(co, list, record)
	return record
end

function company.remove(co, record)
	co.lists[record.list][record.id] = nil
	for i, id in ipairs(co.order[record.list]) do
		if id == record.id then
			table.remove(co.order[record.list], i)
			break
		end
	end
	company.index_changed(co, record.list, record, true)
end

function company.note_deletion(co, class, kind, id, created, name)
	table.insert(co.deleted, { class = class, kind = kind, id = id, created = created, deleted = twin.now(), name = name })
end

return company
