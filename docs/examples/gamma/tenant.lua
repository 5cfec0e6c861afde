-- tenants/gamma/tenant.lua - a builder: QuickBooks Desktop with customers, jobs and vendors, and Salesforce.
--
-- Copy the folder to tenants/gamma, change the names, then `mlc check`.  What each parameter means:
-- docs/mapping-quickbooks_desktop-salesforce.md.
return tenant {
  title = "Gamma Builders",

  connections = {
    books = { connector = "quickbooks_desktop", company = "Gamma Builders Inc", every_minutes = 10 },
    crm   = { connector = "salesforce", url = "https://gamma.my.salesforce.com",   -- My Domain; the secret: mlc secret set gamma/crm client_secret
              client_id = "3MVG9.the.consumer.key.of.the.external.client.app", api_share = 60 },
  },

  flows = {
    integration "quickbooks_desktop-salesforce" { quickbooks_desktop = "books", salesforce = "crm",
      start = "2026-01-01",         -- older invoices and bills stay in QuickBooks; their figures are on the accounts all the same
      mode = "shadow",              -- shows what it would write; `mlc go gamma/books-crm` lets it

      params = {
        document      = "opportunity",     -- lines on the opportunity; "order": in an order below it
        jobs          = "own_account",     -- each job an account below its customer's
        send_when     = "sent",
        invoice_stage = "Invoiced",        -- stages of their own
        void_stage    = "Invoice void",
        bills         = true,
      } },
  },
}
