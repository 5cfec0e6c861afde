-- replies.lua - how Zuora says no.  ../SOURCES.md 2
local replies = {}

-- A 200 that says no, or another status with the same words; resource: six digits.
function replies.refuse(category, message, status, resource)
	return { status = status or 200, json = { success = false, processId = twin.uuid():gsub("-", ""):upper():sub(1, 16),
		reasons = twin.array { { code = tonumber(("%06d%02d"):format(resource or 500000, category)), message = message } } } }
end

function replies.bad(category, message) return replies.refuse(category, message, 400) end

-- Nobody outside knows whether it is a 200 or a 404: a setting.
function replies.missing(message) return replies.refuse(40, message, tonumber(twin.settings.gone_status)) end

return replies
