-- vendor_contact.lua - whom to ask at a vendor becomes a user in Zendesk, in the vendor's organization.
--
-- A person is his e-mail.  Somebody whom Zendesk knows already keeps his name and his own organization; only what is empty is
-- filled.  Agents and administrators are left alone: what they are called is the help desk's affair.

local email = lower(src "PrimaryEmailAddr.Address")

return mapping {
  id = "quickbooks_online.Vendor->zendesk.vendor_contact", version = "1.0.0", language = 1,
  title = "Vendors' contacts become users",
  from = { connector = "quickbooks_online", entity = "Vendor" },
  to   = { connector = "zendesk", entity = "user" },
  label = text "contact of {DisplayName}",

  params = {
    contacts = { type = "bool", default = true, help = "contacts become users, in their organizations" },
  },
  enabled = eq(param "contacts", true),

  accept = {
    { present(email), else_ = skip("no_email", "{DisplayName} has no e-mail, and nobody to write to") },
    { any { ne(src "Active", false), present(link "id") }, else_ = skip("inactive", "{DisplayName} is inactive, and never was in Zendesk") },
  },
  identity = src "Id",
  order_by = src "MetaData.LastUpdatedTime",

  needs = { organization = ensure { "quickbooks_online.Vendor->zendesk.vendor", on_none = skip("no_organization", "{DisplayName} has no organization in Zendesk") } },

  match = {
    { by = "link" },
    { by = { email = email }, agree = any { absent(found "role"), eq(found "role", "end-user") },
      else_ = skip("agent", "{PrimaryEmailAddr.Address} works for the help desk, and is left as he is") },
    on_none = "create", on_many = "review",
  },

  fields = {
    name = trim { first { text "{GivenName} {FamilyName}", replace(src "DisplayName", " (deleted)", "") }, max = 255, on_overflow = "truncate" },
    email = email,
    phone = src "PrimaryPhone.FreeFormNumber",
    organization_id = ref "organization",
    tags = list { "qbo_vendor_contact" },
  },
  owns = { "name", "email", "phone", "organization_id", "tags.qbo_*", adopted = "only_empty" },
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
