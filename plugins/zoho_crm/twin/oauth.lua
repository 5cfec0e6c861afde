-- oauth.lua - the accounts server: consent, tokens, their limits (../SOURCES.md 2).
local oauth = {}

local HOUR = 3600000
local TEN_MINUTES = 600000

local function new(prefix) return ("%s.%s.%s"):format(prefix or "1000", twin.hex(twin.random(16)), twin.hex(twin.random(16))) end

local function door(host) return (twin.url():gsub("//[^:/]+", "//" .. host, 1)) end

-- Where this organisation's accounts and API live now: names of one and the same door.
function oauth.accounts_server() return door(twin.state.accounts_host):gsub("/$", "") end
function oauth.api_domain() return (door(twin.state.api_host):gsub("/$", "")) end

-- A login that works at once, for tests that do not go through consent.
function oauth.grant(scope)
	local refresh = new()
	twin.state.refresh[refresh] = { client = twin.settings.client_id, scope = scope or twin.settings.scope, made = {}, live = {} }
	twin.changed()
	return refresh
end

local function refused(code, words)
	return { status = 200, json = { error = code, error_description = words } } -- 200, as Zoho does
end

-- Ten new ones in ten minutes; the sixteenth alive kills the oldest.
local function issue(holder, scope)
	local now = twin.now()
	local recent = twin.array {}
	for _, at in ipairs(holder.made) do
		if at > now - TEN_MINUTES then recent[#recent + 1] = at end
	end
	holder.made = recent
	if #recent >= 10 then
		return nil, { status = 200, json = { error = "access_denied", status = "failure",
			error_description = "You have made too many requests continuously. Please try again after some time." } }
	end
	local token = new()
	recent[#recent + 1] = now
	holder.live[#holder.live + 1] = token
	if #holder.live > 15 then twin.state.access[table.remove(holder.live, 1)] = nil end
	twin.state.access[token] = { scope = scope, expires = now + HOUR }
	twin.state.issued = twin.state.issued + 1
	twin.changed()
	return token
end

local function told(token, scope, refresh)
	return { status = 200, json = { access_token = token, refresh_token = refresh, scope = (scope:gsub(",", " ")), api_domain = oauth.api_domain(),
		token_type = "Bearer", expires_in = 3600 } }
end

-- Query, urlencoded or multipart: Zoho takes each, its own SDK sends the last.
local function parameters(req)
	local args = {}
	for name, value in pairs(req.args) do args[name] = value end
	local type = req.headers["content-type"] or ""
	local boundary = type:match('boundary="?([^";]+)')
	if boundary then
		for part in (req.body .. "\r\n"):gmatch("(.-)\r\n%-%-") do
			local name, value = part:match('name="([^"]+)".-\r\n\r\n(.*)$')
			if name then args[name] = value end
		end
	elseif req.body ~= "" and type:find("urlencoded", 1, true) then
		for name, value in pairs((req:form())) do args[name] = value end
	end
	return args
end

local function client_of(args)
	local secret = twin.state.clients[args.client_id or ""]
	if not secret then return nil, refused("invalid_client") end
	if secret ~= args.client_secret then return nil, refused("invalid_client_secret") end
	return args.client_id
end

local GRANTS = {}

function GRANTS.authorization_code(args, client)
	local code = twin.state.codes[args.code or ""]
	if code then
		twin.state.codes[args.code] = nil -- once
		twin.changed()
	end
	if not code or code.client ~= client or code.expires < twin.now() then return refused("invalid_code") end
	if code.redirect_uri ~= args.redirect_uri then return refused("invalid_redirect_uri") end
	local refresh
	local holder = { client = client, scope = code.scope, made = {}, live = {} }
	if code.offline then
		refresh = new()
		twin.state.refresh[refresh] = holder
	end
	local token, why = issue(holder, code.scope)
	return token and told(token, code.scope, refresh) or why
end

function GRANTS.refresh_token(args, client)
	local holder = twin.state.refresh[args.refresh_token or ""]
	if not holder or holder.client ~= client then return refused("invalid_code") end
	local token, why = issue(holder, holder.scope)
	return token and told(token, holder.scope) or why
end

function GRANTS.client_credentials(args, client)
	if args.soid ~= "ZohoCRM." .. twin.settings.org_id then return refused("invalid_soid", "soid names no organisation of this client") end
	twin.state.self[client] = twin.state.self[client] or { made = {}, live = {} }
	local token, why = issue(twin.state.self[client], args.scope or twin.settings.scope)
	return token and told(token, args.scope or twin.settings.scope) or why
end

local function at_accounts(req) return (req.host or ""):gsub(":%d+$", "") == twin.state.accounts_host end

function oauth.serve()
	twin.route("GET", "/oauth/v2/auth", function(req)
		local a = req.args
		local function page(words) return { status = 400, html = "<html><body>" .. words .. "</body></html>" } end
		if not twin.state.clients[a.client_id or ""] then return page "Invalid Client" end
		if a.response_type ~= "code" or not a.redirect_uri or not a.scope then return page "Invalid request" end
		local sep = a.redirect_uri:find("?", 1, true) and "&" or "?"
		if twin.settings.consent == "deny" then
			return { status = 302, headers = { Location = a.redirect_uri .. sep .. "error=access_denied&state=" .. twin.url_encode(a.state or "") } }
		end
		local code = new()
		twin.state.codes[code] = { client = a.client_id, scope = a.scope, redirect_uri = a.redirect_uri, expires = twin.now() + 180000,
			offline = a.access_type == "offline" and (a.prompt == "consent" or not twin.state.consented[a.client_id]) }
		twin.state.consented[a.client_id] = true
		twin.changed()
		return { status = 302, headers = { Location = ("%s%sstate=%s&code=%s&location=%s&accounts-server=%s"):format(a.redirect_uri, sep,
			twin.url_encode(a.state or ""), code, twin.settings.location, twin.url_encode(oauth.accounts_server())) } }
	end)

	twin.route("POST", "/oauth/v2/token", function(req)
		local args = parameters(req)
		twin.state.token_calls = twin.state.token_calls + 1
		twin.changed()
		if not at_accounts(req) then return refused("invalid_client") end -- another data centre knows nothing of it
		local client, why = client_of(args)
		if not client then return why end
		local grant = GRANTS[args.grant_type or ""]
		if not grant then return refused("unsupported_grant_type") end
		return grant(args, client)
	end)

	twin.route("POST", "/oauth/v2/token/revoke", function(req)
		local token = parameters(req).token
		if not oauth.revoke(token) then return { status = 400, json = { error = "invalid_token" } } end
		return { status = 200, json = { status = "success" } }
	end)
end

function oauth.revoke(refresh)
	local holder = twin.state.refresh[refresh or ""]
	if not holder then return false end
	for _, token in ipairs(holder.live) do twin.state.access[token] = nil end
	twin.state.refresh[refresh] = nil
	twin.changed()
	return true
end

-- The token's scopes; or nil and the answer.
function oauth.caller(req)
	local header = req.headers.authorization or ""
	local token = header:match("^[Zz]oho%-oauthtoken%s+(%S+)$") or header:match("^Bearer%s+(%S+)$")
	if not token then return nil, { status = 401, json = { code = "AUTHENTICATION_FAILURE", details = {}, message = "Authentication failed", status = "error" } } end
	local access = twin.state.access[token]
	if not access or access.expires <= twin.now() then
		return nil, { status = 401, json = { code = "INVALID_TOKEN", details = {}, message = "invalid oauth token", status = "error" } }
	end
	return access.scope
end

-- ZohoCRM.modules.ALL covers ZohoCRM.modules.Accounts.READ and its like.
function oauth.covers(scope, need)
	local area = need:match("^(ZohoCRM%.%w+)")
	for one in scope:gmatch("[^,%s]+") do
		if one == need or one == area .. ".ALL" or (one:match("^(.-)%.ALL$") and need:sub(1, #one - 4) == one:sub(1, -5)) then return true end
	end
	return false
end

return oauth
