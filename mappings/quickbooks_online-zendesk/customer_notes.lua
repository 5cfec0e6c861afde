-- customer_notes.lua - what a customer owes stands in his organization's notes, where a tenant wants it there.
--
-- The same figures as in customer_figures.lua.  The notes are then QuickBooks': what an agent had written there before, or
-- writes later, is not overwritten; a person is asked.

local jobs = shared "jobs"
local figures = shared "figures" { role = "customer", organization = "quickbooks_online.Customer->zendesk.customer", list = "invoices", says = "Balance", balance = jobs.balance }

return mapping {
  id = "quickbooks_online.Customer->zendesk.customer_notes", version = "1.0.0", language = 1,
  title = "What customers owe stands in their organizations' notes",
  from = { connector = "quickbooks_online", entity = "Customer" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "notes of {DisplayName}",

  params = { jobs.params, figures.params },
  enabled = one_of(param "figures", { "notes", "both" }),

  accept = { jobs.is_top, figures.active },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = { figures.needs, jobs.needs },
  again_on = jobs.again_on,
  again_at = figures.again_at,
  match = figures.match,

  fields = { figures.names, notes = figures.notes },
  owns = { "notes" },
  on_conflict = "review",
  on_update = figures.notes_update,
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-11-20", params = { figures = "notes" }, facts = { source = { identity = "4620", currency = "USD" } } },
    { name = "ZEN-17 ZEN-25 ZEN-35 the figures stand in the notes, where the tenant wants them there",
      given = { Id = "16", DisplayName = "Cool Cars", FullyQualifiedName = "Cool Cars", Active = true, Balance = "262.07", BalanceWithJobs = "262.07", CurrencyRef = { value = "USD" } },
      refs = { organization = "900" }, candidates = { id = { { id = "900", name = "Cool Cars" } } }, current = { id = "900", name = "Cool Cars" },
      rows = { invoices = { { DocNumber = "1001", TxnDate = "2026-10-11", DueDate = "2026-11-10", Balance = "175.00", TotalAmt = "275.00" },
                            { DocNumber = "1002", TxnDate = "2026-11-15", DueDate = "2026-12-15", Balance = "87.07", TotalAmt = "87.07" } } },
      expect = { action = "update 900", notes = "QuickBooks: overdue\nBalance 262.07 USD\nOpen invoices: 2 overdue: 1\n1001: 175.00 of 275.00, due 2026-11-10\n1002: 87.07 of 87.07, due 2026-12-15",
        again_at = "2026-12-16" } },
    { name = "ZEN-17 what an agent has written there is not overwritten", like = 1, current = { id = "900", notes = "pays late" }, expect = { state = "review", cause = "notes_taken:Cool Cars" } },
    { name = "ZEN-17 our own of before are written anew", like = 1, link = { id = "900", made = "adopted", base = { notes = "QuickBooks: paid\nBalance 0.00 USD\nOpen invoices: 0 overdue: 0" } },
      current = { id = "900", notes = "QuickBooks: paid\nBalance 0.00 USD\nOpen invoices: 0 overdue: 0" }, expect = { action = "update 900" } },
    { name = "ZEN-41 a sub-customer is its top customer's affair", like = 1, change = { ParentRef = { id = "19" } }, expect = { state = "skip", cause = "job", looks_at = { "19" } } },
    { name = "ALL-15 in the shadow it is shown with the organization that would be made", like = 1, refs = { organization = "(new)" }, candidates = {}, current = none,
      expect = { action = "create", external_id = "qbo:4620:customer:16" } },
  },
}
