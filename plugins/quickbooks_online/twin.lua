-- twin.lua - QuickBooks Online: Intuit's consent and tokens, the Accounting API v3, webhooks.  Run by tools/twin.
--
-- One app, several companies.  All of Intuit's hosts are the protocol door: /connect/oauth2, /oauth2/v1/tokens/bearer,
-- /v2/oauth2/tokens/revoke, /v3/company/{realm}/... .  Consent is given at once, for the company picked last (else the first).
-- The control door is where a company's people sit.  REALM is a company's id; bodies are JSON objects as the API takes them.
--
--   GET    /companies, POST /companies {name, realm, currency, country, multi_currency, custom_numbers, close_date, seed}
--   POST   /companies/:realm {close_date, lapsed, custom_numbers, multi_currency}    what its settings pages do
--   GET    /companies/:realm/books             customers and vendors with their balances, documents with what is open
--   GET    /companies/:realm/:kind[/:id]       as the API tells it
--   POST   /companies/:realm/:kind             made by a person;   .../:kind/:id {..}  changed (members alone)
--   POST   /companies/:realm/:kind/:id/delete, /void;  /companies/:realm/bill/:id/pay {amount}
--   POST   /companies/:realm/merge {kind, from, to};   /companies/:realm/grow {kind, count, customer, amount}
--   POST   /pick {realm};  /grant {realm}: tokens without a browser;  /disconnect {realm};  /expire: access ends now
--   GET    /app, POST /app {url, format}: where webhooks go, "cloudevents" or "classic";  POST /deliver;  POST /events {body}: sent signed as it is
--   GET    /reads                              metered calls of this month
--
-- Faults of its own: hook_lost, hook_twice, hook_late {ms}, hook_reversed, hook_unsigned, hook_forged; consent_denied.
twin.describe {
	title = "QuickBooks Online",
	settings = {
		client_id = "ABtwinclientid", client_secret = "twinclientsecret", redirect_uri = "", verifier_token = "7f4c1c4a-twin-verifier",
		hook_url = "", hook_format = "cloudevents", hook_ca_file = "", hook_verify = true, deliver_after_ms = 200,
		seed = "shop", rotate = "daily", grace_s = 0, -- how long a replaced refresh value still works is not documented
		per_minute = 500, batches_per_minute = 40, reads_per_month = 0,
		cdc_limit = "sum", -- or list: whose are the 1,000?
		duplicate_numbers = "refuse", due_date = "on", balance_modifies = false, merge_loser = "inactive", -- or gone
	},
}

twin.fault_kinds { "hook_lost", "hook_twice", "hook_late", "hook_reversed", "hook_unsigned", "hook_forged", "consent_denied" }

local api = require "twin.api"
local company = require "twin.company"
local hooks = require "twin.hooks"
local oauth = require "twin.oauth"
local seed = require "twin.seed"
local shapes = require "twin.shapes"

local FIRST, SECOND = "4620816365012345670", "9130347596842384"

local function found(realm, about)
	twin.state.companies[realm] = company.empty(about)
	table.insert(twin.state.order, realm)
	return twin.state.companies[realm]
end

twin.on_reset(function()
	twin.state = { companies = {}, order = {}, oauth = oauth.empty(), app = { url = "" }, reads = 0 }
	local shop, small = found(FIRST, { name = "Craig's Design and Landscaping Services" }), found(SECOND, { name = "Bird Supplies Inc" })
	if twin.settings.seed == "shop" then
		seed.shop(shop)
		seed.small(small)
	end
	twin.state.app = hooks.empty()
end)

twin.on_load(function()
	hooks.forget()
	hooks.wake()
end)

api.serve()

-- ---- the control door ------------------------------------------------------------------------------------

local plain, wish = twin.plain, twin.wish

local function company_of(realm) return twin.state.companies[realm or ""] or plain("no company " .. tostring(realm)) end
local function kind_of(word) return shapes.by_word[tostring(word):lower()] or plain("no kind " .. tostring(word)) end

local function record_of(co, name, id) return co.records[name][tostring(id)] or plain(("no %s %s"):format(name, id)) end

-- What a person does is held to the same rules; a refusal is told in QuickBooks' words.
local function done(fn)
	local well, value = pcall(fn)
	if not well then
		if type(value) == "table" and value.fault then plain(value.code .. ": " .. value.detail) end
		error(value, 0)
	end
	twin.changed()
	return value == nil and {} or value
end

