-- rest.lua - the Support API as an account speaks it: addresses, pages, refusals, and how records look (../SOURCES.md 3-7).
local auth = require "twin.auth"
local desk = require "twin.desk"
local hooks = require "twin.hooks"

local rest = {}
local null, object, array = twin.null, twin.object, twin.array

local function base() return twin.url() .. "/api/v2" end
local function or_null(value) if value == nil then return null end return value end
local function when(ms) return ms and twin.iso(ms) or null end

-- ---- how records look -----------------------------------------------------------------------------------

local function values_of(r, kind)
	local out = object {}
	for _, id in ipairs(desk.ids(kind)) do
		local f = twin.state[kind][id]
		if f.active then
			local v = r.values[f.key]
			if v == nil and f.type == "checkbox" then v = false end
			out[f.key] = type(v) == "table" and array(twin.copy(v)) or or_null(v)
		end
	end
	return out
end

function rest.organization(o)
	local out = object { { "url", ("%s/organizations/%d.json"):format(base(), o.id) }, { "id", o.id }, { "name", o.name },
		{ "shared_tickets", o.shared_tickets }, { "shared_comments", o.shared_comments }, { "external_id", or_null(o.external_id) },
		{ "created_at", when(o.created) }, { "updated_at", when(o.updated) }, { "domain_names", array(twin.copy(o.domain_names)) },
		{ "details", or_null(o.details) }, { "notes", or_null(o.notes) }, { "group_id", or_null(o.group_id) }, { "tags", array(twin.copy(o.tags)) },
		{ "organization_fields", values_of(o, "organization_fields") } }
	if o.deleted then out.deleted_at = when(o.deleted) end
	return out
end

function rest.user(u)
	return object { { "id", u.id }, { "url", ("%s/users/%d.json"):format(base(), u.id) }, { "name", u.name }, { "email", or_null(desk.email_of(u)) },
		{ "created_at", when(u.created) }, { "updated_at", when(u.updated) }, { "time_zone", u.time_zone }, { "iana_time_zone", "America/New_York" },
		{ "phone", or_null(u.phone) }, { "shared_phone_number", null }, { "locale", u.locale }, { "organization_id", or_null(u.organization_id) },
		{ "role", u.role }, { "verified", u.verified }, { "external_id", or_null(u.external_id) }, { "tags", array(twin.copy(u.tags)) },
		{ "alias", null }, { "active", u.active }, { "shared", false }, { "details", or_null(u.details) }, { "notes", or_null(u.notes) },
		{ "suspended", u.suspended }, { "user_fields", values_of(u, "user_fields") } }
end

function rest.membership(m)
	local o = twin.state.organizations[m.organization_id]
	return object { { "url", ("%s/organization_memberships/%d.json"):format(base(), m.id) }, { "id", m.id }, { "user_id", m.user_id },
		{ "organization_id", m.organization_id }, { "default", m.default or null }, { "organization_name", o and o.name or null },
		{ "view_tickets", true }, { "created_at", when(m.created) }, { "updated_at", when(m.updated) } }
end

