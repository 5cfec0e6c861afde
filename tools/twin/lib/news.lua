-- news.lua - what a twin tells by itself: queued in twin.state.queue when it happens, sent a moment later, one after the other.
--
-- local news = require "news" {
--   fault = "hook",                       its faults: hook_lost, hook_twice, hook_late {ms}, hook_reversed (all that wait, last first)
--   about = function(due) ... end,        what a fault's path may name; nil: nobody wants it any more
--   send  = function(due) ... end,        sends it, by news.http(); what it gives goes to done
--   done  = function(due, ...) ... end,   what its outcome means; may be left out
-- }
-- Settings: deliver_after_ms, hook_ca_file, hook_verify.
return function(what)
	local news, timer, draining, on_its_way = {}, nil, false, 0

	-- A twin's own state may have been loaded with some waiting.
	function news.wake()
		if timer or draining or #twin.state.queue == 0 then return end
		timer = twin.after(twin.settings.deliver_after_ms, function()
			timer, draining = nil, true
			local well, why = pcall(news.drain)
			draining = false
			if not well then error(why, 0) end
			news.wake()
		end)
	end

	function news.add(due)
		table.insert(twin.state.queue, due)
		news.wake()
	end

	-- Again, as if it had happened then.
	function news.add_later(due, ms)
		twin.after(ms, function() news.add(due) end)
	end

	-- twin.http to a receiver.
	function news.http(request)
		request.ca_file = twin.settings.hook_ca_file ~= "" and twin.settings.hook_ca_file or nil
		request.verify = twin.settings.hook_verify
		on_its_way = on_its_way + 1
		local reply, why, kind = twin.http(request)
		on_its_way = on_its_way - 1
		return reply, why, kind
	end

	local function one(due)
		local path = what.about(due)
		if not path then return end
		local about = { method = "POST", path = path }
		local late = twin.fault(what.fault .. "_late", about)
		if late then return news.add_later(due, late.ms or 1000) end
		if twin.fault(what.fault .. "_lost", about) then return end
		local told = table.pack(what.send(due))
		if twin.fault(what.fault .. "_twice", about) and what.about(due) then what.send(due) end
		if what.done then what.done(due, table.unpack(told, 1, told.n)) end
	end

	-- A slow receiver holds all up that waits behind it.
	function news.drain()
		if #twin.state.queue > 1 and twin.fault(what.fault .. "_reversed") then
			local turned = {}
			for i = #twin.state.queue, 1, -1 do turned[#turned + 1] = twin.state.queue[i] end
			twin.state.queue = turned
		end
		while #twin.state.queue > 0 do one(table.remove(twin.state.queue, 1)) end
	end

	-- All that waits, and what is on its way, before it returns: how many were sent, as count() has them.
	function news.deliver_all(count)
		local before = count()
		repeat
			news.drain()
			while on_its_way > 0 do twin.pause(2) end
		until #twin.state.queue == 0
		return { sent = count() - before }
	end

	return news
end