twin.control("GET", "/companies", function()
	local list = twin.array {}
	for _, realm in ipairs(twin.state.order) do list[#list + 1] = { realm = realm, name = twin.state.companies[realm].name } end
	return list
end)

twin.control("POST", "/companies", function(req)
	local what = wish(req)
	if not what.name then return nil, "name: the company's" end
	local realm = what.realm or ("91303" .. twin.random_int(10 ^ 9, 10 ^ 10 - 1))
	if twin.state.companies[realm] then return nil, "there is a company " .. realm end
	local co = found(realm, what)
	if what.seed == "shop" then seed.shop(co) elseif what.seed == "small" then seed.small(co) end
	twin.changed()
	return { realm = realm }
end)

local CHOICES = { "close_date", "lapsed", "custom_numbers", "multi_currency", "name" }
twin.control("POST", "/companies/:realm", function(req)
	local co, what = company_of(req.params.realm), wish(req)
	for _, name in ipairs(CHOICES) do
		if what[name] ~= nil then co[name] = what[name] end
	end
	twin.changed()
	return {}
end)

twin.control("GET", "/companies/:realm/books", function(req)
	local co = company_of(req.params.realm)
	local books = { open_invoices = 0, open_cents = 0, customers = twin.array {}, vendors = twin.array {}, invoices = twin.array {}, bills = twin.array {} }
	local function each(name, list, members)
		local ids = {}
		for id in pairs(co.records[name]) do ids[#ids + 1] = id end
		table.sort(ids, function(a, b) return (tonumber(a) or 0) < (tonumber(b) or 0) end)
		local figures = {}
		for _, id in ipairs(ids) do
			local told = company.told(co, name, co.records[name][id], figures)
			local row = {}
			for _, m in ipairs(members) do row[m] = told[m] end
			list[#list + 1] = row
		end
	end
	each("Customer", books.customers, { "Id", "DisplayName", "PrimaryEmailAddr", "Active", "Balance", "BalanceWithJobs", "ParentRef" })
	each("Vendor", books.vendors, { "Id", "DisplayName", "PrimaryEmailAddr", "Active", "Balance" })
	each("Invoice", books.invoices, { "Id", "DocNumber", "CustomerRef", "TxnDate", "DueDate", "TotalAmt", "Balance", "PrivateNote" })
	each("Bill", books.bills, { "Id", "DocNumber", "VendorRef", "TxnDate", "DueDate", "TotalAmt", "Balance" })
	for _, d in pairs(co.records.Invoice) do
		local open = company.open_of(co, "Invoice", d)
		if open > 0 then books.open_invoices, books.open_cents = books.open_invoices + 1, books.open_cents + open end
	end
	return books
end)

twin.control("POST", "/companies/:realm/merge", function(req)
	local co, what = company_of(req.params.realm), wish(req)
	company.merge(co, kind_of(what.kind or "Customer"), tostring(what.from), tostring(what.to))
	return {}
end)

twin.control("POST", "/companies/:realm/grow", function(req)
	local co, what = company_of(req.params.realm), wish(req)
	return done(function() seed.grow(co, what.count or 100, kind_of(what.kind or "Customer"), what.customer, what.amount) end)
end)

twin.control("POST", "/companies/:realm/bill/:id/pay", function(req)
	return done(function() company.pay_bill(company_of(req.params.realm), req.params.id, wish(req).amount) end)
end)

twin.control("GET", "/companies/:realm/:kind", function(req)
	local co, name, list, figures = company_of(req.params.realm), kind_of(req.params.kind), twin.array {}, {}
	for _, r in pairs(co.records[name]) do list[#list + 1] = company.told(co, name, r, figures) end
	table.sort(list, function(a, b) return (tonumber(a.Id) or 0) < (tonumber(b.Id) or 0) end)
	return list
end)

twin.control("GET", "/companies/:realm/:kind/:id", function(req)
	local co, name = company_of(req.params.realm), kind_of(req.params.kind)
	return company.told(co, name, record_of(co, name, req.params.id))
end)

twin.control("POST", "/companies/:realm/:kind", function(req)
	local co, name, what = company_of(req.params.realm), kind_of(req.params.kind), wish(req)
	return done(function() return company.told(co, name, company.create(co, name, what)) end)
end)

twin.control("POST", "/companies/:realm/:kind/:id", function(req)
	local co, name, what = company_of(req.params.realm), kind_of(req.params.kind), wish(req)
	local r = record_of(co, name, req.params.id)
	what.Id, what.SyncToken, what.sparse = r.Id, r.SyncToken, true
	return done(function() return company.told(co, name, company.update(co, name, what)) end)
end)

for word, fn in pairs { delete = company.delete, void = company.void } do
	twin.control("POST", "/companies/:realm/:kind/:id/" .. word, function(req)
		local co, name = company_of(req.params.realm), kind_of(req.params.kind)
		local r = record_of(co, name, req.params.id)
		return done(function()
			fn(co, name, { Id = r.Id, SyncToken = r.SyncToken })
		end)
	end)
end

twin.control("POST", "/pick", function(req)
	local realm = wish(req).realm
	company_of(realm)
	twin.state.pick = realm
	twin.changed()
	return {}
end)

twin.control("POST", "/grant", function(req)
	local realm = wish(req).realm or twin.state.order[1]
	company_of(realm)
	local reply = oauth.playground(realm)
	reply.realmId = realm
	return reply
end)

twin.control("POST", "/disconnect", function(req)
	oauth.disconnect(wish(req).realm or twin.state.order[1])
	return {}
end)

twin.control("POST", "/expire", function()
	oauth.expire()
	twin.changed()
	return {}
end)

twin.control("GET", "/app", function()
	local app = twin.copy(twin.state.app)
	app.waiting = #app.queue
	app.queue = nil
	return app
end)

twin.control("POST", "/app", function(req)
	local what = wish(req)
	twin.state.app.url = what.url or twin.state.app.url
	twin.state.app.format = what.format or twin.state.app.format
	twin.changed()
	return {}
end)

twin.control("POST", "/deliver", function() return { taken = hooks.deliver_all(), waiting = #twin.state.app.queue } end)

twin.control("POST", "/events", function(req)
	local what = wish(req)
	local reply, why = twin.http { method = "POST", url = twin.state.app.url, body = what.body, timeout_ms = 3000,
		headers = { ["Content-Type"] = "application/json", ["intuit-signature"] = hooks.signature(what.body) } }
	if not reply then return nil, why end
	return { status = reply.status }
end)

twin.control("GET", "/reads", function()
	local by = {}
	for realm, co in pairs(twin.state.companies) do by[realm] = co.reads end
	return { reads = twin.state.reads, by_company = by }
end)
