-- twin.lua - the crm of tests, simulated.  Control door: POST /accounts as a person would, POST /gone, POST /merge, POST /fields; GET /books all.
twin.describe {
	title = "CRM",
	settings = { per_page = 50, upper = "", short = 0 }, -- short: a listing ends after so many; upper: a member that the crm itself rewrites in capitals after each write
}

twin.on_reset(function()
	twin.state.rows = {}   -- id -> { fields, seq, revision, deleted, merged_into }
	twin.state.once = {}   -- key -> id
	twin.state.seq = 0
	twin.state.batches = {}
	twin.state.fields = twin.array { { name = "x_region", type = "text", limit = 20 } }
end)

local function refuse(status, code, message)
	return { status = status, json = { code = code, message = message } }
end

local function shown(row)
	if row.merged_into then return { id = row.id, merged_into = row.merged_into } end
	if row.deleted then return { id = row.id, deleted = true } end
	local out = {}
	for k, v in pairs(row.fields) do out[k] = v end
	out.id, out.revision, out.changed = row.id, tostring(row.revision), twin.iso(row.changed_ms)
	return out
end

local function save(row)
	twin.state.seq = twin.state.seq + 1
	row.seq, row.changed_ms, row.revision = twin.state.seq, twin.now(), (row.revision or 0) + 1
	twin.state.rows[row.id] = row
	twin.changed()
	return row
end

local function sorted()
	local list = {}
	for _, row in pairs(twin.state.rows) do list[#list + 1] = row end
	table.sort(list, function(a, b) return a.seq < b.seq end)
	return list
end

local function set(row, data)
	for k, v in pairs(data or {}) do
		if v == twin.null then row.fields[k] = nil else row.fields[k] = v end
	end
	return save(row)
end

local function make(data)
	if type(data) ~= "table" or type(data.name) ~= "string" or data.name == "" then return nil, "an account needs a name" end
	return set({ id = "a" .. (twin.state.seq + 1), fields = {} }, data)
end

twin.route("GET", "/fields", function() return { status = 200, json = { fields = twin.state.fields } } end)

twin.route("GET", "/accounts", function(req)
	local since, list, upto, more = math.tointeger(tonumber(req.args.since or "0")) or 0, twin.array {}, req.args.since or "0", false
	for _, row in ipairs(sorted()) do
		local wanted = row.seq > since
		for _, name in ipairs { "name", "mail" } do
			wanted = wanted and (req.args[name] == nil or (req.args[name] == row.fields[name] and not row.deleted))
		end
		if wanted and #list == twin.settings.per_page then more = true break end
		if twin.settings.short > 0 and #list == twin.settings.short then break end
		if wanted then
			list[#list + 1] = shown(row)
			upto = tostring(row.seq)
		end
	end
	return { status = 200, json = { list = list, upto = upto, more = more } }
end)

twin.route("GET", "/accounts/:id", function(req)
	local row = twin.state.rows[req.params.id]
	if not row or (row.deleted and not row.merged_into) then return refuse(404, "gone", "there is no such account") end
	return { status = 200, json = shown(row) }
end)

local function written(one)
	if one.key and twin.state.once[one.key] then return { record = shown(twin.state.rows[twin.state.once[one.key]]) } end
	if type(one.data) == "table" and one.data.note == "refuse me" then return { code = "invalid", message = "the note is refused" } end
	local row
	if one.verb == "create" then
		local made, why = make(one.data)
		if not made then return { code = "invalid", message = why } end
		row = made
	else
		row = twin.state.rows[one.id]
		if not row or row.deleted then return { code = "gone", message = "there is no such account" } end
		if one.revision ~= tostring(row.revision) then return { code = "stale", message = "the account has changed meanwhile" } end
		if one.verb == "delete" then
			row.deleted = true
			save(row)
			return { record = { id = row.id } }
		end
		set(row, one.data)
	end
	if one.key then twin.state.once[one.key] = row.id end
	local record = shown(row)
	local upper = twin.settings.upper
	if upper ~= "" and row.fields[upper] and row.fields[upper] ~= row.fields[upper]:upper() then
		row.fields[upper] = row.fields[upper]:upper() -- the crm's own automation, after its answer
		save(row)
	end
	if row.fields.note == "doubt me" then return { code = "unsure", message = "nobody knows" } end
	return { record = record }
end

twin.route("POST", "/batch", function(req)
	local list, results = req:json(), twin.array {}
	if type(list) ~= "table" or #list == 0 or #list > 5 then return refuse(422, "invalid", "one to five writes") end
	twin.state.batches[#twin.state.batches + 1] = #list
	for i, one in ipairs(list) do
		if one.verb ~= list[1].verb then return refuse(422, "invalid", "writes of one verb") end
		results[i] = written(one)
	end
	twin.changed()
	return { status = 200, json = { results = results } }
end)

twin.control("POST", "/accounts", function(req)
	local fields = req:json()
	local id = fields.id
	fields.id = nil
	if id then return shown(set(twin.state.rows[id], fields)) end
	local made, why = make(fields)
	if not made then return nil, why end
	return shown(made)
end)

twin.control("POST", "/gone", function(req) -- {"id", "silent"}: silent ones are told by no feed
	local row = twin.state.rows[req:json().id]
	row.deleted = true
	if req:json().silent then twin.state.rows[row.id] = nil twin.changed() else save(row) end
	return {}
end)

twin.control("POST", "/merge", function(req)
	local want = req:json()
	local row = twin.state.rows[want.from]
	row.deleted, row.merged_into = true, want.into
	save(row)
	return {}
end)

twin.control("POST", "/fields", function(req)
	twin.state.fields = twin.array(req:json())
	twin.changed()
	return {}
end)

twin.control("GET", "/books", function()
	local all = twin.array {}
	for _, row in ipairs(sorted()) do all[#all + 1] = shown(row) end
	return { accounts = all, batches = twin.array(twin.state.batches) }
end)
