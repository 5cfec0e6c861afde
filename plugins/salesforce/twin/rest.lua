-- rest.lua - the REST API: addresses, versions, rows, collections, composites, queries and their pages, getUpdated, getDeleted.
local auth = require "twin.auth"
local org = require "twin.org"
local schema = require "twin.schema"
local soql = require "twin.soql"

local rest = {}
local null, object_of, array = twin.null, twin.object, twin.array

local OLDEST, NEWEST, GONE = 31, 68, 30
local DAY, MINUTE = 86400000, 60000
local LOCATOR_LIFE = 2 * DAY

-- ---- answers -----------------------------------------------------------------------------------------

local function errors(e)
	local one = object_of { { "message", e.message }, { "errorCode", e.code } }
	if e.fields then one.fields = array(twin.copy(e.fields)) end
	if e.match then
		one = object_of { { "duplicateResult", { allowSave = twin.settings.duplicate_rule == "allow", duplicateRule = "Standard_Account_Duplicate_Rule", matchResults = array { { entityType = "Account", matchRecords = array { { record = { Id = e.match } } } } } } },
			{ "errorCode", e.code }, { "message", e.message } }
	end
	return array { one }
end

-- What fn gives, or the answer to what it raised.
local function tried(fn, ...)
	local out = table.pack(pcall(fn, ...))
	if out[1] then return table.unpack(out, 2, out.n) end
	if type(out[2]) ~= "table" or not out[2].code then error(out[2], 0) end
	return { status = out[2].status or 400, json = errors(out[2]) }
end

local function body_of(req)
	local value = req:json()
	if type(value) ~= "table" then org.fail("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body, or it is no JSON.") end
	return value
end

local function object_named(name)
	local object = schema.object(name)
	if not object then org.fail("NOT_FOUND", "The requested resource does not exist", nil, 404) end
	return object
end

local function how_of(req)
	return { allow_duplicates = (req.headers["sforce-duplicate-rule-header"] or ""):lower():find("allowsave%s*=%s*true") ~= nil }
end

local function saved(id, created)
	local out = object_of { { "id", id }, { "success", true }, { "errors", array {} } }
	if created ~= nil then out.created = created end
	return out
end

local function not_saved(e)
	local one = object_of { { "statusCode", e.code }, { "message", e.message }, { "fields", array(twin.copy(e.fields or {})) } }
	return object_of { { "success", false }, { "errors", array { one } } }
end

-- ---- one row ------------------------------------------------------------------------------------------

local function create(req)
	local object = object_named(req.params.object)
	local row = org.together(function() return org.insert(object, body_of(req), how_of(req)) end)
	return { status = 201, json = saved(row.Id), headers = { Location = org.path(("/sobjects/%s/%s"):format(object.name, row.Id)) } }
end

local function names_of(text)
	if not text then return nil end
	local names = {}
	for name in text:gmatch("[^,%s]+") do names[name:lower()] = true end
	return names
end

