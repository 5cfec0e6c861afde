-- Invoices become documents of the test target: so that somebody wants them read.
return mapping {
  id = "quickbooks_desktop.Invoice->sink.invoice", version = "1.0.0", language = 1,
  title = "Invoices become documents of the sink",
  from = { connector = "quickbooks_desktop", entity = "Invoice" },
  to = { connector = "sink", entity = "invoice" },
  label = text "invoice {RefNumber}",
  identity = src "TxnID",
  match = { { by = "link" }, on_none = "create" },
  on_update = "never",
  fields = {
    DocNumber = src "RefNumber", TxnDate = src "TxnDate", CustomerRef = { name = src "CustomerRef.name" },
    TotalAmt = add(src "Subtotal", src "SalesTaxTotal"),
  },
}
