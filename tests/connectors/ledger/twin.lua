-- twin.lua - the ledger of tests, simulated.  Control door: POST /parties, POST /entries as a person would; GET /books all.
twin.describe {
	title = "Ledger",
	settings = { token = "ledger-token", books = "books-1", per_page = 50, closed_until = "", lower = "" }, -- lower: a member that the ledger itself rewrites in small letters after each write
}

twin.on_reset(function()
	twin.state.rows = {}  -- id -> { entity, fields, seq, revision, deleted }
	twin.state.once = {}  -- X-Once -> id
	twin.state.seq = 0
	twin.state.news = {}  -- { to, secret }
end)

local folders = { parties = "party", entries = "entry" }

local function refuse(status, code, message)
	return { status = status, json = { code = code, message = message } }
end

local function shown(row)
	local out = {}
	for k, v in pairs(row.fields) do out[k] = v end
	out.id, out.revision, out.changed = row.id, tostring(row.revision), twin.iso(row.changed_ms)
	if row.deleted then out.deleted = true end
	return out
end

local function tell_news(row)
	local news = twin.state.news
	if not news.to then return end
	local body = twin.json.encode { changed = { { entity = row.entity, id = row.id } } }
	local time = twin.iso(twin.now())
	local signature = twin.hex(twin.hmac("sha256", news.secret, time .. "." .. body))
	twin.spawn(function()
		twin.http { method = "POST", url = news.to, body = body, headers = { ["Content-Type"] = "application/json",
			["X-Ledger-Time"] = time, ["X-Ledger-Signature"] = signature }, verify = false }
	end)
end

local function save(row)
	twin.state.seq = twin.state.seq + 1
	row.seq, row.changed_ms, row.revision = twin.state.seq, twin.now(), (row.revision or 0) + 1
	twin.state.rows[row.id] = row
	twin.changed()
	tell_news(row)
	return row
end

