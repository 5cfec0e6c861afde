-- refund_check.lua - money that goes back by check is drawn on a bank account and set against the refund's credit memo.
--
-- For payment methods that refund_by says "check" of (cash on delivery, say).  The check's line stands on accounts receivable under
-- the customer's name, which is how QuickBooks pays out a credit.

local refund = shared "refund"
local day, books_day, was_paid, way, is_back, number, in_shadow, sold_on = refund.day, refund.books_day, refund.was_paid, refund.way, refund.is_back, refund.number, refund.in_shadow, refund.sold_on


local amount = when(all { present(need "there.CreditRemaining"), lt(need "there.CreditRemaining", src "amount"), not_(decided "post") },
  review { cause = "credit_used", why = "of the credit of {amount} for refund {id} only {need.there.CreditRemaining} are left: somebody has used it in QuickBooks", options = { "skip", "adopt" } },
  money(src "amount"))

return mapping {
  id = "woocommerce.refund->quickbooks_desktop.check", version = "1.0.0", language = 1,
  title = "Money that is paid back by check",
  from = { connector = "woocommerce", entity = "refund" },
  to   = { connector = "quickbooks_desktop", entity = "Check" },
  label = text "check for refund {id} of order {parent_id}",

  params = {
    refunds         = { type = "bool", default = true, help = "see credit_memo.lua" },
    document        = { type = "one_of", values = { "invoice_and_payment", "invoice", "sales_receipt" }, default = "invoice_and_payment", help = "see invoice.lua" },
    doc_prefix      = { type = "string", default = "W", max = 4, unique = true, help = "see invoice.lua" },
    number_too_long = { type = "one_of", values = { "hold", "last_digits" }, default = "hold", help = "see invoice.lua" },
    date_from       = { type = "one_of", values = { "paid", "created", "completed" }, default = "paid", help = "see invoice.lua" },
    closed_period   = { type = "one_of", values = { "hold", "first_open_day" }, default = "hold", help = "see invoice.lua" },
    refund_by       = { type = "table", help = "by payment method, how money goes back: card (out of the clearing account), check, or nothing (left to people); card where it is not named" },
    refund_manual   = { type = "one_of", values = { "post", "leave_open", "review" }, default = "review",
                        help = "a refund that the gateway did not pay back itself: its money went back all the same (post), the credit stays open, or a person says" },
    adopt_within_days = { type = "int", default = 30, min = 0, max = 366, help = "see invoice.lua" },
    refund_from     = { type = "table", of = "Account", help = "by payment method: the bank account that checks are drawn on" },
    receivable      = { type = "name", of = "Account", default = "Accounts Receivable", help = "where the credit memo does not tell its own account" },
    checks_to_print = { type = "bool", default = false, help = "true: QuickBooks prints the check; false: it was written by hand" },
    currency        = { type = "string", default = "USD", max = 3, help = "see invoice.lua" },
    exchange_rates  = { type = "table", help = "see invoice.lua" },
  },

  enabled = all { param "refunds", ne(param "document", "invoice"), present(param "refund_by") },

  money = { amount = src "amount", currency = need "order.currency", date = day, posted = books_day, origin_date = sold_on,
    must_be = when(all { present(need "order.currency"), ne(fact "target.multicurrency", "on") }, param "currency") },

  accept = {
    { gt(src "amount", 0), else_ = skip("nothing_back", "refund {id} gives nothing back") },
    { absent(need "set_off.id"), else_ = skip("set_off", "the credit of refund {id} was set against the open invoice of order {parent_id}") },
    { was_paid, else_ = skip("was_not_paid", "order {parent_id} was not paid: the credit is set against its invoice") },
    { eq(way, "check"), else_ = skip("other_way", "money of order {parent_id} goes back another way") },
    { any { is_back, ne(param "refund_manual", "leave_open") }, else_ = skip("left_open", "the gateway did not pay back: the credit of refund {id} stays open") },
    { is_back, else_ = review { cause = "paid_back_by_hand", why = "the gateway did not pay refund {id} of {amount} back: has somebody done so?", options = { "post", "skip" } } },
  },

  identity = src "id",
  order_by = src "date_created_gmt",

  match = {
    { by = "link" },
    { by = { RefNumber = number },
      agree = all { eq(found "PayeeEntityRef.id", need "there.CustomerRef.id"), eq(found "Amount", money(src "amount")), within_days(found "TxnDate", day, param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}R{id}", why = "QuickBooks has a check of this number with another payee, amount or date", options = { "adopt", "create", "skip" } } },
    on_none = "create",
  },

  needs = {
    order = fetch { side = "source", entity = "order", id = src "parent_id", on_none = review("order_gone", "the order {parent_id} of this refund is not in the shop any more") },
    memo  = ensure { "woocommerce.refund->quickbooks_desktop.credit_memo", on_none = skip("no_credit_memo", "refund {id} has no credit memo") },
    set_off = linked { "woocommerce.refund->quickbooks_desktop.receive_payment", if_ = param "refunds" },
    there = fetch { entity = "CreditMemo", id = need "memo.id", if_ = not_(in_shadow), on_none = hold("needs_memo", "the credit memo of refund {id} is not in QuickBooks any more") },
  },

  fields = {
    AccountRef     = pick(param "refund_from", need "order.payment_method"),
    PayeeEntityRef = when(in_shadow, named(text "the customer of order {parent_id}"), need "there.CustomerRef"),
    RefNumber      = number,
    TxnDate        = books_day,
    Memo           = transliterate(join { list { text "Refund {id} of web order {need.order.number}", src "reason",
      when(ne(books_day, day), text "of the closed period"), when(ne(books_day, day), day) }, item(), ", " }),
    IsToBePrinted  = param "checks_to_print",
    ExchangeRate   = when(all { eq(fact "target.multicurrency", "on"), present(param "exchange_rates") }, pick(param "exchange_rates", need "order.currency")),
    ApplyCheckToTxn = lines { one { TxnID = ref "memo", Amount = amount } },
    ExpenseLine    = lines { one { AccountRef = first { need "there.ARAccountRef", named(param "receivable") }, Amount = amount, CustomerRef = when(in_shadow, named(text "the customer of order {parent_id}"), need "there.CustomerRef") } },
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-12-01", start = "2026-01-01", facts = { target = { multicurrency = "off" } },
      params = { refund_by = { cod = "check" }, refund_from = { cod = "Checking" } },
      refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "cod", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, CreditRemaining = "21.77" } } },
    { name = "WOO-15 a check pays the credit out, on the customer's receivables",
      given = { id = 52, parent_id = 42, date_created = "2026-11-30T23:50:00", date_created_gmt = "2026-12-01T04:50:00", amount = "21.77", reason = "one shirt back", refunded_payment = false },
      choice = { choice = "post" },
      expect = { action = "create", AccountRef = "Checking", PayeeEntityRef = "80-1", TxnDate = "2026-11-30", RefNumber = "WR52", IsToBePrinted = false, Memo = "Refund 52 of web order 1007, one shirt back",
        ApplyCheckToTxn = { { TxnID = "1C-1", Amount = "21.77" } }, ExpenseLine = { { AccountRef = "80-7", Amount = "21.77", CustomerRef = "80-1" } } } },
    { name = "WOO-15 whether somebody wrote it a person says", like = 1, choice = none, expect = { state = "review", cause = "paid_back_by_hand" } },
    { name = "WOO-15 the bank account has to be named", like = 1, params = { refund_by = { cod = "check" } }, expect = { state = "hold", cause = "unknown_refund_from:cod" } },
    { name = "WOO-15 other payment methods go back to the card", like = 1, refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "stripe", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, CreditRemaining = "21.77" } }, expect = { state = "skip", cause = "other_way" } },
    { name = "WOO-15 a credit that somebody has used is not paid out", like = 1,
      refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "cod", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1" }, CreditRemaining = "0.00" } }, choice = none, params = { refund_manual = "post", refund_by = { cod = "check" }, refund_from = { cod = "Checking" } },
      expect = { state = "review", cause = "credit_used" } },
    { name = "ALL-10 in a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ALL-15 in the shadow it shows what it would post", like = 1, refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "cod", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "(new)" }, expect = { action = "create", ExpenseLine = { { AccountRef = "Accounts Receivable" } } } },
  },
}
