-- channels.lua - notifications: channels that lapse, what waits to be told, and how it is told (../SOURCES.md 8).
local channels = {}
local news

local WEEK = 7 * 86400000
local HOUR = 3600000

channels.MODULES = { Leads = true, Accounts = true, Contacts = true, Deals = true, Products = true, Vendors = true, Quotes = true,
	Sales_Orders = true, Purchase_Orders = true, Invoices = true }
local KINDS = { insert = "create", update = "edit", delete = "delete" }

-- At most a week, and else silently one hour.
function channels.expiry(text)
	local now = twin.now()
	local ms = type(text) == "string" and twin.from_iso(text)
	if not ms or ms <= now or ms > now + WEEK then return now + HOUR end
	return ms
end

function channels.ids()
	local list = {}
	for id in pairs(twin.state.channels) do list[#list + 1] = id end
	table.sort(list)
	return list
end

local function wants(channel, module, operation)
	for _, event in ipairs(channel.events) do
		if event == module .. ".all" or event == module .. "." .. KINDS[operation] then return true end
	end
	return false
end

function channels.raise(module, id, operation)
	for _, name in ipairs(channels.ids()) do
		local channel = twin.state.channels[name]
		if channel.expires > twin.now() and wants(channel, module, operation) then
			news.add { channel = name, module = module, id = id, operation = operation }
		end
	end
end

local function send(due)
	local channel = twin.state.channels[due.channel]
	local body = twin.json.encode { server_time = twin.now(), affected_values = twin.array {}, query_params = twin.object {}, module = due.module,
		resource_uri = twin.url():gsub("/$", "") .. "/crm/v8/" .. due.module, ids = twin.array { due.id }, affected_fields = twin.array {},
		operation = due.operation, channel_id = due.channel, token = channel.token }
	local reply = news.http { method = "POST", url = channel.url, headers = { ["Content-Type"] = "application/json" }, body = body, timeout_ms = 10000 }
	twin.state.told = twin.state.told + 1
	twin.state.told_well = twin.state.told_well + (reply and reply.status < 300 and 1 or 0)
	twin.changed()
end

news = require "news" {
	fault = "note",
	about = function(due) return twin.state.channels[due.channel] and due.module .. "." .. KINDS[due.operation] end,
	send = send,
}
channels.wake = news.wake

function channels.deliver_all()
	return news.deliver_all(function() return twin.state.told end)
end

return channels
