-- shapes.lua - how records look: in object-query (camelCase), in ZOQL (PascalCase), in v1.  ../SOURCES.md 4, 5
local decimal = require "decimal"
local ledger = require "twin.ledger"

local shapes = {}
local array = twin.array

local function money(cents) return twin.json.bare(decimal.text(cents, 2, 0)) end
local function number(text) return text and twin.json.bare(text) or nil end
local function at(ms) return ms and twin.iso(ms, ledger.offset()) or nil end
-- v1 knows the tenant's time without saying its zone.
function shapes.v1_time(ms) return ms and (twin.iso(ms, ledger.offset()):sub(1, 19):gsub("T", " ")) or nil end

local function stamped(out, r)
	out.id, out.createdDate, out.updatedDate = r.id, at(r.created), at(r.updated)
	out.createdById, out.updatedById = "2c92c0f972a852360172bbe22ac551b6", "2c92c0f972a852360172bbe22ac551b6"
	for name, value in pairs(r.fields or {}) do
		if name:match("__c$") then out[name] = value end
	end
	return out
end

-- What v1 calls zipCode, object-query has under the name of the SOAP object.
function shapes.contact(r)
	local out = stamped({ accountId = r.account }, r)
	for name, value in pairs(r.fields) do
		if value ~= "" then out[name == "zipCode" and "postalCode" or name] = value end
	end
	return out
end

local ACCOUNT_FIELDS = { "notes", "crmId", "parentId", "batch", "billCycleDay", "autoPay", "paymentTerm", "purchaseOrderNumber", "invoiceDeliveryPrefsEmail" }

function shapes.account(r)
	local f = ledger.figures(r)
	local out = stamped({ accountNumber = r.number, name = r.name, currency = r.currency, status = r.status, balance = money(f.balance),
		totalInvoiceBalance = money(f.invoices), totalDebitMemoBalance = money(f.debit_memos), unappliedBalance = money(f.unapplied),
		unappliedCreditMemoAmount = money(f.credit_memos), billToId = r.bill_to, soldToId = r.sold_to, taxExemptStatus = "No", partnerAccount = false }, r)
	for _, name in ipairs(ACCOUNT_FIELDS) do out[name] = r.fields[name] end
	if r.fields.salesRep then out.salesRepName = r.fields.salesRep end
	return out
end

function shapes.invoice(r)
	return stamped({ accountId = r.account, invoiceNumber = r.number, invoiceDate = r.date, dueDate = r.due, targetDate = r.date, amount = money(r.total),
		amountWithoutTax = money(r.total - r.tax), taxAmount = money(r.tax), balance = money(r.status == "Posted" and ledger.open_of(r) or r.total), currency = r.currency,
		status = r.status, reversed = r.reversed, source = "API", sourceType = "Subscription", paymentTerm = r.term, comments = r.comments or "",
		postedDate = at(r.posted), paymentAmount = money(r.paid or 0), creditMemoAmount = money(r.credited or 0), adjustmentAmount = money(r.adjusted or 0),
		refundAmount = money(r.refunded or 0), includesRecurring = true }, r)
end

