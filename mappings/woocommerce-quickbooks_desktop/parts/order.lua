-- order.lua - which orders are sold, and of which day: the same for the invoice, the sales receipt and the payment.

local called_off = one_of(src "status", { "cancelled", "failed", "trash" })
local post_when = pick(param "post_when", src "payment_method", pick("usual_post_when", src "payment_method"))
local due = any {
  all { eq(post_when, "paid"),      present(src "date_paid") },
  all { eq(post_when, "status"),    one_of(src "status", param "statuses") },
  all { eq(post_when, "completed"), any { eq(src "status", "completed"), present(src "date_completed") } },
}
-- The shop's local calendar day, never the UTC day.
local day = date(first {
  when(eq(param "date_from", "paid"), src "date_paid"),
  when(eq(param "date_from", "completed"), src "date_completed"),
  when(ne(param "date_from", "created"), src "date_paid"),
  src "date_created" })
local books_day = when(eq(param "closed_period", "first_open_day"), open_day(day), day)

return { called_off = called_off, post_when = post_when, due = due, day = day, books_day = books_day }
