-- hooks.lua - webhooks: queued when something happens, sent later, never again (../SOURCES.md 10).
local hooks = {}
local news

hooks.TOPICS = {}
for _, resource in ipairs { "order", "customer", "product", "coupon" } do
	for _, event in ipairs { "created", "updated", "deleted", "restored" } do
		if not (resource == "customer" and event == "restored") then hooks.TOPICS[resource .. "." .. event] = true end
	end
end

local FAILURES = 5 -- more than this many before, and the next one switches it off

-- rest.lua tells how a resource looks when it is read.
local body_of
function hooks.bodies(fn) body_of = fn end

local function home() return (twin.settings.home ~= "" and twin.settings.home or twin.url()) .. twin.settings.folder end

local function ids()
	local list = {}
	for id in pairs(twin.state.webhooks) do list[#list + 1] = id end
	table.sort(list)
	return list
end

-- Something has happened to a record.  A pair that waits already is not queued again.
function hooks.raise(topic, id)
	for _, hook_id in ipairs(ids()) do
		local hook = twin.state.webhooks[hook_id]
		local waits = false
		for _, due in ipairs(twin.state.queue) do waits = waits or due.hook == hook_id and due.id == id end
		if hook.topic == topic and hook.status == "active" and not waits then
			news.add { hook = hook_id, id = id }
		end
	end
end

-- ---- sending ---------------------------------------------------------------------------------------

-- wp_safe_remote_post: a private address or an odd port is refused before anything is sent.
local function refused(url)
	if not twin.settings.strict_delivery then return false end
	local host, port = url:match("^https?://([^/:]+):?(%d*)")
	if not host then return true end
	if port ~= "" and port ~= "80" and port ~= "443" and port ~= "8080" then return true end
	return host == "localhost" or host:match("^127%.") or host:match("^10%.") or host:match("^192%.168%.") ~= nil
end

local function post(url, headers, body, timeout_ms, follow)
	if refused(url) then return nil, "refused" end
	headers["User-Agent"] = ("WooCommerce/%s Hookshot (WordPress/%s)"):format(twin.settings.version, twin.settings.wordpress)
	headers["Connection"] = "close"
	return news.http { method = "POST", url = url, headers = headers, body = body, timeout_ms = timeout_ms, follow = follow or false }
end

-- Unsigned, and its outcome means nothing to the shop.
function hooks.ping(hook)
	post(hook.delivery_url, { ["Content-Type"] = "application/x-www-form-urlencoded" }, "webhook_id=" .. hook.id, 5000, true)
end

local function unescaped(secret)
	return (secret:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&#0?39;", "'"):gsub("&amp;", "&"))
end

local function count(hook, well)
	if well then
		hook.failures = 0
	elseif hook.failures > FAILURES then
		hook.status = "disabled"
	else
		hook.failures = hook.failures + 1
	end
end

local function send(due)
	local hook = twin.state.webhooks[due.hook]
	local resource, event = hook.topic:match("^(%w+)%.(%w+)$")
	local body = body_of(resource, event, due.id)
	local headers = {
		["Content-Type"] = "application/json", ["X-WC-Webhook-Source"] = home() .. "/", ["X-WC-Webhook-Topic"] = hook.topic,
		["X-WC-Webhook-Resource"] = resource, ["X-WC-Webhook-Event"] = event, ["X-WC-Webhook-ID"] = tostring(hook.id),
		["X-WC-Webhook-Signature"] = twin.base64(twin.hmac("sha256", unescaped(hook.secret), body)),
		-- Of the webhook and the second: not unique.
		["X-WC-Webhook-Delivery-ID"] = twin.hex(twin.digest("md5", hook.id .. "-" .. twin.now() // 1000)),
	}
	local reply = post(hook.delivery_url, headers, body, 60000)
	local now = twin.state.webhooks[hook.id]
	if not now then return end
	count(now, reply and reply.status >= 200 and reply.status <= 302)
	now.sent = now.sent + 1
	twin.changed()
end

news = require "news" {
	fault = "hook",
	about = function(due)
		local hook = twin.state.webhooks[due.hook]
		return hook and hook.status == "active" and hook.topic
	end,
	send = send,
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

return hooks
