return mapping {
  id = "quickbooks_online.customer->zendesk.organization", version = "1.0.0", language = 1,
  from = { connector = "quickbooks_online", entity = "customer" },
  to   = { connector = "zendesk",           entity = "organization" },

  params = {
    inactive_tag = { type = "string", default = "qbo_inactive" },
    overdue_days = { type = "int",    default = 1 },
  },
  tables = { status = { overdue = "Overdue", open = "Open balance", clear = "Paid up" } },

  identity = { account(), src "Id" },
  order_by = src "MetaData.LastUpdatedTime",

  match = {
    { by = "link" },
    { by = { external_id = text "qbo:{account}:{Id}" } },
    { by = { ["users.email"] = lower(src "PrimaryEmailAddr.Address") },
      if_ = present(src "PrimaryEmailAddr.Address"), confidence = 90 },
    { by = { name = clean_name(first { src "CompanyName", src "DisplayName" }) },
      if_ = absent(src "PrimaryEmailAddr.Address"), confidence = 60, note = "name only" },
    on_none = "create", on_many = "review", accept_at = 60,
  },

  needs = {
    invoices = query { side = "source", entity = "invoice", where = { CustomerRef = src "Id" },
                       take = { "Balance", "DueDate" } },
  },

  fields = {
    name        = first { src "CompanyName", src "DisplayName" },
    external_id = text "qbo:{account}:{Id}",
    details     = text "{BillAddr.Line1} {BillAddr.City} {BillAddr.CountrySubDivisionCode} {BillAddr.PostalCode}",
    tags        = when(eq(src "Active", false), list { param "inactive_tag" }, list {}),
    organization_fields = {
      billing_contact = lower(src "PrimaryEmailAddr.Address"),
      qbo_balance     = money(first { src "Balance", "0" }),
      open_invoices   = count("invoices", gt(item "Balance", 0)),
      payment_status  = pick("status", compute {
        inputs = { all = rows "invoices", days = param "overdue_days", today = today() },
        result = "string", one_of = { "overdue", "open", "clear" },
        fn = function(v)
          local open = false
          for _, inv in ipairs(v.all) do
            if tonumber(inv.Balance) > 0 then
              open = true
              if days_between(inv.DueDate, v.today) >= v.days then return "overdue" end
            end
          end
          return open and "open" or "clear"
        end }),
    },
  },
  owns = { "name", "external_id", "details", "organization_fields.*", "tags.qbo_*" },
  on_delete = "nothing",

  tests = {
    { name = "email decides, overdue shows", today = "2026-05-10",
      given = { Id = "12", DisplayName = "Lovelace", CompanyName = "Lovelace Ltd", Active = true, Balance = "40.00",
        PrimaryEmailAddr = { Address = "Pay@Lovelace.example" },
        BillAddr = { Line1 = "1 Row", City = "Reno", CountrySubDivisionCode = "NV", PostalCode = "89501" },
        MetaData = { LastUpdatedTime = "2026-05-09T00:00:00Z" } },
      rows = { invoices = { { Balance = "40.00", DueDate = "2026-05-01" }, { Balance = "0", DueDate = "2026-01-01" } } },
      candidates = { ["users.email"] = { "org-5" } },
      expect = { action = "update org-5", name = "Lovelace Ltd",
        organization_fields = { payment_status = "Overdue", open_invoices = 1, qbo_balance = "40.00",
                                billing_contact = "pay@lovelace.example" } } },
    { name = "no email: falls back to the company name", like = 1, change = { PrimaryEmailAddr = none },
      candidates = { name = { "org-9" } }, expect = { action = "update org-9" } },
    { name = "two companies of one name: a person decides", like = 1, change = { PrimaryEmailAddr = none },
      candidates = { name = { "org-1", "org-2" } }, expect = { state = "review" } },
    { name = "nothing matches: create", like = 1, candidates = {}, expect = { action = "create" } },
    { name = "deactivated in QBO", like = 1, change = { Active = false },
      current = { tags = { "vip", "qbo_old" } }, expect = { tags = { "vip", "qbo_inactive" } } },
  },
}
