-- adjustment_apply.lua - the credit of an adjustment is set against the invoice that Zuora adjusted, by a payment of 0 that names both.

local number = trim { text "{param.doc_prefix}{AdjustmentNumber}", max = 20, on_overflow = "last_digits" }
local adjustment = shared "adjustment"
local posting = shared "posting" { day = src "AdjustmentDate", amount = src "Amount", currency = need "original.currency" }

return mapping {
  id = "zuora.adjustment->quickbooks_desktop.ReceivePayment", version = "1.0.0", language = 1,
  title = "Credits of adjustments are set against their invoices",
  from = { connector = "zuora", entity = "adjustment" },
  to   = { connector = "quickbooks_desktop", entity = "ReceivePayment" },
  label = text "adjustment {AdjustmentNumber}, applied",

  params = { posting.params, document = { type = "one_of", values = { "invoice", "sales_receipt" }, default = "invoice", help = "see invoice.lua" } },

  -- A sales receipt has nothing open that a credit could be set against.
  enabled = eq(param "document", "invoice"),

  money = posting.money,
  accept = { adjustment.is_credit, adjustment.processed },

  identity = src "Id",
  order_by = src "UpdatedDate",
  match = { { by = "link" }, { by = { RefNumber = number }, agree = all { eq(found "CustomerRef", ref "customer"), eq(found "TotalAmount", 0) } }, on_none = "create" },

  needs = {
    posting.needs,
    adjustment.needs,
    memo     = ensure { "zuora.adjustment->quickbooks_desktop.CreditMemo" },
    invoice  = ensure { "zuora.invoice->quickbooks_desktop.Invoice", of = { entity = "invoice", id = src "InvoiceId" } },
  },

  fields = {
    CustomerRef  = ref "customer",
    ARAccountRef = posting.receivable,
    TxnDate      = posting.books_day,
    RefNumber    = number,
    TotalAmount  = "0.00",
    ExchangeRate = posting.exchange_rate,
    Memo         = transliterate(text "Zuora adjustment {AdjustmentNumber}, applied"),
    AppliedToTxn = lines { one { TxnID = ref "invoice", SetCredit = lines { one { CreditTxnID = ref "memo", AppliedAmount = money(src "Amount") } } } },
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off" } }, refs = { original = { id = "8ad5", currency = "USD" }, customer = "80-1", memo = "1C-1", invoice = "1A-9" } },
    { name = "ZUO-32 the credit of an adjustment is set against its invoice",
      given = { Id = "8ada", AdjustmentNumber = "IIA-00000001", AccountId = "8ad0", InvoiceId = "8ad5", InvoiceNumber = "INV00000255", AdjustmentDate = "2026-11-05", Type = "Credit", Status = "Processed", Amount = "12.00", UpdatedDate = "2026-11-05T01:42:47-08:00" },
      expect = { action = "create", TotalAmount = "0.00", AppliedToTxn = { { TxnID = "1A-9", SetCredit = { { CreditTxnID = "1C-1", AppliedAmount = "12.00" } } } } } },
    { name = "ZUO-32 a charge has no credit", like = 1, change = { Type = "Charge" }, expect = { state = "skip", cause = "other_type" } },
  },
}
