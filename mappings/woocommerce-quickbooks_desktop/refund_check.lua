-- refund_check.lua - money that goes back by check is drawn on a bank account and set against the refund's credit memo.
--
-- For payment methods that refund_by says "check" of (cash on delivery, say).  The check's line stands on accounts receivable under
-- the customer's name, which is how QuickBooks pays out a credit.

local books = shared "books"
local refund = shared "refund"

return mapping {
  id = "woocommerce.refund->quickbooks_desktop.check", version = "1.0.0", language = 1,
  title = "Money that is paid back by check",
  from = { connector = "woocommerce", entity = "refund" },
  to   = { connector = "quickbooks_desktop", entity = "Check" },
  label = text "check for refund {id} of order {parent_id}",

  params = {
    books.every, books.back,
    refund_from     = { type = "table", of = "Account", help = "by payment method: the bank account that checks are drawn on" },
    receivable      = { type = "name", of = "Account", default = "Accounts Receivable", help = "where the credit memo does not tell its own account" },
    checks_to_print = { type = "bool", default = false, help = "true: QuickBooks prints the check; false: it was written by hand" },
  },

  enabled = all { param "refunds", ne(param "document", "invoice"), present(param "refund_by") },

  money = refund.money,
  accept = refund.accept "check",

  identity = src "id",
  order_by = src "date_created_gmt",

  match = {
    { by = "link" },
    { by = { RefNumber = refund.number },
      agree = all { eq(found "PayeeEntityRef.id", need "there.CustomerRef.id"), eq(found "Amount", money(src "amount")), within_days(found "TxnDate", refund.day, param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}R{id}", why = "QuickBooks has a check of this number with another payee, amount or date", options = { "adopt", "create", "skip" } } },
    on_none = "create",
  },

  needs = { refund.credit, order = refund.order, set_off = refund.set_off },

  fields = {
    AccountRef     = pick(param "refund_from", need "order.payment_method"),
    PayeeEntityRef = refund.customer,
    RefNumber      = refund.number,
    TxnDate        = refund.books_day,
    Memo           = refund.memo,
    IsToBePrinted  = param "checks_to_print",
    ExchangeRate   = refund.exchange_rate,
    ApplyCheckToTxn = lines { one { TxnID = ref "memo", Amount = refund.paid } },
    ExpenseLine    = lines { one { AccountRef = first { need "there.ARAccountRef", named(param "receivable") }, Amount = refund.paid, CustomerRef = refund.customer } },
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
