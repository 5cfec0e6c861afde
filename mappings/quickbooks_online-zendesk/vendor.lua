-- vendor.lua - a vendor in QuickBooks Online becomes an organization in Zendesk, with a look-up on tickets that leads to it.
--
-- As customer.lua does for customers; an organization is one or the other (qbo_role), so a firm that buys and sells is two.
-- What we owe it: vendor_figures.lua and vendor_notes.lua.

local organization = shared "organization" { role = "vendor", other = "customer", entity = "Vendor", take = { "Active" }, is_another = ne(item "Active", false) }

return mapping {
  id = "quickbooks_online.Vendor->zendesk.vendor", version = "1.0.0", language = 1,
  title = "Vendors become organizations",
  from = { connector = "quickbooks_online", entity = "Vendor" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "vendor {DisplayName}",

  params = {
    organization.params,
    ticket_field = { type = "bool", default = true, help = "tickets have a field that says which vendor they are about" },
  },

  accept = { organization.active, organization.told_apart },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = {
    organization.needs,
    ticket_field = ensure { "quickbooks_online.Vendor->zendesk.vendor_field", if_ = eq(param "ticket_field", true) },
  },
  match = organization.match,
  fields = organization.fields,
  owns = organization.owns,
  both_ways = organization.both_ways,
  on_conflict = "ours",
  on_delete = organization.on_delete,

  tests = {
    defaults = { today = "2026-11-20", facts = { source = { identity = "4620", currency = "USD" } } },
    { name = "ZEN-02 ZEN-16 ZEN-34 a new vendor becomes an organization that says that it is one",
      given = { Id = "22", DisplayName = "Books by Bessie", CompanyName = "Bessie Inc", GivenName = "Bessie", FamilyName = "Williams", Active = true, AcctNum = "1345",
        PrimaryEmailAddr = { Address = "Books@Bessie.example" }, PrimaryPhone = { FreeFormNumber = "(650) 555-7745" }, BillAddr = { Line1 = "15 Main St.", City = "Palo Alto" } },
      refs = { ticket_field = "31" },
      expect = { action = "create", name = "Books by Bessie", external_id = "qbo:4620:vendor:22", tags = { "qbo_vendor" }, organization_fields = { qbo_role = "vendor", qbo_active = true,
        qbo_billing_contact = "Bessie Williams, (650) 555-7745", qbo_billing_email = "books@bessie.example", qbo_billing_address = "15 Main St.\nPalo Alto" } } },
    { name = "ZEN-02 a customer of the same name is told apart", like = 1, rows = { named = { { id = 900, external_id = "qbo:4620:customer:16" } } },
      expect = { action = "create", name = "Books by Bessie (vendor)" } },
    { name = "ZEN-02 a firm that buys and sells, with one e-mail: the customer's organization is not taken", like = 1,
      rows = { people = { { id = 71, organization_id = { id = "900" } } }, memberships = { { organization_id = { id = "900" } } } },
      candidates = { id = { { id = "900", external_id = "qbo:4620:customer:16" } } }, expect = { state = "review", cause = "other_role:Books@Bessie.example" } },
    { name = "ZEN-23 the e-mail leads to the organization", like = 1,
      rows = { people = { { id = 71, organization_id = { id = "900" } } }, memberships = { { organization_id = { id = "900" } } } },
      candidates = { id = { { id = "900", name = "Bessie" } } }, current = { id = "900", name = "Bessie" }, expect = { action = "update 900", name = none, external_id = "qbo:4620:vendor:22" } },
    { name = "ZEN-24 without an e-mail the name does", like = 1, change = { PrimaryEmailAddr = none }, rows = { named = { { id = 900 } }, namesakes = { {} } },
      candidates = { name = { { id = "900", name = "Books by Bessie" } } }, current = { id = "900", name = "Books by Bessie" }, expect = { action = "update 900" } },
    { name = "ZEN-40 several vendors of one company without an e-mail wait for a person", like = 1, change = { PrimaryEmailAddr = none }, rows = { namesakes = { { Active = true }, { Active = true } } },
      expect = { state = "review", cause = "same_company:Bessie Inc" } },
    { name = "ZEN-42 the name is there and nobody has the e-mail: a person is asked", like = 1, rows = { named = { { id = 900 } } }, candidates = { name = { { id = "900", name = "Books by Bessie" } } },
      expect = { state = "review", cause = "name_exists:Books by Bessie" } },
    { name = "ZEN-09 ZEN-32 a vendor who is made inactive is marked, and keeps his name", like = 1, change = { Active = false, DisplayName = "Books by Bessie (deleted)" },
      link = { id = "900", made = "created", base = { name = "Books by Bessie" } }, current = { id = "900", name = "Books by Bessie" },
      expect = { action = "update 900", name = none, tags = { "qbo_vendor", "qbo_inactive" }, organization_fields = { qbo_active = false } } },
  },
}
