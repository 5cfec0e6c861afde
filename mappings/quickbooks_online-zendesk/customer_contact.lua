-- customer_contact.lua - who gets a customer's bills becomes a user in Zendesk, in the customer's organization.

local contact = shared "contact" { tag = "qbo_billing_contact", organization = "quickbooks_online.Customer->zendesk.customer", who = "billing contacts" }

return mapping {
  id = "quickbooks_online.Customer->zendesk.customer_contact", version = "1.0.0", language = 1,
  title = "Billing contacts become users",
  from = { connector = "quickbooks_online", entity = "Customer" },
  to   = { connector = "zendesk", entity = "user" },
  label = text "billing contact of {DisplayName}",

  params = contact.params,
  enabled = contact.enabled,

  accept = {
    contact.has_email,
    contact.active,
    { absent(src "ParentRef"), else_ = skip("job", "{DisplayName} is a sub-customer; its bills go to its top customer's contact") },
  },
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
    { name = "ZEN-13 ZEN-28 ZEN-31 the billing contact becomes a user of the organization",
      given = { Id = "16", DisplayName = "Cool Cars", GivenName = "Grace", FamilyName = "Pariente", Active = true, PrimaryEmailAddr = { Address = "Billing@CoolCars.example" },
        PrimaryPhone = { FreeFormNumber = "(415) 555-9933" } },
      refs = { organization = "900" },
      expect = { action = "create", name = "Grace Pariente", email = "billing@coolcars.example", phone = "(415) 555-9933", organization_id = "900", tags = { "qbo_billing_contact" } } },
    { name = "ZEN-13 without a person's name the firm's will do", like = 1, change = { GivenName = none, FamilyName = none }, expect = { name = "Cool Cars" } },
    { name = "ZEN-13 whom Zendesk knows is linked, and keeps his name and his organization", like = 1,
      candidates = { email = { { id = "71", role = "end-user" } } }, current = { id = "71", name = "Gracie", email = "billing@coolcars.example", organization_id = { id = "55" }, tags = { "vip" } },
      expect = { action = "update 71", name = none, organization_id = none, phone = "(415) 555-9933", tags = { "vip", "qbo_billing_contact" } } },
    { name = "ZEN-13 one without an organization gets this one", like = 1, candidates = { email = { { id = "71", role = "end-user" } } },
      current = { id = "71", name = "Gracie", email = "billing@coolcars.example", phone = "1", tags = { "qbo_billing_contact" } }, expect = { action = "update 71", organization_id = "900", name = none } },
    { name = "an agent is left alone", like = 1, candidates = { email = { { id = "5", role = "agent" } } }, expect = { state = "skip", cause = "agent" } },
    { name = "ZEN-39 without an e-mail there is nobody", like = 1, change = { PrimaryEmailAddr = none }, expect = { state = "skip", cause = "no_email" } },
    { name = "ZEN-31 another e-mail follows where the user is ours", like = 1, change = { PrimaryEmailAddr = { Address = "new@coolcars.example" } },
      link = { id = "71", made = "created", base = { name = "Grace Pariente", email = "billing@coolcars.example", phone = "(415) 555-9933", organization_id = { id = "900" }, tags = { "qbo_billing_contact" } } },
      current = { id = "71", name = "Grace Pariente", email = "billing@coolcars.example", phone = "(415) 555-9933", organization_id = { id = "900" }, tags = { "qbo_billing_contact" } },
      expect = { action = "update 71", email = "new@coolcars.example", name = none } },
  },
}
