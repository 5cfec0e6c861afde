-- vendor_contact.lua - whom to ask at a vendor becomes a user in Zendesk, in the vendor's organization.

local contact = shared "contact" { tag = "qbo_vendor_contact", organization = "quickbooks_online.Vendor->zendesk.vendor", who = "contacts" }

return mapping {
  id = "quickbooks_online.Vendor->zendesk.vendor_contact", version = "1.0.0", language = 1,
  title = "Vendors' contacts become users",
  from = { connector = "quickbooks_online", entity = "Vendor" },
  to   = { connector = "zendesk", entity = "user" },
  label = text "contact of {DisplayName}",

  params = contact.params,
  enabled = contact.enabled,

  accept = { contact.has_email, contact.active },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = contact.needs,
  match = contact.match,
  fields = contact.fields,
  owns = contact.owns,
  on_conflict = "theirs",
  on_delete = "nothing",

  tests = {
    defaults = { today = "2026-11-20", facts = { source = { identity = "4620" } } },
    { name = "ZEN-13 ZEN-16 a vendor's contact becomes a user of the organization",
      given = { Id = "22", DisplayName = "Books by Bessie", GivenName = "Bessie", FamilyName = "Williams", Active = true, PrimaryEmailAddr = { Address = "Books@Bessie.example" },
        PrimaryPhone = { FreeFormNumber = "(650) 555-7745" } },
      refs = { organization = "900" },
      expect = { action = "create", name = "Bessie Williams", email = "books@bessie.example", phone = "(650) 555-7745", organization_id = "900", tags = { "qbo_vendor_contact" } } },
    { name = "ZEN-13 without a person's name the firm's will do", like = 1, change = { GivenName = none, FamilyName = none }, expect = { name = "Books by Bessie" } },
    { name = "ZEN-13 whom Zendesk knows is linked, and keeps his name and his organization", like = 1,
      candidates = { email = { { id = "71", role = "end-user" } } }, current = { id = "71", name = "Bess", email = "books@bessie.example", organization_id = { id = "55" }, tags = { "vip" } },
      expect = { action = "update 71", name = none, organization_id = none, phone = "(650) 555-7745", tags = { "vip", "qbo_vendor_contact" } } },
    { name = "ZEN-13 one without an organization gets this one", like = 1, candidates = { email = { { id = "71", role = "end-user" } } },
      current = { id = "71", name = "Bess", email = "books@bessie.example", phone = "1", tags = { "qbo_vendor_contact" } }, expect = { action = "update 71", organization_id = "900", name = none } },
    { name = "an agent is left alone", like = 1, candidates = { email = { { id = "5", role = "agent" } } }, expect = { state = "skip", cause = "agent" } },
    { name = "ZEN-39 without an e-mail there is nobody", like = 1, change = { PrimaryEmailAddr = none }, expect = { state = "skip", cause = "no_email" } },
    { name = "ZEN-31 another e-mail follows where the user is ours", like = 1, change = { PrimaryEmailAddr = { Address = "new@bessie.example" } },
      link = { id = "71", made = "created", base = { name = "Bessie Williams", email = "books@bessie.example", phone = "(650) 555-7745", organization_id = { id = "900" }, tags = { "qbo_vendor_contact" } } },
      current = { id = "71", name = "Bessie Williams", email = "books@bessie.example", phone = "(650) 555-7745", organization_id = { id = "900" }, tags = { "qbo_vendor_contact" } },
      expect = { action = "update 71", email = "new@bessie.example", name = none } },
  },
}
