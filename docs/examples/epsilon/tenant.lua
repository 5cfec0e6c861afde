-- tenants/epsilon/tenant.lua - subscriptions billed in Zuora, books kept in QuickBooks Desktop.
--
-- Copy the folder to tenants/epsilon, change the names, then `mlc check`.  What each parameter means, and what to make once in
-- Zuora and in QuickBooks: docs/mapping-quickbooks_desktop-zuora.md.
return tenant {
  title = "Epsilon Cloud",

  connections = {
    books = { connector = "quickbooks_desktop", company = "Epsilon Cloud LLC", every_minutes = 15 },
    -- url: your tenant's own; then: mlc secret set epsilon/zuora client_secret, mlc secret set epsilon/zuora callout_password
    zuora = { connector = "zuora", url = "https://rest.zuora.com", client_id = "00000000-0000-0000-0000-000000000000", callout_user = "zuora" },
  },

  flows = {
    integration "quickbooks_desktop-zuora" { quickbooks_desktop = "books", zuora = "zuora",
      start = "2026-10-01",         -- older invoices and payments are left to you
      mode = "shadow",              -- shows what it would post; `mlc go epsilon/books-zuora` lets it

      params = {
        items           = { ["Subscription Revenue"] = "Subscription", ["Deferred Setup"] = "Setup" },
        tax             = "quickbooks",
        tax_items       = { CA = "CA State", none = "Out of State" },
        write_off_item  = "Bad Debt",
        payment_types   = { "Electronic", "External" },
        deposit_to      = { CreditCard = "Card Clearing", ACH = "Checking", Check = "Undeposited Funds" },
        payment_methods = { CreditCard = "Visa", ACH = "ACH", Check = "Check" },
        refund_by       = { Check = "check" },
        refund_from     = { Check = "Checking" },
      } },
  },
}
