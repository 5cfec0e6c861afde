-- twin.lua - Zoho CRM of one organisation: accounts server, API v8, notifications.  Run by tools/twin.
--
-- One door is both servers: what differs is the host that a request names.  `accounts_host` and `api_host` are names of it,
-- 127.0.0.1 or localhost; a request at the wrong one is refused as by another data centre.  All bodies are JSON objects.
--
--   GET    /records/:module             each record as the API gives it, rows and linked products too
--   POST   /records/:module {..}        a person makes one; names of fields as in the API
--   POST   /records/:module/:id {..}    a person changes it; {"_silent":true}: without a notification
--   DELETE /records/:module/:id         into the recycle bin
--   POST   /records/:module/:id/lock {locked}
--   POST   /merge {module, master, child}
--   POST   /links/:deal {products}      which products a deal is about
--   GET    /sums                        deals and accounts: counts, amounts by stage, what occurs twice
--   POST   /grow {module, count}        many records
--   POST   /move {api_host, accounts_host}   the data centre moves; GET /move tells where it is, and how often the old place was called
--   POST   /grant {scope}; POST /revoke {refresh_token}; POST /expire {}       tokens: a grant without a browser, its end, all access tokens' end
--   GET    /tokens                      how many were asked for and given, and are alive
--   GET    /channels; POST /lapse {}; POST /deliver          channels; all of them end now; what waits is sent now
--   POST   /permission {module, allowed};  POST /field {module, name, there}    what its owner takes away
--   GET    /limits
--
-- Faults of its own: expire_tokens (all access tokens, before that request), edit_before {module, record, set} (somebody is faster);
-- for notifications on their way: note_lost, note_twice, note_late {ms}, note_reversed; path may name "Accounts.edit".
twin.describe {
	title = "Zoho CRM",
	settings = {
		company = "Acme Mugs", org_id = "60012345678", edition = "Professional", currency = "USD", time_zone = "America/Los_Angeles", offset_minutes = -480,
		client_id = "1000.TWINCLIENT", client_secret = "5ec2e7", scope = "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.org.READ,ZohoCRM.users.READ,ZohoCRM.notifications.ALL,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ",
		accounts_host = "127.0.0.1", api_host = "127.0.0.1", location = "us", consent = "allow",
		custom_fields = "all", closing_date = "mandatory", pipelines = false, seed = "sales",
		all_failed = 400, index_lag_ms = 20000, credits = 0, at_once = 0, work_ms = 0, retry_after = 0, -- 0: as the edition has it; no header
		deliver_after_ms = 100, hook_ca_file = "", hook_verify = true,
	},
}

twin.fault_kinds { "expire_tokens", "edit_before", "note_lost", "note_twice", "note_late", "note_reversed" }

local channels = require "twin.channels"
local limits = require "twin.limits"
local oauth = require "twin.oauth"
local records = require "twin.records"
local rest = require "twin.rest"
local schema = require "twin.schema"
local seed = require "twin.seed"

twin.on_reset(function()
	local s = twin.settings
	twin.state = { modules = {}, deleted = twin.array {}, deal_products = {}, last_id = 0, clients = { [s.client_id] = s.client_secret }, codes = {}, consented = {},
		refresh = {}, access = {}, self = {}, issued = 0, token_calls = 0, accounts_host = s.accounts_host, api_host = s.api_host, wrong_base = 0,
		credits = {}, tokens = {}, channels = {}, queue = twin.array {}, told = 0, told_well = 0, watched = twin.array {}, no_permission = {}, dropped_fields = {} }
	if s.seed == "sales" then seed.fill() end
	twin.state.queue = twin.array {}
end)

twin.on_load(function() channels.wake() end)

oauth.serve()
rest.serve()

-- ---- the control door ------------------------------------------------------------------------------

local plain, wish = twin.plain, twin.wish

local function module_of(req)
	local m = schema.module(req.params.module)
	if not m then plain("this edition has no module " .. req.params.module) end
	return m.api_name
end

local function done(value)
	twin.changed()
	return value
end

local function told(module, id)
	local out = records.show(module, id)
	if module == "Deals" then
		out.Products = twin.array {}
		for i, product in ipairs(records.links(id)) do out.Products[i] = { id = product, name = records.name_of("Products", records.get("Products", product)) } end
	end
	return out
end

local function checked(entry)
	if entry.status ~= "success" then plain(entry.message .. " " .. twin.json.encode(entry.details)) end
	return done({ id = entry.details.id })
end

