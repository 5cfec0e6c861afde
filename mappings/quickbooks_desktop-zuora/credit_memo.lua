-- credit_memo.lua - a posted credit memo in Zuora becomes one in QuickBooks.
--
-- Write-offs are credit memos, too, with an item of their own (bad debt); so are the memos by which Zuora takes a reversed invoice
-- back.  What the credit is set against: credit_apply.lua; money that is paid out of it: refund_card.lua, refund_check.lua.

local number = trim { text "{param.doc_prefix}{memoNumber}", max = 11, on_overflow = param "number_too_long" }
local is_write_off = all { eq(src "reasonCode", "Write-off"), present(param "write_off_item") }

-- >>> the same in every file that posts: of which day
local day = src "memoDate"
local books_day = when(eq(param "closed_period", "first_open_day"), open_day(day), day)
-- <<<
-- >>> the same in every file with lines: items and tax
local by_quickbooks, by_line = eq(param "tax", "quickbooks"), eq(param "tax", "line")
local all_taxes = each("creditMemoItems", join { item "creditTaxationItems", first { item "taxCode", item "name" }, "+", unique = true, sorted = true })
local tax_key = first { join { all_taxes, item(), "+", unique = true, sorted = true }, "none" }
local non = when(ne(param "tax", "off"), param "non_code")
-- Of a line: what Zuora taxed, and what it would tax at a rate above 0 %, is taxable; a 0 % document keeps taxable goods taxable.
local code = when(by_quickbooks,
  when(ne(item "taxAmount", 0), param "tax_code", when(present(item "creditTaxationItems"), param "tax_code", when(ne(src "taxAmount", 0), param "non_code",
    first { need "item.SalesTaxCodeRef.name", param "tax_code" }))), non)
local function tax_as_quickbooks(how)
  return predicted { lines = "CreditMemoLine", amount = "Amount", code = "SalesTaxCodeRef", taxable = { param "tax_code" }, round = how,
    rates = when(present(need "tax_item.ItemSalesTax"), each(need "tax_item.ItemSalesTax", need "tax_part.TaxRate"), list { need "tax_item.TaxRate" }) }
end
local tax = when(by_quickbooks, when(eq(param "tax_rounding", "document"), tax_as_quickbooks "document",
  when(eq(param "tax_rounding", "line"), tax_as_quickbooks "line", tax_as_quickbooks "component")), 0)
-- <<<

