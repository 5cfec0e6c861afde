-- fault.lua - refusals in QuickBooks' own words and shapes (../SOURCES.md 7).
local fault = {}

local WORDS = {
	["610"] = { "Object Not Found", "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees." },
	["2010"] = { "Request has invalid or unsupported property", "Property Name:%s specified is unsupported or invalid" },
	["2020"] = { "Required param missing, need to supply the required value for the API", "Required parameter %s is missing in the request" },
	["2030"] = { "Invalid ID", "%s" },
	["2040"] = { "String value is invalid", "%s" },
	["2050"] = { "String length is either shorter or longer than supported by specification", "Min:0 Max:%s supported. Supplied length:%s" },
	["2080"] = { "Invalid Number", "%s" },
	["2090"] = { "Invalid value", "%s" },
	["2170"] = { "Invalid Enumeration", "%s" },
	["2500"] = { "Invalid Reference Id", "Invalid Reference Id : %s" },
	["4000"] = { "Error parsing query", "QueryParserError: %s" },
	["4001"] = { "Invalid query", "QueryValidationError: %s" },
	["5010"] = { "Stale Object Error", "Stale Object Error : You and %s were working on this at the same time. %s finished before you did, so your work was not saved." },
	["6000"] = { "A business validation error has occurred while processing your request", "Business Validation Error: %s" },
	["6140"] = { "Duplicate Document Number Error", "Duplicate Document Number Error : You must specify a different number. This number has already been used. DocNumber=%s is assigned to TxnType=%s with TxnId=%s" },
	["6190"] = { "Invalid Company Status", "Subscription period has ended or canceled or there was a billing problem" },
	["6210"] = { "Account Period Closed, Cannot Update Through Services API", "The account period has closed and the account books cannot be updated through through the QBO Services API. Please use the QBO website to make these changes." },
	["6240"] = { "Duplicate Name Exists Error", "The name supplied already exists. : %s" },
	["10000"] = { "An application error has occurred while processing your request", "System Failure Error: %s" },
}

-- Raised by what works on a record, caught where an answer is made.
function fault.of(code, element, ...)
	local words = WORDS[code]
	return { fault = true, code = code, message = words[1], detail = words[2]:format(...), element = element or "" }
end

function fault.raise(...) error(fault.of(...), 0) end

local function kind_of(code)
	if code == "10000" then return "SystemFault" end
	return code == "6190" and "AuthorizationFault" or "ValidationFault"
end

-- The member Fault, alone.
function fault.body(f)
	return twin.object { { "Error", twin.array { twin.object { { "Message", f.message }, { "Detail", f.detail }, { "code", f.code }, { "element", f.element } } } },
		{ "type", kind_of(f.code) } }
end

-- Answers of what stands before the service: lower case, and their own time.
function fault.gateway(status, code, words, detail)
	local null = twin.null
	return { status = status, json = twin.object { { "warnings", null }, { "intuitObject", null },
		{ "fault", twin.object { { "error", twin.array { twin.object { { "message", ("message=%s; errorCode=%06d; statusCode=%d"):format(words, tonumber(code), status) },
			{ "detail", detail }, { "code", code }, { "element", null } } } }, { "type", status == 401 and "AUTHENTICATION" or "AUTHORIZATION" } } },
		{ "report", null }, { "queryResponse", null }, { "batchItemResponse", twin.array {} }, { "requestId", null }, { "time", twin.now() }, { "status", null },
		{ "cdcresponse", twin.array {} } } }
end

function fault.throttled()
	return { status = 429, json = { Fault = twin.object { { "Error", twin.array { twin.object { { "Message", "message=ThrottleExceeded; errorCode=003001; statusCode=429" },
		{ "Detail", "The request limit was reached.  Try again later" }, { "code", "3001" } } } }, { "type", "SERVICE" } } } }
end

return fault
