-- rest.lua - accounts, contacts, invoices and payments by v1; actions; describe.  ../SOURCES.md 5, 7
local auth = require "twin.auth"
local ledger = require "twin.ledger"
local query = require "twin.query"
local replies = require "twin.replies"
local shapes = require "twin.shapes"

local rest = {}

-- ---- what may be written: as the specification says -------------------------------------------------------------

local CONTACT = { firstName = 100, lastName = 100, nickname = 100, address1 = 255, address2 = 255, city = 40, state = 40, zipCode = 20, country = 64, county = 100,
	workEmail = 80, personalEmail = 80, otherPhone = 40, otherPhoneType = true, workPhone = 40, homePhone = 40, mobilePhone = 40, fax = 40, taxRegion = 32, contactDescription = 100, asBillTo = true }
local ACCOUNT = { name = 255, accountNumber = 50, currency = 3, notes = 65535, crmId = 100, parentId = 32, batch = 20, billCycleDay = "integer", autoPay = "boolean",
	paymentTerm = 100, purchaseOrderNumber = 100, salesRep = 50, invoiceDeliveryPrefsEmail = "boolean", invoiceDeliveryPrefsPrint = "boolean", billToContact = CONTACT,
	soldToContact = CONTACT, additionalEmailAddresses = true, communicationProfileId = 32, taxInfo = true, paymentGateway = 40, sequenceSetId = 32, invoiceTemplateId = 32,
	creditMemoTemplateId = 32, debitMemoTemplateId = 32, customerServiceRepName = 50 }
-- Neither can be changed.
local UNCHANGEABLE = { currency = true, accountNumber = true }

local function is_custom(object, name)
	for field in twin.settings.custom_fields:gmatch("[^,]+") do
		if field == object .. "." .. name then return true end
	end
	return false
end

local function check_value(name, rule, value)
	if rule == true or value == twin.null then return nil end
	if rule == "boolean" then return type(value) ~= "boolean" and replies.refuse(20, ("The value of %s must be a boolean."):format(name), 200, 531000) or nil end
	if rule == "integer" then return math.type(value) ~= "integer" and replies.refuse(20, ("The value of %s must be a number."):format(name), 200, 531000) or nil end
	if type(value) ~= "string" then return replies.refuse(20, ("The value of %s must be text."):format(name), 200, 531000) end
	if utf8.len(value) == nil or utf8.len(value) > rule then return replies.refuse(20, ("The length of %s must not be over %d."):format(name, rule), 200, 531000) end
	-- Four bytes of UTF-8 are more than the database takes.
	if value:find("[\xf0-\xf4]") then return replies.refuse(20, ("The value of %s holds characters that are not supported."):format(name), 200, 531000) end
end

local function check(object, rules, body, prefix)
	for name, value in pairs(body) do
		local rule = rules[name]
		if not rule then
			if not (name:match("__c$") and is_custom(object, name)) then return replies.refuse(21, ("Unknown field: %s%s"):format(prefix or "", name), 200, 531000) end
			rule = 255
		end
		local why
		if type(rule) == "table" then
			if type(value) ~= "table" then return replies.refuse(20, name .. " must be an object", 200, 531000) end
			why = check(object, rule, value, name .. ".")
		else
			why = check_value((prefix or "") .. name, rule, value)
		end
		if why then return why end
	end
end

local STATES = { CA = true, California = true, NY = true, ["New York"] = true, TX = true, Texas = true, NV = true, Nevada = true, ON = true, Ontario = true, WA = true,
	Washington = true, IL = true, Illinois = true, MA = true, Massachusetts = true, FL = true, Florida = true, QC = true }
local COUNTRIES = { ["United States"] = "US", US = "US", USA = "US", Canada = "CA", CA = "CA", Germany = "DE", DE = "DE", France = "FR", FR = "FR",
	["United Kingdom"] = "GB", GB = "GB" }

local function check_place(contact, what)
	local country = contact.country
	if country and country ~= "" then
		local code = COUNTRIES[country]
		if not code then return replies.refuse(20, ("%s: '%s' is no country that Zuora knows."):format(what, country), 200, 531000) end
		if (code == "US" or code == "CA") and (contact.state or "") ~= "" and not STATES[contact.state] then
			return replies.refuse(20, ("%s: '%s' is no state that Zuora knows."):format(what, contact.state), 200, 531000)
		end
	end
end

