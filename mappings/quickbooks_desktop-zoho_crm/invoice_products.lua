-- invoice_products.lua - the products of an invoice are linked to its deal.

local invoice = shared "lines"

return mapping {
  id = "quickbooks_desktop.Invoice->zoho_crm.invoice_products", version = "1.0.0", language = 1,
  title = "The products of an invoice are linked to its deal",
  from = { connector = "quickbooks_desktop", entity = "Invoice" },
  to   = { connector = "zoho_crm", entity = "Deal_Products" },
  label = text "products of invoice {RefNumber}",

  accept = { { not_(invoice.voided), else_ = skip("void", "invoice {RefNumber} was voided") } },
  identity = src "TxnID",
  order_by = src "TimeModified",
  needs = {
    invoice.needs,
    deal = ensure { "quickbooks_desktop.Invoice->zoho_crm.invoice", on_none = skip("no_deal", "invoice {RefNumber} has no deal") },
  },
  match = { { by = "link" }, on_none = "create" },
  fields = {
    Deal = ref "deal",
    Products = each("InvoiceLine", { if_ = invoice.counts, Product = ref "product" }),
  },
  on_conflict = "ours",
  on_delete = "nothing",

  tests = {
    { name = "ZOHO-28 ZOHO-35 each line's product is linked to the deal",
      given = { TxnID = "1A-1", TimeModified = "2026-11-20T08:00:00-08:00", RefNumber = "1007", Subtotal = "47.00", SalesTaxTotal = "0.00",
        InvoiceLine = { { ItemRef = { id = "70000001-1" }, Amount = "50.00" }, { Desc = "Thank you" }, { ItemRef = { id = "70000002-1" }, Amount = "-3.00" } } },
      refs = { deal = "800001", product = { ["70000001-1"] = "700001", ["70000002-1"] = "700002" } },
      expect = { action = "create", Deal = "800001", Products = { { Product = "700001" }, { Product = "700002" } } } },
    { name = "another product, other links", like = 1, change = { InvoiceLine = { { ItemRef = { id = "70000002-1" }, Amount = "47.00" } } },
      link = { id = "800001", base = { Deal = { id = "800001" }, Products = { { Product = { id = "700001" } } } } }, current = { id = "800001", Deal = { id = "800001" }, Products = { { Product = { id = "700001" } } } },
      expect = { action = "update 800001", Products = { { Product = "700002" } } } },
    { name = "a voided invoice keeps the links that it has", like = 1, change = { Memo = "VOID:", Subtotal = "0.00" }, expect = { state = "skip", cause = "void" } },
    { name = "a deleted one, too", like = 1, deleted = true, link = { id = "800001" }, expect = { state = "skip" } },
  },
}
