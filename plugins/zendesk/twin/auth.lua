-- auth.lua - who is calling: API tokens, OAuth that lives for ever or expires, scopes, roles (../SOURCES.md 2).
local auth = {}
local null = twin.null

local TOKENS_END = "2027-04-30T00:00:00Z"
local CODE_LIFE_MS = 120000

local function refused(status, error, description)
	return { status = status, json = twin.object { { "error", error }, { "error_description", description } } }
end

local NOT_AUTHENTICATED = { status = 401, json = { error = "Couldn't authenticate you" } }

local function by_basic(given)
	local text = twin.unbase64(given)
	local login, secret = (text or ""):match("^([^:]*):(.*)$")
	local email = login and login:match("^(.*)/token$")
	local token = secret and twin.state.api_tokens[secret]
	if not email or not token or not token.active then return nil end
	if twin.now() >= twin.from_iso(TOKENS_END) then return nil end
	token.used = twin.now()
	for _, u in pairs(twin.state.users) do
		for _, i in ipairs(u.active and u.identities or {}) do
			if i.value:lower() == email:lower() then return { user = u, scope = "read write" } end
		end
	end
end

local function by_bearer(token)
	local t = twin.state.tokens[token]
	if not t or (t.expires and twin.now() >= t.expires) then return nil end
	return { user = twin.state.users[t.user_id], scope = t.scope }
end

-- nil: nobody; otherwise {user, scope}, or an answer as the second value.
function auth.caller(req)
	local header = req.headers.authorization
	if not header then return nil end
	local basic, bearer = header:match("^[Bb]asic%s+(.+)$"), header:match("^[Bb]earer%s+(.+)$")
	local caller = basic and by_basic(basic) or bearer and by_bearer(bearer) or nil
	if caller and caller.user and caller.user.active then return caller end
	if bearer then
		return nil, refused(401, "invalid_token", "The access token provided is expired, revoked, malformed or invalid for other reasons.")
	end
	return nil, NOT_AUTHENTICATED
end

-- "read", "write", "organizations:read", ...
function auth.may(caller, req)
	local reads = req.method == "GET" or req.method == "HEAD"
	local resource = req.path:match("^/api/v2/incremental/([%a_]+)") or req.path:match("^/api/v2/([%a_]+)")
	for scope in caller.scope:gmatch("%S+") do
		local of, right = scope:match("^([%a_]+):(%a+)$")
		right = right or scope
		if (not of or of == resource) and (right == "write" and not reads or right == "read" and reads) then return true end
	end
	return false
end

-- ---- OAuth ----------------------------------------------------------------------------------------------

local function forget(kind, value)
	for token, t in pairs(twin.state.tokens) do
		if t[kind] == value then twin.state.tokens[token] = nil end
	end
end

local function life_of(what, name, low, high, usual)
	local n = tonumber(what[name] ~= null and what[name] or nil)
	if not n then return usual end
	if n <= low or n >= high then return nil end
	return n
end

local function issue(client, user_id, scope, what, with_refresh)
	local settings = twin.settings
	local access = twin.hex(twin.random(32))
	local t = { user_id = user_id, client_id = client, scope = scope, created = twin.now() }
	local reply = twin.object { { "access_token", access }, { "token_type", "bearer" }, { "scope", scope } }
	local life = life_of(what, "expires_in", 300, 172800, settings.token_life_s)
	if not life then return refused(400, "invalid_request", "expires_in must be more than 300 and less than 172800") end
	if life > 0 then
		t.expires = twin.now() + life * 1000
		reply.expires_in = life
		if with_refresh then
			local refresh_life = life_of(what, "refresh_token_expires_in", 604800, 7776000, settings.refresh_life_s)
			t.refresh = twin.hex(twin.random(32))
			t.refresh_expires = twin.now() + (refresh_life or settings.refresh_life_s) * 1000
			reply.refresh_token = t.refresh
			reply.refresh_token_expires_in = refresh_life or settings.refresh_life_s
		end
	else
		reply.expires_in = null
	end
	twin.state.tokens[access] = t
	twin.changed()
	return { status = 200, json = reply }
