-- auth.lua - tokens, limits, idempotency keys: what happens to a request before it is looked at.  ../SOURCES.md 1, 3, 7
local replies = require "twin.replies"

local auth = {}
local MINUTE, DAY = 60000, 86400000
local in_flight = 0

-- ---- tokens -------------------------------------------------------------------------------------------------

local function too_many(text, wait_s)
	local headers = { ["ratelimit-reset"] = tostring(wait_s) }
	if twin.settings.retry_after then headers["Retry-After"] = tostring(wait_s) end
	return { status = 429, headers = headers, json = { success = false, processId = twin.uuid():gsub("-", ""):sub(1, 16):upper(),
		reasons = twin.array { { code = 50000070, message = text } } } }
end

-- 100 a minute for one IP address, whoever asks.
local function may_have_a_token()
	local now, kept = twin.now(), {}
	for _, at in ipairs(twin.state.issued) do
		if now - at < MINUTE then kept[#kept + 1] = at end
	end
	kept[#kept + 1] = now
	twin.state.issued = kept
	return #kept <= twin.settings.tokens_per_minute
end

function auth.token(req)
	local kind = req.headers["content-type"] or ""
	if not kind:match("^application/x%-www%-form%-urlencoded") then return replies.refuse(20, "Content-Type must be application/x-www-form-urlencoded", 400, 900000) end
	if req.headers.authorization then return replies.refuse(20, "Authorization must not be sent here", 400, 900000) end
	if not may_have_a_token() then return too_many("Too many requests for tokens from this address", 60) end
	local form = req:form()
	if form.grant_type ~= "client_credentials" then return { status = 400, json = { message = "Unsupported grant type", reason = "unsupported_grant_type" } } end
	if form.client_id ~= twin.settings.client_id or form.client_secret ~= twin.settings.client_secret then
		return { status = 401, json = { timestamp = twin.iso(twin.now()), status = 401, error = "Unauthorized", message = "Bad client credentials", path = "/oauth/token" } }
	end
	local token = twin.hex(twin.random(16))
	twin.state.tokens[token] = twin.now() + twin.settings.token_life_s * 1000
	twin.changed()
	return { status = 200, json = { access_token = token, token_type = "bearer", expires_in = twin.settings.token_life_s, jti = twin.hex(twin.random(16)),
		scope = ("user.7c4d5433dc234c369a01b9719ecd059f entity.1a2b7a37-3e7d-4cb3-b0e2-883de9e766cc service.echo.read tenant.%s"):format(twin.settings.tenant) } }
end

local function bearer(req)
	local token = (req.headers.authorization or ""):match("^Bearer (%x+)$")
	local ends = token and twin.state.tokens[token]
	return ends and twin.now() < ends
end

-- ---- before and after every request ---------------------------------------------------------------------------

local function over_the_minute()
	local minute = twin.state.minute
	local now = twin.now() // MINUTE
	if minute.at ~= now then minute.at, minute.count = now, 0 end
	minute.count = minute.count + 1
	minute.most = math.max(minute.most or 0, minute.count)
	return minute.count > twin.settings.per_minute
end

function auth.before(req)
	in_flight = in_flight + 1
	if req.path == "/oauth/token" then return nil end
	if req.headers["idempotency-key"] and req.method ~= "POST" and req.method ~= "PATCH" then
		return replies.refuse(23, "Idempotency-Key is for POST and PATCH only", 400)
	end
	if #(req.headers["zuora-track-id"] or "") > 64 or (req.headers["zuora-track-id"] or ""):find("[:;\"']") then
		return replies.refuse(20, "Zuora-Track-Id is not valid", 400)
	end
	if not bearer(req) then return replies.refuse(11, "this resource is protected, please sign in first", 401, 900000) end
	if over_the_minute() then return too_many("The request exceeded the limit of the tenant", 60 - twin.now() // 1000 % 60) end
	if in_flight > twin.settings.concurrency then return too_many("Too many requests at once", 1) end
end

function auth.finish(req, resp)
	in_flight = in_flight - 1
	resp.headers = resp.headers or {}
	resp.headers["Zuora-Request-Id"] = twin.uuid()
	if req.headers["zuora-track-id"] then resp.headers["Zuora-Track-Id"] = req.headers["zuora-track-id"] end
	if req.path ~= "/oauth/token" and not resp.headers["ratelimit-reset"] then
		local limit = twin.settings.per_minute
		resp.headers["ratelimit-limit"] = ("%d, %d;w=60, 2250000;w=3600, 27000000;w=86400"):format(limit, limit)
		resp.headers["ratelimit-remaining"] = tostring(math.max(0, limit - twin.state.minute.count))
		resp.headers["ratelimit-reset"] = tostring(60 - twin.now() // 1000 % 60)
		resp.headers["Concurrency-Limit-Type"] = "Default"
		resp.headers["Concurrency-Limit-Limit"] = tostring(twin.settings.concurrency)
	end
end

-- ---- once is enough --------------------------------------------------------------------------------------------

-- The first answer to a key is kept for a day, whether it was a success or not.
function auth.once(fn)
	return function(req)
		local key = req.headers["idempotency-key"]
		if not key then return fn(req) end
		if #key > 255 then return replies.refuse(20, "Idempotency-Key is too long", 400) end
		local kept = twin.state.keys[key]
		if kept and twin.now() - kept.at < DAY then
			if kept.method ~= req.method or kept.path ~= req.path then
				return { status = 422, json = { message = "The idempotency key has been used for another request" } }
			end
			return { status = kept.status, headers = { ["Content-Type"] = "application/json", ["Idempotency-Replayed"] = "true" }, body = kept.body }
		end
		local answer = fn(req)
		twin.state.keys[key] = { at = twin.now(), method = req.method, path = req.path, status = answer.status, body = twin.json.encode(answer.json) }
		twin.changed()
		return answer
	end
end

return auth
