-- tenants/acme/mappings/orders.lua - only what differs from the mapping as shipped.
--
-- Parameters that all documents share (prefix, accounts, tax items) stand in tenant.lua; here are fields, and tables line by line.
return override "woocommerce.order->quickbooks_desktop.invoice@^1" {
  tables = {
    usual_post_when = { bacs = "status" },                       -- a line more: on account, posted before the money comes
  },

  fields = {
    Memo        = text "{number} / {billing.first_name} / {payment_method_title}", -- instead of the shipped wording
    PONumber    = trim { src "meta_data[key=_po_number].value", max = 25, on_overflow = "truncate" }, -- one more
    ShipAddress = drop,                                          -- not in the books
  },

  tests = {
    { name = "Acme's own wording", like = "WOO-01 a paid order becomes an invoice: goods, untaxed goods, shipping, coupon, tax",
      change = { meta_data = { { key = "_po_number", value = "PO-77" } } },
      expect = { Memo = "1007 / Ada / Card", PONumber = "PO-77", ShipAddress = none, total = "56.03" } },
    { name = "bank transfer is on account", like = "WOO-01 a paid order becomes an invoice: goods, untaxed goods, shipping, coupon, tax",
      change = { date_paid = none, payment_method = "bacs" }, expect = { action = "create", total = "56.03" } },
  },
}
