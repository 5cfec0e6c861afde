-- refund.lua - of which day a refund is, and what becomes of its credit: the same for the credit memo and the three ways in which
-- money goes back.

-- The shop's local calendar day of the refund, never the UTC day.
local day = date(src "date_created")
local books_day = when(eq(param "closed_period", "first_open_day"), open_day(day), day)

-- An order that was paid gets its money back; the credit of one that was not is set against its open invoice.
local was_paid = all { present(need "order.date_paid"), ne(param "document", "invoice") }
local way = pick(param "refund_by", need "order.payment_method", "card")
-- The gateway has paid back, or a person says that somebody has.
local is_back = any { eq(src "refunded_payment", true), eq(param "refund_manual", "post"), present(link "id"), decided "post" }
local number = trim { text "{param.doc_prefix}R{id}", max = 11, on_overflow = param "number_too_long" }
-- In the shadow the credit memo is not there yet.
local in_shadow = eq(need "memo.id", "(new)")
local sold_on = date(first { when(eq(param "date_from", "paid"), need "order.date_paid"), when(eq(param "date_from", "completed"), need "order.date_completed"),
  when(ne(param "date_from", "created"), need "order.date_paid"), need "order.date_created" })

return { day = day, books_day = books_day, was_paid = was_paid, way = way, is_back = is_back, number = number, in_shadow = in_shadow,
  sold_on = sold_on }
