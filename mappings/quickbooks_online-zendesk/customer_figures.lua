-- customer_figures.lua - what a customer owes stands in his organization's fields, beside each of his tickets.
--
-- Counted are the invoices that are open, his sub-customers' among them once; a voided one has nothing open.  Looked at again
-- whenever an invoice, payment or credit of his changes, and at midnight after the next one falls due.

local jobs = shared "jobs"
local figures = shared "figures" { role = "customer", organization = "quickbooks_online.Customer->zendesk.customer", list = "invoices", says = "Balance", balance = jobs.balance }

return mapping {
  id = "quickbooks_online.Customer->zendesk.customer_figures", version = "1.0.0", language = 1,
  title = "What customers owe stands on their organizations",
  from = { connector = "quickbooks_online", entity = "Customer" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "figures of {DisplayName}",

  params = { jobs.params, figures.params },
  enabled = one_of(param "figures", { "fields", "both" }),

  accept = { jobs.is_top, figures.active },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = { figures.needs, jobs.needs },
  again_on = jobs.again_on,
  again_at = figures.again_at,
  match = figures.match,

  fields = { figures.names, organization_fields = figures.organization_fields },
  owns = { "organization_fields.qbo_*" },
  on_conflict = "ours",     -- these are the books' figures, whoever types into them
  on_delete = "nothing",    -- customer.lua marks it

  tests = {
    defaults = { today = "2026-11-20", facts = { source = { identity = "4620", currency = "USD" } } },
    { name = "ZEN-01 ZEN-25 ZEN-28 ZEN-41 open and overdue invoices, the balance with its currency",
      given = { Id = "16", DisplayName = "Cool Cars", FullyQualifiedName = "Cool Cars", Active = true, Balance = "262.07", BalanceWithJobs = "262.07", CurrencyRef = { value = "USD" } },
      refs = { organization = "900" }, candidates = { id = { { id = "900", name = "Cool Cars" } } }, current = { id = "900", name = "Cool Cars", organization_fields = {} },
      rows = { invoices = { { DocNumber = "1001", TxnDate = "2026-10-11", DueDate = "2026-11-10", Balance = "175.00", TotalAmt = "275.00" },
                            { DocNumber = "1002", TxnDate = "2026-11-15", DueDate = "2026-12-15", Balance = "87.07", TotalAmt = "87.07" } } },
      expect = { action = "update 900", organization_fields = { qbo_status = "overdue", qbo_open_invoices = 2, qbo_open_amount = "262.07", qbo_overdue_invoices = 1,
        qbo_overdue_amount = "175.00", qbo_balance = "262.07", qbo_currency = "USD", qbo_invoices = "1001: 175.00 of 275.00, due 2026-11-10\n1002: 87.07 of 87.07, due 2026-12-15" },
        again_at = "2026-12-16" } },
    { name = "ZEN-29 an invoice that is due today is not overdue, tomorrow it is", like = 1, today = "2026-12-15",
      expect = { organization_fields = { qbo_overdue_invoices = 1 }, again_at = "2026-12-16" } },
    { name = "ZEN-29 the day after it is overdue", like = 1, today = "2026-12-16", expect = { organization_fields = { qbo_overdue_invoices = 2, qbo_overdue_amount = "262.07" } } },
    { name = "ZEN-41 a missing due date is the invoice's own day", like = 1, rows = { invoices = { { DocNumber = "7", TxnDate = "2026-11-19", Balance = "5.00", TotalAmt = "5.00" } } },
      expect = { organization_fields = { qbo_status = "overdue", qbo_overdue_invoices = 1, qbo_open_amount = "5.00" } } },
    { name = "ZEN-41 nothing open is paid", like = 1, rows = {}, change = { Balance = "0.00", BalanceWithJobs = "0.00" },
      expect = { organization_fields = { qbo_status = "paid", qbo_open_invoices = 0, qbo_open_amount = "0.00", qbo_balance = "0.00" } } },
    { name = "ZEN-41 ALL-11 sub-customers' invoices count once, with the balance of all", like = 1, change = { Balance = "0.00", BalanceWithJobs = "750.00" },
      rows = { jobs = { { Id = "20" }, { Id = "21" } }, invoices = { { DocNumber = "1004", TxnDate = "2026-10-31", DueDate = "2026-11-30", Balance = "750.00", TotalAmt = "750.00" } } },
      expect = { organization_fields = { qbo_open_invoices = 1, qbo_balance = "750.00", qbo_status = "open" } } },
    { name = "ALL-11 where each has his own organization, his own balance counts", like = 1, params = { jobs = "own_account" }, change = { BalanceWithJobs = "999.00" },
      expect = { organization_fields = { qbo_balance = "262.07" } } },
    { name = "ZEN-41 a sub-customer is its top customer's affair", like = 1, change = { ParentRef = { id = "19" } }, expect = { state = "skip", cause = "job", looks_at = { "19" } } },
    { name = "ZEN-06 an invoice has its customer looked at", like = 1, entity = "Invoice", given = { CustomerRef = { id = "16" } }, expect = { looks_at = { "16" } } },
    { name = "ZEN-06 a payment too", like = 9, entity = "Payment", expect = { looks_at = { "16" } } },
    { name = "ZEN-22 what has not changed writes nothing", like = 1,
      link = { id = "900", made = "adopted", base = { organization_fields = { qbo_status = "overdue", qbo_open_invoices = 2, qbo_open_amount = "262.07", qbo_overdue_invoices = 1,
        qbo_overdue_amount = "175.00", qbo_balance = "262.07", qbo_currency = "USD", qbo_invoices = "1001: 175.00 of 275.00, due 2026-11-10\n1002: 87.07 of 87.07, due 2026-12-15" } } },
      current = { id = "900", organization_fields = { qbo_status = "overdue", qbo_open_invoices = 2, qbo_open_amount = "262.07", qbo_overdue_invoices = 1,
        qbo_overdue_amount = "175.00", qbo_balance = "262.07", qbo_currency = "USD", qbo_invoices = "1001: 175.00 of 275.00, due 2026-11-10\n1002: 87.07 of 87.07, due 2026-12-15" } },
      expect = { state = "nothing" } },
    { name = "ZEN-17 what stands in the organization's other fields is left alone", like = 1, current = { id = "900", organization_fields = { plan = "gold", qbo_balance = "1.00" } },
      expect = { action = "update 900", organization_fields = { plan = none, qbo_balance = "262.07" } } },
    { name = "ALL-15 in the shadow it is shown with the organization that would be made", like = 1, refs = { organization = "(new)" }, candidates = {}, current = none,
      expect = { action = "create", external_id = "qbo:4620:customer:16" } },
  },
}
