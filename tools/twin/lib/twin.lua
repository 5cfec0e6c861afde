-- twin.lua - what every twin gets on top of the C functions: routes, faults, timers, state.  See ../README.md.
local json, null = twin.json, twin.null

twin.state = {}
twin.settings = {}

local about = { title = nil, defaults = {} }
local routes = { protocol = {}, control = {} }
local hooks = { before = {}, finish = {}, reset = {}, load = {}, start = {} }
local otherwise
local faults, fault_number, own_kinds = {}, 0, {}
local calls = { total = 0, by_route = {}, by_status = {}, log = {} }
local errors = {}
local timers, timer_number, stepping = {}, 0, false
local options, folder, urls = nil, nil, {}
local dirty = false
local LOG_LIMIT = 10000

-- ---- text and values -----------------------------------------------------------------

function twin.object(pairs_list)
	local t, order = {}, {}
	for _, pair in ipairs(pairs_list or {}) do
		if t[pair[1]] == nil then order[#order + 1] = pair[1] end
		t[pair[1]] = pair[2]
	end
	return setmetatable(t, { order = order })
end

local function rank(a, b)
	if type(a) == type(b) then return a < b end
	return type(a) < type(b)
end

local function sorted_keys(t)
	local keys = {}
	for k in pairs(t) do keys[#keys + 1] = k end
	table.sort(keys, rank)
	return keys
end

json.keys_of(function(t)
	local meta = getmetatable(t)
	if not meta or not meta.order then return sorted_keys(t) end
	local keys, seen = {}, {}
	for _, k in ipairs(meta.order) do
		if t[k] ~= nil and not seen[k] then keys[#keys + 1], seen[k] = k, true end
	end
	for _, k in ipairs(sorted_keys(t)) do
		if not seen[k] then keys[#keys + 1] = k end
	end
	return keys
end)

function twin.copy(value)
	if type(value) ~= "table" then return value end
	local copied = {}
	for k, v in pairs(value) do copied[k] = twin.copy(v) end
	return setmetatable(copied, getmetatable(value))
end

function twin.url_encode(text)
	return (tostring(text):gsub("[^%w%-%._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

function twin.url_decode(text)
	return (text:gsub("+", " "):gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end))
end

local function path_decode(text)
	return (text:gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end))
end

local function parse_args(query)
	local args, list = {}, {}
	for part in query:gmatch("[^&]+") do
		local name, value = part:match("^([^=]*)=?(.*)$")
		name, value = twin.url_decode(name), twin.url_decode(value)
		args[name] = value
		list[#list + 1] = { name, value }
	end
	return args, list
end

function twin.random_int(low, high)
	assert(low <= high, "random_int: nothing between the two")
	local n = string.unpack("<I8", twin.random(7) .. "\0")
	return low + n % (high - low + 1)
end

function twin.uuid()
	local hex = twin.hex(twin.random(16))
	return ("%s-%s-4%s-%x%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(14, 16),
		8 + tonumber(hex:sub(17, 17), 16) % 4, hex:sub(18, 20), hex:sub(21, 32))
end

-- ---- time ----------------------------------------------------------------------------

-- Days since 1970 of a civil date, and back (Howard Hinnant's algorithm, public domain).
local function days_of(y, m, d)
	if m <= 2 then y = y - 1 end
	local era = y // 400
	local yoe = y - era * 400
	local doy = (153 * (m + (m > 2 and -3 or 9)) + 2) // 5 + d - 1
	return era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
end

local function civil_of(days)
	local z = days + 719468
	local era = z // 146097
	local doe = z - era * 146097
	local yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
	local doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
	local mp = (5 * doy + 2) // 153
	local m = mp < 10 and mp + 3 or mp - 9
	return yoe + era * 400 + (m <= 2 and 1 or 0), m, doy - (153 * mp + 2) // 5 + 1
end

-- year, month, day, hour, minute, second, weekday (0: Sunday) of a time in ms.
function twin.civil(ms)
	local seconds = ms // 1000
	local days = seconds // 86400
	local left = seconds % 86400
	local y, m, d = civil_of(days)
	return y, m, d, left // 3600, left // 60 % 60, left % 60, (days + 4) % 7
end

function twin.ms_of(y, m, d, hour, minute, second)
	return (days_of(y, m, d) * 86400 + (hour or 0) * 3600 + (minute or 0) * 60 + (second or 0)) * 1000
end

function twin.iso(ms, offset_minutes)
	local y, m, d, hh, mm, ss = twin.civil(ms + (offset_minutes or 0) * 60000)
	local zone = "Z"
	if offset_minutes then
		local o = math.abs(offset_minutes)
		zone = ("%s%02d:%02d"):format(offset_minutes < 0 and "-" or "+", o // 60, o % 60)
	end
	return ("%04d-%02d-%02dT%02d:%02d:%02d%s"):format(y, m, d, hh, mm, ss, zone)
end

function twin.from_iso(text)
	local y, m, d, rest = tostring(text):match("^(%d%d%d%d)%-(%d%d?)%-(%d%d?)(.*)$")
	if not y then return nil end
	local ms = twin.ms_of(tonumber(y), tonumber(m), tonumber(d))
	if rest == "" then return ms end
	local hh, mm, ss, tail = rest:match("^[T ](%d%d?):(%d%d?):(%d%d?)(.*)$")
	if not hh then return nil end
	ms = ms + (tonumber(hh) * 3600 + tonumber(mm) * 60 + tonumber(ss)) * 1000
	local fraction, zone = tail:match("^(%.?%d*)(.*)$")
	if #fraction > 1 then ms = ms + math.tointeger(tonumber("0" .. fraction) * 1000 // 1) end
	if zone == "" or zone == "Z" then return ms end
	local sign, oh, om = zone:match("^([+-])(%d%d?):?(%d%d)$")
	if not sign then return nil end
	local offset = (tonumber(oh) * 60 + tonumber(om)) * 60000
	return sign == "+" and ms - offset or ms + offset
end

function twin.log(text)
	io.stderr:write(twin.iso(twin.now()), " ", text, "\n")
end

function twin.failed(why)
	errors[#errors + 1] = { at = twin.iso(twin.now()), error = why }
	twin.log("error: " .. why)
end

local function add_timer(ms, fn, again)
	timer_number = timer_number + 1
	timers[timer_number] = { at = twin.now() + ms, every = again and math.max(ms, 1) or nil, fn = fn }
	twin.poke()
	return timer_number
end

function twin.after(ms, fn) return add_timer(ms, fn, false) end
function twin.every(ms, fn) return add_timer(ms, fn, true) end
function twin.cancel(id) timers[id] = nil end

local function next_timer()
	local first, id
	for n, t in pairs(timers) do
		if not first or t.at < first.at or (t.at == first.at and n < id) then first, id = t, n end
	end
	return first, id
end

-- Takes a timer off the list, or puts it where it is due next.  skip: rounds missed are not made up for.
local function rearm(t, id, now, skip)
	if not t.every then
		timers[id] = nil
		return
	end
	t.at = t.at + t.every
	if skip and t.at <= now then t.at = now + t.every end
end

local save

local function run_timer(fn)
	local well, why = xpcall(fn, debug.traceback)
	if not well then twin.failed(tostring(why)) end
	save()
end

-- Called by the timer thread: starts what is due, says when the next thing is.
function twin.due()
	if stepping then return nil end
	local now = twin.now()
	while true do
		local t, id = next_timer()
		if not t then return nil end
		if t.at > now then return t.at end
		rearm(t, id, now, true)
		local fn = t.fn
		twin.spawn(function() run_timer(fn) end)
	end
end

local function move_clock(target, skip)
	stepping = true
	while not skip do
		local t, id = next_timer()
		if not t or t.at > target then break end
		twin.set_clock(t.at)
		local fn = t.fn
		rearm(t, id, t.at, false)
		run_timer(fn)
	end
	twin.set_clock(target)
	stepping = false
	twin.poke()
end

-- ---- state on disk -------------------------------------------------------------------

local function dump(value, out, seen, where)
	local kind = type(value)
	if value == null then
		out[#out + 1] = "N"
	elseif kind == "number" or kind == "string" or kind == "boolean" then
		out[#out + 1] = ("%q"):format(value):gsub("\\\n", "\\n")
	elseif kind ~= "table" then
		error("twin.state" .. where .. " is a " .. kind)
	else
		if seen[value] then error("twin.state" .. where .. " is the same table as twin.state" .. seen[value]) end
		seen[value] = where
		local meta = getmetatable(value)
		local order = meta and meta.order
		out[#out + 1] = order and "O({" or (next(value) == nil or value[1] ~= nil) and twin.is_array(value) and "A{" or "{"
		local n = 0
		for i, v in ipairs(value) do
			n = i
			dump(v, out, seen, where .. "[" .. i .. "]")
			out[#out + 1] = ","
		end
		for _, k in ipairs(sorted_keys(value)) do
			if not (math.type(k) == "integer" and k >= 1 and k <= n) then
				out[#out + 1] = ("[%q]="):format(k)
				dump(value[k], out, seen, where .. "." .. tostring(k))
				out[#out + 1] = ","
			end
		end
		out[#out + 1] = "}"
		if order then
			out[#out + 1] = ",{"
			for _, k in ipairs(order) do out[#out + 1] = ("%q,"):format(k) end
			out[#out + 1] = "})"
		end
	end
end

local function dump_state()
	local out = { "return {now_ms=", ("%d"):format(twin.now()), ",state=" }
	dump(twin.state, out, {}, "")
	out[#out + 1] = "}\n"
	return table.concat(out)
end

local function load_state(text)
	local words = {
		N = null, A = twin.array,
		O = function(t, order) return setmetatable(t, { order = order }) end,
	}
	local chunk, why = load(text, "=state", "t", words)
	if not chunk then return nil, why end
	local well, all = pcall(chunk)
	if not well then return nil, all end
	if type(all) ~= "table" or type(all.state) ~= "table" then return nil, "this is no state" end
	twin.state = all.state
	for _, fn in ipairs(hooks.load) do fn() end
	return true, all.now_ms
end

function save()
	if dirty and options.state then twin.write_file(options.state, dump_state()) end
	dirty = false
end

function twin.changed() dirty = true end
function twin.save_now() save() end

local function reset()
	twin.state = {}
	for _, fn in ipairs(hooks.reset) do fn() end
	for _, fn in ipairs(hooks.load) do fn() end
	faults, calls = {}, { total = 0, by_route = {}, by_status = {}, log = {} }
	dirty = true
end

-- ---- faults --------------------------------------------------------------------------

local KINDS = {
	latency = true, status = true, status_after = true, drop_before = true, drop_after = true, reset = true,
	truncate = true, drip = true, html = true, empty = true,
}

function twin.fault_kinds(list)
	for _, kind in ipairs(list) do own_kinds[kind] = true end
end

local function glob(pattern, text)
	local p = pattern:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*", ".*")
	return text:find("^" .. p .. "$") ~= nil
end

local function fits(f, call)
	if f.method and f.method ~= call.method then return false end
	if f.path and not glob(f.path, call.path or "") then return false end
	return not f.contains or ((call.query or "") .. "\n" .. (call.body or "")):find(f.contains, 1, true) ~= nil
end

-- Due now?  Counts it.
local function hit(f)
	if f.after > 0 then
		f.after = f.after - 1
		return false
	end
	if f.count > 0 and f.used >= f.count then return false end
	f.used = f.used + 1
	return true
end

local function first_fault(wanted, call)
	for _, f in ipairs(faults) do
		if wanted(f.kind) and fits(f, call) and hit(f) then return f end
	end
end

function twin.fault(kind, call)
	assert(own_kinds[kind], "twin.fault: tell of '" .. tostring(kind) .. "' by twin.fault_kinds first")
	return first_fault(function(k) return k == kind end, call or {})
end

local WEB_PAGE = "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body><h1>One moment, please</h1></body></html>\n"

local function instead(f)
	if f.kind == "drop_before" or (f.kind == "reset" and not f.after_effect) then
		return { drop = true, reset = f.kind == "reset" }
	elseif f.kind == "status" then
		return { status = f.status or 500, headers = f.headers, body = f.body, json = f.json }
	elseif f.kind == "html" then
		return { status = f.status or 200, html = WEB_PAGE }
	elseif f.kind == "empty" then
		return { status = 200, body = "" }
	end
end

local function spoil(f, resp)
	if f.kind == "drop_after" or f.kind == "reset" then
		return { drop = true, reset = f.kind == "reset" }
	elseif f.kind == "status_after" then
		return { status = f.status or 500, headers = f.headers, body = f.body, json = f.json }
	elseif f.kind == "truncate" then
		resp.truncate = f.bytes or #(resp.body or "") // 2
	elseif f.kind == "drip" then
		resp.drip = { bytes = f.bytes or 1, ms = f.ms or 10 }
	end
	return resp
end

-- ---- routes --------------------------------------------------------------------------

local function add_route(door, method, pattern, fn)
	assert(type(fn) == "function", "route " .. pattern .. ": no function")
	local parts = {}
	for part in pattern:gmatch("[^/]+") do parts[#parts + 1] = part end
	table.insert(routes[door], { method = method, pattern = pattern, parts = parts, fn = fn, slash = pattern:sub(-1) == "/" })
end

function twin.route(method, pattern, fn) add_route("protocol", method, pattern, fn) end
function twin.control(method, pattern, fn) add_route("control", method, pattern, fn) end
function twin.otherwise(fn) otherwise = fn end
function twin.before(fn) table.insert(hooks.before, fn) end
function twin.finish(fn) table.insert(hooks.finish, fn) end
function twin.on_reset(fn) table.insert(hooks.reset, fn) end
function twin.on_load(fn) table.insert(hooks.load, fn) end
function twin.on_start(fn) table.insert(hooks.start, fn) end
function twin.url() return urls.protocol end
function twin.control_url() return urls.control end

local function match_route(route, parts)
	local params = {}
	for i, want in ipairs(route.parts) do
		local sigil, name = want:match("^([:*])(.*)$")
		if sigil == "*" then
			params[name] = table.concat(parts, "/", i)
			return params
		elseif parts[i] == nil then
			return nil
		elseif sigil == ":" then
			params[name] = parts[i]
		elseif want ~= parts[i] then
			return nil
		end
	end
	return #parts == #route.parts and params or nil
end

local function find_route(req, method)
	local parts = {}
	for part in req.raw_path:gmatch("[^/]+") do parts[#parts + 1] = path_decode(part) end
	for _, route in ipairs(routes[req.door]) do
		if route.method == method or route.method == "*" then
			local params = match_route(route, parts)
			if params then return route, params end
		end
	end
	if method == "HEAD" then return find_route(req, "GET") end
end

local request_methods = {}
request_methods.__index = request_methods

function request_methods.json(req)
	return json.decode(req.body)
end

function request_methods.form(req)
	return parse_args(req.body)
end

local function complete(req)
	req.raw_path, req.query = req.target:match("^([^?]*)%??(.*)$")
	req.path = path_decode(req.raw_path)
	req.args, req.arg_list = parse_args(req.query)
	req.headers = {}
	for _, h in ipairs(req.header_list) do
		local name = h[1]:lower()
		req.headers[name] = req.headers[name] and req.headers[name] .. ", " .. h[2] or h[2]
	end
	req.host = req.headers.host or ""
	req.now_ms = twin.now()
	return setmetatable(req, request_methods)
end

-- Of the control door, from however deep: no, and why.
function twin.plain(why) error({ plain = why }, 0) end

-- What a control request wishes for: its body's object; no body wishes for nothing in particular.
function twin.wish(req)
	local value = req.body == "" and {} or req:json()
	if type(value) ~= "table" then twin.plain("send a JSON object") end
	return value
end

local function guarded(fn, ...)
	local results = table.pack(xpcall(fn, debug.traceback, ...))
	if results[1] then return true, table.unpack(results, 2, results.n) end
	local why = results[2]
	if type(why) == "table" and why.plain then return true, nil, why.plain end
	twin.failed(tostring(why))
	return false, tostring(why)
end

local function normal(resp)
	if resp == nil then return { status = 204, body = "" } end
	if type(resp) == "string" then return { status = 200, body = resp, kind = "text/plain; charset=utf-8" } end
	if resp.json ~= nil then
		resp.body, resp.kind = json.encode(resp.json, resp.json_options), "application/json; charset=utf-8"
	elseif resp.html then
		resp.body, resp.kind = resp.html, "text/html; charset=utf-8"
	elseif resp.xml then
		resp.body, resp.kind = resp.xml, "text/xml; charset=utf-8"
	end
	resp.body = resp.body or ""
	return resp
end

local function wire(resp)
	local list, typed = {}, false
	for _, name in ipairs(sorted_keys(resp.headers or {})) do
		local value = resp.headers[name]
		typed = typed or name:lower() == "content-type"
		for _, v in ipairs(type(value) == "table" and value or { value }) do
			list[#list + 1] = { name, tostring(v) }
		end
	end
	if resp.kind and not typed then list[#list + 1] = { "Content-Type", resp.kind } end
	return {
		status = resp.status or 200, body = resp.body, header_list = list, drop = resp.drop, reset = resp.reset,
		truncate = resp.truncate, drip_bytes = resp.drip and resp.drip.bytes, drip_ms = resp.drip and resp.drip.ms,
	}
end

local function broken(why)
	return { status = 500, body = "the twin is broken: " .. why .. "\n", kind = "text/plain; charset=utf-8" }
end

local function answer(req, route)
	for _, fn in ipairs(hooks.before) do
		local well, resp = guarded(fn, req)
		if not well then return broken(resp) end
		if resp ~= nil then return normal(resp) end
	end
	local fn = route and route.fn or otherwise
	if not fn then return { status = 404, body = "no such address\n", kind = "text/plain" } end
	local well, resp = guarded(fn, req)
	return well and normal(resp) or broken(resp)
end

local function note(req, route, resp, fault)
	local label = req.method .. " " .. (route and route.pattern or req.path)
	local status = resp.drop and "dropped" or tostring(resp.status or 200)
	calls.total = calls.total + 1
	calls.by_route[label] = (calls.by_route[label] or 0) + 1
	calls.by_status[status] = (calls.by_status[status] or 0) + 1
	table.insert(calls.log, {
		at = twin.iso(req.now_ms), method = req.method, path = req.path, query = req.query, route = label, status = status,
		fault = fault and fault.kind, headers = req.headers, request = req.body, reply = resp.body,
	})
	if #calls.log > LOG_LIMIT then table.remove(calls.log, 1) end
	if options.verbose then twin.log(("%s %s %s%s"):format(req.method, req.target, status, fault and " (" .. fault.kind .. ")" or "")) end
end

local function serve_protocol(req)
	local route, params = find_route(req, req.method)
	req.params = params or {}
	local fault = first_fault(function(k) return KINDS[k] end, req)
	if fault and fault.kind == "latency" then twin.pause(fault.ms or 1000) end
	local resp = fault and instead(fault)
	if resp then
		resp = normal(resp)
	else
		resp = answer(req, route)
		if fault then resp = normal(spoil(fault, resp)) end
	end
	for _, fn in ipairs(hooks.finish) do guarded(fn, req, resp) end
	note(req, route, resp, fault)
	return resp
end

local function serve_control(req)
	local route, params = find_route(req, req.method)
	if not route then return { status = 404, json = { error = "no such control call: GET / lists them" } } end
	req.params = params
	local well, value, why = guarded(route.fn, req)
	if not well then return { status = 500, json = { error = value } } end
	if value == nil and why then return { status = 400, json = { error = why } } end
	if type(value) == "table" and getmetatable(value) == "raw" then return value end
	return { status = 200, json = value == nil and {} or value }
end

function twin.dispatch(req)
	complete(req)
	local resp = normal(req.door == "control" and serve_control(req) or serve_protocol(req))
	local well, why = pcall(save)
	if not well then
		twin.failed(tostring(why))
		resp = broken(tostring(why))
	end
	return wire(resp)
end

-- ---- the control door's own calls ----------------------------------------------------

local function clock_told()
	local now = twin.now()
	return { now_ms = now, now = twin.iso(now) }
end

twin.control("GET", "/", function()
	local list = {}
	for _, route in ipairs(routes.control) do list[#list + 1] = route.method .. " " .. route.pattern end
	local kinds = {}
	for kind in pairs(KINDS) do kinds[#kinds + 1] = kind end
	for kind in pairs(own_kinds) do kinds[#kinds + 1] = kind end
	table.sort(kinds)
	return { twin = twin.name, title = about.title, url = urls.protocol, settings = twin.settings, clock = clock_told(),
		calls = list, faults = kinds }
end)

twin.control("GET", "/clock", clock_told)

twin.control("POST", "/clock", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	if want.frozen ~= nil then twin.freeze(want.frozen) end
	local target
	if want.advance_ms then
		if math.type(want.advance_ms) ~= "integer" or want.advance_ms < 0 then return nil, "advance_ms: a whole number, not below 0" end
		target = twin.now() + want.advance_ms
	elseif want.set then
		target = twin.from_iso(want.set)
		if not target then return nil, "set: a time like 2026-10-31T23:30:00Z" end
		if target < twin.now() then return nil, "the clock does not go back" end
	end
	if target then move_clock(target, want.skip) end
	return clock_told()
end)

twin.control("GET", "/faults", function()
	local list = twin.array {}
	for _, f in ipairs(faults) do list[#list + 1] = twin.copy(f) end
	return list
end)

twin.control("POST", "/faults", function(req)
	local f, why = req:json()
	if type(f) ~= "table" then return nil, why or "send an object" end
	if not KINDS[f.kind] and not own_kinds[f.kind] then
		return nil, "no fault '" .. tostring(f.kind) .. "': GET / lists them"
	end
	fault_number = fault_number + 1
	f.id, f.used, f.count, f.after = fault_number, 0, f.count or 1, f.after or 0
	faults[#faults + 1] = f
	return { id = f.id }
end)

twin.control("DELETE", "/faults", function()
	faults = {}
end)

twin.control("DELETE", "/faults/:id", function(req)
	for i, f in ipairs(faults) do
		if tostring(f.id) == req.params.id then
			table.remove(faults, i)
			return {}
		end
	end
	return nil, "no fault " .. req.params.id
end)

twin.control("GET", "/calls", function(req)
	local log = twin.array {}
	for _, call in ipairs(calls.log) do
		if not req.args.route or req.args.route == call.route then
			local told = twin.copy(call)
			if req.args.bodies ~= "1" then told.request, told.reply = nil, nil end
			log[#log + 1] = told
		end
	end
	return { total = calls.total, by_route = calls.by_route, by_status = calls.by_status, log = log }
end)

twin.control("DELETE", "/calls", function()
	calls = { total = 0, by_route = {}, by_status = {}, log = {} }
end)

twin.control("POST", "/reset", reset)

twin.control("GET", "/state", function()
	return setmetatable({ status = 200, body = dump_state(), kind = "text/plain; charset=utf-8" }, { __metatable = "raw" })
end)

twin.control("PUT", "/state", function(req)
	local well, why = load_state(req.body)
	if not well then return nil, why end
	dirty = true
end)

twin.control("GET", "/errors", function()
	return twin.array(twin.copy(errors))
end)

-- ---- XML -----------------------------------------------------------------------------

local xml = twin.xml

function xml.child(e, name)
	for _, c in ipairs(e) do
		if type(c) == "table" and c.name == name then return c end
	end
end

function xml.children(e, name)
	local list = {}
	for _, c in ipairs(e) do
		if type(c) == "table" and (not name or c.name == name) then list[#list + 1] = c end
	end
	return list
end

-- All text within, children's included; "" for nil.
function xml.text(e)
	if not e then return "" end
	if #e == 1 and type(e[1]) == "string" then return e[1] end
	local out = {}
	for _, c in ipairs(e) do out[#out + 1] = type(c) == "table" and xml.text(c) or c end
	return table.concat(out)
end

function xml.escape(text, how)
	local escaped = xml.escape_raw(text)
	if how and how.ascii then
		escaped = escaped:gsub(utf8.charpattern, function(c)
			return #c > 1 and ("&#%d;"):format(utf8.codepoint(c)) or c
		end)
	end
	return escaped
end

local function write_element(e, out)
	out[#out + 1] = "<" .. e.name
	for _, k in ipairs(sorted_keys(e.attr or {})) do
		out[#out + 1] = (' %s="%s"'):format(k, xml.escape(tostring(e.attr[k])))
	end
	if #e == 0 then
		out[#out + 1] = "/>"
		return
	end
	out[#out + 1] = ">"
	for _, c in ipairs(e) do
		if type(c) == "table" then write_element(c, out) else out[#out + 1] = xml.escape(tostring(c)) end
	end
	out[#out + 1] = "</" .. e.name .. ">"
end

function xml.write(e)
	local out = {}
	write_element(e, out)
	return table.concat(out)
end

-- ---- the start -----------------------------------------------------------------------

local function convert(name, text, default)
	if type(default) == "number" then
		local n = math.tointeger(tonumber(text)) or tonumber(text)
		if not n then error("--set " .. name .. ": a number is wanted, not '" .. text .. "'", 0) end
		return n
	elseif type(default) == "boolean" then
		local word = ({ ["true"] = true, ["1"] = true, on = true, ["false"] = false, ["0"] = false, off = false })[text]
		if word == nil then error("--set " .. name .. ": true or false is wanted, not '" .. text .. "'", 0) end
		return word
	end
	return text
end

function twin.describe(what)
	about.title = what.title
	about.defaults = what.settings or {}
	for name, default in pairs(about.defaults) do twin.settings[name] = default end
	for _, given in ipairs(options.settings) do
		local name, text = given:match("^([^=]*)=(.*)$")
		if about.defaults[name] == nil then
			error(("--set %s: the twin of %s has no such setting; it has %s"):format(name, twin.name,
				table.concat(sorted_keys(about.defaults), ", ")), 0)
		end
		twin.settings[name] = convert(name, text, about.defaults[name])
	end
end

local function read_file(path)
	local f = io.open(path, "rb")
	if not f then return nil end
	local text = f:read("a")
	f:close()
	return text
end

-- Called once by main.c, before the doors open.
function twin.load(given)
	options = given
	local path = given.name
	if not path:find("/", 1, true) and not path:find("%.lua$") then
		path = ("%s/%s/twin.lua"):format(given.plugins, given.name)
		if not read_file(path) then error(("there is no twin '%s': no %s"):format(given.name, path), 0) end
	end
	folder = path:match("^(.*)/[^/]*$") or "."
	twin.name = path:match("([^/]+)/twin%.lua$") or path:match("([^/]+)%.lua$") or given.name
	twin.folder, twin.plugins = folder, given.plugins
	package.path = folder .. "/?.lua;" .. package.path
	if given.seed then math.randomseed(given.seed) end
	if given.clock then
		local ms = twin.from_iso(given.clock)
		if not ms then error("--clock: a time like 2026-10-31T23:30:00Z", 0) end
		twin.set_clock(ms, true)
	end
	local chunk, why = loadfile(path, "t")
	if not chunk then error(why, 0) end
	chunk()
	if #given.settings > 0 and not about.title then error("this twin has no settings", 0) end
	local text = given.state and read_file(given.state)
	if not text then
		reset()
		save()
		return
	end
	local well, told = load_state(text)
	if not well then error(given.state .. ": " .. told, 0) end
	if told and told > twin.now() then twin.set_clock(told) end
end

function twin.ready(url, control, pid)
	urls.protocol, urls.control = url, control
	for _, fn in ipairs(hooks.start) do fn() end
	return json.encode(twin.object { { "twin", twin.name }, { "url", url }, { "control", control }, { "pid", pid },
		{ "ca", options.ca } })
end
