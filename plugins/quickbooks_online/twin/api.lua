-- api.lua - the Accounting API v3: addresses, log-in, limits, queries, changes, batches (../SOURCES.md 2 to 7).
local company = require "twin.company"
local decimal = require "decimal"
local fault = require "twin.fault"
local oauth = require "twin.oauth"
local query = require "twin.query"
local shapes = require "twin.shapes"

local api = {}
local object, array = twin.object, twin.array

local CDC_MOST, CDC_DAYS, BATCH_MOST = 1000, 30, 30
local NOT_IN_CDC = { TaxCode = true }

local function now_text() return (company.instant(twin.now()):gsub("^(.-T..:..:..)", "%1.000")) end

-- ---- answers ---------------------------------------------------------------------------------------------------

local function xml_of(name, value)
	if type(value) ~= "table" then return { name = name, tostring(value) } end
	local e = { name = name }
	for k, v in pairs(value) do
		for _, one in ipairs(twin.is_array(v) and v or { v }) do e[#e + 1] = xml_of(k, one) end
	end
	return e
end

-- Decimal text becomes a number of the wire: 85.0, 362.07; quantities and prices without needless zeros.
local FEW = { Qty = true, UnitPrice = true, ExchangeRate = true }

local function on_wire(member, value)
	if type(value) == "string" and shapes.decimals[member] then
		local n = decimal.parse(value, 7)
		return twin.json.bare(n == 0 and "0" or decimal.text(n, 7, FEW[member] and 0 or 1))
	end
	if type(value) == "table" then
		for k, v in pairs(value) do value[k] = on_wire(type(k) == "number" and member or k, v) end
	end
	return value
end

-- Without an Accept header it is XML, whatever was sent.
local function send(req, status, value)
	value = on_wire("", value)
	if (req.headers.accept or ""):find("application/json", 1, true) then return { status = status, json = value, headers = { intuit_tid = twin.uuid() } } end
	local root = xml_of("IntuitResponse", value)
	root.attr = { xmlns = "http://schema.intuit.com/finance/v3", time = now_text() }
	return { status = status, headers = { ["Content-Type"] = "application/xml;charset=UTF-8", intuit_tid = twin.uuid() }, body = '<?xml version="1.0" encoding="UTF-8"?>' .. twin.xml.write(root) }
end

local function told(co, name, r) return object { { name, company.told(co, name, r) }, { "time", now_text() } } end

-- Runs fn; a raised fault becomes its answer.
local function guarded(req, fn)
	local well, value = xpcall(fn, function(why) return type(why) == "table" and why or { lua = debug.traceback(why) } end)
	if well then return send(req, 200, value) end
	if not value.fault then error(value.lua or value, 0) end
	return send(req, value.code == "6190" and 403 or 400, object { { "Fault", fault.body(value) }, { "time", now_text() } })
end

-- ---- who calls, and how often --------------------------------------------------------------------------------------

local function counted(list, now, span)
	local n = 0
	for i = #list, 1, -1 do
		if list[i] <= now - span then break end
		n = n + 1
	end
	return n
end

local function throttled(co, req, is_batch)
	local now = twin.now()
	while co.calls[1] and co.calls[1] <= now - 60000 do table.remove(co.calls, 1) end
	if counted(co.calls, now, 60000) >= twin.settings.per_minute then return true end
	if is_batch then
		co.batches = co.batches or {}
		while co.batches[1] and co.batches[1] <= now - 60000 do table.remove(co.batches, 1) end
		if #co.batches >= twin.settings.batches_per_minute then return true end
		co.batches[#co.batches + 1] = now
	end
	co.calls[#co.calls + 1] = now
	return false
end

-- The company of the address, for whom the caller has access; else an answer that says why not.
local function entered(req)
	local co = twin.state.companies[req.params.realm]
	local access = oauth.caller(req)
	if not access then return nil, fault.gateway(401, "3200", "AuthenticationFailed", "Token expired or invalid") end
	if not co or access.realm ~= req.params.realm then
		return nil, fault.gateway(403, "3100", "ApplicationAuthorizationFailed", "The application is not authorized for company " .. req.params.realm)
	end
	if throttled(co, req, req.path:match("/batch$")) then return nil, fault.throttled() end
	if req.method == "GET" or req.path:match("/query$") then
		-- Only what is answered well is counted; the month's end gives it back.
		if twin.settings.reads_per_month > 0 and twin.state.reads >= twin.settings.reads_per_month then return nil, fault.throttled() end
		co.reads, twin.state.reads = co.reads + 1, twin.state.reads + 1
	end
	if co.lapsed then
		return nil, { status = 403, json = object { { "Fault", fault.body(fault.of("6190")) }, { "time", now_text() } } }
	end
	return co
end

local function route(method, path, fn)
	twin.route(method, "/v3/company/:realm" .. path, function(req)
		local co, refused = entered(req)
		if not co then return refused end
		return guarded(req, function() return fn(co, req) end)
	end)
end

-- ---- queries --------------------------------------------------------------------------------------------------------

local function company_info(co, realm)
	return { CompanyName = co.name, LegalName = co.name, Country = co.country, SupportedLanguages = "en", NameValue = array { { Name = "OfferingSku", Value = "QuickBooks Online Plus" } },
		domain = "QBO", sparse = false, Id = "1", SyncToken = "4", MetaData = { CreateTime = "2020-01-01T00:00:00-08:00", LastUpdatedTime = "2020-01-01T00:00:00-08:00" },
		FiscalYearStartMonth = "January" }
end

local function preferences(co)
	return { AccountingInfoPrefs = { BookCloseDate = co.close_date ~= "" and co.close_date or nil, FirstMonthOfFiscalYear = "January" },
		CurrencyPrefs = { MultiCurrencyEnabled = co.multi_currency, HomeCurrency = { value = co.currency } },
		SalesFormsPrefs = { CustomTxnNumbers = co.custom_numbers }, domain = "QBO", sparse = false, Id = "1", SyncToken = "1" }
end

local SINGLE = { CompanyInfo = company_info, Preferences = preferences }

local function run_query(co, realm, text)
	local q = query.parse(text)
	local name = shapes.by_word[q.entity:lower()]
	if SINGLE[q.entity] then
		return object { { q.entity, array { SINGLE[q.entity](co, realm) } }, { "maxResults", 1 } }
	end
	if not name then fault.raise("4001", "", ("Invalid context declaration: %s"):format(q.entity)) end
	local figures = {}
	local page, total = query.run(q, shapes.kinds[name], company.records(co, name), function(r) return company.told(co, name, r, figures) end)
	if q.count then return object { { "totalCount", total } } end
	if #page == 0 then return object {} end
	return object { { name, page }, { "startPosition", q.start }, { "maxResults", #page }, { "totalCount", q.start == 1 and total or nil } }
end

local function answer_query(co, req, text)
	return object { { "QueryResponse", run_query(co, req.params.realm, text) }, { "time", now_text() } }
end

-- ---- change data capture ------------------------------------------------------------------------------------------------

local function changes_of(co, name, since)
	local list, gone, figures = {}, {}, {}
	for _, r in pairs(company.records(co, name)) do
		if r.updated >= since then list[#list + 1] = r end
	end
	table.sort(list, function(a, b) return a.updated ~= b.updated and a.updated < b.updated or a.updated == b.updated and tonumber(a.Id) < tonumber(b.Id) end)
	for _, d in ipairs(co.deleted) do
		if d.name == name and d.at >= since then
			gone[#gone + 1] = { domain = "QBO", status = "Deleted", Id = d.id, MetaData = { LastUpdatedTime = company.instant(d.at) } }
		end
	end
	local out = array {}
	for _, r in ipairs(list) do out[#out + 1] = company.told(co, name, r, figures) end
	for _, d in ipairs(gone) do out[#out + 1] = d end
	return out
end

local function cdc(co, req)
	local since = twin.from_iso(req.args.changedSince or "")
	if not since then fault.raise("2020", "changedSince", "changedSince") end
	if since < twin.now() - CDC_DAYS * 86400000 then fault.raise("2030", "changedSince", "Changed since date must be within 30 days") end
	local left = CDC_MOST
	local response = array {}
	for word in (req.args.entities or ""):gmatch("[^,%s]+") do
		local name = shapes.by_word[word:lower()]
		if not name or NOT_IN_CDC[name] then fault.raise("2010", "entities", word) end
		local list = changes_of(co, name, since)
		local most = twin.settings.cdc_limit == "list" and CDC_MOST or left
		while #list > most do table.remove(list) end
		left = left - #list
		response[#response + 1] = #list == 0 and object {} or object { { name, list }, { "startPosition", 1 }, { "maxResults", #list }, { "totalCount", #list } }
	end
	if #response == 0 then fault.raise("2020", "entities", "entities") end
	return object { { "CDCResponse", array { object { { "QueryResponse", response } } } }, { "time", now_text() } }
end

-- ---- writes -----------------------------------------------------------------------------------------------------------------

local function write(co, name, operation, body)
	local shape = shapes.kinds[name]
	if shape.read_only then fault.raise("2010", "operation", "create") end
	if type(body) ~= "table" then fault.raise("2010", "", "body") end
	if operation == "delete" then return company.delete(co, name, body) end
	if operation == "void" then return company.told(co, name, company.void(co, name, body)) end
	local r = body.Id and company.update(co, name, body) or company.create(co, name, body)
	return company.told(co, name, r)
end

-- The first answer to a requestid is the answer for ever.
local function once(co, req, fn)
	local id = req.args.requestid
	if id and #id > 50 then fault.raise("2050", "requestid", 50, #id) end
	if id and co.answered[id] then return twin.json.decode(co.answered[id]) end
	local value = fn()
	if id then co.answered[id] = twin.json.encode(value) end
	twin.changed()
	return value
end

local function post_one(co, req)
	local name = shapes.by_word[req.params.word]
	if not name then fault.raise("2010", "", req.params.word) end
	local operation = req.args.include == "void" and "void" or req.args.operation
	local body = req:json()
	return once(co, req, function() return object { { name, write(co, name, operation, body) }, { "time", now_text() } } end)
end

local function batch_item(co, realm, item)
	local answer = object { { "bId", item.bId } }
	local well, why = pcall(function()
		if item.Query then
			answer.QueryResponse = run_query(co, realm, item.Query)
			return
		end
		for k, v in pairs(item) do
			if shapes.kinds[k] then
				answer[k] = write(co, k, item.operation, v)
				return
			end
		end
		fault.raise("2010", "", "BatchItemRequest")
	end)
	if not well then
		if not why.fault then error(why, 0) end
		answer.Fault = fault.body(why)
	end
	return answer
end

local function batch(co, req)
	local body = req:json()
	local list = type(body) == "table" and body.BatchItemRequest
	if not list then fault.raise("2020", "BatchItemRequest", "BatchItemRequest") end
	if #list > BATCH_MOST then fault.raise("2090", "BatchItemRequest", ("Batch size exceeds %d"):format(BATCH_MOST)) end
	return once(co, req, function()
		local out = array {}
		for i, item in ipairs(list) do out[i] = batch_item(co, req.params.realm, item) end
		return object { { "BatchItemResponse", out }, { "time", now_text() } }
	end)
end

-- ---- the doors -----------------------------------------------------------------------------------------------------------------

function api.serve()
	oauth.serve()
	route("GET", "/query", function(co, req) return answer_query(co, req, req.args.query or "") end)
	route("POST", "/query", function(co, req)
		local kind = req.headers["content-type"] or ""
		if not kind:find("application/text", 1, true) then fault.raise("2040", "", "Content-Type must be application/text") end
		return answer_query(co, req, req.body)
	end)
	route("GET", "/cdc", cdc)
	route("POST", "/batch", batch)
	route("GET", "/companyinfo/:id", function(co, req) return object { { "CompanyInfo", company_info(co, req.params.realm) }, { "time", now_text() } } end)
	route("GET", "/preferences", function(co) return object { { "Preferences", preferences(co) }, { "time", now_text() } } end)
	route("GET", "/:word/:id", function(co, req)
		local name = shapes.by_word[req.params.word]
		local r = name and company.records(co, name)[req.params.id]
		if not r then fault.raise("610", "") end
		return told(co, name, r)
	end)
	route("POST", "/:word", post_one)
end

return api
