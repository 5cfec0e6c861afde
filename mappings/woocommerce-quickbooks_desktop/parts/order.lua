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

return {
  called_off = called_off, due = due, day = day, books_day = books_day,
  -- Cash on delivery is sold when it leaves the shop; all else when the money has come.
  tables = { usual_post_when = { cod = "status", default = "paid" } },
  -- Of accept.
  is_bought = { not_(one_of(src "status", { "checkout-draft", "auto-draft" })), else_ = skip("draft", "a cart that nobody has bought yet") },
  is_on = { any { not_(called_off), present(link "id"), decided "post" }, else_ = review { cause = "paid_but_called_off",
    why = "order {number} was paid and then {status}, and is not in the books", options = { "post", "skip" } } },
  is_known_when = { one_of(post_when, { "paid", "status", "completed" }), else_ = hold { cause = "post_when:{payment_method}",
    why = "post_when of {payment_method} is none of paid, status, completed", fix = "mend the parameter post_when" } },
  is_due = { any { due, present(link "id"), decided "post" }, else_ = skip("not_due", "order {number} is {status}, paid by {payment_method_title}: not sold yet") },
}
