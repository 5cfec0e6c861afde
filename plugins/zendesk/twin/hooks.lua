-- hooks.lua - webhooks: signed, delivered at least once, tried again for some answers only (../SOURCES.md 9).
local hooks = {}
local news
local null = twin.null

hooks.TYPES = { conditional_ticket_events = true }
for family, names in pairs {
	organization = "created custom_field_changed deleted external_id_changed name_changed tags_changed",
	user = "active_changed alias_changed created custom_field_changed custom_role_changed default_group_changed details_changed external_id_changed"
		.. " group_membership_created group_membership_deleted identity_deleted last_login_changed name_changed notes_changed"
		.. " only_private_comments_changed organization_membership_created organization_membership_deleted role_changed",
	ticket = "agent_assignment_changed brand_changed comment_added created custom_field_changed description_changed external_id_changed"
		.. " group_assignment_changed organization_changed priority_changed problem_link_changed requester_changed soft_deleted status_changed"
		.. " subject_changed tags_changed undeleted permanently_deleted",
} do
	for name in names:gmatch("%S+") do hooks.TYPES[("zen:event-type:%s.%s"):format(family, name)] = true end
end

hooks.TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="

-- rest.lua tells what an event's "detail" holds.
local detail_of
function hooks.details(fn) detail_of = fn end

