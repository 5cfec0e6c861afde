-- adjustment_charge.lua - an adjustment of an invoice that adds to it becomes an invoice in QuickBooks.
--
-- Only tenants without Invoice Settlement have these.  QuickBooks does not let a posted, perhaps paid invoice grow: what is added stands by itself.

local number = trim { text "{param.doc_prefix}{AdjustmentNumber}", max = 11, on_overflow = "last_digits" }

-- >>> the same in every file that posts: of which day
local day = src "AdjustmentDate"
local books_day = when(eq(param "closed_period", "first_open_day"), open_day(day), day)
-- <<<
return mapping {
  id = "zuora.adjustment->quickbooks_desktop.Invoice", version = "1.0.0", language = 1,
  title = "Adjustments that add become invoices",
  from = { connector = "zuora", entity = "adjustment" },
  to   = { connector = "quickbooks_desktop", entity = "Invoice" },
  label = text "adjustment {AdjustmentNumber} of {InvoiceNumber}",

  params = {
    adjustment_item = { type = "name", of = "Item", default = "Adjustment", help = "the item for adjustments of invoices" },
    tax             = { type = "one_of", values = { "quickbooks", "line", "off" }, default = "quickbooks", help = "see invoice.lua" },
    non_code        = { type = "name", of = "SalesTaxCode", default = "Non" },
    doc_prefix      = { type = "string", default = "", max = 4, unique = true, help = "see invoice.lua" },
    number_too_long = { type = "one_of", values = { "hold", "last_digits" }, default = "hold", help = "see invoice.lua" },
    adopt_within_days = { type = "int", default = 30, min = 0, max = 366, help = "see invoice.lua" },
    closed_period   = { type = "one_of", values = { "hold", "first_open_day" }, default = "hold", help = "see invoice.lua" },
    currency        = { type = "string", default = "USD", max = 3, help = "see invoice.lua" },
    receivables     = { type = "table", of = "Account", help = "see invoice.lua" },
    exchange_rates  = { type = "table", help = "see invoice.lua" },
  },

  money = { amount = src "Amount", currency = need "original.currency", date = day, posted = books_day,
    must_be = when(all { present(need "original.currency"), ne(fact "target.multicurrency", "on") }, param "currency") },

  accept = {
    { eq(src "Type", "Charge"), else_ = skip("other_type", "adjustment {AdjustmentNumber} takes off its invoice") },
    { any { eq(src "Status", "Processed"), present(link "id") }, else_ = skip("not_processed", "adjustment {AdjustmentNumber} is {Status}") },
  },

  identity = src "Id",
  order_by = src "UpdatedDate",

  match = { { by = "link" }, { by = { RefNumber = number }, agree = eq(found "CustomerRef", ref "customer") }, on_none = "create" },

  needs = {
    customer = ensure { "zuora.account->quickbooks_desktop.Customer", of = { entity = "account", id = src "AccountId" } },
    original = fetch { side = "source", entity = "invoice", id = src "InvoiceId", on_none = review("invoice_gone", "the invoice {InvoiceNumber} of this adjustment is not in Zuora any more") },
  },

  fields = {
    CustomerRef = ref "customer",
    TxnDate     = books_day,
    RefNumber   = number,
    Memo        = transliterate(join { list { text "Zuora adjustment {AdjustmentNumber} of {InvoiceNumber}", src "ReasonCode", src "Comment" }, item(), ", " }),
    InvoiceLine = lines { one { ItemRef = param "adjustment_item", Desc = transliterate(text "Adjustment of {InvoiceNumber}"), Amount = money(src "Amount"), SalesTaxCodeRef = when(ne(param "tax", "off"), param "non_code") } },
  },

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = {
    when = all { present(link "id"), eq(src "Status", "Canceled") },
    void_if = all { eq(count(current "LinkedTxn"), 0), not_(le(current "TxnDate", lock_date())) },
    else_ = review("deleted_after_post", "adjustment {AdjustmentNumber} was cancelled in Zuora; in QuickBooks it is used, or of a closed month"),
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off" } }, refs = { original = { id = "8ad5", currency = "USD" }, customer = "80-1" } },
    { name = "ZUO-32 an adjustment that adds becomes an invoice",
      given = { Id = "8ada", AdjustmentNumber = "IIA-00000001", AccountId = "8ad0", InvoiceId = "8ad5", InvoiceNumber = "INV00000255", AdjustmentDate = "2026-11-05", Type = "Charge", Status = "Processed", Amount = "12.00", UpdatedDate = "2026-11-05T01:42:47-08:00" },
      expect = { action = "create", CustomerRef = "80-1", RefNumber = "IA-00000001", InvoiceLine = { { ItemRef = "Adjustment", Amount = "12.00", SalesTaxCodeRef = "Non" } } } },
    { name = "ZUO-32 the other kind is another document", like = 1, change = { Type = "Credit" }, expect = { state = "skip", cause = "other_type" } },
    { name = "ZUO-32 cancelled, it is voided while it is unused", like = 1, change = { Status = "Canceled" }, link = { id = "1C-1", base = {} }, current = { id = "1C-1", TxnDate = "2026-11-05", LinkedTxn = {} }, expect = { action = "void 1C-1" } },
    { name = "ALL-10 of a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
  },
}
