-- rest.lua - the API, versions 2.1 to 8: addresses, arguments, envelopes, errors (../SOURCES.md 4 to 9).
local channels = require "twin.channels"
local coql = require "twin.coql"
local limits = require "twin.limits"
local oauth = require "twin.oauth"
local records = require "twin.records"
local schema = require "twin.schema"

local rest = {}
local null, array = twin.null, twin.array
local err = records.err

local function refuse(status, code, message, details) return { status = status, json = err(code, message, details) } end
local function missing(name) return refuse(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", { param_name = name }) end
local function bad(name) return refuse(400, "INVALID_DATA", "invalid data", { param_name = name }) end
local NOTHING = { status = 204 }

-- ---- who calls, for what ----------------------------------------------------------------------------

local SCOPES = { { "/coql$", "ZohoCRM.coql.READ" }, { "/settings/", "ZohoCRM.settings.READ" }, { "/actions/watch$", "ZohoCRM.notifications.ALL" },
	{ "/org$", "ZohoCRM.org.READ" }, { "/users$", "ZohoCRM.users.READ" } }

local function scope_of(path)
	for _, s in ipairs(SCOPES) do
		if path:find(s[1]) then return s[2] end
	end
	return "ZohoCRM.modules.READ"
end

local function gate(req)
	if not req.path:find("^/crm/v") then return nil end
	if (req.host or ""):gsub(":%d+$", "") ~= twin.state.api_host then
		twin.state.wrong_base = twin.state.wrong_base + 1
		twin.changed()
		return refuse(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")
	end
	if twin.fault("expire_tokens", { method = req.method, path = req.path, body = req.body }) then twin.state.access = {} end
	local scope, why = oauth.caller(req)
	if not scope then return why end
	local need = scope_of(req.path)
	if not oauth.covers(scope, need) or (req.path:find("/search$") and not scope:find("ZohoSearch.securesearch", 1, true)) then
		return refuse(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")
	end
	local edit = twin.fault("edit_before", { method = req.method, path = req.path, body = req.body }) -- somebody is faster
	if edit then records.update(edit.module, edit.record, edit.set, "$") end
	return limits.enter(req)
end

-- ---- arguments ------------------------------------------------------------------------------------------

local function module_of(req)
	local m = schema.module(req.params.module)
	if not m then return nil, refuse(400, "INVALID_MODULE", "the module name given seems to be invalid", { resource_path_index = 0 }) end
	if twin.state.no_permission[m.api_name] then
		return nil, refuse(403, "NO_PERMISSION", "permission denied", { permissions = array { "Crm_Implied_View_" .. m.api_name } })
	end
	return m
end

local function whole(req, name, fallback, most)
	local text = req.args[name]
	if text == nil then return fallback end
	local n = math.tointeger(tonumber(text))
	if not n or n < 1 or n > most then return nil end
	return n
end

local function fields_of(m, req)
	local text = req.args.fields
	if not text or text == "" then return nil, missing "fields" end
	local only, count = {}, 0
	for name in text:gmatch("[^,]+") do
		only[name] = true
		count = count + 1
	end
	if count > 50 then return nil, refuse(400, "LIMIT_EXCEEDED", "only 50 fields may be asked for", { limit = 50, param_name = "fields" }) end
	return only
end

local function since_of(req)
	local text = req.headers["if-modified-since"]
	if not text then return nil end
	return twin.from_iso(text) or false
end

local function entries(req, most)
	local body, why = req:json()
	if type(body) ~= "table" then return nil, refuse(400, "INVALID_DATA", "body", { expected_data_type = "jsonobject", why = why }) end
	if not twin.is_array(body.data) then return nil, refuse(400, "MANDATORY_NOT_FOUND", "required field not found", { api_name = "data", json_path = "$.data" }) end
	if #body.data == 0 then return nil, refuse(400, "INVALID_DATA", "invalid data", { api_name = "data", json_path = "$.data" }) end
	if #body.data > most then return nil, refuse(400, "INVALID_DATA", "invalid data", { api_name = "data", json_path = "$.data", maximum_length = most }) end
	return body.data, body
end

-- 200 or 201 where all went well, 207 where some did, and what this organisation says where none did.
local function envelope(list, well)
	local good = 0
	for _, e in ipairs(list) do good = good + (e.status == "success" and 1 or 0) end
	return { status = good == #list and well or good > 0 and 207 or twin.settings.all_failed, json = { data = array(list) } }
end

local function each(list, fn)
	local out = {}
	for i, one in ipairs(list) do
		local path = ("$.data[%d]"):format(i - 1)
		out[i] = type(one) == "table" and fn(one, path) or err("INVALID_DATA", "invalid data", { json_path = path, expected_data_type = "jsonobject" })
	end
	limits.spend((#list + 9) // 10)
	return out
end

-- ---- lists ------------------------------------------------------------------------------------------------

local SORTS = { id = true, Created_Time = true, Modified_Time = true }

local function key_of(module, id, by)
	local r = records.get(module, id)
	return by == "Created_Time" and r.created or by == "Modified_Time" and r.modified or 0
end

local function sorted(module, by, descending)
	local ids = records.ids(module)
	table.sort(ids, function(a, b)
		local x, y = key_of(module, a, by), key_of(module, b, by)
		if x == y then
			if descending then return a > b end
			return a < b
		end
		if descending then return x > y end
		return x < y
	end)
	return ids
end

local function other_args(req)
	local list = {}
	for name, value in pairs(req.args) do
		if name ~= "page_token" then list[#list + 1] = name .. "=" .. value end
	end
	table.sort(list)
	return table.concat(list, "&") .. "|" .. (req.headers["if-modified-since"] or "")
end

local function list(req)
	local m, why = module_of(req)
	if not m then return why end
	local only
	only, why = fields_of(m, req)
	if not only then return why end
	local per_page, page = whole(req, "per_page", 200, 200), whole(req, "page", 1, 1000000)
	if not per_page then return bad "per_page" end
	if not page then return bad "page" end
	local by = req.args.sort_by or "id"
	if not SORTS[by] then return bad "sort_by" end
	local descending = (req.args.sort_order or "desc") == "desc"
	if req.args.page_token and req.args.page then return bad "page_token" end
	if page * per_page > 2000 then return refuse(400, "LIMIT_REACHED", "only 2000 records can be read by page; use page_token", { param_name = "page" }) end
	local since = since_of(req)
	if since == false then return bad "If-Modified-Since" end

	local ids, only_ids = {}, nil
	if req.args.ids then
		only_ids = {}
		for id in req.args.ids:gmatch("[^,]+") do only_ids[id] = true end
	end
	for _, id in ipairs(sorted(m.api_name, by, descending)) do
		if (not since or records.get(m.api_name, id).modified >= since) and (not only_ids or only_ids[id]) then ids[#ids + 1] = id end
	end
	limits.spend((req.args.sort_by or req.args.cvid) and 3 or 1)
	if #ids == 0 then return { status = since and 304 or 204 } end

	local from = (page - 1) * per_page
	if req.args.page_token then
		local token = twin.state.tokens[req.args.page_token]
		if not token or token.expires < twin.now() or token.args ~= other_args(req) then return bad "page_token" end
		from = #ids
		for i, id in ipairs(ids) do -- behind the last one told, wherever that stands by now
			local key = key_of(m.api_name, id, by)
			local behind
			if descending then behind = key < token.key or (key == token.key and id < token.id) else behind = key > token.key or (key == token.key and id > token.id) end
			if behind then
				from = i - 1
				break
			end
		end
	end
	local data = array {}
	local last
	for i = from + 1, math.min(from + per_page, #ids) do
		data[#data + 1] = records.show(m.api_name, ids[i], only)
		last = ids[i]
	end
	if #data == 0 then return NOTHING end
	local more = from + per_page < #ids
	local info = { per_page = per_page, count = #data, page = page, sort_by = by, sort_order = descending and "desc" or "asc", more_records = more,
		next_page_token = null, previous_page_token = null, page_token_expiry = null }
	if more then
		local token = twin.hex(twin.random(24))
		twin.state.tokens[token] = { key = key_of(m.api_name, last, by), id = last, args = other_args(req), expires = twin.now() + 86400000 }
		info.next_page_token, info.page_token_expiry = token, records.time(twin.now() + 86400000)
		twin.changed()
	end
	return { status = 200, json = { data = data, info = info } }
end

local function deleted(req)
	local m, why = module_of(req)
	if not m then return why end
	local per_page, page = whole(req, "per_page", 200, 200), whole(req, "page", 1, 500)
	if not per_page or not page then return bad "page" end
	local kind = req.args.type or "all"
	if kind ~= "all" and kind ~= "recycle" and kind ~= "permanent" then return bad "type" end
	local since = since_of(req)
	if since == false then return bad "If-Modified-Since" end
	local found = {}
	for i = #twin.state.deleted, 1, -1 do -- newest first
		local d = twin.state.deleted[i]
		if d.module == m.api_name and (kind == "all" or d.type == kind) and (not since or d.at >= since) and d.at > twin.now() - 60 * 86400000 then
			found[#found + 1] = d
		end
	end
	limits.spend(1)
	if #found == 0 then return { status = since and 304 or 204 } end
	local data = array {}
	for i = (page - 1) * per_page + 1, math.min(page * per_page, #found) do
		local d = found[i]
		data[#data + 1] = { id = d.id, display_name = d.name, type = d.type, deleted_time = records.time(d.at), deleted_by = records.USER, created_by = records.USER }
	end
	if #data == 0 then return NOTHING end
	return { status = 200, json = { data = data, info = { per_page = per_page, count = #data, page = page, more_records = page * per_page < #found } } }
end

local function read(req)
	local m, why = module_of(req)
	if not m then return why end
	limits.spend(1)
	if not req.params.id:match("^%d+$") then
		return refuse(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")
	end
	if not records.get(m.api_name, req.params.id) then return NOTHING end
	return { status = 200, json = { data = array { records.show(m.api_name, req.params.id) } } }
end

-- ---- search: by an index that lags -----------------------------------------------------------------------------

local function digits(text) return (tostring(text or ""):gsub("%D", "")) end

local function criteria(text)
	local terms, joined = {}, "and"
	local plain = text:gsub("\\%(", "\1"):gsub("\\%)", "\2"):gsub("\\,", "\3")
	for inner in plain:gmatch("%(([^()]+)%)") do
		local name, op, value = inner:match("^([%w_]+):([%w_]+):(.*)$")
		if not name then return nil end
		terms[#terms + 1] = { name, op, (value:gsub("\1", "("):gsub("\2", ")"):gsub("\3", ",")) }
	end
	if plain:find(")or(", 1, true) then joined = "or" end
	return #terms > 0 and #terms <= 10 and terms or nil, joined
end

local function fits(module, id, fields, term)
	local value = records.value(module, id, term[1], fields)
	value = value ~= nil and tostring(value):lower() or ""
	local want = term[3]:lower()
	if term[2] == "equals" then return value == want end
	if term[2] == "starts_with" then return value:sub(1, #want) == want end
	if term[2] == "not_equal" then return value ~= want end
	if term[2] == "in" then
		for one in want:gmatch("[^,]+") do
			if one == value then return true end
		end
	end
	return false
end

-- What the index knows of a record: as it was before the newest change, while that is fresh; nil: nothing yet.
local function indexed(r)
	if twin.now() - r.modified >= twin.settings.index_lag_ms then return r.fields end
	if r.before and twin.now() - r.created >= twin.settings.index_lag_ms then return r.before end
	return nil
end

local function search(req)
	local m, why = module_of(req)
	if not m then return why end
	local a = req.args
	local terms, joined
	if a.criteria then
		terms, joined = criteria(a.criteria)
		if not terms then return refuse(400, "INVALID_QUERY", "invalid query formed", { param_name = "criteria" }) end
		for _, t in ipairs(terms) do
			if not schema.field(m, t[1]) and not schema.SYSTEM[t[1]] then return refuse(400, "INVALID_QUERY", "invalid query formed", { reason = "the field is not available for search", api_name = t[1] }) end
		end
	elseif not (a.email or a.phone or a.word) then
		return missing "criteria"
	end
	limits.spend(1)
	local function matches(id, fields)
		if terms then
			local all, any = true, false
			for _, t in ipairs(terms) do
				local well = fits(m.api_name, id, fields, t)
				all, any = all and well, any or well
			end
			return joined == "or" and any or joined == "and" and all
		end
		for _, f in ipairs(schema.fields(m)) do
			local value = fields[f.name]
			if value ~= nil and a.email and f.type == "email" and value:lower() == a.email:lower() then return true end
			if value ~= nil and not a.email and a.phone and f.type == "phone" and digits(value) == digits(a.phone) then return true end
			if type(value) == "string" and not a.email and not a.phone and a.word and value:lower():find(a.word:lower(), 1, true) then return true end
		end
		return false
	end
	local found = {}
	for _, id in ipairs(records.ids(m.api_name)) do
		local fields = indexed(records.get(m.api_name, id))
		if fields and matches(id, fields) then found[#found + 1] = id end
	end
	local per_page, page = whole(req, "per_page", 200, 200), whole(req, "page", 1, 10)
	if not per_page or not page then return bad "page" end
	local data = array {}
	for i = (page - 1) * per_page + 1, math.min(page * per_page, #found) do data[#data + 1] = records.show(m.api_name, found[i]) end
	if #data == 0 then return NOTHING end
	return { status = 200, json = { data = data, info = { per_page = per_page, count = #data, page = page, more_records = page * per_page < #found } } }
end

local function query(req)
	local body = req:json()
	if type(body) ~= "table" or type(body.select_query) ~= "string" then
		return refuse(400, "MANDATORY_NOT_FOUND", "required field not found", { api_name = "select_query", json_path = "$.select_query" })
	end
	local rows, more, cost = coql.run(body.select_query)
	if not rows then return { status = 400, json = more } end
	limits.spend(cost)
	if #rows == 0 then return NOTHING end
	return { status = 200, json = { data = rows, info = { count = #rows, more_records = more } } }
end

-- ---- writes -----------------------------------------------------------------------------------------------------

local function post(req)
	local m, why = module_of(req)
	if not m then return why end
	local data, body = entries(req, 100)
	if not data then return body end
	return envelope(each(data, function(one, path) return records.insert(m.api_name, one, path) end), 201)
end

local function upsert(req)
	local m, why = module_of(req)
	if not m then return why end
	local data, body = entries(req, 100)
	if not data then return body end
	local check = body.duplicate_check_fields
	if check ~= nil then
		for i, name in ipairs(type(check) == "table" and check or {}) do
			local f = schema.field(m, name)
			if not f or not (f.unique or f.system) then
				return refuse(400, "INVALID_DATA", "the field given is neither a system duplicate field nor unique",
					{ api_name = name, json_path = ("$.duplicate_check_fields[%d]"):format(i - 1) })
			end
		end
	end
	return envelope(each(data, function(one, path) return records.upsert(m.api_name, one, check, path) end), 200)
end

local function unmodified(req, module, id)
	local text = req.headers["if-unmodified-since"]
	local r = text and records.get(module, id)
	local since = text and twin.from_iso(text)
	return not r or (since and r.modified // 1000 * 1000 <= since)
end

local function put_one(req)
	local m, why = module_of(req)
	if not m then return why end
	local data, body = entries(req, 1)
	if not data then return body end
	if not unmodified(req, m.api_name, req.params.id) then
		return { status = 412, json = { data = array { err("ALREADY_MODIFIED", "the record was already modified", { id = req.params.id }) } } }
	end
	return envelope(each(data, function(one, path) return records.update(m.api_name, req.params.id, one, path) end), 200)
end

local function put(req)
	local m, why = module_of(req)
	if not m then return why end
	local data, body = entries(req, 100)
	if not data then return body end
	return envelope(each(data, function(one, path)
		if type(one.id) ~= "string" then return err("MANDATORY_NOT_FOUND", "required field not found", { api_name = "id", json_path = path .. ".id" }) end
		if not unmodified(req, m.api_name, one.id) then return err("ALREADY_MODIFIED", "the record was already modified", { id = one.id }) end
		return records.update(m.api_name, one.id, one, path)
	end), 200)
end

local function delete(req)
	local m, why = module_of(req)
	if not m then return why end
	local ids = req.params.id or req.args.ids
	if not ids then return missing "ids" end
	local list = {}
	for id in ids:gmatch("[^,]+") do list[#list + 1] = id end
	if #list > 100 then return bad "ids" end
	local out = {}
	for i, id in ipairs(list) do out[i] = records.delete(m.api_name, id, ("$.ids[%d]"):format(i - 1)) end
	limits.spend(1)
	return envelope(out, 200)
end

-- ---- related records: the products of a deal, what hangs on an account --------------------------------------------

local RELATED = { Accounts = { Contacts = "Account_Name", Deals = "Account_Name" }, Contacts = { Deals = "Contact_Name" } }

local function related_to(req)
	local m, why = module_of(req)
	if not m then return nil, why end
	if not records.get(m.api_name, req.params.id) then
		return nil, refuse(400, "INVALID_DATA", "the related id given seems to be invalid", { resource_path_index = 1 })
	end
	local list = req.params.list
	if m.api_name == "Deals" and list == "Products" then return "Products" end
	if RELATED[m.api_name] and RELATED[m.api_name][list] then return list end
	return nil, refuse(400, "INVALID_DATA", "The relation name given seems to be invalid", { resource_path_index = 2 })
end

local function related(req)
	local module, why = related_to(req)
	if not module then return why end
	local only
	only, why = fields_of(schema.module(module), req)
	if not only then return why end
	local ids = {}
	if module == "Products" then ids = records.links(req.params.id)
	else
		for _, id in ipairs(records.ids(module)) do
			if records.get(module, id).fields[RELATED[req.params.module][module]] == req.params.id then ids[#ids + 1] = id end
		end
	end
	limits.spend(1)
	if #ids == 0 then return NOTHING end
	local data = array {}
	for i = 1, math.min(#ids, 200) do data[i] = records.show(module, ids[i], only) end
	return { status = 200, json = { data = data, info = { per_page = 200, count = #data, page = 1, more_records = #ids > 200 } } }
end

local function related_put(req)
	local module, why = related_to(req)
	if not module then return why end
	if module ~= "Products" then return refuse(400, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one") end
	local data, body = entries(req, 100)
	if not data then return body end
	return envelope(each(data, function(one, path)
		if not records.get("Products", one.id) then return err("INVALID_DATA", "the related id given seems to be invalid", { api_name = "id", json_path = path .. ".id" }) end
		records.link(req.params.id, one.id)
		return { code = "SUCCESS", status = "success", message = "relation added", details = { id = one.id } }
	end), 200)
end

local function related_delete(req)
	local module, why = related_to(req)
	if not module then return why end
	local ids = req.params.other or req.args.ids
	if not ids then return missing "ids" end
	local out = {}
	for id in ids:gmatch("[^,]+") do
		out[#out + 1] = records.unlink(req.params.id, id) and { code = "SUCCESS", status = "success", message = "relation removed", details = { id = id } }
			or err("INVALID_DATA", "record not deleted", { id = id })
	end
	limits.spend(1)
	return envelope(out, 200)
end

-- ---- settings ------------------------------------------------------------------------------------------------------

local function field_told(m, f, i)
	return { api_name = f.name, field_label = f.name:gsub("_", " "), data_type = f.type, length = f.length or 20, id = ("5725767000000%06d"):format(2000 + i),
		custom_field = f.custom or false, read_only = f.ro or false, system_mandatory = schema.is_mandatory(m, f), decimal_place = f.type == "currency" and 2 or null,
		unique = f.unique and { casesensitive = "false" } or twin.object {}, visible = true,
		lookup = f.type == "lookup" and { module = { api_name = f.of, id = "5725767000000002175" }, display_label = f.name } or twin.object {},
		pick_list_values = f.values and array((function()
			local values = {}
			for n, v in ipairs(f.values) do values[n] = { display_value = v, actual_value = v, id = tostring(n) } end
			return values
		end)()) or array {} }
end

local function settings_fields(req)
	if not req.args.module then return missing "module" end
	local m = schema.module(req.args.module)
	if not m then return refuse(400, "INVALID_MODULE", "the module name given seems to be invalid") end
	local told = array {}
	for i, f in ipairs(schema.fields(m)) do told[i] = field_told(m, f, i) end
	for i, name in ipairs { "id", "Created_Time", "Modified_Time" } do
		table.insert(told, field_told(m, { name = name, type = schema.SYSTEM[name], ro = true }, 900 + i))
	end
	limits.spend(1)
	return { status = 200, json = { fields = told } }
end

local function settings_modules()
	local told = array {}
	for i, name in ipairs(schema.ORDER) do
		local m = schema.module(name)
		if m then
			told[#told + 1] = { api_name = name, module_name = name, singular_label = m.singular, plural_label = name:gsub("_", " "), id = ("57257670000000021%02d"):format(i),
				api_supported = true, creatable = true, editable = true, deletable = true, viewable = true, visibility = 1, generated_type = "default" }
		end
	end
	limits.spend(1)
	return { status = 200, json = { modules = told } }
end

local LISTS = { Deals = { { "Products", "Products" }, { "Contacts", "Contact_Roles" } }, Accounts = { { "Contacts", "Contacts" }, { "Deals", "Deals" } } }

local function settings_related(req)
	local m = schema.module(req.args.module or "")
	if not m then return refuse(400, "INVALID_MODULE", "the module name given seems to be invalid") end
	local told = array {}
	for i, l in ipairs(LISTS[m.api_name] or {}) do
		told[i] = { id = ("57257670000000039%02d"):format(i), sequence_number = tostring(i), display_label = l[1], api_name = l[1], name = l[2],
			module = { api_name = l[1], id = "5725767000000002175" }, href = ("%s/{ENTITYID}/%s"):format(m.api_name, l[1]), type = "default" }
	end
	limits.spend(1)
	if #told == 0 then return NOTHING end
	return { status = 200, json = { related_lists = told } }
end

local function org()
	limits.spend(1)
	local s = twin.settings
	return { status = 200, json = { org = array { { id = "5725767000000020005", zgid = s.org_id, company_name = s.company, iso_code = s.currency, currency = s.currency,
		time_zone = s.time_zone, country_code = "US", type = "Production", primary_email = "owner@example.com", max_per_page = 200,
		license_details = { paid = s.edition ~= "Free", paid_type = s.edition:lower(), paid_expiry = null, users_license_purchased = 5, trial_type = null,
			trial_expiry = null, trial_action = null } } } } }
end

local function users()
	limits.spend(1)
	return { status = 200, json = { users = array { { id = records.USER.id, full_name = records.USER.name, email = "owner@example.com", status = "active",
		time_zone = twin.settings.time_zone } }, info = { per_page = 200, count = 1, page = 1, more_records = false } } }
end

-- ---- channels --------------------------------------------------------------------------------------------------------

local function event_rows(name, channel)
	local rows, seen = array {}, {}
	for _, event in ipairs(channel.events) do
		local module = event:match("^[^.]+")
		if not seen[module] then
			seen[module] = true
			rows[#rows + 1] = { channel_expiry = records.time(channel.expires), resource_uri = oauth.api_domain() .. "/crm/v8/" .. module,
				resource_id = "5725767000000002177", resource_name = module, channel_id = name }
		end
	end
	return rows
end

local function watch_error(code, message, details) return err(code, message, details) end

-- The wish, or nil and an error.  old: what is changed by PATCH.
local function wish_of(w, i, old)
	local path = ("$.watch[%d]."):format(i - 1)
	local id = w.channel_id
	id = math.type(id) == "integer" and tostring(id) or id
	if type(id) ~= "string" or not id:match("^%d+$") or not math.tointeger(tonumber(id)) then
		return nil, watch_error(id == nil and "MANDATORY_NOT_FOUND" or "INVALID_DATA", "invalid data", { api_name = "channel_id", json_path = path .. "channel_id", expected_data_type = "bigint" })
	end
	local events = w.events
	if events == nil and old then events = old.events end
	if not twin.is_array(events) or #events == 0 then
		return nil, watch_error("MANDATORY_NOT_FOUND", "required field not found", { api_name = "events", json_path = path .. "events" })
	end
	for n, event in ipairs(events) do
		local module, kind = tostring(event):match("^([%w_]+)%.(%w+)$")
		if not channels.MODULES[module or ""] or not schema.module(module) or not ({ create = 1, edit = 1, delete = 1, all = 1 })[kind] then
			return nil, watch_error("INVALID_DATA", "invalid data", { api_name = "events", json_path = ("%sevents[%d]"):format(path, n - 1) })
		end
	end
	local url = w.notify_url or (old and old.url)
	if type(url) ~= "string" or not url:match("^https?://") then
		return nil, watch_error("MANDATORY_NOT_FOUND", "required field not found", { api_name = "notify_url", json_path = path .. "notify_url" })
	end
	local token = w.token
	if token == nil and old then token = old.token end
	if token ~= nil and token ~= null and (type(token) ~= "string" or #token > 50) then
		return nil, watch_error("INVALID_DATA", "invalid data", { api_name = "token", json_path = path .. "token", maximum_length = 50 })
	end
	local expires = (w.channel_expiry == nil and old) and old.expires or channels.expiry(w.channel_expiry)
	return id, { events = array(twin.copy(events)), url = url, token = token, expires = expires }
end

local SAID = { POST = "Successfully subscribed for actions-watch of the given module", PUT = "Successfully updated the subscribe details",
	PATCH = "Successfully updated the subscribe details" }

local function watch_write(req)
	local body = req:json()
	local list = type(body) == "table" and body.watch
	if not twin.is_array(list) or #list == 0 then return refuse(400, "MANDATORY_NOT_FOUND", "required field not found", { api_name = "watch", json_path = "$.watch" }) end
	limits.spend(1)
	local out, bad_ones = array {}, 0
	for i, w in ipairs(list) do
		local known = twin.state.channels[tostring(w.channel_id)]
		if known and known.expires <= twin.now() then known = nil end -- lapsed
		local entry, id, wish
		if req.method ~= "POST" and not known then
			entry = watch_error("NOT_SUBSCRIBED", "the channel given is not subscribed", { api_name = "channel_id", json_path = ("$.watch[%d].channel_id"):format(i - 1) })
		else
			id, wish = wish_of(w, i, req.method == "PATCH" and known or nil)
		end
		if entry then -- no such channel
		elseif not id then entry = wish
		elseif req.method == "POST" and known then
			entry = watch_error("INVALID_DATA", "the channel is subscribed already", { api_name = "channel_id", json_path = ("$.watch[%d].channel_id"):format(i - 1) })
		else
			twin.state.channels[id] = wish
			twin.state.watched[#twin.state.watched + 1] = { method = req.method, at = twin.iso(twin.now()), expires = twin.iso(wish.expires) }
			entry = { code = "SUCCESS", status = "success", message = SAID[req.method], details = { events = event_rows(id, wish) } }
		end
		bad_ones = bad_ones + (entry.status == "error" and 1 or 0)
		out[i] = entry
	end
	twin.changed()
	return { status = bad_ones == #out and (req.method == "POST" and 202 or 400) or req.method == "POST" and 201 or 200, json = { watch = out } }
end

local function watch_read(req)
	limits.spend(1)
	local out = array {}
	for _, id in ipairs(channels.ids()) do
		local channel = twin.state.channels[id]
		if (not req.args.channel_id or req.args.channel_id == id) and channel.expires > twin.now() then
			for _, row in ipairs(event_rows(id, channel)) do
				row.notify_url, row.events, row.token, row.notify_on_related_action = channel.url, array(twin.copy(channel.events)), null, false
				out[#out + 1] = row
			end
		end
	end
	if #out == 0 then return NOTHING end
	return { status = 200, json = { watch = out, info = { per_page = 200, count = #out, page = 1, more_records = false } } }
end

local function watch_delete(req)
	if not req.args.channel_ids then return missing "channel_ids" end
	local out = array {}
	for id in req.args.channel_ids:gmatch("[^,]+") do
		local known = twin.state.channels[id]
		twin.state.channels[id] = nil
		out[#out + 1] = known and { code = "SUCCESS", status = "success", message = "Successfully un-subscribed from actions-watch", details = { channel_id = id } }
			or watch_error("NOT_SUBSCRIBED", "the channel given is not subscribed", { channel_id = id })
	end
	twin.changed()
	return { status = out[1] and out[1].status == "error" and 400 or 200, json = { watch = out } }
end

local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }
local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }

local function http_date(ms)
	local year, month, day, hour, minute, second, weekday = twin.civil(ms)
	return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(DAYS[weekday + 1], day, MONTHS[month], year, hour, minute, second)
end

-- ---- addresses ----------------------------------------------------------------------------------------------------------

function rest.serve()
	twin.before(gate)
	twin.finish(function(req, resp)
		limits.leave(req, resp)
		resp.headers = resp.headers or {}
		resp.headers.Date = http_date(twin.now())
	end)
	for _, version in ipairs { "v8", "v7", "v6", "v5", "v4", "v3", "v2.1" } do
		local base = "/crm/" .. version
		twin.route("POST", base .. "/coql", query)
		twin.route("GET", base .. "/org", org)
		twin.route("GET", base .. "/users", users)
		twin.route("GET", base .. "/settings/modules", settings_modules)
		twin.route("GET", base .. "/settings/fields", settings_fields)
		twin.route("GET", base .. "/settings/related_lists", settings_related)
		twin.route("GET", base .. "/actions/watch", watch_read)
		twin.route("DELETE", base .. "/actions/watch", watch_delete)
		for _, method in ipairs { "POST", "PUT", "PATCH" } do twin.route(method, base .. "/actions/watch", watch_write) end
		twin.route("GET", base .. "/:module/deleted", deleted)
		twin.route("GET", base .. "/:module/search", search)
		twin.route("POST", base .. "/:module/upsert", upsert)
		twin.route("POST", base .. "/:module/:id/actions/merge", function(req)
			local m, why = module_of(req)
			if not m then return why end
			local body = req:json()
			local child = type(body) == "table" and twin.is_array(body.merge) and body.merge[1] and body.merge[1].data and body.merge[1].data[1]
			if not child or not records.merge(m.api_name, req.params.id, child.id) then return refuse(400, "INVALID_DATA", "invalid data") end
			return { status = 200, json = { merge = array { { code = "SUCCESS", status = "success", message = "merged", details = {} } } } }
		end)
		twin.route("GET", base .. "/:module/:id/:list", related)
		twin.route("PUT", base .. "/:module/:id/:list", related_put)
		twin.route("DELETE", base .. "/:module/:id/:list", related_delete)
		twin.route("DELETE", base .. "/:module/:id/:list/:other", related_delete)
		twin.route("GET", base .. "/:module/:id", read)
		twin.route("PUT", base .. "/:module/:id", put_one)
		twin.route("DELETE", base .. "/:module/:id", delete)
		twin.route("GET", base .. "/:module", list)
		twin.route("POST", base .. "/:module", post)
		twin.route("PUT", base .. "/:module", put)
		twin.route("DELETE", base .. "/:module", delete)
	end
	twin.otherwise(function() return refuse(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", { resource_path_index = 0 }) end)
end

return rest
