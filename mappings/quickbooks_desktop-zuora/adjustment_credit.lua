-- adjustment_credit.lua - an adjustment of an invoice that takes off it becomes a credit memo in QuickBooks.
--
-- Only tenants without Invoice Settlement have these.  What it is set against: adjustment_apply.lua.

local adjustment = shared "adjustment"
local posting = shared "posting" { day = src "AdjustmentDate", amount = src "Amount", currency = need "original.currency" }

return mapping {
  id = "zuora.adjustment->quickbooks_desktop.CreditMemo", version = "1.0.0", language = 1,
  title = "Adjustments that take off become credit memos",
  from = { connector = "zuora", entity = "adjustment" },
  to   = { connector = "quickbooks_desktop", entity = "CreditMemo" },
  label = text "adjustment {AdjustmentNumber} of {InvoiceNumber}",

  params = { posting.params, adjustment.params },
  money = posting.money,
  accept = { adjustment.is_credit, adjustment.processed },

  identity = src "Id",
  order_by = src "UpdatedDate",

  match = adjustment.match(found "TotalAmount"),
  needs = { adjustment.needs, posting.needs },

  fields = {
    CustomerRef  = ref "customer",
    ARAccountRef = posting.receivable,
    TxnDate      = posting.books_day,
    RefNumber    = adjustment.number,
    Memo         = adjustment.memo,
    ExchangeRate = posting.exchange_rate,
    CreditMemoLine = adjustment.lines,
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = adjustment.on_delete,

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off" } }, refs = { original = { id = "8ad5", currency = "USD" }, customer = "80-1" } },
    { name = "ZUO-32 an adjustment that takes off becomes a credit memo",
      given = { Id = "8ada", AdjustmentNumber = "IIA-00000001", AccountId = "8ad0", InvoiceId = "8ad5", InvoiceNumber = "INV00000255", AdjustmentDate = "2026-11-05", Type = "Credit", Status = "Processed", Amount = "12.00", UpdatedDate = "2026-11-05T01:42:47-08:00" },
      expect = { action = "create", CustomerRef = "80-1", RefNumber = "IA-00000001", CreditMemoLine = { { ItemRef = "Adjustment", Amount = "12.00", SalesTaxCodeRef = "Non" } } } },
    { name = "ZUO-32 the other kind is another document", like = 1, change = { Type = "Charge" }, expect = { state = "skip", cause = "other_type" } },
    { name = "ZUO-32 in another currency on that one's receivables, at its rate", like = 1, facts = { target = { multicurrency = "on" } }, refs = { original = { id = "8ad5", currency = "EUR" }, customer = "80-1", buyer = { id = "80-1", CurrencyRef = { id = "2", name = "Euro" } } },
      params = { receivables = { EUR = "Receivables EUR" }, exchange_rates = { EUR = "1.1" } }, expect = { action = "create", ARAccountRef = "Receivables EUR", ExchangeRate = "1.1" } },
    { name = "a number that another document has is never used twice", like = 1, candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-1" }, TotalAmount = "99.00", TxnDate = "2026-11-05" } } },
      expect = { state = "review", cause = "number_taken:IIA-00000001" } },
    { name = "ZUO-32 cancelled, it is voided while it is unused", like = 1, change = { Status = "Canceled" }, link = { id = "1C-1", base = {} }, current = { id = "1C-1", TxnDate = "2026-11-05", LinkedTxn = {} }, expect = { action = "void 1C-1" } },
    { name = "ALL-10 of a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ZUO-32 cancelled, it is asked about when it is used", like = 1, change = { Status = "Canceled" }, link = { id = "1C-1", base = {} }, current = { id = "1C-1", TxnDate = "2026-11-05", LinkedTxn = { { TxnID = "1A-9" } } }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ALL-10 or of a closed month", like = 1, change = { Status = "Canceled" }, locked_until = "2026-11-30", link = { id = "1C-1", base = {} }, current = { id = "1C-1", TxnDate = "2026-11-05", LinkedTxn = {} }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ZUO-32 one that is cancelled before it was posted is left out", like = 1, change = { Status = "Canceled" }, expect = { state = "skip", cause = "not_processed" } },
    { name = "a number that another customer's document has is taken", like = 1, candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-7" }, TotalAmount = "12.00", TxnDate = "2026-11-05" } } }, expect = { state = "review", cause = "number_taken:IIA-00000001" } },
    { name = "a number that a document of another year has is taken", like = 1, candidates = { RefNumber = { { id = "1A-1", CustomerRef = { id = "80-1" }, TotalAmount = "12.00", TxnDate = "2025-11-05" } } }, expect = { state = "review", cause = "number_taken:IIA-00000001" } },
    { name = "what is written in it later touches nothing", like = 1, change = { Comment = "later" }, link = { id = "1C-1", base = { Memo = "Zuora adjustment IIA-00000001 of INV00000255" } }, expect = { state = "nothing" } },
  },
}