function rest.ticket(t)
	local custom = array {}
	for _, id in ipairs(desk.ids("ticket_fields")) do
		local f = twin.state.ticket_fields[id]
		if f.active and not f.system then custom[#custom + 1] = object { { "id", id }, { "value", or_null(t.values[tostring(id)]) } } end
	end
	return object { { "url", ("%s/tickets/%d.json"):format(base(), t.id) }, { "id", t.id }, { "external_id", or_null(t.external_id) },
		{ "via", { channel = "api" } }, { "created_at", when(t.created) }, { "updated_at", when(t.updated) }, { "type", or_null(t.type) },
		{ "subject", or_null(t.subject) }, { "raw_subject", or_null(t.subject) }, { "description", t.description }, { "priority", or_null(t.priority) },
		{ "status", t.status }, { "requester_id", t.requester_id }, { "submitter_id", t.submitter_id }, { "assignee_id", or_null(t.assignee_id) },
		{ "organization_id", or_null(t.organization_id) }, { "group_id", or_null(t.group_id) }, { "due_at", or_null(t.due_at) },
		{ "tags", array(twin.copy(t.tags)) }, { "custom_fields", custom }, { "is_public", true }, { "has_incidents", false } }
end

local function options_of(f)
	local list = array {}
	for _, o in ipairs(f.options or {}) do
		list[#list + 1] = object { { "id", o.id }, { "name", o.name }, { "raw_name", o.name }, { "value", o.value } }
	end
	return list
end

-- kind: organization_fields, user_fields, ticket_fields
function rest.field(f, kind)
	local out = object { { "url", ("%s/%s/%d.json"):format(base(), kind, f.id) }, { "id", f.id }, { "type", f.type }, { "title", f.title },
		{ "raw_title", f.title }, { "description", f.description }, { "raw_description", f.description }, { "position", f.position },
		{ "active", f.active }, { "regexp_for_validation", or_null(f.regexp_for_validation) }, { "created_at", when(f.created) }, { "updated_at", when(f.updated) } }
	if f.key then
		out.key, out.system = f.key, false
	else
		out.removable, out.required = not f.system, false
	end
	if f.options then out.custom_field_options = options_of(f) end
	if f.type == "checkbox" then out.tag = or_null(f.tag) end
	if f.relationship_target_type then
		out.relationship_target_type = f.relationship_target_type
		out.relationship_filter = f.relationship_filter and twin.copy(f.relationship_filter) or { all = array {}, any = array {} }
	end
	return out
end

function rest.object(o)
	return object { { "url", ("%s/custom_objects/%s.json"):format(base(), o.key) }, { "key", o.key }, { "title", o.title },
		{ "title_pluralized", o.title_pluralized }, { "raw_title", o.title }, { "raw_title_pluralized", o.title_pluralized },
		{ "description", o.description }, { "raw_description", o.description }, { "include_in_list_view", true }, { "created_at", when(o.created) },
		{ "updated_at", when(o.updated) } }
end

function rest.object_record(r)
	local values = object {}
	for key in pairs(twin.state.custom_objects[r.key].fields) do values[key] = or_null(r.values[key]) end
	return object { { "url", ("%s/custom_objects/%s/records/%s.json"):format(base(), r.key, r.id) }, { "id", r.id }, { "name", r.name },
		{ "custom_object_key", r.key }, { "custom_object_fields", values }, { "external_id", or_null(r.external_id) }, { "created_by_user_id", "1" },
		{ "updated_by_user_id", "1" }, { "created_at", when(r.created) }, { "updated_at", when(r.updated) } }
end

local function job(j)
	local results = j.status == "completed" and array(twin.copy(j.results)) or null
	return object { { "id", j.id }, { "url", ("%s/job_statuses/%s.json"):format(base(), j.id) }, { "total", j.total }, { "progress", j.progress },
		{ "status", j.status }, { "message", or_null(j.message) }, { "results", results } }
end

hooks.details(function(kind, id)
	if kind == "organization" then
		local o = twin.state.organizations[id]
		return object { { "id", tostring(id) }, { "name", o.name }, { "external_id", or_null(o.external_id) }, { "group_id", o.group_id and tostring(o.group_id) or null },
			{ "shared_tickets", o.shared_tickets }, { "shared_comments", o.shared_comments }, { "created_at", when(o.created) }, { "updated_at", when(o.updated) } }
	elseif kind == "user" then
		local u = twin.state.users[id]
		return object { { "id", tostring(id) }, { "email", or_null(desk.email_of(u)) }, { "external_id", or_null(u.external_id) },
			{ "default_group_id", null }, { "organization_id", u.organization_id and tostring(u.organization_id) or null }, { "role", u.role },
			{ "created_at", when(u.created) }, { "updated_at", when(u.updated) } }
	end
	local t = twin.state.tickets[id]
	return object { { "id", tostring(id) }, { "subject", or_null(t.subject) }, { "status", t.status }, { "requester_id", tostring(t.requester_id) },
		{ "organization_id", t.organization_id and tostring(t.organization_id) or null }, { "external_id", or_null(t.external_id) },
		{ "tags", array(twin.copy(t.tags)) }, { "created_at", when(t.created) }, { "updated_at", when(t.updated) } }
end)

-- ---- pages ------------------------------------------------------------------------------------------------

local function url_with(req, changes)
	local parts = {}
	for _, pair in ipairs(req.arg_list) do
		if changes[pair[1]] == nil then parts[#parts + 1] = twin.url_encode(pair[1]) .. "=" .. twin.url_encode(pair[2]) end
	end
	for name, value in pairs(changes) do parts[#parts + 1] = twin.url_encode(name) .. "=" .. twin.url_encode(value) end
	table.sort(parts)
	return twin.url() .. req.raw_path .. (#parts > 0 and "?" .. table.concat(parts, "&") or "")
end

local function count_of(text, most, usual)
	local n = math.tointeger(tonumber(text)) or usual
	return n < 1 and 1 or n > most and most or n
end

-- A list with a cursor where page[size] or page[after] is asked for, else numbered pages.
local function paged(req, many, list, show)
	local out = object {}
	out[many] = array {}
	if req.args["page[size]"] or req.args["page[after]"] then
		local size = math.tointeger(tonumber(req.args["page[size]"] or "100"))
		if not size or size < 1 or size > 100 then
			desk.refuse(400, { errors = array { { code = "InvalidPaginationParameter", title = "page[size] must be between 1 and 100" } } })
		end
		local from = 1
		if req.args["page[after]"] then
			from = math.tointeger(tonumber(twin.unbase64(req.args["page[after]"]) or ""))
			if not from then desk.refuse(400, { errors = array { { code = "InvalidPaginationParameter", title = "page[after] is no cursor" } } }) end
		end
		for i = from, math.min(from + size - 1, #list) do out[many][#out[many] + 1] = show(list[i]) end
		local more = from + size <= #list
		local after = twin.base64(tostring(from + size))
		out.meta = object { { "has_more", more }, { "after_cursor", more and after or null }, { "before_cursor", null } }
		out.links = object { { "prev", null }, { "next", more and url_with(req, { ["page[after]"] = after }) or null } }
		return { status = 200, json = out }
	end
	local per_page = count_of(req.args.per_page, 100, 100)
	local page = count_of(req.args.page, 1 << 30, 1)
	if page * per_page > 10000 then desk.refuse(400, { error = "InvalidValue", description = "offset pagination ends at 10,000 records" }) end
	for i = (page - 1) * per_page + 1, math.min(page * per_page, #list) do out[many][#out[many] + 1] = show(list[i]) end
	out.next_page = page * per_page < #list and url_with(req, { page = tostring(page + 1) }) or null
	out.previous_page = page > 1 and url_with(req, { page = tostring(page - 1) }) or null
	out.count = #list
	return { status = 200, json = out }
end

local function all(kind, keep)
	local list = {}
	for _, id in ipairs(desk.ids(kind)) do
		local r = twin.state[kind][id]
		if not keep or keep(r) then list[#list + 1] = r end
	end
	return list
end

-- ---- one record -------------------------------------------------------------------------------------------

local function id_in(text) return math.tointeger(tonumber((text:gsub("%.json$", "")))) end

local function organization_of(req)
	local o = twin.state.organizations[id_in(req.params.id)]
	if not o or o.deleted then desk.not_found() end
	return o
end

local function user_of(req)
	local u = twin.state.users[id_in(req.params.id)]
	return u or desk.not_found()
end

local function ticket_of(req)
	local t = twin.state.tickets[id_in(req.params.id)]
	if not t or t.status == "deleted" then desk.not_found() end
	return t
end

local function record_of(kind)
	return function(req) return twin.state[kind][id_in(req.params.id)] or desk.not_found() end
end

local function body_of(req, one)
	local value = req:json()
	if type(value) ~= "table" then desk.refuse(400, { error = "Unprocessable JSON", description = "send a JSON object" }) end
	if type(value[one]) ~= "table" then
		desk.refuse(400, { error = object { { "title", "Invalid attribute" }, { "message", ("You passed an invalid value for the %s attribute."):format(one) } } })
	end
	return value[one]
end

local function one(status, name, value, headers)
	return { status = status, json = object { { name, value } }, headers = headers }
end

local function admin_only(caller)
	if caller.user.role ~= "admin" then
		desk.refuse(403, { error = object { { "title", "Forbidden" }, { "message", "You do not have access to this page. Please contact the account owner of this help desk for further help." } } })
	end
end

-- ---- jobs --------------------------------------------------------------------------------------------------

local function start_job(total, work)
	local under_way = 0
	for _, j in pairs(twin.state.jobs) do under_way = under_way + ((j.status == "queued" or j.status == "working") and 1 or 0) end
	if under_way >= 30 then
		desk.refuse(429, { error = "TooManyJobs", description = "Too many jobs are currently queued or running. Try again later." })
	end
	local id = "V3-" .. twin.hex(twin.random(16))
	twin.state.jobs[id] = { id = id, total = total, progress = 0, status = "queued", results = {} }
	twin.after(twin.settings.job_ms, function()
		local j = twin.state.jobs[id]
		if not j then return end
		j.status = "working"
		for i = 1, total do
			local well, why = pcall(work, i)
			if well then
				j.results[i] = why
			elseif type(why) == "table" and why.answer then
				local body = why.answer.json
				local _, reasons = next(body.details or {})
				j.results[i] = { index = i - 1, error = body.error, details = reasons and reasons[1].description or body.description }
			else
				error(why, 0)
			end
			j.progress = i
		end
		j.status, j.message = "completed", "Completed at " .. twin.iso(twin.now())
		if twin.fault("job_fails") then j.status, j.results, j.message = "failed", {}, "The job failed" end
		twin.changed()
	end)
	return { status = 200, json = object { { "job_status", job(twin.state.jobs[id]) } } }
end

local function many_of(req, many)
	local value = req:json()
	local list = type(value) == "table" and value[many]
	if type(list) ~= "table" then desk.refuse(400, { error = "InvalidValue", description = many .. " is missing" }) end
	if #list > 100 then desk.refuse(400, { error = "TooManyValues", description = "a job takes at most 100 records" }) end
	return twin.copy(list)
end

local function ids_in(text)
	local list = {}
	for id in (text or ""):gmatch("[^,]+") do list[#list + 1] = id end
	if #list > 100 then desk.refuse(400, { error = "TooManyValues", description = "at most 100 ids" }) end
	return list
end

-- update_many: ?ids=1,2 with one change, or a list of changes with their ids.
local function update_many(req, kind, name, many, edit)
	if req.args.ids then
		local change, ids = body_of(req, name), ids_in(req.args.ids)
		return start_job(#ids, function(i)
			local r = twin.state[kind][id_in(ids[i])]
			if not r or r.deleted then desk.not_found() end
			edit(r, twin.copy(change))
			return { id = r.id, index = i - 1, action = "update", status = "Updated", success = true }
		end)
	end
	local list = many_of(req, many)
	return start_job(#list, function(i)
		local r = twin.state[kind][list[i].id]
		if not r or r.deleted then desk.not_found() end
		edit(r, list[i])
		return { id = r.id, index = i - 1, action = "update", status = "Updated", success = true }
	end)
end

local function create_many(req, many, create)
	local list = many_of(req, many)
	return start_job(#list, function(i)
		local r = create(list[i])
		return { id = r.id, index = i - 1, action = "create", status = "Created", success = true }
	end)
end

-- ---- search ------------------------------------------------------------------------------------------------

local function indexed(r) return r.updated + twin.settings.search_delay_s * 1000 <= twin.now() end

-- type:organization name:"Acme Mugs" email:a@b.c free words
local function terms_of(text)
	local terms = {}
	local at = 1
	while at <= #text do
		local from, to, name, quoted = text:find('^%s*([%w_]+):"([^"]*)"', at)
		if not from then from, to, name, quoted = text:find("^%s*([%w_]+):(%S+)", at) end
		if not from then
			from, to, quoted = text:find('^%s*"?([^%s"]+)"?', at)
			name = nil
		end
		if not from then break end
		terms[#terms + 1] = { name = name, value = quoted:lower() }
		at = to + 1
	end
	return terms
end

local function texts_of(kind, r)
	if kind == "user" then return { name = r.name, email = desk.email_of(r), external_id = r.external_id, notes = r.notes, phone = r.phone, role = r.role } end
	if kind == "ticket" then return { subject = r.subject, description = r.description, external_id = r.external_id, status = r.status } end
	return { name = r.name, external_id = r.external_id, notes = r.notes, details = r.details }
end

local function fits(kind, r, terms)
	local texts = texts_of(kind, r)
	for _, t in ipairs(terms) do
		if t.name == "type" then
			if t.value ~= kind then return false end
		elseif t.name == "tags" then
			local has = false
			for _, tag in ipairs(r.tags) do has = has or tag == t.value end
			if not has then return false end
		else
			local found = false
			for name, text in pairs(texts) do
				if (not t.name or t.name == name) and tostring(text):lower():find(t.value, 1, true) then found = true end
			end
			if not found then return false end
		end
	end
	return true
end

local SEARCHED = { { "organization", "organizations", rest.organization }, { "user", "users", rest.user }, { "ticket", "tickets", rest.ticket } }

local function searched(query)
	local terms, list = terms_of(query), {}
	for _, s in ipairs(SEARCHED) do
		for _, r in ipairs(all(s[2])) do
			local alive = not r.deleted and r.active ~= false and r.status ~= "deleted"
			if alive and indexed(r) and fits(s[1], r, terms) then list[#list + 1] = { kind = s[1], show = s[3], r = r } end
		end
	end
	return list
end

local function shown_result(hit)
	local out = hit.show(hit.r)
	out.result_type = hit.kind
	return out
end

local function search(req)
	if not req.args.query or req.args.query == "" then desk.refuse(422, { error = "invalid", description = "Missing parameter: query" }) end
	if count_of(req.args.page, 1 << 30, 1) * count_of(req.args.per_page, 100, 100) > 1000 then
		desk.refuse(422, { error = "invalid", description = "Invalid search: Requested response size was greater than Search Response Limits" })
	end
	return paged(req, "results", searched(req.args.query), shown_result)
end

-- ---- exports -----------------------------------------------------------------------------------------------

local function start_in(req)
	local start = math.tointeger(tonumber(req.args.start_time))
	if not start then desk.refuse(400, { error = "InvalidValue", description = "start_time is missing" }) end
	if start > twin.now() // 1000 - 60 then
		desk.refuse(422, { error = "InvalidValue", description = "Too recent start_time. Use a start_time older than 60 seconds" })
	end
	return start
end

-- By time of change, oldest first; what is younger than a minute is held back.
local function exported(kind, from_s)
	local list = {}
	for _, r in pairs(twin.state[kind]) do
		local s = r.updated // 1000
		if s >= from_s and r.updated <= twin.now() - 60000 then list[#list + 1] = r end
	end
	table.sort(list, function(a, b)
		if a.updated // 1000 ~= b.updated // 1000 then return a.updated // 1000 < b.updated // 1000 end
		return a.id < b.id
	end)
	return list
end

local function by_time(req, kind, show)
	local start = start_in(req)
	local list, out = exported(kind, start), array {}
	local most, last = twin.settings.export_page, nil
	for _, r in ipairs(list) do
		-- A page ends with a whole second, or nobody could go on from it.
		if #out >= most and r.updated // 1000 ~= last then break end
		last = r.updated // 1000
		out[#out + 1] = show(r)
	end
	local done = #out == #list
	return { status = 200, json = object { { kind, out }, { "count", #out }, { "end_of_stream", done }, { "end_time", last or null },
		{ "next_page", last and ("%s/incremental/%s.json?start_time=%d"):format(base(), kind, last) or null } } }
end

local function by_cursor(req, kind, show)
	local from_s, after_id
	if req.args.cursor then
		local s, id = (twin.unbase64(req.args.cursor) or ""):match("^(%d+)|(%d+)$")
		if not s then desk.refuse(400, { error = "InvalidValue", description = "cursor is invalid" }) end
		from_s, after_id = math.tointeger(tonumber(s)), math.tointeger(tonumber(id))
	else
		from_s = start_in(req)
	end
	local list, out = {}, array {}
	for _, r in ipairs(exported(kind, from_s)) do
		if not after_id or r.updated // 1000 > from_s or r.id > after_id then list[#list + 1] = r end
	end
	local last
	for i = 1, math.min(#list, twin.settings.export_page) do
		last = list[i]
		out[i] = show(last)
	end
	local cursor = twin.base64(last and ("%d|%d"):format(last.updated // 1000, last.id) or ("%d|%d"):format(from_s, after_id or 0))
	return { status = 200, json = object { { kind, out }, { "after_url", ("%s/incremental/%s/cursor.json?cursor=%s"):format(base(), kind, twin.url_encode(cursor)) },
		{ "after_cursor", cursor }, { "before_url", null }, { "before_cursor", null }, { "end_of_stream", #out == #list } } }
end

-- ---- the routes ---------------------------------------------------------------------------------------------

local function merge(loser)
	return object { { "id", ("01J%d"):format(loser.id) }, { "url", ("%s/organization_merges/01J%d.json"):format(base(), loser.id) },
		{ "loser_id", loser.id }, { "winner_id", loser.merged_into }, { "status", "complete" } }
end

local function organizations_search(req)
	local args = req.args
	if (args.name and args.external_id) or not (args.name or args.external_id) then
		desk.refuse(400, { error = "InvalidValue", description = "give either name or external_id" })
	end
	local o = desk.organization_by(args.name and "name" or "external_id", args.name or args.external_id)
	return paged(req, "organizations", { o }, rest.organization)
end

local function users_search(req)
	if req.args.external_id then return paged(req, "users", { desk.user_by_external_id(req.args.external_id) }, rest.user) end
	local list = {}
	for _, hit in ipairs(searched("type:user " .. (req.args.query or ""))) do list[#list + 1] = hit.r end
	return paged(req, "users", list, rest.user)
end

local function show_many(kind, many, show, by_external)
	return function(req)
		local list = {}
		for _, id in ipairs(ids_in(req.args.ids)) do
			local r = twin.state[kind][id_in(id)]
			if r and not r.deleted and r.status ~= "deleted" then list[#list + 1] = r end
		end
		for _, id in ipairs(ids_in(req.args.external_ids)) do
			local r = by_external and by_external(id)
			if r then list[#list + 1] = r end
		end
		return paged(req, many, list, show)
	end
end

local function create_ticket(req, caller)
	local key = req.headers["idempotency-key"]
	local hash = twin.hex(twin.digest("sha256", req.body))
	local known = key and twin.state.idempotency[key]
	if known and known.at > twin.now() - 7200000 then
		if known.hash ~= hash then
			desk.refuse(400, { error = "IdempotentRequestError", description = "Idempotency key was already used with different parameters" })
		end
		return one(201, "ticket", rest.ticket(twin.state.tickets[known.id]), { ["x-idempotency-lookup"] = "hit" })
	end
	local t = desk.new_ticket(body_of(req, "ticket"), caller.user.id)
	if key then twin.state.idempotency[key] = { id = t.id, hash = hash, at = twin.now() } end
	return one(201, "ticket", rest.ticket(t), { ["x-idempotency-lookup"] = key and "miss" or nil, Location = ("%s/tickets/%d.json"):format(base(), t.id) })
end

local function me(req, caller)
	local u = caller.user
	local shown = caller.nobody and object { { "id", null }, { "name", "Anonymous user" }, { "role", "end-user" }, { "email", "invalid@example.com" },
		{ "active", false }, { "url", null } } or rest.user(u)
	shown.authenticity_token = twin.hex(twin.random(8))
	return one(200, "user", shown)
end

local function identity_of(u, text)
	for _, i in ipairs(u.identities) do
		if i.id == id_in(text) then return i end
	end
	desk.not_found()
end

local function identity(u, i)
	return object { { "url", ("%s/users/%d/identities/%d.json"):format(base(), u.id, i.id) }, { "id", i.id }, { "user_id", u.id }, { "type", i.type },
		{ "value", i.value }, { "verified", i.verified }, { "primary", i.primary }, { "created_at", when(i.created) }, { "updated_at", when(i.updated) } }
end

local function identities(req)
	local u = user_of(req)
	return paged(req, "identities", u.identities, function(i) return identity(u, i) end)
end

local function field_routes(kind, name)
	local of = record_of(kind)
	local function show(f) return rest.field(f, kind) end
	return {
		{ "GET", "/" .. kind, function(req) return paged(req, kind, all(kind), show) end },
		{ "POST", "/" .. kind, function(req) return one(201, name, show(desk.new_field(kind, body_of(req, name)))) end, admin = true },
		{ "GET", "/" .. kind .. "/:id", function(req) return one(200, name, show(of(req))) end },
		{ "PUT", "/" .. kind .. "/:id", function(req)
			local f = of(req)
			desk.edit_field(f, body_of(req, name))
			return one(200, name, show(f))
		end, admin = true },
		{ "DELETE", "/" .. kind .. "/:id", function(req)
			twin.state[kind][of(req).id] = nil
			return { status = 204 }
		end, admin = true },
	}
end

local function object_of(req)
	return twin.state.custom_objects[(req.params.key:gsub("%.json$", ""))] or desk.not_found()
end

local function object_record_of(req)
	local r = twin.state.custom_object_records[(req.params.id:gsub("%.json$", ""))]
	if not r or r.key ~= object_of(req).key then desk.not_found() end
	return r
end

local function object_records(req)
	local o = object_of(req)
	local wanted = req.args["filter[external_ids]"]
	local list = all("custom_object_records", function(r)
		if r.key ~= o.key then return false end
		if not wanted then return true end
		for id in wanted:gmatch("[^,]+") do
			if desk.same(id, r.external_id) then return true end
		end
		return false
	end)
	return paged(req, "custom_object_records", list, rest.object_record)
end

local function upsert_object_record(req)
	local o, what = object_of(req), body_of(req, "custom_object_record")
	if not req.args.external_id then desk.refuse(400, { error = "InvalidValue", description = "external_id is missing" }) end
	local r = desk.object_record_by(o.key, req.args.external_id)
	if r then
		desk.edit_object_record(r, what)
		return one(200, "custom_object_record", rest.object_record(r))
	end
	what.external_id = req.args.external_id
	return one(200, "custom_object_record", rest.object_record(desk.new_object_record(o.key, what)))
end

local function webhook_of(req) return twin.state.webhooks[(req.params.id:gsub("%.json$", ""))] or desk.not_found() end

local function upserted(req, name, show, fn, path)
	local r, is_new = fn(body_of(req, name))
	return one(is_new and 201 or 200, name, show(r), { Location = ("%s/%s/%d.json"):format(base(), path, r.id) })
end

local function members_of(kind)
	return function(req)
		local r = (kind == "user_id" and user_of or organization_of)(req)
		return paged(req, "organization_memberships", all("memberships", function(m) return m[kind] == r.id end), rest.membership)
	end
end

local routes = {
	{ "GET", "/users/me", me, nobody = true },
	{ "GET", "/organizations", function(req) return paged(req, "organizations", all("organizations", function(o) return not o.deleted end), rest.organization) end },
	{ "POST", "/organizations", function(req) return one(201, "organization", rest.organization(desk.new_organization(body_of(req, "organization")))) end },
	{ "GET", "/organizations/search", organizations_search },
	{ "GET", "/organizations/count", function() return one(200, "count", { value = #all("organizations", function(o) return not o.deleted end), refreshed_at = twin.iso(twin.now()) }) end },
	{ "GET", "/organizations/show_many", show_many("organizations", "organizations", rest.organization, function(id) return desk.organization_by("external_id", id) end) },
	{ "POST", "/organizations/create_or_update", function(req) return upserted(req, "organization", rest.organization, desk.create_or_update_organization, "organizations") end },
	{ "POST", "/organizations/create_many", function(req) return create_many(req, "organizations", desk.new_organization) end },
	{ "PUT", "/organizations/update_many", function(req) return update_many(req, "organizations", "organization", "organizations", desk.edit_organization) end },
	{ "GET", "/organizations/:id", function(req) return one(200, "organization", rest.organization(organization_of(req))) end },
	{ "PUT", "/organizations/:id", function(req) return one(200, "organization", rest.organization(desk.edit_organization(organization_of(req), body_of(req, "organization")))) end },
	{ "DELETE", "/organizations/:id", function(req)
		desk.delete_organization(organization_of(req))
		return { status = 204 }
	end, admin = true },
	{ "POST", "/organizations/:id/merge", function(req)
		local loser, what = organization_of(req), body_of(req, "organization_merge")
		local winner = twin.state.organizations[what.winner_id]
		if not winner or winner.deleted then desk.not_found() end
		desk.merge_organization(loser, winner)
		return one(201, "organization_merge", merge(loser))
	end, admin = true },
	{ "GET", "/organizations/:id/merges", function(req)
		local id = id_in(req.params.id)
		if not twin.state.organizations[id] then desk.not_found() end
		return paged(req, "organization_merges", all("organizations", function(o)
			return o.merged_into and (o.id == id or o.merged_into == id)
		end), merge)
	end, admin = true },
	{ "GET", "/organizations/:id/users", function(req)
		local o = organization_of(req)
		return paged(req, "users", all("users", function(u) return u.active and u.organization_id == o.id end), rest.user)
	end },
	{ "GET", "/organizations/:id/tickets", function(req)
		local o = organization_of(req)
		return paged(req, "tickets", all("tickets", function(t) return t.organization_id == o.id and t.status ~= "deleted" end), rest.ticket)
	end },
	{ "GET", "/organizations/:id/organization_memberships", members_of("organization_id") },
	{ "GET", "/users", function(req) return paged(req, "users", all("users", function(u) return u.active end), rest.user) end },
	{ "POST", "/users", function(req) return one(201, "user", rest.user(desk.new_user(body_of(req, "user")))) end },
	{ "GET", "/users/search", users_search },
	{ "GET", "/users/show_many", show_many("users", "users", rest.user, desk.user_by_external_id) },
	{ "POST", "/users/create_or_update", function(req) return upserted(req, "user", rest.user, desk.create_or_update_user, "users") end },
	{ "POST", "/users/create_or_update_many", function() desk.refuse(403, { error = "Forbidden", description = "bulk import is not enabled for the account" }) end },
	{ "POST", "/users/create_many", function() desk.refuse(403, { error = "Forbidden", description = "bulk import is not enabled for the account" }) end },
	{ "GET", "/users/:id", function(req) return one(200, "user", rest.user(user_of(req))) end },
	{ "PUT", "/users/:id", function(req) return one(200, "user", rest.user(desk.edit_user(user_of(req), body_of(req, "user")))) end },
	{ "DELETE", "/users/:id", function(req)
		local u = user_of(req)
		desk.delete_user(u)
		return one(200, "user", rest.user(u))
	end, admin = true },
	{ "GET", "/users/:id/identities", identities },
	{ "PUT", "/users/:id/identities/:identity/make_primary", function(req)
		local u = user_of(req)
		desk.make_primary(u, identity_of(u, req.params.identity))
		return identities(req)
	end },
	{ "GET", "/users/:id/organization_memberships", members_of("user_id") },
	{ "GET", "/organization_memberships", function(req) return paged(req, "organization_memberships", all("memberships"), rest.membership) end },
	{ "POST", "/organization_memberships", function(req) return one(201, "organization_membership", rest.membership(desk.new_membership(body_of(req, "organization_membership")))) end },
	{ "GET", "/organization_memberships/:id", function(req) return one(200, "organization_membership", rest.membership(record_of("memberships")(req))) end },
	{ "DELETE", "/organization_memberships/:id", function(req)
		desk.delete_membership(record_of("memberships")(req))
		return { status = 204 }
	end },
	{ "GET", "/tickets", function(req)
		local external_id = req.args.external_id
		return paged(req, "tickets", all("tickets", function(t)
			return t.status ~= "deleted" and (not external_id or t.external_id == external_id)
		end), rest.ticket)
	end },
	{ "POST", "/tickets", create_ticket },
	{ "GET", "/tickets/show_many", show_many("tickets", "tickets", rest.ticket) },
	{ "GET", "/tickets/:id", function(req) return one(200, "ticket", rest.ticket(ticket_of(req))) end },
	{ "PUT", "/tickets/:id", function(req, caller)
		local t = desk.edit_ticket(ticket_of(req), body_of(req, "ticket"), caller.user.id)
		return { status = 200, json = object { { "ticket", rest.ticket(t) }, { "audit", { id = desk.new_id(), ticket_id = t.id } } } }
	end },
	{ "DELETE", "/tickets/:id", function(req)
		desk.delete_ticket(ticket_of(req))
		return { status = 204 }
	end },
	{ "GET", "/tickets/:id/comments", function(req)
		local t = ticket_of(req)
		return paged(req, "comments", all("comments", function(c) return c.ticket_id == t.id end), function(c)
			return object { { "id", c.id }, { "type", "Comment" }, { "author_id", c.author_id }, { "body", c.body }, { "public", c.public }, { "created_at", when(c.created) } }
		end)
	end },
	{ "GET", "/search", search },
	{ "GET", "/search/count", function(req) return { status = 200, json = { count = #searched(req.args.query or "") } } end },
	{ "GET", "/search/export", function(req)
		local kind = req.args["filter[type]"] or ""
		if not req.args["page[size]"] then req.args["page[size]"] = "100" end
		return paged(req, "results", searched(("type:%s %s"):format(kind, req.args.query or "")), shown_result)
	end },
	{ "GET", "/job_statuses", function(req) return paged(req, "job_statuses", all("jobs"), job) end },
	{ "GET", "/job_statuses/show_many", function(req)
		local list = {}
		for _, id in ipairs(ids_in(req.args.ids)) do list[#list + 1] = twin.state.jobs[id] end
		return paged(req, "job_statuses", list, job)
	end },
	{ "GET", "/job_statuses/:id", function(req)
		local j = twin.state.jobs[(req.params.id:gsub("%.json$", ""))] or desk.not_found()
		return one(200, "job_status", job(j))
	end },
	{ "GET", "/incremental/organizations", function(req) return by_time(req, "organizations", rest.organization) end, admin = true, export = true },
	{ "GET", "/incremental/users", function(req) return by_time(req, "users", rest.user) end, admin = true, export = true },
	{ "GET", "/incremental/tickets", function(req) return by_time(req, "tickets", rest.ticket) end, admin = true, export = true },
	{ "GET", "/incremental/users/cursor", function(req) return by_cursor(req, "users", rest.user) end, admin = true, export = true },
	{ "GET", "/incremental/tickets/cursor", function(req) return by_cursor(req, "tickets", rest.ticket) end, admin = true, export = true },
	{ "GET", "/custom_objects", function(req) return paged(req, "custom_objects", all("custom_objects"), rest.object) end },
	{ "POST", "/custom_objects", function(req) return one(201, "custom_object", rest.object(desk.new_object(body_of(req, "custom_object")))) end, admin = true },
	{ "GET", "/custom_objects/:key", function(req) return one(200, "custom_object", rest.object(object_of(req))) end },
	{ "PATCH", "/custom_objects/:key", function(req)
		local o, what = object_of(req), body_of(req, "custom_object")
		for _, name in ipairs { "title", "title_pluralized", "description" } do o[name] = what[name] or o[name] end
		o.updated = twin.now()
		return one(200, "custom_object", rest.object(o))
	end, admin = true },
	{ "GET", "/custom_objects/:key/records", object_records },
	{ "POST", "/custom_objects/:key/records", function(req)
		return one(201, "custom_object_record", rest.object_record(desk.new_object_record(object_of(req).key, body_of(req, "custom_object_record"))))
	end },
	{ "PATCH", "/custom_objects/:key/records", upsert_object_record },
	{ "GET", "/custom_objects/:key/records/:id", function(req) return one(200, "custom_object_record", rest.object_record(object_record_of(req))) end },
	{ "PATCH", "/custom_objects/:key/records/:id", function(req)
		local r = object_record_of(req)
		desk.edit_object_record(r, body_of(req, "custom_object_record"))
		return one(200, "custom_object_record", rest.object_record(r))
	end },
	{ "DELETE", "/custom_objects/:key/records/:id", function(req)
		twin.state.custom_object_records[object_record_of(req).id] = nil
		return { status = 204 }
	end },
	{ "GET", "/webhooks", function(req) return paged(req, "webhooks", all("webhooks"), hooks.shown) end, admin = true },
	{ "POST", "/webhooks", function(req) return one(201, "webhook", hooks.shown(hooks.create(body_of(req, "webhook")))) end, admin = true },
	{ "GET", "/webhooks/:id", function(req) return one(200, "webhook", hooks.shown(webhook_of(req))) end, admin = true },
	{ "PATCH", "/webhooks/:id", function(req)
		hooks.edit(webhook_of(req), body_of(req, "webhook"))
		return { status = 204 }
	end, admin = true },
	{ "DELETE", "/webhooks/:id", function(req)
		twin.state.webhooks[webhook_of(req).id] = nil
		return { status = 204 }
	end, admin = true },
	{ "GET", "/webhooks/:id/signing_secret", function(req)
		return one(200, "signing_secret", object { { "secret", webhook_of(req).secret }, { "algorithm", "SHA256" } })
	end, admin = true },
	{ "POST", "/webhooks/:id/signing_secret", function(req)
		local hook = webhook_of(req)
		hook.secret = twin.base64(twin.random(32))
		return one(201, "signing_secret", object { { "secret", hook.secret }, { "algorithm", "SHA256" } })
	end, admin = true },
	{ "GET", "/oauth/tokens", function(req)
		local list = {}
		for _, t in pairs(twin.state.tokens) do list[#list + 1] = t end
		return paged(req, "tokens", list, function(t)
			return object { { "client_id", 1 }, { "user_id", t.user_id }, { "scopes", array { t.scope } }, { "created_at", when(t.created) }, { "expires_at", when(t.expires) } }
		end)
	end, admin = true },
}

for kind, name in pairs { organization_fields = "organization_field", user_fields = "user_field", ticket_fields = "ticket_field" } do
	for _, r in ipairs(field_routes(kind, name)) do routes[#routes + 1] = r end
end

-- ---- limits and the door ------------------------------------------------------------------------------------

-- Counts a request within its minute; the seconds to wait when there were too many.
local function over(name, most)
	if most == 0 then return nil end
	local minute = twin.now() // 60000
	local l = twin.state.limits[name]
	if not l or l.minute ~= minute then
		l = { minute = minute, count = 0 }
		twin.state.limits[name] = l
	end
	l.count = l.count + 1
	if l.count > most then return 60 - twin.now() // 1000 % 60 end
end

local function too_many(seconds)
	return { status = 429, headers = { ["Retry-After"] = tostring(seconds) },
		json = { error = "APIRateLimitExceeded", description = "Number of allowed API requests per minute exceeded" } }
end

local function guarded(route)
	return function(req)
		local caller, why = auth.caller(req)
		if why then return why end
		if not caller then
			if not route.nobody then return { status = 401, json = { error = "Couldn't authenticate you" } } end
			caller = { nobody = true, scope = "read", user = { role = "end-user" } }
		end
		local wait = over("account", twin.settings.per_minute) or route.export and over("export", twin.settings.exports_per_minute)
		if wait then return too_many(wait) end
		if not auth.may(caller, req) then
			return { status = 403, json = object { { "error", "Forbidden" }, { "description", "You are missing the following required scopes: write" } } }
		end
		local well, answer = pcall(function()
			if route.admin then admin_only(caller) end
			if caller.user.role == "end-user" and not route.nobody then admin_only(caller) end
			return route[3](req, caller)
		end)
		if not well then
			if type(answer) ~= "table" or not answer.answer then error(answer, 0) end
			return answer.answer
		end
		if req.method ~= "GET" then twin.changed() end
		return answer
	end
end

function rest.serve()
	twin.route("POST", "/oauth/tokens", auth.token)
	twin.route("GET", "/oauth/authorizations/new", auth.authorize)
	for _, r in ipairs(routes) do
		local path = "/api/v2" .. r[2]
		twin.route(r[1], path, guarded(r))
		if not path:match(":%w+$") then twin.route(r[1], path .. ".json", guarded(r)) end
	end
	twin.otherwise(function() return { status = 404, json = { error = "InvalidEndpoint", description = "Not found" } } end)
	twin.finish(function(req, resp)
		local l = twin.state.limits.account
		if not req.path:match("^/api/") or twin.settings.per_minute == 0 then return end
		resp.headers = resp.headers or {}
		resp.headers["X-Rate-Limit"] = tostring(twin.settings.per_minute)
		resp.headers["X-Rate-Limit-Remaining"] = tostring(math.max(0, twin.settings.per_minute - (l and l.count or 0)))
		resp.headers["X-Zendesk-API-Version"] = "v2"
	end)
end

return rest
