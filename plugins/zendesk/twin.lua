-- twin.lua - a Zendesk Support account: REST API v2, OAuth, webhooks.  Run by tools/twin.
--
-- The control door is where its people sit.  Bodies are JSON objects, ids stand in the address.
--
--   POST /organizations, /users, /tickets        as the API would take them, without the wrapper; {"count": n, "name": "Org {n}"}
--                                                makes many organizations
--   POST /organizations/:id/edit, /users/:id/edit, /tickets/:id/edit;  DELETE /organizations/:id, /users/:id, /tickets/:id
--   POST /organizations/:id/merge {into}         the first is gone, its people and tickets move
--   GET  /organizations, /users, /tickets, /memberships, /fields, /records
--   POST /fields/:kind                           organization_fields, user_fields, ticket_fields
--   DELETE /fields/:kind/:key
--   GET  /comments/:id                           of a ticket
--   GET  /mail                                   what Zendesk has written to people: nothing, if we did well
--   GET  /webhooks, /queue, /sent;  POST /deliver;  POST /webhooks/:id {"status"};  POST /trigger {"name", "body"}
--   GET  /tokens;  POST /tokens/expire;  POST /tokens/revoke     access tokens end; the refresh tokens, too
--   POST /api_tokens {"token", "active"}
--   POST /users/role {"email", "role"}
--
-- Faults of its own: hook_lost, hook_twice, hook_late {ms}, hook_reversed, hook_forged (signed with the test page's secret),
-- hook_old (signed an hour ago), denied (nobody grants access), job_fails.
twin.describe {
	title = "a Zendesk account",
	settings = {
		account_id = 10973248, email = "ada@acme.example", api_token = "zd_api_token_0123456789abcdefghijklmnop",
		client_id = "mlc", client_secret = "zd_client_secret_0123456789abcdef",
		token_life_s = 1800, refresh_life_s = 2592000, -- 0: tokens are for ever, as older clients' are
		per_minute = 700, exports_per_minute = 10, export_page = 1000, search_delay_s = 60, job_ms = 200,
		email_update = "secondary", -- or primary: what a new e-mail of a user becomes
		seed = "desk", deliver_after_ms = 50, hook_ca_file = "", hook_verify = true,
	},
}

twin.fault_kinds { "hook_lost", "hook_twice", "hook_late", "hook_reversed", "hook_forged", "hook_old", "denied", "job_fails" }

local auth = require "twin.auth"
local desk = require "twin.desk"
local hooks = require "twin.hooks"
local rest = require "twin.rest"
local seed = require "twin.seed"

twin.on_reset(function()
	twin.state = desk.empty()
	seed.account()
	if twin.settings.seed == "desk" then seed.desk() end
end)

twin.on_load(hooks.wake)

rest.serve()

-- ---- the control door ----------------------------------------------------------------------------------------

local wish = twin.wish

-- What the API would refuse is refused here, too, in its words.
local function control(method, pattern, fn)
	twin.control(method, pattern, function(req)
		local well, told, why = pcall(fn, req)
		if well then
			twin.changed()
			return told, why
		end
		if type(told) == "table" and told.answer then return nil, twin.json.encode(told.answer.json) end
		error(told, 0)
	end)
end

local function of(kind, req)
	local r = twin.state[kind][math.tointeger(tonumber(req.params.id))]
	if not r then twin.plain(("no %s %s"):format(kind, req.params.id)) end
	return r
end

local function list_of(kind, show)
	return function()
		local list = twin.array {}
		for _, id in ipairs(desk.ids(kind)) do list[#list + 1] = show(twin.state[kind][id]) end
		return list
	end
end

local function admin_id()
	return desk.user_by_email(twin.settings.email).id
end

control("POST", "/organizations", function(req)
	local what = wish(req)
	local first
	for i = 1, what.count or 1 do
		local one = twin.copy(what)
		one.name = what.count and tostring(what.name or "Organization {n}"):gsub("{n}", tostring(i)) or what.name
		local o = desk.new_organization(one)
		first = first or o
	end
	return rest.organization(first)
end)
control("POST", "/organizations/:id/edit", function(req) return rest.organization(desk.edit_organization(of("organizations", req), wish(req))) end)
control("POST", "/organizations/:id/merge", function(req)
	local winner = twin.state.organizations[wish(req).into] or twin.plain("into: an organization's id")
	desk.merge_organization(of("organizations", req), winner)
	return {}
end)
control("DELETE", "/organizations/:id", function(req)
	desk.delete_organization(of("organizations", req))
	return {}
end)
control("GET", "/organizations", list_of("organizations", rest.organization))

control("POST", "/users", function(req) return rest.user(desk.new_user(wish(req))) end)
control("POST", "/users/role", function(req)
	local what = wish(req)
	local u = desk.user_by_email(what.email) or twin.plain("nobody has that e-mail")
	u.role = what.role
	return {}
end)
control("POST", "/users/:id/edit", function(req) return rest.user(desk.edit_user(of("users", req), wish(req))) end)
control("DELETE", "/users/:id", function(req)
	desk.delete_user(of("users", req))
	return {}
end)
control("GET", "/users", list_of("users", rest.user))
control("GET", "/memberships", list_of("memberships", rest.membership))

control("POST", "/tickets", function(req) return rest.ticket(desk.new_ticket(wish(req), admin_id())) end)
control("POST", "/tickets/:id/edit", function(req) return rest.ticket(desk.edit_ticket(of("tickets", req), wish(req), admin_id())) end)
control("DELETE", "/tickets/:id", function(req)
	desk.delete_ticket(of("tickets", req))
	return {}
end)
control("GET", "/tickets", list_of("tickets", rest.ticket))
control("GET", "/comments/:id", function(req)
	local list = twin.array {}
	for _, id in ipairs(desk.ids("comments")) do
		local c = twin.state.comments[id]
		if c.ticket_id == tonumber(req.params.id) then list[#list + 1] = { body = c.body, public = c.public, author_id = c.author_id } end
	end
	return list
end)

control("POST", "/fields/:kind", function(req) return rest.field(desk.new_field(req.params.kind, wish(req)), req.params.kind) end)
control("DELETE", "/fields/:kind/:key", function(req)
	local f = desk.field_by_key(req.params.kind, req.params.key) or twin.plain("no such field")
	twin.state[req.params.kind][f.id] = nil
	return {}
end)
control("GET", "/fields", function()
	local told = {}
	for _, kind in ipairs { "organization_fields", "user_fields", "ticket_fields" } do
		told[kind] = list_of(kind, function(f) return rest.field(f, kind) end)()
	end
	return told
end)
control("GET", "/records", list_of("custom_object_records", rest.object_record))

control("GET", "/mail", function() return twin.array(twin.copy(twin.state.mail)) end)

control("GET", "/webhooks", hooks.told)
control("GET", "/queue", function() return twin.array(twin.copy(twin.state.queue)) end)
control("GET", "/sent", function() return twin.array(twin.copy(twin.state.sent)) end)
twin.control("POST", "/deliver", function() return hooks.deliver_all() end)
control("POST", "/webhooks/:id", function(req)
	local hook = twin.state.webhooks[req.params.id] or twin.plain("no such webhook")
	hook.status = wish(req).status or hook.status
	return {}
end)
control("POST", "/trigger", function(req)
	local what = wish(req)
	for _, hook in pairs(twin.state.webhooks) do
		if hook.name == what.name then
			hooks.trigger(hook, type(what.body) == "string" and what.body or twin.json.encode(what.body))
			return {}
		end
	end
	return nil, "no webhook of that name"
end)

control("GET", "/tokens", function()
	local list = twin.array {}
	for _, t in pairs(twin.state.tokens) do
		list[#list + 1] = { scope = t.scope, client_id = t.client_id, expires = t.expires or twin.null, refreshable = t.refresh ~= nil }
	end
	return list
end)
control("POST", "/tokens/expire", function() return { count = auth.revoke(false) } end)
control("POST", "/tokens/revoke", function() return { count = auth.revoke(true) } end)
control("POST", "/api_tokens", function(req)
	local what = wish(req)
	twin.state.api_tokens[what.token] = { active = what.active ~= false }
	return {}
end)
