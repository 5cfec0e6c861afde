-- tenants/epsilon/mappings/invoices.lua - only what differs from the mapping as shipped.
return override "zuora.invoice->quickbooks_desktop.Invoice@^1" {
  fields = {
    -- Our people look for the account in Zuora, and for the order number that its comment holds.
    Other  = trim { src "accountId", max = 29, on_overflow = "last_digits" },
    PONumber = trim { src "comments", max = 25, on_overflow = "truncate" },
  },

  tests = {
    { name = "Epsilon keeps the account and the order number on the invoice", like = "ZUO-04 ZUO-31 a posted invoice becomes one, with the charges' own amounts and the tax as QuickBooks computes it",
      change = { comments = "PO 4711" }, expect = { PONumber = "PO 4711", Other = "8ad0" } },
    { name = "and leaves it away where there is none", like = "ZUO-04 ZUO-31 a posted invoice becomes one, with the charges' own amounts and the tax as QuickBooks computes it", expect = { PONumber = none } },
  },
}
