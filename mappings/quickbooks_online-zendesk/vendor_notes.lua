-- vendor_notes.lua - what we owe a vendor stands in its organization's notes, where a tenant wants it there.
--
-- The same figures as in vendor_figures.lua.  The notes are then QuickBooks': what an agent had written there before, or writes
-- later, is not overwritten; a person is asked.

local function due(row) return first { row "DueDate", row "TxnDate" } end
local late = filter("bills", lt(due(item), today()))

return mapping {
  id = "quickbooks_online.Vendor->zendesk.vendor_notes", version = "1.0.0", language = 1,
  title = "What we owe vendors stands in their organizations' notes",
  from = { connector = "quickbooks_online", entity = "Vendor" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "notes of {DisplayName}",

  params = {
    figures = { type = "one_of", values = { "fields", "notes", "both" }, default = "fields",
      help = "where the figures stand: in organization fields, in the organization's notes, or in both" },
  },
  enabled = one_of(param "figures", { "notes", "both" }),

  accept = { { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{DisplayName} is inactive, and never was in Zendesk") } },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = {
    organization = ensure { "quickbooks_online.Vendor->zendesk.vendor", on_none = skip("no_organization", "{DisplayName} has no organization in Zendesk") },
    bills        = query { side = "source", entity = "Bill", where = { VendorRef = src "Id", Balance = "> 0" }, take = { "DocNumber", "TxnDate", "DueDate", "Balance", "TotalAmt" } },
  },
  again_on = { Bill = src "VendorRef.id" },
  again_at = each("bills", add_days(due(item), 1)),

  match = { { by = "link" }, { by = { id = ref "organization" } }, on_none = "create" },

  fields = {
    -- Only where nothing is there yet, which is so in the shadow: vendor.lua keeps these.
    name = trim { replace(src "DisplayName", " (deleted)", ""), max = 255, on_overflow = "truncate" }, external_id = text "qbo:{account}:vendor:{Id}",
    notes = trim { join(list {
      join(list { "QuickBooks:", when(gt(count(late), 0), "overdue", when(gt(count("bills"), 0), "open", "paid")) }, item(), " "),
      join(list { "We owe", money(first { src "Balance", "0" }), first { src "CurrencyRef.value", fact "source.currency" } }, item(), " "),
      join(list { "Open bills:", count("bills"), "overdue:", count(late) }, item(), " "),
      join("bills", text "{item.DocNumber}: {item.Balance} of {item.TotalAmt}, due {item.DueDate}", "\n") }, item(), "\n"), max = 60000, on_overflow = "truncate" },
  },
  owns = { "notes" },
  on_conflict = "review",
  on_update = { unless = all { present(current "notes"), not_(starts(current "notes", "QuickBooks:")) },
    else_ = review("notes_taken:{DisplayName}", "somebody has written into the notes of {DisplayName}: empty them, or show the figures in fields") },
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
