-- sale.lua - an invoice as invoice.lua and invoice_order.lua see it: when it counts, whose it is, its state, which lines count.

local total = money(add(src "Subtotal", src "SalesTaxTotal"))
local sent = all { ne(src "IsToBeEmailed", true), ne(src "IsToBePrinted", true) }
local paid_on = ne(money(first { src "AppliedAmount", "0" }), "0.00")
local voided = all { eq(total, "0.00"), starts(src "Memo", "VOID:") }
local state = when(voided, "Void", when(eq(src "IsPaid", true), "Paid",
  when(lt(first { src "DueDate", src "TxnDate" }, today()), "Overdue", "Open")))
local many = eq(fact "target.currencies", "many")
local currency = when(present(src "CurrencyRef.name"), pick("currencies", src "CurrencyRef.name"), fact "source.currency")
-- Whose account: the customer's or job's own, or that of the customer at the top.
local rolled = eq(param "jobs", "roll_up")
local top_name = compute { inputs = { full = src "CustomerRef.name" }, result = "string", fn = function(v) return (v.full or ""):match("^[^:]*") end }
local whose = when(rolled, need "top.id", src "CustomerRef.id")
-- A line of a subtotal shows a sum of others.  It is asked which those are where lines do not add up, and of those of 0.00, which add up in any case.
local amount_here = first { item "Amount", item "TotalAmount" }
local adds_up = eq(money(sum("InvoiceLine", first { item "Amount", item "TotalAmount" })), money(src "Subtotal"))
local counts = all { any { present(item "ItemRef"), present(item "ItemGroupRef") }, present(amount_here), ne(need "kind.ItemType", "ItemSubtotal") }
-- Salesforce keeps two places of a quantity and wants one that is not zero.
local whole = all { present(item "Quantity"), ne(money(item "Quantity"), "0.00"), eq(money(item "Quantity"), item "Quantity") }

return {
  total = total, voided = voided, state = state, many = many, currency = currency, amount_here = amount_here, counts = counts, whole = whole,
  money = { amount = total, currency = currency, date = src "TxnDate", must_be = when(not_(many), fact "target.currency") },
  accept = {
    { ne(src "IsPending", true), else_ = skip("draft", "invoice {RefNumber} is pending: a draft") },
    { any { eq(param "send_when", "always"), sent, paid_on, eq(src "IsPaid", true), present(link "id") }, else_ = skip("not_sent", "invoice {RefNumber} is still to be sent") },
  },
  needs = {
    top     = find { side = "source", entity = "Customer", by = { FullName = top_name }, if_ = rolled },
    account = ensure { "quickbooks_desktop.Customer->salesforce.customer", of = { entity = "Customer", id = whose } },
    kind    = fetch { side = "source", entity = "Item", id = item "ItemRef.id", take = { "ItemType" }, if_ = any { not_(adds_up), eq(money(amount_here), "0.00") } },
  },
  -- A payment or a credit need not touch the invoice itself.
  again_on = { ReceivePayment = each("AppliedToTxn", item "TxnID.id"), CreditMemo = each("LinkedTxn", item "TxnID") },
  again_at = when(one_of(state, { "Open" }), add_days(first { src "DueDate", src "TxnDate" }, 1)),
}
