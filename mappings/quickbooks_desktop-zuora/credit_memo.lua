-- credit_memo.lua - a posted credit memo in Zuora becomes one in QuickBooks.
--
-- Write-offs are credit memos, too, with an item of their own (bad debt); so are the memos by which Zuora takes a reversed invoice
-- back.  What the credit is set against: credit_apply.lua; money that is paid out of it: refund_card.lua, refund_check.lua.

local is_write_off = all { eq(src "reasonCode", "Write-off"), present(param "write_off_item") }
local document = shared "document" { of = "credit_memo", as = "CreditMemo", write_off = is_write_off }
local posting = shared "posting" { day = document.day, amount = document.total }

return mapping {
  id = "zuora.credit_memo->quickbooks_desktop.CreditMemo", version = "1.0.0", language = 1,
  title = "Credit memos become credit memos",
  from = { connector = "zuora", entity = "credit_memo" },
  to   = { connector = "quickbooks_desktop", entity = "CreditMemo" },
  label = text "credit memo {memoNumber}",

  params = {
    posting.params, document.params,
    write_off_item  = { type = "name", of = "Item", help = "the item, of a bad debt account, for what Zuora writes off; without it write-offs go by their charges' items" },
  },

  requires = document.requires,
  money = posting.money,

  accept = {
    { any { eq(src "status", "Posted"), present(link "id") }, else_ = skip("not_posted", "credit memo {memoNumber} is {status}") },
    { any { gt(src "totalAmount", 0), present(link "id") }, else_ = skip("zero", "credit memo {memoNumber} comes to nothing") },
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
    Memo         = transliterate(join { list { text "Zuora credit memo {memoNumber}", src "reasonCode" }, item(), ", " }),
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
    else_ = review("deleted_after_post", "credit memo {memoNumber} is {status} in Zuora; in QuickBooks it is used, or of a closed month"),
    limit_per_hour = 20,
  },

  tests = {
    defaults = { today = "2026-11-21", start = "2026-01-01", facts = { target = { multicurrency = "off", sales_tax = "on" } }, params = { tax_items = { CA = "CA State", none = "Out of State" }, write_off_item = "Bad Debt" },
      refs = { customer = "80-1", item = { ["Monthly fee"] = { id = "50-1", SalesTaxCodeRef = { name = "Tax" } } }, tax_item = { ["CA State"] = { id = "60-1", TaxRate = "8.25" }, ["Out of State"] = { id = "60-2", TaxRate = "0" } } } },
    { name = "ZUO-32 a credit memo becomes one, with its tax",
      given = { id = "8ad7", memoNumber = "CM00000013", accountId = "8ad0", status = "Posted", currency = "USD", memoDate = "2026-11-05", totalAmount = "54.13", taxAmount = "4.13", updatedDate = "2026-11-05T01:42:47-08:00", reasonCode = "Customer Satisfaction",
        creditMemoItems = { { id = "1", chargeName = "Monthly fee", amount = "50.00", amountWithoutTax = "50.00", quantity = "1", taxAmount = "4.13", creditTaxationItems = { { taxCode = "CA" } } } } },
      expect = { action = "create", RefNumber = "CM00000013", TxnDate = "2026-11-05", total = "54.13", Memo = "Zuora credit memo CM00000013, Customer Satisfaction", CreditMemoLine = { { ItemRef = "50-1", Amount = "50.00", SalesTaxCodeRef = "Tax" } } } },
    { name = "ZUO-32 a write-off goes to its own item", like = 1, change = { reasonCode = "Write-off", totalAmount = "50.00", taxAmount = "0", creditMemoItems = { { id = "1", chargeName = "Write-off", amount = "50.00", taxAmount = "0" } } },
      expect = { total = "50.00", CreditMemoLine = { { ItemRef = "Bad Debt", Amount = "50.00", SalesTaxCodeRef = "Non" } } } },
    { name = "ZUO-32 a draft is none yet", like = 1, change = { status = "Draft" }, expect = { state = "skip", cause = "not_posted" } },
    { name = "ZUO-32 one that was cancelled is voided while it is unused", like = 1, change = { status = "Canceled" }, link = { id = "1C-1", base = {} }, current = { id = "1C-1", LinkedTxn = {}, TxnDate = "2026-11-05" }, expect = { action = "void 1C-1" } },
    { name = "ZUO-32 applying it touches nothing of it", like = 1, change = { appliedAmount = "54.13" }, link = { id = "1C-1", base = { Memo = "Zuora credit memo CM00000013, Customer Satisfaction" } }, expect = { state = "nothing" } },
    { name = "ALL-10 of a closed month it waits", like = 1, locked_until = "2026-11-30", expect = { state = "hold", cause = "closed_period" } },
    { name = "ALL-08 in another currency it is held", like = 1, change = { currency = "EUR" }, expect = { state = "hold", cause = "currency" } },
    { name = "ZUO-32 one that was cancelled is asked about when it is used", like = 1, change = { status = "Canceled" }, link = { id = "1C-1", base = {} }, current = { id = "1C-1", LinkedTxn = { { TxnID = "1A-9" } }, TxnDate = "2026-11-05" }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "ALL-10 or of a closed month", like = 1, change = { status = "Canceled" }, locked_until = "2026-11-30", link = { id = "1C-1", base = {} }, current = { id = "1C-1", LinkedTxn = {}, TxnDate = "2026-11-05" }, expect = { state = "review", cause = "deleted_after_post" } },
    { name = "one that comes to nothing is left out", like = 1, change = { totalAmount = "0", taxAmount = "0", creditMemoItems = {} }, expect = { state = "skip", cause = "zero" } },
    { name = "what is written in it later touches nothing", like = 1, change = { reasonCode = "Other" }, link = { id = "1C-1", base = { Memo = "Zuora credit memo CM00000013, Customer Satisfaction" } }, expect = { state = "nothing" } },
    { name = "a number that another memo has is never used twice", like = 1, candidates = { RefNumber = { { id = "1C-7", CustomerRef = { id = "80-1" }, TotalAmount = "54.00", TxnDate = "2026-11-05" } } }, expect = { state = "review", cause = "number_taken:CM00000013" } },
  },
}
