-- refund_card.lua - money that went back to the buyer leaves the account that it had come to.
--
-- A refund to the card (or by PayPal, and so on) is taken from the gateway's clearing account and set against the refund's credit
-- memo, so that the customer's balance and the clearing account are right.  Refunds by check: refund_check.lua; refunds of what
-- was never paid: refund_apply.lua.

local books = shared "books"
local refund = shared "refund"

return mapping {
  id = "woocommerce.refund->quickbooks_desktop.ar_refund_credit_card", version = "1.0.0", language = 1,
  title = "Money that is paid back leaves its clearing account",
  from = { connector = "woocommerce", entity = "refund" },
  to   = { connector = "quickbooks_desktop", entity = "ARRefundCreditCard" },
  label = text "money back for refund {id} of order {parent_id}",

  params = {
    books.every, books.back, books.money,
    refund_from     = { type = "table", of = "Account", help = "by payment method: the account that money goes back from, where it is another than it came to" },
  },

  enabled = all { param "refunds", ne(param "document", "invoice") },

  money = refund.money,
  accept = refund.accept "card",

  identity = src "id",
  order_by = src "date_created_gmt",

  match = {
    { by = "link" },
    { by = { RefNumber = refund.number },
      agree = all { eq(found "CustomerRef", need "there.CustomerRef"), eq(found "TotalAmount", money(src "amount")), within_days(found "TxnDate", refund.day, param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}R{id}", why = "QuickBooks has a credit card refund of this number with another customer, amount or date", options = { "adopt", "create", "skip" } } },
    on_none = "create",
  },

  needs = { refund.credit, order = refund.order, set_off = refund.set_off },

  fields = {
    CustomerRef  = refund.customer,
    RefundFromAccountRef = pick(param "refund_from", need "order.payment_method", pick(param "deposit_to", need "order.payment_method")),
    ARAccountRef = refund.receivable,
    TxnDate      = refund.books_day,
    RefNumber    = refund.number,
    PaymentMethodRef = pick(param "payment_methods", need "order.payment_method"),
    Memo         = refund.memo,
    ExchangeRate = refund.exchange_rate,
    RefundAppliedToTxn = lines { one { TxnID = ref "memo", RefundAmount = refund.paid } },
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-12-01", start = "2026-01-01", facts = { target = { multicurrency = "off" } },
      params = { deposit_to = { stripe = "Stripe Clearing", default = "Undeposited Funds" }, payment_methods = { stripe = "Visa", default = "Cash" } },
      refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "stripe", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, CreditRemaining = "21.77" } } },
    { name = "WOO-15 what the gateway paid back leaves its clearing account, against that credit memo",
      given = { id = 52, parent_id = 42, date_created = "2026-11-30T23:50:00", date_created_gmt = "2026-12-01T04:50:00", amount = "21.77", reason = "one shirt back", refunded_payment = true },
      expect = { action = "create", CustomerRef = "80-1", RefundFromAccountRef = "Stripe Clearing", ARAccountRef = "80-7", TxnDate = "2026-11-30", RefNumber = "WR52", PaymentMethodRef = "Visa",
        Memo = "Refund 52 of web order 1007, one shirt back", RefundAppliedToTxn = { { TxnID = "1C-1", RefundAmount = "21.77" } } } },
    { name = "WOO-15 money may go back from another account than it came to", like = 1, params = { deposit_to = { stripe = "Stripe Clearing" }, refund_from = { stripe = "Checking" }, payment_methods = { stripe = "Visa" } },
      expect = { RefundFromAccountRef = "Checking" } },
    { name = "WOO-15 what the gateway did not pay back is asked about", like = 1, change = { refunded_payment = false }, expect = { state = "review", cause = "paid_back_by_hand", options = { "post", "skip" } } },
    { name = "WOO-15 and posted when a person says that somebody did", like = 1, change = { refunded_payment = false }, choice = { choice = "post" }, expect = { action = "create" } },
    { name = "WOO-15 or always, as the tenant says", like = 1, change = { refunded_payment = false },
      params = { refund_manual = "post", deposit_to = { stripe = "Stripe Clearing" }, payment_methods = { stripe = "Visa" } }, expect = { action = "create" } },
    { name = "WOO-15 or the credit stays open", like = 1, change = { refunded_payment = false },
      params = { refund_manual = "leave_open", deposit_to = { stripe = "Stripe Clearing" }, payment_methods = { stripe = "Visa" } }, expect = { state = "skip", cause = "left_open" } },
    { name = "WOO-15 the gateway's own refund is posted there all the same", like = 1,
      params = { refund_manual = "leave_open", deposit_to = { stripe = "Stripe Clearing" }, payment_methods = { stripe = "Visa" } }, expect = { action = "create" } },
    { name = "WOO-15 by check it is not", like = 1, params = { refund_by = { stripe = "check" }, deposit_to = { stripe = "Stripe Clearing" }, payment_methods = { stripe = "Visa" } },
      expect = { state = "skip", cause = "other_way" } },
    { name = "WOO-15 of an order that was never paid no money goes back", like = 1,
      refs = { memo = "1C-1", order = { id = "42", number = "1007", currency = "USD", payment_method = "cod", date_created = "2026-10-31T23:10:00" } }, expect = { state = "skip", cause = "was_not_paid" } },
    { name = "WOO-15 nor later, when the rest of it is paid", like = 1, refs = { order = { id = "42", number = "1007", currency = "USD", payment_method = "stripe", date_paid = "2026-12-01T10:00:00" },
        memo = "1C-1", set_off = "1B-7" }, expect = { state = "skip", cause = "set_off" } },
    { name = "WOO-15 a credit that somebody has used is not paid out", like = 1,
      refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "stripe", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1" }, CreditRemaining = "1.77" } }, expect = { state = "review", cause = "credit_used" } },
    { name = "WOO-15 without its credit memo nothing", like = 1, refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "stripe", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" } }, expect = { state = "skip", cause = "no_credit_memo" } },
    { name = "ALL-09 of an order of before the start a person decides", like = 1, start = "2026-11-01", expect = { state = "review", cause = "before_start" } },
    { name = "ALL-10 in a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ALL-15 in the shadow it shows what it would post", like = 1, refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "stripe", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "(new)" }, expect = { action = "create", CustomerRef = "the customer of order 42" } },
    { name = "WOO-42 one typed by hand is this one when number, customer and amount agree", like = 1,
      candidates = { RefNumber = { { id = "1E-4", CustomerRef = { id = "80-1" }, TotalAmount = "21.77", TxnDate = "2026-12-01" } } }, current = { id = "1E-4" }, expect = { state = "nothing" } },
    { name = "written once", like = 1, link = { id = "1E-1", base = { Memo = "Refund 52 of web order 1007, one shirt back" } }, expect = { state = "nothing" } },
  },
}
