-- processor.lua - QuickBooks' request processor: a qbXML text in; an answer text, or an HRESULT, out.
local values = require "twin.values"
local shapes = require "twin.shapes"
local company = require "twin.company"
local writes = require "twin.writes"
local reads = require "twin.reads"
local aging = require "twin.aging"
local xml = twin.xml
local escape = xml.escape
local refuse = values.refuse

local processor = {}

local PARSE_ERROR = "0x80040400"
local PARSE_TEXT = "QuickBooks found an error when parsing the provided XML text stream."

-- ---- structure --------------------------------------------------------------------------------

local schema

-- The vendor's schema, where it is at hand: MLC_SPECS, or shared/specs beside the checkout.
local function schema_path()
	local folders = {}
	if os.getenv("MLC_SPECS") then folders[#folders + 1] = os.getenv("MLC_SPECS") end
	folders[#folders + 1] = twin.plugins .. "/../../shared/specs"
	for _, folder in ipairs(folders) do
		local path = folder .. "/quickbooks-desktop/xsd/QBUqbxmlops160.xsd"
		local f = io.open(path, "rb")
		if f then
			f:close()
			return path
		end
	end
end

function processor.open_schema()
	if twin.settings.schema == "off" then return end
	local path = schema_path()
	if path then
		schema = assert(xml.schema(path))
	elseif twin.settings.schema == "required" then
		error("the schema QBUqbxmlops160.xsd was not found: set MLC_SPECS", 0)
	end
end

function processor.has_schema() return schema ~= nil end

-- libxml2's codes that speak of a value, not of the structure: types, lengths, patterns, enumerations.
local function about_value(complaint)
	return (complaint.code >= 1824 and complaint.code <= 1840) or complaint.code == 1877 or complaint.code == 1878
end

local function malformed(why, ...)
	error({ hresult = PARSE_ERROR, message = PARSE_TEXT, why = why:format(...) }, 0)
end

local function check_schema(text)
	local well, complaints = schema:check(text)
	if well then return end
	for _, c in ipairs(complaints) do
		if not about_value(c) then malformed("schema: line %d: %s", c.line, c.message) end
	end
end

-- ---- from elements to content --------------------------------------------------------------------

local read_content

local function read_one(e, child, path, unknown)
	if e.kind == "ref" then
		local ref = {}
		for _, part in ipairs(xml.children(child)) do
			if part.name ~= "ListID" and part.name ~= "FullName" then malformed("%s/%s has no %s", path, e.name, part.name) end
			ref[part.name] = values.stored(xml.text(part))
		end
		return ref
	elseif e.kind == "nested" then
		return read_content(e.body, child, path .. "/" .. e.name, unknown)
	end
	if #xml.children(child) > 0 then malformed("%s/%s holds elements", path, e.name) end
	return xml.text(child)
end

-- The alternative that is used; nil: none.  Two of them exclude each other.
local function used_alternative(shape, seen, path)
	local used
	for _, e in ipairs(shape.elements) do
		if e.alternative and seen[e.name] then
			if used and used ~= e.alternative then malformed("%s: %s is of another alternative", path, e.name) end
			used = e.alternative
		end
	end
	return used
end

-- Are the required elements there, and no two that exclude each other?
local function check_presence(shape, seen, path)
	local alternative, used_choice, lacking = used_alternative(shape, seen, path), {}, {}
	for _, e in ipairs(shape.elements) do
		local group = e.list or e.choice or (e.alternative and not alternative and "alternatives")
		local counts = not e.alternative or not alternative or e.alternative == alternative
		if seen[e.name] then
			if e.choice then
				if used_choice[e.choice] then malformed("%s: %s and %s exclude each other", path, used_choice[e.choice], e.name) end
				used_choice[e.choice] = e.name
			end
			if group then lacking[group] = false end
		elseif e.required and counts then
			if not group then malformed("%s: %s is missing", path, e.name) end
			if lacking[group] == nil then lacking[group] = e.name end
		end
	end
	for _, name in pairs(lacking) do
		if name then malformed("%s: %s is missing", path, name) end
	end
end

function read_content(shape, element, path, unknown)
	local content, seen, rank = {}, {}, 0
	for _, child in ipairs(xml.children(element)) do
		local e = shape.by_name[child.name]
		if not e then
			if not schema then malformed("%s has no %s", path, child.name) end
			unknown[#unknown + 1] = child.name
		else
			if e.rank < rank then malformed("%s: %s is out of order", path, child.name) end
			if seen[e.name] and not e.many then malformed("%s: %s stands twice", path, child.name) end
			rank, seen[e.name] = e.rank, true
			local value = read_one(e, child, path, unknown)
			if e.list then
				content[e.list] = content[e.list] or {}
				table.insert(content[e.list], { name = e.name, content = value })
			elseif e.many then
				content[e.name] = content[e.name] or {}
				table.insert(content[e.name], value)
			else
				content[e.name] = value
			end
		end
	end
	check_presence(shape, seen, path)
	return content
end

-- Values by type; what is stored is Windows-1252.  Changes content in place.
local function check_values(shape, content)
	for _, e in ipairs(shape.elements) do
		local list = e.list and content[e.list] or e.many and content[e.name] or { content[e.name] }
		for i, value in ipairs(list) do
			local inner = e.list and (value.name == e.name and value.content or nil) or value
			if e.list then
				if inner then check_values(e.body, inner) end
			elseif e.kind == "nested" then
				check_values(e.body, inner)
			elseif e.kind ~= "ref" then
				values.check(e, inner)
				local stored = values.normal(e, values.stored(inner))
				if e.many then content[e.name][i] = stored else content[e.name] = stored end
			end
		end
	end
end

-- ---- the document --------------------------------------------------------------------------------

local ON_ERROR = { stopOnError = true, continueOnError = true }
local ITERATOR = { Start = true, Continue = true, Stop = true }
local METADATA = { NoMetaData = true, MetaDataOnly = true, MetaDataAndResponseData = true }

local function check_version(pi)
	local version = pi.qbxml and pi.qbxml:match('version%s*=%s*"([%d%.]+)"')
	if not version then malformed("no <?qbxml version?>") end
	if tonumber(version) > tonumber(twin.settings.qbxml) then malformed("qbXML %s is newer than QuickBooks", version) end
end

local function check_attributes(rq, object, verb)
	local a = rq.attr
	for name in pairs(a) do
		if name ~= "requestID" and not (verb == "Query" and (name == "iterator" or name == "iteratorID" or name == "metaData")) then
			malformed("%s has no attribute %s", rq.name, name)
		end
	end
	if a.iterator and (not ITERATOR[a.iterator] or not shapes.iterates(object)) then malformed("%s cannot be iterated", rq.name) end
	if a.metaData and not METADATA[a.metaData] then malformed("metaData %s", a.metaData) end
end

local function read_request(rq)
	local name = rq.name:match("^(%w+)Rq$")
	local shape, verb, object = nil, nil, nil
	if name then shape, verb, object = shapes.request(name) end
	local request = { name = rq.name, answer = (name or rq.name) .. "Rs", verb = verb, object = object, kind = name, attr = rq.attr, unknown = {} }
	if not shape then
		if not schema then malformed("no request %s", rq.name) end
		return request
	end
	check_attributes(rq, object, verb)
	request.content = read_content(shape, rq, name, request.unknown)
	request.shape = shape
	return request
end

-- A document as {set attributes, requests}; raises {hresult, message, why}.
local function read_document(text)
	if twin.settings.raw_text == "refuse" and text:find("[\x80-\xff]") then
		malformed("a character that is not ASCII stands unescaped")
	end
	local root, why = xml.parse(text)
	if not root then malformed("%s", why) end
	check_version(root.pi)
	local sets = xml.children(root)
	if root.name ~= "QBXML" or #sets ~= 1 or sets[1].name ~= "QBXMLMsgsRq" then malformed("not one QBXML/QBXMLMsgsRq") end
	local set = sets[1]
	if not ON_ERROR[set.attr.onError or ""] then malformed("onError %s", tostring(set.attr.onError)) end
	if schema then check_schema(text) end
	local requests = {}
	for _, rq in ipairs(xml.children(set)) do requests[#requests + 1] = read_request(rq) end
	return set.attr, requests
end

-- Is the structure right?  Twice: by the schema (nil where there is none) and by our own shapes; each "" or what is wrong.
function processor.check(text)
	local function verdict(fn)
		local well, why = pcall(fn)
		if well then return "" end
		if type(why) ~= "table" then error(why, 0) end
		return why.why
	end
	local own_schema = schema
	local by_schema = schema and verdict(function() check_schema(text) end)
	schema = nil
	local well, own = pcall(verdict, function() read_document(text) end)
	schema = own_schema
	if not well then error(own, 0) end
	return by_schema, own
end

-- ---- one request -----------------------------------------------------------------------------------

local function severity(code) return code < 500 and "Info" or code < 1000 and "Warn" or "Error" end

local ATTRIBUTES = { "retCount", "iteratorRemainingCount", "iteratorID" }

local function answer(request, code, message, body, attributes)
	local out = { "<", request.answer }
	if request.attr.requestID then out[#out + 1] = (' requestID="%s"'):format(escape(request.attr.requestID)) end
	for _, name in ipairs(ATTRIBUTES) do
		if attributes and attributes[name] then out[#out + 1] = (' %s="%s"'):format(name, escape(attributes[name])) end
	end
	out[#out + 1] = (' statusCode="%d" statusSeverity="%s" statusMessage="%s"'):format(code, severity(code), escape(message or "Status OK"))
	out[#out + 1] = (body and body ~= "") and ">" .. body .. "</" .. request.answer .. ">" or "/>"
	return table.concat(out)
end

local function recovery(record)
	local out = { "<ErrorRecovery>" }
	out[#out + 1] = record.list and "<ListID>" .. record.id .. "</ListID>" or "<TxnID>" .. record.id .. "</TxnID>"
	if record.number then out[#out + 1] = "<TxnNumber>" .. record.number .. "</TxnNumber>" end
	out[#out + 1] = "<EditSequence>" .. record.edit .. "</EditSequence>"
	if record.f.ExternalGUID then out[#out + 1] = "<ExternalGUID>" .. record.f.ExternalGUID .. "</ExternalGUID>" end
	return table.concat(out) .. "</ErrorRecovery>"
end

local function element(name, text) return text and ("<%s>%s</%s>"):format(name, escape(text), name) or "" end

local OTHERS = {}

function OTHERS.HostQuery(_, given) return reads.host(given) end
function OTHERS.CompanyQuery(co, given) return reads.company(co, given) end
function OTHERS.PreferencesQuery(co, given) return reads.preferences(co, given) end
function OTHERS.TxnDeletedQuery(co, given) return reads.deleted(co, "Txn", given.TxnDelType, given.DeletedDateRangeFilter) end
function OTHERS.ListDeletedQuery(co, given) return reads.deleted(co, "List", given.ListDelType, given.DeletedDateRangeFilter) end
function OTHERS.AgingReportQuery(co, given) return aging.report(co, given) end
function OTHERS.DataExtDefQuery(co, given) return reads.ext_defs(co, given) end

function OTHERS.TxnDel(co, given)
	local txn = writes.delete_txn(co, given.TxnDelType, given.TxnID)
	return element("TxnDelType", txn.type) .. element("TxnID", txn.id) .. element("TimeDeleted", company.time_text(twin.now()))
		.. element("RefNumber", txn.f.RefNumber)
end

function OTHERS.TxnVoid(co, given)
	local txn = writes.void(co, given.TxnVoidType, given.TxnID)
	return element("TxnVoidType", txn.type) .. element("TxnID", txn.id) .. element("TimeCreated", company.time_text(txn.created))
		.. element("TimeModified", company.time_text(txn.modified)) .. element("RefNumber", txn.f.RefNumber), nil, txn
end

function OTHERS.ListDel(co, given)
	local record, name = writes.delete_list(co, given.ListDelType, given.ListID)
	return element("ListDelType", record.object) .. element("ListID", record.id) .. element("TimeDeleted", company.time_text(twin.now()))
		.. element("FullName", name)
end

local function ext_told(row)
	return "<DataExtRet>" .. element("OwnerID", row.OwnerID) .. element("DataExtName", row.DataExtName)
		.. element("DataExtType", row.DataExtType) .. element("DataExtValue", row.DataExtValue) .. "</DataExtRet>"
end

function OTHERS.DataExtAdd(co, given) return ext_told(writes.set_ext(co, "Add", given.DataExtAdd)) end
function OTHERS.DataExtMod(co, given) return ext_told(writes.set_ext(co, "Mod", given.DataExtMod)) end

function OTHERS.DataExtDel(co, given)
	writes.set_ext(co, "Del", given.DataExtDel)
	return ""
end

function OTHERS.DataExtDefAdd(co, given)
	local def = writes.add_ext_def(co, given.DataExtDefAdd)
	return reads.ext_defs(co, { OwnerID = { def.owner }, AssignToObject = def.assigned })
end

local MAY_FIND_NOTHING = { TxnDeletedQuery = true, ListDeletedQuery = true, DataExtDefQuery = true }
local CHANGES = { TxnDel = true, TxnVoid = true, ListDel = true, DataExtAdd = true, DataExtMod = true, DataExtDel = true, DataExtDefAdd = true }

function processor.is_write(request)
	return request.verb == "Add" or request.verb == "Mod" or CHANGES[request.kind] == true
end

local function only_of(content)
	if not content.IncludeRetElement then return nil end
	local set = {}
	for _, name in ipairs(content.IncludeRetElement) do set[name] = true end
	return set
end

-- Gives body, attributes, code, message, and the record that was written.
local function run(co, session, request)
	local given = request.content
	if not given then refuse(1030, "The request %s is not supported by this edition.", request.name) end
	check_values(request.shape, given)
	if request.object == "Currency" and not company.keeps_currencies(co) then company.feature_off() end
	if not twin.settings.iterator_survives then
		local mine = session.iterators[request.attr.iteratorID or ""]
		session.iterators = mine and { [mine.id] = mine } or {}
	end
	if request.verb == "Query" and not OTHERS[request.kind] then
		return reads.query(co, session, request.object, given, request.attr)
	elseif request.verb == "Add" or request.verb == "Mod" then
		if OTHERS[request.kind] then return OTHERS[request.kind](co, given) end
		local record = (request.verb == "Add" and writes.add or writes.mod)(co, request.object, given[request.kind])
		local opts = { owners = {}, lines = true, links = true, only = only_of(given) }
		return reads.ret(co, record, opts), nil, nil, nil, record
	end
	local body, _, record = OTHERS[request.kind](co, given)
	if body == "" and MAY_FIND_NOTHING[request.kind] then
		return body, nil, 1, "A query request did not find a matching object in QuickBooks"
	end
	return body, nil, nil, nil, record
end

-- A fault that hits one request: {"kind":"refuse","request":"InvoiceAddRq","code":3175,"message":"..","contains":".."}.
local function faulted(request, text)
	local fault = twin.fault("refuse", { path = request.name, body = text })
	if fault then refuse(fault.code or 3175, fault.message or "There was an error adding, modifying or deleting the record because it is already in use by another user.") end
end

local function answer_one(co, session, request, text)
	if request.attr.requestID and #request.attr.requestID > 50 then
		return answer(request, 1060, "The requestID is too long."), 1060
	end
	local well, body, attributes, code, message, record = pcall(function()
		faulted(request, text)
		session.before_each(co, request)
		return run(co, session, request)
	end)
	if well then
		if #request.unknown > 0 and not code then
			code, message = 530, ("The element %s is not supported."):format(request.unknown[1])
		end
		return answer(request, code or 0, message, body, attributes), code or 0, record
	end
	local refusal = body
	if type(refusal) ~= "table" or not refusal.status then error(refusal, 0) end
	local current = twin.settings.stale_tells_record and refusal.current
	return answer(request, refusal.status, refusal.message, current and reads.ret(co, current)), refusal.status
end

-- ---- a set, and what is remembered of it ---------------------------------------------------------------

local function wrap(attributes, answers)
	return '<?xml version="1.0" ?>\n<QBXML><QBXMLMsgsRs' .. attributes .. (#answers > 0 and ">" .. table.concat(answers) .. "</QBXMLMsgsRs>" or "/>")
		.. "</QBXML>"
end

local function run_all(co, session, set, requests, text, log)
	local answers, recovered, stopped = {}, {}, false
	for _, request in ipairs(requests) do
		local told, code, record
		if stopped then
			told, code = answer(request, 3231, "The request has not been processed."), 3231
		else
			told, code, record = answer_one(co, session, request, text)
		end
		if set.responseData == "includeNone" then told = answer(request, code) end
		stopped = stopped or (code >= 1000 and set.onError == "stopOnError")
		answers[#answers + 1] = told
		recovered[#recovered + 1] = record and processor.is_write(request) and answer(request, code, nil, recovery(record)) or told
		log[#log + 1] = { request = request.name, requestID = request.attr.requestID, status = code, write = processor.is_write(request),
			id = record and record.id }
		if code ~= 3231 and processor.is_write(request) then twin.changed() end
	end
	return answers, recovered
end

local function set_attributes(id, code)
	return (id and (' newMessageSetID="%s"'):format(escape(id)) or "") .. (' messageSetStatusCode="%d"'):format(code)
end

local until_closed = {} -- application -> message sets, with sets_live=session

function processor.file_closed() until_closed = {} end

local function of_app(co, app)
	local all = twin.settings.sets_live == "file" and co.message_sets or until_closed
	all[app] = all[app] or {}
	return all[app]
end

local function find_set(sets, id)
	for i, stored in ipairs(sets) do
		if stored.id == id then return stored, i end
	end
end

local function forget(sets, id)
	if id == "ClearAllMessageSets" then
		local any = #sets > 0
		for i = #sets, 1, -1 do sets[i] = nil end
		return any
	end
	local _, at = find_set(sets, id)
	if at then table.remove(sets, at) end
	return at ~= nil
end

local function replay(stored)
	return wrap(set_attributes(stored.id, 0), { twin.settings.replay == "recovery" and stored.recovery or stored.answers })
end

-- Message-set recovery (reference section 6).  session.app: who asks; the memory is per application, in the company file.
local function run_set(co, session, set, requests, text, log)
	local new, old = set.newMessageSetID, set.oldMessageSetID
	local sets = of_app(co, session.app)
	if not new and not old then return wrap("", (run_all(co, session, set, requests, text, log))) end
	if new and #new > twin.settings.set_id_limit then return wrap(set_attributes(new, 9004), {}) end
	local stored = new and find_set(sets, new)
	if stored and #requests == 0 then
		return twin.settings.status_check == "answer" and replay(stored) or wrap(set_attributes(new, 0), {})
	end
	if stored then
		if stored.digest ~= twin.hex(twin.digest("sha256", text)) then return wrap(set_attributes(new, 9001), {}) end
		log.replayed = new
		return replay(stored)
	end
	if #requests == 0 and new then return wrap(set_attributes(new, 9002), {}) end
	local known = old and forget(sets, old)
	if old then twin.changed() end
	if not new then return wrap(set_attributes(nil, known and 0 or 600), {}) end
	if twin.fault("never_ran", { path = new }) then return wrap(set_attributes(new, 9002), {}) end
	local answers, recovered = run_all(co, session, set, requests, text, log)
	if twin.settings.stored_sets == "one" then forget(sets, "ClearAllMessageSets") end
	if twin.fault("not_stored", { path = new }) then return wrap(set_attributes(new, 9005), answers) end
	table.insert(sets, { id = new, digest = twin.hex(twin.digest("sha256", text)), answers = table.concat(answers),
		recovery = table.concat(recovered), at = twin.now() })
	twin.changed()
	return wrap(set_attributes(new, 0), answers)
end

function processor.new_session(app)
	return { app = app, iterators = {}, before_each = function() end }
end

-- Gives {response=, log=} or {hresult=, message=, why=, log=}.  log: one row a request.
function processor.process(co, session, text)
	local log = twin.array {}
	local well, set, requests = pcall(read_document, text)
	if not well then
		if type(set) ~= "table" or not set.hresult then error(set, 0) end
		return { hresult = set.hresult, message = set.message, why = set.why, log = log }
	end
	return { response = run_set(co, session, set, requests, text, log), log = log, replayed = log.replayed }
end

-- The first sendRequestXML of a session carries these three answers.
function processor.hcp(co, session, owner_id)
	local text = '<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="continueOnError"><HostQueryRq requestID="0"/><CompanyQueryRq requestID="1">'
		.. (owner_id and "<OwnerID>" .. owner_id .. "</OwnerID>" or "")
		.. '</CompanyQueryRq><PreferencesQueryRq requestID="2"/></QBXMLMsgsRq></QBXML>'
	return processor.process(co, session, text).response
end

return processor
