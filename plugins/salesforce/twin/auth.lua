-- auth.lua - tokens, sessions that live on while they are used, and the day's calls.
local org = require "twin.org"
local schema = require "twin.schema"

local auth = {}
local HOUR = 3600000

local function refused(code, text) return { status = 400, json = { error = code, error_description = text } } end

local function client_of(req)
	local form = req:form()
	local basic = (req.headers.authorization or ""):match("^[Bb]asic%s+(.+)$")
	local pair = basic and twin.unbase64(basic)
	if pair then return form, pair:match("^([^:]*):(.*)$") end
	return form, form.client_id, form.client_secret
end

function auth.token(req)
	local form, id, secret = client_of(req)
	local s = twin.settings
	if s.shared_host then return refused("invalid_grant", "request not supported on this domain") end
	if form.grant_type ~= "client_credentials" then return refused("unsupported_grant_type", "grant type not supported") end
	if twin.fault("login_rate") then return refused("rate_limit_exceeded", "too many login requests") end
	if id ~= s.client_id then return refused("invalid_client_id", "client identifier invalid") end
	if secret ~= s.client_secret then return refused("invalid_client", "invalid client credentials") end
	if s.run_as == "none" then return refused("invalid_grant", "no client credentials user enabled") end
	local token = twin.state.org:sub(1, 15) .. "!" .. twin.base64(twin.random(60)):gsub("[+/=]", ".")
	twin.state.sessions[token] = { user = twin.state.user, used = twin.now() }
	twin.state.tokens = twin.state.tokens + 1
	twin.changed()
	local who = ("https://login.salesforce.com/id/%s/%s"):format(twin.state.org, twin.state.user)
	local issued = ("%d"):format(twin.now())
	return { status = 200, json = { access_token = token, signature = twin.base64(twin.hmac("sha256", s.client_secret, who .. issued)), token_format = "opaque", scope = "api",
		instance_url = s.instance_url ~= "" and s.instance_url or twin.url(), id = who, token_type = "Bearer", issued_at = issued } }
end

local function session_of(token)
	local session = token and twin.state.sessions[token]
	if session and twin.now() - session.used > twin.settings.session_minutes * 60000 then
		twin.state.sessions[token] = nil
		session = nil
	end
	return session
end

function auth.introspect(req)
	local form, id, secret = client_of(req)
	if id ~= twin.settings.client_id or secret ~= twin.settings.client_secret then return refused("invalid_client", "invalid client credentials") end
	local session = session_of(form.token)
	if not session then return { status = 200, json = { active = false } } end
	return { status = 200, json = { active = true, scope = "api", client_id = id, username = twin.settings.user, token_type = "access_token",
		sub = ("https://login.salesforce.com/id/%s/%s"):format(twin.state.org, twin.state.user), exp = (session.used + twin.settings.session_minutes * 60000) // 1000,
		iat = session.used // 1000, nbf = session.used // 1000 } }
end

function auth.revoke(req)
	local token = req:form().token or req.args.token
	if not twin.state.sessions[token or ""] then return { status = 400, json = { error = "unsupported_token_type", error_description = "this token type is not supported" } } end
	twin.state.sessions[token] = nil
	twin.changed()
	return { status = 200, body = "" }
end

-- Calls of the last 24 hours, by the hour.
function auth.used()
	local sum, now = 0, twin.now() // HOUR
	for hour, count in pairs(twin.state.calls) do
		if hour > now - 24 then sum = sum + count else twin.state.calls[hour] = nil end
	end
	return sum
end

local function err(status, code, message) return { status = status, json = twin.array { twin.object { { "message", message }, { "errorCode", code } } } } end

-- nil: go on; else the answer.
function auth.guard(req)
	local header = req.headers.authorization
	local token = header and header:match("^[Bb]earer%s+(.+)$") or header and header:match("^OAuth%s+(.+)$")
	if not header then return err(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE") end
	local session = session_of(token)
	if not session or twin.fault("session", { method = req.method, path = req.path }) then
		twin.state.sessions[token or ""] = nil
		return err(401, "INVALID_SESSION_ID", "Session expired or invalid")
	end
	session.used = twin.now()
	if twin.settings.edition == "Professional Edition" and not twin.settings.api_addon then
		return err(403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.")
	end
	if twin.fault("concurrent", { method = req.method, path = req.path }) then
		return err(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
	end
	if auth.used() >= twin.settings.daily_calls then
		return err(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
	end
	local hour = twin.now() // HOUR
	twin.state.calls[hour] = (twin.state.calls[hour] or 0) + 1
end

return auth
