-- vendor.lua - a vendor in QuickBooks Online becomes an organization in Zendesk, with a look-up on tickets that leads to it.
--
-- As customer.lua does for customers; an organization is one or the other (qbo_role), so a firm that buys and sells is two.
-- What we owe it: vendor_figures.lua and vendor_notes.lua.

local email = lower(src "PrimaryEmailAddr.Address")
-- QuickBooks writes " (deleted)" behind the name of who is made inactive; that is no other name.
local display = replace(src "DisplayName", " (deleted)", "")
local name = when(eq(param "name_from", "company"), first { src "CompanyName", display }, display)
local ours = text "qbo:{account}:vendor:{Id}"
local theirs = text "qbo:{account}:customer:"
-- An organization of that name which is a customer's of the same books is no hit, and not in the way.
local customers = row("named", starts(item "external_id", theirs), item "id")
local home = row("people", present(item "organization_id"), item "organization_id.id")
-- An organization that people have made keeps the name they gave it.
local keeps_its_name = any { ne(first { link "made", "created" }, "created"),
  all { absent(link "id"), not_(decided "create"), any { present(home), decided "adopt", present(row("named", absent(item "external_id"), item "id")) } } }
local alone = le(count("namesakes", ne(item "Active", false)), 1)

return mapping {
  id = "quickbooks_online.Vendor->zendesk.vendor", version = "1.0.0", language = 1,
  title = "Vendors become organizations",
  from = { connector = "quickbooks_online", entity = "Vendor" },
  to   = { connector = "zendesk", entity = "organization" },
  label = text "vendor {DisplayName}",

  params = {
    name_from = { type = "one_of", values = { "display_name", "company" }, default = "display_name",
                  help = "what new organizations are called: by the display name, which is unique in QuickBooks, or by the company's name where there is one" },
    ticket_field = { type = "bool", default = true, help = "tickets have a field that says which vendor they are about" },
  },

  accept = {
    { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{DisplayName} is inactive, and never was in Zendesk") },
    { any { present(email), present(link "id"), decided "adopt", decided "create", alone },
      else_ = review("same_company:{CompanyName}", "several vendors of the company {CompanyName} have no e-mail to tell them apart") },
  },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = {
    ticket_field = ensure { "quickbooks_online.Vendor->zendesk.vendor_field", if_ = eq(param "ticket_field", true) },
    people      = query { entity = "user", where = { email = email }, take = { "id", "organization_id" }, if_ = present(email) },
    memberships = query { entity = "organization_membership", where = { user_id = row("people", present(item "id"), item "id") }, if_ = present(email) },
    named       = query { entity = "organization", where = { name = name }, take = { "id", "external_id" } },
    namesakes   = query { side = "source", entity = "Vendor", where = { CompanyName = src "CompanyName" }, take = { "Active" },
                          if_ = all { absent(email), absent(link "id") } },
  },

  match = {
    { by = "link" },
    { by = { external_id = ours } },
    { by = { id = when(gt(count("memberships"), 1),
        review("many_organizations:{PrimaryEmailAddr.Address}", "{PrimaryEmailAddr.Address} belongs to several organizations in Zendesk"), home) },
      agree = absent(found "external_id"), confidence = 90,
      else_ = review("other_role:{PrimaryEmailAddr.Address}", "{PrimaryEmailAddr.Address} is at an organization that is another vendor's, or a customer's") },
    { by = { name = name }, if_ = all { absent(email), absent(customers) }, agree = absent(found "external_id"), confidence = 80,
      else_ = review("name_taken:{DisplayName}", "the organization called like {DisplayName} is another vendor's") },
    -- Zendesk has each name once: a new one of that name would be refused for ever.
    { by = { name = name }, if_ = all { present(email), absent(customers) }, agree = absent(src "Id"),
      else_ = review("name_exists:{DisplayName}", "nobody with the e-mail {PrimaryEmailAddr.Address} is known in Zendesk, but there is an organization called like {DisplayName}") },
    on_none = "create", on_many = review("many_organizations:{DisplayName}", "several organizations in Zendesk could be {DisplayName}"), accept_at = 80,
  },

  fields = {
    -- One company that buys and sells is two organizations, told apart.
    name = trim { when(not_(keeps_its_name), when(present(customers), join(list { name, "(vendor)" }, item(), " "), name)), max = 255, on_overflow = "truncate" },
    external_id = ours,
    tags = list { "qbo_vendor", when(eq(src "Active", false), "qbo_inactive") },
    organization_fields = {
      qbo_role = "vendor",
      qbo_active = ne(src "Active", false),
      qbo_billing_contact = join(list { text "{GivenName} {FamilyName}", src "PrimaryPhone.FreeFormNumber" }, item(), ", "),
      qbo_billing_email = email,
      qbo_billing_address = join(list { src "BillAddr.Line1", src "BillAddr.Line2", src "BillAddr.Line3", src "BillAddr.Line4", src "BillAddr.Line5",
        text "{BillAddr.City} {BillAddr.CountrySubDivisionCode} {BillAddr.PostalCode}", src "BillAddr.Country" }, item(), "\n"),
    },
  },

  owns = { "name", "external_id", "tags.qbo_*", "organization_fields.qbo_*" },
  both_ways = { name = "theirs", external_id = "ours", ["organization_fields.qbo_role"] = "ours" },
  on_conflict = "ours",
  on_delete = { fields = { organization_fields = { qbo_active = false } } },

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
