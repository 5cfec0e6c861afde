-- account.lua - an account in Zuora becomes an organization in Zendesk, with what it owes.
local open = filter("invoices", all { eq(item "status", "Posted"), gt(item "balance", 0) })
local late = filter("invoices", all { eq(item "status", "Posted"), gt(item "balance", 0), lt(item "dueDate", today()) })

return mapping {
  id = "zuora.account->zendesk.organization", version = "1.0.0", language = 1,
  title = "Accounts become organizations",
  from = { connector = "zuora", entity = "account" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "account {accountNumber}",

  accept = { { eq(src "status", "Active"), else_ = skip("not_active", "account {accountNumber} is {status}") } },
  identity = src "id",
  order_by = src "updatedDate",
  needs = { invoices = query { side = "source", entity = "invoice", where = { accountId = src "id" }, take = { "status", "balance", "dueDate" } } },
  again_on = { invoice = src "accountId", payment = src "accountId" },
  again_at = each(open, add_days(item "dueDate", 1)),
  match = { { by = "link" }, { by = { external_id = text "zuora:{id}" } }, on_none = "create" },

  fields = {
    name = src "name",
    external_id = text "zuora:{id}",
    organization_fields = {
      zuora_balance = money(sum(open, "balance")), zuora_currency = src "currency",
      zuora_open_invoices = count(open), zuora_overdue_invoices = count(late),
    },
  },
  owns = { "name", "external_id", "organization_fields.zuora_*" },

  tests = {
    defaults = { today = "2026-11-21" },
    { name = "two open invoices, one of them late",
      given = { id = "a1", accountNumber = "A1", name = "Acme", status = "Active", currency = "USD" },
      rows = { invoices = { { status = "Posted", balance = "10.50", dueDate = "2026-11-20" }, { status = "Posted", balance = "2.00", dueDate = "2026-12-20" },
                            { status = "Draft", balance = "99.00", dueDate = "2026-01-01" }, { status = "Posted", balance = "0.00", dueDate = "2026-01-01" } } },
      expect = { action = "create", external_id = "zuora:a1", organization_fields = { zuora_balance = "12.50", zuora_open_invoices = 2, zuora_overdue_invoices = 1 } } },
    { name = "a canceled account is let go", like = 1, change = { status = "Canceled" }, expect = { state = "skip", cause = "not_active" } },
  },
}
