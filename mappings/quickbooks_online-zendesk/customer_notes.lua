-- customer_notes.lua - what a customer owes stands in his organization's notes, where a tenant wants it there.
--
-- The same figures as in customer_figures.lua.  The notes are then QuickBooks': what an agent had written there before, or
-- writes later, is not overwritten; a person is asked.

local rolled = all { present(src "ParentRef"), eq(param "jobs", "roll_up") }
local function due(row) return first { row "DueDate", row "TxnDate" } end
local late = filter("invoices", lt(due(item), today()))

return mapping {
  id = "quickbooks_online.Customer->zendesk.customer_notes", version = "1.0.0", language = 1,
  title = "What customers owe stands in their organizations' notes",
  from = { connector = "quickbooks_online", entity = "Customer" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "notes of {DisplayName}",

  params = {
    jobs    = { type = "one_of", values = { "roll_up", "own_account" }, default = "roll_up",
                help = "roll_up: sub-customers have no organization, what they owe is the top customer's; own_account: each is an organization" },
    figures = { type = "one_of", values = { "fields", "notes", "both" }, default = "fields",
                help = "where the figures stand: in organization fields, in the organization's notes, or in both" },
  },
  enabled = one_of(param "figures", { "notes", "both" }),

  accept = {
    { not_(rolled), else_ = skip("job", "{DisplayName} is a sub-customer; its figures are its top customer's") },
    { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{DisplayName} is inactive, and never was in Zendesk") },
  },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = {
    organization = ensure { "quickbooks_online.Customer->zendesk.customer", on_none = skip("no_organization", "{DisplayName} has no organization in Zendesk") },
    jobs         = query { side = "source", entity = "Customer", where = { FullyQualifiedName = text "{FullyQualifiedName}:%" }, take = { "Id" },
                           if_ = all { absent(src "ParentRef"), eq(param "jobs", "roll_up") } },
    invoices     = query { side = "source", entity = "Invoice", where = { CustomerRef = join(concat(list { src "Id" }, each("jobs", item "Id")), item(), ","), Balance = "> 0" },
                           take = { "DocNumber", "TxnDate", "DueDate", "Balance", "TotalAmt" } },
  },
  -- What happens to a sub-customer, an invoice of its among it, is its top customer's affair, level by level.
  again_on = { Customer = when(eq(param "jobs", "roll_up"), src "ParentRef.id"), Invoice = src "CustomerRef.id", Payment = src "CustomerRef.id", CreditMemo = src "CustomerRef.id" },
  again_at = each("invoices", add_days(due(item), 1)),

  match = {
    { by = "link" },
    { by = { id = ref "organization" } },
    on_none = "create",
  },

  fields = {
    -- Only where nothing is there yet, which is so in the shadow: customer.lua keeps these.
    name = trim { replace(src "DisplayName", " (deleted)", ""), max = 255, on_overflow = "truncate" }, external_id = text "qbo:{account}:customer:{Id}",
    notes = trim { join(list {
      join(list { "QuickBooks:", when(gt(count(late), 0), "overdue", when(gt(count("invoices"), 0), "open", "paid")) }, item(), " "),
      join(list { "Balance", money(first { when(eq(param "jobs", "roll_up"), src "BalanceWithJobs", src "Balance"), src "Balance", "0" }), first { src "CurrencyRef.value", fact "source.currency" } }, item(), " "),
      join(list { "Open invoices:", count("invoices"), "overdue:", count(late) }, item(), " "),
      join("invoices", text "{item.DocNumber}: {item.Balance} of {item.TotalAmt}, due {item.DueDate}", "\n") }, item(), "\n"), max = 60000, on_overflow = "truncate" },
  },
  owns = { "notes" },
  on_conflict = "review",
  on_update = { unless = all { present(current "notes"), not_(starts(current "notes", "QuickBooks:")) },
    else_ = review("notes_taken:{DisplayName}", "somebody has written into the notes of {DisplayName}: empty them, or show the figures in fields") },
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
