-- twin.lua - a Salesforce org: OAuth on its My Domain, REST API v68.0, SOQL, and sales people who work in it.  Run by tools/twin.
--
-- The protocol door is the org's.  The control door is where its people and its administrator sit; bodies are JSON.
--
--   GET    /records/:object?field=value    rows, whole; /records/:object/:id one (also out of the recycle bin)
--   POST   /person/add {type, set}         what a person does in the pages: not by us (LastModifiedById is Sam Sales)
--   POST   /person/edit {type, id, set}, /person/delete {type, id}, /person/undelete {type, id}
--   POST   /person/merge {type, winner, losers}
--   GET    /books                          accounts with their figures, documents with lines, totals, and what occurs twice
--   POST   /grow {type, count}             many rows
--   GET    /sessions, DELETE /sessions     those that live; ends them all (an administrator revokes)
--   POST   /spend {calls}                  others use up the day's calls
--   GET    /objects/:object                what an object holds
--
-- Faults of its own: session (that call is told that its session has ended), concurrent, login_rate, lock and refuse (code,
-- message, fields; path: the object, contains: in the record), locator_lost, cursor_loops, page_repeats, empty_page,
-- row_missing, row_without_id, numbers_as_text, text_as_number.
twin.describe {
	title = "a Salesforce org",
	settings = {
		name = "Acme Sales", edition = "Enterprise Edition", api_addon = false, user = "integration@acme.example",
		client_id = "3MVG9twin.consumer.key", client_secret = "twin-consumer-secret", run_as = "user", -- run_as = none: the app has no user to run as
		pod = "Ac0",           -- stands in all its ids: another one makes another org
		shared_host = false,   -- it is login.salesforce.com, which refuses
		instance_url = "",     -- what the token's answer says; "": where it is
		session_minutes = 120, -- of inactivity
		daily_calls = 15000, page_size = 2000,
		currency = "USD", currencies = "one", -- many: fields CurrencyIsoCode
		duplicate_rule = "off", -- block, allow: accounts of one name
		package = true,        -- setup/ is deployed
		own_fields = "",       -- more fields: "Account.Region__c:string Account.Credit__c:currency"
		seed = "sales",        -- or empty
	},
}

twin.fault_kinds { "session", "concurrent", "login_rate", "lock", "refuse", "locator_lost", "cursor_loops", "page_repeats", "empty_page", "row_missing",
	"row_without_id", "numbers_as_text", "text_as_number" }

local org = require "twin.org"
local rest = require "twin.rest"
local schema = require "twin.schema"
local seed = require "twin.seed"
local auth = require "twin.auth"

twin.on_reset(function()
	twin.state = { rows = {}, next_id = 1, next_order = 100, sessions = {}, tokens = 0, calls = {}, locators = {}, purged = {}, born = twin.now() - 86400000 }
	schema.build()
	seed.org()
	if twin.settings.seed == "sales" then seed.sales() end
end)

twin.on_load(function()
	if not schema.objects then schema.build() end
	org.forget_indices()
end)

rest.serve()

-- ---- the control door ------------------------------------------------------------------------------

local plain, wish = twin.plain, twin.wish

-- What the org refuses its own people, in words.
local function tried(fn, ...)
	local out = table.pack(pcall(fn, ...))
	if out[1] then return table.unpack(out, 2, out.n) end
	if type(out[2]) == "table" and out[2].code then plain(out[2].code .. ": " .. out[2].message) end
	error(out[2], 0)
end

local function object_of(name) return schema.object(name or "") or plain("no object " .. tostring(name)) end

