-- connector.lua - the QuickBooks Web Connector: a SOAP client that visits one address, as reference sections 1 to 4 tell.
local processor = require "twin.processor"
local xml = twin.xml
local escape = xml.escape

local connector = {}

local NS = "http://developer.intuit.com/"
local AGENT = "Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 4.0.30319.42000)"
local VERSION = "2.3.0.215"

-- ---- SOAP --------------------------------------------------------------------------------------

local ENVELOPE = [[<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"%s>%s</soap:Envelope>]]

local function document_style(method, params)
	local out = {}
	for _, p in ipairs(params) do
		if p[2] ~= nil then
			out[#out + 1] = p[2] == "" and ("<%s />"):format(p[1]) or ("<%s>%s</%s>"):format(p[1], escape(tostring(p[2])), p[1])
		end
	end
	local inner = #out == 0 and ('<%s xmlns="%s" />'):format(method, NS)
		or ('<%s xmlns="%s">%s</%s>'):format(method, NS, table.concat(out), method)
	return ENVELOPE:format("", "<soap:Body>" .. inner .. "</soap:Body>")
end

local function rpc_style(method, params)
	local out = {}
	for _, p in ipairs(params) do
		local kind = math.type(p[2]) == "integer" and "xsd:int" or "xsd:string"
		if p[2] ~= nil then out[#out + 1] = ('<%s xsi:type="%s">%s</%s>'):format(p[1], kind, escape(tostring(p[2])), p[1]) end
	end
	local body = ('<soap:Body soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><q1:%s xmlns:q1="%s">%s</q1:%s></soap:Body>')
		:format(method, NS, table.concat(out), method)
	return ENVELOPE:format(' xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"', body)
end

-- The .NET proxy reads only what bears the contract's namespace; in RPC style children bear none.
local function named(e, name)
	for _, c in ipairs(xml.children(e)) do
		if c.name == name and (c.ns == NS or twin.settings.style == "RPC") then return c end
	end
end

local function is_nil(e) return e.attr["nil"] == "true" or e.attr["nil"] == "1" end

local function fault_text(body)
	local fault = xml.child(body, "Fault")
	return fault and xml.text(xml.child(fault, "faultstring"))
end

-- The result element of an answer, or nil and what is wrong with it.
local function result_of(method, reply)
	local kind = reply.headers["content-type"] or ""
	if not kind:find("^text/xml") then
		return nil, ("Client found response content type of '%s', but expected 'text/xml'."):format(kind)
	end
	local envelope, why = xml.parse(reply.body)
	if not envelope then return nil, "the answer is no XML: " .. why end
	local body = envelope.name == "Envelope" and xml.child(envelope, "Body")
	if not body then return nil, "the answer is no SOAP envelope" end
	if fault_text(body) then return nil, "SOAP fault: " .. fault_text(body) end
	if reply.status ~= 200 then return nil, ("HTTP status %d"):format(reply.status) end
	local answer = named(body, method .. "Response")
	if not answer then return nil, ("the answer has no %sResponse of %s"):format(method, NS) end
	return named(answer, method .. "Result") or false
end

local function text_of(result)
	if not result or is_nil(result) then return "" end
	local inner = xml.child(result, "string")
	return xml.text(inner or result)
end

local function texts_of(result)
	local list = {}
	for _, c in ipairs(result and xml.children(result) or {}) do
		if c.name == "string" then list[#list + 1] = is_nil(c) and "" or xml.text(c) end
	end
	return list
end

-- ---- a visit -----------------------------------------------------------------------------------

local Visit = {}
Visit.__index = Visit

local number = 0
connector.visits = {} -- the last ones, by number
local order = {}

-- who: {url, user, password, owner_id, app, ca_file}; wish: what a test asked for (see twin.lua).
function connector.new_visit(who, wish)
	number = number + 1
	local visit = setmetatable({
		id = number, who = who, wish = wish or {}, calls = twin.array {}, state = "serverVersion", started = twin.iso(twin.now()),
		http = twin.http_session(), first = true, connection_tries = 0, requests = 0, writes = 0,
	}, Visit)
	connector.visits[number] = visit
	order[#order + 1] = number
	if #order > 500 then connector.visits[table.remove(order, 1)] = nil end
	return visit
end

function Visit:finish(outcome, message)
	self.state, self.outcome, self.message = "over", outcome, message or self.message
	self.ended = twin.iso(twin.now())
end

-- One SOAP call; gives the result element (false: null), or nil after an error.
function Visit:call(method, params, options)
	options = options or {}
	local style = twin.settings.style == "RPC" and rpc_style or document_style
	local row = { method = method, at = twin.iso(twin.now()) }
	self.calls[#self.calls + 1] = row
	local reply, why, kind = twin.http {
		method = "POST", url = self.who.url, body = style(method, params), session = self.http, ca_file = self.who.ca_file,
		verify = self.who.verify ~= false, timeout_ms = twin.settings.timeout_ms, give_up_after = options.give_up_after,
		headers = { ["Content-Type"] = "text/xml; charset=utf-8", SOAPAction = '"' .. NS .. method .. '"', Expect = "100-continue",
			["User-Agent"] = AGENT, Accept = "" },
	}
	if not reply then
		row.error, row.kind = why, kind
		return nil, why
	end
	row.ms, row.status = reply.ms, reply.status
	local result, wrong = result_of(method, reply)
	if result == nil then
		row.error = wrong
		return nil, wrong
	end
	return result, row
end

function Visit:note(result)
	self.calls[#self.calls].result = result
	return result
end

-- serverVersion and clientVersion may be missing in a server: a fault is passed over.
function Visit:serverVersion()
	local result = self:call("serverVersion", {})
	if result ~= nil then self:note(text_of(result)) end
	self.state = "clientVersion"
end

function Visit:clientVersion()
	local result = self:call("clientVersion", { { "strVersion", self.wish.client_version or VERSION } })
	self.state = "authenticate"
	if result == nil then return end
	local text = self:note(text_of(result))
	if text == "" or text:find("^W:") then return end
	if text:find("^[EO]:") then return self:finish("refused", text:sub(3)) end
	self:finish("error", "QBWC1046: clientVersion answered '" .. text .. "'")
end

function Visit:authenticate()
	local result, why = self:call("authenticate", { { "strUserName", self.wish.user or self.who.user },
		{ "strPassword", self.wish.password or self.who.password } })
	if result == nil then return self:finish("error", "QBWC1012: authentication failed: " .. why) end
	local list = self:note(twin.array(texts_of(result)))
	if #list < 2 then return self:finish("error", "QBWC1012: authenticate gave fewer than two strings") end
	self.ticket = list[1]
	local word, postpone, least = list[2]:lower(), tonumber(list[3] or ""), tonumber(list[4] or "")
	if least and least > 0 then self.every_at_least_ms = least * 1000 end
	if postpone and postpone > 0 then self.postponed_ms = postpone * 1000 end
	if word == "nvu" then
		self.state, self.ending, self.message = "closeConnection", "not valid user", "The user name or password is not valid"
	elseif word == "none" then
		self.state, self.ending, self.message = "closeConnection", "nothing to do", "No data exchange required"
	elseif word == "busy" then
		self.state, self.ending, self.message = "closeConnection", "busy", "Application busy"
	elseif self.postponed_ms then
		self.state, self.ending, self.message = "closeConnection", "postponed", "Update postponed by application"
	else
		self.wanted_file, self.state = list[2], "begin"
	end
end

-- BeginSession: the name of the file asked for, or of the one that is open.
local function begin_session(path)
	local fault = twin.fault("file_closed") or twin.fault("connect")
	if fault then return nil, fault.hresult or "0x80040416", fault.message or "If the QuickBooks company data file is not open, a call to the \"BeginSession\" method must include the name of the data file." end
	local state = twin.state
	local open = state.open and state.files[state.open]
	if path == "" then
		if open then return state.open end
		return nil, "0x80040416", "If the QuickBooks company data file is not open, a call to the \"BeginSession\" method must include the name of the data file."
	end
	if open and open.path:lower() == path:lower() then return state.open end
	if open then return nil, "0x8004040A", "A QuickBooks company data file is already open and it is different from the one requested." end
	for name, file in pairs(state.files) do
		if file.path:lower() == path:lower() then return name end
	end
	return nil, "0x80040406", "Could not find the QuickBooks company data file."
end

-- The company file of this session; looked up anew each time, since a person may put a backup back.
function Visit:company() return twin.state.files[self.file] end

function Visit:begin()
	local file, hresult, message = begin_session(self.wanted_file)
	self.connection_tries = self.connection_tries + 1
	if file then
		self.file, self.state = file, "sendRequestXML"
		self.session = processor.new_session(self.who.app)
		self.session.before_each = function(co, request) connector.before_each(co, request) end
		return
	end
	self.hresult, self.hresult_message, self.state = hresult, message, "connectionError"
end

function Visit:connectionError()
	local result, why = self:call("connectionError", { { "ticket", self.ticket }, { "hresult", self.hresult }, { "message", self.hresult_message } })
	if result == nil then return self:finish("error", why) end
	local text = self:note(text_of(result))
	self.message = self.hresult .. ": " .. self.hresult_message
	if text:lower() == "done" or self.connection_tries >= 3 then
		self.ending = "no connection to QuickBooks"
		if twin.settings.close_after_connection_error then
			self.state = "closeConnection"
		else
			self:finish(self.ending)
		end
		return
	end
	self.wanted_file, self.state = text, "begin"
end

function Visit:sendRequestXML()
	local hcp = ""
	if self.first then hcp = processor.hcp(self:company(), self.session, self.who.owner_id) end
	local major, minor = twin.settings.qbxml:match("^(%d+)%.(%d+)$")
	local result, why = self:call("sendRequestXML", { { "ticket", self.wish.ticket or self.ticket }, { "strHCPResponse", hcp },
		{ "strCompanyFileName", self:company().path }, { "qbXMLCountry", twin.settings.country }, { "qbXMLMajorVers", math.tointeger(tonumber(major)) },
		{ "qbXMLMinorVers", math.tointeger(tonumber(minor)) } })
	if result == nil then return self:broken("QBWC1041: SendRequestXML failed: " .. why) end
	self.first = false
	local text = text_of(result)
	if text == "" or text:lower() == "noop" then
		self:note(text)
		self.state = "getLastError"
		return
	end
	if not self.wish.brief then self.calls[#self.calls].qbxml = text end
	self.text, self.state, self.asked = text, "work", twin.iso(twin.now())
end

-- QuickBooks works: the answer, or an hresult, is kept for receiveResponseXML.
function Visit:work()
	local die = twin.fault("die_before")
	if die then return self:finish("died", "the machine stopped before QuickBooks had the request") end
	local stop = twin.fault("modal")
	if stop then
		self.give = { response = "", hresult = "0x80040414", message = "A modal dialog box is showing in the QuickBooks user interface. Your application cannot access QuickBooks until the user dismisses the dialog box." }
	else
		stop = twin.fault("hresult", { body = self.text })
		local done
		if not stop or stop.ran then done = processor.process(self:company(), self.session, self.text) end
		self:noted(done)
		if stop then
			self.give = { response = "", hresult = stop.hresult or "0x80040402", message = stop.message or "There was an unexpected error." }
		elseif done.hresult then
			self.give = { response = "", hresult = done.hresult, message = done.message }
		else
			self.give = { response = done.response, hresult = "", message = "" }
		end
	end
	twin.save_now()
	if twin.fault("die_after") then return self:finish("died", "the machine stopped after QuickBooks had done it") end
	self.state = "receiveResponseXML"
end

function Visit:noted(done)
	if not done then return end
	local row = self.calls[#self.calls]
	row.done, row.why, row.replayed = done.log, done.why, done.replayed
	for _, one in ipairs(done.log) do
		self.requests = self.requests + 1
		if one.write and not done.replayed then self.writes = self.writes + 1 end
	end
end

function Visit:receiveResponseXML()
	local give = self.give
	local params = { { "ticket", self.wish.ticket or self.ticket }, { "response", give.response }, { "hresult", give.hresult }, { "message", give.message } }
	if twin.fault("lose_request") then
		self.calls[#self.calls + 1] = { method = "receiveResponseXML", error = "not sent: the line was cut", at = twin.iso(twin.now()) }
		return self:broken("QBWC1042: ReceiveResponseXML failed: the line was cut")
	end
	local lost = twin.fault("lose_reply")
	local result, why = self:call("receiveResponseXML", params, { give_up_after = lost and 0 or nil })
	local row = self.calls[#self.calls]
	row.response, row.response_bytes, row.hresult = not self.wish.brief and give.response or nil, #give.response, give.hresult
	if result == nil and lost and lost.again then result, why = self:call("receiveResponseXML", params) end
	if result == nil then return self:broken("QBWC1042: ReceiveResponseXML failed: " .. why) end
	if twin.fault("receive_twice") then
		local first = result
		self:note(text_of(first))
		result, why = self:call("receiveResponseXML", params)
		if result == nil then return self:broken("QBWC1042: ReceiveResponseXML failed: " .. why) end
	end
	local text = self:note(text_of(result))
	local percent = text:find("^%s*-?%d+%s*$") and math.tointeger(tonumber(text))
	if not percent then return self:broken("QBWC1042: '" .. text .. "' is no whole number") end
	self.percent = percent
	if percent < 0 then
		self.ending, self.state = "error", "getLastError"
	elseif percent >= 100 then
		self.ending, self.state = "done", "closeConnection"
	else
		self.state = "sendRequestXML"
	end
end

function Visit:getLastError()
	local result, why = self:call("getLastError", { { "ticket", self.wish.ticket or self.ticket } })
	if result == nil then return self:broken("QBWC1044: GetLastError failed: " .. why) end
	local text = self:note(text_of(result))
	if self.ending ~= "error" and text:lower() == "noop" then
		self.pauses = (self.pauses or 0) + 1
		self.state = "sendRequestXML"
		twin.wait(5000)
		return
	end
	self.ending, self.message, self.state = "error", text, "closeConnection"
end

function Visit:closeConnection()
	local result, why = self:call("closeConnection", { { "ticket", self.ticket } })
	if result ~= nil then
		self.closing = self:note(text_of(result))
	else
		self.message = self.message or why
	end
	self:finish(self.ending or "done")
end

-- After a SOAP fault or a lost line: whether closeConnection still comes is not known [?].
function Visit:broken(why)
	self.message, self.ending = why, "error"
	if twin.settings.close_after_fault then
		self.state = "closeConnection"
	else
		self:finish("error", why)
	end
end

-- Runs until it is over, or until what the wish says: until = a state not yet entered, calls = so many SOAP calls.
function Visit:run()
	if self.busy then return nil, "this visit is under way" end
	self.busy = true
	local well, why = pcall(function()
		while self.state ~= "over" do
			if self.wish["until"] == self.state then return end
			local cut = self.state ~= "begin" and self.state ~= "work" and twin.fault("cut", { path = self.state })
			if cut or (self.wish.calls and #self.calls >= self.wish.calls) then
				self:finish("cut", "the line was cut before " .. self.state)
			elseif #self.calls >= twin.settings.max_calls then
				self:finish("endless", ("not over after %d calls"):format(#self.calls))
			else
				self[self.state](self)
			end
		end
	end)
	self.busy = false
	if not well then error(why, 0) end
	return self
end

function Visit:told()
	local t = {
		id = self.id, outcome = self.outcome or ("waiting before " .. self.state), message = self.message, closing = self.closing,
		percent = self.percent, ticket = self.ticket, started = self.started, ended = self.ended, calls = self.calls, requests = self.requests,
		writes = self.writes, pauses = self.pauses or 0, postponed_ms = self.postponed_ms, every_at_least_ms = self.every_at_least_ms,
	}
	return t
end

-- A person changes the record just before a Mod of it runs; set by twin.lua.
function connector.before_each() end

-- ---- adding an application: what the Web Connector checks in a .qwc -----------------------------------------

local function host_of(url) return url:match("^%a+://%[?([^/%]:]+)") end

local function answers_get(url, who)
	local reply = twin.http { url = url, ca_file = who.ca_file, verify = who.verify ~= false, follow = true }
	return reply and (reply.status == 200 or reply.status == 202), reply
end

local function is_address(host) return host:find("^%d+%.%d+%.%d+%.%d+$") ~= nil or host:find(":", 1, true) ~= nil end

-- Reads a .qwc as the Web Connector does; gives the application, or nil and the error.
function connector.read_qwc(text, who)
	local root, why = xml.parse(text)
	if not root or root.name ~= "QBWCXML" then return nil, "not a .qwc file: " .. (why or "no QBWCXML") end
	local q = {}
	for _, e in ipairs(xml.children(root)) do q[e.name] = xml.text(e) end
	for _, name in ipairs { "AppName", "AppID", "AppURL", "AppDescription", "AppSupport", "UserName", "OwnerID", "FileID", "QBType" } do
		if not q[name] or (q[name] == "" and name ~= "AppID") then return nil, "the .qwc has no " .. name end
	end
	for _, name in ipairs { "OwnerID", "FileID" } do
		if not q[name]:find("^{%x+%-%x+%-%x+%-%x+%-%x+}$") then return nil, name .. " is no GUID in braces" end
	end
	if q.QBType ~= "QBFS" then return nil, "QBType is " .. q.QBType end
	local url_host, support_host = host_of(q.AppURL), host_of(q.AppSupport)
	if not url_host or not support_host then return nil, "QBWC1013: AppURL or AppSupport is no address" end
	if twin.settings.strict_urls then
		if is_address(url_host) then return nil, "QBWC1001: the domain of AppURL is an IP address" end
		if is_address(support_host) then return nil, "QBWC1002: the domain of AppSupport is an IP address" end
		if url_host:lower() ~= support_host:lower() then return nil, "QBWC1000: the domains of AppSupport and AppURL differ" end
		if q.AppURL:find("^http:") and url_host:lower() ~= "localhost" then return nil, "QBWC1010: http is for localhost only" end
	end
	if not answers_get(q.AppSupport, who) then return nil, "QBWC1003: AppSupport does not answer" end
	if not answers_get(q.CertURL or q.AppURL, who) then return nil, "QBWC1048: the certificate of AppURL cannot be checked" end
	local minutes = root and xml.child(root, "Scheduler")
	local every = minutes and xml.children(minutes)[1]
	local seconds = every and tonumber(xml.text(every)) and tonumber(xml.text(every)) * (every.name == "RunEveryNMinutes" and 60 or 1)
	return { url = q.AppURL, user = q.UserName, owner_id = q.OwnerID, file_id = q.FileID, app = q.AppName, style = q.Style,
		every_ms = seconds and math.tointeger(seconds * 1000), read_only = q.IsReadOnly == "true" }
end

-- Writes the FileID into the company file that is open, once.
function connector.mark_file(co, owner_id, file_id)
	for _, row in ipairs(co.ext) do
		if row.OwnerID:lower() == owner_id:lower() and row.DataExtName == "FileID" then
			if row.DataExtValue:lower() == file_id:lower() then return true end
			return nil, "QBWC1026: this company file is in use with another FileID of the same application"
		end
	end
	table.insert(co.ext, { OwnerID = owner_id, DataExtName = "FileID", DataExtType = "STR255TYPE", DataExtValue = file_id })
	return true
end




return connector
