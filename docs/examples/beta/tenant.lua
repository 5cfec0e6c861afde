-- tenants/beta/tenant.lua - a company's books beside its sales team: one QuickBooks company file, one Zoho CRM.
--
-- Copy the folder to tenants/beta, change the names, then `mlc check`.  What each parameter means, and the fields to make in
-- Zoho once: docs/mapping-quickbooks_desktop-zoho_crm.md.
return tenant {
  title = "Beta Looms",

  connections = {
    books = { connector = "quickbooks_desktop", company = "Beta Looms LLC", every_minutes = 15 },
    -- accounts: your data centre's; client_id: api-console.zoho.com.  Then: mlc secret set beta/crm client_secret, mlc authorize beta/crm
    crm   = { connector = "zoho_crm", accounts = "https://accounts.zoho.eu", client_id = "1000.XXXXXXXXXXXX" },
  },

  flows = {
    integration "quickbooks_desktop-zoho_crm" { quickbooks_desktop = "books", zoho_crm = "crm",
      start = "2026-10-01",         -- older invoices become no deals
      mode = "shadow",              -- shows what it would write; `mlc go beta/books-crm` lets it

      params = {
        books    = "BETA",          -- stands before QuickBooks' ids in External_Id
        jobs     = "roll_up",       -- jobs are their customer's
        contacts = true,
        lines    = "subform",
      } },
  },
}