twin.control("GET", "/records/:object", function(req)
	local object, list = object_of(req.params.object), twin.array {}
	for _, row in pairs(org.rows(object)) do
		local fits = not row.IsDeleted
		for name, value in pairs(req.args) do
			local f = schema.field(object, name) or plain("no field " .. name)
			fits = fits and tostring(row[f.name]) == value
		end
		if fits then list[#list + 1] = org.whole(object, row) end
	end
	table.sort(list, function(a, b) return a.Id < b.Id end)
	return list
end)

twin.control("GET", "/records/:object/:id", function(req)
	local object = object_of(req.params.object)
	return org.whole(object, org.row(object, req.params.id) or plain("no " .. object.name .. " " .. req.params.id))
end)

local function by_person() return { user = twin.state.person, allow_duplicates = true } end

twin.control("POST", "/person/add", function(req)
	local what = wish(req)
	local object = object_of(what.type)
	return org.whole(object, tried(org.together, function() return org.insert(object, what.set or {}, by_person()) end))
end)

twin.control("POST", "/person/edit", function(req)
	local what = wish(req)
	local object = object_of(what.type)
	return org.whole(object, tried(org.together, function() return org.update(object, what.id, what.set or {}, by_person()) end))
end)

twin.control("POST", "/person/delete", function(req)
	local what = wish(req)
	tried(org.together, function()
		org.delete(object_of(what.type), what.id, by_person())
		return true
	end)
	return {}
end)

twin.control("POST", "/person/undelete", function(req)
	local what = wish(req)
	return { id = tried(org.undelete, object_of(what.type), what.id).Id }
end)

twin.control("POST", "/person/merge", function(req)
	local what = wish(req)
	return { id = tried(org.merge, object_of(what.type), what.winner, what.losers).Id }
end)

local function lines_of(object, parent, id)
	local list = twin.array {}
	for i, child in ipairs(org.children_of(object, parent, id)) do
		local row = org.row(object, child)
		list[i] = { id = row.Id, product = row.ProductCode or row.Name, quantity = row.Quantity, unit_price = ("%.2f"):format(row.UnitPrice), total = ("%.2f"):format(row.TotalPrice), description = row.Description,
			key = row.MLC_Key__c }
	end
	return list
end

local function amount(v) return v and ("%.2f"):format(v) or nil end

local function twice(object, name, out)
	local seen = {}
	for _, row in pairs(org.rows(object)) do
		local v = not row.IsDeleted and row[name]
		if v then
			if seen[v] then out[#out + 1] = ("%s.%s %s"):format(object.name, name, v) end
			seen[v] = true
		end
	end
end

twin.control("GET", "/books", function()
	local accounts, documents, doubled = twin.array {}, twin.array {}, twin.array {}
	for _, row in pairs(org.rows(schema.object "Account")) do
		if not row.IsDeleted then
			local a = { id = row.Id, name = row.Name }
			for k, v in pairs(row) do
				local name = k:match("^MLC_(.+)__c$")
				if name then a[name] = type(v) == "number" and amount(v) or v end
			end
			accounts[#accounts + 1] = a
		end
	end
	for _, def in ipairs { { "Opportunity", "OpportunityLineItem", "OpportunityId", "Amount" }, { "Order", "OrderItem", "OrderId", "TotalAmount" } } do
		for _, row in pairs(org.rows(schema.object(def[1]))) do
			if not row.IsDeleted then
				documents[#documents + 1] = { object = def[1], id = row.Id, name = row.Name, account = row.AccountId, amount = amount(row[def[4]]), total = amount(row.MLC_Total__c), open = amount(row.MLC_Open__c),
					number = row.MLC_DocumentNumber__c, document = row.MLC_DocumentId__c, kind = row.MLC_DocumentType__c, state = row.MLC_State__c, stage = row.StageName or row.Status,
					forecast = row.ForecastCategoryName, date = row.CloseDate or row.EffectiveDate, due = row.MLC_DueDate__c, lines = lines_of(schema.object(def[2]), def[3], row.Id) }
			end
		end
		twice(schema.object(def[1]), "MLC_DocumentId__c", doubled)
		twice(schema.object(def[1]), "MLC_Key__c", doubled)
	end
	for _, name in ipairs { "MLC_CustomerId__c", "MLC_VendorId__c", "MLC_Key__c" } do twice(schema.object "Account", name, doubled) end
	twice(schema.object "Product2", "MLC_ItemId__c", doubled)
	table.sort(accounts, function(a, b) return a.name < b.name end)
	table.sort(documents, function(a, b) return a.id < b.id end)
	return { accounts = accounts, documents = documents, doubled = doubled }
end)

twin.control("POST", "/grow", function(req)
	local what = wish(req)
	local object = object_of(what.type or "Account")
	for i = 1, what.count or 100 do
		local body = twin.copy(what.set or {})
		body[object.name == "Contact" and "LastName" or "Name"] = ("%s %05d"):format(what.name or "Grown", i)
		tried(org.insert, object, body, by_person())
	end
	return { count = what.count or 100 }
end)

twin.control("GET", "/sessions", function()
	local list = twin.array {}
	for token, s in pairs(twin.state.sessions) do list[#list + 1] = { token = token, used = twin.iso(s.used) } end
	return { sessions = list, tokens = twin.state.tokens }
end)

twin.control("DELETE", "/sessions", function()
	twin.state.sessions = {}
	twin.changed()
	return {}
end)

twin.control("POST", "/spend", function(req)
	local hour = twin.now() // 3600000
	twin.state.calls[hour] = (twin.state.calls[hour] or 0) + (wish(req).calls or 0)
	twin.changed()
	return { used = auth.used() }
end)

twin.control("GET", "/objects/:object", function(req) return schema.described(object_of(req.params.object)) end)
