-- vendor_figures.lua - what we owe a vendor stands in its organization's fields.
--
-- Counted are the bills that are open.  Looked at again whenever a bill of the vendor's changes, and at midnight after the next
-- one falls due.

local bills = shared "bills"
local figures = shared "figures" { role = "vendor", organization = "quickbooks_online.Vendor->zendesk.vendor", list = "bills", says = "We owe", balance = src "Balance" }

return mapping {
  id = "quickbooks_online.Vendor->zendesk.vendor_figures", version = "1.0.0", language = 1,
  title = "What we owe vendors stands on their organizations",
  from = { connector = "quickbooks_online", entity = "Vendor" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "figures of {DisplayName}",

  params = { figures.params },
  enabled = one_of(param "figures", { "fields", "both" }),

  accept = { figures.active },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = { figures.needs, bills.needs },
  again_on = bills.again_on,
  again_at = figures.again_at,
  match = figures.match,

  fields = { figures.names, organization_fields = figures.organization_fields },
  owns = { "organization_fields.qbo_*" },
  on_conflict = "ours",     -- these are the books' figures, whoever types into them
  on_delete = "nothing",    -- vendor.lua marks it

  tests = {
    defaults = { today = "2026-11-20", facts = { source = { identity = "4620", currency = "USD" } } },
    { name = "ZEN-16 ZEN-17 a vendor's open and overdue bills",
      given = { Id = "22", DisplayName = "Books by Bessie", Active = true, Balance = "75.50", CurrencyRef = { value = "USD" } },
      refs = { organization = "900" }, candidates = { id = { { id = "900" } } }, current = { id = "900", organization_fields = {} },
      rows = { bills = { { DocNumber = "B-17", TxnDate = "2026-11-08", DueDate = "2026-11-18", Balance = "75.50", TotalAmt = "75.50" } } },
      expect = { action = "update 900", organization_fields = { qbo_status = "overdue", qbo_open_bills = 1, qbo_open_amount = "75.50", qbo_overdue_bills = 1, qbo_overdue_amount = "75.50",
        qbo_balance = "75.50", qbo_currency = "USD", qbo_bills = "B-17: 75.50 of 75.50, due 2026-11-18" } } },
    { name = "ZEN-17 a bill without number and day stands with its own day", like = 1, rows = { bills = { { TxnDate = "2026-11-08", Balance = "75.50", TotalAmt = "80.00" } } },
      expect = { organization_fields = { qbo_status = "overdue", qbo_bills = "75.50 of 80.00, due 2026-11-08" } } },
    { name = "ZEN-17 a bill that falls due later turns overdue by itself", like = 1, today = "2026-11-10", expect = { organization_fields = { qbo_status = "open", qbo_overdue_bills = 0 }, again_at = "2026-11-19" } },
    { name = "ZEN-17 a bill has its vendor looked at", like = 1, entity = "Bill", given = { VendorRef = { id = "22" } }, expect = { looks_at = { "22" } } },
    { name = "ZEN-16 nothing owed is paid", like = 1, rows = {}, change = { Balance = "0" }, expect = { organization_fields = { qbo_status = "paid", qbo_open_bills = 0, qbo_balance = "0.00" } } },
    { name = "ALL-15 in the shadow it is shown with the organization that would be made", like = 1, refs = { organization = "(new)" }, candidates = {}, current = none,
      expect = { action = "create", external_id = "qbo:4620:vendor:22" } },
    { name = "ZEN-09 one who is inactive and unknown is left out", like = 1, change = { Active = false }, expect = { state = "skip", cause = "inactive" } },
    { name = "ZEN-09 one who is known keeps his figures", like = 1, change = { Active = false }, link = { id = "900", base = {} }, expect = { action = "update 900" } },
    { name = "ZEN-41 without a currency of his own it is the company's", like = 1, change = { CurrencyRef = none }, expect = { organization_fields = { qbo_currency = "USD" } } },
    { name = "ZEN-41 in his own currency", like = 1, change = { CurrencyRef = { value = "EUR" } }, expect = { organization_fields = { qbo_currency = "EUR" } } },
  },
}
