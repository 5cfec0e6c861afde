-- twin.lua - Zoho CRM, simulated: true to its protocol, with a clock and faults.  Run by tools/twin:
--   build/tools/twin/twin zoho_crm
-- Control door: POST /contacts makes or changes a contact as a person would; GET /contacts shows all.
twin.describe {
	title = "Zoho CRM",
	settings = { token = "twin-token", account = "acct-1", company = "Acme Mugs LLC" },
}

twin.on_reset(function()
	twin.state.contacts = {} -- by id
	twin.state.keys = {}     -- Idempotency-Key -> id
	twin.state.clock = 0     -- counts changes: the cursor of GET /contacts?after=
	twin.state.last_id = 0
end)

local function save(contact)
	twin.state.clock = twin.state.clock + 1
	contact.version = (contact.version or -1) + 1
	contact.seq = twin.state.clock
	contact.modified_at = twin.iso(twin.now())
	twin.state.contacts[contact.id] = contact
	twin.changed()
	return contact
end

local function make(fields)
	twin.state.last_id = twin.state.last_id + 1
	return save { id = "c" .. twin.state.last_id, name = fields.name, email = fields.email, balance = "0.00" }
end

local function shown(contact)
	local out = {}
	for k, v in pairs(contact) do out[k] = v end
	out.seq = nil
	return out
end

local function sorted()
	local list = {}
	for _, contact in pairs(twin.state.contacts) do list[#list + 1] = contact end
	table.sort(list, function(a, b) return a.seq < b.seq end)
	return list
end

local function refuse(status, why, headers)
	return { status = status, json = { error = why }, headers = headers }
end

twin.before(function(req)
	if req.headers.authorization ~= "Bearer " .. twin.settings.token then return refuse(401, "the token is wrong") end
end)

twin.route("GET", "/me", function()
	return { status = 200, json = { account = twin.settings.account, company = twin.settings.company } }
end)

twin.route("GET", "/contacts", function(req)
	local after, limit = math.tointeger(tonumber(req.args.after or "0")) or 0, tonumber(req.args.limit or "50")
	local list, last, more = twin.array {}, after, false
	for _, contact in ipairs(sorted()) do
		local wanted = contact.seq > after and (not req.args.name or req.args.name == contact.name)
			and (not req.args.email or req.args.email == contact.email)
		if wanted and #list == limit then more = true break end
		if wanted then
			list[#list + 1] = shown(contact)
			last = contact.seq
		end
	end
	return { status = 200, json = { contacts = list, next = tostring(last), more = more } }
end)

twin.route("GET", "/contacts/:id", function(req)
	local contact = twin.state.contacts[req.params.id]
	return contact and { status = 200, json = shown(contact) } or refuse(404, "there is no such contact")
end)

twin.route("POST", "/contacts", function(req)
	local fields, why = req:json()
	local key = req.headers["idempotency-key"]
	if type(fields) ~= "table" then return refuse(422, why or "an object is wanted") end
	if type(fields.name) ~= "string" or fields.name == "" then return refuse(422, "a contact needs a name") end
	if key and twin.state.keys[key] then return { status = 200, json = shown(twin.state.contacts[twin.state.keys[key]]) } end
	local contact = make(fields)
	if key then twin.state.keys[key] = contact.id end
	return { status = 201, json = shown(contact) }
end)

twin.route("PATCH", "/contacts/:id", function(req)
	local contact, fields = twin.state.contacts[req.params.id], req:json()
	if not contact then return refuse(404, "there is no such contact") end
	if type(fields) ~= "table" then return refuse(422, "an object is wanted") end
	if req.headers["if-match"] ~= tostring(contact.version) then return refuse(409, "the contact has changed meanwhile") end
	for _, name in ipairs { "name", "email" } do
		if fields[name] ~= nil then contact[name] = fields[name] end
	end
	return { status = 200, json = shown(save(contact)) }
end)

twin.control("POST", "/contacts", function(req)
	local fields = req:json()
	local contact = fields.id and twin.state.contacts[fields.id]
	if not contact then return shown(make(fields)) end
	for k, v in pairs(fields) do contact[k] = v end
	return shown(save(contact))
end)

twin.control("GET", "/contacts", function()
	local list = twin.array {}
	for _, contact in ipairs(sorted()) do list[#list + 1] = shown(contact) end
	return list
end)
