-- invoice_credit.lua - an invoice in Zuora that comes to less than nothing becomes a credit memo in QuickBooks.
--
-- Each charge with its sign turned round; charges of such an invoice that do cost something take off the credit.

local document = shared "document" { of = "invoice", as = "CreditMemo", sign = neg }
local posting = shared "posting" { day = document.day, amount = document.total }

return mapping {
  id = "zuora.invoice->quickbooks_desktop.CreditMemo", version = "1.0.0", language = 1,
  title = "Invoices below zero become credit memos",
  from = { connector = "zuora", entity = "invoice" },
  to   = { connector = "quickbooks_desktop", entity = "CreditMemo" },
  label = text "invoice {invoiceNumber}, a credit",

  params = { posting.params, document.params },
  requires = document.requires,
  money = posting.money,

  accept = {
    { lt(src "amount", 0), else_ = skip("not_negative", "invoice {invoiceNumber} comes to {amount}: an invoice") },
    { any { eq(src "status", "Posted"), present(link "id") }, else_ = skip("not_posted", "invoice {invoiceNumber} is {status}") },
    document.tax_is_in_use,
  },

  identity = src "id",
  order_by = src "updatedDate",

  match = { { by = "link" }, document.by_number, on_none = "create" },
  needs = { document.needs, posting.needs },

  fields = {
    CustomerRef  = ref "customer",
    ClassRef     = param "class",
    ARAccountRef = posting.receivable,
    TxnDate      = posting.books_day,
    RefNumber    = document.number,
    ItemSalesTaxRef = document.tax_item,
    Memo         = transliterate(text "Zuora invoice {invoiceNumber}"),
    CustomerSalesTaxCodeRef = document.customer_tax_code,
    ExchangeRate = posting.exchange_rate,
    CreditMemoLine = document.lines,
  },

  balance = document.balance,
  expect = document.expect,

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = {
    when = all { present(link "id"), one_of(src "status", { "Canceled", "Draft", "Error" }) },
    void_if = all { eq(count(current "LinkedTxn"), 0), not_(le(current "TxnDate", lock_date())) },
    else_ = review("deleted_after_post", "invoice {invoiceNumber} is {status} in Zuora; its credit memo in QuickBooks is used, or of a closed month"),
    limit_per_hour = 20,
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off", sales_tax = "on" } }, params = { tax_items = { CA = "CA State", none = "Out of State" } },
      refs = { customer = "80-1", item = { ["Monthly fee"] = { id = "50-1", SalesTaxCodeRef = { name = "Tax" } } }, tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" }, ["Out of State"] = { id = "60-2", TaxRate = "0" } } } },
    { name = "ZUO-31 a total below zero becomes a credit memo of it, tax and all",
      given = { id = "8ad6", invoiceNumber = "INV00000300", accountId = "8ad0", status = "Posted", currency = "USD", invoiceDate = "2026-11-03", amount = "-108.25", taxAmount = "-8.25", updatedDate = "2026-11-03T01:42:47-08:00",
        invoiceItems = { { id = "1", chargeName = "Monthly fee", chargeAmount = "-100.00", quantity = "1", taxAmount = "-8.25", taxationItems = { { taxCode = "CA" } } } } },
      expect = { action = "create", RefNumber = "INV00000300", total = "108.25", lines = 1, CreditMemoLine = { { ItemRef = "50-1", Amount = "100.00", SalesTaxCodeRef = "Tax" } } } },
    { name = "ZUO-31 a usual invoice is none", like = 1, change = { amount = "108.25" }, expect = { state = "skip", cause = "not_negative" } },
    { name = "ZUO-32 cancelled after all, it is voided while it is unused", like = 1, change = { status = "Canceled" }, link = { id = "1C-1", base = {} }, current = { id = "1C-1", LinkedTxn = {}, TxnDate = "2026-11-03" }, expect = { action = "void 1C-1" } },
    { name = "ZUO-32 and asked about when it is used", like = 1, change = { status = "Canceled" }, link = { id = "1C-1", base = {} }, current = { id = "1C-1", LinkedTxn = { { TxnID = "1B-1" } }, TxnDate = "2026-11-03" }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ZUO-31 a draft is none yet", like = 1, change = { status = "Draft" }, expect = { state = "skip", cause = "not_posted" } },
    { name = "ALL-10 cancelled after all, it is asked about when it is of a closed month", like = 1, change = { status = "Canceled" }, locked_until = "2026-11-30", link = { id = "1C-1", base = {} }, current = { id = "1C-1", LinkedTxn = {}, TxnDate = "2026-11-03" }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ALL-08 in another currency it is held", like = 1, change = { currency = "EUR" }, expect = { state = "hold", cause = "currency" } },
    { name = "ALL-10 of a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "what changes later touches nothing", like = 1, change = { dueDate = "2026-12-24" }, link = { id = "1C-1", base = { Memo = "typed" } }, expect = { state = "nothing" } },
    { name = "a number that another memo has is never used twice", like = 1, candidates = { RefNumber = { { id = "1C-7", CustomerRef = { id = "80-1" }, TotalAmount = "108.00", TxnDate = "2026-11-03" } } }, expect = { state = "review", cause = "number_taken:INV00000300" } },
  },
}
