-- echo.lua - a twin that does a little of everything, for the runner's own test.
twin.describe { title = "Echo", settings = { key = "a", n = 3, on = true, pace = 1.5 } }
twin.fault_kinds { "grumpy" }

twin.on_reset(function() twin.state.things, twin.state.ticks = { { id = 1, name = "Zoë / \"x\"", price = 17.993333333333332 } }, 0 end)

twin.before(function(req)
	if req.headers["x-key"] == "wrong" then return { status = 401, json = { code = "no" } } end
end)

twin.route("GET", "/things/:id", function(req)
	if twin.fault("grumpy") then return { status = 418, body = "no" } end
	local thing = twin.state.things[tonumber(req.params.id)]
	if not thing then return { status = 404, json = { code = "gone" } } end
	return { json = thing, headers = { ["X-Two"] = { "1", "2" } }, json_options = { ascii = true, slashes = true } }
end)

twin.route("POST", "/things", function(req)
	local thing, why = req:json()
	if type(thing) ~= "table" then return { status = 400, json = { error = why } } end
	table.insert(twin.state.things, thing)
	twin.changed()
	return { status = 201, json = twin.object { { "id", #twin.state.things }, { "thing", thing }, { "bare", twin.json.bare("12.30") } } }
end)

twin.route("*", "/echo/*rest", function(req)
	return { json = { method = req.method, rest = req.params.rest, path = req.path, raw = req.raw_path, query = req.query, args = req.args,
		list = twin.array(req.arg_list), body = req.body, scheme = req.scheme, form = (req:form()) } }
end)

twin.route("GET", "/boom", function() error("boom") end)

twin.control("POST", "/call", function(req)
	local want = req:json()
	local reply, why, kind = twin.http(want)
	return reply or { why = why, kind = kind }
end)

twin.control("POST", "/lua", function(req)
	local fn, why = load("return " .. req.body)
	if not fn then return nil, why end
	return { value = fn() }
end)

twin.every(60000, function()
	twin.state.ticks = twin.state.ticks + 1
	twin.state.last_tick = twin.iso(twin.now())
end)