twin.control("GET", "/records/:module", function(req)
	local module = module_of(req)
	local list = twin.array {}
	for _, id in ipairs(records.ids(module)) do list[#list + 1] = told(module, id) end
	return list
end)

twin.control("GET", "/records/:module/:id", function(req)
	local module = module_of(req)
	if not records.get(module, req.params.id) then plain("no such record") end
	return told(module, req.params.id)
end)

twin.control("POST", "/records/:module", function(req) return checked(records.insert(module_of(req), wish(req), "$")) end)

twin.control("POST", "/records/:module/:id", function(req)
	local what = wish(req)
	local silent, waiting = what._silent, #twin.state.queue
	what._silent = nil
	local answer = checked(records.update(module_of(req), req.params.id, what, "$"))
	while silent and #twin.state.queue > waiting do table.remove(twin.state.queue) end
	return answer
end)

twin.control("DELETE", "/records/:module/:id", function(req) return checked(records.delete(module_of(req), req.params.id)) end)

twin.control("POST", "/records/:module/:id/lock", function(req)
	local r = records.get(module_of(req), req.params.id) or plain("no such record")
	r.locked = wish(req).locked ~= false or nil
	return done {}
end)

twin.control("POST", "/merge", function(req)
	local what = wish(req)
	if not records.merge(what.module, what.master, what.child) then return nil, "module, master and child: two records that are there" end
	return done {}
end)

twin.control("POST", "/links/:deal", function(req)
	if not records.get("Deals", req.params.deal) then return nil, "no such deal" end
	twin.state.deal_products[req.params.deal] = twin.array(twin.copy(wish(req).products or {}))
	return done {}
end)

local function cents(n) return math.floor((n or 0) * 100 + 0.5) end
local function text(n) return ("%s%d.%02d"):format(n < 0 and "-" or "", math.abs(n) // 100, math.abs(n) % 100) end

local function twice(module, name)
	local seen, list = {}, twin.array {}
	for _, id in ipairs(records.ids(module)) do
		local value = records.get(module, id).fields[name]
		if value ~= nil then
			if seen[value] == 1 then list[#list + 1] = value end
			seen[value] = (seen[value] or 0) + 1
		end
	end
	return list
end

twin.control("GET", "/sums", function()
	local by_stage, deals, amount = {}, 0, 0
	for _, id in ipairs(records.ids("Deals")) do
		local f = records.get("Deals", id).fields
		deals, amount = deals + 1, amount + cents(f.Amount)
		by_stage[f.Stage] = by_stage[f.Stage] or { count = 0, amount = 0 }
		by_stage[f.Stage].count, by_stage[f.Stage].amount = by_stage[f.Stage].count + 1, by_stage[f.Stage].amount + cents(f.Amount)
	end
	for _, s in pairs(by_stage) do s.amount = text(s.amount) end
	return { accounts = #records.ids("Accounts"), deals = deals, amount = text(amount), by_stage = twin.object(by_stage),
		names_twice = twice("Accounts", "Account_Name"), deals_twice = twice("Deals", "Deal_Name"), external_twice = twice("Accounts", "External_Id") }
end)

twin.control("POST", "/grow", function(req)
	local what = wish(req)
	local module = schema.module(what.module or "Accounts") or plain("module: one of Zoho's")
	local must = { Accounts = "Account_Name", Contacts = "Last_Name", Products = "Product_Name", Vendors = "Vendor_Name", Leads = "Last_Name" }
	local name = must[module.api_name] or plain("only Accounts, Contacts, Products, Vendors and Leads grow")
	for i = 1, what.count or 100 do
		local entry = records.insert(module.api_name, { [name] = ("Number %06d"):format(i) }, "$")
		if what.spread_ms then
			local r = records.get(module.api_name, entry.details.id)
			r.modified = r.modified - ((what.count or 100) - i) * what.spread_ms
		end
	end
	return done { count = what.count or 100 }
end)

local function place() return { accounts_server = oauth.accounts_server(), api_domain = oauth.api_domain(), wrong_base = twin.state.wrong_base } end

twin.control("GET", "/move", place)
twin.control("POST", "/move", function(req)
	local what = wish(req)
	twin.state.api_host = what.api_host or twin.state.api_host
	twin.state.accounts_host = what.accounts_host or twin.state.accounts_host
	return done(place())
end)

twin.control("POST", "/grant", function(req) return done { refresh_token = oauth.grant(wish(req).scope), accounts_server = oauth.accounts_server() } end)
twin.control("POST", "/revoke", function(req)
	local what = wish(req).refresh_token
	if what then return oauth.revoke(what) and done {} or plain("no such refresh token") end
	for token in pairs(twin.copy(twin.state.refresh)) do oauth.revoke(token) end
	return done {}
end)
twin.control("POST", "/expire", function()
	twin.state.access = {}
	return done {}
end)

local function count(t)
	local n = 0
	for _ in pairs(t) do n = n + 1 end
	return n
end

twin.control("GET", "/tokens", function()
	return { calls = twin.state.token_calls, issued = twin.state.issued, access = count(twin.state.access), refresh = count(twin.state.refresh) }
end)

twin.control("GET", "/channels", function()
	local list = twin.array {}
	for _, id in ipairs(channels.ids()) do
		local c = twin.state.channels[id]
		list[#list + 1] = { channel_id = id, url = c.url, events = twin.array(twin.copy(c.events)), token = c.token or twin.null, expires = twin.iso(c.expires),
			alive = c.expires > twin.now() }
	end
	return { channels = list, waiting = #twin.state.queue, told = twin.state.told, told_well = twin.state.told_well, written = twin.array(twin.copy(twin.state.watched)) }
end)
twin.control("POST", "/lapse", function()
	for _, id in ipairs(channels.ids()) do twin.state.channels[id].expires = twin.now() end
	return done {}
end)
twin.control("POST", "/deliver", function() return channels.deliver_all() end)

twin.control("POST", "/permission", function(req)
	local what = wish(req)
	twin.state.no_permission[what.module or plain("module: one of Zoho's")] = what.allowed == false or nil
	return done {}
end)
twin.control("POST", "/field", function(req)
	local what = wish(req)
	twin.state.dropped_fields[(what.module or "") .. "." .. (what.name or "")] = what.there == false or nil
	return done {}
end)
twin.control("GET", "/limits", limits.told)
