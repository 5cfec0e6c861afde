-- hooks.lua - Intuit's webhooks: one address for all companies of the app, signed with its verifier token (../SOURCES.md 8).
--
-- Events wait for a moment and go together, several companies in one body.  A delivery that is not answered 200 is sent again
-- after 10, 20, 30 seconds, 5 and 20 minutes, 2, 4 and 6 hours; what happens meanwhile waits behind it.
local hooks = {}

local AGAIN_MS = { 10000, 20000, 30000, 300000, 1200000, 7200000, 14400000, 21600000 }
local WORDS = { Create = "created", Update = "updated", Delete = "deleted", Merge = "merged", Void = "voided", Emailed = "emailed" }
local timer, sending = nil, false

-- Kinds that Intuit sends nothing about.
local SILENT = { TaxCode = true }

function hooks.empty() return { url = twin.settings.hook_url, format = twin.settings.hook_format, queue = {}, failures = 0, sent = 0, refused = 0 } end

function hooks.raise(realm, name, id, operation, loser)
	if SILENT[name] then return end
	local app = twin.state.app
	if app.url == "" then return end
	-- What waits already is not told twice.
	for _, e in ipairs(app.queue) do
		if e.realm == realm and e.name == name and e.id == id and e.operation == operation then return end
	end
	app.queue[#app.queue + 1] = { realm = realm, name = name, id = id, operation = operation, loser = loser, at = twin.now(), event = twin.uuid() }
	hooks.wake()
end

-- ---- bodies -----------------------------------------------------------------------------------------------

local function cloud_events(list)
	local out = twin.array {}
	for i, e in ipairs(list) do
		out[i] = twin.object { { "specversion", "1.0" }, { "id", e.event }, { "source", "intuit." .. twin.base64(twin.digest("sha256", e.realm)) },
			{ "type", ("qbo.%s.%s.v1"):format(e.name:lower(), WORDS[e.operation]) }, { "datacontenttype", "application/json" },
			{ "time", (twin.iso(e.at):gsub("Z$", ".179851517Z")) }, { "intuitentityid", e.id }, { "intuitaccountid", e.realm }, { "data", twin.object {} } }
	end
	return twin.json.encode(out)
end

local function classic(list)
	local by_realm, order = {}, {}
	for _, e in ipairs(list) do
		if not by_realm[e.realm] then
			by_realm[e.realm] = twin.array {}
			order[#order + 1] = e.realm
		end
		local entity = twin.object { { "name", e.name }, { "id", e.id }, { "operation", e.operation }, { "lastUpdated", (twin.iso(e.at):gsub("Z$", ".000Z")) } }
		if e.loser then entity.deletedId = e.loser end
		table.insert(by_realm[e.realm], entity)
	end
	local out = twin.array {}
	for i, realm in ipairs(order) do out[i] = { realmId = realm, dataChangeEvent = { entities = by_realm[realm] } } end
	return twin.json.encode { eventNotifications = out }
end

function hooks.signature(body) return twin.base64(twin.hmac("sha256", twin.settings.verifier_token, body)) end

-- ---- sending ------------------------------------------------------------------------------------------------

local function post(list)
	local app = twin.state.app
	local body = app.format == "classic" and classic(list) or cloud_events(list)
	local headers = { ["Content-Type"] = "application/json", ["intuit-signature"] = hooks.signature(body), ["intuit-created-time"] = twin.iso(twin.now()),
		["intuit-t-id"] = twin.uuid(), ["intuit-notification-schema-version"] = app.format == "classic" and "1.0" or "2.0", ["User-Agent"] = "intuit_notification_server/1.0" }
	if twin.fault("hook_unsigned") then headers["intuit-signature"] = nil end
	if twin.fault("hook_forged") then headers["intuit-signature"] = twin.base64(twin.hmac("sha256", "somebody else's", body)) end
	local reply = twin.http { method = "POST", url = app.url, headers = headers, body = body, timeout_ms = 3000,
		ca_file = twin.settings.hook_ca_file ~= "" and twin.settings.hook_ca_file or nil, verify = twin.settings.hook_verify }
	return reply and reply.status == 200
end

local function deliver(list)
	if twin.fault("hook_lost") then return true end
	local well = post(list)
	if well and twin.fault("hook_twice") then post(list) end
	local app = twin.state.app
	if well then app.sent = app.sent + #list else app.refused = app.refused + 1 end
	twin.changed()
	return well
end

local function schedule(ms)
	timer = twin.after(ms, function()
		timer = nil
		hooks.drain()
	end)
end

-- All that waits now, in one body.  True: it was taken.
function hooks.drain()
	local app = twin.state.app
	if sending or #app.queue == 0 then return true end
	sending = true
	local list = {}
	for i, e in ipairs(app.queue) do list[i] = twin.copy(e) end
	if #list > 1 and twin.fault("hook_reversed") then
		for i = 1, #list // 2 do list[i], list[#list - i + 1] = list[#list - i + 1], list[i] end
	end
	local late = twin.fault("hook_late")
	local done, well = pcall(function() return not late and deliver(list) end)
	sending = false
	app = twin.state.app
	if done and well then
		for _ = 1, #list do table.remove(app.queue, 1) end
		app.failures = 0
		if #app.queue > 0 then hooks.wake() end
		return true
	end
	if not done then error(well, 0) end
	app.failures = app.failures + 1
	if timer then twin.cancel(timer) end
	schedule(late and (late.ms or 1000) or AGAIN_MS[math.min(app.failures, #AGAIN_MS)])
	return false
end

-- The same, once what is on its way has arrived.
function hooks.deliver_all()
	while sending do twin.pause(2) end
	return hooks.drain()
end

function hooks.wake()
	if timer or sending or #twin.state.app.queue == 0 then return end
	schedule(twin.settings.deliver_after_ms)
end

function hooks.forget() timer = nil end

return hooks