return mapping {
  id = "zuora.credit_memo->quickbooks_desktop.CreditMemo", version = "1.0.0", language = 1,
  title = "Credit memos become credit memos",
  from = { connector = "zuora", entity = "credit_memo" },
  to   = { connector = "quickbooks_desktop", entity = "CreditMemo" },
  label = text "credit memo {memoNumber}",

  params = {
    write_off_item  = { type = "name", of = "Item", help = "the item, of a bad debt account, for what Zuora writes off; without it write-offs go by their charges' items" },
    doc_prefix      = { type = "string", default = "", max = 4, unique = true, help = "see invoice.lua" },
    number_too_long = { type = "one_of", values = { "hold", "last_digits" }, default = "hold", help = "see invoice.lua" },
    adopt_within_days = { type = "int", default = 30, min = 0, max = 366, help = "see invoice.lua" },
    closed_period   = { type = "one_of", values = { "hold", "first_open_day" }, default = "hold", help = "see invoice.lua" },
    items           = { type = "table", of = "Item", default = {}, help = "see invoice.lua" },
    default_item    = { type = "name", of = "Item", help = "see invoice.lua" },
    tax             = { type = "one_of", values = { "quickbooks", "line", "off" }, default = "quickbooks", help = "see invoice.lua" },
    tax_items       = { type = "table", of = "Item", default = {}, help = "see invoice.lua" },
    tax_rounding    = { type = "one_of", values = { "component", "document", "line" }, default = "component", help = "see invoice.lua" },
    tax_code        = { type = "name", of = "SalesTaxCode", default = "Tax" },
    non_code        = { type = "name", of = "SalesTaxCode", default = "Non" },
    zero_tax_item   = { type = "name", of = "Item", required = eq(param "tax", "line"), help = "see invoice.lua" },
    tax_line_items  = { type = "table", of = "Item", required = eq(param "tax", "line"), help = "see invoice.lua" },
    rounding_item   = { type = "name", of = "Item", default = "Rounding" },
    rounding_max    = { type = "money", default = "0.05", min = "0", max = "1", help = "see invoice.lua" },
    class           = { type = "name", of = "Class" },
    currency        = { type = "string", default = "USD", max = 3, help = "see invoice.lua" },
    receivables     = { type = "table", of = "Account", help = "see invoice.lua" },
    exchange_rates  = { type = "table", help = "see invoice.lua" },
  },

  requires = {
    { fact = "target.sales_tax", is = "on", if_ = ne(param "tax", "off"), why = "sales tax is switched off in QuickBooks, but tax is not \"off\"",
      fix = "Edit, Preferences, Sales Tax in QuickBooks, or set the parameter tax to off" },
    { fact = "target.sales_tax", is = "off", if_ = eq(param "tax", "off"), why = "sales tax is switched on in QuickBooks, which would tax documents by itself",
      fix = "set the parameter tax to line or quickbooks" },
    { fact = "target.class_tracking", is = "on", if_ = present(param "class"), why = "a class is set, but class tracking is switched off in QuickBooks",
      fix = "Edit, Preferences, Accounting in QuickBooks, or take class out" },
  },

  money = { amount = src "totalAmount", currency = src "currency", date = day, posted = books_day,
    must_be = when(ne(fact "target.multicurrency", "on"), param "currency") },

  accept = {
    { any { eq(src "status", "Posted"), present(link "id") }, else_ = skip("not_posted", "credit memo {memoNumber} is {status}") },
    { any { gt(src "totalAmount", 0), present(link "id") }, else_ = skip("zero", "credit memo {memoNumber} comes to nothing") },
  },

  identity = src "id",
  order_by = src "updatedDate",

  match = {
    { by = "link" },
    { by = { RefNumber = number },
      agree = all { eq(found "CustomerRef", ref "customer"), eq(found "TotalAmount", money(src "totalAmount")), within_days(found "TxnDate", day, param "adopt_within_days") },
      else_ = review { cause = "number_taken:{param.doc_prefix}{memoNumber}", why = "QuickBooks has a credit memo of this number with another customer, total or date", options = { "adopt", "create", "skip" } } },
    on_none = "create",
  },

  needs = {
    customer = ensure { "zuora.account->quickbooks_desktop.Customer", of = { entity = "account", id = src "accountId" } },
    item     = find { entity = "Item", by = { FullName = when(present(item "accountingCode"), pick(param "items", item "accountingCode", item "accountingCode")) },
                 fallback = { { FullName = when(present(item "sku"), pick(param "items", item "sku", item "sku")) }, { FullName = when(present(item "chargeName"), pick(param "items", item "chargeName", item "chargeName")) }, { FullName = param "default_item" } }, about = first { item "accountingCode", item "sku", item "chargeName" }, if_ = not_(is_write_off) },
    tax_item = find { entity = "Item", by = { FullName = pick(param "tax_items", tax_key) }, if_ = by_quickbooks },
    tax_part = find { entity = "Item", by = { ListID = item "ItemSalesTaxRef.id" } },
  },

  fields = {
    CustomerRef  = ref "customer",
    ClassRef     = param "class",
    ARAccountRef = when(present(param "receivables"), pick(param "receivables", src "currency")),
    TxnDate      = books_day,
    RefNumber    = number,
    ItemSalesTaxRef = when(by_quickbooks, ref "tax_item", when(by_line, named(param "zero_tax_item"))),
    Memo         = transliterate(join { list { text "Zuora credit memo {memoNumber}", src "reasonCode" }, item(), ", " }),
    CustomerSalesTaxCodeRef = when(by_quickbooks, param "tax_code", when(by_line, param "non_code")),
    ExchangeRate = when(all { eq(fact "target.multicurrency", "on"), present(param "exchange_rates") }, pick(param "exchange_rates", src "currency")),
    CreditMemoLine = lines {
      each("creditMemoItems", { ItemRef = when(is_write_off, named(param "write_off_item"), ref "item"), Desc = transliterate(join { list { item "chargeName", item "description" }, item(), ", " }),
        Quantity = when(gt(item "quantity", 0), item "quantity"), Amount = money(first { item "amountWithoutTax", item "amount" }), SalesTaxCodeRef = when(is_write_off, non, code) }),
      each("creditMemoItems", { if_ = all { by_line, ne(item "taxAmount", 0) },
        ItemRef = pick(param "tax_line_items", first { join { item "creditTaxationItems", first { item "taxCode", item "name" }, "+", unique = true, sorted = true }, "none" }),
        Desc = transliterate(text "Tax on {item.chargeName}"), Amount = money(item "taxAmount"), SalesTaxCodeRef = non }),
    },
  },

  balance = {
    left = add(sum("CreditMemoLine", "Amount"), tax), right = money(src "totalAmount"), within = param "rounding_max",
    fix = { ItemRef = param "rounding_item", Desc = "Rounding", SalesTaxCodeRef = non },
    otherwise = hold { cause = "out_of_balance", why = "lines and tax of credit memo {memoNumber} do not come to its total",
      fix = "is the tax item for these tax codes the right one, do its rates equal Zuora's? documents with several rates at once need tax = \"line\"" },
  },
  expect = { { sum = { "TotalAmount" }, equals = money(src "totalAmount"), cause = "total_differs" } },

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
  },
}
