-- limits.lua - credits of a rolling day, and requests at once (../SOURCES.md 7).
local limits = {}

local CREDITS = { Free = 5000, Standard = 50000, Professional = 50000, Enterprise = 50000, Ultimate = 50000 }
local AT_ONCE = { Free = 5, Standard = 10, Professional = 15, Enterprise = 20, Ultimate = 25 }
local DAY = 86400000
local MINUTE = 60000

limits.in_flight, limits.heavy, limits.most = 0, 0, 0

local function allowed() return twin.settings.credits > 0 and twin.settings.credits or CREDITS[twin.settings.edition] or 50000 end

local function spent()
	local sum, kept = 0, {}
	for minute, n in pairs(twin.state.credits) do
		if tonumber(minute) * MINUTE > twin.now() - DAY then
			sum = sum + n
			kept[minute] = n
		end
	end
	twin.state.credits = kept
	return sum
end

function limits.spend(n)
	local minute = tostring(twin.now() // MINUTE)
	twin.state.credits[minute] = (twin.state.credits[minute] or 0) + n
end

function limits.told() return { spent = spent(), allowed = allowed(), most_at_once = limits.most } end

local function too_many(words)
	return { status = 429, json = { code = "TOO_MANY_REQUESTS", details = {}, message = words, status = "error" },
		headers = twin.settings.retry_after > 0 and { ["Retry-After"] = tostring(twin.settings.retry_after) } or nil }
end

-- Sorted lists, COQL, search, writes of over ten records.
function limits.is_heavy(req)
	if req.path:find("/coql$") or req.path:find("/search$") or req.args.sort_by or req.args.cvid then return true end
	if (req.method == "POST" or req.method == "PUT") and req.body ~= "" then
		local value = req:json()
		return type(value) == "table" and type(value.data) == "table" and #value.data > 10
	end
	return false
end

-- nil: it may go on, and leave() must follow; else the answer.
function limits.enter(req)
	if spent() >= allowed() then return too_many "You have crossed the API limit" end
	local most = twin.settings.at_once > 0 and twin.settings.at_once or AT_ONCE[twin.settings.edition] or 15
	if limits.in_flight >= most then return too_many "You have crossed the concurrency limit" end
	req.heavy = limits.is_heavy(req)
	if req.heavy and limits.heavy >= 10 then return too_many "You have crossed the sub-concurrency limit" end
	limits.in_flight = limits.in_flight + 1
	limits.heavy = limits.heavy + (req.heavy and 1 or 0)
	limits.most = math.max(limits.most, limits.in_flight)
	req.counted = true
	if twin.settings.work_ms > 0 then twin.wait(twin.settings.work_ms) end
end

function limits.leave(req, resp)
	if not req.counted then return end
	limits.in_flight = limits.in_flight - 1
	limits.heavy = limits.heavy - (req.heavy and 1 or 0)
	local left = allowed() - spent()
	if left * 10 <= allowed() then -- told late in the day only
		resp.headers = resp.headers or {}
		resp.headers["X-API-CREDITS-REMAINING"] = tostring(math.max(left, 0))
	end
end

return limits
