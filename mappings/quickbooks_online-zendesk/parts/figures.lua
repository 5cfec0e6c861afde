-- figures.lua - what is owed, shown beside the tickets: the same for customers and vendors, in fields and in notes.
--
-- shared "figures" { role = "customer", organization = "quickbooks_online.Customer->zendesk.customer", list = "invoices",
--   says = "Balance", balance = src "Balance" }: the list is a query of needs.

local function due(row) return first { row "DueDate", row "TxnDate" } end

return function(of)
  local late = filter(of.list, lt(due(item), today()))
  local status = when(gt(count(late), 0), "overdue", when(gt(count(of.list), 0), "open", "paid"))
  local balance = money(first { of.balance, "0" })
  local currency = first { src "CurrencyRef.value", fact "source.currency" }
  -- A bill need not have a number, nor a day when it is due.
  local listed = join(of.list, join(list { when(present(item "DocNumber"), text "{item.DocNumber}:"), text "{item.Balance} of {item.TotalAmt}, due", due(item) }, item(), " "), "\n")
  local function fit(x) return trim { x, max = 60000, on_overflow = "truncate" } end

  return {
    params = {
      figures = { type = "one_of", values = { "fields", "notes", "both" }, default = "fields",
                  help = "where the figures stand: in organization fields, in the organization's notes, or in both" },
    },
    -- Of accept.
    active = { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{DisplayName} is inactive, and never was in Zendesk") },
    needs = { organization = ensure { of.organization, on_none = skip("no_organization", "{DisplayName} has no organization in Zendesk") } },
    again_at = each(of.list, add_days(due(item), 1)),
    match = { { by = "link" }, { by = { id = ref "organization" } }, on_none = "create" },

    -- Only where nothing is there yet, which is so in the shadow: customer.lua and vendor.lua keep these.
    names = { name = trim { replace(src "DisplayName", " (deleted)", ""), max = 255, on_overflow = "truncate" }, external_id = text("qbo:{account}:" .. of.role .. ":{Id}") },
    organization_fields = {
      qbo_status = status,
      ["qbo_open_" .. of.list] = count(of.list), qbo_open_amount = money(sum(of.list, "Balance")),
      ["qbo_overdue_" .. of.list] = count(late), qbo_overdue_amount = money(sum(late, "Balance")),
      qbo_balance = balance, qbo_currency = currency,
      ["qbo_" .. of.list] = fit(listed),
    },
    notes = fit(join(list {
      join(list { "QuickBooks:", status }, item(), " "),
      join(list { of.says, balance, currency }, item(), " "),
      join(list { "Open " .. of.list .. ":", count(of.list), "overdue:", count(late) }, item(), " "),
      listed }, item(), "\n")),
    -- What an agent has written there is not overwritten.
    notes_update = { unless = all { present(current "notes"), not_(starts(current "notes", "QuickBooks:")) },
      else_ = review("notes_taken:{DisplayName}", "somebody has written into the notes of {DisplayName}: empty them, or show the figures in fields") },
  }
end