local function ids()
	local list = {}
	for id in pairs(twin.state.webhooks) do list[#list + 1] = id end
	table.sort(list)
	return list
end

function hooks.raise(event, kind, id, body)
	local type = "zen:event-type:" .. event
	for _, hook_id in ipairs(ids()) do
		local hook = twin.state.webhooks[hook_id]
		local wants = false
		for _, s in ipairs(hook.subscriptions) do wants = wants or s == type end
		if wants and hook.status == "active" then
			news.add { hook = hook_id, type = type, kind = kind, id = id, event = body, uuid = twin.uuid(), at = twin.now(), tries = 0,
				detail = detail_of(kind, id) }
		end
	end
end

-- A trigger of an administrator's, who wrote the body.
function hooks.trigger(hook, body)
	news.add { hook = hook.id, body = body, uuid = twin.uuid(), at = twin.now(), tries = 0 }
end

-- ---- sending --------------------------------------------------------------------------------------------

local function body_of(due)
	if due.body then return due.body end
	return twin.json.encode(twin.object { { "type", due.type }, { "account_id", twin.settings.account_id }, { "id", due.uuid },
		{ "time", twin.iso(due.at) }, { "zendesk_event_version", "2022-06-20" }, { "subject", ("zen:%s:%d"):format(due.kind, due.id) },
		{ "detail", due.detail }, { "event", next(due.event) and due.event or twin.object {} } })
end

local function send(due)
	local hook, body = twin.state.webhooks[due.hook], body_of(due)
	local at = twin.now() - (twin.fault("hook_old", { method = "POST", path = due.type }) and 3600000 or 0)
	local timestamp = twin.iso(at)
	local secret = twin.fault("hook_forged", { method = "POST", path = due.type }) and hooks.TEST_SECRET or hook.secret
	return news.http { method = "POST", url = hook.endpoint, body = body, timeout_ms = 12000, follow = false, headers = {
		["Content-Type"] = "application/json; charset=utf-8", ["User-Agent"] = "Zendesk Webhook",
		["X-Zendesk-Webhook-Signature"] = twin.base64(twin.hmac("sha256", secret, timestamp .. body)),
		["X-Zendesk-Webhook-Signature-Timestamp"] = timestamp, ["X-Zendesk-Webhook-Id"] = hook.id,
		["X-Zendesk-Webhook-Invocation-Id"] = due.uuid, ["X-Zendesk-Account-Id"] = tostring(twin.settings.account_id) } }
end

-- 409 three times; 429 and 503 only with a Retry-After below a minute; silence five times; nothing else.
local function again_after_ms(due, reply, kind)
	if not reply then return kind ~= "connect" and due.tries < 5 and 1000 or due.tries < 5 and 1000 or nil end
	if reply.status == 409 then return due.tries < 3 and 1000 or nil end
	if reply.status == 429 or reply.status == 503 then
		local wait
		for name, value in pairs(reply.headers) do
			if name:lower() == "retry-after" then wait = tonumber(value) end
		end
		return wait and wait < 60 and due.tries < 5 and wait * 1000 or nil
	end
end

-- 70 of 100 answers within five minutes bad: it pauses.
local function breaker(hook, well)
	local since = twin.now() - 300000
	hook.last = hook.last or {}
	table.insert(hook.last, { at = twin.now(), well = well })
	while #hook.last > 0 and (hook.last[1].at < since or #hook.last > 1000) do table.remove(hook.last, 1) end
	local bad = 0
	for _, one in ipairs(hook.last) do bad = bad + (one.well and 0 or 1) end
	if #hook.last >= 100 and bad * 10 >= #hook.last * 7 then hook.paused_until = twin.now() + 300000 end
end

local function done(due, reply, _, kind)
	local now = twin.state.webhooks[due.hook]
	if not now then return end
	local well = reply ~= nil and reply.status >= 200 and reply.status < 300
	due.tries = due.tries + 1
	now.sent = now.sent + 1
	breaker(now, well)
	table.insert(twin.state.sent, { hook = due.hook, type = due.type or "trigger", id = due.id or 0, status = reply and reply.status or 0, try = due.tries })
	if #twin.state.sent > 1000 then table.remove(twin.state.sent, 1) end
	local wait = not well and again_after_ms(due, reply, kind) or nil
	if wait then news.add_later(due, wait) end
	twin.changed()
end

news = require "news" {
	fault = "hook",
	about = function(due)
		local hook = twin.state.webhooks[due.hook]
		return hook and hook.status == "active" and (hook.paused_until or 0) <= twin.now() and (due.type or "trigger")
	end,
	send = send,
	done = done,
}
hooks.wake = news.wake

function hooks.deliver_all()
	return news.deliver_all(function()
		local sent = 0
		for _, hook in pairs(twin.state.webhooks) do sent = sent + hook.sent end
		return sent
	end)
end

function hooks.told()
	local list = twin.array {}
	for _, id in ipairs(ids()) do list[#list + 1] = twin.copy(twin.state.webhooks[id]) end
	return list
end

-- ---- the API ---------------------------------------------------------------------------------------------

local function bad(title, message)
	error({ answer = { status = 400, json = { errors = twin.array { { code = "InvalidWebhook", title = title, detail = message } } } } }, 0)
end

local function check(what)
	for _, name in ipairs { "name", "endpoint", "http_method", "request_format", "status" } do
		if type(what[name]) ~= "string" or what[name] == "" then bad("Invalid webhook", name .. " is missing") end
	end
	if not what.endpoint:match("^https?://") then bad("Invalid webhook", "endpoint is no URL") end
	if what.status ~= "active" and what.status ~= "inactive" then bad("Invalid webhook", "status: active or inactive") end
	local conditional, events = false, false
	for _, s in ipairs(type(what.subscriptions) == "table" and what.subscriptions or {}) do
		if not hooks.TYPES[s] then bad("Invalid subscription", tostring(s)) end
		conditional = conditional or s == "conditional_ticket_events"
		events = events or s ~= "conditional_ticket_events"
	end
	if conditional and events then bad("Invalid subscription", "a webhook is called by triggers or by events, never by both") end
	if events and (what.http_method ~= "POST" or what.request_format ~= "json") then
		bad("Invalid subscription", "events need POST and json")
	end
end

function hooks.create(what)
	check(what)
	local id = "01" .. twin.hex(twin.random(12)):upper()
	local hook = { id = id, name = what.name, status = what.status, endpoint = what.endpoint, http_method = what.http_method,
		request_format = what.request_format, subscriptions = twin.copy(what.subscriptions or {}), secret = twin.base64(twin.random(32)), sent = 0,
		created = twin.now(), updated = twin.now() }
	twin.state.webhooks[id] = hook
	return hook
end

function hooks.edit(hook, what)
	local merged = {}
	for _, name in ipairs { "name", "status", "endpoint", "http_method", "request_format", "subscriptions" } do
		merged[name] = what[name] ~= nil and what[name] ~= null and what[name] or hook[name]
	end
	check(merged)
	for name, value in pairs(merged) do hook[name] = twin.copy(value) end
	hook.updated = twin.now()
end

function hooks.shown(hook)
	return twin.object { { "id", hook.id }, { "name", hook.name }, { "status", hook.status }, { "endpoint", hook.endpoint },
		{ "http_method", hook.http_method }, { "request_format", hook.request_format },
		{ "subscriptions", twin.array(twin.copy(hook.subscriptions)) }, { "created_at", twin.iso(hook.created) }, { "created_by", "1" },
		{ "updated_at", twin.iso(hook.updated) } }
end

return hooks
