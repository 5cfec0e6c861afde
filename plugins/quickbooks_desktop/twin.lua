-- twin.lua - QuickBooks Desktop: the Web Connector with QuickBooks behind it.  Run by tools/twin; told of in docs/twins.md.
--
-- The protocol door serves nothing: here the twin is the client.  The control door is where a test, or a person, sits
-- before the PC: adds the application, starts visits, edits the books, breaks things.
twin.describe {
	title = "QuickBooks Desktop with its Web Connector",
	settings = {
		-- the application (or POST /qwc, POST /connect)
		url = "", user = "", password = "", app = "ml-connector", owner_id = "", file_id = "", ca_file = "", verify = true,
		style = "Document", every_minutes = 0, timeout_ms = 60000, strict_urls = true,
		max_calls = 5000,               -- of one visit, so that a test ends; the real one has no limit
		-- the company file and its machine
		seed = "shop", utc_offset = -8, summer_time = "us", country = "US", qbxml = "16.0", product = "QuickBooks Enterprise Solutions 2024",
		file_mode = "MultiUser", max_names = 14500, print_by_default = true, customer_defaults = true, schema = "auto",
		-- what the reference marks [?], each switchable
		list_ids = "per_list",          -- shared: one counter for all lists
		ref_conflict = "id",            -- ListID and FullName disagree: id or name wins, or refuse
		inactive_refs = "refuse",       -- or accept: an inactive record named in a new document
		empty_clears = true,            -- an empty element in a Mod clears the field
		raw_text = "refuse",            -- or accept: raw non-ASCII characters in a request
		unstorable = "mark",            -- or drop: a character beyond Windows-1252 becomes "?", or nothing
		summer_offset = "wrong",        -- or right: the offset shown in summer
		none_found = 500,               -- or 1: none of the ids asked for is there
		dead_iterator = 3120,           -- the status of an iteratorID of another session
		iterator_survives = true,       -- another request between two pages leaves the iterator alive
		query_order = "created",        -- or shuffled
		balance_modifies = false,       -- a customer's new balance is a modification of the customer
		deleted_unfiltered = "all",     -- or none: a deletion query without dates
		stale_tells_record = true,      -- a 3200 answer carries the current record
		replay = "full",                -- or recovery: the remembered answer has ErrorRecovery instead of the Ret
		status_check = "status",        -- or answer: what a set without requests tells of the one that it names
		stored_sets = "one",            -- or several: message sets remembered per application
		sets_live = "file",             -- or session: remembered in the company file, or until the file is closed or QuickBooks ends
		set_id_limit = 24,              -- or 23
		close_after_fault = false,      -- closeConnection after a SOAP fault or a lost line
		close_after_connection_error = true, -- and after connectionError was answered "done"
		merge_tells_deletion = true,    -- a merge shows as a deletion of the one that is gone
		merge_touches = "all",          -- or documents, survivor, none: what a merge changes the time of
		linked_void = "allow",          -- or refuse: voiding a document that is applied to
		linked_delete = "refuse",       -- or allow: deleting an invoice that is paid
		payment_mod = "listed",         -- or all: AppliedToTxnMod takes back only what it lists, or everything
		amount_mismatch = "refuse",     -- or accept: Amount is not Rate times Quantity
		tax_rounding = "subtotal",      -- or line
		group_rounding = "each",        -- or total: a tax group is rounded by item, or as a whole
		subtotal_discount = "whole",    -- or prorate: a taxable discount on mixed lines
		unique_guid = false,            -- a second document with the same ExternalGUID is refused
	},
}

local values = require "twin.values"
local company = require "twin.company"
local books = require "twin.books"
local currencies = require "twin.currencies"
local writes = require "twin.writes"
local reads = require "twin.reads"
local shapes = require "twin.shapes"
local processor = require "twin.processor"
local connector = require "twin.connector"
local seed = require "twin.seed"

processor.open_schema()
twin.fault_kinds { "asleep", "file_closed", "connect", "die_before", "die_after", "modal", "hresult", "lose_request", "lose_reply", "receive_twice",
	"cut", "refuse", "edit_before", "never_ran", "not_stored" }

local SEEDS = { shop = seed.shop, sample = seed.sample, bare = seed.bare }

local function optional(text) return text ~= "" and text or nil end

