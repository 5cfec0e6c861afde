-- refund.lua - of which day a refund is, what becomes of its credit, and what is said of it: the same for the credit memo and the
-- three ways in which money goes back.

-- The shop's local calendar day of the refund, never the UTC day.
local day = date(src "date_created")
local books_day = when(eq(param "closed_period", "first_open_day"), open_day(day), day)
local sold_on = date(first { when(eq(param "date_from", "paid"), need "order.date_paid"), when(eq(param "date_from", "completed"), need "order.date_completed"),
  when(ne(param "date_from", "created"), need "order.date_paid"), need "order.date_created" })

-- An order that was paid gets its money back; the credit of one that was not is set against its open invoice.
local was_paid = all { present(need "order.date_paid"), ne(param "document", "invoice") }
local way = pick(param "refund_by", need "order.payment_method", "card")
-- The gateway has paid back, or a person says that somebody has.
local is_back = any { eq(src "refunded_payment", true), eq(param "refund_manual", "post"), present(link "id"), decided "post" }
local number = trim { text "{param.doc_prefix}R{id}", max = 11, on_overflow = param "number_too_long" }
-- In the shadow the credit memo is not there yet.
local in_shadow = eq(need "memo.id", "(new)")
local something_back = { gt(src "amount", 0), else_ = skip("nothing_back", "refund {id} gives nothing back") }

return {
  day = day, books_day = books_day, was_paid = was_paid, number = number,
  money = { amount = src "amount", currency = need "order.currency", date = day, posted = books_day, origin_date = sold_on,
    must_be = when(all { present(need "order.currency"), ne(fact "target.multicurrency", "on") }, param "currency") },
  memo = transliterate(join { list { text "Refund {id} of web order {need.order.number}", src "reason",
    when(ne(books_day, day), text "of the closed period"), when(ne(books_day, day), day) }, item(), ", " }),
  exchange_rate = when(all { eq(fact "target.multicurrency", "on"), present(param "exchange_rates") }, pick(param "exchange_rates", need "order.currency")),

  something_back = something_back,
  -- Which refunds are paid back by card, or by check.
  accept = function(by)
    return {
      something_back,
      { absent(need "set_off.id"), else_ = skip("set_off", "the credit of refund {id} was set against the open invoice of order {parent_id}") },
      { was_paid, else_ = skip("was_not_paid", "order {parent_id} was not paid: the credit is set against its invoice") },
      { eq(way, by), else_ = skip("other_way", "money of order {parent_id} goes back another way") },
      { any { is_back, ne(param "refund_manual", "leave_open") }, else_ = skip("left_open", "the gateway did not pay back: the credit of refund {id} stays open") },
      { is_back, else_ = review { cause = "paid_back_by_hand", why = "the gateway did not pay refund {id} of {amount} back: has somebody done so?", options = { "post", "skip" } } },
    }
  end,
  -- paid: what is paid back, not more than is left of the credit.
  paid = when(all { present(need "there.CreditRemaining"), lt(need "there.CreditRemaining", src "amount"), not_(decided "post") },
    review { cause = "credit_used", why = "of the credit of {amount} for refund {id} only {need.there.CreditRemaining} are left: somebody has used it in QuickBooks", options = { "skip", "adopt" } },
    money(src "amount")),

  order = fetch { side = "source", entity = "order", id = src "parent_id", on_none = review("order_gone", "the order {parent_id} of this refund is not in the shop any more") },
  -- The credit memo, and what stands on it.
  credit = {
    memo  = ensure { "woocommerce.refund->quickbooks_desktop.credit_memo", on_none = skip("no_credit_memo", "refund {id} has no credit memo") },
    there = fetch { entity = "CreditMemo", id = need "memo.id", if_ = not_(in_shadow), on_none = hold("needs_memo", "the credit memo of refund {id} is not in QuickBooks any more") },
  },
  set_off = linked { "woocommerce.refund->quickbooks_desktop.receive_payment", if_ = param "refunds" },
  customer = when(in_shadow, named(text "the customer of order {parent_id}"), need "there.CustomerRef"),
  receivable = when(not_(in_shadow), need "there.ARAccountRef"),
}
