-- callouts.lua - notifications: queued when something happens, posted with the login that was agreed, tried again.  ../SOURCES.md 8
local ledger = require "twin.ledger"

local callouts = {}
local RETRY_MS = 30 * 60000
local timer

local EVENTS = { -- standard events and their categories
	["Invoice Posted"] = 1110, ["Payment Processed"] = 2120, ["External Payment Processed"] = 2130, ["Payment Declined"] = 2110,
	["Credit Memo Posted"] = 2720, ["Refund Processed"] = 2140, ["Account Edited"] = 1210,
}

-- ids: { PaymentId = "...", AccountId = "..." }, what a template of ours fills in.
function callouts.raise(event, ids)
	if twin.settings.callout_url == "" then return end
	if event == "External Payment Processed" and not twin.settings.external_callouts then return end
	table.insert(twin.state.callouts, { notification = twin.uuid(), event = event, ids = ids, tries = 0, due = twin.now() + twin.settings.callout_after_ms })
	twin.changed()
	callouts.wake()
end

local function xml_free(ids)
	local out = {}
	for name, id in pairs(ids) do out[#out + 1] = ("%s=%s"):format(twin.url_encode(name), twin.url_encode(id)) end
	table.sort(out)
	return table.concat(out, "&")
end

-- What an administrator may have written.
local BODIES = {
	template = function(c)
		local out = { event = c.event, notification = "ml-connector" }
		for name, id in pairs(c.ids) do out[name] = id end
		return twin.json.encode(out), "application/json"
	end,
	data_source = function(c)
		local out = {}
		for name, id in pairs(c.ids) do out[("<%s.%s>"):format(name:sub(1, -3), "ID")] = id end
		return twin.json.encode(out), "application/json"
	end,
	nested = function(c)
		local out = {}
		for name, id in pairs(c.ids) do out[name:sub(1, -3)] = { Id = id, Amount = "150.000000000" } end
		return twin.json.encode(out), "application/json"
	end,
	params = function(c) return xml_free(c.ids), "application/x-www-form-urlencoded" end,
	nothing = function() return "{\"text\":\"something happened\"}", "application/json" end,
}

local function post(c, authorization)
	local body, kind = (BODIES[twin.settings.callout_body] or BODIES.template)(c)
	local headers = { ["Content-Type"] = kind, ["Zuora-Request-Id"] = twin.uuid(), ["Zuora-Notification-Id"] = c.notification, ["X-Amzn-Trace-Id"] = "Root=1-" .. twin.uuid(),
		["User-Agent"] = "ZuoraCallout", Authorization = authorization }
	if twin.settings.callout_hmac ~= "" then headers["X-MLC-Signature"] = twin.base64(twin.hmac("sha256", twin.settings.callout_hmac, body)) end
	return twin.http { method = "POST", url = twin.settings.callout_url, headers = headers, body = body, timeout_ms = 25000,
		ca_file = twin.settings.callout_ca_file ~= "" and twin.settings.callout_ca_file or nil, verify = twin.settings.callout_verify }
end

-- The first without a login; 401 and a challenge bring the second.
local function send(c)
	local user = twin.settings.callout_user
	local login = user ~= "" and "Basic " .. twin.base64(user .. ":" .. twin.settings.callout_password) or nil
	local reply, why = post(c, twin.settings.callout_preemptive and login or nil)
	if reply and reply.status == 401 and login and not twin.settings.callout_preemptive then
		local challenge = reply.headers["www-authenticate"] or reply.headers["WWW-Authenticate"] or ""
		if challenge:match("^[Bb]asic ") then reply, why = post(c, login) end
	end
	return reply, why
end

local function is_retried(status) return status < 200 or status == 403 or status == 408 or status == 429 or status >= 500 end

local function one(c)
	if twin.fault("callout_lost", { path = c.event }) then return end
	local reply = send(c)
	if twin.fault("callout_twice", { path = c.event }) then send(c) end
	c.tries = c.tries + 1
	local status = reply and reply.status or -1
	if status ~= 200 and is_retried(status) and c.tries < twin.settings.callout_tries then
		c.due = twin.now() + RETRY_MS
		table.insert(twin.state.callouts, c)
	else
		table.insert(twin.state.history, { at = twin.now(), event = c.event, category = EVENTS[c.event] or 0, tries = c.tries, status = status, well = status == 200,
			notification = c.notification })
	end
	twin.changed()
end

local function take_due(everything)
	for i, c in ipairs(twin.state.callouts) do
		if everything or c.due <= twin.now() then return table.remove(twin.state.callouts, i) end
	end
end

local draining, in_flight = false, 0

local function drain(everything)
	local sent = 0
	local left = #twin.state.callouts -- what fails and waits again is not tried twice in one go
	while left > 0 do
		local c = take_due(everything)
		if not c then break end
		in_flight = in_flight + 1
		local well, why = pcall(one, c)
		in_flight = in_flight - 1
		if not well then error(why, 0) end
		sent, left = sent + 1, left - 1
	end
	return sent
end

function callouts.wake()
	if timer or draining or #twin.state.callouts == 0 then return end
	local first = math.huge
	for _, c in ipairs(twin.state.callouts) do first = math.min(first, c.due) end
	timer = twin.after(math.max(1, first - twin.now()), function()
		timer, draining = nil, true
		local well, why = pcall(drain, false)
		draining = false
		if not well then error(why, 0) end
		callouts.wake()
	end)
end

-- All that waits, and what is on its way, before it returns.
function callouts.deliver()
	local sent = drain(true)
	while in_flight > 0 do twin.pause(2) end
	return { sent = sent, waiting = #twin.state.callouts }
end

return callouts
