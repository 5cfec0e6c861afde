-- Orders of a shop become documents of the test target: the benchmark's contract, and the crash tests' flow.
local function address(of)
  return {
    Line1 = first { src(of .. ".company"), text("{" .. of .. ".first_name} {" .. of .. ".last_name}") },
    Line2 = src(of .. ".address_1"), Line3 = src(of .. ".address_2"), City = src(of .. ".city"),
    PostalCode = src(of .. ".postcode"), CountrySubDivisionCode = src(of .. ".state"), Country = src(of .. ".country"),
  }
end

return mapping {
  id = "woocommerce.order->sink.invoice", version = "1.0.0", language = 1,
  title = "Orders become documents of the sink",
  from = { connector = "woocommerce", entity = "order" },
  to = { connector = "sink", entity = "invoice" },
  label = text "order {number}",
  accept = { { not_(one_of(src "status", { "checkout-draft", "auto-draft" })), else_ = skip("draft", "a cart, not an order") } },
  identity = src "id",
  order_by = src "date_modified_gmt",
  match = { { by = "link" }, on_none = "create" },
  on_update = "never",
  fields = {
    DocNumber = src "number",
    TxnDate = date(src "date_created"),
    CurrencyRef = { value = src "currency" },
    CustomerRef = { name = text "{billing.first_name} {billing.last_name}" },
    BillEmail = { Address = src "billing.email" },
    BillAddr = address "billing",
    ShipAddr = address "shipping",
    Line = lines {
      each("line_items", {
        LineNum = row_number(), DetailType = "SalesItemLineDetail", Amount = money(item "total"), Description = item "name",
        SalesItemLineDetail = {
          ItemRef = { value = item "sku", name = item "name" }, Qty = item "quantity", UnitPrice = item "price",
          TaxCodeRef = { value = when(gt(item "total_tax", "0"), "TAX", "NON") },
        },
      }),
      each("shipping_lines", {
        LineNum = add(count("line_items"), row_number()), DetailType = "SalesItemLineDetail", Amount = money(item "total"),
        Description = item "method_title", SalesItemLineDetail = { ItemRef = { value = "SHIPPING_ITEM_ID" } },
      }),
    },
    TxnTaxDetail = { TotalTax = money(src "total_tax") },
    TotalAmt = add(sum("line_items", "total"), sum("shipping_lines", "total"), src "total_tax"),
    PrivateNote = text "WooCommerce order {number}, {payment_method_title} {transaction_id}",
    CustomerMemo = { value = src "customer_note" },
  },
  tests = {
    { name = "two lines and shipping", given = { id = 1, number = "1000001", status = "processing", currency = "USD", date_created = "2026-03-04T10:00:00",
        total_tax = "1.50", billing = { first_name = "Ada", last_name = "Byron" }, shipping = { first_name = "Ada", last_name = "Byron" },
        line_items = { { name = "Mug", sku = "MUG", quantity = 2, total = "20.00", total_tax = "1.50" }, { name = "Pin", sku = "PIN", quantity = 1, total = "5.00", total_tax = "0" } },
        shipping_lines = { { method_title = "Post", total = "4.00" } } },
      expect = { DocNumber = "1000001", TotalAmt = "30.50", CustomerRef = { name = "Ada Byron" } } },
    { name = "a cart is no order", like = 1, change = { status = "checkout-draft" }, expect = { state = "skip", cause = "draft" } },
  },
}
