-- oauth.lua - Intuit's consent and tokens: codes of five minutes, access of an hour, refresh values that change (../SOURCES.md 1).
local oauth = {}

local ACCESS_S, CODE_MS = 3600, 300000
local DAY_MS = 86400000
local ROLLING_DAYS, HARD_MS = 100, 5 * 365 * DAY_MS
local SCOPE = "com.intuit.quickbooks.accounting"

local function text(prefix) return prefix .. twin.hex(twin.random(20)) end

function oauth.empty() return { codes = {}, access = {}, grants = {}, next_grant = 1 } end

-- The company that the person behind the browser picks.
local function picked(req)
	local realm = req.args.realm or twin.state.pick
	if realm and twin.state.companies[realm] then return realm end
	return twin.state.order[1]
end

local function page(status, words) return { status = status, html = "<!DOCTYPE html>\n<html><body><h1>" .. words .. "</h1></body></html>\n" } end

local function back(url, args)
	local parts = {}
	for _, a in ipairs(args) do parts[#parts + 1] = a[1] .. "=" .. twin.url_encode(a[2]) end
	return { status = 302, headers = { Location = url .. (url:find("?", 1, true) and "&" or "?") .. table.concat(parts, "&") }, body = "" }
end

local function consent(req)
	local a = req.args
	if a.client_id ~= twin.settings.client_id then return page(400, "Sorry, the client id is not known") end
	if not a.redirect_uri or (twin.settings.redirect_uri ~= "" and a.redirect_uri ~= twin.settings.redirect_uri) then
		return page(400, "Sorry, the redirect_uri query parameter value is invalid")
	end
	if a.response_type ~= "code" or not (a.scope or ""):find(SCOPE, 1, true) or not a.state then
		return page(400, "Sorry, response_type, scope or state is missing or invalid")
	end
	if twin.fault("consent_denied") then return back(a.redirect_uri, { { "error", "access_denied" }, { "state", a.state } }) end
	local code = text("AB")
	local realm = picked(req)
	twin.state.oauth.codes[code] = { realm = realm, redirect_uri = a.redirect_uri, made = twin.now() }
	twin.changed()
	return back(a.redirect_uri, { { "code", code }, { "state", a.state }, { "realmId", realm } })
end

local function client_is_known(req)
	local given = (req.headers.authorization or ""):match("^[Bb]asic%s+(.+)$")
	return given and twin.unbase64(given) == twin.settings.client_id .. ":" .. twin.settings.client_secret
end

local function issue(req, grant, id)
	local access = "eyJ" .. twin.hex(twin.random(40))
	twin.state.oauth.access[access] = { realm = grant.realm, grant = id, until_ms = twin.now() + ACCESS_S * 1000 }
	local reply = twin.object { { "token_type", "bearer" }, { "expires_in", ACCESS_S }, { "refresh_token", grant.value },
		{ "x_refresh_token_expires_in", (ROLLING_DAYS + 1) * 86400 }, { "access_token", access } }
	if req.headers["x-include-refresh-token-hard-expires-in"] == "true" then
		reply.x_refresh_token_hard_expires_in = math.max(0, (grant.consented + HARD_MS - twin.now()) // 1000)
	end
	twin.changed()
	return { status = 200, json = reply }
end

local function by_code(req, args)
	local known = twin.state.oauth.codes[args.code or ""]
	if not known or twin.now() > known.made + CODE_MS or args.redirect_uri ~= known.redirect_uri then
		return { status = 400, json = { error = "invalid_grant", error_description = "Invalid authorization code" } }
	end
	twin.state.oauth.codes[args.code] = nil
	-- One grant for each company and app: who consents again replaces the one before.
	for id, grant in pairs(twin.state.oauth.grants) do
		if grant.realm == known.realm then twin.state.oauth.grants[id] = nil end
	end
	local id = "g" .. twin.state.oauth.next_grant
	twin.state.oauth.next_grant = twin.state.oauth.next_grant + 1
	twin.state.oauth.grants[id] = { realm = known.realm, value = text("AB11"), made = twin.now(), used = twin.now(), consented = twin.now() }
	return issue(req, twin.state.oauth.grants[id], id)
end

local function grant_of(value)
	for id, grant in pairs(twin.state.oauth.grants) do
		if grant.value == value then return grant, id end
		if grant.before == value and twin.now() < (grant.before_until or 0) then return grant, id end
	end
end

local function by_refresh(req, args)
	local grant, id = grant_of(args.refresh_token)
	if not grant or twin.now() > grant.used + ROLLING_DAYS * DAY_MS or twin.now() > grant.consented + HARD_MS then
		return { status = 400, json = { error = "invalid_grant", error_description = "Incorrect or invalid refresh token" } }
	end
	grant.used = twin.now()
	if args.refresh_token == grant.value and (twin.settings.rotate == "always" or twin.now() - grant.made >= DAY_MS) then
		grant.before, grant.before_until = grant.value, twin.now() + twin.settings.grace_s * 1000
		grant.value, grant.made = text("AB11"), twin.now()
	end
	return issue(req, grant, id)
end

local function tokens(req)
	if not client_is_known(req) then return { status = 401, json = { error = "invalid_client" } } end
	local args = req:form()
	if args.grant_type == "authorization_code" then return by_code(req, args) end
	if args.grant_type == "refresh_token" then return by_refresh(req, args) end
	return { status = 400, json = { error = "unsupported_grant_type" } }
end

-- Both values and all access of that grant end.
local function revoke(req)
	if not client_is_known(req) then return { status = 401, json = { error = "invalid_client" } } end
	local what = req:json()
	local token = type(what) == "table" and what.token
	local access = twin.state.oauth.access[token or ""]
	local _, id = grant_of(token)
	oauth.disconnect_grant(access and access.grant or id)
	return { status = 200, body = "" }
end

function oauth.disconnect_grant(id)
	if not id then return end
	twin.state.oauth.grants[id] = nil
	for value, access in pairs(twin.state.oauth.access) do
		if access.grant == id then twin.state.oauth.access[value] = nil end
	end
	twin.changed()
end

function oauth.disconnect(realm)
	for id, grant in pairs(twin.state.oauth.grants) do
		if grant.realm == realm then oauth.disconnect_grant(id) end
	end
end

-- As the portal's OAuth playground does: a grant without a browser.
function oauth.playground(realm)
	local id = "g" .. twin.state.oauth.next_grant
	twin.state.oauth.next_grant = twin.state.oauth.next_grant + 1
	oauth.disconnect(realm)
	twin.state.oauth.grants[id] = { realm = realm, value = text("AB11"), made = twin.now(), used = twin.now(), consented = twin.now() }
	return issue({ headers = { ["x-include-refresh-token-hard-expires-in"] = "true" } }, twin.state.oauth.grants[id], id).json
end

-- The access that a request bears, or nil.
function oauth.caller(req)
	local token = (req.headers.authorization or ""):match("^[Bb]earer%s+(.+)$")
	local access = token and twin.state.oauth.access[token]
	return access and twin.now() < access.until_ms and access or nil
end

-- Access ends now; refresh values stay good.
function oauth.expire()
	for _, access in pairs(twin.state.oauth.access) do access.until_ms = 0 end
end

function oauth.serve()
	twin.route("GET", "/connect/oauth2", consent)
	twin.route("POST", "/oauth2/v1/tokens/bearer", tokens)
	twin.route("POST", "/v2/oauth2/tokens/revoke", revoke)
	twin.route("GET", "/.well-known/openid_configuration", function()
		local url = twin.url():gsub("/$", "")
		return { status = 200, json = { issuer = "https://oauth.platform.intuit.com/op/v1", authorization_endpoint = url .. "/connect/oauth2",
			token_endpoint = url .. "/oauth2/v1/tokens/bearer", revocation_endpoint = url .. "/v2/oauth2/tokens/revoke" } }
	end)
end

return oauth
