-- twin.lua - a Zuora tenant: OAuth, object-query, ZOQL, v1, actions, callouts, and what its accounts owe.  Run by tools/twin.
--
-- The protocol door is the tenant's REST address.  At the control door sit its billing people.  Bodies are JSON objects; amounts
-- are texts like "12.30"; a key in an address is an id or a number.
--
--   GET    /accounts, /invoices, /payments, /credit_memos, /debit_memos, /refunds, /adjustments, /products, /contacts
--   POST   /accounts {name, currency, accountNumber, firstName, lastName, country, ..., fields}   /accounts/:key/edit {name, contact, fields}
--   POST   /invoices {account, lines = [{name, amount, tax, taxes, quantity, price, sku, accountingCode}], date, due, number, status, currency}
--   POST   /invoices/:key/post, /cancel, /reverse, /write_off {amount}, /adjust {amount, type}, /edit {fields, comments}
--   DELETE /invoices/:key                     a draft that somebody has thrown away
--   POST   /payments {account, amount, type, method, status, date, reference, invoices = [{invoice, amount}]}
--   POST   /payments/:key/apply {invoices}, /unapply {invoices}, /transfer {account}, /void, /process, /refund {amount, type, reason, date}
--   POST   /credit_memos {account, lines, invoice, apply, reason, date, status}; /:key/post, /apply, /unapply, /refund, /cancel
--   POST   /debit_memos {account, lines, date, status}; /:key/post
--   POST   /products {name, sku, category}
--   GET    /books?month=2026-10               what each account owes, and the register of a month
--   POST   /tokens/revoke                     every token that was given out is nothing any more
--   POST   /deliver, GET /callouts            callouts that wait: sent now; those that were sent
--   POST   /settings {client_secret, callout_url, callout_password, ...}   what an administrator changes
--
-- Faults of its own: lock (a write meets a lock), callout_lost, callout_twice.
twin.describe {
	title = "a Zuora tenant",
	settings = {
		tenant = "19", client_id = "5f8a6f6e-1c0b-4a52-9d6e-0c5c7b1a2d3e", client_secret = "kJ8=2vQwTnR0sZp5LxYb7HcD1fGmA4eU9iOtV6",
		token_life_s = 3599, tokens_per_minute = 100, per_minute = 50000, concurrency = 40, retry_after = true,
		gone_status = "404", -- or 200: what object-query and v1 say of a record that is not there
		invoice_settlement = true, country_required = true, number_prefix = "A", gmt_offset = "-8", seed = "tenant", zoql_page = "2000",
		custom_fields = "Account.QBListID__c,Invoice.QBTxnID__c,Invoice.QBNumber__c,Invoice.QBDate__c,Invoice.QBDueDate__c,Invoice.QBStatus__c,Invoice.QBBalance__c",
		indexed_fields = "QBListID__c",
		callout_url = "", callout_user = "", callout_password = "", callout_preemptive = false, callout_hmac = "", callout_body = "template",
		callout_tries = 3, callout_after_ms = 100, callout_ca_file = "", callout_verify = true, external_callouts = false,
	},
}

twin.fault_kinds { "lock", "callout_lost", "callout_twice" }

local ledger = require "twin.ledger"
local shapes = require "twin.shapes"
local callouts = require "twin.callouts"
local rest = require "twin.rest"
local seed = require "twin.seed"

twin.on_reset(function()
	twin.state = ledger.empty()
	if twin.settings.seed == "tenant" then seed.fill() end
end)
twin.on_load(callouts.wake)

rest.serve()

-- ---- the control door ---------------------------------------------------------------------------------------

local plain, wish = twin.plain, twin.wish

local LINE = {
	accounts = function(r) local o = shapes.account(r); o.billToContact = shapes.contact(twin.state.contacts[r.bill_to]); return o end,
	contacts = shapes.contact, invoices = shapes.invoice, payments = function(r) local o = shapes.payment(r); o.parts = shapes.parts(r); return o end,
	credit_memos = shapes.credit_memo, debit_memos = shapes.debit_memo, refunds = shapes.refund, adjustments = shapes.adjustment, products = shapes.product,
}