end

local function scope_of(what) return type(what.scope) == "string" and what.scope ~= "" and what.scope or "read write" end

local grants = {}

function grants.client_credentials(client, what)
	if not client.confidential then return refused(400, "unauthorized_client", "the client is not confidential") end
	return issue(what.client_id, client.user_id, scope_of(what), what, false)
end

function grants.refresh_token(_, what)
	for token, t in pairs(twin.state.tokens) do
		if t.refresh == what.refresh_token and t.client_id == what.client_id then
			if twin.now() >= t.refresh_expires then break end
			twin.state.tokens[token] = nil -- the old pair is gone at once
			return issue(what.client_id, t.user_id, t.scope, what, true)
		end
	end
	return refused(400, "invalid_grant", "The provided refresh token is invalid, expired, revoked, or was issued to another client.")
end

local function verified(code, verifier)
	if not code.challenge then return true end
	if type(verifier) ~= "string" then return false end
	local made = code.method == "plain" and verifier
		or twin.base64(twin.digest("sha256", verifier)):gsub("+", "-"):gsub("/", "_"):gsub("=", "")
	return made == code.challenge
end

function grants.authorization_code(_, what)
	local code = twin.state.codes[what.code or ""]
	if code then twin.state.codes[what.code] = nil end
	if not code or code.client_id ~= what.client_id or code.redirect_uri ~= what.redirect_uri or twin.now() >= code.expires
		or not verified(code, what.code_verifier) then
		return refused(400, "invalid_grant", "The provided authorization grant is invalid, expired, revoked, or does not match the redirect URI.")
	end
	return issue(what.client_id, code.user_id, code.scope, what, true)
end

function auth.token(req)
	local what = req:json()
	if type(what) ~= "table" then return refused(400, "invalid_request", "send a JSON object") end
	local client = twin.state.clients[what.client_id or ""]
	if not client or (client.secret ~= "" and what.client_secret ~= client.secret) then
		return refused(401, "invalid_client", "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	end
	local grant = grants[what.grant_type or ""]
	if not grant then return refused(400, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.") end
	return grant(client, what)
end

-- The page on which an administrator clicks "Allow": he does, at once (fault `denied`: he does not).
function auth.authorize(req)
	local args = req.args
	local client = twin.state.clients[args.client_id or ""]
	if not client then return { status = 400, html = "<h1>Invalid client</h1>" } end
	if client.redirect_uri ~= "" and client.redirect_uri ~= args.redirect_uri then return { status = 400, html = "<h1>Invalid redirect_uri</h1>" } end
	local back = args.redirect_uri .. (args.redirect_uri:find("?", 1, true) and "&" or "?")
	local state = args.state and "&state=" .. twin.url_encode(args.state) or ""
	if twin.fault("denied") then
		return { status = 302, headers = { Location = back .. "error=access_denied&error_description=The+end-user+denied+the+request" .. state } }
	end
	local code = twin.hex(twin.random(16))
	twin.state.codes[code] = { client_id = args.client_id, redirect_uri = args.redirect_uri, scope = args.scope or "read", user_id = client.user_id,
		expires = twin.now() + CODE_LIFE_MS, challenge = args.code_challenge, method = args.code_challenge_method or "plain" }
	twin.changed()
	return { status = 302, headers = { Location = back .. "code=" .. code .. state } }
end

-- ---- the control door's ------------------------------------------------------------------------------------

-- refresh: the refresh tokens, too.
function auth.revoke(refresh)
	local count = 0
	for token, t in pairs(twin.state.tokens) do
		count = count + 1
		if refresh or not t.refresh then twin.state.tokens[token] = nil else t.expires = twin.now() end
	end
	return count
end

auth.forget = forget
return auth
