-- channels.lua - notifications: channels that lapse, what waits to be told, and how it is told (../SOURCES.md 8).
local channels = {}

local WEEK = 7 * 86400000
local HOUR = 3600000
local in_flight, timer, draining = 0, nil, false

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
			table.insert(twin.state.queue, { channel = name, module = module, id = id, operation = operation })
		end
	end
	channels.wake()
end

local function send(due)
	local channel = twin.state.channels[due.channel]
	local url = channel and (channel.url)
	if not channel then return end
	local body = twin.json.encode { server_time = twin.now(), affected_values = twin.array {}, query_params = twin.object {}, module = due.module,
		resource_uri = twin.url():gsub("/$", "") .. "/crm/v8/" .. due.module, ids = twin.array { due.id }, affected_fields = twin.array {},
		operation = due.operation, channel_id = due.channel, token = channel.token }
	in_flight = in_flight + 1
	local reply = twin.http { method = "POST", url = url, headers = { ["Content-Type"] = "application/json" }, body = body, timeout_ms = 10000,
		ca_file = twin.settings.hook_ca_file ~= "" and twin.settings.hook_ca_file or nil, verify = twin.settings.hook_verify }
	in_flight = in_flight - 1
	twin.state.told = twin.state.told + 1
	twin.state.told_well = twin.state.told_well + (reply and reply.status < 300 and 1 or 0)
	twin.changed()
end

local function one()
	local due = table.remove(twin.state.queue, 1)
	local about = { method = "POST", path = due.module .. "." .. KINDS[due.operation] }
	local late = twin.fault("note_late", about)
	if late then
		twin.after(late.ms or 1000, function()
			table.insert(twin.state.queue, due)
			channels.wake()
		end)
		return
	end
	if twin.fault("note_lost", about) then return end
	send(due)
	if twin.fault("note_twice", about) then send(due) end
end

local function drain()
	if #twin.state.queue > 1 and twin.fault("note_reversed") then
		local turned = {}
		for i = #twin.state.queue, 1, -1 do turned[#turned + 1] = twin.state.queue[i] end
		twin.state.queue = turned
	end
	while #twin.state.queue > 0 do one() end
end

function channels.wake()
	if timer or draining or #twin.state.queue == 0 then return end
	timer = twin.after(twin.settings.deliver_after_ms, function()
		timer, draining = nil, true
		local well, why = pcall(drain)
		draining = false
		if not well then error(why, 0) end
		channels.wake()
	end)
end

-- All that waits, and what is on its way, before it returns.
function channels.deliver_all()
	local before = twin.state.told
	repeat
		drain()
		while in_flight > 0 do twin.pause(2) end
	until #twin.state.queue == 0
	return { sent = twin.state.told - before }
end

return channels
