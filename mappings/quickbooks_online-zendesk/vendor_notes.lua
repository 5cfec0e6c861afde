-- vendor_notes.lua - what we owe a vendor stands in its organization's notes, where a tenant wants it there.
--
-- The same figures as in vendor_figures.lua.  The notes are then QuickBooks': what an agent had written there before, or writes
-- later, is not overwritten; a person is asked.

local bills = shared "bills"
local figures = shared "figures" { role = "vendor", organization = "quickbooks_online.Vendor->zendesk.vendor", list = "bills", says = "We owe", balance = src "Balance" }

return mapping {
  id = "quickbooks_online.Vendor->zendesk.vendor_notes", version = "1.0.0", language = 1,
  title = "What we owe vendors stands in their organizations' notes",
  from = { connector = "quickbooks_online", entity = "Vendor" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "notes of {DisplayName}",

  params = { figures.params },
  enabled = one_of(param "figures", { "notes", "both" }),

  accept = { figures.active },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = { figures.needs, bills.needs },
  again_on = bills.again_on,
  again_at = figures.again_at,
  match = figures.match,

  fields = { figures.names, notes = figures.notes },
  owns = { "notes" },
  on_conflict = "review",
  on_update = figures.notes_update,
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-11-20", params = { figures = "notes" }, facts = { source = { identity = "4620", currency = "USD" } } },
    { name = "ZEN-17 ZEN-35 a vendor's bills stand in the notes, where the tenant wants them there",
      given = { Id = "22", DisplayName = "Books by Bessie", Active = true, Balance = "75.50", CurrencyRef = { value = "USD" } },
      refs = { organization = "900" }, candidates = { id = { { id = "900" } } }, current = { id = "900" },
      rows = { bills = { { DocNumber = "B-17", TxnDate = "2026-11-08", DueDate = "2026-11-18", Balance = "75.50", TotalAmt = "75.50" } } },
      expect = { action = "update 900", notes = "QuickBooks: overdue\nWe owe 75.50 USD\nOpen bills: 1 overdue: 1\nB-17: 75.50 of 75.50, due 2026-11-18" } },
    { name = "ZEN-17 what an agent has written there is not overwritten", like = 1, current = { id = "900", notes = "call Bessie first" }, expect = { state = "review", cause = "notes_taken:Books by Bessie" } },
    { name = "ALL-15 in the shadow it is shown with the organization that would be made", like = 1, refs = { organization = "(new)" }, candidates = {}, current = none,
      expect = { action = "create", external_id = "qbo:4620:vendor:22" } },
  },
}