twin.on_reset(function()
	local make = SEEDS[twin.settings.seed]
	if not make then error("--set seed: shop, sample or bare, not '" .. twin.settings.seed .. "'", 0) end
	twin.state.files = { main = make() }
	twin.state.open = "main"
	twin.state.who = { url = twin.settings.url, user = twin.settings.user, password = twin.settings.password, app = twin.settings.app,
		owner_id = optional(twin.settings.owner_id), file_id = optional(twin.settings.file_id), ca_file = optional(twin.settings.ca_file),
		verify = twin.settings.verify, every_ms = twin.settings.every_minutes * 60000 }
	local who = twin.state.who
	if who.owner_id and who.file_id then assert(connector.mark_file(twin.state.files.main, who.owner_id, who.file_id)) end
end)

local function open_file()
	local co = twin.state.open and twin.state.files[twin.state.open]
	if not co then twin.plain("no company file is open") end
	return co
end

-- ---- visits --------------------------------------------------------------------------------------

local next_visit_ms
local timer

local function schedule()
	if timer then twin.cancel(timer) end
	local every = twin.state.who.every_ms
	timer = nil
	if every <= 0 then return end
	next_visit_ms = twin.now() + every
	timer = twin.every(every, function()
		if twin.now() < next_visit_ms or twin.fault("asleep") then return end
		local visit = connector.new_visit(twin.copy(twin.state.who), {})
		visit:run()
		local more = visit.postponed_ms or 0
		if visit.every_at_least_ms and visit.every_at_least_ms > every then more = math.max(more, visit.every_at_least_ms - every // 2) end
		next_visit_ms = twin.now() + more
	end)
end

twin.on_load(schedule)

local function ready_to_visit()
	local who = twin.state.who
	if who.url == "" then return nil, "no application was added: POST /qwc or POST /connect first" end
	return who
end

-- {user, password, ticket, client_version: used instead; until: a state, or calls: a number, to stop before; resume: a visit's id}
twin.control("POST", "/visit", function(req)
	local wish = req.body == "" and {} or req:json()
	if type(wish) ~= "table" then return nil, "send an object" end
	local visit
	if wish.resume then
		visit = connector.visits[wish.resume]
		if not visit or visit.state == "over" then return nil, "no visit " .. tostring(wish.resume) .. " is open" end
		visit.wish = wish
	else
		local who, why = ready_to_visit()
		if not who then return nil, why end
		if twin.fault("asleep") then return { outcome = "asleep", calls = twin.array {} } end
		visit = connector.new_visit(twin.copy(who), wish)
	end
	local well, why = visit:run()
	if not well then return nil, why end
	return visit:told()
end)

twin.control("GET", "/visits", function()
	local list = twin.array {}
	local ids = {}
	for id in pairs(connector.visits) do ids[#ids + 1] = id end
	table.sort(ids)
	for _, id in ipairs(ids) do
		local told = connector.visits[id]:told()
		told.calls = #told.calls
		list[#list + 1] = told
	end
	return list
end)

twin.control("GET", "/visits/:id", function(req)
	local visit = connector.visits[tonumber(req.params.id)]
	if not visit then return nil, "no visit " .. req.params.id end
	return visit:told()
end)

-- One SOAP call by hand: {method, params: [[name, value], ..]}; what a stranger, or a second Web Connector, would send.
twin.control("POST", "/call", function(req)
	local want, why = req:json()
	if type(want) ~= "table" or type(want.method) ~= "string" then return nil, why or "send {method, params}" end
	local who, missing = ready_to_visit()
	if not who then return nil, missing end
	local visit = connector.new_visit(twin.copy(who), {})
	local params = {}
	for _, p in ipairs(want.params or {}) do params[#params + 1] = { p[1], p[2] } end
	local result, wrong = visit:call(want.method, params)
	if result == nil then return { error = wrong } end
	if not result then return { result = twin.null } end
	local list = twin.array {}
	for _, c in ipairs(twin.xml.children(result)) do list[#list + 1] = twin.xml.text(c) end
	return { result = #list > 0 and list or twin.xml.text(result) }
end)

-- ---- the application ---------------------------------------------------------------------------------

-- The body is a .qwc file, as a person adds it; ?password= is typed in.
twin.control("POST", "/qwc", function(req)
	local who = twin.state.who
	local app, why = connector.read_qwc(req.body, who)
	if not app then return nil, why end
	local well, taken = connector.mark_file(open_file(), app.owner_id, app.file_id)
	if not well then return nil, taken end
	for k, v in pairs(app) do who[k] = v end
	who.password = req.args.password or who.password
	schedule()
	twin.changed()
	return { app = app.app, url = app.url, user = app.user, every_minutes = (who.every_ms or 0) // 60000 }
end)

-- Any of {url, user, password, owner_id, file_id, ca_file, verify, every_minutes}, without the checks of a .qwc.
twin.control("POST", "/connect", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	local who = twin.state.who
	for _, name in ipairs { "url", "user", "password", "owner_id", "file_id", "ca_file", "verify", "app" } do
		if want[name] ~= nil then who[name] = want[name] end
	end
	if want.every_minutes then who.every_ms = math.tointeger(want.every_minutes * 60000 // 1) end
	if who.owner_id and who.file_id then
		local well, taken = connector.mark_file(open_file(), who.owner_id, who.file_id)
		if not well then return nil, taken end
	end
	schedule()
	twin.changed()
	return { url = who.url, user = who.user }
end)

-- ---- the company file, as a person sees and changes it ------------------------------------------------

local function refusal(why)
	if type(why) == "table" and why.status then return ("%d %s"):format(why.status, why.message) end
	if type(why) == "table" and why.plain then return why.plain end
	error(why, 0)
end

-- Runs fn; a refusal of the company file becomes nil and its words.
local function attempt(fn, ...)
	local results = table.pack(pcall(fn, ...))
	if results[1] then
		twin.changed()
		return table.unpack(results, 2, results.n)
	end
	return nil, refusal(results[2])
end

local function find_record(co, kind, key)
	if co.lists[company.list_of(kind)] then
		local list = company.list_of(kind)
		return co.lists[list][key] or company.named(co, list, key)
	end
	if co.txns[key] then return co.txns[key] end
	local found
	for _, id in ipairs(co.txn_order) do
		if co.txns[id].type == kind and co.txns[id].f.RefNumber == key then found = co.txns[id] end
	end
	return found
end

local function told(co, record)
	local e = assert(twin.xml.parse(reads.ret(co, record)))
	local function plain(node)
		local children = twin.xml.children(node)
		if #children == 0 then return twin.xml.text(node) end
		local t = {}
		for _, c in ipairs(children) do
			if c.name:find("LineRet$") or c.name:find("LineGroupRet$") or c.name:find("^Journal%u%l+Line$") or c.name == "LinkedTxn" or c.name == "AppliedToTxnRet"
				or c.name == "DataExtRet" or c.name == "RefundAppliedToTxnRet" then
				t[c.name] = t[c.name] or twin.array {}
				table.insert(t[c.name], plain(c))
			else
				t[c.name] = plain(c)
			end
		end
		return t
	end
	return plain(e)
end

-- JSON as a person would fill it in: references by name or {ListID, FullName}, "lines" for a form's lines.
local function content_of(kind, shape, json)
	local content = {}
	for _, e in ipairs(shape.elements) do
		local v = json[e.name]
		if v ~= nil then
			local function one(x)
				if e.kind == "ref" then return type(x) == "table" and x or { FullName = x } end
				if e.kind == "nested" then return content_of(kind, e.body, x) end
				return values.normal(e, values.stored(tostring(x)))
			end
			if e.many and twin.is_array(v) then
				content[e.name] = {}
				for _, x in ipairs(v) do table.insert(content[e.name], one(x)) end
			else
				content[e.name] = e.many and { one(v) } or one(v)
			end
		end
	end
	return content
end

local function lines_of(kind, verb, json)
	if not json.lines then return nil end
	local lines = {}
	local body = shapes.request(kind .. verb).elements[1].body
	for _, line in ipairs(json.lines) do
		local name = (kind == "Bill" and "ItemLine" or kind .. "Line") .. verb
		if kind == "JournalEntry" then name = verb == "Mod" and "JournalLineMod" or line.debit and "JournalDebitLine" or "JournalCreditLine" end
		local element = body.by_name[name]
		local content = content_of(kind, element.body, line)
		if verb == "Mod" then content.TxnLineID = content.TxnLineID or "-1" end
		lines[#lines + 1] = { name = name, content = content }
	end
	return lines
end

local function filled_in(kind, verb, json)
	local shape = shapes.request(kind .. verb)
	if not shape then twin.plain("a person cannot " .. verb:lower() .. " " .. kind .. " here") end
	local content = content_of(kind, shape.elements[1].body, json)
	content.lines = lines_of(kind, verb, json)
	return content
end

-- {"type":"Customer","set":{..}}: a new record typed in by hand.
twin.control("POST", "/person/add", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	return attempt(function()
		local co = open_file()
		return told(co, writes.add(co, want.type, filled_in(want.type, "Add", want.set or {})))
	end)
end)

local function edit(co, want)
	local record = find_record(co, want.type, want.id or want.name)
	if not record then twin.plain("no such " .. tostring(want.type)) end
	local kind = record.object or record.type
	local content = filled_in(kind, "Mod", want.set or {})
	if record.list then content.ListID = record.id else content.TxnID = record.id end
	return writes.mod(co, kind, content, true)
end

-- {"type":"Customer","name":"..","set":{"Phone":".."}}; id instead of name, a document by id or RefNumber.
twin.control("POST", "/person/edit", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	return attempt(function()
		local co = open_file()
		return told(co, edit(co, want))
	end)
end)

local function person_removes(req, fn)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	return attempt(function()
		local co = open_file()
		local record = find_record(co, want.type, want.id or want.name)
		if not record then twin.plain("no such " .. tostring(want.type)) end
		fn(co, record)
		return { id = record.id }
	end)
end

twin.control("POST", "/person/delete", function(req)
	return person_removes(req, function(co, record)
		if record.list then writes.delete_list(co, record.object, record.id) else writes.delete_txn(co, record.type, record.id) end
	end)
end)

twin.control("POST", "/person/void", function(req)
	return person_removes(req, function(co, record) writes.void(co, record.type, record.id) end)
end)

-- {"type":"Customer","from":"name or id","to":".."}
twin.control("POST", "/person/merge", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	return attempt(function()
		local co = open_file()
		local from, to = find_record(co, want.type, want.from), find_record(co, want.type, want.to)
		if not from or not to then twin.plain("no such " .. tostring(want.type)) end
		return told(co, writes.merge(co, from.list, from.id, to.id))
	end)
end)

-- {"ClosingDate":"2026-09-30","IsUsingClassTracking":true,"SalesTax":false,"DefaultItemSalesTaxRef":"name"}
twin.control("POST", "/person/preferences", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	local co = open_file()
	for name, value in pairs(want) do
		if co.preferences[name] == nil then return nil, "no preference " .. name end
		if name == "IsMultiCurrencyOn" then
			if not value then return nil, "several currencies are never switched off again" end
			currencies.switch_on(co)
		end
		local list = ({ DefaultItemSalesTaxRef = "Item", DefaultTaxableSalesTaxCodeRef = "SalesTaxCode", DefaultNonTaxableSalesTaxCodeRef = "SalesTaxCode" })[name]
		local record = list and company.named(co, list, value)
		if list and not record then return nil, "no " .. list .. " " .. tostring(value) end
		co.preferences[name] = record and record.id or tostring(value)
	end
	twin.changed()
	return co.preferences
end)

-- ---- company files -----------------------------------------------------------------------------------

-- {"file":"main"} opens one, {"file":null} closes; {"file":"other","seed":"bare","name":"..","path":".."} makes a new one.
twin.control("POST", "/open", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	if want.file == twin.null then
		twin.state.open = nil
		processor.file_closed()
	else
		if type(want.file) ~= "string" then return nil, "file: a name, or null" end
		if twin.state.open ~= want.file then processor.file_closed() end
		if not twin.state.files[want.file] then
			local make = SEEDS[want.seed or "bare"]
			if not make then return nil, "seed: shop, sample or bare" end
			local co = make()
			co.name, co.legal_name = want.name or want.file, want.name or want.file
			co.path = want.path or ("C:\\Users\\Public\\Documents\\Intuit\\%s.qbw"):format(want.file)
			if want.file_id then assert(connector.mark_file(co, twin.state.who.owner_id, want.file_id)) end
			twin.state.files[want.file] = co
		end
		twin.state.open = want.file
	end
	twin.changed()
	return { open = twin.state.open or twin.null }
end)

local backups = {}

-- {"backup":"name"} keeps a copy of the open file, {"restore":"name"} puts it back: ids and versions repeat from there on.
twin.control("POST", "/backup", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	if want.backup then
		backups[want.backup] = twin.copy(open_file())
	elseif want.restore then
		if not backups[want.restore] then return nil, "no backup " .. want.restore end
		twin.state.files[twin.state.open] = twin.copy(backups[want.restore])
		twin.changed()
	else
		return nil, "send {backup} or {restore}"
	end
end)

-- ---- the request processor, without the Web Connector ---------------------------------------------------

local direct

-- The body is qbXML; another application on the same PC asks.  ?app= names it; its session lasts until ?end=1.
twin.control("POST", "/qbxml", function(req)
	local co = open_file()
	direct = direct or {}
	local app = req.args.app or "another application"
	direct[app] = direct[app] or processor.new_session(app)
	local done = processor.process(co, direct[app], req.body)
	if req.args["end"] == "1" then direct[app] = nil end
	return { response = done.response, hresult = done.hresult, message = done.message, why = done.why, done = done.log, replayed = done.replayed,
		schema = processor.has_schema() }
end)

-- {"texts":[..]}: the structure of each, by the schema and by our own shapes: "" or what is wrong.  Nothing runs.
twin.control("POST", "/check", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	local list = twin.array {}
	for _, text in ipairs(want.texts or {}) do
		local by_schema, own = processor.check(text)
		list[#list + 1] = { schema = by_schema or twin.null, own = own }
	end
	return list
end)

local function shape_told(shape)
	local list = twin.array {}
	for _, e in ipairs(shape.elements) do
		list[#list + 1] = { name = e.name, kind = e.kind, many = e.many, required = e.required, choice = e.choice, alternative = e.alternative,
			list = e.list, values = e.values, body = e.body and shape_told(e.body) }
	end
	return list
end

-- Every request that the twin knows, with its elements in order.
twin.control("GET", "/shapes", function()
	local all = {}
	for _, name in ipairs(shapes.names()) do all[name] = shape_told((shapes.request(name))) end
	return all
end)

-- What the file remembers of message sets is lost.
twin.control("POST", "/forget", function()
	open_file().message_sets = {}
	processor.file_closed()
	twin.changed()
end)

-- ---- a person edits between query and Mod ------------------------------------------------------------------

-- Fault {"kind":"edit_before","path":"CustomerModRq","edit":{"type":..,"name":..,"set":{..}}}
function connector.before_each(co, request)
	local fault = twin.fault("edit_before", { path = request.name })
	if fault then edit(co, fault.edit) end
end

-- ---- the books -----------------------------------------------------------------------------------------------

local function amount(cents) return values.amount(cents) end

local function document(co, txn)
	local customer = txn.customer and co.lists.Customer[txn.customer]
	local row = { id = txn.id, type = txn.type, number = txn.f.RefNumber, date = txn.date, customer = customer and company.full_name(co, customer),
		customer_id = txn.customer, total = amount(txn.total or 0), memo = txn.f.Memo, guid = txn.f.ExternalGUID, void = txn.void or false,
		edit_sequence = txn.edit, deposited = txn.deposited ~= nil }
	if books.FORMS[txn.type] then
		row.subtotal, row.tax, row.taxable = amount(txn.subtotal), amount(txn.tax), amount(txn.taxable)
		local item = txn.f.ItemSalesTaxRef and co.lists.Item[txn.f.ItemSalesTaxRef]
		row.tax_item = item and item.f.Name
		row.lines = twin.array {}
		books.each_line(txn.lines, function(line)
			local of, code = line.item and co.lists.Item[line.item], line.code and co.lists.SalesTaxCode[line.code]
			row.lines[#row.lines + 1] = { item = of and company.full_name(co, of), desc = line.desc, amount = line.amount and amount(line.amount),
				quantity = line.quantity and values.quantity(line.quantity), rate = line.rate and values.price(line.rate), tax_code = code and code.f.Name }
		end)
	end
	if txn.type == "Invoice" or txn.type == "Bill" then row.balance = amount(books.open_amount(txn)) end
	if txn.type == "CreditMemo" or txn.type == "ReceivePayment" then row.unused = amount(books.credit_left(txn)) end
	for name, list in pairs { payment_method = "PaymentMethodRef", deposit_to = "DepositToAccountRef", refund_from = "RefundFromAccountRef", account = "AccountRef" } do
		local kind = list == "PaymentMethodRef" and "PaymentMethod" or "Account"
		local ref = txn.f[list] and company.ref_told(co, kind, txn.f[list])
		row[name] = ref and ref.FullName
	end
	local vendor = txn.f.VendorRef and co.lists.Vendor[txn.f.VendorRef]
	row.vendor = vendor and vendor.f.Name
	row.applied = twin.array {}
	for _, link in ipairs(txn.links_out or {}) do row.applied[#row.applied + 1] = { to = link.txn, amount = amount(link.amount) } end
	return row
end

local function repeated(rows, key)
	local seen, list = {}, twin.array {}
	for _, row in ipairs(rows) do
		local k = row[key] and not row.void and row.type .. " " .. row[key]
		if k then
			seen[k] = (seen[k] or 0) + 1
			if seen[k] == 2 then list[#list + 1] = k end
		end
	end
	return list
end

-- Taxable and other sales and tax, by agency and tax item.
local function tax_report(co)
	local rows = {}
	for _, id in ipairs(co.txn_order) do
		local txn = co.txns[id]
		local sign = books.FORMS[txn.type]
		for _, part in ipairs(sign and not txn.void and txn.tax_parts or {}) do
			local agency = part.agency and co.lists.Vendor[part.agency]
			local key = agency and agency.f.Name or "(none)"
			local row = rows[key] or { tax = 0, items = {} }
			local item = co.lists.Item[part.item].f.Name
			local of_item = row.items[item] or { tax = 0, taxable = 0, other = 0 }
			row.tax, of_item.tax = row.tax + sign * part.tax, of_item.tax + sign * part.tax
			of_item.taxable, of_item.other = of_item.taxable + sign * txn.taxable, of_item.other + sign * (txn.subtotal - txn.taxable)
			rows[key], row.items[item] = row, of_item
		end
	end
	for _, row in pairs(rows) do
		row.tax = amount(row.tax)
		for _, item in pairs(row.items) do item.tax, item.taxable, item.other = amount(item.tax), amount(item.taxable), amount(item.other) end
	end
	return rows
end

twin.control("GET", "/books", function()
	local co = open_file()
	local documents, trial, customers, stock = twin.array {}, {}, twin.array {}, {}
	for _, id in ipairs(co.txn_order) do documents[#documents + 1] = document(co, co.txns[id]) end
	for _, id in ipairs(co.order.Account) do
		local sum = co.ledger.accounts[id]
		if sum then trial[company.full_name(co, co.lists.Account[id])] = amount(sum) end
	end
	local children = company.children(co, "Customer")
	for _, id in ipairs(co.order.Customer) do
		local c = co.lists.Customer[id]
		customers[#customers + 1] = { id = id, name = company.full_name(co, c), active = c.f.IsActive ~= "false", email = c.f.Email,
			balance = amount(books.balance(co, id)), total_balance = amount(books.total_balance(co, id, children)), edit_sequence = c.edit }
	end
	for _, id in ipairs(co.order.Item) do
		local item = co.lists.Item[id]
		if item.stock then stock[company.full_name(co, item)] = { quantity = values.quantity(item.stock.quantity), value = amount(item.stock.value) } end
	end
	local faults = books.audit(co)
	return { company = co.name, documents = documents, trial_balance = trial, customers = customers, stock = stock, tax = tax_report(co),
		duplicates = { by_number = repeated(documents, "number"), by_guid = repeated(documents, "guid") }, balanced = #faults == 0,
		faults = twin.array(faults) }
end)

-- One record as the file has it: GET /records/Customer/NAME-OR-ID
twin.control("GET", "/records/:type/*key", function(req)
	local co = open_file()
	local record = find_record(co, req.params.type, req.params.key)
	if not record then return nil, "no such " .. req.params.type end
	return told(co, record)
end)

-- {"count":n,"prefix":"Customer "}: many customers at once.
twin.control("POST", "/grow", function(req)
	local want, why = req:json()
	if type(want) ~= "table" then return nil, why or "send an object" end
	return attempt(function()
		local co = open_file()
		for i = 1, want.count do
			writes.add(co, "Customer", { Name = ("%s%06d"):format(want.prefix or "Customer ", i), Email = ("c%06d@example.com"):format(i) })
		end
		return { names = #co.order.Customer }
	end)
end)