local function taxation(list)
	local out = array {}
	for _, t in ipairs(list) do
		out[#out + 1] = { id = t.id, name = t.name, taxCode = t.code, taxRate = number(t.rate), taxRateType = "Percentage", taxAmount = money(t.amount), exemptAmount = money(0) }
	end
	return out
end

function shapes.invoice_item(l)
	return stamped({ invoiceId = l.owner, chargeName = l.name, chargeAmount = money(l.amount), taxAmount = money(l.tax), quantity = number(l.quantity),
		unitPrice = number(l.price or decimal.text(l.amount, 2, 0)), uOM = "", sKU = l.sku, productId = l.product, accountingCode = l.code,
		description = l.description or "", serviceStartDate = l.from, serviceEndDate = l["until"], processingType = l.processing or "0",
		appliedToInvoiceItemId = l.of, taxMode = "TaxExclusive", balance = money(l.amount) }, l)
end

local function memo_item(owner)
	return function(l)
		return stamped({ [owner] = l.owner, chargeName = l.name, amount = money(l.amount), amountWithoutTax = money(l.amount), taxAmount = money(l.tax), quantity = number(l.quantity),
			sku = l.sku, unitPrice = number(l.price or "0"), invoiceItemId = l.invoice_item, accountingCode = l.code, description = l.description, taxMode = "TaxExclusive" }, l)
	end
end
shapes.credit_memo_item = memo_item("creditMemoId")
shapes.debit_memo_item = memo_item("debitMemoId")

function shapes.payment(r)
	local applied, live = ledger.applied(r), r.status == "Processed"
	return stamped({ accountId = r.account, paymentNumber = r.number, amount = money(r.total), appliedAmount = money(applied),
		unappliedAmount = money(live and ledger.unapplied(r) or 0), refundAmount = money(r.refunded + ledger.refunded_of_applied(r)), currency = r.currency, effectiveDate = r.date, status = r.status,
		type = r.type, referenceId = r.reference, comment = r.comment or "", paymentMethodId = r.method.id, gatewayState = r.type == "External" and "NotSubmitted" or "Submitted",
		source = r.type == "External" and "Manually" or "PaymentRun", isStandalone = false }, r)
end

function shapes.payment_method(r)
	return { id = r.method.id, type = r.method.type, creditCardType = r.method.card, creditCardMaskNumber = "************1111", createdDate = at(r.created), accountId = r.account }
end

function shapes.credit_memo(r)
	return stamped({ accountId = r.account, memoNumber = r.number, memoDate = r.date, totalAmount = money(r.total), totalAmountWithoutTax = money(r.total - r.tax),
		taxAmount = money(r.tax), balance = money(r.status == "Posted" and ledger.unapplied(r) or r.total), appliedAmount = money(ledger.applied(r)), refundAmount = money(r.refunded),
		currency = r.currency, status = r.status, reasonCode = r.reason, invoiceId = r.invoice, source = r.invoice and "AdhocFromInvoice" or "AdhocFromPrpc",
		sourceType = r.invoice and "Invoice" or "Standalone", reversed = r.reversed, comments = r.comments }, r)
end

function shapes.debit_memo(r)
	return stamped({ accountId = r.account, memoNumber = r.number, memoDate = r.date, dueDate = r.due, totalAmount = money(r.total), totalAmountWithoutTax = money(r.total - r.tax),
		taxAmount = money(r.tax), balance = money(r.status == "Posted" and ledger.open_of(r) or r.total), currency = r.currency, status = r.status, reasonCode = r.reason,
		sourceType = "Standalone", comments = r.comments }, r)
end

function shapes.refund(r)
	return stamped({ accountId = r.account, refundNumber = r.number, refundDate = r.date, amount = money(r.total), currency = r.currency, status = r.status, type = r.type,
		methodType = r.method, sourceType = r.source, reasonCode = r.reason, comment = r.comment }, r)
end

function shapes.refund_application(r)
	return { id = r.id:reverse(), refundId = r.id, accountId = r.account, applyAmount = money(r.total), effectiveDate = r.date,
		paymentId = r.source == "Payment" and r.of or nil, creditMemoId = r.source == "CreditMemo" and r.of or nil, createdDate = at(r.created), updatedDate = at(r.updated) }
end

function shapes.product(r)
	return stamped({ name = r.name, productNumber = r.number, sKU = r.sku, category = r.category, description = r.description, effectiveStartDate = "2020-01-01",
		effectiveEndDate = "2099-12-31" }, r)
end

-- Now in v1: amounts by target, and what is left.
function shapes.parts(p)
	local out = array {}
	local function part(id, amount, invoice, debit)
		out[#out + 1] = { id = id, amount = money(amount), invoiceId = invoice or twin.null, debitMemoId = debit or twin.null, createdDate = shapes.v1_time(p.created),
			updatedDate = shapes.v1_time(p.updated), createdById = "2c92c0f972a852360172bbe22ac551b6", updatedById = "2c92c0f972a852360172bbe22ac551b6" }
	end
	for _, x in ipairs(p.parts) do part(x.id, x.amount, x.invoice, x.debit_memo) end
	if ledger.unapplied(p) > 0 then part(p.id:reverse(), ledger.unapplied(p)) end
	return out
end

function shapes.taxation(l) return taxation(l.taxes) end

-- ZOQL's objects: InvoiceItemAdjustment, InvoicePayment.
function shapes.adjustment(r)
	local invoice = twin.state.invoices[r.invoice]
	return { Id = r.id, AdjustmentNumber = r.number, AccountId = r.account, InvoiceId = r.invoice, InvoiceNumber = invoice.number, AdjustmentDate = r.date, Type = r.type,
		Status = r.status, Amount = money(r.total), SourceType = "InvoiceDetail", AccountingCode = r.code, ReasonCode = r.reason, Comment = r.comment, UpdatedDate = at(r.updated) }
end

function shapes.invoice_payments()
	local list = {}
	for _, p in ipairs(ledger.by_id("payments")) do
		for _, part in ipairs(p.parts) do
			list[#list + 1] = { Id = part.id, Amount = money(part.amount), InvoiceId = part.invoice, PaymentId = p.id, RefundAmount = money(part.refunded or 0), UpdatedDate = at(p.updated) }
		end
	end
	return list
end

function shapes.refund_invoice_payments()
	local list = {}
	for _, r in ipairs(ledger.by_id("refunds")) do
		for _, t in ipairs(r.taken or {}) do
			list[#list + 1] = { Id = t.id, RefundId = r.id, InvoicePaymentId = t.part, RefundAmount = money(t.amount), UpdatedDate = at(r.updated) }
		end
	end
	return list
end

return shapes