for kind, shape in pairs(LINE) do
	twin.control("GET", "/" .. kind, function()
		local list = twin.array {}
		for _, r in ipairs(ledger.by_id(kind)) do list[#list + 1] = shape(r) end
		return list
	end)
	twin.control("GET", "/" .. kind .. "/:key", function(req) return shape(ledger.need(kind, req.params.key)) end)
end

-- What people do in Zuora: done to the record, told by a callout, shown.
local function act(kind, verb, event, fn)
	twin.control("POST", verb and ("/%s/:key/%s"):format(kind, verb) or "/" .. kind, function(req)
		local record = verb and ledger.need(kind, req.params.key)
		local told = fn(record, wish(req)) or record
		local name = event
		if type(event) == "function" then name = event(told) end
		if name then
			local ids = { AccountId = told.account or told.id }
			for member, of in pairs { PaymentId = "payments", InvoiceId = "invoices", CreditMemoId = "credit_memos", DebitMemoId = "debit_memos", RefundId = "refunds" } do
				if twin.state[of][told.id] then ids[member] = told.id end
			end
			callouts.raise(name, ids)
		end
		twin.changed()
		for of, shape in pairs(LINE) do
			if twin.state[of][told.id] then return shape(told) end
		end
	end)
end

local CONTACT = { "firstName", "lastName", "address1", "address2", "city", "state", "zipCode", "country", "workEmail", "workPhone" }

act("accounts", nil, nil, function(_, what)
	local contact = {}
	for _, name in ipairs(CONTACT) do contact[name] = what[name] end
	contact.firstName, contact.lastName = contact.firstName or "Grace", contact.lastName or "Murray"
	contact.country = contact.country or "United States"
	local account = ledger.add_account { name = what.name or plain("name: what it is called"), currency = what.currency or "USD", accountNumber = what.accountNumber,
		billCycleDay = 1, autoPay = false, paymentTerm = what.paymentTerm, notes = what.notes, billToContact = contact }
	for name, value in pairs(what.fields or {}) do account.fields[name] = value end
	return account
end)
act("accounts", "edit", "Account Edited", function(a, what)
	a.name = what.name or a.name
	for name, value in pairs(what.fields or {}) do a.fields[name] = value end
	if what.status then a.status = what.status end
	for name, value in pairs(what.contact or {}) do twin.state.contacts[a.bill_to].fields[name] = value end
	if what.contact then ledger.touch(twin.state.contacts[a.bill_to]) end
	-- A contact that moves need not move its account.
	return (what.name or what.fields or what.status) and ledger.touch(a) or a
end)

local function posted(d) return d.status == "Posted" and "Invoice Posted" or nil end
act("invoices", nil, posted, function(_, what) return ledger.add_invoice(what) end)
act("invoices", "post", "Invoice Posted", function(i) return ledger.post("invoices", i) end)
act("invoices", "cancel", nil, function(i) return ledger.cancel(i) end)
act("invoices", "reverse", "Credit Memo Posted", function(i) return ledger.reverse(i) end)
act("invoices", "write_off", "Credit Memo Posted", function(i, what) return ledger.write_off(i, what) end)
act("invoices", "adjust", nil, function(i, what) return ledger.adjust(i, what) end)
act("invoices", "edit", nil, function(i, what)
	for name, value in pairs(what.fields or {}) do i.fields[name] = value end
	i.comments = what.comments or i.comments
	return ledger.touch(i)
end)

local function processed(p)
	if p.status ~= "Processed" then return nil end
	return p.type == "External" and "External Payment Processed" or "Payment Processed"
end
act("payments", nil, processed, function(_, what) return ledger.add_payment(what) end)
act("payments", "process", processed, function(p, what)
	p.status = "Processed"
	if what.invoices then ledger.apply(p, what.invoices) end
	return ledger.touch(p)
end)
act("payments", "apply", nil, function(p, what) return ledger.apply(p, what.invoices or plain("invoices: a list")) end)
act("payments", "unapply", nil, function(p, what) return ledger.unapply(p, what.invoices or plain("invoices: a list")) end)
act("payments", "transfer", nil, function(p, what) return ledger.transfer(p, what) end)
act("payments", "void", nil, function(p, what) return ledger.void(p, what.status or "Voided") end)
act("payments", "refund", "Refund Processed", function(p, what) return ledger.refund(p, what, "Payment") end)

local function memo_posted(m) return m.status == "Posted" and "Credit Memo Posted" or nil end
act("credit_memos", nil, memo_posted, function(_, what) return ledger.add_credit_memo(what) end)
act("credit_memos", "post", "Credit Memo Posted", function(m) return ledger.post("credit_memos", m) end)
act("credit_memos", "cancel", nil, function(m) return ledger.cancel(m) end)
act("credit_memos", "apply", nil, function(m, what) return ledger.apply(m, what.invoices or plain("invoices: a list")) end)
act("credit_memos", "unapply", nil, function(m, what) return ledger.unapply(m, what.invoices or plain("invoices: a list")) end)
act("credit_memos", "refund", "Refund Processed", function(m, what) return ledger.refund(m, what, "CreditMemo") end)
act("debit_memos", nil, nil, function(_, what) return ledger.add_debit_memo(what) end)
act("debit_memos", "post", nil, function(d) return ledger.post("debit_memos", d) end)
act("products", nil, nil, function(_, what) return ledger.add_product(what) end)

twin.control("DELETE", "/invoices/:key", function(req)
	local i = ledger.need("invoices", req.params.key)
	if i.status ~= "Draft" and i.status ~= "Canceled" then return nil, "only a draft can be deleted" end
	twin.state.invoices[i.id] = nil
	twin.changed()
	return { deleted = i.id }
end)

twin.control("GET", "/books", function(req)
	local month = req.args.month
	local function of_month(day) return not month or day:sub(1, #month) == month end
	local told = { accounts = twin.array {}, invoices = twin.array {}, payments = twin.array {}, sums = {} }
	local invoiced, paid, count = 0, 0, 0
	for _, a in ipairs(ledger.by_id("accounts")) do
		local f = ledger.figures(a)
		told.accounts[#told.accounts + 1] = { id = a.id, number = a.number, name = a.name, currency = a.currency, balance = ledger.text(f.balance),
			invoices = ledger.text(f.invoices), debit_memos = ledger.text(f.debit_memos), credit_memos = ledger.text(f.credit_memos), unapplied = ledger.text(f.unapplied) }
	end
	for _, i in ipairs(ledger.by_id("invoices")) do
		if i.status == "Posted" and of_month(i.date) then
			told.invoices[#told.invoices + 1] = { id = i.id, number = i.number, account = i.account, date = i.date, total = ledger.text(i.total), tax = ledger.text(i.tax),
				balance = ledger.text(ledger.open_of(i)), fields = twin.copy(i.fields), reversed = i.reversed }
			invoiced, count = invoiced + i.total, count + 1
		end
	end
	for _, p in ipairs(ledger.by_id("payments")) do
		if p.status == "Processed" and of_month(p.date) then
			told.payments[#told.payments + 1] = { id = p.id, number = p.number, account = p.account, date = p.date, amount = ledger.text(p.total), type = p.type,
				applied = ledger.text(ledger.applied(p)), unapplied = ledger.text(ledger.unapplied(p)), refunded = ledger.text(p.refunded) }
			paid = paid + p.total
		end
	end
	told.sums = { invoices = count, invoiced = ledger.text(invoiced), paid = ledger.text(paid) }
	return told
end)

twin.control("POST", "/tokens/revoke", function()
	twin.state.tokens = {}
	twin.changed()
	return {}
end)

twin.control("GET", "/limits", function() return { most_in_a_minute = twin.state.minute.most or 0, tokens = #twin.state.issued } end)
twin.control("POST", "/deliver", callouts.deliver)
twin.control("GET", "/callouts", function() return { waiting = twin.array(twin.copy(twin.state.callouts)), sent = twin.array(twin.copy(twin.state.history)) } end)

twin.control("POST", "/settings", function(req)
	for name, value in pairs(wish(req)) do
		if twin.settings[name] == nil then return nil, "no setting " .. name end
		twin.settings[name] = value
	end
	return {}
end)
