-- debit_memo.lua - a posted debit memo in Zuora becomes an invoice in QuickBooks, which knows nothing else that a customer owes.

local document = shared "document" { of = "debit_memo", as = "Invoice" }
local posting = shared "posting" { day = document.day, amount = document.total }

return mapping {
  id = "zuora.debit_memo->quickbooks_desktop.Invoice", version = "1.0.0", language = 1,
  title = "Debit memos become invoices",
  from = { connector = "zuora", entity = "debit_memo" },
  to   = { connector = "quickbooks_desktop", entity = "Invoice" },
  label = text "debit memo {memoNumber}",

  params = { posting.params, document.params },
  requires = document.requires,
  money = posting.money,

  accept = {
    { any { eq(src "status", "Posted"), present(link "id") }, else_ = skip("not_posted", "debit memo {memoNumber} is {status}") },
    { any { gt(src "totalAmount", 0), present(link "id") }, else_ = skip("zero", "debit memo {memoNumber} comes to nothing") },
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
    DueDate      = src "dueDate",
    ItemSalesTaxRef = document.tax_item,
    Memo         = transliterate(join { list { text "Zuora debit memo {memoNumber}", src "reasonCode" }, item(), ", " }),
    CustomerSalesTaxCodeRef = document.customer_tax_code,
    ExchangeRate = posting.exchange_rate,
    InvoiceLine = document.lines,
  },

  balance = document.balance,
  expect = document.expect,

  owns = { "Memo", adopted = "none" },
  on_update = "never",
  on_delete = {
    when = all { present(link "id"), one_of(src "status", { "Canceled", "Draft", "Error" }) },
    void_if = all { eq(current "AppliedAmount", 0), eq(count(current "LinkedTxn"), 0), not_(le(current "TxnDate", lock_date())) },
    else_ = review("deleted_after_post", "debit memo {memoNumber} is {status} in Zuora; in QuickBooks it is paid, credited or closed"),
    limit_per_hour = 20,
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off", sales_tax = "on" } }, params = { tax_items = { none = "Out of State" } },
      refs = { customer = "80-1", item = { ["Late fee"] = { id = "50-1", SalesTaxCodeRef = { name = "Non" } } }, tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" }, ["Out of State"] = { id = "60-2", TaxRate = "0" } } } },
    { name = "ZUO-32 a debit memo becomes an invoice",
      given = { id = "8ad8", memoNumber = "DM00000002", accountId = "8ad0", status = "Posted", currency = "USD", memoDate = "2026-11-05", dueDate = "2026-12-05", totalAmount = "10.00", taxAmount = "0", updatedDate = "2026-11-05T01:42:47-08:00", reasonCode = "Late fee",
        debitMemoItems = { { id = "1", chargeName = "Late fee", amount = "10.00", quantity = "1", taxAmount = "0" } } },
      expect = { action = "create", RefNumber = "DM00000002", DueDate = "2026-12-05", total = "10.00", InvoiceLine = { { ItemRef = "50-1", Amount = "10.00" } } } },
    { name = "ZUO-32 a draft is none yet", like = 1, change = { status = "Draft" }, expect = { state = "skip", cause = "not_posted" } },
    { name = "ALL-10 of a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "one that comes to nothing is left out", like = 1, change = { totalAmount = "0", debitMemoItems = {} }, expect = { state = "skip", cause = "zero" } },
    { name = "ZUO-32 cancelled after all, it is voided while it is open", like = 1, change = { status = "Canceled" }, link = { id = "1A-11", base = {} }, current = { id = "1A-11", AppliedAmount = "0", LinkedTxn = {}, TxnDate = "2026-11-05" }, expect = { action = "void 1A-11" } },
    { name = "ZUO-32 and asked about when it is paid", like = 1, change = { status = "Canceled" }, link = { id = "1A-11", base = {} }, current = { id = "1A-11", AppliedAmount = "-10.00", LinkedTxn = {}, TxnDate = "2026-11-05" }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ZUO-32 or something in QuickBooks names it", like = 1, change = { status = "Canceled" }, link = { id = "1A-11", base = {} }, current = { id = "1A-11", AppliedAmount = "0", LinkedTxn = { { TxnID = "1B-1" } }, TxnDate = "2026-11-05" }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ALL-10 or it is of a closed month", like = 1, change = { status = "Canceled" }, locked_until = "2026-11-30", link = { id = "1A-11", base = {} }, current = { id = "1A-11", AppliedAmount = "0", LinkedTxn = {}, TxnDate = "2026-11-05" }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "what is written in it later touches nothing", like = 1, change = { reasonCode = "Other" }, link = { id = "1A-11", base = { Memo = "Zuora debit memo DM00000002, Late fee" } }, expect = { state = "nothing" } },
    { name = "a number that another invoice has is never used twice", like = 1, candidates = { RefNumber = { { id = "1A-7", CustomerRef = { id = "80-7" }, Subtotal = "10.00", SalesTaxTotal = "0", TxnDate = "2026-11-05" } } }, expect = { state = "review", cause = "number_taken:DM00000002" } },
    { name = "ALL-08 in another currency it is held", like = 1, change = { currency = "EUR" }, expect = { state = "hold", cause = "currency" } },
  },
}
