-- decimal.lua - exact money and rates on integers: 12.30 with two places is 1230.
local decimal = {}

local POWER = {}
for n = 0, 18 do POWER[n] = math.tointeger(10 ^ n) end

-- "12.3", 2 -> 1230; nil when it is no number, has more places than that (zeros aside) or is too long.
function decimal.parse(text, places)
	local sign, whole, fraction = tostring(text):match("^([+-]?)(%d*)%.?(%d*)$")
	if not sign or whole .. fraction == "" then return nil end
	local kept, rest = fraction:sub(1, places), fraction:sub(places + 1)
	if rest:find("[^0]") then return nil end
	local digits = (whole .. kept .. ("0"):rep(places - #kept)):gsub("^0+", "")
	if #digits > 18 then return nil end
	local n = digits == "" and 0 or math.tointeger(tonumber(digits))
	return sign == "-" and -n or n
end

-- 1230, 2 -> "12.30"; least: fewer fraction digits are enough when the rest are zeros.
function decimal.text(n, places, least)
	local sign, digits = n < 0 and "-" or "", ("%d"):format(n < 0 and -n or n)
	if places == 0 then return sign .. digits end
	if #digits <= places then digits = ("0"):rep(places - #digits + 1) .. digits end
	local whole, fraction = digits:sub(1, -places - 1), digits:sub(-places)
	while least and #fraction > least and fraction:sub(-1) == "0" do fraction = fraction:sub(1, -2) end
	return sign .. whole .. (fraction ~= "" and "." .. fraction or "")
end

-- a / b to the nearest whole number, half away from zero.
function decimal.divide(a, b)
	if b < 0 then a, b = -a, -b end
	local q, r = (a < 0 and -a or a) // b, (a < 0 and -a or a) % b
	if r >= b - r then q = q + 1 end
	return a < 0 and -q or q
end

-- a * b with the last `drop` digits rounded away, half away from zero; nil when it does not fit.
function decimal.times(a, b, drop)
	if math.abs(a * 1.0 * b) > 9.0e18 then return nil end
	return decimal.divide(a * b, POWER[drop])
end

-- From one number of places to another, rounded.
function decimal.scale(n, from, to)
	if to >= from then return n * POWER[to - from] end
	return decimal.divide(n, POWER[from - to])
end

return decimal