local function rows_of(entity)
	local list = {}
	for _, row in pairs(twin.state.rows) do
		if row.entity == entity then list[#list + 1] = row end
	end
	table.sort(list, function(a, b) return a.seq < b.seq end)
	return list
end

-- Money is compared as text in whole cents: no doubles.
local function cents(text)
	local sign, whole, part = tostring(text):match("^(-?)(%d+)%.?(%d*)$")
	if not whole or #part > 2 then return nil end
	local n = math.tointeger(tonumber(whole .. (part .. "00"):sub(1, 2)))
	return sign == "-" and -n or n
end

local function flaw(entity, f)
	if entity == "party" then
		if type(f.name) ~= "string" or f.name == "" or #f.name > 60 then return "a party needs a name of 60 characters at most" end
		for _, row in ipairs(rows_of("party")) do
			if row.fields.name == f.name and not row.deleted then return "the name is taken", "taken" end
		end
		return nil
	end
	if type(f.number) ~= "string" or not tostring(f.day):match("^%d%d%d%d%-%d%d%-%d%d$") then return "an entry needs number and day" end
	if twin.settings.closed_until ~= "" and f.day <= twin.settings.closed_until then return "the period is closed", "closed" end
	local sum, total = 0, cents(f.total)
	if not total then return "total is no amount" end
	for _, line in ipairs(f.lines or {}) do
		local amount = cents(line.amount)
		if not amount then return "an amount of a line is none" end
		sum = sum + amount
	end
	if f.lines and sum ~= total then return "the lines do not add up to the total" end
	return nil
end

local function make(entity, fields)
	local why, code = flaw(entity, fields)
	if why then return nil, why, code end
	return save { id = entity:sub(1, 1) .. (twin.state.seq + 1), entity = entity, fields = fields }
end

twin.before(function(req)
	if req.headers["x-ledger-token"] ~= twin.settings.token then return refuse(401, "wrong_token", "the token is wrong") end
end)

twin.route("GET", "/books", function() return { status = 200, json = { books = twin.settings.books } } end)

twin.route("PUT", "/news", function(req)
	local want = req:json()
	if type(want) ~= "table" then return refuse(422, "invalid", "an object is wanted") end
	twin.state.news = type(want.to) == "string" and { to = want.to, secret = want.secret } or {}
	twin.changed()
	return { status = 200, json = { agreed = true } }
end)

twin.route("GET", "/:folder", function(req)
	local entity = folders[req.params.folder]
	if not entity then return refuse(404, "gone", "there is no such folder") end
	local since, list, upto, more = math.tointeger(tonumber(req.args.since or "0")) or 0, twin.array {}, req.args.since or "0", false
	for _, row in ipairs(rows_of(entity)) do
		local wanted = row.seq > since
		for _, name in ipairs { "name", "mail", "reference", "number" } do
			wanted = wanted and (req.args[name] == nil or (req.args[name] == row.fields[name] and not row.deleted))
		end
		wanted = wanted and (req.args.party == nil or (row.fields.party or {}).id == req.args.party and not row.deleted)
		if wanted and #list == twin.settings.per_page then more = true break end
		if wanted then
			list[#list + 1] = shown(row)
			upto = tostring(row.seq)
		end
	end
	return { status = 200, json = { list = list, upto = upto, more = more } }
end)

local function row_at(req)
	local row = twin.state.rows[req.params.id]
	if row and row.entity == folders[req.params.folder] and not row.deleted then return row end
end

twin.route("GET", "/:folder/:id", function(req)
	local row = row_at(req)
	return row and { status = 200, json = shown(row) } or refuse(404, "gone", "there is no such record")
end)

twin.route("POST", "/:folder", function(req)
	local entity, fields, once = folders[req.params.folder], req:json(), req.headers["x-once"]
	if not entity then return refuse(404, "gone", "there is no such folder") end
	if type(fields) ~= "table" then return refuse(422, "invalid", "an object is wanted") end
	if once and twin.state.once[once] then return { status = 200, json = shown(twin.state.rows[twin.state.once[once]]) } end
	local row, why, code = make(entity, fields)
	if not row then return refuse(422, code or "invalid", why) end
	if once then twin.state.once[once] = row.id end
	return { status = 201, json = shown(row) }
end)

local function checked(req)
	local row = row_at(req)
	if not row then return nil, refuse(404, "gone", "there is no such record") end
	if req.headers["x-revision"] ~= tostring(row.revision) then return nil, refuse(409, "stale", "the record has changed meanwhile") end
	return row
end

twin.route("PATCH", "/:folder/:id", function(req)
	local row, answer = checked(req)
	if not row then return answer end
	for k, v in pairs(req:json() or {}) do row.fields[k] = v ~= twin.null and v or nil end
	local answer, lower = shown(save(row)), twin.settings.lower
	if lower ~= "" and row.fields[lower] and row.fields[lower] ~= row.fields[lower]:lower() then
		row.fields[lower] = row.fields[lower]:lower() -- its own automation, after its answer
		save(row)
	end
	return { status = 200, json = answer }
end)

twin.route("DELETE", "/:folder/:id", function(req)
	local row, answer = checked(req)
	if not row then return answer end
	row.deleted = true
	return { status = 200, json = shown(save(row)) }
end)

twin.control("POST", "/gone", function(req)
	local row = twin.state.rows[req:json().id]
	row.deleted = true
	save(row)
	return {}
end)

for folder, entity in pairs(folders) do
	twin.control("POST", "/" .. folder, function(req)
		local fields = req:json()
		local row = fields.id and twin.state.rows[fields.id]
		if row then
			for k, v in pairs(fields) do if k ~= "id" then row.fields[k] = v end end
			return shown(save(row))
		end
		local made, why = make(entity, fields)
		if not made then return nil, why end
		return shown(made)
	end)
end

twin.control("GET", "/books", function()
	local all = { parties = twin.array {}, entries = twin.array {} }
	for folder, entity in pairs(folders) do
		for _, row in ipairs(rows_of(entity)) do all[folder][#all[folder] + 1] = shown(row) end
	end
	return all
end)
