-- refund_apply.lua - the credit of a refund whose order was not paid is set against that order's open invoice.
--
-- QuickBooks does so by a payment of 0 that names both.  Nothing else is applied to anything.

local books = shared "books"
local refund = shared "refund"
-- As much as is open on the invoice, and as is left of the credit.
local amount = min(money(src "amount"), need "there.CreditRemaining", need "posted.BalanceRemaining")
local set_off = trim { text "{param.doc_prefix}R{id}", max = 20, on_overflow = "last_digits" }

return mapping {
  id = "woocommerce.refund->quickbooks_desktop.receive_payment", version = "1.0.0", language = 1,
  title = "Credits of unpaid orders are set against their invoices",
  from = { connector = "woocommerce", entity = "refund" },
  to   = { connector = "quickbooks_desktop", entity = "ReceivePayment" },
  label = text "credit of refund {id} against order {parent_id}",

  params = { books.every, books.back },
  enabled = all { param "refunds", ne(param "document", "sales_receipt") },

  money = refund.money,

  accept = {
    refund.something_back,
    { not_(refund.was_paid), else_ = skip("was_paid", "order {parent_id} was paid: its money goes back") },
  },

  identity = src "id",
  order_by = src "date_created_gmt",

  match = {
    { by = "link" },
    { by = { RefNumber = set_off }, agree = all { eq(found "CustomerRef", need "there.CustomerRef"), eq(found "TotalAmount", 0) } },
    on_none = "create",
  },

  needs = {
    refund.credit,
    order   = refund.order,
    invoice = ensure { "woocommerce.order->quickbooks_desktop.invoice", of = { entity = "order", id = src "parent_id" }, on_none = skip("no_invoice", "order {parent_id} has no invoice") },
    posted  = fetch { entity = "Invoice", id = need "invoice.id", if_ = ne(need "invoice.id", "(new)"), on_none = hold("needs_invoice", "the invoice of order {parent_id} is not in QuickBooks any more") },
  },

  fields = {
    CustomerRef  = refund.customer,
    ARAccountRef = refund.receivable,
    TxnDate      = refund.books_day,
    RefNumber    = set_off,
    TotalAmount  = "0.00",
    ExchangeRate = refund.exchange_rate,
    Memo         = refund.memo,
    AppliedToTxn = lines { one { TxnID = ref "invoice", SetCredit = lines { one { CreditTxnID = ref "memo", AppliedAmount = when(le(amount, 0),
      skip("nothing_open", "the invoice of order {parent_id} is paid, or the credit is used: nothing is left to set against it"), amount) } } } },
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-12-01", start = "2026-01-01", facts = { target = { multicurrency = "off" } },
      refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "cod", date_created = "2026-10-31T23:10:00" },
        memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, CreditRemaining = "21.77" }, invoice = "1A-9", posted = { id = "1A-9", BalanceRemaining = "56.03" } } },
    { name = "WOO-15 the credit of an unpaid order is set against its own invoice, and no money moves",
      given = { id = 52, parent_id = 42, date_created = "2026-11-30T23:50:00", date_created_gmt = "2026-12-01T04:50:00", amount = "21.77", reason = "one shirt back", refunded_payment = false },
      expect = { action = "create", CustomerRef = "80-1", TxnDate = "2026-11-30", RefNumber = "WR52", TotalAmount = "0.00", ARAccountRef = "80-7", DepositToAccountRef = none,
        AppliedToTxn = { { TxnID = "1A-9", SetCredit = { { CreditTxnID = "1C-1", AppliedAmount = "21.77" } } } } } },
    { name = "WOO-15 no more than is open", like = 1, refs = { order = { id = "42", number = "1007", currency = "USD", payment_method = "cod", date_created = "2026-10-31T23:10:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, CreditRemaining = "21.77" }, invoice = "1A-9", posted = { id = "1A-9", BalanceRemaining = "20.00" } },
      expect = { AppliedToTxn = { { SetCredit = { { AppliedAmount = "20.00" } } } } } },
    { name = "WOO-15 nothing where nothing is open", like = 1, refs = { order = { id = "42", number = "1007", currency = "USD", payment_method = "cod", date_created = "2026-10-31T23:10:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, CreditRemaining = "21.77" }, invoice = "1A-9", posted = { id = "1A-9", BalanceRemaining = "0.00" } },
      expect = { state = "skip", cause = "nothing_open" } },
    { name = "WOO-15 the credit of a paid order is not set against its invoice", like = 1, refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "stripe", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, CreditRemaining = "21.77" }, invoice = "1A-9" }, expect = { state = "skip", cause = "was_paid" } },
    { name = "WOO-39 where payments are the bookkeeper's, credits are set against what is open", like = 1, params = { document = "invoice" },
      refs = { order = { id = "42", number = "1007", status = "processing", currency = "USD", payment_method = "stripe", date_created = "2026-10-31T23:10:00", date_paid = "2026-10-31T23:30:00" }, memo = "1C-1", there = { id = "1C-1", CustomerRef = { id = "80-1", name = "Ada Byron" }, ARAccountRef = { id = "80-7", name = "Accounts Receivable" }, CreditRemaining = "21.77" }, invoice = "1A-9", posted = { id = "1A-9", BalanceRemaining = "56.03" } }, expect = { action = "create" } },
    { name = "ALL-10 in a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ALL-15 in the shadow it shows what it would post", like = 1, refs = { order = { id = "42", number = "1007", currency = "USD", payment_method = "cod", date_created = "2026-10-31T23:10:00" }, memo = "(new)", invoice = "(new)" },
      expect = { action = "create", AppliedToTxn = { { SetCredit = { { AppliedAmount = "21.77" } } } } } },
    { name = "written once", like = 1, link = { id = "1E-1", base = { Memo = "Refund 52 of web order 1007, one shirt back" } }, expect = { state = "nothing" } },
  },
}
