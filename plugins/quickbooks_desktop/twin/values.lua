-- values.lua - the types of qbXML values: what is refused with which status, how values are written.
-- Source: reference section 5 (types) and 7 (status codes).
local decimal = require "decimal"

local values = {}

-- A refusal of one request; raised with error() and caught where a request ends.
function values.refuse(code, message, ...)
	error({ status = code, message = select("#", ...) > 0 and message:format(...) or message }, 0)
end

local function field_error(code, what)
	return function(name, text)
		values.refuse(code, 'There was an error when converting the %s "%s" in the field "%s".', what, text, name)
	end
end

local function is_date(text)
	local y, m, d = text:match("^(%d%d%d%d)%-(%d%d?)%-(%d%d?)$")
	if not y then return false end
	m, d = tonumber(m), tonumber(d)
	local days = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
	return m >= 1 and m <= 12 and d >= 1 and d <= days[m]
end

local function is_time(text)
	local date, rest = text:match("^([%d%-]+)(.*)$")
	if not date or not is_date(date) then return false end
	return rest == "" or rest:find("^T%d%d?$") ~= nil or rest:find("^T%d%d?:%d%d?$") ~= nil
		or rest:find("^T%d%d?:%d%d?:%d%d?$") ~= nil or rest:find("^T%d%d?:%d%d?:%d%d?[+-]%d%d?:%d%d?$") ~= nil
end

local function is_number(text, whole, fraction, exact)
	local w, f = text:match("^[+-]?(%d+)%.?(%d*)$")
	if not w or #w > whole or #f > fraction or text:find("%.$") then return false end
	return not exact or f == "" or #f == fraction
end

local CHECKS = {
	bool = { function(t) return t == "true" or t == "false" or t == "1" or t == "0" end, field_error(3010, "boolean value") },
	date = { is_date, field_error(3020, "date value") },
	time = { is_time, field_error(3020, "date value") },
	amt = { function(t) return is_number(t, 13, 2, true) end, field_error(3040, "amount") },
	price = { function(t) return is_number(t, 10, 5) end, field_error(3045, "price") },
	pct = { function(t) return is_number(t, 10, 5) end, field_error(3050, "percent") },
	quan = { function(t) return is_number(t, 10, 5) end, field_error(3060, "quantity") },
	int = { function(t) return t:find("^[+-]?%d+$") ~= nil end, field_error(3085, "number") },
	float = { function(t) return t:find("^[+-]?%d+%.?%d*$") ~= nil end, field_error(3085, "number") },
	guid = {
		function(t) return t == "0" or t:find("^{%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x}$") ~= nil end,
		field_error(3065, "GUID"),
	},
	id = {
		function(t) return #t <= 36 end,
		function(name, text) values.refuse(3000, 'The given object ID "%s" in the field "%s" is invalid.', text, name) end,
	},
}

-- Refuses a value that its element (shapes.lua) does not admit.  "" is admitted everywhere.
function values.check(e, text)
	if text == "" then return end
	if e.kind == "text" then
		local n = utf8.len(text) or #text
		if e.max and n > e.max then
			values.refuse(3070, "The string in the field \"%s\" is too long. has a length of '%d'; this exceeds the allowed maximum length of '%d'.",
				e.name, n, e.max)
		end
	elseif e.kind == "enum" then
		if not e.values[text] then
			values.refuse(3110, 'The "%s" field has an invalid value "%s".', e.name, text)
		end
	else
		local check = CHECKS[e.kind]
		if check and not check[1](text) then check[2](e.name, text) end
	end
end

-- ---- numbers -------------------------------------------------------------------------

function values.cents(text) return text and text ~= "" and decimal.parse(text, 2) or nil end
function values.five(text) return text and text ~= "" and decimal.parse(text, 5) or nil end
function values.amount(cents) return decimal.text(cents, 2) end
function values.price(five) return decimal.text(five, 5, 2) end
function values.quantity(five) return decimal.text(five, 5, 0) end
function values.percent(five) return decimal.text(five, 5, 0) end

function values.is_true(text) return text == "true" or text == "1" end

-- Of a scalar as it is stored and told.
function values.normal(e, text)
	if text == "" then return text end
	if e.kind == "bool" then return values.is_true(text) and "true" or "false" end
	if e.kind == "amt" then return values.amount(values.cents(text)) end
	if e.kind == "price" then return values.price(values.five(text)) end
	if e.kind == "quan" then return values.quantity(values.five(text)) end
	if e.kind == "pct" then return values.percent(values.five(text)) end
	if e.kind == "date" then
		local y, m, d = text:match("^(%d+)%-(%d+)%-(%d+)$")
		return ("%04d-%02d-%02d"):format(tonumber(y), tonumber(m), tonumber(d))
	end
	return text
end

-- ---- Windows-1252 ----------------------------------------------------------------------

local CP1252 = {}
for c = 0xa0, 0xff do CP1252[c] = true end
for _, c in ipairs { 0x20ac, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x17d, 0x2018, 0x2019,
	0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x17e, 0x178 } do CP1252[c] = true end

-- What is left of a text once QuickBooks has stored it.
function values.stored(text)
	if not text:find("[\x80-\xff]") then return text end
	return (text:gsub(utf8.charpattern, function(c)
		return #c == 1 and c or CP1252[utf8.codepoint(c)] and c or twin.settings.unstorable == "mark" and "?" or ""
	end))
end

return values
