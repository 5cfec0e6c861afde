-- tenants/delta/tenant.lua - what clients owe, beside their tickets: one company in QuickBooks Online, one Zendesk.
--
-- Copy the folder to tenants/delta, change the names, then `mlc check`.  What each parameter means, and what to set up at Intuit
-- and in Zendesk once: docs/mapping-quickbooks_online-zendesk.md.
return tenant {
  title = "Delta Landscaping",
  zone = "America/Los_Angeles",     -- where its days begin: what is due on Monday is overdue on Tuesday at midnight there

  connections = {
    -- Then: mlc secret set delta/books client_secret, mlc authorize delta/books.  For webhooks, and for several companies, name an
    -- app of mlc.lua instead of client_id: app = "intuit".
    books = { connector = "quickbooks_online", client_id = "ABxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", every_minutes = 15 },
    -- Then: mlc secret set delta/desk client_secret.  create_fields: what may be made in Zendesk when it is first written.
    desk  = { connector = "zendesk", url = "https://delta.zendesk.com", client_id = "ml_connector", create_fields =
      "qbo_role dropdown(customer|vendor) Role in QuickBooks; qbo_active checkbox Active in QuickBooks; qbo_status dropdown(paid|open|overdue) Payment status; qbo_open_invoices integer Open invoices; qbo_overdue_invoices integer Overdue invoices; qbo_open_bills integer Open bills; qbo_overdue_bills integer Overdue bills; qbo_open_amount decimal Open; qbo_overdue_amount decimal Overdue; qbo_balance decimal Balance; qbo_currency text Currency; qbo_invoices textarea Invoices; qbo_bills textarea Bills; qbo_billing_contact text Billing contact; qbo_billing_email text Billing e-mail; qbo_billing_address textarea Billing address" },
  },

  flows = {
    integration "quickbooks_online-zendesk" { quickbooks_online = "books", zendesk = "desk",
      start = "2026-10-01",
      mode = "shadow",              -- shows what it would write; `mlc go delta/books-desk` lets it

      params = {
        figures        = "fields",  -- or "notes", or "both"
        reference_data = true,      -- items and accounts as custom objects
      } },
  },
}
