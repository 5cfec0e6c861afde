-- ledger.lua - what a tenant holds: accounts, documents, payments and what is applied where.  Amounts are whole cents.
local decimal = require "decimal"

local ledger = {}

ledger.KINDS = { "accounts", "contacts", "invoices", "payments", "credit_memos", "debit_memos", "refunds", "adjustments", "products" }

function ledger.empty()
	local state = { tokens = {}, keys = {}, issued = {}, minute = { at = 0, count = 0 }, numbers = {}, serial = 0, callouts = {}, history = {} }
	for _, kind in ipairs(ledger.KINDS) do state[kind] = {} end
	return state
end

local plain = twin.plain

-- "12.30" or 12.3 to cents.
function ledger.cents(value, what)
	local n = decimal.parse(type(value) == "number" and ("%.10g"):format(value) or value or "", 2)
	return n or plain((what or "amount") .. ": an amount like \"12.30\"")
end

function ledger.text(cents) return decimal.text(cents, 2) end
function ledger.today() return twin.iso(twin.now(), ledger.offset()):sub(1, 10) end
function ledger.offset() return math.floor(tonumber(twin.settings.gmt_offset) * 60) end

-- 32 hex digits that grow with time, as those of one cluster do.
function ledger.new_id()
	twin.state.serial = twin.state.serial + 1
	return ("8ad0%08x%08x%s"):format(twin.now() // 1000, twin.state.serial, twin.hex(twin.random(6)))
end

function ledger.next_number(prefix, digits)
	local n = (twin.state.numbers[prefix] or 0) + 1
	twin.state.numbers[prefix] = n
	return ("%s%0" .. digits .. "d"):format(prefix, n)
end

-- Who changes something changes its time; and, as a tenant may be set, the callout goes out.
function ledger.touch(record)
	record.updated = twin.now()
	twin.changed()
	return record
end

local function keep(kind, record)
	record.id, record.created = record.id or ledger.new_id(), twin.now()
	twin.state[kind][record.id] = record
	return ledger.touch(record)
end

function ledger.by_id(kind)
	local list = {}
	for _, record in pairs(twin.state[kind]) do list[#list + 1] = record end
	table.sort(list, function(a, b) return a.id < b.id end)
	return list
end

-- By id or by number, as v1 takes either.
function ledger.find(kind, key)
	local record = twin.state[kind][key]
	if record then return record end
	for _, one in pairs(twin.state[kind]) do
		if one.number == key then return one end
	end
end

function ledger.need(kind, key)
	return ledger.find(kind, key or "") or plain(("no %s %s"):format(kind, tostring(key)))
end

-- ---- accounts ----------------------------------------------------------------------------------------

function ledger.add_contact(account, fields)
	local contact = keep("contacts", { account = account.id, fields = twin.copy(fields) })
	return contact
end

-- fields: v1's own, checked by rest.lua before.
function ledger.add_account(what)
	local account = keep("accounts", { number = what.accountNumber or ledger.next_number(twin.settings.number_prefix, 8), name = what.name,
		currency = what.currency or "USD", status = "Active", fields = {} })
	for name, value in pairs(what) do
		if name ~= "billToContact" and name ~= "soldToContact" and name ~= "name" and name ~= "currency" and name ~= "accountNumber" then
			account.fields[name] = value
		end
	end
	account.bill_to = ledger.add_contact(account, what.billToContact).id
	account.sold_to = ledger.add_contact(account, what.soldToContact or what.billToContact).id
	return account
end

-- ---- what an account owes ------------------------------------------------------------------------------

function ledger.open_of(document) return document.total - document.settled end

function ledger.figures(account)
	local f = { invoices = 0, debit_memos = 0, unapplied = 0, credit_memos = 0 }
	for _, i in pairs(twin.state.invoices) do
		if i.account == account.id and i.status == "Posted" then f.invoices = f.invoices + ledger.open_of(i) end
	end
	for _, d in pairs(twin.state.debit_memos) do
		if d.account == account.id and d.status == "Posted" then f.debit_memos = f.debit_memos + ledger.open_of(d) end
	end
	for _, p in pairs(twin.state.payments) do
		if p.account == account.id and p.status == "Processed" then f.unapplied = f.unapplied + ledger.unapplied(p) end
	end
	for _, m in pairs(twin.state.credit_memos) do
		if m.account == account.id and m.status == "Posted" then f.credit_memos = f.credit_memos + ledger.unapplied(m) end
	end
	f.balance = f.invoices + f.debit_memos - f.credit_memos - f.unapplied
	return f
end

-- ---- documents -----------------------------------------------------------------------------------------

local function lines_of(what)
	local lines, net, tax = {}, 0, 0
	for i, l in ipairs(what or {}) do
		local line = { id = ledger.new_id(), name = l.name or "Charge " .. i, amount = ledger.cents(l.amount, "amount of line " .. i),
			tax = ledger.cents(l.tax or "0", "tax of line " .. i), quantity = tostring(l.quantity or 1), price = l.price and tostring(l.price),
			sku = l.sku, code = l.accountingCode, description = l.description, product = l.product, from = l.from, ["until"] = l["until"],
			taxes = {}, of = l.of, invoice_item = l.invoice_item, processing = l.processing }
		for _, t in ipairs(l.taxes or {}) do
			line.taxes[#line.taxes + 1] = { id = ledger.new_id(), name = t.name, code = t.code, rate = tostring(t.rate), amount = ledger.cents(t.amount) }
		end
		net, tax = net + line.amount, tax + line.tax
		lines[#lines + 1] = line
	end
	return lines, net, tax
end

local function add_days(day, n)
	return twin.iso(twin.from_iso(day .. "T12:00:00Z") + n * 86400000):sub(1, 10)
end

local function document(kind, what, number)
	local account = ledger.need("accounts", what.account)
	local lines, net, tax = lines_of(what.lines)
	local date = what.date or ledger.today()
	return keep(kind, { number = what.number or number, account = account.id, lines = lines, total = net + tax, tax = tax, settled = 0, date = date,
		due = what.due or add_days(date, 30), currency = what.currency or account.currency, status = "Draft", comments = what.comments, fields = {},
		reason = what.reason, term = what.term or account.fields.paymentTerm, reversed = false })
end

function ledger.add_invoice(what)
	local i = document("invoices", what, ledger.next_number("INV", 8))
	if what.status ~= "Draft" then ledger.post("invoices", i) end
	return i
end

function ledger.add_debit_memo(what)
	local d = document("debit_memos", what, ledger.next_number("DM", 8))
	if what.status ~= "Draft" then ledger.post("debit_memos", d) end
	return d
end

function ledger.add_credit_memo(what)
	local m = document("credit_memos", what, ledger.next_number("CM", 8))
	m.parts, m.refunded, m.invoice = {}, 0, what.invoice and ledger.need("invoices", what.invoice).id
	if what.status ~= "Draft" then ledger.post("credit_memos", m) end
	if what.apply then ledger.apply(m, what.apply) end
	return m
end

function ledger.post(_, d)
	if d.status ~= "Draft" then plain("only a draft can be posted") end
	d.status, d.posted = "Posted", twin.now()
	return ledger.touch(d)
end

function ledger.cancel(d)
	if d.status ~= "Draft" then plain("only a draft can be cancelled") end
	d.status = "Canceled"
	return ledger.touch(d)
end

-- Zuora reverses a posted invoice by a credit memo of all of it, applied to it.
function ledger.reverse(invoice)
	if invoice.status ~= "Posted" or invoice.settled ~= 0 then plain("only a posted invoice to which nothing is applied can be reversed") end
	local lines = {}
	for _, l in ipairs(invoice.lines) do
		lines[#lines + 1] = { name = l.name, amount = ledger.text(l.amount), tax = ledger.text(l.tax), quantity = l.quantity, sku = l.sku, accountingCode = l.code, invoice_item = l.id }
	end
	local memo = ledger.add_credit_memo { account = invoice.account, invoice = invoice.id, lines = lines, currency = invoice.currency, reason = "Invoice reversal",
		apply = { { invoice = invoice.id, amount = ledger.text(invoice.total) } } }
	invoice.reversed, memo.reversed = true, true
	ledger.touch(invoice)
	return memo
end

-- ---- money, and where it is applied ----------------------------------------------------------------------

function ledger.applied(p)
	local sum = 0
	for _, part in ipairs(p.parts) do sum = sum + part.amount end
	return sum
end

function ledger.unapplied(p)
	return (p.status == "Processed" or p.status == "Posted") and p.total - ledger.applied(p) - p.refunded or 0
end

local function target_of(w)
	if w.debit_memo then return ledger.need("debit_memos", w.debit_memo), "debit_memo" end
	return ledger.need("invoices", w.invoice), "invoice"
end

-- What of a document was settled how: "paid", "credited", "adjusted", and "refunded" of what was paid.
local function settled(target, how, amount) target[how] = (target[how] or 0) + amount end
local function way_of(p) return p.method and "paid" or "credited" end

local function part_of(p, kind, id)
	for i, part in ipairs(p.parts) do
		if part[kind] == id then return part, i end
	end
end

function ledger.apply(p, list)
	for _, w in ipairs(list) do
		local target, kind = target_of(w)
		local amount = w.amount and ledger.cents(w.amount) or math.min(ledger.unapplied(p), ledger.open_of(target))
		if target.account ~= p.account then plain("it belongs to another account") end
		if target.status ~= "Posted" then plain("it is not posted") end
		if amount <= 0 or amount > ledger.unapplied(p) then plain("there is not that much left to apply") end
		if amount > ledger.open_of(target) then plain("that is more than is open of it") end
		local part = part_of(p, kind, target.id)
		if not part then
			part = { id = ledger.new_id(), [kind] = target.id, amount = 0 }
			p.parts[#p.parts + 1] = part
		end
		part.amount, target.settled = part.amount + amount, target.settled + amount
		settled(target, way_of(p), amount)
		ledger.touch(target)
	end
	return ledger.touch(p)
end

function ledger.unapply(p, list)
	for _, w in ipairs(list) do
		local target, kind = target_of(w)
		local part, at = part_of(p, kind, target.id)
		if not part then plain("nothing of it is applied there") end
		local amount = w.amount and ledger.cents(w.amount) or part.amount
		if amount <= 0 or amount > part.amount then plain("there is not that much applied") end
		part.amount, target.settled = part.amount - amount, target.settled - amount
		settled(target, way_of(p), -amount)
		if part.amount == 0 then table.remove(p.parts, at) end
		ledger.touch(target)
	end
	return ledger.touch(p)
end

function ledger.add_payment(what)
	local account = ledger.need("accounts", what.account)
	local p = keep("payments", { number = ledger.next_number("P-", 8), account = account.id, total = ledger.cents(what.amount), parts = {}, refunded = 0,
		date = what.date or ledger.today(), currency = what.currency or account.currency, type = what.type or "Electronic", status = what.status or "Processed",
		method = { id = ledger.new_id(), type = what.method or "CreditCard", card = what.card }, reference = what.reference, comment = what.comment, fields = {} })
	if what.invoices and p.status == "Processed" then ledger.apply(p, what.invoices) end
	return p
end

-- To another account; what is applied has to be un-applied before.
function ledger.transfer(p, what)
	if #p.parts > 0 then plain("unapply it first") end
	p.account = ledger.need("accounts", what.account).id
	return ledger.touch(p)
end

-- A payment that was not money after all.
function ledger.void(p, status)
	for i = #p.parts, 1, -1 do
		local part = p.parts[i]
		ledger.unapply(p, { { invoice = part.invoice, debit_memo = part.debit_memo, amount = ledger.text(part.amount) } })
	end
	p.status = status
	return ledger.touch(p)
end

-- Without Invoice Settlement money goes back from where it was applied, and what it had paid is open again.
local function refund_applied(p, amount)
	local taken, left = {}, amount
	for _, part in ipairs(p.parts) do
		local some = math.min(left, part.amount - (part.refunded or 0))
		if some > 0 then
			part.refunded, left = (part.refunded or 0) + some, left - some
			taken[#taken + 1] = { id = ledger.new_id(), part = part.id, amount = some }
			local target = twin.state.invoices[part.invoice]
			target.settled = target.settled - some
			settled(target, "refunded", some)
			ledger.touch(target)
		end
	end
	return taken
end

-- What is left to give back: of what is applied nowhere, or, without Invoice Settlement, of what is applied.
local function refundable(p)
	if twin.settings.invoice_settlement then return ledger.unapplied(p) end
	return ledger.applied(p) - ledger.refunded_of_applied(p)
end

function ledger.refunded_of_applied(p)
	local sum = 0
	for _, part in ipairs(p.parts) do sum = sum + (part.refunded or 0) end
	return sum
end

-- Of a payment or a credit memo.
function ledger.refund(p, what, source)
	local amount, taken = what.amount and ledger.cents(what.amount) or refundable(p), nil
	if amount <= 0 or amount > refundable(p) then plain("there is not that much to refund; unapply it first") end
	if twin.settings.invoice_settlement then p.refunded = p.refunded + amount else taken = refund_applied(p, amount) end
	ledger.touch(p)
	return keep("refunds", { taken = taken, number = ledger.next_number("R-", 8), account = p.account, total = amount, currency = p.currency, date = what.date or ledger.today(),
		type = what.type or "Electronic", method = what.method or (p.method and p.method.type) or "CreditCard", status = what.status or "Processed", source = source,
		of = p.id, reason = what.reason, comment = what.comment, fields = {} })
end

function ledger.write_off(invoice, what)
	local open = what.amount and ledger.cents(what.amount) or ledger.open_of(invoice)
	return ledger.add_credit_memo { account = invoice.account, invoice = invoice.id, reason = "Write-off", currency = invoice.currency,
		lines = { { name = what.name or "Write-off", amount = ledger.text(open), accountingCode = what.accountingCode } },
		apply = { { invoice = invoice.id, amount = ledger.text(open) } } }
end

-- Only without Invoice Settlement.
function ledger.adjust(invoice, what)
	local amount = ledger.cents(what.amount)
	if twin.settings.invoice_settlement then plain("a tenant with Invoice Settlement has no adjustments") end
	if invoice.status ~= "Posted" then plain("only a posted invoice can be adjusted") end
	if amount <= 0 or (what.type ~= "Charge" and amount > ledger.open_of(invoice)) then plain("that is more than is open of it") end
	local taken_off = what.type == "Charge" and -amount or amount
	invoice.settled = invoice.settled + taken_off
	settled(invoice, "adjusted", taken_off)
	ledger.touch(invoice)
	return keep("adjustments", { number = ledger.next_number("IIA-", 8), account = invoice.account, invoice = invoice.id, total = amount, type = what.type or "Credit",
		status = "Processed", date = what.date or ledger.today(), reason = what.reason, comment = what.comment, code = what.accountingCode })
end

function ledger.add_product(what)
	return keep("products", { number = ledger.next_number("PC-", 8), name = what.name or plain("name: what it is called"), sku = what.sku, category = what.category,
		description = what.description })
end

return ledger
