-- seed.lua - an account as it is when we first come.
local desk = require "twin.desk"

local seed = {}

local SYSTEM = { { "subject", "Subject" }, { "description", "Description" }, { "status", "Status" }, { "tickettype", "Type" }, { "priority", "Priority" },
	{ "group", "Group" }, { "assignee", "Assignee" } }

-- The people and clients without which nobody could call.
function seed.account()
	for _, f in ipairs(SYSTEM) do
		local id = desk.new_id()
		twin.state.ticket_fields[id] = { id = id, type = f[1], title = f[2], description = "", active = true, position = 0, system = true, created = twin.now(),
			updated = twin.now() }
	end
	local admin = desk.new_user { name = "Ada Admin", email = twin.settings.email, role = "admin", verified = true }
	twin.state.api_tokens[twin.settings.api_token] = { active = true, description = "ml-connector" }
	twin.state.clients[twin.settings.client_id] = { secret = twin.settings.client_secret, user_id = admin.id, confidential = true, redirect_uri = "" }
	twin.state.mail = {}
	return admin
end

function seed.desk()
	local maple = desk.new_organization { name = "Maple Toys", tags = { "vip" }, domain_names = { "maple.example" } }
	desk.new_organization { name = "Harbor Cafe", notes = "pays late" }
	local kim = desk.new_user { name = "Kim Maple", email = "kim@maple.example", organization_id = maple.id, verified = true }
	desk.new_user { name = "Ann Agent", email = "ann@desk.example", role = "agent", verified = true }
	desk.new_ticket({ subject = "Where is my invoice?", comment = { body = "I cannot find it." }, requester_id = kim.id }, kim.id)
	twin.state.mail = {}
end

return seed
