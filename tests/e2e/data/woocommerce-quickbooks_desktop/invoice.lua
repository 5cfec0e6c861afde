-- Small on purpose: an order is one line of one item, without tax.
local number = text "{param.doc_prefix}{number}"

return mapping {
  id = "woocommerce.order->quickbooks_desktop.invoice", version = "1.0.0", language = 1,
  title = "Orders become invoices",
  from = { connector = "woocommerce", entity = "order" },
  to = { connector = "quickbooks_desktop", entity = "Invoice" },
  label = text "order {number}",
  params = { doc_prefix = { type = "string", default = "W", max = 4, unique = true } },
  money = { amount = src "total", currency = src "currency", date = date(src "date_created") },
  identity = src "id",
  order_by = src "date_modified_gmt",
  match = {
    { by = "link" },
    { by = { RefNumber = number },
      agree = all { eq(found "CustomerRef.id", ref "customer"), eq(found "Subtotal", money(src "total")) },
      else_ = review("number_taken:{number}", "number {number} is another document's") },
    on_none = "create", on_many = "review",
  },
  needs = { customer = ensure "woocommerce.order->quickbooks_desktop.customer" },
  fields = {
    CustomerRef = ref "customer",
    TxnDate = date(src "date_created"),
    RefNumber = number,
    Memo = text "Web order {number}",
    IsToBePrinted = false,
    InvoiceLine = lines {
      one { ItemRef = "ENGRAVING", Desc = text "order {number}", Quantity = "1", Amount = money(src "total"), SalesTaxCodeRef = "Non" },
    },
  },
  expect = { { sum = { "Subtotal", "SalesTaxTotal" }, equals = money(src "total"), cause = "total_differs" } },
  on_update = {
    fields = { "InvoiceLine", "Memo" },
    gone = all { eq(current "Subtotal", "0"), starts(current "Memo", "VOID:") },
  },
  tests = {
    { name = "one line", given = { id = 7, number = "7", total = "9.50", currency = "USD", date_created = "2026-11-02T09:00:00" },
      refs = { customer = "80-1" }, expect = { RefNumber = "W7", lines = 1 } },
  },
}