local function check_contact(contact, what, whole)
	if whole then
		for _, name in ipairs { "firstName", "lastName" } do
			if (contact[name] or "") == "" then return replies.refuse(22, ("%s.%s is required."):format(what, name), 200, 531000) end
		end
		if twin.settings.country_required and (contact.country or "") == "" then return replies.refuse(22, ("%s.country is required."):format(what), 200, 531000) end
	else
		for _, name in ipairs { "firstName", "lastName" } do
			if contact[name] == "" then return replies.refuse(22, ("%s.%s must not be empty."):format(what, name), 200, 531000) end
		end
	end
	return check_place(contact, what)
end

local function body_of(req)
	local body = req:json()
	if type(body) ~= "table" then return nil, replies.refuse(90, "The request is no JSON object.", 400) end
	return body
end

-- A fault of its own: that many writes meet a lock of somebody else.
local function locked(req)
	if twin.fault("lock", { method = req.method, path = req.path, body = req.body }) then
		return replies.refuse(50, "Operation failed due to lock competition. Please retry later.")
	end
end

-- ---- accounts and contacts -----------------------------------------------------------------------------------------

local function create_account(req)
	local body, why = body_of(req)
	why = why or locked(req) or check("Account", ACCOUNT, body)
	if why then return why end
	for _, name in ipairs { "name", "currency", "billToContact", "billCycleDay" } do
		if body[name] == nil then return replies.refuse(22, ("'%s' is required."):format(name), 200, 531000) end
	end
	why = check_contact(body.billToContact, "billToContact", true) or (body.soldToContact and check_contact(body.soldToContact, "soldToContact", true))
	if why then return why end
	if body.billCycleDay < 0 or body.billCycleDay > 31 then return replies.refuse(20, "billCycleDay must be between 0 and 31.", 200, 531000) end
	if body.autoPay then return replies.refuse(30, "AutoPay takes a payment method.", 200, 531000) end
	if body.accountNumber then
		if body.accountNumber:sub(1, #twin.settings.number_prefix) == twin.settings.number_prefix then
			return replies.refuse(30, "The account number must not begin with the default prefix of the tenant.", 200, 531000)
		end
		if ledger.find("accounts", body.accountNumber) then return replies.refuse(30, "The account number " .. body.accountNumber .. " already exists.", 200, 531000) end
	end
	local account = ledger.add_account(body)
	return { status = 200, json = { success = true, accountId = account.id, accountNumber = account.number, billToContactId = account.bill_to, soldToContactId = account.sold_to } }
end

local function update_contact(contact, fields)
	local merged = twin.copy(contact.fields)
	for name, value in pairs(fields) do merged[name] = value ~= twin.null and value or nil end
	local why = check_contact(fields, "contact") or check_place(merged, "contact")
	if why then return why end
	contact.fields = merged
	ledger.touch(contact)
end

local function update_account(req)
	local account = ledger.find("accounts", req.params.key)
	if not account then return replies.missing("Cannot find entity by key: '" .. req.params.key .. "'.") end
	local body, why = body_of(req)
	why = why or locked(req) or check("Account", ACCOUNT, body)
	if why then return why end
	for name in pairs(body) do
		if UNCHANGEABLE[name] then return replies.refuse(21, "Unknown field: " .. name, 200, 531000) end
	end
	if body.name == "" then return replies.refuse(22, "name must not be empty.", 200, 531000) end
	if body.billToContact then why = update_contact(twin.state.contacts[account.bill_to], body.billToContact) end
	if not why and body.soldToContact then why = update_contact(twin.state.contacts[account.sold_to], body.soldToContact) end
	if why then return why end
	for name, value in pairs(body) do
		if name == "name" then account.name = value
		elseif name ~= "billToContact" and name ~= "soldToContact" then account.fields[name] = value ~= "" and value ~= twin.null and value or nil end
	end
	ledger.touch(account)
	return { status = 200, json = { success = true } }
end

local function v1_contact(contact)
	local out = { id = contact.id }
	for name, value in pairs(contact.fields) do out[name] = value end
	return out
end

local function get_account(req)
	local account = ledger.find("accounts", req.params.key)
	if not account then return replies.missing("Cannot find entity by key: '" .. req.params.key .. "'.") end
	local f = ledger.figures(account)
	local function money(n) return twin.json.bare(require("decimal").text(n, 2, 0)) end
	local info = { id = account.id, name = account.name, accountNumber = account.number, notes = account.fields.notes, status = account.status,
		crmId = account.fields.crmId, batch = account.fields.batch, salesRep = account.fields.salesRep }
	for name, value in pairs(account.fields) do
		if name:match("__c$") then info[name] = value end
	end
	return { status = 200, json = { success = true, basicInfo = info,
		billingAndPayment = { billCycleDay = account.fields.billCycleDay, currency = account.currency, paymentTerm = account.fields.paymentTerm, autoPay = account.fields.autoPay or false },
		metrics = { balance = money(f.balance), totalInvoiceBalance = money(f.invoices), creditBalance = money(0), contractedMrr = money(0) },
		billToContact = v1_contact(twin.state.contacts[account.bill_to]), soldToContact = v1_contact(twin.state.contacts[account.sold_to]) } }
end

local function create_contact(req)
	local body, why = body_of(req)
	if why then return why end
	local account = ledger.find("accounts", body.accountId or body.accountNumber or "")
	if not account then return replies.refuse(40, "Cannot find the account of the contact.", 200, 531000) end
	body.accountId, body.accountNumber = nil, nil
	why = check("Contact", CONTACT, body) or check_contact(body, "contact", false)
	if not why and ((body.firstName or "") == "" or (body.lastName or "") == "") then why = replies.refuse(22, "firstName and lastName are required.", 200, 531000) end
	if why then return why end
	local contact = ledger.add_contact(account, body)
	local out = v1_contact(contact)
	out.success = true
	return { status = 200, json = out }
end

local function put_contact(req)
	local contact = twin.state.contacts[req.params.key]
	if not contact then return replies.missing("Cannot find entity by key: '" .. req.params.key .. "'.") end
	local body, why = body_of(req)
	why = why or locked(req) or check("Contact", CONTACT, body) or update_contact(contact, body)
	if why then return why end
	local out = v1_contact(contact)
	out.success = true
	return { status = 200, json = out }
end

-- ---- documents -------------------------------------------------------------------------------------------------------

local function get_invoice(req)
	local i = ledger.find("invoices", req.params.key)
	if not i then return replies.missing("Cannot find entity by key: '" .. req.params.key .. "'.") end
	local out = shapes.invoice(i)
	out.success, out.createdDate, out.updatedDate, out.postedDate = true, shapes.v1_time(i.created), shapes.v1_time(i.updated), i.posted and shapes.v1_time(i.posted):sub(1, 10)
	return { status = 200, json = out }
end

local function parts(kind)
	return function(req)
		if not twin.settings.invoice_settlement then return replies.refuse(10, "Invoice Settlement is not enabled.", 403) end
		local p = ledger.find(kind, req.params.key)
		if not p then return replies.missing("Cannot find entity by key: '" .. req.params.key .. "'.") end
		local size, page, all, told = math.min(tonumber(req.args.pageSize or "20") or 20, 40), tonumber(req.args.page or "1") or 1, shapes.parts(p), twin.array {}
		for i = (page - 1) * size + 1, math.min(page * size, #all) do told[#told + 1] = all[i] end
		local reply = { success = true, parts = told }
		if page * size < #all then reply.nextPage = ("%s%s?page=%d&pageSize=%d"):format(twin.url(), req.path, page + 1, size) end
		return { status = 200, json = reply }
	end
end

-- ---- actions -----------------------------------------------------------------------------------------------------------

local ACTION_FIELDS = { Comments = 255, DueDate = 10, TransferredToAccounting = 10 }

local function one_update(object, strict)
	local invoice = twin.state.invoices[object.Id or ""]
	local function refused(code, text) return { Id = object.Id, Success = false, Errors = twin.array { { Code = code, Message = text } } } end
	if not invoice then return refused("INVALID_ID", "invalid id: " .. tostring(object.Id)) end
	if twin.fault("lock", { method = "POST", path = "/v1/action/update", body = object.Id }) then return refused("LOCK_COMPETITION", "lock competition") end
	local changes = {}
	for name, value in pairs(object) do
		if name ~= "Id" and name ~= "fieldsToNull" then
			local known = ACTION_FIELDS[name] or (name:match("__c$") and is_custom("Invoice", name) and 255)
			if not known and strict then return refused("INVALID_FIELD", "invalid field for update: Invoice." .. name) end
			if known then
				if type(value) ~= "string" then return refused("INVALID_VALUE", name .. " must be text") end
				if #value > known then return refused("INVALID_VALUE", name .. " is too long") end
				changes[name] = value
			end
		end
	end
	for _, name in ipairs(object.fieldsToNull or {}) do changes[name] = twin.null end
	for name, value in pairs(changes) do
		local set = value ~= twin.null and value or nil
		if name == "Comments" then invoice.comments = set
		elseif name == "DueDate" then invoice.due = set
		else invoice.fields[name] = set end
	end
	ledger.touch(invoice)
	return { Id = invoice.id, Success = true }
end

local function action_update(req)
	local body, why = body_of(req)
	if why then return why end
	if type(body.type) ~= "string" or type(body.objects) ~= "table" then return replies.refuse(22, "type and objects are required.", 400) end
	for name in pairs(body) do
		if name ~= "type" and name ~= "objects" then return replies.refuse(21, "Unknown field: " .. name, 400) end
	end
	if body.type ~= "Invoice" then return replies.refuse(45, "the twin updates invoices only", 400) end
	if #body.objects == 0 or #body.objects > 50 then return replies.refuse(30, "between 1 and 50 objects can be updated at once.", 400) end
	local out = twin.array {}
	for i, object in ipairs(body.objects) do out[i] = one_update(object, req.args.rejectUnknownFields == "true") end
	return { status = 200, json = out }
end

-- ---- describe --------------------------------------------------------------------------------------------------------------

local DESCRIBED = { Account = { "Id", "Name", "AccountNumber", "Currency" }, Contact = { "Id", "FirstName", "LastName" }, Invoice = { "Id", "InvoiceNumber", "Balance" },
	Payment = { "Id", "PaymentNumber" }, CreditMemo = { "Id", "MemoNumber" }, DebitMemo = { "Id", "MemoNumber" }, Refund = { "Id" }, Product = { "Id", "Name", "SKU" } }

local function describe(req)
	local object = req.params.object
	local fields = DESCRIBED[object]
	if not fields or ((object == "CreditMemo" or object == "DebitMemo") and not twin.settings.invoice_settlement) then return replies.missing("Object " .. object) end
	local out = {}
	local function field(name, type)
		out[#out + 1] = ("<field><name>%s</name><label>%s</label><type>%s</type><contexts><context>export</context></contexts></field>"):format(name, name, type)
	end
	for _, name in ipairs(fields) do field(name, "text") end
	for full in twin.settings.custom_fields:gmatch("[^,]+") do
		local of, name = full:match("^(%w+)%.(.+)$")
		if of == object then field(name, "text") end
	end
	return { status = 200, headers = { ["Content-Type"] = "text/xml; charset=utf-8" },
		body = ('<?xml version="1.0" encoding="UTF-8"?><object><name>%s</name><label>%s</label><fields>%s</fields></object>'):format(object, object, table.concat(out)) }
end

local function history(req)
	local out = twin.array {}
	for _, h in ipairs(twin.state.history) do
		if req.args.failedOnly == "false" or not h.well then
			out[#out + 1] = { attemptedNum = h.tries, createTime = twin.iso(h.at, ledger.offset()):sub(1, 19), eventCategory = h.category, notification = h.event,
				requestMethod = "POST", requestUrl = twin.settings.callout_url, responseCode = h.status }
		end
	end
	return { status = 200, json = { success = true, calloutHistories = out } }
end

function rest.serve()
	twin.before(auth.before)
	twin.finish(auth.finish)
	twin.route("POST", "/oauth/token", auth.token)
	twin.route("GET", "/object-query/:list", function(req) return query.list(req, req.params.list) end)
	twin.route("GET", "/object-query/:list/:key", function(req) return query.one(req, req.params.list) end)
	twin.route("POST", "/v1/action/query", auth.once(query.zoql))
	twin.route("POST", "/v1/action/queryMore", auth.once(query.more))
	twin.route("POST", "/v1/action/update", auth.once(action_update))
	twin.route("POST", "/v1/accounts", auth.once(create_account))
	twin.route("GET", "/v1/accounts/:key", get_account)
	twin.route("PUT", "/v1/accounts/:key", update_account)
	twin.route("POST", "/v1/contacts", auth.once(create_contact))
	twin.route("PUT", "/v1/contacts/:key", put_contact)
	twin.route("GET", "/v1/invoices/:key", get_invoice)
	twin.route("GET", "/v1/payments/:key/parts", parts("payments"))
	twin.route("GET", "/v1/creditmemos/:key/parts", parts("credit_memos"))
	twin.route("GET", "/v1/describe/:object", describe)
	twin.route("GET", "/v1/notification-history/callout", history)
	twin.otherwise(function() return { status = 404, html = "<html><body>HTTP Status 404</body></html>" } end)
end

return rest