-- One-second resolution; 412 when it was changed since.
local function unmodified(req, row)
	local since = req.headers["if-unmodified-since"]
	if not since then return end
	local day, month, year, h, m, s = since:match("^%a+, (%d%d) (%a+) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
	local n = month and (("JanFebMarAprMayJunJulAugSepOctNovDec"):find(month, 1, true) + 2) // 3
	local at = n and twin.from_iso(("%s-%02d-%sT%s:%s:%sZ"):format(year, n, day, h, m, s))
	if not at then org.fail("INVALID_HEADER", "malformed If-Unmodified-Since") end
	if row.LastModifiedDate // 1000 * 1000 > at then org.fail("PRECONDITION_FAILED", "the record was modified", nil, 412) end
end

local function external(req)
	local object = object_named(req.params.object)
	local f = schema.field(object, req.params.field)
	if not f or not (f.externalId or f.name == "Id") then org.fail("NOT_FOUND", "Provided external ID field does not exist or is not accessible: " .. req.params.field, nil, 404) end
	local value = req.params.value
	return object, f, value, org.by_external(object, f, value)
end

local function several(object, rows)
	local list = array {}
	for i, row in ipairs(rows) do list[i] = org.path(("/sobjects/%s/%s"):format(object.name, row.Id)) end
	return { status = 300, json = list }
end

local function upserted(object, f, value, body, how)
	if schema.field(object, f.name) and body[f.name] ~= nil then org.fail("INVALID_FIELD", ("The %s field should not be specified in the sobject data."):format(f.name), { f.name }) end
	if body.Id ~= nil or body.id ~= nil then org.fail("INVALID_FIELD", "The Id field should not be specified in the sobject data.", { "Id" }) end
	local found = org.by_external(object, f, value)
	if #found > 1 then return nil, found end
	if found[1] then return org.update(object, found[1].Id, body, how), false end
	local whole = twin.copy(body)
	whole[f.name] = value
	return org.insert(object, whole, how), true
end

local function upsert(req)
	local object, f, value = external(req)
	local row, created = org.together(function()
		local row, created = upserted(object, f, value, body_of(req), how_of(req))
		return row and { row, created } or { nil, created }
	end)
	row, created = row[1], row[2]
	if not row then return several(object, created) end
	return { status = created and 201 or 200, json = saved(row.Id, created) }
end

local function read(req)
	local object = object_named(req.params.object)
	return { status = 200, json = org.whole(object, org.existing(object, req.params.id), names_of(req.args.fields)) }
end

local function read_external(req)
	local object, _, _, rows = external(req)
	if #rows == 0 then org.fail("NOT_FOUND", "The requested resource does not exist", nil, 404) end
	if #rows > 1 then return several(object, rows) end
	return { status = 200, json = org.whole(object, rows[1], names_of(req.args.fields)) }
end

local function update(req)
	local object = object_named(req.params.object)
	unmodified(req, org.existing(object, req.params.id))
	org.together(function() return org.update(object, req.params.id, body_of(req), how_of(req)) end)
	return { status = 204, body = "" }
end

local function delete(req)
	local object = object_named(req.params.object)
	org.together(function()
		org.delete(object, req.params.id)
		return true
	end)
	return { status = 204, body = "" }
end

local function delete_external(req)
	local object, _, _, rows = external(req)
	if #rows ~= 1 then org.fail("NOT_FOUND", "The requested resource does not exist", nil, 404) end
	org.delete(object, rows[1].Id)
	return { status = 204, body = "" }
end

-- ---- collections -----------------------------------------------------------------------------------------

local function records_of(value, limit)
	if type(value.records) ~= "table" then org.fail("JSON_PARSER_ERROR", "records: a list") end
	if #value.records > limit then org.fail("EXCEEDED_MAX_SIZE_REQUEST", ("record limit reached. cannot submit more than %d records in this request"):format(limit)) end
	return value.records
end

local function type_of(record, only)
	local name = type(record) == "table" and type(record.attributes) == "table" and record.attributes.type
	if not name then org.fail("INVALID_FIELD", "an object without attributes.type") end
	local object = schema.object(name)
	if not object then org.fail("INVALID_TYPE", ("sObject type '%s' is not supported."):format(name)) end
	if only and object ~= only then org.fail("INVALID_FIELD", "the type of a record is not that of the address") end
	return object
end

-- Each by itself, in its order; all_or_none: one failure undoes all.  Returns the outcomes, and whether all went well.
local function each(list, all_or_none, fn)
	local outcomes, fine = array {}, true
	org.together(function()
		for i, one in ipairs(list) do
			local done, e = pcall(org.together, function() return fn(one) end)
			if not done then
				if type(e) ~= "table" or not e.code then error(e, 0) end
				fine = false
				outcomes[i] = not_saved(e)
			else
				outcomes[i] = e
			end
		end
		return fine or not all_or_none
	end)
	if all_or_none and not fine then
		for i, o in ipairs(outcomes) do
			if o.success then
				outcomes[i] = not_saved { code = "ALL_OR_NONE_OPERATION_ROLLED_BACK", message = "Record rolled back because not all records were valid and the request was using AllOrNone header", fields = {} }
			end
		end
	end
	return outcomes, fine
end

local function without(record, ...)
	local out = twin.copy(record)
	out.attributes = nil
	for _, name in ipairs { ... } do out[name] = nil end
	return out
end

local function collection(req, all)
	local value = body_of(req)
	local method, how = req.method, how_of(req)
	if all == nil then all = value.allOrNone == true end
	if method == "POST" then
		return each(records_of(value, 200), all, function(r) return saved(org.insert(type_of(r), without(r), how).Id) end)
	end
	return each(records_of(value, 200), all, function(r)
		local id = r.id or r.Id
		if not id then org.fail("MISSING_ARGUMENT", "Id not specified in an update call", {}) end
		return saved(org.update(type_of(r), id, without(r, "id", "Id"), how).Id)
	end)
end

local function collection_upsert(req, all)
	local value = body_of(req)
	local object, how = object_named(req.params.object), how_of(req)
	local f = schema.field(object, req.params.field)
	if not f or not (f.externalId or f.name == "Id") then org.fail("NOT_FOUND", "Provided external ID field does not exist or is not accessible: " .. req.params.field, nil, 404) end
	if all == nil then all = value.allOrNone == true end
	return each(records_of(value, 200), all, function(r)
		type_of(r, object)
		local key = r[f.name]
		if key == nil or key == null then org.fail("MISSING_ARGUMENT", f.name .. " not specified", {}) end
		local row, created = upserted(object, f, key, without(r, f.name), how)
		if not row then org.fail("DUPLICATE_EXTERNAL_ID", ("%s: more than one record found for external id field: [%s]"):format(f.name, tostring(key)), {}) end
		return saved(row.Id, created)
	end)
end

local function object_by_id(id)
	for _, object in pairs(schema.objects) do
		if object.prefix == id:sub(1, 3) then return object end
	end
	org.fail("MALFORMED_ID", "malformed id " .. id, {})
end

local function collection_delete(req, all)
	local ids = {}
	for id in (req.args.ids or ""):gmatch("[^,]+") do ids[#ids + 1] = id end
	if #ids == 0 then org.fail("MISSING_ARGUMENT", "ids: missing") end
	if #ids > 200 then org.fail("EXCEEDED_MAX_SIZE_REQUEST", "record limit reached. cannot submit more than 200 records in this request") end
	if all == nil then all = req.args.allOrNone == "true" end
	return each(ids, all, function(id)
		org.delete(object_by_id(id), id)
		return saved(org.id18(id))
	end)
end

local function collection_read(req)
	local object = object_named(req.params.object)
	local value = req.method == "POST" and body_of(req) or { ids = {}, fields = {} }
	for id in (req.args.ids or ""):gmatch("[^,]+") do value.ids[#value.ids + 1] = id end
	for name in (req.args.fields or ""):gmatch("[^,]+") do value.fields[#value.fields + 1] = name end
	local names, out = {}, array {}
	for _, name in ipairs(value.fields) do names[name:lower()] = true end
	for i, id in ipairs(value.ids) do
		local row = org.row(object, id)
		out[i] = row and not row.IsDeleted and org.whole(object, row, names) or null
	end
	return { status = 200, json = out }
end

local function tree(req)
	local object, how = object_named(req.params.object), how_of(req)
	local results, wrong, count = array {}, array {}, 0
	local function plant(o, record, parent_field, parent)
		count = count + 1
		local body = {}
		for k, v in pairs(record) do
			if type(v) ~= "table" or v == null then body[k] = v end
		end
		if parent then body[parent_field] = parent end
		local ref = record.attributes.referenceId
		local done, e = pcall(org.insert, o, body, how)
		if not done then
			if type(e) ~= "table" or not e.code then error(e, 0) end
			wrong[#wrong + 1] = { referenceId = ref, errors = array { { statusCode = e.code, message = e.message, fields = array(twin.copy(e.fields or {})) } } }
			return
		end
		results[#results + 1] = { referenceId = ref, id = e.Id }
		for k, v in pairs(record) do
			if type(v) == "table" and v ~= null and v.records then
				local child, by = schema.children(o, k)
				for _, r in ipairs(v.records) do plant(child, r, by, e.Id) end
			end
		end
	end
	org.together(function()
		for _, r in ipairs(records_of(body_of(req), 200)) do plant(object, r) end
		if count > 200 then org.fail("EXCEEDED_MAX_SIZE_REQUEST", "a tree holds at most 200 records") end
		return #wrong == 0
	end)
	if #wrong > 0 then return { status = 400, json = { hasErrors = true, results = wrong } } end
	return { status = 201, json = { hasErrors = false, results = results } }
end

-- ---- queries -----------------------------------------------------------------------------------------------

local function batch_of(req)
	local wanted = tonumber((req.headers["sforce-query-options"] or ""):match("batchSize%s*=%s*(%d+)"))
	return math.min(wanted and math.max(200, wanted) or 2000, twin.settings.page_size)
end

local function keep(text, sub, ids, at, size)
	local name = "01g" .. org.new_id("0r8"):sub(4, 18)
	twin.state.locators[name] = { text = text, sub = sub, ids = ids, size = size, made = twin.now() }
	return org.path(("/query/%s-%d"):format(name, at))
end

local page

-- A list of children inside a row: whole when it is short, else with an address for the rest.
local function more_of(text, size)
	return function(sub, ids)
		return page(sub, text, ids, 0, size, sub.from)
	end
end

page = function(q, text, ids, at, size, sub)
	local records = array {}
	local last = math.min(#ids, at + size)
	for i = at + 1, last do
		local row = org.row(q.object, ids[i])
		if row then records[#records + 1] = soql.shown(q, ids[i], more_of(text, size)) end
	end
	local out = object_of { { "totalSize", #ids }, { "done", last >= #ids } }
	if last < #ids then out.nextRecordsUrl = keep(text, sub, twin.array(twin.copy(ids)), last, size) end
	out.records = records
	return out
end

-- What is wrong with pages when things go wrong.
local function spoiled(req, out)
	local place = { method = req.method, path = req.path }
	if out.nextRecordsUrl and twin.fault("cursor_loops", place) then out.nextRecordsUrl = req.raw_path:find("/query/", 1, true) and req.raw_path:match("^[^?]+") or out.nextRecordsUrl end
	if not out.done and twin.fault("empty_page", place) then out.records = array {} end
	if twin.fault("row_missing", place) then table.remove(out.records) end
	if #out.records > 0 then
		local first = out.records[1]
		if twin.fault("row_without_id", place) then first.Id = nil end
		if twin.fault("numbers_as_text", place) then
			for _, r in ipairs(out.records) do
				for k, v in pairs(r) do
					if type(v) == "number" then r[k] = ("%.2f"):format(v) end
				end
			end
		end
		if twin.fault("text_as_number", place) then first.AccountNumber = 4711 end
	end
	return { status = 200, json = out }
end

local function query(req)
	local text = req.args.q
	if not text then org.fail("MALFORMED_QUERY", "q: a query") end
	local q = soql.prepare(text)
	local deleted = req.path:find("queryAll", 1, true) ~= nil
	if deleted then org.empty_bin() end
	local ids = soql.run(q, deleted)
	if #q.columns == 1 and q.columns[1].count then return { status = 200, json = object_of { { "totalSize", #ids }, { "done", true }, { "records", array {} } } } end
	return spoiled(req, page(q, text, ids, 0, batch_of(req)))
end

local function query_more(req)
	local name, at = req.params.locator:match("^(%w+)%-(%d+)$")
	local l = name and twin.state.locators[name]
	if not l or twin.now() - l.made > LOCATOR_LIFE or twin.fault("locator_lost", { method = req.method, path = req.path }) then
		org.fail("INVALID_QUERY_LOCATOR", "invalid query locator", nil, 400)
	end
	if twin.fault("page_repeats", { method = req.method, path = req.path }) then at = math.max(0, tonumber(at) - l.size) end
	local q = soql.prepare(l.text)
	if l.sub then
		for _, c in ipairs(q.columns) do
			if c.sub and c.sub.from == l.sub then q = c.sub break end
		end
	end
	return spoiled(req, page(q, l.text, l.ids, tonumber(at), l.size, l.sub))
end

-- ---- what has changed -----------------------------------------------------------------------------------------

local function window(req)
	local start, stop = twin.from_iso(req.args.start or ""), twin.from_iso(req.args["end"] or "")
	if not start or not stop then org.fail("INVALID_FIELD", "start and end: instants") end
	start, stop = start // MINUTE * MINUTE, stop // MINUTE * MINUTE
	if start < twin.now() - 30 * DAY then org.fail("INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago") end
	if stop - start <= MINUTE then org.fail("INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than startDate") end
	return start, stop
end

local function in_window(object, start, stop, deleted)
	local rows = {}
	for _, row in pairs(org.rows(object)) do
		if row.IsDeleted == deleted and row.SystemModstamp >= start and row.SystemModstamp < stop then rows[#rows + 1] = row end
	end
	table.sort(rows, function(a, b) return a.Id < b.Id end)
	return rows
end

local function updated(req)
	local object = object_named(req.params.object)
	local start, stop = window(req)
	local ids = array {}
	for i, row in ipairs(in_window(object, start, stop, false)) do ids[i] = row.Id end
	return { status = 200, json = { ids = ids, latestDateCovered = org.instant(math.min(stop, twin.now())) } }
end

local function deleted(req)
	local object = object_named(req.params.object)
	local start, stop = window(req)
	local list = array {}
	for i, row in ipairs(in_window(object, start, stop, true)) do list[i] = { id = row.Id, deletedDate = org.instant(row.SystemModstamp) } end
	return { status = 200, json = { deletedRecords = list, earliestDateAvailable = org.instant(twin.state.born), latestDateCovered = org.instant(math.min(stop, twin.now())) } }
end

-- ---- about the org ----------------------------------------------------------------------------------------------

local function limits()
	local most = twin.settings.daily_calls
	return { status = 200, json = { DailyApiRequests = { Max = most, Remaining = math.max(0, most - auth.used()) }, ConcurrentAsyncGetReportInstances = { Max = 200, Remaining = 200 },
		DataStorageMB = { Max = 1024, Remaining = 900 } } }
end

local function organization()
	return { status = 200, json = { name = twin.settings.name, orgId = twin.state.org, features = { defaultCurrencyIsoCode = twin.settings.currency, multiCurrency = twin.settings.currencies == "many", chatter = true } } }
end

local function versions()
	local list = array {}
	for v = OLDEST, NEWEST do list[#list + 1] = { label = ("Version %d"):format(v), url = ("/services/data/v%d.0"):format(v), version = ("%d.0"):format(v) } end
	return { status = 200, json = list }
end

local function objects()
	local list = array {}
	for _, object in pairs(schema.objects) do list[#list + 1] = schema.brief(object) end
	table.sort(list, function(a, b) return a.name < b.name end)
	return { status = 200, json = { encoding = "UTF-8", maxBatchSize = 200, sobjects = list } }
end

-- ---- addresses ----------------------------------------------------------------------------------------------------

local ROUTES = {
	{ "GET", "/limits", limits },
	{ "GET", "/connect/organization", organization },
	{ "GET", "/query", query },
	{ "GET", "/queryAll", query },
	{ "GET", "/query/:locator", query_more },
	{ "GET", "/queryAll/:locator", query_more },
	{ "GET", "/sobjects", objects },
	{ "GET", "/sobjects/:object", function(req) return { status = 200, json = { objectDescribe = schema.brief(object_named(req.params.object)), recentItems = array {} } } end },
	{ "POST", "/sobjects/:object", create },
	{ "GET", "/sobjects/:object/describe", function(req) return { status = 200, json = schema.described(object_named(req.params.object)) } end },
	{ "GET", "/sobjects/:object/updated", updated },
	{ "GET", "/sobjects/:object/deleted", deleted },
	{ "GET", "/sobjects/:object/:id", read },
	{ "PATCH", "/sobjects/:object/:id", update },
	{ "DELETE", "/sobjects/:object/:id", delete },
	{ "GET", "/sobjects/:object/:field/:value", read_external },
	{ "PATCH", "/sobjects/:object/:field/:value", upsert },
	{ "DELETE", "/sobjects/:object/:field/:value", delete_external },
	{ "POST", "/composite/sobjects", function(req) return { status = 200, json = (collection(req)) } end, collection },
	{ "PATCH", "/composite/sobjects", function(req) return { status = 200, json = (collection(req)) } end, collection },
	{ "DELETE", "/composite/sobjects", function(req) return { status = 200, json = (collection_delete(req)) } end, collection_delete },
	{ "GET", "/composite/sobjects/:object", collection_read },
	{ "POST", "/composite/sobjects/:object", collection_read },
	{ "PATCH", "/composite/sobjects/:object/:field", function(req) return { status = 200, json = (collection_upsert(req)) } end, collection_upsert },
	{ "POST", "/composite/tree/:object", tree },
}

local function parts_of(path)
	local out = {}
	for part in path:gmatch("[^/]+") do out[#out + 1] = part end
	return out
end

-- The route of a path behind the version, with its parameters.
local function route_of(method, path)
	local parts = parts_of(path)
	for _, r in ipairs(ROUTES) do
		local pattern, params = parts_of(r[2]), {}
		local fits = r[1] == method and #pattern == #parts
		for i = 1, fits and #parts or 0 do
			local name = pattern[i]:match("^:(.+)$")
			if name then params[name] = twin.url_decode(parts[i]) else fits = fits and pattern[i] == parts[i] end
		end
		if fits then return r, params end
	end
end

local function unversioned(path)
	local v, tail = path:match("^/services/data/v(%d+)%.0(.*)$")
	if not v then return nil end
	if tonumber(v) <= GONE then return nil, 410 end
	if tonumber(v) > NEWEST then return nil end
	schema.version = v .. ".0"
	return tail
end

-- ---- composite ------------------------------------------------------------------------------------------------------

-- @{ref.id}, @{ref[0].id}: what an earlier part answered.
local function filled(value, answers)
	if type(value) == "table" and value ~= null then
		local out = getmetatable(value) and array {} or {}
		for k, v in pairs(value) do out[k] = filled(v, answers) end
		return out
	end
	if type(value) ~= "string" then return value end
	return (value:gsub("@{([%w_]+)([^}]*)}", function(ref, path)
		local at = answers[ref]
		for index, name in path:gmatch("%[?(%d*)%]?%.?([%a_]?[%w_]*)") do
			if at and index ~= "" then at = at[tonumber(index) + 1] end
			if at and name ~= "" then at = type(at) == "table" and at[name] or nil end
		end
		if type(at) ~= "string" then org.fail("PROCESSING_HALTED", ("Invalid reference specified. No value for %s%s found"):format(ref, path)) end
		return at
	end))
end

local function is_heavy(path) return path:find("^/query") or path:find("^/composite/sobjects") end

local function args_of(query)
	local args = {}
	for pair in (query or ""):gmatch("[^&]+") do
		local k, v = pair:match("^([^=]*)=(.*)$")
		if k then args[twin.url_decode(k)] = twin.url_decode((v:gsub("%+", " "))) end
	end
	return args
end

local function sub_request(req, part, answers)
	local url, query = filled(part.url, answers):match("^([^?]*)%??(.*)$")
	local tail = unversioned(url)
	local r, params = nil, nil
	if tail then r, params = route_of(part.method, tail) end
	if not r then org.fail("NOT_FOUND", "The requested resource does not exist", nil, 404) end
	local headers = twin.copy(req.headers)
	for name, v in pairs(part.httpHeaders or {}) do headers[name:lower()] = v end
	local body = part.body and filled(part.body, answers)
	return r, { method = part.method, path = url, raw_path = url, args = args_of(query), params = params, headers = headers, json = function() return body end }
end

-- Runs one part.  all: of the composite, which overrides that of a collection inside it.
local function run_part(req, part, answers, all)
	local answer = tried(function()
		local r, sub = sub_request(req, part, answers)
		if r[4] then
			local outcomes, fine = r[4](sub, all or nil)
			return { status = 200, json = outcomes, failed = all and not fine }
		end
		return tried(r[3], sub)
	end)
	answer.failed = answer.failed or answer.status >= 300
	return answer
end

local function composite(req)
	local value = body_of(req)
	local list = value.compositeRequest
	if type(list) ~= "table" or #list == 0 then org.fail("JSON_PARSER_ERROR", "compositeRequest: a list") end
	if #list > 25 then org.fail("LIMIT_EXCEEDED", "more than 25 subrequests") end
	local heavy, seen = 0, {}
	for _, part in ipairs(list) do
		if type(part.method) ~= "string" or type(part.url) ~= "string" or type(part.referenceId) ~= "string" or not part.referenceId:find("^[%w_]+$") then
			org.fail("JSON_PARSER_ERROR", "method, url and referenceId are required in each subrequest")
		end
		if seen[part.referenceId] then org.fail("INVALID_INPUT", "referenceId " .. part.referenceId .. " is there twice") end
		seen[part.referenceId] = true
		if is_heavy(part.url:gsub("^/services/data/v[%d%.]+", "")) then heavy = heavy + 1 end
	end
	if heavy > 5 then org.fail("LIMIT_EXCEEDED", "more than 5 queries and collections in one composite") end
	local answers, out, failed = {}, array {}, nil
	local all = value.allOrNone == true
	org.together(function()
		for i, part in ipairs(list) do
			if failed and all then break end
			local a = run_part(req, part, answers, all)
			if a.failed then failed = failed or i end
			answers[part.referenceId] = a.json
			out[i] = object_of { { "body", a.json or null }, { "httpHeaders", a.headers or {} }, { "httpStatusCode", a.status }, { "referenceId", part.referenceId } }
		end
		return not (all and failed)
	end)
	if all and failed then
		for i, part in ipairs(list) do
			if i ~= failed then
				out[i] = object_of { { "body", errors { code = "PROCESSING_HALTED", message = "The transaction was rolled back since another operation in the same transaction failed." } }, { "httpHeaders", {} },
					{ "httpStatusCode", 400 }, { "referenceId", part.referenceId } }
			end
		end
	end
	return { status = 200, json = { compositeResponse = out } }
end
ROUTES[#ROUTES + 1] = { "POST", "/composite", composite }

-- ---- the door -----------------------------------------------------------------------------------------------------------

local function serve(req)
	local tail, gone = unversioned(req.path:gsub("/$", ""))
	if gone then return { status = 410, json = errors { code = "UNSUPPORTED_API_VERSION", message = "This API version is no longer supported" } } end
	if not tail then return { status = 404, json = errors { code = "NOT_FOUND", message = "The requested resource does not exist" } } end
	local guarded = auth.guard(req)
	if guarded then return guarded end
	local raw = req.raw_path:gsub("%?.*$", ""):gsub("^/services/data/v[%d%.]+", ""):gsub("/$", "")
	local r, params = route_of(req.method == "HEAD" and "GET" or req.method, raw)
	if not r then return { status = 404, json = errors { code = "NOT_FOUND", message = "The requested resource does not exist" } } end
	req.params = params
	return tried(r[3], req)
end

function rest.serve()
	twin.route("POST", "/services/oauth2/token", auth.token)
	twin.route("POST", "/services/oauth2/introspect", auth.introspect)
	twin.route("POST", "/services/oauth2/revoke", auth.revoke)
	twin.route("GET", "/services/data", versions)
	twin.route("*", "/services/data/*rest", serve)
	twin.finish(function(req, resp)
		if req.path:find("^/services/data/v") and resp.status ~= 401 then
			resp.headers = resp.headers or {}
			resp.headers["Sforce-Limit-Info"] = ("api-usage=%d/%d"):format(auth.used(), twin.settings.daily_calls)
		end
	end)
	twin.otherwise(function() return { status = 404, html = "<html><body>URL No Longer Exists</body></html>" } end)
end

return rest
